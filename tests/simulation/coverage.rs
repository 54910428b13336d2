//! Validation: the intervals hold what they claim, in a slice of `examples/coverage`, which is the whole study.

use crate::cases;

/// An interval that holds in 95 % of the macro-runs holds in fewer than 176 of 200 with probability 4e-5: 1 in 1,000 over
/// all rows. Seeds 1, 2, …, as in the study.
#[test]
fn validation_nominal_intervals_hold() {
    const RUNS: u64 = 200;
    const LEAST: u64 = 176;
    let slice = [
        "2 of 3",
        "the same; 100 outages",
        "two kinds",
        "rare: 1.5 outages of 1 h",
        "stopped at ±20 %",
        "paired",
        "2 of 2 less",
    ];
    let cases = cases::all();
    for case in cases.iter().filter(|case| slice.iter().any(|name| case.name.starts_with(name))) {
        let results: Vec<_> = (1..=RUNS).map(|seed| case.run(seed)).collect();
        for truth in &case.truths {
            let holds = results.iter().filter(|result| {
                let (low, high) = (truth.read)(result);
                low * (1.0 - 1e-11) <= truth.value && truth.value <= high * (1.0 + 1e-11)
            });
            let holds = holds.count() as u64;
            assert!(holds >= LEAST, "{}, {}: holds in {holds} of {RUNS}", case.name, truth.quantity);
        }
    }
}
