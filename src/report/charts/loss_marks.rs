//! What is lost, as a mark with its interval: a disc for downtime, a diamond for failed requests, an arrow to the left for a bound.

use super::axis::{Axis, Range, Unit};
use super::palette::{BLUE, Colour, PAPER, VERMILION};
use super::picture::Picture;
use crate::report::loss;
use crate::results::Estimate;
use crate::study::Metric;

/// An SLO is drawn up to so many times what is lost.
const NEAR: f64 = 4.0;

/// How a metric looks.
pub struct Look {
    /// What it is called.
    pub name: &'static str,
    /// Its colour.
    pub colour: Colour,
    /// The shape of its mark.
    pub shape: Shape,
}

impl Look {
    /// That of downtime or of failed requests.
    pub fn of(metric: Metric) -> Self {
        if metric == Metric::FailedRequests {
            Self { name: loss::words_of(metric), colour: VERMILION, shape: diamond }
        } else {
            Self { name: loss::words_of(metric), colour: BLUE, shape: disc }
        }
    }
}

/// Draws a mark in a colour around a point, of a radius.
pub type Shape = fn(&mut Picture, (f64, f64), f64, Colour);

/// Downtime.
pub fn disc(picture: &mut Picture, at: (f64, f64), radius: f64, colour: Colour) {
    picture.disc(at, radius, colour);
}

/// Failed requests.
fn diamond(picture: &mut Picture, (x, y): (f64, f64), radius: f64, colour: Colour) {
    let r = radius * 1.2;
    picture.area(vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)], colour);
}

/// A value with its interval, in the shape of its metric.
pub fn mark(picture: &mut Picture, axis: &Axis, e: &Estimate, y: f64, colour: Colour, metric: Metric) {
    interval(picture, axis, e, y, colour, Look::of(metric).shape);
}

/// A value with its interval, or an open mark with an arrow to the left for a bound.
pub fn interval(picture: &mut Picture, axis: &Axis, e: &Estimate, y: f64, colour: Colour, shape: Shape) {
    if e.bound {
        arrow(picture, axis.at(e.high), y, colour, shape);
        return;
    }
    let (low, high) = (axis.at(e.low), axis.at(e.high));
    picture.line(vec![(low, y), (high, y)], 1.6, colour);
    for (value, end) in [(e.low, low), (e.high, high)] {
        if axis.holds(value) && high - low > 10.0 {
            picture.line(vec![(end, y - 3.0), (end, y + 3.0)], 1.6, colour);
        }
    }
    if !axis.holds(e.low) {
        // The interval goes on below the axis.
        picture.area(vec![(low - 4.0, y), (low + 3.0, y - 3.2), (low + 3.0, y + 3.2)], colour);
    }
    shape(picture, (axis.at(e.mean), y), 4.0, colour);
}

/// An open mark at `x`, and from it an arrow to the left: the value lies there.
pub fn arrow(picture: &mut Picture, x: f64, y: f64, colour: Colour, shape: Shape) {
    let tip = x - 20.0;
    picture.line(vec![(x, y), (tip + 4.0, y)], 1.4, colour);
    picture.area(vec![(tip, y), (tip + 6.0, y - 3.2), (tip + 6.0, y + 3.2)], colour);
    shape(picture, (x, y), 4.2, colour);
    shape(picture, (x, y), 2.6, PAPER);
}

/// An axis for these values, with the ends of their intervals as far as they do not squeeze the values, and with another one if it is
/// near.
pub fn spanning(all: &[Estimate], near: Option<f64>, left: f64, right: f64) -> Axis {
    let value = |e: &Estimate| if e.bound { e.high } else { e.mean };
    let values = Range::of(all.iter().map(value)).unwrap_or(Range { low: 1.0, high: 60.0 });
    let lows = all.iter().map(|e| e.low).filter(|low| *low > values.low / 4.0);
    let mut range =
        Range::of(lows.chain(all.iter().map(|e| e.high)).chain([values.low, values.high])).unwrap_or(values);
    // An SLO far from all of them would press them together: it is told in words.
    if let Some(near) = near.filter(|a| *a < range.high * NEAR && *a > range.low / NEAR) {
        range = Range { low: range.low.min(near), high: range.high.max(near) };
    }
    if range.is_wide() {
        // Bounds are drawn as arrows to the left: leave them their length.
        Axis::log(Unit::Time, Range { low: range.low / 1.3, ..range }, left, right)
    } else {
        Axis::linear(Unit::Time, range.high, left, right)
    }
}
