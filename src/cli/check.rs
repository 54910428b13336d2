//! `hasim check`: every finding in every file, in an order that does not depend on the disk.

use std::path::{Path, PathBuf};

use super::args::Check;
use super::exit::{Exit, Failure};
use super::{engine, print};

/// Checks all files; bad input if one of them has an error.
pub fn run(args: &Check) -> Result<Exit, Failure> {
    let mut wrong = 0;
    for file in &args.files {
        let findings = engine::check(file);
        wrong += usize::from(findings.has_errors);
        for message in &findings.messages {
            print::text(&format!("{message}\n"))?;
        }
    }
    let files = |n: usize| if n == 1 { "1 file".to_owned() } else { format!("{n} files") };
    if wrong > 0 {
        print::text(&format!("{} of {} cannot be used\n", wrong, files(args.files.len())))?;
        return Ok(Exit::BadInput);
    }
    print::text(&format!("{} checked: no errors\n", files(args.files.len())))?;
    Ok(Exit::Done)
}

/// Files as named, folders as the files below them, sorted by name.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        walk(path, &mut files)?;
        if files.len() == before {
            let message = format!("{}: holds no .yaml, .yml or .json file", path.display());
            return Err(Failure::new(Exit::BadInput, message));
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| Failure::new(Exit::BadInput, format!("{}: cannot be read: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths = entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    paths.sort();
    for path in paths {
        // A link to a folder above would never end; files behind links are read.
        let is_link = path.symlink_metadata().is_ok_and(|data| data.is_symlink());
        if path.is_dir() {
            if !is_link {
                walk(&path, files)?;
            }
        } else if is_readable_kind(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// True if its name says that hasim may read it.
pub fn is_readable_kind(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e.eq_ignore_ascii_case(known)))
}
