//! Amounts that come in clusters of equal size: the windows of a replication, each with its lost time.
//!
//! Quantiles need the share of amounts up to x, and their intervals how much this share differs *between* clusters,
//! for every x. Both come from one histogram: an amount adds 1 to its bucket's count and, if it is the j-th smallest
//! of its cluster, 2j − 1 to the bucket's square. Summed up to x the counts are Σ y and the squares Σ y², where y
//! is the number of a cluster's amounts up to x. All are whole numbers, so merges are exact and have no order.

use std::collections::BTreeMap;

use super::Interval;
use super::trials::{Standing, Trials};

/// Bits of an amount that its bucket keeps: buckets are at most 1/128 wide, 0.8 % of their amounts.
const BITS: u32 = 8;

/// Amounts, in nanoseconds, of clusters of equal size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clustered {
    size: u64,
    clusters: u64,
    largest: u64,
    cells: BTreeMap<u16, Cell>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cell {
    count: u64,
    square: u128,
}

impl Clustered {
    /// No cluster yet; each will have `size` amounts.
    pub fn new(size: u64) -> Self {
        Self { size, clusters: 0, largest: 0, cells: BTreeMap::new() }
    }

    /// Adds a cluster: amounts and how often each occurs, in any order; what is left to its size is zero.
    pub fn add(&mut self, amounts: &[(u64, u64)]) {
        let mut runs: Vec<(u16, u64)> = amounts.iter().map(|&(amount, count)| (bucket(amount), count)).collect();
        runs.sort_unstable();
        let zeros = self.size - runs.iter().map(|run| run.1).sum::<u64>();
        let mut below = 0;
        for (bucket, count) in std::iter::once((0, zeros)).chain(runs).filter(|run| run.1 > 0) {
            let (from, to) = (u128::from(below), u128::from(below + count));
            let cell = self.cells.entry(bucket).or_default();
            cell.count += count;
            cell.square += to * to - from * from;
            below += count;
        }
        self.clusters += 1;
        self.largest = amounts.iter().map(|run| run.0).fold(self.largest, u64::max);
    }

    /// Adds every cluster of `other`, which has the same size.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.size, other.size);
        self.clusters += other.clusters;
        self.largest = self.largest.max(other.largest);
        for (bucket, cell) in &other.cells {
            let ours = self.cells.entry(*bucket).or_default();
            ours.count += cell.count;
            ours.square += cell.square;
        }
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
        (self.count() > 0).then_some(self.largest)
    }

    /// The least amount that a share `q` of all does not exceed, to the width of a bucket.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let wanted = ((q * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.cells.iter().find(|(_, cell)| {
            seen += cell.count;
            seen >= wanted
        });
        found.map(|(bucket, _)| middle(*bucket).min(self.largest))
    }

    /// The interval of the quantile, over clusters: every amount of which a share `q` may be the part of all that
    /// does not exceed it. With one amount a cluster these are order statistics. `most` is what no amount can
    /// exceed: the upper end where there are too few clusters to give another.
    pub fn quantile_interval(&self, q: f64, confidence: f64, most: u64) -> Interval {
        let (mut low, mut high) = (None, None);
        let mut trials = Trials { clusters: self.clusters, size: self.size, successes: 0, squares: 0 };
        for (&bucket, cell) in &self.cells {
            trials.successes += u128::from(cell.count);
            trials.squares += cell.square;
            let standing = trials.against(q, confidence);
            if standing != Standing::Below {
                low.get_or_insert(first(bucket));
            }
            if standing == Standing::Above {
                high = Some(last(bucket).min(self.largest));
                break;
            }
        }
        Interval { low: low.unwrap_or(0) as f64, high: high.unwrap_or(most) as f64 }
    }

    /// The middle of every bucket that is not empty, ascending, with its count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.cells.iter().map(|(bucket, cell)| (middle(*bucket).min(self.largest), cell.count))
    }
}

/// The bucket of an amount: the place of its first bit and the bits after it. Amounts below 256 have their own.
fn bucket(amount: u64) -> u16 {
    let shift = (u64::BITS - amount.leading_zeros()).saturating_sub(BITS);
    ((shift << (BITS - 1)) + (amount >> shift) as u32) as u16
}

/// The least amount of a bucket.
fn first(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    let half = 1 << (BITS - 1);
    let shift = (bucket / half).saturating_sub(1);
    (bucket - shift * half) << shift
}

/// The largest amount of a bucket.
fn last(bucket: u16) -> u64 {
    let width = 1u64 << (u64::from(bucket) >> (BITS - 1)).saturating_sub(1);
    first(bucket) + (width - 1)
}

fn middle(bucket: u16) -> u64 {
    first(bucket) + (last(bucket) - first(bucket)) / 2
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
    fn buckets_hold_every_amount() {
        for amount in (0..2_000).chain((8..64).flat_map(|e| [(1u64 << e) - 1, 1 << e, (1 << e) + 1])).chain([u64::MAX])
        {
            let bucket = bucket(amount);
            assert!(first(bucket) <= amount && amount <= last(bucket), "{amount}");
            assert!((last(bucket) - first(bucket)) as f64 <= amount as f64 / 128.0);
        }
    }

    #[test]
    fn validation_one_amount_a_cluster_gives_order_statistics() {
        // Of 100 the median lies between the 40th and the 61st (binomial, 96.5 %), the 95th percentile
        // between the 90th and the largest, which all exceed with probability 0.95^100 only.
        let clustered = of(1, &(1..=100).map(|i| vec![i]).collect::<Vec<_>>());
        assert_eq!(clustered.quantile(0.5), Some(50));
        assert_eq!(clustered.quantile_interval(0.5, 0.95, 1_000), Interval { low: 40.0, high: 61.0 });
        assert_eq!(clustered.quantile_interval(0.95, 0.95, 1_000), Interval { low: 90.0, high: 100.0 });
        // Of the 99th there is no upper end among 100: 0.99^100 is 37 %.
        assert_eq!(clustered.quantile_interval(0.99, 0.95, 1_000).high, 1_000.0);
    }

    #[test]
    fn clusters_that_move_as_one_count_as_one() {
        let alone = of(1, &(1..=100).map(|i| vec![i]).collect::<Vec<_>>());
        let together = of(12, &(1..=100).map(|i| vec![i; 12]).collect::<Vec<_>>());
        assert_eq!(together.quantile_interval(0.5, 0.95, 1_000), alone.quantile_interval(0.5, 0.95, 1_000));
        let apart =
            of(12, &(1..=100).map(|i| (0..12).map(|k| 1 + (i * 37 + k * 53) % 100).collect()).collect::<Vec<_>>());
        let narrow = apart.quantile_interval(0.5, 0.95, 1_000);
        assert!(narrow.low > 44.0 && narrow.high < 57.0, "{narrow:?}");
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
            for (&bucket, cell) in &whole.cells {
                count += u128::from(cell.count);
                square += cell.square;
                let up_to = |cluster: &Vec<u64>| {
                    (6 - cluster.len() + cluster.iter().filter(|&&a| a <= last(bucket)).count()) as u128
                };
                prop_assert_eq!(count, clusters.iter().map(up_to).sum::<u128>());
                prop_assert_eq!(square, clusters.iter().map(|c| up_to(c).pow(2)).sum::<u128>());
            }
        }
    }
}
