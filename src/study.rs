//! The question, apart from files and from the simulator: what is asked of a system.

pub mod metric;

pub use metric::{Definition, Form, Metric, PerQuantity, Quantity};
