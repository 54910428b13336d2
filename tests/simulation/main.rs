//! What is simulated: the rules of Kubernetes at their limits, distributions and closed forms, the fast mode against the
//! one that plays every probe, and the statistics made of it.

#[path = "../../examples/coverage/cases.rs"]
mod cases;
#[path = "../common/mod.rs"]
mod common;

mod coverage;
mod fit;
mod oracle;
mod properties;
mod removal;
mod sensitivity;
mod several;
mod trace;

mod rules {
    mod attribution;
    mod autoscaler;
    mod bad_revisions;
    mod calendars;
    mod containers;
    mod control_plane;
    mod drains;
    mod endpoints;
    mod errors;
    mod kubelet;
    mod nodes;
    mod on_call;
    mod placement;
    mod progress;
    pub mod rollouts;
    mod scaling;
    mod several;
    mod upgrades;
    mod withdrawals;
}

mod validation {
    mod availability;
    mod busy;
    mod controls;
    mod legacy;
    mod load;
    mod loops;
    mod nodes;
    mod probes;
    mod requests;
    mod script;
    mod several;
    mod starts;
}
