//! A Deployment and its Pods, with every default applied (M1–M3, M9, N8).

use super::autoscaler::Autoscaler;
use super::container::Container;
use crate::ids::{ContainerId, IdVec, WorkloadId};
use crate::time::Duration;

/// A Deployment with the Service in front of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Its name, unique in the model.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// How many Pods it wants: the number of slots that it has unless an operation or its autoscaler scales it.
    pub replicas: u32,
    /// What scales it by its load; `None`: nothing does, or nobody says what the load is.
    pub autoscaler: Option<Autoscaler>,
    /// What each Pod is.
    pub pod: PodSpec,
    /// The Service's `publishNotReadyAddresses`: endpoints count as ready whatever the Pod says (E4).
    pub publish_not_ready: bool,
    /// At least this many of its Pods must serve in rotation for it to be available; 1 or more.
    pub min_serving: u32,
    /// How a new revision of the template takes over.
    pub strategy: Strategy,
    /// `minReadySeconds`: a Pod is available when it has been Ready for so long (D5).
    pub min_ready: Duration,
    /// `progressDeadlineSeconds`: a rollout that has not got on for so long is said to be stuck (D4).
    pub progress_deadline: Duration,
    /// `paused`: a new template makes no Pods.
    pub is_paused: bool,
    /// Its chance is that of its name. Otherwise it is that of a Deployment which is alone, whatever it is called: then two
    /// manifests of different names meet the same faults.
    pub chance_by_name: bool,
}

/// `spec.strategy` (D1–D3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// All old Pods go before new ones come.
    Recreate,
    /// Old Pods are replaced step by step.
    RollingUpdate {
        /// How many Pods there may be beside the full number.
        max_surge: Part,
        /// How many may be missing.
        max_unavailable: Part,
    },
}

/// A number of Pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// As it is.
    Number(u32),
    /// Of the replicas.
    Percent(u32),
}

impl Part {
    /// Of so many; a share of them is rounded up.
    pub const fn rounded_up(self, of: u32) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => (percent as u64 * of as u64).div_ceil(100) as u32,
        }
    }

    /// Of so many; a share of them is rounded down.
    pub const fn rounded_down(self, of: u32) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => (percent as u64 * of as u64 / 100) as u32,
        }
    }
}

impl Strategy {
    /// The API server's default: a quarter each.
    pub const USUAL: Self = Self::RollingUpdate { max_surge: Part::Percent(25), max_unavailable: Part::Percent(25) };

    /// Surge and unavailable for so many replicas (D1).
    pub fn bounds(self, replicas: u32) -> (u32, u32) {
        let Self::RollingUpdate { max_surge, max_unavailable } = self else { return (0, replicas) };
        let (surge, unavailable) = (max_surge.rounded_up(replicas), max_unavailable.rounded_down(replicas));
        let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
        (surge, unavailable.min(replicas))
    }
}

/// One Pod of a Deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct PodSpec {
    /// Its containers: init containers and sidecars in their order, then the others in theirs.
    pub containers: IdVec<ContainerId, Container>,
    /// The one that answers the clients of the Service: a regular container or a sidecar.
    pub serving: ContainerId,
    /// `terminationGracePeriodSeconds`.
    pub termination_grace: Duration,
    /// What the scheduler sets aside (S4).
    pub requests: Resources,
    /// The same of other resources.
    pub other_requests: Vec<OtherRequest>,
    /// By Deployment: its Pods take ports of their Node that this Pod needs too, so that there is room for one of them only.
    pub contends_for_ports: IdVec<WorkloadId, bool>,
    /// What taints do to the Pod.
    pub tolerations: PodTolerations,
    /// Per Node: labels match nodeSelector and required node affinity.
    pub selects_node: Vec<bool>,
    /// Topology spread constraints, the system's defaults included (S6, S8).
    pub spread: Vec<Spread>,
    /// True if `spread` holds the system's default constraints: then a Node without the key is not ignored (S8).
    pub default_spread: bool,
    /// Anti-affinity terms that match Pods of the model (S9, S10).
    pub anti_affinity: Vec<AntiAffinity>,
}

impl PodSpec {
    /// The container that answers the clients of the Service.
    pub fn main(&self) -> &Container {
        &self.containers[self.serving]
    }

    /// The same, to be changed.
    pub fn main_mut(&mut self) -> &mut Container {
        &mut self.containers[self.serving]
    }
}

/// What one Pod asks for, or one Node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub cpu_millis: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
}

/// What one Pod asks for of a resource that is neither CPU nor memory, such as `nvidia.com/gpu`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRequest {
    /// The resource's name.
    pub resource: String,
    /// How much, in the resource's own unit; 1 or more.
    pub amount: u64,
    /// Per Node: how much it has for Pods; `None` where nothing limits it.
    pub allocatable: Vec<Option<u64>>,
}

/// How long a Pod stays on a Node that has a NoExecute taint (N9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toleration {
    /// Not at all: it is deleted when the taint is seen.
    None,
    /// For so long after the controller has seen the taint.
    For(Duration),
    /// As long as the Node has the taint.
    Forever,
}

/// The Pod's tolerations, resolved for the taints that occur.
#[derive(Debug, Clone, PartialEq)]
pub struct PodTolerations {
    /// `node.kubernetes.io/unreachable:NoExecute` (300 s by admission, N8).
    pub unreachable: Toleration,
    /// `node.kubernetes.io/not-ready:NoExecute` (300 s by admission, N8).
    pub not_ready: Toleration,
    /// Tolerates `node.kubernetes.io/unreachable:NoSchedule`.
    pub unreachable_no_schedule: bool,
    /// Tolerates `node.kubernetes.io/not-ready:NoSchedule`.
    pub not_ready_no_schedule: bool,
    /// Tolerates `node.kubernetes.io/unschedulable:NoSchedule`: no cordon keeps it away (V7).
    pub unschedulable_no_schedule: bool,
    /// Per Node: tolerates the Node's own NoSchedule and NoExecute taints, and it is not cordoned.
    pub node_admits: Vec<bool>,
}

/// A topology spread constraint (S6, S8).
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Per Node: the domain it lies in, or `None` where the key is missing.
    pub domain: Vec<Option<u32>>,
    /// One more than the largest domain number.
    pub domains: u32,
    /// `maxSkew`, 1 or more.
    pub max_skew: u32,
    /// `whenUnsatisfiable: DoNotSchedule`.
    pub hard: bool,
    /// `minDomains`, 1 or more.
    pub min_domains: u32,
    /// `nodeAffinityPolicy: Honor`: Nodes that the Pod does not select are not counted.
    pub honor_affinity: bool,
    /// `nodeTaintsPolicy: Honor`: Nodes whose taints the Pod does not tolerate are not counted.
    pub honor_taints: bool,
    /// The key is `kubernetes.io/hostname`: the weight counts candidates, not domains (S8).
    pub by_hostname: bool,
    /// By Deployment: the selector matches its Pods.
    pub selects: IdVec<WorkloadId, bool>,
    /// Only Pods of the same revision are counted (S7b).
    pub by_revision: bool,
}

/// An anti-affinity term.
#[derive(Debug, Clone, PartialEq)]
pub struct AntiAffinity {
    /// Per Node: the domain it lies in, or `None` where the key is missing.
    pub domain: Vec<Option<u32>>,
    /// `None` if required (S9), the weight 1–100 if preferred (S10).
    pub preferred_weight: Option<u32>,
    /// By Deployment: the selector matches its Pods.
    pub selects: IdVec<WorkloadId, bool>,
}
