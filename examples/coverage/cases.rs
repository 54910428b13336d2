//! The cases of the coverage study, in the order of its table.

#[path = "system.rs"]
mod system;

use hasim::model::YEAR;
use hasim::random::{Law, Owner, Purpose, Streams};
use hasim::results::{Distribution, Estimate, ExperimentResult, Quantile, Spread, WindowLoss};
use hasim::study::{Metric, Precision, Stopping};
use statrs::distribution::{ContinuousCDF as _, Normal};

pub use system::{Best, Case, DAY, Judged, Truth};
use system::{HOUR, KOfN, Loss, Unit, YEAR_S, uncertain_factor};

fn ends(estimate: &Estimate) -> (f64, f64, bool) {
    (estimate.low, estimate.high, estimate.rests_on_few)
}

/// A quantile without an upper end may be anything above its lower one.
fn between(quantile: &Quantile) -> (f64, f64, bool) {
    (quantile.low, quantile.high.unwrap_or(f64::INFINITY), false)
}

fn window_loss(result: &ExperimentResult) -> &WindowLoss {
    &result.scenarios[0].windows.as_ref().unwrap().downtime_s
}

fn recovery(result: &ExperimentResult, of: fn(&Distribution) -> &Option<Quantile>) -> (f64, f64, bool) {
    // Without any there is nothing to be wrong about.
    of(&result.scenarios[0].time_to_recovery_s).as_ref().map_or((0.0, f64::INFINITY, false), between)
}

fn metric(result: &ExperimentResult, metric: Metric) -> (f64, f64, bool) {
    ends(&result.scenarios[0].estimates[metric])
}

/// Every case, in the order of the table.
pub fn all() -> Vec<Case> {
    let (one_kind, two_kinds) = ([(10.0 * DAY, 2.0 * HOUR)], [(5.0 * DAY, HOUR), (40.0 * DAY, 3.0 * HOUR)]);
    let mut cases = vec![
        k_of_n("2 of 3, exponential", 2, 3, 100),
        k_of_n("1 of 2, exponential", 1, 2, 100),
        one("one unit, Weibull up, lognormal down; 600 outages", 50),
        one("the same; 120 outages", 10),
        one_short("the same; 100 outages, one or none in a replication", 1_200),
        recoveries(windows("one exponential unit, windows of 30 d", &one_kind, 100), &one_kind),
        recoveries(windows("two kinds of replications, windows of 30 d", &two_kinds, 100), &two_kinds),
        recoveries(windows("the same, 20 replications", &two_kinds, 20), &two_kinds),
        clusters("one unit, restarts in clusters; 600 of them", 50),
        clusters("the same; 120 of them", 10),
        one_window("one window per replication", 400),
        rare("rare: 1.5 outages of 1 h", 1.5, Law::fixed(HOUR).unwrap(), true),
        rare("rare: 1.5 outages, exponential lengths", 1.5, Law::exponential(HOUR).unwrap(), false),
        rare("rare: 1.5 outages, lognormal lengths", 1.5, Law::lognormal(HOUR, 1.2).unwrap(), false),
        rare("rare: 0.1 outages, σ = 2", 0.1, Law::lognormal(HOUR, 2.0).unwrap(), false),
        sequential("stopped at ±20 % of the downtime, exponential", Unit::exponential(180.0 * DAY, HOUR), 0.2),
        sequential("stopped at ±10 % of the downtime, exponential", Unit::exponential(180.0 * DAY, HOUR), 0.1),
        sequential("stopped at ±20 % of the downtime, lognormal", Unit::of_the_field(180.0 * DAY, HOUR), 0.2),
    ];
    cases.push(draws());
    cases.extend(heavy_tails());
    cases.extend(differences());
    cases
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

/// The availability of `case`, whose widths are given as a part of what is lost.
fn knows_availability(case: Case, value: f64) -> Case {
    case.knows("availability", value, |r| metric(r, Metric::Availability)).at_scale(1.0 - value)
}

fn k_of_n(name: &str, k: u32, n: u32, replications: u64) -> Case {
    let unit = Unit::exponential(30.0 * DAY, 12.0 * HOUR);
    let (availability, outages) = binomial(&unit, k, n);
    let success = unit.availability();
    knows_availability(Case::new(name, unit, KOfN::new(k, n), replications), availability)
        .knows("outages", outages, |r| metric(r, Metric::Outages))
        .knows("request success", success, |r| metric(r, Metric::RequestSuccess))
        .at_scale(1.0 - success)
}

fn alone(case: Case) -> Case {
    let (availability, failures) = (case.unit().availability(), case.unit().failures());
    knows_availability(case, availability).knows("outages", failures, |r| metric(r, Metric::Outages))
}

fn one(name: &str, replications: u64) -> Case {
    alone(Case::new(name, Unit::of_the_field(30.0 * DAY, HOUR), KOfN::new(1, 1), replications))
}

fn one_short(name: &str, replications: u64) -> Case {
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

fn windows(name: &str, kinds: &[(f64, f64)], replications: u64) -> Case {
    let slo = 0.995;
    let mut case = Case::new(name, Unit::exponential(kinds[0].0, kinds[0].1), KOfN::new(1, 1), replications);
    case.kinds = kinds.iter().map(|&(up, down)| Unit::exponential(up, down)).collect();
    case.slo = Some(slo);
    let average = |of: &dyn Fn(&(f64, f64)) -> f64| kinds.iter().map(of).sum::<f64>() / kinds.len() as f64;
    let length = case.window;
    case.knows("mean in a window", length * average(&|(up, down)| down / (up + down)), |r| {
        ends(&r.scenarios[0].windows.as_ref().unwrap().downtime_s.mean)
    })
    .knows("p50", mixed_quantile(kinds, length, 0.5), |r| between(&window_loss(r).p50))
    .knows("p95", mixed_quantile(kinds, length, 0.95), |r| between(&window_loss(r).p95))
    .knows("p99", mixed_quantile(kinds, length, 0.99), |r| between(&window_loss(r).p99))
    .knows("meets the SLO", average(&|&(up, down)| downtime_cdf(up, down, length, (1.0 - slo) * length)), |r| {
        ends(r.scenarios[0].windows.as_ref().unwrap().meets_slo.as_ref().unwrap())
    })
}

/// How long outages last, where replications are of these kinds: exponential, and of a kind as often as it fails.
fn recoveries(case: Case, kinds: &[(f64, f64)]) -> Case {
    let often = |&(up, down): &(f64, f64)| 1.0 / (up + down);
    let all: f64 = kinds.iter().map(often).sum();
    let longer = |x: f64| kinds.iter().map(|kind| often(kind) / all * (-x / kind.1).exp()).sum::<f64>();
    let quantile = |q: f64| {
        let (mut low, mut high) = (0.0, 100.0 * DAY);
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if longer(middle) > 1.0 - q { low = middle } else { high = middle }
        }
        high
    };
    case.knows("time to recovery, p50", quantile(0.5), |r| recovery(r, |lengths| &lengths.p50))
        .knows("time to recovery, p95", quantile(0.95), |r| recovery(r, |lengths| &lengths.p95))
        .knows("time to recovery, p99", quantile(0.99), |r| recovery(r, |lengths| &lengths.p99))
}

/// Where the mean time up is not known, the range of the draws holds what one more draw of it would bring.
fn draws() -> Case {
    const UP: f64 = 10.0 * DAY;
    const DOWN: f64 = 2.0 * HOUR;
    const SLO: f64 = 0.995;
    /// A draw that no replication of the run was played with.
    fn fresh(result: &ExperimentResult) -> f64 {
        UP * uncertain_factor(
            Streams::new(result.seed, u64::MAX - 1).stream(Owner::Deployment, Purpose::Initial).uniform(0),
        )
    }
    // Its distance from the ends, so that what is known is 0.
    fn range(spread: &Spread, fresh: f64) -> (f64, f64, bool) {
        (spread.low - fresh, spread.high - fresh, false)
    }
    let unit = Unit::exponential(UP, DOWN);
    let mean = YEAR_S * (1.0 - unit.availability());
    let case = Case::new("a mean time up that is not known, 64 draws", unit, KOfN::new(1, 1), 64 * 32);
    Case { draws: 64, slo: Some(SLO), ..case }
        .knows("downtime, range of draws", 0.0, |r| {
            let up = fresh(r);
            range(&r.scenarios[0].uncertainty.unwrap().downtime_s_per_year, YEAR_S * DOWN / (up + DOWN))
        })
        .at_scale(mean)
        .knows("meets the SLO, range of draws", 0.0, |r| {
            let length = r.objective.window.as_secs_f64();
            let meets = downtime_cdf(fresh(r), DOWN, length, (1.0 - SLO) * length);
            range(&r.scenarios[0].uncertainty.unwrap().meets_slo.unwrap(), meets)
        })
        .at_scale(1.0)
}

/// Restarts come in clusters: one at once, and one more for every ten minutes of a log-normal time down.
fn clusters(name: &str, replications: u64) -> Case {
    let down = Law::lognormal(600.0, 1.2).unwrap();
    let Law::LogNormal { mu, sigma } = down else { unreachable!("it is log-normal") };
    let longer = |x: f64| Normal::standard().sf((x.ln() - mu) / sigma);
    let each = 1.0 + (1..100_000).map(|k| longer(600.0 * f64::from(k))).sum::<f64>();
    let unit = Unit::new(Law::exponential(30.0 * DAY).unwrap(), down);
    let case = Case { restarts: true, ..Case::new(name, unit, KOfN::new(1, 1), replications) };
    let failures = case.unit().failures();
    case.knows("restarts", failures * each, |r| metric(r, Metric::Restarts))
}

fn one_window(name: &str, replications: u64) -> Case {
    let case = windows(name, &[(10.0 * DAY, 2.0 * HOUR)], replications);
    Case { horizon: 30.0 * DAY, ..case }
}

fn rare(name: &str, outages: f64, down: Law, equal: bool) -> Case {
    const REPLICATIONS: u64 = 100;
    let up = REPLICATIONS as f64 * YEAR_S / outages;
    let case = Case::new(name, Unit::new(Law::exponential(up).unwrap(), down), KOfN::new(1, 1), REPLICATIONS);
    let (availability, failures) = (case.unit().availability(), case.unit().failures());
    let one_share = case.unit().down.mean() / YEAR_S / REPLICATIONS as f64;
    knows_availability(case, availability)
        .compared_with(if equal { Best::MidP(one_share) } else { Best::BoundedMean })
        .knows("outages", failures, |r| metric(r, Metric::Outages))
        .compared_with(Best::MidP(1.0 / REPLICATIONS as f64))
}

fn sequential(name: &str, unit: Unit, relative: f64) -> Case {
    let case = Case::new(name, unit, KOfN::new(1, 1), 0);
    let availability = case.unit().availability();
    knows_availability(stopped(case, relative), availability)
}

fn stopped(case: Case, relative: f64) -> Case {
    let precision = Precision::relative(Metric::Availability, relative, 1_000_000);
    Case { stopping: Stopping::Precision(precision), ..case }
}

/// Lengths of strikes with a heavy tail: in words, and their law.
fn heavy_laws() -> [(&'static str, Law); 4] {
    [
        ("σ = 1.5", Law::lognormal(HOUR, 1.5).unwrap()),
        ("σ = 2", Law::lognormal(HOUR, 2.0).unwrap()),
        // As in models/faults/cloud.yaml.
        ("zone-outage", Law::lognormal_with_p95(1.88 * HOUR, 21.83 * HOUR).unwrap()),
        ("node-crash", Law::lognormal_with_p95(300.0, 2.0 * HOUR).unwrap()),
    ]
}

/// Each law with what a strike may cost: plain, with 2, 60, 300 and 2,000 strikes; and stopped by a precision.
fn heavy_tails() -> Vec<Case> {
    let mut cases = vec![];
    for (law, down) in heavy_laws() {
        let median = down.quantile(0.5).expect("a log-normal law has quantiles");
        let (beyond, up_to) = (Loss::Beyond(median), Loss::UpTo(median));
        // A precision is first looked at after 256 replications, which must not be enough for it.
        let per_replication = if law == "σ = 2" || law == "node-crash" { 20.0 } else { 8.0 };
        let losses = [
            ("L", Loss::Whole, 1.0),
            ("(L − c)⁺", beyond, 1.0),
            ("min(L, c)", up_to, 1.0),
            ("L, one strike in ten", Loss::Whole, 10.0),
            ("overlap of two", Loss::Overlap, 1.0),
        ];
        for (words, loss, times) in losses {
            for (strikes, replications) in [(2, 2), (60, 60), (300, 100), (2_000, 200)] {
                let name = format!("{strikes} strikes, {law}: {words}");
                let every = times * YEAR_S * replications as f64 / f64::from(strikes);
                cases.push(heavy(&name, every, &down, loss, strikes, replications));
            }
            for relative in [0.2_f64, 0.1] {
                let name = format!("stopped at ±{} %, {law}: {words}", (100.0 * relative).round());
                let case = heavy(&name, times * YEAR_S / per_replication, &down, loss, u32::MAX, 0);
                cases.push(stopped(case, relative));
            }
        }
    }
    cases
}

/// One unit that is struck `every` so many seconds, cost and pause together.
fn heavy(name: &str, every: f64, down: &Law, loss: Loss, strikes: u32, replications: u64) -> Case {
    let mut unit = Unit { up: Law::fixed(1.0).unwrap(), down: down.clone(), loss };
    unit.up = Law::exponential(every - unit.mean_loss()).unwrap();
    let case = Case { window: 2.0 * YEAR_S, ..Case::new(name, unit, KOfN::new(1, 1), replications) };
    let availability = case.unit().availability();
    knows_availability(Case { judged: judged(name, strikes), ..case }, availability)
}

/// Two strikes tell nothing. Six outages of so heavy a law, of sixty strikes of which one in ten is an outage, are too few for
/// any interval that we know: most samples have not seen its tail.
fn judged(name: &str, strikes: u32) -> Judged {
    let is_short = strikes == 60 && name.contains("one strike in ten");
    match strikes {
        2 => Judged::No,
        _ if is_short => Judged::FallsShort,
        _ => Judged::Yes,
    }
}

/// Paired differences, with and without controls, and how a loss depends on a parameter.
fn differences() -> Vec<Case> {
    let quick = || Unit::exponential(30.0 * DAY, 12.0 * HOUR);
    let field = || Unit::of_the_field(30.0 * DAY, HOUR);
    let two_of_three = [KOfN::new(1, 2), KOfN::new(2, 3)];
    let two_of_two = [KOfN::new(1, 1), KOfN::new(2, 2)];
    let same_three = [KOfN::new(3, 3), KOfN::new(2, 3)];
    let rare = Unit::exponential(1_000.0 * DAY, 8.0 * HOUR);
    let mut cases = vec![
        paired("paired: 2 of 3 less 1 of 2", quick(), two_of_three, 100),
        paired("paired: 2 of 2 less 1 of 1, Weibull and lognormal", field(), two_of_two, 20),
        controlled(paired("2 of 3 less 1 of 2, controlled", quick(), two_of_three, 100)),
        controlled(paired("2 of 2 less 1 of 1, Weibull and lognormal, controlled", field(), two_of_two, 20)),
        Case {
            judged: Judged::Wide,
            ..controlled(paired("2 of 3 less 3 of 3, Weibull and lognormal, controlled", field(), same_three, 40))
        },
        paired("paired, rare: 3 pairs differ", rare, [KOfN::new(1, 2), KOfN::new(1, 1)], 8),
    ];
    cases.extend(longer());
    for (law, down) in heavy_laws().into_iter().take(2) {
        let unit = Unit::new(Law::exponential(YEAR_S / 8.0).unwrap(), down);
        cases.push(paired(&format!("paired, {law}: 2 of 2 less 1 of 1"), unit, two_of_two, 100));
    }
    cases.push(elasticity());
    cases
}

/// `[base, other]`: the second less the first.
fn paired(name: &str, unit: Unit, scenarios: [KOfN; 2], replications: u64) -> Case {
    let lost = scenarios.map(|scenario| lost(&unit, scenario));
    let mut case = Case::new(name, unit, scenarios[0], replications);
    case.scenarios = scenarios.to_vec();
    case.knows("difference", lost[1] - lost[0], |r| {
        ends(&r.scenarios[1].difference_to_baseline.as_ref().unwrap().downtime_s_per_year)
    })
}

/// Seconds a year.
fn lost(unit: &Unit, scenario: KOfN) -> f64 {
    let mut unit = unit.clone();
    if scenario.stretch != 1.0 {
        unit.up = Law::exponential(unit.up.mean() / scenario.stretch).unwrap();
    }
    (1.0 - binomial(&unit, scenario.min_serving, scenario.units).0) * YEAR.as_secs_f64()
}

/// The same with controls.
fn controlled(case: Case) -> Case {
    Case { controlled: true, ..case }
}

/// Repairs that take a tenth longer, with faults beside that hardly ever strike, and with about 30 strikes, of the unit's own
/// fault or of one beside: on either side of the number from which a control takes part.
fn longer() -> Vec<Case> {
    let scenarios = [KOfN::new(1, 1), KOfN { stretch: 1.1, ..KOfN::new(1, 1) }];
    let case = |name: &str, every: f64, beside: Vec<f64>| {
        let unit = Unit::new(Law::exponential(every).unwrap(), Law::lognormal(1_200.0, 1.2).unwrap());
        let case = controlled(paired(name, unit, scenarios, 60));
        Case { horizon: 90.0 * DAY, beside, ..case }
    };
    // 60 replications of 90 days.
    let played = 60.0 * 90.0 * DAY;
    let mut own = case("a tenth longer, 25 to 35 strikes, controlled", played / 30.0, vec![]);
    let rare = vec![99.0 * YEAR_S, 20.0 * YEAR_S];
    let mut other = case(
        "a tenth longer, 25 to 35 strikes beside, controlled",
        20.0 * DAY,
        [vec![played / 30.0], rare.clone()].concat(),
    );
    other.watched = 1;
    for case in [&mut own, &mut other] {
        let truth = case.truths.remove(0);
        for (words, strikes) in [("difference, below 30", 25..=29), ("difference, from 30", 30..=35)] {
            case.truths.push(Truth { quantity: words.to_owned(), strikes, ..truth.clone() });
        }
    }
    vec![case("a tenth longer, faults of 20 y and 99 y beside, controlled", 20.0 * DAY, rare), own, other]
}

/// By how many percent the downtime of one unit grows for each percent that its repairs take longer.
fn elasticity() -> Case {
    let unit = Unit::of_the_field(30.0 * DAY, HOUR);
    let of = |stretch| KOfN { stretch, ..KOfN::new(1, 1) };
    // Weibull times to failure do as well as any other: only their mean matters.
    let [base, low, high] = [1.0, 0.9, 1.1].map(|stretch| lost(&unit, of(stretch)));
    let mut case = Case::new("a tenth less and more of the repairs", unit, of(1.0), 50);
    case.scenarios = vec![of(1.0), of(0.9), of(1.1)];
    case.sensitivity = true;
    case.knows("elasticity", (high - low) / base / 0.2, |r| {
        r.sensitivity[0].downtime.elasticity.as_ref().map_or((f64::NEG_INFINITY, f64::INFINITY, true), ends)
    })
    .knows("change", high - low, |r| ends(&r.sensitivity[0].downtime.change_s_per_year))
}
