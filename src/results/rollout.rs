//! A rollout that was played once more to be shown, second by second: how many Pods of each revision there were, and which share
//! of the requests failed, as plain data, so that a report can draw it without a model.

use serde::{Deserialize, Serialize};

/// One rollout, played again: from just before the template changed until the last Pod that it takes away is gone. One that
/// brings a bad revision has its rollback with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolloutReplay {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the operation.
    pub operation: String,
    /// Name of the Deployment.
    pub deployment: String,
    /// The replication, from 0.
    pub replication: u64,
    /// Its revision, counted from 1 in each replication, as `kubectl rollout history` does.
    pub revision: u32,
    /// How many Pods the Deployment wants when the excerpt begins: what a scaling has set, else what the manifest says.
    pub replicas: u32,
    /// What is set while the excerpt lasts, by time; left out where nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scalings: Vec<Scaling>,
    /// Names of the faults and of the other operations that struck what it needs while it was under way: not all that fails need be
    /// the rollout's. Left out where there were none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meanwhile: Vec<String>,
    /// Where the excerpt begins, in seconds after the start of counting; negative before it.
    pub begins_s: f64,
    /// How long the excerpt is, in seconds.
    pub lasts_s: f64,
    /// When in the excerpt the template changes, in seconds.
    pub rollout_from_s: f64,
    /// How long it took until all Pods were of the new revision and available; after a rollback, of the old one again.
    pub took_s: f64,
    /// What was wrong with the new revision, if it was rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
    /// What is not shown because it would be too much, in words; left out where all is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// The Pods of the Deployment, by time: each count lasts until the next.
    pub pods: Vec<RevisionCounts>,
    /// When requests to the Deployment fail, by time; they succeed between.
    pub failing: Vec<FailingSpan>,
}

/// Another number of Pods is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// From when within the excerpt, in seconds.
    pub at_s: f64,
    /// How many.
    pub replicas: u32,
}

/// How a bad revision was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// Name of the flaw, as it stands among the causes.
    pub flaw: String,
    /// How long after the template changed it was found, and the old template was applied again.
    pub after_s: f64,
}

/// How many Pods there are from now on, by revision and state. Every revision before the new one is old.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RevisionCounts {
    /// From when within the excerpt, in seconds.
    pub at_s: f64,
    /// Old ones that are Ready and not being deleted.
    pub old_ready: u32,
    /// Old ones that are not Ready, or not any more.
    pub old_not_ready: u32,
    /// Old ones that have a deletion timestamp and are not gone.
    pub old_terminating: u32,
    /// New ones that are Ready and not being deleted.
    pub new_ready: u32,
    /// New ones that are not Ready yet, or not any more.
    pub new_not_ready: u32,
    /// New ones that have a deletion timestamp and are not gone.
    pub new_terminating: u32,
}

/// A time in which the same share of the requests fails.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FailingSpan {
    /// Its beginning within the excerpt, in seconds.
    pub from_s: f64,
    /// Its end.
    pub to_s: f64,
    /// The share of the requests to the Deployment that fails, above 0; 1 where no Pod is in rotation.
    pub failing_share: f64,
}
