#[path = "../tests/common/mod.rs"]
mod common;
use hasim::cluster::{Mode, Replication};
use hasim::time::{Duration, SimTime};
fn main() {
    let mut model = common::busy_reference();
    model.warm_up = Duration::ZERO;
    let mut n = 0u64;
    let t = std::time::Instant::now();
    let years: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    for index in 0..years {
        let mut r = Replication::new(&model, 1, index, Mode::Fast, ());
        let end = SimTime::ZERO + model.horizon;
        while r.step(end) {
            n += 1;
        }
    }
    println!("{} events/yr, {} yr/s", n / years, years as f64 / t.elapsed().as_secs_f64());
}
