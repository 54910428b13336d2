//! Instants for people: since the start of counting, as `+12d 03:04:05.678`.

use crate::time::SimTime;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Shows instants relative to one of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    zero: SimTime,
    /// Days are shown, also where there are none: instants of one text stand below each other.
    days: usize,
}

impl Clock {
    /// A clock for instants of `[from, to]`.
    pub fn new(zero: SimTime, from: SimTime, to: SimTime) -> Self {
        let days = |t: SimTime| distance(zero, t) / 86_400_000;
        let most = days(from).max(days(to));
        Self { zero, days: if most == 0 { 0 } else { most.to_string().len() } }
    }

    /// The instant, cut to the millisecond.
    pub fn show(self, t: SimTime) -> String {
        let millis = distance(self.zero, t);
        let sign = if t < self.zero { '-' } else { '+' };
        let (secs, millis) = (millis / 1000, millis % 1000);
        let (h, m, s) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
        let clock = format!("{h:02}:{m:02}:{s:02}.{millis:03}");
        let days = secs / 86_400;
        match self.days {
            0 if days == 0 => format!("{sign}{clock}"),
            width => format!("{:>w$}d {clock}", format!("{sign}{days}"), w = width + 1),
        }
    }
}

/// Milliseconds between two instants, before the zero rounded away from it: text never runs back.
fn distance(zero: SimTime, t: SimTime) -> u64 {
    if t < zero {
        zero.since(t).as_nanos().div_ceil(NANOS_PER_MILLI)
    } else {
        t.since(zero).as_nanos() / NANOS_PER_MILLI
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn instants_are_shown_since_the_start_of_counting() {
        let at = |millis: u64| SimTime::ZERO + Duration::from_millis(millis);
        let week = 7 * 86_400_000;
        let near = Clock::new(at(week), at(week), at(week + 3_600_000));
        assert_eq!(near.show(at(week + 133_045)), "+00:02:13.045");
        assert_eq!(near.show(at(week - 1)), "-00:00:00.001");
        let far = Clock::new(at(week), at(0), at(week + 12 * 86_400_000));
        assert_eq!(far.show(at(week + 12 * 86_400_000 + 11_045_678)), "+12d 03:04:05.678");
        assert_eq!(far.show(at(0)), " -7d 00:00:00.000");
    }
}
