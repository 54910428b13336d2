//! Colours that colour-blind readers tell apart, after Okabe and Ito, "Color Universal Design" (2008): their hues, darkened until a
//! mark stands out from white paper (a contrast of 3 to 1, WCAG 2.2, 1.4.11) and words do (4.5 to 1, 1.4.3); and for each the colour
//! that it has on a dark page, where the same holds.

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
        contrast(self, PAPER) > contrast(self, ON_LIGHT)
    }

    /// As CSS has it: `#0072B2`.
    pub fn hex(self) -> String {
        let Self(red, green, blue, _) = self;
        format!("#{red:02X}{green:02X}{blue:02X}")
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |part: u8| match f64::from(part) / 255.0 {
            low if low <= 0.040_45 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        };
        0.212_6 * linear(self.0) + 0.715_2 * linear(self.1) + 0.072_2 * linear(self.2)
    }
}

/// How far two colours stand apart, from 1 to 21 (WCAG 2.2).
fn contrast(one: Colour, other: Colour) -> f64 {
    let (a, b) = (one.luminance(), other.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
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

/// Text on a heat map, on its light cells.
pub const ON_RAMP: Colour = Colour(0, 0, 0, 1.0);
/// Behind what misses a target.
pub const MISSED: Colour = Colour(253, 243, 238, 1.0);

/// Okabe–Ito, darkened.
pub const ORANGE: Colour = Colour(200, 128, 0, 1.0);
/// Okabe–Ito, darkened.
pub const SKY: Colour = Colour(56, 150, 212, 1.0);
/// Okabe–Ito, so much darkened that its lightness tells it from vermilion.
pub const GREEN: Colour = Colour(0, 96, 66, 1.0);
/// Okabe–Ito's yellow, so much darkened that its lightness tells it from orange.
pub const OLIVE: Colour = Colour(112, 98, 0, 1.0);
/// Okabe–Ito.
pub const BLUE: Colour = Colour(0, 114, 178, 1.0);
/// Okabe–Ito, darkened.
pub const VERMILION: Colour = Colour(190, 76, 0, 1.0);
/// Okabe–Ito, darkened.
pub const PURPLE: Colour = Colour(170, 80, 135, 1.0);
/// Beside Okabe–Ito's seven, told from them by its greyness.
pub const SLATE: Colour = Colour(112, 118, 125, 1.0);
/// Okabe–Ito's black, softened.
pub const BLACK: Colour = Colour(51, 51, 51, 1.0);

/// Beside them, for what only requests have: told from vermilion by its lightness.
pub const CRIMSON: Colour = Colour(140, 16, 60, 1.0);
const CRIMSON_ON_DARK: Colour = Colour(245, 130, 160, 1.0);

/// What each colour becomes on a dark page.
const DARK: [(Colour, Colour); 17] = [
    (PAPER, Colour(22, 22, 22, 1.0)),
    (INK, Colour(230, 232, 234, 1.0)),
    (GREY, Colour(163, 171, 179, 1.0)),
    (GRID, Colour(53, 59, 65, 1.0)),
    (BAND, Colour(32, 34, 36, 1.0)),
    (MISSED, Colour(54, 36, 26, 1.0)),
    (ON_RAMP, Colour(255, 255, 255, 1.0)),
    // Fills become light, so that the words on them are dark.
    (ON_LIGHT, ON_LIGHT),
    (ORANGE, Colour(240, 175, 60, 1.0)),
    (SKY, Colour(140, 205, 245, 1.0)),
    (GREEN, Colour(79, 199, 157, 1.0)),
    (OLIVE, Colour(240, 228, 110, 1.0)),
    (BLUE, Colour(90, 165, 225, 1.0)),
    (VERMILION, Colour(232, 106, 56, 1.0)),
    (PURPLE, Colour(225, 150, 195, 1.0)),
    (SLATE, Colour(150, 157, 165, 1.0)),
    (BLACK, Colour(215, 218, 221, 1.0)),
];

/// A rule of CSS for every colour, whose value follows the page: of a ramp the other end is the strongest on a dark page.
pub fn css(has_requests: bool) -> String {
    let mut pairs: Vec<(Colour, Colour)> = DARK.to_vec();
    for stops in [&BLUES, &ORANGES] {
        pairs.extend((0..=STEPS).map(|step| (step_of(stops, step), step_of(stops, on_dark(stops, step)))));
    }
    if has_requests {
        pairs.push((CRIMSON, CRIMSON_ON_DARK));
    }
    let rules = pairs.iter().enumerate().map(|(n, (light, _))| {
        let hex = light.hex();
        format!("svg [fill=\"{hex}\"]{{fill:var(--m{n})}}svg [stroke=\"{hex}\"]{{stroke:var(--m{n})}}\n")
    });
    let variables = |of: &dyn Fn(&(Colour, Colour)) -> Colour| -> String {
        let all: Vec<String> =
            pairs.iter().enumerate().map(|(n, pair)| format!("--m{n}:{};", of(pair).hex())).collect();
        all.concat()
    };
    let (light, dark) = (variables(&|pair| pair.0), variables(&|pair| pair.1));
    format!(
        "{}:root{{{light}}}\n:root[data-theme=\"dark\"]{{{dark}}}\n\
         @media (prefers-color-scheme: dark){{:root:not([data-theme=\"light\"]){{{dark}}}}}\n\
         @media print{{:root,:root[data-theme=\"dark\"],:root:not([data-theme=\"light\"]){{{light}}}}}\n",
        rules.collect::<String>()
    )
}

/// What is written with on a cell of a heat map.
pub fn ink_on(fill: Colour) -> Colour {
    if contrast(fill, PAPER) > contrast(fill, ON_RAMP) { PAPER } else { ON_RAMP }
}

/// For lines and points, the strongest contrasts first. The others are for areas.
pub const SERIES: [Colour; 8] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, SLATE];

/// The colour of a phase of a recovery; neighbours differ in hue and lightness.
pub const fn of_phase(phase: Phase) -> Colour {
    match phase {
        Phase::Detect => VERMILION,
        Phase::LeaveRotation => ORANGE,
        Phase::Decide => OLIVE,
        Phase::Terminate => PURPLE,
        Phase::BackOff => SLATE,
        Phase::Reschedule => BLUE,
        Phase::Start => SKY,
        Phase::BecomeReady => GREEN,
        Phase::EnterRotation => BLACK,
        Phase::Backlog => CRIMSON,
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

/// A ramp has so many steps: the eye tells no more apart.
const STEPS: u32 = 32;

/// The colour at a share of the way from the first stop to the last, to the nearest step.
pub fn ramp(stops: &[Colour; 9], share: f64) -> Colour {
    step_of(stops, (share.clamp(0.0, 1.0) * f64::from(STEPS)).round() as u32)
}

fn step_of(stops: &[Colour; 9], step: u32) -> Colour {
    let at = f64::from(step) / f64::from(STEPS) * (stops.len() - 1) as f64;
    let i = (at as usize).min(stops.len() - 2);
    let (from, to, part) = (stops[i], stops[i + 1], at - i as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
    Colour(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2), 1.0)
}

/// The step that stands for a step on a dark page: from the other end, and so that what is written on it in white there is written in
/// the dark colour of the page here.
fn on_dark(stops: &[Colour; 9], step: u32) -> u32 {
    let (white, black) = (DARK[6].1, DARK[0].1);
    // The first that has white words on a light page, and the first that has them on a dark one.
    let switch = (0..=STEPS).find(|step| ink_on(step_of(stops, *step)) == PAPER).unwrap_or(STEPS);
    let is_dark = |step: u32| contrast(step_of(stops, step), white) > contrast(step_of(stops, step), black);
    let dark = (0..=STEPS).find(|step| is_dark(*step)).unwrap_or(STEPS);
    if step < switch {
        STEPS - (STEPS - dark) * step / switch.saturating_sub(1).max(1)
    } else {
        dark.saturating_sub(1) * (STEPS - step) / (STEPS - switch).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colours of marks.
    const MARKS: [Colour; 10] = [ORANGE, SKY, GREEN, OLIVE, BLUE, VERMILION, PURPLE, SLATE, BLACK, CRIMSON];

    fn in_dark(colour: Colour) -> Colour {
        let pairs = DARK.iter().chain(&[(CRIMSON, CRIMSON_ON_DARK)]);
        pairs.clone().find(|(light, _)| *light == colour).unwrap().1
    }

    /// Rule: marks stand out from the paper, words are read on it, and words are read on marks, on light and on dark pages.
    #[test]
    fn contrasts_are_enough() {
        let words = [INK, GREY, BLUE, GREEN, VERMILION, PURPLE];
        for (theme, of) in [("light", &(|colour| colour) as &dyn Fn(Colour) -> Colour), ("dark", &in_dark)] {
            let paper = of(PAPER);
            for mark in MARKS {
                let ink = if mark.is_dark() { PAPER } else { ON_LIGHT };
                let (apart, read) = (contrast(of(mark), paper), contrast(of(mark), of(ink)));
                assert!(apart >= 3.0, "{theme}: {mark:?} on paper: {apart}");
                assert!(read >= 4.5, "{theme}: words on {mark:?}: {read}");
            }
            for colour in words {
                let read = contrast(of(colour), paper);
                assert!(read >= 4.5, "{theme}: {colour:?} on paper: {read}");
                assert!(contrast(of(colour), of(BAND)) >= 4.5, "{theme}: {colour:?} on a band");
            }
        }
    }

    /// Rule: what is well and what is not differ in lightness, for readers who cannot tell red from green, on light and on dark pages.
    #[test]
    fn success_and_failure_differ_in_luminance() {
        for (theme, of) in [("light", &(|colour| colour) as &dyn Fn(Colour) -> Colour), ("dark", &in_dark)] {
            let ratio = of(GREEN).luminance() / of(VERMILION).luminance();
            assert!(ratio.max(1.0 / ratio) >= 1.5, "{theme}: {ratio}");
        }
    }

    /// Rule: the number in a cell of a heat map is read on every step of its ramp, on light and on dark pages.
    #[test]
    fn numbers_are_read_on_every_step_of_a_ramp() {
        for stops in [&BLUES, &ORANGES] {
            for step in 0..=STEPS {
                let (fill, on_dark_page) = (step_of(stops, step), step_of(stops, on_dark(stops, step)));
                let ink = ink_on(fill);
                assert!(contrast(fill, ink) >= 4.5, "{fill:?}");
                assert!(contrast(on_dark_page, in_dark(ink)) >= 4.2, "{on_dark_page:?}");
            }
        }
    }

    /// Property: no two colours of a page are the same, or a rule would change both.
    #[test]
    fn every_colour_has_one_rule() {
        let css = css(true);
        for (light, _) in DARK.into_iter().chain([(CRIMSON, CRIMSON_ON_DARK)]) {
            assert_eq!(css.matches(&format!("[fill=\"{}\"]", light.hex())).count(), 1, "{light:?}");
        }
    }
}
