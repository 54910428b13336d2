//! Syncs that need not be played (invariant 5).
//!
//! Where the syncs to come change nothing unless something else happens, the Pod is at [`Rest`]: no event stands for them.
//! Whatever concerns its syncs or its readiness worker first wakes it, and the syncs until then are made up for: one by one
//! the few that refuse a start, by arithmetic the many of a container that is not ready.

mod readiness;

use super::dice::Dice;
use super::happening::Happening;
use super::observer::Observer;
use super::resync::{Queue, Turn, begins_at, sync_span, until_next_look};
use super::state::Stage;
use super::timer::Timer;
use super::{Cluster, Cx, Event, Mode};
use crate::history::Reply;
use crate::ids::PodId;
use crate::model::ProbeKind;
use crate::time::{Duration, SimTime};

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

impl<O: Observer> Cluster<'_, O> {
    /// After a sync: lets a Pod in back-off rest until it is not refused any more; any other waits for its turn.
    pub(super) fn rest_or_await_turn(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod];
        let rests = state.main().stage == Stage::Waiting && self.may_rest(pod);
        if !rests || self.rest_in_back_off(cx, pod).is_none() {
            self.await_turn(cx, pod);
        }
    }

    /// The next turn is set and can be skipped, unless the sync would do something.
    fn may_rest(&self, pod: PodId) -> bool {
        let state = &self.pods[pod];
        // Two Pods of one slot draw from the same stream in turn.
        let is_alone = state.holds_slot && self.slots[state.home].pods == 1;
        let is_handed_back = state.turn.is_some() && !state.sync.is_set();
        // Those of several containers interact.
        let has_one = state.containers.len() == 1;
        self.mode == Mode::Fast && has_one && is_handed_back && is_alone && state.sandbox
    }

    fn rest_in_back_off(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) -> Option<()> {
        let state = &self.pods[pod];
        let (container, last_sync) = (state.main(), state.last_sync);
        let rules = &self.model.cluster.control_plane;
        let exited = container.exited?;
        let expiry = container.back_off.refuses(last_sync, exited, rules)?;
        let (queue, mut last) = (self.queue(pod)?, self.course(pod)?);
        loop {
            let mut next = last;
            let (_, at) = queue.next_sync(&mut next);
            if container.back_off.refuses(at, exited, rules).is_none() {
                break;
            }
            last = queue.refused(next, at, expiry);
        }
        let state = &mut self.pods[pod];
        state.rest = Some(Rest::BackedOff { expiry, last });
        state.resync = Timer::NONE;
        self.await_resync(cx, pod, last.poll);
        Some(())
    }

    /// When it is the turn of a Pod that is not ready: lets it rest if this sync and those that follow change nothing.
    pub(super) fn rest_not_ready(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) -> bool {
        let container = self.pods[pod].main();
        let runs_on = container.stage == Stage::Running && container.kill.is_none();
        if !runs_on || !self.may_rest(pod) || !self.is_announced(pod) {
            return false;
        }
        if !self.queue(pod).is_some_and(|queue| queue.leaves_time_between_syncs()) {
            return false;
        }
        let Some((reply, until)) = self.failing_reply(cx.now(), self.main(pod)) else { return false };
        self.catch_up(cx, self.main(pod), ProbeKind::Readiness);
        self.pods[pod].rest = Some(Rest::NotReady(reply));
        self.rest_readiness(self.main(pod));
        if until < SimTime::NEVER {
            self.await_resync(cx, pod, until);
        }
        true
    }

    /// Where Pods that are not Ready are published, a sync writes the status of one that is no endpoint yet (E4).
    fn is_announced(&self, pod: PodId) -> bool {
        !self.workload(pod).publish_not_ready || self.pods[pod].slice.listed
    }

    fn course(&self, pod: PodId) -> Option<Course> {
        let state = &self.pods[pod];
        let dice = self.slots[state.home].sync;
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
        let rests = self.pods[pod].rest.is_some();
        if rests {
            self.catch_up_syncs(cx, pod);
        }
        rests
    }

    /// Makes up for the syncs before now that a Pod at rest has skipped.
    #[inline(never)]
    fn catch_up_syncs(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let Some(rest) = self.pods[pod].rest.take() else { return };
        if let Rest::BackedOff { last, .. } = &rest
            && last.poll <= cx.now()
            && !self.observer.hears_log()
        {
            // All has come as it was foreseen.
            return self.resume_course(pod, last);
        }
        let (Some(queue), Some(course)) = (self.queue(pod), self.course(pod)) else { return };
        match rest {
            Rest::BackedOff { expiry, .. } => self.skip_refusals(cx, pod, &queue, course, expiry),
            Rest::NotReady(reply) => {
                self.skip_resyncs(cx, pod, &queue, course, reply);
                self.resume_readiness(cx, self.main(pod), reply);
            }
        }
    }

    fn resume_course(&mut self, pod: PodId, course: &Course) {
        let state = &mut self.pods[pod];
        state.turn = Some(course.turn);
        state.last_sync = course.last_sync;
        self.slots[state.home].sync = course.dice;
    }

    /// A sync that a turn has brought about has begun at `from`, and acts at `at`.
    fn resume_in_sync(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, course: Course, from: SimTime, at: SimTime) {
        self.resume_course(pod, &course);
        self.await_sync(cx, pod, from, at);
        let state = &mut self.pods[pod];
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
            self.tell_at(at, Happening::BackedOff { pod, container: self.pods[pod].serving, until });
            course = queue.refused(course, at, until);
        }
        self.resume_course(pod, &course);
    }

    fn skip_resyncs(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, queue: &Queue<'_>, course: Course, reply: Reply) {
        let chain = Resyncs { queue, began: course };
        let begun = chain.begun_before(cx.now());
        let acts = |n: u64| chain.sync(n).1;
        let done = if begun > 0 && acts(begun - 1) >= cx.now() { begun - 1 } else { begun };
        self.skip_triggers(self.main(pod), reply, done, acts);
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
    use crate::random::{Law, Owner, Purpose, Streams};
    use crate::time::Grid;

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
