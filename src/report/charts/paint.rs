//! A picture through plotters: the same calls of a back-end draw its SVG and its PNG.
//!
//! Both back-ends are ours: plotters' own SVG knows neither groups nor titles, which are what a page needs to tell the reader
//! what a mark says, and its bitmap knows whole pixels only.

use plotters::style::{Color as _, RGBAColor};
use plotters_backend::{BackendCoord, DrawingBackend, DrawingErrorKind};

use super::palette::Colour;
use super::picture::{Mark, Role, Text};

pub use super::pixels::png;
pub use super::svg::{captioned, sideways, svg};

/// Back-ends count in whole numbers: of these parts of a pixel, so that the finest line of the grid is one.
pub const PARTS: f64 = 20.0;

/// A back-end that has letters and groups besides lines and areas.
pub trait Canvas: DrawingBackend {
    /// Writes a line of text.
    fn write(&mut self, text: &Text);
    /// What follows is one thing to the reader, until [`Canvas::end_group`].
    fn begin_group(&mut self, role: &Role);
    /// The end of the group that was begun last.
    fn end_group(&mut self);
}

/// Draws marks in their order.
///
/// # Errors
/// What the back-end answers.
pub fn draw<C: Canvas>(canvas: &mut C, marks: &[Mark]) -> Result<(), DrawingErrorKind<C::ErrorType>> {
    for mark in marks {
        match mark {
            Mark::Area { points, colour } => canvas.fill_polygon(points.iter().copied().map(place), &rgba(*colour))?,
            Mark::Line { points, width, colour } => {
                canvas.draw_path(points.iter().copied().map(place), &rgba(*colour).stroke_width(parts(*width)))?;
            }
            Mark::Disc { at, radius, colour } => {
                canvas.draw_circle(place(*at), parts(*radius), &rgba(*colour), true)?;
            }
            Mark::Text(text) => canvas.write(text),
            Mark::Group { role, marks } => {
                canvas.begin_group(role);
                draw(canvas, marks)?;
                canvas.end_group();
            }
        }
    }
    Ok(())
}

fn rgba(Colour(red, green, blue, opacity): Colour) -> RGBAColor {
    RGBAColor(red, green, blue, opacity)
}

/// A point to a tenth of a pixel, in parts of one.
fn place((x, y): (f64, f64)) -> BackendCoord {
    let parts = |value: f64| ((value * 10.0).round() * PARTS / 10.0) as i32;
    (parts(x), parts(y))
}

fn parts(length: f64) -> u32 {
    (length * PARTS).round() as u32
}
