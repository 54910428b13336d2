//! Plays a study while somebody waits: with a bar on a terminal, and everywhere with a word on what takes long.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::progress::Bar;
use super::{Exit, complain, interrupt};
use crate::experiment::{self, ExperimentResult, Forecast, Options, Pace, Played, RunError, Share, replicate_watched};
use crate::report::{self, human};
use crate::spec::{Stopping, Study};

/// What takes less is not spoken of.
const LONG: Duration = Duration::from_mins(1);
/// So often it is judged.
const EVERY: Duration = Duration::from_millis(200);
/// Not before: the first replications of a run are slower.
const FIRST: Duration = Duration::from_secs(1);
/// After this it is judged though some scenarios have not been met yet.
const AT_LAST: Duration = Duration::from_secs(5);
/// A forecast that is wrong by this factor is corrected.
const WRONG: f64 = 2.0;

/// How a study is played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched<'a> {
    pub study: &'a Study,
    /// 0 for one per core.
    pub threads: usize,
    /// Nobody wants to hear anything.
    pub quiet: bool,
}

impl Watched<'_> {
    /// Plays all of it, or says why not.
    ///
    /// # Errors
    /// How the command ends then.
    pub fn run(self) -> Result<ExperimentResult, Exit> {
        let nothing = Played::nothing(self.study, Share::WHOLE);
        let (_, result) = self.go_on(nothing, &mut |_| ()).map_err(|error| {
            complain(error);
            Exit::Failed
        })?;
        if result.interrupted {
            complain("interrupted: what was played is not kept");
            return Err(Exit::Interrupted);
        }
        Ok(result)
    }

    /// Plays it on from where another run has left off, and ends early when a signal comes.
    ///
    /// # Errors
    /// Like [`experiment::play`].
    pub fn go_on(self, played: Played, keep: &mut dyn FnMut(&Played)) -> Result<(Played, ExperimentResult), RunError> {
        let (pace, bar) = (Pace::of(self.study), Bar::new(self.quiet));
        let of = played.share().of;
        let progress = &mut |progress| bar.show(progress);
        let options = Options { threads: self.threads, stop: interrupt::stop_flag(), progress };
        let ended = thread::scope(|scope| {
            // The watch ends when its line to this thread is cut.
            let (line, cut) = mpsc::channel::<()>();
            if !self.quiet {
                let (study, pace, bar) = (self.study, &pace, &bar);
                scope.spawn(move || Watch { study, of, begun: Instant::now(), said: None }.look(pace, bar, &cut));
            }
            let ended = experiment::play(self.study, played, options, &pace, keep, replicate_watched);
            drop(line);
            ended
        });
        bar.clear();
        ended.map(|(played, mut result)| {
            add_histograms(&played, &mut result);
            (played, result)
        })
    }
}

/// Of a very large answer only what reports draw has histograms.
pub(super) fn add_histograms(played: &Played, result: &mut ExperimentResult) {
    if result.lacks_histograms() {
        let drawn = report::drawn(result);
        played.add_histograms(result, &drawn);
    }
}

/// Looks at the pace and speaks when the run takes long.
struct Watch<'a> {
    study: &'a Study,
    /// In how many shares the replications are divided.
    of: u64,
    begun: Instant,
    /// When it spoke last, and the time that it then gave to all of the run.
    said: Option<(Duration, Duration)>,
}

impl Watch<'_> {
    fn look(mut self, pace: &Pace, bar: &Bar, cut: &mpsc::Receiver<()>) {
        while cut.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            let elapsed = self.begun.elapsed();
            if let Some(forecast) = pace.forecast().filter(|forecast| self.is_news(forecast, elapsed)) {
                self.said = Some((elapsed, elapsed.saturating_add(forecast.left)));
                bar.say(&format!("note: {}", words(&forecast, self.study.stopping, self.of)));
            }
        }
    }

    /// Whether the forecast can be relied upon, and is worth a word.
    fn is_news(&self, forecast: &Forecast, elapsed: Duration) -> bool {
        let total = elapsed.saturating_add(forecast.left);
        match self.said {
            None => total > LONG && elapsed > if forecast.is_complete { FIRST } else { AT_LAST },
            Some((when, said)) => {
                let ratio = total.as_secs_f64() / said.as_secs_f64();
                !(1.0 / WRONG..=WRONG).contains(&ratio) && elapsed > 2 * when
            }
        }
    }
}

/// The forecast, and what would take less.
fn words(forecast: &Forecast, stopping: Stopping, of: u64) -> String {
    let left = human::duration(forecast.left.as_secs_f64());
    let left = match stopping {
        Stopping::Replications(_) => format!("about {left} left"),
        Stopping::Precision(precision) => format!(
            "at most about {left} left, which is for {} replications of every scenario (maxReplications)",
            human::whole(precision.max_replications)
        ),
        Stopping::Selection(selection) => format!(
            "at most about {left} left, which is for {} replications of every scenario that stays (maxReplications)",
            human::whole(selection.max_replications)
        ),
    };
    // Shares of a replication number go to several machines.
    let one = forecast.replication_of_each.as_secs_f64() / of as f64;
    let planned = forecast.planned.saturating_mul(of);
    match fewer(one, planned, forecast.left.as_secs_f64()) {
        Some(fewer) => {
            let takes = human::duration(fewer as f64 * one);
            format!("{left}; `--replications {fewer}` takes {takes}")
        }
        None => left,
    }
}

/// A round number of replications that takes some minutes, a fifth of what is left at most; as few as 1 where each takes
/// longer. `None` where that is no less than what is planned.
fn fewer(one: f64, planned: u64, left: f64) -> Option<u64> {
    const SOME_MINUTES: f64 = 600.0;
    let fit = (SOME_MINUTES.min(left / 5.0) / one).max(1.0);
    let power = 10f64.powf(fit.log10().floor());
    let round = [5.0, 2.0, 1.0].into_iter().map(|digit| digit * power).find(|&round| round <= fit)?;
    Some(round as u64).filter(|&round| round < planned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Precision;
    use crate::study::Metric;

    const HOUR: f64 = 3_600.0;

    fn forecast(left: f64, one: f64, planned: u64) -> Forecast {
        let [left, replication_of_each] = [left, one].map(Duration::from_secs_f64);
        Forecast { left, replication_of_each, planned, is_complete: true }
    }

    #[test]
    fn a_long_run_is_told_with_a_shorter_one() {
        let fixed = Stopping::Replications(10_000);
        let of = |left, one, planned| words(&forecast(left, one, planned), fixed, 1);
        assert_eq!(of(3.0 * HOUR, 1.08, 10_000), "about 3 h left; `--replications 500` takes 9 min");
        assert_eq!(of(90.0, 0.009, 10_000), "about 1.5 min left; `--replications 2000` takes 18 s");
        assert_eq!(of(50.0 * HOUR, 18_000.0, 10), "about 2.1 d left; `--replications 1` takes 5 h");
        assert_eq!(of(2.0 * HOUR, 7_200.0, 1), "about 2 h left");
        // Ten machines share the work.
        let shared = words(&forecast(3.0 * HOUR, 10.8, 1_000), fixed, 10);
        assert_eq!(shared, "about 3 h left; `--replications 500` takes 9 min");
    }

    #[test]
    fn of_a_precision_there_is_an_upper_bound() {
        let precision = Stopping::Precision(Precision::relative(Metric::Downtime, 0.05, 200_000));
        let told = words(&forecast(40.0 * HOUR, 0.7, 200_000), precision, 1);
        assert_eq!(
            told,
            "at most about 40 h left, which is for 200,000 replications of every scenario (maxReplications); \
             `--replications 500` takes 5.8 min"
        );
    }

    #[test]
    fn a_wrong_forecast_is_corrected_and_a_right_one_is_not_repeated() {
        let study = crate::spec::load_experiment(std::path::Path::new("experiments/aidbox.yaml")).unwrap();
        let at = |secs| Duration::from_secs(secs);
        let mut watch = Watch { study: &study, of: 1, begun: Instant::now(), said: None };
        assert!(!watch.is_news(&forecast(50.0, 1.0, 100), at(2)));
        assert!(watch.is_news(&forecast(90.0, 1.0, 100), at(2)));
        assert!(!watch.is_news(&Forecast { is_complete: false, ..forecast(90.0, 1.0, 100) }, at(2)));
        watch.said = Some((at(2), at(92)));
        assert!(!watch.is_news(&forecast(60.0, 1.0, 100), at(30)));
        assert!(watch.is_news(&forecast(900.0, 1.0, 100), at(30)));
        assert!(watch.is_news(&forecast(1.0, 1.0, 100), at(30)));
    }
}
