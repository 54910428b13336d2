//! How much recoveries and outages differ among themselves: a box for each scenario.

use super::axis::{Axis, Range, Unit};
use super::finding;
use super::font;
use super::frame::{self, BODY, MARGIN, Rows, SMALL};
use super::palette::{BLUE, Colour, GREY, PAPER, VERMILION};
use super::picture::{Anchor, Picture};
use super::recovery::{self, FEW};
use super::sheet::Sheet;
use crate::report::aggregate::Samples;
use crate::report::format;
use crate::report::labels::Labels;
use crate::results::ExperimentResult;

const ROW: f64 = 27.0;
const BOX: f64 = 13.0;
/// Room for the median in figures.
const FIGURES: f64 = 62.0;
const GAP: f64 = 30.0;
/// Of fewer scenarios the curves are drawn, which tell more; more boxes are a wall.
pub const SCENARIOS: std::ops::RangeInclusive<usize> = 7..=24;

/// Quantiles that differ by a smaller factor look the same.
const ALIKE: f64 = 1.1;

struct Panel {
    title: &'static str,
    what: &'static str,
    colour: Colour,
    samples: Vec<Samples>,
}

/// A box per scenario for the recoveries of Pods from faults, and one for the outages. `None` for few scenarios, for very many,
/// or where there were hardly any of either.
pub fn draw(result: &ExperimentResult) -> Option<Picture> {
    if !SCENARIOS.contains(&result.scenarios.len()) {
        return None;
    }
    let pods = result.scenarios.iter().map(|one| recovery::of_faults(result, one)).collect();
    let outages = result.scenarios.iter().map(recovery::of_outages).collect();
    let panels = [
        Panel { title: "Pod recovery from faults", what: "recoveries", colour: BLUE, samples: pods },
        Panel { title: "Outages of the service", what: "outages", colour: VERMILION, samples: outages },
    ];
    let ranged = |panel: Panel| range(&panel).map(|range| (panel, range));
    // Where all boxes are alike, one number says it.
    let differs = |panel: &Panel| {
        let many = || panel.samples.iter().filter(|one| one.count + one.censored >= FEW);
        let spans = |p: f64| {
            let ends = many().map(|one| one.quantile(p).unwrap_or(f64::INFINITY));
            ends.fold((f64::INFINITY, 0.0_f64), |(least, most), secs| (least.min(secs), most.max(secs)))
        };
        [0.5, 0.95].into_iter().any(|p| spans(p).1 > ALIKE * spans(p).0)
    };
    let has_many = |panel: &Panel| panel.samples.iter().any(|one| one.count + one.censored >= FEW);
    let panels: Vec<(Panel, Range)> = panels.into_iter().filter(has_many).filter(differs).filter_map(ranged).collect();
    if panels.is_empty() {
        return None;
    }
    let mut picture = Picture::on(Sheet::WHOLE);
    let labels = Labels::of(result);
    let rows = Rows::of(&labels, 390.0);
    let y = frame::head(&mut picture, &title(result, &panels), &lead(&panels));
    let y = legend(&mut picture, y - 4.0);
    let top = y + rows.head.max(14.0) + 22.0;
    let bottom = top + ROW * result.scenarios.len() as f64 + 4.0;
    for i in 0..result.scenarios.len() {
        frame::band(&mut picture, i, top + ROW * i as f64 + 2.0, ROW);
    }
    rows.write_head(&mut picture, top);
    for (i, scenario) in result.scenarios.iter().enumerate() {
        let middle = top + ROW * (i as f64 + 0.5) + 2.0;
        rows.write(&mut picture, i, middle, result.baseline.as_deref() == Some(scenario.name.as_str()));
    }
    let from = rows.right + 14.0;
    let width = (picture.right() - from - GAP * (panels.len() - 1) as f64) / panels.len() as f64;
    for (k, (panel, range)) in panels.iter().enumerate() {
        let left = from + (width + GAP) * k as f64;
        let axis = Axis::log(Unit::Time, *range, left, left + width - FIGURES);
        let title = font::fit(panel.title, BODY.size, true, width - FIGURES);
        picture.text(left, top - 8.0, Anchor::Left, BODY.bold().coloured(panel.colour), title);
        picture.text(left + width, top - 8.0, Anchor::Right, SMALL.bold(), "median");
        frame::vertical_grid(&mut picture, &axis, top, bottom);
        for (i, samples) in panel.samples.iter().enumerate() {
            let middle = top + ROW * (i as f64 + 0.5) + 2.0;
            let words = format!("{}: {}", result.scenarios[i].name, in_words(samples, panel.what));
            picture.datum("", words.clone(), |picture| boxed(picture, &axis, samples, middle, panel.colour));
            let median = match samples.quantile(0.5) {
                Some(median) => format::duration(median),
                None if samples.count + samples.censored == 0 => "none".to_owned(),
                None => "no end".to_owned(),
            };
            picture.text(left + width, middle + 4.0, Anchor::Right, SMALL, median);
            picture.description.push(words);
        }
        let middle = left + (width - FIGURES) / 2.0;
        picture.text(middle, bottom + 34.0, Anchor::Middle, SMALL, "length (logarithmic)");
    }
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
}

/// What the boxes and whiskers of a panel span, and the longest of all.
fn range(panel: &Panel) -> Option<Range> {
    let ends =
        panel.samples.iter().flat_map(|samples| [samples.quantile(0.05), samples.quantile(0.95), longest(samples)]);
    let all = Range::of(ends.flatten())?;
    Some(Range { low: all.low.max(all.high / 1e7), high: all.high })
}

fn longest(samples: &Samples) -> Option<f64> {
    samples.max.or(samples.histogram.last().map(|(seconds, _)| *seconds))
}

/// Whiskers, box, median and the longest; a quantile that has no end lies at the right, with an arrow.
fn boxed(picture: &mut Picture, axis: &Axis, samples: &Samples, y: f64, colour: Colour) {
    if samples.count + samples.censored == 0 {
        return;
    }
    if samples.count + samples.censored < FEW {
        for (seconds, _) in &samples.histogram {
            picture.disc((axis.at(*seconds), y), 2.4, colour);
        }
        return;
    }
    let end = axis.at(f64::INFINITY);
    let x = |p: f64| samples.quantile(p).map_or(end, |seconds| axis.at(seconds));
    let [p5, p25, p50, p75, p95] = [0.05, 0.25, 0.5, 0.75, 0.95].map(x);
    picture.line(vec![(p5, y), (p95, y)], 1.6, colour);
    picture.line(vec![(p5, y - 4.0), (p5, y + 4.0)], 1.6, colour);
    if samples.quantile(0.95).is_some() {
        picture.line(vec![(p95, y - 4.0), (p95, y + 4.0)], 1.6, colour);
    } else {
        picture.area(vec![(end, y), (end - 7.0, y - 4.0), (end - 7.0, y + 4.0)], colour);
    }
    let (left, right) = (p25.min(p75 - 3.0), p75);
    picture.rectangle(left, y - BOX / 2.0, right - left, BOX, colour);
    picture.line(vec![(p50, y - BOX / 2.0), (p50, y + BOX / 2.0)], 2.4, PAPER);
    if let Some(longest) = longest(samples).filter(|_| samples.censored == 0) {
        picture.disc((axis.at(longest), y), 3.0, colour);
    }
}

fn legend(picture: &mut Picture, y: f64) -> f64 {
    let middle = y + 6.0;
    let (left, at) = (MARGIN + 4.0, |share: f64| MARGIN + 4.0 + 150.0 * share);
    picture.line(vec![(left, middle), (at(0.72), middle)], 1.6, GREY);
    for end in [left, at(0.72)] {
        picture.line(vec![(end, middle - 4.0), (end, middle + 4.0)], 1.6, GREY);
    }
    picture.rectangle(at(0.2), middle - BOX / 2.0, at(0.5) - at(0.2), BOX, GREY);
    picture.line(vec![(at(0.32), middle - BOX / 2.0), (at(0.32), middle + BOX / 2.0)], 2.4, PAPER);
    picture.disc((at(0.95), middle), 3.0, GREY);
    let words = "whiskers: 5 to 95 % · box: the middle half · gap in it: the median · dot: the longest seen · fewer than 20 \
                 samples: a dot each";
    picture.text(at(1.0) + 14.0, middle + 4.0, Anchor::Left, SMALL, words);
    y + 16.0
}

/// From which to which scenario the median goes, in the last panel: what users notice comes before what Pods do.
fn title(result: &ExperimentResult, panels: &[(Panel, Range)]) -> String {
    let Some((panel, _)) = panels.last() else { return String::new() };
    let known = panel.samples.iter().enumerate().filter(|(_, samples)| samples.count + samples.censored >= FEW);
    let medians: Vec<(usize, f64)> = known.filter_map(|(i, samples)| Some((i, samples.quantile(0.5)?))).collect();
    let by_length = |a: &&(usize, f64), b: &&(usize, f64)| a.1.total_cmp(&b.1);
    let (Some(least), Some(most)) = (medians.iter().min_by(by_length), medians.iter().max_by(by_length)) else {
        return format!("Most {} have no end", panel.what);
    };
    let what = if panel.what == "outages" { "outage" } else { "Pod recovery from a fault" };
    if most.1 < 1.1 * least.1 {
        return format!("The median {what} is {} in every scenario", format::duration(least.1));
    }
    let words = |(i, secs): &(usize, f64)| {
        format!("{} ({})", format::duration(*secs), finding::settings(result, &result.scenarios[*i]))
    };
    format!("The median {what} is from {} to {}", words(least), words(most))
}

fn lead(panels: &[(Panel, Range)]) -> String {
    let what: Vec<&str> = panels
        .iter()
        .map(|(panel, _)| {
            if panel.what == "outages" {
                "how long the service is out"
            } else {
                "how long Pods take to serve again after a fault"
            }
        })
        .collect();
    let mut text = format!(
        "{}, scenario by scenario. A short box means that one is like the other; how many there are stands in the table.",
        finding::capital(&what.join(", and "))
    );
    if panels.iter().any(|(panel, _)| panel.samples.iter().any(|samples| samples.censored > 0)) {
        text += " Where some had no end within the horizon there is no longest, and an arrow stands for more than was seen.";
    }
    text
}

fn in_words(samples: &Samples, what: &str) -> String {
    if samples.count + samples.censored == 0 {
        return format!("no {what}");
    }
    let at = |p: f64| samples.quantile(p).map_or("no end".to_owned(), format::duration);
    let mut text = format!(
        "{} {what}, 5 % within {}, a quarter within {}, half within {}, three quarters within {}, 95 % within {}",
        format::whole(samples.count + samples.censored),
        at(0.05),
        at(0.25),
        at(0.5),
        at(0.75),
        at(0.95),
    );
    match longest(samples) {
        Some(_) if samples.censored > 0 => text += &format!(", {} without an end", format::whole(samples.censored)),
        Some(longest) => text += &format!(", the longest {}", format::duration(longest)),
        None => {}
    }
    text
}
