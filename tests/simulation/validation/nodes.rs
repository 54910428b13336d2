//! Validation: loss and return of Nodes (W6, W11, N4–N16).

use crate::common;
use crate::common::stats::{assert_law, assert_share, sum_of_uniforms, uniform};
use crate::common::watch::{Log, What, ended, play_many};
use crate::common::{WINDOW, fault, fixed, secs};
use hasim::cluster::Phase;
use hasim::model::{AntiAffinity, DeadNodes, Model, NewNode, NodeMode, Strikes, Toleration};

const SYNC: f64 = 0.01;
/// The node monitor's passes are 5 s and the pass itself apart (N3), here 2 ms.
const PASS: f64 = 5.002;
/// Ten passes after the one that saw the last lease are the first more than 50 s later.
const GRACE: f64 = 10.0 * PASS;
/// The taint queue's rounds (N7).
const ROUND: f64 = 0.1;

/// One fault of Nodes or zones that strikes each at a random time of a window so long that they hardly ever meet.
fn struck_rarely(replicas: u32, strikes: Strikes, lasts: f64) -> Model {
    let every = fixed(1000.0 * WINDOW);
    Model { faults: vec![fault("it", strikes, every, Some(fixed(lasts)))].into(), ..common::bare(replicas) }
}

/// Replications of one struck slot, from its strike on, where it strikes after the first heartbeats.
fn strikes(model: &Model, seed: u64, n: u64, after: f64) -> Vec<(Log, f64)> {
    let logs = play_many(model, seed, n, 1000.0 * WINDOW);
    let with_strike = logs.into_iter().map(|log| {
        let at = log.struck(0).expect("strikes within the window");
        (log, at)
    });
    with_strike.filter(|&(_, at)| at > 100.0 && at + after < 1000.0 * WINDOW).collect()
}

fn reacted(log: &Log, from: f64) -> Option<f64> {
    log.first(0, from, |what| *what == What::Reacted)
}

/// The age of the last lease at a random moment, with periods 10·U[1, 1.04) (N1).
fn lease_age(a: f64) -> f64 {
    let over = (a - 10.0).clamp(0.0, 0.4);
    (a.clamp(0.0, 10.4) - over * over / 0.8) / 10.2
}

/// N4: 50 + U[0, 5) − age of the last lease, by numerical convolution.
fn detection(t: f64) -> f64 {
    const STEPS: u32 = 2080;
    let step = 10.4 / f64::from(STEPS);
    let share = |i: u32| {
        let (a, b) = (step * f64::from(i), step * f64::from(i + 1));
        let wait = t - GRACE + f64::midpoint(a, b);
        (lease_age(b) - lease_age(a)) * (wait / PASS).clamp(0.0, 1.0)
    };
    (0..STEPS).map(share).sum()
}

/// N3: the pass that finds the last lease more than 50 s old marks the Node.
#[test]
fn n4_a_dead_node_is_unknown_after_40_to_55_s() {
    for (i, mode) in [NodeMode::Crash, NodeMode::Partition, NodeMode::Isolation].into_iter().enumerate() {
        let model = struck_rarely(1, Strikes::Node(mode), 3000.0);
        let found = strikes(&model, 30 + i as u64, 4000, 100.0);
        let times: Vec<f64> = found.iter().map(|(log, at)| reacted(log, *at).unwrap() - at).collect();
        assert_law(&format!("detection, {mode:?}"), &times, 3, detection);
    }
}

/// N6, N10, E4: the endpoint is withdrawn with the detection: status by the controller, slice and proxy.
#[test]
fn n6_the_endpoint_is_withdrawn_with_the_detection() {
    let model = struck_rarely(1, Strikes::Node(NodeMode::Crash), 3000.0);
    for (log, at) in strikes(&model, 5, 200, 100.0) {
        let unknown = reacted(&log, at).unwrap();
        let out = log.looked(0, at, |view| !view.in_rotation).unwrap();
        assert!((out - unknown - SYNC).abs() < 1e-6, "{}", out - unknown);
        assert!(log.looked(0, at, |view| !view.serves && view.in_rotation).is_some(), "dead in rotation (W6)");
    }
}

/// From Unknown to the deletion of the Pod, and whether the taint's first token was lost (N7a).
fn evictions(model: &Model, seed: u64, n: u64, tolerated: f64) -> (Vec<f64>, usize) {
    let found = strikes(model, seed, n, tolerated + 200.0);
    let waits = found.iter().map(|(log, at)| {
        let unknown = reacted(log, *at).unwrap();
        log.reached(0, unknown, Phase::Reschedule).unwrap() - unknown - tolerated
    });
    let (prompt, late): (Vec<f64>, Vec<f64>) = waits.partition(|&wait| wait < 5.0);
    assert!(late.iter().all(|wait| (10.0..10.0 + 3.0 * ROUND).contains(wait)), "{late:?}");
    (prompt, late.len())
}

/// W6, N10: the Pod is deleted one round of the taint queue and 300 s after Unknown, 10 s later in case N7a.
#[test]
fn w6_n7a_n10_eviction_follows_taint_and_toleration() {
    let (prompt, late) = evictions(&struck_rarely(1, Strikes::Node(NodeMode::Crash), 3000.0), 14, 4000, 300.0);
    assert_law("taint queue", &prompt, 2, uniform(0.0, ROUND));
    assert_share("lost tokens", late, prompt.len() + late, 0.1, 2);
}

/// W6, D7, D12, S1: the deletion is enough for a replacement, the old object stays. Ready on another Node: replacement, bind and first sync, L, 20 s and the anchor of a first start (P11a).
#[test]
fn w6_the_replacement_is_ready_after_its_start_and_20_s() {
    let model = struck_rarely(1, Strikes::Node(NodeMode::Crash), 3000.0);
    let found = strikes(&model, 7, 3000, 1000.0);
    let times = found.iter().map(|(log, at)| {
        let deleted = log.reached(0, *at, Phase::Reschedule).unwrap();
        log.ready(0, deleted).unwrap() - deleted
    });
    let from = 3.0 * SYNC + 0.3 + 20.0 + 2.0 * SYNC;
    let (_, rest): (Vec<f64>, Vec<f64>) = times.partition(|&t| t < from + 1e-6);
    let (a, b) = (uniform(from, from + 1.005), uniform(from + 1.005, from + 2.01));
    assert_law("cases (a) and (b)", &rest, 1, |x| (0.80 * a(x) + 0.12 * b(x)) / 0.92);
}

// ---- N9: tolerations ----

fn tolerating(unreachable: Toleration) -> Model {
    let mut model = struck_rarely(1, Strikes::Node(NodeMode::Crash), 3000.0);
    model.workload_mut().pod.tolerations.unreachable = unreachable;
    model
}

#[test]
fn n9_a_pod_that_tolerates_nothing_goes_with_the_taint() {
    for (i, toleration) in [Toleration::None, Toleration::For(secs(0.0))].into_iter().enumerate() {
        let (prompt, _) = evictions(&tolerating(toleration), 10 + i as u64, 1500, 0.0);
        assert_law("taint queue", &prompt, 2, uniform(0.0, ROUND));
    }
}

/// N10: with 30 s the replacement is created at about 70 to 85 s.
#[test]
fn n9_n10_a_short_toleration() {
    let model = tolerating(Toleration::For(secs(30.0)));
    for (log, at) in strikes(&model, 12, 300, 200.0) {
        let deleted = log.reached(0, at, Phase::Reschedule).unwrap() - at;
        assert!((69.7..85.2 + 10.2).contains(&deleted), "{deleted}");
    }
}

#[test]
fn n9_a_pod_that_tolerates_for_ever_stays() {
    for (log, at) in strikes(&tolerating(Toleration::Forever), 13, 200, 3500.0) {
        assert_eq!(log.reached(0, at, Phase::Reschedule).filter(|t| *t < at + 3400.0), None);
    }
}

// ---- N14: returns ----

/// A partition that heals before the control plane notices leaves no trace. The lease returns with its next renewal,
/// up to 10.4 s after the network, and must do so within 39.6 s.
#[test]
fn n14_a_partition_healed_before_detection_is_not_noticed() {
    let model = struck_rarely(1, Strikes::Node(NodeMode::Partition), 29.0);
    for (log, at) in strikes(&model, 20, 500, 100.0) {
        assert_eq!(reacted(&log, at), None);
        assert!(log.view_at(0, at + 90.0).unwrap().delivers());
        assert_eq!(log.looked(0, at, |view| !view.delivers()), None);
    }
}

/// N14, N16, network only: the kubelet patches Ready back with its next reconciliation, U[0, 10), and nothing restarts.
#[test]
fn n14_after_a_partition_readiness_is_restored_within_10_s() {
    let model = struck_rarely(1, Strikes::Node(NodeMode::Partition), 200.0);
    let found = strikes(&model, 21, 3000, 400.0);
    let times: Vec<f64> = found
        .iter()
        .map(|(log, at)| {
            assert_eq!(log.first(0, *at, |w| *w == What::Restarted), None);
            assert_eq!(log.reached(0, *at, Phase::Reschedule), None);
            assert!(log.looked(0, *at, |view| view.serves && !view.in_rotation).is_some(), "it serves on (N16)");
            log.looked(0, at + 200.0, hasim::cluster::SlotView::delivers).unwrap() - at - 200.0
        })
        .collect();
    assert_law("return", &times, 1, uniform(SYNC, 10.0 + SYNC));
}

/// N9, N14: a return before the toleration is over cancels the eviction.
#[test]
fn n14_a_return_before_the_toleration_is_over_cancels_the_eviction() {
    let model = struck_rarely(1, Strikes::Node(NodeMode::Partition), 320.0);
    for (log, at) in strikes(&model, 22, 200, 700.0) {
        assert_eq!(log.reached(0, at, Phase::Reschedule), None);
    }
}

/// N14, P2, reboot after detection: 1.6 s of kubelet, L, 20 s and the anchor; the container has restarted in place.
#[test]
fn n14_after_a_reboot_the_container_restarts_in_place() {
    let model = struck_rarely(1, Strikes::Node(NodeMode::Crash), 150.0);
    for (log, at) in strikes(&model, 23, 500, 400.0) {
        let restarted = log.first(0, at, |w| *w == What::Restarted).unwrap() - at - 150.0;
        assert!((restarted - 1.9).abs() < 1e-6, "{restarted}");
        let ready = log.ready(0, at + 150.0).unwrap() - at - 150.0;
        // P2, P8: a worker of so young a kubelet may sleep up to a period; its ticks begin with its waking, and D
        // with the second of the start.
        assert!((20.9..21.9 + 5.1).contains(&ready), "{ready}");
        assert_eq!(log.reached(0, at, Phase::Reschedule), None);
    }
}

/// N14a: a reboot faster than detection is never marked; the dead endpoint stays in rotation until the new kubelet
/// has written the status.
#[test]
fn n14a_a_fast_reboot_leaves_the_dead_endpoint_in_rotation() {
    let model = struck_rarely(1, Strikes::Node(NodeMode::Crash), 30.0);
    for (log, at) in strikes(&model, 24, 500, 200.0) {
        let back = at + 30.0;
        let dead = log.view_at(0, back + 1.5).unwrap();
        assert!(dead.in_rotation && !dead.serves);
        let out = log.looked(0, at, |view| !view.in_rotation).unwrap() - back;
        assert!((1.6..1.6 + 1.5).contains(&out), "{out}");
        assert_eq!(log.reached(0, at, Phase::Reschedule), None);
        let unknown = log.entries.iter().filter(|e| e.what == What::Reacted && e.at > at && e.at < back).count();
        assert_eq!(unknown, 0);
    }
}

// ---- N15: Nodes that are replaced ----

/// N15, T7: Unknown; the cloud controller's round, U[0, 5); the collector's round, U[0, 20), and its quarantine of 40 s.
/// The next round after that comes at once or up to a round later: 40 to 80 s after the deletion of the Node.
#[test]
fn n15_pods_of_a_deleted_node_are_replaced_within_90_to_140_s() {
    let mut model = struck_rarely(1, Strikes::Node(NodeMode::Crash), 3000.0);
    model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: fixed(200.0) });
    let found = strikes(&model, 30, 3000, 400.0);
    let times: Vec<f64> = found
        .iter()
        .map(|(log, at)| {
            let unknown = reacted(log, *at).unwrap();
            let gone = log.reached(0, *at, Phase::Reschedule).unwrap();
            assert!((39.7 + 40.0..140.2).contains(&(gone - at)), "{}", gone - at);
            gone - unknown
        })
        .collect();
    let (prompt, late) = (sum_of_uniforms(40.0, &[5.0, 20.0]), sum_of_uniforms(60.0, &[5.0, 20.0]));
    assert_law("both rounds", &times, 1, |t| f64::midpoint(prompt(t), late(t)));
}

/// N15: a quarantine that ends between two rounds is over for the next one, always.
#[test]
fn n15_a_quarantine_that_ends_between_rounds_has_no_tie() {
    let mut model = struck_rarely(1, Strikes::Node(NodeMode::Crash), 3000.0);
    model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: fixed(200.0) });
    model.cluster.control_plane.pod_gc_quarantine = secs(41.0);
    for (log, at) in strikes(&model, 31, 300, 400.0) {
        let wait = log.reached(0, at, Phase::Reschedule).unwrap() - reacted(&log, at).unwrap();
        assert!((60.0..5.0 + 80.0 + 1e-6).contains(&wait), "{wait}");
    }
}

// ---- Zones ----

/// Every replica on a Node of its own.
fn one_per_node(zones: u32, per_zone: u32, strikes: Strikes, lasts: f64) -> Model {
    let nodes = zones * per_zone;
    let mut model = struck_rarely(nodes, strikes, lasts);
    model.cluster = common::cluster(zones, per_zone, common::quick_latencies());
    common::redeploy(&mut model, nodes, zones, per_zone, false);
    let domain = (0..nodes).map(Some).collect();
    model.workload_mut().pod.anti_affinity =
        vec![AntiAffinity { domain, preferred_weight: None, selects: vec![true].into() }];
    model
}

/// Slots struck in the same instant as the first one of the replication.
fn first_zone(log: &Log) -> (f64, Vec<usize>) {
    let struck = log.entries.iter().filter(|e| matches!(e.what, What::Struck(_)));
    let at = struck.clone().next().unwrap().at;
    (at, struck.filter(|e| (e.at - at).abs() < 1e-9).map(|e| e.slot).collect())
}

fn of_slot(log: &Log, slot: usize, from: f64, is: impl Fn(&What) -> bool) -> f64 {
    log.first(slot, from, is).unwrap()
}

/// N7, N12: in a zone that dies the first Node is tainted at once and the k-th 10 s after the one before, or as soon
/// as it is Unknown.
#[test]
fn n7_n12_a_zone_gives_away_one_taint_in_10_s() {
    let mut model = one_per_node(2, 3, Strikes::Zone(NodeMode::Isolation), 3000.0);
    model.cluster.control_plane.lost_taint_token = 0.0;
    let mut waited = 0;
    for log in play_many(&model, 40, 300, 1000.0 * WINDOW) {
        let (at, slots) = first_zone(&log);
        if !(100.0..999.0 * WINDOW).contains(&at) {
            continue;
        }
        assert_eq!(slots.len(), 3);
        let mut order: Vec<(f64, f64)> = slots
            .iter()
            .map(|&slot| {
                let unknown = of_slot(&log, slot, at, |w| *w == What::Reacted);
                (log.reached(slot, at, Phase::Reschedule).unwrap() - 300.0, unknown)
            })
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(order[0].0 - order[0].1 <= ROUND + 1e-6, "the first at once");
        for pair in order.windows(2) {
            let earliest = pair[1].1.max(pair[0].0 + 10.0);
            waited += usize::from(pair[0].0 + 10.0 > pair[1].1);
            // A refill is a whole number of rounds: its last round has the token.
            assert!((-1e-6..ROUND + 1e-6).contains(&(pair[1].0 - earliest)), "{order:?}");
            if pair[0].0 + 10.0 > pair[1].1 {
                assert!((pair[1].0 - pair[0].0 - 10.0).abs() < 1e-6, "10 s apart: {order:?}");
            }
        }
    }
    assert!(waited > 200, "the bucket mattered: {waited}");
}

/// W11, T8: with hard spread the replacement stays Pending while the zone is down and its Nodes are registered (S7).
#[test]
fn w11_s7_hard_spread_leaves_the_replacement_pending_until_the_zone_is_back() {
    for (hard, honor_taints, pending) in [(true, false, true), (true, true, false), (false, false, false)] {
        let mut model = struck_rarely(3, Strikes::Zone(NodeMode::Crash), 2000.0);
        model.cluster = common::cluster(3, 3, common::quick_latencies());
        common::redeploy(&mut model, 3, 3, 3, hard);
        model.workload_mut().pod.spread[0].honor_taints = honor_taints;
        for log in play_many(&model, 41, 100, 1000.0 * WINDOW) {
            let (at, slots) = first_zone(&log);
            assert_eq!(slots.len(), 1, "one Pod in each zone");
            let unknown = of_slot(&log, slots[0], at, |w| *w == What::Reacted) - at;
            assert!((39.7..55.1).contains(&unknown));
            let deleted = log.reached(slots[0], at, Phase::Reschedule).unwrap() - at;
            assert!((339.7..375.0 + 20.0).contains(&deleted), "W11: evicted at ≈ 340–375 s, not {deleted}");
            let bound = log.reached(slots[0], at + deleted, Phase::Start).unwrap() - at;
            if pending {
                assert!((2000.0..2000.0 + 15.0).contains(&bound), "hard {hard}: bound at {bound}");
            } else {
                assert!(bound < deleted + 0.1, "hard {hard}: bound at {bound}");
            }
        }
    }
}

/// N11, S9: five Nodes of one zone die one after the other, far apart, and do not return. The first two are evicted;
/// from the third on (3 of 5 ≥ 0.55) the zone is partially disrupted and small: no more taints. With the last one
/// all zones are down. No replacement finds a Node that is not taken.
#[test]
fn n11_partial_disruption_of_a_small_zone_stops_evictions() {
    let model = one_per_node(1, 5, Strikes::Node(NodeMode::Crash), 1e8);
    let mut judged = 0;
    for log in play_many(&model, 42, 300, 1001.0 * WINDOW) {
        let mut deaths: Vec<(f64, usize)> = (0..5).map(|slot| (log.struck(slot).unwrap(), slot)).collect();
        deaths.sort_by(|a, b| a.0.total_cmp(&b.0));
        if deaths[0].0 < 100.0 || deaths.windows(2).any(|pair| pair[1].0 - pair[0].0 < 1000.0) {
            continue;
        }
        judged += 1;
        for (rank, &(at, slot)) in deaths.iter().enumerate() {
            let deleted = log.reached(slot, at, Phase::Reschedule);
            assert_eq!(deleted.is_some(), rank < 2, "death {rank}: {deleted:?}");
            assert_eq!(log.reached(slot, at, Phase::Start), None, "S9: terminating Pods block their Nodes");
            assert!(log.looked(slot, at, |view| !view.in_rotation).is_some(), "N6 is not rate limited");
        }
    }
    assert!(judged > 200);
}

/// N11: two of three Nodes are no disruption: more than two must be down. Both are evicted.
#[test]
fn n11_two_of_three_nodes_are_evicted() {
    let model = one_per_node(1, 3, Strikes::Node(NodeMode::Crash), 1e8);
    for log in play_many(&model, 43, 200, 1001.0 * WINDOW) {
        let mut deaths: Vec<(f64, usize)> = (0..3).map(|slot| (log.struck(slot).unwrap(), slot)).collect();
        deaths.sort_by(|a, b| a.0.total_cmp(&b.0));
        if deaths[0].0 < 100.0 || deaths.windows(2).any(|pair| pair[1].0 - pair[0].0 < 1000.0) {
            continue;
        }
        let deleted = |rank: usize| log.reached(deaths[rank].1, deaths[rank].0, Phase::Reschedule).is_some();
        assert_eq!([deleted(0), deleted(1), deleted(2)], [true, true, false], "with the last all zones are down");
    }
}

/// N11: with all zones down nobody is evicted, however long it lasts; after the return Pods are restored in place.
#[test]
fn n11_nobody_is_evicted_while_all_zones_are_down() {
    let model = one_per_node(1, 3, Strikes::Zone(NodeMode::Partition), 5000.0);
    for log in play_many(&model, 44, 200, 1000.0 * WINDOW) {
        let (at, slots) = first_zone(&log);
        assert_eq!(slots.len(), 3);
        for slot in slots {
            assert_eq!(log.reached(slot, at, Phase::Reschedule), None);
            if at + 6000.0 < 1000.0 * WINDOW {
                let over = log.first(slot, at, ended).unwrap();
                let back = log.looked(slot, over, hasim::cluster::SlotView::delivers).unwrap() - over;
                // A reconciliation, and the pause between two runs of the proxy (E6).
                assert!(back < 11.1, "{back}");
            }
        }
    }
}

/// N11: but a Node marked in an earlier pass keeps its taint for 5 s or more before it is taken away; Pods that
/// tolerate nothing are gone by then.
#[test]
fn n11_a_node_marked_before_the_others_loses_pods_without_toleration() {
    let mut model = one_per_node(1, 3, Strikes::Zone(NodeMode::Partition), 500.0);
    model.workload_mut().pod.tolerations.unreachable = Toleration::None;
    model.cluster.control_plane.lost_taint_token = 0.0;
    let mut apart = 0;
    for log in play_many(&model, 45, 300, 1000.0 * WINDOW) {
        let (at, slots) = first_zone(&log);
        if !(100.0..999.0 * WINDOW).contains(&at) {
            continue;
        }
        let mut marks: Vec<(f64, usize)> =
            slots.iter().map(|&slot| (of_slot(&log, slot, at, |w| *w == What::Reacted), slot)).collect();
        marks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let evicted = marks.iter().filter(|(_, slot)| log.reached(*slot, at, Phase::Reschedule).is_some()).count();
        let passes = ((marks[2].0 - marks[0].0) / PASS).round();
        // The second token of the zone is there 10 s after the first.
        let expected = if passes < 1.0 {
            0
        } else if passes < 2.0 {
            1
        } else {
            evicted.clamp(1, 2)
        };
        assert_eq!(evicted, expected, "{marks:?}");
        apart += usize::from(passes >= 1.0);
    }
    assert!(apart > 100, "{apart}");
}

/// The convolution above is right: without jitter of the leases it is a difference of two uniforms.
#[test]
fn the_law_of_detection_is_normalised_and_has_the_mean_of_n4() {
    assert!(detection(39.6) < 1e-9 && (detection(55.1) - 1.0).abs() < 1e-9);
    let mean: f64 = (0..2000).map(|i| 1.0 - detection(39.0 + 0.01 * (f64::from(i) + 0.5))).sum::<f64>() * 0.01 + 39.0;
    assert!((mean - 47.4).abs() < 0.03, "{mean}");
    let plain = sum_of_uniforms(GRACE - 10.2, &[PASS, 10.2]);
    assert!((0..160).all(|i| (plain(39.0 + 0.1 * f64::from(i)) - detection(39.0 + 0.1 * f64::from(i))).abs() < 0.005));
}
