//! Kolmogorov–Smirnov: how far two distribution functions lie apart, at most.

/// The largest difference between the distribution functions of two samples, each in ascending order; in [0, 1].
/// Equal values count as equal, so samples that were rounded alike can be compared.
pub fn distance(sample: &[f64], reference: &[f64]) -> f64 {
    let (n, m) = (sample.len() as f64, reference.len() as f64);
    let mut worst = 0.0_f64;
    let (mut below, mut from) = (0, 0);
    while below < sample.len() {
        let value = sample[below];
        let up_to = below + sample[below..].partition_point(|&x| x <= value);
        // Both functions just before this value, and at it.
        let less = from + reference[from..].partition_point(|&x| x < value);
        let most = less + reference[less..].partition_point(|&x| x <= value);
        worst = worst.max((below as f64 / n - less as f64 / m).abs());
        worst = worst.max((up_to as f64 / n - most as f64 / m).abs());
        (below, from) = (up_to, most);
    }
    worst
}

/// The largest difference between the distribution function of a sample in ascending order and a continuous one.
pub fn distance_to(sample: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let n = sample.len() as f64;
    sample.iter().enumerate().fold(0.0_f64, |worst, (i, &x)| {
        let f = cdf(x);
        worst.max(f - i as f64 / n).max((i as f64 + 1.0) / n - f)
    })
}

/// The distance to its own law that a large sample of `n` exceeds with probability `alpha` (Smirnov's limit).
pub fn critical(n: usize, alpha: f64) -> f64 {
    ((2.0 / alpha).ln() / (2.0 * n as f64)).sqrt()
}

/// The probability that a large sample of `n` lies this far from its own law, or further (Kolmogorov's series).
pub fn p_value(n: usize, distance: f64) -> f64 {
    let x = distance * (n as f64).sqrt();
    if x < 0.2 {
        return 1.0;
    }
    let terms = (1..=100).map(|k| {
        let k = f64::from(k);
        let sign = if k as i64 % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * k * k * x * x).exp()
    });
    terms.sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_small_samples_by_hand() {
        assert_eq!(distance(&[1.0], &[1.0]), 0.0);
        assert_eq!(distance(&[1.0], &[2.0]), 1.0);
        assert_eq!(distance(&[2.0], &[1.0]), 1.0);
        assert_eq!(distance(&[1.0, 3.0], &[2.0, 4.0]), 0.5);
        // Ties: both functions jump at 1, by 2/3 and by 1/2.
        assert!((distance(&[1.0, 1.0, 5.0], &[1.0, 5.0]) - 1.0 / 6.0).abs() < 1e-12);
        assert!((distance(&[0.5, 0.5], &[0.0, 1.0]) - 0.5).abs() < 1e-12);
        assert_eq!(distance_to(&[0.25, 0.75], |x| x), 0.25);
    }

    /// Kolmogorov's limit has its 5 % point at 1.358/√n, its 0.1 % point at 1.949/√n.
    #[test]
    fn critical_values_are_those_of_the_tables() {
        assert!((critical(10_000, 0.05) - 0.013_58).abs() < 1e-5);
        assert!((critical(100, 0.001) - 0.194_9).abs() < 1e-4);
        assert!((p_value(10_000, 0.013_58) - 0.05).abs() < 1e-4);
        assert_eq!(p_value(10, 0.01), 1.0);
    }

    #[test]
    fn the_distance_is_symmetric() {
        let (a, b) = ([0.1, 0.4, 0.4, 0.9], [0.2, 0.4, 0.8]);
        assert!((distance(&a, &b) - distance(&b, &a)).abs() < 1e-12);
    }
}
