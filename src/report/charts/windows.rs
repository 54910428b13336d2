//! What a window of the objective loses: the share of windows by loss, and how many of them miss the SLO.

use super::axis::{Axis, Range, Unit};
use super::finding::shown_name;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUE, Colour, GREY, GRID, INK, MISSED, PURPLE, SLATE, VERMILION};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::featured;
use crate::report::format;
use crate::results::{ExperimentResult, ScenarioResult, WindowLoss, WindowsResult};
use crate::study::Metric;

const HEIGHT: f64 = 150.0;
/// Where the bar of windows without a loss lies, behind the numbers of its axis, and how wide it is.
const NONE_LEFT: f64 = MARGIN + 52.0;
const NONE_WIDTH: (f64, f64) = (44.0, 32.0);
/// Between it and the others.
const GAP: (f64, f64) = (84.0, 50.0);
/// Bars that can be told apart.
const MOST_BARS: f64 = 40.0;
/// Decades that the axis shows; windows that lose less are in its first bar.
const DECADES: f64 = 5.0;

struct Panel<'a> {
    /// What it is among the scenarios.
    what: String,
    scenario: &'a ScenarioResult,
    windows: &'a WindowsResult,
    loss: &'a WindowLoss,
}

/// So small a share of windows is practically none.
const PRACTICALLY_NONE: f64 = 1e-3;

/// A histogram for the scenario that the other charts show, and one for what it is compared with. `None` if practically no window lost
/// anything, or missed the SLO.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let panels = panels(result);
    let length = panels.first()?.windows.length_s;
    if says_nothing(&panels) {
        return None;
    }
    let allowed = result.objective.slo.map(|slo| (slo, (1.0 - slo) * length)).filter(|(_, seconds)| *seconds > 0.0);
    let bins = Bins::of(&panels, allowed.map(|(_, seconds)| seconds))?;
    let fails = result.objective.metric == Metric::RequestSuccess;
    let what = if fails { "failed requests" } else { "downtime" };
    let window = format::tick(length);

    let mut picture = Picture::on(sheet);
    let title = finding(&panels, what, &window, (allowed.map(|(slo, _)| slo), &featured::in_the_other(result)));
    let (left, right) = (left(sheet), picture.right());
    let mut y = frame::head(&mut picture, &title, &lead(&panels, what, &window, (allowed, &shown_name(result)), &bins));
    let x_axis = Axis::log(Unit::Time, bins.range(), left, right);
    let shares: Vec<Vec<f64>> = panels.iter().map(|panel| bins.shares(panel)).collect();
    let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
    for (panel, shares) in panels.iter().zip(&shares) {
        y = header(&mut picture, panel, y, panels.len() > 1 || result.each_alone);
        let (top, bottom) = (y + 22.0, y + 22.0 + HEIGHT);
        none(&mut picture, panel, (top, bottom));
        // The words at the top have room above the highest bar.
        let mut y_axis = Axis::linear(Unit::Number, highest * 125.0, bottom, top);
        y_axis.ticks.iter_mut().for_each(|(_, label)| *label += " %");
        frame::vertical_grid(&mut picture, &x_axis, top, bottom);
        frame::horizontal_grid(&mut picture, &y_axis, left, right);
        verdict(&mut picture, panel, &x_axis, allowed, (top, bottom));
        for (i, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let (from, to) = bins.edges(i);
            let (begin, end) = (x_axis.at(from), x_axis.at(to));
            let missed = allowed.is_some_and(|(_, most)| from >= most * 0.999);
            // The rarest bar is still seen.
            let height = (bottom - y_axis.at(share * 100.0)).max(1.5);
            let at_least =
                if i == 0 && bins.cut { "up to".to_owned() } else { format!("{} to", format::duration(from)) };
            let words = format!(
                "{}: {} of windows lose {at_least} {}",
                panel.scenario.name,
                rare(*share),
                format::duration(to)
            );
            picture.datum("", words, |picture| {
                let colour = if missed { VERMILION } else { BLUE };
                picture.rectangle(begin + 0.75, bottom - height, (end - begin - 1.5).max(1.0), height, colour);
            });
        }
        picture.line(vec![(left, bottom), (right, bottom)], 1.2, GREY);
        if let Some((slo, seconds)) = allowed.filter(|(_, seconds)| x_axis.holds(*seconds)) {
            let x = x_axis.at(seconds);
            picture.dashes((x, top), (x, bottom), 1.6, PURPLE);
            let text = format!("SLO {}: {}", format::plain_percent(slo), format::duration(seconds));
            let half = font::width(&text, SMALL.size, true) / 2.0;
            if x - half > left + 120.0 {
                picture.text(left, top - 9.0, Anchor::Left, SMALL, "share of windows");
            }
            let style = SMALL.bold().coloured(PURPLE);
            picture.text(x.clamp(left + half, right - half), top - 9.0, Anchor::Middle, style, text);
        }
        picture.description.push(in_words(panel));
        y = bottom + 30.0;
    }
    let unit = format!("{what} in a window of {window} (logarithmic)");
    picture.text(f64::midpoint(left, right), y + 4.0, Anchor::Middle, SMALL, unit);
    frame::foot(&mut picture, result, y + 10.0);
    Some(picture)
}

/// Where the bars of losses begin.
fn left(sheet: Sheet) -> f64 {
    if sheet.is_narrow() { NONE_LEFT + NONE_WIDTH.1 + GAP.1 } else { NONE_LEFT + NONE_WIDTH.0 + GAP.0 }
}

/// The share that misses the SLO, or that loses anything where there is none.
fn missing(panel: &Panel<'_>) -> f64 {
    panel.windows.meets_slo.map_or(1.0 - spared(panel), |meets| if meets.bound { 0.0 } else { 1.0 - meets.mean })
}

/// Neither is told from the other.
fn are_alike(one: &Panel<'_>, other: &Panel<'_>) -> bool {
    let (Some(a), Some(b)) = (one.windows.meets_slo, other.windows.meets_slo) else { return false };
    !a.bound && !b.bound && (a.low..=a.high).contains(&b.mean) && (b.low..=b.high).contains(&a.mean)
}

fn says_nothing(panels: &[Panel<'_>]) -> bool {
    panels.iter().all(|panel| missing(panel) < PRACTICALLY_NONE)
}

/// Why there is no picture, where there are windows and an SLO that they meet.
pub fn why_not(result: &ExperimentResult) -> Option<String> {
    let panels = panels(result);
    let slo = format::plain_percent(result.objective.slo?);
    let window = format::tick(panels.first()?.windows.length_s);
    let most = panels.iter().map(missing).fold(0.0, f64::max);
    let many = if most > 0.0 { format!("{} miss", rare(most)) } else { "none was seen to miss".to_owned() };
    let whose = match panels.len() {
        1 if result.scenarios.len() == 1 => "",
        1 => " in the scenario that pictures show",
        _ => " in either scenario that pictures show",
    };
    says_nothing(&panels).then(|| format!("No picture of the windows of {window}: {many} {slo}{whose}."))
}

/// What the picture says: how many windows miss the SLO, or lose anything.
fn finding(panels: &[Panel<'_>], what: &str, window: &str, (slo, in_the_other): (Option<f64>, &str)) -> String {
    let misses = |panel: &Panel<'_>| match missing(panel) {
        share if share > 0.0 => rare(share),
        _ => "none seen".to_owned(),
    };
    let does = slo.map_or(format!("have {what}"), |slo| format!("miss {}", format::plain_percent(slo)));
    match panels {
        [] => String::new(),
        [one] if missing(one) <= 0.0 => format!("No window of {window} was seen to {does}"),
        [one] => format!("{} of windows of {window} {does}", misses(one)),
        [one, other, ..] if are_alike(one, other) => {
            format!("{} of windows of {window} {does}, {in_the_other} about as many", misses(one))
        }
        [one, other, ..] => {
            format!("{} of windows of {window} {does}; {} {in_the_other}", misses(one), misses(other))
        }
    }
}

/// What pictures of one scenario show, and beside it what that is compared with.
fn panels(result: &ExperimentResult) -> Vec<Panel<'_>> {
    let fails = result.objective.metric == Metric::RequestSuccess;
    let mut panels: Vec<Panel<'_>> = Vec::new();
    for scenario in featured::featured_scenarios(result) {
        let Some(windows) = scenario.windows.as_ref().filter(|windows| windows.count > 0) else { continue };
        let loss = if fails { &windows.failed_request_s } else { &windows.downtime_s };
        panels.push(Panel { what: featured::heading(result, scenario), scenario, windows, loss });
    }
    panels
}

/// Bars of equal ratio. One of their edges is what the SLO allows, so no bar lies on both sides of it.
struct Bins {
    anchor: f64,
    /// Natural logarithm of the ratio.
    step: f64,
    first: i64,
    last: i64,
    /// Some windows lose less than the axis shows.
    cut: bool,
}

impl Bins {
    fn of(panels: &[Panel<'_>], allowed: Option<f64>) -> Option<Self> {
        let losses = panels.iter().flat_map(|panel| &panel.loss.histogram).filter(|(_, n)| *n > 0);
        let all = Range::of(losses.map(|(seconds, _)| *seconds))?;
        let low = all.low.max(all.high / 10f64.powf(DECADES));
        let near = allowed.filter(|seconds| *seconds > low / 30.0 && *seconds < all.high * 30.0);
        let (least, most) = near.map_or((low, all.high), |seconds| (low.min(seconds), all.high.max(seconds * 1.5)));
        let decades = (most / least).log10().max(0.5);
        let per_decade =
            [30.0, 20.0, 15.0, 10.0, 8.0, 6.0, 5.0, 4.0].into_iter().find(|n| n * decades <= MOST_BARS).unwrap_or(4.0);
        let mut bins = Self {
            anchor: near.unwrap_or(1.0),
            step: std::f64::consts::LN_10 / per_decade,
            first: 0,
            last: 0,
            cut: all.low < low,
        };
        (bins.first, bins.last) = (bins.place(least), bins.place(most));
        Some(bins)
    }

    /// The bar of a loss; a loss that lies on an edge is in the lesser one, as it still meets the SLO.
    fn place(&self, seconds: f64) -> i64 {
        ((seconds / self.anchor).ln() / self.step - 1e-9).ceil() as i64 - 1
    }

    fn edges(&self, bar: usize) -> (f64, f64) {
        let edge = |i: i64| self.anchor * (i as f64 * self.step).exp();
        let i = self.first + bar as i64;
        (edge(i), edge(i + 1))
    }

    fn range(&self) -> Range {
        let (low, high) = (self.edges(0).0, self.edges((self.last - self.first) as usize).1);
        Range { low, high }
    }

    /// The share of a panel's windows in each bar.
    fn shares(&self, panel: &Panel<'_>) -> Vec<f64> {
        let mut counts = vec![0u64; (self.last - self.first + 1) as usize];
        for (seconds, n) in panel.loss.histogram.iter().filter(|(seconds, _)| *seconds > 0.0) {
            let bar = self.place(*seconds).clamp(self.first, self.last) - self.first;
            counts[bar as usize] += n;
        }
        counts.into_iter().map(|n| n as f64 / total(panel)).collect()
    }
}

fn total(panel: &Panel<'_>) -> f64 {
    let counted: u64 = panel.loss.histogram.iter().map(|(_, n)| n).sum();
    counted.max(1) as f64
}

/// The share of windows that lose nothing.
fn spared(panel: &Panel<'_>) -> f64 {
    let n: u64 = panel.loss.histogram.iter().filter(|(seconds, _)| *seconds <= 0.0).map(|(_, n)| n).sum();
    n as f64 / total(panel)
}

/// Which scenario, and what its windows lose in figures. Returns where its bars may begin.
fn header(picture: &mut Picture, panel: &Panel<'_>, y: f64, several: bool) -> f64 {
    let mut y = y + 8.0;
    if several {
        let name =
            font::fit(&format!("{}: {}", panel.what, panel.scenario.name), BODY.size, true, picture.right() - MARGIN);
        picture.text(MARGIN, y, Anchor::Left, BODY.bold(), name);
        y += 17.0;
    }
    let quantile = |name: &str, value: f64| {
        let value = if value > 0.0 { format::duration(value) } else { "none".to_owned() };
        format!("{name} {value}")
    };
    let loss = panel.loss;
    let figures = [
        quantile("median", loss.p50.value),
        quantile("p95", loss.p95.value),
        quantile("p99", loss.p99.value),
        quantile("worst", loss.worst),
    ];
    let text = format!("{} windows: {}", format::whole(panel.windows.count), figures.join(" · "));
    picture.text(MARGIN, y, Anchor::Left, SMALL, text);
    y + 8.0
}

/// The windows without a loss: they have a scale of their own, from nothing to all, or nothing else would be seen.
fn none(picture: &mut Picture, panel: &Panel<'_>, (top, bottom): (f64, f64)) {
    let share = spared(panel);
    let height = (bottom - top) * share;
    let wide = if picture.sheet.is_narrow() { NONE_WIDTH.1 } else { NONE_WIDTH.0 };
    for (part, label) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
        let y = bottom - (bottom - top) * part;
        picture.line(vec![(NONE_LEFT - 6.0, y), (NONE_LEFT + wide + 6.0, y)], 1.0, GRID);
        picture.text(NONE_LEFT - 10.0, y + 4.0, Anchor::Right, SMALL, label);
    }
    let middle = NONE_LEFT + wide / 2.0;
    picture.datum("", format!("{}: {} of windows lose nothing", panel.scenario.name, rare(share)), |picture| {
        picture.rectangle(NONE_LEFT, bottom - height, wide, height.max(0.5), SLATE);
        picture.text(middle, (bottom - height - 5.0).min(bottom - 5.0), Anchor::Middle, SMALL.bold(), rare(share));
    });
    picture.line(vec![(NONE_LEFT - 6.0, bottom), (NONE_LEFT + wide + 6.0, bottom)], 1.2, GREY);
    picture.text(middle, bottom + 16.0, Anchor::Middle, SMALL, "no loss");
}

/// On which side of the SLO how many windows lie.
fn verdict(
    picture: &mut Picture,
    panel: &Panel<'_>,
    axis: &Axis,
    allowed: Option<(f64, f64)>,
    (top, bottom): (f64, f64),
) {
    let Some((_, seconds)) = allowed else { return };
    let inside = axis.holds(seconds);
    let x = axis.at(seconds);
    if inside {
        picture.rectangle(x, top, picture.right() - x, bottom - top, MISSED);
    }
    let Some(lines) = missed(panel) else { return };
    let width = lines.iter().map(|(line, bold)| font::width(line, BODY.size, *bold)).fold(0.0, f64::max);
    // Beside the line on its far side, or before it where that is too narrow.
    let (at, anchor) = if !inside || picture.right() - x > width + 16.0 {
        (if inside { x + 8.0 } else { picture.right() - 8.0 }, if inside { Anchor::Left } else { Anchor::Right })
    } else {
        (x - 8.0, Anchor::Right)
    };
    for (i, (line, bold)) in lines.into_iter().enumerate() {
        let colour: Colour = if bold { VERMILION } else { INK };
        let style = if bold { BODY.bold().coloured(colour) } else { SMALL };
        picture.text(at, top + 16.0 + 15.0 * i as f64, anchor, style, line);
    }
}

/// How many windows miss the SLO, with the interval; bold what is the finding.
fn missed(panel: &Panel<'_>) -> Option<Vec<(String, bool)>> {
    let meets = panel.windows.meets_slo.as_ref()?;
    if meets.bound {
        return Some(vec![(format!("none seen to miss it: {} meet it", format::percent(meets)), false)]);
    }
    let [mean, low, high] = [1.0 - meets.mean, 1.0 - meets.high, 1.0 - meets.low];
    Some(vec![(format!("{} miss it", rare(mean)), true), (format!("interval {} to {}", rare(low), rare(high)), false)])
}

/// A share with two digits of what is rare: `0.86 %`, `94 %`, `99.14 %`.
fn rare(share: f64) -> String {
    let missing = format::significant((1.0 - share) * 100.0, 2);
    let decimals = missing.split('.').nth(1).map_or(0, str::len);
    match share * 100.0 {
        percent if percent >= 99.999_95 && share < 1.0 => "> 99.9999 %".to_owned(),
        percent if percent > 99.0 => format!("{percent:.decimals$} %"),
        percent => format!("{} %", format::significant(percent, 2)),
    }
}

fn lead(
    panels: &[Panel<'_>],
    what: &str,
    window: &str,
    (allowed, shown): (Option<(f64, f64)>, &str),
    bins: &Bins,
) -> String {
    let mut text = format!(
        "Share of windows of {window} by their {what}. Those without any are the bar at the left, which has a scale of its own."
    );
    if bins.cut {
        text += " The first of the other bars holds all smaller losses too.";
    }
    if let Some((slo, seconds)) = allowed {
        let range = bins.range();
        if !(range.low..=range.high).contains(&seconds) {
            let (slo, seconds) = (format::plain_percent(slo), format::duration(seconds));
            text += &format!(" The SLO of {slo} leaves {seconds} a window, outside this picture.");
        }
    }
    if panels.len() > 1 {
        text += " The pictures have the same scales.";
    } else if !shown.is_empty() {
        text += &format!(" {shown}");
    }
    text
}

fn in_words(panel: &Panel<'_>) -> String {
    let lines = missed(panel).unwrap_or_default();
    let missed = lines.iter().fold(String::new(), |text, (line, _)| text + ", " + line);
    format!(
        "{}: {} of {} windows lose nothing, 99 % lose at most {}, the worst {}{missed}",
        panel.scenario.name,
        rare(spared(panel)),
        format::whole(panel.windows.count),
        format::duration(panel.loss.p99.value),
        format::duration(panel.loss.worst),
    )
}
