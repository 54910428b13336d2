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

use std::any::Any;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};

use super::batches::in_order;
use super::drive::Watcher;
use super::outcome::Outcome;
use super::pace::{Meter, Pace};
use super::played::{Played, Share};
use super::precision::Reached;
use super::result::ExperimentResult;
use super::selection::{self, FIRST_LOOK};
use super::sensitivity::WithBase;
use super::summary::{Summary, micros};
use super::uncertainty::DrawSums;
use crate::model::{Model, YEAR};
use crate::stats::{Control, Controlled, Race};
use crate::study::{Metric, Precision, Quantity, REPLICATIONS_PER_DRAW, Selection, Stopping, Study};

/// Replications of one scenario that are played as one task; all of the same draw, where something is uncertain.
const BATCH: u64 = REPLICATIONS_PER_DRAW;

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
    let played = Played::nothing(study, Share::WHOLE);
    let watched = |model: &Model, seed, index, _: &mut Watcher<'_>| Some(replicate(model, seed, index));
    play(study, played, options, &Pace::of(study), &mut |_| (), watched).map(|(_, result)| result)
}

/// The answer to `study` before anything was played: its question and its inputs, and no scenario.
pub fn unplayed(study: &Study) -> ExperimentResult {
    Played::nothing(study, Share::WHOLE).answer(&End::Complete { missed: vec![] })
}

/// Plays `study` on from `played`, which continues it. `keep` is told whenever a batch of every scenario has been played:
/// what it is given can be gone on with, to the same result. `pace` is for a watch in another thread, to which `replicate`
/// may tell which share of a replication has been played; it gives up one that is of no use any more.
///
/// # Errors
/// Like [`run`].
pub fn play<'a, F>(
    study: &'a Study,
    played: Played,
    options: Options<'_>,
    pace: &'a Pace,
    keep: &'a mut dyn FnMut(&Played),
    replicate: F,
) -> Result<(Played, ExperimentResult), RunError>
where
    F: Fn(&Model, u64, u64, &mut Watcher<'_>) -> Option<Outcome> + Sync,
{
    let pool = ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    // One being played and two waiting, for each thread: none idles while the oldest is awaited.
    let in_flight = 3 * pool.current_num_threads();
    Run { study, played, options, pace, keep, replicate, pool, in_flight, done: 0, total: 0, simulated_years: 0.0 }
        .finish()
}

struct Run<'a, 'o, F> {
    study: &'a Study,
    played: Played,
    options: Options<'o>,
    pace: &'a Pace,
    keep: &'a mut dyn FnMut(&Played),
    replicate: F,
    pool: ThreadPool,
    in_flight: usize,
    done: u64,
    total: u64,
    simulated_years: f64,
}

/// In how many respects two scenarios are compared.
const RESPECTS: usize = 2;
/// The downtime among them.
pub(super) const DOWNTIME: usize = 0;
/// The failed requests among them.
pub(super) const FAILED: usize = 1;

/// What is kept of one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) summary: Summary,
    /// This scenario less the one that it is compared with, in microseconds a replication: of the downtime and of the
    /// failed requests.
    pub(super) differences: Controlled,
    /// With a question for what matters: how the differences go with the losses of the base.
    pub(super) with_base: WithBase,
    /// With uncertain parameters: what was lost in the replications of each draw.
    pub(super) draws: Vec<DrawSums>,
}

impl Tally {
    /// Of no replication yet, of a scenario with so many draws; differences come with so many controls.
    pub(super) fn empty(summary: Summary, controls: usize, draws: usize) -> Self {
        Self {
            summary,
            differences: Controlled::new(RESPECTS, controls),
            with_base: WithBase::default(),
            draws: vec![DrawSums::default(); draws],
        }
    }

    /// Whether the differences come with so many controls.
    pub(super) fn have_controls(&self, controls: usize) -> bool {
        self.differences.fits(RESPECTS, controls)
    }

    /// Whether anything was played.
    pub(super) fn has_any(&self) -> bool {
        self.summary.replications() > 0
    }

    /// Adds every replication of `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        self.summary.merge(&other.summary);
        self.differences.merge(&other.differences);
        self.with_base.merge(&other.with_base);
        for (ours, theirs) in self.draws.iter_mut().zip(&other.draws) {
            ours.merge(theirs);
        }
    }
}

/// One batch of one scenario.
struct Batch {
    scenario: usize,
    /// The draw of what is uncertain that it plays.
    draw: Option<usize>,
    /// The index after its last replication.
    end: u64,
    summary: Summary,
    values: Vec<Value>,
}

/// What differences need of one replication.
pub(super) struct Value {
    /// In microseconds, like the next.
    pub(super) downtime: i64,
    pub(super) failed: i64,
    controls: Vec<Control>,
}

/// The wish of somebody outside that the run end.
struct Stop<'a> {
    asked: &'a AtomicBool,
    since: OnceLock<Instant>,
}

impl Stop<'_> {
    /// So long what was begun is played on, as it may be nearly done.
    const PATIENCE: Duration = Duration::from_secs(2);

    fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether what was begun is played on or given up.
    fn goes_on(&self) -> ControlFlow<()> {
        let is_over = self.is_asked() && self.since.get_or_init(Instant::now).elapsed() > Self::PATIENCE;
        if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// How a run ended.
pub(super) enum End {
    /// As planned; for each scenario that missed a stated precision, which it reached.
    Complete { missed: Vec<(usize, Reached)> },
    /// It was told to stop.
    Interrupted,
}

/// Up to how many replications an experiment is played before anything is decided.
pub(super) fn first_goal(stopping: Stopping) -> u64 {
    match stopping {
        Stopping::Replications(replications) => replications,
        Stopping::Precision(precision) => precision.min_replications.min(precision.max_replications),
        Stopping::Selection(selection) => FIRST_LOOK.min(selection.max_replications),
    }
}

impl<F> Run<'_, '_, F>
where
    F: Fn(&Model, u64, u64, &mut Watcher<'_>) -> Option<Outcome> + Sync,
{
    fn finish(mut self) -> Result<(Played, ExperimentResult), RunError> {
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
        let share = self.played.share;
        let most = match self.study.header.stopping {
            Stopping::Replications(replications) => replications,
            Stopping::Precision(precision) => precision.max_replications,
            Stopping::Selection(selection) => selection.max_replications,
        };
        let rows = batches_of(self.played.next..most.max(self.played.next));
        let left = rows.filter(|row| is_in(share, row)).map(|row| row.end - row.start).sum();
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
        let coincidence = &self.played.outline.scenarios[scenario].coincidence;
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
            self.played.goal = selection::next_look(self.played.goal, BATCH).min(selection.max_replications);
        }
    }

    /// Plays the open scenarios up to the goal; false if stopped before it. What is stopped in the middle of a row of
    /// batches leaves nothing of it, so that every open scenario has the same replications and what is kept can be
    /// gone on with.
    fn reach_goal(&mut self) -> Result<bool, RunError> {
        let Self { study, played, options, pace, keep, replicate, pool, in_flight, done, total, simulated_years } =
            self;
        let (study, pace) = (*study, *pace);
        let (in_flight, stop) = (*in_flight, &Stop { asked: options.stop, since: OnceLock::new() });
        let (open, goal, share) = (played.open.clone(), played.goal, played.share);
        let rows = || batches_of(played.next..goal).filter(move |row| is_in(share, row));
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
                *done += batch.summary.replications();
                *simulated_years += batch.summary.replications() as f64
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
                    keep(played);
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

/// A batch of every open scenario.
fn add_row(tallies: &mut [Tally], row: &[Batch], study: &Study) {
    let values_of = |scenario| row.iter().find(|batch| batch.scenario == scenario).map(|batch| &batch.values);
    let base = (!study.header.sensitivity.is_empty()).then(|| values_of(0)).flatten();
    for batch in row {
        let tally = &mut tallies[batch.scenario];
        tally.summary.merge(&batch.summary);
        if let Some(draw) = batch.draw {
            tally.draws[draw].add(&batch.summary);
        }
        let Some(theirs) = study.compared_with(batch.scenario).and_then(values_of) else { continue };
        for (ours, theirs) in batch.values.iter().zip(theirs) {
            // Both meet the same faults: the controls of one do for the pair.
            let differences = [ours.downtime - theirs.downtime, ours.failed - theirs.failed];
            tally.differences.add((batch.end - 1) / BATCH, &differences, &theirs.controls);
        }
        if let Some(base) = base {
            tally.with_base.add(&batch.values, theirs, base);
        }
    }
}

/// The losses of a batch of every open scenario, replication by replication.
fn add_losses(race: &mut Race, row: &[Batch], metric: Metric) {
    let mut row: Vec<&Batch> = row.iter().collect();
    row.sort_by_key(|batch| batch.scenario);
    let replications = row.first().map_or(0, |batch| batch.values.len());
    for replication in 0..replications {
        let loss = |batch: &&Batch| {
            let &Value { downtime, failed, .. } = &batch.values[replication];
            (batch.scenario, if metric == Metric::RequestSuccess { failed } else { downtime })
        };
        race.add(&row.iter().map(loss).collect::<Vec<_>>());
    }
}

/// The same batches whoever plays them; only the last may be shorter.
fn batches_of(replications: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = replications;
    (start..end).step_by(BATCH as usize).map(move |from| from..(from + BATCH).min(end))
}

/// Whether a batch belongs to this share of an experiment.
fn is_in(share: Share, batch: &Range<u64>) -> bool {
    (batch.start / BATCH) % share.of == share.index
}

fn baseline_first(scenarios: &[usize], baseline: Option<usize>) -> impl Iterator<Item = usize> {
    let first = baseline.filter(|baseline| scenarios.contains(baseline));
    first.into_iter().chain(scenarios.iter().copied().filter(move |&scenario| first != Some(scenario)))
}

/// Plays a batch; `None` where it is given up.
fn play_batch<F>(
    study: &Study,
    number: usize,
    replications: Range<u64>,
    replicate: &F,
    mut meter: Meter<'_>,
    stop: &Stop<'_>,
) -> Result<Option<Batch>, RunError>
where
    F: Fn(&Model, u64, u64, &mut Watcher<'_>) -> Option<Outcome> + Sync,
{
    let (scenario, end) = (&study.scenarios[number], replications.end);
    let draw = scenario.draw_of(replications.start);
    let mut summary = Summary::empty(&scenario.model, &study.header.objective);
    let mut values = Vec::new();
    for index in replications {
        // A half-played replication is dropped whole, so nothing broken is seen after a panic.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let outcome = replicate(scenario.model_of(index), study.header.seed, index, &mut |share| {
                meter.reached(share);
                stop.goes_on()
            })?;
            summary.add(index, &outcome);
            Some(outcome)
        }))
        .map_err(|panic| RunError::Panicked {
            scenario: scenario.name.clone(),
            seed: study.header.seed,
            index,
            message: message_of(&*panic),
        })?;
        meter.next();
        let Some(outcome) = outcome.filter(|_| stop.goes_on().is_continue()) else { return Ok(None) };
        if study.keeps_values() {
            values.push(Value {
                downtime: micros(outcome.counted(Quantity::Downtime)),
                failed: micros(outcome.counted(Quantity::FailedRequests)),
                controls: outcome.controls,
            });
        }
    }
    summary.pack();
    Ok(Some(Batch { scenario: number, draw, end, summary, values }))
}

pub(super) fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
#[path = "runner_tests.rs"]
mod tests;
