//! Speed of one replication: years of the reference with the faults of the speed target, on one core.
//!
//! `cargo bench` prints the time per batch of ten simulated years, and simulated years per second as items.

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use divan::counter::ItemsCount;
use hasim::cluster::{Mode, Replication};
use hasim::time::{Duration, SimTime};

fn main() {
    divan::main();
}

/// Ten years of the reference in the fast mode, by one thread and by two at once; items are years, of each thread.
#[divan::bench(sample_count = 50, threads = [1, 2])]
fn ten_years_of_the_reference(bencher: divan::Bencher) {
    let mut model = common::storms::busy_reference();
    model.warm_up = Duration::ZERO;
    let index = AtomicU64::new(0);
    bencher.counter(ItemsCount::new(10usize)).bench(|| {
        for _ in 0..10 {
            let index = index.fetch_add(1, Ordering::Relaxed);
            let mut replication = Replication::new(&model, 1, index, Mode::Fast, ());
            replication.run_until(SimTime::ZERO + model.horizon);
            divan::black_box(replication.now());
        }
    });
}
