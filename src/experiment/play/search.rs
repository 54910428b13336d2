//! The search for the best scenario: candidates are compared sequentially, and an eliminated one gets no further replications.

use crate::experiment::estimate::StudyFacts;
use crate::model::YEAR;
use crate::results::contenders;
use crate::stats::{Contest, Race};
use crate::study::{Selection, Stopping, Wanted};

/// Replications of every scenario before the first is let go.
pub const FIRST_LOOK: u64 = 64;

/// The search at its start, if the experiment asks for one.
pub fn race(study: &StudyFacts) -> Option<Race> {
    let Stopping::Selection(Selection { goal, indifference_secs, .. }) = study.header.stopping else { return None };
    let horizon = study.horizon().as_secs_f64();
    let zone = indifference_secs * 1e6 * horizon / YEAR.as_secs_f64();
    let contest = match goal {
        Wanted::Best => Contest::Least,
        Wanted::Cheapest => Contest::Cheapest {
            limit: (1.0 - study.header.objective.slo.unwrap_or(0.0)) * 1e6 * horizon,
            costs: study.scenarios.iter().map(|scenario| scenario.cost_per_year.unwrap_or(0.0)).collect(),
        },
    };
    let mut race = Race::new(study.scenarios.len(), contest, study.header.confidence, zone);
    let contenders = contenders(study.scenarios.iter().map(|scenario| scenario.unplaceable));
    (0..study.scenarios.len()).filter(|number| !contenders.contains(number)).for_each(|number| race.bar(number));
    Some(race)
}

/// The replications at which the search looks again.
pub fn next_look(replications: u64, batch: u64) -> u64 {
    replications + (replications / 4).div_ceil(batch) * batch
}
