//! An observer that remembers what happened when, and small statistics for tests.
#![allow(dead_code, reason = "each test program uses a part")]

use hasim::cluster::{Mode, Observer, Phase, Replication, SlotView};
use hasim::ids::{FaultId, SlotId};
use hasim::model::{Model, ProbeKind};
use hasim::time::{Duration, SimTime};

/// What happened to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Struck,
    Ended,
    Reacted,
    ReadinessLost,
    Killed(ProbeKind),
    Restarted,
    /// It serves in rotation again.
    Delivers,
    /// It does not, and has come so far.
    Waits(Phase),
}

/// Everything that happened, in order: seconds, slot, what.
#[derive(Debug, Clone, Default)]
pub struct Watch(pub Vec<(f64, usize, What)>);

impl Watch {
    fn add(&mut self, now: SimTime, slot: SlotId, what: What) {
        self.0.push((now.as_secs_f64(), slot.index(), what));
    }

    /// When `what` happened first at or after `from`.
    pub fn first(&self, from: f64, what: What) -> Option<f64> {
        self.0.iter().find(|entry| entry.0 >= from && entry.2 == what).map(|entry| entry.0)
    }

    /// All times of `what`.
    pub fn all(&self, what: What) -> Vec<f64> {
        self.0.iter().filter(|entry| entry.2 == what).map(|entry| entry.0).collect()
    }
}

impl Observer for Watch {
    fn slot_changed(&mut self, now: SimTime, slot: SlotId, view: SlotView) {
        self.add(now, slot, if view.delivers() { What::Delivers } else { What::Waits(view.phase) });
    }
    fn fault_struck(&mut self, now: SimTime, slot: SlotId, _: FaultId) {
        self.add(now, slot, What::Struck);
    }
    fn fault_ended(&mut self, now: SimTime, slot: SlotId, _: FaultId) {
        self.add(now, slot, What::Ended);
    }
    fn reacted(&mut self, now: SimTime, slot: SlotId) {
        self.add(now, slot, What::Reacted);
    }
    fn readiness_lost(&mut self, now: SimTime, slot: SlotId, _: bool) {
        self.add(now, slot, What::ReadinessLost);
    }
    fn probe_killed(&mut self, now: SimTime, slot: SlotId, by: ProbeKind, _: bool) {
        self.add(now, slot, What::Killed(by));
    }
    fn restarted(&mut self, now: SimTime, slot: SlotId) {
        self.add(now, slot, What::Restarted);
    }
}

/// Plays the first `secs` seconds of a replication.
pub fn watch(model: &Model, index: u64, secs: f64) -> Watch {
    let mut replication = Replication::new(model, 20_26, index, Mode::Fast, Watch::default());
    replication.run_until(SimTime::ZERO + Duration::from_secs_f64(secs));
    replication.into_observer()
}

/// Kolmogorov–Smirnov: fails where the sample's distribution is farther from `cdf` than a right model's is in 99.9 %
/// of all cases (asymptotic critical value 1.95/√n).
pub fn assert_law(name: &str, mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    assert!(n >= 500.0, "{name}: only {n} samples");
    let distance = sample
        .iter()
        .enumerate()
        .map(|(i, &x)| (cdf(x) - i as f64 / n).abs().max(((i + 1) as f64 / n - cdf(x)).abs()))
        .fold(0.0, f64::max);
    let (low, high) = (sample[0], sample[sample.len() - 1]);
    assert!(distance * n.sqrt() < 1.95, "{name}: distance {distance} with n {n}, sample in [{low}, {high}]");
}

/// The uniform law on `[low, high)`.
pub fn uniform(low: f64, high: f64) -> impl Fn(f64) -> f64 {
    move |x| ((x - low) / (high - low)).clamp(0.0, 1.0)
}

/// Fails where a share of `hits` in `n` lies outside the 99.9 % interval of the probability `p`.
pub fn assert_share(name: &str, hits: usize, n: usize, p: f64) {
    let half = 3.29 * (p * (1.0 - p) / n as f64).sqrt() + 0.5 / n as f64;
    let share = hits as f64 / n as f64;
    assert!((share - p).abs() <= half, "{name}: share {share}, probability {p} ± {half}");
}
