//! Rule: who mends what no probe mends (docs/model.md): when the clock of a slot runs, what a page covers, what is deleted (T1).

use crate::common::watch::{What, play, play_many, struck};
use crate::common::{self, ERROR, HANG, fixed, probe, scripted, secs};
use hasim::cluster::Cause;
use hasim::experiment::replicate;
use hasim::ids::{FaultId, SlotId, WorkloadId};
use hasim::model::{Affects, ContainerMode, Fault, Model, NodeMode, OnCall, Probe, ScriptTarget, Strikes};
use hasim::random::Law;
use hasim::study::Quantity;

const EACH: &[ScriptTarget] = &[ScriptTarget::Slot(SlotId::new(0)), ScriptTarget::Slot(SlotId::new(1))];
const FIRST: &[ScriptTarget] = &[ScriptTarget::Slot(SlotId::new(0))];
const ALL: &[ScriptTarget] = &[ScriptTarget::Deployment(WorkloadId::new(0))];

fn at(name: &str, seconds: f64, targets: &[ScriptTarget], strikes: Strikes, lasts: Option<f64>) -> Fault {
    scripted(name, fixed(seconds), targets, strikes, lasts)
}

/// Two bare replicas with a readiness probe alone; somebody notices after 300 s and acts after 600 s.
fn model(script: Vec<Fault>) -> Model {
    let mut model = common::bare(2);
    model.workload_mut().pod.main_mut().liveness = None;
    model.workload_mut().pod.main_mut().readiness = Some(Probe { initial_delay: secs(0.0), ..probe(2) });
    model.on_call = Some(OnCall { notices: fixed(300.0), acts: fixed(600.0), source: "test".into() });
    model.horizon = secs(7200.0);
    model.window = secs(7200.0);
    model.faults = script.into();
    model
}

fn counted(model: &Model) -> (u64, u64) {
    let outcome = replicate(model, 1, 0);
    outcome.assert_consistent();
    (outcome.counted(Quantity::Pages), outcome.counted(Quantity::Deletions))
}

#[test]
fn a_hang_that_nothing_ends_is_noticed_and_its_pod_deleted() {
    for log in play_many(&model(vec![at("hang", 100.0, FIRST, HANG, None)]), 1, 20, 2000.0) {
        assert_eq!(log.all(0, |what| *what == What::Paged), [400.0]);
        assert_eq!(log.all(0, |what| *what == What::DeletedByHand), [1000.0]);
        let back = log.looked(0, 1000.0, hasim::cluster::SlotView::delivers).unwrap();
        assert!((1001.3..1012.0).contains(&back), "replaced, started in 1.3 s and ready soon: {back}");
        assert_eq!(log.all(1, |what| *what == What::DeletedByHand), [0.0; 0]);
    }
}

/// All slots that a page finds stuck are one page and as many deletions; one that is stuck later has a page of its own.
#[test]
fn one_page_covers_all_that_are_stuck() {
    let both = vec![at("hang", 100.0, FIRST, HANG, None), at("second", 350.0, &EACH[1..], HANG, None)];
    let log = play(&model(both), 1, 0, 3000.0);
    assert_eq!(log.all(0, |what| *what == What::Paged), [400.0]);
    assert_eq!(log.all(1, |what| *what == What::Paged), [0.0; 0]);
    assert_eq!([0, 1].map(|slot| log.all(slot, |what| *what == What::DeletedByHand)), [[1000.0], [1000.0]]);

    let later = vec![at("hang", 100.0, FIRST, HANG, None), at("second", 450.0, &EACH[1..], HANG, None)];
    let log = play(&model(later.clone()), 1, 0, 3000.0);
    assert_eq!(log.all(1, |what| *what == What::Paged), [750.0]);
    assert_eq!(log.all(1, |what| *what == What::DeletedByHand), [1350.0]);
    assert_eq!(counted(&model(later)), (2, 2));
}

/// What is on its way to mend the slot is waited for: nobody is paged for a fault that ends by itself, nor while a probe
/// counts towards a kill.
#[test]
fn nobody_is_paged_for_what_mends_itself() {
    assert_eq!(counted(&model(vec![at("error", 100.0, FIRST, ERROR, Some(3000.0))])), (0, 0));
    assert_eq!(
        counted(&model(vec![at(
            "db",
            100.0,
            ALL,
            Strikes::Deployment(ContainerMode::Error(Affects::ALL)),
            Some(3000.0)
        )])),
        (0, 0)
    );
    let mut probed = model(vec![at("hang", 100.0, FIRST, HANG, None)]);
    probed.workload_mut().pod.main_mut().liveness = Some(Probe { initial_delay: secs(0.0), ..probe(200) });
    assert_eq!(counted(&probed), (0, 0), "liveness counts for 1,000 s, and kills");
    // A liveness probe that does not see it counts towards nothing.
    let unseen = Affects { liveness: false, ..Affects::ALL };
    probed.faults = vec![at("hang", 100.0, FIRST, Strikes::Container(ContainerMode::Hang(unseen)), None)].into();
    assert_eq!(counted(&probed), (1, 1));
    let off = Model { on_call: None, ..model(vec![at("hang", 100.0, FIRST, HANG, None)]) };
    assert_eq!(counted(&off), (0, 0));
}

/// While a wider fault is at work the clock stands: nobody deletes Pods because the database or the Node is away.
#[test]
fn the_clock_stands_while_a_wider_fault_is_at_work() {
    let db = at("db", 200.0, ALL, Strikes::Deployment(ContainerMode::Error(Affects::ALL)), Some(500.0));
    let log = play(&model(vec![at("hang", 100.0, FIRST, HANG, None), db]), 1, 0, 3000.0);
    assert_eq!(log.all(0, |what| *what == What::Paged), [900.0]);
    assert_eq!(log.all(0, |what| *what == What::DeletedByHand), [1500.0]);
    let node = &[ScriptTarget::NodeOf(SlotId::new(0))];
    let partition = at("partition", 600.0, node, Strikes::Node(NodeMode::Partition), Some(20.0));
    let log = play(&model(vec![at("hang", 100.0, FIRST, HANG, None), partition]), 1, 0, 3000.0);
    assert_eq!(log.all(0, |what| *what == What::Paged), [400.0]);
    assert_eq!(log.all(0, |what| *what == What::DeletedByHand), [1020.0]);
}

/// A Pod without any probe fails requests until somebody comes; all of it is charged to the hang, up to the successor's
/// first request.
#[test]
fn without_any_probe_requests_fail_until_somebody_acts() {
    let mut bare = model(vec![at("hang", 100.0, FIRST, HANG, None)]);
    bare.workload_mut().pod.main_mut().readiness = None;
    let outcome = replicate(&bare, 1, 0);
    let failed = outcome.counted(Quantity::FailedRequests) as f64 / 1e9;
    assert!((449.9..460.0).contains(&failed), "half of the requests of 900 s: {failed}");
    assert_eq!(outcome.failed_charged_to(Cause::Fault(FaultId::new(0))), outcome.counted(Quantity::FailedRequests));
    let log = play(&bare, 1, 0, 2000.0);
    assert_eq!(log.first(0, 0.0, |what| *what == What::Reacted), Some(400.0), "the page is the first reaction");
    assert!(log.first(0, 0.0, struck).is_some());
}

/// Validation: over many spells the delay is the sum of both laws, whichever slots share a page.
#[test]
fn the_delay_is_the_sum_of_both_laws() {
    let mut model = model(vec![at("hang", 100.0, FIRST, HANG, None)]);
    let law = |mean| Law::exponential(mean).unwrap();
    model.on_call = Some(OnCall { notices: law(200.0), acts: law(400.0), source: "test".into() });
    let delays: Vec<f64> = play_many(&model, 3, 4000, 20_000.0)
        .iter()
        .filter_map(|log| Some(log.first(0, 0.0, |what| *what == What::DeletedByHand)? - 100.0))
        .collect();
    assert_eq!(delays.len(), 4000);
    // 99.9 %: 3.29 standard deviations of the mean, sqrt(200² + 400²) each.
    let mean = delays.iter().sum::<f64>() / 4000.0;
    assert!((mean - 600.0).abs() < 3.29 * (200f64.powi(2) + 400f64.powi(2)).sqrt() / 4000f64.sqrt(), "{mean}");
}
