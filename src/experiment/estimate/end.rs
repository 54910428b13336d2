//! How a run ended, and what an answer says of that.

use super::facts::StudyFacts;
use super::precision::{Reached, asked};
use crate::experiment::tally::Tally;
use crate::study::{Precision, Stopping};

/// How a run ended.
pub enum End {
    /// As planned; for each scenario that missed a stated precision, which it reached.
    Complete { missed: Vec<(usize, Reached)> },
    /// It was told to stop.
    Interrupted,
}

/// How the run ended, where that is not self-evident.
pub fn note_on_the_end(study: &StudyFacts, tallies: &[Tally], end: &End) -> Option<String> {
    let replications = || tallies.iter().map(|tally| tally.summary.replications());
    match (end, study.header.stopping) {
        (End::Interrupted, _) => {
            let unseen = replications().filter(|&n| n == 0).count();
            let missing =
                if unseen == 0 { String::new() } else { format!("; {unseen} scenarios have none and are left out") };
            Some(format!("The run was interrupted: these are the replications played until then{missing}."))
        }
        (End::Complete { .. }, Stopping::Replications(_) | Stopping::Selection(_)) => None,
        (End::Complete { missed }, Stopping::Precision(precision)) => {
            let most = replications().max().unwrap_or(0);
            Some(if missed.is_empty() {
                format!("Precision: {} holds in every scenario, after {most} replications at most.", asked(&precision))
            } else {
                format!(
                    "Precision: {} was not reached within maxReplications ({}) by {}.",
                    asked(&precision),
                    precision.max_replications,
                    listed(study, missed, &precision)
                )
            })
        }
    }
}

fn listed(study: &StudyFacts, missed: &[(usize, Reached)], precision: &Precision) -> String {
    const NAMED: usize = 5;
    let one = |(number, reached): &(usize, Reached)| {
        format!("`{}` ({})", study.scenarios[*number].name, reached.words(precision))
    };
    let named = missed.iter().take(NAMED).map(one).collect::<Vec<_>>().join(", ");
    let more = missed.len().saturating_sub(NAMED);
    if more == 0 { named } else { format!("{named} and {more} more") }
}
