//! What has been played, in a file that shows whether it was changed: the contents, then the SHA-256 of their bytes.
//!
//! ```text
//! {"played":{…},"sha256":"…"}
//! ```
//!
//! It guards against slips and damage, not against somebody who knows how it is made.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::de::Error as _;
use sha2::{Digest as _, Sha256};

use crate::experiment::Checkpoint;

const BEFORE: &str = "{\"played\":";
const BETWEEN: &str = ",\"sha256\":\"";
const AFTER: &str = "\"}";

/// Why sealed contents cannot be used.
#[derive(Debug)]
pub(super) enum Broken {
    /// They are none.
    Parse(serde_json::Error),
    /// They are not what was written.
    Changed,
}

/// Writes the contents and their digest.
pub(super) fn write(to: &mut dyn Write, played: &Checkpoint) -> io::Result<()> {
    to.write_all(BEFORE.as_bytes())?;
    let mut through = Through { to, digest: Sha256::new() };
    serde_json::to_writer(&mut through, played)?;
    let Through { to, digest } = through;
    writeln!(to, "{BETWEEN}{}{AFTER}", hex(digest))
}

/// Reads contents that are as they were written.
pub(super) fn read(bytes: &[u8]) -> Result<Checkpoint, Broken> {
    let Some((contents, stated)) = parts(bytes) else {
        return Err(Broken::Parse(serde_json::Error::custom("it does not end with the sha256 of what was played")));
    };
    if hex(Sha256::new_with_prefix(contents)).as_bytes() != stated {
        return Err(Broken::Changed);
    }
    serde_json::from_slice(contents).map_err(Broken::Parse)
}

/// The contents and the digest that is stated.
fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = bytes.trim_ascii_end().strip_prefix(BEFORE.as_bytes())?.strip_suffix(AFTER.as_bytes())?;
    let (contents, digest) = inner.split_at_checked(inner.len().checked_sub(2 * Sha256::output_size())?)?;
    Some((contents.strip_suffix(BETWEEN.as_bytes())?, digest))
}

fn hex(digest: Sha256) -> String {
    digest.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Passes bytes on and takes their digest.
struct Through<'w> {
    to: &'w mut dyn Write,
    digest: Sha256,
}

impl Write for Through<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
