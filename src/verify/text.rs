//! The proof as a table for people, as JSON and as Markdown.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::row::{Kind, Quantiles, Reference, Row, Simulated, Verdict, Verification};
use crate::stats::twelve_digits;

const HEADS: [&str; 6] = ["", "reference", "simulated", "distance", "p", "verdict"];
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The proof as a table for a terminal, a section for each check, with ANSI styles: print it through `anstream`.
/// Samples are shown as 10 % · median · 90 %.
pub fn table(proof: &Verification) -> String {
    let lines: Vec<[String; 6]> = proof.rows.iter().map(cells).collect();
    let mut widths = HEADS.map(str::len);
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let _ = writeln!(text, "{DIM}{}{DIM:#}", aligned(&HEADS.map(String::from), &widths));
    let mut check = "";
    for (row, line) in proof.rows.iter().zip(&lines) {
        if row.check != check {
            check = &row.check;
            let _ = writeln!(text, "{BOLD}{check}{BOLD:#} {DIM}({}){DIM:#}", row.kind.name());
        }
        let style = match row.verdict {
            Verdict::Outside => AnsiColor::Red.on_default().bold(),
            Verdict::Fitted => DIM,
            Verdict::Inside => Style::new(),
        };
        let _ = writeln!(text, "{style}{}{style:#}", aligned(line, &widths));
        if row.verdict == Verdict::Outside && !row.note.is_empty() {
            let _ = writeln!(text, "    {DIM}{}{DIM:#}", row.note);
        }
    }
    let (word, colour) = if proof.holds() { ("PASS", AnsiColor::Green) } else { ("FAIL", AnsiColor::Red) };
    let style = colour.on_default().bold();
    let _ = writeln!(text, "\n{style}{word}{style:#}  {BOLD}{}{BOLD:#}", summary(proof));
    text
}

/// Cells side by side; numbers to the right.
fn aligned(cells: &[String; 6], widths: &[usize; 6]) -> String {
    let mut line = String::new();
    for (i, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        let room = " ".repeat(width.saturating_sub(cell.chars().count()));
        let _ = if matches!(i, 3 | 4) { write!(line, "  {room}{cell}") } else { write!(line, "  {cell}{room}") };
    }
    line.trim_end().to_owned()
}

/// What the table comes to, in a line.
pub fn summary(proof: &Verification) -> String {
    let count = |kind| proof.rows.iter().filter(|row| row.kind == kind).count();
    let kinds: Vec<String> = Kind::ALL
        .into_iter()
        .filter(|&kind| count(kind) > 0)
        .map(|kind| format!("{} {}", count(kind), kind.name()))
        .collect();
    let mut text = format!(
        "{} rows ({}): {} inside, {} fitted, {} outside",
        proof.rows.len(),
        kinds.join(", "),
        proof.count(Verdict::Inside),
        proof.count(Verdict::Fitted),
        proof.count(Verdict::Outside),
    );
    let (small, tested) = proof.small_ps();
    if tested > 0 {
        let _ = write!(text, "; {small} of {tested} predicted rows have p < 0.01");
    }
    text
}

/// The proof as JSON; floats with 12 digits.
pub fn json(proof: &Verification) -> String {
    let mut value = serde_json::to_value(proof).expect("plain data");
    round(&mut value);
    if let Some(object) = value.as_object_mut() {
        object.shift_insert(0, "apiVersion".into(), "hasim/v1".into());
        object.shift_insert(1, "kind".into(), "Verification".into());
        object.insert("holds".into(), proof.holds().into());
    }
    let mut text = serde_json::to_string_pretty(&value).expect("plain data");
    text.push('\n');
    text
}

fn round(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(number) if number.is_f64() => {
            *value = twelve_digits(number.as_f64().unwrap_or(f64::NAN)).into();
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(round),
        serde_json::Value::Object(object) => object.values_mut().for_each(round),
        _ => {}
    }
}

/// The table as Markdown, with the notes.
pub fn markdown(proof: &Verification) -> String {
    let mut text = String::new();
    let mut check = "";
    for row in &proof.rows {
        if row.check != check {
            check = &row.check;
            let _ = writeln!(text, "\n### {check} ({})\n", row.kind.name());
            let _ =
                writeln!(text, "| what | {} | basis |\n|{}", HEADS[1..].join(" | "), "---|".repeat(HEADS.len() + 1));
        }
        let cells = cells(row).map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(text, "| {} | {} |", cells.join(" | "), row.note.replace('|', "\\|"));
    }
    let _ = writeln!(text, "\n{}", summary(proof));
    text
}

fn cells(row: &Row) -> [String; 6] {
    [
        row.what.clone(),
        reference(&row.reference),
        simulated(&row.simulated),
        row.distance.map(|distance| format!("{distance:.3}")).unwrap_or_default(),
        p(row),
        row.verdict.name().to_owned(),
    ]
}

fn p(row: &Row) -> String {
    row.p.map(|p| if p < 0.000_5 { format!("{p:.0e}") } else { format!("{p:.3}") }).unwrap_or_default()
}

fn reference(reference: &Reference) -> String {
    match reference {
        Reference::Value(value) => number(*value),
        Reference::Law(words) | Reference::Words(words) => words.clone(),
        Reference::Sample(quantiles) => sample(quantiles),
    }
}

fn simulated(simulated: &Simulated) -> String {
    match simulated {
        Simulated::Interval { mean, low, high } => format!("{} [{}, {}]", number(*mean), number(*low), number(*high)),
        Simulated::Sample(quantiles) => sample(quantiles),
        Simulated::Words(words) => words.clone(),
    }
}

/// 10 %, median, 90 % and the size.
fn sample(quantiles: &Quantiles) -> String {
    let Quantiles { n, p10, median, p90 } = quantiles;
    format!("{} · {} · {} (n {n})", number(*p10), number(*median), number(*p90))
}

/// Four significant digits, but never more than three decimals; small numbers with their power of ten.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.001 => format!("{value:.3e}"),
        size if size < 10.0 => format!("{value:.3}"),
        size if size < 100.0 => format!("{value:.2}"),
        _ => format!("{value:.1}"),
    }
}
