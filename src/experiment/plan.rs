//! The question, resolved: scenarios with their models, and when to stop.

use serde_json::{Map, Value};

use super::result::Objective;
use crate::model::Model;
use crate::spec::{Goal, Stopping, Study};

/// One experiment, ready to be played.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Seed of all its chance.
    pub seed: u64,
    /// Confidence level of every interval, for example 0.95.
    pub confidence: f64,
    /// How many replications.
    pub stop: Stop,
    /// What the service must achieve.
    pub objective: Objective,
    /// The keys of `vary`, in the order of the file.
    pub varied: Vec<String>,
    /// The scenario that others are compared with.
    pub baseline: Option<usize>,
    /// What every scenario must meet for the run to pass.
    pub goals: Vec<Goal>,
    /// At least one; all with the same horizon and warm-up.
    pub scenarios: Vec<Scenario>,
    /// What is in the inputs and not in the model, and what was assumed; each a sentence.
    pub notes: Vec<String>,
    /// The resolved inputs: enough to repeat the run.
    pub inputs: Value,
}

/// One choice of parameters.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name, unique in the plan.
    pub name: String,
    /// The value of every varied key.
    pub parameters: Map<String, Value>,
    /// The system.
    pub model: Model,
}

/// How many replications are played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// So many of each scenario.
    Fixed(u64),
    /// Until each scenario is known well enough.
    Precision(Precision),
}

/// A target for the width of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Of what.
    pub metric: Metric,
    /// Half the width of the interval as a part of the mean (of the downtime or the failed share, never of 0.999…).
    pub relative: f64,
    /// No scenario is played more often than this.
    pub max_replications: u64,
}

/// What a precision may be asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The downtime: `availability` or `downtime_s_per_year`.
    Downtime,
    /// The failed requests: `request_success` or `failed_request_s_per_year`.
    FailedRequests,
    /// `outages_per_year`.
    Outages,
    /// `restarts_per_year`.
    Restarts,
}

impl Plan {
    /// The question of an experiment file, whose scenarios are complete.
    pub fn of(study: Study) -> Self {
        Self {
            name: study.name,
            seed: study.seed,
            confidence: study.confidence,
            stop: match study.stopping {
                Stopping::Replications(n) => Stop::Fixed(n),
                Stopping::Precision(wanted) => Stop::Precision(Precision {
                    metric: Metric::of_key(&wanted.metric).expect("a valid experiment names a known metric"),
                    relative: wanted.relative,
                    max_replications: wanted.max_replications,
                }),
            },
            objective: Objective {
                min_serving: study.objective.min_serving,
                metric: study.objective.metric,
                slo: study.objective.slo,
            },
            goals: study.goals,
            varied: study.varied,
            baseline: study.baseline,
            scenarios: study
                .scenarios
                .into_iter()
                .map(|s| Scenario { name: s.name, parameters: s.parameters, model: s.model })
                .collect(),
            notes: study.notes,
            inputs: study.inputs,
        }
    }
}

impl Metric {
    /// Every key of `results.json` that a precision may be asked of.
    pub const KEYS: [&str; 6] = [
        "availability",
        "request_success",
        "downtime_s_per_year",
        "failed_request_s_per_year",
        "outages_per_year",
        "restarts_per_year",
    ];

    /// The metric behind a key of `results.json`.
    pub fn of_key(key: &str) -> Option<Self> {
        match key {
            "availability" | "downtime_s_per_year" => Some(Self::Downtime),
            "request_success" | "failed_request_s_per_year" => Some(Self::FailedRequests),
            "outages_per_year" => Some(Self::Outages),
            "restarts_per_year" => Some(Self::Restarts),
            _ => None,
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Downtime => "the downtime",
            Self::FailedRequests => "the failed requests",
            Self::Outages => "the number of outages",
            Self::Restarts => "the number of restarts",
        }
    }
}
