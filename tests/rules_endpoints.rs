//! Rules of the way from readiness to traffic (E4, E7, D7, T2, T6), at their limits.

mod common;

use common::watch::{Log, What, killed, play, play_many};
use common::{ERROR, WINDOW, bare, fault, struck_once};
use hasim::cluster::Phase;
use hasim::ids::PodId;
use hasim::model::{Model, NodeMode, OnSigterm, Start, Strikes};
use hasim::random::Law;

fn fixed(value: f64) -> Law {
    Law::fixed(value).unwrap()
}

/// The Node of the only slot is partitioned for so long that its Pod is deleted, and returns while the replacement
/// starts, which takes `start_up`. The process ignores SIGTERM: it serves through its grace of 30 s.
fn returning(replicas: u32, start_up: f64) -> Model {
    let strikes = Strikes::Node(NodeMode::Partition);
    let every = fixed(1000.0 * WINDOW);
    let mut model = Model { faults: vec![fault("partition", strikes, every, Some(fixed(380.0)))], ..bare(replicas) };
    model.app.start_up = fixed(start_up);
    model.app.on_sigterm = OnSigterm::Ignores;
    // A slow start must not be killed.
    model.deployment.pod.liveness = None;
    model
}

/// From the return of the Node on: was the first Pod of the slot, deleted and serving, sent traffic?
fn old_pod_in_rotation(log: &Log, from: f64, until: f64) -> bool {
    let pod = PodId::new(0);
    let within = |at: f64| (from..until).contains(&at);
    log.endpoints.iter().any(|&(at, p, view)| p == pod && within(at) && view.is_some_and(|view| view.serves))
}

/// E7: with no ready endpoint, serving and terminating ones are used: the old Pod, once its kubelet has patched Ready
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

/// E4: with publishNotReadyAddresses a Pod that is not Ready stays in rotation.
#[test]
fn e4_publish_not_ready_addresses_keeps_pods_in_rotation() {
    let mut model = struck_once(ERROR, Some(14.9));
    model.deployment.publish_not_ready = true;
    for log in play_many(&model, 3, 50, WINDOW + 50.0) {
        assert_eq!(log.all(0, killed).len(), 0);
        assert_eq!(log.looked(0, 0.0, |view| !view.in_rotation), None);
    }
}

/// P13: without readiness probe a running container is Ready, serving or not; with a startup probe not before its
/// success.
#[test]
fn p13_without_readiness_probe_a_started_container_is_ready() {
    for startup in [false, true] {
        let mut model = Model { start: Start::Fresh, ..bare(1) };
        model.app.start_up = fixed(10.0);
        model.deployment.pod.readiness = None;
        model.deployment.pod.startup = startup.then(|| common::probe(4));
        let log = play(&model, 4, 0, 100.0);
        let rotates = log.looked(0, 0.0, |view| view.in_rotation).unwrap();
        let serves = log.looked(0, 0.0, |view| view.serves).unwrap();
        assert!((serves - 10.33).abs() < 0.01, "{serves}");
        assert_eq!(rotates < serves, !startup, "startup {startup}: in rotation at {rotates}, serves at {serves}");
        assert!(startup || rotates < 0.4, "{rotates}");
    }
}

/// E10: two hops and a proxy that has rested lie between Ready and traffic, and the same on the way out.
#[test]
fn e10_from_readiness_to_traffic() {
    let model = struck_once(ERROR, Some(12.0));
    for log in play_many(&model, 5, 100, WINDOW + 50.0) {
        let lost = log.first(0, 0.0, |w| w == What::Lost).unwrap();
        let out = log.looked(0, lost, |view| !view.in_rotation).unwrap();
        let ready = log.ready(0, lost).unwrap();
        let back = log.looked(0, ready, |view| view.in_rotation).unwrap();
        assert!(
            (out - lost - 0.02).abs() < 1e-6 && (0.0199..1.03).contains(&(back - ready)),
            "{lost} {out} {ready} {back}"
        );
    }
}

/// E2a: a Ready=False that is taken back within one status write never reaches the API: a single failing probe whose
/// repetition at once succeeds (P12) does not interrupt traffic.
#[test]
fn e2a_a_loss_that_is_taken_back_at_once_is_not_published() {
    let mut model = bare(1);
    model.app.probe_failure = 0.02;
    model.deployment.pod.liveness = None;
    model.deployment.pod.readiness = Some(common::probe(1));
    let (mut losses, mut outs) = (0, 0);
    for log in play_many(&model, 6, 20, 20_000.0) {
        losses += log.all(0, |w| w == What::Lost).len();
        outs += log.all(0, |w| matches!(w, What::Looks(view) if !view.in_rotation)).len();
    }
    assert!(losses > 1000 && outs * 20 < losses, "{losses} losses, {outs} withdrawals");
}
