//! Probes as they are played: attempts, answers, verdicts and what these cause (P1–P20).

use super::chance::Matters;
use super::faults::affects;
use super::happening::{Happening, Reply, SkippedProbes};
use super::observer::{Observed, Observer};
use super::prober::skipping::{Next, Skipped};
use super::prober::{Observation, Status, Stored, Worker};
use super::state::{Plan, Pod, Prober, Stage, Strike, Timer};
use super::{Cluster, Cx, Event, Mode};
use crate::ids::PodId;
use crate::model::{Affects, ContainerMode, OnSigterm, ProbeKind, WhileStarting};
use crate::time::{Duration, SimTime};

pub(super) const KINDS: [ProbeKind; 3] = [ProbeKind::Liveness, ProbeKind::Readiness, ProbeKind::Startup];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// A client.
    Requests,
    /// The kubelet.
    Probe(ProbeKind),
}

impl Audience {
    const ALL: [Self; 4] = [
        Self::Requests,
        Self::Probe(ProbeKind::Liveness),
        Self::Probe(ProbeKind::Readiness),
        Self::Probe(ProbeKind::Startup),
    ];

    /// Its place in a Pod's answers.
    const fn index(self) -> usize {
        match self {
            Self::Requests => 0,
            Self::Probe(kind) => 1 + kind as usize,
        }
    }

    pub(super) fn sees(self, affects: Affects) -> bool {
        match self {
            Self::Requests => affects.requests,
            Self::Probe(kind) => affects.is_seen_by(kind),
        }
    }
}

/// What a request sent now meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A good answer at once.
    Good,
    /// A refusal or an error at once.
    Bad(Reply),
    /// A good answer at this instant, if nothing happens before.
    Later(SimTime),
    /// None.
    Never,
}

impl Answer {
    /// What a probe that meets this brings back, if it is sent before that instant.
    fn reply(self, timeout: Duration) -> (Reply, SimTime) {
        match self {
            Self::Good => (Reply::Ok, SimTime::NEVER),
            Self::Bad(reply) => (reply, SimTime::NEVER),
            Self::Never => (Reply::Timeout, SimTime::NEVER),
            Self::Later(at) => (Reply::Timeout, SimTime::from_nanos(at.as_nanos().saturating_sub(timeout.as_nanos()))),
        }
    }
}

impl Pod {
    fn answer_to(&self, kind: ProbeKind) -> Answer {
        self.answers[Audience::Probe(kind).index()]
    }
}

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
fn due(worker: &Worker, answer: Answer, next: Next) -> SimTime {
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
    /// What the container's process answers, reachable or not.
    pub(super) fn answer(&self, pod: PodId, audience: Audience) -> Answer {
        let answers = &self.pods[pod.index()].answers;
        debug_assert_eq!(*answers, self.answers(pod), "answers are refreshed when they change");
        answers[audience.index()]
    }

    /// Takes over what has changed of the container and its faults. To be called before anybody asks.
    pub(super) fn refresh_answers(&mut self, pod: PodId) {
        self.pods[pod.index()].answers = self.answers(pod);
    }

    /// What each audience is answered.
    fn answers(&self, pod: PodId) -> [Answer; 4] {
        let container = &self.pods[pod.index()].container;
        if !container.has_process() || container.sigterm && matches!(self.model.app.on_sigterm, OnSigterm::Exits(_)) {
            return [Answer::Bad(Reply::Refused); 4];
        }
        if !container.serving {
            return [match self.model.app.while_starting {
                WhileStarting::Refuses => Answer::Bad(Reply::Refused),
                WhileStarting::Accepts => Answer::Later(container.serves_at),
            }; 4];
        }
        let mut answers = [Answer::Good; 4];
        for strike in &container.strikes {
            self.strike_answers(*strike, &mut answers);
        }
        for strike in &self.deployment_strikes {
            self.strike_answers(*strike, &mut answers);
        }
        answers
    }

    /// Who hangs gets no answer, whatever else is at work.
    fn strike_answers(&self, strike: Strike, answers: &mut [Answer; 4]) {
        let Some(mode) = self.container_mode(strike.fault) else { return };
        let affects = affects(mode);
        let effect = match mode {
            ContainerMode::Hang(_) | ContainerMode::Sandbox => Answer::Never,
            ContainerMode::Error(_) | ContainerMode::Crash => Answer::Bad(Reply::Error),
        };
        for audience in Audience::ALL {
            let answer = &mut answers[audience.index()];
            if audience.sees(affects) && *answer != Answer::Never {
                *answer = effect;
            }
        }
    }

    fn prober(&mut self, pod: PodId, kind: ProbeKind) -> Option<&mut Prober> {
        self.pods[pod.index()].workers[kind as usize].as_mut()
    }

    /// Accounts for the attempts that a worker has skipped before now, under the surroundings for which they
    /// were planned. What it knows is exact afterwards, until it is planned again.
    #[inline]
    pub(super) fn catch_up(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind) {
        if kind == ProbeKind::Readiness {
            self.wake(cx, pod);
        }
        if self.prober(pod, kind).is_some_and(|prober| prober.plan.is_some()) {
            self.catch_up_on_plan(cx, pod, kind);
        }
    }

    #[inline(never)]
    fn catch_up_on_plan(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind) {
        let now = cx.now();
        let chance = self.chance;
        let home = self.pods[pod.index()].home.index();
        let Some(prober) = self.prober(pod, kind) else { return };
        let Some(plan) = prober.plan.take() else { return };
        prober.due = Timer::NONE;
        let skipped = prober.worker.catch_up(now, &plan.status, plan.next);
        let Some(skipped) = skipped else { return };
        if let Some(last) = prober.worker.in_flight() {
            self.tell_skipped(pod, kind, plan.next, skipped, true);
            return self.await_end(cx, pod, kind, last.ends);
        }
        // All but the last of the skipped probes are over and forgotten, whatever they found.
        let last_failed = plan.by_chance.is_some_and(|matters| {
            let u = self.slots[home].probe_failure.uniform();
            chance.last_failed(matters, skipped.attempts, u)
        });
        self.tell_skipped(pod, kind, plan.next, skipped, last_failed);
        if last_failed && let Some(prober) = self.prober(pod, kind) {
            match prober.worker.last_has_failed(now, skipped) {
                Some(ends) => self.await_end(cx, pod, kind, ends),
                None => self.tell_timeout(pod, kind, skipped.last),
            }
        }
    }

    /// The worker is no more; the observer hears of the probes that it has skipped.
    pub(super) fn end_worker(&mut self, cx: &Cx<'_, Event>, pod: PodId, kind: ProbeKind) {
        let Some(mut prober) = self.pods[pod.index()].workers[kind as usize].take() else { return };
        if let Some(plan) = prober.plan
            && let Some(skipped) = prober.worker.catch_up(cx.now(), &plan.status, plan.next)
        {
            self.tell_skipped(pod, kind, plan.next, skipped, prober.worker.in_flight().is_some());
        }
    }

    pub(super) fn end_workers(&mut self, cx: &Cx<'_, Event>, pod: PodId) {
        for kind in KINDS {
            self.end_worker(cx, pod, kind);
        }
    }

    /// The observer hears of attempts that were not played. The last one may stand apart: it waits for its answer, or
    /// has failed by chance.
    fn tell_skipped(&mut self, pod: PodId, kind: ProbeKind, next: Next, skipped: Skipped, last_apart: bool) {
        let Next::Steady { first, reply, .. } = next else { return };
        // What does not refuse is the instance that there was when they were planned: another is planned anew.
        let instance = self.pods[pod.index()].container.instance;
        let reaches = (reply != Reply::Refused).then_some(instance);
        let count = skipped.attempts - u64::from(last_apart);
        if count > 0 {
            let Skipped { second, spacing, lasts, .. } = skipped;
            let run = SkippedProbes { pod, kind, reaches, reply, count, first, second, spacing, lasts };
            self.tell_at(first, Happening::ProbesSkipped(run));
        }
        if last_apart {
            let sent = Happening::ProbeSent { pod, kind, reaches };
            self.tell_at(skipped.last, sent);
        }
    }

    fn tell_timeout(&mut self, pod: PodId, kind: ProbeKind, sent: SimTime) {
        let Some(prober) = self.prober(pod, kind) else { return };
        let ended = sent + prober.worker.probe().timeout;
        let ending = Happening::ProbeEnded { pod, kind, reply: Reply::Timeout };
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
        let wakes_at = self.wakes_at(pod);
        for kind in KINDS {
            if !self.is_planned(&self.pods[pod.index()], kind, wakes_at) {
                self.plan_anew(cx, pod, kind, wakes_at);
            }
        }
    }

    /// Schedules the worker's next attempt that matters, unless what was planned still holds.
    pub(super) fn plan(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind) {
        let wakes_at = self.wakes_at(pod);
        if !self.is_planned(&self.pods[pod.index()], kind, wakes_at) {
            self.plan_anew(cx, pod, kind, wakes_at);
        }
    }

    /// Nothing is to be done for the worker now, where the Pod is planned anew at `wakes_at` at the latest.
    fn is_planned(&self, state: &Pod, kind: ProbeKind, wakes_at: SimTime) -> bool {
        let Some(prober) = &state.workers[kind as usize] else { return true };
        match &prober.plan {
            Some(plan) => {
                let is_scheduled = plan.due >= wakes_at || prober.due.is_set();
                is_scheduled && self.holds(plan, state, kind)
            }
            None => {
                let next = prober.worker.next_attempt();
                // A stop that is under way will have the Pod planned anew as well. But a plan of probes that can fail by
                // chance draws, and is made when it always was.
                let exit = &state.container.exit;
                let stops = exit.is_set() && state.answer_to(kind) != Answer::Good;
                prober.worker.in_flight().is_some()
                    || next >= wakes_at
                    || stops && next >= state.container.exits_at && self.mode == Mode::Fast
            }
        }
    }

    /// The surroundings are those that the plan was made for. The judge looks at them with every attempt.
    fn holds(&self, plan: &Plan, state: &Pod, kind: ProbeKind) -> bool {
        self.mode == Mode::EveryProbe || plan.answer == state.answer_to(kind) && plan.status == state.status
    }

    fn plan_anew(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, wakes_at: SimTime) {
        let state = &self.pods[pod.index()];
        let plan = state.workers[kind as usize].as_ref().and_then(|prober| prober.plan.as_ref());
        if let Some(plan) = plan.filter(|plan| self.holds(plan, state, kind)) {
            let due = plan.due;
            return self.schedule_probe(cx, pod, kind, due);
        }
        self.catch_up(cx, pod, kind);
        let state = &self.pods[pod.index()];
        let (status, answer) = (state.status, state.answer_to(kind));
        let (mode, chance) = (self.mode, &self.chance);
        let Some(prober) = &state.workers[kind as usize] else { return };
        if prober.worker.in_flight().is_some() || prober.worker.next_attempt() >= wakes_at {
            return;
        }
        let next = match mode {
            Mode::EveryProbe => Next::At(prober.worker.next_attempt()),
            Mode::Fast => next_that_matters(&prober.worker, &status, answer),
        };
        let mut plan = Plan { status, answer, next, due: due(&prober.worker, answer, next), by_chance: None };
        match next {
            Next::Steady { first, reply: reply @ Reply::Ok, decides: None } if chance.p > 0.0 => {
                if prober.worker.has_just_failed() {
                    plan.next = Next::At(first);
                    plan.due = first;
                } else {
                    let worker = prober.worker;
                    let matters = worker.failures_that_matter();
                    let home = self.pods[pod.index()].home.index();
                    let u = self.slots[home].probe_failure.uniform();
                    plan.by_chance = Some(matters);
                    plan.due = worker.nth_attempt(first, reply, chance.waiting_time(matters, u));
                }
            }
            Next::At(_) | Next::Idle | Next::Steady { .. } => {}
        }
        if let Some(prober) = self.prober(pod, kind) {
            prober.plan = Some(plan);
            prober.due = Timer::NONE;
        }
        if plan.due < wakes_at {
            self.schedule_probe(cx, pod, kind, plan.due);
        }
    }

    fn schedule_probe(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, due: SimTime) {
        let timer = self.timer();
        if let Some(prober) = self.prober(pod, kind) {
            prober.due = timer;
        }
        cx.at(due, Event::ProbeDue(pod, kind, timer));
    }

    /// Something will happen to the Pod at this instant at the latest, and its probes will be planned again: an
    /// attempt that is due later need not be scheduled before.
    fn wakes_at(&self, pod: PodId) -> SimTime {
        if self.mode == Mode::EveryProbe {
            return SimTime::NEVER;
        }
        let state = &self.pods[pod.index()];
        let container = &state.container;
        let sync = if state.sync.is_set() { state.sync_due } else { SimTime::NEVER };
        let app = if container.app.is_set() { container.serves_at } else { SimTime::NEVER };
        let start = if container.start.is_set() { container.starts_at } else { SimTime::NEVER };
        sync.min(app).min(start)
    }

    // ---- A Pod that is not ready and stays so ----

    /// What readiness probes go on to meet that are sent before that instant, if they fail and change nothing as long as
    /// nothing else happens. The judge looks at each.
    pub(super) fn failing_reply(&self, now: SimTime, pod: PodId) -> Option<(Reply, SimTime)> {
        let state = &self.pods[pod.index()];
        let worker = state.worker(ProbeKind::Readiness)?;
        let (reply, until) = state.answer_to(ProbeKind::Readiness).reply(worker.probe().timeout);
        let fails = worker.goes_on_to_fail(&state.status, reply);
        (self.mode == Mode::Fast && fails && now < until).then_some((reply, until))
    }

    /// Readiness probes go on to meet this, and no event stands for them.
    pub(super) fn rest_readiness(&mut self, pod: PodId) {
        let state = &self.pods[pod.index()];
        let (status, answer) = (state.status, state.answer_to(ProbeKind::Readiness));
        let Some(prober) = self.prober(pod, ProbeKind::Readiness) else { return };
        prober.ended = Timer::NONE;
        prober.due = Timer::NONE;
        // What the worker does meanwhile follows from the syncs.
        prober.plan = Some(Plan { status, answer, next: Next::Idle, due: SimTime::NEVER, by_chance: None });
    }

    /// Would the probe that is to be sent now wait for nothing? Then it is the first of those that the worker skips, and its
    /// end is no event.
    fn leaves_it_to_the_plan(&mut self, cx: &Cx<'_, Event>, pod: PodId, kind: ProbeKind, status: &Status) -> bool {
        let state = &self.pods[pod.index()];
        let skips = kind == ProbeKind::Readiness
            && matches!(state.answer_to(kind), Answer::Never | Answer::Later(_))
            && state.status == *status
            && self.failing_reply(cx.now(), pod).is_some();
        if skips && let Some(prober) = self.prober(pod, kind) {
            prober.worker.postpone(cx.now());
        }
        skips
    }

    /// Syncs at these instants, which are skipped, trigger the readiness worker.
    pub(super) fn skip_triggers(&mut self, pod: PodId, reply: Reply, count: u64, at: impl Fn(u64) -> SimTime) {
        let resync_min = self.model.cluster.control_plane.resync_min;
        let Some(prober) = self.prober(pod, ProbeKind::Readiness) else { return };
        let one_by_one = O::HEARS_LOG || prober.worker.busy(reply) * 2 > resync_min;
        let singly = if one_by_one { count } else { count.min(1) };
        for n in 0..singly {
            self.skip_trigger(pod, at(n), reply);
        }
        if singly < count
            && let Some(prober) = self.prober(pod, ProbeKind::Readiness)
        {
            prober.worker.skip_triggers(reply, singly, count, at);
        }
    }

    /// A sync at `at`, which is skipped, triggers the readiness worker (P11, P12).
    fn skip_trigger(&mut self, pod: PodId, at: SimTime, reply: Reply) {
        self.skip_failures(pod, at, reply);
        let triggered = Happening::ReadinessTriggered { pod, sees_new_status: true };
        self.tell_at(at, triggered);
        if let Some(prober) = self.prober(pod, ProbeKind::Readiness) {
            prober.worker.trigger(at);
        }
    }

    /// The Pod's rest is over: its readiness worker is where it would be, and the next probe is planned.
    pub(super) fn resume_readiness(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, reply: Reply) {
        let kind = ProbeKind::Readiness;
        self.skip_failures(pod, cx.now(), reply);
        let status = self.pods[pod.index()].status;
        let Some(prober) = self.prober(pod, kind) else { return };
        let plan = prober.plan.take();
        if let Some(probe) = prober.worker.in_flight() {
            return self.await_end(cx, pod, kind, probe.ends);
        }
        let Some(plan) = plan else { return };
        let next = prober.worker.next_that_matters(&status, reply);
        let due = due(&prober.worker, plan.answer, next);
        prober.plan = Some(Plan { next, due, ..plan });
        if due < SimTime::NEVER {
            self.schedule_probe(cx, pod, kind, due);
        }
    }

    /// Accounts for the readiness probes before `until` of a Pod at rest. The last one may still wait for its answer.
    fn skip_failures(&mut self, pod: PodId, until: SimTime, reply: Reply) {
        let kind = ProbeKind::Readiness;
        let status = self.pods[pod.index()].status;
        let Some(prober) = self.prober(pod, kind) else { return };
        if let Some(given_up) = prober.worker.give_up(until) {
            self.tell_timeout(pod, kind, given_up.sent);
        }
        let Some(prober) = self.prober(pod, kind).filter(|prober| prober.worker.in_flight().is_none()) else { return };
        let next = prober.worker.next_that_matters(&status, reply);
        if let Some(skipped) = prober.worker.catch_up(until, &status, next) {
            let waits = prober.worker.in_flight().is_some();
            self.tell_skipped(pod, kind, next, skipped, waits);
        }
    }

    pub(super) fn on_probe_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, timer: Timer) {
        let Some(prober) = self.prober(pod, kind) else { return };
        if !prober.due.expires(timer) {
            return;
        }
        let Some(plan) = prober.plan else { return };
        if let Some(matters) = plan.by_chance {
            self.fail_by_chance(cx, pod, kind, matters);
        } else {
            self.attempt(cx, pod, kind, false);
        }
    }

    /// The attempt that is due fails by chance; where two in a row matter, the one before did too.
    fn fail_by_chance(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, matters: Matters) {
        let Some(prober) = self.prober(pod, kind) else { return };
        let Some(plan) = prober.plan.take() else { return };
        let skipped = prober.worker.catch_up(cx.now(), &plan.status, plan.next);
        let one_before = matters == Matters::Two;
        if one_before {
            prober.worker.observe(Observation::Failure);
        }
        if let Some(skipped) = skipped {
            self.tell_skipped(pod, kind, plan.next, skipped, one_before);
            if one_before {
                self.tell_timeout(pod, kind, skipped.last);
            }
        }
        self.attempt(cx, pod, kind, true);
    }

    /// One attempt of a worker (P6), and the next one planned.
    pub(super) fn attempt(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, doomed: bool) {
        let status = self.pods[pod.index()].status;
        self.attempt_under(cx, pod, kind, doomed, &status);
        self.plan(cx, pod, kind);
    }

    /// One attempt of a worker that sees this status. Whoever calls has the Pod planned anew.
    pub(super) fn attempt_under(
        &mut self,
        cx: &mut Cx<'_, Event>,
        pod: PodId,
        kind: ProbeKind,
        doomed: bool,
        status: &Status,
    ) {
        self.catch_up(cx, pod, kind);
        let Some(prober) = self.prober(pod, kind) else { return };
        let done = prober.worker.attempt(cx.now(), status);
        // A stored change requests a sync, save for liveness' initial Success (P11).
        let sync_is_over =
            done.noticed && done.probes && kind == ProbeKind::Startup && self.sync_begins_at_once(cx, pod);
        if sync_is_over {
            // That sync sees the Unknown just stored and changes nothing; what the probe finds waits for
            // the next one (P12).
            self.pods[pod.index()].sync = Timer::NONE;
            self.pods[pod.index()].last_sync = cx.now();
            self.await_turn(cx, pod);
        } else if done.noticed && kind != ProbeKind::Liveness || done.stored_failure {
            self.request_sync(cx, pod);
        }
        if done.noticed && kind != ProbeKind::Liveness {
            self.tell(cx, Happening::InstanceNoticed { pod, kind, instance: status.instance });
        }
        if done.stored_failure {
            self.tell(cx, Happening::FoundNotRunning { pod, kind });
        }
        if done.probes && !self.leaves_it_to_the_plan(cx, pod, kind, status) {
            self.send_probe(cx, pod, kind, doomed);
        }
        if sync_is_over {
            // Other workers may have counted on that sync to plan them anew.
            self.plan_all(cx, pod);
        }
    }

    fn send_probe(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, doomed: bool) {
        let Some(prober) = self.prober(pod, kind) else { return };
        let timeout = cx.now() + prober.worker.probe().timeout;
        let answer = self.answer(pod, Audience::Probe(kind));
        let instance = self.pods[pod.index()].container.instance;
        let reaches = (answer != Answer::Bad(Reply::Refused)).then_some(instance);
        self.tell(cx, Happening::ProbeSent { pod, kind, reaches });
        let (ends, answered) = match answer {
            Answer::Good if doomed || self.fails_by_chance(pod) => (timeout, false),
            Answer::Good => return self.conclude(cx, pod, kind, Reply::Ok),
            Answer::Bad(reply) => return self.conclude(cx, pod, kind, reply),
            Answer::Later(at) if at <= timeout => (at, true),
            Answer::Later(_) | Answer::Never => (timeout, false),
        };
        if let Some(prober) = self.prober(pod, kind) {
            prober.worker.wait(cx.now(), ends, answered);
        }
        self.await_end(cx, pod, kind, ends);
    }

    fn fails_by_chance(&mut self, pod: PodId) -> bool {
        let p = self.model.app.probe_failure;
        let home = self.pods[pod.index()].home.index();
        p > 0.0 && self.slots[home].probe_failure.uniform() < p
    }

    fn await_end(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, ends: SimTime) {
        let timer = self.timer();
        if let Some(prober) = self.prober(pod, kind) {
            prober.ended = timer;
        }
        cx.at(ends, Event::ProbeEnded(pod, kind, timer));
    }

    pub(super) fn on_probe_ended(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, timer: Timer) {
        let answer = self.answer(pod, Audience::Probe(kind));
        let Some(prober) = self.prober(pod, kind) else { return };
        if !prober.ended.expires(timer) {
            return;
        }
        let Some(probe) = prober.worker.in_flight() else { return };
        let timeout = probe.sent + prober.worker.probe().timeout;
        let reply = match answer {
            Answer::Good if probe.answered => Reply::Ok,
            Answer::Bad(reply) if probe.answered => reply,
            // A hang began before the answer came: what was asked stays unanswered.
            Answer::Never if probe.answered && timeout > cx.now() => {
                prober.worker.wait(probe.sent, timeout, false);
                return self.await_end(cx, pod, kind, timeout);
            }
            _ => Reply::Timeout,
        };
        prober.worker.ended(cx.now());
        self.conclude(cx, pod, kind, reply);
        self.plan(cx, pod, kind);
    }

    /// The container's process has died: a probe that waits for its answer fails at once (P14a).
    pub(super) fn break_connections(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        for kind in KINDS {
            self.catch_up(cx, pod, kind);
            let Some(prober) = self.prober(pod, kind) else { continue };
            if prober.worker.in_flight().is_some() {
                prober.ended = Timer::NONE;
                prober.worker.ended(cx.now());
                self.conclude(cx, pod, kind, Reply::Reset);
            }
        }
    }

    /// A probe has found this: count it, and act upon a verdict (P16, P18).
    fn conclude(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind, reply: Reply) {
        self.tell(cx, Happening::ProbeEnded { pod, kind, reply });
        let Some(prober) = self.prober(pod, kind) else { return };
        let Some(verdict) = prober.worker.observe(reply.observation()) else { return };
        self.tell(cx, Happening::Verdict { pod, kind, result: verdict });
        match (kind, verdict) {
            (ProbeKind::Readiness, _) => {
                let serving = self.serves(pod);
                // What is found on an old instance's account makes no difference to the Pod (P7a).
                let was_ready = self.pods[pod.index()].ready;
                self.update_readiness(cx, pod);
                if verdict == Stored::Failure
                    && was_ready
                    && let Some(slot) = self.slot_of(pod)
                {
                    self.observe(cx, &Observed::ReadinessLost { slot, while_serving: serving });
                    self.observe(cx, &Observed::Reacted { slot });
                }
                self.look(cx, pod);
            }
            (ProbeKind::Liveness | ProbeKind::Startup, Stored::Failure) => self.decide_kill(cx, pod, kind),
            (ProbeKind::Liveness | ProbeKind::Startup, _) => {}
        }
        self.request_sync(cx, pod);
    }

    fn decide_kill(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: ProbeKind) {
        let state = &mut self.pods[pod.index()];
        let container = &state.container;
        // What is found on an old instance's account kills nothing (P7a).
        let is_present = state.worker(kind).is_some_and(|worker| worker.result_for(container.instance).is_some());
        if !is_present || container.stage != Stage::Running || container.kill.is_some() {
            return;
        }
        let instance = container.instance;
        state.container.kill = Some(kind);
        self.hand_over_to_restart(cx, pod, kind);
        self.tell(cx, Happening::KillDecided { pod, instance, by: kind });
        if let Some(slot) = self.slot_of(pod) {
            let needless = !self.is_broken_for_good(pod);
            self.observe(cx, &Observed::ProbeKilled { slot, by: kind, needless });
            self.observe(cx, &Observed::Reacted { slot });
        }
        self.look(cx, pod);
    }
}
