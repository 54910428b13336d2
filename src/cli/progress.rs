//! The progress bar: on standard error, and only where that is a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::complain;
use crate::app::{Event, Listener, LongRun};
use crate::experiment::Progress;
use crate::report::format;
use crate::study::Stopping;

/// Shows how far a run has come.
#[derive(Debug)]
pub(super) struct Bar {
    line: ProgressBar,
    begun: Instant,
    quiet: bool,
}

impl Bar {
    /// A bar; hidden if `quiet` or where nobody looks.
    pub fn new(quiet: bool) -> Self {
        let bar = if quiet || !stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} % of {len} replications · {msg}");
        bar.set_style(style.expect("the template is a constant"));
        Self { line: bar, begun: Instant::now(), quiet }
    }

    /// Nobody wants to hear anything.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// So far.
    fn show(&self, progress: Progress) {
        let elapsed = self.begun.elapsed();
        let rate = progress.simulated_years / elapsed.as_secs_f64().max(1e-3);
        let left = progress.total.saturating_sub(progress.done) as f64 / progress.done.max(1) as f64;
        let rate = format::whole(rate as u64);
        self.line.set_length(progress.total);
        self.line.set_position(progress.done);
        self.line.set_message(format!("{rate} simulated years/s · {} left", HumanDuration(elapsed.mul_f64(left))));
    }

    /// A line above the bar, also where there is none.
    fn say(&self, line: &str) {
        // Where standard error is closed there is nobody to tell.
        self.line.suspend(|| drop(writeln!(anstream::stderr(), "{line}")));
    }
}

impl Listener for Bar {
    fn hear(&self, event: &Event<'_>) {
        match event {
            Event::Progress(progress) => self.show(*progress),
            Event::StageEnded => self.line.finish_and_clear(),
            Event::TakesLong(run) => self.say(&format!("note: {}", words(run))),
            Event::CheckpointNotWritten(error) => {
                complain(format_args!("{error}: if the run is interrupted, only its last checkpoint is kept"));
            }
        }
    }
}

/// How long a run takes, and what would take less.
fn words(run: &LongRun) -> String {
    let about = format!("about {} left", format::duration(run.left_s));
    let most = |most: u64, of: &str| {
        let most = format::whole(most);
        format!("at most {about}, which is for {most} replications of every scenario{of} (maxReplications)")
    };
    let about = match run.stopping {
        Stopping::Replications(_) => about,
        Stopping::Precision(precision) => most(precision.max_replications, ""),
        Stopping::Selection(selection) => most(selection.max_replications, " that stays"),
    };
    match run.fewer {
        Some((fewer, secs)) => format!("{about}; `--replications {fewer}` takes {}", format::duration(secs)),
        None => about,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Metric, Precision};

    const HOUR: f64 = 3_600.0;

    #[test]
    fn a_long_run_is_told_with_a_shorter_one() {
        let of = |left_s, fewer| words(&LongRun { stopping: Stopping::Replications(10_000), left_s, fewer });
        assert_eq!(of(3.0 * HOUR, Some((500, 540.0))), "about 3 h left; `--replications 500` takes 9 min");
        assert_eq!(of(50.0 * HOUR, Some((1, 18_000.0))), "about 2.1 d left; `--replications 1` takes 5 h");
        assert_eq!(of(2.0 * HOUR, None), "about 2 h left");
    }

    #[test]
    fn of_a_precision_there_is_an_upper_bound() {
        let stopping = Stopping::Precision(Precision::relative(Metric::Downtime, 0.05, 200_000));
        assert_eq!(
            words(&LongRun { stopping, left_s: 40.0 * HOUR, fewer: Some((500, 350.0)) }),
            "at most about 40 h left, which is for 200,000 replications of every scenario (maxReplications); \
             `--replications 500` takes 5.8 min"
        );
    }
}
