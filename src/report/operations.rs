//! What each change that is made on purpose costs, one at a time.

use std::fmt::Write;

use crate::report::aggregate;
use crate::report::format;
use crate::report::labels::Labels;
use crate::results::{Estimate, ExperimentResult, OperationResult};

/// What stands below the table.
pub const FOOTNOTE: &str = "Takes: from its beginning until it is complete. Costs: what is charged to it, each time; failed requests as \
                            time of full traffic. Least serving: the fewest Pods that served in rotation during any of them.";
/// A part of the failed requests.
const MATTERS: f64 = 0.01;
/// A share of all operations.
const WORTH_A_WORD: f64 = 0.01;
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
        let has_given_up = all.iter().any(|(_, _, operation)| operation.gave_up > 0);
        let has_refused = all.iter().any(|(_, _, operation)| operation.evictions_refused > 0);
        let has_downtime = all.iter().any(|(_, _, operation)| is_down(operation));
        let label = |scenario: usize, name: &str| match (is_grid, has_several) {
            (true, true) => format!("{} · {name}", labels.short(scenario)),
            (true, false) => labels.short(scenario),
            (false, _) => name.to_owned(),
        };
        let mut head = vec![if is_grid { "scenario" } else { "operation" }];
        head.extend((!is_grid).then_some("per year"));
        head.extend(["takes p50", "p95", "failed requests"]);
        head.extend(has_downtime.then_some("downtime"));
        head.extend(has_given_up.then_some("gave up"));
        head.extend(has_refused.then_some("evictions refused"));
        head.push("least serving");
        let row = |(scenario, name, operation): (usize, &String, &OperationResult)| {
            let took = &operation.duration_s;
            let mut row = vec![label(scenario, name)];
            row.extend((!is_grid).then(|| format::count(&operation.per_year)));
            row.extend([&took.p50, &took.p95].map(|of| format::marked_quantile(of.as_ref(), took.censored)));
            row.push(each(operation.failed_request_s_each.as_ref()));
            row.extend(has_downtime.then(|| each(operation.downtime_s_each.as_ref())));
            row.extend(has_given_up.then(|| format::share(share_of(operation, operation.gave_up), 1.0)));
            row.extend(has_refused.then(|| format::significant(share_of(operation, operation.evictions_refused), 2)));
            row.push(operation.fewest_serving().map_or("–".to_owned(), |fewest| fewest.to_string()));
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

/// Its downtime is worth a column: it is more than nothing beside the failed requests.
fn is_down(operation: &OperationResult) -> bool {
    let mean = |each: Option<Estimate>| each.filter(|each| !each.bound).map_or(0.0, |each| each.mean);
    mean(operation.downtime_s_each) > MATTERS * mean(operation.failed_request_s_each)
}

fn each(estimate: Option<&Estimate>) -> String {
    estimate.map_or("–".to_owned(), format::span_with_error)
}

/// What the most expensive operation of the scenario that is shown costs each time.
pub fn sentence(result: &ExperimentResult) -> Option<String> {
    let shown = aggregate::shown(result)?;
    let cost = |operation: &OperationResult| operation.failed_request_s_each.as_ref().map_or(0.0, |e| e.mean);
    let (name, operation) = shown.operations.iter().max_by(|a, b| cost(a.1).total_cmp(&cost(b.1)))?;
    let took = match &operation.duration_s.p50 {
        Some(took) => format!("takes {}", format::tick(took.value)),
        None if operation.duration_s.censored > 0 => "does not end".to_owned(),
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
    let fates = [
        (operation.superseded, "are overtaken by the next one before they are complete"),
        (operation.gave_up, "give up before they are complete"),
        (operation.duration_s.censored, "were not seen to end"),
    ];
    let mut said = format!("One {name} {took} {failed}{}.", without.unwrap_or_default());
    for (count, fate) in fates {
        let share = share_of(operation, count);
        if share >= WORTH_A_WORD {
            let _ = write!(said, " {} of them {fate}.", format::share(share, 1.0));
        }
    }
    Some(said)
}

/// So many over all that began.
fn share_of(operation: &OperationResult, count: u64) -> f64 {
    count as f64 / operation.begun().max(1) as f64
}
