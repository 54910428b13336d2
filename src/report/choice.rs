//! What a choice is worth where something else is given: a startup probe, by how long the start takes.

use super::labels::{Column, Labels, distinct};
use super::loss;
use super::period::Period;
use crate::results::ExperimentResult;

/// Of scenarios in which one key is given and another chosen; `None` of others.
pub fn worth(result: &ExperimentResult) -> Option<String> {
    let labels = Labels::of(result);
    let varying: Vec<&Column> =
        labels.columns.iter().filter(|column| labels.varied && distinct(column).len() > 1).collect();
    match varying.as_slice() {
        [a, b] if is_given(a) != is_given(b) => {
            let (given, chosen) = if is_given(a) { (a, b) } else { (b, a) };
            worth_of(result, given, chosen)
        }
        _ => None,
    }
}

/// `With startUp.median 50s: 17 min of downtime a year with patient, 1.8 h with none`: the given value at which the choice matters most.
pub fn worth_of(result: &ExperimentResult, given: &Column, chosen: &Column) -> Option<String> {
    let (what, each) = (loss::what(result), Period::of(result).each());
    let lost = |i: usize| loss::lost(result, &result.scenarios[i]);
    let ends = |value: &String| {
        let its: Vec<usize> = (0..result.scenarios.len()).filter(|i| given.cells[*i] == *value).collect();
        let by_loss = |a: &usize, b: &usize| lost(*a).mean.total_cmp(&lost(*b).mean);
        Some((its.iter().copied().min_by(by_loss)?, its.iter().copied().max_by(by_loss)?))
    };
    let apart = |(least, most): &(usize, usize)| lost(*most).mean - lost(*least).mean;
    let all = distinct(given).into_iter().filter_map(ends);
    let (least, most) = all.max_by(|a, b| apart(a).total_cmp(&apart(b)))?;
    Some(format!(
        "With {}: {} of {what} {each} with {}, {} with {}",
        given.in_words(least),
        loss::amount(lost(least)),
        chosen.in_words(least),
        loss::amount(lost(most)),
        chosen.in_words(most)
    ))
}

/// Whether a key says what happens to a system, so that nobody chooses its value.
pub fn is_given(column: &Column) -> bool {
    ["faults", "script", "app"].iter().any(|input| column.key.split(['.', '[']).next() == Some(input))
}
