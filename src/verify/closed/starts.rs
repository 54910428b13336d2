//! From a start to Ready, and the budget of a slow one (W4, W5, P9, P11a, P12).

use super::judge::{Title, law, share, split, sum_of_uniforms, uniform};
use super::watch::{Log, What, play};
use super::{RELIST, SYNC, WINDOW, bare, fixed, struck_once};
use crate::cluster::Phase;
use crate::model::{ContainerMode, Model, Start, Strikes, WhileStarting};
use crate::verify::row::Row;

const CRASH: Strikes = Strikes::Container(ContainerMode::Crash);

pub fn rows(check: &'static str, seed: u64) -> Vec<Row> {
    let title = |what, note| Title { check, what, note };
    let mut rows = Vec::new();
    let cases = [
        (0.3, 1.0, "crash → Ready, c = 0.3 s", "21 + U[0, 1), 20 % one relist more"),
        (1.2, 2.0, "crash → Ready, c = 1.2 s", "22 + U[0, 1), 20 % one relist more"),
    ];
    for (i, (c, m, what, words)) in cases.into_iter().enumerate() {
        let from = 20.0 + SYNC + m * RELIST;
        let (a, b) = (uniform(from, from + RELIST), uniform(from + RELIST, from + 2.0 * RELIST));
        let ready = crash_to_ready(&crashing(c), seed + i as u64);
        rows.push(law(title(what, "W4, P11a"), words, ready, |x| 0.8 * a(x) + 0.2 * b(x)));
    }
    let mut model = crashing(1.0);
    model.workload_mut().pod.main_mut().startup = model.workload().pod.main().liveness;
    // Two syncs: the restart, and the one that follows the success. f is 1 − U[0, 1).
    let exact = sum_of_uniforms(20.0 + 1.0 + 2.0 * SYNC - 1.0, &[RELIST, 1.0, 5.0]);
    let ready = crash_to_ready(&model, seed + 2);
    rows.push(law(
        title("crash → Ready with a startup probe, c = 1 s", "W4, P9a"),
        "20 + U[0, 1) + U[0, 1) + U[0, 5)",
        ready,
        exact,
    ));
    rows.extend(new_pods(check, seed + 10));
    rows.extend(budgets(check, seed + 20));
    rows
}

/// One replica that crashes at a random time; creating and starting its container takes `c`.
fn crashing(c: f64) -> Model {
    let mut model = struck_once(CRASH, None);
    model.cluster.latencies.container_start = fixed(c);
    model
}

fn crash_to_ready(model: &Model, seed: u64) -> Vec<f64> {
    let logs = play(model, seed, 5000, WINDOW + 60.0);
    let recovery = |log: &Log| {
        let struck = log.first(0.0, What::Struck)?;
        Some(log.ready(struck)? - struck)
    };
    logs.iter().filter_map(recovery).collect()
}

/// A Pod just created at a random moment, whose first container starts `start` seconds after its first sync.
fn fresh(start: f64) -> Model {
    let mut model = bare(1);
    model.start = Start::Fresh;
    model.cluster.latencies.bind = super::uniform(0.0, 100.0);
    model.cluster.latencies.container_start = fixed(start);
    model
}

/// Seconds since the kubelet's first sync of the first Pod (P9's t0): one latency after binding.
fn since_t0(model: &Model, seed: u64, n: u64, when: impl Fn(&Log, f64) -> Option<f64>) -> Vec<f64> {
    let since = |log: &Log| {
        let t0 = log.reached(0.0, Phase::Start)? + SYNC;
        Some(when(log, t0)? - t0)
    };
    play(model, seed, n, 300.0).iter().filter_map(since).collect()
}

/// W4: s + 20 + δ without a startup probe; with one on the grid of the first sync.
fn new_pods(check: &'static str, seed: u64) -> Vec<Row> {
    let title = |what, note| Title { check, what, note };
    let l = 0.82;
    let ready = since_t0(&fresh(l), seed, 5000, Log::ready);
    let from = l + 20.0 + 2.0 * SYNC;
    let (a, b) = (uniform(from, from + RELIST), uniform(from + RELIST, from + 2.0 * RELIST));
    // Case (c) is an atom; it is counted, and the law of the others compared.
    let (atom, rest): (Vec<f64>, Vec<f64>) = ready.iter().partition(|&&t| t < from + 1e-6);
    let mut rows = vec![
        share(title("new Pod: readiness grid anchored at the start", "P11a, case (c)"), atom.len(), ready.len(), 0.08),
        law(
            title("new Pod: first sync → Ready, L = 0.82 s", "W4, P12, cases (a) and (b)"),
            "L + 20 + δ",
            rest,
            |x| (0.80 * a(x) + 0.12 * b(x)) / 0.92,
        ),
    ];
    let cases = [
        (0.3, 0.7, "startup probe: Ready at t0 + 20, not 25, L = 0.3 s"),
        (0.8, 0.2, "startup probe: Ready at t0 + 20, not 25, L = 0.8 s"),
        (3.0, 0.0, "startup probe: Ready at t0 + 20, not 25, L = 3 s"),
    ];
    for (i, (l, early, what)) in cases.into_iter().enumerate() {
        let mut model = fresh(l);
        model.workload_mut().pod.main_mut().startup = model.workload().pod.main().liveness;
        model.app_mut().start_up = fixed(0.1);
        let ready = since_t0(&model, seed + 1 + i as u64, 3000, Log::ready);
        rows.push(split(title(what, "W4, P9: f ≥ L"), &ready, [20.0, 25.0], 0.02, early));
    }
    rows
}

/// W5: the kill of a first instance falls on the grid of its first sync; after a crash on a new phase.
fn budgets(check: &'static str, seed: u64) -> Vec<Row> {
    let title = |what, note| Title { check, what, note };
    let mut rows = Vec::new();
    let cases = [
        (0.8, WhileStarting::Refuses, 35.0, 0.2, "never answers, refused: killed at t0 + 35, not 40, L = 0.8 s"),
        (0.8, WhileStarting::Accepts, 40.0, 0.2, "never answers, accepted: killed at t0 + 40, not 45, L = 0.8 s"),
        (2.5, WhileStarting::Refuses, 35.0, 0.0, "never answers, refused: killed at t0 + 35, not 40, L = 2.5 s"),
    ];
    for (i, (l, starting, first, early, what)) in cases.into_iter().enumerate() {
        let mut model = fresh(l);
        model.app_mut().start_up = fixed(1e6);
        model.app_mut().while_starting = starting;
        let kills = since_t0(&model, seed + i as u64, 3000, |log, t0| log.first(t0, What::Killed));
        rows.push(split(title(what, "W5, P9"), &kills, [first, first + 5.0], 1e-6, early));
    }
    let cases = [
        (36.0, 0.30, "restart after a crash, start-up 36 s: killed"),
        (38.0, 0.70, "restart after a crash, start-up 38 s: killed"),
    ];
    for (i, (start_up, p, what)) in cases.into_iter().enumerate() {
        let mut model = crashing(0.3);
        model.workload_mut().pod.main_mut().startup = model.workload().pod.main().liveness;
        model.app_mut().start_up = fixed(start_up);
        let killed = |log: &Log| {
            let restarted = log.first(log.first(0.0, What::Struck)?, What::Restarted)?;
            Some(log.first(restarted, What::Killed).is_some_and(|at| at < restarted + 50.0))
        };
        let found: Vec<bool> =
            play(&model, seed + 10 + i as u64, 3000, WINDOW + 60.0).iter().filter_map(killed).collect();
        let kills = found.iter().filter(|&&killed| killed).count();
        rows.push(share(title(what, "W5, with a startup probe: (S − 34.5)/5"), kills, found.len(), p));
    }
    rows
}
