//! The kind `Traffic`: how many requests come, by the hour of the day and the day of the week.

use crate::model::{Surges, Traffic};
use crate::queueing::Clients;
use crate::spec::app;
use crate::spec::diagnostic::Problems;
use crate::spec::law;
use crate::spec::reader::Item;
use crate::spec::tree::{Node, Value};
use crate::time::Duration;

/// What `rate` and a capacity may be, in requests a second: above nothing, up to more than any service has.
pub(in crate::spec) const MOST_REQUESTS: f64 = 1e9;
/// What the numbers of a shape may be; only their proportions count.
pub(in crate::spec) const MOST_PARTS: f64 = 1e6;
/// How many times as many requests a surge may bring.
pub(in crate::spec) const MOST_TIMES: f64 = 1_000.0;
/// Surges come no more often on average, and rise no longer.
const LEAST_BETWEEN_SURGES: Duration = Duration::from_secs(60);
const LONGEST_RISE: Duration = Duration::from_secs(86_400);
/// How long clients wait, how often they send a request, and how many more tries their budget allows.
const TIMEOUTS: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3_600);
pub(in crate::spec) const MOST_TRIES: i64 = 100;
pub(in crate::spec) const MOST_RETRIES: f64 = 100.0;
/// Hours of a day, and days of a week.
pub(in crate::spec) const HOURS: usize = 24;
pub(in crate::spec) const DAYS: usize = 7;

/// How the requests are spread over the week.
#[derive(Clone, Copy)]
struct Shape {
    /// From the first hour of Monday on: the number of the hour times that of the day.
    hours: [f64; HOURS * DAYS],
    between: Between,
}

/// How the requests change from one hour to the next.
#[derive(Debug, Clone, Copy)]
enum Between {
    /// At the full hour.
    Steps,
    /// Evenly, from the middle of one to the middle of the next.
    Ramps,
}

impl Shape {
    const FLAT: Self = Self { hours: [1.0; HOURS * DAYS], between: Between::Steps };
}

/// Reads a Traffic.
pub(in crate::spec) fn read(document: &Node, problems: &mut Problems) -> Option<Traffic> {
    let (_, mut spec) = app::open(document, problems)?;
    let rate = spec.require("rate", problems).and_then(|item| read_rate(&item, problems));
    let shape = spec.get("shape");
    let shaped = shape.as_ref().map_or(Some(Shape::FLAT), |item| read_shape(item, problems));
    let surges = spec.get("surges").map(|item| read_surges(&item, problems));
    let clients = spec.get("clients").map_or(Some(Clients::PATIENT), |item| read_clients(&item, problems));
    spec.finish(problems, &[]);
    let surges = surges.map_or(Some(None), |read| read.map(Some))?;
    let (rate, shaped, clients) = (rate?, shaped?, clients?);
    let traffic = match shaped.between {
        Between::Steps => Traffic::by_the_hour(rate, shaped.hours),
        Between::Ramps => Traffic::in_ramps(rate, shaped.hours),
    };
    if traffic.is_none() {
        let message = "never lets a request come: no hour that is above 0 is on a day that is";
        shape.as_ref().into_iter().for_each(|item| item.refuse(problems, message));
    }
    let traffic = traffic?.from_clients(clients);
    Some(match surges {
        Some(surges) => traffic.with_surges(surges),
        None => traffic,
    })
}

/// How long they wait, and how often they try.
fn read_clients(item: &Item<'_>, problems: &mut Problems) -> Option<Clients> {
    let mut object = item.our_object(problems)?;
    let timeout = object.get("timeout").map(|item| item.duration(problems, TIMEOUTS));
    let tries = object.get("tries").map_or(Some(1), |item| item.integer(problems, 1..=MOST_TRIES));
    let budget = object.get("retryBudget");
    let retry_budget = budget.as_ref().map(|item| item.share(problems, 0.0..=MOST_RETRIES));
    object.finish(problems, &[]);
    let timeout = timeout.map_or(Some(None), |read| read.map(Some))?.map(Duration::as_secs_f64);
    let retry_budget = retry_budget.map_or(Some(None), |read| read.map(Some))?;
    let tries = tries? as u32;
    if let Some(budget) = budget.as_ref().filter(|_| tries == 1) {
        budget.warn(problems, "allows what nobody asks for: a request is sent once (tries)");
    } else if let (Some(budget), Some(allows)) = (budget, retry_budget)
        && allows > f64::from(tries - 1)
    {
        let message = format!(
            "allows {} more tries for each request, and {} is all that clients make (tries): it bounds nothing",
            allows,
            tries - 1
        );
        let problem = problems.warn(budget.mark(), &budget.path, message);
        problem.help("of percent say so: 10% is one more try for every tenth request");
    }
    Some(Clients { timeout, tries, retry_budget })
}

/// Times in which several times as many come.
fn read_surges(item: &Item<'_>, problems: &mut Problems) -> Option<Surges> {
    let mut object = item.our_object(problems)?;
    let every =
        object.require("every", problems).and_then(|item| law::read_recurring(&item, problems, LEAST_BETWEEN_SURGES));
    let lasts = object.require("lasts", problems).and_then(|item| law::read(&item, problems));
    let times = object.require("times", problems).and_then(|item| read_times(&item, problems));
    let rises =
        object.get("rises").map_or(Some(Duration::ZERO), |item| item.duration(problems, Duration::ZERO..=LONGEST_RISE));
    object.finish(problems, &[]);
    Some(Surges { every: every?, lasts: lasts?, times: times?, rises: rises? })
}

/// How many times as many: a number, or any between two.
fn read_times(item: &Item<'_>, problems: &mut Problems) -> Option<(f64, f64)> {
    const RANGE: std::ops::RangeInclusive<f64> = 1.0..=MOST_TIMES;
    let Value::Map(_) = &item.node.value else {
        let times = item.number(problems, RANGE)?;
        return Some((times, times));
    };
    let mut object = item.our_object(problems)?;
    let (min, max) = (object.require("min", problems), object.require("max", problems));
    object.finish(problems, &[]);
    let (min, max) = (min?.number(problems, RANGE), max?.number(problems, RANGE));
    let (min, max) = (min?, max?);
    if min > max {
        item.refuse(problems, "must have a min that is no more than max");
        return None;
    }
    Some((min, max))
}

/// A number of requests a second, above 0.
pub(in crate::spec) fn read_rate(item: &Item<'_>, problems: &mut Problems) -> Option<f64> {
    let rate = item.number(problems, -MOST_REQUESTS..=MOST_REQUESTS)?;
    if rate <= 0.0 {
        item.refuse(problems, "must be above 0 requests a second");
        return None;
    }
    Some(rate)
}

fn read_shape(item: &Item<'_>, problems: &mut Problems) -> Option<Shape> {
    if matches!(&item.node.value, Value::String(word) if word == "flat") {
        return Some(Shape::FLAT);
    }
    let mut object = item.our_object(problems)?;
    let hours = object.get("hours").map_or(Some(vec![1.0; HOURS]), |item| {
        read_parts(&item, HOURS, "one for each hour of the day, from 00:00 on", problems)
    });
    let days = object.get("days").map_or(Some(vec![1.0; DAYS]), |item| {
        read_parts(&item, DAYS, "one for each day of the week, Monday first", problems)
    });
    let words = [("steps", Between::Steps), ("ramps", Between::Ramps)];
    let between = object.get("between").map_or(Some(Between::Steps), |word| word.word(problems, &words));
    object.finish(problems, &[]);
    let (hours, days) = (hours?, days?);
    let hours = std::array::from_fn(|hour| hours[hour % HOURS] * days[hour / HOURS]);
    Some(Shape { hours, between: between? })
}

fn read_parts(item: &Item<'_>, count: usize, what: &str, problems: &mut Problems) -> Option<Vec<f64>> {
    let items = item.list(problems)?;
    if items.len() != count {
        let message = format!("has {} numbers, must have {count}: {what}", items.len());
        problems.error(item.mark(), &item.path, message);
        return None;
    }
    let numbers: Vec<Option<f64>> = items.iter().map(|one| one.number(problems, 0.0..=MOST_PARTS)).collect();
    let numbers = numbers.into_iter().collect::<Option<Vec<f64>>>()?;
    if numbers.iter().all(|number| *number == 0.0) {
        problems.error(item.mark(), &item.path, "are all 0, one at least must be above: no request ever comes");
        return None;
    }
    Some(numbers)
}
