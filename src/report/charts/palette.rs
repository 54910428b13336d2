//! Colours that colour-blind readers tell apart: Okabe and Ito, "Color Universal Design" (2008).

use crate::history::Phase;

/// Red, green, blue and opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour(pub u8, pub u8, pub u8, pub f64);

impl Colour {
    /// The same colour, more transparent.
    pub const fn faint(self, opacity: f64) -> Self {
        Self(self.0, self.1, self.2, opacity)
    }

    /// True if white text reads better on it than black.
    pub fn is_dark(self) -> bool {
        let luminance = 0.299 * f64::from(self.0) + 0.587 * f64::from(self.1) + 0.114 * f64::from(self.2);
        luminance < 140.0
    }
}

/// The paper.
pub const PAPER: Colour = Colour(255, 255, 255, 1.0);
/// Text and axes.
pub const INK: Colour = Colour(33, 37, 41, 1.0);
/// Text on a light fill, which stays dark where a dark page turns the ink light.
pub const ON_LIGHT: Colour = Colour(32, 36, 40, 1.0);
/// Secondary text.
pub const GREY: Colour = Colour(95, 102, 110, 1.0);
/// Lines of the grid.
pub const GRID: Colour = Colour(226, 229, 233, 1.0);
/// Bands behind rows.
pub const BAND: Colour = Colour(246, 247, 249, 1.0);

/// Okabe–Ito.
pub const ORANGE: Colour = Colour(230, 159, 0, 1.0);
/// Okabe–Ito.
pub const SKY: Colour = Colour(86, 180, 233, 1.0);
/// Okabe–Ito.
pub const GREEN: Colour = Colour(0, 158, 115, 1.0);
/// Okabe–Ito.
pub const YELLOW: Colour = Colour(240, 228, 66, 1.0);
/// Okabe–Ito.
pub const BLUE: Colour = Colour(0, 114, 178, 1.0);
/// Okabe–Ito.
pub const VERMILION: Colour = Colour(213, 94, 0, 1.0);
/// Okabe–Ito.
pub const PURPLE: Colour = Colour(204, 121, 167, 1.0);
/// Beside Okabe–Ito's seven, told from them by its lightness.
pub const SLATE: Colour = Colour(140, 146, 153, 1.0);
/// Okabe–Ito's black, softened.
pub const BLACK: Colour = Colour(51, 51, 51, 1.0);

/// For lines and points, the strongest contrasts first. Yellow is too light for a thin line.
pub const SERIES: [Colour; 8] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, SLATE];

/// The colour of a phase of a recovery; neighbours differ in hue and lightness.
pub const fn of_phase(phase: Phase) -> Colour {
    match phase {
        Phase::Detect => VERMILION,
        Phase::LeaveRotation => ORANGE,
        Phase::Decide => YELLOW,
        Phase::Terminate => PURPLE,
        Phase::BackOff => SLATE,
        Phase::Reschedule => BLUE,
        Phase::Start => SKY,
        Phase::BecomeReady => GREEN,
        Phase::EnterRotation => BLACK,
    }
}

/// One hue from light to dark, each step as far from the next to the eye: Brewer's Blues, for downtime.
pub const BLUES: [Colour; 9] = [
    Colour(247, 251, 255, 1.0),
    Colour(222, 235, 247, 1.0),
    Colour(198, 219, 239, 1.0),
    Colour(158, 202, 225, 1.0),
    Colour(107, 174, 214, 1.0),
    Colour(66, 146, 198, 1.0),
    Colour(33, 113, 181, 1.0),
    Colour(8, 81, 156, 1.0),
    Colour(8, 48, 107, 1.0),
];
/// Brewer's Oranges, for failed requests.
pub const ORANGES: [Colour; 9] = [
    Colour(255, 245, 235, 1.0),
    Colour(254, 230, 206, 1.0),
    Colour(253, 208, 162, 1.0),
    Colour(253, 174, 107, 1.0),
    Colour(253, 141, 60, 1.0),
    Colour(241, 105, 19, 1.0),
    Colour(217, 72, 1, 1.0),
    Colour(166, 54, 3, 1.0),
    Colour(127, 39, 4, 1.0),
];

/// The colour at a share of the way from the first stop to the last.
pub fn ramp(stops: &[Colour; 9], share: f64) -> Colour {
    let at = share.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
    let i = (at as usize).min(stops.len() - 2);
    let (from, to, part) = (stops[i], stops[i + 1], at - i as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
    Colour(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2), 1.0)
}
