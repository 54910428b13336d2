//! Probes as they are played: attempts, answers, verdicts and what these cause (P1–P20).

use super::answers::{Answer, Audience};
use super::busy::Fate;
use super::chance::Matters;
use super::happening::Happening;
use super::observer::{Observed, Observer};
use super::prober::{Observation, Status, Stored};
use super::state::{Prober, Stage};
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::history::Reply;
use crate::ids::{ContainerRef, SlotId};
use crate::model::ProbeKind;
use crate::time::SimTime;

pub(super) const KINDS: [ProbeKind; 3] = [ProbeKind::Liveness, ProbeKind::Readiness, ProbeKind::Startup];

impl<O: Observer> Cluster<'_, O> {
    pub(super) fn prober(&mut self, at: ContainerRef, kind: ProbeKind) -> Option<&mut Prober> {
        self.container_mut(at).workers[kind as usize].as_mut()
    }

    pub(super) fn on_probe_due(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, timer: Timer) {
        let Some(prober) = self.prober(at, kind) else { return };
        if !prober.due.expires(timer) {
            return;
        }
        let Some(plan) = prober.plan else { return };
        if let Some(matters) = plan.by_chance {
            self.fail_by_chance(cx, at, kind, matters);
        } else {
            self.attempt(cx, at, kind, Fate::Open);
        }
    }

    /// The attempt that is due fails by chance, if it is more than a candidate; where two in a row matter, so did the one before.
    fn fail_by_chance(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, matters: Matters) {
        let Some(prober) = self.prober(at, kind) else { return };
        let Some(plan) = prober.plan.take() else { return };
        let skipped = prober.worker.catch_up(cx.now(), &plan.status, plan.next);
        let before = skipped.filter(|_| matters == Matters::Two).map(|skipped| skipped.last);
        let fate_before = before.map_or(Fate::Answered, |sent| self.candidate(sent, at, kind));
        let one_before = fate_before.fails();
        if one_before && let Some(prober) = self.prober(at, kind) {
            prober.worker.observe(Observation::Failure);
        }
        if let Some(skipped) = skipped {
            self.tell_skipped(at, kind, plan.next, skipped, one_before);
            self.tell_failure(at, kind, skipped.last, fate_before);
        }
        let fate = self.candidate(cx.now(), at, kind);
        self.attempt(cx, at, kind, fate);
    }

    /// One attempt of a worker (P6), and the next one planned.
    pub(super) fn attempt(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, fate: Fate) {
        let status = self.container(at).status;
        self.attempt_under(cx, at, kind, fate, &status);
        self.plan(cx, at, kind);
    }

    /// One attempt of a worker that sees this status. Whoever calls has the Pod planned anew.
    pub(super) fn attempt_under(
        &mut self,
        cx: &mut Cx<'_, Event>,
        at: ContainerRef,
        kind: ProbeKind,
        fate: Fate,
        status: &Status,
    ) {
        self.catch_up(cx, at, kind);
        let Some(prober) = self.prober(at, kind) else { return };
        let done = prober.worker.attempt(cx.now(), status);
        // A stored change requests a sync, save for liveness' initial Success (P11).
        let sync_is_over = done.noticed
            && done.probes
            && kind == ProbeKind::Startup
            && self.pods[at.pod].is_at_peace()
            && self.sync_begins_at_once(cx, at.pod);
        if sync_is_over {
            // That sync sees the Unknown just stored and changes nothing; what the probe finds waits for
            // the next one (P12).
            self.pods[at.pod].sync = Timer::NONE;
            self.pods[at.pod].last_sync = cx.now();
            self.await_turn(cx, at.pod);
        } else if done.noticed && kind != ProbeKind::Liveness || done.stored_failure {
            self.request_sync(cx, at.pod);
        }
        if done.noticed && kind != ProbeKind::Liveness {
            self.tell(
                cx,
                Happening::InstanceNoticed { pod: at.pod, container: at.container, kind, instance: status.instance },
            );
        }
        if done.stored_failure {
            self.tell(cx, Happening::FoundNotRunning { pod: at.pod, container: at.container, kind });
        }
        if done.probes && !self.leaves_it_to_the_plan(cx, at, kind, status) {
            self.send_probe(cx, at, kind, fate);
        }
        if sync_is_over {
            // Other workers may have counted on that sync to plan them anew.
            self.plan_all(cx, at.pod);
        }
    }

    fn send_probe(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, fate: Fate) {
        let Some(prober) = self.prober(at, kind) else { return };
        let timeout = cx.now() + prober.worker.probe().timeout;
        let answer = self.answer(at, Audience::Probe(kind));
        let instance = self.container(at).instance;
        let reaches = (answer != Answer::Bad(Reply::Refused)).then_some(instance);
        self.tell(cx, Happening::ProbeSent { pod: at.pod, container: at.container, kind, reaches });
        let (ends, answered) = match answer {
            Answer::Good | Answer::BadInPart(_) => {
                let fate = if fate == Fate::Open { self.fate(cx.now(), at, kind) } else { fate };
                match fate {
                    Fate::Open | Fate::Answered => return self.conclude(cx, at, kind, Reply::Ok),
                    Fate::Refused => return self.conclude(cx, at, kind, Reply::Error),
                    Fate::Late => (timeout, false),
                }
            }
            Answer::Bad(reply) => return self.conclude(cx, at, kind, reply),
            Answer::Later(at) if at <= timeout => (at, true),
            Answer::Later(_) | Answer::Never => (timeout, false),
        };
        if let Some(prober) = self.prober(at, kind) {
            prober.worker.wait(cx.now(), ends, answered);
        }
        self.await_end(cx, at, kind, ends);
    }

    pub(super) fn await_end(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, ends: SimTime) {
        let timer = self.timer();
        if let Some(prober) = self.prober(at, kind) {
            prober.ended = timer;
        }
        cx.at(ends, Event::ProbeEnded(at, kind, timer));
    }

    pub(super) fn on_probe_ended(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, timer: Timer) {
        let answer = self.answer(at, Audience::Probe(kind));
        let Some(prober) = self.prober(at, kind) else { return };
        if !prober.ended.expires(timer) {
            return;
        }
        let Some(probe) = prober.worker.in_flight() else { return };
        let timeout = probe.sent + prober.worker.probe().timeout;
        let reply = match answer {
            Answer::Good | Answer::BadInPart(_) if probe.answered => Reply::Ok,
            Answer::Bad(reply) if probe.answered => reply,
            // A hang began before the answer came: what was asked stays unanswered.
            Answer::Never if probe.answered && timeout > cx.now() => {
                prober.worker.wait(probe.sent, timeout, false);
                return self.await_end(cx, at, kind, timeout);
            }
            _ => Reply::Timeout,
        };
        prober.worker.ended(cx.now());
        self.conclude(cx, at, kind, reply);
        self.plan(cx, at, kind);
    }

    /// The container's process has died: a probe that waits for its answer fails at once (P14a).
    pub(super) fn break_connections(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        for kind in KINDS {
            self.catch_up(cx, at, kind);
            let Some(prober) = self.prober(at, kind) else { continue };
            if prober.worker.in_flight().is_some() {
                prober.ended = Timer::NONE;
                prober.worker.ended(cx.now());
                self.conclude(cx, at, kind, Reply::Reset);
            }
        }
    }

    /// A probe has found this: count it, and act upon a verdict (P16, P18).
    fn conclude(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind, reply: Reply) {
        self.tell(cx, Happening::ProbeEnded { pod: at.pod, container: at.container, kind, reply });
        let Some(prober) = self.prober(at, kind) else { return };
        let Some(verdict) = prober.worker.observe(reply.observation()) else { return };
        self.tell(cx, Happening::Verdict { pod: at.pod, container: at.container, kind, result: verdict });
        match (kind, verdict) {
            (ProbeKind::Readiness, _) => {
                let serving = self.answers_all(at);
                // What is found on an old instance's account makes no difference to the Pod (P7a).
                let was_ready = self.pods[at.pod].ready;
                self.update_readiness(cx, at.pod);
                if verdict == Stored::Failure
                    && was_ready
                    && let Some((workload, slot)) = self.place_of(at.pod)
                {
                    self.observe(cx, &Observed::ReadinessLost { workload, slot, while_serving: serving });
                    self.observe_reaction(cx, slot);
                }
                self.look(cx, at.pod);
            }
            (ProbeKind::Liveness | ProbeKind::Startup, Stored::Failure) => self.decide_kill(cx, at, kind),
            (ProbeKind::Liveness | ProbeKind::Startup, _) => {}
        }
        self.request_sync(cx, at.pod);
    }

    /// Of a surge Pod nobody waits for a reaction: no fault of containers strikes it.
    fn observe_reaction(&mut self, cx: &Cx<'_, Event>, slot: Option<SlotId>) {
        if let Some(slot) = slot {
            self.observe(cx, &Observed::Reacted { slot });
        }
    }

    fn decide_kill(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: ProbeKind) {
        let container = self.container(at);
        // What is found on an old instance's account kills nothing (P7a).
        let is_present = container.worker(kind).is_some_and(|worker| worker.result_for(container.instance).is_some());
        if !is_present || container.stage != Stage::Running || container.kill.is_some() {
            return;
        }
        let instance = container.instance;
        self.container_mut(at).kill = Some(kind);
        self.hand_over_to_restart(cx, at, kind);
        self.tell(cx, Happening::KillDecided { pod: at.pod, container: at.container, instance, by: kind });
        if let Some((workload, slot)) = self.place_of(at.pod) {
            let needless = !self.is_broken_for_good(at);
            self.observe(cx, &Observed::ProbeKilled { workload, slot, by: kind, needless });
            self.observe_reaction(cx, slot);
        }
        self.look(cx, at.pod);
    }
}
