//! Validation: probes that wait behind requests (P5, P16).

use crate::common::stats::{assert_same_mean, mean_interval};
use crate::common::watch::{What, play_many};
use crate::common::{CRASH, bare, days, fixed, scripted, secs};
use hasim::cluster::Mode;
use hasim::experiment::{Outcome, replicate, replicate_beside};
use hasim::ids::SlotId;
use hasim::model::{Model, Probe, Queue, ScriptTarget, Traffic};
use hasim::queueing::Clients;
use hasim::study::Quantity;

/// One Pod with one worker that answers 10 a second, on average, and whose only probe is a readiness probe.
fn one(traffic: Traffic, period: f64, timeout: f64, failure_threshold: u32) -> Model {
    let mut model = Model { traffic: Some(traffic), ..bare(1) };
    let main = model.workload_mut().pod.main_mut();
    let probe = Probe { period: secs(period), timeout: secs(timeout), failure_threshold, ..crate::common::probe(1) };
    (main.liveness, main.readiness) = (None, Some(probe));
    main.app.capacity = Some(10.0);
    main.app.queue = Some(Queue { workers: 1, limit: None, delays_probes: true });
    model
}

/// As many requests a second at all hours.
fn flat(rate: f64) -> Traffic {
    Traffic::by_the_hour(rate, [1.0; 168]).unwrap()
}

fn losses(outcome: &Outcome) -> f64 {
    outcome.counted(Quantity::NeedlessReadiness) as f64
}

fn counted(model: &Model, seed: u64, replications: u64) -> Vec<f64> {
    (0..replications).map(|index| losses(&replicate(model, seed, index))).collect()
}

/// Seconds from one loss to the next where each probe of a Pod in rotation fails with `p`, `waits` seconds after it was sent: a period for
/// each attempt until so many fail in a row, and the wait of the last. The loss brings a sync, which sends a probe at once and begins the
/// ticks anew (P11, P12), while requests still come; where that fails, too, the next one does not, as nobody asks the Pod any more.
fn cycle(p: f64, failures: i32, period: f64, waits: f64) -> f64 {
    period * ((1.0 - p.powi(failures)) / ((1.0 - p) * p.powi(failures)) + p) + waits
}

/// M/M/1: P(T > t) = e^(−(μ − λ) t), here e⁻². Three in a row withdraw the Pod, and the next one brings it back.
#[test]
fn p16_a_busy_pod_is_withdrawn_as_often_as_m_m_1_says() {
    let mut model = one(flat(8.0), 10.0, 1.0, 3);
    model.horizon = secs(days(90.0));
    let expected = days(90.0) / cycle((-2.0_f64).exp(), 3, 10.0, 1.0);
    assert_held(&counted(&model, 3, 30), expected, 0.04);
}

/// Erlang B: with 4 workers and no place to wait, at an offered load of 4, 0.3107 of what comes is refused at once, and of the rest e⁻¹⁰
/// takes longer than ten times the mean.
#[test]
fn where_nothing_can_wait_probes_are_refused_like_requests() {
    let mut model = one(flat(40.0), 10.0, 1.0, 3);
    let app = &mut model.workload_mut().pod.main_mut().app;
    (app.capacity, app.queue) = (Some(40.0), Some(Queue { workers: 4, limit: Some(0), delays_probes: true }));
    model.horizon = secs(days(40.0));
    let refused = 0.310_679_611_650_485_4;
    let p = refused + (1.0 - refused) * (-10.0_f64).exp();
    assert_held(&counted(&model, 4, 20), days(40.0) / cycle(p, 3, 10.0, 0.0), 0.04);
}

/// By the hour, so many requests a second: what is expected in so many weeks, within an interval of no more than `width`.
fn assert_by_the_hour(
    rates: [f64; 24],
    (timeout, failures): (f64, u32),
    (weeks, replications): (u32, u64),
    width: f64,
) {
    let all = days(f64::from(7 * weeks));
    let mean = rates.iter().sum::<f64>() / 24.0;
    let traffic = Traffic::by_the_hour(mean, std::array::from_fn(|hour| rates[hour % 24])).unwrap();
    let mut model = one(traffic, 2.0, timeout, failures);
    model.horizon = secs(all);
    let of_hour = |rate: f64| all / 24.0 / cycle((-(10.0 - rate) * timeout).exp(), failures as i32, 2.0, timeout);
    let expected = rates.iter().map(|rate| of_hour(*rate)).sum::<f64>();
    assert_held(&counted(&model, 5, replications), expected, width);
}

/// One of the seven samples of this page: its mean is what is expected, and so sure that the interval is no wider than that part of it.
fn assert_held(sample: &[f64], expected: f64, width: f64) {
    let (found, half) = mean_interval(sample, 7);
    assert!((found - expected).abs() <= half, "{found} ± {half}, and it is {expected}");
    assert!(2.0 * half <= width * expected, "± {half} is too wide to prove {expected}");
}

/// From probabilities that hardly any probe has to such as nearly each tenth has, and all between: what is not played counts as if it
/// were.
#[test]
fn probes_that_are_not_played_fail_as_often_as_those_that_are() {
    let between =
        |least: f64, most: f64| std::array::from_fn(|hour| least + (most - least) * (hour % 12) as f64 / 11.0);
    // Below 1e-5, below 1e-3, and all of them; each failure alone.
    assert_by_the_hour(between(0.5, 2.2), (1.5, 1), (52, 200), 0.1);
    assert_by_the_hour(between(3.0, 5.3), (1.5, 1), (52, 10), 0.1);
    assert_by_the_hour(between(1.0, 8.0), (1.5, 1), (2, 8), 0.1);
    // Two in a row: each of them is a candidate.
    let pairs = std::array::from_fn(|hour| if hour % 2 == 0 { 1.5 } else { 2.98 });
    assert_by_the_hour(pairs, (1.0, 2), (52, 200), 0.25);
    assert_by_the_hour(between(1.0, 8.0), (1.5, 2), (4, 12), 0.2);
}

/// Fast against the mode that plays every probe, in law: losses of readiness, kills and failed requests of Pods that lose one of theirs,
/// are all asked too much for a while, and recover.
#[test]
fn the_fast_mode_agrees_in_law_with_the_one_that_plays_every_probe() {
    let clients = Clients { timeout: Some(1.0), tries: 2, retry_budget: Some(0.3) };
    for (number, limit) in [None, Some(10)].into_iter().enumerate() {
        let hours = std::array::from_fn(|hour| 5.0 + (hour % 24) as f64);
        let traffic = Traffic::by_the_hour(150.0, hours).unwrap().from_clients(clients);
        let mut model = Model { traffic: Some(traffic), horizon: secs(days(2.0)), ..bare(4) };
        let targets: Vec<ScriptTarget> = (0..1).map(|slot| ScriptTarget::Slot(SlotId::new(slot))).collect();
        model.faults = vec![scripted("crash", fixed(days(0.6)), &targets, CRASH, None)].into();
        let main = model.workload_mut().pod.main_mut();
        main.app.capacity = Some(75.0);
        // Of the first no probe fails until too much comes.
        main.app.probe_failure = if number == 0 { 0.0 } else { 0.002 };
        main.app.queue = Some(Queue { workers: if number == 0 { 2 } else { 6 }, limit, delays_probes: true });
        for probe in [&mut main.liveness, &mut main.readiness].into_iter().flatten() {
            probe.timeout = secs(1.0);
        }
        let of = |mode: Mode, from: u64| -> [Vec<f64>; 3] {
            let played: Vec<Outcome> =
                (from..from + 24).map(|index| replicate_beside(&model, 9, index, mode, &mut ()).0).collect();
            [Quantity::NeedlessReadiness, Quantity::NeedlessLiveness, Quantity::FailedRequests]
                .map(|what| played.iter().map(|outcome| outcome.counted(what) as f64).collect())
        };
        let (fast, slow) = (of(Mode::Fast, 0), of(Mode::EveryProbe, 1_000));
        for (what, (fast, slow)) in ["losses", "kills", "failed"].iter().zip(fast.iter().zip(&slow)) {
            assert!(fast.iter().sum::<f64>() > 0.0, "{number}: {what} do not come about");
            assert_same_mean(&format!("{number}: {what}"), fast, slow, 6);
        }
    }
}

/// The way into the spiral (kubernetes#115917). Two Pods that answer 100 a second each get 150; one crashes. What waits in the other grows
/// by 50 a second, so after 4 s more than 2 s of work are before a probe: the first that fails is sent within a period of 5 s from then on,
/// the second fails 5 s later, 2 s after it was sent. So the other leaves 11 to 16 s after all came to it, and nobody serves; with a timeout
/// of 5 s, which no probe feels before, 20 to 25 s after. Where probes are answered at once it stays.
#[test]
fn p18_the_pods_that_are_left_are_withdrawn_when_they_are_busy() {
    for (delays_probes, timeout) in [(true, 2.0), (true, 5.0), (false, 2.0)] {
        let clients = Clients { timeout: Some(1.0), tries: 1, retry_budget: None };
        let traffic = flat(150.0).from_clients(clients);
        let mut model = Model { traffic: Some(traffic), horizon: secs(3_600.0), ..bare(2) };
        let target = [ScriptTarget::Slot(SlotId::new(0))];
        model.faults = vec![scripted("crash", crate::common::at_random_time(), &target, CRASH, None)].into();
        let main = model.workload_mut().pod.main_mut();
        main.app.start_up = fixed(60.0);
        main.app.capacity = Some(100.0);
        main.app.queue = Some(Queue { workers: 8, limit: None, delays_probes });
        main.liveness = None;
        let readiness = Probe { timeout: secs(timeout), ..crate::common::probe(2) };
        main.readiness = Some(readiness);
        let mut after = Vec::new();
        for log in play_many(&model, 12, 100, crate::common::WINDOW + 100.0) {
            let crashed = log.struck(0).unwrap();
            let alone = log.looked(0, crashed, |view| !view.in_rotation).unwrap();
            let lost = log.first(1, 0.0, |what| *what == What::Lost);
            if !delays_probes {
                assert_eq!(lost, None);
                continue;
            }
            after.push(lost.expect("it is lost") - alone);
        }
        if delays_probes {
            // One that is sent when just so much waits fails in every second case, and earlier ones now and then.
            let (first, last) = (3.0 * timeout + 5.0, 3.0 * timeout + 10.0);
            assert!(after.iter().all(|after| (first - 4.0..last + 5.5).contains(after)), "{after:?}");
            let (mean, half) = mean_interval(&after, 2);
            assert!(
                (mean - f64::midpoint(first, last)).abs() < half + 0.3,
                "withdrawn {mean} ± {half} s after all came to it"
            );
        }
    }
}
