//! What simulating costs, on this machine: the tables of `docs/performance.md`, in about a minute.
//! `cargo run --release --example performance`.
//!
//! `year.yaml` beside this file is the model; its replicas, Deployments, Nodes and faults are then
//! multiplied one by one. Time is that of
//! playing and measuring replications, without reading files, intervals, charts and writing.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use hasim::cluster::{Mode, Replication};
use hasim::experiment::{Options, replicate, run};
use hasim::model::{Fault, Model, Occurrence, Strikes, YEAR};
use hasim::random::Law;
use hasim::spec::load_experiment_with;
use hasim::study::{Stopping, Study};
use hasim::time::SimTime;

/// How long each model is played.
const LONG: Duration = Duration::from_secs(2);
/// Replications of the comparison of threads.
const REPLICATIONS: u64 = 3_000;

fn main() {
    println!("| model | years a second | events a year | ns an event |\n|---|--:|--:|--:|");
    row("busy year", &busy_year(1).scenarios[0].model);
    let aidbox = &load("experiments/aidbox.yaml", 1).scenarios[0].model;
    let of = |is_played: fn(&Fault) -> bool| {
        let mut model = aidbox.clone();
        model.faults = model.faults.iter().filter(|fault| is_played(fault)).cloned().collect();
        model
    };
    row("experiments/aidbox.yaml without operations", &of(|fault| !fault.strikes.is_operation()));
    row("experiments/aidbox.yaml with a release a week", &of(|fault| !fault.strikes.is_done_to_nodes()));
    row("experiments/aidbox.yaml", aidbox);
    row("experiments/aidbox.yaml with a Node image a week", &with_weekly_images(aidbox));
    println!("\n| threads | years a second |\n|---|--:|");
    for threads in [1, 2] {
        println!("| {threads} | {:.0} |", by_threads(threads));
    }
    let header = "years a second | events a year | ns an event |\n|--:|--:|--:|--:|";
    println!("\n| replicas, on 12 Nodes | {header}");
    for replicas in [2, 10, 100, 1_000] {
        let mut model = busy_year(4).scenarios[0].model.clone();
        model.workload_mut().replicas = replicas;
        row(&replicas.to_string(), &model);
    }
    println!("\n| Deployments, on 12 Nodes | {header}");
    for workloads in [1, 5, 50] {
        row(&workloads.to_string(), &load_with("examples/performance/year.yaml", 4, workloads).scenarios[0].model);
    }
    println!("\n| Nodes | {header}");
    for nodes_per_zone in [1, 10, 100, 333] {
        row(&(3 * nodes_per_zone).to_string(), &busy_year(nodes_per_zone).scenarios[0].model);
    }
    println!("\n| faults | {header}");
    for (kinds, parts) in [(1, 1), (4, 1), (4, 4)] {
        let mut model = busy_year(1).scenarios[0].model.clone();
        model.faults = model.faults.iter().take(kinds).flat_map(|fault| divided(fault, parts)).collect();
        row(&model.faults.len().to_string(), &model);
    }
}

/// The busy year with so many Nodes in each of its three zones.
fn busy_year(nodes_per_zone: usize) -> Study {
    load("examples/performance/year.yaml", nodes_per_zone)
}

fn load(experiment: &str, nodes_per_zone: usize) -> Study {
    load_with(experiment, nodes_per_zone, 1)
}

/// The same with so many Deployments like the one that it names, side by side.
fn load_with(experiment: &str, nodes_per_zone: usize, workloads: usize) -> Study {
    const FILE: &str = "../../models/deployments/aidbox.yaml";
    let each: Vec<String> = (1..=workloads).map(|number| format!("{{file: {FILE}, as: number-{number}}}")).collect();
    let one = format!("deployment: {FILE}");
    let several = if workloads == 1 { one.clone() } else { format!("deployments: [{}]", each.join(", ")) };
    let open = |path: &Path| -> io::Result<Vec<u8>> {
        let text = std::fs::read_to_string(path)?.replace(&one, &several);
        Ok(text.replace("nodesPerZone: 1", &format!("nodesPerZone: {nodes_per_zone}")).into_bytes())
    };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(experiment);
    load_experiment_with(&path, &open).unwrap_or_else(|report| panic!("{report}")).study
}

/// The same with a new Node image a week.
fn with_weekly_images(model: &Model) -> Model {
    let mut model = model.clone();
    for fault in model.faults.iter_mut().filter(|fault| matches!(fault.strikes, Strikes::UpgradeNodes(_))) {
        fault.occurs = Occurrence::Every(Law::exponential(7.0 * 86_400.0).expect("a week is a mean"));
    }
    model
}

/// The fault as so many of the same kind that together strike as often.
fn divided(fault: &Fault, parts: u32) -> impl Iterator<Item = Fault> {
    let Occurrence::Every(law) = &fault.occurs else { panic!("the busy year has no script") };
    let every = Law::exponential(law.mean() * f64::from(parts)).expect("a mean that is multiplied is a mean");
    let fault = fault.clone();
    (0..parts).map(move |part| Fault {
        name: format!("{}-{part}", fault.name),
        occurs: Occurrence::Every(every.clone()),
        ..fault.clone()
    })
}

/// Prints how fast a model is played.
fn row(name: &str, model: &Model) {
    let years = (model.warm_up + model.horizon).as_secs_f64() / YEAR.as_secs_f64();
    // The first replication finds cold caches.
    replicate(model, 1, 0);
    let (begin, mut played) = (Instant::now(), 0);
    while begin.elapsed() < LONG {
        played += 1;
        std::hint::black_box(replicate(model, 1, played));
    }
    let seconds = begin.elapsed().as_secs_f64() / (played as f64 * years);
    let counted = played.min(200);
    let events: u64 = (1..=counted).map(|index| events(model, index)).sum();
    let events = events as f64 / (counted as f64 * years);
    println!("| {name} | {} | {events:.0} | {:.0} |", of_three_digits(1.0 / seconds), seconds / events * 1e9);
}

/// How many events a replication has.
fn events(model: &Model, index: u64) -> u64 {
    let mut replication = Replication::new(model, 1, index, Mode::Fast, ());
    let end = SimTime::ZERO + model.warm_up + model.horizon;
    let mut events = 0;
    while replication.step(end) {
        events += 1;
    }
    events
}

/// Years a second of a whole experiment in so many threads: playing, merging and intervals.
fn by_threads(threads: usize) -> f64 {
    let mut study = busy_year(1);
    study.header.stopping = Stopping::Replications(REPLICATIONS);
    let options = Options { threads, stop: &AtomicBool::new(false), progress: &mut |_| () };
    let begin = Instant::now();
    run(&study, options, replicate).unwrap_or_else(|error| panic!("{error}"));
    REPLICATIONS as f64 / begin.elapsed().as_secs_f64()
}

fn of_three_digits(value: f64) -> String {
    let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.decimals$}")
}
