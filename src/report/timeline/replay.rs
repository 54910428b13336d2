//! An outage to keep with the answer: its lanes, short enough for a page.

use super::lanes::lanes;
use super::{Excerpt, story};
use crate::history::{Outage, Timeline};
use crate::model::Model;
use crate::report::format;
use crate::results::{Lane, OutageExample, Replay, Span, Tone};
use crate::stats::twelve_digits;
use crate::time::{Duration, SimTime};

/// A page draws no more spans and marks of one outage.
const MOST: usize = 2_000;
/// Equal probes are told one by one, unless a lane has more than this.
const FEW: u64 = 40;

/// The outage of which `outage` is the example, in the timeline of its replication; none if it is not there.
pub fn replay(timeline: &Timeline, model: &Model, scenario: &str, example: &OutageExample) -> Option<Replay> {
    let outage: Outage = timeline.counted_outages().nth(usize::try_from(example.number).ok()?.checked_sub(1)?)?;
    let (from, to) = story(timeline, outage);
    let whole = Excerpt { from, to, each_probe: false, rules: true };
    let mut lanes = shortened(timeline, model, whole);
    let mut cut = None;
    let mut excerpt = whole;
    let length = |excerpt: Excerpt| format::in_full(excerpt.to.since(excerpt.from).as_secs_f64());
    if count(&lanes) > MOST {
        lanes.iter_mut().for_each(leave_out_ordinary);
        lanes.iter_mut().for_each(leave_out_repeats);
        cut = Some(
            "Of what comes again and again the first and the last are shown, without what containers ordinarily do between."
                .to_owned(),
        );
    }
    if count(&lanes) > MOST {
        let mut instants: Vec<f64> = lanes.iter().flat_map(instants).collect();
        instants.sort_by(f64::total_cmp);
        excerpt.to = from + Duration::from_secs_f64(instants[MOST]);
        lanes = shortened(timeline, model, excerpt);
        lanes.iter_mut().for_each(leave_out_ordinary);
        lanes.iter_mut().for_each(leave_out_repeats);
        cut = Some(format!(
            "The replay lasts {}, of which the first {} are shown, without what comes again and again.",
            length(whole),
            length(excerpt),
        ));
    }
    let shown = excerpt.to.saturating_since(outage.began).as_secs_f64();
    if example.without_end && example.length_s > shown + 1.0 {
        cut = Some(format!(
            "The outage had not ended after {}; the first {} of it are shown.",
            format::in_full(example.length_s),
            format::in_full(shown)
        ));
    }
    let secs = |at: SimTime| twelve_digits(at.saturating_since(from).as_secs_f64());
    let zero = timeline.counted_from;
    let begins = if from < zero { -zero.since(from).as_secs_f64() } else { from.since(zero).as_secs_f64() };
    Some(Replay {
        scenario: scenario.to_owned(),
        outage: example.clone(),
        begins_s: twelve_digits(begins),
        lasts_s: secs(excerpt.to),
        outage_from_s: secs(outage.began),
        cut,
        lanes,
    })
}

fn count(lanes: &[Lane]) -> usize {
    lanes.iter().map(|lane| lane.spans.len() + lane.marks.len()).sum()
}

/// Where spans tell the same, ordinary marks can be done without.
fn leave_out_ordinary(lane: &mut Lane) {
    if !lane.spans.is_empty() {
        lane.marks.retain(|mark| mark.tone != Tone::Plain);
    }
}

/// Of a lane in which the same comes again and again so many at each end are kept.
const ENDS: usize = 24;

/// One span stands for what lies between the first and the last ones, so that the end is seen.
fn leave_out_repeats(lane: &mut Lane) {
    let spans = lane.spans.len();
    if spans > 2 * ENDS + 1 {
        let middle = &lane.spans[ENDS..spans - ENDS];
        let (from_s, to_s) = (middle[0].from_s, middle[middle.len() - 1].to_s);
        let cycles = middle.iter().filter(|span| span.words.ends_with(" starts")).count();
        let words = match cycles {
            0 => "the same, again and again".to_owned(),
            1 => "the same cycle once more".to_owned(),
            _ => format!("the same cycle {} times", format::whole(cycles as u64)),
        };
        let is_bad = middle.iter().any(|span| span.tone == Tone::Bad);
        let tone = if is_bad { Tone::Bad } else { middle[0].tone };
        lane.spans.splice(ENDS..spans - ENDS, [Span { from_s, to_s, words, tone }]);
        lane.marks.retain(|mark| mark.at_s <= from_s || mark.at_s >= to_s);
    }
    let marks = lane.marks.len();
    if marks > 4 * ENDS {
        lane.marks.drain(2 * ENDS..marks - 2 * ENDS);
    }
}

fn instants(lane: &Lane) -> impl Iterator<Item = f64> {
    lane.spans.iter().map(|span| span.from_s).chain(lane.marks.iter().map(|mark| mark.at_s))
}

/// Its lanes, in milliseconds.
fn shortened(timeline: &Timeline, model: &Model, excerpt: Excerpt) -> Vec<Lane> {
    let millis = |secs: f64| (secs * 1e3).round() / 1e3;
    let mut lanes = lanes(timeline, model, excerpt, FEW);
    for lane in &mut lanes {
        for span in &mut lane.spans {
            (span.from_s, span.to_s) = (millis(span.from_s), millis(span.to_s));
        }
        lane.marks.iter_mut().for_each(|mark| mark.at_s = millis(mark.at_s));
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Group, Mark};

    /// Rule: however often a cycle comes again, its first and last ones are shown, and one span says how often it came between.
    #[test]
    fn repeats_are_one_span_and_the_end_is_seen() {
        let words = |n: usize| if n.is_multiple_of(2) { format!("#{n} starts") } else { "CrashLoopBackOff".to_owned() };
        let span = |n: usize| Span { from_s: n as f64, to_s: n as f64 + 1.0, words: words(n), tone: Tone::Bad };
        let mark = |n: usize| Mark { at_s: n as f64, words: String::new(), rules: String::new(), tone: Tone::Bad };
        let mut lane = Lane {
            group: Group::Pods,
            name: "pod".to_owned(),
            revision: None,
            spans: (0..248).map(span).collect(),
            marks: (0..248).map(mark).collect(),
        };
        leave_out_repeats(&mut lane);
        assert_eq!(lane.spans.len(), 2 * ENDS + 1);
        assert_eq!(lane.spans[ENDS].words, "the same cycle 100 times");
        assert!(lane.spans.windows(2).all(|two| two[0].to_s.to_bits() == two[1].from_s.to_bits()));
        assert_eq!(lane.spans.last().map(|span| span.to_s), Some(248.0));
        assert!(lane.marks.iter().all(|mark| mark.at_s <= 24.0 || mark.at_s >= 224.0));
        let few = lane.clone();
        leave_out_repeats(&mut lane);
        assert_eq!(lane, few);
    }
}
