//! Plays a study while somebody waits: with a bar on a terminal, and everywhere with a word on what takes long.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::progress::Bar;
use super::{Exit, complain, interrupt};
use crate::experiment::{
    self, Checkpoint, Forecast, Options, Pace, RunError, Shard, replicate_watched, replications_of_removals,
};
use crate::report::{self, human};
use crate::results::ExperimentResult;
use crate::study::{Stopping, Study};

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
        let nothing = Checkpoint::nothing(self.study, Shard::WHOLE);
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
    pub fn go_on(
        self,
        played: Checkpoint,
        keep: &mut dyn FnMut(&Checkpoint),
    ) -> Result<(Checkpoint, ExperimentResult), RunError> {
        let (pace, bar) = (Pace::of(self.study), Bar::new(self.quiet));
        let of = played.shard().of;
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
pub(super) fn add_histograms(played: &Checkpoint, result: &mut ExperimentResult) {
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
            let Some(forecast) = pace.forecast() else { continue };
            let left = self.left(&forecast);
            if self.is_news(left, forecast.is_complete, elapsed) {
                self.said = Some((elapsed, elapsed.saturating_add(left)));
                bar.say(&format!("note: {}", self.words(&forecast)));
            }
        }
    }

    /// The time that is left, with what is played when the run has its answer.
    fn left(&self, forecast: &Forecast) -> Duration {
        forecast.left.saturating_add(seconds(self.later(forecast, forecast.planned.saturating_mul(self.of))))
    }

    /// Seconds that the removal of causes takes, where each scenario has had so many replications. A share has no answer, so
    /// nothing is removed in it.
    fn later(&self, forecast: &Forecast, replications: u64) -> f64 {
        let more = if self.of > 1 { 0 } else { replications_of_removals(self.study, replications) };
        more as f64 * forecast.replication_of_each.as_secs_f64() / self.study.scenarios.len() as f64
    }

    /// Whether the forecast can be relied upon, and is worth a word.
    fn is_news(&self, left: Duration, is_complete: bool, elapsed: Duration) -> bool {
        let total = elapsed.saturating_add(left);
        match self.said {
            // A search drops most scenarios soon, so it ends long before the bound that is known of it.
            None if matches!(self.study.header.stopping, Stopping::Selection(_)) => total > LONG && elapsed > LONG,
            None => total > LONG && elapsed > if is_complete { FIRST } else { AT_LAST },
            Some((when, said)) => {
                let ratio = total.as_secs_f64() / said.as_secs_f64();
                !(1.0 / WRONG..=WRONG).contains(&ratio) && elapsed > 2 * when
            }
        }
    }

    /// The forecast, and what would take less.
    fn words(&self, forecast: &Forecast) -> String {
        let left = self.left(forecast).as_secs_f64();
        let about = format!("about {} left", human::duration(left));
        let most = |most: u64, of: &str| {
            let most = human::whole(most);
            format!("at most {about}, which is for {most} replications of every scenario{of} (maxReplications)")
        };
        let about = match self.study.header.stopping {
            Stopping::Replications(_) => about,
            Stopping::Precision(precision) => most(precision.max_replications, ""),
            Stopping::Selection(selection) => most(selection.max_replications, " that stays"),
        };
        match self.fewer(forecast, left) {
            Some((fewer, secs)) => {
                format!("{about}; `--replications {fewer}` takes {}", human::duration(secs))
            }
            None => about,
        }
    }

    /// A round number of replications that takes some minutes, a fifth of what is left at most, and the seconds that it takes;
    /// as few as 1 where each takes longer. `None` where that is no less than what is planned.
    fn fewer(&self, forecast: &Forecast, left: f64) -> Option<(u64, f64)> {
        const SOME_MINUTES: f64 = 600.0;
        // Shares of a number of replications go to several machines.
        let one = forecast.replication_of_each.as_secs_f64() / self.of as f64;
        let planned = forecast.planned.saturating_mul(self.of);
        let takes = |replications: u64| one * replications as f64 + self.later(forecast, replications);
        let powers = (0..).map(|power| 10u64.pow(power)).take_while(|&power| power < planned);
        let round = powers.flat_map(|power| [1, 2, 5].map(|digit| digit * power)).filter(|&round| round < planned);
        let fits = |round: &u64| *round == 1 || takes(*round) <= SOME_MINUTES.min(left / 5.0);
        round.take_while(fits).last().map(|round| (round, takes(round)))
    }
}

fn seconds(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::load_experiment;
    use crate::study::Metric;
    use crate::study::{Precision, Without};

    const HOUR: f64 = 3_600.0;

    fn forecast(left: f64, one: f64, planned: u64) -> Forecast {
        let [left, replication_of_each] = [left, one].map(Duration::from_secs_f64);
        Forecast { left, replication_of_each, planned, is_complete: true }
    }

    fn study(stopping: Stopping, without: Without) -> Study {
        let study = load_experiment(std::path::Path::new("experiments/aidbox.yaml")).unwrap().study;
        Study { without, ..study.with_stopping(stopping) }
    }

    fn watch(study: &Study, of: u64) -> Watch<'_> {
        Watch { study, of, begun: Instant::now(), said: None }
    }

    #[test]
    fn a_long_run_is_told_with_a_shorter_one() {
        let study = study(Stopping::Replications(10_000), Without::Off);
        let of = |left, one, planned| watch(&study, 1).words(&forecast(left, one, planned));
        assert_eq!(of(3.0 * HOUR, 1.08, 10_000), "about 3 h left; `--replications 500` takes 9 min");
        assert_eq!(of(90.0, 0.009, 10_000), "about 1.5 min left; `--replications 2000` takes 18 s");
        assert_eq!(of(50.0 * HOUR, 18_000.0, 10), "about 2.1 d left; `--replications 1` takes 5 h");
        assert_eq!(of(2.0 * HOUR, 7_200.0, 1), "about 2 h left");
        // Ten machines share the work.
        let shared = watch(&study, 10).words(&forecast(3.0 * HOUR, 10.8, 1_000));
        assert_eq!(shared, "about 3 h left; `--replications 500` takes 9 min");
    }

    /// With and without each of three causes, a quarter of the replications is played once more, at least a batch.
    #[test]
    fn what_is_played_in_the_end_is_told_too() {
        let study = study(Stopping::Replications(10_000), Without::Featured);
        let quarter = 10_000 / 4 / crate::study::REPLICATIONS_PER_DRAW * crate::study::REPLICATIONS_PER_DRAW;
        let watch = watch(&study, 1);
        let left = watch.left(&forecast(1_000.0, 0.1, 10_000)).as_secs_f64();
        assert!((left - 1_000.0 - 0.4 * quarter as f64).abs() < 1e-6, "{left}");
    }

    #[test]
    fn of_a_precision_there_is_an_upper_bound() {
        let precision = Precision::relative(Metric::Downtime, 0.05, 200_000);
        let study = study(Stopping::Precision(precision), Without::Off);
        assert_eq!(
            watch(&study, 1).words(&forecast(40.0 * HOUR, 0.7, 200_000)),
            "at most about 40 h left, which is for 200,000 replications of every scenario (maxReplications); \
             `--replications 500` takes 5.8 min"
        );
    }

    #[test]
    fn a_wrong_forecast_is_corrected_and_a_right_one_is_not_repeated() {
        let study = study(Stopping::Replications(100), Without::Off);
        let [at, left] = [Duration::from_secs, Duration::from_secs];
        let mut watch = watch(&study, 1);
        assert!(!watch.is_news(left(50), true, at(2)));
        assert!(watch.is_news(left(90), true, at(2)));
        assert!(!watch.is_news(left(90), false, at(2)));
        watch.said = Some((at(2), at(92)));
        assert!(!watch.is_news(left(60), true, at(30)));
        assert!(watch.is_news(left(900), true, at(30)));
        assert!(watch.is_news(left(1), true, at(30)));
    }
}
