//! Charts for a design review: each a function of the result, laid out once, painted as SVG and as PNG.
//!
//! A chart is a [`Picture`]: marks with coordinates. [`svg`] and [`png()`] paint the
//! same marks, so both look alike, and their bytes depend on the result only.

mod attribution;
mod autoscaling;
mod axis;
mod bars;
mod combinations;
mod deciding;
mod downtime;
mod encoding;
mod finding;
mod fitted;
mod font;
mod frame;
mod heatmap;
mod label_placement;
mod load;
mod loss_marks;
mod operations;
mod outages;
mod overlay;
mod paint;
mod palette;
mod pareto;
mod phases;
mod picture;
mod pixels;
mod recovery;
mod rollout;
mod series;
mod sheet;
mod simplify_polyline;
mod summary;
mod svg;
mod timeline;
mod tornado;
mod tradeoff;
mod uncertainty;
mod untitled;
mod windows;

pub(super) use deciding::deciding;
pub(super) use finding::settings;
pub use fitted::fitted;
pub use overlay::{Panel, overlay};
pub use paint::{png, svg};
pub use palette::css;
pub use picture::{Anchor, Mark, Picture, Role, Style, Text};
pub(super) use series::explained;
pub use timeline::{Reach, instant, reach, worth_drawing};

use std::borrow::Cow;

use sheet::Sheet;

use crate::report::deployments;
use crate::report::fates::{self, Compared};
use crate::report::format;
use crate::report::pareto::MOST_DRAWN;
use crate::report::period::told;
use crate::results::{ExperimentResult, Replay};

/// A chart and the name of its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// `downtime`, …
    pub name: &'static str,
    /// What it shows.
    pub picture: Picture,
}

/// Scenarios that a picture of points shows; of more, they are a cloud.
const MOST_POINTS: usize = 500;

/// Names of the charts of an answer, in their order.
const NAMES: [&str; 15] = [
    "downtime",
    "deployments",
    "heatmap",
    "load",
    "autoscaling",
    "windows",
    "recovery",
    "outages",
    "phases",
    "operations",
    "tradeoff",
    "attribution",
    "pareto",
    "tornado",
    "uncertainty",
];

/// The name of the summary.
const SUMMARY: &str = "summary";

/// Names of the pictures of replayed outages: of the scenario that other pictures show, then of the baseline.
const REPLAYED: [&str; 4] = ["outage-longest", "outage-median", "baseline-outage-longest", "baseline-outage-median"];

/// Names of the pictures of replayed rollouts: of those that were completed, and of those that were rolled back.
const ROLLOUTS: [&str; 2] = ["rollout", "rollout-rolled-back"];

/// Every chart that this result has something to show in.
pub fn all(result: &ExperimentResult) -> Vec<Chart> {
    let result = &*told(result);
    let mut all = of_numbers(result);
    all.extend(of_rollouts(result));
    all.extend(of_replays(result));
    all.extend(summary::draw(result, &all).map(|picture| Chart { name: SUMMARY, picture }));
    all
}

/// Pixels of a picture for a phone, which has about three quarters of them.
const NARROW: f64 = 500.0;
/// So many scenarios have one: it would be as large as all else.
const MOST_NARROW: usize = 60;

/// A chart on a page: as it is and, where it can be drawn so, as narrow as a phone.
pub(super) fn on_page(result: &ExperimentResult, chart: &Chart) -> String {
    const ANY_HEIGHT: f64 = 1e6;
    let is_small = result.scenarios.len() <= MOST_NARROW;
    let narrow = part(result, chart.name, Sheet::part(NARROW, ANY_HEIGHT)).filter(|_| is_small);
    match narrow {
        Some(narrow) => paint::captioned(&chart.picture, &narrow),
        None => sideways(chart),
    }
}

/// The same where there is no narrow one, or where parts of it can be looked at: with its title as text of the page, and on a phone
/// as large as it can be read, to be moved sideways.
pub(super) fn sideways(chart: &Chart) -> String {
    paint::sideways(&untitled::without_title(&chart.picture))
}

/// The picture of this name as a part of another one; `None` if it is none that decides.
fn part(result: &ExperimentResult, name: &str, sheet: Sheet) -> Option<Picture> {
    match name {
        "downtime" => downtime::draw(result, sheet),
        "deployments" => downtime::draw(&excerpt(&deployments::as_answer(result)?, MOST_DRAWN), sheet),
        "windows" => windows::draw(result, sheet),
        "phases" => phases::draw(result, sheet),
        "heatmap" => heatmap::draw(result, sheet),
        "load" => load::draw(result, sheet),
        "autoscaling" => autoscaling::draw(result, sheet),
        "operations" => operations::draw(&excerpt(result, MOST_POINTS), sheet),
        "tradeoff" => tradeoff::draw(&excerpt(result, MOST_POINTS), sheet),
        "recovery" => recovery::draw(result, sheet),
        "outages" => outages::draw(result, sheet),
        "attribution" => attribution::draw(result, sheet),
        "pareto" => pareto::draw(&excerpt(result, MOST_POINTS), sheet),
        "tornado" => tornado::draw(result, sheet),
        "uncertainty" => uncertainty::draw(result, sheet),
        "rollout" => rollout::draw(result, false, sheet),
        "rollout-rolled-back" => rollout::draw(result, true, sheet),
        "outage-longest" => result.replays.first().map(|replay| timeline::draw(result, replay, sheet)),
        _ => None,
    }
}

/// Those of its numbers; of a result that is [`told`].
pub(super) fn of_numbers(result: &ExperimentResult) -> Vec<Chart> {
    let whole = Cow::Borrowed(result);
    let points = excerpt(result, MOST_POINTS);
    let members = deployments::as_answer(result).map(|members| Cow::Owned(excerpt(&members, MOST_DRAWN).into_owned()));
    let drawn_members = members.as_ref().and_then(|members| Some((downtime::draw(members, Sheet::WHOLE)?, &whole)));
    let pictures = [
        downtime::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        drawn_members,
        heatmap::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        load::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        autoscaling::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        windows::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        recovery::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        outages::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        phases::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        operations::draw(&points, Sheet::WHOLE).map(|picture| (picture, &points)),
        tradeoff::draw(&points, Sheet::WHOLE).map(|picture| (picture, &points)),
        attribution::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        pareto::draw(&points, Sheet::WHOLE).map(|picture| (picture, &points)),
        tornado::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
        uncertainty::draw(result, Sheet::WHOLE).map(|picture| (picture, &whole)),
    ];
    let named = NAMES.into_iter().zip(pictures);
    let chart = |(name, drawn): (&'static str, Option<(Picture, &Cow<'_, ExperimentResult>)>)| {
        let (mut picture, of) = drawn?;
        if of.scenarios.len() < result.scenarios.len() {
            frame::note(&mut picture, &left_out(of.scenarios.len(), result.scenarios.len()));
        }
        Some(Chart { name, picture })
    };
    let mut charts: Vec<Chart> = named.filter_map(chart).collect();
    if !result.sensitivity.is_empty() {
        // What was asked stands before what the answer is made of.
        charts.sort_by_key(|chart| !["tornado", "uncertainty"].contains(&chart.name));
    }
    if is_about_operations(result) {
        // The picture that decides stands first.
        charts.sort_by_key(|chart| chart.name != "operations");
    }
    charts
}

/// Why pictures that somebody may miss are not there, a sentence each.
pub(super) fn absent(result: &ExperimentResult) -> Vec<String> {
    windows::why_not(result).into_iter().collect()
}

/// Whether most of what the objective counts comes from changes made on purpose, in the scenario that others are compared with; or how
/// they end is what tells scenarios apart.
fn is_about_operations(result: &ExperimentResult) -> bool {
    fates::costs_most(result) || Compared::of(result).is_some_and(|compared| compared.is_the_answer())
}

/// The answer with so many scenarios at most.
fn excerpt(result: &ExperimentResult, most: usize) -> Cow<'_, ExperimentResult> {
    if result.scenarios.len() <= most {
        return Cow::Borrowed(result);
    }
    Cow::Owned(result.only(&crate::report::pareto::first(result, most)))
}

/// What a picture of some scenarios leaves out.
fn left_out(drawn: usize, all: usize) -> String {
    format!(
        "{} of {} scenarios are drawn: the baseline, the recommended one, those that none beats in cost and loss, and those that \
         lose least. The tables beside it have all.",
        format::whole(drawn as u64),
        format::whole(all as u64)
    )
}

/// Those of the replayed rollouts.
pub(super) fn of_rollouts(result: &ExperimentResult) -> Vec<Chart> {
    let pictures = [false, true].map(|is_rolled_back| rollout::draw(result, is_rolled_back, Sheet::WHOLE));
    ROLLOUTS.into_iter().zip(pictures).filter_map(|(name, picture)| Some(Chart { name, picture: picture? })).collect()
}

/// One of every replayed outage that tells what no other does, in their order.
pub(super) fn of_replays(result: &ExperimentResult) -> Vec<Chart> {
    let one =
        |replay| Chart { name: replayed_name(result, replay), picture: timeline::draw(result, replay, Sheet::WHOLE) };
    worth_drawing(result).into_iter().map(one).collect()
}

/// Names of all charts that hasim may write; a result need not have all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(ROLLOUTS).chain(REPLAYED).chain([SUMMARY])
}

fn replayed_name(result: &ExperimentResult, replay: &Replay) -> &'static str {
    let is_first = result.replays.first().is_some_and(|first| first.scenario == replay.scenario);
    let is_longest = replay.outage.statistic == "max";
    REPLAYED[2 * usize::from(!is_first) + usize::from(!is_longest)]
}
