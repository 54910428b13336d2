//! Process: SLOs that people have in files of other tools, wherever hasim takes one.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - {name: web, image: nginx:1.27, ports: [{containerPort: 80}], readinessProbe: {httpGet: {port: 80}}}
";

fn hasim(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(folder).args(args);
    command
}

/// A manifest with some of the files of `tests/data/slo` beside it.
fn beside(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("web.yaml"), WEB).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/slo");
    for file in files {
        fs::copy(from.join(file), folder.path().join(file)).unwrap();
    }
    folder
}

/// The experiment that `init` writes of what lies in a folder.
fn initiated(folder: &Path) -> String {
    hasim(folder, &["init"]).assert().success();
    hasim(folder, &["check", "experiment.yaml"]).assert().success();
    fs::read_to_string(folder.join("experiment.yaml")).unwrap()
}

/// `hasim` alone names the file and uses it, and so does `init`, which says whose SLO it is; the run is judged by it and can be
/// repeated without the file.
#[test]
fn an_slo_beside_the_manifest_is_used() {
    let folder = beside(&["sloth.yaml"]);
    let path = folder.path();
    let here = contains("1 file of SLOs: sloth.yaml").and(contains("Next: hasim estimate web.yaml --slo sloth.yaml\n"));
    hasim(path, &[]).assert().success().stdout(here);
    let text = initiated(path);
    let said = "That is shop/requests-availability in a file of Sloth: 99.9 % of requests in 30d.";
    assert!(text.contains("objective: {minServing: 1, from: sloth.yaml}") && text.contains(said), "{text}");
    let run = ["run", "experiment.yaml", "--replications", "2", "--output", "json", "--out-dir", "out"];
    let output = hasim(path, &run).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("sloth.yaml:5:5: note: slos[0]: is the objective: shop/requests-availability"), "{told}");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["objective"]["slo"], &result["objective"]["metric"]),
        (&0.999.into(), &"request_success".into())
    );
    fs::remove_file(path.join("sloth.yaml")).unwrap();
    hasim(path, &["run", "out/results.json", "--quiet", "--out-dir", "again"]).assert().success();
}

/// Where several could be meant, the service of the Deployment decides, and else nothing: the comment names them.
#[test]
fn several_slos_beside_the_manifest_are_not_guessed_among() {
    let folder = beside(&["pyrra.yaml", "sloth-operator.yaml"]);
    assert!(initiated(folder.path()).contains("from: sloth-operator.yaml}"), "that of the service shop");
    let folder = beside(&["sloth.yaml", "sloth-operator.yaml"]);
    let text = initiated(folder.path());
    let words = text.split_whitespace().filter(|word| *word != "#").collect::<Vec<_>>().join(" ");
    let named = "sloth-operator.yaml#shop/requests-availability, sloth.yaml#shop/requests-availability";
    assert!(text.contains("slo: 99.95%") && words.contains(named), "{text}");
    fs::remove_file(folder.path().join("experiment.yaml")).unwrap();
    hasim(folder.path(), &[]).assert().success().stdout(contains("Next: hasim estimate web.yaml\n"));
}

/// The flag that takes an SLO takes the file that states it.
#[test]
fn estimate_and_compare_take_a_file_of_slos() {
    let folder = beside(&["sloth.yaml", "openslo.yaml"]);
    let path = folder.path();
    let few = ["--replications", "2"];
    let estimate = |slo: &str| hasim(path, &[&["estimate", "web.yaml", "--slo", slo][..], &few].concat());
    estimate("sloth.yaml").assert().success().stdout(contains("meeting 99.9 %"));
    estimate("openslo.yaml#SLA").assert().success().stdout(contains("meeting 99.5 %"));
    estimate("openslo.yaml")
        .assert()
        .code(3)
        .stderr(contains("openslo.yaml: holds several SLOs").and(contains("help: name one")));
    estimate("nowhere.yaml").assert().code(3).stderr(contains("--slo: nowhere.yaml cannot be read"));
    estimate("99.9").assert().code(2).stderr(contains("must be a percentage, such as 99.95%, or a file with an SLO"));
    let piped = fs::read_to_string(path.join("sloth.yaml")).unwrap();
    estimate("-").write_stdin(piped).assert().success().stdout(contains("meeting 99.9 %"));
    let compare = ["compare", "web.yaml", "web.yaml", "--fail-below", "sloth.yaml", "--output", "json"];
    let output = hasim(path, &[&compare[..], &few].concat()).output().unwrap();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let target = &result["targets"][0];
    assert_eq!((&target["metric"], &target["at_least"]), (&"request_success".into(), &0.999.into()), "{target}");
}

/// Snapshot: what is taken of each SLO, and where each value comes from.
#[test]
fn explain_tells_what_is_taken_of_an_slo() {
    let folder = beside(&["sloth.yaml", "openslo.yaml", "pyrra.yaml"]);
    let explained = ["sloth.yaml", "openslo.yaml", "pyrra.yaml"]
        .map(|file| String::from_utf8(hasim(folder.path(), &["explain", file]).output().unwrap().stdout).unwrap());
    insta::assert_snapshot!(explained.concat());
    hasim(folder.path(), &["run", "sloth.yaml"])
        .assert()
        .code(3)
        .stderr(contains("holds an SLO, must be an experiment"));
    hasim(folder.path(), &["estimate", "sloth.yaml"]).assert().code(3).stderr(contains("--slo sloth.yaml"));
}
