//! A pool in the course of time.

use super::pool::{Outlook, Pool};
use crate::time::{Duration, SimTime};

/// Queues, and the step of theirs that is under way. It ends where something changes, and not where somebody looks.
#[derive(Debug, Clone)]
pub struct Watched {
    /// As it was when the step began.
    pub pool: Pool,
    step: Option<Step>,
}

/// A time in which nothing changes but by what flows.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// When it began.
    pub from: SimTime,
    /// When it ends, if nothing ends it before; never at rest.
    pub to: SimTime,
    /// Requests a second.
    pub rate: f64,
    /// What becomes of them.
    pub outlook: Outlook,
}

impl Watched {
    /// Before the first step.
    pub fn new(pool: Pool) -> Self {
        Self { pool, step: None }
    }

    /// What becomes of so many requests a second from an instant on that is no earlier than any before.
    pub fn look(&mut self, at: SimTime, rate: f64) -> Step {
        if let Some(step) = self.step.filter(|step| at < step.to && step.rate.to_bits() == rate.to_bits()) {
            return step;
        }
        self.end_step(at);
        let outlook = self.pool.look(rate);
        let to = if outlook.seconds.is_finite() {
            at + Duration::from_secs_f64(outlook.seconds).max(Duration::from_nanos(1))
        } else {
            SimTime::NEVER
        };
        let step = Step { from: at, to, rate, outlook };
        self.step = Some(step);
        step
    }

    /// Seconds of the step under way that have passed at an instant.
    pub fn into_step(&self, at: SimTime) -> f64 {
        self.step.map_or(0.0, |step| at.saturating_since(step.from).as_secs_f64())
    }

    /// The step under way ends, and something is different from now on.
    pub fn change(&mut self, now: SimTime, change: impl FnOnce(&mut Pool)) {
        self.end_step(now);
        change(&mut self.pool);
    }

    fn end_step(&mut self, at: SimTime) {
        if let Some(step) = self.step.take() {
            self.pool.pass(at.since(step.from).as_secs_f64());
        }
    }
}
