//! From moments to pixels. Time is even, but for what comes again and again or does not change for long, which is pressed together, and for
//! an outage too short to be seen, which is drawn larger.

use super::super::axis::Axis;
use super::super::font;
use super::super::frame::SMALL;
use super::rows;
use crate::results::{Group, Lane, Replay};

/// A part of the time on a scale of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// Its ends, in seconds after the beginning of the outage.
    pub secs: (f64, f64),
    /// The same in pixels.
    pub pixels: (f64, f64),
    pub kind: Kind,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Time as it is.
    Even,
    /// Nothing new happens: containers restart and fail again.
    Cycles,
    /// Nothing happens at all.
    Still,
    /// The outage, enlarged.
    Close,
}

impl Piece {
    /// Moments with their words, from coarse to fine: a short piece has no room for the first of them.
    fn ticks(&self) -> [Vec<(f64, String)>; 3] {
        let (from, to) = self.pixels;
        let of = |times: f64| Axis::moments(self.secs.0, self.secs.1, from, from + times * (to - from)).ticks;
        [1.0, 2.0, 4.0].map(of)
    }
}

/// All pieces, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    pub pieces: Vec<Piece>,
}

/// The share of the width that has what is pressed together, and what is enlarged.
const BREAK: f64 = 0.27;
const CLOSE: f64 = 0.3;
/// A loop is pressed together if it takes such a share of the time, a standstill if it takes that and is so long.
const LONG_LOOP: f64 = 0.4;
const LONG_STANDSTILL: f64 = 0.6;
const LEAST_STANDSTILL: f64 = 900.0;
/// An outage of fewer pixels is enlarged.
const TOO_SHORT: f64 = 30.0;
/// A container that starts fewer times is in no loop.
const LOOP: u32 = 6;
const HOUR: f64 = 3_600.0;
/// Seconds within which two instants are one.
const NEAR: f64 = 1e-3;

impl Scale {
    /// The scale of these rows between two pixels.
    pub fn of(rows: &[Lane], replay: &Replay, left: f64, right: f64) -> Self {
        let (first, last) = (-replay.outage_from_s, replay.lasts_s - replay.outage_from_s);
        let last = if last > first { last } else { first + 1.0 };
        let width = right - left;
        if let Some((from, to, kind)) = pressed(rows, replay) {
            let (before, after) = (from - first, last - to);
            // A beginning that is short beside the end is still seen.
            let share = before.max(0.0).sqrt() / (before.max(0.0).sqrt() + after.max(0.0).sqrt());
            let even = width * (1.0 - BREAK);
            let (a, b) = (left + even * share, left + even * share + width * BREAK);
            return Self::through(&[(first, left), (from, a), (to, b), (last, right)], &[Kind::Even, kind, Kind::Even]);
        }
        let length = replay.outage.length_s.min(last);
        if length > 0.0 && width * length / (last - first) < TOO_SHORT && !replay.outage.without_end {
            let (from, to) = ((-length * 0.4).max(first), (length * 1.4).min(last));
            let (before, after) = (from - first, last - to);
            let even = width * (1.0 - CLOSE);
            let a = left + even * before / (before + after);
            let knots = [(first, left), (from, a), (to, a + width * CLOSE), (last, right)];
            return Self::through(&knots, &[Kind::Even, Kind::Close, Kind::Even]);
        }
        Self::through(&[(first, left), (last, right)], &[Kind::Even])
    }

    fn through(knots: &[(f64, f64)], kinds: &[Kind]) -> Self {
        let piece = |(two, kind): (&[(f64, f64)], &Kind)| Piece {
            secs: (two[0].0, two[1].0),
            pixels: (two[0].1, two[1].1),
            kind: *kind,
        };
        Self { pieces: knots.windows(2).zip(kinds).map(piece).filter(|piece| piece.secs.1 > piece.secs.0).collect() }
    }

    /// The pixel of a moment; moments outside lie on the edge.
    pub fn at(&self, secs: f64) -> f64 {
        let piece = self.pieces.iter().find(|piece| secs < piece.secs.1).or(self.pieces.last());
        piece.map_or(0.0, |piece| {
            let share = (secs - piece.secs.0) / (piece.secs.1 - piece.secs.0);
            piece.pixels.0 + (piece.pixels.1 - piece.pixels.0) * share.clamp(0.0, 1.0)
        })
    }

    /// Where the scale changes: moments and their pixels.
    pub fn knots(&self) -> Vec<(f64, f64)> {
        let first = self.pieces.first().map(|piece| (piece.secs.0, piece.pixels.0));
        first.into_iter().chain(self.pieces.iter().map(|piece| (piece.secs.1, piece.pixels.1))).collect()
    }

    /// Whether words around a pixel touch no end of the piece that is not even.
    fn is_clear(&self, x: f64, half: f64) -> bool {
        let ends = self.special().into_iter().flat_map(|piece| [piece.pixels.0, piece.pixels.1]);
        ends.into_iter().all(|end| (end - x).abs() > half + 3.0)
    }

    /// The piece that is not even.
    pub fn special(&self) -> Option<&Piece> {
        self.pieces.iter().find(|piece| piece.kind != Kind::Even)
    }

    /// Moments with their words, no two of which touch: the beginning of the outage, then others where there is room.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let mut kept = vec![(0.0, "0".to_owned())];
        let half = |label: &str| font::width(label, SMALL.size, false) / 2.0;
        for piece in self.pieces.iter().filter(|piece| matches!(piece.kind, Kind::Even | Kind::Close)) {
            let before = kept.len();
            for ticks in piece.ticks() {
                for (secs, label) in ticks {
                    let label = if secs > HOUR { exact(secs) } else { label };
                    // A label at the edge is moved inwards.
                    let right = self.pieces.last().map_or(0.0, |last| last.pixels.1);
                    let seen = |secs: f64, label: &str| self.at(secs).min(right - half(label));
                    let (x, wide) = (seen(secs, &label), half(&label));
                    let is_free =
                        |other: &(f64, String)| (seen(other.0, &other.1) - x).abs() > half(&other.1) + wide + 8.0;
                    let is_inside = self.is_clear(x, wide);
                    if is_inside && kept.iter().all(is_free) {
                        kept.push((secs, label));
                    }
                }
                if kept.len() > before {
                    break;
                }
            }
        }
        let first = self.knots()[0].0;
        if first < 0.0 && kept.iter().all(|(secs, _)| *secs >= 0.0) {
            // What lies before has its measure too.
            let label = format!("−{}", crate::report::format::tick(-first.round()));
            if self.at(0.0) - self.at(first) > half("0") + half(&label) + 6.0 {
                kept.push((first, label));
            }
        }
        kept.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept
    }
}

/// `+1 h 50 min 20 s`: beside what is pressed together minutes tell nothing apart.
fn exact(secs: f64) -> String {
    let whole = secs.round() as u64;
    let parts = [(whole / 3_600, "h"), (whole / 60 % 60, "min"), (whole % 60, "s")];
    let told: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    format!("+{}", told.join(" "))
}

/// The starts of a container: their numbers, which its lane tells (`#3 starts`), and when they began.
fn starts(lane: &Lane) -> Vec<(u32, f64)> {
    let number = |words: &str| words.strip_prefix('#')?.strip_suffix(" starts")?.parse().ok();
    lane.spans.iter().filter_map(|span| Some((number(&span.words)?, span.from_s))).collect()
}

/// Whether its container restarts again and again.
pub fn is_loop(lane: &Lane) -> bool {
    let starts = starts(lane);
    rows::is_of_container(lane) && starts.len() > 2 && starts[starts.len() - 1].0 - starts[0].0 >= LOOP
}

/// Restarts of a container between two moments of the excerpt.
pub fn restarts(lane: &Lane, from_s: f64, to_s: f64) -> u32 {
    let starts = starts(lane);
    let before = starts.iter().rev().find(|(_, at)| *at < from_s - NEAR).map_or(0, |(number, _)| *number);
    let after = starts.iter().find(|(_, at)| *at >= to_s - NEAR).or(starts.last()).map_or(0, |(number, _)| *number);
    after.saturating_sub(before + 1)
}

/// The part of the time that is pressed together: between the first cycles of a loop and the last one, or what does not change for long.
fn pressed(rows: &[Lane], replay: &Replay) -> Option<(f64, f64, Kind)> {
    let zero = replay.outage_from_s;
    let loops: Vec<&Lane> = rows.iter().filter(|lane| is_loop(lane)).collect();
    let begun = loops.iter().map(|lane| starts(lane)[2].1).fold(0.0, f64::max);
    let ended = loops.iter().filter_map(|lane| last_cycle(lane)).fold(replay.lasts_s, f64::min);
    let within = |at: f64| !loops.is_empty() && at > begun + NEAR && at < ended - NEAR;
    let comes_again = |lane: &Lane| {
        is_loop(lane)
            || matches!(lane.group, Group::Pods | Group::ControlPlane)
            || rows::is_of_slot(lane)
            || lane.spans.is_empty()
    };
    let mut instants = vec![0.0, replay.lasts_s];
    if !loops.is_empty() {
        instants.extend([begun, ended]);
    }
    for lane in rows {
        let spans = lane.spans.iter().flat_map(|span| [span.from_s, span.to_s]);
        let its = spans.chain(lane.marks.iter().map(|mark| mark.at_s));
        instants.extend(its.filter(|at| !within(*at) || !comes_again(lane)));
    }
    instants.sort_by(f64::total_cmp);
    let longest = instants.windows(2).max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))?;
    let (from, to) = (longest[0], longest[1]);
    let length = to - from;
    let middle = f64::midpoint(from, to);
    if within(middle) {
        return (length >= LONG_LOOP * replay.lasts_s).then_some((from - zero, to - zero, Kind::Cycles));
    }
    let is_long = length >= LONG_STANDSTILL * replay.lasts_s && length >= LEAST_STANDSTILL;
    // A little of it is seen on both sides.
    let margin = 0.2 * (replay.lasts_s - length);
    is_long.then_some((from + margin - zero, to - margin - zero, Kind::Still)).filter(|(from, to, _)| from < to)
}

/// When the last cycle of a loop begins: with the stop or the wait before its last start.
fn last_cycle(lane: &Lane) -> Option<f64> {
    let start = lane.spans.iter().rposition(|span| span.words.ends_with(" starts"))?;
    let before =
        lane.spans[..start].iter().rposition(|span| span.words.ends_with(" runs") || span.words.ends_with(" starts"));
    Some(lane.spans[before.map_or(start, |place| place + 1)].from_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{OutageExample, Span, Tone};

    fn replay(lasts_s: f64, (from, length_s): (f64, f64), lanes: Vec<Lane>) -> Replay {
        let outage =
            OutageExample { statistic: "max".to_owned(), length_s, replication: 0, number: 1, without_end: false };
        Replay { scenario: "one".to_owned(), outage, begins_s: 0.0, lasts_s, outage_from_s: from, cut: None, lanes }
    }

    fn lane(group: Group, name: &str, spans: Vec<Span>) -> Lane {
        Lane { group, name: name.to_owned(), revision: None, spans, marks: Vec::new() }
    }

    fn span(from_s: f64, to_s: f64, words: String) -> Span {
        Span { from_s, to_s, words, tone: Tone::Bad }
    }

    /// A container that starts `n` times, a minute each.
    fn container(n: u32) -> Lane {
        let starts = (0..n).flat_map(|number| {
            let at = 60.0 * f64::from(number);
            [
                span(at, at + 20.0, format!("#{} starts", number + 1)),
                span(at + 20.0, at + 60.0, "CrashLoopBackOff".to_owned()),
            ]
        });
        lane(Group::Pods, "pod 0.1", starts.collect())
    }

    /// Rule: of a loop the first and the last cycle are seen, and what lies between takes its share of the width, with its restarts.
    #[test]
    fn a_loop_is_pressed_together() {
        let lanes = vec![container(100)];
        let replay = replay(6_000.0, (0.0, 6_000.0), lanes.clone());
        let scale = Scale::of(&lanes, &replay, 100.0, 1_100.0);
        let piece = scale.special().unwrap();
        assert_eq!((piece.kind, piece.secs), (Kind::Cycles, (120.0, 5_900.0)));
        assert!((piece.pixels.1 - piece.pixels.0 - 1_000.0 * BREAK).abs() < 1e-9);
        // The third to the last but one of a hundred.
        assert_eq!(restarts(&lanes[0], 120.0, 5_900.0), 97);
        assert!(
            Scale::of(&[container(3)], &replay, 100.0, 1_100.0).special().is_none_or(|piece| piece.kind == Kind::Still)
        );
    }

    /// Property: moments keep their order, and no words touch others or the end of a piece.
    #[test]
    fn ticks_do_not_touch() {
        let still =
            lane(Group::Service, "service", vec![span(30.0, 10_030.0, "0 of 2 Pods serve in rotation".to_owned())]);
        for (lasts, outage, lanes) in [
            (6_000.0, (0.0, 5_990.0), vec![container(100)]),
            (10_060.0, (30.0, 10_000.0), vec![still]),
            (170.0, (82.5, 0.97), Vec::new()),
            (114.0, (30.0, 52.6), Vec::new()),
        ] {
            let replay = replay(lasts, outage, lanes.clone());
            let scale = Scale::of(&lanes, &replay, 200.0, 1_050.0);
            let ticks = scale.ticks();
            assert!(ticks.len() >= 2, "{ticks:?}");
            for two in ticks.windows(2) {
                let [a, b] = [0, 1].map(|i| scale.at(two[i].0));
                let wide = |i: usize| font::width(&two[i].1, SMALL.size, false) / 2.0;
                assert!(a + wide(0) < b - wide(1), "{two:?}");
            }
        }
    }

    /// Rule: an outage too short to be seen is drawn larger.
    #[test]
    fn a_short_outage_is_enlarged() {
        let scale = Scale::of(&[], &replay(170.0, (82.5, 0.97), Vec::new()), 200.0, 1_050.0);
        assert_eq!(scale.special().map(|piece| piece.kind), Some(Kind::Close));
        assert!(scale.at(0.97) - scale.at(0.0) > 100.0);
        assert!(Scale::of(&[], &replay(170.0, (82.5, 40.0), Vec::new()), 200.0, 1_050.0).special().is_none());
    }
}
