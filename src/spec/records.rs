//! Durations that somebody recorded: a table, moments of incidents, telemetry of Krkn.
//!
//! Like every reader here this one goes on after an error, so all are seen at once.

mod krkn;
mod table;

use std::path::Path;

use super::diagnostic::Problems;
use super::tree::{Mark, Sources};
use super::{Report, yaml};
use crate::durations::{self, LONGEST};
use crate::time::Duration;

/// How a file is to be read; what is not said is found out.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The column of durations, or the field of Krkn's telemetry.
    pub column: Option<String>,
    /// The column that says which durations had not ended.
    pub censored: Option<String>,
    /// A column of moments, whose gaps are the durations.
    pub times: Option<String>,
    /// When the watch for further moments ended.
    pub until: Option<jiff::Timestamp>,
    /// The unit of bare numbers.
    pub unit: Duration,
    /// How long Krkn waited for Pods that did not recover, instead of the length of their scenario.
    pub waited: Option<Duration>,
}

/// A recorded duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recorded {
    /// In seconds, zero or more.
    pub secs: f64,
    /// True if it had not ended: it lasted at least so long.
    pub censored: bool,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// The durations, in the order of the file; those between moments in the order of time.
    pub durations: Vec<Recorded>,
    /// What was timed, as the file calls it.
    pub what: String,
    /// What was assumed or left out.
    pub findings: Report,
}

/// Errors that are shown; a wrong column has one in every row.
const SHOWN: usize = 20;

/// Reads recorded durations. `path` names the file in messages.
///
/// # Errors
/// All that is wrong in it, up to twenty places.
pub fn read(path: &Path, bytes: &[u8], reading: &Reading) -> Result<Records, Report> {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let name = path.display().to_string();
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    let found = if begins.is_some_and(|byte| b"{[".contains(byte)) {
        let (file, documents) = yaml::read(&mut sources, &name, bytes, &mut problems);
        let given = [("--times", reading.times.is_some()), ("--censored", reading.censored.is_some())];
        for (option, _) in given.iter().filter(|(_, given)| *given) {
            problems.error(Mark::start_of(file), "", format!("is JSON: {option} is for tables")).help("leave it out");
        }
        krkn::read(file, &documents, reading, &mut problems)
    } else {
        let file = yaml::text(&mut sources, &name, bytes, &mut problems).ok();
        if let Some(file) = file.filter(|_| reading.waited.is_some()) {
            let message = "is a table: --waited is for telemetry of Krkn";
            problems.error(Mark::start_of(file), "", message).help("leave it out");
        }
        file.and_then(|file| table::read(file, sources.text(file), reading, &mut problems))
    };
    problems.list.sort_by_key(|problem| (problem.severity, problem.mark));
    let errors = problems.list.len();
    if errors > SHOWN {
        problems.list.truncate(SHOWN);
        let last = problems.list[SHOWN - 1].mark;
        problems.error(last, "", format!("is not the last error: {} more follow", errors - SHOWN));
    }
    let failed = problems.has_errors();
    let findings = problems.report(&sources);
    match found {
        Some((durations, what)) if !failed => Ok(Records { durations, what, findings }),
        _ => Err(findings),
    }
}

/// A duration as a file has it: a number in `unit`, or text such as `5m`.
///
/// # Errors
/// The rule that it breaks.
fn seconds(text: &str, unit: Duration) -> Result<f64, String> {
    let Ok(number) = text.parse::<f64>() else {
        return durations::parse(text).map(Duration::as_secs_f64);
    };
    in_range(number * unit.as_secs_f64())
}

/// The seconds, if they are a duration that hasim can write down again.
fn in_range(secs: f64) -> Result<f64, String> {
    match secs {
        _ if secs.is_nan() || secs.is_infinite() => Err("must be a finite number".to_owned()),
        _ if secs < 0.0 => Err("must not be negative".to_owned()),
        _ if secs > 0.0 && secs < 1e-9 => Err("must be 0 or at least 1ns".to_owned()),
        _ if secs > LONGEST.as_secs_f64() => Err("must be at most 100y".to_owned()),
        _ => Ok(secs),
    }
}

/// What is found: durations, and what the file calls them.
type Found = Option<(Vec<Recorded>, String)>;

/// A field of a row, for messages.
fn refuse(problems: &mut Problems, mark: Mark, path: &str, value: &str, rule: &str) {
    let head: String = value.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let shown = if head.is_empty() { "empty".to_owned() } else { head };
    problems.error(mark, path, format!("is {shown}, {rule}"));
}
