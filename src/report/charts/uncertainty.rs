//! What not knowing the inputs makes of the answer: its range over their draws, against the error of sampling, and what each of
//! them does when it is a tenth less and more.

use super::axis::{Axis, Unit};
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUE, Colour, ORANGE, PURPLE};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::format;
use crate::report::loss;
use crate::report::period::Period;
use crate::report::sensitivity::{self, response, signed, spoken};
use crate::results::{ExperimentResult, Sensitivity};

const ROW: f64 = 46.0;
const BAR: f64 = 18.0;
/// A range that is a few pixels wide is still seen.
const LEAST_WIDTH: f64 = 3.0;
const NAMES: f64 = 300.0;
const NUMBERS: f64 = 240.0;
const AXIS: f64 = 40.0;

/// A row: what it is, what is drawn, and in words.
struct Row {
    name: String,
    below: String,
    low: f64,
    high: f64,
    mean: Option<f64>,
    colour: Colour,
    words: String,
}

/// `None` where nothing is uncertain.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let (scenario, uncertainty, spread, estimate) = sensitivity::spread(result)?;
    let what = loss::what(result);
    let each = Period::of(result).each();
    let (level, things) = (format::plain_percent(result.confidence), sensitivity::unknown_things(result));
    let range = format::span_range(spread.low, spread.high);
    let title = title(result, &range);
    let (sampled, ends) = format::span_and_ends(&estimate);
    let mut rows = vec![
        Row {
            name: "only so much was simulated".to_owned(),
            below: format!("mean and its interval, {} replications", format::whole(scenario.replications)),
            low: estimate.low,
            high: estimate.high,
            mean: (!estimate.bound).then_some(estimate.mean),
            colour: BLUE,
            words: if estimate.bound { sampled } else { format!("{sampled} ({ends})") },
        },
        Row {
            name: format!("{things} not known"),
            below: sensitivity::of_draws(uncertainty.draws, &level),
            low: spread.low,
            high: spread.high,
            mean: None,
            colour: PURPLE,
            words: range,
        },
    ];
    rows.extend(sensitivity::uncertain(result).into_iter().map(|one| of_parameter(result, one)));
    let most = rows.iter().map(|row| row.high).fold(0.0, f64::max);

    let mut picture = Picture::on(sheet);
    let lead = format!(
        "{} {each}. Each draw takes a value for what is not known, and is played; the error of sampling is taken out of their range. \
         Below: the mean when one of them alone is a tenth less and a tenth more, the others as uncertain as before.",
        format::capital(what)
    );
    let y = frame::head(&mut picture, &title, &lead);
    let is_narrow = sheet.is_narrow();
    let (names, numbers) = if is_narrow { (0.0, 0.0) } else { (sheet.share(NAMES), sheet.share(NUMBERS)) };
    let (left, right) = (MARGIN + names, picture.right() - numbers - 14.0);
    let (top, bottom) = (y + 4.0, y + 4.0 + ROW * rows.len() as f64);
    let axis = Axis::linear(Unit::Time, most, left, right);
    for number in 0..rows.len() {
        frame::band(&mut picture, number, top + ROW * number as f64, ROW);
    }
    frame::vertical_grid(&mut picture, &axis, top, bottom);
    for (number, row) in rows.iter().enumerate() {
        let middle = top + ROW * (number as f64 + 0.5);
        write(&mut picture, row, &axis, middle, (names, right));
        picture.description.push(format!("{}: {}", row.name, row.words));
    }
    let unit = format!("{what} {each}");
    picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL.bold(), unit);
    let mut y = bottom + AXIS;
    if let Some(meets) = sensitivity::meets(result, scenario).filter(|_| !sheet.is_part()) {
        y += 18.0;
        let meets = font::fit(meets.trim(), BODY.size, false, picture.right() - MARGIN);
        picture.text(MARGIN, y, Anchor::Left, BODY, meets);
        y += 6.0;
    }
    frame::foot(&mut picture, result, y);
    Some(picture)
}

/// What one of them does by itself.
fn of_parameter(result: &ExperimentResult, parameter: &Sensitivity) -> Row {
    let response = response(result, parameter);
    let [a, b] = response.at_s_per_year;
    let change = response.change_s_per_year;
    let words = if change.is_told_apart() {
        format!("{} ({})", signed(change.mean), format::span_range(change.low, change.high))
    } else {
        "nothing beyond chance".to_owned()
    };
    let [low, high] = [&parameter.low, &parameter.high].map(spoken);
    Row {
        name: format!("{} {}", sensitivity::label(&parameter.key), spoken(&parameter.base)).replace(", once", " once"),
        below: format!("{high} instead of {low}"),
        low: a.min(b),
        high: a.max(b),
        mean: None,
        colour: ORANGE,
        words,
    }
}

fn write(picture: &mut Picture, row: &Row, axis: &Axis, middle: f64, (names, right): (f64, f64)) {
    let said = format!("{}: {}", row.name, row.words);
    let mut y = middle;
    if names > 0.0 {
        let name = font::fit(&row.name, BODY.size, true, names - 14.0);
        picture.text(MARGIN, middle - 2.0, Anchor::Left, BODY.bold(), name);
        let below = font::fit(&row.below, SMALL.size, false, names - 14.0);
        picture.text(MARGIN, middle + 13.0, Anchor::Left, SMALL, below);
        for (line, words) in
            font::wrap_lines(&row.words, BODY.size, false, picture.right() - right - 14.0, 2).into_iter().enumerate()
        {
            picture.text(right + 14.0, middle + 4.0 + 14.0 * line as f64, Anchor::Left, BODY, words);
        }
    } else {
        let room = picture.right() - MARGIN - font::width(&row.words, SMALL.size, false) - 10.0;
        picture.text(MARGIN, middle - 8.0, Anchor::Left, BODY, font::fit(&row.name, BODY.size, false, room.max(60.0)));
        picture.text(picture.right(), middle - 8.0, Anchor::Right, SMALL, row.words.clone());
        y = middle + 9.0;
    }
    let (low, high) = (axis.at(row.low), axis.at(row.high));
    picture.datum("", said, |picture| match row.mean {
        Some(mean) => {
            picture.line(vec![(low, y), (high, y)], 2.0, row.colour);
            for end in [low, high] {
                picture.line(vec![(end, y - 5.0), (end, y + 5.0)], 2.0, row.colour);
            }
            picture.disc((axis.at(mean), y), 5.0, row.colour);
        }
        None => {
            let width = (high - low).max(LEAST_WIDTH);
            picture.rectangle(low, y - BAR / 2.0, width, BAR, row.colour);
        }
    });
}

/// How far the answer hangs on what is not known.
fn title(result: &ExperimentResult, range: &str) -> String {
    let Some((_, _, spread, estimate)) = sensitivity::spread(result) else { return String::new() };
    let (things, what, each) = (sensitivity::unknown_things(result), loss::what(result), Period::of(result).each());
    let wide = (spread.high - spread.low) / (estimate.high - estimate.low).max(f64::MIN_POSITIVE);
    if spread.share_of_variance <= 0.0 || !wide.is_finite() {
        return format!("Not knowing {things} makes no difference to the {what} beyond the error of sampling");
    }
    let which = sensitivity::of_them(result).map_or(String::new(), |which| format!("; {which}"));
    let than = if wide > 1.2 {
        format!(", {} times as wide as the error of sampling", format::significant(wide, 2))
    } else {
        String::new()
    };
    format!("Not knowing {things} leaves {range} of {what} {each}{than}{which}")
}
