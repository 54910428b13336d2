//! What never comes right by itself: containers that are restarted again and again, and hangs that nothing ends.

use super::{CRASH, HANG, fault, fixed, redeploy, reference, scripted, secs};
use hasim::cluster::{Observed, Observer};
use hasim::ids::{SlotId, WorkloadId};
use hasim::model::{
    Affects, ContainerMode, ImagePull, Model, OnSigterm, Probe, ScriptTarget, Start, Strikes, WhileStarting,
};
use hasim::random::Law;
use hasim::time::{Duration, SimTime};

/// From when on it does not come right, in seconds.
pub const BEGINS: f64 = 3600.0;
/// Longer than anybody plays, in seconds.
const FOR_EVER: f64 = 20.0 * 365.0 * 86_400.0;

/// One Pod of an application that starts within seconds, with these probes at their defaults; nothing breaks.
pub fn healthy(readiness: bool, liveness: bool, startup: bool) -> Model {
    let mut model = reference();
    redeploy(&mut model, 1, 3, 2, false);
    let main = model.workload_mut().pod.main_mut();
    let probe_if = |exists: bool| exists.then_some(Probe::USUAL);
    (main.readiness, main.liveness, main.startup) = (probe_if(readiness), probe_if(liveness), probe_if(startup));
    main.image_pull = ImagePull::IfNotPresent;
    model.app_mut().start_up = Law::lognormal_with_p95(0.8, 3.0).unwrap();
    model.app_mut().on_sigterm = OnSigterm::Exits(Law::uniform(0.05, 1.0).unwrap());
    model.warm_up = Duration::ZERO;
    model
}

/// The same with an application that starts and never serves.
fn never_serving(mut model: Model, while_starting: WhileStarting) -> Model {
    model.start = Start::Fresh;
    model.app_mut().start_up = fixed(FOR_EVER);
    model.app_mut().while_starting = while_starting;
    model
}

/// The same with something that strikes all containers after an hour, restarted ones as well.
fn struck(mut model: Model, mode: ContainerMode) -> Model {
    let all = [ScriptTarget::Deployment(WorkloadId::new(0))];
    model.faults.push(scripted("it", fixed(BEGINS), &all, Strikes::Deployment(mode), Some(FOR_EVER)));
    model
}

/// The liveness probe fails whenever a container has started, and each is killed.
pub fn liveness_loop() -> Model {
    struck(healthy(true, true, false), ContainerMode::Error(Affects::ALL))
}

/// Each container dies after it has served for a second.
pub fn crash_loop() -> Model {
    let mut model = healthy(true, true, false);
    model.faults.push(fault("crash", CRASH, fixed(1.0), None));
    model
}

/// The container hangs after an hour, for good, and no probe kills it.
pub fn endless_hang(readiness: bool) -> Model {
    let mut model = healthy(readiness, false, false);
    model.faults.push(scripted("hang", fixed(BEGINS), &[ScriptTarget::Slot(SlotId::new(0))], HANG, None));
    model
}

/// Loops by name.
pub fn loops() -> Vec<(&'static str, Model)> {
    let unseen = Affects { requests: false, liveness: true, startup: false, readiness: false };
    vec![
        ("liveness", liveness_loop()),
        ("liveness that hangs", struck(healthy(true, true, false), ContainerMode::Hang(Affects::ALL))),
        ("liveness that nobody else sees", struck(healthy(true, true, false), ContainerMode::Error(unseen))),
        ("a start that is refused", never_serving(healthy(true, true, false), WhileStarting::Refuses)),
        ("a start that is accepted", never_serving(healthy(true, true, false), WhileStarting::Accepts)),
        ("startup", never_serving(healthy(true, true, true), WhileStarting::Refuses)),
        ("crash", crash_loop()),
    ]
}

/// What never comes right and is never restarted, by name.
pub fn hangs() -> Vec<(&'static str, Model)> {
    let no_killer = Affects { liveness: false, startup: false, ..Affects::ALL };
    let hang = |probe: Probe| {
        let mut model = endless_hang(true);
        model.workload_mut().pod.main_mut().readiness = Some(probe);
        model
    };
    let after = |timeout, period| Probe { timeout: secs(timeout), period: secs(period), ..Probe::USUAL };
    vec![
        ("hang", endless_hang(true)),
        ("hang, half of the time waited for", hang(after(5.0, 10.0))),
        ("hang, nearly always waited for", hang(after(9.0, 10.0))),
        ("hang, one probe after the other", hang(after(7.0, 5.0))),
        ("hang that no probe sees", endless_hang(false)),
        ("hang of all", struck(healthy(true, true, false), ContainerMode::Hang(no_killer))),
        ("error of all", struck(healthy(true, true, false), ContainerMode::Error(no_killer))),
        ("a start without end", never_serving(healthy(true, false, false), WhileStarting::Refuses)),
        ("an accepted start without end", never_serving(healthy(true, false, false), WhileStarting::Accepts)),
    ]
}

/// Counts restarts.
#[derive(Default)]
pub struct Restarts(pub u64);

impl Observer for Restarts {
    fn hears_log(&self) -> bool {
        false
    }

    fn observe(&mut self, _at: SimTime, what: &Observed) {
        self.0 += u64::from(matches!(what, Observed::Restarted { .. }));
    }
}
