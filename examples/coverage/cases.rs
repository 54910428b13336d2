//! Systems whose exact answers are known, played through the whole way from a replication to its printed intervals.
//!
//! A system is a number of units, each alternating between up and down by laws of its own; it is a service of which
//! `min_serving` units must be up. Every replication begins in the stationary state, drawn exactly, so that
//! nothing is biased at its beginning.

use std::sync::atomic::AtomicBool;

use hasim::cluster::{Cause, CauseSet, EndpointView, Observed, Observer as _, Phase, SlotView, Spell};
use hasim::experiment::{self, Estimate, ExperimentResult, Measures, Options, Outcome};
use hasim::ids::{FaultId, PodId, SlotId};
use hasim::model::{Model, YEAR};
use hasim::random::{Law, Streams};
use hasim::random::{Owner, Purpose};
use hasim::spec::{Objective, Precision, Report, Scenario, Stopping, Study, Without};
use hasim::study::Metric;
use hasim::time::{Duration, SimTime};

use crate::common;

/// Days in seconds.
pub const DAY: f64 = 86_400.0;
const HOUR: f64 = 3_600.0;
/// A year in seconds.
const YEAR_S: f64 = 365.0 * DAY;

/// How long a unit is up and down.
#[derive(Debug, Clone)]
pub struct Unit {
    up: Law,
    down: Law,
}

impl Unit {
    fn new(up: Law, down: Law) -> Self {
        Self { up, down }
    }

    fn exponential(up: f64, down: f64) -> Self {
        Self::new(Law::exponential(up).unwrap(), Law::exponential(down).unwrap())
    }

    /// Times to failure and to repair as they are found in the field: many short ones, a few very long.
    fn of_the_field(up: f64, down_median: f64) -> Self {
        Self::new(Law::weibull_with_mean(0.7, up).unwrap(), Law::lognormal(down_median, 1.2).unwrap())
    }

    fn availability(&self) -> f64 {
        self.up.mean() / (self.up.mean() + self.down.mean())
    }

    /// Failures a year.
    fn failures(&self) -> f64 {
        YEAR_S / (self.up.mean() + self.down.mean())
    }
}

/// One choice of units and of how many must be up.
#[derive(Debug, Clone, Copy)]
pub struct KOfN {
    units: u32,
    min_serving: u32,
}

/// What is known exactly, and where its interval stands in a result.
#[derive(Clone)]
pub struct Truth {
    /// What it is.
    pub quantity: &'static str,
    /// Its exact value.
    pub value: f64,
    /// Its interval.
    pub read: fn(&ExperimentResult) -> (f64, f64),
    /// How the best known exact interval is found, where so few outages are seen that none can be exact.
    pub best: Option<Best>,
}

/// The best known exact interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Best {
    /// Mid-P of a Poisson number of outages, times the value of one.
    MidP(f64),
    /// Gaffke's interval of the mean of bounded values.
    BoundedMean,
}

/// A system, an experiment over it and what is known of both.
#[derive(Clone)]
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// Replications are of one of these kinds, each with the same probability: two make clustered windows.
    kinds: Vec<Unit>,
    scenarios: Vec<KOfN>,
    horizon: f64,
    window: f64,
    slo: Option<f64>,
    stopping: Stopping,
    /// The clocks of failures are told, so that differences have their controls.
    controlled: bool,
    /// What is known.
    pub truths: Vec<Truth>,
}

impl Case {
    fn new(name: &'static str, unit: Unit, scenario: KOfN, replications: u64) -> Self {
        Self {
            name,
            kinds: vec![unit],
            scenarios: vec![scenario],
            horizon: YEAR_S,
            window: 30.0 * DAY,
            slo: None,
            stopping: Stopping::Replications(replications),
            controlled: false,
            truths: vec![],
        }
    }

    fn knows(mut self, quantity: &'static str, value: f64, read: fn(&ExperimentResult) -> (f64, f64)) -> Self {
        self.truths.push(Truth { quantity, value, read, best: None });
        self
    }

    fn compared_with(mut self, best: Best) -> Self {
        self.truths.last_mut().unwrap().best = Some(best);
        self
    }

    fn unit(&self) -> &Unit {
        &self.kinds[0]
    }

    /// The experiment, as a file would state it.
    pub fn study(&self, seed: u64) -> Study {
        let scenario = |(number, scenario): (usize, &KOfN)| Scenario {
            name: format!("s{number}"),
            parameters: serde_json::Map::new(),
            model: Model {
                faults: vec![common::fault("it", common::CRASH, self.unit().up.clone(), None)],
                min_serving: scenario.min_serving,
                horizon: Duration::from_secs_f64(self.horizon),
                window: Duration::from_secs_f64(self.window),
                ..common::bare(scenario.units)
            },
            draws: vec![],
            compared_with: None,
        };
        Study {
            name: "coverage".to_owned(),
            seed,
            confidence: 0.95,
            stopping: self.stopping,
            objective: Objective {
                min_serving: 1,
                metric: Metric::Availability,
                slo: self.slo,
                window: Duration::from_secs_f64(self.window),
            },
            goals: vec![],
            varied: vec![],
            baseline: (self.scenarios.len() > 1).then_some(0),
            scenarios: self.scenarios.iter().enumerate().map(scenario).collect(),
            without: Without::Off,
            sensitivity: vec![],
            notes: vec![],
            findings: Report::default(),
            inputs: serde_json::Value::Null,
        }
    }

    /// Plays the whole experiment once.
    pub fn run(&self, seed: u64) -> ExperimentResult {
        let study = self.study(seed);
        let options = Options { threads: 1, stop: &AtomicBool::new(false), progress: &mut |_| () };
        experiment::run(&study, options, |model, seed, index| self.replicate(model, seed, index)).unwrap()
    }

    /// One replication: units alternate, each from its stationary state.
    pub fn replicate(&self, model: &Model, seed: u64, index: u64) -> Outcome {
        let end = (model.warm_up + model.horizon).as_secs_f64();
        let streams = Streams::new(seed, index);
        let kind = streams.stream(Owner::Deployment, Purpose::Initial).uniform(0);
        let unit = &self.kinds[(kind * self.kinds.len() as f64) as usize];
        let (mut changes, mut spells) = (vec![], vec![]);
        for slot in 0..model.deployment.replicas {
            let rng = &mut streams.stream(Owner::Slot(slot), Purpose::Initial).rng(0);
            let mut is_up = hasim::random::open_unit(rng) < unit.availability();
            let mut now = 0.0;
            let mut left = if is_up { unit.up.sample_residual(rng) } else { unit.down.sample_residual(rng) };
            let mut life = None;
            while now < end {
                let from = SimTime::ZERO + Duration::from_secs_f64(now);
                changes.push((from, slot, is_up));
                now += left;
                if is_up && self.controlled {
                    let to = SimTime::ZERO + Duration::from_secs_f64(now);
                    spells.push(Spell { fault: FaultId::new(0), from, to, life, strikes: true });
                }
                // Only what is met at the beginning may be in the middle of its life.
                life = Some(Duration::ZERO);
                is_up = !is_up;
                left = if is_up { unit.up.sample(rng) } else { unit.down.sample(rng) };
            }
        }
        changes.sort_unstable();
        let mut measures = Measures::new(model);
        for (now, slot, is_up) in changes {
            let (pod, slot) = (PodId::new(slot as usize), SlotId::new(slot as usize));
            let (causes, phase) = (CauseSet::from(Cause::Fault(FaultId::new(0))), Phase::Start);
            let endpoint = is_up.then(|| EndpointView { slot, serves: true, causes: causes.clone(), phase });
            let view = SlotView { serves: is_up, in_rotation: is_up, causes, phase };
            measures.observe(now, &Observed::SlotChanged { slot, view });
            measures.observe(now, &Observed::EndpointChanged { pod, view: endpoint });
        }
        spells.into_iter().for_each(|spell| measures.observe(spell.to, &Observed::ClockRan(spell)));
        let end = measures.end();
        measures.finish(end)
    }
}

fn ends(estimate: &Estimate) -> (f64, f64) {
    (estimate.low, estimate.high)
}

/// Every case, in the order of the table.
pub fn all() -> Vec<Case> {
    vec![
        k_of_n("2 of 3, exponential", 2, 3, 100),
        k_of_n("1 of 2, exponential", 1, 2, 100),
        one("one unit, Weibull up, lognormal down; 600 outages", 50),
        one("the same; 120 outages", 10),
        one_short("the same; 100 outages, one or none in a replication", 1_200),
        windows("one exponential unit, windows of 30 d", &[(10.0 * DAY, 2.0 * HOUR)], 100),
        windows("two kinds of replications, windows of 30 d", &[(5.0 * DAY, HOUR), (40.0 * DAY, 3.0 * HOUR)], 100),
        one_window("one window per replication", 400),
        rare("rare: 1.5 outages of 1 h", Law::fixed(HOUR).unwrap(), true),
        rare("rare: 1.5 outages, exponential lengths", Law::exponential(HOUR).unwrap(), false),
        rare("rare: 1.5 outages, lognormal lengths", Law::lognormal(HOUR, 1.2).unwrap(), false),
        sequential("stopped at ±20 % of the downtime, exponential", Unit::exponential(180.0 * DAY, HOUR), 0.2),
        sequential("stopped at ±10 % of the downtime, exponential", Unit::exponential(180.0 * DAY, HOUR), 0.1),
        sequential("stopped at ±20 % of the downtime, lognormal", Unit::of_the_field(180.0 * DAY, HOUR), 0.2),
        paired("paired: 2 of 3 less 1 of 2", Unit::exponential(30.0 * DAY, 12.0 * HOUR), [(2, 1), (3, 2)], 100),
        paired(
            "paired: 2 of 2 less 1 of 1, Weibull and lognormal",
            Unit::of_the_field(30.0 * DAY, HOUR),
            [(1, 1), (2, 2)],
            20,
        ),
        controlled("2 of 3 less 1 of 2, controlled", Unit::exponential(30.0 * DAY, 12.0 * HOUR), [(2, 1), (3, 2)], 100),
        controlled(
            "2 of 2 less 1 of 1, Weibull and lognormal, controlled",
            Unit::of_the_field(30.0 * DAY, HOUR),
            [(1, 1), (2, 2)],
            20,
        ),
        controlled(
            "2 of 3 less 3 of 3, Weibull and lognormal, controlled",
            Unit::of_the_field(30.0 * DAY, HOUR),
            [(3, 3), (3, 2)],
            40,
        ),
        paired("paired, rare: 3 pairs differ", Unit::exponential(1_000.0 * DAY, 8.0 * HOUR), [(2, 1), (1, 1)], 8),
    ]
}

/// How much of the time at least `k` of `n` are up, and how often that ends.
fn binomial(unit: &Unit, k: u32, n: u32) -> (f64, f64) {
    let a = unit.availability();
    let choose = |n: u32, k: u32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
    let exactly = |up: u32| choose(n, up) * a.powi(up as i32) * (1.0 - a).powi((n - up) as i32);
    let available = (k..=n).map(exactly).sum();
    // It ends where exactly k are up and one of them fails.
    (available, exactly(k) * f64::from(k) * YEAR_S / unit.up.mean())
}

fn k_of_n(name: &'static str, k: u32, n: u32, replications: u64) -> Case {
    let unit = Unit::exponential(30.0 * DAY, 12.0 * HOUR);
    let (availability, outages) = binomial(&unit, k, n);
    Case::new(name, unit, KOfN { units: n, min_serving: k }, replications)
        .knows("availability", availability, |r| ends(&r.scenarios[0].estimates[Metric::Availability]))
        .knows("outages", outages, |r| ends(&r.scenarios[0].estimates[Metric::Outages]))
}

const ALONE: KOfN = KOfN { units: 1, min_serving: 1 };

fn one(name: &'static str, replications: u64) -> Case {
    let case = Case::new(name, Unit::of_the_field(30.0 * DAY, HOUR), ALONE, replications);
    let (availability, failures) = (case.unit().availability(), case.unit().failures());
    case.knows("availability", availability, |r| ends(&r.scenarios[0].estimates[Metric::Availability])).knows(
        "outages",
        failures,
        |r| ends(&r.scenarios[0].estimates[Metric::Outages]),
    )
}

fn one_short(name: &'static str, replications: u64) -> Case {
    Case { horizon: 2.5 * DAY, window: 2.5 * DAY, ..one(name, replications) }
}

/// P(downtime in a window ≤ x) of an exponential unit in its stationary state: with n failures in the window's
/// up-time of length − x, their n repairs (and the one under way at the beginning) must take no longer than x.
fn downtime_cdf(up: f64, down: f64, length: f64, x: f64) -> f64 {
    if x >= length {
        return 1.0;
    }
    let a = up / (up + down);
    let mean = (length - x) / up;
    let (mut poisson, mut erlang_tail_term, mut erlang_tail) = ((-mean).exp(), (-x / down).exp(), 0.0);
    let mut sum = 0.0;
    for n in 0..2_000 {
        // erlang_tail is P(Erlang(n) > x): the sum of Poisson terms below n.
        let with_n = 1.0 - erlang_tail;
        erlang_tail += erlang_tail_term;
        let with_one_more = 1.0 - erlang_tail;
        sum += poisson * (a * with_n + (1.0 - a) * with_one_more);
        erlang_tail_term *= x / down / f64::from(n + 1);
        poisson *= mean / f64::from(n + 1);
    }
    sum
}

fn mixed_quantile(kinds: &[(f64, f64)], length: f64, q: f64) -> f64 {
    let cdf =
        |x: f64| kinds.iter().map(|&(up, down)| downtime_cdf(up, down, length, x)).sum::<f64>() / kinds.len() as f64;
    let (mut low, mut high) = (0.0, length);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if cdf(middle) < q { low = middle } else { high = middle }
    }
    high
}

fn windows(name: &'static str, kinds: &[(f64, f64)], replications: u64) -> Case {
    let slo = 0.995;
    let mut case = Case::new(name, Unit::exponential(kinds[0].0, kinds[0].1), ALONE, replications);
    case.kinds = kinds.iter().map(|&(up, down)| Unit::exponential(up, down)).collect();
    case.slo = Some(slo);
    let average = |of: &dyn Fn(&(f64, f64)) -> f64| kinds.iter().map(of).sum::<f64>() / kinds.len() as f64;
    let length = case.window;
    case.knows("mean in a window", length * average(&|(up, down)| down / (up + down)), |r| {
        ends(&r.scenarios[0].windows.as_ref().unwrap().downtime_s.mean)
    })
    .knows("p50", mixed_quantile(kinds, length, 0.5), |r| {
        let p50 = r.scenarios[0].windows.as_ref().unwrap().downtime_s.p50;
        (p50.low, p50.high)
    })
    .knows("p95", mixed_quantile(kinds, length, 0.95), |r| {
        let p95 = r.scenarios[0].windows.as_ref().unwrap().downtime_s.p95;
        (p95.low, p95.high)
    })
    .knows("p99", mixed_quantile(kinds, length, 0.99), |r| {
        let p99 = r.scenarios[0].windows.as_ref().unwrap().downtime_s.p99;
        (p99.low, p99.high)
    })
    .knows("meets the SLO", average(&|&(up, down)| downtime_cdf(up, down, length, (1.0 - slo) * length)), |r| {
        ends(r.scenarios[0].windows.as_ref().unwrap().meets_slo.as_ref().unwrap())
    })
}

fn one_window(name: &'static str, replications: u64) -> Case {
    let case = windows(name, &[(10.0 * DAY, 2.0 * HOUR)], replications);
    Case { horizon: 30.0 * DAY, ..case }
}

fn rare(name: &'static str, down: Law, equal: bool) -> Case {
    const REPLICATIONS: u64 = 100;
    let up = REPLICATIONS as f64 * YEAR_S / 1.5;
    let case = Case::new(name, Unit::new(Law::exponential(up).unwrap(), down), ALONE, REPLICATIONS);
    let (availability, failures) = (case.unit().availability(), case.unit().failures());
    let one_share = case.unit().down.mean() / YEAR_S / REPLICATIONS as f64;
    case.knows("availability", availability, |r| ends(&r.scenarios[0].estimates[Metric::Availability]))
        .compared_with(if equal { Best::MidP(one_share) } else { Best::BoundedMean })
        .knows("outages", failures, |r| ends(&r.scenarios[0].estimates[Metric::Outages]))
        .compared_with(Best::MidP(1.0 / REPLICATIONS as f64))
}

fn sequential(name: &'static str, unit: Unit, relative: f64) -> Case {
    let mut case = Case::new(name, unit, ALONE, 0);
    case.stopping = Stopping::Precision(Precision::relative(Metric::Availability, relative, 1_000_000));
    let availability = case.unit().availability();
    case.knows("availability", availability, |r| ends(&r.scenarios[0].estimates[Metric::Availability]))
}

/// `[(units, min_serving); 2]`: the second less the first.
fn paired(name: &'static str, unit: Unit, scenarios: [(u32, u32); 2], replications: u64) -> Case {
    let lost = scenarios.map(|(units, min_serving)| 1.0 - binomial(&unit, min_serving, units).0);
    let mut case = Case::new(name, unit, ALONE, replications);
    case.scenarios = scenarios.map(|(units, min_serving)| KOfN { units, min_serving }).to_vec();
    case.knows("difference", (lost[1] - lost[0]) * YEAR.as_secs_f64(), |r| {
        ends(&r.scenarios[1].difference_to_baseline.as_ref().unwrap().downtime_s_per_year)
    })
}

/// The same with controls.
fn controlled(name: &'static str, unit: Unit, scenarios: [(u32, u32); 2], replications: u64) -> Case {
    Case { controlled: true, ..paired(name, unit, scenarios, replications) }
}
