//! Where the Deployment runs: zones, Nodes, the control plane's timings and the latencies of the environment.

use super::workload::Resources;
use crate::ids::{IdVec, NodeId, ZoneId};
use crate::random::{Law, Owner};
use crate::time::Duration;

/// The cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Zones, in the order of their names. A cluster without zone labels has none.
    pub zones: IdVec<ZoneId, Zone>,
    /// Nodes, in the order of their names; behind them the spare ones.
    pub nodes: IdVec<NodeId, Node>,
    /// Kubernetes' own timings.
    pub control_plane: ControlPlane,
    /// What depends on hardware and load.
    pub latencies: Latencies,
    /// The odds of the race after a container start (P11a).
    pub start_race: StartRace,
    /// What becomes of a Node that crashed by a fault of its own.
    pub dead_nodes: DeadNodes,
    /// What it costs, if that is known.
    pub prices: Option<Prices>,
}

/// What is paid for an hour, in any one currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// Of a Node, where its pool has no price of its own.
    pub node_hour: f64,
    /// Of a Pod, beside its Node's.
    pub pod_hour: f64,
    /// The currency, for people: `USD`.
    pub currency: Option<String>,
}

/// A failure domain of Nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// `topology.kubernetes.io/zone`.
    pub name: String,
}

/// A machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its zone, if it has the label.
    pub zone: Option<ZoneId>,
    /// Its order within its zone: with the zone it names the Node's random streams.
    pub index_in_zone: u32,
    /// What Pods can ask for.
    pub allocatable: Resources,
    /// How many Pods it takes, those of the Deployment counted (110 by default).
    pub max_pods: u32,
    /// Nodes of one pool differ in nothing but their names.
    pub pool: u32,
    /// What an hour of it costs, where its pool has a price of its own.
    pub hour_price: Option<f64>,
    /// There is no such machine until an upgrade or a withdrawal orders one: a copy of the Nodes of its pool.
    pub is_spare: bool,
}

impl Cluster {
    /// The Nodes that the cluster has, without the spare ones: so many machines stand there, unless some are being replaced.
    pub fn own_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| !node.is_spare)
    }

    /// How many Nodes the cluster has, without the spare ones.
    pub fn size(&self) -> usize {
        self.own_nodes().count()
    }
}

impl Node {
    /// Whose chance befalls it.
    pub fn owner(&self) -> Owner {
        Owner::Node { zone: self.zone.map_or(u32::MAX, |zone| zone.index() as u32), index: self.index_in_zone }
    }
}

/// Whether a dead machine comes back.
#[derive(Debug, Clone, PartialEq)]
pub enum DeadNodes {
    /// It reboots when the fault ends.
    Reboot,
    /// Its instance is gone at once; the cloud controller deletes the Node object (N15) and a new machine takes
    /// its place.
    Replace(NewNode),
}

/// The machine that takes a dead one's place.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNode {
    /// Seconds from the crash until the new Node is Ready.
    pub after: Law,
}

/// Who takes Pods from a Node that is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// NoExecute taints, each Pod when its toleration is over (N7–N9).
    Taints,
    /// Releases before those: the node controller deletes the Pods itself once it has seen no heartbeat for this
    /// long, whatever they tolerate (`--pod-eviction-timeout`, 300 s).
    After(Duration),
}

/// Kubernetes' timings: section 11 of the rules gives the defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPlane {
    /// Who takes Pods from a Node that is lost.
    pub eviction: Eviction,
    /// Shortest time between lease renewals: 10 s (N1).
    pub lease_renew_min: Duration,
    /// Longest time between lease renewals: 10.4 s (N1).
    pub lease_renew_max: Duration,
    /// Shortest and longest time between the kubelet's node status updates: 10 s, 10.4 s (N2).
    pub node_status_min: Duration,
    /// See `node_status_min`.
    pub node_status_max: Duration,
    /// From the start of one pass of the node monitor to the next: 5 s and the pass itself (N3).
    pub node_monitor_period: Duration,
    /// Silence after which a Node's Ready becomes Unknown: 50 s (N3).
    pub node_monitor_grace: Duration,
    /// NoExecute taints per second and zone: 0.1 (N7).
    pub eviction_rate: f64,
    /// The same in a large zone that is partially disrupted: 0.01 (N11).
    pub secondary_eviction_rate: f64,
    /// Share of Nodes not Ready from which a zone counts as disrupted: 0.55 (N11).
    pub unhealthy_zone_threshold: f64,
    /// A zone with more Nodes is large: 50 (N11).
    pub large_zone: u32,
    /// How often the taint queue is served: 100 ms (N7).
    pub taint_queue_period: Duration,
    /// Probability that the first taint's token is lost: 0.1 (N7a).
    pub lost_taint_token: f64,
    /// From one listing of the runtime's containers to the next: 1 s and the listing (C1).
    pub relist_period: Duration,
    /// Shortest time until a Pod without events is synced again: 60 s (C16); the longest is 1.5 times this.
    pub resync_min: Duration,
    /// How often the kubelet polls its work queue: 1 s (C16).
    pub work_queue_poll: Duration,
    /// First delay of the crash-loop back-off: 10 s (C10).
    pub back_off_initial: Duration,
    /// Longest delay: 300 s (C10).
    pub back_off_max: Duration,
    /// Time without a start after which the back-off is forgotten: 600 s (C10).
    pub back_off_forget: Duration,
    /// How often the kubelet reconciles Pod statuses with the API: 10 s (E2).
    pub status_reconcile: Duration,
    /// Shortest time between runs of the proxy: 1 s (E6).
    pub proxy_min_sync: Duration,
    /// How often the cloud controller looks for instances that are gone: 5 s (N15).
    pub cloud_node_monitor: Duration,
    /// How often the Pod garbage collector runs: 20 s (N15).
    pub pod_gc_period: Duration,
    /// How long an orphan waits before it is collected: 40 s (N15).
    pub pod_gc_quarantine: Duration,
}

impl ControlPlane {
    /// Releases before taint-based eviction, such as 1.8: the heartbeat is the Node's status, the grace is 40 s, and
    /// Pods are deleted 300 s after the last heartbeat. Queue, rate and zone states are the same (N7, N11).
    pub fn legacy() -> Self {
        Self {
            eviction: Eviction::After(Duration::from_secs(300)),
            lease_renew_max: Duration::from_secs(10),
            node_status_max: Duration::from_secs(10),
            node_monitor_grace: Duration::from_secs(40),
            lost_taint_token: 0.0,
            ..Self::default()
        }
    }
}

/// Kubernetes 1.36.
impl Default for ControlPlane {
    fn default() -> Self {
        Self {
            eviction: Eviction::Taints,
            lease_renew_min: Duration::from_secs(10),
            lease_renew_max: Duration::from_millis(10_400),
            node_status_min: Duration::from_secs(10),
            node_status_max: Duration::from_millis(10_400),
            node_monitor_period: Duration::from_millis(5_002),
            node_monitor_grace: Duration::from_secs(50),
            eviction_rate: 0.1,
            secondary_eviction_rate: 0.01,
            unhealthy_zone_threshold: 0.55,
            large_zone: 50,
            taint_queue_period: Duration::from_millis(100),
            lost_taint_token: 0.1,
            relist_period: Duration::from_millis(1_005),
            resync_min: Duration::from_secs(60),
            work_queue_poll: Duration::from_secs(1),
            back_off_initial: Duration::from_secs(10),
            back_off_max: Duration::from_secs(300),
            back_off_forget: Duration::from_secs(600),
            status_reconcile: Duration::from_secs(10),
            proxy_min_sync: Duration::from_secs(1),
            cloud_node_monitor: Duration::from_secs(5),
            pod_gc_period: Duration::from_secs(20),
            pod_gc_quarantine: Duration::from_secs(40),
        }
    }
}

/// Latencies of the environment, in seconds (E10a, C6): laws, as they depend on hardware and load.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    /// A change in the API → a controller has acted on it: each step of a rollout takes two.
    pub controller: Law,
    /// Deletion of a Pod → the ReplicaSet has created its replacement.
    pub replacement: Law,
    /// Pod created → bound to a Node, if one fits.
    pub bind: Law,
    /// Pod bound → the kubelet's first sync, in which its probe workers start (P9's t0).
    pub first_sync: Law,
    /// Sandbox, network and volumes of a new Pod.
    pub sandbox: Law,
    /// Fetching an image that is not on the Node.
    pub image_pull: Law,
    /// Asking the registry for an image whose layers are present.
    pub image_check: Law,
    /// Creating and starting a container.
    pub container_start: Law,
    /// The runtime's overhead before SIGTERM reaches the process.
    pub container_stop: Law,
    /// A cause for a Pod sync → the sync has acted (C3).
    pub sync: Law,
    /// A changed Pod status → the condition is in the API (E2).
    pub status_write: Law,
    /// Condition in the API → EndpointSlice (E5).
    pub endpoint_slice: Law,
    /// A proxy run (E6).
    pub proxy: Law,
    /// A Pod deleted through the API → its kubelet begins to stop it (T2).
    pub deletion_seen: Law,
    /// Last exit and relist → the Pod object is gone (T5).
    pub object_gone: Law,
    /// Something has happened to a Pod → the budgets that select it know (V10).
    pub disruption: Law,
    /// A request of whoever drains a Node: to cordon it, to list its Pods, to evict one (R6).
    pub eviction_request: Law,
    /// Kubelet process start → Node Ready in the API (N14).
    pub kubelet_ready: Law,
    /// Kubelet process start → first Pod syncs (P21).
    pub kubelet_first_sync: Law,
    /// Factor on what passes through API server, status writers and controllers (`bind`, `replacement`,
    /// `status_write`, `endpoint_slice`, `controller`, `disruption`, `eviction_request`), drawn once for a replication:
    /// under load they grow together (E10a).
    pub load: Law,
}

/// Odds of the three outcomes of P11a.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RaceOdds {
    /// (a): the readiness worker sees the new status.
    pub new_status: f64,
    /// (b): it sees the old one and another sync follows. What is left to 1 is (c): none follows.
    pub old_status_synced: f64,
}

/// P11a by the kind of start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartRace {
    /// First start of a Pod's container.
    pub first: RaceOdds,
    /// Restart after a kill by a probe.
    pub probe_restart: RaceOdds,
    /// Restart after an exit of its own.
    pub crash_restart: RaceOdds,
    /// Probability that a probe restart's lost race, (b) or (c), sends a stray probe (P7a).
    pub stray_probe: f64,
    /// Probability that liveness probes on the very tick of the startup probe's success (P9b).
    pub same_tick: f64,
}

impl Default for StartRace {
    fn default() -> Self {
        Self {
            first: RaceOdds { new_status: 0.80, old_status_synced: 0.12 },
            probe_restart: RaceOdds { new_status: 0.75, old_status_synced: 0.22 },
            crash_restart: RaceOdds { new_status: 0.80, old_status_synced: 0.20 },
            stray_probe: 0.2,
            same_tick: 0.04,
        }
    }
}
