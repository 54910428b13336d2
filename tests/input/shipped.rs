//! The models and experiments that come with hasim load without an error or a warning.

use std::path::{Path, PathBuf};

use hasim::spec::{check_file, load_experiment};

fn yaml_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(yaml_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn shipped_files_are_right() {
    let mut read = 0;
    for folder in ["models", "experiments", "examples"] {
        // The experiments of the shop name bundled models, which only the program has: its recipes play them.
        for path in yaml_below(Path::new(folder)).into_iter().filter(|path| !path.starts_with("examples/shop")) {
            let report = check_file(&path).report;
            // The one that nothing breaks: each closed form of `hasim verify` sets its own fault on it. In one that was
            // measured the application never comes up. One asks how many replicas carry the peak: the fewest do not.
            let warned = ["bare.yaml", "loops.yaml", "peak-hours.yaml"];
            let warnings = usize::from(warned.iter().any(|name| path.ends_with(name)));
            assert!(!report.has_errors() && report.warnings().count() == warnings, "{report}");
            read += 1;
        }
    }
    assert!(read >= 30, "{read} files");
}

#[test]
fn shipped_experiments_have_different_scenarios() {
    // The folder of a pull request holds two manifests.
    let is_experiment = |path: &PathBuf| !path.starts_with("experiments/pull-request");
    let mut played = 0;
    for path in yaml_below(Path::new("experiments")).into_iter().filter(is_experiment) {
        let study = load_experiment(&path).unwrap_or_else(|report| panic!("{report}")).study;
        let mut names: Vec<&str> = study.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), study.scenarios.len(), "{}", path.display());
        played += 1;
    }
    assert!(played >= 7, "{played} experiments");
}

/// Each experiment says what it asks, and the table beside them says the same.
#[test]
fn shipped_experiments_ask_what_their_table_says() {
    let readme = include_str!("../../experiments/README.md");
    let in_folder = |path: &PathBuf| path.parent() == Some(Path::new("experiments"));
    for path in yaml_below(Path::new("experiments")).into_iter().filter(in_folder) {
        let study = load_experiment(&path).unwrap_or_else(|report| panic!("{report}")).study;
        let question = study.header.question.unwrap_or_else(|| panic!("{}: asks nothing", path.display()));
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let row = format!("| [{name}]({name}) | {question}");
        assert!(readme.contains(&row), "{row}");
    }
}
