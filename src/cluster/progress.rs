//! `progressDeadlineSeconds`: a rollout that does not get on, where somebody watches for that and rolls back (D4).
//! Follows `pkg/controller/deployment/progress.go` and `util/deployment_util.go DeploymentProgressing, DeploymentTimedOut`.
//!
//! Kubernetes itself only says that the Deployment is stuck. Where nobody watches, nothing is played.

use super::happening::Happening;
use super::observer::Observer;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::WorkloadId;
use crate::time::{Duration, SimTime};

/// A rollout that is watched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// As the controller has seen it last.
    seen: Status,
    /// The deadline, and after it the rollback.
    timer: Timer,
    is_over: bool,
    /// So long after the deadline somebody rolls back.
    rolled_back_after: Duration,
}

/// What the controller counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Status {
    updated: usize,
    old: usize,
    ready: usize,
    available: u32,
}

impl Progress {
    /// What it waits for.
    pub fn timer(self) -> Timer {
        self.timer
    }
}

impl Status {
    /// A Pod of the new revision more, one of an old revision less, or one more that is Ready or available.
    fn is_further_than(self, seen: Self) -> bool {
        self.updated > seen.updated || self.old < seen.old || self.ready > seen.ready || self.available > seen.available
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// A rollout begins; it is watched if somebody rolls back so long after its deadline.
    pub(super) fn watch_rollout(
        &mut self,
        cx: &mut Cx<'_, Event>,
        workload: WorkloadId,
        rolled_back_after: Option<Duration>,
    ) {
        let seen = self.rollout_status(cx.now(), workload);
        let progress = rolled_back_after.map(|rolled_back_after| Progress {
            seen,
            timer: Timer::NONE,
            is_over: false,
            rolled_back_after,
        });
        self.workloads[workload].rollouts.progress = progress;
        self.begin_deadline(cx, workload);
    }

    /// The controller has looked at the Deployment: progress begins the deadline anew.
    pub(super) fn note_progress(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        let Some(progress) = self.workloads[workload].rollouts.progress.filter(|progress| !progress.is_over) else {
            return;
        };
        let status = self.rollout_status(cx.now(), workload);
        self.workloads[workload].rollouts.progress = Some(Progress { seen: status, ..progress });
        if status.is_further_than(progress.seen) {
            self.begin_deadline(cx, workload);
        }
    }

    /// The API keeps the second of the last progress, and the controller looks a second late.
    fn begin_deadline(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        if self.workloads[workload].rollouts.progress.is_none() {
            return;
        }
        let timer = self.timer();
        self.workloads[workload].rollouts.progress.iter_mut().for_each(|progress| progress.timer = timer);
        let second = SimTime::from_nanos(cx.now().as_nanos() / SECOND.as_nanos() * SECOND.as_nanos());
        let deadline = self.model.workloads[workload].progress_deadline;
        cx.at(second + deadline + SECOND, Event::ProgressDeadlineOver(workload, timer));
    }

    pub(super) fn on_progress_deadline_over(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, timer: Timer) {
        let Some(progress) = self.workloads[workload].rollouts.progress.filter(|progress| progress.timer == timer)
        else {
            return;
        };
        self.tell(cx, Happening::ProgressDeadlineExceeded { workload });
        let rollback = self.timer();
        self.workloads[workload].rollouts.progress = Some(Progress { timer: rollback, is_over: true, ..progress });
        cx.after(progress.rolled_back_after, Event::FlawNoticed(workload, rollback));
    }

    fn rollout_status(&self, now: SimTime, workload: WorkloadId) -> Status {
        let newest = self.workloads[workload].rollouts.newest().revision;
        let active = || self.active_pods(workload).map(|pod| &self.pods[pod]);
        let updated = active().filter(|pod| pod.revision == newest).count();
        let available = self.workloads[workload].rollouts.revisions_there();
        Status {
            updated,
            old: active().count() - updated,
            ready: active().filter(|pod| pod.api_ready).count(),
            available: available.map(|revision| self.available(now, workload, revision)).sum(),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);
