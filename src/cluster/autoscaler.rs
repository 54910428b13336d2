//! The HorizontalPodAutoscaler: every 15 s it sets the number of replicas by the load (H1–H18).
//!
//! ```text
//! load of the last minute ── samples, one for each Pod (`load`) ── what is asked for (`formula`) ── windows, policies and bounds
//! (`windows`) ── spec.replicas ── the Deployment controller (`scaling`)
//! ```
//!
//! Passes that ask for what there is need not be played (invariant 5): where nothing but the rate of requests changes, what a metric asks
//! for lies between what it would ask for at the least and at the most rate of the last minute. So the next pass that matters is found by
//! going through the rates to come.
//!
//! What H18 leaves open: a pass comes 15.1 s after the one before. Where the API server or the controller manager is away there is none;
//! a controller manager that is new has forgotten its windows (H15), and looks for the first time 15.1 s later.
//! Follows `pkg/controller/podautoscaler/horizontal.go`.

mod formula;
mod load;
mod windows;

use super::observer::Observer;
use super::state::{Kubelet, Pod};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Mode};
use crate::cluster::cause::Cause;
use crate::ids::{PodId, WorkloadId};
use crate::model::{Autoscaler, ControlPlanePart, Model, Role, ScalingMetric};
use crate::random::Streams;
use crate::time::{Duration, Grid, SimTime};
use formula::Seen;
use load::{Doing, Load, Looks, SETTLES};
use windows::Windows;

pub(crate) use load::PodLoad;

/// From one evaluation to the next (H18: 15.0 to 15.3 s).
const PERIOD: Duration = Duration::from_millis(15_100);
/// For so long a Pod is young for a CPU metric (H10).
const YOUNG: Duration = Duration::from_secs(300);
/// One that was Ready for the first time later than so long after its start was Ready before (H10).
const INITIAL_READINESS: Duration = Duration::from_secs(30);

/// How far a pass looks ahead.
const LOOKS_AHEAD: Duration = Duration::from_secs(6 * 3_600);

/// An autoscaler at work.
#[derive(Debug, Clone)]
pub(crate) struct AutoscalerState {
    load: Load,
    windows: Windows,
    passes: Grid,
    /// The next pass that is played, and when.
    pass: Timer,
    due: SimTime,
    /// The last pass that was played, and how many replicas those that are skipped since then have asked for.
    seen: SimTime,
    kept: u32,
    /// When something changed last that is not the rate of requests.
    changed: SimTime,
}

impl AutoscalerState {
    /// That of a Deployment, if it has one that plays a role.
    pub fn new(model: &Model, workload: WorkloadId, begins: Duration, streams: Streams) -> Option<Box<Self>> {
        model.workloads[workload].autoscaler.as_ref()?;
        let load = Load::new(model.traffic.as_ref()?, begins, streams);
        let passes = super::dice::phase(load.phase(), PERIOD);
        Some(Box::new(Self {
            load,
            windows: Windows::default(),
            passes,
            pass: Timer::NONE,
            due: SimTime::NEVER,
            seen: SimTime::ZERO,
            kept: 0,
            changed: SimTime::ZERO,
        }))
    }

    /// What waits for an event.
    pub fn timer(&self) -> Timer {
        self.pass
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// How many replicas an autoscaler has brought about that has looked at the load of time 0 for long, from the manifest's number on.
    pub(super) fn first_replicas(&self, workload: WorkloadId) -> u32 {
        let written = self.model.workloads[workload].replicas;
        let (Some(rules), Some(state)) =
            (&self.model.workloads[workload].autoscaler, &self.workloads[workload].autoscaler)
        else {
            return written;
        };
        let rate = state.load.rate(SimTime::ZERO).0;
        let mut replicas = rules.bounded(written);
        // It goes on as long as it would; up and down it cannot go for ever, but for roundings.
        for _ in 0..64 {
            let wanted = rules.metrics.iter().map(|metric| {
                let pods = (0..replicas).map(|_| Doing::Answering);
                at_rate(metric, rules, pods, replicas, replicas, rate)
            });
            let wanted = rules.bounded(formula::largest(wanted, replicas).unwrap_or(replicas));
            if wanted == replicas {
                break;
            }
            replicas = wanted;
        }
        replicas
    }

    /// The first pass of a system that has run for long.
    pub(super) fn begin_autoscaling(&mut self, cx: &mut Cx<'_, Event>) {
        for workload in self.workloads.ids() {
            self.await_autoscaler(cx, workload, cx.now());
        }
    }

    /// A Pod may look different from now on to metrics.
    #[inline]
    pub(super) fn note_load(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        if self.workloads[self.pods[pod].workload].autoscaler.is_some() {
            self.note_looks(cx, pod);
        }
    }

    #[inline(never)]
    fn note_looks(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let (looks, now) = (self.looks(pod), cx.now());
        let workload = self.pods[pod].workload;
        let Some(state) = &mut self.workloads[workload].autoscaler else { return };
        let before = self.pods[pod].load.as_ref().map(|load| load.looks);
        if before == Some(looks) {
            return;
        }
        let was_in_rotation = before.is_some_and(|looks| looks.in_rotation);
        if was_in_rotation != looks.in_rotation {
            state.load.rotation_changed(now, looks.in_rotation);
        }
        match &mut self.pods[pod].load {
            Some(load) => state.load.look(load, now, looks),
            none => *none = Some(Box::new(state.load.pod(now, looks))),
        }
        self.load_changed(cx, workload);
    }

    /// A Pod that the replication begins with has run for long.
    pub(super) fn note_long_running(&mut self, pod: PodId) {
        if self.workloads[self.pods[pod].workload].autoscaler.is_none() {
            return;
        }
        self.refresh_answers(pod);
        let looks = self.looks(pod);
        let Some(state) = &mut self.workloads[self.pods[pod].workload].autoscaler else { return };
        if looks.in_rotation {
            state.load.rotation_changed(SimTime::ZERO, true);
        }
        self.pods[pod].load = Some(Box::new(state.load.long_running(looks)));
    }

    fn looks(&self, pod: PodId) -> Looks {
        let state = &self.pods[pod];
        let spec = self.spec(pod);
        let runs = spec
            .containers
            .iter()
            .zip(&state.containers)
            .all(|(spec, container)| spec.role == Role::Init || container.has_process());
        let doing = match (runs, state.in_rotation) {
            (false, _) => Doing::Nothing,
            (true, true) if self.serves(pod) => Doing::Answering,
            (true, _) => Doing::Idling,
        };
        let is_reached = state.node.is_some_and(|node| {
            let node = &self.nodes[node];
            node.alive && node.reachable && node.kubelet == Kubelet::Up
        });
        Looks {
            doing,
            in_rotation: state.in_rotation,
            is_reached,
            is_ready: state.api_ready,
            is_deleted: state.deleted || !state.exists,
        }
    }

    /// Something has changed that the autoscaler sees, or that keeps it from looking.
    pub(super) fn load_changed(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        if let Some(state) = &mut self.workloads[workload].autoscaler {
            state.changed = cx.now();
            self.await_autoscaler(cx, workload, cx.now());
        }
    }

    /// The first pass at an instant or after it is played, unless an earlier one is.
    fn await_autoscaler(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, from: SimTime) {
        let Some(state) = &self.workloads[workload].autoscaler else { return };
        let at = state.passes.after(from.max(cx.now()));
        if state.pass.is_set() && state.due <= at {
            return;
        }
        let timer = self.timer();
        let state = self.workloads[workload].autoscaler.as_mut().expect("it was there");
        (state.pass, state.due) = (timer, at);
        cx.at(at, Event::AutoscalerDue(workload, timer));
    }

    pub(super) fn on_autoscaler_due(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, timer: Timer) {
        let Some(state) = &mut self.workloads[workload].autoscaler else { return };
        if !state.pass.expires(timer) {
            return;
        }
        let Some(rules) = &self.model.workloads[workload].autoscaler else { return };
        let now = cx.now();
        let current = self.workloads[workload].scaling.replicas;
        let state = self.workloads[workload].autoscaler.as_mut().expect("it was there");
        let before = SimTime::from_nanos(now.as_nanos().saturating_sub(PERIOD.as_nanos()));
        if state.seen < before {
            // Those in between have asked for what there is.
            state.windows.extend(state.kept, before);
        }
        state.seen = now;
        let is_there = self.control_plane.works(ControlPlanePart::ControllerManager);
        // Of no replicas it keeps away (H17).
        if is_there && current > 0 {
            self.evaluate(cx, workload, rules, current);
        }
        let next =
            if self.mode == Mode::Fast && is_there { self.next_pass_that_matters(now, workload, rules) } else { now };
        let workload_state = &mut self.workloads[workload];
        if let Some(state) = &mut workload_state.autoscaler {
            state.kept = workload_state.scaling.replicas;
        }
        if next < SimTime::NEVER {
            self.await_autoscaler(cx, workload, next);
        }
    }

    /// One evaluation.
    fn evaluate(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, rules: &Autoscaler, current: u32) {
        let decided = Windows::out_of_bounds(rules, current).or_else(|| {
            let recommended = self.recommended(cx.now(), workload, rules, current)?;
            let state = self.workloads[workload].autoscaler.as_mut()?;
            Some(state.windows.decide(rules, cx.now(), current, recommended))
        });
        if let Some(replicas) = decided.filter(|&replicas| replicas != current) {
            self.scale_for(cx, workload, Cause::Autoscaler, replicas);
        }
    }

    /// What the metrics ask for now; `None`: they do not know.
    fn recommended(&self, now: SimTime, workload: WorkloadId, rules: &Autoscaler, current: u32) -> Option<u32> {
        let load = &self.workloads[workload].autoscaler.as_ref()?.load;
        let pods = || self.active_pods(workload).map(|pod| &self.pods[pod]);
        let ready = pods().filter(|pod| pod.api_ready).count() as u64;
        let wanted = rules.metrics.iter().map(|metric| match *metric {
            ScalingMetric::Cpu { target, usage } => {
                let seen = pods().map(|pod| {
                    let pod_load = pod.load.as_deref()?;
                    let window = sampled(load, pod, now, true)?;
                    Some(window.map(|window| load.cpu(pod_load, window, &usage)))
                });
                formula::by_average(target.into(), seen.map(seen_as), current, rules.tolerance)
            }
            ScalingMetric::RequestsPerPod { thousandths } => {
                let seen = pods().map(|pod| {
                    let pod_load = pod.load.as_deref()?;
                    let window = sampled(load, pod, now, false)?;
                    Some(window.map(|window| load.asked(pod_load, window)))
                });
                let target = formula::Target::Average(thousandths);
                formula::by_average(target, seen.map(seen_as), current, rules.tolerance)
            }
            ScalingMetric::RequestsPerReplica { thousandths } => {
                Some(formula::by_total_per_replica(thousandths, load.total(now), current, rules.tolerance))
            }
            ScalingMetric::Requests { thousandths } => {
                Some(formula::by_total(thousandths, load.total(now), ready, current, rules.tolerance))
            }
        });
        formula::largest(wanted, current)
    }

    /// From which instant on a pass may change something; never, if nothing else happens.
    fn next_pass_that_matters(&self, now: SimTime, workload: WorkloadId, rules: &Autoscaler) -> SimTime {
        let state = self.workloads[workload].autoscaler.as_ref().expect("it was there");
        let current = self.workloads[workload].scaling.replicas;
        let has_settled = now.saturating_since(state.changed) >= SETTLES;
        if !has_settled || current != rules.bounded(current) || !state.windows.keeps(rules, now, current) {
            return if current == 0 { SimTime::NEVER } else { now };
        }
        // There are as many Pods as replicas, and all are counted with a sample that says what they do.
        let mut doing = Vec::new();
        for pod in self.active_pods(workload) {
            match self.pods[pod].load.as_deref() {
                Some(load) if is_plain(load.looks) => doing.push(load.looks.doing),
                _ => return now,
            }
        }
        if doing.len() != current as usize {
            return now;
        }
        let keeps = |rate: f64| {
            let wanted = rules.metrics.iter().map(|metric| {
                let pods = doing.iter().copied();
                at_rate(metric, rules, pods, state.load.pods_in_rotation(), current, rate)
            });
            formula::largest(wanted, current).is_some_and(|wanted| rules.bounded(wanted) == current)
        };
        // What it asks for grows with the rate: it keeps what there is from one rate to another.
        let (rate, _) = state.load.rate(now);
        let mut kept = (rate, rate);
        let mut stays = |rate: f64| {
            let known = kept.0 <= rate && rate <= kept.1;
            let stays = known || keeps(rate);
            if stays {
                kept = (kept.0.min(rate), kept.1.max(rate));
            }
            stays
        };
        let mut at = SimTime::from_nanos(now.as_nanos().saturating_sub(SETTLES.as_nanos()));
        if !keeps(rate) || !stays(state.load.rate(at).0) {
            return now;
        }
        // The last minute's rates count, too. Where nobody asks for more in hours, to look again is cheaper than to look ahead.
        let end = now + LOOKS_AHEAD;
        while at < end {
            let (rate, until) = state.load.rate(at);
            if !stays(rate) {
                return at.max(now);
            }
            at = until;
        }
        end
    }

    /// Its controller manager is new: it remembers nothing (H15, H18).
    pub(super) fn begin_autoscaling_anew(&mut self, cx: &mut Cx<'_, Event>) {
        for workload in self.workloads.ids() {
            if let Some(state) = &mut self.workloads[workload].autoscaler {
                state.windows = Windows::default();
                state.passes = Grid::new(cx.now(), PERIOD);
                (state.pass, state.seen) = (Timer::NONE, cx.now());
            }
            self.load_changed(cx, workload);
        }
    }

    /// The API server is away, or is back.
    pub(super) fn tell_autoscalers(&mut self, cx: &mut Cx<'_, Event>) {
        for workload in self.workloads.ids() {
            self.load_changed(cx, workload);
        }
    }
}

/// H10: `None` of a Pod that is not ready, else its sample, if it has one.
fn sampled(load: &Load, pod: &Pod, now: SimTime, is_cpu: bool) -> Option<Option<load::Window>> {
    let pod_load = pod.load.as_deref()?;
    // Its phase is Pending until the container that serves has been started.
    if pod.main().instance == 0 {
        return None;
    }
    let Some(window) = load.window(pod_load, pod.born, now) else { return Some(None) };
    let is_ready = pod_load.looks.is_ready;
    let is_unready = is_cpu
        && match pod_load.created {
            Some(created) if now < created + YOUNG => !is_ready || !window.is_after(pod_load.transition),
            Some(created) => !is_ready && pod_load.transition < created + INITIAL_READINESS,
            None => false,
        };
    if is_unready { None } else { Some(Some(window)) }
}

fn seen_as(sample: Option<Option<u64>>) -> Seen {
    match sample {
        None => Seen::Unready,
        Some(None) => Seen::Missing,
        Some(Some(sample)) => Seen::Counted(sample),
    }
}

/// A Pod that has looked like this for a while is counted with what it does.
fn is_plain(looks: Looks) -> bool {
    looks.is_ready && looks.is_reached && looks.doing != Doing::Nothing
}

/// What a metric asks for where Pods have done the same for a while at a rate of requests, and all are counted.
fn at_rate(
    metric: &ScalingMetric,
    rules: &Autoscaler,
    pods: impl Iterator<Item = Doing>,
    in_rotation: u32,
    current: u32,
    rate: f64,
) -> Option<u32> {
    let each = rate / f64::from(in_rotation.max(1));
    let thousandths = |rate: f64| (rate * 1_000.0).round() as u64;
    match *metric {
        ScalingMetric::Cpu { target, usage } => {
            let seen = pods.map(|doing| match doing {
                Doing::Nothing => Seen::Missing,
                Doing::Idling => Seen::Counted(usage.idle.round() as u64),
                Doing::Answering => Seen::Counted(usage.at(each).round() as u64),
            });
            formula::by_average(target.into(), seen, current, rules.tolerance)
        }
        ScalingMetric::RequestsPerPod { thousandths: target } => {
            let asked = |doing| if doing == Doing::Answering { thousandths(each) } else { 0 };
            let seen = pods.map(|doing| Seen::Counted(asked(doing)));
            formula::by_average(formula::Target::Average(target), seen, current, rules.tolerance)
        }
        ScalingMetric::RequestsPerReplica { thousandths: target } => {
            Some(formula::by_total_per_replica(target, thousandths(rate), current, rules.tolerance))
        }
        ScalingMetric::Requests { thousandths: target } => {
            let ready = pods.count() as u64;
            Some(formula::by_total(target, thousandths(rate), ready, current, rules.tolerance))
        }
    }
}
