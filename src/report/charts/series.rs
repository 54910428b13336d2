//! Which colour a scenario has where each is a line or a point.

use super::palette::{Colour, SERIES, SLATE};
use crate::report::labels::{Column, Labels, distinct};

/// Colours of scenarios, and what they mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The colour of every scenario.
    pub colours: Vec<Colour>,
    /// What the legend is about: a key, or all of them.
    pub title: String,
    /// Colour and its meaning.
    pub legend: Vec<(Colour, String)>,
    /// The column that decides the colour, if one does.
    pub column: Option<usize>,
}

impl Series {
    /// A colour for each scenario if they are few; else one for each value of the key that
    /// explains most of `measure` (the logarithm of something that the chart shows).
    pub fn of(labels: &Labels, measure: &[Option<f64>]) -> Self {
        if measure.len() <= SERIES.len() {
            let legend = (0..measure.len()).map(|i| (SERIES[i], labels.short(i))).collect();
            let title = if labels.varied { labels.short_keys() } else { String::new() };
            return Self { colours: SERIES[..measure.len()].to_vec(), title, legend, column: None };
        }
        let best = |&(_, a): &(usize, f64), &(_, b): &(usize, f64)| a.total_cmp(&b);
        let columns = labels.columns.iter().enumerate();
        // The first of equals, as the reader meets it first: max_by takes the last.
        let explained = columns.filter_map(|(i, column)| Some((i, explained(column, measure)?))).rev().max_by(best);
        match explained {
            Some((i, _)) => Self::by_column(labels, i),
            None => Self {
                colours: vec![SLATE; measure.len()],
                title: String::new(),
                legend: vec![(SLATE, format!("{} scenarios", measure.len()))],
                column: None,
            },
        }
    }

    /// The entry of the legend that a scenario belongs to.
    pub fn name(&self, scenario: usize) -> &str {
        let of_colour = |(colour, _): &&(Colour, String)| *colour == self.colours[scenario];
        self.legend.iter().find(of_colour).map_or("", |(_, name)| name)
    }

    /// A colour for each value of a column with at most eight.
    pub fn by_column(labels: &Labels, i: usize) -> Self {
        let column = &labels.columns[i];
        let values = distinct(column);
        let colour = |cell: &String| {
            let at = values.iter().position(|value| *value == cell).unwrap_or(0);
            SERIES[at % SERIES.len()]
        };
        Self {
            colours: column.cells.iter().map(colour).collect(),
            title: column.short_key.clone(),
            legend: values.iter().enumerate().map(|(k, v)| (SERIES[k % SERIES.len()], (*v).clone())).collect(),
            column: Some(i),
        }
    }
}

/// The sum of squares between the values of this column; `None` if it has one value or more than there are colours.
pub fn explained(column: &Column, measure: &[Option<f64>]) -> Option<f64> {
    let values = distinct(column);
    if !(2..=SERIES.len()).contains(&values.len()) {
        return None;
    }
    let known: Vec<f64> = measure.iter().copied().flatten().collect();
    let overall = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let between = values.iter().map(|value| {
        let of_value = column.cells.iter().zip(measure).filter(|(cell, _)| cell == value).filter_map(|(_, m)| *m);
        let group: Vec<f64> = of_value.collect();
        let mean = group.iter().sum::<f64>() / group.len().max(1) as f64;
        group.len() as f64 * (mean - overall).powi(2)
    });
    Some(between.sum())
}
