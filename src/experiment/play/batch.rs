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
    pub summary: Summary,
    /// The losses of its replications, if they are needed.
    pub losses: Vec<Loss>,
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
    let mut summary = Summary::empty(&scenario.model, &study.header.objective);
    let mut losses = Vec::new();
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
            losses.push(Loss {
                downtime: micros(outcome.counted(Quantity::Downtime)),
                failed: micros(outcome.counted(Quantity::FailedRequests)),
                controls: outcome.controls,
            });
        }
    }
    summary.pack();
    Ok(Some(Batch { scenario: number, draw, end, summary, losses }))
}

/// A batch of every open scenario.
pub fn add_row(tallies: &mut [Tally], row: &[Batch], study: &Study) {
    let losses_of = |scenario| row.iter().find(|batch| batch.scenario == scenario).map(|batch| &batch.losses);
    let base = (!study.header.sensitivity.is_empty()).then(|| losses_of(0)).flatten();
    for batch in row {
        let tally = &mut tallies[batch.scenario];
        tally.summary.merge(&batch.summary);
        if let Some(draw) = batch.draw {
            tally.draws[draw].add(&batch.summary);
        }
        let Some(theirs) = study.compared_with(batch.scenario).and_then(losses_of) else { continue };
        for (ours, theirs) in batch.losses.iter().zip(theirs) {
            // Both meet the same faults: the controls of one do for the pair.
            let differences = [ours.downtime - theirs.downtime, ours.failed - theirs.failed];
            tally.differences.add((batch.end - 1) / BATCH, &differences, &theirs.controls);
        }
        if let Some(base) = base {
            tally.with_base.add(&batch.losses, theirs, base);
        }
    }
}

/// The losses of a batch of every open scenario, replication by replication.
pub fn add_losses(race: &mut Race, row: &[Batch], metric: Metric) {
    let mut row: Vec<&Batch> = row.iter().collect();
    row.sort_by_key(|batch| batch.scenario);
    let replications = row.first().map_or(0, |batch| batch.losses.len());
    for replication in 0..replications {
        let loss = |batch: &&Batch| {
            let &Loss { downtime, failed, .. } = &batch.losses[replication];
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
