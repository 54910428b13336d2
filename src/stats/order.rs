//! Order statistics.

/// The quantile `p` of a sample in ascending order; `None` for an empty sample.
///
/// Between neighbours it is interpolated so that it is about as often too low as too high, whatever the law (Hyndman and Fan's
/// type 8, The American Statistician 50:361, 1996). The least value that a share `p` does not exceed is low: of the 99th
/// percentile of 100 values by up to half a standard deviation.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    between_ranks(p, sorted.len() as u64, |rank| sorted.get(rank as usize - 1).copied())
}

/// The same of `count` values, of which `at` gives that of a rank, from 1; `None` where it gives none.
pub(super) fn between_ranks(p: f64, count: u64, at: impl Fn(u64) -> Option<f64>) -> Option<f64> {
    if count == 0 {
        return None;
    }
    let third = 1.0 / 3.0;
    let rank = ((count as f64 + third) * p + third).clamp(1.0, count as f64);
    let (below, part) = (rank.floor(), rank.fract());
    let low = at(below as u64)?;
    if part == 0.0 { Some(low) } else { Some(low + part * (at(below as u64 + 1)? - low)) }
}

/// The middle of a sample in ascending order.
pub fn median(sorted: &[f64]) -> Option<f64> {
    quantile(sorted, 0.5)
}

/// A quantile with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileInterval {
    /// That of the sample.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end; `None` where the sample is too small to give one.
    pub high: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::{median, quantile};

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
        assert_eq!(quantile(&[0.0, 10.0], 0.1), Some(0.0));
        assert_eq!(quantile(&[0.0, 10.0], 1.0), Some(10.0));
        let sample: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((quantile(&sample, 0.99).unwrap() - 99.663_333).abs() < 1e-5);
    }

    /// Validation: of 100 exponential values the 99th percentile is found too low in about half of the samples; the least value
    /// that 99 of them do not exceed would be in 63 %.
    #[test]
    fn validation_a_late_quantile_is_as_often_too_high_as_too_low() {
        use rand::{Rng, SeedableRng};
        let mut rng = rand_pcg::Pcg64Dxsm::seed_from_u64(11);
        let mut next = || -(((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64).ln();
        let trials = 4_000;
        let low = (0..trials).filter(|_| {
            let mut sample: Vec<f64> = (0..100).map(|_| next()).collect();
            sample.sort_by(f64::total_cmp);
            quantile(&sample, 0.99).unwrap() < 100f64.ln()
        });
        let share = low.count() as f64 / f64::from(trials);
        // 3.3 standard errors of the sample, and what the approximation leaves.
        assert!((share - 0.5).abs() < 0.04, "{share}");
    }
}
