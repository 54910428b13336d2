//! Which number matters: what is lost with less and with more of each, on both sides of the base.

use super::axis::{Axis, Unit};
use super::bars::BAR;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUE, Colour, INK, ORANGE};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::format;
use crate::report::loss;
use crate::report::period::Period;
use crate::report::sensitivity::{self, elasticity, interval, name, played, response, signed};
use crate::results::{ExperimentResult, Sensitivity};

const ROW: f64 = 34.0;
const NARROW_ROW: f64 = 23.0;
const LESS: Colour = ORANGE;
const MORE: Colour = BLUE;
/// Room for the values left of the bars, and for the numbers right of them.
const NAMES: f64 = 260.0;
const NUMBERS: f64 = 250.0;
const NARROW_NUMBERS: f64 = 200.0;
const LEAST_NUMBERS: f64 = 80.0;
/// A part of the width of a part.
const MOST_NAMES: f64 = 0.45;
/// Above the bars of a block stands its heading, below them its axis.
const HEADING: f64 = 22.0;
const AXIS: f64 = 26.0;
/// What stands below all of them.
const BELOW: f64 = 14.0;

/// Parameters on one scale.
struct Block<'a> {
    heading: &'static str,
    parameters: Vec<&'a Sensitivity>,
}

/// A row per number, the largest change first: of those that change by a share and of those that change by whole steps, each on a scale
/// of its own, as a step may be a half or the double. `None` if it was not asked or nothing matters.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let ranking = sensitivity::ranking(result)?;
    let base = result.scenarios.first()?;
    if ranking.top.is_empty() {
        return None;
    }
    let what = sensitivity::what(result);
    let lost = base.estimates[loss::loss_of(result)].mean;
    let mut picture = Picture::on(sheet);
    let each = Period::of(result).each();
    let lead = format!(
        "Change of the {what} {each} against the base ({}), with each number a little less and a little more. Both are \
         played with the same faults. Right: the change from less to more, its interval, and the elasticity (% for each %).",
        format::in_full(lost)
    );
    let mut blocks = blocks(&ranking);
    let title = title(result, &blocks);
    let y = frame::head(&mut picture, &title, &lead);
    let legend = [(LESS, "with less of it".to_owned()), (MORE, "with more of it".to_owned())];
    let mut y = frame::legend_line(&mut picture, y - 6.0, &legend);
    let beside = y + blocks.len() as f64 * (HEADING + AXIS);
    let room = sheet.rows(beside + BELOW, row_height(sheet));
    let share = room.div_ceil(blocks.len());
    let blocks_there = blocks.len();
    for (number, block) in blocks.iter_mut().enumerate() {
        block.parameters.truncate(if number + 1 == blocks_there { room - share * number.min(1) } else { share });
    }
    for block in &blocks {
        y = draw_block(&mut picture, result, block, lost, y);
    }
    let rest = sensitivity::rest(&ranking);
    if !sheet.is_part() {
        let rest = font::fit(&rest, SMALL.size, false, picture.right() - MARGIN);
        picture.text(MARGIN, y + 12.0, Anchor::Left, SMALL, rest);
    }
    frame::foot(&mut picture, result, y + BELOW);
    Some(picture)
}

/// Those that change by a share and those that change by steps, those with the largest change first.
fn blocks<'a>(ranking: &sensitivity::Ranking<'a>) -> Vec<Block<'a>> {
    let (whole, parts): (Vec<&Sensitivity>, Vec<&Sensitivity>) = ranking.top.iter().partition(|one| one.whole);
    let steps_first = ranking.top[0].whole;
    let mut blocks = vec![
        Block { heading: "numbers that change by a share", parameters: parts },
        Block { heading: "settings that change by one step", parameters: whole },
    ];
    if steps_first {
        blocks.reverse();
    }
    blocks.retain(|block| !block.parameters.is_empty());
    blocks
}

/// What matters most, and of the others what does.
fn title(result: &ExperimentResult, blocks: &[Block<'_>]) -> String {
    let (what, each) = (sensitivity::what(result), Period::of(result).each());
    let first = |block: &Block<'_>| {
        let parameter = block.parameters[0];
        let [low, high] = played(parameter);
        let change = signed(response(result, parameter).change_s_per_year.mean);
        (name(&parameter.key), change, format!("from {low} to {high}"))
    };
    let (who, change, span) = first(&blocks[0]);
    let mut title = format!("{who} matters most: {change} of {what} {each} {span}");
    if let Some(other) = blocks.get(1) {
        let (who, change, span) = first(other);
        let of = if other.parameters[0].whole { "settings" } else { "numbers" };
        title += &format!("; of the {of} {who}: {change} {span}");
    }
    title
}

fn row_height(sheet: Sheet) -> f64 {
    if sheet.is_narrow() { 2.0 * NARROW_ROW } else { sheet.either(ROW, NARROW_ROW) }
}

/// One block; returns where it ends.
fn draw_block(picture: &mut Picture, result: &ExperimentResult, block: &Block<'_>, lost: f64, y: f64) -> f64 {
    let sheet = picture.sheet;
    let is_narrow = sheet.is_narrow();
    let row = row_height(sheet);
    let numbers = if is_narrow { LEAST_NUMBERS } else { sheet.either(NUMBERS, NARROW_NUMBERS) };
    let longest = block.parameters.iter().map(|one| font::width(&name(&one.key), BODY.size, true)).fold(0.0, f64::max);
    // On a narrow sheet a name stands above its bar.
    let names = if is_narrow {
        0.0
    } else if sheet.is_part() {
        (longest + 16.0).min(MOST_NAMES * sheet.width)
    } else {
        NAMES
    };
    picture.text(MARGIN, y + HEADING - 6.0, Anchor::Left, SMALL.bold(), block.heading);
    let top = y + HEADING;
    let bottom = top + row * block.parameters.len() as f64;
    let (left, right) = (MARGIN + names, picture.right() - numbers);
    let deviation = |parameter: &Sensitivity| response(result, parameter).at_s_per_year.map(|loss| loss - lost);
    let most = block.parameters.iter().flat_map(|one| deviation(one)).fold(0.0, |m: f64, d| m.max(d.abs()));
    let middle = f64::midpoint(left, right);
    let mut above = Axis::linear(Unit::Time, most, middle, right);
    let mut below = Axis::linear(Unit::Time, most, middle, left);
    above.ticks.iter_mut().skip(1).for_each(|(_, label)| label.insert(0, '+'));
    below.ticks.iter_mut().skip(1).for_each(|(_, label)| label.insert(0, '−'));
    below.ticks.remove(0);
    for i in 0..block.parameters.len() {
        frame::band(picture, i, top + row * i as f64, row);
    }
    frame::vertical_grid(picture, &above, top, bottom);
    frame::vertical_grid(picture, &below, top, bottom);
    for (i, parameter) in block.parameters.iter().enumerate() {
        let y = if is_narrow { top + row * i as f64 + 1.5 * NARROW_ROW } else { top + row * (i as f64 + 0.5) };
        let [low, high] = played(parameter);
        let room = if is_narrow { picture.right() - MARGIN } else { names - 16.0 };
        let title = font::fit(&name(&parameter.key), BODY.size, true, room);
        let line = if is_narrow { 6.0 - NARROW_ROW } else { sheet.either(-2.0, 4.0) };
        picture.text(MARGIN, y + line, Anchor::Left, BODY.bold(), title);
        let values = format!("{low} · {high}");
        if !sheet.is_part() {
            let values = font::fit(&values, SMALL.size, false, names - 16.0);
            picture.text(MARGIN, y + 11.0, Anchor::Left, SMALL, values);
        }
        let at = |change: f64| if change < 0.0 { below.at(-change) } else { above.at(change) };
        let ends = deviation(parameter);
        // Where both lie on one side, the shorter bar is seen upon the longer.
        let mut sides = [(ends[0], LESS, "less"), (ends[1], MORE, "more")];
        sides.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        for (change, colour, which) in sides {
            let (from, to) = (middle.min(at(change)), middle.max(at(change)));
            let words = format!("{}, with {which} of it: {}", name(&parameter.key), signed(change));
            picture.datum("", words, |picture| picture.rectangle(from, y - BAR / 2.0, to - from, BAR, colour));
        }
        let response = response(result, parameter);
        let change = response.change_s_per_year;
        let (at, line) = (right + 14.0, numbers - 14.0);
        if sheet.is_part() {
            let words = if is_narrow { signed(change.mean) } else { format!("{} ({values})", signed(change.mean)) };
            picture.text(at, y + 4.0, Anchor::Left, BODY, font::fit(&words, BODY.size, false, line));
        } else {
            let words = format!("{} ({})", signed(change.mean), interval(&change));
            picture.text(at, y - 2.0, Anchor::Left, BODY, font::fit(&words, BODY.size, false, line));
            let ratio = format!("elasticity {}", elasticity(response));
            picture.text(at, y + 11.0, Anchor::Left, SMALL, font::fit(&ratio, SMALL.size, false, line));
        }
        picture.description.push(format!(
            "{}: {} from {low} to {high}, interval {}",
            name(&parameter.key),
            signed(change.mean),
            interval(&change)
        ));
    }
    if is_narrow {
        // It does not cross the names.
        for i in 0..block.parameters.len() {
            let y = top + row * i as f64 + NARROW_ROW;
            picture.line(vec![(middle, y), (middle, y + NARROW_ROW)], 1.4, INK);
        }
    } else {
        picture.line(vec![(middle, top), (middle, bottom)], 1.4, INK);
    }
    bottom + AXIS
}
