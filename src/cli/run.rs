//! `hasim run`: an experiment file to its answer.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::checkpoint::Keeper;
use super::progress::Bar;
use super::{Exit, Format, complain, print, rendered, replays, trace};
use crate::experiment::{self, ExperimentResult, Options, Played, Share};
use crate::output::{CHECKPOINT, SHARD};
use crate::spec::{Instead, Stopping, Study};
use crate::{output, spec};

/// What is to be run, and where the answer goes.
#[derive(Debug)]
pub(super) struct Run {
    pub experiment: PathBuf,
    pub folder: Option<PathBuf>,
    pub seed: Option<u64>,
    pub replications: Option<u64>,
    /// The container that serves.
    pub container: Option<String>,
    /// Which part of them.
    pub share: Share,
    pub resume: bool,
    /// 0 for one per core.
    pub threads: usize,
    pub format: Format,
    pub quiet: bool,
}

impl Run {
    pub fn execute(self) -> Exit {
        let instead = Instead { seed: self.seed, replications: self.replications, container: self.container.clone() };
        let study = match load(&self.experiment, instead, self.quiet) {
            Ok(study) => study,
            Err(exit) => return exit,
        };
        let folder = self.folder.clone().unwrap_or_else(|| output::default_folder(&study.name));
        // A folder that cannot be written is better known before an hour of simulation than after it.
        if let Err(error) = output::prepare(&folder) {
            complain(format_args!("{error}\nhelp: choose another folder with --out-dir"));
            return Exit::Failed;
        }
        let played = match self.begin(&study, &folder) {
            Ok(played) => played,
            Err(exit) => return exit,
        };
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        // The first Ctrl-C ends the run with what it has; the second ends the program.
        let handler = ctrlc::set_handler(move || {
            if asked.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
        });
        if let Err(error) = handler {
            complain(format_args!("Ctrl-C will lose what was played since the last checkpoint: {error}"));
        }
        let bar = Bar::new(self.quiet);
        let options = Options { threads: self.threads, stop: &stop, progress: &mut |progress| bar.show(progress) };
        let mut keeper = Keeper::new(&folder);
        let ended = experiment::play(&study, played, options, &mut |so_far| keeper.pass(so_far), experiment::replicate);
        bar.clear();
        match ended {
            Ok((played, result)) if result.interrupted => {
                keeper.write(&played);
                if self.share == Share::WHOLE {
                    self.deliver(&study, result, &folder);
                }
                complain(
                    "interrupted: the numbers are those of the replications played so far\nhelp: --resume goes on",
                );
                Exit::Interrupted
            }
            Ok((_, result)) if self.share == Share::WHOLE => self.deliver(&study, result, &folder),
            Ok((played, _)) => self.deliver_shard(&played, &folder),
            Err(error) => {
                complain(&error);
                if let Some(command) = trace::replay(&self.experiment, &error) {
                    let _ = writeln!(anstream::stderr(), "help: replay it alone: {command}");
                }
                Exit::Failed
            }
        }
    }

    /// Where the run begins: at nothing, or where another has left off.
    fn begin(&self, study: &Study, folder: &Path) -> Result<Played, Exit> {
        let decided = match study.stopping {
            Stopping::Replications(_) => None,
            Stopping::Precision(_) => Some("whether a precision is reached"),
            Stopping::Selection(_) => Some("which scenario is selected"),
        };
        if let Some(decided) = decided.filter(|_| self.share != Share::WHOLE) {
            complain(format_args!(
                "--shard needs a fixed number of replications: {decided} is decided from all of them\n\
                 help: give --replications N, the same to every shard"
            ));
            return Err(Exit::WrongUse);
        }
        let fresh = Played::nothing(study, self.share);
        if !self.resume {
            return Ok(fresh);
        }
        let path = folder.join(CHECKPOINT);
        let unusable = |error: &dyn fmt::Display| {
            complain(format_args!("{error}\nhelp: without --resume the run begins anew"));
            Exit::BadInput
        };
        match output::played(folder, CHECKPOINT).map_err(|error| unusable(&error))? {
            None => {
                if !self.quiet {
                    let _ = writeln!(anstream::stderr(), "note: {}: not there, so the run begins anew", path.display());
                }
                Ok(fresh)
            }
            Some(played) => match played.continues(&fresh) {
                Ok(()) => Ok(played),
                Err(error) => Err(unusable(&format_args!("{}: {error}", path.display()))),
            },
        }
    }

    /// The files first, then standard output: what was computed is not lost with a reader that has gone away.
    fn deliver(&self, study: &Study, mut result: ExperimentResult, folder: &Path) -> Exit {
        replays::add(&mut result, study);
        let written = if result.scenarios.is_empty() { Ok(()) } else { output::write_all(folder, &result) };
        let printed = print(&rendered(&result, self.format, written.is_ok().then_some(folder)));
        if let Err(error) = written {
            complain(format_args!("{error}\nhelp: choose another folder with --out-dir"));
            return Exit::Failed;
        }
        if result.interrupted {
            return Exit::Interrupted;
        }
        if let Err(error) = output::forget(folder) {
            complain(error);
            return Exit::Failed;
        }
        printed.then(Exit::by_targets(&result))
    }

    /// A shard is no answer yet.
    fn deliver_shard(&self, played: &Played, folder: &Path) -> Exit {
        let written = output::keep(folder, SHARD, played).and_then(|()| output::forget(folder));
        if let Err(error) = written {
            complain(format_args!("{error}\nhelp: choose another folder with --out-dir"));
            return Exit::Failed;
        }
        if !self.quiet {
            let Share { index, of } = played.share();
            let path = folder.join(SHARD);
            let _ = writeln!(
                anstream::stderr(),
                "note: shard {index}/{of} is done, {} replications: {}\nhelp: `hasim merge DIR… --out-dir DIR` joins all {of}",
                played.replications(),
                path.display()
            );
        }
        Exit::Done
    }
}

/// Reads an experiment; what is found in its files goes to standard error.
pub(super) fn load(experiment: &Path, instead: Instead, quiet: bool) -> Result<Study, Exit> {
    match spec::load_experiment_as(experiment, &spec::read_file, instead) {
        Ok(study) => {
            if !quiet {
                eprint_report(&study.findings);
            }
            Ok(study)
        }
        Err(report) => {
            eprint_report(&report);
            if let Some(hint) = hint(experiment) {
                let _ = writeln!(anstream::stderr(), "help: {hint}");
            }
            Err(Exit::BadInput)
        }
    }
}

/// What to do where the experiment is not a file at all, which is the commonest mistake.
fn hint(experiment: &Path) -> Option<String> {
    if experiment.is_file() {
        return None;
    }
    let results = experiment.join(output::RESULTS);
    if results.is_file() {
        return Some(format!("did you mean {}?", results.display()));
    }
    let example = || "name an experiment file, for example experiments/aidbox.yaml".to_owned();
    Some(near(experiment).map_or_else(example, |near| format!("did you mean {}?", near.display())))
}

/// The file in the same folder whose name is closest.
fn near(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_stem()?.to_string_lossy();
    let likeness = |file: &Path| strsim::jaro_winkler(&wanted, &file.file_stem().unwrap_or_default().to_string_lossy());
    let files = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let readable = files.filter(|file| file.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json"));
    // Of equally close names the first in the alphabet, whatever the order of the folder.
    let mut close: Vec<_> = readable.map(|file| (likeness(&file), file)).filter(|(alike, _)| *alike > 0.8).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let nearest = close.into_iter().next()?.1;
    Some(nearest.strip_prefix("./").map(Path::to_owned).unwrap_or(nearest))
}

/// Findings about files, on standard error.
pub(super) fn eprint_report(report: &spec::Report) {
    if !report.diagnostics.is_empty() {
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{}", report.to_string().trim_end());
    }
}
