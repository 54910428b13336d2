//! Rules of the kubelet (P7a, P10–P17, C8, C14, C16, E3), each alone and at its limits.

use crate::common::stats::{assert_law, assert_share, mean_over_square, sum_of_uniforms, uniform};
use crate::common::watch::{Log, What, killed, play_many};
use crate::common::{CRASH, ERROR, HANG, WINDOW, bare, fault, fixed, near, probe, secs, struck_once};
use hasim::cluster::{Happening, Phase, SlotView, Stored};
use hasim::experiment::trace;
use hasim::ids::FaultId;
use hasim::model::{
    Affects, ContainerMode, ImagePull, Model, NodeMode, OnSigterm, Probe, ProbeKind, RaceOdds, Start, Strikes,
};
use hasim::random::Law;
use hasim::time::{Duration, SimTime};

const RELIST: f64 = 1.005;
const SYNC: f64 = 0.01;
/// Creating and starting a container.
const C: f64 = 0.3;
/// From the kubelet's condition to the load balancer: two writes.
const HOPS: f64 = 0.02;

const SEEN: RaceOdds = RaceOdds { new_status: 1.0, old_status_synced: 0.0 };
const UNSEEN: RaceOdds = RaceOdds { new_status: 0.0, old_status_synced: 0.0 };

/// A probe without delay and with this period and failure threshold.
fn prompt(period: f64, failure_threshold: u32) -> Probe {
    Probe { initial_delay: Duration::ZERO, period: secs(period), timeout: secs(1.0), ..probe(failure_threshold) }
}

fn restarted(log: &Log) -> f64 {
    log.first(0, log.struck(0).unwrap(), |what| *what == What::Restarted).unwrap()
}

/// E3, C5: a crash withdraws the endpoint when it is seen, before the restart.
#[test]
fn e3_a_death_is_published_before_the_restart() {
    let mut model = struck_once(CRASH, None);
    model.cluster.latencies.container_start = fixed(5.0);
    let logs = play_many(&model, 1, 3000, WINDOW + 60.0);
    let outs: Vec<f64> = logs
        .iter()
        .map(|log| {
            let out = log.looked(0, log.struck(0).unwrap(), |view| !view.in_rotation).unwrap();
            assert!(near(restarted(log) - out, 5.0 - HOPS));
            out - log.struck(0).unwrap()
        })
        .collect();
    assert_law("withdrawal", &outs, 1, uniform(SYNC + HOPS, SYNC + HOPS + RELIST));
}

/// A container that its liveness probe kills though clients and the readiness probe find nothing wrong with it.
fn killed_in_good_health() -> Model {
    let only_liveness = Affects { requests: false, readiness: false, startup: false, liveness: true };
    struck_once(Strikes::Container(ContainerMode::Error(only_liveness)), None)
}

/// C8: a kill by a probe withdraws nothing. The endpoint stays in rotation while the process is stopped and dead, until
/// the kubelet sees the new instance.
#[test]
fn c8_a_kill_by_a_probe_does_not_withdraw_the_endpoint() {
    let mut model = killed_in_good_health();
    model.app_mut().on_sigterm = OnSigterm::Ignores;
    model.workload_mut().pod.termination_grace = secs(12.0);
    for log in play_many(&model, 2, 200, WINDOW + 60.0) {
        let kill = log.first(0, 0.0, killed).unwrap();
        let died = log.looked(0, kill, |view| !view.serves).unwrap();
        assert!(near(died, kill + SYNC + 12.0));
        let out = log.looked(0, kill, |view| !view.in_rotation).unwrap();
        assert!(near(out, died + C + SYNC + HOPS), "{out} {died}");
    }
}

/// P14a: a probe that waits for its answer fails when the process dies, long before its timeout.
#[test]
fn p14a_a_waiting_probe_fails_with_the_death_of_the_process() {
    let mut model = struck_once(HANG, None);
    model.app_mut().on_sigterm = OnSigterm::Ignores;
    model.workload_mut().pod.main_mut().liveness = Some(prompt(1.0, 1));
    model.workload_mut().pod.main_mut().readiness = Some(Probe { timeout: secs(60.0), ..prompt(5.0, 1) });
    for log in play_many(&model, 3, 200, WINDOW + 60.0) {
        let kill = log.first(0, 0.0, killed).unwrap();
        let lost = log.first(0, 0.0, |what| *what == What::Lost).unwrap();
        assert!(near(lost, kill + SYNC + 30.0), "{lost} {kill}");
    }
}

/// P10: killed by a probe and restarted in one sync, the new instance is taken for started, so readiness may succeed.
/// That lasts until the startup worker's next tick notices the instance; it probes with the tick after that one.
#[test]
fn p10_after_a_probe_kill_the_new_instance_inherits_started() {
    let mut model = killed_in_good_health();
    model.app_mut().start_up = fixed(0.0);
    model.cluster.start_race.probe_restart = SEEN;
    let pod = &mut model.workload_mut().pod;
    let main = pod.main_mut();
    (main.liveness, main.startup) = (Some(prompt(5.0, 1)), Some(prompt(10.0, 3)));
    pod.main_mut().readiness = Some(prompt(1.0, 1));
    let mut judged = 0;
    for log in play_many(&model, 4, 300, WINDOW + 60.0) {
        let restart = restarted(&log);
        let ready = log.looked(0, restart, SlotView::delivers).unwrap();
        assert!(ready - restart < 0.05, "Ready at once: {}", ready - restart);
        let out = log.looked(0, restart + 0.1, |view| !view.in_rotation).unwrap();
        assert!((0.0..10.0 + SYNC + HOPS + RELIST).contains(&(out - restart)), "{}", out - restart);
        // Unless the tick came within a sync of the start.
        if out - restart > 2.0 {
            judged += 1;
            let back = log.looked(0, out, SlotView::delivers).unwrap();
            assert!((back - out - 10.0).abs() < RELIST + 2.0 * SYNC + 1.0, "{}", back - out);
        }
    }
    assert!(judged > 200, "{judged}");
}

/// P10: after a crash the sync that sees it has reset the value: nothing is Ready before the startup probe succeeds,
/// and readiness, once there, stays.
#[test]
fn p10_after_a_crash_the_new_instance_is_not_started() {
    let mut model = struck_once(CRASH, None);
    model.app_mut().start_up = fixed(0.0);
    let pod = &mut model.workload_mut().pod;
    let main = pod.main_mut();
    (main.liveness, main.startup) = (Some(prompt(5.0, 1)), Some(prompt(10.0, 3)));
    pod.main_mut().readiness = Some(prompt(1.0, 1));
    let readies: Vec<f64> = play_many(&model, 5, 1000, WINDOW + 60.0)
        .iter()
        .map(|log| {
            let restart = restarted(log);
            let ready = log.ready(0, restart).unwrap();
            let out = log.looked(0, ready + 1.5, |view| !view.delivers());
            assert!(out.is_none_or(|out| out > ready + 40.0), "{ready} {out:?}");
            ready - restart
        })
        .collect();
    let mean = readies.iter().sum::<f64>() / readies.len() as f64;
    assert!((4.5..6.5).contains(&mean), "half a period of the startup probe: {mean}");
}

/// P17: a readiness run of successes survives a crash if no probe fails in the gap: then one success suffices, whatever
/// the success threshold. A tick in the gap, U[0, 1.005) and a sync long, is refused and ends the run.
#[test]
fn p17_a_run_of_successes_survives_a_crash() {
    let mut model = struck_once(CRASH, None);
    model.app_mut().start_up = fixed(0.0);
    model.cluster.start_race.crash_restart = SEEN;
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = Some(Probe { success_threshold: 3, ..prompt(5.0, 2) });
    let logs = play_many(&model, 6, 4000, WINDOW + 60.0);
    let at_once = logs.iter().filter(|log| log.ready(0, restarted(log)).unwrap() - restarted(log) < 0.1).count();
    let gap = RELIST / 2.0 + SYNC;
    assert_share("Ready with the first success", at_once, logs.len(), 1.0 - gap / 5.0, 1);
}

/// P7a, P11a: where the trigger after a probe restart meets the old status, the new process is probed on the old
/// instance's account, without its initial delay. With a success threshold above 1 that shows: refused, it ends the
/// run that would have survived (P17), and Ready comes two periods later.
#[test]
fn p7a_a_stray_probe_counts_for_the_old_instance() {
    for (start_up, periods) in [(0.0, 0.0), (0.1, 2.0)] {
        let mut model = killed_in_good_health();
        model.app_mut().start_up = fixed(start_up);
        model.app_mut().on_sigterm = OnSigterm::Exits(fixed(0.0));
        model.cluster.start_race.probe_restart = UNSEEN;
        model.cluster.start_race.stray_probe = 1.0;
        model.workload_mut().pod.main_mut().readiness = Some(Probe { success_threshold: 3, ..probe(2) });
        let mut stray = 0;
        for log in play_many(&model, 7, 200, WINDOW + 100.0) {
            let ready = log.ready(0, restarted(&log)).unwrap() - restarted(&log);
            // Case (c): the tick after the trigger notices the instance, and the sync that this causes triggers anew.
            // A readiness tick while nothing ran also ends the run.
            let expected = 20.0 + 2.0 * SYNC + 5.0 * periods;
            stray += usize::from((ready - expected).abs() < 1e-6);
        }
        assert!(stray > 150, "start-up {start_up}: {stray}");
    }
}

/// C14, C6: what a start costs by the pull policy, on a Node without the image and on one with it.
#[test]
fn c14_the_pull_policy_is_applied_at_every_start() {
    let cases = [(ImagePull::Always, 12.0, 2.0), (ImagePull::IfNotPresent, 12.0, 0.0), (ImagePull::Never, 0.0, 0.0)];
    for (policy, first, later) in cases {
        let mut model =
            Model { start: Start::Fresh, faults: vec![fault("exit", CRASH, fixed(100.0), None)].into(), ..bare(1) };
        model.app_mut().start_up = fixed(0.0);
        model.workload_mut().pod.main_mut().image_pull = policy;
        (model.cluster.latencies.image_pull, model.cluster.latencies.image_check) = (fixed(12.0), fixed(2.0));
        for log in play_many(&model, 8, 50, 150.0) {
            let created = log.reached(0, 0.0, Phase::Start).unwrap() + SYNC;
            let serves = log.looked(0, 0.0, |view| view.serves).unwrap();
            assert!(near(serves, created + first + C), "{policy:?}: {}", serves - created);
            let took = restarted(&log) - log.struck(0).unwrap() - later - C;
            assert!((SYNC..SYNC + RELIST).contains(&took), "{policy:?}: {took}");
        }
    }
}

/// C16, P12: a Pod that is not Ready is synced again 60·U[1, 1.5) s after its last sync, at the next poll of the
/// kubelet's queue, and probed once more. Here that probe comes long before the next tick. The last sync is the
/// one that follows the noticing of the instance, with the next listing (P11a).
#[test]
fn c16_p12_a_pod_that_is_not_ready_is_probed_with_each_resync() {
    let mut model = Model { start: Start::Fresh, ..bare(1) };
    model.app_mut().start_up = fixed(30.0);
    model.cluster.latencies.bind = Law::uniform(0.0, 100.0).unwrap();
    model.cluster.start_race.first = SEEN;
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = Some(prompt(1000.0, 3));
    let returns: Vec<f64> = play_many(&model, 9, 4000, 300.0)
        .iter()
        .map(|log| log.ready(0, 0.0).unwrap() - log.looked(0, 0.0, |view| view.serves).unwrap() + 30.0)
        .collect();
    // The listing, a sync, the span, the poll, and the sync that probes.
    let law = sum_of_uniforms(SYNC + 60.0 + SYNC, &[RELIST, 30.0, 1.0]);
    assert_law("from start to Ready", &returns, 1, law);
}

/// C16: while it is Ready a resync changes nothing; a second one while it is not Ready follows the first.
#[test]
fn c16_resyncs_repeat() {
    let mut model = Model { start: Start::Fresh, ..bare(1) };
    model.app_mut().start_up = fixed(100.0);
    model.cluster.start_race.first = SEEN;
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = Some(prompt(1000.0, 3));
    for log in play_many(&model, 10, 300, 400.0) {
        let start = log.looked(0, 0.0, |view| view.serves).unwrap() - 100.0;
        let ready = log.ready(0, 0.0).unwrap() - start;
        assert!((120.0..183.1).contains(&ready), "{ready}");
    }
}

/// P12: the loss of readiness causes one more probe at once: where the fault is over by then, Ready returns with it.
#[test]
fn p12_a_loss_causes_one_more_probe_at_once() {
    let mut model = struck_once(ERROR, Some(0.5));
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = Some(prompt(5.0, 1));
    // The sync after the loss comes when the fault is over.
    model.cluster.latencies.sync = fixed(0.6);
    let mut lost = 0;
    for log in play_many(&model, 11, 1000, WINDOW + 20.0) {
        let Some(loss) = log.first(0, 0.0, |what| *what == What::Lost) else { continue };
        lost += 1;
        let back = log.ready(0, loss + 1e-6).unwrap() - loss;
        assert!(near(back, 0.6), "{back}");
    }
    assert!(lost > 50, "{lost}");
}

/// C10, N14: a reboot empties the memory of the back-off, but the exit that it finds makes an entry: a crash soon after
/// it waits for 10 s, as a second crash would.
#[test]
fn c10_n14_the_start_after_a_reboot_makes_an_entry() {
    let node = Strikes::Node(NodeMode::Crash);
    let reboot = fault("reboot", node, fixed(500.0), Some(fixed(20.0)));
    let crash = fault("crash", CRASH, fixed(560.0), None);
    let mut model = Model { start: Start::Fresh, faults: vec![reboot, crash].into(), ..bare(1) };
    model.app_mut().start_up = fixed(0.0);
    for log in play_many(&model, 12, 50, 800.0) {
        let crash = log.first(0, 0.0, |what| *what == What::Struck(FaultId::new(1))).unwrap();
        let back = log.first(0, crash, |what| *what == What::Restarted).unwrap() - crash - C;
        assert!((10.0..15.8).contains(&back), "{back}");
    }
}

/// P21, P2: a kubelet that starts anew counts from zero, in new phases. Liveness has failed three times of four when the
/// kubelet is gone for 3 s; it syncs 1.6 s after its start, probes within a period, and kills with the fourth failure.
#[test]
fn p21_counters_start_from_zero_with_the_kubelet() {
    let only_liveness = Affects { requests: false, readiness: false, startup: false, liveness: true };
    let errors = Strikes::Deployment(ContainerMode::Error(only_liveness));
    let mut model = Model { start: Start::Fresh, ..bare(1) };
    model.faults = vec![
        fault("errors", errors, fixed(102.0), Some(fixed(1000.0))),
        fault("kubelet", Strikes::Node(NodeMode::Kubelet), fixed(117.0), Some(fixed(3.0))),
    ]
    .into();
    model.workload_mut().pod.selects_node = vec![true, false, false];
    let kills: Vec<f64> = play_many(&model, 13, 2000, 150.0)
        .iter()
        .map(|log| {
            let kill = log.first(0, 0.0, killed).unwrap();
            let out = log.looked(0, 60.0, |view| !view.in_rotation);
            assert!(out.is_none_or(|out| out > kill), "it stays Ready");
            kill
        })
        .collect();
    assert_law("kill", &kills, 1, uniform(121.6 + 15.0, 121.6 + 20.0));
}

/// C3: a sync waits for a listing newer than the Pod's previous one. Readiness is lost less than a second before the
/// kill is decided: the kill waits for the listing that follows the loss, unless that has come. The readiness ticks lag
/// those of liveness by 4 s and a part of a relist (P9b), so they come x = 1 − 1.005·U before the next one.
#[test]
fn c3_a_kill_soon_after_a_loss_waits_for_a_listing() {
    let mut model = struck_once(ERROR, None);
    model.cluster.latencies.container_start = fixed(4.0);
    let main = model.workload_mut().pod.main_mut();
    (main.liveness, main.readiness) = (Some(probe(1)), Some(probe(1)));
    let waits: Vec<f64> = play_many(&model, 14, 4000, WINDOW + 60.0)
        .iter()
        .filter_map(|log| {
            let kill = log.first(0, 0.0, killed).unwrap();
            let lost = log.first(0, 0.0, |what| *what == What::Lost)?;
            // Within the latency of a sync both are one.
            (SYNC..1.0).contains(&(kill - lost)).then(|| restarted(log) - kill - 4.0 - 0.3)
        })
        .collect();
    let outside: Vec<_> = waits.iter().filter(|wait| !(SYNC - 1e-6..SYNC + RELIST).contains(*wait)).collect();
    assert!(outside.is_empty(), "{outside:?}");
    let at_once = waits.iter().filter(|&&wait| near(wait, SYNC)).count();
    // The listing comes SYNC + 1.005·V after the loss, and in time if that is at most x. The strike falls before the
    // readiness tick with a probability that grows with the lag.
    let lag = |u: f64| 4.0 + RELIST * u;
    let in_time = |u: f64, v: f64| f64::from(u8::from(SYNC + RELIST * v <= 5.0 - lag(u)));
    let expected = mean_over_square(1000, |u, v| lag(u) * in_time(u, v))
        / mean_over_square(1000, |u, _| lag(u) * f64::from(u8::from(5.0 - lag(u) > SYNC)));
    assert_share("the listing has come", at_once, waits.len(), expected, 1);
}

/// P9b: after the success of the startup probe the liveness probe comes with the next tick; where its worker was late, at
/// the same one.
#[test]
fn p9b_a_late_liveness_worker_probes_on_the_tick_of_the_startup_success() {
    let mut model = Model { start: Start::Fresh, horizon: secs(60.0), ..bare(1) };
    model.workload_mut().pod.main_mut().startup = Some(probe(4));
    for (same_tick, after) in [(0.0, 5.0), (1.0, SYNC)] {
        model.cluster.start_race.same_tick = same_tick;
        let timeline = trace(&model, 16, 0).timeline;
        let entries = timeline.each_between(SimTime::ZERO, timeline.end);
        let at = |wanted: &dyn Fn(Happening) -> bool| {
            entries.iter().find(|entry| wanted(entry.what)).unwrap().at.since(SimTime::ZERO).as_secs_f64()
        };
        let started =
            at(&|what| matches!(what, Happening::Verdict { kind: ProbeKind::Startup, result: Stored::Success, .. }));
        let probed = at(&|what| matches!(what, Happening::ProbeSent { kind: ProbeKind::Liveness, .. }));
        // One sync, with D elapsed and an earlier tick after the start, comes at once (P12).
        assert!(near(probed - started, after), "{started} {probed}");
    }
}
