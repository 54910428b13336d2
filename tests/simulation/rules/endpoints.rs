//! Rules of the way from readiness to traffic and of the end of a Pod (E4–E10, P13, P20, T1–T6), at their limits.

use crate::common;
use crate::common::stats::{assert_law, assert_share, uniform};
use crate::common::watch::{Log, What, killed, play, play_many};
use crate::common::{ERROR, WINDOW, bare, fault, fixed, secs, struck_once};
use hasim::cluster::{EndpointView, Happening, Phase};
use hasim::experiment::trace;
use hasim::ids::{FaultId, PodId, SlotId};
use hasim::model::{
    Affects, ContainerMode, DeadNodes, Model, NewNode, NodeMode, OnSigterm, Probe, ScriptTarget, Start, Strikes,
};
use hasim::time::SimTime;

/// The Node of the only slot is partitioned for so long that its Pod is deleted, and returns while the replacement
/// starts, which takes `start_up`. The process ignores SIGTERM: it serves through its grace of 30 s.
fn returning(replicas: u32, start_up: f64) -> Model {
    let strikes = Strikes::Node(NodeMode::Partition);
    let every = fixed(1000.0 * WINDOW);
    let mut model =
        Model { faults: vec![fault("partition", strikes, every, Some(fixed(380.0)))].into(), ..bare(replicas) };
    model.app_mut().start_up = fixed(start_up);
    model.app_mut().on_sigterm = OnSigterm::Ignores;
    // A slow start must not be killed.
    model.workload_mut().pod.main_mut().liveness = None;
    model
}

/// From the return of the Node on: was the first Pod of the slot, deleted and serving, sent traffic?
fn old_pod_in_rotation(log: &Log, from: f64, until: f64) -> bool {
    let pod = PodId::new(0);
    let within = |at: f64| (from..until).contains(&at);
    log.endpoints
        .iter()
        .any(|(at, p, view)| *p == pod && within(*at) && view.as_ref().is_some_and(EndpointView::serves))
}

/// E7, T1: with no ready endpoint, serving and terminating ones are used: the old Pod, once its kubelet has patched Ready
/// back (E2).
#[test]
fn e7_terminating_endpoints_are_used_if_none_is_ready() {
    let mut used = 0;
    for log in play_many(&returning(1, 300.0), 1, 100, 1000.0 * WINDOW) {
        let at = log.struck(0).unwrap();
        if at > 999.0 * WINDOW {
            continue;
        }
        assert!(log.reached(0, at, Phase::Reschedule).is_some(), "N10: deleted within 380 s");
        used += usize::from(old_pod_in_rotation(&log, at + 380.0, at + 380.0 + 31.0));
        assert!(!old_pod_in_rotation(&log, at + 380.0 + 42.0, at + 560.0), "gone after its grace (T5)");
    }
    assert!(used > 80, "{used}");
}

/// E7: a single ready endpoint keeps terminating ones out.
#[test]
fn e7_terminating_endpoints_are_not_used_beside_a_ready_one() {
    for log in play_many(&returning(2, 300.0), 2, 100, 1000.0 * WINDOW) {
        // The slot that is struck first, while the other one is well.
        let (a, b) = (log.struck(0).unwrap(), log.struck(1).unwrap());
        if a > b || b - a < 1000.0 || a > 999.0 * WINDOW {
            continue;
        }
        assert!(!old_pod_in_rotation(&log, a + 380.0, a + 560.0));
    }
}

/// P20: a Pod that terminates is still probed for readiness. The process answers nothing from SIGTERM on, for 25 s: the
/// second failing probe takes the Pod out of the rotation in which it was for want of a ready one (E7).
#[test]
fn p20_readiness_probes_go_on_while_a_pod_terminates() {
    let mut model = returning(1, 300.0);
    model.app_mut().on_sigterm = OnSigterm::Exits(fixed(25.0));
    let mut judged = 0;
    for log in play_many(&model, 7, 200, 1000.0 * WINDOW) {
        let back = log.struck(0).unwrap() + 380.0;
        if back > 999.0 * WINDOW {
            continue;
        }
        let of_old =
            log.endpoints.iter().filter(|(at, pod, _)| *pod == PodId::new(0) && (back..back + 25.0).contains(at));
        let views: Vec<(f64, bool)> = of_old.map(|(at, _, view)| (at - back, view.is_some())).collect();
        let Some(&(entered, true)) = views.first() else { continue };
        judged += 1;
        // Two failures 5 s apart and two hops, or the pause of the proxy after the entry (E6).
        let (left, is_in) = *views.last().unwrap();
        assert!(!is_in && left < (10.0 + 4.0 * 0.01_f64).max(entered + 1.0) + 1e-6, "{views:?}");
    }
    assert!(judged > 60, "{judged}");
}

/// P20: a process that drains answers its readiness probe while its Pod terminates, and requests until it exits, after 25 s:
/// only then the Pod leaves the rotation in which it was for want of a ready one (E7).
#[test]
fn p20_a_process_that_drains_serves_on_until_it_exits() {
    let mut model = returning(1, 300.0);
    model.app_mut().on_sigterm = OnSigterm::Drains(fixed(25.0));
    let mut judged = 0;
    for log in play_many(&model, 7, 200, 1000.0 * WINDOW) {
        let back = log.struck(0).unwrap() + 380.0;
        if back > 999.0 * WINDOW {
            continue;
        }
        let of_old =
            log.endpoints.iter().filter(|(at, pod, _)| *pod == PodId::new(0) && (back..back + 40.0).contains(at));
        let views: Vec<(f64, Option<bool>)> =
            of_old.map(|(at, _, view)| (at - back, view.as_ref().map(EndpointView::serves))).collect();
        let Some(&(_, Some(true))) = views.first() else { continue };
        judged += 1;
        let stopped = views.iter().find(|(_, serves)| *serves != Some(true)).expect("it ends");
        assert!((25.0..26.5).contains(&stopped.0), "{views:?}");
    }
    assert!(judged > 60, "{judged}");
}

/// T5, T6: the object of a deleted Pod goes with the next listing after its exit, and what the kubelet cleans up then;
/// nothing restarts its container before.
#[test]
fn t5_t6_the_object_goes_after_the_next_listing() {
    let mut model = returning(1, 300.0);
    model.app_mut().on_sigterm = OnSigterm::Exits(fixed(0.3));
    let logs = play_many(&model, 8, 2000, 1000.0 * WINDOW);
    let ends = logs.iter().filter_map(|log| {
        let back = log.struck(0).unwrap() + 380.0;
        log.pods.iter().find(|&&(at, pods)| at > back && pods == 1).map(|&(at, _)| at - back)
    });
    // The kubelet hears of the deletion, stops the process, and cleans up.
    let from = 0.01 + 0.3 + 0.1;
    assert_law("from return to end", &ends.collect::<Vec<_>>(), 1, uniform(from, from + 1.005));
}

/// T2: stopping the container and withdrawing the endpoint begin together. The partition is over before the toleration
/// is, but not so long that the taint has been taken away: a Pod in rotation is deleted. Its kubelet hears of that
/// after 50 ms, the load balancer after 200: in between requests meet a process that has got SIGTERM, unless a preStop
/// hook sleeps that long.
#[test]
fn t2_without_a_pre_stop_hook_sigterm_comes_before_the_withdrawal() {
    for sleeps in [0.0, 5.0] {
        let mut model = returning(2, 1.0);
        model.faults[FaultId::new(0)].lasts = Some(fixed(345.0));
        model.app_mut().on_sigterm = OnSigterm::Exits(fixed(1.0));
        model.workload_mut().pod.main_mut().pre_stop_sleep = secs(sleeps);
        (model.cluster.latencies.deletion_seen, model.cluster.latencies.endpoint_slice) = (fixed(0.05), fixed(0.2));
        let mut judged = 0;
        for log in play_many(&model, 9, 1500, 1000.0 * WINDOW) {
            let at = log.struck(0).unwrap();
            let Some(deleted) = log.reached(0, at, Phase::Reschedule) else { continue };
            let of_old = || log.endpoints.iter().filter(|(_, pod, _)| *pod == PodId::new(0));
            let Some((entered, _, Some(view))) = of_old().cloned().rfind(|(at, _, _)| *at < deleted) else { continue };
            if deleted < at + 345.0 || entered > deleted - 1.2 || !view.serves() {
                continue;
            }
            judged += 1;
            let after: Vec<(f64, Option<bool>)> = of_old()
                .filter(|e| e.0 > deleted)
                .map(|e| (e.0 - deleted, e.2.as_ref().map(EndpointView::serves)))
                .collect();
            let is = |i: usize, when: f64, what| (after[i].0 - when).abs() < 1e-6 && after[i].1 == what;
            if sleeps > 0.0 {
                assert!(is(0, 0.2, None), "{after:?}");
            } else {
                assert!(is(0, 0.05, Some(false)) && is(1, 0.2, None), "{after:?}");
            }
        }
        assert!(judged > 20, "{judged}");
    }
}

/// E6: a second change within a second of the proxy's run waits until that second is over.
#[test]
fn e6_the_proxy_rests_for_a_second() {
    let strikes = Strikes::Deployment(ContainerMode::Error(Affects::ALL));
    let faults = vec![fault("errors", strikes, common::at_random_time(), Some(fixed(14.9)))];
    let model = Model { faults: faults.into(), ..bare(2) };
    let mut rested = 0;
    for log in play_many(&model, 10, 500, WINDOW + 30.0) {
        let lost = |slot| log.first(slot, 0.0, |w| *w == What::Lost).unwrap();
        let out = |slot| log.looked(slot, lost(slot), |view| !view.in_rotation).unwrap();
        let (first, second) = if lost(0) < lost(1) { (0, 1) } else { (1, 0) };
        assert!((out(first) - lost(first) - 0.02).abs() < 1e-6);
        let expected = (lost(second) + 0.02).max(out(first) + 1.0);
        // Where both were written before the run, it takes both over.
        let together = lost(second) + 0.02 <= out(first);
        assert!(
            (out(second) - if together { out(first) } else { expected }).abs() < 1e-6,
            "{} {}",
            out(first),
            out(second)
        );
        rested += usize::from(!together && out(second) > lost(second) + 0.02 + 1e-6);
    }
    assert!(rested > 50, "{rested}");
}

/// E4: with publishNotReadyAddresses a Pod that is not Ready stays in rotation.
#[test]
fn e4_publish_not_ready_addresses_keeps_pods_in_rotation() {
    let mut model = struck_once(ERROR, Some(14.9));
    model.workload_mut().publish_not_ready = true;
    for log in play_many(&model, 3, 50, WINDOW + 50.0) {
        assert_eq!(log.all(0, killed).len(), 0);
        assert_eq!(log.looked(0, 0.0, |view| !view.in_rotation), None);
    }
}

/// E4: and a new Pod enters it with the first status of its container, long before it serves.
#[test]
fn e4_publish_not_ready_addresses_takes_pods_in_with_their_start() {
    for publish in [true, false] {
        let mut model = Model { start: Start::Fresh, ..bare(1) };
        model.app_mut().start_up = fixed(10.0);
        model.workload_mut().publish_not_ready = publish;
        let log = play(&model, 11, 0, 100.0);
        let serves = log.looked(0, 0.0, |view| view.serves).unwrap();
        let rotates = log.looked(0, 0.0, |view| view.in_rotation).unwrap();
        if publish {
            assert!((rotates - (serves - 10.0 + 0.03)).abs() < 1e-6, "{rotates} {serves}");
        } else {
            assert!(rotates > serves + 10.0, "{rotates} {serves}");
        }
    }
}

/// E4, N15: a Pod whose Node object is gone is no endpoint; with publishNotReadyAddresses it is one until it is collected.
#[test]
fn e4_n15_an_endpoint_goes_with_its_node_unless_unready_ones_are_published() {
    let every = fixed(1000.0 * WINDOW);
    let dies = fault("dies", Strikes::Node(NodeMode::Crash), every, Some(fixed(1.0)));
    let mut model = Model { faults: vec![dies].into(), ..bare(1) };
    model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: fixed(200.0) });
    model.workload_mut().publish_not_ready = true;
    for log in play_many(&model, 12, 50, 1000.0 * WINDOW) {
        let at = log.struck(0).unwrap();
        if !(100.0..990.0 * WINDOW).contains(&at) {
            continue;
        }
        let collected = log.reached(0, at, Phase::Reschedule).unwrap();
        let of_old = log.endpoints.iter().filter(|(_, pod, view)| *pod == PodId::new(0) && view.is_none());
        let out = of_old.map(|e| e.0).find(|&out| out > at).unwrap();
        assert!((out - collected - 0.01).abs() < 1e-6, "{out} {collected}");
    }
}

/// P13, E1: without readiness probe a running container is Ready, serving or not; with a startup probe not before its
/// success.
#[test]
fn p13_without_readiness_probe_a_started_container_is_ready() {
    for startup in [false, true] {
        let mut model = Model { start: Start::Fresh, ..bare(1) };
        model.app_mut().start_up = fixed(10.0);
        model.workload_mut().pod.main_mut().readiness = None;
        model.workload_mut().pod.main_mut().startup = startup.then(|| common::probe(4));
        let log = play(&model, 4, 0, 100.0);
        let rotates = log.looked(0, 0.0, |view| view.in_rotation).unwrap();
        let serves = log.looked(0, 0.0, |view| view.serves).unwrap();
        // The Pod is created within the first second.
        assert!((10.32..11.34).contains(&serves), "{serves}");
        assert_eq!(rotates < serves, !startup, "startup {startup}: in rotation at {rotates}, serves at {serves}");
        assert!(startup || serves - rotates > 9.9, "{rotates} {serves}");
    }
}

/// E5, E6, E10, E10a: two hops and a proxy that has rested lie between Ready and traffic, and the same on the way out.
#[test]
fn e10_from_readiness_to_traffic() {
    let model = struck_once(ERROR, Some(12.0));
    for log in play_many(&model, 5, 100, WINDOW + 50.0) {
        let lost = log.first(0, 0.0, |w| *w == What::Lost).unwrap();
        let out = log.looked(0, lost, |view| !view.in_rotation).unwrap();
        let ready = log.ready(0, lost).unwrap();
        let back = log.looked(0, ready, |view| view.in_rotation).unwrap();
        assert!(
            (out - lost - 0.02).abs() < 1e-6 && (0.0199..1.03).contains(&(back - ready)),
            "{lost} {out} {ready} {back}"
        );
    }
}

/// E2a: a Ready=False that is taken back within one status write reaches the API in every second case; one that has
/// lasted for 50 ms always does. Here a single probe fails, and its repetition succeeds with the next sync (P12).
#[test]
fn e2a_a_loss_that_is_taken_back_at_once_is_published_every_second_time() {
    for (sync, share) in [(0.01, 0.5), (0.0499, 0.5), (0.0501, 1.0)] {
        let mut model = Model { horizon: secs(20_000.0), ..bare(1) };
        model.cluster.latencies.sync = fixed(sync);
        model.cluster.latencies.status_write = fixed(0.2);
        model.app_mut().probe_failure = 0.02;
        model.workload_mut().pod.main_mut().liveness = None;
        model.workload_mut().pod.main_mut().readiness = Some(Probe { timeout: secs(1.0), ..common::probe(1) });
        let (mut losses, mut written) = (0, 0);
        for index in 0..40 {
            for entry in trace(&model, 6, index).timeline.entries {
                losses += usize::from(matches!(entry.what, Happening::ReadyDecided { ready: false, .. }));
                written += usize::from(matches!(entry.what, Happening::ReadyWritten { ready: false, .. }));
            }
        }
        // Of 50 losses one is not taken back at once, as the repetition fails too.
        let share = share + (1.0 - share) * 0.02;
        assert!(losses > 1000, "{losses}");
        assert_share(&format!("sync {sync}"), written, losses, share, 3);
    }
}

/// E4, T5: the endpoint of a Pod that has stopped for good goes with the status that says so, before the Pod object does.
#[test]
fn e4_the_endpoint_of_a_stopped_pod_goes_before_its_object() {
    let mut model = Model { horizon: secs(60.0), ..bare(1) };
    model.cluster.latencies.object_gone = fixed(5.0);
    let slots = [ScriptTarget::Slot(SlotId::new(0))];
    model.faults = vec![common::scripted("delete", fixed(10.0), &slots, common::DELETION, None)].into();
    let timeline = trace(&model, 17, 0).timeline;
    let at = |wanted: &dyn Fn(Happening) -> bool| {
        let entry = timeline.entries.iter().find(|entry| wanted(entry.what)).unwrap();
        entry.at.since(SimTime::ZERO).as_secs_f64()
    };
    let exit = at(&|what| matches!(what, Happening::ContainerExited { .. }));
    let unlisted = at(&|what| matches!(what, Happening::EndpointSliceUpdated { endpoint, .. } if !endpoint.listed));
    let gone = at(&|what| matches!(what, Happening::PodGone { .. }));
    // A status write and the EndpointSlice: 0.01 s each.
    assert!((unlisted - exit - 0.02).abs() < 1e-6, "{exit} {unlisted}");
    assert!(gone - exit >= 5.0, "{exit} {gone}");
}
