//! What breaks: how often, for how long, what it strikes and who sees it.

use crate::random::Law;

/// A fault: an occurrence strikes after the target has been in service for a while.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its name, unique in the model.
    pub name: String,
    /// Seconds that the target is in service between occurrences. The clock stands while the target is
    /// down, starting or struck, and outlives restarts and replacements (invariant 6).
    pub every: Law,
    /// Seconds that an occurrence lasts. A container mode without it lasts until the restart.
    pub lasts: Option<Law>,
    /// What it strikes, and how.
    pub strikes: Strikes,
    /// Where the numbers come from.
    pub source: String,
}

/// Target and mode; only the pairs that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strikes {
    /// One container: every slot has a clock of its own.
    Container(ContainerMode),
    /// All containers of the Deployment at once, also those that start meanwhile: a shared dependency.
    Deployment(ContainerMode),
    /// One Node: every Node has a clock of its own. Always has a law for `lasts`.
    Node(NodeMode),
    /// All Nodes of a zone at once. Always has a law for `lasts`.
    Zone(NodeMode),
}

/// How a container fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerMode {
    /// The process exits.
    Crash,
    /// It accepts and never answers; what was asked meanwhile stays unanswered (W2 b).
    Hang(Affects),
    /// It answers 5xx at once (W3).
    Error(Affects),
}

/// How a Node fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeMode {
    /// The machine is dead; it reboots when the fault ends, or is replaced.
    Crash,
    /// Kubelet and proxy lose the control plane; containers run and requests reach them (N16).
    Partition,
    /// Like a partition, and no request reaches the Node either.
    Isolation,
}

/// Who sees a hang or an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affects {
    /// Clients. Without them the health endpoint is broken and the service is not.
    pub requests: bool,
    /// Readiness probes. Without any probe it is a gray failure.
    pub readiness: bool,
    /// Liveness probes.
    pub liveness: bool,
    /// Startup probes.
    pub startup: bool,
}

impl Affects {
    /// Everybody sees it: the default.
    pub const ALL: Self = Self { requests: true, readiness: true, liveness: true, startup: true };
}
