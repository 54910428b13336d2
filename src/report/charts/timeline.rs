//! One outage, replayed: a row for everything that something happens to, from what led to it until all is well again.

mod choice;
mod finding;
mod rows;
mod scale;

use std::collections::BTreeSet;

use super::font;
use super::frame::{BODY, MARGIN, SMALL, foot, head};
use super::palette::{
    BAND, BLACK, BLUE, Colour, GREEN, GREY, GRID, INK, OLIVE, ON_LIGHT, PAPER, PURPLE, SKY, SLATE, VERMILION,
};
use super::picture::{Anchor, Picture, Role};
use super::sheet::Sheet;
use crate::report::format;
use crate::report::timeline::SURGE;
use crate::results::{ExperimentResult, Group, Lane, Replay, Tone};
use scale::{Kind, Piece, Scale};

pub use choice::worth_drawing;

/// Height of a row, and of what lies in it.
const ROW: f64 = 22.0;
const BAR: f64 = 15.0;
/// Where time begins at the least and at the most; the names of the rows stand before it.
const LEFT: (f64, f64) = (150.0, 320.0);
/// Width of the stripe that tells the revision of a Pod.
const REVISION: f64 = 5.0;
/// One revision after the other, in colours that no state has.
const REVISIONS: [Colour; 4] = [BLUE, PURPLE, OLIVE, BLACK];
/// How many spans of a row are told in words.
const TOLD: usize = 40;
/// Seconds within which two instants are one.
const NEAR: f64 = 1e-3;
/// Air on both sides of the words in a bar.
const AIR: f64 = 3.0;

/// What a page needs to draw another part of the same time.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// Moments in seconds after the beginning of the outage, and their pixels; between them both are even.
    pub knots: Vec<(f64, f64)>,
}

/// The reach of a timeline's picture.
pub fn reach(replay: &Replay) -> Reach {
    let rows = rows::of(replay);
    Reach { knots: Scale::of(&rows, replay, left(&rows), Sheet::WHOLE.width - MARGIN).knots() }
}

/// Where time begins.
fn left(rows: &[Lane]) -> f64 {
    let names = rows.iter().map(|row| font::width(&row.name, BODY.size, false));
    (MARGIN + 20.0 + names.fold(0.0, f64::max)).clamp(LEFT.0, LEFT.1)
}

/// The outage as rows over time.
pub fn draw(result: &ExperimentResult, replay: &Replay, sheet: Sheet) -> Picture {
    let mut picture = Picture::on(sheet);
    let right = picture.right();
    let all = rows::of(replay);
    let left = left(&all);
    let scale = Scale::of(&all, replay, left, right);
    let zero = replay.outage_from_s;
    let top = head(&mut picture, &finding::title(result, replay), &lead(result, replay, &scale));
    let revisions: BTreeSet<u32> = all.iter().filter_map(|row| row.revision).collect();
    let of_revision = |revision: u32| REVISIONS[revisions.range(..revision).count() % REVISIONS.len()];
    let pods: Vec<(u32, Colour)> = revisions.iter().map(|revision| (*revision, of_revision(*revision))).collect();
    let top = legend(&mut picture, top - 8.0, &all, &pods) + 22.0 + special_room(&scale);
    let rows = fitting_rows(all, sheet, top);
    let groups: Vec<&[Lane]> = rows.chunk_by(|a, b| a.group == b.group).collect();
    // The outage has the first row.
    let height = ROW + groups.iter().map(|rows| 8.0 + ROW * (rows.len() as f64 + heading(rows))).sum::<f64>();
    let bottom = top + height;
    let outage = (scale.at(0.0), scale.at(replay.outage.length_s));
    let (words, label) = (String::new(), String::new());
    picture.role(Role::Moment { from_s: 0.0, to_s: replay.outage.length_s, words, label }, |picture| {
        let width = (outage.1 - outage.0).max(1.0);
        picture.rectangle(outage.0, top, width, height, VERMILION.faint(0.08));
    });
    picture.role(Role::Axis, |picture| {
        for (secs, label) in scale.ticks() {
            let x = scale.at(secs);
            picture.line(vec![(x, top - 4.0), (x, bottom)], 1.0, GRID);
            let half = font::width(&label, SMALL.size, false) / 2.0;
            picture.text(x.min(right - half), top - 9.0, Anchor::Middle, SMALL, label);
        }
    });
    other_outages(&mut picture, replay, &scale, top + ROW / 2.0);
    the_outage(&mut picture, replay, outage, left, top + ROW / 2.0);
    let mut y = top + ROW + 4.0;
    let mut broken: Vec<(f64, &Lane)> = Vec::new();
    for rows in groups {
        if heading(rows) > 0.0 {
            picture.text(MARGIN, y + ROW / 2.0 + 4.0, Anchor::Left, SMALL.bold(), rows[0].group.name());
            y += ROW;
        }
        for (number, row) in rows.iter().enumerate() {
            if number % 2 == 0 {
                picture.rectangle(MARGIN - 8.0, y, left - MARGIN, ROW, BAND);
            }
            let name = font::fit(&row.name, BODY.size, false, left - MARGIN - 12.0);
            picture.text(MARGIN, y + ROW / 2.0 + 4.0, Anchor::Left, BODY, name);
            if let Some(revision) = row.revision {
                picture.rectangle(left - REVISION - 2.0, y + 1.0, REVISION, ROW - 2.0, of_revision(revision));
            }
            let well = row.revision.filter(|_| rows::is_of_container(row)).map_or(GREEN, of_revision);
            draw_row(&mut picture, &scale, row, zero, y + ROW / 2.0, well);
            broken.push((y + ROW / 2.0, row));
            y += ROW;
        }
        y += 8.0;
        picture.line(vec![(MARGIN, y - 4.0), (right, y - 4.0)], 1.0, GRID);
    }
    if let Some(piece) = scale.special() {
        picture.role(Role::Axis, |picture| special(picture, piece, zero, &broken, (top, bottom)));
    }
    foot(&mut picture, result, bottom);
    picture.description = replay.lanes.iter().filter(|lane| lane.group == Group::Service).map(told).collect();
    picture
}

/// The rows: all, or in a part of another picture as many as it has room for, of what users notice, what is done and what strikes.
fn fitting_rows(rows: Vec<Lane>, sheet: Sheet, top: f64) -> Vec<Lane> {
    if !sheet.is_part() {
        return rows;
    }
    let is_told = |row: &Lane| matches!(row.group, Group::Service | Group::Operations | Group::Faults);
    // The outage, and two headings.
    let room = sheet.rows(top + 3.0 * ROW + 24.0, ROW);
    rows.into_iter().filter(is_told).take(room).collect()
}

/// The first group explains itself, and so does a single row, but for what is done on purpose and what strikes.
fn heading(rows: &[Lane]) -> f64 {
    let group = rows[0].group;
    let is_told_apart = rows.len() > 1 || matches!(group, Group::Operations | Group::Faults);
    f64::from(u8::from(group != Group::Service && is_told_apart))
}

fn lead(result: &ExperimentResult, replay: &Replay, scale: &Scale) -> String {
    let mut text = format!(
        "{}: replication {}, outage {} of that replication. Time runs from its beginning; it is shaded.",
        replay.scenario, replay.outage.replication, replay.outage.number
    );
    let needed = result.objective.min_serving;
    if needed > 1 && result.objective.system.is_none() && !result.each_alone {
        text += &format!(" The service needs {needed} Pods.");
    }
    if replay.lanes.iter().flat_map(|lane| &lane.spans).any(|span| span.words.starts_with('#')) {
        text += " # counts the starts of a container.";
    }
    if result.has_capacity() {
        text += " Requests that Pods refuse or answer too late are not drawn.";
    }
    match scale.special().map(|piece| piece.kind) {
        Some(Kind::Close) => text += " Between the dashed lines time is drawn larger.",
        Some(_) => {
            text += " Between the dashed lines time is pressed together, and the scales on both sides of them differ.";
        }
        None => {}
    }
    if replay.lanes.iter().any(|lane| lane.name.ends_with(SURGE)) || rows::counts_beyond_slots(replay) {
        text += " The service counts Pods that have no slot, too: those of a surge, until another Pod goes, and those that serve while they \
                 are terminated.";
    }
    match &replay.cut {
        Some(cut) => format!("{text} {cut}"),
        None => text,
    }
}

/// Colours and ticks that are there. Returns where the picture may go on.
fn legend(picture: &mut Picture, y: f64, rows: &[Lane], pods: &[(u32, Colour)]) -> f64 {
    let tones: Vec<Tone> = rows.iter().flat_map(|row| &row.spans).map(|span| span.tone).collect();
    let mut entries: Vec<(Colour, bool, String)> = Vec::new();
    for (tone, words) in [
        (Tone::Good, "well"),
        (Tone::Plain, "on its way, or half well"),
        (Tone::Bad, "broken, or waiting to be repaired"),
        (Tone::Detail, "taken away on purpose"),
    ] {
        if tones.contains(&tone) {
            entries.push((colour(tone), true, words.to_owned()));
        }
    }
    entries.extend(pods.iter().map(|(revision, colour)| (*colour, true, format!("Pod of revision {revision} runs"))));
    let marks: Vec<Tone> = rows.iter().flat_map(|row| &row.marks).map(|mark| mark.tone).collect();
    let name = |tones: &[Tone], words: &str| marks.iter().any(|mark| tones.contains(mark)).then(|| words.to_owned());
    let plain = name(&[Tone::Plain, Tone::Detail], "happens at once");
    entries.extend(plain.map(|words| (BLACK, false, words)));
    entries.extend(name(&[Tone::Good], "at once, for the better").map(|words| (GREEN, false, words)));
    entries.extend(name(&[Tone::Bad], "at once, for the worse").map(|words| (VERMILION, false, words)));
    let (mut x, mut y) = (MARGIN, y + 12.0);
    for (colour, is_bar, words) in entries {
        let width = 18.0 + font::width(&words, BODY.size, false);
        if x > MARGIN && x + width > picture.right() {
            (x, y) = (MARGIN, y + 20.0);
        }
        let (from, across) = if is_bar { (x, 12.0) } else { (x + 5.0, 2.0) };
        picture.rectangle(from, y - 10.0, across, 12.0, colour);
        picture.text(x + 18.0, y, Anchor::Left, BODY, words);
        x += width + 22.0;
    }
    y + 16.0
}

/// Those before and after it, for which the service is down as well.
fn other_outages(picture: &mut Picture, replay: &Replay, scale: &Scale, middle: f64) {
    let zero = replay.outage_from_s;
    let service = replay.lanes.iter().find(|lane| lane.group == Group::Service);
    let spans = service.into_iter().flat_map(|lane| &lane.spans).filter(|span| span.tone == Tone::Bad);
    for (from_s, to_s) in spans.map(|span| (span.from_s - zero, span.to_s - zero)) {
        let is_another = to_s <= NEAR || from_s >= replay.outage.length_s - NEAR;
        if !is_another {
            continue;
        }
        let words = format!("another outage, {}", format::in_full(to_s - from_s));
        picture.role(Role::Moment { from_s, to_s, words, label: "another".to_owned() }, |picture| {
            let (from, to) = (scale.at(from_s), scale.at(to_s));
            let width = (to - from).max(1.0);
            picture.rectangle(from, middle - BAR / 2.0, width, BAR, SLATE.faint(0.45));
            if font::width("another", SMALL.size, false) + 2.0 * AIR < width {
                picture.text(from + AIR, middle + 4.0, Anchor::Left, SMALL.coloured(ON_LIGHT), "another");
            }
        });
    }
}

/// The outage itself, with its length.
fn the_outage(picture: &mut Picture, replay: &Replay, (from, to): (f64, f64), left: f64, middle: f64) {
    picture.text(MARGIN, middle + 4.0, Anchor::Left, BODY.bold(), "outage");
    let end = if replay.outage.without_end { " and no end" } else { "" };
    let words = format!("{}{end}", format::in_full(replay.outage.length_s));
    let width = (to - from).max(2.0);
    let moment = Role::Moment { from_s: 0.0, to_s: replay.outage.length_s, words: words.clone(), label: words.clone() };
    let fits = font::width(&words, SMALL.size, true) + 2.0 * AIR < width;
    picture.role(moment, |picture| {
        picture.rectangle(from, middle - BAR / 2.0, width, BAR, INK);
        if fits {
            picture.text(from + AIR, middle + 4.0, Anchor::Left, SMALL.bold().coloured(PAPER), words.clone());
        }
    });
    if !fits {
        let style = SMALL.bold().coloured(INK);
        let is_free = to + 6.0 + font::width(&words, SMALL.size, true) < picture.right();
        if is_free {
            picture.text(to + 6.0, middle + 4.0, Anchor::Left, style, words);
        } else if from - 6.0 - font::width(&words, SMALL.size, true) > left {
            picture.text(from - 6.0, middle + 4.0, Anchor::Right, style, words);
        }
    }
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
fn draw_row(picture: &mut Picture, scale: &Scale, lane: &Lane, zero: f64, middle: f64, well: Colour) {
    let (top, bottom) = (middle - BAR / 2.0, middle + BAR / 2.0);
    for (place, span) in lane.spans.iter().enumerate() {
        let (from_s, to_s) = (span.from_s - zero, span.to_s - zero);
        let (from, to) = (scale.at(from_s), scale.at(to_s));
        let words = format!("{}: {}, {}", lane.name, span.words, format::in_full(to_s - from_s));
        picture.role(Role::Moment { from_s, to_s, words, label: span.words.clone() }, |picture| {
            let fill = if span.tone == Tone::Good { well } else { colour(span.tone) };
            // A hair of paper tells neighbours apart.
            let width = if to - from > 3.0 { to - from - 0.75 } else { (to - from).max(1.0) };
            if rows::is_left_out(span) {
                hatch(picture, (from, from + width), (top, bottom));
                return;
            }
            picture.rectangle(from, top, width, BAR, fill);
            let ink = if fill.is_dark() { PAPER } else { ON_LIGHT };
            if let Some(label) = fitting(&span.words, seen(scale, lane, (from_s, to_s), width) - 2.0 * AIR) {
                picture.text(from + AIR, middle + 4.0, Anchor::Left, SMALL.coloured(ink), label);
            } else if let Some(label) = beside(lane, place, scale, zero, picture.right()) {
                picture.text(from + width + 4.0, middle + 4.0, Anchor::Left, SMALL.coloured(INK), label);
            }
        });
    }
    // What is for the worse is seen among others of its instant.
    let mut marks: Vec<_> = lane.marks.iter().collect();
    marks.sort_by_key(|mark| mark.tone == Tone::Bad);
    for mark in marks {
        let (at_s, x) = (mark.at_s - zero, scale.at(mark.at_s - zero));
        let rules = if mark.rules.is_empty() { String::new() } else { format!(" ({})", mark.rules) };
        let words = format!("{}\n{}: {}{rules}", instant(at_s), lane.name, mark.words);
        picture.role(Role::Moment { from_s: at_s, to_s: at_s, words, label: String::new() }, |picture| {
            let colour = if matches!(mark.tone, Tone::Plain | Tone::Detail) { BLACK } else { colour(mark.tone) };
            picture.line(vec![(x, top), (x, bottom)], 2.0, colour);
        });
    }
}

/// The width of a bar that is not covered: of a loop the pressed part is.
fn seen(scale: &Scale, lane: &Lane, (from_s, to_s): (f64, f64), width: f64) -> f64 {
    match scale.special() {
        Some(piece)
            if piece.kind == Kind::Cycles && is_covered(lane) && from_s < piece.secs.1 && to_s > piece.secs.0 =>
        {
            (piece.pixels.0 - scale.at(from_s)).max(0.0)
        }
        _ => width,
    }
}

/// Rows in which something comes again and again.
fn is_covered(lane: &Lane) -> bool {
    scale::is_loop(lane) || lane.name.ends_with("probes") || (rows::is_of_slot(lane) && lane.spans.len() > 8)
}

/// What is written beside a bar that is too short for it: of a prober, how many failures it takes, where nothing follows at once.
fn beside<'a>(lane: &'a Lane, place: usize, scale: &Scale, zero: f64, right: f64) -> Option<&'a str> {
    if !lane.name.ends_with("probes") {
        return None;
    }
    let end = scale.at(lane.spans[place].to_s - zero);
    if scale
        .special()
        .is_some_and(|piece| piece.kind == Kind::Cycles && end > piece.pixels.0 && end <= piece.pixels.1 + 1.0)
    {
        return None;
    }
    let next = lane.spans.get(place + 1).map_or(right, |next| scale.at(next.from_s - zero));
    let next = scale.special().filter(|piece| piece.pixels.0 >= end).map_or(next, |piece| next.min(piece.pixels.0));
    fitting(&lane.spans[place].words, next - end - 10.0)
}

/// The words, or of them what follows a colon or what a verdict takes, or how many Pods, if they fit.
fn fitting(words: &str, room: f64) -> Option<&str> {
    let after = |mark: &str| words.split_once(mark).map(|(_, short)| short);
    let before = |mark: &str| words.split_once(mark).map(|(short, _)| short);
    let shorter = [" Pods serve", " by the budget", " on purpose", " is on its way"].map(before);
    let refused = after("cordoned, eviction ").and_then(|words| words.split_once(' ')).map(|(short, _)| short);
    let all =
        [Some(words), after(": "), after(" after "), after("cordoned, ")].into_iter().chain(shorter).chain([refused]);
    all.flatten().find(|words| font::width(words, SMALL.size, false) < room)
}

/// What the piece that is not even needs above the axis.
fn special_room(scale: &Scale) -> f64 {
    if scale.special().is_some() { 16.0 } else { 0.0 }
}

/// The piece that is not even: its ends, what it is, and over rows in which something comes again and again how often.
fn special(picture: &mut Picture, piece: &Piece, zero: f64, rows: &[(f64, &Lane)], (top, bottom): (f64, f64)) {
    let (from, to) = piece.pixels;
    let lasts = format::in_full((piece.secs.1 - piece.secs.0).round());
    let words = match piece.kind {
        Kind::Cycles => format!("the same for {lasts}"),
        Kind::Still => format!("no change for {lasts}"),
        Kind::Close | Kind::Even => "drawn larger".to_owned(),
    };
    if piece.kind == Kind::Cycles {
        let (begin, end) = (piece.secs.0 + zero, piece.secs.1 + zero);
        let goes_round =
            |row: &Lane| is_covered(row) && row.spans.iter().any(|span| span.from_s > begin && span.to_s < end);
        for (middle, row) in rows.iter().filter(|(_, row)| goes_round(row)) {
            hatch(picture, (from, to), (middle - BAR / 2.0, middle + BAR / 2.0));
            let label = again(row, piece, zero);
            let width = font::width(&label, SMALL.size, false);
            if !label.is_empty() && width + 8.0 < to - from {
                let at = f64::midpoint(from, to);
                // The ends of the lines stand out of the bar a little.
                picture.rectangle(at - width / 2.0 - 4.0, middle - BAR / 2.0 - 1.0, width + 8.0, BAR + 2.0, PAPER);
                picture.text(at, middle + 4.0, Anchor::Middle, SMALL.coloured(INK), label);
            }
        }
    }
    for x in [from, to] {
        picture.dashes((x, top - 20.0), (x, bottom), 1.2, GREY);
    }
    let words = font::fit(&words, SMALL.size, true, to - from - 8.0);
    picture.text(f64::midpoint(from, to), top - 24.0, Anchor::Middle, SMALL.bold().coloured(INK), words);
}

/// What a row tells while all goes round.
fn again(row: &Lane, piece: &Piece, zero: f64) -> String {
    if !scale::is_loop(row) {
        return if rows::is_of_slot(row) {
            "out of rotation, over and over".to_owned()
        } else {
            "again and again".to_owned()
        };
    }
    let restarts = scale::restarts(row, piece.secs.0 + zero, piece.secs.1 + zero);
    let wait = if row.spans.iter().any(|span| span.words == "CrashLoopBackOff") { ", with back-off" } else { "" };
    format!("{} more restarts{wait}", format::whole(u64::from(restarts)))
}

/// A bar of slanted lines, over whatever is there.
fn hatch(picture: &mut Picture, (from, to): (f64, f64), (top, bottom): (f64, f64)) {
    let height = bottom - top;
    picture.rectangle(from, top, to - from, height, PAPER);
    picture.rectangle(from, top, to - from, height, VERMILION.faint(0.12));
    let mut x = from;
    while x + height < to {
        picture.line(vec![(x, bottom), (x + height, top)], 1.4, VERMILION);
        x += 8.0;
    }
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
