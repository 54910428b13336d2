//! Which number matters: what is lost with less and with more of each, on both sides of the base.

use super::axis::{Axis, Unit};
use super::bars::BAR;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUE, Colour, INK, ON_LIGHT, ORANGE, PAPER};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::format;
use crate::report::loss;
use crate::report::period::Period;
use crate::report::sensitivity::{self, interval, label, label_alone, response, signed, spoken};
use crate::results::{ExperimentResult, Sensitivity};

const ROW: f64 = 34.0;
const NARROW_ROW: f64 = 23.0;
const LESS: Colour = ORANGE;
const MORE: Colour = BLUE;
/// Room for the values left of the bars, and for the numbers right of them.
const NAMES: f64 = 260.0;
const NUMBERS: f64 = 170.0;
const NARROW_NUMBERS: f64 = 250.0;
const NARROW_SHEET_ROW: f64 = 38.0;
/// A part of the width of a part.
const MOST_NAMES: f64 = 0.45;
/// Above the bars of a block stands its heading, below them its axis.
const HEADING: f64 = 22.0;
const AXIS: f64 = 26.0;
/// What stands below all of them.
const BELOW: f64 = 14.0;

/// So many times as long as the next bar, a bar would squash all others: it is cut.
const TOO_LONG: f64 = 4.0;
/// Scales that differ by less are one.
const NEAR: f64 = 4.0;

/// Parameters on one scale.
struct Block<'a> {
    heading: &'static str,
    parameters: Vec<&'a Sensitivity>,
    /// Where its scale ends, in seconds.
    most: f64,
    /// What a reader must know of its scale.
    scale: String,
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
         played with the same faults. At the right the change from less to more, with its {} interval.",
        format::in_full(lost),
        format::plain_percent(result.confidence)
    );
    let mut blocks = blocks(&ranking);
    let title = title(result, &blocks);
    let y = frame::head(&mut picture, &title, &lead);
    let legend = [(LESS, "with less of it".to_owned()), (MORE, "with more of it".to_owned())];
    let mut y = frame::legend_line(&mut picture, y - 6.0, &legend);
    let beside = y + blocks.len() as f64 * (HEADING + AXIS);
    let room = sheet.rows(beside + BELOW, if sheet.is_narrow() { NARROW_SHEET_ROW } else { NARROW_ROW });
    let share = room.div_ceil(blocks.len());
    let blocks_there = blocks.len();
    for (number, block) in blocks.iter_mut().enumerate() {
        block.parameters.truncate(if number + 1 == blocks_there { room - share * number.min(1) } else { share });
    }
    scale(&mut blocks, result, lost);
    let names = blocks.iter().flat_map(|block| &block.parameters);
    let longest = names.map(|one| font::width(&label_alone(&one.key), BODY.size, true)).fold(0.0, f64::max);
    for block in &blocks {
        y = draw_block(&mut picture, result, block, (lost, longest), y);
    }
    let rest = sensitivity::rest(&ranking);
    let (drawn, all) =
        (blocks.iter().map(|block| block.parameters.len()).sum::<usize>(), ranking.top.len() + ranking.more);
    if sheet.is_part() && drawn < all {
        let words = format!("the first of each kind: {drawn} of {all} with an effect");
        picture.text(picture.right(), y + 8.0, Anchor::Right, SMALL, words);
    }
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
        Block { heading: "numbers that change by a share", parameters: parts, most: 0.0, scale: String::new() },
        Block { heading: "settings in whole numbers", parameters: whole, most: 0.0, scale: String::new() },
    ];
    if steps_first {
        blocks.reverse();
    }
    blocks.retain(|block| !block.parameters.is_empty());
    blocks
}

/// The losses with less and with more of it, against the base.
fn deviations(result: &ExperimentResult, parameter: &Sensitivity, lost: f64) -> [f64; 2] {
    response(result, parameter).at_s_per_year.map(|loss| loss - lost)
}

/// One scale for both blocks, where that leaves bars to be seen; a bar that is far longer than all others is cut.
fn scale(blocks: &mut [Block<'_>], result: &ExperimentResult, lost: f64) {
    for block in blocks.iter_mut() {
        let mut longest: Vec<f64> = block
            .parameters
            .iter()
            .map(|one| deviations(result, one, lost).into_iter().fold(0.0, |most: f64, d| most.max(d.abs())))
            .collect();
        longest.sort_by(|a, b| b.total_cmp(a));
        block.most = match longest.as_slice() {
            [first, second, ..] if *second > 0.0 && *first > TOO_LONG * second => 1.6 * second,
            [first, ..] => *first,
            [] => 0.0,
        };
    }
    let (most, least) = blocks
        .iter()
        .fold((0.0_f64, f64::INFINITY), |(most, least), block| (most.max(block.most), least.min(block.most)));
    if most <= NEAR * least {
        blocks.iter_mut().for_each(|block| block.most = most);
    } else if let [first, second] = blocks {
        let times = format::significant((first.most / second.most).max(second.most / first.most), 2);
        let which = if second.most < first.most { "finer" } else { "coarser" };
        second.scale = format!(" (a scale {times} times {which} than above)");
    }
}

/// What matters most, and of the others what does.
fn title(result: &ExperimentResult, blocks: &[Block<'_>]) -> String {
    let (what, each) = (sensitivity::what(result), Period::of(result).each());
    let first = |block: &Block<'_>| sensitivity::told(result, block.parameters[0]);
    let (who, change) = first(&blocks[0]);
    let mut title = format!("{who} matters most: {change} of {what} {each}");
    if let Some(other) = blocks.get(1) {
        let (who, change) = first(other);
        let of = if other.parameters[0].whole { "settings" } else { "numbers" };
        title += &format!("; of the {of} {who}: {change}");
    }
    title
}

/// One block, beside names of which the longest is so wide; returns where it ends.
fn draw_block(
    picture: &mut Picture,
    result: &ExperimentResult,
    block: &Block<'_>,
    (lost, longest): (f64, f64),
    y: f64,
) -> f64 {
    let sheet = picture.sheet;
    let row = sheet.either(ROW, NARROW_ROW);
    let is_narrow = sheet.is_narrow();
    let numbers = sheet.either(NUMBERS, NARROW_NUMBERS);
    let names = sheet.either(NAMES, (longest + 16.0).min(MOST_NAMES * sheet.width));
    // On a narrow sheet the names stand above their bars.
    let (row, names, numbers) = if is_narrow { (NARROW_SHEET_ROW, 0.0, 0.0) } else { (row, names, numbers) };
    let heading = format!("{}{}", block.heading, block.scale);
    picture.text(MARGIN, y + HEADING - 6.0, Anchor::Left, SMALL.bold(), heading);
    if !is_narrow {
        picture.text(picture.right(), y + HEADING - 6.0, Anchor::Right, SMALL.bold(), "from less to more");
    }
    let top = y + HEADING;
    let bottom = top + row * block.parameters.len() as f64;
    let (left, right) = (MARGIN + names, picture.right() - numbers);
    let middle = f64::midpoint(left, right);
    let mut above = Axis::linear(Unit::Time, block.most, middle, right);
    let mut below = Axis::linear(Unit::Time, block.most, middle, left);
    above.ticks.iter_mut().skip(1).for_each(|(_, label)| label.insert(0, '+'));
    below.ticks.iter_mut().skip(1).for_each(|(_, label)| label.insert(0, '−'));
    below.ticks.remove(0);
    for i in 0..block.parameters.len() {
        frame::band(picture, i, top + row * i as f64, row);
    }
    frame::vertical_grid(picture, &above, top, bottom);
    frame::vertical_grid(picture, &below, top, bottom);
    for (i, parameter) in block.parameters.iter().enumerate() {
        let y = top + row * (i as f64 + 0.5) + if is_narrow { 8.0 } else { 0.0 };
        let [low, high] = [&parameter.low, &parameter.high].map(spoken);
        let name = label(&parameter.key);
        let response = response(result, parameter);
        let change = response.change_s_per_year;
        let values = format!("{low} · {high}");
        if is_narrow {
            let number = signed(change.mean);
            let room = picture.right() - MARGIN - font::width(&number, BODY.size, false) - 12.0;
            let named = format!("{name} {values}");
            picture.text(MARGIN, y - 11.0, Anchor::Left, BODY, font::fit(&named, BODY.size, false, room));
            picture.text(picture.right(), y - 11.0, Anchor::Right, BODY, number);
        } else {
            let title = if sheet.is_part() { label_alone(&parameter.key) } else { name.clone() };
            let title = font::fit(&title, BODY.size, true, names - 16.0);
            picture.text(MARGIN, y + sheet.either(-2.0, 4.0), Anchor::Left, BODY.bold(), title);
        }
        if !sheet.is_part() {
            let values = font::fit(&values, SMALL.size, false, names - 16.0);
            picture.text(MARGIN, y + 11.0, Anchor::Left, SMALL, values);
        }
        let at = |change: f64| if change < 0.0 { below.at(-change) } else { above.at(change) };
        let ends = deviations(result, parameter, lost);
        // Where both lie on one side, the shorter bar is seen upon the longer.
        let mut sides = [(ends[0], LESS, "less"), (ends[1], MORE, "more")];
        sides.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        let bar = if is_narrow { 10.0 } else { BAR };
        for (change, colour, which) in sides {
            let (from, to) = (middle.min(at(change)), middle.max(at(change)));
            let words = format!("{name}, with {which} of it: {}", signed(change));
            picture.datum("", words, |picture| {
                picture.rectangle(from, y - bar / 2.0, to - from, bar, colour);
                let axis = if change < 0.0 { &below } else { &above };
                if !axis.holds(change.abs()) {
                    cut_off(picture, (from, to), change, (y, bar), colour);
                }
            });
        }
        if is_narrow {
            // Above the bars stand the names.
            picture.line(vec![(middle, y - 8.0), (middle, y + 8.0)], 1.4, INK);
        }
        let (at, line) = (right + 14.0, numbers - 14.0);
        if sheet.is_part() && !is_narrow {
            let whole = format!("{} ({values})", signed(change.mean));
            let fits = font::width(&whole, BODY.size, false) <= line;
            picture.text(at, y + 4.0, Anchor::Left, BODY, if fits { whole } else { signed(change.mean) });
        } else if !sheet.is_part() {
            picture.text(at, y - 2.0, Anchor::Left, BODY, signed(change.mean));
            let ends = interval(&change);
            picture.text(at, y + 11.0, Anchor::Left, SMALL, font::fit(&ends, SMALL.size, false, line));
        }
        picture.description.push(format!(
            "{name}: {} from {low} to {high}, interval {}",
            signed(change.mean),
            interval(&change)
        ));
    }
    if !is_narrow {
        picture.line(vec![(middle, top), (middle, bottom)], 1.4, INK);
    }
    bottom + AXIS
}

/// A bar that goes on beyond the scale: a break in it, and where it ends.
fn cut_off(picture: &mut Picture, (from, to): (f64, f64), change: f64, (y, bar): (f64, f64), colour: Colour) {
    let sign = if change < 0.0 { -1.0 } else { 1.0 };
    let end = if change < 0.0 { from } else { to };
    for shift in [14.0, 19.0] {
        let x = end - sign * shift;
        picture.line(vec![(x - 3.0, y + bar / 2.0 + 1.0), (x + 3.0, y - bar / 2.0 - 1.0)], 2.0, PAPER);
    }
    if picture.sheet.is_narrow() {
        return;
    }
    let ink = if colour.is_dark() { PAPER } else { ON_LIGHT };
    let anchor = if change < 0.0 { Anchor::Left } else { Anchor::Right };
    picture.text(end - sign * 28.0, y + 4.0, anchor, SMALL.bold().coloured(ink), signed(change));
}
