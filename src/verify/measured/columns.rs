//! The columns of the measured files, taken from a replication as the watcher took them from the cluster: `a_to_b` is
//! the time of b minus the time of a.

use super::record::{Life, NodeLog, PodLog, Record};
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

pub fn fault_to_exit() -> Taken {
    each(|pod| Some(struck(pod)?.exit? - fault(pod)?))
}

/// The first status of the Pod that the API has after the fault: an outage of the API server has lain between them.
pub fn fault_to_status() -> Taken {
    Box::new(|record: &Record| {
        let of_pod = |pod: &PodLog| {
            let fault = fault(pod)?;
            Some(first_after(&record.nodes[pod.node?.index()].written, fault)? - fault)
        };
        record.pods.iter().filter_map(of_pod).collect()
    })
}

// ---- Leaders ----

pub fn gone_to_elected() -> Taken {
    Box::new(|record: &Record| {
        record.elected.zip(record.struck).map(|(elected, struck)| elected - struck).into_iter().collect()
    })
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

// ---- Kubelets and Nodes ----

/// Of each Node that went down.
fn each_node(of: impl Fn(&NodeLog, f64) -> Option<f64> + Send + Sync + 'static) -> Taken {
    Box::new(move |record: &Record| {
        record.nodes.iter().filter_map(|node| of(node, node.down.first().copied()?)).collect()
    })
}

/// Of each Pod that was on a Node when that went down: the Pod, the instant, and when the Node came up again.
fn each_lost(of: impl Fn(&PodLog, f64, Option<f64>) -> Option<f64> + Send + Sync + 'static) -> Taken {
    Box::new(move |record: &Record| lost(record).filter_map(|(pod, down, up)| of(pod, down, up)).collect())
}

fn lost(record: &Record) -> impl Iterator<Item = (&PodLog, f64, Option<f64>)> {
    record.pods.iter().filter_map(|pod| {
        let node = record.nodes.get(pod.node?.index())?;
        let down = node.down.first().copied().filter(|down| pod.bound.is_some_and(|bound| bound < *down))?;
        Some((pod, down, node.up.first().copied()))
    })
}

fn first_after(instants: &[f64], from: f64) -> Option<f64> {
    instants.iter().copied().find(|at| *at >= from)
}

pub fn up_to_probe(kind: ProbeKind) -> Taken {
    each_lost(move |pod, _, up| Some(pod.arrival(up?, kind)? - up?))
}
pub fn phase_shift(kind: ProbeKind) -> Taken {
    each_lost(move |pod, down, up| {
        let before = pod.arrivals.iter().rev().find(|a| a.kind == kind && a.at < down)?.at;
        Some((pod.arrival(up?, kind)? - before).rem_euclid(5.0))
    })
}
pub fn down_to_unknown() -> Taken {
    each_node(|node, down| Some(first_after(&node.unknown, down)? - down))
}
pub fn down_to_taint() -> Taken {
    each_node(|node, down| Some(first_after(&node.tainted, down)? - down))
}
pub fn up_to_node_ready() -> Taken {
    each_node(|node, _| Some(first_after(&node.ready, *node.up.first()?)? - node.up.first()?))
}
pub fn up_to_taint_gone() -> Taken {
    each_node(|node, _| Some(first_after(&node.untainted, *node.up.first()?)? - node.up.first()?))
}
pub fn down_to_not_ready() -> Taken {
    each_lost(|pod, down, _| Some(pod.ready_at(down, false)? - down))
}
pub fn down_to_endpoint_not_ready() -> Taken {
    each_lost(|pod, down, _| Some(pod.endpoint_at(down, false)? - down))
}
pub fn down_to_deletion() -> Taken {
    each_lost(|pod, down, _| Some(pod.deleted? - down))
}
pub fn not_ready_to_deletion() -> Taken {
    each_lost(|pod, down, _| Some(pod.deleted? - pod.ready_at(down, false)?))
}
pub fn down_to_gone() -> Taken {
    each_lost(|pod, down, _| Some(pod.gone? - down))
}
pub fn up_to_gone() -> Taken {
    each_lost(|pod, _, up| Some(pod.gone? - up?))
}
pub fn up_to_ready() -> Taken {
    each_lost(|pod, _, up| Some(pod.ready_at(up?, true)? - up?))
}
pub fn up_to_endpoint_ready() -> Taken {
    each_lost(|pod, _, up| Some(pod.endpoint_at(up?, true)? - up?))
}

/// Each deleted Pod with the next one that was created, as the files pair them: greedy by time. With the instant at
/// which its Node went down, and that of its deletion.
fn replacements(record: &Record, of: impl Fn(f64, f64, &PodLog) -> Option<f64>) -> Vec<f64> {
    let mut deleted: Vec<(f64, f64)> = lost(record).filter_map(|(pod, down, _)| Some((pod.deleted?, down))).collect();
    deleted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut created: Vec<&PodLog> = record.pods.iter().collect();
    created.sort_by(|a, b| a.created.total_cmp(&b.created));
    let mut rest = created.into_iter();
    let pairs = deleted.into_iter().filter_map(|(at, down)| Some((down, at, rest.find(|pod| pod.created >= at)?)));
    pairs.filter_map(|(down, at, pod)| of(down, at, pod)).collect()
}

pub fn deletion_to_replacement() -> Taken {
    Box::new(|record| replacements(record, |_, deleted, pod| Some(pod.created - deleted)))
}
pub fn replacement_to_scheduled() -> Taken {
    Box::new(|record| replacements(record, |_, _, pod| Some(pod.bound? - pod.created)))
}
pub fn replacement_to_ready() -> Taken {
    Box::new(|record| replacements(record, |_, _, pod| Some(pod.ready_at(pod.created, true)? - pod.created)))
}
pub fn down_to_replacement_ready() -> Taken {
    Box::new(|record| replacements(record, |down, _, pod| Some(pod.ready_at(pod.created, true)? - down)))
}
pub fn down_to_replacement_endpoint_ready() -> Taken {
    Box::new(|record| replacements(record, |down, _, pod| Some(pod.endpoint_at(pod.created, true)? - down)))
}

// ---- Deletions ----

fn last_life(pod: &PodLog) -> Option<&Life> {
    pod.life_at(pod.asked?)
}

pub fn asked_to_deleted() -> Taken {
    each(|pod| Some(pod.deleted? - pod.asked?))
}
pub fn asked_to_endpoint_not_ready() -> Taken {
    each(|pod| Some(pod.endpoint_at(pod.asked?, false)? - pod.asked?))
}
pub fn asked_to_endpoint_terminating() -> Taken {
    each(|pod| Some(pod.endpoint_terminating()? - pod.asked?))
}
pub fn asked_to_endpoint_gone() -> Taken {
    each(|pod| Some(pod.endpoint_gone(pod.asked?)? - pod.asked?))
}
pub fn asked_to_stop() -> Taken {
    each(|pod| Some(last_life(pod)?.stop? - pod.asked?))
}
pub fn asked_to_sigterm() -> Taken {
    each(|pod| Some(last_life(pod)?.sigterm? - pod.asked?))
}
pub fn asked_to_exit() -> Taken {
    each(|pod| Some(last_life(pod)?.exit? - pod.asked?))
}
pub fn asked_to_not_ready() -> Taken {
    each(|pod| Some(pod.ready_at(pod.asked?, false)? - pod.asked?))
}
pub fn asked_to_gone() -> Taken {
    each(|pod| Some(pod.gone? - pod.asked?))
}
pub fn exit_to_gone() -> Taken {
    each(|pod| Some(pod.gone? - last_life(pod)?.exit?))
}
pub fn probes_while_terminating(kind: ProbeKind) -> Taken {
    each(move |pod| Some(pod.arrivals_within(kind, pod.asked?, last_life(pod)?.exit?) as f64))
}

/// The replacement takes the same slot: the Pods go one after another.
pub fn asked_to_replacement() -> Taken {
    Box::new(|record: &Record| {
        let next = |pod: &PodLog| {
            let deleted = pod.deleted?;
            let next = record.pods.iter().find(|next| next.slot == pod.slot && next.created >= deleted)?;
            Some(next.created - pod.asked?)
        };
        record.pods.iter().filter_map(next).collect()
    })
}
