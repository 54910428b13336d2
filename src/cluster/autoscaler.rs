//! The `HorizontalPodAutoscaler`: every 15 s it sets the number of replicas by the load (H1–H18).
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
use super::requests::Requests;
use super::state::{Kubelet, Pod};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Mode};
use crate::ids::{PodId, WorkloadId};
use crate::model::{Autoscaler, ControlPlanePart, Model, Role, ScalingMetric};
use crate::random::Streams;
use crate::time::{Duration, Grid, SimTime};
use formula::{Seen, Sum};
use load::{Doing, Load, Looks, SETTLES};
use windows::Windows;

pub(crate) use load::PodLoad;

/// From one evaluation to the next (H18: 15.0 to 15.3 s).
const PERIOD: Duration = Duration::from_millis(15_100);
/// For so long a Pod is young for a CPU metric (H10).
const YOUNG: Duration = Duration::from_secs(300);
/// One that was Ready for the first time later than so long after its start was Ready before (H10).
const INITIAL_READINESS: Duration = Duration::from_secs(30);

/// Requests a second that no service has, and that none counts; and how exactly a rate is found at which something changes.
const MOST_RATE: f64 = 1e15;
const LEAST_RATE: f64 = 1e-6;
const PRECISION: f64 = 1e-6;
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
    /// Of Pods and replicas that there have been, from which rate of requests up to which nothing changes, if at any.
    kept_rates: Vec<((Steady, u32), Option<(f64, f64)>)>,
    /// When something changed last that is not the rate of requests.
    changed: SimTime,
}

impl AutoscalerState {
    /// That of a Deployment, if it has one that plays a role.
    pub fn new(
        model: &Model,
        workload: WorkloadId,
        requests: Option<&Requests>,
        streams: Streams,
    ) -> Option<Box<Self>> {
        model.workloads[workload].autoscaler.as_ref()?;
        let load = Load::new(requests?.clone(), streams);
        let passes = super::dice::phase(load.phase(), PERIOD);
        Some(Box::new(Self {
            load,
            windows: Windows::default(),
            passes,
            pass: Timer::NONE,
            due: SimTime::NEVER,
            seen: SimTime::ZERO,
            kept: 0,
            kept_rates: Vec::new(),
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
        steady_replicas(rules, written, state.load.rate(SimTime::ZERO).0)
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
            Some(load) => load.look(now, looks),
            none => *none = Some(Box::new(PodLoad::new(now, looks))),
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
        // One that found no Node has not been started.
        let has_run = self.pods[pod].adopted;
        let load = if has_run { PodLoad::long_running(looks) } else { PodLoad::new(SimTime::ZERO, looks) };
        self.pods[pod].load = Some(Box::new(load));
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
            is_accepted: state.adopted,
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
        let Some(rules) = &self.model.workloads[workload].autoscaler else { return };
        let now = cx.now();
        let current = self.workloads[workload].scaling.replicas;
        let Some(state) = &mut self.workloads[workload].autoscaler else { return };
        if !state.pass.expires(timer) {
            return;
        }
        let last = now.earlier_by(PERIOD);
        if state.seen < last && state.kept > 0 {
            // Those in between have asked for what there is.
            state.windows.extend(state.kept, last);
        }
        state.seen = now;
        let is_there = self.control_plane.works(ControlPlanePart::ControllerManager);
        let skips = self.mode == Mode::Fast && is_there;
        let steady = if skips { self.steady(now, workload, current) } else { None };
        // Of no replicas it keeps away (H17).
        if is_there && current > 0 {
            self.evaluate(cx, workload, rules, current, steady);
        }
        let replicas = self.workloads[workload].scaling.replicas;
        let next = match steady {
            _ if skips && replicas == 0 => SimTime::NEVER,
            Some(steady) if replicas == current => self.next_pass_that_matters(now, workload, rules, current, steady),
            _ => now,
        };
        if let Some(state) = &mut self.workloads[workload].autoscaler {
            state.kept = replicas;
        }
        if next < SimTime::NEVER {
            self.await_autoscaler(cx, workload, next);
        }
    }

    /// One evaluation; of Pods that are steady, which need not be asked if their metrics ask for the same whichever samples there are.
    fn evaluate(
        &mut self,
        cx: &mut Cx<'_, Event>,
        workload: WorkloadId,
        rules: &Autoscaler,
        current: u32,
        steady: Option<Steady>,
    ) {
        if let Some(state) = &mut self.workloads[workload].autoscaler {
            state.windows.begin(current, cx.now());
        }
        let decided = Windows::out_of_bounds(rules, current).or_else(|| {
            let load = self.load(workload)?;
            let surely = steady.and_then(|steady| steady.surely_wanted(rules, current, &load.rates(cx.now())));
            let recommended = surely.or_else(|| self.recommended(cx.now(), workload, rules, current))?;
            let state = self.workloads[workload].autoscaler.as_mut()?;
            Some(state.windows.decide(rules, cx.now(), current, recommended))
        });
        if let Some(replicas) = decided {
            self.autoscale(cx, workload, replicas);
        }
    }

    /// What the metrics ask for now; `None`: they do not know.
    fn recommended(&self, now: SimTime, workload: WorkloadId, rules: &Autoscaler, current: u32) -> Option<u32> {
        let load = &self.workloads[workload].autoscaler.as_ref()?.load;
        let pods = || self.active_pods(workload).map(|pod| &self.pods[pod]);
        let ready = pods().filter(|pod| pod.api_ready).count() as u64;
        let rates = load.rates(now);
        let wanted = rules.metrics.iter().map(|metric| match *metric {
            ScalingMetric::Cpu { target, usage } => {
                let shown = |of: &PodLoad, window| load.cpu(&rates, of, window, &usage);
                let pods = pods().map(|pod| seen(load, pod, now, true, shown)).collect();
                formula::by_average(target.into(), pods, current, rules.tolerance)
            }
            ScalingMetric::RequestsPerPod { thousandths } => {
                let shown = |of: &PodLoad, window| load.asked(&rates, of, window);
                let pods = pods().map(|pod| seen(load, pod, now, false, shown)).collect();
                formula::by_average(formula::Target::Average(thousandths), pods, current, rules.tolerance)
            }
            ScalingMetric::RequestsPerReplica { thousandths } => {
                Some(formula::by_total_per_replica(thousandths, load.total(&rates, now), current, rules.tolerance))
            }
            ScalingMetric::Requests { thousandths } => {
                Some(formula::by_total(thousandths, load.total(&rates, now), ready, current, rules.tolerance))
            }
            ScalingMetric::Invalid => None,
        });
        formula::largest(wanted, current)
    }

    /// The Pods, where nothing but the rate of requests has changed for a while, there are as many as replicas, and all are counted with a
    /// sample that says what they do.
    fn steady(&self, now: SimTime, workload: WorkloadId, current: u32) -> Option<Steady> {
        let state = self.workloads[workload].autoscaler.as_ref()?;
        if now.saturating_since(state.changed) < SETTLES {
            return None;
        }
        let mut steady = Steady { in_rotation: state.load.pods_in_rotation(), ..Steady::default() };
        for pod in self.active_pods(workload) {
            match self.pods[pod].load.as_deref().map(|load| load.looks) {
                Some(looks) if is_plain(looks) && looks.doing == Doing::Answering => steady.answering += 1,
                Some(looks) if is_plain(looks) => steady.idling += 1,
                _ => return None,
            }
        }
        (steady.pods() == current).then_some(steady)
    }

    /// From which instant on a pass may change something, where Pods are steady.
    fn next_pass_that_matters(
        &mut self,
        now: SimTime,
        workload: WorkloadId,
        rules: &Autoscaler,
        current: u32,
        steady: Steady,
    ) -> SimTime {
        let keeps = |state: &AutoscalerState| state.windows.keeps(rules, now, current);
        if current != rules.bounded(current) || !self.workloads[workload].autoscaler.as_deref().is_some_and(keeps) {
            return now;
        }
        // The last minute's rates count, too. Where nobody asks for more in hours, to look again is cheaper than to look ahead.
        let (from, end) = (now.earlier_by(SETTLES), now + LOOKS_AHEAD);
        let kept = self.kept_rates(workload, rules, steady, current);
        let first = kept.map_or(Some(now), |kept| self.load(workload)?.first_outside(from, end, kept));
        first.map_or(end, |first| first.max(now))
    }

    /// From which rate of requests up to which the metrics ask for as many replicas as there are. What they ask for grows with the rate.
    fn kept_rates(
        &mut self,
        workload: WorkloadId,
        rules: &Autoscaler,
        steady: Steady,
        current: u32,
    ) -> Option<(f64, f64)> {
        let state = self.workloads[workload].autoscaler.as_mut()?;
        let key = (steady, current);
        if let Some((_, kept)) = state.kept_rates.iter().find(|(known, _)| *known == key) {
            return *kept;
        }
        let kept = steady.kept_rates(rules, current);
        state.kept_rates.push((key, kept));
        kept
    }

    fn load(&self, workload: WorkloadId) -> Option<&Load> {
        Some(&self.workloads[workload].autoscaler.as_ref()?.load)
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

/// How many replicas an autoscaler brings about that sees so many requests a second for long, from a number on.
pub fn steady_replicas(rules: &Autoscaler, from: u32, rate: f64) -> u32 {
    // It goes on as long as it would: hardly ever so often.
    const STEPS: u32 = 64;
    let mut replicas = rules.bounded(from);
    for _ in 0..STEPS {
        let pods = Steady { answering: replicas, idling: 0, in_rotation: replicas };
        let wanted = rules.bounded(pods.wanted_at(rules, replicas, rate).unwrap_or(replicas));
        if wanted == replicas {
            break;
        }
        replicas = wanted;
    }
    replicas
}

/// H10: a Pod as a metric sees it, which shows this of a window.
fn seen(load: &Load, pod: &Pod, now: SimTime, is_cpu: bool, shown: impl Fn(&PodLoad, load::Window) -> u64) -> Seen {
    let Some(pod_load) = pod.load.as_deref() else { return Seen::Unready };
    // Its phase is Pending until the container that serves has been started.
    if pod.main().instance == 0 {
        return Seen::Unready;
    }
    let Some(window) = load.window(pod_load, pod.born, now) else { return Seen::Missing };
    let is_ready = pod_load.looks.is_ready;
    let is_unready = is_cpu
        && match pod_load.accepted {
            Some(accepted) if now < accepted + YOUNG => !is_ready || !window.is_after(pod_load.transition),
            Some(accepted) => !is_ready && pod_load.transition < accepted + INITIAL_READINESS,
            None => false,
        };
    if is_unready { Seen::Unready } else { Seen::Counted(shown(pod_load, window)) }
}

/// A Pod that has looked like this for a while is counted with what it does.
fn is_plain(looks: Looks) -> bool {
    looks.is_ready && looks.is_reached && looks.doing != Doing::Nothing
}

/// Pods that have done the same for a while and are all counted; and how many are in rotation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Steady {
    answering: u32,
    idling: u32,
    in_rotation: u32,
}

impl Steady {
    fn pods(self) -> u32 {
        self.answering + self.idling
    }

    /// From which rate of requests up to which the metrics ask for what there is, within the bounds; `None` where they do at hardly any.
    fn kept_rates(self, rules: &Autoscaler, current: u32) -> Option<(f64, f64)> {
        let wanted = |rate: f64| self.wanted_at(rules, current, rate).map(|wanted| rules.bounded(wanted));
        // As nothing comes they ask for the least, and for the most at a rate that nobody has.
        let first_with = |is: &dyn Fn(u32) -> bool| -> Option<(f64, f64)> {
            let (mut without, mut with) = (0.0, MOST_RATE);
            if wanted(without).is_none_or(is) {
                return Some((0.0, 0.0));
            }
            if !wanted(with).is_some_and(is) {
                return None;
            }
            while with - without > with * PRECISION && with > LEAST_RATE {
                let middle = f64::midpoint(without, with);
                if wanted(middle).is_some_and(is) { with = middle } else { without = middle }
            }
            Some((without, with))
        };
        let (_, least) = first_with(&|wanted| wanted >= current)?;
        let most = first_with(&|wanted| wanted > current).map_or(f64::INFINITY, |(most, _)| most);
        (least <= most && wanted(least) == Some(current)).then_some((least, most))
    }

    /// What the metrics ask for, where that is the same at all rates of the last minute, and so whichever samples there are.
    fn surely_wanted(self, rules: &Autoscaler, current: u32, rates: &load::Rates) -> Option<u32> {
        let mut wanted = rates.iter().map(|rate| self.wanted_at(rules, current, rate));
        let first = wanted.next().flatten()?;
        wanted.all(|wanted| wanted == Some(first)).then_some(first)
    }

    /// What the metrics ask for at a rate of requests.
    fn wanted_at(self, rules: &Autoscaler, current: u32, rate: f64) -> Option<u32> {
        let each = rate * load::part(self.in_rotation);
        let thousandths = |rate: f64| (rate * 1_000.0).round() as u64;
        let average = |target, idling: u64, answering: u64| {
            let usage = u64::from(self.idling) * idling + u64::from(self.answering) * answering;
            let sum = Sum { usage, ready: u64::from(self.pods()), ..Sum::default() };
            formula::by_average(target, sum, current, rules.tolerance)
        };
        let wanted = rules.metrics.iter().map(|metric| match *metric {
            ScalingMetric::Cpu { target, usage } => {
                average(target.into(), usage.idle.round() as u64, usage.at(each).round() as u64)
            }
            ScalingMetric::RequestsPerPod { thousandths: target } => {
                average(formula::Target::Average(target), 0, thousandths(each))
            }
            ScalingMetric::RequestsPerReplica { thousandths: target } => {
                Some(formula::by_total_per_replica(target, thousandths(rate), current, rules.tolerance))
            }
            ScalingMetric::Requests { thousandths: target } => {
                let ready = u64::from(self.pods());
                Some(formula::by_total(target, thousandths(rate), ready, current, rules.tolerance))
            }
            ScalingMetric::Invalid => None,
        });
        formula::largest(wanted, current)
    }
}
