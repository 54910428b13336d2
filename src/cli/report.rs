//! `hasim report`: tables and charts again, from `results.json` alone.

use super::args::Report;
use super::exit::{Exit, Failure};
use super::print;
use crate::output;

/// Renders the folder.
pub fn run(args: &Report) -> Result<Exit, Failure> {
    let result = output::read(&args.folder)?;
    let written = output::write_rendered(&args.folder, &result);
    print::result(&result, args.format, Some(&args.folder).filter(|_| written.is_ok()))?;
    written?;
    Ok(Exit::Done)
}
