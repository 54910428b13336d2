//! Faults as a report shows them.

use serde::{Deserialize, Serialize};

use crate::model::Fault;
use crate::stats::twelve_digits;

/// A fault, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultInfo {
    /// Its name.
    pub name: String,
    /// What it strikes and how, in words: `container crash`, `zone isolation`.
    pub strikes: String,
    /// Mean time in service between occurrences, in seconds; `null` for an entry of the script.
    pub every_mean_s: Option<f64>,
    /// Mean duration in seconds; `null` if it lasts until the restart.
    pub lasts_mean_s: Option<f64>,
    /// Where the numbers come from.
    pub source: String,
}

impl FaultInfo {
    /// What a result tells of this fault.
    pub fn of(fault: &Fault) -> Self {
        Self {
            name: fault.name.clone(),
            strikes: fault.strikes.to_string(),
            every_mean_s: fault.every_mean().map(twelve_digits),
            lasts_mean_s: fault.lasts.as_ref().map(|law| twelve_digits(law.mean())),
            source: fault.source.clone(),
        }
    }
}
