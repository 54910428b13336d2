//! `hasim fit FILE`: from recorded durations to laws, with the text to paste.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::run::{eprint_report, unwritten};
use super::{Exit, complain, print, width};
use crate::calibration::{self, Fitted};
use crate::output;
use crate::report;
use crate::spec::records::{self, Reading, Recorded};
use crate::time::Duration;

/// Flags of `hasim fit` as they were typed.
#[derive(Debug, Args)]
pub(super) struct FitArgs {
    /// A table (CSV with names on top) or telemetry of Krkn (JSON); `-` is standard input.
    file: PathBuf,
    /// The column of durations: numbers, or text such as 5m. Of Krkn, the field; `total_recovery_time` if not given.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// The column that is 1 or true where a duration had not ended; a column `censored` if not given.
    #[arg(long, value_name = "NAME")]
    censored: Option<String>,
    /// A column of moments (RFC 3339): the durations are the gaps between them.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["column", "censored", "unit"])]
    times: Option<String>,
    /// When the watch for further moments ended, or `now`: the last gap is at least so long.
    #[arg(long, value_name = "MOMENT", requires = "times", value_parser = moment)]
    until: Option<Timestamp>,
    /// The unit of bare numbers: ns, us, ms, s, m, h, d, w or y.
    #[arg(long, value_name = "UNIT", default_value = "s", value_parser = unit)]
    unit: Duration,
    /// How long Krkn waited for Pods that did not recover; the length of their scenario if not given.
    #[arg(long, value_name = "DURATION", conflicts_with = "times", value_parser = crate::durations::parse)]
    waited: Option<Duration>,
    /// The folder for fit.json and the chart; none are written if it is not given.
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    output: Shown,
    /// No notes on standard error.
    #[arg(long)]
    quiet: bool,
}

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Shown {
    /// The answer in words, a table and the text to paste.
    #[default]
    Table,
    /// Exactly fit.json.
    Json,
}

/// A file of durations, and what to do with it.
#[derive(Debug)]
pub(super) struct FitFile {
    file: PathBuf,
    reading: Reading,
    folder: Option<PathBuf>,
    format: Shown,
    quiet: bool,
}

impl From<FitArgs> for FitFile {
    fn from(args: FitArgs) -> Self {
        let reading = Reading {
            column: args.column,
            censored: args.censored,
            times: args.times,
            until: args.until,
            unit: args.unit,
            waited: args.waited,
        };
        Self { file: args.file, reading, folder: args.out_dir, format: args.output, quiet: args.quiet }
    }
}

impl FitFile {
    pub fn execute(self) -> Exit {
        let bytes = match self.bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                complain(format_args!("{}: cannot be read: {error}", self.name().display()));
                return Exit::BadInput;
            }
        };
        let records = match records::read(self.name(), &bytes, &self.reading) {
            Ok(records) => records,
            Err(report) => {
                eprint_report(&report);
                return Exit::BadInput;
            }
        };
        if !self.quiet {
            eprint_report(&records.findings);
        }
        let source = self.name().file_name().unwrap_or_default().to_string_lossy();
        match calibration::fit(&source, &records.what, &records.durations) {
            Some(fitted) => self.deliver(&fitted),
            None => {
                complain(format_args!("{}: {}", self.name().display(), nothing_to_fit(&records.durations)));
                Exit::BadInput
            }
        }
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        if self.file == Path::new("-") {
            return crate::spec::read_standard_input();
        }
        crate::spec::read_file(&self.file)
    }

    fn name(&self) -> &Path {
        if self.file == Path::new("-") { Path::new("<stdin>") } else { &self.file }
    }

    fn deliver(&self, fitted: &Fitted) -> Exit {
        let written = self.folder.as_deref().map_or(Ok(()), |folder| output::write_fit(folder, fitted));
        let folder = self.folder.as_deref().filter(|_| written.is_ok());
        let printed = print(&match self.format {
            Shown::Table => report::fit::render(fitted, folder, width()),
            Shown::Json => report::fit::json(fitted),
        });
        if let Err(error) = written {
            return unwritten(&error);
        }
        printed
    }
}

/// Why these durations make no law, and what they say nevertheless.
fn nothing_to_fit(durations: &[Recorded]) -> String {
    let lasted: f64 = durations.iter().filter(|one| one.censored).map(|one| one.secs).sum();
    match durations.iter().filter(|one| !one.censored).count() {
        0 if lasted > 0.0 => {
            // With no event in a time T the mean is above T / −ln 0.05, 19 times in 20.
            let least = report::format::in_full(lasted / -0.05f64.ln());
            format!(
                "none of the {} durations has ended, must be at least one: there is nothing to fit\nhelp: if they follow an \
                 exponential law its mean is at least {least} (95 %)",
                durations.len()
            )
        }
        0 => "holds no duration that has ended, must be at least one\nhelp: record longer".to_owned(),
        _ => "holds no duration above zero, must be at least one\nhelp: record in a finer unit".to_owned(),
    }
}

/// A moment as it was typed.
fn moment(text: &str) -> Result<Timestamp, String> {
    if text == "now" {
        return Ok(Timestamp::now());
    }
    text.parse().map_err(|_| "must be a moment such as 2026-01-31T12:00:00Z, or now".to_owned())
}

/// A unit as it was typed.
fn unit(text: &str) -> Result<Duration, String> {
    let is_name = text.chars().all(|c| c.is_ascii_lowercase());
    let unit = crate::durations::parse(&format!("1{text}")).ok().filter(|_| is_name);
    unit.ok_or_else(|| "must be one of ns, us, ms, s, m, h, d, w, y".to_owned())
}
