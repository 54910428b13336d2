//! Process: inputs that are no files, files without an end, and files whose content is nobody's business.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs hasim in a folder; a command that hangs is a failure.
fn hasim(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hasim"));
    command.current_dir(folder).args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_mins(2) {
            child.kill().unwrap();
            panic!("{args:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// An experiment whose files are given; those that are not are shipped ones.
fn experiment(folder: &Path, name: &str, key: &str, value: &str) {
    let shipped = [
        ("deployment", "deployments/aidbox.yaml"),
        ("app", "apps/jvm-service.yaml"),
        ("cluster", "clusters/three-zones.yaml"),
        ("faults", "faults/cloud.yaml"),
    ];
    let mut text = "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {name: hostile}\nspec:\n".to_owned();
    for (other, file) in shipped {
        let file = format!("{ROOT}/models/{file}");
        let file = if other == key { value } else { &file };
        let file = if other == "faults" && !file.starts_with('[') { format!("[{file}]") } else { file.to_owned() };
        text += &format!("  {other}: {file}\n");
    }
    if key == "candidates" {
        text += &format!("  candidates: [{{name: a}}, {{name: b, deployment: {value}}}]\n");
    }
    fs::write(folder.join(name), text).unwrap();
}

/// Every way in which a file is read, as arguments; the file stands for `{}`.
const WAYS: [&[&str]; 11] = [
    &["check", "{}"],
    &["run", "{}"],
    &["trace", "{}"],
    &["fit", "{}"],
    &["estimate", "{}"],
    &["compare", "{}", "manifest.yaml"],
    &["compare", "manifest.yaml", "{}"],
    &["estimate", "manifest.yaml", "--app", "{}"],
    &["estimate", "manifest.yaml", "--cluster", "{}"],
    &["estimate", "manifest.yaml", "--faults", "{}"],
    &["check", "manifest.yaml", "{}"],
];

#[test]
#[cfg(unix)]
fn what_is_no_file_or_has_no_end_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::copy(format!("{ROOT}/models/deployments/aidbox.yaml"), path.join("manifest.yaml")).unwrap();
    assert!(Command::new("mkfifo").arg(path.join("pipe.yaml")).status().unwrap().success());
    fs::create_dir(path.join("folder.yaml")).unwrap();
    std::os::unix::net::UnixListener::bind(path.join("socket.yaml")).unwrap();
    std::os::unix::fs::symlink("pipe.yaml", path.join("link.yaml")).unwrap();
    // It has no blocks, so it takes no room.
    fs::File::create(path.join("large.yaml")).unwrap().set_len((64 << 20) + 1).unwrap();
    let kinds = [
        ("pipe.yaml", "is a pipe, must be a file"),
        ("link.yaml", "is a pipe, must be a file"),
        ("folder.yaml", "is a folder, must be a file"),
        ("socket.yaml", "is a socket, must be a file"),
        ("/dev/zero", "is a device, must be a file"),
        ("large.yaml", "is larger than 64 MiB"),
    ];
    for (file, words) in kinds {
        // A folder that is checked or estimated means the manifests in it.
        let takes_folders = |way: &[&str]| way[0] == "check" || way[0] == "estimate" && way[1] == "{}";
        for way in WAYS.iter().filter(|way| !(file == "folder.yaml" && takes_folders(way))) {
            let args: Vec<&str> = way.iter().map(|arg| if *arg == "{}" { file } else { arg }).collect();
            let output = hasim(path, &args);
            assert_eq!(output.status.code(), Some(3), "{args:?}: {}", said(&output));
            assert!(said(&output).contains(words), "{args:?}: {}", said(&output));
        }
        // Named by an experiment, in every place.
        let law = format!(
            "[{{name: f, target: container, mode: crash, source: x, every: {{empirical: {{file: {file}, column: a}}}}}}]"
        );
        for (key, value) in [
            ("deployment", file),
            ("app", file),
            ("cluster", file),
            ("faults", file),
            ("candidates", file),
            ("faults", &law),
        ] {
            experiment(path, "experiment.yaml", key, value);
            for command in ["check", "run", "trace"] {
                let output = hasim(path, &[command, "experiment.yaml"]);
                assert_eq!(output.status.code(), Some(3), "{command} {key}: {}", said(&output));
                assert!(said(&output).contains(words), "{command} {key} {file}: {}", said(&output));
            }
        }
    }
    // What hasim reads of its own.
    let own = path.join("own");
    for (name, args) in [
        ("results.json", &["report", "own"][..]),
        ("shard.json", &["merge", "own", "--out-dir", "merged"]),
        ("checkpoint.json", &["run", "experiment.yaml", "--out-dir", "own", "--resume"]),
    ] {
        experiment(path, "experiment.yaml", "", "");
        fs::create_dir(&own).unwrap();
        assert!(Command::new("mkfifo").arg(own.join(name)).status().unwrap().success());
        let output = hasim(path, args);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {}", said(&output));
        assert!(said(&output).contains("is a pipe, must be a file"), "{args:?}: {}", said(&output));
        fs::remove_file(own.join(name)).unwrap();
        fs::File::create(own.join(name)).unwrap().set_len((1 << 30) + 1).unwrap();
        let output = hasim(path, args);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {}", said(&output));
        assert!(said(&output).contains("is larger than 1024 MiB"), "{args:?}: {}", said(&output));
        fs::remove_dir_all(&own).unwrap();
    }
}

/// What must appear in no message.
const SECRET: &str = "hunter2";

/// Files of a machine that are no manifests; each has the secret in it.
fn secrets(folder: &Path) -> Vec<PathBuf> {
    let files: [(&str, &str); 14] = [
        ("passwd", "root:hunter2:0:0:root:/root:/bin/bash\nhunter2:x:1:1::/:/sbin/nologin\n"),
        ("token", "hunter2"),
        ("token-with-tab", "\thunter2: [\n"),
        ("environment", "PATH=/bin\0TOKEN=hunter2\0"),
        ("map.yaml", "hunter2: hunter2\npassword: hunter2\n"),
        ("twice.yaml", "hunter2: 1\nhunter2: 2\n"),
        ("broken.yaml", "a: [hunter2\nhunter2: }\n"),
        ("anchor.yaml", "a: *hunter2\n"),
        ("tag.yaml", "!hunter2!x hunter2\n"),
        ("kubeconfig", "apiVersion: v1\nkind: Config\nusers:\n- user: {token: hunter2, token: hunter2}\n"),
        ("secret.yaml", "apiVersion: v1\nkind: Secret\ndata:\n  hunter2: hunter2\n  hunter2: x\n"),
        ("list.json", "[\"hunter2\", {\"kind\": \"hunter2\", \"apiVersion\": \"hunter2\"}]"),
        ("key.json", "{\"private_key\": \"hunter2\", \"apiVersion\": \"hasim/v1\"}"),
        ("table.csv", "hunter2,b\nhunter2,hunter2\n"),
    ];
    let paths = files.into_iter().map(|(name, text)| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    });
    paths.collect()
}

/// In a pipeline that checks what outsiders send in, an experiment may name any file, and messages are public.
#[test]
fn a_message_never_quotes_a_file_that_is_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for file in secrets(path) {
        let file = file.display().to_string();
        let law = |column: &str| {
            let law = format!("{{empirical: {{file: {file}, column: {column}}}}}");
            format!("[{{name: f, target: container, mode: crash, source: x, every: {law}}}]")
        };
        for (key, value) in [
            ("deployment", file.clone()),
            ("deployment", format!("{{file: {file}, name: x}}")),
            ("app", file.clone()),
            ("cluster", file.clone()),
            ("faults", file.clone()),
            ("candidates", file.clone()),
            ("faults", law("a")),
            ("faults", law("b")),
        ] {
            experiment(path, "experiment.yaml", key, &value);
            for args in [
                &["check", "experiment.yaml"][..],
                &["check", "experiment.yaml", "--output", "sarif"],
                &["check", "experiment.yaml", "--output", "json"],
                &["check", "experiment.yaml", "--output", "github"],
                &["check", "experiment.yaml", "--output", "gitlab"],
                &["run", "experiment.yaml"],
            ] {
                let output = hasim(path, args);
                assert_eq!(output.status.code(), Some(3), "{args:?} {key}: {value}: {}", said(&output));
                assert!(!said(&output).contains(SECRET), "{args:?} {key}: {value}: {}", said(&output));
                assert!(said(&output).contains(&file), "the file is named: {}", said(&output));
            }
        }
    }
}

/// A link in a folder that is checked may lead to such a file, too.
#[test]
#[cfg(unix)]
fn a_link_to_a_file_that_is_no_manifest_is_not_quoted_either() {
    let folder = tempfile::tempdir().unwrap();
    let checked = folder.path().join("checked");
    fs::create_dir(&checked).unwrap();
    for (number, file) in secrets(folder.path()).iter().enumerate() {
        std::os::unix::fs::symlink(file, checked.join(format!("{number}.yaml"))).unwrap();
    }
    std::os::unix::fs::symlink(format!("{ROOT}/models/apps/jvm-service.yaml"), checked.join("app.yaml")).unwrap();
    let output = hasim(folder.path(), &["check", "checked"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(!text.contains(SECRET) && !text.contains("app.yaml:"), "{text}");
    assert_eq!(text.matches("is a link to a file that is no manifest").count(), 14, "{text}");
}

/// Of a manifest that an experiment names the line is shown, as it always was.
#[test]
fn a_manifest_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = fs::read_to_string(format!("{ROOT}/models/deployments/aidbox.yaml")).unwrap();
    for (from, to, words) in [
        ("replicas: 2", "replicas: -2", "replicas: -2\n"),
        ("replicas: 2", "replicas: [2", "      = help"),
        ("replicas: 2", "replicas: 2\n  replicas: 3", "key `replicas` occurs twice"),
    ] {
        fs::write(folder.path().join("manifest.yaml"), manifest.replacen(from, to, 1)).unwrap();
        experiment(folder.path(), "experiment.yaml", "deployment", "manifest.yaml");
        let output = hasim(folder.path(), &["check", "experiment.yaml"]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains("manifest.yaml:") && (text.contains(words) || text.contains(" | ")), "{text}");
    }
}
