//! Rules of replicas that are changed by hand (D6, D9, D10, D13–D16, D18, V1, V10), in the bare model.

use super::rollouts::{BEGIN, Life, charged, downtime, film, films, model, played, steps};
use crate::common::film::Film;
use crate::common::stats::assert_mean;
use crate::common::watch::{self, Log, struck};
use crate::common::{self, CRASH, HANG, days, exponential, fault, fixed, near, scripted, secs};
use hasim::cluster::{Happening, Mode, Observed, Observer, OperationEnd, watch};
use hasim::experiment::{replicate, trace};
use hasim::ids::{FaultId, IdVec, NodeId, SlotId, WorkloadId};
use hasim::model::{
    Affects, Budget, ContainerMode, Fault, Limit, Model, OnSigterm, Part, ScriptTarget, Strategy, Strikes,
};
use hasim::time::SimTime;

/// Both controllers, at 10 ms each.
const HOPS: f64 = 0.02;
const BACK: f64 = 600.0;

fn scale(at: f64, to: u32, back: Option<f64>) -> Fault {
    let target = [ScriptTarget::Deployment(WorkloadId::new(0))];
    scripted(&format!("scale-{at}"), fixed(at), &target, Strikes::Scale { to }, back)
}

/// So many replicas that are scaled as these say, without a rollout.
fn scaled(replicas: u32, scalings: impl IntoIterator<Item = Fault>) -> Model {
    Model { faults: scalings.into_iter().collect(), ..model(replicas, steps(1, 0)) }
}

fn deployment() -> WorkloadId {
    WorkloadId::new(0)
}

/// One Node has room for all, the two others for one Pod each.
fn crowded(mut model: Model) -> Model {
    for node in [1, 2] {
        model.cluster.nodes[NodeId::new(node)].max_pods = 1;
    }
    model
}

fn active(pods: &[Life], at: f64) -> usize {
    pods.iter().filter(|pod| pod.is_active(at)).count()
}

fn by_node(pods: &[Life], at: f64) -> [usize; 3] {
    [0, 1, 2].map(|node| pods.iter().filter(|pod| pod.is_active(at) && pod.node == Some(NodeId::new(node))).count())
}

/// When operations began and ended, and how; and which slots were closed, with the slot in which their Pod went on.
#[derive(Debug, Clone, Default)]
struct Told {
    began: Vec<f64>,
    ended: Vec<(f64, FaultId, OperationEnd)>,
    skipped: usize,
    closed: Vec<(SlotId, Option<SlotId>)>,
}

impl Observer for Told {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::OperationBegan { .. } => self.began.push(at.as_secs_f64()),
            Observed::OperationEnded { operation, end, .. } => self.ended.push((at.as_secs_f64(), *operation, *end)),
            Observed::OperationSkipped { .. } => self.skipped += 1,
            Observed::SlotClosed { slot, heir, .. } => self.closed.push((*slot, *heir)),
            _ => {}
        }
    }
}

fn told(model: &Model, index: u64) -> Told {
    watch(model, 3, index, Mode::Fast, SimTime::ZERO + model.horizon, Told::default())
}

/// D13, D9: two controllers, and all new Pods are created at once; none of the old ones is touched. They stand in slots at the top.
#[test]
fn d13_d9_up_all_at_once() {
    for film in films(&scaled(2, [scale(BEGIN, 5, None)]), 10) {
        let new: Vec<&Life> = film.pods.iter().filter(|pod| pod.created > 0.0).collect();
        assert_eq!(new.iter().map(|pod| pod.slot.index()).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(new.iter().all(|pod| near(pod.created, BEGIN + HOPS)), "{new:?}");
        assert!(film.pods.iter().all(|pod| pod.deleted.is_infinite()));
    }
}

/// Replicas are those of the moment: on the way up there are too few Pods until the new ones serve, on the way down never.
#[test]
fn too_few_pods_are_counted_by_the_replicas_of_the_moment() {
    for outcome in played(&scaled(2, [scale(BEGIN, 5, None)])) {
        let operation = &outcome.operations()[0];
        let (short, took) = (operation.short as f64 / 1e9, operation.complete.each[0] as f64 / 1e9);
        assert!(took > 5.0 && (took - 1.0..=took + 1.0).contains(&short), "{short} of {took}");
    }
    assert!(played(&scaled(5, [scale(BEGIN, 2, None)])).iter().all(|outcome| outcome.operations()[0].short == 0));
}

/// D14, D15: all victims are deleted at once, whatever a budget, maxUnavailable and minReadySeconds say, and their endpoints leave
/// together.
#[test]
fn d14_d15_down_all_at_once() {
    let mut model = scaled(6, [scale(BEGIN, 2, Some(BACK))]);
    model.workload_mut().min_ready = secs(30.0);
    model.budgets = all_must_stay();
    for index in 0..10 {
        let film = film(&model, index);
        let gone: Vec<&Life> = film.pods.iter().filter(|pod| pod.deleted.is_finite()).collect();
        assert_eq!(gone.len(), 4);
        assert!(gone.iter().all(|pod| near(pod.deleted, BEGIN + HOPS)), "{gone:?}");
        assert_eq!(active(&film.pods, BEGIN + 1.0), 2);
        let left = |what: &Happening| matches!(what, Happening::RotationChanged { in_rotation: false, .. });
        let left = Film::of(&model, index).between((BEGIN, BEGIN + 1.0), left);
        assert_eq!(left.len(), 4);
        assert!(left.iter().all(|at| near(*at, BEGIN + HOPS + 0.01)), "{left:?}");
        // And back.
        let again: Vec<&Life> = film.pods.iter().filter(|pod| pod.created > 0.0).collect();
        assert_eq!(again.len(), 4);
        assert!(again.iter().all(|pod| near(pod.created, BEGIN + BACK + HOPS)), "{again:?}");
    }
}

fn all_must_stay() -> IdVec<hasim::ids::BudgetId, Budget> {
    let limit = Limit::MinAvailable(Part::Percent(90));
    vec![Budget { name: "budget".into(), selects: vec![true].into(), limit, always_allows_unhealthy: false }].into()
}

/// D10, measured: from 3/1/1 on three Nodes to 2 all Pods of the crowded Node go. The slots that close are the highest ones all the
/// same: Pods that stay move to those whose Pods have gone, and deliver on without a break.
#[test]
fn d10_from_3_1_1_to_2_the_crowded_node_is_emptied() {
    let model = crowded(scaled(5, [scale(BEGIN, 2, None)]));
    let mut moved = 0;
    for index in 0..20 {
        let film = film(&model, index);
        assert_eq!(by_node(&film.pods, BEGIN), [3, 1, 1]);
        assert_eq!(by_node(&film.pods, BEGIN + 1.0), [0, 1, 1]);
        let mut stayed: Vec<SlotId> =
            film.pods.iter().filter(|pod| pod.is_active(BEGIN + 1.0)).map(|pod| pod.slot).collect();
        stayed.sort();
        let told = told(&model, index);
        assert_eq!(told.closed.iter().map(|(slot, _)| slot.index()).collect::<Vec<_>>(), [2, 3, 4]);
        let heirs: Vec<SlotId> = told.closed.iter().filter_map(|(_, heir)| *heir).collect();
        assert_eq!(heirs.len(), stayed.iter().filter(|slot| slot.index() >= 2).count());
        assert!(heirs.iter().all(|heir| !stayed.contains(heir)), "{heirs:?} {stayed:?}");
        moved += heirs.len();
        let log = watch::play(&model, 3, index, 3600.0);
        for slot in 0..2 {
            assert!(log.view_at(slot, BEGIN + 2.0).is_some_and(|view| view.delivers()), "slot {slot}");
        }
    }
    assert!(moved > 0, "Pods have moved");
    for outcome in played(&model) {
        assert!(outcome.recovery_lengths().is_empty(), "nobody has to recover");
    }
}

/// D14: a Pod that is not Ready goes first, so that scaling down removes what is broken.
#[test]
fn d14_not_ready_pods_go_first() {
    for hanging in 0..3 {
        let mut model = scaled(3, [scale(BEGIN, 2, None)]);
        let slot = [ScriptTarget::Slot(SlotId::new(hanging))];
        model.faults.push(scripted("hang", fixed(BEGIN - 30.0), &slot, HANG, None));
        model.workload_mut().min_serving = 2;
        for film in films(&model, 5) {
            let gone: Vec<SlotId> =
                film.pods.iter().filter(|pod| pod.deleted.is_finite()).map(|pod| pod.slot).collect();
            assert_eq!(gone, [SlotId::new(hanging)]);
        }
        assert!(played(&model).iter().all(|outcome| downtime(outcome) == 0.0));
    }
}

/// A fault that is at work on a Pod goes with it to its new slot, and ends there.
#[test]
fn a_fault_at_work_moves_with_its_pod() {
    let gray = Strikes::Container(ContainerMode::Error(Affects {
        requests: true,
        readiness: false,
        liveness: false,
        startup: false,
    }));
    let mut seen = 0;
    for slot in 2..5 {
        let mut model = crowded(scaled(5, [scale(BEGIN, 2, None)]));
        model.workload_mut().min_serving = 2;
        let target = [ScriptTarget::Slot(SlotId::new(slot))];
        model.faults.push(scripted("gray", fixed(BEGIN - 10.0), &target, gray, Some(100.0)));
        for index in 0..10 {
            let its = told(&model, index).closed.into_iter().find(|(closed, _)| closed.index() == slot).unwrap();
            let outcome = replicate(&model, 3, index);
            outcome.assert_consistent();
            if its.1.is_none() {
                assert_eq!(downtime(&outcome), 0.0, "its Pod has gone");
                continue;
            }
            seen += 1;
            // The others of five have gone, and two are wanted: from when they stop serving.
            let lost = downtime(&outcome);
            assert!((lost - (90.0 - HOPS)).abs() < 0.05, "{lost}");
            assert!(near(charged(&outcome, 1), lost), "the fault is charged");
            let recoveries: Vec<f64> =
                outcome.recovery_lengths().iter().map(|(_, nanos)| *nanos as f64 / 1e9).collect();
            assert!(recoveries.len() == 1 && (recoveries[0] - 100.0).abs() < 1e-6, "one recovery: {recoveries:?}");
        }
    }
    assert!(seen > 0);
}

/// How many Pods of each revision are active at this moment.
fn by_revision(film: &Film, at: f64) -> Vec<usize> {
    let mut revisions: Vec<Option<u32>> = Vec::new();
    for (when, what) in &film.0 {
        if *when > at {
            break;
        }
        match what {
            Happening::PodCreated { pod, revision, .. } => {
                revisions.resize(revisions.len().max(pod.index() + 1), None);
                revisions[pod.index()] = Some(*revision);
            }
            Happening::PodDeleted { pod } => revisions[pod.index()] = None,
            _ => {}
        }
    }
    let count = |of: u32| revisions.iter().filter(|revision| **revision == Some(of)).count();
    vec![count(0), count(1)]
}

/// D6, D16, D18: in the middle of a rollout of 10 with 25 % of surge and of unavailable, 8 old and 5 new Pods become 15 and 10 when it
/// is scaled to 20, and 4 and 3 when to 5. The rollout goes on with the bounds of the new number and ends with as many new Pods.
#[test]
fn d6_d16_d18_in_a_rollout_each_revision_gets_its_part() {
    for (to, old, new) in [(20, 15, 10), (5, 4, 3)] {
        let mut model = model(10, Strategy::USUAL);
        model.faults.push(scale(BEGIN + 5.0, to, None));
        let (surge, _) = Strategy::USUAL.bounds(to);
        for index in 0..5 {
            let log = Film::of(&model, index);
            assert_eq!(by_revision(&log, BEGIN + 4.9), [8, 5]);
            assert_eq!(by_revision(&log, BEGIN + 5.0 + HOPS + 0.001), [old, new], "to {to}");
            let film = film(&model, index);
            assert_eq!(film.ended.len(), 1);
            let ended = film.ended[0].0;
            assert_eq!(by_revision(&log, ended), [0, to as usize]);
            let after = log.0.iter().map(|(at, _)| *at).filter(|at| *at > BEGIN + 5.0 + HOPS && *at < ended);
            assert_eq!(after.map(|at| active(&film.pods, at)).max(), Some((to + surge) as usize), "to {to}");
            let ends = told(&model, index).ended;
            assert!(ends.iter().all(|(.., end)| *end == OperationEnd::Complete) && ends.len() == 2, "{ends:?}");
        }
        played(&model);
    }
}

/// With Recreate the new number holds for the Pods that come when the old ones have gone.
#[test]
fn d15_recreate_goes_on_with_the_new_number() {
    for to in [1, 6] {
        for at in [BEGIN + 0.015, BEGIN + 2.0, BEGIN + 12.0] {
            let mut model = model(3, Strategy::Recreate);
            model.app_mut().on_sigterm = OnSigterm::Exits(fixed(8.0));
            model.faults.push(scale(at, to, None));
            for film in films(&model, 5) {
                assert_eq!(film.ended.len(), 1, "to {to} at {at}");
                assert_eq!(active(&film.pods, 1000.0), to as usize);
                assert!(film.pods.iter().filter(|pod| pod.is_active(1000.0)).all(|pod| pod.created > BEGIN));
            }
            played(&model);
        }
    }
}

/// To 0: nothing is left, whoever asks is refused, and all of it is the scaling's; from 0 the newest revision comes (D2).
#[test]
fn to_nothing_and_back() {
    for with_rollout in [false, true] {
        let mut model = model(3, steps(1, 0));
        model.faults.push(scale(BEGIN + 12.0, 0, Some(BACK)));
        if !with_rollout {
            model.faults[FaultId::new(0)] = fault("never", CRASH, fixed(1e9), None);
        }
        for index in 0..5 {
            let film = film(&model, index);
            assert_eq!(active(&film.pods, BEGIN + 13.0), 0);
            assert_eq!(active(&film.pods, BEGIN + BACK + 100.0), 3);
            let log = Film::of(&model, index);
            let newest = usize::from(with_rollout);
            assert_eq!(by_revision(&log, 2000.0)[newest], 3, "{with_rollout}");
        }
        for outcome in played(&model) {
            // Two hops, the binding and the first sync, the start of container and application, its readiness and what tells it.
            assert!(downtime(&outcome) > BACK + 10.0 && downtime(&outcome) < BACK + 20.0, "{}", downtime(&outcome));
            assert!(near(charged(&outcome, 1), downtime(&outcome)), "{}", charged(&outcome, 1));
        }
    }
}

/// Whoever is too many still serves until nobody sends anything there: the scaling is complete after that, and has left no Pod in
/// rotation.
#[test]
fn a_scaling_is_complete_when_those_that_go_are_out_of_rotation() {
    let model = scaled(3, [scale(BEGIN, 0, None)]);
    for index in 0..5 {
        let out = Film::of(&model, index)
            .after(BEGIN, |what| matches!(what, Happening::RotationChanged { in_rotation: false, .. }));
        let ended = told(&model, index).ended[0].0;
        assert!(out.len() == 3 && ended >= out[2] && ended < out[2] + 0.1, "{out:?} {ended}");
    }
}

/// An operation lasts until it has been undone; a later one supersedes it, and with it its return.
#[test]
fn a_scaling_is_complete_when_it_has_been_undone() {
    let once = told(&scaled(2, [scale(BEGIN, 4, Some(BACK))]), 0);
    assert_eq!(once.began, [BEGIN]);
    let (at, _, end) = once.ended[0];
    assert_eq!(end, OperationEnd::Complete);
    assert!((BEGIN + BACK..BEGIN + BACK + 0.1).contains(&at), "{at}");
    let for_good = told(&scaled(2, [scale(BEGIN, 4, None)]), 0);
    // 10.3 s of start, readiness within 5 s after, and the hops.
    assert!(for_good.ended.len() == 1 && (10.3..15.5).contains(&(for_good.ended[0].0 - BEGIN)), "{for_good:?}");
    let twice = scaled(2, [scale(BEGIN, 4, Some(BACK)), scale(BEGIN + 300.0, 3, Some(BACK))]);
    let ends = told(&twice, 0).ended;
    assert_eq!((ends[0].0, ends[0].2), (BEGIN + 300.0, OperationEnd::Superseded));
    assert_eq!((ends[1].1, ends[1].2, ends.len()), (FaultId::new(1), OperationEnd::Complete, 2));
    let film = film(&twice, 0);
    assert_eq!(active(&film.pods, BEGIN + BACK + 100.0), 3, "the first return does not count");
    assert_eq!(active(&film.pods, BEGIN + BACK + 400.0), 2);
    let nothing = told(&scaled(2, [scale(BEGIN, 2, Some(BACK))]), 0);
    assert_eq!((nothing.began.len(), nothing.skipped), (0, 1));
}

/// V1: shares of a budget are of the present replicas. 90 % of 2 are 2, which 6 Pods leave room for; 90 % of 6 are all of them.
#[test]
fn v1_a_budget_asks_for_its_part_of_the_present_replicas() {
    let drain = Strikes::Drain { node: Some(NodeId::new(0)), timeout: Some(secs(60.0)) };
    let drain = scripted("drain", fixed(BEGIN + 100.0), &[ScriptTarget::Cluster], drain, Some(1.0));
    let mut model = scaled(2, [scale(BEGIN, 6, None), drain.clone()]);
    model.budgets = all_must_stay();
    for index in 0..5 {
        let log = Film::of(&model, index);
        assert!(log.when(|what| matches!(what, Happening::EvictionGranted { .. })).is_empty());
        assert_eq!(
            log.when(|what| matches!(what, Happening::EvictionRefused { .. })).len(),
            2,
            "both Pods of the Node"
        );
    }
    let limit = Limit::MinAvailable(Part::Percent(50));
    model.budgets = vec![Budget { limit, ..all_must_stay().as_slice()[0].clone() }].into();
    for index in 0..5 {
        let granted = Film::of(&model, index).when(|what| matches!(what, Happening::EvictionGranted { .. }));
        assert!(granted.len() == 2 && granted[1] < BEGIN + 106.0, "three may go: {granted:?}");
    }
}

/// A slot that has been opened owes nothing before its Pod has delivered; afterwards it bears like any other.
#[test]
fn pods_that_are_starting_owe_nothing() {
    let mut model = scaled(2, [scale(BEGIN, 6, None)]);
    model.workload_mut().min_serving = 2;
    model.faults.push(scripted("crash", fixed(BEGIN + 1.0), &[ScriptTarget::Slot(SlotId::new(0))], CRASH, None));
    for outcome in played(&model) {
        assert!(downtime(&outcome) > 5.0, "{}", downtime(&outcome));
        assert!(near(charged(&outcome, 1), downtime(&outcome)), "{}", charged(&outcome, 1));
    }
    // Now all six have served, and five of them crash.
    let slots: Vec<ScriptTarget> = (0..6).map(|slot| ScriptTarget::Slot(SlotId::new(slot))).collect();
    model.faults[FaultId::new(1)] = scripted("crash", fixed(BEGIN + 100.0), &slots[..1], CRASH, None);
    model.faults.push(scripted("crash-others", fixed(BEGIN + 100.0), &slots[1..5], CRASH, None));
    for outcome in played(&model) {
        let (first, others) = (charged(&outcome, 1), charged(&outcome, 2));
        assert!(near(first + others, downtime(&outcome)) && others > 3.0 * first, "{first} {others}");
    }
}

/// Slots keep their chance: with Pods that come and go at the top the faults of the others are the same to the nanosecond.
#[test]
fn faults_are_the_same_with_and_without_more_replicas() {
    let strikes = |scalings: Option<f64>| -> Vec<(usize, f64)> {
        let mut model = model(3, steps(1, 0));
        model.horizon = secs(20_000.0);
        model.faults = vec![fault("pause", HANG, exponential(900.0), Some(fixed(1.0)))].into();
        if let Some(every) = scalings {
            let scaling = Strikes::Scale { to: 6 };
            model.faults.push(fault("scale", scaling, exponential(every), Some(exponential(200.0))));
        }
        let log: Log = watch::play(&model, 3, 1, 20_000.0);
        log.entries.iter().filter(|entry| struck(&entry.what)).map(|entry| (entry.slot, entry.at)).collect()
    };
    let without = strikes(None);
    assert!(without.len() > 40);
    let with = strikes(Some(500.0));
    assert!(with.iter().any(|(slot, _)| *slot >= 3), "slots at the top are struck, too");
    let own: Vec<(usize, f64)> = with.into_iter().filter(|(slot, _)| *slot < 3).collect();
    assert_eq!(own, without);
}

/// Of several Deployments the one that is named is scaled; the numbers of the slots of the others hang on no operation.
#[test]
fn only_the_deployment_that_is_named_is_scaled() {
    let mut model = model(2, steps(1, 0));
    let own = model.workload().clone();
    model.workloads = common::side_by_side([common::named("a", own.clone()), common::named("b", own)]);
    let before = model.slots_of(WorkloadId::new(1));
    model.faults = vec![scripted(
        "scale",
        fixed(BEGIN),
        &[ScriptTarget::Deployment(deployment())],
        Strikes::Scale { to: 5 },
        Some(BACK),
    )]
    .into();
    assert_eq!(model.slots_of(WorkloadId::new(1)), before);
    for film in films(&model, 5) {
        let new: Vec<&Life> = film.pods.iter().filter(|pod| pod.created > 0.0).collect();
        assert_eq!(new.len(), 3);
        assert!(new.iter().all(|pod| model.owner_of(pod.slot).0 == deployment()));
    }
    played(&model);
}

/// A trace tells rollouts from scalings, and closes the slots that are not wanted any more.
#[test]
fn a_trace_knows_closed_slots() {
    let mut model = model(3, steps(1, 0));
    model.faults.push(scale(BEGIN + 300.0, 5, Some(100.0)));
    let timeline = trace(&model, 3, 0).timeline;
    assert_eq!(timeline.rollouts.len(), 1);
    assert_eq!(timeline.rollouts[0].operation, FaultId::new(0));
    let closed = timeline.looks.iter().filter(|look| look.view.is_none());
    assert_eq!(closed.map(|look| look.slot.index()).collect::<Vec<_>>(), [3, 4]);
}

/// Closed form: all three of three Pods are wanted, and a scaling to two comes once a day for ten minutes. The service is down from
/// when the Pod that goes is seen to be deleted, 10 ms after two hops, until the new one serves: two hops, the binding, the first
/// sync, 0.3 s for its container and 1 s for the application. Of a Poisson stream the union of such spans is 1 − exp(−λL) of the time.
#[test]
fn closed_form_of_a_year_of_scalings() {
    let mut model = common::bare(3);
    let main = model.workload_mut().pod.main_mut();
    (main.liveness, main.readiness) = (None, None);
    model.workload_mut().min_serving = 3;
    model.faults = vec![fault("scale", Strikes::Scale { to: 2 }, exponential(days(1.0)), Some(fixed(BACK)))].into();
    let span = BACK + HOPS + 0.01 + 0.01 + 0.3 + 1.0 - (HOPS + 0.01);
    let outcomes = (0..500).map(|index| replicate(&model, 3, index));
    let years: Vec<f64> = outcomes
        .map(|outcome| {
            outcome.assert_consistent();
            assert!((charged(&outcome, 0) - downtime(&outcome)).abs() < 1e-6, "all of it is the scaling's");
            downtime(&outcome)
        })
        .collect();
    let exact = model.horizon.as_secs_f64() * (1.0 - (-span / days(1.0)).exp());
    assert_mean("downtime a year", &years, exact, 1);
}
