//! The kind `Operations`: changes that are made on purpose, and how often.
//!
//! An operation costs something as a fault does, comes by a clock as a fault does, and is charged as one: in the model it stands
//! among the faults.

use crate::model::{Fault, Occurrence, Strikes};
use crate::spec::app;
use crate::spec::diagnostic::Problems;
use crate::spec::faults::{self, ReadFault};
use crate::spec::law;
use crate::spec::reader::{Item, Object};
use crate::spec::tree::Node;
use crate::time::Duration;

/// The operations of a document, each with its path.
pub(in crate::spec) fn open(document: &Node, problems: &mut Problems) -> Vec<(Node, String)> {
    let Some((_, mut spec)) = app::open(document, problems) else { return Vec::new() };
    let list = spec.require("operations", problems).and_then(|list| list.list(problems)).unwrap_or_default();
    spec.finish(problems, &[]);
    list.into_iter().map(|item| (item.node.clone(), item.path)).collect()
}

/// Checks a document as it stands.
pub(in crate::spec) fn check(document: &Node, problems: &mut Problems) {
    let operations = open(document, problems);
    for (index, (node, path)) in operations.iter().enumerate() {
        let _ = read(&Item::new(node, path.clone()), problems);
        let name = node.text("name");
        if name.is_some() && operations[..index].iter().any(|(earlier, _)| earlier.text("name") == name) {
            let message = format!("has the name {}, which an earlier operation has", name.unwrap_or_default());
            problems.error(node.mark, path, message);
        }
    }
}

/// Reads one operation.
pub(in crate::spec) fn read(item: &Item<'_>, problems: &mut Problems) -> Option<ReadFault> {
    let mut object = item.our_object(problems)?;
    let name = object.require("name", problems).and_then(|name| faults::read_name(&name, problems));
    let strikes = read_kind(&mut object, "kind", problems);
    // A Deployment that changes more often is never the same.
    let least = Duration::from_secs(60);
    let every = object.require("every", problems).and_then(|every| law::read_recurring(&every, problems, least));
    let deployments = faults::read_deployments(&mut object, strikes, problems);
    let source = object.get("source").map_or(Some("assumption"), |source| source.string(problems));
    object.finish(problems, &[]);
    let fault = Fault {
        name: name?,
        occurs: Occurrence::Every(every?),
        lasts: None,
        strikes: strikes?,
        containers: Vec::new(),
        at_once: false,
        source: source?.to_owned(),
    };
    Some(ReadFault { fault, container: None, deployments })
}

/// What is done, under this key: `rollout`, with what belongs to it.
pub(in crate::spec) fn read_kind(
    object: &mut Object<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<Strikes> {
    let kind = object.require(key, problems).and_then(|kind| kind.word(problems, &[("rollout", ())]));
    let words = [("new", true), ("same", false)];
    let new_image = object.get("image").map_or(Some(true), |image| image.word(problems, &words));
    kind?;
    Some(Strikes::Rollout { new_image: new_image? })
}
