//! The top of a curve with one peak, and where it has fallen by a given height.

use std::ops::RangeInclusive;

/// Steps of a search; each at least halves what is left every few steps.
const STEPS: usize = 200;
/// Where a search ends. A maximum in `f64` is known to about the root of its precision and no better.
const ENOUGH: f64 = 1e-9;
const GOLDEN: f64 = 0.381_966_011_250_105_1;

/// A maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Top {
    /// Where it is.
    pub at: f64,
    /// How high.
    pub height: f64,
    /// True if the curve still rises at an end of the range.
    pub on_edge: bool,
}

/// The top of a curve with one peak, found from `start` uphill; what is no number counts as a chasm.
///
/// Steps that double until the curve falls again enclose the peak; then the vertex of a parabola through the three best
/// points, or a golden section where it would not help (R. P. Brent, Algorithms for Minimization without Derivatives,
/// 1973, chapter 5).
pub fn maximise(curve: impl Fn(f64) -> f64, start: f64, step: f64, within: RangeInclusive<f64>) -> Top {
    let (least, most) = (*within.start(), *within.end());
    let f = |x: f64| Some(curve(x)).filter(|y| !y.is_nan()).unwrap_or(f64::NEG_INFINITY);
    let inside = |x: f64| x.clamp(least, most);
    let start = inside(start);
    let (mut best, mut top) = (start, f(start));
    let [mut left, mut right] = [inside(start - step), inside(start + step)];
    for direction in [-1.0, 1.0] {
        let mut step = step;
        loop {
            let next = inside(best + direction * step);
            let height = f(next);
            if height <= top || next == best {
                if direction < 0.0 {
                    left = next;
                } else {
                    right = next;
                }
                break;
            }
            // What was the best bounds the other side now.
            if direction < 0.0 {
                right = best;
            } else {
                left = best;
            }
            (best, top) = (next, height);
            step *= 2.0;
        }
        if direction < 0.0 && best < start {
            break;
        }
    }
    let (at, height) = narrow(f, left, right, (best, top));
    Top { at, height, on_edge: at - least < 1e-6 || most - at < 1e-6 }
}

/// The top between `left` and `right`, with a point between them that is higher than both.
fn narrow(f: impl Fn(f64) -> f64, mut left: f64, mut right: f64, first: (f64, f64)) -> (f64, f64) {
    // The best point, the second best and the third; the last step and the one before.
    let (mut best, mut second, mut third) = (first, first, first);
    let (mut last, mut before): (f64, f64) = (0.0, 0.0);
    for _ in 0..STEPS {
        let middle = f64::midpoint(left, right);
        let tolerance = ENOUGH * (1.0 + best.0.abs());
        if (best.0 - middle).abs() <= 2.0 * tolerance - 0.5 * (right - left) {
            break;
        }
        let parabola = vertex(best, second, third).filter(|vertex| {
            let step = vertex - best.0;
            *vertex > left + tolerance && *vertex < right - tolerance && step.abs() < 0.5 * before.abs()
        });
        let step = if let Some(vertex) = parabola {
            before = last;
            vertex - best.0
        } else {
            before = if best.0 < middle { right - best.0 } else { left - best.0 };
            GOLDEN * before
        };
        last = step;
        let step = if step.abs() < tolerance { tolerance.copysign(step) } else { step };
        let tried = (best.0 + step, f(best.0 + step));
        if tried.1 >= best.1 {
            if tried.0 < best.0 {
                right = best.0;
            } else {
                left = best.0;
            }
            (third, second, best) = (second, best, tried);
        } else {
            if tried.0 < best.0 {
                left = tried.0;
            } else {
                right = tried.0;
            }
            if tried.1 >= second.1 || second.0 == best.0 {
                (third, second) = (second, tried);
            } else if tried.1 >= third.1 || third.0 == best.0 || third.0 == second.0 {
                third = tried;
            }
        }
    }
    best
}

/// Where the parabola through three points has its vertex; `None` if they do not make one.
fn vertex(best: (f64, f64), second: (f64, f64), third: (f64, f64)) -> Option<f64> {
    let (a, b) = (best.0 - second.0, best.0 - third.0);
    let (r, q) = (a * (best.1 - third.1), b * (best.1 - second.1));
    let under = 2.0 * (q - r);
    let at = best.0 - (b * q - a * r) / under;
    at.is_finite().then_some(at)
}

/// Where a curve that is positive at `from` and falls in the direction of `step` meets zero; `None` if it stays positive
/// up to `end`.
pub fn crossing(curve: impl Fn(f64) -> f64, from: f64, step: f64, end: f64) -> Option<f64> {
    let (mut inner, mut outer, mut step) = ((from, curve(from)), (from, f64::NAN), step);
    loop {
        let next = if step > 0.0 { (outer.0 + step).min(end) } else { (outer.0 + step).max(end) };
        outer = (next, curve(next));
        if outer.1.is_nan() || outer.1 <= 0.0 {
            break;
        }
        if next == end {
            return None;
        }
        inner = outer;
        step *= 2.0;
    }
    // False position, with the height of an end that stays halved (Illinois); halving where that has no number.
    let mut stayed = 0i32;
    for _ in 0..STEPS {
        if (outer.0 - inner.0).abs() <= ENOUGH * (1.0 + inner.0.abs()) {
            break;
        }
        let secant = inner.0 + (outer.0 - inner.0) * inner.1 / (inner.1 - outer.1);
        let at = if secant.is_finite() && stayed.abs() < 6 { secant } else { f64::midpoint(inner.0, outer.0) };
        let height = curve(at);
        if height > 0.0 {
            inner = (at, height);
            if stayed > 0 {
                outer.1 /= 2.0;
            }
            stayed = if stayed.abs() < 6 { stayed.max(0) + 1 } else { 0 };
        } else {
            outer = (at, height);
            if stayed < 0 {
                inner.1 /= 2.0;
            }
            stayed = if stayed.abs() < 6 { stayed.min(0) - 1 } else { 0 };
        }
    }
    Some(f64::midpoint(inner.0, outer.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tops_are_found_from_either_side() {
        for start in [-40.0, -1.0, 3.0, 3.1, 90.0] {
            let top = maximise(|x| -(x - 3.0).cosh().ln(), start, 0.5, -100.0..=100.0);
            assert!((top.at - 3.0).abs() < 1e-6 && !top.on_edge, "{start}: {top:?}");
        }
        assert!(maximise(|x| x, 0.0, 0.5, -5.0..=5.0).on_edge);
        assert!(maximise(|x| -x, 0.0, 0.5, -5.0..=5.0).on_edge);
        assert!(maximise(|_| f64::NAN, 0.0, 0.5, -5.0..=5.0).height.is_infinite());
    }

    #[test]
    fn crossings_are_found_on_either_side() {
        let curve = |x: f64| 4.0 - x * x * x * x;
        assert!((crossing(curve, 0.0, 0.1, 10.0).unwrap() - 2f64.sqrt()).abs() < 1e-8);
        assert!((crossing(curve, 0.0, -0.1, -10.0).unwrap() + 2f64.sqrt()).abs() < 1e-8);
        assert_eq!(crossing(|_| 1.0, 0.0, 0.1, 10.0), None);
        assert!(crossing(|x| if x > 1.0 { f64::NEG_INFINITY } else { 1.0 }, 0.0, 0.1, 10.0).unwrap() < 1.001);
    }
}
