//! How much danger a life has met: the cumulative hazard of a law; and how many lives are longer than a span.

use statrs::function::gamma::checked_gamma_ur;

use super::Law;

impl Law {
    /// The share of all values that is greater than this one, in seconds, for every law.
    pub fn exceeds(&self, value: f64) -> f64 {
        if value < self.least() {
            return 1.0;
        }
        match self {
            Self::Gamma { .. } if value <= 0.0 => 1.0,
            // Undefined only where all of the law lies below.
            Self::Gamma { shape, scale } => checked_gamma_ur(*shape, value / scale).unwrap_or(0.0),
            Self::Empirical(values) => values.iter().filter(|one| **one > value).count() as f64 / values.len() as f64,
            Self::Mixture(parts) => parts.iter().map(|(weight, law)| weight * law.exceeds(value)).sum(),
            // What is left without a survival function is one value alone.
            _ => self.survival(value).unwrap_or_else(|| f64::from(self.mean() > value)),
        }
    }

    /// The hazard met until this age, `−ln P(X > age)`. An event that strikes at X has been met once where its hazard
    /// has grown by one, on average, wherever one stops looking: the number of events less this is a martingale.
    ///
    /// `None` for laws that give some values a probability of their own (fixed, observed and mixtures of them), which have no
    /// hazard, and for gamma laws, whose survival has no closed form.
    pub fn cumulative_hazard(&self, age: f64) -> Option<f64> {
        match self {
            Self::Exponential { mean } => Some(age / mean),
            Self::Weibull { shape, scale } => Some(libm::pow(age / scale, *shape)),
            // What lies so far out that nothing is left of it is not met.
            _ => self.survival(age).map(|share| -libm::log(share.max(f64::MIN_POSITIVE))),
        }
    }

    /// `P(X > age)`, where that is a smooth function in closed form.
    fn survival(&self, age: f64) -> Option<f64> {
        match self {
            Self::Exponential { .. } | Self::Weibull { .. } => {
                self.cumulative_hazard(age).map(|hazard| libm::exp(-hazard))
            }
            Self::Uniform { min, max } => (min < max).then(|| ((max - age) / (max - min)).clamp(0.0, 1.0)),
            Self::LogNormal { mu, sigma } => (*sigma > 0.0)
                .then(|| libm::erfc((libm::log(age) - mu) / sigma * std::f64::consts::FRAC_1_SQRT_2) / 2.0),
            Self::Mixture(parts) => parts.iter().map(|(weight, law)| Some(weight * law.survival(age)?)).sum(),
            Self::Fixed(_) | Self::Empirical(_) | Self::Gamma { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Owner, Purpose, Streams};

    /// Validation: at the moment of the event the hazard met is exponential with mean 1, whatever the law; within 4
    /// standard errors (two-sided 99.994 %, for 10 tests at once).
    #[test]
    fn validation_the_hazard_of_a_life_is_exponential() {
        const N: u64 = 100_000;
        let laws = [
            Law::uniform(1.0, 4.0).unwrap(),
            Law::exponential(2.0).unwrap(),
            Law::weibull(0.7, 5.0).unwrap(),
            Law::lognormal(2.0, 1.2).unwrap(),
            Law::mixture(vec![(3.0, Law::exponential(1.0).unwrap()), (1.0, Law::weibull(2.0, 6.0).unwrap())]).unwrap(),
        ];
        let stream = Streams::new(12, 0).stream(Owner::Replication, Purpose::Initial);
        for (index, law) in laws.iter().enumerate() {
            let met = (0..N).map(|i| law.cumulative_hazard(stream.draw(index as u64 * N + i, law)).unwrap());
            let (sum, squares) = met.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
            let n = N as f64;
            // Mean 1 with variance 1; mean square 2 with variance 20.
            assert!((sum / n - 1.0).abs() < 4.0 / n.sqrt(), "{law:?}: mean {}", sum / n);
            assert!((squares / n - 2.0).abs() < 4.0 * (20.0 / n).sqrt(), "{law:?}: mean square {}", squares / n);
        }
    }

    /// Validation: the share of samples above a value, within 4 standard errors (two-sided 99.994 %, for 40 tests at once).
    #[test]
    fn validation_a_law_exceeds_a_value_as_often_as_its_samples() {
        const N: u64 = 100_000;
        let laws = [
            Law::fixed(3.0).unwrap(),
            Law::uniform(1.0, 4.0).unwrap(),
            Law::uniform(3.0, 3.0).unwrap(),
            Law::exponential(2.0).unwrap(),
            Law::weibull(0.7, 5.0).unwrap(),
            Law::lognormal(2.0, 1.2).unwrap(),
            Law::lognormal(3.0, 0.0).unwrap(),
            Law::gamma(2.5, 1.5).unwrap(),
            Law::empirical(vec![1.0, 2.0, 2.0, 3.0, 7.0]).unwrap(),
            Law::mixture(vec![(3.0, Law::fixed(3.0).unwrap()), (1.0, Law::gamma(0.5, 6.0).unwrap())]).unwrap(),
        ];
        let stream = Streams::new(13, 0).stream(Owner::Replication, Purpose::Initial);
        for (index, law) in laws.iter().enumerate() {
            let base = index as u64 * N;
            let samples: Vec<f64> = (0..N).map(|i| stream.draw(base + i, law)).collect();
            for value in [0.0, 0.5, 2.0, 3.5] {
                let expected = law.exceeds(value);
                let seen = samples.iter().filter(|sample| **sample > value).count() as f64 / N as f64;
                let tolerance = 4.0 * (expected * (1.0 - expected) / N as f64).sqrt() + 1e-9;
                assert!((seen - expected).abs() <= tolerance, "{law:?} above {value}: {seen}, not {expected}");
            }
        }
        assert_eq!(Law::fixed(3.0).unwrap().exceeds(3.0), 0.0, "greater, not equal");
    }

    #[test]
    fn what_has_no_density_has_no_hazard() {
        let fixed = Law::fixed(3.0).unwrap();
        let mixed = Law::mixture(vec![(1.0, fixed.clone()), (1.0, Law::exponential(1.0).unwrap())]).unwrap();
        for law in [fixed, mixed, Law::empirical(vec![1.0, 2.0]).unwrap(), Law::uniform(2.0, 2.0).unwrap()] {
            assert_eq!(law.cumulative_hazard(1.0), None, "{law:?}");
        }
    }
}
