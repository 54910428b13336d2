//! Parameter (epistemic) uncertainty of the estimates, separated from the sampling error by a one-way variance decomposition.
//!
//! Each draw of the uncertain parameters is played by several replications. Their mean estimates what is lost if the
//! parameters are those; it scatters from draw to draw because the parameters do, and because the replications do. The
//! second part is known from within the draws, and is taken out.

use super::scale::Scale;
use crate::experiment::tally::DrawSums;
use crate::model::YEAR;
use crate::results::{Spread, Uncertainty};
use crate::stats::{Moments, quantile};

/// `None` where everything is known, or where fewer than two draws were played. A replication has so many windows.
pub fn result(draws: &[DrawSums], windows: u64, scale: &Scale) -> Option<Uncertainty> {
    let of = |moments: fn(&DrawSums) -> &Moments| -> Vec<&Moments> {
        draws.iter().map(moments).filter(|moments| moments.count() > 0).collect()
    };
    let downtime = of(|draw| &draw.downtime);
    let per_year = YEAR.as_secs_f64() / (1e6 * scale.horizon.as_secs_f64());
    let spread = |draws: &[&Moments], unit| spread(draws, scale.confidence, unit);
    let missed = (windows > 0).then(|| spread(&of(|draw| &draw.missed), 1.0 / windows as f64)).flatten();
    Some(Uncertainty {
        draws: downtime.len() as u64,
        downtime_s_per_year: spread(&downtime, per_year)?.rounded(),
        failed_request_s_per_year: spread(&of(|draw| &draw.failed), per_year)?.rounded(),
        meets_slo: missed.map(|missed| Spread { low: 1.0 - missed.high, high: 1.0 - missed.low, ..missed }.rounded()),
    })
}

/// The spread of a mean over replications; a unit of the samples is `unit` of the answer.
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
