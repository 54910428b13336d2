//! The readiness worker of a Pod at rest, that is not ready and stays so.

use crate::cluster::answers::Answer;
use crate::cluster::happening::Happening;
use crate::cluster::observer::Observer;
use crate::cluster::planning::due;
use crate::cluster::prober::Status;
use crate::cluster::prober::skipping::Next;
use crate::cluster::state::Plan;
use crate::cluster::timer::Timer;
use crate::cluster::{Cluster, Cx, Event, Mode};
use crate::history::Reply;
use crate::ids::ContainerRef;
use crate::model::ProbeKind;
use crate::time::SimTime;

impl<O: Observer> Cluster<'_, O> {
    /// What readiness probes go on to meet that are sent before that instant, if they fail and change nothing as long as
    /// nothing else happens. The judge looks at each.
    pub(in crate::cluster) fn failing_reply(&self, now: SimTime, at: ContainerRef) -> Option<(Reply, SimTime)> {
        let container = self.container(at);
        let worker = container.worker(ProbeKind::Readiness)?;
        let (reply, until) = container.answer_to(ProbeKind::Readiness).reply(worker.probe().timeout);
        let fails = worker.goes_on_to_fail(&container.status, reply);
        (self.mode == Mode::Fast && fails && now < until).then_some((reply, until))
    }

    /// Readiness probes go on to meet this, and no event stands for them.
    pub(in crate::cluster) fn rest_readiness(&mut self, at: ContainerRef) {
        let container = self.container(at);
        let (status, answer) = (container.status, container.answer_to(ProbeKind::Readiness));
        let Some(prober) = self.prober(at, ProbeKind::Readiness) else { return };
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
        at: ContainerRef,
        kind: ProbeKind,
        status: &Status,
    ) -> bool {
        let container = self.container(at);
        let skips = kind == ProbeKind::Readiness
            && matches!(container.answer_to(kind), Answer::Never | Answer::Later(_))
            && container.status == *status
            && self.failing_reply(cx.now(), at).is_some();
        if skips && let Some(prober) = self.prober(at, kind) {
            prober.worker.postpone(cx.now());
        }
        skips
    }

    /// Syncs at these instants, which are skipped, trigger the readiness worker.
    pub(in crate::cluster) fn skip_triggers(
        &mut self,
        at: ContainerRef,
        reply: Reply,
        count: u64,
        instant: impl Fn(u64) -> SimTime,
    ) {
        let resync_min = self.model.cluster.control_plane.resync_min;
        let hears_log = self.observer.hears_log();
        let Some(prober) = self.prober(at, ProbeKind::Readiness) else { return };
        let one_by_one = hears_log || prober.worker.busy(reply) * 2 > resync_min;
        let singly = if one_by_one { count } else { count.min(1) };
        for n in 0..singly {
            self.skip_trigger(at, instant(n), reply);
        }
        if singly < count
            && let Some(prober) = self.prober(at, ProbeKind::Readiness)
        {
            prober.worker.skip_triggers(reply, singly, count, instant);
        }
    }

    /// A sync at `at`, which is skipped, triggers the readiness worker (P11, P12).
    fn skip_trigger(&mut self, at: ContainerRef, instant: SimTime, reply: Reply) {
        self.skip_failures(at, instant, reply);
        let ContainerRef { pod, container } = at;
        self.tell_at(instant, Happening::ReadinessTriggered { pod, container, sees_new_status: true });
        if let Some(prober) = self.prober(at, ProbeKind::Readiness) {
            prober.worker.trigger(instant);
        }
    }

    /// The Pod's rest is over: its readiness worker is where it would be, and the next probe is planned.
    pub(in crate::cluster) fn resume_readiness(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, reply: Reply) {
        let kind = ProbeKind::Readiness;
        self.skip_failures(at, cx.now(), reply);
        let status = self.container(at).status;
        let Some(prober) = self.prober(at, kind) else { return };
        let plan = prober.plan.take();
        if let Some(probe) = prober.worker.in_flight() {
            return self.await_end(cx, at, kind, probe.ends);
        }
        let Some(plan) = plan else { return };
        let next = prober.worker.next_that_matters(&status, reply);
        let due = due(&prober.worker, plan.answer, next);
        prober.plan = Some(Plan { next, due, ..plan });
        if due < SimTime::NEVER {
            self.schedule_probe(cx, at, kind, due);
        }
    }

    /// Accounts for the readiness probes before `until` of a Pod at rest. The last one may still wait for its answer.
    fn skip_failures(&mut self, at: ContainerRef, until: SimTime, reply: Reply) {
        let kind = ProbeKind::Readiness;
        let status = self.container(at).status;
        let Some(prober) = self.prober(at, kind) else { return };
        if let Some(given_up) = prober.worker.give_up(until) {
            self.tell_timeout(at, kind, given_up.sent);
        }
        let Some(prober) = self.prober(at, kind).filter(|prober| prober.worker.in_flight().is_none()) else { return };
        let next = prober.worker.next_that_matters(&status, reply);
        if let Some(skipped) = prober.worker.catch_up(until, &status, next) {
            let waits = prober.worker.in_flight().is_some();
            self.tell_skipped(at, kind, next, skipped, waits);
        }
    }
}
