//! The kubelet's work queue, which hands a Pod back some time after each sync (C13, C16), and the syncs of it that need
//! not be played (invariant 5). Follows `pkg/kubelet/pod_workers.go completeWork` and `pkg/kubelet/util/queue/work_queue.go`.
//!
//! A container that is not ready is synced every 60 to 90 s, and probed with each sync (P12); one in `CrashLoopBackOff` is
//! refused at each sync until its wait is over (C13). Where the syncs to come change nothing unless something else
//! happens, the Pod is at [`Rest`]: no event stands for them. Whatever concerns its syncs or its readiness worker first
//! wakes it: the syncs until then are made up for, one by one, as each draws from the Pod's stream where the one before has
//! left it. So a hang that nothing ends costs nothing, and the two modes draw the same numbers.

use super::happening::{Happening, Reply};
use super::observer::{Observed, Observer};
use super::state::{Dice, Pod, Stage, Timer};
use super::{Cluster, Cx, Event, Mode};
use crate::ids::PodId;
use crate::model::ProbeKind;
use crate::random::Law;
use crate::time::{Duration, Grid, SimTime};

/// Longest wait of a refused start before the Pod is looked at again, before jitter (C13).
const BACK_OFF_POLL_MAX: Duration = Duration::from_secs(60);
/// A sync takes some time whatever the law says: its cause always comes first.
const MIN_SYNC: Duration = Duration::from_nanos(1_000);

/// Why the syncs to come change nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rest {
    /// The container runs and is not ready, and its readiness probes go on to meet this, which is no success.
    NotReady(Reply),
    /// `CrashLoopBackOff` refuses the start until `expiry`.
    BackedOff {
        /// When the wait is over.
        expiry: SimTime,
        /// The first turn that is not refused, or is not known to be.
        last: Turn,
    },
}

/// A Pod's turn in the work queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// When the Pod is handed back.
    poll: SimTime,
    /// When its last sync ended (C3).
    last_sync: SimTime,
    /// What its syncs draw from.
    dice: Dice,
}

/// What makes one turn of the other.
#[derive(Debug, Clone, Copy)]
struct Queue<'m> {
    sync: &'m Law,
    relists: Grid,
    polls: Grid,
}

impl Queue<'_> {
    /// From when the sync can begin that is asked for when the Pod is handed back, and when it acts (C3).
    fn next_sync(self, turn: &mut Turn) -> (SimTime, SimTime) {
        let from = begins_at(turn.poll, turn.last_sync, self.relists);
        (from, from + sync_span(&mut turn.dice, self.sync))
    }

    /// The sync has acted at `at`; the Pod is handed back at the first poll after about this wait.
    fn wait(self, turn: &mut Turn, at: SimTime, wait: Duration) {
        turn.last_sync = at;
        turn.poll = self.polls.at_or_after(at + jittered(&mut turn.dice, wait));
    }
}

/// A sync that is asked for at `t` waits for a listing since the Pod's last sync (C3).
pub(super) fn begins_at(t: SimTime, last_sync: SimTime, relists: Grid) -> SimTime {
    let is_fresh = t.saturating_since(last_sync) >= relists.period() || relists.after(last_sync) <= t;
    if is_fresh { t } else { relists.after(t) }
}

/// From the moment at which a sync can begin until it has acted (C3).
pub(super) fn sync_span(dice: &mut Dice, law: &Law) -> Duration {
    dice.span(law).max(MIN_SYNC)
}

fn jittered(dice: &mut Dice, span: Duration) -> Duration {
    Duration::from_nanos((span.as_nanos() as f64 * (1.0 + 0.5 * dice.uniform())) as u64)
}

/// How long after a refusal the Pod is looked at again, before jitter (C13).
fn until_next_look(expiry: SimTime, now: SimTime) -> Duration {
    expiry.saturating_since(now).min(BACK_OFF_POLL_MAX)
}

impl<'m, O: Observer> Cluster<'m, O> {
    /// A Pod that is not Ready is looked at again after a while (C16), and its readiness probed once more (P12).
    /// While it is Ready a resync does nothing; nor does it where one more probe is one more error (P15).
    pub(super) fn schedule_resync(&mut self, cx: &Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod.index()];
        let errs = state.worker(ProbeKind::Readiness).is_some_and(|worker| worker.probe().always_errs);
        if state.resync_at < SimTime::NEVER || state.ready || errs || !state.status.running || !state.status.started {
            return;
        }
        self.schedule_poll(cx, pod, self.model.cluster.control_plane.resync_min);
    }

    /// The start is refused until `expiry`; the Pod is looked at again, perhaps before that, perhaps later (C13).
    pub(super) fn schedule_retry(&mut self, cx: &Cx<'_, Event>, pod: PodId, expiry: SimTime) {
        self.schedule_poll(cx, pod, until_next_look(expiry, cx.now()));
    }

    /// The work queue hands the Pod back at its first poll after the delay, with jitter (C13, C16).
    fn schedule_poll(&mut self, cx: &Cx<'_, Event>, pod: PodId, wait: Duration) {
        let state = &mut self.pods[pod.index()];
        let Some(node) = state.node else { return };
        let after = jittered(&mut self.slots[state.home.index()].sync, wait);
        state.resync_at = self.nodes[node.index()].polls.at_or_after(cx.now() + after);
    }

    /// Waits for the work queue, unless a sync comes before, which sets the Pod's turn anew.
    pub(super) fn await_turn(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod.index()];
        let at = state.resync_at;
        if at < SimTime::NEVER && !(state.sync.is_set() && state.sync_due <= at) {
            self.await_resync(cx, pod, at);
        }
    }

    /// An event looks at `at` whether it is time. Every sync moves that instant, nearly always to a later one: an
    /// event that is there stays and looks again.
    fn await_resync(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, at: SimTime) {
        let state = &self.pods[pod.index()];
        if state.resync.is_set() && state.resync_due <= at {
            return;
        }
        let timer = self.timer();
        let state = &mut self.pods[pod.index()];
        state.resync = timer;
        state.resync_due = at;
        cx.at(at, Event::ResyncDue(pod, timer));
    }

    pub(super) fn on_resync_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod.index()].resync.expires(timer) {
            return;
        }
        self.end_rest(cx, pod);
        if self.pods[pod.index()].resync_at > cx.now() {
            self.await_turn(cx, pod);
        } else if !self.rest_not_ready(cx, pod) {
            self.pods[pod.index()].resync_at = SimTime::NEVER;
            self.request_sync(cx, pod);
        }
    }

    // ---- Rest ----

    /// After a sync: lets a Pod in back-off rest until it is not refused any more; any other waits for its turn.
    pub(super) fn rest_or_await_turn(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod.index()];
        let rests = state.container.stage == Stage::Waiting && self.may_rest(pod);
        if !rests || self.rest_in_back_off(cx, pod).is_none() {
            self.await_turn(cx, pod);
        }
    }

    /// The next turn is set and can be skipped, unless the sync would do something.
    fn may_rest(&self, pod: PodId) -> bool {
        let state = &self.pods[pod.index()];
        // Two Pods of one slot draw from the same stream in turn.
        let is_alone = state.holds_slot && self.slots[state.home.index()].pods == 1;
        let is_handed_back = state.resync_at < SimTime::NEVER && !state.sync.is_set();
        self.mode == Mode::Fast && is_handed_back && is_alone && state.container.sandbox
    }

    fn rest_in_back_off(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) -> Option<()> {
        let Pod { container, last_sync, .. } = &self.pods[pod.index()];
        let rules = &self.model.cluster.control_plane;
        let expiry = container.back_off.refuses(*last_sync, container.exited?, rules)?;
        let last = self.foresee_refusals(pod, expiry)?;
        let state = &mut self.pods[pod.index()];
        state.rest = Some(Rest::BackedOff { expiry, last });
        state.resync = Timer::NONE;
        self.await_resync(cx, pod, last.poll);
        Some(())
    }

    /// When it is the turn of a Pod that is not ready: lets it rest if this sync and those that follow change nothing.
    fn rest_not_ready(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) -> bool {
        let container = &self.pods[pod.index()].container;
        let runs_on = container.stage == Stage::Running && container.kill.is_none();
        if !runs_on || !self.may_rest(pod) || !self.is_announced(pod) {
            return false;
        }
        let Some(reply) = self.failing_reply(pod) else { return false };
        self.catch_up(cx, pod, ProbeKind::Readiness);
        self.pods[pod.index()].rest = Some(Rest::NotReady(reply));
        self.rest_readiness(pod, reply);
        true
    }

    /// Where Pods that are not Ready are published, a sync writes the status of one that is no endpoint yet (E4).
    fn is_announced(&self, pod: PodId) -> bool {
        !self.model.deployment.publish_not_ready || self.pods[pod.index()].slice.listed
    }

    fn queue(&self, pod: PodId) -> Option<Queue<'m>> {
        let node = &self.nodes[self.pods[pod.index()].node?.index()];
        Some(Queue { sync: &self.model.cluster.latencies.sync, relists: node.relists, polls: node.polls })
    }

    fn turn(&self, pod: PodId) -> Turn {
        let state = &self.pods[pod.index()];
        Turn { poll: state.resync_at, last_sync: state.last_sync, dice: self.slots[state.home.index()].sync }
    }

    /// Notes when the start will be refused if nothing happens before, and finds the turn after that.
    fn foresee_refusals(&mut self, pod: PodId, expiry: SimTime) -> Option<Turn> {
        let queue = self.queue(pod)?;
        let mut last = self.turn(pod);
        let rules = &self.model.cluster.control_plane;
        let state = &mut self.pods[pod.index()];
        state.refusals.clear();
        loop {
            let mut next = last;
            let (_, at) = queue.next_sync(&mut next);
            if state.container.back_off.refuses(at, state.container.exited?, rules).is_none() {
                return Some(last);
            }
            state.refusals.push(at);
            queue.wait(&mut next, at, until_next_look(expiry, at));
            last = next;
        }
    }

    /// Something happens to the Pod that concerns its syncs or its readiness worker: what it knows is exact afterwards,
    /// and its next sync is an event again.
    #[inline]
    pub(super) fn wake(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        if self.end_rest(cx, pod) {
            self.await_turn(cx, pod);
        }
    }

    /// The same, but that its next turn is not waited for. True if it was at rest.
    #[inline]
    pub(super) fn end_rest(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) -> bool {
        let rest = self.pods[pod.index()].rest.take();
        if let Some(rest) = rest {
            self.catch_up_syncs(cx, pod, rest);
        }
        rest.is_some()
    }

    /// Makes up for the syncs before now that a Pod at rest has skipped.
    #[inline(never)]
    fn catch_up_syncs(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, rest: Rest) {
        match rest {
            Rest::BackedOff { expiry, last } if last.poll <= cx.now() => self.skip_refusals(pod, expiry, last),
            _ => self.skip_syncs(cx, pod, rest),
        }
        if let Rest::NotReady(reply) = rest {
            self.resume_readiness(cx, pod, reply);
        }
    }

    /// All has come as it was foreseen.
    fn skip_refusals(&mut self, pod: PodId, until: SimTime, last: Turn) {
        for index in 0..self.pods[pod.index()].refusals.len() {
            let at = self.pods[pod.index()].refusals[index];
            self.observer.observe(at, &Observed::Happened(Happening::BackedOff { pod, until }));
        }
        self.take_turn(pod, last);
    }

    fn take_turn(&mut self, pod: PodId, turn: Turn) {
        let state = &mut self.pods[pod.index()];
        state.resync_at = turn.poll;
        state.last_sync = turn.last_sync;
        self.slots[state.home.index()].sync = turn.dice;
    }

    fn skip_syncs(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, rest: Rest) {
        let Some(queue) = self.queue(pod) else { return };
        let mut turn = self.turn(pod);
        let mut begun = None;
        while turn.poll < cx.now() {
            let (from, at) = queue.next_sync(&mut turn);
            if at >= cx.now() {
                begun = Some((from, at));
                turn.poll = SimTime::NEVER;
                break;
            }
            let wait = match rest {
                Rest::NotReady(reply) => {
                    self.skip_trigger(pod, at, reply);
                    self.model.cluster.control_plane.resync_min
                }
                Rest::BackedOff { expiry: until, .. } => {
                    self.observer.observe(at, &Observed::Happened(Happening::BackedOff { pod, until }));
                    until_next_look(until, at)
                }
            };
            queue.wait(&mut turn, at, wait);
        }
        self.take_turn(pod, turn);
        if let Some((from, at)) = begun {
            self.await_sync(cx, pod, from, at);
        }
    }
}
