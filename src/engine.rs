//! The engine: a clock, a pending event set and a loop. It knows no Kubernetes.
//!
//! Pop the earliest event, set the clock, hand the event over. A handler sees only
//! the time and a way to schedule. Ties are broken by the event itself (its kind,
//! then its ids: the derived order of the event type), never by the order of
//! scheduling, which differs between the fast mode and the one that plays every
//! probe (invariant 2). Cancelling is forgetting: an event of an earlier
//! incarnation is dropped by whoever receives it.

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

/// An event and its instant.
#[derive(Debug, Clone, Copy)]
struct Pending<E> {
    at: SimTime,
    event: E,
}

/// The pending event set: a list in order of time, the earliest last.
///
/// A replication has some dozens of pending events, and most that are new lie near: such a list is faster than a heap.
#[derive(Debug, Clone)]
struct PendingEvents<E>(Vec<Pending<E>>);

impl<E: Copy + Ord> PendingEvents<E> {
    fn push(&mut self, new: Pending<E>) {
        let later = |pending: &Pending<E>| pending.at > new.at || pending.at == new.at && pending.event > new.event;
        if self.0.last().is_none_or(later) {
            self.0.push(new);
        } else {
            let place = self.0.partition_point(later);
            self.0.insert(place, new);
        }
    }

    fn pop_before(&mut self, until: SimTime) -> Option<Pending<E>> {
        self.0.pop_if(|earliest| earliest.at < until)
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
        Self { now: SimTime::ZERO, end, pending: PendingEvents(Vec::with_capacity(64)) }
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
}
