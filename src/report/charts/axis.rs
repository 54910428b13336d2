//! Axes: from values to pixels, with ticks at numbers that people use (30 s, 5 min, 1 h).

use crate::report::format;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;
const YEAR: f64 = 365.0 * DAY;

/// Pixels that the label of a tick needs, with its air.
const TICK_ROOM: f64 = 70.0;

/// A mapping of values to pixels, with ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    /// Value and label, ascending.
    pub ticks: Vec<(f64, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    /// Linear, from zero.
    Linear { high: f64 },
    /// Between two moments; 0 is one in between.
    Moments { low: f64, high: f64 },
    /// Equal distances are equal ratios.
    Log { low: f64, high: f64 },
}

/// What the axis counts, which decides where its ticks lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, minutes, hours, days.
    Time,
    /// Plain numbers.
    Number,
}

/// The values that an axis must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Smallest positive value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
}

impl Range {
    /// The range of these values; zeros and negative ones do not count. `None` if nothing is left.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        values.filter(|v| *v > 0.0 && v.is_finite()).fold(None, |range: Option<Self>, v| {
            Some(range.map_or(Self { low: v, high: v }, |r| Self { low: r.low.min(v), high: r.high.max(v) }))
        })
    }

    /// True if a linear axis would press the small values together.
    pub fn is_wide(self) -> bool {
        self.high > 12.0 * self.low
    }
}

impl Axis {
    /// An axis from zero.
    pub fn linear(unit: Unit, high: f64, from: f64, to: f64) -> Self {
        let room = (to - from).abs();
        let high = if high > 0.0 && high.is_finite() { high } else { 1.0 };
        let step = linear_step(unit, high, (room / TICK_ROOM).max(2.0));
        let high = if unit == Unit::Time { high * 1.04 } else { high * 1.06 };
        let ticks = (0..=40).map(|k| f64::from(k) * step).take_while(|v| *v <= high);
        let ticks = ticks.map(|v| (v, label(unit, v))).collect();
        Self { scale: Scale::Linear { high }, from, to, ticks }
    }

    /// From a moment to a later one, both relative to one that matters.
    pub fn moments(low: f64, high: f64, from: f64, to: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = linear_step(Unit::Time, high - low, ((to - from).abs() / TICK_ROOM).max(2.0));
        let signed = |value: f64| match value {
            v if v < 0.0 => format!("−{}", format::tick(-v)),
            v if v > 0.0 => format!("+{}", format::tick(v)),
            _ => "0".to_owned(),
        };
        let first = (low / step).ceil() as i64;
        let ticks = (first..first + 40).map(|k| k as f64 * step).take_while(|v| *v <= high);
        let ticks = ticks.map(|v| (v, signed(v))).collect();
        Self { scale: Scale::Moments { low, high }, from, to, ticks }
    }

    /// A logarithmic axis; values below it lie on its edge.
    pub fn log(unit: Unit, range: Range, from: f64, to: f64) -> Self {
        // A little air at both ends, and never an empty range.
        let high = range.high.clamp(1e-200, 1e200) * 1.15;
        let low = (range.low.clamp(1e-200, 1e200) / 1.15).min(high / 2.0);
        let mut axis = Self { scale: Scale::Log { low, high }, from, to, ticks: Vec::new() };
        let inside = |v: &f64| (low..=high).contains(v);
        let fine: Vec<f64> = log_ladder(unit, low, high, true).into_iter().filter(inside).collect();
        let coarse: Vec<f64> = log_ladder(unit, low, high, false).into_iter().filter(inside).collect();
        // The rounder numbers first, then others where there is room.
        let mut values: Vec<f64> = Vec::new();
        for v in coarse.into_iter().chain(fine) {
            if values.iter().all(|other| (axis.at(*other) - axis.at(v)).abs() >= TICK_ROOM * 0.75) {
                values.push(v);
            }
        }
        // A narrow range has hardly any of them.
        if values.len() < FEWEST_TICKS {
            for v in between(unit).into_iter().filter(inside) {
                if values.iter().all(|other| (axis.at(*other) - axis.at(v)).abs() >= TICK_ROOM * 0.75) {
                    values.push(v);
                }
            }
        }
        values.sort_by(f64::total_cmp);
        axis.ticks = values.into_iter().map(|v| (v, label(unit, v))).collect();
        axis
    }

    /// The pixel of a value; values outside lie on the edge.
    pub fn at(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear { high } => value / high,
            Scale::Moments { low, high } => (value - low) / (high - low),
            Scale::Log { low, high } => (value.max(low).ln() - low.ln()) / (high.ln() - low.ln()),
        };
        self.from + (self.to - self.from) * share.clamp(0.0, 1.0)
    }

    /// True if the value lies inside, and not merely on an edge.
    pub fn holds(&self, value: f64) -> bool {
        match self.scale {
            Scale::Linear { high } => (0.0..=high).contains(&value),
            Scale::Moments { low, high } | Scale::Log { low, high } => (low..=high).contains(&value),
        }
    }

    /// True if equal distances are equal ratios.
    pub fn is_log(&self) -> bool {
        matches!(self.scale, Scale::Log { .. })
    }
}

fn label(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time => format::tick(value),
        Unit::Number => format::significant(value, 3),
    }
}

fn linear_step(unit: Unit, high: f64, ticks: f64) -> f64 {
    let least = high / ticks;
    let of_ten = |unit: f64| {
        let decade = 10f64.powf((least / unit).log10().floor());
        [1.0, 2.0, 5.0, 10.0].map(|m| m * decade * unit).into_iter().find(|s| *s >= least).unwrap_or(least)
    };
    if unit == Unit::Number || least <= 0.5 {
        return of_ten(1.0);
    }
    if least > 10.0 * DAY {
        return of_ten(if high > 3.0 * YEAR { YEAR } else { DAY });
    }
    let round = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0].into_iter();
    let steps = round
        .chain([1.0, 2.0, 5.0, 10.0, 20.0, 30.0].map(|m| m * MINUTE))
        .chain([1.0, 2.0, 3.0, 6.0, 12.0].map(|h| h * HOUR))
        .chain([1.0, 2.0, 5.0, 10.0, 20.0].map(|d| d * DAY));
    steps.into_iter().find(|s| *s >= least).unwrap_or(10.0 * DAY)
}

/// A logarithmic axis with fewer ticks cannot be read.
const FEWEST_TICKS: usize = 4;

/// Candidates between those of the ladder, for narrow ranges.
fn between(unit: Unit) -> Vec<f64> {
    if unit == Unit::Number {
        let of_decade = |e: i32| [2.0, 5.0, 4.0, 7.0].map(|m| m * 10f64.powi(e));
        return (-6..12).flat_map(of_decade).collect();
    }
    let steps = [2.0, 5.0, 4.0, 7.0, 20.0, 40.0, 15.0];
    [1e-3, 1.0, MINUTE]
        .into_iter()
        .flat_map(|unit| steps.map(|step| step * unit))
        .chain([2.0, 5.0].map(|h| h * HOUR))
        .collect()
}

/// Candidates for ticks, ascending.
fn log_ladder(unit: Unit, low: f64, high: f64, fine: bool) -> Vec<f64> {
    let decades = |from: f64, to: f64| {
        let exponents = from.log10().floor() as i32..=to.log10().ceil() as i32;
        let between = if fine { &[1.0, 3.0][..] } else { &[1.0] };
        exponents.flat_map(move |e| between.iter().map(move |m| m * 10f64.powi(e))).collect::<Vec<_>>()
    };
    if unit == Unit::Number {
        return decades(low, high);
    }
    let mut values: Vec<f64> = if low < 1.0 { decades(low, 1.0) } else { Vec::new() };
    values.retain(|v| *v < 0.9);
    values.extend(if fine {
        &[1.0, 3.0, 10.0, 30.0, MINUTE, 3.0 * MINUTE, 10.0 * MINUTE, 30.0 * MINUTE, HOUR, 3.0 * HOUR, 10.0 * HOUR][..]
    } else {
        &[1.0, 10.0, MINUTE, 10.0 * MINUTE, HOUR, 10.0 * HOUR]
    });
    values.extend(if fine {
        &[DAY, 3.0 * DAY, 10.0 * DAY, 30.0 * DAY, 100.0 * DAY, YEAR][..]
    } else {
        &[3.0 * DAY, 30.0 * DAY, YEAR]
    });
    if high > YEAR {
        values.extend(decades(3.0, high / YEAR).into_iter().filter(|v| *v > 1.5).map(|v| v * YEAR));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_spans_that_people_use() {
        assert_eq!(
            labels(&Axis::linear(Unit::Time, 100.0, 0.0, 400.0)),
            ["0", "20 s", "40 s", "1 min", "1 min 20 s", "1 min 40 s"]
        );
        let range = Range { low: 2.0, high: 5_000.0 };
        assert_eq!(
            labels(&Axis::log(Unit::Time, range, 0.0, 700.0)),
            ["3 s", "10 s", "30 s", "1 min", "3 min", "10 min", "30 min", "1 h"]
        );
    }

    #[test]
    fn no_range_breaks_an_axis() {
        for high in [1e-300, 1e-9, 1.0, 1e9, 1e300] {
            for low in [1e-300, high / 3.0, high] {
                for unit in [Unit::Time, Unit::Number] {
                    let axis = Axis::log(unit, Range { low, high }, 0.0, 500.0);
                    assert!(axis.at(high).is_finite() && axis.ticks.len() < 40);
                    let axis = Axis::linear(unit, high, 0.0, 500.0);
                    assert!(axis.at(high).is_finite() && axis.ticks.len() < 45);
                }
            }
        }
    }
}
