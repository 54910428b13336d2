//! Which assumption matters: what was lost with less and with more of each parameter, compared replication by
//! replication.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Scale, downtime_moments, failed_moments, times, written};
use super::played::Outline;
use super::result::Estimate;
use super::runner::{DOWNTIME, FAILED, Tally, Value as Loss};
use super::summary::Summary;
use crate::model::YEAR;
use crate::stats::{Interval, Mean, Moments, Paired, amounts, ratio, rests_on_few, twelve_digits};
use crate::study::Parameter;

/// A parameter and what hangs on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// Its path, as in `vary`.
    pub key: String,
    /// Its value as written, or by default.
    pub base: Value,
    /// The lesser value that was played; the base where less is not allowed.
    pub low: Value,
    /// The greater one.
    pub high: Value,
    /// It is a whole number, which changes by steps: read the change.
    pub whole: bool,
    /// Of the downtime.
    pub downtime: Response,
    /// Of the failed requests.
    pub failed: Response,
}

/// What a loss does when a parameter is changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// By how many percent it grows for each percent of the parameter; `null` where nothing was lost, or so rarely that
    /// there is no interval, where no pair differed, or where the parameter is 0.
    pub elasticity: Option<Estimate>,
    /// The loss at the greater value less that at the lesser, in seconds a year.
    pub change_s_per_year: Estimate,
    /// The loss itself at the lesser and at the greater value, in seconds a year.
    pub at_s_per_year: [f64; 2],
}

/// The sum of a difference and of what the base lost, replication by replication: its variance tells how they go
/// together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct WithBase {
    downtime: Moments,
    failed: Moments,
}

impl WithBase {
    /// Adds the replications of a batch, those that they are compared with, and the base's.
    pub fn add(&mut self, ours: &[Loss], theirs: &[Loss], base: &[Loss]) {
        for ((ours, theirs), base) in ours.iter().zip(theirs).zip(base) {
            self.downtime.add(ours.downtime - theirs.downtime + base.downtime);
            self.failed.add(ours.failed - theirs.failed + base.failed);
        }
    }

    /// Adds every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.downtime.merge(&other.downtime);
        self.failed.merge(&other.failed);
    }
}

/// Of every parameter that was asked about.
pub(super) fn results(outline: &Outline, tallies: &[Tally]) -> Vec<Sensitivity> {
    let played = |parameter: &&Parameter| tallies[parameter.scenarios[0].max(parameter.scenarios[1])].has_any();
    let result = |parameter: &Parameter| {
        let [low, high] = parameter.scenarios;
        let (base, later) = (&tallies[0], &tallies[low.max(high)]);
        let scale = Scale::of(outline, &outline.scenarios[low.max(high)], &later.summary);
        let sides = parameter.scenarios.map(|side| &tallies[side].summary);
        let respond = |difference, together, moments: fn(&Summary) -> &Moments| {
            let (base, sides) = (moments(&base.summary), sides.map(moments));
            Pair { parameter, difference, base, sides, together, scale: &scale }.response()
        };
        let [written_base, written_low, written_high] = parameter.written.clone();
        Sensitivity {
            key: parameter.key.clone(),
            base: written_base,
            low: written_low,
            high: written_high,
            whole: parameter.whole,
            downtime: respond(later.differences.plain(DOWNTIME), &later.with_base.downtime, downtime_moments),
            failed: respond(later.differences.plain(FAILED), &later.with_base.failed, failed_moments),
        }
    };
    outline.header.sensitivity.iter().filter(played).map(result).collect()
}

/// The two sides of a parameter in one respect.
struct Pair<'a> {
    parameter: &'a Parameter,
    /// The later scenario less the earlier.
    difference: &'a Paired,
    base: &'a Moments,
    /// With less and with more.
    sides: [&'a Moments; 2],
    together: &'a Moments,
    scale: &'a Scale,
}

impl Pair<'_> {
    fn response(&self) -> Response {
        let change = self.scale.difference(self.difference.mean(self.scale.confidence));
        let change = if self.is_reversed() { negated(change) } else { change };
        Response {
            elasticity: self.elasticity(&change).map(written),
            change_s_per_year: written(change),
            at_s_per_year: self.sides.map(|side| twelve_digits(side.mean() / self.micros_per_year_second())),
        }
    }

    /// Whether the later scenario is that with less.
    fn is_reversed(&self) -> bool {
        self.parameter.scenarios[0] > self.parameter.scenarios[1]
    }

    fn elasticity(&self, change: &Estimate) -> Option<Estimate> {
        let [base, low, high] = self.parameter.numbers;
        let relative = (high - low) / base;
        // Where no pair differed nothing is known but that.
        if !relative.is_finite() || relative == 0.0 || change.bound {
            return None;
        }
        let lost = amounts(self.base, self.scale.confidence)?;
        let unit = self.micros_per_year_second();
        let lost = Mean { mean: self.base.mean(), interval: lost };
        let interval = Interval { low: change.low * unit, high: change.high * unit };
        let change_rests_on_few = change.rests_on_few;
        let change = Mean { mean: change.mean * unit, interval };
        let interval = ratio(change, lost, self.correlation())?;
        let rests_on_few = change_rests_on_few || rests_on_few(self.base);
        let (mean, Interval { low, high }) = (change.mean / lost.mean, interval);
        let estimate = Estimate { mean, low, high, bound: false, rests_on_few };
        Some(times(estimate, 1.0 / relative))
    }

    /// Microseconds of a replication that make a second a year.
    fn micros_per_year_second(&self) -> f64 {
        1e6 * self.scale.horizon.as_secs_f64() / YEAR.as_secs_f64()
    }

    /// Of the change and of what the base lost.
    fn correlation(&self) -> f64 {
        let variance = |moments: &Moments| moments.variance().unwrap_or(0.0);
        let (difference, base) = (variance(&self.difference.moments()), variance(self.base));
        let both = (difference * base).sqrt();
        let shared = (variance(self.together) - difference - base) / 2.0;
        let correlation = if both > 0.0 { (shared / both).clamp(-1.0, 1.0) } else { 0.0 };
        if self.is_reversed() { -correlation } else { correlation }
    }
}

fn negated(estimate: Estimate) -> Estimate {
    let Estimate { mean, low, high, .. } = estimate;
    Estimate { mean: -mean, low: -high, high: -low, ..estimate }
}
