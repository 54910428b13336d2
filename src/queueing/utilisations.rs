//! How busy a station is by how many are in it.

use super::station::Station;

/// The utilisation of a station at rest by the number in it.
#[derive(Debug, Clone)]
pub(super) struct Utilisations {
    /// Number, and 1 / (1 − utilisation), which grows with it nearly in a line.
    points: Vec<(f64, f64)>,
}

impl Utilisations {
    /// So many points until the utilisation has come half of the way to 1.
    const OF_HALVING: u32 = 16;
    const HALVINGS: u32 = 20;

    /// Those of a station.
    pub fn of(station: &Station) -> Self {
        let point = |place: u32| {
            let inverse = 2.0_f64.powf(f64::from(place) / f64::from(Self::OF_HALVING));
            (station.number(1.0 - 1.0 / inverse), inverse)
        };
        Self { points: (0..=Self::OF_HALVING * Self::HALVINGS).map(point).collect() }
    }

    /// Utilisation at such a number, and its slope.
    pub fn at(&self, number: f64) -> (f64, f64) {
        let after = self.points.partition_point(|point| point.0 <= number).clamp(1, self.points.len() - 1);
        let (from, to) = (self.points[after - 1], self.points[after]);
        let slope = (to.1 - from.1) / (to.0 - from.0);
        let inverse = from.1 + (number - from.0) * slope;
        (1.0 - 1.0 / inverse, slope / (inverse * inverse))
    }
}
