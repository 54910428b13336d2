//! scratch
use std::time::Instant;
thread_local! { static T0: Instant = Instant::now(); }
use hasim::cluster::{Mode, Observed, Observer, Replication};
use hasim::time::SimTime;
#[derive(Default, Clone)]
struct Count {
    all: u64,
    restarts: u64,
    log: u64,
    slot: u64,
    ep: u64,
}
impl Observer for Count {
    fn observe(&mut self, _at: SimTime, what: &Observed) {
        self.all += 1;
        match what {
            Observed::Restarted { .. } => self.restarts += 1,
            Observed::Happened(_) => self.log += 1,
            Observed::SlotChanged { .. } => self.slot += 1,
            Observed::EndpointChanged { .. } => self.ep += 1,
            _ => {}
        }
    }
}
fn cpu() -> f64 {
    if std::env::var("WALL").is_ok() {
        return T0.with(|t| t.elapsed().as_secs_f64());
    }
    #[allow(unreachable_code)]
    let s = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    s.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let n: u64 = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let only = std::env::var("ONLY").unwrap_or_default();
    println!(
        "{:22} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "scenario", "s/yr ()", "s/yr M", "restarts", "us/rst()", "us/rst M", "ev/rst", "lines/r"
    );
    for path in &args[1..] {
        let study = hasim::spec::load_experiment(std::path::Path::new(path)).unwrap_or_else(|r| panic!("{r:?}"));
        let model = &study.scenarios[0].model;
        let mut rep = Replication::new(model, 11, 0, Mode::Fast, Count::default());
        let end = SimTime::ZERO + model.horizon;
        let mut events = 0u64;
        if only.is_empty() {
            while rep.step(end) {
                events += 1;
            }
        }
        let c = rep.observer().clone();
        let t = cpu();
        let _i = Instant::now();
        if only != "m" {
            for i in 0..n {
                let mut r = Replication::new(model, 11, i, Mode::Fast, ());
                r.run_until(end);
                std::hint::black_box(r.now());
            }
        }
        let a = (cpu() - t) / n as f64;
        let t = cpu();
        if only != "u" {
            for i in 0..n {
                std::hint::black_box(hasim::experiment::replicate(model, 11, i));
            }
        }
        let b = (cpu() - t) / n as f64;
        let r = c.restarts.max(1) as f64;
        println!(
            "{:22} {:9.6} {:9.6} {:9} {:9.2} {:9.2} {:8.1} {:8.1}  ev {}",
            std::path::Path::new(path).file_stem().unwrap().to_string_lossy(),
            a,
            b,
            c.restarts,
            a * 1e6 / r,
            b * 1e6 / r,
            events as f64 / r,
            c.log as f64 / r,
            events
        );
    }
}
