//! Charts for a design review: each a function of the result, laid out once, painted as SVG and as PNG.
//!
//! A chart is a [`Picture`]: marks with coordinates. [`svg`] and [`png()`] paint the
//! same marks, so both look alike, and their bytes depend on the result only.

mod attribution;
mod axis;
mod bars;
mod downtime;
mod encoding;
mod fitted;
mod font;
mod frame;
mod heatmap;
mod overlay;
mod paint;
mod palette;
mod pareto;
mod phases;
mod picture;
mod place;
mod recovery;
mod series;
mod simplified;
mod spread;
mod timeline;
mod tornado;
mod tradeoff;
mod windows;

pub use fitted::fitted;
pub use overlay::{Panel, overlay};
pub use paint::{png, svg};
pub use picture::{Anchor, Mark, Picture, Role, Style, Text};
pub use timeline::{Reach, instant, reach};

use crate::experiment::{ExperimentResult, Replay};
use crate::report::period::told;

/// A chart and the name of its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// `downtime`, …
    pub name: &'static str,
    /// What it shows.
    pub picture: Picture,
}

/// Names of the charts of an answer, in their order.
const NAMES: [&str; 11] = [
    "downtime",
    "heatmap",
    "windows",
    "recovery",
    "outages",
    "spread",
    "phases",
    "tradeoff",
    "attribution",
    "pareto",
    "tornado",
];

/// Names of the pictures of replayed outages: of the scenario that other pictures show, then of the baseline.
const REPLAYED: [&str; 4] = ["outage-longest", "outage-median", "baseline-outage-longest", "baseline-outage-median"];

/// Every chart that this result has something to show in.
pub fn all(result: &ExperimentResult) -> Vec<Chart> {
    let result = &*told(result);
    let mut all = of_numbers(result);
    all.extend(of_replays(result));
    all
}

/// Those of its numbers; of a result that is [`told`].
pub(super) fn of_numbers(result: &ExperimentResult) -> Vec<Chart> {
    let pictures = [
        Some(downtime::draw(result)).filter(|_| !result.scenarios.is_empty()),
        heatmap::draw(result),
        windows::draw(result),
        recovery::draw_pods(result),
        recovery::draw_outages(result),
        spread::draw(result),
        phases::draw(result),
        tradeoff::draw(result),
        attribution::draw(result),
        pareto::draw(result),
        tornado::draw(result),
    ];
    let named = NAMES.into_iter().zip(pictures);
    named.filter_map(|(name, picture)| Some(Chart { name, picture: picture? })).collect()
}

/// One of every replayed outage, in their order.
pub(super) fn of_replays(result: &ExperimentResult) -> Vec<Chart> {
    let one = |replay| Chart { name: replayed_name(result, replay), picture: timeline::draw(result, replay) };
    result.replays.iter().map(one).collect()
}

/// Names of all charts that hasim may write; a result need not have all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(REPLAYED)
}

fn replayed_name(result: &ExperimentResult, replay: &Replay) -> &'static str {
    let is_first = result.replays.first().is_some_and(|first| first.scenario == replay.scenario);
    let is_longest = replay.outage.statistic == "max";
    REPLAYED[2 * usize::from(!is_first) + usize::from(!is_longest)]
}
