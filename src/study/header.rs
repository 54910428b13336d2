//! The question as files keep it: all of a study but its models.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::objective::{Goal, Objective};
use super::parameter::Parameter;
use super::stopping::Stopping;

/// The `apiVersion` of all files of hasim.
pub const API_VERSION: &str = "hasim/v1";
/// The `kind` of a `results.json`: an answer that holds its question, so it can be played again.
pub const RESULTS_KIND: &str = "Results";

/// What an experiment asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyHeader {
    /// Name of the experiment; fit for a file name.
    pub name: String,
    /// What it asks, in words, if it says so. Left out if not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Seed of all random streams.
    pub seed: u64,
    /// Confidence level of every interval.
    pub confidence: f64,
    /// When enough has been played.
    pub stopping: Stopping,
    /// What the service must achieve.
    pub objective: Objective,
    /// `targets`: the run passes or fails by them.
    pub goals: Vec<Goal>,
    /// The keys of the scenarios' parameters, in the order of the file (`candidate` first where there are some).
    pub varied: Vec<String>,
    /// The scenarios are Deployments that are each played alone on the same cluster under the same shocks: none is an
    /// alternative to another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub each_alone: bool,
    /// The scenario that others are compared with.
    pub baseline: Option<usize>,
    /// With `sensitivity`: every parameter and its two scenarios, which follow the only one of the grid.
    pub sensitivity: Vec<Parameter>,
    /// Warnings and notes as sentences without places: what the model leaves out or assumes.
    pub notes: Vec<String>,
    /// The resolved documents, without the paths of their files.
    pub inputs: Json,
}

/// For which scenarios the removal of the largest causes is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Without {
    /// For no scenario.
    Off,
    /// For the baseline, the recommended scenario, and the only one.
    #[default]
    Featured,
    /// For every scenario.
    All,
}
