//! Systems whose exact answers are known, played through the whole way from a replication to its printed intervals.
//!
//! A system is a number of units, each alternating between up and down by laws of its own; it is a service of which
//! `min_serving` units must be up. Every replication begins in the stationary state, drawn exactly, so that
//! nothing is biased at its beginning.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hasim::cluster::{Cause, CauseSet, EndpointView, Observed, Observer as _, Phase, SlotView, Spell};
use hasim::experiment::{self, Measures, Options, Outcome};
use hasim::ids::{FaultId, PodId, SlotId, WorkloadId};
use hasim::model::{Millionths, Model};
use hasim::random::{Law, Streams, open_unit};
use hasim::random::{Owner, Purpose};
use hasim::results::ExperimentResult;
use hasim::study::{
    Metric, Objective, Parameter, REPLICATIONS_PER_DRAW, Scenario, Stopping, Study, StudyHeader, Without,
};
use hasim::time::{Duration, SimTime};
use rand::Rng;
use statrs::distribution::{ContinuousCDF as _, Normal};

use crate::common;

/// Days in seconds.
pub const DAY: f64 = 86_400.0;
/// An hour in seconds.
pub const HOUR: f64 = 3_600.0;
/// A year in seconds.
pub const YEAR_S: f64 = 365.0 * DAY;

/// What a strike of length L costs: how long the unit is down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// All of it.
    Whole,
    /// What it lasts beyond a tolerated time: (L − c)⁺.
    Beyond(f64),
    /// At most a time after which something else mends it: min(L, c).
    UpTo(f64),
    /// As long as another strike of the same law is at work that it fell into.
    Overlap,
}

/// How long a unit is up and down.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Up.
    pub up: Law,
    /// The lengths of strikes.
    pub down: Law,
    /// What they cost.
    pub loss: Loss,
}

impl Unit {
    /// Down as long as a strike lasts.
    pub fn new(up: Law, down: Law) -> Self {
        Self { up, down, loss: Loss::Whole }
    }

    /// Without memory.
    pub fn exponential(up: f64, down: f64) -> Self {
        Self::new(Law::exponential(up).unwrap(), Law::exponential(down).unwrap())
    }

    /// Times to failure and to repair as they are found in the field: many short ones, a few very long.
    pub fn of_the_field(up: f64, down_median: f64) -> Self {
        Self::new(Law::weibull_with_mean(0.7, up).unwrap(), Law::lognormal(down_median, 1.2).unwrap())
    }

    /// Mean time down of a strike.
    pub fn mean_loss(&self) -> f64 {
        let up_to = |c: f64| match self.down {
            Law::LogNormal { mu, sigma } => {
                let below = |z: f64| Normal::standard().cdf(z);
                let z = (c.ln() - mu) / sigma;
                self.down.mean() * below(z - sigma) + c * below(-z)
            }
            _ => unreachable!("only log-normal lengths are cut"),
        };
        match self.loss {
            Loss::Whole => self.down.mean(),
            Loss::Beyond(c) => self.down.mean() - up_to(c),
            Loss::UpTo(c) => up_to(c),
            // What is left of the other has the density S(x)/mean, so E min is ∫ S(x) ∫_x S / mean.
            Loss::Overlap => self.down.mean() / 2.0,
        }
    }

    /// The long-run share of time that it is up.
    pub fn availability(&self) -> f64 {
        self.up.mean() / (self.up.mean() + self.mean_loss())
    }

    /// Strikes a year.
    pub fn failures(&self) -> f64 {
        YEAR_S / (self.up.mean() + self.mean_loss())
    }

    fn time_down(&self, rng: &mut impl Rng) -> f64 {
        let length = self.down.sample(rng);
        self.loss_of(length, rng)
    }

    /// What a strike of this length costs.
    fn loss_of(&self, length: f64, rng: &mut impl Rng) -> f64 {
        match self.loss {
            Loss::Whole => length,
            Loss::Beyond(c) => (length - c).max(0.0),
            Loss::UpTo(c) => length.min(c),
            Loss::Overlap => length.min(self.down.sample_residual(rng)),
        }
    }

    /// What is left of a time down that is met in its course.
    fn rest_down(&self, rng: &mut impl Rng) -> f64 {
        if self.loss == Loss::Whole {
            return self.down.sample_residual(rng);
        }
        let Law::LogNormal { mu, sigma } = self.down else { unreachable!("only log-normal lengths are cut") };
        let by_length = Law::LogNormal { mu: mu + sigma * sigma, sigma };
        loop {
            // In proportion to the length, and kept in proportion to the part of it that is a loss.
            let length = by_length.sample(rng);
            let loss = self.loss_of(length, rng);
            if open_unit(rng) * length < loss {
                return loss * open_unit(rng);
            }
        }
    }
}

/// One choice of units and of how many must be up.
#[derive(Debug, Clone, Copy)]
pub struct KOfN {
    /// How many there are.
    pub units: u32,
    /// How many must be up.
    pub min_serving: u32,
    /// Times down are so many times as long.
    pub stretch: f64,
}

impl KOfN {
    /// `k` of `n`.
    pub fn new(k: u32, n: u32) -> Self {
        Self { units: n, min_serving: k, stretch: 1.0 }
    }
}

/// What is known exactly, and where its interval stands in a result.
#[derive(Clone)]
pub struct Truth {
    /// What it is.
    pub quantity: String,
    /// Its exact value.
    pub value: f64,
    /// Widths are given as a part of this.
    pub scale: f64,
    /// Its interval, and whether it says that it rests on few.
    pub read: fn(&ExperimentResult) -> (f64, f64, bool),
    /// How the best known exact interval is found, where so few outages are seen that none can be exact.
    pub best: Option<Best>,
    /// Runs that count, by the strikes that were seen of [`Case::watched`].
    pub strikes: std::ops::RangeInclusive<u64>,
}

/// The best known exact interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Best {
    /// Mid-P of a Poisson number of outages, times the value of one.
    MidP(f64),
    /// Gaffke's interval of the mean of bounded values.
    BoundedMean,
}

/// Whether a case must hold what it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It must.
    Yes,
    /// It is known not to; the figure is printed.
    FallsShort,
    /// It is known to be too wide; it must not be too narrow.
    Wide,
    /// So few strikes tell nothing: it is printed.
    No,
}

/// A system, an experiment over it and what is known of both.
#[derive(Clone)]
pub struct Case {
    /// What it is.
    pub name: String,
    /// Replications are of one of these kinds, each with the same probability: two make clustered windows.
    pub kinds: Vec<Unit>,
    /// The first is the baseline of the others.
    pub scenarios: Vec<KOfN>,
    /// Counted time of a replication.
    pub horizon: f64,
    /// Length of a window.
    pub window: f64,
    /// What must be met in a window.
    pub slo: Option<f64>,
    /// When enough has been played.
    pub stopping: Stopping,
    /// The clocks of failures are told, so that differences have their controls.
    pub controlled: bool,
    /// Mean times in service of faults that strike the first unit and do no harm.
    pub beside: Vec<f64>,
    /// The fault whose strikes decide which runs count: 0 for the unit's own, then those beside.
    pub watched: usize,
    /// A strike restarts the container, and once more for every ten minutes that it lasts.
    pub restarts: bool,
    /// Scenarios 1 and 2 are the base with less and more of a number.
    pub sensitivity: bool,
    /// The mean time up is not known: so many draws of it are played, by [`uncertain_factor`]. 0 if it is known.
    pub draws: u32,
    /// Whether it must hold.
    pub judged: Judged,
    /// What is known.
    pub truths: Vec<Truth>,
}

/// Of the base's mean time up, where a draw has so much of the law below it: log-normal with σ = 0.5.
pub fn uncertain_factor(p: f64) -> f64 {
    (0.5 * Normal::standard().inverse_cdf(p)).exp()
}

/// What a macro-run gave.
pub struct Run {
    /// The answer.
    pub result: ExperimentResult,
    /// Strikes of the watched fault in the baseline.
    pub strikes: u64,
}

impl Case {
    /// One kind of units in one scenario.
    pub fn new(name: impl Into<String>, unit: Unit, scenario: KOfN, replications: u64) -> Self {
        Self {
            name: name.into(),
            kinds: vec![unit],
            scenarios: vec![scenario],
            horizon: YEAR_S,
            window: 30.0 * DAY,
            slo: None,
            stopping: Stopping::Replications(replications),
            controlled: false,
            beside: vec![],
            watched: 0,
            restarts: false,
            sensitivity: false,
            draws: 0,
            judged: Judged::Yes,
            truths: vec![],
        }
    }

    /// Knows the exact value of what `read` reads; widths are given as a part of it.
    pub fn knows(mut self, quantity: &str, value: f64, read: fn(&ExperimentResult) -> (f64, f64, bool)) -> Self {
        let quantity = quantity.to_owned();
        self.truths.push(Truth { quantity, value, scale: value.abs(), read, best: None, strikes: 0..=u64::MAX });
        self
    }

    /// Widths of what was said last are given as a part of `scale`.
    pub fn at_scale(mut self, scale: f64) -> Self {
        self.last().scale = scale;
        self
    }

    /// The best known interval of what was said last.
    pub fn compared_with(mut self, best: Best) -> Self {
        self.last().best = Some(best);
        self
    }

    fn last(&mut self) -> &mut Truth {
        self.truths.last_mut().expect("something is known")
    }

    /// The only kind of units, or the first.
    pub fn unit(&self) -> &Unit {
        &self.kinds[0]
    }

    /// The experiment, as a file would state it.
    pub fn study(&self, seed: u64) -> Study {
        let mut faults =
            vec![common::fault("it", common::CRASH, self.unit().up.clone(), Some(self.unit().down.clone()))];
        let harmless = |mean: &f64| common::fault("beside", common::CRASH, Law::exponential(*mean).unwrap(), None);
        faults.extend(self.beside.iter().map(harmless));
        let model = |scenario: &KOfN| {
            let mut model = Model {
                faults: faults.clone().into(),
                horizon: Duration::from_secs_f64(self.horizon),
                window: Duration::from_secs_f64(self.window),
                ..common::bare(scenario.units)
            };
            model.workload_mut().min_serving = scenario.min_serving;
            // The units are not played by the cluster. Two that differ must not look like one system under two names.
            model.app_mut().start_up = Law::fixed(scenario.stretch).unwrap();
            model
        };
        let scenario = |(number, scenario): (usize, &KOfN)| Scenario {
            name: format!("s{number}"),
            parameters: serde_json::Map::new(),
            model: model(scenario),
            draws: vec![model(scenario); self.draws as usize],
            compared_with: (self.sensitivity && number == 2).then_some(1),
            pending: vec![],
        };
        let parameter = || Parameter {
            key: "stretch".to_owned(),
            scenarios: [1, 2],
            written: [0, 1, 2].map(|i| serde_json::json!(self.scenarios[i].stretch)),
            numbers: [0, 1, 2].map(|i| self.scenarios[i].stretch),
            whole: false,
        };
        let header = StudyHeader {
            name: "coverage".to_owned(),
            question: None,
            seed,
            confidence: 0.95,
            stopping: self.stopping,
            objective: Objective {
                min_serving: 1,
                system: None,
                metric: Metric::Availability,
                slo: self.slo,
                window: Duration::from_secs_f64(self.window),
                indifference_secs: None,
            },
            goals: vec![],
            varied: vec![],
            each_alone: false,
            baseline: (self.scenarios.len() > 1 && !self.sensitivity).then_some(0),
            sensitivity: if self.sensitivity { vec![parameter()] } else { vec![] },
            notes: vec![],
            inputs: serde_json::Value::Null,
        };
        let scenarios = self.scenarios.iter().enumerate().map(scenario).collect();
        Study { header, without: Without::Off, scenarios }
    }

    /// Plays the whole experiment once.
    pub fn run(&self, seed: u64) -> Run {
        let study = self.study(seed);
        let strikes = AtomicU64::new(0);
        let options = Options { threads: 1, stop: &AtomicBool::new(false), progress: &mut |_| () };
        let first = &study.scenarios[0].model;
        let replicate = |model: &Model, seed, index| {
            let number = study.scenarios.iter().position(|scenario| std::ptr::eq(&raw const scenario.model, model));
            let outcome = self.replicate(model, self.scenarios[number.unwrap_or(0)].stretch, seed, index);
            if std::ptr::eq(model, first) {
                strikes.fetch_add(outcome.controls()[self.watched].events, Ordering::Relaxed);
            }
            outcome
        };
        let result = experiment::run(&study, options, replicate).unwrap();
        Run { result, strikes: strikes.into_inner() }
    }

    /// One replication: units alternate, each from its stationary state.
    fn replicate(&self, model: &Model, stretch: f64, seed: u64, index: u64) -> Outcome {
        let end = (model.warm_up + model.horizon).as_secs_f64();
        let streams = Streams::new(seed, index);
        let kind = streams.stream(Owner::Deployment, Purpose::Initial).uniform(0);
        let unit = &self.drawn(&self.kinds[(kind * self.kinds.len() as f64) as usize], seed, index);
        let share_up = unit.up.mean() / (unit.up.mean() + stretch * unit.mean_loss());
        let mut measures = Measures::new(model);
        let mut changes = vec![];
        for slot in 0..model.workload().replicas {
            let rng = &mut streams.stream(Owner::Slot(slot), Purpose::Initial).rng(0);
            let mut is_up = open_unit(rng) < share_up;
            let mut now = 0.0;
            let mut left = if is_up { unit.up.sample_residual(rng) } else { stretch * unit.rest_down(rng) };
            let mut life = None;
            while now < end {
                let from = SimTime::ZERO + Duration::from_secs_f64(now);
                changes.push((from, slot, is_up));
                if self.restarts && !is_up && life.is_some() {
                    let (workload, slot) = (WorkloadId::new(0), Some(SlotId::new(slot as usize)));
                    let restarted = Observed::Restarted { workload, slot };
                    (0..=(left / 600.0) as u64).for_each(|_| measures.observe(from, &restarted));
                }
                now += left;
                if is_up && self.controlled {
                    let to = SimTime::ZERO + Duration::from_secs_f64(now);
                    tell(
                        &mut measures,
                        Spell { fault: FaultId::new(0), workload: None, from, to, life, strikes: true },
                    );
                    if slot == 0 {
                        self.run_beside(&mut measures, &streams, changes.len() as u64, now - left, now);
                    }
                }
                // Only what is met at the beginning may be in the middle of its life.
                life = Some(Duration::ZERO);
                is_up = !is_up;
                left = if is_up { unit.up.sample(rng) } else { stretch * unit.time_down(rng) };
            }
        }
        changes.sort_unstable();
        let causes = CauseSet::from(Cause::Fault(FaultId::new(0)));
        for (now, slot, is_up) in changes {
            let (pod, slot) = (PodId::new(slot as usize), SlotId::new(slot as usize));
            let (causes, phase) = (causes.clone(), Phase::Start);
            let endpoint = Some(EndpointView {
                workload: WorkloadId::new(0),
                slot: Some(slot),
                failing: if is_up { Millionths::NONE } else { Millionths::ALL },
                causes: causes.clone(),
                phase,
            });
            let view = SlotView { serves: is_up, in_rotation: is_up, causes, phase };
            measures.observe(now, &Observed::SlotChanged { slot, view });
            measures.observe(now, &Observed::EndpointChanged { pod, view: endpoint, keeps_queue: false });
        }
        let end = measures.end();
        measures.finish(end)
    }

    /// The unit with what this replication's draw makes of its mean time up: each part of the law has one draw.
    fn drawn(&self, unit: &Unit, seed: u64, index: u64) -> Unit {
        if self.draws == 0 {
            return unit.clone();
        }
        let draws = u64::from(self.draws);
        let draw = index / REPLICATIONS_PER_DRAW % draws;
        // Not the streams of any replication that is played.
        let within = Streams::new(seed, u64::MAX).stream(Owner::Deployment, Purpose::Initial).uniform(draw);
        let factor = uncertain_factor((draw as f64 + within) / draws as f64);
        Unit { up: Law::exponential(unit.up.mean() * factor).unwrap(), ..unit.clone() }
    }

    /// The clocks of the faults beside run while the first unit is up, and strike without a trace.
    fn run_beside(&self, measures: &mut Measures, streams: &Streams, spell: u64, from: f64, to: f64) {
        for (number, &mean) in self.beside.iter().enumerate() {
            let fault = FaultId::new(number + 1);
            let rng = &mut streams.stream(Owner::Node { zone: 0, index: number as u32 }, Purpose::Initial).rng(spell);
            let mut since = from;
            while since < to {
                let strike = since - mean * open_unit(rng).ln();
                let until = strike.min(to);
                let [from, to_instant] = [since, until].map(|t| SimTime::ZERO + Duration::from_secs_f64(t));
                tell(measures, Spell { fault, workload: None, from, to: to_instant, life: None, strikes: strike < to });
                since = until;
            }
        }
    }
}

fn tell(measures: &mut Measures, spell: Spell) {
    measures.observe(spell.to, &Observed::ClockRan(spell));
}
