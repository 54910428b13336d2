//! What each change that is made on purpose costs, one at a time.

use crate::report::aggregate;
use crate::report::format;
use crate::report::labels::Labels;
use crate::results::{Estimate, ExperimentResult, OperationResult};

/// What stands above the table.
pub const TITLE: &str = "What one operation costs";
/// What stands below it.
pub const FOOTNOTE: &str = "Takes: from its beginning until it is complete. Costs: what is charged to it, each time; failed requests as \
                            time of full traffic. Least serving: the fewest Pods that served in rotation during any of them.";
/// Scenarios in a table.
const MOST: usize = 24;

/// The heads of the columns; the first `labels` are text.
pub struct Table {
    /// What they are called.
    pub head: Vec<String>,
    /// How many columns say what a row is of.
    pub labels: usize,
    /// The rows: scenario by scenario, as many as are read.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The table of an answer; `None` where there is no operation.
    pub fn of(result: &ExperimentResult) -> Option<Self> {
        let operations = |scenario: usize| result.scenarios[scenario].operations.iter();
        let all = result.scenarios.iter().map(|scenario| scenario.operations.iter().count());
        let most = all.max().filter(|&most| most > 0)?;
        let labels = Labels::of(result);
        let (is_grid, several) = (result.scenarios.len() > 1, most > 1);
        let mut head: Vec<String> = Vec::new();
        if is_grid {
            head.extend(labels.columns.iter().map(|column| {
                if column.short_key.is_empty() { "scenario".to_owned() } else { column.short_key.clone() }
            }));
        }
        head.extend((several || !is_grid).then(|| "operation".to_owned()));
        let count = head.len();
        head.extend(["per year", "takes p50", "p95", "failed requests", "downtime", "least serving"].map(str::to_owned));
        let row = |scenario: usize, name: &str, operation: &OperationResult| {
            let mut row: Vec<String> = Vec::new();
            if is_grid {
                row.extend(labels.columns.iter().map(|column| column.cells[scenario].clone()));
            }
            row.extend((several || !is_grid).then(|| name.to_owned()));
            let took = &operation.duration_s;
            let each = |estimate: &Option<Estimate>| estimate.as_ref().map_or("–".to_owned(), format::span_with_error);
            row.extend([
                format::count(&operation.per_year),
                format::marked_quantile(took.p50.as_ref(), took.censored),
                format::marked_quantile(took.p95.as_ref(), took.censored),
                each(&operation.failed_request_s_each),
                each(&operation.downtime_s_each),
                operation.fewest_serving().map_or("–".to_owned(), |fewest| fewest.to_string()),
            ]);
            row
        };
        let scenarios = (0..result.scenarios.len()).take(MOST);
        let rows = scenarios.flat_map(|i| operations(i).map(move |(name, one)| (i, name, one)));
        let rows = rows.map(|(i, name, one)| row(i, name, one)).collect();
        Some(Self { head, labels: count, rows })
    }
}

/// What the most expensive operation of the scenario that is shown costs each time.
pub fn sentence(result: &ExperimentResult) -> Option<String> {
    let shown = aggregate::shown(result)?;
    let cost = |operation: &OperationResult| operation.failed_request_s_each.as_ref().map_or(0.0, |e| e.mean);
    let (name, operation) = shown.operations.iter().max_by(|a, b| cost(a.1).total_cmp(&cost(b.1)))?;
    let took = operation.duration_s.p50.as_ref()?;
    let each = operation.failed_request_s_each.as_ref()?;
    let failed = match each.bound {
        true => format!("and none was seen to fail a request (at most {} of full traffic each)", format::duration(each.high)),
        false => format!("and costs requests worth {} of full traffic", format::duration(each.mean)),
    };
    let without = operation.share_without_any().filter(|&share| share > 0.0).map(|share| {
        format!("; in {} of them no Pod serves for some time", format::share(share, 1.0))
    });
    let superseded = (operation.superseded > 0).then(|| {
        let all = operation.duration_s.count + operation.duration_s.censored + operation.superseded;
        let share = format::share(operation.superseded as f64, all as f64);
        format!(" {share} of them are overtaken by the next one before they are complete.")
    });
    Some(format!(
        "One {name} takes {} {failed}{}.{}",
        format::tick(took.value),
        without.unwrap_or_default(),
        superseded.unwrap_or_default(),
    ))
}
