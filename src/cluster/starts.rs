//! Starts of containers: sandbox, image, creation, postStart, and the application's own start (C4, C6, C7, C14, K8).
//! Follows `pkg/kubelet/kuberuntime/kuberuntime_container.go startContainer`.

use super::happening::Happening;
use super::observer::{Observed, Observer};
use super::state::{Container, Race, Stage, StartKind};
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{ContainerRef, ImageId};
use crate::model::{ImagePull, Latencies, RaceOdds, Role};
use crate::random::Law;
use crate::time::{Duration, SimTime};

impl<O: Observer> Cluster<'_, O> {
    /// What the runtime takes for something that it does to a container.
    pub(super) fn draw_creation(&mut self, at: ContainerRef, law: impl Fn(&Latencies) -> &Law) -> Duration {
        let law = law(&self.model.cluster.latencies);
        self.chance_of(at).creation.span(law)
    }

    /// The image of a container: that of the one that serves changes with rollouts.
    pub(super) fn image_of(&self, at: ContainerRef) -> (ImageId, u32) {
        let version = if at == self.main(at.pod) { self.pods[at.pod].image } else { 0 };
        (self.container_spec(at).image, version)
    }

    /// Sandbox, unless there is one (C4); image (C14), creation and start.
    pub(super) fn begin_start(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: StartKind) {
        let pod = at.pod;
        let sandbox = if self.pods[pod].sandbox {
            Duration::ZERO
        } else {
            self.draw_creation(self.main(pod), |latencies| &latencies.sandbox)
        };
        let node = self.pods[pod].node.expect("only a bound Pod starts");
        let is_present = self.nodes[node].images.contains(&self.image_of(at));
        let image = match self.container_spec(at).image_pull {
            ImagePull::Never => Duration::ZERO,
            _ if !is_present => self.draw_creation(at, |latencies| &latencies.image_pull),
            ImagePull::Always => self.draw_creation(at, |latencies| &latencies.image_check),
            ImagePull::IfNotPresent => Duration::ZERO,
        };
        let start = self.draw_creation(at, |latencies| &latencies.container_start);
        let timer = self.timer();
        let container = self.container_mut(at);
        container.stage = Stage::Creating;
        container.start_kind = kind;
        container.start = timer;
        container.starts_at = cx.now() + sandbox + image + start;
        cx.at(container.starts_at, Event::ContainerStarted(at, timer));
        self.tell(cx, Happening::StartBegan { pod, container: at.container, sandbox: !sandbox.is_zero() });
    }

    pub(super) fn on_container_started(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, timer: Timer) {
        if !self.container_mut(at).start.expires(timer) {
            return;
        }
        let pod = at.pod;
        if self.give_up_dead_sandbox(pod) {
            // The runtime refuses it; the next sync starts it in a new sandbox.
            self.container_mut(at).stage = Stage::Exited;
            self.go_on_after_start(cx, pod);
            self.await_turn(cx, pod);
            return self.settle(cx, pod);
        }
        let spec = self.container_spec(at);
        let start_up = self.chance_of(at).start_up.span(&spec.app.start_up);
        let u = self.chance_of(at).race.uniform();
        let app = self.timer();
        let odds = &self.model.cluster.start_race;
        let container = self.container_mut(at);
        let restarted = container.instance > 0;
        container.begin_life(cx.now(), start_up, app);
        cx.after(start_up, Event::AppServing(at, app));
        self.take_on_flaw(at);
        let container = self.container_mut(at);
        container.race = Some(match container.start_kind {
            StartKind::First => race(odds.first, u),
            StartKind::Killed => race(odds.probe_restart, u),
            StartKind::CrashRestart => race(odds.crash_restart, u),
        });
        let instance = container.instance;
        self.pods[pod].sandbox = true;
        if let Some(node) = self.pods[pod].node {
            let image = self.image_of(at);
            self.nodes[node].store_image(image);
        }
        self.tell(cx, Happening::ContainerStarted { pod, container: at.container, instance });
        if spec.post_start.is_zero() {
            self.go_on_after_start(cx, pod);
        } else {
            let timer = self.timer();
            let container = self.container_mut(at);
            container.start = timer;
            container.starts_at = cx.now() + spec.post_start;
            cx.after(spec.post_start, Event::PostStartEnded(at, timer));
        }
        self.await_turn(cx, pod);
        if restarted
            && spec.role != Role::Init
            && let Some((workload, slot)) = self.place_of(pod)
        {
            self.observe(cx, &Observed::Restarted { workload, slot });
        }
        if spec.role == Role::Init
            && let Some(slot) = self.slot_of(pod)
        {
            // It is in service while it runs.
            self.update_clocks(cx, slot);
        }
        // From outside it looks as it did while it was being created.
        self.settle_probes(cx, pod);
    }

    /// The hook has let the sync go on (K8).
    pub(super) fn on_post_start_ended(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, timer: Timer) {
        if self.container_mut(at).start.expires(timer) {
            self.go_on_after_start(cx, at.pod);
            self.await_turn(cx, at.pod);
            self.plan_all(cx, at.pod);
        }
    }

    /// The application answers; an init container has done its work.
    pub(super) fn on_app_serving(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, timer: Timer) {
        if !self.container_mut(at).app.expires(timer) {
            return;
        }
        if self.container_spec(at).role == Role::Init {
            return self.complete_container(cx, at);
        }
        if self.exits_for_its_flaw(cx, at) {
            return;
        }
        let container = self.container_mut(at);
        container.serving = true;
        let instance = container.instance;
        self.tell(cx, Happening::AppServing { pod: at.pod, container: at.container, instance });
        self.await_flaw(cx, at);
        self.settle(cx, at.pod);
    }
}

impl Container {
    fn begin_life(&mut self, now: SimTime, start_up: Duration, app: Timer) {
        self.instance += 1;
        self.stage = Stage::Running;
        self.started = Some(now);
        self.serving = false;
        self.serves_at = now + start_up;
        self.sigterm = false;
        self.app = app;
    }
}

fn race(odds: RaceOdds, u: f64) -> Race {
    if u < odds.new_status {
        Race::NewStatus
    } else if u < odds.new_status + odds.old_status_synced {
        Race::OldStatusSynced
    } else {
        Race::OldStatus
    }
}
