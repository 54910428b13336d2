//! Which scenario is recommended, and how the others stand to it: decided here, and shown by every report.
//!
//! A search (`select`) has decided by itself. Else, where there are prices and an SLO, the cheapest scenario is recommended
//! whose whole interval meets it. Else the cheapest of all that no other beats: in money or, without prices, in Nodes and
//! then Pods; of equally cheap ones the one with the fewest needless reactions, then the one that changes the fewest
//! settings of the baseline. What on average loses more by what matters is not taken for its price. One *beats* another if
//! it surely loses less, and that may matter: their difference lies on one side of zero, and not all of it within an
//! [`Indifference`]. All that are beaten by none lose as little as each other, as far as is known.

use std::cmp::Ordering;

use crate::report::indifference::Indifference;
use crate::report::loss::{less, loss_of, other_loss_of, paired};
use crate::results::{Estimate, ExperimentResult, ScenarioResult, ScenarioStanding, SelectionResult, Standing};
use crate::study::{Metric, Wanted};

/// What a scenario is called some of whose replicas no Node takes.
pub const UNPLACEABLE: &str = "unplaceable";
/// The same under a table, for the mark behind its name.
pub const DAGGER: &str = "† no Node takes some of its replicas, which stay Pending; it is never chosen.";

const HOURS_A_YEAR: f64 = 8_760.0;
/// Pods and Nodes are compared in these parts of one: Pods that wait for a Node make small differences.
const PARTS: f64 = 20.0;

/// Whether a key of `vary` is about what happens to a system, and not about how somebody sets it up: nobody chooses its value.
pub fn is_given(key: &str) -> bool {
    let input = key.split(['.', '[']).next().unwrap_or(key);
    ["faults", "script", "app", "traffic"].contains(&input)
}

/// How one scenario stands to another, by what they lose in the objective's metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It surely loses less, and that may matter.
    Better,
    /// The difference is known not to matter.
    AsGood,
    /// No difference is told apart from chance.
    Unclear,
    /// It surely loses more, and that may matter.
    Worse,
}

/// The reason why a scenario is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// A search has chosen it.
    Search,
    /// It is the cheapest that surely meets the SLO.
    CheapestThatMeets,
    /// No other beats it, and of all that none beats it is the cheapest.
    LosesLeast,
}

/// The recommendation of a result.
#[derive(Debug, Clone)]
pub struct Ranking<'r> {
    result: &'r ExperimentResult,
    /// Differences that do not matter.
    pub indifference: Indifference,
    /// The reason why it is recommended.
    pub ground: Ground,
    /// The scenario that is recommended, by its number; `None` where a search found none.
    pub recommended: Option<usize>,
    /// The scenario that others are compared with, by its number.
    pub baseline: Option<usize>,
    /// What each loses: as a difference to the baseline, if there is one.
    lost: Vec<Estimate>,
    /// The same of the loss that the objective does not count.
    other: Vec<Estimate>,
    /// Whether no other beats it.
    unbeaten: Vec<bool>,
    /// Whether it never gets its operations done, while others do.
    blocked: Vec<bool>,
}

/// Others that meet the SLO at the cost of the cheapest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ties {
    /// All of them.
    pub equal: usize,
    /// Those that are not known to lose more.
    pub as_good: usize,
    /// Those among these that need fewer Nodes or Pods.
    pub smaller: usize,
}

impl<'r> Ranking<'r> {
    /// `None` where there is nothing to choose from.
    pub fn of(result: &'r ExperimentResult) -> Option<Self> {
        // Of two manifests the new one is judged, and nothing is chosen.
        if result.scenarios.len() < 2 || result.comparison.is_some() || result.each_alone {
            return None;
        }
        // Nobody chooses how often something breaks: such a grid tells what hangs on it.
        if result.selection.is_none() && result.varied.iter().any(|key| is_given(key)) {
            return None;
        }
        let baseline = result.baseline.as_ref().and_then(|name| number_of(result, name));
        let mut best = Self {
            result,
            indifference: Indifference::of(result),
            ground: Ground::LosesLeast,
            recommended: None,
            baseline,
            lost: losses(result, loss_of(result), baseline),
            other: losses(result, other_loss_of(result), baseline),
            unbeaten: vec![false; result.scenarios.len()],
            blocked: result.blocked(),
        };
        // What has no room for its replicas, or never gets its operations done, is not chosen, whatever it loses.
        let all = result.contenders();
        for i in best.unbeaten_of(&all) {
            best.unbeaten[i] = true;
        }
        if let Some(selection) = &result.selection {
            best.ground = Ground::Search;
            best.recommended = selection.chosen.as_ref().and_then(|name| number_of(result, name));
        } else if let Some(cheapest) = best.cheapest_that_meets() {
            best.ground = Ground::CheapestThatMeets;
            best.recommended = Some(cheapest);
        } else {
            best.recommended = best.cheapest_unbeaten(&all);
        }
        Some(best)
    }

    /// How the first stands to the second, by what the objective counts.
    pub fn relation(&self, i: usize, other: usize) -> Relation {
        self.stands(&self.difference(i, other))
    }

    /// The same by the loss that it does not count.
    pub fn other_relation(&self, i: usize, other: usize) -> Relation {
        self.stands(&self.other_difference(i, other))
    }

    /// What the first loses less what the second does: from pairs where there are any; else never too narrow.
    pub fn difference(&self, i: usize, other: usize) -> Estimate {
        less(&self.lost[i], &self.lost[other])
    }

    /// The same of the loss that the objective does not count.
    pub fn other_difference(&self, i: usize, other: usize) -> Estimate {
        less(&self.other[i], &self.other[other])
    }

    fn stands(&self, difference: &Estimate) -> Relation {
        let zone = self.indifference.secs;
        match difference {
            d if d.low >= -zone && d.high <= zone => Relation::AsGood,
            d if d.low > 0.0 => Relation::Worse,
            d if d.high < 0.0 => Relation::Better,
            _ => Relation::Unclear,
        }
    }

    /// Those of these that none of them beats, in their order.
    fn unbeaten_of(&self, of: &[usize]) -> Vec<usize> {
        // One is beaten if any whose interval ends before its own begins, begins so early that it may matter.
        let mut by_end: Vec<usize> = of.to_vec();
        by_end.sort_by(|&a, &b| self.lost[a].high.total_cmp(&self.lost[b].high));
        let mut earliest = Vec::with_capacity(by_end.len());
        for &i in &by_end {
            let before = earliest.last().copied().unwrap_or(f64::INFINITY);
            earliest.push(before.min(self.lost[i].low));
        }
        let is_unbeaten = |&i: &usize| {
            let Estimate { low, high, .. } = self.lost[i];
            let ending_before = by_end.partition_point(|&other| self.lost[other].high < low);
            ending_before == 0 || high - earliest[ending_before - 1] <= self.indifference.secs
        };
        of.iter().copied().filter(is_unbeaten).collect()
    }

    /// The cheapest of those of these that none of them beats; of several the preferred one. None is preferred for its price that on
    /// average loses more than the baseline, or without it than any other, by what matters: that chance might explain it is no
    /// reason to take it.
    pub fn cheapest_unbeaten(&self, of: &[usize]) -> Option<usize> {
        let mut unbeaten = self.unbeaten_of(of);
        let on_average = |i: usize| shown(&self.lost[i]);
        let least = unbeaten.iter().copied().min_by(|&a, &b| on_average(a).total_cmp(&on_average(b)))?;
        let measure = self.baseline.filter(|baseline| unbeaten.contains(baseline)).unwrap_or(least);
        unbeaten.retain(|&i| on_average(i) - on_average(measure) <= self.indifference.secs);
        let cheapest = unbeaten.iter().copied().min_by(|&a, &b| self.by_cost(a, b))?;
        unbeaten.retain(|&i| self.by_cost(i, cheapest).is_eq());
        self.preferred(&unbeaten)
    }

    /// Of equally good and equally cheap ones: those that lose as little as any of them in the other metric, too; then the
    /// fewest needless reactions, as far as they are told apart; then the fewest settings other than the baseline's, then
    /// the least loss.
    fn preferred(&self, equals: &[usize]) -> Option<usize> {
        let least = |of: &[usize], lost: &[Estimate]| {
            of.iter().copied().min_by(|&a, &b| shown(&lost[a]).total_cmp(&shown(&lost[b])))
        };
        let least_of_other = least(equals, &self.other)?;
        let is_as_good = |&i: &usize| self.other_relation(i, least_of_other) != Relation::Worse;
        let mut left: Vec<usize> = equals.iter().copied().filter(is_as_good).collect();
        let needless = |i: usize| self.result.scenarios[i].needless_reactions();
        let fewest = left.iter().map(|&i| needless(i)).min_by(|a, b| shown(a).total_cmp(&shown(b)))?;
        left.retain(|&i| needless(i).low <= fewest.high);
        let least_changed = left.iter().map(|&i| self.changes(i)).min()?;
        left.retain(|&i| self.changes(i) == least_changed);
        least(&left, &self.lost)
    }

    /// The scenarios that are not considered, as their operations are hardly ever completed and those of others are.
    pub fn blocked(&self) -> Vec<usize> {
        (0..self.blocked.len()).filter(|&i| self.blocked[i]).collect()
    }

    /// How many settings differ from the baseline's.
    pub fn changes(&self, i: usize) -> usize {
        let Some(baseline) = self.baseline else { return 0 };
        let [ours, theirs] = [i, baseline].map(|i| &self.result.scenarios[i].parameters);
        ours.iter().filter(|(key, value)| theirs.get(*key) != Some(value)).count()
    }

    /// Whether the scenario costs less, as much, or more than the other.
    pub fn by_cost(&self, i: usize, other: usize) -> Ordering {
        let [a, b] = [i, other].map(|i| &self.result.scenarios[i]);
        match (a.cost_per_year, b.cost_per_year) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => resources(a).cmp(&resources(b)),
        }
    }

    /// The cheapest whose whole interval meets the SLO; each interval holds for itself. `None` too where prices do not
    /// part the scenarios.
    fn cheapest_that_meets(&self) -> Option<usize> {
        if !has_different_costs(self.result) {
            return None;
        }
        let meeting: Vec<usize> =
            self.result.contenders().into_iter().filter(|&i| self.meets(i) == Some(true)).collect();
        let cheapest = meeting.iter().copied().min_by(|&a, &b| self.by_cost(a, b))?;
        let as_cheap: Vec<usize> = meeting.into_iter().filter(|&i| self.by_cost(i, cheapest).is_eq()).collect();
        self.cheapest_unbeaten(&as_cheap)
    }

    /// Whether a scenario surely meets the SLO, or surely misses it; as a search that looks at it has found. `None` where
    /// that is not known, or there is no SLO.
    pub fn meets(&self, i: usize) -> Option<bool> {
        if let Some(selection) = self.result.selection.as_ref().filter(|one| one.goal == Wanted::Cheapest) {
            return match standing_of(selection, &self.result.scenarios[i], i) {
                Standing::Meets => Some(true),
                Standing::Misses => Some(false),
                _ => None,
            };
        }
        let slo = self.result.objective.slo?;
        let estimate = &self.result.scenarios[i].estimates[self.result.objective.metric];
        if estimate.low >= slo {
            Some(true)
        } else if estimate.high < slo {
            Some(false)
        } else {
            None
        }
    }

    /// Whether no other scenario might as well be recommended.
    pub fn is_unique(&self) -> bool {
        let Some(recommended) = self.recommended else { return false };
        let others = || (0..self.result.scenarios.len()).filter(move |&i| i != recommended);
        match (&self.result.selection, self.ground) {
            (Some(selection), _) => selection.decided && self.ties().equal == 0,
            (None, Ground::CheapestThatMeets) => {
                !others().any(|i| self.by_cost(i, recommended).is_le() && self.meets(i) != Some(false))
            }
            (None, _) => !others().any(|i| self.unbeaten[i]),
        }
    }

    /// Who else meets the SLO at the cost of the one that is recommended as the cheapest that does.
    pub fn ties(&self) -> Ties {
        let is_cheapest = match &self.result.selection {
            Some(selection) => selection.goal == Wanted::Cheapest,
            None => self.ground == Ground::CheapestThatMeets,
        };
        let Some(chosen) = self.recommended.filter(|_| is_cheapest) else { return Ties::default() };
        let is_equal = |&i: &usize| i != chosen && self.meets(i) == Some(true) && self.by_cost(i, chosen).is_eq();
        let equal: Vec<usize> = self.result.contenders().into_iter().filter(is_equal).collect();
        let loses_more = |i: usize| self.relation(i, chosen) == Relation::Worse;
        let as_good: Vec<usize> = equal.iter().copied().filter(|&i| !loses_more(i)).collect();
        let needs = |i: usize| resources(&self.result.scenarios[i]);
        let smaller = as_good.iter().filter(|&&i| needs(i) < needs(chosen)).count();
        Ties { equal: equal.len(), as_good: as_good.len(), smaller }
    }

    /// Who else loses as little as the recommended one: none beats them either.
    pub fn equals(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.unbeaten.len()).filter(|&i| self.unbeaten[i] && Some(i) != self.recommended)
    }

    /// How a scenario stands, in a word or two.
    pub fn standing(&self, i: usize) -> &'static str {
        if self.result.scenarios[i].unplaceable {
            return UNPLACEABLE;
        }
        if let Some(selection) = &self.result.selection {
            return self.standing_in(selection, i);
        }
        if self.recommended == Some(i) {
            return RECOMMENDED;
        }
        if self.blocked[i] {
            return BLOCKS;
        }
        if self.ground == Ground::CheapestThatMeets {
            return match self.meets(i) {
                Some(true) => "meets",
                Some(false) => "misses",
                None => "unclear",
            };
        }
        match self.recommended.map(|recommended| self.relation(i, recommended)) {
            _ if !self.unbeaten[i] => "worse",
            Some(Relation::AsGood) => AS_GOOD,
            _ => "unclear",
        }
    }

    fn standing_in(&self, selection: &SelectionResult, i: usize) -> &'static str {
        if self.recommended == Some(i) {
            return if selection.decided { "chosen" } else { "ahead" };
        }
        match standing_of(selection, &self.result.scenarios[i], i) {
            Standing::Open => "open",
            Standing::Beaten => "beaten",
            Standing::Meets => "meets",
            Standing::Misses => "misses",
            Standing::Dearer => "no cheaper",
            Standing::Barred => UNPLACEABLE,
        }
    }
}

/// How the search has left the `i`-th scenario.
fn standing_of(selection: &SelectionResult, scenario: &ScenarioResult, i: usize) -> Standing {
    // As a rule the standings are in the order of the scenarios.
    let is_its = |standing: &&ScenarioStanding| standing.scenario == scenario.name;
    let found = selection.standings.get(i).filter(is_its).or_else(|| selection.standings.iter().find(is_its));
    found.map_or(Standing::Open, |standing| standing.standing)
}

/// The standing of what is recommended, where nothing was searched for.
pub const RECOMMENDED: &str = "recommended";
/// The standing of what never gets its operations done.
pub const BLOCKS: &str = "blocks";
/// The standing of what loses as little.
pub const AS_GOOD: &str = "as good";

/// The scenario that is recommended; `None` where there is nothing to choose from, or a search found none.
pub fn recommended(result: &ExperimentResult) -> Option<&ScenarioResult> {
    Ranking::of(result)?.recommended.map(|i| &result.scenarios[i])
}

/// What each scenario loses; where there is a baseline, less what that loses: in pairs that is known far better, unless no
/// pair differs.
fn losses(result: &ExperimentResult, loss: Metric, baseline: Option<usize>) -> Vec<Estimate> {
    let lost = |scenario: &ScenarioResult| scenario.estimates[loss];
    let Some(baseline) = baseline else { return result.scenarios.iter().map(lost).collect() };
    let theirs = lost(&result.scenarios[baseline]);
    let width = |e: &Estimate| e.high - e.low;
    let of = |(i, scenario): (usize, &ScenarioResult)| {
        if i == baseline {
            return Estimate { mean: 0.0, low: 0.0, high: 0.0, bound: false, rests_on_few: false };
        }
        let apart = less(&lost(scenario), &theirs);
        paired(scenario, loss).filter(|paired| !paired.bound || width(paired) < width(&apart)).unwrap_or(apart)
    };
    result.scenarios.iter().enumerate().map(of).collect()
}

/// A mean; 0 where nothing was seen.
fn shown(estimate: &Estimate) -> f64 {
    if estimate.bound { 0.0 } else { estimate.mean }
}

/// Whether all scenarios have a price, and not all the same.
pub fn has_different_costs(result: &ExperimentResult) -> bool {
    let cost = |scenario: &ScenarioResult| scenario.cost_per_year;
    let first = result.scenarios.first().and_then(cost);
    result.scenarios.iter().all(|scenario| cost(scenario).is_some())
        && result.scenarios.iter().any(|scenario| cost(scenario) != first)
}

/// Nodes, then Pods, on average.
fn resources(scenario: &ScenarioResult) -> [i64; 2] {
    [scenario.node_hours_per_year, scenario.pod_hours_per_year]
        .map(|hours| (hours / HOURS_A_YEAR * PARTS).round() as i64)
}

fn number_of(result: &ExperimentResult, name: &str) -> Option<usize> {
    result.scenarios.iter().position(|scenario| scenario.name == name)
}
