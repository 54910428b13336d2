//! Rules of single Nodes that are withdrawn (V6, V21, V21a, V23, V24, N4, N15, D7, D8), in the bare model, where what is right is known
//! beforehand.

use crate::common::film::Film;
use crate::common::stats::{assert_mean, z};
use crate::common::{self, CRASH_NODE, fault, fixed, near, scripted, secs};
use hasim::cluster::{Cause, Exit, Happening};
use hasim::experiment::{Outcome, replicate};
use hasim::ids::{FaultId, NodeId, ZoneId};
use hasim::model::{
    Budget, ControlPlaneMode, DeadNodes, Drainer, Handler, Limit, Model, NewNode, NodeUpgrade, NodeWithdrawal,
    OnSigterm, OnTimeout, Part, Replacement, ScriptTarget, Strikes, UpgradeOrder, WithdrawalReason, WithdrawalScope,
};
use hasim::study::Quantity;
use hasim::time::Duration;

const BEGIN: f64 = 100.0;
/// A request of a drain in the bare model.
const REQUEST: f64 = 0.02;
const TAKES: f64 = 200.0;
const NOTICE: f64 = 120.0;
const IT: FaultId = FaultId::new(0);

/// A spot instance that nobody looks after.
const UNHANDLED: NodeWithdrawal = NodeWithdrawal {
    reason: WithdrawalReason::Reclaim,
    scope: WithdrawalScope::Node,
    notice: Some(Duration::from_secs(120)),
    handler: Handler::None,
    replacement: Replacement::AtEnd,
    drainer: Drainer::Kubectl,
};
const DRAINED: NodeWithdrawal = NodeWithdrawal { handler: Handler::Evict, ..UNHANDLED };
const SHUT_DOWN: NodeWithdrawal = NodeWithdrawal {
    notice: Some(Duration::from_secs(30)),
    handler: Handler::Shutdown { pod_grace: Duration::from_secs(15) },
    ..UNHANDLED
};
/// Karpenter's, without a terminationGracePeriod.
const EXPIRED: NodeWithdrawal = NodeWithdrawal {
    reason: WithdrawalReason::Expiry,
    notice: None,
    replacement: Replacement::AtNotice,
    drainer: Drainer::Karpenter,
    ..DRAINED
};
const CONSOLIDATED: NodeWithdrawal = NodeWithdrawal {
    reason: WithdrawalReason::Consolidation,
    scope: WithdrawalScope::Cluster { at_once: 1 },
    replacement: Replacement::First,
    ..EXPIRED
};

/// Three replicas on three Nodes, of which the first is withdrawn after a while.
fn withdrawn(plan: NodeWithdrawal) -> Model {
    let mut model = common::bare(3);
    let main = model.workload_mut().pod.main_mut();
    (main.liveness, main.readiness) = (None, None);
    model.horizon = secs(2_000.0);
    model.window = model.horizon;
    let target = match plan.scope {
        WithdrawalScope::Node => ScriptTarget::Node(NodeId::new(0)),
        WithdrawalScope::Zone { .. } => ScriptTarget::Zone(ZoneId::new(0)),
        WithdrawalScope::Cluster { .. } => ScriptTarget::Cluster,
    };
    model.faults = vec![scripted("it", fixed(BEGIN), &[target], Strikes::WithdrawNode(plan), Some(TAKES))].into();
    if plan.replacement.stands_beside() {
        common::add_spares(&mut model, 1);
    }
    model
}

fn blocked(mut model: Model) -> Model {
    let limit = Limit::MinAvailable(Part::Number(3));
    let budget = Budget { name: "budget".into(), selects: vec![true].into(), limit, always_allows_unhealthy: false };
    model.budgets = vec![budget].into();
    model
}

/// Its processes ignore SIGTERM: each stop takes the whole grace.
fn stubborn(mut model: Model, grace: f64) -> Model {
    model.app_mut().on_sigterm = OnSigterm::Ignores;
    model.workload_mut().pod.termination_grace = secs(grace);
    model
}

fn films(model: &Model) -> Vec<Film> {
    (0..5).map(|index| Film::of(model, index)).collect()
}

fn outcome(model: &Model, index: u64) -> Outcome {
    let outcome = replicate(model, 3, index);
    outcome.assert_consistent();
    outcome
}

/// When the only one of its kind happened.
fn once(film: &Film, is: impl Fn(&Happening) -> bool) -> f64 {
    let all = film.when(is);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]
}

fn is_exit(of: Exit) -> impl Fn(&Happening) -> bool {
    move |what| matches!(what, Happening::ContainerExited { exit, .. } if *exit == of)
}

fn died(film: &Film) -> f64 {
    once(film, |what| matches!(what, Happening::MachineDied { .. }))
}

fn drain_began(film: &Film) -> f64 {
    once(film, |what| matches!(what, Happening::DrainBegan { .. }))
}

fn deleted(film: &Film) -> f64 {
    once(film, |what| matches!(what, Happening::NodeDeleted { .. }))
}

fn joined(film: &Film) -> f64 {
    once(film, |what| matches!(what, Happening::NodeJoined { .. }))
}

fn created(film: &Film) -> f64 {
    let all = film.after(BEGIN, |what| matches!(what, Happening::PodCreated { .. }));
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]
}

/// V23, N4, N15: without a handler nothing happens before the notice ends. Then the processes die, and no API call tells it: the
/// endpoint stays until the Node is Unknown, its object goes with a round of the cloud controller, its Pod after a quarantine of 40 s
/// in whole rounds of 20 s. A new machine comes, although dead Nodes of this cluster reboot.
#[test]
fn v23_n4_n15_without_a_handler() {
    for film in films(&withdrawn(UNHANDLED)) {
        let dies = died(&film);
        assert!(near(dies, BEGIN + NOTICE));
        assert!(film.between((1.0, dies), |what| !matches!(what, Happening::FaultStruck { .. })).is_empty());
        let unknown = once(&film, |what| matches!(what, Happening::NodeUnknown { .. }));
        assert!((39.6..55.1).contains(&(unknown - dies)), "{}", unknown - dies);
        let out = once(&film, |what| matches!(what, Happening::RotationChanged { in_rotation: false, .. }));
        assert!((0.0..1.1).contains(&(out - unknown)), "{}", out - unknown);
        let gone = deleted(&film);
        assert!((0.0..=5.0 + 1e-6).contains(&(gone - unknown)), "{}", gone - unknown);
        let collected = once(&film, |what| matches!(what, Happening::PodCollected { .. }));
        assert!((40.0..=80.0).contains(&(collected - gone)), "{}", collected - gone);
        assert!(near(created(&film), collected + 0.01), "D7");
        assert!(near(joined(&film), dies + TAKES));
    }
    let outcome = outcome(&withdrawn(UNHANDLED), 0);
    let operation = &outcome.operations()[0];
    assert_eq!((operation.begun(), operation.complete.count(), operation.forced), (1, 1, 1));
}

/// A machine that is ordered when the old one has gone joins under its name: not before the old Node's object is gone.
#[test]
fn n15_a_new_machine_waits_for_the_end_of_the_old_node() {
    let mut model = withdrawn(UNHANDLED);
    model.faults[IT].lasts = Some(fixed(10.0));
    for film in films(&model) {
        let wait = joined(&film) - deleted(&film);
        assert!((0.0..=5.0 + 1e-6).contains(&wait), "{wait}");
    }
}

/// V23: with a handler the Node is drained at once, a replacement is created with the eviction (D7), and nothing is on the machine when
/// it goes.
#[test]
fn v23_a_handler_drains_the_node() {
    for film in films(&withdrawn(DRAINED)) {
        assert!(near(drain_began(&film), BEGIN));
        let granted = once(&film, |what| matches!(what, Happening::EvictionGranted { .. }));
        assert!(near(granted, BEGIN + 2.0 * REQUEST));
        assert!(near(created(&film), granted + 0.01));
        assert!(near(died(&film), BEGIN + NOTICE), "drained or not");
        assert!(film.when(is_exit(Exit::MachineDied)).is_empty());
    }
    let outcome = outcome(&withdrawn(DRAINED), 0);
    let operation = &outcome.operations()[0];
    assert_eq!((operation.complete.count(), operation.forced, operation.refused), (1, 0, 0));
    // An empty Node has nothing to evict.
    let mut model = withdrawn(DRAINED);
    model.workload_mut().pod.selects_node = vec![false, true, true];
    assert_eq!(replicate(&model, 3, 0).operations()[0].nothing_to_evict, 1);
}

/// V24: a budget is honoured until the notice ends; 429s are asked again every 5 s and the instance goes all the same.
#[test]
fn v24_budgets_are_honoured_until_the_notice_ends() {
    let model = blocked(withdrawn(DRAINED));
    for film in films(&model) {
        assert!(film.when(|what| matches!(what, Happening::EvictionGranted { .. })).is_empty());
        assert!(near(died(&film), BEGIN + NOTICE));
        assert!(near(once(&film, is_exit(Exit::MachineDied)), BEGIN + NOTICE));
    }
    let outcome = outcome(&model, 0);
    let operation = &outcome.operations()[0];
    // Answers come 0.04 s after the beginning, and every 5.02 s.
    let refused = ((NOTICE - 2.0 * REQUEST) / (5.0 + REQUEST)).ceil() as u64;
    assert_eq!((operation.refused, operation.forced), (refused, 1));
}

/// V23: a grace that is longer than the notice has no effect beyond it.
#[test]
fn v23_a_grace_longer_than_the_notice_is_cut() {
    let notice = 30.0;
    let plan = NodeWithdrawal { notice: Some(secs(notice)), ..DRAINED };
    for (grace, is_forced) in [(10.0, 0), (29.0, 0), (31.0, 1), (300.0, 1)] {
        let model = stubborn(withdrawn(plan), grace);
        // From the grant over the deletion that the kubelet sees.
        let killed = BEGIN + 2.0 * REQUEST + 0.01 + grace;
        let (exit, at) = if is_forced == 1 { (Exit::MachineDied, BEGIN + notice) } else { (Exit::Stopped, killed) };
        for film in films(&model) {
            let exits = once(&film, is_exit(exit));
            assert!((exits - at).abs() < 0.01, "{grace}: {exits} {at}");
        }
        assert!(
            is_forced == replicate(&model, 3, 0).operations()[0].forced || (25.0..30.0).contains(&grace),
            "{grace}"
        );
    }
}

/// V6, D8: the kubelet reports its Node not Ready itself, and no Pod is marked not Ready for that. Containers get the shorter grace; the
/// endpoint stays ready until they have ended, no Pod has a deletion timestamp, and the replacement comes with the phase Failed.
#[test]
fn v6_shutdown_keeps_the_endpoint_until_the_container_has_ended() {
    for grace in [5.0, 15.0, 60.0] {
        let model = stubborn(withdrawn(SHUT_DOWN), grace);
        for film in films(&model) {
            assert!(near(once(&film, |what| matches!(what, Happening::NodeNotReady { .. })), BEGIN));
            let exits = once(&film, is_exit(Exit::Stopped));
            assert!((exits - BEGIN - grace.min(15.0)).abs() < 0.01, "{grace}: {exits}");
            let failed = once(&film, |what| matches!(what, Happening::PodFailed { .. }));
            assert!(near(failed, exits + 0.01), "the status is written");
            let not_ready = once(&film, |what| matches!(what, Happening::ReadyWritten { ready: false, .. }));
            let out = once(&film, |what| matches!(what, Happening::RotationChanged { in_rotation: false, .. }));
            assert!(near(not_ready, failed) && (0.0..1.1).contains(&(out - failed)));
            assert!(film.when(|what| matches!(what, Happening::PodDeleted { .. })).is_empty());
            assert!(near(created(&film), failed + 0.01), "D8");
            assert!(film.when(|what| matches!(what, Happening::NodeUnknown { .. })).is_empty());
            // Not Ready already: the cloud controller deletes it in its next round.
            assert!(near(died(&film), BEGIN + 30.0));
            assert!((0.0..=5.0 + 1e-6).contains(&(deleted(&film) - died(&film))));
        }
        let operation = &outcome(&model, 0).operations()[0].clone();
        assert_eq!((operation.complete.count(), operation.forced), (1, 0));
    }
}

/// V6, N5, N9: the Node says that it is not Ready: what counts is how long its Pods tolerate that, not a Node that is silent.
#[test]
fn v6_n5_a_shutdown_is_tolerated_as_not_ready() {
    let mut model = stubborn(withdrawn(SHUT_DOWN), 15.0);
    model.workload_mut().pod.tolerations.unreachable = hasim::model::Toleration::None;
    for film in films(&model) {
        assert!(film.when(|what| matches!(what, Happening::PodEvicted { .. })).is_empty());
    }
    model.workload_mut().pod.tolerations.not_ready = hasim::model::Toleration::None;
    let evicted = |film: &Film| !film.when(|what| matches!(what, Happening::PodEvicted { .. })).is_empty();
    assert!(films(&model).iter().any(evicted));
}

/// V6: no budget is asked, and no new Pod is started there.
#[test]
fn v6_v24_a_shutdown_asks_nobody() {
    let mut model = blocked(withdrawn(SHUT_DOWN));
    for film in films(&model) {
        assert!(film.when(|what| matches!(what, Happening::EvictionRefused { .. })).is_empty());
        assert!(film.when(|what| matches!(what, Happening::PodFailed { .. })).len() == 1);
    }
    // The only Node that takes it shuts down before the Pod's first sync: rejected, and replaced there when a new machine has joined.
    model.workload_mut().replicas = 1;
    model.workload_mut().pod.selects_node = vec![true, false, false];
    let deletion = scripted(
        "delete",
        fixed(BEGIN - 0.025),
        &[ScriptTarget::Slot(hasim::ids::SlotId::new(0))],
        common::DELETION,
        None,
    );
    model.faults.push(deletion);
    for film in films(&model) {
        assert!(!film.when(|what| matches!(what, Happening::PodFailed { .. })).is_empty());
        let started = film.after(BEGIN, |what| matches!(what, Happening::ContainerStarted { .. }));
        assert!(started.iter().all(|at| *at > joined(&film)), "{started:?}");
    }
}

/// V21: Karpenter asks again after 0.1 s, twice as long each time, and every 10 s in the end. It waits for ever.
#[test]
fn v21_refused_evictions_are_asked_again_with_doubled_pauses() {
    for span in [0.03, 0.05, 0.2, 0.5, 1.0, 5.0, 25.0, 33.0, 1_000.0] {
        let mut model = blocked(withdrawn(EXPIRED));
        model.horizon = secs(BEGIN + span);
        model.window = model.horizon;
        let (mut answered, mut pause, mut count) = (2.0 * REQUEST, 0.1_f64, 0);
        while answered <= span {
            count += 1;
            answered += pause.min(10.0) + REQUEST;
            pause *= 2.0;
        }
        let operation = &outcome(&model, 0).operations()[0].clone();
        assert_eq!((operation.refused, operation.censored), (count, 1), "{span}");
    }
}

/// V21: what expires is the machine: a new one is young, whoever has ordered it.
#[test]
fn v21_a_new_machine_is_young() {
    const AGE: f64 = 1_000.0;
    let mut model = withdrawn(UNHANDLED);
    model.start = hasim::model::Start::Fresh;
    model.horizon = secs(3_000.0);
    common::add_spares(&mut model, 1);
    model.faults.push(hasim::model::Fault {
        nodes: vec![NodeId::new(0)],
        ..fault("old", Strikes::WithdrawNode(EXPIRED), fixed(AGE), Some(fixed(TAKES)))
    });
    for film in films(&model) {
        let joined = film.when(|what| matches!(what, Happening::NodeJoined { .. }))[0];
        let is_old =
            |what: &Happening| matches!(what, Happening::FaultStruck { fault, .. } if *fault == FaultId::new(1));
        let expired = film.when(is_old);
        // Its clock begins when its kubelet runs.
        assert!((joined + AGE..joined + AGE + 10.0).contains(&expired[0]), "{joined} {expired:?}");
    }
}

/// V21: expiry starts another machine beside the drain; the old one goes when its drain is over, and its Node with it.
#[test]
fn v21_expiry_replaces_in_parallel() {
    for film in films(&withdrawn(EXPIRED)) {
        let ordered = once(&film, |what| matches!(what, Happening::MachineOrdered { .. }));
        assert!(near(ordered, BEGIN) && near(drain_began(&film), BEGIN));
        let over = once(&film, |what| matches!(what, Happening::DrainEnded { has_failed: false, .. }));
        assert!(over < BEGIN + 3.0 && near(died(&film), over) && near(deleted(&film), over));
        assert!(near(joined(&film), BEGIN + TAKES));
        assert!(near(once(&film, |what| matches!(what, Happening::WithdrawalEnded { .. })), BEGIN + TAKES));
    }
}

/// V21a: with a terminationGracePeriod the Pod is deleted, whatever its budget says, so long before its end that its grace is over then;
/// at the end the machine goes with what is left.
#[test]
fn v21a_a_pod_is_deleted_in_time_whatever_its_budget_says() {
    let within = 60.0;
    let plan = NodeWithdrawal { notice: Some(secs(within)), ..EXPIRED };
    for grace in [1.0, 30.0, 59.0, 60.0, 600.0] {
        let mut model = blocked(withdrawn(plan));
        model.workload_mut().pod.termination_grace = secs(grace);
        // Not before its Pods have been listed.
        let deletes = (BEGIN + within - grace).max(BEGIN + REQUEST);
        for film in films(&model) {
            assert!(near(once(&film, |what| matches!(what, Happening::EvictionForced { .. })), deletes), "{grace}");
            // It stops at once, and the machine with the drain.
            assert!(died(&film) < (deletes + 3.0).min(BEGIN + within + 1e-6), "{grace}: {}", died(&film));
        }
        let model = stubborn(model, grace);
        for film in films(&model) {
            assert!(near(died(&film), BEGIN + within), "{grace}: {}", died(&film));
        }
        assert_eq!(replicate(&model, 3, 0).operations()[0].forced, 1);
    }
    // Until then the budget is asked, as ever.
    let refused = replicate(&blocked(withdrawn(plan)), 3, 0).operations()[0].refused;
    assert!(refused > 5, "{refused}");
    // A deletion needs the API server.
    let mut model = blocked(withdrawn(NodeWithdrawal { notice: Some(secs(600.0)), ..EXPIRED }));
    model.workload_mut().pod.termination_grace = secs(590.0);
    let away = Strikes::ControlPlane(ControlPlaneMode::ApiServer);
    model.faults.push(scripted("away", fixed(BEGIN + 8.0), &[ScriptTarget::Cluster], away, Some(20.0)));
    for film in films(&model) {
        let forced = once(&film, |what| matches!(what, Happening::EvictionForced { .. }));
        assert!((BEGIN + 28.0..BEGIN + 38.1).contains(&forced), "{forced}");
    }
}

/// V21: a consolidated Node is drained when the new one is Ready, and there is never a Node less.
#[test]
fn v21_consolidation_waits_for_the_new_node() {
    for film in films(&withdrawn(CONSOLIDATED)) {
        assert!(near(joined(&film), BEGIN + TAKES) && near(drain_began(&film), BEGIN + TAKES));
        assert!(deleted(&film) > joined(&film));
    }
}

/// V21a: a Node with a Pod that its budget would refuse is no candidate; and no more are under way than the budget of Nodes allows, those
/// that are not Ready included.
#[test]
fn v21a_candidates_and_the_budget_of_nodes() {
    let of = |model: &Model, number: usize| replicate(model, 3, 0).operations()[number].clone();
    let model = blocked(withdrawn(CONSOLIDATED));
    assert_eq!((of(&model, 0).begun(), of(&model, 0).skipped), (0, 1));
    for (at_once, begun) in [(1, 0), (2, 1)] {
        let scope = WithdrawalScope::Cluster { at_once };
        let mut model = withdrawn(NodeWithdrawal { scope, ..CONSOLIDATED });
        let again = Strikes::WithdrawNode(NodeWithdrawal { scope, ..CONSOLIDATED });
        model.faults.push(scripted("again", fixed(BEGIN + 1.0), &[ScriptTarget::Cluster], again, Some(TAKES)));
        assert_eq!((of(&model, 0).begun(), of(&model, 1).begun(), of(&model, 1).skipped), (1, begun, 1 - begun));
        let mut model = withdrawn(NodeWithdrawal { scope, ..CONSOLIDATED });
        let target = [ScriptTarget::Node(NodeId::new(2))];
        model.faults.push(scripted("crash", fixed(BEGIN - 60.0), &target, CRASH_NODE, Some(500.0)));
        assert_eq!(of(&model, 0).begun(), begun);
    }
}

/// A spare Node that is not free is waited for; where the machine goes before, the new one comes in its place.
#[test]
fn a_new_machine_waits_for_a_free_name() {
    let mut model = common::bare(3);
    common::redeploy(&mut model, 3, 1, 3, false);
    model.cluster = common::cluster(1, 3, common::quick_latencies());
    model.horizon = secs(2_000.0);
    model.window = model.horizon;
    let nodes = [0, 1].map(NodeId::new).map(ScriptTarget::Node);
    let plan = NodeWithdrawal { handler: Handler::None, replacement: Replacement::AtNotice, ..UNHANDLED };
    model.faults = vec![scripted("it", fixed(BEGIN), &nodes, Strikes::WithdrawNode(plan), Some(TAKES))].into();
    common::add_spares(&mut model, 1);
    for film in films(&model) {
        let joins = film.when(|what| matches!(what, Happening::NodeJoined { .. }));
        assert!(
            joins.len() == 2 && near(joins[0], BEGIN + TAKES) && near(joins[1], BEGIN + NOTICE + TAKES),
            "{joins:?}"
        );
    }
    let operation = outcome(&model, 0).operations()[0].clone();
    assert_eq!((operation.complete.count(), operation.forced), (2, 2));
}

/// The new machine is taken back before the object of the old Node is gone: both withdrawals end, each with its own machine.
#[test]
fn n15_a_successor_is_withdrawn_before_the_old_node_is_deleted() {
    let plan = NodeWithdrawal { handler: Handler::None, replacement: Replacement::AtNotice, ..UNHANDLED };
    let mut model = withdrawn(plan);
    let again = NodeWithdrawal { notice: Some(secs(1.0)), replacement: Replacement::AtEnd, ..plan };
    let target = [ScriptTarget::Node(NodeId::new(0))];
    let second = scripted("again", fixed(BEGIN + NOTICE + 2.0), &target, Strikes::WithdrawNode(again), Some(TAKES));
    model.faults[IT].lasts = Some(fixed(NOTICE / 2.0));
    model.faults.push(second);
    for film in films(&model) {
        let joins = film.when(|what| matches!(what, Happening::NodeJoined { .. }));
        let is_right = near(joins[0], BEGIN + NOTICE / 2.0) && near(joins[1], BEGIN + NOTICE + 3.0 + TAKES);
        assert!(joins.len() == 2 && is_right, "{joins:?}");
        let ends = film.when(|what| matches!(what, Happening::WithdrawalEnded { .. }));
        assert!(ends.len() == 2 && near(ends[1], joins[1]), "{ends:?}");
    }
    assert_eq!(outcome(&model, 0).operations()[0].complete.count(), 1);
}

/// What it costs is charged to it, and to nothing else: from the eviction, the shutdown or the death of the machine on.
#[test]
fn a_withdrawal_is_charged_with_what_it_costs() {
    for plan in [
        UNHANDLED,
        DRAINED,
        SHUT_DOWN,
        EXPIRED,
        NodeWithdrawal { scope: WithdrawalScope::Zone { share: 1.0 }, ..UNHANDLED },
    ] {
        let mut model = withdrawn(plan);
        model.workload_mut().replicas = 1;
        model.workload_mut().pod.selects_node = vec![true, false, false, true, false, false];
        let nodes = model.cluster.nodes.len();
        model.workload_mut().pod.selects_node.truncate(nodes);
        for index in 0..5 {
            let outcome = outcome(&model, index);
            let down = outcome.counted(Quantity::Downtime) as f64 / 1e9;
            let charged = outcome.downtime_charged_to(Cause::Fault(IT)) as f64 / 1e9;
            assert!(near(charged, down) && down > 1.0, "{plan:?}: {charged} of {down}");
        }
    }
}

/// N17: a cloud asks no API server. Evictions that nobody answers are in vain, and the machine goes. Karpenter's wait.
#[test]
fn n17_a_cloud_takes_its_machine_without_an_api_server() {
    let away = || {
        let strikes = Strikes::ControlPlane(ControlPlaneMode::ApiServer);
        scripted("away", fixed(BEGIN - 10.0), &[ScriptTarget::Cluster], strikes, Some(NOTICE + 50.0))
    };
    let mut model = withdrawn(DRAINED);
    model.faults.push(away());
    for film in films(&model) {
        assert!(near(died(&film), BEGIN + NOTICE));
        assert!(film.when(|what| matches!(what, Happening::EvictionGranted { .. })).is_empty());
    }
    let mut model = withdrawn(EXPIRED);
    model.faults.push(away());
    for film in films(&model) {
        assert!(near(drain_began(&film), BEGIN + NOTICE + 40.0));
    }
}

/// Whoever drains the Node stops when a reclaim begins: a drain is superseded, an upgrade passes over the Node.
#[test]
fn a_reclaim_takes_over_the_node() {
    let mut model = blocked(withdrawn(DRAINED));
    let drain = Strikes::Drain { node: Some(NodeId::new(0)), timeout: None };
    model.faults.push(scripted("drain", fixed(BEGIN - 20.0), &[ScriptTarget::Cluster], drain, Some(60.0)));
    let outcome_of = |model: &Model| outcome(model, 0).operations().to_vec();
    let operations = outcome_of(&model);
    assert_eq!((operations[0].complete.count(), operations[1].superseded), (1, 1));
    assert!(operations[0].refused > 20 && operations[1].refused > 3);
    // An expiry leaves it to those who are there.
    let mut model = blocked(withdrawn(EXPIRED));
    model.faults.push(scripted("drain", fixed(BEGIN - 20.0), &[ScriptTarget::Cluster], drain, Some(60.0)));
    let operations = outcome_of(&model);
    assert_eq!((operations[0].begun(), operations[0].skipped, operations[1].begun()), (0, 1, 1));
    // Each Node gets one new machine, whoever orders it.
    for surge in [0, 1] {
        let mut model = blocked(withdrawn(DRAINED));
        let plan = NodeUpgrade {
            surge,
            at_once: 1,
            order: UpgradeOrder::Listed,
            cordons_all: false,
            soak: Duration::ZERO,
            drainer: Drainer::Kubectl,
            drain_timeout: Some(secs(300.0)),
            on_timeout: OnTimeout::Force,
            frees_failed: false,
        };
        if surge > 0 {
            common::add_spares(&mut model, 1);
        }
        model.horizon = secs(5_000.0);
        model.window = model.horizon;
        let upgrade = Strikes::UpgradeNodes(plan);
        model.faults.push(scripted("upgrade", fixed(BEGIN - 50.0), &[ScriptTarget::Cluster], upgrade, Some(TAKES)));
        let operations = outcome_of(&model);
        assert_eq!((operations[0].complete.count(), operations[1].complete.count()), (1, 1), "{surge}");
        for film in films(&model) {
            let died = film.when(|what| matches!(what, Happening::MachineDied { .. }));
            assert_eq!(died.len(), 3, "{surge}: {died:?}");
        }
    }
}

/// A new machine that has taken its place in an upgrade, and is withdrawn while it soaks, is not counted on for the Nodes that are
/// left: the upgrade goes on with another one.
#[test]
fn an_upgrade_goes_on_when_a_new_node_is_withdrawn_while_it_soaks() {
    const SOAK: f64 = 400.0;
    let mut model = withdrawn(UNHANDLED);
    common::add_spares(&mut model, 2);
    // The first new one has joined after 200 s, and soaks.
    let (soaks, target) = (fixed(BEGIN + TAKES + 100.0), [ScriptTarget::Node(NodeId::new(0))]);
    model.faults = vec![scripted("it", soaks, &target, Strikes::WithdrawNode(EXPIRED), Some(TAKES))].into();
    let plan = NodeUpgrade {
        surge: 1,
        at_once: 1,
        order: UpgradeOrder::Listed,
        cordons_all: false,
        soak: secs(SOAK),
        drainer: Drainer::Kubectl,
        drain_timeout: None,
        on_timeout: OnTimeout::Force,
        frees_failed: false,
    };
    model.horizon = secs(10_000.0);
    model.window = model.horizon;
    let upgrade = Strikes::UpgradeNodes(plan);
    model.faults.push(scripted("upgrade", fixed(BEGIN), &[ScriptTarget::Cluster], upgrade, Some(TAKES)));
    for film in films(&model) {
        let ends = film.when(|what| matches!(what, Happening::UpgradeEnded { has_failed: false }));
        assert!(ends.len() == 1 && ends[0] < BEGIN + 3.0 * (TAKES + SOAK + 60.0) + TAKES, "{ends:?}");
    }
}

/// A machine that dies meanwhile, and is replaced for that, has been withdrawn: no second one comes.
#[test]
fn a_node_that_dies_has_been_withdrawn() {
    for plan in [DRAINED, EXPIRED, NodeWithdrawal { scope: WithdrawalScope::Node, ..CONSOLIDATED }] {
        let mut model = blocked(withdrawn(plan));
        if plan.reason == WithdrawalReason::Consolidation {
            model.budgets = vec![].into();
        }
        model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: fixed(500.0) });
        let target = [ScriptTarget::Node(NodeId::new(0))];
        model.faults.push(scripted("crash", fixed(BEGIN + 30.0), &target, CRASH_NODE, None));
        for film in films(&model) {
            let at = if plan.replacement.stands_beside() { BEGIN + TAKES } else { BEGIN + 530.0 };
            assert!(near(died(&film), BEGIN + 30.0) && near(joined(&film), at), "{plan:?}: {}", joined(&film));
        }
        assert_eq!(outcome(&model, 0).operations()[0].complete.count(), 1, "{plan:?}");
    }
}

/// V23, validation: a burst takes its share of a zone's Nodes, each by chance: binomial. Scenarios share who goes.
#[test]
fn v23_a_burst_takes_its_share() {
    const REPLICATIONS: u64 = 300;
    let share = 0.3;
    let mut model = common::bare(1);
    common::redeploy(&mut model, 1, 2, 8, false);
    model.cluster = common::cluster(2, 8, common::quick_latencies());
    model.horizon = secs(400.0);
    model.window = model.horizon;
    let plan = NodeWithdrawal { scope: WithdrawalScope::Zone { share }, ..UNHANDLED };
    let target = [ScriptTarget::Zone(ZoneId::new(0))];
    model.faults = vec![scripted("it", fixed(BEGIN), &target, Strikes::WithdrawNode(plan), Some(TAKES))].into();
    let gone = |model: &Model, index| {
        let of = |(_, what): &(f64, Happening)| match what {
            Happening::MachineDied { node } => Some(*node),
            _ => None,
        };
        Film::of(model, index).0.iter().filter_map(of).collect::<Vec<NodeId>>()
    };
    let (mut total, n) = (0, 8.0 * REPLICATIONS as f64);
    let mut drained = model.clone();
    drained.faults[IT].strikes = Strikes::WithdrawNode(NodeWithdrawal { handler: Handler::Evict, ..plan });
    for index in 0..REPLICATIONS {
        let nodes = gone(&model, index);
        assert!(nodes.iter().all(|node| node.index() < 8), "of its zone");
        total += nodes.len();
        if index < 20 {
            assert_eq!(nodes, gone(&drained, index));
        }
    }
    let half = z(1) * (n * share * (1.0 - share)).sqrt();
    assert!((total as f64 - n * share).abs() < half, "{total} of {n}");
}

/// Closed form: reclaims of the only Node that takes the only replica, one in two hours of its service, with nobody who drains it. The
/// Pod is down from the death of the machine until it has been collected and runs on the new one.
#[test]
fn closed_form_of_a_year_of_reclaims() {
    let mut model = withdrawn(UNHANDLED);
    model.workload_mut().replicas = 1;
    model.workload_mut().pod.selects_node = vec![true, false, false];
    // One reclaim at a random moment of the monitor, the cloud controller and the collector.
    model.faults[IT].occurs = hasim::model::Occurrence::Once {
        at: hasim::random::Law::uniform(0.0, 100.0).unwrap(),
        targets: vec![ScriptTarget::Node(NodeId::new(0))],
    };
    let down = |outcome: &Outcome| outcome.counted(Quantity::Downtime) as f64 / 1e9;
    let once: Vec<f64> = (0..3_000).map(|index| down(&outcome(&model, index))).collect();
    let each = once.iter().sum::<f64>() / once.len() as f64;
    // TAKES from the death on, the kubelet, creation and start: whatever finds the Pod before that (at most 55 + 5 + 80 s).
    assert!(once.iter().all(|down| (down - TAKES - 1.6 - 0.3 - 1.0).abs() < 0.1), "{each}");

    let every = 7_200.0;
    model.horizon = secs(30.0 * 86_400.0);
    model.window = model.horizon;
    model.faults =
        vec![fault("it", Strikes::WithdrawNode(UNHANDLED), common::exponential(every), Some(fixed(TAKES)))].into();
    model.faults[IT].nodes = vec![NodeId::new(0)];
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for index in 0..450 {
        let outcome = outcome(&model, index);
        let begun = outcome.operations()[0].begun() as f64;
        // The clock stands while there is no machine: TAKES and the start of its kubelet for each.
        let served = 30.0 * 86_400.0 - begun * (TAKES + 1.6);
        rates.push((begun + outcome.operations()[0].skipped as f64) * every / served);
        costs.push(down(&outcome) / begun);
    }
    assert_mean("reclaims over those of a Poisson process", &rates, 1.0, 2);
    assert!(costs.iter().all(|cost| (cost / each - 1.0).abs() < 0.01), "{costs:?}");
}
