//! Which attempts of a prober are played: those that can change something (invariant 5). The others are accounted for when
//! anything happens that their worker can see.

use super::answers::Answer;
use super::busy::Fate;
use super::happening::Happening;
use super::observer::Observer;
use super::prober::skipping::{Next, Skipped};
use super::prober::{Status, Worker};
use super::probing::KINDS;
use super::state::{Container, Plan};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Mode};
use crate::history::{Reply, SkippedProbes};
use crate::ids::{ContainerRef, PodId};
use crate::model::ProbeKind;
use crate::time::{Duration, SimTime};

/// The first attempt that can change anything as long as the status and the answer stay as they are.
fn next_that_matters(worker: &Worker, status: &Status, answer: Answer) -> Next {
    let (reply, until) = answer.reply(worker.probe().timeout);
    match worker.next_that_matters(status, reply) {
        // Whether the answer comes in time depends on when the probe is sent.
        Next::Steady { first, .. } if first >= until => Next::At(first),
        next => next,
    }
}

/// When an attempt has to be played, if what comes next is `next`: never, if none matters.
pub(super) fn due(worker: &Worker, answer: Answer, next: Next) -> SimTime {
    match next {
        Next::At(at) => at,
        Next::Idle => SimTime::NEVER,
        Next::Steady { first, reply, decides } => {
            let until = answer.reply(worker.probe().timeout).1;
            let verdict = decides.map_or(SimTime::NEVER, |n| worker.nth_attempt(first, reply, n));
            verdict.min(worker.attempt_from(first, reply, until))
        }
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// Accounts for the attempts that a worker has skipped before now, under the surroundings for which they
    /// were planned. What it knows is exact afterwards, until it is planned again.
    #[inline]
    pub(super) fn catch_up(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind) {
        if kind == ProbeKind::Readiness {
            self.wake(cx, at.pod);
        }
        if self.prober(at, kind).is_some_and(|prober| prober.plan.is_some()) {
            self.catch_up_on_plan(cx, at, kind);
        }
    }

    #[inline(never)]
    fn catch_up_on_plan(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind) {
        let now = cx.now();
        let chance = self.chance(at, kind);
        let Some(prober) = self.prober(at, kind) else { return };
        let Some(plan) = prober.plan.take() else { return };
        prober.due = Timer::NONE;
        let skipped = prober.worker.catch_up(now, &plan.status, plan.next);
        let Some(skipped) = skipped else { return };
        if let Some(last) = prober.worker.in_flight() {
            self.tell_skipped(at, kind, plan.next, skipped, true);
            return self.await_end(cx, at, kind, last.ends);
        }
        // All but the last of the skipped probes are over and forgotten, whatever they found.
        let is_candidate = plan.by_chance.zip(chance).is_some_and(|(matters, chance)| {
            let u = self.chance_of(at).probe_failure.uniform();
            chance.last_failed(matters, skipped.attempts, u)
        });
        let fate = if is_candidate { self.candidate(skipped.last, at, kind) } else { Fate::Answered };
        self.tell_skipped(at, kind, plan.next, skipped, fate.fails());
        let Some(prober) = self.prober(at, kind).filter(|_| fate.fails()) else { return };
        let waits = if fate == Fate::Refused { Duration::ZERO } else { prober.worker.probe().timeout };
        match prober.worker.last_has_failed(now, skipped, waits) {
            Some(ends) => self.await_end(cx, at, kind, ends),
            None => self.tell_failure(at, kind, skipped.last, fate),
        }
    }

    /// The worker is no more; the observer hears of the probes that it has skipped.
    pub(super) fn end_worker(&mut self, cx: &Cx<'_, Event>, at: ContainerRef, kind: ProbeKind) {
        let Some(mut prober) = self.container_mut(at).workers[kind as usize].take() else { return };
        if let Some(plan) = prober.plan
            && let Some(skipped) = prober.worker.catch_up(cx.now(), &plan.status, plan.next)
        {
            self.tell_skipped(at, kind, plan.next, skipped, prober.worker.in_flight().is_some());
        }
    }

    pub(super) fn end_workers(&mut self, cx: &Cx<'_, Event>, pod: PodId) {
        for at in self.containers(pod) {
            for kind in KINDS {
                self.end_worker(cx, at, kind);
            }
        }
    }

    /// The observer hears of attempts that were not played. The last one may stand apart: it waits for its answer, or
    /// has failed by chance.
    pub(super) fn tell_skipped(
        &mut self,
        at: ContainerRef,
        kind: ProbeKind,
        next: Next,
        skipped: Skipped,
        last_apart: bool,
    ) {
        let Next::Steady { first, reply, .. } = next else { return };
        // What does not refuse is the instance that there was when they were planned: another is planned anew.
        let instance = self.container(at).instance;
        let reaches = (reply != Reply::Refused).then_some(instance);
        let count = skipped.attempts - u64::from(last_apart);
        if count > 0 {
            let Skipped { second, spacing, lasts, .. } = skipped;
            let run = SkippedProbes {
                pod: at.pod,
                container: at.container,
                kind,
                reaches,
                reply,
                count,
                first,
                second,
                spacing,
                lasts,
            };
            self.tell_at(first, Happening::ProbesSkipped(run));
        }
        if last_apart {
            let sent = Happening::ProbeSent { pod: at.pod, container: at.container, kind, reaches };
            self.tell_at(skipped.last, sent);
        }
    }

    /// How a probe that was sent then has failed by chance, if it has.
    pub(super) fn tell_failure(&mut self, at: ContainerRef, kind: ProbeKind, sent: SimTime, fate: Fate) {
        match fate {
            Fate::Late => self.tell_timeout(at, kind, sent),
            Fate::Refused => {
                let ending = Happening::ProbeEnded { pod: at.pod, container: at.container, kind, reply: Reply::Error };
                self.tell_at(sent, ending);
            }
            Fate::Open | Fate::Answered => {}
        }
    }

    pub(super) fn tell_timeout(&mut self, at: ContainerRef, kind: ProbeKind, sent: SimTime) {
        let Some(prober) = self.prober(at, kind) else { return };
        let ended = sent + prober.worker.probe().timeout;
        let ending = Happening::ProbeEnded { pod: at.pod, container: at.container, kind, reply: Reply::Timeout };
        self.tell_at(ended, ending);
    }

    /// Plans the Pod's probes anew and looks at it. To be called at the instant at which anything has changed
    /// that its probes can see.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.settle_probes(cx, pod);
        self.look(cx, pod);
    }

    /// Plans the Pod's probes anew, where what they meet may have changed, but nothing that can be seen from outside.
    pub(super) fn settle_probes(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.refresh_answers(pod);
        self.plan_all(cx, pod);
    }

    /// Plans the Pod's probes anew, where what they meet has not changed.
    pub(super) fn plan_all(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        for at in self.containers(pod) {
            let wakes_at = self.wakes_at(at);
            for kind in KINDS {
                if !self.is_planned(self.container(at), kind, wakes_at) {
                    self.plan_anew(cx, at, kind, wakes_at);
                }
            }
        }
    }

    /// Schedules the worker's next attempt that matters, unless what was planned still holds.
    pub(super) fn plan(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind) {
        let wakes_at = self.wakes_at(at);
        if !self.is_planned(self.container(at), kind, wakes_at) {
            self.plan_anew(cx, at, kind, wakes_at);
        }
    }

    /// Nothing is to be done for the worker now, where the Pod is planned anew at `wakes_at` at the latest.
    fn is_planned(&self, container: &Container, kind: ProbeKind, wakes_at: SimTime) -> bool {
        let Some(prober) = &container.workers[kind as usize] else { return true };
        match &prober.plan {
            Some(plan) => {
                let is_scheduled = plan.due >= wakes_at || prober.due.is_set();
                is_scheduled && self.holds(plan, container, kind)
            }
            None => {
                let next = prober.worker.next_attempt();
                // A stop that is under way will have the Pod planned anew as well. But a plan of probes that can fail by
                // chance draws, and is made when it always was.
                let exit = &container.exit;
                let stops = exit.is_set() && container.answer_to(kind) != Answer::Good;
                prober.worker.in_flight().is_some()
                    || next >= wakes_at
                    || stops && next >= container.exits_at && self.mode == Mode::Fast
            }
        }
    }

    /// The surroundings are those that the plan was made for. The judge looks at them with every attempt.
    fn holds(&self, plan: &Plan, container: &Container, kind: ProbeKind) -> bool {
        self.mode == Mode::EveryProbe || plan.answer == container.answer_to(kind) && plan.status == container.status
    }

    fn plan_anew(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, wakes_at: SimTime) {
        let container = self.container(at);
        let plan = container.workers[kind as usize].as_ref().and_then(|prober| prober.plan.as_ref());
        if let Some(plan) = plan.filter(|plan| self.holds(plan, container, kind)) {
            let due = plan.due;
            return self.schedule_probe(cx, at, kind, due);
        }
        self.catch_up(cx, at, kind);
        let container = self.container(at);
        let (status, answer) = (container.status, container.answer_to(kind));
        let (mode, chance) = (self.mode, self.chance(at, kind));
        let Some(prober) = &container.workers[kind as usize] else { return };
        if prober.worker.in_flight().is_some() || prober.worker.next_attempt() >= wakes_at {
            return;
        }
        let next = match mode {
            Mode::EveryProbe => Next::At(prober.worker.next_attempt()),
            Mode::Fast => next_that_matters(&prober.worker, &status, answer),
        };
        let mut plan = Plan { status, answer, next, due: due(&prober.worker, answer, next), by_chance: None };
        match next {
            Next::Steady { first, reply: reply @ Reply::Ok, decides: None }
                if chance.is_none_or(|chance| chance.p > 0.0) =>
            {
                match chance {
                    Some(chance) if !prober.worker.has_just_failed() => {
                        let worker = prober.worker;
                        let matters = worker.failures_that_matter();
                        let u = self.chance_of(at).probe_failure.uniform();
                        plan.by_chance = Some(matters);
                        plan.due = worker.nth_attempt(first, reply, chance.waiting_time(matters, u));
                    }
                    _ => {
                        plan.next = Next::At(first);
                        plan.due = first;
                    }
                }
            }
            Next::At(_) | Next::Idle | Next::Steady { .. } => {}
        }
        if let Some(prober) = self.prober(at, kind) {
            prober.plan = Some(plan);
            prober.due = Timer::NONE;
        }
        if plan.due < wakes_at {
            self.schedule_probe(cx, at, kind, plan.due);
        }
    }

    pub(super) fn schedule_probe(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, due: SimTime) {
        let timer = self.timer();
        if let Some(prober) = self.prober(at, kind) {
            prober.due = timer;
        }
        cx.at(due, Event::ProbeDue(at, kind, timer));
    }

    /// Something will happen to the Pod at this instant at the latest, and its probes will be planned again: an
    /// attempt that is due later need not be scheduled before.
    fn wakes_at(&self, at: ContainerRef) -> SimTime {
        if self.mode == Mode::EveryProbe {
            return SimTime::NEVER;
        }
        let (state, container) = (&self.pods[at.pod], self.container(at));
        let sync = if state.sync.is_set() { state.sync_due } else { SimTime::NEVER };
        let app = if container.app.is_set() { container.serves_at } else { SimTime::NEVER };
        let start = if container.start.is_set() { container.starts_at } else { SimTime::NEVER };
        sync.min(app).min(start)
    }
}
