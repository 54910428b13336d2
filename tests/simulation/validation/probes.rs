//! Validation: what probes make of a hang and of errors (W1–W3, W12), by whole distributions.

use crate::common;
use crate::common::stats::{assert_law, assert_share, uniform};
use crate::common::watch::{What, killed, play_many};
use crate::common::{ERROR, HANG, WINDOW, secs, struck_once};
use hasim::ids::SlotId;
use hasim::model::{Model, Probe, ScriptTarget, Strikes};
use hasim::time::Duration;

/// First readiness loss and first kill after the strike, in seconds; replications without them give none.
fn reactions(model: &Model, seed: u64, n: u64) -> Vec<(Option<f64>, Option<f64>)> {
    let logs = play_many(model, seed, n, WINDOW + 100.0);
    logs.iter()
        .map(|log| {
            let at = log.struck(0).expect("strikes within the window");
            let within = |t: f64| (t - at < 100.0).then_some(t - at);
            (log.first(0, at, |w| *w == What::Lost).and_then(within), log.first(0, at, killed).and_then(within))
        })
        .collect()
}

fn losses_and_kills(model: &Model, seed: u64, n: u64) -> (Vec<f64>, Vec<f64>) {
    reactions(model, seed, n).into_iter().map(|(loss, kill)| (loss.unwrap(), kill.unwrap())).unzip()
}

#[test]
fn w1_w2_a_hang_costs_readiness_after_10_to_15_s_and_the_container_after_20_to_25_s() {
    let (losses, kills) = losses_and_kills(&struck_once(HANG, None), 1, 6000);
    assert_law("W1", &losses, 2, uniform(10.0, 15.0));
    assert_law("W2", &kills, 2, uniform(20.0, 25.0));
}

/// P9b, W2: readiness lags liveness by q = L + δ, here 0.3 + U[0, 1.005); the kill follows the loss after 10 − q
/// with probability 1 − q/5, else after 15 − q.
#[test]
fn w2_kill_and_loss_are_coupled_by_the_lag_of_the_readiness_ticks() {
    let (losses, kills) = losses_and_kills(&struck_once(HANG, None), 2, 6000);
    let gaps: Vec<f64> = kills.iter().zip(&losses).map(|(kill, loss)| kill - loss).collect();
    let (least, most) = (0.3, 1.305);
    // The integrals of 1 − q/5 and of q/5 from q to the largest lag.
    let near = |q: f64| (most - q) - (most * most - q * q) / 10.0;
    let far = |q: f64| (most * most - q * q) / 10.0;
    let lag = |q: f64| q.clamp(least, most);
    assert_law("kill − loss", &gaps, 1, |x| (near(lag(10.0 - x)) + far(lag(15.0 - x))) / (most - least));
}

/// P9b: with a startup probe readiness is anchored on its success, so both tick together: 10.0 s (± 20 ms).
#[test]
fn w2_with_a_startup_probe_the_kill_follows_the_loss_after_10_s() {
    let mut model = struck_once(HANG, None);
    model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
    let (losses, kills) = losses_and_kills(&model, 3, 500);
    for (loss, kill) in losses.iter().zip(&kills) {
        assert!((kill - loss - 10.0).abs() <= 0.02, "{kill} − {loss}");
    }
}

#[test]
fn w3_errors_cost_readiness_after_5_to_10_s_and_the_container_after_15_to_20_s() {
    let (losses, kills) = losses_and_kills(&struck_once(ERROR, None), 4, 6000);
    assert_law("loss", &losses, 2, uniform(5.0, 10.0));
    assert_law("kill", &kills, 2, uniform(15.0, 20.0));
}

/// W2 (b), W3: the F-th failing probe must start while the fault lasts.
fn assert_finite(strikes: Strikes, seed: u64) {
    const N: u64 = 3000;
    let lengths = [4.9, 6.0, 7.5, 9.0, 10.1, 14.9, 16.0, 17.5, 19.0, 20.1];
    for (i, &d) in lengths.iter().enumerate() {
        let found = reactions(&struck_once(strikes, Some(d)), seed + i as u64, N);
        let share = |what: &str, hits, p| {
            assert_share(&format!("{what}, {strikes:?} for {d} s"), hits, N as usize, p, 2 * lengths.len());
        };
        share("lost", found.iter().filter(|f| f.0.is_some()).count(), ((d - 5.0) / 5.0).clamp(0.0, 1.0));
        share("killed", found.iter().filter(|f| f.1.is_some()).count(), ((d - 15.0) / 5.0).clamp(0.0, 1.0));
    }
}

#[test]
fn w2_a_finite_hang_is_noticed_if_the_last_failing_probe_starts_within_it() {
    assert_finite(HANG, 10);
}

#[test]
fn w3_finite_errors_are_noticed_if_the_last_failing_probe_starts_within_them() {
    assert_finite(ERROR, 30);
}

/// W3: after the errors end Ready comes back with the next probe, U[0, 5).
#[test]
fn w3_readiness_returns_with_the_next_probe() {
    let logs = play_many(&struck_once(ERROR, Some(12.0)), 50, 4000, WINDOW + 100.0);
    let returns: Vec<f64> = logs
        .iter()
        .map(|log| {
            let over = log.struck(0).unwrap() + 12.0;
            log.ready(0, over).unwrap() - over
        })
        .collect();
    assert_law("Ready again", &returns, 1, uniform(0.0, 5.0));
}

/// W2 (b): the probe in flight is lost with the hang; the one that follows it finds the process well.
#[test]
fn w2_readiness_returns_when_the_lost_probe_has_timed_out() {
    let logs = play_many(&struck_once(HANG, Some(15.0)), 51, 4000, WINDOW + 100.0);
    let returns: Vec<f64> = logs
        .iter()
        .filter_map(|log| {
            let over = log.struck(0).unwrap() + 15.0;
            log.ready(0, over).map(|at| at - over)
        })
        .collect();
    assert_law("Ready again", &returns, 1, uniform(0.0, 5.0));
}

fn readiness_only(strikes: Strikes, probe: Probe) -> Model {
    let mut model = struck_once(strikes, None);
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = Some(probe);
    model
}

fn with_timing(timeout: f64, period: f64, failure_threshold: u32) -> Probe {
    Probe { timeout: secs(timeout), period: secs(period), ..common::probe(failure_threshold) }
}

fn losses(model: &Model, seed: u64) -> Vec<f64> {
    reactions(model, seed, 5000).into_iter().map(|(loss, _)| loss.unwrap()).collect()
}

/// W12: default probes, timeout 1, period 10, threshold 3: φ + 20 refused, φ + 21 hanging.
#[test]
fn w12_default_probes() {
    let refused = losses(&readiness_only(ERROR, with_timing(1.0, 10.0, 3)), 60);
    assert_law("refused", &refused, 2, uniform(20.0, 30.0));
    let hanging = losses(&readiness_only(HANG, with_timing(1.0, 10.0, 3)), 61);
    assert_law("hanging", &hanging, 2, uniform(21.0, 31.0));
}

/// W12, P5: a timeout of 10 s stretches a period of 5 s: φ + 30.
#[test]
fn w12_a_timeout_above_the_period_spaces_hanging_probes() {
    let hanging = losses(&readiness_only(HANG, with_timing(10.0, 5.0, 3)), 62);
    assert_law("hanging", &hanging, 1, uniform(30.0, 35.0));
}

/// P19: with threshold 1 a single failure decides.
#[test]
fn p19_with_threshold_1_the_first_failing_probe_decides() {
    let refused = losses(&readiness_only(ERROR, with_timing(5.0, 5.0, 1)), 63);
    assert_law("refused", &refused, 1, uniform(0.0, 5.0));
}

/// P9b, W1: a running system has no preferred moment, whatever the periods: a hang meets the readiness probe anywhere in
/// its own period, and not in that of the liveness probe.
#[test]
fn p9b_probes_of_unlike_periods_are_met_anywhere_in_their_own() {
    let probe = |period: f64, failures| Probe {
        initial_delay: Duration::ZERO,
        period: secs(period),
        timeout: secs(1.0),
        ..common::probe(failures)
    };
    for startup in [None, Some(probe(1.0, 30))] {
        let slots = [ScriptTarget::Slot(SlotId::new(0))];
        let mut model = Model {
            faults: vec![common::scripted("hang", common::fixed(120.0), &slots, HANG, None)].into(),
            ..common::bare(1)
        };
        model.workload_mut().pod.main_mut().startup = startup;
        model.workload_mut().pod.main_mut().liveness = Some(probe(2.0, 30));
        model.workload_mut().pod.main_mut().readiness = Some(probe(20.0, 1));
        let logs = play_many(&model, 18, 3000, 200.0);
        let losses: Vec<f64> =
            logs.iter().map(|log| log.first(0, 120.0, |what| *what == What::Lost).unwrap() - 120.0).collect();
        assert_law("loss", &losses, 2, uniform(1.0, 21.0));
    }
}
