//! `hasim run`: read, play, write, print.

use std::sync::atomic::Ordering;

use super::args::Run;
use super::exit::{Exit, Failure};
use super::progress::Bar;
use super::{engine, interrupt, print};
use crate::output;

/// Plays the experiment.
pub fn run(args: &Run) -> Result<Exit, Failure> {
    let bad = |messages| Failure { exit: Exit::BadInput, messages };
    let study = engine::load(&args.experiment, args.seed, args.replications).map_err(bad)?;
    if !args.quiet {
        for warning in &study.warnings {
            print::note(warning);
        }
    }
    let folder = args.folder.clone().unwrap_or_else(|| output::default_folder(&study.name));
    // A folder that cannot be written is better known before an hour of simulation than after it.
    output::prepare(&folder)?;

    let stop = interrupt::flag();
    let mut bar = Bar::new(args.quiet);
    let played = engine::play(&study, args.threads, stop, &mut |progress| bar.update(&progress));
    bar.finish();
    let result = played.map_err(|message| Failure::new(Exit::Failed, message))?;

    let written = output::write_all(&folder, &result);
    // The answer is printed even if the disk is full.
    print::result(&result, args.format, Some(&folder).filter(|_| written.is_ok()))?;
    written?;
    if stop.load(Ordering::Relaxed) {
        print::note(&format!("interrupted: {} holds what was finished", folder.display()));
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Done)
}
