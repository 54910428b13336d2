//! How operations end and what each costs, compared over the scenarios: what differs between them, and what that says.
//!
//! The cost of one that is never completed is little, and is no merit: such scenarios are told apart before costs are compared.

use std::collections::BTreeMap;

use crate::report::charts::explained;
use crate::report::format;
use crate::report::labels::{CANDIDATE, Column, Labels};
use crate::report::loss;
use crate::report::period::Period;
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
/// Groups of costs that are told in one sentence.
const MOST_GROUPS: usize = 3;
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

    /// What the picture of them says.
    pub fn finding(&self) -> String {
        if self.is_about_zones() {
            return self.uneven(2);
        }
        let costs = self.costs(false);
        let fates = self.unfinished(false);
        match (fates.is_empty(), costs.is_empty()) {
            (false, false) => format!("{}; elsewhere it costs {costs}", fates.join(", ")),
            (false, true) => fates.join(", "),
            (true, _) => format!("One {} costs {costs}", self.names(" or ")),
        }
    }

    /// The answer in words, where how they end is the answer or a part of it: as much as there is to say, and a shorter one.
    pub fn headlines(&self) -> Vec<String> {
        if self.is_about_zones() {
            return vec![format!("{}.", self.uneven(usize::MAX)), format!("{}.", self.uneven(2))];
        }
        if !costs_most(self.result) {
            return Vec::new();
        }
        if self.is_blocked_somewhere() {
            let sentences = [self.each_year(), Some(format!("{}.", self.unfinished(true).join(", "))), self.contrast()];
            return vec![sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")];
        }
        let is_forced = |entry: &Entry<'_>| Fate::Forced.share(entry.operation) >= MANY_UNEVEN;
        let (costs, brief) = (self.costs(false), self.costs(true));
        if costs.is_empty() || !self.entries.iter().any(is_forced) {
            return Vec::new();
        }
        [costs, brief].map(|costs| format!("One {} costs {costs}.", self.names(" or "))).to_vec()
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

    /// Which share leaves the zones uneven, in so many groups of scenarios: that of the baseline first.
    fn uneven(&self, groups: usize) -> String {
        let baseline = self.baseline();
        let share = |entry: &Entry<'_>| format::share(share_uneven(entry.operation), 1.0);
        let mut shares: Vec<(f64, String, Vec<usize>)> = Vec::new();
        for entry in &self.entries {
            match shares.iter_mut().find(|(_, words, _)| *words == share(entry)) {
                Some((_, _, scenarios)) => scenarios.push(entry.scenario),
                None => shares.push((share_uneven(entry.operation), share(entry), vec![entry.scenario])),
            }
        }
        shares.sort_by(|a, b| b.0.total_cmp(&a.0));
        let at = shares.iter().position(|(_, _, scenarios)| scenarios.contains(&baseline)).unwrap_or(0);
        let first = shares.remove(at);
        // Of more groups the least is what can be had.
        if groups < shares.len() + 1 {
            shares.drain(..shares.len() + 1 - groups);
        }
        let whose = |scenarios: &[usize]| {
            let names: Vec<String> = scenarios.iter().map(|&scenario| self.named(scenario)).collect();
            either(&names)
        };
        let others: Vec<String> = shares
            .iter()
            .map(|(_, words, scenarios)| format!("with {} {}", whose(scenarios), words.replace('<', "less than")))
            .collect();
        let with = if groups > 2 { format!(" with {}", whose(&first.2)) } else { String::new() };
        let others = if others.is_empty() { String::new() } else { format!("; {}", others.join(", ")) };
        format!("{} of the {} leave the zones uneven{with}{others}", first.1, plural(&self.names(" and ")))
    }

    /// A scenario by what tells it, quoted.
    fn named(&self, scenario: usize) -> String {
        self.described(&[scenario]).unwrap_or_else(|| format!("“{}”", self.result.scenarios[scenario].name))
    }

    /// Where they are hardly ever completed, and where they are by force.
    fn unfinished(&self, in_full: bool) -> Vec<String> {
        let name = self.names(" or ");
        let blocked = self.places(|entry| entry.operation.is_blocked());
        if blocked.is_empty() {
            return Vec::new();
        }
        let never = blocked.iter().all(|&at| self.entries[at].operation.duration_s.count == 0);
        let completes = if never { "never completes" } else { "hardly ever completes" };
        let forced = self.places(is_forced);
        let with = |set: &[usize]| self.described(&self.scenarios(set));
        let mut said = vec![match with(&blocked) {
            Some(who) => format!("{who} {completes} {}", format::one(&name)),
            None => {
                format!("{} of {} scenarios never complete {}", blocked.len(), self.entries.len(), format::one(&name))
            }
        }];
        if let Some(who) = with(&forced).filter(|_| !forced.is_empty()) {
            let medians =
                forced.iter().filter_map(|&at| Some(self.entries[at].operation.duration_s.p50.as_ref()?.value));
            let after = range(medians).filter(|_| in_full).map_or(String::new(), |took| format!(" ({took})"));
            // What both have in common was said.
            let common = who.split(" with ").next().unwrap_or_default();
            let rest = who.strip_prefix(common).filter(|rest| !rest.is_empty() && said[0].starts_with(common));
            let who = rest.map_or(who.clone(), |rest| rest.trim_start().to_owned());
            said.push(format!("{who} only by force{after}"));
        }
        said
    }

    /// What one costs, by the setting that makes the most of it; in brief only the most of each.
    fn costs(&self, in_brief: bool) -> String {
        // Of several operations the dearest counts.
        let several = self.entries.iter().any(|entry| entry.name != self.entries[0].name);
        let has_blocked = self.entries.iter().any(|entry| entry.operation.is_blocked());
        let free = self.places(|entry| !(entry.operation.is_blocked() || has_blocked && is_forced(entry)));
        let dearest = |scenario: usize| {
            let all = free.iter().map(|&at| &self.entries[at]).filter(|entry| entry.scenario == scenario);
            let costs = all.filter_map(|entry| self.cost_of(entry.operation)).filter(|each| !each.bound);
            costs.map(|each| each.mean).fold(None, |most: Option<f64>, each| Some(most.map_or(each, |m| m.max(each))))
        };
        let costs: Vec<Option<f64>> = (0..self.result.scenarios.len()).map(dearest).collect();
        let what = if self.cost == Metric::Downtime { "of downtime" } else { "of requests" };
        let Some(all) = range(costs.iter().copied().flatten()) else { return String::new() };
        let logarithms: Vec<Option<f64>> = costs.iter().map(|cost| cost.map(|cost| cost.max(1e-9).ln())).collect();
        let columns = self.labels.columns.iter().filter(|_| self.labels.varied);
        let moves = columns.filter_map(|column| Some((column, explained(column, &logarithms)?)));
        let Some((column, _)) = moves.max_by(|a, b| a.1.total_cmp(&b.1)) else { return format!("{all} {what}") };
        let mut groups: Vec<(Vec<String>, Vec<f64>)> = Vec::new();
        for (cell, cost) in column.cells.iter().zip(&costs) {
            let Some(cost) = *cost else { continue };
            match groups.iter_mut().find(|(cells, _)| cells.contains(cell)) {
                Some((_, all)) => all.push(cost),
                None => groups.push((vec![cell.clone()], vec![cost])),
            }
        }
        let most = |group: &[f64]| group.iter().copied().fold(0.0, f64::max);
        let least = |group: &[f64]| group.iter().copied().fold(f64::INFINITY, f64::min);
        groups.sort_by(|a, b| most(&a.1).total_cmp(&most(&b.1)));
        // Costs that are about the same are told once.
        let mut told: Vec<(Vec<String>, Vec<f64>)> = Vec::new();
        for (cells, costs) in groups {
            match told.last_mut().filter(|last| most(&costs) < DIFFERS * most(&last.1)) {
                Some(last) => {
                    last.0.extend(cells);
                    last.1.extend(costs);
                }
                None => told.push((cells, costs)),
            }
        }
        if told.len() < 2 {
            return format!("{all} {what}");
        }
        if told.len() > MOST_GROUPS {
            told.drain(1..told.len() - 1);
        }
        let parts: Vec<String> = told
            .iter()
            .map(|(cells, costs)| {
                let span = if several {
                    format!("up to {}", format::duration(most(costs)))
                } else if in_brief || most(costs) < 1.1 * least(costs) {
                    format::duration(most(costs))
                } else {
                    range(costs.iter().copied()).unwrap_or_default()
                };
                // Where some never complete, who is forced was told with them.
                let forced = if has_blocked || in_brief { String::new() } else { self.forced_of(column, cells) };
                format!("{span} with {}{forced}", values(column, cells))
            })
            .collect();
        let first = if in_brief { parts[0].clone() } else { parts[0].replacen(" with", &format!(" {what} with"), 1) };
        std::iter::once(first).chain(parts.into_iter().skip(1)).collect::<Vec<_>>().join(", ")
    }

    /// Which share is forced where a setting has one of these values.
    fn forced_of(&self, column: &Column, cells: &[String]) -> String {
        let there = self.entries.iter().filter(|entry| cells.contains(&column.cells[entry.scenario]));
        let mut shares: Vec<(f64, &str)> =
            there.map(|entry| (Fate::Forced.share(entry.operation), entry.name)).collect();
        shares.sort_by(|a, b| b.0.total_cmp(&a.0));
        match (shares.first(), shares.last()) {
            (Some(_), Some((least, _))) if *least >= ALL => " (all by force)".to_owned(),
            (Some((most, name)), _) if *most >= MANY_UNEVEN => {
                format!(" (up to {} of the {} by force)", format::share(*most, 1.0), plural(name))
            }
            _ => String::new(),
        }
    }

    /// What a year of them costs the baseline.
    fn each_year(&self) -> Option<String> {
        let baseline = self.baseline();
        let entry = self.entries.iter().find(|entry| entry.scenario == baseline)?;
        let each = self.cost_of(entry.operation).filter(|each| !each.bound)?;
        let period = Period::of(self.result);
        let many = entry.operation.per_year.mean;
        (!period.is_run()).then(|| {
            let loss = if self.cost == Metric::Downtime { "cost downtime of" } else { "fail requests worth" };
            format!(
                "{} {} a year {loss} {}, {} each.",
                format::significant(many, 2),
                plural(entry.name),
                format::duration(each.mean * many),
                format::duration(each.mean)
            )
        })
    }

    /// What another value of the first setting costs instead of the baseline's, where both get them done.
    fn contrast(&self) -> Option<String> {
        let baseline = self.baseline();
        let column = self.labels.columns.first().filter(|_| self.labels.varied)?;
        let ours = &column.cells[baseline];
        let is_free = |entry: &&Entry<'_>| !entry.operation.is_blocked() && !is_forced(entry);
        let free: Vec<&Entry<'_>> = self.entries.iter().filter(is_free).collect();
        let other = free.iter().map(|entry| &column.cells[entry.scenario]).find(|cell| *cell != ours)?;
        // What else tells them apart.
        let rest = |scenario: usize| {
            let others = self.labels.columns.iter().skip(1);
            others.map(|column| column.cells[scenario].as_str()).collect::<Vec<_>>()
        };
        let pairs = free.iter().filter(|entry| &column.cells[entry.scenario] == other).filter_map(|theirs| {
            let is_its = |entry: &&&Entry<'_>| {
                &column.cells[entry.scenario] == ours
                    && entry.name == theirs.name
                    && rest(entry.scenario) == rest(theirs.scenario)
            };
            let of = free.iter().find(is_its)?;
            let costs = [of, theirs].map(|entry| self.cost_of(entry.operation));
            let [Some(ours), Some(theirs_cost)] = costs else { return None };
            Some((theirs.scenario, ours, theirs_cost))
        });
        let pairs: Vec<(usize, Estimate, Estimate)> = pairs.collect();
        let apart: Vec<String> = pairs
            .iter()
            .filter(|(_, ours, theirs)| ours.high < theirs.low || theirs.high < ours.low)
            .map(|(scenario, ours, theirs)| {
                format!(
                    "{} instead of {} ({})",
                    format::duration(theirs.mean),
                    format::duration(ours.mean),
                    self.settings(*scenario)
                )
            })
            .collect();
        let who = format!("“{other}” instead of “{ours}”");
        Some(match apart.as_slice() {
            _ if pairs.is_empty() => return None,
            [] => format!("{who} costs no more that is told apart from chance."),
            [only] => format!("{who} costs {only}, elsewhere as much."),
            [first, second] => format!("{who} costs {first} and {second}, elsewhere as much."),
            [first, .., last] => format!("{who} costs {first} to {last}."),
        })
    }

    /// The settings of a scenario after the first: `replicas 1, eks`.
    fn settings(&self, scenario: usize) -> String {
        let others = self.labels.columns.iter().skip(1);
        others.map(|column| values(column, &[column.cells[scenario].clone()])).collect::<Vec<_>>().join(", ")
    }

    /// The scenarios that have no operation.
    pub fn without(&self) -> Option<String> {
        let without = |scenario: &usize| self.entries.iter().all(|entry| entry.scenario != *scenario);
        let scenarios: Vec<usize> = (0..self.result.scenarios.len()).filter(without).collect();
        let column = self.labels.columns.first().filter(|_| self.labels.varied && !scenarios.is_empty())?;
        let first = &column.cells[scenarios[0]];
        let is_its = |&&scenario: &&usize| column.cells[scenario] == *first;
        (scenarios.iter().filter(is_its).count() == scenarios.len())
            .then(|| values(column, std::slice::from_ref(first)))
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

    /// What these scenarios and no others have in common: `“none” with aks or eks`; `None` if that is not so.
    fn described(&self, set: &[usize]) -> Option<String> {
        if !self.labels.varied {
            return None;
        }
        let all = self.scenarios(&self.places(|_| true));
        let cells = |column: &Column, of: &[usize]| {
            let mut cells: Vec<String> = Vec::new();
            for &scenario in of {
                if !cells.contains(&column.cells[scenario]) {
                    cells.push(column.cells[scenario].clone());
                }
            }
            cells
        };
        let wanted: Vec<(&Column, Vec<String>)> =
            self.labels.columns.iter().map(|column| (column, cells(column, set))).collect();
        let is_in = |&&scenario: &&usize| wanted.iter().all(|(column, cells)| cells.contains(&column.cells[scenario]));
        if all.iter().filter(is_in).count() != set.len() {
            return None;
        }
        let telling = wanted.iter().filter(|(column, values)| values.len() < cells(column, &all).len());
        let words: Vec<String> = telling.map(|(column, cells)| values(column, cells)).collect();
        (!words.is_empty()).then(|| words.join(" with "))
    }
}

/// Nearly all are completed by force.
fn is_forced(entry: &Entry<'_>) -> bool {
    Fate::Forced.share(entry.operation) >= ALL
}

/// Values of a setting in a sentence: `“none”`, `aks or eks`, `replicas 1`.
fn values(column: &Column, cells: &[String]) -> String {
    if column.key == CANDIDATE {
        let quoted: Vec<String> = cells.iter().map(|cell| format!("“{cell}”")).collect();
        return either(&quoted);
    }
    let is_word = |cell: &String| cell.chars().all(|c| c.is_ascii_alphabetic() || c == '-') && cell != "none";
    if cells.iter().all(is_word) { either(cells) } else { format!("{} {}", column.short_key, either(cells)) }
}

/// `a, b or c`
fn either(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// The least and the most of spans of time, in words.
fn range(secs: impl Iterator<Item = f64>) -> Option<String> {
    let (least, most) = secs.fold((f64::INFINITY, 0.0_f64), |(least, most), s| (least.min(s), most.max(s)));
    least.is_finite().then(|| format::span_range(least, most))
}

/// Several of an operation that has a name.
pub fn plural(name: &str) -> String {
    if name.ends_with('s') { name.to_owned() } else { format!("{name}s") }
}
