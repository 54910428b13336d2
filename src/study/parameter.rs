//! What a sensitivity analysis asks about.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A number of the system, and the two scenarios that show how much depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its path, as in `vary`.
    pub key: String,
    /// Its values, as they are written: in the base, with less and with more.
    pub written: [Json; 3],
    /// The same as numbers: seconds, shares, or as they are.
    pub numbers: [f64; 3],
    /// It is a whole number, which changes by steps.
    pub whole: bool,
    /// The scenarios with less and with more of it; one of them may be the base, which is 0. The later one of the two is
    /// compared with the other.
    pub scenarios: [usize; 2],
}
