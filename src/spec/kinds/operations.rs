//! The kind `Operations`: changes that are made on purpose, and how often.
//!
//! An operation costs something as a fault does, comes by a clock as a fault does, and is charged as one: in the model it stands
//! among the faults.

mod bad;
mod calendar;
mod scale;
mod upgrade;
mod withdrawal;

use crate::durations;
use crate::model::{Fault, Occurrence, Strikes, YEAR};
use crate::random::Law;
use crate::spec::app;
use crate::spec::diagnostic::Problems;
use crate::spec::faults::{self, Place, ReadFault};
use crate::spec::law;
use crate::spec::reader::{Item, Object};
use crate::spec::serving::Named;
use crate::spec::tree::{Node, Value};
use crate::time::Duration;

pub(in crate::spec) use upgrade::{MOST_AT_ONCE, Sizes};
pub(in crate::spec) use withdrawal::{BUDGET, Chosen, POD_GRACE};

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
    // A Deployment that changes more often is never the same.
    let least = Duration::from_secs(60);
    let occurs = calendar::read(&mut object, least, problems);
    let every = occurs.as_ref().and_then(calendar::law_of);
    let what = read_kind(&mut object, "kind", every, problems);
    let source = object.get("source").map_or(Some("assumption"), |source| source.string(problems));
    object.finish(problems, &[]);
    let (name, occurs, source) = (name?, occurs?, source?.to_owned());
    Some(what?.into_fault(name, occurs, source))
}

/// What is done, and to whom.
pub(in crate::spec) struct What {
    strikes: Strikes,
    /// Of a drain: how long after its end the Node takes Pods again. Of an upgrade or a withdrawal: how long a new machine takes. Of a
    /// rollout: how long after its progress deadline it is rolled back. Of a scaling: how long until the manifest's replicas are set
    /// again.
    lasts: Option<Law>,
    /// The Node that it names.
    node: Option<Named>,
    /// The Deployments that it names; none: all.
    pub deployments: Vec<Named>,
    /// Of a rollout: what may be wrong with what it brings.
    bad: Option<bad::Bad>,
    /// Of an upgrade: how many Nodes are in work.
    pub sizes: Option<Sizes>,
    /// Of a scaling: where it says to how many replicas.
    to: Option<Place>,
    /// Of a withdrawal: which Nodes are meant.
    pub chosen: Option<Chosen>,
}

impl What {
    /// All that it says is what it is.
    fn of(strikes: Strikes) -> Self {
        Self {
            strikes,
            lasts: None,
            node: None,
            deployments: Vec::new(),
            bad: None,
            sizes: None,
            to: None,
            chosen: None,
        }
    }

    /// It is done to Nodes, not to Deployments.
    pub fn is_of_nodes(&self) -> bool {
        self.strikes.is_done_to_nodes()
    }

    /// So many spare Nodes may be needed at once in a pool of so many, in a cluster of so many Nodes and zones.
    pub fn spares(&self, pool: usize, nodes: usize, zones: usize) -> Spares {
        Spares::of(self.strikes, self.sizes, self.chosen.as_ref(), (pool, nodes, zones))
    }

    /// The operation as the fault that it is in the model.
    pub fn into_fault(self, name: String, occurs: Occurrence, source: String) -> ReadFault {
        let Self { strikes, lasts, node, deployments, bad, sizes, chosen, to } = self;
        let (bad, flaws) = bad.map(|bad| bad.into_flaws(&name)).unzip();
        let flaws = flaws.unwrap_or_default();
        let fault = Fault {
            name,
            occurs,
            lasts,
            strikes,
            containers: Vec::new(),
            at_once: false,
            nodes: Vec::new(),
            bad,
            source,
        };
        ReadFault { fault, container: None, deployments, node, flaws, sizes, chosen, to }
    }
}

/// How many spare Nodes of a pool an operation may need at once.
#[derive(Debug, Clone, Copy)]
pub(in crate::spec) enum Spares {
    /// There is one upgrade at a time: so many for the largest.
    Upgrade(usize),
    /// Each Node is withdrawn once at a time: so many for each operation, and no more than there are Nodes.
    Withdrawal(usize),
}

impl Spares {
    /// Of an operation in a pool of so many Nodes, and in a cluster of so many Nodes and zones.
    pub fn of(
        strikes: Strikes,
        sizes: Option<Sizes>,
        chosen: Option<&Chosen>,
        (pool, nodes, zones): (usize, usize, usize),
    ) -> Self {
        match (strikes, chosen) {
            (Strikes::WithdrawNode(plan), Some(chosen)) => Self::Withdrawal(chosen.spares(&plan, pool, nodes)),
            _ => Self::Upgrade(sizes.map_or(0, |sizes| sizes.surge(nodes, zones) as usize)),
        }
    }
}

/// What is done once, under this key, with what belongs to it.
pub(in crate::spec) fn read_what(object: &mut Object<'_>, key: &'static str, problems: &mut Problems) -> Option<What> {
    read_kind(object, key, None, problems)
}

/// What is done so often, if it is done again and again.
fn read_kind(object: &mut Object<'_>, key: &'static str, every: Option<&Law>, problems: &mut Problems) -> Option<What> {
    let kinds = KINDS.map(|(kind, word, ..)| (word, kind));
    let Some(kind) = object.require(key, problems).and_then(|kind| kind.word(problems, &kinds)) else {
        // Which of these belong to it is not known.
        object.get("deployments");
        for key in KINDS.into_iter().flat_map(|(.., fields)| fields) {
            object.get(key);
        }
        return None;
    };
    forbid_fields_of_others(object, kind, problems);
    match kind {
        Kind::Rollout => read_rollout(object, every, problems),
        Kind::Scale => scale::read(object, every, problems),
        Kind::Drain => read_drain(object, every, problems),
        Kind::UpgradeNodes => read_upgrade(object, problems),
        Kind::Reclaim => read_withdrawal(object, withdrawal::read_reclaim, problems),
        Kind::Expire => read_withdrawal(object, withdrawal::read_expiry, problems),
        Kind::Consolidate => read_withdrawal(object, withdrawal::read_consolidation, problems),
    }
}

/// Fields that only operations of other kinds have.
fn forbid_fields_of_others(object: &mut Object<'_>, kind: Kind, problems: &mut Problems) {
    let own = KINDS.into_iter().find(|(other, ..)| *other == kind).map_or(&[][..], |(.., fields)| fields);
    let mut told: Vec<&str> = own.to_vec();
    for key in KINDS.into_iter().flat_map(|(.., fields)| fields) {
        if told.contains(key) {
            continue;
        }
        told.push(key);
        let has_it = || KINDS.into_iter().filter(|(.., fields)| fields.contains(key));
        let names: Vec<String> = has_it().map(|(_, _, name, _)| name.to_owned()).collect();
        let words: Vec<String> = has_it().map(|(_, word, ..)| format!("`{word}`")).collect();
        let rule = format!("must only be set for {}", one_of(&names));
        object.forbid(key, problems, &rule, &format!("leave it out, or write {}", one_of(&words)));
    }
}

/// `a, b or c`.
fn one_of(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rollout,
    Scale,
    Drain,
    UpgradeNodes,
    Reclaim,
    Expire,
    Consolidate,
}

/// Each kind: its word, what it is called, and the fields that not all have.
const KINDS: [(Kind, &str, &str, &[&str]); 7] = [
    (Kind::Rollout, "rollout", "a rollout", &["image", "bad", "rollBackAfterDeadline"]),
    (Kind::Scale, "scale", "a scaling", &["to", "back"]),
    (Kind::Drain, "drain", "a drain", &["node", "timeout", "uncordonAfter"]),
    (Kind::UpgradeNodes, "upgradeNodes", "an upgrade of Nodes", &upgrade::FIELDS),
    (Kind::Reclaim, "reclaim", "a reclaim", &withdrawal::OF_RECLAIMS),
    (Kind::Expire, "expire", "an expiry", &withdrawal::OF_EXPIRY),
    (Kind::Consolidate, "consolidate", "a consolidation", &withdrawal::OF_CONSOLIDATION),
];

fn read_rollout(object: &mut Object<'_>, every: Option<&Law>, problems: &mut Problems) -> Option<What> {
    let words = [("new", true), ("same", false)];
    let new_image = object.get("image").map_or(Some(true), |image| image.word(problems, &words));
    let deployments = faults::read_deployments(object, None, problems);
    let bad = bad::read(object, every, problems);
    let rolled_back_after = object.get("rollBackAfterDeadline").map(|item| law::read(&item, problems));
    let lasts = rolled_back_after.map_or(Some(None), |law| law.map(Some));
    let strikes = Strikes::Rollout { new_image: new_image? };
    Some(What { lasts: lasts?, deployments, bad: bad?, ..What::of(strikes) })
}

fn read_drain(object: &mut Object<'_>, every: Option<&Law>, problems: &mut Problems) -> Option<What> {
    forbid_deployments(object, problems);
    let node = object.get("node").map(|item| read_node(&item, problems));
    let forever = "leave it out for a drain that never gives up";
    let timeout = object.get("timeout").map(|item| read_timeout(&item, forever, problems));
    let uncordon_after = object.get("uncordonAfter").map(|item| {
        let law = law::read(&item, problems);
        law.inspect(|law| warn_of_lasting_cordons(&item, law, every, problems))
    });
    // What is wrong has been told; what is not there is no error.
    let node = node.map_or(Some(None), |node| node.map(Some))?;
    let timeout = timeout.map_or(Some(None), |timeout| timeout.map(Some))?;
    let uncordon_after = uncordon_after.unwrap_or(Some(Law::Fixed(UNCORDON_AFTER_SECS)))?;
    let strikes = Strikes::Drain { node: None, timeout };
    Some(What { lasts: Some(uncordon_after), node, ..What::of(strikes) })
}

fn read_upgrade(object: &mut Object<'_>, problems: &mut Problems) -> Option<What> {
    forbid_deployments(object, problems);
    let upgrade::Upgrade { plan, sizes, node_takes } = upgrade::read(object, problems)?;
    Some(What { lasts: Some(node_takes), sizes: Some(sizes), ..What::of(Strikes::UpgradeNodes(plan)) })
}

fn read_withdrawal(
    object: &mut Object<'_>,
    read: fn(&mut Object<'_>, &mut Problems) -> Option<withdrawal::Withdrawal>,
    problems: &mut Problems,
) -> Option<What> {
    forbid_deployments(object, problems);
    let withdrawal::Withdrawal { plan, chosen, node_takes } = read(object, problems)?;
    Some(What { lasts: Some(node_takes), chosen: Some(chosen), ..What::of(Strikes::WithdrawNode(plan)) })
}

fn forbid_deployments(object: &mut Object<'_>, problems: &mut Problems) {
    let whose = "must only be set for a rollout or a scaling: a Node has Pods of all Deployments";
    object.forbid("deployments", problems, whose, "leave it out");
}

fn read_node(item: &Item<'_>, problems: &mut Problems) -> Option<Named> {
    let name = item.string(problems)?.to_owned();
    Some(Named { name, mark: item.mark(), path: item.path.clone() })
}

/// After how long a drain gives up; `forever` says how to write that it never does.
fn read_timeout(item: &Item<'_>, forever: &str, problems: &mut Problems) -> Option<Duration> {
    if matches!(&item.node.value, Value::String(text) if text == "never") {
        problems.value(item.node, &item.path, "must be a duration such as 5m").help(forever);
        return None;
    }
    let timeout = item.duration(problems, Duration::ZERO..=YEAR)?;
    if timeout < Duration::from_secs(1) {
        // `kubectl drain --timeout 0` waits for ever.
        problems.value(item.node, &item.path, "must be at least 1s").help(forever);
        return None;
    }
    Some(timeout)
}

/// The next drain comes before the Node takes Pods again: there is always one that takes none.
fn warn_of_lasting_cordons(item: &Item<'_>, uncordon_after: &Law, every: Option<&Law>, problems: &mut Problems) {
    if let Some(every) = every.filter(|every| uncordon_after.mean() >= every.mean()) {
        let message = format!(
            "is {} on average, and the next drain comes after {}: there is nearly always a Node that takes no Pods",
            mean(uncordon_after),
            mean(every)
        );
        problems.warn(item.mark(), &item.path, message).help("uncordon sooner, or let drains come less often (every)");
    }
}

/// The mean of a law, in words.
fn mean(law: &Law) -> String {
    durations::readable(law.mean()).unwrap_or_else(|| format!("{} s", law.mean()))
}

/// What is done to a Node that has been drained, such as a reboot with a new kernel, takes some minutes.
pub(in crate::spec) const UNCORDON_AFTER_SECS: f64 = 300.0;
