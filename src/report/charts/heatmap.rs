//! What two settings do together: a cell for each pair of their values, darker where more is lost.

use super::axis::{Axis, Range, Unit};
use super::combinations;
use super::font;
use super::frame::{self, BODY, MARGIN, SMALL};
use super::palette::{BLUES, Colour, GREY, GRID, INK, ORANGES, PURPLE, ink_on, ramp};
use super::picture::{Anchor, Picture, Style};
use super::sheet::Sheet;
use crate::report::format;
use crate::report::labels::{Column, Labels, distinct};
use crate::report::loss;
use crate::report::period::Period;
use crate::report::ranking::{AS_GOOD, BLOCKS, Ground, RECOMMENDED, Ranking};
use crate::results::{Estimate, ExperimentResult, ScenarioResult};
use crate::study::Metric;

/// Beyond these a number no longer fits its cell, or the picture no page.
const MOST_COLUMNS: usize = 16;
/// A map of fewer columns is a list.
const LEAST_COLUMNS: usize = 3;
const MOST_ROWS: usize = 40;
/// Values that a third key may have: a map for each.
const MOST_MAPS: usize = 4;
const WIDEST: f64 = 140.0;
const NARROWEST: f64 = 54.0;
const CELL: f64 = 50.0;
/// A cell of this height has room for the error below its number.
const WITH_ERROR: f64 = 44.0;
/// A cell of this height has room for a word above it.
const WITH_WORD: f64 = 34.0;
/// What stands above the cells of a part of another picture.
const HEADS: f64 = 92.0;
const BAR: (f64, f64) = (260.0, 12.0);

/// Which keys lie along which sides.
pub struct Layout<'a> {
    /// Along its left side.
    pub rows: &'a Column,
    /// Along its top.
    pub columns: &'a Column,
    /// A map for each of its values.
    pub maps: Option<&'a Column>,
}

/// Cells with the objective's loss. `None` unless two keys vary, or three of which one has few values; nor where most cells would
/// be empty, as only some combinations were played, or where it has so few columns that rows tell the same.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let labels = Labels::of(result);
    let layout = Layout::of(&labels)?;
    let fails = result.objective.metric == Metric::RequestSuccess;
    let (what, stops) = if fails { ("failed requests", ORANGES) } else { ("downtime", BLUES) };
    let period = Period::of(result);
    let allowed = result.objective.slo.map(|slo| (slo, period.budget(slo))).filter(|(_, seconds)| *seconds > 0.0);
    let shown = Shown {
        result,
        best: Ranking::of(result),
        blocked: result.blocked(),
        scale: Scale::of(result, stops),
        allowed,
        period,
    };

    let mut picture = Picture::on(sheet);
    let title = combinations::finding(result, &layout);
    let y = frame::head(&mut picture, &title, &lead(&shown, what));
    let contenders: Vec<&ScenarioResult> = result.contenders().into_iter().map(|i| &result.scenarios[i]).collect();
    let meeting = |seconds: f64| contenders.iter().filter(|s| loss::lost(result, s).mean <= seconds).count();
    let divides = allowed.filter(|(_, seconds)| (1..contenders.len()).contains(&meeting(*seconds)));
    let what = format!("{what} {}", period.each());
    let (row_values, column_values) = (distinct(layout.rows), distinct(layout.columns));
    let height = |y: f64| sheet.area(CELL * row_values.len() as f64, HEADS + y) / row_values.len() as f64;
    // Where a cell has no room for the word it has a star.
    let is_starred =
        height(y + BAR.1 + 24.0) < WITH_WORD && shown.best.as_ref().is_some_and(|best| best.recommended.is_some());
    let y = shown.scale.draw(&mut picture, y - 2.0, &what, divides, result.baseline.is_some(), is_starred);

    let map_values: Vec<Option<&String>> =
        layout.maps.map_or(vec![None], |maps| distinct(maps).into_iter().map(Some).collect());
    let names = row_values.iter().map(|value| font::width(value, BODY.size, true));
    let side = names.fold(40.0, f64::max).min(190.0) + 14.0;
    let gap = 30.0;
    let wanted = column_values.len() as f64;
    let beside = map_values.len() as f64;
    let room = (picture.right() - MARGIN - gap * (beside - 1.0)) / beside - side;
    let is_beside = room / wanted >= 76.0;
    let room = if is_beside { room } else { picture.right() - MARGIN - side };
    let width = (room / wanted).clamp(NARROWEST, WIDEST);
    let height = height(y);
    let mut top = y + 12.0;
    let mut left = MARGIN;
    let mut bottom = top;
    for map in map_values {
        let frame = Frame { left: left + side, top, width, height, side };
        bottom = draw_map(&mut picture, &shown, &layout, map, &frame);
        if is_beside {
            left += side + width * wanted + gap;
        } else {
            top = bottom + 26.0;
        }
    }
    frame::foot(&mut picture, result, bottom + 8.0);
    Some(picture)
}

impl<'a> Layout<'a> {
    fn of(labels: &'a Labels) -> Option<Self> {
        let varying: Vec<&Column> =
            labels.columns.iter().filter(|column| labels.varied && distinct(column).len() > 1).collect();
        let (pair, maps) = match varying.as_slice() {
            [a, b] => ([*a, *b], None),
            [..] if varying.len() == 3 => {
                // Of equals the last, as the first keys of a file are those that matter.
                let values = |i: &usize| distinct(varying[*i]).len();
                let third = (0..3).rev().min_by_key(values).filter(|i| values(i) <= MOST_MAPS)?;
                let rest: Vec<&Column> = (0..3).filter(|i| *i != third).map(|i| varying[i]).collect();
                ([rest[0], rest[1]], Some(varying[third]))
            }
            _ => return None,
        };
        let many = |column: &Column| distinct(column).len();
        let [rows, columns] = if many(pair[1]) > MOST_COLUMNS { [pair[1], pair[0]] } else { pair };
        let cells = many(rows) * many(columns) * maps.map_or(1, many);
        if many(columns) < LEAST_COLUMNS && maps.is_none() {
            return None;
        }
        let is_full = 2 * labels.columns[0].cells.len() > cells;
        (is_full && many(columns) <= MOST_COLUMNS && many(rows) <= MOST_ROWS).then_some(Self { rows, columns, maps })
    }
}

/// Where a map lies: the corner of its first cell, the size of its cells, and the width of what stands left of them.
struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    side: f64,
}

/// What the cells show.
struct Shown<'a> {
    result: &'a ExperimentResult,
    best: Option<Ranking<'a>>,
    /// Of each scenario whether it never gets its operations done.
    blocked: Vec<bool>,
    scale: Scale,
    /// The SLO, and the seconds that it leaves.
    allowed: Option<(f64, f64)>,
    period: Period,
}

impl Shown<'_> {
    fn is_blocked(&self, scenario: usize) -> bool {
        self.blocked[scenario]
    }
}

/// Draws a map and returns where it ends.
fn draw_map(picture: &mut Picture, shown: &Shown<'_>, layout: &Layout<'_>, map: Option<&String>, frame: &Frame) -> f64 {
    let result = shown.result;
    let (rows, columns) = (distinct(layout.rows), distinct(layout.columns));
    let across = frame.width * columns.len() as f64;
    let mut y = frame.top + 4.0;
    if let (Some(value), Some(key)) = (map, layout.maps) {
        // The value tells the maps apart: rather a part of the key than of it.
        let texts = [key.short_key.as_str(), last_part(&key.short_key)].map(|key| format!("{key}: {value}"));
        let fits = |text: &&String| font::width(text, BODY.size, true) <= across + frame.side;
        let text = texts.iter().find(fits).unwrap_or(value);
        let text = font::fit(text, BODY.size, true, across + frame.side);
        picture.text(frame.left - frame.side, y, Anchor::Left, BODY.bold(), text);
        y += 22.0;
    }
    let keys = [format!("↓ {}", layout.rows.short_key), format!("→ {}", layout.columns.short_key)];
    let one_line = keys.join("     ");
    let lines =
        if font::width(&one_line, SMALL.size, true) <= across + frame.side { vec![one_line] } else { keys.to_vec() };
    for line in lines {
        let line = font::fit(&line, SMALL.size, true, across + frame.side);
        picture.text(frame.left - frame.side, y, Anchor::Left, SMALL.bold(), line);
        y += 19.0;
    }
    for (i, value) in columns.iter().enumerate() {
        let text = font::fit(value, BODY.size, true, frame.width - 6.0);
        picture.text(frame.left + frame.width * (i as f64 + 0.5), y, Anchor::Middle, BODY.bold(), text);
    }
    let top = y + 8.0;
    let find = |row: usize, column: usize| {
        let is_at = |i: &usize| {
            layout.rows.cells[*i] == *rows[row]
                && layout.columns.cells[*i] == *columns[column]
                && layout.maps.is_none_or(|maps| Some(&maps.cells[*i]) == map)
        };
        (0..result.scenarios.len()).find(is_at)
    };
    let at = |row: usize, column: usize| (frame.left + frame.width * column as f64, top + frame.height * row as f64);
    for (r, value) in rows.iter().enumerate() {
        let text = font::fit(value, BODY.size, true, frame.side - 12.0);
        let (x, y) = at(r, 0);
        picture.text(x - 10.0, y + frame.height / 2.0 + 4.0, Anchor::Right, BODY.bold(), text);
        for c in 0..columns.len() {
            let (x, y) = at(r, c);
            match find(r, c) {
                Some(i) => cell(picture, shown, i, (x, y, frame.width, frame.height)),
                None => {
                    picture.line(
                        vec![(x + 8.0, y + frame.height / 2.0), (x + frame.width - 8.0, y + frame.height / 2.0)],
                        1.0,
                        GRID,
                    );
                }
            }
        }
    }
    if let Some((_, seconds)) = shown.allowed {
        let counts = |i: &usize| !shown.is_blocked(*i);
        let meets = |r: usize, c: usize| {
            find(r, c).filter(counts).map(|i| loss::lost(result, &result.scenarios[i]).mean <= seconds)
        };
        border(picture, (rows.len(), columns.len()), meets, |r, c| (at(r, c), (frame.width, frame.height)));
    }
    // Over all cells, or a neighbour would cover half of its frame.
    for (r, c) in (0..rows.len()).flat_map(|r| (0..columns.len()).map(move |c| (r, c))) {
        if find(r, c).is_some_and(|i| result.baseline.as_ref() == Some(&result.scenarios[i].name)) {
            let (x, y) = at(r, c);
            outline(picture, (x, y, frame.width, frame.height), 2.5);
        }
    }
    top + frame.height * rows.len() as f64
}

/// Four bars: a line would leave a notch where it closes.
fn outline(picture: &mut Picture, (x, y, width, height): (f64, f64, f64, f64), stroke: f64) {
    for (dx, dy, w, h) in [
        (0.0, 0.0, width, stroke),
        (0.0, height - stroke, width, stroke),
        (0.0, 0.0, stroke, height),
        (width - stroke, 0.0, stroke, height),
    ] {
        picture.rectangle(x + dx, y + dy, w, h, INK);
    }
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// The loss of a scenario with half of its interval, and a word where there is something to say about it.
fn cell(picture: &mut Picture, shown: &Shown<'_>, i: usize, (x, y, width, height): (f64, f64, f64, f64)) {
    let result = shown.result;
    let scenario = &result.scenarios[i];
    let lost = loss::lost(result, scenario);
    let is_blocked = shown.is_blocked(i);
    // What is lost where the work is not done has no place among the others.
    let fill = if is_blocked { GRID } else { shown.scale.colour(lost) };
    let ink = ink_on(fill);
    let (what, each) = (loss::what(result), shown.period.each());
    let blocks = if is_blocked { format!(" ({BLOCKS} an operation)") } else { String::new() };
    let words = format!("{}: {} of {what} {each}{blocks}", scenario.name, format::with_interval(lost));
    let word = word(shown, i);
    let middle = x + width / 2.0;
    picture.description.push(format!(
        "{}: {}{}",
        scenario.name,
        format::span_with_error(lost),
        word.map_or(String::new(), |word| format!(", {word}"))
    ));
    picture.datum("", words, |picture| {
        picture.rectangle(x + 1.0, y + 1.0, width - 2.0, height - 2.0, fill);
        let (mut value, error) = if is_blocked { (BLOCKS.to_owned(), String::new()) } else { in_two(lost) };
        let is_low = height < WITH_WORD;
        if is_low && shown.best.as_ref().is_some_and(|best| best.recommended == Some(i)) {
            value.insert_str(0, "★ ");
        }
        let word = word.filter(|_| !is_low && !is_blocked);
        // The largest size at which the number fits.
        let fits = |size: &f64| font::width(&value, *size, true) <= width - 8.0;
        let size = [14.0, 13.0, 12.0, 11.0, 10.0, 9.0].into_iter().find(fits).unwrap_or(8.0);
        // A low cell has the number only, or that and a word.
        let has_error = height >= WITH_ERROR && !is_blocked;
        let baseline = match (word.is_some(), has_error) {
            (true, false) => y + height - 6.0,
            (false, true) => y + height / 2.0 + 1.0,
            (true, true) | (false, false) => y + height / 2.0 + 5.0,
        };
        picture.text(middle, baseline, Anchor::Middle, Style { size, bold: true, colour: ink }, value);
        if has_error && !error.is_empty() && font::width(&error, 9.5, false) <= width - 6.0 {
            picture.text(middle, baseline + 13.0, Anchor::Middle, Style { size: 9.5, bold: false, colour: ink }, error);
        }
        if let Some(word) = word {
            let word =
                if word == RECOMMENDED && font::width(word, 9.5, true) > width - 6.0 { "take this" } else { word };
            let word = font::fit(word, 9.5, true, width - 6.0);
            picture.text(middle, y + 13.5, Anchor::Middle, Style { size: 9.5, bold: true, colour: ink }, word);
        }
    });
}

/// What there is to say of a cell. A star has only what is told apart from all others.
fn word(shown: &Shown<'_>, i: usize) -> Option<&'static str> {
    let is_baseline = shown.result.baseline.as_ref() == Some(&shown.result.scenarios[i].name);
    let baseline = is_baseline.then_some("baseline");
    let Some(best) = &shown.best else { return baseline };
    if best.recommended == Some(i) {
        return Some(match (best.standing(i), best.is_unique()) {
            ("chosen", true) => "★ chosen",
            (_, true) => "★ best",
            (standing, false) => standing,
        });
    }
    let standing = Some(best.standing(i));
    let is_said = |word: &&str| *word == BLOCKS || best.ground == Ground::LosesLeast && *word == AS_GOOD;
    standing.filter(is_said).or(baseline)
}

/// `18.3 min` and `± 0.6 min`, or the ends of the interval where it is lopsided.
fn in_two(lost: &Estimate) -> (String, String) {
    let text = format::span_with_error(lost);
    let unit = text.rsplit(' ').next().unwrap_or_default();
    if let Some((mean, half)) = text.split_once(" ± ") {
        return (format!("{mean} {unit}"), format!("± {half}"));
    }
    match text.split_once(" (").and_then(|(mean, rest)| Some((mean, rest.split_once(')')?.0))) {
        Some((mean, ends)) => (format!("{mean} {unit}"), format!("{ends} {unit}")),
        None => (text, String::new()),
    }
}

/// A line between neighbours of which one meets the SLO and the other does not.
fn border(
    picture: &mut Picture,
    (rows, columns): (usize, usize),
    meets: impl Fn(usize, usize) -> Option<bool>,
    at: impl Fn(usize, usize) -> ((f64, f64), (f64, f64)),
) {
    let differ = |a: Option<bool>, b: Option<bool>| matches!((a, b), (Some(a), Some(b)) if a != b);
    for (r, c) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))) {
        let ((x, y), (width, height)) = at(r, c);
        if c > 0 && differ(meets(r, c - 1), meets(r, c)) {
            picture.line(vec![(x, y - 1.5), (x, y + height + 1.5)], 3.5, PURPLE);
        }
        if r > 0 && differ(meets(r - 1, c), meets(r, c)) {
            picture.line(vec![(x - 1.5, y), (x + width + 1.5, y)], 3.5, PURPLE);
        }
    }
}

/// The scale of colours for seconds a year.
struct Scale {
    /// `None` where nothing was seen.
    range: Option<Range>,
    log: bool,
    stops: [Colour; 9],
}

impl Scale {
    fn of(result: &ExperimentResult, stops: [Colour; 9]) -> Self {
        let contenders = result.contenders().into_iter().map(|i| loss::lost(result, &result.scenarios[i]));
        let seen: Vec<&Estimate> = contenders.filter(|lost| !lost.bound).collect();
        let Some(means) = Range::of(seen.iter().map(|lost| lost.mean)) else {
            return Self { range: None, log: false, stops };
        };
        let log = means.high > 5.0 * means.low;
        // What is no more than chance apart, or a few percent, must not look like day and night.
        let error =
            seen.iter().map(|lost| format::half_width(lost)).filter(|half| half.is_finite()).fold(0.0, f64::max);
        let least = means.low.min(means.high - (4.0 * error).max(0.2 * means.high)).max(0.0);
        let range = if log { means } else { Range { low: least, ..means } };
        Self { range: Some(range), log, stops }
    }

    fn share(&self, seconds: f64) -> f64 {
        let Some(Range { low, high }) = self.range else { return 0.0 };
        let share = if self.log {
            (seconds.max(low).ln() - low.ln()) / (high.ln() - low.ln())
        } else {
            (seconds - low) / (high - low)
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// What was not seen at all has the lightest.
    fn colour(&self, lost: &Estimate) -> Colour {
        let share = if lost.bound || lost.mean <= 0.0 { 0.0 } else { self.share(lost.mean) };
        ramp(&self.stops, 0.06 + 0.86 * share)
    }

    /// A bar with what its colours mean. Returns where the picture may go on.
    fn draw(
        &self,
        picture: &mut Picture,
        y: f64,
        what: &str,
        divides: Option<(f64, f64)>,
        framed: bool,
        starred: bool,
    ) -> f64 {
        let Some(range) = self.range else { return y };
        let unit = if self.log { format!("{what} (logarithmic)") } else { what.to_owned() };
        picture.text(MARGIN, y + 10.0, Anchor::Left, SMALL.bold(), unit.clone());
        let left = MARGIN + font::width(&unit, SMALL.size, true) + 18.0;
        let bar = BAR.0.min(picture.right() - left - 24.0);
        let steps = 52;
        let step = bar / f64::from(steps);
        for i in 0..steps {
            let colour = ramp(&self.stops, 0.06 + 0.86 * (f64::from(i) + 0.5) / f64::from(steps));
            picture.rectangle(left + step * f64::from(i), y, step + 0.5, BAR.1, colour);
        }
        let x = |seconds: f64| left + bar * self.share(seconds);
        for (seconds, label) in self.ticks(range) {
            picture.line(vec![(x(seconds), y + BAR.1), (x(seconds), y + BAR.1 + 4.0)], 1.0, GREY);
            picture.text(x(seconds), y + BAR.1 + 15.0, Anchor::Middle, SMALL, label);
        }
        let mut right = left + bar + 40.0;
        if let Some((slo, seconds)) = divides {
            let text =
                format!("between what meets and misses {} ({})", format::plain_percent(slo), format::duration(seconds));
            let short = format!("meets or misses {}", format::plain_percent(slo));
            let has_room = |text: &&String| right + 27.0 + font::width(text, SMALL.size, false) <= picture.right();
            if let Some(text) = [&text, &short].into_iter().find(has_room) {
                picture.line(vec![(right, y + 6.0), (right + 20.0, y + 6.0)], 3.5, PURPLE);
                picture.text(right + 27.0, y + 10.0, Anchor::Left, SMALL, text.clone());
                right += 27.0 + font::width(text, SMALL.size, false) + 24.0;
            }
            if (range.low..=range.high).contains(&seconds) {
                picture.line(vec![(x(seconds), y - 3.0), (x(seconds), y + BAR.1 + 3.0)], 2.5, PURPLE);
            }
        }
        if framed && right < picture.right() - 80.0 {
            outline(picture, (right, y, 18.0, 12.0), 2.0);
            picture.text(right + 26.0, y + 10.0, Anchor::Left, SMALL, "baseline");
            right += 26.0 + font::width("baseline", SMALL.size, false) + 24.0;
        }
        if starred && right < picture.right() - 110.0 {
            picture.text(right, y + 10.0, Anchor::Left, SMALL, "★ recommended");
        }
        y + BAR.1 + 26.0
    }

    fn ticks(&self, range: Range) -> Vec<(f64, String)> {
        let inside = |(seconds, _): &(f64, String)| (range.low..=range.high).contains(seconds);
        if self.log {
            return Axis::log(Unit::Time, range, 0.0, BAR.0).ticks.into_iter().filter(inside).collect();
        }
        // An axis begins at zero: its step, from where this one begins.
        let step =
            Axis::linear(Unit::Time, range.high - range.low, 0.0, BAR.0).ticks.get(1).map_or(range.high, |t| t.0);
        let first = (range.low / step).ceil();
        (0..8).map(|k| (first + f64::from(k)) * step).map(|v| (v, format::tick(v))).filter(inside).collect()
    }
}

fn lead(shown: &Shown<'_>, what: &str) -> String {
    let result = shown.result;
    let mut text = format!(
        "The {what} {} for each combination, with its {} interval; the bar tells what the colours mean.",
        shown.period.each(),
        format::plain_percent(result.confidence)
    );
    if let Some((slo, seconds)) = shown.allowed {
        let count = |of: &dyn Fn(&Estimate) -> bool| {
            let contenders = result.contenders().into_iter();
            contenders.filter(|&i| of(loss::lost(result, &result.scenarios[i]))).count()
        };
        let (meet, miss) = (count(&|lost| lost.high <= seconds), count(&|lost| lost.low > seconds));
        let (n, slo) = (result.contenders().len(), format::plain_percent(slo));
        text += &match (meet, n - meet - miss) {
            (0, 0) => format!(" On average over the years none meets {slo}."),
            (all, 0) if all == n => format!(" On average over the years all meet {slo}."),
            (some, 0) => format!(" On average over the years {some} of {n} meet {slo}."),
            (some, unsure) if miss == 0 => {
                format!(" On average over the years {some} of {n} meet {slo}; {unsure} may do either.")
            }
            (some, unsure) => {
                format!(" On average over the years {some} of {n} meet {slo}, {miss} do not; {unsure} may do either.")
            }
        };
    }
    let stands = |best: &Ranking<'_>, word| (0..result.scenarios.len()).any(|i| best.standing(i) == word);
    if shown.blocked.contains(&true) {
        text += " Blocks: an operation is hardly ever completed there; what is lost then is not counted.";
    }
    if let Some(best) = shown.best.as_ref().filter(|best| stands(best, AS_GOOD)) {
        text += &format!(" As good: within {} of the recommended one.", best.indifference.in_full());
    }
    let is_printed = |i: &usize| !shown.blocked.get(*i).copied().unwrap_or(false);
    if (0..result.scenarios.len()).filter(is_printed).any(|i| loss::lost(result, &result.scenarios[i]).bound) {
        text += " ≤ is an upper bound: nothing was seen.";
    }
    text
}
