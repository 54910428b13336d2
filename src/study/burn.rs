//! The alerts that an SLO is watched by: multiwindow, multi-burn-rate alerts, after chapter 5 of Google's SRE workbook.
//!
//! A burn rate is the share of failed requests as a multiple of what the SLO allows: at 1 the budget is gone when its window is. An
//! alert fires while the burn rate is above its threshold both over a long and over a short span, so that it is sure and ends soon
//! after the errors do. The two that page are those of the workbook for 30 days: 2 % of the budget in an hour (14.4×), and 5 % in six
//! hours (6×). For another window the same parts of its budget are taken, and so other burn rates.

use crate::time::Duration;

/// An alert on the burn rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnAlert {
    /// It fires above so many times what the SLO allows.
    pub burn_rate: f64,
    /// Over this span.
    pub long: Duration,
    /// And over this one, a twelfth of it.
    pub short: Duration,
}

/// The part of the budget, and the time in which it goes.
const PAGES: [(f64, Duration); 2] = [(0.02, Duration::from_secs(3_600)), (0.05, Duration::from_secs(6 * 3_600))];

/// The two alerts of an SLO that is judged over this window, the faster first. None where it is below five days: the slower one
/// would fire at a burn rate that keeps the SLO.
pub fn burn_alerts(window: Duration) -> Option<[BurnAlert; 2]> {
    let alerts = PAGES.map(|(budget, long)| BurnAlert {
        burn_rate: crate::stats::twelve_digits(budget * window.as_secs_f64() / long.as_secs_f64()),
        long,
        short: Duration::from_nanos(long.as_nanos() / 12),
    });
    alerts.iter().all(|alert| alert.burn_rate >= 1.0).then_some(alerts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_burn_rates_are_those_of_the_workbook() {
        let days = |days: u64| burn_alerts(Duration::from_secs(days * 86_400));
        let rates = |found: Option<[BurnAlert; 2]>| found.map(|alerts| alerts.map(|alert| alert.burn_rate));
        assert_eq!(rates(days(30)), Some([14.4, 6.0]));
        assert_eq!(rates(days(28)), Some([13.44, 5.6]));
        assert_eq!(rates(days(5)), Some([2.4, 1.0]));
        assert_eq!(rates(days(4)), None);
        let [fast, slow] = days(30).unwrap();
        let minutes = |span: Duration| span.as_nanos() / 60_000_000_000;
        assert_eq!([fast.long, fast.short, slow.long, slow.short].map(minutes), [60, 5, 360, 30]);
    }
}
