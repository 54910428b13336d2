//! How many requests come, by the time of the week.

use super::calendar::WEEK;
use crate::queueing::Clients;
use crate::random::Law;
use crate::time::Duration;

/// Hours of a week.
const HOURS: usize = 7 * 24;
/// Minutes of an hour.
const MINUTES: usize = 60;

/// The requests to a service. Within a step, an hour or a minute of the week, as many come each second.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Requests a second, on average over a week; above 0.
    rate: f64,
    /// What comes in each step of the week, from the first of Monday on, in parts of the whole.
    parts: Vec<u32>,
    /// What has come before each, and in all.
    before: Vec<u64>,
    /// Of each, the first later one that brings another part, or the end of the week.
    changes: Vec<u32>,
    /// Nanoseconds of a step.
    step: u64,
    /// What comes beside that now and then.
    pub surges: Option<Surges>,
    /// Who sends them.
    pub clients: Clients,
}

/// Times in which several times as many requests come as usual.
#[derive(Debug, Clone, PartialEq)]
pub struct Surges {
    /// Seconds from the end of one to the beginning of the next; from time 0 to the first.
    pub every: Law,
    /// Seconds from its beginning to its end.
    pub lasts: Law,
    /// How many times as many come: evenly anywhere between; 1 or more.
    pub times: (f64, f64),
    /// How long it takes at the beginning until as many come; the end is sudden.
    pub rises: Duration,
}

/// A time in which as many requests come each second, in nanoseconds since the beginning of a Monday.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// When it is over.
    pub end: u64,
    /// Requests a second.
    pub rate: f64,
}

impl Traffic {
    /// `rate` requests a second on average over a week, and by its hours, from the first of Monday on, in these proportions; `None` if
    /// they are not above 0 and finite, or all proportions are 0.
    pub fn by_the_hour(rate: f64, hours: [f64; HOURS]) -> Option<Self> {
        Self::new(rate, &hours)
    }

    /// The same where it is in the middle of each hour that so many come, and between two of them it changes evenly, minute by minute.
    pub fn in_ramps(rate: f64, hours: [f64; HOURS]) -> Option<Self> {
        let middle = |hour: usize| hours[hour % HOURS];
        let minutes: Vec<f64> = (0..HOURS * MINUTES)
            .map(|minute| {
                // From the middle of the hour before it to that of the one after it.
                let since = minute + HOURS * MINUTES - MINUTES / 2;
                let (hour, passed) = (since / MINUTES, (since % MINUTES) as f64 + 0.5);
                middle(hour) + (middle(hour + 1) - middle(hour)) * passed / MINUTES as f64
            })
            .collect();
        Self::new(rate, &minutes)
    }

    fn new(rate: f64, steps: &[f64]) -> Option<Self> {
        const PARTS: f64 = (1_u64 << 31) as f64;
        let most = steps.iter().copied().fold(0.0, f64::max);
        let are_right = steps.iter().all(|step| step.is_finite() && *step >= 0.0);
        if !(rate.is_finite() && rate > 0.0 && most > 0.0 && are_right) {
            return None;
        }
        let parts: Vec<u32> = steps.iter().map(|step| (step / most * PARTS).round() as u32).collect();
        let mut before = vec![0; parts.len() + 1];
        for (step, part) in parts.iter().enumerate() {
            before[step + 1] = before[step] + u64::from(*part);
        }
        let mut changes = vec![parts.len() as u32; parts.len()];
        for step in (0..parts.len() - 1).rev() {
            changes[step] = if parts[step] == parts[step + 1] { changes[step + 1] } else { step as u32 + 1 };
        }
        let step = WEEK.as_nanos() / parts.len() as u64;
        Some(Self { rate, parts, before, changes, step, surges: None, clients: Clients::PATIENT })
    }

    /// The same with surges beside it.
    #[must_use]
    pub fn with_surges(self, surges: Surges) -> Self {
        Self { surges: Some(surges), ..self }
    }

    /// The same from such clients.
    #[must_use]
    pub fn from_clients(self, clients: Clients) -> Self {
        Self { clients, ..self }
    }

    /// As many at any time.
    #[cfg(test)]
    pub fn flat(rate: f64) -> Option<Self> {
        Self::by_the_hour(rate, [1.0; HOURS])
    }

    /// Requests a second, on average over a week.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// What comes in all steps of a week.
    fn all(&self) -> u64 {
        self.before[self.parts.len()]
    }

    /// Requests a second in a step that has such a part of the whole.
    fn rate_of(&self, part: u32) -> f64 {
        self.rate * f64::from(part) * self.parts.len() as f64 / self.all() as f64
    }

    /// Requests a second in each hour of the week, on average.
    pub fn by_hour(&self) -> impl Iterator<Item = f64> {
        let of_hour = self.parts.len() / HOURS;
        self.parts.chunks(of_hour).map(move |steps| {
            let come: f64 = steps.iter().map(|part| self.rate_of(*part)).sum();
            come / of_hour as f64
        })
    }

    /// The hour of the week in which most come, the first of Monday being 0; the first of several.
    pub fn peak_hour(&self) -> usize {
        let of_hour = self.parts.len() / HOURS;
        let come = |hour: usize| self.before[(hour + 1) * of_hour] - self.before[hour * of_hour];
        (0..HOURS).rev().max_by_key(|&hour| come(hour)).expect("a week has hours")
    }

    /// Requests a second that no instant between these has more of, both in nanoseconds since the beginning of a Monday.
    pub fn most_between(&self, from: u64, to: u64) -> f64 {
        let (week, step) = (WEEK.as_nanos(), self.step);
        if to - from >= week {
            return self.peak();
        }
        let first = (from % week / step) as usize;
        let count = ((to - 1).max(from) / step - from / step) as usize + 1;
        self.rate_of(self.steps_from(first).take(count).max().unwrap_or(0))
    }

    /// What comes in a step of the week and in those that follow, on and on.
    fn steps_from(&self, first: usize) -> impl Iterator<Item = u32> {
        self.parts[first..].iter().chain(self.parts.iter().cycle()).copied()
    }

    /// From an instant on, before another one, the first at which fewer or more come in a second than these, surges left out; all in
    /// nanoseconds since the beginning of a Monday.
    pub fn first_outside(&self, from: u64, to: u64, (least, most): (f64, f64)) -> Option<u64> {
        if from >= to {
            return None;
        }
        let (first, last) = (from / self.step, (to - 1) / self.step);
        let in_week = (first % self.parts.len() as u64) as usize;
        let is_outside = |part: u32| !(least..=most).contains(&self.rate_of(part));
        let past = self.steps_from(in_week).take((last - first) as usize + 1).position(is_outside)? as u64;
        Some(((first + past) * self.step).max(from))
    }

    /// The most that come in a second of a surge at the peak; `None` without surges.
    pub fn surge_peak(&self) -> Option<f64> {
        self.surges.as_ref().map(|surges| self.peak() * surges.times.1)
    }

    /// The most that come in a second, surges left out.
    pub fn peak(&self) -> f64 {
        self.rate_of(self.parts.iter().copied().max().expect("a week has hours"))
    }

    /// For how many nanoseconds as many would come at the average rate as from the beginning of a Monday to the instant so many
    /// nanoseconds later.
    pub fn come_until(&self, nanos: u64) -> u64 {
        let week = WEEK.as_nanos();
        let (weeks, within) = (nanos / week, nanos % week);
        let (step, passed) = ((within / self.step) as usize, within % self.step);
        let come =
            u128::from(self.before[step]) * u128::from(self.step) + u128::from(self.parts[step]) * u128::from(passed);
        weeks * week + (come * self.parts.len() as u128 / u128::from(self.all())) as u64
    }

    /// From an instant since the beginning of a Monday on, until when how many come each second; at most to the end of the week.
    pub fn stretch(&self, nanos: u64) -> Stretch {
        let week = WEEK.as_nanos();
        let step = (nanos % week / self.step) as usize;
        let end = nanos - nanos % week + u64::from(self.changes[step]) * self.step;
        Stretch { end, rate: self.rate_of(self.parts[step]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600 * 1_000_000_000;

    fn of(rate: f64, hour: impl Fn(usize) -> f64) -> Traffic {
        Traffic::by_the_hour(rate, std::array::from_fn(hour)).unwrap()
    }

    #[test]
    fn a_week_brings_what_its_hours_bring() {
        // Twice as many from 8 to 20 as at night.
        let traffic = of(90.0, |hour| if (8..20).contains(&(hour % 24)) { 2.0 } else { 1.0 });
        assert!((traffic.by_hour().next().unwrap() - 60.0).abs() < 1e-9 && (traffic.peak() - 120.0).abs() < 1e-9);
        assert_eq!(traffic.peak_hour(), 8);
        assert_eq!(traffic.come_until(WEEK.as_nanos()), WEEK.as_nanos());
        assert_eq!(traffic.come_until(3 * WEEK.as_nanos() + 3 * HOUR), 3 * WEEK.as_nanos() + 2 * HOUR);
        assert_eq!(traffic.come_until(9 * HOUR + HOUR / 2), 8 * HOUR * 2 / 3 + 3 * HOUR / 2 * 4 / 3);
        assert_eq!(traffic.stretch(HOUR / 2), Stretch { end: 8 * HOUR, rate: 60.0 });
        assert_eq!(traffic.stretch(6 * 24 * HOUR + 21 * HOUR), Stretch { end: WEEK.as_nanos(), rate: 60.0 });
    }

    #[test]
    fn flat_traffic_passes_like_time() {
        let traffic = Traffic::flat(5.0).unwrap();
        for nanos in [0, 1, HOUR - 1, 7 * HOUR + 3, WEEK.as_nanos() * 52 + 12_345] {
            assert_eq!(traffic.come_until(nanos), nanos);
        }
        assert_eq!(traffic.stretch(5), Stretch { end: WEEK.as_nanos(), rate: 5.0 });
        assert!(Traffic::flat(0.0).is_none() && Traffic::by_the_hour(1.0, [0.0; HOURS]).is_none());
    }

    #[test]
    fn ramps_go_through_the_middles_of_the_hours() {
        let hours: [f64; HOURS] = std::array::from_fn(|hour| if hour % 24 < 12 { 1.0 } else { 3.0 });
        let traffic = Traffic::in_ramps(20.0, hours).unwrap();
        let rate = |minutes: u64| traffic.stretch(minutes * HOUR / 60 + 1).rate;
        // Flat from the middle of the first hour to that of the last before the rise: 10 and 30 requests a second.
        assert!((rate(30) - 10.0).abs() < 1e-6 && (rate(11 * 60 + 29) - 10.0).abs() < 1e-6);
        assert!((rate(12 * 60 + 30) - 30.0).abs() < 1e-6 && (traffic.peak() - 30.0).abs() < 1e-6);
        // Halfway after half an hour, in steps of a minute; and the day goes over into the next.
        assert!((rate(12 * 60) - rate(11 * 60 + 59) - 20.0 / 60.0).abs() < 1e-6);
        assert!((rate(12 * 60) + rate(11 * 60 + 59) - 40.0).abs() < 1e-6);
        assert!((rate(0) + rate(7 * 24 * 60 - 1) - 40.0).abs() < 1e-6);
        assert_eq!(traffic.come_until(WEEK.as_nanos()), WEEK.as_nanos());
        // The hour of the rise brings three quarters of a step in its first half.
        let by_hour: Vec<f64> = traffic.by_hour().collect();
        assert!((by_hour[11] - 12.5).abs() < 1e-6 && (by_hour[12] - 27.5).abs() < 1e-6, "{by_hour:?}");
        assert_eq!(traffic.peak_hour(), 13);
    }
}
