//! One line of the proof, and the whole of it.

use serde::Serialize;

use crate::stats;

/// What stands behind a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Theory: a value or a law that follows from the rules.
    ClosedForm,
    /// Samples of a real cluster.
    Measured,
    /// A table of a paper.
    Published,
    /// The numbered rules of Kubernetes.
    Rule,
}

impl Kind {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [Self::ClosedForm, Self::Measured, Self::Published, Self::Rule];

    /// As `--only` and the table call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClosedForm => "closed-form",
            Self::Measured => "measured",
            Self::Published => "published",
            Self::Rule => "rule",
        }
    }
}

/// A sample in short.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// Its size.
    pub n: usize,
    /// 10 % lie below.
    pub p10: f64,
    /// Half lie below.
    pub median: f64,
    /// 90 % lie below.
    pub p90: f64,
}

impl Quantiles {
    /// Of a sample in ascending order that is not empty.
    pub fn of(sorted: &[f64]) -> Self {
        let at = |p| stats::quantile(sorted, p).unwrap_or(f64::NAN);
        Self { n: sorted.len(), p10: at(0.1), median: at(0.5), p90: at(0.9) }
    }
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// A number.
    Value(f64),
    /// A law, in words.
    Law(String),
    /// A measured sample.
    Sample(Quantiles),
    /// Anything else, in words.
    Words(String),
}

/// What the simulator says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Simulated {
    /// A mean with its interval.
    Interval {
        /// The estimate.
        mean: f64,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A sample.
    Sample(Quantiles),
    /// Anything else, in words.
    Words(String),
}

/// How a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The simulator agrees.
    Inside,
    /// It does not.
    Outside,
    /// An input was set from this: it proves nothing.
    Fitted,
}

impl Verdict {
    /// Inside if `ok`.
    pub fn when(ok: bool) -> Self {
        if ok { Self::Inside } else { Self::Outside }
    }

    /// As the table calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "OUTSIDE",
            Self::Fitted => "fitted",
        }
    }
}

/// One line of the proof.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The check that it belongs to.
    pub check: String,
    /// What is compared.
    pub what: String,
    /// What stands behind it.
    pub kind: Kind,
    /// What is known.
    pub reference: Reference,
    /// What the simulator says.
    pub simulated: Simulated,
    /// Between the two: the largest difference of distribution functions, or the relative difference of values.
    pub distance: Option<f64>,
    /// Simulated median less the measured one, in the column's unit.
    pub median_difference: Option<f64>,
    /// How often a right simulator would lie as far off.
    pub p: Option<f64>,
    /// The same, adjusted for the number of rows that are tested (Holm).
    pub p_adjusted: Option<f64>,
    /// How it ends.
    pub verdict: Verdict,
    /// Which rules, which distortion, which input.
    pub note: String,
    /// The samples behind it, for a chart.
    #[serde(skip)]
    pub samples: Option<Samples>,
}

/// A measured and a simulated sample, each in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// As measured.
    pub measured: Vec<f64>,
    /// Quantiles of the simulated distribution, evenly spaced.
    pub simulated: Vec<f64>,
}

/// The whole proof.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// The program's version.
    pub version: &'static str,
    /// Its lines.
    pub rows: Vec<Row>,
}

/// The smallest adjusted p that a row may have.
const LEAST_P: f64 = 0.01;

impl Verification {
    /// Judges the rows that were tested by p: together they err with a probability of 1 %.
    pub(super) fn of(mut rows: Vec<Row>) -> Self {
        let tested: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].is_tested()).collect();
        let ps: Vec<f64> = tested.iter().filter_map(|&i| rows[i].p).collect();
        for (&i, p) in tested.iter().zip(stats::holm(&ps)) {
            let row = &mut rows[i];
            row.p_adjusted = Some(p);
            if p < LEAST_P {
                row.verdict = Verdict::Outside;
            }
        }
        Self { version: env!("CARGO_PKG_VERSION"), rows }
    }

    /// True if nothing lies outside.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.verdict != Verdict::Outside)
    }

    /// So many rows end so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// Rows tested by p, and how many of them have a plain p below 0.01: about one in a hundred of a right simulator.
    pub fn small_ps(&self) -> (usize, usize) {
        let ps = || self.rows.iter().filter(|row| row.is_tested()).filter_map(|row| row.p);
        (ps().filter(|p| *p < LEAST_P).count(), ps().count())
    }
}

impl Row {
    /// A predicted measured row: one of the family that is tested together.
    fn is_tested(&self) -> bool {
        self.kind == Kind::Measured && self.verdict != Verdict::Fitted && self.p.is_some()
    }
}
