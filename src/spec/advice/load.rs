//! Advice on load: what outlasts its cause.

use serde_json::json;

use super::{Advice, Finding, Subject, percent};

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
