//! Process: `hasim schema`, the schema in the repository, and the first lines that lead editors to it. That the schema is
//! true is tested beside it, in `src/spec/schema/agreement_tests.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;

const SCHEMA: &str = "schemas/hasim.v1.json";

fn printed(args: &[&str]) -> String {
    let output = Command::cargo_bin("hasim").unwrap().arg("schema").args(args).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Process: `UPDATE_DOCS=1 cargo test --release --test program` writes the file.
#[test]
fn the_repository_holds_what_is_printed() {
    let text = printed(&[]);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(SCHEMA, &text).unwrap();
    }
    let kept = fs::read_to_string(SCHEMA).unwrap();
    assert!(kept == text, "{SCHEMA} is old: UPDATE_DOCS=1 cargo test --release --test program");
}

#[test]
fn a_kind_has_a_schema_of_its_own() {
    for kind in ["Experiment", "App", "Cluster", "FaultModel", "app"] {
        let schema: Value = serde_json::from_str(&printed(&[kind])).unwrap();
        let name = schema["properties"]["kind"]["const"].as_str().unwrap();
        assert!(name.eq_ignore_ascii_case(kind), "{name}");
    }
    let mut wrong = Command::cargo_bin("hasim").unwrap();
    wrong.args(["schema", "Deployment"]).assert().code(2).stderr(contains("FaultModel"));
}

fn yaml_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(yaml_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Property: the first line of each of our files leads to the schema, and manifests are left as they are.
#[test]
fn shipped_files_name_their_schema() {
    let schema = fs::canonicalize(SCHEMA).unwrap();
    let mut count = 0;
    for path in ["models", "experiments"].iter().flat_map(|folder| yaml_below(Path::new(folder))) {
        let text = fs::read_to_string(&path).unwrap();
        let named = text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
        if text.lines().any(|line| line == "apiVersion: hasim/v1") {
            let named = named.unwrap_or_else(|| panic!("{} names no schema", path.display()));
            assert_eq!(fs::canonicalize(path.parent().unwrap().join(named)).unwrap(), schema, "{}", path.display());
            count += 1;
        } else {
            assert_eq!(named, None, "{}", path.display());
        }
    }
    assert!(count > 25, "only {count} files");
}
