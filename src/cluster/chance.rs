//! Probes of a healthy container that fail by chance, found by arithmetic (invariant 5).
//!
//! While a container is healthy each probe fails with the same small probability p,
//! independently. Nearly all such failures stand alone and change nothing. So one
//! uniform gives the attempt with which the run of failures first reaches two (one,
//! where a single failure already matters), by inversion of that waiting time's law;
//! from there on attempts are played. If the surroundings change before, another
//! uniform tells whether the last attempt was a lone failure.
//!
//! With q = 1 − p, the waiting time T for two failures in a row has the survival
//! function S(n) = P(T > n) that obeys S(n) = q·S(n−1) + p·q·S(n−2): a success, or a
//! failure and a success (Feller, An Introduction to Probability Theory, vol. 1,
//! XIII.7). Hence S(n) = A·λ₁ⁿ + (1−A)·λ₂ⁿ with λ the roots of λ² = q·λ + p·q.

/// The law of the waiting time for failures by chance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance {
    /// Probability that one probe fails.
    pub p: f64,
    first: f64,
    ln_first: f64,
    second: f64,
    weight: f64,
    /// After so many attempts the second root counts for nothing beside the first: less than e⁻⁵⁰.
    forgotten: f64,
}

/// How many failures in a row matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matters {
    /// Each failure: the threshold is 1, or a timeout above the period shifts what follows.
    One,
    /// Two in a row.
    Two,
}

impl Chance {
    /// Probes that fail with probability `p`, in [0, 1).
    pub fn new(p: f64) -> Self {
        let q = 1.0 - p;
        let root = f64::sqrt(q * q + 4.0 * p * q);
        let second = -2.0 * p * q / (q + root);
        // The product of 1 − λ over both roots is the polynomial at 1: p². So the first root is known to full
        // precision even where it is 1 − 1e-8.
        let complement = p * p / (1.0 - second);
        let first = 1.0 - complement;
        let weight = (1.0 - second) / (first - second);
        let forgotten = -50.0 / libm::log(-second / first);
        Self { p, first, ln_first: libm::log1p(-complement), second, weight, forgotten }
    }

    /// Probability that the run has not reached what matters within `n` attempts, starting after a success.
    fn survival(&self, matters: Matters, n: u64) -> f64 {
        let n = n as f64;
        match matters {
            Matters::One => libm::exp(n * libm::log1p(-self.p)),
            Matters::Two => {
                self.weight * libm::exp(n * self.ln_first) + (1.0 - self.weight) * self.power(self.second, n)
            }
        }
    }

    /// The attempt, counted from 1, with which the run reaches what matters: the smallest n with S(n) ≤ u.
    pub fn waiting_time(&self, matters: Matters, u: f64) -> u64 {
        let (ln_first, weight) = match matters {
            Matters::One => (libm::log1p(-self.p), 1.0),
            Matters::Two => (self.ln_first, self.weight),
        };
        // Saturates for tiny p: later than any horizon.
        let guess = f64::ceil(libm::log(u / weight) / ln_first).max(1.0);
        if guess >= 1e15 || guess.is_nan() {
            return u64::MAX;
        }
        let mut n = guess as u64;
        // Far out one attempt more or less is below the rounding of the logarithm.
        if guess > 1e6 {
            return n;
        }
        while n > 1 && self.survival(matters, n - 1) <= u {
            n -= 1;
        }
        while self.survival(matters, n) > u {
            n += 1;
        }
        n
    }

    /// Given that the run has not reached what matters within `n` attempts, was the last one a failure?
    pub fn last_failed(&self, matters: Matters, n: u64, u: f64) -> bool {
        match matters {
            Matters::One => false,
            Matters::Two if n == 0 => false,
            Matters::Two => {
                // S(n−1) / S(n), without the powers of the first root, which is nearly 1.
                let second = (1.0 - self.weight) * self.power(self.second / self.first, (n - 1) as f64);
                let ratio = (self.weight + second) / (self.weight * self.first + second * self.second);
                u >= (1.0 - self.p) * ratio
            }
        }
    }

    /// `x`, of the second root, to the power of the whole number `n`.
    fn power(&self, x: f64, n: f64) -> f64 {
        if n > self.forgotten { 0.0 } else { libm::pow(x, n) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Owner, Purpose, Streams};

    /// The recurrence, played out.
    fn survival(p: f64, n: usize) -> f64 {
        let (mut before, mut now) = (1.0, 1.0);
        for _ in 1..n {
            (before, now) = (now, (1.0 - p) * now + p * (1.0 - p) * before);
        }
        now
    }

    #[test]
    fn the_closed_form_solves_the_recurrence() {
        for p in [1e-4, 0.01, 0.3, 0.9] {
            let chance = Chance::new(p);
            for n in 0..60 {
                let exact = survival(p, n);
                assert!((chance.survival(Matters::Two, n as u64) - exact).abs() < 1e-12, "p {p}, n {n}");
            }
        }
    }

    #[test]
    fn inversion_finds_the_smallest_n() {
        for p in [1e-4, 0.05, 0.5, 0.95] {
            let chance = Chance::new(p);
            for matters in [Matters::One, Matters::Two] {
                for i in 1..500 {
                    let u = f64::from(i) / 500.0;
                    let n = chance.waiting_time(matters, u);
                    assert!(chance.survival(matters, n) <= u && chance.survival(matters, n - 1) > u, "p {p}, u {u}");
                }
            }
        }
        assert_eq!(Chance::new(1e-12).waiting_time(Matters::Two, 0.5), u64::MAX);
    }

    /// Validation: played probe by probe, waiting times and last observations have the same frequencies. The two
    /// statistics lie within 3.5 standard errors (99.95 % each).
    #[test]
    fn arithmetic_and_play_agree() {
        const N: u64 = 100_000;
        let stream = Streams::new(6, 0).stream(Owner::Slot(0), Purpose::ProbeFailure);
        let (p, horizon) = (0.15, 12u64);
        let chance = Chance::new(p);
        let (mut waits, mut lone, mut survivors) = (0u64, 0u64, 0u64);
        for trial in 0..N {
            let (mut run, mut reached) = (0, None);
            for attempt in 1..=horizon {
                run = if stream.uniform(trial * horizon + attempt) < p { run + 1 } else { 0 };
                if run == 2 {
                    reached = Some(attempt);
                    break;
                }
            }
            match reached {
                Some(attempt) => waits += attempt,
                None => {
                    survivors += 1;
                    lone += run;
                }
            }
        }
        let (mut waits2, mut lone2, mut survivors2) = (0u64, 0u64, 0u64);
        for trial in 0..N {
            let wait = chance.waiting_time(Matters::Two, stream.uniform(10 * N * horizon + trial));
            if wait <= horizon {
                waits2 += wait;
            } else {
                survivors2 += 1;
                lone2 += u64::from(chance.last_failed(Matters::Two, horizon, stream.uniform(20 * N * horizon + trial)));
            }
        }
        let share = |a: u64, b: u64| a as f64 / b as f64;
        let error = (2.0 * 0.25 / N as f64).sqrt();
        assert!((share(survivors, N) - share(survivors2, N)).abs() < 3.5 * error);
        assert!((share(lone, survivors) - share(lone2, survivors2)).abs() < 3.5 * error * 1.2);
        // Waits are at most 12 with a standard deviation below 4.
        assert!((share(waits, N) - share(waits2, N)).abs() < 3.5 * 4.0 * (2.0 / N as f64).sqrt());
    }
}
