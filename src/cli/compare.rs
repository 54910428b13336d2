//! `hasim compare BEFORE AFTER`: what a change of a manifest does to availability, with an exit code for a pipeline.
//!
//! Both manifests are scenarios of one experiment that meet the same faults, so the difference is known far better than
//! either side. What the manifests do not say comes from bundled models, or from files that are named.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anstyle::AnsiColor;
use serde_json::{Map, json};

use super::bundled::{Playing, Surroundings, Unwritten, named};
use super::{Exit, Format, complain};
use crate::experiment::{Estimate, ExperimentResult, Target, Verdict};
use crate::report::human;
use crate::spec::{Bound, Goal, Study};
use crate::study::Metric;

/// Replications of a year, if no number is asked for.
const REPLICATIONS: u64 = 2_000;

/// Two manifests, and when the second is too bad.
#[derive(Debug)]
pub(super) struct Compare {
    pub before: PathBuf,
    pub after: PathBuf,
    pub around: Surroundings,
    pub fail_below: Option<f64>,
    /// Seconds a year.
    pub max_regression: Option<f64>,
    pub replications: Option<u64>,
    pub playing: Playing,
}

impl Compare {
    pub fn execute(self) -> Exit {
        let study = match self.study() {
            Ok(study) => study,
            Err(exit) => return exit,
        };
        // A system under two names differs by exactly nothing, which no number of replications shows.
        let [before, after] = [0, 1].map(|number| (&study.scenarios[number].model, &study.scenarios[number].draws));
        let same = before == after;
        match self.playing.play(&study) {
            Ok(result) => self.deliver(&result, same),
            Err(exit) => exit,
        }
    }

    fn study(&self) -> Result<Study, Exit> {
        if self.before == Path::new("-") && self.after == Path::new("-") {
            complain("standard input can be one of the manifests, not both");
            return Err(Exit::WrongUse);
        }
        let before = named(&self.before)?;
        let mut fields = Map::new();
        fields.insert("deployment".to_owned(), json!(before));
        fields.insert(
            "candidates".to_owned(),
            json!([{"name": "before"}, {"name": "after", "deployment": named(&self.after)?}]),
        );
        fields.insert("baseline".to_owned(), json!("before"));
        let manifests = [("BEFORE", self.before.as_path()), ("AFTER", self.after.as_path())];
        let comparison = Unwritten::new("comparison", &manifests, fields);
        self.around.study_of(&comparison, &self.playing, self.replications, REPLICATIONS)
    }

    fn deliver(&self, result: &ExperimentResult, same: bool) -> Exit {
        let after = &result.scenarios[1];
        let difference = after.difference_to_baseline.as_ref().map(|difference| difference.downtime_s_per_year);
        let difference = difference.filter(|_| !same);
        let change = self.change(difference.as_ref());
        let slo = self.fail_below.map(|slo| {
            let goal = Goal { metric: Metric::Availability, bound: Bound::AtLeast(slo) };
            (slo, Target::of(&goal, after).verdict)
        });
        let answer = match self.playing.output {
            Format::Table => words(difference.as_ref(), change, slo, self.max_regression),
            _ => String::new(),
        };
        let delivered = self.playing.deliver(&answer, result);
        // Without a limit a change is a regression only where it surely is one.
        let regresses = if self.max_regression.is_some() { change != Verdict::Pass } else { change == Verdict::Fail };
        let is_below = slo.is_some_and(|(_, verdict)| verdict != Verdict::Pass);
        delivered.then(if regresses || is_below { Exit::TargetMissed } else { Exit::Done })
    }

    /// How the difference stands to what it may be.
    fn change(&self, difference: Option<&Estimate>) -> Verdict {
        let most = self.max_regression.unwrap_or(0.0);
        match difference {
            Some(difference) if difference.low > most => Verdict::Fail,
            Some(difference) if difference.high > most => Verdict::Undecided,
            _ => Verdict::Pass,
        }
    }
}

/// The answer in two lines.
fn words(
    difference: Option<&Estimate>,
    change: Verdict,
    slo: Option<(f64, Verdict)>,
    max_regression: Option<f64>,
) -> String {
    let mut text = String::new();
    let mut line = |verdict: Verdict, words: &str| {
        let (word, color) = match verdict {
            Verdict::Pass => ("PASS", AnsiColor::Green),
            Verdict::Fail => ("FAIL", AnsiColor::Red),
            Verdict::Undecided => ("UNDECIDED", AnsiColor::Yellow),
        };
        let style = color.on_default().bold();
        let _ = writeln!(text, "{style}{word:9}{style:#} {words}");
    };
    let limit = max_regression.map_or(String::new(), |most| format!(" (may add {})", human::in_full(most)));
    let change_in_words = match difference {
        None => "the same system in both manifests".to_owned(),
        Some(d) if d.bound => format!(
            "no difference in any replication: at most {} of downtime a year either way",
            human::in_full(d.high)
        ),
        Some(d) => {
            let [size, low, high] =
                [d.mean.abs(), d.low, d.high].map(|secs| human::in_full_within(secs, human::half_width(d)));
            let word = if d.mean < 0.0 { "less" } else { "more" };
            format!("{size} {word} downtime a year (CI {low} to {high})")
        }
    };
    line(change, &format!("after against before: {change_in_words}{limit}"));
    if let Some((slo, verdict)) = slo {
        line(verdict, &format!("after: availability at least {}", human::plain_percent(slo)));
    }
    text.push('\n');
    text
}
