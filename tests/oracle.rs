//! Oracle: the fast mode against the one that plays every probe and every heartbeat (invariant 5).

mod common;

use hasim::cluster::{EndpointView, Happening, Mode, Observer, Replication, SlotView};
use hasim::ids::{FaultId, PodId, SlotId};
use hasim::model::{Model, ProbeKind};
use hasim::time::SimTime;

/// Everything that an observer is told, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Log(Vec<(u64, String)>);

impl Log {
    fn add(&mut self, now: SimTime, what: String) {
        self.0.push((now.as_nanos(), what));
    }
}

impl Observer for Log {
    fn slot_changed(&mut self, now: SimTime, slot: SlotId, view: SlotView) {
        self.add(now, format!("{slot:?} {view:?}"));
    }
    fn endpoint_changed(&mut self, now: SimTime, pod: PodId, view: Option<EndpointView>) {
        self.add(now, format!("{pod:?} {view:?}"));
    }
    fn fault_struck(&mut self, now: SimTime, slot: SlotId, fault: FaultId) {
        self.add(now, format!("{slot:?} struck {fault:?}"));
    }
    fn fault_ended(&mut self, now: SimTime, slot: SlotId, fault: FaultId) {
        self.add(now, format!("{slot:?} ended {fault:?}"));
    }
    fn reacted(&mut self, now: SimTime, slot: SlotId) {
        self.add(now, format!("{slot:?} reacted"));
    }
    fn readiness_lost(&mut self, now: SimTime, slot: SlotId, while_serving: bool) {
        self.add(now, format!("{slot:?} readiness lost {while_serving}"));
    }
    fn probe_killed(&mut self, now: SimTime, slot: SlotId, by: ProbeKind, needless: bool) {
        self.add(now, format!("{slot:?} killed by {by:?} {needless}"));
    }
    fn restarted(&mut self, now: SimTime, slot: SlotId) {
        self.add(now, format!("{slot:?} restarted"));
    }
    fn pods_changed(&mut self, now: SimTime, pods: u32) {
        self.add(now, format!("{pods} Pods"));
    }
}

fn play(model: &Model, index: u64, mode: Mode) -> Log {
    let mut replication = Replication::new(model, 7, index, mode, Log::default());
    replication.run_until(SimTime::ZERO + model.warm_up + model.horizon);
    replication.into_observer()
}

fn assert_identical(model: &Model, index: u64) {
    let fast = play(model, index, Mode::Fast);
    let slow = play(model, index, Mode::EveryProbe);
    if let Some(at) = (0..fast.0.len().max(slow.0.len())).find(|&i| fast.0.get(i) != slow.0.get(i)) {
        let before = &fast.0[at.saturating_sub(8)..at];
        panic!(
            "replication {index} differs at entry {at}:\nbefore {before:#?}\nfast {:?}\nslow {:?}",
            fast.0.get(at),
            slow.0.get(at)
        );
    }
    assert!(fast.0.len() > 100, "too little happened to prove anything");
}

#[test]
fn the_fast_mode_equals_the_judge_to_the_nanosecond() {
    let model = common::stormy_reference();
    for index in 0..10 {
        assert_identical(&model, index);
    }
}

#[test]
fn the_same_with_a_startup_probe_and_other_thresholds() {
    let mut model = common::stormy_reference();
    model.deployment.pod.startup = Some(common::probe(4));
    model.deployment.pod.readiness.as_mut().unwrap().success_threshold = 3;
    for index in 0..10 {
        assert_identical(&model, index);
    }
}

/// Every happening, probes that were skipped filled in.
#[derive(Debug, Default)]
struct Trace(Vec<(SimTime, Happening)>);

impl Observer for Trace {
    fn happened(&mut self, at: SimTime, what: Happening) {
        let Happening::ProbesSkipped(probes) = what else {
            self.0.push((at, what));
            return;
        };
        let (pod, kind, reaches, reply) = (probes.pod, probes.kind, probes.reaches, probes.reply);
        for sent in probes.instants() {
            self.0.push((sent, Happening::ProbeSent { pod, kind, reaches }));
            self.0.push((sent + probes.lasts, Happening::ProbeEnded { pod, kind, reply }));
        }
    }
}

fn trace(model: &Model, index: u64, mode: Mode) -> Vec<(SimTime, Happening)> {
    let mut replication = Replication::new(model, 11, index, mode, Trace::default());
    replication.run_until(SimTime::ZERO + model.horizon);
    let mut happenings = replication.into_observer().0;
    // What happens in one and the same nanosecond has no order between independent things.
    happenings.sort_unstable();
    happenings
}

fn assert_same_trace(model: &Model, index: u64) {
    let fast = trace(model, index, Mode::Fast);
    let slow = trace(model, index, Mode::EveryProbe);
    if let Some(at) = (0..fast.len().max(slow.len())).find(|&i| fast.get(i) != slow.get(i)) {
        let before = &fast[at.saturating_sub(12)..at];
        panic!(
            "replication {index} differs at happening {at}:\nbefore {before:#?}\nfast {:?}\nslow {:?}",
            fast.get(at),
            slow.get(at)
        );
    }
    let probes = slow.iter().filter(|(_, what)| matches!(what, Happening::ProbeSent { .. })).count();
    assert!(probes > 100_000 && slow.len() - 2 * probes > 10_000, "too little happened to prove anything");
}

#[test]
fn the_trace_of_the_fast_mode_with_its_skipped_probes_equals_that_of_the_judge() {
    let mut model = common::stormy_reference();
    for index in 0..5 {
        assert_same_trace(&model, index);
    }
    model.deployment.pod.startup = Some(common::probe(4));
    model.deployment.pod.readiness.as_mut().unwrap().success_threshold = 3;
    for index in 0..5 {
        assert_same_trace(&model, index);
    }
}
