//! What each change that is made on purpose costs, one at a time.

use std::fmt::Write;

use crate::report::featured;
use crate::report::format;
use crate::report::labels::Labels;
use crate::report::loss;
use crate::results::{Estimate, ExperimentResult, OperationInfo, OperationResult, ScenarioResult};
use crate::study::Metric;

/// A part of the failed requests.
const MATTERS: f64 = 0.01;
/// A share of all operations.
const WORTH_A_WORD: f64 = 0.01;
/// Where so many are superseded they come too often.
const TOO_OFTEN: f64 = 0.1;
/// A Pod without room for so many seconds a year is why, not how often they come: a twentieth of it.
const MUCH_OF_A_YEAR: f64 = 0.05 * 365.0 * 86_400.0;
/// In so many replications an operation is under way at the end because it hangs.
const HANGS: f64 = 0.2;
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
    /// What the columns after the first hold.
    columns: Vec<Column>,
    /// One of the operations is a scaling, which is complete when it has been undone.
    has_scaling: bool,
}

/// What may stand in a column after the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    PerYear,
    NothingToEvict,
    Complete,
    Forced,
    RolledBack,
    GoodAgain,
    Superseded,
    GaveUp,
    NoEnd,
    Uneven,
    Median,
    Tail,
    FailedRequests,
    Downtime,
    Refused,
    LeastServing,
    Short,
}

impl Column {
    /// From left to right.
    const ALL: [Self; 17] = [
        Self::PerYear,
        Self::NothingToEvict,
        Self::Complete,
        Self::Forced,
        Self::RolledBack,
        Self::GoodAgain,
        Self::Superseded,
        Self::GaveUp,
        Self::NoEnd,
        Self::Median,
        Self::Tail,
        Self::FailedRequests,
        Self::Downtime,
        Self::Refused,
        Self::LeastServing,
        Self::Short,
        Self::Uneven,
    ];
    /// What is worth the least first: the page and metrics.csv have it.
    const SPARE: [Self; 8] = [
        Self::Short,
        Self::Tail,
        Self::Refused,
        Self::Complete,
        Self::GoodAgain,
        Self::NoEnd,
        Self::PerYear,
        Self::Downtime,
    ];

    fn head(self) -> &'static str {
        match self {
            Self::PerYear => "per year",
            Self::NothingToEvict => "nothing to evict",
            Self::Complete => "complete",
            Self::Forced => "forced",
            Self::RolledBack => "rolled back",
            Self::GoodAgain => "good again",
            Self::Superseded => "superseded",
            Self::GaveUp => "gave up",
            Self::NoEnd => "no end",
            Self::Uneven => "zones uneven",
            Self::Median => "takes p50",
            Self::Tail => "p95",
            Self::FailedRequests => "failed requests",
            Self::Downtime => "downtime",
            Self::Refused => "evictions refused",
            Self::LeastServing => "least serving",
            Self::Short => "below replicas",
        }
    }

    /// Whether it tells something of this operation.
    fn is_worth_it(self, operation: &OperationResult) -> bool {
        let is_seen = |share: f64| share >= WORTH_A_WORD;
        match self {
            Self::Complete => is_seen(1.0 - share_complete(operation)),
            Self::NothingToEvict => is_seen(share_without_work(operation)),
            Self::Forced => is_seen(share_of(operation, operation.forced)),
            Self::RolledBack | Self::GoodAgain => is_seen(share_of(operation, operation.rolled_back_s.count)),
            Self::Superseded => is_seen(share_of(operation, operation.superseded)),
            Self::GaveUp => is_seen(share_of(operation, operation.gave_up)),
            Self::NoEnd => is_seen(share_of(operation, operation.duration_s.censored)),
            Self::Uneven => is_seen(share_of(operation, operation.left_uneven)),
            Self::Downtime => is_down(operation),
            Self::Refused => operation.evictions_refused > 0,
            Self::Short => operation.short_s_each.is_some_and(|short| !short.bound),
            Self::PerYear | Self::Median | Self::Tail | Self::FailedRequests | Self::LeastServing => true,
        }
    }

    fn cell(self, operation: &OperationResult) -> String {
        let took = &operation.duration_s;
        let part = |count: u64| dashed_share(share_of(operation, count));
        match self {
            Self::PerYear => format::count(&operation.per_year),
            Self::NothingToEvict => dashed_share(share_without_work(operation)),
            Self::Complete => whole_share(share_complete(operation)),
            Self::Forced => part(operation.forced),
            Self::RolledBack => part(operation.rolled_back_s.count),
            Self::GoodAgain => format::marked_quantile(operation.rolled_back_s.p50.as_ref(), 0),
            Self::Superseded => part(operation.superseded),
            Self::GaveUp => part(operation.gave_up),
            Self::NoEnd => part(took.censored),
            Self::Uneven => part(operation.left_uneven),
            Self::Median => format::marked_quantile(took.p50.as_ref(), took.censored),
            Self::Tail => format::marked_quantile(took.p95.as_ref(), took.censored),
            Self::FailedRequests => each(operation.failed_request_s_each.as_ref()),
            Self::Downtime => each(operation.downtime_s_each.as_ref()),
            Self::Refused => format::significant(share_of(operation, operation.evictions_refused), 2),
            Self::LeastServing => least_serving(operation),
            Self::Short => each(operation.short_s_each.as_ref()),
        }
    }

    /// What becomes of those that are not completed.
    fn is_fate(self) -> bool {
        matches!(self, Self::Complete | Self::RolledBack | Self::Superseded | Self::GaveUp | Self::NoEnd)
    }

    /// What it says, where its name does not, and whether all operations are completed.
    fn meaning(self, all_complete: bool) -> Option<&'static str> {
        Some(match self {
            Self::Median if all_complete => "Takes: from its beginning until it is complete.",
            Self::FailedRequests if all_complete => {
                "Costs: what is charged to it, each time; failed requests as time of full traffic."
            }
            Self::NothingToEvict => {
                "Nothing to evict: the share of those that find no Pod on their Node, and are in no column after this one."
            }
            Self::GoodAgain => {
                "Good again: from the beginning of one that is bad until the last good revision is available everywhere, in half \
                 of them."
            }
            Self::Forced => "Forced: Pods were deleted against their budget, or went with their machine.",
            Self::Superseded => "Superseded: the next one comes before it is complete.",
            Self::GaveUp => "Gave up: at its timeout, or as it may not evict a Pod of two budgets.",
            Self::Uneven => {
                "Zones uneven: at its end one zone has two Pods more than another, or more still; nothing moves them."
            }
            Self::NoEnd => "No end: it is still under way at the end of the replication.",
            Self::Median => "Takes: from its beginning until it is complete, of those that complete.",
            Self::FailedRequests => {
                "Costs: what is charged to it, each time, whatever becomes of it; failed requests as time of full traffic."
            }
            Self::LeastServing => {
                "Least serving: the fewest Pods that served in rotation meanwhile, in half of them and in so many of all."
            }
            Self::Short => {
                "Below replicas: for so long fewer Pods served in rotation meanwhile than the Deployment has replicas, whatever the \
                 reason."
            }
            Self::PerYear | Self::Complete | Self::RolledBack | Self::Tail | Self::Downtime | Self::Refused => {
                return None;
            }
        })
    }
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
        let label = |scenario: usize, name: &str| match (is_grid, has_several) {
            (true, true) => format!("{} · {name}", labels.short(scenario)),
            (true, false) => labels.short(scenario),
            (false, _) => name.to_owned(),
        };
        let is_shown = |column: &Column| {
            (*column != Column::PerYear || !is_grid)
                && all.iter().any(|(_, _, operation)| column.is_worth_it(operation))
        };
        let columns: Vec<Column> = Column::ALL.into_iter().filter(is_shown).collect();
        let first_head = if is_grid { "scenario" } else { "operation" };
        let row = |(scenario, name, operation): (usize, &String, &OperationResult)| {
            let cells = columns.iter().map(|column| column.cell(operation));
            std::iter::once(label(scenario, name)).chain(cells).collect()
        };
        let keys = if is_grid && labels.varied { format!(" ({})", labels.short_keys()) } else { String::new() };
        let what = if has_several { "operation" } else { first.1 };
        let head = std::iter::once(first_head).chain(columns.iter().map(|column| column.head()));
        Some(Self {
            title: format!("What one {what} costs{keys}"),
            head: head.map(str::to_owned).collect(),
            rows: all.iter().copied().map(row).collect(),
            columns,
            has_scaling: all
                .iter()
                .any(|(_, name, _)| matches!(kind_of(result, name), Some(OperationInfo::Scale { .. }))),
        })
    }

    /// What stands below it: the meaning of its columns.
    pub fn footnote(&self) -> String {
        let all_complete = !self.columns.iter().any(|column| column.is_fate());
        let meanings = self.columns.iter().filter_map(|column| column.meaning(all_complete));
        let scaling =
            "A scaling is complete when as many replicas are there as were wanted last, the manifest's where it ends.";
        meanings.chain(self.has_scaling.then_some(scaling)).collect::<Vec<_>>().join(" ")
    }

    /// Leaves out what is worth the least until the table fits.
    pub fn fit(&mut self, width: usize) {
        for spare in Column::SPARE {
            if self.width() <= width {
                return;
            }
            if let Some(at) = self.columns.iter().position(|column| *column == spare) {
                self.columns.remove(at);
                self.head.remove(at + 1);
                self.rows.iter_mut().for_each(|row| _ = row.remove(at + 1));
            }
        }
    }

    /// So many columns of text it takes, with a heading in two lines and a space at each side.
    fn width(&self) -> usize {
        let longest_of = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            let lines = self.head[column].splitn(2, ' ').map(str::len);
            cells.chain(lines).max().unwrap_or(0)
        };
        (0..self.head.len()).map(|column| longest_of(column) + 2).sum()
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
    let shown = featured::shown(result)?;
    let all = by_cost(shown);
    let (name, dearest) = all.first().copied()?;
    let mut said = price(name, dearest)?;
    for (other, operation) in all {
        let is_first = other == name && share_without_work(operation) < WORTH_A_WORD;
        let whose = if is_first { "them".to_owned() } else { format!("the “{other}” operations") };
        let kind = kind_of(result, other);
        said += &skipped(&whose, operation, kind);
        said += &fates(&whose, operation, kind, shown);
    }
    Some(said)
}

/// How long one takes, and what it costs.
fn price(name: &str, operation: &OperationResult) -> Option<String> {
    let complete = share_complete(operation);
    let is_sure = complete >= 1.0 - WORTH_A_WORD;
    let took = match &operation.duration_s.p50 {
        Some(took) if is_sure => format!("takes {}", format::tick(took.value)),
        Some(took) => {
            format!("takes {} if it completes, as {} do,", format::tick(took.value), format::share(complete, 1.0))
        }
        None if operation.rolled_back_s.count == operation.at_work() => "is rolled back".to_owned(),
        None if operation.at_work() > 0 => "is never complete".to_owned(),
        None => return None,
    };
    let each = operation.failed_request_s_each.as_ref()?;
    let over = if is_sure { "" } else { ", on average over all" };
    let failed = if each.bound {
        format!("and none was seen to fail a request (at most {} of full traffic each)", format::duration(each.high))
    } else {
        format!("and costs requests worth {} of full traffic{over}", loss::sure_amount(each))
    };
    let whose =
        if share_of(operation, operation.superseded) < WORTH_A_WORD { "them" } else { "those that are not superseded" };
    let without = operation
        .share_without_any()
        .filter(|&share| share >= WORTH_A_WORD)
        .map(|share| format!("; in {} of {whose} no Pod serves for some time", format::share(share, 1.0)));
    let which = if share_without_work(operation) < WORTH_A_WORD { "" } else { " that finds Pods on its Node" };
    Some(format!("One {name}{which} {took} {failed}{}.", without.unwrap_or_default()))
}

/// Those that are due and do not begin.
fn skipped(whose: &str, operation: &OperationResult, kind: Option<&OperationInfo>) -> String {
    let share = operation.skipped as f64 / (operation.begun() + operation.skipped).max(1) as f64;
    if share < WORTH_A_WORD {
        return String::new();
    }
    let why = match kind {
        Some(OperationInfo::Drain { .. }) => "their Node is away or being drained already",
        Some(OperationInfo::Scale { .. }) => "the Deployment has as many replicas already",
        Some(OperationInfo::UpgradeNodes { .. }) => "another one is under way",
        Some(OperationInfo::WithdrawNode { reason, .. }) if reason == "consolidate" => {
            "no Node can be spared: a budget would refuse one of its Pods, or others are on their way"
        }
        Some(OperationInfo::WithdrawNode { .. }) => "their Node is away, drained or withdrawn already",
        Some(OperationInfo::Rollout { .. }) | None => "the Deployment is paused",
    };
    format!(" {} of {whose} do not begin, as {why}.", format::share(share, 1.0))
}

/// What becomes of those that are not completed.
fn fates(whose: &str, operation: &OperationResult, kind: Option<&OperationInfo>, shown: &ScenarioResult) -> String {
    let replications = shown.replications;
    let mut said = String::new();
    let idle = share_without_work(operation);
    let whose = if idle < WORTH_A_WORD {
        whose.to_owned()
    } else {
        let _ = write!(said, " {} of {whose} find no Pod on their Node.", format::share(idle, 1.0));
        "the others".to_owned()
    };
    let again = operation.rolled_back_s.p50.as_ref().map_or(String::new(), |median| {
        format!("; all is good again {} after they begin (median)", format::tick(median.value))
    });
    let too_often = match kind {
        _ if share_of(operation, operation.superseded) < TOO_OFTEN => "",
        Some(OperationInfo::Scale { .. }) => ": the next one comes before the manifest's replicas are set again",
        _ if shown.estimates[Metric::Pending].low > MUCH_OF_A_YEAR => {
            ": a Pod waits without room on any Node for much of the time, and with it the rollout that it belongs to"
        }
        _ => {
            ": they come faster than one of them takes; with more time between them, or less minReadySeconds, more would complete"
        }
    };
    let forced = match kind {
        Some(OperationInfo::UpgradeNodes { .. }) => "delete Pods that their budget would have kept",
        _ => "take Pods with their machine that had not left it",
    };
    let fates = [
        (operation.rolled_back_s.count, "bring a bad revision and are rolled back", again.as_str()),
        (operation.superseded, "are superseded by the next one before they are complete", too_often),
        (operation.gave_up, "give up before they are complete", ""),
        (operation.left_uneven, "leave the zones uneven, with two Pods more in one than in another", ""),
        (operation.forced, forced, ""),
    ];
    for (count, fate, more) in fates {
        let share = share_of(operation, count);
        if share >= WORTH_A_WORD {
            let _ = write!(said, " {} of {whose} {fate}{more}.", format::share(share, 1.0));
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

/// What the operation of this name does.
fn kind_of<'r>(result: &'r ExperimentResult, name: &str) -> Option<&'r OperationInfo> {
    let named = result.faults.iter().find(|fault| fault.name == name)?;
    named.operation.as_ref()
}

/// How many of those that had something to do were completed.
fn share_complete(operation: &OperationResult) -> f64 {
    share_of(operation, operation.duration_s.count)
}

/// How many of those that began had nothing to do.
fn share_without_work(operation: &OperationResult) -> f64 {
    operation.nothing_to_evict as f64 / operation.begun().max(1) as f64
}

/// A share of which nothing is 0 %.
fn whole_share(share: f64) -> String {
    if share == 0.0 { "never".to_owned() } else { format::share(share, 1.0) }
}

/// A share of which there may be nothing.
fn dashed_share(share: f64) -> String {
    if share == 0.0 { "–".to_owned() } else { format::share(share, 1.0) }
}

/// So many over all that had something to do.
fn share_of(operation: &OperationResult, count: u64) -> f64 {
    count as f64 / operation.at_work().max(1) as f64
}
