//! The scheduler: filters, scores and who wins (S3–S10, S12, S13, S16, S17).
//! Follows `pkg/scheduler/schedule_one.go` and the plugins in `pkg/scheduler/framework/plugins`.

use super::happening::Happening;
use super::observer::Observer;
use super::state::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{NodeId, PodId};
use crate::model::{Eviction, PodSpec, Resources, Spread, Toleration};
use crate::time::Duration;

/// Unschedulable Pods are tried again after 5 min even if nothing has happened (S16).
const FLUSH: Duration = Duration::from_secs(300);
/// What a container without requests counts as in the resource scores (S12).
const UNSTATED: Resources = Resources { cpu_millis: 100, memory_bytes: 200 << 20 };

/// Pods that no Node could take.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scheduler {
    pending: Vec<PodId>,
    flush: Timer,
}

impl Scheduler {
    pub fn forget(&mut self, pod: PodId) {
        self.pending.retain(|&pending| pending != pod);
    }
}

/// What the scheduler knows of one Node.
#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    pods: u32,
    active: u32,
}

impl<O: Observer> Cluster<'_, O> {
    /// The Pod enters the scheduling queue (S1).
    pub(super) fn request_binding(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let home = self.pods[pod.index()].home.index();
        let after = self.slots[home].scheduling.span(&self.model.cluster.latencies.bind);
        let after = self.under_load(after);
        let timer = self.timer();
        self.pods[pod.index()].life = timer;
        cx.after(after, Event::BindDue(pod, timer));
    }

    pub(super) fn on_bind_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod.index()].life.expires(timer) {
            return;
        }
        match self.choose_node() {
            Some(node) => self.bind(cx, pod, node),
            None => {
                self.scheduler.pending.push(pod);
                self.pods[pod.index()].unschedulable = true;
                self.tell(cx, Happening::PodUnschedulable { pod });
                self.count_pods(cx);
                if !self.scheduler.flush.is_set() {
                    let timer = self.timer();
                    self.scheduler.flush = timer;
                    cx.after(FLUSH, Event::QueueFlushed(timer));
                }
            }
        }
    }

    fn bind(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, node: NodeId) {
        let state = &mut self.pods[pod.index()];
        state.node = Some(node);
        state.unschedulable = false;
        self.tell(cx, Happening::PodBound { pod, node });
        self.count_pods(cx);
        let home = self.pods[pod.index()].home.index();
        let after = self.slots[home].scheduling.span(&self.model.cluster.latencies.first_sync);
        let timer = self.timer();
        self.pods[pod.index()].life = timer;
        cx.after(after, Event::FirstSyncDue(pod, timer));
        if self.nodes[node.index()].no_execute && self.model.cluster.control_plane.eviction == Eviction::Taints {
            self.schedule_eviction(cx, pod);
        }
        self.look(cx, pod);
    }

    /// Something has happened that may let a pending Pod in: a Node came, went or lost a taint, or a Pod object
    /// is gone (S16).
    pub(super) fn retry_pending(&mut self, cx: &mut Cx<'_, Event>) {
        for pod in std::mem::take(&mut self.scheduler.pending) {
            self.request_binding(cx, pod);
        }
    }

    pub(super) fn on_queue_flushed(&mut self, cx: &mut Cx<'_, Event>, timer: Timer) {
        if self.scheduler.flush.expires(timer) {
            self.retry_pending(cx);
        }
    }

    /// The Node for one more Pod, or none that fits. All Pods are alike, so it does not matter which one asks.
    pub(super) fn choose_node(&self) -> Option<NodeId> {
        let usage = self.usage();
        let spec = &self.model.deployment.pod;
        let takes = |node: NodeId| self.admits(node) && self.fits(node, usage[node.index()]);
        // A Pod without a place asks every 5 min, for years perhaps (S16): that answer is quick.
        if !(0..self.nodes.len()).map(NodeId::new).any(takes) {
            return None;
        }
        let feasible: Vec<NodeId> = self
            .node_list()
            .into_iter()
            .filter(|&node| takes(node))
            .filter(|&node| spec.spread.iter().filter(|c| c.hard).all(|c| self.satisfies(c, node, &usage)))
            .filter(|&node| self.keeps_apart(node, &usage))
            .collect();
        let scores = self.scores(&feasible, &usage);
        heap_root(&scores).map(|winner| feasible[winner])
    }

    fn usage(&self) -> Vec<Usage> {
        let mut usage = vec![Usage::default(); self.nodes.len()];
        for pod in self.pods.iter().filter(|pod| pod.exists) {
            if let Some(node) = pod.node {
                usage[node.index()].pods += 1;
                usage[node.index()].active += u32::from(!pod.deleted);
            }
        }
        usage
    }

    /// The scheduler's list (S5a): the first Node of each zone, then the second of each, and so on; zones and
    /// their Nodes in the order in which they became known.
    fn node_list(&self) -> Vec<NodeId> {
        let mut zones: Vec<(f64, Option<crate::ids::ZoneId>, Vec<NodeId>)> = Vec::new();
        let mut nodes: Vec<NodeId> = (0..self.nodes.len()).map(NodeId::new).collect();
        nodes.retain(|node| self.nodes[node.index()].registered);
        nodes.sort_by(|a, b| self.nodes[a.index()].order.total_cmp(&self.nodes[b.index()].order));
        for node in nodes {
            let zone = self.model.cluster.nodes[node.index()].zone;
            let order = self.nodes[node.index()].order;
            match zones.iter_mut().find(|(_, z, _)| *z == zone) {
                Some((_, _, members)) => members.push(node),
                None => zones.push((order, zone, vec![node])),
            }
        }
        zones.sort_by(|a, b| a.0.total_cmp(&b.0));
        let longest = zones.iter().map(|(_, _, members)| members.len()).max().unwrap_or(0);
        (0..longest).flat_map(|i| zones.iter().filter_map(move |(_, _, members)| members.get(i).copied())).collect()
    }

    /// Taints and selectors (S3).
    fn admits(&self, node: NodeId) -> bool {
        self.model.deployment.pod.selects_node[node.index()] && self.tolerates_taints(node)
    }

    /// The Node's own taints, and the unreachable ones of a Node that is Unknown (N5, N7).
    fn tolerates_taints(&self, node: NodeId) -> bool {
        let tolerations = &self.model.deployment.pod.tolerations;
        let state = &self.nodes[node.index()];
        tolerations.node_admits[node.index()]
            && (state.ready || tolerations.unreachable_no_schedule)
            && (!state.no_execute || tolerations.unreachable != Toleration::None)
    }

    /// Resources (S4). Terminating Pods count until their object is gone.
    fn fits(&self, node: NodeId, usage: Usage) -> bool {
        let spec = &self.model.deployment.pod;
        let node = &self.model.cluster.nodes[node.index()];
        let pods = u64::from(usage.pods) + 1;
        usage.pods < node.max_pods
            && spec.requests.cpu_millis.saturating_mul(pods) <= node.allocatable.cpu_millis
            && spec.requests.memory_bytes.saturating_mul(pods) <= node.allocatable.memory_bytes
    }

    /// A hard spread constraint (S6).
    fn satisfies(&self, constraint: &Spread, node: NodeId, usage: &[Usage]) -> bool {
        let Some(domain) = constraint.domain[node.index()] else { return false };
        let spec = &self.model.deployment.pod;
        let mut counts: Vec<Option<u32>> = vec![None; constraint.domains as usize];
        for (index, usage) in usage.iter().enumerate() {
            let Some(domain) = constraint.domain[index] else { continue };
            if self.counts(spec, constraint, index) {
                let matching = if constraint.selects_self { usage.active } else { 0 };
                *counts[domain as usize].get_or_insert(0) += matching;
            }
        }
        let domains = counts.iter().flatten().count() as u32;
        let least =
            if domains < constraint.min_domains { 0 } else { counts.iter().flatten().min().copied().unwrap_or(0) };
        let here = counts[domain as usize].unwrap_or(0);
        here + u32::from(constraint.selects_self) <= constraint.max_skew + least
    }

    /// Is the Node counted in a constraint's domains? It must have the keys of all hard constraints and pass the
    /// inclusion policies (S6).
    fn counts(&self, spec: &PodSpec, constraint: &Spread, node: usize) -> bool {
        let state = &self.nodes[node];
        let has_keys = spec.spread.iter().filter(|c| c.hard).all(|c| c.domain[node].is_some());
        let affine = !constraint.honor_affinity || spec.selects_node[node];
        state.registered && has_keys && affine && (!constraint.honor_taints || self.tolerates_taints(NodeId::new(node)))
    }

    /// Required anti-affinity (S9): no other of our Pods in the domain, terminating ones included.
    fn keeps_apart(&self, node: NodeId, usage: &[Usage]) -> bool {
        let terms = &self.model.deployment.pod.anti_affinity;
        terms.iter().filter(|term| term.preferred_weight.is_none()).all(|term| {
            term.domain[node.index()]
                .is_none_or(|domain| (0..usage.len()).all(|n| term.domain[n] != Some(domain) || usage[n].pods == 0))
        })
    }

    /// Weighted sums of the plugins' scores (S5). Taints to prefer and image locality are alike for all Nodes.
    fn scores(&self, feasible: &[NodeId], usage: &[Usage]) -> Vec<i64> {
        let spread = self.spread_scores(feasible, usage);
        let apart = self.preferred_apart_scores(feasible, usage);
        let resources = feasible.iter().map(|&node| self.resource_score(node, usage[node.index()]));
        spread
            .into_iter()
            .zip(apart)
            .zip(resources)
            .map(|((spread, apart), rest)| 2 * spread + 2 * apart + rest)
            .collect()
    }

    /// Soft spread constraints (S8): fewer matching Pods in the domain score higher.
    fn spread_scores(&self, feasible: &[NodeId], usage: &[Usage]) -> Vec<i64> {
        let spec = &self.model.deployment.pod;
        let soft: Vec<&Spread> = spec.spread.iter().filter(|constraint| !constraint.hard).collect();
        if soft.is_empty() {
            return vec![0; feasible.len()];
        }
        let ignored = |node: NodeId| {
            !spec.default_spread && soft.iter().any(|constraint| constraint.domain[node.index()].is_none())
        };
        let mut raw = vec![0.0; feasible.len()];
        for constraint in &soft {
            let mut seen = vec![false; constraint.domains as usize];
            let mut size = 0usize;
            for &node in feasible.iter().filter(|&&node| !ignored(node)) {
                if let Some(domain) = constraint.domain[node.index()] {
                    size += usize::from(constraint.by_hostname || !std::mem::replace(&mut seen[domain as usize], true));
                }
            }
            let mut counts = vec![0u32; constraint.domains as usize];
            for (index, usage) in usage.iter().enumerate() {
                if let Some(domain) = constraint.domain[index]
                    && self.nodes[index].registered
                    && constraint.selects_self
                {
                    counts[domain as usize] += usage.active;
                }
            }
            let weight = libm::log(size as f64 + 2.0);
            for (sum, &node) in raw.iter_mut().zip(feasible) {
                if let Some(domain) = constraint.domain[node.index()] {
                    *sum += f64::from(counts[domain as usize]) * weight + f64::from(constraint.max_skew - 1);
                }
            }
        }
        let raw: Vec<Option<i64>> =
            raw.iter().zip(feasible).map(|(sum, &node)| (!ignored(node)).then(|| f64::round(*sum) as i64)).collect();
        let max = raw.iter().flatten().max().copied().unwrap_or(0);
        let min = raw.iter().flatten().min().copied().unwrap_or(0);
        raw.into_iter()
            .map(|raw| match raw {
                None => 0,
                Some(_) if max == 0 => 100,
                Some(raw) => 100 * (max + min - raw) / max,
            })
            .collect()
    }

    /// Preferred anti-affinity (S10).
    fn preferred_apart_scores(&self, feasible: &[NodeId], usage: &[Usage]) -> Vec<i64> {
        let terms = &self.model.deployment.pod.anti_affinity;
        let raw: Vec<i64> = feasible
            .iter()
            .map(|node| {
                let weigh = |term: &crate::model::AntiAffinity| {
                    let (Some(domain), Some(weight)) = (term.domain[node.index()], term.preferred_weight) else {
                        return 0;
                    };
                    let there = (0..usage.len()).filter(|&n| term.domain[n] == Some(domain));
                    // Once for the incoming Pod's term and once for that of each Pod that is there.
                    -2 * i64::from(weight) * there.map(|n| i64::from(usage[n].pods)).sum::<i64>()
                };
                terms.iter().map(weigh).sum()
            })
            .collect();
        let (min, max) = (raw.iter().min().copied().unwrap_or(0), raw.iter().max().copied().unwrap_or(0));
        raw.into_iter().map(|raw| if max == min { 0 } else { 100 * (raw - min) / (max - min) }).collect()
    }

    /// `LeastAllocated` (S12) and `BalancedAllocation` (S13).
    fn resource_score(&self, node: NodeId, usage: Usage) -> i64 {
        let asked = self.model.deployment.pod.requests;
        let all = self.model.cluster.nodes[node.index()].allocatable;
        let per_pod = Resources {
            cpu_millis: if asked.cpu_millis == 0 { UNSTATED.cpu_millis } else { asked.cpu_millis },
            memory_bytes: if asked.memory_bytes == 0 { UNSTATED.memory_bytes } else { asked.memory_bytes },
        };
        let pods = u64::from(usage.pods);
        let free = |all: u64, each: u64| {
            let used = each.saturating_mul(pods + 1);
            if all == 0 || used > all { 0 } else { ((u128::from(all - used) * 100) / u128::from(all)) as i64 }
        };
        let least =
            i64::midpoint(free(all.cpu_millis, per_pod.cpu_millis), free(all.memory_bytes, per_pod.memory_bytes));
        if asked == Resources::default() {
            return least;
        }
        let balance = |pods: u64| {
            let share = |all: u64, each: u64| {
                if all == 0 { 1.0 } else { (each.saturating_mul(pods) as f64 / all as f64).min(1.0) }
            };
            let gap = share(all.cpu_millis, asked.cpu_millis) - share(all.memory_bytes, asked.memory_bytes);
            ((1.0 - gap.abs() / 2.0) * 100.0) as i64
        };
        least + 50 + (50 + balance(pods + 1) - balance(pods)) / 2
    }
}

/// Who wins (S5a): the scores are made a binary max-heap in place, in Kubernetes' own way, and its root is taken.
fn heap_root(scores: &[i64]) -> Option<usize> {
    let mut heap: Vec<usize> = (0..scores.len()).collect();
    for start in (0..heap.len() / 2).rev() {
        let mut parent = start;
        loop {
            let left = 2 * parent + 1;
            if left >= heap.len() {
                break;
            }
            let right = left + 1;
            let child = if right < heap.len() && scores[heap[right]] > scores[heap[left]] { right } else { left };
            if scores[heap[child]] <= scores[heap[parent]] {
                break;
            }
            heap.swap(parent, child);
            parent = child;
        }
    }
    heap.first().copied()
}

#[cfg(test)]
mod tests {
    use super::heap_root;

    #[test]
    fn s5a_ties_are_decided_by_the_order_of_nodes() {
        assert_eq!(heap_root(&[]), None);
        assert_eq!(heap_root(&[5, 5, 5, 5, 5]), Some(0), "all equal: the first");
        assert_eq!(heap_root(&[1, 1, 2, 2]), Some(3), "below a lower-scored Node the heap decides");
        assert_eq!(heap_root(&[1, 3, 2]), Some(1));
    }
}
