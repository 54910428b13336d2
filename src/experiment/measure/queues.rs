//! The queues of a Deployment's Pods: what waits in them, and what would if all its Pods were there.

use crate::experiment::measure::load::PARTS;
use crate::ids::PodId;
use crate::model::{App, Millionths};
use crate::queueing::{Clients, Outlook, Pool, Watched};
use crate::time::SimTime;

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

impl Queues {
    /// Those of Pods with this application; `None` where nothing waits.
    pub fn new(app: &App, clients: Clients) -> Option<Box<Self>> {
        let pool = Pool::new(app.station()?, clients);
        let watched = Watched::new(pool);
        Some(Box::new(Self { present: watched.clone(), whole: watched }))
    }

    /// So many of those who ask this Pod get no good answer from now on, however long they wait.
    pub fn set(&mut self, now: SimTime, pod: PodId, failing: Millionths) {
        let answers = Some(1.0 - failing.share());
        // A report of something else changes nothing here.
        if self.present.pool.answers(pod.index()) != answers {
            self.present.change(now, |pool| pool.set(pod.index(), answers));
        }
    }

    /// This Pod is out of rotation from now on. It works on what waits in it, or has lost it.
    pub fn leave(&mut self, now: SimTime, pod: PodId, keeps_queue: bool) {
        if self.present.pool.keys().any(|key| key == pod.index()) {
            self.present
                .change(now, |pool| if keeps_queue { pool.withdraw(pod.index()) } else { pool.set(pod.index(), None) });
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
