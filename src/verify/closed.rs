//! Closed forms: what theory says exactly about small models, Kubernetes' own and others.
//!
//! Latencies are fixed (`models/clusters/almost-no-latency.yaml`): 10 ms for a sync or a
//! hop, 0.3 s for creating and starting a container. What remains random is what
//! Kubernetes draws.

mod availability;
mod judge;
mod loops;
mod nodes;
mod probes;
mod repairable;
mod starts;
mod watch;

pub(super) use watch::{Log, What, play};

use super::row::Kind;
use super::{Check, embedded};
use crate::model::{Fault, Model, Occurrence, Strikes};
use crate::random::Law;

/// A cause for a sync to its action, and one hop on the way to the load balancer.
const SYNC: f64 = 0.01;
/// The period of the kubelet's relists (C1).
const RELIST: f64 = 1.005;
/// Faults strike at a random moment of so many seconds.
const WINDOW: f64 = 1000.0;

/// Seeds are fixed beforehand: one root, and a block for each check.
const SEED: u64 = 2026;

pub(super) fn checks() -> Vec<Check> {
    let all: [(&'static str, fn(&'static str, u64) -> Vec<super::Row>); 6] = [
        ("repairable units", repairable::rows),
        ("availability", availability::rows),
        ("probes", probes::rows),
        ("starts", starts::rows),
        ("crash and kill loops", loops::rows),
        ("nodes and zones", nodes::rows),
    ];
    let check = |(i, (name, rows)): (usize, (&'static str, fn(&'static str, u64) -> Vec<super::Row>))| {
        Check::new(name, Kind::ClosedForm, move || rows(name, SEED + 1000 * i as u64))
    };
    all.into_iter().enumerate().map(check).collect()
}

/// Kubernetes alone, with so many replicas; nothing breaks.
pub(super) fn bare(replicas: u32) -> Model {
    let mut model = embedded::model("experiments/closed-forms/bare.yaml");
    model.workload_mut().replicas = replicas;
    model
}

fn fault(strikes: Strikes, every: Law, lasts: Option<Law>) -> Fault {
    Fault {
        name: "it".into(),
        occurs: Occurrence::Every(every),
        lasts,
        strikes,
        containers: vec![],
        at_once: false,
        nodes: Vec::new(),
        bad: None,
        source: "closed form".into(),
    }
}

fn fixed(value: f64) -> Law {
    Law::fixed(value).expect("a closed form's time")
}

fn uniform(min: f64, max: f64) -> Law {
    Law::uniform(min, max).expect("a closed form's times")
}

fn exponential(mean: f64) -> Law {
    Law::exponential(mean).expect("a closed form's mean")
}

/// One bare replica with one fault that strikes at a random moment of [`WINDOW`]: the residual life of a fixed law.
pub(super) fn struck_once(strikes: Strikes, lasts: Option<f64>) -> Model {
    let lasts = lasts.map(fixed);
    Model { faults: vec![fault(strikes, fixed(WINDOW), lasts)].into(), ..bare(1) }
}
