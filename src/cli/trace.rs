//! `hasim trace`: one replication, line by line.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::ValueEnum;

use super::progress::Bar;
use super::{Exit, complain, load, print};
use crate::app::{Event, Listener as _};
use crate::durations;
use crate::experiment::{self, Options, RunError};
use crate::history::{Outage, Timeline};
use crate::report::format::{quoted, significant};
use crate::report::json;
use crate::report::timeline::{Excerpt, longest, perfetto, render, story};
use crate::results::{ExperimentResult, OutageExample};
use crate::spec::Overrides;
use crate::study::{Scenario, Stopping, Study};
use crate::time::{Duration, SimTime};

/// Names in an error: more are not read.
const MAX_NAMES: usize = 20;
/// More probes one by one are gigabytes, which nobody reads.
const MAX_PROBES: u64 = 1_000_000;
/// A longer text is not read line by line.
const LONG: usize = 500;

/// Which replication, and what of it.
#[derive(Debug)]
pub(super) struct Trace {
    pub experiment: PathBuf,
    pub scenario: Option<String>,
    /// 0 if not given, and where the longest outage of the run is asked for, the one that has it.
    pub replication: Option<u64>,
    pub seed: Option<u64>,
    pub part: Part,
    pub each_probe: bool,
    pub rules: bool,
    pub format: Told,
    pub quiet: bool,
}

/// How a replication is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Told {
    /// Line by line.
    #[default]
    Text,
    /// As lanes, in the Trace Event Format: open it at ui.perfetto.dev.
    Perfetto,
}

/// Which part of the replication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// Between two instants; from the start of counting to the end where one is not given.
    Between(Option<Moment>, Option<Moment>),
    /// Around an outage.
    Around(Which),
}

/// An outage of the counted time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The n-th, from 1.
    Number(usize),
    Longest,
}

impl std::str::FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if number > 0 => Ok(Self::Number(number)),
            _ if text == "longest" => Ok(Self::Longest),
            _ => Err("must be `longest` or the number of an outage, from 1".to_owned()),
        }
    }
}

/// An instant relative to the start of counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    before: bool,
    distance: Duration,
}

impl Moment {
    fn from(self, zero: SimTime) -> SimTime {
        if self.before { zero.earlier_by(self.distance) } else { zero + self.distance }
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    /// A duration (`90s`, `12d3h`), or an instant as a trace shows it (`+12d 03:04:05.678`); `-` is before the start of
    /// counting.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (before, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let distance = if text.contains(':') { clock(text) } else { durations::parse(text).ok() };
        let malformed =
            "must be an instant as the trace shows it, such as `+12d 03:04:05.678`, or a duration such as 90s";
        distance.map(|distance| Self { before, distance }).ok_or_else(|| malformed.to_owned())
    }
}

/// Reads `12d 03:04:05.678`; days and decimals may be left out.
fn clock(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once('d') {
        Some((days, clock)) => (days.trim().parse::<u64>().ok().filter(|&days| days <= 36_500)?, clock.trim_start()),
        None => (0, text),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let &[hours, minutes, secs] = parts.as_slice() else { return None };
    let number = |text: &str, limit: u64| {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().ok()).flatten().filter(|&n| n < limit)
    };
    let whole = number(hours, 24)? * 3600 + number(minutes, 60)? * 60;
    let secs = match secs.split_once('.') {
        Some((whole, _)) => number(whole, 60).and_then(|_| durations::parse(&format!("{secs}s")).ok())?,
        None => Duration::from_secs(number(secs, 60)?),
    };
    Some(Duration::from_secs(days * 86_400 + whole) + secs)
}

impl Trace {
    pub fn execute(self) -> Exit {
        let overrides = Overrides { seed: self.seed, ..Overrides::default() };
        let study = match load(&self.experiment, "trace", overrides, self.quiet) {
            Ok(study) => study,
            Err(exit) => return exit,
        };
        let scenario = match self.scenario(&study) {
            Ok(scenario) => &study.scenarios[scenario],
            Err(message) => {
                complain(message);
                return Exit::WrongUse;
            }
        };
        match (self.part, self.replication) {
            (Part::Around(Which::Longest), None) => match self.longest_of_the_run(&study, scenario) {
                Ok((replication, which)) => self.tell(&study, scenario, replication, Part::Around(which)),
                Err(exit) => exit,
            },
            (part, replication) => self.tell(&study, scenario, replication.unwrap_or(0), part),
        }
    }

    /// The replication with the longest outage of the run, and which of its outages that is: as the results have it, or
    /// found by playing.
    fn longest_of_the_run(&self, study: &Study, scenario: &Scenario) -> Result<(u64, Which), Exit> {
        let known = self.results().filter(|result| self.seed.is_none_or(|seed| seed == result.seed));
        let result = match known {
            Some(result) => result,
            None => self.play(&alone(study, scenario))?,
        };
        let played = result.scenarios.iter().find(|played| played.name == scenario.name);
        let longest = played.and_then(|played| played.outage_examples.iter().find(|one| one.statistic == "max"));
        let Some(OutageExample { replication, number, .. }) = longest else {
            let replications = played.map_or(0, |played| played.replications);
            complain(format_args!(
                "no outage in {replications} replications of '{}': show one of them with --replication",
                scenario.name
            ));
            return Err(Exit::WrongUse);
        };
        if !self.quiet {
            let note = format!("note: the longest outage of the run: replication {replication}, outage {number}");
            let _ = writeln!(anstream::stderr(), "{note}");
        }
        Ok((*replication, usize::try_from(*number).map_or(Which::Longest, Which::Number)))
    }

    /// The results that were given instead of an experiment, if this version of hasim has written them.
    fn results(&self) -> Option<ExperimentResult> {
        let text = std::fs::read_to_string(&self.experiment).ok().filter(|text| text.trim_start().starts_with('{'))?;
        json::parse(&text).ok().filter(|result| result.version == env!("CARGO_PKG_VERSION") && !result.interrupted)
    }

    fn play(&self, study: &Study) -> Result<ExperimentResult, Exit> {
        let bar = Bar::new(self.quiet);
        let (stop, progress) = (AtomicBool::new(false), &mut |progress| bar.hear(&Event::Progress(progress)));
        let options = Options { threads: 0, stop: &stop, progress };
        let played = experiment::run(study, options, experiment::replicate);
        bar.hear(&Event::StageEnded);
        played.map_err(|error| {
            complain(&error);
            if let Some(command) = replay(&self.experiment, &error) {
                let _ = writeln!(anstream::stderr(), "help: replay it alone: {command}");
            }
            Exit::Failed
        })
    }

    /// Tells a part of a replication.
    fn tell(&self, study: &Study, scenario: &Scenario, replication: u64, part: Part) -> Exit {
        let model = scenario.model_of(replication);
        let trace = experiment::trace(model, study.header.seed, replication);
        let text = bounds(&trace.timeline, replication, part).and_then(|(from, to)| {
            let excerpt = Excerpt { from, to, each_probe: self.each_probe, rules: self.rules };
            let probes = if self.each_probe { trace.timeline.probes_between(from, to) } else { 0 };
            if probes > MAX_PROBES {
                return Err(format!(
                    "--probes: {} probes are more than {} to be told one by one\nhelp: choose a part with --outage, or with \
                     --from and --to",
                    significant(probes as f64, 2),
                    significant(MAX_PROBES as f64, 1),
                ));
            }
            Ok(match self.format {
                Told::Text => render(&trace.timeline, model, excerpt),
                Told::Perfetto => perfetto(&trace.timeline, model, excerpt) + "\n",
            })
        });
        let printed = match &text {
            Ok(text) => print(text),
            Err(message) => {
                complain(message);
                Exit::WrongUse
            }
        };
        if let Some(message) = trace.panicked {
            complain(format_args!("a bug of hasim: the replication panicked here: {message}"));
            return Exit::Failed;
        }
        let Ok(text) = text else { return printed };
        let lines = text.lines().count();
        if !self.quiet && self.format == Told::Text && lines > LONG && matches!(part, Part::Between(..)) {
            let hint = "show a part with --outage longest, or with --from and --to";
            let _ = writeln!(anstream::stderr(), "note: {lines} lines; {hint}");
        }
        printed
    }

    /// The one that was named; else the baseline, or the only one.
    fn scenario(&self, study: &Study) -> Result<usize, String> {
        let names = || {
            let shown = study.scenarios.iter().take(MAX_NAMES).map(|scenario| format!("\n  '{}'", scenario.name));
            let more = study.scenarios.len().saturating_sub(MAX_NAMES);
            let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            format!("{}{more}", shown.collect::<String>())
        };
        let Some(wanted) = &self.scenario else {
            return match (study.header.baseline, study.scenarios.len()) {
                (Some(baseline), _) => Ok(baseline),
                (None, 1) => Ok(0),
                _ => Err(format!("the experiment has several scenarios: choose one with --scenario{}", names())),
            };
        };
        study
            .scenarios
            .iter()
            .position(|scenario| scenario.name == *wanted)
            .ok_or_else(|| format!("there is no scenario '{wanted}'; the experiment has{}", names()))
    }
}

/// The study with this scenario alone, where its replications do not hang on the others; else the whole.
fn alone(study: &Study, scenario: &Scenario) -> Study {
    let mut study = study.clone();
    let is_baseline = study.header.baseline.is_some_and(|baseline| study.scenarios[baseline].name == scenario.name);
    match study.header.stopping {
        Stopping::Selection(_) => return study,
        // The baseline is played for as long as any other.
        Stopping::Precision(_) if is_baseline => return study,
        Stopping::Precision(_) | Stopping::Replications(_) => {}
    }
    study.scenarios = vec![Scenario { compared_with: None, ..scenario.clone() }];
    study.header.baseline = None;
    study.header.sensitivity.clear();
    study.header.goals.clear();
    study
}

/// From when to before when this part of a replication is told.
fn bounds(timeline: &Timeline, replication: u64, part: Part) -> Result<(SimTime, SimTime), String> {
    // What happens in the last instant is shown too.
    let end = timeline.end + Duration::from_nanos(1);
    match part {
        Part::Between(from, to) => {
            let at = |moment: Moment| moment.from(timeline.counted_from);
            // A replication that panicked may not have come that far.
            let start = if timeline.counted_from < end { timeline.counted_from } else { SimTime::ZERO };
            let (from, to) = (from.map_or(start, at), to.map_or(end, at).min(end));
            if from < to {
                Ok((from, to))
            } else if from >= end {
                let days = timeline.end.saturating_since(timeline.counted_from).as_secs_f64() / 86_400.0;
                Err(format!("--from lies after the end of the replication, {days:.1} d after the start of counting"))
            } else {
                Err("--from must lie before --to".to_owned())
            }
        }
        Part::Around(which) => {
            let outages: Vec<Outage> = timeline.counted_outages().collect();
            let found = match which {
                Which::Number(number) => outages.get(number - 1),
                Which::Longest => longest(&outages, timeline.end).map(|i| &outages[i]),
            };
            let Some(outage) = found else {
                let has = match outages.len() {
                    0 => "no outage: try another --replication, or show all of it".to_owned(),
                    1 => "one outage only".to_owned(),
                    n => format!("{n} outages only"),
                };
                return Err(format!("replication {replication} has {has}"));
            };
            Ok(story(timeline, *outage))
        }
    }
}

/// The command that shows what led to a panic.
pub(super) fn replay(experiment: &Path, error: &RunError) -> Option<String> {
    let RunError::Panicked { scenario, seed, index, .. } = error else { return None };
    let experiment = quoted(&experiment.to_string_lossy());
    Some(format!("hasim trace {experiment} --seed {seed} --replication {index} --scenario={}", quoted(scenario)))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::low_args::{LowArgs, LowCommand};

    #[cfg(unix)]
    #[test]
    fn the_command_after_a_panic_can_be_pasted_into_a_shell() {
        let scenario = "it's=[1, 2] $HOME";
        let error = RunError::Panicked { scenario: scenario.into(), seed: 7, index: 12, message: "x".into() };
        let command = replay(Path::new("my experiments/a.yaml"), &error).unwrap();
        let script = format!("hasim() {{ printf '%s\\0' hasim \"$@\"; }}; {command}");
        let words = std::process::Command::new("sh").args(["-c", &script]).output().unwrap().stdout;
        let words = String::from_utf8(words).unwrap();
        let Some(LowCommand::Trace(args)) = LowArgs::parse_from(words.trim_end_matches('\0').split('\0')).command
        else {
            panic!("{command}");
        };
        assert_eq!(args.experiment, Path::new("my experiments/a.yaml"));
        assert_eq!((args.seed, args.replication, args.scenario.as_deref()), (Some(7), Some(12), Some(scenario)));
    }

    #[test]
    fn a_replication_that_panics_in_its_warm_up_is_shown_from_its_beginning() {
        let at = |secs| SimTime::ZERO + Duration::from_secs(secs);
        let timeline = Timeline {
            counted_from: at(100),
            counted_to: at(200),
            end: at(7),
            pods: vec![],
            entries: vec![],
            looks: vec![],
            delivering: vec![],
            outages: vec![],
            rollouts: vec![],
        };
        let all = Part::Between(None, None);
        assert_eq!(bounds(&timeline, 0, all), Ok((SimTime::ZERO, at(7) + Duration::from_nanos(1))));
        assert_eq!(bounds(&Timeline { end: at(150), ..timeline }, 0, all).unwrap().0, at(100));
    }

    #[test]
    fn instants_are_read_as_they_are_shown() {
        let zero = SimTime::ZERO + Duration::from_secs(7 * 86_400);
        let at = |text: &str| text.parse::<Moment>().map(|moment| moment.from(zero));
        let millis = |millis: u64| Ok(zero + Duration::from_millis(millis));
        assert_eq!(at("+12d 03:04:05.678"), millis(1_047_845_678));
        assert_eq!(at("00:02:13"), millis(133_000));
        assert_eq!(at("90s"), millis(90_000));
        assert_eq!(at("-7d"), Ok(SimTime::ZERO));
        assert_eq!(
            at("-00:00:01"),
            Ok(zero + Duration::ZERO).map(|t: SimTime| SimTime::from_nanos(t.as_nanos() - 1_000_000_000))
        );
        for wrong in ["", "12", "1:2", "25:00:00", "00:60:00", "00:00:61.5", "x", "1e3d 00:00:00", "+-1s", "00:00:1.x"]
        {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
