//! Loss of Nodes and zones (N4, N7, N10, W6, W11).

use super::judge::{Title, law, share, uniform};
use super::watch::{Log, What, play};
use super::{WINDOW, bare, fault, fixed};
use crate::cluster::Phase;
use crate::model::{Model, NodeMode, Strikes};
use crate::verify::row::Row;

/// The node monitor's passes are 5 s and the pass itself apart (N3), here 2 ms.
const PASS: f64 = 5.002;
/// Ten passes after the one that saw the last lease are the first more than 50 s later.
const GRACE: f64 = 10.0 * PASS;
/// The taint queue's rounds (N7).
const ROUND: f64 = 0.1;
/// Strikes fall so far apart that they hardly ever meet.
const LONG: f64 = 1000.0 * WINDOW;

pub fn rows(check: &'static str, seed: u64) -> Vec<Row> {
    let title = |what, note| Title { check, what, note };
    let node = |mode| struck_rarely(1, Strikes::Node(mode));
    let times = |model: &Model, seed| -> Vec<f64> {
        let found = strikes(model, seed, 4000, 100.0);
        found.iter().filter_map(|(log, at)| Some(log.first(*at, What::Reacted)? - at)).collect()
    };
    let words = "50 + U[0, 5) − age of the last lease";
    let mut rows = vec![
        law(title("Node dead → Ready Unknown", "N1, N3, N4"), words, times(&node(NodeMode::Crash), seed), detection),
        law(
            title("Node partitioned → Ready Unknown", "N4, N16"),
            words,
            times(&node(NodeMode::Partition), seed + 1),
            detection,
        ),
    ];
    let found = strikes(&node(NodeMode::Crash), seed + 2, 4000, 600.0);
    let waits = found.iter().filter_map(|(log, at)| {
        let unknown = log.first(*at, What::Reacted)?;
        Some(log.reached(unknown, Phase::Reschedule)? - unknown - 300.0)
    });
    let (prompt, late): (Vec<f64>, Vec<f64>) = waits.partition(|&wait| wait < 5.0);
    let n = prompt.len() + late.len();
    rows.push(law(
        title("Ready Unknown → Pod deleted, less 300 s", "N7, N8, N9"),
        "U[0, 0.1)",
        prompt,
        uniform(0.0, ROUND),
    ));
    rows.push(share(title("the first taint's token is lost: 10 s more", "N7a, probability 0.1"), late.len(), n, 0.1));
    rows.push(zone_outage(title("zone outage, hard spread: the replacement stays Pending", "W11, S7"), seed + 3));
    rows
}

/// One fault of Nodes or zones that strikes each at a random time of a long window, for 3000 s.
fn struck_rarely(replicas: u32, strikes: Strikes) -> Model {
    Model { faults: vec![fault(strikes, fixed(LONG), Some(fixed(3000.0)))].into(), ..bare(replicas) }
}

/// Replications of the struck slot, from its strike on, where it strikes after the first heartbeats.
fn strikes(model: &Model, seed: u64, n: u64, after: f64) -> Vec<(Log, f64)> {
    let logs = play(model, seed, n, LONG);
    let with_strike = logs.into_iter().filter_map(|log| {
        let at = log.first(0.0, What::Struck)?;
        Some((log, at))
    });
    with_strike.filter(|&(_, at)| at > 100.0 && at + after < LONG).collect()
}

/// The age of the last lease at a random moment, with periods 10·U[1, 1.04) (N1).
fn lease_age(a: f64) -> f64 {
    let over = (a - 10.0).clamp(0.0, 0.4);
    (a.clamp(0.0, 10.4) - over * over / 0.8) / 10.2
}

/// N4: 50 + U[0, 5) − age of the last lease, by numerical convolution.
fn detection(t: f64) -> f64 {
    const STEPS: u32 = 2080;
    let step = 10.4 / f64::from(STEPS);
    let share = |i: u32| {
        let (a, b) = (step * f64::from(i), step * f64::from(i + 1));
        let wait = t - GRACE + f64::midpoint(a, b);
        (lease_age(b) - lease_age(a)) * (wait / PASS).clamp(0.0, 1.0)
    };
    (0..STEPS).map(share).sum()
}

/// Three replicas, one in each zone, spread with DoNotSchedule and maxSkew 1: while the dead zone's Node object
/// exists, its zone counts with 0 Pods, and no other zone may take a second one.
fn zone_outage(title: Title, seed: u64) -> Row {
    let mut model = struck_rarely(3, Strikes::Zone(NodeMode::Crash));
    for spread in &mut model.workload_mut().pod.spread {
        spread.hard = true;
    }
    let found = strikes(&model, seed, 1000, 3600.0);
    let pending = |(log, at): &&(Log, f64)| {
        let evicted = log.reached(*at, Phase::Reschedule);
        let back = log.delivers(at + 1.0);
        evicted.is_some_and(|t| (339.0..380.0).contains(&(t - at))) && back.is_some_and(|t| t >= at + 3000.0)
    };
    share(title, found.iter().filter(pending).count(), found.len(), 1.0)
}
