//! Long-run availability against renewal theory: replications are independent, so each interval is one of means.

use rayon::prelude::*;

use super::judge::{Title, mean};
use super::{RELIST, SYNC, bare, exponential, fault};
use crate::experiment::replicate;
use crate::model::{Affects, ContainerMode, Model, Probe, Strikes};
use crate::random::Law;
use crate::study::Quantity;
use crate::time::Duration;
use crate::verify::row::Row;

const CRASH: Strikes = Strikes::Container(ContainerMode::Crash);
const GRAY: Affects = Affects { requests: true, readiness: false, liveness: false, startup: false };

pub fn rows(check: &'static str, seed: u64) -> Vec<Row> {
    let title = |what, note| Title { check, what, note };
    let mut rows =
        vec![crashes(title("U, 1 replica, exponential crashes, fixed start", "C1, C13, P12, W4, E10"), seed)];
    let independent = [
        (1, 1, 400, "U, 1 replica without probes"),
        (1, 2, 700, "U, 1 of 2 needed, independent crashes"),
        (2, 3, 400, "U, 2 of 3 needed, independent crashes"),
        (4, 5, 150, "U, 4 of 5 needed, independent crashes"),
    ];
    for (i, (k, n, replications, what)) in independent.into_iter().enumerate() {
        let (mut model, q) = plain(n, 2000.0);
        model.workload_mut().min_serving = k;
        let found = unavailability(&model, seed + 10 + i as u64, replications);
        rows.push(mean(title(what, "binomial in one slot's U; C1, C4"), &found, fewer_than(k, n, q)));
    }
    for (i, (k, n, replications, what)) in
        [(1, 1, 500, "U, 1 replica, gray pauses, Weibull"), (2, 3, 700, "U, 2 of 3 needed, gray pauses, Weibull")]
            .into_iter()
            .enumerate()
    {
        let (model, q) = gray(k, n);
        let found = unavailability(&model, seed + 20 + i as u64, replications);
        rows.push(mean(title(what, "only means matter"), &found, fewer_than(k, n, q)));
    }
    let found = unavailability(&shared(), seed + 30, 200);
    rows.push(mean(title("U, 3 replicas, a shared dependency", "more replicas do not help"), &found, 300.0 / 3300.0));
    let losses = losses_by_chance(seed + 40);
    rows.push(mean(title("readiness losses in 1000 mean runs, p = 0.3", "P16: runs of 2 failures"), &losses, 1000.0));
    rows
}

fn days(days: f64) -> Duration {
    Duration::from_secs_f64(86_400.0 * days)
}

fn unavailability(model: &Model, seed: u64, n: u64) -> Vec<f64> {
    let horizon = model.horizon.as_secs_f64();
    let one = |index| replicate(model, seed, index).counted(Quantity::Downtime) as f64 / 1e9 / horizon;
    (0..n).into_par_iter().map(one).collect()
}

/// One replica of the reference with exponential crashes every 10 days of service and a start of 5 s. A cycle runs
/// from the moment the application serves: it is not delivering for the first R = 15 + δ (until Ready and in
/// rotation), unless it crashes before; crashes after X; is seen, U[0, 1.005) and a sync, and restarted, c; and serves
/// after S. So the unavailability is (E min(X, R) + U + c + S) / (E X + U + c + S).
///
/// A crash within 600 s of the last start waits for about 11.7 s more (C13's 12.2 s contain the detection).
fn crashes(title: Title, seed: u64) -> Row {
    let (mttf, start_up, c) = (10.0 * 86_400.0, 5.0, 0.3);
    let mut model = Model { faults: vec![fault(CRASH, exponential(mttf), None)].into(), ..bare(1) };
    model.app_mut().start_up = Law::Fixed(start_up);
    model.warm_up = days(1.0);
    model.horizon = days(3650.0);
    let seen = RELIST / 2.0 + SYNC;
    // W4: Ready at s + 20 + δ; c + δ is one relist and a sync, or two relists with probability 0.2; E10: two hops.
    let ready = 20.0 + 1.2 * RELIST - c + 2.0 * SYNC;
    let undelivered = mttf * -(-(ready - start_up) / mttf).exp_m1();
    let soon = -(-(600.0 - start_up - c) / mttf).exp_m1();
    let repair = seen + c + start_up + soon * (12.2 - seen);
    let exact = (undelivered + repair) / (mttf + repair);
    mean(title, &unavailability(&model, seed, 600), exact)
}

/// Without probes a slot delivers whenever its process serves, and with a start of more than 600 s no crash ever
/// meets a back-off (C10): up for X, down for U[0, 1.005) + sync + c + S. The model and one slot's unavailability.
fn plain(replicas: u32, mttf: f64) -> (Model, f64) {
    let start_up = 610.0;
    let mut model = Model { faults: vec![fault(CRASH, exponential(mttf), None)].into(), ..bare(replicas) };
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = None;
    model.app_mut().start_up = Law::Fixed(start_up);
    model.warm_up = days(1.0);
    model.horizon = days(30.0);
    let down = RELIST / 2.0 + SYNC + 0.3 + start_up;
    (model, down / (mttf + down))
}

fn choose(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

/// Fewer than `k` of `n` are up, each down with probability `q`.
fn fewer_than(k: u32, n: u32, q: f64) -> f64 {
    (0..k).map(|up| choose(n, up) * (1.0 - q).powi(up as i32) * q.powi((n - up) as i32)).sum()
}

/// Pauses that no probe sees: up for an exponential time, down for a Weibull time.
fn gray(k: u32, n: u32) -> (Model, f64) {
    let (mttf, mttr) = (3000.0, 900.0);
    let lasts = Law::weibull_with_mean(0.7, mttr).expect("positive");
    let strikes = Strikes::Container(ContainerMode::Hang(GRAY));
    let mut model = Model { faults: vec![fault(strikes, exponential(mttf), Some(lasts))].into(), ..bare(n) };
    model.workload_mut().min_serving = k;
    model.warm_up = days(1.0);
    model.horizon = days(60.0);
    (model, mttr / (mttr + mttf))
}

/// A dependency of all Pods fails every 3000 s for U[100, 500).
fn shared() -> Model {
    let strikes = Strikes::Deployment(ContainerMode::Error(GRAY));
    let lasts = super::uniform(100.0, 500.0);
    let mut model = Model { faults: vec![fault(strikes, exponential(3000.0), Some(lasts))].into(), ..bare(3) };
    model.warm_up = days(1.0);
    model.horizon = days(60.0);
    model
}

/// Readiness alone, each probe lost with probability p. From a success the run of F failures is complete with the N-th
/// probe, E N = (1 − p^F)/(p^F(1 − p)), and known T = 5 s after it is sent; the probe after a loss follows at once (W1,
/// P12), and after each failure the next one: a loss every 5·(E N + 1 + p/(1 − p)) s.
fn losses_by_chance(seed: u64) -> Vec<f64> {
    let (p, threshold) = (0.3_f64, 2);
    let mut model = bare(1);
    model.app_mut().probe_failure = p;
    model.workload_mut().pod.main_mut().liveness = None;
    let readiness = model.workload().pod.main().readiness.expect("the reference has a readiness probe");
    model.workload_mut().pod.main_mut().readiness = Some(Probe { failure_threshold: threshold, ..readiness });
    let run = p.powi(threshold as i32);
    let between = 5.0 * ((1.0 - run) / (run * (1.0 - p)) + 1.0 + p / (1.0 - p));
    model.horizon = Duration::from_secs_f64(1000.0 * between);
    let lost = |index| {
        let logs = super::watch::play_one(&model, seed, index, model.horizon.as_secs_f64());
        logs.all(super::watch::What::Lost).len() as f64
    };
    (0..200).into_par_iter().map(lost).collect()
}
