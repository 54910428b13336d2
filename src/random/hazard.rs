//! How much danger a life has met: the cumulative hazard of a law.

use super::Law;

impl Law {
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

    #[test]
    fn what_has_no_density_has_no_hazard() {
        let fixed = Law::fixed(3.0).unwrap();
        let mixed = Law::mixture(vec![(1.0, fixed.clone()), (1.0, Law::exponential(1.0).unwrap())]).unwrap();
        for law in [fixed, mixed, Law::empirical(vec![1.0, 2.0]).unwrap(), Law::uniform(2.0, 2.0).unwrap()] {
            assert_eq!(law.cumulative_hazard(1.0), None, "{law:?}");
        }
    }
}
