//! When real drains were allowed to evict each Pod, how long they took, and how few endpoints were ready in them.
//!
//! Each row is one drain, so there is no distribution to compare: each of its times must lie within the 99 % band of the simulated ones
//! or be near their median, and its fewest ready endpoints must be those of some simulated drain.

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

const CHECK: &str = "drains";
const SEED: u64 = 68_000;
const REPLICATIONS: u64 = 1_000;

/// What was seen of one drain.
#[derive(Debug, Clone)]
struct Drain {
    /// Seconds from its beginning until each eviction was granted, and at last until it was over.
    times: Vec<f64>,
    /// The fewest ready endpoints.
    fewest: usize,
}

/// A row for each drain.
pub fn rows() -> Vec<Row> {
    let table = Table::open("e8_drain.csv");
    let scenarios = embedded::scenarios("experiments/measured/drains.yaml");
    table.rows(&[]).into_iter().map(|entry| row(entry, &scenarios)).collect()
}

fn row(entry: Entry<'_>, scenarios: &[Scenario]) -> Row {
    let scenario = scenario_of(entry.text("app"), scenarios);
    let measured = measured(entry);
    let simulated: Vec<Drain> =
        (0..REPLICATIONS).into_par_iter().filter_map(|index| play(&scenario.model, index)).collect();
    let alike = simulated.iter().all(|drain| drain.times.len() == measured.times.len());
    let bands: Vec<Band> = (0..measured.times.len()).map(|nth| band(&simulated, nth)).collect();
    let in_time = bands.iter().zip(&measured.times).all(|(band, at)| band.has(*at));
    let fewest = simulated.iter().filter(|drain| drain.fewest == measured.fewest).count() as u64;
    let is_complete = simulated.len() as u64 == REPLICATIONS && alike;
    let last = bands.last().map_or(f64::NAN, |band| band.median);
    let shown = bands.iter().map(Band::to_string);
    Row {
        check: CHECK.to_owned(),
        what: setting(entry),
        kind: Kind::Measured,
        reference: Reference::Words(format!("{} s; {} ready", seconds(&measured.times), measured.fewest)),
        simulated: Simulated::Words(format!(
            "{} s; so many ready in {:.0} %",
            shown.collect::<Vec<_>>().join(", "),
            100.0 * fewest as f64 / REPLICATIONS as f64
        )),
        distance: None,
        median_difference: measured.times.last().map(|over| last - over),
        p: None,
        p_adjusted: None,
        verdict: Verdict::when(in_time && is_complete && fewest > 0),
        note: "V1, V2, V4, V10, V13, R6, W10, W22".to_owned(),
        samples: None,
    }
}

/// Where the simulated times of one step lie.
fn band(simulated: &[Drain], nth: usize) -> Band {
    Band::of(simulated.iter().filter_map(|drain| drain.times.get(nth).copied()).collect())
}

/// Replicas and budget, and what each time stands for.
fn setting(entry: Entry<'_>) -> String {
    let budget = match entry.text("pdb") {
        "null" => "no budget".to_owned(),
        budget => budget.replace(['{', '}', '"', ':'], ""),
    };
    format!("{} replicas, {budget}: each eviction, and the end", entry.text("replicas"))
}

fn seconds(times: &[f64]) -> String {
    times.iter().map(|at| format!("{at:.1}")).collect::<Vec<_>>().join(", ")
}

fn measured(entry: Entry<'_>) -> Drain {
    let mut times = entry.numbers("evicted_at");
    times.extend(entry.numbers("drain_finished_at"));
    let fewest = entry.numbers("min_ready_endpoints");
    Drain { times, fewest: *fewest.first().unwrap_or_else(|| panic!("min_ready_endpoints is empty")) as usize }
}

/// The last drain of the replication; `None` where it is not over at the end.
fn play(model: &Model, index: u64) -> Option<Drain> {
    let until = SimTime::ZERO + model.horizon;
    let record = watch_unchecked(model, SEED, index, Mode::Fast, until, Record::new(SEED, index, &Law::Fixed(0.0)));
    let (from, to) = (record.drain_began?, record.drained?);
    let changes = record.pods.iter().flat_map(|pod| pod.endpoint.iter().map(|(at, _)| *at));
    let at = changes.filter(|at| (from..=to).contains(at)).chain([from, to]);
    let ready = |at: f64| record.pods.iter().filter(|pod| pod.has_ready_endpoint(at)).count();
    let times = record.evicted.iter().chain([&to]).map(|at| at - from);
    Some(Drain { times: times.collect(), fewest: at.map(ready).min().unwrap_or(0) })
}
