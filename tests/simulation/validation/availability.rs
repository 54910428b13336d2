//! Validation: long-run availability against closed forms of renewal theory, and probes that fail by chance.
//!
//! Replications are independent, so each interval is one of means over replications.

use crate::common::stats::{assert_mean, assert_same_mean};
use crate::common::{CRASH, bare, exponential, fault, probe, secs};
use hasim::cluster::{EndpointView, Mode, Observed, Observer, watch};
use hasim::experiment::replicate;
use hasim::model::{Affects, ContainerMode, Model, Strikes};
use hasim::random::Law;
use hasim::study::Quantity;
use hasim::time::{Duration, SimTime};

/// Integrates, from the end of the warm-up on, the time with fewer than `needed` slots delivering; counts losses and kills.
#[derive(Debug, Clone)]
struct Integral {
    needed: usize,
    from: SimTime,
    since: SimTime,
    delivers: Vec<bool>,
    down: Duration,
    losses: u32,
    kills: u32,
}

impl Integral {
    fn new(model: &Model) -> Self {
        Self {
            needed: model.workload().min_serving as usize,
            from: SimTime::ZERO + model.warm_up,
            since: SimTime::ZERO + model.warm_up,
            delivers: vec![true; model.workload().replicas as usize],
            down: Duration::ZERO,
            losses: 0,
            kills: 0,
        }
    }

    fn account(&mut self, now: SimTime) {
        if self.delivers.iter().filter(|&&delivers| delivers).count() < self.needed {
            self.down += now.saturating_since(self.since);
        }
        self.since = now.max(self.from);
    }
}

impl Observer for Integral {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::EndpointChanged { pod, view, .. } => {
                self.account(at);
                if self.delivers.len() <= pod.index() {
                    self.delivers.resize(pod.index() + 1, false);
                }
                self.delivers[pod.index()] = view.as_ref().is_some_and(EndpointView::serves);
            }
            Observed::ReadinessLost { .. } => self.losses += 1,
            Observed::ProbeKilled { .. } => self.kills += 1,
            _ => {}
        }
    }
}

/// Each replication's integral over the horizon.
fn integrals(model: &Model, seed: u64, n: u64, mode: Mode) -> Vec<Integral> {
    let end = SimTime::ZERO + model.warm_up + model.horizon;
    let one = |index| {
        let mut integral = watch(model, seed, index, mode, end, Integral::new(model));
        integral.account(end);
        integral
    };
    (0..n).map(one).collect()
}

/// Each replication's unavailability, as the program measures it.
fn unavailability(model: &Model, seed: u64, n: u64) -> Vec<f64> {
    let horizon = model.horizon.as_nanos() as f64;
    (0..n).map(|index| replicate(model, seed, index).counted(Quantity::Downtime) as f64 / horizon).collect()
}

fn days(days: f64) -> Duration {
    secs(86_400.0 * days)
}

/// One replica of the reference with exponential crashes every 10 days of service and a start of 5 s. A cycle runs
/// from the moment the application serves: it is not delivering for the first R = 15 + δ (until Ready and in
/// rotation), unless it crashes before; crashes after X; is seen, U[0, 1.005) and a sync, and restarted, c; and serves
/// after S. So the unavailability is (E min(X, R) + U + c + S) / (E X + U + c + S).
///
/// A crash within 600 s of the last start waits for about 11.7 s more (C13's 12.2 s contain the detection).
#[test]
fn one_replica_with_exponential_crashes() {
    let (mttf, start_up, c, sync) = (10.0 * 86_400.0, 5.0, 0.3, 0.01);
    let mut model = Model { faults: vec![fault("crash", CRASH, exponential(mttf), None)].into(), ..bare(1) };
    model.app_mut().start_up = Law::fixed(start_up).unwrap();
    model.warm_up = days(1.0);
    model.horizon = days(3650.0);
    let seen = 1.005 / 2.0 + sync;
    // W4: Ready at s + 20 + δ; c + δ is one relist and a sync, or two relists with probability 0.2; E10: two hops.
    let ready = 20.0 + 1.2 * 1.005 - c - sync + sync + 2.0 * 0.01;
    let undelivered = mttf * -(-(ready - start_up) / mttf).exp_m1();
    let soon = -(-(600.0 - start_up - c) / mttf).exp_m1();
    let repair = seen + c + start_up + soon * (12.2 - seen);
    let exact = (undelivered + repair) / (mttf + repair);
    let found = unavailability(&model, 1, 360);
    assert_mean("unavailability", &found, exact, 1);
}

/// Without probes a slot delivers whenever its process serves, and with a start of more than 600 s no crash ever
/// meets a back-off (C10): up for X, down for U[0, 1.005) + sync + c + S.
fn plain(replicas: u32, mttf: f64) -> (Model, f64) {
    let start_up = 610.0;
    let mut model = Model { faults: vec![fault("crash", CRASH, exponential(mttf), None)].into(), ..bare(replicas) };
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = None;
    model.app_mut().start_up = Law::fixed(start_up).unwrap();
    model.warm_up = days(1.0);
    model.horizon = days(30.0);
    let down = 1.005 / 2.0 + 0.01 + 0.3 + start_up;
    (model, down / (mttf + down))
}

#[test]
fn one_replica_without_probes() {
    let (model, exact) = plain(1, 5000.0);
    let found = unavailability(&model, 2, 250);
    assert_mean("unavailability", &found, exact, 1);
}

fn choose(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

/// Fewer than `k` of `n` are up, each down with probability `q`.
fn fewer_than(k: u32, n: u32, q: f64) -> f64 {
    (0..k).map(|up| choose(n, up) * (1.0 - q).powi(up as i32) * q.powi((n - up) as i32)).sum()
}

/// Container faults of slots are independent, so k of n is binomial in the single slot's availability.
#[test]
fn k_of_n_replicas_with_independent_crashes() {
    for (i, (k, n, replications)) in [(1, 2, 500), (2, 3, 250), (4, 5, 80)].into_iter().enumerate() {
        let (mut model, q) = plain(n, 2000.0);
        model.workload_mut().min_serving = k;
        let found = unavailability(&model, 3 + i as u64, replications);
        assert_mean(&format!("{k} of {n}"), &found, fewer_than(k, n, q), 3);
    }
}

/// Gray pauses, which no probe sees: up for an exponential time, down for a Weibull time. Only means matter.
#[test]
fn k_of_n_replicas_with_gray_pauses() {
    let (mttf, mttr) = (3000.0, 900.0);
    let gray = Affects { requests: true, readiness: false, liveness: false, startup: false };
    let lasts = Law::weibull_with_mean(0.7, mttr).unwrap();
    let strikes = Strikes::Container(ContainerMode::Hang(gray));
    for (i, (k, n, replications)) in [(1, 1, 300), (2, 3, 500)].into_iter().enumerate() {
        let mut model =
            Model { faults: vec![fault("gray", strikes, exponential(mttf), Some(lasts.clone()))].into(), ..bare(n) };
        model.workload_mut().min_serving = k;
        model.warm_up = days(1.0);
        model.horizon = days(60.0);
        let found = unavailability(&model, 10 + i as u64, replications);
        assert_mean(&format!("{k} of {n}"), &found, fewer_than(k, n, mttr / (mttr + mttf)), 2);
    }
}

/// A shared dependency strikes all Pods at once: more replicas do not help.
#[test]
fn a_fault_of_the_deployment_is_common_to_all_slots() {
    let gray = Affects { requests: true, readiness: false, liveness: false, startup: false };
    let strikes = Strikes::Deployment(ContainerMode::Error(gray));
    let lasts = Law::uniform(100.0, 500.0).unwrap();
    let mut model =
        Model { faults: vec![fault("shared", strikes, exponential(3000.0), Some(lasts))].into(), ..bare(3) };
    model.warm_up = days(1.0);
    model.horizon = days(60.0);
    let found = unavailability(&model, 20, 100);
    assert_mean("unavailability", &found, 300.0 / 3300.0, 1);
}

// ---- Chance ----

fn by_chance(p: f64) -> Model {
    let mut model = bare(1);
    model.app_mut().probe_failure = p;
    model.warm_up = Duration::ZERO;
    model
}

/// Readiness alone. From a success the run of F failures is complete with the N-th probe, E N = (1 − p^F)/(p^F(1 − p)),
/// and known T = 5 s after it is sent; the probe after a loss follows at once (W1, P12), and after each failure the
/// next one, so Ready comes after another 5·p/(1 − p) s. A loss every 5·(E N + 1 + p/(1 − p)) s.
#[test]
fn p16_losses_by_chance_have_the_rate_of_runs() {
    for (i, (p, threshold)) in [(0.3, 2), (0.1, 1), (0.2, 2), (0.5, 4)].into_iter().enumerate() {
        // The judge plays every probe: once is enough.
        for mode in [Mode::Fast, Mode::EveryProbe].into_iter().take(if i == 0 { 2 } else { 1 }) {
            let mut model = by_chance(p);
            model.workload_mut().pod.main_mut().liveness = None;
            model.workload_mut().pod.main_mut().readiness = Some(probe(threshold));
            let run = p.powi(threshold as i32);
            let between = 5.0 * ((1.0 - run) / (run * (1.0 - p)) + 1.0 + p / (1.0 - p));
            model.horizon = secs(1000.0 * between);
            let found = integrals(&model, 30 + i as u64, 150, mode);
            let losses: Vec<f64> = found.iter().map(|integral| f64::from(integral.losses)).collect();
            assert_mean(&format!("losses, p {p}, threshold {threshold}, {mode:?}"), &losses, 1000.0, 5);
        }
    }
}

/// Both modes draw the same law where probes fail by chance: availability, losses and kills agree.
fn assert_modes_agree(model: &Model, seed: u64, n: u64) {
    let (fast, slow) = (integrals(model, seed, n, Mode::Fast), integrals(model, seed + 1, n, Mode::EveryProbe));
    let of =
        |of: &dyn Fn(&Integral) -> f64| -> [Vec<f64>; 2] { [&fast, &slow].map(|side| side.iter().map(of).collect()) };
    for side in [&fast, &slow] {
        let losses: u32 = side.iter().map(|integral| integral.losses).sum();
        let kills: u32 = side.iter().map(|integral| integral.kills).sum();
        assert!(losses >= 1000 && kills >= 1000, "{losses} losses and {kills} kills prove nothing");
    }
    let [a, b] = of(&|integral| integral.down.as_secs_f64());
    assert_same_mean("downtime", &a, &b, 3);
    let [a, b] = of(&|integral| f64::from(integral.losses));
    assert_same_mean("losses", &a, &b, 3);
    let [a, b] = of(&|integral| f64::from(integral.kills));
    assert_same_mean("kills", &a, &b, 3);
}

#[test]
fn the_modes_agree_on_losses_and_kills_by_chance() {
    let mut model = by_chance(0.25);
    model.horizon = days(1.0);
    assert_modes_agree(&model, 50, 200);
}

/// The same among crashes, pauses and slow starts, with a startup probe.
#[test]
fn the_modes_agree_on_chance_among_faults() {
    let mut model = by_chance(0.2);
    model.workload_mut().pod.main_mut().startup = Some(probe(4));
    let pause = Strikes::Container(ContainerMode::Hang(Affects::ALL));
    model.faults = vec![
        fault("crash", CRASH, exponential(7000.0), None),
        fault("pause", pause, exponential(3000.0), Some(Law::uniform(1.0, 30.0).unwrap())),
    ]
    .into();
    model.app_mut().start_up = Law::uniform(1.0, 40.0).unwrap();
    model.horizon = days(1.0);
    assert_modes_agree(&model, 60, 250);
}
