//! Process: what is there to be copied into pipelines. Its scripts name only commands and flags that hasim has, and do what they promise
//! when they are run, with stand-ins for what only a pipeline has. Nothing here needs a network.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use granit_parser::{Event, Parser};
use serde_json::{Map, Value, json};

const ACTION: &str = "action.yml";
const GITHUB: &str = "examples/ci/github.yml";
const GITLAB: &str = "examples/ci/gitlab-ci.yml";
const GITOPS: &str = "examples/ci/gitops.yml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of YAML; every scalar is a text.
fn read(file: &str) -> Value {
    enum Open {
        List(Vec<Value>),
        Map(Map<String, Value>, Option<String>),
    }
    let text = fs::read_to_string(root().join(file)).unwrap();
    let mut open: Vec<Open> = vec![Open::List(Vec::new())];
    for event in Parser::new_from_str(&text) {
        let done = match event.unwrap_or_else(|why| panic!("{file}: {why}")).0 {
            Event::Scalar(text, ..) => json!(text),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop().unwrap() {
                Open::List(list) => Value::Array(list),
                Open::Map(map, _) => Value::Object(map),
            },
            _ => continue,
        };
        match open.last_mut().unwrap() {
            Open::List(list) => list.push(done),
            Open::Map(map, key) => match key.take() {
                None => *key = done.as_str().map(str::to_owned),
                Some(key) => assert!(map.insert(key.clone(), done).is_none(), "{file}: {key} twice"),
            },
        }
    }
    let Some(Open::List(mut documents)) = open.pop() else { unreachable!() };
    documents.remove(0)
}

/// Every script of a file: `run` of a step, and `script` of a job.
fn scripts(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("run", Value::String(script)) => found.push(script.clone()),
                    ("script", Value::Array(lines)) => {
                        found.push(lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n"));
                    }
                    _ => found.extend(scripts(value)),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| found.extend(scripts(value))),
        _ => {}
    }
    found
}

fn help(command: Option<&str>) -> String {
    let mut hasim = Command::new(env!("CARGO_BIN_EXE_hasim"));
    let output = hasim.args(command).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The commands of hasim in a script, each with its flags.
fn commands(script: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut found = Vec::new();
    for line in script.replace("\\\n", " ").lines().filter(|line| !line.trim_start().starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (at, _) in words.iter().enumerate().filter(|(_, word)| **word == "hasim") {
            // A word of a sentence, or the name of a function, is followed by no command.
            let Some(command) = words.get(at + 1).filter(|word| word.chars().all(|c| c.is_ascii_lowercase())) else {
                continue;
            };
            let rest = words[at + 2..].iter().take_while(|word| !["|", "||", "&&", ";", ">", "2>"].contains(*word));
            let flags = rest.filter(|word| word.starts_with("--"));
            found.push(((*command).to_owned(), flags.map(|flag| flag.trim_end_matches(';').to_owned()).collect()));
        }
    }
    found
}

/// Shape: what the scripts call is there.
#[test]
fn scripts_name_commands_and_flags_that_there_are() {
    let pages = ["docs/pipelines.md", "docs/install.md"].map(|page| fs::read_to_string(root().join(page)).unwrap());
    let blocks =
        pages.iter().flat_map(|page| page.split("```console\n").skip(1).map(|part| part.split("```").next().unwrap()));
    let mut all: Vec<(String, BTreeSet<String>)> = blocks.flat_map(commands).collect();
    for file in [ACTION, GITHUB, GITLAB, GITOPS] {
        let file = read(file);
        all.extend(scripts(&file).iter().flat_map(|script| commands(script)));
    }
    let flags = all.iter().filter(|(command, _)| command == "compare").flat_map(|(_, flags)| flags).count();
    assert!(all.len() >= 8 && flags >= 6, "{all:?}");
    // What is handed over as flags of `compare`.
    for (file, flags) in [
        (GITHUB, &read(GITHUB)["jobs"]["compare"]["steps"][2]["with"]["compare-flags"]),
        (GITOPS, &read(GITOPS)["jobs"]["compare"]["steps"][3]["with"]["compare-flags"]),
        (GITLAB, &read(GITLAB)["variables"]["COMPARE_FLAGS"]),
    ] {
        let flags = flags.as_str().unwrap_or_else(|| panic!("{file}: no flags"));
        all.extend(commands(&format!("hasim compare {flags}")));
    }
    let known = help(None);
    for (command, flags) in all {
        assert!(known.contains(&format!("\n  {command} ")), "hasim {command}");
        let help = help(Some(&command));
        for flag in flags {
            assert!(
                help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")),
                "hasim {command} {flag}"
            );
        }
    }
}

/// Shape: the Action's inputs are used and those that are used are there; whoever calls it gives what it has; and no text of a pull
/// request becomes part of a script.
#[test]
fn the_action_uses_what_it_declares() {
    let text = fs::read_to_string(root().join(ACTION)).unwrap();
    let action = read(ACTION);
    let declared: BTreeSet<&str> = action["inputs"].as_object().unwrap().keys().map(String::as_str).collect();
    let used: BTreeSet<&str> = text
        .split("inputs.")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap())
        .collect();
    assert_eq!(declared, used);
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(step["run"].is_null() || step["shell"] == "bash", "{step}");
    }
    for file in [ACTION, GITHUB, GITLAB, GITOPS] {
        for script in scripts(&read(file)) {
            assert!(!script.contains("${{"), "{file}: {script}");
        }
    }
    for file in [GITHUB, GITOPS] {
        let steps = read(file)["jobs"]["compare"]["steps"].clone();
        let call = steps.as_array().unwrap().iter().find(|step| step["uses"] == "OWNER/hasim@REF").unwrap().clone();
        let given: BTreeSet<&str> = call["with"].as_object().unwrap().keys().map(String::as_str).collect();
        assert!(given.is_subset(&declared) && given.contains("before") && given.contains("after"), "{given:?}");
    }
}

/// A repository with the shop's manifests on both sides, and stand-ins for other programs.
struct Checkout {
    folder: tempfile::TempDir,
}

impl Checkout {
    fn new(change: impl Fn(&str) -> String) -> Self {
        let checkout = Self { folder: tempfile::tempdir().unwrap() };
        for side in ["base/k8s", "k8s"] {
            fs::create_dir_all(checkout.path(side)).unwrap();
            for entry in fs::read_dir(root().join("examples/shop/k8s")).unwrap().map(|entry| entry.unwrap().path()) {
                let text = fs::read_to_string(&entry).unwrap();
                let text = if side == "k8s" { change(&text) } else { text };
                fs::write(checkout.path(side).join(entry.file_name().unwrap()), text).unwrap();
            }
        }
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A program that says how it was called, and then does what the script says.
    fn stand_in(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let log = self.path(name);
        fs::write(&path, format!("#!/bin/sh\necho \"$@\" >>'{}.log'\n{script}\n", log.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn bash(&self, script: &str, variables: &[(&str, String)]) -> Output {
        let hasim = Path::new(env!("CARGO_BIN_EXE_hasim")).parent().unwrap();
        let path = format!("{}:{}:{}", self.path("bin").display(), hasim.display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).current_dir(self.folder.path());
        bash.env("PATH", path).envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs the scripts of the Action's steps one after the other, as a runner does, and gives the code of the last one.
fn act(checkout: &Checkout, flags: &str) -> (Option<i32>, String) {
    let at = |name: &str| checkout.path(name).display().to_string();
    let mut known: BTreeMap<String, String> = [
        ("inputs.before", "base/k8s".to_owned()),
        ("inputs.after", "k8s".to_owned()),
        ("inputs.compare-flags", flags.to_owned()),
        ("inputs.check || inputs.after", "k8s".to_owned()),
        ("inputs.name", "hasim".to_owned()),
        ("inputs.github-token", "token".to_owned()),
        ("inputs.binary || format('{0}/hasim-built/bin/hasim', runner.temp)", env!("CARGO_BIN_EXE_hasim").to_owned()),
        ("runner.temp", at("temp")),
        ("github.repository", "our/repository".to_owned()),
        ("github.event.pull_request.number", "7".to_owned()),
        ("steps.artifact.outputs.artifact-url", "https://example.com/artifact".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let mut last = (None, String::new());
    for step in read(ACTION)["runs"]["steps"].as_array().unwrap() {
        let Some(script) = step["run"].as_str() else { continue };
        if ["What hasim is built from", "Build hasim"].contains(&step["name"].as_str().unwrap()) {
            continue;
        }
        let mut variables = vec![("GITHUB_OUTPUT", at("outputs")), ("GITHUB_STEP_SUMMARY", at("summary.md"))];
        for (name, value) in step["env"].as_object().unwrap() {
            let mut parts = value.as_str().unwrap().split("${{ ");
            let mut text = parts.next().unwrap().to_owned();
            for part in parts {
                let (expression, rest) = part.split_once(" }}").unwrap();
                text += known.get(expression).unwrap_or_else(|| panic!("what is {expression}?"));
                text += rest;
            }
            variables.push((name.as_str(), text));
        }
        let output = checkout.bash(script, &variables);
        if let Some(id) = step["id"].as_str() {
            for line in checkout.text("outputs").lines() {
                let (name, value) = line.split_once('=').unwrap();
                known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            }
        }
        last = (output.status.code(), said(&output));
        let is_last = step["name"] == "The verdict";
        assert!(is_last || last.0 == Some(0), "{}: {}", step["name"], last.1);
    }
    last
}

/// The Action comments once, updates its comment, and ends with the exit code of hasim.
#[test]
fn the_action_does_what_it_promises() {
    let worse = Checkout::new(|text| text.replace("replicas: 2", "replicas: 1"));
    worse.stand_in("gh", "");
    let flags = "--replications 16\n--fail-below 99.9999%";
    let (code, said) = act(&worse, flags);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("::error::hasim: the change is for the worse"), "{said}");
    let body = worse.text("temp/hasim-hasim/body.md");
    assert!(body.starts_with("<!-- hasim compare, hasim -->\n## FAIL: hasim compare\n"), "{body}");
    assert!(
        body.contains("\n[The report with its charts](https://example.com/artifact)") && body.contains("░"),
        "{body}"
    );
    assert!(worse.text("summary.md").starts_with("## FAIL: hasim compare\n"));
    assert!(worse.path("temp/hasim-hasim/report.html").exists());
    let sarif: Value = serde_json::from_str(&worse.text("temp/hasim-hasim/hasim.sarif")).unwrap();
    let files = |sarif: &Value| {
        sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone()
    };
    assert_eq!(files(&sarif), "k8s/deployment.yaml", "as the repository calls it");
    let calls = worse.text("gh.log");
    assert!(calls.contains("--method POST repos/our/repository/issues/7/comments"), "{calls}");
    // The next time there is one already.
    worse.stand_in("gh", "case $* in *--jq*) echo 4711;; esac");
    assert_eq!(act(&worse, flags).0, Some(4));
    let calls = worse.text("gh.log");
    assert!(calls.contains("--method PATCH repos/our/repository/issues/comments/4711"), "{calls}");

    let same = Checkout::new(str::to_owned);
    same.stand_in("gh", "");
    assert_eq!(act(&same, "--replications 16"), (Some(0), String::new()));
    assert!(same.text("summary.md").starts_with("## PASS: hasim compare\n"));

    let broken = Checkout::new(|text| text.replace("replicas: 2", "replicas: two"));
    broken.stand_in("gh", "");
    let (code, said) = act(&broken, "--replications 16");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("::error::hasim: a manifest is not valid"), "{said}");
    let body = broken.text("temp/hasim-hasim/body.md");
    assert!(
        body.contains("# hasim compare has no answer (exit code 3)") && body.contains("    k8s/deployment.yaml:8:13: "),
        "{body}"
    );
}

/// What the Action's cache goes by changes with hasim's source, and with nothing else.
#[test]
fn the_action_knows_what_hasim_is_built_from() {
    let step = read(ACTION)["runs"]["steps"][0].clone();
    let script = step["run"].as_str().unwrap().to_owned();
    let checkout = Checkout::new(str::to_owned);
    let key = |checkout: &Checkout| {
        let _ = fs::remove_file(checkout.path("outputs"));
        let variables = [
            ("GITHUB_OUTPUT", checkout.path("outputs").display().to_string()),
            ("SOURCE", root().display().to_string()),
        ];
        let output = checkout.bash(&script, &variables);
        assert!(output.status.success(), "{}", said(&output));
        checkout.text("outputs")
    };
    let first = key(&checkout);
    assert!(first.starts_with("key=") && first.trim_end().len() == "key=".len() + 16, "{first}");
    assert_eq!(first, key(&checkout));
    // All that is named is there, or the key would go by less than it should.
    let named = script.split("find ").nth(1).unwrap().split(" -type").next().unwrap();
    for name in named.split(' ') {
        assert!(root().join(name).exists(), "{name}");
    }
}

/// The job of GitLab, from its clone of a repository to its note.
#[test]
fn the_job_of_gitlab_does_what_it_promises() {
    let job = &read(GITLAB)["availability"];
    let script: Vec<&str> = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let script = script.join("\n");
    let checkout = Checkout::new(|text| text.replace("replicas: 2", "replicas: 1"));
    let git = "git -c user.name=we -c user.email=we@example.com -c init.defaultBranch=main";
    let prepared = checkout.bash(
        &format!(
            "{git} init --quiet origin && cp -r base/k8s origin/k8s && cd origin && {git} add . && {git} commit --quiet -m before\n\
             git rev-parse HEAD >../before\nrm -r k8s && cp -r ../k8s k8s && {git} commit --quiet --all -m after\n\
             cd .. && {git} clone --quiet \"file://$PWD/origin\" clone --depth 1"
        ),
        &[],
    );
    assert!(prepared.status.success(), "{}", said(&prepared));
    let variables = |flags: &str| {
        vec![
            ("MANIFESTS", "k8s".to_owned()),
            ("COMPARE_FLAGS", flags.to_owned()),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", checkout.text("before").trim().to_owned()),
            ("CI_JOB_URL", "https://example.com/job/1".to_owned()),
            ("CI_API_V4_URL", "https://example.com/api".to_owned()),
            ("CI_PROJECT_ID", "5".to_owned()),
            ("CI_MERGE_REQUEST_IID", "7".to_owned()),
        ]
    };
    let in_clone = format!("cd clone\n{script}");
    checkout.stand_in("curl", "");
    let output = checkout.bash(&in_clone, &variables("--replications 16 --fail-below 99.9999%"));
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert_eq!(checkout.text("curl.log"), "", "without a token there is no note");
    let comment = checkout.text("clone/hasim/comment.md");
    assert!(comment.starts_with("## FAIL: hasim compare\n"), "{comment}");
    assert!(comment.contains("(https://example.com/job/1/artifacts/raw/hasim/charts/summary.png)"), "{comment}");
    assert!(
        checkout.path("clone/hasim/report.html").exists() && checkout.path("clone/hasim/charts/summary.png").exists()
    );
    let quality: Vec<Value> = serde_json::from_str(&checkout.text("clone/gl-code-quality-report.json")).unwrap();
    assert!(
        quality
            .iter()
            .any(|one| one["check_name"] == "single-replica" && one["location"]["path"] == "k8s/deployment.yaml")
    );

    // With a token a note is written, and the next time it is written anew.
    let again = format!("cd clone && git worktree remove --force .before\n{script}");
    let with_token = |flags: &str| [variables(flags), vec![("HASIM_TOKEN", "secret".to_owned())]].concat();
    let output = checkout.bash(&again, &with_token("--replications 16 --fail-below 99.9999%"));
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let notes = "https://example.com/api/projects/5/merge_requests/7/notes";
    assert!(checkout.text("curl.log").contains(&format!(
        "--request POST --header PRIVATE-TOKEN: secret --data-urlencode body@hasim/note.md {notes}\n"
    )));
    let answer =
        r#"[{"id":12,"type":null,"body":"looks good"},{"id":34,"type":null,"body":"[hasim-compare]: #\n\n## FAIL"}]"#;
    checkout.stand_in("curl", &format!("case $* in *per_page*) printf '%s' '{answer}';; esac"));
    let output = checkout.bash(&again, &with_token("--replications 16"));
    assert!(
        checkout.text("curl.log").contains(&format!(
            "--request PUT --header PRIVATE-TOKEN: secret --data-urlencode body@hasim/note.md {notes}/34\n"
        )),
        "{}",
        said(&output)
    );
    assert!(checkout.text("clone/hasim/note.md").starts_with("[hasim-compare]: #\n\n## "));

    // A manifest that is not valid is the job's code, and its place stands in the note.
    let broken = checkout.path("clone/k8s/deployment.yaml");
    fs::write(&broken, fs::read_to_string(&broken).unwrap().replace("replicas: 1", "replicas: one")).unwrap();
    let output = checkout.bash(&again, &variables("--replications 16"));
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(checkout.text("clone/hasim/comment.md").contains("    k8s/deployment.yaml:8:13: "));
    // Only what the runner did is tried again.
    assert_eq!(job["retry"]["when"], json!(["runner_system_failure", "stuck_or_timeout_failure"]));
}

/// What Argo CD or Flux would apply is rendered from both sides, and the Action is given both.
#[test]
fn both_sides_are_rendered_before_the_merge() {
    let steps = read(GITOPS)["jobs"]["compare"]["steps"].clone();
    let render = steps.as_array().unwrap().iter().find(|step| step["name"] == "Render both sides").unwrap().clone();
    let checkout = Checkout::new(|text| text.replace("replicas: 2", "replicas: 3"));
    // Kustomize: all files of the folder, one after the other.
    checkout.stand_in("kubectl", "shift; for file in \"$1\"/*.yaml; do cat \"$file\"; echo ---; done");
    let output = checkout.bash(render["run"].as_str().unwrap(), &[("OVERLAY", "k8s".to_owned())]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(checkout.text("rendered/before.yaml").contains("replicas: 2"));
    assert!(checkout.text("rendered/after.yaml").contains("replicas: 3"));
    let call = &steps[3]["with"];
    let script = format!(
        "hasim compare {} {} {} --replications 8",
        call["before"].as_str().unwrap(),
        call["after"].as_str().unwrap(),
        call["compare-flags"].as_str().unwrap()
    );
    let output = checkout.bash(&script, &[]);
    assert!([Some(0), Some(4)].contains(&output.status.code()), "{}", said(&output));
    assert!(said(&output).contains("after against before"), "{}", said(&output));
}

/// Shape: the image is built with the toolchain that Cargo.toml asks for, from a context that has every file that is part of the program.
#[test]
fn the_image_is_built_from_all_that_it_needs() {
    let text = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let version = text("Cargo.toml").split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for file in ["Containerfile", GITLAB] {
        assert!(text(file).contains(&format!("rust:{version}-")), "{file}");
    }
    let allowed: Vec<PathBuf> =
        text(".dockerignore").lines().filter_map(|line| Some(root().join(line.strip_prefix('!')?))).collect();
    for path in &allowed {
        assert!(path.exists(), "{}", path.display());
    }
    let mut folders = vec![root().join("src")];
    let mut embedded = vec![root().join("Cargo.lock"), root().join("askama.toml"), root().join("benches")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let code = fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]").next().unwrap();
            for macro_name in ["include_str!(\"", "include_bytes!(\""] {
                let names = code.split(macro_name).skip(1).map(|rest| rest.split('"').next().unwrap());
                embedded.extend(names.map(|name| path.parent().unwrap().join(name).canonicalize().unwrap()));
            }
            if path.ends_with("verify/embedded.rs") {
                let names = code.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
                embedded.extend(names.map(|name| root().join(name)));
            }
        }
    }
    assert!(embedded.len() > 50, "{embedded:?}");
    // The macro of the bundled models names their folder.
    embedded.push(root().join("models"));
    for path in embedded {
        let path = path.canonicalize().unwrap();
        assert!(allowed.iter().any(|allowed| path.starts_with(allowed)), "{} is not in the context", path.display());
    }
}
