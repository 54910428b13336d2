//! `hasim run`: an experiment file to its answer.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::checkpoint::Keeper;
use super::watch::Watched;
use super::{Exit, Format, complain, note, print, removals, rendered, replays, trace};
use crate::experiment::{Checkpoint, Shard};
use crate::output::{CHECKPOINT, Claim, RESULTS, SHARD};
use crate::results::ExperimentResult;
use crate::spec::{Instead, Loaded};
use crate::study::{Stopping, Study};
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
    pub share: Shard,
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
        let instead = Instead { seed: self.seed, replications: self.replications, container: self.container.clone() };
        let study = load(&self.experiment, instead, self.quiet)?;
        let folder = self.folder.clone().unwrap_or_else(|| output::default_folder(&study.header.name));
        // A folder that cannot be written is better known before an hour of simulation than after it.
        let claim = Claim::on(&folder).map_err(|error| refused(&error))?;
        let played = self.begin(&study, &folder)?;
        claim.has_only_ours().map_err(|error| refused(&error))?;
        if let Some(other) = claim.other_experiment(&study.header.name).filter(|_| !self.quiet) {
            note(format_args!("{}: the results of the experiment `{other}` there are replaced", folder.display()));
        }
        let mut keeper = Keeper::new(&folder);
        let watched = Watched { study: &study, threads: self.threads, quiet: self.quiet };
        let (played, result) = watched.go_on(played, &mut |so_far| keeper.pass(so_far)).map_err(|error| {
            complain(&error);
            if let Some(command) = trace::replay(&self.experiment, &error) {
                let _ = writeln!(anstream::stderr(), "help: replay it alone: {command}");
            }
            Exit::Failed
        })?;
        if result.interrupted {
            keeper.write(&played);
        }
        let exit = match self.share {
            Shard::WHOLE => self.deliver(&study, result, &folder, || keeper.write(&played)),
            _ if result.interrupted => Exit::Interrupted,
            _ => self.deliver_shard(&played, &folder),
        };
        if exit == Exit::Interrupted {
            complain("interrupted: the numbers are those of the replications played so far\nhelp: --resume goes on");
        }
        Ok(exit)
    }

    /// Where the run begins: at nothing, or where another has left off.
    fn begin(&self, study: &Study, folder: &Path) -> Result<Checkpoint, Exit> {
        let decided = match study.header.stopping {
            Stopping::Replications(_) => None,
            Stopping::Precision(_) => Some("whether a precision is reached"),
            Stopping::Selection(_) => Some("which scenario is selected"),
        };
        if let Some(decided) = decided.filter(|_| self.share != Shard::WHOLE) {
            complain(format_args!(
                "--shard needs a fixed number of replications: {decided} is decided from all of them\n\
                 help: give --replications N, the same to every shard"
            ));
            return Err(Exit::WrongUse);
        }
        let fresh = Checkpoint::nothing(study, self.share);
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
                    note(format_args!("{}: not there, so the run begins anew", path.display()));
                }
                Ok(fresh)
            }
            Some(played) => match played.continues(&fresh) {
                Ok(()) => Ok(played),
                Err(error) => Err(unusable(&format_args!("{}: {error}", path.display()))),
            },
        }
    }

    /// The files first, then standard output: what was computed is not lost with a reader that has gone away. Where there
    /// is no room for the answer, `keep` is asked to keep what it is made from.
    fn deliver(&self, study: &Study, mut result: ExperimentResult, folder: &Path, keep: impl FnOnce() -> bool) -> Exit {
        if let Err(exit) = removals::add(&mut result, study, self.threads, self.quiet) {
            return exit;
        }
        replays::add(&mut result, study);
        let whole = if result.scenarios.is_empty() { Ok(()) } else { output::write_results(folder, &result) };
        let is_whole = whole.is_ok() && !result.scenarios.is_empty();
        let written = whole.and_then(|()| if is_whole { output::write_rendered(folder, &result) } else { Ok(()) });
        let printed = print(&rendered(&result, self.format, (is_whole && written.is_ok()).then_some(folder)));
        if let Err(error) = written {
            let folder = folder.display();
            let help = match () {
                () if is_whole => format!("{RESULTS} is whole: make room, then `hasim report {folder}` makes the rest"),
                () if keep() => format!("what was played is kept in {CHECKPOINT}: make room, then --resume goes on"),
                () => format!("make room, then --resume goes on from the last {CHECKPOINT}"),
            };
            complain(format_args!("{error}\nhelp: {help}"));
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
    fn deliver_shard(&self, played: &Checkpoint, folder: &Path) -> Exit {
        let written = output::keep(folder, SHARD, played).and_then(|()| output::forget(folder));
        if let Err(error) = written {
            complain(format_args!("{error}\nhelp: choose another folder with --out-dir"));
            return Exit::Failed;
        }
        if !self.quiet {
            let Shard { index, of } = played.shard();
            let path = folder.join(SHARD);
            note(format_args!(
                "shard {index}/{of} is done, {} replications: {}\nhelp: `hasim merge DIR… --out-dir DIR` joins all {of}",
                played.replications(),
                path.display()
            ));
        }
        Exit::Done
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
pub(super) fn load(experiment: &Path, instead: Instead, quiet: bool) -> Result<Study, Exit> {
    let loaded = if output::is_results(experiment) {
        load_again(experiment, instead)?
    } else {
        spec::load_experiment_as(experiment, &spec::read_file, instead)
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
            if let Some(hint) = hint(experiment) {
                let _ = writeln!(anstream::stderr(), "help: {hint}");
            }
            Err(Exit::BadInput)
        }
    }
}

/// Reads the experiment whose results these are. Those of this version must be results that it can have written; of
/// another's only the inputs are of use.
fn load_again(results: &Path, instead: Instead) -> Result<Result<Loaded, spec::Report>, Exit> {
    let bad = |error: &dyn fmt::Display| {
        complain(error);
        Exit::BadInput
    };
    let bytes = spec::read_file_of_ours(results)
        .map_err(|error| bad(&format_args!("{}: cannot be read: {error}", results.display())))?;
    if output::is_of_this_version(&bytes) {
        let result = output::parse(results, &bytes).map_err(|error| bad(&error))?;
        return Ok(spec::load_inputs(&result.inputs, results, instead));
    }
    Ok(spec::load_experiment_as(results, &|_| Ok(bytes.clone()), instead))
}

/// What to do where the experiment is not a file at all, which is the commonest mistake.
fn hint(experiment: &Path) -> Option<String> {
    if experiment.is_file() {
        return None;
    }
    let results = experiment.join(RESULTS);
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
