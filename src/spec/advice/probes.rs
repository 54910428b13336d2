//! Advice on probes: what kills too early, what withdraws too late.

use serde_json::{Value as Json, json};

use super::{Advice, Finding, Subject, percent};
use crate::model::{Affects, ContainerMode, Fault, Probe, Strikes, WhileStarting};
use crate::random::Law;
use crate::spec::tree::Node;
use crate::time::Duration;

/// What strikes less often is not worth a word.
const NOTICED: f64 = 0.01;
/// As few starts may be killed where the advice is followed.
const HARMLESS: f64 = 0.001;

pub(super) static NO_READINESS_PROBE: Advice = Advice {
    id: "no-readiness-probe",
    says: "Without a readiness probe a Pod is sent requests whether it answers or not",
    why: "A started container without a readiness probe counts as ready: it gets requests before the application has \
          started, and goes on getting them while it hangs.",
    rules: &["P13", "E1", "E4"],
    help: "Add a readinessProbe that asks whether this Pod can answer requests now.",
};

pub(super) fn no_readiness_probe(subject: &Subject<'_>) -> Vec<Finding> {
    let container = subject.main();
    if container.readiness.is_some() {
        return Vec::new();
    }
    let message = if container.startup.is_some() {
        "is missing: a Pod that no longer answers keeps getting requests"
    } else {
        "is missing: a Pod gets requests as soon as its process runs"
    };
    let help = "add a readinessProbe that asks whether this Pod can answer requests now";
    let probe = container.liveness.map_or(Probe::USUAL, |liveness| {
        // The most patient one that withdraws before the kill, in any phase.
        let like = |failure_threshold| Probe { failure_threshold, initial_delay: Duration::ZERO, ..liveness };
        let is_sooner = |probe: &Probe| least_patient(&liveness, probe) <= u64::from(liveness.failure_threshold);
        (1..=Probe::USUAL.failure_threshold).rev().map(like).find(is_sooner).unwrap_or(like(1))
    });
    let change = added_probe(subject, &probe).map(|probe| ("readinessProbe".to_string(), probe));
    vec![subject.finding(&subject.path("readinessProbe"), message, help).followed_by(change)]
}

pub(super) static NO_LIVENESS_PROBE: Advice = Advice {
    id: "no-liveness-probe",
    says: "Without a liveness probe nothing restarts a container that hangs",
    why: "The kubelet restarts what exits. A process that hangs stays as it is: a readiness probe only takes it out of \
          rotation, and a startup probe ends with the start. Until somebody deletes the Pod, that replica is lost.",
    rules: &["C4", "C8", "P18"],
    help: "Add a livenessProbe that asks whether the process answers at all, and acts later than the readiness probe.",
};

pub(super) fn no_liveness_probe(subject: &Subject<'_>) -> Vec<Finding> {
    let container = subject.main();
    if container.liveness.is_some() {
        return Vec::new();
    }
    let message = if container.readiness.is_some() {
        "is missing: nothing restarts a container that hangs, the readiness probe only takes it out of rotation"
    } else {
        "is missing: nothing restarts a container that hangs"
    };
    let base = container.readiness.map_or(Probe::USUAL, |readiness| {
        let base = Probe { initial_delay: Duration::ZERO, success_threshold: 1, ..readiness };
        Probe { failure_threshold: least_patient(&base, &readiness).try_into().unwrap_or(u32::MAX), ..base }
    });
    // Without a startup probe it must let the starts through as well.
    let app =
        subject.around.as_ref().filter(|_| container.startup.is_none()).map(|around| &around.workload.pod.main().app);
    let patient = app.and_then(|app| least_lenient(base, &app.start_up, app.while_starting == WhileStarting::Accepts));
    let probe = Probe { failure_threshold: base.failure_threshold.max(patient.unwrap_or(1)), ..base };
    let help = format!(
        "add a livenessProbe that asks whether the process answers at all (no dependency), with periodSeconds: {} and \
         failureThreshold: {}",
        secs(probe.period),
        probe.failure_threshold
    );
    let finding = subject.finding(&subject.path("livenessProbe"), message, help);
    let Some(added) = added_probe(subject, &probe) else { return vec![finding] };
    let change = std::iter::once(("livenessProbe".to_string(), added)).chain(unseen_by_liveness(subject));
    vec![finding.followed_by(change)]
}

/// A probe with this timing that asks what another probe of the container asks or, without one, for a port of it; none where
/// there is neither.
fn added_probe(subject: &Subject<'_>, timing: &Probe) -> Option<Json> {
    const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
    let steps = super::vary::parse(&subject.main().path).ok()?;
    let container = steps.iter().try_fold(subject.document, |node, step| super::vary::step(node, step))?;
    let probes = ["readinessProbe", "livenessProbe", "startupProbe"].iter().filter_map(|name| container.get(name));
    let handler = |probe: &Node| HANDLERS.iter().find_map(|key| Some(((*key).to_string(), probe.get(key)?.to_json())));
    let port = || subject.main().ports.iter().find_map(|port| port.number);
    let asks = probes.into_iter().find_map(handler);
    let (key, handler) = asks.or_else(|| Some(("tcpSocket".to_string(), json!({"port": port()?}))))?;
    let mut probe = json!({
        "periodSeconds": secs(timing.period),
        "timeoutSeconds": secs(timing.timeout),
        "failureThreshold": timing.failure_threshold,
    });
    probe[key] = handler;
    Some(probe)
}

/// The probe that is added asks the process alone: faults of what all replicas share are none of its business.
fn unseen_by_liveness(subject: &Subject<'_>) -> Vec<(String, Json)> {
    let faults = subject.around.iter().flat_map(super::Around::faults);
    let change = |fault: &Fault| match fault.strikes {
        Strikes::Deployment(ContainerMode::Hang(affects) | ContainerMode::Error(affects)) if affects.liveness => {
            let others = others_than_liveness(affects);
            (!others.is_empty()).then(|| (format!("{}.affects", home(fault)), json!(others)))
        }
        _ => None,
    };
    faults.filter_map(change).collect()
}

/// Where a fault stands, as a path of `vary`.
fn home(fault: &Fault) -> String {
    let home = if fault.occurs.every().is_some() { "faults" } else { "script" };
    format!("{home}.{}", fault.name)
}

pub(super) static LIVENESS_AS_TIGHT: Advice = Advice {
    id: "liveness-as-tight-as-readiness",
    says: "The liveness probe kills no later than the readiness probe withdraws",
    why: "What only answers late should leave the rotation and come back by itself. A kill costs it a whole start, and \
          under load one replica after another is killed.",
    rules: &["P18", "P19", "C8"],
    help: "Give the liveness probe a higher failureThreshold (or a longer period), so that the kill comes after the \
           withdrawal.",
};

pub(super) fn liveness_as_tight(subject: &Subject<'_>) -> Vec<Finding> {
    let container = subject.main();
    let (Some(liveness), Some(readiness)) = (&container.liveness, &container.readiness) else { return Vec::new() };
    let (kill, withdrawal) = (unanswered(liveness), unanswered(readiness));
    let (word, kill, withdrawal) = if kill <= withdrawal {
        ("unanswered", kill, withdrawal)
    } else if refused(liveness) <= refused(readiness) {
        ("refused", refused(liveness), refused(readiness))
    } else {
        return Vec::new();
    };
    let message = format!(
        "kills after {} in {kill} s; readinessProbe withdraws only after {} in {withdrawal} s",
        times(liveness.failure_threshold, word),
        readiness.failure_threshold
    );
    let least = least_patient(liveness, readiness);
    let help = format!("set failureThreshold: {least}, so that the kill comes after the withdrawal in any phase");
    let change = [("livenessProbe.failureThreshold".to_string(), json!(least))];
    vec![subject.finding(&subject.path("livenessProbe"), message, help).followed_by(change)]
}

fn times(count: u32, word: &str) -> String {
    format!("{count} {word} {}", if count == 1 { "probe" } else { "probes" })
}

fn secs(span: Duration) -> u64 {
    span.as_nanos() / 1_000_000_000
}

/// From the first failing probe to the threshold when nobody answers (P19).
pub(in crate::spec) fn unanswered(probe: &Probe) -> u64 {
    u64::from(probe.failure_threshold - 1) * secs(probe.period.max(probe.timeout)) + secs(probe.timeout)
}

/// The same when the answer is an error at once (P19).
pub(in crate::spec) fn refused(probe: &Probe) -> u64 {
    u64::from(probe.failure_threshold - 1) * secs(probe.period)
}

/// The least threshold that kills after the withdrawal, though the first failing probe of readiness comes a period later.
fn least_patient(liveness: &Probe, readiness: &Probe) -> u64 {
    let (period, timeout) = (secs(liveness.period), secs(liveness.timeout));
    let latest = secs(readiness.period);
    let by_refusal = (refused(readiness) + latest).div_ceil(period);
    let by_silence = (unanswered(readiness) + latest).saturating_sub(timeout).div_ceil(period.max(timeout));
    1 + by_refusal.max(by_silence)
}

pub(super) static DEPENDENCY_IN_LIVENESS: Advice = Advice {
    id: "dependency-in-liveness",
    says: "The liveness probe fails with a dependency that all replicas share",
    why: "A kill cannot mend a dependency. All replicas are restarted together, and when the dependency is back they still \
          have to start, if need be after the back-off.",
    rules: &["P18", "P19", "C10", "C12"],
    help: "Let the liveness endpoint check the process alone, and the readiness endpoint the dependency.",
};

pub(super) fn dependency_in_liveness(subject: &Subject<'_>) -> Vec<Finding> {
    let (Some(around), Some(liveness)) = (&subject.around, &subject.main().liveness) else {
        return Vec::new();
    };
    let find = |fault: &Fault| {
        let (affects, budget) = match fault.strikes {
            Strikes::Deployment(ContainerMode::Hang(affects)) => (affects, unanswered(liveness)),
            Strikes::Deployment(ContainerMode::Error(affects)) => (affects, refused(liveness)),
            _ => return None,
        };
        // The first probe comes half a period after the fault, on average.
        let budget = budget as f64 + liveness.period.as_secs_f64() / 2.0;
        let share = fault.lasts.as_ref().map_or(1.0, |lasts| lasts.exceeds(budget));
        if !affects.liveness || share < NOTICED {
            return None;
        }
        let name = &fault.name;
        let message = format!("fails while {name} lasts: {} of its occurrences kill all replicas", percent(share));
        let better = others_than_liveness(affects);
        let help = format!(
            "let the liveness endpoint check the process alone (in the model: `affects: [{}]` for {name})",
            better.join(", ")
        );
        let finding = subject.finding(&subject.path("livenessProbe"), message, help);
        // A fault that nobody else sees would be seen by nobody.
        Some(if better.is_empty() {
            finding
        } else {
            finding.followed_by([(format!("{}.affects", home(fault)), json!(better))])
        })
    };
    around.faults().filter_map(find).collect()
}

/// Who else sees the fault: clients, and the other probes save that of the start.
fn others_than_liveness(affects: Affects) -> Vec<&'static str> {
    let words = [("requests", affects.requests), ("readiness", affects.readiness)];
    words.into_iter().filter(|(_, sees)| *sees).map(|(word, _)| word).collect()
}

pub(super) static STARTS_KILLED: Advice = Advice {
    id: "starts-killed",
    says: "A probe kills containers that have not finished starting",
    why: "A container that is killed while it starts begins anew, and after some kills waits up to 300 s before the next \
          try. What makes every start slower may so keep the whole service down.",
    rules: &["P9", "P9a", "C10", "C12"],
    help: "Add a startupProbe whose failureThreshold × periodSeconds exceeds the slowest start, or raise its \
           failureThreshold.",
};

pub(super) fn starts_killed(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(around) = &subject.around else { return Vec::new() };
    let container = subject.main();
    let (name, probe) = match (&container.startup, &container.liveness) {
        (Some(startup), _) => ("startupProbe", startup),
        (None, Some(liveness)) => ("livenessProbe", liveness),
        (None, None) => return Vec::new(),
    };
    let app = &around.workload.pod.main().app;
    let hangs = app.while_starting == WhileStarting::Accepts;
    let share = share_killed(probe, &app.start_up, hangs);
    if share < NOTICED {
        return Vec::new();
    }
    let mean = patience(probe, hangs, 0.5);
    let message = format!("gives up about {mean:.0} s after a start: {} of starts are killed", percent(share));
    // A startup probe needs no initial delay of its own.
    let base = if container.startup.is_some() { *probe } else { Probe { initial_delay: Duration::ZERO, ..*probe } };
    let (help, change) = match least_lenient(base, &app.start_up, hangs) {
        None => ("shorten the start, or give a startupProbe a longer period".to_string(), None),
        Some(threshold) if container.startup.is_some() => (
            format!("set failureThreshold: {threshold}"),
            Some(("startupProbe.failureThreshold".to_string(), json!(threshold))),
        ),
        Some(threshold) => (
            format!(
                "add a startupProbe with periodSeconds: {} and failureThreshold: {threshold}; until it succeeds the \
                 liveness probe waits",
                secs(base.period)
            ),
            startup_probe(subject, threshold).map(|probe| ("startupProbe".to_string(), probe)),
        ),
    };
    vec![subject.finding(&subject.path(name), message, help).followed_by(change)]
}

/// Seconds from the start of the process to the kill, where the first probe falls at this share of a period (P9a: after a
/// crash it may be any).
fn patience(probe: &Probe, hangs: bool, phase: f64) -> f64 {
    // The delay counts from the whole second before the start (P8).
    let first = (probe.initial_delay.as_secs_f64() - 0.5).max(0.0) + phase * probe.period.as_secs_f64();
    first + if hangs { unanswered(probe) } else { refused(probe) } as f64
}

fn share_killed(probe: &Probe, start_up: &Law, hangs: bool) -> f64 {
    const PHASES: u32 = 50;
    let at = |phase| start_up.exceeds(patience(probe, hangs, (f64::from(phase) + 0.5) / f64::from(PHASES)));
    (0..PHASES).map(at).sum::<f64>() / f64::from(PHASES)
}

/// The least threshold with which hardly a start is killed.
fn least_lenient(probe: Probe, start_up: &Law, hangs: bool) -> Option<u32> {
    const MOST: u32 = 1 << 20;
    let is_enough =
        |failure_threshold| share_killed(&Probe { failure_threshold, ..probe }, start_up, hangs) <= HARMLESS;
    if !is_enough(MOST) {
        return None;
    }
    let (mut too_few, mut enough) = (0, MOST);
    while enough - too_few > 1 {
        let middle = u32::midpoint(too_few, enough);
        if is_enough(middle) { enough = middle } else { too_few = middle }
    }
    Some(enough)
}

/// A startup probe that asks what the liveness probe asks.
fn startup_probe(subject: &Subject<'_>, threshold: u32) -> Option<Json> {
    let steps = super::vary::parse(&subject.path("livenessProbe")).ok()?;
    let liveness = steps.iter().try_fold(subject.document, |node, step| super::vary::step(node, step))?;
    let mut probe = liveness.to_json();
    let fields = probe.as_object_mut()?;
    fields.shift_remove("initialDelaySeconds");
    fields.insert("failureThreshold".to_string(), json!(threshold));
    Some(probe)
}

pub(super) static TIMEOUT_OVER_PERIOD: Advice = Advice {
    id: "timeout-over-period",
    says: "A probe's timeout is longer than its period",
    why: "Probes of one container never overlap: while one waits for its timeout no other is sent, so a hang is noticed \
          later than the period and the threshold say.",
    rules: &["P4", "P5", "P19"],
    help: "Set timeoutSeconds to at most periodSeconds.",
};

pub(super) fn timeout_over_period(subject: &Subject<'_>) -> Vec<Finding> {
    let own = subject.main();
    let probes = [("livenessProbe", own.liveness), ("readinessProbe", own.readiness), ("startupProbe", own.startup)];
    let find = |(name, probe): (&str, Option<Probe>)| {
        let probe = probe?;
        let (timeout, period) = (secs(probe.timeout), secs(probe.period));
        if timeout <= period {
            return None;
        }
        let message =
            format!("is {timeout}, more than periodSeconds: unanswered probes come every {timeout} s, not {period} s");
        let help = format!("set timeoutSeconds to at most {period}, or periodSeconds to at least {timeout}");
        Some(subject.finding(&subject.path(&format!("{name}.timeoutSeconds")), message, help))
    };
    probes.into_iter().filter_map(find).collect()
}
