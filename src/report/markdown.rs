//! The report as markdown, for a pull request or a design review.

use std::fmt::Write as _;

use crate::experiment::ExperimentResult;
use crate::report::labels::Labels;
use crate::report::merged::{self, Samples};
use crate::report::{answer, assumptions, front, human, sensitivity};
use crate::study::Metric;

/// The answer, the table of scenarios and the causes.
pub fn render(result: &ExperimentResult) -> String {
    let mut text = format!("# {}\n\n", cell(&result.experiment));
    for sentence in answer::sentences(result) {
        let _ = writeln!(text, "{}\n", cell(&sentence));
    }
    assumed(&mut text, result);
    let labels = Labels::of(result);
    let mut head: Vec<String> = labels.columns.iter().map(|column| column.short_key.clone()).collect();
    if !labels.varied {
        head = vec!["scenario".to_owned()];
    }
    let keys = head.len();
    let numbers = [
        "availability",
        "interval",
        "downtime/yr",
        "failed requests/yr",
        "outages/yr",
        "Pod recovery p50",
        "p95",
        "p99",
    ];
    head.extend(numbers.map(str::to_owned));
    let costs = result.scenarios.iter().any(|scenario| scenario.cost_per_year.is_some());
    head.extend(costs.then(|| "cost/yr".to_owned()));
    head.extend(result.selection.as_ref().map(|_| "standing".to_owned()));
    let rows = result.scenarios.iter().enumerate().map(|(i, scenario)| {
        let samples = Samples::of_recoveries(scenario);
        let quantile = |p| match samples.quantile(p) {
            Some(secs) => human::duration(secs),
            None if samples.censored > 0 => "no end".to_owned(),
            None => "–".to_owned(),
        };
        let availability = &scenario.estimates[Metric::Availability];
        let mut row: Vec<String> = labels.columns.iter().map(|column| column.cells[i].clone()).collect();
        if let (Some(first), true) = (row.first_mut(), scenario.unplaceable) {
            first.push_str(" †");
        }
        row.extend([
            human::percent(availability),
            if availability.bound { "bound".to_owned() } else { human::percent_interval(availability) },
            human::span_with_error(&scenario.estimates[Metric::Downtime]),
            human::span_with_error(&scenario.estimates[Metric::FailedRequests]),
            human::count(&scenario.estimates[Metric::Outages]),
            quantile(0.5),
            quantile(0.95),
            quantile(0.99),
        ]);
        let cost = scenario.cost_per_year.map_or("–".to_owned(), |cost| front::money(result, cost));
        row.extend(costs.then_some(cost));
        row.extend(front::standing(result, scenario).map(str::to_owned));
        row
    });
    table(&mut text, &head, keys, rows);
    if result.scenarios.iter().any(|scenario| scenario.unplaceable) {
        let _ = writeln!(text, "\n{}", front::DAGGER);
    }
    if let Some((rows, rest)) = sensitivity::table(result) {
        let _ = writeln!(text, "\nWhat each parameter changes in the {}:\n", sensitivity::what(result));
        table(&mut text, &sensitivity::HEAD.map(str::to_owned), 1, rows.into_iter());
        if !rest.is_empty() {
            let _ = writeln!(text, "\n{rest}.");
        }
    }
    windows(&mut text, result, &labels, &head[..keys]);
    if let Some(shown) = merged::shown(result) {
        for (title, parts) in
            [("Downtime", &shown.downtime_attribution), ("Failed requests", &shown.request_failure_attribution)]
        {
            let causes = merged::by_cause(parts);
            let whole: f64 = causes.iter().map(|cause| cause.total).sum();
            if causes.is_empty() {
                continue;
            }
            let _ = writeln!(text, "\n{title} by cause, in {}:\n", cell(&shown.name));
            let head = ["cause", "per year", "share", "mainly in phase"].map(str::to_owned);
            let rows = causes.iter().map(|cause| {
                let share = format!("{:.1} %", cause.total / whole * 100.0);
                vec![cause.fault.to_owned(), human::duration(cause.total), share, merged::phase_name(cause.main_phase)]
            });
            table(&mut text, &head, 1, rows);
        }
    }
    let _ = writeln!(
        text,
        "\n{} Intervals are {} over replications; seed {}, hasim {}.",
        answer::LEFT_OUT,
        human::plain_percent(result.confidence),
        result.seed,
        result.version,
    );
    for note in &result.notes {
        let _ = writeln!(text, "- {}", cell(note));
    }
    text
}

/// What was assumed, where nobody has stated it.
fn assumed(text: &mut String, result: &ExperimentResult) {
    let Some(footnote) = assumptions::footnote(result) else { return };
    let _ = writeln!(text, "{}\n", cell(assumptions::TITLE));
    table(text, &assumptions::HEAD.map(str::to_owned), 2, assumptions::rows(result).into_iter().map(Vec::from));
    let _ = writeln!(text, "\n{}\n", cell(&footnote));
}

/// What a window loses, with intervals.
fn windows(text: &mut String, result: &ExperimentResult, labels: &Labels, keys: &[String]) {
    let fails = result.objective.metric == Metric::RequestSuccess;
    let rows: Vec<Vec<String>> = (result.scenarios.iter().enumerate())
        .filter_map(|(i, scenario)| {
            let windows = scenario.windows.as_ref()?;
            let loss = if fails { &windows.failed_request_s } else { &windows.downtime_s };
            let mut row: Vec<String> = labels.columns.iter().map(|column| column.cells[i].clone()).collect();
            row.push(human::span_with_error(&loss.mean));
            row.extend([loss.p50, loss.p95, loss.p99].map(|q| {
                let [value, low, high] = [q.value, q.low, q.high].map(human::duration);
                format!("{value} ({low} to {high})")
            }));
            row.push(human::duration(loss.worst));
            row.extend(windows.meets_slo.as_ref().map(human::percent_with_interval));
            Some(row)
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let what = if fails { "Failed requests" } else { "Downtime" };
    let _ = writeln!(text, "\n{what} in a window of {}:\n", human::tick(result.objective.window.as_secs_f64()));
    let mut head = keys.to_vec();
    head.extend(["mean", "p50", "p95", "p99", "worst"].map(str::to_owned));
    head.extend(result.objective.slo.map(|slo| format!("probability of meeting {}", human::plain_percent(slo))));
    table(text, &head, keys.len(), rows.into_iter());
}

/// The first `left` columns are names, the others numbers.
fn table(text: &mut String, head: &[String], left: usize, rows: impl Iterator<Item = Vec<String>>) {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|c| cell(c)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    text.push_str(&line(head));
    let marks: Vec<&str> = (0..head.len()).map(|i| if i < left { ":--" } else { "--:" }).collect();
    let _ = writeln!(text, "| {} |", marks.join(" | "));
    for row in rows {
        text.push_str(&line(&row));
    }
}

/// A text that cannot end its cell, its line or its paragraph, nor become markup.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '[' | '\\' => escaped.extend(['\\', c]),
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
