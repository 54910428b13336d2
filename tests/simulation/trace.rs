//! `hasim trace`: a replication told line by line. `UPDATE_DOCS=1 cargo test --release --test simulation` writes what docs/trace.md shows.

use crate::common;
use assert_cmd::Command;
use hasim::experiment::trace;
use hasim::history::Timeline;
use hasim::model::{Model, NodeMode, OnSigterm, Strikes};
use hasim::random::Law;
use hasim::report::timeline::{Excerpt, render};
use hasim::time::{Duration, SimTime};
use predicates::prelude::*;
use predicates::str::contains;

fn hasim() -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// A reference Pod that is struck about once an hour.
fn struck(name: &str, strikes: Strikes, lasts: Option<f64>) -> Model {
    let lasts = lasts.map(|lasts| Law::fixed(lasts).unwrap());
    let mut model = common::reference();
    common::redeploy(&mut model, 1, 3, 2, false);
    model.app_mut().start_up = Law::fixed(12.0).unwrap();
    model.app_mut().on_sigterm = OnSigterm::Exits(Law::fixed(0.3).unwrap());
    model.faults = vec![common::fault(name, strikes, Law::fixed(3600.0).unwrap(), lasts)].into();
    model.warm_up = Duration::ZERO;
    model.horizon = common::secs(7200.0);
    model
}

fn around(timeline: &Timeline, before: f64, after: f64) -> (SimTime, SimTime) {
    let outage = timeline.outages[0];
    let from = outage.began.as_nanos() - common::secs(before).as_nanos();
    (SimTime::from_nanos(from), outage.ended.unwrap() + common::secs(after))
}

fn text(model: &Model, each_probe: bool) -> String {
    let timeline = trace(model, 1, 0).timeline;
    let (from, to) = around(&timeline, 12.0, 12.0);
    let excerpt = Excerpt { from, to, each_probe, rules: true };
    anstream::adapter::strip_str(&render(&timeline, model, excerpt)).to_string()
}

/// Snapshot: fault, each probe with its verdict, readiness loss, endpoint removal, kill, exit, restart, first success,
/// Ready, in rotation.
#[test]
fn snapshot_of_a_hang() {
    insta::assert_snapshot!(text(&struck("hang", common::HANG, None), false));
}

/// Snapshot: the same story with every probe and every trigger.
#[test]
fn snapshot_of_a_crash_with_each_probe() {
    insta::assert_snapshot!(text(&struck("crash", common::CRASH, None), true));
}

/// Snapshot: a Node dies, its Pod is evicted and replaced; the machine comes back.
#[test]
fn snapshot_of_a_node_crash() {
    let strikes = Strikes::Node(NodeMode::Crash);
    insta::assert_snapshot!(text(&struck("node-crash", strikes, Some(600.0)), false));
}

/// A panic keeps what was written before.
#[test]
fn a_panic_is_part_of_the_trace() {
    let mut model = struck("hang", common::HANG, None);
    model.workload_mut().pod.main_mut().liveness.as_mut().unwrap().period = Duration::ZERO;
    let trace = trace(&model, 1, 0);
    assert!(trace.panicked.is_some_and(|message| message.contains("period")));
}

/// Process: an outage, with its rules.
#[test]
fn the_longest_outage_is_shown_from_before_the_fault_to_after_the_recovery() {
    let args = ["trace", "experiments/aidbox.yaml", "--replication", "0", "--outage", "longest", "--rules"];
    let output = hasim().args(args).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is missing from\n{text}"));
    let story =
        ["outages, the longest", "is on ", "FAULT", "OUTAGE", "READINESS LOST", "RECOVERED", "the outage is over"];
    let places: Vec<usize> = story.into_iter().map(place).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("(P16, P18)"));
}

/// Process: a year of healthy probes does not flood the terminal, and all of it is there if asked for.
#[test]
fn quiet_probes_are_summed_up() {
    let args = ["trace", "experiments/aidbox.yaml", "--from", "0s", "--to", "1h", "--quiet"];
    let lines = |more: &[&str]| {
        let output = hasim().args(args).args(more).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    assert!(lines(&[]) < 20);
    assert!(lines(&["--probes"]) > 2 * 2 * 700);
}

/// Process: what cannot be shown says why, and what to do.
#[test]
fn wrong_use_says_what_there_is() {
    let trace = |args: &[&str]| hasim().arg("trace").args(args).assert();
    let grid = "experiments/probe-thresholds.yaml";
    trace(&[grid, "--scenario", "nothing"])
        .code(2)
        .stderr(contains("no scenario 'nothing'").and(contains("failureThreshold")));
    trace(&["experiments/aidbox.yaml", "--outage", "9999"]).code(2).stderr(contains("outages only"));
    trace(&["experiments/aidbox.yaml", "--from", "noon"]).code(2).stderr(contains("+12d 03:04:05.678"));
    trace(&["experiments/aidbox.yaml", "--from", "2d", "--to", "1d"])
        .code(2)
        .stderr(contains("--from must lie before"));
    trace(&["experiments/aidbox.yaml", "--outage", "1", "--from", "2d"]).code(2);
    trace(&["experiments/aidbx.yaml"]).code(3).stderr(contains("did you mean experiments/aidbox.yaml?"));
}

/// Process: the document is run. Each of its commands prints what the document shows.
#[test]
fn the_document_shows_what_its_commands_print() {
    let document = std::fs::read_to_string("docs/trace.md").unwrap();
    let mut parts = document.split("```console\n$ hasim ");
    let mut run = parts.next().unwrap().to_owned();
    let mut commands = 0;
    for part in parts {
        let (command, rest) = part.split_once('\n').unwrap();
        let (_, rest) = rest.split_once("```\n").unwrap();
        let output = hasim().args(command.split(' ')).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        run += &format!("```console\n$ hasim {command}\n{printed}```\n{rest}");
        commands += 1;
    }
    assert_eq!(commands, 2);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write("docs/trace.md", run).unwrap();
        return;
    }
    assert!(
        document == run,
        "`UPDATE_DOCS=1 cargo test --release --test simulation` writes what is printed now:\n{run}"
    );
}

/// Holds a file against the rules of the Trace Event Format, and the spans of each lane against each other, of which a viewer
/// drops those that overlap. The names of the lanes, and how many events there are.
fn held_against_the_format(output: &[u8]) -> (Vec<String>, usize) {
    let trace: serde_json::Value = serde_json::from_slice(output).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let lane = |event: &serde_json::Value| (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
    let mut names = std::collections::BTreeMap::new();
    let mut ends = std::collections::BTreeMap::new();
    for event in events {
        let at = event["ts"].as_f64().unwrap();
        assert!(at >= 0.0 && event["name"].is_string(), "{event}");
        match event["ph"].as_str().unwrap() {
            "M" if event["name"] == "thread_name" => {
                assert!(names.insert(lane(event), event["args"]["name"].as_str().unwrap()).is_none(), "{event}");
            }
            "M" => assert!(event["args"].is_object(), "{event}"),
            "X" => {
                let length = event["dur"].as_f64().unwrap();
                let end = ends.insert(lane(event), at + length);
                assert!(length > 0.0 && end.is_none_or(|end| end <= at + 1e-3), "{event}");
                assert!(names.contains_key(&lane(event)), "{event}");
            }
            "i" => assert!(event["s"] == "t" && names.contains_key(&lane(event)), "{event}"),
            other => panic!("{other} is no phase that we write"),
        }
    }
    (names.into_values().map(str::to_owned).collect(), events.len())
}

/// Validation: the file keeps the rules of the Trace Event Format, and has the lanes that docs/trace.md describes, in its order.
#[test]
fn the_perfetto_file_keeps_the_rules_of_its_format() {
    let args = ["trace", "experiments/game-day.yaml", "--from", "1m50s", "--to", "10m50s", "--output", "perfetto"];
    let (lanes, _) = held_against_the_format(&hasim().args(args).output().unwrap().stdout);
    let place = |wanted: &str| lanes.iter().position(|lane| lane == wanted).unwrap_or_else(|| panic!("{lanes:?}"));
    let order = [
        "service",
        "slot 0",
        "load balancer",
        "control plane",
        "pod 0.1 container in zone-1",
        "pod 0.1 readiness probes",
        "pod 1.1 container in zone-3",
        "zone-1-node-1 machine",
        "zone-1-node-1 as seen",
        "zone-outage zone-1",
    ];
    assert!(order.is_sorted_by_key(|name| place(name)), "{lanes:?}");
}

/// Rule: a machine that an upgrade takes away is not down, what is done on purpose has a group of its own, and a Node that was taken
/// away before the excerpt has no lane.
#[test]
fn what_is_taken_away_on_purpose_is_not_down() {
    let part = |from: &str, to: &str| {
        let args = ["trace", "experiments/node-upgrade.yaml", "--from", from, "--to", to, "--output", "perfetto"];
        let output = hasim().args(args).output().unwrap().stdout;
        let trace: serde_json::Value = serde_json::from_slice(&output).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        let named = |kind: &str| -> Vec<String> {
            let of_kind = events.iter().filter(|event| event["name"] == kind);
            of_kind.map(|event| event["args"]["name"].as_str().unwrap().to_owned()).collect()
        };
        let spans = events.iter().filter(|event| event["ph"] == "X");
        let spans: Vec<String> = spans.map(|event| event["name"].as_str().unwrap().to_owned()).collect();
        (named("process_name"), named("thread_name"), spans)
    };
    let (groups, lanes, spans) = part("0s", "45d");
    assert!(groups.iter().any(|group| group == "Operations"), "{groups:?}");
    assert!(lanes.iter().any(|lane| lane == "upgrade of Nodes"), "{lanes:?}");
    assert!(spans.iter().any(|span| span == "taken away on purpose"), "{spans:?}");
    assert!(!spans.iter().any(|span| span == "down" || span == "Node object deleted"), "{spans:?}");
    // After the first upgrade its spare machine is gone, and nothing happens to any Node for a while.
    let (_, lanes, _) = part("44d", "45d");
    assert!(!lanes.iter().any(|lane| lane.ends_with("machine")), "{lanes:?}");
}

/// An experiment beside the shipped models, with these faults and this manifest.
fn experiment(folder: &std::path::Path, manifest: &std::path::Path, faults: &str) -> std::path::PathBuf {
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let [app, cluster] = ["apps/jvm-service.yaml", "clusters/three-zones.yaml"].map(|name| models.join(name));
    let text = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: hard}}\nspec:\n  deployment: {}\n  app: {}\n  cluster: {}\n  \
         faults:\n{faults}\n  objective: {{minServing: 1, metric: availability, slo: 99.95%, window: 30d}}\n  horizon: 1y\n  \
         replications: 4\n  seed: 42\n",
        manifest.display(),
        app.display(),
        cluster.display()
    );
    let file = folder.join("hard.yaml");
    std::fs::write(&file, text).unwrap();
    file
}

/// Property: one fault on several Nodes at once has a lane for each of them.
#[test]
fn faults_that_overlap_have_lanes_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/deployments/aidbox.yaml");
    let cut = "    - {name: cut, target: node, mode: partition, every: {exponential: {mean: 1d}}, lasts: {fixed: 12h}, source: test}";
    let file = experiment(folder.path(), &manifest, cut);
    let output = hasim().args(["trace", "--to", "20d", "--output", "perfetto"]).arg(&file).output().unwrap();
    let (lanes, _) = held_against_the_format(&output.stdout);
    assert_eq!(lanes.iter().filter(|lane| lane.starts_with("cut zone-")).count(), 6, "{lanes:?}");
}

/// Process: a year of probes, of which millions fail, is told in few lines and drawn with few spans; one by one it is refused.
#[test]
fn a_year_of_probes_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/deployments/aidbox.yaml");
    let text = std::fs::read_to_string(shipped).unwrap().replace("periodSeconds: 5", "periodSeconds: 1");
    let (before, rest) = text.split_once("          livenessProbe:").unwrap();
    let (_, after) = rest.split_once("          readinessProbe:").unwrap();
    let manifest = folder.path().join("manifest.yaml");
    std::fs::write(&manifest, format!("{before}          readinessProbe:{after}")).unwrap();
    let hang =
        "    - {name: hang, target: deployment, mode: hang, every: {fixed: 200d}, lasts: {fixed: 60d}, source: test}";
    let file = experiment(folder.path(), &manifest, hang);
    let trace = |args: &[&str]| hasim().arg("trace").arg(&file).args(args).output().unwrap();

    let (_, events) = held_against_the_format(&trace(&["--output", "perfetto"]).stdout);
    assert!((10..50_000).contains(&events), "{events}");
    let lines = String::from_utf8(trace(&["--replication", "0", "--outage", "longest"]).stdout).unwrap();
    assert!((20..5_000).contains(&lines.lines().count()), "{}", lines.lines().count());
    assert!(lines.contains("READINESS LOST") && lines.contains("RECOVERED"), "the story is whole");
    for args in [&["--probes"][..], &["--probes", "--output", "perfetto"]] {
        let refused = trace(args);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("million") || said.contains("000 probes"), "{said}");
    }
}
