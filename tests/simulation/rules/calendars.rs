//! Operations that keep the hours of a week: when they come, and how often.

use crate::common::film::Film;
use crate::common::{exponential, secs};
use crate::rules::rollouts::{model, steps};
use hasim::cluster::Happening;
use hasim::ids::FaultId;
use hasim::model::{Calendar, Model, Occurrence, YEAR};

const WEEK: f64 = 7.0 * 86_400.0;

/// A rollout a week, for a year, in these hours of Monday and Thursday.
fn kept(from: f64, to: f64) -> Model {
    let mut model = model(1, steps(1, 0));
    let [from, to] = [from, to].map(|hours| secs(hours * 3600.0));
    let calendar = Calendar { days: [true, false, false, true, false, false, false], from, to };
    model.faults[FaultId::new(0)].occurs = Occurrence::InHours { every: exponential(WEEK), calendar };
    (model.horizon, model.window) = (YEAR, YEAR);
    model
}

fn begun(model: &Model, index: u64) -> Vec<f64> {
    Film::of(model, index).when(|what| matches!(what, Happening::RolloutBegan { .. }))
}

/// All come within the hours of two days, which are three days apart, wherever in the week the replication begins; and that differs.
#[test]
fn operations_keep_their_hours() {
    let mut phases = Vec::new();
    for index in 0..20 {
        let begun = begun(&kept(9.0, 17.0), index);
        // The first of the week is the one after the longest pause.
        let mut of_week: Vec<f64> = begun.iter().map(|at| at % WEEK).collect();
        of_week.sort_by(f64::total_cmp);
        let next = |number: usize| of_week.get(number + 1).copied().unwrap_or(of_week[0] + WEEK);
        let pause = |number: &usize| next(*number) - of_week[*number];
        let mut pauses: Vec<f64> = (0..of_week.len()).map(|number| pause(&number)).collect();
        pauses.sort_by(f64::total_cmp);
        let [.., shorter, longer] = pauses[..] else { panic!("{pauses:?}") };
        // From Thursday 17:00 to Monday 9:00, and from Monday 17:00 to Thursday 9:00; all others lie within eight hours.
        let hours = |span: f64| span / 3600.0;
        assert!((88.0..104.0).contains(&hours(longer)) && (64.0..80.0).contains(&hours(shorter)), "{pauses:?}");
        assert!(hours(WEEK - longer - shorter) <= 16.0);
        phases.push(of_week[0]);
    }
    phases.sort_by(f64::total_cmp);
    assert!(phases.last().unwrap() - phases[0] > 86_400.0, "{phases:?}");
}

/// Validation: as many come as without a calendar, at 99.9 %: with an exponential law a Poisson number but for the ends, of 40 years.
#[test]
fn validation_as_many_come_as_without() {
    for model in [kept(9.0, 17.0), kept(22.0, 4.0)] {
        let count: usize = (0..40).map(|index| begun(&model, index).len()).sum();
        let expected = 40.0 * YEAR.as_secs_f64() / WEEK;
        // At the ends of a replication up to a week more or less is open than the mean of a week.
        assert!((count as f64 - expected).abs() < 3.29 * expected.sqrt() + 40.0_f64.sqrt(), "{count} of {expected}");
    }
}
