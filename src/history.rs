//! The vocabulary of what is observed: what a replication shows to its observers, and in which words results tell of it.
//!
//! The simulator makes these values, measures count them, results keep them and reports draw them, so their types lie below
//! all of these. An [`Observer`] is told [`Observed`]; a log of the system would tell [`Happening`]; a [`Timeline`] keeps all of one replication. Time that a slot does not
//! deliver is charged to a [`Cause`] and a [`Phase`]; in results a cause stands under its name ([`NamedCause`]).

pub(crate) mod cause;
pub(crate) mod happening;
mod named;
pub(crate) mod observer;
mod phases;
mod reply;
mod target;
mod timeline;
mod verdict;

pub use cause::{Cause, CauseSet};
pub use happening::{Endpoint, Exit, Happening};
pub use named::NamedCause;
pub use observer::{EndpointView, Observed, Observer, OperationEnd, Phase, PodCounts, SlotView, Spell};
pub use phases::PerPhase;
pub use reply::{Reply, SkippedProbes};
pub use target::Target;
pub use timeline::{Delivering, Entry, Look, Outage, PodLife, Rollout, Timeline, Who};
pub use verdict::{Observation, Stored};
