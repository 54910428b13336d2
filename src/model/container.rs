//! A container of a Pod: what the manifest says of it, and how its application behaves.

use crate::ids::ImageId;
use crate::queueing::{Clients, Station};
use crate::random::Law;
use crate::time::Duration;

/// One container of the Pod template.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Its name, unique in the Pod.
    pub name: String,
    /// When it runs.
    pub role: Role,
    /// Restarts it when it fails.
    pub liveness: Option<Probe>,
    /// Takes the Pod out of rotation when it fails (K11).
    pub readiness: Option<Probe>,
    /// Holds back the other two until it has succeeded.
    pub startup: Option<Probe>,
    /// `lifecycle.preStop.sleep.seconds`: slept before SIGTERM, within the grace (C9).
    pub pre_stop_sleep: Duration,
    /// How long `lifecycle.postStart` takes, which blocks the sync (C7, K8).
    pub post_start: Duration,
    /// Its image: containers of the same image find it on a Node where one of them has run (C14).
    pub image: ImageId,
    /// When the image is looked for in the registry (C14).
    pub image_pull: ImagePull,
    /// How the application in it behaves.
    pub app: App,
}

impl Container {
    /// One of this name and image, without probes and hooks.
    pub fn new(name: impl Into<String>, role: Role, image: ImageId, image_pull: ImagePull, app: App) -> Self {
        Self {
            name: name.into(),
            role,
            liveness: None,
            readiness: None,
            startup: None,
            pre_stop_sleep: Duration::ZERO,
            post_start: Duration::ZERO,
            image,
            image_pull,
            app,
        }
    }

    /// Its probe of this kind.
    pub fn probe(&self, kind: ProbeKind) -> Option<Probe> {
        match kind {
            ProbeKind::Liveness => self.liveness,
            ProbeKind::Readiness => self.readiness,
            ProbeKind::Startup => self.startup,
        }
    }
}

/// When a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// To its end, before the containers of the Pod start (K3). Its [`App::start_up`] is how long it runs.
    Init,
    /// An init container with `restartPolicy: Always`: from its turn on, as long as the Pod (K6).
    Sidecar,
    /// A container of the Pod.
    Regular,
}

/// Which of the three probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProbeKind {
    /// Liveness.
    Liveness,
    /// Readiness.
    Readiness,
    /// Startup.
    Startup,
}

/// A probe's timing and thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// `initialDelaySeconds` (P8).
    pub initial_delay: Duration,
    /// `timeoutSeconds`, 1 s or more.
    pub timeout: Duration,
    /// `periodSeconds`, 1 s or more.
    pub period: Duration,
    /// `successThreshold`, 1 or more.
    pub success_threshold: u32,
    /// `failureThreshold`, 1 or more.
    pub failure_threshold: u32,
    /// The probe's own `terminationGracePeriodSeconds` (C9).
    pub termination_grace: Option<Duration>,
    /// Every attempt ends in an error, which leaves no trace (P15), so the initial value stays (P7): readiness is never
    /// there, liveness never kills, startup neither succeeds nor kills. Such a probe asks for a port by a name that its
    /// container does not have.
    pub always_errs: bool,
}

impl Probe {
    /// One with the defaults (M3).
    pub const USUAL: Self = Self {
        initial_delay: Duration::ZERO,
        timeout: Duration::from_secs(1),
        period: Duration::from_secs(10),
        success_threshold: 1,
        failure_threshold: 3,
        termination_grace: None,
        always_errs: false,
    };

    /// One with the defaults of which every attempt ends in an error.
    pub const fn that_errs() -> Self {
        Self { always_errs: true, ..Self::USUAL }
    }
}

/// `imagePullPolicy` (C14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImagePull {
    /// Every start asks the registry; layers that are present are not fetched again.
    Always,
    /// The registry is asked only where the image is absent.
    IfNotPresent,
    /// The image is there already.
    Never,
}

/// How the application in a container behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Seconds from the start of the process until it answers requests; of an init container, until it is done.
    pub start_up: Law,
    /// What a client meets until then.
    pub while_starting: WhileStarting,
    /// What SIGTERM does.
    pub on_sigterm: OnSigterm,
    /// Probability that one probe of a healthy container fails, because the answer comes too late; in [0, 1).
    pub probe_failure: f64,
    /// Requests a second that it answers. `None`: as many as come. Above 0.
    pub capacity: Option<f64>,
    /// Where what comes beyond that waits; `None`: it is refused at once. Nothing waits where there is no capacity.
    pub queue: Option<Queue>,
    /// What the containers of the Pod use of CPUs.
    pub cpu: CpuShare,
}

impl App {
    /// A Pod as a queue; `None` where nothing waits.
    pub fn station(&self) -> Option<Station> {
        let (capacity, queue) = (self.capacity?, self.queue?);
        Some(Station { workers: queue.workers, capacity, places: queue.limit })
    }

    /// Requests a second from which on an overload outlasts its cause, as what fails is sent again and work is done for clients that have
    /// given up: ρ · r > 1, or ρ · (1 + b) > 1 with a budget. `None` where it never does below the capacity: nobody gives up or tries again,
    /// or no more can wait than is worked on in time.
    pub fn persists_above(&self, clients: &Clients) -> Option<f64> {
        let (capacity, queue, timeout) = (self.capacity?, self.queue?, clients.timeout?);
        // Who takes the last place waits for those before it, and then for its own work.
        let is_short =
            queue.limit.is_some_and(|limit| f64::from(limit) + f64::from(queue.workers) < timeout * capacity);
        (!is_short && clients.most_sent() > 1.0).then(|| capacity / clients.most_sent())
    }
}

/// What comes waits in one queue, first come, first served, until one of the workers takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// How many requests are worked on at once; 1 or more.
    pub workers: u32,
    /// How many requests can wait; what comes beyond is refused at once. `None`: any number.
    pub limit: Option<u32>,
    /// The endpoint that probes ask shares it: they wait behind requests, and are worked on like one.
    pub delays_probes: bool,
}

/// Thousandths of a CPU that the containers of a Pod use together, as metrics show it to an autoscaler.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CpuShare {
    /// Without requests.
    pub idle: f64,
    /// Beside that, with as many requests as it can take; `None`: as much as the container that serves may use.
    pub busy: Option<f64>,
}

impl App {
    /// One of which nothing is known: it answers after a second, never fails of itself, and ends at once on SIGTERM.
    pub fn unknown() -> Self {
        let seconds = |seconds| Law::fixed(seconds).expect("it is not negative");
        Self {
            start_up: seconds(1.0),
            while_starting: WhileStarting::Refuses,
            on_sigterm: OnSigterm::Exits(seconds(0.0)),
            probe_failure: 0.0,
            capacity: None,
            queue: None,
            cpu: CpuShare::default(),
        }
    }
}

/// What a client of a starting application meets (W5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhileStarting {
    /// Nobody listens: connection refused at once.
    Refuses,
    /// The connection is accepted and answered once the start is complete.
    Accepts,
}

/// What the process does on SIGTERM.
#[derive(Debug, Clone, PartialEq)]
pub enum OnSigterm {
    /// It answers nothing more, and exits after so many seconds (or is killed when its grace ends).
    Exits(Law),
    /// It serves on for so many seconds, and exits then (or is killed when its grace ends).
    Drains(Law),
    /// It runs on until SIGKILL.
    Ignores,
}
