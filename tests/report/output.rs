//! The folder of an experiment.

use std::fs;
use std::path::Path;

use crate::synthetic;
use hasim::output;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_holds_what_it_should_and_no_rests() {
    let folder = tempfile::tempdir().unwrap();
    let charts = folder.path().join("charts");
    output::write_all(folder.path(), &synthetic::four()).unwrap();
    assert_eq!(
        names(folder.path()),
        ["charts", "metrics.csv", "recoveries.csv", "report.html", "results.csv", "results.json"]
    );
    assert_eq!(names(&charts).len(), 16);
    assert_eq!(output::read(folder.path()).unwrap(), synthetic::four());

    // A later result without outages: its stale charts go, a file that is not ours stays.
    fs::write(charts.join("notes.svg"), "mine").unwrap();
    output::write_all(folder.path(), &synthetic::silent()).unwrap();
    assert_eq!(names(&charts), ["notes.svg", "summary.png", "summary.svg"]);
}

/// Determinism: rendering again from `results.json` gives the same bytes.
#[test]
fn a_folder_is_made_again_from_its_results() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    output::write_all(first.path(), &synthetic::four()).unwrap();
    let read = output::read(first.path()).unwrap();
    output::write_all(second.path(), &read).unwrap();
    for name in names(first.path()).iter().filter(|name| name.contains('.')) {
        assert_eq!(fs::read(first.path().join(name)).unwrap(), fs::read(second.path().join(name)).unwrap(), "{name}");
    }
    for name in names(&first.path().join("charts")) {
        let of = |folder: &Path| fs::read(folder.join("charts").join(&name)).unwrap();
        assert_eq!(of(first.path()), of(second.path()), "{name}");
    }
}

/// A place that cannot be written: the error names the file, and what was written stays.
#[test]
fn an_error_names_the_file_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("recoveries.csv")).unwrap();
    let error = output::write_all(folder.path(), &synthetic::single()).unwrap_err();
    assert!(error.to_string().contains("recoveries.csv"), "{error}");
    assert!(output::read(folder.path()).is_ok());
    assert_eq!(names(folder.path()), ["recoveries.csv", "results.csv", "results.json"]);
}
