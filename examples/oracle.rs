//! The judge, at length: the fast mode against the one that plays every probe and heartbeat.
//!
//! `cargo run --release --example oracle [REPLICATIONS [WORDS]]` (1,000 by default; of the parts that have these words in their name).
//! Part one plays stormy months, in which
//! every kind of fault strikes again and again, in both modes and compares all that happens to the nanosecond: of Pods with one
//! container and with several, of several Deployments side by side, and of one that is released, scaled, drained, upgraded and reclaimed
//! all the time while parts of the control plane go away.
//! Part two lets probes fail by chance so often that they take Pods out of rotation and kill containers; then the
//! modes play different histories, and availability, losses and kills must agree in law.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::ExitCode;

use hasim::cluster::{EndpointView, Mode, Observed, Observer, watch};
use hasim::model::{Fault, Model, Occurrence, Strikes};
use hasim::random::normal_quantile;
use hasim::time::{Duration, SimTime};

/// What is compared: a digest of all that is told, and counts.
#[derive(Debug, Clone, Default, PartialEq)]
struct Watch {
    digest: u64,
    strikes: Vec<u64>,
    losses: u64,
    kills: u64,
    up: Vec<bool>,
    since: u64,
    up_nanos: u64,
}

impl Observer for Watch {
    fn hears_log(&self) -> bool {
        false
    }

    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::EndpointChanged { pod, view, .. } => {
                if self.up.iter().any(|&up| up) {
                    self.up_nanos += at.as_nanos() - self.since;
                }
                self.since = at.as_nanos();
                if self.up.len() <= pod.index() {
                    self.up.resize(pod.index() + 1, false);
                }
                self.up[pod.index()] = view.as_ref().is_some_and(EndpointView::serves);
            }
            Observed::SlotStruck { fault, .. } | Observed::OperationBegan { operation: fault, .. } => {
                if self.strikes.len() <= fault.index() {
                    self.strikes.resize(fault.index() + 1, 0);
                }
                self.strikes[fault.index()] += 1;
            }
            Observed::ReadinessLost { .. } => self.losses += 1,
            Observed::ProbeKilled { .. } => self.kills += 1,
            Observed::SlotChanged { .. }
            | Observed::SlotFaultEnded { .. }
            | Observed::Reacted { .. }
            | Observed::Restarted { .. }
            | Observed::Paged { .. }
            | Observed::DeletedByHand { .. }
            | Observed::PodsChanged { .. }
            | Observed::SlotClosed { .. }
            | Observed::OperationSkipped { .. }
            | Observed::OperationEnded { .. }
            | Observed::EvictionsRefused { .. }
            | Observed::ClockRan(_) => {}
            // Probes that were skipped are told otherwise than probes that were played.
            Observed::Happened(_) => return,
        }
        let mut hasher = DefaultHasher::new();
        (self.digest, at, what).hash(&mut hasher);
        self.digest = hasher.finish();
    }
}

fn play(model: &Model, index: u64, mode: Mode) -> Watch {
    watch(model, 11, index, mode, SimTime::ZERO + model.warm_up + model.horizon, Watch::default())
}

/// Months in which all that can happen happens.
fn identical(name: &str, mut model: Model, replications: u64) -> bool {
    let mut strikes = vec![0u64; model.faults.len()];
    let mut differing = 0;
    for index in 0..replications {
        // Every second one with a startup probe; every third without liveness, and of these every second one with somebody
        // on call: in the others hangs last.
        model.workload_mut().pod.main_mut().startup = (index % 2 == 1).then(|| common::probe(4));
        model.workload_mut().pod.main_mut().liveness = (index % 3 != 2).then(|| common::probe(4));
        model.on_call = (index % 12 == 5 || index % 12 == 8).then(common::storms::on_call);
        let (fast, slow) = (play(&model, index, Mode::Fast), play(&model, index, Mode::EveryProbe));
        if fast != slow {
            differing += 1;
            println!("replication {index} differs: {fast:?} {slow:?}");
        }
        for (sum, n) in strikes.iter_mut().zip(&fast.strikes) {
            *sum += n;
        }
    }
    println!(
        "{name}, to the nanosecond: {differing} of {replications} replications of 30 days differ; slots struck, operations begun:"
    );
    for (fault, n) in model.faults.iter().zip(&strikes) {
        println!("  {:20} {n}", fault.name);
    }
    // Flaws and outages of the control plane strike no slot themselves.
    let is_counted = |fault: &Fault| {
        matches!(fault.occurs, Occurrence::Every(_)) && !matches!(fault.strikes, Strikes::ControlPlane(_))
    };
    let counted = model.faults.iter().zip(&strikes).filter(|(fault, _)| is_counted(fault));
    differing == 0 && (replications < 1000 || counted.map(|(_, n)| *n).min() >= Some(1000))
}

/// Probes that fail by chance, four in a row often enough.
fn same_law(replications: u64) -> bool {
    let mut model = common::reference();
    model.app_mut().probe_failure = 0.12;
    model.warm_up = Duration::ZERO;
    model.horizon = Duration::from_secs(2 * 86_400);
    let play_all = |mode: Mode, offset: u64| -> Vec<Watch> {
        (0..replications).map(|index| play(&model, offset + index, mode)).collect()
    };
    // Different replications: the two samples are independent.
    let (fast, slow) = (play_all(Mode::Fast, 0), play_all(Mode::EveryProbe, 1_000_000));
    let figures: [(&str, fn(&Watch) -> f64); 3] = [
        ("seconds up", |w| w.up_nanos as f64 / 1e9),
        ("readiness losses", |w| w.losses as f64),
        ("probe kills", |w| w.kills as f64),
    ];
    let limit = normal_quantile(1.0 - 0.0005);
    let mut agree = true;
    for (name, figure) in figures {
        let moments = |watches: &[Watch]| {
            let n = watches.len() as f64;
            let mean = watches.iter().map(figure).sum::<f64>() / n;
            let variance = watches.iter().map(|w| (figure(w) - mean).powi(2)).sum::<f64>() / (n - 1.0);
            (mean, variance / n, mean * n)
        };
        let ((a, va, total), (b, vb, _)) = (moments(&fast), moments(&slow));
        let half = limit * (va + vb).sqrt();
        let inside = (a - b).abs() <= half;
        println!(
            "in law: {name}: fast {a:.4}, every probe {b:.4}, difference {:.4} within ±{half:.4}: {inside} ({total:.0} in all)",
            a - b
        );
        agree &= inside;
    }
    agree
}

fn main() -> ExitCode {
    let replications = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1000);
    let words = std::env::args().nth(2).unwrap_or_default();
    let parts = [
        ("one container", common::storms::stormy_reference as fn() -> Model),
        // An init container, a sidecar and two containers, each of which is struck.
        ("several containers", common::storms::crowded_reference),
        ("several Deployments", common::storms::several_reference),
        ("changes made on purpose", common::storms::changing_reference),
    ];
    let is_meant = |name: &str| name.contains(&words);
    let mut is_right = true;
    for (name, model) in parts.into_iter().filter(|(name, _)| is_meant(name)) {
        is_right &= identical(name, model(), replications);
    }
    if is_meant("in law") {
        is_right &= same_law(replications);
    }
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
