//! Two distribution functions in each of several panels: what was measured, as steps, over what is simulated.

use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUE, Colour, GREY, GRID, VERMILION};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;

const COLUMNS: usize = 3;
const HEIGHT: f64 = 190.0;
const GAP: f64 = 44.0;
const MEASURED: Colour = VERMILION;
const SIMULATED: Colour = BLUE;

/// One panel: two samples in ascending order, neither empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What is timed.
    pub title: String,
    /// Measured values, in seconds.
    pub measured: Vec<f64>,
    /// Simulated quantiles, evenly spaced from 0 to 1.
    pub simulated: Vec<f64>,
}

/// All panels, three in a row.
pub fn overlay(title: &str, lead: &str, panels: &[Panel]) -> Picture {
    let mut picture = Picture::on(Sheet::WHOLE);
    let top = frame::head(&mut picture, title, lead);
    let legend = [(MEASURED, "measured".to_owned()), (SIMULATED, "simulated".to_owned())];
    let top = frame::legend_line(&mut picture, top, &legend) + 14.0;
    let width = (picture.right() - MARGIN - GAP * (COLUMNS as f64 - 1.0)) / COLUMNS as f64;
    for (i, panel) in panels.iter().enumerate() {
        let (row, column) = (i / COLUMNS, i % COLUMNS);
        let left = MARGIN + 26.0 + column as f64 * (width + GAP);
        draw(&mut picture, panel, left, top + row as f64 * (HEIGHT + 84.0), width - 26.0);
        picture.description.push(in_words(panel));
    }
    let rows = panels.len().div_ceil(COLUMNS) as f64;
    picture.reach(top + rows * (HEIGHT + 84.0));
    picture
}

fn draw(picture: &mut Picture, panel: &Panel, left: f64, top: f64, width: f64) {
    let name = font::fit(&panel.title, BODY.size, true, width + 26.0);
    picture.text(left - 26.0, top, Anchor::Left, BODY.bold(), name);
    picture.text(left - 26.0, top + 16.0, Anchor::Left, SMALL, format!("n {}", panel.measured.len()));
    let (top, bottom) = (top + 28.0, top + 28.0 + HEIGHT);
    let (low, high) = range(panel);
    let x = |value: f64| left + width * ((value - low) / (high - low)).clamp(0.0, 1.0);
    let y = |share: f64| bottom - HEIGHT * share;
    for share in [0.0, 0.5, 1.0] {
        picture.line(vec![(left, y(share)), (left + width, y(share))], 1.0, GRID);
        picture.text(left - 6.0, y(share) + 4.0, Anchor::Right, SMALL, format!("{:.0} %", share * 100.0));
    }
    let step = step(high - low);
    let mut tick = (low / step).ceil() * step;
    while tick <= high + step * 1e-9 {
        picture.line(vec![(x(tick), top), (x(tick), bottom)], 1.0, GRID);
        let decimals = if step < 0.1 { 2 } else { usize::from(step < 1.0) };
        picture.text(x(tick), bottom + 16.0, Anchor::Middle, SMALL, format!("{tick:.decimals$} s"));
        tick += step;
    }
    picture.line(vec![(left, bottom), (left + width, bottom)], 1.2, GREY);
    let last = (panel.simulated.len().max(2) - 1) as f64;
    let curve = panel.simulated.iter().enumerate().map(|(i, &value)| (x(value), y(i as f64 / last)));
    picture.line(curve.collect(), 2.4, SIMULATED);
    let n = panel.measured.len() as f64;
    let mut steps = vec![(left, y(0.0))];
    for (i, &value) in panel.measured.iter().enumerate() {
        steps.extend([(x(value), y(i as f64 / n)), (x(value), y((i as f64 + 1.0) / n))]);
    }
    steps.push((left + width, y(1.0)));
    picture.line(steps, 1.5, MEASURED);
}

/// What the axis shows: all that was measured, and nearly all that is simulated.
fn range(panel: &Panel) -> (f64, f64) {
    let at = |p: f64| panel.simulated[(p * (panel.simulated.len() - 1) as f64) as usize];
    let low = panel.measured.first().map_or(at(0.01), |first| first.min(at(0.01)));
    let high = panel.measured.last().map_or(at(0.99), |last| last.max(at(0.99)));
    let margin = ((high - low) * 0.04).max(1e-3);
    ((low - margin).max(0.0), high + margin)
}

/// A step of 1, 2 or 5 times a power of ten that makes three to six ticks.
fn step(span: f64) -> f64 {
    let rough = span / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    step.into_iter().find(|step| *step >= rough).unwrap_or(10.0 * power)
}

fn in_words(panel: &Panel) -> String {
    let middle = |sorted: &[f64]| sorted[sorted.len() / 2];
    let (measured, simulated) = (middle(&panel.measured), middle(&panel.simulated));
    format!("{}: median measured {measured:.2} s, simulated {simulated:.2} s", panel.title)
}
