//! What the removal of the largest causes would bring: played when a run has its answer, as it takes the models.

use super::progress::Bar;
use super::{Exit, complain, interrupt};
use crate::experiment::{Options, add_removals, replicate};
use crate::report::looked_at_closely;
use crate::results::ExperimentResult;
use crate::study::Study;

/// Plays and adds it, for the baseline, the recommended scenario and the only one, or as the experiment asks.
///
/// # Errors
/// How the command ends where a replication panics, which is a bug.
pub(super) fn add(result: &mut ExperimentResult, study: &Study, threads: usize, quiet: bool) -> Result<(), Exit> {
    if result.interrupted {
        return Ok(());
    }
    let featured: Vec<String> = looked_at_closely(result).into_iter().map(|scenario| scenario.name.clone()).collect();
    let bar = Bar::new(quiet);
    let progress = &mut |progress| bar.show(progress);
    let mut options = Options { threads, stop: interrupt::stop_flag(), progress };
    let added = add_removals(result, study, &featured, &mut options, replicate);
    bar.clear();
    added.map_err(|error| {
        complain(error);
        Exit::Failed
    })
}
