//! A revision of the template that is bad: what its Pods do, and the rollback when somebody notices.
//!
//! Its flaw stands among the faults of the model and is at work in every Pod of the revision from the start of the process, so
//! that it is charged like any fault that strikes a container, from when the process should serve until the slot delivers again. What
//! comes before is the rollout's. A rollback is a rollout of the revision before (D2): its
//! `ReplicaSet` is the newest again, and keeps the Pods that it still has.

use super::dice::Dice;
use super::observer::Observer;
use super::state::Strike;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::cluster::happening::Happening;
use crate::ids::{ContainerRef, FaultId, WorkloadId};
use crate::model::{ContainerMode, Occurrence};
use crate::random::{Law, Stream};
use crate::time::Duration;

/// The draws that concern bad revisions of a Deployment.
#[derive(Debug, Clone)]
pub(crate) struct Flaws {
    /// Three for each revision.
    pub which: Stream,
    /// How long a process serves before its flaw strikes.
    pub strike: Dice,
    /// The same where it is one time for all of a revision: one for each revision.
    pub alike: Stream,
}

impl<'m, O: Observer> Cluster<'m, O> {
    /// Whether the newest revision, which this operation brings, is bad, with which flaw, and after how long that is noticed. It
    /// hangs on the number of the revision alone, so that scenarios meet the same bad revisions whatever their strategy is.
    pub(super) fn draw_flaw(&self, workload: WorkloadId, operation: FaultId) -> Option<(FaultId, Duration)> {
        let bad = self.model.faults[operation].bad.as_ref()?;
        let rollouts = &self.workloads[workload].rollouts;
        let (which, nth) = (rollouts.flaws.which, 3 * u64::from(rollouts.revisions));
        let is_bad = which.uniform(nth) < bad.share;
        let noticed = Duration::from_secs_f64(which.draw(nth + 2, &bad.noticed));
        let which = (which.uniform(nth + 1) * bad.flaws as f64) as usize;
        let flaw = FaultId::new(operation.index() + 1 + which.min(bad.flaws - 1));
        // To see what its removal saves, the revision is played as a good one.
        let is_played = matches!(self.model.faults[flaw].occurs, Occurrence::WithRevision { .. });
        (is_bad && is_played).then_some((flaw, noticed))
    }

    /// The process of a Pod of a bad revision has started.
    pub(super) fn take_on_flaw(&mut self, at: ContainerRef) {
        let Some(fault) = self.flaw_of(at) else { return };
        if self.flaw_waits_for(fault).is_none() && self.container_mode(fault) != Some(ContainerMode::Crash) {
            self.container_mut(at).strikes.push(Strike { fault, timer: Timer::NONE });
        }
    }

    /// The process has come as far as to serve, and exits instead, if that is its flaw.
    pub(super) fn exits_for_its_flaw(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) -> bool {
        let is_it = |&flaw: &FaultId| {
            self.flaw_waits_for(flaw).is_none() && self.container_mode(flaw) == Some(ContainerMode::Crash)
        };
        let Some(flaw) = self.flaw_of(at).filter(is_it) else { return false };
        self.crash_for(cx, at, flaw);
        true
    }

    /// The process serves, and does not know yet what will become of it.
    pub(super) fn await_flaw(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        let Some((law, is_alike)) = self.flaw_of(at).and_then(|flaw| self.flaw_waits_for(flaw)) else { return };
        let revision = u64::from(self.pods[at.pod].revision);
        let flaws = &mut self.workloads[self.pods[at.pod].workload].rollouts.flaws;
        let after =
            if is_alike { Duration::from_secs_f64(flaws.alike.draw(revision, law)) } else { flaws.strike.span(law) };
        let timer = self.timer();
        self.container_mut(at).flaw = timer;
        cx.after(after, Event::FlawStrikes(at, timer));
    }

    pub(super) fn on_flaw_strikes(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, timer: Timer) {
        if !self.container_mut(at).flaw.expires(timer) {
            return;
        }
        if let Some(fault) = self.flaw_of(at)
            && let Some(mode) = self.container_mode(fault)
        {
            self.wake(cx, at.pod);
            match mode {
                ContainerMode::Crash => self.crash_for(cx, at, fault),
                _ => self.strike_container(cx, at, mode, Strike { fault, timer: Timer::NONE }),
            }
        }
    }

    /// From here on the slot owes to the flaw what it has owed to the rollout.
    fn crash_for(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, flaw: FaultId) {
        if self.may_withdraw(at)
            && let Some(slot) = self.slot_of(at.pod)
        {
            self.slots[slot].account.owe_instead(flaw);
        }
        self.exit_container(cx, at);
    }

    /// How long a process serves before its flaw strikes, if that is what it does, and whether all of a revision do so for as long.
    fn flaw_waits_for(&self, flaw: FaultId) -> Option<(&'m Law, bool)> {
        match &self.model.faults[flaw].occurs {
            Occurrence::WithRevision { after, is_alike } => after.as_ref().map(|law| (law, *is_alike)),
            Occurrence::Every(_) | Occurrence::InHours { .. } | Occurrence::Once { .. } => None,
        }
    }

    fn flaw_of(&self, at: ContainerRef) -> Option<FaultId> {
        self.pods[at.pod]
            .flaw
            .filter(|&flaw| self.struck_container(flaw, self.pods[at.pod].workload) == Some(at.container))
    }

    /// Somebody notices that the newest revision is bad, or stuck, and rolls back.
    pub(super) fn on_flaw_noticed(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, timer: Timer) {
        let rollouts = &mut self.workloads[workload].rollouts;
        if !rollouts.noticed.expires(timer) && rollouts.progress.is_none_or(|progress| progress.timer() != timer) {
            return;
        }
        let revision = self.workloads[workload].rollouts.roll_back();
        self.tell(cx, Happening::RolledBack { workload, revision });
        for pod in self.active_pods(workload).collect::<Vec<_>>() {
            self.await_availability(cx, pod);
        }
        self.request_pass(cx, workload);
    }
}
