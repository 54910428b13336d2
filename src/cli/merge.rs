//! `hasim merge`: shards to the answer of the whole.

use std::path::{Path, PathBuf};

use super::run::{deliver, eprint_report};
use super::{Exit, Format, complain, interrupt};
use crate::app::{self, MergeError};

/// Joins the shards in these folders.
pub(super) fn merge(folders: &[PathBuf], into: &Path, format: Format) -> Exit {
    match app::merge(folders, interrupt::stop_flag()) {
        Ok(result) => deliver(&result, Some(into), format).then(Exit::by_targets(&result)),
        Err(error) => unmerged(&error),
    }
}

/// Why there is no answer, with the next step.
fn unmerged(error: &MergeError) -> Exit {
    match error {
        MergeError::Missing(file) => complain(format_args!(
            "{}: there is no such file\nhelp: `hasim run --shard I/N --out-dir {}` writes it when it is done",
            file.display(),
            file.parent().unwrap_or(Path::new(".")).display()
        )),
        MergeError::Unreadable(error) => complain(error),
        MergeError::Unlike { file, error } => {
            let file = file.as_ref().map_or(String::new(), |file| format!("{}: ", file.display()));
            complain(format_args!("{file}{error}\nhelp: name every shard of one experiment once"));
        }
        MergeError::Inputs(report) => eprint_report(report),
        MergeError::Run(error) => {
            complain(error);
            return Exit::Failed;
        }
    }
    Exit::BadInput
}
