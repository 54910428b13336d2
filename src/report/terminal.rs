//! What a run prints: the answer in words, the numbers in a table, where they come from, what they leave out.

mod footnotes;
mod table;

pub(super) use table::{table, wrapped};

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::history::NamedCause;
use crate::report::aggregate;
use crate::report::featured;
use crate::report::labels::{Labels, in_words};
use crate::report::period::{Period, told};
use crate::report::ranking::Ranking;
use crate::report::{
    answer, assumptions, comparison, deployments, format, operations, pareto, sensitivity, units, verdicts,
};
use crate::results::{Distribution, ExperimentResult, ScenarioResult, Verdict};
use crate::study::Metric;
use table::{longest_part, room_for_names};

/// Causes in the table of causes; the rest is summed up.
const TOP: usize = 8;
/// Scenarios in a table; nobody reads hundreds of lines in a terminal.
const MOST: usize = 24;
/// A share that rounds to nothing.
const SMALL: f64 = 0.005;
/// Characters of a name for which numbers give way.
const NAME: usize = 20;
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The report for a terminal `width` columns wide. `folder` is where the files are, if any were written; `said` are notes that the
/// reader has seen on the same terminal already.
/// The text has ANSI styles: print it through `anstream`, which drops them where nobody sees them.
pub fn render(result: &ExperimentResult, folder: Option<&Path>, width: u16, said: &[String]) -> String {
    let result = &*told(result);
    let screen =
        Screen { result, labels: Labels::of(result), period: Period::of(result), has_files: folder.is_some(), width };
    let mut text = targets(result, width);
    for (i, sentence) in answer::sentences(result).iter().enumerate() {
        let style = if i == 0 { BOLD } else { Style::new() };
        for line in wrapped(sentence, width) {
            let _ = writeln!(text, "{style}{line}{style:#}");
        }
    }
    let shown = featured::shown(result);
    let parts = [
        assumed(result, width),
        if result.scenarios.is_empty() || result.each_alone { String::new() } else { screen.scenarios() },
        deployments(result, width),
        operations(result, width),
        screen.sensitivity(),
        screen.windows(),
        shown.map_or(String::new(), |shown| screen.causes(shown)),
        screen.findings(),
    ];
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let _ = write!(text, "\n{part}");
    }
    text.push('\n');
    let mut notes: Vec<String> =
        assumptions::footnote(result).into_iter().chain(screen.footnotes(&parts.concat())).collect();
    notes.extend(format::rough_quantiles(&parts.concat()).map(str::to_owned));
    notes.push(answer::left_out(result));
    notes.extend(result.notes.iter().filter(|note| !said.contains(note)).cloned());
    let mut once = BTreeSet::new();
    notes.retain(|note| once.insert(note.clone()));
    for line in notes.iter().flat_map(|note| wrapped(note, width)) {
        let _ = writeln!(text, "{DIM}{line}{DIM:#}");
    }
    if let Some(folder) = folder {
        let page = folder.join("report.html");
        let _ = writeln!(text, "\nThe report: {BOLD}{}{BOLD:#}, with tables and charts beside it", page.display());
    }
    text
}

/// What the run passes or fails by, before the numbers.
fn targets(result: &ExperimentResult, width: u16) -> String {
    let mut text = String::new();
    for line in verdicts::lines(result) {
        let color = match line.verdict {
            Verdict::Pass => AnsiColor::Green,
            Verdict::Fail => AnsiColor::Red,
            Verdict::Undecided => AnsiColor::Yellow,
        };
        let style = color.on_default().bold();
        for (k, words) in wrapped(&line.words, width - 10).iter().enumerate() {
            let word = if k == 0 { line.word() } else { "" };
            let _ = writeln!(text, "{style}{word:9}{style:#} {words}");
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The Deployments that make the system, or that were each played alone.
fn deployments(result: &ExperimentResult, width: u16) -> String {
    let Some(listed) = deployments::Table::of(result) else { return String::new() };
    // Two lines make room for the numbers.
    let head: Vec<String> = listed.head().iter().map(|words| words.replacen(' ', "\n", 1)).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut text = String::new();
    for line in wrapped(&format!("{}:", listed.title()), width) {
        let _ = writeln!(text, " {line}");
    }
    text += &table(&head, listed.rows.iter().map(|row| listed.cells(row)).collect(), width);
    for line in listed.footnote().iter().flat_map(|note| wrapped(note, width)) {
        let _ = writeln!(text, " {line}");
    }
    text
}

/// What one operation costs.
fn operations(result: &ExperimentResult, width: u16) -> String {
    let Some(mut listed) = operations::Table::of(result) else { return String::new() };
    listed.fit(usize::from(width));
    let head: Vec<String> = listed.head.iter().map(|words| words.replacen(' ', "\n", 1)).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut text = String::new();
    for line in wrapped(&format!("{}:", listed.title), width) {
        let _ = writeln!(text, " {line}");
    }
    let footnote = listed.footnote();
    text += &table(&head, listed.rows, width);
    for line in wrapped(&footnote, width) {
        let _ = writeln!(text, " {line}");
    }
    text
}

/// What was assumed, where nobody has stated it.
fn assumed(result: &ExperimentResult, width: u16) -> String {
    let rows = assumptions::rows(result);
    if rows.is_empty() {
        return String::new();
    }
    // A number and its unit stay in one line.
    let kept = |cell: &String| units::unbroken(cell);
    let head = assumptions::HEAD.map(|words| words.replace(" of ", " of\n"));
    let head = head.each_ref().map(String::as_str);
    let table = table(&head, rows.iter().map(|row| row.iter().map(kept).collect()).collect(), width);
    format!(" {}\n{table}", assumptions::TITLE)
}

/// What is shown, and where.
struct Screen<'a> {
    result: &'a ExperimentResult,
    labels: Labels,
    period: Period,
    /// Whether tables are written beside.
    has_files: bool,
    width: u16,
}

impl Screen<'_> {
    /// The numbers of every scenario.
    fn scenarios(&self) -> String {
        let (result, per) = (self.result, self.period.per());
        let mut text = String::new();
        if self.is_numbered() {
            for (i, scenario) in result.scenarios.iter().enumerate() {
                for (k, line) in wrapped(&scenario.name, self.width - 6).into_iter().enumerate() {
                    let number = if k == 0 { (i + 1).to_string() } else { String::new() };
                    let _ = writeln!(text, " {number:>3}  {line}");
                }
            }
            text.push('\n');
        }
        // That candidates are candidates need not be said.
        if self.labels.varied && result.varied != ["candidate"] {
            for line in wrapped(&format!("scenario: {}", self.labels.short_keys()), self.width) {
                let _ = writeln!(text, " {line}");
            }
        }
        let costs = result.scenarios.iter().any(|scenario| scenario.cost_per_year.is_some());
        let downtime = format!("downtime{per}");
        let (failed, outages) = (format!("failed\nreq.{per}"), format!("outages\n{per}"));
        let mut head = vec!["scenario", "availability", &downtime, &failed, &outages];
        let currency = result.currency.as_deref().unwrap_or("cost");
        let cost_head = format!("{currency}\n/yr");
        let best = Ranking::of(result).filter(|_| self.shows_standing());
        // Where scenarios are chosen from, what they cost and how they stand says more than how they recover.
        if self.shows_standing() {
            head.extend(costs.then_some(cost_head.as_str()));
            head.extend(best.as_ref().map(|_| "standing"));
        }
        head.extend(["recovery\np50", "\np95"]);
        let shown = pareto::first(result, MOST);
        let rows = shown.iter().map(|&i| (i, &result.scenarios[i])).map(|(i, scenario)| {
            let mut row = vec![
                format::percent(&scenario.estimates[Metric::Availability]),
                format::marked_span_with_error(&scenario.estimates[Metric::Downtime]),
                format::span(&scenario.estimates[Metric::FailedRequests]),
                format::count(&scenario.estimates[Metric::Outages]),
            ];
            if self.shows_standing() {
                let cost = scenario.cost_per_year.map_or("–".to_owned(), pareto::amount);
                row.extend(costs.then_some(cost));
                row.extend(best.as_ref().map(|best| best.standing(i).to_owned()));
            }
            row.extend(recovery(&scenario.any_recovery_s));
            row
        });
        let mut rows: Vec<Vec<String>> = rows.collect();
        // How long a recovery takes and how often it takes place says less than which scenario it is of.
        let last = head.len() - 1;
        self.make_room(&mut head, &mut rows, &shown, &[last, last - 1, 4]);
        text += &self.table_of(&head, &shown, rows);
        text + &self.left_out(shown.len(), "results.csv")
    }

    /// Leaves these columns out, one after the other, as long as a name would be broken within its parts beside the numbers; they are
    /// in results.csv.
    fn make_room(&self, head: &mut Vec<&str>, rows: &mut [Vec<String>], scenarios: &[usize], spare: &[usize]) {
        let marked = self.marked();
        // A name of one part is short or is broken; of several each has a line where they do not fit.
        let needed = |i: &usize| longest_part(&self.name(*i, marked)).min(NAME);
        let needed = scenarios.iter().map(needed).max().unwrap_or(0).max("scenario".len());
        for &column in spare {
            if room_for_names(head, &rows.iter().map(Vec::as_slice), self.width) >= needed {
                return;
            }
            head.remove(column);
            for row in rows.iter_mut() {
                row.remove(column - 1);
            }
        }
    }

    /// Whether a column tells how the scenarios stand.
    fn shows_standing(&self) -> bool {
        let has_costs = self.result.scenarios.iter().any(|scenario| scenario.cost_per_year.is_some());
        has_costs || self.result.selection.is_some()
    }

    /// Names too long for a column stand above the table, and their numbers in it.
    fn is_numbered(&self) -> bool {
        let is_long = |scenario: &ScenarioResult| scenario.name.chars().count() > NAME;
        // Names of Deployments are broken at their hyphens.
        let are_told_above = self.result.scenarios.len() > 1 && !self.result.each_alone;
        !self.labels.varied && are_told_above && self.result.scenarios.iter().any(is_long)
    }

    /// What the first column calls a scenario.
    fn name(&self, i: usize, recommended: Option<usize>) -> String {
        let label = if self.is_numbered() { (i + 1).to_string() } else { self.labels.short(i) };
        let is_baseline = self.result.baseline.as_deref() == Some(self.result.scenarios[i].name.as_str());
        let baseline = if is_baseline && self.result.scenarios.len() > 1 { "\u{a0}*" } else { "" };
        let recommended = if recommended == Some(i) { "\u{a0}✓" } else { "" };
        // Where a column tells how it stands, that says so.
        let is_marked = self.result.scenarios[i].unplaceable && !self.shows_standing();
        let unplaceable = if is_marked { "\u{a0}†" } else { "" };
        // A mark stays with the end of its name.
        format!("{label}{recommended}{baseline}{unplaceable}")
    }

    /// The scenario that is marked in the first column: where no column tells how the scenarios stand.
    fn marked(&self) -> Option<usize> {
        Ranking::of(self.result).filter(|_| !self.shows_standing()).and_then(|best| best.recommended)
    }

    /// A table of these scenarios, whose names take what the numbers leave: without spaces around the points where that saves a line.
    fn table_of(&self, head: &[&str], scenarios: &[usize], numbers: Vec<Vec<String>>) -> String {
        let room = room_for_names(head, &numbers.iter().map(Vec::as_slice), self.width);
        let marked = self.marked();
        let names: Vec<String> = scenarios.iter().map(|&i| self.name(i, marked)).collect();
        let is_wide = names.iter().any(|name| name.chars().count() > room);
        let names = names.into_iter().map(|name| if is_wide { name.replace(" · ", "·") } else { name });
        let rows = names.zip(numbers).map(|(name, row)| [vec![name], row].concat());
        table(head, rows.collect(), self.width)
    }

    /// How many scenarios a table with so many leaves out, and where they are.
    fn left_out(&self, shown: usize, file: &str) -> String {
        match self.result.scenarios.len() - shown {
            0 => String::new(),
            n => self.elsewhere(&format!("{n} more {}", if n == 1 { "scenario" } else { "scenarios" }), n, file),
        }
    }

    /// Where `what`, of which there are `n`, is found.
    fn elsewhere(&self, what: &str, n: usize, file: &str) -> String {
        let are = if n == 1 { "is" } else { "are" };
        let text = if self.has_files {
            format!("{what} {are} in {file}.")
        } else {
            format!("{what} {are} not shown: `--out-dir DIR` writes {file}.")
        };
        let lines = wrapped(&text, self.width);
        format!(" {}\n", lines.join("\n "))
    }

    /// What each parameter changes, where that is asked.
    fn sensitivity(&self) -> String {
        let Some((rows, rest)) = sensitivity::table(self.result) else { return String::new() };
        let mut text = format!(" {}, by parameter:\n", sensitivity::what(self.result));
        if !rows.is_empty() {
            let head = sensitivity::head(self.result);
            text += &table(&head.each_ref().map(String::as_str), rows, self.width);
        }
        if !rest.is_empty() {
            let file = if self.has_files { " (in metrics.csv)" } else { "" };
            let _ = writeln!(text, " {rest}{file}");
        }
        text
    }

    /// What a window of the objective's length loses, and how often it meets the SLO.
    fn windows(&self) -> String {
        let result = self.result;
        let fails = result.objective.metric == Metric::RequestSuccess;
        let mut shown = pareto::first(result, MOST / 2);
        shown.retain(|&i| result.scenarios[i].windows.is_some());
        if shown.is_empty() {
            return String::new();
        }
        let windows = shown.iter().filter_map(|&i| result.scenarios[i].windows.as_ref());
        let rows = windows.map(|windows| {
            let loss = if fails { &windows.failed_request_s } else { &windows.downtime_s };
            let mut row = vec![format::span(&loss.mean)];
            row.extend([loss.p50, loss.p95, loss.p99].map(|quantile| format::marked_quantile(Some(&quantile), 0)));
            row.push(format::duration(loss.worst));
            row.extend(windows.meets_slo.as_ref().map(format::percent_with_interval));
            row
        });
        let draws: Vec<Option<String>> = shown.iter().map(|&i| sensitivity::over_draws(&result.scenarios[i])).collect();
        let has_draws = draws.iter().any(Option::is_some);
        let rows = rows.zip(draws).map(|(mut row, range)| {
            row.extend(has_draws.then(|| range.unwrap_or("–".to_owned())));
            row
        });
        let what = if fails { "failed requests" } else { "downtime" };
        let length = format::tick(result.objective.window.as_secs_f64());
        let mut head = vec!["scenario", "mean", "p50", "p95", "p99", "worst"];
        let meets = result.objective.slo.map(|slo| format!("probability of\nmeeting {}", format::plain_percent(slo)));
        head.extend(meets.as_deref());
        head.extend(has_draws.then_some("over the\ndraws"));
        let table = self.table_of(&head, &shown, rows.collect());
        format!(" {what} in a window of {length}:\n{table}{}", self.left_out(shown.len(), "results.csv"))
    }
}

/// Median and 95th percentile.
fn recovery(lengths: &Distribution) -> [String; 2] {
    [lengths.p50, lengths.p95].map(|q| format::marked_quantile(q.as_ref(), lengths.censored))
}

impl Screen<'_> {
    /// What a check finds in one of two manifests and not in the other.
    fn findings(&self) -> String {
        let Some(comparison) = &self.result.comparison else { return String::new() };
        let mut text = String::new();
        for (title, findings) in comparison::changed_findings(comparison) {
            let _ = writeln!(text, " {title}:");
            for finding in findings {
                for (k, line) in wrapped(&comparison::finding(finding), self.width - 4).iter().enumerate() {
                    let _ = writeln!(text, "  {}{line}", if k == 0 { "- " } else { "  " });
                }
            }
        }
        if let Some(kept) = comparison::kept_findings(comparison) {
            let _ = writeln!(text, " {kept}.");
        }
        text
    }

    /// Where downtime and failed requests come from, and how long each cause takes to repair.
    fn causes(&self, shown: &ScenarioResult) -> String {
        let (result, width) = (self.result, self.width);
        let down = aggregate::by_cause(&shown.downtime_attribution);
        let failed = aggregate::by_cause(&shown.request_failure_attribution);
        let mut all: Vec<&NamedCause> = down.iter().map(|total| total.cause).collect();
        all.extend(failed.iter().map(|total| total.cause).filter(|cause| !down.iter().any(|d| d.cause == *cause)));
        if all.is_empty() {
            return String::new();
        }
        let sum = |causes: &[aggregate::CauseTotal<'_>]| causes.iter().map(|cause| cause.total).sum::<f64>();
        let (all_down, all_failed) = (sum(&down), sum(&failed));
        let part = |total: f64, whole: f64| {
            if total > 0.0 {
                format!("{} ({})", format::duration(total), format::share(total, whole))
            } else {
                "–".to_owned()
            }
        };
        let of = |totals: &[aggregate::CauseTotal<'_>], which: &[&NamedCause]| {
            totals.iter().filter(|total| which.contains(&total.cause)).map(|total| total.total).sum::<f64>()
        };
        // By the larger of its two shares; what rounds to nothing in both is summed up in a last row.
        let weight = |cause: &NamedCause| {
            let share = |totals, whole: f64| if whole > 0.0 { of(totals, &[cause]) / whole } else { 0.0 };
            share(&down, all_down).max(share(&failed, all_failed))
        };
        all.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        let top = all.iter().take(TOP).filter(|cause| weight(cause) >= SMALL).count().max(1);
        // A row that sums up a single cause would save nothing.
        let top = if top + 1 == all.len() { all.len() } else { top };
        let mut rows: Vec<Vec<String>> = Vec::new();
        for &cause in all.iter().take(top) {
            // The phase that matters for the objective, or where that is of all time, where the cause weighs more.
            let share = |totals, whole: f64| if whole > 0.0 { of(totals, &[cause]) / whole } else { 0.0 };
            let [in_down, in_failed] = [share(&down, all_down), share(&failed, all_failed)];
            let is_of_requests = shown.loss_in_question(result.objective.metric) == Metric::FailedRequests;
            let of_requests = if is_of_requests { in_failed > 0.0 } else { in_failed > in_down };
            let heavier = if of_requests { &failed } else { &down };
            let main = heavier.iter().find(|total| total.cause == cause);
            let none = || ["–".to_owned(), "–".to_owned()];
            let [median, late] = shown.pod_recovery_s.get(cause).map_or_else(none, |r| recovery(&r.lengths));
            rows.push(vec![
                cause.to_string(),
                part(of(&down, &[cause]), all_down),
                part(of(&failed, &[cause]), all_failed),
                main.map_or(String::new(), |total| aggregate::phase_in_words(total.main_phase)),
                median,
                late,
            ]);
        }
        let rest = &all[top..];
        if !rest.is_empty() {
            let (d, f) = (of(&down, rest), of(&failed, rest));
            rows.push(vec![
                format!("{} more", rest.len()),
                part(d, all_down),
                part(f, all_failed),
                String::new(),
                String::new(),
                String::new(),
            ]);
        }
        let mut text = String::new();
        if result.scenarios.len() > 1 {
            for line in wrapped(&format!("in “{}”:", in_words(result, shown)), width) {
                let _ = writeln!(text, " {line}");
            }
        }
        let per = self.period.per();
        let (downtime, failed) = (format!("downtime{per}"), format!("failed\nreq.{per}"));
        let head = ["cause", &downtime, &failed, "mainly in\nphase", "recovery\np50", "\np95"];
        text += &table(&head, rows, width);
        match rest.len() {
            0 => text,
            n => text + &self.elsewhere(&format!("The last row is of {n} causes: each"), 1, "metrics.csv"),
        }
    }
}
