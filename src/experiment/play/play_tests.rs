//! Tests of the runner with replications that need no cluster: slots that alternate, independently, between serving in
//! rotation and not, each for an exponential time. Their availability is known in closed form.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Dxsm;

use super::*;
use crate::experiment::sample::{deliver, model, study};
use crate::experiment::{Measures, Unlike};
use crate::history::{NamedCause, Phase};
use crate::ids::{FaultId, WorkloadId};
use crate::model::Prices;
use crate::random::Law;
use crate::results::{Estimate, Quantile, ScenarioResult, WindowLoss};
use crate::stats::Standing;
use crate::study::{Metric, Wanted};
use crate::time::{Duration, SimTime};

const SEC: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SEC;

/// Mean seconds up and down.
#[derive(Clone, Copy)]
struct Alternating {
    up: f64,
    down: f64,
}

impl Alternating {
    fn availability(self) -> f64 {
        self.up / (self.up + self.down)
    }

    /// One replication: every slot begins in its stationary state, so there is no bias at the beginning.
    fn play(self, model: &Model, seed: u64, index: u64) -> Outcome {
        let mut rng = Pcg64Dxsm::seed_from_u64(seed ^ (index << 20));
        let mut unit = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let end = (model.warm_up + model.horizon).as_nanos();
        let mut changes = vec![];
        for slot in 0..model.workload().replicas as usize {
            let mut delivers = unit() < self.availability();
            let mut now = 0;
            while now < end {
                changes.push((now, slot, delivers));
                let mean = if delivers { self.up } else { self.down };
                now += (-mean * (1.0 - unit()).ln() * SEC as f64) as u64;
                delivers = !delivers;
            }
        }
        changes.sort_unstable();
        let mut measures = Measures::new(model);
        for (now, slot, delivers) in changes {
            deliver(&mut measures, SimTime::from_nanos(now), slot, delivers);
        }
        let outcome = measures.finish(SimTime::from_nanos(end));
        outcome.assert_consistent();
        outcome
    }
}

const OFTEN: Alternating = Alternating { up: 3_600.0, down: 400.0 };

fn answer_of<F>(study: &Study, threads: usize, in_flight: usize, replicate: F) -> Result<ExperimentResult, RunError>
where
    F: Fn(&Model, u64, u64) -> Outcome + Sync,
{
    let (stop, mut progress) = (AtomicBool::new(false), |_| ());
    let options = Options { threads, stop: &stop, progress: &mut progress };
    let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
    let (played, on_checkpoint) = (Checkpoint::nothing(study, Shard::WHOLE), &mut |_: &Checkpoint| ());
    let (pace, replicate) =
        (&Pace::of(study), |model: &Model, seed, index, _: &mut Watcher<'_>| Some(replicate(model, seed, index)));
    let run = Run {
        study,
        played,
        options,
        pace,
        on_checkpoint,
        replicate,
        pool,
        in_flight,
        done: 0,
        total: 0,
        simulated_years: 0.0,
    };
    run.finish().map(|(_, result)| result)
}

fn often(study: &Study) -> ExperimentResult {
    answer_of(study, 2, 6, |model, seed, index| OFTEN.play(model, seed, index)).unwrap()
}

fn covers(scenario: &ScenarioResult, availability: f64, widest: f64) {
    let estimate = scenario.estimates[Metric::Availability];
    assert!(estimate.low <= availability && availability <= estimate.high, "{availability}: {estimate:?}");
    let width = (estimate.high - estimate.low) / (1.0 - availability);
    assert!(width < widest, "an interval of {width} of the downtime proves nothing");
}

/// Validation: of a service that needs k of n independent slots, availability is a sum of binomial probabilities; the
/// interval holds it and is narrow. The number of outages follows from the balance of flows.
#[test]
fn validation_k_of_n_independent_slots() {
    let of = |replicas, min_serving| model(replicas, min_serving, 1, DAY, 30 * DAY);
    let mut study = study(vec![of(1, 1), of(2, 1), of(2, 2), of(3, 2)], Stopping::Replications(600));
    study.header.confidence = 0.999;
    let result = often(&study);
    let a = OFTEN.availability();
    let exact = [a, 1.0 - (1.0 - a).powi(2), a * a, a.powi(3) + 3.0 * a * a * (1.0 - a)];
    for (scenario, exact) in result.scenarios.iter().zip(exact) {
        covers(scenario, exact, 0.05);
    }
    // Outages of 1 of 2 begin when one is down and the other fails.
    let outages = result.scenarios[1].estimates[Metric::Outages];
    let exact = 2.0 * a * (1.0 - a) / OFTEN.up * YEAR.as_secs_f64();
    assert!(outages.low <= exact && exact <= outages.high, "{exact}: {outages:?}");
    // One slot's recoveries are exponential: mean and quantiles.
    let recovery = result.scenarios[0].pod_recovery_s.get(&named("f0")).unwrap();
    let near =
        |value: Option<f64>, exact: f64| assert!((value.unwrap() / exact - 1.0).abs() < 0.02, "{value:?} {exact}");
    near(recovery.lengths.mean, OFTEN.down);
    for (quantile, exact) in [(recovery.lengths.p50, 2f64.ln()), (recovery.lengths.p99, 100f64.ln())] {
        let Quantile { value, low, high } = quantile.unwrap();
        near(Some(value), OFTEN.down * exact);
        // To the width of a bucket.
        assert!(low * 0.99 <= OFTEN.down * exact && OFTEN.down * exact <= 1.01 * high.unwrap(), "{quantile:?}");
        assert!(high.unwrap() - low < 0.1 * value, "{quantile:?} proves nothing");
    }
    near(Some(recovery.phases[Phase::Start]), OFTEN.down);
}

fn named(fault: &str) -> NamedCause {
    NamedCause::Fault(fault.to_owned())
}

/// Validation: windows of an alternating slot. Their mean is the unavailability's; one without any downtime must begin up
/// and stay so: a·e^(−length/up).
#[test]
fn validation_windows_of_an_alternating_slot() {
    let hour = Duration::from_secs(3_600);
    let mut study = study(vec![Model { window: hour, ..model(1, 1, 1, DAY, 30 * DAY) }], Stopping::Replications(600));
    study.header.confidence = 0.999;
    study.header.objective.slo = Some(1.0);
    study.header.objective.window = hour;
    let result = often(&study);
    let windows = result.scenarios[0].windows.as_ref().unwrap();
    assert_eq!((windows.count, windows.length_s), (600 * 720, 3_600.0));
    let holds = |estimate: &Estimate, exact: f64| {
        assert!(estimate.low <= exact && exact <= estimate.high, "{exact}: {estimate:?}");
        assert!(estimate.high - estimate.low < 0.02 * exact, "{estimate:?} proves nothing");
    };
    let a = OFTEN.availability();
    holds(&windows.downtime_s.mean, 3_600.0 * (1.0 - a));
    holds(windows.meets_slo.as_ref().unwrap(), a * (-3_600.0 / OFTEN.up).exp());
    let WindowLoss { p50, p95, p99, worst, histogram, .. } = &windows.downtime_s;
    let high = |quantile: &Quantile| quantile.high.unwrap();
    assert!(p50.low <= p50.value && p50.value <= high(p50) && high(p50) < p95.low && high(p95) < p99.low);
    assert!(high(p99) <= *worst && *worst <= 3_600.0);
    assert_eq!(histogram.iter().map(|(_, count)| count).sum::<u64>(), windows.count);
}

/// One replication of a slot that is down for a minute after each exponential time up.
fn minutes(up: f64, model: &Model, seed: u64, index: u64) -> Outcome {
    let mut rng = Pcg64Dxsm::seed_from_u64(seed ^ (index << 20));
    let mut unit = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let end = (model.warm_up + model.horizon).as_nanos();
    let mut measures = Measures::new(model);
    let (mut now, mut delivers) = (0, true);
    while now < end {
        deliver(&mut measures, SimTime::from_nanos(now), 0, delivers);
        now += if delivers { (-up * (1.0 - unit()).ln() * SEC as f64) as u64 } else { 60 * SEC };
        delivers = !delivers;
    }
    measures.finish(SimTime::from_nanos(end))
}

/// Validation: outages of a minute, each of which burns more than 51.84 s of an hour, fire the fast alert each time, but for those that
/// begin while the five minutes before still hold 4.32 s of the last one: within 295.68 s of its end. Threads do not alter a digit.
#[test]
fn validation_alerts_of_outages_of_fixed_length() {
    const UP: f64 = 2_000.0;
    let month = Duration::from_secs(30 * 86_400);
    let model = Model { window: month, slo: Some(0.999), ..model(1, 1, 1, DAY, 30 * DAY) };
    let mut study = study(vec![model], Stopping::Replications(100));
    study.header.confidence = 0.999;
    study.header.objective.slo = Some(0.999);
    let answer = |threads, in_flight| {
        answer_of(&study, threads, in_flight, |model, seed, index| minutes(UP, model, seed, index)).unwrap()
    };
    let result = answer(2, 6);
    let [fast, slow] = result.scenarios[0].windows.as_ref().unwrap().alerts.unwrap();
    let exact = YEAR.as_secs_f64() / (UP + 60.0) * (-295.68 / UP).exp();
    let fires = fast.per_year;
    assert!(fires.low <= exact && exact <= fires.high, "{exact}: {fires:?}");
    assert!(fires.high - fires.low < 0.03 * exact, "{fires:?} proves nothing");
    assert_eq!([fast.burn_rate, slow.burn_rate], [14.4, 6.0]);
    let json = |result: &ExperimentResult| serde_json::to_string(result).unwrap();
    for (threads, in_flight) in [(1, 4), (4, 12)] {
        assert!(json(&answer(threads, in_flight)) == json(&result), "{threads} threads, {in_flight} in flight");
    }
}

#[test]
fn parts_add_up_in_what_is_written_too() {
    let result = often(&study(vec![model(2, 2, 2, 0, 30 * DAY)], Stopping::Replications(50)));
    let scenario = &result.scenarios[0];
    let sum: f64 = scenario.downtime_attribution.iter().map(|part| part.s_per_year).sum();
    assert!((sum / scenario.estimates[Metric::Downtime].mean - 1.0).abs() < 1e-11);
    assert_eq!(scenario.time_to_recovery_s.count + scenario.time_to_recovery_s.censored, {
        let years = 50.0 * 30.0 / 365.0;
        (scenario.estimates[Metric::Outages].mean * years).round() as u64
    });
    // Every fault of the model has an entry, also the one that never struck.
    assert_eq!(scenario.pod_recovery_s.get(&named("f1")).unwrap().lengths.count, 0);
    assert!(
        scenario.detection_s.get(&"f1".to_owned()).is_some()
            && scenario.pod_recovery_s.get(&NamedCause::Probe).is_none()
    );
    assert!(scenario.estimates[Metric::Restarts].bound && scenario.estimates[Metric::Restarts].mean == 0.0);
}

/// Determinism: threads and batches in flight do not alter a digit, nor does the order in which batches end.
#[test]
fn one_thread_or_many_give_the_same_bytes() {
    let models = || (1..=3).map(|n| model(n, 1, 1, DAY, 10 * DAY)).collect::<Vec<_>>();
    let precision = Precision::relative(Metric::Downtime, 0.08, 1_000);
    let search = Selection { goal: Wanted::Best, indifference_secs: 20_000.0, max_replications: 1_000 };
    for stop in [Stopping::Replications(200), Stopping::Precision(precision), Stopping::Selection(search)] {
        let study = study(models(), stop);
        let json = |threads, in_flight| {
            let uneven = |model: &Model, seed, index| {
                if index % 64 == 0 {
                    std::thread::sleep(std::time::Duration::from_millis(3));
                }
                OFTEN.play(model, seed, index)
            };
            serde_json::to_string(&answer_of(&study, threads, in_flight, uneven).unwrap()).unwrap()
        };
        let one = json(1, 1);
        for (threads, in_flight) in [(1, 4), (4, 2), (4, 12), (4, 50)] {
            assert!(json(threads, in_flight) == one, "{threads} threads, {in_flight} in flight");
        }
    }
}

fn written(result: &ExperimentResult) -> String {
    serde_json::to_string(result).unwrap()
}

fn goes_on(study: &Study, played: Checkpoint, keep: &mut dyn FnMut(&Checkpoint)) -> (Checkpoint, ExperimentResult) {
    let options = Options { threads: 2, stop: &AtomicBool::new(false), progress: &mut |_| () };
    play(study, played, options, &Pace::of(study), keep, |model, seed, index, _| Some(OFTEN.play(model, seed, index)))
        .unwrap()
}

/// Determinism: whatever was kept, and written and read, is gone on with to the same bytes.
#[test]
fn a_run_goes_on_from_wherever_it_was_stopped() {
    let precision = Precision::relative(Metric::Downtime, 0.04, 1_000);
    let search = Selection { goal: Wanted::Best, indifference_secs: 1_000.0, max_replications: 200 };
    for stopping in [Stopping::Replications(150), Stopping::Precision(precision), Stopping::Selection(search)] {
        let mut models = vec![model(1, 1, 1, DAY, 10 * DAY), model(2, 1, 2, DAY, 10 * DAY)];
        // Two that nothing tells apart, so that the search is long.
        models.push(models[1].clone());
        let study = study(models, stopping);
        let mut kept = vec![];
        let fresh = Checkpoint::nothing(&study, Shard::WHOLE);
        let (_, whole) =
            goes_on(&study, fresh.clone(), &mut |played| kept.push(serde_json::to_string(played).unwrap()));
        assert!(kept.len() >= 5);
        for text in kept.iter().step_by(3).chain(kept.last()) {
            let played: Checkpoint = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&played).unwrap(), *text);
            played.continues(&fresh).unwrap();
            assert!(written(&goes_on(&study, played, &mut |_| ()).1) == written(&whole));
        }
    }
}

/// Determinism: shards, whatever their number, join to the bytes of the whole.
#[test]
fn shards_join_to_the_whole() {
    let study = study(vec![model(1, 1, 1, DAY, 10 * DAY), model(2, 1, 1, DAY, 10 * DAY)], Stopping::Replications(333));
    let whole = written(&often(&study));
    for of in [1, 3, 16] {
        let shard = |index| (index, goes_on(&study, Checkpoint::nothing(&study, Shard { index, of }), &mut |_| ()).0);
        // In any order.
        let shards: Vec<_> = (0..of).rev().map(shard).collect();
        assert!(written(&Checkpoint::join(shards.clone()).unwrap().1) == whole, "{of} shards");
        if of == 3 {
            let join = |shards: &[(u64, Checkpoint)]| Checkpoint::join(shards.to_vec()).unwrap_err();
            assert_eq!(join(&shards[..2]), (None, Unlike::Missing(0)));
            assert_eq!(join(&[&shards[..2], &shards[..1]].concat()), (Some(2), Unlike::Twice(2)));
            let mut other = study.clone();
            other.header.seed += 1;
            let first = Shard { index: 0, of: 3 };
            let unlike = goes_on(&other, Checkpoint::nothing(&other, first), &mut |_| ()).0;
            assert_eq!(join(&[&shards[..2], &[(7, unlike)]].concat()), (Some(7), Unlike::Experiment("seed")));
            let unfinished = (0, Checkpoint::nothing(&study, first));
            let error = join(&[&shards[..2], &[unfinished]].concat());
            assert_eq!(error, (Some(0), Unlike::Unfinished { played: 0, of: 333 }));
            let larger = (9, Checkpoint::nothing(&study, Shard { index: 9, of: 10 }));
            assert!(matches!(join(&[&shards[..2], &[larger]].concat()), (Some(9), Unlike::Shard { .. })));
        }
    }
}

#[test]
fn what_was_played_of_something_else_is_refused() {
    let study = study(vec![model(1, 1, 1, 0, DAY)], Stopping::Replications(40));
    let fresh = Checkpoint::nothing(&study, Shard::WHOLE);
    let shard = Checkpoint::nothing(&study, Shard { index: 1, of: 2 });
    assert!(matches!(shard.continues(&fresh), Err(Unlike::Shard { .. })));
    let text = serde_json::to_string(&fresh).unwrap();
    let damaged: Checkpoint = serde_json::from_str(&text.replace("\"faults\":1", "\"faults\":2")).unwrap();
    assert!(matches!(damaged.continues(&fresh), Err(Unlike::Damaged(_))));
    let other: Checkpoint = serde_json::from_str(&text.replace(env!("CARGO_PKG_VERSION"), "0.0.9")).unwrap();
    assert_eq!(other.continues(&fresh), Err(Unlike::Version("0.0.9".to_owned())));
}

/// Files of an earlier build of this version are still read: the names of what they hold are fixed.
#[test]
fn the_form_of_a_checkpoint_is_fixed() {
    let study = study(vec![model(1, 1, 1, 0, DAY)], Stopping::Replications(40));
    let written = serde_json::to_value(Checkpoint::nothing(&study, Shard::WHOLE)).unwrap();
    let keys = |value: &serde_json::Value| {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort_unstable();
        keys.join(" ")
    };
    assert_eq!(keys(&written), "apiVersion goal kind next open outline race share tallies version");
    assert_eq!(written["kind"], "Played");
    assert_eq!(
        keys(&written["outline"]),
        "baseline confidence currency faults goals horizon_ns inputs name notes objective scenarios seed sensitivity \
         stopping varied warm_up_ns"
    );
    assert_eq!(
        keys(&written["outline"]["scenarios"][0]),
        "coincidence cost_per_year draws faults is_as_compared name node_hours_per_year parameters replicas unplaceable"
    );
}

#[test]
fn a_result_is_read_back_as_it_was_written() {
    let result = often(&study(vec![model(1, 1, 1, 0, DAY), model(2, 1, 1, 0, DAY)], Stopping::Replications(40)));
    let json = serde_json::to_string(&result).unwrap();
    assert_eq!(serde_json::from_str::<ExperimentResult>(&json).unwrap(), result);
}

/// A year in which nothing ever happens, in two scenarios that are not the same.
fn quiet(replications: u64, lasts: Option<Law>) -> ExperimentResult {
    let never = Alternating { up: 1e18, down: 1.0 };
    let mut models = vec![model(1, 1, 1, 0, 365 * DAY); 2];
    models[1].faults[FaultId::new(0)].lasts = lasts;
    let study = study(models, Stopping::Replications(replications));
    answer_of(&study, 1, 3, |model, seed, index| never.play(model, seed, index)).unwrap()
}

/// At most 3.7 outages in the 100 years played, of 10 min and what the longest law brings that coincides with something.
#[test]
fn nothing_seen_is_a_bound_of_what_was_played() {
    let result = quiet(100, Some(Law::exponential(3_600.0).unwrap()));
    let [first, second] = &result.scenarios[..] else { panic!("two scenarios") };
    let events = 3.688_879_454_1;
    for (scenario, lasts) in [(first, 600.0), (second, 600.0 + 2.0 * 3_600.0)] {
        let availability = scenario.estimates[Metric::Availability];
        assert!(availability.bound && availability.mean == 1.0 && availability.high == 1.0);
        let most = events / 100.0 * lasts;
        assert!((scenario.estimates[Metric::Downtime].high / most - 1.0).abs() < 1e-9, "{most}: {availability:?}");
        assert!((scenario.estimates[Metric::Outages].high - events / 100.0).abs() < 1e-9);
        assert!(scenario.estimates[Metric::Downtime].bound && scenario.time_to_recovery_s.mean.is_none());
    }
    // What one of the two may lose, they may differ by.
    let difference = second.difference_to_baseline.as_ref().unwrap().downtime_s_per_year;
    assert!(difference.bound && difference.low == -difference.high);
    assert_eq!(difference.high, second.estimates[Metric::Downtime].high);
    let longer = quiet(10_000, None).scenarios[0].estimates[Metric::Downtime].high;
    assert!((longer / (events / 10_000.0 * 600.0) - 1.0).abs() < 1e-9, "{longer}");
}

/// With few short replications a share of all the time says more than a number of outages that outlast them.
#[test]
fn a_bound_is_never_above_that_of_a_share() {
    let result = quiet(2, Some(Law::lognormal(30.0 * 86_400.0, 2.0).unwrap()));
    let availability = result.scenarios[1].estimates[Metric::Availability];
    assert!((availability.low - 0.025f64.sqrt()).abs() < 1e-11, "{availability:?}");
}

#[test]
fn the_same_system_under_two_names_differs_by_nothing() {
    let study = study(vec![model(1, 1, 1, 0, 30 * DAY); 2], Stopping::Replications(32));
    let result = often(&study);
    assert!(result.scenarios[1].estimates[Metric::Downtime].mean > 0.0);
    assert_eq!(result.scenarios[1].difference_to_baseline.as_ref().unwrap().downtime_s_per_year, Estimate::ZERO);
}

#[test]
fn differences_are_paired() {
    // The second needs both slots, of which the first has one: they meet the same faults.
    let study = study(vec![model(1, 1, 1, 0, 30 * DAY), model(2, 2, 1, 0, 30 * DAY)], Stopping::Replications(100));
    let result = often(&study);
    assert!(result.scenarios[0].difference_to_baseline.is_none());
    let difference = result.scenarios[1].difference_to_baseline.unwrap().downtime_s_per_year;
    let [one, two] = [0, 1].map(|i| result.scenarios[i].estimates[Metric::Downtime]);
    assert!((difference.mean - (two.mean - one.mean)).abs() < 1e-3 * two.mean);
    assert!(difference.low > 0.0, "{difference:?}");
}

#[test]
fn a_precision_target_is_reached_or_said_to_be_missed() {
    let model = || model(2, 1, 1, 0, 10 * DAY);
    let asked = |relative, max_replications| {
        let precision = Precision::relative(Metric::Downtime, relative, max_replications);
        often(&study(vec![model()], Stopping::Precision(precision)))
    };
    let reached = asked(0.02, 100_000);
    let Estimate { mean, low, high, .. } = reached.scenarios[0].estimates[Metric::Downtime];
    assert!((high - low) / 2.0 <= 0.02 * mean);
    let replications = reached.scenarios[0].replications;
    assert!(replications > 256 && (replications / 256).is_power_of_two(), "{replications}");
    assert!(reached.notes[0].starts_with("Precision: ±2 % of the downtime holds"), "{:?}", reached.notes);
    let missed = asked(0.000_1, 300);
    assert_eq!(missed.scenarios[0].replications, 300);
    assert!(missed.notes[0].contains("was not reached within maxReplications (300) by `s0` (±"), "{:?}", missed.notes);
}

#[test]
fn a_scenario_that_is_known_well_enough_is_not_played_further() {
    let models = vec![model(1, 1, 1, 0, 10 * DAY), model(2, 2, 1, 0, 10 * DAY), model(3, 1, 1, 0, 10 * DAY)];
    let precision = Precision::relative(Metric::Downtime, 0.05, 2_048);
    let result = often(&study(models, Stopping::Precision(precision)));
    let replications: Vec<u64> = result.scenarios.iter().map(|scenario| scenario.replications).collect();
    assert!(replications[1] < replications[2], "{replications:?}");
    assert_eq!(replications[0], replications[2], "the baseline goes on with the others: {replications:?}");
}

#[test]
fn an_interrupted_run_gives_what_it_has() {
    let study = study(vec![model(1, 1, 1, 0, DAY), model(2, 1, 1, 0, DAY)], Stopping::Replications(10_000));
    let stop = AtomicBool::new(false);
    let mut progress = |progress: Progress| {
        assert_eq!(progress.total, 20_000);
        stop.store(progress.done >= 200, Ordering::Relaxed);
    };
    let options = Options { threads: 2, stop: &stop, progress: &mut progress };
    let result = run(&study, options, |model, seed, index| OFTEN.play(model, seed, index)).unwrap();
    assert!(result.interrupted && result.notes.last().unwrap().contains("interrupted"));
    let played: u64 = result.scenarios.iter().map(|scenario| scenario.replications).sum();
    assert!((100..2_000).contains(&played), "{played}");
    // Before anything was played there is an answer too: an empty one.
    let options = Options { threads: 1, stop: &AtomicBool::new(true), progress: &mut |_| () };
    let result = run(&study, options, |_, _, _| unreachable!()).unwrap();
    assert!(result.interrupted && result.scenarios.is_empty());
}

/// What is given up leaves a checkpoint without gaps, though later batches were finished before.
#[test]
fn replications_that_take_too_long_are_given_up_and_leave_no_gap() {
    let study = study(vec![model(1, 1, 1, 0, DAY)], Stopping::Replications(100 * BATCH));
    let stop = AtomicBool::new(false);
    let options = Options { threads: 2, stop: &stop, progress: &mut |_| () };
    let endless = 3 * BATCH + 5;
    let replicate = |model: &Model, seed, index, reached: &mut Watcher<'_>| {
        if index == endless {
            stop.store(true, Ordering::Relaxed);
            while reached(0.5).is_continue() {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            return None;
        }
        Some(OFTEN.play(model, seed, index))
    };
    let played = Checkpoint::nothing(&study, Shard::WHOLE);
    let (played, result) = play(&study, played, options, &Pace::of(&study), &mut |_| (), replicate).unwrap();
    assert!(result.interrupted);
    assert_eq!((played.next, played.replications()), (3 * BATCH, 3 * BATCH));
    // It goes on to the whole.
    let options = Options { threads: 2, stop: &AtomicBool::new(false), progress: &mut |_| () };
    let whole = |model: &Model, seed, index, _: &mut Watcher<'_>| Some(OFTEN.play(model, seed, index));
    let (_, resumed) = play(&study, played, options, &Pace::of(&study), &mut |_| (), whole).unwrap();
    assert_eq!(resumed, often(&study));
}

#[test]
fn a_panic_names_the_replication() {
    let study = study(vec![model(1, 1, 1, 0, DAY), model(2, 1, 1, 0, DAY)], Stopping::Replications(1_000));
    let fails = |model: &Model, seed, index| {
        assert!(index < 77 || model.workload().replicas == 1, "time ran back");
        OFTEN.play(model, seed, index)
    };
    for (threads, in_flight) in [(1, 1), (4, 12)] {
        let error = answer_of(&study, threads, in_flight, fails).unwrap_err().to_string();
        assert!(error.contains("replication 77 of scenario `s1` with seed 42 panicked: time ran back"), "{error}");
    }
}

#[test]
fn every_replication_is_played_once() {
    let played = Mutex::new(vec![]);
    let study = study(vec![model(1, 1, 1, 0, DAY)], Stopping::Replications(77));
    answer_of(&study, 3, 5, |model, seed, index| {
        played.lock().unwrap().push(index);
        OFTEN.play(model, seed, index)
    })
    .unwrap();
    let mut played = played.into_inner().unwrap();
    played.sort_unstable();
    assert_eq!(played, (0..77).collect::<Vec<_>>());
}

/// Scenarios of 1 to 5 replicas that lose 10 % of the time to this power, at a price per Pod.
fn grid(goal: Wanted, slo: Option<f64>, indifference_secs: f64) -> Study {
    let models = (1..=5).map(|replicas| {
        let mut model = model(replicas, 1, 1, 0, DAY);
        model.cluster.prices = Some(Prices { node_hour: 0.0, pod_hour: 1.0, currency: None });
        model
    });
    let selection = Selection { goal, indifference_secs, max_replications: 5_000 };
    let mut study = study(models.collect(), Stopping::Selection(selection));
    study.header.objective.slo = slo;
    study
}

#[test]
fn a_search_finds_the_best_and_plays_the_others_less() {
    let result = often(&grid(Wanted::Best, None, 2_000.0));
    let selection = result.selection.unwrap();
    assert!(selection.decided);
    // 10⁻⁴ and 10⁻⁵ of a year differ by 2,838 s, so the zone tells them apart.
    assert_eq!(selection.chosen.as_deref(), Some("s4"));
    let played: Vec<u64> = result.scenarios.iter().map(|scenario| scenario.replications).collect();
    assert!(played[0] < played[3] && played[3] == played[4], "{played:?}");
    assert_eq!(selection.standings[0].standing, Standing::Beaten);
}

/// What has no room for its replicas is played and marked, and never chosen, however little it loses.
#[test]
fn unplaceable_scenarios_are_never_chosen() {
    let mut study = grid(Wanted::Best, None, 2_000.0);
    study.scenarios[4].pending = vec![WorkloadId::new(0)];
    let result = often(&study);
    let selection = result.selection.clone().unwrap();
    assert_eq!((selection.chosen.as_deref(), selection.decided), (Some("s3"), true));
    assert_eq!(selection.standings[4].standing, Standing::Barred);
    assert!(result.scenarios[4].unplaceable && result.scenarios[4].replications > 0);
    assert_eq!(result.contenders(), [0, 1, 2, 3]);
    let mut cheapest = grid(Wanted::Cheapest, Some(0.98), 20_000.0);
    cheapest.scenarios[1].pending = vec![WorkloadId::new(0)];
    assert_eq!(often(&cheapest).selection.unwrap().chosen.as_deref(), Some("s2"));
    // Where all are so, `allowPending` has asked for them.
    study.scenarios.iter_mut().for_each(|scenario| scenario.pending = vec![WorkloadId::new(0)]);
    assert_eq!(often(&study).selection.unwrap().chosen.as_deref(), Some("s4"));
}

#[test]
fn a_search_finds_the_cheapest_that_meets_the_objective() {
    let result = often(&grid(Wanted::Cheapest, Some(0.98), 20_000.0));
    let selection = result.selection.unwrap();
    assert!(selection.decided);
    assert_eq!(selection.chosen.as_deref(), Some("s1"), "10 % misses, 1 % meets");
    let standings: Vec<Standing> = selection.standings.iter().map(|scenario| scenario.standing).collect();
    assert_eq!(standings[0], Standing::Misses);
    assert_eq!(standings[1], Standing::Meets);
    assert_eq!(result.scenarios[2].cost_per_year, Some(3.0 * 8_760.0));
    let none = often(&grid(Wanted::Cheapest, Some(0.999_999), 20.0));
    assert_eq!(none.selection.unwrap().chosen, None, "10⁻⁵ misses 10⁻⁶");
}

/// Where Pods cost nothing beside their Nodes, those that meet the objective cost the same: the fewest Pods decide, not the
/// order of the file.
#[test]
fn of_equally_cheap_scenarios_the_one_with_the_fewest_pods_is_chosen() {
    let mut study = grid(Wanted::Cheapest, Some(0.98), 400_000.0);
    study.scenarios.reverse();
    for scenario in &mut study.scenarios {
        scenario.model.cluster.prices = Some(Prices { node_hour: 1.0, pod_hour: 0.0, currency: None });
    }
    let result = often(&study);
    let selection = result.selection.unwrap();
    let chosen = result.scenarios.iter().find(|scenario| Some(&scenario.name) == selection.chosen.as_ref()).unwrap();
    let meeting = selection.standings.iter().filter(|standing| standing.standing == Standing::Meets).count();
    assert_eq!((chosen.name.as_str(), meeting), ("s1", 4));
}

#[test]
fn a_search_that_ends_too_early_says_so() {
    let mut study = grid(Wanted::Best, None, 1.0);
    study.header.stopping =
        Stopping::Selection(Selection { goal: Wanted::Best, indifference_secs: 1.0, max_replications: 100 });
    let selection = often(&study).selection.unwrap();
    assert!(!selection.decided);
    assert_eq!(selection.standings[4].standing, Standing::Open);
}
