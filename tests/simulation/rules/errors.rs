//! Rule: probes whose every attempt ends in an error (P15), so that their initial values stay (P7).

use crate::common::watch::{What, killed, play_many};
use crate::common::{CRASH, HANG, WINDOW, bare, fault, fixed, probe, struck_once};
use hasim::model::{Model, Probe, Start};

/// The reference probe, on a port that its container does not have.
fn erring() -> Option<Probe> {
    Some(Probe { always_errs: true, ..probe(2) })
}

/// P15: a readiness probe that always errs keeps the Pod out of rotation for good, met in the middle of its life or new,
/// through crashes and kills; its container serves all the same.
#[test]
fn p15_a_readiness_probe_that_errs_lets_no_request_in() {
    let mut model = bare(2);
    model.workload_mut().pod.main_mut().readiness = erring();
    model.faults = vec![fault("crash", CRASH, fixed(900.0), None), fault("hang", HANG, fixed(1500.0), None)].into();
    for start in [Start::Running, Start::Fresh] {
        model.start = start;
        for log in play_many(&model, 1, 20, 20_000.0) {
            for slot in 0..2 {
                assert_eq!(log.looked(slot, 0.0, |view| view.in_rotation), None);
                assert!(log.looked(slot, 0.0, |view| view.serves).is_some());
                assert!(
                    log.first(slot, 0.0, killed).is_some() && log.all(slot, |what| *what == What::Restarted).len() > 5
                );
            }
        }
        // E4: unless the Service does not ask whether it is Ready.
        let mut published = model.clone();
        published.workload_mut().publish_not_ready = true;
        for log in play_many(&published, 1, 5, 5_000.0) {
            assert!(log.looked(0, 0.0, |view| view.in_rotation && view.serves).is_some());
        }
    }
}

/// P15: a liveness probe that always errs kills nothing; the same probe without errors does.
#[test]
fn p15_a_liveness_probe_that_errs_never_kills() {
    let mut model = struck_once(HANG, None);
    let killed_at = |model: &Model| {
        let logs = play_many(model, 2, 50, WINDOW + 5_000.0);
        logs.iter().filter(|log| log.first(0, 0.0, killed).is_some()).count()
    };
    assert_eq!(killed_at(&model), 50);
    model.workload_mut().pod.main_mut().liveness = erring();
    assert_eq!(killed_at(&model), 0);
}

/// P15, P10: a startup probe that always errs neither succeeds nor kills, however long the start takes, and holds the
/// other two back.
#[test]
fn p15_a_startup_probe_that_errs_neither_kills_nor_succeeds() {
    let mut model = bare(1);
    model.app_mut().start_up = fixed(600.0);
    model.workload_mut().pod.main_mut().startup = erring();
    for start in [Start::Running, Start::Fresh] {
        model.start = start;
        for log in play_many(&model, 3, 20, 3_000.0) {
            assert_eq!(log.first(0, 0.0, killed), None);
            assert_eq!(log.looked(0, 0.0, |view| view.in_rotation), None);
            assert!(log.looked(0, 0.0, |view| view.serves).is_some());
        }
    }
}
