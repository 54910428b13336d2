//! The queues of a Deployment's Pods: what waits in them, and what would if all its Pods were there.

use crate::experiment::measure::load::PARTS;
use crate::ids::PodId;
use crate::model::{App, Millionths};
use crate::queueing::{Clients, Outlook, Pool, Station};
use crate::time::{Duration, SimTime};

/// A share of the requests that is no part of the whole is not told.
const UNSEEN: f64 = 0.25 / PARTS as f64;

/// The queues of a Deployment.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    /// As they are, by Pod.
    present: Watched,
    /// As they would be with a Pod in rotation for each that is expected, from the beginning on.
    whole: Watched,
}

/// What becomes of the requests to them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queued {
    pub present: Outlook,
    pub whole: Outlook,
    /// Until when.
    pub until: SimTime,
}

/// Queues, and the step of theirs that is under way. It ends where something changes, and not where somebody looks.
#[derive(Debug, Clone)]
struct Watched {
    pool: Pool,
    step: Option<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    from: SimTime,
    to: SimTime,
    rate: f64,
    outlook: Outlook,
}

impl Queues {
    /// Those of Pods with this application; `None` where nothing waits.
    pub fn new(app: &App, clients: Clients) -> Option<Box<Self>> {
        let (capacity, queue) = (app.capacity?, app.queue?);
        let pool = Pool::new(Station { workers: queue.workers, capacity, places: queue.limit }, clients);
        let watched = Watched { pool, step: None };
        Some(Box::new(Self { present: watched.clone(), whole: watched }))
    }

    /// So many of those who ask this Pod get no good answer from now on, however long they wait; `None`: it is out of rotation.
    pub fn set(&mut self, now: SimTime, pod: PodId, failing: Option<Millionths>) {
        let answers = failing.map(|failing| 1.0 - f64::from(failing.count()) / f64::from(Millionths::ALL.count()));
        // A report of something else changes nothing here.
        if self.present.pool.answers(pod.index()) != answers {
            self.present.change(now, |pool| pool.set(pod.index(), answers));
        }
    }

    /// So many Pods are expected from now on.
    pub fn expect(&mut self, now: SimTime, pods: usize) {
        let known = self.whole.pool.stations();
        if known != pods {
            self.whole.change(now, |pool| {
                (known..pods).for_each(|one| pool.set(one, Some(1.0)));
                (pods..known).for_each(|one| pool.set(one, None));
            });
        }
    }

    /// The most requests a second of which all are answered in time.
    pub fn quiet_rate(&mut self) -> f64 {
        // As long as more would wait with all Pods there, somebody has to look.
        if self.whole.pool.is_excited() { f64::NEG_INFINITY } else { self.present.pool.quiet_rate(UNSEEN) }
    }

    /// What becomes of so many requests a second from an instant on that is no earlier than any before.
    pub fn look(&mut self, at: SimTime, rate: f64) -> Queued {
        let present = self.present.look(at, rate);
        if present.outlook.seconds.is_infinite()
            && self.present.pool.stations() >= self.whole.pool.stations()
            && self.whole.pool.is_excited()
            && self.whole.pool.would_rest(rate)
        {
            // Those that are there have lost what waited by starting anew, one after the other, and so would all have.
            self.whole.change(at, Pool::empty);
        }
        let whole = self.whole.look(at, rate);
        Queued { present: present.outlook, whole: whole.outlook, until: present.to.min(whole.to) }
    }
}

impl Watched {
    fn look(&mut self, at: SimTime, rate: f64) -> Step {
        if let Some(step) = self.step.filter(|step| at < step.to && step.rate.to_bits() == rate.to_bits()) {
            return step;
        }
        self.end_step(at);
        let outlook = self.pool.look(rate);
        let to = if outlook.seconds.is_finite() {
            at + Duration::from_secs_f64(outlook.seconds).max(Duration::from_nanos(1))
        } else {
            SimTime::NEVER
        };
        let step = Step { from: at, to, rate, outlook };
        self.step = Some(step);
        step
    }

    fn end_step(&mut self, at: SimTime) {
        if let Some(step) = self.step.take() {
            self.pool.pass(at.since(step.from).as_secs_f64());
        }
    }

    fn change(&mut self, now: SimTime, change: impl FnOnce(&mut Pool)) {
        self.end_step(now);
        change(&mut self.pool);
    }
}
