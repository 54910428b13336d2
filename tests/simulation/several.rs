//! Determinism: the history of a Deployment is that of its name, whoever plays beside it, as far as Kubernetes lets the two
//! alone.
//!
//! What does couple Deployments that do not compete is set aside here. (E6) One proxy run takes all changes over and rests
//! afterwards, so one waits for the other's: its pause and its latency are zero. (S12) The scheduler prefers the emptier
//! Node, whoever fills it: Nodes are so large that no Pod shows in their scores. (C14) A Node keeps an image for all: each
//! has one of its own. And a page covers all that is stuck, whosesoever it is: nobody is on call. What is left couples nothing: chance is that of names, slots and Nodes.

use crate::common::{self, fixed, storms};
use hasim::cluster::{EndpointView, Mode, Observed, Observer, watch};
use hasim::ids::{ContainerId, ImageId, PodId, SlotId};
use hasim::model::{Model, Resources, Workload};
use hasim::time::{Duration, SimTime};

/// What is told of the slots of one Deployment, which are numbered from its first, and of its endpoints without their ids.
#[derive(Debug, Default)]
struct Own {
    slots: std::ops::Range<usize>,
    pods: Vec<Option<usize>>,
    told: Vec<(SimTime, usize, String)>,
}

impl Own {
    fn slot(&self, slot: SlotId) -> Option<usize> {
        self.slots.contains(&slot.index()).then(|| slot.index() - self.slots.start)
    }

    /// The slot of an endpoint; one that leaves rotation had it before.
    fn of_endpoint(&mut self, pod: PodId, view: Option<&EndpointView>) -> Option<usize> {
        if self.pods.len() <= pod.index() {
            self.pods.resize(pod.index() + 1, None);
        }
        if let Some(view) = view {
            self.pods[pod.index()] = view.slot.and_then(|slot| self.slot(slot));
        }
        self.pods[pod.index()]
    }
}

impl Observer for Own {
    fn hears_log(&self) -> bool {
        false
    }

    fn observe(&mut self, at: SimTime, what: &Observed) {
        let (slot, words) = match what {
            Observed::EndpointChanged { pod, view, .. } => {
                let looks = view.as_ref().map(|view| (view.failing, &view.causes, view.phase));
                let words = format!("endpoint {looks:?}");
                (self.of_endpoint(*pod, view.as_ref()), words)
            }
            Observed::SlotChanged { slot, view } => (self.slot(*slot), format!("{view:?}")),
            Observed::SlotStruck { slot, fault } => (self.slot(*slot), format!("struck {fault:?}")),
            Observed::SlotFaultEnded { slot, fault } => (self.slot(*slot), format!("ended {fault:?}")),
            Observed::Reacted { slot } => (self.slot(*slot), "reacted".to_string()),
            Observed::ReadinessLost { slot: Some(slot), .. } => (self.slot(*slot), "lost".to_string()),
            Observed::ProbeKilled { slot: Some(slot), .. } => (self.slot(*slot), "killed".to_string()),
            Observed::Restarted { slot: Some(slot), .. } => (self.slot(*slot), "restarted".to_string()),
            Observed::Paged { slot } => (self.slot(*slot), "paged".to_string()),
            Observed::DeletedByHand { slot } => (self.slot(*slot), "deleted by hand".to_string()),
            Observed::PodsChanged { .. }
            | Observed::SlotClosed { .. }
            | Observed::ReadinessLost { .. }
            | Observed::ProbeKilled { .. }
            | Observed::Restarted { .. }
            | Observed::OperationBegan { .. }
            | Observed::OperationSkipped { .. }
            | Observed::OperationEnded { .. }
            | Observed::EvictionsRefused { .. }
            | Observed::ClockRan(_)
            | Observed::Happened(_) => return,
        };
        if let Some(slot) = slot {
            self.told.push((at, slot, words));
        }
    }
}

/// The history of the Deployment of this name; within one instant slot by slot, and of each in its order.
fn history(model: &Model, name: &str, index: u64) -> Vec<(SimTime, usize, String)> {
    let id = model.workloads.ids().find(|&id| model.workloads[id].name == name).unwrap();
    let own = Own { slots: model.slots_of(id), ..Own::default() };
    let mut told = watch(model, 5, index, Mode::Fast, SimTime::ZERO + model.horizon, own).told;
    told.sort_by_key(|(at, slot, _)| (*at, *slot));
    told
}

/// The storms, with what couples Deployments set aside.
fn uncoupled() -> Model {
    let mut model = storms::stormy_reference();
    model.cluster.control_plane.proxy_min_sync = Duration::ZERO;
    model.cluster.latencies.proxy = fixed(0.0);
    for node in &mut model.cluster.nodes {
        node.allocatable = Resources { cpu_millis: 1 << 50, memory_bytes: 1 << 60 };
    }
    model
}

fn shop(model: &Model) -> Workload {
    common::named("shop", model.workload().clone())
}

/// Another one, of five replicas and with an image of its own.
fn other(model: &Model) -> Workload {
    let mut other = common::named("other", Workload { replicas: 5, ..model.workload().clone() });
    other.pod.containers[ContainerId::new(0)].image = ImageId::new(7);
    other
}

/// The same name has the same history to the nanosecond, alone, before another and behind it.
#[test]
fn a_deployment_has_the_history_of_its_name_whoever_is_beside_it() {
    let model = uncoupled();
    let with = |workloads: Vec<Workload>| Model { workloads: common::side_by_side(workloads), ..model.clone() };
    let alone = with(vec![shop(&model)]);
    let before = with(vec![shop(&model), other(&model)]);
    let behind = with(vec![other(&model), shop(&model)]);
    for index in 0..8 {
        let expected = history(&alone, "shop", index);
        assert!(expected.len() > 5_000, "too little happened to prove anything: {}", expected.len());
        for beside in [&before, &behind] {
            let found = history(beside, "shop", index);
            if let Some(at) = (0..expected.len().max(found.len())).find(|&i| expected.get(i) != found.get(i)) {
                let earlier = &expected[at.saturating_sub(6)..at];
                let (alone, beside) = (expected.get(at), found.get(at));
                panic!("replication {index}: after {earlier:#?}\nalone {alone:?}\nbeside {beside:?}");
            }
        }
        assert_ne!(history(&before, "other", index), expected, "another name, another chance");
    }
}

/// What is set aside does couple them: with the proxy's pause, with Nodes that fill, or with pages, the other one shows.
#[test]
fn the_proxy_the_room_of_nodes_and_pages_are_shared() {
    let rests = |model: &mut Model| model.cluster.control_plane.proxy_min_sync = Duration::from_secs(1);
    let fills = |model: &mut Model| {
        for node in &mut model.cluster.nodes {
            node.allocatable = Resources { cpu_millis: 4000, memory_bytes: 16 << 30 };
        }
    };
    let pages = |model: &mut Model| {
        model.on_call = Some(storms::on_call());
        model.workload_mut().pod.main_mut().liveness = None;
    };
    let couplings: [&dyn Fn(&mut Model); 3] = [&rests, &fills, &pages];
    for couple in couplings {
        let mut model = uncoupled();
        couple(&mut model);
        let alone = Model { workloads: common::side_by_side([shop(&model)]), ..model.clone() };
        let beside = Model { workloads: common::side_by_side([shop(&model), other(&model)]), ..model };
        let differs = |&index: &u64| history(&alone, "shop", index) != history(&beside, "shop", index);
        assert!((0..4).filter(differs).count() > 0);
    }
}

/// A Deployment that is alone has the chance of its name only where it is one of a list: otherwise two manifests of different
/// names meet the same faults.
#[test]
fn chance_is_that_of_the_name_where_deployments_are_listed() {
    let model = uncoupled();
    let of_name = |name: &str, by_name| {
        let mut workload = common::named(name, model.workload().clone());
        workload.chance_by_name = by_name;
        history(&Model { workloads: vec![workload].into(), ..model.clone() }, name, 0)
    };
    assert_eq!(of_name("shop", false), of_name("other", false));
    assert_ne!(of_name("shop", true), of_name("other", true));
}
