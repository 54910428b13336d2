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

/// A Deployment whose Pod has these fields and whose container has these.
fn web(pod: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 2\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
         spec: {{{pod}containers: [{{name: side, image: 'side:1'}}, {{name: web, image: 'web:1', ports: [{{name: http, \
         containerPort: 8080}}], {container}}}]}}\n"
    )
}

/// What no Node takes has no answer but the scheduler's words, unless it is to be played all the same.
#[test]
fn unplaceable_replicas_end_with_the_schedulers_words() {
    let selecting = web("nodeSelector: {disktype: ssd}, ", "readinessProbe: {httpGet: {port: http}}");
    let words =
        predicate::str::contains("0/6 nodes are available: 6 node(s) didn't match Pod's node affinity/selector.")
            .and(predicate::str::contains("no Node has the label disktype: ssd"));
    estimate(&["-"]).write_stdin(selecting.clone()).assert().code(3).stdout("").stderr(words);
    let says = predicate::str::contains("is available 0.00 %").and(predicate::str::contains("† no Node takes some"));
    estimate(&["-", "--allow-pending"]).write_stdin(selecting).assert().success().stdout(says);
    let arch = web("nodeSelector: {kubernetes.io/arch: amd64}, ", "readinessProbe: {httpGet: {port: http}}");
    estimate(&["-"]).write_stdin(arch).assert().success();
}

#[test]
fn port_name_missing_ends_before_anything_is_played() {
    let wrong = web("", "readinessProbe: {httpGet: {port: htpp}}");
    let words =
        predicate::str::contains("so the Pod is never Ready").and(predicate::str::contains("did you mean `http`?"));
    estimate(&["-"]).write_stdin(wrong).assert().code(3).stdout("").stderr(words);
}

#[test]
fn sidecar_first_is_told_and_another_container_is_named() {
    let manifest =
        web("", "readinessProbe: {httpGet: {port: http}}, livenessProbe: {httpGet: {port: http}, failureThreshold: 6}");
    let told = |name: &str| predicate::str::contains(format!("`{name}` is the container that is played"));
    let plays = predicate::str::starts_with("web is available 99.9");
    estimate(&["-"]).write_stdin(manifest.clone()).assert().success().stderr(told("web")).stdout(plays);
    let plays = predicate::str::starts_with("web is available 99.9").not();
    estimate(&["-", "--container", "side"])
        .write_stdin(manifest.clone())
        .assert()
        .success()
        .stderr(told("side"))
        .stdout(plays);
    let unknown = predicate::str::contains("must be a container of web: side, web");
    estimate(&["-", "--container", "sid"]).write_stdin(manifest).assert().code(3).stderr(unknown);
}
