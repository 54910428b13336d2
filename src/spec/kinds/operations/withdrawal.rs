//! Single Nodes that are withdrawn: what a file says of reclaims, expiry and consolidation, and what the presets of clouds stand for.

use super::upgrade::{Size, given, read_node_takes, read_size};
use crate::ids::{NodeId, ZoneId};
use crate::model::{
    Cluster, Drainer, Fault, Handler, NodeWithdrawal, Occurrence, Replacement, ScriptTarget, Strikes, WithdrawalReason,
    WithdrawalScope, YEAR,
};
use crate::random::Law;
use crate::spec::diagnostic::Problems;
use crate::spec::faults::find_node;
use crate::spec::labels::{Labels, read_labels};
use crate::spec::objects::Machine;
use crate::spec::reader::{Item, Object};
use crate::spec::serving::Named;
use crate::spec::tree::Mark;
use crate::time::Duration;

/// The fields of each kind.
pub(super) const OF_RECLAIMS: [&str; 10] =
    ["preset", "of", "share", "node", "nodeSelector", "notice", "handler", "podGrace", "replacement", "nodeTakes"];
pub(super) const OF_EXPIRY: [&str; 5] = ["node", "nodeSelector", "replacement", "terminationGracePeriod", "nodeTakes"];
pub(super) const OF_CONSOLIDATION: [&str; 5] =
    ["nodeSelector", "budget", "replacement", "terminationGracePeriod", "nodeTakes"];

/// What a Pod gets at the most where its kubelet shuts the Node down: the time of ordinary Pods on GKE (V23).
pub(in crate::spec) const POD_GRACE: Duration = Duration::from_secs(15);
/// So many Nodes are consolidated at a time: Karpenter's budget (V21a).
pub(in crate::spec) const BUDGET: &str = "10%";
const BUDGET_SIZE: Size = Size::Percent(10);

/// A withdrawal as it is written.
pub(super) struct Withdrawal {
    /// Without the number of Nodes that a budget allows, which the cluster says.
    pub plan: NodeWithdrawal,
    pub chosen: Chosen,
    pub node_takes: Law,
}

/// Which Nodes are meant, as it is written.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Chosen {
    /// Where the operation stands.
    mark: Mark,
    path: String,
    selector: Option<Selected>,
    node: Option<Named>,
    /// Of a consolidation: how many at a time.
    budget: Size,
}

#[derive(Debug, Clone)]
struct Selected {
    labels: Labels,
    mark: Mark,
    path: String,
}

/// What a cloud does when it takes an instance back (V23).
#[derive(Clone, Copy)]
struct Preset {
    notice: Duration,
    handler: Handler,
    replacement: Replacement,
    drainer: Drainer,
}

/// The node termination handler cordons and drains; the group orders a new instance when the old one is gone.
const AWS: Preset = Preset {
    notice: Duration::from_secs(120),
    handler: Handler::Evict,
    replacement: Replacement::AtEnd,
    drainer: Drainer::Kubectl,
};

/// Karpenter hears of the notice and starts another machine at once.
const KARPENTER: Preset = Preset { replacement: Replacement::AtNotice, drainer: Drainer::Karpenter, ..AWS };

/// The kubelet shuts the Node down.
const GCP: Preset =
    Preset { notice: Duration::from_secs(30), handler: Handler::Shutdown { pod_grace: POD_GRACE }, ..AWS };

/// AKS drains the Node.
const AZURE: Preset = Preset { notice: Duration::from_secs(30), ..AWS };

const PRESETS: [(&str, Preset); 4] = [("aws", AWS), ("gcp", GCP), ("azure", AZURE), ("karpenter", KARPENTER)];

/// Reads what belongs to a reclaim.
pub(super) fn read_reclaim(object: &mut Object<'_>, problems: &mut Problems) -> Option<Withdrawal> {
    let preset = given(object.get("preset"), |preset| preset.word(problems, &PRESETS));
    let scope = read_scope(object, problems);
    let notice = given(object.get("notice"), |item| item.duration(problems, Duration::ZERO..=YEAR));
    let is_open = notice == Some(None) && matches!(preset, Some(None));
    let handlers = [("evict", Handler::Evict), ("shutdown", GCP.handler), ("none", Handler::None)];
    let handler = given(object.get("handler"), |item| item.word(problems, &handlers));
    let grace_item = object.get("podGrace");
    let pod_grace = given(grace_item.clone(), |item| item.duration(problems, Duration::ZERO..=YEAR));
    let replacement_item = object.get("replacement");
    let replacement = read_replacement(replacement_item.clone(), problems);
    let (chosen, node_takes) = (read_chosen(object, BUDGET_SIZE, problems), read_node_takes(object, problems));
    if is_open {
        let help = "write how long the cloud warns before the instance goes, `notice: 2m`, or name a `preset`";
        object.require_or("notice", problems, help);
        return None;
    }
    if let (Some(item), Some(Some(Replacement::First))) = (replacement_item, replacement) {
        item.refuse(
            problems,
            "must be atNotice or atEnd: a cloud takes its instance back whether another one is there or not",
        );
        return None;
    }
    let base = preset?.unwrap_or(Preset { handler: Handler::None, ..AWS });
    let mut handler = handler?.unwrap_or(base.handler);
    match (&mut handler, pod_grace?, grace_item) {
        (Handler::Shutdown { pod_grace }, Some(grace), _) => *pod_grace = grace,
        (_, Some(_), Some(item)) => {
            item.refuse(
                problems,
                "which a kubelet grants that shuts its Node down, must stand beside handler: shutdown",
            );
            problems.list.last_mut()?.help("leave it out, or write `handler: shutdown`");
            return None;
        }
        _ => {}
    }
    let plan = NodeWithdrawal {
        reason: WithdrawalReason::Reclaim,
        scope: scope?,
        notice: Some(notice?.unwrap_or(base.notice)),
        handler,
        replacement: replacement?.unwrap_or(base.replacement),
        drainer: base.drainer,
    };
    Some(Withdrawal { plan, chosen: chosen?, node_takes: node_takes? })
}

/// Reads what belongs to Karpenter's expiry.
pub(super) fn read_expiry(object: &mut Object<'_>, problems: &mut Problems) -> Option<Withdrawal> {
    read_karpenter(object, WithdrawalReason::Expiry, problems)
}

/// Reads what belongs to Karpenter's consolidation.
pub(super) fn read_consolidation(object: &mut Object<'_>, problems: &mut Problems) -> Option<Withdrawal> {
    read_karpenter(object, WithdrawalReason::Consolidation, problems)
}

/// It drains the Node, and waits for ever on a budget unless there is a `terminationGracePeriod` (V21).
fn read_karpenter(object: &mut Object<'_>, reason: WithdrawalReason, problems: &mut Problems) -> Option<Withdrawal> {
    let (scope, usual, budget) = match reason {
        WithdrawalReason::Consolidation => {
            let budget = given(object.get("budget"), |item| read_size(item, 1, problems));
            // The cluster says how many that are.
            (WithdrawalScope::Cluster { at_once: 1 }, Replacement::First, budget)
        }
        WithdrawalReason::Expiry | WithdrawalReason::Reclaim => {
            (WithdrawalScope::Node, Replacement::AtNotice, Some(None))
        }
    };
    let replacement = read_replacement(object.get("replacement"), problems);
    let notice = given(object.get("terminationGracePeriod"), |item| item.duration(problems, Duration::ZERO..=YEAR));
    let chosen = read_chosen(object, budget.flatten().unwrap_or(BUDGET_SIZE), problems);
    let node_takes = read_node_takes(object, problems);
    budget?;
    let plan = NodeWithdrawal {
        reason,
        scope,
        notice: notice?,
        handler: Handler::Evict,
        replacement: replacement?.unwrap_or(usual),
        drainer: Drainer::Karpenter,
    };
    Some(Withdrawal { plan, chosen: chosen?, node_takes: node_takes? })
}

/// A clock for each Node, or bursts that take a share of a zone.
fn read_scope(object: &mut Object<'_>, problems: &mut Problems) -> Option<WithdrawalScope> {
    let is_burst = given(object.get("of"), |item| item.word(problems, &[("node", false), ("zone", true)]));
    if is_burst == Some(Some(true)) {
        let say = "say which part of a zone's Nodes goes at once: share: 50%";
        let share = object.require_or("share", problems, say)?.share(problems, 0.0..=1.0)?;
        return Some(WithdrawalScope::Zone { share });
    }
    match is_burst {
        // Whether a share belongs to it is not known.
        None => _ = object.get("share"),
        Some(_) => {
            let rule = "must only be set for bursts: each Node has a clock of its own";
            object.forbid("share", problems, rule, "leave it out, or write `of: zone`");
        }
    }
    is_burst.map(|_| WithdrawalScope::Node)
}

fn read_replacement(item: Option<Item<'_>>, problems: &mut Problems) -> Option<Option<Replacement>> {
    let all = [Replacement::First, Replacement::AtNotice, Replacement::AtEnd];
    given(item, |item| item.word(problems, &all.map(|one| (one.name(), one))))
}

fn read_chosen(object: &mut Object<'_>, budget: Size, problems: &mut Problems) -> Option<Chosen> {
    let selector = given(object.get("nodeSelector"), |item| {
        let labels = read_labels(item, problems)?;
        Some(Selected { labels, mark: item.mark(), path: item.path.clone() })
    });
    let node_item = object.get("node");
    let node = given(node_item.clone(), |item| super::read_node(item, problems));
    if let (Some(item), Some(Some(_))) = (&node_item, &selector) {
        item.refuse(problems, "a Node by its name, must not stand beside nodeSelector: write one of the two");
        return None;
    }
    Some(Chosen { mark: object.mark, path: object.join("of"), selector: selector?, node: node?, budget })
}

impl Chosen {
    /// So many Nodes that are spare may be needed at once in a pool of so many, where new machines stand beside old ones.
    pub fn spares(&self, plan: &NodeWithdrawal, pool: usize, nodes: usize) -> usize {
        match plan.scope {
            _ if !plan.replacement.stands_beside() => 0,
            WithdrawalScope::Cluster { .. } => (self.budget.of(nodes, 1) as usize).min(pool),
            WithdrawalScope::Node | WithdrawalScope::Zone { .. } => pool,
        }
    }

    /// The Nodes that are meant, in the fault, and what a script strikes.
    pub fn resolve(&self, fault: &mut Fault, cluster: &Cluster, machines: &[Machine], problems: &mut Problems) {
        let Strikes::WithdrawNode(plan) = &mut fault.strikes else { return };
        let own = || machines.iter().enumerate().filter(|(_, machine)| !machine.is_spare);
        let has = |machine: &Machine| {
            let labels = self.selector.iter().flat_map(|selector| &selector.labels);
            labels.into_iter().all(|(key, value)| machine.labels.get(key) == Some(value))
        };
        let mut nodes: Vec<NodeId> =
            own().filter(|(_, machine)| has(machine)).map(|(index, _)| NodeId::new(index)).collect();
        if let Some(named) = &self.node {
            nodes = find_node(named, cluster, problems).into_iter().collect();
        } else if nodes.is_empty()
            && let Some(selector) = &self.selector
        {
            refuse_selector(selector, machines, problems);
        }
        let zones: std::collections::BTreeSet<ZoneId> =
            nodes.iter().filter_map(|node| cluster.nodes[*node].zone).collect();
        let is_burst = matches!(plan.scope, WithdrawalScope::Zone { .. });
        if is_burst && zones.is_empty() && !nodes.is_empty() {
            let message = "is zone, and none of these Nodes has the label topology.kubernetes.io/zone";
            problems.error(self.mark, &self.path, message).help("write `of: node`, or give the Nodes zones");
        }
        if let WithdrawalScope::Cluster { at_once } = &mut plan.scope {
            *at_once = self.budget.of(cluster.size(), cluster.zones.len());
        }
        if let Occurrence::Once { targets, .. } = &mut fault.occurs {
            if self.node.is_none() && plan.scope == WithdrawalScope::Node && nodes.len() > 1 {
                let message = format!("takes all {} Nodes that are meant at one moment", nodes.len());
                problems.warn(self.mark, &self.path, message).help("name the Node that goes (node), if one is meant");
            }
            *targets = match plan.scope {
                WithdrawalScope::Node => nodes.iter().copied().map(ScriptTarget::Node).collect(),
                WithdrawalScope::Zone { .. } => zones.into_iter().map(ScriptTarget::Zone).collect(),
                WithdrawalScope::Cluster { .. } => vec![ScriptTarget::Cluster],
            };
        }
        fault.nodes = nodes;
    }
}

/// No Node has these labels.
fn refuse_selector(selector: &Selected, machines: &[Machine], problems: &mut Problems) {
    const SHOWN: usize = 5;
    let labels: Vec<String> = selector.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let message = format!("is {}, must match a Node of the cluster", labels.join(","));
    let problem = problems.error(selector.mark, &selector.path, message);
    let unknown = selector
        .labels
        .iter()
        .find(|(key, value)| !machines.iter().any(|machine| machine.labels.get(*key) == Some(*value)));
    let Some((key, _)) = unknown else { return };
    let values: std::collections::BTreeSet<&str> =
        machines.iter().filter_map(|machine| machine.labels.get(key)).map(String::as_str).collect();
    let listed: Vec<&str> = values.iter().copied().take(SHOWN).collect();
    problem.help(if listed.is_empty() {
        format!("no Node has the label {key}: labels stand in `node.labels` of a Cluster, or of one of its `pools`")
    } else {
        format!("{key} is {} there", listed.join(", "))
    });
}
