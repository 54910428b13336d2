//! The engine: a clock, a pending event set and a loop. It knows no Kubernetes.
//!
//! Pop the earliest event, set the clock, hand the event over. A handler sees only
//! the time and a way to schedule. Ties are broken by the event itself (its kind,
//! then its ids: the derived order of the event type), never by the order of
//! scheduling, which differs between the fast mode and the one that plays every
//! probe (invariant 2). Cancelling is forgetting: an event of an earlier
//! incarnation is dropped by whoever receives it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::{Duration, SimTime};

/// What a simulation is made of: state that reacts to events.
pub trait World {
    /// Everything that can happen; its order breaks ties.
    type Event: Copy + Ord;

    /// `event` happens now.
    fn handle(&mut self, cx: &mut Cx<'_, Self::Event>, event: Self::Event);
}

/// The clock and the pending event set of one replication.
#[derive(Debug, Clone)]
pub struct Engine<E> {
    now: SimTime,
    end: SimTime,
    pending: PendingEvents<E>,
}

/// An event and its instant, in the order in which they are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pending<E> {
    at: SimTime,
    event: E,
}

/// The pending event set: a short list in order of time, the earliest last, and a heap of what comes after all of it.
///
/// A replication of a few Pods has some dozens of pending events, and most that are new lie near: in such a list they are at
/// their place after a few comparisons. With a thousand Pods the list alone would be moved for every one of them.
#[derive(Debug, Clone)]
struct PendingEvents<E> {
    near: Vec<Pending<E>>,
    far: BinaryHeap<Reverse<Pending<E>>>,
}

/// So many events are in the list at most; the later half of them then goes to the heap, and as many come back.
const NEAR: usize = 64;

impl<E: Copy + Ord> PendingEvents<E> {
    fn new() -> Self {
        Self { near: Vec::with_capacity(NEAR), far: BinaryHeap::new() }
    }

    fn push(&mut self, new: Pending<E>) {
        if self.far.peek().is_some_and(|Reverse(far)| *far < new) {
            self.far.push(Reverse(new));
            return;
        }
        if self.near.len() == NEAR {
            self.far.extend(self.near.drain(..NEAR / 2).map(Reverse));
            self.push(new);
            return;
        }
        let mut place = self.near.len();
        self.near.push(new);
        while place > 0 && self.near[place - 1] < new {
            self.near[place] = self.near[place - 1];
            place -= 1;
        }
        self.near[place] = new;
    }

    fn pop_before(&mut self, until: SimTime) -> Option<Pending<E>> {
        if self.near.is_empty() {
            let nearest = std::iter::from_fn(|| self.far.pop().map(|Reverse(far)| far));
            self.near.extend(nearest.take(NEAR / 2));
            self.near.reverse();
        }
        self.near.pop_if(|earliest| earliest.at < until)
    }
}

/// What a handler sees of the engine.
#[derive(Debug)]
pub struct Cx<'a, E> {
    now: SimTime,
    end: SimTime,
    pending: &'a mut PendingEvents<E>,
}

impl<E: Copy + Ord> Cx<'_, E> {
    /// The present instant.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Schedules `event` after `delay`.
    pub fn after(&mut self, delay: Duration, event: E) {
        self.at(self.now + delay, event);
    }

    /// Schedules `event` at the instant `at`. What would happen at the end of time or later never does.
    pub fn at(&mut self, at: SimTime, event: E) {
        assert!(at >= self.now, "an event cannot be scheduled in the past");
        if at < self.end {
            self.pending.push(Pending { at, event });
        }
    }
}

impl<E: Copy + Ord> Engine<E> {
    /// An engine at time 0. Nothing happens at `end` or later: what lies beyond is not even remembered.
    pub fn new(end: SimTime) -> Self {
        Self { now: SimTime::ZERO, end, pending: PendingEvents::new() }
    }

    /// The present instant.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// A view for setting the scene before the first event.
    pub fn cx(&mut self) -> Cx<'_, E> {
        Cx { now: self.now, end: self.end, pending: &mut self.pending }
    }

    /// Plays every event before `until`, then sets the clock there.
    pub fn run_until<W: World<Event = E>>(&mut self, world: &mut W, until: SimTime) {
        while let Some(event) = self.pop_before(until) {
            world.handle(&mut self.cx(), event);
        }
        self.now = self.now.max(until);
    }

    /// Plays the earliest event before `until`; false if there is none.
    pub fn step<W: World<Event = E>>(&mut self, world: &mut W, until: SimTime) -> bool {
        match self.pop_before(until) {
            Some(event) => {
                world.handle(&mut self.cx(), event);
                true
            }
            None => false,
        }
    }

    fn pop_before(&mut self, until: SimTime) -> Option<E> {
        let Pending { at, event } = self.pending.pop_before(until)?;
        debug_assert!(at >= self.now, "time never runs back");
        self.now = at;
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    struct Log(Vec<(u64, u8)>);

    impl World for Log {
        type Event = u8;
        fn handle(&mut self, cx: &mut Cx<'_, u8>, event: u8) {
            self.0.push((cx.now().as_nanos(), event));
            if event == 1 {
                cx.after(Duration::from_nanos(5), 9);
                cx.after(Duration::ZERO, 0);
            }
        }
    }

    #[test]
    fn ties_are_broken_by_the_event_not_by_the_order_of_scheduling() {
        let mut engine = Engine::new(SimTime::NEVER);
        for event in [3, 1, 2] {
            engine.cx().at(SimTime::from_nanos(10), event);
        }
        let mut log = Log(vec![]);
        engine.run_until(&mut log, SimTime::from_nanos(15));
        assert_eq!(log.0, [(10, 1), (10, 0), (10, 2), (10, 3)]);
        assert_eq!(engine.now(), SimTime::from_nanos(15));
        engine.run_until(&mut log, SimTime::from_nanos(16));
        assert_eq!(log.0.last(), Some(&(15, 9)));
    }

    proptest! {
        /// Oracle: an ordered set, whatever is scheduled when, few events or many.
        #[test]
        fn events_come_in_the_order_of_their_instants(
            rounds in prop::collection::vec((prop::collection::vec(0u64..1_000, 0..300), 0u64..1_000), 1..8)
        ) {
            let mut pending = PendingEvents::new();
            let mut expected = BTreeSet::new();
            let (mut now, mut number) = (0, 0u32);
            for (delays, span) in rounds {
                for delay in delays {
                    let new = Pending { at: SimTime::from_nanos(now + delay), event: number };
                    number += 1;
                    pending.push(new);
                    expected.insert(new);
                }
                now += span;
                let until = SimTime::from_nanos(now);
                while let Some(next) = pending.pop_before(until) {
                    prop_assert_eq!(Some(next), expected.pop_first());
                }
                prop_assert!(expected.first().is_none_or(|next| next.at >= until));
            }
        }
    }
}
