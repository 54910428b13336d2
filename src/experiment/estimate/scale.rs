//! From sums over replications to rates: shares, seconds and events a year, with their intervals.

use super::facts::{ScenarioFacts, StudyFacts};
use crate::experiment::tally::{Summary, Total};
use crate::model::YEAR;
use crate::results::Estimate;
use crate::stats::{Interval, MeanDifference, Moments, amounts, counts, most_events, rests_on_few};
use crate::study::{Form, Metric, Quantity};
use crate::time::Duration;

/// Nanoseconds of a second.
pub const NANOS: f64 = 1e9;
/// Microseconds of a second.
pub const MICROS: f64 = 1e6;

/// Turns what was summed over the replications of a scenario into rates.
pub struct Scale {
    pub replications: u64,
    pub horizon: Duration,
    pub confidence: f64,
    /// The share of the time that may be lost where none was.
    pub most_lost: f64,
    /// What amounts of requests are multiplied by to be parts of those that came: 1 where nobody says how many, and nearly so over whole
    /// weeks.
    of_requests: f64,
}

impl Scale {
    /// The scale for the summary of a scenario.
    pub fn of(study: &StudyFacts, scenario: &ScenarioFacts, summary: &Summary) -> Self {
        let (horizon, confidence) = (study.horizon(), study.header.confidence);
        let most_lost = scenario.coincidence.most_lost(summary, horizon, confidence);
        let scale = Self { replications: summary.replications, horizon, confidence, most_lost, of_requests: 1.0 };
        let came = scale.share(summary.totals[Quantity::Requests].sum);
        Self { of_requests: if came > 0.0 { 1.0 / came } else { 1.0 }, ..scale }
    }

    /// The same, with the wider of both bounds.
    pub fn or_wider(&self, other: &Self) -> Self {
        Self { most_lost: self.most_lost.max(other.most_lost), ..*self }
    }

    /// Counted nanoseconds to seconds a year.
    pub fn seconds_per_year(&self, nanos: u128) -> f64 {
        self.share(nanos) * YEAR.as_secs_f64()
    }

    /// The same of full traffic.
    pub fn request_seconds_per_year(&self, nanos: u128) -> f64 {
        self.seconds_per_year(nanos) * self.of_requests
    }

    fn share(&self, nanos: u128) -> f64 {
        nanos as f64 / (self.replications as f64 * self.horizon.as_nanos() as f64)
    }

    /// What a summary says of a metric.
    pub fn estimate(&self, metric: Metric, summary: &Summary) -> Estimate {
        let definition = metric.definition();
        let total = &summary.totals[definition.quantity];
        let is_of_requests = definition.quantity == Quantity::FailedRequests;
        match definition.form {
            Form::ShareKept if is_of_requests => self.lost_requests(total).complement(),
            Form::ShareKept => self.lost(total).complement(),
            Form::SecondsPerYear if is_of_requests => self.requests(total),
            Form::SecondsPerYear => self.time(total),
            Form::EventsPerYear => self.events(&total.moments),
        }
    }

    /// A quantity of time, in seconds a year.
    pub fn time(&self, total: &Total) -> Estimate {
        self.lost(total).times(YEAR.as_secs_f64())
    }

    /// A quantity of requests, in seconds of full traffic a year.
    pub fn requests(&self, total: &Total) -> Estimate {
        self.lost_requests(total).times(YEAR.as_secs_f64())
    }

    /// The share of the requests that a quantity of them is.
    fn lost_requests(&self, total: &Total) -> Estimate {
        let lost = self.lost(total);
        let [mean, low, high] = [lost.mean, lost.low, lost.high].map(|share| (share * self.of_requests).min(1.0));
        Estimate { mean, low, high, ..lost }
    }

    /// The share of the counted time that a quantity of time takes.
    fn lost(&self, total: &Total) -> Estimate {
        let (mean, moments) = (self.share(total.sum), &total.moments);
        match amounts(moments, self.confidence) {
            Some(interval) => {
                let part = MICROS * self.horizon.as_secs_f64();
                let interval = Interval { low: interval.low / part, high: (interval.high / part).min(1.0) };
                Estimate { rests_on_few: rests_on_few(moments), ..Estimate::within(mean, interval, false) }
            }
            None => Estimate::within(mean, Interval { low: 0.0, high: self.most_lost }, true),
        }
    }

    /// Events a year.
    pub fn events(&self, moments: &Moments) -> Estimate {
        let per_year = YEAR.as_secs_f64() / self.horizon.as_secs_f64();
        let most = most_events(self.confidence) / self.replications as f64;
        let (interval, bound) = match counts(moments, self.confidence) {
            Some(interval) => (interval, false),
            None => (Interval { low: 0.0, high: most }, true),
        };
        Estimate::within(moments.mean(), interval, bound).times(per_year)
    }

    /// A difference of lost requests, in seconds of full traffic a year.
    pub fn request_difference(&self, mean: MeanDifference) -> Estimate {
        self.difference(mean).times(self.of_requests)
    }

    /// A difference of lost time, in seconds a year. Where no pair differed, it is bounded as a loss is that nobody saw.
    pub fn difference(&self, mean: MeanDifference) -> Estimate {
        let part = MICROS * self.horizon.as_secs_f64();
        let most = self.most_lost;
        let (interval, bound) =
            mean.interval.map_or((Interval { low: -most, high: most }, true), |Interval { low, high }| {
                (Interval { low: low / part, high: high / part }, false)
            });
        let estimate = Estimate::within(mean.mean / part, interval, bound);
        Estimate { rests_on_few: mean.rests_on_few, ..estimate }.times(YEAR.as_secs_f64())
    }
}
