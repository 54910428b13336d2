//! Process: the natural first steps of a user, right and wrong. Each gets an answer, or the one command that gives it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: nginx:1.27, ports: [{containerPort: 80}], readinessProbe: {httpGet: {port: 80}}}
";
const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";

fn hasim(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("hasim").unwrap();
    command.current_dir(folder).args(args);
    command
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The same workload under another name, as another kind.
fn web_as(kind: &str, version: &str, name: &str) -> String {
    WEB.replace("kind: Deployment", &format!("kind: {kind}"))
        .replace("apps/v1", version)
        .replace("name: web}", &format!("name: {name}}}"))
}

/// What people have lying around.
fn lying_around() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| put(folder.path(), name, text);
    put("web.yaml", WEB);
    let others = [
        ("StatefulSet", "apps/v1", "db"),
        ("DaemonSet", "apps/v1", "agent"),
        ("ReplicaSet", "apps/v1", "old"),
        ("ReplicationController", "v1", "older"),
        ("Job", "batch/v1", "once"),
        ("CronJob", "batch/v1", "nightly"),
        ("Pod", "v1", "bare"),
        ("Rollout", "argoproj.io/v1alpha1", "shop"),
    ];
    for (kind, version, name) in others {
        put(&format!("other/{name}.yaml"), &web_as(kind, version, name));
    }
    put(
        "other/referring.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: refers}\nspec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n",
    );
    put("my chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
    put("my chart/values.yaml", "replicas: 2\n");
    put("my chart/templates/web.yaml", &WEB.replace("replicas: 2", "replicas: {{ .Values.replicas }}"));
    put("my chart/templates/quoted.yaml", &WEB.replace("replicas: 2", "replicas: \"{{ .Values.replicas }}\""));
    put("my chart/templates/guarded.yaml", &format!("{{{{- if .Values.enabled }}}}\n{WEB}{{{{- end }}}}\n"));
    put("template.yaml", &WEB.replace("replicas: 2", "replicas: {{ replicas }}"));
    put("overlay/kustomization.yaml", "resources: [web.yaml]\n");
    put("overlay/web.yaml", WEB);
    put(
        "ours/experiment.yaml",
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {name: ours}\nspec:\n  deployment: ../web.yaml\n  app: bundled:apps/nginx\n  cluster: bundled:clusters/three-zones\n  faults: [bundled:faults/cloud]\n",
    );
    put(
        "ours/misnamed.yaml",
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {name: ours}\nspec:\n  deployment: ../web.yaml\n  app: bundled:apps/ngnix\n  cluster: bundled:clusters/three-zones\n",
    );
    put(
        "ours/of-a-database.yaml",
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {name: ours}\nspec:\n  deployment: ../other/db.yaml\n  app: bundled:apps/nginx\n  cluster: bundled:clusters/three-zones\n",
    );
    put("ours/app.yaml", "apiVersion: hasim/v1\nkind: App\nmetadata: {name: ours}\nspec: {startUp: {fixed: 1s}}\n");
    put("ours/incidents.yaml", "apiVersion: hasim/v1\nkind: Incidents\nmetadata: {name: ours}\nspec: {}\n");
    put("played/results.json", "{}");
    put("nothing/notes.json", "{}");
    folder
}

/// The wrong steps that people take first.
const WRONG: [&[&str]; 47] = [
    &["run"],
    &["run", "web.yaml"],
    &["run", "my chart"],
    &["run", "overlay"],
    &["run", "ours"],
    &["run", "other"],
    &["run", "other/db.yaml"],
    &["run", "played"],
    &["run", "ours/experimnt.yaml"],
    &["run", "missing.yaml"],
    &["run", "ours/app.yaml"],
    &["run", "ours/misnamed.yaml"],
    &["run", "ours/of-a-database.yaml"],
    &["run", "my chart/templates/web.yaml"],
    &["trace", "web.yaml"],
    &["trace", "played"],
    &["estimate", "my chart"],
    &["estimate", "my chart/Chart.yaml"],
    &["estimate", "my chart/values.yaml"],
    &["estimate", "my chart/templates/web.yaml"],
    &["estimate", "my chart/templates/quoted.yaml"],
    &["estimate", "my chart/templates/guarded.yaml"],
    &["estimate", "template.yaml"],
    &["estimate", "overlay"],
    &["estimate", "overlay/kustomization.yaml"],
    &["estimate", "ours/experiment.yaml"],
    &["estimate", "ours/app.yaml"],
    &["estimate", "ours/incidents.yaml"],
    &["estimate", "played"],
    &["estimate", "nothing"],
    &["estimate", "other"],
    &["estimate", "other/db.yaml"],
    &["estimate", "other/agent.yaml"],
    &["estimate", "other/old.yaml"],
    &["estimate", "other/once.yaml"],
    &["estimate", "other/nightly.yaml"],
    &["estimate", "other/bare.yaml"],
    &["estimate", "other/shop.yaml"],
    &["estimate", "other/referring.yaml"],
    &["estimate", "wbe.yaml"],
    &["compare", "web.yaml"],
    &["compare", "web.yaml", "my chart"],
    &["check", "my chart"],
    &["check", "other/older.yaml"],
    &["report", "web.yaml"],
    &["report", "nothing"],
    &["init", "my chart"],
];

/// Snapshot: every natural wrong step with its answer. None is a riddle: each names a next step, and nothing in them is a name or
/// a path from inside hasim or the machine that it was built on.
#[test]
fn natural_wrong_steps_have_answers() {
    let folder = lying_around();
    let mut all = String::new();
    for args in WRONG {
        let output = hasim(folder.path(), args).output().unwrap();
        let answer = both(&output);
        let code = output.status.code().unwrap();
        assert_eq!(
            code,
            if args[0] == "check" && args[1] != "my chart" { 0 } else { code.max(2) },
            "{args:?}: {answer}"
        );
        assert!(answer.contains("help: ") || answer.contains("there are: "), "{args:?}: {answer}");
        for inside in [env!("CARGO_MANIFEST_DIR"), "models/", "src/", ".rs", "os error", "estimate:", "MANIFEST:"] {
            assert!(!answer.contains(inside), "{args:?} shows {inside}: {answer}");
        }
        writeln!(all, "$ hasim {}\n{answer}# {code}\n", args.join(" ")).unwrap();
    }
    insta::assert_snapshot!(all);
}

fn both(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Snapshot: hasim alone says what lies here in at most six lines, with the next commands.
#[test]
fn hasim_alone_says_what_lies_here() {
    let folder = lying_around();
    let nothing = folder.path().join("nothing");
    let chart = folder.path().join("my chart");
    let mut all = String::new();
    for (name, place) in [("all of it", folder.path()), ("nothing", &nothing), ("a chart", &chart)] {
        let output = hasim(place, &[]).output().unwrap();
        assert!(output.status.success());
        let text = both(&output);
        let (here, help) = text.split_once("\n\n").unwrap();
        assert!(here.lines().count() <= 6 && help.contains("Usage: hasim"), "{text}");
        writeln!(all, "# {name}\n{here}\n").unwrap();
    }
    insta::assert_snapshot!(all);
}

/// A folder with more files than anybody would look through is not looked through.
#[test]
fn a_glance_at_a_large_folder_ends() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..210 {
        put(folder.path(), &format!("{number}.yaml"), "a: 1\n");
    }
    hasim(folder.path(), &[]).assert().success().stdout(contains("not everything was looked at"));
}

/// The files of a folder make one manifest, as for `kubectl apply -f`; what cannot be played is named.
#[test]
fn a_folder_of_manifests_is_estimated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put(path, "k8s/web.yaml", WEB);
    put(path, "k8s/service.yaml", SERVICE);
    put(path, "k8s/values.yaml", "replicas: 2\n");
    let estimate = |args: &[&str]| hasim(path, &[&["estimate", "--replications", "2"], args].concat());
    let one = both(&estimate(&["k8s"]).output().unwrap());
    let piped = estimate(&["-"]).write_stdin(format!("{WEB}---\n{SERVICE}")).output().unwrap();
    assert_eq!(one, both(&piped), "the Service counts");
    put(path, "k8s/api/api.yaml", &WEB.replace("web", "api"));
    put(path, "k8s/db.yaml", &web_as("StatefulSet", "apps/v1", "db"));
    put(path, "k8s/chart/Chart.yaml", "name: shop\n");
    let says = contains("are no Deployments (`hasim check` tells why): StatefulSet db")
        .and(contains("rendered first: `helm template k8s/chart | hasim estimate -`"));
    estimate(&["k8s"]).assert().success().stdout(predicate::str::starts_with("Of 2 Deployments")).stderr(says);
    // Names that occur twice are told apart by their files; what is broken does not stand in the way of the others.
    put(path, "k8s/again.yaml", WEB);
    put(path, "k8s/broken.yaml", &WEB.replace("replicas: 2", "replicas: {{ two }}"));
    let output = estimate(&["k8s"]).output().unwrap();
    let text = both(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    for words in ["again-web", "web-web", "k8s/broken.yaml:5:13: is a template"] {
        assert!(text.contains(words), "{text}");
    }
}

/// A dump of a cluster on standard input, as kubectl prints it.
#[test]
fn a_dump_of_forty_deployments_is_estimated() {
    let item = |n: usize| WEB.replace("name: web}", &format!("name: web-{n}, namespace: ns-{}}}", n % 3));
    let indented = |n: usize| item(n).trim_end().replace('\n', "\n  ");
    let items: Vec<String> = (0..40).map(|n| format!("- {}\n", indented(n))).collect();
    let items = items.concat();
    let dump = format!("apiVersion: v1\nkind: List\nitems:\n{items}");
    let folder = tempfile::tempdir().unwrap();
    let says = predicate::str::starts_with("Of 40 Deployments, each alone on the cluster");
    hasim(folder.path(), &["estimate", "-", "--replications", "1"]).write_stdin(dump).assert().success().stdout(says);
}

/// What hasim prints can be pasted: a Rollout is played as a Deployment by the command that its refusal names.
#[test]
#[cfg(unix)]
fn the_command_for_a_rollout_works() {
    let folder = lying_around();
    let said = both(&hasim(folder.path(), &["estimate", "other/shop.yaml"]).output().unwrap());
    let command = said.split('`').nth(1).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_hasim")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("{command} --replications 2")])
        .env("PATH", path)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success() && both(&output).starts_with("shop is available"), "{command}: {}", both(&output));
}

/// Snapshot: the experiment that `init` writes of one Deployment; it is checked and played, with the binary alone.
#[test]
fn init_writes_an_experiment_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put(path, "web.yaml", WEB);
    hasim(path, &["init"]).assert().success().stdout(contains("hasim run experiment.yaml"));
    let text = fs::read_to_string(path.join("experiment.yaml")).unwrap();
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    hasim(path, &["check", "experiment.yaml"]).assert().success().stdout(contains("no errors"));
    let run = ["run", "experiment.yaml", "--replications", "2", "--quiet"];
    hasim(path, &run).assert().success().stdout(predicate::str::starts_with("web is available"));
    // Nothing is overwritten.
    hasim(path, &["init"]).assert().code(2).stderr(contains("is there already").and(contains("--out")));
    assert_eq!(fs::read_to_string(path.join("experiment.yaml")).unwrap(), text);
    // It plays what `estimate` plays.
    let json = |args: &[&str]| -> serde_json::Value {
        let output =
            hasim(path, &[args, &["--replications", "4", "--seed", "1", "--output", "json", "--quiet"]].concat());
        serde_json::from_slice(&{ output }.output().unwrap().stdout).unwrap()
    };
    let (ran, estimated) = (json(&["run", "experiment.yaml"]), json(&["estimate", "web.yaml"]));
    assert_eq!(ran["scenarios"][0]["metrics"], estimated["scenarios"][0]["metrics"]);
    assert_eq!(ran["inputs"]["app"], estimated["inputs"]["app"]);
    assert_eq!(ran["inputs"]["faults"], estimated["inputs"]["faults"]);
}

/// Standard input is kept beside the experiment, folders are named from where it lies, and several Deployments make a system that
/// has room.
#[test]
fn init_takes_standard_input_and_folders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put(path, "asked/keep", "");
    let large = WEB
        .replace("image: nginx:1.27", "image: nginx:1.27, resources: {requests: {cpu: '3'}}")
        .replace("replicas: 2", "replicas: 6");
    let dump = format!("{large}---\n{}", large.replace("web", "api"));
    let init = ["init", "-", "--out", "asked/both.yaml"];
    hasim(path, &init).write_stdin(dump.clone()).assert().success().stderr(contains("kept in asked/manifest.yaml"));
    assert_eq!(fs::read_to_string(path.join("asked/manifest.yaml")).unwrap(), dump);
    let text = fs::read_to_string(path.join("asked/both.yaml")).unwrap();
    assert!(text.contains("file: manifest.yaml") && text.contains("cluster.nodesPerZone"), "{text}");
    let run = ["run", "asked/both.yaml", "--replications", "1", "--quiet"];
    hasim(path, &run)
        .assert()
        .success()
        .stdout(contains("which needs all 2 Deployments").or(contains("which needs web and api")));
    hasim(path, &init).write_stdin(dump).assert().code(2).stderr(contains("is there already"));

    put(path, "k8s/web.yaml", WEB);
    put(path, "k8s/service.yaml", SERVICE);
    hasim(path, &["init", "k8s", "--out", "asked/folder.yaml"]).assert().success();
    assert!(fs::read_to_string(path.join("asked/folder.yaml")).unwrap().contains("deployment: ../k8s\n"));
    hasim(path, &["check", "asked/folder.yaml"]).assert().success().stderr(contains("no Service").not());
    // What is written there is no manifest, and is not taken for one.
    put(path, "k8s/experiment.yaml", &text);
    hasim(&path.join("k8s"), &["init", "--out", "mine.yaml"]).assert().success();
    hasim(&path.join("k8s"), &["check", "mine.yaml"]).assert().success();
    // A manifest that is wrong has no experiment.
    put(path, "wrong.yaml", &WEB.replace("replicas: 2", "replicas: two"));
    hasim(path, &["init", "wrong.yaml", "--out", "w.yaml"])
        .assert()
        .code(3)
        .stderr(contains("wrong.yaml:5:13: spec.replicas"));
    assert!(!path.join("w.yaml").exists());
}

/// Snapshot: what is understood of a manifest and of an experiment, each value with its place or its default.
#[test]
fn explain_tells_each_value_and_where_it_comes_from() {
    let folder = lying_around();
    let explain = |args: &[&str]| both(&hasim(folder.path(), &[&["explain"], args].concat()).output().unwrap());
    insta::assert_snapshot!(format!("{}\n{}", explain(&["web.yaml"]), explain(&["ours/experiment.yaml"])));
    let piped = hasim(folder.path(), &["explain", "-"]).write_stdin(WEB).output().unwrap();
    assert_eq!(both(&piped), explain(&["web.yaml"]).replace("web.yaml:", "<stdin>:"));
    // Of several Deployments each is told of, and the applications that are assumed.
    put(folder.path(), "two.yaml", &format!("{WEB}---\n{}", WEB.replace("web", "api").replace("nginx", "redis")));
    let two = explain(&["two.yaml"]);
    assert!(two.contains("Deployment default/api") && two.contains("nginx of web; redis of api"), "{two}");
    hasim(folder.path(), &["explain", "other/db.yaml"]).assert().code(3).stderr(contains("must be Deployment"));
    hasim(folder.path(), &["explain", "overlay"]).assert().code(3).stderr(contains("| hasim explain -"));
}

/// Of several files one that is no manifest does not stand in the way of the others.
#[test]
fn what_is_no_manifest_does_not_stand_in_the_way() {
    let folder = lying_around();
    let args = ["estimate", "web.yaml", "missing.yaml", "template.yaml", "--replications", "2"];
    let told = contains("missing.yaml: there is no such file").and(contains("template.yaml:5:13: is a template"));
    let answer = predicate::str::starts_with("web is available");
    hasim(folder.path(), &args).assert().code(3).stderr(told).stdout(answer);
}

/// An idle colour of blue and green is no error; that both are behind one Service is told in the answer.
#[test]
fn blue_and_green_have_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    // Both have the labels that the Service selects.
    let green = WEB.replacen("name: web}", "name: green}", 1);
    put(folder.path(), "both.yaml", &format!("{WEB}---\n{green}---\n{SERVICE}"));
    let answer = hasim(folder.path(), &["estimate", "both.yaml", "--replications", "2"]).output().unwrap();
    let said = String::from_utf8_lossy(&answer.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(answer.status.success(), "{}", both(&answer));
    assert!(said.contains("A Service has the Pods of several of these Deployments: each is estimated as if"), "{said}");
    let idle = green.replacen("replicas: 2", "replicas: 0", 1);
    put(folder.path(), "idle.yaml", &format!("{WEB}---\n{idle}---\n{SERVICE}"));
    hasim(folder.path(), &["estimate", "idle.yaml", "--replications", "2"])
        .assert()
        .success()
        .stdout(
            contains("Left out, as their replicas are 0: default/green of idle.yaml.")
                .and(contains("A Service has").not()),
        )
        .stderr(contains("sends requests to the Pods of").not());
    hasim(folder.path(), &["init", "idle.yaml"]).assert().success();
    // Where nothing else is there, that is what is wrong.
    put(folder.path(), "only.yaml", &idle);
    hasim(folder.path(), &["estimate", "only.yaml"]).assert().code(3).stderr(contains("spec.replicas: is 0"));
}

#[test]
fn a_file_of_which_nothing_is_checked_is_not_called_right() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n");
    let found = hasim(folder.path(), &["check", "config.yaml"]).assert().success();
    found.stdout("1 file checked: it holds nothing that hasim checks\n");
    put(folder.path(), "web.yaml", WEB);
    let found = hasim(folder.path(), &["check", "."]).assert().success();
    found.stdout(contains("2 files checked: no errors, and in 1 nothing that hasim checks"));
}
