//! Which of the replayed outages are drawn: none that tells what another one tells.

use std::collections::BTreeSet;

use crate::results::{ExperimentResult, Group, Replay};

/// Two outages tell the same if no more than this part of their length lies between them.
const ALIKE: f64 = 0.1;

/// Those that are drawn, in their order: the first, and each whose faults or length are other than those of all before it.
pub fn worth_drawing(result: &ExperimentResult) -> Vec<&Replay> {
    let mut drawn: Vec<&Replay> = Vec::new();
    for replay in &result.replays {
        if drawn.iter().all(|other| !tells_the_same(other, replay)) {
            drawn.push(replay);
        }
    }
    drawn
}

/// Whether the same struck, and the outages are about as long.
fn tells_the_same(one: &Replay, other: &Replay) -> bool {
    let (a, b) = (one.outage.length_s, other.outage.length_s);
    one.outage.without_end == other.outage.without_end
        && (a - b).abs() <= ALIKE * a.max(b)
        && struck(one) == struck(other)
}

/// What struck and what was done, without its place.
fn struck(replay: &Replay) -> BTreeSet<String> {
    let lanes = replay.lanes.iter().filter(|lane| matches!(lane.group, Group::Faults | Group::Operations));
    lanes.map(|lane| lane.name.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Lane, OutageExample};

    fn replay(length_s: f64, fault: &str) -> Replay {
        let outage =
            OutageExample { statistic: "max".to_owned(), length_s, replication: 0, number: 1, without_end: false };
        let lane = Lane { group: Group::Faults, name: fault.to_owned(), revision: None, spans: vec![], marks: vec![] };
        let scenario = "one".to_owned();
        Replay { scenario, outage, begins_s: 0.0, lasts_s: 100.0, outage_from_s: 30.0, cut: None, lanes: vec![lane] }
    }

    /// Rule: the same fault in another slot and a length nearly the same is the same story; another fault or length is not.
    #[test]
    fn a_story_is_told_once() {
        let first = replay(100.0, "container-crash slot 0");
        assert!(tells_the_same(&first, &replay(91.0, "container-crash slot 1")));
        assert!(!tells_the_same(&first, &replay(80.0, "container-crash slot 0")));
        assert!(!tells_the_same(&first, &replay(100.0, "node-crash node-1")));
    }
}
