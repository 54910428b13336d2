//! How long something lasts: the mean, and quantiles with their intervals.

use super::scale::NANOS;
use crate::results::{Distribution, Quantile};
use crate::stats::{Lengths, QuantileInterval, twelve_digits};

/// The answer; lengths without an end are longer than any.
pub fn distribution(lengths: &Lengths, confidence: f64) -> Distribution {
    let spans = lengths.spans();
    let quantile = |q| lengths.quantile_interval(q, confidence).map(quantile);
    Distribution {
        count: spans.count(),
        censored: lengths.endless(),
        mean: spans.mean().map(seconds),
        p50: quantile(0.5),
        p90: quantile(0.9),
        p95: quantile(0.95),
        p99: quantile(0.99),
        max: spans.max().map(|nanos| seconds(nanos as f64)),
        histogram: spans.buckets().map(|(nanos, count)| (seconds(nanos as f64), count)).collect(),
    }
}

/// From nanoseconds, as it is written.
pub fn quantile(interval: QuantileInterval) -> Quantile {
    let QuantileInterval { value, low, high } = interval;
    Quantile { value: seconds(value), low: seconds(low), high: high.map(seconds) }
}

fn seconds(nanos: f64) -> f64 {
    twelve_digits(nanos / NANOS)
}
