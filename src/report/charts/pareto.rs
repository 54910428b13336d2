//! What availability costs: lost time against the price of a year, and the front of those that nobody beats in both.

use super::axis::{Axis, Range, Unit};
use super::encoding::{RING, circle, ring_in};
use super::finding;
use super::font;
use super::frame::{self, MARGIN, SMALL};
use super::label_placement;
use super::palette::{BLUE, Colour, GREEN, GREY, INK, PURPLE, SKY, SLATE};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::format;
use crate::report::indifference::Indifference;
use crate::report::labels::Labels;
use crate::report::loss;
use crate::report::pareto::{self, Place};
use crate::report::period::Period;
use crate::report::ranking::{self, Ground, Ranking, Ties};
use crate::results::{Estimate, ExperimentResult, ScenarioResult};

const HEIGHT: f64 = 430.0;
/// The radius of a mark.
const MARK: f64 = 5.5;
/// What stands below it.
const BELOW: f64 = 58.0;
/// So few points all have names.
const NAMED: usize = 12;
/// Characters of a varied value beside a point.
const NAME: usize = 12;

/// A point per scenario. `None` unless they cost differently.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let placed: Vec<usize> = (0..result.scenarios.len()).filter(|&i| !result.scenarios[i].unplaceable).collect();
    if placed.is_empty() || placed.len() == result.scenarios.len() {
        return of_placed(result, sheet);
    }
    let mut picture = of_placed(&result.only(&placed), sheet)?;
    let left_out = result.scenarios.len() - placed.len();
    let scenarios = if left_out == 1 { "scenario" } else { "scenarios" };
    let words = format!("Left out: {left_out} {scenarios} of which no Node takes some of the replicas.");
    frame::note(&mut picture, &words);
    if sheet.is_part() {
        let words = format!("no room in {left_out} more");
        picture.text(picture.right(), picture.height - 6.0, Anchor::Right, SMALL, words);
    }
    Some(picture)
}

/// The same of scenarios that all have room for their replicas.
fn of_placed(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let places = pareto::places(result)?;
    let labels = Labels::of(result);
    let lost: Vec<&Estimate> = result.scenarios.iter().map(|s| loss::lost(result, s)).collect();
    let costs: Vec<f64> = result.scenarios.iter().filter_map(|s| s.cost_per_year).collect();
    let period = Period::of(result);
    let allowed = result.objective.slo.map(|slo| (slo, period.budget(slo)));

    let mut picture = Picture::on(sheet);
    let what = format!("{} {}", loss::what(result), period.each());
    let y = frame::head(&mut picture, &title(result, &places), &lead(result));
    let y = frame::legend_line(&mut picture, y - 10.0, &legend(result, &places, sheet));
    let head = y + 10.0;
    let top = y + 22.0;
    let (left, right, bottom) = (MARGIN + 70.0, picture.right() - 10.0, top + sheet.area(HEIGHT, top + BELOW));
    let y_axis = y_axis(&lost, allowed.map(|(_, secs)| secs), bottom, top)?;
    let unit = if y_axis.is_log() { format!("{what} (logarithmic)") } else { what.clone() };
    picture.text(MARGIN, head, Anchor::Left, SMALL.bold(), unit);
    let x_axis = Axis::linear(Unit::Number, costs.iter().copied().fold(0.0, f64::max), left, right);
    frame::vertical_grid(&mut picture, &x_axis, top, bottom);
    frame::horizontal_grid(&mut picture, &y_axis, left, right);
    picture.line(vec![(left, top), (left, bottom), (right, bottom)], 1.2, GREY);
    let currency = result.currency.as_ref().map_or(String::new(), |currency| format!(", {currency}"));
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL, format!("cost a year{currency}"));
    let mut label_of_slo = None;
    if let Some((slo, seconds)) = allowed.filter(|(_, seconds)| y_axis.holds(*seconds)) {
        let y = y_axis.at(seconds);
        picture.dashes((left, y), (right, y), 1.6, PURPLE);
        let text = format!("SLO {}: {}", format::plain_percent(slo), format::duration(seconds));
        let above = if y - 24.0 > top { y - 6.0 } else { y + 15.0 };
        label_of_slo = Some((right - 8.0 - font::width(&text, SMALL.size, true), above - 11.0, right, above + 4.0));
        picture.text(right - 4.0, above, Anchor::Right, SMALL.bold().coloured(PURPLE), text);
    }

    let at = |i: usize| (x_axis.at(costs[i]), y_axis.at(shown(lost[i])));
    let mut bars = stairs(&mut picture, &places, &costs, at, right);
    // Nor is a name struck through by what the SLO allows.
    bars.extend(allowed.filter(|(_, seconds)| y_axis.holds(*seconds)).map(|(_, seconds)| {
        let y = y_axis.at(seconds);
        (left, y - 2.0, right, y + 2.0)
    }));
    bars.extend(label_of_slo);
    let recommended = ranking::recommended(result).map(|best| best.name.as_str());
    let ring_of = |i: usize| match Some(result.scenarios[i].name.as_str()) {
        name if name == recommended => Some(GREEN),
        name if name == result.baseline.as_deref() => Some(INK),
        _ => None,
    };
    // What matters more is seen above what matters less.
    let mut in_order: Vec<usize> = (0..costs.len()).collect();
    in_order.sort_by_key(|&i| (recommended != Some(result.scenarios[i].name.as_str()), places[i]));
    let mut drawn: Vec<usize> = Vec::new();
    for &i in in_order.iter().rev() {
        let scenario = &result.scenarios[i];
        let ((x, y), colour) = (at(i), colour(places[i]));
        let (low, high) = (y_axis.at(lost[i].low), y_axis.at(lost[i].high));
        bars.push((x - 2.0, high, x + 2.0, low));
        let words = format!(
            "{}: {} a year, {} {what}",
            scenario.name,
            pareto::money(result, costs[i]),
            format::with_interval(lost[i])
        );
        // Of several bounds in one place one is drawn.
        let is_there = |other: &usize| (at(*other).0 - x).hypot(at(*other).1 - y) < MARK;
        let is_open = lost[i].bound.then(|| drawn.iter().any(is_there));
        picture.datum(&in_words(result, places[i], sheet), words, |picture| {
            picture.line(vec![(x, low), (x, high)], 1.2, colour.faint(0.55));
            if let Some(colour) = ring_of(i) {
                ring_in(picture, (x, y), MARK, colour);
            }
            match is_open {
                None => picture.disc((x, y), MARK, colour),
                Some(false) => circle(picture, (x, y), MARK - 1.0, 2.0, colour),
                Some(true) => {}
            }
        });
        drawn.push(i);
        picture.description.push(format!(
            "{}: {} a year, {} {what}",
            scenario.name,
            pareto::money(result, costs[i]),
            format::span_with_error(lost[i])
        ));
    }
    // Only what somebody may take has a name, and the baseline: of the others the page tells on pointing.
    let name = |i: usize| if labels.varied { labels.narrow(i, NAME) } else { labels.short(i) };
    let radius = |i: usize| if ring_of(i).is_some() { MARK + RING } else { 7.0 };
    let is_named = |i: &usize| costs.len() <= NAMED || places[*i] == Place::Front || ring_of(*i).is_some();
    bars.extend((0..costs.len()).filter(|i| !is_named(i)).map(at).map(|(x, y)| (x - 6.0, y - 6.0, x + 6.0, y + 6.0)));
    let names: Vec<_> = in_order.into_iter().filter(is_named).map(|i| (name(i), at(i), radius(i))).collect();
    label_placement::names(&mut picture, &names, bars, (left, top, right, bottom));
    if labels.varied {
        let open = if sheet.is_part() && lost.iter().any(|e| e.bound) { "; open marks are upper bounds" } else { "" };
        let text = format!("labels: {}{open}", labels.short_keys());
        let text = font::fit(&text, SMALL.size, false, picture.right() - MARGIN);
        picture.text(MARGIN, bottom + 52.0, Anchor::Left, SMALL, text);
    }
    frame::foot(&mut picture, result, bottom + 58.0);
    Some(picture)
}

/// What is lost, with the ends of the intervals and what the SLO allows as far as they do not squeeze the values.
fn y_axis(lost: &[&Estimate], allowed: Option<f64>, bottom: f64, top: f64) -> Option<Axis> {
    let values = Range::of(lost.iter().map(|e| shown(e)))?;
    let ends = lost.iter().flat_map(|e| [e.low, e.high]).filter(|end| *end > values.low / 4.0);
    let near = allowed.filter(|s| *s > values.low / 30.0 && *s < values.high * 30.0);
    let range = Range::of(ends.chain(near).chain([values.low, values.high]))?;
    if !range.is_wide() {
        return Some(Axis::linear(Unit::Time, range.high, bottom, top));
    }
    // No mark lies on the axis.
    Some(Axis::log(Unit::Time, Range { low: range.low / 1.5, ..range }, bottom, top))
}

fn shown(estimate: &Estimate) -> f64 {
    if estimate.bound { estimate.high } else { estimate.mean }
}

fn colour(place: Place) -> Colour {
    match place {
        Place::Front => BLUE,
        Place::Perhaps => SKY,
        Place::Dominated => SLATE,
    }
}

/// What a colour means: in a part of another picture in few words.
fn in_words(result: &ExperimentResult, place: Place, sheet: Sheet) -> String {
    let matters = Indifference::of(result).in_short();
    match place {
        Place::Front if sheet.is_part() => "worth its money".to_owned(),
        Place::Perhaps if sheet.is_part() => "perhaps not worth it".to_owned(),
        Place::Dominated if sheet.is_part() => format!("not worth it: another loses as little (within {matters})"),
        Place::Front => "worth its money: nothing that costs no more is known to lose less".to_owned(),
        Place::Perhaps => "perhaps: another costs no more, and may lose as little".to_owned(),
        Place::Dominated => "not worth it: another costs no more and loses as little".to_owned(),
    }
}

/// What the recommended scenario costs and loses, and what the next step of the front would buy.
fn title(result: &ExperimentResult, places: &[Place]) -> String {
    let (what, each) = (loss::what(result), Period::of(result).each());
    let cost = |scenario: &ScenarioResult| scenario.cost_per_year.unwrap_or(0.0);
    let lost = |scenario: &ScenarioResult| loss::sure_amount(loss::lost(result, scenario));
    let front = places.iter().zip(&result.scenarios).filter(|(place, _)| **place == Place::Front);
    let mut front: Vec<&ScenarioResult> = front.map(|(_, scenario)| scenario).collect();
    front.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    let Some(first) = ranking::recommended(result).or(front.first().copied()) else { return String::new() };
    let which = match Ranking::of(result).map(|ranking| ranking.ties()).unwrap_or_default() {
        Ties { equal: 0, .. } => "The cheapest that meets".to_owned(),
        Ties { equal, as_good: 0, .. } => format!("What loses least of the {} cheapest that meet", equal + 1),
        Ties { equal, .. } => format!("One of the {} cheapest that meet", equal + 1),
    };
    let ground = Ranking::of(result).filter(|one| one.ground == Ground::CheapestThatMeets).and(result.objective.slo);
    let meets = ground.map_or(String::new(), |slo| format!("{which} {} on average: ", format::plain_percent(slo)));
    let mut title = format!(
        "{meets}{} a year ({}), {} of {what} {each}",
        pareto::money(result, cost(first)),
        finding::settings(result, first),
        lost(first)
    );
    if let Some(next) = front.into_iter().find(|one| cost(one) > cost(first)) {
        title += &format!("; {} more buy {}", pareto::money(result, cost(next) - cost(first)), lost(next));
    }
    title
}

/// The least loss that any amount of money buys. Returns what its line takes.
fn stairs(
    picture: &mut Picture,
    places: &[Place],
    costs: &[f64],
    at: impl Fn(usize) -> (f64, f64),
    right: f64,
) -> Vec<label_placement::Box> {
    let mut front: Vec<usize> = (0..costs.len()).filter(|&i| places[i] == Place::Front).collect();
    front.sort_by(|&a, &b| costs[a].total_cmp(&costs[b]));
    let mut points: Vec<(f64, f64)> = Vec::new();
    for &i in &front {
        let (x, y) = at(i);
        if let Some(&(_, last)) = points.last() {
            points.push((x, last));
        }
        points.push((x, y));
    }
    if let Some(&(_, last)) = points.last() {
        points.push((right, last));
        picture.line(points.clone(), 1.6, BLUE.faint(0.5));
    }
    let boxed = |ends: &[(f64, f64)]| {
        let ((a, b), (c, d)) = (ends[0], ends[1]);
        (a.min(c) - 1.5, b.min(d) - 1.5, a.max(c) + 1.5, b.max(d) + 1.5)
    };
    points.windows(2).map(boxed).collect()
}

/// What colours and rings mean.
fn legend(result: &ExperimentResult, places: &[Place], sheet: Sheet) -> Vec<(Colour, String)> {
    let mut entries: Vec<(Colour, String)> = [Place::Front, Place::Perhaps, Place::Dominated]
        .into_iter()
        .filter(|place| places.contains(place))
        .map(|place| (colour(place), in_words(result, place, sheet)))
        .collect();
    if ranking::recommended(result).is_some() {
        entries.push((GREEN, "ring: recommended".to_owned()));
    }
    let is_another = |baseline: &String| ranking::recommended(result).is_none_or(|best| best.name != *baseline);
    if result.baseline.as_ref().is_some_and(is_another) {
        entries.push((INK, "ring: the baseline".to_owned()));
    }
    entries
}

fn lead(result: &ExperimentResult) -> String {
    let metric = loss::what(result);
    let mut text = format!(
        "All Nodes and the reserved Pods, for a year, against {metric}. Bars are {} intervals, each for itself; the line \
         joins what is worth its money. Loses as little: within {}.",
        format::plain_percent(result.confidence),
        Indifference::of(result).in_short()
    );
    if result.scenarios.iter().any(|s| loss::lost(result, s).bound) {
        text += " An open mark is an upper bound: nothing was seen.";
    }
    text
}
