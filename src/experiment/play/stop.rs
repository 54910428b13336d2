//! The wish of somebody outside that a run end.

use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The wish of somebody outside that the run end.
pub struct Stop<'a> {
    pub asked: &'a AtomicBool,
    pub since: OnceLock<Instant>,
}

impl Stop<'_> {
    /// So long what was begun is played on, as it may be nearly done.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Whether it is asked for.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether what was begun is played on or given up.
    pub fn goes_on(&self) -> ControlFlow<()> {
        let is_over = self.is_asked() && self.since.get_or_init(Instant::now).elapsed() > Self::PATIENCE;
        if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
