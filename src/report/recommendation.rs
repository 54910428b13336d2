//! What is recommended, by how much it is better and what that costs: in a sentence or two that somebody can act on.

use std::cmp::Ordering;

use crate::report::alternatives;
use crate::report::format;
use crate::report::labels::{CANDIDATE, Labels, in_words, value_text};
use crate::report::loss;
use crate::report::pareto;
use crate::report::period::Period;
use crate::report::ranking::{self, Ground, Ranking, Relation, Ties};
use crate::results::{Estimate, ExperimentResult, ScenarioResult};
use crate::study::Metric;

/// So many scenarios are named where more are meant.
const NAMED: usize = 3;
const HOURS_A_YEAR: f64 = 8_760.0;

/// The sentences; none where there is nothing to choose from.
pub fn sentences(best: &Ranking<'_>, result: &ExperimentResult) -> Vec<String> {
    let Some(recommended) = best.recommended else { return Vec::new() };
    let told = Told { best, result, recommended, period: Period::of(result) };
    let mut sentences = vec![match best.ground {
        // Told with the search.
        Ground::Search => return Vec::new(),
        Ground::CheapestThatMeets => told.cheapest_that_meets(),
        Ground::LosesLeast => match best.baseline {
            Some(baseline) if baseline == recommended => told.keep_the_baseline(),
            Some(baseline) => told.instead_of(baseline),
            None => told.least(),
        },
    }];
    if best.ground == Ground::LosesLeast {
        if let Some(slo) = result.objective.slo.filter(|_| ranking::has_different_costs(result)) {
            let (level, slo) = (format::plain_percent(result.confidence), format::plain_percent(slo));
            sentences.insert(0, format!("No scenario's {level} interval meets {slo}."));
        }
        sentences.extend(told.equals());
    }
    sentences.extend(alternatives::sentence(best, result));
    sentences.extend(told.blocked());
    sentences
}

/// A recommendation on its way into words.
struct Told<'a> {
    best: &'a Ranking<'a>,
    result: &'a ExperimentResult,
    recommended: usize,
    period: Period,
}

impl Told<'_> {
    fn scenario(&self) -> &ScenarioResult {
        &self.result.scenarios[self.recommended]
    }

    fn n(&self) -> usize {
        self.result.scenarios.len()
    }

    /// `18.3 ± 1.2 min of downtime a year`
    fn loss(&self) -> String {
        let lost = format::span_with_error(loss::lost(self.result, self.scenario()));
        format!("{lost} of {} {}", loss::what(self.result), self.period.each())
    }

    /// What is left of the loss, in brackets.
    fn left(&self) -> String {
        format!("{} left", format::span_with_error(loss::lost(self.result, self.scenario())))
    }

    fn cheapest_that_meets(&self) -> String {
        let (result, scenario) = (self.result, self.scenario());
        let slo = format::plain_percent(result.objective.slo.unwrap_or(1.0));
        let level = format::plain_percent(result.confidence);
        let cost = scenario.cost_per_year.unwrap_or(0.0);
        let against = self.best.baseline.filter(|&baseline| baseline != self.recommended).and_then(|baseline| {
            let saved = result.scenarios[baseline].cost_per_year? - cost;
            let word = if saved > 0.0 { "less" } else { "more" };
            (saved != 0.0).then(|| format!(", {} {word} than the baseline", pareto::money(result, saved.abs())))
        });
        format!(
            "Of {} scenarios, “{}” is the cheapest whose {level} interval meets {slo}: {} a year{}, with {}{}.",
            self.n(),
            in_words(result, scenario),
            pareto::money(result, cost),
            against.unwrap_or_default(),
            self.loss(),
            ties(self.best)
        )
    }

    fn keep_the_baseline(&self) -> String {
        let what = loss::what(self.result);
        let blocked = self.best.blocked();
        let others = || (0..self.n()).filter(|&i| i != self.recommended && !blocked.contains(&i));
        let n = others().count();
        let difference = |i| self.best.difference(i, self.recommended);
        let count = |wanted| others().filter(|&i| self.best.relation(i, self.recommended) == wanted).count();
        // Savings that are told apart and do not matter.
        let saving = others().filter(|&i| difference(i).high < 0.0 && !difference(i).bound);
        let most = saving.min_by(|&a, &b| difference(a).mean.total_cmp(&difference(b).mean));
        let (worse, unclear) = (count(Relation::Worse), count(Relation::Unclear));
        if let [other] = others().collect::<Vec<_>>().as_slice() {
            // Of two there is nothing to count.
            let name = in_words(self.result, &self.result.scenarios[*other]);
            return match most {
                Some(i) => format!(
                    "Either will do: “{name}” saves {} of {what} {}{}; less than {} does not matter.",
                    format::span_with_error(&difference(i).negated()),
                    self.period.each(),
                    self.price_of(i).map_or(String::new(), |price| format!(" and {price}")),
                    self.best.indifference.in_full(),
                ),
                None if worse == 1 => format!("Keep the baseline: “{name}” loses more."),
                None => format!("Keep the baseline: “{name}” is not told apart from it by what it loses."),
            };
        }
        let mut text = match most {
            Some(i) => format!(
                "Keep the baseline: of the other {} scenarios, none saves more than {}. “{}” saves the most, {}{}",
                n,
                self.best.indifference.in_full_of(what),
                in_words(self.result, &self.result.scenarios[i]),
                format::span_with_error(&difference(i).negated()),
                self.price_of(i).map_or(String::new(), |price| format!(", and {price}"))
            ),
            None if worse == 0 => {
                format!("Keep the baseline: of the other {n} scenarios, none is told apart from it by what it loses")
            }
            None => format!("Keep the baseline: none of the other {n} scenarios surely has less {what}")
                .replace("less failed", "fewer failed"),
        };
        if worse > 0 {
            text += &format!("; {worse} {} more", if worse == 1 { "loses" } else { "lose" });
        }
        if unclear > 0 && (worse > 0 || most.is_some()) {
            text += &format!("; {unclear} {} not told apart from it", if unclear == 1 { "is" } else { "are" });
        }
        text + "."
    }

    /// What another scenario costs, seen from the recommended one.
    fn price_of(&self, other: usize) -> Option<String> {
        let (costs, _) = self.price(other, self.recommended);
        (!costs.is_empty()).then(|| format!("costs {}", costs.in_words(self.period)))
    }

    fn instead_of(&self, baseline: usize) -> String {
        let result = self.result;
        let from = &result.scenarios[baseline];
        let (costs, saves) = self.price(self.recommended, baseline);
        let head = format!("Of {} scenarios, take {}", self.n(), self.settings(from));
        let difference = self.best.difference(self.recommended, baseline);
        let what = loss::what(result);
        if self.best.relation(self.recommended, baseline) == Relation::Better {
            let saved = format::span_with_error(&difference.negated());
            let price = match (costs.is_empty(), saves.is_empty()) {
                (true, true) => String::new(),
                (false, true) => format!(", and costs {}", costs.in_words(self.period)),
                (true, false) => format!(", and {} too", saves.in_words(self.period)),
                (false, false) => {
                    format!(" and {}, and costs {}", saves.in_words(self.period), costs.in_words(self.period))
                }
            };
            let each = self.period.each();
            return format!("{head}: that saves {saved} of {what} {each} ({}){price}.", self.left());
        }
        let gain = if saves.is_empty() {
            "no more is lost".to_owned()
        } else {
            format!("that saves {}", saves.in_words(self.period))
        };
        let (is, stays) = if what == "downtime" { ("is", "stays") } else { ("are", "stay") };
        let left = format::span_with_error(loss::lost(result, self.scenario()));
        let same = match self.best.relation(self.recommended, baseline) {
            Relation::Unclear => {
                format!("the {what}, {left} {}, {is} not told apart from the baseline's", self.period.each())
            }
            _ if difference.low > 0.0 && !difference.bound => format!(
                "the {what}, {left} {}, {is} only {} more, less than what matters ({})",
                self.period.each(),
                format::span_with_error(&difference),
                self.best.indifference.in_short()
            ),
            _ => format!("the {what} {stays} the same within {}, at {left}", self.best.indifference.in_full()),
        };
        let price =
            if costs.is_empty() { String::new() } else { format!("; it costs {}", costs.in_words(self.period)) };
        format!("{head}: {gain}, and {same}{price}.")
    }

    fn least(&self) -> String {
        let (result, scenario) = (self.result, self.scenario());
        let least = (0..self.n()).all(|i| {
            let [ours, theirs] = [self.recommended, i].map(|i| loss::lost(result, &result.scenarios[i]));
            i == self.recommended || ours.mean <= theirs.mean
        });
        if least {
            let superlative = if loss::what(result) == "downtime" { "least" } else { "fewest" };
            let lost = loss::lost(result, scenario);
            let amount = if lost.bound {
                format!("at most {}", format::in_full(lost.high))
            } else {
                format::span_with_error(lost)
            };
            return format!(
                "Of {} scenarios, take “{}”: it has the {superlative} {}, {amount} {}.",
                self.n(),
                in_words(result, scenario),
                loss::what(result),
                self.period.each()
            );
        }
        format!("Of {} scenarios, take “{}”: {}.", self.n(), in_words(result, scenario), self.loss())
    }

    /// Who else loses as little, and why it is not they.
    fn equals(&self) -> Option<String> {
        let is_sure = |&i: &usize| self.best.relation(i, self.recommended) == Relation::AsGood;
        let (sure, unclear): (Vec<usize>, Vec<usize>) = self.best.equals().partition(is_sure);
        let (sure, unclear) = (sure.len(), unclear.len());
        if sure + unclear == 0 || self.best.baseline == Some(self.recommended) {
            return None;
        }
        let others = |n: usize| if n == 1 { "1 other".to_owned() } else { format!("{n} others") };
        let lose = if sure == 1 { "loses" } else { "lose" };
        let are = |n| if n == 1 { "is" } else { "are" };
        let zone = self.best.indifference.in_short();
        let who = match (sure, unclear) {
            (0, n) => format!("{} {} not told apart from it", others(n), are(n)),
            (n, 0) => format!("{} {lose} as little within {zone}", others(n)),
            (n, more) => {
                format!("{} {lose} as little within {zone}, and {more} {} not told apart from it", others(n), are(more))
            }
        };
        Some(format!("{who}; {}.", self.why_not_they()))
    }

    /// Scenarios whose changes are never done look cheap.
    fn blocked(&self) -> Option<String> {
        let blocked = self.best.blocked();
        let of = |i: &usize| self.result.scenarios[*i].operations.iter();
        let mut names: Vec<&str> =
            blocked.iter().flat_map(of).filter(|(_, one)| one.is_blocked()).map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let named: Vec<String> = blocked
            .iter()
            .take(NAMED)
            .map(|&i| format!("“{}”", in_words(self.result, &self.result.scenarios[i])))
            .collect();
        let named = match blocked.len() {
            more if more > NAMED => format!("{} and {} more", named.join(", "), more - NAMED),
            _ => named.join(", "),
        };
        let are = match blocked.len() {
            0 => return None,
            1 => format!("1 scenario is not considered ({named})"),
            n => format!("{n} scenarios are not considered ({named})"),
        };
        let names = names.join(" and ");
        Some(format!("{are}, as {names} is hardly ever completed there: that costs little and leaves the work undone."))
    }

    /// Why the recommended scenario is preferred to those that lose as little.
    fn why_not_they(&self) -> &'static str {
        let costs = |i: usize| self.best.by_cost(self.recommended, i);
        let equals: Vec<usize> = self.best.equals().collect();
        let priced = self.scenario().cost_per_year.is_some();
        if equals.iter().any(|&i| costs(i) == Ordering::Greater) {
            return "what is cheaper loses more on average, and more replications would tell";
        }
        if equals.iter().any(|&i| costs(i) == Ordering::Less) {
            return if priced { "it is the cheapest of them" } else { "it needs the fewest Nodes and Pods" };
        }
        let needless = |i: usize| self.result.scenarios[i].needless_reactions();
        let is_fewest = equals.iter().all(|&i| needless(i).mean >= needless(self.recommended).mean);
        if is_fewest && equals.iter().any(|&i| needless(i).low > needless(self.recommended).high) {
            return "it has the fewest needless withdrawals and kills together";
        }
        let ours = self.best.changes(self.recommended);
        if equals.iter().all(|&i| self.best.changes(i) > ours) {
            return "it changes the fewest settings";
        }
        if equals.iter().any(|&i| self.best.changes(i) > ours) {
            return "of those that change as few settings it loses least";
        }
        "of them it loses least"
    }

    /// `replicas 3 instead of 2 and cluster.zones 3 instead of 1`
    fn settings(&self, baseline: &ScenarioResult) -> String {
        let labels = Labels::of(self.result);
        let ours = self.scenario();
        let changed: Vec<String> = labels
            .columns
            .iter()
            .filter_map(|column| {
                let (to, from) = (ours.parameters.get(&column.key)?, baseline.parameters.get(&column.key)?);
                (to != from).then(|| format!("{} {} instead of {}", column.short_key, value_text(to), value_text(from)))
            })
            .collect();
        if changed.is_empty() {
            format!("“{}” instead of “{}”", in_words(self.result, ours), in_words(self.result, baseline))
        } else {
            format::listed(&changed) + &kept_candidate(self.result, ours, baseline, " in both")
        }
    }

    /// What a change costs and saves beside the loss: what the objective does not count, where it matters; needless reactions
    /// of probes; money or, without prices, Pods and Nodes.
    fn price(&self, to: usize, from: usize) -> (Parts, Parts) {
        let (mut costs, mut saves) = (Parts::default(), Parts::default());
        let other = loss::other_loss_of(self.result);
        let difference = self.best.other_difference(to, from);
        match self.best.other_relation(to, from) {
            Relation::Worse => {
                costs.events.push(format!("{} of {}", format::span_with_error(&difference), loss::words_of(other)));
            }
            Relation::Better => {
                let saved = format::span_with_error(&difference.negated());
                saves.events.push(format!("{saved} of {}", loss::words_of(other)));
            }
            Relation::AsGood | Relation::Unclear => {}
        }
        let [to, from] = [to, from].map(|i| &self.result.scenarios[i]);
        let needless = |scenario: &ScenarioResult| {
            let of = &scenario.estimates;
            let kills = loss::sum(&of[Metric::NeedlessLiveness], &of[Metric::NeedlessStartup]);
            [("withdrawals", of[Metric::NeedlessReadiness]), ("kills", kills)]
        };
        for ((name, to), (_, from)) in needless(to).into_iter().zip(needless(from)) {
            let (more, fewer) = (loss::less(&to, &from), loss::less(&from, &to));
            if more.low > 0.0 {
                costs.events.push(format!("{} needless {name}", count(&more)));
            } else if fewer.low > 0.0 {
                saves.events.push(format!("{} needless {name}", count(&fewer)));
            }
        }
        match (to.cost_per_year, from.cost_per_year) {
            (Some(to), Some(from)) if to > from => costs.money = Some(pareto::money(self.result, to - from)),
            (Some(to), Some(from)) if to < from => saves.money = Some(pareto::money(self.result, from - to)),
            (Some(_), Some(_)) => {}
            _ => {
                (costs.things, saves.things) = things(to, from);
            }
        }
        (costs, saves)
    }
}

/// A candidate may be a circumstance that nobody chooses: where it stays as it is among several, it is named.
pub fn kept_candidate(
    result: &ExperimentResult,
    scenario: &ScenarioResult,
    baseline: &ScenarioResult,
    behind: &str,
) -> String {
    let of = |scenario: &ScenarioResult| scenario.parameters.get(CANDIDATE).map(value_text);
    match of(scenario) {
        Some(name)
            if of(baseline).as_ref() == Some(&name)
                && result.scenarios.iter().filter_map(of).any(|other| other != name) =>
        {
            format!(", with “{name}”{behind}")
        }
        _ => String::new(),
    }
}

/// Which Pods and Nodes the first scenario needs that the second does not, and which it spares.
pub fn things(to: &ScenarioResult, from: &ScenarioResult) -> (Vec<String>, Vec<String>) {
    let (mut more, mut fewer) = (Vec::new(), Vec::new());
    let pods = to.pod_hours_per_year - from.pod_hours_per_year;
    let nodes = to.node_hours_per_year - from.node_hours_per_year;
    for (name, hours) in [("Pod", pods), ("Node", nodes)] {
        let amount = format::significant(hours.abs() / HOURS_A_YEAR, 2);
        let thing = if amount == "1" { name.to_owned() } else { format!("{name}s") };
        match hours / HOURS_A_YEAR {
            // Pods that wait for a Node make small differences.
            some if some >= 0.05 => more.push(format!("{amount} more {thing}")),
            some if some <= -0.05 => fewer.push(format!("{amount} {thing}")),
            _ => {}
        }
    }
    (more, fewer)
}

/// Those that meet the limit at the same cost and lose as little, as far as is known.
pub fn ties(best: &Ranking<'_>) -> String {
    let Ties { as_good: all, smaller, .. } = best.ties();
    let fewer = match (smaller, all) {
        (0, 1) => ", and needs no fewer Nodes or Pods".to_owned(),
        (0, _) => ", and need no fewer Nodes or Pods".to_owned(),
        (1, 1) => ", with fewer Nodes or Pods".to_owned(),
        (n, _) => format!(", {n} of them with fewer Nodes or Pods"),
    };
    match all {
        0 => String::new(),
        1 => format!("; one other costs the same and is not known to lose more{fewer}"),
        n => format!("; {n} others cost the same and are not known to lose more{fewer}"),
    }
}

/// What changes beside the loss: so many events in a period, so much money a year, and so many Pods and Nodes.
#[derive(Default)]
struct Parts {
    events: Vec<String>,
    money: Option<String>,
    things: Vec<String>,
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.money.is_none() && self.things.is_empty()
    }

    /// `13 ± 3 needless kills a year and 2 Pods`
    fn in_words(&self, period: Period) -> String {
        let events = (!self.events.is_empty()).then(|| format!("{} {}", format::listed(&self.events), period.each()));
        let money = self.money.as_ref().map(|money| format!("{money} a year"));
        let things = (!self.things.is_empty()).then(|| format::listed(&self.things));
        let parts: Vec<String> = events.into_iter().chain(money).chain(things).collect();
        if self.events.len() > 1 { parts.join(", and ") } else { format::listed(&parts) }
    }
}

/// A count with half of its interval: `650 ± 5`.
fn count(more: &Estimate) -> String {
    let half = format::half_width(more);
    if half <= 0.0 {
        return format::significant(more.mean, 3);
    }
    let decimals = format::decimals(half);
    format!("{:.decimals$} ± {half:.decimals$}", more.mean)
}
