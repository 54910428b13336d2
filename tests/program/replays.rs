//! `results.json` is a question, too: the run, its outages and any replication can be had from it again.

use std::path::Path;
use std::process::{Command, Output};

use hasim::experiment::trace;
use hasim::results::ExperimentResult;
use hasim::spec;
use hasim::study::Study;

fn hasim(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hasim")).current_dir(folder).args(args).output().unwrap()
}

fn result(folder: &Path) -> ExperimentResult {
    serde_json::from_slice(&std::fs::read(folder.join("results.json")).unwrap()).unwrap()
}

/// Property: the inputs of a result make the same models as the files they are from.
#[test]
fn every_shipped_experiment_is_the_same_from_its_inputs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut experiments = 0;
    for file in files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let study = spec::load_experiment(&file).unwrap().study;
        let again = spec::load_inputs(&study.header.inputs, &file, spec::Overrides::default())
            .unwrap_or_else(|report| panic!("{}: {report}", file.display()))
            .study;
        assert!(again.header.inputs == study.header.inputs, "{}", file.display());
        let settings = |study: &Study| {
            (
                study.header.name.clone(),
                study.header.seed,
                study.header.stopping,
                study.header.goals.clone(),
                study.header.varied.clone(),
                study.header.baseline,
            )
        };
        assert_eq!(settings(&again), settings(&study));
        for (ours, theirs) in again.scenarios.iter().zip(&study.scenarios) {
            assert!(format!("{ours:?}") == format!("{theirs:?}"), "{}: {}", file.display(), ours.name);
        }
        experiments += 1;
    }
    assert!(experiments >= 7);
}

/// Process: a run is repeated from its results, with what was said on the command line.
#[test]
fn a_run_is_repeated_from_its_results() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/probe-thresholds.yaml");
    let args =
        ["run", experiment.to_str().unwrap(), "--seed", "5", "--replications", "64", "--quiet", "--out-dir", "a"];
    assert!(hasim(folder.path(), &args).status.success());
    let args = ["run", "a/results.json", "--quiet", "--out-dir", "b"];
    assert!(hasim(folder.path(), &args).status.success());
    let [first, second] = ["a", "b"].map(|name| std::fs::read(folder.path().join(name).join("results.json")).unwrap());
    assert!(first == second, "the same bytes");

    // Another version's replications may be others, and it is said.
    let mut older: serde_json::Value = serde_json::from_slice(&first).unwrap();
    older["version"] = serde_json::json!("0.0.9");
    std::fs::write(folder.path().join("older.json"), older.to_string()).unwrap();
    let output = hasim(folder.path(), &["trace", "older.json", "--to", "1h"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("was written by hasim 0.0.9"), "{said}");
    // A folder is no experiment, but what it holds may be; and what is no result is not shown as one.
    let said = hasim(folder.path(), &["trace", "a"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("did you mean a/results.json?"), "{said:?}");
    older["kind"] = serde_json::json!("Experiment");
    std::fs::create_dir(folder.path().join("c")).unwrap();
    std::fs::write(folder.path().join("c/results.json"), older.to_string()).unwrap();
    let said = hasim(folder.path(), &["report", "c"]);
    assert_eq!(said.status.code(), Some(3), "{said:?}");
    assert!(String::from_utf8_lossy(&said.stderr).contains("its kind is Experiment, must be Results"), "{said:?}");

    // Damaged inputs are bad input, not a panic.
    let mut damaged: serde_json::Value = serde_json::from_slice(&first).unwrap();
    damaged["inputs"]["app"] = serde_json::json!(7);
    std::fs::write(folder.path().join("damaged.json"), damaged.to_string()).unwrap();
    damaged["inputs"] = serde_json::json!([]);
    std::fs::write(folder.path().join("empty.json"), damaged.to_string()).unwrap();
    for name in ["damaged.json", "empty.json"] {
        let output = hasim(folder.path(), &["run", name]);
        assert_eq!(output.status.code(), Some(3), "{name}: {output:?}");
    }
}

/// Property: an example is where the result says, and as long; and what is kept of it holds that outage.
#[test]
fn the_outages_to_look_at_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/aidbox.yaml");
    let args = ["run", experiment.to_str().unwrap(), "--replications", "64", "--quiet", "--out-dir", "."];
    assert!(hasim(folder.path(), &args).status.success());
    let result = result(folder.path());
    let study = spec::load_experiment(&experiment).unwrap().study;
    let scenario = &result.scenarios[0];
    assert_eq!(scenario.outage_examples.len(), 3);
    for example in &scenario.outage_examples {
        let trace = trace(study.scenarios[0].model_of(example.replication), study.header.seed, example.replication);
        let outage = trace.timeline.counted_outages().nth(example.number as usize - 1).unwrap();
        let length = outage.ended.unwrap().since(outage.began).as_secs_f64();
        assert!((length - example.length_s).abs() < 1e-6, "{length}: {example:?}");
    }
    let of = |statistic: &str| scenario.outage_examples.iter().find(|example| example.statistic == statistic).unwrap();
    let distribution = &scenario.time_to_recovery_s;
    assert_eq!(Some(of("max").length_s), distribution.max);
    for (statistic, quantile) in [("p50", distribution.p50), ("p95", distribution.p95)] {
        let quantile = quantile.unwrap().value;
        assert!((of(statistic).length_s - quantile).abs() <= 0.03 * quantile, "{statistic}: {quantile}");
    }
    let [longest, median] = result.replays.as_slice() else { panic!("{} replays", result.replays.len()) };
    assert_eq!((longest.outage.statistic.as_str(), median.outage.statistic.as_str()), ("max", "p50"));
    let service = &median.lanes[0];
    assert_eq!(service.name, "service");
    let down = service.spans.iter().find(|span| span.words.starts_with("0 of")).unwrap();
    assert!((down.from_s - median.outage_from_s).abs() < 0.002);
    assert!((down.to_s - down.from_s - median.outage.length_s).abs() < 0.002);
    // The command of the page tells the same outage.
    let (replication, number) = (median.outage.replication.to_string(), median.outage.number.to_string());
    let args = ["trace", "results.json", "--replication", &replication, "--outage", &number];
    let told = String::from_utf8(hasim(folder.path(), &args).stdout).unwrap();
    assert!(told.contains("OUTAGE: no Pod serves in rotation") && told.contains("the outage is over"), "{told}");
}
