//! What happens while something is played, as data.

use super::forecast::LongRun;
use crate::experiment::Progress;
use crate::output;

/// Something worth a word, or a step of a bar.
#[derive(Debug)]
pub enum Event<'a> {
    /// So far the present stage has come.
    Progress(Progress),
    /// The present stage is over. The next one counts anew.
    StageEnded,
    /// It takes long; heard again only where an earlier forecast was wrong.
    TakesLong(LongRun),
    /// A checkpoint could not be written; heard once. If the run is interrupted, only its last checkpoint is kept.
    CheckpointNotWritten(&'a output::Error),
}

/// Hears events, from several threads.
pub trait Listener: Sync {
    /// This has happened.
    fn hear(&self, event: &Event<'_>);
}

/// Does not listen.
impl Listener for () {
    fn hear(&self, _event: &Event<'_>) {}
}
