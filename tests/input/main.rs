//! What comes from outside: manifests, models, experiments, and whatever else stands in a file.

mod advice;
mod autoscaling;
mod check;
mod counts;
mod fuzz;
mod kinds;
mod manifests;
mod refused;
mod scalings;
mod several;
mod shipped;
mod slos;
mod traffic;
mod upgrades;
mod withdrawals;
