//! How much narrower intervals of differences become when both scenarios meet the same faults, and when what luck brought is
//! taken off: `cargo run --release --example paired [REPLICATIONS]` (the experiment's own number by default).
//!
//! The grid is that of `experiments/probe-thresholds.yaml`; pairs are neighbouring readiness thresholds with all else
//! equal; half-widths are of 95 % intervals of the difference in failed requests, in seconds of full traffic a year.
//!
//! First with hangs only. Each costs a in one scenario and b in the other, and their number is random, so common faults
//! make the interval narrower by √(a² + b²) / (b − a) and no more; where costs depend on the phase of the probes, by the
//! root of the mean of a² + b² over that of (b − a)². These are taken from single hangs, each struck at the same
//! moment in both scenarios. At least 95 % of it in the median pair shows that both meet the same faults in the same phase of their
//! probes all year long. Then with all faults and with controls: the median pair must be at least 5 times narrower than
//! unpaired. Ends with code 1 if either fails.

use std::path::Path;
use std::process::ExitCode;

use hasim::experiment::{Outcome, replicate};
use hasim::ids::{FaultId, SlotId};
use hasim::model::{Model, Occurrence, ScriptTarget, YEAR};
use hasim::random::Law;
use hasim::spec::load_experiment;
use hasim::stats::{Controlled, Interval, Moments, median};
use hasim::study::{Quantity, REPLICATIONS_PER_DRAW, Scenario, Study};
use hasim::time::Duration;
use statrs::distribution::{ContinuousCDF as _, Normal};

const THRESHOLD: &str = "readinessProbe.failureThreshold";
const CONFIDENCE: f64 = 0.95;
/// Hangs are few, and the ratio of two variances must be known to a per cent or so.
const HANG_FOLD: u64 = 10;
/// Single hangs for the ideal.
const SINGLE: u64 = 10_000;
/// Of the ideal, in the median pair with hangs only.
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
    let study = load_experiment(&path).unwrap_or_else(|report| panic!("{report}")).study;
    let replications = std::env::args().nth(1).map_or(1_000, |n| n.parse().expect("a number of replications"));
    let pairs = neighbours(&study);

    println!("Hangs only, {} replications:\n", HANG_FOLD * replications);
    println!("| pair | unpaired ± | same faults ± | ratio | ideal | of the ideal |");
    println!("|---|--:|--:|--:|--:|--:|");
    let only_hangs = |model: &mut Model| {
        model.faults = model.faults.iter().filter(|fault| fault.name == "container-hang").cloned().collect();
    };
    let hangs = play(&study, HANG_FOLD * replications, only_hangs);
    let single = play(&study, SINGLE, |model| {
        only_hangs(model);
        strike_once(model);
    });
    let mut parts = vec![];
    for &(a, b) in &pairs {
        let widths = widths(&study, &hangs[a], &hangs[b]);
        let ideal = ideal(&single[a], &single[b]);
        let ratio = widths.unpaired / widths.paired;
        parts.push(ratio / ideal);
        let Widths { unpaired, paired, .. } = widths;
        let name = name(&study, a, b);
        println!("| {name} | {unpaired:.2} | {paired:.2} | {ratio:.2} | {ideal:.2} | {:.1} % |", 100.0 * ratio / ideal);
    }

    println!("\nAll faults of the experiment, {replications} replications:\n");
    println!("| pair | unpaired ± | same faults ± | with controls ± | ratio | ratio with controls |");
    println!("|---|--:|--:|--:|--:|--:|");
    let all = play(&study, replications, |_| ());
    let mut ratios = vec![];
    for &(a, b) in &pairs {
        let Widths { unpaired, paired, controlled } = widths(&study, &all[a], &all[b]);
        let name = name(&study, a, b);
        let (plain, ratio) = (unpaired / paired, unpaired / controlled);
        println!("| {name} | {unpaired:.2} | {paired:.2} | {controlled:.2} | {plain:.2} | {ratio:.2} |");
        ratios.push(ratio);
    }
    let middle = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        median(values).expect("the grid has pairs")
    };
    let (part, ratio) = (middle(&mut parts), middle(&mut ratios));
    println!(
        "\nThe median pair: hangs only {:.1} % of the ideal; all faults, with controls, {ratio:.2}.",
        100.0 * part
    );
    if part >= LEAST_OF_IDEAL && ratio >= LEAST_RATIO { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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

/// One hang of the first slot and nothing else, in any phase of the probes.
fn strike_once(model: &mut Model) {
    let at = Law::uniform(0.0, 100.0).expect("a law");
    model.faults[FaultId::new(0)].occurs = Occurrence::Once { at, targets: vec![ScriptTarget::Slot(SlotId::new(0))] };
    model.warm_up = Duration::ZERO;
    model.horizon = Duration::from_secs(600);
    model.window = model.horizon;
}

/// How much narrower common faults can make an interval, from the costs of the same faults in both scenarios.
fn ideal(first: &[Outcome], second: &[Outcome]) -> f64 {
    let costs = first.iter().zip(second).map(|(a, b)| (failed(a) as f64, failed(b) as f64));
    let (each, both) = costs.fold((0.0, 0.0), |(each, both), (a, b)| (each + a * a + b * b, both + (b - a).powi(2)));
    (each / both).sqrt()
}

/// The replications of every scenario, changed.
fn play(study: &Study, replications: u64, change: impl Fn(&mut Model)) -> Vec<Vec<Outcome>> {
    let models: Vec<Model> = study
        .scenarios
        .iter()
        .map(|scenario| {
            let mut model = scenario.model.clone();
            change(&mut model);
            model
        })
        .collect();
    std::thread::scope(|scope| {
        let tasks: Vec<_> = models
            .iter()
            .map(|model| {
                scope.spawn(|| (0..replications).map(|index| replicate(model, study.header.seed, index)).collect())
            })
            .collect();
        tasks.into_iter().map(|task| task.join().expect("a replication does not panic")).collect()
    })
}

/// Failed requests in microseconds.
fn failed(outcome: &Outcome) -> i64 {
    (outcome.counted(Quantity::FailedRequests) / 1_000) as i64
}

fn widths(study: &Study, first: &[Outcome], second: &[Outcome]) -> Widths {
    let mut differences = Controlled::new(1, first[0].controls().len());
    let mut each = [Moments::default(); 2];
    for (index, (a, b)) in (0..).zip(first.iter().zip(second)) {
        differences.add(index / REPLICATIONS_PER_DRAW, &[failed(b) - failed(a)], a.controls());
        each[0].add(failed(a));
        each[1].add(failed(b));
    }
    let per_year = YEAR.as_secs_f64() / study.scenarios[0].model.horizon.as_secs_f64() / 1e6;
    let half = |interval: Option<Interval>| interval.map_or(0.0, |i| (i.high - i.low) / 2.0 * per_year);
    // Many replications, in all of which something fails: independent means are normal.
    let variance = |moments: &Moments| moments.variance().expect("more than one replication") / moments.count() as f64;
    let unpaired =
        Normal::standard().inverse_cdf(f64::midpoint(1.0, CONFIDENCE)) * each.iter().map(variance).sum::<f64>().sqrt();
    Widths {
        unpaired: unpaired * per_year,
        paired: half(differences.plain(0).interval(CONFIDENCE)),
        controlled: half(differences.mean(0, CONFIDENCE).interval),
    }
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
