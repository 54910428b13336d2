//! What is known of a law as a whole: means, and between what its values lie.

use statrs::function::gamma::{gamma_lr, gamma_ur};

use super::Law;

impl Law {
    /// The mean, in seconds.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Fixed(value) => *value,
            Self::Uniform { min, max } => f64::midpoint(*min, *max),
            Self::Exponential { mean } => *mean,
            Self::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Self::Gamma { shape, scale } => shape * scale,
            Self::Empirical(values) => values.iter().sum::<f64>() / values.len() as f64,
            Self::Mixture(parts) => parts.iter().map(|(weight, law)| weight * law.mean()).sum(),
        }
    }

    /// The mean length of what is under way at a moment that has nothing to do with it, if nothing lasts longer than `cut`
    /// seconds: E[min(L, cut)²] / E[min(L, cut)]. Whatever needs two things at once meets the long ones, so this is longer
    /// than the mean: twice as long for an exponential law, e^(σ²) times for a log-normal one. 0 if all lengths are.
    pub fn length_biased_mean(&self, cut: f64) -> f64 {
        let mean = self.limited_moment(1, cut);
        if mean > 0.0 { self.limited_moment(2, cut) / mean } else { 0.0 }
    }

    /// E[min(L, cut)^order], for an order of 1 or 2.
    fn limited_moment(&self, order: i32, cut: f64) -> f64 {
        let k = f64::from(order);
        let most = cut.powi(order);
        match self {
            Self::Fixed(value) => value.min(cut).powi(order),
            Self::Uniform { min, max } if max > min => {
                let (from, to) = (min.min(cut), max.min(cut));
                let below = (to.powi(order + 1) - from.powi(order + 1)) / ((k + 1.0) * (max - min));
                below + most * (max - to.max(*min)) / (max - min)
            }
            Self::Uniform { min, .. } => min.min(cut).powi(order),
            Self::Exponential { mean } => gamma_moment(1.0, *mean, k, cut),
            Self::Weibull { shape, scale } => {
                // (L/scale)^shape is exponential.
                let cut = libm::pow(cut / scale, *shape);
                scale.powi(order) * gamma_moment(1.0, 1.0, k / shape, cut)
            }
            Self::LogNormal { mu, sigma: 0.0 } => libm::exp(*mu).min(cut).powi(order),
            Self::LogNormal { mu, sigma } => {
                let z = (libm::log(cut) - mu) / sigma;
                let below = |z: f64| libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0;
                libm::exp(k * mu + k * k * sigma * sigma / 2.0) * below(z - k * sigma) + most * below(-z)
            }
            Self::Gamma { shape, scale } => gamma_moment(*shape, *scale, k, cut),
            Self::Empirical(values) => {
                values.iter().map(|value| value.min(cut).powi(order)).sum::<f64>() / values.len() as f64
            }
            Self::Mixture(parts) => parts.iter().map(|(weight, law)| weight * law.limited_moment(order, cut)).sum(),
        }
    }

    /// The least value that can come, in seconds; 0 for laws that come arbitrarily close to it.
    pub fn least(&self) -> f64 {
        match self {
            Self::Fixed(value) => *value,
            Self::Uniform { min, .. } => *min,
            Self::Empirical(values) => values[0],
            Self::Mixture(parts) => parts.iter().map(|(_, law)| law.least()).fold(f64::INFINITY, f64::min),
            Self::Exponential { .. } | Self::Weibull { .. } | Self::LogNormal { .. } | Self::Gamma { .. } => 0.0,
        }
    }

    /// No greater value can come, in seconds; infinite for a gamma law.
    pub fn most(&self) -> f64 {
        match self {
            Self::Empirical(values) => values[values.len() - 1],
            Self::Mixture(parts) => parts.iter().map(|(_, law)| law.most()).fold(0.0, f64::max),
            Self::Gamma { .. } => f64::INFINITY,
            // The greatest uniform that is drawn.
            closed => closed.quantile(1.0 - f64::EPSILON / 2.0).unwrap_or(f64::INFINITY),
        }
    }
}

/// E[min(X, cut)^order] of a gamma law.
fn gamma_moment(shape: f64, scale: f64, order: f64, cut: f64) -> f64 {
    let x = cut / scale;
    let whole = libm::exp(libm::lgamma(shape + order) - libm::lgamma(shape)) * libm::pow(scale, order);
    // So far out nothing is cut, and the functions have no value at infinity.
    if x > 1e4 + 100.0 * (shape + order) {
        return whole;
    }
    whole * gamma_lr(shape + order, x) + libm::pow(cut, order) * gamma_ur(shape, x)
}

#[cfg(test)]
mod tests {
    use super::super::tests::laws;
    use super::*;
    use crate::random::{Owner, Purpose, Streams};

    /// Validation: of every law against a sum over 200,000 draws, cut in its middle, in its tail and nowhere.
    #[test]
    fn validation_length_biased_means_are_those_of_samples() {
        for law in laws() {
            let mut rng = Streams::new(5, 0).stream(Owner::Slot(0), Purpose::Initial).rng(0);
            let draws: Vec<f64> = (0..200_000).map(|_| law.sample(&mut rng)).collect();
            for cut in [law.mean(), 3.0 * law.mean(), 1e9] {
                let sum = |order: i32| draws.iter().map(|x| x.min(cut).powi(order)).sum::<f64>();
                let (ours, theirs) = (law.length_biased_mean(cut), sum(2) / sum(1));
                assert!((ours / theirs - 1.0).abs() < 0.02, "{law:?} cut at {cut}: {ours} {theirs}");
            }
        }
    }

    #[test]
    fn what_is_met_lasts_longer_than_the_mean() {
        let node = Law::lognormal_with_p95(300.0, 7_200.0).unwrap();
        let times = node.length_biased_mean(1e30) / node.mean();
        assert!((41.0..42.5).contains(&times), "σ = 1.93: {times}");
        assert!((Law::exponential(5.0).unwrap().length_biased_mean(1e9) - 10.0).abs() < 1e-9);
        assert_eq!(Law::fixed(0.0).unwrap().length_biased_mean(1.0), 0.0);
        assert!((Law::lognormal(3.0, 0.0).unwrap().length_biased_mean(1e9) - 3.0).abs() < 1e-12);
        assert!((node.length_biased_mean(60.0) - 60.0).abs() < 5.0, "never above the cut");
        assert!((Law::weibull(900.0, 2.0).unwrap().length_biased_mean(1e9) - 2.0).abs() < 0.01);
    }
}
