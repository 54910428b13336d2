//! What must serve for a system to be available.

use smallvec::{SmallVec, smallvec};

use crate::ids::WorkloadId;

/// A condition on how many Pods of each Deployment serve in rotation. A Deployment stands in it at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// So many Pods of a Deployment.
    Pods {
        /// Whose.
        workload: WorkloadId,
        /// 1 or more.
        at_least: u32,
    },
    /// So many of the parts are met: all of them, any of them, or some.
    Parts {
        /// From 1 to the number of parts.
        at_least: usize,
        /// What is required.
        parts: Vec<Requirement>,
    },
}

impl Requirement {
    /// All of these.
    pub fn all(parts: Vec<Self>) -> Self {
        Self::Parts { at_least: parts.len(), parts }
    }

    /// Any of these.
    pub fn any(parts: Vec<Self>) -> Self {
        Self::Parts { at_least: 1, parts }
    }

    /// The Deployments that it names, each with how many Pods it asks of it, in the order of the text.
    pub fn workloads(&self) -> Vec<(WorkloadId, u32)> {
        match self {
            Self::Pods { workload, at_least } => vec![(*workload, *at_least)],
            Self::Parts { parts, .. } => parts.iter().flat_map(Self::workloads).collect(),
        }
    }

    /// The probability that it is met where each Deployment has what it asks with probability `p` of its own, independently
    /// of the others. With 0 and 1 it tells whether it is met.
    pub fn probability(&self, p: &impl Fn(WorkloadId) -> f64) -> f64 {
        match self {
            Self::Pods { workload, .. } => p(*workload),
            Self::Parts { at_least, parts } => {
                // By how many of the parts so far are met, up to as many as it takes; from those alone that the parts which
                // are left can bring up to it. Where all are asked for, this is one product.
                let mut met: SmallVec<[f64; 8]> = smallvec![0.0; at_least + 1];
                met[0] = 1.0;
                for (place, part) in parts.iter().enumerate() {
                    let q = part.probability(p);
                    let can_do = (at_least + place + 1).saturating_sub(parts.len());
                    met[*at_least] += met[at_least - 1] * q;
                    for count in (can_do.max(1)..(*at_least).min(place + 2)).rev() {
                        met[count] += (met[count - 1] - met[count]) * q;
                    }
                    met[0] *= 1.0 - q;
                }
                met[*at_least]
            }
        }
    }

    /// Whether it is met where each Deployment has, or has not, what it asks.
    pub fn is_met(&self, has: &impl Fn(WorkloadId) -> bool) -> bool {
        match self {
            Self::Pods { workload, .. } => has(*workload),
            Self::Parts { at_least, parts } => parts.iter().filter(|part| part.is_met(has)).count() >= *at_least,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_independent_parts() {
        let pods = |workload| Requirement::Pods { workload: WorkloadId::new(workload), at_least: 1 };
        let three = || (0..3).map(pods).collect::<Vec<_>>();
        let p = |workload: WorkloadId| [0.9, 0.5, 0.2][workload.index()];
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} is not {b}");
        close(Requirement::all(three()).probability(&p), 0.9 * 0.5 * 0.2);
        close(Requirement::any(three()).probability(&p), 1.0 - 0.1 * 0.5 * 0.8);
        let two = Requirement::Parts { at_least: 2, parts: three() };
        close(two.probability(&p), 0.9 * 0.5 * 0.8 + 2.0 * (0.9 * 0.5 * 0.2) + 0.1 * 0.5 * 0.2);
        let nested = Requirement::any(vec![Requirement::all(vec![pods(0), pods(1)]), pods(2)]);
        close(nested.probability(&p), 1.0 - (1.0 - 0.45) * 0.8);
        let most = Requirement::Parts { at_least: 5, parts: (0..7).map(pods).collect() };
        close(
            most.probability(&|_| 0.8),
            21.0 * 0.8_f64.powi(5) * 0.04 + 7.0 * 0.8_f64.powi(6) * 0.2 + 0.8_f64.powi(7),
        );
        assert!(nested.is_met(&|workload| workload.index() == 2) && !nested.is_met(&|workload| workload.index() == 0));
    }
}
