//! Attempts that cannot change anything need not be played (invariant 5).
//!
//! [`Worker::next_that_matters`] finds the first attempt that can change something, and
//! [`Worker::catch_up`] accounts for those in between.

use super::{Counter, InFlight, Observation, Status, Stored, Worker};
use crate::cluster::chance::Matters;
use crate::history::Reply;
use crate::model::ProbeKind;
use crate::time::{Duration, Grid, SimTime};

/// When the next attempt that can change something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At this instant.
    At(SimTime),
    /// Not until the surroundings change: attempts do nothing.
    Idle,
    /// Every attempt from `first` on meets the same until the surroundings change.
    Steady {
        /// The first attempt that meets it.
        first: SimTime,
        /// What it meets.
        reply: Reply,
        /// The attempt that reaches a verdict, counted from 1; none ever does where the verdict stands already.
        decides: Option<u64>,
    },
}

impl Worker {
    /// The first attempt that can change anything while `status` and `reply`, what every probe would meet, stay as they
    /// are.
    pub fn next_that_matters(&self, status: &Status, reply: Reply) -> Next {
        if self.asleep || self.triggered {
            return Next::At(self.next);
        }
        if status.instance == 0 {
            return Next::Idle;
        }
        let fresh = status.instance != self.known;
        // Noticing stores a change that the kubelet acts upon, save for liveness, whose initial value is Success.
        if fresh && self.kind != ProbeKind::Liveness {
            return Next::At(self.next);
        }
        if self.on_hold && !fresh {
            return Next::Idle;
        }
        let result = if fresh { Stored::Success } else { self.result };
        if !status.running {
            return if result == Stored::Failure { Next::Idle } else { Next::At(self.next) };
        }
        if !self.is_open(status) || self.probe.always_errs {
            return Next::Idle;
        }
        let from = self.allowed_from(status);
        let first = if self.next >= from { self.next } else { self.ticks.at_or_after(from) };
        match (reply.observation(), result) {
            (Observation::Success, Stored::Success) | (Observation::Failure, Stored::Failure) => {
                Next::Steady { first, reply, decides: None }
            }
            // Whether a probe fails by chance is drawn for each one.
            (Observation::Success, _) => Next::At(first),
            (Observation::Failure, _) => {
                let run = if self.has_just_failed() { self.counter.run } else { 0 };
                let missing = self.probe.failure_threshold.saturating_sub(run).max(1);
                Next::Steady { first, reply, decides: Some(u64::from(missing)) }
            }
        }
    }

    /// Accounts for the attempts before `now` that were skipped because of `plan`, all made under `status`. The
    /// last one may still wait for its answer.
    pub fn catch_up(&mut self, now: SimTime, status: &Status, plan: Next) -> Option<Skipped> {
        let mut skipped = None;
        if let Next::Steady { first, reply, .. } = plan
            && first < now
        {
            if status.instance != self.known {
                self.notice(status.instance);
            }
            let lasts = self.busy(reply);
            let second = self.attempt_after(first, first + lasts);
            let spacing = self.spacing(reply);
            let attempts = if now <= second { 1 } else { 2 + (now.since(second).as_nanos() - 1) / spacing.as_nanos() };
            let last = if attempts == 1 { first } else { second + spacing * (attempts - 2) };
            skipped = Some(Skipped { attempts, last, second, spacing, lasts, before: self.counter });
            let ends = last + lasts;
            if ends > now {
                self.counter.observe(reply.observation(), attempts - 1);
                self.wait(last, ends, false);
            } else {
                self.counter.observe(reply.observation(), attempts);
                self.next = self.attempt_after(last, ends);
            }
        }
        if self.in_flight.is_none() && self.next < now {
            self.next = self.ticks.at_or_after(now);
        }
        skipped
    }

    /// Will every attempt under `status` meet `reply`, fail and change nothing, the one that waits for its answer included?
    pub fn goes_on_to_fail(&self, status: &Status, reply: Reply) -> bool {
        let is_settled = match self.in_flight {
            Some(probe) => reply == Reply::Timeout && !probe.answered,
            None => !self.asleep && !self.triggered,
        };
        is_settled
            && reply.observation() == Observation::Failure
            && self.result_for(status.instance) == Some(Stored::Failure)
            && status.running
            && self.is_open(status)
            && self.next >= self.allowed_from(status)
    }

    /// The worker, whose probes all meet `reply` and fail, is triggered at `at(from)`, `at(from + 1)` and so on to before
    /// `at(to)` (P12), and was before these. Each trigger but the first comes after some of the probes of the one before.
    ///
    /// A trigger starts the ticks anew at once or, if it comes while a probe waits for its answer, at the end of that
    /// probe: in either case no later than the timeout after it. Most triggers come where no probe waits whichever of
    /// these it was; so the last few tell where the ticks are.
    pub fn skip_triggers(&mut self, reply: Reply, from: u64, to: u64, at: impl Fn(u64) -> SimTime) {
        let (lasts, last) = (self.busy(reply), at(to - 1));
        let begin = self.in_flight.map_or(self.next, |probe| probe.ends);
        let begin = Anchor { earliest: begin, latest: begin };
        let spacing = self.spacing(reply);
        let mut few = 4;
        let anchor = loop {
            let known = to.saturating_sub(few).max(from);
            let mut anchor = Anchor { earliest: at(known), latest: at(known) + lasts };
            if lasts == spacing {
                // One probe after the other, whatever the triggers.
                anchor = begin.moved(last, lasts, spacing);
            } else if known == from {
                anchor = begin.moved(at(from), lasts, spacing);
            }
            for n in known + 1..to {
                anchor = anchor.moved(at(n), lasts, spacing);
            }
            if anchor.earliest == anchor.latest {
                break anchor.latest;
            }
            few *= 4;
        };
        self.counter.observe(Observation::Failure, 1);
        self.ticks = Grid::new(last, self.probe.period);
        self.next = anchor;
        self.triggered = anchor > last;
        let sent = SimTime::from_nanos(anchor.as_nanos() - lasts.as_nanos());
        self.in_flight = self.triggered.then_some(InFlight { sent, ends: anchor, answered: false });
    }

    /// The probe of the attempt at `now` is not played, but accounted for with those that follow.
    pub fn postpone(&mut self, now: SimTime) {
        self.next = now;
    }

    /// The probe that waits for its answer has failed, if it has ended by `until`.
    pub fn give_up(&mut self, until: SimTime) -> Option<InFlight> {
        let probe = self.in_flight.filter(|probe| probe.ends <= until)?;
        self.ended(probe.ends);
        self.counter.observe(Observation::Failure, 1);
        Some(probe)
    }

    /// How long a probe takes that meets this.
    pub fn busy(&self, reply: Reply) -> Duration {
        if reply == Reply::Timeout { self.probe.timeout } else { Duration::ZERO }
    }

    /// The distance between attempts, from the second on, that all meet the same (P5).
    fn spacing(&self, reply: Reply) -> Duration {
        self.probe.period.max(self.busy(reply))
    }

    /// The n-th of the attempts that begin with `first` and all meet the same, counted from 1.
    pub fn nth_attempt(&self, first: SimTime, reply: Reply, n: u64) -> SimTime {
        if n <= 1 {
            return first;
        }
        self.attempt_after(first, first + self.busy(reply)) + self.spacing(reply) * (n - 2)
    }

    /// The first at or after `from` of the attempts that begin with `first` and all meet the same.
    pub fn attempt_from(&self, first: SimTime, reply: Reply, from: SimTime) -> SimTime {
        if from <= first || from == SimTime::NEVER {
            return first.max(from);
        }
        let second = self.attempt_after(first, first + self.busy(reply));
        let spacing = self.spacing(reply);
        let missing = from.saturating_since(second).as_nanos().div_ceil(spacing.as_nanos());
        second + spacing * missing
    }

    /// How many failures by chance in a row matter.
    pub fn failures_that_matter(&self) -> Matters {
        let alone = self.probe.failure_threshold == 1 || self.probe.timeout > self.probe.period;
        if alone { Matters::One } else { Matters::Two }
    }

    /// The latest observation was a failure.
    pub fn has_just_failed(&self) -> bool {
        self.counter.last == Some(Observation::Failure)
    }

    /// The last of the skipped attempts, accounted for as a success, has failed by chance after a wait: its answer came too
    /// late, or has not come by now. Then this is when it will be given up.
    pub fn last_has_failed(&mut self, now: SimTime, skipped: Skipped, waits: Duration) -> Option<SimTime> {
        self.counter = skipped.before;
        self.counter.observe(Observation::Success, skipped.attempts - 1);
        let ends = skipped.last + waits;
        if ends < now {
            self.counter.observe(Observation::Failure, 1);
            return None;
        }
        self.wait(skipped.last, ends, false);
        Some(ends)
    }
}

/// Where the ticks of a worker begin that has been triggered, as far as that is known: when a probe is sent.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    earliest: SimTime,
    latest: SimTime,
}

impl Anchor {
    /// The same after the next trigger, at `t`, where each probe waits for `lasts` and they are `spacing` apart.
    fn moved(self, t: SimTime, lasts: Duration, spacing: Duration) -> Self {
        let at_once = Self { earliest: t, latest: t };
        let anywhere = Self { earliest: t, latest: t + lasts };
        if t <= self.earliest {
            // The probe from before the last trigger waits still.
            return self;
        }
        if t <= self.latest {
            return Self { earliest: t, latest: self.latest.max(t + lasts) };
        }
        // How long ago the last probe was sent, at least and at most.
        let least = Duration::from_nanos(t.since(self.latest).as_nanos() % spacing.as_nanos());
        let most = least + self.latest.since(self.earliest);
        let waits_if = |since: Duration| !since.is_zero() && since < lasts;
        match (waits_if(least), waits_if(most)) {
            _ if most >= spacing => anywhere,
            (true, true) => Self { earliest: t + (lasts - most), latest: t + (lasts - least) },
            (true, false) => Self { earliest: t, latest: t + (lasts - least) },
            (false, true) => anywhere,
            (false, false) if least.is_zero() && !most.is_zero() => anywhere,
            (false, false) => at_once,
        }
    }
}

/// Attempts that were not played.
#[derive(Debug, Clone, Copy)]
pub struct Skipped {
    /// How many; at least one.
    pub attempts: u64,
    /// When the last one was made.
    pub last: SimTime,
    /// When the second one was made, or would have been; every later one `spacing` after the one before.
    pub second: SimTime,
    /// See `second`.
    pub spacing: Duration,
    /// How long each waited for what it met.
    pub lasts: Duration,
    before: Counter,
}

#[cfg(test)]
mod tests {
    use super::super::tests::{probe, running, secs};
    use super::*;
    use crate::model::Probe;
    use Observation::{Failure as F, Success as S};

    #[test]
    fn skipped_attempts_leave_the_same_state_as_played_ones() {
        let status = running(1);
        let mut played = Worker::long_healthy(ProbeKind::Readiness, probe(2, 1), secs(3), 1, SimTime::ZERO);
        played.counter = Counter { last: Some(F), run: 1 };
        let mut skipped = played;
        for _ in 0..7 {
            let now = played.next_attempt();
            assert!(played.attempt(now, &status).probes || now < secs(20));
            if now >= secs(20) {
                played.observe(S);
            }
        }
        let plan = skipped.next_that_matters(&status, Reply::Ok);
        skipped.catch_up(secs(34), &status, plan);
        assert_eq!((skipped.counter, skipped.next), (played.counter, played.next));
    }

    /// P5, P12: whatever the timeout, unanswered probes that are skipped leave the worker as played ones do, with
    /// the last of them in flight where it is, and decide at the same attempt.
    #[test]
    fn skipped_probes_of_a_hang_leave_the_same_state_as_played_ones() {
        let status = running(1);
        for (timeout, threshold, until) in
            (1..=12).flat_map(|t| [1, 2, 4].map(|f| (t, f))).flat_map(|(t, f)| (21..90).map(move |u| (t, f, u)))
        {
            let settings = Probe { timeout: Duration::from_secs(timeout), ..probe(threshold, 1) };
            let healthy = Worker::long_healthy(ProbeKind::Readiness, settings, secs(3), 1, SimTime::ZERO);
            let mut played = Worker { next: healthy.ticks.at_or_after(secs(20)), ..healthy };
            let mut skipped = played;
            let (mut attempts, mut decided) = (0, None);
            let plan = skipped.next_that_matters(&status, Reply::Timeout);
            let now = secs(until);
            while played.next < now && played.in_flight.is_none() {
                let sent = played.next;
                played.attempt(sent, &status);
                attempts += 1;
                played.wait(sent, sent + settings.timeout, false);
                if sent + settings.timeout <= now {
                    played.ended(sent + settings.timeout);
                    decided = decided.or(played.observe(F).map(|_| attempts));
                }
            }
            let Next::Steady { decides: Some(decides), .. } = plan else { panic!("nothing is decided yet") };
            assert!(decided.is_none_or(|attempt| attempt == decides), "timeout {timeout}, threshold {threshold}");
            let result = skipped.catch_up(now, &status, plan);
            assert_eq!(result.map_or(0, |skipped| skipped.attempts), attempts, "timeout {timeout}, until {until}");
            assert_eq!((skipped.counter, skipped.in_flight), (played.counter, played.in_flight));
            if skipped.in_flight.is_none() {
                assert_eq!(skipped.next, played.next, "timeout {timeout}, until {until}");
            }
        }
    }

    /// P12: triggers of a worker whose probes fail, which are skipped but for the first, leave it as played ones do: whether
    /// probes fail at once or wait for a share of the period, for nearly all of it, or for longer.
    #[test]
    fn p12_skipped_triggers_leave_the_same_state_as_played_ones() {
        let status = running(1);
        for (millis, count) in
            [0, 500, 1000, 2500, 4900, 5000, 7300].into_iter().flat_map(|t| (2..60).map(move |n| (t, n)))
        {
            let settings = Probe { timeout: Duration::from_millis(millis), ..probe(2, 1) };
            let reply = if millis == 0 { Reply::Error } else { Reply::Timeout };
            let mut played = Worker::long_healthy(ProbeKind::Readiness, settings, secs(3), 1, secs(30));
            (played.counter, played.result) = (Counter { last: Some(F), run: 2 }, Stored::Failure);
            let mut skipped = played;
            // 60 to 90 s apart, in milliseconds.
            let at = |n: u64| SimTime::from_nanos((60_000 + 75_000 * n + n * n * 7_919 % 15_000) * 1_000_000);
            for n in 0..count {
                play_failures(&mut played, &status, reply, at(n));
                if n == 0 {
                    skipped = played;
                    skipped.trigger(at(n));
                }
                played.trigger(at(n));
            }
            skipped.skip_triggers(reply, 1, count, at);
            let end = at(count - 1) + Duration::from_secs(33);
            play_failures(&mut played, &status, reply, end);
            play_failures(&mut skipped, &status, reply, end);
            let state = |worker: &Worker| (worker.in_flight, worker.next, worker.ticks.after(end), worker.counter.last);
            assert_eq!(state(&skipped), state(&played), "timeout {millis} ms, {count} triggers");
        }
    }

    /// Plays attempts before `until` that all fail.
    fn play_failures(worker: &mut Worker, status: &Status, reply: Reply, until: SimTime) {
        loop {
            if let Some(probe) = worker.in_flight {
                if probe.ends > until {
                    return;
                }
                worker.ended(probe.ends);
                worker.observe(F);
            }
            let now = worker.next;
            if now >= until {
                return;
            }
            worker.attempt(now, status);
            if reply == Reply::Timeout {
                worker.wait(now, now + worker.probe.timeout, false);
            } else {
                worker.observe(F);
            }
        }
    }
}
