//! The four laws: their likelihoods, tails and means.
//!
//! Each has a *form*, a plain number that says how it scatters, and a *size* in
//! the unit of the durations, by the names that files use: exponential (mean),
//! Weibull (shape, scale), log-normal (sigma, median), gamma (shape, mean).

use std::f64::consts::{LN_2, PI, SQRT_2};
use std::ops::RangeInclusive;

use statrs::function::gamma::checked_gamma_lr;

use super::Durations;
use super::search::maximise;

/// A law of one or two parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// No memory: mean.
    Exponential,
    /// Shape and scale.
    Weibull,
    /// Standard deviation of the logarithm, and median.
    LogNormal,
    /// Shape and mean.
    Gamma,
}

impl Family {
    /// All of them, the simplest first.
    pub const ALL: [Self; 4] = [Self::Exponential, Self::Weibull, Self::LogNormal, Self::Gamma];

    /// How many parameters are fitted.
    pub fn parameters(self) -> usize {
        if self == Self::Exponential { 1 } else { 2 }
    }

    /// The mean of a law.
    pub fn mean(self, form: f64, size: f64) -> f64 {
        size * self.mean_of_unit(form)
    }

    /// The size that gives a law of this form this mean.
    pub(super) fn size_of_mean(self, form: f64, mean: f64) -> f64 {
        mean / self.mean_of_unit(form)
    }

    fn mean_of_unit(self, form: f64) -> f64 {
        match self {
            Self::Exponential | Self::Gamma => 1.0,
            Self::Weibull => libm::tgamma(1.0 + 1.0 / form),
            Self::LogNormal => (form * form / 2.0).exp(),
        }
    }

    /// Logarithms of the forms among which the likeliest is looked for. A law at an end of them is no law but a constant,
    /// or so spread that it has no use.
    pub(super) fn forms(self) -> RangeInclusive<f64> {
        let (least, most): (f64, f64) = if self == Self::LogNormal { (1e-5, 30.0) } else { (0.02, 1e5) };
        least.ln()..=most.ln()
    }

    /// Where the search for the form begins: from the spread of the logarithms.
    pub(super) fn first_form(self, durations: &Durations) -> f64 {
        let sigma = (durations.spread_log / durations.ended.len().max(1) as f64).sqrt().max(1e-5);
        match self {
            Self::LogNormal => sigma,
            // The standard deviation of the logarithm of a Weibull variate is π/√6 divided by its shape.
            _ => (PI / 6f64.sqrt() / sigma).clamp(0.05, 1e4),
        }
    }

    /// The likeliest size, given the form.
    pub(super) fn best_size(self, durations: &Durations, form: f64) -> f64 {
        let ended = durations.ended.len() as f64;
        match self {
            Self::Exponential => durations.total() / ended,
            Self::Weibull => {
                // Powers of values relative to the largest neither overflow nor vanish together.
                let largest = durations.logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let powers: f64 = durations.logs.iter().map(|log| (form * (log - largest)).exp()).sum();
                (largest + (powers / ended).ln() / form).exp()
            }
            Self::LogNormal if durations.censored.is_empty() => durations.mean_log.exp(),
            Self::Gamma if durations.censored.is_empty() => durations.sum / ended,
            Self::LogNormal | Self::Gamma => {
                let start = (durations.total() / ended).ln();
                let along = |log: f64| self.log_likelihood(durations, form, log.exp());
                maximise(along, start, 0.3, start - 60.0..=start + 60.0).at.exp()
            }
        }
    }

    /// The logarithm of the likelihood: densities of the ended durations, survival of the others.
    pub fn log_likelihood(self, durations: &Durations, form: f64, size: f64) -> f64 {
        let (n, sum_log) = (durations.ended.len() as f64, durations.mean_log * durations.ended.len() as f64);
        let survivals = || durations.censored.iter().map(|x| self.log_tails(form, size, *x).1).sum::<f64>();
        match self {
            Self::Exponential => -n * size.ln() - durations.total() / size,
            Self::Weibull => {
                let log_size = size.ln();
                let hazard: f64 = durations.logs.iter().map(|log| (form * (log - log_size)).exp()).sum();
                n * (form.ln() - form * log_size) + (form - 1.0) * sum_log - hazard
            }
            Self::LogNormal => {
                let off = durations.mean_log - size.ln();
                let squares = durations.spread_log + n * off * off;
                -sum_log - n * (form.ln() + 0.5 * (2.0 * PI).ln()) - squares / (2.0 * form * form) + survivals()
            }
            Self::Gamma => {
                let scale = size / form;
                let densities = (form - 1.0) * sum_log - durations.sum / scale - n * form * scale.ln();
                densities - n * libm::lgamma(form) + survivals()
            }
        }
    }

    /// The logarithms of `F(x)` and of `1 − F(x)`, each accurate where it is small.
    pub(super) fn log_tails(self, form: f64, size: f64, x: f64) -> (f64, f64) {
        match self {
            Self::Exponential => of_hazard(x / size),
            Self::Weibull => of_hazard((form * (x / size).ln()).exp()),
            Self::LogNormal => {
                let z = (x / size).ln() / form;
                (log_normal_tail(-z), log_normal_tail(z))
            }
            Self::Gamma => gamma_tails(form, x * form / size),
        }
    }
}

/// Both tails at a cumulative hazard.
fn of_hazard(hazard: f64) -> (f64, f64) {
    ((-(-hazard).exp_m1()).ln(), -hazard)
}

/// The logarithm of the share of the standard normal law above `z`.
fn log_normal_tail(z: f64) -> f64 {
    if z < -1.0 {
        return (-0.5 * libm::erfc(-z / SQRT_2)).ln_1p();
    }
    if z < 25.0 {
        return libm::erfc(z / SQRT_2).ln() - LN_2;
    }
    // Beyond that erfc vanishes soon; the asymptotic series errs by less than 1e-11 of the logarithm.
    let square = 1.0 / (z * z);
    -0.5 * z * z - z.ln() - 0.5 * (2.0 * PI).ln() + (-square + 3.0 * square * square).ln_1p()
}

/// Both tails of the gamma law with scale 1.
fn gamma_tails(shape: f64, x: f64) -> (f64, f64) {
    if x <= shape + 1.0 {
        let below = checked_gamma_lr(shape, x).unwrap_or(f64::NAN);
        // Far below the shape the share itself vanishes: the first term of its series remains.
        let log = if below > 1e-290 { below.ln() } else { shape * x.ln() - x - libm::lgamma(shape + 1.0) };
        return (log, (-below).ln_1p());
    }
    let above = shape * x.ln() - x - libm::lgamma(shape) + upper_fraction(shape, x).ln();
    ((-above.exp()).ln_1p(), above)
}

/// The continued fraction of Γ(shape, x) / (xˢʰᵃᵖᵉ e⁻ˣ) for x above the shape, by Lentz' method: statrs has only the
/// share itself, which vanishes where its logarithm is still needed.
fn upper_fraction(shape: f64, x: f64) -> f64 {
    let mut under = x + 1.0 - shape;
    let mut inverse = 1.0 / under;
    let mut ratio = f64::MAX;
    let mut value = inverse;
    for i in 1..100_000 {
        let i = f64::from(i);
        let over = -i * (i - shape);
        under += 2.0;
        inverse = 1.0 / (over * inverse + under);
        ratio = under + over / ratio;
        value *= ratio * inverse;
        if (ratio * inverse - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, Gamma, Normal};

    /// Validation: against statrs where it has digits, and against tails known in closed form where it has none.
    #[test]
    fn tails_are_accurate_near_and_far() {
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-3), "{a} {b}");
        for z in [-8.0, -1.0, 0.0, 0.5, 3.0, 8.0] {
            close(log_normal_tail(z), Normal::standard().sf(z).ln());
        }
        // log Φ(−30) and log Φ(−40), by mpmath.
        close(log_normal_tail(30.0), -454.321_243_956_343_2);
        close(log_normal_tail(40.0), -804.608_442_013_753_9);
        for shape in [0.3, 1.0, 2.5, 40.0, 3000.0] {
            let law = Gamma::new(shape, 1.0).unwrap();
            for x in [0.1, 0.9, 1.1, 1.5].map(|times| times * shape) {
                let (below, above) = gamma_tails(shape, x);
                if law.cdf(x) > 1e-280 {
                    close(below, law.cdf(x).ln());
                }
                if law.sf(x) > 1e-280 {
                    close(above, law.sf(x).ln());
                }
            }
        }
        // Shape 1 is the exponential law, shape 2 has (1 + x)·exp(−x) above x.
        close(gamma_tails(1.0, 2000.0).1, -2000.0);
        close(gamma_tails(2.0, 2000.0).1, 2001f64.ln() - 2000.0);
    }
}
