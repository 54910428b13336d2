//! Oracle: the fast mode against the one that plays every probe and every heartbeat (invariant 5).

use crate::common;
use hasim::cluster::{Happening, Mode, Observed, Observer, Watched, watch};
use hasim::experiment::{Outcome, Recorder, replicate, replicate_beside, trace};
use hasim::history::{Timeline, Who};
use hasim::ids::{NodeId, SlotId, WorkloadId, ZoneId};
use hasim::model::{
    Autoscaler, Behavior, Budget, Change, ContainerMode, ControlPlane, ControlPlaneMode, CpuTarget, CpuUsage,
    DeadNodes, Drainer, Limit, Model, NewNode, NodeMode, NodeUpgrade, OnTimeout, Part, Probe, Queue, ScalingMetric,
    ScalingPolicy, ScalingRules, ScriptTarget, SelectPolicy, Start, Strategy, Strikes, Traffic, UpgradeOrder,
};
use hasim::queueing::Clients;
use hasim::random::Law;
use hasim::study::Quantity;
use hasim::time::{Duration, SimTime};

/// Everything that an observer is told, in order, but for the log, in which probes that were skipped are told otherwise than
/// probes that were played: [`assert_same_trace`] compares that.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Log(Vec<(SimTime, Observed)>);

impl Observer for Log {
    fn hears_log(&self) -> bool {
        false
    }

    fn observe(&mut self, at: SimTime, what: &Observed) {
        if !matches!(what, Observed::Happened(_)) {
            self.0.push((at, what.clone()));
        }
    }
}

/// What is told and what is measured.
fn play(model: &Model, index: u64, mode: Mode) -> (Log, Outcome) {
    let mut log = Log::default();
    let (outcome, _) = replicate_beside(model, 7, index, mode, &mut log);
    (log, outcome)
}

/// All that is told and measured is what the judge tells and measures; the outcome.
fn assert_identical(model: &Model, index: u64) -> Outcome {
    let (fast, outcome) = play(model, index, Mode::Fast);
    let (slow, judged) = play(model, index, Mode::EveryProbe);
    if let Some(at) = (0..fast.0.len().max(slow.0.len())).find(|&i| fast.0.get(i) != slow.0.get(i)) {
        let before = &fast.0[at.saturating_sub(8)..at];
        panic!(
            "replication {index} differs at entry {at}:\nbefore {before:#?}\nfast {:?}\nslow {:?}",
            fast.0.get(at),
            slow.0.get(at)
        );
    }
    assert!(fast.0.len() > 100, "too little happened to prove anything");
    outcome.assert_consistent();
    assert!(outcome == judged, "replication {index} is measured otherwise");
    outcome
}

/// The same, and so is the trace.
fn judged(model: &Model, index: u64) -> Outcome {
    assert_same_trace(model, index);
    assert_identical(model, index)
}

#[test]
fn the_fast_mode_equals_the_judge_to_the_nanosecond() {
    let model = common::storms::stormy_reference();
    for index in 0..10 {
        assert_identical(&model, index);
    }
}

#[test]
fn the_same_with_a_startup_probe_and_other_thresholds() {
    let mut model = common::storms::stormy_reference();
    model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
    model.workload_mut().pod.main_mut().readiness.as_mut().unwrap().success_threshold = 3;
    for index in 0..10 {
        assert_identical(&model, index);
    }
}

/// K1 to K19: with an init container, a sidecar and two containers, each of which is struck, met running and started afresh.
#[test]
fn the_same_with_several_containers() {
    let mut model = common::storms::crowded_reference();
    for index in 0..12 {
        model.start = if index % 3 == 0 { Start::Fresh } else { Start::Running };
        model.on_call = (index % 2 == 0).then(common::storms::on_call);
        assert_identical(&model, index);
    }
}

/// Three Deployments side by side: all that an observer hears, and what is measured of the system and of each.
#[test]
fn the_same_with_several_deployments() {
    let mut model = common::storms::several_reference();
    model.horizon = common::secs(10.0 * 86_400.0);
    for index in 0..8 {
        model.start = if index % 3 == 0 { Start::Fresh } else { Start::Running };
        model.on_call = (index % 2 == 0).then(common::storms::on_call);
        let outcome = assert_identical(&model, index);
        outcome.workloads().iter().for_each(Outcome::assert_consistent);
        assert_eq!(outcome.workloads().len(), 3);
    }
}

/// Requests by the hour, which two Pods can take at most hours and one at few: what is measured of them does not hang on the steps.
#[test]
fn the_same_where_requests_come_by_the_hour() {
    let mut model = common::storms::stormy_reference();
    model.traffic = Traffic::by_the_hour(100.0, std::array::from_fn(|hour| 1.0 + (hour % 24) as f64));
    model.app_mut().capacity = Some(70.0);
    for index in 0..6 {
        let outcome = assert_identical(&model, index);
        assert!(outcome.counted(Quantity::ShedRequests) > 0);
    }
    let mut model = common::storms::several_reference();
    model.traffic = Traffic::by_the_hour(100.0, std::array::from_fn(|hour| 1.0 + (hour % 24) as f64));
    model.workloads.iter_mut().for_each(|workload| workload.pod.main_mut().app.capacity = Some(70.0));
    model.horizon = common::secs(10.0 * 86_400.0);
    for index in 0..3 {
        assert_identical(&model, index);
    }
}

/// Requests that wait, whose clients give up and try again: through rest, overload and what stays of it, the same whatever the steps.
#[test]
fn the_same_where_requests_wait() {
    let clients = [
        Clients { timeout: Some(1.0), tries: 1, retry_budget: None },
        Clients { timeout: Some(0.5), tries: 3, retry_budget: None },
        Clients { timeout: Some(2.0), tries: 4, retry_budget: Some(0.2) },
        // So long that at most hours nothing at all is late.
        Clients { timeout: Some(20.0), tries: 3, retry_budget: None },
    ];
    let limits = [None, Some(200), Some(15), Some(0)];
    for index in 0..12 {
        let mut model =
            if index < 8 { common::storms::stormy_reference() } else { common::storms::several_reference() };
        let hours = std::array::from_fn(|hour| 1.0 + (hour % 24) as f64);
        let traffic = if index % 3 == 2 { Traffic::in_ramps(60.0, hours) } else { Traffic::by_the_hour(60.0, hours) };
        model.traffic = traffic.map(|traffic| traffic.from_clients(clients[index as usize % 4]));
        for (number, workload) in model.workloads.iter_mut().enumerate() {
            let app = &mut workload.pod.main_mut().app;
            app.capacity = Some(70.0);
            app.queue = Some(Queue { workers: 5, limit: limits[(index as usize + number) % 4], delays_probes: false });
        }
        model.horizon = model.horizon.min(common::secs(20.0 * 86_400.0));
        let outcome = assert_identical(&model, index);
        outcome.assert_consistent();
        let [failed, shed, late] = [Quantity::FailedRequests, Quantity::ShedRequests, Quantity::LateRequests]
            .map(|quantity| outcome.counted(quantity));
        assert!(failed >= shed && shed >= late && shed > 0, "{failed} {shed} {late}");
    }
}

/// H1 to H18: replicas that follow the load, by every kind of metric, with and without `behavior`, amid everything else that strikes or is
/// done: passes that are skipped change nothing.
#[test]
fn the_same_with_an_autoscaler() {
    for index in 0..12 {
        let model = autoscaled(index);
        let outcome = assert_identical(&model, index);
        assert!(outcome.counted(Quantity::ShedRequests) > 0);
        assert_same_trace(&model, index);
    }
}

/// What scales by the load, each time otherwise.
fn autoscaled(index: u64) -> Model {
    let mut model = match index % 4 {
        0 | 1 => common::storms::stormy_reference(),
        2 => common::storms::changing_reference(),
        _ => common::storms::several_reference(),
    };
    // By the hour four times as much and back within a day; on some days by the minute.
    let hours = std::array::from_fn(|hour| 1.0 + 3.0 * f64::from((hour % 24) as u32 * 7 % 24) / 24.0);
    model.traffic =
        if index.is_multiple_of(3) { Traffic::in_ramps(200.0, hours) } else { Traffic::by_the_hour(200.0, hours) };
    let usage = CpuUsage { idle: 7.0, busy: 330.0, capacity: 70.0 };
    let metrics = [
        ScalingMetric::Cpu { target: CpuTarget::Utilization { percent: 70, request: 250 }, usage },
        ScalingMetric::RequestsPerPod { thousandths: 40_000 },
        ScalingMetric::RequestsPerReplica { thousandths: 35_000 },
        ScalingMetric::Cpu { target: CpuTarget::Average { millis: 200 }, usage },
        ScalingMetric::Requests { thousandths: 300_000 },
    ];
    let slow = |percent, window: f64| ScalingRules {
        window: common::secs(window),
        policies: vec![ScalingPolicy { change: Change::Percent(percent), period: common::secs(120.0) }],
        select: SelectPolicy::Min,
    };
    let behaviors = [None, Some(Behavior::usual()), Some(Behavior { up: slow(50, 45.0), down: slow(20, 600.0) })];
    for (number, workload) in model.workloads.iter_mut().enumerate() {
        workload.pod.main_mut().app.capacity = Some(70.0);
        let number = index as usize + number;
        let both = [metrics[number % 5], metrics[(number / 5) % 4]];
        workload.autoscaler = Some(Autoscaler {
            min: 2,
            max: 9,
            metrics: both[..=(number % 2)].to_vec(),
            tolerance: [Autoscaler::TOLERANCE, (0.02, 0.2)][number % 2],
            behavior: behaviors[number % 3].clone(),
            reset_to: (number % 4 == 1).then_some(2),
        });
    }
    model.faults.extend(common::storms::releases(14_400.0, false));
    model.faults.extend(common::storms::outages_of_the_control_plane());
    // By hand to nothing, and back.
    let to_nothing = Strikes::Scale { to: 0 };
    let (every, lasts) = (common::exponential(43_200.0), common::exponential(1_200.0));
    model.faults.push(common::fault("scale", to_nothing, every, Some(lasts)));
    model.horizon = common::secs(3.0 * 86_400.0);
    model
}

/// D1 to D11: a new revision every two hours, by every strategy, amid everything else that strikes; with and without a new image,
/// and with `minReadySeconds`.
#[test]
fn the_same_with_rollouts() {
    let steps = |surge, unavailable| Strategy::RollingUpdate {
        max_surge: Part::Number(surge),
        max_unavailable: Part::Number(unavailable),
    };
    let strategies = [Strategy::USUAL, steps(1, 0), steps(0, 1), steps(2, 2), Strategy::Recreate];
    for (index, strategy) in (0..10).zip(strategies.into_iter().cycle()) {
        let several = index % 5 == 3;
        let mut model = if several { common::storms::several_reference() } else { common::storms::stormy_reference() };
        model.start = if index % 3 == 0 { Start::Fresh } else { Start::Running };
        model.on_call = (index % 2 == 0).then(common::storms::on_call);
        for workload in &mut model.workloads {
            workload.replicas += 1 + index as u32 % 2;
            workload.strategy = strategy;
            workload.min_ready = common::secs([0.0, 15.0][index as usize / 5]);
        }
        model.faults.extend(common::storms::releases(7200.0, index % 2 == 0));
        model.horizon = common::secs(3.0 * 86_400.0);
        judged(&model, index);
    }
}

/// V1 to V14: a Node is drained every other hour, by turns or by name, with and without a timeout, under budgets of every kind, amid
/// rollouts and everything else that strikes: refusals and looks that are skipped change nothing.
#[test]
fn the_same_with_drains() {
    let limits = [
        Limit::MaxUnavailable(Part::Number(1)),
        Limit::MinAvailable(Part::Number(2)),
        Limit::MinAvailable(Part::Percent(60)),
        Limit::Nothing,
        Limit::MaxUnavailable(Part::Percent(100)),
    ];
    for (index, limit) in (0..10).zip(limits.into_iter().cycle()) {
        let several = index % 5 == 3;
        let mut model = if several { common::storms::several_reference() } else { common::storms::stormy_reference() };
        model.start = if index % 3 == 0 { Start::Fresh } else { Start::Running };
        model.on_call = (index % 2 == 0).then(common::storms::on_call);
        for workload in &mut model.workloads {
            workload.replicas += 1 + index as u32 % 2;
        }
        let selects = |first: bool| model.workloads.ids().map(|id| first || id.index() > 0).collect();
        let budget = |name: &str, first| Budget {
            name: name.to_owned(),
            selects: selects(first),
            limit,
            always_allows_unhealthy: index % 2 == 1,
        };
        // Of several Deployments the later ones have two in one of the replications.
        let budgets = [budget("all", true), budget("others", false)];
        model.budgets = budgets.into_iter().take(if index == 8 { 2 } else { 1 }).collect();
        let drain = |node: Option<usize>, timeout: Option<f64>| Strikes::Drain {
            node: node.map(NodeId::new),
            timeout: timeout.map(common::secs),
        };
        let timeout = [None, Some(900.0), Some(33.3)][index as usize % 3];
        let uncordon = |mean| Some(common::exponential(mean));
        model.faults.push(common::fault(
            "by-turns",
            drain(None, timeout),
            common::exponential(7200.0),
            uncordon(600.0),
        ));
        model.faults.push(common::fault("named", drain(Some(1), None), common::exponential(20_000.0), uncordon(60.0)));
        let rollout = Strikes::Rollout { new_image: false };
        model.faults.push(common::fault("rollout", rollout, common::exponential(30_000.0), None));
        model.horizon = common::secs(3.0 * 86_400.0);
        let outcome = judged(&model, index);
        assert!(outcome.operations()[0].begun() > 10, "drains by turns");
    }
}

/// V5 to V24: all Nodes get new machines several times a week, in place or with a surge, forced or not, under budgets of every kind,
/// amid drains, rollouts, outages of the API server and everything else that strikes.
#[test]
fn the_same_with_upgrades() {
    let orders = [UpgradeOrder::Random, UpgradeOrder::Zones, UpgradeOrder::Listed];
    let ends = [OnTimeout::Force, OnTimeout::Fail, OnTimeout::Skip];
    let limits = [Limit::MaxUnavailable(Part::Number(1)), Limit::MinAvailable(Part::Number(2)), Limit::Nothing];
    for index in 0..12 {
        let of = |choices: usize| index as usize % choices;
        let several = of(5) == 3;
        let mut model = if several { common::storms::several_reference() } else { common::storms::stormy_reference() };
        model.start = if of(3) == 0 { Start::Fresh } else { Start::Running };
        model.on_call = (of(2) == 0).then(common::storms::on_call);
        if of(4) == 1 {
            model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: common::exponential(900.0) });
        }
        let selects = model.workloads.ids().map(|_| true).collect();
        let (name, limit) = ("all".to_owned(), limits[of(3)]);
        model.budgets = vec![Budget { name, selects, limit, always_allows_unhealthy: false }].into();
        let plan = NodeUpgrade {
            surge: [0, 1, 2][of(3)],
            at_once: [1, 2][of(2)],
            order: orders[of(3)],
            cordons_all: of(4) == 2,
            soak: common::secs([0.0, 40.0][of(2)]),
            drainer: [Drainer::Kubectl, Drainer::Karpenter][of(2)],
            drain_timeout: (of(6) != 4).then(|| common::secs(600.0)),
            on_timeout: ends[(index as usize / 2) % 3],
            frees_failed: of(2) == 1,
        };
        common::add_spares(&mut model, plan.surge as usize);
        let takes = Some(Law::lognormal_with_p95(120.0, 400.0).unwrap());
        model.faults.push(common::fault("upgrade", Strikes::UpgradeNodes(plan), common::exponential(40_000.0), takes));
        add_drains_rollouts_and_outages(&mut model);
        model.horizon = common::secs(3.0 * 86_400.0);
        let outcome = judged(&model, index);
        assert!(outcome.operations()[0].begun() > 0, "upgrades begin");
    }
}

/// D6, D10, D13–D16, D18: replicas come and go by hand amid rollouts, drains and everything else that strikes.
#[test]
fn the_same_with_scalings() {
    for index in 0..20 {
        let mut model = match index % 5 {
            1 => common::storms::changing_reference(),
            3 => common::storms::several_reference(),
            _ => common::storms::stormy_reference(),
        };
        model.start = if index % 3 == 0 { Start::Fresh } else { Start::Running };
        model.on_call = (index % 2 == 0).then(common::storms::on_call);
        if index % 4 == 1 {
            model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: common::exponential(300.0) });
        }
        let first = model.workload_mut();
        first.min_ready = common::secs(if index % 2 == 0 { 0.0 } else { 20.0 });
        if index % 4 == 2 {
            first.strategy = Strategy::Recreate;
        }
        let scale = |name: &str, to: u32, every: f64, back: f64| {
            common::fault(name, Strikes::Scale { to }, common::exponential(every), Some(common::exponential(back)))
        };
        let rollout = Strikes::Rollout { new_image: false };
        model.faults.extend([
            common::fault("deploy", rollout, common::exponential(6_000.0), None),
            scale("up", 7, 8_000.0, 1_500.0),
            scale("far-up", 12, 20_000.0, 600.0),
            scale("down", 1, 10_000.0, 900.0),
            scale("off", 0, 40_000.0, 300.0),
        ]);
        model.horizon = common::secs(2.5 * 86_400.0);
        judged(&model, index);
    }
}

/// V6, V21 to V24: Nodes are reclaimed one by one and in bursts, with every handler, expire and are consolidated, under budgets of every
/// kind, amid upgrades, drains, rollouts, outages of the API server and everything else that strikes.
#[test]
fn the_same_with_withdrawals() {
    let limits = [Limit::MaxUnavailable(Part::Number(1)), Limit::MinAvailable(Part::Number(2)), Limit::Nothing];
    for index in 0..12 {
        let of = |choices: usize| index as usize % choices;
        let several = of(5) == 3;
        let mut model = if several { common::storms::several_reference() } else { common::storms::stormy_reference() };
        model.start = if of(3) == 0 { Start::Fresh } else { Start::Running };
        model.on_call = (of(2) == 0).then(common::storms::on_call);
        if of(4) == 1 {
            model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: common::exponential(900.0) });
        }
        for workload in &mut model.workloads {
            workload.pod.termination_grace = common::secs([30.0, 5.0, 200.0][of(3)]);
        }
        let selects = model.workloads.ids().map(|_| true).collect();
        let (name, limit) = ("all".to_owned(), limits[of(3)]);
        model.budgets = vec![Budget { name, selects, limit, always_allows_unhealthy: false }].into();
        common::add_spares(&mut model, [1, 2, 3][of(3)]);
        let within = common::secs([600.0, 100.0][of(2)]);
        model.faults.extend(common::storms::withdrawals(within));
        let plan = NodeUpgrade {
            surge: [0, 1][of(2)],
            at_once: 1,
            order: UpgradeOrder::Random,
            cordons_all: of(4) == 2,
            soak: common::secs(40.0),
            drainer: Drainer::Kubectl,
            drain_timeout: Some(common::secs(600.0)),
            on_timeout: [OnTimeout::Force, OnTimeout::Skip][of(2)],
            frees_failed: of(2) == 1,
        };
        let takes = Some(Law::lognormal_with_p95(120.0, 400.0).unwrap());
        model.faults.push(common::fault("upgrade", Strikes::UpgradeNodes(plan), common::exponential(80_000.0), takes));
        add_drains_rollouts_and_outages(&mut model);
        model.horizon = common::secs(3.0 * 86_400.0);
        let outcome = judged(&model, index);
        assert!(outcome.operations()[..7].iter().filter(|one| one.begun() > 0).count() > 4, "Nodes are withdrawn");
    }
}

/// N17, N17a: each part of the control plane is away several times a day, for seconds to hours, amid everything else that strikes,
/// rollouts and drains.
#[test]
fn the_same_with_outages_of_the_control_plane() {
    for index in 0..10 {
        let mut model =
            if index % 5 == 3 { common::storms::several_reference() } else { common::storms::stormy_reference() };
        model.start = if index % 3 == 0 { Start::Fresh } else { Start::Running };
        model.on_call = (index % 2 == 0).then(common::storms::on_call);
        if index % 4 == 1 {
            model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: common::exponential(300.0) });
        }
        model.faults.extend(common::storms::outages_of_the_control_plane());
        let rollout = Strikes::Rollout { new_image: false };
        model.faults.push(common::fault("rollout", rollout, common::exponential(20_000.0), None));
        let drain = Strikes::Drain { node: None, timeout: Some(common::secs(900.0)) };
        model.faults.push(common::fault(
            "drain",
            drain,
            common::exponential(10_000.0),
            Some(common::exponential(300.0)),
        ));
        model.horizon = common::secs(3.0 * 86_400.0);
        judged(&model, index);
    }
}

/// Hangs last until somebody deletes the Pod: while other faults come and go.
#[test]
fn the_same_with_somebody_on_call() {
    let mut model = common::storms::stormy_reference();
    model.workload_mut().pod.main_mut().liveness = None;
    model.on_call = Some(common::storms::on_call());
    for index in 0..6 {
        assert_identical(&model, index);
    }
    model.workload_mut().pod.main_mut().readiness = None;
    for index in 6..12 {
        assert_identical(&model, index);
    }
}

#[test]
fn the_same_where_the_controller_evicts_without_taints() {
    let mut model = common::storms::stormy_reference();
    model.cluster.control_plane = ControlPlane::legacy();
    for index in 0..4 {
        assert_identical(&model, index);
    }
}

/// With a preStop hook, with and without a liveness probe, and an outage from the first or the second Pod that is missing.
#[test]
fn the_same_with_a_slow_stop() {
    let mut model = common::storms::stormy_reference();
    model.workload_mut().pod.main_mut().pre_stop_sleep = common::secs(7.0);
    for index in 0..6 {
        model.workload_mut().min_serving = 1 + (index % 2) as u32;
        model.workload_mut().pod.main_mut().liveness = (index % 3 > 0).then(|| common::probe(4));
        model.on_call = Some(common::storms::on_call());
        assert_identical(&model, index);
    }
}

/// P15: the initial value of a probe whose attempts all end in errors stays, whichever of the three it is.
#[test]
fn the_same_with_a_probe_that_always_errs() {
    let errs = Some(Probe { always_errs: true, ..common::probe(3) });
    for (kind, start) in (0..3).flat_map(|kind| [(kind, Start::Running), (kind, Start::Fresh)]) {
        let mut model = Model { start, ..common::storms::stormy_reference() };
        let main = model.workload_mut().pod.main_mut();
        *[&mut main.liveness, &mut main.readiness, &mut main.startup][kind] = errs;
        for index in 0..3 {
            assert_identical(&model, index);
        }
    }
}

/// Every mode and every kind of target by script, so densely that strikes meet on one target.
fn scripted() -> Model {
    let mut model = common::reference();
    common::redeploy(&mut model, 3, 3, 2, false);
    let slots: Vec<ScriptTarget> = (0..3).map(|slot| ScriptTarget::Slot(SlotId::new(slot))).collect();
    let holders: Vec<ScriptTarget> = (0..3).map(|slot| ScriptTarget::NodeOf(SlotId::new(slot))).collect();
    let nodes: Vec<ScriptTarget> = (0..6).map(|node| ScriptTarget::Node(NodeId::new(node))).collect();
    let zone = [ScriptTarget::Zone(ZoneId::new(0))];
    let all = [ScriptTarget::Deployment(WorkloadId::new(0))];
    let within = |secs| Law::uniform(0.0, secs).unwrap();
    let script = |name: &str, targets: &[ScriptTarget], strikes, lasts| {
        common::scripted(name, within(3000.0), targets, strikes, lasts)
    };
    let node = Strikes::Node;
    model.faults = vec![
        script("crash", &slots, common::CRASH, None),
        script("crash-again", &slots, common::CRASH, None),
        script("hang", &slots, common::HANG, Some(300.0)),
        script("hang-for-good", &slots, common::HANG, None),
        script("error", &slots, common::ERROR, Some(60.0)),
        script("sandbox", &slots, common::SANDBOX, None),
        script("delete", &slots, common::DELETION, None),
        script("dependency", &all, Strikes::Deployment(ContainerMode::Sandbox), None),
        script("node-crash", &holders, common::CRASH_NODE, Some(400.0)),
        script("kubelet", &nodes, common::KUBELET, Some(20.0)),
        script("kubelet-again", &holders, common::KUBELET, Some(600.0)),
        script("partition", &holders, node(NodeMode::Partition), Some(100.0)),
        script("isolation", &nodes[..2], node(NodeMode::Isolation), Some(500.0)),
        script("zone-crash", &zone, Strikes::Zone(NodeMode::Crash), Some(300.0)),
        script("zone-kubelet", &zone, Strikes::Zone(NodeMode::Kubelet), Some(900.0)),
    ]
    .into();
    model.horizon = common::secs(6000.0);
    model.warm_up = common::secs(100.0);
    model
}

#[test]
fn the_same_with_a_script_whose_strikes_meet() {
    let mut model = scripted();
    for index in 0..60 {
        assert_identical(&model, index);
    }
    model.start = Start::Fresh;
    model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
    for index in 60..120 {
        assert_identical(&model, index);
    }
}

/// N3: a new machine joins, which is a heartbeat, and falls silent before it has renewed its lease: what the old machine at its place
/// did last does not count.
#[test]
fn the_same_where_a_new_machine_falls_silent_at_once() {
    let mut model = common::storms::changing_reference();
    model.warm_up = Duration::ZERO;
    model.horizon = common::secs(86_400.0);
    let played = timeline(&model, 0, Mode::Fast);
    let joins: Vec<SimTime> = played
        .each_between(SimTime::ZERO, SimTime::ZERO + model.horizon)
        .into_iter()
        .filter(|entry| matches!(entry.what, Happening::NodeJoined { .. }))
        .map(|entry| entry.at)
        .collect();
    assert!(joins.len() >= 6, "{}", joins.len());
    for (number, joined) in joins.into_iter().take(6).enumerate() {
        let mut model = model.clone();
        let at = joined + common::secs(0.3);
        let nodes: Vec<ScriptTarget> = model.cluster.nodes.ids().map(ScriptTarget::Node).collect();
        let strikes = Strikes::Node([NodeMode::Crash, NodeMode::Partition][number % 2]);
        model.faults.push(common::scripted("at-once", common::fixed(at.as_secs_f64()), &nodes, strikes, Some(900.0)));
        model.horizon = common::secs(at.as_secs_f64() + 1_200.0);
        assert_same_trace(&model, 0);
    }
}

fn timeline(model: &Model, index: u64, mode: Mode) -> Timeline {
    let end = SimTime::ZERO + model.horizon;
    watch(model, 11, index, mode, end, Recorder::default()).finish(model, end)
}

/// What happened, probes that were skipped filled in.
fn filled_in(timeline: &Timeline, from: SimTime, to: SimTime) -> Vec<(SimTime, Who, Happening)> {
    let entries = timeline.each_between(from, to);
    assert!(entries.is_sorted_by_key(|entry| entry.at));
    let mut entries: Vec<_> = entries.into_iter().map(|entry| (entry.at, entry.who, entry.what)).collect();
    // What happens in one and the same nanosecond has no order between independent things.
    entries.sort_unstable();
    entries
}

/// Compares the traces; how many probes and other happenings they have.
fn assert_same_trace(model: &Model, index: u64) -> (usize, usize) {
    let (fast, slow) = (timeline(model, index, Mode::Fast), timeline(model, index, Mode::EveryProbe));
    assert_eq!((&fast.pods, &fast.outages, &fast.rollouts), (&slow.pods, &slow.outages, &slow.rollouts));
    let end = SimTime::ZERO + model.horizon;
    let whole = filled_in(&fast, SimTime::ZERO, end);
    let judge = filled_in(&slow, SimTime::ZERO, end);
    if let Some(at) = (0..whole.len().max(judge.len())).find(|&i| whole.get(i) != judge.get(i)) {
        let before = &whole[at.saturating_sub(12)..at];
        panic!(
            "replication {index} differs at happening {at}:\nbefore {before:#?}\nfast {:?}\nslow {:?}",
            whole.get(at),
            judge.get(at)
        );
    }
    // Excerpts add up to the whole, wherever they are cut.
    let cuts = [0, 3_600, 86_400, 86_401, 400_000].map(|s| SimTime::ZERO + Duration::from_secs(s));
    let cuts: Vec<SimTime> = cuts.into_iter().filter(|&cut| cut < end).collect();
    let ends = cuts[1..].iter().copied().chain([end]);
    let pieces: Vec<_> = cuts.iter().zip(ends).flat_map(|(&from, to)| filled_in(&fast, from, to)).collect();
    assert!(pieces == whole, "an excerpt is not a part of the whole");
    let probes = judge.iter().filter(|(.., what)| matches!(what, Happening::ProbeSent { .. })).count();
    (probes, judge.len() - 2 * probes)
}

#[test]
fn the_trace_of_the_fast_mode_with_its_skipped_probes_equals_that_of_the_judge() {
    let mut model = common::storms::stormy_reference();
    model.horizon = Duration::from_secs(10 * 86_400);
    let enough = |(probes, others): (usize, usize)| probes > 100_000 && others > 3_000;
    for index in 0..5 {
        assert!(enough(assert_same_trace(&model, index)), "too little happened to prove anything");
    }
    model.workload_mut().pod.main_mut().startup = Some(common::probe(4));
    model.workload_mut().pod.main_mut().readiness.as_mut().unwrap().success_threshold = 3;
    for index in 0..5 {
        assert!(enough(assert_same_trace(&model, index)), "too little happened to prove anything");
    }
}

#[test]
fn the_same_of_traces_of_a_script() {
    let model = scripted();
    let others: usize = (0..40).map(|index| assert_same_trace(&model, index).1).sum();
    assert!(others > 10_000, "too little happened to prove anything: {others}");
}

#[test]
fn a_trace_has_the_outages_that_results_count() {
    let model = common::storms::stormy_reference();
    for index in 0..20 {
        let timeline = trace(&model, 5, index).timeline;
        let ended = timeline.counted_outages().filter_map(|outage| Some(outage.ended?.since(outage.began).as_nanos()));
        assert_eq!(replicate(&model, 5, index).outage_lengths(), ended.collect::<Vec<_>>());
    }
}

/// Everything that is told, to somebody who hears the log and to somebody who does not, and the traces.
fn assert_equal_in_all(name: &str, model: &Model, index: u64) {
    let (fast, slow) = (play(model, index, Mode::Fast), play(model, index, Mode::EveryProbe));
    assert_eq!(fast, slow, "{name}, replication {index}");
    assert_same_trace(model, index);
}

/// Loops and hangs that nothing ends, for days.
#[test]
fn the_same_of_loops_and_of_hangs_that_nothing_ends() {
    for (name, mut model) in common::loops::loops().into_iter().chain(common::loops::hangs()) {
        model.horizon = common::secs(3.0 * 86_400.0);
        assert_equal_in_all(name, &model, 0);
    }
}

/// The same in weather that now and then wakes what is at rest: after minutes in storms, after days in fair weather; with and
/// without somebody on call.
#[test]
fn the_same_of_loops_and_hangs_in_all_weathers() {
    let storm = common::storms::stormy_reference().faults;
    let pause = common::fault("pause", common::HANG, common::exponential(common::days(2.0)), Some(common::fixed(5.0)));
    let blip =
        common::fault("blip", common::KUBELET, common::exponential(common::days(10.0)), Some(common::fixed(2.0)));
    for (name, model) in common::loops::loops().into_iter().chain(common::loops::hangs()) {
        let mut fair = model.clone();
        fair.horizon = common::secs(12.0 * 86_400.0);
        fair.faults.extend([pause.clone(), blip.clone()]);
        let mut stormy = model;
        stormy.horizon = common::secs(5.0 * 86_400.0);
        stormy.faults.extend(storm.clone());
        for (index, mut model) in [(0, fair), (1, stormy)] {
            let (fast, slow) = (play(&model, index, Mode::Fast), play(&model, index, Mode::EveryProbe));
            assert_eq!(fast, slow, "{name}, replication {index}");
            model.on_call = Some(common::storms::on_call());
            let (fast, slow) = (play(&model, index, Mode::Fast), play(&model, index, Mode::EveryProbe));
            assert_eq!(fast, slow, "{name}, with somebody on call, replication {index}");
        }
    }
}

/// Events in a year, and restarts.
fn count(model: &Model) -> (u64, u64) {
    let mut restarts = common::loops::Restarts::default();
    let mut replication = Watched::new(model, 7, 0, Mode::Fast, &mut restarts);
    let mut events = 0;
    while replication.step(SimTime::ZERO + model.horizon) {
        events += 1;
    }
    (events, restarts.0)
}

/// Rule (invariant 5): what cannot change anything costs nothing. A hang that nothing ends takes no events; a cycle of a loop
/// takes those of its kill, its start and what comes of them.
#[test]
fn a_hang_that_nothing_ends_takes_no_events_and_a_loop_few() {
    for (name, model) in common::loops::hangs() {
        let (events, restarts) = count(&model);
        assert!(restarts == 0 && events < 20, "{name}: {events} events");
    }
    for (name, mut model) in common::loops::loops() {
        model.horizon = common::secs(10.0 * 86_400.0);
        let (events, restarts) = count(&model);
        assert!(restarts > 2_000 && events < 25 * restarts, "{name}: {events} events for {restarts} restarts");
    }
}

/// The same, traces included, where a sync may take longer than a probe's period or than listings are apart, where probes
/// wait for long before they begin or end, and where a start takes as long as it likes.
#[test]
fn the_same_of_loops_and_hangs_with_slow_syncs_probes_and_starts() {
    let storm = common::storms::stormy_reference().faults;
    for (name, mut model) in common::loops::loops().into_iter().chain(common::loops::hangs()) {
        model.horizon = common::secs(86_400.0);
        model.faults.extend(storm.clone());
        let mut slow_syncs = model.clone();
        slow_syncs.cluster.latencies.sync = Law::uniform(0.0, 8.0).unwrap();
        let mut slow_probes = model.clone();
        if let Some(readiness) = &mut slow_probes.workload_mut().pod.main_mut().readiness {
            *readiness = Probe {
                initial_delay: common::secs(200.0),
                timeout: common::secs(12.0),
                success_threshold: 3,
                ..*readiness
            };
        }
        let mut slow_starts = model;
        slow_starts.app_mut().start_up = Law::uniform(1.0, 300.0).unwrap();
        slow_starts.app_mut().while_starting = hasim::model::WhileStarting::Accepts;
        for (index, model) in [(0, slow_syncs), (1, slow_probes), (2, slow_starts)] {
            assert_equal_in_all(name, &model, index);
        }
    }
}

/// What else is done to the Nodes and the Deployment, while the API server goes away now and then.
fn add_drains_rollouts_and_outages(model: &mut Model) {
    let drain = Strikes::Drain { node: None, timeout: Some(common::secs(900.0)) };
    let uncordon = Some(common::exponential(300.0));
    let rollout = Strikes::Rollout { new_image: true };
    let away = Strikes::ControlPlane(ControlPlaneMode::ApiServer);
    let lasts = Some(Law::lognormal_with_p95(15.0, 900.0).unwrap());
    model.faults.extend([
        common::fault("drain", drain, common::exponential(15_000.0), uncordon),
        common::fault("rollout", rollout, common::exponential(30_000.0), None),
        common::fault("api-server", away, common::exponential(30_000.0), lasts),
    ]);
}
