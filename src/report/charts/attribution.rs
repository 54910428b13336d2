//! Which fault, in which phase of its recovery, the downtime and the failed requests come from.

use super::axis::{Axis, Unit};
use super::bars;
use super::downtime::shown_name;
use super::font;
use super::frame::{self, BODY, MARGIN, RIGHT, SMALL};
use super::palette::GREY;
use super::picture::{Anchor, Picture};
use crate::history::{NamedCause, Phase};
use crate::report::aggregate::{self, CauseTotal};
use crate::report::format;
use crate::report::period::Period;
use crate::results::{Attribution, ExperimentResult};

const ROW: f64 = 28.0;
/// Room for the total right of the longest bar.
const TOTAL: f64 = 122.0;

/// Two panels with a row per cause, the largest first. `None` if nothing was down and nothing failed.
pub fn draw(result: &ExperimentResult) -> Option<Picture> {
    let scenario = aggregate::shown(result)?;
    let (down, failed) = (&scenario.downtime_attribution, &scenario.request_failure_attribution);
    let (by_down, by_failed) = (aggregate::by_cause(down), aggregate::by_cause(failed));
    let causes = in_one_order(&by_down, &by_failed);
    if causes.is_empty() {
        return None;
    }
    let mut picture = Picture::new(frame::WIDTH);
    let each = Period::of(result).each();
    let lead = format!(
        "Each second is charged to what keeps Pods from serving, and to the phase of their recovery; \
         the parts add up to the totals. Beside each bar: time {each} and its share. {}",
        shown_name(result)
    );
    let mut y = frame::head(&mut picture, "Where do downtime and failed requests come from?", lead.trim());
    let occurring: Vec<Phase> =
        down.iter().chain(failed).filter(|part| part.s_per_year > 0.0).map(|part| part.phase).collect();
    y = frame::legend_line(&mut picture, y - 6.0, &bars::legend(&occurring));

    let names = causes.iter().map(|cause| font::width(cause.name(), BODY.size, true));
    let left = MARGIN + names.fold(60.0, f64::max).min(260.0) + 16.0;
    let panel = (RIGHT - left - 26.0) / 2.0;
    let (top, bottom) = (y + 30.0, y + 34.0 + ROW * causes.len() as f64);
    for (i, cause) in causes.iter().enumerate() {
        frame::band(&mut picture, i, top + ROW * i as f64 + 2.0, ROW);
        let name = font::fit(cause.name(), BODY.size, true, left - MARGIN - 12.0);
        picture.text(MARGIN, top + ROW * (i as f64 + 0.5) + 6.0, Anchor::Left, BODY.bold(), name);
    }
    let panels = [("Downtime", down, &by_down), ("Failed requests (as full traffic)", failed, &by_failed)];
    for (k, (title, parts, totals)) in panels.into_iter().enumerate() {
        let from = left + k as f64 * (panel + 26.0);
        let whole: f64 = totals.iter().map(|cause| cause.total).sum();
        let heading = format!("{title}: {} {each}", format::duration(whole));
        let heading = font::fit(&heading, BODY.size, true, panel);
        picture.text(from, top - 8.0, Anchor::Left, BODY.bold(), heading);
        let longest = totals.first().map_or(0.0, |cause| cause.total);
        let axis = Axis::linear(Unit::Time, longest, from, from + panel - TOTAL);
        frame::vertical_grid(&mut picture, &axis, top, bottom);
        picture.line(vec![(from, top), (from, bottom)], 1.2, GREY);
        for (i, cause) in causes.iter().enumerate() {
            let middle = top + ROW * (i as f64 + 0.5) + 2.0;
            let end = bars::stacked(&mut picture, &axis, middle, cause.name(), &of_cause(parts, cause));
            let total = totals.iter().find(|t| t.cause == *cause).map_or(0.0, |t| t.total);
            let text = if total > 0.0 { with_share(total, whole) } else { "none".to_owned() };
            picture.text(end + 6.0, middle + 4.0, Anchor::Left, SMALL, text.clone());
            picture.description.push(format!("{title} from {cause}: {text}"));
        }
    }
    frame::foot(&mut picture, result, bottom + 22.0);
    Some(picture)
}

/// Causes of downtime, the largest first, then those that only fail requests.
fn in_one_order<'a>(down: &[CauseTotal<'a>], failed: &[CauseTotal<'a>]) -> Vec<&'a NamedCause> {
    let mut causes: Vec<&NamedCause> = down.iter().map(|total| total.cause).collect();
    for total in failed {
        if !causes.contains(&total.cause) {
            causes.push(total.cause);
        }
    }
    causes
}

/// The phases of one cause in their order.
fn of_cause(parts: &[Attribution], cause: &NamedCause) -> Vec<(Phase, f64)> {
    let its = parts.iter().filter(|part| part.cause == *cause);
    let mut phases: Vec<(Phase, f64)> = its.map(|part| (part.phase, part.s_per_year)).collect();
    phases.sort_by_key(|(phase, _)| *phase);
    phases
}

/// `41 min · 61 %`
fn with_share(total: f64, whole: f64) -> String {
    format!("{} · {}", format::duration(total), format::share(total, whole))
}
