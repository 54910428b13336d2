//! What an answer says of an operation: a change that is made on purpose.

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use super::estimate::Estimate;

/// One operation, each time that it began in the counted window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationResult {
    /// How often a year it begins.
    pub per_year: Estimate,
    /// From its beginning until it is complete; `count` are those that were completed, `censored` those of which the end was not
    /// seen. A drain that found no Pod on its Node is none of them.
    pub duration_s: Distribution,
    /// Of those that brought a revision that was bad, and were rolled back: from the beginning until the last good revision was
    /// available everywhere again.
    #[serde(default)]
    pub rolled_back_s: Distribution,
    /// How many were not completed, as another one took their place.
    pub superseded: u64,
    /// How many gave up: a drain that reached its timeout, or met a Pod of two budgets.
    #[serde(default)]
    pub gave_up: u64,
    /// How many left the Pods of a Deployment uneven over the zones at their end: two more in one zone than in another, or more. Those
    /// that were superseded are none of them.
    #[serde(default)]
    pub left_uneven: u64,
    /// How many of those that were completed took Pods that had not left their Node with its machine: a Node that was withdrawn when
    /// its notice ended.
    #[serde(default)]
    pub forced: u64,
    /// How many drains and withdrawals found no Pod on their Node. They count for `per_year`, and for nothing else.
    #[serde(default)]
    pub nothing_to_evict: u64,
    /// How many were due and did not begin, as their Node was away, being drained already or could not be spared, or the
    /// Deployment was paused. They count for nothing else.
    #[serde(default)]
    pub skipped: u64,
    /// How many evictions a `PodDisruptionBudget` refused.
    #[serde(default)]
    pub evictions_refused: u64,
    /// By a number of Pods of the Deployment, or of that which had the fewest, from 0: how often so few of them served in
    /// rotation at the least. Those that were superseded are none of them.
    pub least_serving: Vec<u64>,
    /// Seconds of downtime that each costs that has something to do: what is charged to it and to what it brings that is bad, over
    /// how many there are. Left out where they are too few to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downtime_s_each: Option<Estimate>,
    /// Seconds of full traffic that fail for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_request_s_each: Option<Estimate>,
    /// Seconds of each in which fewer Pods served in rotation than the Deployment had replicas at the moment, whatever the reason: of any
    /// Deployment, where it concerns all. Those that were superseded are among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_s_each: Option<Estimate>,
}

impl OperationResult {
    /// How often it began and had something to do.
    pub fn at_work(&self) -> u64 {
        self.duration_s.count + self.duration_s.censored + self.superseded + self.rolled_back_s.count + self.gave_up
    }

    /// How often it began.
    pub fn begun(&self) -> u64 {
        self.at_work() + self.nothing_to_evict
    }

    /// Most of those that had something to do are not completed: they give up, or wait to the end. What another one overtakes, or what is rolled
    /// back, does not count.
    pub fn is_blocked(&self) -> bool {
        2 * (self.gave_up + self.duration_s.censored) > self.at_work()
    }

    /// The fewest Pods that served in rotation, in half of them.
    pub fn median_least_serving(&self) -> Option<usize> {
        let all: u64 = self.least_serving.iter().sum();
        let mut before = 0;
        self.least_serving.iter().position(|count| {
            before += count;
            2 * before > all
        })
    }

    /// The fewest Pods that served in rotation during any of them.
    pub fn fewest_serving(&self) -> Option<usize> {
        self.least_serving.iter().position(|&count| count > 0)
    }

    /// How many of those that were looked at to their end had no Pod that served in rotation at some time.
    pub fn share_without_any(&self) -> Option<f64> {
        let all: u64 = self.least_serving.iter().sum();
        (all > 0).then(|| self.least_serving[0] as f64 / all as f64)
    }
}
