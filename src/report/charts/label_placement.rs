//! Names of points in a picture, where they cover nothing.

use super::font;
use super::frame::SMALL;
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

/// Writes each name at the first place around its point where it covers nothing and does not leave `within`; a point
/// without room has none. `taken` is what must stay free beside the points.
pub fn names(picture: &mut Picture, points: &[Named], mut taken: Vec<Box>, within: Box) {
    let (left, top, right, bottom) = within;
    let apart = |a: &Box, b: &Box| a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
    let around = |(x, y): (f64, f64), r: f64| (x - r, y - r, x + r, y + r);
    let places = in_places(points);
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
        let found = [OTHERS, MARKS].into_iter().find_map(|far| candidates[..near].iter().find(|at| free(at, far)));
        if let Some(at) = found {
            taken.push(boxed(at));
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
