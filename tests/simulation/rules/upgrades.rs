//! Rules of upgrades of Nodes (V5, V15–V20, V24, D7, N17), in the bare model, where what is right is known beforehand.

use crate::common::stats::assert_mean;
use crate::common::{self, CRASH_NODE, fault, fixed, near, scripted, secs};
use hasim::cluster::{Cause, Happening, Mode, Observed, Observer, OperationEnd, Target, watch};
use hasim::experiment::{Outcome, replicate};
use hasim::ids::{FaultId, NodeId};
use hasim::model::{
    Budget, ControlPlaneMode, DeadNodes, Drainer, Limit, Model, NewNode, NodeMode, NodeUpgrade, OnTimeout, Part,
    ScriptTarget, Strikes, UpgradeOrder,
};
use hasim::study::Quantity;
use hasim::time::{Duration, SimTime};

const BEGIN: f64 = 100.0;
/// A request of a drain in the bare model, from one attempt to the next, and how long a new machine takes here.
const REQUEST: f64 = 0.02;
const PERIOD: f64 = 5.0 + REQUEST;
const TAKES: f64 = 120.0;
const UPGRADE: FaultId = FaultId::new(0);

/// One Node after the other in its place, in the order of their names.
const BY_HAND: NodeUpgrade = NodeUpgrade {
    surge: 0,
    at_once: 1,
    order: UpgradeOrder::Listed,
    cordons_all: false,
    soak: Duration::ZERO,
    drainer: Drainer::Kubectl,
    drain_timeout: None,
    on_timeout: OnTimeout::Fail,
    frees_failed: false,
};

/// With one new Node that joins first.
const SURGE: NodeUpgrade = NodeUpgrade { surge: 1, ..BY_HAND };

/// A replication, written down.
#[derive(Debug, Clone, Default)]
struct Film {
    log: Vec<(f64, Happening)>,
    began: Vec<f64>,
    ended: Vec<(f64, OperationEnd)>,
    refused: u64,
}

impl Observer for Film {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        let now = at.as_secs_f64();
        match what {
            Observed::Happened(what) => self.log.push((now, *what)),
            Observed::OperationBegan { target: Target::Cluster, .. } => self.began.push(now),
            Observed::OperationEnded { target: Target::Cluster, end, .. } => self.ended.push((now, *end)),
            Observed::EvictionsRefused { target: Target::Cluster, count, .. } => self.refused += count,
            _ => {}
        }
    }
}

impl Film {
    fn when(&self, is: impl Fn(&Happening) -> bool) -> Vec<f64> {
        self.log.iter().filter(|(_, what)| is(what)).map(|(at, _)| *at).collect()
    }

    fn nodes(&self, of: impl Fn(&Happening) -> Option<NodeId>) -> Vec<(f64, NodeId)> {
        self.log.iter().filter_map(|(at, what)| Some((*at, of(what)?))).collect()
    }

    /// The Nodes in the order in which their drains began.
    fn drained(&self) -> Vec<(f64, NodeId)> {
        self.nodes(|what| match what {
            Happening::DrainBegan { node } => Some(*node),
            _ => None,
        })
    }

    fn drains_over(&self) -> Vec<(f64, NodeId)> {
        self.nodes(|what| match what {
            Happening::DrainEnded { node, .. } => Some(*node),
            _ => None,
        })
    }

    fn deleted(&self) -> Vec<(f64, NodeId)> {
        self.nodes(|what| match what {
            Happening::NodeDeleted { node } => Some(*node),
            _ => None,
        })
    }

    fn joined(&self) -> Vec<(f64, NodeId)> {
        self.nodes(|what| match what {
            Happening::NodeJoined { node } => Some(*node),
            _ => None,
        })
    }

    /// The least and the most Nodes that the API knew at once, of so many at the beginning.
    fn counts(&self, at_first: i64) -> (i64, i64) {
        let (mut now, mut least, mut most) = (at_first, at_first, at_first);
        for (_, what) in &self.log {
            now += match what {
                Happening::NodeDeleted { .. } => -1,
                Happening::NodeJoined { .. } => 1,
                _ => 0,
            };
            (least, most) = (least.min(now), most.max(now));
        }
        (least, most)
    }
}

fn film(model: &Model, index: u64) -> Film {
    watch(model, 3, index, Mode::Fast, SimTime::ZERO + model.horizon, Film::default())
}

fn films(model: &Model, count: u64) -> Vec<Film> {
    (0..count).map(|index| film(model, index)).collect()
}

/// So many replicas on three zones with so many Nodes each, which are upgraded after a while; a new machine takes two minutes.
fn upgraded(replicas: u32, per_zone: u32, plan: NodeUpgrade) -> Model {
    let mut model = common::bare(replicas);
    common::redeploy(&mut model, replicas, 3, per_zone, false);
    model.cluster = common::cluster(3, per_zone, common::quick_latencies());
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = None;
    model.horizon = secs(20_000.0);
    model.window = secs(20_000.0);
    let strikes = Strikes::UpgradeNodes(plan);
    model.faults = vec![scripted("upgrade", fixed(BEGIN), &[ScriptTarget::Cluster], strikes, Some(TAKES))].into();
    if plan.surge > 0 {
        common::add_spares(&mut model, plan.surge.min(per_zone) as usize);
    }
    model
}

fn blocked(mut model: Model, pods: u32) -> Model {
    let limit = Limit::MinAvailable(Part::Number(pods));
    let budget = Budget { name: "budget".into(), selects: vec![true].into(), limit, always_allows_unhealthy: false };
    model.budgets = vec![budget].into();
    model
}

fn ids(nodes: &[(f64, NodeId)]) -> Vec<usize> {
    nodes.iter().map(|(_, node)| node.index()).collect()
}

/// V17: closed form of an upgrade in place: n times a drain, a machine and a pause. Empty Nodes are drained in one request.
#[test]
fn v17_in_place_one_node_after_the_other() {
    let soak = 30.0;
    let plan = NodeUpgrade { soak: secs(soak), ..BY_HAND };
    for replicas in [1, 3, 5] {
        for film in films(&upgraded(replicas, 1, plan), 5) {
            assert_eq!(ids(&film.drained()), [0, 1, 2]);
            let mut now = BEGIN;
            for number in 0..3 {
                let (began, over) = (film.drained()[number].0, film.drains_over()[number].0);
                assert!(near(began, now), "{began} {now}");
                assert!((REQUEST - 1e-6..2.0 * REQUEST + 2.0 + 1e-6).contains(&(over - began)), "{began} {over}");
                assert!(near(film.deleted()[number].0, over), "the machine goes with the end of the drain");
                assert!(near(film.joined()[number].0, over + TAKES));
                now = over + TAKES + soak;
            }
            assert_eq!((film.began.len(), film.ended[0].1), (1, OperationEnd::Complete));
            assert!(near(film.ended[0].0, now));
            assert_eq!(film.counts(3), (2, 3));
        }
    }
    // Nobody runs there: the drain is one request.
    let mut model = upgraded(1, 1, plan);
    model.workload_mut().pod.selects_node = vec![false; 3];
    for film in films(&model, 3) {
        assert!(near(film.ended[0].0, BEGIN + 3.0 * (REQUEST + TAKES + soak)));
    }
}

/// V18: with a surge a new Node has joined before an old one is cordoned, and there are never fewer Nodes than before.
#[test]
fn v18_a_new_node_joins_before_each_drain() {
    let soak = 30.0;
    let plan = NodeUpgrade { soak: secs(soak), ..SURGE };
    let mut model = upgraded(1, 2, plan);
    for film in films(&model, 5) {
        assert_eq!(film.counts(6), (6, 7));
        let (joined, drained, deleted) = (film.joined(), film.drained(), film.deleted());
        assert_eq!((joined.len(), drained.len(), deleted.len()), (6, 6, 6));
        let mut now = BEGIN;
        for number in 0..6 {
            assert!(near(joined[number].0, now + TAKES) && near(drained[number].0, now + TAKES));
            let zone = |node: NodeId| model.cluster.nodes[node].zone;
            assert_eq!(zone(joined[number].1), zone(drained[number].1), "of the same pool");
            now = film.drains_over()[number].0 + soak;
        }
        assert!(near(film.ended[0].0, now));
        // Each of the old machines was drained, and none of the new ones.
        let mut old = ids(&drained);
        old.sort_unstable();
        assert_eq!(old, [0, 1, 2, 3, 4, 5]);
    }
    model.workload_mut().pod.selects_node = vec![false; 9];
    for film in films(&model, 3) {
        assert!(near(film.ended[0].0, BEGIN + 6.0 * (TAKES + REQUEST + soak)));
    }
}

/// V18, V24: a budget that never lets a Pod go is honoured for an hour. Then the Pod is deleted with its grace and its hook, and its
/// replacement is created at once; the machine goes when it has gone.
#[test]
fn v18_v24_after_an_hour_pods_are_deleted_with_their_grace() {
    for hook in [0.0, 10.0] {
        let plan = NodeUpgrade { drain_timeout: Some(secs(3600.0)), on_timeout: OnTimeout::Force, ..SURGE };
        let mut model = blocked(upgraded(1, 1, plan), 1);
        model.workload_mut().pod.main_mut().pre_stop_sleep = secs(hook);
        for film in films(&model, 5) {
            let forced = film.when(|what| matches!(what, Happening::EvictionForced { .. }));
            assert!(!forced.is_empty());
            for &at in &forced {
                let drains = film.drained();
                let (began, node) = drains.into_iter().rfind(|(began, _)| *began <= at).unwrap();
                assert!(near(at, began + 3600.0), "{began} {at}");
                let since = |times: Vec<f64>| times.into_iter().find(|time| *time >= at).unwrap() - at;
                let gone = since(film.when(|what| matches!(what, Happening::PodGone { .. })));
                assert!((hook..hook + 1.5).contains(&gone), "{gone}");
                let over = since(film.when(|what| matches!(what, Happening::DrainEnded { has_failed: false, .. })));
                assert!(gone <= over && over < gone + 1.1, "{gone} {over}");
                assert!(film.deleted().iter().any(|(time, deleted)| near(*time, at + over) && *deleted == node));
                let created = since(film.when(|what| matches!(what, Happening::PodCreated { .. })));
                assert!(near(created, 0.01), "the replacement is created at once (D7)");
            }
            assert_eq!(film.ended[0].1, OperationEnd::Forced);
            let attempts = (3600.0 / PERIOD) as u64;
            assert!((attempts - 1..=attempts + 1).contains(&(film.refused / forced.len() as u64)));
            assert!(film.when(|what| matches!(what, Happening::EvictionGranted { .. })).is_empty());
        }
    }
}

/// V18: a Pod whose end nobody confirms keeps the Node for a minute more than its grace, and goes with its machine.
#[test]
fn v18_a_forced_upgrade_does_not_wait_for_ever() {
    let plan = NodeUpgrade { drain_timeout: Some(secs(600.0)), on_timeout: OnTimeout::Force, ..BY_HAND };
    let mut model = blocked(upgraded(1, 1, plan), 1);
    let dead = Strikes::Node(NodeMode::Kubelet);
    let nodes: Vec<ScriptTarget> = model.cluster.nodes.ids().map(ScriptTarget::Node).collect();
    model.faults.push(scripted("kubelets", fixed(BEGIN + 30.0), &nodes, dead, Some(4_000.0)));
    model.workload_mut().pod.tolerations.unreachable = hasim::model::Toleration::Forever;
    let grace = model.workload().pod.termination_grace.as_secs_f64();
    for film in films(&model, 5) {
        let forced = film.when(|what| matches!(what, Happening::EvictionForced { .. }));
        let failed = film.when(|what| matches!(what, Happening::DrainEnded { has_failed: true, .. }));
        assert!(near(failed[0], forced[0] + grace + 60.0), "{forced:?} {failed:?}");
        assert_eq!(film.ended[0].1, OperationEnd::Forced);
    }
}

/// V21a: Karpenter does not begin with a Node that has a Pod which may not be evicted, nor cordons it; it begins soon after a budget
/// allows it. One that deletes Pods in the end begins with any Node.
#[test]
fn v21a_a_drift_waits_for_candidates() {
    let drift = NodeUpgrade { drainer: Drainer::Karpenter, ..BY_HAND };
    let mut model = blocked(upgraded(3, 1, drift), 3);
    for film in films(&model, 3) {
        assert!(film.drained().is_empty() && film.began.len() == 1 && film.ended.is_empty());
    }
    let more = Strikes::Scale { to: 4 };
    let target = [ScriptTarget::Deployment(hasim::ids::WorkloadId::new(0))];
    model.faults.push(scripted("scale", fixed(BEGIN + 1_000.0), &target, more, None));
    for film in films(&model, 3) {
        let began = film.drained()[0].0;
        assert!((BEGIN + 1_000.0..BEGIN + 1_060.0).contains(&began), "{began}");
    }
    let forced = NodeUpgrade { drain_timeout: Some(secs(600.0)), on_timeout: OnTimeout::Force, ..drift };
    for film in films(&blocked(upgraded(3, 1, forced), 3), 3) {
        assert!(near(film.drained()[0].0, BEGIN));
    }
}

/// V19: a drain that gives up ends the upgrade there. The Node stays cordoned, or takes Pods again.
#[test]
fn v19_an_upgrade_fails_where_a_drain_gives_up() {
    for (frees_failed, surge) in [(false, 0), (true, 0), (true, 1)] {
        let timeout = Some(secs(1800.0));
        let plan = NodeUpgrade { drain_timeout: timeout, frees_failed, surge, ..BY_HAND };
        // One Pod on each Node.
        for film in films(&blocked(upgraded(3, 1, plan), 3), 5) {
            assert_eq!(ids(&film.drained()), [0]);
            let attempts = ((1800.0 - REQUEST) / PERIOD).ceil();
            let began = BEGIN + if surge > 0 { TAKES } else { 0.0 };
            let over = began + REQUEST + attempts * PERIOD;
            assert!(near(film.ended[0].0, over));
            assert_eq!(film.ended[0].1, OperationEnd::Failed);
            let freed = film.when(|what| matches!(what, Happening::NodeUncordoned { .. }));
            assert_eq!(freed.len(), usize::from(frees_failed));
            assert!(film.deleted().is_empty());
            assert_eq!(film.joined().len(), surge as usize, "the new Node is left");
            assert_eq!(film.refused, attempts as u64);
        }
    }
}

/// With `skip` the others get their new machines, and the new Node that was not needed serves the next one of its pool.
#[test]
fn an_upgrade_that_skips_goes_on_with_the_next() {
    let plan = NodeUpgrade { drain_timeout: Some(secs(60.0)), on_timeout: OnTimeout::Skip, ..BY_HAND };
    for surge in [0, 1] {
        let mut model = blocked(upgraded(1, 2, NodeUpgrade { surge, ..plan }), 1);
        model.horizon = secs(5_000.0);
        for film in films(&model, 5) {
            assert_eq!(film.drained().len(), 6);
            assert_eq!(film.deleted().len(), 5, "one cannot be drained");
            assert_eq!(film.ended[0].1, OperationEnd::Failed);
            assert!((5..=6).contains(&film.joined().len()));
            assert_eq!(film.counts(6).0, 6 - i64::from(surge == 0));
        }
    }
}

/// A new Node that a failed upgrade has left serves the next one at once.
#[test]
fn a_node_that_is_left_serves_the_next_upgrade() {
    let plan = NodeUpgrade { drain_timeout: Some(secs(60.0)), frees_failed: true, ..SURGE };
    let mut model = blocked(upgraded(3, 1, plan), 3);
    let strikes = Strikes::UpgradeNodes(NodeUpgrade { on_timeout: OnTimeout::Force, ..plan });
    model.faults.push(scripted("again", fixed(5_000.0), &[ScriptTarget::Cluster], strikes, Some(TAKES)));
    for film in films(&model, 5) {
        assert_eq!(
            film.ended.iter().map(|(_, end)| *end).collect::<Vec<_>>(),
            [OperationEnd::Failed, OperationEnd::Forced]
        );
        let second: Vec<(f64, NodeId)> = film.drained().into_iter().filter(|(at, _)| *at >= 5_000.0).collect();
        assert!(near(second[0].0, 5_000.0), "its new Node is there");
        assert_eq!((second.len(), film.joined().len(), film.deleted().len()), (3, 3, 3));
    }
}

/// V20: all new Nodes are Ready before all old ones are cordoned; then these are drained one after the other, and no Pod moves twice.
#[test]
fn v20_all_new_nodes_come_first() {
    let plan = NodeUpgrade { surge: 6, cordons_all: true, soak: secs(60.0), order: UpgradeOrder::Random, ..BY_HAND };
    let mut model = upgraded(4, 2, plan);
    model.faults[UPGRADE].lasts = Some(common::exponential(TAKES));
    for film in films(&model, 10) {
        let last = film.joined().last().unwrap().0;
        assert_eq!(film.joined().len(), 6);
        assert!(near(film.drained()[0].0, last), "{last} {:?}", film.drained());
        assert_eq!(film.counts(6), (6, 12));
        assert_eq!(film.when(|what| matches!(what, Happening::EvictionGranted { .. })).len(), 4, "each Pod moves once");
        for (over, next) in film.drains_over().into_iter().zip(film.drained().into_iter().skip(1)) {
            assert!(near(next.0, over.0 + 60.0));
        }
        assert_eq!(film.ended[0].1, OperationEnd::Complete);
    }
}

/// V16: so many at a time, and no more.
#[test]
fn v16_several_at_a_time() {
    for (surge, at_once) in [(0, 2), (2, 2), (3, 2), (2, 1), (0, 9)] {
        let plan = NodeUpgrade { surge, at_once, ..BY_HAND };
        for film in films(&upgraded(1, 2, plan), 5) {
            assert_eq!((film.drained().len(), film.joined().len(), film.deleted().len()), (6, 6, 6));
            let (least, most) = film.counts(6);
            let away = if surge == 0 { i64::from(at_once).min(6) } else { 0 };
            assert_eq!((least, most), (6 - away, 6 + i64::from(surge)), "{surge} {at_once}");
        }
    }
}

/// V5: the order is that of names, drawn anew for each upgrade, or zone by zone.
#[test]
fn v5_in_which_order() {
    let order_of = |order, index| ids(&film(&upgraded(1, 2, NodeUpgrade { order, ..BY_HAND }), index).drained());
    let mut drawn: Vec<Vec<usize>> = (0..20).map(|index| order_of(UpgradeOrder::Random, index)).collect();
    drawn.sort();
    drawn.dedup();
    assert!(drawn.len() > 15, "{drawn:?}");
    let mut swapped = 0;
    for index in 0..20 {
        assert_eq!(order_of(UpgradeOrder::Listed, index), [0, 1, 2, 3, 4, 5]);
        let nodes = order_of(UpgradeOrder::Zones, index);
        let zones: Vec<usize> = nodes.iter().map(|node| node / 2).collect();
        assert_eq!(zones, [0, 0, 1, 1, 2, 2]);
        swapped += usize::from(nodes[0] == 1);
    }
    assert!((3..=17).contains(&swapped), "{swapped} of 20");
}

/// An upgrade that is due while another one is under way does not begin.
#[test]
fn one_upgrade_at_a_time() {
    let mut model = blocked(upgraded(1, 1, BY_HAND), 1);
    let strikes = Strikes::UpgradeNodes(BY_HAND);
    model.faults.push(scripted("again", fixed(5_000.0), &[ScriptTarget::Cluster], strikes, Some(TAKES)));
    for index in 0..3 {
        let outcome = replicate(&model, 3, index);
        outcome.assert_consistent();
        let [first, second] = [0, 1].map(|number| &outcome.operations()[number]);
        assert_eq!((first.begun(), first.censored, second.begun()), (1, 1, 0));
        assert!(first.refused > 1000);
    }
}

/// A Node that dies before its turn, or during its drain, gets its new machine from whoever replaces dead ones, and is passed over.
#[test]
fn a_node_that_dies_is_passed_over() {
    for at in [BEGIN - 200.0, BEGIN + 1.0] {
        let mut model = upgraded(1, 1, BY_HAND);
        model.workload_mut().pod.selects_node = vec![false; 3];
        model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: fixed(2_000.0) });
        model.faults[UPGRADE] = scripted(
            "upgrade",
            fixed(BEGIN + 300.0),
            &[ScriptTarget::Cluster],
            Strikes::UpgradeNodes(BY_HAND),
            Some(TAKES),
        );
        let target = [ScriptTarget::Node(NodeId::new(1))];
        model.faults.push(scripted("crash", fixed(at.max(0.0)), &target, CRASH_NODE, None));
        for film in films(&model, 3) {
            assert_eq!(ids(&film.drained()), [0, 2]);
            assert!(near(film.ended[0].0, BEGIN + 300.0 + 2.0 * (REQUEST + TAKES)));
            assert_eq!(film.ended[0].1, OperationEnd::Complete);
        }
    }
    // It dies when its drain waits: the machine that is on its way is the new one.
    let plan = NodeUpgrade { order: UpgradeOrder::Listed, ..BY_HAND };
    let mut model = blocked(upgraded(3, 1, plan), 3);
    model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: fixed(500.0) });
    let target = [ScriptTarget::Node(NodeId::new(0))];
    model.faults.push(scripted("crash", fixed(BEGIN + 30.0), &target, CRASH_NODE, None));
    for film in films(&model, 3) {
        let first: Vec<f64> =
            film.joined().into_iter().filter(|(_, node)| node.index() == 0).map(|(at, _)| at).collect();
        assert_eq!(first.len(), 1, "no second machine");
        assert!(ids(&film.drained()).starts_with(&[0, 1]), "{:?}", film.drained());
    }
}

/// A place keeps its chance whatever machine stands there: with a surge the same faults strike at the same moments as without an
/// upgrade.
#[test]
fn faults_strike_places_and_not_machines() {
    let mut model = upgraded(1, 2, NodeUpgrade { surge: 2, ..BY_HAND });
    let every = common::exponential(4_000.0);
    model.faults.push(fault("partition", Strikes::Node(NodeMode::Partition), every, Some(fixed(0.001))));
    let struck = |model: &Model, index| {
        let zone = |node: NodeId| model.cluster.nodes[node].zone;
        let of = |what: &Happening| match what {
            Happening::FaultStruck { target: Target::Node(node), .. } => Some(*node),
            _ => None,
        };
        let film = film(model, index);
        let mut struck: Vec<_> = film.nodes(of).into_iter().map(|(at, node)| (zone(node), at)).collect();
        struck.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        struck
    };
    let mut quiet = model.clone();
    quiet.faults[UPGRADE] =
        scripted("upgrade", fixed(1e9), &[ScriptTarget::Cluster], Strikes::UpgradeNodes(BY_HAND), Some(TAKES));
    for index in 0..10 {
        let (with, without) = (struck(&model, index), struck(&quiet, index));
        assert!(with.len() > 10);
        assert_eq!(with.len(), without.len());
        for (with, without) in with.iter().zip(&without) {
            // The clock stands while the new kubelet starts, for 1.6 s at most.
            assert!(with.1 >= without.1 - 1e-6 && with.1 < without.1 + 1.6, "{with:?} {without:?}");
            assert_eq!(with.0, without.0);
        }
    }
    // A script that names a Node means its place, and so does a drain.
    let target = [ScriptTarget::Node(NodeId::new(0))];
    model.faults = model.faults.iter().take(1).cloned().collect();
    model.faults.push(scripted("crash", fixed(15_000.0), &target, CRASH_NODE, Some(60.0)));
    let named = Strikes::Drain { node: Some(NodeId::new(1)), timeout: None };
    model.faults.push(scripted("drain", fixed(16_000.0), &[ScriptTarget::Cluster], named, Some(60.0)));
    for film in films(&model, 3) {
        let died = film.nodes(|what| match what {
            Happening::MachineDied { node } => Some(*node),
            _ => None,
        });
        let (at, node) = *died.last().unwrap();
        assert!(near(at, 15_000.0) && model.cluster.nodes[node].is_spare, "{node:?}");
        let (at, node) = *film.drained().last().unwrap();
        assert!(near(at, 16_000.0) && (model.cluster.nodes[node].is_spare || node.index() == 0), "{node:?}");
    }
}

/// N17: without an API server no machine is replaced: what follows a drain waits.
#[test]
fn n17_an_upgrade_waits_for_the_api_server() {
    let soak = 100.0;
    let mut model = upgraded(1, 1, NodeUpgrade { soak: secs(soak), ..BY_HAND });
    model.workload_mut().pod.selects_node = vec![false; 3];
    let away = |at, lasts| {
        let strikes = Strikes::ControlPlane(ControlPlaneMode::ApiServer);
        scripted("away", fixed(at), &[ScriptTarget::Cluster], strikes, Some(lasts))
    };
    let usual = BEGIN + 3.0 * (REQUEST + TAKES + soak);
    // In the pause after a Node, in a drain, and while a machine is on its way.
    let joins = BEGIN + REQUEST + TAKES;
    for (at, lasts, later) in
        [(joins + 10.0, 9.0, 0.0), (joins + 95.0, 9.0, 4.0), (joins - 5.0, 9.0, 4.0), (BEGIN - 2.0, 9.0, 7.0)]
    {
        model.faults = model.faults.iter().take(1).cloned().collect();
        model.faults.push(away(at, lasts));
        for film in films(&model, 3) {
            assert!((film.ended[0].0 - usual - later).abs() < 0.05, "{at}: {} {usual}", film.ended[0].0);
        }
    }
}

fn charged(outcome: &Outcome, fault: usize) -> f64 {
    outcome.downtime_charged_to(Cause::Fault(FaultId::new(fault))) as f64 / 1e9
}

/// All that an upgrade costs is charged to it, forced or not, and to nothing else.
#[test]
fn an_upgrade_is_charged_with_what_it_costs() {
    let forced = NodeUpgrade { drain_timeout: Some(secs(60.0)), on_timeout: OnTimeout::Force, ..SURGE };
    for model in [upgraded(1, 1, BY_HAND), upgraded(2, 1, SURGE), blocked(upgraded(1, 1, forced), 1)] {
        for index in 0..5 {
            let outcome = replicate(&model, 3, index);
            outcome.assert_consistent();
            let down = outcome.counted(Quantity::Downtime) as f64 / 1e9;
            assert!(near(charged(&outcome, 0), down), "{down}");
            assert!(model.workload().replicas > 1 || down > 1.0);
            assert_eq!(outcome.operations()[0].complete.each.len(), 1);
        }
    }
}

/// Closed form: an upgrade a day, in place, of the only Node that takes the only replica. The Pod stops serving 0.01 s after the
/// grant, and the drain is over with the second look, or in 41 % with the third; the new machine takes 60 s, its kubelet 1.6 s more
/// until it syncs the Pod; then the container is created (0.3 s) and the application starts (1 s).
#[test]
fn closed_form_of_a_year_of_upgrades() {
    let mut model = upgraded(1, 1, BY_HAND);
    model.workload_mut().pod.selects_node = vec![true, false, false];
    model.horizon = hasim::model::YEAR;
    let strikes = Strikes::UpgradeNodes(BY_HAND);
    model.faults = vec![fault("upgrade", strikes, common::exponential(86_400.0), Some(fixed(60.0)))].into();
    let looks = 1.0 + 0.415 / 1.005;
    let each = |index| {
        let outcome = replicate(&model, 3, index);
        let begun = outcome.operations()[0].begun();
        assert!((250..480).contains(&begun), "{begun}");
        outcome.counted(Quantity::Downtime) as f64 / 1e9 / begun as f64
    };
    let costs: Vec<f64> = (0..200).map(each).collect();
    assert_mean("downtime of an upgrade", &costs, looks - 0.01 + 60.0 + 1.6 + 0.3 + 1.0, 1);
}
