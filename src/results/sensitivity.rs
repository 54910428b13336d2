//! How much depends on a parameter.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::estimate::Estimate;

/// A parameter and what hangs on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// Its path, as in `vary`.
    pub key: String,
    /// Its value as written, or by default.
    pub base: Value,
    /// The lesser value that was played; the base where less is not allowed.
    pub low: Value,
    /// The greater one.
    pub high: Value,
    /// It is a whole number, which changes by steps: read the change.
    pub whole: bool,
    /// The response of the downtime.
    pub downtime: Response,
    /// The response of the failed requests.
    pub failed: Response,
}

/// What a loss does when a parameter is changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// By how many percent it grows for each percent of the parameter; `null` where nothing was lost, or so rarely that
    /// there is no interval, where no pair differed, or where the parameter is 0.
    pub elasticity: Option<Estimate>,
    /// The loss at the greater value less that at the lesser, in seconds a year.
    pub change_s_per_year: Estimate,
    /// The loss itself at the lesser and at the greater value, in seconds a year.
    pub at_s_per_year: [f64; 2],
}
