//! Results: what `results.json` holds. Types, how they are read and written, and what follows from them alone.
//!
//! An experiment makes them, reports draw them. An [`ExperimentResult`] holds a [`ScenarioResult`] for each scenario, and this
//! one [`Estimate`] for each metric; causes and phases keep their types. [`ExperimentResult::validate`] judges files of which
//! nobody knows where they come from.

mod assumption;
pub mod comparison;
mod difference;
mod distribution;
mod estimate;
mod estimates;
mod experiment;
mod fault;
mod load;
mod operation;
mod ordered_map;
mod removal;
mod replay;
mod rollout;
mod scenario;
mod selection;
mod sensitivity;
mod target;
mod uncertainty;
mod validity;
mod windows;

pub use crate::stats::Standing;
pub use assumption::{About, Assumption, Guess};
pub use comparison::{Comparison, ManifestFinding};
pub use difference::Difference;
pub use distribution::{Distribution, Quantile};
pub use estimate::Estimate;
pub use estimates::Estimates;
pub use experiment::{ExperimentResult, MOST_WITH_HISTOGRAMS, contenders};
pub use fault::{BadInfo, FaultInfo, FlawInfo, OperationInfo};
pub use load::{AutoscalerResult, LoadMoment, LoadReplay, LoadResult};
pub use operation::OperationResult;
pub use ordered_map::OrderedMap;
pub use removal::Removal;
pub use replay::{Group, Lane, Mark, OutageExample, Replay, Span, Tone};
pub use rollout::{FailingSpan, RevisionCounts, Rollback, RolloutReplay, Scaling};
pub use scenario::{Attribution, Detection, PodRecovery, ScenarioResult};
pub use selection::{ScenarioStanding, SelectionResult};
pub use sensitivity::{Response, Sensitivity};
pub use target::{Target, Verdict};
pub use uncertainty::{Spread, Uncertainty};
pub use validity::Invalid;
pub use windows::{Alert, WindowLoss, WindowsResult};
