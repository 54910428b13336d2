//! How often an outage lasts longer than a time: the lengths of outages and their number in one picture, in the way floods are drawn.

use super::axis::{Axis, Range, Unit};
use super::finding;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{Colour, GREY, SERIES};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use super::simplify_polyline::simplify_polyline;
use crate::report::aggregate::Samples;
use crate::report::featured;
use crate::report::format;
use crate::report::period::Period;
use crate::report::tiles;
use crate::results::{ExperimentResult, ScenarioResult};
use crate::study::Metric;

const HEIGHT: f64 = 320.0;
const YEAR_S: f64 = 365.0 * 86_400.0;

/// Fewer have no distribution.
pub const FEW: u64 = 20;
/// Where fewer outages than this are longer, the curve is drawn thin: another seed would draw another.
const A_GUESS: f64 = 10.0;
/// Of more scenarios only those are drawn whose outages are shown one by one: the others stand in the table.
const CURVES: usize = 6;
/// So many times shorter than the longest are outages that the axis does not reach down to.
const SHORTEST: f64 = 2e4;
/// This part of all outages.
const WORTH_A_WORD: f64 = 0.05;
/// So many times as many outages are worth a word.
const MANY_MORE: f64 = 1.5;
/// Two curves that differ by less, in number and in length, are one to the reader.
const ALIKE: f64 = 0.1;

/// Scenarios that a reader sees as one curve, under the first of them.
struct Curve<'a> {
    scenario: &'a ScenarioResult,
    samples: Samples,
    /// Outages a year.
    rate: f64,
    /// Which part of them is shorter than the axis reaches, where that is worth a word.
    hidden: Option<String>,
    /// Names of those whose curves would lie on this one.
    alike: Vec<String>,
}

impl Curve<'_> {
    /// Outages a year that last longer than this.
    fn longer_than(&self, secs: f64) -> f64 {
        let shorter: u64 = self.samples.histogram.iter().filter(|one| one.0 <= secs).map(|one| one.1).sum();
        self.rate * (1.0 - shorter as f64 / self.all())
    }

    /// The length that an outage exceeds once in so many years; `None` if outages are rarer than that. Infinite where so many
    /// have no end.
    fn once_in(&self, years: f64) -> Option<f64> {
        let share = 1.0 / (years * self.rate);
        (share < 1.0).then(|| self.samples.quantile(1.0 - share).unwrap_or(f64::INFINITY))
    }

    fn all(&self) -> f64 {
        (self.samples.count + self.samples.censored) as f64
    }
}

/// A curve for each scenario, of the recommended one and the baseline where they are many. `None` if there were hardly any
/// outages, or if a script says what happens: then nothing recurs.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    if Period::of(result).is_run() {
        return None;
    }
    let (mut curves, few) = curves(result);
    let lengths = curves.iter().flat_map(|curve| [curve.samples.quantile(0.02), curve.samples.longest()]);
    let range = Range::of(lengths.flatten())?;
    // What is over in a moment takes no half of the picture.
    let range = Range { low: range.low.max(range.high / SHORTEST), ..range };
    for curve in &mut curves {
        let hidden = 1.0 - curve.longer_than(range.low) / curve.rate;
        curve.hidden = (hidden >= WORTH_A_WORD)
            .then(|| format!("{} of them shorter than {}", format::share(hidden, 1.0), format::duration(range.low)));
    }
    let most = curves.iter().map(|curve| curve.rate).fold(0.0, f64::max);
    let least = curves.iter().map(|curve| curve.rate / curve.all()).fold(f64::INFINITY, f64::min);

    let mut picture = Picture::on(sheet);
    let y = frame::head(&mut picture, &title(result, &curves), &lead(result, &curves, &few));
    let y = if curves.len() > 1 { legend(&mut picture, result, &curves, y - 6.0) } else { y };
    let rates = whole_powers(least, most);
    let widest = rates.iter().map(|(_, words)| font::width(words, SMALL.size, false)).fold(0.0, f64::max);
    let (top, left, right) = (y + 4.0, MARGIN + widest + 10.0, picture.right() - 16.0);
    let bottom = top + sheet.area(HEIGHT, top + 60.0);
    let x_axis = Axis::log(Unit::Time, range, left, right);
    let mut y_axis = Axis::log(Unit::Number, Range { low: least, high: most }, bottom, top);
    y_axis.ticks = rates;
    frame::vertical_grid(&mut picture, &x_axis, top, bottom);
    frame::horizontal_grid(&mut picture, &y_axis, left, right);
    picture.line(vec![(left, bottom), (right, bottom)], 1.2, GREY);
    for (curve, colour) in curves.iter().zip(SERIES).rev() {
        let words = format!("{}: {}", curve.scenario.name, in_words(curve));
        picture.datum(&name(result, curve), words, |picture| trace(picture, curve, &x_axis, &y_axis, colour));
    }
    let axis_title = "an outage lasts longer than (logarithmic)";
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL, axis_title);
    picture.description.extend(curves.iter().map(|curve| format!("{}: {}", curve.scenario.name, in_words(curve))));
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
}

/// The curves, and what tells the scenarios that had too few outages for one.
fn curves(result: &ExperimentResult) -> (Vec<Curve<'_>>, Vec<String>) {
    let featured = featured::featured_scenarios(result);
    let mut scenarios: Vec<&ScenarioResult> = featured.clone();
    if result.scenarios.len() <= CURVES {
        scenarios.extend(result.scenarios.iter().filter(|one| featured.iter().all(|other| other.name != one.name)));
    }
    let (mut curves, mut few): (Vec<Curve<'_>>, Vec<String>) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        let samples = Samples::of([&scenario.time_to_recovery_s].into_iter());
        let rate = scenario.estimates[Metric::Outages].mean;
        let curve = Curve { scenario, samples, rate, hidden: None, alike: Vec::new() };
        if curve.samples.count + curve.samples.censored < FEW || curve.samples.count == 0 {
            few.push(finding::settings(result, scenario));
            continue;
        }
        match curves.iter_mut().find(|other| are_alike(other, &curve)) {
            Some(other) => other.alike.push(finding::settings(result, scenario)),
            None => curves.push(curve),
        }
    }
    (curves, few)
}

fn are_alike(a: &Curve<'_>, b: &Curve<'_>) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= ALIKE * a.max(b);
    near(a.rate, b.rate)
        && [0.05, 0.25, 0.5, 0.75, 0.95].into_iter().all(|p| match (a.samples.quantile(p), b.samples.quantile(p)) {
            (Some(a), Some(b)) => near(a, b),
            (None, None) => true,
            _ => false,
        })
}

/// The staircase down to the longest, thin where it rests on few; an arrow where some have no end.
fn trace(picture: &mut Picture, curve: &Curve<'_>, x: &Axis, y: &Axis, colour: Colour) {
    let (mut solid, mut thin) = (Vec::new(), Vec::new());
    // What is shorter than the axis reaches is over before the curve begins.
    let begun = curve.samples.histogram.iter().filter(|one| x.at(one.0) > x.at(0.0)).collect::<Vec<_>>();
    let mut left = begun.iter().map(|one| one.1).sum::<u64>() as f64 + curve.samples.censored as f64;
    let mut at = (x.at(0.0), y.at(curve.rate * left / curve.all()));
    solid.push(at);
    for &&(secs, n) in &begun {
        let here = x.at(curve.samples.max.map_or(secs, |max| secs.min(max)));
        let line = if left >= A_GUESS { &mut solid } else { &mut thin };
        line.extend([at, (here, at.1)]);
        left -= n as f64;
        at = (here, if left < 0.5 { at.1 } else { y.at(curve.rate * left / curve.all()) });
        line.push(at);
    }
    picture.line(simplify_polyline(&solid), 2.4, colour);
    if !thin.is_empty() {
        picture.line(simplify_polyline(&thin), 1.2, colour);
    }
    if curve.samples.censored > 0 {
        let end = x.at(f64::INFINITY);
        picture.line(vec![at, (end, at.1)], 1.2, colour);
        picture.area(vec![(end + 6.0, at.1), (end - 2.0, at.1 - 4.0), (end - 2.0, at.1 + 4.0)], colour);
    } else {
        picture.disc(at, 3.6, colour);
    }
}

/// `100 a year`, `once a year`, `once in 100 years`.
fn whole_powers(least: f64, most: f64) -> Vec<(f64, String)> {
    let powers = least.log10().floor() as i32..=most.log10().ceil() as i32;
    let inside: Vec<f64> =
        powers.map(|power| 10f64.powi(power)).filter(|rate| (least / 1.15..=most * 1.15).contains(rate)).collect();
    // Of many decades every second has room.
    let step = inside.len().div_ceil(8).max(1);
    inside.into_iter().rev().step_by(step).map(|rate| (rate, often(rate))).collect()
}

/// The same in a sentence: `10 times a year`.
fn in_time(rate: f64) -> String {
    let often = often(rate);
    if often.starts_with("once") { often } else { often.replace(" a year", " times a year") }
}

fn often(rate: f64) -> String {
    match rate {
        rate if (0.95..1.05).contains(&rate) => "once a year".to_owned(),
        rate if rate > 0.95 => format!("{} a year", format::significant(rate, 3)),
        rate => format!("once in {} years", format::significant(1.0 / rate, 2)),
    }
}

/// How long the outage is that comes once in ten years, or in as many as were seen often enough, and with what else.
fn title(result: &ExperimentResult, curves: &[Curve<'_>]) -> String {
    let Some(first) = curves.first() else { return String::new() };
    // Too few for a curve is the best that a curve could say.
    let outages_of = |one: &ScenarioResult| one.time_to_recovery_s.count + one.time_to_recovery_s.censored;
    if let Some(shown) = featured::shown(result).filter(|shown| outages_of(shown) < FEW) {
        let outages = match outages_of(shown) {
            0 => "No outage".to_owned(),
            1 => "One outage".to_owned(),
            n => format!("{} outages", format::whole(n)),
        };
        let (settings, years) = (finding::settings(result, shown), tiles::played(result, shown));
        let is_the_other = featured::other(result).is_some_and(|other| other.name == first.scenario.name);
        let there = if is_the_other {
            featured::in_the_other(result)
        } else {
            format!("with {}", finding::settings(result, first.scenario))
        };
        return format!("{outages} in {years} with {settings}; {there} one comes {}", in_time(first.rate));
    }
    let is_seen = |years: &f64| first.all() / (first.rate * years) >= A_GUESS;
    let known = [10.0, 1.0, 100.0, 1_000.0].into_iter().filter(is_seen);
    let Some((years, secs)) = known.into_iter().find_map(|years| Some((years, first.once_in(years)?))) else {
        let half = first.samples.quantile(0.5).map(format::duration);
        let half = half.map_or("most have no end".to_owned(), |half| format!("half of them last {half} or longer"));
        return format!("An outage comes {}; {half}", in_time(first.rate));
    };
    let lasts = |secs: f64| {
        if secs.is_finite() { format!("{} or longer", format::duration(secs)) } else { "for ever".to_owned() }
    };
    let span =
        if years > 1.5 { format!("Once in {} years", format::whole(years as u64)) } else { "Once a year".to_owned() };
    let long = format!("{span} an outage lasts {}", lasts(secs));
    let is_the_other =
        |curve: &&Curve<'_>| featured::other(result).is_some_and(|other| other.name == curve.scenario.name);
    let is_baseline = Some(&first.scenario.name) == result.baseline.as_ref();
    let here = if curves.len() > 1 && is_baseline { "In the baseline an" } else { "An" };
    let others = curves.iter().skip(1);
    let Some(other) = others.clone().find(is_the_other).or_else(|| others.max_by(|a, b| a.rate.total_cmp(&b.rate)))
    else {
        return long;
    };
    let place = if is_the_other(&other) {
        featured::in_the_other(result)
    } else {
        format!("with {}", finding::settings(result, other.scenario))
    };
    let of_other = other.once_in(years).map_or("there is none in that time".to_owned(), lasts);
    // How many there are is said first where that is the difference.
    if first.rate.max(other.rate) >= MANY_MORE * first.rate.min(other.rate) {
        return format!(
            "{here} outage comes {}, {place} {}; {}, {place} {of_other}",
            in_time(first.rate),
            in_time(other.rate),
            finding::lower(&long)
        );
    }
    if of_other == lasts(secs) { format!("{long}, {place} too") } else { format!("{long}; {place} {of_other}") }
}

fn lead(result: &ExperimentResult, curves: &[Curve<'_>], few: &[String]) -> String {
    let mut text = "How many outages of the service there are in a year that last longer than a time. Lower and further left is better. \
                    The dot is the longest seen; the line is thin where fewer than ten outages are longer: there it is a guess."
        .to_owned();
    if result.has_capacity() {
        text += " They count Pods: requests that Pods refuse or answer too late are no outage.";
    }
    if let [only] = curves {
        text += &format!(" {}.", format::capital(&seen(only)));
        let shown = finding::shown_name(result);
        text += &if shown.is_empty() { shown } else { format!(" {shown}") };
    }
    if !few.is_empty() {
        text += &format!(" Fewer than {FEW} outages, and no curve: {}.", few.join("; "));
    }
    if curves.iter().any(|curve| curve.samples.censored > 0) {
        text += " An arrow stands for outages that had no end within the horizon.";
    }
    text
}

/// `4.1 a year, the longest 2.5 h in 2,000 years`
fn seen(curve: &Curve<'_>) -> String {
    let years = curve.all() / curve.rate;
    let years = if years >= 1.5 {
        format!("{} years", format::significant(years, 2))
    } else {
        format::duration(years * YEAR_S)
    };
    let longest = match curve.samples.longest() {
        Some(longest) if curve.samples.censored == 0 => format!("the longest {} in {years}", format::duration(longest)),
        _ => format!("{} without an end in {years}", format::whole(curve.samples.censored)),
    };
    let all = [Some(often(curve.rate)), curve.hidden.clone(), Some(longest)];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn in_words(curve: &Curve<'_>) -> String {
    let of = |secs: f64| format!("{} longer than {}", often(curve.longer_than(secs)), format::tick(secs));
    let lengths = [60.0, 600.0, 3_600.0].into_iter().filter(|secs| curve.longer_than(*secs) > 0.0).map(of);
    std::iter::once(seen(curve)).chain(lengths).collect::<Vec<_>>().join(", ")
}

/// What tells a curve from the others.
fn name(result: &ExperimentResult, curve: &Curve<'_>) -> String {
    let role = featured::role(result, curve.scenario).map(|_| featured::role_word(result, curve.scenario));
    let settings = finding::settings(result, curve.scenario);
    let name = match role {
        Some(role) if result.baseline.as_ref() == Some(&curve.scenario.name) => role.to_owned(),
        Some(role) => format!("{role}: {settings}"),
        None => settings,
    };
    std::iter::once(name).chain(curve.alike.iter().cloned()).collect::<Vec<_>>().join(" and ")
}

/// A line for each curve.
fn legend(picture: &mut Picture, result: &ExperimentResult, curves: &[Curve<'_>], y: f64) -> f64 {
    let mut y = y + 12.0;
    for (curve, colour) in curves.iter().zip(SERIES) {
        let name = name(result, curve);
        let words = format!("{name}: {}", seen(curve));
        picture.key(&name, |picture| {
            picture.line(vec![(MARGIN, y - 4.0), (MARGIN + 20.0, y - 4.0)], 3.0, colour);
            for line in font::wrap_lines(&words, BODY.size, false, picture.right() - MARGIN - 28.0, 3) {
                picture.text(MARGIN + 28.0, y, Anchor::Left, BODY, line);
                y += 16.0;
            }
        });
        y += 3.0;
    }
    y
}
