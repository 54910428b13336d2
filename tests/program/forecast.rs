//! Process: what takes long says so soon, also without a terminal, and whatever the bytes of the answer are, they stay.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Starts the command and waits for the first line in which it speaks of the time that is left; then ends it.
fn first_forecast(folder: &Path, args: &[&str]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hasim"))
        .current_dir(folder)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut heard = Vec::new();
    let found = lines
        .inspect(|line| heard.push(line.clone()))
        .find(|line| line.starts_with("note: ") && line.contains(" left"));
    child.kill().unwrap();
    child.wait().unwrap();
    found.unwrap_or_else(|| panic!("{args:?} ended without a word on its time: {heard:?}"))
}

/// Two hundred Pods that are probed by chance and crash all the time: one replication takes minutes.
fn one_replication_takes_minutes(folder: &Path) {
    let read = |name: &str| fs::read_to_string(format!("{ROOT}/models/{name}")).unwrap();
    let manifest = read("deployments/aidbox.yaml").replacen("replicas: 2", "replicas: 200", 1);
    fs::write(folder.join("manifest.yaml"), manifest).unwrap();
    let app = "apiVersion: hasim/v1\nkind: App\nmetadata: {name: app}\nspec:\n  startUp: 5s\n  whileStarting: refuses\n  \
               onSigterm: {exits: 1s}\n  probeFailure: 0.5\n";
    fs::write(folder.join("app.yaml"), app).unwrap();
    let cluster = read("clusters/three-zones.yaml").replacen("nodesPerZone: 2", "nodesPerZone: 40", 1);
    fs::write(folder.join("cluster.yaml"), cluster).unwrap();
    let faults = "apiVersion: hasim/v1\nkind: FaultModel\nmetadata: {name: faults}\nspec:\n  faults:\n  - {name: crash, target: \
                  container, mode: crash, every: {exponential: {mean: 1000s}}, source: test}\n";
    fs::write(folder.join("faults.yaml"), faults).unwrap();
    let experiment = |stop: &str| {
        format!(
            "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: slow}}\nspec:\n  deployment: manifest.yaml\n  app: \
             app.yaml\n  cluster: cluster.yaml\n  faults: [faults.yaml]\n  {stop}\n"
        )
    };
    fs::write(folder.join("fixed.yaml"), experiment("replications: 1000")).unwrap();
    let precise = "precision: {metric: downtime_s_per_year, relative: 1%, maxReplications: 2000}";
    fs::write(folder.join("precise.yaml"), experiment(precise)).unwrap();
}

#[test]
fn what_takes_long_says_so_within_its_first_replication() {
    let folder = tempfile::tempdir().unwrap();
    one_replication_takes_minutes(folder.path());
    let around = ["--app", "app.yaml", "--cluster", "cluster.yaml", "--faults", "faults.yaml", "--threads", "1"];
    let estimate = [&["estimate", "manifest.yaml"][..], &around].concat();
    let compare = [&["compare", "manifest.yaml", "manifest.yaml"][..], &around].concat();
    // Side by side: each of them waits for its first word.
    let told = std::thread::scope(|scope| {
        let tell = |args: Vec<&'static str>| scope.spawn(|| first_forecast(folder.path(), &{ args }));
        let run = |name, out| tell(vec!["run", name, "--out-dir", out, "--threads", "1"]);
        let all = [run("fixed.yaml", "fixed"), run("precise.yaml", "precise"), tell(estimate), tell(compare)];
        all.map(|one| one.join().unwrap())
    });
    let [fixed, precise, estimate, compare] = &told;
    assert!(fixed.starts_with("note: about ") && fixed.contains("; `--replications "), "{fixed}");
    assert!(precise.starts_with("note: at most about ") && precise.contains("2000 replications"), "{precise}");
    for told in [estimate, compare] {
        assert!(told.starts_with("note: about "), "{told}");
    }
}

/// Short replications, and very many of them.
#[test]
fn many_replications_are_told_too() {
    let root = Path::new(ROOT);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let many = ["--replications", "100000000"];
    for args in [
        &["run", "experiments/aidbox.yaml", "--out-dir", &out][..],
        &["check", "experiments/aidbox.yaml", "--cost"],
        &["estimate", "models/deployments/aidbox.yaml"],
    ] {
        let told = first_forecast(root, &[args, &many].concat());
        assert!(told.contains("; `--replications "), "{told}");
    }
}
