//! What faster detection costs: detection time against needless reactions, where settings of probes vary.

use super::axis::{Axis, Range, Unit};
use super::font;
use super::frame::{self, BODY, MARGIN, RIGHT, SMALL};
use super::palette::{Colour, GREY, PAPER};
use super::picture::{Anchor, Picture};
use super::place::{self, Box};
use super::series::{self, Series};
use crate::experiment::{Detection, Estimate, ExperimentResult, ScenarioResult};
use crate::report::human;
use crate::report::labels::Labels;
use crate::report::merged::Samples;

const HEIGHT: f64 = 430.0;
const LEGEND: f64 = 210.0;

struct Point {
    scenario: usize,
    detection: f64,
    false_positives: Estimate,
}

/// A point per scenario. `None` unless settings of probes vary and something was detected.
pub fn draw(result: &ExperimentResult) -> Option<Picture> {
    let probes_vary = result.varied.iter().any(|key| key.to_lowercase().contains("probe"));
    if !probes_vary || result.scenarios.len() < 2 {
        return None;
    }
    let faults = seen_by_probes(result);
    let points: Vec<Point> = result.scenarios.iter().enumerate().filter_map(|(i, s)| point(i, s, &faults)).collect();
    let x_range = Range::of(points.iter().map(|p| shown(&p.false_positives)))?;
    let y_range = Range::of(points.iter().map(|p| p.detection))?;

    let labels = Labels::of(result);
    let (series, shape_column) = encoding(&labels, &points);
    let mut picture = Picture::new(frame::WIDTH);
    let y = frame::head(&mut picture, "What does faster detection cost?", &lead(&faults, &points));
    picture.text(MARGIN, y + 4.0, Anchor::Left, SMALL.bold(), "mean detection time");
    let top = y + 16.0;
    let (left, right, bottom) = (MARGIN + 70.0, RIGHT - LEGEND - 28.0, top + HEIGHT);
    let x_axis = x_axis(&points, x_range, left, right);
    let y_axis = if y_range.is_wide() {
        Axis::log(Unit::Time, y_range, bottom, top)
    } else {
        Axis::linear(Unit::Time, y_range.high, bottom, top)
    };
    frame::vertical_grid(&mut picture, &x_axis, top, bottom);
    frame::horizontal_grid(&mut picture, &y_axis, left, right);
    picture.line(vec![(left, top), (left, bottom), (right, bottom)], 1.2, GREY);
    let unit = if x_axis.is_log() { "needless reactions a year (logarithmic)" } else { "needless reactions a year" };
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL, unit);

    let shape_of = |scenario: usize| {
        shape_column.map_or(0, |column| {
            let column = &labels.columns[column];
            series::distinct(column).iter().position(|value| **value == column.cells[scenario]).unwrap_or(0)
        })
    };
    for p in &points {
        let (x, y) = (x_axis.at(shown(&p.false_positives)), y_axis.at(p.detection));
        let colour = series.colours[p.scenario];
        let words = format!(
            "{}: detected after {} on average, {} needless reactions a year",
            result.scenarios[p.scenario].name,
            human::duration(p.detection),
            human::count_with_interval(&p.false_positives),
        );
        picture.datum(series.name(p.scenario), words, |picture| {
            if p.false_positives.bound {
                picture.line(vec![(x, y), (x - 18.0, y)], 1.4, colour);
                picture.area(vec![(x - 22.0, y), (x - 16.0, y - 3.2), (x - 16.0, y + 3.2)], colour);
            } else {
                let (low, high) = (x_axis.at(p.false_positives.low), x_axis.at(p.false_positives.high));
                picture.line(vec![(low, y), (high, y)], 1.2, colour.faint(0.55));
            }
            mark(picture, shape_of(p.scenario), (x, y), 5.5, colour);
            if p.false_positives.bound {
                mark(picture, shape_of(p.scenario), (x, y), 3.2, PAPER);
            }
        });
    }
    let places: Vec<(f64, f64)> =
        points.iter().map(|p| (x_axis.at(shown(&p.false_positives)), y_axis.at(p.detection))).collect();
    let bar = |p: &Point, &(x, y): &(f64, f64)| {
        let left = if p.false_positives.bound { x - 22.0 } else { x_axis.at(p.false_positives.low) };
        (left, y - 2.0, if p.false_positives.bound { x } else { x_axis.at(p.false_positives.high) }, y + 2.0)
    };
    let bars: Vec<Box> = points.iter().zip(&places).map(|(p, at)| bar(p, at)).collect();
    let names: Vec<(String, (f64, f64))> =
        points.iter().zip(&places).map(|(p, &at)| (labels.short(p.scenario), at)).collect();
    place::names(&mut picture, &names, bars, (left, top, right, bottom));
    legend(&mut picture, &labels, &series, shape_column, (right + 30.0, top));
    for p in &points {
        picture.description.push(format!(
            "{}: detection {}, needless reactions {} a year",
            result.scenarios[p.scenario].name,
            human::duration(p.detection),
            human::count(&p.false_positives),
        ));
    }
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
}

/// Container faults that only probes notice: an exit is seen without them. All faults if there are none of these.
fn seen_by_probes(result: &ExperimentResult) -> Vec<&str> {
    let noticed = |strikes: &str| strikes.contains("container") && !strikes.contains("crash");
    let some: Vec<&str> = result.faults.iter().filter(|f| noticed(&f.strikes)).map(|f| f.name.as_str()).collect();
    if some.is_empty() { result.faults.iter().map(|f| f.name.as_str()).collect() } else { some }
}

fn point(i: usize, scenario: &ScenarioResult, faults: &[&str]) -> Option<Point> {
    let of_faults = scenario.detection_s.iter().filter(|(fault, _)| faults.contains(fault));
    let detections: Vec<&Detection> = of_faults.map(|(_, detection)| detection).collect();
    let weighted = |d: &&Detection| d.times.mean.map(|mean| (mean * d.times.count as f64, d.times.count));
    let (sum, count) = detections.iter().filter_map(weighted).fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let detection =
        if count > 0 { sum / count as f64 } else { Samples::of(detections.iter().map(|d| &d.times)).mean()? };
    let fp = &scenario.false_positives_per_year;
    Some(Point { scenario: i, detection, false_positives: sum_of(&[fp.readiness, fp.liveness, fp.startup]) })
}

/// The sum of estimates. The half-widths of what was seen are added, which is never too narrow.
fn sum_of(parts: &[Estimate]) -> Estimate {
    let seen: Vec<&Estimate> = parts.iter().filter(|e| !e.bound).collect();
    if seen.is_empty() {
        let high = parts.iter().map(|e| e.high).fold(0.0, f64::max);
        return Estimate { mean: 0.0, low: 0.0, high, bound: true };
    }
    let sum = |of: fn(&Estimate) -> f64| seen.iter().map(|e| of(e)).sum::<f64>();
    Estimate { mean: sum(|e| e.mean), low: sum(|e| e.low), high: sum(|e| e.high), bound: false }
}

fn shown(e: &Estimate) -> f64 {
    if e.bound { e.high } else { e.mean }
}

fn x_axis(points: &[Point], range: Range, left: f64, right: f64) -> Axis {
    if range.is_wide() {
        // Room for the arrow of a bound at the left.
        Axis::log(Unit::Number, Range { low: range.low / 1.4, ..range }, left, right)
    } else {
        let high = points.iter().map(|p| p.false_positives.high).fold(range.high, f64::max);
        Axis::linear(Unit::Number, high, left, right)
    }
}

/// Colour by the key that moves the detection most, shape by another with few values.
fn encoding(labels: &Labels, points: &[Point]) -> (Series, Option<usize>) {
    let mut measure = vec![None; labels.columns[0].cells.len()];
    for p in points {
        measure[p.scenario] = Some(p.detection.max(1e-9).ln());
    }
    let varying = |i: usize| series::distinct(&labels.columns[i]).len() > 1;
    let columns: Vec<usize> = (0..labels.columns.len()).filter(|&i| labels.varied && varying(i)).collect();
    let by_column = |i: usize| series::distinct(&labels.columns[i]).len() <= 8;
    let mut series = Series::of(labels, &measure);
    if series.column.is_none()
        && let Some(&first) = columns.iter().find(|&&i| by_column(i))
    {
        series = Series::by_column(labels, first);
    }
    let few = |i: &usize| Some(*i) != series.column && series::distinct(&labels.columns[*i]).len() <= SHAPES;
    let moves = |i: usize| series::explained(&labels.columns[i], &measure).unwrap_or(0.0);
    // The last of equals is what max_by takes: reversed, the first in the file.
    let others = columns.iter().copied().filter(few).rev();
    let shape = series.column.and_then(|_| others.max_by(|&a, &b| moves(a).total_cmp(&moves(b))));
    (series, shape)
}

const SHAPES: usize = 6;

/// Disc, square, triangle, diamond, triangle downwards, cross.
fn mark(picture: &mut Picture, shape: usize, (x, y): (f64, f64), r: f64, colour: Colour) {
    let corners: &[(f64, f64)] = match shape % SHAPES {
        0 => return picture.disc((x, y), r, colour),
        1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        2 => &[(0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)],
        3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        4 => &[(0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)],
        _ => {
            for (w, h) in [(1.25, 0.42), (0.42, 1.25)] {
                picture.rectangle(x - w * r, y - h * r, 2.0 * w * r, 2.0 * h * r, colour);
            }
            return;
        }
    };
    picture.area(corners.iter().map(|(dx, dy)| (x + dx * r, y + dy * r)).collect(), colour);
}

fn lead(faults: &[&str], points: &[Point]) -> String {
    let mut text = format!(
        "Mean time from a fault to the first reaction, over {}, against needless reactions: probes that withdraw or kill \
         what serves, or would have served again. Best is the lower left corner.",
        faults.join(", ")
    );
    if points.iter().any(|p| p.false_positives.bound) {
        text += " An open mark with an arrow is an upper bound: none was seen.";
    }
    text
}

fn legend(picture: &mut Picture, labels: &Labels, series: &Series, shape: Option<usize>, (x, top): (f64, f64)) {
    let width = RIGHT - x;
    let title = |picture: &mut Picture, y: &mut f64, text: &str| {
        for line in text.split(" · ").flat_map(|key| font::wrap_key(key, SMALL.size, true, width)) {
            picture.text(x, *y, Anchor::Left, SMALL.bold(), line);
            *y += 15.0;
        }
        *y += 5.0;
    };
    let mut y = top + 10.0;
    let colour_title = series.column.map_or(series.title.clone(), |c| labels.columns[c].short_key.clone());
    title(picture, &mut y, &colour_title);
    for (colour, name) in &series.legend {
        picture.key(name, |picture| {
            mark(picture, 0, (x + 6.0, y - 4.0), 5.5, *colour);
            picture.text(x + 20.0, y, Anchor::Left, BODY, font::fit(name, BODY.size, false, width - 20.0));
        });
        y += 20.0;
    }
    if let Some(column) = shape.map(|c| &labels.columns[c]) {
        y += 12.0;
        title(picture, &mut y, &column.short_key);
        for (k, value) in series::distinct(column).into_iter().enumerate() {
            mark(picture, k, (x + 6.0, y - 4.0), 5.5, GREY);
            picture.text(x + 20.0, y, Anchor::Left, BODY, font::fit(value, BODY.size, false, width - 20.0));
            y += 20.0;
        }
    }
    if labels.columns.len() > 1 {
        y += 12.0;
        for line in font::wrap(&format!("labels: {}", labels.short_keys()), SMALL.size, false, width) {
            picture.text(x, y, Anchor::Left, SMALL, line);
            y += 15.0;
        }
    }
    picture.reach(y);
}
