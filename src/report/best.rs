//! Which scenario is better than the baseline, by how much, and what that costs: in one sentence.

use crate::experiment::{Estimate, ExperimentResult, ScenarioResult};
use crate::report::front;
use crate::report::human;
use crate::report::labels::{Labels, value_text};
use crate::study::Metric;

const HOURS_A_YEAR: f64 = 8_760.0;

/// The sentence; `None` where there is no baseline, or nothing beside it.
pub fn sentence(result: &ExperimentResult) -> Option<String> {
    let baseline = result.scenarios.iter().find(|scenario| result.baseline.as_ref() == Some(&scenario.name))?;
    let others: Vec<(&ScenarioResult, Estimate)> =
        result.scenarios.iter().filter_map(|scenario| Some((scenario, difference(result, scenario)?))).collect();
    if others.is_empty() {
        return None;
    }
    let n = result.scenarios.len();
    let what = what(result);
    let lost = |scenario: &ScenarioResult| front::lost(result, scenario).mean;
    let contenders = result.contenders();
    let contends = |name: &String| contenders.iter().any(|&i| result.scenarios[i].name == *name);
    let better = others.iter().filter(|(scenario, d)| !d.bound && d.high < 0.0 && contends(&scenario.name));
    let Some((best, d)) = better.min_by(|a, b| lost(a.0).total_cmp(&lost(b.0))) else {
        return Some(none_better(result, &others));
    };
    let saved = Estimate { mean: -d.mean, low: -d.high, high: -d.low, ..*d };
    let (settings, several) = settings(result, best, baseline);
    let verb = if several { "save" } else { "saves" };
    let left = human::span_with_error(front::lost(result, best));
    let mut text = format!(
        "Of {n} scenarios, {settings} {verb} {} of {what} a year ({left} left){}",
        human::span_with_error(&saved),
        price(result, best, baseline, several)
    );
    if let Some(least) = front::best(result)
        && least.name != best.name
        && least.name != baseline.name
    {
        text += &format!("; “{}” has the least, but no more than chance parts it from the baseline", least.name);
    }
    text.push('.');
    Some(text)
}

/// What the objective counts.
pub fn what(result: &ExperimentResult) -> &'static str {
    if result.objective.metric == Metric::RequestSuccess { "failed requests" } else { "downtime" }
}

/// To the baseline, in the metric of the objective.
pub fn difference(result: &ExperimentResult, scenario: &ScenarioResult) -> Option<Estimate> {
    let difference = scenario.difference_to_baseline?;
    let fails = result.objective.metric == Metric::RequestSuccess;
    Some(if fails { difference.failed_request_s_per_year } else { difference.downtime_s_per_year })
}

/// No interval lies below zero: the baseline may be the best, or nothing is told apart from it.
fn none_better(result: &ExperimentResult, others: &[(&ScenarioResult, Estimate)]) -> String {
    let (n, what) = (result.scenarios.len(), what(result));
    let more = if what == "downtime" { "more" } else { "more of them" };
    let worse = others.iter().filter(|(_, d)| !d.bound && d.low > 0.0).count();
    if worse == 0 {
        return format!(
            "Of {n} scenarios, none is told apart from the baseline: every difference in {what} may be chance."
        );
    }
    let open = others.len() - worse;
    let rest = match open {
        0 => String::new(),
        1 => "; one is not told apart from it".to_owned(),
        open => format!("; {open} are not told apart from it"),
    };
    let have = if worse == 1 { "has" } else { "have" };
    format!("Of {n} scenarios, none has less {what} than the baseline: {worse} {have} {more}{rest}.")
        .replace("less failed", "fewer failed")
}

/// `replicas 3 instead of 2 and cluster.zones 3 instead of 1`, and whether that are several.
fn settings(result: &ExperimentResult, best: &ScenarioResult, baseline: &ScenarioResult) -> (String, bool) {
    let labels = Labels::of(result);
    let changed: Vec<String> = labels
        .columns
        .iter()
        .filter_map(|column| {
            let (to, from) = (best.parameters.get(&column.key)?, baseline.parameters.get(&column.key)?);
            (to != from).then(|| format!("{} {} instead of {}", column.short_key, value_text(to), value_text(from)))
        })
        .collect();
    match changed.as_slice() {
        [] => (format!("“{}” instead of “{}”", best.name, baseline.name), false),
        [only] => (only.clone(), false),
        [first @ .., last] => (format!("{} and {last}", first.join(", ")), true),
    }
}

/// What changes beside the loss: so much a year, and so many Pods and Nodes.
#[derive(Default)]
struct Parts {
    yearly: Vec<String>,
    things: Vec<String>,
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.yearly.is_empty() && self.things.is_empty()
    }

    /// `13 ± 3 needless kills a year and 2 Pods`
    fn in_words(self) -> String {
        let yearly = (!self.yearly.is_empty()).then(|| format!("{} a year", self.yearly.join(" and ")));
        let between = if self.yearly.len() > 1 { ", and " } else { " and " };
        let things = (!self.things.is_empty()).then(|| self.things.join(" and "));
        yearly.into_iter().chain(things).collect::<Vec<_>>().join(between)
    }
}

/// What the change costs: needless reactions of probes, and money or, without prices, Pods and Nodes.
fn price(result: &ExperimentResult, best: &ScenarioResult, baseline: &ScenarioResult, several: bool) -> String {
    let (mut costs, mut saves) = (Parts::default(), Parts::default());
    let needless = |scenario: &ScenarioResult| {
        let of = &scenario.estimates;
        let kills = sum(&of[Metric::NeedlessLiveness], &of[Metric::NeedlessStartup]);
        [("withdrawals", of[Metric::NeedlessReadiness]), ("kills", kills)]
    };
    for ((name, to), (_, from)) in needless(best).into_iter().zip(needless(baseline)) {
        let more = less(&to, &from);
        let fewer = less(&from, &to);
        if more.low > 0.0 {
            costs.yearly.push(format!("{} needless {name}", count(&more)));
        } else if fewer.low > 0.0 {
            saves.yearly.push(format!("{} needless {name}", count(&fewer)));
        }
    }
    match (best.cost_per_year, baseline.cost_per_year) {
        (Some(to), Some(from)) if to > from => costs.yearly.push(front::money(result, to - from)),
        (Some(to), Some(from)) if to < from => saves.yearly.push(front::money(result, from - to)),
        (Some(_), Some(_)) => {}
        _ => {
            let mut things = |name: &str, hours: f64| {
                let amount = human::significant(hours.abs() / HOURS_A_YEAR, 2);
                let thing = if amount == "1" { name.to_owned() } else { format!("{name}s") };
                match hours / HOURS_A_YEAR {
                    // Pods that wait for a Node make small differences.
                    some if some >= 0.05 => costs.things.push(format!("{amount} more {thing}")),
                    some if some <= -0.05 => saves.things.push(format!("{amount} {thing}")),
                    _ => {}
                }
            };
            things("Pod", best.pod_hours_per_year - baseline.pod_hours_per_year);
            things("Node", best.node_hours_per_year - baseline.node_hours_per_year);
        }
    }
    let (cost, save, it) = if several { ("cost", "save", "they") } else { ("costs", "saves", "it") };
    match (costs.is_empty(), saves.is_empty()) {
        (false, true) => format!(" and {cost} {}", costs.in_words()),
        (true, false) => format!(", and {} too", saves.in_words()),
        (false, false) => format!(" and {cost} {}; {it} {save} {} too", costs.in_words(), saves.in_words()),
        (true, true) => ", and no price in needless reactions, Pods or Nodes shows".to_owned(),
    }
}

/// A difference of two estimates that depend on each other in a way that is not known: never too narrow.
fn less(a: &Estimate, b: &Estimate) -> Estimate {
    Estimate { mean: a.mean - b.mean, low: a.low - b.high, high: a.high - b.low, bound: false, rests_on_few: false }
}

/// Of parts that depend on each other: their ends are added, which is never too narrow.
pub fn sum(a: &Estimate, b: &Estimate) -> Estimate {
    Estimate {
        mean: a.mean + b.mean,
        low: a.low + b.low,
        high: a.high + b.high,
        bound: a.bound && b.bound,
        rests_on_few: a.rests_on_few || b.rests_on_few,
    }
}

/// A count with half of its interval: `650 ± 5`.
fn count(more: &Estimate) -> String {
    let half = human::half_width(more);
    if half <= 0.0 {
        return human::significant(more.mean, 3);
    }
    let decimals = human::decimals(half);
    format!("{:.decimals$} ± {half:.decimals$}", more.mean)
}
