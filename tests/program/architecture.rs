//! The house keeps its shape: imports point down only, the simulation does no I/O and returns no `Result`, and a
//! report never simulates (design invariants, see `src/lib.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Layers from the top down. A module may import from layers below its own, and from itself.
const LAYERS: [&[&str]; 11] = [
    &["main", "bin"],
    &["cli"],
    &["app"],
    &["output"],
    &["verify"],
    &["report"],
    &["experiment", "calibration"],
    &["cluster", "spec", "results"],
    &["study", "history", "placement"],
    &["model", "rules"],
    &["random", "engine", "stats", "queueing", "durations", "to_yaml", "shell"],
];
/// What lies below and is not imported all the same: whoever has a study needs no parser, and a report never simulates.
const NEVER: [(&str, &str); 5] =
    [("experiment", "spec"), ("report", "spec"), ("report", "experiment"), ("report", "cluster"), ("report", "engine")];
const VALUES: &[&str] = &["time", "ids"];

fn layer(module: &str) -> usize {
    if VALUES.contains(&module) {
        return LAYERS.len();
    }
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("{module} has no place in the house"))
}

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, into);
        } else if entry.extension().is_some_and(|ext| ext == "rs") {
            into.push(entry);
        }
    }
}

/// Every source file: its top-level module and its text without tests and comments.
fn modules() -> Vec<(PathBuf, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    files.sort();
    files
        .into_iter()
        .filter(|file| !file.ends_with("lib.rs"))
        .map(|file| {
            let first = file.strip_prefix(&src).unwrap().components().next().unwrap();
            let module = Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&file).unwrap();
            (file, module, without_tests(&text))
        })
        .collect()
}

/// A formatted file without comments and without what is there for tests only, wherever that stands: an item ends in the line
/// that closes it at its own indentation.
fn without_tests(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push(line);
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut item = lines.by_ref().skip_while(|line| line.trim_start().starts_with("#["));
        let first = item.next().unwrap_or_default();
        if !first.ends_with([';', ',']) && !first.ends_with('}') {
            let _ = item.find(|line| line.strip_prefix(indent).is_some_and(|rest| rest.starts_with('}')));
        }
    }
    kept.join("\n")
}

/// The crate's modules that a text names, as `crate::x`, `crate::{x, y}` or `hasim::x`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for root in ["crate::", "hasim::"] {
        for (at, _) in code.match_indices(root) {
            let rest = &code[at + root.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let mut depth = 0;
                let end = group
                    .find(|c| {
                        depth += i32::from(c == '{') - i32::from(c == '}');
                        depth < 0
                    })
                    .unwrap_or(group.len());
                let mut depth = 0;
                for part in group[..end].split(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                }) {
                    found.insert(word(part));
                }
            } else {
                found.insert(word(rest));
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
}

#[test]
fn imports_point_down_only() {
    let mut wrong = Vec::new();
    for (file, module, code) in modules() {
        for import in imports(&code) {
            // Neither side of a layer sees the other: cluster and spec, for instance.
            if import != module && layer(&import) <= layer(&module) {
                wrong.push(format!("{} imports {import}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports must point down:\n{}", wrong.join("\n"));
}

#[test]
fn some_rooms_are_never_entered_from_above() {
    for (file, module, code) in modules() {
        let imports = imports(&code);
        for (from, to) in NEVER.iter().filter(|(from, _)| *from == module) {
            assert!(!imports.contains(*to), "{}: {from} imports {to}", file.display());
        }
    }
}

#[test]
fn the_simulation_does_no_io_and_returns_no_result() {
    for (file, module, code) in modules() {
        if !["cluster", "placement", "engine", "model", "time", "ids", "stats"].contains(&module.as_str()) {
            continue;
        }
        for forbidden in [
            "std::fs",
            "std::io",
            "std::env",
            "std::time",
            "Instant::now",
            "SystemTime",
            "println!",
            "HashMap",
            "Rc<",
            "RefCell",
        ] {
            assert!(!code.contains(forbidden), "{} uses {forbidden}", file.display());
        }
        // The back-off says when the wait is over: an answer, not an error of the program.
        if !file.ends_with("back_off.rs") {
            assert!(!code.contains("-> Result<"), "{} returns a Result", file.display());
        }
    }
}

#[test]
fn these_tests_can_fail() {
    assert_eq!(
        imports("use crate::{model::{A, B}, time::C};\nuse crate::spec::D;"),
        ["model", "spec", "time"].map(String::from).into()
    );
    let text = "\
struct A {
    #[cfg(test)]
    seen: u8,
}
impl A {
    #[cfg(test)]
    #[must_use]
    fn f() {
        crate::cli::g();
    }
    fn h() {}
}
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests {
    use super::*;
}
fn last() {}
// crate::cli
";
    assert_eq!(without_tests(text), "struct A {\n}\nimpl A {\n    fn h() {}\n}\nfn last() {}");
}
