//! Results to standard output, everything else to standard error.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};

use super::args::Format;
use super::exit::{Exit, Failure};
use crate::experiment::ExperimentResult;
use crate::report::{csv, json, markdown, terminal};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default().bold();

/// The result in a format.
pub fn result(result: &ExperimentResult, format: Format, folder: Option<&PathBuf>) -> Result<(), Failure> {
    match format {
        Format::Table => text(&terminal::render(result, folder.map(PathBuf::as_path), width())),
        Format::Json => text(&json::render(result)),
        Format::Csv => text(&csv::results(result)),
        Format::Markdown => text(&markdown::render(result)),
    }
}

/// Columns of the terminal, 80 where there is none.
fn width() -> u16 {
    comfy_table::Table::new().width().unwrap_or(80).clamp(60, 140)
}

/// A text to standard output. A reader that has gone away (`| head`) is no failure.
pub fn text(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Failed, format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// An error, to standard error; if that fails there is nobody to tell.
pub fn error(message: &str) {
    let _ = writeln!(anstream::stderr(), "{ERROR}error:{ERROR:#} {message}");
}

/// A warning or note, to standard error.
pub fn note(message: &str) {
    let _ = writeln!(anstream::stderr(), "{NOTE}note:{NOTE:#} {message}");
}
