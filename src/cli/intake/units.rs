//! The manifests of a folder: what is played together, and what is left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::answers::FROM_THE_CLUSTER;
use super::survey::is_own;
use super::{Intake, plain, refuse, some_of};
use crate::cli::{Exit, note};
use crate::spec::{self, Contents, DeploymentName, DocumentKind};

/// A manifest: a file, or a folder whose files make one, as `kubectl apply -f` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Unit {
    pub path: PathBuf,
    /// Its Deployments; none where reading it tells what is wrong with it.
    pub deployments: Vec<DeploymentName>,
}

/// What a walk has found.
#[derive(Default)]
struct Walk {
    units: Vec<Unit>,
    /// Commands for what has to be rendered first.
    unrendered: Vec<String>,
    /// Workloads that are no Deployments, each with its file.
    workloads: Vec<(PathBuf, String)>,
    /// Files beside which no Deployment stands.
    lonely: Vec<String>,
}

/// The manifests of a folder and below it; says what is left out. `piped` is the command that reads standard input. In the
/// files of one folder a Service counts for each Deployment beside it; folders below stand for themselves.
pub(in crate::cli) fn units(folder: &Path, piped: &str, quiet: bool) -> Result<Vec<Unit>, Exit> {
    let mut walk = Walk::default();
    walk.walk(folder, piped);
    if walk.units.is_empty() {
        return walk.without_a_deployment(folder);
    }
    if !quiet {
        walk.tell();
    }
    Ok(walk.units)
}

impl Walk {
    fn walk(&mut self, folder: &Path, piped: &str) {
        let files = spec::files_in(folder).unwrap_or_default();
        let read = |file: PathBuf| Some((Contents::of(&spec::read_file(&file).ok()?), file));
        let files: Vec<(Contents, PathBuf)> = files.into_iter().filter_map(read).collect();
        self.take(folder, &files);
        for below in spec::folders_in(folder).unwrap_or_default().into_iter().filter(|folder| is_own(folder)) {
            match Intake::of_folder(&below) {
                Intake::Folder => self.walk(&below, piped),
                other => self.unrendered.extend(other.piped(piped)),
            }
        }
    }

    /// Takes the files of one folder: together where they are sound and no name occurs twice, else one by one.
    fn take(&mut self, folder: &Path, files: &[(Contents, PathBuf)]) {
        for (contents, file) in files {
            let workloads = contents.of_kind(DocumentKind::OtherWorkload);
            self.workloads.extend(workloads.map(|one| (file.clone(), format!("{} {}", one.stated, one.name))));
        }
        let is_meant =
            |contents: &Contents| contents.has(DocumentKind::Deployment) || contents.is_broken && contents.is_manifest;
        let deployments: Vec<DeploymentName> = files.iter().flat_map(|(contents, _)| names(contents)).collect();
        let distinct: BTreeSet<(&str, &str)> = deployments.iter().map(|one| (&*one.namespace, &*one.name)).collect();
        let are_sound = files.iter().all(|(contents, _)| !(contents.is_broken && contents.is_manifest));
        let (meant, others): (Vec<_>, Vec<_>) = files.iter().partition(|(contents, _)| is_meant(contents));
        let is_kubernetes = |contents: &Contents| contents.is_manifest && contents.has(DocumentKind::Other);
        let beside = others.iter().filter(|(contents, _)| is_kubernetes(contents));
        let beside: Vec<String> = beside.map(|(_, file)| plain(file).display().to_string()).collect();
        let are_several = meant.len() > 1 || !meant.is_empty() && !beside.is_empty();
        if are_several && are_sound && distinct.len() == deployments.len() {
            self.units.push(Unit { path: folder.to_owned(), deployments });
            return;
        }
        for (contents, file) in meant {
            let deployments = if contents.is_broken { Vec::new() } else { names(contents) };
            self.units.push(Unit { path: plain(file).to_owned(), deployments });
        }
        self.lonely.extend(beside);
    }

    fn tell(&self) {
        if !self.lonely.is_empty() {
            let files = some_of(&self.lonely);
            note(format_args!("left out, as no Deployment stands in the same folder or file: {files}"));
        }
        if !self.workloads.is_empty() {
            let all: Vec<String> = self.workloads.iter().map(|(_, name)| name.clone()).collect();
            note(format_args!("not played, as they are no Deployments (`hasim check` tells why): {}", some_of(&all)));
        }
        for command in &self.unrendered {
            note(format_args!("left out, as it has to be rendered first: `{command}`"));
        }
    }

    /// What to do with a folder that holds no Deployment.
    fn without_a_deployment(self, folder: &Path) -> Result<Vec<Unit>, Exit> {
        if let Some((file, _)) = self.workloads.into_iter().next() {
            // The file tells why its workloads are not played.
            return Ok(vec![Unit { path: plain(&file).to_owned(), deployments: Vec::new() }]);
        }
        let commands: Vec<String> = self.unrendered.iter().map(|command| format!("`{command}`")).collect();
        let help = if commands.is_empty() { FROM_THE_CLUSTER.to_owned() } else { some_of(&commands) };
        Err(refuse(folder, "is a folder without a Deployment", &help))
    }
}

fn names(contents: &Contents) -> Vec<DeploymentName> {
    let of = |one: &spec::Document| DeploymentName {
        name: one.name.clone(),
        namespace: one.namespace.clone(),
        is_idle: one.is_idle,
    };
    contents.of_kind(DocumentKind::Deployment).map(of).collect()
}
