//! How far an experiment has been played, and what came of it: enough to go on, to be joined with other shards, and to
//! make the answer from. It holds whole numbers only, so it does not matter where they were summed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer;
use super::result::{ExperimentResult, FaultInfo};
use super::runner::{End, Tally};
use super::selection;
use super::summary::Summary;
use super::unseen::Coincidence;
use crate::stats::Race;
use crate::study::{API_VERSION, Scenario, Stopping, Study, StudyHeader};
use crate::time::Duration;

/// A part of the replications of every scenario: batch k belongs to shard k mod `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Which one, from 0.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    /// All replications.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

/// An experiment without its models: what is asked, and what an answer tells of the models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Outline {
    #[serde(flatten)]
    pub header: StudyHeader,
    pub horizon_ns: u64,
    pub warm_up_ns: u64,
    pub currency: Option<String>,
    /// Of the baseline, or the first scenario.
    pub faults: Vec<FaultInfo>,
    pub scenarios: Vec<Contents>,
}

/// A scenario without its model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Contents {
    pub name: String,
    pub parameters: Map<String, Value>,
    /// Names of its faults.
    pub faults: Vec<String>,
    pub draws: usize,
    pub replicas: u32,
    /// It is the same system as the one that it is compared with, under another name.
    pub is_as_compared: bool,
    pub coincidence: Coincidence,
    pub node_hours_per_year: f64,
    pub cost_per_year: Option<f64>,
    pub unplaceable: bool,
}

impl Contents {
    fn of(study: &Study, number: usize) -> Self {
        let scenario = &study.scenarios[number];
        let model = &scenario.model;
        let played = |number: usize| (&study.scenarios[number].model, &study.scenarios[number].draws);
        Self {
            name: scenario.name.clone(),
            parameters: scenario.parameters.clone(),
            faults: model.faults.iter().map(|fault| fault.name.clone()).collect(),
            draws: scenario.draws.len(),
            replicas: model.deployment.replicas,
            is_as_compared: study.compared_with(number).is_some_and(|other| played(number) == played(other)),
            coincidence: Coincidence::of(model, &scenario.draws),
            node_hours_per_year: selection::node_hours_per_year(model),
            cost_per_year: selection::cost_per_year(model),
            unplaceable: scenario.unplaceable,
        }
    }
}

impl Outline {
    fn of(study: &Study) -> Self {
        let model = &study.scenarios[study.header.baseline.unwrap_or(0)].model;
        Self {
            header: study.header.clone(),
            horizon_ns: model.horizon.as_nanos(),
            warm_up_ns: model.warm_up.as_nanos(),
            currency: model.cluster.prices.as_ref().and_then(|prices| prices.currency.clone()),
            faults: model.faults.iter().map(FaultInfo::of).collect(),
            scenarios: (0..study.scenarios.len()).map(|number| Contents::of(study, number)).collect(),
        }
    }

    /// How many controls come with a difference: one for each fault of the scenario that others are compared with.
    pub fn controls(&self) -> usize {
        let StudyHeader { baseline, sensitivity, .. } = &self.header;
        let first = baseline.or((!sensitivity.is_empty()).then_some(0));
        first.map_or(0, |first| self.scenarios[first].faults.len())
    }

    pub fn horizon(&self) -> Duration {
        Duration::from_nanos(self.horizon_ns)
    }

    pub fn warm_up(&self) -> Duration {
        Duration::from_nanos(self.warm_up_ns)
    }

    /// In what two experiments differ, in a word.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        let differences = [
            ("experiment", self.header.name != other.header.name),
            ("seed", self.header.seed != other.header.seed),
            ("number of replications or precision", self.header.stopping != other.header.stopping),
            ("inputs", self.header.inputs != other.header.inputs),
            ("scenarios", self != other),
        ];
        differences.into_iter().find(|(_, differs)| *differs).map(|(word, _)| word)
    }
}

/// How far an experiment has been played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Played {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    version: String,
    pub(super) share: Share,
    /// The scenarios that are still played.
    pub(super) open: Vec<usize>,
    /// Up to here they are played before anything is decided.
    pub(super) goal: u64,
    /// The first replication that is not played; all before it are, in every open scenario.
    pub(super) next: u64,
    pub(super) outline: Outline,
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
    Share {
        /// What it is.
        found: Share,
        /// What it should be.
        wanted: Share,
    },
    /// It does not hold what it says.
    #[error("is damaged: {0}")]
    Damaged(&'static str),
    /// It is not at its end.
    #[error("is not finished: {played} of {of} replications; go on with --resume")]
    Unfinished {
        /// So far.
        played: u64,
        /// To be played.
        of: u64,
    },
    /// A shard occurs twice.
    #[error("is shard {0} once more")]
    Twice(u64),
    /// A shard is not there.
    #[error("shard {0} is missing")]
    Missing(u64),
}

impl Played {
    /// Nothing yet of this share of an experiment.
    pub fn nothing(study: &Study, share: Share) -> Self {
        let outline = Outline::of(study);
        let controls = outline.controls();
        let tally =
            |s: &Scenario| Tally::empty(Summary::empty(&s.model, &study.header.objective), controls, s.draws.len());
        Self {
            api_version: API_VERSION.to_owned(),
            kind: "Played".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            share,
            open: (0..study.scenarios.len()).collect(),
            goal: super::runner::first_goal(study.header.stopping),
            next: 0,
            race: selection::race(&outline),
            outline,
            tallies: study.scenarios.iter().map(tally).collect(),
        }
    }

    /// Which part of the experiment it is.
    pub fn share(&self) -> Share {
        self.share
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
        if self.share != fresh.share {
            return Err(Unlike::Share { found: self.share, wanted: fresh.share });
        }
        Ok(())
    }

    fn is_like(&self, other: &Self) -> Result<(), Unlike> {
        if self.version != other.version {
            return Err(Unlike::Version(self.version.clone()));
        }
        if let Some(what) = self.outline.difference(&other.outline) {
            return Err(Unlike::Experiment(what));
        }
        self.is_whole()
    }

    /// Whether the sums have the shape that the scenarios ask for: a file may be anything.
    fn is_whole(&self) -> Result<(), Unlike> {
        let scenarios = self.outline.scenarios.len();
        if self.tallies.len() != scenarios || self.open.iter().any(|&scenario| scenario >= scenarios) {
            return Err(Unlike::Damaged("scenarios are missing"));
        }
        let asked = matches!(self.outline.header.stopping, Stopping::Selection(_));
        if self.race.is_some() != asked || self.race.as_ref().is_some_and(|race| !race.fits(scenarios)) {
            return Err(Unlike::Damaged("the search does not fit the experiment"));
        }
        let controls = self.outline.controls();
        let fits = |(tally, contents): (&Tally, &Contents)| {
            tally.summary.fits(contents.faults.len())
                && tally.have_controls(controls)
                && tally.draws.len() == contents.draws
        };
        if !self.tallies.iter().zip(&self.outline.scenarios).all(fits) {
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
            if shard.share.of != like.share.of || shard.share.index >= shard.share.of {
                let wanted = Share { index: shard.share.index, of: like.share.of };
                return Err(fail(Unlike::Share { found: shard.share, wanted }));
            }
            if shard.next < shard.goal {
                return Err(fail(Unlike::Unfinished { played: shard.next, of: shard.goal }));
            }
            let index = shard.share.index as usize;
            parts.resize_with(parts.len().max(index + 1), || None);
            if parts[index].is_some() {
                return Err(fail(Unlike::Twice(shard.share.index)));
            }
            parts[index] = Some(shard);
        }
        let of = first.map_or(1, |shard| shard.share.of);
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
        answer::experiment(&self.outline, &self.tallies, self.race.as_ref(), end)
    }
}
