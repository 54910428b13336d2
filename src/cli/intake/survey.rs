//! What lies in a folder and below it, as far as a glance tells.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::{Intake, plain};
use crate::spec;

/// Files that are looked at.
const MAX_FILES: usize = 200;
/// Levels of folders, the first included.
const MAX_LEVELS: usize = 3;
/// A larger file is hardly a manifest that people write.
const MAX_BYTES: u64 = 1 << 20;
/// Folders that others fill.
const FOREIGN: [&str; 3] = ["node_modules", "target", "vendor"];

/// What there is, each in the order of levels and names.
#[derive(Debug, Default)]
pub(in crate::cli) struct Survey {
    /// Files with Deployments, and the names of these.
    pub manifests: Vec<(PathBuf, Vec<String>)>,
    /// Files with other workloads only.
    pub other_workloads: Vec<PathBuf>,
    /// Files with what belongs to workloads only, such as Services.
    pub belongings: Vec<PathBuf>,
    /// Experiments.
    pub experiments: Vec<PathBuf>,
    /// Files with SLOs of other tools, and no Deployment.
    pub slos: Vec<PathBuf>,
    /// Folders of Helm charts.
    pub charts: Vec<PathBuf>,
    /// Folders of Kustomizations.
    pub kustomizations: Vec<PathBuf>,
    /// Folders of runs.
    pub runs: Vec<PathBuf>,
    /// There is more that was not looked at.
    pub is_cut: bool,
}

impl Survey {
    /// Looks at a folder and below it.
    pub fn of(folder: &Path) -> Self {
        let mut survey = Self::default();
        let mut seen = 0;
        let mut folders = VecDeque::from([(folder.to_owned(), 1)]);
        while let Some((folder, level)) = folders.pop_front() {
            if !survey.take_folder(&folder) {
                continue;
            }
            for file in spec::files_in(&folder).unwrap_or_default() {
                if seen == MAX_FILES {
                    survey.is_cut = true;
                    return survey;
                }
                seen += 1;
                survey.take_file(&file);
            }
            let below = spec::folders_in(&folder).unwrap_or_default().into_iter().filter(|folder| is_own(folder));
            if level < MAX_LEVELS {
                folders.extend(below.map(|folder| (folder, level + 1)));
            } else {
                survey.is_cut |= below.count() > 0;
            }
        }
        survey
    }

    /// False if what lies in the folder is not looked at one by one.
    fn take_folder(&mut self, folder: &Path) -> bool {
        let list = match Intake::of_folder(folder) {
            Intake::Chart(_) => &mut self.charts,
            Intake::Kustomization(_) => &mut self.kustomizations,
            Intake::Run(_) => &mut self.runs,
            _ => return true,
        };
        list.push(named(folder));
        false
    }

    fn take_file(&mut self, file: &Path) {
        if file.metadata().is_ok_and(|data| data.len() > MAX_BYTES) {
            return;
        }
        match Intake::of(file) {
            Intake::Deployments(names) => self.manifests.push((named(file), names)),
            Intake::OtherWorkloads(_) => self.other_workloads.push(named(file)),
            Intake::Belongings => self.belongings.push(named(file)),
            Intake::Slos(_) => self.slos.push(named(file)),
            Intake::Experiment => self.experiments.push(named(file)),
            _ => {}
        }
    }
}

fn named(path: &Path) -> PathBuf {
    plain(path).to_owned()
}

/// Whether people look for their own files in a folder of this name.
pub(super) fn is_own(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && !FOREIGN.contains(&name.as_ref())
}
