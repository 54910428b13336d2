//! Names of points in a picture, where they cover nothing.

use super::font;
use super::frame::SMALL;
use super::palette::GREY;
use super::picture::{Anchor, Picture};

/// A point's name, where it lies, and the radius of what is drawn there.
pub type Named = (String, (f64, f64), f64);

/// Left, top, right, bottom.
pub type Box = (f64, f64, f64, f64);

/// Names of so many points may stand a little further off.
const FEW: usize = 16;

/// Points that are so near to each other look like one, and share their names.
const ONE: f64 = 4.0;
/// Names of one place.
const MOST_NAMES: usize = 2;
/// A name keeps so far from points that are not its own, lest it be read as theirs.
const OTHERS: f64 = 11.0;
/// Or, where it had no place otherwise, from their marks.
const MARKS: f64 = 7.0;
/// How far off a name may stand that a line leads to, and in how many directions.
const DISTANCES: [f64; 4] = [22.0, 36.0, 52.0, 70.0];
const DIRECTIONS: u32 = 16;

/// Writes each name at the first place around its point where it covers nothing and does not leave `within`, or further off with a line
/// to it; a point without room has none. `taken` is what must stay free beside the points.
pub fn names(picture: &mut Picture, points: &[Named], mut taken: Vec<Box>, within: Box) {
    let (left, top, right, bottom) = within;
    let apart = |a: &Box, b: &Box| a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
    let around = |(x, y): (f64, f64), r: f64| (x - r, y - r, x + r, y + r);
    let places = in_places(points);
    let mut written: Vec<Box> = Vec::new();
    for (names, at, radius) in &places {
        let ((x, y), off) = (*at, radius + 2.0);
        let name = match names.as_slice() {
            [first, rest @ ..] if rest.len() >= MOST_NAMES => format!("{first} and {} more", rest.len()),
            _ => names.join(", "),
        };
        let text = font::fit(&name, SMALL.size, false, 260.0);
        let w = font::width(&text, SMALL.size, false);
        // Far from its point a name is understood only where there are few.
        let near = if points.len() <= FEW { 12 } else { 10 };
        let candidates = [
            (x + off, y + 4.0),
            (x - w / 2.0, y - off - 1.0),
            (x - w / 2.0, y + off + 9.0),
            (x - w - off, y + 4.0),
            (x + off, y),
            (x - w - off, y),
            (x + off - 2.0, y - off + 2.0),
            (x + off - 2.0, y + off + 6.0),
            (x - w - off + 2.0, y - off + 2.0),
            (x - w - off + 2.0, y + off + 6.0),
            (x - w / 2.0, y - off - 11.0),
            (x - w / 2.0, y + off + 19.0),
        ];
        let boxed = |&(x, y): &(f64, f64)| (x - 1.0, y - 10.0, x + w + 1.0, y + 3.0);
        let free = |at: &&(f64, f64), distance: f64| {
            let b = boxed(at);
            let is_inside = b.0 >= left && b.1 >= top - 12.0 && b.2 <= right + 10.0 && b.3 <= bottom;
            let is_nearest = places
                .iter()
                .filter(|(_, other, _)| *other != (x, y))
                .all(|(_, other, _)| apart(&around(*other, distance), &b));
            is_inside && is_nearest && apart(&around((x, y), *radius), &b) && taken.iter().all(|t| apart(t, &b))
        };
        // Without a line to it a name is read as that of the point that is the nearest.
        let is_its_own = |at: &(f64, f64)| {
            let b = boxed(at);
            let off = |p: &(f64, f64)| (p.0 - p.0.clamp(b.0, b.2)).hypot(p.1 - p.1.clamp(b.1, b.3));
            places.iter().all(|(_, other, _)| *other == (x, y) || off(&(x, y)) < off(other))
        };
        let found = [OTHERS, MARKS]
            .into_iter()
            .find_map(|far| candidates[..near].iter().find(|at| free(at, far) && is_its_own(at)));
        if let Some(at) = found {
            taken.push(boxed(at));
            written.push(boxed(at));
            picture.text(at.0, at.1, Anchor::Left, SMALL, text);
            continue;
        }
        // Further off, a line leads to it, which passes no other point.
        let further = DISTANCES.iter().flat_map(|&far| {
            (0..DIRECTIONS).map(move |k| {
                let (sin, cos) = (std::f64::consts::TAU * f64::from(k) / f64::from(DIRECTIONS)).sin_cos();
                let side = if cos > 0.3 {
                    0.0
                } else if cos < -0.3 {
                    w
                } else {
                    w / 2.0
                };
                (x + (radius + far) * cos - side, y - (radius + far) * sin + 4.0)
            })
        });
        let leader = |at: &(f64, f64)| {
            let b = boxed(at);
            [(x, y), (x.clamp(b.0, b.2), y.clamp(b.1, b.3))]
        };
        let is_clear = |at: &(f64, f64)| {
            let [from, to] = leader(at);
            let is_in = |p: (f64, f64), b: &Box| p.0 > b.0 && p.0 < b.2 && p.1 > b.1 && p.1 < b.3;
            let on_it = |share: f64| (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            let passes = |other: (f64, f64)| {
                (1..=8).map(|k| on_it(f64::from(k) / 8.0)).any(|p| (p.0 - other.0).hypot(p.1 - other.1) < MARKS)
            };
            let crosses = (0..=16).any(|k| written.iter().any(|b| is_in(on_it(f64::from(k) / 16.0), b)));
            !crosses && places.iter().all(|(_, other, _)| *other == (x, y) || !passes(*other))
        };
        if let Some(at) = further.into_iter().find(|at| free(&at, MARKS) && is_clear(at)) {
            let [from, to] = leader(&at);
            let length = (to.0 - from.0).hypot(to.1 - from.1).max(1.0);
            let begin = (from.0 + radius * (to.0 - from.0) / length, from.1 + radius * (to.1 - from.1) / length);
            taken.push(boxed(&at));
            written.push(boxed(&at));
            // Nor is the line written over.
            let on_it = |share: f64| (begin.0 + share * (to.0 - begin.0), begin.1 + share * (to.1 - begin.1));
            taken.extend((1..8).map(|k| around(on_it(f64::from(k) / 8.0), 2.0)));
            picture.line(vec![begin, to], 1.0, GREY.faint(0.6));
            picture.text(at.0, at.1, Anchor::Left, SMALL, text);
        }
    }
}

/// The names of points that look like one, at the first of them.
fn in_places(points: &[Named]) -> Vec<(Vec<&str>, (f64, f64), f64)> {
    let mut places: Vec<(Vec<&str>, (f64, f64), f64)> = Vec::new();
    for (name, at, radius) in points {
        match places.iter_mut().find(|(_, other, _)| (at.0 - other.0).hypot(at.1 - other.1) < ONE) {
            Some((names, ..)) => names.push(name),
            None => places.push((vec![name], *at, *radius)),
        }
    }
    places
}
