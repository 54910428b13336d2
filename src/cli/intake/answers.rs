//! What a command says of what it does not take: what it is, and the one command that was meant.

use std::fmt::Display;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Intake, Survey, folder_of, plain, some_of, word};
use crate::cli::run::eprint_report;
use crate::cli::{Exit, complain};
use crate::output::RESULTS;
use crate::spec;

/// Refuses what is no manifest, nor a folder of manifests. `piped` is the command that would read it from standard input.
pub(in crate::cli) fn expect_manifest(path: &Path, piped: &str) -> Result<(), Exit> {
    let intake = Intake::of(path);
    let help = match &intake {
        Intake::Missing => near_or(path, || manifests_in(folder_of(path))),
        Intake::Chart(_) | Intake::Kustomization(_) => format!("`{}`", intake.piped(piped).unwrap_or_default()),
        Intake::Run(folder) => format!("`hasim report {}` shows them", word(folder)),
        Intake::Template => return Err(refuse_template(path)),
        Intake::Experiment => format!("`hasim run {}` plays it", word(path)),
        Intake::Model(kind) => use_of(kind, path),
        Intake::Slos(_) => use_of_slo(path),
        Intake::Folder | Intake::Deployments(_) | Intake::OtherWorkloads(_) | Intake::Belongings | Intake::Else => {
            return Ok(());
        }
    };
    let rule = match intake {
        Intake::Missing => "",
        Intake::Chart(_) | Intake::Kustomization(_) => ", which has to be rendered first",
        _ => ", must be a manifest",
    };
    Err(refuse(path, format_args!("{}{rule}", intake.in_words().unwrap_or_default()), &help))
}

/// Refuses what is surely no experiment, nor the results of one.
pub(in crate::cli) fn expect_experiment(path: &Path, command: &str) -> Result<(), Exit> {
    let intake = Intake::of(path);
    if path == Path::new("-") && matches!(intake, Intake::Experiment | Intake::Belongings | Intake::Else) {
        let help = format!("keep it in a file, then `hasim {command} FILE`: what it names is looked for beside it");
        return Err(refuse(path, "an experiment is read from a file", &help));
    }
    let both = |estimate: String, init: String| {
        format!("`{estimate}` answers at once, `{init}` writes an experiment to change")
    };
    let help = match &intake {
        Intake::Deployments(_) => both(format!("hasim estimate {}", word(path)), format!("hasim init {}", word(path))),
        Intake::Chart(_) | Intake::Kustomization(_) => {
            let piped = |to| intake.piped(to).unwrap_or_default();
            both(piped("estimate -"), piped("init -"))
        }
        Intake::Template => return Err(refuse_template(path)),
        Intake::OtherWorkloads(_) => format!("`hasim check {}` tells why it is not played", word(path)),
        Intake::Run(folder) if path.is_dir() && command == "run" => {
            format!(
                "`hasim report {}` shows them, `hasim run {}` plays them again",
                word(folder),
                word(&folder.join(RESULTS))
            )
        }
        Intake::Run(folder) if path.is_dir() => format!("did you mean {}?", folder.join(RESULTS).display()),
        Intake::Folder => help_of_folder(path, command),
        Intake::Missing => near_or(path, || experiments_here(command)),
        Intake::Model(kind) => use_of(kind, path),
        Intake::Slos(_) => use_of_slo(path),
        Intake::Run(_) | Intake::Experiment | Intake::Belongings | Intake::Else => return Ok(()),
    };
    let rule = match &intake {
        Intake::Missing => "",
        Intake::Folder => ", must be a file with an experiment",
        _ => ", must be an experiment",
    };
    Err(refuse(path, format_args!("{}{rule}", intake.in_words().unwrap_or_default()), &help))
}

/// Says where a template begins to be one, and how it is rendered.
fn refuse_template(path: &Path) -> Exit {
    let checked = if path == Path::new("-") {
        let piped = spec::read_standard_input();
        piped.map(|bytes| spec::check_bytes(Path::new("<stdin>"), &bytes)).unwrap_or_default()
    } else {
        spec::check_file(path)
    };
    eprint_report(&checked.report);
    Exit::BadInput
}

/// Says which experiments there are where none is named.
pub(in crate::cli) fn no_experiment(command: &str) -> Exit {
    complain(format_args!("no experiment is named\nhelp: {}", experiments_here(command)));
    Exit::WrongUse
}

/// Refuses what is not the folder of a run.
pub(in crate::cli) fn expect_run(path: &Path) -> Result<(), Exit> {
    let intake = Intake::of(path);
    let help = match &intake {
        Intake::Run(_) => return Ok(()),
        // Something else lies under the name of the results: reading it tells what.
        _ if path.join(RESULTS).symlink_metadata().is_ok() => return Ok(()),
        Intake::Deployments(_) => format!("`hasim estimate {} --out-dir DIR` writes such a folder", word(path)),
        Intake::Experiment => format!("`hasim run {}` writes such a folder", word(path)),
        _ => {
            let runs = Survey::of(Path::new(".")).runs;
            let commands: Vec<String> = runs.iter().map(|folder| format!("`hasim report {}`", word(folder))).collect();
            if runs.is_empty() { "`hasim run EXPERIMENT` writes such a folder".to_owned() } else { some_of(&commands) }
        }
    };
    let what = match intake.in_words() {
        Some(_) if path.is_dir() => format!("holds no {RESULTS}, must be the folder of a run"),
        Some(_) if intake == Intake::Missing => "there is no such folder".to_owned(),
        Some(words) => format!("{words}, must be the folder of a run"),
        None => "is a file, must be the folder of a run".to_owned(),
    };
    Err(refuse(path, what, &help))
}

/// Refuses what a check for people would only stumble over.
pub(in crate::cli) fn expect_checkable(path: &Path) -> Result<(), Exit> {
    if path.is_dir() && matches!(Intake::of_folder(path), Intake::Chart(_)) {
        return expect_manifest(path, "check -");
    }
    if path == Path::new("-") || path.exists() {
        return Ok(());
    }
    let help = near_or(path, || "`hasim check .` checks the present folder".to_owned());
    Err(refuse(path, Intake::Missing.in_words().unwrap_or_default(), &help))
}

/// Says what is wrong with a file that is named, with the next step.
pub(in crate::cli) fn refuse(path: &Path, what: impl Display, help: &str) -> Exit {
    let name = if path == Path::new("-") { Path::new("<stdin>") } else { path };
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{}: {what}\n      = help: {help}", name.display());
    Exit::BadInput
}

/// What a model is good for.
fn use_of(kind: &str, path: &Path) -> String {
    let path = word(path);
    match kind {
        "App" => format!("`hasim estimate MANIFEST --app {path}` takes it"),
        "Cluster" => format!("`hasim estimate MANIFEST --cluster {path}` takes it"),
        "FaultModel" => format!("`hasim estimate MANIFEST --faults {path}` takes it"),
        "Incidents" => format!("`hasim calibrate {path}` makes a fault model of it"),
        _ => "an experiment names it, and `hasim init` writes one".to_owned(),
    }
}

/// What an SLO is good for.
fn use_of_slo(path: &Path) -> String {
    let path = word(path);
    format!("`hasim estimate MANIFEST --slo {path}` takes it, and `objective: {{from: {path}}}` in an experiment")
}

/// What to do with a folder where an experiment is wanted.
fn help_of_folder(folder: &Path, command: &str) -> String {
    let there = Survey::of(folder);
    if !there.experiments.is_empty() {
        return run_one_of(&there.experiments, command);
    }
    if there.manifests.is_empty() {
        return experiments_here(command);
    }
    let folder = word(folder);
    format!("`hasim estimate {folder}` answers at once, `hasim init {folder}` writes an experiment to change")
}

/// The manifests of a folder, or where they are had from.
fn manifests_in(folder: &Path) -> String {
    let is_in = |file: &Path| plain(folder_of(file)) == plain(folder);
    let there = Survey::of(folder).manifests.into_iter().filter(|(file, _)| is_in(file));
    let there: Vec<String> = there.map(|(file, _)| file.display().to_string()).collect();
    if there.is_empty() {
        return FROM_THE_CLUSTER.to_owned();
    }
    format!("manifests are there: {}", some_of(&there))
}

/// Where a manifest is had from that no file holds.
pub(super) const FROM_THE_CLUSTER: &str = "`kubectl get deploy,svc,pdb -o yaml | hasim estimate -` asks the cluster";

/// The experiments below the present folder, ready to be run.
fn experiments_here(command: &str) -> String {
    let here = Survey::of(Path::new(".")).experiments;
    if here.is_empty() {
        "`hasim init` writes one from the manifests that are here".to_owned()
    } else {
        run_one_of(&here, command)
    }
}

fn run_one_of(experiments: &[PathBuf], command: &str) -> String {
    let commands: Vec<String> = experiments.iter().map(|file| format!("`hasim {command} {}`", word(file))).collect();
    some_of(&commands)
}

/// The files with the nearest names, or else what there is, or what `other` says.
fn near_or(path: &Path, other: impl FnOnce() -> String) -> String {
    let files = spec::files_in(folder_of(path)).unwrap_or_default();
    let wanted = path.file_stem().unwrap_or_default().to_string_lossy();
    let likeness = |file: &Path| strsim::jaro_winkler(&wanted, &file.file_stem().unwrap_or_default().to_string_lossy());
    // Of equally close names the first in the alphabet, whatever the order of the folder.
    let mut close: Vec<_> = files.iter().map(|file| (likeness(file), file)).filter(|(alike, _)| *alike > 0.8).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    match close.first() {
        Some((_, nearest)) => format!("did you mean {}?", plain(nearest).display()),
        None => other(),
    }
}
