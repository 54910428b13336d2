//! Arguments: [`LowArgs`] as typed, [`HiArgs`] as meant. Everything that can be
//! wrong about the command line alone is found between the two.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use super::exit::{Exit, Failure};

/// How available is this Kubernetes Deployment?
///
/// hasim plays thousands of simulated years of a Deployment, with the faults that strike it, and answers with
/// confidence intervals: how available it is, how long recoveries take, where the downtime comes from.
#[derive(Debug, Clone, Parser)]
#[command(name = "hasim", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failure while running, 2 wrong use, 3 bad input, 4 a target is missed, \
                        130 interrupted.")]
pub struct LowArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LowCommand,
}

/// Commands as typed.
#[derive(Debug, Clone, Subcommand)]
pub enum LowCommand {
    /// Play an experiment; write tables and charts.
    Run {
        /// The experiment file, for example experiments/aidbox.yaml.
        experiment: PathBuf,
        /// Folder for the results [default: output/<name of the experiment>].
        #[arg(long, value_name = "DIR")]
        out_dir: Option<PathBuf>,
        /// Seed of all chance, instead of the experiment's.
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// Replications of every scenario, instead of the experiment's number or precision.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        replications: Option<u64>,
        /// Worker threads [default: one per core]. Results do not depend on it.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        threads: Option<u16>,
        /// What to print.
        #[arg(long, value_enum, default_value_t)]
        output: Format,
        /// No progress, no notes: results and errors only.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Validate manifests, models and experiments.
    Check {
        /// Files, or folders whose .yaml, .yml and .json files are checked.
        #[arg(required = true, value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
    },
    /// Make tables and charts again from results.json.
    Report {
        /// A folder that `hasim run` wrote.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// What to print.
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
}

/// What is printed on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// The answer in words and tables.
    #[default]
    Table,
    /// Exactly results.json.
    Json,
    /// Exactly results.csv.
    Csv,
    /// For a pull request or a design review.
    Markdown,
}

/// Arguments as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HiArgs {
    pub command: Command,
}

/// Commands with all that they need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Run(Run),
    Check(Check),
    Report(Report),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub experiment: PathBuf,
    /// `None` until the experiment has told its name.
    pub folder: Option<PathBuf>,
    pub seed: Option<u64>,
    pub replications: Option<u64>,
    /// 0 for one per core.
    pub threads: usize,
    pub format: Format,
    pub quiet: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// Files, in the order of checking.
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    pub folder: PathBuf,
    pub format: Format,
}

impl HiArgs {
    /// What the typed arguments mean.
    pub fn from_low(low: LowArgs) -> Result<Self, Failure> {
        let command = match low.command {
            LowCommand::Run { experiment, out_dir, seed, replications, threads, output, quiet } => {
                exists(&experiment)?;
                let threads = threads.map_or(0, usize::from);
                Command::Run(Run { experiment, folder: out_dir, seed, replications, threads, format: output, quiet })
            }
            LowCommand::Check { paths } => Command::Check(Check { files: super::check::expand(&paths)? }),
            LowCommand::Report { folder, output } => {
                // Whoever names results.json itself means its folder.
                let file = folder.file_name().is_some_and(|name| name == crate::output::RESULTS) && folder.is_file();
                let parent = folder.parent().filter(|_| file).map(Path::to_owned);
                Command::Report(Report { folder: parent.unwrap_or(folder), format: output })
            }
        };
        Ok(Self { command })
    }
}

/// A file that is not there is the commonest mistake: it gets a hint.
fn exists(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        let message = format!("{}: is a folder; hasim run takes an experiment file", path.display());
        return Err(Failure::new(Exit::BadInput, message));
    }
    match path.try_exists() {
        Ok(true) => Ok(()),
        Ok(false) => {
            let hint = near(path)
                .map_or("name an experiment file, for example experiments/aidbox.yaml".to_owned(), |near| {
                    format!("did you mean {}?", near.display())
                });
            Err(Failure::new(Exit::BadInput, format!("{}: there is no such file\n  hint: {hint}", path.display())))
        }
        Err(error) => Err(Failure::new(Exit::BadInput, format!("{}: {error}", path.display()))),
    }
}

/// The file in the same folder whose name is closest.
fn near(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_stem()?.to_string_lossy();
    let files = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let alike = |file: &PathBuf| strsim::jaro_winkler(&wanted, &file.file_stem().unwrap_or_default().to_string_lossy());
    let mut candidates: Vec<(f64, PathBuf)> = files
        .filter(|file| super::check::is_readable_kind(file))
        .map(|file| (alike(&file), file))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    candidates.into_iter().next().map(|(_, file)| file.strip_prefix("./").map(Path::to_owned).unwrap_or(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        LowArgs::command().debug_assert();
    }
}
