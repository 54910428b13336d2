//! What requests ask of Pods, held against what these can give.

use crate::durations;
use crate::ids::{IdVec, WorkloadId};
use crate::model::{Traffic, Workload};
use crate::spec::diagnostic::Problems;
use crate::spec::tree::Mark;
use crate::time::Duration;

/// What the traffic asks of each Deployment that all its Pods together cannot give; and of which it is not said what they can.
pub(in crate::spec) fn tell(
    traffic: &Traffic,
    (mark, clients): (Mark, Mark),
    workloads: &IdVec<WorkloadId, Workload>,
    are_listed: bool,
    problems: &mut Problems,
) {
    for workload in workloads {
        let of = if are_listed { format!(" of {}", workload.name) } else { String::new() };
        let Some(capacity) = workload.pod.main().app.capacity else {
            let message = format!("the app does not say what a Pod{of} can take: Pods answer whatever comes");
            let help = "write `capacity: {requestsPerSecond: 100}` into the app's spec";
            problems.note(mark, "spec.rate", message).help(help);
            continue;
        };
        let most = workload.autoscaler.as_ref().map(|autoscaler| autoscaler.max);
        let replicas = most.unwrap_or(workload.replicas);
        let all = capacity * f64::from(replicas);
        let (pods, take) = if replicas == 1 { ("Pod", "takes") } else { ("Pods", "take") };
        let at_most = if most.is_some() { ", as many as its autoscaler adds at most," } else { "" };
        let needed = |rate: f64| (rate / capacity).ceil();
        let peak = traffic.peak();
        tell_of_queue(traffic, clients, workload, &of, problems);
        if peak > all {
            let message = format!(
                "brings {} requests a second at its peak, and {replicas} {pods}{of}{at_most} {take} {all}: requests fail each week with \
                 nothing broken",
                peak.round()
            );
            problems
                .warn(mark, "spec.rate", message)
                .help(format!("{} replicas carry the peak while all are there", needed(peak)));
        } else if let Some(surge) = traffic.surge_peak().filter(|surge| *surge > all) {
            let message = format!(
                "may bring {} requests a second in the largest surge at its peak, and {replicas} {pods}{of}{at_most} {take} {all}: the rest is \
                 refused",
                surge.round()
            );
            problems
                .warn(mark, "spec.rate", message)
                .help(format!("{} replicas carry it while all are there", needed(surge)));
        }
    }
}

/// More answers within a timeout are more than the places before them are counted for.
const MOST_IN_TIME: f64 = 100_000.0;

/// What waits without end, and what an autoscaler does not see.
fn tell_of_queue(traffic: &Traffic, mark: Mark, workload: &Workload, of: &str, problems: &mut Problems) {
    /// A service that answers more of its requests too late at rest is not meant to.
    const MOST_LATE: f64 = 0.01;
    let app = &workload.pod.main().app;
    let clients = &traffic.clients;
    if workload.autoscaler.is_some() && clients.most_sent() > 1.0 {
        let message = format!(
            "says that what fails is sent again, and the autoscaler{of} sees what comes the first time: of tries again it learns nothing"
        );
        problems.warn(mark, "spec.clients.tries", message);
    }
    let (Some(queue), Some(capacity)) = (app.queue, app.capacity) else { return };
    let service = f64::from(queue.workers) / capacity;
    let late = clients.timeout.map_or(0.0, |timeout| libm::exp(-timeout / service));
    if late > MOST_LATE {
        let message = format!(
            "is short for work that takes {} on average: {} of the answers of a Pod{of} that has nothing else to do come later, however many \
             Pods there are",
            durations::shown(Duration::from_secs_f64(service)),
            percent(late),
        );
        problems
            .warn(mark, "spec.clients.timeout", message)
            .help("write a longer timeout, or a shorter serviceTime into the app");
    }
    if queue.limit.is_some() && queue.delays_probes {
        tell_of_long_probes(capacity, workload, mark, of, problems);
    }
    let in_time = clients.timeout.map(|timeout| timeout * capacity);
    if queue.limit.is_none() && in_time.is_none() {
        let message = format!(
            "is missing, and any number of requests can wait for a Pod{of}: nobody ever gives up, so nothing ever fails"
        );
        let help = "write `clients: {timeout: 1s}` into the traffic, or `queue: {limit: 50}` into the app";
        problems.error(mark, "spec.clients.timeout", message).help(help);
    } else if let Some(in_time) = in_time.filter(|in_time| queue.limit.is_some() && *in_time > MOST_IN_TIME) {
        let message = format!(
            "is so long that a Pod{of} answers {} requests meanwhile: with a `queue.limit` hasim counts with {MOST_IN_TIME} at most",
            in_time.round()
        );
        problems
            .error(mark, "spec.clients.timeout", message)
            .help("leave out the timeout, if nobody waits for so long, or the limit");
    }
}

/// With a limit the places before a probe are counted, too.
fn tell_of_long_probes(capacity: f64, workload: &Workload, mark: Mark, of: &str, problems: &mut Problems) {
    let container = workload.pod.main();
    let probes = [&container.liveness, &container.readiness, &container.startup].into_iter().flatten();
    let longest = probes.map(|probe| probe.timeout.as_secs_f64()).fold(0.0, f64::max);
    if longest * capacity > MOST_IN_TIME {
        let message = format!(
            "asks for probes that wait behind requests, with a `queue.limit`, and a Pod{of} answers {} while one waits: hasim counts with \
             {MOST_IN_TIME} at most",
            (longest * capacity).round()
        );
        problems
            .error(mark, "app.healthEndpoint.sharesQueue", message)
            .help("leave out the limit, or write a shorter timeoutSeconds");
    }
}

/// A share, for a sentence.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
