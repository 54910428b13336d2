//! Stacked bars: the parts of something, one colour per phase of a recovery.

use super::axis::Axis;
use super::font;
use super::frame::SMALL;
use super::palette::{self, BLACK, Colour, ON_LIGHT, PAPER};
use super::picture::{Anchor, Picture};
use crate::history::Phase;
use crate::report::format;

/// Height of a bar.
pub const BAR: f64 = 18.0;

/// Legend entries for the phases among these that occur, in their order.
pub fn legend(present: &[Phase]) -> Vec<(Colour, String)> {
    let occurring = Phase::ALL.into_iter().filter(|phase| present.contains(phase));
    occurring.map(|phase| (palette::of_phase(phase), phase.in_words())).collect()
}

/// The colour of what is no recovery, and so has no phase.
pub const NO_PHASE: (Colour, &str) = (BLACK, "no phase: too many requests");

/// A bar of (phase, seconds), or of what has no phase, from the axis' zero around `middle`. Seconds are written where they fit. `of` is whose parts they
/// are. Returns its end.
pub fn stacked(picture: &mut Picture, axis: &Axis, middle: f64, of: &str, parts: &[(Option<Phase>, f64)]) -> f64 {
    let mut sum = 0.0;
    for &(phase, secs) in parts.iter().filter(|(_, secs)| *secs > 0.0) {
        let (from, to) = (axis.at(sum), axis.at(sum + secs));
        sum += secs;
        let (colour, name) = match phase {
            Some(phase) => (palette::of_phase(phase), phase.in_words()),
            None => (NO_PHASE.0, NO_PHASE.1.to_owned()),
        };
        let words = format!("{of}, {name}: {}", format::in_full(secs));
        picture.datum(&name, words, |picture| part(picture, (from, to), middle, colour, secs));
    }
    axis.at(sum)
}

fn part(picture: &mut Picture, (from, to): (f64, f64), middle: f64, fill: Colour, secs: f64) {
    picture.rectangle(from, middle - BAR / 2.0, to - from, BAR, fill);
    // A hair of paper tells neighbours apart in print.
    if to - from > 3.0 {
        picture.line(vec![(to, middle - BAR / 2.0), (to, middle + BAR / 2.0)], 0.75, PAPER);
    }
    let text = format::duration(secs);
    if font::width(&text, SMALL.size, false) + 8.0 < to - from {
        let ink = if fill.is_dark() { PAPER } else { ON_LIGHT };
        picture.text(f64::midpoint(from, to), middle + 4.0, Anchor::Middle, SMALL.coloured(ink), text);
    }
}
