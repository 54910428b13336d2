//! The fluid of queues against requests one by one, as the table of docs/load.md.
//!
//! `cargo run --release --example requests`

#[path = "../tests/common/mod.rs"]
mod common;

use common::requests::{as_a_fluid, cases, one_by_one};

fn main() {
    println!("| | load | one by one | fluid | differ by |");
    println!("|---|---|---|---|---|");
    for (name, case, runs) in cases() {
        let shares: Vec<f64> = (0..runs).map(|seed| one_by_one(&case, seed)).collect();
        let mean = shares.iter().sum::<f64>() / runs as f64;
        let fluid = as_a_fluid(&case);
        let load = case.rate / (case.station.capacity * case.pods as f64);
        let mark = if case.is_critical() { " (critical)" } else { "" };
        println!(
            "| {name} | {load} | {:.2} % | {:.2} % | {:+.2} %{mark} |",
            mean * 100.0,
            fluid * 100.0,
            (fluid - mean) * 100.0
        );
    }
}
