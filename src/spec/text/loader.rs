//! Files that are read, and the files that they name.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::spec::diagnostic::{Diagnostic, Problems, Severity};
use crate::spec::experiment::Reference;
use crate::spec::files::{self, BUNDLED};
use crate::spec::law;
use crate::spec::manifest::{self, Kind, Manifest};
use crate::spec::quoting::Lines;
use crate::spec::tree::{Mark, Node, Sources};
use crate::spec::yaml;
use crate::study::API_VERSION;

/// How the bytes of a file are had.
pub(in crate::spec) type Open<'o> = &'o dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// Files that were read, and what was found in them.
pub(in crate::spec) struct Loader<'o> {
    pub open: Open<'o>,
    pub sources: Sources,
    pub problems: Problems,
    read: BTreeMap<PathBuf, (u32, Vec<Node>)>,
}

impl<'o> Loader<'o> {
    pub fn new(open: Open<'o>) -> Self {
        Self { open, sources: Sources::default(), problems: Problems::default(), read: BTreeMap::new() }
    }

    /// Parses text and brings in the data files that its laws name.
    pub fn parse(&mut self, path: &Path, bytes: &[u8]) -> (u32, Vec<Node>) {
        let name = shown(path);
        let (file, mut documents) = yaml::read(&mut self.sources, &name, bytes, &mut self.problems);
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let open = self.open;
        let mut fetch = |path: &Path, at: Mark, problems: &mut Problems| fetch(open, path, at, "file", problems);
        for document in &mut documents {
            if document.text("apiVersion") == Some(API_VERSION) {
                law::inline_files(document, "", &folder, &mut fetch, &mut self.problems);
            }
        }
        (file, documents)
    }

    /// Parses the file that the user has named. A link that is met in a folder may be a stranger's, like a file that is
    /// named in an experiment.
    pub fn parse_first(&mut self, path: &Path, bytes: &[u8]) -> (u32, Vec<Node>) {
        let parsed = self.parse(path, bytes);
        let is_link = path.symlink_metadata().is_ok_and(|data| data.is_symlink());
        if is_link && !self.may_quote(&parsed, 0) {
            let message = "is a link to a file that is no manifest: it holds no document that hasim reads";
            self.problems.unreadable.push(Diagnostic::of_file(&shown(path), Severity::Error, message.to_owned()));
            return (parsed.0, Vec::new());
        }
        parsed
    }

    /// Reads a file that another one names.
    pub fn refer(&mut self, folder: &Path, reference: &Reference) -> Option<(u32, Vec<Node>)> {
        let path = place_of(folder, &reference.file);
        if let Some(known) = self.read.get(&path) {
            return Some(known.clone());
        }
        let bytes = fetch(self.open, &path, reference.mark, &reference.path, &mut self.problems)?;
        let before = self.problems.list.len();
        let parsed = self.parse(&path, &bytes);
        if !self.may_quote(&parsed, before) {
            let message =
                format!("names {}, which is no manifest: it holds no document that hasim reads", shown(&path));
            let help = "a manifest has apiVersion, kind and metadata; what the file holds is not shown";
            self.problems.error(reference.mark, &reference.path, message).help(help);
            return None;
        }
        self.read.insert(path, parsed.clone());
        Some(parsed)
    }

    /// Reads a manifest that a file names: a file, or a folder whose files make one manifest, as `kubectl apply -f` takes it.
    /// Files of the folder that are no manifests are passed over, and hasim's own kinds with them.
    pub fn refer_manifest(&mut self, folder: &Path, reference: &Reference) -> Option<(u32, Vec<Node>)> {
        let path = folder.join(&reference.file);
        if !path.is_dir() {
            return self.refer(folder, reference);
        }
        if let Some(known) = self.read.get(&path) {
            return Some(known.clone());
        }
        let files = match files::files_in(&path) {
            Ok(files) => files,
            Err(error) => {
                let message = format!("names {}, which cannot be read: {error}", shown(&path));
                self.problems.error(reference.mark, &reference.path, message);
                return None;
            }
        };
        let mut first = None;
        let mut all = Vec::new();
        for file in files {
            let bytes = fetch(self.open, &file, reference.mark, &reference.path, &mut self.problems)?;
            let before = self.problems.list.len();
            let parsed = self.parse(&file, &bytes);
            if self.may_quote(&parsed, before) {
                first = first.or(Some(parsed.0));
                let is_ours = |document: &Node| document.text("apiVersion") == Some(API_VERSION);
                all.extend(parsed.1.into_iter().filter(|document| !is_ours(document)));
            }
        }
        let Some(first) = first else {
            let message =
                format!("names {}, which is a folder, must be a file or a folder with manifests", shown(&path));
            self.problems.error(reference.mark, &reference.path, message);
            return None;
        };
        self.read.insert(path, (first, all.clone()));
        Some((first, all))
    }

    /// Limits what messages may show of a file to its manifests; false, and nothing said, if it holds none. `before` is
    /// where its problems begin.
    pub fn may_quote(&mut self, (file, documents): &(u32, Vec<Node>), before: usize) -> bool {
        let lines = Lines::of(documents, self.sources.text(*file), &self.problems.list[before..]);
        let some = !lines.is_empty();
        self.sources.show_only(*file, lines);
        if !some {
            self.problems.list.truncate(before);
        }
        some
    }

    /// The one document of a kind in a file, and the other documents there.
    pub fn refer_kind(&mut self, folder: &Path, reference: &Reference, wanted: Kind) -> Option<(Node, Manifest)> {
        let (file, documents) = self.refer(folder, reference)?;
        let manifest = manifest::sort(file, documents, &mut self.problems);
        let all: Vec<Node> = manifest.of(wanted).cloned().collect();
        match <[Node; 1]>::try_from(all) {
            Ok([document]) => Some((document, manifest)),
            Err(all) => {
                let message = format!("names a file with {} documents of kind {wanted:?}, must be one", all.len());
                self.problems.error(reference.mark, &reference.path, message);
                None
            }
        }
    }
}

/// Where a file lies that another one in `folder` names. What comes with hasim lies in no folder.
fn place_of(folder: &Path, name: &str) -> PathBuf {
    if name.starts_with(BUNDLED) { PathBuf::from(name) } else { folder.join(name) }
}

pub(in crate::spec) fn fetch(
    open: Open<'_>,
    path: &Path,
    at: Mark,
    field: &str,
    problems: &mut Problems,
) -> Option<Vec<u8>> {
    match open(path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let message = format!("names {}, which cannot be read: {error}", shown(path));
            let problem = problems.error(at, field, message);
            if !path.to_string_lossy().starts_with(BUNDLED) {
                problem.help("paths are relative to the file that names them");
            }
            None
        }
    }
}

/// A path without its detours, for messages.
pub(in crate::spec) fn shown(path: &Path) -> String {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if matches!(short.components().next_back(), Some(Component::Normal(_))) => {
                short.pop();
            }
            Component::CurDir => {}
            other => short.push(other),
        }
    }
    short.display().to_string()
}
