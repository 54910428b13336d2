//! Validation: the fluid of queues against requests one by one.

use crate::common::requests::{as_a_fluid, cases, one_by_one};
use crate::common::stats::z;

/// As many runs as show a difference that matters; `examples/requests.rs` prints the same with more, for docs/load.md.
const FEWER: u64 = 4;

/// The share that fails is within 2 % of all, and within a tenth of itself, with and without tries again, around a lost Pod and with few
/// places to wait: but where nearly as much comes as can be worked on.
#[test]
fn a_fluid_fails_as_many_as_requests_one_by_one() {
    let judged: Vec<_> = cases().into_iter().filter(|(_, case, _)| !case.is_critical()).collect();
    let z = z(judged.len());
    for (name, case, runs) in &judged {
        let runs = runs / FEWER;
        let shares: Vec<f64> = (0..runs).map(|seed| one_by_one(case, seed)).collect();
        let mean = shares.iter().sum::<f64>() / runs as f64;
        let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (runs - 1) as f64;
        // A share of which nothing was seen may be that of a few.
        let unsure = z * (variance / runs as f64).sqrt() + 5.0 / (case.rate * 30.0 * runs as f64);
        let fluid = as_a_fluid(case);
        let allowed = f64::min(0.02, 0.1 * mean) + unsure;
        assert!(
            (fluid - mean).abs() <= allowed,
            "{name}, {} a second: {fluid}, one by one {mean} ± {unsure}",
            case.rate
        );
    }
}
