//! How long something lasts.

use serde::{Deserialize, Serialize};

/// A quantile with its confidence interval, both to the width of a bucket (0.8 %). It is about as often too low as too high.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// The quantile of the sample.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval; where the replications are too few to give one, the length of the window, or `null` of
    /// what may last for ever.
    pub high: Option<f64>,
}

/// A distribution of spans of time. Quantiles come from a histogram with 1 % wide buckets.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Distribution {
    /// Complete samples.
    pub count: u64,
    /// Samples that had no end at the end of the replication.
    pub censored: u64,
    /// Mean of the complete samples in seconds; `null` without samples.
    pub mean: Option<f64>,
    /// Median of all, in seconds: those without an end are longer than any. `null` without samples, or where it has no end;
    /// so are the other quantiles.
    pub p50: Option<Quantile>,
    /// 90th percentile.
    pub p90: Option<Quantile>,
    /// 95th percentile.
    pub p95: Option<Quantile>,
    /// 99th percentile.
    pub p99: Option<Quantile>,
    /// Largest of the complete samples.
    pub max: Option<f64>,
    /// The histogram behind the charts: `[seconds, samples]`, ascending, empty buckets left out. None for several causes
    /// together, of which each has its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<(f64, u64)>,
}
