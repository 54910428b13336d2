//! Process: `hasim verify`, its formats and its exit codes.

use assert_cmd::Command;
use predicates::prelude::*;

fn verify(args: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("hasim").unwrap().arg("verify").args(args).assert()
}

#[test]
fn a_measured_scenario_is_the_same_on_one_thread_and_two() {
    for check in ["crash loop", "nodes and zones"] {
        let args = |threads| ["--only", check, "--output", "json", "--threads", threads];
        let one = verify(&args("1")).success();
        assert_eq!(one.get_output().stdout, verify(&args("2")).success().get_output().stdout);
    }
}

#[test]
fn published_rules_and_placements_hold() {
    verify(&["--only", "published"]).success().stdout(predicate::str::contains("Node failure: outage"));
    verify(&["--only", "rule"]).success().stdout(predicate::str::contains("not modelled"));
    verify(&["--only", "placements"]).success().stdout(predicate::str::contains("PASS"));
}

#[test]
fn an_unknown_name_is_wrong_use_and_lists_the_names() {
    verify(&["--only", "nonsense"]).code(2).stderr(predicate::str::contains("closed-form"));
}

#[test]
fn the_page_is_written_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    verify(&["--only", "kubelet restart", "--write-docs", path]).success();
    let page = std::fs::read_to_string(folder.path().join("validation.md")).unwrap();
    assert!(page.contains("readiness_restart_to_first_probe"), "{page}");
    assert!(folder.path().join("images/validation-others.svg").is_file());
}
