//! How often lengths occur, in buckets at most 1 % wide and in few bytes: a large grid keeps some twenty of these for each
//! scenario.
//!
//! A bucket is known by a number: the place of a length's first bit, and the seven bits after it; so one is at most 1/128 wide.
//! Lengths below 2²⁴ ns (17 ms) are told apart to 2¹⁶ ns (66 µs). Buckets that are not empty are kept as the gaps between their
//! numbers and as their counts, both as variable-length integers (LEB128): two or three bytes a bucket. New lengths wait in a
//! list until it is worth the while to write all anew.

/// Lengths below two to this power, in nanoseconds, are not told apart.
const FINEST: u32 = 16;
/// Bits of a length that its bucket keeps, the first one included.
const BITS: u32 = 8;
/// So many lengths wait at most.
const WAITING: usize = 2_048;

/// Counts of lengths in nanoseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Buckets {
    packed: Vec<u8>,
    /// Buckets of lengths that are not in there yet, in any order.
    waiting: Vec<u16>,
}

/// A bucket that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    number: u16,
    /// How many lengths lie in it.
    pub count: u64,
}

impl Bucket {
    /// The middle of its lengths.
    pub fn middle(self) -> u64 {
        let number = u32::from(self.number);
        // Below this all buckets have the same width.
        let octave = (number >> (BITS - 1)).saturating_sub(1);
        let shift = FINEST + octave;
        (u64::from(number - (octave << (BITS - 1))) << shift) + (1 << (shift - 1))
    }
}

/// The bucket of a length.
fn number(nanos: u64) -> u16 {
    let shift = (u64::BITS - nanos.leading_zeros()).saturating_sub(BITS).max(FINEST);
    (((shift - FINEST) << (BITS - 1)) + (nanos >> shift) as u32) as u16
}

impl Buckets {
    /// Adds a length.
    pub fn add(&mut self, nanos: u64) {
        self.waiting.push(number(nanos));
        if self.waiting.len() == WAITING {
            let all = self.list();
            *self = Self::of(&all);
            // It is being filled: the next lengths are not far.
            self.waiting.reserve_exact(WAITING);
        }
    }

    /// Adds every length of `other`. What comes of it is as small as can be.
    pub fn merge(&mut self, other: &Self) {
        *self = Self::of(&joined(&self.list(), &other.list()));
    }

    /// Takes as little room as can be.
    pub fn pack(&mut self) {
        *self = Self::of(&self.list());
    }

    /// Those that are not empty, ascending.
    pub fn list(&self) -> Vec<Bucket> {
        let packed = self.unpacked();
        if self.waiting.is_empty() {
            return packed;
        }
        let mut waiting = self.waiting.clone();
        waiting.sort_unstable();
        let waiting = waiting.chunk_by(|a, b| a == b);
        let waiting: Vec<Bucket> =
            waiting.map(|equal| Bucket { number: equal[0], count: equal.len() as u64 }).collect();
        joined(&packed, &waiting)
    }

    /// Gaps and counts in turn, as they are kept in a file.
    pub fn written(&self) -> Vec<u64> {
        let mut last = 0;
        let pair = |bucket: Bucket| {
            let gap = u64::from(bucket.number - last);
            last = bucket.number;
            [gap, bucket.count]
        };
        self.list().into_iter().flat_map(pair).collect()
    }

    /// From a file. It is some histogram whatever the numbers are; that they are the ones which were written is for the file to
    /// show.
    pub fn read(written: &[u64]) -> Self {
        let mut list: Vec<Bucket> = Vec::with_capacity(written.len() / 2);
        for pair in written.chunks_exact(2).filter(|pair| pair[1] > 0) {
            let before = list.last().map_or(0, |bucket| u64::from(bucket.number));
            let number = before.saturating_add(pair[0]).min(u64::from(number(u64::MAX))) as u16;
            match list.last_mut() {
                Some(last) if last.number == number => last.count = last.count.saturating_add(pair[1]),
                _ => list.push(Bucket { number, count: pair[1] }),
            }
        }
        Self::of(&list)
    }

    fn of(list: &[Bucket]) -> Self {
        let mut packed = Vec::with_capacity(3 * list.len());
        let mut last = 0;
        for bucket in list {
            pack(&mut packed, u64::from(bucket.number - last));
            pack(&mut packed, bucket.count);
            last = bucket.number;
        }
        packed.shrink_to_fit();
        Self { packed, waiting: Vec::new() }
    }

    fn unpacked(&self) -> Vec<Bucket> {
        let (mut bytes, mut last) = (self.packed.iter(), 0);
        let next = || {
            let gap = unpack(&mut bytes)?;
            last += gap as u16;
            Some(Bucket { number: last, count: unpack(&mut bytes)? })
        };
        std::iter::from_fn(next).collect()
    }
}

impl PartialEq for Buckets {
    fn eq(&self, other: &Self) -> bool {
        self.list() == other.list()
    }
}

impl Eq for Buckets {}

/// Both in one; of a bucket that both have, the sum.
fn joined(one: &[Bucket], other: &[Bucket]) -> Vec<Bucket> {
    let mut joined: Vec<Bucket> = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let next = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) if a.number <= b.number => one.next(),
            (Some(_), None) => one.next(),
            _ => other.next(),
        };
        let Some(&next) = next else { return joined };
        match joined.last_mut() {
            Some(last) if last.number == next.number => last.count += next.count,
            _ => joined.push(next),
        }
    }
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn pack(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn unpack<'b>(bytes: &mut impl Iterator<Item = &'b u8>) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = *bytes.next()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lengths: &[u64]) -> Buckets {
        let mut buckets = Buckets::default();
        lengths.iter().for_each(|&nanos| buckets.add(nanos));
        buckets
    }

    #[test]
    fn a_bucket_holds_its_middle_and_is_narrow() {
        for nanos in (0..63).flat_map(|power| [(1u64 << power) - 1, 1 << power, (1 << power) + 1]).chain([u64::MAX]) {
            let bucket = Bucket { number: number(nanos), count: 1 };
            assert_eq!(number(bucket.middle()), bucket.number, "{nanos}");
            let far = bucket.middle().abs_diff(nanos);
            assert!(far <= 1 << (FINEST - 1) || far <= nanos / 256 + 1, "{nanos}: {far}");
        }
        assert!((0..5_000u64).all(|step| number(step << FINEST) <= number((step + 1) << FINEST)));
    }

    #[test]
    fn a_bucket_takes_two_or_three_bytes() {
        let mut all = Buckets::default();
        for batch in 0..20u64 {
            all.merge(&of(&(0..1_000).map(|i| 10_000_000_000 + (i * batch) * 40_000_000).collect::<Vec<_>>()));
        }
        let buckets = all.list().len();
        assert!(buckets > 700 && all.packed.capacity() <= 3 * buckets && all.waiting.capacity() == 0, "{buckets}");
    }

    #[test]
    fn a_file_holds_some_histogram_whatever_its_numbers_are() {
        assert_eq!(Buckets::read(&[3, 1, 1, 7]).written(), [3, 1, 1, 7]);
        assert_eq!(Buckets::read(&[3, 1, 1, 0, 2, 5, 0, u64::MAX, u64::MAX, 2, 9, 3, 4]).list().len(), 3);
    }

    proptest! {
        /// Oracle: the same buckets, counts and middles as a histogram of hdrhistogram with two significant digits has.
        #[test]
        fn they_are_those_of_hdrhistogram(
            lengths in prop::collection::vec((0u32..62, 0.5f64..1.0), 1..900)
                .prop_map(|v| v.into_iter().map(|(e, m)| ((1u64 << e) as f64 * m) as u64).collect::<Vec<_>>()),
            at in 0usize..900,
        ) {
            let mut histogram = hdrhistogram::Histogram::<u64>::new_with_bounds(100_000, 10_000_000, 2).unwrap();
            histogram.auto(true);
            lengths.iter().for_each(|&nanos| histogram.record(nanos).unwrap());
            let theirs: Vec<(u64, u64)> = histogram
                .iter_recorded()
                .map(|bucket| (histogram.median_equivalent(bucket.value_iterated_to()), bucket.count_at_value()))
                .collect();
            let (left, right) = lengths.split_at(at.min(lengths.len()));
            let (whole, mut merged, mut swapped) = (of(&lengths), of(left), of(right));
            merged.merge(&of(right));
            swapped.merge(&of(left));
            let ours: Vec<(u64, u64)> = whole.list().iter().map(|bucket| (bucket.middle(), bucket.count)).collect();
            prop_assert_eq!(ours, theirs);
            prop_assert_eq!(&merged, &whole);
            prop_assert_eq!(&swapped, &whole);
            prop_assert_eq!(Buckets::read(&whole.written()), whole);
        }
    }
}
