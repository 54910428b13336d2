//! `hasim run`: an experiment file to its answer.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::progress::Bar;
use super::{Exit, Format, complain, intake, interrupt, library, note, print, rendered, trace};
use crate::app::{Job, Kept, OpenError, Player, Undelivered};
use crate::experiment::Shard;
use crate::output::{CHECKPOINT, RESULTS};
use crate::results::ExperimentResult;
use crate::spec::{Loaded, Overrides};
use crate::study::{Stopping, Study};
use crate::{output, spec};

/// What is to be run, and where the answer goes.
#[derive(Debug)]
pub(super) struct Run {
    pub experiment: Option<PathBuf>,
    pub folder: Option<PathBuf>,
    pub seed: Option<u64>,
    pub replications: Option<u64>,
    /// The container that serves.
    pub container: Option<String>,
    /// Which part of them.
    pub shard: Shard,
    pub resume: bool,
    /// 0 for one per core.
    pub threads: usize,
    pub format: Format,
    pub quiet: bool,
}

impl Run {
    pub fn execute(self) -> Exit {
        self.carry_out().unwrap_or_else(|exit| exit)
    }

    fn carry_out(&self) -> Result<Exit, Exit> {
        let overrides =
            Overrides { seed: self.seed, replications: self.replications, container: self.container.clone() };
        let Some(experiment) = &self.experiment else { return Err(intake::no_experiment("run")) };
        let study = load(experiment, "run", overrides, self.quiet)?;
        let folder = self.folder.clone().unwrap_or_else(|| output::default_folder(&study.header.name));
        let mut job = Job::open(&study, &folder, self.shard, self.resume).map_err(|error| unstarted(&error))?;
        if !self.quiet {
            if self.resume && job.begins_anew() {
                note(format_args!("{}: not there, so the run begins anew", folder.join(CHECKPOINT).display()));
            }
            if let Some(other) = job.replaces() {
                note(format_args!("{}: the results of the experiment `{other}` there are replaced", folder.display()));
            }
        }
        let bar = Bar::new(self.quiet);
        let player = player(&study, self.threads, &bar);
        let result = job.play(&player).map_err(|error| {
            complain(&error);
            if let Some(command) = trace::replay(experiment, &error) {
                let _ = writeln!(anstream::stderr(), "help: replay it alone: {command}");
            }
            Exit::Failed
        })?;
        let said = if self.quiet { &[][..] } else { &study.header.notes };
        let exit = match self.shard {
            Shard::WHOLE => self.deliver(&job, &player, result, &folder, said),
            _ if result.interrupted => Exit::Interrupted,
            _ => self.deliver_shard(&job),
        };
        if exit == Exit::Interrupted {
            complain("interrupted: the numbers are those of the replications played so far\nhelp: --resume goes on");
        }
        Ok(exit)
    }

    /// The files first, then standard output: what was computed is not lost with a reader that has gone away.
    fn deliver(
        &self,
        job: &Job,
        player: &Player<'_>,
        mut result: ExperimentResult,
        folder: &Path,
        said: &[String],
    ) -> Exit {
        if let Err(error) = player.complete(&mut result) {
            complain(error);
            return Exit::Failed;
        }
        let delivered = job.deliver(&result, player);
        let is_there = match &delivered {
            Ok(()) => !result.scenarios.is_empty(),
            Err(Undelivered { kept, .. }) => *kept == Kept::All,
        };
        let printed = print(&rendered(&result, self.format, is_there.then_some(folder), said));
        if let Err(Undelivered { error, kept }) = delivered {
            let folder = folder.display();
            let help = match kept {
                Kept::All => None,
                Kept::Results => {
                    Some(format!("{RESULTS} is whole: make room, then `hasim report {folder}` makes the rest"))
                }
                Kept::Checkpoint => {
                    Some(format!("what was played is kept in {CHECKPOINT}: make room, then --resume goes on"))
                }
                Kept::LastCheckpoint => Some(format!("make room, then --resume goes on from the last {CHECKPOINT}")),
            };
            complain(format_args!("{error}{}", help.map_or(String::new(), |help| format!("\nhelp: {help}"))));
            return Exit::Failed;
        }
        if result.interrupted { Exit::Interrupted } else { printed.then(Exit::by_targets(&result)) }
    }

    /// A shard is no answer yet.
    fn deliver_shard(&self, job: &Job) -> Exit {
        let path = match job.deliver_shard() {
            Ok(path) => path,
            Err(error) => return unwritten(&error),
        };
        if !self.quiet {
            let Shard { index, of } = job.checkpoint().shard();
            note(format_args!(
                "shard {index}/{of} is done, {} replications: {}\nhelp: `hasim merge DIR… --out-dir DIR` joins all {of}",
                job.checkpoint().replications(),
                path.display()
            ));
        }
        Exit::Done
    }
}

/// How a study is played for the command line: signals end it, and the bar shows how far it is.
pub(super) fn player<'a>(study: &'a Study, threads: usize, bar: &'a Bar) -> Player<'a> {
    Player { study, threads, stop: interrupt::stop_flag(), listener: bar, forecasts: !bar.is_quiet() }
}

/// Plays all of a study that is not written into a folder while it is played.
pub(super) fn play(study: &Study, threads: usize, quiet: bool) -> Result<ExperimentResult, Exit> {
    let bar = Bar::new(quiet);
    let result = player(study, threads, &bar).play().map_err(|error| {
        complain(error);
        Exit::Failed
    })?;
    if result.interrupted {
        complain("interrupted: what was played is not kept");
        return Err(Exit::Interrupted);
    }
    Ok(result)
}

/// Writes an answer into a folder, if one is named, and prints it.
pub(super) fn deliver(result: &ExperimentResult, folder: Option<&Path>, format: Format) -> Exit {
    let written = folder.map_or(Ok(()), |folder| output::write_into(folder, result));
    let printed = print(&rendered(result, format, folder.filter(|_| written.is_ok()), &[]));
    written.map_or_else(|error| unwritten(&error), |()| printed)
}

/// What could not be written, with the next step.
pub(super) fn unwritten(error: &output::Error) -> Exit {
    complain(format_args!("{error}\nhelp: choose another folder with --out-dir"));
    Exit::Failed
}

/// Why a run does not begin, with the next step.
fn unstarted(error: &OpenError) -> Exit {
    match error {
        OpenError::Folder(error) => refused(error),
        OpenError::NotFixed(stopping) => {
            let decided = match stopping {
                Stopping::Selection(_) => "which scenario is selected",
                Stopping::Precision(_) | Stopping::Replications(_) => "whether a precision is reached",
            };
            complain(format_args!(
                "--shard needs a fixed number of replications: {decided} is decided from all of them\n\
                 help: give --replications N, the same to every shard"
            ));
            Exit::WrongUse
        }
        OpenError::Checkpoint(_) | OpenError::Unlike { .. } => {
            complain(format_args!("{error}\nhelp: without --resume the run begins anew"));
            Exit::BadInput
        }
    }
}

/// What stands in the way of a folder, with the next step.
fn refused(error: &output::Error) -> Exit {
    let (help, exit) = match error {
        output::Error::Foreign { .. } => ("move it away, or choose another folder with --out-dir", Exit::WrongUse),
        output::Error::Busy { .. } => ("wait for it, or choose another folder with --out-dir", Exit::Failed),
        _ => ("choose another folder with --out-dir", Exit::Failed),
    };
    complain(format_args!("{error}\nhelp: {help}"));
    exit
}

/// Reads an experiment, or the results of one; what is found in its files goes to standard error.
pub(super) fn load(experiment: &Path, command: &str, overrides: Overrides, quiet: bool) -> Result<Study, Exit> {
    intake::expect_experiment(experiment, command)?;
    let loaded = if output::is_results(experiment) {
        load_again(experiment, overrides)?
    } else {
        spec::load_experiment_as(experiment, &library::open, overrides)
    };
    match loaded {
        Ok(Loaded { study, findings }) => {
            if !quiet {
                eprint_report(&findings);
            }
            Ok(study)
        }
        Err(report) => {
            eprint_report(&report);
            Err(Exit::BadInput)
        }
    }
}

/// Reads the experiment whose results these are. Those of this version must be results that it can have written; of
/// another's only the inputs are of use.
fn load_again(results: &Path, overrides: Overrides) -> Result<Result<Loaded, spec::Report>, Exit> {
    let bad = |error: &dyn fmt::Display| {
        complain(error);
        Exit::BadInput
    };
    let bytes = spec::read_file_of_ours(results)
        .map_err(|error| bad(&format_args!("{}: cannot be read: {error}", results.display())))?;
    if output::is_of_this_version(&bytes) {
        let result = output::parse(results, &bytes).map_err(|error| bad(&error))?;
        let mut loaded = spec::load_inputs(&result.inputs, results, overrides);
        if result.each_alone
            && let Ok(loaded) = &mut loaded
        {
            loaded.study.make_each_alone();
        }
        return Ok(loaded);
    }
    Ok(spec::load_experiment_as(results, &|_| Ok(bytes.clone()), overrides))
}

/// Findings about files, on standard error.
pub(super) fn eprint_report(report: &spec::Report) {
    if !report.diagnostics.is_empty() {
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{}", report.to_string().trim_end());
    }
}
