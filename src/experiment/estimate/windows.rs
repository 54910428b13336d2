//! The distribution of lost time over windows, and the probability that one meets the SLO.

use super::distribution::quantile;
use super::scale::{MICROS, NANOS, Scale};
use crate::experiment::tally::windows::{Allowance, Loss, Windows};
use crate::results::{Alert, Estimate, Quantile, WindowLoss, WindowsResult};
use crate::stats::{Interval, Moments, amounts, share, twelve_digits};
use crate::study::{BurnAlert, burn_alerts};
use crate::time::Duration;

/// The answer; `None` where no window is complete.
pub fn windows(windows: &Windows, length: Duration, scale: &Scale, confidence: f64) -> Option<WindowsResult> {
    if windows.downtime.windows.count() == 0 {
        return None;
    }
    let per_replication = windows.downtime.windows.size();
    // Where nothing was lost, it may still be this share of the time.
    let most_lost = scale.most_lost;
    Some(WindowsResult {
        length_s: twelve_digits(length.as_secs_f64()),
        count: windows.downtime.windows.count(),
        downtime_s: loss(&windows.downtime, length, most_lost, confidence)?,
        failed_request_s: loss(&windows.failed, length, most_lost, confidence)?,
        meets_slo: windows.allowance.map(|allowance| met(&allowance, per_replication, confidence)),
        alerts: alerts(windows, length, scale),
    })
}

/// How often each alert of the SLO fires.
fn alerts(windows: &Windows, length: Duration, scale: &Scale) -> Option<[Alert; 2]> {
    let [fast, slow] = windows.alerts.as_slice() else { return None };
    let told = |alert: BurnAlert, fired: &Moments| Alert {
        burn_rate: alert.burn_rate,
        long_s: alert.long.as_secs_f64(),
        short_s: alert.short.as_secs_f64(),
        per_year: scale.events(fired).rounded(),
    };
    let [first, second] = burn_alerts(length)?;
    Some([told(first, fast), told(second, slow)])
}

fn loss(loss: &Loss, length: Duration, most_lost: f64, confidence: f64) -> Option<WindowLoss> {
    let Loss { totals, windows } = loss;
    let part = MICROS * windows.size() as f64;
    let length_s = length.as_secs_f64();
    let (interval, bound) = match amounts(totals, confidence) {
        Some(Interval { low, high }) => (Interval { low: low / part, high: (high / part).min(length_s) }, false),
        None => (Interval { low: 0.0, high: length_s * most_lost }, true),
    };
    let seconds = |nanos: u64| twelve_digits(nanos as f64 / NANOS);
    // Where the replications are too few to give an upper end, no more than all of a window can be lost.
    let quantile = |q| {
        let found = quantile(windows.quantile_interval(q, confidence)?);
        Some(Quantile { high: found.high.or(Some(twelve_digits(length_s))), ..found })
    };
    Some(WindowLoss {
        mean: Estimate::within(totals.mean() / part, interval, bound).rounded(),
        p50: quantile(0.5)?,
        p95: quantile(0.95)?,
        p99: quantile(0.99)?,
        worst: seconds(windows.max()?),
        histogram: windows.buckets().map(|(nanos, count)| (seconds(nanos), count)).collect(),
    })
}

/// The probability that a window meets the SLO.
fn met(allowance: &Allowance, per_replication: u64, confidence: f64) -> Estimate {
    let missed = &allowance.missed;
    let mean = 1.0 - missed.mean() / per_replication as f64;
    let Interval { low, high } = share(missed, per_replication, confidence);
    Estimate::within(mean, Interval { low: 1.0 - high, high: 1.0 - low }, missed.sum() == 0).rounded()
}
