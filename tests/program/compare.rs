//! Process: two manifests compared.

use std::path::Path;
use std::process::{Command, Output};

use hasim::results::{ExperimentResult, Verdict};

const BEFORE: &str = "models/deployments/aidbox.yaml";

fn compare(after: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["compare", BEFORE, after, "--quiet"]);
    command.args(["--replications", "64"]).args(more).output().unwrap()
}

fn manifest(folder: &Path, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(BEFORE)).unwrap();
    assert!(text.contains(from), "{from}");
    let path = folder.join("after.yaml");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path.display().to_string()
}

fn says(output: &Output, code: i32, words: &str) {
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{text}{errors}");
    assert!(text.contains(words) || errors.contains(words), "{text}{errors}");
}

#[test]
fn the_same_manifest_is_no_regression() {
    says(&compare(BEFORE, &["--max-regression", "0"]), 0, "PASS      after against before: the same system");
}

#[test]
fn one_replica_instead_of_two_is_a_regression() {
    let folder = tempfile::tempdir().unwrap();
    let after = manifest(folder.path(), "replicas: 2", "replicas: 1");
    let output = compare(&after, &[]);
    says(&output, 4, "FAIL      after against before:");
    says(&output, 4, "more downtime");
    says(&compare(&after, &["--max-regression", "30d"]), 0, "PASS      after against before:");
    says(
        &compare(&after, &["--max-regression", "30d", "--fail-below", "99.9999%"]),
        4,
        "FAIL      after: availability",
    );
}

/// What can never be Ready, or has no place, is told with its reason and without a year played.
#[test]
fn port_name_missing_is_a_regression() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(BEFORE)).unwrap();
    let probe = text.find("readinessProbe").unwrap();
    let port = probe + text[probe..].find("port: ").unwrap();
    let end = port + text[port..].find(['\n', ',', '}']).unwrap();
    let after = manifest(folder.path(), &text[probe..end], &format!("{}port: absent", &text[probe..port]));
    let output = compare(&after, &[]);
    says(&output, 4, "FAIL      after: ");
    says(&output, 4, "so the Pod is never Ready");
    let after = manifest(folder.path(), "      containers:", "      nodeSelector: {disktype: ssd}\n      containers:");
    says(&compare(&after, &[]), 4, "6 node(s) didn't match Pod's node affinity/selector.");
}

/// In whatever form, the verdict comes first, and the new manifest before the old one.
#[test]
fn every_format_has_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let after = manifest(folder.path(), "replicas: 2", "replicas: 1");
    let printed = |format: &str, more: &[&str]| {
        let output = compare(&after, &[&["--output", format], more].concat());
        assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };

    let table = printed("table", &[]);
    assert!(table.starts_with("FAIL      after against before: "), "{table}");
    let place = |text: &str, words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in {text}"));
    assert!(
        place(&table, "after is available") < place(&table, " after  ")
            && place(&table, " after  ") < place(&table, " before *")
    );
    assert!(table.contains(" in “after”:"), "the causes are those of the new manifest: {table}");
    assert!(
        table.contains("`hasim check`, new with after:\n  - advice: spec.replicas: ")
            && table.contains("[single-replica]")
    );

    let markdown = printed("markdown", &[]);
    let mut lines = markdown.lines().filter(|line| !line.is_empty());
    assert_eq!(lines.next(), Some("## FAIL: hasim compare"));
    assert!(lines.next().is_some_and(|line| line.starts_with("**FAIL** after against before: ")));
    assert_eq!(lines.next(), Some("| a year | before | after | change |"));
    let numbers: Vec<&str> = lines.skip(1).take(3).map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    assert_eq!(numbers, ["downtime", "failed requests", "needless reactions of probes"]);
    let bars = place(&markdown, "```text\n");
    let first_bar = markdown[bars..].lines().nth(1).unwrap();
    assert!(first_bar.contains("  before  ") && first_bar.contains('░'), "{first_bar}");
    assert!(place(&markdown, "| downtime |") < bars && bars < place(&markdown, "[single-replica]"), "{markdown}");
    let fold = place(&markdown, "<details>\n<summary>");
    assert!(place(&markdown, "[single-replica]") < fold && fold < place(&markdown, "Downtime by cause, in after:"));
    assert!(markdown.trim_end().ends_with("</details>"));

    let result: ExperimentResult = serde_json::from_str(&printed("json", &["--max-regression", "0"])).unwrap();
    let comparison = result.comparison.unwrap();
    assert_eq!((comparison.verdict, comparison.change, comparison.same), (Verdict::Fail, Verdict::Fail, false));
    assert_eq!(result.scenarios.iter().map(|scenario| scenario.name.as_str()).collect::<Vec<_>>(), ["after", "before"]);
    assert!(comparison.new_findings.iter().any(|finding| finding.id.as_deref() == Some("single-replica")));

    let text = printed("csv", &["--fail-below", "99.9999%"]);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let column =
        |rows: &mut csv::Reader<&[u8]>, name: &str| rows.headers().unwrap().iter().position(|one| one == name).unwrap();
    let [verdict, reason] = ["verdict", "verdict_reason"].map(|name| column(&mut rows, name));
    let records: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!((&records[0][0], &records[0][verdict], &records[1][verdict]), ("after", "FAIL", ""));
    assert!(
        records[0][reason].contains("after against before: ") && records[0][reason].contains("availability at least")
    );
}

/// Of several Deployments the one that is named, in both manifests.
#[test]
fn one_of_several_deployments_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(BEFORE)).unwrap();
    let both = |replicas: &str| {
        let other = text.replace("aidbox", "other").replace("replicas: 2", replicas);
        let path = folder.path().join(replicas.replace(": ", "-"));
        std::fs::write(&path, format!("{text}\n---\n{other}")).unwrap();
        path.display().to_string()
    };
    let compare = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
        let files = [both("replicas: 2"), both("replicas: 1")];
        command.arg("compare").args(files).args(["--quiet", "--replications", "16"]).args(more).output().unwrap()
    };
    says(&compare(&[]), 3, "`--deployment aidbox` with `hasim estimate` and `hasim compare`");
    says(&compare(&["--deployment", "aidbox"]), 0, "the same system in both manifests");
    says(&compare(&["--deployment", "other", "--namespace", "production"]), 4, "[single-replica]");
    says(&compare(&["--deployment", "none"]), 3, "there are: production/aidbox, production/other");
}

/// A manifest of which no Pod can ever be Ready is refused before any year is played, with the reason, in every format.
#[test]
fn what_can_never_be_ready_is_found_before_any_year_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let liveness = "livenessProbe:\n            httpGet:\n              path: /health\n              port: 8080\n              \
                    scheme: HTTP\n            initialDelaySeconds: 20\n";
    let impatient =
        manifest(folder.path(), liveness, &liveness.replace("initialDelaySeconds: 20", "initialDelaySeconds: 0"));
    let text = std::fs::read_to_string(&impatient).unwrap().replacen("failureThreshold: 4", "failureThreshold: 1", 1);
    let text = text.replacen("periodSeconds: 5", "periodSeconds: 1", 1);
    std::fs::write(&impatient, &text).unwrap();
    let reason = "after: containers[0].livenessProbe kills every start: it gives up 1 s after a start at the latest, and the \
                  application needs 4 s at least, so no Pod is ever Ready (how it starts is assumed: state it with --app)";
    let out = folder.path().join("out");
    let out = ["--out-dir", out.to_str().unwrap()];
    for (format, begins) in
        [("table", "FAIL      after: containers"), ("markdown", "## FAIL: hasim compare"), ("csv", "scenario,")]
    {
        let output = compare(&impatient, &[&["--output", format][..], &out].concat());
        let text = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.replace('\\', "");
        assert_eq!(output.status.code(), Some(4), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let begins = begins.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.starts_with(&begins) && text.contains(reason), "{format}: {text}");
    }
    let json = compare(&impatient, &["--output", "json"]);
    let result: ExperimentResult = serde_json::from_slice(&json.stdout).unwrap();
    let comparison = result.comparison.unwrap();
    assert_eq!((comparison.verdict, comparison.never_ready.len(), result.scenarios.len()), (Verdict::Fail, 1, 0));
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("kills every start") && !page.contains("<h2>In pictures</h2>"));
    // A limit however generous is no excuse.
    says(&compare(&impatient, &["--max-regression", "300d"]), 4, "FAIL");

    let unnamed = manifest(folder.path(), "image: healthsamurai/aidboxone:latest", "image: ${IMAGE}");
    let output = compare(&unnamed, &[]);
    says(&output, 4, "is \"${IMAGE}\", which is no name of an");

    // What is merely likely is played, and said with its probability.
    let hasty = text.replacen("initialDelaySeconds: 0", "initialDelaySeconds: 15", 1);
    let hasty = hasty.replacen("periodSeconds: 1", "periodSeconds: 5", 1);
    std::fs::write(folder.path().join("after.yaml"), hasty).unwrap();
    let output = compare(&folder.path().join("after.yaml").display().to_string(), &["--output", "markdown"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("new with after:") && text.contains("of starts are killed \\[starts-killed]"), "{text}");
}

/// What a change brings and takes away is told apart from what was there before; standard input is read once.
#[test]
fn findings_are_those_of_the_change() {
    let pull_request = "experiments/pull-request";
    let (before, after) = (format!("{pull_request}/before.yaml"), format!("{pull_request}/after.yaml"));
    let run = |from: &str, to: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        command.args(["compare", from, to, "--quiet", "--replications", "64", "--output", "json"]);
        command.stdin(std::fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(&after)).unwrap());
        let output = command.output().unwrap();
        let result: ExperimentResult = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let comparison = result.comparison.unwrap();
        let ids = |findings: &[hasim::results::ManifestFinding]| {
            findings.iter().filter_map(|finding| finding.id.clone()).collect::<Vec<_>>()
        };
        let kept = comparison.kept_findings.len();
        (ids(&comparison.new_findings), ids(&comparison.gone_findings), kept)
    };
    let tight = || "liveness-as-tight-as-readiness".to_owned();
    let (new, gone, kept) = run(&before, &after);
    assert!(new.contains(&tight()) && !gone.contains(&tight()) && kept > 0, "{new:?} {gone:?} {kept}");
    assert_eq!(run(&before, "-"), (new.clone(), gone.clone(), kept));
    let (back, lost, _) = run(&after, &before);
    assert_eq!((back, lost), (gone, new));
    let output = compare(&after, &["--output", "markdown"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let changed = "93 % of its occurrences kill all replicas; before: fails while dependency-error lasts: 81 %";
    assert!(text.contains("changed with after:") && text.contains(changed), "{text}");
}

#[test]
fn wrong_manifests_and_limits_are_located() {
    let folder = tempfile::tempdir().unwrap();
    let after = manifest(folder.path(), "replicas: 2", "replicas: -2");
    says(&compare(&after, &[]), 3, "after.yaml:");
    says(&compare(BEFORE, &["--fail-below", "high"]), 2, "must be a percentage, such as 99.95%");
    says(&compare(BEFORE, &["--max-regression", "5"]), 2, "must have a unit");
    says(&compare("nowhere.yaml", &[]), 3, "nowhere.yaml");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    for (after, more, message) in [
        ("nope.yaml", &[][..], "nope.yaml: there is no such file"),
        ("models", &[], "models: is a folder, must be a file or a folder with manifests"),
        (BEFORE, &["--app", "nope.yaml"], "--app: nope.yaml cannot be read"),
    ] {
        let output = compare(after, more);
        says(&output, 3, message);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("bundled:"));
    }
}
