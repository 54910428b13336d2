//! A rollout to keep with the answer: its Pods by revision and state, and when requests fail.

use crate::history::{Happening, PodLife, Rollout, Target, Timeline, Who};
use crate::ids::WorkloadId;
use crate::model::Model;
use crate::results::{FailingSpan, RevisionCounts, Rollback, RolloutReplay, Scaling};
use crate::stats::twelve_digits;
use crate::time::{Duration, SimTime};

/// A picture has no room for more changes than this.
const MOST: usize = 1_000;
/// What is shown before the rollout begins and after its last old Pod is gone, as a part of its length.
const MARGIN: f64 = 0.05;
/// The least of it.
const LEAST_MARGIN: Duration = Duration::from_secs(1);

/// How far a picture of a rollout reaches: before its beginning, and after it.
pub type Reach = (Duration, Duration);

/// A rollout that has come to its end, of the timeline of a replication; none of one that has not.
pub fn rollout(
    timeline: &Timeline,
    model: &Model,
    (scenario, replication): (&str, u64),
    rollout: &Rollout,
    (before, after): Reach,
) -> Option<RolloutReplay> {
    let (ended, _) = rollout.ended?;
    let (took, workload) = (ended.since(rollout.began), &model.workloads[rollout.workload]);
    let from = rollout.began.earlier_by(before);
    let to = (rollout.began + after).min(timeline.end.max(ended));
    let secs = |at: SimTime| micros(at.max(from).min(to).since(from).as_secs_f64());
    let mut pods = counts(timeline, model, rollout, (from, to));
    pods.iter_mut().for_each(|count| count.at_s = micros(count.at_s));
    let mut failing: Vec<FailingSpan> = failing(timeline, rollout.workload, (from, to))
        .map(|(since, until, share)| FailingSpan {
            from_s: secs(since),
            to_s: secs(until),
            failing_share: twelve_digits(share),
        })
        .collect();
    let mut cut = None;
    if pods.len() > MOST || failing.len() > MOST {
        cut = Some(
            "Of each thousandth of the time the last number of Pods is shown, and the mean share that fails."
                .to_owned(),
        );
        (pods, failing) = thinned(&pods, &failing, to.since(from).as_secs_f64());
    }
    let zero = timeline.counted_from;
    let begins = if from < zero { -zero.since(from).as_secs_f64() } else { from.since(zero).as_secs_f64() };
    Some(RolloutReplay {
        scenario: scenario.to_owned(),
        operation: model.faults[rollout.operation].name.clone(),
        deployment: workload.name.clone(),
        replication,
        revision: rollout.revision + 1,
        replicas: replicas_at(timeline, model, rollout.workload, from),
        scalings: scalings(timeline, rollout.workload)
            .filter(|(at, _)| *at > from && *at < to)
            .map(|(at, replicas)| Scaling { at_s: secs(at), replicas })
            .collect(),
        meanwhile: meanwhile(timeline, model, rollout, (from, to)),
        begins_s: micros(begins),
        lasts_s: secs(to),
        rollout_from_s: secs(rollout.began),
        took_s: micros(took.as_secs_f64()),
        rollback: rollout.flaw.zip(rollout.rolled_back).map(|(flaw, at)| Rollback {
            flaw: model.faults[flaw].name.clone(),
            after_s: micros(at.since(rollout.began).as_secs_f64()),
        }),
        cut,
        pods,
        failing,
    })
}

/// When which number of Pods is set.
fn scalings(timeline: &Timeline, workload: WorkloadId) -> impl Iterator<Item = (SimTime, u32)> {
    timeline.entries.iter().filter_map(move |entry| match entry.what {
        Happening::ReplicasSet { workload: of, replicas, .. } if of == workload => Some((entry.at, replicas)),
        _ => None,
    })
}

/// How many Pods a Deployment wants at an instant.
fn replicas_at(timeline: &Timeline, model: &Model, workload: WorkloadId, at: SimTime) -> u32 {
    let set = scalings(timeline, workload).take_while(|(since, _)| *since <= at).last();
    set.map_or(model.workloads[workload].replicas, |(_, replicas)| replicas)
}

/// What else struck while a rollout was under way, by name, in the order in which it struck first.
fn meanwhile(timeline: &Timeline, model: &Model, rollout: &Rollout, (from, to): (SimTime, SimTime)) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for entry in &timeline.entries {
        let Happening::FaultStruck { target, fault } = entry.what else { continue };
        let is_its_own = fault == rollout.operation || Some(fault) == rollout.flaw;
        let concerns = match target {
            Target::Slot(slot) | Target::Container(slot, _) => model.owner_of(slot).0 == rollout.workload,
            Target::Deployment(workload) => workload == rollout.workload,
            Target::Node(_) | Target::Zone(_) | Target::Cluster => true,
        };
        let name = &model.faults[fault].name;
        if (from..to).contains(&entry.at) && !is_its_own && concerns && !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// From a little before its beginning until a little after the last Pod that it takes away is gone; one that does not go, as its
/// machine is dead, is not waited for longer than the rollout took. None of a rollout without an end.
pub fn rollout_reach(timeline: &Timeline, model: &Model, rollout: &Rollout) -> Option<Reach> {
    let (ended, _) = rollout.ended?;
    let took = ended.since(rollout.began);
    let margin = Duration::from_secs_f64(took.as_secs_f64() * MARGIN).max(LEAST_MARGIN);
    let latest = ended + took;
    let goes = |pod: &&PodLife| {
        let is_new = pod.revision >= rollout.revision;
        model.owner_of(pod.slot).0 == rollout.workload && pod.created < ended && is_new == rollout.rolled_back.is_some()
    };
    let gone = timeline.pods.iter().filter(goes).map(|pod| pod.gone.unwrap_or(latest)).max();
    let last = gone.unwrap_or(ended).clamp(ended, latest);
    Some((margin, (last + margin).since(rollout.began)))
}

/// What is known of a Pod.
#[derive(Debug, Clone, Copy)]
struct State {
    is_new: bool,
    is_ready: bool,
    is_terminating: bool,
}

/// The Pods at the beginning of the excerpt, and at every change in it.
fn counts(
    timeline: &Timeline,
    model: &Model,
    rollout: &Rollout,
    (from, to): (SimTime, SimTime),
) -> Vec<RevisionCounts> {
    let mut states: Vec<Option<State>> = vec![None; timeline.pods.len()];
    let mut counts: Vec<RevisionCounts> = Vec::new();
    for instant in timeline.entries.chunk_by(|a, b| a.at == b.at) {
        let at = instant[0].at;
        if at >= to {
            break;
        }
        if at > from && counts.is_empty() {
            counts.push(count(&states, 0.0));
        }
        for entry in instant {
            let Who::Pod(pod) = entry.who else { continue };
            let life = timeline.pods[pod];
            if model.owner_of(life.slot).0 == rollout.workload {
                let is_new = life.revision >= rollout.revision;
                learn(&mut states[pod], entry.what, is_new);
            }
        }
        if at > from {
            let now = count(&states, at.since(from).as_secs_f64());
            let is_same = counts.last().is_some_and(|last| RevisionCounts { at_s: now.at_s, ..*last } == now);
            counts.extend((!is_same).then_some(now));
        }
    }
    if counts.is_empty() {
        counts.push(count(&states, 0.0));
    }
    counts
}

/// What a happening makes of a Pod.
fn learn(state: &mut Option<State>, what: Happening, is_new: bool) {
    match (what, state) {
        (Happening::PodCreated { .. }, state) => {
            *state = Some(State { is_new, is_ready: false, is_terminating: false });
        }
        (Happening::PodGone { .. }, state) => *state = None,
        (Happening::PodMet { .. }, Some(state)) => state.is_ready = true,
        (Happening::ReadyWritten { ready, .. }, Some(state)) => state.is_ready = ready,
        (Happening::PodDeleted { .. }, Some(state)) => state.is_terminating = true,
        _ => {}
    }
}

fn count(states: &[Option<State>], at_s: f64) -> RevisionCounts {
    let mut counts = RevisionCounts { at_s, ..RevisionCounts::default() };
    for state in states.iter().flatten() {
        let place = match (state.is_new, state.is_terminating, state.is_ready) {
            (false, true, _) => &mut counts.old_terminating,
            (false, false, true) => &mut counts.old_ready,
            (false, false, false) => &mut counts.old_not_ready,
            (true, true, _) => &mut counts.new_terminating,
            (true, false, true) => &mut counts.new_ready,
            (true, false, false) => &mut counts.new_not_ready,
        };
        *place += 1;
    }
    counts
}

/// From when to when which share of the requests to a Deployment fails.
fn failing(
    timeline: &Timeline,
    workload: WorkloadId,
    (from, to): (SimTime, SimTime),
) -> impl Iterator<Item = (SimTime, SimTime, f64)> {
    let its: Vec<_> = timeline.delivering.iter().copied().filter(|count| count.workload == workload).collect();
    let ends: Vec<SimTime> = its.iter().skip(1).map(|next| next.at).chain([timeline.end]).collect();
    let spans =
        its.into_iter().zip(ends).map(move |(count, end)| (count.at.max(from), end.min(to), count.failing_share()));
    let mut spans: Vec<(SimTime, SimTime, f64)> =
        spans.filter(|(since, until, share)| since < until && *share > 0.0).collect();
    // The same share of other numbers of Pods is the same to who sends the requests.
    spans.dedup_by(|next, before| {
        let is_same = before.1 == next.0 && before.2.to_bits() == next.2.to_bits();
        if is_same {
            before.1 = next.1;
        }
        is_same
    });
    spans.into_iter()
}

/// One value for each of [`MOST`] equal parts of the time.
fn thinned(pods: &[RevisionCounts], failing: &[FailingSpan], lasts_s: f64) -> (Vec<RevisionCounts>, Vec<FailingSpan>) {
    let width = lasts_s / MOST as f64;
    let part = |at_s: f64| ((at_s / width) as usize).min(MOST - 1);
    let parts = pods.chunk_by(|a, b| part(a.at_s) == part(b.at_s));
    let pods = parts.map(|part| RevisionCounts { at_s: part[0].at_s, ..part[part.len() - 1] }).collect();
    let mut sums = vec![0.0; MOST];
    for span in failing {
        for (number, sum) in sums.iter_mut().enumerate().take(part(span.to_s) + 1).skip(part(span.from_s)) {
            let (from, to) = (number as f64 * width, (number + 1) as f64 * width);
            *sum += (span.to_s.min(to) - span.from_s.max(from)).max(0.0) * span.failing_share;
        }
    }
    let spans = sums.into_iter().enumerate().filter(|(_, sum)| *sum > 0.0).map(|(number, sum)| FailingSpan {
        from_s: micros(number as f64 * width),
        to_s: micros((number + 1) as f64 * width),
        failing_share: twelve_digits((sum / width).min(1.0)),
    });
    (pods, spans.collect())
}

/// To the microsecond.
fn micros(secs: f64) -> f64 {
    (secs * 1e6).round() / 1e6
}
