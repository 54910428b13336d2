//! A timeline in the Trace Event Format, which Perfetto (<https://ui.perfetto.dev>) and Chrome's own viewer open: a process for each
//! group of lanes, a thread for each lane, complete events for spans and instants for marks, in microseconds.

use serde_json::{Value, json};

use super::Excerpt;
use super::lanes::lanes;
use crate::experiment::{Lane, Timeline, Tone};
use crate::model::Model;

/// The excerpt as JSON. Time 0 is its beginning.
pub fn perfetto(timeline: &Timeline, model: &Model, excerpt: Excerpt) -> String {
    let mut events: Vec<Value> = Vec::new();
    let mut last = None;
    for (lane_number, lane) in lanes(timeline, model, excerpt).iter().enumerate() {
        let (process, thread) = (lane.group as u64 + 1, lane_number as u64 + 1);
        let mut name = |what: &str, args: Value| {
            events.push(json!({"ph": "M", "pid": process, "tid": thread, "ts": 0, "name": what, "args": args}));
        };
        if last != Some(process) {
            name("process_name", json!({"name": lane.group.name()}));
            name("process_sort_index", json!({"sort_index": process}));
            last = Some(process);
        }
        name("thread_name", json!({"name": lane.name}));
        name("thread_sort_index", json!({"sort_index": thread}));
        events.extend(told(lane, process, thread));
    }
    let from = excerpt.from.saturating_since(timeline.counted_from).as_secs_f64();
    let trace = json!({
        "displayTimeUnit": "ms",
        "otherData": {"deployment": model.deployment.name, "begins_s_after_the_start_of_counting": from},
        "traceEvents": events,
    });
    trace.to_string()
}

fn told(lane: &Lane, process: u64, thread: u64) -> Vec<Value> {
    let spans = lane.spans.iter().map(|span| {
        let (from, to) = (micros(span.from_s), micros(span.to_s));
        json!({
            "ph": "X", "pid": process, "tid": thread, "ts": from, "dur": to - from, "name": span.words,
            "cat": category(span.tone), "cname": colour(span.tone),
        })
    });
    let marks = lane.marks.iter().map(|mark| {
        json!({
            "ph": "i", "s": "t", "pid": process, "tid": thread, "ts": micros(mark.at_s), "name": mark.words,
            "cat": category(mark.tone), "args": {"rules": mark.rules},
        })
    });
    spans.chain(marks).collect()
}

/// The format's unit, to the nanosecond.
fn micros(secs: f64) -> f64 {
    (secs * 1e9).round() / 1e3
}

fn category(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "failure",
        Tone::Good => "health",
        Tone::Plain | Tone::Detail => "change",
    }
}

/// One of the format's reserved names.
fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "terrible",
        Tone::Good => "good",
        Tone::Plain | Tone::Detail => "grey",
    }
}
