//! `hasim merge`: shards to the answer of the whole.

use std::path::{Path, PathBuf};

use super::run::eprint_report;
use super::watch::add_histograms;
use super::{Exit, Format, complain, print, removals, rendered, replays};
use crate::experiment::Checkpoint;
use crate::output::{self, SHARD};
use crate::spec::{self, Instead, Loaded};

/// Joins the shards in these folders.
pub(super) fn merge(folders: &[PathBuf], into: &Path, format: Format) -> Exit {
    let mut shards = Vec::new();
    for folder in folders {
        match output::played(folder, SHARD) {
            Ok(Some(shard)) => shards.push((folder.join(SHARD), shard)),
            Ok(None) => {
                let path = folder.join(SHARD);
                complain(format_args!(
                    "{}: there is no such file\nhelp: `hasim run --shard I/N --out-dir {}` writes it when it is done",
                    path.display(),
                    folder.display()
                ));
                return Exit::BadInput;
            }
            Err(error) => {
                complain(error);
                return Exit::BadInput;
            }
        }
    }
    let mut result = match Checkpoint::join(shards) {
        Ok((played, mut result)) => {
            add_histograms(&played, &mut result);
            result
        }
        Err((file, error)) => {
            let file = file.map_or(String::new(), |file| format!("{}: ", file.display()));
            complain(format_args!("{file}{error}\nhelp: name every shard of one experiment once"));
            return Exit::BadInput;
        }
    };
    // A shard has no models, but all that they are made from.
    match spec::load_inputs(&result.inputs, &folders[0].join(SHARD), Instead::default()) {
        Ok(Loaded { study, .. }) => {
            if let Err(exit) = removals::add(&mut result, &study, 0, true) {
                return exit;
            }
            replays::add(&mut result, &study);
        }
        Err(report) => {
            eprint_report(&report);
            return Exit::BadInput;
        }
    }
    let written = output::write_into(into, &result);
    let printed = print(&rendered(&result, format, written.is_ok().then_some(into)));
    if let Err(error) = written {
        complain(format_args!("{error}\nhelp: choose another folder with --out-dir"));
        return Exit::Failed;
    }
    printed.then(Exit::by_targets(&result))
}
