//! Two-sided confidence intervals of a mean over independent replications.
//!
//! Downtime is not negative, skewed and often rare: in most replications it is
//! zero, and then Student's t is too short above and reaches below zero. So:
//!
//! - **Nothing seen**: no estimate but a bound. As none can lose more than all its
//!   time, an unavailability p would have shown itself in n replications with
//!   probability at least 1 − (1 − p)^n: [`most_of_all`]. Events are taken as
//!   Poisson: [`most_events`].
//! - **Something seen**: the gamma interval of Fay and Feuer (Statistics in
//!   Medicine 16:791, 1997) for a sum of weighted Poisson counts. With the total y,
//!   its variance v and the largest contribution w, the ends are the α/2 quantile of
//!   a gamma law with mean y and variance v, and the 1 − α/2 quantile of one with
//!   mean y + w and variance v + w²: what the next replication might have brought
//!   is counted as seen. With equal contributions it is the exact Poisson interval
//!   (Garwood), so one outage in a million replications is treated as it deserves; where
//!   sizes vary and few were seen, w is taken three times as large.
//! - **Enough seen**, in [`ENOUGH`] replications or in every one: each end is the
//!   outer one of the gamma interval's and Student's t. They agree in the limit; t adds what a
//!   variance estimated from few replications costs, the gamma what skewness costs.
//!
//! The variance is taken between replications, so dependence within one (a zone
//! that fails with all its Pods, a crash loop) is inside the interval.

use statrs::distribution::{ContinuousCDF, Gamma, Normal, StudentsT};

use super::Moments;

/// From so many non-zero replications on, the central limit is consulted too.
pub const ENOUGH: u64 = 30;

/// While few amounts were seen, the next may be so many times the largest of them: sizes vary, and their law is
/// not known. With exponential and log-normal sizes 1 covers 88 % to 95 % where 95 % is meant, 3 covers 94 % or more.
pub(super) const SURPRISE: f64 = 3.0;

/// Both ends of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The mean of amounts that cannot be negative, such as downtime; `None` where nothing was seen.
pub fn amounts(moments: &Moments, confidence: f64) -> Option<Interval> {
    non_negative(moments, confidence, 0.0, SURPRISE)
}

/// The mean of numbers of events; `None` where none was seen.
///
/// Few replications may by luck hold equal numbers; below [`ENOUGH`] replications the variance is never taken for
/// less than Poisson's.
pub fn counts(moments: &Moments, confidence: f64) -> Option<Interval> {
    let least = if moments.count() < ENOUGH { moments.sum() as f64 } else { 0.0 };
    non_negative(moments, confidence, least, 1.0)
}

/// Student's t interval of the mean; `None` for fewer than two samples.
pub fn student(moments: &Moments, confidence: f64) -> Option<Interval> {
    let n = moments.count() as f64;
    let half = t_quantile(n - 1.0, upper(confidence)?) * (moments.variance()? / n).sqrt();
    Some(Interval { low: moments.mean() - half, high: moments.mean() + half })
}

/// The largest share of time that may be lost when none was lost in `n` replications.
pub fn most_of_all(n: u64, confidence: f64) -> f64 {
    if n == 0 { 1.0 } else { 1.0 - tail(confidence).powf(1.0 / n as f64) }
}

/// The largest Poisson mean that goes with no event at all: 3.7 at 95 %.
pub fn most_events(confidence: f64) -> f64 {
    -tail(confidence).ln()
}

/// The gamma interval of the mean, where a further contribution might have been as large as `weight`.
pub(super) fn gamma(moments: &Moments, confidence: f64, least_variance: f64, weight: f64) -> Interval {
    let n = moments.count() as f64;
    let total = moments.sum() as f64;
    // One replication says nothing of the variance between them: it is taken as one contribution.
    let variance = moments.variance().map_or(total * total, |v| v * n).max(least_variance);
    let p = tail(confidence);
    Interval {
        low: gamma_quantile(total, variance, p) / n,
        high: gamma_quantile(total + weight, variance + weight * weight, 1.0 - p) / n,
    }
}

/// `surprise`: how many times the largest contribution seen the next one may be, while few were seen.
fn non_negative(moments: &Moments, confidence: f64, least_variance: f64, surprise: f64) -> Option<Interval> {
    if moments.nonzero() == 0 {
        return None;
    }
    let largest = moments.largest() as f64;
    Some(match student(moments, confidence) {
        Some(t) if is_enough(moments) => {
            let gamma = gamma(moments, confidence, least_variance, largest);
            Interval { low: gamma.low.min(t.low).max(0.0), high: gamma.high.max(t.high) }
        }
        _ => gamma(moments, confidence, least_variance, surprise * largest),
    })
}

/// Whether the central limit has a say.
pub(super) fn is_enough(moments: &Moments) -> bool {
    moments.nonzero() >= ENOUGH || (moments.nonzero() == moments.count() && moments.count() > 1)
}

/// Probability beyond each end.
pub(super) fn tail(confidence: f64) -> f64 {
    (1.0 - confidence) / 2.0
}

fn upper(confidence: f64) -> Option<f64> {
    (confidence > 0.0 && confidence < 1.0).then(|| 1.0 - tail(confidence))
}

pub(super) fn t_quantile(freedom: f64, p: f64) -> f64 {
    if freedom > 1_000.0 {
        // statrs loses digits here (6e-5 at a million); Fisher's expansion is good to 1e-8.
        let z = Normal::standard().inverse_cdf(p);
        let (z3, z5) = (z.powi(3), z.powi(5));
        return z + (z3 + z) / (4.0 * freedom) + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * freedom * freedom);
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(p))
}

/// Quantile of the gamma law with this mean and variance.
fn gamma_quantile(mean: f64, variance: f64, p: f64) -> f64 {
    if mean <= 0.0 || variance <= 0.0 {
        return mean;
    }
    let shape = mean * mean / variance;
    if shape > 1e4 {
        // Wilson and Hilferty: the cube root is normal; here good to a millionth of the width.
        let z = Normal::standard().inverse_cdf(p);
        return mean * (1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt())).powi(3);
    }
    let quantile = Gamma::new(shape, 1.0).map_or(shape, |law| law.inverse_cdf(p));
    mean * quantile / shape
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = i64>) -> Moments {
        let mut moments = Moments::default();
        values.into_iter().for_each(|value| moments.add(value));
        moments
    }

    /// `events` single events in a million replications.
    fn rare(events: usize) -> Moments {
        of((0..1_000_000).map(|i| i64::from(i < events)))
    }

    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn validation_rare_events_meet_the_exact_poisson_interval() {
        // Garwood's limits, from tables.
        for (events, low, high) in [(1, 0.025_318, 5.571_643), (5, 1.623_486, 11.668_33), (10, 4.795_389, 18.390_36)] {
            let interval = counts(&rare(events), 0.95).unwrap();
            close(interval.low * 1e6, low, 1e-4);
            close(interval.high * 1e6, high, 1e-4);
        }
    }

    #[test]
    fn validation_nothing_seen_is_a_bound() {
        assert_eq!(amounts(&of([0; 100]), 0.95), None);
        close(most_events(0.95), 3.688_879, 1e-6);
        close(most_of_all(1, 0.95), 0.975, 1e-12);
        close(most_of_all(1_000_000, 0.95), 3.688_873e-6, 1e-6);
        close(most_of_all(0, 0.95), 1.0, 0.0);
    }

    #[test]
    fn validation_students_t_meets_its_table() {
        close(t_quantile(1.0, 0.975), 12.706_205, 1e-7);
        close(t_quantile(9.0, 0.975), 2.262_157, 1e-6);
        close(t_quantile(29.0, 0.9995), 3.659_405, 1e-6);
        close(t_quantile(1e6, 0.975), 1.959_966, 1e-6);
        close(t_quantile(1_000.5, 0.9995), t_quantile(999.5, 0.9995), 1e-5);
    }

    #[test]
    fn the_gamma_quantile_has_no_seam() {
        for p in [0.0005, 0.025, 0.975, 0.9995] {
            let (below, above) = (gamma_quantile(1.0, 1.0 / 9_999.0, p), gamma_quantile(1.0, 1.0 / 10_001.0, p));
            assert!((below - above).abs() < 1e-5, "{p}: {below} {above}");
        }
    }

    #[test]
    fn with_many_replications_the_interval_is_students() {
        let moments = of((0..100_000).map(|i| 1_000 + i % 100));
        let (both, t) = (amounts(&moments, 0.95).unwrap(), student(&moments, 0.95).unwrap());
        close(both.low, t.low, 1e-4);
        close(both.high, t.high, 1e-4);
    }

    #[test]
    fn one_replication_still_has_an_interval() {
        let interval = amounts(&of([1_000]), 0.95).unwrap();
        close(interval.low, 25.318, 1e-4);
        assert!(interval.high > 5_571.643, "the next may be larger than the only one seen");
        let few = counts(&of([1, 1]), 0.95).unwrap();
        assert!(few.low < 0.2 && few.high > 3.5, "two equal counts are no certainty: {few:?}");
    }

    /// Validation: with rare and skewed amounts the interval covers the mean about as often as it says.
    #[test]
    fn validation_coverage_of_a_rare_skewed_mean() {
        use rand::{Rng, SeedableRng};
        let mut rng = rand_pcg::Pcg64Dxsm::seed_from_u64(7);
        let mut unit = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        for probability in [0.02, 0.1, 0.5] {
            let (n, trials, mut covered) = (200, 2_000, 0);
            for _ in 0..trials {
                let mut moments = Moments::default();
                for _ in 0..n {
                    // Exponential with mean 1,000, with the given probability.
                    let struck = unit() < probability;
                    moments.add(if struck { (-1_000.0 * (1.0 - unit()).ln()) as i64 } else { 0 });
                }
                let mean = probability * 1_000.0;
                covered += i32::from(match amounts(&moments, 0.95) {
                    Some(interval) => interval.low <= mean && mean <= interval.high,
                    None => true,
                });
            }
            let coverage = f64::from(covered) / f64::from(trials);
            assert!((0.94..=1.0).contains(&coverage), "{probability}: {coverage}");
        }
    }
}
