//! Fault models and laws as hasim writes them for people to go on with.

use serde::Serialize;
use serde_json::Value as Json;

use crate::study::API_VERSION;
use crate::to_yaml::{self, Commented, SpaceAfter};

/// A `FaultModel`, in the order in which files have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrittenFaultModel {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Metadata {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Spec {
    faults: Vec<SpaceAfter<WrittenFault>>,
}

/// A fault of a `FaultModel`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrittenFault {
    /// Its name.
    pub name: String,
    /// What it strikes.
    pub target: String,
    /// How.
    pub mode: String,
    /// Who sees it; left out where everybody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affects: Option<Json>,
    /// The time in service between occurrences, with a comment.
    pub every: Commented<WrittenLaw>,
    /// How long it lasts, with a comment; left out where it has no end of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Commented<WrittenLaw>>,
    /// Where the numbers come from.
    pub source: String,
}

/// A law as files have it. Spans of time are texts, such as `4.2m`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WrittenLaw {
    /// Always as long.
    Fixed(String),
    /// An exponential law, by its mean.
    Exponential {
        /// The mean.
        mean: String,
    },
    /// An exponential law, by a rate that is not known exactly.
    #[serde(rename = "exponential")]
    Rate {
        /// Occurrences in a year.
        #[serde(rename = "perYear")]
        per_year: WrittenRate,
    },
    /// A Weibull law, by shape and scale.
    Weibull {
        /// The shape.
        shape: f64,
        /// The scale.
        scale: String,
    },
    /// By median and σ.
    LogNormal {
        /// The median.
        median: String,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// A gamma law, by shape and mean.
    Gamma {
        /// The shape.
        shape: f64,
        /// The mean.
        mean: String,
    },
    /// One of several, by weight.
    Mixture(Vec<WrittenPart>),
    /// A law as another file states it.
    #[serde(untagged)]
    Copied(Json),
}

/// A part of a mixture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrittenPart {
    /// How likely it is, relative to the others.
    pub weight: u64,
    /// Its law.
    #[serde(flatten)]
    pub law: WrittenLaw,
}

/// A rate as far as a count tells it: a gamma law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WrittenRate {
    /// Gamma.
    Gamma {
        /// The shape.
        shape: f64,
        /// The mean.
        mean: f64,
    },
}

impl WrittenFaultModel {
    /// A model of this name.
    pub fn new(name: &str, faults: Vec<WrittenFault>) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "FaultModel",
            metadata: Metadata { name: name.to_owned() },
            spec: Spec { faults: faults.into_iter().map(SpaceAfter).collect() },
        }
    }

    /// The text of its file.
    ///
    /// # Panics
    /// Never: all in it has a YAML form.
    pub fn to_yaml(&self) -> String {
        to_yaml::document(self)
    }
}

impl WrittenLaw {
    /// The law in one line, to paste: `{exponential: {mean: 30d}}`.
    ///
    /// # Panics
    /// Never: all in it has a YAML form.
    pub fn in_one_line(&self) -> String {
        to_yaml::in_one_line(serde_json::to_value(self).expect("a law has a JSON form"))
    }

    /// The law with a comment, which ends its line.
    pub fn noted(self, comment: String) -> Commented<Self> {
        Commented(self, comment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Snapshot: one line for pasting, mixtures included.
    #[test]
    fn laws_are_written_in_one_line() {
        let exponential = WrittenLaw::Exponential { mean: "30d".to_owned() };
        assert_eq!(exponential.in_one_line(), "{exponential: {mean: 30d}}");
        let lognormal = WrittenLaw::LogNormal { median: "4.2m".to_owned(), sigma: 1.25 };
        assert_eq!(lognormal.in_one_line(), "{lognormal: {median: 4.2m, sigma: 1.25}}");
        let zeros = WrittenPart { weight: 2, law: WrittenLaw::Fixed("0s".to_owned()) };
        let mixture = WrittenLaw::Mixture(vec![zeros, WrittenPart { weight: 5, law: lognormal }]);
        let text = "{mixture: [{weight: 2, fixed: 0s}, {weight: 5, lognormal: {median: 4.2m, sigma: 1.25}}]}";
        assert_eq!(mixture.in_one_line(), text);
    }
}
