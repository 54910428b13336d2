//! When checkpoints are written.

use std::path::Path;
use std::time::{Duration, Instant};

use super::events::{Event, Listener};
use crate::experiment::Checkpoint;
use crate::output::{self, CHECKPOINT};

/// No oftener than this, so that little is lost and a disk has its rest.
const SHORTEST: Duration = Duration::from_millis(500);
/// And one part in so many of the time, however much there is to write.
const PART: u32 = 20;

/// Writes checkpoints now and then.
pub(super) struct Keeper<'a> {
    folder: &'a Path,
    listener: &'a dyn Listener,
    last: Instant,
    /// How long the last one took to write.
    cost: Duration,
    failed: bool,
}

impl<'a> Keeper<'a> {
    /// Checkpoints in this folder.
    pub fn new(folder: &'a Path, listener: &'a dyn Listener) -> Self {
        Self { folder, listener, last: Instant::now(), cost: Duration::ZERO, failed: false }
    }

    /// Writes one if it is time.
    pub fn pass(&mut self, checkpoint: &Checkpoint) {
        if self.last.elapsed() >= SHORTEST.max(PART * self.cost) {
            self.write(checkpoint);
        }
    }

    /// Writes one; false if it cannot. A run does not end because of that, but it says so, once.
    pub fn write(&mut self, checkpoint: &Checkpoint) -> bool {
        let begun = Instant::now();
        let written = output::keep(self.folder, CHECKPOINT, checkpoint);
        if let Err(error) = &written
            && !std::mem::replace(&mut self.failed, true)
        {
            self.listener.hear(&Event::CheckpointNotWritten(error));
        }
        self.cost = begun.elapsed();
        self.last = Instant::now();
        written.is_ok()
    }
}
