//! What may be lost where nothing was seen.
//!
//! No outage in the time that was played does not mean that there is none. As a Poisson number, outages come at most 3.7
//! times in that time (the end of a two-sided 95 % interval). What one of them lasts is not known either; but one that has
//! not been seen needs things to coincide, and what coincides with something else is met in proportion to its length. So it is
//! reckoned with the length-biased mean of the longest law that can be at work, and with the longest recovery of a Pod
//! that was seen. Where a replication can lose no more than all its time, the bound is never above that of a share.

use serde::{Deserialize, Serialize};

use crate::experiment::tally::Summary;
use crate::model::Model;
use crate::random::Law;
use crate::stats::{most_events, most_of_all, twelve_digits};
use crate::time::Duration;

/// A Pod recovery where none was seen: longer than those of the shipped applications.
const RECOVERY: Duration = Duration::from_secs(600);

/// How long an outage lasts that needs a coincidence, by the laws of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coincidence {
    /// The length-biased mean of the longest law of the faults, cut at the horizon, in seconds; 0 without one.
    longest_law_s: f64,
}

impl Coincidence {
    /// The longest law of a model, and of those in which its uncertain parameters have been drawn.
    pub fn of(model: &Model, draws: &[Model]) -> Self {
        let models = std::iter::once(model).chain(draws);
        let laws = models.flat_map(|model| {
            let horizon = model.horizon.as_secs_f64();
            let biased = move |law: &Law| law.length_biased_mean(horizon);
            // What has no end of its own lasts until somebody has noticed and acted.
            let mended = model.on_call.iter().map(move |on_call| biased(&on_call.notices) + biased(&on_call.acts));
            model.faults.iter().filter_map(|fault| fault.lasts.as_ref()).map(biased).chain(mended)
        });
        // Parts of a run are compared, and may come from different machines.
        Self { longest_law_s: twelve_digits(laws.fold(0.0, f64::max)) }
    }

    /// The largest share of the time that may be lost where none was lost in the replications of `summary`.
    pub fn most_lost(self, summary: &Summary, horizon: Duration, confidence: f64) -> f64 {
        let played = summary.replications() as f64 * horizon.as_secs_f64();
        let lasts = self.longest_law_s + longest_recovery(summary, horizon).as_secs_f64();
        // None played: nothing is known.
        let by_events = if played > 0.0 { most_events(confidence) / played * lasts } else { 1.0 };
        by_events.min(most_of_all(summary.replications(), confidence))
    }
}

/// The longest recovery of a Pod; one without an end took all the time that there was.
fn longest_recovery(summary: &Summary, horizon: Duration) -> Duration {
    if summary.recoveries.iter().any(|recoveries| recoveries.lengths.endless() > 0) {
        return horizon;
    }
    let longest = summary.recoveries.iter().filter_map(|recoveries| recoveries.lengths.spans().max()).max();
    longest.map_or(RECOVERY, Duration::from_nanos)
}
