//! The answer of one scenario: estimates, distributions, attributions, and what it differs by from the baseline.

use super::distribution::distribution;
use super::facts::{ScenarioFacts, StudyFacts};
use super::scale::{NANOS, Scale};
use super::{operations, uncertainty, windows};
use crate::experiment::examples::Example;
use crate::experiment::ledger::places;
use crate::experiment::tally::{DOWNTIME, FAILED, Recoveries, Summary, Tally};
use crate::history::{Cause, NamedCause, PerPhase};
use crate::results::{
    Attribution, Detection, Difference, Distribution, Estimate, Estimates, OrderedMap, OutageExample, PodRecovery,
    ScenarioResult,
};
use crate::stats::{MeanDifference, Moments, twelve_digits};
use serde_json::Map;

const HOUR_SECS: f64 = 3_600.0;

/// The answer of one scenario, compared with the baseline if there is another.
pub fn scenario(
    study: &StudyFacts,
    scenario: &ScenarioFacts,
    tally: &Tally,
    baseline: Option<(&ScenarioFacts, &Tally)>,
) -> ScenarioResult {
    let workloads = scenario.workloads.iter().zip(&tally.workloads).enumerate().map(|(number, (name, tally))| {
        let theirs = baseline.and_then(|(facts, baseline)| {
            let place = facts.workloads.iter().position(|other| other == name)?;
            Some((facts, &baseline.workloads.get(place)?.summary))
        });
        let scale = Scale::of(study, scenario, &tally.summary);
        // What is varied is so of all; the price is paid for the whole.
        ScenarioResult {
            name: name.clone(),
            parameters: Map::new(),
            unplaceable: scenario.pending.contains(name),
            cost_per_year: None,
            missing_s_per_year: Some(scale.time(&tally.summary.missing).rounded()),
            load: scenario.load.as_ref().map(|load| load.result(Some(number), &tally.summary, &scale)),
            ..service(study, scenario, tally, theirs)
        }
    });
    let system = service(study, scenario, tally, baseline.map(|(facts, baseline)| (facts, &baseline.summary)));
    ScenarioResult { workloads: workloads.collect(), ..system }
}

/// The answer of a system, or of one of its Deployments.
fn service(
    study: &StudyFacts,
    scenario: &ScenarioFacts,
    tally: &Tally,
    baseline: Option<(&ScenarioFacts, &Summary)>,
) -> ScenarioResult {
    let (summary, confidence) = (&tally.summary, study.header.confidence);
    let scale = Scale::of(study, scenario, summary);
    let faults = &scenario.faults;
    let pod_hours_per_year = scale.seconds_per_year(summary.pod_time) / HOUR_SECS;
    let attribution = |cells, per_year: &dyn Fn(u128) -> f64| attribution(summary, cells, faults, per_year);
    ScenarioResult {
        name: scenario.name.clone(),
        parameters: scenario.parameters.clone(),
        unplaceable: scenario.unplaceable,
        replications: summary.replications,
        estimates: Estimates::of(|metric| scale.estimate(metric, summary).rounded()),
        load: scenario.load.as_ref().map(|load| load.result(None, summary, &scale)),
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
        operations: operations::operations(summary, faults, &scale),
        windows: windows::windows(&summary.windows, study.header.objective.window, &scale, confidence),
        pod_hours_per_year: twelve_digits(pod_hours_per_year),
        node_hours_per_year: scenario.node_hours_per_year,
        cost_per_year: scenario.costs.map_or(scenario.cost_per_year, |costs| Some(costs.as_used(pod_hours_per_year))),
        downtime_attribution: attribution(&summary.downtime_by, &|nanos| scale.seconds_per_year(nanos)),
        request_failure_attribution: attribution(&summary.failed_by, &|nanos| scale.request_seconds_per_year(nanos)),
        without: Vec::new(),
        missing_s_per_year: None,
        workloads: Vec::new(),
        uncertainty: uncertainty::result(&tally.draws, summary.windows.downtime.windows.size(), &scale),
        difference_to_baseline: baseline.map(|(other, baseline)| {
            let scale = scale.or_wider(&Scale::of(study, other, baseline));
            let downtime = tally.differences.mean(DOWNTIME, confidence);
            let failed = tally.differences.mean(FAILED, confidence);
            let told = |mean| if scenario.is_as_compared { Estimate::ZERO } else { scale.difference(mean) };
            let of_requests =
                |mean| if scenario.is_as_compared { Estimate::ZERO } else { scale.request_difference(mean) };
            Difference {
                downtime_s_per_year: told(downtime).rounded(),
                failed_request_s_per_year: of_requests(failed).rounded(),
                downtime_variance_ratio: variance_ratio([summary, baseline].map(Summary::downtime_moments), downtime),
                failed_request_variance_ratio: variance_ratio([summary, baseline].map(Summary::failed_moments), failed),
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

fn attribution(
    summary: &Summary,
    cells: &[u128],
    faults: &[String],
    per_year: &dyn Fn(u128) -> f64,
) -> Vec<Attribution> {
    places(summary.causes)
        .zip(cells)
        .filter(|(_, nanos)| **nanos > 0)
        .map(|((cause, phase), &nanos)| Attribution {
            cause: NamedCause::of(cause, faults),
            phase: (cause != Cause::Overload).then_some(phase),
            s_per_year: twelve_digits(per_year(nanos)),
        })
        .collect()
}
