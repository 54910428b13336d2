//! Judging samples: intervals and whole distributions at 99.9 %, fixed beforehand.
//!
//! A test that looks at several statistics says how many: each is then judged at 0.1 % divided by their number
//! (Bonferroni), so that a right model passes the whole test with at least 99.9 %.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

/// What a right model may fail by, over a whole test.
const ALPHA: f64 = 0.001;

/// The two-sided normal point of one of `statistics` tests.
pub fn z(statistics: usize) -> f64 {
    Normal::standard().inverse_cdf(1.0 - ALPHA / (2.0 * statistics as f64))
}

/// Kolmogorov–Smirnov: the sample follows this distribution function, one of `statistics` tests.
/// For one test the critical value is 1.95/√n.
pub fn assert_law(what: &str, sample: &[f64], statistics: usize, cdf: impl Fn(f64) -> f64) {
    let n = sample.len() as f64;
    assert!(n >= 1000.0, "{what}: {n} are too few to judge a law");
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let distance = sorted.iter().enumerate().fold(0.0_f64, |worst, (i, &x)| {
        let f = cdf(x);
        worst.max(f - i as f64 / n).max((i as f64 + 1.0) / n - f)
    });
    let critical = (-(ALPHA / (2.0 * statistics as f64)).ln() / 2.0).sqrt() / n.sqrt();
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    let mean = sorted.iter().sum::<f64>() / n;
    assert!(
        distance < critical,
        "{what}: distance {distance:.4} ≥ {critical:.4} (n {n}, min {min:.4}, mean {mean:.4}, max {max:.4})"
    );
}

/// The distribution function of `low` plus independent uniforms on [0, width): by inclusion and exclusion over
/// the corners of the box.
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

/// The mean of `f` over the unit square, by the midpoint rule.
pub fn mean_over_square(steps: u32, f: impl Fn(f64, f64) -> f64) -> f64 {
    let at = |i: u32| (f64::from(i) + 0.5) / f64::from(steps);
    let rows = (0..steps).flat_map(|i| (0..steps).map(move |j| (i, j)));
    rows.map(|(i, j)| f(at(i), at(j))).sum::<f64>() / f64::from(steps * steps)
}

/// The exact binomial test: so many hits in n are no surprise where each has probability `p`.
pub fn assert_share(what: &str, hits: usize, n: usize, p: f64, statistics: usize) {
    let (hits, n) = (hits as u64, n as u64);
    if p <= 0.0 || p >= 1.0 {
        assert_eq!(hits, if p <= 0.0 { 0 } else { n }, "{what}: certain, of {n}");
        return;
    }
    let law = Binomial::new(p, n).unwrap();
    let tail = ALPHA / (2.0 * statistics as f64);
    let at_most = law.cdf(hits);
    let at_least = if hits == 0 { 1.0 } else { 1.0 - law.cdf(hits - 1) };
    assert!(at_most >= tail && at_least >= tail, "{what}: {hits} of {n} where {p:.4} each is expected");
}

/// Mean and half the width of its 99.9 % interval.
pub fn mean_interval(sample: &[f64], statistics: usize) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, z(statistics) * (variance / n).sqrt())
}

/// The interval of the mean holds `exact` and is at most 2 % of it wide.
pub fn assert_mean(what: &str, sample: &[f64], exact: f64, statistics: usize) {
    let (mean, half) = mean_interval(sample, statistics);
    assert!((mean - exact).abs() <= half, "{what}: {mean:.6e} ± {half:.1e} does not hold {exact:.6e}");
    assert!(2.0 * half <= 0.02 * exact, "{what}: ± {half:.1e} is too wide to prove {exact:.6e}");
}

/// Two independent samples have the same mean: the interval of the difference holds 0.
pub fn assert_same_mean(what: &str, a: &[f64], b: &[f64], statistics: usize) {
    let ((mean_a, half_a), (mean_b, half_b)) = (mean_interval(a, statistics), mean_interval(b, statistics));
    let half = half_a.hypot(half_b);
    assert!((mean_a - mean_b).abs() <= half, "{what}: {mean_a:.6e} against {mean_b:.6e}, ± {half:.1e}");
}
