//! Outages of the control plane (N17, N17a), in the bare model, where what is right is known beforehand.

use crate::common::film::Film;
use crate::common::{self, CRASH_NODE, DELETION, HANG, fixed, near, scripted, secs};
use hasim::cluster::{Endpoint, Happening as H};
use hasim::ids::{NodeId, SlotId, WorkloadId};
use hasim::model::{
    ControlPlaneMode, ControlPlanePart, Fault, Model, NodeMode, Part, ScriptTarget, Strategy, Strikes, Toleration,
};

const BEGIN: f64 = 100.0;

fn away(mode: ControlPlaneMode, lasts: f64) -> Fault {
    scripted("away", fixed(BEGIN), &[ScriptTarget::Cluster], Strikes::ControlPlane(mode), Some(lasts))
}

fn strike(name: &str, at: f64, target: ScriptTarget, strikes: Strikes, lasts: Option<f64>) -> Fault {
    scripted(name, fixed(at), &[target], strikes, lasts)
}

fn slot(slot: usize) -> ScriptTarget {
    ScriptTarget::Slot(SlotId::new(slot))
}

fn node_of(slot: usize) -> ScriptTarget {
    ScriptTarget::NodeOf(SlotId::new(slot))
}

/// Three replicas on three Nodes, and these faults, all of a script.
fn with(faults: Vec<Fault>, horizon: f64) -> Model {
    Model { faults: faults.into(), horizon: secs(horizon), ..common::bare(3) }
}

fn films(model: &Model) -> Vec<Film> {
    (0..50).map(|index| Film::of(model, index)).collect()
}

fn is_elected(part: ControlPlanePart) -> impl Fn(&H) -> bool {
    move |what| matches!(what, H::LeaderElected { part: of } if *of == part)
}

const CONTROLLERS: ControlPlanePart = ControlPlanePart::ControllerManager;

/// N17, E12: without an API server a container that hangs is found, killed and started anew as ever. Its Pod has never been seen not
/// Ready, and is in rotation throughout.
#[test]
fn n17_e12_who_recovers_in_the_outage_was_never_seen_not_ready() {
    let hang = strike("hang", BEGIN + 5.0, slot(0), HANG, None);
    for film in films(&with(vec![away(ControlPlaneMode::ApiServer, 120.0), hang], 400.0)) {
        let until = (BEGIN, 400.0);
        let [killed] = film.between(until, |what| matches!(what, H::KillDecided { .. }))[..] else { panic!() };
        // Four attempts 5 s apart, each with a timeout of 5 s.
        assert!((BEGIN + 5.0 + 20.0..=BEGIN + 5.0 + 25.1).contains(&killed), "{killed}");
        let ready = film.between(until, |what| matches!(what, H::ReadyDecided { ready: true, .. }));
        assert!(ready.len() == 1 && ready[0] < BEGIN + 120.0, "{ready:?}");
        let seen = |what: &H| {
            matches!(what, H::ReadyWritten { .. } | H::EndpointSliceUpdated { .. } | H::RotationChanged { .. })
        };
        assert!(film.between(until, seen).is_empty());
    }
}

/// N17: what is so at the return is written within a second, by each kubelet.
#[test]
fn n17_the_kubelets_write_what_is_so_within_a_second_of_the_return() {
    let mut model =
        with(vec![away(ControlPlaneMode::ApiServer, 40.0), strike("hang", BEGIN + 5.0, slot(0), HANG, None)], 400.0);
    model.app_mut().start_up = fixed(60.0);
    for film in films(&model) {
        let back = BEGIN + 40.0;
        let written = film.after(BEGIN, |what| matches!(what, H::StatusesWritten { .. }));
        assert_eq!(written.len(), 3);
        assert!(written.iter().all(|at| (back..back + 1.0).contains(at)), "{written:?}");
        let lost = film.after(BEGIN, |what| matches!(what, H::ReadyWritten { ready: false, .. }));
        assert!(lost.len() == 1 && written.contains(&lost[0]), "{lost:?}");
        // The endpoint follows when there is a controller manager again.
        let withdrawn = film.after(BEGIN, |what| matches!(what, H::EndpointSliceUpdated { .. }));
        let elected = film.when(is_elected(CONTROLLERS));
        assert!(near(withdrawn[0], elected[0].max(lost[0] + 0.01)), "{withdrawn:?} {elected:?}");
    }
}

/// N17: leaders that cannot renew their Leases exit after 10 to 12 s; an outage that is shorter they live through.
#[test]
fn n17_leaders_exit_after_ten_to_twelve_seconds() {
    for film in films(&with(vec![away(ControlPlaneMode::ApiServer, 9.9)], 400.0)) {
        let has_gone = |what: &H| matches!(what, H::LeaderExited { .. } | H::LeaderElected { .. });
        assert!(film.when(has_gone).is_empty());
    }
    for film in films(&with(vec![away(ControlPlaneMode::ApiServer, 30.0)], 400.0)) {
        let exits = film.when(|what| matches!(what, H::LeaderExited { .. }));
        assert!(exits.len() == 2 && exits.iter().all(|at| (BEGIN + 10.0..BEGIN + 12.0).contains(at)), "{exits:?}");
        let back = BEGIN + 30.0;
        // The Lease has to expire: a first look more than 15 s after the first.
        let scheduler = film.when(is_elected(ControlPlanePart::Scheduler));
        assert!(scheduler.len() == 1 && (15.0..19.4).contains(&(scheduler[0] - back)), "{scheduler:?}");
        // The attempt of the controller manager from 10 to 12 s on has waited for 10 s; the next begins 10 s later (C10).
        let exit = film.when(|what| matches!(what, H::LeaderExited { part: CONTROLLERS }))[0];
        let begins = (exit + 20.0).max(back);
        let elected = film.when(is_elected(CONTROLLERS));
        assert!(elected.len() == 1 && (15.0..19.4).contains(&(elected[0] - begins)), "{elected:?} {begins}");
    }
}

/// N17: no Node is Unknown because of an outage; one that has died in it is found after a grace that begins with the new
/// controller manager.
#[test]
fn n17_every_node_gets_a_fresh_grace() {
    let dies = strike("dies", BEGIN + 20.0, node_of(0), CRASH_NODE, Some(1e6));
    for film in films(&with(vec![away(ControlPlaneMode::ApiServer, 300.0), dies], 2000.0)) {
        let elected = film.when(is_elected(CONTROLLERS))[0];
        let unknown = film.when(|what| matches!(what, H::NodeUnknown { .. }));
        // Its passes begin at once, and are 5 s and a little apart: the eleventh is more than 50 s later.
        assert!(unknown.len() == 1 && near(unknown[0], elected + 10.0 * 5.002), "{unknown:?} {elected}");
    }
}

/// N17: tolerations begin anew with a new controller manager, N9's 300 s. One that is away for less than the toleration delays it.
#[test]
fn n17_tolerations_begin_anew() {
    let dies = strike("dies", 10.0, node_of(0), CRASH_NODE, Some(1e6));
    let mut model = with(vec![away(ControlPlaneMode::ControllerManager, 20.0), dies], 2000.0);
    model.workload_mut().pod.tolerations.unreachable = Toleration::For(secs(300.0));
    for film in films(&model) {
        let tainted = film.when(|what| matches!(what, H::TaintAdded { .. }));
        assert!(tainted[0] < BEGIN, "{tainted:?}");
        let evicted = film.when(|what| matches!(what, H::PodEvicted { .. }));
        assert!(evicted.len() == 1 && near(evicted[0], BEGIN + 20.0 + 300.0), "{evicted:?}");
    }
}

/// N17: a Node that should be marked while the API server is away for so short a time that the controller manager lives on is marked
/// with the first pass after its return.
#[test]
fn n17_a_short_outage_delays_what_was_due_in_it() {
    // Silent since 40 to 50 s: due between 95.4 and 110.
    let dies = strike("dies", 50.0, node_of(0), CRASH_NODE, Some(1e6));
    let without = films(&with(vec![dies.clone()], 400.0));
    let with_outage = films(&with(vec![away(ControlPlaneMode::ApiServer, 9.0), dies], 400.0));
    let unknown = |film: &Film| film.when(|what| matches!(what, H::NodeUnknown { .. }))[0];
    let (mut delayed, mut others) = (0, 0);
    for (without, with_outage) in without.iter().map(unknown).zip(with_outage.iter().map(unknown)) {
        if (BEGIN..BEGIN + 9.0).contains(&without) {
            delayed += 1;
            assert!((BEGIN + 9.0..BEGIN + 9.0 + 5.002).contains(&with_outage), "{without} {with_outage}");
        } else {
            others += 1;
            assert!(near(without, with_outage), "{without} {with_outage}");
        }
    }
    assert!(delayed > 5 && others > 5, "{delayed}, {others}");
}

/// N17a: without a controller manager a Pod that is deleted stays in rotation, and nothing replaces it, until there is one again.
#[test]
fn n17a_without_a_controller_manager_nothing_is_withdrawn_or_replaced() {
    let deleted = strike("deleted", BEGIN + 5.0, slot(0), DELETION, None);
    for film in films(&with(vec![away(ControlPlaneMode::ControllerManager, 20.0), deleted], 400.0)) {
        let during = (BEGIN + 1.0, BEGIN + 20.0);
        assert_eq!(film.between(during, |what| matches!(what, H::PodDeleted { .. })), [BEGIN + 5.0]);
        assert_eq!(film.between(during, |what| matches!(what, H::PodGone { .. })).len(), 1);
        let work = |what: &H| matches!(what, H::PodCreated { .. } | H::EndpointSliceUpdated { .. });
        assert!(film.between(during, work).is_empty());
        let created = film.after(BEGIN, |what| matches!(what, H::PodCreated { .. }));
        let withdrawn = film.after(BEGIN, |what| {
            matches!(what, H::EndpointSliceUpdated { endpoint: Endpoint { listed: false, .. }, .. })
        });
        assert!(near(created[0], BEGIN + 20.0) && near(withdrawn[0], BEGIN + 20.0), "{created:?} {withdrawn:?}");
    }
}

/// N17a: without a scheduler the replacement exists and stays Pending.
#[test]
fn n17a_without_a_scheduler_new_pods_stay_pending() {
    let deleted = strike("deleted", BEGIN + 5.0, slot(0), DELETION, None);
    for film in films(&with(vec![away(ControlPlaneMode::Scheduler, 20.0), deleted], 400.0)) {
        let created = film.after(BEGIN, |what| matches!(what, H::PodCreated { .. }));
        assert!(near(created[0], BEGIN + 5.0 + 0.01), "{created:?}");
        let bound = film.after(BEGIN, |what| matches!(what, H::PodBound { .. }));
        assert!(bound.len() == 1 && near(bound[0], BEGIN + 20.0), "{bound:?}");
    }
}

/// N17: what goes through the API waits for it: a deletion, a rollout, a drain.
#[test]
fn n17_changes_wait_for_the_api_server() {
    let deleted = strike("deleted", BEGIN + 1.0, slot(0), DELETION, None);
    let release = Strikes::Rollout { new_image: false };
    let rollout = strike("release", BEGIN + 2.0, ScriptTarget::Deployment(WorkloadId::new(0)), release, None);
    let drain = Strikes::Drain { node: Some(NodeId::new(1)), timeout: None };
    let drained = strike("drain", BEGIN + 3.0, ScriptTarget::Cluster, drain, Some(10.0));
    let model = with(vec![away(ControlPlaneMode::ApiServer, 9.0), deleted, rollout, drained], 400.0);
    for film in films(&model) {
        let begun = |what: &H| matches!(what, H::PodDeleted { .. } | H::RolloutBegan { .. } | H::DrainBegan { .. });
        let at = film.after(BEGIN, begun);
        assert!(at.len() > 3 && at[..3].iter().all(|at| near(*at, BEGIN + 9.0)), "{at:?}");
    }
}

/// N17a, D2: the last old Pod is evicted while no controller looks, and the new one is available: the rollout is over once the new one
/// has taken its slot.
#[test]
fn n17a_d2_a_rollout_whose_old_pod_went_in_the_outage_ends_with_a_full_number() {
    let release = Strikes::Rollout { new_image: false };
    let rollout = strike("release", BEGIN - 1.0, ScriptTarget::Deployment(WorkloadId::new(0)), release, None);
    let deleted = strike("deleted", BEGIN + 60.0, slot(0), DELETION, None);
    let faults = vec![away(ControlPlaneMode::ControllerManager, 100.0), rollout, deleted];
    let mut model = Model { faults: faults.into(), horizon: secs(400.0), ..common::bare(1) };
    let (max_surge, max_unavailable) = (Part::Number(1), Part::Number(0));
    model.workload_mut().strategy = Strategy::RollingUpdate { max_surge, max_unavailable };
    for film in films(&model) {
        let created = film.after(BEGIN - 1.0, |what| matches!(what, H::PodCreated { .. }));
        let ended = film.when(|what| matches!(what, H::RolloutEnded { .. }));
        assert!(created.len() == 1 && created[0] < BEGIN, "{created:?}");
        assert!(ended.len() == 1 && ended[0] > BEGIN + 100.0 && ended[0] < BEGIN + 100.1, "{ended:?}");
    }
}

/// N17: a rollout that is under way stands still, and goes on.
#[test]
fn n17_a_rollout_stands_still() {
    let release = Strikes::Rollout { new_image: false };
    let rollout = strike("release", BEGIN - 5.0, ScriptTarget::Deployment(WorkloadId::new(0)), release, None);
    for strategy in
        [Strategy::Recreate, Strategy::RollingUpdate { max_surge: Part::Number(1), max_unavailable: Part::Number(0) }]
    {
        let mut model = with(vec![rollout.clone(), away(ControlPlaneMode::ControllerManager, 100.0)], 600.0);
        model.workload_mut().strategy = strategy;
        for film in films(&model) {
            let steps = |what: &H| matches!(what, H::PodCreated { .. } | H::PodDeleted { .. });
            assert!(film.between((BEGIN, BEGIN + 100.0), steps).is_empty());
            let ended = film.when(|what| matches!(what, H::RolloutEnded { .. }));
            assert!(ended.len() == 1 && ended[0] >= BEGIN + 100.0, "{ended:?}");
        }
    }
}

/// N17: a drain that is under way asks in vain, every 5 s as after a refusal, and goes on with the first request that is answered.
#[test]
fn n17_a_drain_asks_in_vain() {
    let drain = Strikes::Drain { node: Some(NodeId::new(0)), timeout: None };
    let drained = strike("drain", BEGIN - 0.03, ScriptTarget::Cluster, drain, Some(10.0));
    for film in films(&with(vec![drained, away(ControlPlaneMode::ApiServer, 9.0)], 400.0)) {
        // Sent at 99.99 and answered 0.02 s later; 5.02 s from attempt to attempt.
        let granted = film.when(|what| matches!(what, H::EvictionGranted { .. }));
        assert!(granted.len() == 1 && near(granted[0], BEGIN + 0.01 + 2.0 * 5.02), "{granted:?}");
    }
}

/// N17, P21: a kubelet that starts without an API server does not know its Pods: nobody probes them until it is back.
#[test]
fn n17_a_kubelet_that_starts_in_the_outage_knows_no_pod() {
    let restarted = strike("restarted", BEGIN + 10.0, node_of(0), Strikes::Node(NodeMode::Kubelet), Some(2.0));
    let hang = strike("hang", BEGIN + 20.0, slot(0), HANG, None);
    for film in films(&with(vec![away(ControlPlaneMode::ApiServer, 120.0), restarted, hang], 600.0)) {
        let killed = film.when(|what| matches!(what, H::KillDecided { .. }));
        assert!(killed.len() == 1 && killed[0] > BEGIN + 120.0, "{killed:?}");
    }
}
