//! Validation: requests by the hour, and Pods with a capacity.

use crate::common::stats::mean_interval;
use crate::common::storms::{on_call, stormy_reference};
use crate::common::{CRASH, HANG, bare, days, exponential, fault, scripted, secs};
use hasim::cluster::{Cause, begins_in_week};
use hasim::experiment::{Outcome, replicate, trace};
use hasim::ids::{FaultId, SlotId};
use hasim::model::{Model, Queue, ScriptTarget, Surges, Traffic};
use hasim::queueing::Clients;
use hasim::random::{Law, Streams};
use hasim::study::Quantity;
use hasim::time::Duration;

const SEED: u64 = 11;
const HOUR: f64 = 3_600.0;

/// By the hour: 1 to 12 parts in the course of a day, and half of it from Saturday on.
fn parts(hour: usize) -> f64 {
    let of_day = 12.0 - (hour % 24).abs_diff(12) as f64;
    (1.0 + of_day) * if hour / 24 < 5 { 1.0 } else { 0.5 }
}

/// 61 requests a second on average.
fn traffic() -> Traffic {
    Traffic::by_the_hour(61.0, std::array::from_fn(parts)).unwrap()
}

/// The same, counted here: requests a second in an hour of the week.
fn rate(hour: usize) -> f64 {
    61.0 * parts(hour) * 168.0 / (0..168).map(parts).sum::<f64>()
}

/// Seconds from the beginning of a Monday to time 0 of a replication.
fn monday(index: u64) -> f64 {
    begins_in_week(Streams::new(SEED, index)).as_secs_f64()
}

/// Walks through the hours between two instants since time 0, in seconds: their seconds and their rate.
fn hours(index: u64, from: f64, to: f64) -> impl Iterator<Item = (f64, f64)> {
    let begins = monday(index);
    let first = ((begins + from) / HOUR).floor() as usize;
    let last = ((begins + to) / HOUR).floor() as usize;
    (first..=last).map(move |hour| {
        let (begin, end) = (hour as f64 * HOUR, (hour + 1) as f64 * HOUR);
        (end.min(begins + to) - begin.max(begins + from), rate(hour % 168))
    })
}

/// Of each replication in seconds of full traffic: what fails, what is refused as too many came; and seconds in which too many came.
fn counted(outcome: &Outcome) -> [f64; 3] {
    [Quantity::FailedRequests, Quantity::ShedRequests, Quantity::Overloaded]
        .map(|what| outcome.counted(what) as f64 / 1e9)
}

fn close(found: [f64; 3], exact: [f64; 3]) {
    for (found, exact) in found.into_iter().zip(exact) {
        assert!((found - exact).abs() <= 1e-6 * exact.max(1.0), "{found}, and by hand {exact}");
    }
}

#[test]
fn what_all_pods_cannot_take_is_lost_by_the_hour_and_charged_to_overload() {
    let mut model = Model { traffic: Some(traffic()), horizon: secs(days(28.0)), ..bare(2) };
    model.app_mut().capacity = Some(40.0);
    let excess = |hour| (rate(hour) - 80.0_f64).max(0.0) / 61.0 * HOUR;
    let lost: f64 = 4.0 * (0..168).map(excess).sum::<f64>();
    let long = 4.0 * HOUR * (0..168).filter(|hour| rate(*hour) > 80.0).count() as f64;
    assert!(lost > 1e5 && long < days(14.0), "{lost} s in {long} s");
    for index in 0..3 {
        let outcome = replicate(&model, SEED, index);
        close(counted(&outcome), [lost, lost, long]);
        assert_eq!(outcome.failed_charged_to(Cause::Overload), outcome.counted(Quantity::FailedRequests));
        assert_eq!(outcome.counted(Quantity::Downtime), 0, "the Pods serve");
    }
    model.app_mut().capacity = Some(rate(12) / 2.0 + 0.01);
    close(counted(&replicate(&model, SEED, 0)), [0.0; 3]);
}

/// All kinds of faults, with Pods that fail a share of what they are asked: by a walk over what is in rotation, hour by hour.
#[test]
fn what_is_lost_is_what_a_walk_through_the_hours_finds() {
    let mut model = Model { traffic: Some(traffic()), on_call: Some(on_call()), ..stormy_reference() };
    for (index, capacity) in (0..8).zip([None, Some(25.0), Some(70.0), Some(130.0)].into_iter().cycle()) {
        model.app_mut().capacity = capacity;
        let outcome = replicate(&model, SEED, index);
        let timeline = trace(&model, SEED, index).timeline;
        let (begin, end) = (timeline.counted_from.as_secs_f64(), timeline.counted_to.as_secs_f64());
        let changes = timeline.delivering.iter().zip(timeline.delivering.iter().skip(1).map(Some).chain([None]));
        let (mut failed, mut shed, mut overloaded) = (0.0, 0.0, 0.0);
        for (now, next) in changes {
            let until = next.map_or(end, |next| next.at.as_secs_f64()).clamp(begin, end);
            for (seconds, rate) in hours(index, now.at.as_secs_f64().clamp(begin, end), until) {
                let without = now.failing_share();
                let takes = capacity.map_or(1.0, |each| (now.in_rotation as f64 * each / rate).min(1.0));
                let lost = 1.0 - (1.0 - without) * takes;
                failed += seconds * rate / 61.0 * lost;
                shed += seconds * rate / 61.0 * (lost - without);
                overloaded += if lost > without + 1e-12 { seconds } else { 0.0 };
            }
        }
        assert!(failed > 1_000.0, "too little is lost to prove anything");
        close(counted(&outcome), [failed, shed, overloaded]);
        assert_eq!(shed > 0.0, capacity.is_some());
    }
}

/// One repairable unit whose faults know no hour: as much of the requests is lost as of the time, whatever the shape.
#[test]
fn a_unit_loses_as_much_of_the_requests_as_of_the_time() {
    let faults = vec![fault("hang", HANG, exponential(days(2.0)), Some(Law::fixed(3.0 * HOUR).unwrap()))].into();
    let mut model = Model { faults, traffic: Some(traffic()), horizon: secs(days(28.0)), ..bare(1) };
    model.workload_mut().pod.main_mut().liveness = None;
    let share = |outcome: &Outcome| {
        let [failed, ..] = counted(outcome);
        failed / days(28.0)
    };
    let shares: Vec<f64> = (0..2_000).map(|index| share(&replicate(&model, SEED, index))).collect();
    // Of a cycle of two days in service and three hours out of it: a hang neither ends a hang nor counts on meanwhile. What becoming
    // ready and the endpoint take comes on top: 0 to 5 s for the probe, and less than a second.
    let (cycle, least, most) = (days(2.0) + 3.0 * HOUR, 3.0 * HOUR, 3.0 * HOUR + 8.0);
    let (mean, half) = mean_interval(&shares, 1);
    let (least, most) = (least / cycle - half, most / cycle + half);
    assert!((least..=most).contains(&mean), "{mean}, which must lie within {least} to {most}");
}

/// Queues before 4 workers that answer so many requests a second together, and clients that wait for a second.
fn queueing(capacity: f64, limit: Option<u32>, tries: u32, retry_budget: Option<f64>) -> Model {
    let mut model = Model { horizon: secs(days(28.0)), ..bare(4) };
    let clients = Clients { timeout: Some(1.0), tries, retry_budget };
    model.traffic = Some(traffic().from_clients(clients));
    model.app_mut().capacity = Some(capacity);
    model.app_mut().queue = Some(Queue { workers: 4, limit, delays_probes: false });
    model
}

/// P(T > 1 s) with 4 workers of 10 requests a second each, from Erlang C.
fn late(utilisation: f64) -> f64 {
    let offered = 4.0 * utilisation;
    let terms: Vec<f64> =
        (0..=4).scan(1.0, |term, k| Some(std::mem::replace(term, *term * offered / f64::from(k + 1)))).collect();
    let last = terms[4] / (1.0 - utilisation);
    let waits = last / (terms[..4].iter().sum::<f64>() + last);
    // P(T > t) = e^(−µt) (1 + C (1 − e^(−µt(c − 1 − cρ))) / (c − 1 − cρ))
    let (work, free): (f64, f64) = (10.0, 3.0 - offered);
    (-work).exp() * (1.0 + waits * (1.0 - (-work * free).exp()) / free)
}

/// The daily shape, integrated by hand over Erlang C: at rest the losses of four weeks are the sum over their hours.
#[test]
fn at_rest_the_hours_lose_what_erlang_c_says() {
    let model = queueing(40.0, None, 1, None);
    let lost: f64 = 4.0 * (0..168).map(|hour| late(rate(hour) / 160.0) * rate(hour) / 61.0 * HOUR).sum::<f64>();
    assert!((0..168).all(|hour| rate(hour) < 144.0) && lost > 100.0, "{lost}");
    for index in 0..3 {
        let outcome = replicate(&model, SEED, index);
        close(counted(&outcome), [lost, lost, 0.0]);
        assert_eq!(outcome.counted(Quantity::LateRequests), outcome.counted(Quantity::ShedRequests));
        assert_eq!(outcome.failed_charged_to(Cause::Overload), outcome.counted(Quantity::FailedRequests));
    }
}

/// So many requests a second, and five hours after the beginning five times as many for a minute; eight hours of it.
fn surged(rate: f64, (tries, retry_budget): (u32, Option<f64>), limit: Option<u32>) -> Model {
    let law = |secs| Law::fixed(secs).unwrap();
    let surges = Surges { every: law(5.0 * HOUR), lasts: law(60.0), times: (5.0, 5.0), rises: Duration::ZERO };
    let mut model = queueing(300.0, limit, tries, retry_budget);
    let clients = model.traffic.unwrap().clients;
    model.traffic =
        Traffic::by_the_hour(rate, [1.0; 168]).map(|traffic| traffic.with_surges(surges).from_clients(clients));
    model.horizon = secs(8.0 * HOUR);
    model
}

/// A surge fills all queues. It persists exactly where the tries of those who fail are more than can be worked on, ρ · r > 1 or
/// ρ (1 + b) > 1; where it does not, the backlog takes its time to be worked off.
#[test]
fn an_overload_stays_where_the_tries_again_are_too_many() {
    let none = (3, None);
    let budget = (3, Some(0.2));
    for (clients, sent) in [((1, None), 1.0), (none, 3.0), (budget, 1.2)] {
        let threshold = 1_200.0 / sent;
        for (rate, stays) in [(0.95 * threshold, false), (1.05 * threshold, true)] {
            let outcome = replicate(&surged(rate, clients, None), SEED, 0);
            let [failed, _, overloaded] = counted(&outcome);
            if stays {
                // Where each is sent once, more comes than is done even without a surge.
                let since = if sent > 1.0 { 3.0 } else { 8.0 };
                assert!(
                    (overloaded - since * HOUR).abs() < 60.0 && failed > 0.9 * since * HOUR,
                    "{sent}: {overloaded} s"
                );
                continue;
            }
            // What has come and not been done, at what is done of it in a second, until it is answered in time.
            let backlog = (5.0 * sent * rate - 1_200.0) * 60.0;
            let clears = (backlog - 1_200.0) / (1_200.0 - sent * rate);
            assert!((overloaded - 60.0 - clears).abs() < 0.04 * clears + 15.0, "{sent}: {overloaded} s, {clears} s");
            // In seconds of full traffic, five times as many in the surge.
            let fails = 300.0 + clears;
            assert!((failed - fails).abs() < 0.04 * fails + 15.0, "{sent}: {failed} s, {fails} s");
        }
    }
}

/// Nothing persists where no more wait than are answered in time, or where they are refused at once: a surge costs what it brings too much.
#[test]
fn an_overload_goes_with_its_cause_where_few_can_wait() {
    let rate = 1_000.0;
    let mut sheds = surged(rate, (3, None), None);
    sheds.app_mut().queue = None;
    for model in [surged(rate, (3, None), Some(100)), sheds] {
        let [failed, _, overloaded] = counted(&replicate(&model, SEED, 0));
        let lost = (5_000.0 - 1_200.0) * 60.0 / rate;
        assert!(
            (failed - lost).abs() < 0.02 * lost && (overloaded - 60.0).abs() < 2.0,
            "{failed} s of {lost}, {overloaded}"
        );
    }
}

/// One of four Pods starts anew and is away for a minute, at nine tenths of what four take: the three others get six a second too many
/// each, and with the fourth back they work three off; ten times that. What fails then is charged to what took the Pod away.
#[test]
fn a_backlog_outlasts_the_loss_of_a_pod() {
    let mut model = queueing(300.0, None, 1, None);
    let clients = model.traffic.unwrap().clients;
    model.traffic = Traffic::by_the_hour(1_080.0, [1.0; 168]).map(|traffic| traffic.from_clients(clients));
    model.horizon = secs(2.0 * HOUR);
    model.app_mut().start_up = Law::fixed(60.0).unwrap();
    model.workload_mut().pod.main_mut().liveness = None;
    model.faults =
        vec![scripted("crash", Law::fixed(HOUR).unwrap(), &[ScriptTarget::Slot(SlotId::new(3))], CRASH, None)].into();
    let outcome = replicate(&model, SEED, 0);
    let [failed, _, overloaded] = counted(&outcome);
    // As long as it is away, from when the queue is a second long; then three quarters, until it is no longer.
    let counts = trace(&model, SEED, 0).timeline.delivering;
    let [left, back] = [3, 4].map(|pods| counts.iter().rfind(|count| count.pods == pods).unwrap().at.as_secs_f64());
    let away = back - left;
    assert!((60.0..67.0).contains(&away), "{away} s");
    let rest = 4.0 * 0.9 + 7.1;
    let (fills, clears) = ((300.0 - rest) / 60.0, (rest + 60.0 * away - 300.0) / 30.0);
    let lost = away - fills + 0.75 * clears;
    assert!((failed - lost).abs() < 0.04 * lost, "{failed} s, {lost} s");
    assert!((overloaded - away - clears).abs() < 0.04 * (away + clears), "{overloaded} s, {away} + {clears}");
    let by_crash = outcome.failed_charged_to(Cause::Fault(FaultId::new(0))) as f64 / 1e9;
    assert!((by_crash - lost).abs() < 0.04 * lost, "{by_crash} s of {lost} s");
}
