//! What people have given a command, told from names and contents alone: so that each command can say what was meant, with the
//! one command that gives it.

mod answers;
mod survey;
mod units;

use std::io;
use std::path::{Path, PathBuf};

use crate::output::RESULTS;
use crate::shell;
use crate::spec::{self, Contents, DocumentKind};

pub(super) use answers::{expect_checkable, expect_experiment, expect_manifest, expect_run, no_experiment, refuse};
pub(super) use survey::Survey;
pub(super) use units::units;

/// Names in one message.
const MOST: usize = 5;

/// What lies under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intake {
    /// Nothing.
    Missing,
    /// A Helm chart, or a file of one that is no manifest; with its folder.
    Chart(PathBuf),
    /// What Kustomize puts together; with its folder.
    Kustomization(PathBuf),
    /// The folder of a run, or its results; with the folder.
    Run(PathBuf),
    /// Another folder.
    Folder,
    /// A file with Deployments; with their names.
    Deployments(Vec<String>),
    /// A file with other workloads only; with their kinds and names.
    OtherWorkloads(Vec<String>),
    /// A file with what belongs to workloads only, such as a Service.
    Belongings,
    /// A template that is not rendered.
    Template,
    /// An experiment.
    Experiment,
    /// A file with SLOs of another tool; with their names.
    Slos(Vec<String>),
    /// Another file of hasim's own; with its kind.
    Model(String),
    /// What the command itself is to read and to tell of.
    Else,
}

impl Intake {
    /// What lies under a name; `-` is standard input.
    pub fn of(path: &Path) -> Self {
        if path == Path::new("-") {
            return spec::read_standard_input().map_or(Self::Else, |bytes| Self::of_contents(&Contents::of(&bytes)));
        }
        if path.is_dir() {
            return Self::of_folder(path);
        }
        match spec::read_file(path) {
            Ok(bytes) => Self::of_file(path, &Contents::of(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::Missing,
            Err(_) => Self::Else,
        }
    }

    fn of_folder(folder: &Path) -> Self {
        if folder.join("Chart.yaml").is_file() {
            Self::Chart(folder.to_owned())
        } else if is_kustomization(folder) {
            Self::Kustomization(folder.to_owned())
        } else if folder.join(RESULTS).is_file() {
            Self::Run(folder.to_owned())
        } else {
            Self::Folder
        }
    }

    fn of_file(path: &Path, contents: &Contents) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = folder_of(path);
        if name == RESULTS {
            return Self::Run(folder.to_owned());
        }
        if KUSTOMIZATIONS.contains(&name.as_ref()) {
            return Self::Kustomization(folder.to_owned());
        }
        let of_chart = || spec::chart_of(path).filter(|_| !contents.is_manifest);
        match Self::of_contents(contents) {
            Self::Else => of_chart().map_or(Self::Else, Self::Chart),
            known => known,
        }
    }

    fn of_contents(contents: &Contents) -> Self {
        let names = |kind| -> Vec<String> { contents.of_kind(kind).map(|one| one.name.clone()).collect() };
        let in_words = |one: &spec::Document| format!("{} {}", one.stated, one.name).trim_end().to_owned();
        if contents.is_template {
            Self::Template
        } else if contents.has(DocumentKind::Deployment) {
            Self::Deployments(names(DocumentKind::Deployment))
        } else if contents.has(DocumentKind::Experiment) {
            Self::Experiment
        } else if let Some(model) = contents.of_kind(DocumentKind::Model).find(|model| model.stated != "Results") {
            Self::Model(model.stated.clone())
        } else if contents.has(DocumentKind::Slo) {
            Self::Slos(contents.of_kind(DocumentKind::Slo).map(in_words).collect())
        } else if contents.has(DocumentKind::OtherWorkload) {
            Self::OtherWorkloads(contents.of_kind(DocumentKind::OtherWorkload).map(in_words).collect())
        } else if contents.is_manifest && !contents.is_broken {
            Self::Belongings
        } else {
            Self::Else
        }
    }

    /// What it is, in words; `None` where the command itself tells.
    fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Missing => "there is no such file".to_owned(),
            Self::Chart(_) => "is a Helm chart".to_owned(),
            Self::Kustomization(_) => "is a Kustomization".to_owned(),
            Self::Run(_) => "holds the results of a run".to_owned(),
            Self::Folder => "is a folder".to_owned(),
            Self::Deployments(names) => {
                let noun = if names.len() == 1 { "Deployment" } else { "Deployments" };
                format!("is a manifest ({noun} {})", some_of(names))
            }
            Self::OtherWorkloads(all) => format!("is a manifest ({})", some_of(all)),
            Self::Experiment => "is an experiment".to_owned(),
            Self::Slos(_) => "holds an SLO".to_owned(),
            Self::Model(kind) => format!("is a model (kind {kind})"),
            Self::Template => "is a template that is not rendered".to_owned(),
            Self::Belongings | Self::Else => return None,
        })
    }

    /// The command that makes manifests of it and hands them on.
    fn piped(&self, to: &str) -> Option<String> {
        match self {
            Self::Chart(folder) => Some(spec::rendered(plain(folder), to)),
            Self::Kustomization(folder) => Some(format!("kubectl kustomize {} | hasim {to}", word(folder))),
            _ => None,
        }
    }
}

const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

fn is_kustomization(folder: &Path) -> bool {
    KUSTOMIZATIONS.iter().any(|name| folder.join(name).is_file())
}

/// The first of many, and how many there are beside them.
pub(super) fn some_of(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST);
    let first = names[..names.len() - more].join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

/// The folder in which a file lies.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A path without a beginning that says nothing.
pub(super) fn plain(path: &Path) -> &Path {
    path.strip_prefix("./").ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(path)
}

/// A path as a shell takes it.
pub(super) fn word(path: &Path) -> String {
    shell::quoted(&plain(path).display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_there_is_told_from_names_and_contents() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            Intake::of(&path)
        };
        let of = |kind: &str| format!("apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\n");
        let (chart, overlay, run) = ["chart", "overlay", "run"].map(|name| folder.path().join(name)).into();
        assert_eq!(put("web.yaml", &of("Deployment")), Intake::Deployments(vec!["web".to_owned()]));
        assert_eq!(put("db.yaml", &of("StatefulSet")), Intake::OtherWorkloads(vec!["StatefulSet web".to_owned()]));
        assert_eq!(put("ask.yaml", "apiVersion: hasim/v1\nkind: Experiment\n"), Intake::Experiment);
        assert_eq!(put("app.yaml", "apiVersion: hasim/v1\nkind: App\n"), Intake::Model("App".to_owned()));
        assert_eq!(put("chart/Chart.yaml", "name: shop\n"), Intake::Chart(chart.clone()));
        assert_eq!(put("chart/values.yaml", "replicas: 2\n"), Intake::Chart(chart.clone()));
        assert_eq!(put("chart/templates/web.yaml", "replicas: {{ .Values.replicas }}\n"), Intake::Template);
        assert_eq!(put("overlay/kustomization.yaml", "resources: []\n"), Intake::Kustomization(overlay.clone()));
        assert_eq!(put("run/results.json", "{}"), Intake::Run(run.clone()));
        assert_eq!(
            [&chart, &overlay, &run].map(|path| Intake::of(path)),
            [Intake::Chart(chart.clone()), Intake::Kustomization(overlay.clone()), Intake::Run(run.clone())]
        );
        assert_eq!(Intake::of(folder.path()), Intake::Folder);
        assert_eq!(Intake::of(&folder.path().join("nothing")), Intake::Missing);
        assert_eq!(put("values.yaml", "replicas: 2\n"), Intake::Else);
    }
}
