//! Which autoscalers are played, and how they see the load: where it is said how many requests come, and what they cost a Pod.

use crate::ids::IdVec;
use crate::ids::WorkloadId;
use crate::model::{self, CpuUsage, ScalingMetric, Workload};
use crate::spec::autoscaler::{Autoscaler, Averaged, CpuTarget, Metric, Quantified};
use crate::spec::container::Container;
use crate::spec::deployment::{self, Deployment};
use crate::spec::diagnostic::Problems;
use crate::spec::scenario::MemberPart;
use crate::spec::tree::Mark;

/// A metric with a word of these in its name counts requests.
const REQUESTS: [&str; 5] = ["request", "rps", "qps", "http", "hits"];

/// Gives each Deployment the autoscaler that the load concerns.
pub(in crate::spec) fn give(
    members: &[MemberPart],
    workloads: &mut IdVec<WorkloadId, Workload>,
    problems: &mut Problems,
) {
    for (part, workload) in members.iter().zip(workloads.iter_mut()) {
        let Some(autoscaler) = &part.deployment.autoscaler else { continue };
        // It has one number to set, and nobody sets another.
        if autoscaler.min == autoscaler.max && autoscaler.reset_to.is_none_or(|to| to == autoscaler.min) {
            continue;
        }
        workload.autoscaler = resolve(autoscaler, &part.deployment, workload, part.app.mark, problems);
        if workload.autoscaler.is_some() && workload.min_serving > autoscaler.min {
            let message = format!(
                "is {}, and minServing is {}: with little load the service would never be available",
                autoscaler.min, workload.min_serving
            );
            problems.error(autoscaler.mark, "spec.minReplicas", message).help("raise it, or lower minServing");
        }
    }
}

/// As it is played; `None` where it never finds out what the load is.
fn resolve(
    autoscaler: &Autoscaler,
    deployment: &Deployment,
    workload: &Workload,
    app: Mark,
    problems: &mut Problems,
) -> Option<model::Autoscaler> {
    let metrics: Vec<ScalingMetric> =
        autoscaler.metrics.iter().filter_map(|metric| played(metric, deployment, workload, app, problems)).collect();
    if metrics.iter().all(|metric| *metric == ScalingMetric::Invalid) {
        let message =
            format!("changes nothing: the autoscaler of {} has no metric that follows the load", deployment.name);
        problems.warn(autoscaler.mark, "spec.metrics", message);
        return None;
    }
    if i64::from(autoscaler.max) > deployment::MAX_REPLICAS {
        let message = format!("is {}, beyond what hasim simulates: {}", autoscaler.max, deployment::MAX_REPLICAS);
        problems
            .error(autoscaler.mark, "spec.maxReplicas", message)
            .help("write a smaller one: what the load needs at most");
        return None;
    }
    Some(model::Autoscaler {
        min: autoscaler.min,
        max: autoscaler.max,
        metrics,
        tolerance: autoscaler.tolerance,
        behavior: autoscaler.behavior.clone(),
        reset_to: autoscaler.reset_to,
    })
}

/// What a metric shows of the load, if it shows any of it.
fn played(
    Metric { mark, path, what }: &Metric,
    deployment: &Deployment,
    workload: &Workload,
    app: Mark,
    problems: &mut Problems,
) -> Option<ScalingMetric> {
    match what {
        Quantified::Cpu { container, target } => {
            cpu((*mark, path), container.as_deref(), *target, deployment, workload, app, problems)
        }
        Quantified::Reported { name, target, amount } => {
            let plain = name.to_lowercase();
            if !REQUESTS.iter().any(|word| plain.contains(word)) {
                let message = format!("{name} is not played: it is taken to ask for no more Pods");
                problems.warn(*mark, path, message).help("a metric that counts requests a second has one of these in its name: request, rps, qps, http, hits");
                return None;
            }
            let thousandths = *amount;
            Some(match target {
                Averaged::OverPods => ScalingMetric::RequestsPerPod { thousandths },
                Averaged::OverReplicas => ScalingMetric::RequestsPerReplica { thousandths },
                Averaged::Not => ScalingMetric::Requests { thousandths },
            })
        }
        Quantified::Other { name } => {
            problems.warn(*mark, path, format!("{name} is not played: it is taken to ask for no more Pods"));
            None
        }
    }
}

/// H9: what the Pods use, against what they request.
fn cpu(
    (mark, path): (Mark, &str),
    container: Option<&str>,
    target: CpuTarget,
    deployment: &Deployment,
    workload: &Workload,
    app: Mark,
    problems: &mut Problems,
) -> Option<ScalingMetric> {
    let main = deployment.pod.main();
    if let Some(other) = container.filter(|name| *name != main.name) {
        let message =
            format!("the CPU of {other} is not played: what requests cost is known of {}, which serves", main.name);
        problems.warn(mark, path, message);
        return None;
    }
    let model::App { capacity, cpu, .. } = &workload.pod.main().app;
    let Some(capacity) = *capacity else {
        let message =
            "follows the CPU, and the app does not say what a Pod can take: it stays at the number that there is";
        problems.warn(mark, path, message).help("write `capacity: {requestsPerSecond: 100}` into the app's spec");
        return None;
    };
    let run = |one: &&Container| deployment.pod.init.iter().all(|init| init.name != one.name) || one.is_sidecar;
    let counted: Vec<&Container> =
        deployment.pod.all().filter(run).filter(|one| container.is_none_or(|name| one.name == name)).collect();
    let request: u64 = counted.iter().map(|one| one.requests.main.cpu_millis).sum();
    let without = counted.iter().find(|one| one.requests.main.cpu_millis == 0);
    if let (CpuTarget::Percent(_), Some(without)) = (target, without) {
        let message = format!(
            "is a share of what the Pods request, and container {} requests no CPU: it has no number, and keeps the autoscaler from going \
             down (H9, H14)",
            without.name
        );
        problems.warn(mark, path, message).help("set resources.requests.cpu of each container");
        return Some(ScalingMetric::Invalid);
    }
    let own = main.cpu_limit.unwrap_or(main.requests.main.cpu_millis);
    let busy = cpu.busy.or((own > 0).then_some(own as f64));
    let Some(busy) = busy else {
        let message = "does not say what requests cost a Pod, and its container has neither a CPU limit nor a request: its autoscaler \
                       does nothing";
        problems
            .warn(app, "spec.capacity", message)
            .help("write `capacity: {cpu: {busy: 500m}}` beside what it can take");
        return None;
    };
    let usage = CpuUsage { idle: cpu.idle, busy, capacity };
    let (above, _) = deployment.autoscaler.as_ref().map_or(model::Autoscaler::TOLERANCE, |scaler| scaler.tolerance);
    let (wanted, of) = match target {
        CpuTarget::Percent(percent) => {
            (f64::from(percent) / 100.0 * request as f64, format!("{percent} % of the {request}m that it requests"))
        }
        CpuTarget::Millis(millis) => (millis as f64, format!("{millis}m")),
    };
    if cpu.idle + busy <= wanted * (1.0 + above) {
        let message = format!(
            "is never exceeded: with as many requests as it takes a Pod uses {}m, and the target is {of}. Nothing is added, however many come",
            cpu.idle + busy
        );
        problems
            .warn(mark, path, message)
            .help("lower the target, or say what requests cost: `capacity: {cpu: {busy: 500m}}` in the app");
    }
    let target = match target {
        CpuTarget::Percent(percent) => model::CpuTarget::Utilization { percent, request },
        CpuTarget::Millis(millis) => model::CpuTarget::Average { millis },
    };
    Some(ScalingMetric::Cpu { target, usage })
}
