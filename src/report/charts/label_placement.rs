//! Names of points in a picture, where they cover nothing.

use super::font;
use super::frame::SMALL;
use super::picture::{Anchor, Picture};

/// Left, top, right, bottom.
pub type Box = (f64, f64, f64, f64);

/// Names of so many points may stand a little further off.
const FEW: usize = 16;

/// Writes each name at the first place around its point where it covers nothing and does not leave `within`; a point
/// without room has none. `taken` is what must stay free beside the points.
pub fn names(picture: &mut Picture, points: &[(String, (f64, f64))], mut taken: Vec<Box>, within: Box) {
    let (left, top, right, bottom) = within;
    let apart = |a: &Box, b: &Box| a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
    taken.extend(points.iter().map(|(_, (x, y))| (x - 7.0, y - 7.0, x + 7.0, y + 7.0)));
    for (name, (x, y)) in points {
        let text = font::fit(name, SMALL.size, false, 220.0);
        let w = font::width(&text, SMALL.size, false);
        // Far from its point a name is understood only where there are few.
        let near = if points.len() <= FEW { 10 } else { 8 };
        let candidates = [
            (x + 9.0, y + 4.0),
            (x - w / 2.0, y - 10.0),
            (x - w / 2.0, y + 18.0),
            (x - w - 9.0, y + 4.0),
            (x + 7.0, y - 7.0),
            (x + 7.0, y + 15.0),
            (x - w - 7.0, y - 7.0),
            (x - w - 7.0, y + 15.0),
            (x - w / 2.0, y - 20.0),
            (x - w / 2.0, y + 28.0),
        ];
        let boxed = |&(x, y): &(f64, f64)| (x - 1.0, y - 10.0, x + w + 1.0, y + 3.0);
        let free = |at: &&(f64, f64)| {
            let b = boxed(at);
            b.0 >= left && b.1 >= top && b.2 <= right + 10.0 && b.3 <= bottom && taken.iter().all(|t| apart(t, &b))
        };
        if let Some(at) = candidates[..near].iter().find(free) {
            taken.push(boxed(at));
            picture.text(at.0, at.1, Anchor::Left, SMALL, text);
        }
    }
}
