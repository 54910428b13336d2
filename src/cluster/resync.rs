//! The kubelet's work queue, which hands a Pod back some time after each sync (C13, C16).
//! Follows `pkg/kubelet/pod_workers.go completeWork` and `pkg/kubelet/util/queue/work_queue.go`.
//!
//! A container that is not ready is synced every 60 to 90 s, and probed with each sync (P12); one in `CrashLoopBackOff` is
//! refused at each sync until its wait is over (C13). Resyncs of a Pod that nothing else syncs are a chain whose k-th point
//! follows from k alone, like the renewals of a lease: so it costs the same to find the next one, however long a hang has
//! lasted.

use super::dice::Dice;
use super::observer::Observer;
use super::state::Container;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::PodId;
use crate::model::ProbeKind;
use crate::random::Law;
use crate::time::{Duration, Grid, SimTime};

/// Longest wait of a refused start before the Pod is looked at again, before jitter (C13).
const BACK_OFF_POLL_MAX: Duration = Duration::from_secs(60);
/// A sync takes some time whatever the law says: its cause always comes first.
const MIN_SYNC: Duration = Duration::from_nanos(1_000);

/// A Pod's turn in the work queue: at the first poll after an instant that is drawn from an interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Where the interval begins, and how long it is.
    earliest: SimTime,
    spread: Duration,
    /// Which draw of the slot's stream decides where in it; it is taken when somebody asks.
    draw: u64,
    /// The instant of the first turn of its chain, and how many turns have passed since.
    first: SimTime,
    past: u64,
}

/// What makes one turn of the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queue<'m> {
    /// How long a sync takes.
    pub sync: &'m Law,
    /// Listings, of which a sync waits for one.
    pub relists: Grid,
    /// Polls of the queue.
    pub polls: Grid,
    /// Shortest time between two resyncs.
    pub resync_min: Duration,
}

impl Turn {
    /// About this long after a sync at `from`: up to half as long again (C13, C16).
    pub fn after(from: SimTime, wait: Duration, draw: u64) -> Self {
        let spread = Duration::from_nanos(wait.as_nanos() / 2);
        Self { earliest: from + wait, spread, draw, first: SimTime::NEVER, past: 0 }
    }

    fn instant(&self, dice: &Dice) -> SimTime {
        self.earliest + Duration::from_nanos((self.spread.as_nanos() as f64 * dice.uniform_at(self.draw)) as u64)
    }

    /// The same turn, whatever stream its Pod draws from after this.
    pub fn settled(&self, dice: &Dice) -> Self {
        Self { earliest: self.instant(dice), spread: Duration::ZERO, ..*self }
    }

    /// The `n`-th turn after this one, `n` above 0, if nothing else has the Pod synced meanwhile. Kubernetes adds up waits
    /// of once to one and a half times `min`. Here a turn's interval follows from the first turn, so that none of those in
    /// between need be known; neighbours are as far apart, and the mean is the same.
    pub fn nth(&self, n: u64, min: Duration, draw: u64, dice: &Dice) -> Self {
        let first = if self.past == 0 { self.instant(dice) } else { self.first };
        let past = self.past + n;
        let spread = Duration::from_nanos(min.as_nanos() / 4);
        let least = Duration::from_nanos(min.as_nanos() - spread.as_nanos() / 2);
        Self { earliest: first + spread * past + min * (past - 1) + least, spread, draw, first, past }
    }
}

impl Queue<'_> {
    /// When the Pod is handed back (C16).
    pub fn poll(&self, turn: &Turn, dice: &Dice) -> SimTime {
        self.polls.at_or_after(turn.instant(dice))
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

/// How long after a refusal the Pod is looked at again, before jitter (C13).
pub(super) fn until_next_look(expiry: SimTime, now: SimTime) -> Duration {
    expiry.saturating_since(now).min(BACK_OFF_POLL_MAX)
}

impl<'m, O: Observer> Cluster<'m, O> {
    /// A Pod that is not Ready is looked at again after a while (C16), and its readiness probed once more (P12).
    /// While it is Ready a resync does nothing; nor does it where one more probe is one more error (P15). `before` is the
    /// turn that has brought about this sync, if one has.
    pub(super) fn schedule_resync(&mut self, cx: &Cx<'_, Event>, pod: PodId, before: Option<Turn>) {
        let state = &mut self.pods[pod];
        if state.turn.is_some() || state.ready || !state.containers.iter().any(Container::is_probed_on_resync) {
            return;
        }
        let min = self.model.cluster.control_plane.resync_min;
        let dice = &mut self.slots[state.home].sync;
        let draw = dice.reserve().1;
        let next = before.map(|turn| turn.nth(1, min, draw, dice)).filter(|next| next.earliest >= cx.now());
        state.turn = Some(next.unwrap_or_else(|| Turn::after(cx.now(), min, draw)));
    }

    /// The start is refused until `expiry`; the Pod is looked at again, perhaps before that, perhaps later (C13).
    pub(super) fn schedule_retry(&mut self, cx: &Cx<'_, Event>, pod: PodId, expiry: SimTime) {
        let state = &mut self.pods[pod];
        let draw = self.slots[state.home].sync.reserve().1;
        state.turn = Some(Turn::after(cx.now(), until_next_look(expiry, cx.now()), draw));
    }

    /// Waits for the work queue, unless a sync comes before, which sets the Pod's turn anew. Nearly every turn is replaced
    /// by a later one: an event that is there stays and looks again, and when exactly it is the Pod's turn is asked only
    /// then.
    pub(super) fn await_turn(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod];
        let Some(turn) = state.turn else { return };
        let is_synced_before = state.sync.is_set() && state.sync_due <= turn.earliest;
        if is_synced_before || state.resync.is_set() && state.resync_due <= turn.earliest {
            return;
        }
        if let Some(at) = self.poll(pod) {
            self.await_resync(cx, pod, at);
        }
    }

    /// An event looks at `at` whether it is time.
    pub(super) fn await_resync(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, at: SimTime) {
        let state = &self.pods[pod];
        if state.resync.is_set() && state.resync_due <= at {
            return;
        }
        let timer = self.timer();
        let state = &mut self.pods[pod];
        state.resync = timer;
        state.resync_due = at;
        cx.at(at, Event::ResyncDue(pod, timer));
    }

    /// When the work queue hands the Pod back.
    pub(super) fn poll(&self, pod: PodId) -> Option<SimTime> {
        let state = &self.pods[pod];
        Some(self.queue(pod)?.poll(&state.turn?, &self.slots[state.home].sync))
    }

    pub(super) fn on_resync_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].resync.expires(timer) {
            return;
        }
        self.end_rest(cx, pod);
        let Some(poll) = self.poll(pod) else { return };
        if poll > cx.now() {
            self.await_turn(cx, pod);
        } else if !self.rest_not_ready(cx, pod) {
            self.ask_for_resync(cx, pod);
        }
    }

    /// It is the Pod's turn.
    fn ask_for_resync(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let turn = self.pods[pod].turn.take();
        let before = self.pods[pod].sync;
        self.request_sync(cx, pod);
        let state = &mut self.pods[pod];
        if state.sync != before {
            state.resynced = turn.map(|turn| (state.sync, turn));
        }
    }

    /// The work queue of the Pod's kubelet.
    pub(super) fn queue(&self, pod: PodId) -> Option<Queue<'m>> {
        let node = &self.nodes[self.pods[pod].node?];
        Some(Queue {
            sync: &self.model.cluster.latencies.sync,
            relists: node.relists,
            polls: node.polls,
            resync_min: self.model.cluster.control_plane.resync_min,
        })
    }
}

impl Container {
    /// It has started and is not ready, so that a resync triggers its readiness worker (P12).
    fn is_probed_on_resync(&self) -> bool {
        let errs = self.worker(ProbeKind::Readiness).is_some_and(|worker| worker.probe().always_errs);
        self.status.running && self.status.started && !errs && !self.is_ready(false)
    }
}
