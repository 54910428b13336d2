//! Stacked bars: the parts of something, one colour per phase of a recovery.

use super::axis::Axis;
use super::font;
use super::frame::SMALL;
use super::palette::{self, Colour, ON_LIGHT, PAPER};
use super::picture::{Anchor, Picture};
use crate::report::human;
use crate::report::merged::{PHASES, phase_name};

/// Height of a bar.
pub const BAR: f64 = 18.0;

/// The colour of a phase; one that this version does not know looks like the last.
pub fn colour(phase: &str) -> Colour {
    let at = PHASES.iter().position(|name| *name == phase).unwrap_or(PHASES.len() - 1);
    palette::PHASES[at]
}

/// Legend entries for the phases among these that occur, in their order.
pub fn legend(present: &[&str]) -> Vec<(Colour, String)> {
    let occurs = |phase: &&str| present.contains(phase);
    PHASES.iter().copied().filter(occurs).map(|phase| (colour(phase), phase_name(phase))).collect()
}

/// A bar of (phase, seconds) from the axis' zero around `middle`. Seconds are written where they fit. `of` is whose parts they
/// are. Returns its end.
pub fn stacked(picture: &mut Picture, axis: &Axis, middle: f64, of: &str, parts: &[(&str, f64)]) -> f64 {
    let mut sum = 0.0;
    for &(phase, secs) in parts.iter().filter(|(_, secs)| *secs > 0.0) {
        let (from, to) = (axis.at(sum), axis.at(sum + secs));
        sum += secs;
        let words = format!("{of}, {}: {}", phase_name(phase), human::in_full(secs));
        picture.datum(&phase_name(phase), words, |picture| part(picture, (from, to), middle, colour(phase), secs));
    }
    axis.at(sum)
}

fn part(picture: &mut Picture, (from, to): (f64, f64), middle: f64, fill: Colour, secs: f64) {
    picture.rectangle(from, middle - BAR / 2.0, to - from, BAR, fill);
    // A hair of paper tells neighbours apart in print.
    if to - from > 3.0 {
        picture.line(vec![(to, middle - BAR / 2.0), (to, middle + BAR / 2.0)], 0.75, PAPER);
    }
    let text = human::duration(secs);
    if font::width(&text, SMALL.size, false) + 8.0 < to - from {
        let ink = if fill.is_dark() { PAPER } else { ON_LIGHT };
        picture.text(f64::midpoint(from, to), middle + 4.0, Anchor::Middle, SMALL.coloured(ink), text);
    }
}
