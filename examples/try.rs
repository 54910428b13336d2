//! x
use hasim::experiment::*;
use std::sync::atomic::AtomicBool;
fn main() {
    let a = std::env::args().nth(1).unwrap();
    let study = hasim::spec::load_experiment(std::path::Path::new(&a)).unwrap();
    let mut plan = Plan::of(study);
    if let Some(n) = std::env::args().nth(2) {
        plan.stop = Stop::Fixed(n.parse().unwrap());
    }
    let t = std::time::Instant::now();
    let r =
        run(&plan, Options { threads: 0, stop: &AtomicBool::new(false), progress: &mut |_| {} }, replicate).unwrap();
    eprintln!("{:?}", t.elapsed());
    println!("{}", hasim::report::terminal::render(&r, None, 100));
    hasim::output::write_all(&hasim::output::default_folder(&plan.name), &r).unwrap();
}
