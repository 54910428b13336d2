//! Events of a cluster, as `kubectl get events -A -o json` prints them: `v1 Event` or `events.k8s.io/v1 Event`.
//!
//! An event object stands for all occurrences of the same thing: it has a count, and the first and the last instant. The API server
//! keeps it for an hour after the last one (`--event-ttl`). So what is covered begins with the earliest last occurrence: of what ended
//! before nothing is left. Of an object with occurrences before that, those within are counted as if they lay evenly.
//!
//! Two things can be counted honestly: Nodes that became not ready, and containers that the kubelet killed as their liveness probe
//! failed. Failed probes, back-offs and evictions are consequences of something else, one cause having many of them.

use std::collections::BTreeMap;

use super::entry::{self, Known};
use super::{Incidents, Targets};
use crate::spec::diagnostic::Problems;
use crate::spec::tree::{Mark, Node, Value};

const DAY: f64 = 86_400.0;

/// Whether a document is an event.
pub(super) fn is_one(document: &Node) -> bool {
    let version = document.text("apiVersion");
    document.text("kind") == Some("Event") && matches!(version, Some("v1" | "events.k8s.io/v1"))
}

/// An event, as far as it is read.
struct Event<'n> {
    reason: &'n str,
    message: &'n str,
    /// Kind and name of what it is about.
    about: (&'n str, String),
    /// Who reports it.
    reporter: &'n str,
    count: u64,
    /// In seconds since 1970.
    first: f64,
    last: f64,
}

/// Counts what events tell of. `targets` says how many Nodes and replicas there were, as events do not.
pub(super) fn read(
    documents: &[Node],
    targets: Targets,
    library: &[Known],
    problems: &mut Problems,
) -> Option<Incidents> {
    // Lists that were taken one after the other hold the same object again, later with a higher count.
    let mut objects: BTreeMap<String, Event<'_>> = BTreeMap::new();
    let before = problems.list.len();
    for document in documents.iter().filter(|document| is_one(document)) {
        let Some((id, event)) = read_one(document, problems) else { continue };
        match objects.get(&id) {
            Some(known) if known.count >= event.count => {}
            _ => drop(objects.insert(id, event)),
        }
    }
    if problems.list.len() > before {
        return None;
    }
    let at = documents.first()?.mark;
    let lasts = || objects.values().map(|event| event.last);
    let (from, to) = (lasts().fold(f64::INFINITY, f64::min), lasts().fold(f64::NEG_INFINITY, f64::max));
    if to - from < 1.0 {
        let message =
            "hold one moment, must hold a time: what is covered begins with the first event and ends with the last";
        let help = "`kubectl get events -A -o json` has the last hour; longer ones are in what collects events";
        problems.error(at, "", message).help(help);
        return None;
    }
    let counted = Tally::of(objects.values(), from);
    if targets.nodes.is_none() && targets.replicas.is_none() {
        let message = format!("{}; events do not tell how many Nodes and replicas there were", counted.in_words());
        let help =
            "say it: --nodes $(kubectl get nodes -o name | wc -l), --replicas N for the Pods that the events are of";
        problems.error(at, "", message).help(help);
        return None;
    }
    counted.tell(from, to, targets, at, problems);
    let source = |what: &str| format!("{what} in events of the cluster, {}", span(from, to));
    let mut faults = Vec::new();
    let mut add = |name: &str, count: u64, number: Option<u32>, what: &str| {
        let known = entry::known(name, library);
        let exposure = number.map(|number| f64::from(number) * (to - from));
        faults.extend(known.zip(exposure).map(|(known, exposure)| known.counted(count, exposure, source(what))));
    };
    add("container-hang", counted.kills, targets.replicas, "kills by a liveness probe");
    add("node-crash", counted.nodes, targets.nodes, "Nodes that became not ready");
    Some(Incidents { name: "events".to_owned(), faults })
}

fn read_one<'n>(document: &'n Node, problems: &mut Problems) -> Option<(String, Event<'n>)> {
    let metadata = document.get("metadata");
    let of_metadata = |key: &str| metadata.and_then(|metadata| metadata.text(key));
    let series = document.get("series");
    let moment = |key: &str| document.text(key).map(|text| (key.to_owned(), text));
    let first = ["firstTimestamp", "deprecatedFirstTimestamp", "eventTime"].iter().find_map(|key| moment(key));
    let first = first.or_else(|| Some(("metadata.creationTimestamp".to_owned(), of_metadata("creationTimestamp")?)));
    let last = series
        .and_then(|series| series.text("lastObservedTime"))
        .map(|text| ("series.lastObservedTime".to_owned(), text));
    let last = last
        .or_else(|| moment("lastTimestamp"))
        .or_else(|| moment("deprecatedLastTimestamp"))
        .or_else(|| first.clone());
    // One that tells of its last time only was seen then.
    let first = first.or_else(|| last.clone());
    let (Some(first), Some(last)) = (first, last) else {
        problems.error(document.mark, "lastTimestamp", "is missing: an event has the time at which it was seen");
        return None;
    };
    let mut secs = |(path, text): (String, &str)| match text.parse::<jiff::Timestamp>() {
        Ok(at) => Some(at.as_millisecond() as f64 / 1e3),
        Err(_) => {
            let shown = Node { value: Value::String(text.to_owned()), mark: document.mark }.shown();
            let message = format!("is {shown}, must be a time such as 2026-03-01T12:00:00Z");
            problems.error(document.mark, &path, message);
            None
        }
    };
    let (first, last) = (secs(first), secs(last));
    let number = |node: Option<&Node>| match node.map(|node| &node.value) {
        Some(Value::Int(count)) => u64::try_from(*count).unwrap_or(1),
        _ => 1,
    };
    let counts =
        [document.get("count"), document.get("deprecatedCount"), series.and_then(|series| series.get("count"))];
    let about = document.get("involvedObject").or_else(|| document.get("regarding"));
    let of_object = |key: &str| about.and_then(|about| about.text(key)).unwrap_or_default();
    let source =
        document.get("source").or_else(|| document.get("deprecatedSource")).and_then(|source| source.text("component"));
    let reporter =
        source.or_else(|| document.text("reportingComponent")).or_else(|| document.text("reportingController"));
    let (namespace, name) = (of_metadata("namespace").unwrap_or_default(), of_metadata("name").unwrap_or_default());
    let last = last?;
    let event = Event {
        reason: document.text("reason").unwrap_or_default(),
        message: document.text("message").or_else(|| document.text("note")).unwrap_or_default(),
        about: (of_object("kind"), format!("{}/{}", of_object("namespace"), of_object("name"))),
        reporter: reporter.unwrap_or_default(),
        count: counts.into_iter().map(number).max().unwrap_or(1).max(1),
        first: first?.min(last),
        last,
    };
    let id = of_metadata("uid").map_or_else(|| format!("{namespace}/{name}"), str::to_owned);
    Some((id, event))
}

impl Event<'_> {
    /// Its occurrences since an instant that is not after its last one.
    fn since(&self, from: f64) -> u64 {
        if self.first >= from {
            return self.count;
        }
        let share = (self.last - from) / (self.last - self.first);
        1 + ((self.count - 1) as f64 * share).floor() as u64
    }
}

/// What was counted.
#[derive(Default)]
struct Tally {
    kills: u64,
    nodes: u64,
    /// Occurrences that say nothing of how many faults there were, by their reasons.
    others: BTreeMap<&'static str, u64>,
    /// Some of an aggregated event lay before.
    is_cut: bool,
}

/// What has causes of its own, with what would tell of these.
const CONSEQUENCES: [&str; 5] = ["BackOff", "Unhealthy", "Evicted", "TaintManagerEviction", "startup probe"];

impl Tally {
    fn of<'e>(events: impl Iterator<Item = &'e Event<'e>>, from: f64) -> Self {
        let mut tally = Self::default();
        // The kubelet and the node controller both may tell of a Node: as often as the one that tells more.
        let mut nodes: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for event in events {
            let count = event.since(from);
            tally.is_cut |= count < event.count;
            match (event.reason, event.about.0) {
                ("NodeNotReady", "Node") => {
                    *nodes.entry(&event.about.1).or_default().entry(event.reporter).or_default() += count;
                }
                ("Killing", _) if event.message.contains("failed liveness probe") => tally.kills += count,
                ("Killing", _) if event.message.contains("failed startup probe") => {
                    *tally.others.entry("startup probe").or_default() += count;
                }
                (reason, _) => {
                    if let Some(reason) = CONSEQUENCES.iter().find(|one| **one == reason) {
                        *tally.others.entry(reason).or_default() += count;
                    }
                }
            }
        }
        tally.nodes = nodes.values().filter_map(|reporters| reporters.values().max()).sum();
        tally
    }

    fn in_words(&self) -> String {
        let times = |count: u64| if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let (kills, nodes) = (times(self.kills), times(self.nodes));
        format!("tell that containers were killed by a liveness probe {kills} and Nodes became not ready {nodes}")
    }

    /// What is to be known of the counts.
    fn tell(&self, from: f64, to: f64, targets: Targets, at: Mark, problems: &mut Problems) {
        let mut note = |message: String| {
            problems.note(at, "", message);
        };
        let cut =
            if self.is_cut { "; of what began before, the part within is counted as if it lay evenly" } else { "" };
        note(format!(
            "{}, {} ({}){cut}. The API server keeps an event for an hour after its last occurrence (--event-ttl): a rate of so little \
             time is hardly known",
            self.in_words(),
            span(from, to),
            length(to - from),
        ));
        if targets.replicas.is_some() {
            note("count a kill by a liveness probe as container-hang: a dependency that made the probe fail looks the same".to_owned());
        } else {
            note(
                "are not counted as container-hang, as nothing says how many replicas there were: --replicas N"
                    .to_owned(),
            );
        }
        if targets.nodes.is_some() {
            note(
                "count a Node that became not ready as node-crash: a partition and a kubelet that hangs look the same"
                    .to_owned(),
            );
        } else {
            note("are not counted as node-crash, as nothing says how many Nodes there were: --nodes N".to_owned());
        }
        if !self.others.is_empty() {
            let each: Vec<String> = self.others.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
            note(format!(
                "tell of {}, which are consequences, and many of one cause: crashes are counted by kube_pod_container_status_restarts_total",
                each.join(", ")
            ));
        }
    }
}

fn span(from: f64, to: f64) -> String {
    let at = |secs: f64| jiff::Timestamp::from_second(secs as i64).map(|at| at.to_string()).unwrap_or_default();
    format!("from {} to {}", at(from), at(to))
}

fn length(secs: f64) -> String {
    if secs < 2.0 * DAY { format!("{:.1} h", secs / 3_600.0) } else { format!("{:.1} days", secs / DAY) }
}
