//! Lengths of a replication that are too many to be kept one by one: what a crash a second makes of a year would fill
//! gigabytes. Of these there are counts in buckets, as of many replications together, which is all that is made of them.

use super::examples::Examples;
use crate::stats::Spans;

/// So many lengths of a kind are kept one by one.
pub(super) const MOST: usize = 20_000;

/// The lengths beyond those, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overflow {
    pub(super) outages: Spans,
    /// Where the outages are found, of a replication 0.
    pub(super) outage_examples: Examples,
    /// Lengths of recoveries, by cause.
    pub(super) recoveries: Vec<Spans>,
    /// Times to detection, by fault.
    pub(super) detections: Vec<Spans>,
}

impl Overflow {
    /// None yet, with so many causes and faults.
    pub fn none(causes: usize, faults: usize) -> Self {
        Self {
            outages: Spans::default(),
            outage_examples: Examples::default(),
            recoveries: vec![Spans::default(); causes],
            detections: vec![Spans::default(); faults],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sample::{model, study};
    use crate::experiment::{Outcome, Summary};
    use crate::study::{Quantity, Stopping};

    /// Oracle: what is made of very many lengths is what is made of each of them, and little of them is kept.
    #[test]
    fn many_lengths_come_to_the_same_as_each_of_them() {
        let model = model(1, 1, 1, 0, 1_000_000_000);
        let objective = study(vec![model.clone()], Stopping::Replications(1)).header.objective;
        let lengths: Vec<u64> = (0..3 * MOST as u64).map(|i| (i * 7_919 % 1_000_003) * 1_000_000 + 1).collect();
        let mut outcome = Outcome::empty(1);
        for &nanos in &lengths {
            outcome.add_outage(nanos);
            outcome.counted[Quantity::Outages] += 1;
            outcome.add_recovery(0, nanos / 2);
            outcome.add_detection(0, nanos / 3);
        }
        assert_eq!((outcome.outage_lengths.len(), outcome.recovery_lengths.len()), (MOST, MOST));
        let mut summary = Summary::empty(&model, &objective);
        summary.add(7, &outcome);
        let spans = |part: u64| {
            let mut spans = Spans::default();
            lengths.iter().for_each(|nanos| spans.add(nanos / part));
            spans
        };
        assert_eq!(*summary.outage_lengths.spans(), spans(1));
        assert_eq!(*summary.recoveries[0].lengths.spans(), spans(2));
        assert_eq!(*summary.detections[0].times.spans(), spans(3));
        let mut examples = Examples::default();
        (1..).zip(&lengths).for_each(|(number, &nanos)| examples.add_one(number, nanos));
        let found = &summary.outage_examples;
        assert_eq!(
            found.longest().map(|(e, _)| (e.length, e.number)),
            examples.longest().map(|(e, _)| (e.length, e.number))
        );
        for q in [0.1, 0.5, 0.95] {
            let length = summary.outage_lengths.quantile(q).unwrap() as u64;
            let (ours, theirs) = (found.near(length).unwrap(), examples.near(length).unwrap());
            assert_eq!((ours.replication, ours.number, ours.length), (7, theirs.number, theirs.length));
        }
    }
}
