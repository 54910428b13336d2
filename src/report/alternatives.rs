//! What another candidate in the place of the recommended one would change, with all other settings as they are: half of what most
//! questions about a grid ask.

use super::format;
use super::labels::{CANDIDATE, Column, Labels};
use super::loss;
use super::period::Period;
use super::ranking::{Ground, Ranking, Relation};
use crate::results::ExperimentResult;

/// The other candidates with all that else varies as it is recommended, as far as they are on offer. None where the candidates are all
/// that varies, as the table says so.
pub fn beside(best: &Ranking<'_>, result: &ExperimentResult) -> Vec<usize> {
    let Some(recommended) = best.recommended else { return Vec::new() };
    let labels = Labels::of(result);
    let varies = |column: &&Column| column.cells.iter().any(|cell| *cell != column.cells[0]);
    let (candidates, others): (Vec<&Column>, Vec<&Column>) =
        labels.columns.iter().filter(varies).partition(|column| column.key == CANDIDATE);
    let [candidate] = candidates[..] else { return Vec::new() };
    let is_as_recommended = |column: &&Column, i: usize| column.cells[i] == column.cells[recommended];
    let blocked = best.blocked();
    let is_beside = |&i: &usize| {
        !is_as_recommended(&candidate, i)
            && others.iter().all(|column| is_as_recommended(column, i))
            && !blocked.contains(&i)
            && !result.scenarios[i].unplaceable
    };
    if others.is_empty() { Vec::new() } else { (0..result.scenarios.len()).filter(is_beside).collect() }
}

/// `In place of “spot”, “one-zone” loses 8.3 (6.9–11) min of failed requests a year more; “mixed” loses as little within 3.2 s a year.` `None`
/// where the candidates are all that varies, as the table says so, or a search has chosen.
pub fn sentence(best: &Ranking<'_>, result: &ExperimentResult) -> Option<String> {
    let recommended = best.recommended.filter(|_| best.ground != Ground::Search)?;
    let labels = Labels::of(result);
    let names = &labels.columns.iter().find(|column| column.key == CANDIDATE)?.cells;
    let name = |i: usize| &names[i];
    let beside = beside(best, result);
    let (what, each) = (loss::words_of(loss::loss_of(result)), Period::of(result).each());
    let quoted = |of: &[usize]| format::listed(&of.iter().map(|&i| format!("“{}”", name(i))).collect::<Vec<_>>());
    let of = |wanted: Relation| -> Vec<usize> {
        let mut found: Vec<usize> =
            beside.iter().copied().filter(|&i| best.relation(i, recommended) == wanted).collect();
        found.sort_by(|&a, &b| best.difference(b, recommended).mean.total_cmp(&best.difference(a, recommended).mean));
        found
    };
    let [worse, better, same, unclear] =
        [Relation::Worse, Relation::Better, Relation::AsGood, Relation::Unclear].map(of);
    // That none matters is what keeping the baseline says.
    if worse.is_empty() && better.is_empty() && best.baseline == best.recommended {
        return None;
    }
    let mut parts = Vec::new();
    for (which, more) in [(worse, "more"), (better, "less")] {
        for (n, i) in which.into_iter().enumerate() {
            let difference = best.difference(i, recommended);
            let amount = if more == "more" { difference } else { difference.negated() };
            let unit = if n == 0 { format!(" of {what} {each} {more}") } else { format!(" {more}") };
            parts.push(format!("“{}” loses {}{unit}", name(i), format::span_with_error(&amount)));
        }
    }
    let lose = |of: &[usize]| if of.len() == 1 { "loses" } else { "lose" };
    if !same.is_empty() {
        parts.push(format!("{} {} as little within {}", quoted(&same), lose(&same), best.indifference.in_short()));
    }
    if !unclear.is_empty() {
        let are = if unclear.len() == 1 { "is" } else { "are" };
        parts.push(format!("{} {are} not told apart from it", quoted(&unclear)));
    }
    (!parts.is_empty()).then(|| format!("In place of “{}”, {}.", name(recommended), parts.join("; ")))
}
