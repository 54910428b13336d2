//! Rules of bad revisions and rollbacks (D2, D5, R2), in the bare model: what the strategy saves, and who is charged.

use crate::common::{fixed, near, secs};
use crate::rules::rollouts::{BEGIN, begin, charged, downtime, films, model, played, steps};
use std::collections::HashMap;

use hasim::cluster::{Cause, Exit, Happening, Mode, Observed, Observer, watch};
use hasim::experiment::{Outcome, replicate};
use hasim::ids::{FaultId, PodId};
use hasim::model::{Affects, BadRevisions, ContainerMode, Fault, Millionths, Model, Occurrence, Strategy, Strikes};
use hasim::time::{Duration, SimTime};

/// Bad revisions are noticed after so many seconds.
const NOTICED: f64 = 120.0;
/// From the creation of a Pod until it delivers, at most: start, a period of the probe, hops.
const START: f64 = 16.5;

const NEVER_READY: ContainerMode = ContainerMode::Hang(Affects::ALL);
const WRONG: ContainerMode = ContainerMode::Error(Affects::REQUESTS);

/// The rollout brings a revision of this flaw with this probability.
fn bad(replicas: u32, strategy: Strategy, mode: ContainerMode, share: f64) -> Model {
    let mut model = model(replicas, strategy);
    let rollout = &mut model.faults[FaultId::new(0)];
    rollout.bad = Some(BadRevisions { share, flaws: 1, noticed: fixed(NOTICED) });
    let flaw = Fault {
        name: "flaw".to_owned(),
        occurs: Occurrence::WithRevision { after: None, is_alike: false },
        strikes: Strikes::Container(mode),
        bad: None,
        ..rollout.clone()
    };
    model.faults.push(flaw);
    model
}

/// D2, D5, R7, R8: with maxUnavailable 0 no old Pod goes before a new one is available, which never comes: the rollback only deletes the
/// surge Pod, and users notice nothing.
#[test]
fn d2_a_revision_that_is_never_ready_costs_nothing_with_surge_alone() {
    for mode in [NEVER_READY, ContainerMode::Crash] {
        let model = bad(2, steps(1, 0), mode, 1.0);
        for film in films(&model, 10) {
            assert_eq!((film.fewest_ready(), film.most_active(), film.later().count()), (2, 3, 1));
            assert!(film.old().all(|pod| pod.deleted.is_infinite()));
            let surge = film.later().next().unwrap();
            assert!(near(surge.deleted, BEGIN + NOTICED + 0.02), "{}", surge.deleted);
            let [(ended, revision)] = film.ended[..] else { panic!("{:?}", film.ended) };
            assert!(revision == 0 && ended < BEGIN + NOTICED + 0.2, "{ended}");
        }
        for outcome in played(&model) {
            assert_eq!(downtime(&outcome), 0.0);
            let operation = &outcome.operations()[0];
            assert_eq!((operation.rolled_back.count(), operation.begun(), operation.complete.count()), (1, 1, 0));
            let good_again = operation.rolled_back.each[0] as f64 / 1e9;
            assert!((NOTICED..NOTICED + 0.2).contains(&good_again), "{good_again}");
        }
    }
}

/// D2, D10, R7, R8: with maxUnavailable 1 one old Pod is gone until the rollback has made another of its revision; the Pods that are not
/// Ready go first.
#[test]
fn d2_a_revision_that_is_never_ready_takes_what_may_be_unavailable() {
    for film in films(&bad(2, steps(0, 1), NEVER_READY, 1.0), 10) {
        assert_eq!((film.fewest_ready(), film.later().count()), (1, 2));
        let lost: Vec<f64> = film.old().map(|pod| pod.deleted).filter(|at| at.is_finite()).collect();
        assert!(lost.len() == 1 && near(lost[0], BEGIN + 0.02), "{lost:?}");
        let [bad, again] = [0, 1].map(|number| film.later().nth(number).unwrap());
        assert!(near(bad.deleted, BEGIN + NOTICED + 0.02) && bad.was_ready_at().is_infinite());
        assert!(again.created > bad.deleted - 0.03, "one is created as the other goes");
        let (ended, _) = film.ended[0];
        assert!(ended > again.was_ready_at() && ended < BEGIN + NOTICED + START, "{ended}");
    }
}

/// Validation: of a single replica the outage of a bad revision lasts until it is noticed and the old one has started again; it
/// is charged to the flaw, but for what comes before the flaw is at work.
#[test]
fn validation_a_bad_revision_of_a_single_replica() {
    for mode in [NEVER_READY, ContainerMode::Crash] {
        for outcome in played(&bad(1, steps(0, 1), mode, 1.0)) {
            let lost = downtime(&outcome);
            assert!((NOTICED + 10.0..NOTICED + START + 1.0).contains(&lost), "{lost}");
            // Until the first process of the bad revision should serve, it is the rollout's.
            let rollout = charged(&outcome, 0);
            assert!((10.0..12.0).contains(&rollout), "{rollout} of {lost}");
            assert!((charged(&outcome, 1) + rollout - lost).abs() < 1e-6, "{} of {lost}", charged(&outcome, 1));
        }
    }
}

/// A revision whose probes succeed takes over completely, and its requests fail until the rollback has replaced it.
#[test]
fn a_revision_that_is_ready_and_wrong_takes_over() {
    let model = bad(2, steps(1, 0), WRONG, 1.0);
    for film in films(&model, 10) {
        assert_eq!((film.fewest_ready(), film.ended.len()), (2, 2));
        assert_eq!([film.ended[0].1, film.ended[1].1], [1, 0], "complete, and then rolled back");
        assert!(film.ended[0].0 < BEGIN + NOTICED && film.ended[1].0 > BEGIN + NOTICED);
        assert_eq!(film.later().count(), 4);
    }
    for outcome in played(&model) {
        // From the first wrong Pod that is alone until the first good one is in rotation.
        let lost = downtime(&outcome);
        assert!((NOTICED - 2.0 * START..NOTICED + START).contains(&lost), "{lost}");
        assert!(charged(&outcome, 1) > lost - 0.5);
        assert_eq!(outcome.operations()[0].rolled_back.count(), 1);
    }
}

/// Validation: of a revision that fails 30 % of its requests, 30 % fails of what fails if it fails all, while all else happens at
/// the same instants; what Pods that serve others cost is no downtime. Apart from the time for which the two Pods are dead and in
/// rotation as the rollback stops them, less than a second each: that is the flaw's where they have not delivered, else the rollout's.
#[test]
fn validation_a_share_of_the_requests_fails() {
    let of_flaw = |outcome: &Outcome| outcome.failed_charged_to(Cause::Fault(FaultId::new(1))) as f64 / 1e9;
    let all = played(&bad(2, steps(1, 0), WRONG, 1.0));
    let in_part = played(&bad(2, steps(1, 0), ContainerMode::ErrorInPart(Millionths::of(0.3)), 1.0));
    for (all, in_part) in all.iter().zip(&in_part) {
        // From the first Pod of it on a part fails, and from the last old one on everything.
        assert!((NOTICED - 2.0 * START..NOTICED + 2.0 * START).contains(&of_flaw(all)), "{}", of_flaw(all));
        let expected = 0.3 * of_flaw(all);
        assert!((expected - 0.3..=expected).contains(&of_flaw(in_part)), "{} of {}", of_flaw(in_part), of_flaw(all));
        assert_eq!((downtime(in_part), charged(in_part, 1)), (0.0, 0.0));
        assert_eq!(in_part.operations()[0].rolled_back, all.operations()[0].rolled_back);
    }
}

/// Hears how long each process serves that exits by itself.
#[derive(Default)]
struct Served {
    since: HashMap<PodId, SimTime>,
    spans: Vec<Duration>,
}

impl Observer for Served {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        match *what {
            Observed::Happened(Happening::AppServing { pod, .. }) => _ = self.since.insert(pod, at),
            Observed::Happened(Happening::ContainerExited { pod, exit: Exit::Crashed, .. }) => {
                self.spans.push(at.since(self.since[&pod]));
            }
            _ => {}
        }
    }
}

/// All processes of a revision that leaks serve for as long, those that were started again included; each of one that crashes for
/// a time of its own.
#[test]
fn a_leak_fills_the_memory_of_all_processes_at_the_same_pace() {
    let served = |is_alike, index| {
        let mut model = bad(3, Strategy::Recreate, ContainerMode::Crash, 1.0);
        let after = Some(hasim::random::Law::Uniform { min: 5.0, max: 15.0 });
        model.faults[FaultId::new(1)].occurs = Occurrence::WithRevision { after, is_alike };
        watch(&model, 3, index, Mode::Fast, SimTime::ZERO + model.horizon, Served::default()).spans
    };
    let mut firsts = Vec::new();
    for index in 0..10 {
        let leaked = served(true, index);
        assert!(leaked.len() > 5 && leaked.iter().all(|span| *span == leaked[0]), "{leaked:?}");
        firsts.push(leaked[0]);
        let crashed = served(false, index);
        assert!(crashed.windows(2).all(|two| two[0] != two[1]), "{crashed:?}");
    }
    firsts.dedup();
    assert_eq!(firsts.len(), 10, "every revision has its own pace");
}

/// A rollout that takes one Pod away at a time has too few from when the first goes until the last delivers; one with surge alone never
/// has.
#[test]
fn the_time_below_the_replicas_is_counted() {
    let one_by_one = played(&model(2, steps(0, 1)));
    for outcome in &one_by_one {
        let operation = &outcome.operations()[0];
        let (short, took) = (operation.short as f64 / 1e9, operation.complete.each[0] as f64 / 1e9);
        // It begins with the deletion, ends as the last is Ready in the API, and that one is in rotation a hop later.
        assert!((took - 2.0..=took).contains(&short), "{short} of {took}");
    }
    assert!(played(&model(2, steps(1, 0))).iter().all(|outcome| outcome.operations()[0].short < 1_000_000_000));
}

/// D5: a revision whose processes exit after 30 s takes over; with `minReadySeconds` beyond that, nothing but the surge Pod
/// ever comes of it.
#[test]
fn d5_min_ready_seconds_hold_a_slow_poison_up() {
    let mut model = bad(2, steps(1, 0), ContainerMode::Crash, 1.0);
    model.faults[FaultId::new(1)].occurs = Occurrence::WithRevision { after: Some(fixed(30.0)), is_alike: false };
    for film in films(&model, 10) {
        assert!(film.old().all(|pod| pod.deleted < BEGIN + NOTICED), "both are replaced");
    }
    assert!(played(&model).iter().all(|outcome| charged(outcome, 1) > 0.0));
    model.workload_mut().min_ready = secs(60.0);
    for film in films(&model, 10) {
        assert_eq!((film.fewest_ready(), film.later().count()), (2, 1));
        assert!(film.old().all(|pod| pod.deleted.is_infinite()));
        let surge = film.later().next().unwrap();
        assert!(near(surge.deleted, BEGIN + NOTICED + 0.02) && surge.ready.len() > 2, "{:?}", surge.ready);
    }
    assert!(played(&model).iter().all(|outcome| downtime(outcome) == 0.0));
}

/// Another rollout takes the place of a bad one before anybody has noticed: it is rolled out, and nothing is rolled back.
#[test]
fn a_bad_revision_is_superseded() {
    let mut model = bad(2, steps(1, 0), NEVER_READY, 1.0);
    model.faults.push(begin("next", BEGIN + 60.0, 0, Strikes::Rollout { new_image: true }));
    for film in films(&model, 10) {
        let [(ended, revision)] = film.ended[..] else { panic!("{:?}", film.ended) };
        assert!(revision == 2 && ended > BEGIN + 60.0 && ended < BEGIN + 60.0 + 2.0 * START, "{ended}");
        assert_eq!(film.fewest_ready(), 2);
    }
    for outcome in played(&model) {
        let operations = outcome.operations();
        assert_eq!(
            (operations[0].superseded, operations[0].rolled_back.count(), operations[1].complete.count()),
            (1, 0, 1)
        );
    }
}

/// Validation: the share of rollouts that are bad, of 20,000, at 99.9 %.
#[test]
fn validation_the_share_of_bad_revisions() {
    let mut model = bad(1, steps(1, 0), NEVER_READY, 0.1);
    model.faults[FaultId::new(0)].occurs = Occurrence::Every(fixed(900.0));
    model.horizon = Duration::from_secs_f64(900.0 * 1_000.0);
    model.window = model.horizon;
    let (mut rolled_back, mut begun) = (0, 0);
    for index in 0..20 {
        let outcome = replicate(&model, 5, index);
        rolled_back += outcome.operations()[0].rolled_back.count();
        begun += outcome.operations()[0].begun();
    }
    let (n, share) = (begun as f64, rolled_back as f64 / begun as f64);
    assert!(begun > 15_000, "{begun}");
    assert!((share - 0.1).abs() < 3.29 * (0.09 / n).sqrt(), "{share} of {n}");
}

/// Scenarios meet the same bad revisions, noticed at the same times, whatever their strategy is.
#[test]
fn bad_revisions_are_the_same_in_all_scenarios() {
    let rolled_back = |strategy: Strategy, min_ready: f64| {
        let mut model = bad(2, strategy, NEVER_READY, 0.3);
        model.faults[FaultId::new(0)].occurs = Occurrence::Every(fixed(900.0));
        model.workload_mut().min_ready = secs(min_ready);
        model.horizon = secs(90_000.0);
        model.window = model.horizon;
        let found: Vec<(u64, u64)> = (0..5)
            .map(|index| replicate(&model, 5, index))
            .map(|outcome| (outcome.operations()[0].begun(), outcome.operations()[0].rolled_back.count()))
            .collect();
        found
    };
    let usual = rolled_back(steps(1, 0), 0.0);
    assert!(usual.iter().all(|(_, bad)| *bad > 10));
    for (strategy, min_ready) in [(steps(0, 1), 0.0), (Strategy::Recreate, 0.0), (steps(1, 0), 15.0)] {
        assert_eq!(rolled_back(strategy, min_ready), usual, "{strategy:?}");
    }
}
