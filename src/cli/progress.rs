//! The progress bar: on standard error, and only where that is a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::experiment::Progress;
use crate::report::human;

/// Shows how far a run has come.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    begun: Instant,
}

impl Bar {
    /// A bar; hidden if `quiet` or where nobody looks.
    pub fn new(quiet: bool) -> Self {
        let bar = if quiet || !stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} % of {len} replications · {msg}");
        bar.set_style(style.expect("the template is a constant"));
        Self { bar, begun: Instant::now() }
    }

    /// So far.
    pub fn show(&self, progress: Progress) {
        let elapsed = self.begun.elapsed();
        let rate = progress.simulated_years / elapsed.as_secs_f64().max(1e-3);
        let left = progress.total.saturating_sub(progress.done) as f64 / progress.done.max(1) as f64;
        let rate = human::whole(rate as u64);
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        self.bar.set_message(format!("{rate} simulated years/s · {} left", HumanDuration(elapsed.mul_f64(left))));
    }

    /// A line above the bar, also where there is none.
    pub fn say(&self, line: &str) {
        // Where standard error is closed there is nobody to tell.
        self.bar.suspend(|| drop(writeln!(anstream::stderr(), "{line}")));
    }

    /// The run is over.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
