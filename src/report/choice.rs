//! What a choice is worth where something else is given: a startup probe, by how long the start takes.

use super::format;
use super::indifference::Indifference;
use super::labels::{CANDIDATE, Column, Labels, distinct};
use super::loss;
use super::period::Period;
use super::ranking::is_given;
use crate::results::{Estimate, ExperimentResult};

/// A grid in which one key is given and another chosen.
pub struct Choice {
    labels: Labels,
    given: usize,
    chosen: usize,
}

impl Choice {
    /// `None` of other grids.
    pub fn of(result: &ExperimentResult) -> Option<Self> {
        let labels = Labels::of(result);
        let varies = |at: &usize| {
            let cells = &labels.columns[*at].cells;
            labels.varied && cells.iter().any(|cell| *cell != cells[0])
        };
        let varying: Vec<usize> = (0..labels.columns.len()).filter(varies).collect();
        let [a, b] = varying[..] else { return None };
        let (given, chosen) = match [a, b].map(|at| is_given(&labels.columns[at].key)) {
            [true, false] => (a, b),
            [false, true] => (b, a),
            _ => return None,
        };
        Some(Self { labels, given, chosen })
    }

    /// `With startUp.median 50s: 17 min of downtime a year with “patient”, 1.8 h with “none”`: the given value at which the choice matters
    /// most.
    pub fn worth(&self, result: &ExperimentResult) -> Option<String> {
        worth_of(result, &self.labels.columns[self.given], &self.labels.columns[self.chosen])
    }

    /// The best choice where it matters most, and at the same value what the baseline has chosen; or the worst choice, where the
    /// baseline has chosen the best or there is none.
    pub fn pair(&self, result: &ExperimentResult) -> Option<(usize, usize)> {
        let [given, chosen] = [self.given, self.chosen].map(|at| &self.labels.columns[at].cells);
        let (least, most) = ends(result, &self.labels.columns[self.given])?;
        let baseline = result.scenarios.iter().position(|one| Some(&one.name) == result.baseline.as_ref());
        let there = (0..given.len()).filter(|&i| given[i] == given[least]);
        let its = baseline.and_then(|baseline| there.into_iter().find(|&i| chosen[i] == chosen[baseline]));
        Some((least, its.filter(|its| *its != least).unwrap_or(most)))
    }

    /// What a scenario has chosen.
    pub fn chosen(&self, scenario: usize) -> String {
        quoted(&self.labels.columns[self.chosen], scenario)
    }
}

/// Those of the least and the largest loss, with the given value at which they are furthest apart.
fn ends(result: &ExperimentResult, given: &Column) -> Option<(usize, usize)> {
    // What never gets its work done is no choice, however little it loses.
    let contenders = result.contenders();
    let lost = |i: usize| loss::lost(result, &result.scenarios[i]).mean;
    let of = |value: &String| {
        let its: Vec<usize> = contenders.iter().copied().filter(|i| given.cells[*i] == *value).collect();
        let by_loss = |a: &usize, b: &usize| lost(*a).total_cmp(&lost(*b));
        Some((its.iter().copied().min_by(by_loss)?, its.iter().copied().max_by(by_loss)?))
    };
    let apart = |(least, most): &(usize, usize)| lost(*most) - lost(*least);
    distinct(given).into_iter().filter_map(of).max_by(|a, b| apart(a).total_cmp(&apart(b)))
}

/// Whether any choice will do where this is given: no two differ by what matters, by their differences to the baseline where there is
/// one, which are from pairs.
fn is_free(result: &ExperimentResult, given: &Column, value: &str) -> bool {
    let there = |i: &usize| given.cells[*i] == value;
    let its: Vec<usize> = result.contenders().into_iter().filter(there).collect();
    // Where a choice blocks the work, or has no room, it does matter.
    if its.len() < 2 || its.len() < (0..result.scenarios.len()).filter(there).count() {
        return false;
    }
    let of = |i: usize| {
        let scenario = &result.scenarios[i];
        if result.baseline.as_ref() == Some(&scenario.name) {
            return Estimate::ZERO;
        }
        loss::difference(result, scenario).unwrap_or(*loss::lost(result, scenario))
    };
    let lost: Vec<Estimate> = its.into_iter().map(of).collect();
    let zone = Indifference::of(result).secs;
    let is_as_good = |a: &Estimate, b: &Estimate| loss::less(a, b).high <= zone && loss::less(b, a).high <= zone;
    lost.iter().enumerate().all(|(at, a)| lost[..at].iter().all(|b| is_as_good(a, b)))
}

/// A choice in a sentence, in which the name of a candidate would be read as a word of it.
fn quoted(column: &Column, scenario: usize) -> String {
    let words = column.in_words(scenario);
    if column.key == CANDIDATE { format!("“{words}”") } else { words }
}

/// What a choice is worth, whichever key is given: see [`Choice::worth`].
pub fn worth_of(result: &ExperimentResult, given: &Column, chosen: &Column) -> Option<String> {
    let (what, each) = (loss::what(result), Period::of(result).each());
    let lost = |i: usize| loss::amount(loss::lost(result, &result.scenarios[i]));
    let (least, most) = ends(result, given)?;
    // Choices that read the same are told together.
    let there = (0..result.scenarios.len()).filter(|&i| given.cells[i] == given.cells[least]);
    let told = &given.cells[least];
    let others = distinct(given).into_iter().filter(|value| *value != told);
    let same: Vec<String> = others.filter(|value| is_free(result, given, value)).cloned().collect();
    let same = if same.is_empty() {
        String::new()
    } else {
        let zone = Indifference::of(result).in_short();
        format!("; with {} the choice makes no difference that matters ({zone})", format::listed(&same))
    };
    let alike: Vec<String> = there.filter(|&i| i == most || lost(i) == lost(most)).map(|i| quoted(chosen, i)).collect();
    Some(format!(
        "With {}: {} of {what} {each} with {}, {} with {}{same}",
        given.in_words(least),
        lost(least),
        quoted(chosen, least),
        lost(most),
        alike.join(" or ")
    ))
}
