//! Where the time of a recovery goes: mean seconds in each phase, fault by fault.

use super::axis::{Axis, Unit};
use super::bars;
use super::finding::shown_name;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::GREY;
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::history::{NamedCause, Phase};
use crate::report::aggregate;
use crate::report::featured;
use crate::report::format;
use crate::results::{ExperimentResult, PodRecovery, ScenarioResult};

const ROW: f64 = 30.0;
/// Where a bar would be so many times shorter than the longest, all are as long and tell shares.
const SLIVER: f64 = 8.0;
/// A part of all time of recoveries that deserves a row.
const WORTH_A_ROW: f64 = 0.01;
/// More are not read.
const MOST_ROWS: usize = 10;
/// Where one phase is so much of every bar, a picture says nothing that the words do not.
const ONE_PHASE: f64 = 0.97;
/// Recoveries shorter than this, in seconds, are handovers that nobody asks about.
const NEXT_TO_NOTHING: f64 = 0.5;

struct Row<'a> {
    /// Of several Deployments: which one's Pods.
    member: &'a str,
    cause: &'a NamedCause,
    recovery: &'a PodRecovery,
    total: f64,
}

/// Bars for the scenario that pictures show. `None` if it has no complete recovery, if all of every one is a single phase or
/// next to nothing, or if no fault is among them.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let scenario = featured::shown(result)?;
    let (rows, left_out) = rows(scenario);
    let is_one_phase = |row: &Row<'_>| row.main().1 >= ONE_PHASE * row.total;
    // What operations hand over is in their own chart.
    let is_handed_over = |row: &Row<'_>| result.is_of_operation(row.cause.name());
    // A single row would hide the others.
    let hides_others = rows.len() == 1 && left_out > 0;
    if rows.iter().all(is_one_phase) || rows.iter().all(is_handed_over) || hides_others {
        return None;
    }
    let longest = rows.iter().map(|row| row.total).fold(0.0, f64::max);
    let shortest = rows.iter().map(|row| row.total).fold(longest, f64::min);
    let as_shares = longest > SLIVER * shortest;

    let mut picture = Picture::on(sheet);
    let mut lead = "Mean time that a Pod spends in each phase on its way back into rotation; the cause that takes the most time of \
                    all comes first."
        .to_owned();
    if as_shares {
        lead += " Bars are shares; behind each stands the mean of the whole.";
    }
    if left_out > 0 {
        lead += &format!(
            " Left out: {}, or less than half a second each time.",
            if left_out == 1 {
                "the row that takes least in all".to_owned()
            } else {
                format!("the {left_out} rows that take least in all")
            }
        );
    }
    lead = format!("{lead} {}", shown_name(result));
    let mut y = frame::head(&mut picture, &title(&rows), lead.trim());
    let occurring = rows.iter().flat_map(|row| row.recovery.phases.iter().filter(|(_, s)| **s > 0.0));
    let occurring: Vec<Phase> = occurring.map(|(phase, _)| phase).collect();
    y = frame::legend_line(&mut picture, y - 6.0, &bars::legend(&occurring));

    let names = rows.iter().map(|row| font::width(row.cause.name(), BODY.size, true));
    let counts = rows.iter().map(|row| font::width(&row.count(), SMALL.size - 1.0, false));
    let left =
        MARGIN + names.chain(counts).fold(110.0, f64::max).min(if sheet.is_narrow() { 150.0 } else { 300.0 }) + 16.0;
    let right = picture.right() - 76.0;
    let (top, bottom) = (y + 8.0, y + 12.0 + ROW * rows.len() as f64);
    if as_shares {
        let mut axis = Axis::linear(Unit::Number, 100.0, left, right);
        axis.ticks.iter_mut().for_each(|(_, label)| *label += " %");
        frame::vertical_grid(&mut picture, &axis, top, bottom);
    } else {
        frame::vertical_grid(&mut picture, &Axis::linear(Unit::Time, longest, left, right), top, bottom);
    }
    picture.line(vec![(left, top), (left, bottom)], 1.2, GREY);
    for (i, row) in rows.iter().enumerate() {
        let middle = top + ROW * (i as f64 + 0.5) + 2.0;
        // As the axis of percents, from zero to a little more than the whole.
        let shares = Axis::linear(Unit::Number, row.total, left, right);
        let axis = if as_shares { shares } else { Axis::linear(Unit::Time, longest, left, right) };
        write_row(&mut picture, row, middle, left, &axis);
    }
    y = bottom + 30.0;
    let unit = if as_shares { "share of the mean time since it began" } else { "mean time since it began" };
    picture.text(f64::midpoint(left, right), y + 2.0, Anchor::Middle, SMALL, unit);
    frame::foot(&mut picture, result, y + 8.0);
    Some(picture)
}

/// The longest phase of the cause that takes the most time.
fn title(rows: &[Row<'_>]) -> String {
    let Some(row) = rows.first() else { return String::new() };
    let (phase, secs) = row.main();
    format!(
        "A Pod serves again {} after {} begins, on average; {} of that is “{}”",
        format::duration(row.total),
        row.told(),
        format::share(secs, row.total),
        phase.in_words().replace(' ', "\u{a0}")
    )
}

impl Row<'_> {
    fn told(&self) -> String {
        aggregate::of_member(self.cause.name(), self.member)
    }

    /// The longest of its phases.
    fn main(&self) -> (Phase, f64) {
        let phases = self.recovery.phases.iter().map(|(phase, secs)| (phase, *secs));
        phases.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((Phase::Detect, 0.0))
    }

    /// How many there are, and of several Deployments whose.
    fn count(&self) -> String {
        let lengths = &self.recovery.lengths;
        let whose = if self.member.is_empty() { String::new() } else { format!("{}: ", self.member) };
        let open =
            if lengths.censored > 0 { format!(", {} open", format::whole(lengths.censored)) } else { String::new() };
        format!("{whose}{} recoveries{open}", format::whole(lengths.count))
    }

    /// All the time of its recoveries.
    fn weight(&self) -> f64 {
        self.total * self.recovery.lengths.count as f64
    }
}

fn write_row(picture: &mut Picture, row: &Row<'_>, middle: f64, left: f64, axis: &Axis) {
    let name = font::fit(row.cause.name(), BODY.size, true, left - MARGIN - 14.0);
    picture.text(MARGIN, middle, Anchor::Left, BODY.bold(), name);
    let count = font::fit(&row.count(), SMALL.size - 1.0, false, left - MARGIN - 10.0);
    picture.text(MARGIN, middle + 12.0, Anchor::Left, super::Style { size: SMALL.size - 1.0, ..SMALL }, count);
    let parts: Vec<(Phase, f64)> = row.recovery.phases.iter().map(|(phase, secs)| (phase, *secs)).collect();
    let bar: Vec<(Option<Phase>, f64)> = parts.iter().map(|(phase, secs)| (Some(*phase), *secs)).collect();
    let end = bars::stacked(picture, axis, middle, &row.told(), &bar);
    picture.text(end + 6.0, middle + 4.0, Anchor::Left, BODY.bold(), format::duration(row.total));
    let phases: Vec<String> = parts
        .iter()
        .filter(|(_, secs)| *secs > 0.0)
        .map(|(phase, secs)| format!("{} {}", phase.in_words(), format::duration(*secs)))
        .collect();
    picture.description.push(format!("{}: {} ({})", row.told(), format::duration(row.total), phases.join(", ")));
}

/// Causes with complete recoveries, those that take the most time first, and how many more are too rare for a row.
fn rows(scenario: &ScenarioResult) -> (Vec<Row<'_>>, usize) {
    let of_member = |(member, of)| {
        let of: &ScenarioResult = of;
        of.pod_recovery_s.iter().map(move |(cause, recovery)| {
            let total = recovery.phases.iter().map(|(_, secs)| secs).sum();
            Row { member, cause, recovery, total }
        })
    };
    let mut rows: Vec<Row<'_>> = aggregate::members(scenario)
        .into_iter()
        .flat_map(of_member)
        .filter(|row| row.recovery.lengths.count > 0 && row.total > 0.0 && matches!(row.cause, NamedCause::Fault(_)))
        .collect();
    rows.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    let (all, whole) = (rows.len(), rows.iter().map(Row::weight).sum::<f64>());
    rows.retain(|row| row.weight() >= WORTH_A_ROW * whole && row.total >= NEXT_TO_NOTHING);
    rows.truncate(MOST_ROWS);
    let left_out = all - rows.len();
    (rows, left_out)
}
