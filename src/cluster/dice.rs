//! Draws in a row from one stream.

use crate::random::{Law, Stream};
use crate::time::{Duration, Grid, SimTime};

/// A stream that remembers how many draws were taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dice {
    stream: Stream,
    ordinal: u64,
}

impl Dice {
    pub fn new(stream: Stream) -> Self {
        Self { stream, ordinal: 0 }
    }

    pub fn uniform(&mut self) -> f64 {
        self.ordinal += 1;
        self.stream.uniform(self.ordinal)
    }

    /// The draw of this ordinal, whatever has been taken.
    pub fn uniform_at(&self, ordinal: u64) -> f64 {
        self.stream.uniform(ordinal)
    }

    /// How many draws have been taken: the ordinal of the last one.
    pub fn taken(self) -> u64 {
        self.ordinal
    }

    /// The same after `n` more draws.
    pub fn after(self, n: u64) -> Self {
        Self { ordinal: self.ordinal + n, ..self }
    }

    pub fn span(&mut self, law: &Law) -> Duration {
        self.ordinal += 1;
        Duration::from_secs_f64(self.stream.draw(self.ordinal, law))
    }

    /// A stream for whoever draws more than once, and the ordinal that is its own.
    pub fn reserve(&mut self) -> (Stream, u64) {
        self.ordinal += 1;
        (self.stream, self.ordinal)
    }
}

/// A grid of this period in the phase that the uniform `u` gives.
pub(crate) fn phase(u: f64, period: Duration) -> Grid {
    Grid::new(SimTime::from_nanos((u * period.as_nanos() as f64) as u64), period)
}
