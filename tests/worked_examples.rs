//! Validation: the worked examples of the reference configuration, as laws with exact forms (W1–W9, N4, N10).
//!
//! Latencies are almost nothing and fixed, so what remains is Kubernetes itself. Every law is compared as a whole
//! (Kolmogorov–Smirnov at 99.9 %); probabilities lie inside their 99.9 % interval. The seed is fixed in
//! `common/watch.rs` and was not chosen.

mod common;
#[path = "common/watch.rs"]
mod watch;

use common::{fault, probe, quick_latencies, reference};
use hasim::cluster::Phase;
use hasim::model::{Affects, ContainerMode, Model, NodeMode, OnSigterm, ProbeKind, Start, Strikes, WhileStarting};
use hasim::random::Law;
use hasim::time::Duration;
use watch::{Watch, What, assert_law, assert_share, uniform, watch};

const N: u64 = 4000;
const KILLED: What = What::Killed(ProbeKind::Liveness);

fn fixed(value: f64) -> Law {
    Law::fixed(value).unwrap()
}

/// One replica, no latencies to speak of, and one fault that strikes at a random moment of the first hour.
fn struck(mode: ContainerMode, lasts: Option<f64>) -> Model {
    let mut model = reference();
    model.deployment.replicas = 1;
    model.cluster.latencies = quick_latencies();
    model.app.start_up = fixed(1.0);
    model.app.on_sigterm = OnSigterm::Exits(fixed(0.3));
    model.faults = vec![fault("fault", Strikes::Container(mode), fixed(3600.0), lasts.map(fixed))];
    model.warm_up = Duration::ZERO;
    model
}

/// What followed the first strike of each replication, times from the strike.
fn stories(model: &Model, follow: f64) -> Vec<Watch> {
    (0..N)
        .map(|index| {
            let mut story = watch(model, index, 3600.0 + follow);
            let at = story.first(0.0, What::Struck).expect("the fault strikes within the hour");
            story.0.retain(|entry| entry.0 >= at && entry.0 < at + follow);
            story.0.iter_mut().for_each(|entry| entry.0 -= at);
            story
        })
        .collect()
}

fn times(stories: &[Watch], what: What) -> Vec<f64> {
    stories.iter().filter_map(|story| story.first(0.0, what)).collect()
}

#[test]
fn w1_w2_a_hang_is_noticed_after_10_to_15_s_and_kills_after_20_to_25_s() {
    let stories = stories(&struck(ContainerMode::Hang(Affects::ALL), None), 60.0);
    assert_eq!(times(&stories, KILLED).len(), N as usize);
    assert_law("W1", times(&stories, What::ReadinessLost), uniform(10.0, 15.0));
    assert_law("W2", times(&stories, KILLED), uniform(20.0, 25.0));
    // Coupled phases (P9b): readiness ticks lag liveness ticks by a constant q = (δ + L) mod 5 of a Pod, so the kill
    // comes 10 − q or 15 − q after the loss.
    for story in &stories {
        let gap = story.first(0.0, KILLED).unwrap() - story.first(0.0, What::ReadinessLost).unwrap();
        assert!((5.0..=15.0).contains(&gap), "gap {gap}");
    }
}

#[test]
fn w2_with_a_startup_probe_the_kill_comes_10_s_after_the_loss() {
    let mut model = struck(ContainerMode::Hang(Affects::ALL), None);
    model.deployment.pod.startup = Some(probe(4));
    for story in stories(&model, 60.0) {
        let gap = story.first(0.0, KILLED).unwrap() - story.first(0.0, What::ReadinessLost).unwrap();
        assert!((gap - 10.0).abs() < 1e-6, "gap {gap}");
    }
}

#[test]
fn w3_a_503_is_noticed_after_5_to_10_s_and_kills_after_15_to_20_s() {
    let stories = stories(&struck(ContainerMode::Error(Affects::ALL), None), 60.0);
    assert_law("W3 loss", times(&stories, What::ReadinessLost), uniform(5.0, 10.0));
    assert_law("W3 kill", times(&stories, KILLED), uniform(15.0, 20.0));
}

/// W2 (b): requests begun during the hang are lost, so the F-th failing probe must start within it. W3 has the same
/// form, its answers being immediate.
#[test]
fn w2_w3_faults_that_end_by_themselves_are_noticed_with_the_right_probability() {
    for (name, mode) in [("hang", ContainerMode::Hang(Affects::ALL)), ("503", ContainerMode::Error(Affects::ALL))] {
        for lasts in [4.9, 6.0, 7.5, 9.0, 14.9, 16.0, 18.5, 20.1] {
            let stories = stories(&struck(mode, Some(lasts)), 40.0);
            let share = |low: f64| ((lasts - low) / 5.0).clamp(0.0, 1.0);
            assert_share(
                &format!("{name} {lasts} s: loss"),
                times(&stories, What::ReadinessLost).len(),
                N as usize,
                share(5.0),
            );
            assert_share(&format!("{name} {lasts} s: kill"), times(&stories, KILLED).len(), N as usize, share(15.0));
        }
    }
}

/// W4: the start follows a listing by c, so the grid is anchored a whole number of listings later; case (b) of P11a
/// adds one more. Beside the rule's terms: 0.01 s for each sync, 0.02 s to the load balancer.
#[test]
fn w4_a_crash_is_over_after_21_to_22_s() {
    for (c, listings) in [(0.3, 1.0), (1.2, 2.0)] {
        let mut model = struck(ContainerMode::Crash, None);
        model.cluster.latencies.container_start = fixed(c);
        let stories = stories(&model, 60.0);
        let ready = |x: f64| {
            let base = 20.0 + 1.005 * listings + 0.01 + 0.02;
            0.8 * uniform(base, base + 1.005)(x) + 0.2 * uniform(base + 1.005, base + 2.01)(x)
        };
        assert_law(&format!("W4 with c = {c}"), times(&stories, What::Delivers), ready);
        assert_law("C1: the exit is seen with the next listing", times(&stories, What::Reacted), uniform(0.01, 1.015));
    }
}

/// W4 with a startup probe: the first startup probe at s + 20 − f + φ with φ ~ U[0,5), f ~ U[0,1), and Ready about
/// 0.05 s after its success.
#[test]
fn w4_with_a_startup_probe_a_crash_is_over_after_20_to_27_s() {
    let mut model = struck(ContainerMode::Crash, None);
    model.deployment.pod.startup = Some(probe(4));
    model.cluster.latencies.container_start = fixed(1.0);
    let ready = times(&stories(&model, 60.0), What::Delivers);
    let mean = ready.iter().sum::<f64>() / ready.len() as f64;
    // Detection 0.5, c 1, and 20 − f + φ of mean 22, sync and propagation 0.04; standard deviation about 1.5.
    assert!((mean - 23.54).abs() < 3.29 * 1.5 / (N as f64).sqrt() + 0.02, "mean {mean}");
    assert!(ready.iter().all(|r| (20.0..27.3).contains(r)));
}

/// W5: seen from the first sync of a Pod, the kill of a start that takes too long falls on an exact tick.
#[test]
fn w5_the_first_start_has_an_exact_budget() {
    let cases = [
        (WhileStarting::Refuses, 2.0, 40.0),
        (WhileStarting::Refuses, 4.9, 40.0),
        (WhileStarting::Refuses, 0.8, 35.0),
        (WhileStarting::Accepts, 2.0, 45.0),
    ];
    for (while_starting, latency, budget) in cases {
        let mut model = struck(ContainerMode::Crash, None);
        model.faults.clear();
        model.start = Start::Fresh;
        model.app.start_up = fixed(1000.0);
        model.app.while_starting = while_starting;
        model.cluster.latencies.sandbox = fixed(latency - 0.3);
        let killed = watch(&model, 0, 100.0).first(0.0, KILLED).expect("the start takes too long");
        // Created at 0, bound after 0.01 s, first sync after another 0.01 s.
        assert!((killed - 0.02 - budget).abs() < 1e-6, "latency {latency}: {killed}");
    }
}

/// W5 after a crash: the start is unrelated to the ticks and to the second; P(kill) is a spline in S. The rule leaves
/// out that a liveness probe refused before the exit is seen counts for the next instance (P17), so here the runtime
/// is listed, and the Pod synced, almost at once.
#[test]
fn w5_after_a_crash_a_slow_start_is_killed_with_the_right_probability() {
    for (start_up, p) in [(33.9, 0.0), (35.0, 0.1), (36.0, 0.3), (37.0, 0.5), (38.0, 0.7), (39.0, 0.9), (40.1, 1.0)] {
        let mut model = struck(ContainerMode::Crash, None);
        model.app.start_up = fixed(start_up);
        model.cluster.control_plane.relist_period = Duration::from_nanos(1_000);
        model.cluster.latencies.sync = fixed(0.0);
        let stories = stories(&model, 45.0);
        assert_share(&format!("S = {start_up}"), times(&stories, KILLED).len(), N as usize, p);
    }
}

/// P17 makes the difference: with listings a second apart, one probe in ten is refused before the exit is seen, and
/// three failures of the new instance kill it.
#[test]
fn p17_a_probe_refused_before_the_exit_is_seen_shortens_the_budget_of_the_next_instance() {
    let mut model = struck(ContainerMode::Crash, None);
    model.app.start_up = fixed(33.9);
    let killed = times(&stories(&model, 45.0), KILLED).len() as f64 / N as f64;
    assert!((0.01..0.102).contains(&killed), "share killed {killed}");
}

/// W8: an application that never answers. Deaths lie 40 s apart; kills look at the exit before the last.
#[test]
fn w8_the_probe_kill_loop_follows_its_table() {
    let mut model = struck(ContainerMode::Crash, None);
    model.faults.clear();
    model.start = Start::Fresh;
    model.app.start_up = fixed(1e9);
    model.cluster.latencies.container_start = fixed(1.0);
    let story = watch(&model, 0, 4000.0);
    let (kills, starts) = (story.all(KILLED), story.all(What::Restarted));
    let waits: Vec<f64> = kills.iter().zip(&starts).map(|(kill, start)| start - kill).collect();
    for (number, wait) in waits.iter().take(5).enumerate() {
        assert!((wait - 1.31).abs() < 0.02, "kill {}: {wait}", number + 1);
    }
    for (number, low, high) in [(6, 80.0, 96.0), (7, 160.0, 190.0), (8, 300.0, 335.0)] {
        let wait = waits[number - 1];
        assert!((low..high).contains(&wait), "kill {number}: {wait}");
    }
    assert!((waits[8] - 1.31).abs() < 0.02, "the ninth restart is immediate again: {}", waits[8]);
    assert!(waits[9] > 300.0, "the tenth waits: {}", waits[9]);
    for pair in kills[..5].windows(2) {
        assert!((pair[1] - pair[0] - 40.0).abs() < 1e-6, "deaths lie 40 s apart");
    }
}

/// W9: the process exits 3 s after each start. The means are those of C13, detection included.
#[test]
fn w9_the_crash_loop_waits_10_20_40_80_160_300_s() {
    let mut model = struck(ContainerMode::Crash, None);
    model.start = Start::Fresh;
    model.app.start_up = fixed(0.0);
    model.faults[0].every = fixed(3.0);
    let c = 0.3;
    let expected = [0.5, 12.2, 24.7, 49.6, 84.6, 165.0, 308.0, 308.0];
    let mut sums = [0.0; 8];
    let replications = 600;
    for index in 0..replications {
        let story = watch(&model, index, 2500.0);
        let (crashes, starts) = (story.all(What::Struck), story.all(What::Restarted));
        for (sum, (crash, start)) in sums.iter_mut().zip(crashes.iter().zip(&starts)) {
            *sum += start - crash;
        }
    }
    for (sum, expected) in sums.iter().zip(expected) {
        let mean = sum / replications as f64;
        // The rule's table is itself simulated and rounded: 3 % and half a second.
        assert!((mean - c - expected).abs() < 0.03 * expected + 0.5, "mean {mean}, rule {expected} + {c}");
    }
}

/// One replica, and zones of one Node each that die now and then, seldom two at a time.
fn dead_node() -> Model {
    let mut model = struck(ContainerMode::Crash, None);
    model.deployment = common::deployment(1, 3, 1, false);
    model.cluster = common::cluster(3, 1, quick_latencies());
    model.faults = vec![fault("node", Strikes::Zone(NodeMode::Crash), fixed(40_000.0), Some(fixed(600.0)))];
    model
}

/// N4: 50 s from the pass that saw the last lease to the first pass later than that (10 passes of 5.002 s), less the
/// age of the lease, plus the time until that pass: 50.02 + U[0, 5.002) − U[0, 10.2).
#[test]
fn n4_a_dead_node_is_noticed_after_40_to_55_s() {
    let mut detection = Vec::new();
    let mut eviction = Vec::new();
    for index in 0..N {
        let story = watch(&dead_node(), index, 40_600.0);
        let Some(at) = story.first(0.0, What::Struck) else { continue };
        if let Some(seen) = story.first(at, What::Reacted) {
            detection.push(seen - at);
            eviction.extend(story.first(at, What::Waits(Phase::Reschedule)).map(|evicted| evicted - seen));
        }
    }
    // Distribution of a sum of two uniforms: the integral of one's distribution over the other's range.
    let (pass, lease) = (5.002, 10.2);
    let cdf = |x: f64| {
        let area = |y: f64| if y <= 0.0 { 0.0 } else { y * y / 2.0 };
        let z = x - (50.02 - lease);
        (area(z) - area(z - pass) - area(z - lease) + area(z - pass - lease)) / (pass * lease)
    };
    assert_law("N4", detection, cdf);
    // N7, N9, N10: the taint within 0.1 s, 300 s of toleration; N7a: 10 s later in one case of ten.
    let late = eviction.iter().filter(|wait| (309.9..310.4).contains(*wait)).count();
    let on_time = eviction.iter().filter(|wait| (300.0..300.2).contains(*wait)).count();
    // Nothing else occurs, save where two zones meet.
    let others = eviction.len() - late - on_time;
    assert!(others <= eviction.len() / 50, "{others} of {} were evicted at another time", eviction.len());
    assert_share("N7a", late, eviction.len(), 0.1);
}
