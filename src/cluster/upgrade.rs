//! Upgrades of Nodes: each gets a new machine after its drain, some at a time (V5, V15–V20, V24).
//!
//! ```text
//! in place     cordon, drain ── the machine is deleted ── a new one takes its time ── joins ── soak ── next
//! surge        a new one takes its time ── joins ── cordon, drain ── the machine is deleted ── soak ── next
//! ```
//!
//! A Node of the model is a name under which machines come and go. In place the new machine joins under the name of the old one. A
//! surge has a machine more: it joins as a spare Node of the same pool, takes the place of the old one with its chance, and the name
//! of the old one is spare from then on.
//!
//! Only the drain asks budgets. What a provider does after its timeout does not (V24): the machine goes with the Pods that are left,
//! and their objects with it, so that their replacements are created at once.

use std::collections::BTreeMap;

use super::drain::{Terms, Then};
use super::happening::Happening;
use super::observer::{Observed, Observer, OperationEnd};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Target};
use crate::ids::{FaultId, NodeId, PodId};
use crate::model::{NodeUpgrade, OnTimeout, UpgradeOrder};
use crate::random::Purpose;
use crate::time::Duration;

/// Karpenter looks for candidates in rounds; so long after a change it has looked again. The rule book is silent: a choice.
const CANDIDATES_AFTER: Duration = Duration::from_secs(10);

/// The upgrade that is under way, if one is: a cluster has one at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Upgrades {
    under_way: Option<Upgrade>,
    /// How many have been due, those included that did not begin.
    due: u64,
}

#[derive(Debug, Clone)]
struct Upgrade {
    operation: FaultId,
    plan: NodeUpgrade,
    /// Nodes whose turn has not come, the next one first.
    queue: Vec<NodeId>,
    /// Nodes that are in work.
    steps: Vec<Step>,
    /// Spare Nodes that are on their way, or have joined and wait for an old one that they replace.
    reserve: Vec<NodeId>,
    /// The first new machines have not all joined: nothing is drained before.
    is_preparing: bool,
    /// A Node has kept its machine, as its drain has given up.
    has_failed: bool,
    /// Pods have been deleted whatever their budgets said.
    was_forced: bool,
    /// When Karpenter looks again which Nodes are candidates.
    look: Timer,
}

/// What is done about one Node.
#[derive(Debug, Clone, Copy)]
struct Step {
    node: NodeId,
    /// The new Node that takes its place; `None`: a new machine joins under its own name.
    spare: Option<NodeId>,
    stage: Stage,
    timer: Timer,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Draining,
    /// The drain is over.
    Drained {
        has_failed: bool,
    },
    /// The new machine is on its way.
    Replacing,
    Soaking,
}

impl Upgrades {
    /// What waits for an event.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        let of_steps = self.under_way.iter().flat_map(|upgrade| &upgrade.steps).map(|step| step.timer);
        of_steps.chain(self.under_way.iter().map(|upgrade| upgrade.look))
    }

    /// The Node is in work: nobody else drains it.
    pub fn works_on(&self, node: NodeId) -> bool {
        self.under_way.iter().flat_map(|upgrade| &upgrade.steps).any(|step| step.node == node)
    }

    /// Spare Nodes that wait for an old one that they replace.
    pub fn reserve(&self) -> impl Iterator<Item = NodeId> {
        self.under_way.iter().flat_map(|upgrade| &upgrade.reserve).copied()
    }

    /// An upgrade lasts as long as a Node is left, and has no more of them in work than it may.
    pub fn is_sound(&self) -> bool {
        self.under_way.iter().all(|upgrade| {
            let in_work = upgrade.steps.len();
            in_work <= upgrade.plan.at_once as usize && in_work + upgrade.queue.len() > 0
        })
    }
}

impl Upgrade {
    fn step_of(&mut self, node: NodeId) -> Option<&mut Step> {
        self.steps.iter_mut().find(|step| step.node == node)
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// Each place of the cluster, by the Node that stood there first, with the Node that stands there now.
    pub(super) fn places(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.nodes.entries().filter_map(|(node, state)| Some((state.place?.number, node)))
    }

    /// The Node that stands at this place.
    pub(super) fn node_at(&self, place: NodeId) -> NodeId {
        // Nothing moves before the first upgrade.
        let has_it = |node: NodeId| self.nodes[node].place.is_some_and(|its| its.number == place);
        if has_it(place) { place } else { self.nodes.ids().find(|node| has_it(*node)).unwrap_or(place) }
    }

    /// An upgrade of all Nodes begins; none while another one is under way.
    pub(super) fn begin_upgrade(&mut self, cx: &mut Cx<'_, Event>, operation: FaultId, plan: NodeUpgrade) {
        self.upgrades.due += 1;
        let queue = self.nodes_by_turn(plan.order);
        if self.upgrades.under_way.is_some() || queue.is_empty() {
            self.observe(cx, &Observed::OperationSkipped { target: None, operation });
            return;
        }
        self.tell(cx, Happening::FaultStruck { target: Target::Cluster, fault: operation });
        self.observe(cx, &Observed::OperationBegan { target: Target::Cluster, operation });
        self.tell(cx, Happening::UpgradeBegan { nodes: queue.len() as u32 });
        // New Nodes that an upgrade before has left serve this one.
        let is_left = |node: &NodeId| {
            let state = &self.nodes[*node];
            let stands_beside = state.registered && !state.absent && state.place.is_none();
            plan.surge > 0 && stands_beside && !self.withdrawals.is_successor(*node)
        };
        let reserve = self.nodes.ids().filter(is_left).collect();
        self.upgrades.under_way = Some(Upgrade {
            operation,
            plan,
            queue,
            steps: Vec::new(),
            reserve,
            is_preparing: true,
            has_failed: false,
            was_forced: false,
            look: Timer::NONE,
        });
        self.go_on_with_upgrade(cx);
    }

    /// The Nodes that there are, in the order of an upgrade.
    fn nodes_by_turn(&self, order: UpgradeOrder) -> Vec<NodeId> {
        let due = self.upgrades.due;
        let drawn = |place: NodeId| self.stream(Target::Node(place), Purpose::UpgradeTurn).uniform(due);
        let of = |(place, node): (NodeId, NodeId)| {
            let zone = self.model.cluster.nodes[place].zone;
            let key = match order {
                UpgradeOrder::Random => (None, drawn(place)),
                UpgradeOrder::Zones => (zone, drawn(place)),
                UpgradeOrder::Listed => (None, place.index() as f64),
            };
            (key, node)
        };
        let there = self.places().filter(|(_, node)| self.nodes[*node].registered);
        let mut nodes: Vec<_> = there.map(of).collect();
        nodes.sort_by(|((zone, a), _), ((other, b), _)| zone.cmp(other).then(a.total_cmp(b)));
        nodes.into_iter().map(|(_, node)| node).collect()
    }

    /// Does all that can be done now: orders new machines, begins drains, ends the upgrade.
    pub(super) fn go_on_with_upgrade(&mut self, cx: &mut Cx<'_, Event>) {
        let Some(mut upgrade) = self.upgrades.under_way.take() else { return };
        // A Node that is gone, or is about to go, is passed over.
        upgrade.queue.retain(|node| self.nodes[*node].registered && !self.withdrawals.has(*node));
        while let Some((old, spare)) = self.next_to_order(&upgrade) {
            self.order_machine(cx, upgrade.operation, old, spare);
            upgrade.reserve.push(spare);
        }
        if upgrade.is_preparing && upgrade.reserve.iter().all(|spare| self.nodes[*spare].registered) {
            upgrade.is_preparing = false;
            if upgrade.plan.cordons_all {
                self.cordon_all(&upgrade.queue);
            }
        }
        while let Some((place, spare)) = self.next_to_drain(&upgrade) {
            let node = upgrade.queue.remove(place);
            upgrade.reserve.retain(|one| Some(*one) != spare);
            upgrade.steps.push(Step { node, spare, stage: Stage::Draining, timer: Timer::NONE });
            let NodeUpgrade { drainer, drain_timeout, .. } = upgrade.plan;
            let forced_after = upgrade.plan.forced_after();
            let timeout = if forced_after.is_none() { drain_timeout } else { None };
            let terms = Terms { drainer, timeout, forced_after, then: Then::Upgrade };
            self.drain_node(cx, node, upgrade.operation, terms);
        }
        if upgrade.queue.is_empty() && upgrade.steps.is_empty() {
            self.end_upgrade(cx, &upgrade);
        } else {
            self.upgrades.under_way = Some(upgrade);
        }
    }

    fn pool(&self, node: NodeId) -> u32 {
        self.model.cluster.nodes[node].pool
    }

    /// The first Node of the queue for which no new one is there or on its way, and the spare Node that this is to be, if the
    /// surge allows one more.
    fn next_to_order(&self, upgrade: &Upgrade) -> Option<(NodeId, NodeId)> {
        // By pool, how many new Nodes have no old one yet.
        let mut free: BTreeMap<u32, usize> = BTreeMap::new();
        for &spare in &upgrade.reserve {
            *free.entry(self.pool(spare)).or_default() += 1;
        }
        let mut is_covered = |node: &&NodeId| match free.get_mut(&self.pool(**node)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        };
        let (covered, bare): (Vec<NodeId>, Vec<NodeId>) = upgrade.queue.iter().partition(|node| is_covered(node));
        let at_work = upgrade.steps.iter().filter(|step| step.spare.is_some()).count();
        if covered.len() + at_work >= upgrade.plan.surge as usize {
            return None;
        }
        // Where none is free, one that an upgrade before has left is dead, and is counted on when it is back.
        let mut candidates = bare.into_iter().filter(|node| self.is_candidate(upgrade, *node));
        candidates.find_map(|old| Some((old, self.free_spare(old)?)))
    }

    /// Karpenter does not begin with a Node that has a Pod which may not be evicted (V21a).
    fn is_candidate(&self, upgrade: &Upgrade, node: NodeId) -> bool {
        !upgrade.plan.asks_first() || self.pods_on(node).into_iter().all(|pod| self.would_allow_eviction(pod))
    }

    /// Something has happened that may make a Node a candidate: Karpenter looks again in its next round (V21a).
    pub(super) fn look_for_candidates(&mut self, cx: &mut Cx<'_, Event>) {
        let Some(upgrade) = &self.upgrades.under_way else { return };
        if !upgrade.plan.asks_first() || upgrade.queue.is_empty() || upgrade.look.is_set() {
            return;
        }
        let timer = self.timer();
        self.upgrades.under_way.iter_mut().for_each(|upgrade| upgrade.look = timer);
        cx.after(CANDIDATES_AFTER, Event::CandidatesDue(timer));
    }

    pub(super) fn on_candidates_due(&mut self, cx: &mut Cx<'_, Event>, timer: Timer) {
        if self.upgrades.under_way.as_mut().is_some_and(|upgrade| upgrade.look.expires(timer)) {
            self.go_on_with_upgrade(cx);
        }
    }

    /// A spare Node of the same pool that is not there, nor on its way.
    pub(super) fn free_spare(&self, old: NodeId) -> Option<NodeId> {
        let is_free = |node: &NodeId| {
            let state = &self.nodes[*node];
            let is_nowhere = state.absent && !state.registered && !state.join.is_set();
            is_nowhere && state.place.is_none() && !self.withdrawals.has(*node)
        };
        self.nodes.ids().find(|node| self.pool(*node) == self.pool(old) && is_free(node))
    }

    /// The place in the queue of the first Node that can be drained now, and the new Node that replaces it.
    fn next_to_drain(&self, upgrade: &Upgrade) -> Option<(usize, Option<NodeId>)> {
        if upgrade.is_preparing || upgrade.steps.len() >= upgrade.plan.at_once as usize {
            return None;
        }
        let queue = upgrade.queue.iter().enumerate();
        let mut free = queue.filter(|(_, node)| !self.drains.has(**node) && self.is_candidate(upgrade, **node));
        if upgrade.plan.surge == 0 {
            return free.next().map(|(place, _)| (place, None));
        }
        let joined = |node: NodeId| {
            let replaces = |spare: &&NodeId| self.nodes[**spare].registered && self.pool(**spare) == self.pool(node);
            upgrade.reserve.iter().find(replaces).copied()
        };
        free.find_map(|(place, node)| Some((place, Some(joined(*node)?))))
    }

    /// A new machine that replaces the one of `old` will join as `new`.
    pub(super) fn order_machine(&mut self, cx: &mut Cx<'_, Event>, operation: FaultId, old: NodeId, new: NodeId) {
        let takes = &self.model.faults[operation].lasts;
        let place = self.nodes[old].place.as_mut();
        let after = place.zip(takes.as_ref()).map_or(Duration::ZERO, |(place, law)| place.new_machine.span(law));
        self.tell(cx, Happening::MachineOrdered { node: new });
        self.await_machine(cx, new, after);
    }

    fn cordon_all(&mut self, nodes: &[NodeId]) {
        for &node in nodes.iter().filter(|node| !self.drains.has(**node)) {
            (self.nodes[node].cordoned, self.nodes[node].uncordon) = (true, Timer::NONE);
        }
    }

    /// New machines that are still on their way are not needed.
    fn end_upgrade(&mut self, cx: &mut Cx<'_, Event>, upgrade: &Upgrade) {
        for &spare in &upgrade.reserve {
            if self.nodes[spare].absent {
                self.nodes[spare].join = Timer::NONE;
            }
        }
        let Upgrade { operation, has_failed, was_forced, .. } = *upgrade;
        let end = match (has_failed, was_forced) {
            (true, _) => OperationEnd::Failed,
            (false, true) => OperationEnd::Forced,
            (false, false) => OperationEnd::Complete,
        };
        self.end_operation(cx, Target::Cluster, operation, end);
        self.tell(cx, Happening::UpgradeEnded { has_failed });
    }

    // ---- One Node ----

    /// Its drain is over. What follows goes through the API, and comes at the same instant where that answers.
    pub(super) fn on_node_drained(
        &mut self,
        cx: &mut Cx<'_, Event>,
        node: NodeId,
        (has_failed, was_forced): (bool, bool),
    ) {
        if let Some(upgrade) = &mut self.upgrades.under_way {
            upgrade.was_forced |= was_forced || has_failed && upgrade.plan.on_timeout == OnTimeout::Force;
        }
        self.enter_stage(cx, node, Stage::Drained { has_failed }, Duration::ZERO);
    }

    fn enter_stage(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, stage: Stage, lasts: Duration) {
        let timer = self.timer();
        let step = self.upgrades.under_way.as_mut().and_then(|upgrade| upgrade.step_of(node));
        let Some(step) = step else { return };
        (step.stage, step.timer) = (stage, timer);
        cx.after(lasts, Event::UpgradeStepDue(node, timer));
    }

    pub(super) fn on_upgrade_step_due(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        let Some(step) = self.upgrades.under_way.as_mut().and_then(|upgrade| upgrade.step_of(node)) else { return };
        if !step.timer.expires(timer) {
            return;
        }
        match step.stage {
            Stage::Drained { has_failed } => self.replace_machine(cx, node, has_failed),
            Stage::Soaking => self.end_step(cx, node),
            Stage::Draining | Stage::Replacing => {}
        }
    }

    /// The drained Node's machine is deleted and replaced, unless the drain has failed and that is not to be forced.
    fn replace_machine(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, has_failed: bool) {
        let Some(upgrade) = &mut self.upgrades.under_way else { return };
        let (plan, operation) = (upgrade.plan, upgrade.operation);
        let Some(step) = upgrade.step_of(node) else { return };
        let spare = step.spare;
        // The cordoned machine has gone meanwhile, and another one takes its place or has taken it.
        if !self.nodes[node].registered || !self.nodes[node].cordoned {
            self.end_step(cx, node);
            return;
        }
        if has_failed && plan.on_timeout != OnTimeout::Force {
            self.leave_node(cx, node, plan);
            return;
        }
        self.delete_machine(cx, node, operation);
        if let Some(spare) = spare {
            self.take_place(cx, node, spare);
            self.soak(cx, node);
            return;
        }
        let Some(upgrade) = &mut self.upgrades.under_way else { return };
        upgrade.step_of(node).into_iter().for_each(|step| step.stage = Stage::Replacing);
        // The one that replaces a dead machine is on its way already.
        if !self.nodes[node].join.is_set() {
            self.order_machine(cx, operation, node, node);
        }
    }

    /// The Node keeps its machine.
    fn leave_node(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, plan: NodeUpgrade) {
        let Some(upgrade) = &mut self.upgrades.under_way else { return };
        upgrade.has_failed = true;
        let mut kept = vec![node];
        if plan.on_timeout == OnTimeout::Fail {
            let cordoned = std::mem::take(&mut upgrade.queue);
            kept.extend(cordoned.into_iter().filter(|_| plan.cordons_all));
        }
        if plan.frees_failed {
            for node in kept {
                if !self.drains.has(node) {
                    self.uncordon(cx, node);
                }
            }
        }
        self.end_step(cx, node);
    }

    /// The machine and the Node's object go, and all that is left of its Pods with them.
    pub(super) fn delete_machine(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, operation: FaultId) {
        self.take_machine(cx, node, operation);
        for pod in self.pods_on(node) {
            self.remove_pod(cx, pod);
        }
        self.nodes[node].deletion = Timer::NONE;
        self.delete_node(cx, node);
    }

    /// The machine goes, and all that runs on it: slots owe to the operation what they do not deliver from now on.
    pub(super) fn take_machine(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, operation: FaultId) {
        let undeleted = self.pods_on(node).into_iter().filter(|pod| !self.pods[*pod].deleted);
        let undeleted: Vec<PodId> = undeleted.collect();
        let without_slot: Vec<PodId> =
            undeleted.into_iter().filter(|pod| !self.owe_to_operation(cx, *pod, operation)).collect();
        self.nodes[node].absent = true;
        self.refresh_node(cx, node);
        for pod in without_slot {
            self.part_for_operation(cx, pod, operation);
        }
        // What had struck the machine is over with it.
        self.nodes[node].strikes.clear();
        self.refresh_node(cx, node);
    }

    /// The new Node stands at the place of the old one from now on, and meets what would have befallen that.
    pub(super) fn take_place(&mut self, cx: &mut Cx<'_, Event>, old: NodeId, new: NodeId) {
        self.nodes[old].join = Timer::NONE;
        self.nodes[new].place = self.nodes[old].place.take();
        self.move_clock(cx.now(), old, new);
        self.begin_life_of_machine(cx.now(), new);
        self.update_clock(cx, Target::Node(new));
    }

    /// A new machine has joined: one that was ordered, or one that replaces a machine that had died.
    pub(super) fn tell_upgrade_of_machine(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let Some(upgrade) = &mut self.upgrades.under_way else { return };
        upgrade.queue.retain(|old| *old != node);
        if upgrade.step_of(node).is_some_and(|step| matches!(step.stage, Stage::Replacing)) {
            self.soak(cx, node);
            return;
        }
        let is_known = upgrade.reserve.contains(&node)
            || upgrade.steps.iter().any(|step| step.spare == Some(node))
            || self.withdrawals.is_successor(node);
        if upgrade.plan.surge > 0 && self.nodes[node].place.is_none() && !is_known {
            upgrade.reserve.push(node);
        }
        self.go_on_with_upgrade(cx);
    }

    /// The Node is withdrawn, and gets a new machine for that: the upgrade is done with it.
    pub(super) fn leave_to_withdrawal(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let Some(upgrade) = &mut self.upgrades.under_way else { return };
        let is_draining = |step: &mut Step| matches!(step.stage, Stage::Draining | Stage::Drained { .. });
        if upgrade.step_of(node).is_some_and(is_draining) {
            self.end_step(cx, node);
        }
    }

    fn soak(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let soak = self.upgrades.under_way.as_ref().map_or(Duration::ZERO, |upgrade| upgrade.plan.soak);
        self.enter_stage(cx, node, Stage::Soaking, soak);
    }

    /// Nothing more is done about the Node. A new one that was not needed is there for the next.
    fn end_step(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let Some(upgrade) = &mut self.upgrades.under_way else { return };
        // One that soaks has taken its place, and may have lost it again.
        let has_kept_machine = |step: &&Step| step.node == node && !matches!(step.stage, Stage::Soaking);
        let unused = upgrade.steps.iter().filter(has_kept_machine).filter_map(|step| step.spare);
        upgrade.reserve.extend(unused);
        upgrade.steps.retain(|step| step.node != node);
        self.go_on_with_upgrade(cx);
    }
}
