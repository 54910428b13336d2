//! Operations: how often, how long, and what each costs.

use super::distribution::distribution;
use super::scale::{MICROS, NANOS, Scale};
use crate::experiment::tally::{Charged, OperationSums, Summary};
use crate::results::{Estimate, OperationResult, OrderedMap};
use crate::stats::{Interval, Mean, amounts, counts, most_events, ratio, rests_on_few};

/// So many of all are taken for all.
const MOSTLY: f64 = 0.99;

/// Every operation, by its name.
pub fn operations(summary: &Summary, faults: &[String], scale: &Scale) -> OrderedMap<String, OperationResult> {
    let named = summary.operations.iter().map(|(number, sums)| (faults[*number].clone(), operation(sums, scale)));
    named.collect()
}

fn operation(sums: &OperationSums, scale: &Scale) -> OperationResult {
    let each = |charged: &Charged| each(charged, sums, scale).map(Estimate::rounded);
    OperationResult {
        per_year: scale.events(&sums.begun).rounded(),
        duration_s: distribution(&sums.lengths, scale.confidence),
        rolled_back_s: distribution(&sums.rolled_back, scale.confidence),
        superseded: sums.superseded,
        gave_up: sums.gave_up,
        left_uneven: sums.left_uneven,
        forced: sums.forced,
        nothing_to_evict: sums.nothing_to_evict(),
        skipped: sums.skipped,
        evictions_refused: sums.refused,
        least_serving: sums.least.clone(),
        downtime_s_each: each(&sums.downtime),
        failed_request_s_each: each(&sums.failed),
        short_s_each: each(&sums.short),
    }
}

/// Seconds that each of them costs that has something to do: the ratio of two means over the same replications.
fn each(charged: &Charged, sums: &OperationSums, scale: &Scale) -> Option<Estimate> {
    let at_work = &sums.at_work;
    let under = Mean { mean: at_work.mean(), interval: counts(at_work, scale.confidence)? };
    let mean = charged.sum as f64 / NANOS / at_work.sum() as f64;
    let Some(interval) = amounts(&charged.moments, scale.confidence) else {
        let high = scale.most_lost * scale.horizon.as_secs_f64() / under.mean;
        let high = most_unseen(sums, scale).map_or(high, |most| high.min(most));
        return Some(Estimate::within(mean, Interval { low: 0.0, high }, true));
    };
    let over = Mean { mean: charged.moments.mean(), interval };
    let Interval { low, high } = ratio(over, under, charged.correlation(at_work))?;
    let interval = Interval { low: (low / MICROS).max(0.0), high: high / MICROS };
    Some(Estimate { rests_on_few: rests_on_few(&charged.moments), ..Estimate::within(mean, interval, false) })
}

/// None of them has cost anything: what may have been missed is the cost of a few of them, and one that is completed costs no more
/// than the time that it takes. `None` where more than a few were not completed.
fn most_unseen(sums: &OperationSums, scale: &Scale) -> Option<f64> {
    let (completed, all) = (sums.lengths.spans().count() as f64, sums.at_work.sum() as f64);
    let longest = sums.lengths.spans().max().filter(|_| completed >= MOSTLY * all)?;
    Some(most_events(scale.confidence) / completed * longest as f64 / NANOS)
}
