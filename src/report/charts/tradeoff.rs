//! What faster detection costs: detection time against needless reactions, where settings of probes vary.

use super::axis::{Axis, Range, Unit};
use super::encoding::{Encoding, RING, mark, ring_in};
use super::finding::settings;
use super::font;
use super::frame::{self, MARGIN, SMALL};
use super::label_placement::{self, Box};
use super::palette::{Colour, GREEN, GREY, INK, PAPER};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::aggregate::Samples;
use crate::report::format;
use crate::report::labels::Labels;
use crate::report::period::Period;
use crate::report::ranking;
use crate::results::{Detection, Estimate, ExperimentResult, ScenarioResult};
use crate::study::Metric;

const HEIGHT: f64 = 430.0;
/// What stands below it.
const BELOW: f64 = 58.0;
/// So many points all have names; of more only those that nobody beats, and the baseline.
const NAMED: usize = 10;

/// A fault that ends by itself before any reaction in a larger part of the cases is noticed by the luck of the settings.
const MISSED: f64 = 0.05;

struct Point {
    scenario: usize,
    detection: f64,
    false_positives: Estimate,
}

/// A point per scenario. `None` unless settings of probes vary and something was detected.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let probes_vary = result.varied.iter().any(|key| key.to_lowercase().contains("probe"));
    if !probes_vary || result.scenarios.len() < 2 {
        return None;
    }
    let faults = seen_by_probes(result);
    let points: Vec<Point> = result.scenarios.iter().enumerate().filter_map(|(i, s)| point(i, s, &faults)).collect();
    let x_range = Range::of(points.iter().map(|p| shown(&p.false_positives)))?;
    let y_range = Range::of(points.iter().map(|p| p.detection))?;

    let labels = Labels::of(result);
    let mut measure = vec![None; result.scenarios.len()];
    points.iter().for_each(|p| measure[p.scenario] = Some(p.detection.max(1e-9).ln()));
    let encoding = Encoding::of(&labels, &measure);
    let front = front(&points);
    let each = Period::of(result).each();
    let mut picture = Picture::on(sheet);
    let y = frame::head(&mut picture, &finding(result, &points, &front, each), &lead(&faults, &points));
    let of = if let [fault] = &faults[..] { format!(" of {fault}") } else { String::new() };
    picture.text(MARGIN, y + 4.0, Anchor::Left, SMALL.bold(), format!("mean detection time{of} (less is better)"));
    let top = y + 16.0;
    let (left, right, bottom) =
        (MARGIN + 70.0, picture.right() - sheet.legend() - 28.0, top + sheet.area(HEIGHT, top + BELOW));
    let x_axis = x_axis(&points, x_range, left, right);
    let y_axis = y_axis(y_range, sheet, (top, bottom));
    frame::vertical_grid(&mut picture, &x_axis, top, bottom);
    frame::horizontal_grid(&mut picture, &y_axis, left, right);
    picture.line(vec![(left, top), (left, bottom), (right, bottom)], 1.2, GREY);
    let unit = if x_axis.is_log() { ", logarithmic" } else { "" };
    let unit = format!("needless reactions {each} of all Pods (fewer are better{unit})");
    let half = font::width(&unit, SMALL.size, true) / 2.0;
    let middle = f64::midpoint(left, right).max(MARGIN + half);
    picture.text(middle, bottom + 34.0, Anchor::Middle, SMALL.bold(), unit);
    better(&mut picture, (left + 14.0, bottom - 14.0));

    let places: Vec<(f64, f64)> =
        points.iter().map(|p| (x_axis.at(shown(&p.false_positives)), y_axis.at(p.detection))).collect();
    let stairs = stairs(&mut picture, &front, &places, (top, right));
    let is_baseline = |p: &Point| result.baseline.as_ref() == Some(&result.scenarios[p.scenario].name);
    let recommended = ranking::recommended(result).map(|best| best.name.as_str());
    let is_recommended = |p: &Point| recommended == Some(result.scenarios[p.scenario].name.as_str());
    let ring_of = |p: &Point| match (is_recommended(p), is_baseline(p)) {
        (true, _) => Some(GREEN),
        (_, true) => Some(INK),
        _ => None,
    };
    // What somebody may take is seen above what nobody does.
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&i| (front.contains(&i), is_baseline(&points[i]), is_recommended(&points[i])));
    // A part of another picture has no room for what nobody would take.
    let has_room = !sheet.is_part() || points.len() <= NAMED;
    let is_drawn = |i: &usize| has_room || front.contains(i) || ring_of(&points[*i]).is_some();
    for &i in order.iter().filter(|i| is_drawn(i)) {
        let (p, (x, y)) = (&points[i], places[i]);
        let is_beaten = !front.contains(&i);
        let colour = encoding.series.colours[p.scenario].faint(if is_beaten { 0.45 } else { 1.0 });
        let words = format!(
            "{}: detected after {} on average, {} needless reactions {each}",
            result.scenarios[p.scenario].name,
            format::duration(p.detection),
            format::count_with_interval(&p.false_positives),
        );
        let look = (encoding.shape(&labels, p.scenario), encoding.size(&labels, p.scenario), colour);
        picture.datum(encoding.series.name(p.scenario), words, |picture| {
            draw_point(picture, p, (x, y), &x_axis, look, ring_of(p));
        });
    }
    let bar = |p: &Point, &(x, y): &(f64, f64)| {
        let left = if p.false_positives.bound { x - 22.0 } else { x_axis.at(p.false_positives.low) };
        (left, y - 2.0, if p.false_positives.bound { x } else { x_axis.at(p.false_positives.high) }, y + 2.0)
    };
    let mut taken: Vec<Box> = points.iter().zip(&places).map(|(p, at)| bar(p, at)).collect();
    taken.extend(places.iter().map(|(x, y)| (x - 7.0, y - 7.0, x + 7.0, y + 7.0)));
    taken.extend(stairs);
    taken.push((left, bottom - 40.0, left + 70.0, bottom));
    let is_ringed = |p: &Point| ring_of(p).is_some();
    let is_named = |i: &usize| points.len() <= NAMED || tells(&front, &places, *i, sheet) || is_ringed(&points[*i]);
    order.sort_by_key(|&i| (!is_ringed(&points[i]), !front.contains(&i)));
    let radius = |i: usize| if is_ringed(&points[i]) { encoding.size(&labels, points[i].scenario) + RING } else { 7.0 };
    let named = order.iter().filter(|i| is_named(i));
    let names: Vec<_> = named.map(|&i| (labels.short(points[i].scenario), places[i], radius(i))).collect();
    label_placement::names(&mut picture, &names, taken, (left, top, right, bottom));
    let at = (right + 30.0, encoding.legend(&mut picture, &labels, (right + 30.0, top + 10.0)) + 14.0);
    let rings = [
        points.iter().any(is_recommended).then_some("green ring: recommended"),
        points.iter().any(|p| is_baseline(p) && !is_recommended(p)).then_some("ring: the baseline"),
    ];
    notes(&mut picture, &labels, rings, points.len() > front.len(), at);
    if sheet.is_part() {
        let drawn = order.iter().filter(|i| is_drawn(i)).count();
        said_of_a_part(&mut picture, (drawn, points.len()), &encoding.keys_in_words(&labels), bottom);
    }
    for p in &points {
        picture.description.push(format!(
            "{}: detection {}, needless reactions {} {each}",
            result.scenarios[p.scenario].name,
            format::duration(p.detection),
            format::count(&p.false_positives),
        ));
    }
    frame::foot(&mut picture, result, bottom + sheet.either(40.0, BELOW));
    Some(picture)
}

/// Whether a point has a name among many: what nobody beats and its equals, of which a part of another picture has room for the ends
/// alone. Colours and shapes tell the others.
fn tells(front: &[usize], places: &[(f64, f64)], point: usize, sheet: Sheet) -> bool {
    let is_there = |other: &usize| {
        let [(x, y), (a, b)] = [places[point], places[*other]];
        (x - a).hypot(y - b) < 1.0
    };
    if sheet.is_part() {
        return front.first().is_some_and(is_there) || front.last().is_some_and(is_there);
    }
    front.iter().any(is_there)
}

/// Below a part of another picture: how many points it has, and what the labels list.
fn said_of_a_part(picture: &mut Picture, (drawn, all): (usize, usize), keys: &str, bottom: f64) {
    if drawn < all {
        let words = format!("{drawn} of {all} are drawn: the others are beaten");
        picture.text(picture.right(), bottom + 34.0, Anchor::Right, SMALL, words);
    }
    if keys.contains(" · ") {
        let lines = font::wrap(&format!("labels: {keys}"), SMALL.size, false, picture.right() - MARGIN);
        for (number, line) in lines.into_iter().enumerate() {
            picture.text(MARGIN, bottom + 52.0 + 15.0 * number as f64, Anchor::Left, SMALL, line);
        }
    }
}

/// A point with its interval, or open and with an arrow for a bound.
fn draw_point(
    picture: &mut Picture,
    p: &Point,
    (x, y): (f64, f64),
    x_axis: &Axis,
    (shape, size, colour): (usize, f64, Colour),
    ringed: Option<Colour>,
) {
    let bound = p.false_positives.bound;
    if bound {
        picture.line(vec![(x, y), (x - 18.0, y)], 1.4, colour);
        picture.area(vec![(x - 22.0, y), (x - 16.0, y - 3.2), (x - 16.0, y + 3.2)], colour);
    } else {
        let (low, high) = (x_axis.at(p.false_positives.low), x_axis.at(p.false_positives.high));
        picture.line(vec![(low, y), (high, y)], 1.6, colour);
        if high - low > 2.0 * size + 4.0 {
            for end in [low, high] {
                picture.line(vec![(end, y - 3.0), (end, y + 3.0)], 1.6, colour);
            }
        }
    }
    if let Some(colour) = ringed {
        ring_in(picture, (x, y), size, colour);
    }
    mark(picture, shape, (x, y), size, colour);
    if bound {
        mark(picture, shape, (x, y), size * 0.58, PAPER);
    }
}

/// What else a reader must know, under the legend.
fn notes(picture: &mut Picture, labels: &Labels, rings: [Option<&str>; 2], faint: bool, (x, y): (f64, f64)) {
    let is_part = picture.sheet.is_part();
    let notes = [
        rings[0].map(str::to_owned),
        rings[1].map(str::to_owned),
        (faint && !is_part).then(|| "faint: another detects as fast with fewer needless reactions".to_owned()),
        (labels.columns.len() > 1 && !is_part).then(|| format!("labels: {}", labels.short_keys())),
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

/// Container faults that only probes notice: an exit is seen without them. Of these such as do not end before they are noticed, as
/// different settings would notice different ones; all faults if there are none of these.
fn seen_by_probes(result: &ExperimentResult) -> Vec<&str> {
    let noticed = |strikes: &str| strikes.contains("container") && !strikes.contains("crash");
    let mut some: Vec<&str> = result.faults.iter().filter(|f| noticed(&f.strikes)).map(|f| f.name.as_str()).collect();
    let is_always = |fault: &&str| {
        let seen = result.scenarios.iter().flat_map(|one| one.detection_s.iter()).filter(|(name, _)| name == fault);
        let counts: Vec<(u64, u64)> = seen.map(|(_, one)| (one.times.count, one.undetected)).collect();
        !counts.is_empty() && counts.iter().all(|&(seen, missed)| missed as f64 <= MISSED * seen as f64)
    };
    let always: Vec<&str> = some.iter().copied().filter(is_always).collect();
    if !always.is_empty() {
        some = always;
    }
    if some.is_empty() { result.faults.iter().map(|f| f.name.as_str()).collect() } else { some }
}

fn point(i: usize, scenario: &ScenarioResult, faults: &[&str]) -> Option<Point> {
    let of_faults = scenario.detection_s.iter().filter(|(fault, _)| faults.contains(&fault.as_str()));
    let detections: Vec<&Detection> = of_faults.map(|(_, detection)| detection).collect();
    let weighted = |d: &&Detection| d.times.mean.map(|mean| (mean * d.times.count as f64, d.times.count));
    let (sum, count) = detections.iter().filter_map(weighted).fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let detection =
        if count > 0 { sum / count as f64 } else { Samples::of(detections.iter().map(|d| &d.times)).mean()? };
    let needless = [Metric::NeedlessReadiness, Metric::NeedlessLiveness, Metric::NeedlessStartup];
    Some(Point { scenario: i, detection, false_positives: sum_of(&needless.map(|metric| scenario.estimates[metric])) })
}

/// The sum of estimates. The half-widths of what was seen are added, which is never too narrow.
fn sum_of(parts: &[Estimate]) -> Estimate {
    let seen: Vec<&Estimate> = parts.iter().filter(|e| !e.bound).collect();
    if seen.is_empty() {
        let high = parts.iter().map(|e| e.high).fold(0.0, f64::max);
        return Estimate { mean: 0.0, low: 0.0, high, bound: true, rests_on_few: false };
    }
    let sum = |of: fn(&Estimate) -> f64| seen.iter().map(|e| of(e)).sum::<f64>();
    Estimate { mean: sum(|e| e.mean), low: sum(|e| e.low), high: sum(|e| e.high), bound: false, rests_on_few: false }
}

fn shown(e: &Estimate) -> f64 {
    if e.bound { e.high } else { e.mean }
}

fn y_axis(range: Range, sheet: Sheet, (top, bottom): (f64, f64)) -> Axis {
    if range.is_wide() {
        return Axis::log(Unit::Time, range, bottom, top);
    }
    // A name above the highest point has room below the head.
    Axis::linear(Unit::Time, range.high * sheet.either(1.0, 1.12), bottom, top)
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

/// Those that no other beats: none is detected as fast with fewer needless reactions. By their means, the fastest last.
fn front(points: &[Point]) -> Vec<usize> {
    let of = |i: usize| (points[i].detection, shown(&points[i].false_positives));
    let beats = |a: usize, b: usize| {
        let (a_at, b_at) = (of(a), of(b));
        // Of equals the first stands for both.
        a_at.0 <= b_at.0 && a_at.1 <= b_at.1 && (a_at != b_at || a < b)
    };
    let mut front: Vec<usize> =
        (0..points.len()).filter(|&b| !(0..points.len()).any(|a| a != b && beats(a, b))).collect();
    front.sort_by(|&a, &b| of(b).0.total_cmp(&of(a).0));
    front
}

/// What the picture says, as its title: what is recommended against the baseline; else what the fastest detection costs against the
/// slowest that is worth its slowness.
fn finding(result: &ExperimentResult, points: &[Point], front: &[usize], each: &str) -> String {
    let (Some(slow), Some(fast)) = (front.first().map(|&i| &points[i]), front.last().map(|&i| &points[i])) else {
        return "What does faster detection cost?".to_owned();
    };
    let needless = |p: &Point| {
        let e = &p.false_positives;
        if e.bound { format!("at most {}", format::significant(e.high, 2)) } else { format::significant(e.mean, 3) }
    };
    let (sooner, later) = (format::duration(fast.detection), format::duration(slow.detection));
    // What is recommended against what is there, where those are two.
    let named = |name: Option<&str>| points.iter().find(|p| Some(result.scenarios[p.scenario].name.as_str()) == name);
    let recommended = named(ranking::recommended(result).map(|best| best.name.as_str()));
    if let (Some(best), Some(baseline)) = (recommended, named(result.baseline.as_deref()))
        && best.scenario != baseline.scenario
    {
        return format!(
            "{} detects after {} instead of {}, with {} needless reactions {each} instead of {}",
            settings(result, &result.scenarios[best.scenario]),
            format::duration(best.detection),
            format::duration(baseline.detection),
            needless(best),
            needless(baseline)
        );
    }
    if front.len() < 2 || sooner == later {
        return format!(
            "Nothing is gained by slower detection: {sooner} with {} needless reactions {each}",
            needless(fast)
        );
    }
    format!(
        "Detection within {sooner} instead of {later} costs {} needless reactions {each} instead of {}",
        needless(fast),
        needless(slow)
    )
}

/// The least that each detection time costs, as a line. Returns what it covers.
fn stairs(picture: &mut Picture, front: &[usize], places: &[(f64, f64)], (top, right): (f64, f64)) -> Vec<Box> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for &i in front {
        let (x, y) = places[i];
        points.push((x, points.last().map_or(top, |last| last.1)));
        points.push((x, y));
    }
    if let Some(&(_, last)) = points.last() {
        points.push((right, last));
    }
    let covered = |pair: &[(f64, f64)]| {
        let (a, b) = (pair[0], pair[1]);
        (a.0.min(b.0) - 1.0, a.1.min(b.1) - 1.0, a.0.max(b.0) + 1.0, a.1.max(b.1) + 1.0)
    };
    let boxes = points.windows(2).map(covered).collect();
    if !points.is_empty() {
        picture.line(points, 1.4, GREY.faint(0.45));
    }
    boxes
}

/// An arrow into the corner where all would like to be.
fn better(picture: &mut Picture, (x, y): (f64, f64)) {
    picture.line(vec![(x + 22.0, y - 22.0), (x + 4.0, y - 4.0)], 2.0, GREEN);
    picture.area(vec![(x, y), (x + 10.0, y - 3.0), (x + 3.0, y - 10.0)], GREEN);
    picture.text(x + 27.0, y - 20.0, Anchor::Left, SMALL.bold().coloured(GREEN), "better");
}

fn lead(faults: &[&str], points: &[Point]) -> String {
    let mut text = format!(
        "Mean time from a fault to the first reaction, over {}, against needless reactions: probes that withdraw or kill \
         what serves, or would have served again. Bars are intervals.",
        faults.join(", ")
    );
    if points.iter().any(|p| p.false_positives.bound) {
        text += " An open mark with an arrow is an upper bound: none was seen.";
    }
    text
}
