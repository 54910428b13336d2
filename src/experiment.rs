//! Experiments: many replications of many scenarios, merged exactly.

mod answer;
mod batches;
mod by_name;
pub mod comparison;
mod controls;
mod drive;
mod estimates;
mod examples;
pub mod fit;
mod ledger;
mod measure;
mod outcome;
mod played;
mod precision;
mod replay;
mod result;
mod runner;
#[cfg(test)]
mod sample;
mod selection;
mod sensitivity;
mod summary;
mod target;
mod timeline;
mod uncertainty;
mod windows;

pub use crate::cluster::Target as FaultTarget;
pub use crate::cluster::{Endpoint, Exit, Happening, Observation, Phase, Reply, SkippedProbes, Stored};
pub use crate::stats::Standing;
pub use by_name::ByName;
pub use comparison::{Comparison, ManifestFinding};
pub use drive::{Play, drive, replicate};
pub use estimates::Estimates;
pub use measure::Measures;
pub use outcome::Outcome;
pub use played::{Played, Share, Unlike};
pub use replay::{Group, Lane, Mark, OutageExample, Replay, Span, Tone};
pub use result::{
    Attribution, Detection, Difference, Distribution, Estimate, ExperimentResult, FaultInfo, PodRecovery, Quantile,
    ScenarioResult, WindowLoss, WindowsResult,
};
pub use runner::{Options, Progress, RunError, play, run, unplayed};
pub use selection::{ScenarioStanding, SelectionResult};
pub use sensitivity::{Response, Sensitivity};
pub use summary::Summary;
pub use target::{Target, Verdict};
pub use timeline::{Entry, Look, Outage, PodLife, Recorder, Timeline, Trace, Who, trace};
pub use uncertainty::{Spread, Uncertainty};
