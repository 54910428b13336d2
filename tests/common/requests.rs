//! Requests one by one: what the product does without, to judge it by.
//!
//! Clients send requests at random (Poisson). Each try goes to a Pod at random; there it waits, first come, first served, until one of the
//! workers takes it, which works an exponential time, whether or not its client still waits. A client that has waited for its timeout, or is
//! refused, tries again a little later, so that it meets another queue than that which was full, as often as it may. With a budget each request brings a part of a token, and each further try takes one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use hasim::queueing::{Clients, Pool, Station};

/// Pods behind a balancer, and what comes.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub pods: usize,
    pub station: Station,
    pub clients: Clients,
    /// Requests a second.
    pub rate: f64,
    /// From when to when, in seconds, one Pod is away; it comes back empty.
    pub lost: Option<(f64, f64)>,
    /// Requests that are sent in this time are counted, in seconds since all Pods were empty.
    pub counted: (f64, f64),
}

impl Case {
    /// What comes of what so many Pods take.
    fn load(&self, pods: usize) -> f64 {
        self.rate / (self.station.capacity * pods as f64)
    }

    /// No fluid can tell: somewhere on its way nearly as much comes as can be worked on, tries again included, and chance decides.
    pub fn is_critical(&self) -> bool {
        let left = self.pods - usize::from(self.lost.is_some());
        let loads = [self.load(self.pods), self.load(left)];
        let Station { capacity, places, .. } = self.station;
        // Where few can wait nothing builds up.
        let is_short = places.is_some_and(|places| {
            self.clients.timeout.is_none_or(|timeout| f64::from(places) < 0.7 * timeout * capacity)
        });
        let is_near = |load: f64| load > 0.9 && load < 1.1;
        let again = self.clients.most_sent();
        // A few more than usual may set it off where tries again would keep it going.
        let may_catch_fire = again > 1.0 && loads.iter().any(|load| *load >= 0.9 && *load < 1.0);
        // What has come too many is less than twice what chance makes of it.
        let seconds = if self.counted.0 > 0.0 { self.counted.0 } else { 60.0 };
        let too_many = (loads[1] - 1.0) * capacity * seconds;
        let is_hidden = too_many > 0.0 && too_many < 2.0 * (2.0 * capacity * seconds).sqrt();
        let hangs_on_tries = loads[1] >= 1.0 && is_near(loads[0] * again);
        let is_exact = is_short && self.clients.tries == 1;
        !is_exact && loads.into_iter().any(is_near) || !is_short && (may_catch_fire || is_hidden || hangs_on_tries)
    }
}

/// What is compared, with the number of runs that tell it well: one Pod with one worker that answers 10 a second, from half a minute to a
/// minute after it was empty; and four with eight workers that answer 100 a second each, for five minutes, in which one is away for the
/// second; clients wait for a second.
pub fn cases() -> Vec<(String, Case, u64)> {
    let patient = Clients { timeout: Some(1.0), tries: 1, retry_budget: None };
    let tries = Clients { tries: 3, ..patient };
    let budget = Clients { retry_budget: Some(0.05), ..tries };
    let one = Station { workers: 1, capacity: 10.0, places: None };
    let eight = Station { workers: 8, capacity: 100.0, places: None };
    let limited = |places| Station { places: Some(places), ..eight };
    let mut cases = Vec::new();
    for load in [0.5, 0.8, 0.9, 0.95, 1.0, 1.1, 1.2, 1.5] {
        let case =
            Case { pods: 1, station: one, clients: patient, rate: 10.0 * load, lost: None, counted: (30.0, 60.0) };
        cases.push(("1 Pod, 1 worker".to_owned(), case, 3_000));
    }
    for (station, waits) in [(eight, ""), (limited(150), ", 150 can wait"), (limited(20), ", 20 can wait")] {
        for (clients, name) in [(patient, "1 try"), (tries, "3 tries"), (budget, "3 tries, budget 5 %")] {
            for (lost, away) in [(None, ""), (Some((60.0, 120.0)), ", one away for a minute")] {
                for load in [0.5, 0.6, 0.7, 0.85, 0.9, 1.0, 1.2] {
                    let case = Case { pods: 4, station, clients, rate: 400.0 * load, lost, counted: (0.0, 300.0) };
                    cases.push((format!("4 Pods, {name}{waits}{away}"), case, 20));
                }
            }
        }
    }
    cases
}

/// Seconds until somebody tries again.
const BACK_OFF: f64 = 0.2;
/// What no budget can save up.
const TOKENS: f64 = 100.0;

/// The share of the requests that fails, with this seed.
pub fn one_by_one(case: &Case, seed: u64) -> f64 {
    let Case { pods, station, clients, rate, lost, counted: (from, to) } = *case;
    let mut random = Random(seed.wrapping_mul(0xD1B5_4A32_D192_ED03));
    let workers = station.workers as usize;
    let work = station.capacity / workers as f64;
    // When each worker is free, and when those that wait will be taken.
    let mut free = vec![vec![0.0_f64; workers]; pods];
    let mut taken: Vec<VecDeque<f64>> = vec![VecDeque::new(); pods];
    // Tries to come: when, which one, and when its request was sent first.
    let mut again: BinaryHeap<Reverse<(u64, u32, u64)>> = BinaryHeap::new();
    let (mut tokens, mut next) = (0.0_f64, random.exponential(rate));
    let (mut sent, mut failed) = (0_u64, 0_u64);
    loop {
        let is_again = again.peek().is_some_and(|Reverse((at, ..))| f64::from_bits(*at) <= next);
        let (now, number, first) = if is_again {
            let Reverse((at, number, first)) = again.pop().expect("it was there");
            (f64::from_bits(at), number, f64::from_bits(first))
        } else if next >= to {
            // What is under way is played to its end.
            match again.pop() {
                Some(Reverse((at, number, first))) => (f64::from_bits(at), number, f64::from_bits(first)),
                None => return failed as f64 / sent as f64,
            }
        } else {
            let now = next;
            next += random.exponential(rate);
            sent += u64::from(now >= from);
            tokens = (tokens + clients.retry_budget.unwrap_or(0.0)).min(TOKENS);
            (now, 1, now)
        };
        let is_lost = lost.is_some_and(|(from, to)| (from..to).contains(&now));
        if is_lost {
            free[pods - 1].fill(now);
            taken[pods - 1].clear();
        }
        let pod = (random.uniform() * (pods - usize::from(is_lost)) as f64) as usize;
        while taken[pod].front().is_some_and(|at| *at <= now) {
            taken[pod].pop_front();
        }
        let soonest = (0..workers).min_by(|a, b| free[pod][*a].total_cmp(&free[pod][*b])).expect("somebody works");
        let begins = free[pod][soonest].max(now);
        let is_full = begins > now && station.places.is_some_and(|places| taken[pod].len() >= places as usize);
        let gives_up = if is_full {
            Some(now)
        } else {
            let ends = begins + random.exponential(work);
            free[pod][soonest] = ends;
            if begins > now {
                taken[pod].push_back(begins);
            }
            clients.timeout.map(|timeout| now + timeout).filter(|gives_up| ends > *gives_up)
        };
        if let Some(at) = gives_up {
            let may = number < clients.tries && (clients.retry_budget.is_none() || tokens >= 1.0);
            if may {
                tokens -= f64::from(u8::from(clients.retry_budget.is_some()));
                again.push(Reverse(((at + BACK_OFF).to_bits(), number + 1, first.to_bits())));
            } else {
                failed += u64::from((from..to).contains(&first));
            }
        }
    }
}

/// The same as a fluid.
pub fn as_a_fluid(case: &Case) -> f64 {
    let mut pool = Pool::new(case.station, case.clients);
    (0..case.pods).for_each(|pod| pool.set(pod, Some(1.0)));
    let (from, to) = case.counted;
    let mut ends = vec![from, to];
    ends.extend(case.lost.iter().flat_map(|(from, to)| [*from, *to]));
    ends.sort_by(f64::total_cmp);
    let (mut now, mut failed) = (0.0, 0.0);
    for end in ends {
        while now < end {
            let outlook = pool.look(case.rate);
            let seconds = outlook.seconds.min(end - now);
            if now >= from {
                failed += (1.0 - outlook.succeed) * seconds;
            }
            pool.pass(seconds);
            now = if outlook.seconds >= end - now { end } else { now + seconds };
        }
        match case.lost {
            Some((lost, _)) if lost == end => pool.set(case.pods - 1, None),
            Some((_, back)) if back == end => pool.set(case.pods - 1, Some(1.0)),
            _ => {}
        }
    }
    failed / (to - from)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, rate: f64) -> f64 {
        -(-self.uniform()).ln_1p() / rate
    }
}
