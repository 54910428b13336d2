//! The answer on one slide, sixteen to nine: the answer in words, its tiles, and the picture that decides, drawn again for the room that
//! there is. No type is smaller than a forty-fifth of the height, so that it is read from the back of a room.

use super::deciding::all_that_may;
use super::font;
use super::frame;
use super::palette::{BAND, Colour, GREY, INK};
use super::picture::{Anchor, Picture, Style};
use super::sheet::Sheet;
use super::{Chart, part};
use crate::report::answer;
use crate::report::tiles::{self, Tile};
use crate::results::ExperimentResult;

const WIDTH: f64 = 1600.0;
const HEIGHT: f64 = 900.0;
/// The smallest type, in pixels.
const SMALL: f64 = 20.0;
/// A chart is drawn so many times as large as on a page, where its smallest type has eleven pixels.
const SCALE: f64 = SMALL / frame::SMALL.size;
/// The border of a chart at that size.
const MARGIN: f64 = frame::MARGIN * SCALE;
/// Sizes of the answer; the largest at which it has two lines, or the smallest.
const TITLES: [f64; 7] = [44.0, 40.0, 36.0, 32.0, 28.0, 26.0, 24.0];
/// Lines that the answer may have.
const MOST_LINES: usize = 3;
/// Sizes of the finding above the picture, and its room, which is that of two lines.
const CAPTIONS: [f64; 3] = [24.0, 22.0, SMALL];
const CAPTION_ROOM: f64 = 62.0;
/// A picture that needs little room is drawn larger.
const LARGER: [f64; 4] = [1.5, 1.3, 1.15, 1.0];
/// More than any part needs.
const AS_HIGH_AS_IT_IS: f64 = 1e6;
const GAP: f64 = 18.0;
const PAD: f64 = 16.0;

const fn regular(size: f64, colour: Colour) -> Style {
    Style { size, bold: false, colour }
}

/// The slide, of a result that is [`told`](crate::report::period::told); `None` where nothing was played.
pub fn draw(result: &ExperimentResult, drawn: &[Chart]) -> Option<Picture> {
    let answer = answer::headline(result);
    let tiles = tiles::of(result);
    if tiles.tiles.is_empty() {
        return None;
    }
    let mut picture = Picture::new(WIDTH);
    picture.title.clone_from(&answer);
    let right = WIDTH - MARGIN;
    let question = font::fit(&answer::question(result), 22.0, false, right - MARGIN);
    picture.text(MARGIN, 50.0, Anchor::Left, regular(22.0, GREY), question);
    let mut y = title(&mut picture, &answer, 62.0);
    if !tiles.whose.is_empty() {
        y += 30.0;
        let whose = font::fit(&tiles.whose, 22.0, true, right - MARGIN);
        picture.text(MARGIN, y, Anchor::Left, regular(22.0, INK).bold(), whose);
    }
    y = row(&mut picture, &tiles.tiles, y + 14.0);
    let foot = HEIGHT - 24.0;
    deciding(&mut picture, result, drawn, (y, foot - SMALL - 8.0));
    let source = font::fit(&frame::source(result), SMALL, false, right - MARGIN);
    picture.text(MARGIN, foot, Anchor::Left, regular(SMALL, GREY), source);
    picture.reach(HEIGHT);
    Some(picture)
}

/// The answer; returns where it ends.
fn title(picture: &mut Picture, answer: &str, y: f64) -> f64 {
    let width = WIDTH - 2.0 * MARGIN;
    let lines = |size: f64| font::wrap_lines(answer, size, true, width, MOST_LINES);
    let size = TITLES.into_iter().find(|size| lines(*size).len() <= 2).unwrap_or(TITLES[TITLES.len() - 1]);
    let mut y = y;
    for line in lines(size) {
        y += size * 1.2;
        picture.text(MARGIN, y, Anchor::Left, regular(size, INK).bold(), line);
    }
    y + 6.0
}

/// The tiles beside each other; returns where they end.
fn row(picture: &mut Picture, tiles: &[Tile], top: f64) -> f64 {
    let all = tiles.len().max(3) as f64;
    let width = (WIDTH - 2.0 * MARGIN - GAP * (all - 1.0)) / all;
    let room = width - 2.0 * PAD;
    let wrapped = |text: &str| {
        if text.is_empty() { Vec::new() } else { font::wrap_lines(text, SMALL, false, room, 2) }
    };
    let lines =
        tiles.iter().map(|tile| wrapped(&tile.interval).len() + wrapped(&tile.against).len()).max().unwrap_or(0);
    let height = PAD + 22.0 + 46.0 + 25.0 * lines as f64 + PAD;
    for (number, tile) in tiles.iter().enumerate() {
        let left = MARGIN + (width + GAP) * number as f64;
        let words = format!("{}: {} {}", tile.name, tile.value, tile.interval);
        picture.datum("", words.clone(), |picture| {
            picture.rectangle(left, top, width, height, BAND);
            let mut y = top + PAD + 14.0;
            let name = font::fit(&tile.name, SMALL, false, room);
            picture.text(left + PAD, y, Anchor::Left, regular(SMALL, GREY), name);
            y += 44.0;
            let fits = |size: &f64| font::width(&tile.value, *size, true) <= room;
            let size = [40.0, 36.0, 32.0, 28.0, 24.0].into_iter().find(fits).unwrap_or(SMALL);
            let value = font::fit(&tile.value, size, true, room);
            picture.text(left + PAD, y, Anchor::Left, regular(size, INK).bold(), value);
            y += 8.0;
            for (text, style) in [(&tile.interval, regular(SMALL, GREY)), (&tile.against, regular(SMALL, INK))] {
                for line in wrapped(text) {
                    y += 25.0;
                    picture.text(left + PAD, y, Anchor::Left, style, line);
                }
            }
        });
        picture.description.push(words);
    }
    top + height + 8.0
}

/// The first picture that decides and has room, with its finding above it.
fn deciding(picture: &mut Picture, result: &ExperimentResult, drawn: &[Chart], (top, bottom): (f64, f64)) {
    let room = WIDTH - 2.0 * MARGIN;
    let headline = answer::headline(result);
    // What the headline has said is not said again, and leaves more room.
    let under_a_caption = part_of(result, drawn, bottom - top - CAPTION_ROOM);
    let is_said = under_a_caption.as_ref().is_some_and(|(part, _)| has_said(&headline, &part.title));
    let alone = if is_said { part_of(result, drawn, bottom - top) } else { None };
    let Some((part, scale)) = alone.or(under_a_caption) else { return };
    let size = CAPTIONS.into_iter().find(|size| font::width(&part.title, *size, true) <= room);
    let size = size.unwrap_or(CAPTIONS[CAPTIONS.len() - 1]);
    let mut y = top;
    let caption = if is_said { Vec::new() } else { font::wrap_lines(&part.title, size, true, room, 2) };
    for line in caption {
        y += size * 1.2;
        picture.text(MARGIN, y, Anchor::Left, regular(size, INK).bold(), line);
    }
    let below = if is_said { top } else { (y + 10.0).max(top + CAPTION_ROOM - 10.0) };
    picture.place(&part, scale, (0.0, below));
}

/// The first picture that decides and has room below this height, and its scale.
fn part_of(result: &ExperimentResult, drawn: &[Chart], height: f64) -> Option<(Picture, f64)> {
    let drawn_on = |name: &str, scale: f64, height: f64| part(result, name, Sheet::part(WIDTH / scale, height / scale));
    let fits = |part: &Picture, scale: f64| part.height * scale <= height + 1.0;
    let names: Vec<&str> = all_that_may(result, drawn).collect();
    // Larger where all of it has room, else so large that its smallest type is read, with as much as has room.
    let larger = |name: &&str| {
        let whole = |scale: f64| drawn_on(name, scale, AS_HIGH_AS_IT_IS).filter(|part| fits(part, scale));
        LARGER.into_iter().map(|times| times * SCALE).find_map(|scale| Some((whole(scale)?, scale)))
    };
    let shorter = |name: &&str| Some((drawn_on(name, SCALE, height).filter(|part| fits(part, SCALE))?, SCALE));
    names.iter().find_map(|name| larger(name).or_else(|| shorter(name)))
}

/// Whether a headline says what a title does: it begins so, or has all its numbers.
fn has_said(headline: &str, title: &str) -> bool {
    fn numbers(text: &str) -> impl Iterator<Item = &str> {
        let words = text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_ascii_digit()));
        // Of one digit there are too many to tell anything.
        words.filter(|word| word.len() > 1)
    }
    let said: Vec<&str> = numbers(headline).collect();
    headline.starts_with(title) || numbers(title).count() > 1 && numbers(title).all(|number| said.contains(&number))
}
