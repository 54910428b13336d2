//! What real rollouts of a revision that is never Ready left standing, and how long the way back took.
//!
//! Each row is one rollout: its counts must be those of some simulated one, and the length of its rollback must lie within the 99 %
//! band of the simulated ones or be near their median.

use rayon::prelude::*;

use super::band::{Band, scenario_of};
use super::data::{Entry, Table};
use super::record::Record;
use crate::cluster::{Mode, watch_unchecked};
use crate::model::Model;
use crate::random::Law;
use crate::study::Scenario;
use crate::time::SimTime;
use crate::verify::embedded;
use crate::verify::row::{Kind, Reference, Row, Simulated, Verdict};

const CHECK: &str = "bad rollouts";
const SEED: u64 = 69_000;
const REPLICATIONS: u64 = 1_000;

/// What was seen of one rollout.
#[derive(Debug, Clone, Copy)]
struct BadRollout {
    counts: Counts,
    /// Seconds from the rollback until the Deployment is complete.
    rollback: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    /// The fewest ready endpoints until the rollback, those at the rollback, and the fewest from there until it is complete.
    fewest: usize,
    at_rollback: usize,
    fewest_after: usize,
    /// Pods at the rollback that are not being deleted, and how many of them are of the new revision.
    pods: usize,
    updated: usize,
}

/// A row for each rollout.
pub fn rows() -> Vec<Row> {
    let table = Table::open("e8_bad_rollout.csv");
    let scenarios = embedded::scenarios("experiments/measured/bad-rollouts.yaml");
    table.rows(&[]).into_iter().map(|entry| row(entry, &scenarios)).collect()
}

fn row(entry: Entry<'_>, scenarios: &[Scenario]) -> Row {
    let scenario = scenario_of(entry.text("name"), scenarios);
    let measured = measured(entry);
    let simulated: Vec<BadRollout> =
        (0..REPLICATIONS).into_par_iter().filter_map(|index| play(&scenario.model, index)).collect();
    let band = Band::of(simulated.iter().map(|rollout| rollout.rollback).collect());
    let alike = simulated.iter().filter(|rollout| rollout.counts == measured.counts).count();
    let is_complete = simulated.len() as u64 == REPLICATIONS;
    let Counts { fewest, at_rollback, fewest_after, pods, updated } = measured.counts;
    Row {
        check: CHECK.to_owned(),
        what: format!(
            "{} replicas, surge {}, unavailable {}",
            entry.text("replicas"),
            entry.text("maxSurge"),
            entry.text("maxUnavailable")
        ),
        kind: Kind::Measured,
        reference: Reference::Words(format!(
            "{fewest} ready, {at_rollback} at the rollback, then {fewest_after}; {pods} Pods, {updated} of them new; rollback {:.1} s",
            measured.rollback
        )),
        simulated: Simulated::Words(format!(
            "all of these counts in {:.0} %; rollback {band} s",
            100.0 * alike as f64 / REPLICATIONS as f64
        )),
        distance: None,
        median_difference: Some(band.median - measured.rollback),
        p: None,
        p_adjusted: None,
        verdict: Verdict::when(band.has(measured.rollback) && alike > 0 && is_complete),
        note: "D1, D2, D10".to_owned(),
        samples: None,
    }
}

fn measured(entry: Entry<'_>) -> BadRollout {
    let number = |column| {
        let numbers = entry.numbers(column);
        *numbers.first().unwrap_or_else(|| panic!("{column} is empty"))
    };
    BadRollout {
        counts: Counts {
            fewest: number("min_ready_endpoints_during_bad") as usize,
            at_rollback: number("ready_endpoints_at_end_of_bad") as usize,
            fewest_after: number("min_ready_endpoints_after_rollback") as usize,
            pods: number("status_replicas_stuck") as usize,
            updated: number("updated_stuck") as usize,
        },
        rollback: number("rollback_to_complete"),
    }
}

/// One rollout; `None` where it is not rolled back at the end.
fn play(model: &Model, index: u64) -> Option<BadRollout> {
    let until = SimTime::ZERO + model.horizon;
    let record = watch_unchecked(model, SEED, index, Mode::Fast, until, Record::new(SEED, index, &Law::Fixed(0.0)));
    let (from, back, to) = (record.patched?, record.rolled_back?, record.rolled_out?);
    let ready = |at: f64| record.pods.iter().filter(|pod| pod.has_ready_endpoint(at)).count();
    let fewest = |from: f64, to: f64| {
        let changes = record.pods.iter().flat_map(|pod| pod.endpoint.iter().map(|(at, _)| *at));
        changes.filter(|at| (from..to).contains(at)).chain([from]).map(ready).min().unwrap_or(0)
    };
    let pods = || record.pods.iter().filter(|pod| pod.created <= back && pod.deleted.is_none_or(|at| at > back));
    let counts = Counts {
        fewest: fewest(from, back),
        at_rollback: ready(back),
        fewest_after: fewest(back, to),
        pods: pods().count(),
        updated: pods().filter(|pod| pod.created >= from).count(),
    };
    (to > back).then_some(BadRollout { counts, rollback: to - back })
}
