//! Who bears how much of what is lost, in whole nanoseconds: first among parties, by their weights, then in equal parts among
//! the causes of each.
//!
//! A stretch is a maximal time in which the parties and their weights stay the same. What a party has got after so many
//! nanoseconds of a stretch depends on these alone, not on the steps in which they came: the two modes of play take different ones.

use super::ledger::{Causes, Ledger};
use crate::history::{CauseSet, Phase};

/// A slot, or with a number above 0 one of its Pods. Of what does not divide among equals the first ones bear more.
pub(super) type Key = (usize, usize);

/// Divides an amount that grows, stretch by stretch.
#[derive(Debug, Clone, Default)]
pub(super) struct Division {
    parties: Vec<Party>,
    /// What they weigh, all together, and whether all weigh the same.
    weight: u64,
    is_even: bool,
    /// Divided in this stretch.
    divided: u64,
}

/// Somebody who bears a part.
#[derive(Debug, Clone)]
struct Party {
    key: Key,
    weight: u32,
    causes: CauseSet,
    /// Its part since its causes, or the parties, have changed.
    borne: u64,
}

/// One who bears a part of what is lost now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bearer<'a> {
    /// Tells it from others.
    pub key: Key,
    /// Its part is to those of others as its weight is to theirs; above 0.
    pub weight: u32,
    /// Who is charged with its part.
    pub causes: &'a CauseSet,
    /// The phase of its recovery.
    pub phase: Phase,
}

impl Division {
    /// Divides `amount` more among these, and books it.
    pub fn divide<'a>(
        &mut self,
        amount: u64,
        bearers: impl Iterator<Item = Bearer<'a>> + Clone,
        causes: Causes,
        ledger: &mut Ledger,
    ) {
        let parties = self.parties.iter().map(|party| (party.key, party.weight));
        if !parties.eq(bearers.clone().map(|bearer| (bearer.key, bearer.weight))) {
            self.begin_stretch(bearers.clone());
        }
        let (before, after, count) = (self.divided, self.divided + amount, self.parties.len());
        let (mut left_before, mut left_after) = (Left::of(before, self.weight), Left::of(after, self.weight));
        for (place, (party, bearer)) in self.parties.iter_mut().zip(bearers).enumerate() {
            if party.causes != *bearer.causes {
                party.causes.clone_from(bearer.causes);
                party.borne = 0;
            }
            let borne = party.borne
                + if self.is_even {
                    share(after, count, place) - share(before, count, place)
                } else {
                    left_after.take(party.weight) - left_before.take(party.weight)
                };
            let set = party.causes.as_slice();
            for (place, &cause) in set.iter().enumerate() {
                let part = share(borne, set.len(), place) - share(party.borne, set.len(), place);
                ledger.add(causes.cell(cause, bearer.phase), part);
            }
            party.borne = borne;
        }
        self.divided = after;
    }

    fn begin_stretch<'a>(&mut self, bearers: impl Iterator<Item = Bearer<'a>>) {
        self.divided = 0;
        self.parties.clear();
        let party = |bearer: Bearer<'a>| {
            let Bearer { key, weight, causes, .. } = bearer;
            Party { key, weight, causes: causes.clone(), borne: 0 }
        };
        self.parties.extend(bearers.map(party));
        self.weight = self.parties.iter().map(|party| u64::from(party.weight)).sum();
        self.is_even = self.parties.windows(2).all(|two| two[0].weight == two[1].weight);
    }
}

/// What is left of a total as one party after the other takes its part, so that nobody's part shrinks as the total grows.
#[derive(Debug, Clone, Copy)]
struct Left {
    total: u64,
    weight: u64,
}

impl Left {
    fn of(total: u64, weight: u64) -> Self {
        Self { total, weight }
    }

    fn take(&mut self, weight: u32) -> u64 {
        let taken = (u128::from(self.total) * u128::from(weight) / u128::from(self.weight)) as u64;
        *self = Self { total: self.total - taken, weight: self.weight - u64::from(weight) };
        taken
    }
}

/// The part of the one at `place` of so many among whom `total` is divided; what does not divide goes to the first.
fn share(total: u64, count: usize, place: usize) -> u64 {
    if count == 1 {
        return total;
    }
    let count = count as u64;
    total / count + u64::from((place as u64) < total % count)
}

/// Counts the part of an amount that grows stretch by stretch, rounded down over each stretch and not over its steps.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fraction {
    numerator: u64,
    denominator: u64,
    whole: u64,
    /// The part of it.
    counted: u64,
}

impl Fraction {
    /// The part that `amount` more brings, of which `numerator / denominator` counts.
    pub fn grow(&mut self, amount: u64, numerator: u64, denominator: u64) -> u64 {
        if (self.numerator, self.denominator) != (numerator, denominator) {
            *self = Self { numerator, denominator, ..Self::default() };
        }
        self.whole += amount;
        let counted = (u128::from(self.whole) * u128::from(numerator) / u128::from(denominator)) as u64;
        counted - std::mem::replace(&mut self.counted, counted)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::Cause;
    use crate::ids::FaultId;

    proptest! {
        /// Property: the parts add up, and do not depend on the steps in which an amount grew.
        #[test]
        fn parts_add_up_and_hang_on_the_whole_alone(
            steps in prop::collection::vec(0u64..50, 1..20),
            sets in prop::collection::vec((1usize..4, prop_oneof![Just(1_000_000u32), 1u32..1_000_000]), 1..5),
        ) {
            let causes = Causes::new(4);
            let causes_of = |n| (0..n).map(|fault| Cause::Fault(FaultId::new(fault))).collect();
            let sets: Vec<(CauseSet, u32)> = sets.iter().map(|(n, weight)| (causes_of(*n), *weight)).collect();
            let bearers = || {
                sets.iter().enumerate().map(|(key, (causes, weight))| {
                    Bearer { key: (key, 0), weight: *weight, causes, phase: Phase::Start }
                })
            };
            let total: u64 = steps.iter().sum();
            let (mut by_steps, mut at_once) = (Ledger::new(causes), Ledger::new(causes));
            let mut division = Division::default();
            steps.iter().for_each(|&step| division.divide(step, bearers(), causes, &mut by_steps));
            Division::default().divide(total, bearers(), causes, &mut at_once);
            prop_assert_eq!(&by_steps, &at_once);
            prop_assert_eq!(by_steps.cells().iter().sum::<u64>(), total);
            let mut fraction = Fraction::default();
            let parts: u64 = steps.iter().map(|&step| fraction.grow(step, 2, 7)).sum();
            prop_assert_eq!(parts, total * 2 / 7);
        }
    }
}
