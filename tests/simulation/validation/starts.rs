//! Validation: from a start to Ready, and the budget of a slow one (W4, W5, W12, P9, P11a).
//!
//! Latencies are fixed: 10 ms for a sync, c for creating and starting a container. What remains random is what
//! Kubernetes draws: the phases of relists, ticks and whole seconds, and the race of P11a.

use crate::common;
use crate::common::stats::{assert_law, assert_share, mean_over_square, sum_of_uniforms, uniform};
use crate::common::watch::{Log, What, killed, play_many};
use crate::common::{CRASH, WINDOW, bare, fixed, near, secs, struck_once};
use hasim::cluster::{Mode, Phase, watch};
use hasim::model::{Model, RaceOdds, Start, WhileStarting};
use hasim::random::Law;
use hasim::time::{Duration, SimTime};

/// The period of the kubelet's relists (C1).
const RELIST: f64 = 1.005;
const SYNC: f64 = 0.01;

/// One replica that crashes at a random time; creating and starting its container takes `c`.
fn crashing(c: f64) -> Model {
    let mut model = struck_once(CRASH, None);
    model.cluster.latencies.container_start = fixed(c);
    model
}

fn crash_to_ready(model: &Model, seed: u64) -> Vec<f64> {
    let logs = play_many(model, seed, 5000, WINDOW + 60.0);
    logs.iter().map(|log| log.ready(0, log.struck(0).unwrap()).unwrap() - log.struck(0).unwrap()).collect()
}

/// W4, P11a: relists bracket the restart, so that c + δ is `m` whole periods, one more in case (b).
fn assert_w4(c: f64, m: f64, seed: u64) {
    let ready = crash_to_ready(&crashing(c), seed);
    let from = 20.0 + SYNC + m * RELIST;
    let (a, b) = (uniform(from, from + RELIST), uniform(from + RELIST, from + 2.0 * RELIST));
    assert_law(&format!("crash to Ready, c {c}"), &ready, 1, |x| 0.8 * a(x) + 0.2 * b(x));
}

/// A crash, a kill for memory included (C17), is seen with the next listing (C1).
#[test]
fn w4_crash_to_ready_with_a_short_start() {
    assert_w4(0.3, 1.0, 1);
}

#[test]
fn w4_crash_to_ready_with_a_start_longer_than_a_relist() {
    assert_w4(1.2, 2.0, 2);
}

/// W4, with a startup probe: U[0, 1.005) until the exit is seen, c, then the first tick after the whole second
/// 20 s on: 20 − f + φ. With c = 1 between 20.1 and 27.1 s.
#[test]
fn w4_with_a_startup_probe() {
    let mut model = crashing(1.0);
    model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
    let ready = crash_to_ready(&model, 3);
    // Two syncs: the restart, and the one that follows the success. f is 1 − U[0, 1).
    let exact = sum_of_uniforms(20.0 + 1.0 + 2.0 * SYNC - 1.0, &[RELIST, 1.0, 5.0]);
    assert_law("crash to Ready with a startup probe", &ready, 1, exact);
    assert!(ready.iter().all(|&t| (20.0..27.1).contains(&t)));
}

/// A Pod just created at a random moment, whose first container starts `start` seconds after its first sync.
fn fresh(start: f64) -> Model {
    let mut model = bare(1);
    model.start = Start::Fresh;
    model.cluster.latencies.bind = Law::uniform(0.0, 100.0).unwrap();
    model.cluster.latencies.container_start = fixed(start);
    model
}

/// The kubelet's first sync of the first Pod (P9's t0): one latency after binding, with which the phase `start` begins.
fn t0(log: &Log) -> f64 {
    log.reached(0, 0.0, Phase::Start).unwrap() + SYNC
}

fn since_t0(model: &Model, seed: u64, n: u64, when: impl Fn(&Log, f64) -> Option<f64>) -> Vec<f64> {
    play_many(model, seed, n, 300.0).iter().map(|log| when(log, t0(log)).unwrap() - t0(log)).collect()
}

/// W4, P11a, C2: the start is seen at once, and Ready comes at s + 20 + δ, with δ of cases (a), (b) and (c).
/// L is what creating and starting takes (C6).
#[test]
fn w4_a_new_pod_is_ready_20_s_and_an_anchor_after_its_start() {
    let l = 0.82;
    let ready = since_t0(&fresh(l), 4, 5000, |log, t0| log.ready(0, t0));
    let from = l + 20.0 + 2.0 * SYNC;
    let (a, b) = (uniform(from, from + RELIST), uniform(from + RELIST, from + 2.0 * RELIST));
    // Case (c) is an atom; it is counted, and the law of the others compared.
    let (atom, rest): (Vec<f64>, Vec<f64>) = ready.iter().partition(|&&t| t < from + 1e-6);
    assert_share("case (c)", atom.len(), ready.len(), 0.08, 2);
    assert_law("cases (a) and (b)", &rest, 2, |x| (0.80 * a(x) + 0.12 * b(x)) / 0.92);
}

/// W4, P1, P4: with a startup probe Ready comes at t0 + 25 for L in [1, 5); for L < 1 at t0 + 20 with probability 1 − L.
#[test]
fn w4_a_new_pod_with_a_startup_probe_is_ready_on_the_grid_of_its_first_sync() {
    for (i, (l, early)) in [(0.3, 0.7), (0.8, 0.2), (1.0, 0.0), (3.0, 0.0), (4.9, 0.0)].into_iter().enumerate() {
        let mut model = fresh(l);
        model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
        model.app_mut().start_up = fixed(0.1);
        let ready = since_t0(&model, 10 + i as u64, 2000, |log, t0| log.ready(0, t0));
        let at_20 = ready.iter().filter(|&&t| (20.0..20.02).contains(&t)).count();
        let at_25 = ready.iter().filter(|&&t| (25.0..25.02).contains(&t)).count();
        assert_eq!(at_20 + at_25, ready.len(), "L {l}: {:?}", &ready[..5]);
        assert_share(&format!("at 20 s, L {l}"), at_20, ready.len(), early, 5);
    }
}

// ---- W12: no initial delay ----

fn without_delay(mut model: Model) -> Model {
    let main = model.workload_mut().pod.main_mut();
    for probe in [&mut main.liveness, &mut main.readiness, &mut main.startup].into_iter().flatten() {
        probe.initial_delay = Duration::ZERO;
    }
    model
}

fn ready_in_case(odds: RaceOdds, seed: u64) -> Vec<f64> {
    let mut model = without_delay(fresh(0.3));
    model.workload_mut().pod.main_mut().liveness = None;
    model.app_mut().start_up = fixed(0.0);
    model.cluster.start_race.first = odds;
    since_t0(&model, seed, 3000, |log, t0| log.ready(0, t0)).iter().map(|t| t - 0.3).collect()
}

/// W12, P11a, D = 0: at once in case (a), with the next relist in (b), a whole period late in (c).
#[test]
fn w12_without_delay_ready_follows_the_race() {
    let a = ready_in_case(RaceOdds { new_status: 1.0, old_status_synced: 0.0 }, 20);
    assert!(a.iter().all(|t| (0.0..0.3).contains(t)), "(a)");
    let b = ready_in_case(RaceOdds { new_status: 0.0, old_status_synced: 1.0 }, 21);
    assert_law("(b)", &b, 1, uniform(2.0 * SYNC, 2.0 * SYNC + RELIST));
    let c = ready_in_case(RaceOdds { new_status: 0.0, old_status_synced: 0.0 }, 22);
    assert!(c.iter().all(|t| (5.0..5.06).contains(t)), "(c)");
}

/// An application that never answers, killed by its first liveness probe: the log shows when that was.
fn first_liveness_probe(l: f64, delay: f64, seed: u64) -> Vec<f64> {
    let mut model = fresh(l);
    model.app_mut().start_up = fixed(1e6);
    let liveness = model.workload_mut().pod.main_mut().liveness.as_mut().unwrap();
    liveness.initial_delay = secs(delay);
    liveness.failure_threshold = 1;
    since_t0(&model, seed, 2000, |log, t0| log.first(0, t0, killed))
}

/// W12, P3, P9: D = 0, P = 5: 5 − L after the start; the attempt at t0 found no container.
#[test]
fn w12_without_delay_the_first_liveness_probe_comes_a_period_after_the_first_sync() {
    for l in [0.3, 2.0, 4.9] {
        assert!(first_liveness_probe(l, 0.0, 30).iter().all(|&t| near(t, 5.0)), "L {l}");
    }
}

/// W12, P9: D = 20, P = 5, L = 0.8: 24.2 s after the start if f < 0.8, else 19.2.
#[test]
fn w12_p9_the_first_liveness_probe_falls_on_20_or_25_s() {
    let probes = first_liveness_probe(0.8, 20.0, 31);
    let early = probes.iter().filter(|&&t| near(t, 20.0)).count();
    assert_eq!(early + probes.iter().filter(|&&t| near(t, 25.0)).count(), probes.len());
    assert_share("f ≥ L", early, probes.len(), 0.2, 1);
}

/// P9 with L above the period: the smallest k with kP − L ≥ D − f.
#[test]
fn p9_a_start_longer_than_a_period() {
    let probes = first_liveness_probe(7.3, 20.0, 32);
    // s + 20 − f lies in (26.3, 27.3] after t0: the tick at 30 is the first.
    assert!(probes.iter().all(|&t| near(t, 30.0)));
    let probes = first_liveness_probe(5.4, 20.0, 33);
    let early = probes.iter().filter(|&&t| near(t, 25.0)).count();
    assert_share("f ≥ 0.4", early, probes.len(), 0.6, 1);
}

/// W12, P12, C3: a startup probe with D = 0 that succeeds on its first tick: that tick also stored Unknown, so the sync
/// that follows the success waits for the next relist: Ready at 5 − L + U[0, 1).
#[test]
fn w12_startup_success_on_the_first_tick_waits_for_a_relist() {
    let mut model = fresh(0.3);
    model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
    let mut model = without_delay(model);
    model.app_mut().start_up = fixed(0.0);
    let ready = since_t0(&model, 34, 3000, |log, t0| log.ready(0, t0));
    assert_law("Ready", &ready, 1, uniform(5.0 + SYNC, 5.0 + SYNC + RELIST));
}

/// Oracle: without delays, and with ticks as dense as relists, both modes still tell the same history.
#[test]
fn without_delay_the_fast_mode_equals_the_judge() {
    let mut model = common::storms::stormy_reference();
    model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
    let mut model = without_delay(model);
    model.workload_mut().pod.main_mut().readiness.as_mut().unwrap().period = secs(1.0);
    for index in 0..4 {
        let log = |mode| watch(&model, 36, index, mode, SimTime::ZERO + secs(5.0 * 86_400.0), Log::default());
        let (fast, slow) = (log(Mode::Fast), log(Mode::EveryProbe));
        let differs = fast.entries.iter().zip(&slow.entries).position(|(a, b)| a != b);
        assert_eq!(differs, None, "replication {index}");
        assert_eq!(fast.entries.len(), slow.entries.len());
    }
}

/// W12, P12: D = 15 is no multiple of P = 10: the grid point after it, s + 20 + δ.
#[test]
fn w12_the_delay_is_rounded_up_to_the_grid() {
    let mut model = fresh(0.3);
    let readiness = model.workload_mut().pod.main_mut().readiness.as_mut().unwrap();
    (readiness.initial_delay, readiness.period) = (secs(15.0), secs(10.0));
    let ready = since_t0(&model, 35, 1000, |log, t0| log.ready(0, t0));
    assert!(ready.iter().all(|t| (20.3..22.4).contains(t)));
}

// ---- W5: the budget of a slow start ----

/// First kill of a first instance that never answers, counted from t0.
fn kill_decisions(l: f64, starting: WhileStarting, seed: u64) -> Vec<f64> {
    let mut model = fresh(l);
    model.app_mut().start_up = fixed(1e6);
    model.app_mut().while_starting = starting;
    since_t0(&model, seed, 2000, |log, t0| log.first(0, t0, killed))
}

/// W5: the kill of a first instance falls exactly 35 or 40 s after the first sync if connections are refused, 40 or
/// 45 s if they are accepted and not answered; the earlier one only for L < 1, with probability 1 − L.
#[test]
fn w5_the_first_instance_is_killed_on_the_grid_of_its_first_sync() {
    let cases = [(0.3, 0.7), (0.8, 0.2), (1.0, 0.0), (2.5, 0.0), (5.0, 0.0)];
    for (i, (l, early)) in cases.into_iter().enumerate() {
        for (starting, first) in [(WhileStarting::Refuses, 35.0), (WhileStarting::Accepts, 40.0)] {
            let kills = kill_decisions(l, starting, 40 + i as u64);
            let at = |t: f64| kills.iter().filter(|&&kill| near(kill, t)).count();
            assert_eq!(at(first) + at(first + 5.0), kills.len(), "L {l}, {starting:?}: {:?}", &kills[..3]);
            assert_share(&format!("early, L {l}, {starting:?}"), at(first), kills.len(), early, 2 * cases.len());
        }
    }
}

/// W5, P14: a request sent before the application answers and answered within its timeout is a success, so a start
/// of just under 45 − L survives with connections accepted.
#[test]
fn w5_a_request_accepted_before_the_start_is_over_may_still_succeed() {
    let l = 2.0;
    for (start_up, survives) in [(40.0 + 5.0 - l - 0.1, true), (40.0 + 5.0 - l + 0.1, false)] {
        let mut model = fresh(l);
        model.app_mut().start_up = fixed(start_up);
        model.app_mut().while_starting = WhileStarting::Accepts;
        for log in play_many(&model, 50, 100, 200.0) {
            assert_eq!(log.first(0, 0.0, killed).is_none(), survives, "start-up {start_up}");
        }
    }
}

const STARTS: [f64; 8] = [33.9, 34.0, 35.0, 36.0, 37.0, 38.0, 39.0, 40.1];

fn killed_while_starting(model: &Model, start_up: f64, seed: u64, n: u64) -> usize {
    let mut model = model.clone();
    model.app_mut().start_up = fixed(start_up);
    let killed_once = |log: &Log| {
        let struck = log.struck(0).unwrap();
        let restarted = log.first(0, struck, |w| *w == What::Restarted).unwrap();
        log.first(0, restarted, killed).is_some_and(|at| at < restarted + 50.0)
    };
    play_many(&model, seed, n, WINDOW + 60.0).iter().filter(|log| killed_once(log)).count()
}

/// W5's P(kill) after a crash, with a phase that has nothing to do with the ticks (P9a). It is the startup probe's: the liveness probe's run may carry a failure over (P17).
#[test]
fn w5_a_slow_start_after_a_crash_with_a_startup_probe() {
    let mut model = crashing(0.3);
    model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
    for (i, start_up) in STARTS.into_iter().enumerate() {
        let x = start_up - 35.0;
        let p = match x {
            x if x <= -1.0 => 0.0,
            x if x <= 0.0 => (x + 1.0).powi(2) / 10.0,
            x if x <= 4.0 => (x + 0.5) / 5.0,
            x if x <= 5.0 => 1.0 - (5.0 - x).powi(2) / 10.0,
            _ => 1.0,
        };
        let n = 2500;
        let kills = killed_while_starting(&model, start_up, 60 + i as u64, n);
        assert_share(&format!("start-up {start_up}"), kills, n as usize, p, STARTS.len());
    }
}

/// The same with the liveness probe alone. A tick between the crash and the sync that sees it is refused and counts
/// (P6, P17): then three failures of the new instance suffice. With τ from that tick to the sync, U[0, 5), the
/// crash came before it with probability (1.005 + 0.01 − τ)/1.005.
#[test]
fn w5_p17_a_slow_start_after_a_crash_without_startup_probe() {
    let c = 0.3;
    let model = crashing(c);
    for (i, start_up) in STARTS.into_iter().enumerate() {
        let p = mean_over_square(1000, |tau, f| {
            let tau = 5.0 * tau;
            // Ticks lie at −τ + 5k from the sync, the start at c; the first probe at or after c − f + 20.
            let first = 5.0 * ((20.0 + c - f + tau) / 5.0).ceil() - tau - c;
            let carried = ((RELIST + SYNC - tau) / RELIST).clamp(0.0, 1.0);
            let dies = |budget: f64| f64::from(u8::from(start_up > first + budget));
            carried * dies(10.0) + (1.0 - carried) * dies(15.0)
        });
        let n = 2500;
        let kills = killed_while_starting(&model, start_up, 80 + i as u64, n);
        assert_share(&format!("start-up {start_up}"), kills, n as usize, p, STARTS.len());
    }
}
