//! Where the time of a recovery goes: mean seconds in each phase, fault by fault.

use super::axis::{Axis, Unit};
use super::bars;
use super::downtime::shown_name;
use super::font;
use super::frame::{self, BODY, MARGIN, RIGHT, SMALL};
use super::palette::GREY;
use super::picture::{Anchor, Picture};
use crate::history::{NamedCause, Phase};
use crate::report::aggregate;
use crate::report::format;
use crate::results::{ExperimentResult, PodRecovery, ScenarioResult};

const ROW: f64 = 30.0;
/// A bar this many times shorter than the longest would be a sliver: it gets an axis of its own.
const BAND_RATIO: f64 = 8.0;

struct Row<'a> {
    cause: &'a NamedCause,
    recovery: &'a PodRecovery,
    total: f64,
}

/// Bars for the baseline or the first scenario. `None` if it has no complete recovery.
pub fn draw(result: &ExperimentResult) -> Option<Picture> {
    let scenario = aggregate::shown(result)?;
    let rows = rows(scenario);
    if rows.is_empty() {
        return None;
    }
    let mut picture = Picture::new(frame::WIDTH);
    let mut lead = "Mean time that a Pod spends in each phase on its way back into rotation.".to_owned();
    let bands = bands(rows);
    if bands.len() > 1 {
        lead += " Long and short recoveries have axes of their own.";
    }
    lead = format!("{lead} {}", shown_name(result));
    let mut y = frame::head(&mut picture, "Where does the time of a recovery go?", lead.trim());
    let occurring = bands.iter().flatten().flat_map(|row| row.recovery.phases.iter().filter(|(_, s)| **s > 0.0));
    let occurring: Vec<Phase> = occurring.map(|(phase, _)| phase).collect();
    y = frame::legend_line(&mut picture, y - 6.0, &bars::legend(&occurring));

    let names = bands.iter().flatten().map(|row| font::width(row.cause.name(), BODY.size, true));
    let left = MARGIN + names.fold(110.0, f64::max).min(300.0) + 16.0;
    let right = RIGHT - 76.0;
    for band in &bands {
        let longest = band.iter().map(|row| row.total).fold(0.0, f64::max);
        let axis = Axis::linear(Unit::Time, longest, left, right);
        let (top, bottom) = (y + 8.0, y + 12.0 + ROW * band.len() as f64);
        frame::vertical_grid(&mut picture, &axis, top, bottom);
        picture.line(vec![(left, top), (left, bottom)], 1.2, GREY);
        for (i, row) in band.iter().enumerate() {
            let middle = top + ROW * (i as f64 + 0.5) + 2.0;
            write_row(&mut picture, row, middle, left, &axis);
        }
        y = bottom + 30.0;
    }
    picture.text(f64::midpoint(left, right), y + 2.0, Anchor::Middle, SMALL, "mean time since the fault");
    frame::foot(&mut picture, result, y + 8.0);
    Some(picture)
}

fn write_row(picture: &mut Picture, row: &Row<'_>, middle: f64, left: f64, axis: &Axis) {
    let name = font::fit(row.cause.name(), BODY.size, true, left - MARGIN - 14.0);
    picture.text(MARGIN, middle, Anchor::Left, BODY.bold(), name);
    let lengths = &row.recovery.lengths;
    let mut count = format!("{} recoveries", format::whole(lengths.count));
    if lengths.censored > 0 {
        count = format!("{count}, {} open", format::whole(lengths.censored));
    }
    let count = font::fit(&count, SMALL.size - 1.0, false, left - MARGIN - 10.0);
    picture.text(MARGIN, middle + 12.0, Anchor::Left, super::Style { size: SMALL.size - 1.0, ..SMALL }, count);
    let parts: Vec<(Phase, f64)> = row.recovery.phases.iter().map(|(phase, secs)| (phase, *secs)).collect();
    let end = bars::stacked(picture, axis, middle, row.cause.name(), &parts);
    picture.text(end + 6.0, middle + 4.0, Anchor::Left, BODY.bold(), format::duration(row.total));
    let phases: Vec<String> = parts
        .iter()
        .filter(|(_, secs)| *secs > 0.0)
        .map(|(phase, secs)| format!("{} {}", phase.in_words(), format::duration(*secs)))
        .collect();
    picture.description.push(format!("{}: {} ({})", row.cause, format::duration(row.total), phases.join(", ")));
}

/// Faults with complete recoveries, the longest first.
fn rows(scenario: &ScenarioResult) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = scenario
        .pod_recovery_s
        .iter()
        .map(|(cause, recovery)| Row { cause, recovery, total: recovery.phases.iter().map(|(_, secs)| secs).sum() })
        .filter(|row| row.recovery.lengths.count > 0 && row.total > 0.0)
        .collect();
    rows.sort_by(|a, b| b.total.total_cmp(&a.total));
    rows
}

/// Rows of similar length together.
fn bands(rows: Vec<Row<'_>>) -> Vec<Vec<Row<'_>>> {
    let mut bands: Vec<Vec<Row<'_>>> = Vec::new();
    for row in rows {
        match bands.last_mut() {
            Some(band) if band[0].total <= BAND_RATIO * row.total => band.push(row),
            _ => bands.push(vec![row]),
        }
    }
    bands
}
