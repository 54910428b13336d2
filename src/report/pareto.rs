//! What availability costs: which scenarios nobody should take, as another costs no more and loses as little.

use crate::report::format;
use crate::report::loss;
use crate::report::ranking::{self, Ranking, Relation};
use crate::results::ExperimentResult;

/// How a scenario stands to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It surely loses less than any that costs no more, and that may matter.
    Front,
    /// Another costs no more, and may lose as little: the intervals do not tell.
    Perhaps,
    /// Another costs no more, and surely loses no more that matters.
    Dominated,
}

/// The place of every scenario; `None` unless all have a cost and not all the same.
///
/// From the cheapest on, each is on the front that surely loses less than all that are already there. Of equally cheap
/// ones the recommended one stands first, or that which would be preferred ([`Ranking`]).
pub fn places(result: &ExperimentResult) -> Option<Vec<Place>> {
    if !ranking::has_different_costs(result) {
        return None;
    }
    let best = Ranking::of(result)?;
    // Nobody should take what has no room for its replicas, whatever it costs.
    let mut order = result.contenders();
    order.sort_by(|&a, &b| best.by_cost(a, b));
    let mut places = vec![Place::Dominated; result.scenarios.len()];
    let mut front: Vec<usize> = Vec::new();
    for as_cheap in order.chunk_by(|&a, &b| best.by_cost(a, b).is_eq()) {
        let recommended = best.recommended.filter(|recommended| as_cheap.contains(recommended));
        let first = recommended.or_else(|| best.cheapest_unbeaten(as_cheap));
        for &i in first.iter().chain(as_cheap.iter().filter(|&&i| Some(i) != first)) {
            places[i] = front.iter().map(|&other| place(&best, i, other)).max().unwrap_or(Place::Front);
            if places[i] == Place::Front {
                front.push(i);
            }
        }
    }
    Some(places)
}

/// Where a scenario stands because of one on the front that costs no more.
fn place(best: &Ranking<'_>, i: usize, other: usize) -> Place {
    match best.relation(i, other) {
        Relation::Better => Place::Front,
        // A little more may be what it takes to meet the SLO.
        _ if best.meets(i) == Some(true) && best.meets(other) != Some(true) => Place::Front,
        Relation::Unclear => Place::Perhaps,
        Relation::AsGood | Relation::Worse => Place::Dominated,
    }
}

/// At most so many scenarios, in their order: the recommended one and the baseline, those of the front, then those that
/// lose least.
pub fn first(result: &ExperimentResult, most: usize) -> Vec<usize> {
    let recommended = Ranking::of(result).and_then(|best| best.recommended);
    let is_named = |i: usize| Some(i) == recommended || Some(&result.scenarios[i].name) == result.baseline.as_ref();
    let mut all: Vec<usize> = (0..result.scenarios.len()).collect();
    if all.len() > most {
        let places = places(result);
        let on_front = |i: usize| places.as_ref().is_some_and(|places| places[i] == Place::Front);
        let loss = |i: usize| loss::lost(result, &result.scenarios[i]).mean;
        all.sort_by(|&a, &b| {
            (is_named(b), on_front(b)).cmp(&(is_named(a), on_front(a))).then(loss(a).total_cmp(&loss(b)))
        });
        all.truncate(most);
        all.sort_unstable();
    }
    all
}

/// So many scenarios are drawn row by row and line by line: nobody tells more of them apart.
pub const MOST_DRAWN: usize = 60;

/// The scenarios that are drawn; in a large answer only these have histograms.
pub fn drawn(result: &ExperimentResult) -> Vec<usize> {
    first(result, MOST_DRAWN)
}

/// An amount of money: `USD 1,230`.
pub fn money(result: &ExperimentResult, cost: f64) -> String {
    match &result.currency {
        Some(currency) => format!("{currency} {}", amount(cost)),
        None => amount(cost),
    }
}

/// An amount without its currency.
pub fn amount(cost: f64) -> String {
    if cost < 100.0 { format::significant(cost, 3) } else { format::whole(cost.round() as u64) }
}
