//! Latencies of the environment [env]: their names in a Cluster file, and the values they have unless stated.
//!
//! Medians of the steps that go through the API are those measured on an unloaded
//! control plane (E10a), with room for a disk-backed store; steps of the runtime
//! are those of a real one (C6), which the measured stand-in did not have.

use crate::model::Latencies;
use crate::random::Law;
use crate::spec::diagnostic::Problems;
use crate::spec::law;
use crate::spec::reader::{Item, Object};

/// The second parameter of a log-normal law here: its 95th percentile.
fn lognormal(median: f64, p95: f64) -> Law {
    Law::lognormal_with_p95(median, p95).expect("constants of this file")
}

fn uniform(min: f64, max: f64) -> Law {
    Law::uniform(min, max).expect("constants of this file")
}

/// The latencies of a typical cluster.
pub(in crate::spec) fn defaults() -> Latencies {
    Latencies {
        // Two of them take 0.05–0.4 s, from Ready to the next Pod of a rollout (R1).
        controller: lognormal(0.06, 0.15),
        // Measured 0.01–0.4 s from the deletion timestamp to the replacement (E10a).
        replacement: lognormal(0.12, 0.4),
        // Measured 0.02 s, 0.04–0.15 s after a Node failure (E10a): the case that matters here.
        bind: lognormal(0.04, 0.12),
        // Measured about 0.02 s (E10a).
        first_sync: lognormal(0.02, 0.05),
        // Sandbox, network and volumes take 1–10 s (C6); 0.5–2 s without volumes to attach.
        sandbox: uniform(0.5, 2.0),
        // Assumption: some hundred megabytes at some tens of megabytes a second.
        image_pull: lognormal(12.0, 40.0),
        // Assumption: two round trips to a registry, now and then with a new token (C14).
        image_check: lognormal(0.4, 1.5),
        // 0.3–2 s for create and start (C6).
        container_start: lognormal(0.5, 1.2),
        // Measured 0.01–0.15 s from DELETE to SIGTERM (E10a), here the runtime's part.
        container_stop: lognormal(0.08, 0.25),
        // The pod worker wakes at once and compares (C3).
        sync: uniform(0.005, 0.02),
        // Measured 0.03–0.08 s, 90 % below 0.08–0.23 s (E10a).
        status_write: lognormal(0.05, 0.15),
        // Measured 0.01–0.05 s, 90 % below 0.03–0.2 s (E10a).
        endpoint_slice: lognormal(0.03, 0.1),
        // A run of kube-proxy over a small rule set (E6).
        proxy: lognormal(0.05, 0.3),
        // A watch event reaches the kubelet (E10a: 0.01–0.15 s to SIGTERM).
        deletion_seen: lognormal(0.05, 0.15),
        // Measured 0.1–0.4 s after the relist (E10a, T5).
        object_gone: uniform(0.1, 0.4),
        // 0.05–0.15 s from Ready until an eviction is allowed (V10).
        disruption: lognormal(0.1, 0.2),
        // Measured about 0.02 s (R6).
        eviction_request: lognormal(0.02, 0.05),
        // Measured about 0.5 s (E10a, N14).
        kubelet_ready: lognormal(0.5, 0.8),
        // Measured about 1.6 s (E10a, P21).
        kubelet_first_sync: lognormal(1.6, 2.2),
        // An unloaded control plane.
        load: Law::Fixed(1.0),
    }
}

/// Their names in a file; `load` is none of them.
pub(in crate::spec) fn laws(latencies: &mut Latencies) -> [(&'static str, &mut Law); 19] {
    [
        ("controller", &mut latencies.controller),
        ("replacement", &mut latencies.replacement),
        ("bind", &mut latencies.bind),
        ("firstSync", &mut latencies.first_sync),
        ("sandbox", &mut latencies.sandbox),
        ("imagePull", &mut latencies.image_pull),
        ("imageCheck", &mut latencies.image_check),
        ("containerStart", &mut latencies.container_start),
        ("containerStop", &mut latencies.container_stop),
        ("sync", &mut latencies.sync),
        ("statusWrite", &mut latencies.status_write),
        ("endpointSlice", &mut latencies.endpoint_slice),
        ("proxy", &mut latencies.proxy),
        ("deletionSeen", &mut latencies.deletion_seen),
        ("objectGone", &mut latencies.object_gone),
        ("disruption", &mut latencies.disruption),
        ("evictionRequest", &mut latencies.eviction_request),
        ("kubeletReady", &mut latencies.kubelet_ready),
        ("kubeletFirstSync", &mut latencies.kubelet_first_sync),
    ]
}

/// Reads the overrides of a Cluster.
pub(in crate::spec) fn read(object: &mut Object<'_>, problems: &mut Problems) -> Latencies {
    let mut latencies = defaults();
    for (key, field) in laws(&mut latencies) {
        if let Some(law) = object.get(key).and_then(|item| law::read(&item, problems)) {
            *field = law;
        }
    }
    if let Some(load) = object.get("load").and_then(|item| read_load(&item, problems)) {
        latencies.load = load;
    }
    latencies
}

/// `{sigma: 0.5, busy: {share: 10%, times: 18}}`: a log-normal factor with median 1, or in that share of
/// replications with so large a median.
fn read_load(item: &Item<'_>, problems: &mut Problems) -> Option<Law> {
    let mut object = item.our_object(problems)?;
    let sigma = object.require("sigma", problems).and_then(|sigma| sigma.number(problems, 0.0..=3.0));
    let busy = object.get("busy").map(|busy| {
        let mut object = busy.our_object(problems)?;
        let share = object.require("share", problems).and_then(|share| share.share(problems, 0.0..=1.0));
        let times = object.require("times", problems).and_then(|times| times.number(problems, 1.0..=1000.0));
        object.finish(problems, &[]);
        share.zip(times)
    });
    object.finish(problems, &[]);
    let sigma = sigma?;
    let factor = |median| Law::lognormal(median, sigma).ok();
    match busy {
        None => factor(1.0),
        Some(busy) => {
            let (share, times) = busy?;
            Law::mixture(vec![(1.0 - share, factor(1.0)?), (share, factor(times)?)]).ok()
        }
    }
}
