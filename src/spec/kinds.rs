//! hasim's own kinds: apps, clusters, fault models, operations, traffic, incidents and experiments; and SLOs in files of other tools.

pub(in crate::spec) mod app;
pub(in crate::spec) mod cluster;
pub(in crate::spec) mod control_plane;
pub(in crate::spec) mod experiment;
pub(in crate::spec) mod faults;
pub mod incidents;
pub(in crate::spec) mod latencies;
pub(in crate::spec) mod law;
pub(in crate::spec) mod operations;
pub(in crate::spec) mod script;
pub(in crate::spec) mod slo;
pub(in crate::spec) mod stopping;
pub(in crate::spec) mod traffic;
