//! Sensitivity analysis: the losses with less and with more of each parameter, compared replication by replication.

use super::facts::StudyFacts;
use super::scale::Scale;
use crate::experiment::tally::{DOWNTIME, FAILED, Summary, Tally};
use crate::model::YEAR;
use crate::results::{Estimate, Response, Sensitivity};
use crate::stats::{Interval, Mean, Moments, Paired, amounts, ratio, rests_on_few, twelve_digits};
use crate::study::Parameter;

/// The sensitivity to every parameter that was asked about.
pub fn results(study: &StudyFacts, tallies: &[Tally]) -> Vec<Sensitivity> {
    let played = |parameter: &&Parameter| tallies[parameter.scenarios[0].max(parameter.scenarios[1])].has_any();
    let result = |parameter: &Parameter| {
        let [low, high] = parameter.scenarios;
        let (base, later) = (&tallies[0], &tallies[low.max(high)]);
        let scale = Scale::of(study, &study.scenarios[low.max(high)], &later.summary);
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
            downtime: respond(later.differences.plain(DOWNTIME), &later.with_base.downtime, Summary::downtime_moments),
            failed: respond(later.differences.plain(FAILED), &later.with_base.failed, Summary::failed_moments),
        }
    };
    study.header.sensitivity.iter().filter(played).map(result).collect()
}

/// The two sides of a parameter, and one kind of loss.
struct Pair<'a> {
    parameter: &'a Parameter,
    /// The later scenario less the earlier.
    difference: &'a Paired,
    base: &'a Moments,
    /// The losses with less and with more of the parameter.
    sides: [&'a Moments; 2],
    together: &'a Moments,
    scale: &'a Scale,
}

impl Pair<'_> {
    fn response(&self) -> Response {
        let change = self.scale.difference(self.difference.mean(self.scale.confidence));
        let change = if self.is_reversed() { change.negated() } else { change };
        Response {
            elasticity: self.elasticity(&change).map(Estimate::rounded),
            change_s_per_year: change.rounded(),
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
        Some(estimate.times(1.0 / relative))
    }

    /// Microseconds of a replication that make a second a year.
    fn micros_per_year_second(&self) -> f64 {
        1e6 * self.scale.horizon.as_secs_f64() / YEAR.as_secs_f64()
    }

    /// The correlation of the change with the loss of the base.
    fn correlation(&self) -> f64 {
        let variance = |moments: &Moments| moments.variance().unwrap_or(0.0);
        let (difference, base) = (variance(&self.difference.moments()), variance(self.base));
        let both = (difference * base).sqrt();
        let shared = (variance(self.together) - difference - base) / 2.0;
        let correlation = if both > 0.0 { (shared / both).clamp(-1.0, 1.0) } else { 0.0 };
        if self.is_reversed() { -correlation } else { correlation }
    }
}
