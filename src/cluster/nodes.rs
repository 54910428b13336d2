//! Nodes: heartbeats, the node monitor, what a fault does to a machine, and its return (N1–N6, N14–N16).
//! Follows `pkg/controller/nodelifecycle/node_lifecycle_controller.go monitorNodeHealth`.

use std::collections::BTreeSet;

use super::happening::Happening;
use super::observer::{Observed, Observer};
use super::state::Kubelet;
use super::timer::Timer;
use super::{Cluster, Cx, Event, Mode};
use crate::ids::{NodeId, PodId};
use crate::model::{ControlPlanePart, DeadNodes, Eviction, NodeMode};
use crate::time::{Duration, SimTime};

/// The node monitor's memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Monitor {
    due: Timer,
    at: SimTime,
    /// The Ready conditions have changed since the last pass: zone states are out of date.
    pub stale: bool,
    /// No Node counts as seen before this (N11: a fresh grace for all when a total outage ends).
    pub reset_at: SimTime,
    /// Nodes that a pass may have something to do with: of all others heartbeats come, and the API knows it. The judge's
    /// passes look at every Node.
    restless: BTreeSet<NodeId>,
}

impl Monitor {
    /// A new one: it has seen nothing before.
    pub fn new_at(now: SimTime) -> Self {
        Self { stale: true, reset_at: now, ..Self::default() }
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// Applies what the faults at work make of the machine.
    pub(super) fn refresh_node(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let has = |mode| self.node_strikes(node).any(|(_, at_work)| at_work == mode);
        let alive = !self.nodes[node].absent && !has(NodeMode::Crash);
        let runs_kubelet = alive && !has(NodeMode::Kubelet);
        let reachable = alive && !has(NodeMode::Isolation);
        let linked = reachable && runs_kubelet && !has(NodeMode::Partition);
        let connected = linked && self.control_plane.answers();
        let state = &mut self.nodes[node];
        state.linked = linked;
        let ran_kubelet = state.kubelet != Kubelet::Down;
        let was = (state.alive, ran_kubelet, state.connected, state.reachable);
        if was == (alive, runs_kubelet, connected, reachable) {
            // Who is charged may have changed.
            for pod in self.pods_on(node) {
                self.look(cx, pod);
            }
            self.update_clock(cx, super::Target::Node(node));
            return;
        }
        let (was_alive, was_connected) = (state.alive, state.connected);
        (state.alive, state.connected, state.reachable) = (alive, connected, reachable);
        if !was_alive && alive {
            self.tell(cx, Happening::MachineBooted { node });
        }
        if was_alive && !alive {
            self.lose_machine(cx, node);
        } else if ran_kubelet && !runs_kubelet {
            self.stop_kubelet(cx, node);
        }
        if was_connected && !connected {
            self.fall_silent(cx, node);
        }
        if !ran_kubelet && runs_kubelet {
            self.start_kubelet(cx, node);
        }
        if !was_connected && connected {
            self.reconnect(cx, node);
        }
        self.count_pods(cx);
        for pod in self.pods_on(node) {
            self.look(cx, pod);
        }
        self.update_clock(cx, super::Target::Node(node));
        self.plan_pass_for(cx, node);
    }

    fn lose_machine(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.tell(cx, Happening::MachineDied { node });
        self.end_kubelet(node);
        for pod in self.pods_on(node) {
            self.lose_containers(cx, pod);
        }
    }

    /// The kubelet's process dies; containers and proxy live on (N16).
    fn stop_kubelet(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.tell(cx, Happening::KubeletStopped { node });
        self.end_kubelet(node);
        for pod in self.pods_on(node) {
            self.lose_kubelet(cx, pod);
        }
    }

    fn end_kubelet(&mut self, node: NodeId) {
        let state = &mut self.nodes[node];
        state.kubelet = Kubelet::Down;
        state.shutdown = None;
        state.boot = Timer::NONE;
        state.report = Timer::NONE;
    }

    /// No lease is renewed from now on. The monitor remembers the pass that noticed the last one (N3).
    fn fall_silent(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.tell(cx, Happening::NodeDisconnected { node });
        let reset_at = self.monitor.reset_at;
        let pass_grid = self.pass_grid;
        let state = &mut self.nodes[node];
        state.lease = Timer::NONE;
        state.report = Timer::NONE;
        state.reconcile = Timer::NONE;
        if state.silent_since.is_none() {
            let renewed = state.leases.last_before(cx.now()).max(state.renewed_at);
            let seen = pass_grid.at_or_after(renewed);
            state.silent_since = Some(seen.max(reset_at));
        }
    }

    /// The kubelet's process is started, after a reboot or by itself; it needs a while (N14, P21).
    fn start_kubelet(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let law = &self.model.cluster.latencies.kubelet_first_sync;
        let timer = self.timer();
        let state = &mut self.nodes[node];
        state.kubelet = Kubelet::Starting;
        state.kubelet_since = Some(cx.now());
        state.boot = timer;
        // It asks the control plane for what it needs, which takes longer where that is loaded.
        let after = state.dice.span(law);
        let after = self.under_load(after);
        cx.after(after, Event::KubeletStarted(node, timer));
        // The control plane hears of it sooner: the kubelet registers before it syncs Pods.
        let ready = self.nodes[node].dice.span(&self.model.cluster.latencies.kubelet_ready);
        let ready = self.under_load(ready);
        self.schedule_report(cx, node, cx.now() + ready);
    }

    /// The kubelet reaches the control plane again: the lease with the next renewal, the Node's condition with
    /// the next status update, its Pods' with the next reconciliation (N14).
    fn reconnect(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.tell(cx, Happening::NodeReconnected { node });
        let state = &self.nodes[node];
        let renewed = state.leases.at_or_after(cx.now());
        let reported = state.statuses.at_or_after(cx.now());
        let timer = self.timer();
        self.nodes[node].lease = timer;
        cx.at(renewed, Event::LeaseRenewed(node, timer));
        if !self.nodes[node].report.is_set() {
            self.schedule_report(cx, node, reported);
        }
        if self.nodes[node].kubelet == Kubelet::Up {
            self.hear_control_plane(cx, node);
        }
    }

    /// What the kubelet finds out from the API: Pods to adopt, Pods to stop, conditions to restore.
    fn hear_control_plane(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        for pod in self.pods_on(node) {
            let state = &self.pods[pod];
            if state.deleted {
                self.notice_deletion(cx, pod);
            } else if !state.adopted {
                self.adopt_pod(cx, pod);
            }
        }
        self.schedule_reconciliation(cx, node);
    }

    fn schedule_reconciliation(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.reconcile_at(cx, node, self.nodes[node].reconciles.after(cx.now()));
    }

    /// The kubelet puts right then what the API says of its Pods.
    pub(super) fn reconcile_at(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, at: SimTime) {
        let timer = self.timer();
        self.nodes[node].reconcile = timer;
        cx.at(at, Event::StatusesReconciled(node, timer));
    }

    pub(super) fn schedule_report(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, at: SimTime) {
        let timer = self.timer();
        self.nodes[node].report = timer;
        cx.at(at, Event::NodeReported(node, timer));
    }

    pub(super) fn on_kubelet_started(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        if !self.nodes[node].boot.expires(timer) {
            return;
        }
        self.nodes[node].kubelet = Kubelet::Up;
        self.tell(cx, Happening::KubeletStarted { node });
        // Without the control plane it does not know of any Pod.
        if self.nodes[node].connected {
            self.hear_control_plane(cx, node);
        }
        for pod in self.pods_on(node) {
            self.note_load(cx, pod);
        }
        self.update_clock(cx, super::Target::Node(node));
    }

    /// The kubelet has reported its Node, which is a heartbeat (N3): Ready is True again, and the NoSchedule taint
    /// goes with it (N5, N14). While the Node is Ready only a new kubelet has something to report (N2).
    pub(super) fn on_node_reported(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        let state = &mut self.nodes[node];
        if !state.report.expires(timer) || !state.connected {
            return;
        }
        if state.shutdown.is_some() {
            return self.report_shutdown(cx, node);
        }
        // A machine joins as its kubelet is started.
        let is_new = state.kubelet_since.is_some_and(|since| since >= state.renewed_at);
        if state.ready && !is_new {
            return;
        }
        state.silent_since = None;
        state.renewed = true;
        state.renewed_at = cx.now();
        if state.ready {
            return;
        }
        self.set_node_status(node, true, true);
        self.tell(cx, Happening::NodeReady { node });
        self.plan_pass_for(cx, node);
        self.retry_pending(cx);
        for pod in self.pods_on(node) {
            self.look(cx, pod);
        }
    }

    /// The kubelet shuts its Node down and says that it is not Ready. No Pod is marked not Ready for that (V6, N6).
    fn report_shutdown(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        if self.nodes[node].ready {
            self.set_node_status(node, true, false);
            self.tell(cx, Happening::NodeNotReady { node });
            self.plan_pass_for(cx, node);
        }
    }

    pub(super) fn on_lease_renewed(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        let state = &mut self.nodes[node];
        if !state.lease.expires(timer) {
            return;
        }
        state.renewed = true;
        state.renewed_at = cx.now();
        if state.silent_since.take().is_some() {
            self.tell(cx, Happening::LeaseResumed { node });
        }
        if self.mode == Mode::EveryProbe {
            self.schedule_renewal(cx, node);
        }
        self.plan_pass_for(cx, node);
    }

    /// The judge's mode: the next renewal is an event.
    pub(super) fn schedule_renewal(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let timer = self.timer();
        let state = &mut self.nodes[node];
        state.lease = timer;
        let at = state.leases.at_or_after(cx.now() + Duration::from_nanos(1));
        cx.at(at, Event::LeaseRenewed(node, timer));
    }

    // ---- The node monitor ----

    /// What the API knows of a Node: that it is there, and its Ready condition.
    fn set_node_status(&mut self, node: NodeId, registered: bool, ready: bool) {
        let queue = self.queue_of(node);
        let state = &mut self.nodes[node];
        let before = std::mem::replace(&mut state.registered, registered).then_some(state.ready);
        state.ready = ready;
        self.taint_queues[queue].recount(before, registered.then_some(ready));
        self.monitor.stale = true;
    }

    /// Something has happened to the Node: schedules the next pass of the monitor that can change anything. What is to be done
    /// with others has been planned when something happened to them.
    pub(super) fn plan_pass_for(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let next = self.pass_grid.after(cx.now());
        let wanted = self.pass_wanted(node, next);
        if wanted.is_some() {
            self.monitor.restless.insert(node);
        }
        let at_once = self.mode == Mode::EveryProbe || self.monitor.stale;
        if let Some(at) = if at_once { Some(next) } else { wanted } {
            self.schedule_pass(cx, at);
        }
    }

    /// The same of every Node.
    pub(super) fn plan_all_passes(&mut self, cx: &mut Cx<'_, Event>) {
        for node in self.nodes.ids() {
            self.plan_pass_for(cx, node);
        }
    }

    /// A new controller looks at every Node at once.
    pub(super) fn begin_passes(&mut self, cx: &mut Cx<'_, Event>) {
        self.monitor.restless = self.nodes.ids().collect();
        self.schedule_pass(cx, cx.now());
    }

    /// The same after a pass, and when the replication begins.
    pub(super) fn plan_pass(&mut self, cx: &mut Cx<'_, Event>) {
        let next = self.pass_grid.after(cx.now());
        let wanted = match self.mode {
            Mode::EveryProbe => Some(next),
            Mode::Fast => self.monitor.restless.iter().filter_map(|node| self.pass_wanted(*node, next)).min(),
        };
        if let Some(at) = wanted {
            self.schedule_pass(cx, at);
        }
    }

    fn schedule_pass(&mut self, cx: &mut Cx<'_, Event>, at: SimTime) {
        if self.monitor.due.is_set() && self.monitor.at <= at {
            return;
        }
        let timer = self.timer();
        self.monitor.due = timer;
        self.monitor.at = at;
        cx.at(at, Event::MonitorPassDue(timer));
    }

    /// No pass that the Node needs is missing.
    pub(super) fn is_pass_planned(&self, node: NodeId, now: SimTime) -> bool {
        let wanted = self.pass_wanted(node, self.pass_grid.after(now));
        let is_watched = self.mode == Mode::EveryProbe || self.monitor.restless.contains(&node);
        let is_away = !self.control_plane.works(ControlPlanePart::ControllerManager);
        is_away || wanted.is_none_or(|wanted| is_watched && self.monitor.due.is_set() && self.monitor.at <= wanted)
    }

    fn pass_wanted(&self, node: NodeId, next: SimTime) -> Option<SimTime> {
        let state = &self.nodes[node];
        if !state.registered {
            return None;
        }
        let settled = if state.ready { !state.no_execute && !state.queued } else { state.no_execute || state.queued };
        let rules = &self.model.cluster.control_plane;
        let over = match rules.eviction {
            _ if settled && state.ready => rules.node_monitor_grace,
            Eviction::After(timeout) if !settled && !state.ready => timeout,
            _ if !settled => return Some(next),
            _ => return None,
        };
        Some(self.pass_grid.after(state.silent_since? + over).max(next))
    }

    /// One pass over all Nodes (N3, N6, N7, N11).
    pub(super) fn on_monitor_pass_due(&mut self, cx: &mut Cx<'_, Event>, timer: Timer) {
        if !self.monitor.due.expires(timer) || self.is_pass_in_vain(cx) {
            return;
        }
        let grace = self.model.cluster.control_plane.node_monitor_grace;
        let looked_at: Vec<NodeId> = match self.mode {
            Mode::EveryProbe => self.nodes.ids().collect(),
            Mode::Fast => std::mem::take(&mut self.monitor.restless).into_iter().collect(),
        };
        for &node in &looked_at {
            let state = &mut self.nodes[node];
            if !state.registered {
                continue;
            }
            if std::mem::take(&mut state.renewed) {
                state.seen = cx.now();
            }
            let seen = self.last_seen(node);
            if self.nodes[node].ready && seen.is_some_and(|seen| cx.now().saturating_since(seen) > grace) {
                self.mark_unknown(cx, node);
            }
            if self.nodes[node].ready {
                self.lift_no_execute(cx, node);
            } else {
                self.queue_for_taint(cx, node);
            }
        }
        self.assess_zones(cx);
        self.monitor.stale = false;
        let next = self.pass_grid.after(cx.now());
        let is_restless = |node: &NodeId| self.pass_wanted(*node, next).is_some();
        // The end of all zones has changed every Node.
        let restless = if self.all_zones_down {
            self.nodes.ids().filter(is_restless).collect()
        } else {
            looked_at.into_iter().filter(is_restless).collect()
        };
        self.monitor.restless = restless;
        self.plan_pass(cx);
    }

    /// The pass that noticed the Node's last heartbeat (N3). In the fast mode `None` while heartbeats come: then that
    /// was a short while ago.
    pub(super) fn last_seen(&self, node: NodeId) -> Option<SimTime> {
        let state = &self.nodes[node];
        match self.mode {
            Mode::Fast => state.silent_since,
            Mode::EveryProbe => Some(state.seen),
        }
    }

    /// The monitor has seen no lease for the grace period: Ready becomes Unknown and the Node's Pods are marked
    /// not ready at once (N6). They may well serve on (N16).
    fn mark_unknown(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.set_node_status(node, true, false);
        self.nodes[node].marked_at = cx.now();
        self.tell(cx, Happening::NodeUnknown { node });
        for pod in self.pods_on(node) {
            self.set_api_ready(cx, pod, false);
            if let Some(slot) = self.slot_of(pod) {
                self.observe(cx, &Observed::Reacted { slot });
            }
            self.look(cx, pod);
        }
        if self.is_instance_gone(node) {
            self.schedule_node_deletion(cx, node);
        }
        // Back already, but with its lease not renewed in time: the kubelet puts right what it finds wrong with
        // its next status update and reconciliation (N2, E2).
        let state = &self.nodes[node];
        if state.connected {
            let reported = state.statuses.at_or_after(cx.now());
            if !state.report.is_set() {
                self.schedule_report(cx, node, reported);
            }
            self.schedule_reconciliation(cx, node);
        }
    }

    // ---- Machines that are replaced (N15) ----

    /// The instance is gone: a new machine is on its way.
    pub(super) fn order_replacement_node(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let DeadNodes::Replace(new_node) = &self.model.cluster.dead_nodes else { return };
        let after = self.nodes[node].dice.span(&new_node.after);
        self.await_machine(cx, node, after);
    }

    /// A new machine joins as this Node in a while.
    pub(super) fn await_machine(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, after: Duration) {
        let timer = self.timer();
        self.nodes[node].join = timer;
        cx.after(after, Event::NodeJoined(node, timer));
    }

    /// No machine will come back as this Node.
    fn is_instance_gone(&self, node: NodeId) -> bool {
        self.nodes[node].absent || self.nodes[node].join.is_set()
    }

    /// The instance is gone: once the Node is not Ready, the cloud controller deletes its object (N15).
    pub(super) fn await_node_deletion(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        if self.nodes[node].registered && !self.nodes[node].ready {
            self.schedule_node_deletion(cx, node);
        }
    }

    /// The cloud controller looks every 5 s for Nodes that are not Ready and whose instance is gone (N15).
    fn schedule_node_deletion(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let timer = self.timer();
        self.nodes[node].deletion = timer;
        cx.at(self.cloud_grid.after(cx.now()), Event::NodeDeleted(node, timer));
    }

    pub(super) fn on_node_deleted(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        if self.nodes[node].deletion.expires(timer) {
            self.delete_node(cx, node);
        }
    }

    /// The Node object is gone.
    pub(super) fn delete_node(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.set_node_status(node, false, false);
        self.tell(cx, Happening::NodeDeleted { node });
        self.count_pods(cx);
        self.lift_no_execute(cx, node);
        let orphans = self.pods_on(node);
        for &pod in &orphans {
            self.pods[pod].orphaned = true;
            self.request_slice_update(cx, pod);
            self.look(cx, pod);
        }
        self.await_collection(cx, node, orphans);
        self.plan_pass_for(cx, node);
        self.retry_pending(cx);
        self.tell_withdrawal_of_deletion(cx, node);
    }

    /// The Pods of a Node whose object is gone wait for the garbage collector.
    pub(super) fn await_collection(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, orphans: Vec<PodId>) {
        let collected = self.collected_at(cx, node);
        for pod in orphans {
            let timer = self.timer();
            self.pods[pod].life = timer;
            cx.at(collected, Event::OrphanCollected(pod, timer));
        }
    }

    /// The Pod garbage collector notices an orphan in one of its rounds, and collects it in a round after the
    /// quarantine (N15). A quarantine of whole rounds ends during a round, and whether that round sees it hangs on
    /// milliseconds, as in C12: even odds.
    fn collected_at(&mut self, cx: &Cx<'_, Event>, node: NodeId) -> SimTime {
        let noticed = self.gc_grid.at_or_after(cx.now());
        let over = noticed + self.model.cluster.control_plane.pod_gc_quarantine;
        let round = self.gc_grid.at_or_after(over);
        let is_missed = round == over && self.nodes[node].quarantine_dice.uniform() < 0.5;
        if is_missed { self.gc_grid.after(over) } else { round }
    }

    /// A new machine joins, once the Node object of the old one is out of its way.
    pub(super) fn on_node_joined(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        if self.nodes[node].join != timer {
            return;
        }
        if self.nodes[node].registered || self.is_zone_struck(node) {
            // Not noticed yet, or not deleted yet, or no machine can reach the control plane from there: try again with the
            // cloud controller's next round.
            cx.at(self.cloud_grid.after(cx.now()), Event::NodeJoined(node, timer));
            return;
        }
        let last = self.nodes.iter().map(|state| state.order).fold(0.0, f64::max);
        // It joins Ready; the old machine's silence is not its own.
        self.set_node_status(node, true, true);
        let state = &mut self.nodes[node];
        state.join = Timer::NONE;
        state.absent = false;
        state.strikes.clear();
        state.order = last + 1.0;
        state.images.clear();
        state.silent_since = None;
        // It joins with a lease of its own (N3).
        (state.renewed, state.renewed_at) = (true, cx.now());
        // A cordon was the old machine's.
        (state.cordoned, state.uncordon) = (false, Timer::NONE);
        self.tell(cx, Happening::NodeJoined { node });
        self.count_pods(cx);
        self.begin_life_of_machine(cx.now(), node);
        self.refresh_node(cx, node);
        self.retry_pending(cx);
        self.update_clock(cx, super::Target::Node(node));
        self.tell_withdrawal_of_machine(cx, node);
        self.tell_upgrade_of_machine(cx, node);
    }

    /// The Pod's object goes with its Node: nothing is left that could confirm its end (N15).
    pub(super) fn on_orphan_collected(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if self.pods[pod].life.expires(timer) {
            self.tell(cx, Happening::PodCollected { pod });
            self.remove_pod(cx, pod);
        }
    }
}
