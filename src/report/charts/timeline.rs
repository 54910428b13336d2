//! One outage, replayed: a row for everything that something happens to, from what led to it until all is well again.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::axis::Axis;
use super::font;
use super::frame::{BODY, MARGIN, SMALL, foot, head, legend_line};
use super::palette::{BAND, BLACK, BLUE, Colour, GREEN, GRID, OLIVE, ON_LIGHT, PAPER, PURPLE, SKY, SLATE, VERMILION};
use super::picture::{Anchor, Picture, Role};
use super::sheet::Sheet;
use crate::report::aggregate;
use crate::report::format;
use crate::results::{ExperimentResult, Group, Lane, Replay, Span, Tone};

/// Height of a row, and of what lies in it.
const ROW: f64 = 22.0;
const BAR: f64 = 15.0;
/// Where time begins at the least and at the most; the names of the rows stand before it.
const LEFT: (f64, f64) = (230.0, 320.0);
/// Width of the stripe that tells the revision of a Pod.
const REVISION: f64 = 5.0;
/// One revision after the other, in colours that no state has.
const REVISIONS: [Colour; 4] = [BLUE, PURPLE, OLIVE, BLACK];
/// How many spans of a row are told in words.
const TOLD: usize = 40;

/// What a page needs to draw another part of the same time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// The pixels of its ends.
    pub pixels: (f64, f64),
    /// Its ends, in seconds after the beginning of the outage.
    pub secs: (f64, f64),
}

/// The reach of every timeline's picture.
pub fn reach(replay: &Replay) -> Reach {
    Reach {
        pixels: (left(replay), Sheet::WHOLE.width - MARGIN),
        secs: (-replay.outage_from_s, replay.lasts_s - replay.outage_from_s),
    }
}

/// Where time begins.
fn left(replay: &Replay) -> f64 {
    let names = replay.lanes.iter().map(|lane| font::width(&lane.name, BODY.size, false));
    (MARGIN + 14.0 + names.fold(0.0, f64::max)).clamp(LEFT.0, LEFT.1)
}

/// The outage as rows over time.
pub fn draw(result: &ExperimentResult, replay: &Replay, sheet: Sheet) -> Picture {
    let mut picture = Picture::on(sheet);
    let Reach { pixels: (left, _), secs: (from, to) } = reach(replay);
    let right = picture.right();
    let top = head(&mut picture, &title(result, replay), &lead(replay));
    let mut legend = vec![
        (GREEN, "well".to_owned()),
        (SKY, "on its way, or half well".to_owned()),
        (VERMILION, "broken, or waiting to be repaired".to_owned()),
    ];
    if replay.lanes.iter().flat_map(|lane| &lane.spans).any(|span| span.tone == Tone::Detail) {
        legend.push((SLATE, "taken away on purpose".to_owned()));
    }
    let revisions: BTreeSet<u32> = replay.lanes.iter().filter_map(|lane| lane.revision).collect();
    let of_revision = |revision: u32| REVISIONS[revisions.range(..revision).count() % REVISIONS.len()];
    legend.extend(revisions.iter().map(|revision| (of_revision(*revision), format!("Pod of revision {revision}"))));
    let top = legend_line(&mut picture, top - 8.0, &legend) + 22.0;
    let axis = Axis::moments(from, to, left, right);
    let lanes = lanes(replay, sheet, top);
    let groups: Vec<&[Lane]> = lanes.chunk_by(|a, b| a.group == b.group).collect();
    let height = groups.iter().map(|lanes| 8.0 + ROW * (lanes.len() as f64 + heading(lanes))).sum::<f64>();
    let bottom = top + height;
    // The outage itself lies behind all rows.
    let outage = (axis.at(0.0), axis.at(replay.outage.length_s));
    let (words, label) = (String::new(), String::new());
    picture.role(Role::Moment { from_s: 0.0, to_s: replay.outage.length_s, words, label }, |picture| {
        picture.rectangle(outage.0, top, outage.1 - outage.0, height, VERMILION.faint(0.08));
    });
    picture.role(Role::Axis, |picture| {
        for (value, label) in &axis.ticks {
            let x = axis.at(*value);
            picture.line(vec![(x, top - 4.0), (x, bottom)], 1.0, GRID);
            let half = font::width(label, SMALL.size, false) / 2.0;
            picture.text(x.min(right - half), top - 9.0, Anchor::Middle, SMALL, label.clone());
        }
    });
    let mut y = top + 4.0;
    for lanes in groups {
        if heading(lanes) > 0.0 {
            picture.text(MARGIN, y + ROW / 2.0 + 4.0, Anchor::Left, SMALL.bold(), lanes[0].group.name());
            y += ROW;
        }
        for (number, lane) in lanes.iter().enumerate() {
            if number % 2 == 0 {
                picture.rectangle(MARGIN - 8.0, y, left - MARGIN, ROW, BAND);
            }
            let name = font::fit(&lane.name, BODY.size, false, left - MARGIN - 12.0);
            picture.text(MARGIN, y + ROW / 2.0 + 4.0, Anchor::Left, BODY, name);
            if let Some(revision) = lane.revision {
                picture.rectangle(left - REVISION - 2.0, y + 1.0, REVISION, ROW - 2.0, of_revision(revision));
            }
            let well = lane.revision.filter(|_| !lane.name.ends_with("probes")).map_or(GREEN, of_revision);
            row(&mut picture, &axis, lane, replay.outage_from_s, y + ROW / 2.0, well);
            y += ROW;
        }
        y += 8.0;
        picture.line(vec![(MARGIN, y - 4.0), (right, y - 4.0)], 1.0, GRID);
    }
    foot(&mut picture, result, bottom);
    picture.description = replay.lanes.iter().filter(|lane| lane.group == Group::Service).map(told).collect();
    picture
}

/// The rows: all, or in a part of another picture as many as it has room for, of what users notice, what is done and what strikes.
fn lanes(replay: &Replay, sheet: Sheet, top: f64) -> Cow<'_, [Lane]> {
    if !sheet.is_part() {
        return Cow::Borrowed(&replay.lanes);
    }
    let is_told = |lane: &&Lane| matches!(lane.group, Group::Service | Group::Operations | Group::Faults);
    // Two headings.
    let room = sheet.rows(top + 2.0 * ROW + 24.0, ROW);
    Cow::Owned(replay.lanes.iter().filter(is_told).take(room).cloned().collect())
}

/// The first group explains itself, and so does a single lane, but for what is done on purpose and what strikes.
fn heading(lanes: &[Lane]) -> f64 {
    let group = lanes[0].group;
    let is_told_apart = lanes.len() > 1 || matches!(group, Group::Operations | Group::Faults);
    f64::from(u8::from(group != Group::Service && is_told_apart))
}

fn title(result: &ExperimentResult, replay: &Replay) -> String {
    let which = match replay.outage.statistic.as_str() {
        "max" => "The longest outage",
        "p50" => "A median outage",
        _ => "An outage",
    };
    let end = if replay.outage.without_end { " and no end" } else { "" };
    let length = format!("{}{end}", format::in_full(replay.outage.length_s));
    let name = match result.scenarios.len() {
        1 => replay.scenario.clone(),
        _ => match result.scenarios.iter().find(|one| one.name == replay.scenario) {
            Some(scenario) if aggregate::role(result, scenario).is_some() => {
                format!("the {} scenario", aggregate::role_word(result, scenario).to_lowercase())
            }
            _ => format!("“{}”", replay.scenario),
        },
    };
    let after = cause(replay).map_or(String::new(), |cause| format!(", after {cause}"));
    format!("{which} of {name}: {length}{after}")
}

/// A fault that lasts so large a part of an outage is why it is so long.
const MOST_OF: f64 = 0.7;

/// What struck last before the outage began, or with it: a fault or an operation.
fn cause(replay: &Replay) -> Option<String> {
    if let Some(refused) = refused(replay) {
        return Some(refused);
    }
    let lanes = replay.lanes.iter().filter(|lane| matches!(lane.group, Group::Operations | Group::Faults));
    let struck = lanes.flat_map(|lane| {
        let lasting = |span: &Span| {
            // Most of an outage that lasts as long as a fault is the fault's length.
            let is_why = lane.group == Group::Faults && span.to_s - span.from_s > MOST_OF * replay.outage.length_s;
            let has_end = span.to_s < replay.lasts_s - 1e-3;
            if is_why && has_end {
                format!("{}, which lasts {}", span.words, format::in_full(span.to_s - span.from_s))
            } else {
                span.words.clone()
            }
        };
        let spans = lane.spans.iter().map(move |span| (span.from_s, lasting(span)));
        // Of what happens at the same moment a span says more.
        lane.marks.iter().map(|mark| (mark.at_s, lane.name.clone())).chain(spans)
    });
    let before = struck.filter(|(at_s, _)| *at_s <= replay.outage_from_s + 1e-3);
    before.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, words)| words)
}

fn lead(replay: &Replay) -> String {
    let led = format::in_full(replay.outage_from_s);
    let text = format!(
        "{}: replication {}, outage {} of that replication, from {led} before it. Time runs from its beginning; it is \
         shaded. A tick is something that happens at once.",
        replay.scenario, replay.outage.replication, replay.outage.number
    );
    match &replay.cut {
        Some(cut) => format!("{text} {cut}"),
        None => text,
    }
}

/// The end of a drain that a budget had refused, where the outage begins with it.
fn refused(replay: &Replay) -> Option<String> {
    let spans = replay.lanes.iter().filter(|lane| lane.group == Group::Nodes).flat_map(|lane| &lane.spans);
    let ends_then = |span: &&Span| (span.to_s - replay.outage_from_s).abs() < 1.0 && span.from_s < replay.outage_from_s;
    let words = spans.filter(ends_then).find_map(|span| span.words.split_once("eviction refused"))?.1;
    Some(format!("an eviction had been refused{words}"))
}

/// A row for readers who cannot see it: as much of it as anybody listens to.
fn told(lane: &Lane) -> String {
    let spans =
        lane.spans.iter().map(|span| format!("{} for {}", span.words, format::in_full(span.to_s - span.from_s)));
    let mut told: Vec<String> = spans.take(TOLD).collect();
    if lane.spans.len() > TOLD {
        told.push(format!("{} more", format::whole((lane.spans.len() - TOLD) as u64)));
    }
    format!("{}: {}", lane.name, told.join(", "))
}

/// `well` is the colour of what is well: of a container, that of its revision.
fn row(picture: &mut Picture, axis: &Axis, lane: &Lane, zero: f64, middle: f64, well: Colour) {
    let (top, bottom) = (middle - BAR / 2.0, middle + BAR / 2.0);
    for span in &lane.spans {
        let (from_s, to_s) = (span.from_s - zero, span.to_s - zero);
        let (from, to) = (axis.at(from_s), axis.at(to_s));
        let words = format!("{}: {}, {}", lane.name, span.words, format::in_full(to_s - from_s));
        picture.role(Role::Moment { from_s, to_s, words, label: span.words.clone() }, |picture| {
            let fill = if span.tone == Tone::Good { well } else { colour(span.tone) };
            // A hair of paper tells neighbours apart.
            let width = if to - from > 3.0 { to - from - 0.75 } else { (to - from).max(1.0) };
            picture.rectangle(from, top, width, BAR, fill);
            let ink = if fill.is_dark() { PAPER } else { ON_LIGHT };
            if let Some(label) = fitting(&span.words, width - 8.0) {
                picture.text(from + 4.0, middle + 4.0, Anchor::Left, SMALL.coloured(ink), label);
            }
        });
    }
    // Below the words of what lasts.
    let top = if lane.spans.is_empty() { top } else { bottom - 4.0 };
    for mark in &lane.marks {
        let (at_s, x) = (mark.at_s - zero, axis.at(mark.at_s - zero));
        let rules = if mark.rules.is_empty() { String::new() } else { format!(" ({})", mark.rules) };
        let words = format!("{}\n{}: {}{rules}", instant(at_s), lane.name, mark.words);
        picture.role(Role::Moment { from_s: at_s, to_s: at_s, words, label: String::new() }, |picture| {
            let colour = if matches!(mark.tone, Tone::Plain | Tone::Detail) { BLACK } else { colour(mark.tone) };
            picture.line(vec![(x, top), (x, bottom + 2.0)], 2.0, colour);
        });
    }
}

/// The words, or only what follows the colon, if they fit.
fn fitting(words: &str, room: f64) -> Option<&str> {
    let short = words.split_once(": ").map(|(_, short)| short);
    [Some(words), short].into_iter().flatten().find(|words| font::width(words, SMALL.size, false) < room)
}

/// An instant relative to the beginning of the outage.
pub fn instant(secs: f64) -> String {
    let sign = if secs < 0.0 { "−" } else { "+" };
    let millis = (secs.abs() * 1e3).round() as u64;
    let (h, m, s, millis) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60, millis % 1_000);
    format!("{sign}{h:02}:{m:02}:{s:02}.{millis:03}")
}

fn colour(tone: Tone) -> Colour {
    match tone {
        Tone::Good => GREEN,
        Tone::Bad => VERMILION,
        Tone::Plain => SKY,
        Tone::Detail => SLATE,
    }
}
