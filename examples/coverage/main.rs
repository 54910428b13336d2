//! How often the intervals hold what they claim: `cargo run --release --example coverage [MACRO-RUNS]` (2,000 by default).
//!
//! Each case is a system whose answer is known exactly. Every macro-run is a whole experiment with a seed of its own, from
//! the replications to the printed interval, and the table tells in how many the nominal 95 % interval held the
//! exact answer. The intervals were chosen with the help of other
//! seeds; those of the table, 3,000,001, 3,000,002, …, were fixed before they were played. Ends with code 1 if a row fails:
//!
//! - at least 93.5 % (three standard errors of 2,000 runs below 95 %);
//! - at most 97.5 % where at least 30 outages are seen per run and their lengths do not differ so much that the interval says
//!   so itself; of late quantiles no more is asked, as few replications give them no upper end. With fewer outages no interval on a
//!   discrete count can hit 95 %; then the mean width is compared with the best known exact interval.

#[path = "cases.rs"]
mod cases;
#[path = "../../tests/common/mod.rs"]
mod common;

use std::process::ExitCode;

use cases::{Best, Case, Judged, Truth};
use hasim::results::ExperimentResult;
use hasim::study::Metric;
use statrs::distribution::{DiscreteCDF as _, Poisson};

/// What is kept of a macro-run.
struct Seen {
    outages: f64,
    strikes: u64,
    replications: u64,
    /// Of each truth: its interval, and whether it says that it rests on few.
    intervals: Vec<(f64, f64, bool)>,
}

/// What the macro-runs of a case say of one quantity.
#[derive(Default)]
struct Row {
    runs: f64,
    below: f64,
    above: f64,
    outages: f64,
    /// Runs in which something was seen; over them:
    seen: f64,
    width: f64,
    few: f64,
    best: Option<f64>,
}

fn main() -> ExitCode {
    let runs: u64 = std::env::args().nth(1).map_or(2_000, |n| n.parse().expect("a number of macro-runs"));
    let only = std::env::args().nth(2);
    println!(
        "| system | interval of | outages per run | holds | truth below / above | mean width | rests on few | best known |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|");
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
fn play(case: &Case, runs: u64) -> Vec<Seen> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        let part =
            |thread: u64| (1 + thread..=runs).step_by(threads as usize).map(|seed| seen(case, SEED + seed)).collect();
        let parts: Vec<_> = (0..threads).map(|thread| scope.spawn(move || -> Vec<_> { part(thread) })).collect();
        parts.into_iter().flat_map(|part| part.join().expect("a macro-run does not panic")).collect()
    })
}

fn seen(case: &Case, seed: u64) -> Seen {
    let run = case.run(seed);
    Seen {
        outages: outages(&run.result),
        strikes: run.strikes,
        replications: run.result.scenarios[0].replications,
        intervals: case.truths.iter().map(|truth| (truth.read)(&run.result)).collect(),
    }
}

/// Outages of the scenario with most: what is seen of a difference, too.
fn outages(result: &ExperimentResult) -> f64 {
    let of = result.scenarios.iter().map(|scenario| {
        let years = scenario.replications as f64 * result.horizon_s / (365.0 * cases::DAY);
        scenario.estimates[Metric::Outages].mean * years
    });
    of.fold(0.0, f64::max)
}

/// Prints the rows of a case; whether one failed.
fn judge(case: &Case, runs: u64) -> bool {
    let all = play(case, runs);
    let mut failed = false;
    for (number, truth) in case.truths.iter().enumerate() {
        let row = row(truth, number, &all);
        let holds = 1.0 - (row.below + row.above) / row.runs;
        let is_late = ["p95", "p99"].iter().any(|late| truth.quantity.ends_with(late));
        let verdict = verdict(case.judged, &row, holds, is_late);
        failed |= verdict == " **fails**";
        println!(
            "| {} | {} | {} | {:.1} %{verdict} | {:.1} / {:.1} % | {} | {:.0} % | {} |",
            case.name,
            truth.quantity,
            if row.outages < 10.0 { format!("{:.1}", row.outages) } else { format!("{:.0}", row.outages) },
            100.0 * holds,
            100.0 * row.below / row.runs,
            100.0 * row.above / row.runs,
            width(row.width / truth.scale),
            100.0 * row.few / row.seen,
            row.best.map_or("–".to_owned(), |best| width(best / truth.scale)),
        );
    }
    failed
}

/// The word beside a figure.
fn verdict(judged: Judged, row: &Row, holds: f64, is_late: bool) -> &'static str {
    // The limits belong to 2,000 runs; fewer have a wider error.
    let error = 3.0 * (0.95 * 0.05 / row.runs).sqrt();
    let is_low = holds < 0.95 - error.max(0.015);
    // Where few carry the sum the interval errs on the wide side.
    let may_be_high = is_late || row.outages < 30.0 || row.few >= 0.01 * row.seen;
    let is_high = !may_be_high && holds > 0.975 + error.max(0.015) - 0.015;
    match judged {
        Judged::Yes if is_low || is_high => " **fails**",
        Judged::FallsShort if is_low => " (short)",
        Judged::Wide if is_low => " **fails**",
        Judged::Wide if is_high => " (wide)",
        Judged::No => " (not judged)",
        Judged::Yes | Judged::FallsShort | Judged::Wide => "",
    }
}

fn width(relative: f64) -> String {
    if relative < 10.0 { format!("{:.0} %", 100.0 * relative) } else { format!("× {relative:.0}") }
}

fn row(truth: &Truth, number: usize, all: &[Seen]) -> Row {
    let mut row = Row::default();
    for seen in all.iter().filter(|seen| truth.strikes.contains(&seen.strikes)) {
        let (low, high, few) = seen.intervals[number];
        // What is written has twelve digits.
        let rounding = 1e-11 * truth.value.abs();
        row.runs += 1.0;
        row.below += f64::from(u8::from(truth.value < low - rounding));
        row.above += f64::from(u8::from(truth.value > high + rounding));
        row.outages += seen.outages;
        // Where nothing was seen there is a bound, which says no more than that.
        if seen.outages == 0.0 || !(high - low).is_finite() {
            continue;
        }
        row.seen += 1.0;
        row.width += high - low;
        row.few += f64::from(u8::from(few));
        if let Some(best) = truth.best {
            let width = match best {
                Best::MidP(one) => one * mid_p(seen.outages.round() as u64),
                Best::BoundedMean => bounded_mean(seen.replications),
            };
            *row.best.get_or_insert(0.0) += width;
        }
    }
    row.width /= row.seen;
    row.outages /= row.runs;
    row.best = row.best.map(|best| best / row.seen);
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
fn bounded_mean(replications: u64) -> f64 {
    1.0 - 0.025_f64.powf(1.0 / replications as f64)
}
