//! What all charts share: title, legend, rows of labels, grids and the line at the foot.

use super::axis::Axis;
use super::font;
use super::palette::{BAND, Colour, GREY, GRID, INK};
use super::picture::{Anchor, Picture, Style};
use crate::report::answer;
use crate::report::format;
use crate::report::labels::Labels;
use crate::results::ExperimentResult;

/// Empty border.
pub const MARGIN: f64 = 28.0;

/// The question.
pub const TITLE: Style = Style { size: 20.0, bold: true, colour: INK };
/// How to read it.
pub const LEAD: Style = Style { size: 12.5, bold: false, colour: GREY };
/// Labels.
pub const BODY: Style = Style { size: 12.0, bold: false, colour: INK };
/// Ticks, notes.
pub const SMALL: Style = Style { size: 11.0, bold: false, colour: GREY };

/// Title and lead; the picture's title is the same text. Returns where the chart may begin.
pub fn head(picture: &mut Picture, title: &str, lead: &str) -> f64 {
    title.clone_into(&mut picture.title);
    if picture.sheet.is_part() {
        return 8.0;
    }
    let mut y = MARGIN;
    for line in font::wrap_evenly(title, TITLE.size, true, picture.right() - MARGIN) {
        y += 18.0;
        picture.text(MARGIN, y, Anchor::Left, TITLE, line);
        y += 6.0;
    }
    y += 2.0;
    for line in font::wrap(lead, LEAD.size, false, picture.right() - MARGIN) {
        y += 17.0;
        picture.text(MARGIN, y, Anchor::Left, LEAD, line);
    }
    y + 18.0
}

/// Where the numbers come from, at the foot; ends the picture.
pub fn foot(picture: &mut Picture, result: &ExperimentResult, y: f64) {
    if picture.sheet.is_part() {
        picture.reach(y);
        return;
    }
    let y = y + 22.0;
    let text = font::fit(&source(result), SMALL.size, false, picture.right() - MARGIN);
    picture.text(MARGIN, y, Anchor::Left, SMALL, text);
    picture.reach(y + 20.0);
}

/// Where the numbers come from, and what they leave out, in one line.
pub fn source(result: &ExperimentResult) -> String {
    let mut replications: Vec<u64> = result.scenarios.iter().map(|s| s.replications).collect();
    replications.sort_unstable();
    let played = match (replications.first(), replications.last()) {
        (Some(a), Some(b)) if a == b => format!("{} replications", format::whole(*a)),
        (Some(a), Some(b)) => format!("{}–{} replications", format::whole(*a), format::whole(*b)),
        _ => "no scenario".to_owned(),
    };
    format!(
        "{} · {played} of {} · {} intervals · seed {} · hasim {} · {}",
        result.experiment,
        format::tick(result.horizon_s),
        format::plain_percent(result.confidence),
        result.seed,
        result.version,
        format_args!("without {}", answer::absent(result)),
    )
}

/// What the picture leaves out, under its foot.
pub fn note(picture: &mut Picture, words: &str) {
    if picture.sheet.is_part() {
        return;
    }
    let lines = font::wrap(words, SMALL.size, false, picture.right() - MARGIN);
    let mut y = picture.height - 4.0;
    for line in lines {
        picture.text(MARGIN, y, Anchor::Left, SMALL, line);
        y += 15.0;
    }
    picture.reach(y + 5.0);
}

/// How strong the row of the recommended scenario is coloured.
pub const CHOSEN: f64 = 0.16;

/// Colours and the names of their series on as few lines as they need. Returns where the chart may go on.
pub fn legend_line(picture: &mut Picture, y: f64, entries: &[(Colour, String)]) -> f64 {
    let (mut x, mut y) = (MARGIN, y + 12.0);
    for (colour, series) in entries {
        let name = font::fit(series, BODY.size, false, picture.right() - MARGIN - 18.0);
        let width = 18.0 + font::width(&name, BODY.size, false);
        if x > MARGIN && x + width > picture.right() {
            (x, y) = (MARGIN, y + 20.0);
        }
        picture.key(series, |picture| {
            picture.rectangle(x, y - 10.0, 12.0, 12.0, *colour);
            picture.text(x + 18.0, y, Anchor::Left, BODY, name);
        });
        x += width + 22.0;
    }
    y + 16.0
}

/// Ticks and lines of a horizontal axis over the area between `top` and `bottom`, labels below it.
pub fn vertical_grid(picture: &mut Picture, axis: &Axis, top: f64, bottom: f64) {
    for (value, label) in &axis.ticks {
        let x = axis.at(*value);
        picture.line(vec![(x, top), (x, bottom)], 1.0, GRID);
        let half = font::width(label, SMALL.size, false) / 2.0;
        let middle = x.clamp(MARGIN + half, picture.right() - half);
        picture.text(middle, bottom + 16.0, Anchor::Middle, SMALL, label.clone());
    }
}

/// Ticks and lines of a vertical axis over the area between `left` and `right`, labels on its left.
pub fn horizontal_grid(picture: &mut Picture, axis: &Axis, left: f64, right: f64) {
    for (value, label) in &axis.ticks {
        let y = axis.at(*value);
        picture.line(vec![(left, y), (right, y)], 1.0, GRID);
        picture.text(left - 8.0, y + 4.0, Anchor::Right, SMALL, label.clone());
    }
}

/// The labels of scenarios as the left columns of a chart with one row each.
pub struct Rows {
    columns: Vec<RowColumn>,
    /// Where the columns end.
    pub right: f64,
    /// Height of the head of the columns.
    pub head: f64,
}

struct RowColumn {
    x: f64,
    head: Vec<String>,
    cells: Vec<String>,
}

impl Rows {
    /// Lays the columns out from the left margin, so wide as their texts and no wider than their share of `room`.
    pub fn of(labels: &Labels, room: f64) -> Self {
        let gap = 18.0;
        let mut x = MARGIN;
        let mut columns = Vec::new();
        let heads: Vec<Vec<String>> =
            labels.columns.iter().map(|column| column.short_key.split('.').map(str::to_owned).collect()).collect();
        let wanted = heads.iter().zip(&labels.columns);
        let wanted: Vec<f64> =
            wanted.map(|(head, column)| widest(head, SMALL, true).max(widest(&column.cells, BODY, true))).collect();
        let most = width_limit(&wanted, room - gap * wanted.len() as f64);
        for ((column, head), wanted) in labels.columns.iter().zip(heads).zip(wanted) {
            let width = wanted.min(most);
            let cut = |texts: &[String], style: Style| -> Vec<String> {
                texts.iter().map(|text| font::fit(text, style.size, true, width)).collect()
            };
            columns.push(RowColumn { x, head: cut(&head, SMALL), cells: cut(&column.cells, BODY) });
            x += width + gap;
        }
        let lines = columns.iter().map(|c| c.head.iter().filter(|h| !h.is_empty()).count()).max().unwrap_or(0);
        Self { columns, right: x, head: lines as f64 * 14.0 }
    }

    /// Writes the head so that its last line ends above `bottom`.
    pub fn write_head(&self, picture: &mut Picture, bottom: f64) {
        for column in &self.columns {
            for (i, line) in column.head.iter().rev().enumerate() {
                let y = bottom - 8.0 - 14.0 * i as f64;
                picture.text(column.x, y, Anchor::Left, SMALL.bold(), line.clone());
            }
        }
    }

    /// Writes the labels of a scenario around the middle of its row.
    pub fn write(&self, picture: &mut Picture, scenario: usize, middle: f64, bold: bool) {
        let style = if bold { BODY.bold() } else { BODY };
        for column in &self.columns {
            picture.text(column.x, middle + 4.5, Anchor::Left, style, column.cells[scenario].clone());
        }
    }
}

/// The largest width that columns may have so that all fit the room; narrow ones keep what they want.
fn width_limit(wanted: &[f64], room: f64) -> f64 {
    let mut sorted = wanted.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut left = room;
    for (i, width) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - i) as f64;
        if *width > share {
            return share.max(40.0);
        }
        left -= width;
    }
    f64::INFINITY
}

fn widest(texts: &[String], style: Style, bold: bool) -> f64 {
    texts.iter().map(|text| font::width(text, style.size, bold)).fold(0.0, f64::max)
}

/// A band behind every second row leads the eye to the labels.
pub fn band(picture: &mut Picture, row: usize, top: f64, height: f64) {
    if row % 2 == 1 {
        picture.rectangle(MARGIN - 8.0, top, picture.right() - MARGIN + 16.0, height, BAND);
    }
}
