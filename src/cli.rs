//! The command line: what was typed, what it means, what it does, and how it ends.
//!
//! Results go to standard output, progress and notes to standard error. Exit codes
//! are a contract with pipelines, see [`Exit`].

mod args;
mod check;
mod engine;
mod exit;
mod interrupt;
mod print;
mod progress;
mod report;
mod run;

use std::process::ExitCode;

use clap::Parser as _;

pub use args::{Format, LowArgs, LowCommand};
pub use exit::{Exit, Failure};

use args::{Command, HiArgs};

/// The whole program.
pub fn main() -> ExitCode {
    // clap ends the process itself for --help (0) and wrong use (2).
    let low = LowArgs::parse();
    let outcome = HiArgs::from_low(low).and_then(|args| match args.command {
        Command::Run(run) => run::run(&run),
        Command::Check(check) => check::run(&check),
        Command::Report(report) => report::run(&report),
    });
    let exit = outcome.unwrap_or_else(|failure| {
        for message in &failure.messages {
            print::error(message);
        }
        failure.exit
    });
    exit.into()
}
