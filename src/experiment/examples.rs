//! Example outages: for each bucket of lengths the first occurrence (replication and number), so that median, 95th percentile and
//! longest outage can be replayed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Lengths are told apart by this many of their leading binary digits, so to 1.6 %.
const DIGITS: u32 = 7;

/// An outage and where it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Example {
    /// How long it lasted, in nanoseconds.
    pub length: u64,
    /// The replication.
    pub replication: u64,
    /// It was the n-th of those that are counted, from 1.
    pub number: u64,
}

/// Outages of many replications, by length. Any order and any grouping of the replications give the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Examples {
    /// The longest of those that ended.
    longest: Option<Example>,
    /// The longest of those that had no end.
    unended: Option<Example>,
    /// Of those that ended the first of each length, by the length's leading digits.
    by_length: BTreeMap<u64, Example>,
}

impl Examples {
    /// Adds the outages of a replication: the first ones by their lengths, the others as examples of a replication 0. Of so
    /// many outages in all the last one is `unended` if it had no end.
    pub fn add(&mut self, replication: u64, lengths: &[u64], others: &Self, unended: Option<u64>, in_all: u64) {
        for (number, &length) in (1..).zip(lengths) {
            self.offer(Example { length, replication, number });
        }
        others.all().for_each(|example| self.offer(Example { replication, ..example }));
        self.offer_unended(unended.map(|length| Example { length, replication, number: in_all }));
    }

    /// Adds an outage of replication 0.
    pub fn add_one(&mut self, number: u64, length: u64) {
        self.offer(Example { length, replication: 0, number });
    }

    /// Adds every outage of `other`.
    pub fn merge(&mut self, other: &Self) {
        other.all().for_each(|example| self.offer(example));
        self.offer_unended(other.unended);
    }

    /// Those that ended.
    fn all(&self) -> impl Iterator<Item = Example> {
        self.by_length.values().chain(&self.longest).copied()
    }

    /// The longest, and whether it ended; of equally long ones the first. One without an end is longer than any.
    pub fn longest(&self) -> Option<(Example, bool)> {
        self.unended.map(|example| (example, false)).or(self.longest.map(|example| (example, true)))
    }

    /// One that lasted about so long.
    pub fn near(&self, length: u64) -> Option<Example> {
        let key = leading(length);
        let below = self.by_length.range(..=key).next_back();
        let above = self.by_length.range(key..).next();
        let found = below.into_iter().chain(above).map(|(_, example)| *example);
        found.min_by_key(|example| example.length.abs_diff(length))
    }

    fn offer_unended(&mut self, new: Option<Example>) {
        self.unended = self.unended.into_iter().chain(new).max_by_key(rank);
    }

    fn offer(&mut self, new: Example) {
        if self.longest.is_none_or(|old| rank(&new) > rank(&old)) {
            self.longest = Some(new);
        }
        let first = self.by_length.entry(leading(new.length)).or_insert(new);
        if place(&new) < place(first) {
            *first = new;
        }
    }
}

fn place(example: &Example) -> (u64, u64) {
    (example.replication, example.number)
}

fn rank(example: &Example) -> (u64, Reverse<(u64, u64)>) {
    (example.length, Reverse(place(example)))
}

/// The leading digits of a length, with zeros for the rest.
fn leading(length: u64) -> u64 {
    let rest = (u64::BITS - length.leading_zeros()).saturating_sub(DIGITS);
    length >> rest << rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(outages: &[(u64, u64, u64)]) -> Examples {
        let mut examples = Examples::default();
        outages
            .iter()
            .for_each(|&(length, replication, number)| examples.offer(Example { length, replication, number }));
        examples
    }

    /// Property: no order and no grouping makes a difference.
    #[test]
    fn the_same_whatever_the_order() {
        let outages: Vec<_> = (0..500u64).map(|i| (i * 7_919 % 1_000, i / 3, i % 3 + 1)).collect();
        let whole = of(&outages);
        let mut reversed = outages.clone();
        reversed.reverse();
        assert_eq!(of(&reversed), whole);
        let (mut left, right) = (of(&outages[..100]), of(&outages[100..]));
        let mut other = right.clone();
        left.merge(&right);
        other.merge(&of(&outages[..100]));
        assert_eq!((left, other), (whole.clone(), whole));
    }

    #[test]
    fn an_outage_without_an_end_is_the_longest() {
        let mut examples = of(&[(1_000_000, 3, 1)]);
        let [early, late] =
            [(900, 7), (900, 5)].map(|(length, replication)| Example { length, replication, number: 2 });
        for unended in [early, late] {
            let mut other = Examples::default();
            other.offer_unended(Some(unended));
            examples.merge(&other);
        }
        assert_eq!(examples.longest(), Some((late, false)));
        assert_eq!(examples.near(1_000_000).map(|example| example.replication), Some(3));
    }

    #[test]
    fn the_longest_is_exact_and_the_others_are_close() {
        let examples = of(&[(1_000_000, 3, 1), (1_000_001, 2, 2), (1_000_001, 4, 1), (500_000, 1, 1)]);
        assert_eq!(examples.longest(), Some((Example { length: 1_000_001, replication: 2, number: 2 }, true)));
        assert_eq!(examples.near(510_000).map(|example| example.replication), Some(1));
        // Of those that are alike the first replication's.
        assert_eq!(examples.near(1_005_000).map(|example| example.replication), Some(2));
        assert_eq!(examples.near(u64::MAX).map(|example| example.replication), Some(2));
        assert_eq!(of(&[]).near(5), None);
        for length in [0, 1, 63, 127, 128, 129, 1 << 40, u64::MAX] {
            let near = leading(length);
            assert!(near <= length && (length - near) as f64 <= 0.016 * length as f64, "{length}: {near}");
        }
    }
}
