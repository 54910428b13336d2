//! How often the selection is right, and what it costs: `cargo run --release --example selection [RUNS]` (200 by default).
//!
//! 200 candidates whose mean downtimes are known. Shocks come as a Poisson process and hit all candidates at once (common
//! random numbers); whom a shock hits, it brings down for a log-normal time, σ = 1.4, as the dependency errors of the
//! fault library do: most replications of the best lose nothing, few lose a lot. Two cases: all rivals worse than the best
//! by just the indifference zone, and means that are spread evenly, as in a grid. Every run has a seed of its own,
//! 6,000,001, 6,000,002, …, fixed before it was played.
//!
//! A run is right if what it chooses loses less than the zone more than the best. The same replications show what an equal
//! allocation needs: the least number of replications of every candidate from which on the one with the least mean
//! is right as often. Ends with code 1 if fewer than 185 of 200 runs are right, or if with spread means more than a third
//! of the replications of that equal allocation are played.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use hasim::random::{Law, Owner, Purpose, Streams, open_unit};
use hasim::stats::{Contest, Race};

const CANDIDATES: usize = 200;
/// Seconds a replication.
const BEST: f64 = 900.0;
const ZONE: f64 = 180.0;
/// Mean length of an outage, in seconds.
const LENGTH: f64 = 1_800.0;
const SIGMA: f64 = 1.4;
const CONFIDENCE: f64 = 0.95;
const SEED: u64 = 6_000_000;
/// Replications between looks at the equal allocation, and the most of it.
const STEP: usize = 64;
const MOST: usize = 4_000;

struct Case {
    name: &'static str,
    means: Vec<f64>,
}

impl Case {
    fn shocks(&self) -> f64 {
        2.0 * self.means.iter().copied().fold(0.0, f64::max) / LENGTH
    }

    /// The losses of one replication, in microseconds.
    fn losses(&self, seed: u64, index: u64, length: &Law, open: &[usize]) -> Vec<(usize, i64)> {
        let mut lost: Vec<(usize, i64)> = open.iter().map(|&i| (i, 0)).collect();
        let stream = Streams::new(seed, index).stream(Owner::Replication, Purpose::StartUp);
        let (mut at, mut shock) = (0.0, 0);
        loop {
            let mut rng = stream.rng(shock);
            at -= libm::log(open_unit(&mut rng)) / self.shocks();
            if at > 1.0 {
                return lost;
            }
            let micros = (1e6 * length.sample(&mut rng)) as i64;
            // Half of the shocks find all candidates in the same state, in the others each is in one of its own.
            let common = (open_unit(&mut rng) < 0.5).then(|| open_unit(&mut rng));
            let own = Streams::new(seed, index).stream(Owner::Zone(0), Purpose::FaultEvery(shock));
            for (i, sum) in &mut lost {
                let chance = self.means[*i] / LENGTH / self.shocks();
                let state = common.unwrap_or_else(|| own.uniform(*i as u64));
                *sum += if state < chance { micros } else { 0 };
            }
            shock += 1;
        }
    }
}

/// What one run shows.
struct Run {
    is_right: bool,
    replications: u64,
    /// For each look at the equal allocation, whether it is right.
    equal: Vec<bool>,
}

fn play(case: &Case, seed: u64) -> Run {
    let median = LENGTH * libm::exp(-SIGMA * SIGMA / 2.0);
    let length = Law::lognormal(median, SIGMA).expect("a law");
    let mut race = Race::new(CANDIDATES, Contest::Least, CONFIDENCE, ZONE * 1e6);
    let (mut index, mut replications, mut goal) = (0, 0, 64);
    while !race.is_decided() {
        let open = race.open();
        while index < goal {
            race.add(&case.losses(seed, index, &length, &open));
            replications += open.len() as u64;
            index += 1;
        }
        race.look();
        goal += (goal / 4).div_ceil(32) * 32;
    }
    let is_right = |i: usize| case.means[i] < case.means[0] + ZONE;
    let mut equal = Vec::new();
    let all: Vec<usize> = (0..CANDIDATES).collect();
    let mut sums = vec![0; CANDIDATES];
    for index in 0..MOST {
        for (i, loss) in case.losses(seed, index as u64, &length, &all) {
            sums[i] += loss;
        }
        if (index + 1) % STEP == 0 {
            equal.push(is_right((0..CANDIDATES).min_by_key(|&i| sums[i]).unwrap_or(0)));
        }
    }
    Run { is_right: race.winners().first().copied().is_some_and(is_right), replications, equal }
}

fn main() -> ExitCode {
    let runs: u64 = std::env::args().nth(1).map_or(200, |n| n.parse().expect("a number of runs"));
    let cases = [
        Case { name: "all rivals at the edge of the zone", means: slippage() },
        Case { name: "means spread evenly", means: (0..CANDIDATES).map(|i| BEST + i as f64 * ZONE).collect() },
    ];
    println!("| case | right | replications in all, mean | equal allocation as often right | part of it |");
    println!("|---|--:|--:|--:|--:|");
    let mut failed = false;
    for (number, case) in cases.iter().enumerate() {
        let next = AtomicU64::new(1);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let played: Vec<Run> = std::thread::scope(|scope| {
            let work = || {
                let mut mine = Vec::new();
                loop {
                    let run = next.fetch_add(1, Ordering::Relaxed);
                    if run > runs {
                        return mine;
                    }
                    mine.push(play(case, SEED + run));
                }
            };
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a run does not panic")).collect()
        });
        let right = played.iter().filter(|run| run.is_right).count();
        let mean = played.iter().map(|run| run.replications as f64).sum::<f64>() / runs as f64;
        let looks = MOST / STEP;
        let wanted = right.min((runs as usize * 185).div_ceil(200));
        let often = |look: usize| played.iter().filter(|run| run.equal[look]).count();
        let last_short = (0..looks).rev().find(|&look| often(look) < wanted);
        let equal = last_short.map_or(1, |look| look + 2) * STEP * CANDIDATES;
        let part = mean / equal as f64;
        println!("| {} | {right} of {runs} | {mean:.0} | {equal} | {part:.2} |", case.name);
        failed |= right * 200 < runs as usize * 185 || (number == 1 && part > 1.0 / 3.0);
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn slippage() -> Vec<f64> {
    (0..CANDIDATES).map(|i| if i == 0 { BEST } else { BEST + ZONE }).collect()
}
