//! A published table: outages of a single replica on Kubernetes 1.8, by Vayghan, Saied, Toeroe and Khendek, "Deploying
//! Microservice Based Applications with Kubernetes: Experiments and Lessons Learned" (IEEE CLOUD 2018), in seconds.
//!
//! Reaction: from the failure to the control plane's first reaction. Repair: from there until
//! the container runs again, or its replacement is Ready. Recovery: from the reaction until the service answers. Outage:
//! reaction and recovery. The application ignores SIGTERM, and its Pod has no probes. Start-up
//! latencies of that cluster are inputs: they are set from the cells that are called fitted.

use super::closed::{Log, What, bare, play, struck_once};
use super::row::{Kind, Quantiles, Reference, Row, Simulated, Verdict};
use super::{Check, row::Samples};
use crate::model::{ContainerMode, ControlPlane, Fault, Model, NodeMode, Occurrence, OnSigterm, Strikes};
use crate::random::Law;
use crate::stats;

const SEED: u64 = 1_800;
const N: u64 = 1_000;
/// A cell may differ by so much.
const RELATIVE: f64 = 0.05;
/// Or lie within so many of the simulated values.
const BAND: f64 = 0.95;

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("Vayghan et al. 2018, Kubernetes 1.8", Kind::Published, rows)]
}

/// Of one failure: its name, the published cells, and which of them set an input.
struct Failure {
    name: &'static str,
    published: [f64; 4],
    fitted: [bool; 4],
    model: Model,
    until: f64,
}

const CELLS: [&str; 4] = ["reaction", "repair", "recovery", "outage"];

fn rows() -> Vec<Row> {
    let failures = [
        Failure {
            name: "container process killed",
            published: [0.716, 0.472, 1.050, 1.766],
            fitted: [false, true, false, false],
            model: of_its_day(struck_once(Strikes::Container(ContainerMode::Crash), None)),
            until: 1100.0,
        },
        Failure {
            name: "sandbox process killed",
            published: [0.496, 32.570, 31.523, 32.019],
            fitted: [false; 4],
            model: of_its_day(struck_once(Strikes::Container(ContainerMode::Sandbox), None)),
            until: 1100.0,
        },
        Failure {
            name: "Node failure",
            published: [38.187, 262.542, 262.665, 300.852],
            fitted: [false; 4],
            model: of_its_day(node_failure()),
            until: 2000.0,
        },
    ];
    failures.into_iter().enumerate().flat_map(|(i, failure)| judge(&failure, SEED + i as u64)).collect()
}

/// One replica, any of whose Nodes dies for good at a random moment after the first heartbeats.
fn node_failure() -> Model {
    let lasts = Some(Law::Fixed(1e6));
    let law = Law::uniform(200.0, 1000.0).expect("in order");
    let occurs =
        Occurrence::Once { at: law, targets: vec![crate::model::ScriptTarget::NodeOf(crate::ids::SlotId::new(0))] };
    let strikes = Strikes::Node(NodeMode::Crash);
    Model {
        faults: vec![Fault {
            name: "it".into(),
            occurs,
            lasts,
            strikes,
            containers: vec![],
            at_once: false,
            nodes: Vec::new(),
            bad: None,
            source: "published".into(),
        }]
        .into(),
        ..bare(1)
    }
}

fn of_its_day(mut model: Model) -> Model {
    model.cluster.control_plane = ControlPlane::legacy();
    let main = model.workload_mut().pod.main_mut();
    (main.liveness, main.readiness, main.startup) = (None, None, None);
    model.app_mut().on_sigterm = OnSigterm::Ignores;
    model.app_mut().start_up = Law::Fixed(0.0);
    let latencies = &mut model.cluster.latencies;
    // Repair of a killed container: create and start, after a sync of 10 ms.
    latencies.container_start = Law::Fixed(0.462);
    // Between what repair and recovery of a killed sandbox leave beside the grace of 30 s.
    latencies.sandbox = Law::Fixed(0.8);
    model
}

fn judge(failure: &Failure, seed: u64) -> Vec<Row> {
    let times = |log: &Log| {
        let struck = log.first(0.0, What::Struck)?;
        let reacted = log.first(struck, What::Reacted)?;
        let (repaired, delivers) =
            (log.first(reacted, What::Restarted).or_else(|| log.ready(reacted))?, log.delivers(reacted)?);
        Some([reacted - struck, repaired - reacted, delivers - reacted, delivers - struck])
    };
    let found: Vec<[f64; 4]> = play(&failure.model, seed, N, failure.until).iter().filter_map(times).collect();
    (0..CELLS.len()).map(|cell| row(failure, cell, found.iter().map(|times| times[cell]).collect())).collect()
}

fn row(failure: &Failure, cell: usize, mut simulated: Vec<f64>) -> Row {
    simulated.sort_by(f64::total_cmp);
    let published = failure.published[cell];
    let at = |p| stats::quantile(&simulated, p).unwrap_or(f64::NAN);
    let median = at(0.5);
    let close = (median / published - 1.0).abs() <= RELATIVE;
    let within = (at((1.0 - BAND) / 2.0)..=at(f64::midpoint(1.0, BAND))).contains(&published);
    let fitted = failure.fitted[cell];
    Row {
        check: "Vayghan et al. 2018, Kubernetes 1.8".to_owned(),
        what: format!("{}: {}", failure.name, CELLS[cell]),
        kind: Kind::Published,
        reference: Reference::Value(published),
        simulated: if simulated.is_empty() {
            Simulated::Words("nothing".to_owned())
        } else {
            Simulated::Sample(Quantiles::of(&simulated))
        },
        distance: Some(median / published - 1.0),
        median_difference: Some(median - published),
        p: None,
        p_adjusted: None,
        verdict: if fitted { Verdict::Fitted } else { Verdict::when(close || within) },
        note: if fitted { "fitted: sets a start-up latency" } else { "within 5 %, or inside the 95 % band" }.to_owned(),
        samples: None::<Samples>,
    }
}
