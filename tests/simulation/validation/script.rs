//! Validation: faults by script, and what only a script strikes with: deletions, kubelets, sandboxes.

use crate::common::stats::{assert_law, assert_share, uniform};
use crate::common::watch::{Log, What, play_many};
use crate::common::{CRASH, CRASH_NODE, DELETION, ERROR, HANG, KUBELET, SANDBOX, bare, scripted, secs};
use hasim::cluster::{Cause, Happening, Phase, SlotView};
use hasim::experiment::trace;
use hasim::ids::{FaultId, NodeId, SlotId};
use hasim::model::{Fault, Model, NodeMode, OnSigterm, ScriptTarget, Start, Strikes};
use hasim::random::Law;
use hasim::time::SimTime;

const SYNC: f64 = 0.01;
/// From one listing of the runtime's containers to the next (C1).
const RELIST: f64 = 1.005;
/// From the start of the kubelet's process to its first syncs.
const FIRST_SYNC: f64 = 1.6;
const SLOT: ScriptTarget = ScriptTarget::Slot(SlotId::new(0));
const NODE: ScriptTarget = ScriptTarget::NodeOf(SlotId::new(0));

fn fixed(value: f64) -> Law {
    Law::fixed(value).unwrap()
}

fn at(name: &str, at: f64, target: ScriptTarget, strikes: Strikes, lasts: Option<f64>) -> Fault {
    scripted(name, fixed(at), &[target], strikes, lasts)
}

/// At a random moment of ten seconds, after all first heartbeats.
fn soon(target: ScriptTarget, strikes: Strikes, lasts: Option<f64>) -> Fault {
    scripted("it", Law::uniform(100.0, 110.0).unwrap(), &[target], strikes, lasts)
}

fn played(replicas: u32, script: Vec<Fault>) -> Model {
    Model { faults: script.into(), ..bare(replicas) }
}

fn strikes_of(log: &Log, slot: usize, fault: usize) -> Vec<f64> {
    log.all(slot, |what| *what == What::Struck(FaultId::new(fault)))
}

fn restarts(log: &Log) -> Vec<f64> {
    log.all(0, |what| *what == What::Restarted)
}

/// Seconds from the end of the fault until the slot delivers again.
fn returns(log: &Log, end: f64) -> f64 {
    log.looked(0, end, SlotView::delivers).unwrap() - end
}

// ---- Moments and targets ----

#[test]
fn each_target_draws_a_moment_of_its_own_after_the_warm_up() {
    let slots: Vec<ScriptTarget> = (0..3).map(|slot| ScriptTarget::Slot(SlotId::new(slot))).collect();
    let script = scripted("it", Law::uniform(0.0, 10.0).unwrap(), &slots, HANG, Some(1.0));
    let model = Model { warm_up: secs(50.0), ..played(3, vec![script]) };
    let logs = play_many(&model, 1, 1500, 100.0);
    for slot in 0..3 {
        let moments: Vec<f64> = logs.iter().map(|log| strikes_of(log, slot, 0)[0]).collect();
        assert!(logs.iter().all(|log| strikes_of(log, slot, 0).len() == 1), "once");
        assert_law("moment", &moments, 4, uniform(50.0, 60.0));
    }
    let first = logs.iter().filter(|log| strikes_of(log, 0, 0) < strikes_of(log, 1, 0)).count();
    assert_share("independent", first, logs.len(), 0.5, 4);
}

#[test]
fn moment_zero_is_the_start_of_counting() {
    let script = || vec![at("it", 0.0, SLOT, CRASH, None)];
    let running = Model { warm_up: secs(50.0), ..played(1, script()) };
    assert_eq!(strikes_of(&play_many(&running, 1, 1, 100.0)[0], 0, 0), [50.0]);
    let now = played(1, script());
    assert_eq!(strikes_of(&play_many(&now, 1, 1, 100.0)[0], 0, 0), [0.0]);
    let fresh = Model { start: Start::Fresh, ..played(1, script()) };
    assert_eq!(strikes_of(&play_many(&fresh, 1, 1, 100.0)[0], 0, 0), [] as [f64; 0], "nothing has a process yet");
}

#[test]
fn a_moment_beyond_the_horizon_does_not_come() {
    let model = Model { horizon: secs(5.0), ..played(1, vec![scripted("it", fixed(5.1), &[SLOT], CRASH, None)]) };
    assert_eq!(strikes_of(&play_many(&model, 1, 1, 10.0)[0], 0, 0), [] as [f64; 0]);
}

/// What has no process is not struck; what is struck already is struck once more.
#[test]
fn an_entry_strikes_what_it_finds() {
    let script = vec![
        at("first", 10.0, SLOT, CRASH, None),
        at("nobody", 10.0, SLOT, HANG, None),
        at("hang", 100.0, SLOT, HANG, None),
        at("again", 101.0, SLOT, ERROR, Some(5.0)),
        at("delete", 110.0, SLOT, DELETION, None),
        at("vacant", 110.0, SLOT, CRASH, None),
        at("gone", 110.0, NODE, CRASH_NODE, Some(1.0)),
    ];
    let log = &play_many(&played(1, script), 1, 1, 300.0)[0];
    let struck: Vec<usize> = (0..7).map(|fault| strikes_of(log, 0, fault).len()).collect();
    assert_eq!(struck, [1, 0, 1, 1, 1, 0, 0]);
}

/// Faults of one Node stand side by side: the partition outlasts the crash that came in its middle.
#[test]
fn faults_at_work_on_one_target_end_each_by_itself() {
    let script = vec![
        at("partition", 100.0, NODE, Strikes::Node(NodeMode::Partition), Some(200.0)),
        at("crash", 150.0, NODE, CRASH_NODE, Some(50.0)),
    ];
    for log in play_many(&played(1, script), 1, 200, 600.0) {
        assert_eq!(log.all(0, |what| matches!(what, What::Ended(_))), [200.0, 300.0]);
        // The kubelet that boots at 200 s is cut off: it does not know of the Pod before 300 s.
        assert!((restarts(&log)[0] - 300.3).abs() < 1e-6, "{:?}", restarts(&log));
    }
}

// ---- D7, T1: a deletion through the API ----

#[test]
fn d7_t1_a_deleted_pod_is_replaced_at_once_and_its_fault_is_the_cause() {
    for log in play_many(&played(2, vec![soon(SLOT, DELETION, None)]), 2, 300, 300.0) {
        let at = log.struck(0).unwrap();
        let out = log.looked(0, at, |view| !view.delivers()).unwrap();
        assert!((out - at).abs() < 1e-9, "the slot is vacant");
        let view = log.view_at(0, at + 1e-6).unwrap();
        assert_eq!((view.causes, view.phase), (Cause::Fault(FaultId::new(0)).into(), Phase::Reschedule));
        assert!((log.first(0, at, |what| *what == What::Reacted).unwrap() - at).abs() < 1e-9, "known at once");
        let bound = log.reached(0, at, Phase::Start).unwrap() - at;
        assert!((bound - 2.0 * SYNC).abs() < 1e-6, "replacement and bind: {bound}");
        assert_eq!(log.struck(1), None);
        // T2, C9: the old Pod answers until its SIGTERM and is soon out of rotation.
        assert!(log.endpoints.iter().any(|(t, _, view)| *t > at && view.as_ref().is_none_or(|view| !view.serves())));
    }
}

// ---- C4: the sandbox ----

/// C1, C4, C9: noticed with the next listing, stopped with its grace, started anew with a new sandbox.
#[test]
fn c4_a_container_without_sandbox_is_stopped_and_started_in_a_new_one() {
    for (stop, on_sigterm) in [(0.3, OnSigterm::Exits(fixed(0.3))), (30.0, OnSigterm::Ignores)] {
        let mut model = played(1, vec![soon(SLOT, SANDBOX, None)]);
        model.app_mut().on_sigterm = on_sigterm;
        model.cluster.latencies.sandbox = fixed(0.7);
        // Its probes would kill it sooner.
        model.workload_mut().pod.main_mut().liveness = None;
        let waits: Vec<f64> = play_many(&model, 3, 1500, 300.0)
            .iter()
            .map(|log| {
                let at = log.struck(0).unwrap();
                assert!((log.looked(0, at, |view| !view.serves).unwrap() - at).abs() < 1e-9, "the network is gone");
                assert_eq!(restarts(log).len(), 1);
                restarts(log)[0] - at - SYNC - stop - 0.7 - 0.3
            })
            .collect();
        assert_law("listing", &waits, 2, uniform(0.0, RELIST));
    }
}

// ---- N14, N16, P21: the kubelet alone ----

/// P21, N14: a short restart of the kubelet leaves no trace at the Pods.
#[test]
fn p21_a_pod_stays_ready_across_a_restart_of_its_kubelet() {
    for log in play_many(&played(1, vec![soon(NODE, KUBELET, Some(2.0))]), 4, 300, 300.0) {
        assert!(log.struck(0).is_some());
        assert_eq!(log.looked(0, 1.0, |view| !view.delivers()), None);
        assert_eq!(restarts(&log), [] as [f64; 0]);
        assert_eq!(log.first(0, 0.0, |what| *what == What::Reacted), None);
    }
}

/// N16: to the control plane a dead kubelet is a dead Node, though the application works. N14, P2: when the kubelet is
/// back the Pod becomes Ready with its first probe, after the kubelet's own start and U[0, 5); nothing restarts.
#[test]
fn n16_n14_pods_of_a_dead_kubelet_serve_on_and_return_with_their_first_probe() {
    let model = played(1, vec![soon(NODE, KUBELET, Some(120.0))]);
    let times: Vec<f64> = play_many(&model, 5, 3000, 500.0)
        .iter()
        .map(|log| {
            let at = log.struck(0).unwrap();
            let out = log.looked(0, at, |view| !view.in_rotation).unwrap();
            assert!((39.7..55.1).contains(&(out - at)) && log.view_at(0, out + 1.0).unwrap().serves);
            assert_eq!(log.looked(0, at, |view| !view.serves), None);
            assert_eq!(restarts(log), [] as [f64; 0]);
            returns(log, at + 120.0) - FIRST_SYNC - 2.0 * SYNC
        })
        .collect();
    assert_law("first probe", &times, 1, uniform(0.0, 5.0));
}

/// A scripted fault of a Node may have no end: the Pod is evicted (N9), and its old container serves on.
#[test]
fn n16_a_kubelet_that_stays_dead_loses_its_pods() {
    for log in play_many(&played(1, vec![soon(NODE, KUBELET, None)]), 6, 100, 600.0) {
        let at = log.struck(0).unwrap();
        let evicted = log.reached(0, at, Phase::Reschedule).unwrap() - at;
        assert!((339.7..366.0).contains(&evicted), "{evicted}");
        assert_eq!(log.first(0, at, |what| matches!(what, What::Ended(_))), None);
        assert!(returns(&log, at + evicted) < 30.0);
    }
}

/// P21: a container started 10 s or less before its kubelet does not keep its state; it is Ready with its first probe.
#[test]
fn p21_a_young_container_does_not_keep_its_readiness() {
    for (age, keeps) in [(5.0, false), (20.0, true)] {
        // The restart follows a crash by a listing, a sync and a start, after which the container is soon Ready.
        let stopped = 102.0 + age;
        let script = vec![at("crash", 100.0, SLOT, CRASH, None), at("kubelet", stopped, NODE, KUBELET, Some(2.0))];
        let mut model = played(1, script);
        model.workload_mut().pod.main_mut().readiness.as_mut().unwrap().initial_delay = secs(0.0);
        for log in play_many(&model, 7, 200, 300.0) {
            let started = restarts(&log)[0];
            let kept = log.looked(0, stopped + 2.0, |view| !view.in_rotation).is_none();
            assert_eq!(kept, keeps, "started {started}");
            assert_eq!(kept, stopped + 2.0 - started > 10.0);
        }
    }
}

/// P21, P2: counters start from zero, and the workers of a young kubelet sleep U[0, 5). What fails meanwhile stays
/// Ready until F probes have failed.
#[test]
fn p21_a_pod_that_failed_unseen_is_withdrawn_by_probes_of_the_new_kubelet() {
    let script = vec![at("kubelet", 100.0, NODE, KUBELET, Some(10.0)), at("error", 105.0, SLOT, ERROR, Some(100.0))];
    let times: Vec<f64> = play_many(&played(1, script), 8, 1500, 200.0)
        .iter()
        .map(|log| log.first(0, 100.0, |what| *what == What::Lost).unwrap() - 110.0 - FIRST_SYNC - 5.0)
        .collect();
    assert_law("second failure", &times, 1, uniform(0.0, 5.0));
}

/// C1: a crash while the kubelet is dead is found by the next one, at its first syncs.
#[test]
fn a_crash_under_a_dead_kubelet_is_found_by_the_next_one() {
    let script = vec![at("kubelet", 100.0, NODE, KUBELET, Some(20.0)), at("crash", 110.0, SLOT, CRASH, None)];
    for log in play_many(&played(1, script), 9, 100, 200.0) {
        assert!((restarts(&log)[0] - 120.0 - FIRST_SYNC - 0.3).abs() < 1e-6, "{:?}", restarts(&log));
        assert!(log.view_at(0, 121.0).unwrap().in_rotation, "dead in rotation");
    }
}

/// N14, N13, T5: Pods that were deleted while their kubelet was dead stay until it is back; it stops them, and their
/// objects go after its start, a listing and its clean-up. They are never Ready again.
#[test]
fn n14_a_kubelet_that_returns_stops_the_pods_deleted_meanwhile() {
    let model = Model { horizon: secs(600.0), ..played(1, vec![at("kubelet", 60.0, NODE, KUBELET, Some(440.0))]) };
    for index in 0..50 {
        let entries = trace(&model, 12, index).timeline.entries;
        let at = |wanted: &dyn Fn(Happening) -> bool| {
            let entry = entries.iter().find(|entry| wanted(entry.what)).expect("it happens");
            entry.at.since(SimTime::ZERO).as_secs_f64()
        };
        let deleted = at(&|what| matches!(what, Happening::PodDeleted { .. }));
        let exit = at(&|what| matches!(what, Happening::ContainerExited { .. }));
        let gone = at(&|what| matches!(what, Happening::PodGone { .. }));
        assert!((390.0..426.0).contains(&deleted), "{deleted}");
        // The deletion is seen, and the process needs 0.3 s to stop.
        assert!((exit - 500.0 - FIRST_SYNC - 0.31).abs() < 1e-6, "{exit}");
        assert!((0.1..0.1 + RELIST).contains(&(gone - exit)), "{gone} {exit}");
        let ready_again = entries.iter().any(|entry| {
            entry.at.since(SimTime::ZERO).as_secs_f64() > 500.0
                && matches!(entry.what, Happening::ReadyWritten { ready: true, .. })
        });
        assert!(!ready_again, "replication {index}");
    }
}

/// C9, T5: a kubelet that restarts while a deleted Pod stops tells the process nothing new: it exits when it would have.
#[test]
fn t5_a_stop_outlives_a_restart_of_the_kubelet() {
    let script = vec![at("delete", 100.0, SLOT, DELETION, None), at("kubelet", 105.0, NODE, KUBELET, Some(2.0))];
    let mut model = Model { horizon: secs(200.0), ..played(1, script) };
    model.app_mut().on_sigterm = OnSigterm::Exits(fixed(12.0));
    let entries = trace(&model, 13, 0).timeline.entries;
    let times = |wanted: &dyn Fn(Happening) -> bool| -> Vec<f64> {
        let wanted = entries.iter().filter(|entry| wanted(entry.what));
        wanted.map(|entry| entry.at.since(SimTime::ZERO).as_secs_f64()).collect()
    };
    let terms = times(&|what| matches!(what, Happening::SigtermSent { .. }));
    let exits = times(&|what| matches!(what, Happening::ContainerExited { .. }));
    assert_eq!((terms.len(), exits.len()), (1, 1));
    assert!((exits[0] - terms[0] - 12.0).abs() < 1e-6, "{terms:?} {exits:?}");
    let gone = times(&|what| matches!(what, Happening::PodGone { .. }));
    assert!(gone.len() == 1 && gone[0] - exits[0] < 0.1 + RELIST, "{gone:?}");
}

/// N14a, N3: a kubelet that starts renews its lease with its first report. So a reboot of 39 s is never noticed, however
/// old the last lease was.
#[test]
fn n14a_the_first_report_of_a_kubelet_is_a_heartbeat() {
    let mut detected = 0;
    for log in play_many(&played(1, vec![soon(NODE, KUBELET, Some(39.0))]), 10, 500, 300.0) {
        detected += log.all(0, |what| *what == What::Reacted).len();
        assert_eq!(log.looked(0, 1.0, |view| !view.delivers()), None);
    }
    assert_eq!(detected, 0);
    let node = ScriptTarget::Node(NodeId::new(0));
    let log = &play_many(&played(3, vec![soon(node, CRASH_NODE, Some(39.0))]), 11, 1, 300.0)[0];
    assert_eq!((0..3).filter(|&slot| log.struck(slot).is_some()).count(), 1, "one Pod on each of three Nodes");
}
