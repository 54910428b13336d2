//! CrashLoopBackOff (C10–C12): one entry per Pod and container, in the kubelet's memory.
//! Follows `pkg/kubelet/kuberuntime/kuberuntime_manager.go doBackOff` and
//! `staging/client-go/util/flowcontrol/backoff.go`.

use crate::model::ControlPlane;
use crate::time::{Duration, SimTime};

/// The back-off entry of one container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BackOff {
    entry: Option<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    delay: Duration,
    last: SimTime,
}

impl BackOff {
    /// May the container start at `now`? `exited` is when the newest exited instance ended, in the status
    /// that the sync began with: after a probe kill that is the instance before the one just killed (C12).
    ///
    /// # Errors
    /// The instant at which the wait is over.
    pub fn try_start(&mut self, now: SimTime, exited: Option<SimTime>, rules: &ControlPlane) -> Result<(), SimTime> {
        let Some(exited) = exited else { return Ok(()) };
        if let Some(expiry) = self.refuses(now, exited, rules) {
            return Err(expiry);
        }
        let delay = match self.remembered(now, rules) {
            Some(entry) => (entry.delay * 2).min(rules.back_off_max),
            None => rules.back_off_initial.min(rules.back_off_max),
        };
        self.entry = Some(Entry { delay, last: now });
        Ok(())
    }

    /// Would a start at `now` be refused, and until when?
    pub fn refuses(&self, now: SimTime, exited: SimTime, rules: &ControlPlane) -> Option<SimTime> {
        let entry = self.remembered(now, rules)?;
        (now.since(exited) < entry.delay).then(|| exited + entry.delay)
    }

    /// The entry, unless it is forgotten: collected by the clean-up that runs every 2 s; here at the very moment.
    fn remembered(&self, now: SimTime, rules: &ControlPlane) -> Option<Entry> {
        self.entry.filter(|entry| now.saturating_since(entry.last) <= rules.back_off_forget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: u64) -> SimTime {
        SimTime::ZERO + Duration::from_secs(s)
    }

    /// Plays `n` crashes, each instance running `run` seconds; the waits from exit to start.
    fn crash_waits(n: usize, run: u64) -> Vec<u64> {
        let rules = ControlPlane::default();
        let mut back_off = BackOff::default();
        let mut now = secs(0);
        (0..n)
            .map(|_| {
                let exit = now + Duration::from_secs(run);
                now = match back_off.try_start(exit, Some(exit), &rules) {
                    Ok(()) => exit,
                    Err(expiry) => {
                        assert_eq!(back_off.try_start(expiry, Some(exit), &rules), Ok(()));
                        expiry
                    }
                };
                now.since(exit).as_nanos() / 1_000_000_000
            })
            .collect()
    }

    #[test]
    fn c11_waits_double_from_10_s_to_300_s() {
        assert_eq!(crash_waits(9, 3), [0, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn c11_ten_minutes_without_a_start_forget() {
        assert_eq!(crash_waits(4, 601), [0, 0, 0, 0]);
        assert_eq!(crash_waits(4, 540), [0, 10, 20, 40], "nine minutes are not enough");
    }

    /// C11: at a delay of 300 s an instance that ran for 400 s waits for the entry to be forgotten, 600 s after its
    /// start, and the sequence begins anew.
    #[test]
    fn c11_a_wait_ends_when_the_entry_is_forgotten() {
        let rules = ControlPlane::default();
        let mut back_off = BackOff { entry: Some(Entry { delay: secs(300).since(secs(0)), last: secs(0) }) };
        assert_eq!(back_off.try_start(secs(400), Some(secs(400)), &rules), Err(secs(700)));
        assert_eq!(back_off.try_start(secs(600), Some(secs(400)), &rules), Err(secs(700)));
        assert_eq!(back_off.try_start(secs(601), Some(secs(400)), &rules), Ok(()));
        assert_eq!(back_off.try_start(secs(605), Some(secs(605)), &rules), Err(secs(615)));
    }

    #[test]
    fn c10_first_start_makes_no_entry() {
        let mut back_off = BackOff::default();
        assert_eq!(back_off.try_start(secs(1), None, &ControlPlane::default()), Ok(()));
        assert_eq!(back_off, BackOff::default());
    }

    /// W8: probe kills 40 s apart look at the previous exit, so five restarts are immediate and the sixth waits.
    #[test]
    fn c12_probe_kills_wait_from_the_previous_exit() {
        let rules = ControlPlane::default();
        let mut back_off = BackOff::default();
        let mut previous = None;
        for kill in 1..=6u64 {
            let now = secs(40 * kill);
            let verdict = back_off.try_start(now, previous, &rules);
            assert_eq!(verdict.is_ok(), kill < 6, "kill {kill}");
            previous = Some(now);
        }
    }
}
