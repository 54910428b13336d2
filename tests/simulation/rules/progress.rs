//! Rules of the progress deadline (D4): when a Deployment is said to be stuck, and what a rollback then saves.

use crate::common::film::Film;
use crate::common::{fixed, secs};
use crate::rules::rollouts::{BEGIN, model, played, steps};
use hasim::cluster::Happening;
use hasim::ids::FaultId;
use hasim::model::{Affects, BadRevisions, ContainerMode, Fault, Model, Occurrence, Strategy, Strikes};

/// `progressDeadlineSeconds`.
const DEADLINE: f64 = 120.0;
/// So long after it somebody rolls back.
const ROLLED_BACK_AFTER: f64 = 30.0;
/// A hop of a controller, or two.
const HOPS: f64 = 0.1;

const NEVER_READY: ContainerMode = ContainerMode::Hang(Affects::ALL);
const WRONG: ContainerMode = ContainerMode::Error(Affects::REQUESTS);

/// A rollout that somebody watches.
fn watched(replicas: u32, strategy: Strategy) -> Model {
    let mut model = model(replicas, strategy);
    model.workload_mut().progress_deadline = secs(DEADLINE);
    model.faults[FaultId::new(0)].lasts = Some(fixed(ROLLED_BACK_AFTER));
    model
}

/// The same, which brings a revision of this flaw; without a deadline it is noticed after half an hour.
fn bad(replicas: u32, strategy: Strategy, mode: ContainerMode) -> Model {
    let mut model = watched(replicas, strategy);
    let rollout = &mut model.faults[FaultId::new(0)];
    rollout.bad = Some(BadRevisions { share: 1.0, flaws: 1, noticed: fixed(1800.0) });
    let flaw = Fault {
        name: "flaw".to_owned(),
        occurs: Occurrence::WithRevision { after: None, is_alike: false },
        strikes: Strikes::Container(mode),
        lasts: None,
        bad: None,
        ..rollout.clone()
    };
    model.faults.push(flaw);
    model
}

/// When the Deployment was said to be stuck, and when it was rolled back.
fn told(model: &Model, index: u64) -> (Vec<f64>, Vec<f64>) {
    let film = Film::of(model, index);
    let stuck = film.when(|what| matches!(what, Happening::ProgressDeadlineExceeded { .. }));
    (stuck, film.when(|what| matches!(what, Happening::RolledBack { .. })))
}

fn rolled_back(model: &Model) -> u64 {
    played(model).iter().map(|outcome| outcome.operations()[0].rolled_back.count()).sum()
}

/// D4: of a surge Pod that is never Ready the only progress is its creation; the deadline counts from the whole second of it and is noticed a
/// second late, so deadline + (0, 1] s after it.
#[test]
fn d4_the_deadline_counts_from_the_second_of_the_last_progress() {
    for index in 0..10 {
        let mut model = bad(2, steps(1, 0), NEVER_READY);
        // Created anywhere in a second.
        let begin = BEGIN + 0.1 * index as f64;
        model.faults[FaultId::new(0)].occurs =
            crate::rules::rollouts::begin("", begin, 0, model.faults[FaultId::new(0)].strikes).occurs;
        let (stuck, back) = told(&model, index);
        let [stuck_at] = stuck[..] else { panic!("{stuck:?}") };
        assert_eq!(stuck_at.fract(), 0.0, "{stuck_at}");
        let created = begin + HOPS / 2.0;
        assert!((stuck_at - (created.floor() + DEADLINE + 1.0)).abs() < 1e-9, "{stuck_at} of {created}");
        assert_eq!(back, [stuck_at + ROLLED_BACK_AFTER]);
    }
}

/// D4: each Pod that becomes Ready begins the deadline anew: a rollout that takes much longer in all is not stuck.
#[test]
fn d4_progress_begins_the_deadline_anew() {
    let mut model = watched(6, steps(1, 0));
    // Each step takes 10.3 s and up to 5 s until the probe, so that six take more than a minute.
    model.workload_mut().progress_deadline = secs(20.0);
    for index in 0..10 {
        assert_eq!(told(&model, index), (vec![], vec![]));
    }
    assert_eq!(rolled_back(&model), 0);
    // A step that is longer than the deadline is one too many.
    model.workload_mut().progress_deadline = secs(9.0);
    for index in 0..10 {
        let (stuck, back) = told(&model, index);
        assert_eq!((stuck.len(), back.len()), (1, 1), "{stuck:?}");
    }
}

/// D4: a good revision that is too slow is rolled back as well, and costs nothing where no old Pod may go first.
#[test]
fn d4_a_good_revision_that_is_slow_is_rolled_back() {
    let mut model = watched(2, steps(1, 0));
    model.app_mut().start_up = fixed(DEADLINE + ROLLED_BACK_AFTER + 60.0);
    for outcome in played(&model) {
        let operation = &outcome.operations()[0];
        assert_eq!((operation.rolled_back.count(), operation.complete.count()), (1, 0));
    }
    // It is complete before anybody acts.
    model.app_mut().start_up = fixed(DEADLINE - 10.0);
    assert_eq!(rolled_back(&model), 0);
}

/// D4: what is Ready gets on, however wrong it is; and without somebody who watches nothing follows.
#[test]
fn d4_a_wrong_revision_gets_on_and_nobody_may_watch() {
    let wrong = bad(2, steps(1, 0), WRONG);
    let mut unwatched = bad(2, steps(1, 0), NEVER_READY);
    unwatched.faults[FaultId::new(0)].lasts = None;
    for index in 0..10 {
        for model in [&wrong, &unwatched] {
            let (stuck, back) = told(model, index);
            assert!(stuck.is_empty() && back == [BEGIN + 1800.0], "{stuck:?} {back:?}");
        }
    }
}

/// Validation: of a single replica the outage of a revision that is never Ready ends a start after the rollback.
#[test]
fn validation_the_outage_until_the_rollback() {
    for outcome in played(&bad(1, steps(0, 1), NEVER_READY)) {
        let lost = crate::rules::rollouts::downtime(&outcome);
        let least = DEADLINE + ROLLED_BACK_AFTER + 10.0;
        // A second of the deadline's own, a start and a period of the probe.
        assert!((least..least + 1.0 + 6.5).contains(&lost), "{lost}");
    }
}
