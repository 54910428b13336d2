//! Validation: requests by the hour, and Pods with a capacity.

use crate::common::stats::mean_interval;
use crate::common::storms::{on_call, stormy_reference};
use crate::common::{HANG, bare, days, exponential, fault, secs};
use hasim::cluster::{Cause, begins_in_week};
use hasim::experiment::{Outcome, replicate, trace};
use hasim::model::{Model, Traffic};
use hasim::random::{Law, Streams};
use hasim::study::Quantity;

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
