//! What probes make of a hang and of errors (W1–W3, W12), by whole distributions.

use super::judge::{Title, law, share, uniform};
use super::watch::{What, play};
use super::{RELIST, WINDOW, struck_once};
use crate::model::{Affects, ContainerMode, Model, Probe, Strikes};
use crate::time::Duration;
use crate::verify::row::Row;

const HANG: Strikes = Strikes::Container(ContainerMode::Hang(Affects::ALL));
const ERROR: Strikes = Strikes::Container(ContainerMode::Error(Affects::ALL));
const N: u64 = 6000;

pub fn rows(check: &'static str, seed: u64) -> Vec<Row> {
    let title = |what, note| Title { check, what, note };
    let mut rows = Vec::new();
    let (losses, kills) = losses_and_kills(&struck_once(HANG, None), seed);
    rows.push(law(
        title("hang → readiness lost", "W1, reference probes"),
        "U[10, 15)",
        losses.clone(),
        uniform(10.0, 15.0),
    ));
    rows.push(law(
        title("hang → kill decided", "W2, reference probes"),
        "U[20, 25)",
        kills.clone(),
        uniform(20.0, 25.0),
    ));
    let gaps = kills.iter().zip(&losses).map(|(kill, loss)| kill - loss).collect();
    rows.push(law(title("readiness lost → kill decided", "W2, P9b"), "10 − q or 15 − q", gaps, coupled));
    let mut with_startup = struck_once(HANG, None);
    with_startup.workload_mut().pod.main_mut().startup = with_startup.workload().pod.main().liveness;
    let (losses, kills) = losses_and_kills(&with_startup, seed + 1);
    let together = losses.iter().zip(&kills).filter(|(loss, kill)| (*kill - *loss - 10.0).abs() <= 0.02).count();
    let note = "W2, P9b: with a startup probe both tick together";
    rows.push(share(title("kill 10.0 s after the loss (± 20 ms)", note), together, kills.len(), 1.0));
    let (losses, kills) = losses_and_kills(&struck_once(ERROR, None), seed + 2);
    rows.push(law(title("503 → readiness lost", "W3, reference probes"), "U[5, 10)", losses, uniform(5.0, 10.0)));
    rows.push(law(title("503 → kill decided", "W3, reference probes"), "U[15, 20)", kills, uniform(15.0, 20.0)));
    rows.extend(finite(check, seed + 10));
    rows.extend(other_probes(check, seed + 20));
    rows
}

/// First readiness loss and first kill after the strike, in seconds; replications without them give none.
fn reactions(model: &Model, seed: u64) -> Vec<(Option<f64>, Option<f64>)> {
    let logs = play(model, seed, N, WINDOW + 100.0);
    let reaction = |log: &super::watch::Log| {
        let at = log.first(0.0, What::Struck)?;
        let within = |what| log.first(at, what).map(|t| t - at).filter(|t| *t < 100.0);
        Some((within(What::Lost), within(What::Killed)))
    };
    logs.iter().filter_map(reaction).collect()
}

fn losses_and_kills(model: &Model, seed: u64) -> (Vec<f64>, Vec<f64>) {
    reactions(model, seed).into_iter().filter_map(|(loss, kill)| Some((loss?, kill?))).unzip()
}

/// W2: readiness lags liveness by q = L + δ, here 0.3 + U[0, 1.005); the kill follows the loss after 10 − q with
/// probability 1 − q/5, else after 15 − q.
fn coupled(x: f64) -> f64 {
    let (least, most) = (0.3, 0.3 + RELIST);
    // The integrals of 1 − q/5 and of q/5 from q to the largest lag.
    let near = |q: f64| (most - q) - (most * most - q * q) / 10.0;
    let far = |q: f64| (most * most - q * q) / 10.0;
    let lag = |q: f64| q.clamp(least, most);
    (near(lag(10.0 - x)) + far(lag(15.0 - x))) / (most - least)
}

/// W2 (b), W3: the F-th failing probe must start while the fault lasts.
fn finite(check: &'static str, seed: u64) -> Vec<Row> {
    let cases = [
        (HANG, 7.5, "a hang of 7.5 s costs readiness", 0.5, true),
        (HANG, 17.5, "a hang of 17.5 s costs the container", 0.5, false),
        (ERROR, 6.0, "a 503 of 6 s costs readiness", 0.2, true),
        (ERROR, 19.0, "a 503 of 19 s costs the container", 0.8, false),
    ];
    let judged = cases.into_iter().enumerate().map(|(i, (strikes, lasts, what, p, loss))| {
        let found = reactions(&struck_once(strikes, Some(lasts)), seed + i as u64);
        let hits = found.iter().filter(|f| if loss { f.0.is_some() } else { f.1.is_some() }).count();
        share(Title { check, what, note: "W2 b, W3: clamp((d − k)/5, 0, 1)" }, hits, found.len(), p)
    });
    judged.collect()
}

/// W12, P5, P19: readiness probes alone, with other timings.
fn other_probes(check: &'static str, seed: u64) -> Vec<Row> {
    let cases = [
        (ERROR, (1.0, 10.0, 3), "503, default probe → readiness lost", "U[20, 30)", (20.0, 30.0)),
        (HANG, (1.0, 10.0, 3), "hang, default probe → readiness lost", "U[21, 31)", (21.0, 31.0)),
        (HANG, (10.0, 5.0, 3), "hang, timeout 10, period 5 → readiness lost", "U[30, 35)", (30.0, 35.0)),
        (ERROR, (5.0, 5.0, 1), "503, threshold 1 → readiness lost", "U[0, 5)", (0.0, 5.0)),
    ];
    let judged =
        cases.into_iter().enumerate().map(|(i, (strikes, (timeout, period, threshold), what, words, (a, b)))| {
            let mut model = struck_once(strikes, None);
            let pod = &mut model.workload_mut().pod;
            pod.main_mut().liveness = None;
            pod.main_mut().readiness = pod.main().readiness.map(|probe| Probe {
                timeout: Duration::from_secs_f64(timeout),
                period: Duration::from_secs_f64(period),
                failure_threshold: threshold,
                ..probe
            });
            let losses = reactions(&model, seed + i as u64).into_iter().filter_map(|(loss, _)| loss).collect();
            law(Title { check, what, note: "W12, P5, P19" }, words, losses, uniform(a, b))
        });
    judged.collect()
}
