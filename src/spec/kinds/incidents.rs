//! The kind `Incidents`: how often faults were seen in which time, and how long they lasted. `hasim calibrate` makes a
//! `FaultModel` of it.
//!
//! A fault with the name of one in the bundled library is that fault; what is not said of it is as there.
//!
//! What Prometheus counted and what the events of a cluster tell becomes the same.

mod durations;
mod entry;
mod events;
mod prometheus;

use std::path::Path;

use serde_json::Value as Json;

use crate::durations::LONGEST;
use crate::model::Strikes;
use crate::spec::app;
use crate::spec::diagnostic::Problems;
use crate::spec::loader::Loader;
use crate::spec::manifest::{self, Kind};
use crate::spec::reader::Item;
use crate::spec::records::Recorded;
use crate::spec::tree::{Mark, Node};
use crate::spec::{Report, unreadable};
use crate::time::Duration;

/// More targets than any cluster has.
const MOST_TARGETS: i64 = 1_000_000;

/// What a file of the kind holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Incidents {
    /// Its name.
    pub name: String,
    /// The faults that were counted, in the order of the file.
    pub faults: Vec<Counted>,
}

/// A fault that was counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Its name.
    pub name: String,
    /// What it strikes, and how.
    pub strikes: Strikes,
    /// `affects` as files have it, where it is not everybody.
    pub affects: Option<Json>,
    /// How often it struck.
    pub count: u64,
    /// The time in which it could have, in seconds, all targets together.
    pub exposure_secs: f64,
    /// How long it lasted each time, as far as that was timed.
    pub durations: Vec<Recorded>,
    /// How long it lasts according to the bundled library, as files have it, if it is there.
    pub assumed_lasts: Option<Json>,
    /// Its mean time between occurrences in seconds according to the bundled library, if it is there.
    pub assumed_every_secs: Option<f64>,
    /// Who counted, where and when.
    pub source: String,
}

/// How many there were, for records that do not say it; `None` where nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Targets {
    /// Replicas.
    pub replicas: Option<u32>,
    /// Nodes.
    pub nodes: Option<u32>,
}

/// Reads a file of the kind, an answer of Prometheus with counters of restarts, or events of a cluster. `open` gives the content of
/// it, and of files that it names relative to it.
///
/// # Errors
/// All that is wrong in it.
pub fn load(
    path: &Path,
    targets: Targets,
    open: &dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
) -> Result<(Incidents, Report), Report> {
    let bytes = open(path).map_err(|error| unreadable(path, &error))?;
    let mut loader = Loader::new(open);
    let (file, documents) = loader.parse(path, &bytes);
    let documents = manifest::flatten(documents);
    if documents.is_empty() && prometheus::begins_in(loader.sources.text(file)) {
        // A download that was cut off says so at its end.
        if let Some(problem) = loader.problems.list.last_mut() {
            problem.help(prometheus::ask_again());
        }
    }
    let incidents = if is_record(&documents) {
        read_record(&documents, targets, &mut loader.problems)
    } else {
        read_kind(&mut loader, path, file, documents)
    };
    let failed = loader.problems.has_errors();
    let report = loader.problems.report(&loader.sources);
    match incidents {
        Some(incidents) if !failed => Ok((incidents, report)),
        _ => Err(report),
    }
}

/// Whether documents are what others have recorded: an answer of Prometheus, or events.
pub(in crate::spec) fn is_record(documents: &[Node]) -> bool {
    documents.first().is_some_and(|first| prometheus::is_one(first) || events::is_one(first))
}

/// Reads what others have recorded.
pub(in crate::spec) fn read_record(documents: &[Node], targets: Targets, problems: &mut Problems) -> Option<Incidents> {
    let library = entry::library();
    match documents.first()? {
        first if prometheus::is_one(first) => prometheus::read(first, &library, problems),
        _ => events::read(documents, targets, &library, problems),
    }
}

/// Reads the only document of the kind.
fn read_kind(loader: &mut Loader<'_>, path: &Path, file: u32, documents: Vec<Node>) -> Option<Incidents> {
    let mut found = Vec::new();
    for document in documents {
        match manifest::kind(&document, &mut loader.problems) {
            Some(Kind::Incidents) => found.push(document),
            Some(_) => {
                let kind = document.text("kind").unwrap_or_default().to_string();
                loader.problems.error(document.mark, "kind", format!("is {kind}, must be Incidents"));
            }
            None => {}
        }
    }
    if found.len() != 1 && !loader.problems.has_errors() {
        let message = format!("holds {} documents of kind Incidents, must be one", found.len());
        let help = "it begins with `apiVersion: hasim/v1` and `kind: Incidents`; an answer of Prometheus to query_range and events of \
                    `kubectl get events -o json` are read as well";
        loader.problems.error(Mark::start_of(file), "", message).help(help);
    }
    found.first().and_then(|document| read(loader, path, document))
}

/// Joins the counts of several files: times, counts and durations of the same fault add up.
///
/// # Errors
/// The name of a fault that is not the same in all of them.
pub fn join(files: Vec<Incidents>) -> Result<Vec<Counted>, String> {
    let mut joined: Vec<Counted> = Vec::new();
    for fault in files.into_iter().flat_map(|file| file.faults) {
        match joined.iter_mut().find(|other| other.name == fault.name) {
            None => joined.push(fault),
            Some(other) if (other.strikes, &other.affects) != (fault.strikes, &fault.affects) => return Err(fault.name),
            Some(other) => {
                other.count += fault.count;
                other.exposure_secs += fault.exposure_secs;
                other.durations.extend(fault.durations);
                if other.source != fault.source {
                    other.source = format!("{}; {}", other.source, fault.source);
                }
            }
        }
    }
    Ok(joined)
}

/// What holds for all faults of a file.
struct Watch {
    source: Option<String>,
    watched: Option<Duration>,
    /// How many replicas, Nodes and zones were watched.
    targets: [Option<i64>; 3],
}

/// Reads the document.
pub(in crate::spec) fn read(loader: &mut Loader<'_>, path: &Path, document: &Node) -> Option<Incidents> {
    let problems = &mut loader.problems;
    let (name, mut spec) = app::open(document, problems)?;
    let source = spec.require("source", problems).and_then(|source| read_source(&source, problems));
    let watched = spec.get("watched").and_then(|item| item.duration(problems, Duration::from_secs(1)..=LONGEST));
    let targets = ["replicas", "nodes", "zones"]
        .map(|key| spec.get(key).and_then(|item| item.integer(problems, 1..=MOST_TARGETS)));
    let list = spec.require("incidents", problems);
    let entries = list.as_ref().and_then(|list| list.list(problems)).unwrap_or_default();
    if let Some(list) = list.filter(|_| entries.is_empty()) {
        problems.error(list.mark(), &list.path, "is empty, must name a fault that was counted");
    }
    spec.finish(problems, &[]);
    let (watch, library) = (Watch { source, watched, targets }, entry::library());
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut faults: Vec<Counted> = Vec::new();
    for item in &entries {
        let Some(fault) = entry::read(item, &watch, &library, folder, loader) else { continue };
        if faults.iter().any(|other| other.name == fault.name) {
            let message = format!("has the name {}, which an earlier fault has", fault.name);
            loader.problems.error(item.mark(), &item.path, message);
        }
        faults.push(fault);
    }
    Some(Incidents { name, faults })
}

fn read_source(item: &Item<'_>, problems: &mut Problems) -> Option<String> {
    let text = item.string(problems)?.trim();
    if text.is_empty() {
        item.refuse(problems, "must say who counted, where and when");
        return None;
    }
    Some(text.to_owned())
}
