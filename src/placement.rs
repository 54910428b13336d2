//! Where a Pod goes: the scheduler's decision, as a pure function of what it knows of the Nodes (S3–S10, S12, S13).
//!
//! The simulation asks again and again ([`Placement::choose`]); the reading of files asks once, whether the replicas have a
//! place at all ([`unplaced`]). Follows `pkg/scheduler/schedule_one.go` and the plugins in
//! `pkg/scheduler/framework/plugins`.

mod scores;

use crate::ids::{IdVec, NodeId, WorkloadId, ZoneId};
use crate::model::{AntiAffinity, Cluster, Model, Node, PodSpec, Spread, Toleration, Workload};
use crate::random::{Purpose, Streams};

/// What the scheduler sees of a Node's state.
#[derive(Debug, Clone, Copy)]
pub struct NodeView {
    /// Its object exists.
    pub registered: bool,
    /// Its Ready condition is True; otherwise it has the NoSchedule taint (N5).
    pub ready: bool,
    /// It has the NoExecute taint (N7).
    pub no_execute: bool,
    /// It is cordoned for a drain (V7); what a manifest says of it is among its own taints.
    pub cordoned: bool,
    /// Its place in the scheduler's list; see [`order`].
    pub order: f64,
}

/// A Deployment's Pods on a Node.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// All whose objects exist.
    pub pods: u32,
    /// Those that are not being deleted.
    pub active: u32,
    /// Those of them that are of the revision that is placed.
    pub kin: u32,
}

/// Which Pods are where.
#[derive(Debug, Clone)]
pub struct Usages {
    workloads: usize,
    /// Node by Node, of each its Deployments.
    cells: Vec<Usage>,
}

impl Usages {
    /// Nodes without Pods.
    pub fn empty(nodes: usize, workloads: usize) -> Self {
        Self { workloads, cells: vec![Usage::default(); nodes * workloads] }
    }

    /// Counts one more Pod, which may be terminating, or of the revision that is placed.
    pub fn add(&mut self, node: NodeId, workload: WorkloadId, is_terminating: bool, is_kin: bool) {
        let cell = &mut self.cells[node.index() * self.workloads + workload.index()];
        cell.pods += 1;
        cell.active += u32::from(!is_terminating);
        cell.kin += u32::from(!is_terminating && is_kin);
    }

    /// A Node's Pods, by Deployment.
    fn on(&self, node: NodeId) -> &[Usage] {
        &self.cells[node.index() * self.workloads..][..self.workloads]
    }

    /// How many of a Node's Pods are of these Deployments, terminating ones included.
    fn pods(&self, node: NodeId, of: &IdVec<WorkloadId, bool>) -> u32 {
        self.on(node).iter().zip(of).map(|(usage, counts)| if *counts { usage.pods } else { 0 }).sum()
    }

    /// The Node's Pods that a spread constraint counts: terminating ones are not (S6), and those of other revisions with
    /// `matchLabelKeys: [pod-template-hash]` neither (S7b).
    fn spread(&self, node: NodeId, constraint: &Spread) -> u32 {
        let counted = |usage: &Usage| if constraint.by_revision { usage.kin } else { usage.active };
        let of = &constraint.selects;
        self.on(node).iter().zip(of).map(|(usage, counts)| if *counts { counted(usage) } else { 0 }).sum()
    }
}

/// Where a Node stands in the scheduler's list in this replication (S5a): drawn once, from the Node's own stream.
pub fn order(streams: Streams, node: &Node) -> f64 {
    streams.stream(node.owner(), Purpose::NodeOrder).uniform(0)
}

/// Why a Node does not take a Pod, in the order in which the scheduler looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// It is cordoned, or has a taint that the Pod does not tolerate (S3).
    NotAdmitted,
    /// Its labels do not match the Pod's nodeSelector or required affinity (S3).
    NotSelected,
    /// A Pod has the ports of it that this one needs.
    HostPorts,
    /// It has as many Pods as it may (S4).
    TooManyPods,
    /// Too little CPU is left (S4).
    Cpu,
    /// Too little memory is left (S4).
    Memory,
    /// Too little is left of this one of the Pod's `other_requests` (S4).
    Other(usize),
    /// It lacks the key of a hard spread constraint (S6).
    NoSpreadKey,
    /// A hard spread constraint does not let its domain take one more (S6).
    Spread,
    /// A Pod is in its domain already that keeps this one away, or that this one keeps away from (S9).
    AntiAffinity,
}

/// The scheduler at work on one Pod of a Deployment; all of them are alike.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    workload: WorkloadId,
    pod: &'a PodSpec,
    workloads: &'a IdVec<WorkloadId, Workload>,
    cluster: &'a Cluster,
    nodes: &'a [NodeView],
    usages: &'a Usages,
}

impl<'a> Placement<'a> {
    /// For a Pod of this Deployment, with a view of every Node of the cluster.
    pub fn new(model: &'a Model, workload: WorkloadId, nodes: &'a [NodeView], usages: &'a Usages) -> Self {
        let (workloads, cluster) = (&model.workloads, &model.cluster);
        Self { workload, pod: &workloads[workload].pod, workloads, cluster, nodes, usages }
    }

    /// The Node for one more Pod, or none that fits.
    pub fn choose(&self) -> Option<NodeId> {
        let takes =
            |node: NodeId| self.admits(node) && self.is_selected(node) && self.has_ports(node) && self.fits(node);
        // A Pod without a place asks every 5 min, for years perhaps (S16): that answer is quick.
        if !(0..self.nodes.len()).map(NodeId::new).any(takes) {
            return None;
        }
        let (spread, taken) = (self.hard_spread(), self.taken());
        let mut feasible = self.list();
        feasible.retain(|&node| {
            takes(node) && spread.iter().all(|hard| hard.lets_in(node)) && !taken.iter().any(|term| term.has(node))
        });
        let scores = self.scores(&feasible);
        scores::heap_root(&scores).map(|winner| feasible[winner])
    }

    /// Why a Node does not take one more Pod; nothing if it does. The first filter that refuses decides; that of resources
    /// names every one that is short.
    pub fn refusals(&self, node: NodeId) -> Vec<Refusal> {
        if !self.admits(node) {
            return vec![Refusal::NotAdmitted];
        }
        if !self.is_selected(node) {
            return vec![Refusal::NotSelected];
        }
        if !self.has_ports(node) {
            return vec![Refusal::HostPorts];
        }
        let short: Vec<Refusal> = self.shortages(node).collect();
        if !short.is_empty() {
            return short;
        }
        for hard in self.hard_spread() {
            if hard.constraint.domain[node.index()].is_none() {
                return vec![Refusal::NoSpreadKey];
            }
            if !hard.lets_in(node) {
                return vec![Refusal::Spread];
            }
        }
        if self.taken().iter().any(|term| term.has(node)) { vec![Refusal::AntiAffinity] } else { Vec::new() }
    }

    /// The scheduler's list (S5a): the first Node of each zone, then the second of each, and so on; zones and
    /// their Nodes in the order in which they became known.
    fn list(&self) -> Vec<NodeId> {
        let mut zones: Vec<(f64, Option<ZoneId>, Vec<NodeId>)> = Vec::new();
        let mut nodes: Vec<NodeId> = (0..self.nodes.len()).map(NodeId::new).collect();
        nodes.retain(|node| self.nodes[node.index()].registered);
        nodes.sort_by(|a, b| self.nodes[a.index()].order.total_cmp(&self.nodes[b.index()].order));
        for node in nodes {
            let zone = self.cluster.nodes[node].zone;
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

    /// The Node's own taints, the unreachable ones of a Node that is Unknown, and a cordon (S3, N5, N7, V7).
    fn admits(&self, node: NodeId) -> bool {
        let tolerations = &self.pod.tolerations;
        let state = &self.nodes[node.index()];
        tolerations.node_admits[node.index()]
            && (state.ready || tolerations.unreachable_no_schedule)
            && (!state.no_execute || tolerations.unreachable != Toleration::None)
            && (!state.cordoned || tolerations.unschedulable_no_schedule)
    }

    /// nodeSelector and required affinity (S3).
    fn is_selected(&self, node: NodeId) -> bool {
        self.pod.selects_node[node.index()]
    }

    /// The ports of the Node that the Pod needs are free: terminating Pods hold theirs until their object is gone. Follows
    /// `nodeports/node_ports.go`.
    fn has_ports(&self, node: NodeId) -> bool {
        self.usages.pods(node, &self.pod.contends_for_ports) == 0
    }

    fn fits(&self, node: NodeId) -> bool {
        self.shortages(node).next().is_none()
    }

    /// What there is too little of (S4). Terminating Pods count until their object is gone.
    fn shortages(&self, node: NodeId) -> impl Iterator<Item = Refusal> {
        let (requests, index) = (self.pod.requests, node.index());
        let used = self.usages.on(node).iter().map(|usage| usage.pods).sum::<u32>();
        let asked = self.asked(node, |pod| pod.requests.cpu_millis).saturating_add(requests.cpu_millis);
        let memory = self.asked(node, |pod| pod.requests.memory_bytes).saturating_add(requests.memory_bytes);
        let has = &self.cluster.nodes[node];
        let lacks = [
            (Refusal::TooManyPods, used >= has.max_pods),
            (Refusal::Cpu, requests.cpu_millis > 0 && asked > has.allocatable.cpu_millis),
            (Refusal::Memory, requests.memory_bytes > 0 && memory > has.allocatable.memory_bytes),
        ];
        let others = self.pod.other_requests.iter().enumerate().map(move |(other, request)| {
            let lacks = request.allocatable[index].is_some_and(|allocatable| {
                let of = |pod: &'a PodSpec| pod.other_requests.iter().find(|one| one.resource == request.resource);
                let asked = self.asked(node, |pod| of(pod).map_or(0, |one| one.amount));
                asked.saturating_add(request.amount) > allocatable
            });
            (Refusal::Other(other), lacks)
        });
        lacks.into_iter().chain(others).filter(|(_, lacks)| *lacks).map(|(refusal, _)| refusal)
    }

    /// What the Pods on the Node ask for of something, each so much; terminating ones included.
    fn asked(&self, node: NodeId, each: impl Fn(&'a PodSpec) -> u64) -> u64 {
        let pods = self.usages.on(node).iter().map(|usage| u64::from(usage.pods)).zip(self.workloads);
        pods.fold(0, |sum, (pods, workload)| sum.saturating_add(each(&workload.pod).saturating_mul(pods)))
    }

    fn hard_constraints(&self) -> impl Iterator<Item = &'a Spread> {
        self.pod.spread.iter().filter(|constraint| constraint.hard)
    }

    /// The hard spread constraints, each with what is in its domains.
    fn hard_spread(&self) -> Vec<HardSpread<'a>> {
        self.hard_constraints().map(|constraint| self.counted(constraint)).collect()
    }

    fn counted(&self, constraint: &'a Spread) -> HardSpread<'a> {
        let mut counts: Vec<Option<u32>> = vec![None; constraint.domains as usize];
        for node in self.cluster.nodes.ids() {
            let Some(domain) = constraint.domain[node.index()] else { continue };
            if self.counts(constraint, node) {
                *counts[domain as usize].get_or_insert(0) += self.usages.spread(node, constraint);
            }
        }
        let domains = counts.iter().flatten().count() as u32;
        let least =
            if domains < constraint.min_domains { 0 } else { counts.iter().flatten().min().copied().unwrap_or(0) };
        HardSpread { constraint, counts, least, adds: u32::from(constraint.selects[self.workload]) }
    }

    /// Is the Node counted in a constraint's domains? It must have the keys of all hard constraints and pass the
    /// inclusion policies (S6).
    fn counts(&self, constraint: &Spread, node: NodeId) -> bool {
        let has_keys = self.hard_constraints().all(|constraint| constraint.domain[node.index()].is_some());
        self.nodes[node.index()].registered
            && has_keys
            && (!constraint.honor_affinity || self.is_selected(node))
            && (!constraint.honor_taints || self.admits(node))
    }

    /// The domains that required anti-affinity keeps clear (S9): those with a Pod that a term of this one matches, or with one
    /// that has a term which matches this one; terminating Pods included.
    fn taken(&self) -> Vec<Taken<'a>> {
        let required = |term: &&AntiAffinity| term.preferred_weight.is_none();
        let own = self.pod.anti_affinity.iter().filter(required);
        let own =
            own.map(|term| Taken { domain: &term.domain, pods: self.pods_by_domain(&term.domain, &term.selects) });
        let theirs = self.terms_of_others().filter(|(_, term)| required(term));
        let theirs = theirs.map(|(owner, term)| Taken {
            domain: &term.domain,
            pods: self.pods_by_domain(&term.domain, &self.only(owner)),
        });
        own.chain(theirs).collect()
    }

    /// Anti-affinity terms of the other Deployments' Pods that match this one.
    fn terms_of_others(&self) -> impl Iterator<Item = (WorkloadId, &'a AntiAffinity)> {
        let me = self.workload;
        let others = self.workloads.entries().filter(move |(id, _)| *id != me);
        let terms = others.flat_map(|(id, other)| other.pod.anti_affinity.iter().map(move |term| (id, term)));
        terms.filter(move |(_, term)| term.selects[me])
    }

    /// This Deployment and no other.
    fn only(&self, workload: WorkloadId) -> IdVec<WorkloadId, bool> {
        self.workloads.ids().map(|id| id == workload).collect()
    }

    /// The Pods of these Deployments in each domain, terminating ones included.
    fn pods_by_domain(&self, domain: &[Option<u32>], of: &IdVec<WorkloadId, bool>) -> Vec<u32> {
        let domains = domain.iter().flatten().max().map_or(0, |last| *last as usize + 1);
        let mut pods = vec![0; domains];
        for (domain, node) in domain.iter().zip(self.cluster.nodes.ids()) {
            if let Some(domain) = domain {
                pods[*domain as usize] += self.usages.pods(node, of);
            }
        }
        pods
    }
}

/// A hard spread constraint at work (S6).
struct HardSpread<'a> {
    constraint: &'a Spread,
    /// Matching Pods in each domain that has a counted Node.
    counts: Vec<Option<u32>>,
    /// The least of them, or 0 where there are too few domains.
    least: u32,
    /// What the Pod itself adds: 1 if the constraint selects it.
    adds: u32,
}

impl HardSpread<'_> {
    fn lets_in(&self, node: NodeId) -> bool {
        let Some(domain) = self.constraint.domain[node.index()] else { return false };
        let here = self.counts[domain as usize].unwrap_or(0);
        here + self.adds <= self.constraint.max_skew + self.least
    }
}

/// A term of required anti-affinity at work (S9).
struct Taken<'a> {
    domain: &'a [Option<u32>],
    pods: Vec<u32>,
}

impl Taken<'_> {
    fn has(&self, node: NodeId) -> bool {
        self.domain[node.index()].is_some_and(|domain| self.pods[domain as usize] > 0)
    }
}

/// Replicas that no Node takes although all Nodes are up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// Whose.
    pub workload: WorkloadId,
    /// How many of its replicas have a place.
    pub placed: u32,
    /// Why each Node refuses the next one.
    pub refusals: Vec<Vec<Refusal>>,
}

/// Places the replicas one after the other as replication 0 under this seed begins; those that have no place, by Deployment.
/// Once one has none, the others of the same Deployment have none either.
pub fn unplaced(model: &Model, seed: u64) -> Vec<Unplaced> {
    let cluster = &model.cluster;
    let streams = Streams::new(seed, 0);
    let view = |node: &Node| NodeView {
        registered: !node.is_spare,
        ready: !node.is_spare,
        no_execute: false,
        cordoned: false,
        order: order(streams, node),
    };
    let nodes: Vec<NodeView> = cluster.nodes.iter().map(view).collect();
    let mut usages = Usages::empty(nodes.len(), model.workloads.len());
    let mut unplaced = Vec::new();
    for (id, workload) in model.workloads.entries() {
        for placed in 0..workload.replicas {
            let placement = Placement::new(model, id, &nodes, &usages);
            match placement.choose() {
                Some(node) => usages.add(node, id, false, true),
                None => {
                    let own = cluster.nodes.entries().filter(|(_, node)| !node.is_spare);
                    let refusals = own.map(|(node, _)| placement.refusals(node)).collect();
                    unplaced.push(Unplaced { workload: id, placed, refusals });
                    break;
                }
            }
        }
    }
    unplaced
}
