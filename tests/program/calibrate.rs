//! Process: from counts to a fault model, and from that to an answer.

use assert_cmd::Command;
use predicates::prelude::*;

fn hasim(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(args);
    command
}

fn file(folder: &tempfile::TempDir, name: &str, incidents: &str) -> String {
    let path = folder.path().join(name);
    let head = "apiVersion: hasim/v1\nkind: Incidents\nmetadata: {name: ours}\nspec:\n  source: \"the log: July\"\n  watched: 90d\n  replicas: 3\n  nodes: 6\n  zones: 3\n  incidents:\n";
    std::fs::write(&path, format!("{head}{incidents}")).unwrap();
    path.display().to_string()
}

fn calibrated(files: &[&str]) -> String {
    let output = hasim(&[&["calibrate"], files].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Rule: 31 crashes in 90 days of 3 replicas are 42.6 a year and replica, 95 %: 29.0 to 58.7. What comes out is a fault model to
/// use at once: it takes the place of the library's crash, the other faults stay, and the answer tells what not knowing makes of it.
#[test]
fn counts_become_a_fault_model_to_use() {
    let folder = tempfile::tempdir().unwrap();
    let incidents = file(&folder, "incidents.yaml", "    - {name: container-crash, count: 31}\n");
    let model = calibrated(&[&incidents]);
    for part in [
        "# Written by hasim",
        "name: container-crash\n      target: container\n      mode: crash\n",
        "# 42.6 a year and replica (95 % 29.0 to 58.7), from 31 in 270 replica-days",
        "shape: 31.5\n",
        "mean: 42.5833\n",
        "the log: July",
    ] {
        assert!(model.contains(part), "{part}: {model}");
    }
    let ours = folder.path().join("ours.yaml");
    std::fs::write(&ours, &model).unwrap();
    hasim(&["check", ours.to_str().unwrap()]).assert().success().stdout(predicate::str::contains("no errors"));

    let manifest = "models/deployments/aidbox.yaml";
    let args = [
        "estimate",
        manifest,
        "--faults",
        ours.to_str().unwrap(),
        "--quiet",
        "--output",
        "json",
        "--replications",
        "256",
    ];
    let output = hasim(&args).output().unwrap();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let crash = result["faults"].as_array().unwrap().iter().find(|fault| fault["name"] == "container-crash").unwrap();
    // The median of the rate, 42.13 a year.
    assert!((crash["every_mean_s"].as_f64().unwrap() / (31_536_000.0 / 42.133) - 1.0).abs() < 1e-3, "{crash}");
    assert!(crash["source"].as_str().unwrap().contains("the log: July"), "{crash}");
    assert!(result["faults"].as_array().unwrap().iter().any(|fault| fault["name"] == "zone-outage"));
    let scenario = &result["scenarios"][0];
    // 8 draws of 32 replications, each as often as the others.
    assert_eq!((&scenario["uncertainty"]["draws"], &scenario["replications"]), (&8.into(), &256.into()));
    let assumed = |about: &str| {
        let found = result["assumptions"].as_array().unwrap().iter().find(|one| one["about"] == about);
        found.map_or(Vec::new(), |one| one["names"].as_array().unwrap().clone())
    };
    assert_eq!(assumed("container_faults"), ["container-hang", "container-pause"]);
}

/// Rule: none seen is not never: an upper bound and a median, both said, and a law to draw from.
#[test]
fn none_seen_is_a_bound_and_a_median() {
    let folder = tempfile::tempdir().unwrap();
    let incidents = file(&folder, "incidents.yaml", "    - {name: zone-outage, count: 0}\n");
    let output = hasim(&["calibrate", &incidents]).output().unwrap();
    let (model, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    // Half of the chi-square quantiles with one degree of freedom (5.024 and 0.455) over 0.74 zone-years.
    let said = "at most 3.4 a year and zone (97.5 %), with a median of 0.31, as none was seen in 270 zone-days";
    assert!(model.contains(said) && notes.contains(said), "{model}{notes}");
    assert!(model.contains("shape: 0.5\n"), "{model}");
    // It lasts as long as the library assumes.
    assert!(model.contains("median: 1.88h\n"), "{model}");
}

/// Rule: durations go through the same fit as `hasim fit`, from the file or from a table, and few of them get the simplest law.
#[test]
fn durations_become_laws() {
    let folder = tempfile::tempdir().unwrap();
    let table = "duration,censored\n40s,0\n55s,0\n2m,0\n3m,0\n270s,0\n7m,0\n26m,0\n30m,1\n";
    std::fs::write(folder.path().join("outages.csv"), table).unwrap();
    let values = "{values: [40s, 55s, 2m, 3m, 270s, 7m, 26m], ongoing: [30m]}";
    let inline = file(&folder, "inline.yaml", &format!("    - {{name: dependency-error, lasts: {values}}}\n"));
    let from_table = file(&folder, "table.yaml", "    - {name: dependency-error, lasts: {file: outages.csv}}\n");
    let lasts = |model: &str| model.split_once("lasts:\n").unwrap().1.split_once("source:").unwrap().0.to_owned();
    let (inline, from_table) = (lasts(&calibrated(&[&inline])), lasts(&calibrated(&[&from_table])));
    assert_eq!(inline, from_table);
    let fit =
        hasim(&["fit", folder.path().join("outages.csv").to_str().unwrap(), "--output", "json"]).output().unwrap();
    let fit: serde_json::Value = serde_json::from_slice(&fit.stdout).unwrap();
    let best = fit["laws"][0]["yaml"].as_str().unwrap();
    for word in best.split(['{', '}', ',']).map(str::trim).filter(|word| !word.is_empty()) {
        assert!(inline.contains(word.trim_end_matches(':')), "{word} of {best}: {inline}");
    }
    assert!(inline.contains("fits 7 durations and 1 that had not ended best"), "{inline}");

    let few = file(&folder, "few.yaml", "    - {name: node-crash, lasts: {values: [4m, 9m]}}\n");
    let few = lasts(&calibrated(&[&few]));
    assert!(few.contains("exponential:\n          mean: 6.5m") && few.contains("nearly every law fits"), "{few}");
}

/// Rule: counts of the same fault in several files add up; one name for two faults is refused.
#[test]
fn several_files_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let one = file(&folder, "one.yaml", "    - {name: container-crash, count: 11}\n");
    let other =
        file(&folder, "other.yaml", "    - {name: container-crash, count: 20}\n    - {name: node-crash, count: 1}\n");
    let model = calibrated(&[&one, &other]);
    assert!(model.contains("from 31 in 540 replica-days") && model.contains("name: node-crash"), "{model}");
    let odd = file(&folder, "odd.yaml", "    - {name: container-crash, target: container, mode: hang, count: 1}\n");
    let says = predicate::str::contains("container-crash is not the same in all files");
    hasim(&["calibrate", &one, &odd]).assert().code(3).stderr(says);
}

#[test]
fn wrong_files_are_located() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = file(&folder, "wrong.yaml", "    - {name: container-crash, count: -1}\n");
    let says = predicate::str::contains("wrong.yaml:11:38: spec.incidents[0].count: is -1, must be at least 0");
    hasim(&["calibrate", &wrong]).assert().code(3).stdout("").stderr(says);
    let says = predicate::str::contains("must be Incidents");
    hasim(&["calibrate", "models/faults/cloud.yaml"]).assert().code(3).stderr(says);
    hasim(&["calibrate", "nowhere.yaml"]).assert().code(3).stderr(predicate::str::contains("nowhere.yaml"));
    hasim(&["calibrate"]).assert().code(2);
    hasim(&["calibrate", "-"])
        .write_stdin("kind: [")
        .assert()
        .code(3)
        .stderr(predicate::str::contains("panicked").not());
}

/// What others have counted is told by its content, also on standard input, and becomes a fault model to use.
#[test]
fn counters_and_events_become_a_fault_model() {
    let series = |pod: &str, last: u32| {
        let metric = format!(
            "{{\"__name__\":\"kube_pod_container_status_restarts_total\",\"namespace\":\"shop\",\"pod\":\"{pod}\",\"container\":\"web\"}}"
        );
        format!("{{\"metric\":{metric},\"values\":[[1785542400,\"0\"],[1788134400,\"{last}\"]]}}")
    };
    let all = [series("a", 3), series("b", 2), series("c", 0)].join(",");
    let answer = format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{all}]}}}}");
    let output = hasim(&["calibrate", "-"]).write_stdin(answer.clone()).output().unwrap();
    let (model, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(model.contains("name: container-crash") && model.contains("from 5 in 90 replica-days"), "{model}{told}");
    assert!(told.contains("<stdin>:1:") && told.contains("are no restarts"), "{told}");
    hasim(&["check", "-"]).write_stdin(model).assert().success();
    // Counts of the same fault add up, whoever counted.
    let folder = tempfile::tempdir().unwrap();
    let own = file(&folder, "own.yaml", "    - {name: container-crash, count: 4}\n");
    let path = folder.path().join("restarts.json");
    std::fs::write(&path, &answer).unwrap();
    let model = calibrated(&[&own, path.to_str().unwrap()]);
    assert!(model.contains("from 9 in 360 replica-days"), "{model}");
    let events = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\
        {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"reason\":\"Pulled\",\"lastTimestamp\":\"2026-11-29T20:00:00Z\",\"metadata\":{\"uid\":\"1\"}},\
        {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"reason\":\"NodeNotReady\",\"lastTimestamp\":\"2026-11-29T21:00:00Z\",\
        \"metadata\":{\"uid\":\"2\"},\"involvedObject\":{\"kind\":\"Node\",\"name\":\"n1\"}}]}";
    let says = predicate::str::contains("name: node-crash").and(predicate::str::contains("from 1 in 0.25 Node-days"));
    hasim(&["calibrate", "-", "--nodes", "6"]).write_stdin(events).assert().success().stdout(says);
    let says = predicate::str::contains("--nodes $(kubectl get nodes -o name | wc -l)");
    hasim(&["calibrate", "-"]).write_stdin(events).assert().code(3).stdout("").stderr(says);
}
