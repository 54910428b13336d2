//! Experiments: many replications of many scenarios, merged exactly.
//!
//! A pipeline, each stage of which knows only those before it:
//!
//! ```text
//! drive ──▶ measure ──▶ Outcome ──tally──▶ sums ──estimate──▶ results
//!    one replication      └──────────── play: batches, stopping, search, checkpoints, shards ────────────┘
//! ```
//!
//! `trace` drives a replication like any other and writes down what it shows.

mod burn;
mod control_variates;
mod division;
mod drive;
mod estimate;
mod examples;
mod ledger;
mod measure;
mod outcome;
mod overflow;
mod panics;
mod play;
mod requests;
#[cfg(test)]
mod sample;
mod tally;
mod trace;
mod windows;

pub use drive::{Watcher, replicate, replicate_beside, replicate_watched};
pub use measure::Measures;
pub use outcome::Outcome;
pub use play::{
    Checkpoint, Forecast, Options, Pace, Progress, RunError, Shard, Unlike, add_removals, play,
    replications_of_removals, run, unplayed,
};
pub use tally::Summary;
pub use trace::{Recorder, Trace, trace};
