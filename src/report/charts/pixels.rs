//! The back-end that paints pixels, and their file: PNG, two pixels for one of the drawing.
//!
//! tiny-skia fills areas and strokes lines with smooth edges; letters are measured and rasterised by the embedded font.

use std::convert::Infallible;
use std::io::Write as _;

use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};
use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Stroke, Transform};

use super::font::Glyphs;
use super::paint::{Canvas, PARTS, draw};
use super::palette::{Colour, PAPER};
use super::picture::{Mark, Picture, Role, Text};

/// Pixels for one of the drawing.
const SCALE: u32 = 2;

/// Rows of the drawing that are painted at once: they stay in the cache of a processor.
const STRIP: u32 = 128;

/// The picture as PNG. However high it is, only a strip of it is in memory before it is packed.
///
/// # Panics
/// Never: a bitmap in memory takes every mark.
pub fn png(picture: &Picture) -> Vec<u8> {
    in_strips(picture, STRIP)
}

fn in_strips(picture: &Picture, strip: u32) -> Vec<u8> {
    // A picture without a size is painted as one pixel of the drawing.
    let width = SCALE * (picture.width.ceil() as u32).max(1);
    let height = SCALE * (picture.height.ceil() as u32).max(1);
    let reaches: Vec<(f64, f64)> = picture.marks.iter().map(reach).collect();
    let mut rows = Vec::new();
    let pixels =
        Pixmap::new(width, (SCALE * strip).min(height)).expect("a chart is some pixels wide, and a strip is low");
    let mut canvas = Bitmap { pixels, top: 0, glyphs: Glyphs::default() };
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Made for pictures with large areas of one colour: a tenth of the time of deflate at its default, a quarter larger.
    encoder.set_deflate_compression(png::DeflateCompression::FdeflateUltraFast);
    encoder.set_filter(png::Filter::Paeth);
    let write = encoder.write_header().and_then(|mut writer| {
        let mut stream = writer.stream_writer()?;
        for top in (0..height).step_by((SCALE * strip) as usize) {
            canvas.paint(picture, &reaches, top);
            let painted = (width * (height - top).min(SCALE * strip)) as usize;
            rows.resize(3 * painted, 0);
            let opaque = canvas.pixels.data().chunks_exact(4);
            rows.chunks_exact_mut(3).zip(opaque).for_each(|(to, from)| to.copy_from_slice(&from[..3]));
            stream.write_all(&rows)?;
        }
        stream.finish()?;
        writer.finish()
    });
    write.expect("encoding to memory cannot fail");
    file
}

/// A part of the picture, from some row on.
struct Bitmap {
    pixels: Pixmap,
    top: u32,
    glyphs: Glyphs,
}

type Answer = Result<(), DrawingErrorKind<Infallible>>;

impl Bitmap {
    /// What lies below the row `top`; `reaches` says where each mark is.
    fn paint(&mut self, picture: &Picture, reaches: &[(f64, f64)], top: u32) {
        self.top = top;
        self.pixels.fill(color(PAPER));
        let (from, to) = (f64::from(top / SCALE), f64::from((top + self.pixels.height()) / SCALE));
        for (mark, &(upper, lower)) in picture.marks.iter().zip(reaches) {
            if upper <= to && lower >= from {
                // A bitmap in memory takes every mark.
                let _ = draw(self, std::slice::from_ref(mark));
            }
        }
    }

    /// A point of the drawing, in parts of a pixel from the upper edge of the strip: small numbers, which floats hold exactly.
    fn within(&self, (x, y): BackendCoord) -> (f32, f32) {
        (x as f32, (y - (self.top / SCALE * PARTS as u32).cast_signed()) as f32)
    }

    fn outline(&self, points: impl IntoIterator<Item = BackendCoord>, closed: bool) -> Option<Path> {
        let mut path = PathBuilder::new();
        for point in points {
            let (x, y) = self.within(point);
            if path.is_empty() {
                path.move_to(x, y);
            } else {
                path.line_to(x, y);
            }
        }
        if closed {
            path.close();
        }
        path.finish()
    }

    fn fill(&mut self, path: Option<&Path>, colour: BackendColor) {
        // Nothing but points in one place has no path.
        if let Some(path) = path {
            self.pixels.fill_path(path, &paint(colour), FillRule::Winding, to_pixels(), None);
        }
    }
}

impl DrawingBackend for Bitmap {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.pixels.width(), self.pixels.height())
    }

    fn ensure_prepared(&mut self) -> Answer {
        Ok(())
    }

    fn present(&mut self) -> Answer {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Answer {
        self.fill_polygon([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)], &colour)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Answer {
        if let Some(path) = self.outline(path, false) {
            let stroke = Stroke { width: style.stroke_width() as f32, ..Stroke::default() };
            self.pixels.stroke_path(&path, &paint(style.color()), &stroke, to_pixels(), None);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Answer {
        let path = self.outline(path, true);
        self.fill(path.as_ref(), style.color());
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, _fill: bool) -> Answer {
        let (x, y) = self.within(centre);
        self.fill(PathBuilder::from_circle(x, y, radius as f32).as_ref(), style.color());
        Ok(())
    }
}

impl Canvas for Bitmap {
    fn write(&mut self, text: &Text) {
        let scale = f64::from(SCALE);
        let (width, height) = (self.pixels.width(), self.pixels.height());
        let at = (text.extent().0 * scale, text.y * scale - f64::from(self.top));
        let Colour(red, green, blue, opacity) = text.colour;
        let opacity = (opacity * 255.0).round() as u32;
        let pixels = self.pixels.pixels_mut();
        self.glyphs.rasterise(&text.text, text.size * scale, text.bold, at, |x, y, coverage| {
            if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
                && x < width
                && y < height
            {
                let pixel = &mut pixels[(y * width + x) as usize];
                // Of 255², rounded.
                let share = u32::from(coverage) * opacity;
                let mixed = |under: u8, over: u8| {
                    let sum = u32::from(under) * (65_025 - share) + u32::from(over) * share;
                    ((sum + 32_512) / 65_025) as u8
                };
                let (red, green, blue) =
                    (mixed(pixel.red(), red), mixed(pixel.green(), green), mixed(pixel.blue(), blue));
                // Paper lies under everything: what is mixed with it is opaque.
                *pixel = PremultipliedColorU8::from_rgba(red, green, blue, u8::MAX).unwrap_or(*pixel);
            }
        });
    }

    fn begin_group(&mut self, _role: &Role) {}

    fn end_group(&mut self) {}
}

/// From parts of a pixel of the drawing to pixels of the strip.
fn to_pixels() -> Transform {
    let scale = SCALE as f32 / PARTS as f32;
    Transform::from_scale(scale, scale)
}

fn paint(BackendColor { alpha, rgb: (red, green, blue) }: BackendColor) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color(Colour(red, green, blue, alpha)));
    paint
}

fn color(Colour(red, green, blue, opacity): Colour) -> Color {
    Color::from_rgba8(red, green, blue, (opacity * 255.0).round() as u8)
}

/// From where to where a mark reaches, from top to bottom, with some air.
fn reach(mark: &Mark) -> (f64, f64) {
    const AIR: f64 = 8.0;
    let of = |ys: &mut dyn Iterator<Item = f64>, air: f64| {
        ys.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y - air), high.max(y + air)))
    };
    match mark {
        Mark::Area { points, .. } => of(&mut points.iter().map(|point| point.1), AIR),
        Mark::Line { points, width, .. } => of(&mut points.iter().map(|point| point.1), width + AIR),
        Mark::Disc { at, radius, .. } => of(&mut std::iter::once(at.1), radius + AIR),
        Mark::Text(text) => of(&mut std::iter::once(text.y), 2.0 * text.size + AIR),
        Mark::Group { marks, .. } => {
            let reaches: Vec<(f64, f64)> = marks.iter().map(reach).collect();
            of(&mut reaches.iter().flat_map(|&(from, to)| [from, to]), 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::palette::{BLUE, INK, VERMILION};
    use super::super::picture::{Anchor, Style};
    use super::*;

    /// A picture with every kind of mark, some of which cross the borders of strips.
    fn picture(height: f64) -> Picture {
        let mut picture = Picture::new(60.0);
        picture.reach(height);
        for step in 0..(height / 7.0) as u32 {
            let y = f64::from(step) * 7.3;
            picture.line(vec![(3.0, y), (30.0, y + 11.0)], 1.6, BLUE);
            picture.disc((40.0, y + 2.5), 3.0, VERMILION.faint(0.5));
            picture.rectangle(45.0, y, 8.0, 5.0, BLUE);
            picture.text(5.0, y, Anchor::Left, Style { size: 11.0, bold: step % 2 == 0, colour: INK }, "Ag");
        }
        picture
    }

    fn decoded(png: &[u8]) -> Vec<u8> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    }

    /// Oracle: the picture that is painted at once. Where a slanted edge is cut by the end of a strip it may differ by one of the
    /// sixteen shades that tiny-skia gives to edges.
    #[test]
    fn strips_have_no_seams() {
        let picture = picture(400.0);
        let (whole, strips) = (decoded(&in_strips(&picture, 400)), decoded(&in_strips(&picture, 37)));
        assert_eq!(whole.len(), strips.len());
        let far = whole.iter().zip(&strips).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(far <= Some(16), "{far:?}");
    }

    #[test]
    fn no_size_panics() {
        for (width, height, wanted) in [(0.0, 0.0, (2, 2)), (0.3, 1.5, (2, 4)), (20_000.0, 1.0, (40_000, 2))] {
            let png = png(&Picture { width, height, ..picture(50.0) });
            let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
            assert_eq!((reader.info().width, reader.info().height), wanted);
        }
    }

    /// A picture of ten thousand rows would need gigabytes at once.
    #[test]
    fn no_height_panics() {
        let picture = picture(270_000.0);
        let png = png(&picture);
        assert_eq!(png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap().info().height, 540_000);
    }
}
