//! The system under study: complete, validated and immutable.
//!
//! A [`Model`] holds no text to interpret and no default to apply: `spec` makes it
//! from files, and everything below simulates it without a `Result`. What a rule
//! needs of labels, selectors and topology keys is resolved here to plain indices
//! per Node, so a replication compares numbers only.

mod cluster;
mod container;
mod deployment;
mod fault;

pub use cluster::{
    Cluster, ControlPlane, DeadNodes, Eviction, Latencies, NewNode, Node, Prices, RaceOdds, StartRace, Zone,
};
pub use container::{App, Container, ImagePull, OnSigterm, Probe, ProbeKind, Role, WhileStarting};
pub use deployment::{AntiAffinity, Deployment, OtherRequest, PodSpec, PodTolerations, Resources, Spread, Toleration};
pub use fault::{Affects, ContainerMode, Fault, NodeMode, Occurrence, ScriptTarget, Strikes};

use crate::ids::{FaultId, IdVec};
use crate::random::Law;
use crate::time::Duration;

/// A year everywhere: 365 days.
pub const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Everything one replication needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What runs.
    pub deployment: Deployment,
    /// Where it runs.
    pub cluster: Cluster,
    /// What breaks.
    pub faults: IdVec<FaultId, Fault>,
    /// Who mends what nothing else mends; `None`: nobody.
    pub on_call: Option<OnCall>,
    /// At least this many Pods must serve in rotation for the service to be available; 1 or more.
    pub min_serving: u32,
    /// How the replication begins.
    pub start: Start,
    /// Played before the counting begins.
    pub warm_up: Duration,
    /// The counted time, after the warm-up.
    pub horizon: Duration,
    /// The span in which the objective is judged: counted time is divided into such windows. Not zero.
    pub window: Duration,
}

impl Model {
    /// How the application in the container that serves behaves.
    pub fn app(&self) -> &App {
        &self.deployment.pod.main().app
    }

    /// The same, to be changed.
    pub fn app_mut(&mut self) -> &mut App {
        &mut self.deployment.pod.main_mut().app
    }
}

/// Somebody who is paged for Pods that nothing else mends, and deletes them.
#[derive(Debug, Clone, PartialEq)]
pub struct OnCall {
    /// Seconds until somebody is paged.
    pub notices: Law,
    /// Seconds from the page until the Pod is deleted.
    pub acts: Law,
    /// Where the numbers come from.
    pub source: String,
}

/// The state at time 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// All is up and in rotation, fault clocks at residual lives: a system met in the middle of its life.
    Running,
    /// All Pods are created within the first second, at one moment of it, and every fault clock is new.
    Fresh,
}
