//! Tables for spreadsheets and scripts: `results.csv`, a row per scenario, and `recoveries.csv`, a row per
//! scenario, fault and phase. Numbers are those of `results.json`; an empty field is its `null`.

use std::fmt::Display;
use std::io;

use csv::Writer;

use crate::report::labels::value_text;
use crate::report::ranking::Ranking;
use crate::report::verdicts;
use crate::results::{Distribution, ExperimentResult, Quantile, ScenarioResult, WindowLoss};
use crate::study::Metric;

/// The text of `results.csv`.
pub fn results(result: &ExperimentResult) -> String {
    let mut head = vec!["scenario".to_owned()];
    head.extend(result.varied.iter().cloned());
    // With several Deployments each has a row of its own behind that of the system.
    let has_workloads = result.scenarios.iter().any(|scenario| !scenario.workloads.is_empty());
    head.extend(has_workloads.then(|| "workload".to_owned()));
    head.push("replications".to_owned());
    for metric in Metric::all() {
        head.extend(["mean", "low", "high", "bound"].map(|part| format!("{}_{part}", metric.column())));
    }
    head.extend(DISTRIBUTION.map(|column| format!("time_to_recovery_s_{column}")));
    for of in ["window_downtime_s", "window_failed_request_s"] {
        head.extend(["mean", "mean_low", "mean_high"].map(|part| format!("{of}_{part}")));
        for quantile in ["p50", "p95", "p99"] {
            head.extend(["", "_low", "_high"].map(|part| format!("{of}_{quantile}{part}")));
        }
        head.push(format!("{of}_worst"));
    }
    head.extend(["mean", "low", "high", "bound"].map(|part| format!("window_meets_slo_{part}")));
    for of in ["fast_alerts", "slow_alerts"] {
        head.extend(["mean", "low", "high", "bound"].map(|part| format!("{of}_per_year_{part}")));
    }
    head.extend(["pod_hours_per_year", "node_hours_per_year", "cost_per_year", "standing"].map(str::to_owned));
    if has_workloads {
        head.extend(["mean", "low", "high"].map(|part| format!("missing_s_per_year_{part}")));
    }
    for of in ["downtime_s_per_year", "failed_request_s_per_year"] {
        head.extend(["mean", "low", "high"].map(|part| format!("{of}_difference_{part}")));
    }
    head.extend(["verdict", "verdict_reason"].map(str::to_owned));
    let columns = head.len();

    let best = Ranking::of(result);
    let mut rows = vec![head];
    let entries = result.scenarios.iter().enumerate().flat_map(|(i, scenario)| {
        let of = move |service| (i, scenario, service);
        std::iter::once(of(scenario)).chain(scenario.workloads.iter().map(of))
    });
    for (i, whole, scenario) in entries {
        let is_whole = std::ptr::eq(whole, scenario);
        let mut row = vec![whole.name.clone()];
        let value = |key: &String| whole.parameters.get(key).map_or(String::new(), value_text);
        row.extend(result.varied.iter().map(value));
        row.extend(has_workloads.then(|| workload(whole, scenario)));
        row.push(scenario.replications.to_string());
        for (_, e) in scenario.estimates.iter() {
            row.extend([number(e.mean), number(e.low), number(e.high), e.bound.to_string()]);
        }
        row.extend(quantiles(&scenario.time_to_recovery_s));
        let windows = scenario.windows.as_ref();
        row.extend(windows.map_or(NO_WINDOWS.map(str::to_owned), |w| window_loss(&w.downtime_s)));
        row.extend(windows.map_or(NO_WINDOWS.map(str::to_owned), |w| window_loss(&w.failed_request_s)));
        let meets = windows.and_then(|w| w.meets_slo);
        row.extend([meets.map(|e| e.mean), meets.map(|e| e.low), meets.map(|e| e.high)].map(optional));
        row.push(meets.map_or(String::new(), |e| e.bound.to_string()));
        for alert in 0..2 {
            let fires = windows.and_then(|w| w.alerts).map(|alerts| alerts[alert].per_year);
            row.extend([fires.map(|e| e.mean), fires.map(|e| e.low), fires.map(|e| e.high)].map(optional));
            row.push(fires.map_or(String::new(), |e| e.bound.to_string()));
        }
        row.extend([scenario.pod_hours_per_year, scenario.node_hours_per_year].map(number));
        row.push(optional(scenario.cost_per_year));
        row.push(best.as_ref().filter(|_| is_whole).map_or("", |best| best.standing(i)).to_owned());
        if has_workloads {
            let missing = scenario.missing_s_per_year;
            row.extend([missing.map(|e| e.mean), missing.map(|e| e.low), missing.map(|e| e.high)].map(optional));
        }
        let difference = scenario.difference_to_baseline.as_ref();
        for e in [difference.map(|d| d.downtime_s_per_year), difference.map(|d| d.failed_request_s_per_year)] {
            row.extend([e.map(|e| e.mean), e.map(|e| e.low), e.map(|e| e.high)].map(optional));
        }
        row.extend(if is_whole { verdict(result, &whole.name) } else { Default::default() });
        rows.push(row);
    }
    // A manifest that was judged before any year was played has no numbers.
    if let Some(comparison) = result.comparison.as_ref().filter(|_| result.scenarios.is_empty()) {
        let mut row = vec![comparison.after.clone()];
        row.resize(columns - 2, String::new());
        row.extend(verdict(result, &comparison.after));
        rows.push(row);
    }
    text(&rows)
}

/// The name of a Deployment; nothing of the system.
pub(super) fn workload(whole: &ScenarioResult, service: &ScenarioResult) -> String {
    if std::ptr::eq(whole, service) { String::new() } else { service.name.clone() }
}

/// The worst verdict on a scenario, and what it is about.
fn verdict(result: &ExperimentResult, scenario: &str) -> [String; 2] {
    let verdict = verdicts::of_scenario(result, scenario);
    verdict.map_or_else(Default::default, |(word, words)| [word.to_owned(), words])
}

/// Writes `recoveries.csv`. The phase `total` is the whole recovery; single phases have a mean only.
///
/// # Errors
/// If it cannot be written.
pub fn write_recoveries(to: &mut dyn io::Write, result: &ExperimentResult) -> io::Result<()> {
    let mut head: Vec<String> =
        "scenario,fault,phase,count,censored,overlapped".split(',').map(str::to_owned).collect();
    head.extend(DISTRIBUTION[2..].iter().map(|column| match column.split_once('_') {
        Some((quantile, end)) => format!("{quantile}_s_{end}"),
        None => format!("{column}_s"),
    }));
    let rows = result.scenarios.iter().flat_map(|scenario| {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (cause, recovery) in scenario.pod_recovery_s.iter() {
            let row = |phase: &str| vec![scenario.name.clone(), cause.to_string(), phase.to_owned()];
            let [count, censored, numbers @ ..] = quantiles(&recovery.lengths);
            let mut total = row("total");
            total.extend([count, censored, recovery.overlapped.to_string()]);
            total.extend(numbers);
            rows.push(total);
            for (phase, mean) in recovery.phases.iter() {
                let mut part = row(phase.name());
                part.extend(["", "", ""].map(str::to_owned));
                part.push(number(*mean));
                part.resize(rows[0].len(), String::new());
                rows.push(part);
            }
        }
        rows
    });
    write(to, std::iter::once(head).chain(rows))
}

#[rustfmt::skip]
const DISTRIBUTION: [&str; 16] = [
    "count", "censored", "mean", "p50", "p50_low", "p50_high", "p90", "p90_low", "p90_high", "p95", "p95_low", "p95_high",
    "p99", "p99_low", "p99_high", "max",
];

fn quantiles(d: &Distribution) -> [String; 16] {
    let ends = |q: Option<Quantile>| [q.map(|q| q.value), q.map(|q| q.low), q.and_then(|q| q.high)];
    let mut numbers =
        [[d.mean; 1].as_slice(), [d.p50, d.p90, d.p95, d.p99].map(ends).as_flattened(), &[d.max]].concat().into_iter();
    let [count, censored] = [d.count, d.censored].map(|n| n.to_string());
    let mut cells = [count, censored].into_iter().chain(std::iter::from_fn(|| numbers.next().map(optional)));
    std::array::from_fn(|_| cells.next().unwrap_or_default())
}

const NO_WINDOWS: [&str; 13] = [""; 13];

fn window_loss(loss: &WindowLoss) -> [String; 13] {
    let WindowLoss { mean, p50, p95, p99, worst, .. } = loss;
    let mean = [mean.mean, mean.low, mean.high].map(Some);
    let [p50, p95, p99] = [p50, p95, p99].map(|q| [Some(q.value), Some(q.low), q.high]);
    let mut numbers = [mean, p50, p95, p99].concat().into_iter().chain([Some(*worst)]).map(optional);
    std::array::from_fn(|_| numbers.next().unwrap_or_default())
}

pub(super) fn optional(value: Option<f64>) -> String {
    value.map_or(String::new(), number)
}

/// The shortest text that reads back as the same number.
fn number(value: impl Display) -> String {
    value.to_string()
}

fn text(rows: &[Vec<String>]) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, rows).expect("memory takes all");
    String::from_utf8(bytes).expect("fields are UTF-8")
}

/// Writes rows as they come: all of a large answer take gigabytes.
pub(super) fn write<R: AsRef<[String]>>(to: &mut dyn io::Write, rows: impl IntoIterator<Item = R>) -> io::Result<()> {
    let mut writer = Writer::from_writer(to);
    for row in rows {
        writer.write_record(row.as_ref())?;
    }
    writer.flush()
}
