//! From what was recorded to what a model can be given: laws of durations, rates of counted failures, and the files that
//! state them.
//!
//! `spec` reads the records; what is estimated here is written as the kinds that `spec` reads.

mod fit;
mod rate;
mod rates;
mod written;

pub use fit::{FEW, Fitted, FittedLaw, NotFitted, Parameter, fit};
pub use rates::{Calibrated, calibrate};
pub use written::{WrittenFault, WrittenFaultModel, WrittenLaw, WrittenPart, WrittenRate};
