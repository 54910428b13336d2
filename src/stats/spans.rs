//! Lengths of time: exact sum and extremes, and a histogram for the quantiles.

use serde::{Deserialize, Serialize};

use super::buckets::{Bucket, Buckets};

/// Lengths of time in nanoseconds.
///
/// The histogram counts in buckets at most 1 % wide (above 10 ms; 0.1 ms below), so quantiles are within that of the
/// sample's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub struct Spans {
    count: u64,
    sum: u128,
    smallest: u64,
    largest: u64,
    buckets: Buckets,
}

impl Spans {
    /// Adds a length.
    pub fn add(&mut self, nanos: u64) {
        self.smallest = if self.count == 0 { nanos } else { self.smallest.min(nanos) };
        self.largest = self.largest.max(nanos);
        self.count += 1;
        self.sum += u128::from(nanos);
        self.buckets.add(nanos);
    }

    /// Adds every length of `other`.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.smallest = if self.count == 0 { other.smallest } else { self.smallest.min(other.smallest) };
        self.largest = self.largest.max(other.largest);
        self.count += other.count;
        self.sum += other.sum;
        self.buckets.merge(&other.buckets);
    }

    /// Takes as little room as can be, from now on until the next length.
    pub fn pack(&mut self) {
        self.buckets.pack();
    }

    /// How many lengths.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their exact sum.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Their mean in nanoseconds.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The largest.
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.largest)
    }

    /// The least length that a share `q` of all does not exceed, to the width of a bucket.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let wanted = ((q * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.buckets.list().into_iter().find(|bucket| {
            seen += bucket.count;
            seen >= wanted
        });
        found.map(|bucket| self.within(bucket.middle()))
    }

    /// The middle of every bucket that is not empty, ascending, with its count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.buckets.list().into_iter().map(|bucket: Bucket| (self.within(bucket.middle()), bucket.count))
    }

    /// No bucket speaks of more, or less, than was seen.
    fn within(&self, nanos: u64) -> u64 {
        nanos.clamp(self.smallest, self.largest)
    }
}

/// As they are kept in a file.
#[derive(Serialize, Deserialize)]
struct Written {
    sum: u128,
    smallest: u64,
    largest: u64,
    buckets: Vec<u64>,
}

impl From<Spans> for Written {
    fn from(spans: Spans) -> Self {
        Self { sum: spans.sum, smallest: spans.smallest, largest: spans.largest, buckets: spans.buckets.written() }
    }
}

impl From<Written> for Spans {
    fn from(written: Written) -> Self {
        let Written { sum, smallest, largest, buckets } = written;
        let buckets = Buckets::read(&buckets);
        let count = buckets.list().iter().fold(0, |sum: u64, bucket| sum.saturating_add(bucket.count));
        Self { count, sum, smallest: smallest.min(largest), largest, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Spans {
        let mut spans = Spans::default();
        values.iter().for_each(|&value| spans.add(value));
        spans
    }

    #[test]
    fn nothing_seen_has_no_quantiles() {
        let spans = Spans::default();
        assert_eq!((spans.mean(), spans.max(), spans.quantile(0.5)), (None, None, None));
        assert_eq!(spans.buckets().count(), 0);
    }

    #[test]
    fn equal_lengths_are_exact() {
        let spans = of(&[12_345_678_901; 10]);
        assert_eq!(spans.quantile(0.5), Some(12_345_678_901));
        assert_eq!(spans.buckets().collect::<Vec<_>>(), [(12_345_678_901, 10)]);
    }

    proptest! {
        /// Property: quantiles lie within 1 % of the sample's; buckets hold every sample; merges have no order.
        #[test]
        fn quantiles_are_those_of_the_sample(
            mut values in prop::collection::vec((0u32..55, 0.5f64..1.0), 1..200)
                .prop_map(|v| v.into_iter().map(|(e, m)| ((1u64 << e) as f64 * m) as u64).collect::<Vec<_>>()),
            at in 0usize..200,
        ) {
            let (left, right) = values.split_at(at.min(values.len()));
            let mut merged = of(right);
            merged.merge(&of(left));
            let whole = of(&values);
            let mut swapped = of(left);
            swapped.merge(&of(right));
            prop_assert_eq!(merged.buckets().collect::<Vec<_>>(), whole.buckets().collect::<Vec<_>>());
            prop_assert_eq!(merged.buckets().collect::<Vec<_>>(), swapped.buckets().collect::<Vec<_>>());
            prop_assert_eq!(merged.sum(), whole.sum());
            prop_assert_eq!(whole.buckets().map(|(_, count)| count).sum::<u64>(), values.len() as u64);
            values.sort_unstable();
            prop_assert_eq!(whole.max(), values.last().copied());
            for q in [0.5, 0.9, 0.95, 0.99, 1.0] {
                let rank = ((q * values.len() as f64).ceil() as usize).max(1);
                let (ours, exact) = (merged.quantile(q).unwrap() as f64, values[rank - 1] as f64);
                prop_assert!((ours - exact).abs() <= 100_000.0 + 0.01 * exact, "{q}: {ours} {exact}");
            }
        }
    }
}
