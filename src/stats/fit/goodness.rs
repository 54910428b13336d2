//! How well a law fits: against the empirical curve.

use super::{Durations, Fit};

/// Anderson and Darling's A²: the squared distance between the law and complete durations, weighted towards both tails.
/// Durations in ascending order.
pub fn anderson_darling(fit: &Fit, ended: &[f64]) -> f64 {
    let n = ended.len() as f64;
    let tails: Vec<(f64, f64)> = ended.iter().map(|x| fit.log_tails(*x)).collect();
    // A duration that is impossible under the law in double precision counts as one of probability e⁻⁷⁰⁰.
    let log = |value: f64| value.max(-700.0);
    let pairs = tails.iter().zip(tails.iter().rev()).enumerate();
    let sum: f64 = pairs.map(|(i, (low, high))| (2.0 * i as f64 + 1.0) * (log(low.0) + log(high.1))).sum();
    -n - sum / n
}

/// Kaplan and Meier's estimate of the distribution function: each duration at which something ended, and the share that
/// has ended by then. Censored durations count as watched up to their end, and with ended ones of the same length.
pub fn kaplan_meier(durations: &Durations) -> Vec<(f64, f64)> {
    let (ended, censored) = (&durations.ended, &durations.censored);
    let mut survival = 1.0;
    let mut curve = Vec::new();
    let mut from = 0;
    while from < ended.len() {
        let at = ended[from];
        let upto = from + ended[from..].partition_point(|x| *x <= at);
        let watched = ended.len() - from + censored.len() - censored.partition_point(|x| *x < at);
        survival *= 1.0 - (upto - from) as f64 / watched as f64;
        curve.push((at, 1.0 - survival));
        from = upto;
    }
    curve
}

/// The largest distance between a law and Kaplan and Meier's curve, up to the last ended duration.
pub fn kaplan_meier_distance(fit: &Fit, curve: &[(f64, f64)]) -> f64 {
    let mut before = 0.0;
    curve.iter().fold(0.0, |worst: f64, &(at, share)| {
        let law = fit.log_tails(at).0.exp();
        let worst = worst.max((law - before).abs()).max((law - share).abs());
        before = share;
        worst
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Freireich's 6-MP arm: the estimate as in Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data.
    #[test]
    fn kaplan_meier_is_that_of_the_textbook() {
        let ended = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0];
        let censored = [6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0];
        let curve = kaplan_meier(&Durations::new(ended, censored));
        let survival = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448];
        assert_eq!(curve.len(), survival.len());
        for ((at, share), survival) in curve.iter().zip(survival) {
            assert!((1.0 - share - survival).abs() < 6e-4, "at {at}: {share}");
        }
    }
}
