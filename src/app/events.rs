//! What happens while something is played, as data.

use crate::experiment::Progress;
use crate::output;
use crate::study::Stopping;

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

/// A run that takes long, and what would take less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LongRun {
    /// When the run ends: where that is decided on the way, the time that is left is a bound.
    pub stopping: Stopping,
    /// Seconds that are left.
    pub left_s: f64,
    /// A round number of replications that takes some minutes, and the seconds that it takes; `None` if it is no less than what
    /// is planned.
    pub fewer: Option<(u64, f64)>,
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
