//! Single times that were measured, against those of many simulated replications.

use std::fmt;

use crate::stats;
use crate::study::Scenario;

/// The band holds so many of the times.
const BAND: f64 = 0.99;
/// A time may differ from the simulated median by so much, absolutely or relatively.
const SECONDS: f64 = 0.5;
const RELATIVE: f64 = 0.05;

/// Where the simulated ones of a time lie.
#[derive(Debug, Clone, Copy)]
pub struct Band {
    low: f64,
    pub median: f64,
    high: f64,
}

impl Band {
    /// Of times in any order.
    pub fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |p| stats::quantile(&times, p).unwrap_or(f64::NAN);
        Self { low: at((1.0 - BAND) / 2.0), median: at(0.5), high: at(f64::midpoint(1.0, BAND)) }
    }

    /// Whether what was measured lies there, or near the median.
    pub fn has(&self, measured: f64) -> bool {
        let near = (measured - self.median).abs() <= SECONDS.max(RELATIVE * measured);
        near || (self.low..=self.high).contains(&measured)
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} [{:.1}, {:.1}]", self.median, self.low, self.high)
    }
}

/// The scenario of the candidate of this name.
pub fn scenario_of<'s>(name: &str, scenarios: &'s [Scenario]) -> &'s Scenario {
    let is_it = |scenario: &&Scenario| scenario.parameters.get("candidate").and_then(|v| v.as_str()) == Some(name);
    scenarios.iter().find(is_it).unwrap_or_else(|| panic!("no candidate is called {name}"))
}
