//! What the removal of a cause would bring.
//!
//! An attribution says where the time went, and is no counterfactual: without a fault its container may have failed for
//! another reason, and another replica may have been missing anyway. So the first quarter of the replications is played once
//! more, with and without each of the largest causes that are faults, under otherwise the same faults, and compared pair by
//! pair. It is a quarter of the indices in whole batches, so shards, checkpoints and threads come to the same bytes.

use super::{Options, RunError, run};
use crate::experiment::outcome::Outcome;
use crate::ids::FaultId;
use crate::model::{Model, Occurrence, Strikes};
use crate::results::{Attribution, ExperimentResult, Removal, ScenarioResult};
use crate::study::{Metric, REPLICATIONS_PER_DRAW, Scenario, Stopping, Study, StudyHeader, Without};

/// At most so many causes of a scenario are removed, one at a time.
const LARGEST: usize = 3;
/// More replications tell what a removal brings no better than anybody needs.
const MOST: u64 = 20_000;

/// Plays and fills in [`ScenarioResult::without`] of the scenarios that `featured` names, or of all if the experiment asks for
/// that. What is told to stop on the way is left out, and a note says so.
///
/// # Errors
/// When a replication panics, which is a bug, or the machine gives no threads.
pub fn add_removals<F>(
    result: &mut ExperimentResult,
    study: &Study,
    featured: &[String],
    options: &mut Options<'_>,
    replicate: F,
) -> Result<(), RunError>
where
    F: Fn(&Model, u64, u64) -> Outcome + Sync,
{
    let objective = result.objective.metric;
    let is_wanted = |name: &String| match study.without {
        Without::Off => false,
        Without::Featured => featured.contains(name),
        Without::All => true,
    };
    for answer in result.scenarios.iter_mut().filter(|answer| is_wanted(&answer.name)) {
        let Some(scenario) = study.scenarios.iter().find(|scenario| scenario.name == answer.name) else { continue };
        let loss = answer.loss_in_question(objective);
        let causes = largest_faults(answer.attribution_of(loss), &scenario.model);
        if causes.is_empty() {
            continue;
        }
        let replications = pairs(answer.replications);
        let reduced = without_each(study, scenario, &causes, replications);
        let again = Options { threads: options.threads, stop: options.stop, progress: &mut *options.progress };
        let played = run(&reduced, again, &replicate)?;
        if played.interrupted {
            result
                .notes
                .push("The run was interrupted before what removals of causes would bring was known.".to_owned());
            return Ok(());
        }
        let charged = causes.iter().map(|(_, charged)| *charged);
        answer.without = charged
            .zip(played.scenarios.iter().skip(1))
            .filter_map(|(charged, one_less)| removal(charged, &played.scenarios[0], one_less, loss, replications))
            .collect();
    }
    Ok(())
}

/// How many replications [`add_removals`] plays at most, of any scenario, where each has had so many.
pub fn replications_of_removals(study: &Study, replications: u64) -> u64 {
    let scenarios = match study.without {
        Without::Off => 0,
        // The baseline and the recommended one.
        Without::Featured => study.scenarios.len().min(2),
        Without::All => study.scenarios.len(),
    };
    (scenarios * (1 + LARGEST)) as u64 * pairs(replications)
}

/// The first quarter in whole batches, at least one.
fn pairs(replications: u64) -> u64 {
    let quarter = replications / 4 / REPLICATIONS_PER_DRAW * REPLICATIONS_PER_DRAW;
    quarter.clamp(REPLICATIONS_PER_DRAW, MOST).min(replications)
}

/// The numbers of the faults that are charged most, with what is charged to them in seconds a year. A needless reaction of a
/// probe and a first start are no faults: nothing can be removed. To outages of the control plane nothing is charged, whatever
/// they make worse (N17): they are removed, too.
fn largest_faults(parts: &[Attribution], model: &Model) -> Vec<(FaultId, f64)> {
    let charged =
        |name: &str| -> f64 { parts.iter().filter(|part| part.cause.name() == name).map(|part| part.s_per_year).sum() };
    let faults = model.faults.entries();
    let mut causes: Vec<(FaultId, f64)> =
        faults.map(|(number, fault)| (number, charged(&fault.name))).filter(|(_, charged)| *charged > 0.0).collect();
    causes.sort_by(|a, b| b.1.total_cmp(&a.1));
    let of_control_plane =
        model.faults.entries().filter(|(_, fault)| matches!(fault.strikes, Strikes::ControlPlane(_)));
    let uncharged: Vec<(FaultId, f64)> = of_control_plane.map(|(number, _)| (number, 0.0)).take(LARGEST - 1).collect();
    causes.truncate(LARGEST - uncharged.len());
    causes.extend(uncharged);
    causes
}

/// The scenario, and the same without each of these faults, compared with it.
fn without_each(study: &Study, scenario: &Scenario, causes: &[(FaultId, f64)], replications: u64) -> Study {
    let scenarios = causes.iter().map(|&(fault, _)| {
        let mut one_less = scenario.clone();
        one_less.name = format!("without {}", scenario.model.faults[fault].name);
        one_less.compared_with = None;
        for model in std::iter::once(&mut one_less.model).chain(&mut one_less.draws) {
            // It keeps its place, so that all else draws as before.
            model.faults[fault].occurs = never();
        }
        one_less
    });
    let scenarios = std::iter::once(Scenario { compared_with: None, ..scenario.clone() }).chain(scenarios).collect();
    let header = StudyHeader {
        baseline: Some(0),
        stopping: Stopping::Replications(replications),
        sensitivity: Vec::new(),
        goals: Vec::new(),
        ..study.header.clone()
    };
    Study { header, without: study.without, scenarios }
}

fn never() -> Occurrence {
    let at = crate::random::Law::fixed(0.0).expect("0 is a moment");
    Occurrence::Once { at, targets: Vec::new() }
}

fn removal(
    charged: f64,
    all: &ScenarioResult,
    one_less: &ScenarioResult,
    loss: Metric,
    replications: u64,
) -> Option<Removal> {
    let difference = one_less.difference_to_baseline?;
    let downtime = difference.downtime_s_per_year.negated();
    let failed = difference.failed_request_s_per_year.negated();
    let saved = if loss == Metric::FailedRequests { failed } else { downtime };
    Some(Removal {
        fault: one_less.name.trim_start_matches("without ").to_owned(),
        replications,
        downtime_s_per_year: all.estimates[Metric::Downtime].mean,
        failed_request_s_per_year: all.estimates[Metric::FailedRequests].mean,
        downtime_saved_s_per_year: downtime,
        failed_request_saved_s_per_year: failed,
        saves_little: saved.high < charged / 2.0,
    })
}
