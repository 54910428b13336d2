//! `kubectl drain`: a Node is cordoned, its Pods are evicted as far as budgets allow it, and some time after that it takes Pods
//! again, or gets a new machine where that is a part of an upgrade or a withdrawal (V4, V7, V13–V15, V21, R6). Follows
//! `staging/src/k8s.io/kubectl/pkg/drain/drain.go` and, where Karpenter drains, its `pkg/controllers/node/termination/terminator`.
//!
//! ```text
//! cordon ── list ──┬─ asks for Pod 1 ── 201 ── looks every 1 s ── its object is gone ─┐
//!                  ├─ asks for Pod 2 ── 429, 5 s ── asks again … ── 201 ── …         ─┼─ over ── uncordon
//!                  └─ asks for Pod 3 ── 500: has failed                              ─┘
//! ```

mod asking;

use super::cause::Cause;
use super::happening::Happening;
use super::observer::{Observed, Observer, OperationEnd};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Mode, Target};
use crate::ids::{FaultId, NodeId, PodId};
use crate::model::Drainer;
use crate::random::Purpose;
use crate::time::{Duration, SimTime};
use asking::Eviction;

/// So long after the graces of Pods that were deleted in the end their machine goes, whether they have gone or not: a choice.
const AFTER_GRACE: Duration = Duration::from_secs(60);

/// Drains that are under way, and whose turn it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drains {
    under_way: Vec<Drain>,
    /// By fault: how many turns of Nodes are over.
    turns: Vec<usize>,
}

/// A drain of one Node.
#[derive(Debug, Clone)]
struct Drain {
    node: NodeId,
    operation: FaultId,
    /// When it gives up, if it does.
    deadline: Option<SimTime>,
    then: Then,
    began: SimTime,
    /// So long after the beginning its Pods are deleted, whatever their budgets say.
    forced_after: Option<Duration>,
    drainer: Drainer,
    /// The answer with the list of Pods.
    listed: Timer,
    /// One for each Pod, all at work side by side.
    evictions: Vec<Eviction>,
    has_failed: bool,
}

/// How a drain goes about the Pods of its Node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub drainer: Drainer,
    /// After how long it gives up.
    pub timeout: Option<Duration>,
    /// After how long Pods are deleted whatever their budgets say. Karpenter deletes each in time, so that its grace is over then
    /// (V21a); others begin to delete then (V18, V20), and have done with the Node when the graces are over.
    pub forced_after: Option<Duration>,
    pub then: Then,
}

/// What follows a drain, good or bad.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// The Node takes Pods again after so long.
    Uncordon(Duration),
    /// It is a part of an upgrade, which decides.
    Upgrade,
    /// It is a part of a withdrawal, which decides.
    Withdrawal,
}

impl Drains {
    pub fn new(faults: usize) -> Self {
        Self { under_way: Vec::new(), turns: vec![0; faults] }
    }

    /// What waits for an event.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        let own = self.under_way.iter().map(|drain| drain.listed);
        own.chain(self.under_way.iter().flat_map(|drain| &drain.evictions).map(Eviction::timer))
    }

    /// Nobody drains.
    pub fn are_none(&self) -> bool {
        self.under_way.is_empty()
    }

    /// The Node is being drained.
    pub fn has(&self, node: NodeId) -> bool {
        self.of(node).is_some()
    }

    fn of(&self, node: NodeId) -> Option<usize> {
        self.under_way.iter().position(|drain| drain.node == node)
    }

    /// A drain lasts as long as something is left to be done, and a Node has one at most.
    pub fn are_sound(&self) -> bool {
        let is_at_work = |drain: &Drain| drain.listed.is_set() || drain.evictions.iter().any(Eviction::is_at_work);
        let alone = |drain: &Drain| self.under_way.iter().filter(|other| other.node == drain.node).count() == 1;
        self.under_way.iter().all(|drain| is_at_work(drain) && alone(drain))
    }
}

impl Drain {
    /// The operation that it is, or that it is a part of.
    fn target(&self) -> Target {
        match self.then {
            Then::Uncordon(_) | Then::Withdrawal => Target::Node(self.node),
            Then::Upgrade => Target::Cluster,
        }
    }

    fn is_over(&self, at: SimTime) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= at)
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// A drain begins on the Node that is named, or on the one whose turn it is; on none where that is away or is being drained.
    pub(super) fn begin_drain(
        &mut self,
        cx: &mut Cx<'_, Event>,
        operation: FaultId,
        (named, timeout): (Option<NodeId>, Option<Duration>),
        uncordon_after: Duration,
    ) {
        let Some(node) = self.node_to_drain(operation, named) else {
            self.observe(cx, &Observed::OperationSkipped { target: named.map(Target::Node), operation });
            return;
        };
        self.tell(cx, Happening::FaultStruck { target: Target::Node(node), fault: operation });
        self.observe(cx, &Observed::OperationBegan { target: Target::Node(node), operation });
        let then = Then::Uncordon(uncordon_after);
        let terms = Terms { drainer: Drainer::Kubectl, timeout, forced_after: None, then };
        self.drain_node(cx, node, operation, terms);
    }

    /// The drain of this Node begins.
    pub(super) fn drain_node(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, operation: FaultId, terms: Terms) {
        self.tell(cx, Happening::DrainBegan { node });
        if self.drains.are_none() {
            self.meet_budgets();
        }
        self.nodes[node].cordoned = true;
        self.nodes[node].uncordon = Timer::NONE;
        let listed = self.timer();
        let after = self.drain_request(node);
        let Terms { drainer, timeout, forced_after, then } = terms;
        self.drains.under_way.push(Drain {
            node,
            operation,
            deadline: timeout.map(|timeout| cx.now() + timeout),
            then,
            began: cx.now(),
            forced_after,
            drainer,
            listed,
            evictions: Vec::new(),
            has_failed: false,
        });
        cx.after(after, Event::DrainListed(node, listed));
    }

    /// The Node is to go: a drain of it that is under way stops where it is. An operation of its own ends with it.
    /// Requests that are answered before `until` have been.
    pub(super) fn stop_drain(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, until: SimTime) {
        let Some(place) = self.drains.of(node) else { return };
        for number in 0..self.drains.under_way[place].evictions.len() {
            if self.mode == Mode::Fast {
                self.drains.under_way[place].evictions[number].skip_refusals(until);
            }
            self.tell_refusals(cx, place, number);
        }
        let Drain { operation, then, .. } = self.drains.under_way.swap_remove(place);
        self.tell(cx, Happening::DrainEnded { node, has_failed: true });
        if let Then::Uncordon(_) = then {
            let end = OperationEnd::Superseded;
            self.end_operation(cx, Target::Node(node), operation, end);
        }
    }

    /// The Node that is named, or the one whose turn it is, if it can be drained.
    fn node_to_drain(&mut self, operation: FaultId, named: Option<NodeId>) -> Option<NodeId> {
        match named {
            Some(place) => Some(self.node_at(place)).filter(|node| self.is_left_alone(*node)),
            None => self.node_by_turn(operation, Self::is_left_alone),
        }
    }

    /// The Node is there, and nobody is about to empty it.
    pub(super) fn is_left_alone(&self, node: NodeId) -> bool {
        self.nodes[node].registered
            && !self.drains.has(node)
            && !self.upgrades.works_on(node)
            && !self.withdrawals.has(node)
    }

    /// The Nodes take turns in an order that is drawn once; one for which it is not the time is passed over.
    pub(super) fn node_by_turn(&mut self, operation: FaultId, can: impl Fn(&Self, NodeId) -> bool) -> Option<NodeId> {
        let order = |place: NodeId| self.stream(Target::Node(place), Purpose::DrainTurn).uniform(0);
        let mut nodes: Vec<(f64, NodeId)> = self.places().map(|(place, node)| (order(place), node)).collect();
        nodes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let nodes: Vec<NodeId> = nodes.into_iter().map(|(_, node)| node).collect();
        let turn = self.drains.turns[operation.index()];
        let chosen = (turn..turn + nodes.len()).find(|turn| can(self, nodes[turn % nodes.len()]))?;
        self.drains.turns[operation.index()] = chosen + 1;
        Some(nodes[chosen % nodes.len()])
    }

    /// What a request of the drain takes.
    fn drain_request(&mut self, node: NodeId) -> Duration {
        let span = self.nodes[node].drain_dice.span(&self.model.cluster.latencies.eviction_request);
        self.under_load(span)
    }

    /// All Pods of the Node are asked for at once, terminating ones included (V13, V15).
    pub(super) fn on_drain_listed(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        let Some(place) = self.drains.of(node) else { return };
        if !self.drains.under_way[place].listed.expires(timer) {
            return;
        }
        let pods = self.pods_on(node);
        self.set_end_of_graces(place, &pods);
        for (number, pod) in pods.into_iter().enumerate() {
            let request = self.drain_request(node);
            let born = self.pods[pod].born;
            let grace = self.spec(pod).termination_grace;
            let drain = &mut self.drains.under_way[place];
            let in_advance = if drain.drainer == Drainer::Karpenter { grace } else { Duration::ZERO };
            let forced_at =
                drain.forced_after.map(|after| (drain.began + after.saturating_sub(in_advance)).max(cx.now()));
            drain.evictions.push(Eviction::new(cx.now(), (pod, born), request, drain.drainer, forced_at));
            self.schedule_request(cx, place, number);
        }
        self.end_drain_if_done(cx, place);
    }

    /// Whoever deletes Pods in the end waits for the longest of their graces, and a little longer for their objects to go.
    fn set_end_of_graces(&mut self, place: usize, pods: &[PodId]) {
        let longest = pods.iter().map(|pod| self.spec(*pod).termination_grace).max().unwrap_or_default();
        let drain = &mut self.drains.under_way[place];
        if let (Some(after), Drainer::Kubectl) = (drain.forced_after, drain.drainer) {
            drain.deadline = Some(drain.began + after + longest + AFTER_GRACE);
        }
    }

    /// The Pod is deleted with its grace (T1). Its slot owes to the drain what it does not deliver from now on; who keeps it from
    /// that already is charged with what follows.
    fn evict_for_drain(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, operation: FaultId, is_forced: bool) {
        if self.pods[pod].deleted {
            return;
        }
        let what = if is_forced { Happening::EvictionForced { pod } } else { Happening::EvictionGranted { pod } };
        self.tell(cx, what);
        let has_slot = self.owe_to_operation(cx, pod, operation);
        self.delete_pod(cx, pod);
        if !has_slot {
            self.part_for_operation(cx, pod, operation);
        }
    }

    /// The Pod's slot owes to the operation what it does not deliver from now on; false where the Pod has none.
    pub(super) fn owe_to_operation(&mut self, cx: &Cx<'_, Event>, pod: PodId, operation: FaultId) -> bool {
        let Some(slot) = self.slot_of(pod) else { return false };
        self.hand_over_missing(cx, slot);
        self.slots[slot].account.owe(Cause::Fault(operation));
        true
    }

    /// A Pod that a surge has made owes nothing to any slot: what it fails from now on is the operation's.
    pub(super) fn part_for_operation(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, operation: FaultId) {
        self.pods[pod].parting = Cause::Fault(operation).into();
        self.look(cx, pod);
    }

    /// The drain is over when all is done about each Pod, well or badly.
    fn end_drain_if_done(&mut self, cx: &mut Cx<'_, Event>, place: usize) {
        let drain = &self.drains.under_way[place];
        if drain.evictions.iter().any(Eviction::is_at_work) {
            return;
        }
        let Drain { node, operation, then, has_failed, evictions, .. } = self.drains.under_way.swap_remove(place);
        match then {
            Then::Uncordon(after) => {
                let end = match has_failed {
                    true => OperationEnd::Failed,
                    false if evictions.is_empty() => OperationEnd::NothingToEvict,
                    false => OperationEnd::Complete,
                };
                self.end_operation(cx, Target::Node(node), operation, end);
                self.tell(cx, Happening::DrainEnded { node, has_failed });
                let timer = self.timer();
                self.nodes[node].uncordon = timer;
                cx.after(after, Event::NodeUncordoned(node, timer));
                // An upgrade may have waited for that.
                self.go_on_with_upgrade(cx);
            }
            Then::Upgrade => {
                self.tell(cx, Happening::DrainEnded { node, has_failed });
                let was_forced = evictions.iter().any(Eviction::is_forced);
                self.on_node_drained(cx, node, (has_failed, was_forced));
            }
            Then::Withdrawal => {
                self.tell(cx, Happening::DrainEnded { node, has_failed });
                self.on_withdrawn_node_drained(cx, node);
            }
        }
    }

    /// The Node takes Pods again: those that wait are tried anew (S16). Nothing moves back (S17).
    pub(super) fn on_node_uncordoned(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        if self.nodes[node].uncordon.expires(timer) {
            self.uncordon(cx, node);
        }
    }

    pub(super) fn uncordon(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.nodes[node].cordoned = false;
        self.tell(cx, Happening::NodeUncordoned { node });
        self.retry_pending(cx);
    }
}
