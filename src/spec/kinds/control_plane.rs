//! `spec.controlPlane` of a Cluster: a generation, and single timings on top of it.

use crate::model::{ControlPlane, Eviction};
use crate::spec::diagnostic::Problems;
use crate::spec::reader::{Item, Object};
use crate::time::Duration;

/// The range of timings.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(86_400);

/// Reads a control plane.
pub(in crate::spec) fn read(item: &Item<'_>, problems: &mut Problems) -> Option<ControlPlane> {
    let mut object = item.our_object(problems)?;
    let generations = [("1.36", false), ("legacy", true)];
    let is_legacy = object.get("generation").and_then(|word| word.word(problems, &generations)).unwrap_or_default();
    let mut plane = if is_legacy { ControlPlane::legacy() } else { ControlPlane::default() };
    read_eviction(&mut object, is_legacy, &mut plane, problems);
    for (key, field) in periods(&mut plane) {
        if let Some(span) = object.get(key).and_then(|item| item.duration(problems, SHORTEST..=LONGEST)) {
            *field = span;
        }
    }
    for (key, field, least, most) in numbers(&mut plane) {
        if let Some(value) = object.get(key).and_then(|item| item.number(problems, least..=most)) {
            *field = value;
        }
    }
    if let Some(value) = object.get("largeClusterSizeThreshold").and_then(|item| item.integer(problems, 0..=1_000_000))
    {
        plane.large_zone = value as u32;
    }
    let ordered = [
        ("leaseRenewMin", plane.lease_renew_min, "leaseRenewMax", plane.lease_renew_max),
        ("nodeStatusMin", plane.node_status_min, "nodeStatusMax", plane.node_status_max),
        ("backOffInitial", plane.back_off_initial, "maxContainerRestartPeriod", plane.back_off_max),
        ("leaseRenewMax", plane.lease_renew_max, "nodeMonitorGracePeriod", plane.node_monitor_grace),
    ];
    for (low, low_span, high, high_span) in ordered {
        if low_span > high_span {
            object.error(problems, format!("has {low} above {high}, must not be"));
        }
    }
    object.finish(problems, &[]);
    Some(plane)
}

fn read_eviction(object: &mut Object<'_>, is_legacy: bool, plane: &mut ControlPlane, problems: &mut Problems) {
    let Some(item) = object.get("podEvictionTimeout") else { return };
    if !is_legacy {
        let message = "must only be set with `generation: legacy`: since then tolerations decide (N9)";
        problems.error(item.mark(), &item.path, message).help("set tolerationSeconds in the Deployment");
    } else if let Some(timeout) = item.duration(problems, SHORTEST..=LONGEST) {
        plane.eviction = Eviction::After(timeout);
    }
}

/// Kubernetes' own names where a flag or a configuration field exists.
pub(in crate::spec) fn periods(plane: &mut ControlPlane) -> [(&'static str, &mut Duration); 18] {
    [
        ("leaseRenewMin", &mut plane.lease_renew_min),
        ("leaseRenewMax", &mut plane.lease_renew_max),
        ("nodeStatusMin", &mut plane.node_status_min),
        ("nodeStatusMax", &mut plane.node_status_max),
        ("nodeMonitorPeriod", &mut plane.node_monitor_period),
        ("nodeMonitorGracePeriod", &mut plane.node_monitor_grace),
        ("taintQueuePeriod", &mut plane.taint_queue_period),
        ("relistPeriod", &mut plane.relist_period),
        ("syncFrequency", &mut plane.resync_min),
        ("workQueuePoll", &mut plane.work_queue_poll),
        ("backOffInitial", &mut plane.back_off_initial),
        ("maxContainerRestartPeriod", &mut plane.back_off_max),
        ("backOffForget", &mut plane.back_off_forget),
        ("statusReconcile", &mut plane.status_reconcile),
        ("minSyncPeriod", &mut plane.proxy_min_sync),
        ("cloudNodeMonitor", &mut plane.cloud_node_monitor),
        ("podGcPeriod", &mut plane.pod_gc_period),
        ("podGcQuarantine", &mut plane.pod_gc_quarantine),
    ]
}

/// Numbers and their ranges. A rate of zero would mean that Pods are never evicted; hasim needs one.
pub(in crate::spec) fn numbers(plane: &mut ControlPlane) -> [(&'static str, &mut f64, f64, f64); 4] {
    [
        ("nodeEvictionRate", &mut plane.eviction_rate, 1e-6, 1e3),
        ("secondaryNodeEvictionRate", &mut plane.secondary_eviction_rate, 1e-6, 1e3),
        ("unhealthyZoneThreshold", &mut plane.unhealthy_zone_threshold, 0.0, 1.0),
        ("lostTaintToken", &mut plane.lost_taint_token, 0.0, 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durations;

    /// What the table of `docs/model.md` says of a field under each generation, as it should stand there.
    fn rows() -> Vec<(&'static str, [String; 2])> {
        let mut planes = [ControlPlane::default(), ControlPlane::legacy()];
        let timeouts = planes.each_ref().map(|plane| match plane.eviction {
            Eviction::Taints => "–".to_string(),
            Eviction::After(timeout) => durations::shown(timeout),
        });
        let sizes = planes.each_ref().map(|plane| plane.large_zone.to_string());
        let [today, legacy] = &mut planes;
        let mut rows = vec![("podEvictionTimeout", timeouts), ("largeClusterSizeThreshold", sizes)];
        let spans = periods(today).into_iter().zip(periods(legacy));
        rows.extend(spans.map(|((key, new), (_, old))| (key, [durations::shown(*new), durations::shown(*old)])));
        let plain = numbers(today).into_iter().zip(numbers(legacy));
        rows.extend(plain.map(|((key, new, ..), (_, old, ..))| (key, [new.to_string(), old.to_string()])));
        rows
    }

    #[test]
    fn the_page_has_the_timings_of_each_generation() {
        let page = include_str!("../../../docs/model.md");
        for (key, [new, old]) in rows() {
            let row = format!("| `{key}` | {new} | {old} |");
            assert!(page.contains(&row), "docs/model.md lacks the row {row}");
        }
    }
}
