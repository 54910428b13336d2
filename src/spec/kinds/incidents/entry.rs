//! A fault that was counted: which it is, how often it struck, and in which time.

use std::path::Path;

use serde_json::Value as Json;

use super::{Counted, Watch, durations, read_source};
use crate::durations::LONGEST;
use crate::model::{Fault, Strikes};
use crate::spec::diagnostic::Problems;
use crate::spec::faults::{self, Kind as Target};
use crate::spec::loader::Loader;
use crate::spec::reader::{Item, Object, nearest};
use crate::spec::tree::{Node, Sources};
use crate::spec::yaml;
use crate::time::Duration;

/// The faults that need no description.
const LIBRARY: &str = include_str!("../../../../models/faults/cloud.yaml");

/// A fault of the library, read, and as it is written.
pub(super) struct Known {
    fault: Fault,
    document: Node,
}

impl Known {
    /// This fault as it was counted: of its durations nothing is known.
    pub fn counted(&self, count: u64, exposure_secs: f64, source: String) -> Counted {
        Counted {
            name: self.fault.name.clone(),
            strikes: self.fault.strikes,
            affects: self.document.get("affects").map(Node::to_json),
            count,
            exposure_secs,
            durations: Vec::new(),
            assumed_lasts: self.document.get("lasts").map(Node::to_json),
            assumed_every_secs: self.fault.every_mean(),
            source,
        }
    }
}

/// The fault of this name.
pub(super) fn known<'k>(name: &str, library: &'k [Known]) -> Option<&'k Known> {
    library.iter().find(|known| known.fault.name == name)
}

/// The faults of the bundled library.
pub(super) fn library() -> Vec<Known> {
    let mut problems = Problems::default();
    let (_, documents) = yaml::read(&mut Sources::default(), "cloud.yaml", LIBRARY.as_bytes(), &mut problems);
    let entries = documents.iter().flat_map(|document| faults::open(document, &mut Problems::default()).faults);
    entries
        .filter_map(|(document, path)| {
            let fault = faults::read(&Item::new(&document, path), &mut problems)?.fault;
            Some(Known { fault, document })
        })
        .collect()
}

/// Reads a fault that was counted.
pub(super) fn read(
    entry: &Item<'_>,
    watch: &Watch,
    library: &[Known],
    folder: &Path,
    loader: &mut Loader<'_>,
) -> Option<Counted> {
    let problems = &mut loader.problems;
    let mut object = entry.our_object(problems)?;
    let name_item = object.require("name", problems);
    let name = name_item.as_ref().and_then(|name| faults::read_name(name, problems));
    let known = name.as_ref().and_then(|name| library.iter().find(|known| known.fault.name == *name));
    let (kind, strikes, affects) = read_strikes(&mut object, name_item.as_ref(), known, library, problems);
    let exposure = read_exposure(&mut object, watch, kind, problems);
    let lasts = object.get("lasts");
    if let (Some(lasts), Some(why)) = (&lasts, strikes.and_then(faults::over_at_once)) {
        problems.error(lasts.mark(), &lasts.path, format!("must not be set: {why}"));
        return None;
    }
    let own_source = object.get("source").and_then(|source| read_source(&source, problems));
    let count_item = object.get("count");
    let count = count_item.as_ref().and_then(|item| item.integer(problems, 0..=1_000_000_000));
    if count_item.is_none() && lasts.is_none() {
        object.error(problems, "must have a count, or the durations that it lasted");
    }
    object.finish(problems, &[]);
    let durations = match &lasts {
        Some(lasts) => durations::read(lasts, folder, loader)?,
        None => Vec::new(),
    };
    let problems = &mut loader.problems;
    let count = match (count, count_item) {
        (Some(count), Some(item)) if (count as u64) < durations.len() as u64 => {
            item.refuse(problems, format_args!("must be at least {}, as so many durations are given", durations.len()));
            return None;
        }
        (Some(count), _) => count as u64,
        (None, Some(_)) => return None,
        (None, None) => durations.len() as u64,
    };
    let assumed_lasts = known.and_then(|known| known.document.get("lasts")).map(Node::to_json);
    let has_end = durations.iter().any(|one| !one.censored && one.secs > 0.0);
    let needs_end = !durations.is_empty() || matches!(kind, Some(Target::Node | Target::Zone));
    if needs_end && !has_end && assumed_lasts.is_none() {
        let rule = "must hold a duration above zero that has ended, as the library has no law for this fault";
        problems.error(entry.mark(), &format!("{}.lasts", entry.path), rule);
        return None;
    }
    let source = match (&watch.source, own_source) {
        (Some(all), Some(own)) => format!("{all}; {own}"),
        (all, own) => all.clone().or(own)?,
    };
    Some(Counted {
        name: name?,
        strikes: strikes?,
        affects,
        count,
        exposure_secs: exposure?,
        durations,
        assumed_lasts,
        assumed_every_secs: known.and_then(|known| known.fault.every_mean()),
        source,
    })
}

/// What a fault strikes and how: as it says, or as the library says of its name.
fn read_strikes(
    object: &mut Object<'_>,
    name: Option<&Item<'_>>,
    known: Option<&Known>,
    library: &[Known],
    problems: &mut Problems,
) -> (Option<Target>, Option<Strikes>, Option<Json>) {
    let says = ["target", "mode", "affects"].iter().any(|key| object.has(key));
    if let Some(known) = known.filter(|_| !says) {
        // Asked for, so that they count as known.
        let _ = ["target", "mode", "affects"].map(|key| object.get(key));
        let kind = match known.fault.strikes {
            Strikes::Container(_) | Strikes::Deletion => Target::Container,
            Strikes::Deployment(_) | Strikes::Rollout { .. } | Strikes::Scale { .. } => Target::Deployment,
            Strikes::Node(_) | Strikes::Drain { .. } | Strikes::UpgradeNodes(_) | Strikes::WithdrawNode(_) => {
                Target::Node
            }
            Strikes::Zone(_) => Target::Zone,
            Strikes::ControlPlane(_) => Target::ControlPlane,
        };
        let affects = known.document.get("affects").map(Node::to_json);
        return (Some(kind), Some(known.fault.strikes), affects);
    }
    if let Some(name) = name.filter(|_| !says) {
        let names = library.iter().map(|known| known.fault.name.as_str());
        let near = nearest(&name.node.shown(), names).map(|near| format!("did you mean `{near}`?"));
        let rule = "which the bundled library does not have, must come with a target and a mode";
        let help = || "write them as in a FaultModel (docs/faults.md)".to_owned();
        problems.value(name.node, &name.path, rule).help(near.unwrap_or_else(help));
        let _ = ["target", "mode", "affects"].map(|key| object.get(key));
        return (None, None, None);
    }
    let affects = object.get("affects").map(|list| list.node.to_json());
    let kind = object.require("target", problems).and_then(|target| target.word(problems, &faults::TARGETS));
    (kind, faults::read_strikes(object, kind, problems), affects)
}

/// The time in which all targets together could have been struck, in seconds.
fn read_exposure(object: &mut Object<'_>, watch: &Watch, kind: Option<Target>, problems: &mut Problems) -> Option<f64> {
    if let Some(item) = object.get("exposure") {
        return item.duration(problems, Duration::from_secs(1)..=LONGEST).map(Duration::as_secs_f64);
    }
    let (key, targets) = match kind? {
        Target::Container => ("replicas", watch.targets[0]),
        Target::Deployment | Target::ControlPlane => ("watched", Some(1)),
        Target::Node => ("nodes", watch.targets[1]),
        Target::Zone => ("zones", watch.targets[2]),
    };
    let exposure = watch.watched.zip(targets).map(|(watched, n)| watched.as_secs_f64() * n as f64);
    if exposure.is_none() {
        let keys = if key == "watched" { "spec.watched".to_owned() } else { format!("spec.watched and spec.{key}") };
        let message =
            format!("says no time in which it was counted: it must have an exposure, or the file must have {keys}");
        object.error(problems, message);
    }
    exposure
}
