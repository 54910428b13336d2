//! Speed of one replication: years of the reference with the faults of the speed target, on one core, and of what never comes
//! right by itself: loops, and hangs that nothing ends.
//!
//! `cargo bench` prints the time per batch of ten simulated years, and simulated years per second as items; of loops the time
//! per batch of ten days, and restarts per second as items.

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use divan::counter::ItemsCount;
use hasim::cluster::{Mode, Observer, Replication};
use hasim::model::{Model, Occurrence};
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

/// Ten days of a liveness loop at the defaults, whose kill, wait and start repeat for ever; items are restarts.
#[divan::bench(sample_count = 50)]
fn restart_cycles_of_a_liveness_loop(bencher: divan::Bencher) {
    restart_cycles(bencher, common::loops::liveness_loop());
}

/// Ten days of a container that dies after a second of service; items are restarts.
#[divan::bench(sample_count = 50)]
fn restart_cycles_of_a_crash_loop(bencher: divan::Bencher) {
    restart_cycles(bencher, common::loops::crash_loop());
}

fn restart_cycles(bencher: divan::Bencher, mut model: Model) {
    model.horizon = Duration::from_secs(10 * 86_400);
    let restarts = play(&model, common::loops::Restarts::default()).0;
    bencher.counter(ItemsCount::new(restarts)).bench(|| play(&model, common::loops::Restarts::default()));
}

/// A year of two Pods that no probe restarts, in the weather of a cloud: where they never hang, and where they hang once a
/// day and nothing ends it but the end of a Node.
#[divan::bench(args = [false, true], sample_count = 50)]
fn a_year_without_liveness_probe(bencher: divan::Bencher, hangs: bool) {
    let mut model = common::storms::busy_reference();
    model.workload_mut().pod.main_mut().liveness = None;
    model.app_mut().probe_failure = 0.0;
    model.warm_up = Duration::ZERO;
    let every = if hangs { common::days(1.0) } else { common::days(1e6) };
    for fault in &mut model.faults {
        if fault.strikes == common::HANG {
            fault.occurs = Occurrence::Every(common::exponential(every));
        }
    }
    bencher.bench(|| play(&model, ()));
}

fn play<O: Observer>(model: &Model, observer: O) -> O {
    let mut replication = Replication::new(model, 1, 0, Mode::Fast, observer);
    replication.run_until(SimTime::ZERO + model.horizon);
    replication.into_observer()
}
