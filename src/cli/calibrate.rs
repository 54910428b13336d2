//! `hasim calibrate FILE…`: from counts of incidents to a `FaultModel` that replaces what it calibrates.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::run::eprint_report;
use super::{Exit, complain, print};
use crate::calibration::calibrate;
use crate::spec;
use crate::spec::incidents::{self, Incidents, Targets};

/// Flags of `hasim calibrate` as they were typed.
#[derive(Debug, Args)]
pub(super) struct CalibrateArgs {
    /// Files of the kind Incidents, answers of Prometheus with counters of restarts, or events as `kubectl get events -o json` prints
    /// them, told apart by their content; `-` is standard input. Counts of the same fault in several files add up.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// So many replicas were there, for events, which do not say it: those whose Pods the events are of.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    replicas: Option<u32>,
    /// So many Nodes were there, for events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    nodes: Option<u32>,
    /// No notes on standard error.
    #[arg(long)]
    quiet: bool,
}

impl CalibrateArgs {
    pub fn execute(self) -> Exit {
        let mut files = Vec::new();
        for path in &self.files {
            match self.load(path) {
                Some(incidents) => files.push(incidents),
                None => return Exit::BadInput,
            }
        }
        let name = files.first().map(|file| file.name.clone()).unwrap_or_default();
        let counted = match incidents::join(files) {
            Ok(counted) => counted,
            Err(fault) => {
                complain(format_args!(
                    "{fault} is not the same in all files, must have one target, mode and affects\nhelp: give one of them \
                     another name"
                ));
                return Exit::BadInput;
            }
        };
        let calibrated = calibrate(&name, &counted);
        if !self.quiet {
            for note in &calibrated.notes {
                // Where standard error is closed there is nobody to tell.
                let _ = writeln!(anstream::stderr(), "note: {note}");
            }
        }
        print(&format!("# {}\n{}", self.head(), calibrated.model.to_yaml()))
    }

    fn load(&self, path: &Path) -> Option<Incidents> {
        const STDIN: &str = "<stdin>";
        let path = if path == Path::new("-") { Path::new(STDIN) } else { path };
        let open = |file: &Path| -> io::Result<Vec<u8>> {
            if file == Path::new(STDIN) {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes)?;
                return Ok(bytes);
            }
            spec::read_file(file)
        };
        let targets = Targets { replicas: self.replicas, nodes: self.nodes };
        match incidents::load(path, targets, &open) {
            Ok((incidents, findings)) => {
                if !self.quiet {
                    eprint_report(&findings);
                }
                Some(incidents)
            }
            Err(report) => {
                eprint_report(&report);
                None
            }
        }
    }

    /// Where the model comes from, for the first line of its file.
    fn head(&self) -> String {
        let names: Vec<String> = (self.files.iter())
            .map(|path| path.file_name().map_or("standard input".into(), |name| name.to_string_lossy().into_owned()))
            .map(|name| if name == "-" { "standard input".to_owned() } else { name.replace(char::is_control, " ") })
            .collect();
        format!(
            "Written by hasim {} calibrate from {}. Name this file after those whose faults it replaces by name.",
            env!("CARGO_PKG_VERSION"),
            names.join(", ")
        )
    }
}
