//! How operations end and what each costs, compared over the scenarios: what differs between them; [`sentences`] say it.
//!
//! The cost of one that is never completed is little, and is no merit: such scenarios are told apart before costs are compared.

mod sentences;

use std::collections::BTreeMap;

use crate::report::labels::Labels;
use crate::report::loss;
use crate::results::{Estimate, ExperimentResult, OperationResult};
use crate::study::Metric;

/// A share of all operations that is worth a word.
const WORTH_A_WORD: f64 = 0.01;
/// So many that leave the zones uneven are what an experiment is about, where others have less than half of them.
const MANY_UNEVEN: f64 = 0.1;
/// So far apart, as a part of them, numbers of Pods are the same.
const AS_MANY: f64 = 0.02;
/// So many times as much is another cost.
const DIFFERS: f64 = 1.5;
/// From this share on it is all.
const ALL: f64 = 0.99;

/// What becomes of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is completed, and its Pods went in time.
    Completed,
    /// It is completed, and took Pods with their machine or against their budget.
    Forced,
    /// The next one takes its place.
    Superseded,
    /// It brought a bad revision, and was rolled back.
    RolledBack,
    /// It gives up.
    GaveUp,
    /// It is not seen to end.
    NoEnd,
}

impl Fate {
    /// The best first.
    const ALL: [Self; 6] =
        [Self::Completed, Self::Forced, Self::Superseded, Self::RolledBack, Self::GaveUp, Self::NoEnd];

    /// As a table has it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Forced => "forced",
            Self::Superseded => "superseded",
            Self::RolledBack => "rolled back",
            Self::GaveUp => "gave up",
            Self::NoEnd => "no end",
        }
    }

    /// The share of those that had something to do.
    pub fn share(self, operation: &OperationResult) -> f64 {
        let count = match self {
            Self::Completed => operation.duration_s.count.saturating_sub(operation.forced),
            Self::Forced => operation.forced,
            Self::Superseded => operation.superseded,
            Self::RolledBack => operation.rolled_back_s.count,
            Self::GaveUp => operation.gave_up,
            Self::NoEnd => operation.duration_s.censored,
        };
        share_of(operation, count)
    }

    /// What becomes of these, the best first.
    pub fn of(operation: &OperationResult) -> Vec<(Self, f64)> {
        let all = Self::ALL.into_iter().map(|fate| (fate, fate.share(operation)));
        all.filter(|(_, share)| *share > 0.0).collect()
    }
}

/// So many over all that had something to do.
pub fn share_of(operation: &OperationResult, count: u64) -> f64 {
    count as f64 / operation.at_work().max(1) as f64
}

/// How many leave the zones uneven.
pub fn share_uneven(operation: &OperationResult) -> f64 {
    share_of(operation, operation.left_uneven)
}

/// Whether most of what the objective counts comes from changes made on purpose, in the scenario that others are compared with.
pub fn costs_most(result: &ExperimentResult) -> bool {
    is_charged_with_most(result, &|cause| result.is_of_operation(cause))
}

/// The same of faults that take a zone away.
fn zones_cost_most(result: &ExperimentResult) -> bool {
    let strikes =
        |cause: &str| result.faults.iter().any(|fault| fault.name == cause && fault.strikes.starts_with("zone "));
    is_charged_with_most(result, &strikes)
}

fn is_charged_with_most(result: &ExperimentResult, is: &dyn Fn(&str) -> bool) -> bool {
    let baseline = result.scenarios.iter().find(|one| Some(&one.name) == result.baseline.as_ref());
    let Some(scenario) = baseline.or(result.scenarios.first()) else { return false };
    let parts = scenario.attribution_of(loss::loss_of(result));
    let all: f64 = parts.iter().map(|part| part.s_per_year).sum();
    let its = parts.iter().filter(|part| is(part.cause.name()));
    2.0 * its.map(|part| part.s_per_year).sum::<f64>() > all
}

/// An operation of a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The scenario, by its number.
    pub scenario: usize,
    /// Name of the operation.
    pub name: &'a str,
    /// What is known of it.
    pub operation: &'a OperationResult,
}

/// The operations of several scenarios.
pub struct Compared<'a> {
    result: &'a ExperimentResult,
    labels: Labels,
    /// Scenario by scenario.
    pub entries: Vec<Entry<'a>>,
    /// Which loss is the cost of one.
    pub cost: Metric,
}

impl<'a> Compared<'a> {
    /// `None` where there are none, or nothing about them differs.
    pub fn of(result: &'a ExperimentResult) -> Option<Self> {
        if result.scenarios.len() < 2 || result.each_alone {
            return None;
        }
        let entries: Vec<Entry<'_>> = result
            .scenarios
            .iter()
            .enumerate()
            .flat_map(|(scenario, one)| {
                let all = one.operations.iter();
                all.map(move |(name, operation)| Entry { scenario, name, operation })
            })
            .filter(|entry| entry.operation.at_work() > 0)
            .collect();
        entries.first()?;
        let mut compared = Self { result, labels: Labels::of(result), entries, cost: Metric::FailedRequests };
        compared.cost = compared.counted();
        let differs = compared.has_fates() || compared.is_about_zones() || compared.has_costs();
        differs.then_some(compared)
    }

    /// Downtime where the objective counts it and most cost some; else failed requests.
    fn counted(&self) -> Metric {
        let down = |entry: &&Entry<'_>| entry.operation.downtime_s_each.is_some_and(|each| !each.bound);
        let counts_downtime = self.result.objective.metric != Metric::RequestSuccess;
        if counts_downtime && 2 * self.entries.iter().filter(down).count() > self.entries.len() {
            Metric::Downtime
        } else {
            Metric::FailedRequests
        }
    }

    /// What one costs.
    pub fn cost_of(&self, operation: &OperationResult) -> Option<Estimate> {
        if self.cost == Metric::Downtime { operation.downtime_s_each } else { operation.failed_request_s_each }
    }

    /// Not all end well.
    pub fn has_fates(&self) -> bool {
        self.entries.iter().any(|entry| 1.0 - Fate::Completed.share(entry.operation) >= WORTH_A_WORD)
    }

    /// Costs of one and the same operation differ by more than a little.
    pub fn has_costs(&self) -> bool {
        // By name, the least and the most.
        let mut ends: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| !entry.operation.is_blocked()) {
            if let Some(each) = self.cost_of(entry.operation).filter(|each| !each.bound) {
                let (least, most) = ends.entry(entry.name).or_insert((each.mean, each.mean));
                (*least, *most) = (least.min(each.mean), most.max(each.mean));
            }
        }
        ends.values().any(|(least, most)| *most > DIFFERS * least)
    }

    /// Many leave the zones uneven, and in other scenarios with as many Pods far fewer do; and it is zones that fail.
    pub fn is_about_zones(&self) -> bool {
        let baseline = self.baseline();
        let pods = |scenario: usize| self.result.scenarios[scenario].pod_hours_per_year;
        let as_many = |scenario: usize| (pods(scenario) - pods(baseline)).abs() <= AS_MANY * pods(baseline);
        let shares = || self.entries.iter().map(|entry| share_uneven(entry.operation));
        let ours = self.entries.iter().find(|entry| entry.scenario == baseline);
        let (ours, least) = (ours.map_or(0.0, |entry| share_uneven(entry.operation)), shares().fold(1.0, f64::min));
        ours >= MANY_UNEVEN
            && 2.0 * least < ours
            && self.entries.iter().all(|entry| as_many(entry.scenario))
            && zones_cost_most(self.result)
    }

    /// Some are hardly ever completed, and others are.
    fn is_blocked_somewhere(&self) -> bool {
        let blocked = self.entries.iter().filter(|entry| entry.operation.is_blocked()).count();
        blocked > 0 && blocked < self.entries.len()
    }

    /// How operations end differs so much that it is the answer.
    pub fn is_the_answer(&self) -> bool {
        self.is_about_zones() || self.is_blocked_somewhere() && costs_most(self.result)
    }

    /// The names of the operations.
    pub fn names(&self, between: &str) -> String {
        let mut names: Vec<&str> = Vec::new();
        for entry in &self.entries {
            if !names.contains(&entry.name) {
                names.push(entry.name);
            }
        }
        names.join(between)
    }

    fn baseline(&self) -> usize {
        let place = self.result.scenarios.iter().position(|one| Some(&one.name) == self.result.baseline.as_ref());
        place.unwrap_or(0)
    }

    /// Those for which this holds, by their places.
    fn places(&self, holds: impl Fn(&Entry<'_>) -> bool) -> Vec<usize> {
        (0..self.entries.len()).filter(|&at| holds(&self.entries[at])).collect()
    }

    fn scenarios(&self, entries: &[usize]) -> Vec<usize> {
        let mut scenarios: Vec<usize> = entries.iter().map(|&at| self.entries[at].scenario).collect();
        scenarios.dedup();
        scenarios
    }
}

/// Nearly all are completed by force.
fn is_forced(entry: &Entry<'_>) -> bool {
    Fate::Forced.share(entry.operation) >= ALL
}
