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

    /// Adds an event. Nearly always its place in the list is found by its instant alone, and it is written there and nowhere
    /// before: to assemble it first and to move it then takes as long as all the rest.
    #[inline]
    fn push(&mut self, at: SimTime, event: E) {
        match self.make_room(at) {
            Some(place) => self.near[place] = Pending { at, event },
            None => self.push_anywhere(Pending { at, event }),
        }
    }

    /// Makes room in the list for an event at `at`, unless it needs a closer look: there may be no room, or another event at
    /// the same instant.
    #[inline(never)]
    fn make_room(&mut self, at: SimTime) -> Option<usize> {
        let last = *self.near.last()?;
        if self.near.len() == NEAR || self.far.peek().is_some_and(|Reverse(far)| far.at <= at) {
            return None;
        }
        let mut place = self.near.len();
        while place > 0 && self.near[place - 1].at < at {
            place -= 1;
        }
        if place > 0 && self.near[place - 1].at == at {
            return None;
        }
        self.near.push(last);
        for later in (place + 1..self.near.len()).rev() {
            self.near[later] = self.near[later - 1];
        }
        Some(place)
    }

    #[inline(never)]
    fn push_anywhere(&mut self, new: Pending<E>) {
        if self.far.peek().is_some_and(|Reverse(far)| *far < new) {
            self.far.push(Reverse(new));
            return;
        }
        if self.near.len() == NEAR {
            self.far.extend(self.near.drain(..NEAR / 2).map(Reverse));
            return self.push_anywhere(new);
        }
        let place = self.near.partition_point(|pending| *pending > new);
        self.near.insert(place, new);
    }

    /// The instant of the earliest event.
    #[inline]
    fn next_at(&mut self) -> Option<SimTime> {
        if self.near.is_empty() {
            self.refill();
        }
        self.near.last().map(|earliest| earliest.at)
    }

    /// Takes the earliest event, which there is, out.
    #[inline]
    fn take(&mut self) -> E {
        let last = self.near.len() - 1;
        let event = self.near[last].event;
        self.near.truncate(last);
        event
    }

    #[cold]
    fn refill(&mut self) {
        let nearest = std::iter::from_fn(|| self.far.pop().map(|Reverse(far)| far));
        self.near.extend(nearest.take(NEAR / 2));
        self.near.reverse();
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
    #[inline]
    pub fn after(&mut self, delay: Duration, event: E) {
        self.at(self.now + delay, event);
    }

    /// Schedules `event` at the instant `at`. What would happen at the end of time or later never does.
    #[inline]
    pub fn at(&mut self, at: SimTime, event: E) {
        assert!(at >= self.now, "an event cannot be scheduled in the past");
        if at < self.end {
            self.pending.push(at, event);
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
        while self.step(world, until) {}
        self.now = self.now.max(until);
    }

    /// Plays the earliest event before `until`; false if there is none.
    pub fn step<W: World<Event = E>>(&mut self, world: &mut W, until: SimTime) -> bool {
        let Some(at) = self.pending.next_at().filter(|at| *at < until) else { return false };
        assert!(at >= self.now, "time never runs back");
        self.now = at;
        let event = self.pending.take();
        world.handle(&mut self.cx(), event);
        true
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
                    pending.push(new.at, new.event);
                    expected.insert(new);
                }
                now += span;
                let until = SimTime::from_nanos(now);
                while let Some(at) = pending.next_at().filter(|at| *at < until) {
                    let next = Pending { at, event: pending.take() };
                    prop_assert_eq!(Some(next), expected.pop_first());
                }
                prop_assert!(expected.first().is_none_or(|next| next.at >= until));
            }
        }
    }
}
