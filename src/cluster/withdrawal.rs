//! Nodes that are withdrawn on purpose, each by itself: spot reclaims, Karpenter's expiry and consolidation (V21, V21a, V23, V24).
//!
//! ```text
//! atEnd     notice ── drain, shutdown or nothing ── the machine goes ── a new one takes its time ── joins
//! atNotice  notice ── drain, shutdown or nothing ── the machine goes
//!                └── a new one takes its time ── joins
//! first     a new one takes its time ── joins ── drain ── the machine goes
//! ```
//!
//! Where the new machine may stand beside the old one it joins as a spare Node of the same pool and takes the place of the old one
//! when that goes (see `upgrade`); otherwise, and where no spare one was free in time, it joins under the name of the old one.
//!
//! A cloud that takes an instance back tells nobody: the Node is found dead (N4), its object is deleted (N15) and its Pods are
//! collected. Karpenter deletes the Node with its machine. A withdrawal is over when the old Node is gone and the new one is there.
//!
//! Whoever else drains the Node stops when a reclaim begins; an upgrade passes over a Node that is being withdrawn. A machine that dies
//! meanwhile, and is replaced for that, has been withdrawn.

use std::collections::BTreeMap;

use super::drain::{Terms, Then};
use super::happening::Happening;
use super::observer::{Observed, Observer, OperationEnd};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Target};
use crate::ids::{FaultId, NodeId, ZoneId};
use crate::model::{Handler, NodeWithdrawal, Replacement};
use crate::random::{Purpose, name_hash};
use crate::time::Duration;

/// Withdrawals that are under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Withdrawals {
    under_way: Vec<Withdrawal>,
    /// How many bursts of an operation there have been in a zone.
    bursts: BTreeMap<(FaultId, ZoneId), u64>,
}

/// The withdrawal of one Node.
#[derive(Debug, Clone, Copy)]
struct Withdrawal {
    node: NodeId,
    operation: FaultId,
    plan: NodeWithdrawal,
    /// The Node as which the new machine joins, once that is ordered.
    successor: Option<NodeId>,
    stage: Stage,
    /// When the machine goes.
    timer: Timer,
    /// There was a Pod on the Node.
    had_pods: bool,
    /// The machine has gone with Pods that had not left.
    was_forced: bool,
    has_joined: bool,
    /// The old Node's object is gone.
    is_deleted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The new Node is to be Ready first.
    Preparing,
    /// Something or nothing is done about its Pods.
    Leaving,
    /// The machine has gone.
    Gone,
}

impl Withdrawals {
    /// What waits for an event.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        self.under_way.iter().map(|withdrawal| withdrawal.timer)
    }

    /// The Node is being withdrawn, or has been and is not replaced yet.
    pub fn has(&self, node: NodeId) -> bool {
        self.of(node).is_some()
    }

    /// The Node replaces one that is being withdrawn.
    pub fn is_successor(&self, node: NodeId) -> bool {
        self.under_way.iter().any(|withdrawal| withdrawal.successor == Some(node))
    }

    /// What is left to be done about the Node waits for the API server.
    pub fn goes_through_api(&self, node: NodeId) -> bool {
        self.of(node).is_some_and(|withdrawal| withdrawal.plan.reason.goes_through_api())
    }

    /// A Node is withdrawn once at a time, and a machine that is on its way replaces one of them.
    pub fn are_sound(&self) -> bool {
        let awaits_same = |one: &Withdrawal, other: &Withdrawal| {
            one.successor.is_some_and(|new| one.awaits(new) && other.awaits(new))
        };
        let alone = |one: &Withdrawal| {
            let others = self.under_way.iter().filter(|other| other.node != one.node);
            others.clone().count() + 1 == self.under_way.len() && !others.clone().any(|other| awaits_same(one, other))
        };
        let has_end = |one: &Withdrawal| match one.stage {
            Stage::Preparing => !one.timer.is_set(),
            Stage::Leaving => one.timer.is_set() || one.plan.notice.is_none(),
            Stage::Gone => one.successor.is_some() && !(one.has_joined && one.is_deleted),
        };
        self.under_way.iter().all(|one| alone(one) && has_end(one))
    }

    /// The machine of the Node has gone, and its object has not.
    pub fn has_lost(&self, node: NodeId) -> bool {
        self.of(node).is_some_and(|withdrawal| withdrawal.stage == Stage::Gone)
    }

    fn of(&self, node: NodeId) -> Option<&Withdrawal> {
        self.under_way.iter().find(|withdrawal| withdrawal.node == node)
    }

    fn of_mut(&mut self, node: NodeId) -> Option<&mut Withdrawal> {
        self.under_way.iter_mut().find(|withdrawal| withdrawal.node == node)
    }
}

impl Withdrawal {
    /// The new machine is still on its way. One that has joined may be withdrawn itself before the object of the old Node is gone.
    fn awaits(&self, new: NodeId) -> bool {
        self.successor == Some(new) && !self.has_joined
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// The withdrawal of this Node begins, unless there is no machine or another one is under way. Karpenter's own begin at a Node
    /// that nobody else drains.
    pub(super) fn begin_withdrawal(
        &mut self,
        cx: &mut Cx<'_, Event>,
        operation: FaultId,
        plan: NodeWithdrawal,
        node: NodeId,
    ) {
        let target = Target::Node(node);
        let is_left_alone = !plan.reason.goes_through_api() || self.is_left_alone(node);
        if !self.has_machine(node) || self.withdrawals.has(node) || !is_left_alone {
            self.observe(cx, &Observed::OperationSkipped { target: Some(target), operation });
            return;
        }
        self.tell(cx, Happening::FaultStruck { target, fault: operation });
        self.observe(cx, &Observed::OperationBegan { target, operation });
        self.withdrawals.under_way.push(Withdrawal {
            node,
            operation,
            plan,
            successor: None,
            stage: Stage::Preparing,
            timer: Timer::NONE,
            had_pods: !self.pods_on(node).is_empty(),
            was_forced: false,
            has_joined: false,
            is_deleted: false,
        });
        self.stop_drain(cx, node, cx.now());
        self.leave_to_withdrawal(cx, node);
        self.order_successors(cx);
        if plan.replacement != Replacement::First {
            self.begin_leaving(cx, node);
        }
    }

    /// A machine stands at one of the cluster's places, and is not known to be replaced.
    fn has_machine(&self, node: NodeId) -> bool {
        let state = &self.nodes[node];
        state.registered && !state.absent && !state.join.is_set() && state.place.is_some()
    }

    /// A burst: of the Nodes of the zone that the operation is about each goes with the same chance, whatever befalls the others.
    pub(super) fn begin_burst(
        &mut self,
        cx: &mut Cx<'_, Event>,
        operation: FaultId,
        plan: NodeWithdrawal,
        (zone, share): (ZoneId, f64),
    ) {
        self.tell(cx, Happening::FaultStruck { target: Target::Zone(zone), fault: operation });
        let count = self.withdrawals.bursts.entry((operation, zone)).or_default();
        let ordinal = *count;
        *count += 1;
        let purpose = Purpose::Burst(name_hash(&self.model.faults[operation].name));
        let goes = |place: NodeId| self.stream(Target::Node(place), purpose).uniform(ordinal) < share;
        let of_zone = |place: NodeId| self.model.cluster.nodes[place].zone == Some(zone);
        let places = self.places().filter(|(place, _)| of_zone(*place) && self.is_about(operation, *place));
        let struck: Vec<NodeId> = places.filter(|(place, _)| goes(*place)).map(|(_, node)| node).collect();
        for node in struck {
            self.begin_withdrawal(cx, operation, plan, node);
        }
    }

    /// The Node whose turn it is, of those that can be spared, unless so many are on their way or not Ready already (V21a).
    pub(super) fn begin_withdrawal_by_turn(
        &mut self,
        cx: &mut Cx<'_, Event>,
        operation: FaultId,
        plan: NodeWithdrawal,
        at_once: u32,
    ) {
        let is_busy = |node: NodeId| !self.nodes[node].ready || self.withdrawals.has(node);
        let busy = self.places().filter(|(_, node)| is_busy(*node)).count();
        let can = |cluster: &Self, node| cluster.can_be_spared(operation, node);
        let node = if busy < at_once as usize { self.node_by_turn(operation, can) } else { None };
        match node {
            Some(node) => self.begin_withdrawal(cx, operation, plan, node),
            None => self.observe(cx, &Observed::OperationSkipped { target: None, operation }),
        }
    }

    /// No budget would refuse one of its Pods now: otherwise the Node is no candidate (V21a).
    fn can_be_spared(&self, operation: FaultId, node: NodeId) -> bool {
        let is_meant = self.nodes[node].place.is_some_and(|place| self.is_about(operation, place.number));
        is_meant
            && self.has_machine(node)
            && self.nodes[node].ready
            && self.is_left_alone(node)
            && self.pods_on(node).into_iter().all(|pod| self.would_allow_eviction(pod))
    }

    /// The operation withdraws Nodes at this place.
    pub(super) fn is_about(&self, operation: FaultId, place: NodeId) -> bool {
        let nodes = &self.model.faults[operation].nodes;
        nodes.is_empty() || nodes.contains(&place)
    }

    /// Orders the machines that are to stand beside old ones, as far as spare Nodes are free.
    pub(super) fn order_successors(&mut self, cx: &mut Cx<'_, Event>) {
        for number in 0..self.withdrawals.under_way.len() {
            let Withdrawal { node, operation, plan, successor, stage, .. } = self.withdrawals.under_way[number];
            if successor.is_some() || stage == Stage::Gone || !plan.replacement.stands_beside() {
                continue;
            }
            if let Some(spare) = self.free_spare(node) {
                self.withdrawals.under_way[number].successor = Some(spare);
                self.order_machine(cx, operation, node, spare);
            }
        }
    }

    /// Something is done about its Pods, or nothing, until the machine goes.
    fn begin_leaving(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let timer = self.timer();
        let Some(withdrawal) = self.withdrawals.of_mut(node) else { return };
        withdrawal.stage = Stage::Leaving;
        let Withdrawal { operation, plan, .. } = *withdrawal;
        if let Some(notice) = plan.notice {
            withdrawal.timer = timer;
            cx.after(notice, Event::WithdrawalDue(node, timer));
        }
        match plan.handler {
            Handler::Evict => {
                let forced_after = plan.notice.filter(|_| plan.reason.goes_through_api());
                let terms = Terms { drainer: plan.drainer, timeout: None, forced_after, then: Then::Withdrawal };
                self.drain_node(cx, node, operation, terms);
            }
            Handler::Shutdown { pod_grace } => self.shut_down_node(cx, node, operation, pod_grace),
            Handler::None => {}
        }
    }

    /// The drain is over. A cloud takes its machine back when it has said so; Karpenter deletes it now.
    pub(super) fn on_withdrawn_node_drained(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let timer = self.timer();
        let withdrawal = self.withdrawals.of_mut(node);
        if let Some(withdrawal) = withdrawal.filter(|one| one.plan.reason.goes_through_api()) {
            withdrawal.timer = timer;
            cx.after(Duration::ZERO, Event::WithdrawalDue(node, timer));
        }
    }

    /// The machine goes, and whatever is left on it.
    pub(super) fn on_withdrawal_due(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        let has_pods = !self.pods_on(node).is_empty();
        let Some(withdrawal) = self.withdrawals.of_mut(node) else { return };
        if !withdrawal.timer.expires(timer) {
            return;
        }
        withdrawal.was_forced = has_pods;
        let Withdrawal { operation, plan, .. } = *withdrawal;
        // What is answered at this instant comes first.
        self.stop_drain(cx, node, cx.now() + Duration::from_nanos(1));
        if plan.reason.goes_through_api() {
            self.delete_machine(cx, node, operation);
        } else {
            self.take_machine(cx, node, operation);
            self.await_node_deletion(cx, node);
        }
        self.succeed(cx, node);
    }

    /// The new machine takes the place of the one that has gone.
    fn succeed(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let Some(withdrawal) = self.withdrawals.of_mut(node) else { return };
        withdrawal.stage = Stage::Gone;
        let operation = withdrawal.operation;
        match withdrawal.successor {
            Some(new) => self.take_place(cx, node, new),
            None => {
                withdrawal.successor = Some(node);
                self.order_machine(cx, operation, node, node);
            }
        }
        self.end_withdrawal_if_over(cx, node);
    }

    /// The machine has died, and with the instance gone another one has been ordered in its place.
    pub(super) fn tell_withdrawal_of_death(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let has_pods = !self.pods_on(node).is_empty();
        let Some(withdrawal) = self.withdrawals.of_mut(node).filter(|one| one.stage != Stage::Gone) else { return };
        withdrawal.timer = Timer::NONE;
        withdrawal.was_forced = has_pods;
        withdrawal.stage = Stage::Gone;
        match withdrawal.successor {
            Some(new) => {
                self.nodes[node].absent = true;
                self.take_place(cx, node, new);
            }
            None => withdrawal.successor = Some(node),
        }
        self.stop_drain(cx, node, cx.now());
    }

    /// A Node object is gone.
    pub(super) fn tell_withdrawal_of_deletion(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        if let Some(withdrawal) = self.withdrawals.of_mut(node) {
            withdrawal.is_deleted = true;
            self.end_withdrawal_if_over(cx, node);
        }
    }

    /// A new machine has joined.
    pub(super) fn tell_withdrawal_of_machine(&mut self, cx: &mut Cx<'_, Event>, new: NodeId) {
        let mut under_way = self.withdrawals.under_way.iter_mut();
        let Some(withdrawal) = under_way.find(|withdrawal| withdrawal.awaits(new)) else { return };
        withdrawal.has_joined = true;
        let (node, stage) = (withdrawal.node, withdrawal.stage);
        match stage {
            Stage::Preparing => self.begin_leaving(cx, node),
            Stage::Leaving => {}
            Stage::Gone => self.end_withdrawal_if_over(cx, node),
        }
    }

    /// The old Node is gone and the new one is there.
    fn end_withdrawal_if_over(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let is_it = |one: &Withdrawal| one.node == node && one.stage == Stage::Gone && one.has_joined && one.is_deleted;
        let Some(number) = self.withdrawals.under_way.iter().position(is_it) else { return };
        let Withdrawal { operation, had_pods, was_forced, .. } = self.withdrawals.under_way.remove(number);
        let end = match (was_forced, had_pods) {
            (true, _) => OperationEnd::Forced,
            (false, true) => OperationEnd::Complete,
            (false, false) => OperationEnd::NothingToEvict,
        };
        self.end_operation(cx, Target::Node(node), operation, end);
        self.tell(cx, Happening::WithdrawalEnded { node });
        // Its name is free for others.
        self.order_successors(cx);
        self.go_on_with_upgrade(cx);
    }
}
