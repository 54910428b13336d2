//! Advice on rollouts: that never end, that take half of the service, that leave the zones uneven.

use serde_json::json;

use super::{Advice, Around, Finding, Subject, percent};
use crate::model::{Strategy, Strikes};
use crate::placement;
use crate::spec::labels::ZONE;

const ROLLING_UPDATE: &str = "spec.strategy.rollingUpdate";
const STRATEGY: &str = "spec.strategy";
const SPREAD: &str = "spec.template.spec.topologySpreadConstraints";
/// Where Nodes stand in the scheduler's list makes no difference to whether one is left.
const ANY_SEED: u64 = 1;

pub(super) static ROLLOUT_WITHOUT_ROOM: Advice = Advice {
    id: "rollout-without-room",
    says: "A rollout never ends: no Node takes a Pod beside the others, and none of them may go before",
    why: "With maxUnavailable 0 the first new Pod comes beside all old ones. Where no Node takes it, it stays Pending, and the \
          rollout stands still until somebody ends it.",
    rules: &["D1", "D2", "S9", "S16"],
    help: "Allow maxUnavailable: 1, have a Node more, or make the rule that keeps Pods apart a preference.",
};

pub(super) fn rollout_without_room(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(around) = &subject.around else { return Vec::new() };
    let replicas = subject.deployment.replicas;
    let (surge, unavailable) = subject.deployment.strategy.bounds(replicas);
    if replicas == 0 || surge == 0 || unavailable > 0 || !has_room(around, 0) || has_room(around, 1) {
        return Vec::new();
    }
    let message =
        format!("needs room for a Pod beside the {replicas} old ones, and no Node takes it: a rollout never ends");
    let help =
        "set maxSurge: 0 and maxUnavailable: 1, have a Node more, or make the rule that keeps Pods apart a preference";
    let change = json!({"maxSurge": 0, "maxUnavailable": 1});
    vec![worth(around, subject.finding(ROLLING_UPDATE, message, help), "strategy.rollingUpdate", change)]
}

/// Whether the Nodes take so many Pods more of the Deployment, beside all others.
fn has_room(around: &Around<'_>, more: u32) -> bool {
    let mut model = around.model.clone();
    model.workloads[around.id].replicas += more;
    placement::unplaced(&model, ANY_SEED).iter().all(|unplaced| unplaced.workload != around.id)
}

pub(super) static ROLLOUT_TAKES_HALF: Advice = Advice {
    id: "rollout-takes-half",
    says: "A rollout takes half of the replicas away at a time, or all of them",
    why: "Recreate deletes all Pods before it creates the first new one, so every release is an outage of a termination and a \
          start. Where half of the replicas may be unavailable, what befalls the others meanwhile is one.",
    rules: &["D1", "D2", "D3"],
    help: "Set maxSurge: 1 and maxUnavailable: 0. Recreate is right where old and new Pods must not run together.",
};

pub(super) fn rollout_takes_half(subject: &Subject<'_>) -> Vec<Finding> {
    let replicas = subject.deployment.replicas;
    let (_, unavailable) = subject.deployment.strategy.bounds(replicas);
    // Where no Node takes a Pod beside the others, there is no other way.
    let is_cramped = subject.around.as_ref().is_some_and(|around| has_room(around, 0) && !has_room(around, 1));
    // Of one replica that has been said.
    if replicas < 2 || unavailable * 2 < replicas || is_cramped {
        return Vec::new();
    }
    let (path, message) = match subject.deployment.strategy {
        Strategy::Recreate => {
            (STRATEGY, format!("deletes all {replicas} Pods before it creates a new one, at every release"))
        }
        Strategy::RollingUpdate { .. } => {
            (ROLLING_UPDATE, format!("lets a rollout take {unavailable} of {replicas} Pods away at a time"))
        }
    };
    let help = "set maxSurge: 1 and maxUnavailable: 0, unless old and new Pods must not run together";
    let finding = subject.finding(path, message, help);
    let change = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
    vec![match &subject.around {
        Some(around) => worth(around, finding, "strategy", change),
        None => finding,
    }]
}

pub(super) static SHORT_PROGRESS_DEADLINE: Advice = Advice {
    id: "short-progress-deadline",
    says: "The progress deadline is over before a Pod that starts slowly is available",
    why: "The Deployment then says that it does not progress, and who watches that, as `kubectl rollout status`, Helm and most \
          pipelines do, takes a good release for a bad one, and may roll it back.",
    rules: &["D4", "D5", "P8"],
    help: "Set progressDeadlineSeconds to more than the longest start that the startupProbe allows, and minReadySeconds.",
};

pub(super) fn short_progress_deadline(subject: &Subject<'_>) -> Vec<Finding> {
    /// Ends so many starts and the rest is still worth a word.
    const NOTICED: f64 = 0.001;
    let deployment = subject.deployment;
    let (deadline, min_ready) = (deployment.progress_deadline.as_secs_f64(), deployment.min_ready.as_secs_f64());
    let startup = subject.main().startup.as_ref();
    let allowed = startup.map_or(0.0, |probe| {
        probe.initial_delay.as_secs_f64() + f64::from(probe.failure_threshold) * probe.period.as_secs_f64()
    });
    let slow = subject
        .around
        .as_ref()
        .map_or(0.0, |around| around.workload.pod.main().app.start_up.exceeds((deadline - min_ready).max(0.0)));
    let after = if min_ready > 0.0 { format!(", and minReadySeconds are {min_ready}") } else { String::new() };
    let message = if slow >= NOTICED {
        format!("is {deadline} s, and {} of starts take longer{after}", percent(slow))
    } else if allowed + min_ready > deadline {
        format!("is {deadline} s, and the startupProbe allows a start of {allowed} s{after}")
    } else {
        return Vec::new();
    };
    let longest = match &subject.around {
        Some(around) if slow >= NOTICED => around.workload.pod.main().app.start_up.quantile(1.0 - NOTICED / 10.0),
        _ => Some(allowed),
    };
    let help = longest.map_or("shorten the start".to_owned(), |longest| {
        let wanted = ((longest.max(allowed) + min_ready) / 60.0).ceil() * 60.0 + 60.0;
        format!("set progressDeadlineSeconds: {wanted}, which leaves a minute to pull the image")
    });
    vec![subject.finding("spec.progressDeadlineSeconds", message, help)]
}

pub(super) static ROLLOUTS_LEAVE_SKEW: Advice = Advice {
    id: "rollouts-leave-skew",
    says: "Rollouts may leave the replicas uneven over the zones",
    why: "The constraint counts old and new Pods together, and when the old ones have gone, the new ones may lie closer \
          together than a fresh placement would: more of them are lost with one zone. Nothing moves them until the next rollout.",
    rules: &["S7b", "S8", "S17", "R5"],
    help: "Add matchLabelKeys: [pod-template-hash] to the constraint, so that each revision is spread by itself.",
};

pub(super) fn rollouts_leave_skew(subject: &Subject<'_>) -> Vec<Finding> {
    let replicas = subject.deployment.replicas;
    let (surge, _) = subject.deployment.strategy.bounds(replicas);
    let has_one_zone = subject.around.as_ref().is_some_and(|around| around.model.cluster.zones.len() < 2);
    // Two replicas hardly ever share a zone afterwards, and without a surge an old Pod makes room for each new one.
    if replicas < 3 || surge == 0 || has_one_zone {
        return Vec::new();
    }
    let own = subject.deployment.pod.spread.iter().enumerate();
    let prone = own.filter(|(_, constraint)| constraint.topology_key == ZONE && !constraint.by_revision);
    let finding = |index: usize| {
        let message = "counts the Pods of old and new revisions together: rollouts may leave the zones uneven";
        let help = "add matchLabelKeys: [pod-template-hash]";
        let key = format!("topologySpreadConstraints[{index}].matchLabelKeys");
        let finding = subject.finding(&format!("{SPREAD}[{index}]"), message, help);
        match &subject.around {
            Some(around) => worth(around, finding, &key, json!(["pod-template-hash"])),
            None => finding,
        }
    };
    prone.map(|(index, _)| finding(index)).collect()
}

/// The finding, followed by this value where there are rollouts that show what it is worth.
fn worth(around: &Around<'_>, finding: Finding, key: &str, value: serde_json::Value) -> Finding {
    let has_rollouts = around.faults().any(|fault| matches!(fault.strikes, Strikes::Rollout { .. }));
    if has_rollouts { finding.followed_by([(key.to_string(), value)]) } else { finding }
}
