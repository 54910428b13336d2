//! Process: runs that are killed and go on, shards that are joined; the files are those of one undisturbed run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `hasim run` of this experiment into this folder.
fn run(experiment: &Path, folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("run").arg(experiment).arg("--quiet");
    command.arg("--out-dir").arg(folder).args(more).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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

/// Twelve scenarios, a second or so of work.
fn twelve_scenarios(folder: &Path) -> PathBuf {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let model = |name: &str| models.join(name).display().to_string();
    let text = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: twelve}}\nspec:\n  deployment: {}\n  app: {}\n  \
         cluster: {}\n  faults: [{}]\n  objective: {{slo: 99.9%}}\n  replications: 200\n  seed: 7\n  vary:\n    \
         replicas: [1, 2, 3]\n    readinessProbe.failureThreshold: [1, 2, 3, 4]\n  \
         baseline: {{replicas: 2, readinessProbe.failureThreshold: 2}}\n",
        model("deployments/aidbox.yaml"),
        model("apps/jvm-service.yaml"),
        model("clusters/three-zones.yaml"),
        model("faults/cloud.yaml"),
    );
    let path = folder.join("twelve.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Two Deployments that a database takes down together, in four scenarios.
fn two_deployments(folder: &Path, replications: u64) -> PathBuf {
    let path = folder.join("two.yaml");
    std::fs::write(&path, super::several::experiment(replications)).unwrap();
    path
}

/// Kills it with signal 9 so many milliseconds after a new checkpoint; false if it ended before.
fn killed(child: &mut Child, folder: &Path, after: u64) -> bool {
    let checkpoint = folder.join("checkpoint.json");
    let before = std::fs::metadata(&checkpoint).and_then(|meta| meta.modified()).ok();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(2) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let now = std::fs::metadata(&checkpoint).and_then(|meta| meta.modified()).ok();
        if now.is_some() && now != before {
            std::thread::sleep(Duration::from_millis(after));
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no checkpoint for two minutes");
}

#[test]
fn a_run_that_is_killed_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    assert_goes_on(&twelve_scenarios(folder.path()), &folder);
}

/// What is kept of each of several Deployments goes on, too.
#[test]
fn a_run_of_several_deployments_that_is_killed_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    assert_goes_on(&two_deployments(folder.path(), 200), &folder);
}

fn assert_goes_on(experiment: &Path, folder: &tempfile::TempDir) {
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    done(&mut run(experiment, &whole, &[]));
    let mut kills = 0;
    for (number, after) in [0, 30, 170].into_iter().enumerate() {
        let more: &[&str] = if number == 0 { &[] } else { &["--resume"] };
        let mut child = run(experiment, &broken, more).spawn().unwrap();
        kills += u32::from(killed(&mut child, &broken, after));
    }
    assert!(kills > 0, "the run is too short to be killed");
    std::fs::write(broken.join(".hasim-half"), "a write that was killed").unwrap();
    done(&mut run(experiment, &broken, &["--resume"]));
    assert!(files(&broken) == files(&whole), "after {kills} kills the files differ");
}

#[test]
fn shards_are_merged_to_the_same_bytes() {
    assert_merges(Path::new("experiments/aidbox.yaml"));
}

#[test]
fn shards_of_several_deployments_are_merged_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    assert_merges(&two_deployments(folder.path(), 40));
}

fn assert_merges(experiment: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let fixed = ["--replications", "40"];
    let whole = folder.path().join("whole");
    done(&mut run(experiment, &whole, &fixed));
    let shards: Vec<PathBuf> = (0..3).map(|index| folder.path().join(index.to_string())).collect();
    for (index, shard) in shards.iter().enumerate() {
        done(&mut run(experiment, shard, &[&fixed[..], &["--shard", &format!("{index}/3")]].concat()));
    }
    let merged = folder.path().join("merged");
    let merge = |shards: &[PathBuf]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
        command.arg("merge").args(shards).arg("--out-dir").arg(&merged).output().unwrap()
    };
    assert!(merge(&shards).status.success());
    assert!(files(&merged) == files(&whole));
    let missing = merge(&shards[..2]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("shard 2 is missing"));
    let twice = merge(&[&shards[..], &shards[..1]].concat());
    assert_eq!(twice.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&twice.stderr).contains("0/shard.json: is shard 0 once more"));
}

#[test]
fn what_cannot_be_sharded_or_resumed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = twelve_scenarios(folder.path());
    let fails = |more: &[&str], code: i32, words: &str| {
        let output = run(&experiment, folder.path(), more).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(message.contains(words), "{message}");
    };
    fails(&["--shard", "3/3"], 2, "of 3 the last is 2");
    fails(&["--shard", "one"], 2, "must be two numbers, such as 0/8");
    let checkpoint = folder.path().join("checkpoint.json");
    std::fs::write(&checkpoint, "{}").unwrap();
    fails(&["--resume"], 3, "is not a checkpoint.json of this version");
    std::fs::remove_file(&checkpoint).unwrap();
    // A shard of one is the whole; one of two is not.
    done(&mut run(&experiment, folder.path(), &["--replications", "32", "--shard", "0/2"]));
    std::fs::rename(folder.path().join("shard.json"), &checkpoint).unwrap();
    fails(&["--resume", "--replications", "32"], 3, "is shard 0/2 and not 0/1");
    fails(&["--resume", "--replications", "64"], 3, "the number of replications or precision differs");
    let text = std::fs::read_to_string(&experiment).unwrap();
    let precise = text.replace("replications: 200", "precision: {metric: availability, relative: 5%}");
    std::fs::write(&experiment, precise).unwrap();
    fails(&["--shard", "0/2"], 2, "--shard needs a fixed number of replications");
}
