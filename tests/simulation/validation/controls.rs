//! Validation: what is used as a control has mean zero, whatever happens to the clocks of faults.

use crate::common::stats::mean_interval;
use crate::common::{CRASH, HANG, bare, days, exponential, fault, probe, secs};
use hasim::experiment::replicate;
use hasim::model::{Fault, Model, NodeMode, Probe, Start, Strikes};
use hasim::random::Law;

/// Two replicas whose clocks often stand: an application that starts for hours, hangs that last until liveness kills, and
/// Nodes that are cut off for days. Counting begins and ends in the middle of lives.
fn model(every: &dyn Fn(f64) -> Law) -> Model {
    let partition = Fault {
        lasts: Some(exponential(days(1.0))),
        ..fault("partition", Strikes::Node(NodeMode::Partition), every(days(6.0)), None)
    };
    let mut model = Model {
        faults: vec![
            fault("crash", CRASH, every(days(2.0)), None),
            fault("hang", HANG, every(days(3.0)), None),
            partition,
        ],
        ..bare(2)
    };
    // It may start as long as it likes: else liveness would kill it for ever.
    model.deployment.pod.startup = Some(Probe { failure_threshold: 100_000, ..probe(1) });
    model.app.start_up = Law::lognormal_with_p95(3_600.0, 20_000.0).unwrap();
    model.warm_up = secs(days(3.0));
    model.horizon = secs(days(40.0));
    model.window = model.horizon;
    model
}

/// Occurrences less the hazard met have mean zero, for every fault.
fn assert_controls(name: &str, model: &Model, seed: u64) {
    const N: u64 = 2_000;
    let outcomes: Vec<_> = (0..N).map(|index| replicate(model, seed, index)).collect();
    for (index, fault) in model.faults.iter().enumerate() {
        let values: Vec<f64> = outcomes.iter().map(|outcome| outcome.controls()[index] as f64 / 1e6).collect();
        let squares = values.iter().map(|x| x * x).sum::<f64>() / N as f64;
        assert!(squares > 0.5, "{name}, {}: is seen", fault.name);
        let (mean, half) = mean_interval(&values, 9);
        assert!(mean.abs() <= half, "{name}, {}: {mean} ± {half} does not hold 0", fault.name);
    }
}

#[test]
fn occurrences_of_exponential_faults_less_their_hazard_have_mean_zero() {
    assert_controls("exponential", &model(&exponential), 31);
}

#[test]
fn occurrences_of_weibull_faults_less_their_hazard_have_mean_zero() {
    assert_controls("Weibull", &model(&|mean| Law::weibull_with_mean(2.5, mean).unwrap()), 32);
}

/// All clocks begin at age 0, so the first life counts.
#[test]
fn with_a_fresh_start_the_first_life_counts() {
    let mut model = model(&|mean| Law::weibull_with_mean(0.7, mean).unwrap());
    model.start = Start::Fresh;
    assert_controls("fresh", &model, 33);
}
