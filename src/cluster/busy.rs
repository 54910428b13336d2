//! Probes that wait behind requests: where the health endpoint shares the queue, a probe of a busy Pod fails with the probability by which
//! a request that comes with it would not be answered within `timeoutSeconds` (P5, P16).
//!
//! What waits in the Pods of a Deployment is a [`Watched`] pool. Its load changes when a Pod enters or leaves rotation, when one begins or
//! ceases to answer, and with the rate of requests; at each such instant the queues are moved on, and the probes planned anew if they can
//! tell.
//!
//! Given the load, probes are independent draws, so those of quiet times need not be played (invariant 5). While the queues are at rest and
//! the rate stays within a [`Band`], each probe fails with no more than a known probability. Candidates are found by that one, as in
//! [`super::chance`], and each of them fails with the share that its own probability is of it. In the first band the load is as good as
//! none, and probes fail as if there were none. Beyond the last one, and as long as anything waits, each probe is played.

use super::chance::Chance;
use super::observer::Observer;
use super::prober::skipping::Next;
use super::probing::KINDS;
use super::requests::Requests;
use super::state::Plan;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::history::Reply;
use crate::ids::{ContainerRef, PodId, WorkloadId};
use crate::model::{Model, ProbeKind};
use crate::queueing::{Clients, Fails, Pool, Watched};
use crate::time::{Duration, SimTime};

/// Up to these probabilities of the probe that is the likeliest to fail, probes are not played one by one. Up to the first the load is as
/// good as none.
const BANDS: [f64; 5] = [1e-15, 1e-5, 1e-3, 1e-2, 0.1];
/// How far it is looked for the end of a band: a week has all rates but those of surges.
const LOOKS_AHEAD: Duration = Duration::from_secs(7 * 86_400);

/// What waits in the Pods of a Deployment whose probes feel it.
#[derive(Debug, Clone)]
pub(crate) struct Busy {
    requests: Requests,
    queues: Watched,
    /// By kind of probe: how long one waits, in seconds.
    timeouts: [Option<f64>; 3],
    /// How likely a probe fails by chance whatever waits.
    by_itself: f64,
    /// What is so until the queues move on; `None` where each probe is to be played.
    band: Option<Band>,
    /// When they do, or something in them changes.
    moves: Timer,
    due: SimTime,
    /// Pods look different from what the queues know.
    has_changed: bool,
    /// By Pods that are asked, and what they answer: the rates of requests up to which the bands go.
    edges: Vec<((usize, u64), [f64; BANDS.len()])>,
}

/// Queues at rest.
#[derive(Debug, Clone, Copy)]
struct Band {
    /// No probe fails for want of a worker.
    is_quiet: bool,
    /// By kind of probe: the law of those that may fail.
    chances: [Chance; 3],
}

impl Busy {
    /// That of a Deployment, if its probes feel what waits.
    pub fn new(model: &Model, workload: WorkloadId, requests: Option<&Requests>) -> Option<Box<Self>> {
        let container = model.workloads[workload].pod.main();
        let app = &container.app;
        app.queue.filter(|queue| queue.delays_probes)?;
        let clients = model.traffic.as_ref().map_or(Clients::PATIENT, |traffic| traffic.clients);
        let pool = Pool::new(app.station()?, clients);
        Some(Box::new(Self {
            requests: requests?.clone(),
            queues: Watched::new(pool),
            timeouts: KINDS.map(|kind| container.probe(kind).map(|probe| probe.timeout.as_secs_f64())),
            by_itself: app.probe_failure,
            band: None,
            moves: Timer::NONE,
            due: SimTime::NEVER,
            has_changed: true,
            edges: Vec::new(),
        }))
    }

    /// What waits for an event.
    pub fn timer(&self) -> Timer {
        self.moves
    }

    /// What becomes of a probe of a healthy Pod that is sent at an instant, no earlier than the last change.
    fn fails(&mut self, at: SimTime, pod: PodId, kind: ProbeKind) -> Fails {
        let Some(timeout) = self.timeouts[kind as usize] else { return Fails { refused: 0.0, late: 0.0 } };
        let (rate, _) = self.requests.rate(at);
        let into = self.queues.into_step(at);
        let Fails { refused, late } = self.queues.pool.fails(pod.index(), into, rate, timeout);
        Fails { refused, late: late + self.by_itself * (1.0 - refused - late).max(0.0) }
    }

    /// The load that there is is as good as none: what there is of it does not matter to any probe.
    fn is_quiet(&self) -> bool {
        self.band.is_some_and(|band| band.is_quiet)
    }

    /// Probability that the probe of a kind fails that is the likeliest to, at rest at such a rate.
    fn likeliest(&mut self, rate: f64) -> f64 {
        let shortest = self.timeouts.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        self.queues.pool.fails_at_rest(rate, shortest).map_or(1.0, |fails| fails.refused + fails.late)
    }

    /// The rates of requests up to which the bands go, with the Pods that there are; below 0 where none is so small.
    fn edges(&mut self) -> [f64; BANDS.len()] {
        let (pods, answers) = self.queues.pool.asked();
        let key = (pods, answers.to_bits());
        if let Some((_, edges)) = self.edges.iter().find(|(known, _)| *known == key) {
            return *edges;
        }
        let most = self.queues.pool.capacity();
        let edges = BANDS.map(|band| {
            if self.likeliest(0.0) > band {
                return f64::NEG_INFINITY;
            }
            let halve = |(low, high): (f64, f64), _| {
                let middle = f64::midpoint(low, high);
                if self.likeliest(middle) <= band { (middle, high) } else { (low, middle) }
            };
            (0..30).fold((0.0, most), halve).0
        });
        self.edges.push((key, edges));
        edges
    }

    /// The queues are like this from now on, with these Pods: what they answer, `None` for one that is asked no more and works on.
    fn arrange(&mut self, now: SimTime, pods: &[(PodId, Option<f64>)]) {
        let pool = &self.queues.pool;
        let gone = |key: &usize| pods.iter().all(|(pod, _)| pod.index() != *key);
        let gone: Vec<usize> = pool.keys().filter(gone).collect();
        let is_other = |(pod, answers): &&(PodId, Option<f64>)| pool.answers(pod.index()) != *answers;
        let others: Vec<_> = pods.iter().filter(is_other).copied().collect();
        if gone.is_empty() && others.is_empty() {
            return;
        }
        // What they have come to until now is that of the rate that there was last.
        let (rate, _) = self.requests.rate(now);
        self.queues.look(now, rate);
        self.queues.change(now, |pool| {
            gone.into_iter().for_each(|key| pool.set(key, None));
            for (pod, answers) in others {
                match answers {
                    Some(_) => pool.set(pod.index(), answers),
                    None => pool.withdraw(pod.index()),
                }
            }
        });
    }

    /// Looks at the queues: the band that they are in from now on, and until when.
    fn look(&mut self, now: SimTime) -> (Option<Band>, SimTime) {
        let (rate, until) = self.requests.rate(now);
        let step = self.queues.look(now, rate);
        if self.queues.pool.is_excited() {
            return (None, step.to.min(until));
        }
        if self.queues.pool.stations() == 0 {
            // Whatever comes, it comes to none of them.
            return (Some(self.band_up_to(0.0)), SimTime::NEVER);
        }
        let edges = self.edges();
        let Some(band) = edges.iter().position(|edge| rate <= *edge) else {
            // Up to where they do not come to rest the rate is looked at whenever it changes.
            return (None, until);
        };
        let from = band.checked_sub(1).map_or(0.0, |below| edges[below].max(0.0));
        let horizon = now + LOOKS_AHEAD;
        let until = self.requests.first_outside(now, horizon, (from, edges[band])).unwrap_or(horizon);
        // What rounding makes of a rate at the edge must not keep it here.
        (Some(self.band_up_to(edges[band])), until.max(now + Duration::from_nanos(1)))
    }

    /// What holds at rest for rates up to this one.
    fn band_up_to(&mut self, rate: f64) -> Band {
        let is_quiet = self.likeliest(rate) <= BANDS[0];
        let (timeouts, by_itself) = (self.timeouts, self.by_itself);
        let chances = timeouts.map(|timeout| {
            let timeout = timeout.filter(|_| !is_quiet);
            let fails = timeout.and_then(|timeout| self.queues.pool.fails_at_rest(rate, timeout));
            let fails = fails.map_or(0.0, |fails| fails.refused + fails.late);
            Chance::new(fails + by_itself * (1.0 - fails))
        });
        Band { is_quiet, chances }
    }
}

/// How a probe of a healthy container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is to be drawn.
    Open,
    /// It is answered.
    Answered,
    /// Its answer comes too late, or not at all.
    Late,
    /// It is refused, as there is no place where it could wait.
    Refused,
}

impl Fate {
    /// How the container's own chance lets a probe fail.
    pub fn fails(self) -> bool {
        matches!(self, Self::Late | Self::Refused)
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// What becomes of a probe of a healthy container that is sent at an instant, no earlier than the last change of its load.
    pub(super) fn fate(&mut self, sent: SimTime, at: ContainerRef, kind: ProbeKind) -> Fate {
        self.fate_of_candidate(sent, at, kind, 1.0)
    }

    /// The same of one that is as likely a candidate for a failure.
    fn fate_of_candidate(&mut self, sent: SimTime, at: ContainerRef, kind: ProbeKind, candidate: f64) -> Fate {
        let workload = self.pods[at.pod].workload;
        let is_main = at == self.main(at.pod);
        let Fails { refused, late } = match &mut self.workloads[workload].busy {
            Some(busy) if is_main => busy.fails(sent, at.pod, kind),
            _ => Fails { refused: 0.0, late: self.container_spec(at).app.probe_failure },
        };
        if refused + late <= 0.0 {
            return Fate::Answered;
        }
        let u = self.chance_of(at).probe_failure.uniform() * candidate;
        match u {
            u if u < refused => Fate::Refused,
            u if u < refused + late => Fate::Late,
            _ => Fate::Answered,
        }
    }

    /// The law by which candidates for a failure by chance are found among the probes of the container; `None` where each is played.
    pub(super) fn chance(&self, at: ContainerRef, kind: ProbeKind) -> Option<Chance> {
        let workload = &self.workloads[self.pods[at.pod].workload];
        match &workload.busy {
            Some(busy) if at == self.main(at.pod) => busy.band.map(|band| band.chances[kind as usize]),
            _ => Some(workload.chances[at.container]),
        }
    }

    /// What becomes of a candidate, a probe sent at an instant. One that nothing but the container's own chance makes one fails.
    pub(super) fn candidate(&mut self, sent: SimTime, at: ContainerRef, kind: ProbeKind) -> Fate {
        let is_main = at == self.main(at.pod);
        let busy = self.workloads[self.pods[at.pod].workload].busy.as_ref().filter(|busy| is_main && !busy.is_quiet());
        match busy.and_then(|busy| busy.band) {
            Some(band) => self.fate_of_candidate(sent, at, kind, band.chances[kind as usize].p),
            None => Fate::Late,
        }
    }

    /// Something has changed on which the queues hang that the Pod's probes feel: they move on at once.
    #[inline]
    pub(super) fn note_queues(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let workload = self.pods[pod].workload;
        if let Some(busy) = &mut self.workloads[workload].busy {
            busy.has_changed = true;
            self.await_queues(cx, workload, cx.now());
        }
    }

    /// The queues that there are at time 0.
    pub(super) fn begin_queues(&mut self, cx: &mut Cx<'_, Event>) {
        for workload in self.workloads.ids() {
            self.await_queues(cx, workload, cx.now());
        }
    }

    fn await_queues(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, due: SimTime) {
        let Some(busy) = &self.workloads[workload].busy else { return };
        if busy.moves.is_set() && busy.due <= due || due == SimTime::NEVER {
            return;
        }
        let timer = self.timer();
        let Some(busy) = &mut self.workloads[workload].busy else { return };
        (busy.moves, busy.due) = (timer, due);
        cx.at(due, Event::QueuesMoved(workload, timer));
    }

    pub(super) fn on_queues_moved(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, timer: Timer) {
        let Some(busy) = &mut self.workloads[workload].busy else { return };
        if !busy.moves.expires(timer) {
            return;
        }
        let (was_quiet, was_played) = (busy.is_quiet(), busy.band.is_none());
        let has_changed = std::mem::take(&mut busy.has_changed);
        if was_played && !has_changed {
            // One step follows the other.
            let (band, until) = busy.look(cx.now());
            if band.is_none() {
                return self.await_queues(cx, workload, until);
            }
        }
        let pods: Vec<PodId> = self.pods.ids().filter(|&pod| self.pods[pod].workload == workload).collect();
        if !was_quiet {
            // What has been skipped was so under the load that there was.
            self.catch_up_on_candidates(cx, &pods);
        }
        let is_there = |&pod: &PodId| {
            let state = &self.pods[pod];
            let answers = state.in_rotation.then(|| 1.0 - self.failing(pod).share());
            (state.in_rotation || state.keeps_queue).then_some((pod, answers))
        };
        let arranged: Vec<_> = pods.iter().filter_map(is_there).collect();
        let Some(busy) = &mut self.workloads[workload].busy else { return };
        busy.arrange(cx.now(), &arranged);
        let (band, until) = busy.look(cx.now());
        self.await_queues(cx, workload, until);
        let is_quiet = band.is_some_and(|band| band.is_quiet);
        if was_quiet && is_quiet || was_played && band.is_none() {
            return;
        }
        if was_quiet {
            self.catch_up_on_candidates(cx, &pods);
        }
        if let Some(busy) = &mut self.workloads[workload].busy {
            busy.band = band;
        }
        for &pod in &pods {
            self.plan_all(cx, pod);
        }
    }

    /// Accounts for the probes of these Pods that are skipped as none but candidates fail, of which there may be none at all.
    fn catch_up_on_candidates(&mut self, cx: &mut Cx<'_, Event>, pods: &[PodId]) {
        for &pod in pods {
            let at = self.main(pod);
            for kind in KINDS {
                let plan = self.prober(at, kind).and_then(|prober| prober.plan);
                let is_healthy = |plan: Plan| matches!(plan.next, Next::Steady { reply: Reply::Ok, decides: None, .. });
                if plan.is_some_and(is_healthy) {
                    self.catch_up(cx, at, kind);
                }
            }
        }
    }
}
