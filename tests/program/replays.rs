//! `results.json` is a question, too: the run, its outages and any replication can be had from it again.

use std::path::Path;
use std::process::{Command, Output};

use hasim::experiment::trace;
use hasim::history::{Happening, OperationEnd, PodLife, Timeline, Who};
use hasim::results::{ExperimentResult, RevisionCounts, RolloutReplay};
use hasim::spec;
use hasim::study::Study;
use hasim::time::{Duration, SimTime};

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

/// Property: a rollout that is shown is one of its replication, its Pods are those of the log in each stretch of time, and any
/// number of threads finds the same one.
#[test]
fn the_rollouts_to_look_at_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = folder.path().join("releases.yaml");
    std::fs::write(&experiment, RELEASES.replace("MODELS", concat!(env!("CARGO_MANIFEST_DIR"), "/models"))).unwrap();
    let run = |threads: &str| {
        let args = ["run", "releases.yaml", "--threads", threads, "--quiet", "--out-dir", "."];
        assert!(hasim(folder.path(), &args).status.success());
        std::fs::read(folder.path().join("results.json")).unwrap()
    };
    assert!(run("1") == run("2"), "the same bytes");
    let result = result(folder.path());
    let study = spec::load_experiment(&experiment).unwrap().study;
    let shown: Vec<(&str, bool)> =
        result.rollouts.iter().map(|replay| (replay.scenario.as_str(), replay.rollback.is_some())).collect();
    assert_eq!(shown, [("rolling", false), ("recreate", false), ("rolling", true), ("recreate", true)]);
    for replay in &result.rollouts {
        let scenario = study.scenarios.iter().find(|scenario| scenario.name == replay.scenario).unwrap();
        let model = scenario.model_of(replay.replication);
        let timeline = trace(model, study.header.seed, replay.replication).timeline;
        assert_shows(replay, &timeline);
        let shown = &result.scenarios.iter().find(|scenario| scenario.name == replay.scenario).unwrap().operations;
        let median = shown.iter().next().unwrap().1.duration_s.p50.unwrap().value;
        assert!(replay.rollback.is_some() || (replay.took_s / median - 1.0).abs() < 0.25, "{} {median}", replay.took_s);
        let words = match &replay.rollback {
            Some(rollback) => {
                format!("rollout of revision {} begins, which is bad: {}", replay.revision, rollback.flaw)
            }
            None => format!("successfully rolled out: all Pods are of revision {}", replay.revision),
        };
        assert!(told_by_the_page(folder.path(), replay).contains(&words), "{words}");
    }
}

/// Half of the releases are bad.
const RELEASES: &str = "
apiVersion: hasim/v1
kind: Experiment
metadata: {name: releases}
spec:
  deployment: MODELS/deployments/aidbox.yaml
  app: MODELS/apps/jvm-service.yaml
  cluster: MODELS/clusters/three-zones.yaml
  operations:
    - name: release
      kind: rollout
      every: 2d
      bad: {share: 50%, kinds: [never-ready, crash-loop], noticed: {lognormal: {median: 15m, p95: 1h}}}
  objective: {minServing: 1, metric: availability, slo: 99.9%, window: 30d}
  horizon: 60d
  replications: 16
  seed: 42
  candidates:
    - {name: recreate, patch: {replicas: 3, strategy: {type: Recreate}}}
    - {name: rolling, patch: {replicas: 3, strategy.rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}}
  baseline: {candidate: recreate}
";

/// The counts of the replay are those of the log.
fn assert_shows(replay: &RolloutReplay, timeline: &Timeline) {
    let at = |secs: f64| timeline.counted_from + Duration::from_secs_f64(replay.begins_s + secs);
    let is_it = |began: SimTime| (began.as_secs_f64() - at(replay.rollout_from_s).as_secs_f64()).abs() < 1e-5;
    let rollout = timeline.rollouts.iter().find(|rollout| is_it(rollout.began)).unwrap();
    let wanted = if replay.rollback.is_some() { OperationEnd::RolledBack } else { OperationEnd::Complete };
    let took = rollout.ended_as(wanted).unwrap().since(rollout.began).as_secs_f64();
    assert!((took - replay.took_s).abs() < 1e-5 && rollout.revision + 1 == replay.revision);

    let ends = replay.pods.iter().skip(1).map(|next| next.at_s).chain([replay.lasts_s]);
    for (pods, end) in replay.pods.iter().zip(ends) {
        // What lasts less than the rounding has no middle.
        if end - pods.at_s < 1e-5 {
            continue;
        }
        let now = at(f64::midpoint(pods.at_s, end));
        let is_there = |pod: &PodLife| pod.created <= now && pod.gone.is_none_or(|gone| gone > now);
        let last = |number: usize, wanted: fn(Happening) -> Option<bool>| {
            let entries = timeline.entries.iter().filter(|entry| entry.at <= now && entry.who == Who::Pod(number));
            entries.rev().find_map(|entry| wanted(entry.what)).unwrap_or(false)
        };
        let mut expected = RevisionCounts { at_s: pods.at_s, ..RevisionCounts::default() };
        for (number, pod) in timeline.pods.iter().enumerate().filter(|(_, pod)| is_there(pod)) {
            let is_deleted = last(number, |what| matches!(what, Happening::PodDeleted { .. }).then_some(true));
            let is_ready = last(number, |what| match what {
                Happening::PodMet { .. } => Some(true),
                Happening::ReadyWritten { ready, .. } => Some(ready),
                _ => None,
            });
            *match (pod.revision >= rollout.revision, is_deleted, is_ready) {
                (true, true, _) => &mut expected.new_terminating,
                (false, true, _) => &mut expected.old_terminating,
                (true, false, true) => &mut expected.new_ready,
                (true, false, false) => &mut expected.new_not_ready,
                (false, false, true) => &mut expected.old_ready,
                (false, false, false) => &mut expected.old_not_ready,
            } += 1;
        }
        assert_eq!(*pods, expected, "{} at {}", replay.scenario, pods.at_s);
    }
    // It begins with the old revision alone, and ends with the one that stays.
    let (first, last) = (replay.pods[0], replay.pods[replay.pods.len() - 1]);
    assert_eq!(RevisionCounts { old_ready: replay.replicas, ..RevisionCounts::default() }, first);
    let stays = if replay.rollback.is_some() { last.old_ready } else { last.new_ready };
    assert_eq!(stays, replay.replicas);
    assert!(replay.failing.is_sorted_by(|a, b| a.to_s <= b.from_s));
}

/// What the command that the page gives for a rollout prints.
fn told_by_the_page(folder: &Path, replay: &RolloutReplay) -> String {
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    let (scenario, replication) = (&replay.scenario, format!("--replication {} ", replay.replication));
    let commands = page.split("<code>hasim trace").skip(1).map(|rest| rest.split("</code>").next().unwrap());
    let command = commands.map(|command| command.replace("&#39;", "'").replace("&#34;", "\""));
    let mut its = command.filter(|command| command.contains(scenario) && command.contains(&replication));
    let moment = |command: &String| command.contains("--rules") && command.contains(&clock(replay.begins_s));
    let command = its.find(moment).unwrap();
    let shell = format!("\"$HASIM\" trace{command}");
    let mut sh = Command::new("sh");
    let output =
        sh.current_dir(folder).env("HASIM", env!("CARGO_BIN_EXE_hasim")).args(["-c", &shell]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The time of the day, to the second.
fn clock(secs: f64) -> String {
    let secs = ((secs * 1e3).round() / 1e3) as u64;
    format!("{:02}:{:02}:{:02}", secs / 3_600 % 24, secs / 60 % 60, secs % 60)
}
