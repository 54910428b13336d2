//! `hasim check`: validates files and folders without simulating.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::run::eprint_report;
use super::{Exit, complain, print};
use crate::spec;

/// Checks every file; bad input if one of them has an error.
pub(super) fn check(paths: &[PathBuf]) -> Exit {
    let mut exit = Exit::Done;
    let mut checked = 0usize;
    for path in paths {
        let files = match files_of(path) {
            Ok(files) => files,
            Err(why) => {
                complain(format_args!("{}: {why}", path.display()));
                exit = Exit::BadInput;
                continue;
            }
        };
        for file in files {
            checked += 1;
            let report = if file == Path::new("-") {
                let mut bytes = Vec::new();
                if let Err(error) = io::stdin().read_to_end(&mut bytes) {
                    complain(format_args!("standard input cannot be read: {error}"));
                    exit = Exit::BadInput;
                    continue;
                }
                spec::check_bytes(Path::new("<stdin>"), &bytes)
            } else {
                spec::check_file(&file)
            };
            if report.has_errors() {
                exit = Exit::BadInput;
            }
            eprint_report(&report);
        }
    }
    let noun = if checked == 1 { "file" } else { "files" };
    let found = if exit == Exit::Done { "no errors" } else { "there are errors" };
    exit.then(print(&format!("{checked} {noun} checked: {found}\n")))
}

/// The file itself, or the files of a folder and its folders that hasim can read, in the order of their names.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    collect(path, &mut files).map_err(|error| format!("cannot be read: {error}"))?;
    if files.is_empty() {
        return Err("is a folder without .yaml, .yml or .json files".to_owned());
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml" || ext == "json") {
            files.push(path);
        }
    }
    Ok(())
}
