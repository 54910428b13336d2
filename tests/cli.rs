//! Process: the program as its user runs it.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn hasim() -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn run_aidbox(folder: &Path, more: &[&str]) -> Output {
    let output = hasim()
        .args(["run", "experiments/aidbox.yaml", "--replications", "100", "--out-dir"])
        .arg(folder)
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(folder).unwrap().display().to_string();
                files.push((name, std::fs::read(&entry).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// Determinism: every byte of every file, one thread against two.
#[test]
fn the_number_of_threads_changes_no_byte() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run_aidbox(one.path(), &["--threads", "1"]);
    run_aidbox(two.path(), &["--threads", "2"]);
    let (one, two) = (files(one.path()), files(two.path()));
    let names: Vec<&str> = one.iter().map(|file| file.0.as_str()).collect();
    for name in ["results.json", "results.csv", "recoveries.csv", "charts/downtime.svg", "charts/downtime.png"] {
        assert!(names.contains(&name), "{name} is missing from {names:?}");
    }
    assert!(one == two, "the files differ");
}

#[test]
fn json_on_standard_output_is_exactly_the_file_and_progress_is_not_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_aidbox(folder.path(), &["--output", "json"]);
    assert_eq!(output.stdout, std::fs::read(folder.path().join("results.json")).unwrap());
    let csv = run_aidbox(folder.path(), &["--output", "csv", "--quiet"]);
    assert_eq!(csv.stdout, std::fs::read(folder.path().join("results.csv")).unwrap());
}

#[test]
fn a_report_is_made_again_from_results_alone() {
    let folder = tempfile::tempdir().unwrap();
    run_aidbox(folder.path(), &[]);
    let before = files(folder.path());
    std::fs::remove_dir_all(folder.path().join("charts")).unwrap();
    hasim().arg("report").arg(folder.path()).assert().success().stdout(contains("aidbox is available"));
    assert!(before == files(folder.path()), "the files differ");
}

#[test]
fn wrong_use_is_2_and_bad_input_is_3() {
    hasim().assert().code(2).stderr(contains("Usage"));
    hasim().args(["run", "experiments/aidbox.yaml", "--replications", "0"]).assert().code(2);
    hasim().args(["run", "experiments/aidbox.yaml", "--bogus"]).assert().code(2).stderr(contains("--bogus"));
    hasim().args(["run", "nowhere.yaml"]).assert().code(3).stderr(contains("nowhere.yaml"));
    hasim().args(["run", "models/apps/jvm-service.yaml"]).assert().code(3).stderr(contains("must be Experiment"));
    hasim().args(["report", "src"]).assert().code(3).stderr(contains("results.json"));
    hasim().args(["check", "src"]).assert().code(3).stderr(contains("without .yaml"));
}

#[test]
fn check_accepts_what_is_shipped_and_refuses_every_wrong_file() {
    hasim().args(["check", "models", "experiments"]).assert().success().stdout(contains("no errors"));
    let located = predicate::str::is_match(r"tests/check/m4-max-both-zero\.yaml:\d+:\d+: ").unwrap();
    hasim()
        .args(["check", "tests/check"])
        .assert()
        .code(3)
        .stderr(located.and(contains("panicked").not()))
        .stdout(contains("there are errors"));
}

#[test]
fn check_reads_standard_input() {
    let manifest = std::fs::read("models/deployments/aidbox.yaml").unwrap();
    hasim().args(["check", "-"]).write_stdin(manifest).assert().success();
    hasim().args(["check", "-"]).write_stdin("kind: [").assert().code(3).stderr(contains("<stdin>:1"));
}

#[test]
fn a_folder_that_cannot_be_written_is_a_failure_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    hasim()
        .args(["run", "experiments/aidbox.yaml", "--out-dir"])
        .arg(file.join("below"))
        .assert()
        .code(1)
        .stderr(contains("cannot write").and(contains("--out-dir")));
}

#[test]
fn targets_decide_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string("experiments/aidbox.yaml").unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for (target, code, word) in [("99%", 0, "PASS"), ("99.9999%", 4, "FAIL")] {
        let text = text.replace("../models", models.to_str().unwrap())
            + &format!("  targets: [{{metric: availability, atLeast: {target}}}]\n");
        let file = folder.path().join("targets.yaml");
        std::fs::write(&file, text).unwrap();
        hasim()
            .arg("run")
            .arg(&file)
            .args(["--replications", "100", "--out-dir"])
            .arg(folder.path().join("out"))
            .assert()
            .code(code)
            .stdout(predicate::str::starts_with(word));
    }
}

/// A pipe and a CI log get plain text of 80 columns; who forces colours gets them, and NO_COLOR is stronger.
#[test]
fn the_table_suits_who_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let table = |variables: &[(&str, &str)]| {
        let mut command = hasim();
        for name in ["COLUMNS", "NO_COLOR", "CLICOLOR_FORCE", "CI"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        command.args(["run", "experiments/probe-thresholds.yaml", "--replications", "32", "--quiet", "--out-dir"]);
        String::from_utf8(command.arg(folder.path()).output().unwrap().stdout).unwrap()
    };
    let plain = table(&[]);
    assert!(plain.contains("The report: ") && !plain.contains('\x1b'), "{plain}");
    // Not of the path of the report, which is as long as it is.
    let table_alone = plain.split("The report: ").next().unwrap();
    assert!(table_alone.lines().all(|line| line.chars().count() <= 80), "{plain}");
    assert_eq!(table(&[("CI", "true")]), plain);
    assert!(table(&[("CLICOLOR_FORCE", "1")]).contains('\x1b'));
    assert_eq!(table(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
}

/// The README is run: what it prints of its own command is what the program prints.
#[test]
fn the_readme_shows_what_its_command_prints() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let (before, rest) = readme.split_once("<!-- output -->\n\n```text\n").expect("the README has the output");
    let (shown, after) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = hasim().args(["run", "experiments/aidbox.yaml", "--out-dir"]).arg(folder.path()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed = printed.split("\nThe report:").next().unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}<!-- output -->\n\n```text\n{printed}```{after}");
        std::fs::write("README.md", page).unwrap();
    } else {
        assert_eq!(shown, printed, "UPDATE_DOCS=1 cargo test --test cli writes it anew");
    }
}

/// Who reads the exit code must hear that nobody got the result.
#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_printed_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let game_day = folder.path().join("out").display().to_string();
    for args in [
        vec!["check", "models"],
        vec!["run", "experiments/game-day.yaml", "--replications", "1", "--output", "json", "--out-dir", &game_day],
        vec!["report", &game_day],
        vec!["trace", "experiments/game-day.yaml"],
        vec!["verify", "--only", "rule"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("hasim"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(&args)
            .stdout(full)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && errors.contains("standard output"), "{args:?}: {errors}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_without_an_end_is_too_large() {
    hasim().args(["check", "/dev/zero"]).assert().code(3).stderr(contains("larger than 64 MiB"));
}

#[test]
fn an_experiment_in_which_nothing_can_fail_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let experiment = folder.path().join("quiet.yaml");
    let text = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: quiet}}\nspec:\n  \
         deployment: {root}/models/deployments/aidbox.yaml\n  app: {root}/models/apps/starts-in-a-second.yaml\n  \
         cluster: {root}/models/clusters/three-zones.yaml\n"
    );
    std::fs::write(&experiment, text).unwrap();
    hasim().arg("check").arg(&experiment).assert().code(0).stderr(contains("nothing can fail"));
}

#[test]
fn shells_and_man_get_what_they_ask_for() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let has_run = contains("replications");
        hasim().args(["completions", shell]).assert().success().stdout(has_run);
    }
    hasim().args(["completions", "csh"]).assert().code(2);
    hasim().arg("man").assert().success().stdout(contains(".TH hasim 1"));
    let page = contains(".TH hasim-run 1").and(contains("replications"));
    hasim().args(["man", "run"]).assert().success().stdout(page);
    hasim().args(["man", "ran"]).assert().code(2);
}
