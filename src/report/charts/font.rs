//! The embedded font: how wide a text is, and its pixels. No system font is asked.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

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

/// Calls `pixel(x, y, coverage)` for every pixel that a text touches, with its baseline's left end at `(x, y)`.
pub fn rasterise(text: &str, em: f64, bold: bool, at: (f64, f64), mut pixel: impl FnMut(i32, i32, f64)) {
    let face = face(bold);
    let scale = scale(face, em);
    let scaled = face.as_scaled(scale);
    let mut x = at.0 as f32;
    for c in text.chars() {
        let id = face.glyph_id(c);
        let glyph = id.with_scale_and_position(scale, point(x, at.1 as f32));
        if let Some(outline) = face.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| {
                pixel(
                    corner.x as i32 + dx.cast_signed(),
                    corner.y as i32 + dy.cast_signed(),
                    f64::from(coverage.clamp(0.0, 1.0)),
                );
            });
        }
        x += scaled.h_advance(id);
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

/// The text on as many lines as it needs to be no wider than `max` pixels; breaks at spaces.
pub fn wrap(text: &str, em: f64, bold: bool, max: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if !line.is_empty() && width(&longer, em, bold) > max {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
        } else {
            line = longer;
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| fit(&line, em, bold, max)).collect()
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
