//! Process: the folder that a command writes into, with other files, other runs and no room in it.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn command(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
    command.current_dir(ROOT).args(args).arg("--out-dir").arg(folder);
    command
}

fn hasim(args: &[&str], folder: &Path) -> Output {
    command(args, folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const RUN: [&str; 4] = ["run", "experiments/aidbox.yaml", "--replications", "64"];

/// Every file with its bytes.
/// Which files are in one folder alone, or are not the same in both.
fn differing(one: &Path, other: &Path) -> Vec<PathBuf> {
    let (one, other) = (files(one), files(other));
    let alone = one.iter().filter(|file| !other.contains(file)).chain(other.iter().filter(|file| !one.contains(file)));
    alone.map(|(name, _)| name.clone()).collect()
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                files.push((entry.strip_prefix(folder).unwrap().to_owned(), fs::read(&entry).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// A run that would take years, once it has begun to play.
fn endless(folder: &Path) -> Child {
    let args = ["run", "experiments/aidbox.yaml", "--replications", "100000000", "--quiet"];
    let mut child = command(&args, folder).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&folder.join("checkpoint.json"), &mut child);
    child
}

fn wait_for(file: &Path, child: &mut Child) {
    let begun = Instant::now();
    while !file.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        assert!(begun.elapsed() < Duration::from_mins(2), "{} does not appear", file.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in [
        "results.json",
        "checkpoint.json",
        "shard.json",
        "results.csv",
        "metrics.csv",
        "report.html",
        "charts/downtime.svg",
    ] {
        let file = path.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "{\"mine\": 1}").unwrap();
        let run = ["run", "experiments/aidbox.yaml", "--replications", "4"];
        for args in [&run[..], &["estimate", "models/deployments/aidbox.yaml", "--replications", "4"]] {
            let output = hasim(args, path);
            let text = said(&output);
            assert!(
                text.contains(&format!("{name}: is there already and was not written by hasim")),
                "{args:?}: {text}"
            );
            assert_ne!(output.status.code(), Some(0), "{args:?}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "{\"mine\": 1}", "{args:?}");
        }
        assert_eq!(hasim(&RUN, path).status.code(), Some(2));
        fs::remove_file(&file).unwrap();
    }
    // A fit has files of its own.
    let durations = path.join("durations.csv");
    fs::write(&durations, "duration\n5m\n6m\n9m\n7m\n12m\n").unwrap();
    let fit = ["fit", durations.to_str().unwrap()];
    fs::write(path.join("fit.json"), "mine").unwrap();
    let output = hasim(&fit, path);
    assert!(said(&output).contains("fit.json: is there already and was not written by hasim"), "{}", said(&output));
    assert_eq!(fs::read_to_string(path.join("fit.json")).unwrap(), "mine");
    fs::remove_file(path.join("fit.json")).unwrap();
    assert!(hasim(&fit, path).status.success() && hasim(&fit, path).status.success());
    // Files of other names are in nobody's way, and those of an earlier run are replaced.
    fs::write(path.join("notes.txt"), "mine").unwrap();
    for seed in ["1", "2"] {
        let output = hasim(&[&RUN[..], &["--seed", seed]].concat(), path);
        assert!(output.status.success() && !said(&output).contains("replaced"), "{}", said(&output));
    }
    // Of another experiment it is said.
    let output = hasim(&["run", "experiments/game-day.yaml", "--replications", "4"], path);
    assert!(said(&output).contains("the results of the experiment `aidbox` there are replaced"), "{}", said(&output));
    assert_eq!(fs::read_to_string(path.join("notes.txt")).unwrap(), "mine");
}

#[test]
#[cfg(unix)]
fn two_runs_in_one_folder_are_told_apart_and_a_dead_one_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = endless(folder.path());
    for args in [
        &RUN[..],
        &["estimate", "models/deployments/aidbox.yaml", "--replications", "4"],
        &[&RUN[..], &["--resume"]].concat(),
    ] {
        let output = hasim(args, folder.path());
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", said(&output));
        assert!(said(&output).contains("another run of hasim is writing into this folder"), "{}", said(&output));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(folder.path().join(".hasim-lock").exists(), "killed, it could not tidy up");
    let output = hasim(&RUN, folder.path());
    assert!(output.status.success(), "{}", said(&output));
    assert!(!folder.path().join(".hasim-lock").exists());
}

/// SIGTERM ends a run as Ctrl-C does: what was played is kept, and the results say that they are not whole.
#[test]
#[cfg(unix)]
fn sigterm_ends_like_ctrl_c() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = endless(folder.path());
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let mut text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}: {text}");
        assert!(text.contains("interrupted") && text.contains("--resume goes on"), "{text}");
        let result = hasim::output::read(folder.path()).unwrap();
        assert!(result.interrupted && result.scenarios[0].replications >= 64);
        assert!(folder.path().join("checkpoint.json").exists() && !folder.path().join(".hasim-lock").exists());
    }
    // Where nothing can be gone on with, the code is the same.
    let args = ["estimate", "models/deployments/aidbox.yaml", "--replications", "100000000"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_hasim"))
        .current_dir(ROOT)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It speaks when it plays.
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_exact(&mut [0]).unwrap();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
}

/// Files larger than so many bytes cannot be written, as on a disk that is full. The shell counts blocks of 512.
#[cfg(unix)]
fn with_room(bytes: usize, args: &[&str], folder: &Path) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
    let mut shell = Command::new("sh");
    shell.current_dir(ROOT).args(["-c", &script, env!("CARGO_BIN_EXE_hasim")]).args(args).arg("--out-dir").arg(folder);
    shell.output().unwrap()
}

#[test]
#[cfg(unix)]
fn a_full_disk_loses_nothing_that_was_played() {
    let (whole, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(hasim(&RUN, whole.path()).status.success());
    let size = |name: &str| fs::metadata(whole.path().join(name)).unwrap().len() as usize;
    let (results, largest) = (size("results.json"), size("charts/summary.png"));
    // No room for the results: the checkpoint is kept, the answer is printed, and the run goes on from there.
    let output = with_room(results / 2, &RUN, full.path());
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("results.json: ") && text.contains("is kept in checkpoint.json"), "{text}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("aidbox is available"));
    let played = hasim::output::played(full.path(), "checkpoint.json").unwrap().unwrap();
    assert_eq!(played.replications(), 64);
    assert!(hasim(&[&RUN[..], &["--resume"]].concat(), full.path()).status.success());
    assert_eq!(differing(full.path(), whole.path()), Vec::<PathBuf>::new());
    // No room for the summary, the largest of all: the results are whole, and all else is made from them.
    fs::remove_file(full.path().join("charts/summary.png")).unwrap();
    let output = with_room(largest - 1, &RUN, full.path());
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("summary.png: ") && text.contains("results.json is whole"), "{text}");
    let report = Command::new(env!("CARGO_BIN_EXE_hasim")).arg("report").arg(full.path()).output().unwrap();
    assert!(report.status.success(), "{}", said(&report));
    assert_eq!(differing(full.path(), whole.path()), Vec::<PathBuf>::new());
}

/// A grid of more than 500 scenarios: only those that are drawn keep their histograms, and it is said.
#[test]
fn a_large_grid_leaves_most_histograms_out() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = folder.path().join("grid.yaml");
    let text = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: grid}}\nspec:\n  deployment: {ROOT}/models/deployments/\
         aidbox.yaml\n  app: {ROOT}/models/apps/jvm-service.yaml\n  cluster: {ROOT}/models/clusters/three-zones.yaml\n  faults: \
         [{ROOT}/models/faults/cloud.yaml]\n  horizon: 60d\n  replications: 2\n  vary:\n    replicas: [1, 2, 3]\n    \
         readinessProbe.failureThreshold: {0:?}\n    livenessProbe.failureThreshold: {0:?}\n  baseline: {{replicas: 3, \
         readinessProbe.failureThreshold: 5, livenessProbe.failureThreshold: 9}}\n",
        (1..=14).collect::<Vec<u32>>()
    );
    fs::write(&experiment, text).unwrap();
    let out = folder.path().join("out");
    let output = hasim(&["run", experiment.to_str().unwrap()], &out);
    assert!(output.status.success(), "{}", said(&output));
    let result = hasim::output::read(&out).unwrap();
    assert_eq!(result.scenarios.len(), 588);
    let recoveries = |scenario: &hasim::results::ScenarioResult| {
        let lengths = scenario.pod_recovery_s.iter().map(|(_, recovery)| &recovery.lengths);
        lengths.fold((0, 0), |(count, kept), one| (count + one.count, kept + one.histogram.len()))
    };
    let with = result.scenarios.iter().filter(|scenario| recoveries(scenario).1 > 0).count();
    assert!((50..=60).contains(&with), "{with}");
    assert!(result.scenarios.iter().all(|scenario| recoveries(scenario).0 > 0));
    let baseline = result.scenarios.iter().find(|scenario| Some(&scenario.name) == result.baseline.as_ref()).unwrap();
    assert!(recoveries(baseline).1 > 0);
    assert!(result.notes.iter().any(|note| note.starts_with("Of 588 scenarios, 60 have their histograms")));
    // A shard of it is joined to the same bytes.
    let shards = ["0/2", "1/2"].map(|shard| {
        let into = folder.path().join(&shard[..1]);
        let args = ["run", experiment.to_str().unwrap(), "--shard", shard];
        assert!(hasim(&args, &into).status.success());
        into.display().to_string()
    });
    let merged = folder.path().join("merged");
    assert!(hasim(&["merge", &shards[0], &shards[1]], &merged).status.success());
    assert!(files(&merged) == files(&out));
}
