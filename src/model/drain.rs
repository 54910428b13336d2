//! Drains: how those who drain Nodes go about evictions that are refused.

/// When an eviction that was refused is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvictionRetry {
    /// After 5 s, as `kubectl drain` does (V4).
    Steady,
    /// After 0.1 s, then twice as long each time, up to 10 s, as Karpenter does (V21). It asks again after errors, too.
    Doubling,
}
