//! Rules of rollouts (D1–D3, D5, D7, D10, D11, R2, R4), in the bare model, where what is right is known beforehand.

use crate::common::stats::assert_mean;
use crate::common::watch::{self, Log, struck};
use crate::common::{self, CRASH_NODE, DELETION, HANG, days, exponential, fault, fixed, near, scripted, secs};
use hasim::cluster::{Cause, Happening, Mode, Observed, Observer, watch};
use hasim::experiment::{Outcome, replicate};
use hasim::ids::{FaultId, NodeId, PodId, SlotId, WorkloadId, ZoneId};
use hasim::model::{
    DeadNodes, Fault, ImagePull, Model, NewNode, NodeMode, OnSigterm, Part, Probe, ScriptTarget, Strategy, Strikes,
};
use hasim::random::Law;
use hasim::study::Quantity;
use hasim::time::SimTime;

const ROLLOUT: Strikes = Strikes::Rollout { new_image: true };
pub(super) const BEGIN: f64 = 60.0;

/// A Pod's life; instants in seconds.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) slot: SlotId,
    pub(super) created: f64,
    pub(super) node: Option<NodeId>,
    pub ready: Vec<(f64, bool)>,
    began: f64,
    started: Option<f64>,
    pub(super) deleted: f64,
    exited: f64,
    gone: f64,
}

impl Life {
    pub(super) fn is_active(&self, at: f64) -> bool {
        self.created <= at && at < self.deleted
    }

    fn is_ready(&self, at: f64) -> bool {
        let last = self.ready.iter().rfind(|(since, _)| *since <= at);
        self.is_active(at) && last.is_some_and(|(_, ready)| *ready)
    }

    pub(super) fn was_ready_at(&self) -> f64 {
        self.ready.iter().find(|(_, ready)| *ready).map_or(f64::INFINITY, |(at, _)| *at)
    }
}

/// A replication, written down.
#[derive(Debug, Clone, Default)]
pub(super) struct Film {
    pub(super) pods: Vec<Life>,
    /// Whose a place in memory is.
    places: Vec<usize>,
    began: Vec<f64>,
    /// When rollouts were complete, and to which revision.
    pub(super) ended: Vec<(f64, u32)>,
    unknown: Vec<f64>,
    /// Every instant at which something happened.
    times: Vec<f64>,
}

impl Film {
    fn pod(&mut self, pod: PodId) -> &mut Life {
        &mut self.pods[self.places[pod.index()]]
    }

    /// Pods that there were when the first rollout began, and those that came later.
    pub(super) fn old(&self) -> impl Iterator<Item = &Life> {
        self.pods.iter().filter(|pod| pod.created < self.began[0])
    }

    pub(super) fn later(&self) -> impl Iterator<Item = &Life> {
        self.pods.iter().filter(|pod| pod.created >= self.began[0])
    }

    /// Least and most of a count from the beginning of the rollout on.
    fn range(&self, is: impl Fn(&Life, f64) -> bool) -> (usize, usize) {
        let times = self.times.iter().filter(|at| **at >= self.began[0]);
        let counts: Vec<usize> = times.map(|&at| self.pods.iter().filter(|pod| is(pod, at)).count()).collect();
        (*counts.iter().min().unwrap(), *counts.iter().max().unwrap())
    }

    pub(super) fn fewest_ready(&self) -> usize {
        self.range(Life::is_ready).0
    }

    pub(super) fn most_active(&self) -> usize {
        self.range(Life::is_active).1
    }

    fn most_objects(&self) -> usize {
        self.range(|pod, at| pod.created <= at && at < pod.gone).1
    }
}

impl Observer for Film {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        let Observed::Happened(what) = *what else { return };
        let now = at.as_secs_f64();
        match what {
            Happening::PodCreated { pod, slot, .. } => {
                self.places.resize(self.places.len().max(pod.index() + 1), 0);
                self.places[pod.index()] = self.pods.len();
                self.pods.push(Life {
                    slot,
                    created: now,
                    node: None,
                    ready: vec![],
                    began: f64::INFINITY,
                    started: None,
                    deleted: f64::INFINITY,
                    exited: f64::INFINITY,
                    gone: f64::INFINITY,
                });
            }
            Happening::PodMet { pod, node } => {
                self.pod(pod).node = Some(node);
                self.pod(pod).ready.push((now, true));
            }
            Happening::PodBound { pod, node } => self.pod(pod).node = Some(node),
            Happening::ReadyWritten { pod, ready } => self.pod(pod).ready.push((now, ready)),
            Happening::StartBegan { pod, .. } => self.pod(pod).began = now,
            Happening::ContainerStarted { pod, .. } => self.pod(pod).started = Some(now),
            Happening::ContainerExited { pod, .. } => self.pod(pod).exited = now,
            Happening::PodDeleted { pod } => self.pod(pod).deleted = now,
            Happening::PodGone { pod } => {
                let life = self.pod(pod);
                (life.deleted, life.gone) = (life.deleted.min(now), now);
            }
            Happening::NodeUnknown { .. } => self.unknown.push(now),
            Happening::RolloutBegan { .. } => self.began.push(now),
            Happening::RolloutEnded { revision, .. } => self.ended.push((now, revision)),
            _ => return,
        }
        self.times.push(now);
    }
}

pub(super) fn film(model: &Model, index: u64) -> Film {
    watch(model, 3, index, Mode::Fast, SimTime::ZERO + model.horizon, Film::default())
}

pub(super) fn films(model: &Model, count: u64) -> Vec<Film> {
    (0..count).map(|index| film(model, index)).collect()
}

fn rolling(max_surge: Part, max_unavailable: Part) -> Strategy {
    Strategy::RollingUpdate { max_surge, max_unavailable }
}

pub(super) fn steps(surge: u32, unavailable: u32) -> Strategy {
    rolling(Part::Number(surge), Part::Number(unavailable))
}

pub(super) fn begin(name: &str, at: f64, workload: usize, strikes: Strikes) -> Fault {
    scripted(name, fixed(at), &[ScriptTarget::Deployment(WorkloadId::new(workload))], strikes, None)
}

/// Bare replicas that start in 10.3 s, are Ready within 5 s after and stop in 0.3 s; a rollout after a minute; an hour.
pub(super) fn model(replicas: u32, strategy: Strategy) -> Model {
    let mut model = common::bare(replicas);
    model.app_mut().start_up = fixed(10.0);
    let main = model.workload_mut().pod.main_mut();
    main.liveness = None;
    main.readiness = Some(Probe { initial_delay: secs(0.0), ..common::probe(2) });
    model.workload_mut().strategy = strategy;
    model.horizon = secs(3600.0);
    model.window = secs(3600.0);
    model.faults = vec![begin("rollout", BEGIN, 0, ROLLOUT)].into();
    model
}

pub(super) fn played(model: &Model) -> Vec<Outcome> {
    let outcomes: Vec<Outcome> = (0..20).map(|index| replicate(model, 3, index)).collect();
    outcomes.iter().for_each(Outcome::assert_consistent);
    outcomes
}

pub(super) fn downtime(outcome: &Outcome) -> f64 {
    outcome.counted(Quantity::Downtime) as f64 / 1e9
}

pub(super) fn charged(outcome: &Outcome, fault: usize) -> f64 {
    outcome.downtime_charged_to(Cause::Fault(FaultId::new(fault))) as f64 / 1e9
}

/// D1: shares of the replicas, rounded up for surge and down for unavailable; nothing at all becomes one unavailable.
#[test]
fn d1_shares_are_rounded_and_never_both_nothing() {
    let usual = [(1, 1, 0), (2, 1, 0), (3, 1, 0), (4, 1, 1), (5, 2, 1), (10, 3, 2)];
    let none = rolling(Part::Number(0), Part::Percent(0));
    let small = rolling(Part::Percent(0), Part::Percent(25));
    let cases = usual.map(|(n, surge, unavailable)| (Strategy::USUAL, n, surge, unavailable)).into_iter();
    for (strategy, n, surge, unavailable) in cases.chain([(none, 3, 0, 1), (small, 3, 0, 1), (small, 8, 0, 2)]) {
        assert_eq!(strategy.bounds(n), (surge, unavailable), "{n} replicas");
        for film in films(&model(n, strategy), 5) {
            assert_eq!(film.ended.len(), 1, "{n} replicas");
            assert_eq!(film.later().count(), n as usize);
            assert_eq!(film.most_active(), (n + surge) as usize, "{n} replicas");
            assert_eq!(film.fewest_ready(), (n - unavailable) as usize, "{n} replicas");
        }
    }
}

/// D2, R3: never more active Pods than the replicas and the surge, never fewer that are ready than allowed; and both are used.
#[test]
fn d2_a_rollout_keeps_to_its_bounds() {
    let half = Part::Percent(50);
    for n in 1..=6u32 {
        let least = Part::Number(0);
        for strategy in [steps(1, 0), steps(0, 1), steps(2, 1), rolling(half, least), rolling(least, half), steps(9, 9)]
        {
            let (surge, unavailable) = strategy.bounds(n);
            for film in films(&model(n, strategy), 4) {
                assert_eq!(film.ended.len(), 1);
                assert!(film.old().all(|pod| pod.gone < film.ended[0].0 + 5.0), "old Pods go");
                assert_eq!(film.fewest_ready(), (n - unavailable) as usize, "{n} {strategy:?}");
                let most = film.most_active();
                assert_eq!(most, (n + surge.min(n)) as usize, "{n} {strategy:?}");
            }
        }
    }
}

/// D2, R1, W7: with 1/0 an old Pod goes when a new one is available, and the next new one comes with it; with 0/1 the other way round.
#[test]
fn d2_one_at_a_time() {
    for film in films(&model(3, steps(1, 0)), 10) {
        let mut deleted: Vec<f64> = film.old().map(|pod| pod.deleted).collect();
        deleted.sort_by(f64::total_cmp);
        let new: Vec<&Life> = film.later().collect();
        for (n, pod) in new.iter().enumerate() {
            // Two hops of a controller at 10 ms each.
            assert!(near(deleted[n] - pod.was_ready_at(), 0.02), "{}", deleted[n] - pod.was_ready_at());
            if let Some(next) = new.get(n + 1) {
                assert!((deleted[n]..deleted[n] + 0.03).contains(&next.created));
            }
        }
    }
    for film in films(&model(3, steps(0, 1)), 10) {
        let mut deleted: Vec<f64> = film.old().map(|pod| pod.deleted).collect();
        deleted.sort_by(f64::total_cmp);
        let new: Vec<&Life> = film.later().collect();
        assert!(near(deleted[0], BEGIN + 0.02), "{}", deleted[0]);
        for (n, pod) in new.iter().enumerate() {
            assert!(near(pod.created, deleted[n] + 0.02), "{} {}", pod.created, deleted[n]);
            if let Some(next) = deleted.get(n + 1) {
                assert!(near(next - pod.was_ready_at(), 0.02));
            }
        }
    }
}

/// D3: all old Pods go at once, and no new one comes before the last of them has ended.
#[test]
fn d3_recreate_waits_for_the_last_old_pod() {
    let mut model = model(4, Strategy::Recreate);
    model.app_mut().on_sigterm = OnSigterm::Exits(Law::uniform(2.0, 12.0).unwrap());
    for film in films(&model, 20) {
        assert!(film.old().all(|pod| near(pod.deleted, BEGIN + 0.02)));
        let last_exit = film.old().map(|pod| pod.exited).fold(0.0, f64::max);
        let last_gone = film.old().map(|pod| pod.gone).fold(0.0, f64::max);
        assert_eq!(film.later().count(), 4);
        for pod in film.later() {
            assert!(pod.created > last_exit && pod.created <= last_gone + 0.021, "{} {last_gone}", pod.created);
        }
        assert_eq!(film.fewest_ready(), 0);
        assert_eq!(film.ended.len(), 1);
    }
}

/// D3: an old Pod on a dead Node is in the way as long as its object is there: until the machine is back and its kubelet has
/// ended it, or until the Node object is gone (N15). It makes no difference whether the Pod was being stopped already.
#[test]
fn d3_a_terminating_pod_on_a_dead_node_blocks_recreate() {
    for struck_at in [BEGIN - 5.0, BEGIN + 3.0] {
        let mut model = model(3, Strategy::Recreate);
        model.app_mut().on_sigterm = OnSigterm::Exits(fixed(10.0));
        let node = [ScriptTarget::Node(NodeId::new(1))];
        model.faults.push(scripted("node", fixed(struck_at), &node, CRASH_NODE, Some(2000.0)));
        for film in films(&model, 10) {
            let lost: Vec<&Life> = film.old().filter(|pod| pod.node == Some(NodeId::new(1))).collect();
            assert_eq!(lost.len(), 1);
            let first = film.later().map(|pod| pod.created).fold(f64::INFINITY, f64::min);
            assert!(lost[0].gone > struck_at + 2000.0, "{}", lost[0].gone);
            assert!(first > lost[0].gone - 1.5 && first < lost[0].gone + 0.03, "{first} {}", lost[0].gone);
        }
        model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: fixed(300.0) });
        for film in films(&model, 10) {
            let lost = film.old().find(|pod| pod.node == Some(NodeId::new(1))).unwrap().gone;
            let first = film.later().map(|pod| pod.created).fold(f64::INFINITY, f64::min);
            assert!(lost < struck_at + 200.0 && near(first, lost + 0.02), "the object goes with its Node: {first}");
        }
    }
}

/// D5, R2: the API keeps the second in which a Pod became Ready, so that new Pods come at one phase of the second, whole seconds
/// apart: minReadySeconds and what the start takes, rounded down.
#[test]
fn d5_r2_with_min_ready_seconds_steps_are_whole_seconds() {
    for strategy in [steps(1, 0), steps(0, 1)] {
        let mut model = model(5, strategy);
        model.workload_mut().min_ready = secs(10.0);
        for film in films(&model, 20) {
            let new: Vec<&Life> = film.later().collect();
            assert_eq!(new.len(), 5);
            // The first has no phase yet.
            for pair in new[1..].windows(2) {
                let (step, start) = (pair[1].created - pair[0].created, pair[0].was_ready_at() - pair[0].created);
                let phase = pair[0].created.fract();
                assert!(near(step, step.round()), "{step}");
                assert!(near(step, 10.0 + (phase + start).floor()), "{step} for {start}");
            }
            let last = new[4].was_ready_at();
            assert!((last + 9.0..=last + 10.02).contains(&film.ended[0].0), "the last is waited for, too");
        }
    }
}

/// D7: an old Pod that is deleted in the middle is replaced by an old one, which goes later; a new one by a new one, which stays.
#[test]
fn d7_what_is_lost_in_the_middle_is_replaced_in_its_own_replica_set() {
    let mut model = model(4, steps(1, 0));
    // The first new Pod is starting.
    let all: Vec<ScriptTarget> = (0..4).map(|slot| ScriptTarget::Slot(SlotId::new(slot))).collect();
    model.faults.push(scripted("deletion", fixed(BEGIN + 5.0), &all[..1], DELETION, None));
    for film in films(&model, 10) {
        let lost = film.old().find(|pod| near(pod.deleted, BEGIN + 5.0)).expect("an old Pod");
        let replacement = film.later().find(|pod| near(pod.created, lost.deleted + 0.01)).expect("comes at once");
        assert_eq!(replacement.slot, lost.slot);
        assert!(replacement.deleted.is_finite(), "it is old");
        assert_eq!((film.later().count(), film.ended.len()), (5, 1));
    }
    model.faults[FaultId::new(1)] = scripted("deletion", fixed(BEGIN + 150.0), &all[..1], DELETION, None);
    for film in films(&model, 10) {
        let lost = film.later().find(|pod| near(pod.deleted, BEGIN + 150.0)).expect("a new Pod");
        let replacement = film.later().find(|pod| near(pod.created, lost.deleted + 0.01)).expect("comes at once");
        assert!(replacement.deleted.is_infinite(), "it is new");
    }
}

/// D11: a Node dies in the middle. Its old Pods are not available: the rollout takes them first, and does not wait for their
/// eviction; it is complete before.
#[test]
fn d11_pods_of_a_dead_node_go_first() {
    let mut model = model(6, steps(1, 0));
    model.workload_mut().min_ready = secs(20.0);
    let mut seen = 0;
    for dead in (0..3).map(NodeId::new) {
        let crash = scripted("node", fixed(BEGIN + 20.0), &[ScriptTarget::Node(dead)], CRASH_NODE, Some(3000.0));
        let model = Model { faults: model.faults.iter().cloned().chain([crash]).collect(), ..model.clone() };
        for film in films(&model, 10) {
            let unknown = film.unknown[0];
            let is_there = |pod: &Life| pod.node == Some(dead);
            // Where a new one is lost, too, the rollout stands until its eviction.
            if film.later().any(|pod| is_there(pod) && pod.created < unknown) {
                continue;
            }
            seen += 1;
            let mut scaled: Vec<&Life> = film.old().filter(|pod| pod.deleted > unknown).collect();
            scaled.sort_by(|a, b| a.deleted.total_cmp(&b.deleted));
            let lost = scaled.iter().filter(|pod| is_there(pod)).count();
            assert!(lost > 0 && scaled[..lost].iter().all(|pod| is_there(pod)), "{scaled:?}");
            assert!(scaled[lost - 1].deleted < unknown + 280.0, "before the eviction");
            assert!(film.most_active() <= 7);
        }
    }
    assert!(seen > 5, "{seen}");
}

/// D10: a Pod that is not Ready goes first, then one of the Node that has the most.
#[test]
fn d10_not_ready_first_then_the_crowded_node() {
    let mut broken = model(5, steps(0, 1));
    broken.faults.push(scripted("hang", fixed(BEGIN - 30.0), &[ScriptTarget::Slot(SlotId::new(3))], HANG, None));
    for film in films(&broken, 20) {
        let first = film.old().min_by(|a, b| a.deleted.total_cmp(&b.deleted)).unwrap();
        assert_eq!(first.slot, SlotId::new(3));
    }
    for film in films(&model(4, steps(0, 1)), 20) {
        let first = film.old().min_by(|a, b| a.deleted.total_cmp(&b.deleted)).unwrap();
        let beside = film.old().filter(|pod| pod.node == first.node).count();
        assert_eq!(beside, 2, "four Pods on three Nodes");
    }
}

/// R4: terminating Pods stand beside the active ones: as many as went within the time that a termination takes.
#[test]
fn r4_most_pod_objects() {
    for n in [2u32, 4, 10] {
        for film in films(&model(n, steps(1, 0)), 5) {
            assert_eq!(film.most_objects(), n as usize + 2);
        }
        for film in films(&model(n, steps(0, 1)), 5) {
            assert_eq!(film.most_objects(), n as usize + 1);
        }
        let (surge, unavailable) = Strategy::USUAL.bounds(n);
        for film in films(&model(n, Strategy::USUAL), 20) {
            let least = (n + surge + unavailable) as usize;
            assert!((least..=least + surge as usize).contains(&film.most_objects()), "{n}: {}", film.most_objects());
        }
        let mut slow = model(n, steps(1, 0));
        slow.app_mut().on_sigterm = OnSigterm::Exits(fixed(1000.0));
        slow.workload_mut().pod.termination_grace = secs(1000.0);
        for film in films(&slow, 3) {
            assert_eq!(film.most_objects(), 2 * n as usize, "none goes before all have come");
        }
    }
}

/// D2: a rollout takes over from another: the Pods of both earlier revisions go, within the bounds, and one rollout ends.
#[test]
fn a_rollout_supersedes_another() {
    for (n, strategy) in [(4, steps(1, 0)), (4, steps(0, 1)), (10, Strategy::USUAL), (3, Strategy::Recreate)] {
        let mut model = model(n, strategy);
        model.faults.push(begin("again", BEGIN + 25.0, 0, ROLLOUT));
        let (surge, unavailable) = strategy.bounds(n);
        for film in films(&model, 10) {
            assert_eq!(film.began.len(), 2);
            let ended: Vec<u32> = film.ended.iter().map(|(_, revision)| *revision).filter(|of| *of == 2).collect();
            assert_eq!(ended, [2], "{strategy:?}");
            assert!(film.most_active() <= (n + surge) as usize);
            assert!(film.fewest_ready() >= (n - unavailable) as usize);
            let living = film.pods.iter().filter(|pod| pod.deleted.is_infinite());
            let born: Vec<f64> = living.map(|pod| pod.created).collect();
            assert_eq!(born.len(), n as usize);
            assert!(born.iter().all(|born| *born > BEGIN + 25.0), "{born:?}");
        }
    }
}

/// `paused`: a new template makes no Pods.
#[test]
fn a_paused_deployment_keeps_its_pods() {
    let mut model = model(2, steps(1, 0));
    model.workload_mut().is_paused = true;
    for film in films(&model, 3) {
        assert_eq!((film.pods.len(), film.began.len()), (2, 0));
    }
}

/// No fault strikes a surge Pod before it takes a slot, whose clocks go on: with surges the faults are those without rollouts.
#[test]
fn faults_are_those_of_slots_whatever_surges_there_are() {
    let strikes = |every: Option<f64>, strategy| -> Vec<(usize, f64)> {
        let mut model = model(3, strategy);
        model.horizon = secs(20_000.0);
        // Its Pods are on one Node, each of which is as good as another.
        model.faults = vec![fault("pause", HANG, exponential(900.0), Some(fixed(1.0)))].into();
        if let Some(every) = every {
            model.faults.push(fault("rollout", ROLLOUT, exponential(every), None));
        }
        let log: Log = watch::play(&model, 3, 1, 20_000.0);
        log.entries.iter().filter(|e| struck(&e.what)).map(|e| (e.slot, e.at)).collect()
    };
    let without = strikes(None, steps(1, 0));
    assert!(without.len() > 40);
    for strategy in [steps(1, 0), steps(3, 0)] {
        let with = strikes(Some(300.0), strategy);
        assert_eq!(with.len(), without.len(), "{strategy:?}");
        assert!(with.iter().all(|(slot, _)| *slot < 3), "slots only");
    }
}

/// Downtime without surge is the rollout's; with surge there is none.
#[test]
fn a_rollout_is_charged_with_the_slots_that_it_takes() {
    for (strategy, is_down) in [(steps(0, 1), true), (Strategy::Recreate, true), (steps(1, 0), false)] {
        let mut model = model(2, strategy);
        model.workload_mut().min_serving = 2;
        for outcome in played(&model) {
            assert_eq!(downtime(&outcome) > 0.0, is_down, "{strategy:?}");
            assert!(near(charged(&outcome, 0), downtime(&outcome)), "{strategy:?}");
        }
    }
}

/// A zone that is lost in the middle is charged with what it costs, also where the rollout takes the Pods that it has lost.
#[test]
fn a_zone_lost_in_the_middle_is_the_zones() {
    let mut seen = 0;
    for zone in 0..3 {
        let mut model = model(3, steps(1, 0));
        model.workload_mut().min_serving = 3;
        model.workload_mut().min_ready = secs(30.0);
        let zone = [ScriptTarget::Zone(ZoneId::new(zone))];
        model.faults.push(scripted("zone", fixed(BEGIN + 20.0), &zone, Strikes::Zone(NodeMode::Crash), Some(2000.0)));
        for outcome in played(&model) {
            assert!(downtime(&outcome) > 0.0);
            assert!(near(charged(&outcome, 1), downtime(&outcome)), "{} {}", charged(&outcome, 0), downtime(&outcome));
            seen += 1;
        }
    }
    assert_eq!(seen, 60);
}

/// C14: a new image is pulled once by each Node; where another field has changed, none is.
#[test]
fn c14_each_node_pulls_a_new_image_once() {
    for new_image in [true, false] {
        let mut model = model(6, steps(1, 0));
        model.cluster.latencies.image_pull = fixed(7.0);
        model.workload_mut().pod.main_mut().image_pull = ImagePull::IfNotPresent;
        let strikes = Strikes::Rollout { new_image };
        model.faults = vec![begin("one", BEGIN, 0, strikes), begin("two", BEGIN + 600.0, 0, strikes)].into();
        for film in films(&model, 10) {
            assert_eq!(film.ended.len(), 2);
            for (from, to) in [(BEGIN, BEGIN + 600.0), (BEGIN + 600.0, f64::INFINITY)] {
                let new: Vec<&Life> = film.pods.iter().filter(|pod| pod.created > from && pod.created < to).collect();
                assert_eq!(new.len(), 6);
                let is_pulled = |pod: &&&Life| pod.started.is_some_and(|started| started - pod.began > 7.0);
                let mut pulled: Vec<Option<NodeId>> = new.iter().filter(is_pulled).map(|pod| pod.node).collect();
                let pulls = pulled.len();
                pulled.sort();
                pulled.dedup();
                let mut used: Vec<Option<NodeId>> = new.iter().map(|pod| pod.node).collect();
                used.sort();
                used.dedup();
                let expected = if new_image { used.len() } else { 0 };
                assert_eq!((pulls, pulled.len()), (expected, expected));
            }
        }
    }
}

/// Of several Deployments the one that is named rolls out.
#[test]
fn only_the_deployment_that_is_named_rolls_out() {
    let mut model = model(2, steps(1, 0));
    let own = model.workload().clone();
    model.workloads = common::side_by_side([common::named("a", own.clone()), common::named("b", own)]);
    model.faults = vec![begin("rollout", BEGIN, 1, ROLLOUT)].into();
    for film in films(&model, 5) {
        assert_eq!(film.later().count(), 2);
        let whose = |pod: &Life| model.owner_of(pod.slot).0.index();
        assert!(film.later().all(|pod| whose(pod) == 1));
        assert!(film.old().all(|pod| (whose(pod) == 1) == pod.deleted.is_finite()));
    }
}

/// Closed form: Recreate of one replica without probes costs, each time, the termination (0.3 s), the creation and start of the
/// container (0.3 s), the start of the application (10 s), and five hops of 10 ms between the exit and that start: the status, the
/// two controllers, the binding and the first sync. A rollout a day comes 365 times a year on average.
#[test]
fn closed_form_of_a_year_of_recreations() {
    let mut model = model(1, Strategy::Recreate);
    model.workload_mut().pod.main_mut().readiness = None;
    model.horizon = hasim::model::YEAR;
    model.faults = vec![fault("rollout", ROLLOUT, exponential(days(1.0)), None)].into();
    let years: Vec<f64> = (0..500).map(|index| downtime(&replicate(&model, 3, index))).collect();
    let days = model.horizon.as_secs_f64() / 86_400.0;
    assert_mean("downtime a year", &years, days * (0.3 + 0.3 + 10.0 + 5.0 * 0.01), 1);
}

/// The Pods of each zone when the rollout is complete, the fullest first.
fn end_by_zone(model: &Model, film: &Film) -> Vec<usize> {
    let (ended, _) = film.ended[0];
    let zone = |pod: &Life| model.cluster.nodes[pod.node.unwrap()].zone.unwrap();
    let active: Vec<ZoneId> = film.pods.iter().filter(|pod| pod.is_active(ended)).map(zone).collect();
    let mut counts: Vec<usize> =
        model.cluster.zones.ids().map(|zone| active.iter().filter(|&&of| of == zone).count()).collect();
    counts.sort_by(|a, b| b.cmp(a));
    counts
}

/// S7b, R5: of three replicas over three zones with a surge of one, old and new Pods are counted together, and rollouts end
/// uneven; with `matchLabelKeys: [pod-template-hash]` none does.
#[test]
fn s7b_r5_revisions_spread_by_themselves() {
    let mut model = model(3, steps(1, 0));
    let ends = |model: &Model| films(model, 200).iter().map(|film| end_by_zone(model, film)).collect::<Vec<_>>();
    let uneven = ends(&model).iter().filter(|zones| **zones == [2, 1, 0]).count();
    // With ties that are decided by the order of the Nodes (S5a), nearly every first rollout.
    assert!(uneven > 150, "{uneven} of 200");
    model.workload_mut().pod.spread[0].by_revision = true;
    assert!(ends(&model).iter().all(|zones| *zones == [1, 1, 1]));
}

/// D2a: without a surge a rollout keeps Pods even, but for the few steps in which the scheduler still counts the Pod that has just
/// been deleted: 4 % of them, of which the last leaves its mark.
#[test]
fn d2a_a_deletion_that_the_scheduler_has_not_seen() {
    let model = model(3, steps(0, 1));
    let uneven = films(&model, 600).iter().filter(|film| end_by_zone(&model, film) != [1, 1, 1]).count();
    assert!((5..80).contains(&uneven), "{uneven} of 600");
}
