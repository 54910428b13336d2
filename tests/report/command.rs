//! The command line as a process: codes, streams, hints.

use std::fs;

use crate::synthetic;
use assert_cmd::Command;
use hasim::{output, report};
use predicates::prelude::*;
use predicates::str::contains;

fn hasim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hasim"))
}

#[test]
fn wrong_use_is_code_2() {
    hasim().assert().code(0).stdout(contains("Usage: hasim"));
    hasim().arg("rnu").assert().code(2).stderr(contains("rnu"));
    hasim().args(["run"]).assert().code(2);
    hasim().args(["run", "x.yaml", "--replications", "0"]).assert().code(2).stderr(contains("--replications"));
    hasim().args(["run", "x.yaml", "--output", "html"]).assert().code(2).stderr(contains("markdown"));
    hasim().args(["check"]).assert().code(2);
}

#[test]
fn help_is_for_standard_output() {
    hasim().arg("--help").assert().code(0).stdout(contains("run").and(contains("check")).and(contains("report")));
    hasim().arg("--version").assert().code(0).stdout(contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_missing_experiment_gets_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("aidbox.yaml"), "").unwrap();
    let near = contains("did you mean").and(contains("aidbox.yaml"));
    hasim().arg("run").arg(folder.path().join("aidbx.yaml")).assert().code(3).stdout("").stderr(near);
    hasim().args(["run", "/nowhere/at/all.yaml"]).assert().code(3).stderr(contains("/nowhere/at/all.yaml"));
    hasim().arg("run").arg(folder.path()).assert().code(3).stderr(contains("experiments/aidbox.yaml"));
}

#[test]
fn a_folder_without_files_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "").unwrap();
    hasim().arg("check").arg(folder.path()).assert().code(3).stderr(contains("without .yaml, .yml or .json"));
}

#[test]
fn a_report_is_made_from_results_json_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    hasim().arg("report").arg(path).assert().code(3).stderr(contains("results.json"));
    let result = synthetic::four();
    output::write_all(path, &result).unwrap();
    let table = path.join("results.csv");
    let csv = fs::read(&table).unwrap();
    fs::remove_file(&table).unwrap();

    let json = report::json::render(&result);
    hasim().arg("report").arg(path).args(["--output", "json"]).assert().code(0).stdout(json).stderr("");
    assert_eq!(fs::read(&table).unwrap(), csv);
    hasim().arg("report").arg(path).args(["--output", "csv"]).assert().code(0).stdout(csv);
    hasim().arg("report").arg(path).args(["--output", "markdown"]).assert().code(0).stdout(contains("| :-- |"));
    // A pipe gets no colours.
    let plain = contains("available").and(contains("\u{1b}").not());
    hasim().arg("report").arg(path.join("results.json")).assert().code(0).stdout(plain);

    fs::write(path.join("results.json"), "{\"apiVersion\": 1}").unwrap();
    hasim().arg("report").arg(path).assert().code(3).stderr(contains("results.json").and(contains("line 1")));
}

/// `hasim report … | head -1` ends quietly.
#[test]
#[cfg(unix)]
fn a_reader_that_leaves_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    output::write_all(folder.path(), &synthetic::four()).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_hasim"))
        .arg("report")
        .arg(folder.path())
        .args(["--output", "json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
