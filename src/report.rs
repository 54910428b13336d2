//! Reports: an [`ExperimentResult`](crate::results::ExperimentResult) as text, as tables and as pictures; a
//! [`Timeline`](crate::history::Timeline) and [`Fitted`](crate::calibration::Fitted) laws as text.
//!
//! A report never simulates and never writes a file: each renderer is a function
//! of the result alone, so the same result gives the same bytes, today or from a
//! `results.json` of last year.

pub mod assumptions;
pub mod charts;
pub mod csv;
pub mod fit;
pub mod format;
pub mod json;
pub mod markdown;

pub mod metrics;
pub mod page;
pub mod terminal;
pub mod timeline;

mod aggregate;
mod alike;
mod alternatives;
mod answer;
mod candidates;
mod choice;
mod comparison;
mod deployments;
mod fates;
mod featured;
mod indifference;
mod labels;
mod load;
mod loss;
mod operations;
mod pareto;
mod period;
mod ranking;
mod recommendation;
mod removals;
mod sensitivity;
mod tiles;
mod units;
mod verdicts;

pub use deployments::sort as sort_deployments;
pub use featured::featured_scenarios;
pub use indifference::Indifference;
pub use operations::by_cost as operations_by_cost;
pub use pareto::drawn;
pub use ranking::recommended;
