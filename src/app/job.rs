//! A run that writes into a folder: from the claim on it to the last file.

use std::path::{Path, PathBuf};

use super::checkpoints::Keeper;
use super::player::Player;
use crate::experiment::{Checkpoint, RunError, Shard, Unlike};
use crate::output::{self, CHECKPOINT, Claim, SHARD};
use crate::results::ExperimentResult;
use crate::study::{Stopping, Study};

/// A run of an experiment, or of a shard of it, into a folder that nobody else writes into as long as this lives.
#[derive(Debug)]
pub struct Job {
    folder: PathBuf,
    checkpoint: Checkpoint,
    begins_anew: bool,
    replaces: Option<String>,
    _claim: Claim,
}

/// Why a job cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(output::Error),
    /// A shard needs a fixed number of replications, and what else ends the run is decided from all of them.
    #[error("a shard needs a fixed number of replications")]
    NotFixed(Stopping),
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(output::Error),
    /// The checkpoint is of something else.
    #[error("{}: {error}", path.display())]
    Unlike {
        /// Its file.
        path: PathBuf,
        /// The difference.
        error: Unlike,
    },
}

/// An answer that could not be written whole.
#[derive(Debug)]
pub struct Undelivered {
    /// Why.
    pub error: output::Error,
    /// What is there all the same.
    pub kept: Kept,
}

/// What is in a folder into which an answer could not be written whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The whole answer; only what the run needed on its way could not be removed.
    All,
    /// `results.json`, from which all else can be made.
    Results,
    /// What was played, as a checkpoint.
    Checkpoint,
    /// The last checkpoint that could be written.
    LastCheckpoint,
}

impl Job {
    /// Claims the folder, and begins at nothing or, with `resume`, where another run has left off.
    ///
    /// # Errors
    /// Before anything is played: a folder that cannot be written is better known then than after an hour of simulation.
    pub fn open(study: &Study, folder: &Path, shard: Shard, resume: bool) -> Result<Self, OpenError> {
        let claim = Claim::on(folder).map_err(OpenError::Folder)?;
        if shard != Shard::WHOLE && !matches!(study.header.stopping, Stopping::Replications(_)) {
            return Err(OpenError::NotFixed(study.header.stopping));
        }
        let fresh = Checkpoint::nothing(study, shard);
        let found = if resume { checkpoint_in(folder, &fresh)? } else { None };
        claim.has_only_ours().map_err(OpenError::Folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            begins_anew: found.is_none(),
            checkpoint: found.unwrap_or(fresh),
            replaces: claim.other_experiment(&study.header.name),
            _claim: claim,
        })
    }

    /// Whether there was nothing to go on with.
    pub fn begins_anew(&self) -> bool {
        self.begins_anew
    }

    /// The experiment whose results in the folder are replaced, if it is another one.
    pub fn replaces(&self) -> Option<&str> {
        self.replaces.as_deref()
    }

    /// What has been played.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Plays to the end, or until it is told to stop; then a checkpoint stays.
    ///
    /// # Errors
    /// Like [`experiment::play`](crate::experiment::play()).
    pub fn play(&mut self, player: &Player<'_>) -> Result<ExperimentResult, RunError> {
        let mut keeper = Keeper::new(&self.folder, player.listener);
        let (checkpoint, result) = player.resume(self.checkpoint.clone(), &mut |so_far| keeper.pass(so_far))?;
        if result.interrupted {
            keeper.write(&checkpoint);
        }
        self.checkpoint = checkpoint;
        Ok(result)
    }

    /// Writes the answer, and removes what an answer that is not interrupted needs no more. An answer without a scenario is not
    /// written.
    ///
    /// # Errors
    /// Names the first file that could not be written, and what is kept.
    pub fn deliver(&self, result: &ExperimentResult, player: &Player<'_>) -> Result<(), Undelivered> {
        let is_written = !result.scenarios.is_empty();
        if is_written {
            output::write_results(&self.folder, result).map_err(|error| {
                let keeps = Keeper::new(&self.folder, player.listener).write(&self.checkpoint);
                Undelivered { error, kept: if keeps { Kept::Checkpoint } else { Kept::LastCheckpoint } }
            })?;
        }
        // All else is made from the results.
        let forgotten = if result.interrupted { Ok(()) } else { output::forget(&self.folder) };
        if is_written {
            let rendered = output::write_rendered(&self.folder, result);
            rendered.map_err(|error| Undelivered { error, kept: Kept::Results })?;
        }
        forgotten.map_err(|error| Undelivered { error, kept: Kept::All })
    }

    /// Writes what was played of a shard, which is no answer yet.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn deliver_shard(&self) -> Result<PathBuf, output::Error> {
        output::keep(&self.folder, SHARD, &self.checkpoint)?;
        output::forget(&self.folder)?;
        Ok(self.folder.join(SHARD))
    }
}

/// The checkpoint in a folder, if there is one, which goes on where `fresh` would begin.
fn checkpoint_in(folder: &Path, fresh: &Checkpoint) -> Result<Option<Checkpoint>, OpenError> {
    let found = output::played(folder, CHECKPOINT).map_err(OpenError::Checkpoint)?;
    if let Some(found) = &found {
        let path = || folder.join(CHECKPOINT);
        found.continues(fresh).map_err(|error| OpenError::Unlike { path: path(), error })?;
    }
    Ok(found)
}
