//! Repairable units, without Kubernetes: the engine and importance sampling against Markov and renewal theory.
//!
//! Units fail at a constant rate and are repaired; the system is down while fewer than
//! `needs` are up. Down states are so rare that plain simulation would see few of them, so
//! from the first failure until the system is down the other units fail [`BIAS`] times as
//! often, and what is seen is weighted by the likelihood ratio. A cycle runs from one moment with all units up to the
//! next: unavailability is the mean weighted downtime of a cycle over its mean length, the
//! length from cycles of their own without bias (Goyal et al., IEEE Trans. Computers 41:36, 1992).

use rayon::prelude::*;

use super::judge::{Title, estimate};
use crate::engine::{Cx, Engine, World};
use crate::random::{Law, Owner, Purpose, Stream, Streams};
use crate::time::{Duration, SimTime};
use crate::verify::row::Row;

const HOUR: f64 = 3600.0;
/// Rate of failures of the units that are up, while one is down, against the true one. The two units left may not
/// fail as often as one is repaired, or the weights would have no variance.
const BIAS: f64 = 300.0;
/// Cycles with bias, and as many without.
const CYCLES: u64 = 2_400_000;
/// Cycles played by one engine.
const BATCH: u64 = 2_000;

/// Units, and how they are repaired.
#[derive(Debug, Clone)]
struct Units {
    count: usize,
    needs: usize,
    mttf: f64,
    repair: Law,
    /// Units repaired at a time.
    channels: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A unit fails, if no other event came first since this number was drawn.
    Failed {
        unit: usize,
        drawn: u64,
    },
    Repaired {
        unit: usize,
    },
}

/// A batch of cycles in play.
struct Play<'u> {
    units: &'u Units,
    bias: f64,
    stream: Stream,
    draws: u64,
    up: Vec<bool>,
    /// Down, in the order of their failures; the first `channels` are being repaired.
    queue: Vec<usize>,
    changes: u64,
    last: SimTime,
    began: SimTime,
    log_weight: f64,
    was_down: bool,
    down: f64,
    cycles: Vec<Cycle>,
}

#[derive(Debug, Clone, Copy)]
struct Cycle {
    length: f64,
    weighted_down: f64,
}

impl Play<'_> {
    fn draw(&mut self, law: &Law) -> f64 {
        self.draws += 1;
        self.stream.draw(self.draws, law)
    }

    fn up_count(&self) -> usize {
        self.up.iter().filter(|&&up| up).count()
    }

    /// The system has not been down in this cycle, and may soon be.
    fn is_biased(&self) -> bool {
        !self.queue.is_empty() && !self.was_down
    }

    /// Accounts for the time since the last change: its downtime, and what the bias made of staying so long.
    fn account(&mut self, now: SimTime) {
        let span = now.since(self.last).as_secs_f64();
        self.last = now;
        if self.is_biased() {
            self.log_weight += (self.bias - 1.0) * self.up_count() as f64 * span / self.units.mttf;
        }
        if self.up_count() < self.units.needs {
            self.down += span;
        }
    }

    /// The state has changed: failures have no memory, so all of them are drawn anew.
    fn draw_failures(&mut self, cx: &mut Cx<'_, Event>) {
        self.changes += 1;
        let mean = if self.is_biased() { self.units.mttf / self.bias } else { self.units.mttf };
        let law = Law::exponential(mean).expect("a mean time to failure is positive");
        for unit in 0..self.up.len() {
            if self.up[unit] {
                let after = Duration::from_secs_f64(self.draw(&law));
                cx.after(after, Event::Failed { unit, drawn: self.changes });
            }
        }
    }

    fn begin_repair(&mut self, cx: &mut Cx<'_, Event>, unit: usize) {
        let law = self.units.repair.clone();
        let after = Duration::from_secs_f64(self.draw(&law));
        cx.after(after, Event::Repaired { unit });
    }

    fn on_failed(&mut self, cx: &mut Cx<'_, Event>, unit: usize) {
        self.account(cx.now());
        if self.is_biased() {
            self.log_weight -= self.bias.ln();
        }
        self.up[unit] = false;
        self.was_down |= self.up_count() < self.units.needs;
        self.queue.push(unit);
        if self.queue.len() <= self.units.channels {
            self.begin_repair(cx, unit);
        }
        self.draw_failures(cx);
    }

    fn on_repaired(&mut self, cx: &mut Cx<'_, Event>, unit: usize) {
        self.account(cx.now());
        self.up[unit] = true;
        self.queue.retain(|&down| down != unit);
        if let Some(&next) = self.queue.get(self.units.channels - 1) {
            self.begin_repair(cx, next);
        }
        if self.queue.is_empty() {
            let length = cx.now().since(self.began).as_secs_f64();
            let weighted_down = self.down * self.log_weight.exp();
            self.cycles.push(Cycle { length, weighted_down });
            self.began = cx.now();
            self.log_weight = 0.0;
            self.was_down = false;
            self.down = 0.0;
        }
        self.draw_failures(cx);
    }
}

impl World for Play<'_> {
    type Event = Event;

    fn handle(&mut self, cx: &mut Cx<'_, Event>, event: Event) {
        match event {
            Event::Failed { unit, drawn } if drawn == self.changes => self.on_failed(cx, unit),
            Event::Failed { .. } => {}
            Event::Repaired { unit } => self.on_repaired(cx, unit),
        }
    }
}

fn cycles(units: &Units, bias: f64, seed: u64) -> Vec<Cycle> {
    let batch = |index| {
        let mut play = Play {
            units,
            bias,
            stream: Streams::new(seed, index).stream(Owner::Replication, Purpose::Initial),
            draws: 0,
            up: vec![true; units.count],
            queue: Vec::new(),
            changes: 0,
            last: SimTime::ZERO,
            began: SimTime::ZERO,
            log_weight: 0.0,
            was_down: false,
            down: 0.0,
            cycles: Vec::new(),
        };
        let mut engine = Engine::new(SimTime::NEVER);
        play.draw_failures(&mut engine.cx());
        while play.cycles.len() < BATCH as usize && engine.step(&mut play, SimTime::NEVER) {}
        play.cycles
    };
    (0..CYCLES / BATCH).into_par_iter().flat_map_iter(batch).collect()
}

/// Mean and variance.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, values.map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Unavailability and its standard error, by the ratio of two independent means.
fn unavailability(units: &Units, seed: u64) -> (f64, f64) {
    let biased = cycles(units, BIAS, seed);
    let plain = cycles(units, 1.0, seed + 1);
    let (down, down_variance) = moments(biased.iter().map(|cycle| cycle.weighted_down));
    let (length, length_variance) = moments(plain.iter().map(|cycle| cycle.length));
    let u = down / length;
    let relative = down_variance / down.powi(2) + length_variance / length.powi(2);
    (u, u * (relative / CYCLES as f64).sqrt())
}

/// A row for each system.
pub fn rows(check: &'static str, seed: u64) -> Vec<Row> {
    let judged = systems(check).into_iter().enumerate().map(|(i, (title, units, exact))| {
        let (u, error) = unavailability(&units, seed + 10 * i as u64);
        estimate(title, u, error, exact)
    });
    judged.collect()
}

/// 2 of 3 with repairs of their own; 1 of 2 with one repair channel; each with its exact unavailability.
fn systems(check: &'static str) -> [(Title, Units, f64); 3] {
    let (mttf, mttr) = (1000.0 * HOUR, HOUR);
    let exponential = Law::exponential(mttr).expect("positive");
    let fixed = Law::fixed(mttr).expect("positive");
    let three = Units { count: 3, needs: 2, mttf, repair: exponential.clone(), channels: 3 };
    let two = |repair| Units { count: 2, needs: 1, mttf, repair, channels: 1 };
    let q = mttr / (mttf + mttr);
    // With the repair law R and g = E exp(−R/mttf): (E R − (1 − g) mttf) / (E R + g mttf/2).
    let channel = |g: f64| (mttr - (1.0 - g) * mttf) / (mttr + g * mttf / 2.0);
    let title = |what, note| Title { check, what, note };
    [
        (
            title("U, 2 of 3 needed, MTTF 1000 h, MTTR 1 h", "independent: 3q²(1−q) + q³; engine and statistics alone"),
            three,
            3.0 * q * q * (1.0 - q) + q.powi(3),
        ),
        (
            title("U, 1 of 2 needed, one repair channel, R = 1 h", "renewal theory; engine and statistics alone"),
            two(fixed),
            channel((-mttr / mttf).exp()),
        ),
        (
            title("U, 1 of 2 needed, one repair channel, R ~ Exp(1 h)", "renewal theory; engine and statistics alone"),
            two(exponential),
            channel(mttf / (mttf + mttr)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    /// The formulas give the numbers that are known for them.
    #[test]
    fn the_exact_values() {
        let known = [2.992_014_976_0e-6, 9.986_675_8e-7, 1.996_004_0e-6];
        for ((_, _, found), exact) in super::systems("repairable").into_iter().zip(known) {
            assert!((found / exact - 1.0).abs() < 1e-7, "{found:e} {exact:e}");
        }
    }
}
