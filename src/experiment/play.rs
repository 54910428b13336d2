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
//!
//! A search for the best scenario is looked at more often, as its bounds allow; what is surely not wanted is played no
//! further.

mod batch;
mod batches;
mod checkpoint;
#[expect(clippy::disallowed_types, reason = "a forecast of the time left; no number of an answer")]
mod pace;
mod removal;
mod search;
#[expect(clippy::disallowed_types, reason = "how long somebody who wants the run to end must wait")]
mod stop;

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::drive::Watcher;
use super::estimate::{End, Reached};
use super::outcome::Outcome;
use crate::model::{Model, YEAR};
use crate::results::ExperimentResult;
use crate::study::{Precision, Selection, Stopping, Study};
use batch::{BATCH, Batch, add_losses, add_row, batches_of, is_in, play_batch};
use batches::in_order;
use stop::Stop;

pub use checkpoint::{Checkpoint, Shard, Unlike};
pub use pace::{Forecast, Pace};
pub use removal::{add_removals, replications_of_removals};

/// How to run, as opposed to what: nothing here alters a result.
pub struct Options<'a> {
    /// Worker threads; 0 for one per core.
    pub threads: usize,
    /// Set from outside to end early: batches that were begun are finished, if that takes a few seconds only, and the result
    /// is that of all that every scenario has played.
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
pub fn run<F>(study: &Study, options: Options<'_>, replicate: F) -> Result<ExperimentResult, RunError>
where
    F: Fn(&Model, u64, u64) -> Outcome + Sync,
{
    let played = Checkpoint::nothing(study, Shard::WHOLE);
    let watched = |model: &Model, seed, index, _: &mut Watcher<'_>| Some(replicate(model, seed, index));
    play(study, played, options, &Pace::of(study), &mut |_| (), watched).map(|(_, result)| result)
}

/// The answer to `study` before anything was played: its question and its inputs, and no scenario.
pub fn unplayed(study: &Study) -> ExperimentResult {
    Checkpoint::nothing(study, Shard::WHOLE).answer(&End::Complete { missed: vec![] })
}

/// Resumes `study` from a checkpoint. `on_checkpoint` is called whenever a batch of every open scenario has been played:
/// resuming from any of these checkpoints gives the same bytes. `pace` is for a watch in another thread, to which `replicate`
/// may tell which share of a replication has been played; it gives up one that is of no use any more.
///
/// # Errors
/// Like [`run`].
pub fn play<'a, F>(
    study: &'a Study,
    played: Checkpoint,
    options: Options<'_>,
    pace: &'a Pace,
    on_checkpoint: &'a mut dyn FnMut(&Checkpoint),
    replicate: F,
) -> Result<(Checkpoint, ExperimentResult), RunError>
where
    F: Fn(&Model, u64, u64, &mut Watcher<'_>) -> Option<Outcome> + Sync,
{
    let pool = ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    // One being played and two waiting, for each thread: none idles while the oldest is awaited.
    let in_flight = 3 * pool.current_num_threads();
    Run {
        study,
        played,
        options,
        pace,
        on_checkpoint,
        replicate,
        pool,
        in_flight,
        done: 0,
        total: 0,
        simulated_years: 0.0,
    }
    .finish()
}

struct Run<'a, 'o, F> {
    study: &'a Study,
    played: Checkpoint,
    options: Options<'o>,
    pace: &'a Pace,
    on_checkpoint: &'a mut dyn FnMut(&Checkpoint),
    replicate: F,
    pool: ThreadPool,
    in_flight: usize,
    done: u64,
    total: u64,
    simulated_years: f64,
}

impl<F> Run<'_, '_, F>
where
    F: Fn(&Model, u64, u64, &mut Watcher<'_>) -> Option<Outcome> + Sync,
{
    fn finish(mut self) -> Result<(Checkpoint, ExperimentResult), RunError> {
        self.plan();
        let end = match self.study.header.stopping {
            Stopping::Replications(_) => {
                if self.reach_goal()? {
                    End::Complete { missed: vec![] }
                } else {
                    End::Interrupted
                }
            }
            Stopping::Precision(precision) => self.until_precise(precision)?,
            Stopping::Selection(selection) => self.until_selected(selection)?,
        };
        let result = self.pool.install(|| self.played.answer(&end));
        Ok((self.played, result))
    }

    /// Tells the watch how much may be left at most.
    fn plan(&self) {
        let shard = self.played.shard;
        let most = match self.study.header.stopping {
            Stopping::Replications(replications) => replications,
            Stopping::Precision(precision) => precision.max_replications,
            Stopping::Selection(selection) => selection.max_replications,
        };
        let rows = batches_of(self.played.next..most.max(self.played.next));
        let left = rows.filter(|row| is_in(shard, row)).map(|row| row.end - row.start).sum();
        let mut more = vec![0; self.study.scenarios.len()];
        self.played.open.iter().for_each(|&scenario| more[scenario] = left);
        more.iter().enumerate().for_each(|(scenario, &more)| self.pace.plan(scenario, more));
    }

    fn until_precise(&mut self, precision: Precision) -> Result<End, RunError> {
        loop {
            if !self.reach_goal()? {
                return Ok(End::Interrupted);
            }
            let open = &self.played.open;
            let reached = open.iter().map(|&scenario| (scenario, self.reached(scenario, &precision)));
            let missed: Vec<_> = reached.filter(|(_, reached)| !reached.is_enough(&precision)).collect();
            if missed.is_empty() || self.played.goal >= precision.max_replications {
                return Ok(End::Complete { missed });
            }
            let mut open: Vec<usize> = missed.into_iter().map(|(scenario, _)| scenario).collect();
            if let Some(baseline) = self.study.header.baseline
                && !open.contains(&baseline)
            {
                open.push(baseline);
            }
            self.played.open = open;
            self.plan();
            self.played.goal = (2 * self.played.goal).min(precision.max_replications);
        }
    }

    fn reached(&self, scenario: usize, precision: &Precision) -> Reached {
        let horizon = self.study.scenarios[scenario].model.horizon;
        let summary = &self.played.tallies[scenario].summary;
        let coincidence = &self.played.facts.scenarios[scenario].coincidence;
        let most_lost = coincidence.most_lost(summary, horizon, self.study.header.confidence);
        Reached::by(summary, horizon, most_lost, precision, self.study.header.confidence)
    }

    fn until_selected(&mut self, selection: Selection) -> Result<End, RunError> {
        loop {
            if !self.reach_goal()? {
                return Ok(End::Interrupted);
            }
            let Some(race) = &mut self.played.race else { return Ok(End::Complete { missed: vec![] }) };
            race.look();
            if race.is_decided() || self.played.goal >= selection.max_replications {
                return Ok(End::Complete { missed: vec![] });
            }
            self.played.open = race.open();
            self.plan();
            self.played.goal = search::next_look(self.played.goal, BATCH).min(selection.max_replications);
        }
    }

    /// Plays the open scenarios up to the goal; false if stopped before it. What is stopped in the middle of a row of
    /// batches leaves nothing of it, so that every open scenario has the same replications and what is kept can be
    /// gone on with.
    fn reach_goal(&mut self) -> Result<bool, RunError> {
        let Self {
            study,
            played,
            options,
            pace,
            on_checkpoint,
            replicate,
            pool,
            in_flight,
            done,
            total,
            simulated_years,
        } = self;
        let (study, pace) = (*study, *pace);
        let (in_flight, stop) = (*in_flight, &Stop { asked: options.stop, since: OnceLock::new() });
        let (open, goal, shard) = (played.open.clone(), played.goal, played.shard);
        let rows = || batches_of(played.next..goal).filter(move |row| is_in(shard, row));
        *total += rows().map(|row| row.end - row.start).sum::<u64>() * open.len() as u64;
        let target = *total;
        let scenarios = || baseline_first(&open, study.header.baseline);
        let tasks = rows().flat_map(|row| scenarios().map(move |scenario| (scenario, row.clone())));
        let tasks = tasks.take_while(|_| !stop.is_asked());
        let mut row: Vec<Batch> = Vec::new();
        let mut given_up = false;
        in_order(
            pool,
            in_flight,
            tasks,
            |(scenario, row)| play_batch(study, scenario, row, replicate, pace.meter(scenario), stop),
            |batch| {
                // After one that was given up no row is whole.
                given_up |= batch.is_none();
                let Some(batch) = batch.filter(|_| !given_up) else { return };
                let model = &study.scenarios[batch.scenario].model;
                *done += batch.system.summary.replications();
                *simulated_years += batch.system.summary.replications() as f64
                    * ((model.warm_up + model.horizon).as_secs_f64() / YEAR.as_secs_f64());
                let end = batch.end;
                row.push(batch);
                if row.len() == open.len() {
                    add_row(&mut played.tallies, &row, study);
                    if let Some(race) = &mut played.race {
                        add_losses(race, &row, study.header.objective.metric);
                    }
                    row.clear();
                    played.next = end;
                    on_checkpoint(played);
                }
                (options.progress)(Progress { done: *done, total: target, simulated_years: *simulated_years });
            },
        )?;
        if *done < target {
            return Ok(false);
        }
        played.next = goal;
        Ok(true)
    }
}

fn baseline_first(scenarios: &[usize], baseline: Option<usize>) -> impl Iterator<Item = usize> {
    let first = baseline.filter(|baseline| scenarios.contains(baseline));
    first.into_iter().chain(scenarios.iter().copied().filter(move |&scenario| first != Some(scenario)))
}

#[cfg(test)]
#[path = "play/play_tests.rs"]
mod tests;
