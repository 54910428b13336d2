//! A `HorizontalPodAutoscaler`, with every default applied (H1, H2, H5, H9, H13–H17).

use crate::time::Duration;

/// What sets the number of replicas of a Deployment by its load.
#[derive(Debug, Clone, PartialEq)]
pub struct Autoscaler {
    /// `minReplicas`, 1 or more.
    pub min: u32,
    /// `maxReplicas`, at least `min`.
    pub max: u32,
    /// What it looks at: at least one.
    pub metrics: Vec<ScalingMetric>,
    /// How far a number may be off its target and changes nothing, when there is more than that, and when there is less (H13).
    pub tolerance: (f64, f64),
    /// `behavior`; `None`: it says nothing, and H15 holds.
    pub behavior: Option<Behavior>,
    /// `spec.replicas` of the manifest, which each rollout applies again (D17); `None`: it says nothing.
    pub reset_to: Option<u32>,
}

/// One of `metrics`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScalingMetric {
    /// `Resource` or `ContainerResource` cpu.
    Cpu {
        /// What the average is compared with.
        target: CpuTarget,
        /// What a Pod uses.
        usage: CpuUsage,
    },
    /// `Pods`: thousandths of a request a second that a Pod gets, on average.
    RequestsPerPod {
        /// `averageValue`; 1 or more.
        thousandths: u64,
    },
    /// `External` or `Object` with an `averageValue`: thousandths of a request a second for each replica; 1 or more.
    RequestsPerReplica {
        /// `averageValue`; 1 or more.
        thousandths: u64,
    },
    /// `External` or `Object` with a `value`: thousandths of a request a second in all; 1 or more.
    Requests {
        /// `value`; 1 or more.
        thousandths: u64,
    },
    /// One that has no number, as a container requests nothing: it keeps the replicas from going down (H14).
    Invalid,
}

/// What CPU usage is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpuTarget {
    /// `averageUtilization`: percent of what a Pod requests.
    Utilization {
        /// 1 or more.
        percent: u32,
        /// Thousandths of a CPU that all containers of a Pod request; 1 or more.
        request: u64,
    },
    /// `averageValue`: thousandths of a CPU; 1 or more.
    Average {
        /// 1 or more.
        millis: u64,
    },
}

/// Thousandths of a CPU that the containers of a Pod use together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpuUsage {
    /// Without requests.
    pub idle: f64,
    /// Beside that, with as many as it can take.
    pub busy: f64,
    /// Requests a second that it can take; above 0.
    pub capacity: f64,
}

impl CpuUsage {
    /// With so many requests a second.
    pub fn at(&self, rate: f64) -> f64 {
        self.idle + self.busy * (rate / self.capacity).min(1.0)
    }
}

/// `behavior` (H16).
#[derive(Debug, Clone, PartialEq)]
pub struct Behavior {
    /// `scaleUp`.
    pub up: ScalingRules,
    /// `scaleDown`.
    pub down: ScalingRules,
}

/// How fast it goes in one direction.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalingRules {
    /// `stabilizationWindowSeconds`.
    pub window: Duration,
    /// `policies`: at least one.
    pub policies: Vec<ScalingPolicy>,
    /// `selectPolicy`.
    pub select: SelectPolicy,
}

/// How much may change in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// How much.
    pub change: Change,
    /// `periodSeconds`.
    pub period: Duration,
}

/// A number of Pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// `Pods`.
    Pods(u32),
    /// `Percent` of those at the beginning of the period.
    Percent(u32),
}

/// Which of several policies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectPolicy {
    /// The one that changes most.
    Max,
    /// The one that changes least.
    Min,
    /// None: it never goes in this direction.
    Disabled,
}

impl Autoscaler {
    /// 0.1 in both directions (H13).
    pub const TOLERANCE: (f64, f64) = (0.1, 0.1);

    /// A number of replicas within the bounds.
    pub fn bounded(&self, replicas: u32) -> u32 {
        replicas.clamp(self.min, self.max)
    }
}

impl Behavior {
    /// The defaults of a `behavior` that leaves a direction out (H16).
    pub fn usual() -> Self {
        let every = |change| ScalingPolicy { change, period: Duration::from_secs(15) };
        Self {
            up: ScalingRules {
                window: Duration::ZERO,
                policies: vec![every(Change::Pods(4)), every(Change::Percent(100))],
                select: SelectPolicy::Max,
            },
            down: ScalingRules {
                window: Duration::from_secs(300),
                policies: vec![every(Change::Percent(100))],
                select: SelectPolicy::Max,
            },
        }
    }
}
