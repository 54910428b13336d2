//! The readiness worker of a Pod at rest, that is not ready and stays so.

use crate::cluster::answers::Answer;
use crate::cluster::happening::{Happening, Reply};
use crate::cluster::observer::Observer;
use crate::cluster::planning::due;
use crate::cluster::prober::Status;
use crate::cluster::prober::skipping::Next;
use crate::cluster::state::{Plan, Timer};
use crate::cluster::{Cluster, Cx, Event, Mode};
use crate::ids::PodId;
use crate::model::ProbeKind;
use crate::time::SimTime;

impl<O: Observer> Cluster<'_, O> {
    /// What readiness probes go on to meet that are sent before that instant, if they fail and change nothing as long as
    /// nothing else happens. The judge looks at each.
    pub(in crate::cluster) fn failing_reply(&self, now: SimTime, pod: PodId) -> Option<(Reply, SimTime)> {
        let state = &self.pods[pod];
        let worker = state.worker(ProbeKind::Readiness)?;
        let (reply, until) = state.answer_to(ProbeKind::Readiness).reply(worker.probe().timeout);
        let fails = worker.goes_on_to_fail(&state.status, reply);
        (self.mode == Mode::Fast && fails && now < until).then_some((reply, until))
    }

    /// Readiness probes go on to meet this, and no event stands for them.
    pub(in crate::cluster) fn rest_readiness(&mut self, pod: PodId) {
        let state = &self.pods[pod];
        let (status, answer) = (state.status, state.answer_to(ProbeKind::Readiness));
        let Some(prober) = self.prober(pod, ProbeKind::Readiness) else { return };
        prober.ended = Timer::NONE;
        prober.due = Timer::NONE;
        // What the worker does meanwhile follows from the syncs.
        prober.plan = Some(Plan { status, answer, next: Next::Idle, due: SimTime::NEVER, by_chance: None });
    }

    /// Would the probe that is to be sent now wait for nothing? Then it is the first of those that the worker skips, and its
    /// end is no event.
    pub(in crate::cluster) fn leaves_it_to_the_plan(
        &mut self,
        cx: &Cx<'_, Event>,
        pod: PodId,
        kind: ProbeKind,
        status: &Status,
    ) -> bool {
        let state = &self.pods[pod];
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
    pub(in crate::cluster) fn skip_triggers(
        &mut self,
        pod: PodId,
        reply: Reply,
        count: u64,
        at: impl Fn(u64) -> SimTime,
    ) {
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
    pub(in crate::cluster) fn resume_readiness(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, reply: Reply) {
        let kind = ProbeKind::Readiness;
        self.skip_failures(pod, cx.now(), reply);
        let status = self.pods[pod].status;
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
        let status = self.pods[pod].status;
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
}
