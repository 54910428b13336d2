//! hasim: how available is this Kubernetes Deployment?

pub mod cluster;
pub mod engine;
pub mod experiment;
pub mod ids;
pub mod model;
pub mod output;
pub mod random;
pub mod report;
pub mod spec;
pub mod stats;
pub mod time;
