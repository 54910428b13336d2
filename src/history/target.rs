//! What a fault strikes.

use crate::ids::{ContainerId, NodeId, SlotId, WorkloadId, ZoneId};

/// What a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The Pod that holds the slot, or its container that serves.
    Slot(SlotId),
    /// Another container of that Pod.
    Container(SlotId, ContainerId),
    /// All Pods of a Deployment.
    Deployment(WorkloadId),
    /// A machine.
    Node(NodeId),
    /// All machines of a zone.
    Zone(ZoneId),
    /// The cluster: what is done to its Nodes by turns.
    Cluster,
}
