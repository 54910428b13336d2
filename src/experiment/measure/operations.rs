//! Measuring the operations of a replication: how long each takes, and how few Pods serve in rotation meanwhile.

use crate::experiment::outcome::OperationOutcome;
use crate::history::{OperationEnd, Target};
use crate::ids::FaultId;
use crate::model::Model;
use crate::time::SimTime;

/// The operations of a service.
#[derive(Debug, Clone)]
pub(super) struct Operations {
    /// By fault, which of the operations it is, if it is one.
    numbers: Vec<Option<usize>>,
    under_way: Vec<UnderWay>,
    pub outcomes: Vec<OperationOutcome>,
}

/// One that has begun, and not ended.
#[derive(Debug, Clone, Copy)]
struct UnderWay {
    target: Target,
    operation: usize,
    began: SimTime,
    /// So few Pods of the Deployment, or of that which had the fewest, served in rotation; `None` if no time has passed.
    least: Option<usize>,
    /// For so many nanoseconds fewer served than the Deployment, or any, has replicas.
    short: u64,
    is_counted: bool,
}

/// How many Pods of what an operation concerns serve in rotation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Serving {
    /// Of the Deployment, or of that which has the fewest.
    pub pods: usize,
    /// Fewer than its replicas, those of any Deployment.
    pub is_short: bool,
}

impl Operations {
    pub fn new(model: &Model) -> Self {
        let mut count = 0;
        let number = |is_operation: bool| {
            let number = is_operation.then_some(count);
            count += usize::from(is_operation);
            number
        };
        let numbers = model.faults.iter().map(|fault| fault.strikes.is_operation()).map(number).collect();
        Self { numbers, under_way: Vec::new(), outcomes: vec![OperationOutcome::default(); count] }
    }

    /// So many Pods of what each operation concerns have served in rotation for `nanos`, which are some.
    pub fn time_passes(&mut self, nanos: u64, serving: impl Fn(Target) -> Serving) {
        for one in &mut self.under_way {
            let Serving { pods, is_short } = serving(one.target);
            one.least = Some(one.least.map_or(pods, |least| least.min(pods)));
            one.short += if is_short { nanos } else { 0 };
        }
    }

    /// One begins; it counts if that is within the counted window.
    pub fn begin(&mut self, at: SimTime, target: Target, operation: FaultId, is_counted: bool) {
        if let Some(operation) = self.numbers[operation.index()] {
            self.under_way.push(UnderWay { target, operation, began: at, least: None, short: 0, is_counted });
        }
    }

    /// One that counts is due, and does not begin.
    pub fn skip(&mut self, operation: FaultId) {
        if let Some(operation) = self.numbers[operation.index()] {
            self.outcomes[operation].skipped += 1;
        }
    }

    /// Evictions of the one that is under way have been refused.
    pub fn refuse(&mut self, which: (Target, FaultId), count: u64) {
        let Some(place) = self.find(which).filter(|place| self.under_way[*place].is_counted) else { return };
        self.outcomes[self.under_way[place].operation].refused += count;
    }

    /// Which of those that are under way it is: several may be under way on a Node.
    fn find(&self, (target, operation): (Target, FaultId)) -> Option<usize> {
        let operation = self.numbers[operation.index()]?;
        self.under_way.iter().position(|one| one.target == target && one.operation == operation)
    }

    /// The one that is under way on the target is over.
    pub fn end(&mut self, at: SimTime, which: (Target, FaultId), end: OperationEnd, is_uneven: bool) {
        let Some(place) = self.find(which) else { return };
        let one = self.under_way.swap_remove(place);
        if !one.is_counted {
            return;
        }
        let outcome = &mut self.outcomes[one.operation];
        let nanos = at.since(one.began).as_nanos();
        match end {
            OperationEnd::Complete => outcome.complete.add(nanos),
            OperationEnd::Forced => {
                outcome.complete.add(nanos);
                outcome.forced += 1;
            }
            OperationEnd::RolledBack => outcome.rolled_back.add(nanos),
            OperationEnd::Failed => outcome.gave_up += 1,
            OperationEnd::Superseded => outcome.superseded += 1,
            OperationEnd::NothingToEvict => outcome.nothing_to_evict += 1,
        }
        if end != OperationEnd::NothingToEvict {
            outcome.short += one.short;
        }
        if !matches!(end, OperationEnd::Superseded | OperationEnd::NothingToEvict) {
            outcome.count_least(one.least);
            outcome.left_uneven += u64::from(is_uneven);
        }
    }

    /// One that counts has begun, and not ended.
    pub fn is_open(&self) -> bool {
        self.under_way.iter().any(|one| one.is_counted)
    }

    /// What is under way has no end that is seen.
    pub fn finish(&mut self) -> Vec<OperationOutcome> {
        for one in self.under_way.drain(..).filter(|one| one.is_counted) {
            self.outcomes[one.operation].censored += 1;
            self.outcomes[one.operation].count_least(one.least);
            self.outcomes[one.operation].short += one.short;
        }
        std::mem::take(&mut self.outcomes)
    }
}
