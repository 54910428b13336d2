//! What one operation costs over a number that varies: failed requests of a rollout against the seconds of its preStop sleep.

use crate::durations;
use crate::report::charts::axis::{Axis, Range, Unit};
use crate::report::charts::encoding::{mark, ring};
use crate::report::charts::font;
use crate::report::charts::frame::{self, BODY, MARGIN, SMALL};
use crate::report::charts::palette::{Colour, GREY, PAPER, SERIES};
use crate::report::charts::picture::{Anchor, Picture};
use crate::report::charts::sheet::Sheet;
use crate::report::format;
use crate::report::labels::{Column, Labels};
use crate::results::{Estimate, ExperimentResult};
use crate::time::Duration;
use serde_json::Value;

const HEIGHT: f64 = 400.0;
/// What stands below it.
const BELOW: f64 = 40.0;
const LEGEND: f64 = 210.0;
const NARROW_LEGEND: f64 = 130.0;
const RADIUS: f64 = 5.0;
/// A whisker may reach so many times below its point; the rest is cut.
const TAIL: f64 = 10.0;

/// How wide it is.
fn legend_width(sheet: Sheet) -> f64 {
    if sheet.is_narrow() { NARROW_LEGEND } else { LEGEND }
}

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

    let mut picture = Picture::on(sheet);
    let column = &labels.columns[key];
    let y = frame::head(&mut picture, &finding(name, column, &curves), &lead(name));
    picture.text(
        MARGIN,
        y + 4.0,
        Anchor::Left,
        SMALL.bold(),
        format!("failed requests of one {name} (less is better)"),
    );
    let top = y + 16.0;
    let (left, right, bottom) =
        (MARGIN + 70.0, picture.right() - legend_width(sheet) - 28.0, top + sheet.area(HEIGHT, top + BELOW));
    let x_axis = Axis::linear(Unit::Number, most, left + 12.0, right);
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
            let scenario = &result.scenarios[*scenario];
            let words = format!("{}: one {name} costs {}", scenario.name, format::span_with_error(each));
            picture.datum(&curve.name, words, |picture| {
                point(picture, each, at, &y_axis, curve.colour, result.baseline.as_ref() == Some(&scenario.name));
            });
        }
    }
    let has_bound = all().any(|(_, each, _)| each.bound);
    let end = legend(&mut picture, &labels, key, &curves, (right + 30.0, top + 10.0));
    notes(&mut picture, result, is_log, has_bound, (right + 30.0, end + 14.0));
    for (_, each, scenario) in all() {
        let scenario = &result.scenarios[*scenario];
        picture.description.push(format!("{}: {}", scenario.name, format::span_with_error(each)));
    }
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
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

/// What the curves are, where there is more than one.
fn legend(picture: &mut Picture, labels: &Labels, key: usize, curves: &[Curve], (x, y): (f64, f64)) -> f64 {
    let mut y = y;
    if curves.len() < 2 {
        return y;
    }
    for (_, column) in labels.columns.iter().enumerate().filter(|(i, _)| *i != key) {
        for line in font::wrap_key(&column.short_key, SMALL.size, true, picture.right() - x) {
            picture.text(x, y, Anchor::Left, SMALL.bold(), line);
            y += 15.0;
        }
    }
    y += 5.0;
    for curve in curves {
        picture.key(&curve.name, |picture| {
            mark(picture, 0, (x + 7.0, y - 4.0), RADIUS, curve.colour);
            let mut line_y = y;
            for line in font::wrap(&curve.name, BODY.size, false, picture.right() - x - 22.0) {
                picture.text(x + 22.0, line_y, Anchor::Left, BODY, line);
                line_y += 15.0;
            }
            y = line_y + 5.0;
        });
    }
    y
}

/// What else a reader must know, under the legend.
fn notes(picture: &mut Picture, result: &ExperimentResult, is_log: bool, has_bound: bool, (x, y): (f64, f64)) {
    let notes = [
        is_log.then_some("the axis is logarithmic"),
        has_bound.then_some("open, with an arrow: none was seen to fail a request; it costs at most so much"),
        result.baseline.as_ref().map(|_| "ring: the baseline"),
    ];
    let mut y = y;
    for note in notes.into_iter().flatten() {
        for line in font::wrap(note, SMALL.size, false, picture.right() - x) {
            picture.text(x, y, Anchor::Left, SMALL, line);
            y += 15.0;
        }
        y += 5.0;
    }
    picture.reach(y + 6.0);
}

/// What is nearly all of a cost.
const NEARLY_ALL: f64 = 0.99;

/// What the picture says, as its title: what one costs at the first number, and the least number that saves nearly all of it.
fn finding(name: &str, column: &Column, curves: &[Curve]) -> String {
    const MOST: usize = 2;
    let of = |curve: &Curve| if curves.len() > 1 { format!(" ({})", curve.name) } else { String::new() };
    let enough = |curve: &Curve| {
        let first = curve.points.first().filter(|first| !first.1.bound)?;
        let saves = |point: &&(f64, Estimate, usize)| seen(&point.1) <= (1.0 - NEARLY_ALL) * first.1.mean;
        curve.points.iter().find(saves).map(|point| point.0)
    };
    let costs: Vec<String> = curves
        .iter()
        .take(MOST)
        .filter_map(|curve| {
            let first = curve.points.first()?;
            let at_most = if first.1.bound { "at most " } else { "" };
            Some(format!("{at_most}{}{}", format::duration(seen(&first.1)), of(curve)))
        })
        .collect();
    let saved: Vec<String> = curves
        .iter()
        .take(MOST)
        .filter_map(|curve| Some(format!("{}{}", format::significant(enough(curve)?, 3), of(curve))))
        .collect();
    let first = curves.first().and_then(|curve| curve.points.first()).map_or(0.0, |point| point.0);
    let costs = format!(
        "One {name} costs requests worth {} at {} {}",
        costs.join(", "),
        column.short_key,
        format::significant(first, 3)
    );
    if saved.is_empty() {
        costs
    } else {
        format!("{costs}; {} {} saves 99 % of it", column.short_key, saved.join(", "))
    }
}

fn lead(name: &str) -> String {
    format!(
        "Failed requests that are charged to a {name}, each time, as time of full traffic: mean and its interval. A curve joins \
         scenarios that differ in nothing else."
    )
}
