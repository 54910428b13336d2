//! Whole nanoseconds charged to causes and phases, indexed [cause][phase].

use serde::{Deserialize, Serialize};

use crate::history::{Cause, Phase};
use crate::ids::FaultId;

const PHASES: usize = Phase::ALL.len();

/// The place of a cause and a phase in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell(u32);

/// Causes by number: the faults of the model in their order, then `probe`, `start`, `overload` and `autoscaler`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Causes {
    faults: usize,
}

impl Causes {
    /// The causes of a model with so many faults.
    pub(super) fn new(faults: usize) -> Self {
        Self { faults }
    }

    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.faults + 4
    }

    /// All of them, in their order.
    pub(super) fn all(self) -> impl Iterator<Item = Cause> {
        (0..self.faults).map(|fault| Cause::Fault(FaultId::new(fault))).chain([
            Cause::Probe,
            Cause::Start,
            Cause::Overload,
            Cause::Autoscaler,
        ])
    }

    /// The number of a cause.
    pub(super) fn number(self, cause: Cause) -> usize {
        match cause {
            Cause::Fault(fault) => fault.index(),
            Cause::Probe => self.faults,
            Cause::Start => self.faults + 1,
            Cause::Overload => self.faults + 2,
            Cause::Autoscaler => self.faults + 3,
        }
    }

    /// Where this cause and this phase are booked.
    pub(super) fn cell(self, cause: Cause, phase: Phase) -> Cell {
        Cell((self.number(cause) * PHASES + phase as usize) as u32)
    }
}

/// An amount per cause and phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ledger(Vec<u64>);

impl Ledger {
    pub(super) fn new(causes: Causes) -> Self {
        Self(vec![0; causes.count() * PHASES])
    }

    /// Charges `nanos` to a cell.
    pub(super) fn add(&mut self, cell: Cell, nanos: u64) {
        self.0[cell.0 as usize] += nanos;
    }

    /// All that is charged to one cause.
    pub(super) fn of(&self, causes: Causes, cause: Cause) -> u64 {
        let first = causes.number(cause) * PHASES;
        self.0[first..first + PHASES].iter().sum()
    }

    /// All cells: the phases of the first cause, of the second, …
    pub(super) fn cells(&self) -> &[u64] {
        &self.0
    }
}

/// Cause and phase of every cell, in the order of [`Ledger::cells`].
pub(super) fn places(causes: Causes) -> impl Iterator<Item = (Cause, Phase)> {
    causes.all().flat_map(|cause| Phase::ALL.into_iter().map(move |phase| (cause, phase)))
}
