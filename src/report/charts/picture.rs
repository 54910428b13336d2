//! A picture as data: marks with coordinates in pixels of a 1:1 drawing.
//!
//! A chart lays out its marks once; [`paint`](super::paint) then writes the same
//! marks as SVG and as PNG. As data, a picture can be checked too: a test asserts
//! that no text leaves it.

use super::font;
use super::frame::MARGIN;
use super::palette::Colour;
use super::sheet::Sheet;

/// A finished chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What it is drawn on.
    pub sheet: Sheet,
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    /// For readers who cannot see it: the title.
    pub title: String,
    /// The same: what is shown, line by line.
    pub description: Vec<String>,
    /// In the order of painting.
    pub marks: Vec<Mark>,
}

/// Something to paint.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A filled area.
    Area {
        /// Its corners.
        points: Vec<(f64, f64)>,
        /// Fill.
        colour: Colour,
    },
    /// A line through points.
    Line {
        /// Its corners.
        points: Vec<(f64, f64)>,
        /// Width in pixels.
        width: f64,
        /// Stroke.
        colour: Colour,
    },
    /// A filled disc.
    Disc {
        /// Centre.
        at: (f64, f64),
        /// Radius in pixels.
        radius: f64,
        /// Fill.
        colour: Colour,
    },
    /// A line of text.
    Text(Text),
    /// Marks that are one thing to the reader.
    Group {
        /// What they are.
        role: Role,
        /// In the order of painting.
        marks: Vec<Mark>,
    },
}

/// What a group of marks is to a reader who points at it; where nobody can point, groups make no difference.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// A value, with its words: scenario, value, interval.
    Datum {
        /// The entry of the legend that it belongs to; empty if to none.
        series: String,
        /// What it says.
        words: String,
    },
    /// A value on an axis of time, which a page can draw again for a part of that time.
    Moment {
        /// Its beginning, in seconds.
        from_s: f64,
        /// Its end; the same for what happens at once.
        to_s: f64,
        /// What it says; empty if nothing.
        words: String,
        /// What is written on it where there is room; empty if nothing.
        label: String,
    },
    /// The axis of time.
    Axis,
    /// An entry of the legend, which shows and hides its series.
    Key {
        /// The series.
        series: String,
    },
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Where its anchor lies.
    pub x: f64,
    /// Its baseline.
    pub y: f64,
    /// Size of the em in pixels.
    pub size: f64,
    /// Bold or regular.
    pub bold: bool,
    /// Which point of the text lies at `x`.
    pub anchor: Anchor,
    /// Colour.
    pub colour: Colour,
    /// The characters.
    pub text: String,
}

/// Which point of a text is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Left,
    /// Its middle.
    Middle,
    /// Its right end.
    Right,
}

impl Mark {
    /// The same, so many times as large, with its points where `at` has them.
    fn moved(&self, scale: f64, at: &dyn Fn((f64, f64)) -> (f64, f64)) -> Self {
        let all = |points: &[(f64, f64)]| points.iter().map(|point| at(*point)).collect();
        match self {
            Self::Area { points, colour } => Self::Area { points: all(points), colour: *colour },
            Self::Line { points, width, colour } => {
                Self::Line { points: all(points), width: width * scale, colour: *colour }
            }
            Self::Disc { at: middle, radius, colour } => {
                Self::Disc { at: at(*middle), radius: radius * scale, colour: *colour }
            }
            Self::Text(text) => {
                let (x, y) = at((text.x, text.y));
                Self::Text(Text { x, y, size: text.size * scale, ..text.clone() })
            }
            Self::Group { role, marks } => {
                let marks = marks.iter().map(|mark| mark.moved(scale, at)).collect();
                Self::Group { role: role.clone(), marks }
            }
        }
    }
}

impl Text {
    /// Left and right end.
    pub fn extent(&self) -> (f64, f64) {
        let width = font::width(&self.text, self.size, self.bold);
        match self.anchor {
            Anchor::Left => (self.x, self.x + width),
            Anchor::Middle => (self.x - width / 2.0, self.x + width / 2.0),
            Anchor::Right => (self.x - width, self.x),
        }
    }
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Size of the em in pixels.
    pub size: f64,
    /// Bold or regular.
    pub bold: bool,
    /// Colour.
    pub colour: Colour,
}

impl Style {
    /// This style in bold.
    #[must_use]
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// This style in another colour.
    #[must_use]
    pub const fn coloured(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }
}

impl Picture {
    /// An empty picture; its height grows by [`Picture::reach`].
    pub fn new(width: f64) -> Self {
        let (title, description, marks) = (String::new(), Vec::new(), Vec::new());
        Self { sheet: Sheet::WHOLE, width, height: 0.0, title, description, marks }
    }

    /// An empty picture as wide as its sheet.
    pub fn on(sheet: Sheet) -> Self {
        Self { sheet, ..Self::new(sheet.width) }
    }

    /// Right end of what is drawn.
    pub fn right(&self) -> f64 {
        self.width - MARGIN
    }

    /// Draws another picture within this one, so many times as large, with its corner at a point.
    pub fn place(&mut self, other: &Self, scale: f64, (left, top): (f64, f64)) {
        let at = |(x, y): (f64, f64)| (left + scale * x, top + scale * y);
        self.marks.extend(other.marks.iter().map(|mark| mark.moved(scale, &at)));
        self.description.extend(other.description.iter().cloned());
    }

    /// Makes the picture at least so high.
    pub fn reach(&mut self, y: f64) {
        self.height = self.height.max(y);
    }

    /// Writes a line of text.
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, style: Style, text: impl Into<String>) {
        let Style { size, bold, colour } = style;
        self.marks.push(Mark::Text(Text { x, y, size, bold, anchor, colour, text: text.into() }));
    }

    /// A line through points.
    pub fn line(&mut self, points: Vec<(f64, f64)>, width: f64, colour: Colour) {
        self.marks.push(Mark::Line { points, width, colour });
    }

    /// A dashed line between two points, horizontal or vertical.
    pub fn dashes(&mut self, from: (f64, f64), to: (f64, f64), width: f64, colour: Colour) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let (dash, gap) = (6.0, 4.0);
        let along = |d: f64| {
            let t = (d / length).min(1.0);
            (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t)
        };
        let mut at = 0.0;
        while at < length {
            self.line(vec![along(at), along(at + dash)], width, colour);
            at += dash + gap;
        }
    }

    /// A filled rectangle.
    pub fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, colour: Colour) {
        let (right, bottom) = (x + width, y + height);
        self.marks.push(Mark::Area { points: vec![(x, y), (right, y), (right, bottom), (x, bottom)], colour });
    }

    /// A filled polygon.
    pub fn area(&mut self, points: Vec<(f64, f64)>, colour: Colour) {
        self.marks.push(Mark::Area { points, colour });
    }

    /// A filled disc.
    pub fn disc(&mut self, at: (f64, f64), radius: f64, colour: Colour) {
        self.marks.push(Mark::Disc { at, radius, colour });
    }

    /// What `draw` adds is one value of a series and says these words.
    pub fn datum(&mut self, series: &str, words: impl Into<String>, draw: impl FnOnce(&mut Self)) {
        self.role(Role::Datum { series: series.to_owned(), words: words.into() }, draw);
    }

    /// What `draw` adds is the legend's entry of a series.
    pub fn key(&mut self, series: &str, draw: impl FnOnce(&mut Self)) {
        self.role(Role::Key { series: series.to_owned() }, draw);
    }

    /// What `draw` adds is one thing to the reader.
    pub fn role(&mut self, role: Role, draw: impl FnOnce(&mut Self)) {
        let before = self.marks.len();
        draw(self);
        let marks = self.marks.split_off(before);
        if !marks.is_empty() {
            self.marks.push(Mark::Group { role, marks });
        }
    }

    /// All texts, in the order of painting.
    pub fn texts(&self) -> Vec<&Text> {
        let mut texts = Vec::new();
        for mark in &self.marks {
            gather(mark, &mut texts);
        }
        texts
    }
}

fn gather<'a>(mark: &'a Mark, texts: &mut Vec<&'a Text>) {
    match mark {
        Mark::Text(text) => texts.push(text),
        Mark::Group { marks, .. } => marks.iter().for_each(|mark| gather(mark, texts)),
        Mark::Area { .. } | Mark::Line { .. } | Mark::Disc { .. } => {}
    }
}
