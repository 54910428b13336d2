//! Process: the program as its user runs it.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn hasim() -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn run_aidbox(folder: &Path, more: &[&str]) -> Output {
    let output = hasim()
        .args(["run", "experiments/aidbox.yaml", "--replications", "100", "--out-dir"])
        .arg(folder)
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(folder).unwrap().display().to_string();
                files.push((name, std::fs::read(&entry).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// Determinism: every byte of every file, one thread against two.
#[test]
fn the_number_of_threads_changes_no_byte() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run_aidbox(one.path(), &["--threads", "1"]);
    run_aidbox(two.path(), &["--threads", "2"]);
    let (one, two) = (files(one.path()), files(two.path()));
    let names: Vec<&str> = one.iter().map(|file| file.0.as_str()).collect();
    for name in
        ["results.json", "results.csv", "recoveries.csv", "metrics.csv", "charts/windows.svg", "charts/windows.png"]
    {
        assert!(names.contains(&name), "{name} is missing from {names:?}");
    }
    assert!(one == two, "the files differ");
}

#[test]
fn json_on_standard_output_is_exactly_the_file_and_progress_is_not_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_aidbox(folder.path(), &["--output", "json"]);
    assert_eq!(output.stdout, std::fs::read(folder.path().join("results.json")).unwrap());
    let csv = run_aidbox(folder.path(), &["--output", "csv", "--quiet"]);
    assert_eq!(csv.stdout, std::fs::read(folder.path().join("results.csv")).unwrap());
}

#[test]
fn a_report_is_made_again_from_results_alone() {
    let folder = tempfile::tempdir().unwrap();
    run_aidbox(folder.path(), &[]);
    let before = files(folder.path());
    std::fs::remove_dir_all(folder.path().join("charts")).unwrap();
    hasim().arg("report").arg(folder.path()).assert().success().stdout(contains("aidbox is available"));
    assert!(before == files(folder.path()), "the files differ");
}

#[test]
fn wrong_use_is_2_and_bad_input_is_3() {
    hasim().assert().code(0).stdout(contains("Usage"));
    hasim().args(["run", "--bogus"]).assert().code(2).stderr(contains("Usage"));
    hasim().args(["run", "experiments/aidbox.yaml", "--replications", "0"]).assert().code(2);
    hasim().args(["run", "experiments/aidbox.yaml", "--bogus"]).assert().code(2).stderr(contains("--bogus"));
    hasim().args(["run", "nowhere.yaml"]).assert().code(3).stderr(contains("nowhere.yaml"));
    hasim().args(["run", "models/apps/jvm-service.yaml"]).assert().code(3).stderr(contains("must be an experiment"));
    hasim().args(["report", "src"]).assert().code(3).stderr(contains("results.json"));
    hasim().args(["check", "src"]).assert().code(3).stderr(contains("without .yaml"));
}

#[test]
fn check_accepts_what_is_shipped_and_refuses_every_wrong_file() {
    hasim().args(["check", "models", "experiments"]).assert().success().stdout(contains("no errors"));
    let located = predicate::str::is_match(r"tests/check/m4-max-both-zero\.yaml:\d+:\d+: ").unwrap();
    hasim()
        .args(["check", "tests/check"])
        .assert()
        .code(3)
        .stderr(located.and(contains("panicked").not()))
        .stdout(contains("there are errors"));
}

#[test]
fn check_reads_standard_input() {
    let manifest = std::fs::read("models/deployments/aidbox.yaml").unwrap();
    hasim().args(["check", "-"]).write_stdin(manifest).assert().success();
    hasim().args(["check", "-"]).write_stdin("kind: [").assert().code(3).stderr(contains("<stdin>:1"));
}

#[test]
fn a_folder_that_cannot_be_written_is_a_failure_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    hasim()
        .args(["run", "experiments/aidbox.yaml", "--out-dir"])
        .arg(file.join("below"))
        .assert()
        .code(1)
        .stderr(contains("cannot write").and(contains("--out-dir")));
}

#[test]
fn targets_decide_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string("experiments/aidbox.yaml").unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for (target, code, word) in [("99%", 0, "PASS"), ("99.9999%", 4, "FAIL")] {
        let text = text.replace("../models", models.to_str().unwrap())
            + &format!("  targets: [{{metric: availability, atLeast: {target}}}]\n");
        let file = folder.path().join("targets.yaml");
        std::fs::write(&file, text).unwrap();
        hasim()
            .arg("run")
            .arg(&file)
            .args(["--replications", "100", "--out-dir"])
            .arg(folder.path().join("out"))
            .assert()
            .code(code)
            .stdout(predicate::str::starts_with(word));
    }
}

/// A pipe and a CI log get plain text of 80 columns; who forces colours gets them, and `NO_COLOR` is stronger.
#[test]
fn the_table_suits_who_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let table = |variables: &[(&str, &str)]| {
        let mut command = hasim();
        for name in ["COLUMNS", "NO_COLOR", "CLICOLOR_FORCE", "CI"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        command.args(["run", "experiments/probe-thresholds.yaml", "--replications", "32", "--quiet", "--out-dir"]);
        String::from_utf8(command.arg(folder.path()).output().unwrap().stdout).unwrap()
    };
    let plain = table(&[]);
    assert!(plain.contains("The report: ") && !plain.contains('\x1b'), "{plain}");
    // Not of the path of the report, which is as long as it is.
    let table_alone = plain.split("The report: ").next().unwrap();
    assert!(table_alone.lines().all(|line| line.chars().count() <= 80), "{plain}");
    assert_eq!(table(&[("CI", "true")]), plain);
    assert!(table(&[("CLICOLOR_FORCE", "1")]).contains('\x1b'));
    assert_eq!(table(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
}

/// The README is run: what it prints of its own command is what the program prints.
#[test]
fn the_readme_shows_what_its_command_prints() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let (before, rest) = readme.split_once("<!-- output -->\n\n```text\n").expect("the README has the output");
    let (shown, after) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = hasim().args(["run", "experiments/aidbox.yaml", "--out-dir"]).arg(folder.path()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed = printed.replace(&folder.path().display().to_string(), "output/aidbox");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}<!-- output -->\n\n```text\n{printed}```{after}");
        std::fs::write("README.md", page).unwrap();
    } else {
        assert_eq!(shown, printed, "UPDATE_DOCS=1 cargo test --release --test program writes it anew");
    }
}

/// Who reads the exit code must hear that nobody got the result.
#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_printed_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let game_day = folder.path().join("out").display().to_string();
    for args in [
        vec!["check", "models"],
        vec!["run", "experiments/game-day.yaml", "--replications", "1", "--output", "json", "--out-dir", &game_day],
        vec!["report", &game_day],
        vec!["trace", "experiments/game-day.yaml"],
        vec!["verify", "--only", "rule"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("hasim"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(&args)
            .stdout(full)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && errors.contains("standard output"), "{args:?}: {errors}");
    }
}

#[test]
fn an_experiment_in_which_nothing_can_fail_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let experiment = folder.path().join("quiet.yaml");
    let text = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: quiet}}\nspec:\n  \
         deployment: {root}/models/deployments/aidbox.yaml\n  app: {root}/models/apps/starts-in-a-second.yaml\n  \
         cluster: {root}/models/clusters/three-zones.yaml\n"
    );
    std::fs::write(&experiment, text).unwrap();
    hasim().arg("check").arg(&experiment).assert().code(0).stderr(contains("nothing can fail"));
}

#[test]
fn shells_and_man_get_what_they_ask_for() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let has_run = contains("replications");
        hasim().args(["completions", shell]).assert().success().stdout(has_run);
    }
    hasim().args(["completions", "csh"]).assert().code(2);
    hasim().arg("man").assert().success().stdout(contains(".TH hasim 1"));
    let page = contains(".TH hasim-run 1").and(contains("replications"));
    hasim().args(["man", "run"]).assert().success().stdout(page);
    hasim().args(["man", "ran"]).assert().code(2);
}

fn checked(args: &[&str]) -> (Option<i32>, String, String) {
    let output = hasim().arg("check").args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn check_advises_and_ends_with_0() {
    let (code, stdout, stderr) = checked(&["models/deployments/aidbox.yaml"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains("models/deployments/aidbox.yaml:30:11: advice: containers[0].lifecycle.preStop:"),
        "{stderr}"
    );
    assert!(stderr.contains("rules: T2, T4, E10 [no-pre-stop]"), "{stderr}");
    assert!(stdout.ends_with("1 file checked: no errors, 2 pieces of advice\n"), "{stdout}");
    // What an experiment repeats of its manifest is said once.
    let twice = checked(&["models/deployments/aidbox.yaml", "models/deployments/aidbox.yaml"]);
    assert!(twice.1.contains("2 files checked: no errors, 2 pieces of advice"), "{}", twice.1);
    // Whoever only runs is not advised.
    let folder = tempfile::tempdir().unwrap();
    let output = run_aidbox(folder.path(), &[]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("advice"));
    assert!(!std::fs::read_to_string(folder.path().join("results.json")).unwrap().contains("preStop"));
}

/// What the schema of SARIF 2.1.0 requires of a log, its runs, rules, results and locations.
#[test]
fn check_writes_sarif() {
    let (code, stdout, stderr) = checked(&[
        "models/deployments/aidbox.yaml",
        "tests/check/m4-max-both-zero.yaml",
        "nowhere.yaml",
        "--output",
        "sarif",
    ]);
    assert_eq!((code, stderr.as_str()), (Some(3), ""));
    let log: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "hasim");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for advice in hasim::spec::advice::all() {
        let rule = rules.iter().find(|rule| rule["id"] == advice.id).unwrap();
        assert_eq!(rule["help"]["text"], advice.help);
        assert!(rule["shortDescription"]["text"].is_string() && rule["fullDescription"]["text"].is_string());
    }
    let results = run["results"].as_array().unwrap();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string());
        let is_unreadable = place["artifactLocation"]["uri"] == "nowhere.yaml";
        let region = &place["region"];
        assert_eq!(region.is_null(), is_unreadable);
        assert!(is_unreadable || region["startLine"].as_u64() >= Some(1) && region["startColumn"].as_u64() >= Some(1));
    }
    let of = |rule: &str| results.iter().filter(|result| result["ruleId"] == rule).count();
    assert_eq!((of("slow-eviction"), of("no-pre-stop")), (1, 1));
    assert!(of("invalid") >= 2);
    let clean = checked(&["models/apps/jvm-service.yaml", "--output", "sarif"]);
    let log: serde_json::Value = serde_json::from_str(&clean.1).unwrap();
    assert_eq!((clean.0, log["runs"][0]["results"].as_array().map(Vec::len)), (Some(0), Some(0)));
}

#[test]
fn check_writes_json() {
    let (code, stdout, _) = checked(&["models/deployments/aidbox.yaml", "nowhere.yaml", "--output", "json"]);
    assert_eq!(code, Some(3));
    let findings: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&stdout).unwrap();
    let keys: Vec<&String> = findings[0].keys().collect();
    assert!(findings.iter().all(|finding| finding.keys().collect::<Vec<_>>() == keys), "all have the same keys");
    let hook = findings.iter().find(|finding| finding["advice"] == "no-pre-stop").unwrap();
    assert_eq!((&hook["line"], &hook["column"]), (&30.into(), &11.into()));
    assert_eq!(hook["field"], "spec.template.spec.containers[0].lifecycle.preStop");
    assert_eq!((&hook["severity"], &hook["rules"]), (&"advice".into(), &serde_json::json!(["T2", "T4", "E10"])));
    let missing = findings.iter().find(|finding| finding["severity"] == "error").unwrap();
    assert!(missing["line"].is_null() && missing["advice"].is_null());
    assert_eq!(checked(&["models/apps/jvm-service.yaml", "--output", "json"]).1, "[]\n");
}

/// What GitLab demands of a code quality report, and fingerprints that stay when lines move.
#[test]
fn check_writes_a_code_quality_report_of_gitlab() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = std::fs::read_to_string("models/deployments/aidbox.yaml").unwrap();
    let report = |text: &str, file: &str| -> Vec<serde_json::Value> {
        std::fs::write(folder.path().join("web.yaml"), text).unwrap();
        let output = hasim().current_dir(folder.path()).args(["check", file, "--output", "gitlab"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let fingerprints = |report: &[serde_json::Value]| -> Vec<String> {
        report.iter().map(|one| one["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let found = report(&manifest, "./web.yaml");
    for finding in &found {
        assert!(
            ["description", "check_name"].iter().all(|key| !finding[key].as_str().unwrap().is_empty()),
            "{finding}"
        );
        let severity = finding["severity"].as_str().unwrap();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity), "{finding}");
        assert_eq!(finding["location"]["path"], "web.yaml", "from the top of the repository");
        assert!(finding["location"]["lines"]["begin"].as_u64() >= Some(1), "{finding}");
    }
    let hook = found.iter().find(|finding| finding["check_name"] == "no-pre-stop").unwrap();
    assert_eq!((&hook["severity"], &hook["location"]["lines"]["begin"]), (&"minor".into(), &30.into()));
    let moved = report(&format!("# moved\n# down\n{manifest}"), "web.yaml");
    assert_eq!(fingerprints(&found), fingerprints(&moved));
    // GitLab drops a fingerprint that it has met: what is found twice in one file has two.
    let service =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {slector: {app: a}, ports: [{port: 80}]}\n";
    let twice = report(&format!("{manifest}\n{service}{}", service.replace("name: a}", "name: b}")), "web.yaml");
    let misspelt = twice.iter().filter(|one| one["description"].as_str().unwrap().contains("slector"));
    assert_eq!(misspelt.count(), 2, "{twice:?}");
    let all = fingerprints(&twice);
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    let missing = report(&manifest, "nowhere.yaml");
    assert_eq!((missing.len(), &missing[0]["severity"]), (1, &"critical".into()));
    assert_eq!(missing[0]["location"]["lines"]["begin"], 1);
    assert_eq!(checked(&["models/apps/jvm-service.yaml", "--output", "gitlab"]).1, "[]\n");
}

/// A line for each finding, whatever the files hold and are called.
#[test]
fn check_writes_commands_of_github() {
    let folder = tempfile::tempdir().unwrap();
    let name = "50%,a::b\nc.yaml";
    let manifest = std::fs::read_to_string("models/deployments/aidbox.yaml").unwrap();
    let hostile = manifest.replace("replicas: 2", "replicas: \"1%0A\\n::error::no\"");
    std::fs::write(folder.path().join(name), manifest).unwrap();
    std::fs::write(folder.path().join("hostile.yaml"), hostile).unwrap();
    let output = hasim()
        .current_dir(folder.path())
        .args(["check", name, "hostile.yaml", "--output", "github"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(!stdout.is_empty() && stdout.ends_with('\n'));
    for line in stdout.lines() {
        let command = line.strip_prefix("::").unwrap_or_else(|| panic!("{line}"));
        let (head, message) = command.split_once("::").unwrap();
        let (kind, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&kind) && !message.is_empty(), "{line}");
        let names: Vec<&str> = properties.split(',').map(|property| property.split_once('=').unwrap().0).collect();
        assert_eq!(names, ["file", "line", "col", "title"], "{line}");
    }
    assert!(
        stdout.contains("::warning file=50%25%2Ca%3A%3Ab%0Ac.yaml,line=30,col=11,title=hasim%3A no-pre-stop::"),
        "{stdout}"
    );
    assert!(stdout.contains("is 1%250A"), "{stdout}");
}

/// Determinism, and an effect of the sign that it must have: a second replica saves downtime.
#[test]
fn check_tells_what_a_setting_costs() {
    let folder = tempfile::tempdir().unwrap();
    let models = std::path::absolute("models").unwrap();
    let experiment = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: lonely}}\nspec:\n  deployment: lonely.yaml\n  \
         app: {0}/apps/jvm-service.yaml\n  cluster: {0}/clusters/three-zones.yaml\n  faults: [{0}/faults/cloud.yaml]\n",
        models.display()
    );
    let manifest = std::fs::read_to_string("models/deployments/aidbox.yaml").unwrap();
    std::fs::write(folder.path().join("lonely.yaml"), manifest.replace("replicas: 2", "replicas: 1")).unwrap();
    std::fs::write(folder.path().join("experiment.yaml"), experiment).unwrap();
    let check = |more: &[&str]| {
        let output = hasim()
            .current_dir(folder.path())
            .args(["check", "experiment.yaml", "--output", "json"])
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let costed = check(&["--cost", "--replications", "100"]);
    assert_eq!(costed, check(&["--cost", "--replications", "100"]));
    let findings: Vec<serde_json::Value> = serde_json::from_str(&costed).unwrap();
    let cost = |id: &str| {
        let finding = findings.iter().find(|finding| finding["advice"] == id).unwrap_or_else(|| panic!("{costed}"));
        finding["cost"].clone()
    };
    let replica = cost("single-replica");
    assert_eq!(replica["experiment"], "lonely");
    let [mean, low, high] = ["mean", "low", "high"].map(|key| replica["downtime_s_per_year"][key].as_f64().unwrap());
    assert!(0.0 < low && low < mean && mean < high, "{replica}");
    assert!(cost("no-pre-stop").is_null(), "nothing simulated stops a Pod in good order");
    let plain: Vec<serde_json::Value> = serde_json::from_str(&check(&[])).unwrap();
    assert!(plain.iter().all(|finding| finding["cost"].is_null()) && plain.len() == findings.len());
}

/// The cost of probes that are missing: of a liveness probe in downtime, of a readiness probe in failed requests.
#[test]
fn check_tells_what_missing_probes_cost() {
    let folder = tempfile::tempdir().unwrap();
    let models = std::path::absolute("models").unwrap();
    let fault = "{name: hang, target: container, mode: hang, every: 20d, source: assumption}";
    let experiment = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: bare}}\nspec:\n  deployment: bare.yaml\n  \
         app: {0}/apps/go-service.yaml\n  cluster: {0}/clusters/three-zones.yaml\n  faults: [{fault}]\n",
        models.display()
    );
    std::fs::write(folder.path().join("experiment.yaml"), experiment).unwrap();
    let cost = |id: &str, probe: &str| {
        let manifest = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: bare}}\nspec:\n  replicas: 2\n  \
             selector: {{matchLabels: {{app: bare}}}}\n  template:\n    metadata: {{labels: {{app: bare}}}}\n    \
             spec: {{containers: [{{name: bare, image: 'bare:1', {probe}: {{httpGet: {{path: /, port: 8080}}}}}}]}}\n"
        );
        std::fs::write(folder.path().join("bare.yaml"), manifest).unwrap();
        let output = hasim()
            .current_dir(folder.path())
            .args(["check", "experiment.yaml", "--output", "json", "--cost", "--replications", "64"])
            .output()
            .unwrap();
        let findings: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        let finding = findings.iter().find(|finding| finding["advice"] == id).unwrap_or_else(|| panic!("{findings:?}"));
        ["downtime_s_per_year", "failed_request_s_per_year"].map(|key| finding["cost"][key]["low"].as_f64().unwrap())
    };
    let [downtime, failed] = cost("no-liveness-probe", "readinessProbe");
    assert!(downtime > 86_400.0 && failed > 86_400.0, "{downtime} {failed}: both replicas hang for ever one day");
    let [_, failed] = cost("no-readiness-probe", "livenessProbe");
    assert!(failed > 0.0, "{failed}: a starting Pod gets requests");
}
