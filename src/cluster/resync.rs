//! The kubelet's work queue, which hands a Pod back some time after each sync (C13, C16), and the syncs of it that need
//! not be played (invariant 5). Follows `pkg/kubelet/pod_workers.go completeWork` and `pkg/kubelet/util/queue/work_queue.go`.
//!
//! A container that is not ready is synced every 60 to 90 s, and probed with each sync (P12); one in `CrashLoopBackOff` is
//! refused at each sync until its wait is over (C13). Where the syncs to come change nothing unless something else
//! happens, the Pod is at [`Rest`]: no event stands for them. Whatever concerns its syncs or its readiness worker first
//! wakes it, and the syncs until then are made up for. Resyncs of a Pod that nothing else syncs are a chain whose k-th
//! point follows from k alone, like the renewals of a lease: so a hang that nothing ends costs nothing, however long it has
//! lasted when something happens.

use super::happening::{Happening, Reply};
use super::observer::Observer;
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

/// Why the syncs to come change nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rest {
    /// The container runs and is not ready, and its readiness probes go on to meet this, which is no success.
    NotReady(Reply),
    /// `CrashLoopBackOff` refuses the start until `expiry`.
    BackedOff {
        /// When the wait is over.
        expiry: SimTime,
        /// Where the Pod is when the start is not refused any more, or is not known to be.
        last: Course,
    },
}

/// Where a Pod is in the course of its syncs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    turn: Turn,
    /// When it is handed back.
    poll: SimTime,
    /// When its last sync ended (C3).
    last_sync: SimTime,
    /// What its syncs and turns draw from.
    dice: Dice,
}

/// What makes one turn of the other.
#[derive(Debug, Clone, Copy)]
struct Queue<'m> {
    sync: &'m Law,
    relists: Grid,
    polls: Grid,
    resync_min: Duration,
}

impl Turn {
    /// About this long after a sync at `from`: up to half as long again (C13, C16).
    fn after(from: SimTime, wait: Duration, draw: u64) -> Self {
        let spread = Duration::from_nanos(wait.as_nanos() / 2);
        Self { earliest: from + wait, spread, draw, first: SimTime::NEVER, past: 0 }
    }

    fn instant(&self, dice: &Dice) -> SimTime {
        self.earliest + Duration::from_nanos((self.spread.as_nanos() as f64 * dice.uniform_at(self.draw)) as u64)
    }

    /// The `n`-th turn after this one if nothing else has the Pod synced; not the turn itself. Kubernetes adds up waits
    /// of once to one and a half times `min`. Here a turn's interval follows from the first turn, so that none of those in
    /// between need be known; neighbours are as far apart, and the mean is the same.
    fn nth(&self, n: u64, min: Duration, draw: u64, dice: &Dice) -> Self {
        let first = if self.past == 0 { self.instant(dice) } else { self.first };
        let past = self.past + n;
        let spread = Duration::from_nanos(min.as_nanos() / 4);
        let least = Duration::from_nanos(min.as_nanos() - spread.as_nanos() / 2);
        Self { earliest: first + spread * past + min * (past - 1) + least, spread, draw, first, past }
    }
}

impl Queue<'_> {
    /// When the Pod is handed back (C16).
    fn poll(&self, turn: &Turn, dice: &Dice) -> SimTime {
        self.polls.at_or_after(turn.instant(dice))
    }

    /// From when the sync can begin that is asked for when the Pod is handed back, and when it acts (C3).
    fn next_sync(&self, course: &mut Course) -> (SimTime, SimTime) {
        let from = begins_at(course.poll, course.last_sync, self.relists);
        (from, from + sync_span(&mut course.dice, self.sync))
    }

    /// Every sync is over, and there has been a listing since, when the next turn of a chain comes.
    fn leaves_time_between_syncs(&self) -> bool {
        let longest = Duration::from_secs_f64(self.sync.most().min(self.resync_min.as_secs_f64()));
        longest + self.relists.period() * 2 + self.polls.period() < self.resync_min
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
fn until_next_look(expiry: SimTime, now: SimTime) -> Duration {
    expiry.saturating_since(now).min(BACK_OFF_POLL_MAX)
}

impl<'m, O: Observer> Cluster<'m, O> {
    /// A Pod that is not Ready is looked at again after a while (C16), and its readiness probed once more (P12).
    /// While it is Ready a resync does nothing; nor does it where one more probe is one more error (P15). `before` is the
    /// turn that has brought about this sync, if one has.
    pub(super) fn schedule_resync(&mut self, cx: &Cx<'_, Event>, pod: PodId, before: Option<Turn>) {
        let state = &mut self.pods[pod.index()];
        let errs = state.worker(ProbeKind::Readiness).is_some_and(|worker| worker.probe().always_errs);
        if state.turn.is_some() || state.ready || errs || !state.status.running || !state.status.started {
            return;
        }
        let min = self.model.cluster.control_plane.resync_min;
        let dice = &mut self.slots[state.home.index()].sync;
        let draw = dice.reserve().1;
        let next = before.map(|turn| turn.nth(1, min, draw, dice)).filter(|next| next.earliest >= cx.now());
        state.turn = Some(next.unwrap_or_else(|| Turn::after(cx.now(), min, draw)));
    }

    /// The start is refused until `expiry`; the Pod is looked at again, perhaps before that, perhaps later (C13).
    pub(super) fn schedule_retry(&mut self, cx: &Cx<'_, Event>, pod: PodId, expiry: SimTime) {
        let state = &mut self.pods[pod.index()];
        let draw = self.slots[state.home.index()].sync.reserve().1;
        state.turn = Some(Turn::after(cx.now(), until_next_look(expiry, cx.now()), draw));
    }

    /// Waits for the work queue, unless a sync comes before, which sets the Pod's turn anew. Nearly every turn is replaced
    /// by a later one: an event that is there stays and looks again, and when exactly it is the Pod's turn is asked only
    /// then.
    pub(super) fn await_turn(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod.index()];
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

    /// When the work queue hands the Pod back.
    fn poll(&self, pod: PodId) -> Option<SimTime> {
        let state = &self.pods[pod.index()];
        Some(self.queue(pod)?.poll(&state.turn?, &self.slots[state.home.index()].sync))
    }

    pub(super) fn on_resync_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod.index()].resync.expires(timer) {
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
        let turn = self.pods[pod.index()].turn.take();
        let before = self.pods[pod.index()].sync;
        self.request_sync(cx, pod);
        let state = &mut self.pods[pod.index()];
        if state.sync != before {
            state.resynced = turn.map(|turn| (state.sync, turn));
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
        let is_handed_back = state.turn.is_some() && !state.sync.is_set();
        self.mode == Mode::Fast && is_handed_back && is_alone && state.container.sandbox
    }

    fn rest_in_back_off(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) -> Option<()> {
        let Pod { container, last_sync, .. } = &self.pods[pod.index()];
        let rules = &self.model.cluster.control_plane;
        let exited = container.exited?;
        let expiry = container.back_off.refuses(*last_sync, exited, rules)?;
        let (queue, mut last) = (self.queue(pod)?, self.course(pod)?);
        loop {
            let mut next = last;
            let (_, at) = queue.next_sync(&mut next);
            if container.back_off.refuses(at, exited, rules).is_none() {
                break;
            }
            last = queue.refused(next, at, expiry);
        }
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
        if !self.queue(pod).is_some_and(|queue| queue.leaves_time_between_syncs()) {
            return false;
        }
        let Some((reply, until)) = self.failing_reply(cx.now(), pod) else { return false };
        self.catch_up(cx, pod, ProbeKind::Readiness);
        self.pods[pod.index()].rest = Some(Rest::NotReady(reply));
        self.rest_readiness(pod);
        if until < SimTime::NEVER {
            self.await_resync(cx, pod, until);
        }
        true
    }

    /// Where Pods that are not Ready are published, a sync writes the status of one that is no endpoint yet (E4).
    fn is_announced(&self, pod: PodId) -> bool {
        !self.model.deployment.publish_not_ready || self.pods[pod.index()].slice.listed
    }

    fn queue(&self, pod: PodId) -> Option<Queue<'m>> {
        let node = &self.nodes[self.pods[pod.index()].node?.index()];
        Some(Queue {
            sync: &self.model.cluster.latencies.sync,
            relists: node.relists,
            polls: node.polls,
            resync_min: self.model.cluster.control_plane.resync_min,
        })
    }

    fn course(&self, pod: PodId) -> Option<Course> {
        let state = &self.pods[pod.index()];
        let dice = self.slots[state.home.index()].sync;
        Some(Course { turn: state.turn?, poll: self.poll(pod)?, last_sync: state.last_sync, dice })
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
        let rests = self.pods[pod.index()].rest.is_some();
        if rests {
            self.catch_up_syncs(cx, pod);
        }
        rests
    }

    /// Makes up for the syncs before now that a Pod at rest has skipped.
    #[inline(never)]
    fn catch_up_syncs(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let Some(rest) = self.pods[pod.index()].rest.take() else { return };
        if let Rest::BackedOff { last, .. } = &rest
            && last.poll <= cx.now()
            && !O::HEARS_LOG
        {
            // All has come as it was foreseen.
            return self.resume_course(pod, last);
        }
        let (Some(queue), Some(course)) = (self.queue(pod), self.course(pod)) else { return };
        match rest {
            Rest::BackedOff { expiry, .. } => self.skip_refusals(cx, pod, &queue, course, expiry),
            Rest::NotReady(reply) => {
                self.skip_resyncs(cx, pod, &queue, course, reply);
                self.resume_readiness(cx, pod, reply);
            }
        }
    }

    fn resume_course(&mut self, pod: PodId, course: &Course) {
        let state = &mut self.pods[pod.index()];
        state.turn = Some(course.turn);
        state.last_sync = course.last_sync;
        self.slots[state.home.index()].sync = course.dice;
    }

    /// A sync that a turn has brought about has begun at `from`, and acts at `at`.
    fn resume_in_sync(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, course: Course, from: SimTime, at: SimTime) {
        self.resume_course(pod, &course);
        self.await_sync(cx, pod, from, at);
        let state = &mut self.pods[pod.index()];
        state.turn = None;
        state.resynced = Some((state.sync, course.turn));
    }

    fn skip_refusals(
        &mut self,
        cx: &mut Cx<'_, Event>,
        pod: PodId,
        queue: &Queue<'_>,
        mut course: Course,
        until: SimTime,
    ) {
        while course.poll < cx.now() {
            let (from, at) = queue.next_sync(&mut course);
            if at >= cx.now() {
                return self.resume_in_sync(cx, pod, course, from, at);
            }
            self.tell_at(at, Happening::BackedOff { pod, until });
            course = queue.refused(course, at, until);
        }
        self.resume_course(pod, &course);
    }

    fn skip_resyncs(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, queue: &Queue<'_>, course: Course, reply: Reply) {
        let chain = Resyncs { queue, began: course };
        let begun = chain.begun_before(cx.now());
        let acts = |n: u64| chain.sync(n).1;
        let done = if begun > 0 && acts(begun - 1) >= cx.now() { begun - 1 } else { begun };
        self.skip_triggers(pod, reply, done, acts);
        let course = chain.after(begun, done);
        if done < begun {
            let (from, at) = chain.sync(done);
            self.resume_in_sync(cx, pod, course, from, at);
        } else {
            self.resume_course(pod, &course);
        }
    }
}

impl Queue<'_> {
    /// Where a Pod is whose start has been refused until `expiry` by a sync that has acted at `at`.
    fn refused(&self, mut course: Course, at: SimTime, expiry: SimTime) -> Course {
        course.last_sync = at;
        let draw = course.dice.reserve().1;
        course.turn = Turn::after(at, until_next_look(expiry, at), draw);
        course.poll = self.poll(&course.turn, &course.dice);
        course
    }
}

/// The resyncs of a Pod that nothing else has synced since it was here. Each draws once for its sync and once for the turn
/// that comes after.
struct Resyncs<'q, 'm> {
    queue: &'q Queue<'m>,
    began: Course,
}

impl Resyncs<'_, '_> {
    /// The turn that comes after `n` others.
    fn turn(&self, n: u64) -> Turn {
        let Course { turn, dice, .. } = &self.began;
        if n == 0 { *turn } else { turn.nth(n, self.queue.resync_min, dice.after(2 * n).taken(), dice) }
    }

    fn poll(&self, n: u64) -> SimTime {
        self.queue.poll(&self.turn(n), &self.began.dice)
    }

    /// From when the sync of this turn can begin, and when it acts.
    fn sync(&self, n: u64) -> (SimTime, SimTime) {
        let Course { last_sync, dice, .. } = self.began;
        let poll = self.poll(n);
        // Any later one finds a listing since the one before.
        let from = if n == 0 { begins_at(poll, last_sync, self.queue.relists) } else { poll };
        (from, from + sync_span(&mut dice.after(2 * n), self.queue.sync))
    }

    /// How many turns come before `t`.
    fn begun_before(&self, t: SimTime) -> u64 {
        let mean = self.queue.resync_min.as_nanos() * 5 / 4;
        let mut n = t.saturating_since(self.began.poll).as_nanos() / mean;
        while self.poll(n) < t {
            n += 1;
        }
        while n > 0 && self.poll(n - 1) >= t {
            n -= 1;
        }
        n
    }

    /// Where the Pod is after so many turns, of which the last may not have been synced yet.
    fn after(&self, begun: u64, done: u64) -> Course {
        let mut course = self.began;
        if done > 0 {
            course.last_sync = self.sync(done - 1).1;
        }
        course.turn = self.turn(done);
        course.poll = self.poll(done);
        course.dice = course.dice.after(done + begun);
        course
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Owner, Purpose, Streams};

    fn began(queue: &Queue<'_>) -> Course {
        let mut dice = Dice::new(Streams::new(5, 0).stream(Owner::Slot(0), Purpose::Sync));
        let last_sync = SimTime::from_nanos(123_456_789);
        let turn = Turn::after(last_sync, queue.resync_min, dice.reserve().1);
        Course { turn, poll: queue.poll(&turn, &dice), last_sync, dice }
    }

    /// C16: neighbours are 60 to 90 s apart, give or take a poll, the mean is that of Kubernetes, and each is found from
    /// anywhere as it is by going from turn to turn.
    #[test]
    fn c16_resyncs_keep_their_distance_and_are_found_from_anywhere() {
        const TURNS: u64 = 20_000;
        let sync = Law::uniform(0.005, 0.02).unwrap();
        let second = Grid::new(SimTime::from_nanos(400_000_000), Duration::from_secs(1));
        let queue = Queue { sync: &sync, relists: second, polls: second, resync_min: Duration::from_secs(60) };
        assert!(queue.leaves_time_between_syncs());
        let chain = Resyncs { queue: &queue, began: began(&queue) };
        let mut course = chain.began;
        for n in 0..TURNS {
            assert_eq!((chain.poll(n), chain.begun_before(course.poll)), (course.poll, n));
            let (from, at) = queue.next_sync(&mut course);
            assert_eq!(chain.sync(n), (from, at));
            let draw = course.dice.reserve().1;
            course.turn = course.turn.nth(1, queue.resync_min, draw, &course.dice);
            let poll = queue.poll(&course.turn, &course.dice);
            let distance = poll.since(course.poll).as_secs_f64();
            assert!((59.0..=91.0).contains(&distance), "{distance}");
            (course.poll, course.last_sync) = (poll, at);
            let after = chain.after(n + 1, n + 1);
            assert_eq!((after.poll, after.last_sync, after.dice.taken()), (course.poll, at, course.dice.taken()));
        }
        let mean = course.poll.since(chain.began.poll).as_secs_f64() / TURNS as f64;
        assert!((mean - 75.0).abs() < 0.01, "{mean}");
    }

    /// Where a sync may take as long as it takes to the next, none is skipped.
    #[test]
    fn syncs_that_may_overlap_are_played() {
        let second = Grid::new(SimTime::ZERO, Duration::from_secs(1));
        let rests = |sync: Law, seconds: u64| {
            let resync_min = Duration::from_secs(seconds);
            Queue { sync: &sync, relists: second, polls: second, resync_min }.leaves_time_between_syncs()
        };
        let short = || Law::lognormal_with_p95(0.01, 0.05).unwrap();
        assert!(rests(short(), 60));
        assert!(!rests(short(), 3));
        assert!(!rests(Law::fixed(58.0).unwrap(), 60));
        assert!(!rests(Law::gamma(1.0, 0.01).unwrap(), 60));
    }
}
