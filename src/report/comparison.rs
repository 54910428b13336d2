//! A comparison of two manifests in words: how the change stands, three numbers of both, and what a check finds in one and not
//! in the other.

use crate::report::format;
use crate::report::indifference::Indifference;
use crate::report::loss;
use crate::results::{Comparison, Estimate, ExperimentResult, ManifestFinding, ScenarioResult, Verdict};
use crate::study::Metric;

/// How the change stands, in a sentence.
pub fn change(result: &ExperimentResult, comparison: &Comparison) -> String {
    let Comparison { before, after, .. } = comparison;
    if !comparison.never_ready.is_empty() {
        return format!("{after}: {}", comparison.never_ready.join("; "));
    }
    let head = format!("{after} against {before}");
    if comparison.same {
        return format!("{head}: the same system in both manifests");
    }
    let differences = differences(result);
    let words: Vec<String> = differences.iter().map(|(loss, difference)| in_words(*loss, difference)).collect();
    let reason = match comparison.max_regression_s_per_year {
        Some(most) => format!(" (may add {} of downtime a year)", format::in_full(most)),
        None if comparison.change == Verdict::Pass && differences.iter().any(|(_, d)| d.high > 0.0) => {
            format!(": what is lost more, if anything, is too little to matter ({})", zones(result))
        }
        None => String::new(),
    };
    let killed = comparison.new_findings.iter().find(|finding| finding.id.as_deref() == Some("starts-killed"));
    let killed = killed.map_or(String::new(), |finding| format!(". New: {}", starts_killed(finding)));
    format!("{head}: {}{reason}{killed}", words.join(", and "))
}

/// `livenessProbe gives up about 7 s after a start: 99 % of starts are killed`
fn starts_killed(finding: &ManifestFinding) -> String {
    let probe = finding.path.rsplit('.').next().unwrap_or(&finding.path);
    format!("{probe} {}", finding.message)
}

/// The paired differences of the new manifest to the old one.
fn differences(result: &ExperimentResult) -> Vec<(Metric, Estimate)> {
    let difference = result.compared().and_then(|[_, after]| after.difference_to_baseline);
    let both = difference.map(|d| {
        [(Metric::Downtime, d.downtime_s_per_year), (Metric::FailedRequests, d.failed_request_s_per_year)].to_vec()
    });
    both.unwrap_or_default()
}

/// `49 s more downtime a year (CI 43 s to 54 s)`
fn in_words(loss: Metric, difference: &Estimate) -> String {
    let what = loss::words_of(loss);
    let [low, high] = [difference.low, difference.high].map(format::in_full);
    match difference {
        d if d.bound => format!("no difference in {what} in any replication (at most {high} a year either way)"),
        d if !d.is_told_apart() => format!("no difference in {what} told apart (CI {low} to {high} a year)"),
        d => {
            let less = if loss == Metric::FailedRequests { "fewer" } else { "less" };
            // Less by 9 to 14 s, not by −14 to −9.
            let (word, ends) = if d.mean < 0.0 { (less, [-d.high, -d.low]) } else { ("more", [d.low, d.high]) };
            let [low, high] = ends.map(format::in_full);
            format!("{} {word} {what} a year (CI {low} to {high})", format::in_full(d.mean.abs()))
        }
    }
}

/// What does not matter, of either loss.
fn zones(result: &ExperimentResult) -> String {
    let [down, failed] = [Metric::Downtime, Metric::FailedRequests].map(|loss| Indifference::of_loss(result, loss));
    if down.secs == failed.secs {
        return format!("within {}", down.in_full());
    }
    format!("within {} and {}", down.in_full_of("downtime"), failed.in_full_of("failed requests"))
}

/// A number of both manifests.
pub struct Row {
    /// What it is.
    pub what: &'static str,
    /// The manifest as it is.
    pub before: String,
    /// The manifest as it shall be.
    pub after: String,
    /// The difference, with its interval.
    pub change: String,
}

/// The numbers that tell most, all a year: what is lost, what probes do for nothing, and what people are woken for.
pub fn numbers(result: &ExperimentResult) -> Vec<Row> {
    let Some([before, after]) = result.compared() else { return Vec::new() };
    let same = result.comparison.as_ref().is_some_and(|comparison| comparison.same);
    let mut rows: Vec<Row> = differences(result)
        .into_iter()
        .map(|(loss, difference)| Row {
            what: loss::words_of(loss),
            before: format::span_with_error(&before.estimates[loss]),
            after: format::span_with_error(&after.estimates[loss]),
            change: if same || difference.bound { "none seen".to_owned() } else { signed(&difference) },
        })
        .collect();
    let counted = |what, [old, new]: [Estimate; 2]| {
        let change = match loss::less(&new, &old) {
            _ if same || old.bound && new.bound => "none seen".to_owned(),
            d if !d.is_told_apart() => "not told apart".to_owned(),
            d => format!("{}{}", if d.mean > 0.0 { "+" } else { "" }, format::count_with_interval(&d)),
        };
        Row { what, before: format::count(&old), after: format::count(&new), change }
    };
    let both = [before, after];
    rows.push(counted("needless reactions of probes", both.map(ScenarioResult::needless_reactions)));
    let pages = both.map(|scenario| scenario.estimates[Metric::Pages]);
    if pages.iter().any(|pages| !pages.bound) {
        rows.push(counted("pages to somebody on call", pages));
    }
    rows
}

/// `+49 s (43 s to 54 s)`
fn signed(difference: &Estimate) -> String {
    let (value, ends) = format::span_and_ends(difference);
    format!("{}{value} ({ends})", if difference.mean > 0.0 { "+" } else { "" })
}

/// A finding in a line: `advice: livenessProbe: kills after … [liveness-as-tight-as-readiness]`
pub fn finding(finding: &ManifestFinding) -> String {
    let ManifestFinding { severity, path, message, id, before, .. } = finding;
    // What leads to the Pod of a Deployment is always the same, and long.
    let path = path.strip_prefix("spec.template.spec.").unwrap_or(path);
    let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
    let id = id.as_ref().map_or(String::new(), |id| format!(" [{id}]"));
    let before = before.as_ref().map_or(String::new(), |before| format!("; before: {before}"));
    format!("{severity}: {path}{message}{before}{id}")
}

/// The findings that the change brings, alters and takes away, under their titles; without empty ones.
pub fn changed_findings(comparison: &Comparison) -> Vec<(String, &[ManifestFinding])> {
    let titled = |word: &str, findings| (format!("`hasim check`, {word} with {}", comparison.after), findings);
    let all = [
        titled("new", comparison.new_findings.as_slice()),
        titled("changed", comparison.changed_findings.as_slice()),
        titled("gone", comparison.gone_findings.as_slice()),
    ];
    all.into_iter().filter(|(_, findings)| !findings.is_empty()).collect()
}

/// What is found in both manifests, in a few words.
pub fn kept_findings(comparison: &Comparison) -> Option<String> {
    let has_changed = !changed_findings(comparison).is_empty();
    match (comparison.kept_findings.len(), has_changed) {
        (0, true) => None,
        (0, false) => Some("`hasim check` finds nothing in either manifest".to_owned()),
        (n, true) => Some(format!("{n} more {} in both manifests", if n == 1 { "finding is" } else { "findings are" })),
        (n, false) => Some(format!(
            "`hasim check` finds the same in both manifests: {n} {}",
            if n == 1 { "finding" } else { "findings" }
        )),
    }
}
