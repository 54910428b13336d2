//! Models for tests, built by hand: the reference configuration and its parts.
#![allow(dead_code, reason = "each test program uses a part")]

pub mod film;
pub mod loops;
pub mod requests;
pub mod stats;
pub mod storms;
pub mod watch;

use hasim::ids::{ContainerId, IdVec, ImageId, TemplateContainer, WorkloadId, ZoneId};
use hasim::model::{
    Affects, App, Cluster, Container, ContainerMode, ControlPlane, CpuShare, DeadNodes, Fault, ImagePull, Latencies,
    Model, Node, NodeMode, Occurrence, OnSigterm, PodSpec, PodTolerations, Probe, Resources, Role, ScriptTarget,
    Spread, Start, StartRace, Strategy, Strikes, Toleration, WhileStarting, Workload, Zone,
};
use hasim::random::Law;
use hasim::time::Duration;

pub fn secs(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

pub fn days(d: f64) -> f64 {
    d * 86_400.0
}

pub fn fixed(value: f64) -> Law {
    Law::fixed(value).unwrap()
}

pub fn exponential(mean: f64) -> Law {
    Law::exponential(mean).unwrap()
}

/// The same instant, up to the rounding of floats.
pub fn near(t: f64, exact: f64) -> bool {
    (t - exact).abs() < 1e-6
}

/// The reference probe: 20/5/5, with this failure threshold.
pub fn probe(failure_threshold: u32) -> Probe {
    Probe {
        initial_delay: secs(20.0),
        timeout: secs(5.0),
        period: secs(5.0),
        success_threshold: 1,
        failure_threshold,
        termination_grace: None,
        always_errs: false,
    }
}

/// Latencies that are almost nothing: what remains is Kubernetes itself.
pub fn quick_latencies() -> Latencies {
    let law = |value| Law::fixed(value).unwrap();
    Latencies {
        controller: law(0.01),
        replacement: law(0.01),
        bind: law(0.01),
        first_sync: law(0.01),
        sandbox: law(0.0),
        image_pull: law(0.0),
        image_check: law(0.0),
        container_start: law(0.3),
        container_stop: law(0.0),
        sync: law(0.01),
        status_write: law(0.01),
        endpoint_slice: law(0.01),
        proxy: law(0.0),
        deletion_seen: law(0.01),
        object_gone: law(0.1),
        disruption: law(0.1),
        eviction_request: law(0.02),
        kubelet_ready: law(0.5),
        kubelet_first_sync: law(1.6),
        load: law(1.0),
    }
}

/// Latencies of a real cluster.
pub fn real_latencies() -> Latencies {
    let law = |median, p95| Law::lognormal_with_p95(median, p95).unwrap();
    Latencies {
        controller: law(0.06, 0.15),
        replacement: law(0.12, 0.4),
        bind: law(0.04, 0.12),
        first_sync: law(0.02, 0.05),
        sandbox: Law::uniform(0.5, 2.0).unwrap(),
        image_pull: law(12.0, 40.0),
        image_check: law(0.4, 1.5),
        container_start: law(0.5, 1.2),
        container_stop: law(0.08, 0.25),
        sync: Law::uniform(0.005, 0.02).unwrap(),
        status_write: law(0.05, 0.15),
        endpoint_slice: law(0.03, 0.1),
        proxy: law(0.05, 0.3),
        deletion_seen: law(0.05, 0.15),
        object_gone: Law::uniform(0.1, 0.4).unwrap(),
        disruption: law(0.1, 0.2),
        eviction_request: law(0.02, 0.05),
        kubelet_ready: law(0.5, 0.8),
        kubelet_first_sync: law(1.6, 2.2),
        load: Law::fixed(1.0).unwrap(),
    }
}

/// `zones` zones with `per_zone` Nodes each.
pub fn cluster(zones: u32, per_zone: u32, latencies: Latencies) -> Cluster {
    Cluster {
        zones: (0..zones).map(|zone| Zone { name: format!("zone-{zone}") }).collect(),
        nodes: (0..zones * per_zone)
            .map(|node| Node {
                name: format!("node-{node}"),
                zone: Some(ZoneId::new((node / per_zone) as usize)),
                index_in_zone: node % per_zone,
                pool: node / per_zone,
                hour_price: None,
                is_spare: false,
                allocatable: Resources { cpu_millis: 4000, memory_bytes: 16 << 30 },
                max_pods: 110,
            })
            .collect(),
        control_plane: ControlPlane::default(),
        latencies,
        start_race: StartRace::default(),
        dead_nodes: DeadNodes::Reboot,
        prices: None,
    }
}

/// The reference Deployment on a cluster of so many zones and Nodes.
pub fn workload(replicas: u32, zones: u32, per_zone: u32, hard_spread: bool, app: App) -> Workload {
    let nodes = (zones * per_zone) as usize;
    Workload {
        name: "aidbox".into(),
        namespace: "production".into(),
        replicas,
        pod: PodSpec {
            containers: vec![Container {
                liveness: Some(probe(4)),
                readiness: Some(probe(2)),
                ..Container::new("aidbox", Role::Regular, ImageId::new(0), ImagePull::Always, app)
            }]
            .into(),
            serving: ContainerId::new(0),
            termination_grace: secs(30.0),
            requests: Resources::default(),
            other_requests: vec![],
            contends_for_ports: vec![false].into(),
            tolerations: PodTolerations {
                unreachable: Toleration::For(secs(300.0)),
                not_ready: Toleration::For(secs(300.0)),
                unreachable_no_schedule: false,
                not_ready_no_schedule: false,
                unschedulable_no_schedule: false,
                node_admits: vec![true; nodes],
            },
            selects_node: vec![true; nodes],
            spread: vec![Spread {
                domain: (0..nodes as u32).map(|node| Some(node / per_zone)).collect(),
                domains: zones,
                max_skew: 1,
                hard: hard_spread,
                min_domains: 1,
                honor_affinity: true,
                honor_taints: false,
                by_hostname: false,
                selects: vec![true].into(),
                by_revision: false,
            }],
            default_spread: false,
            anti_affinity: vec![],
        },
        publish_not_ready: false,
        min_serving: 1,
        strategy: Strategy::USUAL,
        min_ready: Duration::ZERO,
        progress_deadline: Duration::from_secs(600),
        is_paused: false,
        autoscaler: None,
        chance_by_name: false,
    }
}

/// These Deployments side by side, each with the chance of its name; none means the Pods of another.
pub fn side_by_side(workloads: impl IntoIterator<Item = Workload>) -> IdVec<WorkloadId, Workload> {
    let mut all: IdVec<WorkloadId, Workload> = workloads.into_iter().collect();
    let ids: Vec<WorkloadId> = all.ids().collect();
    for &own in &ids {
        let only = |is: bool| ids.iter().map(|id| is && *id == own).collect::<IdVec<WorkloadId, bool>>();
        let first = WorkloadId::new(0);
        let workload = &mut all[own];
        workload.chance_by_name = true;
        let pod = &mut workload.pod;
        pod.contends_for_ports = only(pod.contends_for_ports[first]);
        for constraint in &mut pod.spread {
            constraint.selects = only(constraint.selects[first]);
        }
        for term in &mut pod.anti_affinity {
            term.selects = only(term.selects[first]);
        }
    }
    all
}

/// The same Deployment under another name.
pub fn named(name: &str, workload: Workload) -> Workload {
    Workload { name: name.into(), ..workload }
}

/// A container of the only Deployment, by its number.
pub fn of_template(container: usize) -> TemplateContainer {
    TemplateContainer { workload: WorkloadId::new(0), container: ContainerId::new(container) }
}

/// The same application on another Deployment and cluster of that form.
pub fn redeploy(model: &mut Model, replicas: u32, zones: u32, per_zone: u32, hard_spread: bool) {
    *model.workload_mut() = workload(replicas, zones, per_zone, hard_spread, model.app().clone());
}

/// The reference: two replicas over three zones with two Nodes each, nothing breaks.
pub fn reference() -> Model {
    let app = App {
        start_up: Law::lognormal_with_p95(12.0, 18.0).unwrap(),
        while_starting: WhileStarting::Refuses,
        on_sigterm: OnSigterm::Exits(Law::uniform(0.2, 3.0).unwrap()),
        probe_failure: 0.0,
        capacity: None,
        queue: None,
        cpu: CpuShare::default(),
    };
    Model {
        workloads: vec![workload(2, 3, 2, false, app)].into(),
        system: None,
        budgets: IdVec::default(),
        cluster: cluster(3, 2, real_latencies()),
        faults: vec![].into(),
        on_call: None,
        traffic: None,
        start: Start::Running,
        warm_up: secs(7.0 * 86_400.0),
        horizon: hasim::model::YEAR,
        window: secs(30.0 * 86_400.0),
        slo: None,
    }
}

/// So many spare Nodes for each pool, for upgrades that surge: copies of its first Node.
pub fn add_spares(model: &mut Model, per_pool: usize) {
    let own = model.cluster.nodes.clone();
    let mut pools: Vec<u32> = own.iter().map(|node| node.pool).collect();
    pools.dedup();
    for pool in pools {
        let (id, first) = own.entries().find(|(_, node)| node.pool == pool).unwrap();
        for number in 0..per_pool {
            let index_in_zone = 1000 + number as u32;
            let name = format!("{}-surge-{number}", first.name);
            model.cluster.nodes.push(Node { name, index_in_zone, is_spare: true, ..first.clone() });
            for workload in &mut model.workloads {
                let pod = &mut workload.pod;
                pod.selects_node.push(pod.selects_node[id.index()]);
                let admits = pod.tolerations.node_admits[id.index()];
                pod.tolerations.node_admits.push(admits);
                for spread in &mut pod.spread {
                    spread.domain.push(spread.domain[id.index()]);
                }
                for term in &mut pod.anti_affinity {
                    term.domain.push(term.domain[id.index()]);
                }
                for request in &mut pod.other_requests {
                    request.allocatable.push(request.allocatable[id.index()]);
                }
            }
        }
    }
}

/// The window in which [`at_random_time`] strikes, in seconds.
pub const WINDOW: f64 = 1000.0;

/// A law whose first occurrence in a running system falls on a uniformly random moment of [`WINDOW`].
pub fn at_random_time() -> Law {
    Law::fixed(WINDOW).unwrap()
}

/// Kubernetes alone: one Node per zone, almost no latency, an application that starts in 1 s and stops in 0.3 s.
pub fn bare(replicas: u32) -> Model {
    let app = App {
        start_up: Law::fixed(1.0).unwrap(),
        while_starting: WhileStarting::Refuses,
        on_sigterm: OnSigterm::Exits(Law::fixed(0.3).unwrap()),
        probe_failure: 0.0,
        capacity: None,
        queue: None,
        cpu: CpuShare::default(),
    };
    Model {
        workloads: vec![workload(replicas, 3, 1, false, app)].into(),
        cluster: cluster(3, 1, quick_latencies()),
        warm_up: Duration::ZERO,
        ..reference()
    }
}

/// One bare replica with one fault that strikes at a random time.
pub fn struck_once(strikes: Strikes, lasts: Option<f64>) -> Model {
    let lasts = lasts.map(|lasts| Law::fixed(lasts).unwrap());
    Model { faults: vec![fault("it", strikes, at_random_time(), lasts)].into(), ..bare(1) }
}

pub const CRASH: Strikes = Strikes::Container(ContainerMode::Crash);
pub const HANG: Strikes = Strikes::Container(ContainerMode::Hang(Affects::ALL));
pub const ERROR: Strikes = Strikes::Container(ContainerMode::Error(Affects::ALL));

pub const DELETION: Strikes = Strikes::Deletion;
pub const CRASH_NODE: Strikes = Strikes::Node(NodeMode::Crash);
pub const KUBELET: Strikes = Strikes::Node(NodeMode::Kubelet);
pub const SANDBOX: Strikes = Strikes::Container(ContainerMode::Sandbox);

/// A fault that a script strikes once per target, this many seconds after the start of counting.
pub fn scripted(name: &str, at: Law, targets: &[ScriptTarget], strikes: Strikes, lasts: Option<f64>) -> Fault {
    let occurs = Occurrence::Once { at, targets: targets.to_vec() };
    let lasts = lasts.map(|lasts| Law::fixed(lasts).unwrap());
    Fault {
        name: name.into(),
        occurs,
        lasts,
        strikes,
        containers: vec![],
        at_once: false,
        nodes: Vec::new(),
        bad: None,
        source: "test".into(),
    }
}

pub fn fault(name: &str, strikes: Strikes, every: Law, lasts: Option<Law>) -> Fault {
    Fault {
        name: name.into(),
        occurs: Occurrence::Every(every),
        lasts,
        strikes,
        containers: vec![],
        at_once: false,
        nodes: Vec::new(),
        bad: None,
        source: "test".into(),
    }
}
