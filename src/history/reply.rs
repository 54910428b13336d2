//! What a probe met, and probes in a row that met the same and were not played.

use super::verdict::Observation;
use crate::ids::{ContainerId, PodId};
use crate::model::ProbeKind;
use crate::time::{Duration, SimTime};

/// What a probe met (P14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// A good answer.
    Ok,
    /// An error: 5xx.
    Error,
    /// Nobody listens: no process, or one that does not accept connections yet or any more.
    Refused,
    /// No answer in time.
    Timeout,
    /// The process died while the probe waited (P14a).
    Reset,
}

impl Reply {
    /// What the worker counts.
    pub const fn observation(self) -> Observation {
        match self {
            Self::Ok => Observation::Success,
            Self::Error | Self::Refused | Self::Timeout | Self::Reset => Observation::Failure,
        }
    }
}

/// Probes that all met the same and were not played. Where probes fail by chance, those among them that
/// failed alone are not told: they changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkippedProbes {
    /// The Pod.
    pub pod: PodId,
    /// Which of its containers.
    pub container: ContainerId,
    /// Which probe.
    pub kind: ProbeKind,
    /// The life of the container whose process they reached; `None` where they were refused.
    pub reaches: Option<u32>,
    /// What they met.
    pub reply: Reply,
    /// How many, at least one.
    pub count: u64,
    /// When the first was sent.
    pub first: SimTime,
    /// When the second was sent, or would have been.
    pub second: SimTime,
    /// From one to the next, from the second on.
    pub spacing: Duration,
    /// From each to its reply: the timeout, or nothing.
    pub lasts: Duration,
}

impl SkippedProbes {
    /// When the n-th was sent, counted from 0.
    pub fn instant(self, n: u64) -> SimTime {
        if n == 0 { self.first } else { self.second + self.spacing * (n - 1) }
    }

    /// How many were sent before `t`.
    pub fn sent_before(self, t: SimTime) -> u64 {
        if t <= self.first {
            0
        } else if t <= self.second {
            1
        } else {
            (2 + (t.since(self.second).as_nanos() - 1) / self.spacing.as_nanos()).min(self.count)
        }
    }
}
