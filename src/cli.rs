//! The command line: what was typed (`LowArgs`), then what it means (`HiArgs`), then doing it.
//!
//! Results go to standard output, progress and notes to standard error. Exit codes are a contract:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done, warnings included |
//! | 1 | failure while running |
//! | 2 | wrong use |
//! | 3 | bad input |
//! | 4 | a stated target is missed, a comparison regresses or a proof fails |
//! | 130 | interrupted, by Ctrl-C or SIGTERM |

mod bundled;
mod calibrate;
mod check;
mod compare;
mod estimate;
mod explain;
mod fit;
mod init;
mod intake;
mod interrupt;
mod library;
mod low_args;
mod merge;
mod overview;
#[expect(clippy::disallowed_types, reason = "a bar shows the time")]
mod progress;
mod promised;
mod run;
mod shell;
mod trace;
mod verify;

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser as _, ValueEnum};

use crate::experiment::Shard;
use crate::report::{csv, json, markdown, terminal};
use crate::results::{ExperimentResult, Verdict};
use crate::spec::schema;
use low_args::{LowArgs, LowCommand};
use run::load;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failure while running.
    Failed,
    /// Wrong use: the arguments do not fit the experiment.
    WrongUse,
    /// Bad input: the files are at fault.
    BadInput,
    /// A stated target is missed or cannot be decided yet, or a proof fails.
    TargetMissed,
    /// Ctrl-C, or SIGTERM.
    Interrupted,
}

impl Exit {
    /// Whether a result meets its targets.
    fn by_targets(result: &ExperimentResult) -> Self {
        let all_pass = result.targets.iter().all(|target| target.verdict == Verdict::Pass);
        if all_pass { Self::Done } else { Self::TargetMissed }
    }
}

impl Exit {
    /// How a command ends after a step that ended so: the first that went wrong decides.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        if self == Self::Done { next } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::WrongUse => 2,
            Exit::BadInput => 3,
            Exit::TargetMissed => 4,
            Exit::Interrupted => 130,
        })
    }
}

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// The answer in words and tables.
    #[default]
    Table,
    /// Exactly results.json.
    Json,
    /// Exactly results.csv.
    Csv,
    /// The tables as Markdown.
    Markdown,
}

/// A command with all that it needs.
#[derive(Debug)]
enum HiArgs {
    /// What lies here, and what to do with it.
    Overview,
    Init(init::Init),
    /// One manifest, where two are wanted.
    CompareWithWhat(PathBuf),
    Run(run::Run),
    Trace(trace::Trace),
    Check(check::Check),
    Explain(PathBuf),
    Verify(verify::Verify),
    Report {
        folder: PathBuf,
        format: Format,
    },
    Compare(compare::Compare),
    Estimate(estimate::Estimate),
    Fit(fit::FitFile),
    Calibrate(calibrate::CalibrateArgs),
    Merge {
        shards: Vec<PathBuf>,
        folder: PathBuf,
        format: Format,
    },
    Schema(Option<String>),
    Completions(clap_complete::Shell),
    Man(Option<String>),
}

impl From<LowArgs> for HiArgs {
    fn from(low: LowArgs) -> Self {
        let Some(command) = low.command else { return Self::Overview };
        match command {
            LowCommand::Run(args) => Self::Run(run::Run {
                experiment: args.experiment,
                folder: args.out_dir,
                seed: args.seed,
                replications: args.replications,
                container: args.container,
                shard: args.shard.unwrap_or(Shard::WHOLE),
                resume: args.resume,
                threads: args.threads.map_or(0, usize::from),
                format: args.output,
                quiet: args.quiet,
            }),
            LowCommand::Trace(args) => Self::Trace(trace::Trace {
                experiment: args.experiment,
                scenario: args.scenario,
                replication: args.replication,
                seed: args.seed,
                part: args.outage.map_or(trace::Part::Between(args.from, args.to), trace::Part::Around),
                each_probe: args.probes,
                rules: args.rules,
                format: args.output,
                quiet: args.quiet,
            }),
            LowCommand::Check(args) => Self::Check(check::Check {
                paths: args.paths,
                format: args.output,
                cost: args.cost,
                replications: args.replications,
            }),
            LowCommand::Explain { file } => Self::Explain(file),
            LowCommand::Verify(args) => Self::Verify(verify::Verify {
                only: args.only,
                threads: args.threads.map_or(0, usize::from),
                format: args.output,
                docs: args.write_docs,
            }),
            LowCommand::Completions { shell } => Self::Completions(shell),
            LowCommand::Man { command } => Self::Man(command),
            LowCommand::Schema { kind } => Self::Schema(kind),
            LowCommand::Report { folder, output } => Self::Report { folder, format: output },
            LowCommand::Init { path, out } => Self::Init(init::Init { path, out }),
            LowCommand::Compare(args) => match args.after {
                None => Self::CompareWithWhat(args.before),
                Some(after) => Self::Compare(compare::Compare {
                    before: args.before,
                    after,
                    deployment: args.deployment,
                    namespace: args.namespace,
                    around: args.around,
                    fail_below: args.fail_below,
                    max_regression: args.max_regression,
                    replications: args.replications,
                    playing: args.playing,
                }),
            },
            LowCommand::Estimate(args) => Self::Estimate(estimate::Estimate {
                manifests: args.manifests,
                deployment: args.deployment,
                namespace: args.namespace,
                around: args.around,
                zones: args.zones,
                nodes_per_zone: args.nodes_per_zone,
                slo: args.slo,
                together: args.together,
                replications: args.replications,
                playing: args.playing,
            }),
            LowCommand::Fit(args) => Self::Fit(args.into()),
            LowCommand::Calibrate(args) => Self::Calibrate(args),
            LowCommand::Merge { shards, out_dir, output } => Self::Merge { shards, folder: out_dir, format: output },
        }
    }
}

/// Reads the command line and does what it says. Wrong use ends the program with code 2 here, as help does with 0.
pub fn main() -> ExitCode {
    if let Err(error) = interrupt::listen() {
        note(format_args!("what is played when Ctrl-C is pressed will be lost: {error}"));
    }
    let exit = match HiArgs::from(LowArgs::parse()) {
        HiArgs::Overview => overview::execute(),
        HiArgs::Init(init) => init.execute(),
        HiArgs::CompareWithWhat(manifest) => compare::with_what(&manifest),
        HiArgs::Run(run) => run.execute(),
        HiArgs::Trace(trace) => trace.execute(),
        HiArgs::Check(check) => check.execute(),
        HiArgs::Explain(file) => explain::execute(&file),
        HiArgs::Verify(verify) => verify.execute(),
        HiArgs::Completions(shell) => shell::completions(shell),
        HiArgs::Man(command) => shell::man(command.as_deref()),
        HiArgs::Schema(kind) => {
            let schema = kind.and_then(|kind| schema::of_kind(&kind)).unwrap_or_else(schema::all);
            print(&schema::render(&schema))
        }
        HiArgs::Report { folder, format } => report(&folder, format),
        HiArgs::Compare(compare) => compare.execute(),
        HiArgs::Estimate(estimate) => estimate.execute(),
        HiArgs::Fit(fit) => fit.execute(),
        HiArgs::Calibrate(calibrate) => calibrate.execute(),
        HiArgs::Merge { shards, folder, format } => merge::merge(&shards, &folder, format),
    };
    exit.into()
}

fn report(folder: &std::path::Path, format: Format) -> Exit {
    if let Err(refused) = intake::expect_run(folder) {
        return refused;
    }
    // Whoever names results.json itself means its folder.
    let names_file = folder.file_name().is_some_and(|name| name == crate::output::RESULTS) && folder.is_file();
    let parent = folder.parent().filter(|_| names_file);
    let folder = match parent {
        Some(parent) if parent.as_os_str().is_empty() => std::path::Path::new("."),
        Some(parent) => parent,
        None => folder,
    };
    let result = match crate::output::read(folder) {
        Ok(result) => result,
        Err(error) => {
            complain(format_args!("{error}\nhelp: `hasim run EXPERIMENT` writes such a folder"));
            return Exit::BadInput;
        }
    };
    let claimed = crate::output::Claim::on(folder);
    let written = claimed.and_then(|_claim| crate::output::write_rendered(folder, &result));
    let printed = print(&rendered(&result, format, Some(folder), &[]));
    match written {
        Ok(()) => printed,
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

/// The result in the wanted form. `said` are its notes that went to standard error already.
fn rendered(result: &ExperimentResult, format: Format, folder: Option<&std::path::Path>, said: &[String]) -> String {
    match format {
        // Who keeps the output has not kept what was said.
        Format::Table if !(io::stdout().is_terminal() && io::stderr().is_terminal()) => {
            terminal::render(result, folder, width(), &[])
        }
        Format::Table => terminal::render(result, folder, width(), said),
        Format::Json => json::render(result),
        Format::Csv => csv::results(result),
        Format::Markdown => markdown::render(result),
    }
}

/// Columns of the terminal; where there is none, what `COLUMNS` says, else 80: output that is kept reads the same everywhere.
fn width() -> u16 {
    let stated = || std::env::var("COLUMNS").ok()?.trim().parse().ok();
    let columns = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0).or_else(stated);
    columns.unwrap_or(80).clamp(60, 200)
}

/// Prints a result; `Failed` where that cannot be done. A reader that has gone away (`| head`) is no failure.
#[must_use]
fn print(text: &str) -> Exit {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(format_args!("cannot write to standard output: {error}"));
            Exit::Failed
        }
        _ => Exit::Done,
    }
}

/// Says on standard error what is worth knowing.
fn note(what: impl fmt::Display) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "note: {what}");
}

/// Says on standard error what went wrong.
fn complain(what: impl fmt::Display) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {what}");
}
