//! How long recoveries and outages take: their distributions, one curve for all scenarios that are alike.

use std::fmt::Write as _;

use super::axis::{Axis, Range, Unit};
use super::finding;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{GREY, GRID, SERIES};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use super::simplify_polyline::simplify_polyline;
use crate::history::NamedCause;
use crate::report::aggregate::{self, Samples};
use crate::report::format;
use crate::results::{ExperimentResult, ScenarioResult};

const HEIGHT: f64 = 340.0;
const LEGEND: f64 = 230.0;

/// Fewer have no distribution.
pub const FEW: u64 = 20;
/// Of more scenarios only those are drawn whose outages are shown one by one: the others are boxes, or in the table.
const CURVES: usize = 6;
/// Two distributions whose quantiles differ by less are one curve to the reader.
const ALIKE: f64 = 0.1;

/// Recoveries of Pods from faults; what operations hand over is no recovery. `None` if there were hardly any.
pub fn draw_pods(result: &ExperimentResult) -> Option<Picture> {
    draw(
        result,
        &|one| of_faults(result, one),
        &Kind {
            half: "Half of the Pods that a fault hits serve again",
            what: "Pod recovery, from a fault until it serves in rotation again",
        },
    )
}

/// Outages of the service. `None` if there were hardly any.
pub fn draw_outages(result: &ExperimentResult) -> Option<Picture> {
    draw(
        result,
        &of_outages,
        &Kind {
            half: "Half of the outages are over",
            what: "Time to recovery of the service, from the loss of availability until it is back",
        },
    )
}

/// What is timed, in words.
struct Kind {
    half: &'static str,
    what: &'static str,
}

/// The recoveries of a scenario's Pods from faults.
pub fn of_faults(result: &ExperimentResult, scenario: &ScenarioResult) -> Samples {
    let is_operation = |name: &str| result.faults.iter().any(|fault| fault.name == name && fault.operation.is_some());
    let is_fault = |cause: &NamedCause| matches!(cause, NamedCause::Fault(name) if !is_operation(name));
    let recoveries = scenario.pod_recovery_s.iter().filter(|(cause, _)| is_fault(cause));
    Samples::of(recoveries.map(|(_, recovery)| &recovery.lengths))
}

/// The outages of a scenario.
pub fn of_outages(scenario: &ScenarioResult) -> Samples {
    Samples::of([&scenario.time_to_recovery_s].into_iter())
}

/// Scenarios that a reader sees as one curve, under the first of them.
struct Curve<'a> {
    scenario: &'a ScenarioResult,
    samples: Samples,
    /// Those whose curves would lie on this one.
    alike: usize,
}

fn curves<'a>(result: &'a ExperimentResult, of: &dyn Fn(&ScenarioResult) -> Samples) -> Vec<Curve<'a>> {
    let featured = aggregate::featured_scenarios(result);
    let mut scenarios: Vec<&ScenarioResult> = featured.clone();
    if result.scenarios.len() <= CURVES {
        scenarios.extend(result.scenarios.iter().filter(|one| featured.iter().all(|other| other.name != one.name)));
    }
    let mut curves: Vec<Curve<'_>> = Vec::new();
    for scenario in scenarios {
        let samples = of(scenario);
        if samples.count + samples.censored < FEW || samples.count == 0 {
            continue;
        }
        match curves.iter_mut().find(|curve| are_alike(&curve.samples, &samples)) {
            Some(curve) => curve.alike += 1,
            None => curves.push(Curve { scenario, samples, alike: 0 }),
        }
    }
    curves
}

fn are_alike(a: &Samples, b: &Samples) -> bool {
    [0.05, 0.25, 0.5, 0.75, 0.95].into_iter().all(|p| match (a.quantile(p), b.quantile(p)) {
        (Some(a), Some(b)) => (a - b).abs() <= ALIKE * a.max(b),
        (None, None) => true,
        _ => false,
    })
}

fn draw(result: &ExperimentResult, of: &dyn Fn(&ScenarioResult) -> Samples, kind: &Kind) -> Option<Picture> {
    let curves = curves(result, of);
    let ends = curves.iter().flat_map(|curve| [curve.samples.quantile(0.01), curve.samples.quantile(0.99)]);
    let most = curves.iter().filter_map(|curve| curve.samples.histogram.last()).map(|last| last.0);
    let range = Range::of(ends.flatten().chain(most.filter(|_| curves.iter().any(|one| one.samples.censored > 0))))?;
    let range = Range { low: range.low.max(range.high / 1e6), ..range };

    let mut picture = Picture::on(Sheet::WHOLE);
    let top = frame::head(&mut picture, &title(result, &curves, kind), &lead(&curves, kind.what)) + 8.0;
    let (left, right, bottom) = (MARGIN + 62.0, picture.right() - LEGEND - 24.0, top + HEIGHT);
    let x_axis = Axis::log(Unit::Time, range, left, right);
    let y = |share: f64| bottom - (bottom - top) * share.clamp(0.0, 1.0);
    frame::vertical_grid(&mut picture, &x_axis, top, bottom);
    for percent in [0, 25, 50, 75, 95] {
        let at = y(f64::from(percent) / 100.0);
        picture.line(vec![(left, at), (right, at)], 1.0, GRID);
        picture.text(left - 8.0, at + 4.0, Anchor::Right, SMALL, format!("{percent} %"));
    }
    picture.line(vec![(left, bottom), (right, bottom)], 1.2, GREY);
    for (curve, colour) in curves.iter().zip(SERIES).rev() {
        let name = name(result, curve);
        let words = format!("{}: {}", curve.scenario.name, in_words(&curve.samples));
        if let Some(points) = steps(&curve.samples, &x_axis, y) {
            picture.datum(&name, words, |picture| picture.line(points, 2.2, colour));
        }
    }
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL, "over within (logarithmic)");
    legend(&mut picture, result, &curves, right + 28.0, top);
    for curve in &curves {
        picture.description.push(format!("{}: {}", curve.scenario.name, in_words(&curve.samples)));
    }
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
}

/// What tells a curve from the others.
fn name(result: &ExperimentResult, curve: &Curve<'_>) -> String {
    let role = aggregate::role(result, curve.scenario).map(|_| aggregate::role_word(result, curve.scenario));
    let settings = finding::settings(result, curve.scenario);
    let name = role.map_or(settings.clone(), |role| format!("{role}: {settings}"));
    if curve.alike == 0 { name } else { format!("{name}, and {} alike", curve.alike) }
}

/// Half and nearly all of them, of the first curve and of the baseline's.
fn title(result: &ExperimentResult, curves: &[Curve<'_>], kind: &Kind) -> String {
    let span = |samples: &Samples, p| samples.quantile(p).map_or("no end".to_owned(), format::duration);
    let Some(first) = curves.first() else { return String::new() };
    let (half, most) = (span(&first.samples, 0.5), span(&first.samples, 0.95));
    let mut title = format!("{} within {half}, 95 % within {most}", kind.half);
    let is_baseline = |curve: &&Curve<'_>| Some(&curve.scenario.name) == result.baseline.as_ref();
    if let Some(baseline) = curves.iter().skip(1).find(is_baseline) {
        let (half, most) = (span(&baseline.samples, 0.5), span(&baseline.samples, 0.95));
        title += &format!("; in the baseline {half} and {most}");
        // What is avoided is in no curve: the few that are left may look slower.
        let times = all(&baseline.samples) / all(&first.samples).max(1.0);
        if times >= MANY_MORE {
            title += &format!(", of {} times as many", format::significant(times, 2));
        }
    } else if let Some(slowest) = curves.iter().skip(1).max_by(|a, b| length(a).total_cmp(&length(b))) {
        let (half, most) = (span(&slowest.samples, 0.5), span(&slowest.samples, 0.95));
        title += &format!("; {half} and {most} with {}", finding::settings(result, slowest.scenario));
    }
    title
}

/// So many times as many are worth a word.
const MANY_MORE: f64 = 1.5;

fn all(samples: &Samples) -> f64 {
    (samples.count + samples.censored) as f64
}

fn length(curve: &Curve<'_>) -> f64 {
    curve.samples.quantile(0.95).unwrap_or(f64::INFINITY)
}

fn lead(curves: &[Curve<'_>], what: &str) -> String {
    let censored: u64 = curves.iter().map(|curve| curve.samples.censored).sum();
    let mut text = format!("{what}: the share that is over within a time. A curve further left is quicker.");
    if curves.iter().any(|curve| curve.alike > 0) {
        text += " Scenarios whose curves would lie on each other share one.";
    }
    if censored > 0 {
        let _ = write!(text, " {} without an end keep their curves from reaching the top.", format::whole(censored));
    }
    text
}

fn in_words(samples: &Samples) -> String {
    let quantile = |p: f64| samples.quantile(p).map_or("no end".to_owned(), format::duration);
    if samples.count == 0 {
        return "none".to_owned();
    }
    let count = format::whole(samples.count);
    format!("{count}, half within {}, 95 % within {}, 99 % within {}", quantile(0.5), quantile(0.95), quantile(0.99))
}

/// The distribution function as a staircase; `None` without samples.
fn steps(samples: &Samples, x: &Axis, y: impl Fn(f64) -> f64) -> Option<Vec<(f64, f64)>> {
    let total = (samples.count + samples.censored) as f64;
    let first = samples.histogram.first()?;
    let mut points = vec![(x.at(first.0), y(0.0))];
    let mut seen = 0;
    for &(secs, n) in &samples.histogram {
        let before = seen as f64 / total;
        seen += n;
        let at = x.at(samples.max.map_or(secs, |max| secs.min(max)));
        points.extend([(at, y(before)), (at, y(seen as f64 / total))]);
    }
    Some(simplify_polyline(&points))
}

fn legend(picture: &mut Picture, result: &ExperimentResult, curves: &[Curve<'_>], x: f64, top: f64) {
    let mut y = top + 10.0;
    for (curve, colour) in curves.iter().zip(SERIES) {
        let name = name(result, curve);
        picture.key(&name, |picture| {
            picture.line(vec![(x, y - 4.0), (x + 20.0, y - 4.0)], 3.0, colour);
            for line in font::wrap_lines(&name, BODY.size, false, picture.right() - x - 28.0, 4) {
                picture.text(x + 28.0, y, Anchor::Left, BODY, line);
                y += 15.0;
            }
        });
        let samples = &curve.samples;
        let quantiles = match (samples.quantile(0.5), samples.quantile(0.95)) {
            (Some(p50), Some(p95)) => format!("50 %: {} · 95 %: {}", format::duration(p50), format::duration(p95)),
            (Some(p50), None) => format!("50 %: {} · 95 %: no end", format::duration(p50)),
            (None, _) => "most have no end".to_owned(),
        };
        for line in [quantiles, format!("{} in all", format::whole(samples.count + samples.censored))] {
            picture.text(
                x + 28.0,
                y,
                Anchor::Left,
                SMALL,
                font::fit(&line, SMALL.size, false, picture.right() - x - 28.0),
            );
            y += 15.0;
        }
        y += 9.0;
    }
    picture.reach(y);
}
