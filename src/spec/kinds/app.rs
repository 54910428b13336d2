//! The kind `App`: how a container of the application behaves.

pub(in crate::spec) mod guess;

use std::collections::BTreeMap;

use crate::model::{App, CpuShare, OnSigterm, Queue, WhileStarting};
use crate::random::Law;
use crate::spec::container::Container;
use crate::spec::deployment::read_metadata;
use crate::spec::diagnostic::Problems;
use crate::spec::law;
use crate::spec::pod::Pod;
use crate::spec::quantity;
use crate::spec::reader::{Item, Object, nearest};
use crate::spec::traffic;
use crate::spec::tree::{Mark, Node, Value};

/// Opens a document of one of our kinds and gives its spec and its name.
pub(in crate::spec) fn open<'a>(document: &'a Node, problems: &mut Problems) -> Option<(String, Object<'a>)> {
    let mut object = Item::new(document, "").our_object(problems)?;
    let _ = (object.get("apiVersion"), object.get("kind"));
    let metadata = read_metadata(&mut object, problems);
    let spec = object.require("spec", problems);
    object.finish(problems, &[]);
    let spec = spec?.our_object(problems)?;
    Some((metadata.map(|metadata| metadata.name).unwrap_or_default(), spec))
}

/// How the applications in the containers of a Pod behave.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Apps {
    /// Where they are described.
    pub mark: Mark,
    /// In the one that serves, where that is not named.
    serving: Option<App>,
    /// By the names of their containers.
    named: BTreeMap<String, (App, Mark)>,
}

impl Apps {
    /// The application in the container of the Pod that serves.
    pub fn serving(&self, pod: &Pod) -> Option<&App> {
        self.named.get(&pod.main().name).map(|(app, _)| app).or(self.serving.as_ref())
    }

    /// The application in a container that does not serve. One that nobody describes is as good as any.
    pub fn of(&self, name: &str) -> App {
        self.named.get(name).map_or_else(App::unknown, |(app, _)| app.clone())
    }

    /// Holds the names against the containers of the Pod, and says which containers nobody describes.
    pub fn check(&self, pod: &Pod, problems: &mut Problems) {
        let main = &pod.main().name;
        let names: Vec<&str> = pod.all().map(|container| container.name.as_str()).collect();
        for (name, (_, mark)) in self.named.iter().filter(|(name, _)| !names.contains(&name.as_str())) {
            let message =
                format!("is no container of the Pods ({}): what stands here describes nothing", names.join(", "));
            let problem = problems.warn(*mark, &format!("spec.containers.{name}"), message);
            if let Some(near) = nearest(name, names.iter().copied()) {
                problem.help(format!("did you mean `{near}`?"));
            }
        }
        for (name, (app, mark)) in self.named.iter().filter(|(name, _)| *name != main) {
            if app.capacity.is_some() {
                let message = format!("counts for nothing: requests go to `{main}`, which serves");
                problems.warn(*mark, &format!("spec.containers.{name}.capacity"), message);
            }
        }
        match (self.named.get(main), &self.serving) {
            (Some((_, mark)), Some(_)) => {
                let message =
                    "describes the container that serves, which `spec.startUp` and what stands beside it do too";
                problems.error(*mark, &format!("spec.containers.{main}"), message).help("describe it once");
            }
            (None, None) => {
                let message = format!("is missing, and `spec.containers` does not describe `{main}`, which serves");
                problems.error(self.mark, "spec.startUp", message);
            }
            _ => {}
        }
        self.tell_of_unknown(pod, problems);
    }

    fn tell_of_unknown(&self, pod: &Pod, problems: &mut Problems) {
        let is_unknown = |one: &&Container| one.name != pod.main().name && !self.named.contains_key(&one.name);
        let unknown: Vec<&Container> = pod.all().filter(is_unknown).collect();
        let Some(first) = unknown.first() else { return };
        let names: Vec<String> = unknown.iter().map(|one| format!("`{}`", one.name)).collect();
        let they = if unknown.len() == 1 { "it" } else { "each" };
        let ends = if pod.init.iter().any(|one| !one.is_sidecar && is_unknown(&one)) {
            "; an init container is done after 1 s"
        } else {
            ""
        };
        let message = format!(
            "the app says nothing of {}: {they} starts in 1 s, never fails of itself and answers its probes{ends}",
            names.join(", ")
        );
        let help = format!("write `containers: {{{}: {{startUp: LAW}}}}` into the app's spec", first.name);
        problems.note(first.mark, &first.path, message).help(help);
    }
}

/// What is said of a container.
pub(in crate::spec) const OF_ONE: [&str; 8] =
    ["startUp", "whileStarting", "onSigterm", "probeFailure", "capacity", "whenOverloaded", "queue", "healthEndpoint"];

/// Reads an App.
pub(in crate::spec) fn read(document: &Node, problems: &mut Problems) -> Option<Apps> {
    let (_, mut spec) = open(document, problems)?;
    let containers = spec.get("containers");
    let named = containers.as_ref().map_or_else(|| Some(BTreeMap::new()), |item| read_named(item, problems));
    let describes = OF_ONE.iter().any(|key| spec.has(key));
    let serving = if describes || containers.is_none() {
        Some(read_one(spec, problems)?)
    } else {
        spec.finish(problems, &[]);
        None
    };
    Some(Apps { mark: document.mark, serving, named: named? })
}

/// Reads the applications of other containers, by name.
fn read_named(item: &Item<'_>, problems: &mut Problems) -> Option<BTreeMap<String, (App, Mark)>> {
    let entries = item.entries(problems)?;
    let read = |(name, entry): (String, Item<'_>)| {
        let app = read_one(entry.our_object(problems)?, problems)?;
        Some((name, (app, entry.mark())))
    };
    // All errors are to be seen at once.
    let apps: Vec<Option<(String, (App, Mark))>> = entries.into_iter().map(read).collect();
    apps.into_iter().collect()
}

fn read_one(mut spec: Object<'_>, problems: &mut Problems) -> Option<App> {
    let start_up = spec.require("startUp", problems).and_then(|item| law::read(&item, problems));
    let words = [("refuses", WhileStarting::Refuses), ("accepts", WhileStarting::Accepts)];
    let while_starting = spec.get("whileStarting").and_then(|word| word.word(problems, &words));
    // A process without a handler of its own ends at once.
    let on_sigterm = match spec.get("onSigterm") {
        Some(item) => read_on_sigterm(&item, problems),
        None => Law::fixed(0.0).ok().map(OnSigterm::Exits),
    };
    let probe_failure = spec.get("probeFailure").map_or(Some(0.0), |item| {
        let value = item.share(problems, 0.0..=1.0)?;
        if value >= 1.0 {
            item.refuse(problems, "must be below 1");
            return None;
        }
        Some(value)
    });
    let capacity = spec.get("capacity").map(|item| read_capacity(&item, problems));
    let queue = read_queue(&mut spec, capacity.as_ref().map(Option::as_ref), problems);
    spec.finish(problems, &[]);
    let Capacity { rate, cpu, .. } = capacity.unwrap_or_else(|| Some(Capacity::default()))?;
    Some(App {
        capacity: rate,
        queue: queue?,
        cpu,
        start_up: start_up?,
        while_starting: while_starting.unwrap_or(WhileStarting::Refuses),
        on_sigterm: on_sigterm?,
        probe_failure: probe_failure?,
    })
}

/// What a Pod can take, and what it costs it.
#[derive(Debug, Clone, Copy, Default)]
struct Capacity {
    /// Requests a second that it answers.
    rate: Option<f64>,
    /// How many it works on at once, if that is said.
    workers: Option<u32>,
    cpu: CpuShare,
}

/// What `workers` and `queue.limit` may be.
pub(in crate::spec) const MOST_WORKERS: i64 = 10_000;
pub(in crate::spec) const MOST_PLACES: i64 = 100_000;

fn read_capacity(item: &Item<'_>, problems: &mut Problems) -> Option<Capacity> {
    let mut object = item.our_object(problems)?;
    let rate = object.get("requestsPerSecond");
    let (workers, service) = (object.get("workers"), object.get("serviceTime"));
    let cpu = object.get("cpu").map_or(Some(CpuShare::default()), |item| read_cpu(&item, problems));
    let (rate, workers) = match (rate, workers, service) {
        (Some(rate), None, None) => (traffic::read_rate(&rate, problems), Some(None)),
        (None, Some(workers), Some(service)) => {
            let workers = workers.integer(problems, 1..=MOST_WORKERS).map(|workers| workers as u32);
            let rate = read_service_time(&service, problems).zip(workers).and_then(|(seconds, workers)| {
                let rate = f64::from(workers) / seconds;
                if rate > traffic::MOST_REQUESTS {
                    service.refuse(problems, "is so short that Pods answer more than a billion requests a second");
                    return None;
                }
                Some(rate)
            });
            (rate, workers.map(Some))
        }
        (Some(_), ..) => {
            object.error(
                problems,
                "has requestsPerSecond beside workers or serviceTime, which say it, too: write one or the others",
            );
            (None, None)
        }
        (None, None, None) => {
            let help = "or write `workers: 8` and `serviceTime: 80ms` in its place";
            let _ = object.require_or("requestsPerSecond", problems, help);
            (None, None)
        }
        (None, ..) => {
            let _ = (object.require("workers", problems), object.require("serviceTime", problems));
            (None, None)
        }
    };
    object.finish(problems, &[]);
    Some(Capacity { rate: Some(rate?), workers: workers?, cpu: cpu? })
}

/// How long a request is worked on: of a law its mean, in seconds.
fn read_service_time(item: &Item<'_>, problems: &mut Problems) -> Option<f64> {
    let mean = law::read(item, problems)?.mean();
    if !(mean > 0.0 && mean.is_finite()) {
        item.refuse(problems, "must have a mean above 0 that is finite, such as 80ms");
        return None;
    }
    Some(mean)
}

/// What becomes of the requests that a Pod cannot take at once. The capacity is `None` where none is said, and `Some(None)` where it is
/// wrong.
fn read_queue(
    spec: &mut Object<'_>,
    capacity: Option<Option<&Capacity>>,
    problems: &mut Problems,
) -> Option<Option<Queue>> {
    let when = spec.get("whenOverloaded");
    let queues = when.as_ref().map_or(Some(false), |item| item.word(problems, &[("sheds", false), ("queues", true)]));
    let queue = spec.get("queue");
    let limit = queue.as_ref().map_or(Some(None), |item| {
        let mut object = item.our_object(problems)?;
        let limit = object.get("limit").map(|item| item.integer(problems, 0..=MOST_PLACES));
        object.finish(problems, &[]);
        limit.map_or(Some(None), |limit| limit.map(|limit| Some(limit as u32)))
    });
    let health = spec.get("healthEndpoint");
    let delays_probes = health.as_ref().map_or(Some(false), |item| {
        let mut object = item.our_object(problems)?;
        let shares = object.require("sharesQueue", problems).and_then(|item| item.boolean(problems));
        object.finish(problems, &[]);
        shares
    });
    let (queues, limit, delays_probes) = (queues?, limit?, delays_probes?);
    if !queues {
        if let Some(health) = health.filter(|_| delays_probes) {
            let message = "shares a queue, and none is said: what comes beyond the capacity is refused at once";
            problems.error(health.mark(), &health.path, message).help(
                "write `whenOverloaded: queues` beside it; with `queue: {limit: 0}` probes are refused like requests",
            );
            return None;
        }
        if let Some(queue) = &queue {
            let message = "says how many requests wait, and what comes beyond the capacity is refused at once";
            problems.error(queue.mark(), &queue.path, message).help("write `whenOverloaded: queues` beside it");
            return None;
        }
        return Some(None);
    }
    let when = when.as_ref()?;
    let message = match capacity {
        Some(None) => return None,
        Some(Some(Capacity { workers: Some(workers), .. })) => {
            return Some(Some(Queue { workers: *workers, limit, delays_probes }));
        }
        Some(Some(_)) => {
            "is `queues`, which needs `workers` and `serviceTime` in `capacity`: how long requests wait hangs on them"
        }
        None => "is `queues`, which needs a `capacity`: without one Pods answer whatever comes at once",
    };
    problems.error(when.mark(), &when.path, message).help("write `capacity: {workers: 8, serviceTime: 80ms}`");
    None
}

/// More than any Pod has.
const MOST_CPUS: f64 = 10_000.0;

/// What a Pod uses of CPUs, in Kubernetes' quantities.
fn read_cpu(item: &Item<'_>, problems: &mut Problems) -> Option<CpuShare> {
    let mut object = item.our_object(problems)?;
    let (idle, busy) = (object.get("idle"), object.get("busy"));
    object.finish(problems, &[]);
    let mut amount = |item: Option<Item<'_>>, must_be_some: bool| -> Option<Option<f64>> {
        let Some(item) = item else { return Some(None) };
        let quantity = quantity::read(&item, problems, false)?;
        if quantity.as_f64() > MOST_CPUS {
            item.refuse(problems, format_args!("must be at most {MOST_CPUS} CPUs"));
            return None;
        }
        if must_be_some && quantity.millis() == 0 {
            item.refuse(problems, "must be above 0, such as 250m");
            return None;
        }
        Some(Some(quantity.millis() as f64))
    };
    let (idle, busy) = (amount(idle, false), amount(busy, true));
    Some(CpuShare { idle: idle?.unwrap_or(0.0), busy: busy? })
}

fn read_on_sigterm(item: &Item<'_>, problems: &mut Problems) -> Option<OnSigterm> {
    if let Value::String(_) = &item.node.value {
        return item.word(problems, &[("ignores", ())]).map(|()| OnSigterm::Ignores);
    }
    let mut object = item.our_object(problems)?;
    let (drains, exits) = (object.get("drains"), object.get("exits"));
    object.finish(problems, &[]);
    match (drains, exits) {
        (Some(drains), None) => law::read(&drains, problems).map(OnSigterm::Drains),
        (None, Some(exits)) => law::read(&exits, problems).map(OnSigterm::Exits),
        (drains, _) => {
            let what = if drains.is_some() { "has both of drains and exits" } else { "has neither drains nor exits" };
            item.refuse(problems, format_args!("{what}, must have one of them"));
            None
        }
    }
}
