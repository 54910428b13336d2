//! The bytes of input files: only of what is a file, and no more of it than hasim reads.
//!
//! A pipe or a device may never end, and opening one may wait for ever. So it is refused before it is opened, wherever a
//! file is named: on the command line, in an experiment, or in a model.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The most that a file may have which people write; 64 MiB is a dump of a very large cluster.
pub(in crate::spec) const MAX_BYTES: u64 = 64 << 20;
/// The most that a file may have which hasim has written: the results of ten thousand scenarios need about 200 MiB.
const MAX_BYTES_OF_OURS: u64 = 1 << 30;

/// How the name of a model begins that comes with hasim, instead of the path of a file: `bundled:apps/go-service`.
pub const BUNDLED: &str = "bundled:";

/// The files directly in a folder that hasim may read, by their names' endings, in the order of their names.
///
/// # Errors
/// If the folder cannot be read.
pub fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Links to folders are not followed: they may lead in circles.
        if !entry.file_type()?.is_dir() && has_name_of_ours(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The folders directly in a folder, in the order of their names.
///
/// # Errors
/// If the folder cannot be read.
pub fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

fn has_name_of_ours(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml" || ext == "json")
}

/// Reads a manifest, a model, an experiment or a table, of at most 64 MiB.
///
/// # Errors
/// As [`std::fs::read`]; and if it is no file, or larger.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    read(path, MAX_BYTES)
}

/// Reads a file that hasim has written itself (`results.json`, a checkpoint, a shard), of at most 1 GiB.
///
/// # Errors
/// As [`read_file`].
pub fn read_file_of_ours(path: &Path) -> io::Result<Vec<u8>> {
    read(path, MAX_BYTES_OF_OURS)
}

/// The first bytes of a file, at most so many.
///
/// # Errors
/// As [`read_file`].
pub fn read_beginning(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads standard input to its end, at most 64 MiB. It can be read only once, so what it held is kept for whoever asks next.
///
/// # Errors
/// If it cannot be read, or is larger.
pub fn read_standard_input() -> io::Result<Vec<u8>> {
    static HELD: OnceLock<Vec<u8>> = OnceLock::new();
    if HELD.get().is_none() {
        let bytes = at_most(MAX_BYTES, io::stdin().lock())?;
        return Ok(HELD.get_or_init(|| bytes).clone());
    }
    Ok(HELD.get().cloned().unwrap_or_default())
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    if file.metadata()?.len() > most {
        return Err(too_large(most));
    }
    at_most(most, file)
}

/// Opens a file, and nothing else.
fn open(path: &Path) -> io::Result<File> {
    must_be_file(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    // Another may have taken its place since.
    must_be_file(&file.metadata()?)?;
    Ok(file)
}

/// What is read is limited even where a file does not tell its size, as those of `/proc` do.
fn at_most(most: u64, from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("is larger than {} MiB", most >> 20))
}

fn must_be_file(data: &Metadata) -> io::Result<()> {
    if data.is_file() {
        return Ok(());
    }
    let kind = if data.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
    Err(io::Error::new(kind, format!("is {}, must be a file", what(data))))
}

#[cfg(unix)]
fn what(data: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = data.file_type();
    match () {
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_block_device() || kind.is_char_device() => "a device",
        () => "something else",
    }
}

#[cfg(not(unix))]
fn what(data: &Metadata) -> &'static str {
    if data.is_dir() { "a folder" } else { "something else" }
}
