//! How long recoveries take: their distribution, one line per scenario, with its tail.

use std::fmt::Write as _;

use super::axis::{Axis, Range, Unit};
use super::font;
use super::frame::{self, BODY, MARGIN, RIGHT, SMALL};
use super::palette::GREY;
use super::picture::{Anchor, Picture};
use super::series::Series;
use super::simplify_polyline::simplify_polyline;
use crate::report::aggregate::Samples;
use crate::report::format;
use crate::report::labels::Labels;
use crate::results::ExperimentResult;

const HEIGHT: f64 = 400.0;
const LEGEND: f64 = 230.0;

/// Recoveries of Pods, from whatever fault. `None` if there were none.
pub fn draw_pods(result: &ExperimentResult) -> Option<Picture> {
    let samples: Vec<Samples> = result.scenarios.iter().map(Samples::of_recoveries).collect();
    draw(
        result,
        &samples,
        "How long until a Pod serves again?",
        "Pod recovery, from any fault until it serves in rotation again",
    )
}

/// Outages of the service. `None` if there were none.
pub fn draw_outages(result: &ExperimentResult) -> Option<Picture> {
    let samples: Vec<Samples> =
        result.scenarios.iter().map(|s| Samples::of([&s.time_to_recovery_s].into_iter())).collect();
    draw(
        result,
        &samples,
        "How long are the outages of the service?",
        "Time to recovery, from the loss of availability until it is back",
    )
}

fn draw(result: &ExperimentResult, samples: &[Samples], title: &str, what: &str) -> Option<Picture> {
    let high = samples.iter().filter_map(|s| s.max.or(s.histogram.last().map(|b| b.0))).fold(0.0, f64::max);
    // What lies below the second percentile of every scenario cannot be seen on an axis of nines.
    let lowest = Range::of(samples.iter().filter_map(|s| s.quantile(0.02)))?;
    let range = Range { low: lowest.low.max(high / 1e7), high: high.max(lowest.high) };

    let labels = Labels::of(result);
    let measure: Vec<Option<f64>> = samples.iter().map(|s| s.mean().filter(|mean| *mean > 0.0).map(f64::ln)).collect();
    let series = Series::of(&labels, &measure);

    let mut picture = Picture::new(frame::WIDTH);
    let top = frame::head(&mut picture, title, &lead(samples, what)) + 8.0;
    let (left, right, bottom) = (MARGIN + 62.0, RIGHT - LEGEND - 24.0, top + HEIGHT);
    let share = highest(samples);
    let x_axis = Axis::log(Unit::Time, range, left, right);
    let y_axis = Axis::nines(share, bottom, top);
    frame::vertical_grid(&mut picture, &x_axis, top, bottom);
    frame::horizontal_grid(&mut picture, &y_axis, left, right);
    picture.line(vec![(left, bottom), (right, bottom)], 1.2, GREY);

    let many = samples.len() > 8;
    for (i, (samples, colour)) in samples.iter().zip(&series.colours).enumerate().rev() {
        let (width, opacity) = if many { (1.3, 0.75) } else { (2.2, 1.0) };
        if let Some(points) = steps(samples, &x_axis, &y_axis, share) {
            // A line that ends before the top ends at the longest that was seen.
            let end = points.last().copied().filter(|_| ends_below(samples, share));
            let words = format!("{}: {}", result.scenarios[i].name, in_words(samples));
            picture.datum(series.name(i), words, |picture| {
                picture.line(points, width, colour.faint(opacity));
                if let Some(end) = end {
                    picture.disc(end, width + 1.6, *colour);
                }
            });
        }
    }
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL, "recovered within (logarithmic)");
    legend(&mut picture, &series, samples, right + 28.0, top);
    for (scenario, samples) in result.scenarios.iter().zip(samples) {
        picture.description.push(format!("{}: {}", scenario.name, in_words(samples)));
    }
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
}

/// Where the axis of shares ends: as far into the tail as there are samples to show it.
fn highest(samples: &[Samples]) -> f64 {
    match samples.iter().map(|s| s.count).max().unwrap_or(0) {
        20_000.. => 0.999_9,
        2_000.. => 0.999,
        50.. => 0.99,
        _ => 0.95,
    }
}

/// True if the line ends at its longest sample before it reaches the top.
fn ends_below(samples: &Samples, highest: f64) -> bool {
    samples.count > 0 && samples.censored == 0 && (samples.count as f64 - 0.5) / (samples.count as f64) < highest
}

fn lead(samples: &[Samples], what: &str) -> String {
    let censored: u64 = samples.iter().map(|s| s.censored).sum();
    let mut text = format!(
        "{what}. The scale stretches the tail: 90, 99 and 99.9 % are equally far apart, and a line further left is better."
    );
    if samples.iter().any(|s| ends_below(s, highest(samples))) {
        text += " A dot is the longest that was seen.";
    }
    if censored > 0 {
        let _ =
            write!(text, " {} samples without an end keep their lines from reaching the top.", format::whole(censored));
    }
    text
}

fn in_words(samples: &Samples) -> String {
    let quantile = |p: f64| samples.quantile(p).map_or("no end".to_owned(), format::duration);
    if samples.count == 0 {
        return "none".to_owned();
    }
    let count = format::whole(samples.count);
    format!("{count}, half within {}, 95 % within {}, 99 % within {}", quantile(0.5), quantile(0.95), quantile(0.99))
}

/// The distribution function as a staircase; `None` without samples.
fn steps(samples: &Samples, x: &Axis, y: &Axis, top: f64) -> Option<Vec<(f64, f64)>> {
    let total = samples.count + samples.censored;
    let first = samples.histogram.first()?;
    let mut points = vec![(x.at(first.0), y.at(0.0))];
    let mut seen = 0;
    for &(secs, n) in &samples.histogram {
        // The largest of n samples stands for the share beyond the (n − ½)-th.
        let before = seen as f64 / total as f64;
        seen += n;
        let after = (seen as f64).min(total as f64 - 0.5) / total as f64;
        let at = x.at(samples.max.map_or(secs, |max| secs.min(max)));
        points.extend([(at, y.at(before)), (at, y.at(after))]);
        if after >= top {
            break;
        }
    }
    Some(simplify_polyline(&points))
}

fn legend(picture: &mut Picture, series: &Series, samples: &[Samples], x: f64, top: f64) {
    let mut y = top + 10.0;
    let keys = series.title.split(" · ").filter(|key| !key.is_empty());
    for line in keys.flat_map(|key| font::wrap_key(key, SMALL.size, true, RIGHT - x)) {
        picture.text(x, y, Anchor::Left, SMALL.bold(), line);
        y += 15.0;
    }
    y += 6.0;
    let each = samples.len() == series.legend.len() && series.column.is_none();
    for (i, (colour, name)) in series.legend.iter().enumerate() {
        picture.key(name, |picture| {
            picture.line(vec![(x, y - 4.0), (x + 20.0, y - 4.0)], 3.0, *colour);
            for line in font::wrap_lines(name, BODY.size, false, RIGHT - x - 28.0, 3) {
                picture.text(x + 28.0, y, Anchor::Left, BODY, line);
                y += 15.0;
            }
        });
        if each {
            let quantiles = match (samples[i].quantile(0.5), samples[i].quantile(0.95)) {
                (Some(p50), Some(p95)) => format!("50 %: {} · 95 %: {}", format::duration(p50), format::duration(p95)),
                (Some(p50), None) => format!("50 %: {} · 95 %: no end", format::duration(p50)),
                (None, _) if samples[i].count + samples[i].censored == 0 => "none seen".to_owned(),
                (None, _) => "most have no end".to_owned(),
            };
            picture.text(x + 28.0, y, Anchor::Left, SMALL, font::fit(&quantiles, SMALL.size, false, RIGHT - x - 28.0));
            y += 15.0;
        }
        y += 7.0;
    }
    if !each {
        picture.text(x, y + 2.0, Anchor::Left, SMALL, "one line per scenario");
    }
    picture.reach(y);
}
