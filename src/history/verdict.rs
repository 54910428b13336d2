//! What a probe finds, and what its worker makes of several findings.

/// What one probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// The answer was good.
    Success,
    /// Refused, 4xx or 5xx, or no answer in time (P14).
    Failure,
}

/// The stored result of a worker, for the instance that it remembers (P7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stored {
    /// A startup probe that has not reached a threshold; a readiness probe of a kubelet that has been restarted,
    /// which has stored nothing yet (P21).
    Unknown,
    /// Healthy.
    Success,
    /// Not healthy.
    Failure,
}
