//! The span for which losses and events are told: a year, or a run where nothing recurs and a script says what strikes.
//!
//! `results.json` has everything per year. Of a rehearsal of half an hour that would be a year of rehearsals, one after
//! the other: nobody's downtime.

use std::borrow::Cow;

use crate::results::{
    Difference, Estimate, Estimates, ExperimentResult, Response, ScenarioResult, Sensitivity, Spread, Uncertainty,
};

const YEAR_S: f64 = 365.0 * 86_400.0;

/// The span for which losses and events are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// How long it is, in seconds.
    pub secs: f64,
    is_run: bool,
}

impl Period {
    /// That of this result.
    pub fn of(result: &ExperimentResult) -> Self {
        let is_run = is_scripted(result);
        Self { secs: if is_run { result.horizon_s } else { YEAR_S }, is_run }
    }

    /// True where it is a run.
    pub fn is_run(self) -> bool {
        self.is_run
    }

    /// `a year` or `a run`.
    pub fn each(self) -> &'static str {
        if self.is_run { "a run" } else { "a year" }
    }

    /// The same at the end of the head of a column: `/yr` or `/run`.
    pub fn per(self) -> &'static str {
        if self.is_run { "/run" } else { "/yr" }
    }

    /// What an SLO leaves for losses, in seconds.
    pub fn budget(self, slo: f64) -> f64 {
        (1.0 - slo) * self.secs
    }
}

/// Whether nothing strikes again and again, and a script says what strikes.
fn is_scripted(result: &ExperimentResult) -> bool {
    !result.faults.is_empty() && result.faults.iter().all(|fault| fault.every_mean_s.is_none())
}

/// The result with what `results.json` has per year as it is told: per [`Period`]. Every renderer for people begins with it.
/// What costs money, and Pods and Nodes, stay as they are.
pub fn told(result: &ExperimentResult) -> Cow<'_, ExperimentResult> {
    let period = Period::of(result);
    if !period.is_run {
        return Cow::Borrowed(result);
    }
    let factor = period.secs / YEAR_S;
    let mut result = result.clone();
    result.scenarios.iter_mut().for_each(|scenario| scale(scenario, factor));
    result.sensitivity.iter_mut().for_each(|parameter| scale_parameter(parameter, factor));
    if let Some(selection) = &mut result.selection {
        selection.indifference_s_per_year *= factor;
    }
    Cow::Owned(result)
}

fn scale(scenario: &mut ScenarioResult, factor: f64) {
    let estimates = scenario.estimates;
    scenario.estimates = Estimates::of(|metric| {
        if metric.unit().ends_with("/year") { times(&estimates[metric], factor) } else { estimates[metric] }
    });
    for part in scenario.downtime_attribution.iter_mut().chain(&mut scenario.request_failure_attribution) {
        part.s_per_year *= factor;
    }
    if let Some(Difference { downtime_s_per_year, failed_request_s_per_year, .. }) =
        &mut scenario.difference_to_baseline
    {
        for difference in [downtime_s_per_year, failed_request_s_per_year] {
            *difference = times(difference, factor);
        }
    }
    if let Some(load) = &mut scenario.load {
        let late = load.late_per_year.as_mut();
        let amounts = [&mut load.failed_per_year, &mut load.shed_per_year, &mut load.overloaded_s_per_year];
        for amount in amounts.into_iter().chain(late) {
            *amount = times(amount, factor);
        }
    }
    if let Some(missing) = &mut scenario.missing_s_per_year {
        *missing = times(missing, factor);
    }
    scenario.workloads.iter_mut().for_each(|workload| scale(workload, factor));
    for removal in &mut scenario.without {
        for saved in [&mut removal.downtime_saved_s_per_year, &mut removal.failed_request_saved_s_per_year] {
            *saved = times(saved, factor);
        }
        for whole in [&mut removal.downtime_s_per_year, &mut removal.failed_request_s_per_year] {
            *whole *= factor;
        }
    }
    if let Some(Uncertainty { downtime_s_per_year, failed_request_s_per_year, .. }) = &mut scenario.uncertainty {
        for Spread { low, high, .. } in [downtime_s_per_year, failed_request_s_per_year] {
            *low *= factor;
            *high *= factor;
        }
    }
}

fn scale_parameter(parameter: &mut Sensitivity, factor: f64) {
    for Response { change_s_per_year, at_s_per_year, .. } in [&mut parameter.downtime, &mut parameter.failed] {
        *change_s_per_year = times(change_s_per_year, factor);
        at_s_per_year.iter_mut().for_each(|secs| *secs *= factor);
    }
}

fn times(estimate: &Estimate, factor: f64) -> Estimate {
    let Estimate { mean, low, high, .. } = *estimate;
    Estimate { mean: mean * factor, low: low * factor, high: high * factor, ..*estimate }
}
