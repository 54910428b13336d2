//! Every file of `tests/check` is wrong in one way: each gives a located message, and none a panic.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use hasim::spec::{Severity, check_bytes, check_file};

fn wrong_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir("tests/check").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Snapshot: place, field, value and rule of every message. What the API server refuses is refused (M4, M5).
#[test]
fn wrong_files_have_located_messages() {
    let mut all = String::new();
    for path in wrong_files() {
        let report = check_file(&path).report;
        assert!(report.has_errors(), "{} passes", path.display());
        for error in report.errors() {
            assert!(error.line > 0 && error.column > 0, "{} has no place: {error}", path.display());
            let name = Path::new(&error.file).file_name().unwrap().to_string_lossy();
            writeln!(all, "{name}:{}:{}: {}", error.line, error.column, error.sentence()).unwrap();
            if let Some(help) = &error.help {
                writeln!(all, "    {help}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(all);
}

/// An operation that comes again before it is noticed to be bad, or before its Node takes Pods again, is a warning; one that comes
/// just after is none.
#[test]
fn operations_that_come_too_soon_are_warned_of() {
    let report = check_file(Path::new("tests/check/operations.yaml")).report;
    let warnings: Vec<String> = report
        .warnings()
        .map(|warning| format!("{}:{}: {}", warning.line, warning.column, warning.sentence()))
        .collect();
    assert_eq!(
        warnings,
        [
            "20:118: spec.operations[14].bad.noticed: is 2h on average, and the next rollout comes after 1h: most bad revisions are \
             superseded before anybody rolls them back",
            "24:62: spec.operations[18].uncordonAfter: is 1d on average, and the next drain comes after 1d: there is nearly always a \
             Node that takes no Pods",
            "37:57: spec.operations[31].back: is 1.5h on average, and the next scaling comes after 1h: the replicas of the manifest \
             are hardly ever set again",
        ]
    );
    assert!(
        report.warnings().all(|warning| warning.help.as_ref().is_some_and(|help| help.contains("less often (every)")))
    );
}

#[test]
fn right_files_pass_without_a_word() {
    for name in ["shop", "app", "cluster", "faults", "experiment", "incidents"] {
        let mut report = check_file(Path::new(&format!("tests/data/spec/{name}.yaml"))).report;
        // The shop is valid; tests/input/advice.rs says what it is advised.
        report.diagnostics.retain(|found| found.severity != Severity::Advice);
        assert_eq!(report.to_string(), "", "{name}");
    }
}

#[test]
fn all_errors_of_a_file_appear_at_once() {
    let text = std::fs::read_to_string("tests/data/spec/shop.yaml").unwrap();
    let text = text.replace("replicas: 3", "replicas: -3").replace("maxSkew: 1", "maxSkew: 0");
    let text = text.replace("periodSeconds: 5", "periodSeconds: -5").replace("port: 80,", "port: 0,");
    let report = check_bytes(Path::new("shop.yaml"), text.as_bytes()).report;
    let paths: Vec<&str> = report.errors().map(|error| error.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "spec.replicas",
            "spec.template.spec.containers[0].livenessProbe.periodSeconds",
            "spec.template.spec.topologySpreadConstraints[0].maxSkew",
            "spec.ports[0].port",
        ]
    );
}

#[test]
fn a_message_shows_the_line_and_the_next_step() {
    let report = check_bytes(
        Path::new("app.yaml"),
        b"apiVersion: hasim/v1\nkind: App\nmetadata: {name: a}\nspec:\n  startUpp: 5s\n",
    )
    .report;
    assert_eq!(
        report.to_string(),
        "app.yaml:5:3: spec.startUp: is missing
    5 |   startUpp: 5s
      |   ^
app.yaml:5:3: spec.startUpp: is not a field that is known here
    5 |   startUpp: 5s
      |   ^
      = help: did you mean `startUp`?"
    );
}
