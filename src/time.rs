//! Simulated time: whole nanoseconds, a point ([`SimTime`]) and a span ([`Duration`]).
//!
//! Time is an integer so that the order of events never depends on rounding
//! (invariant 2). A `u64` of nanoseconds reaches 584 years. Floats appear only
//! where a law of chance is drawn and where results are summarised.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Rem, Sub, SubAssign};

/// Nanoseconds in a second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// A point of simulated time, in nanoseconds since the start of the replication.
///
/// Whole seconds of simulated time are whole seconds of the wall clock too:
/// Kubernetes truncates some instants to the second (P8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

/// A span of simulated time, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl SimTime {
    /// The start of a replication.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const NEVER: Self = Self(u64::MAX);

    /// The point `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for display and summaries.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC as f64
    }

    /// The span since `earlier`.
    ///
    /// # Panics
    /// If `earlier` is later: simulated time never runs back.
    pub fn since(self, earlier: Self) -> Duration {
        Duration(self.0.checked_sub(earlier.0).expect("simulated time ran back"))
    }

    /// The span since `earlier`, zero if `earlier` is later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// The instant so much earlier; time 0 if that is not so long ago.
    #[must_use]
    pub const fn earlier_by(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// This instant rounded down to a whole second, as the kubelet stores it (P8).
    #[must_use]
    pub fn floor_to_second(self) -> Self {
        Self(self.0 - self.0 % NANOS_PER_SEC)
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than anything that is simulated.
    pub const MAX: Self = Self(u64::MAX);

    /// A span of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A span of `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A span of `secs` whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * NANOS_PER_SEC)
    }

    /// The span nearest to `secs` seconds; negative and NaN become zero, and what
    /// no simulation reaches becomes [`Duration::MAX`].
    pub fn from_secs_f64(secs: f64) -> Self {
        // `as` saturates at both ends and maps NaN to zero.
        Self((secs * NANOS_PER_SEC as f64 + 0.5) as u64)
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for display and summaries.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC as f64
    }

    /// True if the span is empty.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The difference, or zero if `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum, or [`Duration::MAX`] if it would not fit.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Add<Duration> for SimTime {
    type Output = Self;
    /// Saturates at [`SimTime::NEVER`]: a fault due in ten thousand years never strikes.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Duration> for SimTime {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Duration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("a span cannot be negative"))
    }
}

impl SubAssign for Duration {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Mul<u64> for Duration {
    type Output = Self;
    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Rem for Duration {
    type Output = Self;
    fn rem(self, period: Self) -> Self {
        Self(self.0 % period.0)
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0 / NANOS_PER_SEC, self.0 % NANOS_PER_SEC)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0 / NANOS_PER_SEC, self.0 % NANOS_PER_SEC)
    }
}

/// Instants `anchor + k·period` for every whole `k`, also before the anchor.
///
/// Tickers, relists and controller passes are grids: the next point follows from
/// the anchor alone, so the points in between need not be played (invariant 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grid {
    anchor: SimTime,
    period: Duration,
}

impl Grid {
    /// A grid through `anchor`; `period` must not be zero.
    pub fn new(anchor: SimTime, period: Duration) -> Self {
        assert!(!period.is_zero(), "a grid needs a period");
        Self { anchor, period }
    }

    /// The distance between neighbouring points.
    pub fn period(self) -> Duration {
        self.period
    }

    /// The first point at or after `t`.
    pub fn at_or_after(self, t: SimTime) -> SimTime {
        let period = self.period.0;
        if t >= self.anchor {
            let past = (t.0 - self.anchor.0) % period;
            if past == 0 { t } else { t + Duration(period - past) }
        } else {
            let ahead = (self.anchor.0 - t.0) % period;
            t + Duration(ahead)
        }
    }

    /// The first point strictly after `t`.
    pub fn after(self, t: SimTime) -> SimTime {
        self.at_or_after(t + Duration(1))
    }

    /// How many points lie in `[from, to)`.
    pub fn count(self, from: SimTime, to: SimTime) -> u64 {
        let first = self.at_or_after(from);
        if first >= to { 0 } else { 1 + (to.0 - 1 - first.0) / self.period.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_are_cut_not_rounded() {
        assert_eq!(SimTime::from_nanos(1_999_999_999).floor_to_second(), SimTime::from_nanos(NANOS_PER_SEC));
    }

    #[test]
    fn floats_saturate() {
        assert_eq!(Duration::from_secs_f64(f64::NAN), Duration::ZERO);
        assert_eq!(Duration::from_secs_f64(-1.0), Duration::ZERO);
        assert_eq!(Duration::from_secs_f64(f64::INFINITY), Duration::MAX);
        assert_eq!(SimTime::from_nanos(5) + Duration::MAX, SimTime::NEVER);
    }

    proptest! {
        /// Property: the arithmetic of a grid equals a walk along it.
        #[test]
        fn grid_arithmetic_equals_a_walk(anchor in 0u64..500, period in 1u64..60, from in 0u64..500, len in 0u64..500) {
            let grid = Grid::new(SimTime(anchor), Duration(period));
            let on_grid = |t: u64| t % period == anchor % period;
            let next = (from..).find(|&t| on_grid(t)).unwrap();
            prop_assert_eq!(grid.at_or_after(SimTime(from)), SimTime(next));
            let strictly = (from + 1..).find(|&t| on_grid(t)).unwrap();
            prop_assert_eq!(grid.after(SimTime(from)), SimTime(strictly));
            let n = (from..from + len).filter(|&t| on_grid(t)).count() as u64;
            prop_assert_eq!(grid.count(SimTime(from), SimTime(from + len)), n);
        }
    }
}
