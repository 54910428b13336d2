//! What breaks: how often, for how long, what it strikes and who sees it.

use std::fmt;

use super::{Calendar, Handler, Millionths, NodeUpgrade, NodeWithdrawal, ProbeKind, WithdrawalReason};
use crate::ids::{NodeId, SlotId, TemplateContainer, WorkloadId, ZoneId};
use crate::random::Law;
use crate::time::Duration;

/// A fault: what strikes, when, how and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Its name, unique in the model.
    pub name: String,
    /// When it strikes.
    pub occurs: Occurrence,
    /// Seconds that an occurrence lasts. A container mode without it lasts until the restart; a Node mode
    /// without it, which only a script has, for ever. Without it a leader of the control plane is away until its standby takes over. Of a drain: how long after its end the Node takes Pods again.
    /// Of an upgrade or a withdrawal: how long a new machine takes until it is a Node that is Ready, drawn for each. Of a rollout:
    /// how long after its Deployment is said to be stuck it is rolled back; without it nobody watches for that. Of a scaling: how
    /// long until the manifest's replicas are set again; without it they are not.
    pub lasts: Option<Law>,
    /// What it strikes, and how.
    pub strikes: Strikes,
    /// Where it strikes containers or Pods: which container of which Deployment, at most one of each. Empty: that which
    /// serves, of every Deployment.
    pub containers: Vec<TemplateContainer>,
    /// Where it strikes Deployments: one occurrence strikes all of [`Fault::containers`] at once. Otherwise every Deployment
    /// has a clock of its own.
    pub at_once: bool,
    /// Where it withdraws Nodes: which of them; empty: all.
    pub nodes: Vec<NodeId>,
    /// Where it is a rollout: some of them bring a revision that is bad.
    pub bad: Option<BadRevisions>,
    /// Where the numbers come from.
    pub source: String,
}

/// Which rollouts bring a revision that is bad, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct BadRevisions {
    /// So many of them do, from 0 to 1.
    pub share: f64,
    /// The flaws that they may have, each as often as the others: so many of the faults that follow this one in the model.
    pub flaws: usize,
    /// Seconds from the beginning of the rollout until the flaw is noticed, whatever the Deployment says, and the revision before is rolled out again.
    pub noticed: Law,
}

impl Fault {
    /// How many Pods it makes this Deployment want, if that is what it does.
    pub fn scales(&self, workload: WorkloadId) -> Option<u32> {
        let is_meant = self.containers.is_empty() || self.containers.iter().any(|named| named.workload == workload);
        match self.strikes {
            Strikes::Scale { to } if is_meant => Some(to),
            _ => None,
        }
    }

    /// Mean of the time in service between occurrences, in seconds; `None` for what a script does once.
    pub fn every_mean(&self) -> Option<f64> {
        self.occurs.every().map(|(law, _)| law.mean())
    }
}

/// When a fault strikes.
#[derive(Debug, Clone, PartialEq)]
pub enum Occurrence {
    /// Again and again: seconds that a target is in service between occurrences. The clock stands while the
    /// target is down, starting or struck, and outlives restarts and replacements (invariant 6).
    Every(Law),
    /// Again and again in some hours of the week alone, which begins at an instant that is drawn for each replication: as often as
    /// with [`Occurrence::Every`], over a week.
    InHours {
        /// Seconds between occurrences, closed hours included.
        every: Law,
        /// Which hours.
        calendar: Calendar,
    },
    /// With a revision that is bad ([`Fault::bad`]), in every Pod of it.
    WithRevision {
        /// Seconds from when a process serves until it strikes; left out, it is at work from the start of the process.
        after: Option<Law>,
        /// One draw of `after` holds for all processes of the revision, as of a leak that grows alike in each; otherwise each draws
        /// its own.
        is_alike: bool,
    },
    /// By script: once on each of these targets, so many seconds after the start of counting, drawn for each.
    /// A target that is not there at that moment is not struck.
    Once {
        /// Seconds from the start of counting; a moment beyond the horizon does not come.
        at: Law,
        /// What is struck; all of the kind that [`Fault::strikes`] needs.
        targets: Vec<ScriptTarget>,
    },
}

impl Occurrence {
    /// The law of the time between two, and the hours that they keep; `None` for what does not come again and again.
    pub const fn every(&self) -> Option<(&Law, Option<&Calendar>)> {
        match self {
            Self::Every(every) => Some((every, None)),
            Self::InHours { every, calendar } => Some((every, Some(calendar))),
            Self::WithRevision { .. } | Self::Once { .. } => None,
        }
    }
}

/// What one entry of a script strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScriptTarget {
    /// The container, or the Pod, in this slot.
    Slot(SlotId),
    /// All containers of a Deployment.
    Deployment(WorkloadId),
    /// This Node.
    Node(NodeId),
    /// The Node that holds this slot's Pod at that moment.
    NodeOf(SlotId),
    /// All Nodes of this zone.
    Zone(ZoneId),
    /// The cluster: its control plane, or an operation that chooses its Node by itself.
    Cluster,
}

/// Target and mode; only the pairs that exist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strikes {
    /// One container of the Pod: every slot has a clock of its own.
    Container(ContainerMode),
    /// The Pod in a slot: it is deleted through the API (D7, T1). It has no law for `lasts`.
    Deletion,
    /// That container of all Pods at once, also where it starts meanwhile: a shared dependency.
    Deployment(ContainerMode),
    /// One Node: every Node has a clock of its own.
    Node(NodeMode),
    /// All Nodes of a zone at once.
    Zone(NodeMode),
    /// A Deployment gets a new revision of its template: a change that is made on purpose, which has costs all the same.
    Rollout {
        /// The container that serves has an image that no Node has yet.
        new_image: bool,
    },
    /// `kubectl scale` of a Deployment: its replicas are changed by hand (D13, D14).
    Scale {
        /// How many Pods it wants from then on; 0 is allowed.
        to: u32,
    },
    /// A part of the control plane: what it would do stands still (N17). It has a clock of its own.
    ControlPlane(ControlPlaneMode),
    /// `kubectl drain` of a Node, which is cordoned and takes Pods again some time after the drain has ended (V7, V13).
    Drain {
        /// Which Node; `None`: the Nodes take turns.
        node: Option<NodeId>,
        /// After how long the drain gives up; `None`: never (V14).
        timeout: Option<Duration>,
    },
    /// All Nodes of the cluster get new machines, some at a time, each after its drain (V16).
    UpgradeNodes(NodeUpgrade),
    /// A Node is withdrawn, and another machine comes in its place.
    WithdrawNode(NodeWithdrawal),
}

impl Strikes {
    /// The words for an upgrade, whatever its numbers are.
    pub const NODE_UPGRADE: &'static str = "node upgrade";

    /// It is no fault but a change that is made on purpose.
    pub const fn is_operation(self) -> bool {
        self.is_done_to_nodes() || matches!(self, Self::Rollout { .. } | Self::Scale { .. })
    }

    /// It is done to Nodes, not to Deployments.
    pub const fn is_done_to_nodes(self) -> bool {
        matches!(self, Self::Drain { .. } | Self::UpgradeNodes(_) | Self::WithdrawNode(_))
    }

    /// It goes through the API, and waits while that does not answer.
    pub const fn needs_api(self) -> bool {
        match self {
            Self::WithdrawNode(plan) => plan.reason.goes_through_api(),
            other => other.is_operation() || matches!(other, Self::Deletion),
        }
    }

    /// It comes when a machine has reached an age: a new machine is young (V21).
    pub const fn comes_of_age(self) -> bool {
        matches!(self, Self::WithdrawNode(NodeWithdrawal { reason: WithdrawalReason::Expiry, .. }))
    }

    /// It evicts Pods, which asks `PodDisruptionBudgets`.
    pub const fn drains_nodes(self) -> bool {
        match self {
            Self::Drain { .. } | Self::UpgradeNodes(_) => true,
            Self::WithdrawNode(plan) => matches!(plan.handler, Handler::Evict),
            _ => false,
        }
    }
}

/// In words: `container crash`, `zone isolation`.
impl fmt::Display for Strikes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(mode) => write!(f, "container {}", mode.name()),
            Self::Deletion => f.write_str("container delete"),
            Self::Deployment(mode) => write!(f, "deployment {}", mode.name()),
            Self::Node(mode) => write!(f, "node {}", mode.name()),
            Self::Zone(mode) => write!(f, "zone {}", mode.name()),
            Self::ControlPlane(mode) => write!(f, "controlPlane {}", mode.name()),
            Self::Rollout { .. } => f.write_str("deployment rollout"),
            Self::Scale { .. } => f.write_str("deployment scale"),
            Self::Drain { .. } => f.write_str("node drain"),
            Self::UpgradeNodes(_) => f.write_str(Self::NODE_UPGRADE),
            Self::WithdrawNode(plan) => f.write_str(plan.reason.in_words()),
        }
    }
}

/// How a container fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerMode {
    /// The process exits.
    Crash,
    /// It accepts and never answers; what was asked meanwhile stays unanswered (W2 b).
    Hang(Affects),
    /// It answers 5xx at once (W3).
    Error(Affects),
    /// It answers this share of the requests of clients with 5xx, and every probe well: it serves, and not everybody.
    ErrorInPart(Millionths),
    /// The sandbox dies, and the Pod's network with it. The kubelet finds out at its next listing (C1), stops the
    /// container with its grace and starts it anew in a new sandbox (C4).
    Sandbox,
}

impl ContainerMode {
    /// Who is not struck by it is served as ever: it keeps no Pod from delivering.
    pub const fn serves_others(self) -> bool {
        matches!(self, Self::ErrorInPart(_))
    }

    /// The word for it in files and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Hang(_) => "hang",
            Self::Error(_) | Self::ErrorInPart(_) => "error",
            Self::Sandbox => "sandbox",
        }
    }
}

/// How a Node fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeMode {
    /// The machine is dead; it reboots when the fault ends, or is replaced.
    Crash,
    /// Kubelet and proxy lose the control plane; containers run and requests reach them (N16).
    Partition,
    /// Like a partition, and no request reaches the Node either.
    Isolation,
    /// The kubelet's process is dead: no probes, no syncs, no heartbeats. Containers run and requests reach them
    /// (N16). When the fault ends the kubelet is started again (P21, N14).
    Kubelet,
}

impl NodeMode {
    /// The word for it in files and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Partition => "partition",
            Self::Isolation => "isolation",
            Self::Kubelet => "kubelet",
        }
    }
}

/// A part of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlPlanePart {
    /// All API servers, and with them the store.
    ApiServer,
    /// The controller manager that leads.
    ControllerManager,
    /// The scheduler that leads.
    Scheduler,
}

/// How the control plane fails (N17, N17a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlPlaneMode {
    /// No API server answers. Left alone longer than 10 to 12 s, controller manager and scheduler exit, too.
    ApiServer,
    /// There is no leading controller manager: for as long as the fault lasts; without that until a standby takes over, 15 to 20 s.
    ControllerManager,
    /// There is no leading scheduler, likewise.
    Scheduler,
    /// The leading scheduler is told to stop and releases its Lease: a standby takes over within 4.4 s.
    SchedulerStop,
}

impl ControlPlaneMode {
    /// The word for it in files and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "apiServer",
            Self::ControllerManager => "controllerManager",
            Self::Scheduler => "scheduler",
            Self::SchedulerStop => "schedulerStop",
        }
    }

    /// What is away.
    pub const fn part(self) -> ControlPlanePart {
        match self {
            Self::ApiServer => ControlPlanePart::ApiServer,
            Self::ControllerManager => ControlPlanePart::ControllerManager,
            Self::Scheduler | Self::SchedulerStop => ControlPlanePart::Scheduler,
        }
    }
}

/// Who sees a hang or an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affects {
    /// Clients. Without them the health endpoint is broken and the service is not.
    pub requests: bool,
    /// Readiness probes. Without any probe it is a gray failure.
    pub readiness: bool,
    /// Liveness probes.
    pub liveness: bool,
    /// Startup probes.
    pub startup: bool,
}

impl Affects {
    /// Clients alone: no probe sees it.
    pub const REQUESTS: Self = Self { requests: true, readiness: false, liveness: false, startup: false };
    /// Everybody sees it: the default.
    pub const ALL: Self = Self { requests: true, readiness: true, liveness: true, startup: true };

    /// Whether probes of this kind see it.
    pub const fn is_seen_by(self, kind: ProbeKind) -> bool {
        match kind {
            ProbeKind::Readiness => self.readiness,
            ProbeKind::Liveness => self.liveness,
            ProbeKind::Startup => self.startup,
        }
    }
}
