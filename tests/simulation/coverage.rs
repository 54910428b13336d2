//! Validation: the intervals hold what they claim, in a slice of `examples/coverage`, which is the whole study.

use statrs::distribution::{Binomial, DiscreteCDF as _};

use crate::cases::{self, Judged};

/// An interval that holds in 95 % of the macro-runs holds in fewer than 176 of 200 with probability 4e-5: 1 in 1,000 over
/// all rows. Seeds 1, 2, …, as in the study.
#[test]
fn validation_nominal_intervals_hold() {
    const RUNS: u64 = 200;
    const CHANCE: f64 = 4e-5;
    let slice = [
        "2 of 3",
        "the same; 100 outages",
        "two kinds",
        "rare: 1.5 outages of 1 h",
        "stopped at ±20 % of the downtime",
        "60 strikes, σ = 2: L",
        "300 strikes, σ = 2: L",
        "300 strikes, σ = 2: (L − c)⁺",
        "60 strikes, σ = 2: overlap",
        "paired",
        "2 of 2 less",
        "a tenth",
    ];
    for case in cases::all() {
        if !matches!(case.judged, Judged::Yes | Judged::Wide) || !slice.iter().any(|name| case.name.starts_with(name)) {
            continue;
        }
        let runs: Vec<_> = (1..=RUNS).map(|seed| case.run(seed)).collect();
        for truth in &case.truths {
            let rounding = 1e-11 * truth.value.abs();
            let counted: Vec<_> = runs.iter().filter(|run| truth.strikes.contains(&run.strikes)).collect();
            let holds = counted.iter().filter(|run| {
                let (low, high, _) = (truth.read)(&run.result);
                low - rounding <= truth.value && truth.value <= high + rounding
            });
            let (holds, counted) = (holds.count() as u64, counted.len() as u64);
            let least = Binomial::new(0.95, counted).expect("a law").inverse_cdf(CHANCE);
            assert!(holds >= least, "{}, {}: holds in {holds} of {counted}", case.name, truth.quantity);
        }
    }
}
