//! Nodes that are withdrawn on purpose, each by itself: spot reclaims by the cloud, and Karpenter's expiry and consolidation
//! (V21, V21a, V23, V24).

use super::Drainer;
use crate::time::Duration;

/// How one Node is withdrawn: who is told, what becomes of its Pods, when its machine goes, and what comes in its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeWithdrawal {
    /// Why.
    pub reason: WithdrawalReason,
    /// Which Nodes go at a time.
    pub scope: WithdrawalScope,
    /// The machine goes so long after the beginning, whether its Pods have left or not. `None`: it goes when its drain is over, and
    /// waits for ever on a budget.
    pub notice: Option<Duration>,
    /// What is done about its Pods until then.
    pub handler: Handler,
    /// When the machine is ordered that comes in its place.
    pub replacement: Replacement,
    /// Who drains the Nodes.
    pub drainer: Drainer,
}

/// Why a Node is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalReason {
    /// The cloud takes a spot instance back: at the end of the notice it is gone, and nobody tells the API (N4, N15).
    Reclaim,
    /// Karpenter's `expireAfter`: the Node is old.
    Expiry,
    /// Karpenter's consolidation: another machine is cheaper.
    Consolidation,
}

impl WithdrawalReason {
    /// The word for it in files and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reclaim => "reclaim",
            Self::Expiry => "expire",
            Self::Consolidation => "consolidate",
        }
    }

    /// In words, as a fault is called: `node reclaim`.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Reclaim => "node reclaim",
            Self::Expiry => "node expiry",
            Self::Consolidation => "node consolidation",
        }
    }

    /// It is done through the API: it waits while that does not answer, and the Node object goes with its machine. Before a notice
    /// ends Pods are deleted whatever their budget says (V21a).
    pub const fn goes_through_api(self) -> bool {
        !matches!(self, Self::Reclaim)
    }
}

/// Which Nodes are withdrawn at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WithdrawalScope {
    /// One, by a clock of its own.
    Node,
    /// A burst: each Node of a zone with this chance, by a clock of the zone.
    Zone {
        /// From 0 to 1.
        share: f64,
    },
    /// One whose turn it is, by a clock of the cluster; none where a budget would refuse one of its Pods, or where so many Nodes are
    /// being withdrawn or are not Ready (V21a).
    Cluster {
        /// At least 1.
        at_once: u32,
    },
}

/// What is done about the Pods of a Node that is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handler {
    /// It is cordoned and drained by evictions, which ask budgets.
    Evict,
    /// Its kubelet shuts down (V6): it stops all containers by itself, whatever budgets say, and deletes no Pod.
    Shutdown {
        /// A Pod gets no longer grace than this.
        pod_grace: Duration,
    },
    /// Nothing: they die with the machine.
    None,
}

impl Handler {
    /// The word for it in files and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evict => "evict",
            Self::Shutdown { .. } => "shutdown",
            Self::None => "none",
        }
    }
}

/// When the machine is ordered that comes in the place of one that is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// At the beginning, and nothing is done to the old Node before the new one is Ready.
    First,
    /// At the beginning, beside all else.
    AtNotice,
    /// When the machine goes.
    AtEnd,
}

impl Replacement {
    /// The word for it in files and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::AtNotice => "atNotice",
            Self::AtEnd => "atEnd",
        }
    }

    /// The new machine may stand beside the old one for a time.
    pub const fn stands_beside(self) -> bool {
        !matches!(self, Self::AtEnd)
    }
}
