//! Rules between Deployments that share Nodes: room (S4), anti-affinity (S9, S10), spread (S6), ports, images (C14), traffic
//! (E7), replacements (D7), evictions (N9), and whom a fault strikes.

use crate::common::watch::{Log, What, ended, play, struck};
use crate::common::{
    self, CRASH, CRASH_NODE, DELETION, ERROR, WINDOW, at_random_time, exponential, fault, fixed, named, near, scripted,
    secs,
};
use hasim::cluster::{Cause, EndpointView, Happening, Mode, Observed, Observer, Phase, watch};
use hasim::experiment::{Outcome, replicate, trace};
use hasim::history::{Timeline, Who};
use hasim::ids::{ContainerId, FaultId, ImageId, NodeId, SlotId, TemplateContainer, WorkloadId};
use hasim::model::{
    Affects, AntiAffinity, Container, ContainerMode, Fault, ImagePull, Model, NodeMode, OnSigterm, OtherRequest,
    Requirement, Resources, Role, ScriptTarget, Spread, Start, Strikes, Toleration, Workload,
};
use hasim::study::Quantity;
use hasim::time::SimTime;

const A: usize = 0;
const B: usize = 1;

fn id(workload: usize) -> WorkloadId {
    WorkloadId::new(workload)
}

fn pods(which: usize) -> Requirement {
    Requirement::Pods { workload: id(which), at_least: 1 }
}

/// Deployments `a` and `b`, both of which are required, of so many bare replicas on three Nodes, each in a zone of its own, for an hour.
fn two(replicas: [u32; 2]) -> Model {
    let model = common::bare(1);
    let one = |name: &str, replicas| {
        let mut workload = common::workload(replicas, 3, 1, false, model.app().clone());
        workload.pod.spread.clear();
        named(name, workload)
    };
    let workloads = common::side_by_side([one("a", replicas[A]), one("b", replicas[B])]);
    let system = Some(Requirement::all(vec![pods(A), pods(B)]));
    Model { workloads, system, horizon: secs(3600.0), window: secs(3600.0), ..model }
}

fn workload(model: &mut Model, which: usize) -> &mut Workload {
    &mut model.workloads[id(which)]
}

/// Only these of the three Nodes take the Pods of the Deployment.
fn pin(model: &mut Model, which: usize, nodes: [bool; 3]) {
    workload(model, which).pod.selects_node = nodes.to_vec();
}

fn one_node(mut model: Model) -> Model {
    (A..=B).for_each(|which| pin(&mut model, which, [true, false, false]));
    model
}

fn slot(number: usize) -> [ScriptTarget; 1] {
    [ScriptTarget::Slot(SlotId::new(number))]
}

fn holder(number: usize) -> [ScriptTarget; 1] {
    [ScriptTarget::NodeOf(SlotId::new(number))]
}

fn of(which: usize) -> TemplateContainer {
    TemplateContainer { workload: id(which), container: ContainerId::new(0) }
}

/// By Deployment, how many of its first Pods each Node has, and how many have no place.
fn places(model: &Model, index: u64) -> [([u32; 3], u32); 2] {
    let mut placed = [([0; 3], 0), ([0; 3], 0)];
    for (which, (_, pending)) in placed.iter_mut().enumerate() {
        *pending = model.workloads[id(which)].replicas;
    }
    let timeline = trace(model, 1, index).timeline;
    for entry in &timeline.entries {
        if let (Happening::PodMet { node, .. }, Who::Pod(pod)) = (entry.what, entry.who) {
            let (owner, _) = model.owner_of(timeline.pods[pod].slot);
            let (nodes, pending) = &mut placed[owner.index()];
            nodes[node.index()] += 1;
            *pending -= 1;
        }
    }
    placed
}

fn pending(model: &Model) -> [u32; 2] {
    let found: Vec<[u32; 2]> = (0..10).map(|index| places(model, index).map(|(_, pending)| pending)).collect();
    assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
    found[0]
}

/// Whether some Node has Pods of both, in each of some replications.
fn shared(model: &Model) -> Vec<bool> {
    let share = |index| {
        let [(a, _), (b, _)] = places(model, index);
        a.iter().zip(b).any(|(&a, b)| a > 0 && b > 0)
    };
    (0..20).map(share).collect()
}

/// S4: Pods of one Deployment take the room of the other, to the last unit, whatever it is that runs short.
#[test]
fn s4_deployments_share_the_room_of_a_node() {
    let gpu = |amount| OtherRequest {
        resource: "nvidia.com/gpu".to_string(),
        amount,
        allocatable: vec![Some(4), Some(4), Some(4)],
    };
    let limits: [(&str, &dyn Fn(&mut Model), [u32; 2]); 6] = [
        ("cpu", &|m| (A..=B).for_each(|w| workload(m, w).pod.requests.cpu_millis = 1000), [0, 0]),
        ("more cpu", &|m| (A..=B).for_each(|w| workload(m, w).pod.requests.cpu_millis = 1001), [0, 1]),
        ("memory of one", &|m| workload(m, B).pod.requests.memory_bytes = (8 << 30) + 1, [0, 1]),
        ("Pods", &|m| m.cluster.nodes[NodeId::new(0)].max_pods = 3, [0, 1]),
        ("gpu", &|m| (A..=B).for_each(|w| workload(m, w).pod.other_requests = vec![gpu([1, 2][w])]), [0, 1]),
        // Who asks for none of it is not kept out.
        ("gpu of one", &|m| workload(m, A).pod.other_requests = vec![gpu(2)], [0, 0]),
    ];
    for (what, limit, expected) in limits {
        let mut model = one_node(two([2, 2]));
        limit(&mut model);
        assert_eq!(pending(&model), expected, "{what}");
    }
}

fn when(timeline: &Timeline, slot: usize, is: impl Fn(Happening) -> bool) -> Option<f64> {
    let of_slot = |who: Who| matches!(who, Who::Pod(pod) if timeline.pods[pod].slot == SlotId::new(slot));
    let entry = timeline.entries.iter().find(|entry| of_slot(entry.who) && is(entry.what));
    entry.map(|entry| entry.at.since(SimTime::ZERO).as_secs_f64())
}

/// S4, S16: a terminating Pod holds its room until its object is gone; then the Pod of the other Deployment that has waited
/// longer gets it, not the replacement.
#[test]
fn s4_s16_room_of_a_terminating_pod_goes_to_the_one_that_has_waited_longest() {
    let mut model = one_node(two([1, 1]));
    model.cluster.nodes[NodeId::new(0)].max_pods = 1;
    model.faults = vec![scripted("delete", fixed(100.0), &slot(0), DELETION, None)].into();
    for index in 0..10 {
        let timeline = trace(&model, 1, index).timeline;
        let gone = when(&timeline, 0, |what| matches!(what, Happening::PodGone { .. })).unwrap();
        let bound = when(&timeline, 1, |what| matches!(what, Happening::PodBound { .. })).unwrap();
        assert!(gone > 100.3 && near(bound, gone + 0.01), "{gone} {bound}");
        assert_eq!(when(&timeline, 0, |what| matches!(what, Happening::PodBound { .. })), None);
    }
}

fn apart(from: [bool; 2], preferred_weight: Option<u32>) -> Vec<AntiAffinity> {
    vec![AntiAffinity { domain: (0..3).map(Some).collect(), preferred_weight, selects: from.to_vec().into() }]
}

/// S9: a required term keeps Pods of two Deployments apart in both directions: it keeps away those that come from Pods that it
/// means, and those that it means from Pods that have it, whoever comes first.
#[test]
fn s9_required_anti_affinity_between_deployments_works_in_both_directions() {
    assert!(shared(&two([2, 2])).contains(&true), "without a term they share Nodes");
    for (who, from) in [(A, [false, true]), (B, [true, false])] {
        let mut model = two([2, 2]);
        workload(&mut model, who).pod.anti_affinity = apart(from, None);
        assert!(!shared(&model).contains(&true), "a term of {who}");
        assert_eq!(pending(&model), [0, 0]);
        // With a Pod on every Node there is no place for the other: that it is the first one that has the term does not help.
        let mut full = two([3, 1]);
        full.workloads[id(A)].pod.spread = vec![spread([true, false], true)];
        workload(&mut full, who).pod.anti_affinity = apart(from, None);
        assert_eq!(pending(&full), [0, 1], "a term of {who}");
    }
}

/// S10: a preferred term does so as far as there is room.
#[test]
fn s10_preferred_anti_affinity_between_deployments_is_only_a_preference() {
    for (who, from) in [(A, [false, true]), (B, [true, false])] {
        for (replicas, shares) in [([2, 2], false), ([3, 1], true)] {
            let mut model = two(replicas);
            workload(&mut model, who).pod.anti_affinity = apart(from, Some(100));
            workload(&mut model, A).pod.spread = vec![spread([true, false], true)];
            assert_eq!(pending(&model), [0, 0]);
            assert!(shared(&model).iter().all(|&is| is == shares), "a term of {who}, {replicas:?}");
        }
    }
}

/// By Node, with maxSkew 1.
fn spread(selects: [bool; 2], hard: bool) -> Spread {
    Spread {
        hard,
        selects: selects.to_vec().into(),
        ..common::workload(1, 3, 1, hard, common::bare(1).app().clone()).pod.spread[0].clone()
    }
}

/// S6: a constraint counts the Pods that its selector matches, whosesoever they are; the Pod itself counts only if it is
/// matched, too.
#[test]
fn s6_a_spread_constraint_counts_pods_of_both_deployments() {
    // Two of a stand on the first Node; so many of b come.
    let cases = [
        ("its own", [false, true], 3, vec![1, 1, 1]),
        ("both", [true, true], 3, vec![0, 1, 2]),
        ("the other's", [true, false], 4, vec![0, 2, 2]),
    ];
    for (what, selects, replicas, expected) in cases {
        let mut model = two([2, replicas]);
        pin(&mut model, A, [true, false, false]);
        workload(&mut model, B).pod.spread = vec![spread(selects, true)];
        for index in 0..10 {
            let [_, (mut nodes, pending)] = places(&model, index);
            nodes[1..].sort_unstable();
            assert_eq!((nodes.to_vec(), pending), (expected.clone(), 0), "{what}");
        }
    }
}

/// A port of a Node is one Pod's, whichever Deployment it is of; other ports do not contend: the filter `NodePorts`.
#[test]
fn hostport_of_one_deployment_keeps_the_other_off_a_node() {
    let with = |contends: [[bool; 2]; 2]| {
        let mut model = two([2, 2]);
        for (which, contends) in contends.into_iter().enumerate() {
            workload(&mut model, which).pod.contends_for_ports = contends.to_vec().into();
        }
        pending(&model)
    };
    assert_eq!(with([[true, true], [true, true]]), [0, 1]);
    assert_eq!(with([[true, false], [false, true]]), [0, 0]);
}

/// C14: an image that a container of the other Deployment has brought to the Node is there.
#[test]
fn c14_an_image_is_there_that_a_pod_of_the_other_deployment_brought() {
    for (image, takes) in [(0, 0.3), (5, 12.3)] {
        let mut model = two([1, 1]);
        pin(&mut model, A, [true, false, false]);
        pin(&mut model, B, [true, true, false]);
        model.cluster.latencies.image_pull = fixed(12.0);
        // Beside the first Pod there is less room: the other one begins on the second Node, which dies.
        let main = workload(&mut model, B).pod.main_mut();
        (main.image, main.image_pull) = (ImageId::new(image), ImagePull::IfNotPresent);
        model.faults = vec![scripted("dies", fixed(100.0), &holder(1), CRASH_NODE, Some(1e6))].into();
        for index in 0..5 {
            let timeline = trace(&model, 1, index).timeline;
            let moved = |what| matches!(what, Happening::PodBound { node, .. } if node == NodeId::new(0));
            assert!(when(&timeline, 1, moved).is_some());
            let began = when(&timeline, 1, |what| matches!(what, Happening::StartBegan { .. })).unwrap();
            let started = when(&timeline, 1, |what| matches!(what, Happening::ContainerStarted { .. })).unwrap();
            assert!(near(started - began, takes), "image {image}: {}", started - began);
        }
    }
}

/// When the endpoint of the slot's Pods was in rotation and served, from each change on.
fn in_rotation(log: &Log, slot: usize) -> Vec<(f64, bool)> {
    let mut pods = std::collections::BTreeMap::new();
    let mut changes = Vec::new();
    for (at, pod, view) in &log.endpoints {
        if let Some(view) = view {
            pods.insert(*pod, view.slot);
        }
        if pods.get(pod) == Some(&Some(SlotId::new(slot))) {
            changes.push((*at, view.as_ref().is_some_and(EndpointView::serves)));
        }
    }
    changes
}

/// E7: whether a Service has a ready endpoint is its own affair: the terminating Pod of one that has none gets its traffic,
/// although the other Service has a ready one; a second replica of its own keeps it out.
#[test]
fn e7_terminating_endpoints_serve_where_their_own_service_has_no_other() {
    for (replicas, until) in [([1, 1], 130.0), ([2, 1], 100.02), ([1, 2], 130.0)] {
        let mut model = two(replicas);
        let main = workload(&mut model, A).pod.main_mut();
        main.liveness = None;
        main.app.start_up = fixed(300.0);
        // It serves on through its grace of 30 s.
        main.app.on_sigterm = OnSigterm::Ignores;
        model.cluster.control_plane.proxy_min_sync = secs(0.0);
        model.faults = vec![scripted("delete", fixed(100.0), &slot(0), DELETION, None)].into();
        let log = play(&model, 3, 0, 200.0);
        let leaves = in_rotation(&log, 0).into_iter().find(|&(at, serves)| at > 99.0 && !serves).unwrap().0;
        assert!(leaves >= until - 0.01 && leaves < until + 0.1, "{replicas:?}: {leaves}");
        let other = in_rotation(&log, replicas[A] as usize);
        assert_eq!(other, [(0.0, true)], "the other Service does not notice");
    }
}

/// D7: a ReplicaSet replaces its own Pods, in its own slots, even where both lose one at once.
#[test]
fn d7_each_replica_set_replaces_its_own() {
    for (targets, expected) in [
        (vec![slot(0)[0]], [2, 1, 1, 1]),
        (vec![slot(2)[0]], [1, 1, 2, 1]),
        (vec![slot(1)[0], slot(2)[0]], [1, 2, 2, 1]),
    ] {
        let mut model = two([2, 2]);
        model.faults = vec![scripted("delete", fixed(100.0), &targets, DELETION, None)].into();
        let timeline = trace(&model, 1, 0).timeline;
        let mut pods = [0; 4];
        timeline.pods.iter().for_each(|life| pods[life.slot.index()] += 1);
        assert_eq!(pods, expected);
    }
}

/// N9: each Pod on a dead Node goes when its own toleration is over.
#[test]
fn n9_pods_of_two_deployments_leave_a_node_by_their_own_tolerations() {
    let mut model = one_node(two([1, 1]));
    workload(&mut model, A).pod.tolerations.unreachable = Toleration::For(secs(60.0));
    model.faults = vec![scripted("dies", fixed(100.0), &holder(0), CRASH_NODE, Some(1e6))].into();
    for index in 0..20 {
        let log = play(&model, 4, index, 1000.0);
        let deleted = |slot| log.reached(slot, 100.0, Phase::Reschedule).unwrap();
        assert!(near(deleted(1) - deleted(0), 240.0), "{} {}", deleted(0), deleted(1));
    }
    workload(&mut model, A).pod.tolerations.unreachable = Toleration::Forever;
    let log = play(&model, 4, 0, 1000.0);
    assert!(log.reached(0, 100.0, Phase::Reschedule).is_none() && log.reached(1, 100.0, Phase::Reschedule).is_some());
}

fn strikes(log: &Log, slot: usize) -> Vec<f64> {
    log.all(slot, struck)
}

/// A fault of a Node or a zone strikes Pods of both Deployments, each where it is.
#[test]
fn a_fault_of_a_node_or_a_zone_strikes_pods_of_both() {
    for mode in [Strikes::Node(NodeMode::Partition), Strikes::Zone(NodeMode::Partition)] {
        let mut model = one_node(two([2, 1]));
        model.faults = vec![fault("lost", mode, at_random_time(), Some(fixed(1.0)))].into();
        let log = play(&model, 5, 0, WINDOW);
        let first = strikes(&log, 0);
        assert_eq!(first.len(), 1);
        assert!((1..3).all(|slot| strikes(&log, slot) == first));
    }
}

/// A fault of one Deployment strikes its Pods and no others; one that names none has a clock for each.
#[test]
fn a_fault_of_a_deployment_strikes_its_own_pods() {
    let error = Strikes::Deployment(ContainerMode::Error(Affects::ALL));
    let lasting = || fault("error", error, exponential(300.0), Some(exponential(20.0)));
    let mut model = two([2, 2]);
    model.faults = vec![Fault { containers: vec![of(B)], ..lasting() }].into();
    let log = play(&model, 6, 0, 3600.0);
    assert!(strikes(&log, 0).is_empty() && strikes(&log, 1).is_empty());
    assert!(strikes(&log, 2).len() > 3 && strikes(&log, 2) == strikes(&log, 3));

    model.faults = vec![lasting()].into();
    let log = play(&model, 6, 0, 3600.0);
    let [a, b] = [strikes(&log, 0), strikes(&log, 2)];
    assert!(a.len() > 3 && b.len() > 3 && a == strikes(&log, 1) && b == strikes(&log, 3));
    assert!(a.iter().all(|at| !b.contains(at)), "each has a clock of its own");
}

/// Several that are struck at once are struck in one instant, by one clock and for one duration, in whatever order they are
/// named.
#[test]
fn at_once_is_one_draw_for_all_that_are_named() {
    let modes = [
        (Strikes::Deployment(ContainerMode::Error(Affects::ALL)), Some(exponential(20.0))),
        (Strikes::Deployment(ContainerMode::Hang(Affects::ALL)), Some(exponential(20.0))),
        (Strikes::Deployment(ContainerMode::Crash), None),
    ];
    for ((mode, lasts), named) in modes.into_iter().flat_map(|mode| [(mode.clone(), [A, B]), (mode, [B, A])]) {
        let mut model = two([1, 2]);
        let it = fault("database", mode, exponential(300.0), lasts.clone());
        model.faults = vec![Fault { containers: named.map(of).to_vec(), at_once: true, ..it }].into();
        let log = play(&model, 7, 0, 3600.0);
        let first = strikes(&log, 0);
        assert!(first.len() > 3 && (1..3).all(|slot| strikes(&log, slot) == first), "{mode}");
        let ends = log.all(0, ended);
        assert_eq!(ends.is_empty(), lasts.is_none(), "{mode}");
        assert!((1..3).all(|slot| log.all(slot, ended) == ends), "{mode}");
        // Of errors and hangs the strikes are those of a clock that stands while one is at work.
        let ages = first.windows(2).zip(&ends).all(|(strikes, &end)| strikes[0] < end && end < strikes[1]);
        assert!(ages, "{mode}: {first:?} {ends:?}");
    }
}

/// The Deployments whose clocks ran, by fault.
#[derive(Debug, Default)]
struct Clocks(std::collections::BTreeSet<(usize, Option<usize>)>);

impl Observer for Clocks {
    fn observe(&mut self, _: SimTime, what: &Observed) {
        if let Observed::ClockRan(spell) = what {
            self.0.insert((spell.fault.index(), spell.workload.map(WorkloadId::index)));
        }
    }
}

/// The clock of what strikes several at once is told to all of them, as what strikes each is measured against it; that of one
/// Deployment is its own, and those of Nodes are everybody's.
#[test]
fn the_clock_of_several_is_told_to_each() {
    let error = || fault("error", Strikes::Deployment(ContainerMode::Crash), exponential(300.0), None);
    let mut model = two([1, 1]);
    model.faults = vec![
        Fault { containers: vec![of(B), of(A)], at_once: true, ..error() },
        Fault { containers: vec![of(B)], name: "one".into(), ..error() },
        Fault { name: "each".into(), ..error() },
        fault("node", CRASH_NODE, exponential(300.0), Some(fixed(1.0))),
    ]
    .into();
    let expected = [(0, None), (1, Some(B)), (2, Some(A)), (2, Some(B)), (3, None)];
    let clocks = watch(&model, 9, 0, Mode::Fast, SimTime::ZERO + model.horizon, Clocks::default());
    assert_eq!(clocks.0, expected.into());
}

/// A fault that names a container strikes Pods that have one of that name, and no other container of those that have none.
#[test]
fn a_fault_of_a_container_leaves_alone_pods_that_have_none() {
    let proxied = || {
        let mut model = two([1, 1]);
        let main = model.workloads[id(A)].pod.main().clone();
        let app = main.app.clone();
        let proxy = Container::new("proxy", Role::Regular, ImageId::new(3), ImagePull::Never, app);
        workload(&mut model, A).pod.containers = vec![main, proxy].into();
        model
    };
    let both_slots = [slot(0)[0], slot(1)[0]];
    let both = [ScriptTarget::Deployment(id(A)), ScriptTarget::Deployment(id(B))];
    let proxy = vec![TemplateContainer { workload: id(A), container: ContainerId::new(1) }];
    let shared = Strikes::Deployment(ContainerMode::Error(Affects::ALL));
    let occurrences = [
        scripted("crash", fixed(100.0), &both_slots, CRASH, None),
        scripted("error", fixed(100.0), &both_slots, ERROR, Some(30.0)),
        scripted("shared", fixed(100.0), &both, shared, Some(30.0)),
        scripted("release", fixed(100.0), &both, Strikes::Deployment(ContainerMode::Crash), None),
        fault("often", CRASH, fixed(200.0), None),
        fault("shared", shared, fixed(200.0), Some(fixed(5.0))),
    ];
    for it in occurrences {
        let what = it.name.clone();
        let mut model = proxied();
        model.faults = vec![Fault { containers: proxy.clone(), ..it }].into();
        let log = play(&model, 8, 0, 400.0);
        assert!(!strikes(&log, 0).is_empty(), "{what}");
        assert!(strikes(&log, 1).is_empty() && log.all(1, |what| *what == What::Restarted).is_empty(), "{what}");
        assert_eq!(in_rotation(&log, 1), [(0.0, true)], "{what}");
    }
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Attribution of the system: whoever is missing where nothing hangs on it bears nothing. Here the first of two that can stand
/// in for each other fails while the other answers, and of a third, which is needed, one of two Pods does not.
#[test]
fn what_others_stand_in_for_is_charged_to_nobody() {
    let mut model = two([1, 1]);
    let c = named("c", Workload { replicas: 2, ..model.workloads[id(A)].clone() });
    let all = model.workloads.iter().cloned().chain([c]);
    model.workloads = common::side_by_side(all);
    model.system = Some(Requirement::all(vec![pods(2), Requirement::any(vec![pods(A), pods(B)])]));
    let gray = Affects { requests: true, readiness: false, liveness: false, startup: false };
    let error = ContainerMode::Error(Affects::ALL);
    model.faults = vec![
        scripted("a-away", fixed(60.0), &[ScriptTarget::Deployment(id(A))], Strikes::Deployment(error), Some(600.0)),
        scripted("half-of-c", fixed(120.0), &slot(2), Strikes::Container(ContainerMode::Error(gray)), Some(300.0)),
        scripted("b-away", fixed(1000.0), &[ScriptTarget::Deployment(id(B))], Strikes::Deployment(error), Some(10.0)),
    ]
    .into();
    // Without probes nobody leaves rotation, and what fails does so exactly as long as the fault is at work.
    for workload in &mut model.workloads {
        let main = workload.pod.main_mut();
        (main.liveness, main.readiness) = (None, None);
    }
    let cause = |index| Cause::Fault(FaultId::new(index));
    let outcome = replicate(&model, 1, 0);
    outcome.assert_consistent();
    assert_eq!(outcome.counted(Quantity::Downtime), 0);
    assert!(near(seconds(outcome.counted(Quantity::FailedRequests)), 150.0));
    assert_eq!(outcome.failed_charged_to(cause(0)), 0, "b answered for a");
    assert!(near(seconds(outcome.failed_charged_to(cause(1))), 150.0));
    let [a, b, c] = outcome.workloads() else { panic!("three Deployments") };
    let downtime = |outcome: &Outcome| seconds(outcome.counted(Quantity::Downtime));
    assert!(near(downtime(a), 600.0) && near(downtime(b), 10.0) && near(downtime(c), 0.0));

    // Where both are away at once, each bears half.
    model.faults[FaultId::new(2)] =
        scripted("b-away", fixed(600.0), &[ScriptTarget::Deployment(id(B))], Strikes::Deployment(error), Some(20.0));
    let outcome = replicate(&model, 1, 0);
    outcome.assert_consistent();
    assert!(near(downtime(&outcome), 20.0));
    assert!([0, 2].iter().all(|&it| near(seconds(outcome.downtime_charged_to(cause(it))), 10.0)));
    assert!([0, 2].iter().all(|&it| near(seconds(outcome.failed_charged_to(cause(it))), 10.0)));
}

/// A system of several is created at once: it is available for the first time when what it requires is, and what was lost until
/// then is not counted; each Deployment has its own first time.
#[test]
fn a_fresh_system_counts_from_when_all_that_is_required_is_there() {
    let mut model = Model { start: Start::Fresh, ..two([1, 1]) };
    workload(&mut model, B).pod.main_mut().app.start_up = fixed(200.0);
    workload(&mut model, B).pod.main_mut().liveness = None;
    for (all, last) in [(true, B), (false, A)] {
        let parts = vec![pods(A), pods(B)];
        model.system = Some(if all { Requirement::all(parts) } else { Requirement::any(parts) });
        let outcome = replicate(&model, 1, 0);
        let of = |which: usize| outcome.workloads()[which].first_available().unwrap();
        assert!(of(A) + 100_000_000_000 < of(B));
        assert_eq!(outcome.first_available(), Some(of(last)));
        assert_eq!(outcome.counted(Quantity::Downtime), 0);
    }
}

/// A Node is charged to each Deployment that it takes down, once to the system.
#[test]
fn a_shared_node_is_charged_to_each_and_once_to_the_system() {
    let mut model = one_node(two([1, 1]));
    let room = Resources { cpu_millis: 100, memory_bytes: 1 << 20 };
    (A..=B).for_each(|which| workload(&mut model, which).pod.requests = room);
    model.faults = vec![scripted("dies", fixed(100.0), &holder(0), CRASH_NODE, Some(60.0))].into();
    let outcome = replicate(&model, 1, 0);
    outcome.assert_consistent();
    let cause = Cause::Fault(FaultId::new(0));
    let [a, b] = outcome.workloads() else { panic!("two Deployments") };
    let longest = a.counted(Quantity::Downtime).max(b.counted(Quantity::Downtime));
    assert!(longest > 60_000_000_000);
    assert_eq!(outcome.counted(Quantity::Downtime), longest, "they are struck at once");
    assert_eq!(outcome.downtime_charged_to(cause), longest);
}
