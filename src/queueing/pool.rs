//! Several stations that get equal parts of one stream, and the tries of their clients.
//!
//! While they are at rest each is M/M/c at the rate of all tries. Beyond that the mean number n in a station follows
//! dn/dt = a − C·G(n): what comes less what is done, at the utilisation G(n) of a station at rest with that number (pointwise
//! stationary fluid flow). Of n only the part s is as scattered as at rest: it grows like the others, but never by more than the
//! capacity, so like the root of the time in overload. The rest is a backlog that is worked off in (n − s) / C seconds for sure. At
//! rest both are the same number; far above capacity nearly all is backlog.
//!
//! A station that is asked no more works on what waits in it, and may be asked again before that is done.
//!
//! Whether an overload stays when its cause is gone hangs on the backlog, and on how many tries there are then: a state, not a choice.

use super::clients::Clients;
use super::station::{Rest, Station};
use super::utilisations::Utilisations;

/// A station that is at rest within so many seconds is so at once.
const AT_ONCE: f64 = 10.0;
/// A backlog that is worked off in so many seconds is none.
const NO_BACKLOG: f64 = 1.0;
/// In one step a number changes by so much of itself, and a wait by so much of the timeout.
const STEP: f64 = 0.15;
const STEP_OF_WAIT: f64 = 0.04;
/// A queue that is shorter than this part of what is let in is not full, whatever comes.
const MAY_BE_FULL: f64 = 0.4;
/// No step is longer, in seconds: what is sent again hangs on the queues, and these on it.
const LONGEST_STEP: f64 = 30.0;
/// What it comes to is remembered, by so many bits of what it hangs on: enough for the minutes of a week.
const REMEMBERED: u32 = 14;

/// The stations that are asked, and those that were and have work left.
#[derive(Debug, Clone)]
pub struct Pool {
    station: Station,
    clients: Clients,
    /// By their keys, in order.
    members: Vec<Member>,
    /// Some station is not at rest, or does not come to rest at the rate of the present step.
    is_excited: bool,
    /// How long the step under way lasts at most, in seconds.
    seconds: f64,
    /// How often a request was sent lately.
    sent: f64,
    utilisations: Option<Utilisations>,
    /// Requests a second to one station of which all are answered in time.
    quiet: Option<f64>,
    /// None before the first is asked for.
    remembered: Vec<Option<Remembered>>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
struct Member {
    key: usize,
    /// It gets its part of what comes.
    is_asked: bool,
    /// Share of those who ask it that would get a good answer if it came in time. One that answers nobody does not work.
    answers: f64,
    queue: Queue,
    /// At the end of the step under way.
    next: Queue,
}

/// What is in one station.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Queue {
    /// How many requests.
    number: f64,
    /// Of these, so many as scattered as at rest.
    spread: f64,
}

/// How it goes on as long as nothing changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// Seconds for which it holds; infinite at rest.
    pub seconds: f64,
    /// Share of the requests that succeed.
    pub succeed: f64,
    /// Of the tries that fail in stations that answer, the share that waited too long; the others were refused.
    pub late: f64,
    /// More tries come than can be worked on, or those that came before wait still.
    pub is_overloaded: bool,
}

/// What becomes of somebody who asks one station: probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fails {
    /// To be refused at once.
    pub refused: f64,
    /// To be let in, and to get no answer in time.
    pub late: f64,
}

/// What comes, to how many stations that answer which share; and the rest to which that comes.
type Remembered = ([u64; 3], Option<(Moment, Rest)>);

/// What the tries of a moment meet.
#[derive(Debug, Clone, Copy)]
struct Moment {
    succeed: f64,
    late: f64,
    sent: f64,
}

impl Pool {
    /// Without any station.
    pub fn new(station: Station, clients: Clients) -> Self {
        Self {
            station,
            clients,
            members: Vec::new(),
            is_excited: false,
            seconds: f64::INFINITY,
            sent: 1.0,
            utilisations: None,
            quiet: None,
            remembered: Vec::new(),
        }
    }

    /// The station with this key answers so large a share of what it is asked from now on; `None`: it is not asked. One that answers
    /// nobody has no queue.
    pub fn set(&mut self, key: usize, answers: Option<f64>) {
        match (self.place(key), answers) {
            (Ok(place), None) => {
                self.members.remove(place);
            }
            (Ok(place), Some(answers)) => {
                let member = &mut self.members[place];
                (member.is_asked, member.answers) = (true, answers);
                if answers <= 0.0 {
                    member.queue = Queue::default();
                }
            }
            (Err(_), None) => {}
            (Err(place), Some(answers)) => {
                let empty = Queue::default();
                self.members.insert(place, Member { key, is_asked: true, answers, queue: empty, next: empty });
            }
        }
    }

    /// The station with this key is asked no more from now on, and works on what waits in it.
    pub fn withdraw(&mut self, key: usize) {
        if let Ok(place) = self.place(key) {
            self.members[place].is_asked = false;
            self.members.retain(|member| member.is_asked || member.answers > 0.0);
        }
    }

    /// How many stations are asked.
    pub fn stations(&self) -> usize {
        self.asked().0
    }

    /// Which share of what it is asked this station answers; `None`: it is not asked.
    pub fn answers(&self, key: usize) -> Option<f64> {
        self.place(key)
            .ok()
            .map(|place| self.members[place])
            .filter(|member| member.is_asked)
            .map(|member| member.answers)
    }

    /// Where the station with this key is, or would be.
    fn place(&self, key: usize) -> Result<usize, usize> {
        self.members.binary_search_by_key(&key, |member| member.key)
    }

    /// How many stations are asked, and what shares they answer in all.
    pub fn asked(&self) -> (usize, f64) {
        let asked = self.members.iter().filter(|member| member.is_asked);
        asked.fold((0, 0.0), |(count, sum), member| (count + 1, sum + member.answers))
    }

    /// Requests a second that all together can take that are asked.
    pub fn capacity(&self) -> f64 {
        self.station.capacity * self.stations() as f64
    }

    /// The keys of those that are asked, and of those that have work left.
    pub fn keys(&self) -> impl Iterator<Item = usize> {
        self.members.iter().map(|member| member.key)
    }

    /// The most requests a second of which all are answered in time, as far as a share so small is told apart from none: with so many
    /// stations that answer everybody, at rest.
    pub fn quiet_rate(&mut self, unseen: f64) -> f64 {
        if self.is_excited || self.members.iter().any(|member| member.is_asked && member.answers < 1.0) {
            return f64::NEG_INFINITY;
        }
        let (station, timeout) = (self.station, self.clients.timeout);
        let of_one = *self.quiet.get_or_insert_with(|| {
            let is_quiet = |comes: f64| station.rest(comes, timeout).is_some_and(|rest| rest.fails() < unseen);
            let halve = |(low, high): (f64, f64), _| {
                let middle = f64::midpoint(low, high);
                if is_quiet(middle) { (middle, high) } else { (low, middle) }
            };
            (0..40).fold((0.0, station.capacity), halve).0
        });
        // Even the work alone takes too long now and then.
        if of_one < 1e-9 * station.capacity { f64::NEG_INFINITY } else { of_one * self.stations() as f64 }
    }

    /// At so many requests a second it comes to rest, soon, if nothing waits.
    pub fn would_rest(&mut self, rate: f64) -> bool {
        self.rest_at(rate).is_some()
    }

    /// All queues are empty from now on.
    pub fn empty(&mut self) {
        for member in &mut self.members {
            (member.queue, member.next) = (Queue::default(), Queue::default());
        }
        self.is_excited = false;
        self.sent = 1.0;
    }

    /// Whether some station is not at rest.
    pub fn is_excited(&self) -> bool {
        self.is_excited
    }

    /// What happens from now on with so many requests a second.
    pub fn look(&mut self, rate: f64) -> Outlook {
        let capacity = self.station.capacity;
        self.members.retain(|member| member.is_asked || member.queue.number > capacity * NO_BACKLOG);
        let count = self.stations() as f64;
        let has_work_left = self.members.iter().any(|member| !member.is_asked);
        let nobody_answers = !self.members.iter().any(Member::is_open);
        if nobody_answers && !has_work_left {
            self.is_excited = false;
            self.seconds = f64::INFINITY;
            return Outlook { seconds: f64::INFINITY, succeed: 0.0, late: 0.0, is_overloaded: false };
        }
        if !nobody_answers
            && !has_work_left
            && let Some((moment, rest)) = self.rest_at(rate)
        {
            let comes = rate * moment.sent / count;
            let drains = (capacity - comes).max(0.0) * NO_BACKLOG;
            let answering = |member: &&Member| member.answers > 0.0;
            let has_no_backlog = |member: &Member| member.queue.number <= rest.number + drains;
            if self.is_never_long() || self.members.iter().filter(answering).all(has_no_backlog) {
                let queue = Queue { number: rest.number, spread: rest.number };
                for member in self.members.iter_mut().filter(|member| member.answers > 0.0) {
                    (member.queue, member.next) = (queue, queue);
                }
                self.is_excited = false;
                self.seconds = f64::INFINITY;
                let Moment { succeed, late, sent } = moment;
                self.sent = sent;
                let is_overloaded = comes > capacity;
                return Outlook { seconds: f64::INFINITY, succeed, late, is_overloaded };
            }
        }
        self.is_excited = true;
        self.step(rate)
    }

    /// So many seconds of the step under way have passed, no more than it lasts.
    pub fn pass(&mut self, seconds: f64) {
        if self.is_excited {
            let part = (seconds / self.seconds).clamp(0.0, 1.0);
            for member in &mut self.members {
                member.queue = if part >= 1.0 { member.next } else { member.queue.towards(member.next, part) };
            }
        }
    }

    /// The rest to which it comes from below, where it comes to one soon: the lower one of several.
    fn rest_at(&mut self, rate: f64) -> Option<(Moment, Rest)> {
        let (count, answers) = self.asked();
        let count = count as f64;
        let answers = answers / count;
        let key = [rate, count, answers].map(f64::to_bits);
        let mixed = key.into_iter().fold(0_u64, |mixed, bits| (mixed ^ bits).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let place = (mixed >> (u64::BITS - REMEMBERED)) as usize;
        if self.remembered.is_empty() {
            self.remembered.resize(1 << REMEMBERED, None);
        }
        if let Some((_, rest)) = self.remembered[place].filter(|(known, _)| *known == key) {
            return rest;
        }
        let rest = self.find_rest(rate / count, answers);
        self.remembered[place] = Some((key, rest));
        rest
    }

    /// The same, of so many requests a second for each station, which answer this share.
    fn find_rest(&self, rate: f64, answers: f64) -> Option<(Moment, Rest)> {
        let mut sent = self.clients.sent(answers);
        for _ in 0..500 {
            let rest = self.station_at(rate * sent)?;
            let succeeds = answers * (1.0 - rest.fails());
            let more = self.clients.sent(succeeds);
            if more - sent < 1e-12 * sent {
                let late = if rest.fails() > 0.0 { rest.late / rest.fails() } else { 0.0 };
                return Some((Moment { succeed: self.clients.succeed(succeeds), late, sent }, rest));
            }
            sent = more;
        }
        None
    }

    /// A station at rest, if it comes to rest at once.
    fn station_at(&self, comes: f64) -> Option<Rest> {
        let utilisation = comes / self.station.capacity;
        let comes_to_rest =
            self.is_never_long() || utilisation < 1.0 && self.station.comes_to_rest_in(utilisation) < AT_ONCE;
        comes_to_rest.then(|| self.station.rest(comes, self.clients.timeout)).flatten()
    }

    /// So few can wait that those who do are answered in time, mostly, and that what comes is soon forgotten.
    fn is_never_long(&self) -> bool {
        let Station { workers, capacity, places } = self.station;
        let Some(places) = places else { return false };
        let longest = (f64::from(places) + 2.0 * f64::from(workers)) / capacity;
        longest <= AT_ONCE && self.clients.timeout.is_none_or(|timeout| longest <= timeout)
    }

    /// The next step of stations that are not at rest.
    fn step(&mut self, rate: f64) -> Outlook {
        if self.utilisations.is_none() {
            self.utilisations = Some(Utilisations::of(&self.station));
        }
        let queues: Vec<Queue> = self.members.iter().map(|member| member.queue).collect();
        let (_, first) = self.flows(rate, &queues);
        let seconds = self.longest_step(&first);
        // The middle of the step, and with what flows there all of it.
        let halfway = self.after(seconds / 2.0, &first);
        let (moment, middle) = self.flows(rate, &halfway);
        let ends = self.after(seconds, &middle);
        for (member, next) in self.members.iter_mut().zip(ends) {
            member.next = next;
        }
        self.seconds = seconds;
        let Moment { succeed, late, sent } = moment;
        self.sent = sent;
        let capacity = self.station.capacity;
        let waits =
            |member: &Member| member.is_asked && member.queue.number - member.queue.spread > capacity * NO_BACKLOG;
        let takes = self.capacity();
        let is_overloaded = takes > 0.0 && (rate * sent > takes || self.members.iter().any(waits));
        Outlook { seconds, succeed, late, is_overloaded }
    }

    /// What tries meet where the queues are like this, and how these change.
    fn flows(&self, rate: f64, queues: &[Queue]) -> (Moment, Vec<Flow>) {
        let count = (self.stations() as f64).max(1.0);
        let mut flows: Vec<Flow> = Vec::with_capacity(self.members.len());
        // Most are as full as the one before them.
        let mut known: Option<Flow> = None;
        for (member, &queue) in self.members.iter().zip(queues) {
            if member.answers <= 0.0 {
                flows.push(Flow::default());
                continue;
            }
            let flow = known.filter(|flow| flow.queue == queue).unwrap_or_else(|| self.flow(queue));
            known = Some(flow);
            flows.push(flow);
        }
        // What is refused hangs on how much comes, and the other way round, where a queue is long enough to be full.
        let places = self.station.places.filter(|places| {
            let most = f64::from(self.station.workers) + f64::from(*places);
            queues.iter().any(|queue| queue.number >= MAY_BE_FULL * most)
        });
        let mut sent = self.sent;
        let mut moment = Moment { succeed: 0.0, late: 0.0, sent };
        for _ in 0..100 {
            let comes = rate * sent / count;
            let rest = places.and_then(|_| self.station.rest(comes, self.clients.timeout));
            let (mut good, mut refused, mut late) = (0.0, 0.0, 0.0);
            for (member, flow) in self.members.iter().zip(&mut flows).filter(|(member, _)| member.is_open()) {
                flow.full = rest.filter(|rest| self.is_full(flow.queue, *rest, comes));
                let (is_refused, is_late) = flow.full.map_or((0.0, flow.late), |rest| (rest.refused, rest.late));
                good += member.answers * (1.0 - is_refused - is_late);
                refused += is_refused;
                late += is_late;
            }
            let succeeds = good / count;
            let busy = refused + late;
            let late = if busy > 0.0 { late / busy } else { 0.0 };
            moment = Moment { succeed: self.clients.succeed(succeeds), late, sent: self.clients.sent(succeeds) };
            let is_settled = (moment.sent - sent).abs() < 1e-9;
            sent = moment.sent;
            if is_settled || rest.is_none() {
                break;
            }
        }
        for (member, flow) in self.members.iter().zip(&mut flows) {
            flow.comes = if member.is_open() { rate * moment.sent / count } else { 0.0 };
        }
        (moment, flows)
    }

    /// Of few places as many are taken as will be: more, or hardly fewer, than at rest at what comes.
    fn is_full(&self, queue: Queue, rest: Rest, comes: f64) -> bool {
        queue.number >= 0.98 * rest.number && (comes > self.station.capacity || queue.number <= 1.02 * rest.number)
    }

    fn flow(&self, queue: Queue) -> Flow {
        let table = self.utilisations.as_ref().expect("made before the first step");
        let of_spread = table.at(queue.spread);
        // How seldom a station is idle: as often as one at rest with that number, where all is as scattered as at rest. What is less
        // scattered is k times as narrow, and hardly ever at its end.
        let narrow = (queue.number / queue.spread.max(1e-9)).powi(2).clamp(1.0, 1e6);
        let (utilisation, slope) = table.at(queue.number / narrow);
        let idle = (1.0 - utilisation).powf(narrow);
        let of_number = (1.0 - idle, slope * idle / (1.0 - utilisation));
        let late = self.clients.timeout.map_or(0.0, |timeout| self.late(queue, of_spread.0, timeout));
        Flow { queue, late, full: None, comes: 0.0, of_number, of_spread }
    }

    /// Share of those who come to so long a queue, with this utilisation at its scattered part, that are not answered within a timeout.
    fn late(&self, queue: Queue, of_spread: f64, timeout: f64) -> f64 {
        let backlog = (queue.number - queue.spread).max(0.0) / self.station.capacity;
        self.station.takes_more_than(timeout - backlog, of_spread.min(1.0 - 1e-9))
    }

    /// Of those who ask this station so many seconds into the step under way, at such a rate of requests, and wait for `timeout` seconds,
    /// the shares that are refused and that get no answer in time.
    pub fn fails(&mut self, key: usize, into: f64, rate: f64, timeout: f64) -> Fails {
        let idle = Fails { refused: 0.0, late: self.station.takes_more_than(timeout, 0.0) };
        let Ok(member) = self.place(key).map(|place| self.members[place]) else { return idle };
        let count = (self.stations() as f64).max(1.0);
        if !self.is_excited {
            if !member.is_open() {
                return idle;
            }
            let rest =
                self.rest_at(rate).and_then(|(moment, _)| self.station.rest(rate * moment.sent / count, Some(timeout)));
            return rest.map_or(Fails { refused: 0.0, late: 1.0 }, Fails::from);
        }
        let queue = member.queue.towards(member.next, (into / self.seconds).clamp(0.0, 1.0));
        let comes = rate * self.sent / count;
        let rest =
            self.station.places.filter(|_| member.is_open()).and_then(|_| self.station.rest(comes, Some(timeout)));
        if let Some(rest) = rest.filter(|rest| self.is_full(queue, *rest, comes)) {
            return Fails::from(rest);
        }
        let of_spread = self.utilisations.as_ref().map_or(0.0, |table| table.at(queue.spread).0);
        Fails { refused: 0.0, late: self.late(queue, of_spread, timeout) }
    }

    /// The same of all that are asked, at rest, if they come to rest at such a rate and answer everybody.
    pub fn fails_at_rest(&mut self, rate: f64, timeout: f64) -> Option<Fails> {
        let count = self.stations() as f64;
        if count < 1.0 {
            return Some(Fails { refused: 0.0, late: self.station.takes_more_than(timeout, 0.0) });
        }
        let comes = rate * self.rest_at(rate)?.0.sent / count;
        self.station.rest(comes, Some(timeout)).map(Fails::from)
    }

    /// For how long things change little.
    fn longest_step(&self, flows: &[Flow]) -> f64 {
        let capacity = self.station.capacity;
        let workers = f64::from(self.station.workers);
        let mut longest = f64::INFINITY;
        let moves = |(member, flow): &(&Member, &Flow)| member.answers > 0.0 && flow.full.is_none();
        for (member, flow) in self.members.iter().zip(flows).filter(moves) {
            let Queue { number, .. } = member.queue;
            let speed = (flow.comes - capacity * flow.of_number.0).abs();
            let mut change = STEP * (number + workers);
            if let Some(timeout) = self.clients.timeout
                && number / capacity < timeout * 1.5
            {
                change = change.min((STEP_OF_WAIT * timeout * capacity).max(0.5));
            }
            // What tends to its rest comes no closer than that in one step.
            let slows = capacity * flow.of_number.1 * change;
            if speed > slows {
                let part = slows / speed;
                let times = if part < 1e-6 { 1.0 } else { -(-part).ln_1p() / part };
                longest = f64::min(longest, change / speed * times);
            }
        }
        // At rest, or nearly: as long as nothing changes.
        longest.clamp(1e-3 / capacity, LONGEST_STEP)
    }

    /// Where they are so many seconds later.
    fn after(&self, seconds: f64, flows: &[Flow]) -> Vec<Queue> {
        let capacity = self.station.capacity;
        let member = |(member, flow): (&Member, &Flow)| {
            if member.answers <= 0.0 {
                return Queue::default();
            }
            let Queue { number, spread } = member.queue;
            if let Some(rest) = flow.full {
                // Where more comes than is worked on, as many are missing from the last place as there usually are at the first.
                let places = self.station.places.map_or(f64::INFINITY, f64::from);
                let missing = f64::from(self.station.workers) + places - rest.number;
                let spread = if flow.comes > capacity { missing.min(rest.number) } else { rest.number };
                return Queue { number: rest.number, spread };
            }
            let more = |comes: f64, of: (f64, f64)| relax(comes - capacity * of.0, capacity * of.1, seconds);
            let number = (number + more(flow.comes, flow.of_number)).max(0.0);
            let spread = (spread + more(flow.comes.min(capacity), flow.of_spread)).clamp(0.0, number);
            Queue { number, spread }
        };
        self.members.iter().zip(flows).map(member).collect()
    }
}

impl Member {
    /// It gets its part of what comes, and works on it.
    fn is_open(&self) -> bool {
        self.is_asked && self.answers > 0.0
    }
}

impl From<Rest> for Fails {
    fn from(Rest { refused, late, .. }: Rest) -> Self {
        Self { refused, late }
    }
}

/// How the queue of a station changes.
#[derive(Debug, Clone, Copy, Default)]
struct Flow {
    queue: Queue,
    /// Share of what comes that is answered too late.
    late: f64,
    /// As many wait as will: then it is at rest, whatever comes.
    full: Option<Rest>,
    /// Requests a second.
    comes: f64,
    /// Utilisation at such a number, and how it grows with it.
    of_number: (f64, f64),
    of_spread: (f64, f64),
}

impl Queue {
    fn towards(self, other: Self, part: f64) -> Self {
        let between = |from: f64, to: f64| from + (to - from) * part;
        Self { number: between(self.number, other.number), spread: between(self.spread, other.spread) }
    }
}

/// What changes in so many seconds at a speed that falls like this with every unit of change.
fn relax(speed: f64, falls: f64, seconds: f64) -> f64 {
    let exponent = falls * seconds;
    if exponent < 1e-9 { speed * seconds } else { speed * -(-exponent).exp_m1() / falls }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn station() -> impl Strategy<Value = Station> {
        let places = prop_oneof![Just(None), (0_u32..3_000).prop_map(Some)];
        (1_u32..200, -3.0..6.0_f64, places).prop_map(|(workers, exponent, places)| Station {
            workers,
            capacity: 10.0_f64.powf(exponent),
            places,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Property: whatever comes and goes, shares are shares, time passes, and no overload takes steps without end.
        #[test]
        fn nothing_runs_away(
            station in station(), timeout in prop::option::of(-3.0..3.5_f64), tries in 1_u32..12,
            retry_budget in prop::option::of(0.0..3.0_f64),
            changes in prop::collection::vec((0_usize..4, prop::option::of(prop_oneof![Just(0.0), Just(0.3), Just(1.0)]), -3.0..1.0_f64), 1..12),
        ) {
            // As the reader refuses more: so many are not answered within a timeout where there is a limit.
            let timeout = timeout.map(|exponent| 10.0_f64.powf(exponent));
            let timeout = timeout.filter(|timeout| station.places.is_none() || timeout * station.capacity <= 3_000.0);
            prop_assume!(timeout.is_some() || station.places.is_some());
            let mut pool = Pool::new(station, Clients { timeout, tries, retry_budget });
            pool.set(9, Some(1.0));
            for (key, answers, load) in changes {
                pool.set(key, answers);
                let rate = 10.0_f64.powf(load) * 4.0 * station.capacity;
                let (mut seconds, mut steps) = (600.0, 0);
                while seconds > 0.0 {
                    let outlook = pool.look(rate);
                    prop_assert!(outlook.seconds > 0.0, "{outlook:?}");
                    for share in [outlook.succeed, outlook.late] {
                        prop_assert!((0.0..=1.0).contains(&share), "{outlook:?}");
                    }
                    let queues = pool.members.iter().map(|member| member.next);
                    let is_finite = |queue: Queue| queue.number.is_finite() && queue.spread <= queue.number + 1e-9;
                    prop_assert!(queues.into_iter().all(is_finite), "{:?}", pool.members);
                    pool.pass(outlook.seconds.min(seconds));
                    seconds -= outlook.seconds;
                    steps += 1;
                    prop_assert!(steps < 5_000, "{outlook:?} {:?}", pool.members);
                }
            }
        }
    }
}
