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
//! | 130 | interrupted |

mod bundled;
mod check;
mod checkpoint;
mod compare;
mod estimate;
mod fit;
mod merge;
mod progress;
mod replays;
mod run;
mod trace;
mod verify;

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::experiment::{ExperimentResult, Share, Verdict};
use crate::report::{csv, json, markdown, terminal};
use crate::spec::schema;
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
    /// Ctrl-C.
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

/// How available is this Kubernetes Deployment?
///
/// hasim simulates a Deployment on its cluster, with everything that breaks, for thousands of years, and answers with
/// confidence intervals.
#[derive(Debug, Parser)]
#[command(name = "hasim", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failure while running, 2 wrong use, 3 bad input, 4 a target is missed, \
                        a comparison regresses or a proof fails, 130 interrupted.")]
struct LowArgs {
    #[command(subcommand)]
    command: LowCommand,
}

#[derive(Debug, Subcommand)]
enum LowCommand {
    /// Play an experiment and write its tables and charts.
    ///
    /// Try `hasim run experiments/aidbox.yaml`.
    Run(RunArgs),
    /// What is wrong in manifests, models and experiments, and what is legal and dangerous.
    ///
    /// Errors end with 3; warnings and advice do not change the exit code. docs/advice.md explains each piece of advice.
    Check(CheckArgs),
    /// Re-run everything that backs the simulator's word: closed forms, a real cluster, published tables, rules.
    Verify(VerifyArgs),
    /// Tell one replication line by line: what strikes, what Kubernetes does, what its users notice.
    ///
    /// Try `hasim trace experiments/aidbox.yaml --outage longest --rules`.
    Trace(TraceArgs),
    /// What a change of a manifest does: two manifests, the same faults, paired.
    ///
    /// Try `hasim compare models/deployments/aidbox.yaml models/deployments/aidbox-hard-spread.yaml`. Ends with 4 if AFTER is
    /// surely worse, or not surely within the limits that are given.
    Compare(CompareArgs),
    /// How available is this manifest, in a second or two and without an experiment file?
    ///
    /// Try `kubectl get deploy,svc,pdb -o yaml | hasim estimate -`. What a manifest cannot say comes from bundled models.
    Estimate(EstimateArgs),
    /// From recorded durations to laws: lives, recoveries, gaps between incidents.
    ///
    /// Fits exponential, Weibull, log-normal and gamma laws by maximum likelihood, and prints the text to paste.
    Fit(fit::FitArgs),
    /// Join the shards of one experiment to its answer.
    ///
    /// The files are the same, byte for byte, as those of one run that plays everything.
    Merge {
        /// The folders that `hasim run --shard` has written, each once and all of them.
        #[arg(required = true, value_name = "DIR")]
        shards: Vec<PathBuf>,
        /// The folder to write into.
        #[arg(long, value_name = "DIR")]
        out_dir: PathBuf,
        /// What goes to standard output.
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
    /// What a shell needs to complete commands and flags: source it, or put it where the shell looks.
    ///
    /// For bash: `hasim completions bash > ~/.local/share/bash-completion/completions/hasim`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// The manual page of hasim or of one of its commands: `hasim man run > hasim-run.1`, then `man ./hasim-run.1`.
    Man {
        /// The command.
        command: Option<String>,
    },
    /// The JSON Schema of hasim's own files, with which editors complete and check them.
    ///
    /// `hasim schema > hasim.v1.json`, and as the first line of a file `# yaml-language-server: $schema=hasim.v1.json`.
    Schema {
        /// Only this kind; one schema for all kinds if not given.
        #[arg(value_parser = PossibleValuesParser::new(schema::kinds()), ignore_case = true)]
        kind: Option<String>,
    },
    /// Make tables and charts anew from the results.json of a folder.
    Report {
        /// The folder that a run has written.
        folder: PathBuf,
        /// What goes to standard output.
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
}

/// Flags of `hasim run` as they were typed.
#[derive(Debug, Args)]
struct RunArgs {
    /// The experiment file.
    experiment: PathBuf,
    /// The folder to write into, instead of output/<experiment>.
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Another seed than the file's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// So many replications of each scenario, instead of the file's number, precision or search.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    replications: Option<u64>,
    /// Only this part of the replications of every scenario, from 0/N to N-1/N; `hasim merge` joins them.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Share>,
    /// Go on where an interrupted run into the same folder has left off.
    #[arg(long)]
    resume: bool,
    /// Worker threads; one per core if not given. The numbers do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    output: Format,
    /// No progress and no notes on standard error.
    #[arg(long)]
    quiet: bool,
}

/// Flags of `hasim check` as they were typed.
#[derive(Debug, Args)]
struct CheckArgs {
    /// Files, or folders with .yaml, .yml and .json files; `-` is standard input.
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Simulate what the dangerous settings of an experiment cost, where values alone follow the advice.
    #[arg(long)]
    cost: bool,
    /// With --cost: so many replications of each scenario.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    replications: u64,
    /// The form of the findings: text on standard error, the others on standard output.
    #[arg(long, value_enum, default_value_t)]
    output: check::Shown,
}

/// Flags of `hasim verify` as they were typed.
#[derive(Debug, Args)]
struct VerifyArgs {
    /// Only this kind (closed-form, measured, published, rule), or the checks whose names hold this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Worker threads; one per core if not given. The numbers do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    output: verify::Shown,
    /// Write validation.md and its charts into this folder, too.
    #[arg(long, value_name = "DIR")]
    write_docs: Option<PathBuf>,
}

/// Flags of `hasim trace` as they were typed.
#[derive(Debug, Args)]
struct TraceArgs {
    /// The experiment file.
    experiment: PathBuf,
    /// Which replication, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    replication: u64,
    /// Which scenario; the baseline if not given.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Another seed than the file's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// From this instant, after the start of counting: 90s, 12d3h, or as the trace shows it.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    from: Option<trace::Moment>,
    /// Up to this instant.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    to: Option<trace::Moment>,
    /// Around an outage: its number, from 1, or `longest`.
    #[arg(long, value_name = "N|longest", conflicts_with_all = ["from", "to"])]
    outage: Option<trace::Which>,
    /// A line for each probe and for what drives it; otherwise probes that change nothing are summed up.
    #[arg(long)]
    probes: bool,
    /// The numbers of the rules behind each line; docs/rules.md says what they are.
    #[arg(long)]
    rules: bool,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    output: trace::Told,
    /// No notes on standard error.
    #[arg(long)]
    quiet: bool,
}

/// Flags of `hasim compare` as they were typed.
#[derive(Debug, Args)]
struct CompareArgs {
    /// The manifest as it is; `-` is standard input.
    before: PathBuf,
    /// The manifest as it shall be; `-` is standard input.
    after: PathBuf,
    #[command(flatten)]
    around: bundled::Surroundings,
    /// Fail unless AFTER surely has this availability, such as 99.95%.
    #[arg(long, value_name = "SLO", value_parser = percentage)]
    fail_below: Option<f64>,
    /// Fail unless AFTER surely adds no more downtime a year than this, such as 5m.
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    max_regression: Option<f64>,
    /// So many replications of a year.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    replications: u64,
    #[command(flatten)]
    playing: bundled::Playing,
}

/// Flags of `hasim estimate` as they were typed.
#[derive(Debug, Args)]
struct EstimateArgs {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    /// Which Deployment, where there are several.
    #[arg(long, value_name = "NAME")]
    deployment: Option<String>,
    /// The namespace of the Deployment, where there are several.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    #[command(flatten)]
    around: bundled::Surroundings,
    /// So many zones.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    zones: Option<u32>,
    /// So many Nodes in each zone.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    nodes_per_zone: Option<u32>,
    /// The availability that is hoped for, such as 99.95%.
    #[arg(long, value_name = "SLO", value_parser = percentage)]
    slo: Option<f64>,
    /// So many replications of a year.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    replications: u64,
    #[command(flatten)]
    playing: bundled::Playing,
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
    Run(run::Run),
    Trace(trace::Trace),
    Check(check::Check),
    Verify(verify::Verify),
    Report { folder: PathBuf, format: Format },
    Compare(compare::Compare),
    Estimate(estimate::Estimate),
    Fit(fit::FitFile),
    Merge { shards: Vec<PathBuf>, folder: PathBuf, format: Format },
    Schema(Option<String>),
    Completions(clap_complete::Shell),
    Man(Option<String>),
}

impl From<LowArgs> for HiArgs {
    fn from(low: LowArgs) -> Self {
        match low.command {
            LowCommand::Run(args) => Self::Run(run::Run {
                experiment: args.experiment,
                folder: args.out_dir,
                seed: args.seed,
                replications: args.replications,
                share: args.shard.unwrap_or(Share::WHOLE),
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
            LowCommand::Compare(args) => Self::Compare(compare::Compare {
                before: args.before,
                after: args.after,
                around: args.around,
                fail_below: args.fail_below,
                max_regression: args.max_regression,
                replications: args.replications,
                playing: args.playing,
            }),
            LowCommand::Estimate(args) => Self::Estimate(estimate::Estimate {
                manifest: args.manifest,
                deployment: args.deployment,
                namespace: args.namespace,
                around: args.around,
                zones: args.zones,
                nodes_per_zone: args.nodes_per_zone,
                slo: args.slo,
                replications: args.replications,
                playing: args.playing,
            }),
            LowCommand::Fit(args) => Self::Fit(args.into()),
            LowCommand::Merge { shards, out_dir, output } => Self::Merge { shards, folder: out_dir, format: output },
        }
    }
}

/// Reads the command line and does what it says. Wrong use ends the program with code 2 here, as help does with 0.
pub fn main() -> ExitCode {
    let exit = match HiArgs::from(LowArgs::parse()) {
        HiArgs::Run(run) => run.execute(),
        HiArgs::Trace(trace) => trace.execute(),
        HiArgs::Check(check) => check.execute(),
        HiArgs::Verify(verify) => verify.execute(),
        HiArgs::Completions(shell) => completions(shell),
        HiArgs::Man(command) => man(command.as_deref()),
        HiArgs::Schema(kind) => {
            let schema = kind.and_then(|kind| schema::of_kind(&kind)).unwrap_or_else(schema::all);
            print(&schema::render(&schema))
        }
        HiArgs::Report { folder, format } => report(&folder, format),
        HiArgs::Compare(compare) => compare.execute(),
        HiArgs::Estimate(estimate) => estimate.execute(),
        HiArgs::Fit(fit) => fit.execute(),
        HiArgs::Merge { shards, folder, format } => merge::merge(&shards, &folder, format),
    };
    exit.into()
}

fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut LowArgs::command(), "hasim", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// The page of the program, or of one of its commands.
fn man(of: Option<&str>) -> Exit {
    let mut command = LowArgs::command();
    command.build();
    let page = match of {
        None => command.clone(),
        Some(name) => match command.find_subcommand(name) {
            Some(part) => part.clone().display_name(format!("hasim-{name}")),
            None => {
                complain(format_args!("there is no command {name}\nhelp: `hasim --help` lists them"));
                return Exit::WrongUse;
            }
        },
    };
    let mut text = Vec::new();
    match clap_mangen::Man::new(page).render(&mut text) {
        Ok(()) => print(&String::from_utf8_lossy(&text)),
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

fn report(folder: &std::path::Path, format: Format) -> Exit {
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
    let written = crate::output::write_rendered(folder, &result);
    let printed = print(&rendered(&result, format, Some(folder)));
    match written {
        Ok(()) => printed,
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

/// `99.95%` as it was typed.
fn percentage(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let share =
        number.map(|number| crate::stats::twelve_digits(number / 100.0)).filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "must be a percentage, such as 99.95%".to_owned())
}

/// A span of time as it was typed, in seconds.
fn seconds(text: &str) -> Result<f64, String> {
    crate::spec::parse_duration(text).map(crate::time::Duration::as_secs_f64)
}

/// `I/N` as it was typed.
fn shard(text: &str) -> Result<Share, String> {
    let number = |text: &str| text.parse::<u64>().ok();
    let parts = text.split_once('/').and_then(|(index, of)| Some((number(index)?, number(of)?)));
    let Some((index, of)) = parts else { return Err("must be two numbers, such as 0/8".to_owned()) };
    if index >= of {
        return Err(format!("shards are counted from 0: of {of} the last is {}", of.saturating_sub(1)));
    }
    Ok(Share { index, of })
}

/// The result in the wanted form.
fn rendered(result: &ExperimentResult, format: Format, folder: Option<&std::path::Path>) -> String {
    match format {
        Format::Table => terminal::render(result, folder, width()),
        Format::Json => json::render(result),
        Format::Csv => csv::results(result),
        Format::Markdown => markdown::render(result),
    }
}

/// Columns of the terminal, and 80 where there is none: output that is kept reads the same everywhere.
fn width() -> u16 {
    let columns = terminal_size::terminal_size_of(io::stdout()).map_or(80, |(width, _)| width.0);
    columns.clamp(60, 120)
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

/// Says on standard error what went wrong.
fn complain(what: impl fmt::Display) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {what}");
}
