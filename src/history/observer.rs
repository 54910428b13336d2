//! What a replication lets others see. Measures and traces watch through one
//! observer, statically dispatched, which cannot steer.

use super::cause::CauseSet;
use super::happening::Happening;
use super::target::Target;
use crate::ids::{FaultId, PodId, SlotId, WorkloadId};
use crate::model::{Millionths, ProbeKind};
use crate::time::{Duration, SimTime};

/// How far a slot has come on its way back: the furthest phase that its present container has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Until the first reaction: readiness lost, kill decided, exit seen, Node Unknown.
    Detect,
    /// The reaction has come; the load balancer still sends traffic.
    LeaveRotation,
    /// Out of rotation until repair begins: liveness threshold, toleration.
    Decide,
    /// preStop and SIGTERM until the exit.
    Terminate,
    /// Waiting in CrashLoopBackOff.
    BackOff,
    /// Until a replacement is created and has found a Node.
    Reschedule,
    /// Image, sandbox, container and the application's own start.
    Start,
    /// The application serves; readiness has not noticed.
    BecomeReady,
    /// Ready; the load balancer has not noticed.
    EnterRotation,
    /// All are in rotation, and what has waited since, or is sent again, is too much for them still. No slot is in it: only requests are
    /// lost in it.
    Backlog,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Self; 10] = [
        Self::Detect,
        Self::LeaveRotation,
        Self::Decide,
        Self::Terminate,
        Self::BackOff,
        Self::Reschedule,
        Self::Start,
        Self::BecomeReady,
        Self::EnterRotation,
        Self::Backlog,
    ];

    /// Those that a slot's recovery may have.
    pub const OF_RECOVERY: [Self; 9] = {
        let [of_recovery @ .., _] = Self::ALL;
        of_recovery
    };

    /// The name in results: `detect`, `leave_rotation`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::LeaveRotation => "leave_rotation",
            Self::Decide => "decide",
            Self::Terminate => "terminate",
            Self::BackOff => "back_off",
            Self::Reschedule => "reschedule",
            Self::Start => "start",
            Self::BecomeReady => "become_ready",
            Self::EnterRotation => "enter_rotation",
            Self::Backlog => "backlog",
        }
    }
}

/// A slot as its clients and the load balancer see the Pod that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotView {
    /// Its Pod would answer a request that reaches it.
    pub serves: bool,
    /// The load balancer sends it traffic.
    pub in_rotation: bool,
    /// Where not both: who is charged with it.
    pub causes: CauseSet,
    /// Where not both: how far the recovery has come.
    pub phase: Phase,
}

impl SlotView {
    /// Serves in rotation.
    pub fn delivers(&self) -> bool {
        self.serves && self.in_rotation
    }
}

/// A Pod that the load balancer sends traffic. It need not hold a slot any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointView {
    /// Its Deployment.
    pub workload: WorkloadId,
    /// The slot that it holds or held; none of a Pod that a surge has made beside the full number.
    pub slot: Option<SlotId>,
    /// So many of those that ask it get an error, or no answer.
    pub failing: Millionths,
    /// Where it fails any: who is charged with it.
    pub causes: CauseSet,
    /// Where it fails any: how far the recovery has come.
    pub phase: Phase,
}

impl EndpointView {
    /// It answers, if not everybody.
    pub fn serves(&self) -> bool {
        self.failing != Millionths::ALL
    }
}

/// Pods by what they cost and lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PodCounts {
    /// They are bound to a Node whose machine runs, and not gone yet.
    pub running: u32,
    /// No Node can take them: they stay Pending (S16).
    pub unschedulable: u32,
}

/// The clock of one fault of one target has run, without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spell {
    /// Which fault's clock it is.
    pub fault: FaultId,
    /// And of which Deployment, where it is not that of a Node, of a zone or of several at once.
    pub workload: Option<WorkloadId>,
    /// Since then.
    pub from: SimTime,
    /// Until then.
    pub to: SimTime,
    /// What it had run at `from` since it struck last; `None` if it has not struck since time 0, where a running system
    /// is met in the middle of a life.
    pub life: Option<Duration>,
    /// The fault strikes at `to`, whether or not there is anything to strike.
    pub strikes: bool,
}

/// How an operation has come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationEnd {
    /// It is complete.
    Complete,
    /// It is not complete: another one has taken its place.
    Superseded,
    /// What it brought was bad: the revision before is rolled out again, completely.
    RolledBack,
    /// It has given up.
    Failed,
    /// It is complete: a Node that was withdrawn is replaced, and its machine has gone with Pods that had not left it.
    Forced,
    /// It is complete, and there was nothing to do: a drain has found no Pod on its Node.
    NothingToEvict,
}

/// What an observer is told. Views are told at time 0 and whenever they change. Several may change in one instant;
/// what holds between two instants is what was told last.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Observed {
    /// A slot looks different.
    SlotChanged {
        /// Which slot.
        slot: SlotId,
        /// How it looks from now on.
        view: SlotView,
    },
    /// A slot is no place of its Deployment any more, as that is scaled to fewer replicas: nothing is expected of it until it is told
    /// of again.
    SlotClosed {
        /// Which slot.
        slot: SlotId,
        /// The slot in which the Pod goes on that it had, if it had one that stays.
        heir: Option<SlotId>,
        /// Who is charged with what its Deployment lacks without it.
        causes: CauseSet,
        /// It was closed by mistake: what its Pod would do is missed (D17).
        is_missed: bool,
    },
    /// A Pod in rotation looks different, or has entered or left it.
    EndpointChanged {
        /// Which Pod.
        pod: PodId,
        /// How it looks from now on; `None` out of rotation.
        view: Option<EndpointView>,
        /// Out of rotation, it works on what waits in it.
        keeps_queue: bool,
    },
    /// A fault has struck the slot's container, its Node or its zone.
    SlotStruck {
        /// Which slot.
        slot: SlotId,
        /// Which fault.
        fault: FaultId,
    },
    /// A fault on this slot has ended by itself.
    SlotFaultEnded {
        /// Which slot.
        slot: SlotId,
        /// Which fault.
        fault: FaultId,
    },
    /// Kubernetes has reacted to what befell the slot: readiness lost, kill decided, exit seen, Node Unknown.
    /// Told at every such reaction; the first one after a fault is its detection.
    Reacted {
        /// Which slot.
        slot: SlotId,
    },
    /// Readiness probes have withdrawn a Pod.
    ReadinessLost {
        /// Whose.
        workload: WorkloadId,
        /// The slot that it holds; none: a surge has made it.
        slot: Option<SlotId>,
        /// The Pod served all the same.
        while_serving: bool,
    },
    /// A probe has decided to kill a container.
    ProbeKilled {
        /// Whose Pod's.
        workload: WorkloadId,
        /// The slot that the Pod holds; none: a surge has made it.
        slot: Option<SlotId>,
        /// Which probe.
        by: ProbeKind,
        /// The container would have served again if left alone.
        needless: bool,
    },
    /// A container has been started again in its Pod.
    Restarted {
        /// Whose.
        workload: WorkloadId,
        /// The slot that the Pod holds; none: a surge has made it.
        slot: Option<SlotId>,
    },
    /// Somebody is paged for the slot, and for all others that are stuck now.
    Paged {
        /// The slot that has been stuck for long enough.
        slot: SlotId,
    },
    /// Somebody deletes the slot's Pod, as nothing else would mend it.
    DeletedByHand {
        /// Which slot.
        slot: SlotId,
    },
    /// An operation begins: a change that is made on purpose.
    OperationBegan {
        /// On which Deployment or Node, or on the cluster.
        target: Target,
        /// Which operation: it stands among the faults.
        operation: FaultId,
    },
    /// An operation is due and does not begin: its Node is away, is being drained already or cannot be spared, or its Deployment is
    /// paused, or has as many replicas already.
    OperationSkipped {
        /// On which Deployment or Node; none where the Nodes take turns and none of them can be drained.
        target: Option<Target>,
        /// Which operation.
        operation: FaultId,
    },
    /// The operation that was under way is over.
    OperationEnded {
        /// On which Deployment or Node, or on the cluster.
        target: Target,
        /// Which operation.
        operation: FaultId,
        /// How it has come out.
        end: OperationEnd,
        /// It leaves Pods of a Deployment uneven over the zones: one that takes them has two more than another, or more still.
        is_uneven: bool,
    },
    /// Evictions of the drain that is under way on a Node have been refused (V2). Told of each Pod when it is asked for no more,
    /// and when the counted time ends.
    EvictionsRefused {
        /// Which Node, or the cluster where the drain is a part of an upgrade.
        target: Target,
        /// Which operation.
        operation: FaultId,
        /// How many, since they were told last; at least one.
        count: u64,
    },
    /// How many Pods of a Deployment there are in each state has changed.
    PodsChanged {
        /// Whose.
        workload: WorkloadId,
        /// How many there are from now on.
        counts: PodCounts,
    },
    /// The clock of a fault has run. The spells of a clock follow one another and leave out what it stood.
    ClockRan(Spell),
    /// A line of the log. Told in the order of time, save for probes that were skipped: these are told later than
    /// they were sent.
    Happened(Happening),
}

/// Watches a replication. Whoever matches [`Observed`] without a wildcard learns from the compiler of every new kind.
pub trait Observer {
    /// Wants to hear of the lines of the log. Who does not is spared them, and what it takes to make them up where they have
    /// been skipped.
    fn hears_log(&self) -> bool {
        true
    }

    /// This has happened at `at`.
    fn observe(&mut self, at: SimTime, what: &Observed);
}

/// Watches nothing.
impl Observer for () {
    #[inline]
    fn hears_log(&self) -> bool {
        false
    }

    fn observe(&mut self, _at: SimTime, _what: &Observed) {}
}

/// Two that watch the same replication.
impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline]
    fn hears_log(&self) -> bool {
        self.0.hears_log() || self.1.hears_log()
    }

    #[inline]
    fn observe(&mut self, at: SimTime, what: &Observed) {
        self.0.observe(at, what);
        self.1.observe(at, what);
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn hears_log(&self) -> bool {
        (**self).hears_log()
    }

    fn observe(&mut self, at: SimTime, what: &Observed) {
        (**self).observe(at, what);
    }
}
