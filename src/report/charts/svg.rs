//! The back-end that writes SVG. Its text remains text; a value has its words as a `title`, and its series by name.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};

use super::font;
use super::paint::{Canvas, PARTS, draw};
use super::palette::{Colour, PAPER};
use super::picture::{Anchor, Picture, Role, Text};
use crate::report::units;

/// The picture as SVG.
pub fn svg(picture: &Picture) -> String {
    let (width, height) = (picture.width.ceil(), picture.height.ceil());
    let description: Vec<String> = picture.description.iter().map(|line| escaped(line)).collect();
    let mut svg = Svg { size: (width as u32, height as u32), text: String::new() };
    svg.put(format_args!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\" \
         role=\"img\" font-family=\"{}\">\n<title>{}</title>\n<desc>{}</desc>\n",
        font::FAMILY,
        escaped(&picture.title),
        description.join("\n"),
    ));
    svg.put(format_args!("<rect width=\"{width}\" height=\"{height}\" {}/>\n", painted("fill", colour(PAPER))));
    // Nothing fails that writes to memory.
    let _ = draw(&mut svg, &picture.marks);
    svg.text.push_str("</svg>\n");
    svg.text
}

/// The picture for a page and, with its title as text of the page, a narrow one of the same for screens on which it would be too small.
pub fn captioned(picture: &Picture, narrow: &Picture) -> String {
    format!(
        "<p class=\"caption\">{}</p><div class=\"full\">{}</div><div class=\"narrow\">{}</div>",
        escaped(&units::unbroken(&picture.title)),
        svg(picture),
        svg(narrow)
    )
}

/// A picture without a title of its own for a page, which has it as text: where it does not fit it is moved sideways.
pub fn sideways(picture: &Picture) -> String {
    format!(
        "<p class=\"heading\">{}</p><p class=\"hint\">Move the picture sideways to see all of it.</p><div class=\"sideways\">{}</div>",
        escaped(&units::unbroken(&picture.title)),
        svg(picture)
    )
}

struct Svg {
    size: (u32, u32),
    text: String,
}

type Answer = Result<(), DrawingErrorKind<Infallible>>;

impl Svg {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Nothing fails that writes to memory.
        let _ = self.text.write_fmt(text);
    }
}

impl DrawingBackend for Svg {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Answer {
        Ok(())
    }

    fn present(&mut self) -> Answer {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Answer {
        let (x, y, side) = (length(x), length(y), 1.0 / PARTS);
        let fill = painted("fill", colour);
        self.put(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\" {fill}/>\n"));
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Answer {
        let (points, stroke) = (corners(path), painted("stroke", style.color()));
        let width = f64::from(style.stroke_width()) / PARTS;
        self.put(format_args!("<polyline points=\"{points}\" fill=\"none\" {stroke} stroke-width=\"{width}\"/>\n"));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Answer {
        let (points, fill) = (corners(path), painted("fill", style.color()));
        self.put(format_args!("<polygon points=\"{points}\" {fill}/>\n"));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, (x, y): BackendCoord, radius: u32, style: &S, _fill: bool) -> Answer {
        let (x, y, radius) = (length(x), length(y), f64::from(radius) / PARTS);
        self.put(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {}/>\n", painted("fill", style.color())));
        Ok(())
    }
}

impl Canvas for Svg {
    fn write(&mut self, line: &Text) {
        let anchor = match line.anchor {
            Anchor::Left => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::Right => " text-anchor=\"end\"",
        };
        let weight = if line.bold { " font-weight=\"bold\"" } else { "" };
        self.put(format_args!(
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{weight}{anchor} {}>{}</text>\n",
            tenths(line.x),
            tenths(line.y),
            line.size,
            painted("fill", colour(line.colour)),
            escaped(&line.text),
        ));
    }

    fn begin_group(&mut self, role: &Role) {
        match role {
            Role::Datum { series, words } => {
                let (series, words) = (escaped(series), escaped(words));
                self.put(format_args!("<g class=\"datum\" data-series=\"{series}\"><title>{words}</title>\n"));
            }
            Role::Moment { from_s, to_s, words, label } => {
                self.put(format_args!("<g class=\"datum\" data-from=\"{from_s}\" data-to=\"{to_s}\""));
                if !label.is_empty() {
                    self.put(format_args!(" data-label=\"{}\"", escaped(label)));
                }
                let title = if words.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(words)) };
                self.put(format_args!(">{title}\n"));
            }
            Role::Axis => self.text.push_str("<g class=\"axis\">\n"),
            Role::Key { series } => {
                self.put(format_args!("<g class=\"key\" data-series=\"{}\">\n", escaped(series)));
            }
        }
    }

    fn end_group(&mut self) {
        self.text.push_str("</g>\n");
    }
}

fn corners(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let corners: Vec<String> = points.into_iter().map(|(x, y)| format!("{},{}", length(x), length(y))).collect();
    corners.join(" ")
}

/// In pixels.
fn length(parts: i32) -> f64 {
    f64::from(parts) / PARTS
}

/// To a tenth of a pixel.
fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn colour(Colour(red, green, blue, alpha): Colour) -> BackendColor {
    BackendColor { alpha, rgb: (red, green, blue) }
}

fn painted(what: &str, BackendColor { alpha, rgb: (red, green, blue) }: BackendColor) -> String {
    let solid = format!("{what}=\"#{red:02X}{green:02X}{blue:02X}\"");
    if alpha < 1.0 { format!("{solid} {what}-opacity=\"{alpha}\"") } else { solid }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
