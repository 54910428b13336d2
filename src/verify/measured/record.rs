//! What a watcher of a real cluster sees, written down for each Pod: the API's events, the runtime's calls, and the
//! requests that reach the application. Instants are seconds since time 0.

use crate::cluster::{Endpoint, Happening, Observed, Observer, SkippedProbes, Target};
use crate::ids::{NodeId, PodId};
use crate::model::ProbeKind;
use crate::random::{Law, Owner, Purpose, Stream, Streams};
use crate::time::SimTime;

/// One life of a container.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// The process starts.
    pub start: f64,
    /// The application listens.
    pub serving: Option<f64>,
    /// The kubelet asks the runtime to stop it, after preStop.
    pub stop: Option<f64>,
    /// SIGTERM reaches it.
    pub sigterm: Option<f64>,
    /// It is gone.
    pub exit: Option<f64>,
}

/// A probe that reached the application.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub at: f64,
    pub kind: ProbeKind,
}

/// One Pod.
#[derive(Debug, Clone, Default)]
pub struct PodLog {
    pub slot: usize,
    pub node: Option<NodeId>,
    pub created: f64,
    pub bound: Option<f64>,
    pub lives: Vec<Life>,
    /// Faults that struck its container.
    pub faults: Vec<f64>,
    pub arrivals: Vec<Arrival>,
    /// Changes of the Ready condition in the API.
    pub ready: Vec<(f64, bool)>,
    /// Changes of its endpoint.
    pub endpoint: Vec<(f64, Endpoint)>,
    /// The watcher asks for its deletion, and the API server sets the timestamp.
    pub asked: Option<f64>,
    pub deleted: Option<f64>,
    pub gone: Option<f64>,
}

/// One Node.
#[derive(Debug, Clone, Default)]
pub struct NodeLog {
    /// Its machine, or its kubelet, goes down.
    pub down: Vec<f64>,
    /// The kubelet's process starts again.
    pub up: Vec<f64>,
    pub unknown: Vec<f64>,
    pub ready: Vec<f64>,
    pub tainted: Vec<f64>,
    pub untainted: Vec<f64>,
    /// Its kubelet reaches the API server again and writes the statuses of its Pods.
    pub written: Vec<f64>,
}

/// A replication, written down.
#[derive(Debug, Clone)]
pub struct Record {
    pub pods: Vec<PodLog>,
    pub nodes: Vec<NodeLog>,
    /// A new template is applied, and its rollout is complete.
    pub patched: Option<f64>,
    pub rolled_out: Option<f64>,
    /// The template before is applied again.
    pub rolled_back: Option<f64>,
    /// The last drain begins, evictions are granted since then, and it is over.
    pub drain_began: Option<f64>,
    pub evicted: Vec<f64>,
    pub drained: Option<f64>,
    /// A part of the control plane is struck, and another process leads.
    pub struck: Option<f64>,
    pub elected: Option<f64>,
    /// Which entry of `pods` a place in the simulator's memory stands for.
    current: Vec<usize>,
    watcher: Watcher,
}

/// What the watcher itself adds: a few milliseconds, which are no part of the cluster.
#[derive(Debug, Clone)]
struct Watcher {
    stream: Stream,
    draws: u64,
    /// A probe due at the kubelet until the application has logged it: the ε of goroutines and sockets.
    overhead: Law,
    /// A request to delete a Pod until its deletion timestamp is seen.
    request: Law,
}

impl Watcher {
    fn draw(&mut self, law: impl Fn(&Self) -> &Law) -> f64 {
        self.draws += 1;
        self.stream.draw(self.draws, law(self))
    }
}

impl PodLog {
    fn endpoint_is_ready(endpoint: Endpoint) -> bool {
        endpoint.listed && endpoint.serving && !endpoint.terminating
    }

    /// When the Ready condition was first written so, at `from` or later.
    pub fn ready_at(&self, from: f64, ready: bool) -> Option<f64> {
        self.ready.iter().find(|(at, is)| *at >= from && *is == ready).map(|(at, _)| *at)
    }

    /// When its endpoint was first ready, or first not ready or gone, at `from` or later.
    pub fn endpoint_at(&self, from: f64, ready: bool) -> Option<f64> {
        let found = self.endpoint.iter().find(|(at, is)| *at >= from && Self::endpoint_is_ready(*is) == ready);
        found.map(|(at, _)| *at)
    }

    /// Its endpoint is ready at this instant.
    pub fn has_ready_endpoint(&self, at: f64) -> bool {
        let last = self.endpoint.iter().rfind(|(since, _)| *since <= at);
        last.is_some_and(|(_, endpoint)| Self::endpoint_is_ready(*endpoint))
    }

    /// The first probe of this kind that reached the application at `from` or later.
    pub fn arrival(&self, from: f64, kind: ProbeKind) -> Option<f64> {
        self.arrivals.iter().find(|a| a.at >= from && a.kind == kind).map(|a| a.at)
    }

    /// When its endpoint was first gone, at `from` or later.
    pub fn endpoint_gone(&self, from: f64) -> Option<f64> {
        self.endpoint.iter().find(|(at, is)| *at >= from && !is.listed).map(|(at, _)| *at)
    }

    /// When its endpoint was first terminating.
    pub fn endpoint_terminating(&self) -> Option<f64> {
        self.endpoint.iter().find(|(_, is)| is.terminating).map(|(at, _)| *at)
    }

    /// How many probes of this kind reached it in between.
    pub fn arrivals_within(&self, kind: ProbeKind, from: f64, to: f64) -> usize {
        self.arrivals.iter().filter(|a| a.kind == kind && a.at >= from && a.at < to).count()
    }

    /// The first life that starts after this instant.
    pub fn next_life(&self, after: f64) -> Option<&Life> {
        self.lives.iter().find(|life| life.start > after)
    }

    /// The life under way at this instant, or the one that ended there.
    pub fn life_at(&self, at: f64) -> Option<&Life> {
        self.lives.iter().rev().find(|life| life.start <= at)
    }
}

impl Record {
    fn pod(&mut self, pod: PodId) -> &mut PodLog {
        let at = self.current[pod.index()];
        &mut self.pods[at]
    }

    fn node(&mut self, node: NodeId) -> &mut NodeLog {
        if self.nodes.len() <= node.index() {
            self.nodes.resize_with(node.index() + 1, NodeLog::default);
        }
        &mut self.nodes[node.index()]
    }

    fn life(&mut self, pod: PodId, instance: u32) -> &mut Life {
        let lives = &mut self.pod(pod).lives;
        lives.resize_with(lives.len().max(instance as usize), Life::default);
        &mut lives[instance as usize - 1]
    }

    /// A watcher of replication `index` under `seed`, whose requests to delete a Pod take so long.
    pub fn new(seed: u64, index: u64, request: &Law) -> Self {
        // Its own chance, not the cluster's.
        let stream = Streams::new(seed ^ 0x7761_7463, index).stream(Owner::Replication, Purpose::Initial);
        let overhead = Law::lognormal_with_p95(0.001, 0.004).expect("positive");
        let watcher = Watcher { stream, draws: 0, overhead, request: request.clone() };
        Self {
            pods: Vec::new(),
            nodes: Vec::new(),
            patched: None,
            rolled_out: None,
            rolled_back: None,
            drain_began: None,
            evicted: Vec::new(),
            drained: None,
            struck: None,
            elected: None,
            current: Vec::new(),
            watcher,
        }
    }

    fn arrived(&mut self, pod: PodId, kind: ProbeKind, sent: SimTime) {
        let at = sent.as_secs_f64() + self.watcher.draw(|watcher| &watcher.overhead);
        self.pod(pod).arrivals.push(Arrival { at, kind });
    }

    fn skipped(&mut self, run: SkippedProbes) {
        if run.reaches.is_some() {
            for sent in (0..run.count).map(|n| run.instant(n)) {
                self.arrived(run.pod, run.kind, sent);
            }
        }
    }
}

impl Observer for Record {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        let Observed::Happened(what) = *what else { return };
        let now = at.as_secs_f64();
        match what {
            Happening::PodCreated { pod, slot, .. } => {
                if self.current.len() <= pod.index() {
                    self.current.resize(pod.index() + 1, 0);
                }
                self.current[pod.index()] = self.pods.len();
                self.pods.push(PodLog { slot: slot.index(), created: now, ..PodLog::default() });
            }
            Happening::PodBound { pod, node } | Happening::PodMet { pod, node } => {
                let log = self.pod(pod);
                (log.bound, log.node) = (Some(now), Some(node));
            }
            Happening::ContainerStarted { pod, instance, .. } => self.life(pod, instance).start = now,
            Happening::AppServing { pod, instance, .. } => self.life(pod, instance).serving = Some(now),
            Happening::StopBegan { pod, instance, pre_stop, .. } => {
                self.life(pod, instance).stop = Some(now + pre_stop.as_secs_f64());
            }
            Happening::SigtermSent { pod, instance, .. } => self.life(pod, instance).sigterm = Some(now),
            Happening::ContainerExited { pod, instance, .. } => self.life(pod, instance).exit = Some(now),
            Happening::ProbeSent { pod, kind, reaches: Some(_), .. } => self.arrived(pod, kind, at),
            Happening::ProbesSkipped(run) => self.skipped(run),
            Happening::ReadyWritten { pod, ready } => self.pod(pod).ready.push((now, ready)),
            Happening::EndpointSliceUpdated { pod, endpoint } => self.pod(pod).endpoint.push((now, endpoint)),
            Happening::PodDeleted { pod } => {
                let asked = now - self.watcher.draw(|watcher| &watcher.request);
                let log = self.pod(pod);
                (log.asked, log.deleted) = (Some(asked), Some(now));
            }
            Happening::PodGone { pod } => self.pod(pod).gone = Some(now),
            Happening::FaultStruck { target: Target::Slot(slot), .. } => {
                let struck = self.pods.iter_mut().rev().find(|pod| pod.slot == slot.index());
                if let Some(pod) = struck {
                    pod.faults.push(now);
                }
            }
            Happening::FaultStruck { target: Target::Cluster, .. } => self.struck = Some(now),
            Happening::LeaderElected { .. } => self.elected = Some(now),
            Happening::StatusesWritten { node } => self.node(node).written.push(now),
            Happening::FaultStruck { target: Target::Node(node), .. } => self.node(node).down.push(now),
            Happening::FaultEnded { target: Target::Node(node), .. } => self.node(node).up.push(now),
            Happening::RolloutBegan { .. } => self.patched = Some(now),
            Happening::RolloutEnded { .. } => self.rolled_out = Some(now),
            Happening::RolledBack { .. } => self.rolled_back = Some(now),
            Happening::DrainBegan { .. } => {
                (self.drain_began, self.drained) = (Some(now), None);
                self.evicted.clear();
            }
            Happening::EvictionGranted { .. } => self.evicted.push(now),
            Happening::DrainEnded { .. } => self.drained = Some(now),
            Happening::NodeUnknown { node } => self.node(node).unknown.push(now),
            Happening::NodeReady { node } => self.node(node).ready.push(now),
            Happening::TaintAdded { node, .. } => self.node(node).tainted.push(now),
            Happening::TaintRemoved { node } => self.node(node).untainted.push(now),
            _ => {}
        }
    }
}
