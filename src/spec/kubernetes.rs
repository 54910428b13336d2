//! Kubernetes' own kinds: manifests as the API server reads them.

pub(in crate::spec) mod affinity;
pub(in crate::spec) mod autoscaler;
pub(in crate::spec) mod deployment;
pub(in crate::spec) mod hooks;
pub(in crate::spec) mod image;
pub(in crate::spec) mod labels;
pub(in crate::spec) mod manifest;
pub(in crate::spec) mod node_labels;
pub(in crate::spec) mod objects;
pub(in crate::spec) mod ports;
pub(in crate::spec) mod probe;
pub(in crate::spec) mod resources;
pub(in crate::spec) mod taints;
pub(in crate::spec) mod unplayed;
pub(in crate::spec) mod volumes;
