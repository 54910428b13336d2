//! How available is this Kubernetes Deployment?
//!
//! hasim reads the Deployment that a team would really apply, adds what a manifest cannot say (how the application
//! starts, what breaks and how often, where the Nodes are), plays thousands of simulated years and answers with
//! confidence intervals. This is the map of the house.
//!
//! # Floors
//!
//! Imports point down only; `tests/program/architecture.rs` keeps it so.
//!
//! | floor | modules | what lives there |
//! |---|---|---|
//! | 1 | [`cli`], [`app`], [`output`] | arguments and terminal; load, play, replay, write, once for all that ask; files. Each knows those behind it |
//! | 2 | [`verify`] | the proof: closed forms, measurements, published tables and rules against the simulator |
//! | 3 | [`report`] | text and pictures from results; never simulates |
//! | 4 | [`experiment`], [`calibration`] | many replications of many scenarios: measuring, merging, stopping, comparing, choosing; laws and rates from records. An experiment needs no parser |
//! | 5 | [`cluster`], [`spec`], [`results`] | one replication; files as typed text with one conversion into a model; what `results.json` holds. None sees another |
//! | 6 | [`study`], [`history`], [`placement`] | the question: objective, scenarios, metrics, stopping; the vocabulary of what is observed; the scheduler's decision, which a replication asks for again and again and the reading of files once |
//! | 7 | [`model`], [`rules`] | the system under study: complete, validated, immutable; the rules of Kubernetes that it follows |
//! | 8 | [`random`], [`engine`], [`stats`], [`queueing`], [`durations`], [`to_yaml`], [`shell`] | generic: they know no Kubernetes |
//! | 9 | [`time`], [`ids`] | values |
//!
//! # The way of a question
//!
//! ```text
//! experiment file ─spec─▶ Study (a Model per scenario) ─cluster─▶ Outcome of each replication
//!       ─experiment─▶ Summary ─estimate─▶ ExperimentResult ─report─▶ table, charts ─output─▶ output/<experiment>/
//! ```
//!
//! # Where the next things will live
//!
//! A replication holds workloads, each a Deployment of one template with its slots, chance and endpoints. Its Pods reach their
//! template through one accessor (`cluster::Cluster::spec`), draws are keyed by workload, slot and name, and a sync is a list of
//! stops and starts, so that these find their place without surgery:
//!
//! - what the load does to Pods (queues, probes that feel it): beside `cluster/autoscaler.rs`, which reads what they are asked. How many
//!   requests come stands in [`model`] (`Traffic`) and, with the surges of a replication, in `cluster/requests.rs`; what they cost is
//!   measured (`experiment::measure`), as long as it changes nothing that a Pod does;
//! - autoscaled Nodes: `cluster/upgrade.rs` knows how machines are ordered and join;
//! - a graph of services that call each other: [`model`], beside the requirement over workloads.
//!
//! # What holds
//!
//! The invariants. `tests/` keeps them, in four programs (`simulation`, `input`, `report`, `program`): architecture, oracle
//! and properties by name, determinism in cli, resume and `experiment::play`.
//!
//! 1. **A replication is a function of (model, seed, index).** No globals, no wall clock, no hash-map order, no
//!    thread identity.
//! 2. **Integer time**: nanoseconds in `u64`; floats never order events. Ties are broken by (kind of event, id),
//!    never by the order of scheduling.
//! 3. **The state of a replication is plain data**: vectors reached by typed ids, a `Copy` event, no shared
//!    ownership, no boxed handlers; `Clone` is cheap.
//! 4. **Probers are pure**: observations in, verdict out; time is an argument; no randomness, no engine.
//! 5. **What cannot change anything costs nothing.** A probe of a healthy container or of one that hangs for good, a
//!    lease renewal of a live Node, a resync that finds nothing new is no event: the next one that matters is found by
//!    arithmetic. A mode that plays every probe and heartbeat judges the fast one (`tests/simulation/oracle.rs`,
//!    `examples/oracle.rs`): to the nanosecond, or in law where probes fail by chance.
//! 6. **Random streams are named** (seed, replication, owner, purpose, ordinal): scenarios that differ in policy, or
//!    share some of their slots and Nodes, meet the same faults. One uniform per variate, by inversion, wherever a
//!    law has a closed inverse.
//! 7. **Results merge exactly**: integers, in batches of fixed size that are merged in index order. One thread or
//!    many: the same bytes.
//! 8. **Layers below `experiment`, `spec`, `calibration` and the constructors of laws apart, return no `Result` and do no I/O**: a
//!    valid model simulates. Measures watch through one observer, statically dispatched, that cannot steer.
//!
//! Numbers in brackets such as (P12) or (N7a) are rules of Kubernetes; `docs/rules.md` tells what they say.

// Only the command line prints, through anstream. Nothing stops the process but `main`, and nothing is left half done.
#![warn(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::dbg_macro,
    clippy::todo,
    clippy::unimplemented
)]
// What would make numbers depend on the clock or on the order of a hash: see clippy.toml.
#![warn(clippy::disallowed_types)]

pub mod app;
pub mod calibration;
pub mod cli;
pub mod cluster;
pub mod durations;
pub mod engine;
pub mod experiment;
pub mod history;
pub mod ids;
pub mod model;
pub mod output;
pub mod placement;
pub mod queueing;
pub mod random;
pub mod report;
pub mod results;
pub mod rules;
pub mod shell;
pub mod spec;
pub mod stats;
pub mod study;
pub mod time;
pub mod to_yaml;
pub mod verify;
