//! Shards to the answer of the whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::player::{Player, add_histograms};
use crate::experiment::{Checkpoint, RunError, Unlike};
use crate::output::{self, SHARD};
use crate::results::ExperimentResult;
use crate::spec::{self, Overrides, Report};

/// Why shards have no answer.
#[derive(Debug)]
pub enum MergeError {
    /// A folder holds no shard; this is the file.
    Missing(PathBuf),
    /// A shard cannot be read.
    Unreadable(output::Error),
    /// A shard does not belong to the others, or one is not there.
    Unlike {
        /// The shard, if it is one.
        file: Option<PathBuf>,
        /// Why.
        error: Unlike,
    },
    /// The inputs that the shards hold are wrong.
    Inputs(Report),
    /// The simulator has a bug, or the machine gives no threads.
    Run(RunError),
}

/// Joins the shards in these folders.
///
/// # Errors
/// If they are not all the shards of one experiment.
pub fn merge(folders: &[PathBuf], stop: &AtomicBool) -> Result<ExperimentResult, MergeError> {
    let mut shards = Vec::new();
    for folder in folders {
        let file = folder.join(SHARD);
        let shard = output::played(folder, SHARD).map_err(MergeError::Unreadable)?;
        let shard = shard.ok_or_else(|| MergeError::Missing(file.clone()))?;
        shards.push((file, shard));
    }
    let first = shards.first().map_or_else(|| Path::new(SHARD).to_owned(), |(file, _)| file.clone());
    let joined = Checkpoint::join(shards).map_err(|(file, error)| MergeError::Unlike { file, error });
    let (checkpoint, mut result) = joined?;
    add_histograms(&checkpoint, &mut result);
    // A shard has no models, but all that they are made from.
    let study = spec::load_inputs(&result.inputs, &first, Overrides::default()).map_err(MergeError::Inputs)?.study;
    let player = Player { study: &study, threads: 0, stop, listener: &(), forecasts: false };
    player.complete(&mut result).map_err(MergeError::Run)?;
    Ok(result)
}
