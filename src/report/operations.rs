//! What each change that is made on purpose costs, one at a time.

use std::fmt::Write;

use crate::report::aggregate;
use crate::report::format;
use crate::report::labels::Labels;
use crate::results::{Estimate, ExperimentResult, OperationResult, ScenarioResult};

/// What stands below the table.
pub const FOOTNOTE: &str = "Takes: from its beginning until it is complete. Costs: what is charged to it, each time; failed requests as \
                            time of full traffic. Least serving: the fewest Pods that served in rotation meanwhile, in half of them \
                            and in so many of all.";
/// A part of the failed requests.
const MATTERS: f64 = 0.01;
/// A share of all operations.
const WORTH_A_WORD: f64 = 0.01;
/// In so many replications an operation is under way at the end because it hangs.
const HANGS: f64 = 0.2;
/// What the column of the longest times is called.
const TAIL: &str = "p95";
/// The columns of how often, and of refused evictions.
const PER_YEAR: &str = "per year";
const REFUSED: &str = "evictions refused";
/// Scenarios in a table.
const MOST: usize = 24;

/// A table: the first column is text.
pub struct Table {
    /// What stands above it.
    pub title: String,
    /// What the columns are called.
    pub head: Vec<String>,
    /// The rows: scenario by scenario, as many as are read.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The table of an answer; `None` where there is no operation.
    pub fn of(result: &ExperimentResult) -> Option<Self> {
        let labels = Labels::of(result);
        let scenarios = result.scenarios.iter().enumerate().take(MOST);
        let all: Vec<(usize, &String, &OperationResult)> = scenarios
            .flat_map(|(i, scenario)| scenario.operations.iter().map(move |(name, operation)| (i, name, operation)))
            .collect();
        let first = all.first()?;
        let has_several = all.iter().any(|(_, name, _)| *name != first.1);
        let is_grid = result.scenarios.len() > 1;
        let is_unsure = all.iter().any(|(_, _, operation)| share_complete(operation) < 1.0 - WORTH_A_WORD);
        let has_refused = all.iter().any(|(_, _, operation)| operation.evictions_refused > 0);
        let has_downtime = all.iter().any(|(_, _, operation)| is_down(operation));
        let label = |scenario: usize, name: &str| match (is_grid, has_several) {
            (true, true) => format!("{} · {name}", labels.short(scenario)),
            (true, false) => labels.short(scenario),
            (false, _) => name.to_owned(),
        };
        let mut head = vec![if is_grid { "scenario" } else { "operation" }];
        head.extend((!is_grid).then_some(PER_YEAR));
        head.extend(is_unsure.then_some("complete"));
        head.extend(["takes p50", TAIL, "failed requests"]);
        head.extend(has_downtime.then_some("downtime"));
        head.extend(has_refused.then_some(REFUSED));
        head.push("least serving");
        let row = |(scenario, name, operation): (usize, &String, &OperationResult)| {
            let took = &operation.duration_s;
            let mut row = vec![label(scenario, name)];
            row.extend((!is_grid).then(|| format::count(&operation.per_year)));
            row.extend(is_unsure.then(|| whole_share(share_complete(operation))));
            row.extend([&took.p50, &took.p95].map(|of| format::marked_quantile(of.as_ref(), took.censored)));
            row.push(each(operation.failed_request_s_each.as_ref()));
            row.extend(has_downtime.then(|| each(operation.downtime_s_each.as_ref())));
            row.extend(has_refused.then(|| format::significant(share_of(operation, operation.evictions_refused), 2)));
            row.push(least_serving(operation));
            row
        };
        let keys = if is_grid && labels.varied { format!(" ({})", labels.short_keys()) } else { String::new() };
        let what = if has_several { "operation" } else { first.1 };
        Some(Self {
            title: format!("What one {what} costs{keys}"),
            head: head.into_iter().map(str::to_owned).collect(),
            rows: all.into_iter().map(row).collect(),
        })
    }
}

impl Table {
    /// So many columns of text it takes, with the words of a heading below one another and a space at each side.
    fn width(&self) -> usize {
        let longest_of = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            let words = self.head[column].split(' ').map(str::len);
            cells.chain(words).max().unwrap_or(0)
        };
        (0..self.head.len()).map(|column| longest_of(column) + 2).sum()
    }

    /// Leaves out what is worth the least until the table fits: the page and metrics.csv have it.
    pub fn fit(&mut self, width: usize) {
        for what in [TAIL, PER_YEAR, REFUSED] {
            if self.width() <= width {
                return;
            }
            if let Some(at) = self.head.iter().position(|head| head == what) {
                self.head.remove(at);
                self.rows.iter_mut().for_each(|row| _ = row.remove(at));
            }
        }
    }
}

/// The fewest Pods that served in half of the operations, and in which share of them it was as bad as it ever got.
fn least_serving(operation: &OperationResult) -> String {
    let (Some(median), Some(fewest)) = (operation.median_least_serving(), operation.fewest_serving()) else {
        return "–".to_owned();
    };
    if fewest == median {
        return median.to_string();
    }
    let share = share_of(operation, operation.least_serving[fewest]);
    let share = if share < WORTH_A_WORD {
        format!("{} %", format::significant(100.0 * share, 1))
    } else {
        format::share(share, 1.0)
    };
    format!("{median} ({fewest} in {share})")
}

/// Its downtime is worth a column: it is more than nothing beside the failed requests.
fn is_down(operation: &OperationResult) -> bool {
    let mean = |each: Option<Estimate>| each.filter(|each| !each.bound).map_or(0.0, |each| each.mean);
    mean(operation.downtime_s_each) > MATTERS * mean(operation.failed_request_s_each)
}

fn each(estimate: Option<&Estimate>) -> String {
    estimate.map_or("–".to_owned(), format::span_with_error)
}

/// The operations of a scenario, that first which costs the most failed requests each time; equal ones in the order of the
/// result.
pub fn by_cost(scenario: &ScenarioResult) -> Vec<(&String, &OperationResult)> {
    let cost = |operation: &OperationResult| operation.failed_request_s_each.as_ref().map_or(0.0, |e| e.mean);
    let mut operations: Vec<_> = scenario.operations.iter().collect();
    operations.sort_by(|a, b| cost(b.1).total_cmp(&cost(a.1)));
    operations
}

/// What the most expensive operation of the scenario that is shown costs each time, and what becomes of it and of the others.
pub fn sentence(result: &ExperimentResult) -> Option<String> {
    let shown = aggregate::shown(result)?;
    let (name, dearest) = by_cost(shown).first().copied()?;
    let mut said = price(name, dearest)?;
    for (other, operation) in shown.operations.iter() {
        said += &fates(if other == name { "them" } else { other }, operation, shown.replications);
    }
    Some(said)
}

/// How long one takes, and what it costs.
fn price(name: &str, operation: &OperationResult) -> Option<String> {
    let took = match &operation.duration_s.p50 {
        Some(took) => format!("takes {}", format::tick(took.value)),
        None if operation.rolled_back == operation.begun() => "is rolled back".to_owned(),
        None if operation.begun() > 0 => "is never complete".to_owned(),
        None => return None,
    };
    let each = operation.failed_request_s_each.as_ref()?;
    let failed = if each.bound {
        format!("and none was seen to fail a request (at most {} of full traffic each)", format::duration(each.high))
    } else {
        format!("and costs requests worth {} of full traffic", format::duration(each.mean))
    };
    let without = operation
        .share_without_any()
        .filter(|&share| share >= WORTH_A_WORD)
        .map(|share| format!("; in {} of them no Pod serves for some time", format::share(share, 1.0)));
    Some(format!("One {name} {took} {failed}{}.", without.unwrap_or_default()))
}

/// What becomes of those that are not completed.
fn fates(whose: &str, operation: &OperationResult, replications: u64) -> String {
    let fates = [
        (operation.rolled_back, "bring a bad revision and are rolled back"),
        (operation.superseded, "are overtaken by the next one before they are complete"),
        (operation.gave_up, "give up before they are complete"),
    ];
    let mut said = String::new();
    for (count, fate) in fates {
        let share = share_of(operation, count);
        if share >= WORTH_A_WORD {
            let _ = write!(said, " {} of {whose} {fate}.", format::share(share, 1.0));
        }
    }
    let left = operation.duration_s.censored;
    // One that is under way at the end is nothing special; one that never ends is there in every replication.
    if left as f64 >= HANGS * replications as f64 && operation.evictions_refused > 0 {
        let _ = write!(
            said,
            " At the end of {} of the replications one of {whose} still waits for evictions that a budget refuses, and its \
             Node takes no Pods.",
            format::share((left as f64 / replications as f64).min(1.0), 1.0)
        );
    } else if share_of(operation, left) >= WORTH_A_WORD {
        let _ = write!(said, " {} of {whose} were not seen to end.", format::share(share_of(operation, left), 1.0));
    }
    said
}

/// How many of those that began were completed.
fn share_complete(operation: &OperationResult) -> f64 {
    share_of(operation, operation.duration_s.count)
}

/// A share of which nothing is 0 %.
fn whole_share(share: f64) -> String {
    if share == 0.0 { "never".to_owned() } else { format::share(share, 1.0) }
}

/// So many over all that began.
fn share_of(operation: &OperationResult, count: u64) -> f64 {
    count as f64 / operation.begun().max(1) as f64
}
