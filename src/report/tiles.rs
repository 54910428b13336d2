//! The answer in three or four numbers, at the head of the page and of the summary: what the objective counts, the odds of meeting it
//! in its window, the worst that was seen, and what it takes.
//!
//! A rehearsal has no numbers a year: its tiles say what happened. Of Deployments that were each played alone they are about all.

use crate::history::NamedCause;
use crate::report::charts::settings;
use crate::report::featured::{self, Role};
use crate::report::format;
use crate::report::labels::in_words;
use crate::report::loss;
use crate::report::pareto;
use crate::report::period::Period;
use crate::results::{Estimate, ExperimentResult, PodRecovery, ScenarioResult};
use crate::study::Metric;

const HOURS_A_YEAR: f64 = 8_760.0;
const MONTHS: f64 = 12.0;
/// Characters of a name that stands above the tiles.
const LONGEST_NAME: usize = 110;

/// The tiles, and whose they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tiles {
    /// `Recommended: replicas 3`; empty where there is only one it may be.
    pub whose: String,
    /// At most four, the most important first.
    pub tiles: Vec<Tile>,
}

/// Recoveries from two faults are told apart from this factor on.
const MUCH_SLOWER: f64 = 1.5;
/// Needless reactions a year, from which on they are told.
const MANY_NEEDLESS: f64 = 12.0;

/// A number, what it is, and how it stands to the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// `Availability`
    pub name: String,
    /// `99.9965 %`
    pub value: String,
    /// Its interval, or of how many it is.
    pub interval: String,
    /// What it counts.
    pub what: String,
    /// The difference to the baseline, or what that has; empty without one.
    pub against: String,
}

impl Tile {
    fn new(name: impl Into<String>, value: impl Into<String>, interval: impl Into<String>) -> Self {
        let (what, against) = (String::new(), String::new());
        Self { name: name.into(), value: value.into(), interval: interval.into(), what, against }
    }

    fn what(self, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..self }
    }

    fn against(self, against: Option<String>) -> Self {
        Self { against: against.unwrap_or_default(), ..self }
    }
}

/// The tiles of a result that is [`told`](super::period::told); none where nothing was played.
pub fn of(result: &ExperimentResult) -> Tiles {
    let Some(scenario) = featured::shown(result) else { return Tiles::default() };
    if result.each_alone {
        let tiles = of_many(result, scenario);
        return Tiles { whose: format!("All {} Deployments", result.scenarios.len()), tiles };
    }
    let whose = match result.scenarios.len() {
        1 => String::new(),
        _ => {
            // All that tells it from the others, or where that is long, what tells it from the baseline.
            let words = Some(in_words(result, scenario)).filter(|words| words.chars().count() <= LONGEST_NAME);
            let words = words.unwrap_or_else(|| settings(result, scenario));
            match featured::role(result, scenario) {
                Some(Role::Best) => format!("Best where the choice matters most: {words}"),
                _ => format!("{}: {words}", featured::role_word(result, scenario)),
            }
        }
    };
    let of = Shown { result, scenario, baseline: featured::other(result) };
    let tiles = if Period::of(result).is_run() {
        vec![of.longest_outage(), Some(of.failed_requests()), of.recovery(), of.spared()]
    } else {
        let fails = result.objective.metric == Metric::RequestSuccess;
        let counted = if fails { of.failed_requests() } else { of.availability() };
        let worst = if fails { of.worst_window().or_else(|| of.longest_outage()) } else { of.longest_outage() };
        vec![Some(counted), of.odds(), worst, Some(of.needless().unwrap_or_else(|| of.cost()))]
    };
    Tiles { whose, tiles: tiles.into_iter().flatten().collect() }
}

/// The scenario that the tiles are of, and what it is compared with.
struct Shown<'a> {
    result: &'a ExperimentResult,
    scenario: &'a ScenarioResult,
    baseline: Option<&'a ScenarioResult>,
}

impl Shown<'_> {
    /// What the baseline is called: of two manifests by its name.
    fn other(&self) -> String {
        match &self.result.comparison {
            Some(comparison) => comparison.before.clone(),
            None if self.is_paired() => "the baseline".to_owned(),
            None => featured::in_the_other(self.result),
        }
    }

    /// Whether differences to the other one are known: to the baseline they are.
    fn is_paired(&self) -> bool {
        self.baseline.is_some_and(|other| Some(&other.name) == self.result.baseline.as_ref())
    }

    /// What the baseline has of something.
    fn beside(&self, of: impl Fn(&ScenarioResult) -> Option<String>) -> Option<String> {
        Some(format!("{}: {}", self.other(), of(self.baseline?)?))
    }

    fn level(&self) -> String {
        format::plain_percent(self.result.confidence)
    }

    fn availability(&self) -> Tile {
        let of = &self.scenario.estimates;
        let (share, downtime) = (&of[Metric::Availability], &of[Metric::Downtime]);
        let (small, what) = if share.bound {
            (format!("a {} bound", self.level()), format!("never down in {}", self.played()))
        } else {
            let what = format!("{} of downtime a year", format::duration(downtime.mean));
            let few = if downtime.rests_on_few { ", rests on few outages" } else { "" };
            (format::percent_interval(share) + few, what)
        };
        let name = match &self.result.objective.system {
            Some(_) => "Availability of the system",
            None => "Availability",
        };
        Tile::new(name, format::percent(share), small).what(what).against(self.difference(Metric::Downtime))
    }

    fn failed_requests(&self) -> Tile {
        let of = &self.scenario.estimates;
        let (failed, success) = (&of[Metric::FailedRequests], &of[Metric::RequestSuccess]);
        let period = Period::of(self.result);
        let (value, ends) = format::span_and_ends(failed);
        let (small, what) = if failed.bound {
            (format!("a {} bound", self.level()), format!("none was seen in {}", self.played()))
        } else if period.is_run() {
            (ends, "as time of full traffic, on average".to_owned())
        } else {
            let few = if failed.rests_on_few { ", rests on few failures" } else { "" };
            (ends + few, format!("as time of full traffic; {} of requests succeed", format::percent(success)))
        };
        let name = format!("Failed requests {}", period.each());
        Tile::new(name, value, small).what(what).against(self.difference(Metric::FailedRequests))
    }

    /// The paired difference to the baseline.
    fn difference(&self, loss: Metric) -> Option<String> {
        if !self.is_paired() {
            let of = |other: &ScenarioResult| {
                Some(format!("{} of {}", loss::amount(&other.estimates[loss]), loss::words_of(loss)))
            };
            return self.beside(of);
        }
        let difference = loss::paired(self.scenario, loss)?;
        if difference.bound || difference == Estimate::ZERO {
            return Some(format!("no difference to {} seen", self.other()));
        }
        let other = self.other();
        if !difference.is_told_apart() {
            return Some(format!("not told apart from {other}"));
        }
        let (size, word) = if difference.mean < 0.0 { (difference.negated(), "less") } else { (difference, "more") };
        let word = if loss == Metric::FailedRequests && word == "less" { "fewer" } else { word };
        let what = if loss == Metric::Downtime { " downtime" } else { "" };
        Some(format!("{} {word}{what} than {other}", format::span_with_error(&size)))
    }

    fn odds(&self) -> Option<Tile> {
        let slo = format::plain_percent(self.result.objective.slo?);
        let meets = |scenario: &ScenarioResult| scenario.windows.as_ref().and_then(|windows| windows.meets_slo);
        let windows = self.scenario.windows.as_ref()?;
        let ours = meets(self.scenario)?;
        let length = format::tick(windows.length_s);
        let many = format::whole(windows.count);
        let small = if ours.bound { "a bound".to_owned() } else { format::percent_interval(&ours) };
        let what =
            if ours.bound { format!("none of {many} windows missed it") } else { format!("of {many} windows meet it") };
        let beside = self.beside(|baseline| meets(baseline).map(|odds| format::percent(&odds)));
        let name = format!("Odds of {slo} in {length}");
        Some(Tile::new(name, format::percent(&ours), small).what(what).against(beside))
    }

    fn longest_outage(&self) -> Option<Tile> {
        const NAME: &str = "Longest outage";
        let outages = &self.scenario.time_to_recovery_s;
        let all = outages.count + outages.censored;
        let beside = self.beside(|baseline| Some(longest_outage(baseline).unwrap_or("none".to_owned())));
        let Some(value) = longest_outage(self.scenario) else {
            return Some(Tile::new(NAME, "none", format!("in {}", self.played())).against(beside));
        };
        let small = format!("of {} in {}", format::whole(all), self.played());
        let what = match outages.censored {
            0 => String::new(),
            open => format!("{} had no end in their replication", format::whole(open)),
        };
        Some(Tile::new(NAME, value, small).what(what).against(beside))
    }

    fn worst_window(&self) -> Option<Tile> {
        let windows = self.scenario.windows.as_ref().filter(|windows| windows.count > 0)?;
        let length = format::tick(windows.length_s);
        let small = format!("the worst of {}", format::whole(windows.count));
        let worst = |of: &ScenarioResult| Some(format::duration(of.windows.as_ref()?.failed_request_s.worst));
        let name = format!("Worst window of {length}");
        let what = "failed requests, as time of full traffic";
        Some(Tile::new(name, worst(self.scenario)?, small).what(what).against(self.beside(worst)))
    }

    fn recovery(&self) -> Option<Tile> {
        const NAME: &str = "A Pod serves again within";
        // Of faults that differ much a half of all together is nobody's.
        let of_fault = |(cause, recovery): (&NamedCause, &PodRecovery)| match cause {
            NamedCause::Fault(fault) if !self.result.is_of_operation(fault) => {
                Some((recovery.lengths.p50?.value, fault.clone()))
            }
            _ => None,
        };
        let mut halves: Vec<(f64, String)> = self.scenario.pod_recovery_s.iter().filter_map(of_fault).collect();
        halves.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let [(quick, first), .., (slow, last)] = &halves[..]
            && *slow > MUCH_SLOWER * quick
        {
            let small = format!("the medians after {first} and after {last}");
            return Some(Tile::new(NAME, format::span_range(*quick, *slow), small));
        }
        let lengths = &self.scenario.any_recovery_s;
        let half = lengths.p50.as_ref()?;
        let most = format::quantile(lengths.p95.as_ref(), lengths.censored);
        let small = format!("in half of {}", format::whole(lengths.count + lengths.censored));
        let beside = self.beside(|baseline| Some(format::duration(baseline.any_recovery_s.p50?.value)));
        let tile = Tile::new(NAME, format::duration(half.value), small);
        Some(tile.what(format!("95 % within {most}")).against(beside))
    }

    /// In which part of the runs there was no outage.
    fn spared(&self) -> Option<Tile> {
        let windows = self.scenario.windows.as_ref()?;
        // A window is a run where it is as long.
        let is_run = (windows.length_s - self.result.horizon_s).abs() < 1e-6 * self.result.horizon_s;
        let spared = |of: &ScenarioResult| {
            let windows = of.windows.as_ref()?;
            let none = windows.downtime_s.histogram.iter().filter(|(secs, _)| *secs <= 0.0).map(|(_, n)| n);
            Some(format::share(none.sum::<u64>() as f64, windows.count as f64))
        };
        let has_all = windows.downtime_s.histogram.iter().map(|(_, n)| n).sum::<u64>() == windows.count;
        if !is_run || !has_all || windows.count == 0 {
            return None;
        }
        let small = format!("of {} runs", format::whole(windows.count));
        Some(Tile::new("Without an outage", spared(self.scenario)?, small).against(self.beside(spared)))
    }

    /// Where needless reactions are the price of a choice that needs as much as the baseline.
    fn needless(&self) -> Option<Tile> {
        let (other, scenario) = (self.baseline?, self.scenario);
        let [here, there] = [scenario, other].map(ScenarioResult::needless_reactions);
        let is_as_large = scenario.cost_per_year == other.cost_per_year
            && hours_a_month(scenario.pod_hours_per_year) == hours_a_month(other.pod_hours_per_year);
        if !is_as_large || here.low <= there.high || here.mean < MANY_NEEDLESS {
            return None;
        }
        let small = format!("{} withdrawals, {} kills", needless_of(scenario)[0], needless_of(scenario)[1]);
        let beside = self.beside(|other| Some(format::count(&other.needless_reactions())));
        Some(Tile::new("Needless reactions a year", format::count(&here), small).against(beside))
    }

    fn cost(&self) -> Tile {
        let (result, scenario) = (self.result, self.scenario);
        let of = |hours: f64| format::significant(hours / HOURS_A_YEAR, 2);
        let (pods, nodes) = (scenario.pod_hours_per_year, scenario.node_hours_per_year);
        let plural = |amount: &str, thing: &str| format!("{amount} {thing}{}", if amount == "1" { "" } else { "s" });
        let small = format!("{} on average, on {}", plural(&of(pods), "Pod"), plural(&of(nodes), "Node"));
        if let Some(cost) = scenario.cost_per_year {
            let beside = self.beside(|baseline| Some(pareto::money(result, baseline.cost_per_year?)));
            return Tile::new("Cost a year", pareto::money(result, cost), small).against(beside);
        }
        // Where as many Pods are needed, Nodes are what is spared.
        let differs = |of: fn(&ScenarioResult) -> f64| {
            self.baseline.is_some_and(|other| (of(other) - of(scenario)).abs() >= 0.05 * HOURS_A_YEAR)
        };
        if differs(|one| one.node_hours_per_year) && !differs(|one| one.pod_hours_per_year) {
            let nodes_of = |scenario: &ScenarioResult| of(scenario.node_hours_per_year);
            let beside = self.beside(|baseline| Some(nodes_of(baseline)));
            return Tile::new("Nodes", nodes_of(scenario), format!("{} on average", plural(&of(pods), "Pod")))
                .against(beside);
        }
        let month = |scenario: &ScenarioResult| hours_a_month(scenario.pod_hours_per_year);
        let beside = self.beside(|baseline| Some(month(baseline)));
        Tile::new("Pod-hours a month", month(scenario), small).against(beside)
    }

    /// `5,000 years`, or `1,000 runs of 30 min`.
    fn played(&self) -> String {
        played(self.result, self.scenario)
    }
}

/// Withdrawals and kills of what serves, or would have served again.
fn needless_of(scenario: &ScenarioResult) -> [String; 2] {
    let of = &scenario.estimates;
    let kills = loss::sum(&of[Metric::NeedlessLiveness], &of[Metric::NeedlessStartup]);
    [of[Metric::NeedlessReadiness], kills].map(|one| format::count(&one))
}

fn hours_a_month(hours_a_year: f64) -> String {
    format::significant(hours_a_year / MONTHS, 3)
}

/// How much was played of a scenario: `200 years`, `1,000 runs of 30 min`.
pub fn played(result: &ExperimentResult, scenario: &ScenarioResult) -> String {
    let runs = format::whole(scenario.replications);
    if Period::of(result).is_run() {
        return format!("{runs} runs of {}", format::tick(result.horizon_s));
    }
    let years = scenario.replications as f64 * result.horizon_s / (HOURS_A_YEAR * 3_600.0);
    if years >= 1.95 {
        format!("{} years", format::significant(years, 3))
    } else {
        format!("{runs} × {}", format::tick(result.horizon_s))
    }
}

/// The longest outage of a scenario: one without an end as far as it was followed, else the longest that ended.
fn longest_outage(scenario: &ScenarioResult) -> Option<String> {
    let endless = scenario.outage_examples.iter().find(|example| example.without_end);
    if let Some(example) = endless {
        return Some(format!("> {}", format::duration(example.length_s)));
    }
    Some(format::duration(scenario.time_to_recovery_s.max?))
}

/// Of Deployments that were each played alone: how many meet the objective, and the worst of them.
fn of_many(result: &ExperimentResult, worst: &ScenarioResult) -> Vec<Tile> {
    let all = &result.scenarios;
    let metric = result.objective.metric;
    let meets = result.objective.slo.map(|slo| {
        let of = |one: &ScenarioResult| one.estimates[metric];
        let surely = all.iter().filter(|one| of(one).low >= slo).count();
        let missing = all.iter().filter(|one| of(one).high < slo).count();
        let open = all.len() - surely - missing;
        let small = match open {
            0 => format!("{missing} miss it"),
            _ => format!("{missing} miss it, {open} may do either"),
        };
        let name = format!("Meet {} on average", format::plain_percent(slo));
        Tile::new(name, format!("{surely} of {}", all.len()), small)
    });
    let lost = loss::lost(result, worst);
    let worst_tile = Tile::new(
        if metric == Metric::RequestSuccess { "Fewest requests succeed" } else { "Least available" },
        format::percent(&worst.estimates[metric]),
        worst.name.clone(),
    )
    .what(format!("{} of {} a year", format::span(lost), loss::what(result)));
    let longest = all.iter().filter(|one| one.time_to_recovery_s.max.is_some()).max_by(|a, b| {
        let of = |one: &ScenarioResult| one.time_to_recovery_s.max.unwrap_or(0.0);
        of(a).total_cmp(&of(b))
    });
    let longest = longest.and_then(|one| {
        let value = longest_outage(one)?;
        Some(Tile::new("Longest outage", value, one.name.clone()).what(format!("in {}", played(result, one))))
    });
    let pods: f64 = all.iter().map(|one| one.pod_hours_per_year).sum();
    let small = format!("{} Pods on average, all together", format::significant(pods / HOURS_A_YEAR, 3));
    let cost = Tile::new("Pod-hours a month", hours_a_month(pods), small);
    meets.into_iter().chain([worst_tile]).chain(longest).chain([cost]).collect()
}
