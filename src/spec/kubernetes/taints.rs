//! Taints of Nodes and what Pods tolerate (N8, N9, M4).
//! Follows `staging/src/k8s.io/api/core/v1/toleration.go` and `plugin/pkg/admission/defaulttolerationseconds`.

use std::fmt;

use crate::model::{PodTolerations, Toleration};
use crate::spec::diagnostic::Problems;
use crate::spec::labels::check_label_key;
use crate::spec::probe::seconds;
use crate::spec::reader::Item;
use crate::time::Duration;

/// What a taint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Effect {
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}

const EFFECTS: [(&str, Effect); 3] = [
    ("NoSchedule", Effect::NoSchedule),
    ("PreferNoSchedule", Effect::PreferNoSchedule),
    ("NoExecute", Effect::NoExecute),
];

/// A taint of a Node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct Taint {
    pub key: String,
    pub value: String,
    pub effect: Effect,
}

/// `dedicated=batch:NoSchedule`, as kubectl writes it.
impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = EFFECTS.iter().find(|(_, effect)| *effect == self.effect).map_or("", |(word, _)| word);
        let value = if self.value.is_empty() { String::new() } else { format!("={}", self.value) };
        write!(f, "{}{value}:{effect}", self.key)
    }
}

/// A toleration of a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct PodToleration {
    /// Empty: all keys.
    key: String,
    /// `None`: the operator is Exists.
    value: Option<String>,
    /// `None`: all effects.
    effect: Option<Effect>,
    seconds: Option<i64>,
}

/// `node.kubernetes.io/unreachable`.
pub(in crate::spec) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// `node.kubernetes.io/not-ready`.
pub(in crate::spec) const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// `node.kubernetes.io/unschedulable`.
pub(in crate::spec) const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// What admission adds (N8).
const DEFAULT_SECONDS: Duration = Duration::from_secs(300);

impl PodToleration {
    /// Follows `ToleratesTaint`.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}

/// Whether one of them tolerates the taint.
pub(in crate::spec) fn tolerated(tolerations: &[PodToleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// Whether the taint keeps a Pod with these tolerations off its Node (S3).
pub(in crate::spec) fn keeps_out(tolerations: &[PodToleration], taint: &Taint) -> bool {
    taint.effect != Effect::PreferNoSchedule && !tolerated(tolerations, taint)
}

/// The Pod's answer to the taints that the control plane sets.
pub(in crate::spec) fn resolve(tolerations: &[PodToleration], node_admits: Vec<bool>) -> PodTolerations {
    let taint = |key: &str, effect| Taint { key: key.to_string(), value: String::new(), effect };
    PodTolerations {
        unreachable: no_execute(tolerations, &taint(UNREACHABLE, Effect::NoExecute)),
        not_ready: no_execute(tolerations, &taint(NOT_READY, Effect::NoExecute)),
        unreachable_no_schedule: tolerated(tolerations, &taint(UNREACHABLE, Effect::NoSchedule)),
        not_ready_no_schedule: tolerated(tolerations, &taint(NOT_READY, Effect::NoSchedule)),
        unschedulable_no_schedule: tolerated(tolerations, &taint(UNSCHEDULABLE, Effect::NoSchedule)),
        node_admits,
    }
}

/// For how long the Pod stays on a Node that is unreachable (N8, N9).
pub(in crate::spec) fn unreachable(tolerations: &[PodToleration]) -> Toleration {
    no_execute(tolerations, &Taint { key: UNREACHABLE.to_string(), value: String::new(), effect: Effect::NoExecute })
}

fn no_execute(tolerations: &[PodToleration], taint: &Taint) -> Toleration {
    // N8: admission adds its own unless one with this key and effect is there, whatever its value.
    let stated = tolerations.iter().any(|toleration| {
        (toleration.key.is_empty() || toleration.key == taint.key)
            && toleration.effect.is_none_or(|effect| effect == Effect::NoExecute)
    });
    if !stated {
        return Toleration::For(DEFAULT_SECONDS);
    }
    let matching: Vec<&PodToleration> = tolerations.iter().filter(|one| one.tolerates(taint)).collect();
    if matching.is_empty() {
        return Toleration::None;
    }
    // N9: the smallest of those that state one.
    match matching.iter().filter_map(|toleration| toleration.seconds).min() {
        Some(value) => Toleration::For(seconds(value)),
        None => Toleration::Forever,
    }
}

/// Reads `tolerations` (M4).
pub(in crate::spec) fn read_tolerations(item: &Item<'_>, problems: &mut Problems) -> Vec<PodToleration> {
    item.list(problems).unwrap_or_default().iter().filter_map(|item| read_toleration(item, problems)).collect()
}

fn read_toleration(item: &Item<'_>, problems: &mut Problems) -> Option<PodToleration> {
    let mut object = item.object(problems)?;
    let key = object.get("key").and_then(|key| {
        let text = key.string(problems)?;
        if !text.is_empty() {
            check_label_key(&key, problems);
        }
        Some(text.to_string())
    });
    let key = key.unwrap_or_default();
    let operator = object.get("operator");
    let exists = match &operator {
        Some(operator) if operator.node.shown().is_empty() => false,
        Some(operator) => operator.word(problems, &[("Exists", true), ("Equal", false)])?,
        None => false,
    };
    if key.is_empty() && !exists {
        let mark = operator.map_or(item.mark(), |operator| operator.mark());
        problems.error(mark, &object.join("operator"), "must be Exists when key is empty");
    }
    let value_item = object.get("value");
    let value = value_item.as_ref().and_then(|value| value.string(problems)).unwrap_or_default();
    if let Some(value_item) = &value_item
        && exists
        && !value.is_empty()
    {
        value_item.refuse(problems, "must be empty when operator is Exists");
    }
    let effect = object.get("effect").filter(|effect| !effect.node.shown().is_empty());
    let effect = effect.and_then(|effect| effect.word(problems, &EFFECTS));
    let limit = object.get("tolerationSeconds");
    let seconds = limit.as_ref().and_then(|limit| limit.integer(problems, i64::MIN..=i64::MAX));
    if let Some(limit) = &limit
        && effect != Some(Effect::NoExecute)
    {
        limit.refuse(problems, "must only be set with effect NoExecute");
    }
    object.finish(problems, &[]);
    Some(PodToleration { key, value: (!exists).then(|| value.to_string()), effect, seconds })
}

/// Reads a Node's `taints`.
pub(in crate::spec) fn read_taints(item: &Item<'_>, problems: &mut Problems) -> Vec<Taint> {
    let mut taints = Vec::new();
    for item in item.list(problems).unwrap_or_default() {
        let Some(mut object) = item.object(problems) else { continue };
        let key = object.require("key", problems);
        if let Some(key) = &key {
            check_label_key(key, problems);
        }
        let value = object.get("value").and_then(|value| value.string(problems)).unwrap_or_default().to_string();
        let effect = object.require("effect", problems).and_then(|effect| effect.word(problems, &EFFECTS));
        if effect == Some(Effect::PreferNoSchedule) {
            problems.warn(
                item.mark(),
                &item.path,
                "PreferNoSchedule is not modelled: such a Node scores like any other",
            );
        }
        object.finish(problems, &["timeAdded"]);
        if let (Some(key), Some(effect)) = (key.and_then(|key| key.string(problems)), effect) {
            taints.push(Taint { key: key.to_string(), value, effect });
        }
    }
    taints
}
