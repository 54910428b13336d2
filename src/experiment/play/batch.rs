//! Batches: replications of one scenario that are played as one task, and what they add to the tallies.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::RunError;
use super::checkpoint::Shard;
use super::pace::Meter;
use super::stop::Stop;
use crate::experiment::drive::Watcher;
use crate::experiment::outcome::Outcome;
use crate::experiment::panics::message_of;
use crate::experiment::tally::{Loss, Summary, Tally, micros};
use crate::model::Model;
use crate::stats::Race;
use crate::study::{Metric, Quantity, REPLICATIONS_PER_DRAW, Study};

/// Replications of one scenario that are played as one task; all of the same draw, where something is uncertain.
pub const BATCH: u64 = REPLICATIONS_PER_DRAW;

/// One batch of one scenario.
pub struct Batch {
    pub scenario: usize,
    /// The draw of what is uncertain that it plays.
    pub draw: Option<usize>,
    /// The index after its last replication.
    pub end: u64,
    pub system: Played,
    /// Each Deployment, where several make the system.
    pub workloads: Vec<Played>,
}

/// What the replications of a batch come to, for the system or for one of its Deployments.
pub struct Played {
    pub summary: Summary,
    /// The losses of its replications, if they are needed.
    pub losses: Vec<Loss>,
}

impl Played {
    fn nothing(model: &Model, study: &Study) -> Self {
        Self { summary: Summary::empty(model, &study.header.objective), losses: Vec::new() }
    }

    fn add(&mut self, index: u64, outcome: &Outcome, study: &Study) {
        self.summary.add(index, outcome);
        if study.keeps_values() {
            self.losses.push(Loss {
                downtime: micros(outcome.counted(Quantity::Downtime)),
                failed: micros(outcome.counted(Quantity::FailedRequests)),
                controls: outcome.controls.clone(),
            });
        }
    }
}

/// Plays a batch; `None` where it is given up.
pub fn play_batch<F>(
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
    let mut system = Played::nothing(&scenario.model, study);
    let mut workloads: Vec<Played> = Vec::new();
    for _ in 0..scenario.services() {
        workloads.push(Played::nothing(&scenario.model, study));
    }
    for index in replications {
        // A half-played replication is dropped whole, so nothing broken is seen after a panic.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let outcome = replicate(scenario.model_of(index), study.header.seed, index, &mut |share| {
                meter.reached(share);
                stop.goes_on()
            })?;
            system.add(index, &outcome, study);
            for (played, outcome) in workloads.iter_mut().zip(outcome.workloads()) {
                played.add(index, outcome, study);
            }
            Some(())
        }))
        .map_err(|panic| RunError::Panicked {
            scenario: scenario.name.clone(),
            seed: study.header.seed,
            index,
            message: message_of(&*panic),
        })?;
        meter.next();
        if outcome.is_none() || stop.goes_on().is_break() {
            return Ok(None);
        }
    }
    std::iter::once(&mut system).chain(&mut workloads).for_each(|played| played.summary.pack());
    Ok(Some(Batch { scenario: number, draw, end, system, workloads }))
}

/// A batch of every open scenario.
pub fn add_row(tallies: &mut [Tally], row: &[Batch], study: &Study) {
    let batch_of = |scenario| row.iter().find(|batch| batch.scenario == scenario);
    let base = (!study.header.sensitivity.is_empty()).then(|| batch_of(0)).flatten();
    for batch in row {
        let tally = &mut tallies[batch.scenario];
        let other = study.compared_with(batch.scenario).and_then(batch_of);
        add_played(tally, batch, &batch.system, other.map(|other| &other.system), base.map(|base| &base.system));
        let workloads = &study.scenarios[batch.scenario].model.workloads;
        for ((tally, ours), workload) in tally.workloads.iter_mut().zip(&batch.workloads).zip(workloads) {
            let same = |other: &'_ Batch| {
                let theirs = &study.scenarios[other.scenario].model.workloads;
                theirs.iter().position(|other| other.name == workload.name)
            };
            let of = |other: &'_ Batch| Some((other.scenario, same(other)?));
            let find = |found: Option<(usize, usize)>| {
                found.and_then(|(scenario, place)| batch_of(scenario)?.workloads.get(place))
            };
            add_played(tally, batch, ours, find(other.and_then(of)), find(base.and_then(of)));
        }
    }
}

/// What a batch brings to the tally of the system, or of the same Deployment.
fn add_played(tally: &mut Tally, batch: &Batch, ours: &Played, other: Option<&Played>, base: Option<&Played>) {
    tally.summary.merge(&ours.summary);
    if let Some(draw) = batch.draw {
        tally.draws[draw].add(&ours.summary);
    }
    let Some(other) = other else { return };
    for (ours, theirs) in ours.losses.iter().zip(&other.losses) {
        // Both meet the same faults: the controls of one do for the pair.
        let differences = [ours.downtime - theirs.downtime, ours.failed - theirs.failed];
        tally.differences.add((batch.end - 1) / BATCH, &differences, &theirs.controls);
    }
    if let Some(base) = base {
        tally.with_base.add(&ours.losses, &other.losses, &base.losses);
    }
}

/// The losses of a batch of every open scenario, replication by replication.
pub fn add_losses(race: &mut Race, row: &[Batch], metric: Metric) {
    let mut row: Vec<&Batch> = row.iter().collect();
    row.sort_by_key(|batch| batch.scenario);
    let replications = row.first().map_or(0, |batch| batch.system.losses.len());
    for replication in 0..replications {
        let loss = |batch: &&Batch| {
            let &Loss { downtime, failed, .. } = &batch.system.losses[replication];
            (batch.scenario, if metric == Metric::RequestSuccess { failed } else { downtime })
        };
        race.add(&row.iter().map(loss).collect::<Vec<_>>());
    }
}

/// The same batches whoever plays them; only the last may be shorter.
pub fn batches_of(replications: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = replications;
    (start..end).step_by(BATCH as usize).map(move |from| from..(from + BATCH).min(end))
}

/// Whether a batch belongs to this shard of an experiment.
pub fn is_in(shard: Shard, batch: &Range<u64>) -> bool {
    (batch.start / BATCH) % shard.of == shard.index
}
