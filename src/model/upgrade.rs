//! Upgrades of Nodes: how a provider, or somebody by hand, gives every Node of the cluster a new machine (V5, V16–V20).

use super::Drainer;
use crate::time::Duration;

/// How the machines of all Nodes are replaced, some at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeUpgrade {
    /// So many new Nodes at a time join before the old ones that they replace are drained. 0: each Node gets its new machine
    /// in its place, after its drain.
    pub surge: u32,
    /// So many Nodes are in work at a time, from the drain to the end of the pause after it; at least 1.
    pub at_once: u32,
    /// Which Nodes come first.
    pub order: UpgradeOrder,
    /// All Nodes are cordoned before the first of them is drained, not each with its own drain.
    pub cordons_all: bool,
    /// The pause after a Node has been replaced, until the next one takes its turn.
    pub soak: Duration,
    /// Who drains the Nodes.
    pub drainer: Drainer,
    /// After how long the drain of a Node gives up; `None`: never (V14).
    pub drain_timeout: Option<Duration>,
    /// What follows a drain that has given up.
    pub on_timeout: OnTimeout,
    /// A Node whose drain has given up, and which keeps its machine, takes Pods again at once; otherwise it stays cordoned.
    pub frees_failed: bool,
}

impl NodeUpgrade {
    /// Karpenter's drift: a Node with a Pod that its budget would not let go is no candidate, unless Pods are deleted some time after
    /// the beginning whatever their budgets say (V21a).
    pub const fn asks_first(&self) -> bool {
        matches!(self.drainer, Drainer::Karpenter) && self.forced_after().is_none()
    }

    /// After how long the Pods that are left on a Node are deleted whatever their budgets say (V18, V20, V24).
    pub const fn forced_after(&self) -> Option<Duration> {
        match self.on_timeout {
            OnTimeout::Force => self.drain_timeout,
            OnTimeout::Fail | OnTimeout::Skip => None,
        }
    }
}

/// Which Nodes come first in an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpgradeOrder {
    /// In an order that is drawn for each upgrade.
    Random,
    /// Zone by zone, in the order of their names; within a zone in an order that is drawn.
    Zones,
    /// In the order of their names.
    Listed,
}

/// What follows a drain that has given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTimeout {
    /// The Pods that are left are deleted with their grace, and no budget is asked (V18, V24). The machine goes when they have gone,
    /// and a minute after their grace at the latest.
    Force,
    /// The upgrade ends there.
    Fail,
    /// The Node keeps its machine, and the upgrade goes on with the next one.
    Skip,
}

impl OnTimeout {
    /// The word for it in files and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Force => "force",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}
