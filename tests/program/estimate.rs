//! Process: a manifest alone.

use assert_cmd::Command;
use predicates::prelude::*;

fn estimate(args: &[&str]) -> Command {
    estimate_of("64", args)
}

fn estimate_of(replications: &str, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["estimate", "--replications", replications]).args(args);
    command
}

#[test]
fn a_manifest_alone_has_an_answer() {
    let says = predicate::str::starts_with("aidbox is available 99.9");
    estimate(&["models/deployments/aidbox.yaml"]).assert().success().stdout(says.clone());
    // What kubectl prints is a List, on standard input.
    let manifest = std::fs::read_to_string("models/deployments/aidbox.yaml").unwrap();
    let (deployment, service) = manifest.split_once("\n---\n").unwrap();
    let item = |text: &str| {
        let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
        lines.join("\n").replacen("    apiVersion", "  - apiVersion", 1)
    };
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}\n{}\n", item(deployment), item(service));
    estimate(&["-"]).write_stdin(list).assert().success().stdout(says);
}

#[test]
fn zones_and_an_slo_can_be_given() {
    let file = "models/deployments/aidbox.yaml";
    let output =
        estimate(&[file, "--zones", "1", "--nodes-per-zone", "2", "--slo", "99.9%", "--output", "json"]).output();
    let result: serde_json::Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(result["scenarios"][0]["node_hours_per_year"], 2.0 * 8_760.0);
    assert_eq!(result["objective"]["slo"], 0.999);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    estimate(&["nowhere.yaml"])
        .assert()
        .code(3)
        .stderr(predicate::str::contains("nowhere.yaml: there is no such file"));
}

/// A key-value store that starts in a second, of which the manifest does not say so.
const STORE: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: store}
spec:
  replicas: 1
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
        - name: store
          image: IMAGE
          readinessProbe: {tcpSocket: {port: 6379}, periodSeconds: 5}
          livenessProbe: {tcpSocket: {port: 6379}, periodSeconds: 5}
";

fn json_of(image: &str, args: &[&str]) -> serde_json::Value {
    let all = [&["-", "--output", "json", "--quiet"], args].concat();
    let output = estimate(&all).write_stdin(STORE.replace("IMAGE", image)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn guesses(result: &serde_json::Value) -> Vec<&str> {
    result["assumptions"].as_array().into_iter().flatten().map(|one| one["about"].as_str().unwrap()).collect()
}

/// Rule: the answer says what it hangs on, the weightiest guess first, each with its flag, in every form alike.
#[test]
fn the_assumed_start_is_named_with_its_weight_and_its_flag() {
    let result = json_of("example/store:1", &[]);
    let all =
        ["application", "container_faults", "shared_dependency", "node_faults", "cluster", "releases", "node_images"];
    assert_eq!(guesses(&result).len(), all.len());
    assert!(all.iter().all(|about| guesses(&result).contains(about)));
    let start = &result["assumptions"][0];
    assert_eq!(
        (&start["about"], &start["instead"], &start["flags"][0]),
        (&"application".into(), &"go-service".into(), &"--app".into())
    );
    assert_eq!(start["assumed"], "jvm-service, starts in a median of 18 s (p95 28 s)");
    assert!(start["guessed_from"].is_null());
    // Of an answer of about 10 h a year the start decides nearly all; a start in a second leaves less than an hour.
    let downtime = |of: &serde_json::Value| of["downtime_s_per_year"]["mean"].as_f64().unwrap();
    let answer = downtime(&result["scenarios"][0]);
    assert!(answer > 9.0 * 3_600.0 && downtime(start) < 3_600.0, "{answer} {}", downtime(start));
    assert!(start["difference"]["downtime_s_per_year"]["high"].as_f64().unwrap() < -0.8 * answer);

    let said = predicate::str::contains("most on the application (jvm-service): played")
        .and(predicate::str::contains("Without the assumed shared dependency (dependency-error) it is available"))
        .and(predicate::str::contains("--app"))
        .and(predicate::str::contains("--faults"))
        .and(predicate::str::contains("--cluster"));
    for format in ["table", "markdown"] {
        let manifest = STORE.replace("IMAGE", "example/store:1");
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let output = estimate(&["-", "--output", format]).write_stdin(manifest).output().unwrap();
        let text = one_line(&String::from_utf8(output.stdout).unwrap());
        assert!(said.eval(&text), "{format}: {text}");
    }
}

/// Rule: where nothing but a person mends a hang, the answer names who was assumed to, and what it is without.
#[test]
fn who_is_on_call_is_a_guess_where_somebody_was_paged() {
    let manifest = STORE.replace("IMAGE", "example/store:1");
    let unwatched: String =
        manifest.lines().filter(|line| !line.contains("livenessProbe")).map(|l| l.to_owned() + "\n").collect();
    let args = ["-", "--output", "json", "--quiet", "--deploys", "0", "--node-image-every", "never"];
    let output = estimate(&args).write_stdin(unwatched.clone()).output().unwrap();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let nobody = result["assumptions"].as_array().unwrap().iter().find(|one| one["about"] == "on_call").unwrap();
    assert_eq!(nobody["instead"], "nobody on call");
    let assumed = nobody["assumed"].as_str().unwrap();
    assert!(
        assumed.starts_with("somebody is paged after a median of 5 min (p95 20 min), and acts after "),
        "{assumed}"
    );
    // A hang every 90 days that nobody ends, nor a release, leaves little of a year.
    assert!(nobody["availability"]["high"].as_f64().unwrap() < 0.6, "{nobody}");
    let none = estimate(&[&args[..], &["--faults", "none"]].concat()).write_stdin(unwatched).output().unwrap();
    let none: serde_json::Value = serde_json::from_slice(&none.stdout).unwrap();
    assert!(!guesses(&none).contains(&"on_call"));
}

#[test]
fn the_page_names_the_guesses_too() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    estimate(&["models/deployments/aidbox.yaml", "--quiet", "--out-dir", out]).assert().success();
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("by how much of the downtime hangs on it") && page.contains("application: jvm-service"));
}

/// Rule: what is stated is no guess, and leaving out the shared dependency leaves nearly nothing of the reference's downtime.
#[test]
fn what_is_stated_is_not_assumed() {
    let flags = "--app go-service --cluster two-zones --faults none --deploys 0 --node-image-every never";
    let stated = json_of("example/store:1", &flags.split(' ').collect::<Vec<_>>());
    assert_eq!(guesses(&stated), [""; 0]);
    assert!(stated.get("assumptions").is_none());
    assert_eq!(stated["faults"], serde_json::json!([]));

    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.yaml");
    let entry = "{name: dependency-error, target: deployment, mode: error, every: {exponential: {mean: 1y}}, lasts: 5m, source: ours}";
    std::fs::write(
        &ours,
        format!("apiVersion: hasim/v1\nkind: FaultModel\nmetadata: {{name: ours}}\nspec:\n  faults:\n    - {entry}\n"),
    )
    .unwrap();
    let result = json_of("example/store:1", &["--faults", ours.to_str().unwrap()]);
    let names: Vec<&str> =
        result["faults"].as_array().unwrap().iter().map(|fault| fault["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"container-crash") && names.contains(&"dependency-error"),
        "the library stands below: {names:?}"
    );
    assert!(!guesses(&result).contains(&"shared_dependency") && guesses(&result).contains(&"container_faults"));

    let file = "models/deployments/aidbox.yaml";
    let output = estimate(&[file, "--output", "json", "--quiet"]).output().unwrap();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let shared =
        result["assumptions"].as_array().unwrap().iter().find(|one| one["about"] == "shared_dependency").unwrap();
    let removed = -shared["difference"]["downtime_s_per_year"]["mean"].as_f64().unwrap();
    assert!(removed > 0.9 * result["scenarios"][0]["downtime_s_per_year"]["mean"].as_f64().unwrap(), "{shared}");
}

/// Rule: a Node image a month is assumed unless a number is stated; of a single replica each moves the Pod at least once.
#[test]
fn node_images_are_assumed_or_stated() {
    let assumed = json_of("example/store:1", &["--deploys", "0"]);
    assert!(guesses(&assumed).contains(&"node_images"));
    let each = &assumed["scenarios"][0]["operations"]["node-image"];
    let per_year = each["per_year"]["mean"].as_f64().unwrap();
    assert!((11.0..13.5).contains(&per_year), "{per_year}");
    assert!(each["failed_request_s_each"]["mean"].as_f64().unwrap() > 18.0, "one start at least: {each}");

    let stated = json_of("example/store:1", &["--node-image-every", "7d"]);
    assert!(!guesses(&stated).contains(&"node_images"));
    let per_year = stated["scenarios"][0]["operations"]["node-image"]["per_year"]["mean"].as_f64().unwrap();
    assert!((48.0..57.0).contains(&per_year), "{per_year}");
    let none = json_of("example/store:1", &["--node-image-every", "never"]);
    assert!(none["scenarios"][0]["operations"].get("node-image").is_none() && !guesses(&none).contains(&"node_images"));

    for (text, rule) in [("0", "must be `never`, or from 1h to 10y"), ("week", "must be a duration such as 30s")] {
        let said = predicate::str::contains("--node-image-every").and(predicate::str::contains(rule));
        estimate(&["models/deployments/aidbox.yaml", "--node-image-every", text]).assert().code(2).stderr(said);
    }
}

/// Rule: a release a week is assumed unless a number is stated; of a single replica each costs what its start takes.
#[test]
fn releases_are_assumed_or_stated() {
    let assumed = json_of("example/store:1", &[]);
    assert!(guesses(&assumed).contains(&"releases"));
    let each = &assumed["scenarios"][0]["operations"]["release"];
    let per_year = each["per_year"]["mean"].as_f64().unwrap();
    assert!((48.0..57.0).contains(&per_year), "{per_year}");

    let stated = json_of("example/store:1", &["--deploys", "7"]);
    assert!(!guesses(&stated).contains(&"releases"));
    let per_year = stated["scenarios"][0]["operations"]["release"]["per_year"]["mean"].as_f64().unwrap();
    assert!((355.0..375.0).contains(&per_year), "{per_year}");
    let none = json_of("example/store:1", &["--deploys", "0", "--node-image-every", "never"]);
    assert!(none["scenarios"][0].get("operations").is_none() && !guesses(&none).contains(&"releases"));

    let rule = predicate::str::contains("must be 0, or a number from 0.001 to 10080");
    estimate(&["models/deployments/aidbox.yaml", "--deploys=-1"]).assert().code(2).stderr(rule);
}

#[test]
fn the_application_is_guessed_from_safe_signs_and_the_guess_is_said() {
    let result = json_of("redis:7", &[]);
    let start = result["assumptions"].as_array().unwrap().iter().find(|one| one["about"] == "application").unwrap();
    assert_eq!(start["names"][0], "redis");
    assert_eq!(start["guessed_from"], "the image redis:7");
    assert_eq!(start["instead"], "jvm-service");
    assert_eq!(result["inputs"]["app"]["metadata"]["name"], "redis");
    let file = STORE.replace("IMAGE", "redis:7");
    let says = predicate::str::contains("application: redis").and(predicate::str::contains("guessed from"));
    estimate(&["-"]).write_stdin(file).assert().success().stdout(says);
}

#[test]
fn bundled_models_have_names_that_help_lists() {
    let result = json_of("example/store:1", &["--app", "node-service", "--cluster", "single-zone"]);
    assert_eq!(result["inputs"]["app"]["metadata"]["name"], "node-service");
    assert_eq!(result["inputs"]["cluster"][0]["metadata"]["name"], "single-zone");
    let names =
        ["go-service: A service compiled", "postgres: A small", "two-zones: ", "database-not-in-liveness: ", "none: "];
    let mut help = estimate(&["--help"]);
    for name in names {
        help.assert().success().stdout(predicate::str::contains(name));
    }
    for (flag, wrong, near) in [
        ("--app", "go-servise", "go-service"),
        ("--cluster", "three-zone", "three-zones"),
        ("--faults", "clout", "cloud"),
    ] {
        let says =
            predicate::str::contains(format!("{flag}: there is no file {wrong} and no bundled model of that name"))
                .and(predicate::str::contains(format!("did you mean {near}?")));
        estimate(&["models/deployments/aidbox.yaml", flag, wrong]).assert().code(3).stderr(says);
    }
}

/// A Deployment whose Pod has these fields and whose container has these.
fn web(pod: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 2\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
         spec: {{{pod}containers: [{{name: side, image: 'side:1'}}, {{name: web, image: 'web:1', ports: [{{name: http, \
         containerPort: 8080}}], {container}}}]}}\n"
    )
}

/// What no Node takes has no answer but the scheduler's words, unless it is to be played all the same.
#[test]
fn unplaceable_replicas_end_with_the_schedulers_words() {
    let selecting = web("nodeSelector: {disktype: ssd}, ", "readinessProbe: {httpGet: {port: http}}");
    let words =
        predicate::str::contains("0/6 nodes are available: 6 node(s) didn't match Pod's node affinity/selector.")
            .and(predicate::str::contains("no Node has the label disktype: ssd"));
    estimate(&["-"]).write_stdin(selecting.clone()).assert().code(3).stdout("").stderr(words);
    let says = predicate::str::contains("is available 0.00 %").and(predicate::str::contains("† no Node takes some"));
    // The scheduler tries again and again, all year.
    estimate_of("2", &["-", "--allow-pending"]).write_stdin(selecting).assert().success().stdout(says);
    let arch = web("nodeSelector: {kubernetes.io/arch: amd64}, ", "readinessProbe: {httpGet: {port: http}}");
    estimate_of("2", &["-"]).write_stdin(arch).assert().success();
}

#[test]
fn port_name_missing_ends_before_anything_is_played() {
    let wrong = web("", "readinessProbe: {httpGet: {port: htpp}}");
    let words =
        predicate::str::contains("so the Pod is never Ready").and(predicate::str::contains("did you mean `http`?"));
    estimate(&["-"]).write_stdin(wrong).assert().code(3).stdout("").stderr(words);
}

#[test]
fn sidecar_first_is_told_and_another_container_is_named() {
    let manifest =
        web("", "readinessProbe: {httpGet: {port: http}}, livenessProbe: {httpGet: {port: http}, failureThreshold: 6}");
    let told = |name: &str| predicate::str::contains(format!("`{name}` is the container that serves"));
    let plays = predicate::str::starts_with("web is available 99.9");
    estimate(&["-"]).write_stdin(manifest.clone()).assert().success().stderr(told("web")).stdout(plays);
    // No probe watches it: the first reaction to a hang is a page.
    let plays = predicate::str::contains("mainly in phase detect");
    estimate(&["-", "--container", "side"])
        .write_stdin(manifest.clone())
        .assert()
        .success()
        .stderr(told("side"))
        .stdout(plays);
    let unknown = predicate::str::contains("must be a container of web: side, web");
    estimate(&["-", "--container", "sid"]).write_stdin(manifest).assert().code(3).stderr(unknown);
}

/// What is wrong with a manifest is told of the file that was named, not of an experiment that nobody has written.
#[test]
fn a_wrong_manifest_is_named_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let says = |name: &str, text: &str, words: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let begins = format!("{}: {words}", file.display());
        let output = estimate(&[file.to_str().unwrap()]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(3) && said.starts_with(&begins) && !said.contains("bundled:"), "{said}");
        said
    };
    says("empty.yaml", "", "is no manifest: it holds no document that hasim reads");
    let experiment = "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {name: x}\nspec: {}\n";
    let said = says("experiment.yaml", experiment, "is an experiment, must be a manifest");
    assert!(said.contains("`hasim run "), "{said}");
    let old = STORE.replace("apps/v1", "extensions/v1beta1").trim_start().to_owned();
    let file = folder.path().join("old.yaml");
    std::fs::write(&file, old).unwrap();
    let output = estimate(&[file.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("must be apps/v1 for kind Deployment") && !said.contains("bundled:"), "{said}");
}
