//! Everything that backs the simulator's word, re-run on the user's machine: `hasim verify`.
//!
//! A [`Check`] is one scenario or one formula; playing it gives [`Row`]s of one table,
//! each with what is known, what was simulated, how far they lie apart and a verdict.
//!
//! | kind | what is known | inside means |
//! |---|---|---|
//! | closed form | a value or a law from theory | the 99.9 % interval holds it, for all closed forms together |
//! | measured | samples of a real cluster | the simulated law gives such samples: see `measured` |
//! | published | a table of a paper | within 5 %, or inside the simulated 95 % band |
//! | rule | the numbered rules of Kubernetes | each is implemented and tested, or said not to be modelled |
//!
//! Seeds are fixed, so every run gives the same table, on any number of threads.

mod closed;
mod embedded;
mod measured;
mod page;
mod published;
mod row;
mod rules;
mod text;

pub use page::page;
pub use row::{Kind, Reference, Row, Simulated, Verdict, Verification};
pub use text::{json, markdown, table};

use rayon::prelude::*;

/// One thing that can be checked alone.
pub struct Check {
    /// What `--only` finds it by.
    pub name: &'static str,
    /// What stands behind it.
    pub kind: Kind,
    play: Box<dyn Fn() -> Vec<Row> + Send + Sync>,
}

impl Check {
    fn new(name: &'static str, kind: Kind, play: impl Fn() -> Vec<Row> + Send + Sync + 'static) -> Self {
        Self { name, kind, play: Box::new(play) }
    }
}

/// Every check, in the order of the table.
pub fn checks() -> Vec<Check> {
    let mut checks = closed::checks();
    checks.extend(measured::checks());
    checks.extend(published::checks());
    checks.extend(rules::checks());
    checks
}

/// The checks that `name` means: those of a kind, or those whose names hold it.
pub fn select(checks: Vec<Check>, name: &str) -> Vec<Check> {
    checks.into_iter().filter(|check| check.kind.name() == name || check.name.contains(name)).collect()
}

/// Plays the checks on so many threads (0 for one per core) and judges what they found.
///
/// # Errors
/// When the machine gives no threads.
pub fn run(checks: &[Check], threads: usize) -> Result<Verification, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let rows = pool.install(|| checks.par_iter().map(|check| (check.play)()).collect::<Vec<_>>());
    Ok(Verification::of(rows.into_iter().flatten().collect()))
}
