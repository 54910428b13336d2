//! Process: a manifest alone.

use assert_cmd::Command;
use predicates::prelude::*;

fn estimate(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["estimate", "--replications", "64"]).args(args);
    command
}

#[test]
fn a_manifest_alone_has_an_answer() {
    let says = predicate::str::starts_with("aidbox is available 99.9");
    estimate(&["models/deployments/aidbox.yaml"]).assert().success().stdout(says.clone());
    // What kubectl prints is a List, on standard input.
    let manifest = std::fs::read_to_string("models/deployments/aidbox.yaml").unwrap();
    let (deployment, service) = manifest.split_once("\n---\n").unwrap();
    let item = |text: &str| {
        let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
        lines.join("\n").replacen("    apiVersion", "  - apiVersion", 1)
    };
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}\n{}\n", item(deployment), item(service));
    estimate(&["-"]).write_stdin(list).assert().success().stdout(says);
}

#[test]
fn zones_and_an_slo_can_be_given() {
    let file = "models/deployments/aidbox.yaml";
    let output =
        estimate(&[file, "--zones", "1", "--nodes-per-zone", "2", "--slo", "99.9%", "--output", "json"]).output();
    let result: serde_json::Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(result["scenarios"][0]["node_hours_per_year"], 2.0 * 8_760.0);
    assert_eq!(result["objective"]["slo"], 0.999);
}

#[test]
fn one_of_several_deployments_is_chosen() {
    let manifest = std::fs::read_to_string("models/deployments/aidbox.yaml").unwrap();
    let other = manifest.replace("aidbox", "other");
    let both = format!("{manifest}\n---\n{other}");
    let asks = predicate::str::contains("several Deployments").and(predicate::str::contains("--deployment aidbox"));
    estimate(&["-"]).write_stdin(both.clone()).assert().code(3).stderr(asks);
    let says = predicate::str::starts_with("other is available");
    estimate(&["-", "--deployment", "other"]).write_stdin(both).assert().success().stdout(says);
    estimate(&["nowhere.yaml"]).assert().code(3).stderr(predicate::str::contains("MANIFEST: nowhere.yaml"));
}
