//! `precision`: whether a scenario is known well enough.

use crate::experiment::tally::Summary;
use crate::model::YEAR;
use crate::stats::{Interval, amounts, counts, most_events, rests_on_few, twelve_digits};
use crate::study::{Form, HalfWidth, Precision};
use crate::time::Duration;

/// How well a scenario is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reached {
    /// Half the width of the interval, in the unit of what is asked for; `None` of nothing.
    half_width: Option<f64>,
    /// Replications in which something was lost.
    with_loss: u64,
    /// So few outages carry the sum that the width of its interval is chance.
    rests_on_few: bool,
}

impl Reached {
    /// What a scenario has reached of the precision that is asked for; where nothing was lost, it may still be this share.
    pub fn by(summary: &Summary, horizon: Duration, most_lost: f64, precision: &Precision, confidence: f64) -> Self {
        let year = YEAR.as_secs_f64() / horizon.as_secs_f64();
        let micros = 1e6 * horizon.as_secs_f64();
        let definition = precision.metric.definition();
        let moments = &summary.totals[definition.quantity].moments;
        // One replication's moments to the unit of the metric.
        let unit = match definition.form {
            Form::ShareKept => 1.0 / micros,
            Form::SecondsPerYear => year / 1e6,
            Form::EventsPerYear => year,
        };
        let is_count = !definition.quantity.is_time();
        let seen = if is_count { counts(moments, confidence) } else { amounts(moments, confidence) };
        let half = |interval: Interval| (interval.high - interval.low) / 2.0;
        let half_width = match precision.half_width {
            HalfWidth::Relative(_) => seen.map(|interval| half(interval) / moments.mean()),
            HalfWidth::Absolute(_) => Some(
                unit * seen.map_or_else(
                    || {
                        let events = most_events(confidence) / summary.replications as f64;
                        if is_count { events / 2.0 } else { micros * most_lost / 2.0 }
                    },
                    half,
                ),
            ),
        };
        Self { half_width, with_loss: moments.nonzero(), rests_on_few: rests_on_few(moments) }
    }

    /// Whether that is enough. A bound, where nothing was lost, assumes nothing and is believed as it is.
    pub fn is_enough(&self, precision: &Precision) -> bool {
        let (HalfWidth::Relative(asked) | HalfWidth::Absolute(asked)) = precision.half_width;
        self.half_width.is_some_and(|half| half <= asked)
            && (self.with_loss == 0 || self.with_loss >= precision.min_with_loss && !self.rests_on_few)
    }

    /// In words: `±7.1 %`, `nothing seen`, `±2.1 %, but something was lost in 7 replications only`, `±18 %, but it rests on few
    /// long outages`.
    pub fn words(&self, precision: &Precision) -> String {
        let (HalfWidth::Relative(asked) | HalfWidth::Absolute(asked)) = precision.half_width;
        match self.half_width {
            None => "nothing seen".to_owned(),
            Some(half) if half > asked => format!("±{}", amount(half, precision)),
            Some(half) if self.with_loss >= precision.min_with_loss => {
                format!("±{}, but it rests on few outages", amount(half, precision))
            }
            Some(half) => {
                let seen = self.with_loss;
                format!("±{}, but something was lost in {seen} replications only", amount(half, precision))
            }
        }
    }
}

/// What is asked for, in words: `±5 % of the downtime`, `±30 s of the downtime a year`.
pub fn asked(precision: &Precision) -> String {
    let (HalfWidth::Relative(asked) | HalfWidth::Absolute(asked)) = precision.half_width;
    let (amount, lost) = (amount(asked, precision), precision.metric.definition().lost);
    match precision.half_width {
        HalfWidth::Absolute(_) if !precision.metric.is_share() => format!("±{amount} of {lost} a year"),
        HalfWidth::Absolute(_) => format!("±{amount} of all in {lost}"),
        HalfWidth::Relative(_) => format!("±{amount} of {lost}"),
    }
}

fn amount(half: f64, precision: &Precision) -> String {
    let is_share = precision.metric.is_share() || matches!(precision.half_width, HalfWidth::Relative(_));
    let digits = |value: f64| twelve_digits(format!("{value:.2e}").parse().unwrap_or(value));
    match precision.metric.definition().form {
        _ if is_share => format!("{} %", digits(100.0 * half)),
        Form::EventsPerYear => digits(half).to_string(),
        Form::ShareKept | Form::SecondsPerYear => format!("{} s", digits(half)),
    }
}
