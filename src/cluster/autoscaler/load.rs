//! What a Deployment's Pods are asked and how they look to metrics, over the last minute (H7, H8, H10).
//!
//! ```text
//! cAdvisor        r ────────── r ─────────────── r ────────── r      a reading of the CPU's counter every 10 to 20 s
//! metrics-server          s ──────────────── s ──────────────── s    a scrape every 15 s, which keeps the last two readings
//! the autoscaler                                          ^          sees the mean between them
//! ```
//!
//! The readings of a container that has been started a while ago are drawn anew for each pass, from the law that they have at any moment;
//! those of a younger one from its start on. Metrics that Pods report themselves are taken to come the same way.

use smallvec::{SmallVec, smallvec};

use crate::cluster::requests::Requests;
use crate::model::CpuUsage;
use crate::random::{Owner, Purpose, Stream, Streams};
use crate::time::{Duration, Grid, SimTime};

/// From one reading to the next, in seconds (H7).
const READING: (f64, f64) = (10.0, 20.0);
/// From one scrape to the next, and how long a Node may take to answer (H8).
const SCRAPE: Duration = Duration::from_secs(15);
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(10);
/// Of a container of such an age at a scrape its start is taken for the reading before the first (H8).
const JUST_STARTED: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(15));
/// The readings of a container that is older than this hang on its start no more.
const OLD: Duration = Duration::from_secs(300);

/// So long after the last change all samples are as they stay, whatever is drawn: a scrape is up to 15 s old, and of two different readings
/// that it and those before it have brought the earlier one was up to 50 s older.
pub(super) const SETTLES: Duration = Duration::from_secs(65);

/// What was so from an instant on; the last is so now.
type Spells<T> = SmallVec<[(SimTime, T); 3]>;

/// The requests to one Deployment.
#[derive(Debug, Clone)]
pub(super) struct Load {
    requests: Requests,
    chance: Stream,
    scrapes: Grid,
    /// How many of its Pods are in rotation.
    in_rotation: Spells<u32>,
}

/// What a Pod does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Its containers do not run.
    Nothing,
    /// They run, and nobody asks them, or they do not answer.
    Idling,
    /// It is in rotation and answers its part of the requests.
    Answering,
}

/// A Pod, as metrics and the autoscaler see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looks {
    pub doing: Doing,
    pub in_rotation: bool,
    /// Its Node's kubelet can be scraped.
    pub is_reached: bool,
    /// The API says that it is Ready.
    pub is_ready: bool,
    /// It is being deleted.
    pub is_deleted: bool,
    /// A kubelet has accepted it.
    pub is_accepted: bool,
}

/// What is remembered of a Pod.
#[derive(Debug, Clone)]
pub(crate) struct PodLoad {
    pub looks: Looks,
    doing: Spells<Doing>,
    /// When its containers began to run, and its Node to answer scrapes; `None` if that was before the replication began.
    runs_since: Option<SimTime>,
    reached_since: Option<SimTime>,
    /// Since when no scrape finds it.
    lost: Option<SimTime>,
    /// When the Ready condition changed last, in whole seconds.
    pub transition: SimTime,
    /// When its kubelet accepted it, and before that, when it was created; `None` if that was before the replication began.
    pub accepted: Option<SimTime>,
}

/// Requests a second of the last minute, each from an instant on.
#[derive(Debug, Clone)]
pub(super) struct Rates(SmallVec<[(SimTime, f64); 8]>);

impl Rates {
    /// At an instant, and until when.
    fn at(&self, at: SimTime) -> (f64, SimTime) {
        let next = self.0.iter().position(|(since, _)| *since > at).unwrap_or(self.0.len());
        let until = self.0.get(next).map_or(SimTime::NEVER, |(since, _)| *since);
        (self.0[next.saturating_sub(1)].1, until)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|(_, rate)| *rate)
    }
}

/// A span of which a sample is the mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    from: SimTime,
    to: SimTime,
}

impl Window {
    /// Whether it lies wholly after the readiness has changed (H10).
    pub fn is_after(self, transition: SimTime) -> bool {
        self.to >= transition + self.to.since(self.from)
    }
}

impl PodLoad {
    /// A Pod, just created.
    pub fn new(now: SimTime, looks: Looks) -> Self {
        Self {
            looks,
            doing: smallvec![(now, looks.doing)],
            runs_since: Some(now),
            reached_since: Some(now),
            lost: Some(now),
            transition: now.floor_to_second(),
            accepted: Some(now),
        }
    }

    /// A Pod that has run for long.
    pub fn long_running(looks: Looks) -> Self {
        let of_now = Self::new(SimTime::ZERO, looks);
        Self { runs_since: None, reached_since: None, lost: None, accepted: None, ..of_now }
    }

    /// The Pod looks like this from now on.
    pub fn look(&mut self, now: SimTime, looks: Looks) {
        let before = std::mem::replace(&mut self.looks, looks);
        if before.is_ready != looks.is_ready {
            self.transition = now.floor_to_second();
        }
        if looks.is_accepted && !before.is_accepted {
            self.accepted = Some(now);
        }
        let runs = |looks: Looks| looks.doing != Doing::Nothing;
        if runs(looks) && !runs(before) {
            self.runs_since = Some(now);
        }
        if looks.is_reached && !before.is_reached {
            self.reached_since = Some(now);
        }
        let is_found = |looks: Looks| runs(looks) && looks.is_reached;
        match (is_found(before), is_found(looks)) {
            (false, true) => self.lost = None,
            (true, false) => self.lost = Some(now),
            _ => {}
        }
        if before.doing != looks.doing {
            note(&mut self.doing, now, looks.doing);
        }
    }
}

impl Load {
    pub fn new(requests: Requests, streams: Streams) -> Self {
        let chance = streams.stream(Owner::Deployment, Purpose::Metrics);
        let phase = streams.stream(Owner::Replication, Purpose::Metrics).uniform(0);
        Self {
            requests,
            chance,
            scrapes: crate::cluster::dice::phase(phase, SCRAPE),
            in_rotation: smallvec![(SimTime::ZERO, 0)],
        }
    }

    /// Where the autoscaler's passes stand in their period.
    pub fn phase(&self) -> f64 {
        self.chance.uniform(0)
    }

    /// A number in [0, 1) for the `born`-th Pod at an instant, whatever else is drawn.
    fn chance(&self, born: u64, at: SimTime, which: u64) -> f64 {
        let mixed = at.as_nanos() ^ born.rotate_left(40);
        self.chance.uniform((mixed ^ which << 56).wrapping_add(1))
    }

    /// One more or one less of its Pods is in rotation.
    pub fn rotation_changed(&mut self, now: SimTime, joins: bool) {
        let (_, count) = *self.in_rotation.last().expect("there is always one");
        note(&mut self.in_rotation, now, if joins { count + 1 } else { count - 1 });
    }

    /// The window of the sample that there is of the `born`-th Pod, if there is one: between the last two readings that were scraped.
    pub fn window(&self, pod: &PodLoad, born: u64, now: SimTime) -> Option<Window> {
        let mut scrape = self.last_scrape(now);
        if let Some(lost) = pod.lost {
            // The last batch holds until the scrape that does not find it, or has waited for its Node in vain.
            let timeout = if pod.looks.is_reached { Duration::ZERO } else { SCRAPE_TIMEOUT };
            if now >= self.scrapes.after(lost) + timeout {
                return None;
            }
            scrape = self.last_scrape(lost);
        }
        let started = pod.runs_since.filter(|since| now.saturating_since(*since) < OLD);
        let readings = match started {
            Some(since) => self.readings_since(since, born, scrape),
            None => self.readings_of_old(born, now, scrape),
        };
        let latest = |scrape: SimTime| readings.iter().copied().rev().find(|reading| *reading <= scrape);
        let to = latest(scrape)?;
        // A Node that has not answered has told nothing.
        let answered = |scrape: &SimTime| pod.reached_since.is_none_or(|since| *scrape >= since);
        let seen = (0..=3).map(|back| scrape.earlier_by(SCRAPE * back)).take_while(answered);
        let before = seen.filter_map(latest).find(|reading| *reading < to);
        let just_started = started.filter(|since| {
            let age = scrape.saturating_since(*since);
            JUST_STARTED.0 <= age && age < JUST_STARTED.1 && *since < to
        });
        before.or(just_started).map(|from| Window { from, to })
    }

    fn last_scrape(&self, now: SimTime) -> SimTime {
        self.scrapes.after(now).earlier_by(SCRAPE)
    }

    /// The readings of a container up to a scrape, from its start on, which is the first of them.
    fn readings_since(&self, started: SimTime, born: u64, scrape: SimTime) -> SmallVec<[SimTime; 24]> {
        let mut readings = SmallVec::new();
        let mut next = started;
        let mut number = 0;
        while next <= scrape {
            readings.push(next);
            next += seconds(between(READING, self.chance(born, started, number)));
            number += 1;
        }
        readings
    }

    /// The last readings before a scrape of a container that has been read for long.
    fn readings_of_old(&self, born: u64, now: SimTime, scrape: SimTime) -> SmallVec<[SimTime; 24]> {
        let last = scrape.earlier_by(seconds(age_of_reading(self.chance(born, now, 0))));
        let before = |of: SimTime, which| of.earlier_by(seconds(between(READING, self.chance(born, now, which))));
        let second = before(last, 1);
        let third = before(second, 2);
        smallvec![before(third, 3), third, second, last]
    }

    /// The window of a sample that hangs on no Pod.
    fn window_of_total(&self, now: SimTime) -> Window {
        let readings = self.readings_of_old(u64::MAX, now, self.last_scrape(now));
        Window { from: readings[readings.len() - 2], to: readings[readings.len() - 1] }
    }

    /// Thousandths of a CPU that the Pod used on average.
    pub fn cpu(&self, rates: &Rates, pod: &PodLoad, window: Window, usage: &CpuUsage) -> u64 {
        let used = Self::mean(rates, window, |at| {
            let (doing, until) = spell(&pod.doing, at);
            let (count, recount) = spell(&self.in_rotation, at);
            let each = part(count);
            let usage = move |rate: f64| match doing {
                Doing::Nothing => 0.0,
                Doing::Idling => usage.idle,
                Doing::Answering => usage.at(rate * each),
            };
            (usage, until.min(recount))
        });
        used.round() as u64
    }

    /// Thousandths of a request a second that the Pod was asked on average.
    pub fn asked(&self, rates: &Rates, pod: &PodLoad, window: Window) -> u64 {
        let asked = Self::mean(rates, window, |at| {
            let (doing, until) = spell(&pod.doing, at);
            let (count, recount) = spell(&self.in_rotation, at);
            let share = if doing == Doing::Answering { part(count) } else { 0.0 };
            (move |rate: f64| rate * share, until.min(recount))
        });
        (asked * 1_000.0).round() as u64
    }

    /// Thousandths of a request a second that came in all, as a metric says that knows of no Pod.
    pub fn total(&self, rates: &Rates, now: SimTime) -> u64 {
        let total = Self::mean(rates, self.window_of_total(now), |_| (|rate: f64| rate, SimTime::NEVER));
        (total * 1_000.0).round() as u64
    }

    /// The mean of what is so at each instant, given the rate; and until when that holds.
    fn mean<F: Fn(f64) -> f64>(
        rates: &Rates,
        Window { from, to }: Window,
        of: impl Fn(SimTime) -> (F, SimTime),
    ) -> f64 {
        let mut at = from;
        let (mut sum, mut least, mut most) = (0.0, f64::INFINITY, 0.0_f64);
        loop {
            let (value, until) = of(at);
            let (rate, changes) = rates.at(at);
            let (value, next) = (value(rate), until.min(changes).min(to));
            (least, most) = (least.min(value), most.max(value));
            sum += value * next.since(at).as_secs_f64();
            at = next;
            if at >= to {
                // Whatever is rounded: what was so all the time is the mean.
                return if from < to { (sum / to.since(from).as_secs_f64()).clamp(least, most) } else { value };
            }
        }
    }

    /// The rates that any sample of now may have seen.
    pub fn rates(&self, now: SimTime) -> Rates {
        let mut rates = Rates(SmallVec::new());
        let mut at = now.earlier_by(SETTLES);
        while at <= now {
            let (rate, until) = self.rate(at);
            rates.0.push((at, rate));
            at = until;
        }
        rates
    }

    /// Requests a second at an instant, and until when as many come.
    pub fn rate(&self, at: SimTime) -> (f64, SimTime) {
        self.requests.rate(at)
    }

    /// From an instant on, before another one, the first at which fewer or more come in a second than these.
    pub fn first_outside(&self, from: SimTime, to: SimTime, bounds: (f64, f64)) -> Option<SimTime> {
        self.requests.first_outside(from, to, bounds)
    }

    /// How many are in rotation.
    pub fn pods_in_rotation(&self) -> u32 {
        self.in_rotation.last().expect("there is always one").1
    }
}

/// How old the last reading is at any moment, for a number that is even in [0, 1): intervals of 10 to 20 s, of which a moment falls into a
/// longer one more often.
fn age_of_reading(even: f64) -> f64 {
    if even < 2.0 / 3.0 { 15.0 * even } else { 20.0 - (100.0 - 300.0 * (even - 2.0 / 3.0)).max(0.0).sqrt() }
}

fn between((least, most): (f64, f64), even: f64) -> f64 {
    least + (most - least) * even
}

fn seconds(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

/// The part of the requests that each of so many Pods in rotation is sent.
pub(super) fn part(in_rotation: u32) -> f64 {
    1.0 / f64::from(in_rotation.max(1))
}

/// Something else is so from now on. What is older than any window of a sample is forgotten.
fn note<T: PartialEq + Copy>(spells: &mut Spells<T>, now: SimTime, what: T) {
    let is_over = |next: SimTime| now.saturating_since(next) > SETTLES;
    let over = spells.windows(2).take_while(|pair| is_over(pair[1].0)).count();
    spells.drain(..over);
    match spells.last_mut() {
        // What lasts no time leaves no trace.
        Some(last) if last.0 == now => last.1 = what,
        Some(last) if last.1 == what => {}
        _ => spells.push((now, what)),
    }
}

/// What was so at an instant, and until when.
fn spell<T: Copy>(spells: &Spells<T>, at: SimTime) -> (T, SimTime) {
    let next = spells.iter().position(|(since, _)| *since > at).unwrap_or(spells.len());
    let until = spells.get(next).map_or(SimTime::NEVER, |(since, _)| *since);
    (spells[next.saturating_sub(1)].1, until)
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
