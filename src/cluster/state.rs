//! The state of a replication, as plain data.

use smallvec::SmallVec;

use super::answers::Answer;
use super::attribution::Account;
use super::autoscaler::PodLoad;
use super::back_off::BackOff;
use super::cause::CauseSet;
use super::chain::Chain;
use super::chance::Matters;
use super::clocks::Clock;
use super::dice::{Dice, phase};
use super::happening::Endpoint;
use super::observer::{EndpointView, SlotView};
use super::on_call::Watch;
use super::prober::skipping::Next;
use super::prober::{Status, Worker};
use super::rest::Rest;
use super::resync::Turn;
use super::timer::Timer;
use super::work::Work;
use super::workload::{WorkloadState, owner};
use crate::history::Reply;
use crate::ids::{ContainerId, FaultId, IdVec, ImageId, NodeId, PodId, SlotId, WorkloadId};
use crate::model::{ControlPlane, Node, PodSpec, ProbeKind};
use crate::placement;
use crate::random::{Owner, Purpose, Streams};
use crate::time::{Duration, Grid, SimTime};

/// One of a Deployment's places.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// Whose, and which of them.
    pub workload: WorkloadId,
    pub ordinal: u32,
    /// The Pod that holds it.
    pub pod: Option<PodId>,
    /// How many Pods exist that were created for it, the one that holds it included.
    pub pods: u32,
    /// Who is charged while it does not deliver.
    pub account: Account,
    /// What somebody on call does about it.
    pub watch: Watch,
    /// What the observer was told last.
    pub view: Option<SlotView>,
    /// What befalls each of its containers.
    pub containers: IdVec<ContainerId, ContainerChance>,
    pub sync: Dice,
    pub propagation: Dice,
    pub scheduling: Dice,
}

/// The chance of one container of a slot: the clock of its faults and what is drawn for it.
#[derive(Debug, Clone)]
pub(crate) struct ContainerChance {
    pub clock: Clock,
    pub start_up: Dice,
    pub shutdown: Dice,
    pub creation: Dice,
    pub race: Dice,
    pub probe_failure: Dice,
}

impl Slot {
    /// The n-th slot of the workload.
    pub fn new(workload: WorkloadId, state: &WorkloadState, ordinal: u32, spec: &PodSpec) -> Self {
        let streams = state.streams;
        let dice = |purpose| Dice::new(streams.stream(Owner::Slot(ordinal), purpose));
        let containers = spec.containers.ids().map(|id| ContainerChance::new(streams, owner(ordinal, spec, id)));
        Self {
            workload,
            ordinal,
            pod: None,
            pods: 0,
            account: Account::default(),
            watch: Watch::default(),
            view: None,
            containers: containers.collect(),
            sync: dice(Purpose::Sync),
            propagation: dice(Purpose::Propagation),
            scheduling: dice(Purpose::Scheduling),
        }
    }
}

impl ContainerChance {
    fn new(streams: Streams, owner: Owner) -> Self {
        let dice = |purpose| Dice::new(streams.stream(owner, purpose));
        Self {
            clock: Clock::default(),
            start_up: dice(Purpose::StartUp),
            shutdown: dice(Purpose::Shutdown),
            creation: dice(Purpose::ContainerStart),
            race: dice(Purpose::StartRace),
            probe_failure: dice(Purpose::ProbeFailure),
        }
    }
}

/// A fault at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strike {
    pub fault: FaultId,
    /// When it ends by itself, if it does.
    pub timer: Timer,
}

/// A Pod, as the API server, its kubelet and the proxy know it.
#[derive(Debug, Clone)]
pub(crate) struct Pod {
    /// The object exists.
    pub exists: bool,
    /// Its Deployment, the revision of the template, and which image the container that serves has.
    pub workload: WorkloadId,
    pub revision: u32,
    /// What is wrong with the revision.
    pub flaw: Option<FaultId>,
    pub image: u32,
    /// The n-th Pod of the replication, and when it was created.
    pub born: u64,
    pub created: SimTime,
    /// The slot that it was created for, or has taken over: its chance.
    pub home: SlotId,
    /// It still holds that slot.
    pub holds_slot: bool,
    pub node: Option<NodeId>,
    /// The object of its Node is gone: no kubelet knows it any more, and it waits for the garbage collector (N15).
    pub orphaned: bool,
    /// It has a deletion timestamp.
    pub deleted: bool,
    /// The kubelet has begun to stop it (P20, T6).
    pub terminating: bool,
    /// The kubelet of its Node has synced it; no other kubelet before counts.
    pub adopted: bool,
    /// Its containers, in the order of its template.
    pub containers: IdVec<ContainerId, Container>,
    /// The one that answers clients.
    pub serving: ContainerId,
    /// It has a sandbox (C4).
    pub sandbox: bool,
    /// What the sync at work has yet to do; none is at work.
    pub work: Option<Work>,
    /// The kubelet's Ready condition, and since when.
    pub ready: bool,
    pub ready_since: SimTime,
    /// A loss of readiness is written although it has been taken back (E2a).
    pub owes_loss: bool,
    /// The API's Ready condition.
    pub api_ready: bool,
    /// What the EndpointSlice says.
    pub slice: Endpoint,
    /// What the proxy has.
    pub proxied: Endpoint,
    pub in_rotation: bool,
    /// No Node could take it, and none has since (S16).
    pub unschedulable: bool,
    /// Who is charged with what it fails, from the moment at which it lost its slot, when no fault at work is.
    pub parting: CauseSet,
    /// What metrics see of it, where an autoscaler looks at them.
    pub load: Option<Box<PodLoad>>,
    /// It has left rotation, and works on what waits in it.
    pub keeps_queue: bool,
    /// What the observer was told last.
    pub view: Option<EndpointView>,
    /// When the last sync ended (C3).
    pub last_sync: SimTime,
    pub sync: Timer,
    /// From when the sync can begin, and when it acts.
    pub sync_from: SimTime,
    pub sync_due: SimTime,
    /// When the work queue hands the Pod back (C13, C16), and the event that looks whether it is time.
    pub turn: Option<Turn>,
    pub resync: Timer,
    pub resync_due: SimTime,
    /// The sync that a turn has brought about, and that turn.
    pub resynced: Option<(Timer, Turn)>,
    /// The syncs from the next turn on change nothing and are not played.
    pub rest: Option<Rest>,
    pub status_write: Timer,
    pub slice_update: Timer,
    pub eviction: Timer,
    /// When it has been Ready for long enough (D5).
    pub availability: Timer,
    /// Binding, first sync, deletion seen, orphan collected, gone: at most one of them at a time.
    pub life: Timer,
}

/// How the race after a start went (P11a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Race {
    /// (a)
    NewStatus,
    /// (b)
    OldStatusSynced,
    /// (c)
    OldStatus,
}

/// A worker and the events it waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prober {
    pub worker: Worker,
    pub due: Timer,
    pub ended: Timer,
    /// What will happen if nothing changes; none while a probe waits for its answer.
    pub plan: Option<Plan>,
}

/// The next attempt that matters, as long as the surroundings stay as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The surroundings.
    pub status: Status,
    /// What a probe meets.
    pub answer: Answer,
    pub next: Next,
    /// When the attempt is to be played; never, if none is.
    pub due: SimTime,
    /// The attempt that is due fails by chance, as the last one of so many in a row.
    pub by_chance: Option<Matters>,
}

impl Prober {
    pub fn new(worker: Worker) -> Self {
        Self { worker, due: Timer::NONE, ended: Timer::NONE, plan: None }
    }
}

/// How far a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// There has been none in this Pod.
    Absent,
    /// A sync is creating it: image, sandbox, start.
    Creating,
    /// Its process runs.
    Running,
    /// A sync is stopping it.
    Stopping,
    /// It has exited and no sync has dealt with it.
    Exited,
    /// An init container that has done its work (K3).
    Completed,
    /// In CrashLoopBackOff.
    Waiting,
}

/// What led to a container's start (P11a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartKind {
    First,
    /// Killed and started in the same sync, as after a decision of a probe.
    Killed,
    CrashRestart,
}

/// The container.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    /// Which life; 0 before the first.
    pub instance: u32,
    pub stage: Stage,
    pub start_kind: StartKind,
    /// Its start; `None` if that was before the replication began.
    pub started: Option<SimTime>,
    /// The application answers, as far as it goes.
    pub serving: bool,
    /// When it will.
    pub serves_at: SimTime,
    /// When a start that is under way is complete.
    pub starts_at: SimTime,
    /// When a stop that is under way has SIGTERM sent, and after that, when the process is gone.
    pub exits_at: SimTime,
    /// A sidecar's preStop is over, and since then it has waited for its turn to be stopped (K16).
    pub awaits_turn_since: Option<SimTime>,
    /// SIGTERM has reached the process.
    pub sigterm: bool,
    /// Faults at work on this container, of its own or of the Deployment.
    pub strikes: Vec<Strike>,
    /// A probe has decided to kill this instance.
    pub kill: Option<ProbeKind>,
    /// When the newest exited instance ended.
    pub exited: Option<SimTime>,
    /// The same, in the status that the sync at work began with (C12).
    pub exited_before: Option<SimTime>,
    /// From when the runtime's listings show its exit (C1).
    pub listed: SimTime,
    /// A sync knows of its exit.
    pub noticed: bool,
    pub back_off: BackOff,
    /// Workers by [`ProbeKind`]; none while no kubelet runs the Pod.
    pub workers: [Option<Prober>; 3],
    /// What the kubelet's status cache says of it, and what it said before the last sync.
    pub status: Status,
    pub status_before: Status,
    /// What its process answers, by audience.
    pub answers: [Answer; 4],
    /// How the race after its start went, until the sync that follows.
    pub race: Option<Race>,
    /// Start, application start and exit.
    pub start: Timer,
    pub app: Timer,
    pub exit: Timer,
    /// The flaw of its revision strikes.
    pub flaw: Timer,
}

impl Container {
    fn absent() -> Self {
        Self {
            instance: 0,
            stage: Stage::Absent,
            start_kind: StartKind::First,
            started: None,
            serving: false,
            serves_at: SimTime::ZERO,
            starts_at: SimTime::ZERO,
            exits_at: SimTime::ZERO,
            awaits_turn_since: None,
            sigterm: false,
            strikes: Vec::new(),
            kill: None,
            exited: None,
            exited_before: None,
            listed: SimTime::ZERO,
            noticed: false,
            back_off: BackOff::default(),
            workers: [None; 3],
            status: Status::default(),
            status_before: Status::default(),
            answers: [Answer::Bad(Reply::Refused); 4],
            race: None,
            start: Timer::NONE,
            app: Timer::NONE,
            exit: Timer::NONE,
            flaw: Timer::NONE,
        }
    }

    /// There is a process.
    pub fn has_process(&self) -> bool {
        matches!(self.stage, Stage::Running | Stage::Stopping)
    }

    pub fn worker(&self, kind: ProbeKind) -> Option<&Worker> {
        self.workers[kind as usize].as_ref().map(|prober| &prober.worker)
    }
}

impl Pod {
    /// A Pod just created for `home`.
    pub fn new(workload: WorkloadId, home: SlotId, spec: &PodSpec) -> Self {
        Self {
            exists: true,
            workload,
            revision: 0,
            flaw: None,
            image: 0,
            born: 0,
            created: SimTime::ZERO,
            home,
            holds_slot: true,
            node: None,
            orphaned: false,
            deleted: false,
            terminating: false,
            adopted: false,
            containers: spec.containers.iter().map(|_| Container::absent()).collect(),
            serving: spec.serving,
            sandbox: false,
            work: None,
            ready: false,
            ready_since: SimTime::ZERO,
            owes_loss: false,
            api_ready: false,
            slice: Endpoint::default(),
            proxied: Endpoint::default(),
            in_rotation: false,
            unschedulable: false,
            parting: CauseSet::new(),
            load: None,
            keeps_queue: false,
            view: None,
            last_sync: SimTime::ZERO,
            sync: Timer::NONE,
            sync_from: SimTime::NEVER,
            sync_due: SimTime::NEVER,
            turn: None,
            resync: Timer::NONE,
            resync_due: SimTime::NEVER,
            resynced: None,
            rest: None,
            status_write: Timer::NONE,
            slice_update: Timer::NONE,
            eviction: Timer::NONE,
            availability: Timer::NONE,
            life: Timer::NONE,
        }
    }

    /// The container that answers clients.
    pub fn main(&self) -> &Container {
        &self.containers[self.serving]
    }

    /// One of its containers has a process.
    pub fn has_process(&self) -> bool {
        self.containers.iter().any(Container::has_process)
    }
}

/// What the kubelet process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kubelet {
    /// Dead, alone or with its machine.
    Down,
    /// Starting up: no sync yet.
    Starting,
    Up,
}

/// A place among the Nodes of the cluster. It keeps its chance whatever machine stands there: scenarios whose upgrades differ meet
/// the same faults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The Node that stood there first.
    pub number: NodeId,
    /// How long the machines take that upgrades order for it.
    pub new_machine: Dice,
}

/// A Node, as it is and as the API knows it.
#[derive(Debug, Clone)]
pub(crate) struct NodeState {
    /// Faults of its own at work; those of its zone are there.
    pub strikes: Vec<Strike>,
    pub clock: Clock,
    /// Its place among the Nodes of the cluster; none of a spare one that stands beside them or does not exist.
    pub place: Option<Place>,
    /// There is no machine: it has been deleted or taken back, or has not been ordered yet.
    pub absent: bool,
    /// The machine runs.
    pub alive: bool,
    /// No fault of its own or of its zone cuts its kubelet off.
    pub linked: bool,
    /// Its kubelet reaches the control plane.
    pub connected: bool,
    /// Requests reach it.
    pub reachable: bool,
    pub kubelet: Kubelet,
    /// When its kubelet's process was started; `None` if that was before the replication began.
    pub kubelet_since: Option<SimTime>,
    /// The runtime's listings (C1).
    pub relists: Grid,
    /// The kubelet's 1 s poll of its work queue (C16) and its 10 s reconciliation (E2).
    pub polls: Grid,
    pub reconciles: Grid,
    pub leases: Chain,
    pub statuses: Chain,
    pub dice: Dice,
    pub taint_dice: Dice,
    pub quarantine_dice: Dice,
    /// The Node object exists.
    pub registered: bool,
    /// Its place in the scheduler's list (S5a).
    pub order: f64,
    /// The API's Ready condition is True; otherwise Unknown.
    pub ready: bool,
    /// No lease is renewed; the pass that saw the last one.
    pub silent_since: Option<SimTime>,
    /// The judge's mode: the last renewal, and whether a pass has seen it.
    pub renewed: bool,
    pub seen: SimTime,
    /// The latest renewal out of the chain: a kubelet that has just been started renews at once.
    pub renewed_at: SimTime,
    /// It is cordoned for a drain, and when it takes Pods again after that (V7).
    pub cordoned: bool,
    pub uncordon: Timer,
    /// What requests of its drains take.
    pub drain_dice: Dice,
    /// Its kubelet shuts it down: Pods get no more grace than this (V6).
    pub shutdown: Option<Duration>,
    /// Has the NoExecute taint.
    pub no_execute: bool,
    pub queued: bool,
    /// The pass that marked it, while its taint is waited for (N7a).
    pub marked_at: SimTime,
    /// The images that are there, each in the version of a rollout.
    pub images: SmallVec<[(ImageId, u32); 4]>,
    pub report: Timer,
    pub lease: Timer,
    pub boot: Timer,
    pub reconcile: Timer,
    /// Deletion of the Node object, or the new machine that takes its place.
    pub deletion: Timer,
    pub join: Timer,
}

impl NodeState {
    pub fn new(streams: Streams, id: NodeId, node: &Node, rules: &ControlPlane) -> Self {
        let owner = node.owner();
        let initial = streams.stream(owner, Purpose::Initial);
        let exists = !node.is_spare;
        let new_machine = Dice::new(streams.stream(owner, Purpose::NewMachine));
        Self {
            strikes: Vec::new(),
            clock: Clock::default(),
            place: exists.then_some(Place { number: id, new_machine }),
            absent: !exists,
            alive: exists,
            linked: exists,
            connected: exists,
            reachable: exists,
            kubelet: if exists { Kubelet::Up } else { Kubelet::Down },
            kubelet_since: None,
            relists: phase(initial.uniform(0), rules.relist_period),
            polls: phase(initial.uniform(1), rules.work_queue_poll),
            reconciles: phase(initial.uniform(2), rules.status_reconcile),
            leases: Chain::new(streams.stream(owner, Purpose::Lease), rules.lease_renew_min, rules.lease_renew_max),
            statuses: Chain::new(
                streams.stream(owner, Purpose::NodeStatus),
                rules.node_status_min,
                rules.node_status_max,
            ),
            dice: Dice::new(streams.stream(owner, Purpose::KubeletStart)),
            taint_dice: Dice::new(streams.stream(owner, Purpose::Taint)),
            quarantine_dice: Dice::new(streams.stream(owner, Purpose::Quarantine)),
            registered: exists,
            order: placement::order(streams, node),
            ready: exists,
            silent_since: None,
            renewed: exists,
            seen: SimTime::ZERO,
            renewed_at: SimTime::ZERO,
            cordoned: false,
            uncordon: Timer::NONE,
            drain_dice: Dice::new(streams.stream(owner, Purpose::Drain)),
            shutdown: None,
            no_execute: false,
            queued: false,
            marked_at: SimTime::ZERO,
            images: SmallVec::new(),
            report: Timer::NONE,
            lease: Timer::NONE,
            boot: Timer::NONE,
            reconcile: Timer::NONE,
            deletion: Timer::NONE,
            join: Timer::NONE,
        }
    }
}

impl NodeState {
    /// The image is there from now on.
    pub fn store_image(&mut self, image: (ImageId, u32)) {
        if !self.images.contains(&image) {
            self.images.push(image);
        }
    }
}

/// A zone.
#[derive(Debug, Clone, Default)]
pub(crate) struct ZoneState {
    /// Faults at work.
    pub strikes: Vec<Strike>,
    pub clock: Clock,
}
