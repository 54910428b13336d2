//! A timeline in the Trace Event Format, which Perfetto (<https://ui.perfetto.dev>) and Chrome's own viewer open: a process for each
//! group of lanes, a thread for each lane, complete events for spans and instants for marks, in microseconds.

use serde::Serialize;
use serde_json::{Value, json};

use super::Excerpt;
use super::lanes::lanes;
use crate::history::Timeline;
use crate::model::Model;
use crate::results::{Lane, Tone};
use crate::time::Duration;

/// The excerpt as JSON. Time 0 is its beginning.
pub fn perfetto(timeline: &Timeline, model: &Model, excerpt: Excerpt) -> String {
    let lanes = lanes(timeline, model, excerpt, FEW);
    let grid = if excerpt.to.saturating_since(excerpt.from) > FINE { 1e6 } else { 1e9 };
    let mut events = Vec::new();
    let mut last = None;
    for (number, lane) in lanes.iter().enumerate() {
        let (pid, tid) = (lane.group as u64 + 1, number as u64 + 1);
        let mut name = |what, args| events.push(Event { args: Some(args), ..Event::new("M", pid, tid, 0.0, what) });
        if last != Some(pid) {
            name("process_name", json!({"name": lane.group.name()}));
            name("process_sort_index", json!({"sort_index": pid}));
            last = Some(pid);
        }
        let revision = lane.revision.map(|revision| format!(", revision {revision}")).unwrap_or_default();
        name("thread_name", json!({"name": format!("{}{revision}", lane.name)}));
        name("thread_sort_index", json!({"sort_index": tid}));
        events.extend(told(lane, pid, tid, grid));
    }
    let from = excerpt.from.saturating_since(timeline.counted_from).as_secs_f64();
    let file = File {
        display_time_unit: "ms",
        other_data: json!({"deployment": super::names(model), "begins_s_after_the_start_of_counting": from}),
        trace_events: events,
    };
    serde_json::to_string(&file).expect("texts and finite numbers")
}

/// A viewer zooms in on so many probes of a lane; of a year they would be millions.
const FEW: u64 = 1_000;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    display_time_unit: &'static str,
    other_data: Value,
    trace_events: Vec<Event<'a>>,
}

/// One event under the format's names: a phase, a process, a thread, an instant.
#[derive(Debug, Serialize)]
struct Event<'a> {
    ph: &'static str,
    pid: u64,
    tid: u64,
    ts: f64,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    /// How far a mark reaches: over its thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cname: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Value>,
}

impl<'a> Event<'a> {
    const fn new(ph: &'static str, pid: u64, tid: u64, ts: f64, name: &'a str) -> Self {
        Self { ph, pid, tid, ts, name, dur: None, s: None, cat: None, cname: None, args: None }
    }
}

fn told(lane: &Lane, pid: u64, tid: u64, grid: f64) -> impl Iterator<Item = Event<'_>> {
    let spans = lane.spans.iter().map(move |span| {
        let (from, to) = (micros(span.from_s, grid), micros(span.to_s, grid));
        let (cat, cname) = (Some(category(span.tone)), Some(colour(span.tone)));
        Event { dur: Some(to - from), cat, cname, ..Event::new("X", pid, tid, from, &span.words) }
    });
    let marks = lane.marks.iter().map(move |mark| {
        let args = (!mark.rules.is_empty()).then(|| json!({"rules": mark.rules}));
        let cat = Some(category(mark.tone));
        Event { s: Some("t"), cat, args, ..Event::new("i", pid, tid, micros(mark.at_s, grid), &mark.words) }
    });
    // What is shorter than the grid is nothing.
    spans.filter(|span| span.dur > Some(0.0)).chain(marks)
}

/// Up to here the format's numbers tell nanoseconds apart; in a longer excerpt, spans that follow each other would seem to
/// overlap, and be dropped by viewers.
const FINE: Duration = Duration::from_secs(10 * 86_400);

/// The format's unit, on a grid of so many parts of a second.
fn micros(secs: f64, grid: f64) -> f64 {
    (secs * grid).round() / (grid / 1e6)
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
