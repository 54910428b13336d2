//! What one operation costs over a number that varies: failed requests of a rollout against the seconds of its preStop sleep.

use crate::durations;
use crate::report::charts::axis::{Axis, Range, Unit};
use crate::report::charts::encoding::{mark, ring};
use crate::report::charts::font;
use crate::report::charts::frame::{self, BODY, MARGIN, SMALL};
use crate::report::charts::palette::{Colour, GREEN, GREY, PAPER, SERIES};
use crate::report::charts::picture::{Anchor, Picture};
use crate::report::charts::sheet::Sheet;
use crate::report::format;
use crate::report::labels::{Column, Labels};
use crate::report::ranking;
use crate::results::{Attribution, Estimate, ExperimentResult};
use crate::study::Metric;
use crate::time::Duration;
use serde_json::Value;

const HEIGHT: f64 = 400.0;
/// What stands below it.
const BELOW: f64 = 40.0;
const RADIUS: f64 = 5.0;
/// A whisker may reach so many times below its point; the rest is cut.
const TAIL: f64 = 10.0;

/// A curve: the scenarios that differ in the number only.
struct Curve {
    name: String,
    colour: Colour,
    /// The number, what one costs then, and the scenario.
    points: Vec<(f64, Estimate, usize)>,
}

/// `None` unless a number varies and there is an operation.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let name = result.scenarios.first()?.operations.iter().next()?.0;
    let labels = Labels::of(result);
    let (key, values) = number(result, &labels)?;
    let curves = curves(result, name, &labels, key, &values);
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let range = Range::of(all().flat_map(|(_, each, _)| {
        if each.bound { [each.high; 2] } else { [each.low.max(each.mean / TAIL), each.high] }
    }))?;
    let most = all().map(|point| point.0).fold(0.0, f64::max);

    let recommended = ranking::recommended(result).map(|one| one.name.as_str());
    let is_recommended = |scenario: usize| Some(result.scenarios[scenario].name.as_str()) == recommended;
    let mut picture = Picture::on(sheet);
    let column = &labels.columns[key];
    let y = frame::head(&mut picture, &finding(name, column, &curves, &is_recommended), &lead(name));
    picture.text(
        MARGIN,
        y + 4.0,
        Anchor::Left,
        SMALL.bold(),
        format!("failed requests of one {name} (less is better)"),
    );
    let top = y + 16.0;
    let (left, right, bottom) =
        (MARGIN + 70.0, picture.right() - sheet.legend() - 28.0, top + sheet.area(HEIGHT, top + BELOW));
    let mut x_axis = Axis::linear(Unit::Number, most, left + 12.0, right);
    x_axis.ticks = ticks(&x_axis, all().map(|point| point.0));
    let is_log = range.is_wide();
    let y_axis = if is_log {
        Axis::log(Unit::Time, Range { low: range.low / 1.3, ..range }, bottom, top)
    } else {
        Axis::linear(Unit::Time, range.high, bottom, top)
    };
    frame::vertical_grid(&mut picture, &x_axis, top, bottom);
    frame::horizontal_grid(&mut picture, &y_axis, left, right);
    picture.line(vec![(left, top), (left, bottom), (right, bottom)], 1.2, GREY);
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL.bold(), column.key.clone());
    for curve in &curves {
        let places: Vec<(f64, f64)> =
            curve.points.iter().map(|(x, each, _)| (x_axis.at(*x), y_axis.at(seen(each)))).collect();
        // What is only known not to be more is joined to nothing.
        let ends = curve.points.iter().zip(&places);
        let joined = ends.clone().zip(ends.skip(1)).filter(|((one, _), (next, _))| !one.1.bound && !next.1.bound);
        for ((_, from), (_, to)) in joined {
            picture.key(&curve.name, |picture| picture.line(vec![*from, *to], 2.0, curve.colour.faint(0.55)));
        }
        for ((_, each, scenario), at) in curve.points.iter().zip(places) {
            let words =
                format!("{}: one {name} costs {}", result.scenarios[*scenario].name, format::span_with_error(each));
            let is_baseline = result.baseline.as_ref() == Some(&result.scenarios[*scenario].name);
            if is_recommended(*scenario) {
                picture.disc(at, 3.0 * RADIUS, GREEN.faint(0.25));
                picture.text(
                    at.0 + 3.4 * RADIUS,
                    at.1 + 4.0,
                    Anchor::Left,
                    SMALL.bold().coloured(GREEN),
                    "recommended",
                );
            }
            picture.datum(&curve.name, words, |picture| {
                point(picture, each, at, &y_axis, curve.colour, is_baseline);
            });
        }
    }
    let has_bound = all().any(|(_, each, _)| each.bound);
    let ends: Vec<f64> = curves.iter().filter_map(|curve| Some(y_axis.at(seen(&curve.points.last()?.1)))).collect();
    let end = legend(&mut picture, &curves, &ends, (right + 16.0, top));
    notes(&mut picture, result, &curves, (is_log, has_bound), (right + 30.0, end + 24.0));
    for (_, each, scenario) in all() {
        let scenario = &result.scenarios[*scenario];
        picture.description.push(format!("{}: {}", scenario.name, format::span_with_error(each)));
    }
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
}

/// Where the points are, as far as their labels have room.
fn ticks(axis: &Axis, values: impl Iterator<Item = f64>) -> Vec<(f64, String)> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let mut free = f64::NEG_INFINITY;
    let labelled = values.into_iter().map(|value| (value, format::significant(value, 3)));
    labelled
        .filter(|(value, label)| {
            let half = font::width(label, SMALL.size, false) / 2.0;
            let fits = axis.at(*value) - half > free;
            if fits {
                free = axis.at(*value) + half + 5.0;
            }
            fits
        })
        .collect()
}

/// The column with the most values, all of them numbers or durations: at least three, as two are no curve.
fn number(result: &ExperimentResult, labels: &Labels) -> Option<(usize, Vec<f64>)> {
    if !labels.varied {
        return None;
    }
    let values_of = |column: &Column| -> Option<Vec<f64>> {
        result.scenarios.iter().map(|scenario| as_number(scenario.parameters.get(&column.key)?)).collect()
    };
    let distinct = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values.len()
    };
    let numbers = labels.columns.iter().enumerate().filter_map(|(i, column)| Some((i, values_of(column)?)));
    let most = numbers.rev().max_by_key(|(_, values)| distinct(values))?;
    (distinct(&most.1) > 2).then_some(most)
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        // Without a sleep there is none.
        Value::Null => Some(0.0),
        Value::String(text) => durations::parse(text).ok().map(Duration::as_secs_f64),
        other => other.as_f64().filter(|number| *number >= 0.0),
    }
}

fn curves(result: &ExperimentResult, name: &str, labels: &Labels, key: usize, values: &[f64]) -> Vec<Curve> {
    let rest = |scenario: usize| {
        let columns = labels.columns.iter().enumerate().filter(|(i, _)| *i != key);
        columns.map(|(_, column)| column.cells[scenario].as_str()).collect::<Vec<_>>().join(" · ")
    };
    let mut curves: Vec<Curve> = Vec::new();
    for (number, scenario) in result.scenarios.iter().enumerate() {
        let operation = scenario.operations.iter().find(|(other, _)| *other == name);
        let Some(each) = operation.and_then(|(_, operation)| operation.failed_request_s_each) else { continue };
        let name = rest(number);
        let place = curves.iter().position(|curve| curve.name == name).unwrap_or_else(|| {
            let colour = SERIES[curves.len() % SERIES.len()];
            curves.push(Curve { name, colour, points: Vec::new() });
            curves.len() - 1
        });
        curves[place].points.push((values[number], each, number));
    }
    curves.iter_mut().for_each(|curve| curve.points.sort_by(|a, b| a.0.total_cmp(&b.0)));
    curves
}

/// Where the point lies: of a bound, at the bound.
fn seen(each: &Estimate) -> f64 {
    if each.bound { each.high } else { each.mean }
}

/// A point with its interval, or open and with an arrow for a bound.
fn point(picture: &mut Picture, each: &Estimate, (x, y): (f64, f64), axis: &Axis, colour: Colour, ringed: bool) {
    if each.bound {
        picture.line(vec![(x, y), (x, y + 16.0)], 1.4, colour);
        picture.area(vec![(x, y + 20.0), (x - 3.2, y + 14.0), (x + 3.2, y + 14.0)], colour);
    } else {
        let (low, high) = (axis.at(each.low), axis.at(each.high));
        picture.line(vec![(x, low), (x, high)], 1.6, colour);
        if low - high > 2.0 * RADIUS + 4.0 {
            for end in [low, high] {
                picture.line(vec![(x - 3.0, end), (x + 3.0, end)], 1.6, colour);
            }
        }
    }
    if ringed {
        ring(picture, (x, y), RADIUS);
    }
    mark(picture, 0, (x, y), RADIUS, colour);
    if each.bound {
        mark(picture, 0, (x, y), RADIUS * 0.58, PAPER);
    }
}

/// The names of the curves at their ends, where there is more than one; returns where they end.
fn legend(picture: &mut Picture, curves: &[Curve], ends: &[f64], (x, top): (f64, f64)) -> f64 {
    if curves.len() < 2 {
        return top;
    }
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by(|&a, &b| ends[a].total_cmp(&ends[b]));
    let mut y = top;
    for at in order {
        let curve = &curves[at];
        let lines = font::wrap(&curve.name.replace('-', "- "), BODY.size, false, picture.right() - x - 16.0);
        let mut line_y = y.max(ends[at] + 4.0);
        picture.key(&curve.name, |picture| {
            mark(picture, 0, (x + 5.0, line_y - 4.0), RADIUS, curve.colour);
            for line in lines {
                let line = line.replace("- ", "-");
                picture.text(x + 16.0, line_y, Anchor::Left, BODY.coloured(curve.colour), line);
                line_y += 15.0;
            }
        });
        y = line_y + 4.0;
    }
    y
}

/// What else a reader must know, under the names.
fn notes(
    picture: &mut Picture,
    result: &ExperimentResult,
    curves: &[Curve],
    (is_log, has_bound): (bool, bool),
    (x, y): (f64, f64),
) {
    let notes = [
        is_log.then(|| "the axis is logarithmic".to_owned()),
        has_bound.then(|| "open, with an arrow: none was seen to fail a request; it costs at most so much".to_owned()),
        result.baseline.as_ref().map(|_| "ring: the baseline".to_owned()),
        rises(result, curves),
    ];
    let mut y = y;
    for note in notes.into_iter().flatten() {
        for line in font::wrap(&note, SMALL.size, false, picture.right() - x) {
            picture.text(x, y, Anchor::Left, SMALL, line);
            y += 15.0;
        }
        y += 5.0;
    }
    picture.reach(y + 6.0);
}

/// A part of a rise that explains it.
const MUCH: f64 = 0.25;

/// The point that costs the least.
fn least(curve: &Curve) -> Option<&(f64, Estimate, usize)> {
    curve.points.iter().min_by(|a, b| seen(&a.1).total_cmp(&seen(&b.1)))
}

/// Curves that surely rise after their least, and in which phase more is charged then.
fn rises(result: &ExperimentResult, curves: &[Curve]) -> Option<String> {
    let of = |curve: &Curve| {
        let least = least(curve)?;
        let later =
            curve.points.iter().filter(|point| point.0 > least.0 && point.1.low > least.1.high && !point.1.bound);
        let most = later.max_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?;
        let parts = |scenario: usize| result.scenarios[scenario].attribution_of(Metric::FailedRequests);
        let before = |phase| -> f64 {
            parts(least.2).iter().filter(|part| part.phase == phase).map(|part| part.s_per_year).sum()
        };
        // Of those that grow much, the one that was the least before: it is what is new.
        let grown = |part: &&Attribution| part.s_per_year - before(part.phase);
        let all: f64 = parts(most.2).iter().map(|part| grown(&part)).sum();
        let new = parts(most.2).iter().filter(|part| grown(part) > MUCH * all);
        let phase = new.min_by(|a, b| before(a.phase).total_cmp(&before(b.phase)))?.phase;
        Some((least.0, phase?.in_words()))
    };
    let mut rising = curves.iter().filter_map(|curve| Some((&curve.name, of(curve)?)));
    let (first, (least, phase)) = rising.next()?;
    let others: Vec<&String> =
        rising.filter(|(_, other)| *other == (least, phase.clone())).map(|(name, _)| name).collect();
    let names = std::iter::once(first).chain(others).cloned().collect::<Vec<_>>().join(", ");
    Some(format!(
        "{names}: more again after {}, beyond chance; what is new is charged to phase “{phase}”",
        format::significant(least, 3)
    ))
}

/// What the picture says, as its title: from what to what the number brings one, and where the least is of the curve that stays highest.
fn finding(name: &str, column: &Column, curves: &[Curve], is_recommended: &dyn Fn(usize) -> bool) -> String {
    let chosen = |curve: &&Curve| curve.points.iter().any(|point| is_recommended(point.2));
    let Some(curve) = curves.iter().find(chosen).or(curves.first()) else { return String::new() };
    let amount =
        |each: &Estimate| format!("{}{}", if each.bound { "at most " } else { "" }, format::duration(seen(each)));
    let recommended = curve.points.iter().find(|point| is_recommended(point.2));
    let (Some(first), Some(best)) = (curve.points.first(), recommended.or_else(|| least(curve))) else {
        return String::new();
    };
    let with = |curve: &Curve| if curves.len() > 1 { format!(" with {}", curve.name) } else { String::new() };
    let at = |x: f64| format::significant(x, 3);
    let title = if best.0 > first.0 {
        format!(
            "{} {} brings one {name} from {} of failed requests to {}{}",
            column.short_key,
            at(best.0),
            amount(&first.1),
            amount(&best.1),
            with(curve)
        )
    } else {
        format!(
            "One {name} costs the least, {}, at {} {}{}",
            amount(&best.1),
            column.short_key,
            at(best.0),
            with(curve)
        )
    };
    let others =
        curves.iter().filter(|other| other.name != curve.name).filter_map(|other| Some((other, least(other)?)));
    match others.max_by(|a, b| seen(&a.1.1).total_cmp(&seen(&b.1.1))) {
        Some((other, least)) => {
            format!("{title}; with {} the least is {}, at {}", other.name, amount(&least.1), at(least.0))
        }
        None => title,
    }
}

fn lead(name: &str) -> String {
    format!(
        "Failed requests that are charged to a {name}, each time, as time of full traffic: mean and its interval. A curve joins \
         scenarios that differ in nothing else."
    )
}
