//! Clients that give up and try again.

/// Who sends the requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clients {
    /// Seconds until somebody who has got no answer gives up; `None`: never. Above 0.
    pub timeout: Option<f64>,
    /// How often a request is sent at most; 1 or more.
    pub tries: u32,
    /// For each request at most so many more tries, on average over all of them; `None`: no such bound. 0 or more.
    pub retry_budget: Option<f64>,
}

impl Clients {
    /// They wait for ever and try once.
    pub const PATIENT: Self = Self { timeout: None, tries: 1, retry_budget: None };

    /// How often a request is sent on average where a try succeeds with this probability: A(p) = 1 + p + … + p^(tries − 1) for the p
    /// that fails, within the budget.
    pub fn sent(&self, succeeds: f64) -> f64 {
        let tries = f64::from(self.tries);
        // Where hardly any succeeds the quotient is not to be had in floats; the sum is.
        let sent = if self.tries == 1 {
            1.0
        } else if succeeds < 1e-6 {
            tries - tries * (tries - 1.0) / 2.0 * succeeds
        } else {
            (1.0 - (1.0 - succeeds).powf(tries)) / succeeds
        };
        self.retry_budget.map_or(sent, |budget| sent.min(1.0 + budget))
    }

    /// The most that are sent for one request.
    pub fn most_sent(&self) -> f64 {
        self.sent(0.0)
    }

    /// The share of the requests that succeed where a try does with this probability.
    pub fn succeed(&self, succeeds: f64) -> f64 {
        (succeeds * self.sent(succeeds)).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_a_geometric_sum() {
        let clients = Clients { tries: 3, ..Clients::PATIENT };
        for fails in [0.0, 0.1, 0.5, 0.9, 0.999_999_9, 1.0] {
            let sum: f64 = 1.0 + fails + fails * fails;
            assert!((clients.sent(1.0 - fails) - sum).abs() < 1e-9, "{fails}");
            assert!((clients.succeed(1.0 - fails) - (1.0 - fails.powi(3))).abs() < 1e-9, "{fails}");
        }
        assert_eq!((Clients::PATIENT.sent(0.3), Clients::PATIENT.succeed(0.3)), (1.0, 0.3));
    }

    #[test]
    fn a_budget_bounds_them() {
        let clients = Clients { tries: 3, retry_budget: Some(0.2), ..Clients::PATIENT };
        assert!((clients.sent(0.9) - 1.11).abs() < 1e-12 && (clients.sent(0.5) - 1.2).abs() < 1e-12);
        assert!((clients.succeed(0.5) - 0.6).abs() < 1e-12 && clients.most_sent() == 1.2);
        assert_eq!((clients.succeed(0.0), clients.succeed(1.0)), (0.0, 1.0));
    }
}
