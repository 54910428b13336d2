//! How often the intervals hold what they claim: `cargo run --release --example coverage [MACRO-RUNS]` (2,000 by default).
//!
//! Each case is a system whose answer is known exactly. Every macro-run is a whole experiment with a seed of its own, from
//! the replications to the printed interval, and the table tells in how many the nominal 95 % interval held the
//! exact answer. The intervals were chosen with the help of other
//! seeds; those of the table, 3,000,001, 3,000,002, …, were fixed before they were played. Ends with code 1 if a row fails:
//!
//! - at least 93.5 % (three standard errors of 2,000 runs below 95 %);
//! - at most 96.5 % where at least 30 outages are seen per run. With fewer no interval on a discrete count can hit 95 %;
//!   then the mean width is compared with the best known exact interval.

mod cases;
#[path = "../../tests/common/mod.rs"]
mod common;

use std::process::ExitCode;

use cases::{Best, Case, Truth};
use hasim::experiment::ExperimentResult;
use hasim::study::Metric;
use statrs::distribution::{DiscreteCDF as _, Poisson};

/// What the macro-runs of a case say of one quantity.
struct Row {
    quantity: &'static str,
    below: u64,
    above: u64,
    width: f64,
    best: Option<f64>,
}

fn main() -> ExitCode {
    let runs: u64 = std::env::args().nth(1).map_or(2_000, |n| n.parse().expect("a number of macro-runs"));
    let only = std::env::args().nth(2);
    println!("| system | interval of | outages per run | holds | truth below / above | mean width | best known |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    let mut failed = false;
    for case in cases::all() {
        if only.as_ref().is_some_and(|only| !case.name.contains(only.as_str())) {
            continue;
        }
        failed |= judge(&case, runs);
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The seed before the first.
const SEED: u64 = 3_000_000;

/// The macro-runs with their seeds, divided among the cores.
fn play(case: &Case, runs: u64) -> Vec<ExperimentResult> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        let part = |thread: u64| {
            (1 + thread..=runs).step_by(threads as usize).map(|seed| slim(case.run(SEED + seed))).collect()
        };
        let parts: Vec<_> = (0..threads).map(|thread| scope.spawn(move || -> Vec<_> { part(thread) })).collect();
        parts.into_iter().flat_map(|part| part.join().expect("a macro-run does not panic")).collect()
    })
}

/// Prints the rows of a case; whether one failed.
fn judge(case: &Case, runs: u64) -> bool {
    let results = play(case, runs);
    let outages = results.iter().map(outages).sum::<f64>() / runs as f64;
    let mut failed = false;
    for truth in &case.truths {
        let row = row(truth, &results);
        let holds = 1.0 - (row.below + row.above) as f64 / runs as f64;
        // The limits belong to 2,000 runs; fewer have a wider error.
        let error = 3.0 * (0.95 * 0.05 / runs as f64).sqrt();
        let limit = error.max(0.015);
        let bad = holds < 0.95 - limit || (outages >= 30.0 && holds > 0.95 + limit);
        failed |= bad;
        println!(
            "| {} | {} | {} | {:.1} %{} | {:.1} / {:.1} % | {} | {} |",
            case.name,
            row.quantity,
            if outages < 10.0 { format!("{outages:.1}") } else { format!("{outages:.0}") },
            100.0 * holds,
            if bad { " **fails**" } else { "" },
            100.0 * row.below as f64 / runs as f64,
            100.0 * row.above as f64 / runs as f64,
            width(row.width / scale(truth)),
            row.best.map_or("–".to_owned(), |best| width(best / scale(truth))),
        );
    }
    failed
}

/// What widths are given as a part of: what is lost of a share, else the value.
fn scale(truth: &Truth) -> f64 {
    if truth.quantity == "availability" { 1.0 - truth.value } else { truth.value.abs() }
}

fn width(relative: f64) -> String {
    if relative < 10.0 { format!("{:.0} %", 100.0 * relative) } else { format!("× {relative:.0}") }
}

/// Without what only charts need: thousands of results are kept.
fn slim(mut result: ExperimentResult) -> ExperimentResult {
    for scenario in &mut result.scenarios {
        scenario.pod_recovery_s.0.clear();
        scenario.detection_s.0.clear();
        scenario.time_to_recovery_s.histogram.clear();
        if let Some(windows) = &mut scenario.windows {
            windows.downtime_s.histogram.clear();
            windows.failed_request_s.histogram.clear();
        }
    }
    result
}

/// Outages of the scenario with most: what is seen of a difference, too.
fn outages(result: &ExperimentResult) -> f64 {
    let of = result.scenarios.iter().map(|scenario| {
        let years = scenario.replications as f64 * result.horizon_s / (365.0 * cases::DAY);
        scenario.estimates[Metric::Outages].mean * years
    });
    of.fold(0.0, f64::max)
}

fn row(truth: &Truth, results: &[ExperimentResult]) -> Row {
    let mut seen = 0.0;
    let mut row = Row { quantity: truth.quantity, below: 0, above: 0, width: 0.0, best: None };
    for result in results {
        let (low, high) = (truth.read)(result);
        // What is written has twelve digits.
        row.below += u64::from(truth.value < low * (1.0 - 1e-11));
        row.above += u64::from(truth.value > high * (1.0 + 1e-11));
        // Where nothing was seen there is a bound, which says no more than that.
        if outages(result) == 0.0 {
            continue;
        }
        seen += 1.0;
        row.width += high - low;
        if let Some(best) = truth.best {
            let width = match best {
                Best::MidP(one) => one * mid_p(outages(result).round() as u64),
                Best::BoundedMean => bounded_mean(result),
            };
            *row.best.get_or_insert(0.0) += width;
        }
    }
    row.width /= seen;
    row.best = row.best.map(|best| best / seen);
    row
}

/// The width of the mid-P interval of a Poisson mean, where something was seen.
fn mid_p(count: u64) -> f64 {
    let tail = |mean: f64| {
        let law = Poisson::new(mean).unwrap();
        f64::midpoint(law.cdf(count - 1), law.cdf(count))
    };
    let solve = |p: f64| {
        let (mut low, mut high) = (1e-12, 100.0);
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if tail(middle) > p { low = middle } else { high = middle }
        }
        low
    };
    solve(0.025) - solve(0.975)
}

/// The width of the interval of a mean of values in [0, 1], here the downtimes of the replications, by uniform weights on
/// the simplex (Gaffke 2005), where next to nothing was lost: the weight of the far end is beta(1, n).
fn bounded_mean(result: &ExperimentResult) -> f64 {
    1.0 - 0.025_f64.powf(1.0 / result.scenarios[0].replications as f64)
}
