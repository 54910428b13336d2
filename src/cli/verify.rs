//! `hasim verify`: everything that backs the simulator's word, re-run.

use std::path::PathBuf;

use super::{Exit, complain, print};
use crate::output;
use crate::verify::{self, Kind};

/// What is to be verified, and how it is shown.
#[derive(Debug)]
pub(super) struct Verify {
    pub only: Option<String>,
    /// 0 for one per core.
    pub threads: usize,
    pub format: Shown,
    /// Where validation.md goes.
    pub docs: Option<PathBuf>,
}

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Shown {
    /// A table for people.
    #[default]
    Table,
    /// All rows as JSON.
    Json,
    /// The table as Markdown.
    Markdown,
}

impl Verify {
    pub fn execute(self) -> Exit {
        let mut checks = verify::checks();
        if let Some(only) = &self.only {
            let names: Vec<&str> =
                Kind::ALL.iter().map(|kind| kind.name()).chain(checks.iter().map(|check| check.name)).collect();
            let help = format!("help: name a kind or a part of a check's name: {}", names.join("; "));
            checks = if only.is_empty() { Vec::new() } else { verify::select(checks, only) };
            if checks.is_empty() {
                complain(format_args!("no check is called `{only}`\n{help}"));
                return Exit::WrongUse;
            }
        }
        let proof = match verify::run(&checks, self.threads) {
            Ok(proof) => proof,
            Err(error) => {
                complain(format_args!("cannot start the worker threads: {error}"));
                return Exit::Failed;
            }
        };
        let printed = print(&match self.format {
            Shown::Table => verify::table(&proof),
            Shown::Json => verify::json(&proof),
            Shown::Markdown => verify::markdown(&proof),
        });
        if let Some(folder) = &self.docs {
            let written = verify::page(&proof).into_iter().try_for_each(|(name, bytes)| {
                let path = folder.join(name);
                path.parent().map_or(Ok(()), output::create)?;
                output::write(&path, &bytes)
            });
            if let Err(error) = written {
                complain(error);
                return Exit::Failed;
            }
        }
        printed.then(if proof.holds() { Exit::Done } else { Exit::TargetMissed })
    }
}
