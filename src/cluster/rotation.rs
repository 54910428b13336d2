//! From a Pod's readiness to the load balancer: status write, EndpointSlice, proxy (E1–E10).

use super::happening::{Endpoint, Happening};
use super::observer::Observer;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{NodeId, PodId};
use crate::model::Strategy;
use crate::time::{Duration, SimTime};

/// A loss of readiness that is taken back sooner reaches the API in every second case only (E2a) [env].
const SHORT_LOSS: Duration = Duration::from_millis(50);

/// One representative proxy (E6).
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxy {
    last_run: Option<SimTime>,
    run: Timer,
    /// Pods whose slice has changed since it ran last.
    changed: Vec<PodId>,
    /// Pods whose object is gone, until the proxy has forgotten them too.
    pub leaving: Vec<PodId>,
}

impl<O: Observer> Cluster<'_, O> {
    /// The kubelet's Ready condition; a change is published (P18, E2).
    pub(super) fn set_ready(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, ready: bool) {
        let state = &mut self.pods[pod];
        if state.ready != ready {
            let lasted = cx.now().since(std::mem::replace(&mut state.ready_since, cx.now()));
            state.ready = ready;
            // A loss that is taken back before it is written.
            let taken_back = ready && state.api_ready && state.status_write.is_set();
            let home = state.home;
            let written = taken_back && (lasted >= SHORT_LOSS || self.slots[home].propagation.uniform() < 0.5);
            self.pods[pod].owes_loss = written;
            self.tell(cx, Happening::ReadyDecided { pod, ready });
            self.request_status_write(cx, pod);
        }
    }

    /// What a step through the control plane takes that takes `span` without load (E10a).
    pub(super) fn under_load(&self, span: Duration) -> Duration {
        if self.load == 1.0 { span } else { Duration::from_secs_f64(span.as_secs_f64() * self.load) }
    }

    pub(super) fn request_status_write(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod];
        let connected = state.node.is_some_and(|node| self.nodes[node].connected);
        if state.status_write.is_set() || !connected {
            return;
        }
        let home = state.home;
        let after = self.slots[home].propagation.span(&self.model.cluster.latencies.status_write);
        let after = self.under_load(after);
        let timer = self.timer();
        self.pods[pod].status_write = timer;
        cx.after(after, Event::StatusWritten(pod, timer));
    }

    /// The status writer writes the newest version, so a loss that was taken back at once may never reach the API
    /// (E2a).
    pub(super) fn on_status_written(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].status_write.expires(timer) {
            return;
        }
        let state = &self.pods[pod];
        if state.node.is_some_and(|node| self.nodes[node].connected) {
            let ready = state.ready;
            if std::mem::take(&mut self.pods[pod].owes_loss) {
                self.set_api_ready(cx, pod, false);
                self.request_status_write(cx, pod);
            } else {
                self.set_api_ready(cx, pod, ready);
                if self.has_failed(pod) {
                    return self.fail_pod(cx, pod);
                }
            }
            if self.workload(pod).publish_not_ready {
                self.request_slice_update(cx, pod);
            }
            // Of a Pod that is being deleted, Recreate alone wants to know: whether it has ended (D3).
            if self.pods[pod].deleted && self.workload(pod).strategy == Strategy::Recreate {
                self.request_pass(cx, self.pods[pod].workload);
            }
        }
    }

    /// Every 10 s the kubelet patches back what differs in the API (E2), for instance after a partition (N14).
    pub(super) fn on_statuses_reconciled(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, timer: Timer) {
        if !self.nodes[node].reconcile.expires(timer) || !self.kubelet_listens(node) {
            return;
        }
        self.tell(cx, Happening::StatusesWritten { node });
        for pod in self.pods_on(node) {
            self.set_api_ready(cx, pod, self.pods[pod].ready);
            if self.has_failed(pod) {
                self.fail_pod(cx, pod);
            }
        }
    }

    /// The Ready condition in the API, whoever has written it.
    pub(super) fn set_api_ready(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, ready: bool) {
        if self.pods[pod].api_ready != ready {
            self.pods[pod].api_ready = ready;
            self.note_load(cx, pod);
            self.tell(cx, Happening::ReadyWritten { pod, ready });
            self.request_slice_update(cx, pod);
            self.tell_drains(cx, pod);
            // A Pod that is being deleted counts for no ReplicaSet any more.
            if !self.pods[pod].deleted {
                self.request_pass(cx, self.pods[pod].workload);
                self.await_availability(cx, pod);
            }
        }
    }

    /// Readiness, deletion or the Node object has changed: the EndpointSlice follows (E5). The controller works on one change
    /// of a Service after the other and writes its whole state, so that no later change overtakes an earlier one: a Pod that is
    /// deleted as another has become Ready does not leave before that one has come.
    pub(super) fn request_slice_update(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        if self.pods[pod].slice_update.is_set() {
            return;
        }
        let home = self.pods[pod].home;
        let after = self.slots[home].propagation.span(&self.model.cluster.latencies.endpoint_slice);
        let after = self.under_load(after);
        let timer = self.timer();
        self.pods[pod].slice_update = timer;
        let workload = &mut self.workloads[self.pods[pod].workload];
        workload.slices_written = workload.slices_written.max(cx.now() + after);
        cx.at(workload.slices_written, Event::EndpointSliceUpdated(pod, timer));
    }

    pub(super) fn on_endpoint_slice_updated(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].slice_update.expires(timer) {
            return;
        }
        let slice = self.endpoint(pod);
        let before = std::mem::replace(&mut self.pods[pod].slice, slice);
        if before != slice {
            let is_ready = |endpoint| usize::from(self.is_ready(pod, endpoint));
            let (now, then) = (is_ready(slice), is_ready(before));
            let workload = &mut self.workloads[self.pods[pod].workload];
            workload.ready = workload.ready + now - then;
            self.proxy.changed.push(pod);
            self.tell(cx, Happening::EndpointSliceUpdated { pod, endpoint: slice });
            self.request_proxy_run(cx);
        }
    }

    /// What the EndpointSlice should say of the Pod (E4).
    pub(super) fn endpoint(&self, pod: PodId) -> Endpoint {
        let state = &self.pods[pod];
        let has_node = !state.orphaned && state.node.is_some_and(|node| self.nodes[node].registered);
        let has_ip = state.containers.iter().any(|container| container.instance > 0);
        // Stopped for good and written so, its phase is terminal.
        let has_ended = state.terminating && !state.has_process() && !state.api_ready;
        let listed = state.exists && has_ip && !has_ended && (has_node || self.workload(pod).publish_not_ready);
        if listed {
            Endpoint { listed, serving: state.api_ready, terminating: state.deleted }
        } else {
            Endpoint::default()
        }
    }

    /// At once if the previous run is more than 1 s ago, else when that second has passed (E6).
    fn request_proxy_run(&mut self, cx: &mut Cx<'_, Event>) {
        if self.proxy.run.is_set() {
            return;
        }
        let pause = self.model.cluster.control_plane.proxy_min_sync;
        let from = self.proxy.last_run.map_or(cx.now(), |last| (last + pause).max(cx.now()));
        let at = from + self.control_plane_dice.span(&self.model.cluster.latencies.proxy);
        let timer = self.timer();
        self.proxy.run = timer;
        cx.at(at, Event::ProxySynced(timer));
    }

    pub(super) fn on_proxy_synced(&mut self, cx: &mut Cx<'_, Event>, timer: Timer) {
        if !self.proxy.run.expires(timer) {
            return;
        }
        self.proxy.last_run = Some(cx.now());
        let mut changed = std::mem::take(&mut self.proxy.changed);
        for workload in self.workloads.ids() {
            let state = &mut self.workloads[workload];
            let any_ready = state.ready > 0;
            if std::mem::replace(&mut state.any_was_ready, any_ready) != any_ready {
                // Traffic moves to or from those that are being terminated.
                changed.extend(self.pods.ids().filter(|&pod| self.pods[pod].workload == workload));
            }
        }
        changed.sort_unstable();
        changed.dedup();
        for &pod in &changed {
            self.take_over(pod);
        }
        for &pod in &changed {
            self.note_load(cx, pod);
            // In rotation or not is all that a run of the proxy changes.
            let state = &self.pods[pod];
            if state.in_rotation != state.view.is_some() {
                let (in_rotation, deleted) = (state.in_rotation, state.deleted);
                self.tell(cx, Happening::RotationChanged { pod, in_rotation });
                self.look(cx, pod);
                if deleted && !in_rotation {
                    self.tell_scaling(cx, self.pods[pod].workload);
                }
            }
        }
        changed.clear();
        self.proxy.changed = changed;
        self.forget_pods();
    }

    /// Takes all slices over: the state at time 0.
    pub(super) fn balance(&mut self) {
        let is_ready = |pod: &PodId| self.is_ready(*pod, self.pods[*pod].slice);
        for pod in self.pods.ids().filter(is_ready).collect::<Vec<_>>() {
            let workload = &mut self.workloads[self.pods[pod].workload];
            workload.ready += 1;
            workload.any_was_ready = true;
        }
        for pod in self.pods.ids() {
            self.take_over(pod);
        }
    }

    /// Takes a slice over: traffic goes to ready endpoints; if there is none, to serving terminating ones (E7).
    fn take_over(&mut self, pod: PodId) {
        let e = self.pods[pod].slice;
        let any_ready = self.workloads[self.pods[pod].workload].any_was_ready;
        let in_rotation = if any_ready { self.is_ready(pod, e) } else { e.listed && e.serving && e.terminating };
        let state = &mut self.pods[pod];
        state.proxied = e;
        state.in_rotation = in_rotation;
    }

    fn is_ready(&self, pod: PodId, e: Endpoint) -> bool {
        e.listed && (self.workload(pod).publish_not_ready || e.serving && !e.terminating)
    }
}
