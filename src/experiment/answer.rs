//! From sums to the answer: means, intervals, quantiles and attributions, all in seconds and per year.

mod distribution;
mod windows;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use self::distribution::distribution;
use super::estimates::Estimates;
use super::examples::Example;
use super::excerpt::MOST_WITH_HISTOGRAMS;
use super::ledger::places;
use super::ordered_map::OrderedMap;
use super::played::{Contents, Outline};
use super::precision::{Reached, asked};
use super::replay::OutageExample;
use super::result::{
    Attribution, Detection, Difference, Distribution, Estimate, ExperimentResult, PodRecovery, ScenarioResult,
};
use super::runner::{DOWNTIME, End, FAILED, Tally};
use super::selection;
use super::sensitivity;
use super::summary::{Recoveries, Summary, Total};
use super::target::Target;
use super::uncertainty;
use crate::history::{Cause, NamedCause, PerPhase};
use crate::model::YEAR;
use crate::stats::{
    Interval, MeanDifference, Moments, Race, amounts, counts, most_events, rests_on_few, twelve_digits,
};
use crate::study::RESULTS_KIND;
use crate::study::{API_VERSION, Form, Metric, Precision, Quantity, Stopping};
use crate::time::Duration;

const NANOS: f64 = 1e9;
const MICROS: f64 = 1e6;
const HOUR_SECS: f64 = 3_600.0;

/// The answer of a whole experiment.
pub(super) fn experiment(outline: &Outline, tallies: &[Tally], race: Option<&Race>, end: &End) -> ExperimentResult {
    let interrupted = matches!(end, End::Interrupted);
    // A scenario that was not reached before an interruption has no numbers.
    let scenarios = outline.scenarios.iter().zip(tallies).enumerate();
    // Those of a question for what matters are told of as pairs.
    let told = if outline.header.sensitivity.is_empty() { usize::MAX } else { 1 };
    let is_large = tallies.len().min(told) > MOST_WITH_HISTOGRAMS;
    let played: Vec<_> = scenarios.take(told).filter(|(_, (_, tally))| tally.has_any()).collect();
    // The intervals of a large grid take their time.
    let scenarios: Vec<ScenarioResult> = played
        .into_par_iter()
        .map(|(number, (scenario, tally))| {
            let other = outline.header.baseline.filter(|&baseline| baseline != number);
            let other = other.map(|baseline| (&outline.scenarios[baseline], &tallies[baseline].summary));
            let answer = self::scenario(outline, scenario, tally, other);
            if is_large { answer.without_histograms() } else { answer }
        })
        .collect();
    let targets = scenarios.iter().flat_map(|s| outline.header.goals.iter().map(|goal| Target::of(goal, s))).collect();
    ExperimentResult {
        api_version: API_VERSION.to_owned(),
        kind: RESULTS_KIND.to_owned(),
        experiment: outline.header.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: outline.header.seed,
        horizon_s: twelve_digits(outline.horizon().as_secs_f64()),
        warm_up_s: twelve_digits(outline.warm_up().as_secs_f64()),
        confidence: twelve_digits(outline.header.confidence),
        objective: outline.header.objective,
        varied: outline.header.varied.clone(),
        baseline: outline.header.baseline.map(|baseline| outline.scenarios[baseline].name.clone()),
        interrupted,
        targets,
        comparison: None,
        selection: race.and_then(|race| selection::result(outline, race, &scenarios)),
        currency: outline.currency.clone(),
        sensitivity: sensitivity::results(outline, tallies),
        scenarios,
        replays: Vec::new(),
        assumptions: Vec::new(),
        notes: outline.header.notes.iter().cloned().chain(note_on_the_end(outline, tallies, end)).collect(),
        faults: outline.faults.clone(),
        inputs: outline.header.inputs.clone(),
    }
}

/// Turns what was summed over the replications of a scenario into rates.
pub(super) struct Scale {
    pub replications: u64,
    pub horizon: Duration,
    pub confidence: f64,
    /// The share of the time that may be lost where none was.
    pub most_lost: f64,
}

impl Scale {
    /// Of a scenario's summary.
    pub fn of(outline: &Outline, scenario: &Contents, summary: &Summary) -> Self {
        let (horizon, confidence) = (outline.horizon(), outline.header.confidence);
        let most_lost = scenario.coincidence.most_lost(summary, horizon, confidence);
        Self { replications: summary.replications, horizon, confidence, most_lost }
    }

    /// The same, with the wider of both bounds.
    fn or_wider(&self, other: &Self) -> Self {
        Self { most_lost: self.most_lost.max(other.most_lost), ..*self }
    }

    /// Counted nanoseconds to seconds a year.
    fn seconds_per_year(&self, nanos: u128) -> f64 {
        self.share(nanos) * YEAR.as_secs_f64()
    }

    fn share(&self, nanos: u128) -> f64 {
        nanos as f64 / (self.replications as f64 * self.horizon.as_nanos() as f64)
    }

    /// What a summary says of a metric.
    fn estimate(&self, metric: Metric, summary: &Summary) -> Estimate {
        let definition = metric.definition();
        let total = &summary.totals[definition.quantity];
        match definition.form {
            Form::ShareKept => the_rest(self.lost(total)),
            Form::SecondsPerYear => times(self.lost(total), YEAR.as_secs_f64()),
            Form::EventsPerYear => self.events(&total.moments),
        }
    }

    /// The share of the counted time that a quantity of time takes.
    fn lost(&self, total: &Total) -> Estimate {
        let (mean, moments) = (self.share(total.sum), &total.moments);
        match amounts(moments, self.confidence) {
            Some(interval) => {
                let part = MICROS * self.horizon.as_secs_f64();
                let interval = Interval { low: interval.low / part, high: (interval.high / part).min(1.0) };
                Estimate { rests_on_few: rests_on_few(moments), ..around(mean, interval, false) }
            }
            None => around(mean, Interval { low: 0.0, high: self.most_lost }, true),
        }
    }

    /// Events a year.
    fn events(&self, moments: &Moments) -> Estimate {
        let per_year = YEAR.as_secs_f64() / self.horizon.as_secs_f64();
        let most = most_events(self.confidence) / self.replications as f64;
        let (interval, bound) = match counts(moments, self.confidence) {
            Some(interval) => (interval, false),
            None => (Interval { low: 0.0, high: most }, true),
        };
        times(around(moments.mean(), interval, bound), per_year)
    }

    /// A difference of lost time, in seconds a year. Where no pair differed, it is bounded as a loss is that nobody saw.
    pub fn difference(&self, mean: MeanDifference) -> Estimate {
        let part = MICROS * self.horizon.as_secs_f64();
        let most = self.most_lost;
        let (interval, bound) =
            mean.interval.map_or((Interval { low: -most, high: most }, true), |Interval { low, high }| {
                (Interval { low: low / part, high: high / part }, false)
            });
        let estimate = around(mean.mean / part, interval, bound);
        times(Estimate { rests_on_few: mean.rests_on_few, ..estimate }, YEAR.as_secs_f64())
    }
}

pub(super) fn scenario(
    outline: &Outline,
    scenario: &Contents,
    tally: &Tally,
    baseline: Option<(&Contents, &Summary)>,
) -> ScenarioResult {
    let (summary, confidence) = (&tally.summary, outline.header.confidence);
    let scale = Scale::of(outline, scenario, summary);
    let faults = &scenario.faults;
    let attribution = |cells| attribution(summary, cells, faults, &scale);
    ScenarioResult {
        name: scenario.name.clone(),
        parameters: scenario.parameters.clone(),
        unplaceable: scenario.unplaceable,
        replications: summary.replications,
        estimates: Estimates::of(|metric| written(scale.estimate(metric, summary))),
        first_available_s: summary.first_available.as_ref().map(|times| distribution(times, confidence)),
        time_to_recovery_s: distribution(&summary.outage_lengths, confidence),
        outage_examples: outage_examples(summary),
        any_recovery_s: Distribution { histogram: vec![], ..distribution(&summary.recovery_lengths, confidence) },
        pod_recovery_s: pod_recoveries(summary, faults, confidence),
        detection_s: faults
            .iter()
            .zip(&summary.detections)
            .map(|(fault, detections)| {
                let times = distribution(&detections.times, confidence);
                (fault.clone(), Detection { times, undetected: detections.undetected })
            })
            .collect(),
        windows: windows::windows(&summary.windows, outline.header.objective.window, scale.most_lost, confidence),
        pod_hours_per_year: twelve_digits(scale.seconds_per_year(summary.pod_time) / HOUR_SECS),
        node_hours_per_year: scenario.node_hours_per_year,
        cost_per_year: scenario.cost_per_year,
        downtime_attribution: attribution(&summary.downtime_by),
        request_failure_attribution: attribution(&summary.failed_by),
        without: Vec::new(),
        uncertainty: uncertainty::result(&tally.draws, summary.windows.downtime.windows.size(), &scale),
        difference_to_baseline: baseline.map(|(other, baseline)| {
            let scale = scale.or_wider(&Scale::of(outline, other, baseline));
            let downtime = tally.differences.mean(DOWNTIME, confidence);
            let failed = tally.differences.mean(FAILED, confidence);
            let told = |mean| if scenario.is_as_compared { Estimate::ZERO } else { scale.difference(mean) };
            Difference {
                downtime_s_per_year: written(told(downtime)),
                failed_request_s_per_year: written(told(failed)),
                downtime_variance_ratio: variance_ratio([summary, baseline].map(downtime_moments), downtime),
                failed_request_variance_ratio: variance_ratio([summary, baseline].map(failed_moments), failed),
            }
        }),
    }
}

/// The variance that the difference of two means would have, had the scenarios not met the same faults, as a multiple of
/// the variance that it has.
fn variance_ratio(unpaired: [&Moments; 2], paired: MeanDifference) -> Option<f64> {
    let of_mean = |moments: &Moments| Some(moments.variance()? / moments.count() as f64);
    let unpaired = of_mean(unpaired[0])? + of_mean(unpaired[1])?;
    let paired = paired.variance.filter(|&variance| variance > 0.0)?;
    Some(twelve_digits(unpaired / paired))
}

/// Microseconds of downtime of a replication.
pub(super) fn downtime_moments(summary: &Summary) -> &Moments {
    &summary.totals[Quantity::Downtime].moments
}

/// Microseconds of full traffic that failed in a replication.
pub(super) fn failed_moments(summary: &Summary) -> &Moments {
    &summary.totals[Quantity::FailedRequests].moments
}

fn outage_examples(summary: &Summary) -> Vec<OutageExample> {
    let near = |q| summary.outage_lengths.quantile(q).and_then(|length| summary.outage_examples.near(length as u64));
    let ended = |found: Option<Example>| found.map(|example| (example, true));
    let found = [("p50", ended(near(0.5))), ("p95", ended(near(0.95))), ("max", summary.outage_examples.longest())];
    let named = |(statistic, found): (&str, Option<(Example, bool)>)| {
        let (Example { length, replication, number }, has_ended) = found?;
        let length_s = twelve_digits(length as f64 / NANOS);
        Some(OutageExample { statistic: statistic.to_owned(), length_s, replication, number, without_end: !has_ended })
    };
    found.into_iter().filter_map(named).collect()
}

/// Every fault of the model, and `probe` and `start` where they occurred.
fn pod_recoveries(summary: &Summary, faults: &[String], confidence: f64) -> OrderedMap<NamedCause, PodRecovery> {
    let occurred = |r: &Recoveries| r.lengths.spans().count() + r.lengths.endless() > 0;
    let recoveries = summary.causes.all().zip(&summary.recoveries);
    recoveries
        .filter(|(cause, recoveries)| matches!(cause, Cause::Fault(_)) || occurred(recoveries))
        .map(|(cause, recoveries)| (NamedCause::of(cause, faults), pod_recovery(recoveries, confidence)))
        .collect()
}

fn pod_recovery(recoveries: &Recoveries, confidence: f64) -> PodRecovery {
    // Without a recovery no phase took any time.
    let count = recoveries.lengths.spans().count().max(1) as f64;
    let mean = |nanos: u128| twelve_digits(nanos as f64 / NANOS / count);
    PodRecovery {
        lengths: distribution(&recoveries.lengths, confidence),
        overlapped: recoveries.overlapped,
        phases: PerPhase::of(|phase| mean(recoveries.phases[phase as usize])),
    }
}

fn attribution(summary: &Summary, cells: &[u128], faults: &[String], scale: &Scale) -> Vec<Attribution> {
    places(summary.causes)
        .zip(cells)
        .filter(|(_, nanos)| **nanos > 0)
        .map(|((cause, phase), &nanos)| Attribution {
            cause: NamedCause::of(cause, faults),
            phase,
            s_per_year: twelve_digits(scale.seconds_per_year(nanos)),
        })
        .collect()
}

/// An estimate lies within its interval, whatever was rounded on the way.
fn around(mean: f64, interval: Interval, bound: bool) -> Estimate {
    Estimate { mean, low: interval.low.min(mean), high: interval.high.max(mean), bound, rests_on_few: false }
}

pub(super) fn times(estimate: Estimate, factor: f64) -> Estimate {
    let Estimate { mean, low, high, .. } = estimate;
    Estimate { mean: mean * factor, low: low * factor, high: high * factor, ..estimate }
}

/// What is not lost.
fn the_rest(lost: Estimate) -> Estimate {
    Estimate { mean: 1.0 - lost.mean, low: 1.0 - lost.high, high: 1.0 - lost.low, ..lost }
}

pub(super) fn written(estimate: Estimate) -> Estimate {
    let Estimate { mean, low, high, .. } = estimate;
    Estimate { mean: twelve_digits(mean), low: twelve_digits(low), high: twelve_digits(high), ..estimate }
}

/// How the run ended, where that is not self-evident.
fn note_on_the_end(outline: &Outline, tallies: &[Tally], end: &End) -> Option<String> {
    let replications = || tallies.iter().map(|tally| tally.summary.replications());
    match (end, outline.header.stopping) {
        (End::Interrupted, _) => {
            let unseen = replications().filter(|&n| n == 0).count();
            let missing =
                if unseen == 0 { String::new() } else { format!("; {unseen} scenarios have none and are left out") };
            Some(format!("The run was interrupted: these are the replications played until then{missing}."))
        }
        (End::Complete { .. }, Stopping::Replications(_) | Stopping::Selection(_)) => None,
        (End::Complete { missed }, Stopping::Precision(precision)) => {
            let most = replications().max().unwrap_or(0);
            Some(if missed.is_empty() {
                format!("Precision: {} holds in every scenario, after {most} replications at most.", asked(&precision))
            } else {
                format!(
                    "Precision: {} was not reached within maxReplications ({}) by {}.",
                    asked(&precision),
                    precision.max_replications,
                    listed(outline, missed, &precision)
                )
            })
        }
    }
}

fn listed(outline: &Outline, missed: &[(usize, Reached)], precision: &Precision) -> String {
    const NAMED: usize = 5;
    let one = |(number, reached): &(usize, Reached)| {
        format!("`{}` ({})", outline.scenarios[*number].name, reached.words(precision))
    };
    let named = missed.iter().take(NAMED).map(one).collect::<Vec<_>>().join(", ");
    let more = missed.len().saturating_sub(NAMED);
    if more == 0 { named } else { format!("{named} and {more} more") }
}
