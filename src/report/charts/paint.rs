//! The same marks as SVG text and, through plotters' bitmap, as PNG pixels.
//!
//! The SVG is written here: plotters' back-end knows neither groups nor titles, which are what a page needs to tell the
//! reader what a mark says.

use std::fmt::Write as _;
use std::io::Write as _;

use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color as _, RGBAColor};

use super::font;
use super::palette::{Colour, PAPER};
use super::picture::{Anchor, Mark, Picture, Role, Text};

/// The bitmap knows whole pixels only: marks are painted four times as large and averaged over 2 × 2 pixels, which smooths
/// every edge.
const SCALE: f64 = 4.0;
const AVERAGED: usize = 2;

/// The picture as SVG. Its text remains text; a value has its words as a `title`, and its series by name.
pub fn svg(picture: &Picture) -> String {
    let (width, height) = (picture.width.ceil(), picture.height.ceil());
    let description: Vec<String> = picture.description.iter().map(|line| escaped(line)).collect();
    let mut text = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\" \
         role=\"img\" font-family=\"{}\">\n<title>{}</title>\n<desc>{}</desc>\n",
        font::FAMILY,
        escaped(&picture.title),
        description.join("\n"),
    );
    let _ = writeln!(text, "<rect width=\"{width}\" height=\"{height}\" {}/>", painted("fill", PAPER));
    for mark in &picture.marks {
        write_svg(&mut text, mark);
    }
    text.push_str("</svg>\n");
    text
}

fn write_svg(text: &mut String, mark: &Mark) {
    match mark {
        Mark::Area { points, colour } => {
            let _ = writeln!(text, "<polygon points=\"{}\" {}/>", corners(points), painted("fill", *colour));
        }
        Mark::Line { points, width, colour } => {
            let (points, stroke) = (corners(points), painted("stroke", *colour));
            let _ = writeln!(text, "<polyline points=\"{points}\" fill=\"none\" {stroke} stroke-width=\"{width}\"/>");
        }
        Mark::Disc { at, radius, colour } => {
            let (x, y) = (coordinate(at.0), coordinate(at.1));
            let _ = writeln!(text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {}/>", painted("fill", *colour));
        }
        Mark::Text(line) => {
            let anchor = match line.anchor {
                Anchor::Left => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::Right => " text-anchor=\"end\"",
            };
            let weight = if line.bold { " font-weight=\"bold\"" } else { "" };
            let _ = writeln!(
                text,
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{weight}{anchor} {}>{}</text>",
                coordinate(line.x),
                coordinate(line.y),
                line.size,
                painted("fill", line.colour),
                escaped(&line.text),
            );
        }
        Mark::Group { role, marks } => {
            match role {
                Role::Datum { series, words } => {
                    let (series, words) = (escaped(series), escaped(words));
                    let _ = writeln!(text, "<g class=\"datum\" data-series=\"{series}\"><title>{words}</title>");
                }
                Role::Moment { from_s, to_s, words, label } => {
                    let _ = write!(text, "<g class=\"datum\" data-from=\"{from_s}\" data-to=\"{to_s}\"");
                    if !label.is_empty() {
                        let _ = write!(text, " data-label=\"{}\"", escaped(label));
                    }
                    let title =
                        if words.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(words)) };
                    let _ = writeln!(text, ">{title}");
                }
                Role::Axis => text.push_str("<g class=\"axis\">\n"),
                Role::Key { series } => {
                    let _ = writeln!(text, "<g class=\"key\" data-series=\"{}\">", escaped(series));
                }
            }
            marks.iter().for_each(|mark| write_svg(text, mark));
            text.push_str("</g>\n");
        }
    }
}

fn corners(points: &[(f64, f64)]) -> String {
    let corners: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", coordinate(*x), coordinate(*y))).collect();
    corners.join(" ")
}

/// To a tenth of a pixel.
fn coordinate(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn painted(what: &str, Colour(red, green, blue, opacity): Colour) -> String {
    let solid = format!("{what}=\"#{red:02X}{green:02X}{blue:02X}\"");
    if opacity < 1.0 { format!("{solid} {what}-opacity=\"{opacity}\"") } else { solid }
}

/// The picture as PNG, two pixels for one of the drawing. However high it is, only a strip of it is large in memory.
///
/// # Panics
/// Never: a bitmap in memory takes every mark.
pub fn png(picture: &Picture) -> Vec<u8> {
    in_strips(picture, STRIP)
}

/// Pixels of the drawing that are painted at once.
const STRIP: u32 = 600;

fn in_strips(picture: &Picture, strip: u32) -> Vec<u8> {
    let (width, height) = (picture.width.ceil() as u32, picture.height.ceil() as u32);
    let (large, small) = (SCALE as u32, SCALE as u32 / AVERAGED as u32);
    let strips = (0..height).step_by(strip as usize).map(|top| {
        let size = (large * width, large * strip.min(height - top));
        averaged(&painted_strip(picture, f64::from(top), size), size.0 as usize, size.1 as usize)
    });
    encode(strips, small * width, small * height)
}

/// What lies below this height of the drawing, in so many large pixels.
fn painted_strip(picture: &Picture, top: f64, size: (u32, u32)) -> Vec<u8> {
    let mut large = vec![0u8; size.0 as usize * size.1 as usize * 3];
    let bottom = top + f64::from(size.1) / SCALE;
    let is_inside = |mark: &&Mark| {
        let (from, to) = reach(mark);
        from <= bottom && to >= top
    };
    {
        let mut strip = Strip { bitmap: BitMapBackend::with_buffer(&mut large, size), top };
        let paper = (size.0.cast_signed(), size.1.cast_signed());
        strip
            .bitmap
            .draw_rect((0, 0), paper, &rgba(PAPER), true)
            .map_err(drop)
            .and_then(|()| picture.marks.iter().filter(is_inside).try_for_each(|mark| strip.paint(mark)))
            .and_then(|()| strip.bitmap.present().map_err(drop))
            .expect("painting in memory cannot fail");
    }
    large
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

fn pixel(length: f64) -> i32 {
    (length * SCALE).round() as i32
}

fn rgba(Colour(red, green, blue, opacity): Colour) -> RGBAColor {
    RGBAColor(red, green, blue, opacity)
}

/// A part of the picture, from some height on.
struct Strip<'b> {
    bitmap: BitMapBackend<'b>,
    top: f64,
}

impl Strip<'_> {
    fn point(&self, (x, y): (f64, f64)) -> (i32, i32) {
        (pixel(x), pixel(y) - pixel(self.top))
    }

    /// # Errors
    /// Never, as the bitmap lies in memory; plotters' error has no public name to say so.
    fn paint(&mut self, mark: &Mark) -> Result<(), ()> {
        let scaled = |points: &[(f64, f64)]| -> Vec<_> { points.iter().map(|&point| self.point(point)).collect() };
        match mark {
            Mark::Area { points, colour } => {
                let points = scaled(points);
                self.bitmap.fill_polygon(points, &rgba(*colour)).map_err(drop)
            }
            Mark::Line { points, width, colour } => {
                let points = scaled(points);
                let stroke = rgba(*colour).stroke_width((width * SCALE).round().max(1.0) as u32);
                self.bitmap.draw_path(points, &stroke).map_err(drop)
            }
            Mark::Disc { at, radius, colour } => {
                let (at, radius) = (self.point(*at), (radius * SCALE).round() as u32);
                self.bitmap.draw_circle(at, radius, &rgba(*colour), true).map_err(drop)
            }
            Mark::Text(text) => {
                self.write(text);
                Ok(())
            }
            Mark::Group { marks, .. } => marks.iter().try_for_each(|mark| self.paint(mark)),
        }
    }

    /// Letters by the embedded font: the bitmap has none of its own.
    fn write(&mut self, text: &Text) {
        let (width, height) = self.bitmap.get_size();
        let colour = rgba(text.colour);
        let at = (text.extent().0 * SCALE, (text.y - self.top) * SCALE);
        let inside = |x: i32, y: i32| x >= 0 && y >= 0 && x < width.cast_signed() && y < height.cast_signed();
        font::rasterise(&text.text, text.size * SCALE, text.bold, at, |x, y, coverage| {
            if inside(x, y) {
                // A bitmap in memory takes every pixel inside it.
                let _ = self.bitmap.draw_pixel((x, y), colour.mix(coverage).to_backend_color());
            }
        });
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Means of squares of pixels.
fn averaged(large: &[u8], width: usize, height: usize) -> Vec<u8> {
    let (columns, rows) = (width / AVERAGED, height / AVERAGED);
    let mut small = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        let upper = &large[row * AVERAGED * width * 3..][..width * 3];
        let lower = &large[(row * AVERAGED + 1) * width * 3..][..width * 3];
        for (a, b) in upper.chunks_exact(3 * AVERAGED).zip(lower.chunks_exact(3 * AVERAGED)) {
            for channel in 0..3 {
                let sum = u16::from(a[channel])
                    + u16::from(a[channel + 3])
                    + u16::from(b[channel])
                    + u16::from(b[channel + 3]);
                small.push(((sum + 2) / 4) as u8);
            }
        }
    }
    small
}

/// Rows of pixels, strip by strip.
fn encode(mut strips: impl ExactSizeIterator<Item = Vec<u8>>, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Default);
    let write = encoder.write_header().and_then(|mut writer| {
        if strips.len() == 1 {
            writer.write_image_data(&strips.next().unwrap_or_default())?;
        } else {
            let mut stream = writer.stream_writer()?;
            strips.try_for_each(|strip| stream.write_all(&strip))?;
            stream.finish()?;
        }
        writer.finish()
    });
    write.expect("encoding to memory cannot fail");
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::palette::{BLUE, INK, VERMILION};
    use super::super::picture::Style;
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

    fn pixels(png: &[u8]) -> Vec<u8> {
        let mut reader = png::Decoder::new(png).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    }

    /// Oracle: the picture that is painted at once. Letters are placed by single floats, so an edge may differ by a shade.
    #[test]
    fn strips_have_no_seams() {
        let picture = picture(400.0);
        let (whole, strips) = (pixels(&in_strips(&picture, 400)), pixels(&in_strips(&picture, 37)));
        assert_eq!(whole.len(), strips.len());
        let far = whole.iter().zip(&strips).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(far <= Some(2), "{far:?}");
    }

    /// A picture of ten thousand rows would need gigabytes at once.
    #[test]
    fn no_height_panics() {
        let picture = picture(270_000.0);
        let png = png(&picture);
        assert_eq!(png::Decoder::new(png.as_slice()).read_info().unwrap().info().height, 540_000);
    }
}
