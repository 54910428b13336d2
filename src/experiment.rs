//! Experiments: many replications of many scenarios, merged exactly.

mod answer;
mod assumption;
mod batches;
pub mod comparison;
mod controls;
mod division;
mod drive;
mod estimates;
mod examples;
mod excerpt;
mod ledger;
mod measure;
mod ordered_map;
mod outcome;
mod overflow;
#[expect(clippy::disallowed_types, reason = "a forecast of the time left; no number of an answer")]
mod pace;
mod played;
mod precision;
mod removal;
mod replay;
mod result;
#[expect(clippy::disallowed_types, reason = "how often the progress is told; no number of an answer")]
mod runner;
#[cfg(test)]
mod sample;
mod selection;
mod sensitivity;
mod summary;
mod target;
mod timeline;
mod uncertainty;
mod unseen;
mod validity;
mod windows;

pub use crate::stats::Standing;
pub use assumption::{About, Assumption, Guess};
pub use comparison::{Comparison, ManifestFinding};
pub use drive::{Play, Watcher, drive, replicate, replicate_watched};
pub use estimates::Estimates;
pub use excerpt::MOST_WITH_HISTOGRAMS;
pub use measure::Measures;
pub use ordered_map::OrderedMap;
pub use outcome::Outcome;
pub use pace::{Forecast, Pace};
pub use played::{Played, Share, Unlike};
pub use removal::{Removal, add_removals, loss_in_question, replications_of_removals};
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
pub use timeline::{Delivering, Entry, Look, Outage, PodLife, Recorder, Timeline, Trace, Who, trace};
pub use uncertainty::{Spread, Uncertainty};
pub use validity::Invalid;
