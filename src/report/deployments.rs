//! The Deployments of an answer, worst first: those that make a system together, or many that were each played alone.

use std::cmp::Ordering;

use crate::report::aggregate;
use crate::report::format;
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
        let shown = aggregate::shown(result)?;
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
                format!("The Deployments of “{}”, worst first", system.name)
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
        head.push("mainly from".to_owned());
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
    order(loss::loss_of(result)).then(order(loss::other_loss_of(result)))
}

/// Orders Deployments that were each played alone: the worst first.
pub fn sort(result: &mut ExperimentResult) {
    let mut scenarios = std::mem::take(&mut result.scenarios);
    scenarios.sort_by(|a, b| worse(result, a, b));
    result.scenarios = scenarios;
}

/// The Deployments of a system as an answer of its own: pictures and tables of scenarios then show them.
pub fn as_answer(result: &ExperimentResult) -> Option<ExperimentResult> {
    let shown = aggregate::shown(result).filter(|shown| !shown.workloads.is_empty())?;
    let mut answer = result.only(&[]);
    answer.scenarios.clone_from(&shown.workloads);
    answer.each_alone = true;
    answer.varied.clear();
    answer.targets.clear();
    (answer.baseline, answer.selection, answer.comparison) = (None, None, None);
    sort(&mut answer);
    Some(answer)
}

/// What most of the downtime is charged to or, where there is none, most of what fails.
fn main_cause(row: &ScenarioResult) -> String {
    let downtime = aggregate::by_cause(&row.downtime_attribution);
    let failed = aggregate::by_cause(&row.request_failure_attribution);
    downtime.first().or(failed.first()).map_or("–".to_owned(), |first| first.cause.to_string())
}

/// Which Deployment is missing most while the system is not available.
pub fn sentence(shown: &ScenarioResult) -> Option<String> {
    let missing = |row: &&ScenarioResult| row.missing_s_per_year.filter(|e| !e.bound).map_or(0.0, |e| e.mean);
    let worst = shown.workloads.iter().max_by(|a, b| missing(a).total_cmp(&missing(b)))?;
    let (its, all) = (missing(&worst), shown.estimates[Metric::Downtime].mean);
    (its > 0.0).then(|| {
        let share = format::share(its, all);
        format!("In {share} of that downtime {} is missing; each Deployment alone is in the table.", worst.name)
    })
}

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
    let mut sentences = vec![format!(
        "Of {n} Deployments, each alone on the cluster, {} is available least: {} of the time, {lost}, mainly from {}.",
        worst.name,
        format::percent(availability).replace("> ", "more than "),
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
        sentences.push(format!(
            "{meeting} surely meet {slo} over a year on average, {missing} surely miss it, and {} are not told apart from it.",
            n - missing - meeting,
            slo = format::plain_percent(slo),
        ));
    }
    sentences
}
