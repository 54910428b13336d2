//! Plays a study, and what comes when it has its answer.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;

use super::events::{Event, Listener};
use super::forecast::Watch;
use super::replays;
use crate::experiment::{self, Checkpoint, Options, Pace, RunError, Shard, add_removals, replicate, replicate_watched};
use crate::report::{self, featured_scenarios};
use crate::results::ExperimentResult;
use crate::study::Study;

/// How a study is played. Nothing here alters a result.
#[derive(Clone, Copy)]
pub struct Player<'a> {
    /// What is played.
    pub study: &'a Study,
    /// Worker threads; 0 for one per core.
    pub threads: usize,
    /// Set from outside to end early.
    pub stop: &'a AtomicBool,
    /// Hears what happens.
    pub listener: &'a dyn Listener,
    /// Whether it wants to hear how long it takes.
    pub forecasts: bool,
}

impl Player<'_> {
    /// Plays all of it.
    ///
    /// # Errors
    /// Like [`experiment::play`].
    pub fn play(&self) -> Result<ExperimentResult, RunError> {
        let nothing = Checkpoint::nothing(self.study, Shard::WHOLE);
        self.resume(nothing, &mut |_| ()).map(|(_, result)| result)
    }

    /// Plays it on from a checkpoint.
    ///
    /// # Errors
    /// Like [`experiment::play`].
    pub fn resume(
        &self,
        checkpoint: Checkpoint,
        on_checkpoint: &mut dyn FnMut(&Checkpoint),
    ) -> Result<(Checkpoint, ExperimentResult), RunError> {
        let pace = Pace::of(self.study);
        let shards = checkpoint.shard().of;
        let progress = &mut |progress| self.listener.hear(&Event::Progress(progress));
        let options = Options { threads: self.threads, stop: self.stop, progress };
        let ended = thread::scope(|scope| {
            // The watch ends when its line to this thread is cut.
            let (line, cut) = mpsc::channel::<()>();
            if self.forecasts {
                let (study, pace, listener) = (self.study, &pace, self.listener);
                scope.spawn(move || Watch::new(study, shards).look(pace, listener, &cut));
            }
            let ended = experiment::play(self.study, checkpoint, options, &pace, on_checkpoint, replicate_watched);
            drop(line);
            ended
        });
        self.listener.hear(&Event::StageEnded);
        ended.map(|(checkpoint, mut result)| {
            if result.each_alone {
                report::sort_deployments(&mut result);
            }
            add_histograms(&checkpoint, &mut result);
            (checkpoint, result)
        })
    }

    /// Adds what takes the models and is played when a run has its answer: removals of causes and replays of outages.
    ///
    /// # Errors
    /// Like [`experiment::play`].
    pub fn complete(&self, result: &mut ExperimentResult) -> Result<(), RunError> {
        self.add_removals(result)?;
        replays::add(result, self.study);
        Ok(())
    }

    /// Adds what the removal of the largest causes would bring, for the featured scenarios or as the experiment asks.
    ///
    /// # Errors
    /// Like [`experiment::play`].
    pub fn add_removals(&self, result: &mut ExperimentResult) -> Result<(), RunError> {
        if result.interrupted {
            return Ok(());
        }
        let featured: Vec<String> =
            featured_scenarios(result).into_iter().map(|scenario| scenario.name.clone()).collect();
        let progress = &mut |progress| self.listener.hear(&Event::Progress(progress));
        let mut options = Options { threads: self.threads, stop: self.stop, progress };
        let added = add_removals(result, self.study, &featured, &mut options, replicate);
        self.listener.hear(&Event::StageEnded);
        added
    }
}

/// Of a very large answer only what reports draw has histograms.
pub(super) fn add_histograms(checkpoint: &Checkpoint, result: &mut ExperimentResult) {
    if result.lacks_histograms() {
        let drawn = report::drawn(result);
        checkpoint.add_histograms(result, &drawn);
    }
}
