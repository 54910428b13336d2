//! Differences that do not matter.

use crate::report::format;
use crate::report::loss;
use crate::report::period::Period;
use crate::results::ExperimentResult;
use crate::study::Metric;

/// The part of what the SLO leaves, or without one of what is lost anyway, that nobody would pay for.
const PART: f64 = 0.01;

/// Differences in what is lost that do not matter, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Indifference {
    /// In seconds, for the period that losses are told for.
    pub secs: f64,
    ground: Ground,
    period: Period,
}

/// Where it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ground {
    /// The experiment states it.
    Stated,
    /// A part of what this SLO leaves.
    Budget(f64),
    /// A part of what the baseline, or the first scenario, loses.
    Loss,
}

impl Indifference {
    /// That of this result.
    pub fn of(result: &ExperimentResult) -> Self {
        Self::of_loss(result, loss::loss_of(result))
    }

    /// That of the one loss or the other: they differ only where nothing is stated, and there is no SLO.
    pub fn of_loss(result: &ExperimentResult, loss: Metric) -> Self {
        let period = Period::of(result);
        let stated = result.selection.as_ref().map(|selection| selection.indifference_s_per_year);
        let stated = stated.or(result.objective.indifference_secs);
        let (secs, ground) = match (stated, result.objective.slo) {
            (Some(secs), _) => (secs, Ground::Stated),
            (None, Some(slo)) => (PART * period.budget(slo), Ground::Budget(slo)),
            (None, None) => {
                let baseline =
                    result.scenarios.iter().find(|scenario| result.baseline.as_ref() == Some(&scenario.name));
                let lost = baseline.or(result.scenarios.first()).map_or(0.0, |scenario| scenario.estimates[loss].mean);
                (PART * lost, Ground::Loss)
            }
        };
        Self { secs, ground, period }
    }

    /// `2 min 38 s a year`
    pub fn in_short(&self) -> String {
        format!("{} {}", format::in_full(self.secs), self.period.each())
    }

    /// `2 min 38 s a year (1 % of what 99.95 % allows)`
    pub fn in_full(&self) -> String {
        format!("{} ({})", self.in_short(), self.why())
    }

    /// `2 min 38 s of downtime a year (1 % of what 99.95 % allows)`
    pub fn in_full_of(&self, what: &str) -> String {
        format!("{} of {what} {} ({})", format::in_full(self.secs), self.period.each(), self.why())
    }

    fn why(&self) -> String {
        let part = format::plain_percent(PART);
        match self.ground {
            Ground::Stated => "the stated indifference".to_owned(),
            Ground::Budget(slo) => format!("{part} of what {} allows", format::plain_percent(slo)),
            Ground::Loss => format!("{part} of what is lost anyway"),
        }
    }
}
