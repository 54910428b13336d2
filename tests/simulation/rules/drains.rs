//! Rules of drains and budgets (V1–V4, V7–V15, S17, R6, W10, W22, T8), in the bare model, where what is right is known beforehand.

use crate::common::stats::assert_mean;
use crate::common::{self, CRASH_NODE, DELETION, HANG, fault, fixed, near, scripted, secs};
use hasim::cluster::{Cause, Happening, Mode, Observed, Observer, OperationEnd, Target, watch};
use hasim::experiment::{Outcome, replicate};
use hasim::ids::{BudgetId, FaultId, IdVec, NodeId, SlotId, WorkloadId};
use hasim::model::{Budget, Fault, Limit, Model, OnSigterm, Part, Probe, ScriptTarget, Strategy, Strikes};
use hasim::study::Quantity;
use hasim::time::SimTime;

const BEGIN: f64 = 100.0;
/// A request of a drain in the bare model, the disruption controller's lag, and from one attempt to the next.
const REQUEST: f64 = 0.02;
const LAG: f64 = 0.1;
const PERIOD: f64 = 5.0 + REQUEST;
/// The first attempts are answered: the list and they have taken a request each.
const FIRST: f64 = BEGIN + 2.0 * REQUEST;

/// A replication, written down.
#[derive(Debug, Clone, Default)]
struct Film {
    log: Vec<(f64, Happening)>,
    ended: Vec<(f64, OperationEnd)>,
    refused: u64,
}

impl Observer for Film {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::Happened(what) => self.log.push((at.as_secs_f64(), *what)),
            Observed::OperationEnded { end, target: Target::Node(_), .. } => self.ended.push((at.as_secs_f64(), *end)),
            Observed::EvictionsRefused { count, .. } => self.refused += count,
            _ => {}
        }
    }
}

impl Film {
    fn when(&self, is: impl Fn(&Happening) -> bool) -> Vec<f64> {
        self.log.iter().filter(|(_, what)| is(what)).map(|(at, _)| *at).collect()
    }

    /// When evictions were granted.
    fn granted(&self) -> Vec<f64> {
        self.when(|what| matches!(what, Happening::EvictionGranted { .. }))
    }

    fn gone_after(&self, from: f64) -> Vec<f64> {
        let mut gone = self.when(|what| matches!(what, Happening::PodGone { .. }));
        gone.retain(|at| *at >= from);
        gone
    }

    fn bound_to(&self, node: NodeId) -> Vec<f64> {
        self.when(|what| matches!(what, Happening::PodBound { node: on, .. } if *on == node))
    }

    fn uncordoned(&self) -> Vec<f64> {
        self.when(|what| matches!(what, Happening::NodeUncordoned { .. }))
    }

    fn ready_again(&self, from: f64) -> Vec<f64> {
        let mut ready = self.when(|what| matches!(what, Happening::ReadyWritten { ready: true, .. }));
        ready.retain(|at| *at >= from);
        ready
    }
}

fn film(model: &Model, index: u64) -> Film {
    watch(model, 3, index, Mode::Fast, SimTime::ZERO + model.horizon, Film::default())
}

fn films(model: &Model, count: u64) -> Vec<Film> {
    (0..count).map(|index| film(model, index)).collect()
}

fn drain(node: Option<NodeId>, timeout: Option<f64>) -> Strikes {
    Strikes::Drain { node, timeout: timeout.map(secs) }
}

fn begin(name: &str, at: f64, node: usize, uncordon_after: f64) -> Fault {
    scripted(name, fixed(at), &[ScriptTarget::Cluster], drain(Some(NodeId::new(node)), None), Some(uncordon_after))
}

fn budget(limit: Limit) -> Budget {
    Budget { name: "budget".into(), selects: vec![true].into(), limit, always_allows_unhealthy: false }
}

fn at_least(pods: u32) -> Limit {
    Limit::MinAvailable(Part::Number(pods))
}

/// All replicas on the first of three Nodes; `start` seconds until a new one listens, and up to 1 s until it is Ready; the first Node
/// is drained after a while and takes Pods again 60 s after that.
fn crowded(replicas: u32, start: f64, limit: Option<Limit>) -> Model {
    let mut model = common::bare(replicas);
    model.app_mut().start_up = fixed(start);
    let pod = &mut model.workload_mut().pod;
    pod.spread.clear();
    let main = pod.main_mut();
    main.liveness = None;
    main.readiness = Some(Probe { initial_delay: secs(0.0), period: secs(1.0), ..common::probe(2) });
    // The scheduler likes large Nodes, and all are large enough.
    pod.requests.cpu_millis = 1000;
    for (node, times) in model.cluster.nodes.iter_mut().zip([1_000_000, 20, 20]) {
        node.allocatable.cpu_millis *= times;
        node.allocatable.memory_bytes *= times;
    }
    model.budgets = limit.map(budget).into_iter().collect();
    model.horizon = secs(1800.0);
    model.window = secs(1800.0);
    model.faults = vec![begin("drain", BEGIN, 0, 60.0)].into();
    model
}

fn first_node() -> NodeId {
    NodeId::new(0)
}

fn played(model: &Model, count: u64) -> Vec<Outcome> {
    let outcomes: Vec<Outcome> = (0..count).map(|index| replicate(model, 3, index)).collect();
    outcomes.iter().for_each(Outcome::assert_consistent);
    outcomes
}

/// V13, V15: without a budget all Pods of the Node go at once, and the drain is over with the first look, on a grid of 1 s from the
/// grant, that finds the last of them gone.
#[test]
fn v13_v15_without_a_budget_all_go_at_once() {
    for film in films(&crowded(3, 10.0, None), 10) {
        assert!(film.granted().iter().all(|at| near(*at, FIRST)), "{:?}", film.granted());
        assert_eq!(film.granted().len(), 3);
        let last = film.gone_after(BEGIN)[..3].iter().copied().fold(0.0, f64::max);
        let over = film.ended[0].0;
        assert_eq!(film.ended[0].1, OperationEnd::Complete);
        assert!(near((over - FIRST).fract().min(1.0 - (over - FIRST).fract()), 0.0), "{over}");
        assert!((last..last + 1.0 + 1e-6).contains(&over), "{over} {last}");
        assert_eq!(film.refused, 0);
        // Nothing moves back (S17).
        assert!(film.bound_to(first_node()).is_empty());
    }
}

/// V7: a cordoned Node takes nothing, and what waits for it is bound when it takes Pods again, so long after the drain as is said. The
/// Pods that run on it are not disturbed otherwise.
#[test]
fn v7_s17_a_cordoned_node_takes_no_pods_until_it_is_uncordoned() {
    let mut model = crowded(2, 10.0, None);
    model.workload_mut().pod.selects_node = vec![true, false, false];
    for film in films(&model, 10) {
        let over = film.ended[0].0;
        assert_eq!(film.uncordoned().len(), 1);
        assert!(near(film.uncordoned()[0], over + 60.0));
        let bound = film.bound_to(first_node());
        assert_eq!(bound.len(), 2);
        assert!(bound.iter().all(|at| near(*at, over + 60.01)), "{bound:?}");
    }
    model.workload_mut().pod.tolerations.unschedulable_no_schedule = true;
    for film in films(&model, 3) {
        let bound = film.bound_to(first_node());
        assert!(bound[0] < BEGIN + 1.0, "a Pod that tolerates the cordon comes back at once: {bound:?}");
    }
    model = crowded(2, 10.0, Some(at_least(2)));
    for film in films(&model, 3) {
        assert!(
            film.when(|what| matches!(what, Happening::ReadyWritten { .. })).is_empty(),
            "nothing happens to its Pods"
        );
        assert!(film.bound_to(first_node()).is_empty() && film.ended.is_empty());
    }
}

/// S7a: a cordoned Node counts as a domain without Pods, so that hard spread leaves the replacement no other; with
/// `nodeTaintsPolicy: Honor` it does not count.
#[test]
fn s7a_hard_spread_leaves_the_replacement_pending() {
    let mut model = common::bare(3);
    common::redeploy(&mut model, 3, 3, 1, true);
    model.horizon = secs(1800.0);
    model.window = secs(1800.0);
    model.faults = vec![begin("drain", BEGIN, 0, 60.0)].into();
    let bound = |film: &Film| film.when(|what| matches!(what, Happening::PodBound { .. }))[0];
    for film in films(&model, 5) {
        let over = film.ended[0].0;
        assert_eq!(film.bound_to(first_node()).len(), 1);
        assert!(near(bound(&film), over + 60.01), "{} {over}", bound(&film));
    }
    model.workload_mut().pod.spread[0].honor_taints = true;
    for film in films(&model, 5) {
        assert!(film.bound_to(first_node()).is_empty());
        assert!(bound(&film) < BEGIN + 1.0);
    }
}

/// V1: what is rounded up, and which Pods count.
#[test]
fn v1_how_many_may_go_at_once() {
    let quarter = Limit::MaxUnavailable(Part::Percent(25));
    let most = Limit::MinAvailable(Part::Percent(90));
    for (limit, replicas, at_first) in [
        (quarter, 2, 1),
        (quarter, 5, 2),
        (most, 2, 0),
        (most, 20, 2),
        (at_least(1), 3, 2),
        (Limit::MaxUnavailable(Part::Number(0)), 3, 0),
        (Limit::MaxUnavailable(Part::Number(9)), 3, 3),
        (Limit::Nothing, 2, 0),
    ] {
        for film in films(&crowded(replicas, 10.0, Some(limit)), 3) {
            let soon = film.granted().into_iter().filter(|at| *at < FIRST + 2.0).count();
            assert_eq!(soon, at_first, "{limit:?} of {replicas}");
            assert_eq!(film.ended.is_empty(), at_first == 0, "{limit:?} of {replicas}");
        }
    }
}

/// R6, W10, W22: Pods that are refused ask again every 5 s and one request, each from its first refusal on: the first requests have
/// conflicted with the one that was granted (V9). The next goes with the first request after its predecessor's successor is Ready
/// and the budget knows it.
#[test]
fn v4_r6_the_grid_of_retries() {
    for (replicas, allowed) in [(2, 1), (4, 1), (4, 2), (5, 2)] {
        let limit = Limit::MaxUnavailable(Part::Number(allowed));
        for film in films(&crowded(replicas, 13.0, Some(limit)), 20) {
            let granted = film.granted();
            assert_eq!(granted.len(), replicas as usize);
            if allowed > 1 {
                continue;
            }
            assert!(near(granted[0], FIRST));
            for (place, (pair, ready)) in granted.windows(2).zip(film.ready_again(BEGIN)).enumerate() {
                // A Pod has conflicted with some of those that went before it, with the first in any case.
                let conflicts = (1..=place as u32 + 1).map(f64::from);
                let off = (pair[1] - FIRST) % PERIOD;
                assert!(conflicts.into_iter().any(|n| (0.5 * n..0.55 * n).contains(&off)), "{off}");
                let known = ready + LAG;
                assert!((known..known + PERIOD + 0.55).contains(&pair[1]), "{granted:?}, Ready at {ready}");
            }
            // Every other attempt was refused.
            let refused: f64 = granted[1..].iter().map(|at| ((at - FIRST) / PERIOD).floor()).sum();
            assert_eq!(film.refused, refused as u64);
        }
    }
}

/// W22: two Pods, one of which must be available, that are Ready 20.6 s after their predecessor's eviction: evicted at 0 and, half a
/// second of the conflict later than it says there (V9), at 25.6; the Node is empty between 26.5 and 28.
#[test]
fn w10_w22_two_pods_and_a_budget() {
    let mut model = crowded(2, 20.3, Some(at_least(1)));
    model.workload_mut().pod.main_mut().readiness.as_mut().unwrap().period = secs(1.0);
    let films = films(&model, 50);
    assert_eq!(films.len(), 50);
    for film in films {
        let granted = film.granted();
        let ready = film.ready_again(BEGIN)[0] - granted[0];
        assert!((20.6..22.0).contains(&ready), "{ready}");
        let conflict = granted[1] - granted[0] - 5.0 * PERIOD;
        assert!((0.5..0.55).contains(&conflict), "{granted:?}");
        let over = film.ended[0].0 - granted[0];
        assert!((26.5..28.1).contains(&over), "{over}");
    }
}

/// V9: of two that are allowed at the same moment one has to try again within the API server, half a second later.
#[test]
fn v9_two_that_are_allowed_are_half_a_second_apart() {
    let waits: Vec<f64> = films(&crowded(2, 10.0, Some(at_least(0))), 400)
        .iter()
        .map(|film| film.granted()[1] - film.granted()[0])
        .collect();
    assert!(waits.iter().all(|wait| (0.5..0.55).contains(wait)), "{waits:?}");
    assert_mean("conflict", &waits, 0.525, 1);
}

/// V9: where one is allowed, an eviction that comes within 10 ms after it has read the same version of the budget: it conflicts, is
/// refused half a second later, and asked for again 5 s and a request after that. One that comes later is refused at once.
#[test]
fn v9_where_one_is_allowed_the_other_conflicts_before_it_is_refused() {
    for (after, conflicts) in [(0.0, true), (0.009_999, true), (0.01, false), (0.02, false)] {
        let mut model = common::bare(3);
        model.app_mut().start_up = fixed(30.0);
        model.budgets = vec![budget(Limit::MaxUnavailable(Part::Number(1)))].into();
        model.horizon = secs(600.0);
        model.window = secs(600.0);
        // Each has one Pod.
        model.faults = vec![begin("one", BEGIN, 0, 300.0), begin("other", BEGIN + after, 1, 300.0)].into();
        for film in films(&model, 20) {
            let (granted, asked) = (film.granted(), FIRST + after);
            let refused = film.when(|what| matches!(what, Happening::EvictionRefused { .. }));
            assert!(near(granted[0], FIRST) && refused.len() == 1 && granted.len() == 2, "{refused:?} {granted:?}");
            let waited = refused[0] - asked;
            assert!(if conflicts { (0.5..0.55).contains(&waited) } else { near(waited, 0.0) }, "{after}: {waited}");
            let periods = (granted[1] - refused[0]) / PERIOD;
            assert!(periods > 5.0 && near(periods, periods.round()), "{after}: {periods}");
        }
    }
}

/// V9: of many at the same moment, those that try again at the same moment conflict again.
#[test]
fn v9_many_conflict_again() {
    for film in films(&crowded(8, 10.0, Some(at_least(0))), 50) {
        let granted = film.granted();
        assert_eq!(granted.len(), 8);
        assert_eq!(film.refused, 0);
        for pair in granted.windows(2) {
            assert!(pair[1] - pair[0] > 0.01 - 1e-9, "{granted:?}");
        }
        assert!(granted.iter().all(|at| (0..8).any(|n| {
            let n = f64::from(n);
            (0.5 * n..0.55 * n + 1e-9).contains(&(at - FIRST))
        })));
        assert_eq!(film.ended[0].1, OperationEnd::Complete);
    }
}

/// V10: the budget knows of a Pod that has become Ready a little later, and not before.
#[test]
fn v10_the_budget_lags_behind() {
    // Ready between the fourth attempt and the fifth, and known before it or after.
    for (lag, is_known) in [(0.1, true), (6.0, false)] {
        let mut model = crowded(2, 13.0, Some(at_least(1)));
        model.cluster.latencies.disruption = fixed(lag);
        for film in films(&model, 20) {
            let (granted, ready) = (film.granted(), film.ready_again(BEGIN)[0]);
            let first = FIRST + (granted[1] - FIRST) % PERIOD;
            let next = first + ((ready - first) / PERIOD).ceil() * PERIOD;
            assert!(granted[1] >= ready + lag);
            assert!(!is_known || ready + lag > next || near(granted[1], next), "{granted:?} {ready}");
            assert!(is_known || granted[1] > next + 1.0, "{granted:?} {ready}");
        }
    }
}

/// V2: a Pod that is Pending is evicted whatever the budget says, one that waits for a Node not being on it; one that is terminating is
/// waited for.
#[test]
fn v2_v8_k15_pending_and_terminating_pods_need_no_budget() {
    // The image of a replacement is pulled for a long time.
    let mut model = crowded(2, 10.0, Some(at_least(2)));
    model.cluster.latencies.sandbox = fixed(500.0);
    model.faults.push(scripted("deletion", fixed(BEGIN - 20.0), &[ScriptTarget::Slot(SlotId::new(0))], DELETION, None));
    for film in films(&model, 10) {
        let granted = film.granted();
        assert_eq!(granted.len(), 1, "the one that is Pending goes, the other stays");
        assert!(near(granted[0], FIRST));
        assert!(film.ended.is_empty());
    }
    let mut model = crowded(2, 10.0, None);
    model.app_mut().on_sigterm = OnSigterm::Exits(fixed(25.0));
    model.faults.push(scripted("deletion", fixed(BEGIN - 3.0), &[ScriptTarget::Slot(SlotId::new(0))], DELETION, None));
    model.workload_mut().pod.selects_node = vec![true, false, false];
    for film in films(&model, 10) {
        assert_eq!(film.granted().len(), 2, "the other one, and the replacement of the first");
        assert!(film.ended[0].0 >= film.gone_after(BEGIN)[0]);
    }
}

/// V2: a Pod that is not Ready is evicted while enough others are healthy; where they are not, only where the policy says so.
#[test]
fn v2_pods_that_are_not_ready() {
    let hang = |slots: &[usize]| {
        let targets: Vec<ScriptTarget> = slots.iter().map(|slot| ScriptTarget::Slot(SlotId::new(*slot))).collect();
        scripted("hang", fixed(BEGIN - 50.0), &targets, HANG, None)
    };
    let soon = |film: &Film| film.granted().into_iter().filter(|at| *at < FIRST + 2.0).count();
    for (broken, limit, policy, goes) in [
        // Two of three are healthy, as they must be: the third may go, and no other.
        (&[2][..], at_least(2), false, 1),
        // One of two is healthy, two must be: the broken one blocks the drain.
        (&[1], at_least(3), false, 0),
        (&[1], at_least(3), true, 1),
        (&[1, 2], at_least(3), true, 2),
        // None need be: that is not enough for the default policy, which then asks how many may go.
        (&[0, 1, 2], Limit::MaxUnavailable(Part::Percent(100)), false, 0),
    ] {
        let mut model = crowded(3, 10.0, Some(limit));
        model.budgets[BudgetId::new(0)].always_allows_unhealthy = policy;
        model.faults.push(hang(broken));
        for film in films(&model, 5) {
            assert_eq!(soon(&film), goes, "{broken:?} {limit:?} {policy}");
        }
    }
}

/// C18, V2: a Pod whose container has run is not Pending when it has crashed, so that the budget holds it.
#[test]
fn c18_v2_a_pod_that_has_crashed_is_not_pending() {
    let mut model = crowded(2, 300.0, Some(at_least(2)));
    model.faults.push(scripted(
        "crash",
        fixed(BEGIN - 20.0),
        &[ScriptTarget::Slot(SlotId::new(1))],
        common::CRASH,
        None,
    ));
    for film in films(&model, 5) {
        assert!(!film.when(|what| matches!(what, Happening::ReadyWritten { ready: false, .. })).is_empty());
        assert!(film.granted().is_empty());
    }
}

/// V2, V13: more than one budget is an error for that Pod. The others go, and the drain fails in the end.
#[test]
fn v2_v13_a_pod_of_two_budgets_fails_the_drain() {
    let mut model = crowded(1, 10.0, None);
    let own = model.workload().clone();
    model.workloads = common::side_by_side([common::named("a", own.clone()), common::named("b", own)]);
    let selects = |a, b| -> IdVec<WorkloadId, bool> { vec![a, b].into() };
    let all = |selects| Budget { selects, ..budget(at_least(0)) };
    model.budgets = vec![all(selects(true, false)), all(selects(true, true))].into();
    for film in films(&model, 10) {
        assert_eq!(film.granted().len(), 1);
        assert_eq!(film.ended[0].1, OperationEnd::Failed);
        assert_eq!(film.refused, 0);
        assert!(near(film.uncordoned()[0], film.ended[0].0 + 60.0));
    }
    for outcome in played(&model, 3) {
        let operation = &outcome.operations()[0];
        assert_eq!((operation.begun(), operation.gave_up, operation.complete.count()), (1, 1, 0));
        assert_eq!(operation.least, [1], "of the Deployment that has the fewest");
    }
    // A budget over both counts the Pods of both.
    model.budgets = vec![all(selects(true, true))].into();
    model.budgets[BudgetId::new(0)].limit = at_least(2);
    for film in films(&model, 3) {
        assert!(film.granted().is_empty() && film.ended.is_empty());
    }
    model.budgets[BudgetId::new(0)].limit = at_least(1);
    for film in films(&model, 3) {
        assert_eq!(film.granted().len(), 2);
        assert!(film.granted()[1] > FIRST + 10.0);
    }
}

/// A budget that equals the replicas blocks the drain for ever; nothing is lost, and the refusals are counted.
#[test]
fn r6_a_blocked_drain_never_ends() {
    let mut model = crowded(2, 10.0, Some(at_least(2)));
    for outcome in played(&model, 5) {
        let operation = &outcome.operations()[0];
        assert_eq!((operation.begun(), operation.censored), (1, 1));
        // Two Pods ask from the first attempt to the end of the counted time.
        let attempts = ((1800.0 - FIRST) / PERIOD).ceil() as u64;
        assert_eq!(operation.refused, 2 * attempts);
        assert_eq!(outcome.counted(Quantity::Downtime), 0);
    }
    // A second drain of the same Node does not begin.
    model.faults.push(begin("again", 900.0, 0, 60.0));
    for outcome in played(&model, 2) {
        assert_eq!((outcome.operations()[1].begun(), outcome.operations()[1].skipped), (0, 1));
    }
}

/// V14: the timeout is tested before each request and while a Pod is looked after; the pause between two requests is not cut short.
/// What was evicted stays so, and the drain has failed.
#[test]
fn v14_a_timeout() {
    let mut model = crowded(2, 10.0, Some(at_least(2)));
    for timeout in [1.0, 7.0, 61.0] {
        model.faults[FaultId::new(0)].strikes = drain(Some(first_node()), Some(timeout));
        for film in films(&model, 3) {
            let (over, end) = film.ended[0];
            let sent = BEGIN + REQUEST;
            let request = ((BEGIN + timeout - sent) / PERIOD).ceil();
            assert!(near(over, sent + request * PERIOD), "{over}");
            assert_eq!(end, OperationEnd::Failed);
            assert_eq!(film.refused, 2 * request as u64);
            assert!(near(film.uncordoned()[0], over + 60.0));
        }
    }
    // Both go, and take longer than there is time.
    let mut model = crowded(2, 10.0, None);
    model.app_mut().on_sigterm = OnSigterm::Exits(fixed(20.0));
    model.faults[FaultId::new(0)].strikes = drain(Some(first_node()), Some(12.3));
    for film in films(&model, 3) {
        assert_eq!(film.granted().len(), 2);
        assert!(near(film.ended[0].0, BEGIN + 12.3));
        assert_eq!(film.ended[0].1, OperationEnd::Failed);
    }
}

/// V12: a Pod that a surge has made is healthy like any other, and lets one go that the budget alone would not.
#[test]
fn v12_a_surge_pod_counts() {
    let mut model = crowded(3, 20.0, Some(at_least(3)));
    // Each new Pod of the rollout is Ready for a while before the old one goes.
    model.workload_mut().strategy =
        Strategy::RollingUpdate { max_surge: Part::Number(1), max_unavailable: Part::Number(0) };
    model.workload_mut().min_ready = secs(30.0);
    for film in films(&model, 3) {
        assert!(film.granted().is_empty());
    }
    let rollout = Strikes::Rollout { new_image: false };
    let targets = [ScriptTarget::Deployment(WorkloadId::new(0))];
    model.faults.push(scripted("rollout", fixed(BEGIN + 10.0), &targets, rollout, None));
    for film in films(&model, 10) {
        assert!(!film.granted().is_empty());
        let ready = film.ready_again(BEGIN)[0];
        assert!((ready..ready + PERIOD + LAG + 1e-6).contains(&film.granted()[0]), "{ready} {:?}", film.granted());
    }
}

/// V3, V24: a rollout asks no budget.
#[test]
fn v3_v24_a_rollout_asks_no_budget() {
    let mut model = crowded(2, 10.0, Some(at_least(2)));
    model.workload_mut().strategy = Strategy::Recreate;
    let targets = [ScriptTarget::Deployment(WorkloadId::new(0))];
    let rollout = Strikes::Rollout { new_image: false };
    model.faults = vec![scripted("rollout", fixed(BEGIN), &targets, rollout, None)].into();
    for film in films(&model, 3) {
        assert_eq!(film.when(|what| matches!(what, Happening::PodDeleted { .. })).len(), 2);
        assert_eq!(film.when(|what| matches!(what, Happening::RolloutEnded { .. })).len(), 1);
    }
}

/// D7: a Pod that is evicted in the middle of a rollout is replaced by one of its own revision, and both operations end.
#[test]
fn d7_a_drain_in_the_middle_of_a_rollout() {
    let mut model = crowded(4, 10.0, Some(Limit::MaxUnavailable(Part::Number(1))));
    model.workload_mut().strategy =
        Strategy::RollingUpdate { max_surge: Part::Number(1), max_unavailable: Part::Number(0) };
    let targets = [ScriptTarget::Deployment(WorkloadId::new(0))];
    let rollout = Strikes::Rollout { new_image: false };
    for at in [-20.0, -5.0, 5.0, 20.0] {
        model.faults.push(scripted("rollout", fixed(BEGIN + at), &targets, rollout, None));
        for film in films(&model, 10) {
            assert_eq!(film.when(|what| matches!(what, Happening::RolloutEnded { .. })).len(), 1);
            assert_eq!(film.ended.len(), 1);
            let born = film.when(|what| matches!(what, Happening::PodCreated { .. })).len();
            let gone = film.when(|what| matches!(what, Happening::PodGone { .. })).len();
            assert_eq!(born - gone, 4);
        }
        model.faults = model.faults.iter().take(1).cloned().collect();
    }
}

/// N13: a Node that dies in the middle keeps its terminating Pods, and the drain waits for them: until the Node is back, or for the
/// rest of its time.
#[test]
fn a_node_that_dies_in_the_middle_keeps_its_drain_waiting() {
    let mut model = crowded(2, 10.0, None);
    model.app_mut().on_sigterm = OnSigterm::Exits(fixed(20.0));
    let crash = [ScriptTarget::Node(first_node())];
    model.faults.push(scripted("crash", fixed(BEGIN + 5.0), &crash, CRASH_NODE, Some(400.0)));
    for film in films(&model, 5) {
        let (over, end) = film.ended[0];
        assert!((BEGIN + 405.0..BEGIN + 420.0).contains(&over), "{over}");
        assert_eq!(end, OperationEnd::Complete);
    }
    model.faults[FaultId::new(0)].strikes = drain(Some(first_node()), Some(60.0));
    for film in films(&model, 5) {
        assert!(near(film.ended[0].0, BEGIN + 60.0));
        assert_eq!(film.ended[0].1, OperationEnd::Failed);
    }
}

/// Where no Node is named they take turns: each once in a round, in an order of the replication's own.
#[test]
fn the_nodes_take_turns() {
    let mut model = common::bare(3);
    model.horizon = secs(86_400.0);
    model.window = secs(86_400.0);
    let mut every = fault("drain", drain(None, None), fixed(3600.0), Some(fixed(300.0)));
    every.lasts = Some(fixed(300.0));
    model.faults = vec![every].into();
    let mut firsts = Vec::new();
    for film in films(&model, 20) {
        let node = |(_, what): &(f64, Happening)| match what {
            Happening::DrainBegan { node } => Some(*node),
            _ => None,
        };
        let nodes: Vec<NodeId> = film.log.iter().filter_map(node).collect();
        assert_eq!(nodes.len(), 24);
        for round in nodes.chunks_exact(3) {
            assert_eq!(round, &nodes[..3], "the same order in each round");
            let mut sorted = round.to_vec();
            sorted.sort();
            assert_eq!(sorted, [0, 1, 2].map(NodeId::new));
        }
        firsts.push(nodes[0]);
        assert_eq!(film.ended.len(), 24);
    }
    firsts.sort();
    firsts.dedup();
    assert_eq!(firsts.len(), 3, "orders differ between replications");
}

/// What a drain costs is charged to it, and to nothing else; a Pod that was down already remains with what struck it.
#[test]
fn a_drain_is_charged_with_the_slots_that_it_takes() {
    let charged =
        |outcome: &Outcome, fault: usize| outcome.downtime_charged_to(Cause::Fault(FaultId::new(fault))) as f64 / 1e9;
    for outcome in played(&crowded(2, 10.0, None), 10) {
        let down = outcome.counted(Quantity::Downtime) as f64 / 1e9;
        assert!((10.0..14.0).contains(&down), "{down}");
        assert!(near(charged(&outcome, 0), down));
        assert_eq!(outcome.operations()[0].least, [1], "none served for some time");
    }
    for outcome in played(&crowded(2, 10.0, Some(at_least(1))), 10) {
        assert_eq!(outcome.counted(Quantity::Downtime), 0);
        assert_eq!(outcome.operations()[0].least, [0, 1]);
    }
    let mut model = crowded(2, 10.0, None);
    let all = [0, 1].map(|slot| ScriptTarget::Slot(SlotId::new(slot)));
    model.faults.push(scripted("hang", fixed(BEGIN - 50.0), &all, HANG, None));
    for outcome in played(&model, 10) {
        let down = outcome.counted(Quantity::Downtime) as f64 / 1e9;
        assert!(near(charged(&outcome, 1), down), "{down}");
    }
}

/// A drain that finds no Pod on its Node is no drain that takes no time and costs nothing: it counts as begun, and for nothing else.
#[test]
fn a_drain_that_finds_nothing_is_counted_apart() {
    let mut model = crowded(2, 10.0, None);
    model.faults =
        (0..3).map(|node| begin(["one", "two", "three"][node], BEGIN, node, 60.0)).collect::<Vec<_>>().into();
    for outcome in played(&model, 5) {
        let operations = outcome.operations();
        assert_eq!((operations[0].begun(), operations[0].at_work(), operations[0].complete.count()), (1, 1, 1));
        for operation in &operations[1..] {
            assert_eq!((operation.begun(), operation.at_work(), operation.nothing_to_evict), (1, 0, 1));
            assert!(operation.least.is_empty() && operation.complete.count() == 0);
        }
    }
}

/// A drain that is due does not begin where its Node is gone, or where each Node is being drained; nor does a rollout of what is paused.
/// That is counted.
#[test]
fn what_does_not_begin_is_counted() {
    let mut model = crowded(2, 10.0, Some(at_least(2)));
    for (name, at) in [("one", 200.0), ("two", 300.0), ("three", 400.0)] {
        model.faults.push(scripted(name, fixed(at), &[ScriptTarget::Cluster], drain(None, None), Some(1e6)));
    }
    // The first Node is blocked for ever; the others are empty, and drained again and again.
    let skipped = |model: &Model| played(model, 1)[0].operations().iter().map(|one| one.skipped).collect::<Vec<_>>();
    assert_eq!(skipped(&model), [0, 0, 0, 0]);
    model.cluster.nodes = model.cluster.nodes.into_iter().take(1).collect();
    model.workload_mut().pod.selects_node = vec![true];
    assert_eq!(skipped(&model), [0, 1, 1, 1]);
    model.workload_mut().is_paused = true;
    let targets = [ScriptTarget::Deployment(WorkloadId::new(0))];
    let rollout = Strikes::Rollout { new_image: false };
    model.faults = vec![scripted("rollout", fixed(BEGIN), &targets, rollout, None)].into();
    assert_eq!(skipped(&model), [1]);
}

/// Closed form: a drain a day of the only Node that takes the only replica, which has no probes, for 60 s. The Pod is gone 0.41 s and
/// up to a round of the kubelet's listing (1.005 s) after the grant, so that the second look finds it gone, or in 41 % the third; it
/// stops serving with SIGTERM (10 ms); from the uncordon on it is bound (10 ms), synced (10 ms), created (0.3 s) and started (10 s).
#[test]
fn closed_form_of_a_year_of_drains() {
    let mut model = crowded(1, 10.0, None);
    model.workload_mut().pod.main_mut().readiness = None;
    model.workload_mut().pod.selects_node = vec![true, false, false];
    model.horizon = hasim::model::YEAR;
    let strikes = drain(Some(first_node()), None);
    model.faults = vec![fault("drain", strikes, common::exponential(86_400.0), Some(fixed(60.0)))].into();
    let downtime = |index| replicate(&model, 3, index).counted(Quantity::Downtime) as f64 / 1e9;
    let years: Vec<f64> = (0..400).map(downtime).collect();
    let looks = 1.0 + 0.415 / 1.005;
    assert_mean("downtime a year", &years, 365.0 * (looks - 0.01 + 60.0 + 0.02 + 0.3 + 10.0), 1);
}
