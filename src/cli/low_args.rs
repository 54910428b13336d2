//! The flags as they were typed, with the words of their help.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use super::promised::Promised;
use super::{Format, bundled, calibrate, check, fit, trace, verify};
use crate::experiment::Shard;
use crate::spec::schema;

/// How available is this Kubernetes Deployment?
///
/// hasim simulates a Deployment on its cluster, with everything that breaks, for thousands of years, and answers with
/// confidence intervals.
#[derive(Debug, Parser)]
#[command(name = "hasim", version, max_term_width = 100)]
#[command(
    after_help = "hasim alone says what lies in the present folder, and the next command.\n\nExit codes: 0 done, 1 failure while running, 2 wrong use, 3 bad input, 4 a target is missed, \
                        a comparison regresses or a proof fails, 130 interrupted."
)]
pub(super) struct LowArgs {
    #[command(subcommand)]
    pub command: Option<LowCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum LowCommand {
    /// Play an experiment and write its tables and charts.
    ///
    /// Try `hasim run experiments/aidbox.yaml`.
    Run(RunArgs),
    /// Write an experiment to change, from the manifests that are there.
    ///
    /// `hasim init web.yaml`, `hasim init k8s` or `helm template . | hasim init -`, then `hasim run experiment.yaml`. It asks nothing and
    /// overwrites nothing.
    Init {
        /// A manifest, or a folder of manifests; `-` is standard input, which is kept as manifest.yaml beside the experiment.
        #[arg(default_value = ".")]
        path: PathBuf,
        /// The file to write.
        #[arg(long, value_name = "FILE", default_value = "experiment.yaml")]
        out: PathBuf,
    },
    /// What is wrong in manifests, models and experiments, and what is legal and dangerous.
    ///
    /// Errors end with 3; warnings and advice do not change the exit code. docs/advice.md explains each piece of advice.
    Check(CheckArgs),
    /// What is understood of a manifest or an experiment: each value, every default, and where it comes from.
    ///
    /// Try `hasim explain web.yaml`. Nothing is played.
    Explain {
        /// A manifest or an experiment; `-` is standard input.
        file: PathBuf,
    },
    /// Re-run everything that backs the simulator's word: closed forms, a real cluster, published tables, rules.
    Verify(VerifyArgs),
    /// Tell one replication line by line: what strikes, what Kubernetes does, what its users notice.
    ///
    /// Try `hasim trace experiments/aidbox.yaml --outage longest --rules`.
    Trace(TraceArgs),
    /// What a change of a manifest does: two manifests, the same faults, paired.
    ///
    /// Try `hasim compare models/deployments/aidbox.yaml models/deployments/aidbox-hard-spread.yaml`. Ends with 4 if AFTER is
    /// surely worse by what may matter, or not surely within the limits that are given, or can never be Ready. `--output markdown`
    /// makes a comment for a pull request.
    Compare(CompareArgs),
    /// How available is this manifest, in seconds and without an experiment file?
    ///
    /// Try `kubectl get deploy,svc,pdb -o yaml | hasim estimate -`. What a manifest cannot say is guessed from bundled models; the
    /// answer names each guess, how much hangs on it, and the flag that states it.
    Estimate(EstimateArgs),
    /// From recorded durations to laws: lives, recoveries, gaps between incidents.
    ///
    /// Fits exponential, Weibull, log-normal and gamma laws by maximum likelihood, and prints the text to paste.
    Fit(fit::FitArgs),
    /// From counts of your incidents to a fault model that says how sure it is.
    ///
    /// `hasim calibrate incidents.yaml > ours.yaml`, then `hasim estimate web.yaml --faults ours.yaml`. Counts and times become rates
    /// with their uncertainty, durations become laws; what was not counted stays that of the bundled library.
    Calibrate(calibrate::CalibrateArgs),
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
pub(super) struct RunArgs {
    /// The experiment file. Without one it is said which experiments lie here.
    pub experiment: Option<PathBuf>,
    /// The folder to write into, instead of output/<experiment>.
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Another seed than the file's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// So many replications of each scenario, instead of the file's number, precision or search.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub replications: Option<u64>,
    /// The container that serves, instead of the one that the file names or that Service, probes and ports point at.
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Only this part of the replications of every scenario, from 0/N to N-1/N; `hasim merge` joins them.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Go on where an interrupted run into the same folder has left off.
    #[arg(long)]
    pub resume: bool,
    /// Worker threads; one per core if not given. The numbers do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
    /// No progress and no notes on standard error.
    #[arg(long)]
    pub quiet: bool,
}

/// Flags of `hasim check` as they were typed.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Files, or folders with .yaml, .yml and .json files; `-` is standard input.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub paths: Vec<PathBuf>,
    /// Simulate what the dangerous settings of an experiment cost, where values alone follow the advice.
    #[arg(long)]
    pub cost: bool,
    /// With --cost: so many replications of each scenario.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub replications: u64,
    /// The form of the findings: text on standard error, the others on standard output.
    #[arg(long, value_enum, default_value_t)]
    pub output: check::Shown,
}

/// Flags of `hasim verify` as they were typed.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Only this kind (closed-form, measured, published, rule), or the checks whose names hold this.
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,
    /// Worker threads; one per core if not given. The numbers do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    pub output: verify::Shown,
    /// Write validation.md and its charts into this folder, too.
    #[arg(long, value_name = "DIR")]
    pub write_docs: Option<PathBuf>,
}

/// Flags of `hasim trace` as they were typed.
#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// The experiment file.
    pub experiment: PathBuf,
    /// Which replication, from 0; 0 if not given, and with `--outage longest` that with the longest outage of the run.
    #[arg(long, value_name = "N")]
    pub replication: Option<u64>,
    /// Which scenario; the baseline if not given.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Another seed than the file's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// From this instant, after the start of counting: 90s, 12d3h, or as the trace shows it.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub from: Option<trace::Moment>,
    /// Up to this instant.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub to: Option<trace::Moment>,
    /// Around an outage: its number in its replication, from 1, or `longest`: of the whole run, which is played for it, or
    /// known where the results of one are given; with --replication of that replication.
    #[arg(long, value_name = "N|longest", conflicts_with_all = ["from", "to"])]
    pub outage: Option<trace::Which>,
    /// A line for each probe and for what drives it; otherwise probes that change nothing are summed up.
    #[arg(long)]
    pub probes: bool,
    /// The numbers of the rules behind each line; docs/rules.md says what they are.
    #[arg(long)]
    pub rules: bool,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    pub output: trace::Told,
    /// No notes on standard error.
    #[arg(long)]
    pub quiet: bool,
}

/// Flags of `hasim compare` as they were typed.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The manifest as it is, or a folder of manifests; `-` is standard input.
    pub before: PathBuf,
    /// The manifest as it shall be, or a folder of manifests; `-` is standard input.
    pub after: Option<PathBuf>,
    /// The Deployment of this name, where there are several; in both manifests the same.
    #[arg(long, value_name = "NAME")]
    pub deployment: Option<String>,
    /// The Deployment of this namespace, where there are several.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub around: bundled::Surroundings,
    /// Fail unless AFTER surely has this availability, such as 99.95%; or keeps the SLO of this file of OpenSLO, Sloth or Pyrra
    /// (FILE, or FILE#NAME where it holds several).
    #[arg(long, value_name = "SLO|FILE", value_parser = Promised::parse)]
    pub fail_below: Option<Promised>,
    /// Fail unless AFTER surely adds no more downtime a year than this, such as 5m.
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    pub max_regression: Option<f64>,
    /// So many replications of a year; 2,000 if not given, or 2,048 where parameters are uncertain.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub replications: Option<u64>,
    #[command(flatten)]
    pub playing: bundled::Playing,
}

/// Flags of `hasim estimate` as they were typed.
#[derive(Debug, Args)]
pub(super) struct EstimateArgs {
    /// The manifest, or a folder of manifests; `-` is standard input. Of several Deployments each is played alone on the same cluster, and one table
    /// shows all.
    #[arg(value_name = "MANIFEST", required = true)]
    pub manifests: Vec<PathBuf>,
    /// Several Deployments compete for the Nodes of one cluster, and all of them make the system.
    #[arg(long)]
    pub together: bool,
    /// Only the Deployment of this name, where there are several.
    #[arg(long, value_name = "NAME")]
    pub deployment: Option<String>,
    /// Only Deployments of this namespace, where there are several.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub around: bundled::Surroundings,
    /// So many zones.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub zones: Option<u32>,
    /// So many Nodes in each zone.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub nodes_per_zone: Option<u32>,
    /// The availability that is hoped for, such as 99.95%; or a file of OpenSLO, Sloth or Pyrra that states it (FILE, or FILE#NAME
    /// where it holds several).
    #[arg(long, value_name = "SLO|FILE", value_parser = Promised::parse)]
    pub slo: Option<Promised>,
    /// So many replications of a year; 1,000 if not given, or 2,048 where parameters are uncertain.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub replications: Option<u64>,
    #[command(flatten)]
    pub playing: bundled::Playing,
}

/// A span of time as it was typed, in seconds.
fn seconds(text: &str) -> Result<f64, String> {
    crate::durations::parse(text).map(crate::time::Duration::as_secs_f64)
}

/// `I/N` as it was typed.
fn shard(text: &str) -> Result<Shard, String> {
    let number = |text: &str| text.parse::<u64>().ok();
    let parts = text.split_once('/').and_then(|(index, of)| Some((number(index)?, number(of)?)));
    let Some((index, of)) = parts else { return Err("must be two numbers, such as 0/8".to_owned()) };
    if index >= of {
        return Err(format!("shards are counted from 0: of {of} the last is {}", of.saturating_sub(1)));
    }
    Ok(Shard { index, of })
}
