//! Validation: systems of several Deployments against products of probabilities, and each Deployment against its run alone.

use crate::common::stats::{assert_mean, assert_same_mean};
use crate::common::{self, CRASH, HANG, days, exponential, fault, named, secs};
use hasim::experiment::{Outcome, replicate};
use hasim::ids::{ContainerId, IdVec, TemplateContainer, WorkloadId};
use hasim::model::{Affects, ContainerMode, Fault, Model, Requirement, Strikes, Workload};
use hasim::random::Law;
use hasim::study::Quantity;

/// By Deployment: the means of the times between and of its failures, in seconds. It is away for a share of `off / (on + off)`.
const CYCLES: [(f64, f64); 3] = [(60.0, 40.0), (70.0, 30.0), (50.0, 50.0)];

fn away(which: usize) -> f64 {
    let (on, off) = CYCLES[which];
    off / (on + off)
}

/// Deployments that fail independently of each other, so many replicas each. Nothing is probed: their Pods are in rotation all
/// the time and answer unless the error is at work, which is an alternating renewal process with exponential laws.
fn independent(replicas: u32) -> Model {
    let model = common::bare(1);
    let quiet = |name: &str| {
        let mut workload = named(name, common::workload(replicas, 3, 1, false, model.app().clone()));
        let main = workload.pod.main_mut();
        (main.liveness, main.readiness) = (None, None);
        workload
    };
    let workloads = common::side_by_side(["a", "b", "c"].map(quiet));
    let error = Strikes::Container(ContainerMode::Error(Affects::ALL));
    let faults = CYCLES.iter().zip(workloads.ids()).map(|(&(on, off), workload)| Fault {
        containers: vec![TemplateContainer { workload, container: ContainerId::new(0) }],
        ..fault(&format!("error-{}", workload.index()), error, exponential(on), Some(exponential(off)))
    });
    let faults = faults.collect();
    // A running system begins with all in service: twenty cycles later it has forgotten that.
    Model { workloads, faults, warm_up: secs(1000.0), horizon: secs(50_000.0), ..model }
}

fn played(model: &Model, seed: u64, n: u64) -> Vec<Outcome> {
    let outcomes: Vec<Outcome> = (0..n).map(|index| replicate(model, seed, index)).collect();
    // The parts of the attribution of the system, and of each Deployment, add up to the nanosecond.
    outcomes.iter().for_each(Outcome::assert_consistent);
    outcomes
}

fn pods(workload: usize) -> Requirement {
    Requirement::Pods { workload: WorkloadId::new(workload), at_least: 1 }
}

/// Shares of the horizon.
fn shares(outcomes: &[Outcome], model: &Model, quantity: Quantity) -> Vec<f64> {
    let horizon = model.horizon.as_nanos() as f64;
    outcomes.iter().map(|outcome| outcome.counted(quantity) as f64 / horizon).collect()
}

/// Systems, each with the share of time in which what it requires is not there.
fn systems() -> [(&'static str, Requirement, f64); 4] {
    let [a, b, c] = [0, 1, 2].map(away);
    let all_away = a * b * c;
    let two_away = a * b * (1.0 - c) + a * (1.0 - b) * c + (1.0 - a) * b * c;
    let (two, three) = (vec![pods(0), pods(1)], vec![pods(0), pods(1), pods(2)]);
    let nested = Requirement::all(vec![pods(2), Requirement::any(two.clone())]);
    [
        ("all of two", Requirement::all(two.clone()), 1.0 - (1.0 - a) * (1.0 - b)),
        ("any of two", Requirement::any(two), a * b),
        ("2 of 3", Requirement::Parts { at_least: 2, parts: three }, two_away + all_away),
        ("one and any of two", nested, 1.0 - (1.0 - c) * (1.0 - a * b)),
    ]
}

/// One replica each: what fails is what is not available, and both are products of the shares of the Deployments.
#[test]
fn systems_of_independent_deployments_are_products() {
    let mut model = independent(1);
    // Four systems, two quantities, and three Deployments.
    let statistics = 11;
    for (seed, (what, requirement, exact)) in systems().into_iter().enumerate() {
        model.system = Some(requirement);
        let outcomes = played(&model, 60 + seed as u64, 950);
        assert_mean(what, &shares(&outcomes, &model, Quantity::Downtime), exact, statistics);
        assert_mean(what, &shares(&outcomes, &model, Quantity::FailedRequests), exact, statistics);
        let equal = |outcome: &Outcome| {
            outcome.counted(Quantity::Downtime).abs_diff(outcome.counted(Quantity::FailedRequests)) <= 1
        };
        assert!(outcomes.iter().all(equal), "{what}");
        for which in (0..3).filter(|_| seed == 0) {
            let own: Vec<Outcome> = outcomes.iter().map(|outcome| outcome.workloads()[which].clone()).collect();
            assert_mean("a Deployment", &shares(&own, &model, Quantity::Downtime), away(which), statistics);
        }
    }
}

/// Two replicas each: a request to the system asks one Pod of each Deployment, so that the share that fails is that of one
/// replica, while the system is away only where both Pods of one are.
#[test]
fn requests_to_a_system_fail_by_the_pods_that_they_meet() {
    let mut model = independent(2);
    let [a, b] = [0, 1].map(away);
    model.system = Some(Requirement::all(vec![pods(0), pods(1)]));
    let outcomes = played(&model, 70, 700);
    let failed = 1.0 - (1.0 - a) * (1.0 - b);
    let downtime = 1.0 - (1.0 - a * a) * (1.0 - b * b);
    assert_mean("failed requests", &shares(&outcomes, &model, Quantity::FailedRequests), failed, 2);
    assert_mean("downtime", &shares(&outcomes, &model, Quantity::Downtime), downtime, 2);
}

/// Beside another with the same faults and room enough each Deployment comes to what it comes to alone, in law.
#[test]
fn a_deployment_comes_to_the_same_beside_another_as_alone() {
    let mut alone = common::reference();
    alone.faults = vec![
        fault("crash", CRASH, exponential(days(0.05)), None),
        fault("hang", HANG, exponential(days(0.1)), Some(Law::lognormal_with_p95(60.0, 300.0).unwrap())),
    ]
    .into();
    (alone.warm_up, alone.horizon) = (secs(0.0), secs(3.0 * 86_400.0));
    let other = || named("other", common::workload(2, 3, 2, false, alone.app().clone()));
    let shop = named("shop", alone.workload().clone());
    let workloads: IdVec<WorkloadId, Workload> = common::side_by_side([other(), shop]);
    let both = Model { workloads, ..alone.clone() };
    let (single, beside) = (played(&alone, 80, 400), played(&both, 81, 400));
    let own: Vec<Outcome> = beside.iter().map(|outcome| outcome.workloads()[1].clone()).collect();
    let quantities = [
        Quantity::Downtime,
        Quantity::FailedRequests,
        Quantity::Outages,
        Quantity::Restarts,
        Quantity::NeedlessLiveness,
    ];
    for quantity in quantities {
        let of = |outcomes: &[Outcome]| outcomes.iter().map(|one| one.counted(quantity) as f64).collect::<Vec<_>>();
        assert_same_mean(&format!("{quantity:?}"), &of(&single), &of(&own), quantities.len());
    }
    let restarts: u64 = own.iter().map(|outcome| outcome.counted(Quantity::Restarts)).sum();
    assert!(restarts > 20_000, "{restarts}");
}
