//! Statistics that merge: add, merge, read. Generic, no Kubernetes.
//!
//! Whatever is summed is an integer, so a merge has no order and the same samples
//! give the same bits on one thread or many, one machine or several (invariant 7).
//! Floats appear when a summary is read.

mod buckets;
mod clustered;
mod controlled;
pub mod fit;
mod holm;
mod interval;
pub mod ks;
mod lengths;
mod moments;
mod order;
mod paired;
mod race;
mod ratio;
mod spans;
mod trials;

pub use clustered::{Clustered, condense};
pub use controlled::{Control, Controlled};
pub use holm::holm;
pub use interval::{Interval, amounts, counts, most_events, most_of_all, rests_on_few};
pub use lengths::Lengths;
pub use moments::Moments;
pub use order::{QuantileInterval, median, quantile};
pub use paired::{MeanDifference, Paired};
pub use race::{Contest, Race, Standing};
pub use ratio::{Mean, ratio};
pub use spans::Spans;
pub use trials::share;

/// `value` rounded to 12 significant digits, as every float that is written: the last bits of `exp` and `ln`
/// differ between platforms.
pub fn twelve_digits(value: f64) -> f64 {
    if value.is_finite() { format!("{value:.11e}").parse().expect("a formatted float is a float") } else { value }
}

#[cfg(test)]
mod tests {
    use super::twelve_digits;

    #[test]
    fn floats_are_written_with_twelve_digits() {
        assert_eq!(twelve_digits(1.0 / 3.0).to_string(), "0.333333333333");
        assert_eq!(twelve_digits(-123_456_789_012_345.0), -123_456_789_012_000.0);
        assert_eq!(twelve_digits(0.0), 0.0);
        assert_eq!(twelve_digits(0.1), 0.1);
    }
}
