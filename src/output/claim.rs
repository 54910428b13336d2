//! A folder for one command at a time: a lock tells two runs apart, and files that hasim has not written are left alone.
//!
//! The lock is one of the operating system, on a file that is removed in the end. So one that a killed process has left
//! behind holds nobody up.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{CHARTS, CHECKPOINT, Error, FIT, FIT_CHART, RENDERED, RESULTS, SHARD, UNFINISHED, create};
use crate::report::charts;
use crate::spec::read_beginning;

/// Name of the file that is locked.
pub(super) const LOCK: &str = ".hasim-lock";

/// A folder that nobody else writes into, as long as this lives.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    /// `None` where the file system knows no locks.
    lock: Option<File>,
}

impl Claim {
    /// Makes the folder, locks it, and sees whether files can be written in it.
    ///
    /// # Errors
    /// If they cannot, or another run writes there.
    pub fn on(folder: &Path) -> Result<Self, Error> {
        create(folder)?;
        let write_error = |source| Error::Write { path: folder.to_owned(), source };
        tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(write_error)?;
        let path = folder.join(LOCK);
        let lock = loop {
            let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(write_error)?;
            match file.try_lock() {
                // The run before may have removed it between the two.
                Ok(()) if is_still_there(&file, &path) => break Some(file),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Error::Busy { folder: folder.to_owned() }),
                Err(TryLockError::Error(_)) => break None,
            }
        };
        Ok(Self { folder: folder.to_owned(), lock })
    }

    /// Whether what a run would write there replaces only what hasim has written.
    ///
    /// # Errors
    /// Names the first file that is somebody else's.
    pub fn has_only_ours(&self) -> Result<(), Error> {
        let others = RENDERED.map(str::to_owned).into_iter().chain(charts::names().flat_map(pictures));
        self.are_ours(&[(RESULTS, RESULTS_SAY), (CHECKPOINT, PLAYED_SAYS), (SHARD, PLAYED_SAYS)], others)
    }

    /// The same of what a fit would write.
    ///
    /// # Errors
    /// Names the first file that is somebody else's.
    pub(super) fn has_only_our_fit(&self) -> Result<(), Error> {
        self.are_ours(&[(FIT, FIT_SAYS)], pictures(FIT_CHART).into_iter())
    }

    /// Whether those of these files that are there begin with what hasim writes there. `others` come with one of them.
    fn are_ours(&self, files: &[(&str, &[&str])], others: impl Iterator<Item = String>) -> Result<(), Error> {
        let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
        let mut is_ours = false;
        for (name, words) in files {
            let path = self.folder.join(name);
            if is_there(&path) {
                if !says(&path, words) {
                    return Err(Error::Foreign { path });
                }
                is_ours = true;
            }
        }
        let mut others = others.map(|name| self.folder.join(name));
        match others.find(is_there).filter(|_| !is_ours) {
            Some(path) => Err(Error::Foreign { path }),
            None => Ok(()),
        }
    }

    /// The name of another experiment whose results are here.
    pub fn other_experiment(&self, name: &str) -> Option<String> {
        let beginning = read_beginning(&self.folder.join(RESULTS), BEGINNING).ok()?;
        let text = String::from_utf8_lossy(&beginning);
        let (_, rest) = text.split_once("\"experiment\"")?;
        let mut values = serde_json::Deserializer::from_str(rest.trim_start().strip_prefix(':')?).into_iter();
        let found: String = values.next()?.ok()?;
        (found != name).then_some(found)
    }
}

#[cfg(unix)]
impl Drop for Claim {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What cannot be removed disturbs nobody: the lock goes with the process.
            let _ = fs::remove_file(self.folder.join(LOCK));
        }
    }
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |data: io::Result<fs::Metadata>| data.map(|data| (data.dev(), data.ino())).ok();
    identity(file.metadata()) == identity(fs::metadata(path))
}

/// Where the file is never removed it is there.
#[cfg(not(unix))]
fn is_still_there(_file: &File, _path: &Path) -> bool {
    true
}

/// So many bytes hold the first fields of a file that hasim has written.
const BEGINNING: u64 = 4_096;

/// The files of a chart.
fn pictures(name: &str) -> [String; 2] {
    ["svg", "png"].map(|kind| format!("{CHARTS}/{name}.{kind}"))
}

/// What the beginning of a `results.json` holds,
const RESULTS_SAY: &[&str] = &["\"hasim/v1\"", "\"Results\""];
/// of a checkpoint or a shard,
const PLAYED_SAYS: &[&str] = &["\"hasim/v1\"", "\"Played\""];
/// and of a fit.
const FIT_SAYS: &[&str] = &["\"version\"", "\"source\"", "\"censored\""];

/// Whether a file is JSON that holds these words in its beginning.
fn says(path: &Path, words: &[&str]) -> bool {
    read_beginning(path, BEGINNING).is_ok_and(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        text.starts_with('{') && words.iter().all(|word| text.contains(word))
    })
}

/// Whether the file begins as a `results.json` does.
pub fn is_results(path: &Path) -> bool {
    says(path, RESULTS_SAY)
}
