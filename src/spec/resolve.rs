//! From the documents of an experiment to a study: systems, scenarios, their models, and what can never work.

pub(in crate::spec) mod autoscaling;
pub(in crate::spec) mod demand;
pub(in crate::spec) mod never_ready;
pub(in crate::spec) mod never_served;
pub(in crate::spec) mod never_starts;
pub(in crate::spec) mod overrides;
pub(in crate::spec) mod placing;
pub(in crate::spec) mod promised;
pub(in crate::spec) mod requirement;
pub(in crate::spec) mod rerun;
pub(in crate::spec) mod scenario;
pub(in crate::spec) mod sensitivity;
pub(in crate::spec) mod serving;
pub(in crate::spec) mod spares;
pub(in crate::spec) mod study;
pub(in crate::spec) mod system;
pub(in crate::spec) mod uncertain;
