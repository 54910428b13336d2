//! Process: two manifests compared.

use std::process::{Command, Output};

const BEFORE: &str = "models/deployments/aidbox.yaml";

fn compare(after: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["compare", BEFORE, after, "--quiet"]);
    command.args(["--replications", "64"]).args(more).output().unwrap()
}

fn manifest(folder: &std::path::Path, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(BEFORE)).unwrap();
    assert!(text.contains(from), "{from}");
    let path = folder.join("after.yaml");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path.display().to_string()
}

fn says(output: &Output, code: i32, words: &str) {
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{text}{errors}");
    assert!(text.contains(words) || errors.contains(words), "{text}{errors}");
}

#[test]
fn the_same_manifest_is_no_regression() {
    says(&compare(BEFORE, &["--max-regression", "0"]), 0, "PASS      after against before: the same system");
}

#[test]
fn one_replica_instead_of_two_is_a_regression() {
    let folder = tempfile::tempdir().unwrap();
    let after = manifest(folder.path(), "replicas: 2", "replicas: 1");
    let output = compare(&after, &[]);
    says(&output, 4, "FAIL      after against before:");
    says(&output, 4, "more downtime a year (CI ");
    says(&compare(&after, &["--max-regression", "30d"]), 0, "PASS      after against before:");
    says(
        &compare(&after, &["--max-regression", "30d", "--fail-below", "99.9999%"]),
        4,
        "FAIL      after: availability",
    );
}

/// What can never be Ready, or has no place, is played against what can: a regression, with its reason.
#[test]
fn port_name_missing_is_a_regression() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(BEFORE)).unwrap();
    let probe = text.find("readinessProbe").unwrap();
    let port = probe + text[probe..].find("port: ").unwrap();
    let end = port + text[port..].find(['\n', ',', '}']).unwrap();
    let after = manifest(folder.path(), &text[probe..end], &format!("{}port: absent", &text[probe..port]));
    let output = compare(&after, &[]);
    says(&output, 4, "FAIL      after against before:");
    says(&output, 4, "so the Pod is never Ready (in scenario `after`)");
    let after = manifest(folder.path(), "      containers:", "      nodeSelector: {disktype: ssd}\n      containers:");
    says(&compare(&after, &[]), 4, "6 node(s) didn't match Pod's node affinity/selector.");
}

#[test]
fn wrong_manifests_and_limits_are_located() {
    let folder = tempfile::tempdir().unwrap();
    let after = manifest(folder.path(), "replicas: 2", "replicas: -2");
    says(&compare(&after, &[]), 3, "after.yaml:");
    says(&compare(BEFORE, &["--fail-below", "high"]), 2, "must be a percentage, such as 99.95%");
    says(&compare(BEFORE, &["--max-regression", "5"]), 2, "must have a unit");
    says(&compare("nowhere.yaml", &[]), 3, "nowhere.yaml");
}

#[test]
fn a_file_that_is_not_there_is_named_by_its_argument() {
    for (after, more, message) in [
        ("nope.yaml", &[][..], "AFTER: nope.yaml cannot be read"),
        ("models", &[], "AFTER: models cannot be read"),
        (BEFORE, &["--app", "nope.yaml"], "--app: nope.yaml cannot be read"),
    ] {
        let output = compare(after, more);
        says(&output, 3, message);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("bundled:"));
    }
}
