//! Who mends what no probe mends: somebody is paged and deletes the Pod.
//!
//! A slot is *stuck* while its container has a process and does not deliver because of a fault that does not end by itself, and
//! nothing is on its way that would mend it: no start, no stop, no probe that sees a fault and counts towards a kill, and no
//! fault of the whole Deployment, its Node or its zone at work (nobody deletes Pods because the database is away). The clock of
//! a slot runs while it is stuck. When it has run for what noticing takes, a page goes out that covers all slots that are stuck
//! then; when it has run for what acting takes too, the Pod is deleted with its grace (T1).

use super::answers::Audience;
use super::faults::affects;
use super::happening::Happening;
use super::observer::{Observed, Observer};
use super::state::Stage;
use super::timer::Timer;
use super::{Cluster, Cx, Event, Target};
use crate::ids::{ContainerRef, PodId, SlotId};
use crate::model::{ContainerMode, ProbeKind, Role};
use crate::random::Purpose;
use crate::time::{Duration, SimTime};

/// What somebody on call does about one slot.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Watch {
    /// How often the slot has been stuck: the ordinal of its draws.
    spells: u64,
    stage: WatchStage,
    /// Since when the clock runs, if it does.
    running_since: Option<SimTime>,
    due: Timer,
}

/// How far a spell has come, and how long the clock has yet to run.
#[derive(Debug, Clone, Copy, Default)]
enum WatchStage {
    #[default]
    Quiet,
    /// Nobody knows yet.
    Unnoticed { left: Duration },
    /// Somebody is on it.
    Paged { left: Duration },
}

impl Watch {
    /// Another one begins, with draws of its own.
    pub fn after(before: Self) -> Self {
        Self { spells: before.spells, ..Self::default() }
    }

    /// Somebody knows that the slot is stuck.
    pub fn is_paged(&self) -> bool {
        matches!(self.stage, WatchStage::Paged { .. })
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// Starts or stops the slot's clock. A spell is over when the slot's Pod delivers or is replaced.
    pub(super) fn update_watch(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId, delivers: bool) {
        let Some(on_call) = &self.model.on_call else { return };
        let pod = self.slots[slot].pod;
        let Some(pod) = pod.filter(|_| !delivers) else {
            let watch = &mut self.slots[slot].watch;
            *watch = Watch::after(*watch);
            return;
        };
        let stuck = self.is_stuck(pod);
        let watch = self.slots[slot].watch;
        match (watch.running_since, stuck) {
            (None, true) => {
                if matches!(watch.stage, WatchStage::Quiet) {
                    let ordinal = watch.spells + 1;
                    let stream = self.stream(Target::Slot(slot), Purpose::OnCall);
                    let left = Duration::from_secs_f64(stream.draw(2 * ordinal, &on_call.notices));
                    let watch = &mut self.slots[slot].watch;
                    (watch.spells, watch.stage) = (ordinal, WatchStage::Unnoticed { left });
                }
                self.run_watch(cx, slot);
            }
            (Some(since), false) => {
                let watch = &mut self.slots[slot].watch;
                (watch.running_since, watch.due) = (None, Timer::NONE);
                if let WatchStage::Unnoticed { left } | WatchStage::Paged { left } = &mut watch.stage {
                    *left = left.saturating_sub(cx.now().since(since));
                }
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// The clock runs on from now.
    fn run_watch(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId) {
        let timer = self.timer();
        let watch = &mut self.slots[slot].watch;
        let (WatchStage::Unnoticed { left } | WatchStage::Paged { left }) = watch.stage else { return };
        (watch.running_since, watch.due) = (Some(cx.now()), timer);
        cx.after(left, Event::OnCallDue(slot, timer));
    }

    pub(super) fn on_on_call_due(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId, timer: Timer) {
        if !self.slots[slot].watch.due.expires(timer) {
            return;
        }
        let Some(pod) = self.slots[slot].pod else { return };
        if self.slots[slot].watch.is_paged() {
            self.tell(cx, Happening::DeletedByHand { pod });
            self.observe(cx, &Observed::DeletedByHand { slot });
            self.evict_pod(cx, pod);
        } else {
            self.page(cx, slot);
        }
    }

    /// One page covers all slots that are stuck and that nobody knows of; what acting takes is drawn for it once.
    fn page(&mut self, cx: &mut Cx<'_, Event>, first: SlotId) {
        let Some(on_call) = &self.model.on_call else { return };
        let stream = self.stream(Target::Slot(first), Purpose::OnCall);
        let ordinal = self.slots[first].watch.spells;
        let left = Duration::from_secs_f64(stream.draw(2 * ordinal + 1, &on_call.acts));
        self.observe(cx, &Observed::Paged { slot: first });
        for slot in self.all_slots() {
            let watch = &mut self.slots[slot].watch;
            let runs = slot == first || watch.running_since.is_some();
            if !runs || watch.is_paged() {
                continue;
            }
            watch.stage = WatchStage::Paged { left };
            self.run_watch(cx, slot);
            if let Some(pod) = self.slots[slot].pod {
                self.tell(cx, Happening::Paged { pod });
                self.observe(cx, &Observed::Reacted { slot });
                self.look(cx, pod);
            }
        }
    }

    /// A container of the Pod that holds a slot keeps it from delivering, and nothing is on its way that would mend it.
    fn is_stuck(&self, pod: PodId) -> bool {
        let state = &self.pods[pod];
        let moves = |at: ContainerRef| {
            let container = self.container(at);
            let runs = container.stage == Stage::Running && container.kill.is_none() && container.serving;
            !runs && self.container_spec(at).role != Role::Init
        };
        if !state.sandbox || self.containers(pod).any(moves) {
            return false;
        }
        let wider =
            !self.workloads[state.workload].strikes.is_empty() || state.node.is_some_and(|node| self.is_struck(node));
        !wider && self.containers(pod).any(|at| self.has_endless_fault(at) && !self.counts_towards_a_kill(at))
    }

    /// A fault that only a restart ends keeps the container from delivering.
    fn has_endless_fault(&self, at: ContainerRef) -> bool {
        let is_probed = self.container_spec(at).readiness.is_some() && !self.workload(at.pod).publish_not_ready;
        let serves = at == self.main(at.pod);
        self.container_strikes(at).any(|(strike, mode)| {
            let affects = affects(mode);
            !strike.timer.is_set()
                && !matches!(mode, ContainerMode::Crash | ContainerMode::Sandbox)
                && !mode.serves_others()
                && (affects.requests && serves || affects.readiness && is_probed)
        })
    }

    /// Its kubelet has a probe that would kill the container, and that probe sees a fault.
    fn counts_towards_a_kill(&self, at: ContainerRef) -> bool {
        let spec = self.container_spec(at);
        let killers = [(ProbeKind::Liveness, spec.liveness.is_some()), (ProbeKind::Startup, spec.startup.is_some())];
        let started = self.container(at).status.started;
        killers.into_iter().any(|(kind, exists)| {
            let asks = exists && (kind == ProbeKind::Liveness) == started;
            asks && self.container_strikes(at).any(|(_, mode)| Audience::Probe(kind).sees(affects(mode)))
        })
    }
}
