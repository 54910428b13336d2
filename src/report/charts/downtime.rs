//! How much downtime and how many failed requests a year, scenario by scenario, against the objective.

use std::fmt::Write as _;

use super::axis::{Axis, Range, Unit};
use super::font;
use super::frame::{self, BODY, MARGIN, RIGHT, Rows, SMALL};
use super::palette::{BLUE, Colour, GREY, PAPER, PURPLE, VERMILION};
use super::picture::{Anchor, Picture};
use crate::report::aggregate::{self, Role};
use crate::report::format;
use crate::report::labels::Labels;
use crate::report::period::Period;
use crate::results::{Estimate, ExperimentResult, ScenarioResult};
use crate::study::Metric;

const ROW: f64 = 27.0;
/// The two series.
const DOWNTIME: &str = "downtime";
const FAILED: &str = "failed requests";

/// A row per scenario: a disc for downtime, a diamond for failed requests, with their intervals.
pub fn draw(result: &ExperimentResult) -> Picture {
    let mut picture = Picture::new(frame::WIDTH);
    let labels = Labels::of(result);
    let rows = Rows::of(&labels, 420.0);
    let columns = ValueColumns::of(result);
    let (left, right) = (rows.right + 14.0, RIGHT - columns.width() - 18.0);

    let axis = axis(result, left, right);
    let period = Period::of(result);
    let each = period.each();
    let slo = result.objective.slo.map(|slo| (slo, period.budget(slo)));
    let mut y = frame::head(
        &mut picture,
        &if result.each_alone {
            format!("How much downtime has each Deployment {each}, and how many failed requests?")
        } else {
            format!("How much downtime {each}, and how many failed requests?")
        },
        &lead(result, slo, &axis),
    );
    y = legend(&mut picture, y, result);

    let top = y + rows.head.max(14.0) + 16.0;
    let bottom = top + ROW * result.scenarios.len() as f64 + 4.0;
    for (i, _) in result.scenarios.iter().enumerate() {
        frame::band(&mut picture, i, top + ROW * i as f64 + 2.0, ROW);
    }
    rows.write_head(&mut picture, top);
    columns.write_head(&mut picture, top);
    frame::vertical_grid(&mut picture, &axis, top, bottom);
    if let Some((slo, allowed)) = slo.filter(|(_, allowed)| axis.holds(*allowed)) {
        let x = axis.at(allowed);
        picture.dashes((x, top - 4.0), (x, bottom), 1.6, PURPLE);
        let text = format!("SLO {}: {}", format::plain_percent(slo), format::duration(allowed));
        let half = font::width(&text, SMALL.size, true) / 2.0;
        let middle = x.clamp(left + half - 10.0, (right - half + 10.0).max(left + half));
        picture.text(middle, top - 9.0, Anchor::Middle, SMALL.bold().coloured(PURPLE), text);
    }

    let baseline = result.baseline.as_deref();
    for (i, scenario) in result.scenarios.iter().enumerate() {
        let middle = top + ROW * (i as f64 + 0.5) + 2.0;
        rows.write(&mut picture, i, middle, baseline == Some(scenario.name.as_str()));
        let marks: [(&str, &Estimate, f64, Colour, Shape); 2] = [
            (DOWNTIME, &scenario.estimates[Metric::Downtime], middle - 5.0, BLUE, disc),
            (FAILED, &scenario.estimates[Metric::FailedRequests], middle + 5.0, VERMILION, diamond),
        ];
        for (series, estimate, y, colour, shape) in marks {
            let words = format!("{}: {} of {series} {each}", scenario.name, format::with_interval(estimate));
            picture.datum(series, words, |picture| interval(picture, &axis, estimate, y, colour, shape));
        }
        columns.write(&mut picture, i, middle);
        picture.description.push(format!(
            "{}: {} of downtime, {} of failed requests {each}",
            scenario.name,
            format::span_with_error(&scenario.estimates[Metric::Downtime]),
            format::span_with_error(&scenario.estimates[Metric::FailedRequests]),
        ));
    }
    let unit = format!("time {each}{}", if axis.is_log() { ", logarithmic" } else { "" });
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL, unit);
    frame::foot(&mut picture, result, bottom + 40.0);
    picture
}

fn estimates(result: &ExperimentResult) -> impl Iterator<Item = &Estimate> {
    result
        .scenarios
        .iter()
        .flat_map(|s: &ScenarioResult| [&s.estimates[Metric::Downtime], &s.estimates[Metric::FailedRequests]])
}

fn axis(result: &ExperimentResult, left: f64, right: f64) -> Axis {
    let value = |e: &Estimate| if e.bound { e.high } else { e.mean };
    let values = Range::of(estimates(result).map(value)).unwrap_or(Range { low: 1.0, high: 60.0 });
    // The ends of intervals, as far as they do not squeeze the values.
    let lows = estimates(result).map(|e| e.low).filter(|low| *low > values.low / 4.0);
    let mut range =
        Range::of(lows.chain(estimates(result).map(|e| e.high)).chain([values.low, values.high])).unwrap_or(values);
    let allowed = result.objective.slo.map(|slo| Period::of(result).budget(slo)).filter(|allowed| *allowed > 0.0);
    if let Some(allowed) = allowed.filter(|a| *a < range.high * 30.0 && *a > range.low / 30.0) {
        range = Range { low: range.low.min(allowed), high: range.high.max(allowed) };
    }
    if range.is_wide() {
        // Bounds are drawn as arrows to the left: leave them their length.
        Axis::log(Unit::Time, Range { low: range.low / 1.3, ..range }, left, right)
    } else {
        Axis::linear(Unit::Time, range.high, left, right)
    }
}

fn lead(result: &ExperimentResult, slo: Option<(f64, f64)>, axis: &Axis) -> String {
    let available = match (&result.objective.system, result.objective.min_serving) {
        (Some(_), _) if result.each_alone => {
            "as many Pods of a Deployment serve in rotation as are asked for".to_owned()
        }
        (Some(system), _) => format!("{system} serve in rotation"),
        (None, 1) => "at least 1 Pod serves in rotation".to_owned(),
        (None, least) => format!("at least {least} Pods serve in rotation"),
    };
    let mut text = format!(
        "Available means that {available}. Failed requests count as seconds of full traffic. Bars are {} intervals.",
        format::plain_percent(result.confidence),
    );
    if let Some((slo, allowed)) = slo {
        let what = if result.objective.metric == Metric::RequestSuccess { "failed requests" } else { "downtime" };
        if axis.holds(allowed) {
            let _ = write!(text, " The dashed line is what the SLO leaves for {what}.");
        } else {
            let (slo, allowed) = (format::plain_percent(slo), format::duration(allowed));
            let _ = write!(
                text,
                " The SLO of {slo} leaves {allowed} of {what} {}, outside this picture.",
                Period::of(result).each()
            );
        }
    }
    if result.baseline.is_some() && result.scenarios.len() > 1 {
        text += " The baseline is bold.";
    }
    text
}

fn legend(picture: &mut Picture, y: f64, result: &ExperimentResult) -> f64 {
    let y = y + 10.0;
    let mut x = MARGIN + 6.0;
    let any_bound = estimates(result).any(|e| e.bound);
    let mut entry = |picture: &mut Picture, shape: Shape, colour: Colour, name: &str| {
        picture.key(name, |picture| {
            shape(picture, (x, y - 4.0), 5.0, colour);
            picture.text(x + 12.0, y, Anchor::Left, BODY, name);
        });
        x += 12.0 + font::width(name, BODY.size, false) + 28.0;
    };
    entry(picture, disc, BLUE, DOWNTIME);
    entry(picture, diamond, VERMILION, FAILED);
    if any_bound {
        arrow(picture, x + 18.0, y - 4.0, GREY, disc);
        picture.text(x + 32.0, y, Anchor::Left, BODY, "nothing seen: an upper bound");
    }
    y + 12.0
}

/// Estimates in figures, at the right of the picture.
struct ValueColumns {
    downtime: Vec<String>,
    failed: Vec<String>,
    widths: (f64, f64),
}

impl ValueColumns {
    fn of(result: &ExperimentResult) -> Self {
        let texts = |of: fn(&ScenarioResult) -> &Estimate| -> Vec<String> {
            result.scenarios.iter().map(|s| format::span_with_error(of(s))).collect()
        };
        let widest = |texts: &[String], least: f64| {
            texts.iter().map(|t| font::width(t, SMALL.size, false)).fold(least, f64::max)
        };
        let downtime = texts(|s| &s.estimates[Metric::Downtime]);
        let failed = texts(|s| &s.estimates[Metric::FailedRequests]);
        let widths = (widest(&downtime, 66.0), widest(&failed, 98.0));
        Self { downtime, failed, widths }
    }

    fn width(&self) -> f64 {
        self.widths.0 + self.widths.1 + 18.0
    }

    fn write_head(&self, picture: &mut Picture, bottom: f64) {
        let y = bottom - 8.0;
        picture.text(RIGHT - self.widths.1 - 18.0, y, Anchor::Right, SMALL.bold().coloured(BLUE), "downtime");
        picture.text(RIGHT, y, Anchor::Right, SMALL.bold().coloured(VERMILION), "failed requests");
    }

    fn write(&self, picture: &mut Picture, i: usize, middle: f64) {
        let y = middle + 4.0;
        picture.text(RIGHT - self.widths.1 - 18.0, y, Anchor::Right, SMALL, self.downtime[i].clone());
        picture.text(RIGHT, y, Anchor::Right, SMALL, self.failed[i].clone());
    }
}

type Shape = fn(&mut Picture, (f64, f64), f64, Colour);

fn disc(picture: &mut Picture, at: (f64, f64), radius: f64, colour: Colour) {
    picture.disc(at, radius, colour);
}

fn diamond(picture: &mut Picture, (x, y): (f64, f64), radius: f64, colour: Colour) {
    let r = radius * 1.2;
    picture.area(vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)], colour);
}

/// A value with its interval, or an open mark with an arrow to the left for a bound.
fn interval(picture: &mut Picture, axis: &Axis, e: &Estimate, y: f64, colour: Colour, shape: Shape) {
    if e.bound {
        arrow(picture, axis.at(e.high), y, colour, shape);
        return;
    }
    let (low, high) = (axis.at(e.low), axis.at(e.high));
    picture.line(vec![(low, y), (high, y)], 1.6, colour);
    for (value, end) in [(e.low, low), (e.high, high)] {
        // An end outside the axis has no cap: the interval goes on.
        if axis.holds(value) && high - low > 10.0 {
            picture.line(vec![(end, y - 3.0), (end, y + 3.0)], 1.6, colour);
        }
    }
    shape(picture, (axis.at(e.mean), y), 4.0, colour);
}

/// An open mark at `x`, and from it an arrow to the left: the value lies there.
fn arrow(picture: &mut Picture, x: f64, y: f64, colour: Colour, shape: Shape) {
    let tip = x - 20.0;
    picture.line(vec![(x, y), (tip + 4.0, y)], 1.4, colour);
    picture.area(vec![(tip, y), (tip + 6.0, y - 3.2), (tip + 6.0, y + 3.2)], colour);
    shape(picture, (x, y), 4.2, colour);
    shape(picture, (x, y), 2.6, PAPER);
}

/// The scenario that the other charts show, for their leads.
pub fn shown_name(result: &ExperimentResult) -> String {
    match aggregate::shown(result) {
        Some(shown) if result.scenarios.len() > 1 => {
            let what = match aggregate::role(result, shown) {
                Some(Role::New) => "the new manifest",
                Some(Role::Recommended) => "the recommended scenario",
                Some(Role::Baseline) => "the baseline",
                None if result.each_alone => "the worst Deployment",
                None => "the first scenario",
            };
            format!("Shown is {what}, {}.", shown.name)
        }
        _ => String::new(),
    }
}
