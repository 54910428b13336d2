//! Targets: what the run passes or fails by, answered before the numbers.

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use crate::study::{Bound, Goal, Metric};

/// A target and how a scenario stands to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The scenario.
    pub scenario: String,
    /// What is bounded.
    pub metric: Metric,
    /// The least that the metric may be; `null` if `at_most` bounds it.
    pub at_least: Option<f64>,
    /// The most that it may be.
    pub at_most: Option<f64>,
    /// How it stands.
    pub verdict: Verdict,
}

/// How a scenario stands to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The whole interval lies on the right side.
    Pass,
    /// The whole interval lies on the wrong side.
    Fail,
    /// The target lies within the interval: more replications may tell.
    Undecided,
}

impl Target {
    /// How the scenario of this name stands to `goal` with this estimate of its metric.
    pub fn of(goal: &Goal, scenario: &str, estimate: &Estimate) -> Self {
        let (at_least, at_most) = match goal.bound {
            Bound::AtLeast(bound) => (Some(bound), None),
            Bound::AtMost(bound) => (None, Some(bound)),
        };
        let verdict = verdict(estimate, at_least, at_most);
        Self { scenario: scenario.to_owned(), metric: goal.metric, at_least, at_most, verdict }
    }
}

fn verdict(estimate: &Estimate, at_least: Option<f64>, at_most: Option<f64>) -> Verdict {
    let (least, most) = (at_least.unwrap_or(f64::NEG_INFINITY), at_most.unwrap_or(f64::INFINITY));
    if estimate.low >= least && estimate.high <= most {
        Verdict::Pass
    } else if estimate.high < least || estimate.low > most {
        Verdict::Fail
    } else {
        Verdict::Undecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_interval_must_lie_on_one_side() {
        let estimate = Estimate { mean: 0.5, low: 0.4, high: 0.6, bound: false, rests_on_few: false };
        assert_eq!(verdict(&estimate, Some(0.4), None), Verdict::Pass);
        assert_eq!(verdict(&estimate, Some(0.5), None), Verdict::Undecided);
        assert_eq!(verdict(&estimate, Some(0.61), None), Verdict::Fail);
        assert_eq!(verdict(&estimate, None, Some(0.6)), Verdict::Pass);
        assert_eq!(verdict(&estimate, None, Some(0.39)), Verdict::Fail);
    }
}
