//! Experiments: many replications of many scenarios, merged exactly.

mod by_name;
mod drive;
mod ledger;
mod measure;
mod outcome;
mod result;
mod summary;

pub use by_name::ByName;
pub use drive::{Play, drive};
pub use measure::Measures;
pub use outcome::Outcome;
pub use result::{
    Attribution, Detection, Difference, Distribution, Estimate, ExperimentResult, FalsePositives, FaultInfo, Objective,
    PodRecovery, ScenarioResult,
};
pub use summary::Summary;
