//! Process: an experiment with traffic is played again from its results, on any number of threads and in shards, to the same bytes; and
//! says what comes and what is refused.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn hasim(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
    command.current_dir(folder).env("COLUMNS", "100").args(args).output().unwrap()
}

/// Two Pods of the shop of 60 requests a second each, in the evening of a week that brings more; a candidate has half of the traffic.
fn experiment(folder: &Path) {
    let root = env!("CARGO_MANIFEST_DIR");
    let traffic = fs::read_to_string(Path::new(root).join("examples/shop/traffic.yaml")).unwrap();
    fs::write(folder.join("traffic.yaml"), &traffic).unwrap();
    fs::write(folder.join("half.yaml"), traffic.replace("rate: 60", "rate: 30")).unwrap();
    let text = format!(
        "apiVersion: hasim/v1
kind: Experiment
metadata: {{name: evening}}
spec:
  deployment: '{root}/models/deployments/aidbox.yaml'
  app: '{root}/examples/shop/app.yaml'
  cluster: '{root}/models/clusters/three-zones.yaml'
  traffic: traffic.yaml
  faults: [{{name: crash, target: container, mode: crash, every: {{exponential: {{mean: 3d}}}}, source: assumption}}]
  objective: {{metric: request_success, slo: 99%, window: 7d}}
  horizon: 28d
  replications: 40
  candidates: [{{name: whole}}, {{name: half, traffic: half.yaml}}]
"
    );
    fs::write(folder.join("evening.yaml"), text).unwrap();
}

#[test]
fn an_experiment_with_traffic_is_played_again_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    experiment(folder.path());
    let done = |args: &[&str]| {
        let output = hasim(folder.path(), args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = done(&["run", "evening.yaml", "--threads", "2", "--out-dir", "whole"]);
    let (whole, said) = (fs::read(folder.path().join("whole/results.json")).unwrap(), said.replace('\n', " "));
    let results = |name: &str| fs::read(folder.path().join(name).join("results.json")).unwrap();
    done(&["run", "evening.yaml", "--threads", "1", "--out-dir", "one"]);
    assert!(results("one") == whole, "on one thread");
    // Its files may be gone by then.
    fs::remove_file(folder.path().join("half.yaml")).unwrap();
    for shard in 0..2 {
        let (number, out) = (format!("{shard}/2"), format!("part-{shard}"));
        done(&["run", "whole/results.json", "--shard", &number, "--out-dir", &out]);
    }
    done(&["merge", "part-0", "part-1", "--out-dir", "merged"]);
    assert!(results("merged") == whole, "in shards, from its results");

    assert!(said.contains("of what 2 Pods take, 135 % of what one less takes"), "{said}");
    assert!(said.contains("of them as more came than the Pods in rotation could take"), "{said}");
    assert!(folder.path().join("whole/charts/load.svg").exists());
    let result: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    let [load, half] = [0, 1].map(|scenario| &result["scenarios"][scenario]["load"]);
    assert!(load["shed_per_year"]["mean"].as_f64() > half["shed_per_year"]["mean"].as_f64(), "{load} {half}");
    assert_eq!(half["mean_rate"], 30.0);
    let overload = |scenario: usize| {
        let parts = result["scenarios"][scenario]["request_failure_attribution"].as_array().unwrap();
        parts.iter().any(|part| part["fault"] == "overload")
    };
    assert_eq!([0, 1].map(overload), [true, false]);
}

/// What fails is a part of what comes, however short a run is: all of it where all fails, at any hour.
#[test]
fn a_rehearsal_in_which_all_fails_loses_all() {
    let folder = tempfile::tempdir().unwrap();
    experiment(folder.path());
    let text = fs::read_to_string(folder.path().join("evening.yaml")).unwrap();
    let begin = text.find("  faults:").unwrap();
    let script = "  faults: []
  script: [{name: all, at: 0s, target: deployment, mode: error, lasts: 30m, affects: [requests]}]
  objective: {metric: request_success, slo: 99%, window: 30m}
  horizon: 30m
  warmUp: 1h
  replications: 1
";
    fs::write(folder.path().join("evening.yaml"), format!("{}{script}", &text[..begin])).unwrap();
    for seed in ["1", "2", "3"] {
        let output = hasim(folder.path(), &["run", "evening.yaml", "--seed", seed, "--out-dir", "out"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let result: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.path().join("out/results.json")).unwrap()).unwrap();
        assert_eq!(result["scenarios"][0]["request_success"]["mean"], 0.0, "seed {seed}");
        assert!(said.replace('\n', " ").contains("requests fail a run"), "{said}");
    }
}
