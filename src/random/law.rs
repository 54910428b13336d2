//! Laws of chance over spans of time, in seconds.
//!
//! One uniform gives one variate, by inversion, wherever the law has a closed
//! inverse: draws stay in step between scenarios. Gamma has none and takes a
//! sub-stream of its own (its inverse by iteration, which [`Law::quantile`] gives, is for parameters that are not known).
//! `libm` and our own `exp` instead of the platform's functions keep draws equal to the last bit on every machine.

mod moments;

use rand::Rng;
use rand_distr::Distribution;
use statrs::function::gamma::checked_gamma_lr;
use thiserror::Error;

use super::exponential::exp;
use super::normal::normal_quantile;
use super::open_unit;

/// A law of chance. Build one with the constructors: they refuse what has no meaning.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// Always the same.
    Fixed(f64),
    /// Uniform between two bounds.
    Uniform {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// Exponential: no memory.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Weibull: shape below 1 for infant mortality, above 1 for wear.
    Weibull {
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// Log-normal.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// Observed values, each as likely as the other, ascending.
    Empirical(Box<[f64]>),
    /// One of several laws, by weight; the weights sum to 1.
    Mixture(Box<[(f64, Law)]>),
}

/// Why a law was refused. The message says which parameter and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{parameter} is {value}, {rule}")]
pub struct LawError {
    /// The parameter at fault.
    pub parameter: &'static str,
    /// Its value.
    pub value: String,
    /// What it must be.
    pub rule: &'static str,
}

fn check(parameter: &'static str, value: f64, ok: bool, rule: &'static str) -> Result<(), LawError> {
    if ok && value.is_finite() { Ok(()) } else { Err(LawError { parameter, value: value.to_string(), rule }) }
}

const POSITIVE: &str = "must be positive and finite";
const NOT_NEGATIVE: &str = "must be zero or more, and finite";

impl Law {
    /// Always `value`.
    ///
    /// # Errors
    /// If `value` is negative or not finite.
    pub fn fixed(value: f64) -> Result<Self, LawError> {
        check("value", value, value >= 0.0, NOT_NEGATIVE)?;
        Ok(Self::Fixed(value))
    }

    /// Uniform on `[min, max]`.
    ///
    /// # Errors
    /// If `min` is negative, or `max` below `min`.
    pub fn uniform(min: f64, max: f64) -> Result<Self, LawError> {
        check("min", min, min >= 0.0, NOT_NEGATIVE)?;
        check("max", max, max >= min, "must not be below min")?;
        Ok(Self::Uniform { min, max })
    }

    /// Exponential with this mean.
    ///
    /// # Errors
    /// If `mean` is not positive.
    pub fn exponential(mean: f64) -> Result<Self, LawError> {
        check("mean", mean, mean > 0.0, POSITIVE)?;
        Ok(Self::Exponential { mean })
    }

    /// Weibull by shape and scale: `F(x) = 1 − exp(−(x/scale)^shape)`.
    ///
    /// # Errors
    /// If either is not positive.
    pub fn weibull(shape: f64, scale: f64) -> Result<Self, LawError> {
        check("shape", shape, shape > 0.0, POSITIVE)?;
        check("scale", scale, scale > 0.0, POSITIVE)?;
        Ok(Self::Weibull { shape, scale })
    }

    /// Weibull by shape and mean.
    ///
    /// # Errors
    /// If either is not positive, or the shape so small that the mean has no scale.
    pub fn weibull_with_mean(shape: f64, mean: f64) -> Result<Self, LawError> {
        check("shape", shape, shape > 0.0, POSITIVE)?;
        check("mean", mean, mean > 0.0, POSITIVE)?;
        let scale = mean / libm::tgamma(1.0 + 1.0 / shape);
        check("shape", shape, scale > 0.0, "is too small for this mean")?;
        Ok(Self::Weibull { shape, scale })
    }

    /// Log-normal by median and the standard deviation of the logarithm.
    ///
    /// # Errors
    /// If the median is not positive or `sigma` negative.
    pub fn lognormal(median: f64, sigma: f64) -> Result<Self, LawError> {
        check("median", median, median > 0.0, POSITIVE)?;
        check("sigma", sigma, sigma >= 0.0, NOT_NEGATIVE)?;
        Ok(Self::LogNormal { mu: libm::log(median), sigma })
    }

    /// Log-normal by median and 95th percentile.
    ///
    /// # Errors
    /// If the median is not positive or `p95` below it.
    pub fn lognormal_with_p95(median: f64, p95: f64) -> Result<Self, LawError> {
        check("median", median, median > 0.0, POSITIVE)?;
        check("p95", p95, p95 >= median, "must not be below the median")?;
        Self::lognormal(median, libm::log(p95 / median) / normal_quantile(0.95))
    }

    /// Gamma by shape and mean.
    ///
    /// # Errors
    /// If either is not positive.
    pub fn gamma(shape: f64, mean: f64) -> Result<Self, LawError> {
        check("shape", shape, shape > 0.0, POSITIVE)?;
        check("mean", mean, mean > 0.0, POSITIVE)?;
        Ok(Self::Gamma { shape, scale: mean / shape })
    }

    /// Each of `values` as likely as the other.
    ///
    /// # Errors
    /// If there is none, or one is negative or not finite.
    pub fn empirical(mut values: Vec<f64>) -> Result<Self, LawError> {
        check("values", values.len() as f64, !values.is_empty(), "must hold at least one value")?;
        for &value in &values {
            check("values", value, value >= 0.0, NOT_NEGATIVE)?;
        }
        values.sort_by(f64::total_cmp);
        Ok(Self::Empirical(values.into()))
    }

    /// One of several laws, with probability proportional to its weight.
    ///
    /// # Errors
    /// If there is none, a weight is negative, or all are zero.
    pub fn mixture(parts: Vec<(f64, Self)>) -> Result<Self, LawError> {
        for &(weight, _) in &parts {
            check("weight", weight, weight >= 0.0, NOT_NEGATIVE)?;
        }
        let total: f64 = parts.iter().map(|part| part.0).sum();
        check("weight", total, total > 0.0, "must be positive and finite in total")?;
        Ok(Self::Mixture(parts.into_iter().map(|(weight, law)| (weight / total, law)).collect()))
    }

    /// One variate, in seconds.
    pub fn sample(&self, rng: &mut impl Rng) -> f64 {
        let u = open_unit(rng);
        self.variate(u, || rng)
    }

    /// The variate that belongs to the uniform `u`; `rng` serves the laws without a closed inverse.
    pub(super) fn variate<R: Rng>(&self, u: f64, rng: impl FnOnce() -> R) -> f64 {
        match self {
            Self::Gamma { shape, scale } => gamma_variate(*shape, *scale, &mut rng()),
            Self::Mixture(parts) => {
                let (law, u) = pick(parts.iter().map(|(weight, law)| (*weight, law)), u);
                law.variate(u, rng)
            }
            closed => closed.quantile(u).expect("every other law has a closed inverse"),
        }
    }

    /// The value that a share `u` of all lies below; `None` for mixtures, which have no inverse to speak of. That of a gamma
    /// law is found by iteration, and rounded to nine digits, as the last ones differ between platforms.
    pub fn quantile(&self, u: f64) -> Option<f64> {
        Some(match self {
            Self::Fixed(value) => *value,
            Self::Uniform { min, max } => min + u * (max - min),
            Self::Exponential { mean } => -mean * libm::log1p(-u),
            Self::Weibull { shape, scale } => scale * libm::pow(-libm::log1p(-u), 1.0 / shape),
            Self::LogNormal { mu, sigma } => exp(mu + sigma * normal_quantile(u)),
            Self::Empirical(values) => values[((u * values.len() as f64) as usize).min(values.len() - 1)],
            Self::Gamma { shape, scale } => nine_digits(scale * unit_gamma_quantile(*shape, u)),
            Self::Mixture(_) => return None,
        })
    }

    /// The time left until the next occurrence, seen from a moment that has nothing to do with the
    /// occurrences: the equilibrium (forward recurrence) law, density `(1 − F(x)) / mean`.
    ///
    /// A running system is met in the middle of a life, and in a long life more likely than in a
    /// short one: a life drawn in proportion to its length, cut at a uniform point.
    pub fn sample_residual(&self, rng: &mut impl Rng) -> f64 {
        if let Self::Exponential { .. } = self {
            return self.sample(rng);
        }
        let u = open_unit(rng);
        self.sample_length_biased(u, rng) * open_unit(rng)
    }

    /// A variate with density `x·f(x) / mean`.
    fn sample_length_biased(&self, u: f64, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Fixed(value) => *value,
            Self::Uniform { min, max } => f64::sqrt(min * min + u * (max * max - min * min)),
            Self::Exponential { mean } => gamma_variate(2.0, *mean, rng),
            // With y = (x/scale)^shape the density of y is y^(1/shape)·e^(−y): a gamma law.
            Self::Weibull { shape, scale } => {
                scale * libm::pow(gamma_variate(1.0 + 1.0 / shape, 1.0, rng), 1.0 / shape)
            }
            Self::LogNormal { mu, sigma } => exp(mu + sigma * sigma + sigma * normal_quantile(u)),
            Self::Gamma { shape, scale } => gamma_variate(shape + 1.0, *scale, rng),
            Self::Empirical(values) => *pick(values.iter().map(|value| (*value, value)), u).0,
            Self::Mixture(parts) => {
                let (law, u) = pick(parts.iter().map(|(weight, law)| (weight * law.mean(), law)), u);
                law.sample_length_biased(u, rng)
            }
        }
    }
}

/// The item in whose share `u` falls, shares in proportion to the weights, and where in that share it falls.
fn pick<T: Copy>(items: impl Iterator<Item = (f64, T)> + Clone, u: f64) -> (T, f64) {
    let total: f64 = items.clone().map(|item| item.0).sum();
    let mut left = u * total;
    let mut last = None;
    for (weight, item) in items {
        if weight > 0.0 {
            if left < weight {
                return (item, (left / weight).clamp(f64::EPSILON / 4.0, 1.0 - f64::EPSILON));
            }
            last = Some(item);
        } else if last.is_none() {
            // Only zeros so far (observed values may all be 0): any of them will do.
            last = Some(item);
        }
        left -= weight;
    }
    (last.expect("nothing to pick from"), 0.5)
}

/// The quantile of the gamma law with scale 1: the inverse of the regularised incomplete gamma function. It is looked for by
/// halving the logarithm, as statrs' own inverse stops at an absolute error, which for shapes below 1 is larger than many
/// quantiles.
fn unit_gamma_quantile(shape: f64, u: f64) -> f64 {
    let below = |log: f64| checked_gamma_lr(shape, libm::exp(log)).unwrap_or(0.0) < u;
    let (mut low, mut high) = (libm::log(shape), libm::log(shape));
    let mut step = 1.0;
    // A double is zero below e⁻⁷⁴⁵.
    while !below(low) && low > -745.0 {
        low -= step;
        step *= 2.0;
    }
    step = 1.0;
    while below(high) && high < 700.0 {
        high += step;
        step *= 2.0;
    }
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    libm::exp(high)
}

fn nine_digits(value: f64) -> f64 {
    if value.is_finite() { format!("{value:.8e}").parse().expect("a formatted float is a float") } else { value }
}

fn gamma_variate(shape: f64, scale: f64, rng: &mut impl Rng) -> f64 {
    rand_distr::Gamma::new(shape, scale).expect("shape and scale were checked").sample(rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Owner, Purpose, Streams};
    use statrs::distribution::{ContinuousCDF, Gamma};

    pub(super) fn laws() -> Vec<Law> {
        vec![
            Law::fixed(3.0).unwrap(),
            Law::uniform(1.0, 4.0).unwrap(),
            Law::exponential(2.0).unwrap(),
            Law::weibull_with_mean(0.7, 5.0).unwrap(),
            Law::weibull(2.5, 3.0).unwrap(),
            Law::lognormal_with_p95(2.0, 5.0).unwrap(),
            Law::gamma(2.5, 4.0).unwrap(),
            Law::empirical(vec![1.0, 2.0, 2.0, 7.0]).unwrap(),
            Law::mixture(vec![(3.0, Law::fixed(1.0).unwrap()), (1.0, Law::exponential(6.0).unwrap())]).unwrap(),
        ]
    }

    /// Validation: gamma quantiles against tables of the chi-square law (shape n/2, scale 2, in Abramowitz and Stegun, table 26.8) and
    /// against closed forms (shape 1 is exponential), far into both tails and for a shape far below 1.
    #[test]
    fn gamma_quantiles_invert_the_law() {
        let quantile = |shape: f64, mean: f64, u: f64| Law::gamma(shape, mean).unwrap().quantile(u).unwrap();
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-5, "{a} is not {b}");
        for (freedom, u, exact) in [
            (1.0, 0.5, 0.454_936),
            (1.0, 0.975, 5.023_886),
            (5.0, 0.025, 0.831_212),
            (10.0, 0.5, 9.341_818),
            (100.0, 0.975, 129.561_197),
        ] {
            close(quantile(freedom / 2.0, freedom, u), exact);
        }
        for u in [1e-9f64, 1e-3, 0.3, 0.999_999] {
            close(quantile(1.0, 7.0, u), -7.0 * (-u).ln_1p());
        }
        // Near zero F(x) = xˢ / Γ(s + 1).
        close(quantile(0.5, 0.5, 1e-6), (1e-6 * 0.886_226_925_452_758f64).powi(2));
        for shape in [0.5, 3.5, 31.5, 5_000.0] {
            let law = Gamma::new(shape, 1.0).unwrap();
            for u in [0.001, 0.025, 0.5, 0.975, 0.999] {
                assert!((law.cdf(quantile(shape, shape, u)) - u).abs() < 1e-7, "{shape} {u}");
            }
        }
    }

    /// Validation: sample means meet the means, and residual lives meet `E[X²]/(2·E[X])`, within 4 standard errors
    /// (two-sided 99.994 %, for 18 tests at once).
    #[test]
    fn samples_and_residual_lives_have_their_means() {
        const N: u64 = 100_000;
        let stream = Streams::new(11, 0).stream(Owner::Replication, Purpose::Initial);
        for (index, law) in laws().iter().enumerate() {
            let base = index as u64 * 10 * N;
            let xs: Vec<f64> = (0..N).map(|i| stream.draw(base + i, law)).collect();
            let rs: Vec<f64> = (0..N).map(|i| law.sample_residual(&mut stream.rng(base + 2 * N + i))).collect();
            let n = N as f64;
            let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
            let error = |v: &[f64]| {
                let m = mean(v);
                (v.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / n / n).sqrt()
            };
            assert!((mean(&xs) - law.mean()).abs() <= 4.0 * error(&xs) + 1e-9, "{law:?}: mean {}", mean(&xs));
            let squares: Vec<f64> = xs.iter().map(|x| x * x / (2.0 * law.mean())).collect();
            let tolerance = 4.0 * error(&rs).hypot(error(&squares));
            assert!((mean(&rs) - mean(&squares)).abs() <= tolerance, "{law:?}: residual {}", mean(&rs));
        }
    }

    #[test]
    fn constructors_refuse_what_has_no_meaning() {
        assert!(Law::exponential(0.0).is_err());
        assert!(Law::exponential(f64::NAN).is_err());
        assert!(Law::uniform(2.0, 1.0).is_err());
        assert!(Law::weibull_with_mean(0.0, 1.0).is_err());
        assert!(Law::weibull_with_mean(0.004, 1.0).is_err());
        assert!(Law::lognormal_with_p95(2.0, 1.0).is_err());
        assert!(Law::empirical(vec![]).is_err());
        assert!(Law::mixture(vec![(0.0, Law::Fixed(1.0))]).is_err());
        assert_eq!(Law::fixed(-1.0).unwrap_err().to_string(), "value is -1, must be zero or more, and finite");
    }

    #[test]
    fn observed_zeros_have_a_residual_life() {
        let stream = Streams::new(1, 0).stream(Owner::Replication, Purpose::Initial);
        let law = Law::empirical(vec![0.0, 0.0]).unwrap();
        assert!(law.sample_residual(&mut stream.rng(0)).abs() < f64::EPSILON);
    }
}
