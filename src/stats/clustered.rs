//! Amounts that come in clusters of equal size: the windows of a replication, each with its lost time.
//!
//! Quantiles need the share of amounts up to x, and their intervals how much this share differs *between* clusters,
//! for every x. Both come from one histogram: an amount adds 1 to its bucket's count and, if it is the j-th smallest
//! of its cluster, 2j − 1 to the bucket's square. Summed up to x the counts are Σ y and the squares Σ y², where y
//! is the number of a cluster's amounts up to x. All are whole numbers, so merges are exact and have no order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::QuantileInterval;
use super::interval::tail;
use super::order::between_ranks;
use super::trials::Trials;

/// Bits of an amount that its bucket keeps: buckets are at most 1/128 wide, 0.8 % of their amounts.
const BITS: u32 = 8;

/// Amounts, in nanoseconds, of clusters of equal size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clustered {
    size: u64,
    clusters: u64,
    cells: BTreeMap<u16, Cell>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Cell {
    count: u64,
    square: u128,
    least: u64,
    largest: u64,
}

impl Clustered {
    /// No cluster yet; each will have `size` amounts.
    pub fn new(size: u64) -> Self {
        Self { size, clusters: 0, cells: BTreeMap::new() }
    }

    /// Adds a cluster: amounts and how often each occurs, in any order; what is left to its size is zero.
    pub fn add(&mut self, amounts: &[(u64, u64)]) {
        let mut runs = amounts.to_vec();
        runs.sort_unstable();
        let zeros = self.size - runs.iter().map(|run| run.1).sum::<u64>();
        let mut below = 0;
        for (amount, count) in std::iter::once((0, zeros)).chain(runs).filter(|run| run.1 > 0) {
            let (from, to) = (u128::from(below), u128::from(below + count));
            self.put(bucket(amount), Cell { count, square: to * to - from * from, least: amount, largest: amount });
            below += count;
        }
        self.clusters += 1;
    }

    /// Adds every cluster of `other`, which has the same size.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.size, other.size);
        self.clusters += other.clusters;
        for (&bucket, &cell) in &other.cells {
            self.put(bucket, cell);
        }
    }

    fn put(&mut self, bucket: u16, cell: Cell) {
        let add = |ours: &mut Cell| {
            ours.count += cell.count;
            ours.square += cell.square;
            ours.least = ours.least.min(cell.least);
            ours.largest = ours.largest.max(cell.largest);
        };
        self.cells.entry(bucket).and_modify(add).or_insert(cell);
    }

    /// How many amounts a cluster has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many amounts there are.
    pub fn count(&self) -> u64 {
        self.clusters * self.size
    }

    /// The largest.
    pub fn max(&self) -> Option<u64> {
        self.cells.last_key_value().map(|(_, cell)| cell.largest)
    }

    /// The amount that a share `q` of all does not exceed, to the width of a bucket. Like every quantile it is about
    /// median-unbiased ([`super::quantile`]).
    pub fn quantile(&self, q: f64) -> Option<f64> {
        between_ranks(q, self.count(), |rank| self.at(rank))
    }

    /// The amount of this rank, from 1.
    fn at(&self, rank: u64) -> Option<f64> {
        let mut seen = 0;
        let found = self.cells.values().find(|cell| {
            seen += cell.count;
            seen >= rank
        });
        found.map(|cell| cell.at(rank - (seen - cell.count)) as f64)
    }

    /// The interval of the quantile, over clusters: the amounts x for which a share `q` may be the part of all that
    /// does not exceed x (mid-P). With one amount a cluster its ends are order statistics. No upper end where there are
    /// too few clusters to give one.
    pub fn quantile_interval(&self, q: f64, confidence: f64) -> Option<QuantileInterval> {
        let value = self.quantile(q)?;
        let p = tail(confidence);
        let few = Trials::fewness(self.clusters, u128::from(self.clusters) * u128::from(self.size), confidence);
        let end = |p: f64| self.first_at(|trials| trials.mid_p(q, few) >= p).map(|amount| amount as f64);
        let low = end(p).map_or(0.0, |low| low.min(value));
        Some(QuantileInterval { value, low, high: end(1.0 - p).map(|high| high.max(value)) })
    }

    /// The least amount such that `holds` of the number of amounts up to it.
    fn first_at(&self, holds: impl Fn(&Trials) -> bool) -> Option<u64> {
        let (mut successes, mut squares) = (0, 0);
        for cell in self.cells.values() {
            // With k amounts of this cell, whose squares grow evenly.
            let with = |k: u64| {
                let square = cell.square * u128::from(k) / u128::from(cell.count);
                Trials::of_equal(self.clusters, self.size, successes + u128::from(k), squares + square)
            };
            if holds(&with(cell.count)) {
                let (mut low, mut high) = (0, cell.count);
                while high - low > 1 {
                    let middle = low.midpoint(high);
                    if holds(&with(middle)) { high = middle } else { low = middle }
                }
                return Some(cell.at(high));
            }
            successes += u128::from(cell.count);
            squares += cell.square;
        }
        None
    }

    /// The middle of every bucket that is not empty, ascending, with its count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.cells.values().map(|cell| (cell.least.midpoint(cell.largest), cell.count))
    }
}

impl Cell {
    /// The `k`-th smallest of its amounts, as if they lay evenly between the least and the largest.
    fn at(&self, k: u64) -> u64 {
        let (place, steps) = (u128::from(k - 1), u128::from((self.count - 1).max(1)));
        self.least + (u128::from(self.largest - self.least) * place / steps) as u64
    }
}

/// Makes few of many amounts and how often each occurs: of those in one bucket two at most are told apart. Their sum and
/// their number stay.
pub fn condense(amounts: &mut Vec<(u64, u64)>) {
    amounts.sort_unstable();
    let of_bucket = |equal: &[(u64, u64)]| {
        let count: u64 = equal.iter().map(|run| run.1).sum();
        let sum: u128 = equal.iter().map(|&(amount, count)| u128::from(amount) * u128::from(count)).sum();
        let (least, above) = ((sum / u128::from(count)) as u64, (sum % u128::from(count)) as u64);
        [(least, count - above), (least + 1, above)]
    };
    let few = amounts.chunk_by(|a, b| bucket(a.0) == bucket(b.0)).flat_map(of_bucket).filter(|run| run.1 > 0);
    *amounts = few.collect();
}

/// The bucket of an amount: the place of its first bit and the bits after it. Amounts below 256 have their own.
fn bucket(amount: u64) -> u16 {
    let shift = (u64::BITS - amount.leading_zeros()).saturating_sub(BITS);
    ((shift << (BITS - 1)) + (amount >> shift) as u32) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(size: u64, clusters: &[Vec<u64>]) -> Clustered {
        let mut clustered = Clustered::new(size);
        for cluster in clusters {
            clustered.add(&cluster.iter().map(|&amount| (amount, 1)).collect::<Vec<_>>());
        }
        clustered
    }

    #[test]
    fn buckets_are_narrow_and_in_order() {
        for amount in (0..2_000).chain((8..63).flat_map(|e| [(1u64 << e) - 1, 1 << e, (1 << e) + 1])) {
            assert!(bucket(amount) <= bucket(amount + 1) && bucket(amount + 1) <= bucket(amount) + 1, "{amount}");
            assert!(bucket(amount + amount / 64 + 1) > bucket(amount), "{amount}");
        }
    }

    #[test]
    fn condensed_amounts_keep_their_sum_their_number_and_their_buckets() {
        let all: Vec<(u64, u64)> = (0..100_000u64).map(|i| (1_000 + i * i % 77_777, 1 + i % 3)).collect();
        let mut few = all.clone();
        condense(&mut few);
        let totals =
            |runs: &[(u64, u64)]| runs.iter().fold((0, 0), |(sum, number), run| (sum + run.0 * run.1, number + run.1));
        assert_eq!(totals(&few), totals(&all));
        assert!(few.len() < 2_000, "{}", few.len());
        let (mut one, mut other) = (Clustered::new(1_000_000), Clustered::new(1_000_000));
        one.add(&all);
        other.add(&few);
        let counts =
            |clustered: &Clustered| clustered.cells.iter().map(|(b, c)| (*b, c.count, c.square)).collect::<Vec<_>>();
        assert_eq!(counts(&one), counts(&other));
    }

    #[test]
    fn validation_one_amount_a_cluster_gives_order_statistics() {
        // Of 100 the median lies between the 41st and the 60th (mid-P: below 2.3 % on either side), the 95th percentile
        // between the 91st and the 99th.
        let clustered = of(1, &(1..=100).map(|i| vec![i]).collect::<Vec<_>>());
        let interval = |q| clustered.quantile_interval(q, 0.95).unwrap();
        assert_eq!(interval(0.5), QuantileInterval { value: 50.5, low: 41.0, high: Some(60.0) });
        let late = interval(0.95);
        assert_eq!((late.low, late.high), (91.0, Some(99.0)));
        assert!((late.value - 95.65).abs() < 0.01, "{late:?}");
        // Of the 99th there is no upper end among 100: 0.99^100 is 37 %.
        assert_eq!(interval(0.99).high, None);
    }

    #[test]
    fn clusters_that_move_as_one_count_as_one() {
        let alone = of(1, &(1..=100).map(|i| vec![i]).collect::<Vec<_>>());
        let together = of(12, &(1..=100).map(|i| vec![i; 12]).collect::<Vec<_>>());
        let ends = |clustered: &Clustered| clustered.quantile_interval(0.5, 0.95).map(|i| (i.low, i.high));
        assert_eq!(ends(&together), ends(&alone));
        let apart =
            of(12, &(1..=100).map(|i| (0..12).map(|k| 1 + (i * 37 + k * 53) % 100).collect()).collect::<Vec<_>>());
        let narrow = apart.quantile_interval(0.5, 0.95).unwrap();
        assert!(narrow.low > 44.0 && narrow.high.unwrap() < 57.0, "{narrow:?}");
    }

    proptest! {
        /// Property: counts and squares up to any amount are those of the clusters; merges have no order.
        #[test]
        fn sums_are_those_of_the_clusters(
            clusters in prop::collection::vec(prop::collection::vec(0u64..5_000, 0..6), 1..30),
            at in 0usize..30,
        ) {
            let whole = of(6, &clusters);
            let (left, right) = clusters.split_at(at.min(clusters.len()));
            let mut merged = of(6, right);
            merged.merge(&of(6, left));
            prop_assert_eq!(&merged, &whole);
            let (mut count, mut square) = (0u128, 0);
            for cell in whole.cells.values() {
                count += u128::from(cell.count);
                square += cell.square;
                let up_to = |cluster: &Vec<u64>| {
                    (6 - cluster.len() + cluster.iter().filter(|&&a| a <= cell.largest).count()) as u128
                };
                prop_assert_eq!(count, clusters.iter().map(up_to).sum::<u128>());
                prop_assert_eq!(square, clusters.iter().map(|c| up_to(c).pow(2)).sum::<u128>());
            }
            let mut all: Vec<u64> = clusters.iter().flatten().copied().collect();
            all.resize(6 * clusters.len(), 0);
            all.sort_unstable();
            prop_assert_eq!(whole.max(), all.last().copied());
            for q in [0.1, 0.5, 0.95, 1.0] {
                let exact = all.iter().map(|&amount| amount as f64).collect::<Vec<_>>();
                let exact = crate::stats::quantile(&exact, q).unwrap();
                let ours = whole.quantile(q).unwrap();
                prop_assert!((ours - exact).abs() <= exact / 64.0, "{}: {} {}", q, ours, exact);
            }
        }
    }
}
