//! What one replication loses.

use crate::stats::Control;

/// The losses of one replication, as differences need them.
pub struct Loss {
    /// Microseconds of downtime.
    pub downtime: i64,
    /// Microseconds of full traffic that failed.
    pub failed: i64,
    /// Its control variates.
    pub controls: Vec<Control>,
}
