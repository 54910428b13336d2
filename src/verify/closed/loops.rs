//! Crash loops and probe-kill loops (W8, W9, C10–C13).

use super::judge::{Title, law, share};
use super::watch::{Log, What, play};
use super::{RELIST, SYNC, bare, fault, fixed, uniform};
use crate::model::{ContainerMode, Model, Start, Strikes};
use crate::verify::row::Row;

pub fn rows(check: &'static str, seed: u64) -> Vec<Row> {
    let title = |what, note| Title { check, what, note };
    let logs = play(&crash_loop(), seed, 3000, 1500.0);
    let waits: Vec<Vec<f64>> = logs.iter().map(crash_waits).collect();
    let first = waits.iter().map(|waits| waits[0]).collect();
    let mut rows = vec![law(
        title("first crash → restart begins", "C1, C11: no back-off"),
        "U[0, 1.005)",
        first,
        super::judge::uniform(SYNC, SYNC + RELIST),
    )];
    // The refused sync comes back after what is left of the delay times U[1, 1.5), at most 60 s, or after 60 s and so
    // on, with the next poll of a second: the delay is never cut short, and exceeded by half of its last wait at most.
    let sequence = [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0];
    let fits = |waits: &Vec<f64>| {
        let within = |(wait, nominal): (&f64, &f64)| {
            let excess = if *nominal > 0.0 { 0.5 * nominal.min(60.0) + 1.0 + SYNC } else { RELIST + SYNC };
            *wait >= *nominal && *wait <= nominal + excess + 1e-6
        };
        waits.len() >= sequence.len() && waits.iter().zip(&sequence).all(within)
    };
    let hits = waits.iter().filter(|waits| fits(waits)).count();
    let note = "W9, C10, C11, C13: at most half the last wait and a poll above";
    rows.push(share(title("crash loop waits 0, 10, 20, 40, 80, 160, 300, 300 s", note), hits, waits.len(), 1.0));
    rows.push(kill_loop_waits(
        title(
            "kill loop waits 0 ×5, 80, 160, 300, 0, 300, 0, 300 s",
            "W8, C12: the back-off counts from the exit before",
        ),
        seed + 1,
    ));
    rows
}

/// A process that exits 3 s after it serves, again and again.
fn crash_loop() -> Model {
    let crash = Strikes::Container(ContainerMode::Crash);
    let mut model = Model { faults: vec![fault(crash, fixed(3.0), None)].into(), ..bare(1) };
    model.app_mut().start_up = fixed(0.0);
    model
}

/// From each exit to the next start, less creating and starting the container.
fn crash_waits(log: &Log) -> Vec<f64> {
    let (exits, starts) = (log.all(What::Struck), log.all(What::Restarted));
    starts.iter().zip(&exits).map(|(start, exit)| start - exit - 0.3).collect()
}

/// An application that never answers, connections refused, G = 0.3, c = 1: five immediate restarts with deaths 40 s
/// apart, waits of 80, 160 and 300 s, then a wait of 300 s alternates with an immediate restart. The fifth is C12's
/// knife edge, which exact times decide by ≥.
fn kill_loop_waits(title: Title, seed: u64) -> Row {
    let mut model = Model { start: Start::Fresh, ..bare(1) };
    model.app_mut().start_up = fixed(1e9);
    model.cluster.latencies.container_start = fixed(1.0);
    model.cluster.latencies.bind = uniform(0.0, 10.0);
    let expected = [0.0, 0.0, 0.0, 0.0, 0.0, 80.0, 160.0, 300.0, 0.0, 300.0, 0.0, 300.0];
    let fits = |log: &Log| {
        let deaths = log.all(What::Killed).into_iter().map(|kill| kill + SYNC + 0.3);
        let waits: Vec<f64> =
            log.all(What::Restarted).iter().zip(deaths).map(|(start, death)| start - death - 1.0).collect();
        let within = |(wait, nominal): (&f64, &f64)| {
            let excess = if *nominal > 0.0 { 32.0 } else { 0.0 };
            *wait >= nominal - 1e-6 && *wait <= nominal + excess + 1e-6
        };
        waits.len() >= expected.len() && waits.iter().zip(&expected).all(within)
    };
    let logs = play(&model, seed, 1000, 3000.0);
    share(title, logs.iter().filter(|log| fits(log)).count(), logs.len(), 1.0)
}
