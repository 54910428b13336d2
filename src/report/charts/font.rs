//! The embedded font: how wide a text is, and its pixels. No system font is asked.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

use crate::report::units;

/// What an SVG asks its viewer for: the embedded font, then one of the same widths.
pub const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| FontRef::try_from_slice(dejavu::sans::regular()).expect("the embedded font is sound"));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| FontRef::try_from_slice(dejavu::sans::bold()).expect("the embedded font is sound"));

fn face(bold: bool) -> &'static FontRef<'static> {
    if bold { &BOLD } else { &REGULAR }
}

/// The scale at which an em is so many pixels.
fn scale(face: &FontRef<'static>, em: f64) -> PxScale {
    let units_per_em = face.units_per_em().unwrap_or(2048.0);
    PxScale::from(em as f32 * face.height_unscaled() / units_per_em)
}

/// Width of a text whose em is `em` pixels.
pub fn width(text: &str, em: f64, bold: bool) -> f64 {
    let face = face(bold);
    let scaled = face.as_scaled(scale(face, em));
    f64::from(text.chars().map(|c| scaled.h_advance(face.glyph_id(c))).sum::<f32>())
}

/// Letters as pixels. What was rasterised once, at one size and one quarter of a pixel, is not rasterised again.
#[derive(Debug, Default)]
pub struct Glyphs(BTreeMap<GlyphKey, Glyph>);

/// Character, bits of the em, bold, and on which quarter of a pixel it begins.
type GlyphKey = (char, u64, bool, u8);

/// How much of each pixel a letter covers, of 255, row by row.
#[derive(Debug)]
struct Glyph {
    left: i32,
    top: i32,
    width: usize,
    coverage: Vec<u8>,
}

impl Glyphs {
    /// Calls `pixel(x, y, coverage)` for every pixel that a text touches, with its baseline's left end at `(x, y)`. Baselines
    /// lie between two rows of pixels, which keeps letters sharp.
    pub fn rasterise(
        &mut self,
        text: &str,
        em: f64,
        bold: bool,
        (x, y): (f64, f64),
        mut pixel: impl FnMut(i32, i32, u8),
    ) {
        let face = face(bold);
        let scaled = face.as_scaled(scale(face, em));
        let (mut x, baseline) = (x as f32, y.round() as i32);
        for c in text.chars() {
            let quarters = (x * 4.0).round() as i32;
            let quarter = quarters.rem_euclid(4) as u8;
            let glyph =
                self.0.entry((c, em.to_bits(), bold, quarter)).or_insert_with(|| Glyph::new(face, em, c, quarter));
            let (left, top) = (quarters.div_euclid(4) + glyph.left, baseline + glyph.top);
            for (row, coverage) in (top..).zip(glyph.coverage.chunks_exact(glyph.width)) {
                (left..).zip(coverage).filter(|(_, coverage)| **coverage > 0).for_each(|(x, c)| pixel(x, row, *c));
            }
            x += scaled.h_advance(face.glyph_id(c));
        }
    }
}

impl Glyph {
    fn new(face: &FontRef<'static>, em: f64, c: char, quarter: u8) -> Self {
        let glyph = face.glyph_id(c).with_scale_and_position(scale(face, em), point(f32::from(quarter) / 4.0, 0.0));
        let Some(outline) = face.outline_glyph(glyph) else {
            // A space.
            return Self { left: 0, top: 0, width: 1, coverage: Vec::new() };
        };
        let bounds = outline.px_bounds();
        let width = bounds.width() as usize;
        let mut coverage = vec![0; width * bounds.height() as usize];
        outline.draw(|x, y, share| {
            coverage[y as usize * width + x as usize] = (share.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        });
        Self { left: bounds.min.x as i32, top: bounds.min.y as i32, width: width.max(1), coverage }
    }
}

/// The text, its end replaced by `…` if it is wider than `max` pixels.
pub fn fit(text: &str, em: f64, bold: bool, max: f64) -> String {
    if width(text, em, bold) <= max {
        return text.to_owned();
    }
    let mut short: Vec<char> = text.chars().collect();
    while short.pop().is_some() {
        let candidate: String = short.iter().chain(&['…']).collect();
        if width(&candidate, em, bold) <= max {
            return candidate;
        }
    }
    String::new()
}

/// The text on as many lines as it needs to be no wider than `max` pixels; breaks at spaces, and not between a number and its unit.
pub fn wrap(text: &str, em: f64, bold: bool, max: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in units::kept(text) {
        let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
        if !line.is_empty() && width(&longer, em, bold) > max {
            lines.push(std::mem::replace(&mut line, word));
        } else {
            line = longer;
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| fit(&line, em, bold, max)).collect()
}

/// The same on lines of about one length: no word stands alone on the last.
pub fn wrap_evenly(text: &str, em: f64, bold: bool, max: f64) -> Vec<String> {
    let lines = wrap(text, em, bold, max);
    let narrower = (1..=STEPS).map(|step| wrap(text, em, bold, max * (1.0 - f64::from(step) / f64::from(2 * STEPS))));
    narrower.take_while(|other| other.len() == lines.len() && !is_cut(other)).last().unwrap_or(lines)
}

/// Down to half of the width.
const STEPS: u32 = 25;

fn is_cut(lines: &[String]) -> bool {
    lines.iter().any(|line| line.ends_with('…'))
}

/// At most so many lines, the last of them cut if there were more.
pub fn wrap_lines(text: &str, em: f64, bold: bool, max: f64, lines: usize) -> Vec<String> {
    let mut wrapped = wrap(text, em, bold, max);
    if wrapped.len() > lines {
        let rest = wrapped.split_off(lines - 1).join(" ");
        wrapped.push(fit(&rest, em, bold, max));
    }
    wrapped
}

/// A key on one line if it fits, else a line for each of its parts.
pub fn wrap_key(key: &str, em: f64, bold: bool, max: f64) -> Vec<String> {
    if width(key, em, bold) <= max {
        return vec![key.to_owned()];
    }
    key.split('.').map(|part| fit(part, em, bold, max)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_says_so() {
        assert_eq!(fit("short", 12.0, false, 100.0), "short");
        let cut = fit("a name that is much too long for its place", 12.0, false, 100.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0, false) <= 100.0, "{cut}");
    }

    #[test]
    fn lines_break_at_spaces() {
        let lines = wrap("one two three four five six", 12.0, false, 70.0);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), "one two three four five six");
    }
}
