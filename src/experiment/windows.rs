//! The windows of one replication, and what is lost in each: spans of equal length, laid end to end from the start of counting. Only whole ones count.

use super::requests::Requests;
use crate::model::Model;
use crate::stats::condense;

/// The windows of one replication while it is played: they fill up one after the other.
#[derive(Debug, Clone)]
pub(super) struct Filling {
    /// Nanoseconds.
    length: u64,
    complete: u64,
    /// The window that is being filled, and what it holds.
    window: u64,
    amount: u64,
    losses: Losses,
    /// Where what is lost is requests, and it is said how many come: a window's loss is told as the part of its own requests.
    requests: Option<Requests>,
}

/// Amounts lost in windows, in nanoseconds, and in how many windows each; windows without a loss are left out.
pub(super) type Losses = Vec<(u64, u64)>;

impl Filling {
    /// Of a replication of `model`.
    pub fn new(model: &Model) -> Self {
        Self::of_requests(model, None)
    }

    /// The same of requests that come so.
    pub fn of_requests(model: &Model, requests: Option<Requests>) -> Self {
        let complete = complete(model);
        Self { length: model.window.as_nanos(), complete, window: 0, amount: 0, losses: Losses::new(), requests }
    }

    /// An amount lost evenly between two instants, in nanoseconds since counting began.
    pub fn add(&mut self, from: u64, to: u64, amount: u64) {
        let (first, last) = (from / self.length, (to - 1) / self.length);
        if first == last {
            self.book(first, amount);
            return;
        }
        let part = |nanos: u64| (u128::from(nanos) * u128::from(amount) / u128::from(to - from)) as u64;
        let (head, whole, between) = (part((first + 1) * self.length - from), part(self.length), last - first - 1);
        self.book(first, head);
        // An outage may outlast very many short windows: they are one entry.
        let within = between.min(self.complete.saturating_sub(first + 1));
        if whole > 0 && within > 0 {
            self.flush();
            self.put(first + 1, whole, within);
        }
        self.book(last, amount - head - whole * between);
    }

    fn book(&mut self, window: u64, amount: u64) {
        if window != self.window {
            self.flush();
            self.window = window;
        }
        if window < self.complete {
            self.amount += amount;
        }
    }

    fn flush(&mut self) {
        let amount = std::mem::take(&mut self.amount);
        if amount > 0 {
            self.put(self.window, amount, 1);
        }
    }

    /// A century of minutes that all lose something would fill a gigabyte.
    fn put(&mut self, first: u64, amount: u64, windows: u64) {
        const MOST: usize = 1 << 16;
        let amount = match &self.requests {
            Some(requests) => {
                let come = requests.counted_between(first * self.length, (first + 1) * self.length);
                let part = u128::from(amount) * u128::from(self.length) / u128::from(come.max(1));
                (part as u64).min(self.length)
            }
            None => amount,
        };
        self.losses.push((amount, windows));
        if self.losses.len() == MOST {
            condense(&mut self.losses);
        }
    }

    /// Nothing has been lost yet.
    pub fn forget(&mut self) {
        self.amount = 0;
        self.losses.clear();
    }

    /// The replication is over.
    pub fn finish(&mut self) -> Losses {
        self.flush();
        std::mem::take(&mut self.losses)
    }
}

/// How many whole windows a replication has; 0 where the window is longer than the horizon.
pub(super) fn complete(model: &Model) -> u64 {
    model.horizon.as_nanos() / model.window.as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::experiment::sample::model;
    use crate::time::Duration;

    fn filling(horizon: u64, window: u64) -> Filling {
        Filling::new(&Model { window: Duration::from_nanos(window), ..model(1, 1, 0, 0, horizon) })
    }

    #[test]
    fn what_crosses_a_border_is_divided_there() {
        let mut windows = filling(1_000, 100);
        windows.add(10, 30, 20);
        windows.add(90, 120, 30);
        windows.add(250, 650, 100);
        assert_eq!(windows.finish(), [(30, 1), (20, 1), (12, 1), (25, 3), (13, 1)]);
    }

    #[test]
    fn a_window_that_is_cut_short_does_not_count() {
        let mut windows = filling(1_050, 100);
        windows.add(850, 1_050, 200);
        assert_eq!(windows.finish(), [(50, 1), (100, 1)]);
        let mut windows = filling(250, 100);
        windows.add(0, 250, 250);
        assert_eq!(windows.finish(), [(100, 1), (100, 1)]);
        let mut windows = filling(90, 100);
        windows.add(0, 90, 90);
        assert_eq!(windows.finish(), []);
    }

    #[test]
    fn a_day_of_minutes_is_one_entry() {
        let mut windows = filling(1_000_000, 10);
        windows.add(5, 999_995, 999_990);
        assert_eq!(windows.finish(), [(5, 1), (10, 99_998), (5, 1)]);
    }

    proptest! {
        /// Property: every nanosecond goes to its window.
        #[test]
        fn downtime_lies_where_it_was(
            gaps in prop::collection::vec((1u64..400, 1u64..400), 0..20), window in 50u64..300, horizon in 1_000u64..4_000
        ) {
            let mut windows = filling(horizon, window);
            let mut expected = vec![0u64; (horizon / window) as usize];
            let mut now = 0;
            for (up, down) in gaps {
                let (from, to) = ((now + up).min(horizon), (now + up + down).min(horizon));
                now += up + down;
                if from < to {
                    windows.add(from, to, to - from);
                    for nano in from..to {
                        if let Some(sum) = expected.get_mut((nano / window) as usize) {
                            *sum += 1;
                        }
                    }
                }
            }
            let found: Vec<u64> =
                windows.finish().iter().flat_map(|&(amount, count)| std::iter::repeat_n(amount, count as usize)).collect();
            expected.retain(|&sum| sum > 0);
            prop_assert_eq!(found, expected);
        }
    }
}
