//! Measured samples: tables of text, selected by column and value.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::embedded;

/// One file of `models/measured/`.
#[derive(Debug, Clone)]
pub struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One row of a [`Table`].
#[derive(Debug, Clone, Copy)]
pub struct Entry<'t> {
    table: &'t Table,
    cells: &'t [String],
}

impl Table {
    /// Reads an embedded file.
    pub fn open(name: &str) -> Self {
        let path = format!("models/measured/{name}");
        let bytes = embedded::open(Path::new(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let text = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
        let heads = reader.headers().map_or_else(|error| panic!("{path}: {error}"), text);
        let rows = reader.records().map(|record| text(&record.unwrap_or_else(|error| panic!("{path}: {error}"))));
        let rows = rows.collect();
        Self { heads, rows }
    }

    /// The rows that have each of these values in its column.
    pub fn rows<'t>(&'t self, filter: &[(&str, &str)]) -> Vec<Entry<'t>> {
        let entries = self.rows.iter().map(|cells| Entry { table: self, cells });
        entries.filter(|entry| filter.iter().all(|(column, value)| entry.text(column) == *value)).collect()
    }
}

impl<'t> Entry<'t> {
    /// A cell.
    pub fn text(self, column: &str) -> &'t str {
        let at = self.table.heads.iter().position(|head| head == column);
        &self.cells[at.unwrap_or_else(|| panic!("no column is called {column}"))]
    }

    /// The numbers in a cell: none, one, or several with spaces between them.
    pub fn numbers(self, column: &str) -> Vec<f64> {
        let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("{column}: `{word}` is no number"));
        self.text(column).split_whitespace().map(number).collect()
    }
}

/// What a batch has in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// Pods of one ReplicaSet: the Pod's name without its last part.
    ReplicaSet,
    /// One trial: the column `tag`.
    Trial,
    /// Nothing: each row is a trial of its own.
    Row,
}

/// Rows by batch, in the order of their names.
pub fn batches<'t>(rows: &[Entry<'t>], by: Batch) -> Vec<Vec<Entry<'t>>> {
    let mut batches: BTreeMap<&str, Vec<Entry<'t>>> = BTreeMap::new();
    for row in rows {
        let batch = match by {
            Batch::ReplicaSet => row.text("pod").rsplit_once('-').map_or("", |(name, _)| name),
            Batch::Trial => row.text("tag"),
            Batch::Row => return rows.iter().map(|row| vec![*row]).collect(),
        };
        batches.entry(batch).or_default().push(*row);
    }
    batches.into_values().collect()
}
