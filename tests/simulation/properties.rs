//! Property: what must hold in every replication of every model.

use std::collections::HashMap;

use crate::common;
use hasim::cluster::{Mode, Observed, Observer, Phase, watch};
use hasim::experiment::replicate;
use hasim::model::{Budget, Limit, Model, Part, Strategy, Strikes};
use hasim::study::Quantity;
use hasim::time::SimTime;
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

/// A stormy month with other numbers of everything.
/// Storms over a Deployment of this shape; `watched` without liveness, and with somebody on call.
fn stormy(replicas: u32, min_serving: u32, [startup, hard, watched]: [bool; 3], chance: f64, faults: &[bool]) -> Model {
    let mut model = common::storms::stormy_reference();
    let pod = model.workload().pod.clone();
    common::redeploy(&mut model, replicas, 3, 2, hard);
    model.workload_mut().pod.main_mut().liveness = pod.main().liveness.filter(|_| !watched);
    model.on_call = watched.then(common::storms::on_call);
    model.workload_mut().pod.main_mut().startup = startup.then(|| common::probe(6));
    model.workload_mut().min_serving = min_serving;
    model.app_mut().probe_failure = chance;
    model.horizon = common::secs(10.0 * 86_400.0);
    model.warm_up = common::secs(86_400.0);
    let mut keep = faults.iter();
    model.faults = model.faults.into_iter().filter(|_| *keep.next().unwrap_or(&true)).collect();
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The phases of each recovery add up to it, and both attributions to their totals, in whole nanoseconds.
    #[test]
    fn parts_add_up(
        replicas in 1u32..5, min_serving in 1u32..4, flags: [bool; 3], chance in 0.0..0.1f64,
        faults in prop::collection::vec(any::<bool>(), 13), index in 0u64..1000,
    ) {
        let model = stormy(replicas, min_serving, flags, chance, &faults);
        let outcome = replicate(&model, 5, index);
        outcome.assert_consistent();
        prop_assert!(outcome.counted(Quantity::Downtime) <= model.horizon.as_nanos());
        prop_assert!(outcome.counted(Quantity::FailedRequests) <= model.horizon.as_nanos());
    }

    /// The same with rollouts, whatever the strategy, so often that they supersede each other and meet every fault. The state
    /// is checked after each event.
    #[test]
    fn parts_add_up_with_rollouts(
        replicas in 1u32..7, (surge, unavailable) in (part(), part()), recreate: bool, min_ready in 0.0..40.0f64,
        flags: [bool; 3], mean in 120.0..20_000.0f64, new_image: bool,
        faults in prop::collection::vec(any::<bool>(), 17), index in 0u64..1000,
    ) {
        let mut model = stormy(replicas, 1 + replicas / 2, flags, 0.01, &faults);
        let rolling = Strategy::RollingUpdate { max_surge: surge, max_unavailable: unavailable };
        model.workload_mut().strategy = if recreate { Strategy::Recreate } else { rolling };
        model.workload_mut().min_ready = common::secs(min_ready);
        model.horizon = common::secs(3.0 * 86_400.0);
        model.faults.push(common::fault("rollout", Strikes::Rollout { new_image }, common::exponential(mean), None));
        let outcome = replicate(&model, 5, index);
        outcome.assert_consistent();
        prop_assert!(outcome.counted(Quantity::Downtime) <= model.horizon.as_nanos());
    }

    /// The same with drains, under any budget, of Nodes by turns, so often that several are under way.
    #[test]
    fn parts_add_up_with_drains(
        replicas in 1u32..7, limit in limit(), always_allows_unhealthy: bool, flags: [bool; 3], mean in 120.0..20_000.0f64,
        timeout in prop::option::of(1.0..2000.0f64), uncordon in 0.0..2000.0f64, has_rollouts: bool,
        faults in prop::collection::vec(any::<bool>(), 17), index in 0u64..1000,
    ) {
        let mut model = stormy(replicas, 1 + replicas / 2, flags, 0.01, &faults);
        let selects = vec![true].into();
        model.budgets = vec![Budget { name: "budget".into(), selects, limit, always_allows_unhealthy }].into();
        model.horizon = common::secs(3.0 * 86_400.0);
        let drain = Strikes::Drain { node: None, timeout: timeout.map(common::secs) };
        let lasts = Some(common::fixed(uncordon));
        model.faults.push(common::fault("drain", drain, common::exponential(mean), lasts));
        if has_rollouts {
            let rollout = Strikes::Rollout { new_image: true };
            model.faults.push(common::fault("rollout", rollout, common::exponential(7200.0), None));
        }
        let outcome = replicate(&model, 5, index);
        outcome.assert_consistent();
        prop_assert!(outcome.counted(Quantity::Downtime) <= model.horizon.as_nanos());
        let drains = &outcome.operations()[0];
        let seen = drains.complete.count() + drains.gave_up + drains.censored + drains.nothing_to_evict;
        prop_assert!(seen == drains.begun(), "no drain takes the place of another");
    }
}

/// What a budget may say.
fn limit() -> impl proptest::strategy::Strategy<Value = Limit> {
    prop_oneof![
        part().prop_map(Limit::MinAvailable),
        part().prop_map(Limit::MaxUnavailable),
        proptest::strategy::Just(Limit::Nothing),
    ]
}

/// A number of Pods, or a share of them.
fn part() -> impl proptest::strategy::Strategy<Value = Part> {
    prop_oneof![(0u32..5).prop_map(Part::Number), (0u32..101).prop_map(Part::Percent)]
}

/// How long slots stay in one phase.
#[derive(Default)]
struct Stays {
    since: HashMap<usize, (f64, Phase)>,
    longest: HashMap<Phase, f64>,
    kills: u64,
}

impl Observer for Stays {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::SlotChanged { slot, view } => {
                let now = at.as_secs_f64();
                if let Some((since, phase)) = self.since.remove(&slot.index()) {
                    let longest = self.longest.entry(phase).or_default();
                    *longest = longest.max(now - since);
                }
                if !view.delivers() {
                    self.since.insert(slot.index(), (now, view.phase));
                }
            }
            Observed::ProbeKilled { .. } => self.kills += 1,
            _ => {}
        }
    }
}

/// Whatever befalls a Pod that is Ready, it is in rotation soon: at the latest with its Node's next status update
/// (10.4 s, N2), the kubelet's next reconciliation (10 s, E2) and propagation (E10).
#[test]
fn e2_n14_a_pod_that_is_ready_never_stays_out_of_rotation() {
    let model = stormy(3, 1, [false; 3], 0.0, &[]);
    for index in 0..40 {
        let stays = watch(&model, 9, index, Mode::Fast, SimTime::ZERO + model.horizon, Stays::default());
        let longest = stays.longest.get(&Phase::EnterRotation).copied().unwrap_or_default();
        assert!(longest < 25.0, "replication {index}: {longest} s");
        let terminate = stays.longest.get(&Phase::Terminate).copied().unwrap_or_default();
        // A sync may have to wait a listing for the kill, then the grace of 30 s at most (C3, C9).
        assert!(terminate < 35.0, "replication {index}: {terminate} s");
        assert!(stays.kills > 0);
    }
}
