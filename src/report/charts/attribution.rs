//! Which fault, in which phase of its recovery, the downtime and the failed requests come from.

use super::axis::{Axis, Unit};
use super::bars;
use super::finding;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::GREY;
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::history::{NamedCause, Phase};
use crate::report::aggregate::{self, CauseTotal};
use crate::report::featured;
use crate::report::format;
use crate::report::loss;
use crate::report::period::Period;
use crate::results::{Attribution, ExperimentResult, ScenarioResult};
use crate::study::Metric;

const ROW: f64 = 28.0;
/// Between panels that stand beside each other, and below the axis of one that has another below it.
const GAP: f64 = 26.0;
const BETWEEN: f64 = 56.0;
/// What a part of another picture has beside its rows.
const LEGEND_AND_AXIS: f64 = 108.0;
/// Room for the total right of the longest bar.
const TOTAL: f64 = 122.0;

/// A part of all that is lost which deserves a row.
const WORTH_A_ROW: f64 = 0.005;
/// A part of all that makes the difference of two scenarios.
const WORTH_A_WORD: f64 = 0.1;
/// Of more scenarios a single cause is in their table.
const FEW_SCENARIOS: usize = 2;
/// A loss so many times smaller than the other has no panel.
const NEGLIGIBLE: f64 = 0.005;

/// What one panel shows.
struct Panel<'a> {
    title: String,
    parts: &'a [Attribution],
    totals: Vec<CauseTotal<'a>>,
    whole: f64,
}

impl<'a> Panel<'a> {
    fn of(title: String, parts: &'a [Attribution]) -> Self {
        let totals = aggregate::by_cause(parts);
        let whole = totals.iter().map(|cause| cause.total).sum();
        Self { title, parts, totals, whole }
    }

    fn total(&self, cause: &NamedCause) -> f64 {
        self.totals.iter().find(|one| one.cause == cause).map_or(0.0, |one| one.total)
    }
}

/// A panel with a row per cause, the largest first: of what the objective counts, for the scenario that pictures show and beside it
/// for the baseline; where there is no other, of downtime and of failed requests. `None` if nothing was lost, or if of many scenarios
/// all is lost to one cause: then one bar says nothing.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let panels = panels(result)?;
    let mut all = in_one_order(&panels);
    if finding::pair(result).is_none_or(|(_, baseline)| baseline.is_none()) {
        // Of two losses, what is much of either comes first.
        let share =
            |cause: &NamedCause| panels.iter().map(|panel| panel.total(cause) / panel.whole).fold(0.0, f64::max);
        all.sort_by(|a, b| share(b).total_cmp(&share(a)));
    }
    let is_worth = |cause: &&NamedCause| panels.iter().any(|panel| panel.total(cause) > WORTH_A_ROW * panel.whole);
    let mut causes: Vec<&NamedCause> = all.iter().copied().filter(is_worth).collect();
    causes.truncate(sheet.rows(LEGEND_AND_AXIS, ROW));
    if causes.is_empty() || (all.len() == 1 && result.scenarios.len() > FEW_SCENARIOS) {
        return None;
    }
    let mut picture = Picture::on(sheet);
    let each = Period::of(result).each();
    let mut lead = format!(
        "Each second is charged to what keeps Pods from serving, and to the phase of their recovery; \
         the parts add up to the totals. Beside each bar: time {each} and its share."
    );
    if loss::loss_of(result) == Metric::FailedRequests {
        lead += " Failed requests count as seconds of full traffic.";
    }
    if result.scenarios.len() > 1 {
        let named = finding::pair(result).into_iter().flat_map(|(shown, baseline)| [Some(shown), baseline]).flatten();
        let named: Vec<String> = named
            .map(|one| format!("{}: {}", featured::heading(result, one).to_lowercase(), finding::settings(result, one)))
            .collect();
        lead += &format!(" {}.", format::capital(&named.join("; ")));
    }
    if causes.len() < all.len() {
        let left_out = all.len() - causes.len();
        lead += &format!(
            " {left_out} more {}.",
            if left_out == 1 { "cause has less than 0.5 %" } else { "causes have less than 0.5 % each" }
        );
    }
    let smaller = if sheet.is_part() { all.len() - causes.len() } else { 0 };
    let mut y = frame::head(&mut picture, &title(result, &panels), &lead);
    let parts = panels.iter().flat_map(|panel| panel.parts).filter(|part| causes.contains(&&part.cause));
    let occurring: Vec<Option<Phase>> = parts.filter(|part| part.s_per_year > 0.0).map(|part| part.phase).collect();
    let mut legend = bars::legend(&occurring.iter().copied().flatten().collect::<Vec<_>>());
    legend.extend(occurring.contains(&None).then(|| (bars::NO_PHASE.0, bars::NO_PHASE.1.to_owned())));
    y = frame::legend_line(&mut picture, y - 6.0, &legend);

    let names = causes.iter().map(|cause| font::width(cause.name(), BODY.size, true));
    let left = MARGIN + names.fold(60.0, f64::max).min(sheet.share(260.0)) + 16.0;
    // Beside each other, or on a narrow sheet one below the other.
    let columns = if sheet.is_narrow() { 1 } else { panels.len() };
    let width = (picture.right() - left - GAP * (columns - 1) as f64) / columns as f64;
    // One scale for all: what is longer is more.
    let longest = panels.iter().flat_map(|panel| &panel.totals).map(|cause| cause.total).fold(0.0, f64::max);
    let mut bottom = y;
    for (k, panel) in panels.iter().enumerate() {
        let (row, column) = (k / columns, k % columns);
        let height = 4.0 + ROW * causes.len() as f64;
        let top = y + 30.0 + (height + BETWEEN) * row as f64;
        bottom = top + height;
        for (i, cause) in causes.iter().enumerate().filter(|_| column == 0) {
            frame::band(&mut picture, i, top + ROW * i as f64 + 2.0, ROW);
            let name = font::fit(cause.name(), BODY.size, true, left - MARGIN - 12.0);
            picture.text(MARGIN, top + ROW * (i as f64 + 0.5) + 6.0, Anchor::Left, BODY.bold(), name);
        }
        let from = left + column as f64 * (width + GAP);
        let heading = format!("{}: {} {each}", panel.title, format::duration(panel.whole));
        picture.text(from, top - 8.0, Anchor::Left, BODY.bold(), font::fit(&heading, BODY.size, true, width));
        let axis = Axis::linear(Unit::Time, longest, from, from + width - TOTAL);
        frame::vertical_grid(&mut picture, &axis, top, bottom);
        picture.line(vec![(from, top), (from, bottom)], 1.2, GREY);
        for (i, cause) in causes.iter().enumerate() {
            let middle = top + ROW * (i as f64 + 0.5) + 2.0;
            let end = bars::stacked(&mut picture, &axis, middle, cause.name(), &of_cause(panel.parts, cause));
            let total = panel.total(cause);
            let text = if total > 0.0 { with_share(total, panel.whole) } else { "none".to_owned() };
            picture.text(end + 6.0, middle + 4.0, Anchor::Left, SMALL, text.clone());
            picture.description.push(format!("{} from {cause}: {text}", panel.title));
        }
    }
    if smaller > 0 {
        picture.text(MARGIN, bottom + 16.0, Anchor::Left, SMALL, format!("and {smaller} smaller"));
    }
    frame::foot(&mut picture, result, bottom + 22.0);
    Some(picture)
}

/// Failed requests by cause, or downtime.
fn parts(scenario: &ScenarioResult, fails: bool) -> &[Attribution] {
    if fails { &scenario.request_failure_attribution } else { &scenario.downtime_attribution }
}

/// `None` if nothing was lost.
fn panels(result: &ExperimentResult) -> Option<Vec<Panel<'_>>> {
    let (shown, baseline) = finding::pair(result)?;
    let fails = loss::loss_of(result) == Metric::FailedRequests;
    let mut panels: Vec<Panel<'_>> = match baseline {
        Some(baseline) => [shown, baseline]
            .map(|one| {
                let title = format!("{}, {}", featured::heading(result, one), loss::what(result));
                Panel::of(title, parts(one, fails))
            })
            .into(),
        None => [fails, !fails]
            .map(|fails| {
                let metric = if fails { Metric::FailedRequests } else { Metric::Downtime };
                Panel::of(format::capital(loss::words_of(metric)), parts(shown, fails))
            })
            .into(),
    };
    let most = panels.iter().map(|panel| panel.whole).fold(0.0, f64::max);
    panels.retain(|panel| panel.whole > NEGLIGIBLE * most);
    (!panels.is_empty()).then_some(panels)
}

/// What the largest cause takes; beside a baseline, the cause that makes the difference.
fn title(result: &ExperimentResult, panels: &[Panel<'_>]) -> String {
    let beside = finding::pair(result).and_then(|(shown, baseline)| Some((shown, baseline?)));
    if let Some(difference) = beside.and_then(|(shown, baseline)| difference(result, shown, baseline)) {
        return difference;
    }
    let each = Period::of(result).each();
    let largest = |panel: &Panel<'_>| -> Option<(String, String, String)> {
        let largest = panel.totals.first()?;
        let what = if beside.is_some() { loss::what(result).to_owned() } else { panel.title.to_lowercase() };
        let (part, whole) = (format::duration(largest.total), format::duration(panel.whole));
        let amount = match largest.total / panel.whole {
            share if share > 0.9995 => format!("all {whole} of {what} {each}"),
            share if part == whole => format!("{} of {whole} of {what} {each}", format::share(share, 1.0)),
            share => format!("{part} of {whole} of {what} {each} ({})", format::share(share, 1.0)),
        };
        Some((largest.cause.name().to_owned(), amount, what))
    };
    let Some((cause, first, what)) = panels.first().and_then(largest) else { return String::new() };
    let title = match panels.get(1).and_then(largest).filter(|_| beside.is_none()) {
        Some((other, second, _)) if other == cause => format!("{first} and {second} come from {cause}"),
        Some((other, second, also)) => {
            format!("{first} {} from {cause}, {second} {} from {other}", comes(&what), comes(&also))
        }
        None => format!("{first} {} from {cause}", comes(&what)),
    };
    format::capital(&title)
}

/// `zone-outage costs 3 ms of downtime a year instead of 46 s in the baseline`; `None` where no cause makes a difference that is seen.
fn difference(result: &ExperimentResult, shown: &ScenarioResult, other: &ScenarioResult) -> Option<String> {
    let fails = loss::loss_of(result) == Metric::FailedRequests;
    let [here, there] = [shown, other].map(|one| aggregate::by_cause(parts(one, fails)));
    let total = |of: &[CauseTotal<'_>], cause: &NamedCause| {
        of.iter().find(|one| one.cause == cause).map_or(0.0, |one| one.total)
    };
    let whole = |of: &[CauseTotal<'_>]| of.iter().map(|one| one.total).sum::<f64>();
    let apart = |cause: &NamedCause| (total(&here, cause) - total(&there, cause)).abs();
    let causes = here.iter().chain(&there).map(|one| one.cause);
    let cause = causes.max_by(|a, b| apart(a).total_cmp(&apart(b)))?;
    if apart(cause) < WORTH_A_WORD * whole(&here).max(whole(&there)) {
        return None;
    }
    let (what, each) = (loss::what(result), Period::of(result).each());
    let (now, before) = (total(&here, cause), total(&there, cause));
    let of = |seconds: f64| {
        if seconds > 0.0 { format!("{} of {what}", format::duration(seconds)) } else { format!("no {what}") }
    };
    let before = if before > 0.0 { format::duration(before) } else { "none".to_owned() };
    let in_the_other = featured::in_the_other(result);
    let mut title = format!("{} costs {} {each} instead of {before} {in_the_other}", cause.name(), of(now));
    if let Some(rest) = here.first().filter(|first| first.cause != cause) {
        let share = rest.total / whole(&here);
        let share = if share > 0.995 { "all".to_owned() } else { format::share(rest.total, whole(&here)) };
        title += &format!("; {share} of what is left comes from {}", rest.cause.name());
    }
    Some(title)
}

/// The verb for a loss.
fn comes(what: &str) -> &'static str {
    if what == "downtime" { "comes" } else { "come" }
}

/// The causes of the first panel, the largest first, then those of the next that it does not have.
fn in_one_order<'a>(panels: &[Panel<'a>]) -> Vec<&'a NamedCause> {
    let mut causes: Vec<&NamedCause> = Vec::new();
    for total in panels.iter().flat_map(|panel| &panel.totals) {
        if !causes.contains(&total.cause) {
            causes.push(total.cause);
        }
    }
    causes
}

/// The phases of one cause in their order.
fn of_cause(parts: &[Attribution], cause: &NamedCause) -> Vec<(Option<Phase>, f64)> {
    let its = parts.iter().filter(|part| part.cause == *cause);
    let mut phases: Vec<(Option<Phase>, f64)> = its.map(|part| (part.phase, part.s_per_year)).collect();
    phases.sort_by_key(|(phase, _)| *phase);
    phases
}

/// `41 min · 61 %`
fn with_share(total: f64, whole: f64) -> String {
    format!("{} · {}", format::duration(total), format::share(total, whole))
}
