//! Judging closed forms: intervals of 99.9 %, fixed beforehand, for all of them together.
//!
//! Each statistic is judged at 0.1 % divided by their number (Bonferroni), so a right
//! simulator passes the whole table with at least 99.9 %; each interval is at most 2 %
//! of its value wide, so a wrong one does not.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

use crate::stats::ks;
use crate::verify::row::{Kind, Quantiles, Reference, Row, Simulated, Verdict};

/// What a right simulator may fail by, over all closed forms.
const ALPHA: f64 = 0.001;
/// At least as many statistics as there are.
pub const STATISTICS: usize = 64;
/// Full width of an interval, relative to the value.
const WIDTH_MAX: f64 = 0.02;

fn alpha() -> f64 {
    ALPHA / STATISTICS as f64
}

/// The two-sided normal point of one statistic.
fn z() -> f64 {
    Normal::standard().inverse_cdf(1.0 - alpha() / 2.0)
}

/// What a closed form is called, and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Title {
    pub check: &'static str,
    pub what: &'static str,
    /// Rules and conditions.
    pub note: &'static str,
}

fn row(title: Title, reference: Reference, simulated: Simulated, distance: f64, ok: bool) -> Row {
    Row {
        check: title.check.to_owned(),
        what: title.what.to_owned(),
        kind: Kind::ClosedForm,
        reference,
        simulated,
        distance: Some(distance),
        median_difference: None,
        p: None,
        p_adjusted: None,
        verdict: Verdict::when(ok),
        note: title.note.to_owned(),
        samples: None,
    }
}

/// An estimate with its standard error holds `exact`, and is narrow.
pub fn estimate(title: Title, mean: f64, error: f64, exact: f64) -> Row {
    let half = z() * error;
    let ok = (mean - exact).abs() <= half && 2.0 * half <= WIDTH_MAX * exact;
    let simulated = Simulated::Interval { mean, low: mean - half, high: mean + half };
    row(title, Reference::Value(exact), simulated, mean / exact - 1.0, ok)
}

/// The mean of independent values.
pub fn mean(title: Title, values: &[f64], exact: f64) -> Row {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    estimate(title, mean, (variance / n).sqrt(), exact)
}

/// A large sample follows this law.
pub fn law(title: Title, words: &str, mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> Row {
    sample.sort_by(f64::total_cmp);
    let distance = ks::distance_to(&sample, cdf);
    let ok = sample.len() >= 1000 && distance < ks::critical(sample.len(), alpha());
    let simulated = Simulated::Sample(Quantiles::of(&sample));
    row(title, Reference::Law(words.to_owned()), simulated, distance, ok)
}

/// So many hits in `n` are no surprise where each has probability `p`: the exact binomial test.
pub fn share(title: Title, hits: usize, n: usize, p: f64) -> Row {
    let (mean, half) = (hits as f64 / n as f64, z() * (p * (1.0 - p) / n as f64).sqrt());
    let ok = if p <= 0.0 || p >= 1.0 {
        mean == p
    } else {
        let law = Binomial::new(p, n as u64).expect("a probability");
        let hits = hits as u64;
        let at_least = if hits == 0 { 1.0 } else { 1.0 - law.cdf(hits - 1) };
        law.cdf(hits) >= alpha() / 2.0 && at_least >= alpha() / 2.0
    };
    let simulated = Simulated::Interval { mean, low: (mean - half).max(0.0), high: (mean + half).min(1.0) };
    row(title, Reference::Value(p), simulated, mean - p, ok)
}

/// Every value lies at the first or the second of two instants, up to `tolerance` later; at the first with
/// probability `p`.
pub fn split(title: Title, values: &[f64], at: [f64; 2], tolerance: f64, p: f64) -> Row {
    let count = |at: f64| values.iter().filter(|&&t| t > at - 1e-6 && t < at + tolerance).count();
    let [first, second] = at.map(count);
    let row = share(title, first, values.len(), p);
    let verdict = if first + second == values.len() { row.verdict } else { Verdict::Outside };
    Row { verdict, ..row }
}

/// The distribution function of `low` plus independent uniforms on [0, width): by inclusion and exclusion over the
/// corners of the box.
pub fn sum_of_uniforms(low: f64, widths: &[f64]) -> impl Fn(f64) -> f64 + use<> {
    let widths = widths.to_vec();
    move |x| {
        let n = widths.len() as i32;
        let volume: f64 = widths.iter().product::<f64>() * (1..=n).map(f64::from).product::<f64>();
        let corners = (0..1u32 << n).map(|corner| {
            let cut: f64 = widths.iter().enumerate().filter(|(i, _)| corner >> i & 1 == 1).map(|(_, w)| w).sum();
            let sign = if corner.count_ones() % 2 == 0 { 1.0 } else { -1.0 };
            sign * (x - low - cut).max(0.0).powi(n)
        });
        (corners.sum::<f64>() / volume).clamp(0.0, 1.0)
    }
}

/// The distribution function of U[min, max).
pub fn uniform(min: f64, max: f64) -> impl Fn(f64) -> f64 + use<> {
    sum_of_uniforms(min, &[max - min])
}
