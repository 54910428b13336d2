//! Which number matters: what is lost with less and with more of each, on both sides of the base.

use super::axis::{Axis, Unit};
use super::bars::BAR;
use super::font;
use super::frame::{self, BODY, MARGIN, RIGHT, SMALL};
use super::palette::{BLUE, Colour, INK, ORANGE};
use super::picture::{Anchor, Picture};
use crate::report::format;
use crate::report::period::Period;
use crate::report::sensitivity::{self, elasticity, interval, name, played, response, signed};
use crate::results::{ExperimentResult, Sensitivity};
use crate::study::Metric;

const ROW: f64 = 34.0;
const LESS: Colour = ORANGE;
const MORE: Colour = BLUE;
/// Room for the values left of the bars, and for the numbers right of them.
const NAMES: f64 = 260.0;
const NUMBERS: f64 = 250.0;

/// A row per number, the largest change first. `None` if it was not asked or nothing matters.
pub fn draw(result: &ExperimentResult) -> Option<Picture> {
    let ranking = sensitivity::ranking(result)?;
    let base = result.scenarios.first()?;
    if ranking.top.is_empty() {
        return None;
    }
    let what = sensitivity::what(result);
    let lost = if what == "downtime" {
        base.estimates[Metric::Downtime].mean
    } else {
        base.estimates[Metric::FailedRequests].mean
    };
    let mut picture = Picture::new(frame::WIDTH);
    let each = Period::of(result).each();
    let lead = format!(
        "Change of the {what} {each} against the base ({}), with each number a little less and a little more. Both are \
         played with the same faults. Right: the change from less to more, its interval, and the elasticity (% for each %).",
        format::in_full(lost)
    );
    let [low, high] = played(ranking.top[0]);
    let change = response(result, ranking.top[0]).change_s_per_year;
    let title = format!(
        "{} matters most: {} of {what} {each} from {low} to {high}",
        name(&ranking.top[0].key),
        signed(change.mean)
    );
    let y = frame::head(&mut picture, &title, &lead);
    let legend = [(LESS, "with less of it".to_owned()), (MORE, "with more of it".to_owned())];
    let top = frame::legend_line(&mut picture, y - 6.0, &legend) + 14.0;
    let bottom = top + ROW * ranking.top.len() as f64;
    let (left, right) = (MARGIN + NAMES, RIGHT - NUMBERS);
    let deviation = |parameter: &Sensitivity| response(result, parameter).at_s_per_year.map(|loss| loss - lost);
    let most = ranking.top.iter().flat_map(|parameter| deviation(parameter)).fold(0.0, |m: f64, d| m.max(d.abs()));
    let middle = f64::midpoint(left, right);
    let mut above = Axis::linear(Unit::Time, most, middle, right);
    let mut below = Axis::linear(Unit::Time, most, middle, left);
    above.ticks.iter_mut().skip(1).for_each(|(_, label)| label.insert(0, '+'));
    below.ticks.iter_mut().skip(1).for_each(|(_, label)| label.insert(0, '−'));
    below.ticks.remove(0);
    for i in 0..ranking.top.len() {
        frame::band(&mut picture, i, top + ROW * i as f64, ROW);
    }
    frame::vertical_grid(&mut picture, &above, top, bottom);
    frame::vertical_grid(&mut picture, &below, top, bottom);
    for (i, parameter) in ranking.top.iter().enumerate() {
        let y = top + ROW * (i as f64 + 0.5);
        let [low, high] = played(parameter);
        let title = font::fit(&name(&parameter.key), BODY.size, true, NAMES - 16.0);
        picture.text(MARGIN, y - 2.0, Anchor::Left, BODY.bold(), title);
        let values = font::fit(&format!("{low} · {high}"), SMALL.size, false, NAMES - 16.0);
        picture.text(MARGIN, y + 12.0, Anchor::Left, SMALL, values);
        let at = |change: f64| if change < 0.0 { below.at(-change) } else { above.at(change) };
        let ends = deviation(parameter);
        // Where both lie on one side, the shorter bar is seen upon the longer.
        let mut sides = [(ends[0], LESS), (ends[1], MORE)];
        sides.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        for (change, colour) in sides {
            let (from, to) = (middle.min(at(change)), middle.max(at(change)));
            picture.rectangle(from, y - BAR / 2.0, to - from, BAR, colour);
        }
        let response = response(result, parameter);
        let change = response.change_s_per_year;
        let numbers = format!("{} ({})", signed(change.mean), interval(&change));
        let numbers = font::fit(&numbers, BODY.size, false, NUMBERS - 14.0);
        picture.text(right + 14.0, y - 2.0, Anchor::Left, BODY, numbers);
        let ratio = format!("elasticity {}", elasticity(response));
        picture.text(right + 14.0, y + 12.0, Anchor::Left, SMALL, font::fit(&ratio, SMALL.size, false, NUMBERS - 14.0));
        picture.description.push(format!(
            "{}: {} from {low} to {high}, interval {}",
            name(&parameter.key),
            signed(change.mean),
            interval(&change)
        ));
    }
    picture.line(vec![(middle, top), (middle, bottom)], 1.4, INK);
    let rest = sensitivity::rest(&ranking);
    picture.text(MARGIN, bottom + 34.0, Anchor::Left, SMALL, font::fit(&rest, SMALL.size, false, RIGHT - MARGIN));
    frame::foot(&mut picture, result, bottom + 40.0);
    Some(picture)
}
