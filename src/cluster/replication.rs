//! A replication in play, and how somebody watches one.

#[cfg(test)]
use super::Mutation;
use super::{Cluster, Event, Mode};
use crate::engine::Engine;
use crate::history::Observer;
use crate::model::{Model, WEEK};
use crate::random::{Owner, Purpose, Streams};
use crate::time::{Duration, SimTime};

/// A replication in play: the engine and the cluster.
#[derive(Debug, Clone)]
pub struct Replication<'m, O> {
    engine: Engine<Event>,
    cluster: Cluster<'m, O>,
}

/// How long after the beginning of a Monday the replication with these streams begins; the same in all scenarios.
pub fn begins_in_week(streams: Streams) -> Duration {
    let week = streams.stream(Owner::Replication, Purpose::Week);
    Duration::from_secs_f64(week.uniform(0) * WEEK.as_secs_f64())
}

impl<'m, O: Observer> Replication<'m, O> {
    /// Replication `index` of `model` under `seed`, at time 0.
    pub fn new(model: &'m Model, seed: u64, index: u64, mode: Mode, observer: O) -> Self {
        // Recoveries and outages are followed for at most one more horizon.
        let end = SimTime::ZERO + model.warm_up + model.horizon * 2;
        let mut engine = Engine::new(end);
        let mut cluster = Cluster::new(model, Streams::new(seed, index), mode, observer);
        cluster.begin(&mut engine.cx());
        Self { engine, cluster }
    }

    /// The same with a rule broken.
    #[cfg(test)]
    pub(crate) fn mutated(mut self, mutation: Mutation) -> Self {
        self.cluster.mutation = Some(mutation);
        self
    }

    /// Plays every event before `until`, then sets the clock there.
    pub fn run_until(&mut self, until: SimTime) {
        self.engine.run_until(&mut self.cluster, until);
    }

    /// Tells the observer how far the clocks of faults have run, which else it hears when they stop, and how many evictions have been
    /// refused of Pods for which they are asked on.
    pub fn tell_clocks(&mut self) {
        self.cluster.tell_clocks(self.engine.now());
        self.cluster.tell_all_refusals(self.engine.now());
    }

    /// Plays the earliest event before `until`; false if there is none.
    pub fn step(&mut self, until: SimTime) -> bool {
        self.engine.step(&mut self.cluster, until)
    }

    /// The present instant.
    pub fn now(&self) -> SimTime {
        self.engine.now()
    }

    /// Who watches.
    pub fn observer_mut(&mut self) -> &mut O {
        &mut self.cluster.observer
    }

    /// Ends the replication. The observer is told of the probes that were skipped until now.
    pub fn into_observer(mut self) -> O {
        for pod in self.cluster.pods.ids() {
            let mut cx = self.engine.cx();
            self.cluster.wake(&mut cx, pod);
            self.cluster.end_workers(&cx, pod);
        }
        self.cluster.observer
    }
}

/// A replication for any observer. It is compiled once, whoever watches; one that is played a thousand times is a [`Replication`]
/// of its own kind of observer.
pub struct Watched<'m, 'o>(Replication<'m, &'o mut dyn Observer>);

impl<'m, 'o> Watched<'m, 'o> {
    /// Replication `index` of `model` under `seed`, at time 0. Its state is checked as it is played.
    pub fn new(model: &'m Model, seed: u64, index: u64, mode: Mode, observer: &'o mut dyn Observer) -> Self {
        let mut replication = Replication::new(model, seed, index, mode, observer);
        replication.cluster.is_checked = true;
        Self(replication)
    }

    /// The same with a rule broken.
    #[cfg(test)]
    pub(crate) fn mutated(self, mutation: Mutation) -> Self {
        Self(self.0.mutated(mutation))
    }

    /// Plays every event before `until`, then sets the clock there.
    pub fn run_until(&mut self, until: SimTime) {
        self.0.run_until(until);
    }

    /// Tells the observer what it hears else when it is over: see [`Replication::tell_clocks`].
    pub fn tell_clocks(&mut self) {
        self.0.tell_clocks();
    }

    /// Plays the earliest event before `until`; false if there is none.
    pub fn step(&mut self, until: SimTime) -> bool {
        self.0.step(until)
    }

    /// Ends the replication. The observer is told of the probes that were skipped until now.
    pub fn end(self) {
        self.0.into_observer();
    }
}

/// Plays replication `index` of `model` under `seed` until an instant, and gives back who has watched it. Its state is checked as it is
/// played, which takes several times as long: for oracles and tests.
pub fn watch<O: Observer>(model: &Model, seed: u64, index: u64, mode: Mode, until: SimTime, mut observer: O) -> O {
    play(Watched::new(model, seed, index, mode, &mut observer), until);
    observer
}

/// The same without checks: for proofs that play much.
pub fn watch_unchecked<O: Observer>(
    model: &Model,
    seed: u64,
    index: u64,
    mode: Mode,
    until: SimTime,
    mut observer: O,
) -> O {
    play(Watched(Replication::new(model, seed, index, mode, &mut observer as &mut dyn Observer)), until);
    observer
}

fn play(mut replication: Watched<'_, '_>, until: SimTime) {
    replication.run_until(until);
    replication.tell_clocks();
    replication.end();
}
