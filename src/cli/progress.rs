//! The progress bar: on standard error, and only if somebody watches.

use std::io::{IsTerminal as _, stderr};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::engine::Progress;
use crate::report::human;

/// A bar with the simulated years per second and the time left, or nothing.
pub struct Bar {
    bar: ProgressBar,
    begun: Instant,
}

impl Bar {
    /// Hidden if quiet or if standard error is no terminal.
    pub fn new(quiet: bool) -> Self {
        let shown = !quiet && stderr().is_terminal();
        let bar = if shown { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {eta} left");
        bar.set_style(style.expect("the template is sound").progress_chars("━╸ "));
        Self { bar, begun: Instant::now() }
    }

    /// Shows how far the run has come.
    pub fn update(&mut self, progress: &Progress) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        let rate = progress.simulated_years / self.begun.elapsed().as_secs_f64().max(1e-3);
        self.bar.set_message(format!("{} years/s", human::significant(rate, 2)));
    }

    /// Removes the bar.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
