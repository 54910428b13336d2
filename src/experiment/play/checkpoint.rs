//! A checkpoint: how far an experiment has been played, and what came of it. It is enough to go on, to be joined with other
//! shards, and to make the answer from. It holds whole numbers only, so it does not matter where they were summed.

use serde::{Deserialize, Serialize};

use super::search;
use crate::experiment::estimate::{self, End, ScenarioFacts, StudyFacts};
use crate::experiment::tally::Tally;
use crate::results::ExperimentResult;
use crate::stats::Race;
use crate::study::{API_VERSION, Scenario, Stopping, Study};

/// A part of the replications of every scenario: batch k belongs to shard k mod `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// The number of this shard, from 0.
    pub index: u64,
    /// The number of shards.
    pub of: u64,
}

impl Shard {
    /// All replications.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

/// How far an experiment has been played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    version: String,
    #[serde(rename = "share")]
    pub(super) shard: Shard,
    /// The scenarios that are still played.
    pub(super) open: Vec<usize>,
    /// Up to here they are played before anything is decided.
    pub(super) goal: u64,
    /// The first replication that is not played; all before it are, in every open scenario.
    pub(super) next: u64,
    #[serde(rename = "outline")]
    pub(super) facts: StudyFacts,
    pub(super) tallies: Vec<Tally>,
    /// The search for the best scenario, if the experiment asks for one.
    pub(super) race: Option<Race>,
}

/// Why something played cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unlike {
    /// It is of another program.
    #[error("was written by hasim {0}, and this is {this}", this = env!("CARGO_PKG_VERSION"))]
    Version(String),
    /// It is of another experiment.
    #[error("belongs to another experiment: the {0} differs")]
    Experiment(&'static str),
    /// It is another part of the experiment.
    #[error("is shard {}/{} and not {}/{}", .found.index, .found.of, .wanted.index, .wanted.of)]
    Shard {
        /// What it is.
        found: Shard,
        /// What it should be.
        wanted: Shard,
    },
    /// It does not hold what it says.
    #[error("is damaged: {0}")]
    Damaged(&'static str),
    /// It is not at its end.
    #[error("is not finished: {played} of {of} replications; go on with --resume")]
    Unfinished {
        /// Replications that have been played.
        played: u64,
        /// Replications that are to be played.
        of: u64,
    },
    /// A shard occurs twice.
    #[error("is shard {0} once more")]
    Twice(u64),
    /// A shard is not there.
    #[error("shard {0} is missing")]
    Missing(u64),
}

impl Checkpoint {
    /// Nothing yet of this share of an experiment.
    pub fn nothing(study: &Study, shard: Shard) -> Self {
        let facts = StudyFacts::of(study);
        let controls = facts.controls();
        let tally = |scenario: &Scenario| Tally::nothing(scenario, &study.header.objective, controls);
        Self {
            api_version: API_VERSION.to_owned(),
            kind: "Played".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            shard,
            open: (0..study.scenarios.len()).collect(),
            goal: first_goal(study.header.stopping),
            next: 0,
            race: search::race(&facts),
            facts,
            tallies: study.scenarios.iter().map(tally).collect(),
        }
    }

    /// Which part of the experiment it is.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// Replications played, over all scenarios.
    pub fn replications(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.summary.replications()).sum()
    }

    /// Whether this can be gone on with where `fresh` would begin.
    ///
    /// # Errors
    /// If it is of another version, experiment or share, or damaged.
    pub fn continues(&self, fresh: &Self) -> Result<(), Unlike> {
        self.is_like(fresh)?;
        if self.shard != fresh.shard {
            return Err(Unlike::Shard { found: self.shard, wanted: fresh.shard });
        }
        Ok(())
    }

    fn is_like(&self, other: &Self) -> Result<(), Unlike> {
        if self.version != other.version {
            return Err(Unlike::Version(self.version.clone()));
        }
        if let Some(what) = self.facts.difference(&other.facts) {
            return Err(Unlike::Experiment(what));
        }
        self.is_whole()
    }

    /// Whether the sums have the shape that the scenarios ask for: a file may be anything.
    fn is_whole(&self) -> Result<(), Unlike> {
        let scenarios = self.facts.scenarios.len();
        if self.tallies.len() != scenarios || self.open.iter().any(|&scenario| scenario >= scenarios) {
            return Err(Unlike::Damaged("scenarios are missing"));
        }
        let asked = matches!(self.facts.header.stopping, Stopping::Selection(_));
        if self.race.is_some() != asked || self.race.as_ref().is_some_and(|race| !race.fits(scenarios)) {
            return Err(Unlike::Damaged("the search does not fit the experiment"));
        }
        let controls = self.facts.controls();
        let fits = |(tally, contents): (&Tally, &ScenarioFacts)| {
            tally.fits(contents.faults.len(), controls, contents.draws, contents.workloads.len())
        };
        if !self.tallies.iter().zip(&self.facts.scenarios).all(fits) {
            return Err(Unlike::Damaged("a sum does not fit its scenario"));
        }
        Ok(())
    }

    /// Joins the shards of one experiment; the file of each stands beside it, for messages.
    ///
    /// # Errors
    /// Names the file that is unfinished, unlike the first or there twice, or the shard that is missing.
    pub fn join<T: Clone>(shards: Vec<(T, Self)>) -> Result<(Self, ExperimentResult), (Option<T>, Unlike)> {
        let mut parts: Vec<Option<Self>> = Vec::new();
        let mut first: Option<Self> = None;
        for (file, shard) in shards {
            let fail = |error| (Some(file.clone()), error);
            shard.is_whole().map_err(fail)?;
            let like = first.get_or_insert_with(|| shard.clone());
            shard.is_like(like).map_err(fail)?;
            if shard.shard.of != like.shard.of || shard.shard.index >= shard.shard.of {
                let wanted = Shard { index: shard.shard.index, of: like.shard.of };
                return Err(fail(Unlike::Shard { found: shard.shard, wanted }));
            }
            if shard.next < shard.goal {
                return Err(fail(Unlike::Unfinished { played: shard.next, of: shard.goal }));
            }
            let index = shard.shard.index as usize;
            parts.resize_with(parts.len().max(index + 1), || None);
            if parts[index].is_some() {
                return Err(fail(Unlike::Twice(shard.shard.index)));
            }
            parts[index] = Some(shard);
        }
        let of = first.map_or(1, |shard| shard.shard.of);
        let missing = (0..of).find(|&index| parts.get(index as usize).is_none_or(Option::is_none));
        if let Some(missing) = missing {
            return Err((None, Unlike::Missing(missing)));
        }
        let mut parts = parts.into_iter().flatten();
        let mut whole = parts.next().expect("no shard is missing");
        for part in parts {
            for (ours, theirs) in whole.tallies.iter_mut().zip(&part.tallies) {
                ours.merge(theirs);
            }
        }
        let result = whole.answer(&End::Complete { missed: vec![] });
        Ok((whole, result))
    }

    pub(super) fn answer(&self, end: &End) -> ExperimentResult {
        estimate::experiment(&self.facts, &self.tallies, self.race.as_ref(), end)
    }
}

impl Checkpoint {
    /// Gives these scenarios of the answer their histograms, and notes that the others have none.
    pub fn add_histograms(&self, result: &mut ExperimentResult, which: &[usize]) {
        let baseline = self.facts.header.baseline;
        // Scenarios of the answer are those that were played, in their order.
        let numbers: Vec<usize> = (0..self.tallies.len()).filter(|&number| self.tallies[number].has_any()).collect();
        for &index in which {
            let number = numbers[index];
            let other = baseline.filter(|&baseline| baseline != number);
            let other = other.map(|other| (&self.facts.scenarios[other], &self.tallies[other]));
            let scenario_facts = &self.facts.scenarios[number];
            result.scenarios[index] = estimate::scenario(&self.facts, scenario_facts, &self.tallies[number], other);
        }
        result.notes.push(format!(
            "Of {} scenarios, {} have their histograms in results.json: the baseline, the recommended one, those that none beats in \
             cost and loss, and those that lose least.",
            result.scenarios.len(),
            which.len()
        ));
    }
}

/// Up to how many replications an experiment is played before anything is decided.
fn first_goal(stopping: Stopping) -> u64 {
    match stopping {
        Stopping::Replications(replications) => replications,
        Stopping::Precision(precision) => precision.min_replications.min(precision.max_replications),
        Stopping::Selection(selection) => search::FIRST_LOOK.min(selection.max_replications),
    }
}
