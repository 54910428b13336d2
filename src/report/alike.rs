//! Scenarios of a grid that print the same, as one row: `replicas 2, 3, 4`, `zones any`.

use std::collections::BTreeMap;

/// Characters of values that share a cell.
const MOST_SHARED: usize = 24;
/// What a cell says that holds every value of its column.
const ANY: &str = "any";

/// Entries of a table that print the same and differ in single columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What tells it from others, a cell for each column.
    pub cells: Vec<String>,
    /// All that is told of it.
    pub printed: String,
    /// Their places among all.
    pub entries: Vec<usize>,
}

impl Row {
    /// One entry.
    pub fn new(cells: Vec<String>, printed: String, entry: usize) -> Self {
        Self { cells, printed, entries: vec![entry] }
    }
}

/// The rows in their order, with those together that print the same and differ in one of so many first columns only; then in another
/// one, from the last of them to the first.
pub fn together(rows: Vec<Row>, columns: usize) -> Vec<Row> {
    (0..columns).rev().fold(rows, |rows, column| in_column(&rows, column))
}

fn in_column(rows: &[Row], column: usize) -> Vec<Row> {
    let mut values: Vec<&str> = rows.iter().map(|row| row.cells[column].as_str()).collect();
    values.sort_unstable();
    values.dedup();
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    let mut places: BTreeMap<(&str, Vec<&str>), usize> = BTreeMap::new();
    for row in rows {
        let others = row.cells.iter().enumerate().filter(|(at, _)| *at != column).map(|(_, cell)| cell.as_str());
        let place = *places.entry((&row.printed, others.collect())).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(row);
    }
    groups.into_iter().flat_map(|group| joined(&group, column, values.len())).collect()
}

/// These as one row, or as they were where their values have no room in one cell.
fn joined(group: &[&Row], column: usize, values: usize) -> Vec<Row> {
    let cells: Vec<&str> = group.iter().map(|row| row.cells[column].as_str()).collect();
    let cell = if cells.len() == values && values > 2 { ANY.to_owned() } else { cells.join(", ") };
    if group.len() > 1 && cell.chars().count() > MOST_SHARED {
        if cells.len() < values {
            return group.iter().copied().cloned().collect();
        }
        return vec![with_cell(group, column, ANY.to_owned())];
    }
    vec![with_cell(group, column, cell)]
}

fn with_cell(group: &[&Row], column: usize, cell: String) -> Row {
    let mut row = group[0].clone();
    row.cells[column] = cell;
    row.entries = group.iter().flat_map(|row| row.entries.iter().copied()).collect();
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[(&[&str], &str)]) -> Vec<Row> {
        let row = |(at, (cells, printed)): (usize, &(&[&str], &str))| {
            Row::new(cells.iter().map(|&cell| cell.to_owned()).collect(), (*printed).to_owned(), at)
        };
        of.iter().enumerate().map(row).collect()
    }

    #[test]
    fn what_prints_the_same_is_one_row() {
        let grid = rows(&[
            (&["1", "a"], "x"),
            (&["1", "b"], "x"),
            (&["2", "a"], "y"),
            (&["2", "b"], "y"),
            (&["3", "a"], "y"),
            (&["3", "b"], "y"),
        ]);
        let cells: Vec<(Vec<String>, Vec<usize>)> =
            together(grid, 2).into_iter().map(|row| (row.cells, row.entries)).collect();
        let of = |one: &str, two: &str| vec![one.to_owned(), two.to_owned()];
        assert_eq!(cells, [(of("1", "a, b"), vec![0, 1]), (of("2, 3", "a, b"), vec![2, 3, 4, 5])]);
    }

    #[test]
    fn every_value_is_any_and_what_has_no_room_stays_apart() {
        let all = together(rows(&[(&["gke"], "x"), (&["aks"], "x"), (&["eks"], "x")]), 1);
        assert_eq!((all.len(), all[0].cells[0].as_str()), (1, "any"));
        let long = ["topology-spread-one", "topology-spread-two", "other"];
        let some = together(rows(&[(&long[..1], "x"), (&long[1..2], "x"), (&long[2..], "y")]), 1);
        assert_eq!(some.len(), 3);
    }
}
