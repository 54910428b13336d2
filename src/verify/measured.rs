//! Measured timings of a real Kubernetes against simulated ones, column by column.
//!
//! `models/measured/` holds the samples and says how they were taken. A column whose
//! samples set a latency of the set-up's cluster file is *fitted* and proves nothing; the
//! rest are *predicted*. A predicted row is inside where Holm's adjusted p over all of them
//! is at least 0.01, and the medians differ by at most 0.25 s or 5 %, or lie within the
//! 99 % band of the simulated sets.

mod bad_rollouts;
mod band;
mod columns;
mod data;
mod drains;
#[cfg(test)]
mod mutations;
mod placements;
mod record;
mod rollouts;
mod scenarios;
mod sets;
mod zone_skews;

pub use record::Record;

use super::Check;
use super::row::Kind;
use crate::cluster::{Mode, watch_unchecked};
use crate::model::Model;
use crate::time::{Duration, SimTime};

/// Plays one replication of a model for so many seconds, watched by a record: seed and index name its draws.
pub type Sampler<'s> = &'s (dyn Fn(&Model, u64, u64, Record, f64) -> Record + Sync);

const SEED: u64 = 36_000;

/// The simulator as it is. Every probe is played, as every request was logged.
fn simulate(model: &Model, seed: u64, index: u64, record: Record, until: f64) -> Record {
    watch_unchecked(model, seed, index, Mode::EveryProbe, SimTime::ZERO + Duration::from_secs_f64(until), record)
}

pub(super) fn checks() -> Vec<Check> {
    let check = |(i, scenario): (usize, scenarios::Scenario)| {
        let seed = SEED + i as u64;
        Check::new(scenario.name, Kind::Measured, move || sets::rows(&scenario, seed, &simulate, sets::SETS[2]))
    };
    let mut checks: Vec<Check> = scenarios::all().into_iter().enumerate().map(check).collect();
    checks.push(Check::new("placements", Kind::Measured, placements::rows));
    checks.push(Check::new("rollouts", Kind::Measured, rollouts::rows));
    checks.push(Check::new("bad rollouts", Kind::Measured, bad_rollouts::rows));
    checks.push(Check::new("zone skews", Kind::Measured, zone_skews::rows));
    checks.push(Check::new("drains", Kind::Measured, drains::rows));
    checks
}
