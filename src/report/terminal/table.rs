//! Tables and lines that fit a terminal: numbers are never broken, names are, where they may be.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};

use crate::report::units;

const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Columns after which a line of prose is hard to read.
const READABLE: u16 = 100;

/// A table that fits; the first column takes what the numbers leave.
pub fn table(head: &[&str], mut rows: Vec<Vec<String>>, width: u16) -> String {
    stack(head, &mut rows, width);
    let names = room_for_names(head, &rows.iter().map(|row| row.get(1..).unwrap_or_default()), width);
    // Nor is its heading broken within a word.
    let names = names.max(longest_word(head[0]));
    for name in rows.iter_mut().filter_map(|row| row.first_mut()) {
        *name = broken(name, names).join("\n").replace('\u{a0}', " ");
    }
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(width).force_no_tty();
    table.set_header(head.to_vec());
    table.add_rows(rows);
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((1, 0));
        if i > 0 {
            // Numbers are never broken.
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(ColumnConstraint::ContentWidth);
        } else {
            let least = u16::try_from(longest_word(head[0])).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least.saturating_add(1))));
        }
    }
    table.trim_fmt() + "\n"
}

/// Characters of a part of a name that are never broken.
const PART: usize = 24;

/// Puts what stands in brackets below its number, the widest column first, as long as a name would be broken within its parts.
fn stack(head: &[&str], rows: &mut [Vec<String>], width: u16) {
    let needed = rows.iter().filter_map(|row| row.first()).map(|name| longest_part(name)).max().unwrap_or(0).min(PART);
    loop {
        let room = room_for_names(head, &rows.iter().map(|row| row.get(1..).unwrap_or_default()), width);
        let has_brackets =
            |column: &usize| rows.iter().any(|row| row.get(*column).is_some_and(|cell| cell.contains(" (")));
        let widest = |column: &usize| rows.iter().filter_map(|row| row.get(*column)).map(|cell| length(cell)).max();
        let Some(column) = (1..head.len()).filter(has_brackets).max_by_key(widest).filter(|_| room < needed) else {
            return;
        };
        rows.iter_mut().filter_map(|row| row.get_mut(column)).for_each(|cell| *cell = cell.replace(" (", "\n("));
    }
}

/// What the numbers, which are the columns after the first, leave for the names in a table so wide.
pub fn room_for_names<'a>(head: &[&str], numbers: &(impl Iterator<Item = &'a [String]> + Clone), width: u16) -> usize {
    let widest = |column: usize| {
        let cells = numbers.clone().filter_map(|row| row.get(column)).map(|cell| length(cell));
        cells.chain([length(head[column + 1])]).max().unwrap_or(0)
    };
    let taken: usize = (0..head.len() - 1).map(|column| widest(column) + 2).sum();
    // A column has a space on its left, and one that parts it from the next.
    usize::from(width).saturating_sub(taken + 1)
}

/// Characters of the longest line.
fn length(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0)
}

/// What a name is never broken within, where it need not be: its longest part.
pub fn longest_part(name: &str) -> usize {
    parts(name).map(|part| part.trim_end().chars().count()).max().unwrap_or(0)
}

/// The parts of a name, each with what ends it.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split_inclusive([' ', '·', '-', '.', '=', ',', '/'])
}

/// A name in lines of at most so many characters: broken between its parts, and within one only if it is longer.
fn broken(name: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    if name.contains('\n') || name.chars().count() <= room {
        return vec![name.to_owned()];
    }
    let mut lines = vec![String::new()];
    for part in parts(name) {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() || line.chars().count() + part.trim_end().chars().count() <= room {
            line.push_str(part);
        } else {
            lines.push(part.to_owned());
        }
        while lines.last().is_some_and(|line| line.trim_end().chars().count() > room) {
            let line = lines.pop().unwrap_or_default();
            lines.extend([line.chars().take(room).collect(), line.chars().skip(room).collect()]);
        }
    }
    lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// The text in lines of at most `width` characters, and no more than are read with ease; broken at spaces, and within a word only if
/// it is longer.
pub fn wrapped(text: &str, width: u16) -> Vec<String> {
    let room = usize::from(width.min(READABLE)).max(20) - 1;
    let mut lines = vec![String::new()];
    for word in units::kept(text) {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(&word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
        while lines.last().is_some_and(|line| line.chars().count() > room) {
            let line = lines.pop().unwrap_or_default();
            let rest = line.chars().skip(room).collect();
            lines.extend([line.chars().take(room).collect(), rest]);
        }
    }
    lines
}
