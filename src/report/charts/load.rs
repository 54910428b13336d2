//! What comes in each hour of the week, against what so many Pods take.

use super::axis::{Axis, Unit};
use super::finding::shown_name;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUE, CRIMSON, Colour, GREEN, GRID, ORANGE, PURPLE, VERMILION};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::model::DAYS;
use crate::report::featured;
use crate::report::format::{self, pods};
use crate::results::{ExperimentResult, LoadResult};

const HEIGHT: f64 = 260.0;
/// Beside the plot, for the numbers of its axis and for the names of its lines.
const NUMBERS: f64 = 44.0;
const NAMES: f64 = 190.0;
/// Names of lines need so much room below each other.
const LINE: f64 = 17.0;

/// So many Pods, what they take, and why they are so many: all are there, one is missing, a zone is away.
struct Level {
    pods: u32,
    takes: f64,
    why: &'static str,
    /// The same of those that are missing.
    without: &'static str,
    colour: Colour,
    /// Of what they refuse.
    refused: Colour,
}

/// The name of the line above which an overload outlasts its cause.
const OVERLOAD: &str = "an overload stays";

impl Level {
    /// From so many requests a second on an overload outlasts its cause.
    fn of_backlog(pods: u32, takes: f64) -> Self {
        Self { pods, takes, why: OVERLOAD, without: "", colour: CRIMSON, refused: CRIMSON.faint(0.25) }
    }

    fn name(&self) -> String {
        match self.why {
            "" => pods(self.pods),
            OVERLOAD => OVERLOAD.to_owned(),
            why => format!("{} {why}", self.pods),
        }
    }
}

/// For the scenario that other charts show; `None` where nobody says how many requests come, or what a Pod takes.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let load = featured::shown(result)?.load.as_ref()?;
    // One that follows the load has another picture.
    let capacity = load.capacity_of_pod.filter(|_| load.autoscaler.is_none())?;
    let levels = levels(load, capacity);
    let highest = levels.iter().map(|level| level.takes).fold(load.peak_rate, f64::max);

    let mut picture = Picture::on(sheet);
    let of_zone = if levels.len() > 2 { " A lost zone leaves so many where Pods are spread evenly." } else { "" };
    let becomes = if load.late_per_year.is_some() { "waits" } else { "is refused" };
    let red = if levels[0].takes < load.peak_rate { "; in red what is too much while all are there" } else { "" };
    let red = if load.late_per_year.is_none() { red.replace("is too much", "is refused") } else { red.to_owned() };
    let stays = load.persists_above.map_or(String::new(), |above| {
        let tries = load.most_tries.map_or(String::new(), |tries| format::significant(tries, 2));
        format!(
            " Above {} an overload outlasts its cause, as what fails is sent up to {tries} times.",
            format::significant(above, 3)
        )
    });
    let lead = format!(
        "Requests a second by the hour of the week{}, and what so many Pods take at {} each. What comes above the line of those that \
         are left {becomes}{red}.{of_zone}{stays} {}",
        if load.surge_rate.is_some() { ", without surges" } else { "" },
        format::significant(capacity, 3),
        shown_name(result),
    );
    let y = frame::head(&mut picture, &title(load, &levels), lead.trim_end());
    picture.text(MARGIN, y + 6.0, Anchor::Left, SMALL.bold(), "requests a second");
    let names = if sheet.is_narrow() { 0.0 } else { NAMES };
    let (left, right) = (MARGIN + NUMBERS, picture.right() - names);
    let (top, bottom) = (y + 16.0, y + 16.0 + sheet.area(HEIGHT, y + 46.0));
    let axis = Axis::linear(Unit::Number, highest, bottom, top);
    let hours = load.rate_by_hour.len() as f64;
    let x = |hour: usize| left + (right - left) * hour as f64 / hours;

    frame::horizontal_grid(&mut picture, &axis, left, right);
    for (day, name) in DAYS.iter().enumerate() {
        let (from, to) = (x(day * 24), x((day + 1) * 24));
        picture.line(vec![(from, top), (from, bottom)], 1.0, GRID);
        let name = if sheet.is_narrow() { &name[..2] } else { *name };
        picture.text(f64::midpoint(from, to), bottom + 18.0, Anchor::Middle, SMALL, name);
    }
    let step = |(hour, rate): (usize, &f64)| [(x(hour), axis.at(*rate)), (x(hour + 1), axis.at(*rate))];
    let outline: Vec<(f64, f64)> = load.rate_by_hour.iter().enumerate().flat_map(step).collect();
    picture.area([outline.clone(), vec![(right, bottom), (left, bottom)]].concat(), BLUE.faint(0.14));
    let hours: Vec<(usize, &f64)> = load.rate_by_hour.iter().enumerate().collect();
    for level in levels.iter().rev() {
        let is_above = |rate: f64| rate > level.takes;
        for above in hours.chunk_by(|a, b| is_above(*a.1) == is_above(*b.1)).filter(|hours| is_above(*hours[0].1)) {
            let (from, to, edge) = (x(above[0].0), x(above[0].0 + above.len()), axis.at(level.takes));
            let outline = above.iter().copied().flat_map(step).chain([(to, edge), (from, edge)]);
            picture.area(outline.collect(), level.refused);
        }
    }
    picture.line(outline, 1.6, BLUE);
    let mut lowest = f64::NEG_INFINITY;
    let stays = load.persists_above.map(|takes| Level::of_backlog(load.replicas, takes));
    for level in levels.iter().chain(&stays) {
        let at = axis.at(level.takes);
        picture.dashes((left, at), (right, at), 1.4, level.colour);
        // One name below the other, however close the lines are.
        lowest = (at + 4.0).max(lowest + LINE);
        let words = format!("{}: {}", level.name(), format::significant(level.takes, 3));
        if sheet.is_narrow() {
            picture.text(right, at - 4.0, Anchor::Right, SMALL.coloured(level.colour), words.as_str());
        } else {
            picture.text(right + 8.0, lowest, Anchor::Left, BODY.coloured(level.colour), words.as_str());
        }
        picture.description.push(format!("{words}, {}", above(load, level.takes)));
    }
    frame::foot(&mut picture, result, bottom + 26.0);
    Some(picture)
}

/// All Pods, one less, and those that the loss of a zone leaves, as far as these differ.
fn levels(load: &LoadResult, capacity: f64) -> Vec<Level> {
    let all = load.replicas;
    let of = |pods: u32, (why, without), colour, refused: Colour| {
        let takes = f64::from(pods) * capacity;
        Level { pods, takes, why, without, colour, refused }
    };
    let mut levels = vec![of(all, ("", ""), GREEN, VERMILION.faint(0.85))];
    if all > 1 {
        levels.push(of(all - 1, ("with one less", "with one less"), ORANGE, ORANGE.faint(0.45)));
    }
    if let Some(left) = load.without_a_zone.filter(|left| *left > 0 && left + 1 < all) {
        levels.push(of(left, ("left by a lost zone", "without a zone"), PURPLE, PURPLE.faint(0.25)));
    }
    levels
}

/// What is true of the peak: all Pods cannot carry it, or those that are left cannot, or all can.
fn title(load: &LoadResult, levels: &[Level]) -> String {
    let peak = format!("the peak of {} requests a second", format::significant(load.peak_rate, 3));
    if let Some(above) =
        load.persists_above.filter(|above| *above < load.peak_rate && load.peak_rate <= levels[0].takes)
    {
        let part = load.share_of(above, load.replicas).map_or(String::new(), |part| format!("{:.0} %", part * 100.0));
        let hours = self::above(load, above);
        return format!(
            "{} carry {peak}, but above {part} of their capacity an overload stays: in {hours}",
            pods(load.replicas)
        );
    }
    let is_refused = if load.late_per_year.is_some() { " of it is too much" } else { " of it is refused" };
    let refuse = if load.late_per_year.is_some() { "cannot take" } else { "refuse" };
    let refused = |level: &Level| format::share(load.peak_rate - level.takes, load.peak_rate);
    let (all, fewer) = levels.split_first().expect("all Pods are one of them");
    if all.takes < load.peak_rate {
        let hours = above(load, all.takes);
        return format!("{} {refuse} {} of {peak}: more comes than they take in {hours}", pods(all.pods), refused(all));
    }
    let carry = if all.pods == 1 { "carries" } else { "carry" };
    let short: Vec<String> = fewer
        .iter()
        .filter(|level| level.takes < load.peak_rate)
        .enumerate()
        .map(|(number, level)| {
            let is_refused = if number == 0 { is_refused } else { "" };
            format!("{} {}{is_refused}", level.without, refused(level))
        })
        .collect();
    match (short.as_slice(), fewer.last()) {
        ([], None) => format!("{} {carry} {peak}", pods(all.pods)),
        ([], Some(least)) => format!("{} {carry} {peak}, and so do {}", pods(all.pods), least.name()),
        (short, _) => format!("{} {carry} {peak}; {}", pods(all.pods), short.join(", ")),
    }
}

fn above(load: &LoadResult, takes: f64) -> String {
    match load.rate_by_hour.iter().filter(|rate| **rate > takes).count() {
        0 => "no hour of the week".to_owned(),
        1 => "1 hour of the week".to_owned(),
        hours => format!("{hours} hours of the week"),
    }
}
