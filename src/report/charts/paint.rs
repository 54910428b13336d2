//! The same marks as SVG text and, through plotters' bitmap, as PNG pixels.
//!
//! The SVG is written here: plotters' back-end knows neither groups nor titles, which are what a page needs to tell the
//! reader what a mark says.

use std::fmt::Write as _;

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

/// The picture as PNG, two pixels for one of the drawing.
///
/// # Panics
/// Never: a bitmap in memory takes every mark.
pub fn png(picture: &Picture) -> Vec<u8> {
    let (width, height) = size(picture);
    let mut large = vec![0u8; width as usize * height as usize * 3];
    {
        let mut bitmap = BitMapBackend::with_buffer(&mut large, (width, height));
        let paper = (width.cast_signed(), height.cast_signed());
        bitmap
            .draw_rect((0, 0), paper, &rgba(PAPER), true)
            .map_err(drop)
            .and_then(|()| picture.marks.iter().try_for_each(|mark| paint(&mut bitmap, mark)))
            .and_then(|()| bitmap.present().map_err(drop))
            .expect("painting in memory cannot fail");
    }
    encode(&averaged(&large, width as usize, height as usize), width / 2, height / 2)
}

fn size(picture: &Picture) -> (u32, u32) {
    ((picture.width.ceil() * SCALE) as u32, (picture.height.ceil() * SCALE) as u32)
}

fn pixel(length: f64) -> i32 {
    (length * SCALE).round() as i32
}

fn rgba(Colour(red, green, blue, opacity): Colour) -> RGBAColor {
    RGBAColor(red, green, blue, opacity)
}

/// # Errors
/// Never, as the bitmap lies in memory; plotters' error has no public name to say so.
fn paint(bitmap: &mut BitMapBackend<'_>, mark: &Mark) -> Result<(), ()> {
    let scaled = |points: &[(f64, f64)]| -> Vec<_> { points.iter().map(|&(x, y)| (pixel(x), pixel(y))).collect() };
    match mark {
        Mark::Area { points, colour } => bitmap.fill_polygon(scaled(points), &rgba(*colour)).map_err(drop),
        Mark::Line { points, width, colour } => {
            let stroke = rgba(*colour).stroke_width((width * SCALE).round().max(1.0) as u32);
            bitmap.draw_path(scaled(points), &stroke).map_err(drop)
        }
        Mark::Disc { at, radius, colour } => {
            let radius = (radius * SCALE).round() as u32;
            bitmap.draw_circle((pixel(at.0), pixel(at.1)), radius, &rgba(*colour), true).map_err(drop)
        }
        Mark::Text(text) => {
            write(bitmap, text);
            Ok(())
        }
        Mark::Group { marks, .. } => marks.iter().try_for_each(|mark| paint(bitmap, mark)),
    }
}

/// Letters by the embedded font: the bitmap has none of its own.
fn write(bitmap: &mut BitMapBackend<'_>, text: &Text) {
    let (width, height) = bitmap.get_size();
    let colour = rgba(text.colour);
    let at = (text.extent().0 * SCALE, text.y * SCALE);
    let inside = |x: i32, y: i32| x >= 0 && y >= 0 && x < width.cast_signed() && y < height.cast_signed();
    font::rasterise(&text.text, text.size * SCALE, text.bold, at, |x, y, coverage| {
        if inside(x, y) {
            // A bitmap in memory takes every pixel inside it.
            let _ = bitmap.draw_pixel((x, y), colour.mix(coverage).to_backend_color());
        }
    });
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

fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Default);
    let write = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(pixels)?;
        writer.finish()
    });
    write.expect("encoding to memory cannot fail");
    bytes
}
