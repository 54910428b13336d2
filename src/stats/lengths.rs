//! Lengths of time that come in clusters of any size: the Pod recoveries of a replication.
//!
//! Quantiles come from all lengths together. Their intervals need how much the share of lengths up to x differs *between*
//! clusters, for every x: with y of a cluster's m lengths up to x and the share R = Σy/Σm of all, that is
//! Σ(y − R·m)² = Σy² − 2R·Σym + R²·Σm². A length adds to the sums of its cell 2j − 1 to Σy², if it is the j-th of
//! its cluster, and m to Σym; cells are a quarter of an octave wide, which is enough for a variance. All sums
//! are whole numbers, so merges are exact and have no order.
//!
//! A length without an end is longer than any.

use serde::{Deserialize, Serialize};

use super::interval::tail;
use super::order::between_ranks;
use super::trials::Trials;
use super::{QuantileInterval, Spans};

/// Lengths in nanoseconds, in clusters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Lengths {
    spans: Spans,
    endless: u64,
    /// Those that are not empty.
    clusters: u64,
    /// Σm².
    size_squares: u64,
    /// Those that are not empty, ascending.
    cells: Vec<Cell>,
}

/// Lengths of about the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Cell {
    number: u8,
    count: u64,
    /// Their part of Σy².
    square: u64,
    /// Their part of Σym.
    product: u64,
}

impl Lengths {
    /// Adds a cluster: its lengths, in any order, those of which there are only counts, and how many more have no end.
    pub fn add(&mut self, lengths: &[u64], more: &Spans, endless: u64) {
        let size = lengths.len() as u64 + more.count() + endless;
        if size == 0 {
            return;
        }
        self.clusters += 1;
        self.endless += endless;
        self.size_squares = self.size_squares.saturating_add(size * size);
        lengths.iter().for_each(|&nanos| self.spans.add(nanos));
        self.spans.merge(more);
        // Σ(2j − 1) over the lengths of one cell is the difference of two squares, whatever their order within it.
        let mut counts = [0; CELLS];
        lengths.iter().for_each(|&nanos| counts[usize::from(cell(nanos))] += 1);
        more.buckets().for_each(|(nanos, count)| counts[usize::from(cell(nanos))] += count);
        let mut below = 0;
        for (number, &count) in (0..).zip(&counts).filter(|(_, count)| **count > 0) {
            let up_to = below + count;
            let square = up_to * up_to - below * below;
            self.add_cell(&Cell { number, count, square, product: count * size });
            below = up_to;
        }
    }

    /// Adds every cluster of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.spans.merge(&other.spans);
        self.endless += other.endless;
        self.clusters += other.clusters;
        self.size_squares = self.size_squares.saturating_add(other.size_squares);
        other.cells.iter().for_each(|cell| self.add_cell(cell));
    }

    /// Takes as little room as can be, until the next cluster is added.
    pub fn pack(&mut self) {
        self.spans.pack();
        self.cells.shrink_to_fit();
    }

    fn add_cell(&mut self, new: &Cell) {
        match self.cells.binary_search_by_key(&new.number, |cell| cell.number) {
            Ok(found) => {
                let cell = &mut self.cells[found];
                cell.count += new.count;
                // No order makes a difference to sums that stop at the same limit.
                cell.square = cell.square.saturating_add(new.square);
                cell.product = cell.product.saturating_add(new.product);
            }
            Err(place) => self.cells.insert(place, *new),
        }
    }

    /// Those that have an end.
    pub fn spans(&self) -> &Spans {
        &self.spans
    }

    /// How many have none.
    pub fn endless(&self) -> u64 {
        self.endless
    }

    /// The length that a share `q` of all does not exceed, those without an end included; `None` of none, or if it has no end.
    /// Like every quantile it is about median-unbiased ([`super::quantile`]).
    pub fn quantile(&self, q: f64) -> Option<f64> {
        between_ranks(q, self.all(), |rank| self.at(rank))
    }

    /// The interval of that quantile, over clusters: the lengths x for which a share `q` may be the part of all that does not
    /// exceed x (mid-P). No upper end where there are too few clusters to give one, or where it has no end.
    pub fn quantile_interval(&self, q: f64, confidence: f64) -> Option<QuantileInterval> {
        let value = self.quantile(q)?;
        let p = tail(confidence);
        let few = Trials::fewness(self.clusters, u128::from(self.all()), confidence);
        let end = |p: f64| self.first_rank(|trials| trials.mid_p(q, few) >= p).and_then(|rank| self.at(rank));
        Some(QuantileInterval {
            value,
            low: end(p).map_or(0.0, |low| low.min(value)),
            high: end(1.0 - p).map(|high| high.max(value)),
        })
    }

    fn all(&self) -> u64 {
        self.spans.count() + self.endless
    }

    /// The length of this rank, from 1.
    fn at(&self, rank: u64) -> Option<f64> {
        let mut seen = 0;
        let mut found = self.spans.buckets().skip_while(|(_, count)| {
            seen += count;
            seen < rank
        });
        found.next().map(|(nanos, _)| nanos as f64)
    }

    /// The first rank at which `holds` of the number of lengths up to it.
    fn first_rank(&self, holds: impl Fn(&Trials) -> bool) -> Option<u64> {
        let count = self.spans.count();
        if count == 0 || !holds(&self.up_to(count)) {
            return None;
        }
        let (mut low, mut high) = (0, count);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if holds(&self.up_to(middle)) { high = middle } else { low = middle }
        }
        Some(high)
    }

    /// The `rank` shortest as trials that succeeded; within a cell the sums grow evenly.
    fn up_to(&self, rank: u64) -> Trials {
        let (mut left, mut square, mut product) = (rank, 0.0, 0.0);
        for cell in &self.cells {
            let part = left.min(cell.count);
            let share = part as f64 / cell.count as f64;
            square += cell.square as f64 * share;
            product += cell.product as f64 * share;
            left -= part;
        }
        let all = self.all();
        let share = rank as f64 / all as f64;
        let spread = square - 2.0 * share * product + share * share * self.size_squares as f64;
        Trials { clusters: self.clusters, all: u128::from(all), successes: u128::from(rank), spread: spread.max(0.0) }
    }
}

/// How many cells there are: the last is that of the longest length.
const CELLS: usize = (61 << 2) + 8;

/// The cell of a length: the place of its first bit and the two after it.
fn cell(nanos: u64) -> u8 {
    let shift = (u64::BITS - nanos.leading_zeros()).saturating_sub(3);
    ((shift << 2) + (nanos >> shift) as u32) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(clusters: &[Vec<u64>]) -> Lengths {
        let mut lengths = Lengths::default();
        clusters.iter().for_each(|cluster| lengths.add(cluster, &Spans::default(), 0));
        lengths
    }

    /// A number between 0 and 1.
    fn unit(seed: u64) -> f64 {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    const SEC: u64 = 1_000_000_000;

    #[test]
    fn cells_are_in_order_and_enough() {
        for nanos in (0..2_000).chain((8..63).flat_map(|e| [(1u64 << e) - 1, 1 << e, (1 << e) + 1])) {
            assert!(cell(nanos) <= cell(nanos + 1) && cell(nanos + 1) <= cell(nanos) + 1, "{nanos}");
        }
        assert!(cell(u64::MAX) < u8::MAX);
    }

    /// Validation: one length a cluster gives order statistics, as of independent ones.
    #[test]
    fn validation_one_length_a_cluster_gives_order_statistics() {
        let lengths = of(&(1..=100).map(|i| vec![i * SEC]).collect::<Vec<_>>());
        let median = lengths.quantile_interval(0.5, 0.95).unwrap();
        let near = |ours: f64, seconds: f64| (ours / SEC as f64 / seconds - 1.0).abs() < 0.02;
        assert!(near(median.value, 50.5) && near(median.low, 41.0) && near(median.high.unwrap(), 60.0), "{median:?}");
        let late = lengths.quantile_interval(0.99, 0.95).unwrap();
        assert!(near(late.value, 99.67), "{late:?}");
        assert_eq!(late.high, None, "of the 99th percentile there is no upper end among 100");
    }

    #[test]
    fn clusters_that_move_as_one_count_as_one() {
        let alone = of(&(1..=100).map(|i| vec![i * SEC]).collect::<Vec<_>>()).quantile_interval(0.5, 0.95).unwrap();
        let together =
            of(&(1..=100).map(|i| vec![i * SEC; 12]).collect::<Vec<_>>()).quantile_interval(0.5, 0.95).unwrap();
        let width = |interval: QuantileInterval| interval.high.unwrap() - interval.low;
        assert!((width(together) / width(alone) - 1.0).abs() < 0.25, "{together:?} {alone:?}");
        let apart: Vec<Vec<u64>> =
            (0..100).map(|i| (0..12).map(|k| 1 + (100.0 * unit(12 * i + k)) as u64 * SEC).collect()).collect();
        let apart = of(&apart).quantile_interval(0.5, 0.95).unwrap();
        assert!(width(apart) < 0.45 * width(alone), "{apart:?}");
    }

    /// Oracle: lengths of which there are only counts come to the same as each of them, to the width of a bucket.
    #[test]
    fn counts_of_lengths_do_as_well() {
        let (mut each, mut counted) = (Lengths::default(), Lengths::default());
        for cluster in 0..30u64 {
            let lengths: Vec<u64> =
                (0..40).map(|i| (1.0 + 99.0 * unit(40 * cluster + i)) as u64 * SEC * (1 + cluster % 3)).collect();
            let mut more = Spans::default();
            lengths[5..].iter().for_each(|&nanos| more.add(nanos));
            each.add(&lengths, &Spans::default(), 1);
            counted.add(&lengths[..5], &more, 1);
        }
        assert_eq!(each.spans(), counted.spans());
        let ends = |lengths: &Lengths| {
            let interval = lengths.quantile_interval(0.9, 0.95).unwrap();
            [interval.value, interval.low, interval.high.unwrap()]
        };
        assert!(ends(&each).iter().zip(ends(&counted)).all(|(a, b)| (a / b - 1.0).abs() < 0.02));
    }

    #[test]
    fn what_has_no_end_is_longer_than_any() {
        let mut lengths = Lengths::default();
        (1..=50).for_each(|i| lengths.add(&[i * SEC], &Spans::default(), 1));
        assert!(lengths.quantile(0.25).unwrap() < 26.0 * SEC as f64);
        assert_eq!(lengths.quantile(0.75), None);
        assert_eq!(lengths.quantile_interval(0.75, 0.95), None);
        assert_eq!(Lengths::default().quantile(0.5), None);
    }

    proptest! {
        /// Property: merges have no order.
        #[test]
        fn merging_is_exact(
            clusters in prop::collection::vec(prop::collection::vec(0u64..1 << 50, 0..6), 1..30),
            at in 0usize..30,
        ) {
            let whole = of(&clusters);
            let (left, right) = clusters.split_at(at.min(clusters.len()));
            let mut merged = of(right);
            merged.merge(&of(left));
            prop_assert_eq!(merged, whole);
        }
    }

    /// Validation: over many experiments the interval of a median holds the true one about as often as it says, where the
    /// replications differ in how long their lengths are and in how many they have.
    #[test]
    fn validation_coverage_of_clustered_lengths() {
        let (trials, mut held) = (400, 0);
        for trial in 0..trials {
            let mut seed = trial * 1_000_003;
            let mut next = || {
                seed += 1;
                unit(seed)
            };
            let mut lengths = Lengths::default();
            for _ in 0..80 {
                // Short ones come in twos, long ones in sixes: a length is long with probability 3/4.
                let (count, mean) = if next() < 0.5 { (2, 10.0) } else { (6, 100.0) };
                let cluster: Vec<u64> = (0..count).map(|_| (-mean * (1.0 - next()).ln() * SEC as f64) as u64).collect();
                lengths.add(&cluster, &Spans::default(), 0);
            }
            // 1/4·(1 − e^(−x/10)) + 3/4·(1 − e^(−x/100)) = 1/2.
            let truth = 41.35;
            let interval = lengths.quantile_interval(0.5, 0.95).unwrap();
            held += u64::from(interval.low <= truth * SEC as f64 && truth * SEC as f64 <= interval.high.unwrap());
        }
        // 99.9 % of what is binomial with 95 %: 367 to 393.
        assert!((367..=396).contains(&held), "{held} of {trials}");
    }
}
