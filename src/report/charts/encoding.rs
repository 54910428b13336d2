//! Which colour, shape and size a point has where each is a scenario, and what they mean.

use super::font;
use super::frame::{BODY, SMALL};
use super::palette::{Colour, GREY, INK};
use super::picture::{Anchor, Picture};
use super::series::{self, Series};
use crate::report::labels::{Column, Labels, distinct};

/// Disc, square, triangle, diamond, triangle downwards, cross.
const SHAPES: usize = 6;
/// The same in words.
const SIGNS: [&str; SHAPES] = ["●", "■", "▲", "◆", "▼", "✚"];
/// Radii that are told apart at a glance.
const SIZES: [f64; 3] = [4.6, 6.6, 8.6];
const MIDDLE: f64 = 5.5;

/// Colours by the key that moves the measure most, shapes by the next that has few values, sizes by a third.
pub struct Encoding {
    /// The colours.
    pub series: Series,
    shape: Option<usize>,
    size: Option<usize>,
}

impl Encoding {
    /// For scenarios of which each has a measure, or none.
    pub fn of(labels: &Labels, measure: &[Option<f64>]) -> Self {
        let varying = |i: usize| values(&labels.columns[i]) > 1;
        let columns: Vec<usize> = (0..labels.columns.len()).filter(|&i| labels.varied && varying(i)).collect();
        let mut series = Series::of(labels, measure);
        if series.column.is_none()
            && let Some(&first) = columns.iter().find(|&&i| values(&labels.columns[i]) <= 8)
        {
            series = Series::by_column(labels, first);
        }
        let moves = |i: usize| series::explained(&labels.columns[i], measure).unwrap_or(0.0);
        let next = |taken: &[Option<usize>], most: usize| {
            let few = |i: &usize| !taken.contains(&Some(*i)) && values(&labels.columns[*i]) <= most;
            // The last of equals is what max_by takes: reversed, the first in the file.
            let others = columns.iter().copied().filter(few).rev();
            series.column.and_then(|_| others.max_by(|&a, &b| moves(a).total_cmp(&moves(b))))
        };
        let shape = next(&[series.column], SHAPES);
        let size = shape.and_then(|_| next(&[series.column, shape], SIZES.len()));
        Self { series, shape, size }
    }

    /// The shape of a scenario's mark.
    pub fn shape(&self, labels: &Labels, scenario: usize) -> usize {
        self.shape.map_or(0, |column| place(&labels.columns[column], scenario))
    }

    /// The radius of a scenario's mark.
    pub fn size(&self, labels: &Labels, scenario: usize) -> f64 {
        self.size.map_or(MIDDLE, |column| SIZES[place(&labels.columns[column], scenario).min(SIZES.len() - 1)])
    }

    /// What colours, shapes and sizes mean, from `(x, y)` to the right margin. Returns where it ends.
    pub fn legend(&self, picture: &mut Picture, labels: &Labels, (x, y): (f64, f64)) -> f64 {
        let mut y = y;
        let title = |picture: &mut Picture, y: &mut f64, text: &str| {
            let room = picture.right() - x;
            for line in text.split(" · ").flat_map(|key| font::wrap_key(key, SMALL.size, true, room)) {
                picture.text(x, *y, Anchor::Left, SMALL.bold(), line);
                *y += 15.0;
            }
            *y += 5.0;
        };
        let name = |picture: &mut Picture, y: f64, text: &str| {
            picture.text(
                x + 22.0,
                y,
                Anchor::Left,
                BODY,
                font::fit(text, BODY.size, false, picture.right() - x - 22.0),
            );
        };
        let colours = self.series.column.map_or(self.series.title.clone(), |c| labels.columns[c].short_key.clone());
        title(picture, &mut y, &colours);
        for (colour, value) in &self.series.legend {
            picture.key(value, |picture| {
                mark(picture, 0, (x + 7.0, y - 4.0), MIDDLE, *colour);
                name(picture, y, value);
            });
            y += 20.0;
        }
        // A part of another picture has no room for more: there the words of the keys tell them.
        if picture.sheet.is_part() {
            return y;
        }
        if let Some(column) = self.shape.map(|c| &labels.columns[c]) {
            y += 12.0;
            title(picture, &mut y, &column.short_key);
            for (k, value) in distinct(column).into_iter().enumerate() {
                mark(picture, k, (x + 7.0, y - 4.0), MIDDLE, GREY);
                name(picture, y, value);
                y += 20.0;
            }
        }
        if let Some(column) = self.size.map(|c| &labels.columns[c]) {
            y += 12.0;
            title(picture, &mut y, &column.short_key);
            for (size, value) in SIZES.into_iter().zip(distinct(column)) {
                mark(picture, 0, (x + 7.0, y - 4.0), size, GREY);
                name(picture, y, value);
                y += 20.0;
            }
        }
        y
    }

    /// The keys of the labels with their shapes and sizes: `replicas · periodSeconds (● 2, ■ 4)`.
    pub fn keys_in_words(&self, labels: &Labels) -> String {
        let signs = |at: usize, looks: &[&str]| {
            let values = distinct(&labels.columns[at]);
            let named = values.iter().zip(looks).map(|(value, look)| format!("{look} {value}"));
            format!(" ({})", named.collect::<Vec<_>>().join(", "))
        };
        let key = |(at, column): (usize, &Column)| {
            let meaning = match Some(at) {
                at_shape if at_shape == self.shape => signs(at, &SIGNS),
                at_size if at_size == self.size => {
                    let names =
                        if values(column) == 2 { &["small", "large"][..] } else { &["small", "middle", "large"] };
                    signs(at, names)
                }
                _ => String::new(),
            };
            format!("{}{meaning}", column.short_key)
        };
        labels.columns.iter().enumerate().map(key).collect::<Vec<_>>().join(" · ")
    }
}

fn values(column: &Column) -> usize {
    distinct(column).len()
}

fn place(column: &Column, scenario: usize) -> usize {
    distinct(column).iter().position(|value| **value == column.cells[scenario]).unwrap_or(0)
}

/// How far a ring reaches beyond its mark.
pub const RING: f64 = 5.5;

/// The baseline's ring around a mark of this size.
pub fn ring(picture: &mut Picture, at: (f64, f64), size: f64) {
    ring_in(picture, at, size, INK);
}

/// A ring in this colour, through which neighbours are seen.
pub fn ring_in(picture: &mut Picture, at: (f64, f64), size: f64, colour: Colour) {
    circle(picture, at, size + RING - 0.9, 1.8, colour);
}

/// A circle of a line of this width.
pub fn circle(picture: &mut Picture, (x, y): (f64, f64), radius: f64, width: f64, colour: Colour) {
    const CORNERS: u32 = 48;
    let corner = |k: u32| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(k) / f64::from(CORNERS)).sin_cos();
        (x + radius * cos, y + radius * sin)
    };
    picture.line((0..=CORNERS).map(corner).collect(), width, colour);
}

/// A mark of a shape.
pub fn mark(picture: &mut Picture, shape: usize, (x, y): (f64, f64), r: f64, colour: Colour) {
    let corners: &[(f64, f64)] = match shape % SHAPES {
        0 => return picture.disc((x, y), r, colour),
        1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        2 => &[(0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)],
        3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        4 => &[(0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)],
        _ => {
            const W: f64 = 1.25;
            const H: f64 = 0.42;
            // The twelve corners of a cross.
            &[
                (-H, -W),
                (H, -W),
                (H, -H),
                (W, -H),
                (W, H),
                (H, H),
                (H, W),
                (-H, W),
                (-H, H),
                (-W, H),
                (-W, -H),
                (-H, -H),
            ]
        }
    };
    picture.area(corners.iter().map(|(dx, dy)| (x + dx * r, y + dy * r)).collect(), colour);
}
