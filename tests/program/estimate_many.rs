//! Process: several manifests, each alone and together.

use std::path::Path;

use assert_cmd::Command;
use hasim::results::{ExperimentResult, ScenarioResult};
use hasim::study::Metric;
use predicates::prelude::*;

/// A folder with the manifests of `shop`, `auth`, and of `broken`, whose replicas are no number.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["shop", "auth"] {
        std::fs::write(folder.path().join(format!("{name}.yaml")), manifest(name)).unwrap();
    }
    let broken = manifest("broken").replace("replicas: 2", "replicas: two");
    std::fs::write(folder.path().join("broken.yaml"), broken).unwrap();
    folder
}

/// The Deployment of the shipped manifest and its Service, under another name.
fn manifest(name: &str) -> String {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    std::fs::read_to_string(models.join("deployments/aidbox.yaml")).unwrap().replace("aidbox", name)
}

fn estimate(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(folder).args(["estimate", "--quiet", "--replications", "64"]).args(args);
    command
}

fn results(folder: &Path, of: &str) -> ExperimentResult {
    serde_json::from_slice(&std::fs::read(folder.join(of).join("results.json")).unwrap()).unwrap()
}

#[test]
fn files_and_standard_input_give_the_same_table() {
    let folder = folder();
    let both = format!("{}\n---\n{}", manifest("shop"), manifest("auth"));
    let table = predicate::str::starts_with("Of 2 Deployments, each alone on the cluster, ");
    let files = estimate(folder.path(), &["shop.yaml", "auth.yaml"]).assert().success().stdout(table);
    let piped = estimate(folder.path(), &["-"]).write_stdin(both).assert().success();
    assert_eq!(files.get_output().stdout, piped.get_output().stdout);
}

#[test]
fn one_of_several_has_an_answer_of_its_own_wherever_it_stands() {
    let folder = folder();
    let says = predicate::str::starts_with("auth is available");
    let chosen = ["shop.yaml", "auth.yaml", "--deployment", "auth"];
    estimate(folder.path(), &chosen).assert().success().stdout(says.clone());
    let both = format!("{}\n---\n{}", manifest("shop"), manifest("auth"));
    estimate(folder.path(), &["-", "--deployment", "auth"]).write_stdin(both).assert().success().stdout(says.clone());
    let nobody =
        predicate::str::contains("no file holds the Deployment").and(predicate::str::contains("/auth of auth.yaml"));
    estimate(folder.path(), &["shop.yaml", "auth.yaml", "--deployment", "mail"]).assert().code(3).stderr(nobody);
    // A file without a Deployment is told of, and does not stand in the way.
    std::fs::write(folder.path().join("service.yaml"), manifest("auth").split_once("\n---\n").unwrap().1).unwrap();
    estimate(folder.path(), &["service.yaml", "auth.yaml"]).assert().success().stdout(says);
}

/// The others go on without one that is broken, and exit code and answer say so; what is asked of all together is not
/// answered without it.
#[test]
fn a_broken_one_is_left_out_but_not_of_a_system() {
    let folder = folder();
    let told = || predicate::str::contains("broken.yaml:").and(predicate::str::contains("spec.replicas: is two"));
    let rest = ["broken.yaml", "shop.yaml", "auth.yaml"];
    let left_out =
        predicate::str::contains("Left out, as they cannot be estimated:").and(predicate::str::contains("Of 2 "));
    estimate(folder.path(), &rest).assert().code(3).stderr(told()).stdout(left_out);
    let one = predicate::str::starts_with("shop is available");
    estimate(folder.path(), &rest[..2]).assert().code(3).stderr(told()).stdout(one);
    let whole = predicate::str::contains("together they are asked about only as a whole");
    estimate(folder.path(), &[&rest[..], &["--together"]].concat())
        .assert()
        .code(3)
        .stderr(told().and(whole))
        .stdout("");
}

/// `results.json` is an experiment too: what was asked by arguments is asked again, under the same names.
#[test]
fn it_is_played_again_from_its_results() {
    let folder = folder();
    for (args, scenarios) in [(&[][..], &["auth", "shop"][..]), (&["--together", "--zones", "2"], &["system"])] {
        let files = ["shop.yaml", "auth.yaml", "--out-dir", "first"];
        estimate(folder.path(), &[&files[..], args].concat()).assert().success();
        let again = ["run", "first/results.json", "--quiet", "--out-dir", "again"];
        Command::cargo_bin("hasim").unwrap().current_dir(folder.path()).args(again).assert().success();
        let [first, again] = ["first", "again"].map(|of| results(folder.path(), of));
        let mut names: Vec<&str> = first.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, scenarios);
        assert_eq!(first.each_alone, again.each_alone);
        let answers = |result: &ExperimentResult| -> Vec<_> {
            let answer =
                |one: &ScenarioResult| (one.name.clone(), one.estimates[Metric::Downtime], one.workloads.len());
            result.scenarios.iter().map(answer).collect()
        };
        assert_eq!(answers(&first), answers(&again));
        for folder_of in ["first", "again"] {
            std::fs::remove_dir_all(folder.path().join(folder_of)).unwrap();
        }
    }
}
