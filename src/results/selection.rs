//! How scenarios stand in a search for the best one.

use serde::{Deserialize, Serialize};

use crate::stats::Standing;
use crate::study::Wanted;

/// What a search for the best scenario has come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelectionResult {
    /// What was looked for.
    pub goal: Wanted,
    /// Differences that do not matter, in seconds a year of downtime or of failed requests, as the objective's metric is.
    pub indifference_s_per_year: f64,
    /// Whether the search came to its end: then with the confidence of the experiment no other scenario is better by
    /// more than the indifference zone.
    pub decided: bool,
    /// The one that was chosen, by name; the best so far if nothing is decided, `null` if none meets the objective.
    pub chosen: Option<String>,
    /// How each scenario stands, in their order.
    pub standings: Vec<ScenarioStanding>,
}

/// How a scenario stands in a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioStanding {
    /// The scenario.
    pub scenario: String,
    /// How it stands.
    pub standing: Standing,
}
