//! Hours of the week in which changes are made.

use std::fmt;

use crate::time::Duration;

const DAY: u64 = 86_400 * 1_000_000_000;
/// A week.
pub const WEEK: Duration = Duration::from_nanos(7 * DAY);

/// The days of a week, in short.
pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The hours of a week in which something is done: on some of its days, between two times of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// Which days, Monday first; at least one.
    pub days: [bool; 7],
    /// From this time of the day on, less than a day.
    pub from: Duration,
    /// Until this one, at most a day; where it is earlier, on the day after. Another one than `from`.
    pub to: Duration,
}

impl Calendar {
    /// How long it is open on a day.
    fn per_day(&self) -> u64 {
        let (from, to) = (self.from.as_nanos(), self.to.as_nanos());
        if to > from { to - from } else { DAY - from + to }
    }

    /// How long it is open in a week.
    pub fn per_week(&self) -> Duration {
        Duration::from_nanos(self.per_day() * self.days.iter().filter(|open| **open).count() as u64)
    }

    /// From the instant `now` of a week, counted from the beginning of its Monday, until it has been open for so long, and is open.
    pub fn wait(&self, now: Duration, open: Duration) -> Duration {
        let per_week = self.per_week().as_nanos();
        let (weeks, mut left) = (open.as_nanos() / per_week, open.as_nanos() % per_week);
        // The last night of the week before may reach into this one.
        let now = WEEK.as_nanos() + now.as_nanos() % WEEK.as_nanos();
        for day in (0..21).filter(|day| self.days[day % 7]) {
            let begins = (day as u64 * DAY + self.from.as_nanos()).max(now);
            let ends = day as u64 * DAY + self.from.as_nanos() + self.per_day();
            let is_there = ends.saturating_sub(begins);
            if left < is_there {
                return Duration::from_nanos(weeks * WEEK.as_nanos() + begins + left - now);
            }
            left -= is_there;
        }
        unreachable!("less than what a week is open for is over within a week")
    }

    /// From `now` until what comes after this time on average, if it came at any hour, comes in these alone: as often, over a week.
    pub fn stretched(&self, now: Duration, span: Duration) -> Duration {
        let open = u128::from(span.as_nanos()) * u128::from(self.per_week().as_nanos()) / u128::from(WEEK.as_nanos());
        self.wait(now, Duration::from_nanos(open as u64))
    }
}

/// In words: `Mon, Tue, Wed, 09:00 to 17:00`.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> = DAYS.into_iter().zip(self.days).filter_map(|(day, open)| open.then_some(day)).collect();
        let time = |time: Duration| {
            let minutes = time.as_nanos() / 60_000_000_000;
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
        };
        write!(f, "{}, {} to {}", days.join(", "), time(self.from), time(self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: f64) -> Duration {
        Duration::from_secs_f64(hours * 3600.0)
    }

    fn calendar(days: &[usize], from: f64, to: f64) -> Calendar {
        let mut of = [false; 7];
        days.iter().for_each(|day| of[*day] = true);
        Calendar { days: of, from: hours(from), to: hours(to) }
    }

    #[test]
    fn open_time_passes_when_it_is_open() {
        let work = calendar(&[0, 1, 2, 3, 4], 9.0, 17.0);
        assert_eq!(work.per_week(), hours(40.0));
        assert_eq!(work.to_string(), "Mon, Tue, Wed, Thu, Fri, 09:00 to 17:00");
        // Monday at 8: an hour until it opens; at 9 it is open; at 17 it is not.
        assert_eq!(work.wait(hours(8.0), Duration::ZERO), hours(1.0));
        assert_eq!(work.wait(hours(9.0), Duration::ZERO), Duration::ZERO);
        assert_eq!(work.wait(hours(17.0), Duration::ZERO), hours(16.0));
        assert_eq!(work.wait(hours(9.0), hours(7.99)), hours(7.99));
        assert_eq!(work.wait(hours(9.0), hours(8.0)), hours(24.0));
        // Friday at 16, two hours on: Monday at 10. And three weeks later.
        assert_eq!(work.wait(hours(4.0 * 24.0 + 16.0), hours(2.0)), hours(2.0 * 24.0 + 18.0));
        assert_eq!(work.wait(hours(4.0 * 24.0 + 16.0), hours(122.0)), hours(23.0 * 24.0 + 18.0));
    }

    #[test]
    fn a_night_reaches_into_the_next_day() {
        let night = calendar(&[6], 22.0, 4.0);
        assert_eq!(night.per_week(), hours(6.0));
        // Monday at 3 is the night of Sunday; at 5 it is over until Sunday.
        assert_eq!(night.wait(hours(3.0), Duration::ZERO), Duration::ZERO);
        assert_eq!(night.wait(hours(3.0), hours(1.0)), hours(6.0 * 24.0 + 19.0));
        assert_eq!(night.wait(hours(5.0), Duration::ZERO), hours(6.0 * 24.0 + 17.0));
        let always = calendar(&[0, 1, 2, 3, 4, 5, 6], 0.0, 24.0);
        assert_eq!(always.wait(hours(100.0), hours(500.0)), hours(500.0));
    }

    /// Property: over many spans as much time passes as without a calendar, in the mean over the week, and each ends while it is open.
    #[test]
    fn as_often_over_a_week() {
        for work in [calendar(&[0, 2, 5], 9.0, 17.5), calendar(&[1, 6], 23.0, 1.0)] {
            let (mut now, mut asked) = (Duration::ZERO, Duration::ZERO);
            for number in 0..10_000_u64 {
                let span = hours(0.7 + (number * number % 97) as f64);
                let wait = work.stretched(now % WEEK, span);
                (now, asked) = (now + wait, asked + span);
                assert_eq!(work.wait(now % WEEK, Duration::ZERO), Duration::ZERO, "it is open then");
            }
            let off = now.as_secs_f64() - asked.as_secs_f64();
            assert!(off.abs() < 2.0 * WEEK.as_secs_f64(), "{off}");
        }
    }
}
