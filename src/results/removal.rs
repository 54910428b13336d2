//! What the removal of a cause would bring.

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;

/// What one cause fewer would bring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    /// The fault that is removed.
    pub fault: String,
    /// Pairs that were played.
    pub replications: u64,
    /// Seconds of downtime a year in these replications with the fault: what is saved is a part of it.
    pub downtime_s_per_year: f64,
    /// Failed requests a year in these replications with the fault, in seconds of full traffic.
    pub failed_request_s_per_year: f64,
    /// Seconds of downtime a year that would be saved; negative where it would be more.
    pub downtime_saved_s_per_year: Estimate,
    /// Failed requests a year that would be saved, in seconds of full traffic.
    pub failed_request_saved_s_per_year: Estimate,
    /// Of [the loss in question](super::ScenarioResult::loss_in_question), surely less than half of what is charged to the fault would be saved.
    pub saves_little: bool,
}
