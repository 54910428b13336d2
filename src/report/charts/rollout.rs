//! One rollout, second by second: how many Pods of each revision there are, and below it which share of the requests fails. Those
//! that were completed have one picture, those of a bad revision that was rolled back another.

mod title;

use super::axis::Axis;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUE, Colour, GREEN, GREY, GRID, INK, ORANGE, PAPER, PURPLE, SKY, SLATE, VERMILION};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::featured;
use crate::report::format;
use crate::results::{ExperimentResult, FailingSpan, RevisionCounts, Rollback, RolloutReplay};
use title::{lead, title};

const LEFT: f64 = MARGIN + 46.0;
/// Behind what is drawn stands how many Pods are wanted.
const WANTED: f64 = 66.0;
/// Of one Pod, if there is room for that.
const POD: f64 = 40.0;
const LEAST_HEIGHT: f64 = 90.0;
const MOST_HEIGHT: f64 = 200.0;
/// From 0 to 100 % of the requests, and the most that words stand above them.
const SHARES: f64 = 64.0;
const WORDS: f64 = 32.0;
const LINE: f64 = 13.0;
/// What a part of another picture has below the Pods.
const BELOW: f64 = 22.0 + 6.0 + WORDS + SHARES + 36.0;
/// States that are narrower are not drawn: nobody sees them.
const LEAST_STATE: f64 = 7.0;
/// What lasts a tenth of a second in a rollout of minutes is still seen.
const LEAST_WIDTH: f64 = 2.0;

/// Pods of one kind: what they are called, their colour, and how many there are. From the bottom up: those that are Ready, those
/// that are not, and those that go.
struct Band {
    name: &'static str,
    colour: Colour,
    count: fn(&RevisionCounts) -> u32,
}

/// The new revision is bad: its Pods have the colour of what fails.
const BAD_BANDS: [Band; 6] = [
    Band { name: "good revision, Ready", colour: BLUE, count: |pods| pods.old_ready },
    Band { name: "bad revision, Ready", colour: VERMILION, count: |pods| pods.new_ready },
    Band { name: "bad revision, not Ready", colour: ORANGE, count: |pods| pods.new_not_ready },
    Band { name: "good revision, not Ready yet", colour: SKY, count: |pods| pods.old_not_ready },
    Band { name: "good revision, terminating", colour: SLATE, count: |pods| pods.old_terminating },
    Band { name: "bad revision, terminating", colour: PURPLE, count: |pods| pods.new_terminating },
];

const BANDS: [Band; 6] = [
    Band { name: "old revision, Ready", colour: BLUE, count: |pods| pods.old_ready },
    Band { name: "new revision, Ready", colour: GREEN, count: |pods| pods.new_ready },
    Band { name: "new revision, not Ready yet", colour: SKY, count: |pods| pods.new_not_ready },
    Band { name: "old revision, not Ready", colour: ORANGE, count: |pods| pods.old_not_ready },
    Band { name: "old revision, terminating", colour: SLATE, count: |pods| pods.old_terminating },
    Band { name: "new revision, terminating", colour: PURPLE, count: |pods| pods.new_terminating },
];

/// A time in which requests fail without a break.
struct Moment {
    from_s: f64,
    to_s: f64,
    /// The largest share that fails in it.
    peak: f64,
    /// It is the same all the time.
    is_even: bool,
}

impl Moment {
    fn share(&self) -> String {
        let peak = format::share(self.peak, 1.0);
        if self.is_even { peak } else { format!("up to {peak}") }
    }
}

/// The bands of a rollout.
fn bands(replay: &RolloutReplay) -> &'static [Band; 6] {
    if replay.rollback.is_some() { &BAD_BANDS } else { &BANDS }
}

/// A state of the Pods, and where it lies in the picture.
struct State<'a> {
    from: f64,
    to: f64,
    pods: &'a RevisionCounts,
}

/// The states that are wide enough to be seen. Narrow ones that follow each other are one, that in which the fewest Pods are Ready, or
/// else the beginning of the next.
fn states<'a>(replay: &'a RolloutReplay, axis: &Axis) -> Vec<State<'a>> {
    let x = |at_s: f64| axis.at(at_s - replay.rollout_from_s);
    let ready = |pods: &RevisionCounts| pods.old_ready + pods.new_ready;
    let ends = replay.pods.iter().skip(1).map(|next| next.at_s).chain([replay.lasts_s]);
    let mut states: Vec<State<'_>> = Vec::new();
    let mut narrow: Option<State<'_>> = None;
    for (pods, end) in replay.pods.iter().zip(ends) {
        let (from, to) = (x(pods.at_s), x(end));
        if to - from >= LEAST_STATE || end >= replay.lasts_s {
            let from = narrow.take().map_or(from, |narrow| narrow.from);
            states.push(State { from, to, pods });
            continue;
        }
        let before = narrow.take();
        let from = before.as_ref().map_or(from, |before| before.from);
        let least = before.map(|before| before.pods).filter(|before| ready(before) <= ready(pods)).unwrap_or(pods);
        let merged = State { from, to, pods: least };
        if to - from >= LEAST_STATE {
            states.push(merged);
        } else {
            narrow = Some(merged);
        }
    }
    states
}

/// Where time ends.
fn end(picture: &Picture) -> f64 {
    picture.right() - WANTED
}

/// The rollouts that were completed, or rolled back, one below the other on the same scale of time; `None` if there is none.
pub fn draw(result: &ExperimentResult, is_rolled_back: bool, sheet: Sheet) -> Option<Picture> {
    let wanted = |one: &&RolloutReplay| one.rollback.is_some() == is_rolled_back;
    let mut replays: Vec<&RolloutReplay> = result.rollouts.iter().filter(wanted).collect();
    let first = *replays.first()?;
    let is_same = replays.get(1).is_some_and(|second| are_alike(first, second));
    if is_same || sheet.is_low() {
        // The same picture twice says no more, and a part has no room for two.
        replays.truncate(1);
    }
    let mut picture = Picture::on(sheet);
    let mut y = frame::head(&mut picture, &title(result, &replays, is_same), &lead(&replays, first));
    let from = replays.iter().map(|one| -one.rollout_from_s).fold(0.0, f64::min);
    let to = replays.iter().map(|one| one.lasts_s - one.rollout_from_s).fold(0.0, f64::max);
    let axis = Axis::moments(from, to, LEFT, end(&picture));
    // What fails has its own panel with its name.
    let is_there =
        |band: &&Band| replays.iter().any(|one| states(one, &axis).iter().any(|state| (band.count)(state.pods) > 0));
    let legend: Vec<(Colour, String)> =
        bands(first).iter().filter(is_there).map(|band| (band.colour, band.name.to_owned())).collect();
    y = frame::legend_line(&mut picture, y - 8.0, &legend);
    for replay in replays {
        y = panel(&mut picture, result, replay, &axis, y) + 14.0;
        picture.description.push(in_words(replay));
    }
    picture.text(f64::midpoint(LEFT, end(&picture)), y + 4.0, Anchor::Middle, SMALL, "time since the template changed");
    frame::foot(&mut picture, result, y + 10.0);
    Some(picture)
}

const FAILS: &str = "requests that fail";

/// One rollout; returns where it ends.
fn panel(picture: &mut Picture, result: &ExperimentResult, replay: &RolloutReplay, axis: &Axis, y: f64) -> f64 {
    let mut y = header(picture, result, replay, y + 10.0);
    let wanted = wanted(replay);
    let there = states(replay, axis);
    let most = there.iter().map(|state| total(state.pods)).chain(wanted.iter().map(|(_, pods)| *pods)).max();
    let most = most.unwrap_or(0).max(1);
    let sheet = picture.sheet;
    let height = sheet.area((f64::from(most) * POD).clamp(LEAST_HEIGHT, MOST_HEIGHT), y + 20.0 + BELOW);
    let (top, bottom) = (y + 20.0, y + 20.0 + height);
    picture.text(MARGIN, top - 8.0, Anchor::Left, SMALL.bold(), "Pods");
    let at = |pods: u32| bottom - height * f64::from(pods) / f64::from(most);
    grid(picture, axis, (top, bottom));
    for pods in (0..=most).step_by(step(most) as usize) {
        level(picture, at(pods), &pods.to_string());
    }
    stack(picture, replay, &there, &at);
    let x = |at_s: f64| axis.at(at_s - replay.rollout_from_s);
    let ends = wanted.iter().skip(1).map(|(from_s, _)| *from_s).chain([replay.lasts_s]);
    for ((from_s, pods), end_s) in wanted.iter().zip(ends) {
        picture.dashes((x(*from_s), at(*pods)), (x(end_s), at(*pods)), 1.2, INK);
    }
    if let Some((_, pods)) = wanted.last() {
        picture.text(end(picture) + 6.0, at(*pods) + 4.0, Anchor::Left, SMALL, format!("{pods} wanted"));
    }
    completion(picture, replay, axis, (top, bottom));

    let ticks = |picture: &mut Picture, bottom: f64| {
        for (value, label) in &axis.ticks {
            picture.text(axis.at(*value), bottom + 16.0, Anchor::Middle, SMALL, label.clone());
        }
    };
    if replay.failing.is_empty() {
        // An empty panel says no more than that.
        ticks(picture, bottom);
        picture.text(MARGIN, bottom + 36.0, Anchor::Left, SMALL.bold(), format!("{FAILS}: none"));
        return bottom + 38.0;
    }
    y = bottom + 22.0;
    picture.text(MARGIN, y, Anchor::Left, SMALL.bold(), FAILS);
    let marks = marks(replay, axis, end(picture));
    let above = |mark: &Written| SHARES * mark.peak + 5.0 + LINE * mark.line as f64 + 12.0 - SHARES;
    let words = marks.iter().map(above).fold(0.0, f64::max);
    let (top, bottom) = (y + 13.0 + words, y + 13.0 + words + SHARES);
    grid(picture, axis, (top, bottom));
    for (share, label) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
        level(picture, bottom - SHARES * share, label);
    }
    failing(picture, replay, axis, &marks, bottom);
    ticks(picture, bottom);
    bottom + 18.0
}

/// The words of a moment in which requests fail.
struct Written {
    text: String,
    middle: f64,
    /// The largest share that fails in it.
    peak: f64,
    /// On a second line where the first has no room.
    line: usize,
}

/// The words that have room.
fn marks(replay: &RolloutReplay, axis: &Axis, end: f64) -> Vec<Written> {
    let x = |at_s: f64| axis.at(at_s - replay.rollout_from_s);
    let mut taken = [LEFT; 2];
    let mut marks = Vec::new();
    let moments = moments(&replay.failing);
    let middle_of = |moment: &Moment| f64::midpoint(x(moment.from_s), x(moment.to_s));
    let weight = |moment: &Moment| (moment.to_s - moment.from_s) * moment.peak;
    for moment in &moments {
        // Of those that lie so near to each other that words might be meant for either the largest is told.
        let is_near = |other: &&Moment| (middle_of(other) - middle_of(moment)).abs() < NEIGHBOURS;
        if moments.iter().filter(is_near).any(|other| weight(other) > weight(moment)) {
            continue;
        }
        let text = format!("{}, {}", moment.share(), format::duration(moment.to_s - moment.from_s));
        let half = font::width(&text, SMALL.size, false) / 2.0;
        let middle = middle_of(moment).clamp(LEFT + half, end - half);
        if let Some(line) = taken.iter().position(|taken| middle - half >= *taken) {
            marks.push(Written { text, middle, peak: moment.peak, line });
            taken[line] = middle + half + 8.0;
        }
    }
    marks
}

/// Lines of figures where one has no room for them.
const NARROW_LINES: usize = 4;
/// Pixels between two moments that have no words each.
const NEIGHBOURS: f64 = 14.0;

/// So little apart, as a part of the larger one, two rollouts are the same to the reader.
const ALIKE: f64 = 0.1;

/// Whether two rollouts take and cost about the same.
fn are_alike(one: &RolloutReplay, other: &RolloutReplay) -> bool {
    let is_near = |a: f64, b: f64| (a - b).abs() <= ALIKE * a.max(b);
    is_near(one.took_s, other.took_s) && is_near(cost(one), cost(other)) && least_ready(one) == least_ready(other)
}

/// Which scenario, if there are several, and its figures.
fn header(picture: &mut Picture, result: &ExperimentResult, replay: &RolloutReplay, y: f64) -> f64 {
    let mut y = y;
    let scenario = result.scenarios.iter().find(|scenario| scenario.name == replay.scenario);
    if let Some(scenario) = scenario.filter(|_| result.scenarios.len() > 1) {
        let name = format!("{}: {}", featured::heading(result, scenario), scenario.name);
        picture.text(MARGIN, y, Anchor::Left, BODY.bold(), font::fit(&name, BODY.size, true, picture.right() - MARGIN));
        y += 17.0;
    }
    let operation = scenario.and_then(|scenario| {
        scenario.operations.iter().find(|(name, _)| **name == replay.operation).map(|(_, operation)| operation)
    });
    let median =
        operation.filter(|_| replay.rollback.is_none()).and_then(|operation| operation.duration_s.p50.as_ref());
    let median = median.map(|median| format!("median of all: {}", format::in_full(median.value)));
    let least = match least_ready(replay) {
        0 => "at times no Pod Ready".to_owned(),
        least => format!("never fewer than {least} of {} Pods Ready", replay.replicas),
    };
    let figures: Vec<String> = [found(replay), Some(took(replay)), median, Some(least), lost(replay)]
        .into_iter()
        .flatten()
        .chain([format!("revision {}, replication {}", replay.revision, replay.replication)])
        .collect();
    let room = picture.right() - MARGIN;
    let lines = if picture.sheet.is_narrow() { NARROW_LINES } else { 1 };
    for (number, line) in font::wrap_lines(&figures.join(" · "), SMALL.size, false, room, lines).into_iter().enumerate()
    {
        y += if number == 0 { 0.0 } else { LINE };
        picture.text(MARGIN, y, Anchor::Left, SMALL, line);
    }
    if !replay.meanwhile.is_empty() {
        let others = replay.meanwhile.join(", ");
        let words = format!("not all that fails need be its own: {others} struck meanwhile");
        y += 16.0;
        let words = font::fit(&words, SMALL.size, true, picture.right() - MARGIN);
        picture.text(MARGIN, y, Anchor::Left, SMALL.bold().coloured(VERMILION), words);
    }
    y + 12.0
}

fn took(replay: &RolloutReplay) -> String {
    let what = if replay.rollback.is_some() { "undone" } else { "complete" };
    format!("{what} after {}", format::in_full(replay.took_s))
}

/// What is wrong with the revision, and how long nobody knew.
fn found(replay: &RolloutReplay) -> Option<String> {
    let rollback = replay.rollback.as_ref()?;
    Some(format!("{}, found after {}", flaw(replay, rollback), format::in_full(rollback.after_s)))
}

/// The flaw without the name of the operation that it is of.
fn flaw<'a>(replay: &RolloutReplay, rollback: &'a Rollback) -> &'a str {
    let rest = rollback.flaw.strip_prefix(&replay.operation).and_then(|rest| rest.strip_prefix('-'));
    rest.unwrap_or(&rollback.flaw)
}

/// What fails in all, as time of full traffic.
fn lost(replay: &RolloutReplay) -> Option<String> {
    let secs = cost(replay);
    (secs > 0.0).then(|| format!("failed requests worth {} of full traffic", format::duration(secs)))
}

/// The same in seconds.
fn cost(replay: &RolloutReplay) -> f64 {
    replay.failing.iter().map(|span| (span.to_s - span.from_s) * span.failing_share).sum()
}

/// How many Pods are wanted, from when on within the excerpt.
fn wanted(replay: &RolloutReplay) -> Vec<(f64, u32)> {
    let scalings = replay.scalings.iter().map(|scaling| (scaling.at_s, scaling.replicas));
    [(0.0, replay.replicas)].into_iter().chain(scalings).collect()
}

/// The fewest Pods that were Ready while the rollout was under way.
fn least_ready(replay: &RolloutReplay) -> u32 {
    let (from, to) = (replay.rollout_from_s, replay.rollout_from_s + replay.took_s);
    let ends = replay.pods.iter().skip(1).map(|next| next.at_s).chain([replay.lasts_s]);
    let during = replay.pods.iter().zip(ends).filter(|(pods, end)| pods.at_s <= to && *end > from);
    during.map(|(pods, _)| pods.old_ready + pods.new_ready).min().unwrap_or(0)
}

fn total(pods: &RevisionCounts) -> u32 {
    // Either way they are the same Pods.
    BANDS.iter().map(|band| (band.count)(pods)).sum()
}

/// From one tick to the next, so that there are six at most.
fn step(most: u32) -> u32 {
    let decades = (0..8).map(|power| 10_u32.pow(power));
    decades.flat_map(|decade| [1, 2, 5].map(|step| step * decade)).find(|step| most / step <= 5).unwrap_or(most)
}

/// Lines of time over an area.
fn grid(picture: &mut Picture, axis: &Axis, (top, bottom): (f64, f64)) {
    for (value, _) in &axis.ticks {
        picture.line(vec![(axis.at(*value), top), (axis.at(*value), bottom)], 1.0, GRID);
    }
}

/// A line across, and what it stands for.
fn level(picture: &mut Picture, y: f64, label: &str) {
    picture.line(vec![(LEFT, y), (end(picture), y)], 1.0, GRID);
    picture.text(LEFT - 8.0, y + 4.0, Anchor::Right, SMALL, label);
}

/// The Pods as stacked areas, and over each stretch of time its words.
fn stack(picture: &mut Picture, replay: &RolloutReplay, states: &[State<'_>], at: &dyn Fn(u32) -> f64) {
    let bands = bands(replay);
    for (number, band) in bands.iter().enumerate() {
        let below = |pods: &RevisionCounts| bands[..number].iter().map(|band| (band.count)(pods)).sum::<u32>();
        let is_there = |state: &State<'_>| (band.count)(state.pods) > 0;
        for run in states.chunk_by(|a, b| is_there(a) == is_there(b)).filter(|run| is_there(&run[0])) {
            let upper = || {
                run.iter().flat_map(|state| {
                    let y = at(below(state.pods) + (band.count)(state.pods));
                    [(state.from, y), (state.to, y)]
                })
            };
            let lower = run.iter().rev().flat_map(|state| {
                let y = at(below(state.pods));
                [(state.to, y), (state.from, y)]
            });
            let outline = upper().chain(lower).collect();
            picture.datum(band.name, band.name, |picture| picture.area(outline, band.colour));
            // A line of paper tells neighbours apart also where their colours are not seen.
            picture.line(upper().collect(), 1.2, PAPER);
        }
    }
    for state in states {
        let since = format::in_full(state.pods.at_s - replay.rollout_from_s);
        picture.datum("", format!("{since}: {}", counts(replay, state.pods)), |picture| {
            let (top, width) = (at(total(state.pods)), state.to - state.from);
            picture.rectangle(state.from, top, width, at(0) - top, PAPER.faint(0.0));
        });
    }
}

fn counts(replay: &RolloutReplay, pods: &RevisionCounts) -> String {
    let there = bands(replay).iter().filter(|band| (band.count)(pods) > 0);
    let words: Vec<String> = there.map(|band| format!("{} {}", (band.count)(pods), band.name)).collect();
    if words.is_empty() { "no Pod".to_owned() } else { words.join("; ") }
}

/// When the template changes, when it is found to be bad, and when the rollout is complete: words where there is room for them.
fn completion(picture: &mut Picture, replay: &RolloutReplay, axis: &Axis, (top, bottom): (f64, f64)) {
    let (from, to) = (axis.at(0.0), axis.at(replay.took_s));
    let found = replay.rollback.as_ref().map(|rollback| axis.at(rollback.after_s));
    let right = picture.right();
    for x in [Some(from), found, Some(to)].into_iter().flatten() {
        picture.dashes((x, top - 4.0), (x, bottom), 1.2, INK);
    }
    let mut write = |anchor, x, words: &str| picture.text(x, top - 8.0, anchor, SMALL, words);
    let width = |words: &str| font::width(words, SMALL.size, false) + 12.0;
    let (began, bad, ended) = ("the template changes", "found to be bad: rolled back", took(replay));
    let mut free = from;
    if width(began) < found.unwrap_or(to) - from {
        write(Anchor::Left, from + 4.0, began);
        free += width(began);
    }
    if let Some(x) = found.filter(|x| free + width(bad) < *x) {
        write(Anchor::Right, x - 4.0, bad);
    }
    if found.unwrap_or(free) + width(&ended) < to {
        write(Anchor::Right, to - 4.0, &ended);
    } else if to + width(&ended) < right {
        write(Anchor::Left, to + 4.0, &ended);
    }
}

/// The share that fails, and above each moment of it how much and for how long, where there is room.
fn failing(picture: &mut Picture, replay: &RolloutReplay, axis: &Axis, marks: &[Written], bottom: f64) {
    let x = |at_s: f64| axis.at(at_s - replay.rollout_from_s);
    for span in &replay.failing {
        let (from, height) = (x(span.from_s), (SHARES * span.failing_share).max(1.0));
        let width = (x(span.to_s) - from).max(LEAST_WIDTH);
        let since = format::in_full(span.from_s - replay.rollout_from_s);
        let words = format!(
            "{since}: {} of the requests fail, for {}",
            format::share(span.failing_share, 1.0),
            format::duration(span.to_s - span.from_s)
        );
        picture.datum(FAILS, words, |picture| picture.rectangle(from, bottom - height, width, height, VERMILION));
    }
    for Written { text, middle, peak, line } in marks {
        let y = bottom - SHARES * peak - 5.0 - LINE * *line as f64;
        picture.text(*middle, y, Anchor::Middle, SMALL.coloured(VERMILION), text.clone());
    }
    picture.line(vec![(LEFT, bottom), (end(picture), bottom)], 1.2, GREY);
}

/// What follows at once on another share is one moment.
fn moments(failing: &[FailingSpan]) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    for span in failing {
        match moments.last_mut().filter(|last| span.from_s - last.to_s < 1e-6) {
            Some(last) => {
                last.is_even &= last.peak.to_bits() == span.failing_share.to_bits();
                (last.to_s, last.peak) = (span.to_s, last.peak.max(span.failing_share));
            }
            None => {
                let (from_s, to_s, peak) = (span.from_s, span.to_s, span.failing_share);
                moments.push(Moment { from_s, to_s, peak, is_even: true });
            }
        }
    }
    moments
}

/// The rollout for readers who cannot see it.
fn in_words(replay: &RolloutReplay) -> String {
    let moments: Vec<String> = moments(&replay.failing)
        .iter()
        .map(|moment| {
            format!(
                "{} of the requests fail for {} at {}",
                moment.share(),
                format::duration(moment.to_s - moment.from_s),
                format::in_full(moment.from_s - replay.rollout_from_s)
            )
        })
        .collect();
    let steps: Vec<String> = replay
        .pods
        .iter()
        .map(|pods| format!("{} {}", format::in_full(pods.at_s - replay.rollout_from_s), counts(replay, pods)))
        .take(TOLD)
        .collect();
    let fails = if moments.is_empty() { "no request fails".to_owned() } else { moments.join(", ") };
    let bad = found(replay).map(|found| found + ", ").unwrap_or_default();
    format!("{}: {bad}{}, {fails}. Pods: {}", replay.scenario, took(replay), steps.join(", "))
}

/// So many changes are listened to.
const TOLD: usize = 40;
