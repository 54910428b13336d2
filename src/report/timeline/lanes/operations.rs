//! The spans of what is done on purpose: rollouts and their rollbacks, upgrades of Nodes, and the drain of each Node.

use super::{Begun, Drawing};
use crate::history::{Entry, Happening, OperationEnd, Who};
use crate::ids::{NodeId, WorkloadId};
use crate::report::format;
use crate::results::{Group, Tone};

/// The lane of upgrades.
pub(super) const UPGRADES: &str = "upgrade of Nodes";

/// A drain that its budget keeps from going on.
const REFUSED: &str = "cordoned, eviction refused by the budget";

/// What becomes of the wish to evict a Pod.
const fn is_of_eviction(what: Happening) -> bool {
    use Happening as H;
    matches!(what, H::EvictionRefused { .. } | H::EvictionGranted { .. } | H::EvictionForced { .. })
}

impl Drawing<'_> {
    /// From the change of a Deployment's template until all its Pods are of the new revision, or another one takes its place.
    pub(super) fn rollouts(&mut self) {
        for rollout in &self.timeline.rollouts {
            let name = self.rollout_lane(rollout.workload);
            let end = if rollout.ended_as(OperationEnd::Superseded).is_some() { ", superseded" } else { "" };
            let flaw = rollout.flaw.map(|flaw| format!(" ({}, until noticed)", self.model.faults[flaw].name));
            let words = format!("rollout of revision {}{}{end}", rollout.revision + 1, flaw.unwrap_or_default());
            let to = rollout.ended.map_or(self.timeline.end, |(at, _)| at);
            let back = rollout.rolled_back.map_or(to, |at| at.min(to));
            let tone = if rollout.flaw.is_some() { Tone::Bad } else { Tone::Plain };
            self.span(Group::Operations, &name, (rollout.began, back), words, tone);
            self.span(Group::Operations, &name, (back, to), format!("rollback{end}"), Tone::Plain);
        }
    }

    /// From the beginning of each upgrade of the Nodes to its end, and which Node's turn it is.
    pub(super) fn upgrades(&mut self) {
        let mut begun: Begun = None;
        // How many get new machines, and how many drains have begun.
        let (mut nodes, mut turn) = (0, 0);
        let timeline = self.timeline;
        for entry in &timeline.entries {
            match entry.what {
                Happening::UpgradeBegan { nodes: all } => {
                    (nodes, turn) = (all, 0);
                    begun = Some((entry.at, "upgrade".to_owned(), Tone::Plain));
                }
                // A surge Node may be drained too, when all others have had their turn.
                Happening::DrainBegan { .. } if begun.is_some() && turn < nodes => {
                    turn += 1;
                    self.end(Group::Operations, UPGRADES, &mut begun, entry.at);
                    begun = Some((entry.at, format!("upgrade, Node {turn} of {nodes}"), Tone::Plain));
                }
                Happening::UpgradeEnded { .. } => self.end(Group::Operations, UPGRADES, &mut begun, entry.at),
                _ => {}
            }
        }
        self.end(Group::Operations, UPGRADES, &mut begun, timeline.end);
    }

    /// The lane of a Deployment's rollouts.
    pub(super) fn rollout_lane(&self, workload: WorkloadId) -> String {
        format!("Deployment {}", self.model.workloads[workload].name)
    }

    /// From when a Node takes no more Pods until it does again, or its machine is gone.
    pub(super) fn drain(&mut self, node: NodeId, lane: &str, entries: &[Entry]) {
        let places = self.places.clone();
        let of_node = |entry: &&Entry| match entry.who {
            Who::Node(id) => id == node,
            // What the drain of its Node meets.
            Who::Pod(pod) if is_of_eviction(entry.what) => places[pod] == Some(node),
            _ => false,
        };
        let mut drain: Begun = None;
        for entry in entries.iter().filter(of_node) {
            let begin = |words: &str| Some((entry.at, words.to_owned(), Tone::Bad));
            let cordoned = |words: &str| Some((entry.at, words.to_owned(), Tone::Plain));
            let drained = match entry.what {
                Happening::DrainBegan { .. } | Happening::EvictionGranted { .. } | Happening::EvictionForced { .. } => {
                    Some(cordoned("cordoned, is drained"))
                }
                Happening::EvictionRefused { .. } => Some(begin(REFUSED)),
                Happening::DrainEnded { has_failed: true, .. } => Some(begin("cordoned, the drain has failed")),
                Happening::DrainEnded { has_failed: false, .. } => Some(cordoned("cordoned, drained")),
                Happening::MachineOrdered { .. } => Some(cordoned("a new machine is on its way")),
                Happening::NodeUncordoned { .. } | Happening::NodeDeleted { .. } | Happening::NodeJoined { .. } => {
                    Some(None)
                }
                _ => None,
            };
            if let Some(next) = drained {
                if let Some((since, words, _)) = drain.as_mut().filter(|(_, words, _)| words == REFUSED) {
                    *words = format!("{REFUSED} for {}", format::in_full(entry.at.since(*since).as_secs_f64()));
                }
                self.end(Group::Nodes, lane, &mut drain, entry.at);
                drain = next;
            }
        }
        self.end(Group::Nodes, lane, &mut drain, self.timeline.end);
    }
}
