//! Findings as a code quality report of GitLab, which a merge request shows beside its changes:
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Finding, formats, sarif};
use crate::spec::{Diagnostic, Severity};

/// An array with an object for each finding.
pub(super) fn render(findings: &[Finding]) -> String {
    let mut met = BTreeMap::new();
    let objects: Vec<Value> = findings.iter().map(|finding| object(finding, &mut met)).collect();
    format!("{:#}\n", Value::Array(objects))
}

fn object(finding: &Finding, met: &mut BTreeMap<String, usize>) -> Value {
    let diagnostic = &finding.diagnostic;
    let file = file(diagnostic);
    json!({
        "description": formats::in_full(finding),
        "check_name": sarif::rule_id(diagnostic),
        "fingerprint": fingerprint(diagnostic, file, met),
        "severity": severity(diagnostic.severity),
        // A line is demanded: what concerns a file as a whole stands at its first.
        "location": {"path": file, "lines": {"begin": diagnostic.line.max(1)}},
    })
}

/// The name of the file from the top of the repository, where hasim is run there; GitLab knows no `./`.
fn file(diagnostic: &Diagnostic) -> &str {
    diagnostic.file.strip_prefix("./").unwrap_or(&diagnostic.file)
}

/// What makes a finding the same in the old and in the new commit: not its line, which moves with every change above it. What
/// occurs again in one file is counted, as GitLab drops a fingerprint that it has met.
fn fingerprint(diagnostic: &Diagnostic, file: &str, met: &mut BTreeMap<String, usize>) -> String {
    let Diagnostic { path, message, scenario, .. } = diagnostic;
    let scenario = scenario.as_deref().unwrap_or_default();
    let finding = [sarif::rule_id(diagnostic), file, path, message, scenario].join("\0");
    let times = met.entry(finding.clone()).or_default();
    *times += 1;
    Sha256::digest(format!("{finding}\0{times}")).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Advice => "minor",
        Severity::Note => "info",
    }
}
