//! How Pods were spread over the zones after each of six rollouts in a row, with and without `matchLabelKeys` (S7b).
//!
//! Which zone has how many depends on ties that are not known (S5a), so the fullest, second and emptiest are compared: each measured
//! end must occur among the simulated ones, and as often as their shares allow.

use std::collections::BTreeMap;

use rayon::prelude::*;
use statrs::distribution::{Binomial, DiscreteCDF};

use super::band::scenario_of;
use super::data::Table;
use crate::cluster::{Mode, watch_unchecked};
use crate::history::{Happening, Observed, Observer};
use crate::ids::{NodeId, PodId};
use crate::model::Model;
use crate::time::SimTime;
use crate::verify::embedded;
use crate::verify::row::{Kind, Reference, Row, Simulated, Verdict};

const CHECK: &str = "zone skews";
const SEED: u64 = 70_000;
const REPLICATIONS: u64 = 300;
/// A count is too unlikely where so few of a thousand right models would give it, at either end.
const LEVEL: f64 = 0.0005;

/// Pods of each zone, the fullest first.
type Zones = Vec<u32>;

/// A row for each Deployment that was rolled out.
pub fn rows() -> Vec<Row> {
    let table = Table::open("e7_rolling_update_zone_skew.csv");
    let scenarios = embedded::scenarios("experiments/measured/zone-skews.yaml");
    let names: Vec<&str> =
        scenarios.iter().filter_map(|scenario| scenario.parameters.get("candidate")?.as_str()).collect();
    let row_of = |name: &&str| row(&table, name, &scenario_of(name, &scenarios).model);
    names.iter().map(row_of).collect()
}

fn row(table: &Table, name: &str, model: &Model) -> Row {
    let entries = table.rows(&[("name", name)]);
    let is_end = |rollout: &str| rollout != "0";
    let measured =
        tally(entries.iter().filter(|entry| is_end(entry.text("rollout"))).map(|entry| zones(entry.text("zones"))));
    let simulated =
        tally((0..REPLICATIONS).into_par_iter().flat_map_iter(|index| play(model, index)).collect::<Vec<_>>());
    let (n, all) = (measured.values().sum::<u64>(), simulated.values().sum::<u64>() as f64);
    let is_likely = |zones: &Zones| {
        let count = measured.get(zones).copied().unwrap_or(0);
        let share = simulated.get(zones).copied().unwrap_or(0) as f64 / all;
        let law = Binomial::new(share, n).expect("a share");
        let at_least = if count == 0 { 1.0 } else { 1.0 - law.cdf(count - 1) };
        law.cdf(count).min(at_least) >= LEVEL
    };
    let verdict = Verdict::when(simulated.keys().chain(measured.keys()).all(is_likely));
    let [entry, ..] = entries[..] else { panic!("no row is called {name}") };
    let of = |column| entry.text(column);
    let by_revision = if of("matchLabelKeys") == "1" { ", by revision" } else { "" };
    Row {
        check: CHECK.to_owned(),
        what: format!(
            "{} replicas, surge {}, unavailable {}{by_revision}",
            of("replicas"),
            of("maxSurge"),
            of("maxUnavailable")
        ),
        kind: Kind::Measured,
        reference: Reference::Words(shown(&measured, |count| format!("{count}×"))),
        simulated: Simulated::Words(shown(&simulated, |count| format!("{:.1} %", 100.0 * count as f64 / all))),
        distance: None,
        median_difference: None,
        p: None,
        p_adjusted: None,
        verdict,
        note: "S7b, S8, D2, D2a, D10, R5".to_owned(),
        samples: None,
    }
}

fn tally(ends: impl IntoIterator<Item = Zones>) -> BTreeMap<Zones, u64> {
    let mut tally = BTreeMap::new();
    ends.into_iter().for_each(|zones| *tally.entry(zones).or_insert(0) += 1);
    tally
}

/// The most frequent first.
fn shown(tally: &BTreeMap<Zones, u64>, count_of: impl Fn(u64) -> String) -> String {
    let mut all: Vec<(&Zones, u64)> = tally.iter().map(|(zones, count)| (zones, *count)).collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let one = |(zones, count): &(&Zones, u64)| {
        let zones: Vec<String> = zones.iter().map(u32::to_string).collect();
        format!("{} {}", zones.join("/"), count_of(*count))
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Written as `1/0/1`.
fn zones(text: &str) -> Zones {
    let mut zones: Zones = text.split('/').map(|count| count.parse().expect("a number of Pods")).collect();
    zones.sort_unstable_by(|a, b| b.cmp(a));
    zones
}

/// The ends of its rollouts.
fn play(model: &Model, index: u64) -> Vec<Zones> {
    let spreads = Spreads { model, pods: BTreeMap::new(), ends: Vec::new() };
    watch_unchecked(model, SEED, index, Mode::Fast, SimTime::ZERO + model.horizon, spreads).ends
}

/// Which Pods are where, and how they were spread whenever a rollout was complete.
struct Spreads<'m> {
    model: &'m Model,
    pods: BTreeMap<PodId, NodeId>,
    ends: Vec<Zones>,
}

impl Observer for Spreads<'_> {
    fn observe(&mut self, _at: SimTime, what: &Observed) {
        let Observed::Happened(what) = what else { return };
        match what {
            Happening::PodBound { pod, node } => _ = self.pods.insert(*pod, *node),
            Happening::PodDeleted { pod } => _ = self.pods.remove(pod),
            Happening::RolloutEnded { .. } => {
                let mut zones = vec![0; self.model.cluster.zones.len()];
                for node in self.pods.values() {
                    if let Some(zone) = self.model.cluster.nodes[*node].zone {
                        zones[zone.index()] += 1;
                    }
                }
                zones.sort_unstable_by(|a, b| b.cmp(a));
                self.ends.push(zones);
            }
            _ => {}
        }
    }
}
