//! The kind `App`: how a container of the application behaves.

pub(in crate::spec) mod guess;

use crate::model::{App, OnSigterm, WhileStarting};
use crate::random::Law;
use crate::spec::deployment::read_metadata;
use crate::spec::diagnostic::Problems;
use crate::spec::law;
use crate::spec::reader::{Item, Object};
use crate::spec::tree::{Node, Value};

/// Opens a document of one of our kinds and gives its spec and its name.
pub(in crate::spec) fn open<'a>(document: &'a Node, problems: &mut Problems) -> Option<(String, Object<'a>)> {
    let mut object = Item::new(document, "").our_object(problems)?;
    let _ = (object.get("apiVersion"), object.get("kind"));
    let metadata = read_metadata(&mut object, problems);
    let spec = object.require("spec", problems);
    object.finish(problems, &[]);
    let spec = spec?.our_object(problems)?;
    Some((metadata.map(|metadata| metadata.name).unwrap_or_default(), spec))
}

/// Reads an App.
pub(in crate::spec) fn read(document: &Node, problems: &mut Problems) -> Option<App> {
    let (_, mut spec) = open(document, problems)?;
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
