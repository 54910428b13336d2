//! Simulated sets of the measured size and batch structure, and how the measured one lies among them.
//!
//! Pods of one batch share part of their phase, so their samples depend on each other and
//! no textbook p-value holds. Instead a set is simulated as it was measured: for each
//! batch one replication with as many Pods. All sets together are the simulated
//! distribution; p is the share of sets that lie at least as far from it as the measured
//! set, by the Kolmogorov–Smirnov distance. The medians of the same sets give the band of
//! medians.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::record::Record;
use super::scenarios::{Column, Scenario, batch_of};
use super::{Sampler, data};
use crate::model::Model;
use crate::stats::{self, ks};
use crate::verify::row::{Kind, Quantiles, Reference, Row, Samples, Simulated, Verdict};

/// Sets at first, and where some p is small.
pub const SETS: [u64; 3] = [1_000, 4_000, 20_000];
/// A p is small while fewer sets than this lie as far off as the measured one.
const ENOUGH: usize = 10;
/// The band holds so many of the medians.
const BAND: f64 = 0.99;
/// Medians may differ by so much, absolutely or relatively.
const SECONDS: f64 = 0.25;
const RELATIVE: f64 = 0.05;
/// Steps of a simulated curve in a chart.
const CURVE: u32 = 200;

/// The measured values of a column: how many in each batch, and all of them in ascending order.
struct Measured {
    sizes: Vec<usize>,
    sorted: Vec<f64>,
}

/// The values of one column in one set, in ascending order.
type Values = Vec<f64>;

/// Everything that is fixed about the sets of a scenario.
struct Sets<'s> {
    columns: Vec<(&'s Column, Measured)>,
    /// The model of each batch.
    batches: Vec<Model>,
    seed: u64,
    sampler: Sampler<'s>,
    scenario: &'s Scenario,
}

/// As they were written: with three decimals.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl Sets<'_> {
    /// One set: for each column the values of all its batches.
    fn play(&self, index: u64) -> Vec<Values> {
        let mut set: Vec<Values> = vec![Vec::new(); self.columns.len()];
        for (b, model) in self.batches.iter().enumerate() {
            let replication = index * self.batches.len() as u64 + b as u64;
            let record = Record::new(self.seed, replication, &self.scenario.setting.request);
            let record = (self.sampler)(model, self.seed, replication, record, self.scenario.until);
            for (values, (column, measured)) in set.iter_mut().zip(&self.columns) {
                let found = (column.of)(&record).into_iter().map(rounded);
                values.extend(found.take(measured.sizes[b]));
            }
        }
        for values in &mut set {
            values.sort_by(f64::total_cmp);
        }
        set
    }

    fn play_range(&self, from: u64, to: u64) -> Vec<Vec<Values>> {
        (from..to).into_par_iter().map(|index| self.play(index)).collect()
    }
}

/// Plays a scenario and judges its columns, with no more than `most` sets.
pub fn rows(scenario: &Scenario, seed: u64, sampler: Sampler<'_>, most: u64) -> Vec<Row> {
    let table = data::Table::open(scenario.file);
    let all = table.rows(&scenario.filter);
    let batches = data::batches(&all, scenario.setting.batch);
    let pods = |rows: &[data::Entry<'_>]| {
        let names: BTreeSet<&str> = rows.iter().map(|row| row.text("pod")).collect();
        names.len() as u32
    };
    let base = scenario.model();
    let models = batches.iter().map(|rows| batch_of(&base, scenario.setting.replicas.unwrap_or_else(|| pods(rows))));
    let columns = scenario.columns.iter().map(|column| {
        let values = |rows: &Vec<data::Entry<'_>>| -> Vec<f64> {
            let fits = |row: &&data::Entry<'_>| column.when.is_none_or(|(head, value)| row.text(head) == value);
            rows.iter().filter(fits).flat_map(|row| row.numbers(column.name)).collect()
        };
        let by_batch: Vec<Vec<f64>> = batches.iter().map(values).collect();
        let mut sorted: Vec<f64> = by_batch.iter().flatten().copied().collect();
        sorted.sort_by(f64::total_cmp);
        (column, Measured { sizes: by_batch.iter().map(Vec::len).collect(), sorted })
    });
    let columns = columns.filter(|(_, measured)| !measured.sorted.is_empty()).collect();
    let sets = Sets { columns, batches: models.collect(), seed, sampler, scenario };
    judge(&sets, most)
}

fn judge(sets: &Sets<'_>, most: u64) -> Vec<Row> {
    let first = sets.play_range(0, SETS[0]);
    let pooled: Vec<Values> = (0..sets.columns.len())
        .map(|c| {
            let mut all: Values = first.iter().flat_map(|set| set[c].iter().copied()).collect();
            all.sort_by(f64::total_cmp);
            all
        })
        .collect();
    let measured: Vec<f64> =
        sets.columns.iter().zip(&pooled).map(|((_, m), all)| ks::distance(&m.sorted, all)).collect();
    let mut medians: Vec<Values> = vec![Vec::new(); sets.columns.len()];
    let mut beyond = vec![0usize; sets.columns.len()];
    let mut count = |chunk: &[Vec<Values>], beyond: &mut [usize]| {
        for (c, all) in pooled.iter().enumerate() {
            beyond[c] += chunk.iter().filter(|set| ks::distance(&set[c], all) >= measured[c] - 1e-12).count();
            medians[c].extend(chunk.iter().filter_map(|set| stats::median(&set[c])));
        }
    };
    count(&first, &mut beyond);
    let mut played = SETS[0];
    for more in SETS[1..].iter().copied().filter(|&more| more <= most) {
        let unsettled = |(c, (column, _)): (usize, &(&Column, Measured))| column.fitted.is_none() && beyond[c] < ENOUGH;
        if !sets.columns.iter().enumerate().any(unsettled) {
            break;
        }
        for from in (played..more).step_by(1000) {
            count(&sets.play_range(from, from + 1000), &mut beyond);
        }
        played = more;
    }
    for medians in &mut medians {
        medians.sort_by(f64::total_cmp);
    }
    let judged = sets.columns.iter().enumerate().map(|(c, (column, m))| {
        let p = (beyond[c] + 1) as f64 / (played + 1) as f64;
        row(sets.scenario, column, m, &pooled[c], &medians[c], measured[c], p)
    });
    judged.collect()
}

fn row(
    scenario: &Scenario,
    column: &Column,
    measured: &Measured,
    pooled: &[f64],
    medians: &[f64],
    distance: f64,
    p: f64,
) -> Row {
    let (reference, simulated) = (Quantiles::of(&measured.sorted), Quantiles::of(pooled));
    let difference = simulated.median - reference.median;
    let close = difference.abs() <= SECONDS.max(RELATIVE * reference.median.abs());
    let band = |p| stats::quantile(medians, p).unwrap_or(f64::NAN);
    let within = (band((1.0 - BAND) / 2.0)..=band(f64::midpoint(1.0, BAND))).contains(&reference.median);
    let what =
        column.when.map_or_else(|| column.name.to_owned(), |(head, value)| format!("{} ({head} {value})", column.name));
    let mut note = column.fitted.map_or_else(String::new, |input| format!("fitted: sets {input}"));
    for part in [column.note, scenario.note] {
        if !part.is_empty() {
            note = if note.is_empty() { part.to_owned() } else { format!("{note}; {part}") };
        }
    }
    Row {
        check: scenario.name.to_owned(),
        what,
        kind: Kind::Measured,
        reference: Reference::Sample(reference),
        simulated: Simulated::Sample(simulated),
        distance: Some(distance),
        median_difference: Some(difference),
        p: Some(p),
        p_adjusted: None,
        verdict: if column.fitted.is_some() { Verdict::Fitted } else { Verdict::when(close || within) },
        note,
        samples: Some(Samples {
            measured: measured.sorted.clone(),
            simulated: (0..=CURVE).filter_map(|i| stats::quantile(pooled, f64::from(i) / f64::from(CURVE))).collect(),
        }),
    }
}
