//! Validation: the control plane before taint-based eviction. The node controller deletes the Pods of a silent Node by
//! itself, 300 s after it has noticed the last heartbeat.

use crate::common::stats::{assert_law, sum_of_uniforms, uniform};
use crate::common::watch::{Log, What, play_many};
use crate::common::{CRASH_NODE, bare, scripted, secs};
use hasim::cluster::Phase;
use hasim::ids::SlotId;
use hasim::model::{ControlPlane, Eviction, Model, ScriptTarget, Toleration};
use hasim::random::Law;

/// The node monitor's passes are 5 s and the pass itself apart (N3), here 2 ms.
const PASS: f64 = 5.002;
/// The eviction queue's rounds (N7).
const ROUND: f64 = 0.1;

/// The Node of the only Pod dies at a random moment and does not come back.
fn dead_node() -> Model {
    let at = Law::uniform(100.0, 200.0).unwrap();
    let fault = scripted("it", at, &[ScriptTarget::NodeOf(SlotId::new(0))], CRASH_NODE, None);
    let mut model = Model { faults: vec![fault].into(), ..bare(1) };
    model.cluster.control_plane = ControlPlane::legacy();
    model
}

fn unknown(log: &Log, from: f64) -> f64 {
    log.first(0, from, |what| *what == What::Reacted).unwrap()
}

/// Grace 40 s: eight passes after the one that saw the last status are the first more than 40 s later.
#[test]
fn n3_with_a_grace_of_40_s_a_node_is_unknown_after_30_to_45_s() {
    let times: Vec<f64> = play_many(&dead_node(), 1, 4000, 400.0)
        .iter()
        .map(|log| {
            let at = log.struck(0).unwrap();
            unknown(log, at) - at
        })
        .collect();
    assert_law("detection", &times, 1, sum_of_uniforms(8.0 * PASS - 10.0, &[PASS, 10.0]));
}

/// Sixty passes after the one that saw the last status are the first more than 300 s later, 52 after Unknown. What the
/// Pod tolerates is of no account.
#[test]
fn pods_are_deleted_300_s_after_the_last_heartbeat() {
    for (i, toleration) in [Toleration::Forever, Toleration::None].into_iter().enumerate() {
        let mut model = dead_node();
        model.workload_mut().pod.tolerations.unreachable = toleration;
        let waits: Vec<f64> = play_many(&model, 2 + i as u64, 2000, 600.0)
            .iter()
            .map(|log| {
                let unknown = unknown(log, log.struck(0).unwrap());
                log.reached(0, unknown, Phase::Reschedule).unwrap() - unknown - 52.0 * PASS
            })
            .collect();
        assert_law("round of the queue", &waits, 2, uniform(0.0, ROUND));
    }
}

/// `--pod-eviction-timeout` counts from the same pass, not from Unknown.
#[test]
fn the_timeout_counts_from_the_last_heartbeat() {
    let mut model = dead_node();
    model.cluster.control_plane.eviction = Eviction::After(secs(60.0));
    for log in play_many(&model, 4, 300, 400.0) {
        let at = log.struck(0).unwrap();
        let deleted = log.reached(0, at, Phase::Reschedule).unwrap() - at;
        assert!((50.0..60.0 + 2.0 * PASS).contains(&deleted), "{deleted}");
    }
}
