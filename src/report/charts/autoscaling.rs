//! A surge of requests, or a day, and how an autoscaler follows it: what comes, what the Pods in rotation take, and what is refused.

use super::axis::{Axis, Unit};
use super::finding::settings;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUE, Colour, GREEN, SLATE, VERMILION};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::format::{self, pods};
use crate::results::{ExperimentResult, LoadMoment, LoadReplay};

const HEIGHT: f64 = 250.0;
const LEFT: f64 = MARGIN + 46.0;
const RIGHT: f64 = 24.0;
/// A number of Pods stands at its line where that is so long.
const WORD: f64 = 46.0;
/// So long after it has begun, in seconds, a surge is as large as it gets: what comes later is the hour's doing.
const SURGE: f64 = 300.0;

/// What an excerpt comes to.
struct Course {
    /// Requests that come, and that are refused.
    come: f64,
    refused: f64,
    /// The most that come in a second.
    most: f64,
    /// Pods at its beginning, or at that of the surge, and the most of them.
    first: u32,
    largest: u32,
    /// Seconds from the surge's beginning until the Pods take all that comes from then on; `None`: they do not.
    until_enough: Option<f64>,
    /// Of what the Pods take, the least part that is free.
    free: f64,
}

impl Course {
    fn of(replay: &LoadReplay) -> Self {
        let begins = replay.surge_from_s.unwrap_or(0.0);
        let (mut come, mut most) = (0.0, 0.0_f64);
        let (mut largest, mut last_short, mut free) = (0, None, f64::INFINITY);
        for (moment, end) in replay.lasting() {
            let taken = replay.taken(moment);
            come += moment.rate * (end - moment.at_s);
            largest = largest.max(moment.pods);
            if moment.at_s < begins + SURGE {
                most = most.max(moment.rate);
            }
            if taken > 0.0 {
                free = free.min(1.0 - moment.rate / taken);
            }
            if moment.rate > taken {
                last_short = Some(end);
            }
        }
        let first = replay.moments.iter().take_while(|moment| moment.at_s <= begins).last().map_or(0, |one| one.pods);
        let until_enough = match last_short {
            Some(end) if end >= replay.lasts_s => None,
            last => Some((last.unwrap_or(begins) - begins).max(0.0)),
        };
        Self { come, refused: replay.refused(), most, first, largest, until_enough, free }
    }
}

/// The excerpts, one below the other on the same scales; `None` if there is none.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let mut replays: Vec<&LoadReplay> = result.surges.iter().collect();
    if sheet.is_low() {
        replays.truncate(1);
    }
    let first = *replays.first()?;
    let mut picture = Picture::on(sheet);
    let lead = format!(
        "Requests a second, and what the Pods of {} in rotation take at {} each. What comes above that is refused. {}",
        first.deployment,
        format::significant(first.capacity_of_pod, 3),
        if first.surge_from_s.is_some() {
            "One of the first surges of a replication: half of what they cost is lost in ones that are as bad or worse."
        } else {
            "A day on which most come."
        },
    );
    let mut y = frame::head(&mut picture, &title(result, &replays), &lead);
    let legend = [
        (BLUE, "what comes".to_owned()),
        (GREEN, "what the Pods in rotation take".to_owned()),
        (SLATE, "what spec.replicas would".to_owned()),
        (VERMILION, "refused".to_owned()),
    ];
    y = frame::legend_line(&mut picture, y - 8.0, &legend);
    let highest = |replay: &&LoadReplay| {
        let most = |moment: &LoadMoment| f64::from(moment.pods.max(moment.replicas)) * replay.capacity_of_pod;
        replay.moments.iter().map(|moment| most(moment).max(moment.rate)).fold(0.0, f64::max)
    };
    let highest = replays.iter().map(highest).fold(0.0, f64::max);
    for replay in &replays {
        if replays.len() > 1 {
            let name = font::fit(&name(result, &replay.scenario), BODY.size, true, picture.right() - MARGIN);
            picture.text(MARGIN, y + 8.0, Anchor::Left, BODY.bold(), name);
            y += 14.0;
        }
        y = panel(&mut picture, replay, highest, y) + 14.0;
        picture.description.push(in_words(replay));
    }
    let below = if first.surge_from_s.is_some() { "time since the surge began" } else { "hour of the day" };
    picture.text(f64::midpoint(LEFT, picture.right() - RIGHT), y + 2.0, Anchor::Middle, SMALL, below);
    frame::foot(&mut picture, result, y + 8.0);
    Some(picture)
}

fn panel(picture: &mut Picture, replay: &LoadReplay, highest: f64, y: f64) -> f64 {
    let (top, bottom) = (y + 12.0, y + 12.0 + picture.sheet.area(HEIGHT, y + 60.0));
    let right = picture.right() - RIGHT;
    let begins = replay.surge_from_s.unwrap_or(0.0);
    let time = if replay.surge_from_s.is_some() {
        Axis::moments(-begins, replay.lasts_s - begins, LEFT, right)
    } else {
        Axis::moments(0.0, replay.lasts_s, LEFT, right)
    };
    let axis = Axis::linear(Unit::Number, highest, bottom, top);
    let x = |at_s: f64| time.at(at_s - begins);
    frame::horizontal_grid(picture, &axis, LEFT, right);
    frame::vertical_grid(picture, &time, top, bottom);
    let outline = |height: &dyn Fn(&LoadMoment) -> f64| -> Vec<(f64, f64)> {
        replay
            .lasting()
            .flat_map(|(moment, end)| [(x(moment.at_s), axis.at(height(moment))), (x(end), axis.at(height(moment)))])
            .collect()
    };
    let takes = |pods: u32| f64::from(pods) * replay.capacity_of_pod;
    let comes = outline(&|moment| moment.rate);
    picture.area([comes.clone(), vec![(right, bottom), (LEFT, bottom)]].concat(), BLUE.faint(0.14));
    for (moment, end) in replay.lasting() {
        if moment.rate > takes(moment.pods) {
            let (high, low) = (axis.at(moment.rate), axis.at(takes(moment.pods)));
            picture.rectangle(
                x(moment.at_s),
                high,
                (x(end) - x(moment.at_s)).max(0.5),
                low - high,
                VERMILION.faint(0.75),
            );
        }
    }
    picture.line(outline(&|moment| takes(moment.replicas)), 1.2, SLATE);
    picture.line(comes, 1.6, BLUE);
    picture.line(outline(&|moment| takes(moment.pods)), 2.0, GREEN);
    label(picture, replay, GREEN, &|moment| (x(moment.at_s), axis.at(takes(moment.pods))), right);
    bottom + 22.0
}

/// How many Pods there are, where that lasts.
fn label(
    picture: &mut Picture,
    replay: &LoadReplay,
    colour: Colour,
    place: &dyn Fn(&LoadMoment) -> (f64, f64),
    right: f64,
) {
    let mut free_from = f64::NEG_INFINITY;
    let runs = replay.moments.chunk_by(|a, b| a.pods == b.pods);
    let starts: Vec<&LoadMoment> = runs.map(|run| &run[0]).collect();
    for (number, moment) in starts.iter().enumerate() {
        let (x, y) = place(moment);
        let end = starts.get(number + 1).map_or(right, |next| place(next).0);
        if end - x < WORD || x < free_from {
            continue;
        }
        let words = pods(moment.pods);
        free_from = x + 4.0 + font::width(&words, BODY.size, true);
        // Where all is taken there is room above, else below what is refused.
        let is_enough = moment.rate <= replay.taken(moment);
        let y = if is_enough { y - 5.0 } else { y + 15.0 };
        picture.text(x + 4.0, y, Anchor::Left, BODY.bold().coloured(colour), words);
    }
}

/// What happens, and what it costs: of two scenarios in both.
fn title(result: &ExperimentResult, replays: &[&LoadReplay]) -> String {
    let first = replays[0];
    let course = Course::of(first);
    if first.surge_from_s.is_none() {
        let day = first.day.as_deref().unwrap_or("day");
        let follow = format!("On a {day} up to {} follow the load", pods(course.largest));
        return if course.refused > 0.0 {
            format!("{follow}, and refuse {} of its requests", format::share(course.refused, course.come))
        } else {
            format!("{follow}: {} of what they take is free at the least", format::share(course.free, 1.0))
        };
    }
    let surge = format!("A surge to {} requests a second", format::significant(course.most, 3));
    let names: Vec<String> = replays.iter().map(|one| name(result, &one.scenario)).collect();
    let each = replays.iter().zip(&names).map(|(replay, own)| {
        let comes = meets(replay);
        if names.len() > 1 { format!("with {}, {comes}", apart(own, &names)) } else { comes }
    });
    format!("{surge}: {}", each.collect::<Vec<_>>().join("; "))
}

/// Of a surge: how many Pods it meets, what they refuse of it, and until when.
fn meets(replay: &LoadReplay) -> String {
    let course = Course::of(replay);
    let meets = format!("{} at first", pods(course.first));
    if course.refused <= 0.0 {
        return format!("{meets}, nothing refused");
    }
    let part = format::share(course.refused, course.come);
    match course.until_enough {
        Some(secs) => format!("{meets}, {part} refused in 20 min, enough after {}", format::duration(secs)),
        None => format!("{meets}, {part} refused in 20 min, and never enough"),
    }
}

/// What of a scenario's settings is not that of all.
fn apart(own: &str, all: &[String]) -> String {
    let is_of_all = |part: &&str| all.iter().all(|other| other.split(", ").any(|theirs| theirs == *part));
    let parts: Vec<&str> = own.split(", ").filter(|part| !is_of_all(part)).collect();
    if parts.is_empty() { own.to_owned() } else { parts.join(", ") }
}

/// What tells a scenario from the others.
fn name(result: &ExperimentResult, scenario: &str) -> String {
    let found = result.scenarios.iter().find(|one| one.name == scenario);
    found.map_or_else(|| scenario.to_owned(), |found| settings(result, found))
}

fn in_words(replay: &LoadReplay) -> String {
    let course = Course::of(replay);
    let enough = course.until_enough.map_or("never".to_owned(), |secs| format!("after {}", format::duration(secs)));
    format!(
        "{}: up to {} requests a second, {} Pods at first and {} at most; {} of what comes is refused; enough Pods {enough}",
        replay.scenario,
        format::significant(course.most, 3),
        course.first,
        course.largest,
        format::share(course.refused, course.come),
    )
}
