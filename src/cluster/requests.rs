//! When requests come in a replication: the week's shape, and surges beside it.

use std::sync::Arc;

use super::replication::begins_in_week;
use crate::model::{Model, Surges, Traffic};
use crate::random::{Owner, Purpose, Stream, Streams};
use crate::time::{Duration, SimTime};

/// A surge rises in steps of this length.
const RISE: Duration = Duration::from_secs(10);
/// How many times as many come is kept in thousandths.
const ONCE: f64 = 1_000.0;

/// The requests of a replication. An amount of them is told in nanoseconds of full traffic, in which as many come as do on average over
/// a week without surges.
#[derive(Debug, Clone)]
pub struct Requests {
    traffic: Arc<Traffic>,
    /// Time 0, in nanoseconds since the beginning of a Monday.
    begins: u64,
    /// By time; none meets another.
    surges: Arc<[Step]>,
}

/// A time in which more come than the week's shape says, so many times as much in each of its seconds.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Nanoseconds since time 0.
    from: u64,
    to: u64,
    /// What comes beside the usual, in thousandths of it.
    more: u64,
    /// What has come beside the usual before.
    before: u64,
}

impl Requests {
    /// Of a replication of a model; `None` if nothing is said of them.
    pub fn new(model: &Model, streams: Streams) -> Option<Self> {
        Self::in_week(model, begins_in_week(streams), streams)
    }

    /// The same where time 0 lies so long after the beginning of a Monday.
    pub(crate) fn in_week(model: &Model, week: Duration, streams: Streams) -> Option<Self> {
        let end = SimTime::ZERO + model.warm_up + model.horizon * 2;
        Some(Self::until_end(model.traffic.clone()?, week, streams, end))
    }

    /// The same with surges that begin before an instant.
    pub(crate) fn until_end(traffic: Traffic, week: Duration, streams: Streams, end: SimTime) -> Self {
        let mut requests = Self { traffic: Arc::new(traffic), begins: week.as_nanos(), surges: Arc::from([]) };
        if let Some(surges) = &requests.traffic.surges {
            let mut steps = steps(surges, streams, end.as_nanos());
            let mut before = 0;
            for step in &mut steps {
                step.before = before;
                before += requests.beside(step, step.to);
            }
            requests.surges = steps.into();
        }
        requests
    }

    /// What has come from time 0 on.
    pub fn until(&self, at: SimTime) -> u64 {
        let usual = self.traffic.come_until(self.begins + at.as_nanos()) - self.traffic.come_until(self.begins);
        let begun = self.surges.partition_point(|step| step.from < at.as_nanos());
        let last = begun.checked_sub(1).map(|last| &self.surges[last]);
        usual + last.map_or(0, |step| step.before + self.beside(step, step.to.min(at.as_nanos())))
    }

    /// What a surge brings beside the usual, up to an instant within it.
    fn beside(&self, step: &Step, to: u64) -> u64 {
        let usual = self.traffic.come_until(self.begins + to) - self.traffic.come_until(self.begins + step.from);
        (u128::from(usual) * u128::from(step.more) / ONCE as u128) as u64
    }

    /// Requests a second at an instant, and until when as many come.
    pub fn rate(&self, at: SimTime) -> (f64, SimTime) {
        let at = at.as_nanos();
        let stretch = self.traffic.stretch(self.begins + at);
        let until = stretch.end - self.begins;
        let ended = self.surges.partition_point(|step| step.to <= at);
        let (rate, until) = match self.surges.get(ended) {
            Some(step) if step.from <= at => (stretch.rate * (1.0 + step.more as f64 / ONCE), until.min(step.to)),
            Some(step) => (stretch.rate, until.min(step.from)),
            None => (stretch.rate, until),
        };
        (rate, SimTime::from_nanos(until))
    }

    /// From an instant on, before another one, the first at which fewer or more come in a second than these.
    pub fn first_outside(&self, from: SimTime, to: SimTime, bounds: (f64, f64)) -> Option<SimTime> {
        let (mut at, to) = (from.as_nanos(), to.as_nanos());
        let mut next = self.surges.partition_point(|step| step.to <= at);
        while at < to {
            let surge = self.surges.get(next).filter(|step| step.from < to);
            // Up to the surge the week's shape alone counts.
            let until = surge.map_or(to, |step| step.from.max(at));
            if let Some(found) = self.traffic.first_outside(self.begins + at, self.begins + until, bounds) {
                return Some(SimTime::from_nanos(found - self.begins));
            }
            let Some(step) = surge else { break };
            let times = 1.0 + step.more as f64 / ONCE;
            let (from, until) = (until, step.to.min(to));
            let within = (bounds.0 / times, bounds.1 / times);
            if let Some(found) = self.traffic.first_outside(self.begins + from, self.begins + until, within) {
                return Some(SimTime::from_nanos(found - self.begins));
            }
            (at, next) = (until, next + 1);
        }
        None
    }

    /// Requests a second that no instant between these has more of.
    pub fn most_between(&self, from: SimTime, to: SimTime) -> f64 {
        let (from, to) = (from.as_nanos(), to.as_nanos());
        let usual = self.traffic.most_between(self.begins + from, self.begins + to);
        let first = self.surges.partition_point(|step| step.to <= from);
        let meets = self.surges[first..].iter().take_while(|step| step.from < to);
        usual * (1.0 + meets.map(|step| step.more).max().unwrap_or(0) as f64 / ONCE)
    }

    /// When surges begin.
    pub fn surges(&self) -> impl Iterator<Item = SimTime> {
        let begins = |&number: &usize| number == 0 || self.surges[number - 1].to < self.surges[number].from;
        (0..self.surges.len()).filter(begins).map(|number| SimTime::from_nanos(self.surges[number].from))
    }
}

/// The surges of a replication that begin before an instant.
fn steps(surges: &Surges, streams: Streams, end: u64) -> Vec<Step> {
    let stream = |which| -> Stream { streams.stream(Owner::Replication, Purpose::Surges(which)) };
    let [every, lasts, times] = [0, 1, 2].map(stream);
    let mut steps = Vec::new();
    let mut at = 0_u64;
    for number in 0.. {
        at = at.saturating_add(Duration::from_secs_f64(every.draw(number, &surges.every)).as_nanos());
        if at >= end {
            break;
        }
        let lasts = Duration::from_secs_f64(lasts.draw(number, &surges.lasts)).as_nanos();
        let over = at.saturating_add(lasts).min(end);
        let (least, most) = surges.times;
        let more = (least + (most - least) * times.uniform(number) - 1.0) * ONCE;
        let rises = surges.rises.as_nanos().min(over - at).div_ceil(RISE.as_nanos());
        let mut put = |from: u64, to: u64, more: f64| {
            let more = more.round() as u64;
            if from < to && more > 0 {
                steps.push(Step { from, to, more, before: 0 });
            }
        };
        for step in 0..rises {
            let from = at + step * RISE.as_nanos();
            put(from, (from + RISE.as_nanos()).min(over), more * (step as f64 + 0.5) / rises as f64);
        }
        put(at + rises * RISE.as_nanos(), over, more);
        at = over;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Law;

    const HOUR: f64 = 3_600.0;

    fn at(secs: f64) -> SimTime {
        SimTime::ZERO + Duration::from_secs_f64(secs)
    }

    fn requests(surges: Surges, index: u64) -> Requests {
        let traffic = Traffic::flat(10.0).unwrap().with_surges(surges);
        Requests::until_end(traffic, Duration::ZERO, Streams::new(5, index), at(2.0 * 86_400.0))
    }

    /// Every two hours for half an hour three times as much, rising within a minute.
    fn regular() -> Surges {
        let law = |secs| Law::fixed(secs).unwrap();
        Surges { every: law(2.0 * HOUR), lasts: law(0.5 * HOUR), times: (3.0, 3.0), rises: Duration::from_secs(60) }
    }

    #[test]
    fn a_surge_rises_stays_and_is_over() {
        let requests = requests(regular(), 0);
        let begins: Vec<f64> = requests.surges().map(SimTime::as_secs_f64).collect();
        assert_eq!(begins[..3], [2.0 * HOUR, 4.5 * HOUR, 7.0 * HOUR]);
        let rate = |secs: f64| requests.rate(at(2.0 * HOUR + secs)).0;
        // Six steps of 10 s, each in the middle of what it rises by.
        assert!(
            [-1.0, 1.0, 11.0, 55.0, 60.0, 1_799.0, 1_800.0]
                .map(rate)
                .iter()
                .zip([10.0, 11.67, 15.0, 28.33, 30.0, 30.0, 10.0])
                .all(|(rate, wanted)| (rate - wanted).abs() < 0.01)
        );
        assert_eq!(requests.rate(at(HOUR)).1, at(2.0 * HOUR));
        assert_eq!(requests.rate(at(2.0 * HOUR + 60.0)).1, at(2.5 * HOUR));
        assert_eq!(requests.most_between(at(HOUR), at(2.0 * HOUR)), 10.0);
        assert_eq!(requests.most_between(at(HOUR), at(2.0 * HOUR + 100.0)), 30.0);
        assert_eq!(requests.most_between(at(2.5 * HOUR), at(3.0 * HOUR)), 10.0);
    }

    /// What has come is the sum over the rates, whatever the steps.
    #[test]
    fn what_comes_is_the_integral_of_the_rate() {
        let law = Law::exponential(HOUR).unwrap();
        let surges = Surges { every: law.clone(), lasts: law, times: (1.5, 4.0), rises: Duration::from_secs(95) };
        for index in 0..20 {
            let requests = requests(surges.clone(), index);
            let (mut now, mut sum) = (SimTime::ZERO, 0.0);
            while now < at(86_400.0) {
                let (rate, until) = requests.rate(now);
                let until = until.min(at(86_400.0));
                sum += rate / 10.0 * until.since(now).as_secs_f64();
                now = until;
                let come = requests.until(now) as f64 / 1e9;
                assert!((come - sum).abs() < 1e-3, "{come} {sum}");
            }
            assert!(requests.surges().count() > 5);
        }
    }
}
