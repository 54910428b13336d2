//! How many requests come, by the hour of the week.

use super::calendar::WEEK;

/// Hours of a week.
const HOURS: usize = 7 * 24;
const HOUR: u64 = 3_600 * 1_000_000_000;

/// The requests to a service. Within an hour of the week as many come each second.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Requests a second, on average over a week; above 0.
    rate: f64,
    /// What comes in each hour of the week, from the first of Monday on, in parts of the whole.
    parts: [u32; HOURS],
    /// What has come before each, and in all.
    before: [u64; HOURS + 1],
}

impl Traffic {
    /// `rate` requests a second on average, and by the hour of the week, from the first of Monday on, in these proportions;
    /// `None` if they are not above 0 and finite, or all proportions are 0.
    pub fn new(rate: f64, hours: [f64; HOURS]) -> Option<Self> {
        const PARTS: f64 = (1_u64 << 31) as f64;
        let most = hours.iter().copied().fold(0.0, f64::max);
        let are_right = hours.iter().all(|hour| hour.is_finite() && *hour >= 0.0);
        if !(rate.is_finite() && rate > 0.0 && most > 0.0 && are_right) {
            return None;
        }
        let parts = hours.map(|hour| (hour / most * PARTS).round() as u32);
        let mut before = [0; HOURS + 1];
        for (hour, part) in parts.iter().enumerate() {
            before[hour + 1] = before[hour] + u64::from(*part);
        }
        Some(Self { rate, parts, before })
    }

    /// As many at any time.
    #[cfg(test)]
    pub fn flat(rate: f64) -> Option<Self> {
        Self::new(rate, [1.0; HOURS])
    }

    /// Requests a second, on average over a week.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Requests a second in an hour of the week, the first of Monday being 0.
    pub fn rate_in(&self, hour: usize) -> f64 {
        self.rate * f64::from(self.parts[hour]) * HOURS as f64 / self.before[HOURS] as f64
    }

    /// The same for every hour of the week.
    pub fn by_hour(&self) -> impl Iterator<Item = f64> {
        (0..HOURS).map(|hour| self.rate_in(hour))
    }

    /// The hour of the week in which most come; the first of several.
    pub fn peak_hour(&self) -> usize {
        (0..HOURS).rev().max_by_key(|&hour| self.parts[hour]).expect("a week has hours")
    }

    /// Requests a second in that hour.
    pub fn peak(&self) -> f64 {
        self.rate_in(self.peak_hour())
    }

    /// For how many nanoseconds as many would come at the average rate as from the beginning of a Monday to the instant so many
    /// nanoseconds later.
    pub fn come_until(&self, nanos: u64) -> u64 {
        let week = WEEK.as_nanos();
        let (weeks, within) = (nanos / week, nanos % week);
        let hour = (within / HOUR) as usize;
        let come =
            u128::from(self.before[hour]) * u128::from(HOUR) + u128::from(self.parts[hour]) * u128::from(within % HOUR);
        weeks * week + (come * HOURS as u128 / u128::from(self.before[HOURS])) as u64
    }

    /// From an instant since the beginning of a Monday on, until when as many come each second, and in which hour's manner; at most
    /// to the end of the week.
    pub fn stretch(&self, nanos: u64) -> (u64, usize) {
        let week = WEEK.as_nanos();
        let hour = (nanos % week / HOUR) as usize;
        let more = self.parts[hour..].iter().take_while(|part| **part == self.parts[hour]).count();
        (nanos - nanos % week + (hour + more) as u64 * HOUR, hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rate: f64, hour: impl Fn(usize) -> f64) -> Traffic {
        Traffic::new(rate, std::array::from_fn(hour)).unwrap()
    }

    #[test]
    fn a_week_brings_what_its_hours_bring() {
        // Twice as many from 8 to 20 as at night.
        let traffic = of(90.0, |hour| if (8..20).contains(&(hour % 24)) { 2.0 } else { 1.0 });
        assert!((traffic.rate_in(0) - 60.0).abs() < 1e-9 && (traffic.peak() - 120.0).abs() < 1e-9);
        assert_eq!(traffic.peak_hour(), 8);
        assert_eq!(traffic.come_until(WEEK.as_nanos()), WEEK.as_nanos());
        assert_eq!(traffic.come_until(3 * WEEK.as_nanos() + 3 * HOUR), 3 * WEEK.as_nanos() + 2 * HOUR);
        assert_eq!(traffic.come_until(9 * HOUR + HOUR / 2), 8 * HOUR * 2 / 3 + 3 * HOUR / 2 * 4 / 3);
        assert_eq!(traffic.stretch(HOUR / 2), (8 * HOUR, 0));
        assert_eq!(traffic.stretch(6 * 24 * HOUR + 21 * HOUR), (WEEK.as_nanos(), 6 * 24 + 21));
    }

    #[test]
    fn flat_traffic_passes_like_time() {
        let traffic = Traffic::flat(5.0).unwrap();
        for nanos in [0, 1, HOUR - 1, 7 * HOUR + 3, WEEK.as_nanos() * 52 + 12_345] {
            assert_eq!(traffic.come_until(nanos), nanos);
        }
        assert_eq!(traffic.stretch(5), (WEEK.as_nanos(), 0));
        assert!(Traffic::flat(0.0).is_none() && Traffic::new(1.0, [0.0; HOURS]).is_none());
    }
}
