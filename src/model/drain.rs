//! Drains of Nodes.

/// Who drains Nodes. They differ in when an eviction that was refused is asked for again, what they make of errors, and how they go
/// about Pods that budgets hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drainer {
    /// `kubectl drain`, and the managed services that do as it does: asks again after 5 s (V4), and gives up after an error (V13).
    Kubectl,
    /// Karpenter: asks again after 0.1 s, then twice as long each time, up to 10 s, also after errors (V21). Where it deletes Pods
    /// in the end, it does so in time for their grace (V21a).
    Karpenter,
}
