//! Lengths of time: exact sum and extremes, and a histogram for the quantiles.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Below this, in nanoseconds, lengths are not told apart by the histogram.
const FINEST: u64 = 100_000;

/// Lengths of time in nanoseconds.
///
/// The histogram counts in buckets at most 1 % wide (above 10 ms; 0.1 ms below), so quantiles are within that of the
/// sample's own; it grows with the largest length, and there is none before the first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub struct Spans {
    count: u64,
    sum: u128,
    smallest: u64,
    largest: u64,
    histogram: Option<Histogram<u64>>,
}

impl Spans {
    /// Adds a length.
    pub fn add(&mut self, nanos: u64) {
        self.smallest = if self.count == 0 { nanos } else { self.smallest.min(nanos) };
        self.largest = self.largest.max(nanos);
        self.count += 1;
        self.sum += u128::from(nanos);
        self.histogram.get_or_insert_with(empty).record(nanos).expect("the histogram grows as needed");
    }

    /// Adds every length of `other`.
    pub fn merge(&mut self, other: &Self) {
        let Some(theirs) = &other.histogram else { return };
        self.smallest = if self.count == 0 { other.smallest } else { self.smallest.min(other.smallest) };
        self.largest = self.largest.max(other.largest);
        self.count += other.count;
        self.sum += other.sum;
        match &mut self.histogram {
            Some(ours) => ours.add(theirs).expect("the histogram grows as needed"),
            none => *none = Some(theirs.clone()),
        }
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
        let histogram = self.histogram.as_ref()?;
        Some(self.within(histogram.median_equivalent(histogram.value_at_quantile(q))))
    }

    /// The middle of every bucket that is not empty, ascending, with its count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.histogram.iter().flat_map(|histogram| {
            histogram.iter_recorded().map(|bucket| {
                let middle = histogram.median_equivalent(bucket.value_iterated_to());
                (self.within(middle), bucket.count_at_value())
            })
        })
    }

    /// No bucket speaks of more, or less, than was seen.
    fn within(&self, nanos: u64) -> u64 {
        nanos.clamp(self.smallest, self.largest)
    }
}

/// As it is kept in a file: the histogram by a length of each bucket and its count.
#[derive(Serialize, Deserialize)]
struct Written {
    sum: u128,
    smallest: u64,
    largest: u64,
    buckets: Vec<(u64, u64)>,
}

impl From<Spans> for Written {
    fn from(spans: Spans) -> Self {
        let buckets = spans.histogram.iter().flat_map(Histogram::iter_recorded);
        let buckets = buckets.map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value())).collect();
        Self { sum: spans.sum, smallest: spans.smallest, largest: spans.largest, buckets }
    }
}

impl From<Written> for Spans {
    fn from(written: Written) -> Self {
        let mut histogram = empty();
        for &(nanos, count) in &written.buckets {
            histogram.record_n(nanos, count).expect("the histogram grows as needed");
        }
        Self {
            count: histogram.len(),
            sum: written.sum,
            smallest: written.smallest,
            largest: written.largest,
            histogram: (!histogram.is_empty()).then_some(histogram),
        }
    }
}

fn empty() -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(FINEST, 100 * FINEST, 2).expect("the bounds are valid");
    histogram.auto(true);
    histogram
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
                prop_assert!((ours - exact).abs() <= FINEST as f64 + 0.01 * exact, "{q}: {ours} {exact}");
            }
        }
    }
}
