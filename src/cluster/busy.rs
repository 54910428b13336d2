//! Probes that wait behind requests: where the health endpoint shares the queue, a probe of a busy Pod fails with the probability by which
//! a request that comes with it would not be answered within `timeoutSeconds` (P5, P16).
//!
//! What waits in the Pods of a Deployment is a [`Watched`] pool. Its load changes when a Pod enters or leaves rotation, when one begins or
//! ceases to answer, and with the rate of requests; at each such instant the queues are moved on and the probes planned anew.
//!
//! Given the load, probes are independent draws, so those of quiet times need not be played (invariant 5). While the queues are at rest and
//! the rate stays within a [`Band`], each probe fails with no more than a known probability. Candidates are found by that one, as in
//! [`super::chance`], and each of them fails with the share that its own probability is of it. Beyond the last band, and as long as anything
//! waits, each probe is played.

use super::chance::Chance;
use super::observer::Observer;
use super::probing::KINDS;
use super::requests::Requests;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{ContainerRef, PodId, WorkloadId};
use crate::model::{Millionths, Model, ProbeKind};
use crate::queueing::{Clients, Fails, Pool, Station, Watched};
use crate::time::{Duration, SimTime};

/// Up to these probabilities of the probe that is the likeliest to fail, probes are not played one by one. Up to the first the load is as
/// good as none.
const BANDS: [f64; 3] = [1e-15, 1e-5, 1e-3];
/// How far it is looked for the end of a band: a week has all rates but those of surges.
const LOOKS_AHEAD: Duration = Duration::from_secs(7 * 86_400);

/// What waits in the Pods of a Deployment whose probes feel it.
#[derive(Debug, Clone)]
pub(crate) struct Busy {
    requests: Requests,
    queues: Watched,
    /// By kind of probe: how long one waits, in seconds; and how likely it fails for another reason.
    timeouts: [Option<f64>; 3],
    by_itself: f64,
    /// What is so until the queues move on; `None` where each probe is to be played.
    band: Option<Band>,
    /// When they do, or something in them changes.
    moves: Timer,
    due: SimTime,
    /// By number of Pods that are asked, all of which answer: the rates of requests up to which the bands go.
    edges: Vec<(usize, [f64; BANDS.len()])>,
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
        let (capacity, queue) = (app.capacity?, app.queue.filter(|queue| queue.delays_probes)?);
        let clients = model.traffic.as_ref().map_or(Clients::PATIENT, |traffic| traffic.clients);
        let pool = Pool::new(Station { workers: queue.workers, capacity, places: queue.limit }, clients);
        Some(Box::new(Self {
            requests: requests?.clone(),
            queues: Watched::new(pool),
            timeouts: KINDS.map(|kind| container.probe(kind).map(|probe| probe.timeout.as_secs_f64())),
            by_itself: app.probe_failure,
            band: None,
            moves: Timer::NONE,
            due: SimTime::NEVER,
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

    /// Probability that the probe of a kind fails that is the likeliest to, at rest at such a rate.
    fn likeliest(&mut self, rate: f64) -> f64 {
        let shortest = self.timeouts.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        self.queues.pool.fails_at_rest(rate, shortest).map_or(1.0, |fails| fails.refused + fails.late)
    }

    /// The rates of requests up to which the bands go, with the Pods that there are.
    fn edges(&mut self, answers_all: bool) -> [f64; BANDS.len()] {
        let pods = self.queues.pool.stations();
        let known = self.edges.iter().find(|(known, _)| answers_all && *known == pods);
        if let Some((_, edges)) = known {
            return *edges;
        }
        let most = self.queues.pool.capacity();
        let edges = BANDS.map(|band| {
            let halve = |(low, high): (f64, f64), _| {
                let middle = f64::midpoint(low, high);
                if self.likeliest(middle) <= band { (middle, high) } else { (low, middle) }
            };
            (0..30).fold((0.0, most), halve).0
        });
        if answers_all {
            self.edges.push((pods, edges));
        }
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
            return (None, SimTime::NEVER);
        }
        let answers_all = self.queues.pool.keys().all(|key| self.queues.pool.answers(key) == Some(1.0));
        let edges = self.edges(answers_all);
        let above = edges.iter().position(|edge| rate <= *edge);
        let from = match above {
            Some(0) => 0.0,
            Some(band) => edges[band - 1],
            None => edges[BANDS.len() - 1],
        };
        let Some(band) = above else {
            // Up to where they do not come to rest the rate is looked at whenever it changes.
            return (None, until);
        };
        let by_itself = self.by_itself;
        let timeouts = self.timeouts;
        let is_quiet = band == 0;
        let chances = timeouts.map(|timeout| {
            let fails =
                timeout.filter(|_| !is_quiet).and_then(|timeout| self.queues.pool.fails_at_rest(edges[band], timeout));
            let fails = fails.map_or(0.0, |fails| fails.refused + fails.late);
            Chance::new(fails + by_itself * (1.0 - fails))
        });
        let horizon = now + LOOKS_AHEAD;
        let until = self.requests.first_outside(now, horizon, (from, edges[band])).unwrap_or(horizon);
        (Some(Band { is_quiet, chances }), until)
    }
}

/// How a probe of a healthy container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is to be drawn.
    Open,
    /// It is answered.
    Answered,
    /// It fails by chance.
    Fails,
}

impl<O: Observer> Cluster<'_, O> {
    /// What becomes of a probe of a healthy container that is sent at an instant, no earlier than the last change of its load: how likely
    /// it is to fail by chance, be that the container's own or want of a worker.
    pub(super) fn odds(&mut self, sent: SimTime, at: ContainerRef, kind: ProbeKind) -> Fails {
        let workload = self.pods[at.pod].workload;
        let is_main = at == self.main(at.pod);
        match &mut self.workloads[workload].busy {
            Some(busy) if is_main => busy.fails(sent, at.pod, kind),
            _ => Fails { refused: 0.0, late: self.container_spec(at).app.probe_failure },
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

    /// A candidate, a probe sent at an instant, fails indeed.
    pub(super) fn candidate_fails(&mut self, sent: SimTime, at: ContainerRef, kind: ProbeKind) -> bool {
        let workload = self.pods[at.pod].workload;
        if self.workloads[workload].busy.is_none() || at != self.main(at.pod) {
            return true;
        }
        let is_quiet =
            self.workloads[workload].busy.as_ref().is_some_and(|busy| busy.band.is_some_and(|band| band.is_quiet));
        let Some(most) = self.chance(at, kind).filter(|_| !is_quiet) else { return true };
        let Fails { refused, late } = self.odds(sent, at, kind);
        self.chance_of(at).probe_failure.uniform() * most.p < refused + late
    }

    /// Something has changed on which the queues hang that the Pod's probes feel: they move on at once.
    #[inline]
    pub(super) fn note_queues(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let workload = self.pods[pod].workload;
        if self.workloads[workload].busy.is_some() {
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
        let is_quiet = |band: Option<Band>| band.is_some_and(|band| band.is_quiet);
        let was_quiet = is_quiet(busy.band);
        let pods: Vec<PodId> = self.pods.ids().filter(|&pod| self.pods[pod].workload == workload).collect();
        if !was_quiet {
            // What has been skipped was so under the load that there was.
            self.catch_up_on_candidates(cx, &pods);
        }
        let is_there = |&pod: &PodId| {
            let state = &self.pods[pod];
            let answers = 1.0 - f64::from(self.failing(pod).count()) / f64::from(Millionths::ALL.count());
            (state.in_rotation || state.keeps_queue).then_some((pod, state.in_rotation.then_some(answers)))
        };
        let arranged: Vec<_> = pods.iter().filter_map(is_there).collect();
        let Some(busy) = &mut self.workloads[workload].busy else { return };
        busy.arrange(cx.now(), &arranged);
        let (band, until) = busy.look(cx.now());
        self.await_queues(cx, workload, until);
        if was_quiet && is_quiet(band) {
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

    /// Accounts for the probes of these Pods among which candidates have been looked for.
    fn catch_up_on_candidates(&mut self, cx: &mut Cx<'_, Event>, pods: &[PodId]) {
        for &pod in pods {
            let at = self.main(pod);
            for kind in KINDS {
                let plan = self.prober(at, kind).and_then(|prober| prober.plan);
                if plan.is_some_and(|plan| plan.by_chance.is_some()) {
                    self.catch_up(cx, at, kind);
                }
            }
        }
    }
}
