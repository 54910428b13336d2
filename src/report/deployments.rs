//! The Deployments of an answer, worst first: those that make a system together, or many that were each played alone.

use std::cmp::Ordering;

use crate::report::aggregate;
use crate::report::featured;
use crate::report::format;
use crate::report::labels::in_words;
use crate::report::loss;
use crate::report::period::Period;
use crate::results::{Estimate, ExperimentResult, ScenarioResult};
use crate::study::Metric;

/// What a table of Deployments says.
pub struct Table<'r> {
    /// The Deployments, worst first.
    pub rows: Vec<&'r ScenarioResult>,
    /// The scenario that they make together; `None` if each was played alone.
    pub system: Option<&'r ScenarioResult>,
    result: &'r ExperimentResult,
}

impl<'r> Table<'r> {
    /// The table of an answer; `None` where there is one Deployment and no more to tell.
    pub fn of(result: &'r ExperimentResult) -> Option<Self> {
        let shown = featured::shown(result)?;
        let system = (!result.each_alone).then_some(shown);
        let mut rows: Vec<&ScenarioResult> = match system {
            Some(system) => system.workloads.iter().collect(),
            None => result.scenarios.iter().collect(),
        };
        rows.sort_by(|a, b| worse(result, a, b));
        (!rows.is_empty()).then_some(Self { rows, system, result })
    }

    /// What stands above it.
    pub fn title(&self) -> String {
        match self.system {
            Some(system) if self.result.scenarios.len() > 1 => {
                format!("The Deployments of “{}”, worst first", in_words(self.result, system))
            }
            Some(_) => "The Deployments, worst first".to_owned(),
            None => "Each Deployment alone on the cluster, worst first".to_owned(),
        }
    }

    /// The heads of its columns: the first is text, and so is the last.
    pub fn head(&self) -> Vec<String> {
        let per = Period::of(self.result).per();
        let mut head = vec!["name".to_owned(), "availability".to_owned()];
        head.extend([format!("downtime{per}"), format!("failed req.{per}")]);
        head.extend(self.system.map(|_| format!("missing{per}")));
        let slo = self.result.objective.slo.filter(|_| self.system.is_none());
        head.extend(slo.map(|slo| format!("meeting {}", format::plain_percent(slo))));
        head.push("most from".to_owned());
        head
    }

    /// The cells of a row.
    pub fn cells(&self, row: &ScenarioResult) -> Vec<String> {
        let name = if row.unplaceable { format!("{} †", row.name) } else { row.name.clone() };
        let mut cells = vec![
            name,
            format::percent(&row.estimates[Metric::Availability]),
            format::marked_span_with_error(&row.estimates[Metric::Downtime]),
            format::span(&row.estimates[Metric::FailedRequests]),
        ];
        cells.extend(self.system.map(|_| row.missing_s_per_year.as_ref().map_or_else(String::new, format::span)));
        if self.system.is_none() && self.result.objective.slo.is_some() {
            let meets = row.windows.as_ref().and_then(|windows| windows.meets_slo);
            cells.push(meets.as_ref().map_or("–".to_owned(), format::percent));
        }
        cells.push(main_cause(row));
        cells
    }

    /// What stands below it.
    pub fn footnote(&self) -> Option<String> {
        self.system.map(|_| {
            "Missing: time in which the system is not available and this Deployment is among those that lack; several may lack \
             at once."
                .to_owned()
        })
    }
}

/// The worse one first, by what the objective counts; where nothing was seen, by what may have been.
fn worse(result: &ExperimentResult, a: &ScenarioResult, b: &ScenarioResult) -> Ordering {
    let amount = |e: &Estimate| if e.bound { 0.0 } else { e.mean };
    let order = |metric: Metric| amount(&b.estimates[metric]).total_cmp(&amount(&a.estimates[metric]));
    let missing = |row: &ScenarioResult| row.missing_s_per_year.as_ref().map_or(0.0, amount);
    // What a system lacks is what counts there.
    let by_missing = missing(b).total_cmp(&missing(a));
    by_missing.then(order(loss::loss_of(result))).then(order(loss::other_loss_of(result)))
}

/// Orders Deployments that were each played alone: the worst first.
pub fn sort(result: &mut ExperimentResult) {
    let mut scenarios = std::mem::take(&mut result.scenarios);
    scenarios.sort_by(|a, b| worse(result, a, b));
    result.scenarios = scenarios;
}

/// The Deployments of a system as an answer of its own: pictures and tables of scenarios then show them.
pub fn as_answer(result: &ExperimentResult) -> Option<ExperimentResult> {
    let shown = featured::shown(result).filter(|shown| !shown.workloads.is_empty())?;
    let mut answer = result.only(&[]);
    if result.scenarios.len() > 1 {
        answer.experiment = format!("{}, {}", result.experiment, in_words(result, shown));
    }
    answer.scenarios.clone_from(&shown.workloads);
    answer.each_alone = true;
    answer.varied.clear();
    answer.targets.clear();
    (answer.baseline, answer.selection, answer.comparison) = (None, None, None);
    sort(&mut answer);
    Some(answer)
}

/// So many times as much is lost by failed requests as by downtime that they are what a Deployment is about.
const MUCH_MORE: f64 = 2.0;

/// What most of the downtime is charged to and, where much more is lost by failed requests and another cause is behind it, most of what
/// fails.
fn main_cause(row: &ScenarioResult) -> String {
    let downtime = aggregate::by_cause(&row.downtime_attribution);
    let failed = aggregate::by_cause(&row.request_failure_attribution);
    let whole = |causes: &[aggregate::CauseTotal<'_>]| causes.iter().map(|cause| cause.total).sum::<f64>();
    let is_more = whole(&failed) > MUCH_MORE * whole(&downtime);
    match (downtime.first(), failed.first().filter(|_| is_more)) {
        (Some(down), Some(fails)) if down.cause != fails.cause => format!("{} (failed: {})", down.cause, fails.cause),
        (Some(first), _) | (None, Some(first)) => first.cause.to_string(),
        (None, None) => "–".to_owned(),
    }
}

/// Whether half of the downtime is from one cause.
fn is_main(row: &ScenarioResult) -> bool {
    let causes = aggregate::by_cause(&row.downtime_attribution);
    let all: f64 = causes.iter().map(|cause| cause.total).sum();
    causes.first().is_none_or(|first| 2.0 * first.total >= all)
}

/// Which Deployments are missing while the system is not available.
pub fn sentence(shown: &ScenarioResult) -> Option<String> {
    const MOST: usize = 3;
    let missing = |row: &ScenarioResult| row.missing_s_per_year.filter(|e| !e.bound).map_or(0.0, |e| e.mean);
    let mut lacking: Vec<&ScenarioResult> = shown.workloads.iter().filter(|row| missing(row) > 0.0).collect();
    lacking.sort_by(|a, b| missing(b).total_cmp(&missing(a)));
    let all = shown.estimates[Metric::Downtime].mean;
    let share = |row: &ScenarioResult| format!("{} in {}", row.name, format::share(missing(row), all));
    let mut named: Vec<String> = lacking.iter().take(MOST).map(|row| share(row)).collect();
    if lacking.len() > MOST {
        named.push(format!("{} others less", lacking.len() - MOST));
    }
    (!named.is_empty()).then(|| format!("Of that downtime, these are missing: {}.", named.join(", ")))
}

/// Which of them nothing but people mend.
fn mended_by_people(result: &ExperimentResult) -> Option<String> {
    let pages = |row: &&ScenarioResult| {
        let pages = &row.estimates[Metric::Pages];
        !pages.bound && pages.mean >= OFTEN
    };
    let paged: Vec<&str> = result.scenarios.iter().filter(pages).map(|row| row.name.as_str()).collect();
    (!paged.is_empty()).then(|| {
        format!(
            "What hangs in {} no probe mends: the numbers count on somebody who is paged (docs/model.md), and would be far \
             worse without.",
            paged.join(", ")
        )
    })
}

/// Pages a year from which on it matters who answers them.
const OFTEN: f64 = 0.5;

/// The answer where each Deployment was played alone.
pub fn alone(result: &ExperimentResult) -> Vec<String> {
    let Some(worst) = result.scenarios.first() else { return vec!["No Deployment was played.".to_owned()] };
    let n = result.scenarios.len();
    let [availability, downtime] = [Metric::Availability, Metric::Downtime].map(|metric| &worst.estimates[metric]);
    let lost = if downtime.bound {
        "no downtime was seen".to_owned()
    } else {
        format!("{} of downtime a year", format::full(downtime))
    };
    let close = |row: &&ScenarioResult| {
        let (a, b) = (&worst.estimates[Metric::Downtime], &row.estimates[Metric::Downtime]);
        row.name != worst.name && b.high >= a.low
    };
    let close = match result.scenarios.iter().filter(close).count() {
        0 => String::new(),
        1 => "; one other is not told apart from it".to_owned(),
        n => format!("; {n} others are not told apart from it"),
    };
    let mut sentences = vec![format!(
        "Of {n} Deployments, each alone on the cluster, {} is available least: {} of the time, {lost}, {} from {}{close}.",
        worst.name,
        format::percent(availability).replace("> ", "more than "),
        if is_main(worst) { "mainly" } else { "the largest part" },
        main_cause(worst),
    )];
    if let Some(slo) = result.objective.slo {
        let misses = |row: &&ScenarioResult| {
            let kept = &row.estimates[result.objective.metric];
            !kept.bound && kept.high < slo
        };
        let meets = |row: &&ScenarioResult| row.estimates[result.objective.metric].low >= slo;
        let (missing, meeting) =
            (result.scenarios.iter().filter(misses).count(), result.scenarios.iter().filter(meets).count());
        let (kept, slo) = (n - missing - meeting, format::plain_percent(slo));
        let mut parts = Vec::new();
        parts.extend((meeting > 0).then(|| format!("{meeting} surely meet {slo} over a year on average")));
        parts.extend((missing > 0).then(|| format!("{missing} surely miss {slo}")));
        parts.extend((kept > 0).then(|| format!("of {kept} the interval holds {slo}")));
        sentences.push(format!("{}.", parts.join(", ")));
    }
    sentences.extend(mended_by_people(result));
    sentences
}
