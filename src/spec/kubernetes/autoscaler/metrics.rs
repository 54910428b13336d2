//! `metrics` of an autoscaler (H2, H9, H14).

use crate::spec::diagnostic::Problems;
use crate::spec::quantity::{self, Quantity};
use crate::spec::reader::{Item, Object};
use crate::spec::tree::Mark;

/// What an autoscaler looks at where it says nothing (H2).
const USUAL_PERCENT: u32 = 80;

/// More than any metric shows.
const MOST: f64 = 1e9;

/// One of `metrics`, and where it stands.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Metric {
    pub mark: Mark,
    pub path: String,
    pub what: Quantified,
}

/// What is measured, and what it is compared with.
#[derive(Debug, Clone)]
pub(in crate::spec) enum Quantified {
    /// CPU: of this container, or of all.
    Cpu { container: Option<String>, target: CpuTarget },
    /// An amount that the Pods or others report under this name, in thousandths.
    Reported { name: String, target: Averaged, amount: u64 },
    /// A resource that is not played, such as memory.
    Other { name: String },
}

/// What CPU usage is compared with.
#[derive(Debug, Clone, Copy)]
pub(in crate::spec) enum CpuTarget {
    Percent(u32),
    Millis(u64),
}

/// What a reported amount is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Averaged {
    /// On average over the Pods that report it.
    OverPods,
    /// For each replica, of a total.
    OverReplicas,
    /// In all.
    Not,
}

/// Reads what `metrics` or v1's `targetCPUUtilizationPercentage` says; without both it is the default.
pub(super) fn read(spec: &mut Object<'_>, mark: Mark, problems: &mut Problems) -> Option<Vec<Metric>> {
    let percent = spec.get("targetCPUUtilizationPercentage");
    let metrics = spec.get("metrics");
    if let Some(item) = &percent {
        let percent = item.integer(problems, 1..=i64::from(i32::MAX))? as u32;
        let what = Quantified::Cpu { container: None, target: CpuTarget::Percent(percent) };
        return Some(vec![Metric { mark: item.mark(), path: item.path.clone(), what }]);
    }
    let Some(item) = metrics else {
        let what = Quantified::Cpu { container: None, target: CpuTarget::Percent(USUAL_PERCENT) };
        return Some(vec![Metric { mark, path: "spec.metrics".to_owned(), what }]);
    };
    let list = item.list(problems)?;
    let read: Vec<Option<Metric>> = list
        .iter()
        .map(|item| {
            let what = read_one(item, problems)?;
            Some(Metric { mark: item.mark(), path: item.path.clone(), what })
        })
        .collect();
    read.into_iter().collect()
}

fn read_one(item: &Item<'_>, problems: &mut Problems) -> Option<Quantified> {
    const KINDS: [(&str, &str); 5] = [
        ("Resource", "resource"),
        ("ContainerResource", "containerResource"),
        ("Pods", "pods"),
        ("Object", "object"),
        ("External", "external"),
    ];
    let mut object = item.object(problems)?;
    let key = object.require("type", problems).and_then(|item| item.word(problems, &KINDS));
    let source = key.and_then(|key| object.require(key, problems));
    object.finish(problems, &[]);
    let (key, source) = (key?, source?);
    let mut object = source.object(problems)?;
    let is_resource = key == "resource" || key == "containerResource";
    let name = if is_resource {
        object.require("name", problems).and_then(|item| item.string(problems)).map(str::to_owned)
    } else {
        object.require("metric", problems).and_then(|item| {
            let mut metric = item.object(problems)?;
            let name = metric.require("name", problems).and_then(|item| item.string(problems)).map(str::to_owned);
            metric.finish(problems, &["selector"]);
            name
        })
    };
    let container = (key == "containerResource").then(|| object.require("container", problems));
    let container = match container {
        Some(item) => Some(item.and_then(|item| item.string(problems)).map(str::to_owned)?),
        None => None,
    };
    if key == "object" {
        let _ = object.require("describedObject", problems);
    }
    let target = object.require("target", problems).and_then(|item| read_target(&item, key, problems));
    object.finish(problems, &[]);
    let (name, target) = (name?, target?);
    match target {
        Target::Percent(percent) if name == "cpu" => {
            Some(Quantified::Cpu { container, target: CpuTarget::Percent(percent) })
        }
        Target::Amount(_, amount) if is_resource && name == "cpu" => {
            Some(Quantified::Cpu { container, target: CpuTarget::Millis(amount.millis()) })
        }
        Target::Amount(target, amount) if !is_resource => {
            Some(Quantified::Reported { name, target, amount: amount.millis() })
        }
        _ => Some(Quantified::Other { name }),
    }
}

enum Target {
    Percent(u32),
    Amount(Averaged, Quantity),
}

/// `Utilization` is of resources alone, `Value` of what is not measured at Pods.
fn read_target(item: &Item<'_>, key: &str, problems: &mut Problems) -> Option<Target> {
    const WORDS: [(&str, &str); 3] =
        [("Utilization", "averageUtilization"), ("AverageValue", "averageValue"), ("Value", "value")];
    let mut object = item.object(problems)?;
    let kind = object.require("type", problems).and_then(|item| {
        let kind = item.word(problems, &WORDS)?;
        let fits = match key {
            "resource" | "containerResource" => kind != "value",
            "pods" => kind == "averageValue",
            _ => kind != "averageUtilization",
        };
        if !fits {
            let rule = match key {
                "pods" => "must be AverageValue: the metric is one of each Pod",
                "object" | "external" => "must be Value or AverageValue",
                _ => "must be Utilization or AverageValue: a resource is one of each Pod",
            };
            item.refuse(problems, rule);
            return None;
        }
        Some(kind)
    });
    let target = kind.and_then(|kind| object.require(kind, problems));
    object.finish(problems, &["averageUtilization", "averageValue", "value"]);
    let (kind, target) = (kind?, target?);
    if kind == "averageUtilization" {
        return target.integer(problems, 1..=i64::from(i32::MAX)).map(|percent| Target::Percent(percent as u32));
    }
    let quantity = quantity::read(&target, problems, false)?;
    if quantity.millis() == 0 || quantity.as_f64() > MOST {
        target.refuse(problems, format_args!("must be above 0, and at most {MOST}"));
        return None;
    }
    let averaged = match (key, kind) {
        (_, "value") => Averaged::Not,
        ("object" | "external", _) => Averaged::OverReplicas,
        _ => Averaged::OverPods,
    };
    Some(Target::Amount(averaged, quantity))
}
