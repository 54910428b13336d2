//! Plays a [`Study`]: batches of replications in parallel, merged in order.
//!
//! A task is one batch of one scenario. Scenarios advance in lockstep, batch by
//! batch and the baseline first, so that the paired differences need the values of
//! one batch only: memory does not grow with the number of replications.
//!
//! With a precision target the intervals are looked at only at fixed checkpoints, each at
//! twice the replications of the one before; a scenario that is known well enough there
//! is not played further (the baseline is, as long as any other is). Looking so rarely
//! keeps what optional stopping costs the confidence small.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::answer;
use super::batches::in_order;
use super::outcome::Outcome;
use super::result::ExperimentResult;
use super::summary::{Summary, micros};
use crate::model::{Model, YEAR};
use crate::spec::{Metric, Precision, Scenario, Stopping, Study};
use crate::stats::Paired;

/// Replications of one scenario that are played as one task.
const BATCH: u64 = 32;
/// Replications before the precision is looked at for the first time.
const FLOOR: u64 = 256;

/// How to run, as opposed to what: nothing here alters a result.
pub struct Options<'a> {
    /// Worker threads; 0 for one per core.
    pub threads: usize,
    /// Set from outside to end early: batches that were begun are finished, and their result is given.
    pub stop: &'a AtomicBool,
    /// Told after every batch, on the caller's thread.
    pub progress: &'a mut dyn FnMut(Progress),
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Replications played.
    pub done: u64,
    /// Replications planned: all, or with a precision target those up to the next checkpoint.
    pub total: u64,
    /// Years played, warm-up included.
    pub simulated_years: f64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A bug of the simulator.
    #[error("a bug of hasim: replication {index} of scenario `{scenario}` with seed {seed} panicked: {message}")]
    Panicked {
        /// Name of the scenario.
        scenario: String,
        /// Seed of the experiment.
        seed: u64,
        /// Index of the replication.
        index: u64,
        /// What the panic said.
        message: String,
    },
    /// The machine gives no threads.
    #[error("cannot start the worker threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Plays `study`; `replicate` plays one replication: a function of model, seed and index.
///
/// # Errors
/// When a replication panics, which is a bug, or the machine gives no threads.
pub fn run<'a, F>(study: &'a Study, options: Options<'a>, replicate: F) -> Result<ExperimentResult, RunError>
where
    F: Fn(&Model, u64, u64) -> Outcome + Sync,
{
    let pool = ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    // One being played and two waiting, for each thread: none idles while the oldest is awaited.
    let in_flight = 3 * pool.current_num_threads();
    Run::new(study, options, replicate, pool, in_flight).finish()
}

struct Run<'a, F> {
    study: &'a Study,
    options: Options<'a>,
    replicate: F,
    pool: ThreadPool,
    in_flight: usize,
    tallies: Vec<Tally>,
    done: u64,
    total: u64,
    simulated_years: f64,
}

/// What is kept of one scenario.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) summary: Summary,
    /// This scenario less the baseline, in microseconds a replication.
    pub(super) downtime_difference: Paired,
    pub(super) failed_difference: Paired,
}

/// One batch of one scenario.
struct Batch {
    scenario: usize,
    summary: Summary,
    /// Downtime and failed requests of each replication, in microseconds.
    values: Vec<(i64, i64)>,
}

/// How a run ended.
pub(super) enum End {
    /// As planned; for each scenario that missed a stated precision, which it reached (`None` where nothing was seen).
    Complete { missed: Vec<(usize, Option<f64>)> },
    /// It was told to stop.
    Interrupted,
}

impl<'a, F> Run<'a, F>
where
    F: Fn(&Model, u64, u64) -> Outcome + Sync,
{
    fn new(study: &'a Study, options: Options<'a>, replicate: F, pool: ThreadPool, in_flight: usize) -> Self {
        let tally = |scenario: &Scenario| Tally {
            summary: Summary::empty(&scenario.model, &study.objective),
            downtime_difference: Paired::default(),
            failed_difference: Paired::default(),
        };
        let tallies = study.scenarios.iter().map(tally).collect();
        Self { study, options, replicate, pool, in_flight, tallies, done: 0, total: 0, simulated_years: 0.0 }
    }

    fn finish(mut self) -> Result<ExperimentResult, RunError> {
        let end = match self.study.stopping {
            Stopping::Replications(replications) => self.fixed(replications)?,
            Stopping::Precision(precision) => self.until_precise(precision)?,
        };
        Ok(answer::experiment(self.study, &self.tallies, &end))
    }

    fn fixed(&mut self, replications: u64) -> Result<End, RunError> {
        let all: Vec<usize> = (0..self.study.scenarios.len()).collect();
        let complete = self.play(0..replications, &all)?;
        Ok(if complete { End::Complete { missed: vec![] } } else { End::Interrupted })
    }

    fn until_precise(&mut self, precision: Precision) -> Result<End, RunError> {
        let mut open: Vec<usize> = (0..self.study.scenarios.len()).collect();
        let mut played = 0;
        let mut goal = FLOOR.min(precision.max_replications);
        loop {
            if !self.play(played..goal, &open)? {
                return Ok(End::Interrupted);
            }
            let reached = open.iter().map(|&scenario| (scenario, self.reached(scenario, precision.metric)));
            let missed: Vec<_> =
                reached.filter(|(_, reached)| reached.is_none_or(|reached| reached > precision.relative)).collect();
            if missed.is_empty() || goal >= precision.max_replications {
                return Ok(End::Complete { missed });
            }
            open = missed.into_iter().map(|(scenario, _)| scenario).collect();
            if let Some(baseline) = self.study.baseline
                && !open.contains(&baseline)
            {
                open.push(baseline);
            }
            (played, goal) = (goal, (2 * goal).min(precision.max_replications));
        }
    }

    fn reached(&self, scenario: usize, metric: Metric) -> Option<f64> {
        answer::relative_half_width(&self.tallies[scenario].summary, metric, self.study.confidence)
    }

    /// Plays these replications of these scenarios; false if stopped before the end.
    fn play(&mut self, replications: Range<u64>, scenarios: &[usize]) -> Result<bool, RunError> {
        let Self { study, options, replicate, pool, in_flight, tallies, done, total, simulated_years } = self;
        let study = *study;
        let (in_flight, stop) = (*in_flight, options.stop);
        let planned = (replications.end - replications.start) * scenarios.len() as u64;
        *total += planned;
        let target = *total;
        let rows = batches_of(replications);
        let tasks = rows
            .flat_map(|row| baseline_first(scenarios, study.baseline).map(move |scenario| (scenario, row.clone())))
            .take_while(|_| !stop.load(Ordering::Relaxed));
        let mut baseline = Vec::new();
        in_order(
            pool,
            in_flight,
            tasks,
            |(scenario, row)| play_batch(study, scenario, row, replicate),
            |batch| {
                let model = &study.scenarios[batch.scenario].model;
                *done += batch.summary.replications();
                *simulated_years += batch.summary.replications() as f64
                    * ((model.warm_up + model.horizon).as_secs_f64() / YEAR.as_secs_f64());
                let tally = &mut tallies[batch.scenario];
                tally.summary.merge(&batch.summary);
                if study.baseline == Some(batch.scenario) {
                    baseline = batch.values;
                } else if study.baseline.is_some() {
                    for (ours, theirs) in batch.values.iter().zip(&baseline) {
                        tally.downtime_difference.add(ours.0 - theirs.0);
                        tally.failed_difference.add(ours.1 - theirs.1);
                    }
                }
                (options.progress)(Progress { done: *done, total: target, simulated_years: *simulated_years });
            },
        )?;
        Ok(*done == target)
    }
}

/// The same batches whoever plays them; only the last may be shorter.
fn batches_of(replications: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = replications;
    (start..end).step_by(BATCH as usize).map(move |from| from..(from + BATCH).min(end))
}

fn baseline_first(scenarios: &[usize], baseline: Option<usize>) -> impl Iterator<Item = usize> {
    let first = baseline.filter(|baseline| scenarios.contains(baseline));
    first.into_iter().chain(scenarios.iter().copied().filter(move |&scenario| first != Some(scenario)))
}

fn play_batch<F>(study: &Study, number: usize, replications: Range<u64>, replicate: &F) -> Result<Batch, RunError>
where
    F: Fn(&Model, u64, u64) -> Outcome + Sync,
{
    let scenario = &study.scenarios[number];
    let mut summary = Summary::empty(&scenario.model, &study.objective);
    let mut values = Vec::new();
    for index in replications {
        // A half-played replication is dropped whole, so nothing broken is seen after a panic.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let outcome = replicate(&scenario.model, study.seed, index);
            summary.add(&outcome);
            outcome
        }))
        .map_err(|panic| RunError::Panicked {
            scenario: scenario.name.clone(),
            seed: study.seed,
            index,
            message: message_of(&*panic),
        })?;
        if study.baseline.is_some() {
            values.push((micros(outcome.downtime_nanos()), micros(outcome.failed_nanos())));
        }
    }
    Ok(Batch { scenario: number, summary, values })
}

pub(super) fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
#[path = "runner_tests.rs"]
mod tests;
