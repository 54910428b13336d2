//! Advice on load: what outlasts its cause, and what makes it worse.

use serde_json::json;

use super::{Advice, Finding, Subject, percent};
use crate::model::{App, Probe, Traffic};

/// A common choice: one more try for every tenth request.
const USUAL_BUDGET: f64 = 0.1;

pub(super) static RETRIES_KEEP_OVERLOAD: Advice = Advice {
    id: "retries-keep-overload",
    says: "Tries again keep an overload going when its cause is gone",
    why: "A Pod works on what its clients have given up, and they send it again: from a load of one part in as many as they try on, \
          that is more than Pods can do. A blip then becomes an outage that lasts until fewer requests come.",
    rules: &["E7"],
    help: "Give the clients a retry budget, or the Pods a queue that is shorter than what they answer within the timeout.",
};

pub(super) fn retries_keep_overload(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(around) = &subject.around else { return Vec::new() };
    let Some(traffic) = &around.model.traffic else { return Vec::new() };
    let app = &around.workload.pod.main().app;
    let (Some(capacity), Some(above)) = (app.capacity, app.persists_above(&traffic.clients)) else { return Vec::new() };
    let pods = around.workload.autoscaler.as_ref().map_or(around.workload.replicas, |autoscaler| autoscaler.max);
    let (takes, above) = (capacity * f64::from(pods), above * f64::from(pods));
    let most = traffic.surge_peak().unwrap_or_else(|| traffic.peak());
    if most <= above {
        return Vec::new();
    }
    let message = format!(
        "makes {pods} Pods that take {} requests a second, and from {} on ({}) an overload outlasts its cause, as clients send what fails up \
         to {} times: up to {} come",
        takes.round(),
        above.round(),
        percent(above / takes),
        (traffic.clients.most_sent() * 100.0).round() / 100.0,
        most.round()
    );
    let mut help = format!(
        "a retryBudget of {} in the clients of the traffic moves that to {}",
        percent(USUAL_BUDGET),
        percent(1.0 / (1.0 + USUAL_BUDGET))
    );
    let workers = app.queue.map_or(0.0, |queue| f64::from(queue.workers));
    let waits = traffic.clients.timeout.map_or(0.0, |timeout| (timeout * capacity - workers).floor());
    if waits >= 1.0 {
        help += &format!(
            "; a queue.limit below {waits} in the app, as many as a Pod answers before its clients give up beside those it works on, ends it"
        );
    }
    let finding = subject.finding("spec.replicas", message, help);
    vec![
        finding
            .followed_by([("traffic.clients.retryBudget".to_owned(), json!(percent(USUAL_BUDGET).replace(' ', "")))]),
    ]
}

/// Probes that fail less often at the peak are no danger.
const HARDLY_EVER: f64 = 0.01;

pub(super) static BUSY_PROBES: Advice = Advice {
    id: "busy-probes",
    says: "Probes wait behind requests, and take Pods away that are merely busy",
    why: "Where the health endpoint is answered by the workers that answer requests, a probe of a busy Pod is late. Readiness then \
          withdraws it, the others get its part and are busier still; liveness kills it, and what it was working on is lost.",
    rules: &["P5", "P16", "P18"],
    help: "Answer probes by a worker or a port of their own, or bound the queue so that what waits is answered within timeoutSeconds.",
};

pub(super) fn busy_probes(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(around) = &subject.around else { return Vec::new() };
    let Some(traffic) = &around.model.traffic else { return Vec::new() };
    let container = around.workload.pod.main();
    if !container.app.queue.is_some_and(|queue| queue.delays_probes) {
        return Vec::new();
    }
    let pods = around.workload.autoscaler.as_ref().map_or(around.workload.replicas, |autoscaler| autoscaler.max);
    let zones = around.model.cluster.zones.len() as u32;
    // With all of them, and with those that a lost zone, or else a lost Pod, leaves.
    let left = if zones > 1 { pods - pods.div_ceil(zones) } else { pods.saturating_sub(1) };
    let without = if zones > 1 { "with a zone away" } else { "with one less" };
    let probes =
        [("livenessProbe", &container.liveness, "are killed"), ("readinessProbe", &container.readiness, "leave")];
    probes.into_iter().filter_map(|(field, probe, what)| {
        let probe = probe.as_ref()?;
        let at = |pods: u32| fails(&container.app, traffic, pods, probe);
        let (pods, when, fails) = [(pods, "with all of them", at(pods)), (left, without, at(left))]
            .into_iter()
            .find(|(pods, _, fails)| *pods > 0 && *fails > HARDLY_EVER)?;
        let most = traffic.surge_peak().unwrap_or_else(|| traffic.peak());
        let part = most / (f64::from(pods) * container.app.capacity?);
        let each = if fails > 0.995 { "no probe is".to_owned() } else { format!("{} of the probes are not", percent(fails)) };
        let message = format!(
            "waits behind requests: at the peak, {when}, {pods} Pods get {} of what they take, {each} answered within {} s, and after \
             {} in a row Pods {what} that are merely busy",
            percent(part),
            probe.timeout.as_secs_f64(),
            probe.failure_threshold,
        );
        let help = "answer probes by a worker or a port of their own (in the app: healthEndpoint: {sharesQueue: false}), or bound the queue";
        let finding = subject.finding(&subject.path(field), message, help);
        Some(finding.followed_by([("app.healthEndpoint.sharesQueue".to_owned(), json!(false))]))
    }).collect()
}

/// Probability that a probe fails at the most that ever comes to so many Pods, each request once.
fn fails(app: &App, traffic: &Traffic, pods: u32, probe: &Probe) -> f64 {
    let Some(station) = app.station() else { return 0.0 };
    let most = traffic.surge_peak().unwrap_or_else(|| traffic.peak());
    // What comes beyond the capacity waits without end.
    station.rest(most / f64::from(pods), Some(probe.timeout.as_secs_f64())).map_or(1.0, |rest| rest.fails())
}
