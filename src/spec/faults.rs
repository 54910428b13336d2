//! The kind `FaultModel`: what breaks, how often, for how long and who sees it.

use super::app;
use super::diagnostic::Problems;
use super::labels::is_dns_label;
use super::law;
use super::reader::{Item, Object};
use super::tree::Node;
use crate::model::{Affects, ContainerMode, Fault, NodeMode, Strikes};
use crate::time::Duration;

/// Causes of downtime that are no fault; a fault of that name could not be told from them.
const RESERVED: [&str; 2] = ["probe", "start"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Container,
    Deployment,
    Node,
    Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Crash,
    Hang,
    Error,
    Partition,
    Isolation,
}

/// The entries of a `FaultModel`, not yet read: an experiment may override or vary them first.
pub(super) fn entries(document: &Node, problems: &mut Problems) -> Vec<(Node, String)> {
    let Some((_, mut spec)) = app::open(document, problems) else { return Vec::new() };
    let list = spec.require("faults", problems).and_then(|list| list.list(problems)).unwrap_or_default();
    spec.finish(problems, &[]);
    list.into_iter().map(|item| (item.node.clone(), item.path)).collect()
}

/// Checks a `FaultModel` as it stands.
pub(super) fn check(document: &Node, problems: &mut Problems) {
    let entries = entries(document, problems);
    for (index, (node, path)) in entries.iter().enumerate() {
        let _ = read(&Item::new(node, path.clone()), problems);
        let name = node.text("name");
        if name.is_some() && entries[..index].iter().any(|(earlier, _)| earlier.text("name") == name) {
            let message = format!("has the name {}, which an earlier fault has", name.unwrap_or_default());
            problems.error(node.mark, path, message);
        }
    }
}

/// Reads one fault.
pub(super) fn read(item: &Item<'_>, problems: &mut Problems) -> Option<Fault> {
    let mut object = item.our_object(problems)?;
    let name = object.require("name", problems);
    if let Some(name) = &name
        && let Some(text) = name.string(problems)
    {
        if RESERVED.contains(&text) {
            name.refuse(problems, "which is a cause without a fault in the reports: choose another name");
        } else if !is_dns_label(text) {
            name.refuse(problems, "must be lower-case letters, digits or `-`, first and last a letter or digit");
        }
    }
    let targets = [
        ("container", Target::Container),
        ("deployment", Target::Deployment),
        ("node", Target::Node),
        ("zone", Target::Zone),
    ];
    let target = object.require("target", problems).and_then(|target| target.word(problems, &targets));
    let mode = read_mode(&mut object, target, problems);
    // What strikes every second or more often never lets its target serve.
    let least = Duration::from_secs(1);
    let every = object.require("every", problems).and_then(|every| law::read_recurring(&every, problems, least));
    let lasts = read_lasts(&mut object, target, mode, problems);
    let affects = object.get("affects").map(|list| read_affects(&list, mode, problems));
    let source = object.require("source", problems).and_then(|source| {
        let text = source.string(problems)?;
        if text.trim().is_empty() {
            source.refuse(problems, "must say where the numbers come from, or `assumption`");
        }
        Some(text.to_string())
    });
    object.finish(problems, &[]);
    let affects = affects.unwrap_or(Some(Affects::ALL))?;
    let container = match mode? {
        Mode::Crash => ContainerMode::Crash,
        Mode::Hang => ContainerMode::Hang(affects),
        _ => ContainerMode::Error(affects),
    };
    let node = match mode? {
        Mode::Partition => NodeMode::Partition,
        Mode::Isolation => NodeMode::Isolation,
        _ => NodeMode::Crash,
    };
    let strikes = match target? {
        Target::Container => Strikes::Container(container),
        Target::Deployment => Strikes::Deployment(container),
        Target::Node => Strikes::Node(node),
        Target::Zone => Strikes::Zone(node),
    };
    Some(Fault { name: name?.string(problems)?.to_string(), every: every?, lasts: lasts?, strikes, source: source? })
}

fn read_mode(object: &mut Object<'_>, target: Option<Target>, problems: &mut Problems) -> Option<Mode> {
    let item = object.require("mode", problems)?;
    let container = [("crash", Mode::Crash), ("hang", Mode::Hang), ("error", Mode::Error)];
    let node = [("crash", Mode::Crash), ("partition", Mode::Partition), ("isolation", Mode::Isolation)];
    match target? {
        Target::Container | Target::Deployment => item.word(problems, &container),
        Target::Node | Target::Zone => item.word(problems, &node),
    }
}

/// `Some(None)`: the fault lasts until the restart; `None`: what is there is wrong.
fn read_lasts(
    object: &mut Object<'_>,
    target: Option<Target>,
    mode: Option<Mode>,
    problems: &mut Problems,
) -> Option<Option<crate::random::Law>> {
    let is_machine = matches!(target, Some(Target::Node | Target::Zone));
    let item = if is_machine {
        object.require("lasts", problems)?
    } else {
        let Some(item) = object.get("lasts") else { return Some(None) };
        item
    };
    if !is_machine && target.is_some() && mode == Some(Mode::Crash) {
        problems.error(item.mark(), &item.path, "must not be set: the crash of a container lasts until its restart");
        return None;
    }
    law::read(&item, problems).map(Some)
}

fn read_affects(item: &Item<'_>, mode: Option<Mode>, problems: &mut Problems) -> Option<Affects> {
    if !matches!(mode, Some(Mode::Hang | Mode::Error) | None) {
        problems.error(item.mark(), &item.path, "must only be set for hang and error: everybody sees the other modes");
        return None;
    }
    let mut affects = Affects { requests: false, readiness: false, liveness: false, startup: false };
    let list = item.list(problems)?;
    if list.is_empty() {
        problems.error(item.mark(), &item.path, "is empty, must name who sees the fault");
    }
    for word in list {
        let words = [("requests", 0), ("readiness", 1), ("liveness", 2), ("startup", 3)];
        match word.word(problems, &words)? {
            0 => affects.requests = true,
            1 => affects.readiness = true,
            2 => affects.liveness = true,
            _ => affects.startup = true,
        }
    }
    Some(affects)
}
