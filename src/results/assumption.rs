//! What an answer rests on that nobody has stated, and how much of it hangs on each such guess.

use serde::{Deserialize, Serialize};

use super::difference::Difference;
use super::estimate::Estimate;
use super::scenario::ScenarioResult;
use crate::study::Metric;

/// Something that was not stated, so a guess stands in for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guess {
    /// What it is about.
    pub about: About,
    /// The bundled model, or the faults, that were assumed.
    pub names: Vec<String>,
    /// What they say, in words.
    pub assumed: String,
    /// The sign in the manifest that it was guessed from; `null` for what is assumed of every manifest.
    pub guessed_from: Option<String>,
    /// What was played in its place to see how much hangs on it; `null` where the faults were left out.
    pub instead: Option<String>,
    /// The flags that state it.
    pub flags: Vec<String>,
}

/// What a guess is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// What all replicas depend on, and how it fails.
    SharedDependency,
    /// How the application starts, stops and answers its probes.
    Application,
    /// How single containers fail.
    ContainerFaults,
    /// How Nodes and zones fail.
    NodeFaults,
    /// Zones, Nodes, and what becomes of dead ones.
    Cluster,
    /// How often there is a new release.
    Releases,
    /// How often all Nodes get a new image.
    NodeImages,
    /// Who mends what nothing else mends, and how soon.
    OnCall,
}

/// A guess, and what the answer is with something else in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assumption {
    /// The guess.
    #[serde(flatten)]
    pub guess: Guess,
    /// Replications in which both were played, under the same faults.
    pub replications: u64,
    /// Availability with the other in its place.
    pub availability: Estimate,
    /// Downtime with the other in its place, in seconds a year.
    pub downtime_s_per_year: Estimate,
    /// Failed requests with the other in its place, in seconds of full traffic a year.
    pub failed_request_s_per_year: Estimate,
    /// That less the answer, a paired difference.
    pub difference: Difference,
}

impl Assumption {
    /// A guess and the scenario that has something else in its place; `None` if that was compared with nothing.
    pub fn of(guess: Guess, scenario: &ScenarioResult) -> Option<Self> {
        Some(Self {
            guess,
            replications: scenario.replications,
            availability: scenario.estimates[Metric::Availability],
            downtime_s_per_year: scenario.estimates[Metric::Downtime],
            failed_request_s_per_year: scenario.estimates[Metric::FailedRequests],
            difference: scenario.difference_to_baseline?,
        })
    }

    /// Puts those first on which the most downtime hangs, as far as chance alone does not explain it, and among equals those on
    /// which the most failed requests do.
    pub fn sort(assumptions: &mut [Self]) {
        let size = |difference: &Estimate| if difference.is_told_apart() { difference.mean.abs() } else { 0.0 };
        let weight =
            |one: &Self| (size(&one.difference.downtime_s_per_year), size(&one.difference.failed_request_s_per_year));
        assumptions.sort_by(|a, b| {
            let (a, b) = (weight(a), weight(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
    }
}
