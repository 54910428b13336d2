//! Probe workers: observations in, verdict out (P3–P6, P11, P16–P18).
//!
//! A worker is pure: time is an argument, it draws nothing and schedules nothing.
//! The [`Counter`] turns observations into verdicts. The [`Worker`] around it knows
//! when the next attempt is due and what an attempt does with the status that the
//! kubelet has cached. Follows `pkg/kubelet/prober/worker.go`.
//!
//! An attempt that cannot change anything need not be played: see [`skipping`].

pub(super) mod skipping;

pub(super) use crate::history::{Observation, Stored};
use crate::model::{Probe, ProbeKind};
use crate::time::{Grid, SimTime};

/// Counts consecutive equal observations (P16). It survives container restarts (P17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    last: Option<Observation>,
    run: u32,
}

impl Counter {
    /// A counter that has seen nothing but successes for a long time.
    pub fn long_healthy() -> Self {
        Self { last: Some(Observation::Success), run: u32::MAX }
    }

    /// Adds `n` equal observations; the length of the present run.
    pub fn observe(&mut self, observation: Observation, n: u64) -> u32 {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        if n > 0 {
            self.run = if self.last == Some(observation) { self.run.saturating_add(n) } else { n };
            self.last = Some(observation);
        }
        self.run
    }
}

/// What the kubelet's status cache says of a container: all that a worker sees (P6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Which life of the container; 0 before the first.
    pub instance: u32,
    /// It runs.
    pub running: bool,
    /// Its startup probe, if any, has succeeded (P10).
    pub started: bool,
    /// Its start, cut to the whole second (P8); `None` if that was before the replication began.
    pub started_at: Option<SimTime>,
}

/// A probe that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFlight {
    /// When it was sent.
    pub sent: SimTime,
    /// When it ends.
    pub ends: SimTime,
    /// An answer is expected at the end; otherwise the timeout.
    pub answered: bool,
}

/// What an attempt did before any probe was sent (P6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempt {
    /// A new instance was noticed and its initial value stored (P7).
    pub noticed: bool,
    /// The container was found not running and the stored result has become Failure.
    pub stored_failure: bool,
    /// A probe is to be sent now.
    pub probes: bool,
}

/// One worker (P1): it serves every instance of its Pod's container.
#[derive(Debug, Clone, Copy)]
pub struct Worker {
    kind: ProbeKind,
    probe: Probe,
    ticks: Grid,
    counter: Counter,
    known: u32,
    result: Stored,
    on_hold: bool,
    in_flight: Option<InFlight>,
    triggered: bool,
    asleep: bool,
    next: SimTime,
}

impl Worker {
    /// A worker that makes its first attempt at `wakes`: when it is created, or after the sleep of P2. Its ticks
    /// begin there (P3).
    pub fn new(kind: ProbeKind, probe: Probe, wakes: SimTime) -> Self {
        let ticks = Grid::new(wakes, probe.period);
        Self {
            kind,
            probe,
            ticks,
            counter: Counter::default(),
            known: 0,
            result: Stored::Unknown,
            on_hold: false,
            in_flight: None,
            triggered: false,
            asleep: true,
            next: wakes,
        }
    }

    /// A worker that has probed `instance`, which is healthy, for a long time, with ticks through `anchor`.
    pub fn long_healthy(kind: ProbeKind, probe: Probe, anchor: SimTime, instance: u32, now: SimTime) -> Self {
        let ticks = Grid::new(anchor, probe.period);
        let mut worker = Self { asleep: false, next: ticks.at_or_after(now), ..Self::new(kind, probe, anchor) };
        worker.notice(instance);
        if !probe.always_errs {
            worker.counter = Counter::long_healthy();
            worker.result = Stored::Success;
            // A startup probe that has succeeded is done (P18).
            worker.on_hold = kind == ProbeKind::Startup;
        }
        worker
    }

    /// The same worker in a kubelet that has been restarted, for a container that has run for a while: it stores
    /// no initial value, and a startup probe that had succeeded is done (P21).
    pub fn resumes(mut self, instance: u32, started: bool) -> Self {
        self.known = instance;
        self.result = match self.kind {
            ProbeKind::Readiness => Stored::Unknown,
            ProbeKind::Startup if !started => Stored::Unknown,
            ProbeKind::Startup | ProbeKind::Liveness => Stored::Success,
        };
        self.on_hold = self.kind == ProbeKind::Startup && started;
        self
    }

    /// The probe's settings.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// The stored result for `instance`; `None` if the worker has not noticed it.
    pub fn result_for(&self, instance: u32) -> Option<Stored> {
        (self.known == instance && instance > 0).then_some(self.result)
    }

    /// The probe that waits for its answer.
    pub fn in_flight(&self) -> Option<InFlight> {
        self.in_flight
    }

    /// The next attempt, whether it matters or not.
    pub fn next_attempt(&self) -> SimTime {
        self.next
    }

    /// Gives the ticks a random phase: a wrong worker.
    #[cfg(test)]
    pub fn shift(&mut self, now: SimTime, u: f64) {
        let phase = crate::time::Duration::from_secs_f64(u * self.probe.period.as_secs_f64());
        self.ticks = Grid::new(now + phase, self.probe.period);
        self.next = now + phase;
    }

    /// An attempt at `now` (P6, lines 3–10).
    pub fn attempt(&mut self, now: SimTime, status: &Status) -> Attempt {
        assert!(self.in_flight.is_none(), "probes of one worker never overlap (P5)");
        self.next = self.next_after(now);
        let mut done = Attempt::default();
        if status.instance == 0 {
            return done;
        }
        if status.instance != self.known {
            self.notice(status.instance);
            done.noticed = true;
        }
        if self.on_hold {
            return done;
        }
        if !status.running {
            done.stored_failure = self.result != Stored::Failure;
            self.result = Stored::Failure;
            return done;
        }
        // What ends in an error leaves no trace (P15).
        done.probes = !self.probe.always_errs && now >= self.allowed_from(status) && self.is_open(status);
        done
    }

    /// A trigger that came during the sleep waits for the first attempt, and the second one follows at once (P11).
    fn next_after(&mut self, now: SimTime) -> SimTime {
        if std::mem::take(&mut self.asleep) && self.triggered {
            return now;
        }
        if std::mem::take(&mut self.triggered) {
            self.ticks = Grid::new(now, self.probe.period);
        }
        self.ticks.after(now)
    }

    /// A probe sent at `now` waits for its answer until `ends`.
    pub fn wait(&mut self, now: SimTime, ends: SimTime, answered: bool) {
        self.in_flight = Some(InFlight { sent: now, ends, answered });
    }

    /// The waiting probe ends at `now`. The tick that fell meanwhile is still pending: the next attempt
    /// follows at once (P4, P5); so does one that was triggered (P12).
    pub fn ended(&mut self, now: SimTime) {
        let Some(probe) = self.in_flight.take() else { return };
        self.next = self.attempt_after(probe.sent, now);
        if self.triggered {
            self.triggered = false;
            self.ticks = Grid::new(now, self.probe.period);
            self.next = now;
        }
    }

    fn attempt_after(&self, sent: SimTime, ended: SimTime) -> SimTime {
        self.ticks.after(sent).max(ended)
    }

    /// The probe found this. Returns the stored result if that has changed (P16, P18).
    pub fn observe(&mut self, observation: Observation) -> Option<Stored> {
        let run = self.counter.observe(observation, 1);
        let (threshold, result) = match observation {
            Observation::Success => (self.probe.success_threshold, Stored::Success),
            Observation::Failure => (self.probe.failure_threshold, Stored::Failure),
        };
        if run < threshold {
            return None;
        }
        if self.kind == ProbeKind::Startup || self.kind == ProbeKind::Liveness && result == Stored::Failure {
            self.on_hold = true;
            self.counter.run = 0;
        }
        let changed = self.result != result;
        self.result = result;
        changed.then_some(result)
    }

    /// The kubelet triggers the worker: its ticks start anew and it attempts at once, or right after the
    /// probe that waits, or after its sleep (P11, P2). True if the attempt is to be made now.
    pub fn trigger(&mut self, now: SimTime) -> bool {
        if self.in_flight.is_some() || self.asleep {
            self.triggered = true;
            return false;
        }
        self.ticks = Grid::new(now, self.probe.period);
        self.next = now;
        true
    }

    fn notice(&mut self, instance: u32) {
        self.known = instance;
        self.on_hold = false;
        self.result = match self.kind {
            ProbeKind::Liveness => Stored::Success,
            ProbeKind::Readiness => Stored::Failure,
            ProbeKind::Startup => Stored::Unknown,
        };
    }

    /// No probe before the initial delay is over (P8).
    fn allowed_from(&self, status: &Status) -> SimTime {
        status.started_at.map_or(SimTime::ZERO, |start| start + self.probe.initial_delay)
    }

    /// Startup probes run until the container is started, the others from then on (P6, line 9).
    fn is_open(&self, status: &Status) -> bool {
        (self.kind == ProbeKind::Startup) != status.started
    }
}

#[cfg(test)]
mod tests {
    use super::Observation::{Failure as F, Success as S};
    use super::skipping::Next;
    use super::*;
    use crate::history::Reply;
    use crate::time::Duration;

    pub fn probe(failures: u32, successes: u32) -> Probe {
        Probe {
            initial_delay: Duration::from_secs(20),
            timeout: Duration::from_secs(5),
            period: Duration::from_secs(5),
            success_threshold: successes,
            failure_threshold: failures,
            termination_grace: None,
            always_errs: false,
        }
    }

    pub fn secs(s: u64) -> SimTime {
        SimTime::ZERO + Duration::from_secs(s)
    }

    fn noticed(kind: ProbeKind, probe: Probe) -> Worker {
        let mut worker = Worker::new(kind, probe, SimTime::ZERO);
        worker.attempt(secs(5), &running(1));
        worker
    }

    pub fn running(instance: u32) -> Status {
        Status { instance, running: true, started: true, started_at: Some(SimTime::ZERO) }
    }

    /// P2, P11: a trigger during the sleep waits for its end; then two attempts follow in one instant, and the ticks
    /// begin there.
    #[test]
    fn p2_p11_a_sleeping_worker_does_not_hear_triggers() {
        let mut worker = Worker::new(ProbeKind::Readiness, probe(2, 1), secs(3));
        assert!(!worker.trigger(secs(1)), "asleep");
        assert_eq!(worker.next_attempt(), secs(3));
        let status = Status { started_at: None, ..running(1) };
        assert!(worker.attempt(secs(3), &status).probes);
        assert_eq!(worker.next_attempt(), secs(3), "the trigger that has waited");
        assert!(worker.attempt(secs(3), &status).probes);
        assert_eq!(worker.next_attempt(), secs(8));
        assert!(worker.trigger(secs(9)), "awake");
    }

    /// P2, P3: without a trigger the sleep ends with one attempt.
    #[test]
    fn p3_the_first_attempt_is_made_at_once_and_the_ticks_begin_there() {
        let mut worker = Worker::new(ProbeKind::Liveness, probe(4, 1), secs(3));
        assert_eq!(worker.next_that_matters(&Status::default(), Reply::Ok), Next::At(secs(3)));
        assert_eq!(worker.attempt(secs(3), &Status::default()), Attempt::default(), "no container yet");
        assert_eq!(worker.next_attempt(), secs(8));
    }

    /// P21: a restarted kubelet stores no initial value for a container that it finds; counters start from zero.
    #[test]
    fn p21_a_worker_that_resumes_stores_nothing_before_a_threshold() {
        let status = Status { started_at: None, ..running(7) };
        let mut readiness = Worker::new(ProbeKind::Readiness, probe(2, 1), secs(3)).resumes(7, true);
        assert!(!readiness.attempt(secs(3), &status).noticed);
        assert_eq!(readiness.result_for(7), Some(Stored::Unknown));
        assert_eq!([F, F].map(|o| readiness.observe(o)), [None, Some(Stored::Failure)]);
        let startup = Worker::new(ProbeKind::Startup, probe(4, 1), secs(3));
        assert_eq!(startup.resumes(7, true).result_for(7), Some(Stored::Success));
        assert_eq!(startup.resumes(7, false).result_for(7), Some(Stored::Unknown));
    }

    #[test]
    fn p16_verdicts_need_a_run_of_equal_observations() {
        let mut worker = noticed(ProbeKind::Readiness, probe(3, 1));
        let verdicts: Vec<_> = [S, S, F, F, F].map(|o| worker.observe(o)).into();
        assert_eq!(verdicts, [Some(Stored::Success), None, None, None, Some(Stored::Failure)]);
        let mut alternating = noticed(ProbeKind::Readiness, probe(2, 1));
        alternating.observe(S);
        assert!([F, S, F, S, F, S].into_iter().all(|o| alternating.observe(o).is_none()));
    }

    #[test]
    fn p17_counters_survive_a_restart() {
        let mut worker = noticed(ProbeKind::Liveness, probe(4, 1));
        for _ in 0..3 {
            assert_eq!(worker.observe(F), None);
        }
        assert!(worker.attempt(secs(30), &running(2)).noticed);
        assert_eq!(worker.result_for(2), Some(Stored::Success));
        assert_eq!(worker.observe(F), Some(Stored::Failure), "one failure of the new instance kills it");
    }

    #[test]
    fn p18_a_liveness_failure_puts_the_worker_on_hold_until_the_next_instance() {
        let mut worker = noticed(ProbeKind::Liveness, probe(1, 1));
        assert_eq!(worker.observe(F), Some(Stored::Failure));
        assert!(!worker.attempt(secs(30), &running(1)).probes);
        assert!(worker.attempt(secs(35), &running(2)).probes);
    }

    #[test]
    fn p6_p8_no_probe_before_the_initial_delay_counted_from_the_whole_second() {
        let status = Status { started_at: Some(secs(7)), ..running(1) };
        let mut worker = Worker::new(ProbeKind::Readiness, probe(1, 1), SimTime::ZERO);
        assert!(!worker.attempt(SimTime::from_nanos(26_999_999_999), &status).probes);
        assert!(worker.attempt(secs(27), &status).probes);
    }

    #[test]
    fn p7_initial_values() {
        for (kind, initial) in [
            (ProbeKind::Liveness, Stored::Success),
            (ProbeKind::Readiness, Stored::Failure),
            (ProbeKind::Startup, Stored::Unknown),
        ] {
            let worker = noticed(kind, probe(3, 1));
            assert_eq!(worker.result_for(1), Some(initial));
            assert_eq!(worker.result_for(2), None);
        }
    }

    /// P7: the initial value of a probe whose attempts all end in errors stays, met young or old, and no attempt of it
    /// matters.
    #[test]
    fn p15_errors_leave_no_trace() {
        for (kind, initial) in [
            (ProbeKind::Liveness, Stored::Success),
            (ProbeKind::Readiness, Stored::Failure),
            (ProbeKind::Startup, Stored::Unknown),
        ] {
            let errs = Probe { always_errs: true, ..probe(3, 1) };
            let status = Status { started: kind != ProbeKind::Startup, ..running(1) };
            let old = Worker::long_healthy(kind, errs, secs(3), 1, SimTime::ZERO);
            for mut worker in [noticed(kind, errs), old] {
                assert_eq!(worker.next_that_matters(&status, Reply::Ok), Next::Idle);
                for at in (30..60).step_by(5) {
                    assert!(!worker.attempt(secs(at), &status).probes);
                }
                assert_eq!(worker.result_for(1), Some(initial));
            }
        }
    }

    #[test]
    fn p5_hanging_probes_follow_each_other_at_the_longer_of_period_and_timeout() {
        let mut slow = noticed(ProbeKind::Liveness, Probe { timeout: Duration::from_secs(10), ..probe(3, 1) });
        slow.wait(secs(20), secs(30), false);
        slow.ended(secs(30));
        assert_eq!(slow.next_attempt(), secs(30), "a tick was pending");
        let mut quick = noticed(ProbeKind::Liveness, Probe { timeout: Duration::from_secs(1), ..probe(3, 1) });
        quick.wait(secs(20), secs(21), false);
        quick.ended(secs(21));
        assert_eq!(quick.next_attempt(), secs(25));
    }

    #[test]
    fn p4_only_one_tick_waits_and_the_grid_stays() {
        let mut worker = noticed(ProbeKind::Liveness, Probe { timeout: Duration::from_secs(12), ..probe(9, 1) });
        worker.attempt(secs(20), &running(1));
        worker.wait(secs(20), secs(32), false);
        worker.ended(secs(32));
        assert_eq!(worker.next_attempt(), secs(32), "the tick of 25; that of 30 is lost");
        worker.attempt(secs(32), &running(1));
        assert_eq!(worker.next_attempt(), secs(35), "and the grid has not moved");
    }

    #[test]
    fn p11_a_trigger_restarts_the_ticks_and_waits_for_a_probe_in_flight() {
        let mut worker = noticed(ProbeKind::Readiness, probe(2, 1));
        assert!(worker.trigger(secs(22)));
        worker.attempt(secs(22), &running(1));
        assert_eq!(worker.next_attempt(), secs(27));
        worker.wait(secs(27), secs(32), false);
        assert!(!worker.trigger(secs(28)));
        worker.ended(secs(31));
        assert_eq!(worker.next_attempt(), secs(31));
        worker.attempt(secs(31), &running(1));
        assert_eq!(worker.next_attempt(), secs(36));
    }
}
