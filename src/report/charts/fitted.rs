//! Fitted distribution functions over the empirical curve.

use super::axis::{Axis, Range, Unit};
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{GREY, INK, SERIES};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::calibration::Fitted;
use crate::report::{fit, format};

const HEIGHT: f64 = 380.0;
const LEGEND: f64 = 250.0;
/// Points of a curve.
const POINTS: usize = 300;

/// All laws that were fitted, over what was recorded.
pub fn fitted(fitted: &Fitted) -> Picture {
    let mut picture = Picture::on(Sheet::WHOLE);
    let title = format!("Which law does `{}` of {} follow?", fitted.what, fitted.source);
    let lead = fit::sentences(fitted).join(" ");
    let top = frame::head(&mut picture, &title, &lead) + 8.0;
    let (left, right, bottom) = (MARGIN + 52.0, picture.right() - LEGEND, top + HEIGHT);

    let times = fitted.empirical.iter().map(|point| point.0).chain([fitted.longest_s]);
    let range = Range::of(times).unwrap_or(Range { low: 1.0, high: 1.0 });
    let x = if range.is_wide() {
        Axis::log(Unit::Time, range, left, right)
    } else {
        Axis::linear(Unit::Time, range.high, left, right)
    };
    let y = |share: f64| bottom - HEIGHT * share;
    frame::vertical_grid(&mut picture, &x, top, bottom);
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        picture.line(vec![(left, y(share)), (right, y(share))], 1.0, super::palette::GRID);
        picture.text(left - 8.0, y(share) + 4.0, Anchor::Right, SMALL, format::plain_percent(share));
    }
    picture.line(vec![(left, bottom), (right, bottom)], 1.2, GREY);
    let scale = if x.is_log() { "logarithmic" } else { "linear" };
    let below = format!("share of `{}` that has ended within this time ({scale})", fitted.what);
    let below = super::font::fit(&below, SMALL.size, false, right - left);
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL, below);

    for (law, colour) in fitted.laws.iter().zip(SERIES).rev() {
        let points = (0..=POINTS).map(|i| {
            let share = i as f64 / POINTS as f64;
            let at = if x.is_log() {
                let (low, high) = (range.low / 1.15, range.high * 1.15);
                low * (high / low).powf(share)
            } else {
                range.high * 1.04 * share
            };
            (x.at(at), y(law.fit.log_tails(at).0.exp()))
        });
        picture.line(points.collect(), 2.4, colour);
    }
    picture.line(steps(fitted, &x, y, right), 1.6, INK);
    legend(&mut picture, fitted, right + 28.0, top);
    for law in &fitted.laws {
        picture.description.push(format!("{}: {}", law.law, law.yaml.as_deref().unwrap_or("beyond what files hold")));
    }
    let foot = format!("maximum likelihood; p: Anderson–Darling, where all have ended · hasim {}", fitted.version);
    picture.text(MARGIN, bottom + 62.0, Anchor::Left, SMALL, foot);
    picture.reach(bottom + 82.0);
    picture
}

/// The empirical curve as a staircase, with no more corners than there are pixels.
fn steps(fitted: &Fitted, x: &Axis, y: impl Fn(f64) -> f64, right: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(x.at(0.0), y(0.0))];
    for &(at, share) in &fitted.empirical {
        let (before, now) = (points[points.len() - 1], (x.at(at), y(share)));
        if now.0 - before.0 >= 0.25 || before.1 - now.1 >= 0.25 {
            points.extend([(now.0, before.1), now]);
        }
    }
    // What had not ended keeps the curve below the top.
    let last = points[points.len() - 1];
    points.push((right, last.1));
    points
}

fn legend(picture: &mut Picture, fitted: &Fitted, x: f64, top: f64) {
    let mut y = top + 10.0;
    let mut entry = |colour, name: &str, detail: &str| {
        picture.line(vec![(x, y - 4.0), (x + 20.0, y - 4.0)], 3.0, colour);
        picture.text(x + 28.0, y, Anchor::Left, BODY, name);
        for line in super::font::wrap(detail, SMALL.size, false, picture.right() - x - 28.0) {
            y += 15.0;
            picture.text(x + 28.0, y, Anchor::Left, SMALL, line);
        }
        y += 24.0;
    };
    let records = match fitted.censored {
        0 => format!("{} durations, all ended", format::whole(fitted.durations as u64)),
        censored => format!(
            "{} durations, {} had not ended (Kaplan–Meier)",
            format::whole(fitted.durations as u64),
            format::whole(censored as u64)
        ),
    };
    let records = if fitted.zeros > 0 { format!("{records}; {} zeros not shown", fitted.zeros) } else { records };
    entry(INK, "records", &records);
    let best = fitted.laws.first().map_or(0.0, |law| law.aic);
    for (law, colour) in fitted.laws.iter().zip(SERIES) {
        let test = law.anderson_darling.map(|test| format!(" · p {}", format::significant(test.p_value, 2)));
        let behind = law.aic - best;
        let aic = if behind == 0.0 { format!("AIC {best:.1}") } else { format!("AIC + {behind:.1}") };
        let detail = format!("{aic}{}", test.unwrap_or_default());
        entry(colour, law.law, &detail);
    }
    picture.reach(y);
}
