//! Process: an experiment on several Deployments, from its file to its answer and back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hasim::results::{Attribution, ExperimentResult, ScenarioResult};
use hasim::study::Metric;
use serde_json::Value;

/// An experiment on two Deployments, in four scenarios.
pub fn experiment(replications: u64) -> String {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let model = |name: &str| models.join(name).display().to_string();
    let (aidbox, app) = (model("deployments/aidbox.yaml"), model("apps/jvm-service.yaml"));
    let (cluster, cloud) = (model("clusters/three-zones.yaml"), model("faults/cloud.yaml"));
    format!(
        "apiVersion: hasim/v1
kind: Experiment
metadata: {{name: two}}
spec:
  deployments:
    - {{file: '{aidbox}', as: shop, objective: {{minServing: 2}}}}
    - {{file: '{aidbox}', as: auth, app: '{app}', container: main}}
  app: '{app}'
  cluster: '{cluster}'
  faults:
    - '{cloud}'
    - {{name: database, target: deployment, mode: error, every: 30d, lasts: 5m, deployments: [shop, auth], source: assumption}}
    - {{name: leak, target: container, mode: crash, every: 10d, deployments: auth, source: assumption}}
  script: [{{at: 5d, target: {{slot: 0}}, mode: crash, deployments: auth}}]
  objective: {{slo: 99.9%, system: {{all: [{{workload: shop, minServing: 1}}, auth]}}}}
  replications: {replications}
  seed: 7
  vary:
    deployments.shop.replicas: [2, 3]
    deployments.auth.app.startUp: [10s, 15s]
  baseline: {{deployments.shop.replicas: 2, deployments.auth.app.startUp: 10s}}
"
    )
}

fn hasim(folder: &Path, args: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_hasim")).current_dir(folder).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Every file with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                files.push((entry.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&entry).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// The folder of a run of the experiment.
fn run(replications: u64, more: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("two.yaml"), experiment(replications)).unwrap();
    hasim(folder.path(), &[&["run", "two.yaml", "--quiet", "--out-dir", "out"], more].concat());
    folder
}

/// Determinism: every byte of every file, whoever plays.
#[test]
fn the_number_of_threads_changes_no_byte_of_several_deployments() {
    let [one, three] = ["1", "3"].map(|threads| run(100, &["--threads", threads]));
    assert!(files(&one.path().join("out")) == files(&three.path().join("out")));
}

/// And whence: the results of a run are its question, with all that each Deployment has of its own.
#[test]
fn a_run_of_several_deployments_is_repeated_from_its_results() {
    let folder = run(64, &[]);
    hasim(folder.path(), &["run", "out/results.json", "--quiet", "--out-dir", "again"]);
    let [first, again] =
        ["out", "again"].map(|name| std::fs::read(folder.path().join(name).join("results.json")).unwrap());
    assert!(first == again, "the same bytes");
    // It is drawn again from them, and any replication is had from them.
    let before = files(&folder.path().join("out"));
    hasim(folder.path(), &["report", "out"]);
    assert!(files(&folder.path().join("out")) == before);
    let output = hasim(
        folder.path(),
        &[
            "trace",
            "out/results.json",
            "--scenario",
            "deployments.shop.replicas=2 deployments.auth.app.startUp=10s",
            "--from",
            "4d",
            "--to",
            "6d",
        ],
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("auth slot 0") || text.contains("auth 0.1"), "whose slot it is is named: {text}");
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn mean(scenario: &ScenarioResult, metric: Metric) -> f64 {
    scenario.estimates[metric].mean
}

/// Each Deployment has the fields of a scenario, and the system those that a scenario of one Deployment has; the parts of
/// every attribution add up to what is attributed.
#[test]
fn each_deployment_has_the_shape_of_a_scenario() {
    let folder = run(64, &[]);
    let bytes = std::fs::read(folder.path().join("out/results.json")).unwrap();
    let result: Value = serde_json::from_slice(&bytes).unwrap();
    let scenarios = result["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 4);
    for scenario in scenarios {
        let workloads = scenario["workloads"].as_array().unwrap();
        let names: Vec<&str> = workloads.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["shop", "auth"]);
        let mut expected = keys(scenario);
        expected.remove("workloads");
        expected.remove("without");
        expected.insert("missing_s_per_year");
        assert!(workloads.iter().all(|one| keys(one) == expected));
    }
    assert_eq!(result["objective"]["system"], "shop and auth");

    let result: ExperimentResult = serde_json::from_slice(&bytes).unwrap();
    for scenario in &result.scenarios {
        for one in scenario.workloads.iter().chain([scenario]) {
            let sum = |parts: &[Attribution]| parts.iter().map(|part| part.s_per_year).sum::<f64>();
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.max(1.0);
            assert!(near(sum(&one.downtime_attribution), mean(one, Metric::Downtime)), "{}", one.name);
            assert!(near(sum(&one.request_failure_attribution), mean(one, Metric::FailedRequests)), "{}", one.name);
        }
        let [shop, auth] = scenario.workloads.as_slice() else { panic!("two Deployments") };
        // Of shop the system needs one Pod, and it itself two, which of two replicas are all.
        if scenario.parameters["deployments.shop.replicas"] == 2 {
            assert!(mean(shop, Metric::Downtime) > mean(scenario, Metric::Downtime));
        }
        assert!(mean(scenario, Metric::Downtime) >= mean(auth, Metric::Downtime));
        assert!(mean(scenario, Metric::FailedRequests) >= mean(shop, Metric::FailedRequests));
    }
    // Differences are to the same Deployment of the baseline: that which nothing has changed of has nearly none.
    let of = |scenario: usize, which: usize| &result.scenarios[scenario].workloads[which];
    assert!(of(0, 0).difference_to_baseline.is_none());
    let more = of(2, 0).difference_to_baseline.as_ref().unwrap();
    assert!(more.downtime_s_per_year.mean < 0.0, "three replicas of which two must serve");
}

/// One Deployment in `deployment` has no such list: the shape of before.
#[test]
fn one_deployment_has_no_list_of_deployments() {
    let folder = tempfile::tempdir().unwrap();
    let text = experiment(4);
    let alone = text.lines().filter(|line| !line.contains("deployments") && !line.contains("as: ")).collect::<Vec<_>>();
    let aidbox = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/deployments/aidbox.yaml");
    let alone = alone
        .join("\n")
        .replace("  vary:", "")
        .replace("system: {all: [{workload: shop, minServing: 1}, auth]}", "minServing: 1");
    let alone = alone.replace("spec:\n", &format!("spec:\n  deployment: '{}'\n", aidbox.display()));
    std::fs::write(folder.path().join("one.yaml"), alone).unwrap();
    hasim(folder.path(), &["run", "one.yaml", "--quiet", "--out-dir", "out"]);
    let result: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("out/results.json")).unwrap()).unwrap();
    assert!(result["scenarios"][0].get("workloads").is_none() && result["objective"].get("system").is_none());
}
