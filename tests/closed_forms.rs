//! Validation: availability against closed forms. Without probes a container that crashes is down until its restart
//! has been detected, created and started up, so each slot is an alternating renewal process with known means.
//! Intervals are at 99.9 % and at most 2 % of the value wide.

mod common;

use common::{days, exponential, fault, quick_latencies, reference};
use hasim::experiment::replicate;
use hasim::model::{ContainerMode, Model, Strikes};
use hasim::random::Law;

const UP: f64 = 86_400.0;
/// Longer than the back-off remembers (600 s): no crash ever finds an entry (C10).
const START_UP: f64 = 2_000.0;
/// To the next listing (C1), a sync, creation, and the application's own start.
const DOWN: f64 = 1.005 / 2.0 + 0.01 + 0.3 + START_UP;

fn crashing(replicas: u32, min_serving: u32) -> Model {
    let mut model = reference();
    model.deployment.replicas = replicas;
    model.deployment.pod.liveness = None;
    model.deployment.pod.readiness = None;
    model.min_serving = min_serving;
    model.cluster.latencies = quick_latencies();
    model.app.start_up = Law::fixed(START_UP).unwrap();
    model.faults = vec![fault("crash", Strikes::Container(ContainerMode::Crash), exponential(UP), None)];
    model.warm_up = common::secs(days(7.0));
    model
}

fn assert_unavailability(name: &str, model: &Model, replications: u64, exact: f64) {
    let horizon = model.horizon.as_secs_f64();
    let shares: Vec<f64> =
        (0..replications).map(|index| replicate(model, 2026, index).downtime_nanos() as f64 / 1e9 / horizon).collect();
    let n = replications as f64;
    let mean = shares.iter().sum::<f64>() / n;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = 3.29 * (variance / n).sqrt();
    assert!(half <= 0.01 * exact, "{name}: the interval is too wide to prove anything: ±{half}");
    assert!((mean - exact).abs() <= half, "{name}: {mean} ± {half}, exact {exact}");
}

#[test]
fn one_replica_with_exponential_crashes_and_a_fixed_start() {
    assert_unavailability("1 of 1", &crashing(1, 1), 400, DOWN / (UP + DOWN));
}

#[test]
fn two_of_three_independent_replicas() {
    let u = DOWN / (UP + DOWN);
    let exact = 3.0 * u * u * (1.0 - u) + u.powi(3);
    assert_unavailability("2 of 3", &crashing(3, 2), 5_000, exact);
}

#[test]
fn one_of_two_independent_replicas() {
    let u = DOWN / (UP + DOWN);
    assert_unavailability("1 of 2", &crashing(2, 1), 14_000, u * u);
}
