//! The outages that a report shows: played once more when a run ends, and kept with its answer, as a report never simulates.

use crate::experiment::trace;
use crate::model::Model;
use crate::report::{featured_scenarios, timeline};
use crate::results::{ExperimentResult, OutageExample, Replay, ScenarioResult};
use crate::study::Study;
use crate::time::Duration;

/// Plays the longest and the median outage of the scenarios that reports look at closely.
pub fn add(result: &mut ExperimentResult, study: &Study) {
    let of_scenario = |scenario: &ScenarioResult| {
        let example = |wanted: &str| scenario.outage_examples.iter().find(|example| example.statistic == wanted);
        let mut examples: Vec<&OutageExample> = ["max", "p50"].into_iter().filter_map(example).collect();
        examples.dedup_by_key(|example| (example.replication, example.number));
        examples.into_iter().filter_map(|example| play(study, scenario, example)).collect::<Vec<_>>()
    };
    result.replays = featured_scenarios(result).into_iter().flat_map(of_scenario).collect();
}

/// The outage as it was, as a replication is a function of model, seed and index.
fn play(study: &Study, scenario: &ScenarioResult, example: &OutageExample) -> Option<Replay> {
    let model = study.scenarios.iter().find(|other| other.name == scenario.name)?.model_of(example.replication);
    let model = &up_to_the_beginning(model, example);
    let trace = trace(model, study.header.seed, example.replication);
    timeline::replay(&trace.timeline, model, &scenario.name, example)
}

/// Of an outage without an end the beginning is shown: two years of a crash loop are gigabytes of happenings that tell the
/// same. What has been played until then does not depend on the horizon.
fn up_to_the_beginning(model: &Model, example: &OutageExample) -> Model {
    let horizon = model.horizon.as_secs_f64();
    // It was followed for one horizon more.
    let began = (2.0 * horizon - example.length_s).max(0.0);
    if !example.without_end || began + BEGINNING >= horizon {
        return model.clone();
    }
    Model { horizon: Duration::from_secs_f64(began + BEGINNING), ..model.clone() }
}

/// Seconds of an outage without an end that are played again.
const BEGINNING: f64 = 6.0 * 3_600.0;
