//! What a fault strikes.

use crate::ids::{NodeId, SlotId, ZoneId};

/// What a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The container of the Pod that holds the slot.
    Slot(SlotId),
    /// All containers.
    Deployment,
    /// A machine.
    Node(NodeId),
    /// All machines of a zone.
    Zone(ZoneId),
}
