//! An outage to keep with the answer: its lanes, short enough for a page.

use super::lanes::lanes;
use super::{Excerpt, story};
use crate::history::{Outage, Timeline};
use crate::model::Model;
use crate::report::format;
use crate::results::{Lane, OutageExample, Replay, Tone};
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
    if count(&lanes) > MOST {
        lanes.iter_mut().for_each(leave_out_ordinary);
        cut = Some("What containers ordinarily do between is left out.".to_owned());
    }
    if count(&lanes) > MOST {
        let mut instants: Vec<f64> = lanes.iter().flat_map(instants).collect();
        instants.sort_by(f64::total_cmp);
        excerpt.to = from + Duration::from_secs_f64(instants[MOST]);
        lanes = shortened(timeline, model, excerpt);
        lanes.iter_mut().for_each(leave_out_ordinary);
        let length = |excerpt: Excerpt| format::in_full(excerpt.to.since(excerpt.from).as_secs_f64());
        cut = Some(format!(
            "The replay lasts {}, of which the first {} are shown, without what containers ordinarily do between.",
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
