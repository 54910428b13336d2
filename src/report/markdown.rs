//! The report as markdown, for a pull request or a design review.

mod bars;

use std::fmt::Write as _;

use crate::report::aggregate;
use crate::report::featured;
use crate::report::labels::{Labels, in_words};
use crate::report::period::{Period, told};
use crate::report::ranking::Ranking;
use crate::report::{
    answer, assumptions, comparison, deployments, format, operations, pareto, ranking, sensitivity, verdicts,
};
use crate::results::{Comparison, ExperimentResult, Quantile, ScenarioResult};
use crate::study::Metric;

/// Rows of a table; a comment of hundreds is not read.
const MOST: usize = 24;

/// The verdicts and the answer, the table of scenarios, and below a fold windows, causes and notes. Of two manifests: the
/// verdict, three numbers, where the loss comes from, what a check finds in one of them alone, and all else below the fold.
pub fn render(result: &ExperimentResult) -> String {
    let result = &*told(result);
    let mut text = match &result.comparison {
        Some(comparison) => format!("## {}: hasim compare\n\n", verdicts::word(comparison.verdict)),
        None => format!("# {}\n\n", cell(&result.experiment)),
    };
    for line in verdicts::lines(result) {
        let _ = writeln!(text, "**{}** {}\n", verdicts::word(line.verdict), cell(&line.words));
    }
    if let Some(comparison) = &result.comparison {
        numbers(&mut text, result);
        if let Some(bars) = bars::render(result) {
            let _ = write!(text, "\n{bars}");
        }
        findings(&mut text, comparison);
        let numbers = "Causes, both manifests in numbers, and what the numbers leave out";
        fold(&mut text, if result.scenarios.is_empty() { "What is in both manifests" } else { numbers });
        text.push('\n');
        answers(&mut text, result);
        tables(&mut text, result);
        kept_findings(&mut text, comparison);
    } else {
        answers(&mut text, result);
        tables(&mut text, result);
        fold(&mut text, "Windows, causes and what the numbers leave out");
    }
    details(&mut text, result);
    text.push_str("\n</details>\n");
    text
}

/// What follows is read by those who open it.
fn fold(text: &mut String, title: &str) {
    let _ = writeln!(text, "\n<details>\n<summary>{title}</summary>");
}

/// The answer in sentences.
fn answers(text: &mut String, result: &ExperimentResult) {
    // Of two manifests the verdict is what stands out.
    let bold = if result.comparison.is_some() { "" } else { "**" };
    for (i, sentence) in answer::sentences(result).iter().enumerate() {
        let bold = if i == 0 { bold } else { "" };
        let _ = writeln!(text, "{bold}{}{bold}\n", cell(sentence));
    }
    assumed(text, result);
}

/// The scenarios, and what each parameter changes where that was asked.
fn tables(text: &mut String, result: &ExperimentResult) {
    if result.scenarios.is_empty() {
        return;
    }
    let labels = Labels::of(result);
    let shown = pareto::first(result, MOST);
    if !result.each_alone {
        scenarios(text, result, &labels, &shown);
        left_out(text, result, &shown);
    }
    if let Some(listed) = deployments::Table::of(result) {
        let _ = writeln!(text, "\n{}:\n", cell(&listed.title()));
        table(text, &listed.head(), 1, listed.rows.iter().map(|row| listed.cells(row)));
        let _ = writeln!(text, "\n{}", cell(&listed.footnote().unwrap_or_default()));
    }
    if let Some(listed) = operations::Table::of(result) {
        let _ = writeln!(text, "\n{}:\n", cell(&listed.title));
        table(text, &listed.head, 1, listed.rows.iter().cloned());
        let _ = writeln!(text, "\n{}", listed.footnote());
    }
    if let Some((rows, rest)) = sensitivity::table(result) {
        let _ = writeln!(text, "\nWhat each parameter changes in the {}:\n", sensitivity::what(result));
        table(text, &sensitivity::head(result), 1, rows.into_iter());
        if !rest.is_empty() {
            let _ = writeln!(text, "\n{rest}.");
        }
    }
}

/// Windows, causes and notes.
fn details(text: &mut String, result: &ExperimentResult) {
    windows(text, result, &Labels::of(result), &pareto::first(result, MOST));
    causes(text, result);
    notes(text, result);
}

/// Three numbers of both manifests.
fn numbers(text: &mut String, result: &ExperimentResult) {
    let rows = comparison::numbers(result);
    let Some(compared) = result.comparison.as_ref().filter(|_| !rows.is_empty()) else { return };
    let head = ["a year", &compared.before, &compared.after, "change"].map(str::to_owned);
    let rows = rows.into_iter().map(|row| vec![row.what.to_owned(), row.before, row.after, row.change]);
    table(text, &head, 1, rows);
}

/// What a check finds in one of the manifests alone.
fn findings(text: &mut String, compared: &Comparison) {
    for (title, findings) in comparison::changed_findings(compared) {
        let _ = writeln!(text, "\n{title}:\n");
        // What is gone needs no remedy.
        let is_gone = std::ptr::eq(findings, compared.gone_findings.as_slice());
        for finding in findings {
            let help =
                finding.help.as_ref().filter(|_| !is_gone).map_or(String::new(), |help| format!(" – {}", cell(help)));
            let _ = writeln!(text, "- {}{help}", cell(&comparison::finding(finding)));
        }
    }
}

/// What it finds in both.
fn kept_findings(text: &mut String, compared: &Comparison) {
    let Some(kept) = comparison::kept_findings(compared) else { return };
    let _ = writeln!(text, "\n{kept}{}\n", if compared.kept_findings.is_empty() { "." } else { ":" });
    for finding in &compared.kept_findings {
        let _ = writeln!(text, "- {}", cell(&comparison::finding(finding)));
    }
}

/// The heads of the columns that name a scenario.
fn keys(labels: &Labels) -> Vec<String> {
    let keys = labels.columns.iter().map(|column| column.short_key.clone());
    if labels.varied { keys.collect() } else { vec!["scenario".to_owned()] }
}

/// What names a scenario.
fn names(labels: &Labels, i: usize) -> Vec<String> {
    labels.columns.iter().map(|column| column.cells[i].clone()).collect()
}

/// The numbers of these scenarios.
fn scenarios(text: &mut String, result: &ExperimentResult, labels: &Labels, shown: &[usize]) {
    let per = Period::of(result).per();
    let mut head = keys(labels);
    let left = head.len();
    head.extend(["availability", "interval"].map(str::to_owned));
    head.extend(["downtime", "failed requests", "outages"].map(|what| format!("{what}{per}")));
    head.extend(["Pod recovery p50", "p95", "p99"].map(str::to_owned));
    let costs = result.scenarios.iter().any(|scenario| scenario.cost_per_year.is_some());
    head.extend(costs.then(|| "cost/yr".to_owned()));
    let best = Ranking::of(result);
    head.extend(best.as_ref().map(|_| "standing".to_owned()));
    let rows = shown.iter().map(|&i| (i, &result.scenarios[i])).map(|(i, scenario)| {
        let lengths = &scenario.any_recovery_s;
        let quantile = |q: Option<Quantile>| format::quantile_with_interval(q.as_ref(), lengths.censored);
        let availability = &scenario.estimates[Metric::Availability];
        let mut row = names(labels, i);
        if let (Some(first), true) = (row.first_mut(), scenario.unplaceable) {
            first.push_str(" †");
        }
        row.extend([
            format::percent(availability),
            if availability.bound { "bound".to_owned() } else { format::percent_interval(availability) },
            format::marked_span_with_error(&scenario.estimates[Metric::Downtime]),
            format::marked_span_with_error(&scenario.estimates[Metric::FailedRequests]),
            format::count(&scenario.estimates[Metric::Outages]),
            quantile(lengths.p50),
            quantile(lengths.p95),
            quantile(lengths.p99),
        ]);
        let cost = scenario.cost_per_year.map_or("–".to_owned(), |cost| pareto::money(result, cost));
        row.extend(costs.then_some(cost));
        row.extend(best.as_ref().map(|best| best.standing(i).to_owned()));
        row
    });
    table(text, &head, left, rows);
    if result.scenarios.iter().any(|scenario| scenario.unplaceable) {
        let _ = writeln!(text, "\n{}", ranking::DAGGER);
    }
    let rests = |scenario: &ScenarioResult| {
        [Metric::Downtime, Metric::FailedRequests].iter().any(|&metric| scenario.estimates[metric].rests_on_few)
    };
    if shown.iter().any(|&i| rests(&result.scenarios[i])) {
        let _ = writeln!(text, "\n{}", format::RESTS_ON_FEW);
    }
}

/// How many scenarios a table leaves out, and where they are.
fn left_out(text: &mut String, result: &ExperimentResult, shown: &[usize]) {
    let n = result.scenarios.len() - shown.len();
    if n > 0 {
        let are = if n == 1 { "scenario is" } else { "scenarios are" };
        let _ = writeln!(text, "\n{n} more {are} in `results.csv` (`--output csv`).");
    }
}

/// What was assumed, where nobody has stated it.
fn assumed(text: &mut String, result: &ExperimentResult) {
    let Some(footnote) = assumptions::footnote(result) else { return };
    let _ = writeln!(text, "{}\n", cell(assumptions::TITLE));
    table(text, &assumptions::HEAD.map(str::to_owned), 2, assumptions::rows(result).into_iter().map(Vec::from));
    let _ = writeln!(text, "\n{}\n", cell(&footnote));
}

/// What a window loses, with intervals.
fn windows(text: &mut String, result: &ExperimentResult, labels: &Labels, shown: &[usize]) {
    let fails = result.objective.metric == Metric::RequestSuccess;
    let has_draws = shown.iter().any(|&i| sensitivity::over_draws(&result.scenarios[i]).is_some());
    let rows: Vec<Vec<String>> = (shown.iter().map(|&i| (i, &result.scenarios[i])))
        .filter_map(|(i, scenario)| {
            let windows = scenario.windows.as_ref()?;
            let loss = if fails { &windows.failed_request_s } else { &windows.downtime_s };
            let mut row = names(labels, i);
            row.push(format::span_with_error(&loss.mean));
            let quantile = |q: Quantile| format!("{} ({})", format::duration(q.value), format::quantile_ends(&q));
            row.extend([loss.p50, loss.p95, loss.p99].map(quantile));
            row.push(format::duration(loss.worst));
            row.extend(windows.meets_slo.as_ref().map(format::percent_with_interval));
            row.extend(has_draws.then(|| sensitivity::over_draws(scenario).unwrap_or("–".to_owned())));
            Some(row)
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let what = if fails { "Failed requests" } else { "Downtime" };
    let _ = writeln!(text, "\n{what} in a window of {}:\n", format::tick(result.objective.window.as_secs_f64()));
    let mut head = keys(labels);
    let left = head.len();
    head.extend(["mean", "p50", "p95", "p99", "worst"].map(str::to_owned));
    head.extend(result.objective.slo.map(|slo| format!("probability of meeting {}", format::plain_percent(slo))));
    head.extend(has_draws.then(|| "over the draws".to_owned()));
    table(text, &head, left, rows.into_iter());
    left_out(text, result, shown);
}

/// Where downtime and failed requests come from.
fn causes(text: &mut String, result: &ExperimentResult) {
    let Some(shown) = featured::shown(result) else { return };
    let each = Period::of(result).each();
    for (title, parts) in
        [("Downtime", &shown.downtime_attribution), ("Failed requests", &shown.request_failure_attribution)]
    {
        let causes = aggregate::by_cause(parts);
        let whole: f64 = causes.iter().map(|cause| cause.total).sum();
        if causes.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{title} by cause, in {}:\n", cell(&in_words(result, shown)));
        let head = ["cause", each, "share", "mainly in phase"].map(str::to_owned);
        let rows = causes.iter().map(|cause| {
            let share = format::share(cause.total, whole);
            vec![
                cause.cause.to_string(),
                format::duration(cause.total),
                share,
                aggregate::phase_in_words(cause.main_phase),
            ]
        });
        table(text, &head, 1, rows);
    }
}

/// What the numbers leave out, and how they were made.
fn notes(text: &mut String, result: &ExperimentResult) {
    let _ = writeln!(
        text,
        "\n{} Intervals are {} over replications; seed {}, hasim {}.",
        answer::left_out(result),
        format::plain_percent(result.confidence),
        result.seed,
        result.version,
    );
    for note in &result.notes {
        let _ = writeln!(text, "- {}", cell(note));
    }
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

/// A text that cannot end its cell, its line or its paragraph, nor become markup. What stands between backticks is code, where all of
/// them make pairs with something between them.
fn cell(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let is_code = |i: usize| i % 2 == 1;
    let in_pairs = parts.len() % 2 == 1
        && parts
            .iter()
            .enumerate()
            .all(|(i, part)| !is_code(i) || !part.is_empty() && !part.contains(['|', '\n', '\r']))
        && parts.iter().enumerate().all(|(i, part)| is_code(i) || !part.is_empty() || i == 0 || i + 1 == parts.len());
    if !in_pairs {
        return escaped(text);
    }
    let shown = parts.iter().enumerate().map(|(i, part)| if is_code(i) { format!("`{part}`") } else { escaped(part) });
    shown.collect()
}

/// The same without any code.
fn escaped(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_backticks_is_code_and_nothing_else_is_markup() {
        assert_eq!(cell("set `affects: [requests]` there"), "set `affects: [requests]` there");
        assert_eq!(cell("[a](b) *c* `d*`"), "\\[a](b) \\*c\\* `d*`");
        // One that is left over, an empty pair, two that touch, or the end of a cell: nothing is code.
        for text in ["a ` b", "``<b>`", "`a``b`", "`a|b`", "`a\nb`"] {
            assert!(!cell(text).replace("\\`", "").contains('`'), "{text}: {}", cell(text));
            assert!(!cell(text).contains('\n'), "{text}");
        }
        assert_eq!(cell("\\`a`"), "\\\\`a`", "a backslash before code is itself");
    }
}
