//! `metrics.csv`: every number of `results.json` in a row of its own, for those who go on computing. An empty field is
//! the `null` of `results.json`, or a column that does not apply; never a zero.
//!
//! A metric is called like its columns in `results.csv`, or like its key in `results.json`.

use std::io;

use serde_json::Value;

use super::csv::{self, optional};
use super::labels::value_text;
use crate::history::Phase;
use crate::results::{
    Attribution, Difference, Distribution, Estimate, ExperimentResult, OperationResult, Quantile, Response,
    ScenarioResult, Sensitivity, Spread, WindowLoss, WindowsResult,
};

/// The columns before the varied keys.
const HEAD: [&str; 2] = ["experiment", "scenario"];
/// The columns behind them.
const TAIL: [&str; 11] =
    ["metric", "cause", "phase", "parameter", "parameter_value", "statistic", "unit", "value", "low", "high", "bound"];

/// Writes `metrics.csv`.
///
/// # Errors
/// If it cannot be written.
pub fn write(to: &mut dyn io::Write, result: &ExperimentResult) -> io::Result<()> {
    let mut head = HEAD.map(str::to_owned).to_vec();
    // With several Deployments the numbers of each follow those of the system.
    let has_workloads = result.scenarios.iter().any(|scenario| !scenario.workloads.is_empty());
    head.extend(result.varied.iter().cloned().chain(has_workloads.then(|| "workload".to_owned())));
    head.extend(TAIL.map(str::to_owned));
    let entries = result.scenarios.iter().enumerate().flat_map(|(index, whole)| {
        std::iter::once((index, whole, whole)).chain(whole.workloads.iter().map(move |one| (index, whole, one)))
    });
    let rows = entries.flat_map(|(index, whole, scenario)| {
        let mut numbers = of_scenario(result, scenario);
        if index == 0 && std::ptr::eq(whole, scenario) {
            // What matters is asked around the first scenario.
            numbers.extend(result.sensitivity.iter().flat_map(of_parameter));
        }
        let value = |key: &String| whole.parameters.get(key).map_or(String::new(), value_text);
        let mut front = vec![result.experiment.clone(), whole.name.clone()];
        front.extend(result.varied.iter().map(value));
        front.extend(has_workloads.then(|| csv::workload(whole, scenario)));
        numbers.into_iter().map(move |number| front.iter().cloned().chain(number.cells()).collect::<Vec<_>>())
    });
    csv::write(to, std::iter::once(head).chain(rows))
}

/// A number and what it is.
#[derive(Clone, Default)]
struct Row {
    metric: String,
    cause: String,
    phase: String,
    parameter: String,
    parameter_value: String,
    statistic: &'static str,
    unit: String,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    bound: Option<bool>,
}

impl Row {
    fn cells(self) -> [String; 11] {
        let bound = self.bound.map_or(String::new(), |bound| bound.to_string());
        let [value, low, high] = [self.value, self.low, self.high].map(optional);
        let Self { metric, cause, phase, parameter, parameter_value, statistic, unit, .. } = self;
        [metric, cause, phase, parameter, parameter_value, statistic.to_owned(), unit, value, low, high, bound]
    }

    fn of_cause(self, cause: &str) -> Self {
        Self { cause: cause.to_owned(), ..self }
    }

    fn in_phase(self, phase: Phase) -> Self {
        Self { phase: phase.name().to_owned(), ..self }
    }

    fn at(self, parameter: &str, value: &Value) -> Self {
        Self { parameter: parameter.to_owned(), parameter_value: value_text(value), ..self }
    }
}

/// A number without an interval.
fn plain(metric: &str, statistic: &'static str, unit: &str, value: Option<f64>) -> Row {
    Row { metric: metric.to_owned(), statistic, unit: unit.to_owned(), value, ..Row::default() }
}

fn estimate(metric: &str, unit: &str, e: Option<&Estimate>) -> Row {
    Row {
        low: e.map(|e| e.low),
        high: e.map(|e| e.high),
        bound: e.map(|e| e.bound),
        ..plain(metric, "mean", unit, e.map(|e| e.mean))
    }
}

fn of_scenario(result: &ExperimentResult, scenario: &ScenarioResult) -> Vec<Row> {
    let mut rows = vec![plain("replications", "count", "1", Some(scenario.replications as f64))];
    rows.extend(scenario.estimates.iter().map(|(metric, e)| estimate(&metric.column(), metric.unit(), Some(e))));
    rows.extend(scenario.missing_s_per_year.iter().map(|e| estimate("missing_s_per_year", "s/year", Some(e))));
    if let Some(load) = &scenario.load {
        rows.extend([
            plain("load_mean_rate", "mean", "1/s", Some(load.mean_rate)),
            plain("load_peak_rate", "max", "1/s", Some(load.peak_rate)),
            plain("load_capacity_of_pod", "mean", "1/s", load.capacity_of_pod),
            estimate("load_failed_per_year", "1/year", Some(&load.failed_per_year)),
            estimate("load_shed_per_year", "1/year", Some(&load.shed_per_year)),
            estimate("load_late_per_year", "1/year", load.late_per_year.as_ref()),
            estimate("load_overloaded_s_per_year", "s/year", Some(&load.overloaded_s_per_year)),
        ]);
    }
    if let Some(times) = &scenario.first_available_s {
        rows.extend(distribution("first_available_s", times));
    }
    rows.extend(distribution("time_to_recovery_s", &scenario.time_to_recovery_s));
    rows.extend(distribution("any_recovery_s", &scenario.any_recovery_s));
    for (cause, recovery) in scenario.pod_recovery_s.iter() {
        let fault = cause.name();
        let metric = "pod_recovery_s";
        rows.extend(distribution(metric, &recovery.lengths).into_iter().map(|row| row.of_cause(fault)));
        rows.push(plain(metric, "overlapped", "1", Some(recovery.overlapped as f64)).of_cause(fault));
        let phases = recovery.phases.iter();
        rows.extend(
            phases.map(|(phase, mean)| plain(metric, "mean", "s", Some(*mean)).of_cause(fault).in_phase(phase)),
        );
    }
    for (fault, detection) in scenario.detection_s.iter() {
        let metric = "detection_s";
        rows.extend(distribution(metric, &detection.times).into_iter().map(|row| row.of_cause(fault)));
        rows.push(plain(metric, "undetected", "1", Some(detection.undetected as f64)).of_cause(fault));
    }
    rows.extend(scenario.operations.iter().flat_map(|(name, one)| operation(name, one)));
    rows.extend(windows(scenario.windows.as_ref()));
    let currency = format!("{}/year", result.currency.as_deref().unwrap_or("currency"));
    rows.extend([
        plain("pod_hours_per_year", "mean", "h/year", Some(scenario.pod_hours_per_year)),
        plain("node_hours_per_year", "mean", "h/year", Some(scenario.node_hours_per_year)),
        plain("cost_per_year", "mean", &currency, scenario.cost_per_year),
    ]);
    rows.extend(attribution("downtime_attribution", &scenario.downtime_attribution));
    rows.extend(attribution("request_failure_attribution", &scenario.request_failure_attribution));
    for removal in &scenario.without {
        let saved =
            |metric, e| Row { statistic: "without", ..estimate(metric, "s/year", Some(e)) }.of_cause(&removal.fault);
        rows.push(saved("downtime_saved_s_per_year", &removal.downtime_saved_s_per_year));
        rows.push(saved("failed_request_saved_s_per_year", &removal.failed_request_saved_s_per_year));
    }
    if let Some(uncertainty) = &scenario.uncertainty {
        rows.push(plain("uncertainty_draws", "count", "1", Some(uncertainty.draws as f64)));
        rows.extend(spread("uncertainty_of_downtime_s_per_year", &uncertainty.downtime_s_per_year));
        rows.extend(spread("uncertainty_of_failed_request_s_per_year", &uncertainty.failed_request_s_per_year));
        if let Some(meets) = &uncertainty.meets_slo {
            rows.extend(spread("uncertainty_of_window_meets_slo", meets));
        }
    }
    rows.extend(difference(scenario.difference_to_baseline.as_ref()));
    rows
}

fn distribution(metric: &str, d: &Distribution) -> Vec<Row> {
    let mut rows = vec![
        plain(metric, "count", "1", Some(d.count as f64)),
        plain(metric, "censored", "1", Some(d.censored as f64)),
    ];
    rows.push(plain(metric, "mean", "s", d.mean));
    let quantiles = [("p50", d.p50), ("p90", d.p90), ("p95", d.p95), ("p99", d.p99)];
    rows.extend(quantiles.map(|(statistic, q)| quantile(metric, statistic, q)));
    rows.push(plain(metric, "max", "s", d.max));
    rows
}

fn quantile(metric: &str, statistic: &'static str, q: Option<Quantile>) -> Row {
    Row { low: q.map(|q| q.low), high: q.and_then(|q| q.high), ..plain(metric, statistic, "s", q.map(|q| q.value)) }
}

fn operation(name: &str, one: &OperationResult) -> Vec<Row> {
    let mut rows = vec![estimate("operations_per_year", "1/year", Some(&one.per_year))];
    rows.extend(distribution("operation_duration_s", &one.duration_s));
    rows.push(plain("operation_duration_s", "superseded", "1", Some(one.superseded as f64)));
    rows.push(plain("operation_duration_s", "gave_up", "1", Some(one.gave_up as f64)));
    rows.push(plain("operation_duration_s", "left_uneven", "1", Some(one.left_uneven as f64)));
    rows.push(plain("operation_duration_s", "forced", "1", Some(one.forced as f64)));
    rows.push(plain("operation_duration_s", "nothing_to_evict", "1", Some(one.nothing_to_evict as f64)));
    rows.push(plain("operation_duration_s", "skipped", "1", Some(one.skipped as f64)));
    if one.rolled_back_s.count > 0 {
        rows.extend(distribution("operation_rolled_back_s", &one.rolled_back_s));
    }
    rows.push(plain("evictions_refused", "total", "1", Some(one.evictions_refused as f64)));
    rows.push(plain("operation_least_serving", "min", "1", one.fewest_serving().map(|fewest| fewest as f64)));
    rows.push(estimate("downtime_s_each", "s", one.downtime_s_each.as_ref()));
    rows.push(estimate("failed_request_s_each", "s", one.failed_request_s_each.as_ref()));
    rows.push(estimate("short_s_each", "s", one.short_s_each.as_ref()));
    rows.into_iter().map(|row| row.of_cause(name)).collect()
}

fn windows(windows: Option<&WindowsResult>) -> Vec<Row> {
    let mut rows = vec![
        plain("window_length_s", "exact", "s", windows.map(|w| w.length_s)),
        plain("windows", "count", "1", windows.map(|w| w.count as f64)),
    ];
    rows.extend(window_loss("window_downtime_s", windows.map(|w| &w.downtime_s)));
    rows.extend(window_loss("window_failed_request_s", windows.map(|w| &w.failed_request_s)));
    rows.push(estimate("window_meets_slo", "share", windows.and_then(|w| w.meets_slo.as_ref())));
    let alerts = windows.and_then(|w| w.alerts.as_ref());
    rows.push(estimate("fast_alerts_per_year", "1/year", alerts.map(|[fast, _]| &fast.per_year)));
    rows.push(estimate("slow_alerts_per_year", "1/year", alerts.map(|[_, slow]| &slow.per_year)));
    rows
}

fn window_loss(metric: &str, loss: Option<&WindowLoss>) -> [Row; 5] {
    let quantile = |statistic, q| quantile(metric, statistic, q);
    [
        estimate(metric, "s", loss.map(|loss| &loss.mean)),
        quantile("p50", loss.map(|loss| loss.p50)),
        quantile("p95", loss.map(|loss| loss.p95)),
        quantile("p99", loss.map(|loss| loss.p99)),
        plain(metric, "worst", "s", loss.map(|loss| loss.worst)),
    ]
}

fn attribution(metric: &str, parts: &[Attribution]) -> Vec<Row> {
    let row = |part: &Attribution| {
        let row = plain(metric, "mean", "s/year", Some(part.s_per_year)).of_cause(part.cause.name());
        match part.phase {
            Some(phase) => row.in_phase(phase),
            None => row,
        }
    };
    parts.iter().map(row).collect()
}

fn spread(metric: &str, spread: &Spread) -> [Row; 2] {
    let unit = if metric.ends_with("s_per_year") { "s/year" } else { "share" };
    let range = Row { low: Some(spread.low), high: Some(spread.high), ..plain(metric, "range", unit, None) };
    [range, plain(metric, "share_of_variance", "share", Some(spread.share_of_variance))]
}

fn difference(difference: Option<&Difference>) -> Vec<Row> {
    let Some(d) = difference else { return Vec::new() };
    let pair = |metric, e, ratio| [estimate(metric, "s/year", Some(e)), plain(metric, "variance_ratio", "1", ratio)];
    [
        pair("downtime_s_per_year_difference", &d.downtime_s_per_year, d.downtime_variance_ratio),
        pair("failed_request_s_per_year_difference", &d.failed_request_s_per_year, d.failed_request_variance_ratio),
    ]
    .concat()
}

fn of_parameter(parameter: &Sensitivity) -> Vec<Row> {
    let response = |metric: &str, response: &Response| {
        let [low, high] = response.at_s_per_year;
        [
            Row { statistic: "elasticity", ..estimate(metric, "1", response.elasticity.as_ref()) }
                .at(&parameter.key, &parameter.base),
            Row { statistic: "change", ..estimate(metric, "s/year", Some(&response.change_s_per_year)) }
                .at(&parameter.key, &parameter.base),
            plain(metric, "at_low", "s/year", Some(low)).at(&parameter.key, &parameter.low),
            plain(metric, "at_high", "s/year", Some(high)).at(&parameter.key, &parameter.high),
        ]
    };
    [
        response("sensitivity_of_downtime_s_per_year", &parameter.downtime),
        response("sensitivity_of_failed_request_s_per_year", &parameter.failed),
    ]
    .concat()
}
