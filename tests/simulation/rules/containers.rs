//! Several containers in a Pod (K1–K19), each rule alone and at its limits.

use crate::common::stats::{assert_law, uniform};
use crate::common::{bare, exponential, fixed, near, of_template, probe, scripted, secs};
use hasim::cluster::{Exit, Happening, Mode, Observed, Observer, watch};
use hasim::ids::{ContainerId, ImageId, SlotId};
use hasim::model::{
    Affects, App, Container, ContainerMode, Fault, ImagePull, Model, OnSigterm, Probe, ProbeKind, Role, ScriptTarget,
    Start, Strikes,
};
use hasim::random::Law;
use hasim::time::{Duration, SimTime};

const RELIST: f64 = 1.005;
const SYNC: f64 = 0.01;
/// Creating and starting a container.
const C: f64 = 0.3;

/// What is said of the containers, by name.
#[derive(Debug, Default)]
struct Log(Vec<(f64, Happening)>);

impl Observer for Log {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        if let Observed::Happened(what) = what {
            self.0.push((at.as_secs_f64(), *what));
        }
    }
}

impl Log {
    fn play(model: &Model, index: u64, seconds: f64) -> Self {
        watch(model, 3, index, Mode::Fast, SimTime::ZERO + secs(seconds), Self::default())
    }

    /// When `is` held for the container, in order.
    fn all(&self, container: usize, is: impl Fn(&Happening) -> bool) -> Vec<f64> {
        let of = |what: &Happening| what.container() == Some(ContainerId::new(container));
        self.0.iter().filter(|(_, what)| of(what) && is(what)).map(|(at, _)| *at).collect()
    }

    fn first(&self, container: usize, is: impl Fn(&Happening) -> bool) -> f64 {
        *self.all(container, is).first().expect("it happens")
    }

    fn pod(&self, is: impl Fn(&Happening) -> bool) -> Vec<f64> {
        self.0.iter().filter(|(_, what)| is(what)).map(|(at, _)| *at).collect()
    }
}

fn started(what: &Happening) -> bool {
    matches!(what, Happening::ContainerStarted { .. })
}

fn begun(what: &Happening) -> bool {
    matches!(what, Happening::StartBegan { .. })
}

fn sigterm(what: &Happening) -> bool {
    matches!(what, Happening::SigtermSent { .. })
}

fn exited(what: &Happening) -> bool {
    matches!(what, Happening::ContainerExited { .. })
}

fn sent(kind: ProbeKind) -> impl Fn(&Happening) -> bool {
    move |what| {
        matches!(what, Happening::ProbeSent { kind: of, .. } if *of == kind)
            || matches!(what, Happening::ProbesSkipped(run) if run.kind == kind)
    }
}

fn app(start_up: f64) -> App {
    App { start_up: fixed(start_up), ..App::unknown() }
}

fn container(name: &str, role: Role, start_up: f64) -> Container {
    // Images differ as names do.
    let image = name.bytes().fold(0, |sum, byte| 31 * (sum % 1_000) + usize::from(byte));
    Container::new(name, role, ImageId::new(image), ImagePull::Never, app(start_up))
}

/// A probe without delay.
fn prompt(period: f64, failure_threshold: u32) -> Probe {
    Probe { initial_delay: Duration::ZERO, period: secs(period), timeout: secs(1.0), ..probe(failure_threshold) }
}

/// One Pod of these containers, of which that one serves, without probes unless they have some.
fn pod_of(containers: Vec<Container>, serving: usize, start: Start) -> Model {
    let mut model = bare(1);
    model.workload_mut().pod.containers = containers.into();
    model.workload_mut().pod.serving = ContainerId::new(serving);
    Model { start, ..model }
}

/// A script's fault of one container.
fn strike(name: &str, container: usize, at: f64, mode: ContainerMode) -> Fault {
    let fault = scripted(name, fixed(at), &[ScriptTarget::Slot(SlotId::new(0))], Strikes::Container(mode), None);
    Fault { containers: vec![of_template(container)], ..fault }
}

const HANG: ContainerMode = ContainerMode::Hang(Affects::ALL);

/// K3, W13: three init containers of 0.1 s each. The end of each is found by a listing, the first at any moment of it, the
/// others with the next one: 2.4 to 3.4 s until the regular container is begun, not 1.2.
#[test]
fn k3_w13_each_init_container_costs_a_listing() {
    let init = |name| container(name, Role::Init, 0.1);
    let model = pod_of(vec![init("a"), init("b"), init("c"), container("main", Role::Regular, 1.0)], 3, Start::Fresh);
    let begins: Vec<f64> = (0..2000)
        .map(|index| {
            let log = Log::play(&model, index, 20.0);
            for (before, after) in [(0, 1), (1, 2), (2, 3)] {
                assert!(log.first(after, begun) > log.first(before, exited), "one at a time");
            }
            log.first(3, begun) - log.first(0, begun)
        })
        .collect();
    let least = C + 0.1 + SYNC + 2.0 * RELIST;
    assert_law("regular container", &begins, 1, uniform(least, least + RELIST));
}

/// K4: an init container that fails is started again with its own back-off, and those before it do not run again.
#[test]
fn k4_a_failing_init_container_backs_off_alone() {
    let mut model = pod_of(
        vec![container("a", Role::Init, 1.0), container("b", Role::Init, 30.0), container("main", Role::Regular, 1.0)],
        2,
        Start::Fresh,
    );
    let crash = |name: &str, at| strike(name, 1, at, ContainerMode::Crash);
    model.faults = vec![crash("one", 10.0), crash("two", 20.0)].into();
    let log = Log::play(&model, 0, 200.0);
    assert_eq!(log.all(0, started).len(), 1);
    let runs = log.all(1, started);
    assert_eq!(runs.len(), 3, "{runs:?}");
    assert!(runs[1] < 10.0 + RELIST + SYNC + C + 0.1, "the first restart is at once: {runs:?}");
    assert!(runs[2] >= 20.0 + 10.0 + C, "the second waits for 10 s: {runs:?}");
    assert!(log.first(2, begun) > runs[2] + 30.0);
}

/// K6: without a startup probe a sidecar costs one more sync, with one the first success of it; its readiness gates nothing.
#[test]
fn k6_a_sidecar_lets_the_next_start_when_it_runs_or_has_started() {
    let sidecar =
        |startup| Container { startup, readiness: Some(prompt(2.0, 1)), ..container("sidecar", Role::Sidecar, 12.0) };
    for index in 0..200 {
        let model = |startup| pod_of(vec![sidecar(startup), container("main", Role::Regular, 1.0)], 1, Start::Fresh);
        let plain = Log::play(&model(None), index, 60.0);
        let since = plain.first(1, begun) - plain.first(0, started);
        assert!(near(since, SYNC), "{since}");
        let probed = Log::play(&model(Some(prompt(5.0, 30))), index, 60.0);
        let first_sync = probed.pod(|what| matches!(what, Happening::FirstSync { .. }))[0];
        // It answers 12 s after its start, and the next tick of the worker finds out.
        let answers = probed.first(0, started) + 12.0 - first_sync;
        let found = first_sync + (answers / 5.0).ceil() * 5.0;
        let begins = probed.first(1, begun);
        assert!((found..found + RELIST + 2.0 * SYNC).contains(&begins), "{begins} after {found}");
    }
}

/// K2, K8, W21: the image of the second container takes 40 s. The first, started before, is not probed before it runs too.
#[test]
fn k8_w21_nothing_is_probed_before_the_sync_ends() {
    let first = Container {
        readiness: Some(prompt(10.0, 3)),
        liveness: Some(prompt(10.0, 3)),
        ..container("main", Role::Regular, 1.0)
    };
    let second = Container { image_pull: ImagePull::Always, ..container("second", Role::Regular, 1.0) };
    let mut model = pod_of(vec![first, second], 0, Start::Fresh);
    model.cluster.latencies.image_pull = fixed(40.0);
    for index in 0..100 {
        let log = Log::play(&model, index, 120.0);
        let (one, two) = (log.first(0, started), log.first(1, started));
        assert!(near(two - one, 40.0 + C), "one after the other");
        for kind in [ProbeKind::Readiness, ProbeKind::Liveness] {
            let probed = log.first(0, sent(kind));
            assert!((two..two + 10.0 + 2.0 * RELIST).contains(&probed), "{kind:?} at {probed}, sync until {two}");
        }
    }
}

/// C7, K8: a postStart hook holds up the rest of the sync as well.
#[test]
fn c7_k8_post_start_holds_up_the_containers_after_it() {
    let hooked = Container { post_start: secs(7.0), ..container("main", Role::Regular, 1.0) };
    let model = pod_of(vec![hooked, container("second", Role::Regular, 1.0)], 0, Start::Fresh);
    let log = Log::play(&model, 0, 60.0);
    assert!(near(log.first(1, started) - log.first(0, started), 7.0 + C));
}

/// K11, K14, K18: a liveness kill of the proxy alone. The Pod is not Ready until the proxy is again; the container that serves
/// is left alone.
#[test]
fn k11_k18_a_killed_proxy_takes_the_pod_out_and_nothing_else() {
    let proxy = Container {
        liveness: Some(prompt(10.0, 3)),
        readiness: Some(prompt(5.0, 2)),
        app: App { on_sigterm: OnSigterm::Ignores, ..app(2.0) },
        ..container("proxy", Role::Regular, 2.0)
    };
    let mut model = pod_of(vec![container("main", Role::Regular, 1.0), proxy], 0, Start::Running);
    model.faults = vec![strike("hang", 1, 100.0, HANG)].into();
    for index in 0..200 {
        let log = Log::play(&model, index, 300.0);
        assert!(log.all(0, started).is_empty() && log.all(0, exited).is_empty(), "the other runs on");
        let ready = |wanted: bool| {
            log.pod(move |what| matches!(what, Happening::ReadyDecided { ready, .. } if *ready == wanted))
        };
        // Two probes that wait for 1 s each, the first within 5 s.
        let lost = ready(false)[0];
        assert!((106.0..=111.0).contains(&lost), "lost at {lost}");
        let decided = log.first(1, |what| matches!(what, Happening::KillDecided { .. }));
        assert!((121.0..=131.0).contains(&decided), "decided at {decided}");
        let ended = log.first(1, exited);
        // It ignores SIGTERM, so the grace is used up.
        assert!((decided + 30.0..decided + 30.0 + RELIST + 0.2).contains(&ended), "{decided} {ended}");
        let back = log.first(1, started);
        assert!(near(back - ended, C), "killed and started in one sync: {}", back - ended);
        let returned = ready(true)[0];
        assert!((back + 2.0..back + 2.0 + 5.0 + RELIST + 0.2).contains(&returned), "{back} {returned}");
    }
}

/// K9: liveness workers of all containers tick from the first sync, whenever their containers start.
#[test]
fn k9_workers_of_one_period_tick_together() {
    let slow = Container { liveness: Some(prompt(10.0, 3)), ..container("slow", Role::Regular, 1.0) };
    let first =
        Container { post_start: secs(23.0), liveness: Some(prompt(10.0, 3)), ..container("main", Role::Regular, 1.0) };
    let model = pod_of(vec![first, slow], 0, Start::Fresh);
    let log = watch(&model, 3, 0, Mode::EveryProbe, SimTime::ZERO + secs(90.0), Log::default());
    let (one, two) = (log.all(0, sent(ProbeKind::Liveness)), log.all(1, sent(ProbeKind::Liveness)));
    let since = log.pod(|what| matches!(what, Happening::FirstSync { .. }))[0];
    assert!(two.len() >= 5 && one[one.len() - two.len()..] == two, "{one:?} {two:?}");
    assert!(two.iter().all(|at| near((at - since) % 10.0, 0.0) || near((at - since) % 10.0, 10.0)), "{since} {two:?}");
}

/// K10: while a container is not ready, the start of another triggers its readiness worker once more.
#[test]
fn k10_a_sync_triggers_every_container_that_is_not_ready() {
    let slow = Container { readiness: Some(prompt(60.0, 1)), ..container("slow", Role::Regular, 20.0) };
    let mut model = pod_of(vec![container("main", Role::Regular, 1.0), slow], 0, Start::Fresh);
    model.faults = vec![strike("crash", 0, 30.0, ContainerMode::Crash)].into();
    let log = Log::play(&model, 0, 58.0);
    // Without the crash it would be found ready with its next tick, a minute after its start.
    let ready = log.pod(|what| matches!(what, Happening::ReadyDecided { ready: true, .. }));
    let restarted = log.all(0, started)[1];
    assert!(ready[0] > 30.0 && ready[0] < restarted + 2.0 * RELIST, "{ready:?}, restart at {restarted}");
}

/// K12, K13: a crash loop of one of two. Its waits grow, the other serves on, and the Pod is looked at when the wait is over, up
/// to half as long again later.
#[test]
fn k12_k13_a_crash_loop_of_one_backs_off_alone() {
    let mut model =
        pod_of(vec![container("main", Role::Regular, 1.0), container("loop", Role::Regular, 1.0)], 0, Start::Running);
    // It dies a second after its application is up, again and again.
    let fault = Fault {
        containers: vec![of_template(1)],
        ..crate::common::fault("loop", Strikes::Container(ContainerMode::Crash), fixed(1.0), None)
    };
    model.faults = vec![fault].into();
    for index in 0..20 {
        let log = Log::play(&model, index, 2000.0);
        assert!(log.all(0, exited).is_empty());
        let (ends, starts) = (log.all(1, exited), log.all(1, started));
        for (n, wait) in [(1, 10.0), (2, 20.0), (3, 40.0), (4, 80.0)] {
            let after = starts[n] - ends[n] - C;
            // C13: 60 s at most until the Pod is looked at again, and then once more.
            assert!(after >= wait && after <= wait * 1.5 + 3.0 * RELIST, "wait {n}: {after}");
        }
    }
}

/// K2, W19: both containers are to be killed in one sync. The kills follow one another, and neither starts before both are over.
#[test]
fn k2_w19_two_kills_of_one_sync_add_up() {
    let stubborn = |name| Container {
        liveness: Some(prompt(10.0, 3)),
        app: App { on_sigterm: OnSigterm::Ignores, ..app(1.0) },
        ..container(name, Role::Regular, 1.0)
    };
    let mut model = pod_of(vec![stubborn("main"), stubborn("second")], 0, Start::Running);
    model.faults = vec![strike("one", 0, 100.0, HANG), strike("two", 1, 100.0, HANG)].into();
    let mut first = [0; 2];
    for index in 0..200 {
        let log = Log::play(&model, index, 300.0);
        let decided = log.first(0, |what| matches!(what, Happening::KillDecided { .. }));
        let ends = [log.first(0, exited), log.first(1, exited)];
        let (early, late) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        assert!((decided + 30.0..decided + 31.5).contains(&early), "{decided} {ends:?}");
        assert!(late >= early + 30.0 && late < early + 30.1, "{ends:?}");
        assert!(log.first(0, started) > late && log.first(1, started) > late);
        first[usize::from(ends[1] < ends[0])] += 1;
    }
    // In the order of a map: each is first about as often (99.9 %).
    assert!(first.iter().all(|n| (77..=123).contains(n)), "{first:?}");
}

/// K16, W20: a sidecar is stopped after the others have gone. If they use up the grace, all get what is left: 2 s.
#[test]
fn k16_w20_sidecars_are_stopped_last() {
    let pod = |on_sigterm: OnSigterm, pre_stop: f64| {
        let main = Container { app: App { on_sigterm, ..app(1.0) }, ..container("main", Role::Regular, 1.0) };
        let sidecar = |name: &str| Container {
            app: App { on_sigterm: OnSigterm::Ignores, ..app(1.0) },
            pre_stop_sleep: secs(pre_stop),
            ..container(name, Role::Sidecar, 1.0)
        };
        let mut model = pod_of(vec![sidecar("first"), sidecar("second"), main], 2, Start::Running);
        let deletion = scripted("delete", fixed(100.0), &[ScriptTarget::Slot(SlotId::new(0))], Strikes::Deletion, None);
        model.faults = vec![deletion].into();
        Log::play(&model, 0, 200.0)
    };
    let log = pod(OnSigterm::Exits(fixed(5.0)), 0.0);
    let began = log.first(2, sigterm);
    let ends = [0, 1, 2].map(|container| log.first(container, exited) - began);
    assert!(near(ends[2], 5.0));
    assert!(near(log.first(1, sigterm) - began, 5.0), "the last sidecar when the others have gone");
    // Grace 30 s, of which 5 whole seconds were waited; then the first one, when the grace is used up.
    assert!((ends[1] - 30.0).abs() < 0.1, "{ends:?}");
    assert!((ends[0] - 32.0).abs() < 0.1, "{ends:?}");

    let log = pod(OnSigterm::Ignores, 0.0);
    let began = log.first(2, sigterm);
    let terms = [0, 1].map(|container| log.first(container, sigterm) - began);
    assert!(terms.iter().all(|at| (at - 30.0).abs() < 0.1), "order lost: {terms:?}");
    let ends = [0, 1, 2].map(|container| log.first(container, exited) - began);
    assert!((ends[2] - 30.0).abs() < 0.1 && ends[..2].iter().all(|at| (at - 32.0).abs() < 0.1), "{ends:?}");

    // Its preStop runs beside the shutdown of the others.
    let log = pod(OnSigterm::Exits(fixed(5.0)), 10.0);
    let began = log.first(2, sigterm);
    assert!((log.first(1, sigterm) - began - 10.0).abs() < 0.1);
}

/// K5, K17: a new sandbox begins with the first init container; a restart of a regular container runs none of them.
#[test]
fn k5_init_containers_run_again_with_a_new_sandbox_only() {
    let mut model =
        pod_of(vec![container("init", Role::Init, 2.0), container("main", Role::Regular, 1.0)], 1, Start::Running);
    model.faults = vec![strike("crash", 1, 50.0, ContainerMode::Crash)].into();
    let log = Log::play(&model, 0, 100.0);
    assert!(log.all(0, started).is_empty() && log.all(1, started).len() == 1);
    let sandbox = scripted(
        "sandbox",
        fixed(50.0),
        &[ScriptTarget::Slot(SlotId::new(0))],
        Strikes::Container(ContainerMode::Sandbox),
        None,
    );
    model.faults = vec![sandbox].into();
    let log = Log::play(&model, 0, 100.0);
    let (init, main) = (log.all(0, started), log.all(1, started));
    assert_eq!((init.len(), main.len()), (1, 1));
    assert!(main[0] > init[0] + 2.0, "after it is done");
}

/// K7: a sidecar restarts alone, also where it has ended of itself, and the others go on.
#[test]
fn k7_a_sidecar_restarts_alone() {
    let mut model = pod_of(
        vec![container("sidecar", Role::Sidecar, 1.0), container("main", Role::Regular, 1.0)],
        1,
        Start::Running,
    );
    model.faults = vec![strike("crash", 0, 50.0, ContainerMode::Crash)].into();
    let log = Log::play(&model, 0, 100.0);
    assert!(log.all(1, exited).is_empty());
    let restarted = log.first(0, started);
    assert!((50.0 + SYNC + C..50.0 + SYNC + C + RELIST).contains(&restarted), "{restarted}");
    // K11: its death is published, and so is its return.
    assert_eq!(log.pod(|what| matches!(what, Happening::ReadyDecided { .. })).len(), 2);
}

/// How slots look, and what is done to their containers.
#[derive(Default, PartialEq, Debug)]
struct Views(Vec<(SimTime, Observed)>);
impl Observer for Views {
    fn hears_log(&self) -> bool {
        false
    }
    fn observe(&mut self, at: SimTime, what: &Observed) {
        if matches!(what, Observed::SlotChanged { .. } | Observed::Restarted { .. } | Observed::ProbeKilled { .. }) {
            self.0.push((at, what.clone()));
        }
    }
}

/// K1: the order in the manifest is the order of the starts, and that is all: where starts take no time, containers exchanged
/// make the same history to the nanosecond.
#[test]
fn k1_exchanged_containers_differ_by_the_order_of_their_starts_only() {
    let main = Container {
        readiness: Some(prompt(5.0, 2)),
        liveness: Some(prompt(10.0, 3)),
        ..container("main", Role::Regular, 3.0)
    };
    let proxy = Container { readiness: Some(prompt(3.0, 1)), ..container("proxy", Role::Regular, 1.0) };
    let faults = |main: usize, proxy: usize| {
        let on = |name: &str, container, mode, mean| Fault {
            containers: vec![of_template(container)],
            ..crate::common::fault(name, Strikes::Container(mode), exponential(mean), None)
        };
        vec![
            on("crash", main, ContainerMode::Crash, 20_000.0),
            on("hang", main, HANG, 50_000.0),
            on("proxy-crash", proxy, ContainerMode::Crash, 30_000.0),
            Fault { containers: vec![], at_once: false, ..on("deletion", main, HANG, 1e9) },
        ]
    };
    let play = |containers: Vec<Container>, serving: usize| {
        let mut model = pod_of(containers, serving, Start::Running);
        model.faults = faults(serving, 1 - serving).into();
        model.cluster.latencies.container_start = Law::fixed(0.0).unwrap();
        watch(&model, 5, 0, Mode::Fast, SimTime::ZERO + Duration::from_secs(40 * 86_400), Views::default())
    };
    let (first, last) = (play(vec![main.clone(), proxy.clone()], 0), play(vec![proxy, main], 1));
    assert!(first.0.len() > 500);
    assert_eq!(first, last);
}

/// An init container that runs to its end has not crashed.
#[test]
fn k3_the_end_of_an_init_container_is_no_crash() {
    let model =
        pod_of(vec![container("init", Role::Init, 2.0), container("main", Role::Regular, 1.0)], 1, Start::Fresh);
    let log = Log::play(&model, 0, 20.0);
    let ends = log.all(0, |what| matches!(what, Happening::ContainerExited { exit: Exit::Completed, .. }));
    assert_eq!(ends.len(), 1);
    assert_eq!(log.all(0, |what| matches!(what, Happening::BackedOff { .. })), [0.0; 0]);
}

/// K8, C16: while a later container is being created for longer than a resync takes to come, an earlier one that is probed and
/// not ready waits with it.
#[test]
fn k8_a_creation_longer_than_a_resync_goes_on() {
    let first = Container { readiness: Some(prompt(5.0, 1)), ..container("proxy", Role::Sidecar, 300.0) };
    let second = Container { image_pull: ImagePull::Always, ..container("main", Role::Regular, 1.0) };
    let mut model = pod_of(vec![first, second], 1, Start::Fresh);
    model.cluster.latencies.image_pull = fixed(200.0);
    model.cluster.start_race.first = hasim::model::RaceOdds { new_status: 0.0, old_status_synced: 1.0 };
    for index in 0..50 {
        let log = Log::play(&model, index, 600.0);
        assert!((200.0..205.0).contains(&log.first(1, started)));
        assert_eq!(log.pod(|what| matches!(what, Happening::ReadyDecided { ready: true, .. })).len(), 1);
    }
}

/// K16, K17: a sidecar that waits for its turn is probed on, and met by the judge.
#[test]
fn k16_a_sidecar_that_waits_is_probed_on() {
    let main = Container {
        app: App { on_sigterm: OnSigterm::Exits(fixed(15.0)), ..app(1.0) },
        ..container("main", Role::Regular, 1.0)
    };
    let sidecar = Container { readiness: Some(prompt(2.0, 3)), ..container("proxy", Role::Sidecar, 1.0) };
    let mut model = pod_of(vec![sidecar, main], 1, Start::Running);
    let slot = [ScriptTarget::Slot(SlotId::new(0))];
    let sandbox = Strikes::Container(ContainerMode::Sandbox);
    model.faults = vec![scripted("sandbox", fixed(50.0), &slot, sandbox, None)].into();
    for index in 0..20 {
        let play = |mode| watch(&model, 3, index, mode, SimTime::ZERO + secs(100.0), Log::default());
        let (fast, judge) = (play(Mode::Fast), play(Mode::EveryProbe));
        assert_eq!(fast.all(0, started), judge.all(0, started));
        assert_eq!(fast.all(1, started), judge.all(1, started));
        let waited = judge.all(0, |what| matches!(what, Happening::ProbeSent { .. }));
        assert!(waited.iter().filter(|at| (51.5..65.0).contains(*at)).count() >= 5, "{waited:?}");
    }
}

/// C4, K17: a sandbox that dies while the proxy is being killed takes the container that serves with it: the next sync begins
/// with a new one.
#[test]
fn k17_a_sandbox_that_dies_during_a_sync_is_not_forgotten() {
    let proxy = Container {
        liveness: Some(prompt(5.0, 2)),
        app: App { on_sigterm: OnSigterm::Ignores, ..app(1.0) },
        ..container("proxy", Role::Regular, 1.0)
    };
    let mut model = pod_of(vec![container("main", Role::Regular, 1.0), proxy], 0, Start::Running);
    let slot = [ScriptTarget::Slot(SlotId::new(0))];
    let sandbox = scripted("sandbox", fixed(80.0), &slot, Strikes::Container(ContainerMode::Sandbox), None);
    model.faults = vec![strike("hang", 1, 50.0, HANG), sandbox].into();
    for index in 0..50 {
        let log = Log::play(&model, index, 400.0);
        let (main, proxy) = (log.all(0, started), log.all(1, started));
        assert_eq!((main.len(), proxy.len()), (1, 1), "both in the new sandbox, once");
        assert!(main[0] > 80.0 && main[0] < 130.0, "{main:?}");
    }
}

/// K3, K4: what the Pod waits for is told by its init container: a back-off of that is one of the Pod.
#[test]
fn k4_a_pod_whose_init_container_fails_is_in_back_off() {
    use hasim::cluster::Phase;
    let mut model =
        pod_of(vec![container("init", Role::Init, 5.0), container("main", Role::Regular, 1.0)], 1, Start::Fresh);
    let loops = Fault {
        containers: vec![of_template(0)],
        ..crate::common::fault("loop", Strikes::Container(ContainerMode::Crash), fixed(1.0), None)
    };
    model.faults = vec![loops].into();
    let log = crate::common::watch::play(&model, 1, 0, 600.0);
    assert!(log.reached(0, 0.0, Phase::BackOff).is_some());
    assert!(log.reached(0, 0.0, Phase::Detect).is_none());
}
