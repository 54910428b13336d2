//! Reports: an [`ExperimentResult`](crate::results::ExperimentResult) as text, as tables and as pictures; a
//! [`Timeline`](crate::history::Timeline) and [`Fitted`](crate::calibration::Fitted) laws as text.
//!
//! A report never simulates and never writes a file: each renderer is a function
//! of the result alone, so the same result gives the same bytes, today or from a
//! `results.json` of last year.

pub mod charts;
pub mod csv;
pub mod fit;
pub mod human;
pub mod json;
pub mod markdown;
pub mod metrics;
pub mod page;
pub mod terminal;
pub mod timeline;

mod answer;
mod assumptions;
mod best;
mod comparison;
mod front;
mod indifference;
mod labels;
mod merged;
mod period;
mod recommendation;
mod removals;
mod sensitivity;
mod verdicts;

pub use best::recommended;
pub use front::drawn;
pub use indifference::Indifference;
pub use merged::featured_scenarios;
