//! Faults as a report shows them.

use serde::{Deserialize, Serialize};

use crate::ids::{FaultId, IdVec};
use crate::model::{ContainerMode, Fault, Handler, Occurrence, Strikes, WithdrawalReason, WithdrawalScope};
use crate::stats::twelve_digits;
use crate::time::Duration;

/// A fault or an operation, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultInfo {
    /// Its name.
    pub name: String,
    /// What it strikes and how, in words: `container crash`, `zone isolation`.
    pub strikes: String,
    /// Mean time in service between occurrences, in seconds; `null` for an entry of the script and for what a bad revision brings.
    pub every_mean_s: Option<f64>,
    /// Of an operation, the hours of the week that it keeps, in words; left out of what comes at any hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Mean duration in seconds; `null` if it lasts until the restart. Of a drain: how long after its end the Node takes Pods again;
    /// of an upgrade or a withdrawal of Nodes: how long a new machine takes; of a rollout: how long after its progress deadline it is
    /// rolled back, `null`: not for that; of a scaling: how long until the manifest's replicas are set again.
    pub lasts_mean_s: Option<f64>,
    /// Where the numbers come from.
    pub source: String,
    /// What else is known of an operation: a change that is made on purpose; left out of faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationInfo>,
}

/// What is done on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OperationInfo {
    /// A new revision of the Pod template is rolled out.
    Rollout {
        /// With an image that no Node has yet.
        new_image: bool,
        /// Which of them bring a revision that is bad; left out where none does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bad: Option<BadInfo>,
    },
    /// A Deployment is scaled by hand, and back after `lasts_mean_s` if there is one.
    Scale {
        /// How many replicas it has from then on.
        to: u32,
    },
    /// A Node is drained.
    Drain {
        /// The Nodes take turns; otherwise it is the one that is named.
        takes_turns: bool,
        /// After so many seconds it gives up; `null`: never.
        timeout_s: Option<f64>,
    },
    /// Every Node gets a new machine after its drain.
    UpgradeNodes {
        /// So many new Nodes at a time join first; 0: a Node gets its new machine in its place.
        surge: u32,
        /// So many Nodes are in work at a time.
        at_once: u32,
        /// After so many seconds the drain of a Node gives up; `null`: never.
        timeout_s: Option<f64>,
        /// What follows a drain that has given up: `force`, `fail` or `skip`.
        on_timeout: String,
    },
    /// A Node is withdrawn, and another machine comes in its place.
    WithdrawNode {
        /// Why: `reclaim`, `expire` or `consolidate`.
        reason: String,
        /// Which Nodes have a clock, or take turns: so many.
        nodes: usize,
        /// In a burst each Node of a zone goes with this chance, from 0 to 1; `null`: each Node goes by itself.
        share: Option<f64>,
        /// So many seconds after the beginning the machine goes, drained or not; `null`: it waits for its drain.
        notice_s: Option<f64>,
        /// What is done about its Pods: `evict`, `shutdown` or `none`.
        handler: String,
        /// When the new machine is ordered: `first` (and is Ready before the drain), `atNotice` or `atEnd`.
        replacement: String,
    },
}

impl OperationInfo {
    /// It empties Nodes by evictions.
    pub fn drains_nodes(&self) -> bool {
        match self {
            Self::Drain { .. } | Self::UpgradeNodes { .. } => true,
            Self::WithdrawNode { handler, .. } => handler == Handler::Evict.name(),
            Self::Rollout { .. } | Self::Scale { .. } => false,
        }
    }

    /// It gives Nodes new machines, which is planned: a reclaim is not.
    pub fn replaces_nodes(&self) -> bool {
        match self {
            Self::UpgradeNodes { .. } => true,
            Self::WithdrawNode { reason, .. } => reason != WithdrawalReason::Reclaim.name(),
            Self::Rollout { .. } | Self::Scale { .. } | Self::Drain { .. } => false,
        }
    }
}

/// Which revisions are bad, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BadInfo {
    /// So many of them, from 0 to 1.
    pub share: f64,
    /// What may be wrong with them, each as often as the others.
    pub flaws: Vec<FlawInfo>,
    /// Mean time from the beginning of the rollout until it is noticed and rolled back, in seconds.
    pub noticed_mean_s: f64,
}

/// What is wrong with a revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlawInfo {
    /// The cause that is charged with it: the name of the operation, and how it is bad.
    pub name: String,
    /// For how long its Pods serve before it shows, on average, in seconds; `null`: it shows from the start.
    pub after_mean_s: Option<f64>,
    /// All processes of a revision serve for as long, as they leak at the same pace.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_leak: bool,
    /// So many of the requests to its Pods fail while these serve, from 0 to 1; left out, they do not serve, or not well at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<f64>,
}

impl FaultInfo {
    /// Of an operation, the causes that it is charged under: its own name, and those of what its bad revisions bring.
    pub fn causes_of_operation(&self) -> impl Iterator<Item = &str> {
        let flaws = match &self.operation {
            Some(OperationInfo::Rollout { bad: Some(bad), .. }) => bad.flaws.as_slice(),
            _ => &[],
        };
        let own = self.operation.is_some().then_some(self.name.as_str());
        own.into_iter().chain(flaws.iter().map(|flaw| flaw.name.as_str()))
    }

    /// What a result tells of these faults.
    pub fn all(faults: &IdVec<FaultId, Fault>) -> Vec<Self> {
        faults.ids().map(|id| Self::of(faults, id)).collect()
    }

    fn of(faults: &IdVec<FaultId, Fault>, id: FaultId) -> Self {
        let fault = &faults[id];
        Self {
            name: fault.name.clone(),
            strikes: fault.strikes.to_string(),
            every_mean_s: fault.every_mean().map(twelve_digits),
            hours: fault.occurs.every().and_then(|(_, calendar)| calendar).map(ToString::to_string),
            lasts_mean_s: fault.lasts.as_ref().map(|law| twelve_digits(law.mean())),
            source: fault.source.clone(),
            operation: OperationInfo::of(faults, id),
        }
    }
}

impl OperationInfo {
    fn of(faults: &IdVec<FaultId, Fault>, id: FaultId) -> Option<Self> {
        match faults[id].strikes {
            Strikes::WithdrawNode(plan) => Some(Self::WithdrawNode {
                reason: plan.reason.name().to_owned(),
                nodes: faults[id].nodes.len(),
                share: match plan.scope {
                    WithdrawalScope::Zone { share } => Some(share),
                    WithdrawalScope::Node | WithdrawalScope::Cluster { .. } => None,
                },
                notice_s: plan.notice.map(Duration::as_secs_f64),
                handler: plan.handler.name().to_owned(),
                replacement: plan.replacement.name().to_owned(),
            }),
            Strikes::Rollout { new_image } => Some(Self::Rollout { new_image, bad: BadInfo::of(faults, id) }),
            Strikes::Scale { to } => Some(Self::Scale { to }),
            Strikes::Drain { node, timeout } => {
                Some(Self::Drain { takes_turns: node.is_none(), timeout_s: timeout.map(Duration::as_secs_f64) })
            }
            Strikes::UpgradeNodes(plan) => Some(Self::UpgradeNodes {
                surge: plan.surge,
                at_once: plan.at_once,
                timeout_s: plan.drain_timeout.map(Duration::as_secs_f64),
                on_timeout: plan.on_timeout.name().to_owned(),
            }),
            Strikes::Container(_)
            | Strikes::Deletion
            | Strikes::Deployment(_)
            | Strikes::Node(_)
            | Strikes::Zone(_)
            | Strikes::ControlPlane(_) => None,
        }
    }
}

impl BadInfo {
    fn of(faults: &IdVec<FaultId, Fault>, rollout: FaultId) -> Option<Self> {
        let bad = faults[rollout].bad.as_ref()?;
        let flaw = |fault: &Fault| FlawInfo {
            name: fault.name.clone(),
            after_mean_s: match &fault.occurs {
                Occurrence::WithRevision { after, .. } => after.as_ref().map(|law| twelve_digits(law.mean())),
                Occurrence::Every(_) | Occurrence::InHours { .. } | Occurrence::Once { .. } => None,
            },
            is_leak: matches!(fault.occurs, Occurrence::WithRevision { is_alike: true, .. }),
            failing: match fault.strikes {
                Strikes::Container(ContainerMode::ErrorInPart(share)) => Some(share.share()),
                _ => None,
            },
        };
        // They follow their rollout in the model.
        let flaws = faults.iter().skip(rollout.index() + 1).take(bad.flaws).map(flaw);
        Some(Self { share: bad.share, flaws: flaws.collect(), noticed_mean_s: twelve_digits(bad.noticed.mean()) })
    }
}
