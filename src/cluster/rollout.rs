//! The Deployment controller and its `ReplicaSet`s while a new revision of the Pod template takes over (D1–D3, D5, D10).
//! Follows `pkg/controller/deployment/{rolling,recreate}.go` and `pkg/controller/controller_utils.go ActivePodsWithRanks`.
//!
//! A slot is a place of the Deployment, whatever the revision of the Pod that holds it. A Pod that a surge makes beside the full
//! number has none: it stands in a surge slot, where no fault of its own strikes it, until an old Pod is scaled down, whose
//! slot the oldest of them takes, with its clocks and streams. So scenarios with other surges meet the same faults.

use super::bad_revision::Flaws;
use super::cause::{Cause, CauseSet};
use super::dice::Dice;
use super::happening::Happening;
use super::observer::{Observed, Observer, OperationEnd};
use super::progress::Progress;
use super::timer::Timer;
use super::{Cluster, Cx, Event, Target};
use crate::ids::{FaultId, PodId, SlotId, WorkloadId};
use crate::model::Strategy;
use crate::time::{Duration, SimTime};

/// A `ReplicaSet`: the Pods of one revision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReplicaSet {
    /// Which template: later ones are newer.
    pub revision: u32,
    /// How many Pods it shall have.
    pub size: u32,
    /// Which image of the container that serves: it changes with some revisions.
    pub image: u32,
    /// What is wrong with the revision.
    pub flaw: Option<FaultId>,
}

/// What a Deployment has of rollouts.
#[derive(Debug, Clone)]
pub(crate) struct Rollouts {
    /// Its `ReplicaSet`s that still matter, the oldest first; one where no rollout is under way.
    sets: Vec<ReplicaSet>,
    /// The last revision that was rolled out and is not bad.
    good: ReplicaSet,
    /// Revisions and images there have been beside the first.
    pub revisions: u32,
    images: u32,
    /// The operation that is under way: until all Pods are of a revision that is not bad, and available.
    operation: Option<FaultId>,
    /// Who is charged with what the present one, or the last one, costs.
    cause: Option<FaultId>,
    /// Somebody notices that the newest revision is bad.
    pub noticed: Timer,
    /// Somebody watches whether the rollout gets on.
    pub progress: Option<Progress>,
    is_rolled_back: bool,
    /// The controllers have yet to look at the Deployment, and at its `ReplicaSet`s.
    pass: Timer,
    scaling: Timer,
    pub dice: Dice,
    pub flaws: Flaws,
    /// Which Pod it deleted last, and when.
    pub victim: Option<(PodId, SimTime)>,
}

impl Rollouts {
    /// All Pods of the first revision.
    pub fn new(replicas: u32, dice: Dice, flaws: Flaws) -> Self {
        let only = ReplicaSet { revision: 0, size: replicas, image: 0, flaw: None };
        Self {
            sets: vec![only],
            good: only,
            revisions: 0,
            images: 0,
            operation: None,
            cause: None,
            noticed: Timer::NONE,
            progress: None,
            is_rolled_back: false,
            pass: Timer::NONE,
            scaling: Timer::NONE,
            dice,
            flaws,
            victim: None,
        }
    }

    /// So many Pods of the first revision, where there is no other yet.
    pub fn begin_with(&mut self, replicas: u32) {
        self.sets[0].size = replicas;
        self.good = self.sets[0];
    }

    /// A new revision takes over.
    pub fn is_under_way(&self) -> bool {
        self.sets.len() > 1
    }

    /// Who is charged with what the present one, or the last one, costs.
    pub fn cause(&self) -> CauseSet {
        self.cause.map_or_else(CauseSet::new, |fault| Cause::Fault(fault).into())
    }

    /// The controllers have yet to look at the `ReplicaSet`s.
    pub fn is_to_scale(&self) -> bool {
        self.scaling.is_set()
    }

    /// Its `ReplicaSet`s that still matter, the oldest first.
    pub fn sets(&self) -> &[ReplicaSet] {
        &self.sets
    }

    /// The same, to be scaled.
    pub fn sets_mut(&mut self) -> &mut [ReplicaSet] {
        &mut self.sets
    }

    /// What waits for an event.
    pub fn timers(&self) -> [Timer; 4] {
        [self.pass, self.scaling, self.noticed, self.progress.map_or(Timer::NONE, Progress::timer)]
    }

    /// The `ReplicaSet` of the last good revision becomes the newest again, with the Pods that it still has.
    pub fn roll_back(&mut self) -> u32 {
        let place = self.sets.iter().position(|set| set.revision == self.good.revision);
        let good = place.map_or(ReplicaSet { size: 0, ..self.good }, |place| self.sets.remove(place));
        self.sets.push(good);
        (self.is_rolled_back, self.noticed, self.progress) = (true, Timer::NONE, None);
        good.revision
    }

    /// The revisions whose `ReplicaSet`s still matter.
    pub fn revisions_there(&self) -> impl Iterator<Item = u32> {
        self.sets.iter().map(|set| set.revision)
    }

    pub fn newest(&self) -> ReplicaSet {
        *self.sets.last().expect("there is always one")
    }

    fn total(&self) -> u32 {
        self.sets.iter().map(|set| set.size).sum()
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// The template has changed. A rollout that is under way is superseded: its `ReplicaSet` is one of the old ones now. Where it
    /// is stuck, it is rolled back so long after that is known, if somebody watches for it.
    pub(super) fn begin_rollout(
        &mut self,
        cx: &mut Cx<'_, Event>,
        workload: WorkloadId,
        cause: FaultId,
        (has_new_image, rolled_back_after): (bool, Option<Duration>),
    ) {
        // What is paused goes on with the Pods and the template that it has.
        if self.model.workloads[workload].is_paused {
            let target = Some(Target::Deployment(workload));
            self.observe(cx, &Observed::OperationSkipped { target, operation: cause });
            return;
        }
        self.observe_end(cx, workload, OperationEnd::Superseded);
        self.workloads[workload].rollouts.revisions += 1;
        let flaw = self.draw_flaw(workload, cause);
        let notice = flaw.map(|(_, after)| (self.timer(), after));
        let rollouts = &mut self.workloads[workload].rollouts;
        rollouts.images += u32::from(has_new_image);
        // A revision with the image of the one before has that of the good one after a rollback.
        let image = if has_new_image { rollouts.images } else { rollouts.newest().image };
        let flaw = flaw.map(|(flaw, _)| flaw);
        let revision = rollouts.revisions;
        rollouts.sets.push(ReplicaSet { revision, size: 0, image, flaw });
        (rollouts.operation, rollouts.cause) = (Some(cause), Some(cause));
        (rollouts.noticed, rollouts.is_rolled_back) = (notice.map_or(Timer::NONE, |(timer, _)| timer), false);
        if let Some((timer, after)) = notice {
            cx.after(after, Event::FlawNoticed(workload, timer));
        }
        self.observe(cx, &Observed::OperationBegan { target: Target::Deployment(workload), operation: cause });
        self.tell(cx, Happening::RolloutBegan { workload, revision, flaw });
        self.watch_rollout(cx, workload, rolled_back_after);
        self.reset_replicas(cx, workload, cause);
        for pod in self.active_pods(workload).collect::<Vec<_>>() {
            self.await_availability(cx, pod);
        }
        self.request_pass(cx, workload);
    }

    /// Something has changed that the Deployment controller looks at, while it rolls out or scales.
    pub(super) fn request_pass(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        if self.is_changing(workload) && !self.workloads[workload].rollouts.pass.is_set() {
            let timer = self.timer();
            let after = self.controller_step(workload);
            self.workloads[workload].rollouts.pass = timer;
            cx.after(after, Event::RolloutPassDue(workload, timer));
        }
    }

    /// The Deployment controller has something to do, or somebody waits for the end of what it does.
    fn is_changing(&self, workload: WorkloadId) -> bool {
        let state = &self.workloads[workload];
        state.rollouts.is_under_way() || state.scaling.is_at_work()
    }

    fn request_scaling(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        if !self.workloads[workload].rollouts.scaling.is_set() {
            let timer = self.timer();
            let after = self.controller_step(workload);
            self.workloads[workload].rollouts.scaling = timer;
            cx.after(after, Event::ReplicaSetsDue(workload, timer));
        }
    }

    /// From a change in the API until a controller has acted on it.
    fn controller_step(&mut self, workload: WorkloadId) -> Duration {
        let step = self.workloads[workload].rollouts.dice.span(&self.model.cluster.latencies.controller);
        self.under_load(step)
    }

    pub(super) fn on_rollout_pass_due(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, timer: Timer) {
        if !self.workloads[workload].rollouts.pass.expires(timer) || !self.is_changing(workload) {
            return;
        }
        if self.is_to_be_scaled(workload) {
            self.scale_sets(workload);
            self.request_scaling(cx, workload);
        } else if self.take_step(cx.now(), workload) {
            self.workloads[workload].scaling.leave_to_rollout();
            self.request_scaling(cx, workload);
        }
        let scaling = &mut self.workloads[workload].scaling;
        if std::mem::replace(&mut scaling.applied, scaling.replicas) != scaling.replicas {
            // Slots are opened or closed, whether or not there are Pods.
            self.request_scaling(cx, workload);
        }
        self.note_progress(cx, workload);
        self.end_rollout_if_complete(cx, workload);
        self.end_scaling_if_complete(cx, workload);
    }

    /// The next step of a rollout, if there is one.
    fn take_step(&mut self, now: SimTime, workload: WorkloadId) -> bool {
        match self.model.workloads[workload].strategy {
            Strategy::Recreate => self.recreate(workload),
            Strategy::RollingUpdate { .. } => self.roll(now, workload),
        }
    }

    /// D3: all old Pods away, terminating ones included, before the first new one comes.
    fn recreate(&mut self, workload: WorkloadId) -> bool {
        let replicas = self.workloads[workload].scaling.replicas;
        let newest = self.workloads[workload].rollouts.newest().revision;
        let mut changed = false;
        for set in self.workloads[workload].rollouts.sets.iter_mut().filter(|set| set.revision != newest) {
            changed |= std::mem::replace(&mut set.size, 0) > 0;
        }
        // The kubelet writes that a Pod has ended: without it nobody knows, however dead the machine is.
        let is_in_the_way = |(id, pod): (PodId, &super::Pod)| {
            let has_ended = pod.terminating && !pod.has_process() && !pod.api_ready && self.is_heard_of(id);
            pod.exists && pod.workload == workload && pod.revision != newest && !has_ended
        };
        if !self.pods.entries().any(is_in_the_way) {
            let newest = self.workloads[workload].rollouts.sets.last_mut().expect("there is always one");
            changed |= std::mem::replace(&mut newest.size, replicas) != replicas;
        }
        changed
    }

    /// D2: one direction at a time; surge and unavailable are those of the present number of replicas (D18).
    fn roll(&mut self, now: SimTime, workload: WorkloadId) -> bool {
        let replicas = self.workloads[workload].scaling.replicas;
        let (surge, unavailable) = self.model.workloads[workload].strategy.bounds(replicas);
        let sets = &self.workloads[workload].rollouts.sets;
        let available: Vec<u32> = sets.iter().map(|set| self.available(now, workload, set.revision)).collect();
        let total = self.workloads[workload].rollouts.total();
        let rollouts = &mut self.workloads[workload].rollouts;
        let (newest, old) = rollouts.sets.split_last_mut().expect("there is always one");
        if newest.size > replicas {
            // A scaling has left the remainder to it.
            newest.size = replicas;
            return true;
        }
        let add = (replicas + surge).saturating_sub(total).min(replicas.saturating_sub(newest.size));
        if add > 0 {
            newest.size += add;
            return true;
        }
        let least = replicas - unavailable;
        let new_unavailable = newest.size.saturating_sub(available[old.len()]);
        let budget = total.saturating_sub(least + new_unavailable);
        if budget == 0 {
            return false;
        }
        let mut taken = 0;
        // What is not available goes first, and costs nobody anything.
        // The oldest of them first: a rollback has put an old one behind a younger one.
        let spare = available.iter().sum::<u32>().saturating_sub(least);
        let mut old: Vec<(&mut ReplicaSet, u32)> = old.iter_mut().zip(available).collect();
        old.sort_by_key(|(set, _)| set.revision);
        for (set, available) in &mut old {
            let unhealthy = set.size.saturating_sub(*available).min(budget - taken);
            set.size -= unhealthy;
            taken += unhealthy;
        }
        let (mut spare, mut scaled) = (spare, 0);
        for (set, _) in old {
            let down = set.size.min(spare);
            set.size -= down;
            spare -= down;
            scaled += down;
        }
        taken + scaled > 0
    }

    /// D7: too few Pods of a revision are created at once, too many deleted (D9, D10).
    pub(super) fn on_replica_sets_due(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, timer: Timer) {
        if !self.workloads[workload].rollouts.scaling.expires(timer) {
            return;
        }
        let sets = self.workloads[workload].rollouts.sets.clone();
        for &set in &sets {
            let active: Vec<PodId> = self.active_of(workload, set.revision).collect();
            let surplus = active.len().saturating_sub(set.size as usize);
            if surplus > 0 {
                for pod in self.victims(cx.now(), workload, active, surplus) {
                    self.scale_down(cx, pod);
                    self.workloads[workload].rollouts.victim = Some((pod, cx.now()));
                }
            }
        }
        self.fit_slots(cx, workload);
        for &set in &sets {
            for _ in self.active_of(workload, set.revision).count()..set.size as usize {
                self.create_replica(cx, workload, set);
            }
        }
        // A Pod that was lost and is not replaced has left its slot vacant.
        let slots = self.workloads[workload].slots();
        for slot in slots.filter(|&slot| self.slots[slot].pod.is_none()).collect::<Vec<_>>() {
            self.fill_from_surge(cx, slot);
        }
        self.request_pass(cx, workload);
    }

    /// One more Pod of the revision, in the lowest place that is vacant: beside the full number in one for surges.
    pub(super) fn create_replica(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, set: ReplicaSet) {
        let Some(slot) = self.vacant_place(workload) else { return };
        let pod = self.create_pod(cx, slot, set);
        self.request_binding(cx, pod);
        self.look_at_slot(cx, slot);
    }

    /// The lowest slot that is vacant, else such a place for surges.
    pub(super) fn vacant_place(&self, workload: WorkloadId) -> Option<SlotId> {
        let state = &self.workloads[workload];
        state.slots().chain(state.surge_slots()).find(|&slot| self.slots[slot].pod.is_none())
    }

    /// Which `ReplicaSet` lacks a Pod: the oldest of them.
    pub(super) fn lacking_set(&self, workload: WorkloadId) -> Option<ReplicaSet> {
        let sets = self.workloads[workload].rollouts.sets.iter().copied();
        let mut lacking = sets.filter(|set| (self.active_of(workload, set.revision).count() as u32) < set.size);
        lacking.next()
    }

    /// The revision that new Pods have at the beginning.
    pub(super) fn first_set(&self, workload: WorkloadId) -> ReplicaSet {
        self.workloads[workload].rollouts.sets[0]
    }

    /// The controller deletes a Pod that is too many. Its slot is not vacant where a surge Pod takes it.
    fn scale_down(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let workload = self.pods[pod].workload;
        let slot = self.slot_of(pod);
        let state = &self.workloads[workload];
        // Of slots that are to close others take what is vacant.
        let closes = state.open > state.scaling.applied;
        if let (Some(slot), Some(cause)) = (slot, state.scaling.charged().or(state.rollouts.cause.map(Cause::Fault))) {
            // Who keeps it from delivering already is charged with what follows.
            self.hand_over_missing(cx, slot);
            self.slots[slot].account.owe(cause);
        }
        self.delete_for_good(cx, pod);
        if let Some(slot) = slot.filter(|_| !closes) {
            self.fill_from_surge(cx, slot);
        }
    }

    /// The oldest surge Pod, if there is one, takes a slot that is vacant.
    fn fill_from_surge(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId) {
        let workload = self.slots[slot].workload;
        let surge = self.workloads[workload].surge_slots().filter_map(|place| self.slots[place].pod);
        if let Some(oldest) = surge.min_by_key(|&pod| self.pods[pod].born) {
            self.move_to_slot(cx, oldest, slot);
            // Whose endpoint it is has changed, too.
            self.pods[oldest].view = None;
            self.settle(cx, oldest);
        }
    }

    /// A Pod takes a place that is vacant.
    pub(super) fn move_to_slot(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, slot: SlotId) {
        // Its syncs draw from the stream of its slot.
        self.wake(cx, pod);
        let state = &mut self.pods[pod];
        state.turn = state.turn.map(|turn| turn.settled(&self.slots[state.home].sync));
        let place = std::mem::replace(&mut self.pods[pod].home, slot);
        self.slots[place].pod = None;
        self.slots[place].pods -= 1;
        self.slots[slot].pod = Some(pod);
        self.slots[slot].pods += 1;
    }

    /// The rollout is over when all Pods are of the new revision and available, and the controllers have nothing left to do: where the
    /// last old Pod was evicted, a surge Pod has yet to take its slot.
    fn end_rollout_if_complete(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        let replicas = self.workloads[workload].scaling.replicas;
        let newest = self.workloads[workload].rollouts.newest();
        let others = self.active_pods(workload).any(|pod| self.pods[pod].revision != newest.revision);
        let rollouts = &self.workloads[workload].rollouts;
        if rollouts.is_under_way()
            && !rollouts.is_to_scale()
            && newest.size == replicas
            && rollouts.total() == replicas
            && !others
            && self.available(cx.now(), workload, newest.revision) == replicas
        {
            let rollouts = &mut self.workloads[workload].rollouts;
            rollouts.sets = vec![newest];
            rollouts.progress = None;
            let is_rolled_back = rollouts.is_rolled_back;
            // One that is bad is not over before the rollback is.
            if newest.flaw.is_none() {
                rollouts.good = newest;
                let end = if is_rolled_back { OperationEnd::RolledBack } else { OperationEnd::Complete };
                self.observe_end(cx, workload, end);
            }
            self.tell(cx, Happening::RolloutEnded { workload, revision: newest.revision });
        }
    }

    /// The rollout that was under way is over, or another one takes its place.
    fn observe_end(&mut self, cx: &Cx<'_, Event>, workload: WorkloadId, end: OperationEnd) {
        if let Some(operation) = self.workloads[workload].rollouts.operation.take() {
            self.end_operation(cx, Target::Deployment(workload), operation, end);
        }
    }

    /// Pods that count for a `ReplicaSet`: those that are not being deleted (D7).
    pub(super) fn active_pods(&self, workload: WorkloadId) -> impl Iterator<Item = PodId> {
        let is_active = move |pod: &PodId| {
            let pod = &self.pods[*pod];
            pod.exists && !pod.deleted && pod.workload == workload
        };
        self.pods.ids().filter(is_active)
    }

    pub(super) fn active_of(&self, workload: WorkloadId, revision: u32) -> impl Iterator<Item = PodId> {
        self.active_pods(workload).filter(move |&pod| self.pods[pod].revision == revision)
    }

    /// How many Pods of the revision are available: Ready for long enough (D5).
    pub(super) fn available(&self, now: SimTime, workload: WorkloadId, revision: u32) -> u32 {
        let is_available = |pod: &PodId| self.pods[*pod].api_ready && now >= self.available_at(*pod);
        self.active_of(workload, revision).filter(is_available).count() as u32
    }

    /// How many Pods of all revisions are.
    pub(super) fn available_pods(&self, now: SimTime, workload: WorkloadId) -> u32 {
        self.workloads[workload].rollouts.sets().iter().map(|set| self.available(now, workload, set.revision)).sum()
    }

    /// When a Pod that is Ready is available. The API keeps the second in which it became so.
    fn available_at(&self, pod: PodId) -> SimTime {
        let least = self.workload(pod).min_ready;
        if least.is_zero() {
            return SimTime::ZERO;
        }
        SimTime::from_nanos(self.pods[pod].ready_since.as_nanos() / SECOND * SECOND) + least
    }

    /// A Pod that is Ready becomes available later: the controller looks again then.
    pub(super) fn await_availability(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let workload = self.pods[pod].workload;
        let at = self.available_at(pod);
        if self.is_changing(workload) && self.pods[pod].api_ready && at > cx.now() {
            let timer = self.timer();
            self.pods[pod].availability = timer;
            cx.at(at, Event::PodAvailable(pod, timer));
        }
    }

    pub(super) fn on_pod_available(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if self.pods[pod].availability.expires(timer) {
            self.request_pass(cx, self.pods[pod].workload);
        }
    }

    /// Which Pods go first (D10).
    fn victims(&mut self, now: SimTime, workload: WorkloadId, active: Vec<PodId>, count: usize) -> Vec<PodId> {
        let mut ranked = self.in_tied_order(active, workload);
        let all: Vec<PodId> = self.active_pods(workload).collect();
        let on_node = |pod: PodId| {
            let node = self.pods[pod].node;
            all.iter().filter(|&&other| self.pods[other].node == node).count()
        };
        // Ages are told apart by powers of two.
        let bucket = |since: SimTime| {
            let second = SimTime::from_nanos(since.as_nanos() / SECOND * SECOND);
            now.saturating_since(second).as_nanos().max(1).ilog2()
        };
        ranked.sort_by_key(|&pod| {
            let state = &self.pods[pod];
            let runs = state.containers.iter().any(|container| container.instance > 0);
            let restarts: u32 = state.containers.iter().map(|container| container.instance.saturating_sub(1)).sum();
            let ready_for = if state.api_ready { bucket(state.ready_since) } else { 0 };
            (
                state.node.is_some(),
                runs,
                state.api_ready,
                std::cmp::Reverse(on_node(pod)),
                ready_for,
                std::cmp::Reverse(restarts),
                bucket(state.created),
            )
        });
        ranked.truncate(count);
        ranked
    }

    /// The order in which those stand that nothing tells apart: up to eight in the order of their creation, begun anywhere; of
    /// more any (D10).
    fn in_tied_order(&mut self, mut pods: Vec<PodId>, workload: WorkloadId) -> Vec<PodId> {
        const PLACES: usize = 8;
        pods.sort_by_key(|&pod| self.pods[pod].born);
        let dice = &mut self.workloads[workload].rollouts.dice;
        if pods.len() <= PLACES {
            let first = ((dice.uniform() * PLACES as f64) as usize).min(PLACES - 1);
            let place = |(number, pod)| ((number + PLACES - first) % PLACES, pod);
            let mut placed: Vec<(usize, PodId)> = pods.into_iter().enumerate().map(place).collect();
            placed.sort_unstable();
            return placed.into_iter().map(|(_, pod)| pod).collect();
        }
        let mut placed: Vec<(f64, PodId)> = pods.into_iter().map(|pod| (dice.uniform(), pod)).collect();
        placed.sort_by(|a, b| a.0.total_cmp(&b.0));
        placed.into_iter().map(|(_, pod)| pod).collect()
    }
}

/// Nanoseconds.
const SECOND: u64 = 1_000_000_000;
