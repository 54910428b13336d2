//! Findings for programs: an array of objects, and the workflow commands of GitHub Actions.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Finding;
use crate::results::Estimate;
use crate::spec::{Diagnostic, Severity};

/// An array with an object for each finding, every object with the same keys.
pub(super) fn json(findings: &[Finding]) -> String {
    let objects: Vec<Value> = findings.iter().map(object).collect();
    format!("{:#}\n", Value::Array(objects))
}

fn object(finding: &Finding) -> Value {
    let Finding { diagnostic, cost } = finding;
    let place = (diagnostic.line > 0).then_some((diagnostic.line, diagnostic.column));
    json!({
        "severity": diagnostic.severity.to_string(),
        "advice": diagnostic.advice.map(|advice| advice.id),
        "file": diagnostic.file,
        "line": place.map(|place| place.0),
        "column": place.map(|place| place.1),
        "field": (!diagnostic.path.is_empty()).then_some(&diagnostic.path),
        "message": diagnostic.message,
        "scenario": diagnostic.scenario,
        "why": diagnostic.advice.map(|advice| advice.why),
        "rules": diagnostic.advice.map(|advice| advice.rules),
        "help": diagnostic.help,
        "cost": cost.as_ref().map(super::Cost::to_json),
    })
}

impl super::Cost {
    /// Seconds of downtime and, as time of full traffic, of failed requests a year that the setting costs as it is, with
    /// the ends of the interval; 0 where following the advice changed no replication.
    pub(super) fn to_json(&self) -> Value {
        let turned_round = |change: &Option<Estimate>| {
            let (mean, low, high) =
                change.as_ref().map_or((0.0, 0.0, 0.0), |change| (-change.mean, -change.high, -change.low));
            // Zero less zero has a sign of its own.
            let [mean, low, high] = [mean, low, high].map(|value| value + 0.0);
            json!({"mean": mean, "low": low, "high": high})
        };
        json!({
            "experiment": self.experiment,
            "downtime_s_per_year": turned_round(&self.downtime),
            "failed_request_s_per_year": turned_round(&self.failed),
        })
    }
}

/// All that a finding says, in several lines.
pub(super) fn in_full(finding: &Finding) -> String {
    let Finding { diagnostic, cost } = finding;
    let mut text = diagnostic.sentence();
    if let Some(advice) = diagnostic.advice {
        let _ = write!(text, "\n{} ({})", advice.why, advice.rules.join(", "));
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    if let Some(cost) = cost {
        let _ = write!(text, "\ncost: {}", cost.words());
    }
    text
}

/// A workflow command for each finding:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.
pub(super) fn github(findings: &[Finding]) -> String {
    findings.iter().map(|finding| command(&finding.diagnostic, &in_full(finding))).collect()
}

fn command(diagnostic: &Diagnostic, message: &str) -> String {
    let name = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning | Severity::Advice => "warning",
        Severity::Note => "notice",
    };
    let mut properties = format!("file={}", property(&diagnostic.file));
    if diagnostic.line > 0 {
        let _ = write!(properties, ",line={},col={}", diagnostic.line, diagnostic.column);
    }
    let title = diagnostic.advice.map_or_else(|| diagnostic.severity.to_string(), |advice| advice.id.to_owned());
    let _ = write!(properties, ",title={}", property(&format!("hasim: {title}")));
    format!("::{name} {properties}::{}\n", data(message))
}

/// As `escapeData` of the toolkit of Actions does it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As `escapeProperty` of the toolkit of Actions does it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
