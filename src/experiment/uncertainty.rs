//! What not knowing a parameter makes of the answer, apart from the error of sampling.
//!
//! Each draw of the uncertain parameters is played by several replications. Their mean estimates what is lost if the
//! parameters are those; it scatters from draw to draw because the parameters do, and because the replications do. The
//! second part is known from within the draws, and is taken out.

use serde::{Deserialize, Serialize};

use super::answer::{Scale, downtime_moments, failed_moments};
use super::summary::Summary;
use crate::model::YEAR;
use crate::stats::{Moments, quantile, twelve_digits};

/// How far the answer hangs on what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// Draws of the uncertain parameters that were played.
    pub draws: u64,
    /// Of the downtime, in seconds a year.
    pub downtime_s_per_year: Spread,
    /// Of the failed requests, in seconds of full traffic a year.
    pub failed_request_s_per_year: Spread,
    /// Of the probability that a window meets the SLO; `null` where none is stated or no window is whole.
    #[serde(default)]
    pub meets_slo: Option<Spread>,
}

/// Where the expected loss, or the probability, lies if only the draw were known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// It is lower in 2.5 % of the draws (with a confidence of 95 %).
    pub low: f64,
    /// It is higher in 2.5 % of the draws.
    pub high: f64,
    /// The part of its variance from replication to replication that comes from not knowing the parameters.
    pub share_of_variance: f64,
}

/// What was lost in the replications of one draw, in microseconds, and how many windows missed the SLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct DrawSums {
    downtime: Moments,
    failed: Moments,
    missed: Moments,
}

impl DrawSums {
    /// Adds the replications of a batch.
    pub fn add(&mut self, batch: &Summary) {
        self.downtime.merge(downtime_moments(batch));
        self.failed.merge(failed_moments(batch));
        if let Some(allowance) = &batch.windows.allowance {
            self.missed.merge(&allowance.missed);
        }
    }

    /// Adds every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.downtime.merge(&other.downtime);
        self.failed.merge(&other.failed);
        self.missed.merge(&other.missed);
    }
}

/// `None` where everything is known, or where fewer than two draws were played. A replication has so many windows.
pub(super) fn result(draws: &[DrawSums], windows: u64, scale: &Scale) -> Option<Uncertainty> {
    let of = |moments: fn(&DrawSums) -> &Moments| -> Vec<&Moments> {
        draws.iter().map(moments).filter(|moments| moments.count() > 0).collect()
    };
    let downtime = of(|draw| &draw.downtime);
    let per_year = YEAR.as_secs_f64() / (1e6 * scale.horizon.as_secs_f64());
    let spread = |draws: &[&Moments], unit| spread(draws, scale.confidence, unit);
    let missed = (windows > 0).then(|| spread(&of(|draw| &draw.missed), 1.0 / windows as f64)).flatten();
    Some(Uncertainty {
        draws: downtime.len() as u64,
        downtime_s_per_year: spread(&downtime, per_year)?.written(),
        failed_request_s_per_year: spread(&of(|draw| &draw.failed), per_year)?.written(),
        meets_slo: missed.map(|missed| Spread { low: 1.0 - missed.high, high: 1.0 - missed.low, ..missed }.written()),
    })
}

/// Of a mean over replications, in a unit of which there are so many in one of the samples'.
fn spread(draws: &[&Moments], confidence: f64, unit: f64) -> Option<Spread> {
    if draws.len() < 2 {
        return None;
    }
    let n = draws.len() as f64;
    let mean = draws.iter().map(|draw| draw.mean()).sum::<f64>() / n;
    let total = draws.iter().map(|draw| (draw.mean() - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let variance = |draw: &&Moments| draw.variance().unwrap_or(0.0);
    let within = draws.iter().map(variance).sum::<f64>() / n;
    let noise = draws.iter().map(|draw| variance(draw) / draw.count() as f64).sum::<f64>() / n;
    let between = (total - noise).max(0.0);
    let part = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    // The means of the draws, drawn together until they scatter no more than what they estimate.
    let factor = part(between, total).sqrt();
    let mut expected: Vec<f64> = draws.iter().map(|draw| (mean + (draw.mean() - mean) * factor).max(0.0)).collect();
    expected.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let at = |p: f64| quantile(&expected, p).map(|value| value * unit);
    Some(Spread { low: at(tail)?, high: at(1.0 - tail)?, share_of_variance: part(between, between + within) })
}

impl Spread {
    fn written(self) -> Self {
        let Self { low, high, share_of_variance } = self;
        let [low, high, share_of_variance] = [low, high, share_of_variance].map(twelve_digits);
        Self { low, high, share_of_variance }
    }
}
