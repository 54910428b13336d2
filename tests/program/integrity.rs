//! Property: what hasim has written is read back only as it was written.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hasim::output::{self, Error};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn hasim(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hasim")).current_dir(ROOT).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Where a number stands in JSON text: outside strings, from its first character to behind its last.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let (mut found, mut in_string, mut begun) = (Vec::new(), false, None);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == '"' && before != '\\' {
            in_string = !in_string;
        }
        let is_part =
            !in_string && (c.is_ascii_digit() || "-+.eE".contains(c)) && !(begun.is_none() && "eE".contains(c));
        match (is_part, begun) {
            (true, None) => begun = Some(at),
            (false, Some(from)) => {
                found.push((from, at));
                begun = None;
            }
            _ => {}
        }
        before = c;
    }
    found
}

/// One digit of one number is another: whatever number it is, the file is refused.
#[test]
fn one_number_that_is_changed_in_what_was_played_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let shard = path.display().to_string();
    let run = ["run", "experiments/probe-thresholds.yaml", "--replications", "8", "--shard", "0/2", "--out-dir"];
    let output = hasim(&[&run[..], &[&shard]].concat());
    assert!(output.status.success(), "{}", said(&output));
    let file = path.join("shard.json");
    let text = fs::read_to_string(&file).unwrap();
    assert!(output::played(path, "shard.json").is_ok_and(|played| played.is_some()));
    let numbers = numbers(&text);
    assert!(numbers.len() > 5_000, "{}", numbers.len());
    let mut refused = 0;
    for &(from, to) in numbers.iter().step_by(numbers.len() / 400) {
        let digit = to - 1;
        let other = if &text[digit..=digit] == "7" { "3" } else { "7" };
        fs::write(&file, format!("{}{other}{}", &text[..digit], &text[digit + 1..])).unwrap();
        match output::played(path, "shard.json") {
            Err(Error::Changed { .. } | Error::Parse { .. }) => refused += 1,
            other => panic!("byte {digit}, {}: {:?}", &text[from..to], other.map(|_| ())),
        }
    }
    assert!(refused >= 400, "{refused}");
    // A word that is another one is noticed as well, and so is another digest.
    let digest = text.trim_end().len() - 10;
    let others = [text.replacen("cloud.yaml", "clown.yaml", 1), text[..digest].to_owned() + "?" + &text[digest + 1..]];
    for other in others {
        assert_ne!(other, text);
        fs::write(&file, other).unwrap();
        assert!(matches!(output::played(path, "shard.json"), Err(Error::Changed { .. })));
    }
    let message = said(&hasim(&["merge", &shard, "--out-dir", &shard]));
    assert!(message.contains("shard.json: was changed after hasim wrote it"), "{message}");
}

#[test]
fn a_checkpoint_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let run = ["run", "experiments/aidbox.yaml", "--replications", "64", "--quiet", "--out-dir", &path];
    assert!(hasim(&[&run[..], &["--shard", "0/1"]].concat()).status.success());
    // A whole run leaves no checkpoint; a shard of two has the form of one.
    assert!(hasim(&[&run[..], &["--shard", "0/2"]].concat()).status.success());
    let text = fs::read_to_string(folder.path().join("shard.json")).unwrap();
    fs::write(folder.path().join("checkpoint.json"), text.replacen("\"next\":", "\"next\":1", 1)).unwrap();
    let output = hasim(&[&run[..], &["--shard", "0/2", "--resume"]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("checkpoint.json: was changed after hasim wrote it"), "{}", said(&output));
}

/// Every number of a tree with its path, as messages name it.
fn leaves(tree: &mut Value, path: &str, found: &mut Vec<String>) {
    match tree {
        Value::Number(_) => found.push(path.to_owned()),
        Value::Array(items) => {
            items.iter_mut().enumerate().for_each(|(i, item)| leaves(item, &format!("{path}[{i}]"), found));
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, found);
            }
        }
        _ => {}
    }
}

/// The value at such a path.
fn at<'v>(tree: &'v mut Value, path: &str) -> &'v mut Value {
    let pointer = format!("/{}", path.replace('[', ".").replace(']', "").replace('.', "/"));
    tree.pointer_mut(&pointer).unwrap_or_else(|| panic!("{pointer}"))
}

fn results(folder: &Path, experiment: &str, replications: &str) -> Value {
    let out = folder.display().to_string();
    let output = hasim(&["run", experiment, "--replications", replications, "--quiet", "--out-dir", &out]);
    assert!([0, 4].contains(&output.status.code().unwrap()), "{}", said(&output));
    serde_json::from_slice(&fs::read(folder.join("results.json")).unwrap()).unwrap()
}

/// A number that no result has, in any place, is refused with this place; and every result that hasim writes is accepted.
#[test]
fn a_number_that_no_result_has_is_refused_with_its_path() {
    for (experiment, replications) in [
        ("experiments/aidbox.yaml", "64"),
        ("experiments/sensitivity.yaml", "32"),
        ("experiments/replicas-and-zones.yaml", "16"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let good = results(folder.path(), experiment, replications);
        let parse = |tree: &Value| output::parse(Path::new("results.json"), tree.to_string().as_bytes());
        parse(&good).unwrap_or_else(|error| panic!("{experiment}: {error}"));
        let mut paths = Vec::new();
        leaves(&mut good.clone(), "", &mut paths);
        // What the user has given is not hasim's to judge here.
        let is_given = |path: &String| {
            let in_sensitivity =
                path.strip_prefix("sensitivity[").and_then(|rest| rest.split_once("].")).map(|(_, key)| key);
            path.starts_with("inputs.")
                || path.contains(".parameters.")
                || matches!(in_sensitivity, Some("base" | "low" | "high"))
        };
        paths.retain(|path| !is_given(path) && path != "seed");
        assert!(paths.len() > 1_000, "{experiment}: {}", paths.len());
        for path in paths.iter().step_by(paths.len() / 60) {
            for number in [-1e300, 1e300] {
                let mut bad = good.clone();
                *at(&mut bad, path) = number.into();
                match parse(&bad) {
                    Err(Error::Invalid { source, .. }) => assert_eq!(source.path, *path, "{number}: {source}"),
                    // A count is whole and not negative by its type.
                    Err(Error::Parse { source, .. }) => assert!(source.line() > 0, "{path}: {source}"),
                    other => panic!("{experiment}: {path} = {number}: {:?}", other.map(|_| ())),
                }
            }
        }
    }
}

/// Kinds of values that no result has, each with the words that refuse it, in the report, in another run and in a trace.
#[test]
fn results_are_validated_as_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let good = results(folder.path(), "experiments/replicas-and-zones.yaml", "16");
    let file = folder.path().join("results.json");
    let (report, file_name) = (folder.path().display().to_string(), file.display().to_string());
    let scenario = "scenarios[1]";
    let kinds: [(&str, Value, &str); 12] = [
        ("availability.mean", 1.5.into(), "availability.mean: is 1.5, must be a share from 0 to 1"),
        ("availability.low", (-1e300).into(), "availability.low: is -1e+300, must be a share"),
        ("availability.high", 0.5.into(), "availability.high: is 0.5, must be no less than mean"),
        ("downtime_s_per_year.mean", (-1.0).into(), "downtime_s_per_year.mean: is -1.0, must be seconds a year"),
        ("downtime_s_per_year.high", 4e7.into(), "must be seconds a year, from 0 to a year"),
        ("windows.downtime_s.p50.value", 1e9.into(), "must be no less than"),
        ("time_to_recovery_s.p50.value", 1e8.into(), "must be no less than"),
        ("time_to_recovery_s.histogram[1][0]", 0.0.into(), "histogram[1][0]: is 0, must be no less than"),
        ("pod_hours_per_year", (-5.0).into(), "pod_hours_per_year: is -5.0"),
        ("request_failure_attribution[0].fault", "nobody".into(), "fault: is nobody, must be a fault of the scenario"),
        ("request_failure_attribution[0].phase", "sleep".into(), "phase: is sleep, must be the name of a phase"),
        ("name", "another".into(), "must be the name of a scenario"),
    ];
    for (path, value, words) in kinds {
        let mut bad = good.clone();
        // The baseline is the scenario whose name others refer to.
        let names = bad["scenarios"].as_array().unwrap().iter().map(|scenario| scenario["name"].clone());
        let baseline = names.into_iter().position(|name| name == bad["baseline"]).unwrap();
        let whose = if path == "name" { format!("scenarios[{baseline}]") } else { scenario.to_owned() };
        *at(&mut bad, &format!("{whose}.{path}")) = value;
        fs::write(&file, bad.to_string()).unwrap();
        for args in [&["report", &report][..], &["run", &file_name, "--out-dir", "/nowhere"], &["trace", &file_name]] {
            let output = hasim(args);
            assert_eq!(output.status.code(), Some(3), "{path} {args:?}: {}", said(&output));
            assert!(said(&output).contains(words), "{path} {args:?}: {}", said(&output));
        }
    }
}
