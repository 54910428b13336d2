//! Tests of the measures: small histories by hand, and random ones against a walk through every nanosecond.

use proptest::prelude::*;

use super::Service;
use crate::cluster::Requests;
use crate::experiment::Outcome;
use crate::experiment::sample::model;
use crate::history::{Cause, CauseSet, EndpointView, Observed, Phase, PodCounts, SlotView};
use crate::ids::{FaultId, PodId, SlotId, WorkloadId};
use crate::model::{Millionths, Model, ProbeKind, Queue, Traffic};
use crate::queueing::Clients;
use crate::random::Streams;
use crate::study::Quantity;
use crate::time::{Duration, SimTime};

const F0: FaultId = FaultId::new(0);
const F1: FaultId = FaultId::new(1);
const W0: WorkloadId = WorkloadId::new(0);
const S0: SlotId = SlotId::new(0);
const S1: SlotId = SlotId::new(1);

fn at(nanos: u64) -> SimTime {
    SimTime::from_nanos(nanos)
}

fn up() -> SlotView {
    SlotView { serves: true, in_rotation: true, causes: CauseSet::new(), phase: Phase::EnterRotation }
}

fn down(cause: Cause, phase: Phase) -> SlotView {
    SlotView { serves: false, in_rotation: false, causes: cause.into(), phase }
}

/// The slot looks like this, and its Pod, which is called like it, with it.
fn looks(measures: &mut Service, now: u64, slot: SlotId, view: &SlotView) {
    measures.slot_changed(at(now), slot, view);
    let (serves, causes, phase) = (view.serves, view.causes.clone(), view.phase);
    let endpoint = view.in_rotation.then_some(EndpointView {
        workload: WorkloadId::new(0),
        slot: Some(slot),
        failing: if serves { Millionths::NONE } else { Millionths::ALL },
        causes,
        phase,
    });
    measures.endpoint_changed(at(now), PodId::new(slot.index()), endpoint.as_ref(), false);
}

/// Two slots, both up and in rotation from time 0 on; counted from 100 to before 1,100.
fn two(min_serving: u32) -> Service {
    let mut measures = Service::of_system(&model(2, min_serving, 2, 100, 1_000), None);
    for slot in [S0, S1] {
        looks(&mut measures, 0, slot, &up());
    }
    measures
}

/// Cells of a ledger that are not zero: cause, phase, nanoseconds.
fn parts(cells: &[u64]) -> Vec<(usize, usize, u64)> {
    let cells = cells.iter().enumerate().filter(|(_, nanos)| **nanos > 0);
    let phases = Phase::ALL.len();
    cells.map(|(i, &nanos)| (i / phases, i % phases, nanos)).collect()
}

#[test]
fn a_dead_pod_in_rotation_fails_half_of_the_requests_of_an_available_service() {
    let mut measures = two(1);
    looks(&mut measures, 200, S0, &SlotView { in_rotation: true, ..down(Cause::Fault(F0), Phase::Detect) });
    looks(&mut measures, 211, S0, &down(Cause::Fault(F0), Phase::Start));
    looks(&mut measures, 300, S0, &up());
    let outcome = measures.finish(at(1_100));
    assert_eq!((outcome.counted[Quantity::Downtime], outcome.counted[Quantity::Outages]), (0, 0));
    assert_eq!(outcome.counted[Quantity::FailedRequests], 5, "half of 11 ns, in whole nanoseconds");
    assert_eq!(parts(outcome.failed_by.cells()), [(0, 0, 5)]);
    assert_eq!(outcome.recovery_lengths, [(0, 100)]);
    assert_eq!(outcome.recoveries[0].phases, [11, 0, 0, 0, 0, 0, 89, 0, 0]);
}

#[test]
fn downtime_is_divided_among_the_slots_that_do_not_deliver() {
    let mut measures = two(1);
    looks(&mut measures, 200, S0, &down(Cause::Fault(F0), Phase::Start));
    looks(&mut measures, 250, S1, &down(Cause::Fault(F1), Phase::Detect));
    looks(&mut measures, 257, S0, &up());
    looks(&mut measures, 300, S1, &up());
    let outcome = measures.finish(at(1_100));
    assert_eq!((outcome.counted[Quantity::Downtime], outcome.counted[Quantity::FailedRequests]), (7, 7));
    // The nanosecond that does not divide goes to the first slot.
    assert_eq!(parts(outcome.downtime_by.cells()), [(0, 6, 4), (1, 0, 3)]);
    assert_eq!(outcome.failed_by, outcome.downtime_by, "with nothing in rotation, like downtime");
    assert_eq!(outcome.outage_lengths, [7]);
}

/// Two Pods of 100 requests a second each, of which this many come.
fn loaded(rate: f64) -> Service {
    let mut model = model(2, 1, 2, 100, 1_000);
    model.traffic = Traffic::flat(rate);
    model.app_mut().capacity = Some(100.0);
    let mut measures = Service::of_system(&model, Requests::in_week(&model, Duration::ZERO, Streams::new(5, 0)));
    for slot in [S0, S1] {
        looks(&mut measures, 0, slot, &up());
    }
    measures
}

/// Failed, refused as too many came, and for how long; and to whom it is charged: cause, phase, nanoseconds.
fn lost(mut measures: Service) -> ([u64; 3], Vec<(usize, usize, u64)>) {
    let outcome = measures.finish(at(1_100));
    outcome.assert_consistent();
    let counted = [Quantity::FailedRequests, Quantity::ShedRequests, Quantity::Overloaded];
    (counted.map(|quantity| outcome.counted[quantity]), parts(outcome.failed_by.cells()))
}

#[test]
fn the_pod_that_is_left_cannot_take_the_part_of_the_other() {
    // 160 a second: while one is away, the other takes 100 of them.
    let mut measures = loaded(160.0);
    looks(&mut measures, 200, S0, &SlotView { in_rotation: true, ..down(Cause::Fault(F0), Phase::Detect) });
    looks(&mut measures, 300, S0, &down(Cause::Fault(F0), Phase::Start));
    looks(&mut measures, 500, S0, &up());
    // Half fails for 100 ns, and the other half is below what the Pod takes; then 60 of 160 are refused for 200 ns.
    assert_eq!(lost(measures), ([50 + 75, 75, 200], vec![(0, 0, 50), (0, 6, 75)]));
}

#[test]
fn what_all_pods_cannot_take_is_charged_to_overload() {
    // 400 a second: half of them are too many for both, three quarters for the one that is left.
    let mut measures = loaded(400.0);
    looks(&mut measures, 600, S0, &down(Cause::Fault(F0), Phase::Start));
    looks(&mut measures, 700, S0, &up());
    let (counted, charged) = lost(measures);
    assert_eq!(counted, [450 + 75, 450 + 75, 1_000]);
    // Two faults, then probe, start and overload. Of the hundred nanoseconds a half would be lost anyway.
    let overload = charged.iter().filter(|(cause, ..)| *cause == 4).map(|(.., nanos)| nanos).sum::<u64>();
    assert_eq!((overload, charged.iter().find(|(cause, ..)| *cause == 0).unwrap().2), (500, 25), "{charged:?}");
}

#[test]
fn nothing_is_refused_that_the_pods_can_take() {
    assert_eq!(lost(loaded(200.0)), ([0; 3], vec![]));
    // With nobody in rotation all of it fails, for want of Pods and not of capacity.
    let mut measures = loaded(150.0);
    for slot in [S0, S1] {
        looks(&mut measures, 600, slot, &down(Cause::Fault(F1), Phase::Start));
    }
    looks(&mut measures, 700, S0, &up());
    let (counted, charged) = lost(measures);
    assert_eq!(counted, [100 + 400 / 3, 400 / 3, 400]);
    assert_eq!(charged.iter().map(|(cause, ..)| *cause).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_lasts_no_time_leaves_no_trace() {
    let mut measures = two(2);
    // Down and up again in one instant.
    looks(&mut measures, 200, S0, &down(Cause::Fault(F0), Phase::Detect));
    looks(&mut measures, 200, S0, &up());
    // An outage that changes hands in one instant is one outage.
    looks(&mut measures, 300, S0, &down(Cause::Fault(F0), Phase::Detect));
    looks(&mut measures, 320, S0, &up());
    looks(&mut measures, 320, S1, &down(Cause::Fault(F1), Phase::Detect));
    looks(&mut measures, 350, S1, &up());
    let outcome = measures.finish(at(1_100));
    assert_eq!(outcome.outage_lengths, [50]);
    assert_eq!(outcome.recovery_lengths, [(0, 20), (1, 30)]);
}

#[test]
fn integrals_keep_to_the_window_and_what_began_in_it_is_followed() {
    let mut measures = two(2);
    // Begun in the warm-up: downtime counts from 100 on, the outage and the recovery do not.
    looks(&mut measures, 50, S0, &down(Cause::Fault(F0), Phase::Start));
    looks(&mut measures, 110, S0, &up());
    looks(&mut measures, 1_090, S0, &down(Cause::Fault(F0), Phase::Start));
    assert!(measures.has_open(at(1_100)));
    // Begun after the window: not counted, and no reason to play on.
    looks(&mut measures, 1_150, S1, &down(Cause::Fault(F1), Phase::Start));
    looks(&mut measures, 1_200, S0, &up());
    assert!(measures.has_open(at(1_200)), "the outage goes on");
    looks(&mut measures, 1_300, S1, &up());
    assert!(!measures.has_open(at(1_300)));
    let outcome = measures.finish(at(1_300));
    assert_eq!(outcome.counted[Quantity::Downtime], 20);
    assert_eq!((outcome.counted[Quantity::Outages], outcome.outage_lengths.as_slice()), (1, [210].as_slice()));
    assert_eq!(outcome.recovery_lengths, [(0, 110)]);
}

#[test]
fn what_has_no_end_is_censored() {
    let mut measures = two(2);
    measures.slot_struck(at(500), S0, F0);
    looks(&mut measures, 500, S0, &down(Cause::Fault(F0), Phase::Detect));
    let outcome = measures.finish(at(2_100));
    assert_eq!((outcome.counted[Quantity::Outages], outcome.outage_lengths.len()), (1, 0));
    assert_eq!((outcome.recoveries[0].censored, outcome.recovery_lengths.len()), (1, 0));
    assert_eq!(outcome.detections[0].censored, 1);
    assert_eq!(outcome.counted[Quantity::Downtime], 600);
}

#[test]
fn a_fresh_start_is_a_recovery_of_its_own() {
    let mut measures = Service::of_system(&model(1, 1, 2, 0, 1_000), None);
    looks(&mut measures, 0, S0, &down(Cause::Start, Phase::Start));
    looks(&mut measures, 40, S0, &up());
    let outcome = measures.finish(at(1_000));
    assert_eq!(outcome.recovery_lengths, [(3, 40)]);
    assert_eq!(outcome.outage_lengths, [40]);
}

#[test]
fn a_further_fault_marks_the_recovery_overlapped() {
    for (view_first, further) in [(true, false), (false, false), (true, true), (false, true)] {
        let mut measures = two(1);
        if !view_first {
            measures.slot_struck(at(200), S0, F0);
        }
        looks(&mut measures, 200, S0, &down(Cause::Fault(F0), Phase::Detect));
        if view_first {
            measures.slot_struck(at(200), S0, F0);
        }
        if further {
            measures.slot_struck(at(210), S0, F1);
            looks(&mut measures, 210, S0, &down(Cause::Fault(F1), Phase::Detect));
        }
        looks(&mut measures, 250, S0, &up());
        // Strikes when the recovery is over.
        measures.slot_struck(at(250), S0, F1);
        measures.slot_struck(at(260), S0, F1);
        let outcome = measures.finish(at(1_100));
        assert_eq!(outcome.recovery_lengths, [(0, 50)], "the cause is that of the beginning");
        assert_eq!(outcome.recoveries[0].overlapped, u64::from(further));
    }
}

#[test]
fn the_first_reaction_detects_all_that_is_pending_on_the_slot() {
    let mut measures = two(1);
    measures.slot_struck(at(50), S0, F0);
    measures.slot_struck(at(200), S0, F0);
    measures.slot_struck(at(205), S0, F1);
    measures.slot_struck(at(206), S1, F1);
    measures.reacted(at(212), S0);
    measures.reacted(at(214), S0);
    measures.slot_fault_ended(S0, F0);
    measures.slot_fault_ended(S1, F1);
    let outcome = measures.finish(at(1_100));
    assert_eq!(outcome.detection_times, [(0, 12), (1, 7)]);
    assert_eq!((outcome.detections[0].undetected, outcome.detections[1].undetected), (0, 1));
}

#[test]
fn events_count_inside_the_window_only() {
    let mut measures = two(1);
    for now in [99, 100, 1_099, 1_100] {
        measures.observe(at(now), &Observed::ReadinessLost { workload: W0, slot: Some(S0), while_serving: true });
        measures.observe(at(now), &Observed::ReadinessLost { workload: W0, slot: Some(S0), while_serving: false });
        measures.observe(
            at(now),
            &Observed::ProbeKilled { workload: W0, slot: Some(S0), by: ProbeKind::Liveness, needless: true },
        );
        measures.observe(
            at(now),
            &Observed::ProbeKilled { workload: W0, slot: Some(S0), by: ProbeKind::Startup, needless: false },
        );
        measures.observe(at(now), &Observed::Restarted { workload: W0, slot: Some(S0) });
    }
    measures.observe(
        at(0),
        &Observed::PodsChanged { workload: WorkloadId::new(0), counts: PodCounts { running: 2, unschedulable: 1 } },
    );
    measures.observe(
        at(600),
        &Observed::PodsChanged { workload: WorkloadId::new(0), counts: PodCounts { running: 3, unschedulable: 1 } },
    );
    let outcome = measures.finish(at(1_100));
    let needless = [Quantity::NeedlessReadiness, Quantity::NeedlessLiveness, Quantity::NeedlessStartup];
    assert_eq!(needless.map(|quantity| outcome.counted(quantity)), [2, 2, 0]);
    assert_eq!((outcome.counted[Quantity::Restarts], outcome.pod_time), (2, 500 * 2 + 500 * 3));
    assert_eq!(outcome.counted(Quantity::Pending), 1_000);
}

/// A call to the observer, so many nanoseconds after the one before.
#[derive(Debug, Clone)]
enum Call {
    Slot(usize, SlotView),
    Endpoint(usize, Option<EndpointView>),
    Struck(usize, usize),
    Ended(usize, usize),
    Reacted(usize),
}

fn history() -> impl Strategy<Value = Vec<(u64, Call)>> {
    let cause = prop_oneof![Just(Cause::Fault(F0)), Just(Cause::Fault(F1)), Just(Cause::Probe), Just(Cause::Start)];
    let causes = prop::collection::vec(cause, 1..4).prop_map(CauseSet::from_iter);
    let why = (causes, 0usize..9).prop_map(|(causes, phase)| (causes, Phase::ALL[phase])).boxed();
    let slot = (0usize..3, any::<bool>(), any::<bool>(), why.clone()).prop_map(
        |(slot, serves, in_rotation, (causes, phase))| {
            Call::Slot(slot, SlotView { serves, in_rotation, causes, phase })
        },
    );
    // A fourth Pod is being terminated: it has lost the first slot.
    let shares = prop_oneof![Just(0.0), Just(0.25), Just(1.0)].prop_map(Millionths::of);
    let endpoint = (0usize..4, prop::option::of((shares, why))).prop_map(|(pod, view)| {
        let view = view.map(|(failing, (causes, phase))| EndpointView {
            workload: WorkloadId::new(0),
            slot: Some(SlotId::new(pod % 3)),
            failing,
            causes,
            phase,
        });
        Call::Endpoint(pod, view)
    });
    let call = prop_oneof![
        4 => slot,
        3 => endpoint,
        1 => (0usize..3, 0usize..2).prop_map(|(slot, fault)| Call::Struck(slot, fault)),
        1 => (0usize..3, 0usize..2).prop_map(|(slot, fault)| Call::Ended(slot, fault)),
        1 => (0usize..3).prop_map(Call::Reacted),
    ];
    // Often several in one instant.
    prop::collection::vec((prop_oneof![Just(0u64), 0u64..30], call), 0..80)
}

fn measured(history: &[(u64, Call)], min_serving: u32, end: SimTime) -> Outcome {
    measured_by(&model(3, min_serving, 2, 50, 300), history, end, None)
}

/// The same of a model; and with a step, all that held is taken into account every so many nanoseconds.
fn measured_by(model: &Model, history: &[(u64, Call)], end: SimTime, step: Option<u64>) -> Outcome {
    let requests = Requests::in_week(model, Duration::ZERO, Streams::new(5, 0));
    let mut measures = Service::of_system(model, requests);
    let mut now = 0;
    for (later, call) in history {
        if let Some(step) = step {
            (now..now + later).step_by(step as usize).for_each(|now| measures.settle(at(now)));
        }
        now += later;
        let slot = SlotId::new;
        match call {
            Call::Slot(index, view) => measures.slot_changed(at(now), slot(*index), view),
            Call::Endpoint(index, view) => measures.endpoint_changed(at(now), PodId::new(*index), view.as_ref(), false),
            Call::Struck(index, fault) => measures.slot_struck(at(now), slot(*index), FaultId::new(*fault)),
            Call::Ended(index, fault) => measures.slot_fault_ended(slot(*index), FaultId::new(*fault)),
            Call::Reacted(index) => measures.reacted(at(now), slot(*index)),
        }
    }
    measures.finish(end)
}

/// What the definitions say, nanosecond by nanosecond.
#[derive(Default)]
struct Walk {
    downtime: u64,
    /// Failed requests in 48ths of a nanosecond, as there are at most 4 endpoints, which fail quarters.
    failed_48ths: u64,
    outages: Vec<(u64, u64)>,
    recoveries: Vec<(u64, u64)>,
}

fn walk(history: &[(u64, Call)], min_serving: usize, end: u64) -> Walk {
    let mut walk = Walk::default();
    let mut slots = [false; 3];
    let mut endpoints: [Option<Millionths>; 4] = [None; 4];
    let (mut outage, mut recoveries) = (None, [None; 3]);
    let mut calls = history.iter().scan(0, |now, (later, call)| {
        *now += later;
        Some((*now, call))
    });
    let mut next = calls.next();
    for t in 0..end {
        while let Some((now, call)) = next
            && now <= t
        {
            match call {
                Call::Slot(slot, view) => slots[*slot] = view.delivers(),
                Call::Endpoint(pod, view) => endpoints[*pod] = view.as_ref().map(|view| view.failing),
                _ => {}
            }
            next = calls.next();
        }
        let is_down = endpoints.iter().flatten().filter(|failing| **failing != Millionths::ALL).count() < min_serving;
        if (50..350).contains(&t) {
            walk.downtime += u64::from(is_down);
            let in_rotation = endpoints.iter().flatten().count() as u64;
            let quarters = endpoints.iter().flatten().map(|failing| u64::from(failing.count()) / 250_000).sum::<u64>();
            walk.failed_48ths += (12 * quarters).checked_div(in_rotation).unwrap_or(48);
        }
        follow(&mut outage, is_down, t, &mut walk.outages);
        for (recovery, delivers) in recoveries.iter_mut().zip(slots) {
            follow(recovery, !delivers, t, &mut walk.recoveries);
        }
    }
    walk
}

fn follow(open: &mut Option<u64>, is_down: bool, t: u64, closed: &mut Vec<(u64, u64)>) {
    if is_down {
        open.get_or_insert(t);
    } else if let Some(began) = open.take() {
        closed.push((began, t));
    }
}

fn counted(spans: Vec<(u64, u64)>) -> Vec<u64> {
    let mut lengths: Vec<u64> =
        spans.into_iter().filter(|span| (50..350).contains(&span.0)).map(|(began, ended)| ended - began).collect();
    lengths.sort_unstable();
    lengths
}

proptest! {
    /// Property: phases add up to each cause's recoveries and both attributions to their totals, in whole nanoseconds;
    /// and all that is counted is what a walk through every nanosecond finds.
    #[test]
    fn parts_add_up_and_the_totals_are_those_of_a_walk(history in history(), min_serving in 1u32..=3) {
        let end = history.iter().map(|(later, _)| later).sum::<u64>().max(350) + 1;
        let outcome = measured(&history, min_serving, at(end));
        outcome.assert_consistent();
        let walk = walk(&history, min_serving as usize, end);
        prop_assert_eq!(outcome.counted[Quantity::Downtime], walk.downtime);
        // Each stretch's failed requests are rounded down to a whole nanosecond.
        let ceiling = walk.failed_48ths / 48;
        prop_assert!(outcome.counted[Quantity::FailedRequests] <= ceiling && ceiling - outcome.counted[Quantity::FailedRequests] <= history.len() as u64);
        let mut outages = outcome.outage_lengths.clone();
        outages.sort_unstable();
        prop_assert_eq!(outages, counted(walk.outages));
        let mut recoveries: Vec<u64> = outcome.recovery_lengths.iter().map(|r| r.1).collect();
        recoveries.sort_unstable();
        prop_assert_eq!(recoveries, counted(walk.recoveries));
    }

    /// Property: where requests wait, the parts add up and what is counted does not hang on the steps, whatever happens.
    #[test]
    fn requests_that_wait_are_measured_alike_in_all_steps(
        history in history(), tries in 1u32..=4, limit in prop_oneof![Just(None), (0u32..40).prop_map(Some)], rate in 20.0..400.0,
    ) {
        // Nanoseconds are too short to wait in: a second for each.
        let history: Vec<_> = history.into_iter().map(|(later, what)| (later * 1_000_000_000, what)).collect();
        let end = at(history.iter().map(|(later, _)| later).sum::<u64>() + 1);
        let mut model = model(3, 1, 2, 50_000_000_000, 300_000_000_000);
        let clients = Clients { timeout: Some(1.0), tries, retry_budget: None };
        model.traffic = Traffic::flat(rate).map(|traffic| traffic.from_clients(clients));
        let app = model.app_mut();
        (app.capacity, app.queue) = (Some(100.0), Some(Queue { workers: 4, limit, delays_probes: false }));
        let outcome = measured_by(&model, &history, end, None);
        outcome.assert_consistent();
        let settled = measured_by(&model, &history, end, Some(1_300_000_000));
        prop_assert_eq!(outcome.counted, settled.counted);
        prop_assert_eq!(&outcome.failed_by, &settled.failed_by);
    }

    /// Property: the requests of an even stream are those of none, to the rounding; and with a capacity the parts add up, and no more is
    /// refused than fails, however large the steps.
    #[test]
    fn requests_are_measured_alike_in_all_steps(
        history in history(), min_serving in 1u32..=3, capacity in prop_oneof![Just(None), (10.0..150.0).prop_map(Some)],
    ) {
        let end = at(history.iter().map(|(later, _)| later).sum::<u64>().max(350) + 1);
        let mut model = model(3, min_serving, 2, 50, 300);
        let plain = measured_by(&model, &history, end, None);
        model.traffic = Traffic::flat(200.0);
        model.app_mut().capacity = capacity;
        let outcome = measured_by(&model, &history, end, None);
        outcome.assert_consistent();
        // Windows are divided at their borders, to a nanosecond, and so are not compared.
        let settled = measured_by(&model, &history, end, Some(1));
        prop_assert_eq!(outcome.counted, settled.counted);
        prop_assert_eq!(&outcome.failed_by, &settled.failed_by);
        let [failed, without] = [&outcome, &plain].map(|one| one.counted[Quantity::FailedRequests]);
        let shed = outcome.counted[Quantity::ShedRequests];
        prop_assert!(shed <= failed && (capacity.is_some() || shed == 0));
        prop_assert!(failed + history.len() as u64 >= without);
        if capacity.is_none() {
            prop_assert!(failed.abs_diff(without) <= history.len() as u64);
            for cause in outcome.causes.all() {
                let [ours, theirs] = [&outcome, &plain].map(|one| one.failed_charged_to(cause));
                prop_assert!(ours.abs_diff(theirs) <= 2 * history.len() as u64, "{cause:?}: {ours}, and {theirs}");
            }
        }
    }
}
