//! Control variates: numbers of a replication whose mean is known to be zero, whatever is done about faults.
//!
//! A fault strikes N times in the counted window while its clocks meet the hazard Λ. Whether a clock runs is decided by
//! what has happened before, so N − Λ is a martingale, and its mean is exactly zero in every scenario. What a
//! difference owes to more or fewer faults than were to be expected can then be taken off (`stats::Controlled`).

use crate::history::Spell;
use crate::model::{Fault, Occurrence};
use crate::random::Law;
use crate::stats;
use crate::time::{Duration, SimTime};

/// A control is rounded once, to millionths of an occurrence, so that sums are exact.
const PARTS: f64 = 1e6;

/// Occurrences of one fault less what was to be expected of its clocks.
#[derive(Debug, Clone)]
pub(super) enum Control {
    /// No memory: only the time counts. In nanoseconds, of all its clocks: those of a thousand Pods run for a thousand years in one.
    Memoryless { mean: f64, strikes: u64, time: u128 },
    /// Ages count. The first life of a running system began before time 0, and counts neither way.
    Ageing { every: Law, strikes: u64, hazard: f64 },
    /// A script, or a law without a hazard in closed form.
    None,
}

impl Control {
    pub(super) fn new(fault: &Fault) -> Self {
        match &fault.occurs {
            Occurrence::Every(Law::Exponential { mean }) => Self::Memoryless { mean: *mean, strikes: 0, time: 0 },
            Occurrence::Every(every) if every.cumulative_hazard(1.0).is_some() => {
                Self::Ageing { every: every.clone(), strikes: 0, hazard: 0.0 }
            }
            Occurrence::Every(_)
            | Occurrence::InHours { .. }
            | Occurrence::Once { .. }
            | Occurrence::WithRevision { .. } => Self::None,
        }
    }

    /// What of this lies in the counted window, which lasts from `begin` to before `end`.
    pub(super) fn add(&mut self, spell: Spell, begin: SimTime, end: SimTime) {
        let (from, to) = (spell.from.max(begin), spell.to.min(end));
        let struck = u64::from(spell.strikes && begin <= spell.to && spell.to < end);
        match self {
            Self::Memoryless { strikes, time, .. } => {
                *strikes += struck;
                *time += u128::from(to.saturating_since(from).as_nanos());
            }
            Self::Ageing { every, strikes, hazard } => {
                let Some(life) = spell.life else { return };
                *strikes += struck;
                if from < to {
                    let until = |t: SimTime| {
                        let age: Duration = life + t.since(spell.from);
                        every.cumulative_hazard(age.as_secs_f64()).unwrap_or(0.0)
                    };
                    *hazard += until(to) - until(from);
                }
            }
            Self::None => {}
        }
    }

    /// N − Λ in millionths, and N.
    pub(super) fn value(&self) -> stats::Control {
        let (strikes, hazard) = match self {
            Self::Memoryless { mean, strikes, time } => (*strikes, *time as f64 / 1e9 / mean),
            Self::Ageing { strikes, hazard, .. } => (*strikes, *hazard),
            Self::None => return stats::Control::default(),
        };
        let excess = ((strikes as f64 - hazard) * PARTS).round() as i64;
        stats::Control { excess, events: strikes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::FaultId;
    use crate::model::YEAR;

    /// A thousand Pods for a year have more nanoseconds than there are in 64 bits.
    #[test]
    fn the_clocks_of_a_thousand_pods_run_for_a_thousand_years() {
        let mut control = Control::Memoryless { mean: YEAR.as_secs_f64(), strikes: 0, time: 0 };
        let end = SimTime::ZERO + YEAR;
        let spell =
            Spell { fault: FaultId::new(0), workload: None, from: SimTime::ZERO, to: end, life: None, strikes: false };
        (0..1_000).for_each(|_| control.add(spell, SimTime::ZERO, end));
        assert_eq!(control.value(), stats::Control { excess: -1_000_000_000, events: 0 });
    }
}
