//! How much narrower intervals of differences become when both scenarios meet the same faults, and when what luck brought is
//! taken off: `cargo run --release --example paired [REPLICATIONS]` (the experiment's own number by default).
//!
//! The grid is that of `experiments/probe-thresholds.yaml`; pairs are neighbouring readiness thresholds with all else
//! equal; half-widths are of 95 % intervals of the difference in failed requests, in seconds of full traffic a year.
//!
//! First with hangs only. Each costs about a in one scenario and b in the other, and their number is random, so common
//! faults make the interval narrower by √(a² + b²) / (b − a) and no more. At least 95 % of it shows that both scenarios
//! meet the same faults in the same phase of their probes. Then with all faults and with controls: the median pair
//! must be at least 5 times narrower than unpaired. Ends with code 1 if either fails.

use std::path::Path;
use std::process::ExitCode;

use hasim::experiment::{Outcome, replicate};
use hasim::model::{Model, YEAR};
use hasim::spec::{Scenario, Study, load_experiment};
use hasim::stats::{Controlled, Interval, Moments, median};

const THRESHOLD: &str = "readinessProbe.failureThreshold";
const CONFIDENCE: f64 = 0.95;
/// Of the ideal, with hangs only.
const LEAST_OF_IDEAL: f64 = 0.95;
/// In the median pair, with all faults and controls.
const LEAST_RATIO: f64 = 5.0;

/// Half-widths for one pair, in seconds a year.
struct Widths {
    unpaired: f64,
    paired: f64,
    controlled: f64,
}

fn main() -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/probe-thresholds.yaml");
    let study = load_experiment(&path).unwrap_or_else(|report| panic!("{report}"));
    let replications = std::env::args().nth(1).map_or(1_000, |n| n.parse().expect("a number of replications"));
    let pairs = neighbours(&study);

    println!("Hangs only, {replications} replications:\n");
    println!("| pair | unpaired ± | same faults ± | ratio | ideal | of the ideal |");
    println!("|---|--:|--:|--:|--:|--:|");
    let hangs = play(&study, replications, |fault| fault == "container-hang");
    let mut least = f64::INFINITY;
    for &(a, b) in &pairs {
        let widths = widths(&study, &hangs[a], &hangs[b]);
        let (cost_a, cost_b) = (cost(&hangs[a]), cost(&hangs[b]));
        let ideal = cost_a.hypot(cost_b) / (cost_b - cost_a).abs();
        let ratio = widths.unpaired / widths.paired;
        least = least.min(ratio / ideal);
        let Widths { unpaired, paired, .. } = widths;
        let name = name(&study, a, b);
        println!("| {name} | {unpaired:.2} | {paired:.2} | {ratio:.2} | {ideal:.2} | {:.1} % |", 100.0 * ratio / ideal);
    }

    println!("\nAll faults of the experiment:\n");
    println!("| pair | unpaired ± | same faults ± | with controls ± | ratio | ratio with controls |");
    println!("|---|--:|--:|--:|--:|--:|");
    let all = play(&study, replications, |_| true);
    let mut ratios = vec![];
    for &(a, b) in &pairs {
        let Widths { unpaired, paired, controlled } = widths(&study, &all[a], &all[b]);
        let name = name(&study, a, b);
        let (plain, ratio) = (unpaired / paired, unpaired / controlled);
        println!("| {name} | {unpaired:.2} | {paired:.2} | {controlled:.2} | {plain:.2} | {ratio:.2} |");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let middle = median(&ratios).expect("the grid has pairs");
    println!("\nHangs only: at least {:.1} % of the ideal. All faults: {middle:.2} in the median pair.", 100.0 * least);
    if least >= LEAST_OF_IDEAL && middle >= LEAST_RATIO { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Pairs of scenarios with neighbouring thresholds and all else equal.
fn neighbours(study: &Study) -> Vec<(usize, usize)> {
    let threshold = |scenario: &Scenario| scenario.parameters[THRESHOLD].as_u64().expect("a whole number");
    let others = |scenario: &Scenario| {
        let mut others = scenario.parameters.clone();
        others.remove(THRESHOLD);
        others
    };
    let mut pairs = vec![];
    for (a, first) in study.scenarios.iter().enumerate() {
        let above = study.scenarios.iter().enumerate();
        let above = above.filter(|(_, second)| others(first) == others(second) && threshold(second) > threshold(first));
        pairs.extend(above.min_by_key(|(_, second)| threshold(second)).map(|(b, _)| (a, b)));
    }
    pairs
}

/// The replications of every scenario, with the faults of which `keep` holds.
fn play(study: &Study, replications: u64, keep: impl Fn(&str) -> bool) -> Vec<Vec<Outcome>> {
    let models: Vec<Model> = study
        .scenarios
        .iter()
        .map(|scenario| {
            let mut model = scenario.model.clone();
            model.faults.retain(|fault| keep(&fault.name));
            model
        })
        .collect();
    std::thread::scope(|scope| {
        let tasks: Vec<_> = models
            .iter()
            .map(|model| scope.spawn(|| (0..replications).map(|index| replicate(model, study.seed, index)).collect()))
            .collect();
        tasks.into_iter().map(|task| task.join().expect("a replication does not panic")).collect()
    })
}

/// Failed requests in microseconds.
fn failed(outcome: &Outcome) -> i64 {
    (outcome.failed_nanos() / 1_000) as i64
}

/// Failed requests for each fault that was detected.
fn cost(outcomes: &[Outcome]) -> f64 {
    let (failed, faults) = outcomes.iter().fold((0, 0), |(failed_sum, faults), outcome| {
        (failed_sum + failed(outcome), faults + outcome.detection_times().len())
    });
    failed as f64 / faults as f64
}

fn widths(study: &Study, first: &[Outcome], second: &[Outcome]) -> Widths {
    let mut differences = Controlled::new(first[0].controls().len());
    let mut each = [Moments::default(); 2];
    for (a, b) in first.iter().zip(second) {
        differences.add(failed(b) - failed(a), a.controls());
        each[0].add(failed(a));
        each[1].add(failed(b));
    }
    let per_year = YEAR.as_secs_f64() / study.scenarios[0].model.horizon.as_secs_f64() / 1e6;
    let half = |interval: Option<Interval>| interval.map_or(0.0, |i| (i.high - i.low) / 2.0 * per_year);
    let paired = half(differences.plain().interval(CONFIDENCE));
    // The same shape of interval, from the variance that independent scenarios would have.
    let variance = |moments: &Moments| moments.variance().expect("more than one replication");
    let ratio = (each.iter().map(variance).sum::<f64>() / variance(&differences.plain().moments())).sqrt();
    Widths { unpaired: paired * ratio, paired, controlled: half(differences.mean(CONFIDENCE).interval) }
}

/// `2 → 3, liveness 4, period 5`.
fn name(study: &Study, a: usize, b: usize) -> String {
    let of = |scenario: usize, key: &str| study.scenarios[scenario].parameters[key].to_string();
    format!(
        "{} → {}; liveness {}, period {} s",
        of(a, THRESHOLD),
        of(b, THRESHOLD),
        of(a, "livenessProbe.failureThreshold"),
        of(a, "readinessProbe.periodSeconds")
    )
}
