//! The kind `App`: how a container of the application behaves.

pub(super) mod guess;

use super::deployment::read_metadata;
use super::diagnostic::Problems;
use super::law;
use super::reader::{Item, Object};
use super::tree::{Node, Value};
use std::collections::BTreeMap;

use crate::model::{App, OnSigterm, WhileStarting};
use crate::random::Law;

/// Opens a document of one of our kinds and gives its spec and its name.
pub(super) fn open<'a>(document: &'a Node, problems: &mut Problems) -> Option<(String, Object<'a>)> {
    let mut object = Item::new(document, "").our_object(problems)?;
    let _ = (object.get("apiVersion"), object.get("kind"));
    let metadata = read_metadata(&mut object, problems);
    let spec = object.require("spec", problems);
    object.finish(problems, &[]);
    let spec = spec?.our_object(problems)?;
    Some((metadata.map(|metadata| metadata.name).unwrap_or_default(), spec))
}

/// How the applications in the containers of a Pod behave.
#[derive(Debug, Clone)]
pub(super) struct Apps {
    /// In the one that serves.
    pub serving: App,
    /// In others, by their names.
    pub named: BTreeMap<String, App>,
}

impl Apps {
    /// In the container of this name, which does not serve; one that is not described is as good as any.
    pub fn of(&mut self, name: &str) -> App {
        self.named.remove(name).unwrap_or_else(App::unknown)
    }
}

/// Reads an App.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Option<Apps> {
    let (_, mut spec) = open(document, problems)?;
    let named = spec.get("containers").map_or_else(|| Some(BTreeMap::new()), |item| read_named(&item, problems));
    let serving = read_one(spec, problems);
    Some(Apps { serving: serving?, named: named? })
}

/// Reads the applications of other containers, by name.
fn read_named(item: &Item<'_>, problems: &mut Problems) -> Option<BTreeMap<String, App>> {
    let entries = item.entries(problems)?;
    let read = |(name, entry): (String, Item<'_>)| Some((name, read_one(entry.our_object(problems)?, problems)?));
    // All errors are to be seen at once.
    let apps: Vec<Option<(String, App)>> = entries.into_iter().map(read).collect();
    apps.into_iter().collect()
}

fn read_one(mut spec: Object<'_>, problems: &mut Problems) -> Option<App> {
    let start_up = spec.require("startUp", problems).and_then(|item| law::read(&item, problems));
    let words = [("refuses", WhileStarting::Refuses), ("accepts", WhileStarting::Accepts)];
    let while_starting = spec.get("whileStarting").and_then(|word| word.word(problems, &words));
    // A process without a handler of its own ends at once.
    let on_sigterm = match spec.get("onSigterm") {
        Some(item) => read_on_sigterm(&item, problems),
        None => Law::fixed(0.0).ok().map(OnSigterm::Exits),
    };
    let probe_failure = spec.get("probeFailure").map_or(Some(0.0), |item| {
        let value = item.share(problems, 0.0..=1.0)?;
        if value >= 1.0 {
            item.refuse(problems, "must be below 1");
            return None;
        }
        Some(value)
    });
    spec.finish(problems, &[]);
    Some(App {
        start_up: start_up?,
        while_starting: while_starting.unwrap_or(WhileStarting::Refuses),
        on_sigterm: on_sigterm?,
        probe_failure: probe_failure?,
    })
}

fn read_on_sigterm(item: &Item<'_>, problems: &mut Problems) -> Option<OnSigterm> {
    if let Value::String(_) = &item.node.value {
        return item.word(problems, &[("ignores", ())]).map(|()| OnSigterm::Ignores);
    }
    let mut object = item.our_object(problems)?;
    let exits = object.require("exits", problems).and_then(|exits| law::read(&exits, problems));
    object.finish(problems, &[]);
    exits.map(OnSigterm::Exits)
}
