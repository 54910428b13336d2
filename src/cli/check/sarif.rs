//! Findings as SARIF 2.1.0 (OASIS), which code scanning and editors read.

use serde_json::{Map, Value, json};

use super::{Finding, formats};
use crate::spec::{Diagnostic, Severity, advice};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What is found without being advice.
const PLAIN: [(Severity, &str, &str, &str); 3] = [
    (
        Severity::Error,
        "invalid",
        "The API server, or hasim, would refuse the file",
        "Do what the message says: it names the field, its value and the rule.",
    ),
    (
        Severity::Warning,
        "suspicious",
        "A field has no effect, is not modelled, or does not mean what it seems to",
        "Read the message: the file can be used as it is.",
    ),
    (Severity::Note, "assumed", "What hasim assumed or left out", "Nothing has to be done."),
];

/// One run with all findings.
pub(super) fn render(findings: &[Finding]) -> String {
    let plain = PLAIN.iter().map(|(severity, id, says, help)| rule(id, says, says, help, level(*severity)));
    let advised = advice::all().map(|advice| {
        let why = format!("{} ({})", advice.why, advice.rules.join(", "));
        rule(advice.id, advice.says, &why, advice.help, level(Severity::Advice))
    });
    let rules: Vec<Value> = plain.chain(advised).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &rules)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "hasim", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(id: &str, says: &str, full: &str, help: &str, level: &str) -> Value {
    json!({
        "id": id,
        "shortDescription": {"text": says},
        "fullDescription": {"text": full},
        "help": {"text": help},
        "defaultConfiguration": {"level": level},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning | Severity::Advice => "warning",
        Severity::Note => "note",
    }
}

/// The name of a finding: that of the advice, or how bad it is.
pub(super) fn rule_id(diagnostic: &Diagnostic) -> &'static str {
    let plain = PLAIN.iter().find(|(severity, ..)| *severity == diagnostic.severity).map(|(_, id, ..)| *id);
    diagnostic.advice.map_or_else(|| plain.unwrap_or("suspicious"), |advice| advice.id)
}

fn result(finding: &Finding, rules: &[Value]) -> Value {
    let diagnostic = &finding.diagnostic;
    let id = rule_id(diagnostic);
    let mut physical = Map::new();
    physical.insert("artifactLocation".to_owned(), json!({"uri": uri(&diagnostic.file)}));
    if diagnostic.line > 0 {
        let region = json!({"startLine": diagnostic.line, "startColumn": diagnostic.column});
        physical.insert("region".to_owned(), region);
    }
    let mut location = json!({"physicalLocation": physical});
    if !diagnostic.path.is_empty() {
        location["logicalLocations"] = json!([{"fullyQualifiedName": diagnostic.path}]);
    }
    let mut result = json!({
        "ruleId": id,
        "ruleIndex": rules.iter().position(|rule| rule["id"] == id),
        "level": level(diagnostic.severity),
        "message": {"text": formats::in_full(finding)},
        "locations": [location],
    });
    if let Some(cost) = &finding.cost {
        result["properties"] = json!({"cost": cost.to_json()});
    }
    result
}

/// The name of a file as a reference of RFC 3986; what a file cannot be called there is encoded.
fn uri(file: &str) -> String {
    let mut uri = String::from(if file.starts_with('/') { "file://" } else { "" });
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
