//! What a log of the kubelets, the API server and the controllers would tell, one line per happening.

use super::reply::{Reply, SkippedProbes};
use super::target::Target;
use super::verdict::Stored;
use crate::ids::{ContainerId, FaultId, NodeId, PodId, SlotId, WorkloadId, ZoneId};
use crate::model::{ControlPlanePart, ProbeKind};
use crate::time::{Duration, SimTime};

/// Something has happened. The instant is told beside it.
///
/// A [`PodId`] is a place in memory: from [`Happening::PodCreated`] on it stands for a new Pod. An `instance` is
/// the ordinal of a container's life in its Pod, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    // ---- Faults ----
    /// A fault strikes.
    FaultStruck {
        /// What it strikes.
        target: Target,
        /// Which.
        fault: FaultId,
    },
    /// A fault ends by itself. What a restart or a new machine heals has no such end.
    FaultEnded {
        /// What it had struck.
        target: Target,
        /// Which.
        fault: FaultId,
    },

    // ---- The control plane ----
    /// A leading controller manager or scheduler has exited, as it could not renew its Lease (N17).
    LeaderExited {
        /// Which.
        part: ControlPlanePart,
    },
    /// Another process leads, and remembers nothing (N17, N17a).
    LeaderElected {
        /// Which.
        part: ControlPlanePart,
    },

    // ---- The Deployment ----
    /// Its template has changed: a rollout begins (D2, D3).
    RolloutBegan {
        /// Whose.
        workload: WorkloadId,
        /// The new revision, from 1.
        revision: u32,
        /// What is wrong with it, if it is bad.
        flaw: Option<FaultId>,
    },
    /// Its rollout has not got on for `progressDeadlineSeconds`: Progressing is False (D4). Told where somebody watches for that.
    ProgressDeadlineExceeded {
        /// Whose.
        workload: WorkloadId,
    },
    /// Somebody has noticed that its newest revision is bad, or stuck: an earlier one is rolled out again (D2).
    RolledBack {
        /// Whose.
        workload: WorkloadId,
        /// To which revision.
        revision: u32,
    },
    /// All its Pods are of the new revision and available (D5).
    RolloutEnded {
        /// Whose.
        workload: WorkloadId,
        /// Which revision.
        revision: u32,
    },

    /// Its replicas are set: by hand, as in its manifest again, or by its autoscaler (D13, D14).
    ReplicasSet {
        /// Whose.
        workload: WorkloadId,
        /// How many it wants from now on.
        replicas: u32,
        /// Its autoscaler has set them.
        by_load: bool,
    },

    // ---- Drains ----
    /// `kubectl drain` of the Node begins: it is cordoned (V7, V13).
    DrainBegan {
        /// Which Node.
        node: NodeId,
    },
    /// Whoever drains its Node may not evict the Pod now, and asks again (V2, V4, V21). Told at the first refusal.
    EvictionRefused {
        /// The Pod.
        pod: PodId,
    },
    /// The time of whoever drains its Node is nearly up: the Pod is deleted without asking its budget (V21a).
    EvictionForced {
        /// The Pod.
        pod: PodId,
    },
    /// The Pod may be evicted from the Node that is drained: it is to be deleted (V2).
    EvictionGranted {
        /// The Pod.
        pod: PodId,
    },
    /// The drain of the Node is over (V13).
    DrainEnded {
        /// Which Node.
        node: NodeId,
        /// It has given up on a Pod, or was not allowed to ask for one (V2, V14).
        has_failed: bool,
    },
    /// The Node takes Pods again.
    NodeUncordoned {
        /// Which Node.
        node: NodeId,
    },

    // ---- Upgrades of Nodes ----
    /// An upgrade begins: all Nodes are to get new machines (V16).
    UpgradeBegan {
        /// So many.
        nodes: u32,
    },
    /// An upgrade or a withdrawal orders a new machine: it will be this Node.
    MachineOrdered {
        /// Which Node.
        node: NodeId,
    },
    /// The upgrade is over.
    UpgradeEnded {
        /// A Node has kept its machine, as its drain has given up.
        has_failed: bool,
    },

    // ---- Single Nodes that are withdrawn ----
    /// The kubelet shuts its Node down, and stops all Pods (V6).
    ShutdownBegan {
        /// Which Node.
        node: NodeId,
    },
    /// It has reported its Node not Ready for that (V6).
    NodeNotReady {
        /// Which Node.
        node: NodeId,
    },
    /// The containers of a Pod on such a Node have stopped, and its phase is Failed (V6, D8).
    PodFailed {
        /// The Pod.
        pod: PodId,
    },
    /// The Node that was withdrawn is gone, and a new one has taken its place.
    WithdrawalEnded {
        /// The old Node.
        node: NodeId,
    },

    // ---- The Pod object: API server, `ReplicaSet`, scheduler ----
    /// The Pod is created for this slot: at the beginning, or by the `ReplicaSet` (D7).
    PodCreated {
        /// The new Pod.
        pod: PodId,
        /// The slot that it holds.
        slot: SlotId,
        /// From which revision of the template, from 0.
        revision: u32,
    },
    /// Time 0 meets the Pod in the middle of its life: its first container runs, Ready and in rotation.
    PodMet {
        /// The Pod.
        pod: PodId,
        /// Where it runs.
        node: NodeId,
    },
    /// No Node can take the Pod: it stays Pending (S3, S16).
    PodUnschedulable {
        /// The Pod.
        pod: PodId,
    },
    /// The scheduler has bound the Pod to a Node (S1).
    PodBound {
        /// The Pod.
        pod: PodId,
        /// Its Node.
        node: NodeId,
    },
    /// The Pod's toleration of its Node's NoExecute taint is over: it is to be deleted (N9).
    PodEvicted {
        /// The Pod.
        pod: PodId,
    },
    /// The Pod's Node object is gone: the garbage collector removes it (N15).
    PodCollected {
        /// The Pod.
        pod: PodId,
    },
    /// Somebody is paged: the Pod does not deliver, and nothing else would mend it.
    Paged {
        /// The Pod.
        pod: PodId,
    },
    /// Somebody on call deletes the Pod.
    DeletedByHand {
        /// The Pod.
        pod: PodId,
    },
    /// The Pod has a deletion timestamp; its slot is vacant (T1).
    PodDeleted {
        /// The Pod.
        pod: PodId,
    },
    /// The Pod object no longer exists (T5, T7).
    PodGone {
        /// The Pod.
        pod: PodId,
    },

    // ---- The kubelet and the container ----
    /// The kubelet syncs the Pod for the first time, or for the first time since it started: probe workers
    /// begin (P1).
    FirstSync {
        /// The Pod.
        pod: PodId,
    },
    /// A sync begins to start the container: sandbox where needed, image, create, start (C6, C14).
    StartBegan {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// A sandbox is set up first.
        sandbox: bool,
    },
    /// The container's process has started (C6).
    ContainerStarted {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which life.
        instance: u32,
    },
    /// The application has started: it answers, as far as faults let it.
    AppServing {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which life.
        instance: u32,
    },
    /// A probe has decided to kill the container (P18).
    KillDecided {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which life.
        instance: u32,
        /// Which probe.
        by: ProbeKind,
    },
    /// The kubelet has learnt of the Pod's deletion (T2).
    DeletionSeen {
        /// The Pod.
        pod: PodId,
    },
    /// The kubelet begins to stop the container: preStop if there is one, then SIGTERM (C9).
    StopBegan {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which life.
        instance: u32,
        /// How long preStop takes.
        pre_stop: Duration,
    },
    /// SIGTERM has reached the process (C9).
    SigtermSent {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which life.
        instance: u32,
    },
    /// The process is gone.
    ContainerExited {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which life.
        instance: u32,
        /// What ended it.
        exit: Exit,
    },
    /// The kubelet has noticed that the container has exited (C1).
    ExitNoticed {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
    },
    /// CrashLoopBackOff refuses the start (C10).
    BackedOff {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// When the wait is over; the kubelet may look later (C13).
        until: SimTime,
    },
    /// The kubelet's own view of the Pod's Ready condition has changed (P13, P18).
    ReadyDecided {
        /// The Pod.
        pod: PodId,
        /// Ready.
        ready: bool,
    },

    // ---- Probes ----
    /// A worker has noticed a new instance and stored the initial result for it (P7). Not told of liveness,
    /// where nothing follows from it.
    InstanceNoticed {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which worker.
        kind: ProbeKind,
        /// Which life.
        instance: u32,
    },
    /// A worker has found the container not running and stored Failure (P6).
    FoundNotRunning {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which worker.
        kind: ProbeKind,
    },
    /// The kubelet has triggered the readiness worker: its ticks start anew, and it attempts at once or right after the
    /// probe that waits (P11).
    ReadinessTriggered {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// False: it still sees the status from before the start (P11a), and acts on that (P7a).
        sees_new_status: bool,
    },
    /// A probe is sent.
    ProbeSent {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which probe.
        kind: ProbeKind,
        /// The life of the container whose process it reaches; `None` where the connection is refused.
        reaches: Option<u32>,
    },
    /// A probe has ended (P14); at once, if the answer is at hand.
    ProbeEnded {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which probe.
        kind: ProbeKind,
        /// What it met.
        reply: Reply,
    },
    /// These probes changed nothing and were not played (invariant 5). Told when the worker is looked at next: the
    /// instant told beside it is that of the first.
    ProbesSkipped(SkippedProbes),
    /// The stored result of a worker has changed: so many probes in a row have found the same (P16, P18).
    Verdict {
        /// The Pod.
        pod: PodId,
        /// Which of its containers.
        container: ContainerId,
        /// Which probe.
        kind: ProbeKind,
        /// The result.
        result: Stored,
    },

    // ---- From readiness to traffic ----
    /// The Pod's Ready condition in the API has changed: written by the kubelet (E2) or by the node controller (N6).
    ReadyWritten {
        /// The Pod.
        pod: PodId,
        /// Ready.
        ready: bool,
    },
    /// The Pod's entry in the EndpointSlice has changed (E4, E5).
    EndpointSliceUpdated {
        /// The Pod.
        pod: PodId,
        /// The entry.
        endpoint: Endpoint,
    },
    /// The proxy has begun, or stopped, to send traffic to the Pod (E6, E7).
    RotationChanged {
        /// The Pod.
        pod: PodId,
        /// It is sent traffic.
        in_rotation: bool,
    },

    // ---- Nodes ----
    /// The machine is down, and all its processes with it.
    MachineDied {
        /// The Node.
        node: NodeId,
    },
    /// The machine runs again (N14).
    MachineBooted {
        /// The Node.
        node: NodeId,
    },
    /// The kubelet can no longer reach the control plane: no lease is renewed from now on.
    NodeDisconnected {
        /// The Node.
        node: NodeId,
    },
    /// The kubelet, or its machine, reaches the control plane again (N14).
    NodeReconnected {
        /// The Node.
        node: NodeId,
    },
    /// The kubelet's process is dead; containers live on (N16).
    KubeletStopped {
        /// The Node.
        node: NodeId,
    },
    /// The kubelet has started and syncs its Pods (N14, P21).
    KubeletStarted {
        /// The Node.
        node: NodeId,
    },
    /// The kubelet reaches the API server again and has written what differs there from the statuses of its Pods (E2, N17).
    StatusesWritten {
        /// The Node.
        node: NodeId,
    },
    /// The lease is renewed for the first time after a silence (N1).
    LeaseResumed {
        /// The Node.
        node: NodeId,
    },
    /// The node monitor has made the Node's Ready condition Unknown (N3, N6).
    NodeUnknown {
        /// The Node.
        node: NodeId,
    },
    /// The kubelet has reported its Node Ready again (N14).
    NodeReady {
        /// The Node.
        node: NodeId,
    },
    /// The Node waits for its NoExecute taint (N7).
    TaintQueued {
        /// The Node.
        node: NodeId,
    },
    /// The Node has the NoExecute taint (N7).
    TaintAdded {
        /// The Node.
        node: NodeId,
        /// It has fallen silent; otherwise its kubelet says that it is not Ready (N5).
        is_unreachable: bool,
    },
    /// The NoExecute taint is gone, and every eviction that it had begun with it (N9, N11).
    TaintRemoved {
        /// The Node.
        node: NodeId,
    },
    /// The state of a zone has changed the rate of its taints (N11).
    EvictionRateChanged {
        /// The zone; `None` for Nodes without one.
        zone: Option<ZoneId>,
        /// Nodes per hour; 0 while evictions are off.
        per_hour: u32,
    },
    /// The cloud controller has deleted the Node object (N15).
    NodeDeleted {
        /// The Node.
        node: NodeId,
    },
    /// A new machine has joined in the place of the dead one (N15).
    NodeJoined {
        /// The Node.
        node: NodeId,
    },
}

impl Happening {
    /// The Pod that it concerns, if it is one.
    pub const fn pod(self) -> Option<PodId> {
        match self {
            Self::PodCreated { pod, .. }
            | Self::PodMet { pod, .. }
            | Self::PodUnschedulable { pod }
            | Self::PodBound { pod, .. }
            | Self::PodEvicted { pod }
            | Self::EvictionRefused { pod }
            | Self::EvictionGranted { pod }
            | Self::EvictionForced { pod }
            | Self::PodFailed { pod }
            | Self::PodCollected { pod }
            | Self::Paged { pod }
            | Self::DeletedByHand { pod }
            | Self::PodDeleted { pod }
            | Self::PodGone { pod }
            | Self::FirstSync { pod }
            | Self::StartBegan { pod, .. }
            | Self::ContainerStarted { pod, .. }
            | Self::AppServing { pod, .. }
            | Self::KillDecided { pod, .. }
            | Self::DeletionSeen { pod }
            | Self::StopBegan { pod, .. }
            | Self::SigtermSent { pod, .. }
            | Self::ContainerExited { pod, .. }
            | Self::ExitNoticed { pod, .. }
            | Self::BackedOff { pod, .. }
            | Self::ReadyDecided { pod, .. }
            | Self::InstanceNoticed { pod, .. }
            | Self::FoundNotRunning { pod, .. }
            | Self::ReadinessTriggered { pod, .. }
            | Self::ProbeSent { pod, .. }
            | Self::ProbeEnded { pod, .. }
            | Self::ProbesSkipped(SkippedProbes { pod, .. })
            | Self::Verdict { pod, .. }
            | Self::ReadyWritten { pod, .. }
            | Self::EndpointSliceUpdated { pod, .. }
            | Self::RotationChanged { pod, .. } => Some(pod),
            _ => None,
        }
    }

    /// The container of the Pod that it concerns, if it is one of them alone.
    pub const fn container(self) -> Option<ContainerId> {
        match self {
            Self::StartBegan { container, .. }
            | Self::ContainerStarted { container, .. }
            | Self::AppServing { container, .. }
            | Self::KillDecided { container, .. }
            | Self::StopBegan { container, .. }
            | Self::SigtermSent { container, .. }
            | Self::ContainerExited { container, .. }
            | Self::ExitNoticed { container, .. }
            | Self::BackedOff { container, .. }
            | Self::InstanceNoticed { container, .. }
            | Self::FoundNotRunning { container, .. }
            | Self::ReadinessTriggered { container, .. }
            | Self::ProbeSent { container, .. }
            | Self::ProbeEnded { container, .. }
            | Self::ProbesSkipped(SkippedProbes { container, .. })
            | Self::Verdict { container, .. } => Some(container),
            _ => None,
        }
    }

    /// The Node that it concerns, if it is one.
    pub const fn node(self) -> Option<NodeId> {
        match self {
            Self::DrainBegan { node }
            | Self::DrainEnded { node, .. }
            | Self::NodeUncordoned { node }
            | Self::MachineOrdered { node }
            | Self::ShutdownBegan { node }
            | Self::NodeNotReady { node }
            | Self::WithdrawalEnded { node }
            | Self::MachineDied { node }
            | Self::MachineBooted { node }
            | Self::NodeDisconnected { node }
            | Self::NodeReconnected { node }
            | Self::KubeletStopped { node }
            | Self::KubeletStarted { node }
            | Self::StatusesWritten { node }
            | Self::LeaseResumed { node }
            | Self::NodeUnknown { node }
            | Self::NodeReady { node }
            | Self::TaintQueued { node }
            | Self::TaintAdded { node, .. }
            | Self::TaintRemoved { node }
            | Self::NodeDeleted { node }
            | Self::NodeJoined { node } => Some(node),
            _ => None,
        }
    }
}

/// What ended a container's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// It has done its work: an init container (K3).
    Completed,
    /// By itself.
    Crashed,
    /// The kubelet has stopped it.
    Stopped,
    /// Its machine died.
    MachineDied,
}

/// A Pod's entry in the EndpointSlice (E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Endpoint {
    /// There is an entry.
    pub listed: bool,
    /// The Pod's Ready condition is True.
    pub serving: bool,
    /// The Pod has a deletion timestamp.
    pub terminating: bool,
}
