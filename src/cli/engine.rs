//! The seam to `spec`, `experiment` and the simulation: all that the command line asks of them.
//!
//! Only this file knows their types. Until they are joined, its functions say so.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::experiment::ExperimentResult;

/// An experiment that can be played.
pub struct Study {
    /// Its name; fit for a folder.
    pub name: String,
    /// Warnings, each with its place.
    pub warnings: Vec<String>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Replications played.
    pub done: u64,
    /// Replications planned; may grow with a precision target.
    pub total: u64,
    /// Years played, warm-up included.
    pub simulated_years: f64,
}

/// What was found in a file.
pub struct Findings {
    /// Diagnostics as text, errors first.
    pub messages: Vec<String>,
    /// True if the file cannot be used.
    pub has_errors: bool,
}

const APART: &str = "this build of hasim has no simulator yet";

/// Reads the experiment and all that it names; `Err` is every error with its place.
pub fn load(_path: &Path, _seed: Option<u64>, _replications: Option<u64>) -> Result<Study, Vec<String>> {
    Err(vec![APART.to_owned()])
}

/// Plays it until done or until `stop` is set. `Err` is a failure in words.
pub fn play(
    _study: &Study,
    _threads: usize,
    _stop: &AtomicBool,
    _progress: &mut dyn FnMut(Progress),
) -> Result<ExperimentResult, String> {
    Err(APART.to_owned())
}

/// Validates a file of any kind that hasim reads.
pub fn check(_path: &Path) -> Findings {
    Findings { messages: vec![APART.to_owned()], has_errors: true }
}
