//! How long a run will take, judged while it is played.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::events::{Event, Listener, LongRun};
use crate::experiment::{Forecast, Pace, replications_of_removals};
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

/// Looks at the pace and speaks when the run takes long.
pub(super) struct Watch<'a> {
    study: &'a Study,
    /// Into how many shards the replications are divided.
    of: u64,
    begun: Instant,
    /// When it spoke last, and the time that it then gave to all of the run.
    said: Option<(Duration, Duration)>,
}

impl<'a> Watch<'a> {
    /// A watch that begins now, over one of so many shards of a study.
    pub fn new(study: &'a Study, of: u64) -> Self {
        Self { study, of, begun: Instant::now(), said: None }
    }

    /// Looks until the other end of `cut` is dropped.
    pub fn look(mut self, pace: &Pace, listener: &dyn Listener, cut: &mpsc::Receiver<()>) {
        while cut.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            let elapsed = self.begun.elapsed();
            let Some(forecast) = pace.forecast() else { continue };
            let left = self.left(&forecast);
            if self.is_news(left, forecast.is_complete, elapsed) {
                self.said = Some((elapsed, elapsed.saturating_add(left)));
                listener.hear(&Event::TakesLong(self.long_run(&forecast)));
            }
        }
    }

    /// The time that is left, with what is played when the run has its answer.
    fn left(&self, forecast: &Forecast) -> Duration {
        forecast.left.saturating_add(seconds(self.later(forecast, forecast.planned.saturating_mul(self.of))))
    }

    /// Seconds that the removal of causes takes, where each scenario has had so many replications. A shard has no answer, so
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

    fn long_run(&self, forecast: &Forecast) -> LongRun {
        let left_s = self.left(forecast).as_secs_f64();
        LongRun { stopping: self.study.header.stopping, left_s, fewer: self.fewer(forecast, left_s) }
    }

    /// A round number of replications that takes some minutes, a fifth of what is left at most, and the seconds that it takes;
    /// as few as 1 where each takes longer. `None` where that is no less than what is planned.
    fn fewer(&self, forecast: &Forecast, left: f64) -> Option<(u64, f64)> {
        const SOME_MINUTES: f64 = 600.0;
        // Shards of a number of replications go to several machines.
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
    use crate::study::{Selection, Wanted, Without};

    const HOUR: f64 = 3_600.0;
    const SEARCH: Selection = Selection { goal: Wanted::Best, indifference_secs: 300.0, max_replications: 2_000 };

    fn forecast(left: f64, one: f64, planned: u64) -> Forecast {
        let [left, replication_of_each] = [left, one].map(Duration::from_secs_f64);
        Forecast { left, replication_of_each, planned, is_complete: true }
    }

    fn study(stopping: Stopping, without: Without) -> Study {
        let study = load_experiment(std::path::Path::new("experiments/aidbox.yaml")).unwrap().study;
        Study { without, ..study.with_stopping(stopping) }
    }

    /// Hours that are left, and what would take less: replications, and seconds.
    fn told(watch: &Watch<'_>, forecast: &Forecast) -> (f64, Option<(u64, f64)>) {
        let LongRun { left_s, fewer, .. } = watch.long_run(forecast);
        (left_s / HOUR, fewer)
    }

    #[test]
    fn a_long_run_is_told_with_a_shorter_one() {
        let study = study(Stopping::Replications(10_000), Without::Off);
        let of = |left, one, planned| told(&Watch::new(&study, 1), &forecast(left, one, planned));
        assert_eq!(of(3.0 * HOUR, 1.08, 10_000), (3.0, Some((500, 540.0))));
        assert_eq!(of(90.0, 0.009, 10_000), (0.025, Some((2_000, 18.0))));
        assert_eq!(of(50.0 * HOUR, 18_000.0, 10), (50.0, Some((1, 18_000.0))));
        assert_eq!(of(2.0 * HOUR, 7_200.0, 1), (2.0, None));
        // Ten machines share the work.
        let shared = told(&Watch::new(&study, 10), &forecast(3.0 * HOUR, 10.8, 1_000));
        assert_eq!(shared, (3.0, Some((500, 540.0))));
    }

    /// With and without each of three causes, a quarter of the replications is played once more, at least a batch.
    #[test]
    fn what_is_played_in_the_end_is_told_too() {
        let study = study(Stopping::Replications(10_000), Without::Featured);
        let quarter = 10_000 / 4 / crate::study::REPLICATIONS_PER_DRAW * crate::study::REPLICATIONS_PER_DRAW;
        let watch = Watch::new(&study, 1);
        let left = watch.left(&forecast(1_000.0, 0.1, 10_000)).as_secs_f64();
        assert!((left - 1_000.0 - 0.4 * quarter as f64).abs() < 1e-6, "{left}");
    }

    #[test]
    fn a_wrong_forecast_is_corrected_and_a_right_one_is_not_repeated() {
        let study = study(Stopping::Replications(100), Without::Off);
        let [at, left] = [Duration::from_secs, Duration::from_secs];
        let mut watch = Watch::new(&study, 1);
        assert!(!watch.is_news(left(50), true, at(2)));
        assert!(watch.is_news(left(90), true, at(2)));
        assert!(!watch.is_news(left(90), false, at(2)));
        watch.said = Some((at(2), at(92)));
        assert!(!watch.is_news(left(60), true, at(30)));
        assert!(watch.is_news(left(900), true, at(30)));
        assert!(watch.is_news(left(1), true, at(30)));
    }

    /// A search drops most of its scenarios soon: it says nothing until it has taken long.
    #[test]
    fn a_search_is_told_when_it_has_taken_long() {
        let study = study(Stopping::Replications(100), Without::Off);
        let searched = study.clone().with_stopping(Stopping::Selection(SEARCH));
        let [at, left] = [Duration::from_secs, Duration::from_secs];
        assert!(Watch::new(&study, 1).is_news(left(900), true, at(2)));
        assert!(!Watch::new(&searched, 1).is_news(left(900), true, at(59)));
        assert!(Watch::new(&searched, 1).is_news(left(900), true, at(61)));
    }
}
