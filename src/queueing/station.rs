//! One queue at rest.

/// Workers with one queue before them, first come, first served. Requests come at random (Poisson); of the time that one takes only the
/// mean counts: it is taken to be exponential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Station {
    /// How many requests are worked on at once; 1 or more.
    pub workers: u32,
    /// Requests a second of all workers together; above 0.
    pub capacity: f64,
    /// How many requests can wait; what comes beyond is refused at once. `None`: any number.
    pub places: Option<u32>,
}

/// A station that gets as much as it has got for long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rest {
    /// Share of what comes that is refused.
    pub refused: f64,
    /// Share of what comes that is answered later than the clients wait.
    pub late: f64,
    /// How many requests are in it on average: waiting or worked on.
    pub number: f64,
}

impl Rest {
    /// Share of what comes that does not get its answer in time.
    pub fn fails(&self) -> f64 {
        self.refused + self.late
    }
}

impl Station {
    /// Erlang B: the share that finds all workers busy, where nothing waits.
    fn blocking(&self, utilisation: f64) -> f64 {
        let offered = utilisation * f64::from(self.workers);
        (1..=self.workers).fold(1.0, |blocked, worker| offered * blocked / (f64::from(worker) + offered * blocked))
    }

    /// Erlang C: the share that has to wait, at a utilisation below 1, where any number can.
    pub fn waits(&self, utilisation: f64) -> f64 {
        let blocked = self.blocking(utilisation);
        blocked / (1.0 - utilisation * (1.0 - blocked))
    }

    /// How many requests are in it on average, at a utilisation below 1, where any number can wait.
    pub fn number(&self, utilisation: f64) -> f64 {
        utilisation * (f64::from(self.workers) + self.waits(utilisation) / (1.0 - utilisation))
    }

    /// Probability that an answer takes more than so many seconds, at a utilisation below 1, where any number can wait.
    pub fn takes_more_than(&self, seconds: f64, utilisation: f64) -> f64 {
        if seconds <= 0.0 {
            return 1.0;
        }
        let workers = f64::from(self.workers);
        let one = (-self.capacity / workers * seconds).exp();
        // The wait, where there is one, is exponential at the rate by which the workers are faster than what comes.
        let rate = (workers - 1.0 - workers * utilisation) * self.capacity / workers * seconds;
        let works = self.capacity / workers * seconds;
        let sum = if rate.abs() < 1e-9 {
            // Both are as fast.
            works * one
        } else if rate > 0.0 {
            works * one * -(-rate).exp_m1() / rate
        } else {
            // The same, where e^−rate would overflow while the other factor is next to nothing.
            works * (-(works + rate)).exp() * rate.exp_m1() / rate
        };
        (one + self.waits(utilisation) * sum).clamp(0.0, 1.0)
    }

    /// Where so many requests a second come; `None` where they are too many for any rest.
    pub fn rest(&self, comes: f64, timeout: Option<f64>) -> Option<Rest> {
        let utilisation = comes / self.capacity;
        let Some(places) = self.places else {
            return (utilisation < 1.0).then(|| Rest {
                refused: 0.0,
                late: timeout.map_or(0.0, |timeout| self.takes_more_than(timeout, utilisation)),
                number: self.number(utilisation),
            });
        };
        Some(self.rest_of_few(utilisation, f64::from(places), places, timeout))
    }

    /// M/M/c/K: with so many places to wait in.
    fn rest_of_few(&self, utilisation: f64, places: f64, count: u32, timeout: Option<f64>) -> Rest {
        let workers = f64::from(self.workers);
        // Probabilities relative to that of all workers being busy and nothing waiting, or of all places being taken where that is more.
        let blocked = self.blocking(utilisation);
        let weight = |number: f64| utilisation.powf(if utilisation > 1.0 { number - places } else { number });
        let top = weight(0.0);
        let (mut some, mut sum) = (0.0, 0.0);
        // From the heavier end on, so that nothing is lost where the other one weighs next to nothing.
        let mut one = if utilisation > 1.0 { 1.0 } else { utilisation };
        for step in 1..=count {
            let number = if utilisation > 1.0 { count + 1 - step } else { step };
            some += one;
            sum += one * f64::from(number);
            one *= if utilisation > 1.0 { utilisation.recip() } else { utilisation };
        }
        let all = top / blocked.max(f64::MIN_POSITIVE) + some;
        let refused = (weight(places) / all).clamp(0.0, 1.0);
        // Who finds a worker free waits for the work alone.
        let at_once = top * (1.0 / blocked.max(f64::MIN_POSITIVE) - 1.0) / all;
        let late = timeout.map_or(0.0, |timeout| {
            let service = (-self.capacity / workers * timeout).exp();
            at_once * service + self.waits_for_more_than(timeout, count, |before| weight(f64::from(before))) / all
        });
        // Little: those worked on are what is let in.
        let number = utilisation * workers * (1.0 - refused) + sum / all;
        Rest { refused, late: late.clamp(0.0, 1.0 - refused), number }
    }

    /// Σ over the places of the weight of so many being before one times the probability that its answer takes more than so many
    /// seconds: until they and one more have been worked on by all workers, and then its own work.
    fn waits_for_more_than(&self, seconds: f64, places: u32, weight: impl Fn(u32) -> f64) -> f64 {
        let mean = self.capacity * seconds;
        // Of those with so many before them nobody is answered in time.
        let hopeless = (mean + 12.0 * mean.sqrt() + 30.0).ceil() as u32;
        let ln_factorial: f64 = (2..=hopeless).map(|k| f64::from(k).ln()).sum();
        let workers = f64::from(self.workers);
        // From there backwards, where m works are to be done first: P(Erlang(m) > t), and I(m) = P(Erlang(m) ≤ t < Erlang(m) + work),
        // for which the parts of its integral give I(m) = P(Poisson = m) + (1 − 1/c) I(m + 1).
        let mut poisson = (f64::from(hopeless) * mean.ln() - mean - ln_factorial).exp();
        let (mut waits, mut works) = (1.0_f64, 0.0);
        let mut sum: f64 = (hopeless..places).map(&weight).sum();
        for m in (1..=hopeless).rev() {
            waits -= poisson;
            works = poisson + (1.0 - 1.0 / workers) * works;
            poisson *= f64::from(m) / mean;
            if m <= places {
                sum += weight(m - 1) * (waits.max(0.0) + works);
            }
        }
        sum
    }

    /// About how many seconds it takes until it has come to rest at a utilisation below 1.
    pub fn comes_to_rest_in(&self, utilisation: f64) -> f64 {
        1.0 / (self.capacity * (1.0 - utilisation.sqrt()).powi(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station(workers: u32, capacity: f64) -> Station {
        Station { workers, capacity, places: None }
    }

    fn close(found: f64, exact: f64) {
        assert!((found - exact).abs() <= 1e-8 * exact.abs().max(1e-3), "{found}, and it is {exact}");
    }

    /// Erlang C at ρ = 0.5, 0.7 and 0.9, from tables.
    #[test]
    fn who_waits_is_erlang_c() {
        let table = [
            (1, 0.5, 0.5),
            (4, 0.5, 0.173_913_043),
            (8, 0.5, 0.059_043_995),
            (16, 0.5, 0.009_018_810),
            (1, 0.9, 0.9),
            (4, 0.9, 0.787_753_264),
            (8, 0.9, 0.701_532_990),
            (16, 0.9, 0.591_343_394),
        ];
        for (workers, utilisation, waits) in table {
            let found = station(workers, 1.0).waits(utilisation);
            assert!((found - waits).abs() < 1e-9, "c = {workers}, ρ = {utilisation}: {found}");
        }
        // E[T] / E[S] for c = 4, by Little's law.
        for (utilisation, times) in [(0.5, 1.086_956_522), (0.7, 1.357_211_932), (0.9, 2.969_383_161)] {
            let found = station(4, 4.0).number(utilisation) / (4.0 * utilisation);
            assert!((found - times).abs() < 1e-9, "ρ = {utilisation}: {found}");
        }
    }

    #[test]
    fn one_worker_takes_an_exponential_time() {
        for (utilisation, seconds) in [(0.5_f64, 0.1_f64), (0.5, 2.0), (0.9, 1.0), (0.95, 3.0), (0.0, 0.2)] {
            let exact = (-10.0 * (1.0 - utilisation) * seconds).exp();
            close(station(1, 10.0).takes_more_than(seconds, utilisation), exact);
        }
    }

    /// The mean time is the integral of the tail.
    #[test]
    fn tails_of_several_workers_have_the_mean_of_erlang_c() {
        for (workers, utilisation) in [(4, 0.5), (4, 0.75), (4, 0.9), (8, 0.875), (16, 0.7)] {
            let station = station(workers, f64::from(workers));
            let step = 1e-3;
            let sum: f64 =
                (0..400_000).map(|k| station.takes_more_than((f64::from(k) + 0.5) * step, utilisation) * step).sum();
            let mean = station.number(utilisation) / (f64::from(workers) * utilisation);
            assert!((sum - mean).abs() < 1e-3 * mean, "c = {workers}, ρ = {utilisation}: {sum}, {mean}");
        }
    }

    /// With places enough it is the queue without a limit; with none, Erlang B; and M/M/1/K has a closed form.
    #[test]
    fn few_places() {
        for (workers, utilisation) in [(1, 0.5), (4, 0.8), (16, 0.9)] {
            let open = station(workers, 50.0);
            let few = Station { places: Some(2_000), ..open };
            let comes = 50.0 * utilisation;
            for timeout in [0.05, 0.3, 1.0] {
                let (open, few) = (open.rest(comes, Some(timeout)).unwrap(), few.rest(comes, Some(timeout)).unwrap());
                assert!((open.late - few.late).abs() < 1e-9, "{open:?} {few:?}");
                assert!(few.refused < 1e-12 && (open.number - few.number).abs() < 1e-6, "{open:?} {few:?}");
            }
        }
        // Erlang B with 4 workers and an offered load of 4.
        let none = Station { places: Some(0), ..station(4, 4.0) };
        let rest = none.rest(4.0, Some(1.0)).unwrap();
        close(rest.refused, 0.310_679_611_650_485_4);
        close(rest.late, (1.0 - rest.refused) * (-1.0_f64).exp());
        close(rest.number, 4.0 * (1.0 - rest.refused));
        // One worker, 5 in it at most: π(5) = (1 − ρ) ρ^5 / (1 − ρ^6), below capacity and above.
        let five = Station { places: Some(4), ..station(1, 10.0) };
        for utilisation in [0.5_f64, 0.9, 1.5, 40.0] {
            let exact = (1.0 - utilisation) * utilisation.powi(5) / (1.0 - utilisation.powi(6));
            close(five.rest(10.0 * utilisation, None).unwrap().refused, exact);
            // Who has n before it waits for n + 1 works.
            let below = |n: i32| -> f64 {
                (0..=n).map(|k| 3.0_f64.powi(k) / (1..=k).map(f64::from).product::<f64>()).sum::<f64>()
                    * (-3.0_f64).exp()
            };
            let seen = |n: i32| (1.0 - utilisation) * utilisation.powi(n) / (1.0 - utilisation.powi(6));
            let late: f64 = (0..5).map(|n| seen(n) * below(n)).sum();
            close(five.rest(10.0 * utilisation, Some(0.3)).unwrap().late, late);
        }
        // Full for good: all but what is worked on is refused, however many could wait.
        for (places, utilisation) in [(1_000, 3.0), (463, 5.0), (5_000, 1.2), (100_000, 1_000.0)] {
            let rest =
                Station { places: Some(places), ..station(4, 10.0) }.rest(10.0 * utilisation, Some(1.0)).unwrap();
            assert!((rest.refused - (1.0 - 1.0 / utilisation)).abs() < 1e-9, "{places}: {rest:?}");
            assert!((rest.late - 1.0 / utilisation).abs() < 1e-6 && rest.number > f64::from(places) - 10.0, "{rest:?}");
        }
    }

    /// Of times beside which the work is nothing, all is as exact.
    #[test]
    fn long_timeouts_are_told() {
        for (workers, capacity, seconds, utilisation) in
            [(1, 1_000.0, 1.0, 0.8), (8, 400.0, 60.0, 0.95), (8, 200.0, 30.0, 0.999), (8, 100.0, 1e5, 1.0 - 1e-9)]
        {
            let station = station(workers, capacity);
            let found = station.takes_more_than(seconds, utilisation);
            // All of it is the wait, which is exponential, and then the work.
            let (slack, work) = (capacity * (1.0 - utilisation), capacity / f64::from(workers));
            let exact = station.waits(utilisation) * (-slack * seconds).exp() / (1.0 - slack / work);
            assert!(found.is_finite() && (found - exact).abs() <= 1e-6 * exact, "{found} {exact}");
        }
    }
}
