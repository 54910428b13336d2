//! A line without the points that nobody can see: a distribution has thousands of them, and a page hundreds of lines.

/// How far the line may move, in pixels of a picture whose thinnest lines are one pixel wide.
const TOLERANCE: f64 = 0.15;

/// The same line through fewer of its points (Ramer 1972; Douglas and Peucker 1973). Both ends stay.
pub fn simplify_polyline(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let Some(last) = points.len().checked_sub(1) else { return Vec::new() };
    let mut stays = vec![false; points.len()];
    (stays[0], stays[last]) = (true, true);
    let mut stretches = vec![(0, last)];
    while let Some((from, to)) = stretches.pop() {
        let distances = (from + 1..to).map(|i| (i, distance(points[i], points[from], points[to])));
        if let Some((furthest, distance)) = distances.max_by(|a, b| a.1.total_cmp(&b.1))
            && distance > TOLERANCE
        {
            stays[furthest] = true;
            stretches.extend([(from, furthest), (furthest, to)]);
        }
    }
    points.iter().zip(stays).filter(|(_, stays)| *stays).map(|(point, _)| *point).collect()
}

/// From a point to the straight line through two others, or to both of them if they are one.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (along, across) = (to.0 - from.0, to.1 - from.1);
    let (x, y) = (point.0 - from.0, point.1 - from.1);
    let length = along.hypot(across);
    if length == 0.0 { x.hypot(y) } else { (along * y - across * x).abs() / length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// *Property*: a staircase keeps its ends, and none of its corners is further from what is drawn than the tolerance.
        #[test]
        fn no_corner_moves_visibly(steps in prop::collection::vec((0.0..3.0f64, 0.0..3.0f64), 1..300)) {
            let mut points = vec![(0.0, 0.0)];
            for (right, up) in steps {
                let (x, y) = points[points.len() - 1];
                points.extend([(x + right, y), (x + right, y + up)]);
            }
            let kept = simplify_polyline(&points);
            prop_assert_eq!(kept.first(), points.first());
            prop_assert_eq!(kept.last(), points.last());
            for point in points {
                let nearest = kept.windows(2).map(|ends| distance(point, ends[0], ends[1])).fold(f64::INFINITY, f64::min);
                prop_assert!(kept.contains(&point) || nearest <= TOLERANCE, "{point:?} is {nearest} off");
            }
        }
    }

    #[test]
    fn points_on_a_straight_line_are_not_needed() {
        assert_eq!(
            simplify_polyline(&[(0.0, 0.0), (1.0, 2.0), (3.0, 6.0), (4.0, 0.0)]),
            [(0.0, 0.0), (3.0, 6.0), (4.0, 0.0)]
        );
        assert_eq!(simplify_polyline(&[(1.0, 1.0)]), [(1.0, 1.0)]);
        assert_eq!(simplify_polyline(&[]), []);
    }
}
