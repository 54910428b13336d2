//! `hasim check`: what is wrong with files and folders, and what is dangerous; for people and for pipelines.

mod formats;
mod gitlab;
mod sarif;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Exit, complain, intake, library, print, run};
use crate::report::format;
use crate::results::{Estimate, ExperimentResult};
use crate::spec::{self, Checked, Diagnostic, Severity, wrapped};
use crate::study::{Stopping, Study, Without};

/// In what form the findings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Shown {
    /// For people, on standard error.
    #[default]
    Text,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// An array of plain objects.
    Json,
    /// Annotations of a pull request: workflow commands of GitHub Actions.
    Github,
    /// A code quality report of GitLab: findings in a merge request.
    Gitlab,
}

/// What is to be checked.
#[derive(Debug)]
pub(super) struct Check {
    pub paths: Vec<PathBuf>,
    pub format: Shown,
    /// Whether what advice costs is simulated.
    pub cost: bool,
    /// Of each scenario.
    pub replications: u64,
}

/// A finding, and what not following it costs.
struct Finding {
    diagnostic: Diagnostic,
    cost: Option<Cost>,
}

/// The effect of following a piece of advice, simulated.
struct Cost {
    experiment: String,
    /// Of the downtime, in seconds a year; below 0 where the advice saves some. `None` where it changes nothing at all.
    downtime: Option<Estimate>,
    /// The same of failed requests, as time of full traffic.
    failed: Option<Estimate>,
}

impl Check {
    /// Checks every file; bad input if one of them has an error.
    pub fn execute(self) -> Exit {
        let mut exit = Exit::Done;
        let (mut checked, mut advised, mut unread) = (0usize, 0usize, 0usize);
        let mut all = Vec::new();
        let mut seen = BTreeSet::new();
        let mut teller = Teller::default();
        for path in &self.paths {
            if self.format == Shown::Text
                && let Err(refused) = intake::expect_checkable(path)
            {
                exit = refused;
                continue;
            }
            let files = match files_of(path) {
                Ok(files) => files,
                Err(why) => {
                    complain(format_args!("{}: {why}", path.display()));
                    exit = Exit::BadInput;
                    continue;
                }
            };
            for file in files {
                checked += 1;
                let found = match look_at(&file) {
                    Ok(found) => found,
                    Err(error) => {
                        complain(format_args!("standard input cannot be read: {error}"));
                        exit = Exit::BadInput;
                        continue;
                    }
                };
                unread += usize::from(found.is_unread);
                if found.report.has_errors() {
                    exit = Exit::BadInput;
                }
                let mut findings = match self.findings(found) {
                    Ok(findings) => findings,
                    Err(failed) => return failed,
                };
                // A manifest is met again in every experiment that names it.
                findings.retain(|finding| seen.insert(key(finding)));
                advised += findings.iter().filter(|finding| finding.diagnostic.severity == Severity::Advice).count();
                if self.format == Shown::Text {
                    findings.iter().for_each(|finding| teller.tell(finding));
                } else {
                    all.extend(findings);
                }
            }
        }
        let text = match self.format {
            // What was named has been refused.
            Shown::Text if checked == 0 => return exit,
            Shown::Text => summary(checked, advised, unread, exit == Exit::Done),
            Shown::Sarif => sarif::render(&all),
            Shown::Json => formats::json(&all),
            Shown::Github => formats::github(&all),
            Shown::Gitlab => gitlab::render(&all),
        };
        exit.then(print(&text))
    }

    /// The findings of a file, with what advice costs where that is wanted.
    fn findings(&self, checked: Checked) -> Result<Vec<Finding>, Exit> {
        let result = match &checked.changes {
            Some(changes) if self.cost => Some(self.play(changes)?),
            _ => None,
        };
        let cost = |diagnostic: &Diagnostic| Cost::of(result.as_ref()?, diagnostic.change?);
        let with_cost = |diagnostic| Finding { cost: cost(&diagnostic), diagnostic };
        Ok(checked.report.diagnostics.into_iter().map(with_cost).collect())
    }

    /// Plays the scenario as it is, and with each piece of advice followed, under the same faults.
    fn play(&self, changes: &Study) -> Result<ExperimentResult, Exit> {
        let study = Study { without: Without::Off, ..changes.with_stopping(Stopping::Replications(self.replications)) };
        run::play(&study, 0, false)
    }
}

impl Cost {
    fn of(result: &ExperimentResult, scenario: usize) -> Option<Self> {
        let difference = result.scenarios.get(scenario)?.difference_to_baseline?;
        // Where no replication differs there is a bound only, and nothing to tell.
        let told = |change: Estimate| Some(change).filter(|change| !change.bound);
        Some(Self {
            experiment: result.experiment.clone(),
            downtime: told(difference.downtime_s_per_year),
            failed: told(difference.failed_request_s_per_year),
        })
    }

    /// In words: what the setting costs as it is.
    fn words(&self) -> String {
        let in_experiment = format!("in the experiment {}", self.experiment);
        let downtime = match &self.downtime {
            None => format!("none in any replication, {in_experiment}"),
            Some(change) => part(change, "downtime", &in_experiment),
        };
        let failed = self.failed.as_ref().map(|change| part(change, "failed requests", "as time of full traffic"));
        std::iter::once(downtime).chain(failed).collect::<Vec<_>>().join("; ")
    }
}

/// What the setting costs in one measure: what following the advice changes, turned round.
fn part(change: &Estimate, of: &str, where_or_how: &str) -> String {
    let in_full = |secs: f64| format::in_full_within(secs, format::half_width(change));
    let [low, high] = [change.low, change.high].map(in_full);
    let size = in_full(change.mean.abs());
    if change.high < 0.0 {
        let [least, most] = [-change.high, -change.low].map(in_full);
        format!("{size} of {of} a year, {where_or_how} (CI {least} to {most})")
    } else if change.low > 0.0 {
        format!(
            "less than nothing, {where_or_how}: following the advice adds {size} of {of} a year (CI {low} to {high})"
        )
    } else {
        format!(
            "not told apart from nothing, {where_or_how}: following the advice changes the {of} by {low} to {high} a year"
        )
    }
}

fn look_at(file: &Path) -> io::Result<Checked> {
    if file != Path::new("-") {
        return Ok(spec::check_file_with(file, &library::open));
    }
    Ok(spec::check_bytes_with(Path::new("<stdin>"), &spec::read_standard_input()?, &library::open))
}

/// What makes a finding the same as another one, in whatever scenario.
fn key(finding: &Finding) -> String {
    let Finding { diagnostic, cost } = finding;
    let Diagnostic { severity, file, line, column, path, message, .. } = diagnostic;
    let cost = cost.as_ref().map(Cost::words).unwrap_or_default();
    format!("{severity}\n{file}\n{line}:{column}\n{path}\n{message}\n{cost}")
}

/// Tells findings to people, and what it has told once not again.
#[derive(Default)]
struct Teller {
    /// By the kinds of advice: the help that was given.
    told: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Teller {
    fn tell(&mut self, finding: &Finding) {
        let mut diagnostic = finding.diagnostic.clone();
        let mut text = match diagnostic.advice {
            Some(advice) => {
                let is_known = self.told.contains_key(advice.id);
                let helps = self.told.entry(advice.id).or_default();
                diagnostic.help = diagnostic.help.filter(|help| helps.insert(help.clone()));
                if is_known { diagnostic.again().to_string() } else { diagnostic.to_string() }
            }
            None => diagnostic.to_string(),
        };
        if let Some(cost) = &finding.cost {
            let _ = write!(text, "\n{}", wrapped("      = cost: ", &cost.words()));
        }
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
    }
}

fn summary(checked: usize, advised: usize, unread: usize, is_valid: bool) -> String {
    let noun = if checked == 1 { "file" } else { "files" };
    let found = match (is_valid, unread) {
        (false, _) => "there are errors".to_owned(),
        (true, 0) => "no errors".to_owned(),
        (true, 1) if checked == 1 => "it holds nothing that hasim checks".to_owned(),
        (true, all) if all == checked => "they hold nothing that hasim checks".to_owned(),
        (true, some) => format!("no errors, and in {some} nothing that hasim checks"),
    };
    let advice = match advised {
        0 => String::new(),
        1 => ", 1 piece of advice".to_owned(),
        n => format!(", {n} pieces of advice"),
    };
    format!("{checked} {noun} checked: {found}{advice}\n")
}

/// The file itself, or the files of a folder and its folders that hasim can read, in the order of their names.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    collect(path, &mut files).map_err(|error| format!("cannot be read: {error}"))?;
    if files.is_empty() {
        return Err("is a folder without .yaml, .yml or .json files".to_owned());
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    files.extend(spec::files_in(folder)?);
    for folder in spec::folders_in(folder)? {
        collect(&folder, files)?;
    }
    Ok(())
}
