//! The same marks through plotters' back-ends: SVG text, and PNG pixels.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, RGBAColor, TextStyle};

use super::font;
use super::palette::{Colour, PAPER};
use super::picture::{Anchor, Mark, Picture, Text};

/// Back-ends know whole pixels only: marks are painted four times as large. SVG is scaled
/// back by its `viewBox`, PNG by averaging 2 × 2 pixels, which smooths every edge.
const SCALE: f64 = 4.0;
const AVERAGED: usize = 2;

/// The picture as SVG. Its text remains text.
///
/// # Panics
/// Never: writing to a string cannot fail.
pub fn svg(picture: &Picture) -> String {
    let (width, height) = size(picture);
    let mut text = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut text, (width, height));
        paint(picture, &mut backend, |backend, text| {
            let style = SvgText::of(text);
            // plotters shifts text anchored at its top by 0.76 em, whatever the font.
            let top = text.y - 0.76 * text.size;
            backend.draw_text(&text.text, &style.0, (pixel(text.x), pixel(top))).map_err(drop)
        })
        .and_then(|()| backend.present().map_err(drop))
        .expect("writing to a string cannot fail");
    }
    described(picture, &text, width, height)
}

/// The picture as PNG, two pixels for one of the drawing.
///
/// # Panics
/// Never: encoding to memory cannot fail.
pub fn png(picture: &Picture) -> Vec<u8> {
    let (width, height) = size(picture);
    let mut large = vec![0u8; width as usize * height as usize * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut large, (width, height));
        paint(picture, &mut backend, |backend, text| {
            let colour = rgba(text.colour);
            let at = (text.extent().0 * SCALE, text.y * SCALE);
            let inside = |x: i32, y: i32| x >= 0 && y >= 0 && x < width.cast_signed() && y < height.cast_signed();
            font::rasterise(&text.text, text.size * SCALE, text.bold, at, |x, y, coverage| {
                if inside(x, y) {
                    // A bitmap in memory takes every pixel inside it.
                    let _ = backend.draw_pixel((x, y), colour.mix(coverage).to_backend_color());
                }
            });
            Ok(())
        })
        .and_then(|()| backend.present().map_err(drop))
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

/// All marks on the paper; texts through `write`, as the back-ends place them differently.
fn paint<B: DrawingBackend>(
    picture: &Picture,
    backend: &mut B,
    write: impl Fn(&mut B, &Text) -> Result<(), ()>,
) -> Result<(), ()> {
    let scaled = |points: &[(f64, f64)]| -> Vec<_> { points.iter().map(|&(x, y)| (pixel(x), pixel(y))).collect() };
    let (width, height) = size(picture);
    backend.draw_rect((0, 0), (width.cast_signed(), height.cast_signed()), &rgba(PAPER), true).map_err(drop)?;
    for mark in &picture.marks {
        match mark {
            Mark::Area { points, colour } => backend.fill_polygon(scaled(points), &rgba(*colour)).map_err(drop)?,
            Mark::Line { points, width, colour } => {
                let stroke = rgba(*colour).stroke_width((width * SCALE).round().max(1.0) as u32);
                backend.draw_path(scaled(points), &stroke).map_err(drop)?;
            }
            Mark::Disc { at, radius, colour } => {
                let centre = (pixel(at.0), pixel(at.1));
                let radius = (radius * SCALE).round() as u32;
                backend.draw_circle(centre, radius, &rgba(*colour), true).map_err(drop)?;
            }
            Mark::Text(text) => write(backend, text)?,
        }
    }
    Ok(())
}

struct SvgText(TextStyle<'static>);

impl SvgText {
    fn of(text: &Text) -> Self {
        let style = if text.bold { FontStyle::Bold } else { FontStyle::Normal };
        // plotters writes its sizes divided by 1.24 into the SVG.
        let font = FontDesc::new(FontFamily::Name(font::FAMILY), text.size * SCALE * 1.24, style);
        let h_pos = match text.anchor {
            Anchor::Left => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        Self(TextStyle { font, color: rgba(text.colour).to_backend_color(), pos: Pos::new(h_pos, VPos::Top) })
    }
}

/// Shrinks the drawing to its nominal size and tells screen readers and searches what it shows.
fn described(picture: &Picture, svg: &str, width: u32, height: u32) -> String {
    let nominal = (f64::from(width) / SCALE, f64::from(height) / SCALE);
    let body = svg.split_once('\n').map_or("", |(_, body)| body);
    let description: Vec<String> = picture.description.iter().map(|line| escaped(line)).collect();
    format!(
        "<svg width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\" \
         role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n{body}",
        nominal.0,
        nominal.1,
        escaped(&picture.title),
        description.join("\n"),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
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
