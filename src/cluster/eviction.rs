//! NoExecute taints, tolerations and zone states (N7–N12).
//! Follows `pkg/controller/nodelifecycle/node_lifecycle_controller.go`, `scheduler/rate_limited_queue.go` there,
//! and `pkg/controller/tainteviction/taint_eviction.go`.

use std::collections::VecDeque;

use super::happening::Happening;
use super::observer::Observer;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{NodeId, PodId, ZoneId};
use crate::model::{Eviction, Toleration};
use crate::time::{Duration, SimTime};

/// The Nodes of one zone that wait for their NoExecute taint, behind a token bucket of one token (N7).
#[derive(Debug, Clone)]
pub(crate) struct TaintQueue {
    nodes: VecDeque<NodeId>,
    /// How many Nodes the zone has, and how many of them are not Ready.
    size: u32,
    not_ready: u32,
    /// Tokens per second; 0 while evictions are off.
    rate: f64,
    /// When the next token is there.
    token_at: SimTime,
    timer: Timer,
}

impl TaintQueue {
    pub fn new(rate: f64) -> Self {
        Self { nodes: VecDeque::new(), size: 0, not_ready: 0, rate, token_at: SimTime::ZERO, timer: Timer::NONE }
    }

    /// A new controller has no Node in it, and a token.
    pub fn begin_anew(&mut self, rate: f64, now: SimTime) {
        self.nodes.clear();
        (self.rate, self.token_at, self.timer) = (rate, now, Timer::NONE);
    }

    /// How often the Node stands in it.
    pub fn places(&self, node: NodeId) -> usize {
        self.nodes.iter().filter(|queued| **queued == node).count()
    }

    /// The Ready condition of a Node of the zone has changed. It is `None` where there is no Node.
    pub fn recount(&mut self, before: Option<bool>, after: Option<bool>) {
        self.size += u32::from(after.is_some());
        self.size -= u32::from(before.is_some());
        self.not_ready += u32::from(after == Some(false));
        self.not_ready -= u32::from(before == Some(false));
    }

    /// How many Nodes there are, and how many of them are not Ready.
    pub fn counts(&self) -> (u32, u32) {
        (self.size, self.not_ready)
    }

    fn refill(&self) -> Duration {
        if self.rate > 0.0 { Duration::from_secs_f64(1.0 / self.rate) } else { Duration::MAX }
    }
}

/// The state of a zone (N11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disruption {
    Normal,
    Partial,
    Full,
}

impl<O: Observer> Cluster<'_, O> {
    /// Nodes without a zone label form one zone of their own (N7).
    pub(super) fn queue_of(&self, node: NodeId) -> usize {
        self.model.cluster.nodes[node].zone.map_or(self.zones.len(), ZoneId::index)
    }

    /// The Node queues for its NoExecute taint, or, where the controller evicts by itself, for that.
    pub(super) fn queue_for_taint(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let is_due = self.is_due_for_eviction(cx, node);
        let state = &mut self.nodes[node];
        if state.queued || state.no_execute || !is_due {
            return;
        }
        state.queued = true;
        self.tell(cx, Happening::TaintQueued { node });
        let queue = self.queue_of(node);
        self.taint_queues[queue].nodes.push_back(node);
        self.serve_queue(cx, queue);
    }

    /// A Node that is not Ready is due for its taint at once; without taints, when it has been silent for the timeout.
    fn is_due_for_eviction(&self, cx: &Cx<'_, Event>, node: NodeId) -> bool {
        match self.model.cluster.control_plane.eviction {
            Eviction::Taints => true,
            Eviction::After(timeout) => {
                self.last_seen(node).is_some_and(|seen| cx.now().saturating_since(seen) > timeout)
            }
        }
    }

    /// The queue is served at its next round with a token. A refill lasts a whole number of rounds, and the token
    /// is there in the last of them (N7: taints at 10 s intervals).
    fn serve_queue(&mut self, cx: &mut Cx<'_, Event>, index: usize) {
        let queue = &self.taint_queues[index];
        if queue.nodes.is_empty() || queue.rate <= 0.0 || queue.timer.is_set() {
            return;
        }
        let at = self.taint_grid.at_or_after(queue.token_at.max(cx.now()));
        let timer = self.timer();
        self.taint_queues[index].timer = timer;
        cx.at(at, Event::TaintDue(index as u32, timer));
    }

    pub(super) fn on_taint_due(&mut self, cx: &mut Cx<'_, Event>, index: u32, timer: Timer) {
        let index = index as usize;
        if !self.taint_queues[index].timer.expires(timer) {
            return;
        }
        let Some(node) = self.taint_queues[index].nodes.pop_front() else { return };
        // The bucket is charged before anyone looks at the Node (N7a).
        self.taint_queues[index].token_at = cx.now() + self.taint_queues[index].refill();
        let rules = &self.model.cluster.control_plane;
        let state = &mut self.nodes[node];
        state.queued = false;
        if !state.ready && state.registered {
            let just_marked = cx.now().since(state.marked_at) <= rules.taint_queue_period;
            let lost = just_marked && state.taint_dice.uniform() < rules.lost_taint_token;
            if !lost {
                self.taint(cx, node);
            }
        }
        self.serve_queue(cx, index);
        self.plan_pass_for(cx, node);
    }

    /// The taint is there: every Pod of the Node is deleted when its toleration is over (N9), or at once where the
    /// controller knows no taints.
    fn taint(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        self.nodes[node].no_execute = true;
        let is_unreachable = self.nodes[node].shutdown.is_none();
        self.tell(cx, Happening::TaintAdded { node, is_unreachable });
        for pod in self.pods_on(node) {
            if !self.pods[pod].deleted {
                self.schedule_eviction(cx, pod);
            }
        }
    }

    /// The Pod is on a Node with the NoExecute taint from now on (N9), or on one that the controller without taints
    /// has given up.
    pub(super) fn schedule_eviction(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        // A kubelet that shuts its Node down says that it is not Ready; who is silent is unreachable (N5).
        let tolerations = &self.spec(pod).tolerations;
        let is_not_ready = self.pods[pod].node.is_some_and(|node| self.nodes[node].shutdown.is_some());
        let toleration = if is_not_ready { tolerations.not_ready } else { tolerations.unreachable };
        let after = match (self.model.cluster.control_plane.eviction, toleration) {
            (Eviction::After(_), _) | (Eviction::Taints, Toleration::None) => Duration::ZERO,
            (Eviction::Taints, Toleration::Forever) => return,
            (Eviction::Taints, Toleration::For(span)) => span,
        };
        let timer = self.timer();
        self.pods[pod].eviction = timer;
        cx.after(after, Event::EvictionDue(pod, timer));
    }

    /// The Node is Ready, or all zones are down: the taint goes, and with it every timer (N9, N11).
    pub(super) fn lift_no_execute(&mut self, cx: &Cx<'_, Event>, node: NodeId) {
        let queue = self.queue_of(node);
        let state = &mut self.nodes[node];
        if std::mem::take(&mut state.queued) {
            self.taint_queues[queue].nodes.retain(|&queued| queued != node);
        }
        if std::mem::take(&mut self.nodes[node].no_execute) {
            self.tell(cx, Happening::TaintRemoved { node });
            for pod in self.pods_on(node) {
                self.pods[pod].eviction = Timer::NONE;
            }
        }
    }

    pub(super) fn on_eviction_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if self.pods[pod].eviction.expires(timer) {
            self.tell(cx, Happening::PodEvicted { pod });
            self.evict_pod(cx, pod);
        }
    }

    /// Zone states at the end of a pass, after its taints were queued (N11).
    pub(super) fn assess_zones(&mut self, cx: &mut Cx<'_, Event>) {
        let states: Vec<Option<(Disruption, u32)>> =
            (0..self.taint_queues.len()).map(|queue| self.disruption(queue)).collect();
        let all_down = states.iter().flatten().all(|&(state, _)| state == Disruption::Full);
        let any = states.iter().any(Option::is_some);
        let rules = &self.model.cluster.control_plane;
        if all_down && any {
            if !self.all_zones_down {
                self.all_zones_down = true;
                for node in self.nodes.ids() {
                    self.lift_no_execute(cx, node);
                }
            }
            for queue in 0..self.taint_queues.len() {
                self.set_rate(cx, queue, 0.0);
            }
            // They stay queued, for when a zone recovers.
            for node in self.nodes.ids() {
                if self.nodes[node].registered && !self.nodes[node].ready {
                    self.queue_for_taint(cx, node);
                }
            }
            return;
        }
        if std::mem::take(&mut self.all_zones_down) {
            self.monitor.reset_at = cx.now();
            for state in &mut self.nodes {
                state.seen = cx.now();
                state.silent_since = state.silent_since.map(|_| cx.now());
            }
        }
        for (queue, state) in states.into_iter().enumerate() {
            let rate = match state {
                Some((Disruption::Partial, size)) if size > rules.large_zone => rules.secondary_eviction_rate,
                Some((Disruption::Partial, _)) => 0.0,
                _ => rules.eviction_rate,
            };
            self.set_rate(cx, queue, rate);
        }
    }

    /// The state and size of a zone; `None` if it has no Node.
    fn disruption(&self, queue: usize) -> Option<(Disruption, u32)> {
        let (size, not_ready) = self.taint_queues[queue].counts();
        if size == 0 {
            return None;
        }
        let share = f64::from(not_ready) / f64::from(size);
        let threshold = self.model.cluster.control_plane.unhealthy_zone_threshold;
        let state = if not_ready == size {
            Disruption::Full
        } else if not_ready > 2 && share >= threshold {
            Disruption::Partial
        } else {
            Disruption::Normal
        };
        Some((state, size))
    }

    /// A limiter that takes the place of one without a token starts empty; at rate 0 there is never one (N11).
    fn set_rate(&mut self, cx: &mut Cx<'_, Event>, index: usize, rate: f64) {
        let queue = &mut self.taint_queues[index];
        if queue.rate == rate {
            return;
        }
        let had_token = queue.rate > 0.0 && queue.token_at <= cx.now();
        queue.rate = rate;
        queue.timer = Timer::NONE;
        if !had_token {
            queue.token_at = cx.now() + queue.refill();
        }
        let zone = (index < self.zones.len()).then(|| ZoneId::new(index));
        self.tell(cx, Happening::EvictionRateChanged { zone, per_hour: (rate * 3600.0).round() as u32 });
        self.serve_queue(cx, index);
    }
}
