//! The folder of an experiment: `results.json`, tables and charts. The only place that writes files.
//!
//! Each file is written beside its place and renamed into it, so a reader sees the
//! old one or the new one, whole. `results.json` comes first: all else can be made
//! from it again.

mod claim;
mod seal;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

pub use claim::{Claim, is_results};

use serde::Deserialize;

use crate::calibration::Fitted;
use crate::experiment::Checkpoint;
use crate::report::{charts, csv, fit, json, metrics, page};
use crate::results::{ExperimentResult, Invalid};
use crate::spec::read_file_of_ours;

/// Name of the file that holds the whole answer.
pub const RESULTS: &str = "results.json";
/// Name of the file from which an interrupted run can go on.
pub const CHECKPOINT: &str = "checkpoint.json";
/// Name of the file that holds a shard.
pub const SHARD: &str = "shard.json";
/// Names of the files beside it that are made from it.
const RENDERED: [&str; 4] = ["results.csv", "recoveries.csv", "metrics.csv", "report.html"];
/// Name of the file that holds fitted laws.
const FIT: &str = "fit.json";
/// Name of their chart.
const FIT_CHART: &str = "fit";
/// Name of the folder of charts.
const CHARTS: &str = "charts";

/// How the name of a file begins that is being written.
const UNFINISHED: &str = ".hasim-";

/// A file that could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing after it was written; what was written before stays.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not there, or may not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what its name says.
    #[error("{}: is not a {} of this version of hasim: {source}", path.display(), name_of(path))]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// It is not as it was written.
    #[error("{}: was changed after hasim wrote it: its contents are not those of its sha256", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It has the shape, and a value that no result has.
    #[error("{}: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Invalid,
    },
    /// It is in the way, and not ours.
    #[error("{}: is there already and was not written by hasim: it would be overwritten", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another run writes there.
    #[error("{}: another run of hasim is writing into this folder", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
}

/// Where a run writes if it is not told: `output/<experiment>`.
pub fn default_folder(experiment: &str) -> PathBuf {
    Path::new("output").join(experiment)
}

/// Claims a folder and writes everything into it ([`write_all`]).
///
/// # Errors
/// If another run writes there, it holds somebody else's files, or it cannot be written.
pub fn write_into(folder: &Path, result: &ExperimentResult) -> Result<(), Error> {
    let claim = Claim::on(folder)?;
    claim.has_only_ours()?;
    write_all(folder, result)
}

/// Writes everything: `results.json`, then what is made from it.
///
/// # Errors
/// Names the first file that could not be written; what was written stays.
pub fn write_all(folder: &Path, result: &ExperimentResult) -> Result<(), Error> {
    write_results(folder, result)?;
    write_rendered(folder, result)
}

/// Writes `results.json` only, from which all else can be made.
///
/// # Errors
/// Like [`write_all`].
pub fn write_results(folder: &Path, result: &ExperimentResult) -> Result<(), Error> {
    create(folder)?;
    write_with(&folder.join(RESULTS), |to| json::write(to, result))
}

/// Writes tables and charts only, and removes charts of an earlier result that this one does not have.
///
/// # Errors
/// Like [`write_all`].
pub fn write_rendered(folder: &Path, result: &ExperimentResult) -> Result<(), Error> {
    write(&folder.join("results.csv"), csv::results(result).as_bytes())?;
    write_with(&folder.join("recoveries.csv"), |to| csv::write_recoveries(to, result))?;
    write_with(&folder.join("metrics.csv"), |to| metrics::write(to, result))?;
    let pictures = folder.join(CHARTS);
    create(&pictures)?;
    let drawn = charts::all(result);
    for name in charts::names().filter(|name| drawn.iter().all(|chart| chart.name != *name)) {
        for extension in ["svg", "png"] {
            remove(&pictures.join(format!("{name}.{extension}")))?;
        }
    }
    for chart in &drawn {
        paint(&pictures, chart.name, &chart.picture)?;
    }
    write(&folder.join("report.html"), page::render(result).as_bytes())
}

/// Writes fitted laws: `fit.json` and `charts/fit.svg` and `.png`.
///
/// # Errors
/// Like [`write_all`].
pub fn write_fit(folder: &Path, fitted: &Fitted) -> Result<(), Error> {
    let claim = Claim::on(folder)?;
    claim.has_only_our_fit()?;
    let pictures = folder.join(CHARTS);
    create(&pictures)?;
    write(&folder.join(FIT), fit::json(fitted).as_bytes())?;
    paint(&pictures, FIT_CHART, &charts::fitted(fitted))
}

fn paint(folder: &Path, name: &str, picture: &charts::Picture) -> Result<(), Error> {
    write(&folder.join(format!("{name}.svg")), charts::svg(picture).as_bytes())?;
    write(&folder.join(format!("{name}.png")), &charts::png(picture))
}

/// Reads `results.json` of a folder.
///
/// # Errors
/// If it is missing, unreadable, of another shape, or holds a value that no result has.
pub fn read(folder: &Path) -> Result<ExperimentResult, Error> {
    let path = folder.join(RESULTS);
    let bytes = read_file_of_ours(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    parse(&path, &bytes)
}

/// Reads `results.json` from its bytes; the path is for messages.
///
/// # Errors
/// If it is of another shape, or holds a value that no result has.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<ExperimentResult, Error> {
    let path = || path.to_owned();
    let result = json::parse(bytes).map_err(|source| Error::Parse { path: path(), source })?;
    result.validate().map_err(|source| Error::Invalid { path: path(), source })?;
    Ok(result)
}

/// Whether these bytes are JSON that says to be of this version of hasim.
pub fn is_of_this_version(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Origin {
        version: String,
    }
    serde_json::from_slice(bytes).is_ok_and(|origin: Origin| origin.version == env!("CARGO_PKG_VERSION"))
}

/// Writes what has been played, for another run to go on with or to join.
///
/// # Errors
/// If it cannot be written; what was there before stays.
pub fn keep(folder: &Path, name: &str, played: &Checkpoint) -> Result<(), Error> {
    create(folder)?;
    write_with(&folder.join(name), |to| seal::write(to, played))
}

/// Reads what has been played; `None` if there is no such file.
///
/// # Errors
/// If it is unreadable, of another shape, or not as it was written.
pub fn played(folder: &Path, name: &str) -> Result<Option<Checkpoint>, Error> {
    let path = folder.join(name);
    let bytes = match read_file_of_ours(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Read { path, source }),
    };
    match seal::read(&bytes) {
        Ok(played) => Ok(Some(played)),
        Err(seal::Broken::Parse(source)) => Err(Error::Parse { path, source }),
        Err(seal::Broken::Changed) => Err(Error::Changed { path }),
    }
}

/// Removes the checkpoint of a run that has ended, and what writes that were killed have left.
///
/// # Errors
/// If something is there and cannot be removed.
pub fn forget(folder: &Path) -> Result<(), Error> {
    for folder in [folder, &folder.join(CHARTS)] {
        // What cannot be listed cannot have been written either.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(UNFINISHED) && name != claim::LOCK {
                remove(&entry.path())?;
            }
        }
    }
    remove(&folder.join(CHECKPOINT))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes a folder with those around it.
///
/// # Errors
/// If that cannot be done.
pub fn create(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })
}

/// Writes a file whole or not at all.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_with(path, |to| to.write_all(bytes))
}

/// Writes a file, whole or not at all, piece by piece.
fn write_with(path: &Path, contents: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let replace = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        let mut buffer = BufWriter::new(&mut file);
        contents(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        readable(file.as_file())?;
        // A disk may accept writes and fail to keep them: ask before the old file goes.
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    replace().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Temporary files belong to their owner alone; results are for everybody who may read the folder.
#[cfg(unix)]
fn readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Write { path: path.to_owned(), source }),
        _ => Ok(()),
    }
}
