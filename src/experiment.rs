//! Experiments: many replications of many scenarios, merged exactly.

mod by_name;
mod result;

pub use by_name::ByName;
pub use result::{
    Attribution, Detection, Difference, Distribution, Estimate, ExperimentResult, FalsePositives, FaultInfo, Objective,
    PodRecovery, ScenarioResult,
};
