//! Views of a scenario that several reports need: its Deployments, recoveries of all faults together, downtime by fault.

use crate::history::{NamedCause, Phase};
use crate::results::{Attribution, Distribution, ScenarioResult};

/// The Deployments of a scenario by their names; of one Deployment the scenario itself, without a name.
pub fn members(scenario: &ScenarioResult) -> Vec<(&str, &ScenarioResult)> {
    if scenario.workloads.is_empty() {
        return vec![("", scenario)];
    }
    scenario.workloads.iter().map(|workload| (workload.name.as_str(), workload)).collect()
}

/// A cause as it strikes one of the [`members`]: `container-crash`, `container-crash of gateway`.
pub fn of_member(cause: &str, member: &str) -> String {
    if member.is_empty() { cause.to_owned() } else { format!("{cause} of {member}") }
}

/// All samples of several distributions: `[seconds, samples]` ascending, and how many have no end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// The merged histogram.
    pub histogram: Vec<(f64, u64)>,
    /// Complete samples.
    pub count: u64,
    /// Samples without an end.
    pub censored: u64,
    /// The exact largest sample.
    pub max: Option<f64>,
    /// Of a single distribution: its median as tables have it.
    pub half: Option<f64>,
}

impl Samples {
    /// The union of these distributions.
    pub fn of<'a>(distributions: impl Iterator<Item = &'a Distribution>) -> Self {
        let mut merged = Self::default();
        let all: Vec<&Distribution> = distributions.collect();
        if let [only] = all[..] {
            merged.half = only.p50.map(|half| half.value);
        }
        for distribution in all {
            merged.histogram.extend(&distribution.histogram);
            merged.censored += distribution.censored;
            merged.max = match (merged.max, distribution.max) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
        }
        merged.histogram.retain(|(_, n)| *n > 0);
        merged.histogram.sort_by(|a, b| a.0.total_cmp(&b.0));
        merged.histogram.dedup_by(|later, earlier| {
            let same = later.0.total_cmp(&earlier.0).is_eq();
            if same {
                earlier.1 += later.1;
            }
            same
        });
        merged.count = merged.histogram.iter().map(|(_, n)| n).sum();
        merged
    }

    /// The span that a share `p` of all samples does not exceed; samples without an end are longer than any.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        if let Some(half) = self.half.filter(|_| p == 0.5) {
            return Some(half);
        }
        let rank = (p * (self.count + self.censored) as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for &(secs, n) in &self.histogram {
            seen += n;
            if seen >= rank {
                return Some(self.max.map_or(secs, |max| secs.min(max)));
            }
        }
        None
    }

    /// The longest of the complete samples.
    pub fn longest(&self) -> Option<f64> {
        self.max.or(self.histogram.last().map(|last| last.0))
    }

    /// Mean of the complete samples, as fine as the buckets.
    pub fn mean(&self) -> Option<f64> {
        let sum: f64 = self.histogram.iter().map(|&(secs, n)| secs * n as f64).sum();
        (self.count > 0).then(|| sum / self.count as f64)
    }
}

/// The parts of one cause.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseTotal<'a> {
    /// The fault, or `probe`, or `start`.
    pub cause: &'a NamedCause,
    /// All its phases, in seconds a year.
    pub total: f64,
    /// The phase with the largest part, of what has one.
    pub main_phase: Option<Phase>,
    /// That part, in seconds a year.
    pub main_part: f64,
}

/// A phase in words; what is no recovery has none.
pub fn phase_in_words(phase: Option<Phase>) -> String {
    phase.map_or("–".to_owned(), Phase::in_words)
}

/// Downtime or failed requests by cause, the largest first; equal ones in the order of the result.
pub fn by_cause(parts: &[Attribution]) -> Vec<CauseTotal<'_>> {
    let mut causes: Vec<CauseTotal<'_>> = Vec::new();
    for part in parts {
        let new = || CauseTotal { cause: &part.cause, total: 0.0, main_phase: part.phase, main_part: 0.0 };
        let at = causes.iter().position(|known| *known.cause == part.cause).unwrap_or_else(|| {
            causes.push(new());
            causes.len() - 1
        });
        let cause = &mut causes[at];
        cause.total += part.s_per_year;
        if part.s_per_year > cause.main_part {
            (cause.main_part, cause.main_phase) = (part.s_per_year, part.phase);
        }
    }
    causes.retain(|cause| cause.total > 0.0);
    causes.sort_by(|a, b| b.total.total_cmp(&a.total));
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_without_an_end_are_longer_than_any() {
        let distribution =
            Distribution { count: 9, censored: 1, histogram: vec![(1.0, 5), (2.0, 4)], ..Distribution::default() };
        let samples = Samples::of([&distribution].into_iter());
        assert_eq!(samples.quantile(0.5), Some(1.0));
        assert_eq!(samples.quantile(0.9), Some(2.0));
        assert_eq!(samples.quantile(0.99), None);
    }

    #[test]
    fn causes_are_summed_and_sorted() {
        let fault = |name: &str| NamedCause::Fault(name.to_owned());
        let part = |name, phase, s_per_year| Attribution { cause: fault(name), phase: Some(phase), s_per_year };
        let parts = [
            part("a", Phase::Detect, 1.0),
            part("b", Phase::Start, 5.0),
            part("a", Phase::Decide, 2.0),
            part("c", Phase::Start, 0.0),
        ];
        let causes = by_cause(&parts);
        assert_eq!(causes.len(), 2);
        assert_eq!((causes[0].cause, causes[0].total), (&fault("b"), 5.0));
        assert_eq!((causes[1].cause, causes[1].total, causes[1].main_phase), (&fault("a"), 3.0, Some(Phase::Decide)));
    }
}
