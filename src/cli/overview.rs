//! `hasim` alone: what lies here, and the next command.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::intake::{Survey, folder_of, plain, some_of, word};
use super::low_args::LowArgs;
use super::promised::{self, Beside};
use super::{Exit, print};
use crate::shell;

/// Says what lies in the present folder, then prints the help.
pub(super) fn execute() -> Exit {
    let help = LowArgs::command().render_help();
    print(&format!("{}\n{help}", in_words(&Survey::of(Path::new(".")))))
}

/// What there is in a line for each kind, and at most two commands.
fn in_words(here: &Survey) -> String {
    let mut found = Vec::new();
    if !here.manifests.is_empty() {
        let deployments = here.manifests.iter().map(|(_, names)| names.len()).sum();
        let each: Vec<String> =
            here.manifests.iter().map(|(file, names)| format!("{} ({})", file.display(), some_of(names))).collect();
        found.push(format!("{}: {}", counted(deployments, "Deployment"), some_of(&each)));
    }
    for (files, what) in [
        (&here.other_workloads, "manifest of other workloads, which are not played"),
        (&here.experiments, "experiment"),
        (&here.slos, "file of SLOs"),
        (&here.charts, "Helm chart"),
        (&here.kustomizations, "Kustomization"),
    ] {
        if !files.is_empty() {
            let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            found.push(format!("{}: {}", counted(files.len(), what), some_of(&names)));
        }
    }
    let mut text = String::new();
    let cut = if here.is_cut { " (not everything was looked at)" } else { "" };
    match found.as_slice() {
        [] => text += &format!("Here is no manifest and no experiment{cut}.\n"),
        found => {
            // Two lines are left for the next commands.
            const MOST: usize = 4;
            let lines = found.iter().take(MOST).enumerate();
            for (index, line) in lines {
                let head = if index == 0 { "Here:" } else { "     " };
                let end = if index + 1 == found.len().min(MOST) { cut } else { "" };
                let _ = writeln!(text, "{head} {line}{end}");
            }
        }
    }
    for (index, command) in next(here).iter().enumerate() {
        let _ = writeln!(text, "{} {command}", if index == 0 { "Next:" } else { "     " });
    }
    text
}

/// The one or two commands that answer soonest.
fn next(here: &Survey) -> Vec<String> {
    let first = |folders: &[PathBuf]| folders.first().map(|folder| word(folder));
    let mut commands = Vec::new();
    commands.extend(first(&here.experiments).map(|file| format!("hasim run {file}")));
    if let [(first, _), rest @ ..] = here.manifests.as_slice() {
        let path = if rest.is_empty() { word(with_what_belongs_to_it(here, first)) } else { ".".to_owned() };
        commands.push(format!("hasim estimate {path}{}", slo_of(here)));
        commands.push(format!("hasim init {path}"));
    } else if let Some(chart) = first(&here.charts) {
        commands.push(format!("helm template {chart} | hasim estimate -"));
        commands.push(format!("helm template {chart} | hasim init -"));
    } else if let Some(folder) = first(&here.kustomizations) {
        commands.push(format!("kubectl kustomize {folder} | hasim estimate -"));
        commands.push(format!("kubectl kustomize {folder} | hasim init -"));
    } else if commands.is_empty() {
        commands.push("kubectl get deploy,svc,pdb -o yaml | hasim estimate -".to_owned());
    }
    commands.truncate(2);
    commands
}

/// The only manifest with a Deployment, or its folder where something lies beside it that may belong to it, such as its Service.
fn with_what_belongs_to_it<'a>(here: &Survey, manifest: &'a Path) -> &'a Path {
    let folder = folder_of(manifest);
    if here.belongings.iter().any(|file| folder_of(file) == folder) { folder } else { manifest }
}

/// The flag for the SLO that lies beside the manifests, if there is no doubt which is meant.
fn slo_of(here: &Survey) -> String {
    let deployment = match here.manifests.as_slice() {
        [(_, names)] => match names.as_slice() {
            [name] => Some(name.as_str()),
            _ => None,
        },
        _ => None,
    };
    match Beside::among(here.slos.clone(), deployment) {
        Beside::One(file, name, _) => {
            let file = plain(&file).display().to_string();
            format!(" --slo {}", shell::quoted(&promised::reference(&file, name.as_deref())))
        }
        _ => String::new(),
    }
}

fn counted(n: usize, one: &str) -> String {
    match (n, one.split_once(" of ")) {
        (1, _) => format!("1 {one}"),
        (n, Some((things, rest))) => format!("{n} {things}s of {rest}"),
        (n, None) => format!("{n} {one}s"),
    }
}
