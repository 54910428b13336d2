//! How long Pods take to serve again, fault by fault: a box for each, of the scenario that pictures show and of the baseline.

use super::axis::{Axis, Range, Unit};
use super::finding;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::outages::FEW;
use super::palette::{BLUE, Colour, GREY, PAPER, SLATE};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::history::NamedCause;
use crate::report::aggregate::{self, Samples};
use crate::report::featured;
use crate::report::format;
use crate::results::{Distribution, ExperimentResult, ScenarioResult};

const ROW: f64 = 34.0;
/// Of a row with two boxes.
const TALL_ROW: f64 = 46.0;
const BOX: f64 = 13.0;
/// Narrower boxes would be nothing but the gap that is their median.
const LEAST_BOX: f64 = 11.0;
/// Room for the median in figures.
const FIGURES: f64 = 70.0;
/// Quantiles that differ by a smaller factor look the same.
const ALIKE: f64 = 1.25;
/// The rest would be a wall, and they are the rarest.
const MOST_ROWS: usize = 16;

/// The recoveries from one fault: of the scenario that pictures show, and of the baseline if that is another and differs.
struct Row<'a> {
    /// Of several Deployments: which one's Pods.
    member: &'a str,
    fault: &'a str,
    shown: Samples,
    baseline: Option<Samples>,
}

/// A row for each fault, the one that hits most Pods first; what operations hand over is no recovery. `None` if there is no fault with
/// enough recoveries, or a single one: its median stands in the table, and its parts are in `phases`.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let (shown, baseline) = finding::pair(result)?;
    let rows = rows(result, shown, baseline);
    if rows.len() < 2 {
        return None;
    }
    let all = || rows.iter().flat_map(|row| std::iter::once(&row.shown).chain(&row.baseline));
    let range = Range::of(
        all().flat_map(|samples| [samples.quantile(0.05), samples.quantile(0.95), samples.longest()]).flatten(),
    )?;
    let range = Range { low: range.low.max(range.high / 1e7), ..range };

    let mut picture = Picture::on(sheet);
    let has_two = rows.iter().any(|row| row.baseline.is_some());
    let y = frame::head(&mut picture, &title(result, &rows), &lead(result, shown, has_two));
    let words = |one: &ScenarioResult| featured::heading(result, one).to_lowercase();
    let both = baseline.filter(|_| has_two).map(|other| (words(shown), words(other)));
    let y = legend(&mut picture, y - 4.0, both);
    let names = rows.iter().map(|row| font::width(row.fault, BODY.size, true));
    let counts = rows.iter().map(|row| font::width(&row.count(), SMALL.size, false));
    let left = MARGIN + names.chain(counts).fold(96.0, f64::max).min(sheet.share(260.0).max(110.0)) + 16.0;
    let right = picture.right();
    let axis = Axis::log(Unit::Time, range, left, right - FIGURES);
    let top = y + 16.0;
    let height = |row: &Row<'_>| if row.baseline.is_some() { TALL_ROW } else { ROW };
    let bottom = top + rows.iter().map(height).sum::<f64>() + 4.0;
    let mut y = top + 2.0;
    for (i, row) in rows.iter().enumerate() {
        frame::band(&mut picture, i, y, height(row));
        y += height(row);
    }
    picture.text(right, top - 6.0, Anchor::Right, SMALL.bold(), "median");
    frame::vertical_grid(&mut picture, &axis, top, bottom);
    let in_the_other = format!(" {}", featured::in_the_other(result));
    let mut y = top + 2.0;
    for row in &rows {
        let middle = y + height(row) / 2.0;
        let name = font::fit(row.fault, BODY.size, true, left - MARGIN - 12.0);
        picture.text(MARGIN, middle - 1.0, Anchor::Left, BODY.bold(), name);
        let count = row.count();
        picture.text(
            MARGIN,
            middle + 12.0,
            Anchor::Left,
            SMALL,
            font::fit(&count, SMALL.size, false, left - MARGIN - 10.0),
        );
        let offset = if row.baseline.is_some() { 10.0 } else { 0.0 };
        let boxes = std::iter::once((&row.shown, BLUE, middle - offset, ""))
            .chain(row.baseline.as_ref().map(|samples| (samples, SLATE, middle + offset, in_the_other.as_str())));
        for (samples, colour, at, place) in boxes {
            let words = format!("{}{place}: {}", row.told(), in_words(samples));
            picture.datum("", words.clone(), |picture| boxed(picture, &axis, samples, at, colour));
            let median = samples.quantile(0.5).map_or("no end".to_owned(), format::duration);
            picture.text(right, at + 4.0, Anchor::Right, SMALL, median);
            picture.description.push(words);
        }
        y += height(row);
    }
    let axis_title = "from the fault until the Pod, or the one in its place, serves in rotation (logarithmic)";
    let fits = |text: &&str| font::width(text, SMALL.size, false) <= right - MARGIN;
    let axis_title = Some(axis_title).filter(fits).unwrap_or("until it serves in rotation (logarithmic)");
    picture.text(f64::midpoint(MARGIN, right), bottom + 34.0, Anchor::Middle, SMALL, axis_title);
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
}

fn rows<'a>(result: &ExperimentResult, shown: &'a ScenarioResult, baseline: Option<&ScenarioResult>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let all = aggregate::members(shown).into_iter();
    for (member, cause, recovery) in
        all.flat_map(|(name, of)| of.pod_recovery_s.iter().map(move |(cause, recovery)| (name, cause, recovery)))
    {
        let NamedCause::Fault(fault) = cause else { continue };
        let of = |lengths: &Distribution| {
            Some(Samples::of([lengths].into_iter())).filter(|one| one.count + one.censored >= FEW)
        };
        let Some(of_shown) = of(&recovery.lengths).filter(|_| !result.is_of_operation(fault)) else { continue };
        let there = baseline.map(aggregate::members).unwrap_or_default();
        let there = there.into_iter().find(|(name, _)| *name == member);
        let of_baseline = there
            .and_then(|(_, baseline)| baseline.pod_recovery_s.iter().find(|(other, _)| *other == cause))
            .and_then(|(_, recovery)| of(&recovery.lengths))
            .filter(|other| !are_alike(other, &of_shown));
        rows.push(Row { member, fault, shown: of_shown, baseline: of_baseline });
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.shown.count + row.shown.censored));
    rows.truncate(MOST_ROWS);
    rows
}

impl Row<'_> {
    /// How many there are, and of several Deployments whose.
    fn count(&self) -> String {
        let whose = if self.member.is_empty() { String::new() } else { format!("{}: ", self.member) };
        format!("{whose}{} recoveries", format::whole(self.shown.count + self.shown.censored))
    }

    fn told(&self) -> String {
        aggregate::of_member(self.fault, self.member)
    }
}

fn are_alike(a: &Samples, b: &Samples) -> bool {
    [0.5, 0.95].into_iter().all(|p| match (a.quantile(p), b.quantile(p)) {
        (Some(a), Some(b)) => a.max(b) <= ALIKE * a.min(b),
        (a, b) => a.is_none() && b.is_none(),
    })
}

/// The fault whose median differs most from the baseline's; else the slowest and the quickest.
fn title(result: &ExperimentResult, rows: &[Row<'_>]) -> String {
    let half = |samples: &Samples| samples.quantile(0.5).unwrap_or(f64::INFINITY);
    let within = |secs: f64| {
        if secs.is_finite() {
            format!("within {}", format::duration(secs))
        } else {
            "never in half of the cases".to_owned()
        }
    };
    let change = |row: &&Row<'_>| {
        let (a, b) = (half(&row.shown), half(row.baseline.as_ref()?));
        (a.max(b) > ALIKE * a.min(b)).then(|| (a / b).ln().abs())
    };
    let changed = rows.iter().filter_map(|row| Some((row, change(&row)?))).max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((row, baseline)) = changed.and_then(|(row, _)| Some((row, row.baseline.as_ref()?))) {
        return format!(
            "After {} half of the Pods serve again {}, {} {}",
            row.told(),
            within(half(&row.shown)),
            featured::in_the_other(result),
            within(half(baseline))
        );
    }
    let by_half = |a: &&Row<'_>, b: &&Row<'_>| half(&a.shown).total_cmp(&half(&b.shown));
    let (Some(quickest), Some(slowest)) = (rows.iter().min_by(by_half), rows.iter().max_by(by_half)) else {
        return String::new();
    };
    format!(
        "Half of the Pods serve again {} after {}, {} after {}",
        within(half(&quickest.shown)),
        quickest.told(),
        within(half(&slowest.shown)),
        slowest.told()
    )
}

fn lead(result: &ExperimentResult, shown: &ScenarioResult, has_two: bool) -> String {
    let mut text = "How long a Pod that a fault hits takes until it, or the one in its place, serves in rotation; the most frequent fault comes \
                    first."
        .to_owned();
    if result.scenarios.len() > 1 {
        let role = featured::role_word(result, shown);
        text += &format!(" {role}: {}.", finding::settings(result, shown));
        if has_two {
            text += &format!(
                " {} only what differs by more than a quarter.",
                format::capital(&featured::in_the_other(result))
            );
        }
    }
    text
}

fn legend(picture: &mut Picture, y: f64, both: Option<(String, String)>) -> f64 {
    let middle = y + 6.0;
    let (left, at) = (MARGIN + 4.0, |share: f64| MARGIN + 4.0 + 150.0 * share);
    picture.line(vec![(left, middle), (at(0.72), middle)], 1.6, GREY);
    for end in [left, at(0.72)] {
        picture.line(vec![(end, middle - 4.0), (end, middle + 4.0)], 1.6, GREY);
    }
    picture.rectangle(at(0.2), middle - BOX / 2.0, at(0.5) - at(0.2), BOX, GREY);
    picture.line(vec![(at(0.32), middle - BOX / 2.0), (at(0.32), middle + BOX / 2.0)], 2.4, PAPER);
    picture.disc((at(0.95), middle), 3.0, GREY);
    let words = "whiskers: 5 to 95 % · box: the middle half · gap in it: the median · dot: the longest seen";
    let mut y = middle + 4.0;
    for line in font::wrap(words, SMALL.size, false, picture.right() - at(1.0) - 14.0) {
        picture.text(at(1.0) + 14.0, y, Anchor::Left, SMALL, line);
        y += 15.0;
    }
    if let Some((role, other)) = both {
        let entries = [(BLUE, role), (SLATE, other)];
        return frame::legend_line(picture, y - 6.0, &entries);
    }
    y
}

/// Whiskers, box, median and the longest; a quantile that has no end lies at the right, with an arrow.
fn boxed(picture: &mut Picture, axis: &Axis, samples: &Samples, y: f64, colour: Colour) {
    let end = axis.at(f64::INFINITY);
    let x = |p: f64| samples.quantile(p).map_or(end, |seconds| axis.at(seconds));
    let [p5, p25, p50, p75, p95] = [0.05, 0.25, 0.5, 0.75, 0.95].map(x);
    picture.line(vec![(p5, y), (p95, y)], 1.6, colour);
    picture.line(vec![(p5, y - 4.0), (p5, y + 4.0)], 1.6, colour);
    if samples.quantile(0.95).is_some() {
        picture.line(vec![(p95, y - 4.0), (p95, y + 4.0)], 1.6, colour);
    } else {
        picture.area(vec![(end, y), (end - 7.0, y - 4.0), (end - 7.0, y + 4.0)], colour);
    }
    // A narrow box is still one, and its median is seen.
    let (left, right) = if p75 - p25 < LEAST_BOX { (p50 - LEAST_BOX / 2.0, p50 + LEAST_BOX / 2.0) } else { (p25, p75) };
    picture.rectangle(left, y - BOX / 2.0, right - left, BOX, colour);
    picture.line(vec![(p50, y - BOX / 2.0), (p50, y + BOX / 2.0)], 2.4, PAPER);
    if let Some(longest) = samples.longest().filter(|_| samples.censored == 0) {
        picture.disc((axis.at(longest), y), 3.0, colour);
    }
}

fn in_words(samples: &Samples) -> String {
    let at = |p: f64| samples.quantile(p).map_or("no end".to_owned(), format::duration);
    let mut text = format!(
        "{} recoveries, half within {}, three quarters within {}, 95 % within {}",
        format::whole(samples.count + samples.censored),
        at(0.5),
        at(0.75),
        at(0.95),
    );
    match samples.longest() {
        Some(_) if samples.censored > 0 => text += &format!(", {} without an end", format::whole(samples.censored)),
        Some(longest) => text += &format!(", the longest {}", format::duration(longest)),
        None => {}
    }
    text
}
