//! Process: `hasim trace --outage longest` tells the longest outage of the run, not of one replication.

use std::path::Path;
use std::process::{Command, Output};

use hasim::results::{ExperimentResult, OutageExample};

fn hasim(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hasim")).current_dir(folder).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An experiment over shipped files, with what follows in its `spec`.
fn experiment(folder: &Path, rest: &str) {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = format!(
        "apiVersion: hasim/v1
kind: Experiment
metadata: {{name: longest}}
spec:
  deployment: '{root}/models/deployments/aidbox.yaml'
  app: '{root}/models/apps/jvm-service.yaml'
  cluster: '{root}/models/clusters/three-zones.yaml'
  horizon: 90d
{rest}"
    );
    std::fs::write(folder.join("experiment.yaml"), text).unwrap();
}

/// What everything depends on fails now and then.
const ERRORS: &str = "  faults:
    - {name: errors, target: deployment, mode: error, every: {exponential: {mean: 40d}},
       lasts: {lognormal: {median: 60s, p95: 10m}}, source: assumption}
";

/// Runs the experiment into `out` and gives the longest outage of the named scenario.
fn longest(folder: &Path, scenario: usize) -> (ExperimentResult, OutageExample) {
    let output = hasim(folder, &["run", "experiment.yaml", "--quiet", "--out-dir", "out"]);
    assert!(output.status.success(), "{output:?}");
    let result: ExperimentResult =
        serde_json::from_slice(&std::fs::read(folder.join("out/results.json")).unwrap()).unwrap();
    let examples = &result.scenarios[scenario].outage_examples;
    let longest = examples.iter().find(|example| example.statistic == "max").unwrap().clone();
    (result, longest)
}

#[test]
fn it_is_that_of_the_results_and_is_found_by_playing_without_them() {
    let folder = tempfile::tempdir().unwrap();
    experiment(
        folder.path(),
        &(ERRORS.to_owned()
            + "  replications: 128
  seed: 5
  vary: {replicas: [2, 3]}
  baseline: {replicas: 2}
"),
    );
    let (result, outage) = longest(folder.path(), 1);
    assert!(outage.replication > 0, "the longest is in another replication than the first: {outage:?}");
    let scenario = format!("--scenario={}", result.scenarios[1].name);
    let [replication, number] = [outage.replication, outage.number].map(|n| n.to_string());
    let named = ["trace", "experiment.yaml", &scenario, "--replication", &replication, "--outage", &number];
    let wanted = text(&hasim(folder.path(), &named).stdout);
    assert!(wanted.contains("the outage is over"), "{wanted}");
    for given in ["experiment.yaml", "out/results.json"] {
        let found = hasim(folder.path(), &["trace", given, &scenario, "--outage", "longest"]);
        assert!(text(&found.stdout) == wanted, "{given}: {}", text(&found.stdout));
        let note = format!("the longest outage of the run: replication {replication}, outage {number}");
        assert!(text(&found.stderr).contains(&note), "{}", text(&found.stderr));
    }
    // Of one replication, if it is named; and of another run under another seed.
    let one = ["trace", "out/results.json", &scenario, "--replication", "0", "--outage", "longest"];
    assert!(text(&hasim(folder.path(), &one).stdout) != wanted);
    let other = hasim(folder.path(), &["trace", "out/results.json", &scenario, "--outage", "longest", "--seed", "6"]);
    assert!(other.status.success() && text(&other.stdout) != wanted);
}

/// With a precision the baseline is played for as long as any other scenario, and found with them.
#[test]
fn it_is_found_whenever_the_run_ends() {
    let folder = tempfile::tempdir().unwrap();
    experiment(
        folder.path(),
        &(ERRORS.to_owned()
            + "  precision: {metric: availability, relative: 20%, maxReplications: 512}
  vary: {livenessProbe.failureThreshold: [4, 40]}
  baseline: {livenessProbe.failureThreshold: 4}
"),
    );
    let (result, _) = longest(folder.path(), 0);
    for scenario in &result.scenarios {
        let outage = scenario.outage_examples.iter().find(|example| example.statistic == "max").unwrap();
        let named = format!("--scenario={}", scenario.name);
        let found = hasim(folder.path(), &["trace", "experiment.yaml", &named, "--outage", "longest"]);
        let note = format!("replication {}, outage {}", outage.replication, outage.number);
        assert!(text(&found.stderr).contains(&note), "{note}: {}", text(&found.stderr));
    }
}

/// An outage that never ends is longer than any, and one that never began is said to be missing.
#[test]
fn an_outage_without_an_end_is_the_longest() {
    let folder = tempfile::tempdir().unwrap();
    let hang = "    - {name: hang, target: deployment, mode: hang, every: {exponential: {mean: 300d}},
       lasts: {mixture: [{weight: 1, fixed: 40d}, {weight: 1, fixed: 3y}]}, affects: [requests], source: assumption}
";
    experiment(folder.path(), &format!("  faults:\n{hang}  replications: 64\n  seed: 5\n"));
    let (result, outage) = longest(folder.path(), 0);
    assert!(result.scenarios[0].time_to_recovery_s.censored > 0 && outage.without_end, "{outage:?}");
    assert!(outage.length_s >= 90.0 * 86_400.0, "it was followed for a horizon: {}", outage.length_s);
    let told = text(&hasim(folder.path(), &["trace", "out/results.json", "--outage", "longest"]).stdout);
    assert!(told.contains("OUTAGE") && !told.contains("the outage is over"), "{told}");
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(
        page.contains(" has no end after ") && page.contains(": hang strikes all its Pods at once"),
        "the page says so"
    );

    experiment(folder.path(), "  faults: []\n  replications: 64\n");
    let none = hasim(folder.path(), &["trace", "experiment.yaml", "--outage", "longest"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("no outage in 64 replications of 'longest'"), "{}", text(&none.stderr));
}

/// Of an outage that never ends, the page and `results.json` have the beginning, where it begins in the whole replication, and say
/// that it went on.
#[test]
fn one_without_an_end_is_replayed_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    experiment(
        folder.path(),
        "  candidates: [{name: one, patch: {replicas: 1, livenessProbe: null}}]
  script: [{name: hang, at: 20d, mode: hang, target: {slot: 0}}]
  replications: 32
",
    );
    let (result, outage) = longest(folder.path(), 0);
    assert!(outage.without_end && outage.length_s > 159.0 * 86_400.0, "{outage:?}");
    let replay = result.replays.iter().find(|replay| replay.outage == outage).unwrap();
    let cut = replay.cut.as_deref().unwrap();
    assert!(cut.starts_with("The outage had not ended after ") && cut.contains(" of it are shown"), "{cut}");
    let began = replay.begins_s + replay.outage_from_s;
    assert!((began - 20.0 * 86_400.0).abs() < 60.0, "{began}");
    assert!(replay.lasts_s < 30.0 * 86_400.0, "{}", replay.lasts_s);
}
