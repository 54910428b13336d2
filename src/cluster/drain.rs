//! `kubectl drain`: a Node is cordoned, its Pods are evicted as far as budgets allow it, and some time after that it takes Pods
//! again, or gets a new machine where that is a part of an upgrade or a withdrawal (V4, V7, V13–V15, V21, R6). Follows
//! `staging/src/k8s.io/kubectl/pkg/drain/drain.go` and, where Karpenter drains, its `pkg/controllers/node/termination/terminator`.
//!
//! ```text
//! cordon ── list ──┬─ asks for Pod 1 ── 201 ── looks every 1 s ── its object is gone ─┐
//!                  ├─ asks for Pod 2 ── 429, 5 s ── asks again … ── 201 ── …         ─┼─ over ── uncordon
//!                  └─ asks for Pod 3 ── 500: has failed                              ─┘
//! ```
//!
//! The fast mode plays neither a refusal that is known beforehand nor a look at a Pod that is still there: both lie on grids, so the
//! next that matters is found when something happens to the Pod or to its budget.

use super::budget::Response;
use super::cause::Cause;
use super::happening::Happening;
use super::observer::{Observed, Observer, OperationEnd};
use super::state::Pod;
use super::timer::Timer;
use super::{Cluster, Cx, Event, Mode, Target};
use crate::ids::{FaultId, NodeId, PodId};
use crate::model::EvictionRetry;
use crate::random::Purpose;
use crate::time::{Duration, Grid, SimTime};

/// After a refusal `kubectl` sleeps so long (V4).
const RETRY: Duration = Duration::from_secs(5);
/// Karpenter's rate limiter: so long after the first refusal, and at most so long (V21).
const DOUBLING: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// It looks so often whether a Pod is gone (V4).
const POLL: Duration = Duration::from_secs(1);
/// After a conflict the API server tries again in this time, and up to a tenth more, so many times in all (V9).
const CONFLICT_SECS: f64 = 0.5;
const TRIES: u32 = 20;
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
    retry: EvictionRetry,
    /// The answer with the list of Pods.
    listed: Timer,
    /// One for each Pod, all at work side by side.
    evictions: Vec<Eviction>,
    has_failed: bool,
}

/// How a drain goes about the Pods of its Node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub retry: EvictionRetry,
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

/// What is done about one Pod.
#[derive(Debug, Clone, Copy)]
struct Eviction {
    pod: PodId,
    /// Which Pod at that place in memory.
    born: u64,
    /// What each of its requests takes.
    request: Duration,
    stage: Stage,
    timer: Timer,
    retry: EvictionRetry,
    /// From then on nobody is asked for leave.
    forced_at: Option<SimTime>,
    is_forced: bool,
    /// Refusals that nobody was told of.
    refusals: u64,
    /// It has been refused before.
    was_refused: bool,
    /// How often the pause between requests has doubled.
    doublings: u32,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The next request is sent then.
    Asking {
        sent: SimTime,
    },
    /// The API server tries again by itself, after so many conflicts.
    Conflicting {
        tries: u32,
    },
    /// Evicted; looked after from then on.
    Leaving {
        since: SimTime,
    },
    Done,
}

impl Drains {
    pub fn new(faults: usize) -> Self {
        Self { under_way: Vec::new(), turns: vec![0; faults] }
    }

    /// What waits for an event.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        let own = self.under_way.iter().map(|drain| drain.listed);
        own.chain(self.under_way.iter().flat_map(|drain| &drain.evictions).map(|eviction| eviction.timer))
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

impl Eviction {
    fn is_at_work(&self) -> bool {
        !matches!(self.stage, Stage::Done)
    }

    /// From a refusal to the next request.
    fn pause(&self) -> Duration {
        match self.retry {
            EvictionRetry::Steady => RETRY,
            EvictionRetry::Doubling => (DOUBLING.0 * (1 << self.doublings)).min(DOUBLING.1),
        }
    }

    /// The pause stays as it is.
    fn is_steady(&self) -> bool {
        self.retry == EvictionRetry::Steady || self.pause() == DOUBLING.1
    }

    /// From one request to the next, as long as each is refused and the pause stays as it is.
    fn period(&self) -> Duration {
        self.pause() + self.request
    }

    /// A request is refused: the next one follows after a pause.
    fn refuse(&mut self, at: SimTime) {
        self.refusals += 1;
        self.stage = Stage::Asking { sent: at + self.pause() };
        self.doublings += u32::from(!self.is_steady());
    }

    /// Every request before the first that is answered at `until` or later is refused; nobody was told of it.
    fn skip_refusals(&mut self, until: SimTime) {
        while let Stage::Asking { sent } = self.stage
            && until > sent + self.request
        {
            let answered = sent + self.request;
            if !self.is_steady() {
                self.refuse(answered);
                continue;
            }
            let first = Grid::new(answered, self.period()).at_or_after(until);
            let skipped = first.since(answered).as_nanos() / self.period().as_nanos();
            self.refusals += skipped;
            self.stage = Stage::Asking { sent: sent + self.period() * skipped };
        }
    }

    /// When the first request is sent at `from` or later, if all are refused.
    fn sent_from(mut self, from: SimTime) -> SimTime {
        while let Stage::Asking { sent } = self.stage
            && sent < from
        {
            if self.is_steady() {
                return Grid::new(sent, self.period()).at_or_after(from);
            }
            self.refuse(sent + self.request);
        }
        match self.stage {
            Stage::Asking { sent } => sent,
            _ => from,
        }
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
        let terms = Terms { retry: EvictionRetry::Steady, timeout, forced_after: None, then };
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
        let Terms { retry, timeout, forced_after, then } = terms;
        self.drains.under_way.push(Drain {
            node,
            operation,
            deadline: timeout.map(|timeout| cx.now() + timeout),
            then,
            began: cx.now(),
            forced_after,
            retry,
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
            let stage = Stage::Asking { sent: cx.now() };
            let (born, timer) = (self.pods[pod].born, Timer::NONE);
            let grace = self.spec(pod).termination_grace;
            let drain = &mut self.drains.under_way[place];
            let in_advance = if drain.retry == EvictionRetry::Doubling { grace } else { Duration::ZERO };
            let forced_at =
                drain.forced_after.map(|after| (drain.began + after.saturating_sub(in_advance)).max(cx.now()));
            drain.evictions.push(Eviction {
                pod,
                born,
                request,
                stage,
                timer,
                retry: drain.retry,
                forced_at,
                is_forced: false,
                refusals: 0,
                was_refused: false,
                doublings: 0,
            });
            self.schedule_request(cx, place, number);
        }
        self.end_drain_if_done(cx, place);
    }

    /// Whoever deletes Pods in the end waits for the longest of their graces, and a little longer for their objects to go.
    fn set_end_of_graces(&mut self, place: usize, pods: &[PodId]) {
        let longest = pods.iter().map(|pod| self.spec(*pod).termination_grace).max().unwrap_or_default();
        let drain = &mut self.drains.under_way[place];
        if let (Some(after), EvictionRetry::Steady) = (drain.forced_after, drain.retry) {
            drain.deadline = Some(drain.began + after + longest + AFTER_GRACE);
        }
    }

    /// The answer to the next request, or the moment at which it is not sent any more (V14).
    fn schedule_request(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize) {
        let drain = &self.drains.under_way[place];
        let Eviction { stage, request, forced_at, .. } = drain.evictions[number];
        let Stage::Asking { sent } = stage else { return };
        let at = if drain.is_over(sent) { sent } else { sent + request };
        let at = forced_at.map_or(at, |forced| at.min(forced));
        self.schedule_step(cx, place, number, at);
    }

    fn schedule_step(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize, at: SimTime) {
        let timer = self.timer();
        let drain = &mut self.drains.under_way[place];
        drain.evictions[number].timer = timer;
        cx.at(at, Event::DrainStepDue(drain.node, number as u32, timer));
    }

    pub(super) fn on_drain_step_due(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, number: u32, timer: Timer) {
        let (Some(place), number) = (self.drains.of(node), number as usize) else { return };
        let drain = &mut self.drains.under_way[place];
        let Some(eviction) = drain.evictions.get_mut(number) else { return };
        if !eviction.timer.expires(timer) {
            return;
        }
        // Those before it that were not played.
        eviction.skip_refusals(cx.now());
        let is_asked_for = !matches!(eviction.stage, Stage::Leaving { .. } | Stage::Done);
        if is_asked_for && eviction.forced_at.is_some_and(|forced| forced <= cx.now()) {
            (eviction.forced_at, eviction.is_forced) = (None, true);
        }
        let stage = eviction.stage;
        match stage {
            Stage::Asking { sent } if drain.is_over(sent) => self.give_up(cx, place, number),
            Stage::Asking { .. } => self.ask(cx, place, number, 1),
            Stage::Conflicting { tries } => self.ask(cx, place, number, tries + 1),
            Stage::Leaving { since } => self.look_after(cx, place, number, since),
            Stage::Done => {}
        }
        self.end_drain_if_done(cx, place);
    }

    /// An eviction is asked for, and answered; the API server tries for so many times with this one.
    fn ask(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize, tries: u32) {
        let Eviction { pod, retry, is_forced, .. } = self.drains.under_way[place].evictions[number];
        if !self.is_there(place, number) {
            self.finish(cx, place, number);
            return;
        }
        let response = match self.control_plane.answers() {
            // A request that nobody answers is one in vain, like one that is refused.
            false => Response::Refused,
            true if is_forced => Response::Granted,
            true => self.ask_for_eviction(cx.now(), pod),
        };
        match response {
            Response::Granted => {
                self.tell_refusals(cx, place, number);
                self.drains.under_way[place].evictions[number].stage = Stage::Leaving { since: cx.now() };
                self.evict_for_drain(cx, pod, self.drains.under_way[place].operation, is_forced);
                self.look_after(cx, place, number, cx.now());
            }
            Response::Conflict if tries < TRIES => {
                let node = self.drains.under_way[place].node;
                let span = CONFLICT_SECS * (1.0 + 0.1 * self.nodes[node].drain_dice.uniform());
                self.drains.under_way[place].evictions[number].stage = Stage::Conflicting { tries };
                self.schedule_step(cx, place, number, cx.now() + Duration::from_secs_f64(span));
            }
            // After the last conflict it is a time-out, which is an error like others (V13).
            Response::Conflict | Response::Error if retry == EvictionRetry::Steady => self.give_up(cx, place, number),
            Response::Refused | Response::Conflict | Response::Error => {
                let eviction = &mut self.drains.under_way[place].evictions[number];
                eviction.refuse(cx.now());
                if !std::mem::replace(&mut eviction.was_refused, true) {
                    self.tell(cx, Happening::EvictionRefused { pod });
                }
                self.await_next_request(cx, place, number);
            }
        }
    }

    /// In the fast mode nothing is played until something may answer the request otherwise, or there is no time left for it.
    fn await_next_request(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize) {
        if self.mode == Mode::EveryProbe {
            self.schedule_request(cx, place, number);
            return;
        }
        let drain = &mut self.drains.under_way[place];
        let eviction = &mut drain.evictions[number];
        eviction.timer = Timer::NONE;
        let given_up = drain.deadline.map(|deadline| eviction.sent_from(deadline));
        if let Some(at) = given_up.into_iter().chain(eviction.forced_at).min() {
            self.schedule_step(cx, place, number, at);
        }
    }

    /// Something has happened that may answer requests for these Pods otherwise.
    pub(super) fn wake_evictions(&mut self, cx: &mut Cx<'_, Event>, concerns: impl Fn(&Pod) -> bool) {
        if self.mode == Mode::EveryProbe {
            return;
        }
        for place in 0..self.drains.under_way.len() {
            for number in 0..self.drains.under_way[place].evictions.len() {
                let Eviction { pod, stage, .. } = self.drains.under_way[place].evictions[number];
                if matches!(stage, Stage::Asking { .. }) && concerns(&self.pods[pod]) {
                    self.drains.under_way[place].evictions[number].skip_refusals(cx.now());
                    self.schedule_request(cx, place, number);
                }
            }
        }
    }

    /// Something has happened to a Pod that drains and budgets look at.
    pub(super) fn tell_drains(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.look_for_candidates(cx);
        if self.drains.are_none() {
            return;
        }
        let (workload, born) = (self.pods[pod].workload, self.pods[pod].born);
        self.request_budget_update(cx, workload);
        self.wake_evictions(cx, |one| one.born == born);
        if !self.pods[pod].exists && self.mode == Mode::Fast {
            self.look_for_last_time(cx, pod);
        }
    }

    /// The Pod is gone: the next look sees it.
    fn look_for_last_time(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let is_it = |eviction: &Eviction| eviction.pod == pod && eviction.born == self.pods[pod].born;
        let mut drains = self.drains.under_way.iter().enumerate();
        let found = drains.find_map(|(place, drain)| Some((place, drain.evictions.iter().position(is_it)?)));
        let Some((place, number)) = found else { return };
        let drain = &self.drains.under_way[place];
        let Stage::Leaving { since } = drain.evictions[number].stage else { return };
        let look = Grid::new(since, POLL).at_or_after(cx.now());
        let at = drain.deadline.map_or(look, |deadline| look.min(deadline.max(cx.now())));
        self.schedule_step(cx, place, number, at);
    }

    /// A look at a Pod that has been evicted.
    fn look_after(&mut self, cx: &mut Cx<'_, Event>, place: usize, number: usize, since: SimTime) {
        let looks = Grid::new(since, POLL);
        let drain = &self.drains.under_way[place];
        if looks.at_or_after(cx.now()) == cx.now() && !self.is_there(place, number) {
            self.finish(cx, place, number);
            return;
        }
        if drain.is_over(cx.now()) {
            self.give_up(cx, place, number);
            return;
        }
        let next = match self.mode {
            Mode::EveryProbe => Some(looks.after(cx.now())),
            Mode::Fast => None,
        };
        if let Some(at) = next.into_iter().chain(drain.deadline).min() {
            self.schedule_step(cx, place, number, at);
        }
    }

    /// The Pod that was listed still exists.
    fn is_there(&self, place: usize, number: usize) -> bool {
        let Eviction { pod, born, .. } = self.drains.under_way[place].evictions[number];
        self.pods[pod].exists && self.pods[pod].born == born
    }

    fn give_up(&mut self, cx: &Cx<'_, Event>, place: usize, number: usize) {
        self.drains.under_way[place].has_failed = true;
        self.finish(cx, place, number);
    }

    fn finish(&mut self, cx: &Cx<'_, Event>, place: usize, number: usize) {
        self.tell_refusals(cx, place, number);
        self.drains.under_way[place].evictions[number].stage = Stage::Done;
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
        self.slots[slot].account.owe(operation);
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
                let was_forced = evictions.iter().any(|eviction| eviction.is_forced);
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

    /// Tells the observer how often evictions have been refused that it has not heard of.
    pub(super) fn tell_all_refusals(&mut self, now: SimTime) {
        for drain in &mut self.drains.under_way {
            let (target, operation) = (drain.target(), drain.operation);
            for eviction in &mut drain.evictions {
                if self.mode == Mode::Fast {
                    eviction.skip_refusals(now);
                }
                let count = std::mem::take(&mut eviction.refusals);
                if count > 0 {
                    self.observer.observe(now, &Observed::EvictionsRefused { target, operation, count });
                }
            }
        }
    }

    fn tell_refusals(&mut self, cx: &Cx<'_, Event>, place: usize, number: usize) {
        let drain = &mut self.drains.under_way[place];
        let (target, operation) = (drain.target(), drain.operation);
        let count = std::mem::take(&mut drain.evictions[number].refusals);
        if count > 0 {
            self.observe(cx, &Observed::EvictionsRefused { target, operation, count });
        }
    }
}
