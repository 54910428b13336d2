//! The columns of the measured files, taken from a replication as the watcher took them from the cluster: `a_to_b` is
//! the time of b minus the time of a.

use super::record::{Life, PodLog, Record};
use super::scenarios::Taken;
use crate::model::ProbeKind::{self, Liveness, Readiness, Startup};

/// At most one value of each Pod, in the order of their creation.
fn each(of: impl Fn(&PodLog) -> Option<f64> + Send + Sync + 'static) -> Taken {
    Box::new(move |record: &Record| record.pods.iter().filter_map(&of).collect())
}

/// Several values of each Pod.
fn several(of: impl Fn(&PodLog) -> Vec<f64> + Send + Sync + 'static) -> Taken {
    Box::new(move |record: &Record| record.pods.iter().flat_map(&of).collect())
}

// ---- New Pods ----

fn start(pod: &PodLog) -> Option<f64> {
    Some(pod.lives.first()?.start)
}

fn first(pod: &PodLog, kind: ProbeKind) -> Option<f64> {
    pod.arrival(start(pod)?, kind)
}

pub fn created_to_scheduled() -> Taken {
    each(|pod| Some(pod.bound? - pod.created))
}
pub fn scheduled_to_start() -> Taken {
    each(|pod| Some(start(pod)? - pod.bound?))
}
pub fn start_to_startup_probe() -> Taken {
    each(|pod| Some(first(pod, Startup)? - start(pod)?))
}
pub fn start_to_liveness_probe() -> Taken {
    each(|pod| Some(first(pod, Liveness)? - start(pod)?))
}
pub fn start_to_readiness_probe() -> Taken {
    each(|pod| Some(first(pod, Readiness)? - start(pod)?))
}
pub fn readiness_probe_to_ready() -> Taken {
    each(|pod| Some(pod.ready_at(start(pod)?, true)? - first(pod, Readiness)?))
}
pub fn readiness_probe_to_endpoint() -> Taken {
    each(|pod| Some(pod.endpoint_at(start(pod)?, true)? - first(pod, Readiness)?))
}
pub fn ready_to_endpoint() -> Taken {
    each(|pod| Some(pod.endpoint_at(start(pod)?, true)? - pod.ready_at(start(pod)?, true)?))
}
pub fn start_to_ready() -> Taken {
    each(|pod| Some(pod.ready_at(start(pod)?, true)? - start(pod)?))
}
pub fn created_to_ready() -> Taken {
    each(|pod| Some(pod.ready_at(start(pod)?, true)? - pod.created))
}
pub fn startup_probe_to_readiness_probe() -> Taken {
    each(|pod| Some(first(pod, Readiness)? - first(pod, Startup)?))
}
pub fn startup_probe_to_liveness_probe() -> Taken {
    each(|pod| Some(first(pod, Liveness)? - first(pod, Startup)?))
}

// ---- Faults ----

fn fault(pod: &PodLog) -> Option<f64> {
    pod.faults.first().copied()
}

/// The life that was struck.
fn struck(pod: &PodLog) -> Option<&Life> {
    pod.life_at(fault(pod)?)
}

/// The start of the next life.
fn new_start(pod: &PodLog) -> Option<f64> {
    Some(pod.next_life(fault(pod)?)?.start)
}

pub fn fault_to_readiness_probe() -> Taken {
    each(|pod| Some(pod.arrival(fault(pod)?, Readiness)? - fault(pod)?))
}
pub fn fault_to_liveness_probe() -> Taken {
    each(|pod| Some(pod.arrival(fault(pod)?, Liveness)? - fault(pod)?))
}
pub fn readiness_probes_before_not_ready() -> Taken {
    each(|pod| {
        let (from, to) = (fault(pod)?, pod.ready_at(fault(pod)?, false)?);
        Some(pod.arrivals_within(Readiness, from, to) as f64)
    })
}
pub fn liveness_probes_before_kill() -> Taken {
    each(|pod| Some(pod.arrivals_within(Liveness, fault(pod)?, struck(pod)?.stop?) as f64))
}
pub fn fault_to_not_ready() -> Taken {
    each(|pod| Some(pod.ready_at(fault(pod)?, false)? - fault(pod)?))
}
pub fn fault_to_endpoint_not_ready() -> Taken {
    each(|pod| Some(pod.endpoint_at(fault(pod)?, false)? - fault(pod)?))
}
pub fn not_ready_to_endpoint() -> Taken {
    each(|pod| Some(pod.endpoint_at(fault(pod)?, false)? - pod.ready_at(fault(pod)?, false)?))
}
pub fn fault_to_stop_call() -> Taken {
    each(|pod| Some(struck(pod)?.stop? - fault(pod)?))
}
pub fn fault_to_sigterm() -> Taken {
    each(|pod| Some(struck(pod)?.sigterm? - fault(pod)?))
}
pub fn sigterm_to_exit() -> Taken {
    each(|pod| Some(struck(pod)?.exit? - struck(pod)?.sigterm?))
}
pub fn exit_to_new_start() -> Taken {
    each(|pod| Some(new_start(pod)? - struck(pod)?.exit?))
}
pub fn fault_to_new_start() -> Taken {
    each(|pod| Some(new_start(pod)? - fault(pod)?))
}
pub fn new_start_to_ready() -> Taken {
    each(|pod| Some(pod.ready_at(new_start(pod)?, true)? - new_start(pod)?))
}
pub fn new_start_to_startup_probe() -> Taken {
    each(|pod| Some(pod.arrival(new_start(pod)?, Startup)? - new_start(pod)?))
}
pub fn new_start_to_readiness_probe() -> Taken {
    each(|pod| Some(pod.arrival(new_start(pod)?, Readiness)? - new_start(pod)?))
}
pub fn new_start_to_liveness_probe() -> Taken {
    each(|pod| Some(pod.arrival(new_start(pod)?, Liveness)? - new_start(pod)?))
}
pub fn fault_to_ready_again() -> Taken {
    each(|pod| Some(pod.ready_at(new_start(pod)?, true)? - fault(pod)?))
}
pub fn fault_to_endpoint_ready_again() -> Taken {
    each(|pod| Some(pod.endpoint_at(new_start(pod)?, true)? - fault(pod)?))
}
pub fn ready_again_to_endpoint() -> Taken {
    each(|pod| Some(pod.endpoint_at(new_start(pod)?, true)? - pod.ready_at(new_start(pod)?, true)?))
}

// ---- Slow starts and loops ----

pub fn kills() -> Taken {
    each(|pod| Some(pod.lives.iter().filter(|life| life.stop.is_some()).count() as f64))
}
pub fn first_start_to_first_kill() -> Taken {
    each(|pod| Some(pod.lives.first()?.stop? - start(pod)?))
}
pub fn kill_times() -> Taken {
    several(|pod| pod.lives.iter().filter_map(|life| Some(life.stop? - life.start)).collect())
}
pub fn listening_at() -> Taken {
    each(|pod| Some(listening(pod)? - start(pod)?))
}
pub fn listening_to_ready() -> Taken {
    each(|pod| Some(pod.ready_at(start(pod)?, true)? - listening(pod)?))
}
pub fn restart_gaps() -> Taken {
    several(|pod| pod.lives.windows(2).filter_map(|lives| Some(lives[1].start - lives[0].exit?)).collect())
}

/// When the application listened in the life that became Ready: the last that began before.
fn listening(pod: &PodLog) -> Option<f64> {
    pod.life_at(pod.ready_at(start(pod)?, true)?)?.serving
}

/// From the exit of the k-th life, counted from 0, to the start of the next one.
pub fn nth_exit_to_start(k: usize) -> Taken {
    each(move |pod| Some(pod.lives.get(k + 1)?.start - pod.lives[k].exit?))
}

/// From the start of the k-th life to the kubelet's call to stop it.
pub fn nth_start_to_stop(k: usize) -> Taken {
    each(move |pod| Some(pod.lives.get(k)?.stop? - pod.lives[k].start))
}
