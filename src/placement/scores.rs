//! What the scheduler makes of the Nodes that could take a Pod, and who wins (S5, S5a, S8, S10, S12, S13).

use super::Placement;
use crate::ids::NodeId;
use crate::model::{PodSpec, Resources, Spread};

/// What a container without requests counts as in the resource scores (S12).
const UNSTATED: Resources = Resources { cpu_millis: 100, memory_bytes: 200 << 20 };

impl Placement<'_> {
    /// Weighted sums of the plugins' scores (S5). Taints to prefer and image locality are alike for all Nodes.
    pub(super) fn scores(&self, feasible: &[NodeId]) -> Vec<i64> {
        let spread = self.spread_scores(feasible);
        let apart = self.preferred_apart_scores(feasible);
        let resources = feasible.iter().map(|&node| self.resource_score(node));
        spread
            .into_iter()
            .zip(apart)
            .zip(resources)
            .map(|((spread, apart), rest)| 2 * spread + 2 * apart + rest)
            .collect()
    }

    /// Soft spread constraints (S8): fewer matching Pods in the domain score higher.
    fn spread_scores(&self, feasible: &[NodeId]) -> Vec<i64> {
        let spec = self.pod;
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
            for node in self.cluster.nodes.ids() {
                if let Some(domain) = constraint.domain[node.index()]
                    && self.nodes[node.index()].registered
                {
                    counts[domain as usize] += self.usages.spread(node, constraint);
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

    /// Preferred anti-affinity (S10): the terms of the incoming Pod, and those of the Pods that are there.
    fn preferred_apart_scores(&self, feasible: &[NodeId]) -> Vec<i64> {
        let me = self.workload;
        let mut terms: Vec<(&[Option<u32>], i64, Vec<u32>)> = Vec::new();
        for term in &self.pod.anti_affinity {
            let Some(weight) = term.preferred_weight.map(i64::from) else { continue };
            terms.push((&term.domain, weight, self.pods_by_domain(&term.domain, &term.selects)));
            if term.selects[me] {
                terms.push((&term.domain, weight, self.pods_by_domain(&term.domain, &self.only(me))));
            }
        }
        for (owner, term) in self.terms_of_others() {
            let Some(weight) = term.preferred_weight.map(i64::from) else { continue };
            terms.push((&term.domain, weight, self.pods_by_domain(&term.domain, &self.only(owner))));
        }
        let raw: Vec<i64> = feasible
            .iter()
            .map(|node| {
                let weigh = |(domain, weight, pods): &(&[Option<u32>], i64, Vec<u32>)| {
                    -weight * domain[node.index()].map_or(0, |domain| i64::from(pods[domain as usize]))
                };
                terms.iter().map(weigh).sum()
            })
            .collect();
        let (min, max) = (raw.iter().min().copied().unwrap_or(0), raw.iter().max().copied().unwrap_or(0));
        raw.into_iter().map(|raw| if max == min { 0 } else { 100 * (raw - min) / (max - min) }).collect()
    }

    /// `LeastAllocated` (S12) and `BalancedAllocation` (S13).
    fn resource_score(&self, node: NodeId) -> i64 {
        let asked = self.pod.requests;
        let all = self.cluster.nodes[node].allocatable;
        let or_usual = |asked: u64, usual: u64| if asked == 0 { usual } else { asked };
        let cpu = |pod: &PodSpec| or_usual(pod.requests.cpu_millis, UNSTATED.cpu_millis);
        let memory = |pod: &PodSpec| or_usual(pod.requests.memory_bytes, UNSTATED.memory_bytes);
        let free = |all: u64, used: u64| {
            if all == 0 || used > all { 0 } else { ((u128::from(all - used) * 100) / u128::from(all)) as i64 }
        };
        let least = i64::midpoint(
            free(all.cpu_millis, self.asked(node, cpu).saturating_add(cpu(self.pod))),
            free(all.memory_bytes, self.asked(node, memory).saturating_add(memory(self.pod))),
        );
        if asked == Resources::default() {
            return least;
        }
        let before = Resources {
            cpu_millis: self.asked(node, |pod| pod.requests.cpu_millis),
            memory_bytes: self.asked(node, |pod| pod.requests.memory_bytes),
        };
        let after = Resources {
            cpu_millis: before.cpu_millis.saturating_add(asked.cpu_millis),
            memory_bytes: before.memory_bytes.saturating_add(asked.memory_bytes),
        };
        let balance = |used: Resources| {
            let share = |all: u64, used: u64| if all == 0 { 1.0 } else { (used as f64 / all as f64).min(1.0) };
            let gap = share(all.cpu_millis, used.cpu_millis) - share(all.memory_bytes, used.memory_bytes);
            ((1.0 - gap.abs() / 2.0) * 100.0) as i64
        };
        least + 50 + (50 + balance(after) - balance(before)) / 2
    }
}

/// Who wins (S5a): the scores are made a binary max-heap in place, in Kubernetes' own way, and its root is taken.
pub(super) fn heap_root(scores: &[i64]) -> Option<usize> {
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
