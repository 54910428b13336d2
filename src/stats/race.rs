//! Ranking and selection: which of many candidates is the best, and how long one must look to say so.
//!
//! Candidates are played with common random numbers, so a replication gives one loss of each. They are looked at again and
//! again, and whoever is surely not wanted is played no further. Two are told apart when the sum of their differences
//! leaves the lower of two bounds. With n differences of variance s², and a probability β of being wrong in each:
//!
//! ```text
//! triangle   h² s² / 2δ − n δ / 2,                       h² = 2 ln(1/2β)
//! curve      √(2 s² (n + c) ln(1 + √((n + c) / c) / 2β))
//! ```
//!
//! The triangle (Kim and Nelson, ACM TOMACS 11:251, 2001) is for those that are close: δ is the indifference zone, smaller
//! differences are not worth telling apart and either is right; at its tip all but one are gone. The curve (a normal
//! mixture: Howard et al., Annals of Statistics 49:1055, 2021) is for those that are far apart. A Brownian motion on the
//! wrong side leaves either with probability β at most, however often one looks and whatever the correlation. Half of
//! α / (k − 1) for each makes the whole selection right with probability 1 − α (Bonferroni).
//!
//! The variance is that of all replications so far, with h² as Student's t has it. But losses are rare and skewed, and a
//! variance that has not seen the large ones says too little. So a further h²/4 times the square of the largest
//! loss of the two (of any candidate, if they had none) is added to the sum of squares. Two that lost
//! nothing at all are thus called equal only after h²/2 · largest / δ replications: losses of that size that come
//! often enough to matter would by then have shown themselves with probability 1 − 2β, as Poisson's law has it.
//! `examples/selection` measures how often the selection is right.
//!
//! The cheapest that meets a limit is found with the same bounds around the limit, as Andradóttir and Kim do (Naval
//! Research Logistics 57:403, 2010), and α / k for each candidate; what is dearer than one that meets it is played no
//! further.

use serde::{Deserialize, Serialize};

/// The curve is tightest for what is told apart after some ten times as many replications.
const EARLY: f64 = 16.0;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Contest {
    /// The least mean loss.
    Least,
    /// The cheapest whose mean loss is at most a limit.
    Cheapest {
        /// The limit, in the unit of the losses, per replication.
        limit: f64,
        /// What each candidate costs, in any unit.
        costs: Vec<f64>,
    },
}

/// How a candidate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may be the one.
    Open,
    /// Another surely loses less, or as little.
    Beaten,
    /// It surely meets the limit, or misses it by less than the zone.
    Meets,
    /// It surely misses the limit, or meets it by less than the zone.
    Misses,
    /// It may meet the limit, but a cheaper one does.
    Dearer,
    /// It takes no part: it is never chosen, whatever it loses.
    Barred,
}

/// Candidates with what they lost so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Race {
    contest: Contest,
    confidence: f64,
    /// The indifference zone, in the unit of the losses, per replication.
    zone: f64,
    /// Replications of each candidate; the same for all that are open.
    counts: Vec<u64>,
    sums: Vec<i128>,
    /// Sums of products of two candidates' losses, the lower triangle row by row; where candidates are not compared
    /// with each other only its diagonal.
    products: Vec<i128>,
    /// The largest loss of each candidate in a replication.
    largest: Vec<u64>,
    standings: Vec<Standing>,
}

impl Race {
    /// At the start. `zone` is positive; both it and the losses are per replication.
    pub fn new(candidates: usize, contest: Contest, confidence: f64, zone: f64) -> Self {
        Self {
            contest,
            confidence,
            zone,
            counts: vec![0; candidates],
            sums: vec![0; candidates],
            products: vec![0; candidates * (candidates + 1) / 2],
            largest: vec![0; candidates],
            standings: vec![Standing::Open; candidates],
        }
    }

    /// Takes a candidate out before the start. One at least must be left.
    pub fn bar(&mut self, candidate: usize) {
        self.standings[candidate] = Standing::Barred;
    }

    /// Whether it can be one of so many candidates.
    pub fn fits(&self, candidates: usize) -> bool {
        let lengths = [self.counts.len(), self.sums.len(), self.largest.len(), self.standings.len()];
        lengths == [candidates; 4] && self.products.len() == candidates * (candidates + 1) / 2
    }

    /// Adds a replication: the losses of all open candidates, in their order.
    pub fn add(&mut self, losses: &[(usize, i64)]) {
        for (place, &(i, loss)) in losses.iter().enumerate() {
            self.counts[i] += 1;
            if loss == 0 {
                continue;
            }
            self.sums[i] += i128::from(loss);
            self.largest[i] = self.largest[i].max(loss.unsigned_abs());
            let row = i * (i + 1) / 2;
            let first = if self.contest == Contest::Least { 0 } else { place };
            for &(l, other) in &losses[first..=place] {
                self.products[row + l] += i128::from(loss) * i128::from(other);
            }
        }
    }

    /// Looks at what is known, and takes out who is surely not wanted. May be done after any number of replications.
    pub fn look(&mut self) {
        let open = self.open();
        if self.counts[open[0]] < 2 || self.largest_of_all() == 0 {
            return;
        }
        match self.contest.clone() {
            Contest::Least => {
                let beaten = |&i: &usize| open.iter().any(|&l| l != i && self.beats(l, i));
                let beaten: Vec<usize> = open.iter().copied().filter(beaten).collect();
                beaten.into_iter().for_each(|i| self.standings[i] = Standing::Beaten);
            }
            Contest::Cheapest { limit, costs } => {
                for i in open {
                    let above = self.sums[i] as f64 - self.counts[i] as f64 * limit;
                    if above.abs() >= self.bound(i, i) {
                        self.standings[i] = if above <= 0.0 { Standing::Meets } else { Standing::Misses };
                    }
                }
                let least = self.meeting().iter().map(|&i| costs[i]).fold(f64::INFINITY, f64::min);
                for i in self.open() {
                    if costs[i] >= least {
                        self.standings[i] = Standing::Dearer;
                    }
                }
            }
        }
    }

    /// Whether the first surely loses less than the second, or as little and is named before it.
    fn beats(&self, l: usize, i: usize) -> bool {
        let ahead = self.sums[i] - self.sums[l];
        let bound = self.bound(i, l);
        if ahead == 0 { bound == 0.0 && l < i } else { ahead as f64 > bound }
    }

    /// The sum of squared distances from the mean of the differences of two, or of the losses of one.
    fn squares(&self, i: usize, l: usize) -> f64 {
        let product = |i: usize, l: usize| {
            let (i, l) = (i.max(l), i.min(l));
            self.products[i * (i + 1) / 2 + l]
        };
        let (sum, squares) = if i == l {
            (self.sums[i], product(i, i))
        } else {
            (self.sums[i] - self.sums[l], product(i, i) - 2 * product(i, l) + product(l, l))
        };
        (squares as f64 - sum as f64 * sum as f64 / self.counts[i] as f64).max(0.0)
    }

    /// How far the sum of the differences of two, or of the losses of one from the limit, may be from zero and still say
    /// nothing.
    fn bound(&self, i: usize, l: usize) -> f64 {
        let n = self.counts[i] as f64;
        let errors = self.standings.len().saturating_sub(usize::from(self.contest == Contest::Least)).max(1);
        let beta = (1.0 - self.confidence) / errors as f64 / 2.0;
        let student = |log: f64| (n - 1.0) / 2.0 * libm::expm1(2.0 * log / (n - 1.0));
        let far = student(-libm::log(2.0 * beta));
        let largest = self.largest[i].max(self.largest[l]);
        let largest = if largest > 0 { largest } else { self.largest_of_all() } as f64;
        let variance = (self.squares(i, l) + far / 2.0 * largest * largest) / (n - 1.0);
        let triangle = far * variance / self.zone - n * self.zone / 2.0;
        let widened = n + EARLY;
        let log = libm::log(1.0 + (widened / EARLY).sqrt() / (2.0 * beta));
        let curve = (2.0 * variance * widened * student(log)).sqrt();
        triangle.min(curve).max(0.0)
    }

    /// The largest loss of any candidate that takes part.
    fn largest_of_all(&self) -> u64 {
        let part = self.largest.iter().zip(&self.standings).filter(|(_, standing)| **standing != Standing::Barred);
        part.map(|(largest, _)| *largest).max().unwrap_or(0)
    }

    /// Who may still be the one, in order.
    pub fn open(&self) -> Vec<usize> {
        (0..self.standings.len()).filter(|&i| self.standings[i] == Standing::Open).collect()
    }

    /// Whether nothing is open that matters.
    pub fn is_decided(&self) -> bool {
        let open = self.open().len();
        if self.contest == Contest::Least { open <= 1 } else { open == 0 }
    }

    /// Who may be chosen, as far as is known: any of those that meet the limit at the least cost and lose at most the zone
    /// more than the least of them; nobody if none meets it. Of the least there is one.
    pub fn winners(&self) -> Vec<usize> {
        match &self.contest {
            Contest::Least => self.open().into_iter().min_by_key(|&i| self.sums[i]).into_iter().collect(),
            Contest::Cheapest { costs, .. } => {
                let meeting = self.meeting();
                let Some(price) = meeting.iter().map(|&i| costs[i]).min_by(f64::total_cmp) else { return Vec::new() };
                let mean = |i: usize| self.sums[i] as f64 / self.counts[i] as f64;
                let cheap: Vec<usize> = meeting.into_iter().filter(|&i| costs[i] == price).collect();
                let least = cheap.iter().map(|&i| mean(i)).fold(f64::INFINITY, f64::min);
                cheap.into_iter().filter(|&i| mean(i) <= least + self.zone).collect()
            }
        }
    }

    /// Who surely meets the limit.
    fn meeting(&self) -> Vec<usize> {
        (0..self.standings.len()).filter(|&i| self.standings[i] == Standing::Meets).collect()
    }

    /// How each candidate stands.
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }
}
