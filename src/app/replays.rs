//! The outages and the rollouts that a report shows: played once more when a run ends, and kept with its answer, as a report never
//! simulates.

mod surges;

use crate::experiment::trace;
use crate::history::{OperationEnd, Rollout, Timeline};
use crate::model::{Model, Strikes};
use crate::report::{featured_scenarios, operations_by_cost, timeline};
use crate::results::{ExperimentResult, OperationResult, OutageExample, Replay, RolloutReplay, ScenarioResult};
use crate::study::{Metric, Scenario, Study};
use crate::time::Duration;

/// Plays the longest and the median outage of the scenarios that reports look at closely, and a rollout or two of each.
pub fn add(result: &mut ExperimentResult, study: &Study) {
    let of_scenario = |scenario: &ScenarioResult| {
        let example = |wanted: &str| scenario.outage_examples.iter().find(|example| example.statistic == wanted);
        let mut examples: Vec<&OutageExample> = ["max", "p50"].into_iter().filter_map(example).collect();
        examples.dedup_by_key(|example| (example.replication, example.number));
        examples.into_iter().filter_map(|example| play(study, scenario, example)).collect::<Vec<_>>()
    };
    result.replays = featured_scenarios(result).into_iter().flat_map(of_scenario).collect();
    result.rollouts = play_rollouts(result, study);
    result.surges = surges::play(result, study);
}

/// One rollout of each of the same scenarios that was completed and, where revisions are bad, one that was rolled back.
fn play_rollouts(result: &ExperimentResult, study: &Study) -> Vec<RolloutReplay> {
    let Some(name) = rollout_of(result, study) else { return Vec::new() };
    let scenes = featured_scenarios(result).into_iter().filter_map(|scenario| Scene::of(study, scenario, name));
    let scenes: Vec<Scene<'_>> = scenes.collect();
    let complete: Vec<Shot<'_>> = scenes.iter().filter_map(|scene| scene.shot(scene.typical()?)).collect();
    let mut bad: Vec<Shot<'_>> = Vec::new();
    for scene in &scenes {
        let like = bad.first().map(|shot| &shot.chosen);
        bad.extend(scene.worst(like).and_then(|one| scene.shot(one)));
    }
    [complete, bad].iter().flat_map(|shots| film(shots)).collect()
}

/// Replays of these, all so far before and after their beginnings as the longest of them needs.
fn film(shots: &[Shot<'_>]) -> Vec<RolloutReplay> {
    let before = shots.iter().map(|shot| shot.reach.0).max().unwrap_or_default();
    let after = shots.iter().map(|shot| shot.reach.1).max().unwrap_or_default();
    let one = |Shot { scenario, timeline, model, chosen, .. }: &Shot<'_>| {
        timeline::rollout(timeline, model, (*scenario, chosen.replication), &chosen.rollout, (before, after))
    };
    shots.iter().filter_map(one).collect()
}

/// The rollout that costs the most in the scenario that other pictures show.
fn rollout_of<'r>(result: &'r ExperimentResult, study: &Study) -> Option<&'r str> {
    let shown = *featured_scenarios(result).first()?;
    let faults = &study.scenarios.iter().find(|other| other.name == shown.name)?.model_of(0).faults;
    let is_rollout =
        |name: &str| faults.iter().any(|fault| fault.name == name && matches!(fault.strikes, Strikes::Rollout { .. }));
    operations_by_cost(shown).into_iter().map(|(name, _)| name.as_str()).find(|name| is_rollout(name))
}

/// Among so many rollouts of a replication one is looked for.
const FEW_ROLLOUTS: usize = 16;
/// In so many replications.
const FEW_REPLICATIONS: u64 = 16;
/// Seconds.
const YEAR: f64 = 365.0 * 86_400.0;

/// A scenario, and the operation whose rollouts are looked at.
struct Scene<'a> {
    result: &'a ScenarioResult,
    scenario: &'a Scenario,
    seed: u64,
    name: &'a str,
    operation: &'a OperationResult,
}

/// A rollout that is to be shown.
#[derive(Clone)]
struct Chosen {
    replication: u64,
    rollout: Rollout,
    /// What is wrong with it.
    flaw: Option<String>,
}

/// The same in the replication that it is of.
struct Shot<'a> {
    scenario: &'a str,
    model: &'a Model,
    timeline: Timeline,
    chosen: Chosen,
    reach: timeline::Reach,
}

impl<'a> Scene<'a> {
    fn of(study: &'a Study, result: &'a ScenarioResult, name: &'a str) -> Option<Self> {
        let scenario = study.scenarios.iter().find(|other| other.name == result.name)?;
        let (_, operation) = result.operations.iter().find(|(other, _)| *other == name)?;
        Some(Self { result, scenario, seed: study.header.seed, name, operation })
    }

    /// Of the first replication that completed one that whose length is nearest to the median of all; of equals the first.
    fn typical(&self) -> Option<Chosen> {
        let median = self.operation.duration_s.p50.as_ref()?.value;
        let from_median = |one: &Chosen| {
            let took = one.rollout.ended.map_or(0.0, |(at, _)| at.since(one.rollout.began).as_secs_f64());
            (took - median).abs()
        };
        let all = self.replications().map(|replication| self.that_ended_as(OperationEnd::Complete, replication));
        all.into_iter()
            .find(|all| !all.is_empty())?
            .into_iter()
            .min_by(|a, b| from_median(a).total_cmp(&from_median(b)))
    }

    /// Of the first few that brought a bad revision and were rolled back one with the flaw that costs the most, for which it took as
    /// long as usual until it was found; or one like another of another scenario, as what is bad is another matter each time.
    fn worst(&self, like: Option<&Chosen>) -> Option<Chosen> {
        if self.operation.rolled_back_s.count == 0 {
            return None;
        }
        let all = self.replications().flat_map(|replication| self.that_ended_as(OperationEnd::RolledBack, replication));
        let mut all: Vec<Chosen> = all.collect();
        let costly = all.iter().map(|one| self.cost(one)).fold(0.0, f64::max);
        match like {
            Some(like) => all.retain(|one| one.flaw == like.flaw),
            None => all.retain(|one| self.cost(one) >= costly),
        }
        all.sort_by_key(found_after);
        match like {
            Some(like) => all.into_iter().min_by_key(|one| found_after(one).abs_diff(found_after(like))),
            None => all.get(all.len().saturating_sub(1) / 2).cloned(),
        }
    }

    /// Seconds a year that fail by its flaw.
    fn cost(&self, one: &Chosen) -> f64 {
        let parts = self.result.attribution_of(Metric::FailedRequests).iter();
        parts.filter(|part| Some(part.cause.name()) == one.flaw.as_deref()).map(|part| part.s_per_year).sum()
    }

    fn replications(&self) -> std::ops::Range<u64> {
        0..self.result.replications.min(FEW_REPLICATIONS)
    }

    /// A replication up to the first few rollouts: what comes later would be played for nothing.
    fn play(&self, replication: u64) -> Timeline {
        let model = self.scenario.model_of(replication);
        let few = FEW_ROLLOUTS as f64 / self.operation.per_year.mean * YEAR;
        let horizon = Duration::from_secs_f64(few.min(model.horizon.as_secs_f64())).min(model.horizon);
        trace(&Model { horizon, ..model.clone() }, self.seed, replication).timeline
    }

    /// The first rollouts of a replication, those that came out so.
    fn that_ended_as(&self, end: OperationEnd, replication: u64) -> Vec<Chosen> {
        let (timeline, model) = (self.play(replication), self.scenario.model_of(replication));
        let counted = timeline.counted_from..timeline.counted_to;
        let is_wanted = |rollout: &Rollout| {
            let is_one = model.faults[rollout.operation].name == self.name;
            is_one && counted.contains(&rollout.began) && rollout.ended_as(end).is_some()
        };
        let choice = |rollout: Rollout| {
            let flaw = rollout.flaw.map(|flaw| model.faults[flaw].name.clone());
            Chosen { replication, rollout, flaw }
        };
        timeline.rollouts.into_iter().filter(is_wanted).map(choice).collect()
    }

    fn shot(&self, chosen: Chosen) -> Option<Shot<'a>> {
        let model = self.scenario.model_of(chosen.replication);
        let timeline = self.play(chosen.replication);
        let reach = timeline::rollout_reach(&timeline, model, &chosen.rollout)?;
        Some(Shot { scenario: &self.result.name, model, timeline, chosen, reach })
    }
}

/// Nanoseconds until it was found to be bad.
fn found_after(one: &Chosen) -> u64 {
    one.rollout.rolled_back.map_or(0, |at| at.since(one.rollout.began).as_nanos())
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
