//! Outages of the control plane: the API server is away, or a leading controller manager or scheduler is (N17, N17a).
//!
//! Kubelets, probes, processes and proxies go on as they are. What the API server, a controller or the scheduler would do at a moment at
//! which it is away is held, and done when it is back, with what it finds then. A controller manager that is new has an empty memory: every
//! Node gets a fresh grace, and every toleration begins anew.
//!
//! ```text
//! API server   ────┐ away                                  ┌─────────────────
//! leader       ────┴── 10–12 s ──┐ exits                   └ its supervisor starts it ── its Lease is free ──┐ leads again
//! ```
//!
//! Follows `staging/src/k8s.io/client-go/tools/leaderelection/leaderelection.go`. N17 leaves open when a supervisor starts a controller
//! manager again: here it is a kubelet that runs it as a static Pod, with the back-off of C10, and each attempt waits 10 s for the API
//! server before it gives up. A scheduler that has exited waits for as long as it takes. Either way the old Lease has to expire.

use super::dice::Dice;
use super::happening::Happening;
use super::nodes::Monitor;
use super::observer::Observer;
use super::state::{Kubelet, Strike};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Mode, Target};
use crate::ids::{FaultId, PodId};
use crate::model::{ControlPlaneMode, ControlPlanePart, Strikes};
use crate::time::{Duration, Grid, SimTime};

/// A leader renews its Lease every 2 s; it lasts for 15 s (N17a).
const RENEWAL_SECS: f64 = 2.0;
const LEASE: f64 = 15.0;
/// A standby looks at the Lease after so long, and up to so long (N17a).
const POLL_SECS: (f64, f64) = (2.0, 4.4);
/// A leader that cannot renew its Lease exits after so long, and up to so long (N17).
const EXIT_SECS: (f64, f64) = (10.0, 12.0);
/// Within this time after the return each kubelet has written the statuses of its Pods (N17).
const CATCH_UP_SECS: f64 = 1.0;
/// A controller manager that starts waits so long for the API server.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The kubelet's back-off between two attempts, at first and at most (C10).
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

/// What there is of the control plane, and what waits for it.
#[derive(Debug, Clone)]
pub(crate) struct ControlPlane {
    strikes: Vec<Strike>,
    answers: bool,
    controller_manager: Leader,
    scheduler: Leader,
    /// What they would have done, in this order.
    held: Vec<Event>,
    /// What would have been done to the cluster through the API.
    postponed: Vec<(Target, FaultId, Option<Duration>)>,
    dice: Dice,
}

/// A leading controller manager or scheduler.
#[derive(Debug, Clone, Copy)]
struct Leader {
    stage: Stage,
    /// While it leads without the API server: its exit. After that: its return.
    due: Timer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Leads,
    /// A fault keeps it away.
    Struck,
    /// It has exited for want of an API server.
    Exited {
        at: SimTime,
    },
}

impl Leader {
    const LEADS: Self = Self { stage: Stage::Leads, due: Timer::NONE };
}

impl ControlPlane {
    /// All of it is there.
    pub fn new(dice: Dice) -> Self {
        Self {
            strikes: Vec::new(),
            answers: true,
            controller_manager: Leader::LEADS,
            scheduler: Leader::LEADS,
            held: Vec::new(),
            postponed: Vec::new(),
            dice,
        }
    }

    /// The API server answers.
    pub fn answers(&self) -> bool {
        self.answers
    }

    /// What waits for an event.
    pub fn timers(&self) -> [Timer; 2] {
        [self.controller_manager.due, self.scheduler.due]
    }

    /// The part does its work.
    pub fn works(&self, part: ControlPlanePart) -> bool {
        self.answers && (part == ControlPlanePart::ApiServer || self.leads(part))
    }

    /// The process leads, whether the API server answers or not.
    fn leads(&self, part: ControlPlanePart) -> bool {
        match part {
            ControlPlanePart::ApiServer => true,
            ControlPlanePart::ControllerManager => self.controller_manager.stage == Stage::Leads,
            ControlPlanePart::Scheduler => self.scheduler.stage == Stage::Leads,
        }
    }

    fn leader(&mut self, part: ControlPlanePart) -> &mut Leader {
        match part {
            ControlPlanePart::ControllerManager => &mut self.controller_manager,
            ControlPlanePart::Scheduler => &mut self.scheduler,
            ControlPlanePart::ApiServer => unreachable!("the API server has no leader"),
        }
    }

    fn is_whole(&self) -> bool {
        self.answers && self.controller_manager.stage == Stage::Leads && self.scheduler.stage == Stage::Leads
    }

    fn between(&mut self, (least, most): (f64, f64)) -> f64 {
        least + (most - least) * self.dice.uniform()
    }

    /// From when a standby has read the Lease until it takes over: its first look more than 15 s later.
    fn until_free(&mut self) -> f64 {
        let mut waited = self.between(POLL_SECS);
        while waited <= LEASE {
            waited += self.between(POLL_SECS);
        }
        waited
    }

    /// From any moment until the next look of a standby.
    fn until_next_look(&mut self) -> f64 {
        // A moment falls into a longer pause more often.
        let (least, most) = POLL_SECS;
        let pause = (least * least + self.dice.uniform() * (most * most - least * least)).sqrt();
        pause * self.dice.uniform()
    }

    /// How long there is no leader where a standby waits to be the next (N17a).
    fn gap(&mut self, mode: ControlPlaneMode) -> Option<Duration> {
        let secs = match mode {
            // It is away until somebody brings it back.
            ControlPlaneMode::ApiServer => return None,
            // The Lease is released, and the standby takes it when it looks next.
            ControlPlaneMode::SchedulerStop => self.until_next_look(),
            ControlPlaneMode::ControllerManager | ControlPlaneMode::Scheduler => {
                let since_renewal = RENEWAL_SECS * self.dice.uniform();
                self.until_next_look() + self.until_free() - since_renewal
            }
        };
        Some(Duration::from_secs_f64(secs))
    }
}

/// From the return of the API server until the supervisor has a controller manager at work that exited at `exited`: at once
/// where an attempt is waiting for it, else when the back-off is over.
fn until_restarted(exited: SimTime, back: SimTime) -> Duration {
    let (mut attempt, mut pause) = (exited, BACK_OFF.0);
    while attempt + ATTEMPT < back {
        attempt = attempt + ATTEMPT + pause;
        pause = (pause * 2).min(BACK_OFF.1);
    }
    attempt.saturating_since(back)
}

impl<O: Observer> Cluster<'_, O> {
    /// Who does this is away: it waits. The node monitor's passes look after themselves.
    pub(super) fn is_held(&mut self, event: Event) -> bool {
        if self.control_plane.is_whole() {
            return false;
        }
        let waits = self.waits(event);
        if waits {
            self.control_plane.held.push(event);
        }
        waits
    }

    fn waits(&self, event: Event) -> bool {
        self.part_that_does(event).is_some_and(|part| !self.control_plane.works(part))
    }

    /// Whose work it is; `None` where a kubelet, a proxy or a process does it, or people who look without the API.
    fn part_that_does(&self, event: Event) -> Option<ControlPlanePart> {
        match event {
            Event::EndpointSliceUpdated(..)
            | Event::TaintDue(..)
            | Event::EvictionDue(..)
            | Event::OrphanCollected(..)
            | Event::ReplicaSetsDue(..)
            | Event::PodAvailable(..)
            | Event::ProgressDeadlineOver(..)
            | Event::RolloutPassDue(..)
            | Event::ReplacementCreated(..)
            | Event::BudgetUpdated(..) => Some(ControlPlanePart::ControllerManager),
            Event::BindDue(..) | Event::QueueFlushed(..) => Some(ControlPlanePart::Scheduler),
            Event::FlawNoticed(..)
            | Event::ScaledBack(..)
            | Event::NodeDeleted(..)
            | Event::NodeJoined(..)
            | Event::NodeUncordoned(..)
            | Event::DrainListed(..)
            | Event::CandidatesDue(_)
            | Event::UpgradeStepDue(..) => Some(ControlPlanePart::ApiServer),
            Event::WithdrawalDue(node, _) => {
                self.withdrawals.goes_through_api(node).then_some(ControlPlanePart::ApiServer)
            }
            Event::OnCallDue(slot, _) => self.slots[slot].watch.is_paged().then_some(ControlPlanePart::ApiServer),
            _ => None,
        }
    }

    /// What is done through the API waits while nobody answers there.
    pub(super) fn is_postponed(&mut self, target: Target, fault: FaultId, lasts: Option<Duration>) -> bool {
        let is_postponed = !self.control_plane.answers && self.model.faults[fault].strikes.needs_api();
        if is_postponed {
            self.control_plane.postponed.push((target, fault, lasts));
        }
        is_postponed
    }

    /// A part of the control plane is away from now on: for as long as the fault says, else until a standby takes over.
    pub(super) fn strike_control_plane(
        &mut self,
        cx: &mut Cx<'_, Event>,
        fault: FaultId,
        mode: ControlPlaneMode,
        lasts: Option<Duration>,
    ) {
        self.tell(cx, Happening::FaultStruck { target: Target::Cluster, fault });
        let lasts = lasts.or_else(|| self.control_plane.gap(mode));
        let timer = self.schedule_end(cx, Target::Cluster, lasts);
        self.control_plane.strikes.push(Strike { fault, timer });
        self.refresh_control_plane(cx);
    }

    /// One of those faults is over.
    pub(super) fn on_control_plane_fault_ended(&mut self, cx: &mut Cx<'_, Event>, timer: Timer) {
        let strikes = &mut self.control_plane.strikes;
        let Some(place) = strikes.iter().position(|strike| strike.timer == timer) else { return };
        let fault = strikes.remove(place).fault;
        self.tell(cx, Happening::FaultEnded { target: Target::Cluster, fault });
        self.refresh_control_plane(cx);
    }

    /// A fault is at work on the part.
    fn is_part_struck(&self, part: ControlPlanePart) -> bool {
        self.control_plane.strikes.iter().any(|strike| match self.model.faults[strike.fault].strikes {
            Strikes::ControlPlane(mode) => mode.part() == part,
            _ => false,
        })
    }

    /// Applies what the faults at work make of it.
    fn refresh_control_plane(&mut self, cx: &mut Cx<'_, Event>) {
        let answered = self.control_plane.answers;
        self.control_plane.answers = !self.is_part_struck(ControlPlanePart::ApiServer);
        match (answered, self.control_plane.answers) {
            (true, false) => self.lose_api_server(cx),
            (false, true) => self.regain_api_server(cx),
            _ => {}
        }
        if answered != self.control_plane.answers {
            self.tell_autoscalers(cx);
        }
        for part in [ControlPlanePart::ControllerManager, ControlPlanePart::Scheduler] {
            let is_struck = self.is_part_struck(part);
            let answers = self.control_plane.answers;
            let leader = self.control_plane.leader(part);
            match (leader.stage, is_struck) {
                (Stage::Leads | Stage::Exited { .. }, true) => {
                    *leader = Leader { stage: Stage::Struck, due: Timer::NONE };
                }
                (Stage::Struck, false) if answers => self.lead_anew(cx, part),
                (Stage::Struck, false) => leader.stage = Stage::Exited { at: cx.now() },
                _ => {}
            }
        }
        self.release_held(cx);
    }

    /// Kubelets hear nothing; leaders cannot renew their Leases.
    fn lose_api_server(&mut self, cx: &mut Cx<'_, Event>) {
        for node in self.nodes.ids() {
            self.refresh_node(cx, node);
        }
        for part in [ControlPlanePart::ControllerManager, ControlPlanePart::Scheduler] {
            match self.control_plane.leader(part).stage {
                Stage::Leads => {
                    let after = self.control_plane.between(EXIT_SECS);
                    self.await_leader(cx, part, Duration::from_secs_f64(after));
                }
                Stage::Struck | Stage::Exited { .. } => self.control_plane.leader(part).due = Timer::NONE,
            }
        }
    }

    /// Leaders that have held out go on; those that have exited come back. What kubelets know is written soon.
    fn regain_api_server(&mut self, cx: &mut Cx<'_, Event>) {
        for node in self.nodes.ids() {
            self.refresh_node(cx, node);
            if self.nodes[node].connected && self.nodes[node].kubelet == Kubelet::Up {
                let after = CATCH_UP_SECS * self.control_plane.dice.uniform();
                self.reconcile_at(cx, node, cx.now() + Duration::from_secs_f64(after));
            }
        }
        for part in [ControlPlanePart::ControllerManager, ControlPlanePart::Scheduler] {
            match self.control_plane.leader(part).stage {
                Stage::Leads => {
                    self.control_plane.leader(part).due = Timer::NONE;
                    if part == ControlPlanePart::ControllerManager {
                        self.plan_all_passes(cx);
                    }
                }
                Stage::Exited { at } => {
                    let is_static_pod = part == ControlPlanePart::ControllerManager;
                    let restarted = if is_static_pod { until_restarted(at, cx.now()) } else { Duration::ZERO };
                    let after = self.control_plane.until_free();
                    self.await_leader(cx, part, restarted + Duration::from_secs_f64(after));
                }
                Stage::Struck => {}
            }
        }
        for (target, fault, lasts) in std::mem::take(&mut self.control_plane.postponed) {
            self.strike(cx, target, fault, lasts);
        }
        self.wake_evictions(cx, |_| true);
    }

    fn await_leader(&mut self, cx: &mut Cx<'_, Event>, part: ControlPlanePart, after: Duration) {
        let timer = self.timer();
        self.control_plane.leader(part).due = timer;
        cx.after(after, Event::LeaderDue(part, timer));
    }

    /// A leader exits for want of an API server, or is back.
    pub(super) fn on_leader_due(&mut self, cx: &mut Cx<'_, Event>, part: ControlPlanePart, timer: Timer) {
        let leader = self.control_plane.leader(part);
        if !leader.due.expires(timer) {
            return;
        }
        match leader.stage {
            Stage::Leads => {
                leader.stage = Stage::Exited { at: cx.now() };
                self.tell(cx, Happening::LeaderExited { part });
            }
            Stage::Exited { .. } => {
                self.lead_anew(cx, part);
                self.release_held(cx);
            }
            Stage::Struck => unreachable!("what is struck waits for the end of the fault"),
        }
    }

    /// Another process leads, and knows what the API says.
    fn lead_anew(&mut self, cx: &mut Cx<'_, Event>, part: ControlPlanePart) {
        *self.control_plane.leader(part) = Leader::LEADS;
        self.tell(cx, Happening::LeaderElected { part });
        match part {
            ControlPlanePart::ControllerManager => self.begin_controllers_anew(cx),
            ControlPlanePart::Scheduler => self.retry_pending(cx),
            ControlPlanePart::ApiServer => {}
        }
    }

    /// Its loops begin now, and it has seen no Node before (N17).
    fn begin_controllers_anew(&mut self, cx: &mut Cx<'_, Event>) {
        let now = cx.now();
        for grid in [&mut self.pass_grid, &mut self.taint_grid, &mut self.gc_grid] {
            *grid = Grid::new(now, grid.period());
        }
        self.monitor = Monitor::new_at(now);
        self.all_zones_down = false;
        let rate = self.model.cluster.control_plane.eviction_rate;
        for queue in &mut self.taint_queues {
            queue.begin_anew(rate, now);
        }
        for state in &mut self.nodes {
            state.seen = now;
            state.renewed = false;
            state.silent_since = state.silent_since.map(|_| now);
            state.queued = false;
        }
        for node in self.nodes.ids() {
            let undeleted = |pod: &PodId| !self.pods[*pod].deleted;
            if self.nodes[node].no_execute {
                for pod in self.pods_on(node).into_iter().filter(undeleted).collect::<Vec<_>>() {
                    self.schedule_eviction(cx, pod);
                }
            }
            let is_orphan =
                |pod: &PodId| self.pods[*pod].exists && self.pods[*pod].orphaned && self.pods[*pod].node == Some(node);
            let orphans: Vec<PodId> = self.pods.ids().filter(is_orphan).collect();
            if !orphans.is_empty() {
                self.await_collection(cx, node, orphans);
            }
        }
        self.begin_passes(cx);
        self.begin_autoscaling_anew(cx);
    }

    /// What has waited for somebody who is back is done now.
    fn release_held(&mut self, cx: &mut Cx<'_, Event>) {
        for event in std::mem::take(&mut self.control_plane.held) {
            if self.waits(event) {
                self.control_plane.held.push(event);
            } else {
                cx.at(cx.now(), event);
            }
        }
    }

    /// The judge's passes go on while their process does, and see nothing new: what they would write waits.
    pub(super) fn is_pass_in_vain(&mut self, cx: &mut Cx<'_, Event>) -> bool {
        if self.control_plane.works(ControlPlanePart::ControllerManager) {
            return false;
        }
        if self.mode == Mode::EveryProbe && self.control_plane.leads(ControlPlanePart::ControllerManager) {
            for state in &mut self.nodes {
                if std::mem::take(&mut state.renewed) {
                    state.seen = cx.now();
                }
            }
            self.plan_pass(cx);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Owner, Purpose, Streams};

    fn secs(secs: u64) -> SimTime {
        SimTime::ZERO + Duration::from_secs(secs)
    }

    /// Attempts of 10 s each, with pauses of 10, 20, 40 s … between them.
    #[test]
    fn c10_a_static_pod_waits_for_its_back_off() {
        let after = |back: u64| until_restarted(secs(11), secs(back)).as_secs_f64();
        // The first attempt waits until 21, the second from 31 to 41, the third from 61 to 71.
        assert_eq!(
            [after(11), after(21), after(22), after(31), after(41), after(42), after(60), after(71)],
            [0.0, 0.0, 9.0, 0.0, 0.0, 19.0, 1.0, 0.0]
        );
        // From 371 on one every 310 s, and each waits 10 s.
        assert!((0..2_000).map(|more| after(400 + more)).all(|after| after <= 300.0));
        assert_eq!((0..2_000).map(|more| after(1_000 + more)).fold(0.0, f64::max), 299.0);
    }

    /// N17a: 15 to 20 s, about 17 in the mean; on SIGTERM a scheduler's standby takes over within 4.4 s, 1.7 in the mean.
    #[test]
    fn n17a_the_gap_until_a_standby_takes_over() {
        let dice = Dice::new(Streams::new(5, 0).stream(Owner::Replication, Purpose::ControlPlane));
        let mut plane = ControlPlane::new(dice);
        let mut gaps =
            |mode| -> Vec<f64> { (0..20_000).map(|_| plane.gap(mode).expect("it ends").as_secs_f64()).collect() };
        let mean = |gaps: &[f64]| gaps.iter().sum::<f64>() / gaps.len() as f64;
        let killed = gaps(ControlPlaneMode::ControllerManager);
        assert!(killed.iter().all(|gap| (13.0..=23.8).contains(gap)));
        // Residual pauses of 1.675 s before and after 15 s, less half a renewal: 17.35 s, within 99.9 % of 20,000.
        assert!((mean(&killed) - 17.35).abs() < 0.06, "{}", mean(&killed));
        let stopped = gaps(ControlPlaneMode::SchedulerStop);
        assert!(stopped.iter().all(|gap| (0.0..=4.4).contains(gap)));
        assert!((mean(&stopped) - 1.675).abs() < 0.03, "{}", mean(&stopped));
    }
}
