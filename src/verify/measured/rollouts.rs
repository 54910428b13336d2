//! How long real rollouts took, how few endpoints were ready in them and how many Pod objects there were.
//!
//! Each row is one rollout, so there is no distribution to compare: its length must lie within the 99 % band of the simulated ones or be
//! near their median, and its two counts must occur among them: the table says how often they do.

use rayon::prelude::*;

use super::band::{Band, scenario_of};
use super::data::{Entry, Table};
use super::record::{PodLog, Record};
use crate::cluster::{Mode, watch_unchecked};
use crate::model::Model;
use crate::random::Law;
use crate::study::Scenario;
use crate::time::SimTime;
use crate::verify::embedded;
use crate::verify::row::{Kind, Reference, Row, Simulated, Verdict};

const CHECK: &str = "rollouts";
const SEED: u64 = 67_000;
const REPLICATIONS: u64 = 1_000;

/// What was seen of one rollout.
#[derive(Debug, Clone, Copy)]
struct Rollout {
    /// Seconds from the change of the template until the Deployment is complete.
    length: f64,
    /// The fewest ready endpoints in that time.
    fewest: usize,
    /// The most Pod objects, terminating ones included.
    most: usize,
}

/// A row for each rollout.
pub fn rows() -> Vec<Row> {
    let table = Table::open("e7_rolling_update.csv");
    let scenarios = embedded::scenarios("experiments/measured/rollouts.yaml");
    table.rows(&[]).into_iter().map(|entry| row(entry, &scenarios)).collect()
}

fn row(entry: Entry<'_>, scenarios: &[Scenario]) -> Row {
    let scenario = scenario_of(entry.text("name"), scenarios);
    let measured = measured(entry);
    let simulated: Vec<Rollout> =
        (0..REPLICATIONS).into_par_iter().filter_map(|index| play(&scenario.model, index)).collect();
    let band = Band::of(simulated.iter().map(|rollout| rollout.length).collect());
    let share = |is: &dyn Fn(&Rollout) -> bool| {
        simulated.iter().filter(|rollout| is(rollout)).count() as f64 / REPLICATIONS as f64
    };
    let fewest = share(&|rollout| rollout.fewest == measured.fewest);
    let most = share(&|rollout| rollout.most == measured.most);
    let is_known = fewest > 0.0 && most > 0.0;
    Row {
        check: CHECK.to_owned(),
        what: format!("{}, {}", setting(entry), entry.text("runtime")),
        kind: Kind::Measured,
        reference: Reference::Words(format!(
            "{:.1} s; {} ready; {} Pods",
            measured.length, measured.fewest, measured.most
        )),
        simulated: Simulated::Words(format!(
            "{band} s; so many ready in {:.0} %; so many Pods in {:.0} %",
            100.0 * fewest,
            100.0 * most
        )),
        distance: None,
        median_difference: Some(band.median - measured.length),
        p: None,
        p_adjusted: None,
        verdict: Verdict::when(band.has(measured.length) && is_known && simulated.len() as u64 == REPLICATIONS),
        note: "D1, D2, D5, R1–R4".to_owned(),
        samples: None,
    }
}

/// Replicas, surge and unavailable, and what sets the pace.
fn setting(entry: Entry<'_>) -> String {
    let of = |column| entry.text(column);
    format!(
        "{} replicas, surge {}, unavailable {}, minReadySeconds {}, readiness delay {} s",
        of("replicas"),
        of("maxSurge"),
        of("maxUnavailable"),
        of("minReadySeconds"),
        of("readinessInitialDelay")
    )
}

fn measured(entry: Entry<'_>) -> Rollout {
    let number = |column| {
        let numbers = entry.numbers(column);
        *numbers.first().unwrap_or_else(|| panic!("{column} is empty"))
    };
    Rollout {
        length: number("duration_to_complete"),
        fewest: number("min_ready_endpoints") as usize,
        most: number("max_pod_objects") as usize,
    }
}

/// One rollout; `None` where it is not complete at the end.
fn play(model: &Model, index: u64) -> Option<Rollout> {
    let until = SimTime::ZERO + model.horizon;
    let record = watch_unchecked(model, SEED, index, Mode::Fast, until, Record::new(SEED, index, &Law::Fixed(0.0)));
    let (from, to) = (record.patched?, record.rolled_out?);
    let changes = record.pods.iter().flat_map(|pod| {
        let endpoint = pod.endpoint.iter().map(|(at, _)| *at);
        endpoint.chain([pod.created]).filter(|at| (from..=to).contains(at))
    });
    let at: Vec<f64> = changes.chain([from]).collect();
    let count = |is: &dyn Fn(&PodLog, f64) -> bool, at: f64| record.pods.iter().filter(|pod| is(pod, at)).count();
    let is_object = |pod: &PodLog, at| pod.created <= at && pod.gone.is_none_or(|gone| at < gone);
    Some(Rollout {
        length: to - from,
        fewest: at.iter().map(|&at| count(&|pod, at| pod.has_ready_endpoint(at), at)).min().unwrap_or(0),
        most: at.iter().map(|&at| count(&is_object, at)).max().unwrap_or(0),
    })
}
