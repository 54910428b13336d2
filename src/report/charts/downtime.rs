//! How much downtime and how many failed requests a year, scenario by scenario, against the objective.

use std::fmt::Write as _;

use super::axis::{Axis, Range, Unit};
use super::finding;
use super::font;
use super::frame::{self, BODY, MARGIN, Rows, SMALL};
use super::palette::{BLUE, Colour, GREEN, GREY, PAPER, PURPLE, VERMILION};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::aggregate::{self, Role};
use crate::report::format;
use crate::report::labels::{Column, Labels, in_words};
use crate::report::loss;
use crate::report::period::Period;
use crate::report::ranking::{self, Ranking};
use crate::results::{Estimate, ExperimentResult, ScenarioResult};
use crate::study::Metric;

const ROW: f64 = 27.0;
/// Of a part of another picture; and what that has beside its rows.
const NARROW_ROW: f64 = 22.0;
const BESIDE: f64 = 120.0;
/// Beyond so many rows only what the objective counts is drawn.
const BOTH: usize = 8;
/// Beyond so many rows only the best are drawn, the best first.
const MOST: usize = 24;
/// So many of them, beside the recommended one and the baseline.
const BEST: usize = 12;

/// A row per scenario: a disc for downtime, a diamond for failed requests, with their intervals. `None` of a single scenario,
/// whose numbers stand in the answer.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    if result.scenarios.len() < 2 {
        return None;
    }
    let room = sheet.rows(BESIDE, sheet.either(ROW, NARROW_ROW));
    // The recommended one and the baseline have a row in any case.
    let rows = if room < MOST { best(result, room, room.saturating_sub(2).max(1)) } else { best(result, MOST, BEST) };
    let (title, all) = (finding::of_losses(result), result.scenarios.len());
    if rows.len() == all {
        return Some(of_rows(result, &title, sheet));
    }
    let mut picture = of_rows(&result.only(&rows), &title, sheet);
    let words = format!(
        "{} of {} scenarios are drawn, in this order: the {BEST} that lose least, the recommended one and the baseline. The table \
         beside it has all.",
        rows.len(),
        format::whole(all as u64)
    );
    frame::note(&mut picture, &words);
    Some(picture)
}

/// The scenarios that have rows: all, or of more than `most` so many of the best, the recommended one and the baseline.
fn best(result: &ExperimentResult, most: usize, best: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..result.scenarios.len()).collect();
    if all.len() <= most {
        return all;
    }
    let recommended = ranking::recommended(result).map(|one| one.name.as_str());
    let is_named = |i: &usize| {
        let name = result.scenarios[*i].name.as_str();
        recommended == Some(name) || result.baseline.as_deref() == Some(name)
    };
    let lost = |i: usize| loss::lost(result, &result.scenarios[i]);
    // What never gets its work done is no good, however little it loses.
    let blocked = blocked(result);
    let order = |i: usize| (blocked.contains(&i), lost(i));
    all.sort_by(|&a, &b| {
        let ((a_blocked, a), (b_blocked, b)) = (order(a), order(b));
        a_blocked.cmp(&b_blocked).then(a.mean.total_cmp(&b.mean)).then(a.high.total_cmp(&b.high))
    });
    let mut place = 0;
    all.retain(|i| {
        place += 1;
        place <= best || is_named(i)
    });
    all
}

/// A row of each scenario.
fn of_rows(result: &ExperimentResult, title: &str, sheet: Sheet) -> Picture {
    let mut picture = Picture::on(sheet);
    let labels = Labels::of(result);
    // Heads of several columns need more room than a narrow picture has: there they are one, and what it lists is said above.
    let is_listed = sheet.is_narrow() && labels.columns.len() > 1;
    let listed = is_listed.then(|| format!("Rows: {}", labels.short_keys()));
    let labels = if is_listed { in_one_column(&labels, result.scenarios.len()) } else { labels };
    let rows = Rows::of(&labels, sheet.share(420.0));
    let row = sheet.either(ROW, NARROW_ROW);
    let shown = if sheet.is_part() { vec![loss::loss_of(result)] } else { metrics(result) };
    let columns = ValueColumns::of(result, &shown, picture.right());
    let (left, right) = (rows.right + 14.0, picture.right() - columns.width() - 18.0);

    let axis = axis(result, &shown, left, right);
    let period = Period::of(result);
    let each = period.each();
    let slo = result.objective.slo.map(|slo| (slo, period.budget(slo)));
    let mut y = frame::head(&mut picture, title, &lead(result, slo, &axis));
    let recommended = ranking::recommended(result).map(|one| one.name.as_str());
    y = legend(&mut picture, y, result, &shown, recommended.is_some());
    let room = picture.right() - MARGIN;
    for line in listed.iter().flat_map(|keys| font::wrap(keys, SMALL.size, false, room)) {
        y += 16.0;
        picture.text(MARGIN, y, Anchor::Left, SMALL, line);
    }

    let top = y + rows.head.max(14.0) + 16.0;
    let bottom = top + row * result.scenarios.len() as f64 + 4.0;
    for (i, scenario) in result.scenarios.iter().enumerate() {
        let at = top + row * i as f64 + 2.0;
        if recommended == Some(scenario.name.as_str()) {
            picture.rectangle(MARGIN - 8.0, at, picture.right() - MARGIN + 16.0, row, GREEN.faint(CHOSEN));
        } else {
            frame::band(&mut picture, i, at, row);
        }
    }
    rows.write_head(&mut picture, top);
    columns.write_head(&mut picture, top);
    frame::vertical_grid(&mut picture, &axis, top, bottom);
    if let Some((slo, allowed)) = slo.filter(|(_, allowed)| axis.holds(*allowed)) {
        let x = axis.at(allowed);
        picture.dashes((x, top), (x, bottom), 1.6, PURPLE);
        let text = format!("SLO {}: {}", format::plain_percent(slo), format::duration(allowed));
        let half = font::width(&text, SMALL.size, true) / 2.0;
        let middle = x.clamp(left + half - 10.0, (right - half + 10.0).max(left + half));
        picture.text(middle, top - 9.0, Anchor::Middle, SMALL.bold().coloured(PURPLE), text);
    }

    let baseline = result.baseline.as_deref();
    let blocked = blocked(result);
    for (i, scenario) in result.scenarios.iter().enumerate() {
        let middle = top + row * (i as f64 + 0.5) + 2.0;
        rows.write(&mut picture, i, middle, baseline == Some(scenario.name.as_str()));
        for (number, metric) in shown.iter().enumerate() {
            let Look { name, colour, shape } = Look::of(*metric);
            let estimate = &scenario.estimates[*metric];
            let y = if shown.len() == 1 { middle } else { middle - 5.0 + 10.0 * number as f64 };
            let words = format!("{}: {} of {name} {each}", scenario.name, format::with_interval(estimate));
            // What it would cost to get the work done is not known.
            let colour = if blocked.contains(&i) { GREY.faint(0.45) } else { colour };
            picture.datum(name, words, |picture| interval(picture, &axis, estimate, y, colour, shape));
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

/// The scenarios in which an operation is hardly ever completed, while it is in others.
fn blocked(result: &ExperimentResult) -> Vec<usize> {
    Ranking::of(result).map(|ranking| ranking.blocked()).unwrap_or_default()
}

/// What stands in the place of a loss that is little because the work is not done: `blocks node-image`.
fn blocks(scenario: &ScenarioResult) -> String {
    let names: Vec<&str> =
        scenario.operations.iter().filter(|(_, one)| one.is_blocked()).map(|(name, _)| name.as_str()).collect();
    format!("blocks {}", names.join(", "))
}

/// All values of a scenario in one cell, under no head.
fn in_one_column(labels: &Labels, scenarios: usize) -> Labels {
    let cells = (0..scenarios).map(|scenario| labels.short(scenario)).collect();
    Labels { columns: vec![Column { key: String::new(), short_key: String::new(), cells }], varied: false }
}

/// An SLO is drawn up to so many times what is lost.
const NEAR: f64 = 4.0;

/// How strong the row of the recommended scenario is coloured.
pub(super) const CHOSEN: f64 = 0.16;

/// What is drawn: downtime and failed requests, or of many scenarios what the objective counts.
fn metrics(result: &ExperimentResult) -> Vec<Metric> {
    if result.scenarios.len() > BOTH {
        return vec![loss::loss_of(result)];
    }
    vec![Metric::Downtime, Metric::FailedRequests]
}

/// How a metric looks.
struct Look {
    name: &'static str,
    colour: Colour,
    shape: Shape,
}

impl Look {
    fn of(metric: Metric) -> Self {
        if metric == Metric::FailedRequests {
            Self { name: loss::words_of(metric), colour: VERMILION, shape: diamond }
        } else {
            Self { name: loss::words_of(metric), colour: BLUE, shape: disc }
        }
    }
}

fn estimates<'a>(result: &'a ExperimentResult, shown: &'a [Metric]) -> impl Iterator<Item = &'a Estimate> {
    result.scenarios.iter().flat_map(|scenario| shown.iter().map(|metric| &scenario.estimates[*metric]))
}

fn axis(result: &ExperimentResult, shown: &[Metric], left: f64, right: f64) -> Axis {
    let all: Vec<Estimate> = estimates(result, shown).copied().collect();
    let allowed = result.objective.slo.map(|slo| Period::of(result).budget(slo)).filter(|allowed| *allowed > 0.0);
    spanning(&all, allowed, left, right)
}

/// An axis for these values, with the ends of their intervals as far as they do not squeeze the values, and with another one if it is
/// near.
pub(super) fn spanning(all: &[Estimate], near: Option<f64>, left: f64, right: f64) -> Axis {
    let value = |e: &Estimate| if e.bound { e.high } else { e.mean };
    let values = Range::of(all.iter().map(value)).unwrap_or(Range { low: 1.0, high: 60.0 });
    let lows = all.iter().map(|e| e.low).filter(|low| *low > values.low / 4.0);
    let mut range =
        Range::of(lows.chain(all.iter().map(|e| e.high)).chain([values.low, values.high])).unwrap_or(values);
    // An SLO far from all of them would press them together: it is told in words.
    if let Some(near) = near.filter(|a| *a < range.high * NEAR && *a > range.low / NEAR) {
        range = Range { low: range.low.min(near), high: range.high.max(near) };
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
    if !blocked(result).is_empty() {
        text += " Grey: little is lost as the work is not done.";
    }
    if result.baseline.is_some() && result.scenarios.len() > 1 {
        text += " The baseline is bold.";
    }
    text
}

fn legend(picture: &mut Picture, y: f64, result: &ExperimentResult, shown: &[Metric], has_chosen: bool) -> f64 {
    let mut y = y + 10.0;
    let mut x = MARGIN + 6.0;
    let right = picture.right();
    let any_bound = estimates(result, shown).any(|e| e.bound);
    let mut entry = |picture: &mut Picture, shape: Shape, colour: Colour, name: &str| {
        picture.key(name, |picture| {
            shape(picture, (x, y - 4.0), 5.0, colour);
            picture.text(x + 12.0, y, Anchor::Left, BODY, name);
        });
        x += 12.0 + font::width(name, BODY.size, false) + 28.0;
    };
    for Look { name, colour, shape } in shown.iter().map(|metric| Look::of(*metric)) {
        entry(picture, shape, colour, name);
    }
    // What has no room on this line begins the next one.
    let mut room_for = |x: &mut f64, words: &str, beside: f64| {
        if *x + beside + font::width(words, BODY.size, false) > right {
            (*x, y) = (MARGIN + 6.0, y + 20.0);
        }
        y
    };
    if any_bound {
        let words = "nothing seen: an upper bound";
        let y = room_for(&mut x, words, 32.0);
        arrow(picture, x + 18.0, y - 4.0, GREY, disc);
        picture.text(x + 32.0, y, Anchor::Left, BODY, words);
        x += 32.0 + font::width(words, BODY.size, false) + 28.0;
    }
    if has_chosen {
        let y = room_for(&mut x, "recommended", 28.0);
        picture.rectangle(x, y - 11.0, 22.0, 14.0, GREEN.faint(CHOSEN));
        picture.text(x + 28.0, y, Anchor::Left, BODY, "recommended");
    }
    y + 12.0
}

/// Estimates in figures, at the right of the picture.
struct ValueColumns {
    columns: Vec<ValueColumn>,
}

struct ValueColumn {
    metric: Metric,
    cells: Vec<String>,
    width: f64,
    /// Where it ends.
    right: f64,
}

impl ValueColumns {
    fn of(result: &ExperimentResult, shown: &[Metric], right: f64) -> Self {
        let mut right = right;
        let mut columns = Vec::new();
        for &metric in shown.iter().rev() {
            let blocked = blocked(result);
            let cell = |(i, scenario): (usize, &ScenarioResult)| {
                if blocked.contains(&i) {
                    blocks(scenario)
                } else {
                    format::span_with_error(&scenario.estimates[metric])
                }
            };
            let cells: Vec<String> = result.scenarios.iter().enumerate().map(cell).collect();
            let head = font::width(Look::of(metric).name, SMALL.size, true);
            let width = cells.iter().map(|cell| font::width(cell, SMALL.size, false)).fold(head, f64::max);
            columns.push(ValueColumn { metric, cells, width, right });
            right -= width + 18.0;
        }
        Self { columns }
    }

    fn width(&self) -> f64 {
        self.columns.iter().map(|column| column.width + 18.0).sum::<f64>() - 18.0
    }

    fn write_head(&self, picture: &mut Picture, bottom: f64) {
        for column in &self.columns {
            let Look { name, colour, .. } = Look::of(column.metric);
            picture.text(column.right, bottom - 8.0, Anchor::Right, SMALL.bold().coloured(colour), name);
        }
    }

    fn write(&self, picture: &mut Picture, i: usize, middle: f64) {
        for column in &self.columns {
            picture.text(column.right, middle + 4.0, Anchor::Right, SMALL, column.cells[i].clone());
        }
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

/// A value with its interval, in the shape of its metric.
pub(super) fn mark(picture: &mut Picture, axis: &Axis, e: &Estimate, y: f64, colour: Colour, metric: Metric) {
    interval(picture, axis, e, y, colour, Look::of(metric).shape);
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
        if axis.holds(value) && high - low > 10.0 {
            picture.line(vec![(end, y - 3.0), (end, y + 3.0)], 1.6, colour);
        }
    }
    if !axis.holds(e.low) {
        // The interval goes on below the axis.
        picture.area(vec![(low - 4.0, y), (low + 3.0, y - 3.2), (low + 3.0, y + 3.2)], colour);
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
            format!("Shown is {what}, {}.", in_words(result, shown))
        }
        _ => String::new(),
    }
}
