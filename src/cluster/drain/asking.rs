//! One Pod of a drain: requests for its eviction, their refusals, and looks whether it is gone (V4, V9, V13, V14, V21).
//!
//! The fast mode plays neither a refusal that is known beforehand nor a look at a Pod that is still there: both lie on grids, so the
//! next that matters is found when something happens to the Pod or to its budget.

use crate::cluster::budget::Response;
use crate::cluster::happening::Happening;
use crate::cluster::observer::{Observed, Observer};
use crate::cluster::state::Pod;
use crate::cluster::timer::Timer;
use crate::cluster::{Cluster, Cx, Event, Mode};
use crate::ids::{NodeId, PodId};
use crate::model::Drainer;
use crate::time::{Duration, Grid, SimTime};

/// After a refusal `kubectl` sleeps so long (V4).
const RETRY: Duration = Duration::from_secs(5);
/// Karpenter's rate limiter: so long after the first refusal, and at most so long (V21).
const DOUBLING: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// It looks so often whether a Pod is gone (V4).
const POLL: Duration = Duration::from_secs(1);
/// After a conflict the API server tries again in this time, and up to a tenth more, so many times in all (V9).
const CONFLICT_SECS: f64 = 0.5;
const TRIES: u32 = 20;

/// What is done about one Pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Eviction {
    pod: PodId,
    /// Which Pod at that place in memory.
    born: u64,
    /// What each of its requests takes.
    request: Duration,
    stage: Stage,
    timer: Timer,
    drainer: Drainer,
    /// From then on nobody is asked for leave.
    forced_at: Option<SimTime>,
    is_forced: bool,
    /// Refusals that nobody was told of.
    refusals: u64,
    /// It has been refused before.
    was_refused: bool,
    /// How often the pause between requests has doubled.
    doublings: u32,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The next request is sent then.
    Asking {
        sent: SimTime,
    },
    /// The API server tries again by itself, after so many conflicts.
    Conflicting {
        tries: u32,
    },
    /// Evicted; looked after from then on.
    Leaving {
        since: SimTime,
    },
    Done,
}

impl Eviction {
    /// The Pod, and which one at that place in memory, is asked for at once; each request takes so long.
    pub(super) fn new(
        now: SimTime,
        (pod, born): (PodId, u64),
        request: Duration,
        drainer: Drainer,
        forced_at: Option<SimTime>,
    ) -> Self {
        Self {
            pod,
            born,
            request,
            stage: Stage::Asking { sent: now },
            timer: Timer::NONE,
            drainer,
            forced_at,
            is_forced: false,
            refusals: 0,
            was_refused: false,
            doublings: 0,
        }
    }

    /// What its next step waits for.
    pub(super) fn timer(&self) -> Timer {
        self.timer
    }

    /// Nobody was asked for leave in the end.
    pub(super) fn is_forced(&self) -> bool {
        self.is_forced
    }

    pub(super) fn is_at_work(&self) -> bool {
        !matches!(self.stage, Stage::Done)
    }

    /// From a refusal to the next request.
    fn pause(&self) -> Duration {
        match self.drainer {
            Drainer::Kubectl => RETRY,
            Drainer::Karpenter => (DOUBLING.0 * (1 << self.doublings)).min(DOUBLING.1),
        }
    }

    /// The pause stays as it is.
    fn is_steady(&self) -> bool {
        self.drainer == Drainer::Kubectl || self.pause() == DOUBLING.1
    }

    /// From one request to the next, as long as each is refused and the pause stays as it is.
    fn period(&self) -> Duration {
        self.pause() + self.request
    }

    /// A request is refused: the next one follows after a pause.
    fn refuse(&mut self, at: SimTime) {
        self.refusals += 1;
        self.stage = Stage::Asking { sent: at + self.pause() };
        self.doublings += u32::from(!self.is_steady());
    }

    /// Every request before the first that is answered at `until` or later is refused; nobody was told of it.
    pub(super) fn skip_refusals(&mut self, until: SimTime) {
        while let Stage::Asking { sent } = self.stage
            && until > sent + self.request
        {
            let answered = sent + self.request;
            if !self.is_steady() {
                self.refuse(answered);
                continue;
            }
            let first = Grid::new(answered, self.period()).at_or_after(until);
            let skipped = first.since(answered).as_nanos() / self.period().as_nanos();
            self.refusals += skipped;
            self.stage = Stage::Asking { sent: sent + self.period() * skipped };
        }
    }

    /// When the first request is sent at `from` or later, if all are refused.
    fn sent_from(mut self, from: SimTime) -> SimTime {
        while let Stage::Asking { sent } = self.stage
            && sent < from
        {
            if self.is_steady() {
                return Grid::new(sent, self.period()).at_or_after(from);
            }
            self.refuse(sent + self.request);
        }
        match self.stage {
            Stage::Asking { sent } => sent,
            _ => from,
        }
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// The answer to the next request, or the moment at which it is not sent any more (V14).
    pub(super) fn schedule_request(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize) {
        let drain = &self.drains.under_way[place];
        let Eviction { stage, request, forced_at, .. } = drain.evictions[number];
        let Stage::Asking { sent } = stage else { return };
        let at = if drain.is_over(sent) { sent } else { sent + request };
        let at = forced_at.map_or(at, |forced| at.min(forced));
        self.schedule_step(cx, place, number, at);
    }

    fn schedule_step(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize, at: SimTime) {
        let timer = self.timer();
        let drain = &mut self.drains.under_way[place];
        drain.evictions[number].timer = timer;
        cx.at(at, Event::DrainStepDue(drain.node, number as u32, timer));
    }

    pub(in crate::cluster) fn on_drain_step_due(
        &mut self,
        cx: &mut Cx<'_, Event>,
        node: NodeId,
        number: u32,
        timer: Timer,
    ) {
        let (Some(place), number) = (self.drains.of(node), number as usize) else { return };
        let drain = &mut self.drains.under_way[place];
        let Some(eviction) = drain.evictions.get_mut(number) else { return };
        if !eviction.timer.expires(timer) {
            return;
        }
        // Those before it that were not played.
        eviction.skip_refusals(cx.now());
        let is_asked_for = !matches!(eviction.stage, Stage::Leaving { .. } | Stage::Done);
        if is_asked_for && eviction.forced_at.is_some_and(|forced| forced <= cx.now()) {
            (eviction.forced_at, eviction.is_forced) = (None, true);
        }
        let stage = eviction.stage;
        match stage {
            Stage::Asking { sent } if drain.is_over(sent) => self.give_up(cx, place, number),
            Stage::Asking { .. } => self.ask(cx, place, number, 1),
            Stage::Conflicting { tries } => self.ask(cx, place, number, tries + 1),
            Stage::Leaving { since } => self.look_after(cx, place, number, since),
            Stage::Done => {}
        }
        self.end_drain_if_done(cx, place);
    }

    /// An eviction is asked for, and answered; the API server tries for so many times with this one.
    fn ask(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize, tries: u32) {
        let Eviction { pod, drainer, is_forced, .. } = self.drains.under_way[place].evictions[number];
        if !self.is_there(place, number) {
            self.finish(cx, place, number);
            return;
        }
        let response = match self.control_plane.answers() {
            // A request that nobody answers is one in vain, like one that is refused.
            false => Response::Refused,
            true if is_forced => Response::Granted,
            true => self.ask_for_eviction(cx.now(), pod),
        };
        match response {
            Response::Granted => {
                self.tell_refusals(cx, place, number);
                self.drains.under_way[place].evictions[number].stage = Stage::Leaving { since: cx.now() };
                self.evict_for_drain(cx, pod, self.drains.under_way[place].operation, is_forced);
                self.look_after(cx, place, number, cx.now());
            }
            Response::Conflict if tries < TRIES => {
                let node = self.drains.under_way[place].node;
                let span = CONFLICT_SECS * (1.0 + 0.1 * self.nodes[node].drain_dice.uniform());
                self.drains.under_way[place].evictions[number].stage = Stage::Conflicting { tries };
                self.schedule_step(cx, place, number, cx.now() + Duration::from_secs_f64(span));
            }
            // After the last conflict it is a time-out, which is an error like others (V13).
            Response::Conflict | Response::Error if drainer == Drainer::Kubectl => self.give_up(cx, place, number),
            Response::Refused | Response::Conflict | Response::Error => {
                let eviction = &mut self.drains.under_way[place].evictions[number];
                eviction.refuse(cx.now());
                if !std::mem::replace(&mut eviction.was_refused, true) {
                    self.tell(cx, Happening::EvictionRefused { pod });
                }
                self.await_next_request(cx, place, number);
            }
        }
    }

    /// In the fast mode nothing is played until something may answer the request otherwise, or there is no time left for it.
    fn await_next_request(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize) {
        if self.mode == Mode::EveryProbe {
            self.schedule_request(cx, place, number);
            return;
        }
        let drain = &mut self.drains.under_way[place];
        let eviction = &mut drain.evictions[number];
        eviction.timer = Timer::NONE;
        let given_up = drain.deadline.map(|deadline| eviction.sent_from(deadline));
        if let Some(at) = given_up.into_iter().chain(eviction.forced_at).min() {
            self.schedule_step(cx, place, number, at);
        }
    }

    /// Something has happened that may answer requests for these Pods otherwise.
    pub(in crate::cluster) fn wake_evictions(&mut self, cx: &mut Cx<'_, Event>, concerns: impl Fn(&Pod) -> bool) {
        if self.mode == Mode::EveryProbe {
            return;
        }
        for place in 0..self.drains.under_way.len() {
            for number in 0..self.drains.under_way[place].evictions.len() {
                let Eviction { pod, stage, .. } = self.drains.under_way[place].evictions[number];
                if matches!(stage, Stage::Asking { .. }) && concerns(&self.pods[pod]) {
                    self.drains.under_way[place].evictions[number].skip_refusals(cx.now());
                    self.schedule_request(cx, place, number);
                }
            }
        }
    }

    /// Something has happened to a Pod that drains and budgets look at.
    pub(in crate::cluster) fn tell_drains(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.look_for_candidates(cx);
        if self.drains.are_none() {
            return;
        }
        let (workload, born) = (self.pods[pod].workload, self.pods[pod].born);
        self.request_budget_update(cx, workload);
        self.wake_evictions(cx, |one| one.born == born);
        if !self.pods[pod].exists && self.mode == Mode::Fast {
            self.look_for_last_time(cx, pod);
        }
    }

    /// The Pod is gone: the next look sees it.
    fn look_for_last_time(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let is_it = |eviction: &Eviction| eviction.pod == pod && eviction.born == self.pods[pod].born;
        let mut drains = self.drains.under_way.iter().enumerate();
        let found = drains.find_map(|(place, drain)| Some((place, drain.evictions.iter().position(is_it)?)));
        let Some((place, number)) = found else { return };
        let drain = &self.drains.under_way[place];
        let Stage::Leaving { since } = drain.evictions[number].stage else { return };
        let look = Grid::new(since, POLL).at_or_after(cx.now());
        let at = drain.deadline.map_or(look, |deadline| look.min(deadline.max(cx.now())));
        self.schedule_step(cx, place, number, at);
    }

    /// A look at a Pod that has been evicted.
    fn look_after(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize, since: SimTime) {
        let looks = Grid::new(since, POLL);
        let drain = &self.drains.under_way[place];
        if looks.at_or_after(cx.now()) == cx.now() && !self.is_there(place, number) {
            self.finish(cx, place, number);
            return;
        }
        if drain.is_over(cx.now()) {
            self.give_up(cx, place, number);
            return;
        }
        let next = match self.mode {
            Mode::EveryProbe => Some(looks.after(cx.now())),
            Mode::Fast => None,
        };
        if let Some(at) = next.into_iter().chain(drain.deadline).min() {
            self.schedule_step(cx, place, number, at);
        }
    }

    /// The Pod that was listed still exists.
    fn is_there(&self, place: usize, number: usize) -> bool {
        let Eviction { pod, born, .. } = self.drains.under_way[place].evictions[number];
        self.pods[pod].exists && self.pods[pod].born == born
    }

    fn give_up(&mut self, cx: &Cx<'_, Event>, place: usize, number: usize) {
        self.drains.under_way[place].has_failed = true;
        self.finish(cx, place, number);
    }

    fn finish(&mut self, cx: &Cx<'_, Event>, place: usize, number: usize) {
        self.tell_refusals(cx, place, number);
        self.drains.under_way[place].evictions[number].stage = Stage::Done;
    }

    /// Tells the observer how often evictions have been refused that it has not heard of.
    pub(in crate::cluster) fn tell_all_refusals(&mut self, now: SimTime) {
        for drain in &mut self.drains.under_way {
            let (target, operation) = (drain.target(), drain.operation);
            for eviction in &mut drain.evictions {
                if self.mode == Mode::Fast {
                    eviction.skip_refusals(now);
                }
                let count = std::mem::take(&mut eviction.refusals);
                if count > 0 {
                    self.observer.observe(now, &Observed::EvictionsRefused { target, operation, count });
                }
            }
        }
    }

    pub(super) fn tell_refusals(&mut self, cx: &Cx<'_, Event>, place: usize, number: usize) {
        let drain = &mut self.drains.under_way[place];
        let (target, operation) = (drain.target(), drain.operation);
        let count = std::mem::take(&mut drain.evictions[number].refusals);
        if count > 0 {
            self.observe(cx, &Observed::EvictionsRefused { target, operation, count });
        }
    }
}
