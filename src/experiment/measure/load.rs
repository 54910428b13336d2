//! What is lost of the requests where it is known how many come, by the hour, and what a Pod can take.
//!
//! Each of n Pods in rotation is sent an n-th of the requests, answers as many as it can, and refuses the others at once or lets them
//! wait. So the share that is lost hangs on the hour, and where they wait on what has been. What would be lost with all Pods of the
//! Deployment in rotation from the beginning on is `overload`; the rest is borne by the slots that are missing, and where none is missing
//! any more and their backlog has stayed, by those that were when it began.

use super::members::Bearers;
use crate::cluster;
use crate::experiment::division::{Bearer, Division, Fraction, Key};
use crate::experiment::requests::{Requests, Stretch};
use crate::history::{Cause, CauseSet, Phase};
use crate::model::Model;

/// Shares are rounded to parts of this.
pub(super) const PARTS: u64 = 1 << 40;

/// The requests to a service, and what is lost of them.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub requests: Requests,
    pub counts: Counts,
    pub division: Division,
    pub overload: CauseSet,
    /// Those who were missing when queues began to grow, or failed, until these are at rest again.
    pub blamed: Vec<Blamed>,
}

/// A slot that was missing, or a Pod that failed.
#[derive(Debug, Clone)]
pub(super) struct Blamed {
    key: Key,
    weight: u32,
    causes: CauseSet,
}

/// What shares come to, in whole nanoseconds, whatever the steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    failing: Fraction,
    shedding: Fraction,
    late: Fraction,
    /// The failed share of the time, as alerts see it.
    of_time: Fraction,
}

/// Which shares of the requests are lost at a rate, in parts of [`PARTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    /// In all.
    pub all: u64,
    /// Of these, as Pods that serve cannot take them.
    pub shed: u64,
    /// Of these, as they would be answered too late.
    pub late: u64,
    /// Of these, as all Pods together could not take them either.
    pub overload: u64,
    /// More comes than the Pods can take, or what has come before waits still.
    pub is_overloaded: bool,
}

/// What a stretch of counted time has lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    /// Nanoseconds of full traffic.
    pub failed: u64,
    pub shed: u64,
    pub late: u64,
    /// Nanoseconds in which more came than the Pods could take.
    pub overloaded: u64,
    /// Nanoseconds of the time, by the share that failed.
    pub of_time: u64,
}

impl Load {
    /// Of a replication with these requests; `None` if nothing is said of them.
    pub fn new(model: &Model, requests: Option<cluster::Requests>) -> Option<Box<Self>> {
        let requests = Requests::counted(requests?, model);
        let (counts, division) = (Counts::default(), Division::default());
        Some(Box::new(Self { requests, counts, division, overload: Cause::Overload.into(), blamed: Vec::new() }))
    }
}

impl Counts {
    /// What is lost in a stretch with these shares.
    pub fn pass(&mut self, stretch: Stretch, lost: Lost) -> Passed {
        let (time, come) = (stretch.to.since(stretch.from).as_nanos(), stretch.come);
        Passed {
            failed: self.failing.grow(come, lost.all, PARTS),
            shed: self.shedding.grow(come, lost.shed, PARTS),
            late: self.late.grow(come, lost.late, PARTS),
            overloaded: if lost.is_overloaded { time } else { 0 },
            // An error rate is one of requests: without any there is none.
            of_time: self.of_time.grow(if come > 0 { time } else { 0 }, lost.all, PARTS),
        }
    }
}

impl Lost {
    /// From shares in [0, 1]: what fails, what would if Pods could take anything, and what would if all were there; and which share of
    /// what they cannot take would be answered too late.
    pub fn of([all, without_capacity, with_all_pods]: [f64; 3], late: f64, is_overloaded: bool) -> Self {
        let parts = |share: f64| (share.clamp(0.0, 1.0) * PARTS as f64).round() as u64;
        let all = parts(all);
        let shed = all.saturating_sub(parts(without_capacity));
        let late = ((shed as f64 * late) as u64).min(shed);
        Self { all, shed, late, overload: parts(with_all_pods).min(all), is_overloaded: is_overloaded && shed > 0 }
    }

    /// Who bears what is lost, each with its weight: what all Pods could not take is nobody's; what those that are left cannot take, or
    /// there is nobody to take, is that of the slots that are missing, or were; and what Pods fail is theirs.
    pub fn bearers<'a>(
        self,
        mut failing: Bearers<'a>,
        mut missing: Bearers<'a>,
        overload: &'a CauseSet,
        blamed: &'a [Blamed],
    ) -> Bearers<'a> {
        let rest = self.all - self.overload;
        let mut by_missing = self.shed.saturating_sub(self.overload);
        if missing.is_empty() && by_missing > 0 {
            missing.extend(blamed.iter().map(Blamed::bearer));
        }
        if missing.is_empty() {
            by_missing = 0;
        } else if failing.is_empty() {
            by_missing = rest;
        }
        share(&mut failing, rest - by_missing);
        share(&mut missing, by_missing);
        let nobody = failing.is_empty() && missing.is_empty();
        let by_nobody = weight(if nobody { self.all } else { self.overload });
        let mut bearers = failing;
        bearers.append(&mut missing);
        bearers.retain(|bearer| bearer.weight > 0);
        if by_nobody > 0 {
            let key = (usize::MAX, 1);
            bearers.push(Bearer { key, weight: by_nobody, causes: overload, phase: Phase::Reschedule });
        }
        bearers.sort_by_key(|bearer| bearer.key);
        bearers
    }
}

impl Blamed {
    /// One who bears a part now.
    pub fn of(bearer: &Bearer<'_>) -> Self {
        let Bearer { key, weight, causes, .. } = *bearer;
        Self { key, weight, causes: causes.clone() }
    }

    fn bearer(&self) -> Bearer<'_> {
        Bearer { key: self.key, weight: self.weight, causes: &self.causes, phase: Phase::Backlog }
    }
}

/// Divides a share among these, in the proportion of their weights.
fn share(bearers: &mut Bearers<'_>, part: u64) {
    let all: u64 = bearers.iter().map(|bearer| u64::from(bearer.weight)).sum();
    for bearer in bearers {
        let its = u128::from(part) * u128::from(bearer.weight) / u128::from(all);
        bearer.weight = weight(its as u64);
    }
}

/// The weight of one who bears such a share: fine enough for a share of a millionth.
fn weight(part: u64) -> u32 {
    const FINENESS: u64 = PARTS >> 31;
    if part == 0 { 0 } else { (part / FINENESS).max(1) as u32 }
}
