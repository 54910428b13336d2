//! A small system for the tests of this layer. It is never simulated: tests report to observers by hand.

use serde_json::{Map, Value, json};

use super::Measures;
use crate::history::{Cause, CauseSet, EndpointView, Observed, Observer, Phase, SlotView};
use crate::ids::{ContainerId, FaultId, IdVec, ImageId, PodId, SlotId, WorkloadId};
use crate::model::{
    App, Cluster, Container, ContainerMode, ControlPlane, CpuShare, DeadNodes, Fault, ImagePull, Latencies, Millionths,
    Model, Occurrence, OnSigterm, PodSpec, PodTolerations, Resources, Role, Start, StartRace, Strategy, Strikes,
    Toleration, WhileStarting, Workload,
};
use crate::random::Law;
use crate::study::{Metric, Objective, Scenario, Stopping, Study, StudyHeader, Without};
use crate::time::{Duration, SimTime};

/// `replicas` Pods of which `min_serving` must serve, and so many faults `f0`, `f1`, …; times in nanoseconds.
pub(super) fn model(replicas: u32, min_serving: u32, faults: usize, warm_up: u64, horizon: u64) -> Model {
    let at_once = Law::fixed(0.0).unwrap();
    let app = App {
        start_up: at_once.clone(),
        while_starting: WhileStarting::Refuses,
        on_sigterm: OnSigterm::Ignores,
        probe_failure: 0.0,
        capacity: None,
        queue: None,
        cpu: CpuShare::default(),
    };
    Model {
        workloads: vec![Workload {
            name: "sample".to_owned(),
            namespace: "default".to_owned(),
            replicas,
            pod: PodSpec {
                containers: vec![Container::new("sample", Role::Regular, ImageId::new(0), ImagePull::Never, app)]
                    .into(),
                serving: ContainerId::new(0),
                termination_grace: Duration::from_secs(30),
                requests: Resources::default(),
                other_requests: vec![],
                contends_for_ports: vec![false].into(),
                tolerations: PodTolerations {
                    unreachable: Toleration::None,
                    not_ready: Toleration::None,
                    unreachable_no_schedule: false,
                    not_ready_no_schedule: false,
                    unschedulable_no_schedule: false,
                    node_admits: vec![],
                },
                selects_node: vec![],
                spread: vec![],
                default_spread: false,
                anti_affinity: vec![],
            },
            publish_not_ready: false,
            min_serving,
            strategy: Strategy::Recreate,
            min_ready: Duration::ZERO,
            progress_deadline: Duration::from_secs(600),
            is_paused: false,
            autoscaler: None,
            chance_by_name: false,
        }]
        .into(),
        system: None,
        budgets: IdVec::default(),
        cluster: Cluster {
            zones: IdVec::default(),
            nodes: IdVec::default(),
            control_plane: ControlPlane::default(),
            latencies: latencies(&at_once),
            start_race: StartRace::default(),
            dead_nodes: DeadNodes::Reboot,
            prices: None,
        },
        faults: (0..faults).map(fault).collect(),
        on_call: None,
        traffic: None,
        start: Start::Running,
        warm_up: Duration::from_nanos(warm_up),
        horizon: Duration::from_nanos(horizon),
        window: Duration::from_nanos(horizon),
        slo: None,
    }
}

fn fault(number: usize) -> Fault {
    Fault {
        name: format!("f{number}"),
        occurs: Occurrence::Every(Law::exponential(86_400.0).unwrap()),
        lasts: None,
        strikes: Strikes::Container(ContainerMode::Crash),
        containers: vec![],
        at_once: false,
        nodes: Vec::new(),
        bad: None,
        source: "assumption".to_owned(),
    }
}

fn latencies(law: &Law) -> Latencies {
    Latencies {
        controller: law.clone(),
        replacement: law.clone(),
        bind: law.clone(),
        first_sync: law.clone(),
        sandbox: law.clone(),
        image_pull: law.clone(),
        image_check: law.clone(),
        container_start: law.clone(),
        container_stop: law.clone(),
        sync: law.clone(),
        status_write: law.clone(),
        endpoint_slice: law.clone(),
        proxy: law.clone(),
        deletion_seen: law.clone(),
        object_gone: law.clone(),
        disruption: law.clone(),
        eviction_request: law.clone(),
        kubelet_ready: law.clone(),
        kubelet_first_sync: law.clone(),
        load: Law::Fixed(1.0),
    }
}

/// A study of these models, each a scenario `s0`, `s1`, …, compared with the first.
pub(super) fn study(models: Vec<Model>, stopping: Stopping) -> Study {
    let scenarios = models.into_iter().enumerate().map(|(number, model)| Scenario {
        name: format!("s{number}"),
        parameters: Map::from_iter([("number".to_owned(), Value::from(number))]),
        model,
        draws: vec![],
        compared_with: None,
        pending: vec![],
    });
    let header = StudyHeader {
        goals: vec![],
        name: "sample".to_owned(),
        question: None,
        seed: 42,
        confidence: 0.95,
        stopping,
        objective: Objective {
            min_serving: 1,
            system: None,
            metric: Metric::Availability,
            slo: None,
            window: Duration::from_secs(30 * 86_400),
            indifference_secs: None,
        },
        varied: vec!["number".to_owned()],
        each_alone: false,
        baseline: Some(0),
        sensitivity: vec![],
        notes: vec![],
        inputs: json!({}),
    };
    Study { header, without: Without::Off, scenarios: scenarios.collect() }
}

/// The Pod of a slot begins or ends to serve in rotation; what it does not is charged to the first fault, and its start.
pub(super) fn deliver(measures: &mut Measures, now: SimTime, slot: usize, delivers: bool) {
    let (pod, slot) = (PodId::new(slot), SlotId::new(slot));
    let (causes, phase) = (CauseSet::from(Cause::Fault(FaultId::new(0))), Phase::Start);
    let endpoint = delivers.then(|| EndpointView {
        workload: WorkloadId::new(0),
        slot: Some(slot),
        failing: Millionths::NONE,
        causes: causes.clone(),
        phase,
    });
    let view = SlotView { serves: delivers, in_rotation: delivers, causes, phase };
    measures.observe(now, &Observed::SlotChanged { slot, view });
    measures.observe(now, &Observed::EndpointChanged { pod, view: endpoint, keeps_queue: false });
}
