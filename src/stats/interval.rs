//! Two-sided confidence intervals of a mean over independent replications.
//!
//! Downtime is not negative, skewed and often rare: in most replications it is
//! zero, and then Student's t is too short above and reaches below zero. So:
//!
//! - **Nothing seen**: no estimate but a bound. As none can lose more than all its
//!   time, an unavailability p would have shown itself in n replications with
//!   probability at least 1 − (1 − p)^n: [`most_of_all`]. Events are taken as
//!   Poisson: [`most_events`].
//! - **Something seen**: a gamma interval in the manner of Fay and Feuer (Statistics
//!   in Medicine 16:791, 1997) for a sum of weighted Poisson counts. With the total y
//!   and its variance v, the lower end is the α/2 quantile of a gamma law with mean y
//!   and variance v, the upper one the 1 − α/2 quantile of one with mean y + w and
//!   variance V + w²: a further contribution w is counted as seen. With equal
//!   contributions it is the exact Poisson interval (Garwood), so one outage in a
//!   million replications is treated as it deserves. As the variance comes from n
//!   replications, α/2 is what the normal law has beyond Student's t.
//! - **The tail that was not seen**: a sample that has missed the long outages of its law has too small a mean, a far too
//!   small variance and no sign of either. So the upper end takes for V the larger of the variance seen and that which the
//!   moments of lower orders tell ([`Moments::likely_squares`]), to which a missing tail matters less.
//! - **The further contribution** w lies between the scale v/y (one event, if all are equal) and the largest excess of a
//!   replication over the mean, times a surprise. With n = y²/V, as how many equal contributions the sum scatters, the
//!   surprise is 1 + min(3, √(40/n)): four times the largest while few contributions carry the sum, nearly the
//!   largest alone when many do. How far w lies from the scale hangs on how much the sizes differ ([`Moments::spread`]; of
//!   amounts of which few were seen, that equal ones were luck is part of it). Nothing jumps anywhere.
//! - **Below** half the scale is counted as seen, too, as Jeffreys' interval does for a Poisson count: what is exact for
//!   every mean is too wide for most. It grows from nothing at [`ENOUGH`] equal contributions.
//!
//! `examples/coverage` measures it, with laws whose logarithm has a standard deviation of up to 2. Below an effective count of
//! [`FEW`] the interval is wide, and its width is chance: [`rests_on_few`] says so, and no precision is believed there.
//!
//! The variance is taken between replications, so dependence within one (a zone
//! that fails with all its Pods, a crash loop) is inside the interval.

use statrs::distribution::{ContinuousCDF, Gamma, Normal, StudentsT};

use super::Moments;

/// From so many equal contributions on, half of one is counted as seen below.
pub(super) const ENOUGH: f64 = 14.0;

/// Fewer effective contributions than these are few.
const FEW: f64 = 30.0;

/// With fewer events in fewer replications, equal numbers may be luck.
const FEW_EVENTS: u64 = 30;

/// By how many times the largest excess a further contribution may at most be larger than it.
pub(super) const SURPRISE: f64 = 3.0;

/// With so many effective contributions it may be twice the largest excess; beyond them it goes with the root.
const TWICE: f64 = 40.0;

/// Before any amount was seen its logarithm is taken to have this variance, which weighs as much as so many equal amounts.
const UNKNOWN: (f64, f64) = (3.0, 5.0);

/// Where the logarithms of sizes have this variance or more, the largest excess tells what may come, and not the scale. That
/// of a sum of some ten contributions is much smaller than theirs.
const UNLIKE: f64 = 0.8;

/// What is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Sizes vary by a law that is not known; that those seen are equal may be luck.
    Amounts,
    /// Most events come one by one: equal numbers are no luck, and single events are single by nature.
    Events,
}

/// What is counted as seen beyond what was, at either end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Further {
    pub below: f64,
    pub above: f64,
}

/// A total with its variances.
#[derive(Debug, Clone, Copy)]
pub(super) struct Total {
    pub sum: f64,
    /// As seen between replications.
    pub variance: f64,
    /// With the tail that was not seen.
    pub likely: f64,
}

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
    non_negative(moments, confidence, 0.0, Kind::Amounts)
}

/// The mean of numbers of events; `None` where none was seen.
///
/// Few replications may by luck hold equal numbers; with fewer than 30 events in fewer than 30 replications the variance
/// is never taken for less than Poisson's.
pub fn counts(moments: &Moments, confidence: f64) -> Option<Interval> {
    let is_few = moments.count() < FEW_EVENTS && moments.sum() < i128::from(FEW_EVENTS);
    let least = if is_few { moments.sum() as f64 } else { 0.0 };
    non_negative(moments, confidence, least, Kind::Events)
}

/// Whether so few contributions carry the sum of these amounts that another sample may have a quite different mean: the
/// interval allows for that, but its width is itself chance.
pub fn rests_on_few(moments: &Moments) -> bool {
    moments.nonzero() > 0 && is_few(Total::of(moments, 0.0).effective())
}

/// Whether so many effective contributions are few.
pub(super) fn is_few(effective: f64) -> bool {
    effective < FEW
}

/// The largest share of time that may be lost when none was lost in `n` replications.
pub fn most_of_all(n: u64, confidence: f64) -> f64 {
    if n == 0 { 1.0 } else { 1.0 - tail(confidence).powf(1.0 / n as f64) }
}

/// The largest Poisson mean that goes with no event at all: 3.7 at 95 %.
pub fn most_events(confidence: f64) -> f64 {
    -tail(confidence).ln()
}

fn non_negative(moments: &Moments, confidence: f64, least_variance: f64, kind: Kind) -> Option<Interval> {
    if moments.nonzero() == 0 {
        return None;
    }
    let total = Total::of(moments, least_variance);
    let further = total.further(moments, kind, total.effective());
    Some(gamma(&total, moments.count(), confidence, further))
}

/// The gamma interval of the mean over `replications`.
pub(super) fn gamma(total: &Total, replications: u64, confidence: f64, further: Further) -> Interval {
    let n = replications as f64;
    // One replication has no t: its variance is a guess anyway.
    let t = t_quantile(if n > 1.0 { n - 1.0 } else { f64::INFINITY }, 1.0 - tail(confidence));
    let Further { below, above } = further;
    Interval {
        // Half a contribution adds half its square.
        low: gamma_quantile(total.sum + below, total.variance + 2.0 * below * below, -t) / n,
        high: gamma_quantile(total.sum + above, total.likely + above * above, t) / n,
    }
}

impl Total {
    /// The total of samples that are not negative; its variance is at least `least`.
    pub fn of(moments: &Moments, least: f64) -> Self {
        let (sum, n) = (moments.sum() as f64, moments.count() as f64);
        // One replication says nothing of the variance between them: it is taken as one contribution.
        let variance = moments.variance().map_or(sum * sum, |v| v * n).max(least);
        let unseen = if n > 1.0 { (moments.likely_squares() - sum * sum / n) * n / (n - 1.0) } else { 0.0 };
        Self { sum, variance, likely: variance.max(unseen) }
    }

    /// As how many equal contributions it scatters.
    pub fn effective(&self) -> f64 {
        if self.likely > 0.0 { self.sum * self.sum / self.likely } else { f64::INFINITY }
    }

    /// What may come beyond what was seen, where as many as `effective` equal contributions were; nothing where nothing was.
    pub fn further(&self, moments: &Moments, kind: Kind, effective: f64) -> Further {
        if self.sum == 0.0 {
            return Further { below: 0.0, above: 0.0 };
        }
        let scale = self.variance / self.sum;
        if scale == 0.0 {
            return Further { below: 0.0, above: 0.0 };
        }
        let excess = (moments.largest() as f64 - moments.mean()).max(scale);
        let surprise = 1.0 + SURPRISE.min((TWICE / effective).sqrt());
        let spread = match (kind, UNKNOWN) {
            (Kind::Amounts, (unknown, weight)) => {
                (effective * moments.spread() + weight * unknown) / (effective + weight)
            }
            (Kind::Events, _) => moments.spread(),
        };
        let above = scale * (surprise * excess / scale).powf((spread / UNLIKE).min(1.0));
        Further { below: scale / 2.0 * (1.0 - ENOUGH / effective).max(0.0), above }
    }
}

/// Probability beyond each end.
pub(super) fn tail(confidence: f64) -> f64 {
    (1.0 - confidence) / 2.0
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

/// Quantile of the gamma law with this mean and variance, at the probability that the normal law has below `z`.
fn gamma_quantile(mean: f64, variance: f64, z: f64) -> f64 {
    if mean <= 0.0 || variance <= 0.0 {
        return mean;
    }
    let shape = mean * mean / variance;
    if shape > 1e4 || z.abs() > 6.0 {
        // Wilson and Hilferty: the cube root is normal; for large shapes good to a millionth of the width. Far out, where
        // two or three replications send t, a probability has no digits left.
        return mean * (1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt())).max(0.0).powi(3);
    }
    let p = Normal::standard().cdf(z);
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

    /// Nothing switches: a minute more in every replication moves the lower end by about a minute, and the upper one hardly
    /// ever down and up by a fifth of the width at most (the first minute, as no replication is without a loss any more).
    #[test]
    fn the_interval_has_no_seam() {
        use rand::SeedableRng;
        const MINUTE: i64 = 60_000_000;
        let law = crate::random::Law::lognormal(6_768.0, 2.0).unwrap();
        for seed in 0..20 {
            let mut rng = rand_pcg::Pcg64Dxsm::seed_from_u64(seed);
            let mut lost = |i| if i % 10 == 0 { (law.sample(&mut rng) * 1e6) as i64 } else { 0 };
            let losses: Vec<i64> = (0..600).map(&mut lost).collect();
            let with = |minutes: i64| {
                let interval = amounts(&of(losses.iter().map(|loss| loss + minutes * MINUTE)), 0.95).unwrap();
                (interval.low / MINUTE as f64, interval.high / MINUTE as f64)
            };
            for minutes in 0..120 {
                let ((low, high), (next_low, next_high)) = (with(minutes), with(minutes + 1));
                let most = 1.0 + 0.2 * (high - low);
                assert!((next_low - low).abs() < 1.5 && next_high - high < most, "{seed} {minutes}: {low} to {high}");
                assert!(high - next_high < 1.0 + 0.02 * (high - low), "{seed} {minutes}: {high} to {next_high}");
            }
        }
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
        for z in [-3.3, -1.96, 1.96, 3.3] {
            let (below, above) = (gamma_quantile(1.0, 1.0 / 9_999.0, z), gamma_quantile(1.0, 1.0 / 10_001.0, z));
            assert!((below - above).abs() < 1e-5, "{z}: {below} {above}");
        }
    }

    #[test]
    fn with_many_replications_the_interval_is_students() {
        let moments = of((0..100_000).map(|i| 1_000 + i % 100));
        let interval = amounts(&moments, 0.95).unwrap();
        let half = t_quantile(99_999.0, 0.975) * (moments.variance().unwrap() / 100_000.0).sqrt();
        close(interval.low, moments.mean() - half, 1e-4);
        close(interval.high, moments.mean() + half, 1e-4);
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
