//! Tables for spreadsheets and scripts: `results.csv`, a row per scenario, and `recoveries.csv`, a row per
//! scenario, fault and phase. Numbers are those of `results.json`; an empty field is its `null`.

use std::fmt::Display;

use csv::Writer;

use crate::experiment::{Distribution, ExperimentResult, WindowLoss};
use crate::report::best::Best;
use crate::report::labels::value_text;
use crate::report::verdicts;
use crate::study::Metric;

/// The text of `results.csv`.
pub fn results(result: &ExperimentResult) -> String {
    let mut head = vec!["scenario".to_owned()];
    head.extend(result.varied.iter().cloned());
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
    head.extend(["pod_hours_per_year", "node_hours_per_year", "cost_per_year", "standing"].map(str::to_owned));
    for of in ["downtime_s_per_year", "failed_request_s_per_year"] {
        head.extend(["mean", "low", "high"].map(|part| format!("{of}_difference_{part}")));
    }
    head.extend(["verdict", "verdict_reason"].map(str::to_owned));
    let columns = head.len();

    let best = Best::of(result);
    let mut rows = vec![head];
    for (i, scenario) in result.scenarios.iter().enumerate() {
        let mut row = vec![scenario.name.clone()];
        let value = |key: &String| scenario.parameters.get(key).map_or(String::new(), value_text);
        row.extend(result.varied.iter().map(value));
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
        row.extend([scenario.pod_hours_per_year, scenario.node_hours_per_year].map(number));
        row.push(optional(scenario.cost_per_year));
        row.push(best.as_ref().map_or("", |best| best.standing(i)).to_owned());
        let difference = scenario.difference_to_baseline.as_ref();
        for e in [difference.map(|d| d.downtime_s_per_year), difference.map(|d| d.failed_request_s_per_year)] {
            row.extend([e.map(|e| e.mean), e.map(|e| e.low), e.map(|e| e.high)].map(optional));
        }
        row.extend(verdict(result, &scenario.name));
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

/// The worst verdict on a scenario, and what it is about.
fn verdict(result: &ExperimentResult, scenario: &str) -> [String; 2] {
    let verdict = verdicts::of_scenario(result, scenario);
    verdict.map_or_else(Default::default, |(word, words)| [word.to_owned(), words])
}

/// The text of `recoveries.csv`. The phase `total` is the whole recovery; single phases have a mean only.
pub fn recoveries(result: &ExperimentResult) -> String {
    let head = "scenario,fault,phase,count,censored,overlapped,mean_s,p50_s,p90_s,p95_s,p99_s,max_s";
    let mut rows: Vec<Vec<String>> = vec![head.split(',').map(str::to_owned).collect()];
    for scenario in &result.scenarios {
        for (fault, recovery) in scenario.pod_recovery_s.iter() {
            let row = |phase: &str| vec![scenario.name.clone(), fault.to_owned(), phase.to_owned()];
            let [count, censored, numbers @ ..] = quantiles(&recovery.lengths);
            let mut total = row("total");
            total.extend([count, censored, recovery.overlapped.to_string()]);
            total.extend(numbers);
            rows.push(total);
            for (phase, mean) in recovery.phases.iter() {
                let mut part = row(phase);
                part.extend(["", "", ""].map(str::to_owned));
                part.push(number(*mean));
                part.extend(["", "", "", "", ""].map(str::to_owned));
                rows.push(part);
            }
        }
    }
    text(&rows)
}

const DISTRIBUTION: [&str; 8] = ["count", "censored", "mean", "p50", "p90", "p95", "p99", "max"];

fn quantiles(d: &Distribution) -> [String; 8] {
    let [mean, p50, p90, p95, p99, max] = [d.mean, d.p50, d.p90, d.p95, d.p99, d.max].map(optional);
    [d.count.to_string(), d.censored.to_string(), mean, p50, p90, p95, p99, max]
}

const NO_WINDOWS: [&str; 13] = [""; 13];

fn window_loss(loss: &WindowLoss) -> [String; 13] {
    let WindowLoss { mean, p50, p95, p99, worst, .. } = loss;
    let mean = [mean.mean, mean.low, mean.high];
    let [p50, p95, p99] = [p50, p95, p99].map(|q| [q.value, q.low, q.high]);
    let mut numbers = [mean, p50, p95, p99].concat().into_iter().chain([*worst]).map(number);
    std::array::from_fn(|_| numbers.next().unwrap_or_default())
}

pub(super) fn optional(value: Option<f64>) -> String {
    value.map_or(String::new(), number)
}

/// The shortest text that reads back as the same number.
fn number(value: impl Display) -> String {
    value.to_string()
}

pub(super) fn text(rows: &[Vec<String>]) -> String {
    let mut writer = Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("writing to memory cannot fail");
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("fields are UTF-8")
}
