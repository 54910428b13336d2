//! A `HorizontalPodAutoscaler` (H2, H5, H13, H16, H17, M4). What it does is played where it is known how many requests come (see
//! `autoscaling`); without that only its bounds hold. A manifest that resets the number is warned of (D17).
//! Follows `pkg/controller/podautoscaler/horizontal.go reconcileAutoscaler`, `pkg/apis/autoscaling/validation/validation.go` and
//! `pkg/apis/autoscaling/v2/defaults.go`.

mod behavior;
mod metrics;

pub(in crate::spec) use metrics::{Averaged, CpuTarget, Metric, Quantified};

use crate::model::{self, Behavior};
use crate::spec::deployment::{Deployment, read_metadata};
use crate::spec::diagnostic::Problems;
use crate::spec::reader::Item;
use crate::spec::tree::{Mark, Node};

/// What an autoscaler says of the replicas of its target.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Autoscaler {
    pub namespace: String,
    /// The kind and the name of what it scales.
    pub target: Option<(String, String)>,
    /// `minReplicas`, 1 by default.
    pub min: u32,
    /// `maxReplicas`.
    pub max: u32,
    pub metrics: Vec<Metric>,
    /// On the way up, and on the way down (H13).
    pub tolerance: (f64, f64),
    pub behavior: Option<Behavior>,
    /// `spec.replicas` of the Deployment's manifest, if it states them: each rollout resets the number to it (D17).
    pub reset_to: Option<u32>,
    /// Where `minReplicas` stands.
    pub mark: Mark,
}

/// Reads an autoscaler of a version that is served.
pub(in crate::spec) fn read(document: &Node, problems: &mut Problems) -> Option<Autoscaler> {
    const INT32: i64 = i32::MAX as i64;
    let mut object = Item::new(document, "").object(problems)?;
    let _ = (object.get("apiVersion"), object.get("kind"));
    let metadata = read_metadata(&mut object, problems);
    let spec = object.require("spec", problems);
    object.finish(problems, &["status"]);
    let mut spec = spec?.object(problems)?;
    let target = spec.require("scaleTargetRef", problems).and_then(|target| {
        let mut target = target.object(problems)?;
        let kind = target.require("kind", problems).and_then(|kind| kind.string(problems));
        let name = target.require("name", problems).and_then(|name| name.string(problems));
        target.finish(problems, &["apiVersion"]);
        Some((kind?.to_string(), name?.to_string()))
    });
    let least = spec.get("minReplicas");
    let min = least.as_ref().map_or(Some(1), |least| least.integer(problems, 1..=INT32));
    let max = spec.require("maxReplicas", problems).and_then(|most| {
        let max = most.integer(problems, 1..=INT32)?;
        if min.is_some_and(|min| max < min) {
            most.refuse(problems, format_args!("must be at least minReplicas ({})", min.unwrap_or(1)));
            return None;
        }
        Some(max)
    });
    let metrics = metrics::read(&mut spec, document.mark, problems);
    let behavior = match spec.get("behavior") {
        Some(item) => behavior::read(&item, problems).map(|(behavior, tolerance)| (Some(behavior), tolerance)),
        None => Some((None, model::Autoscaler::TOLERANCE)),
    };
    spec.finish(problems, &[]);
    let (behavior, tolerance) = behavior?;
    Some(Autoscaler {
        namespace: metadata?.namespace,
        target,
        min: min? as u32,
        max: max? as u32,
        metrics: metrics?,
        tolerance,
        behavior,
        reset_to: None,
        mark: least.map_or(document.mark, |least| least.mark()),
    })
}

impl Autoscaler {
    /// Whether it scales the Deployment.
    pub fn scales(&self, deployment: &Deployment) -> bool {
        let wanted = |(kind, name): &(String, String)| kind == "Deployment" && *name == deployment.name;
        self.namespace == deployment.namespace && self.target.as_ref().is_some_and(wanted)
    }
}

impl Autoscaler {
    /// Brings the replicas of its Deployment within its bounds, as it does at its first look, within 15 s (H1, H17), and scales it from
    /// then on. What an experiment puts there stands: it is what is asked about.
    pub fn bound(&self, deployment: &mut Deployment, problems: &mut Problems) {
        let (written, name) = (deployment.replicas, &deployment.name);
        let is_asked_about = deployment.replicas_mark.is_some_and(|mark| mark.file != deployment.mark.file);
        // 0 turns it off.
        if written == 0 || is_asked_about {
            return;
        }
        if let Some(mark) = deployment.replicas_mark.filter(|_| self.min < self.max) {
            let message = "stands in the manifest of a Deployment that an autoscaler scales: each time that it is applied the number is \
                           reset, and Pods beyond it are deleted at once, whatever budgets say (D17)";
            problems.warn(mark, "spec.replicas", message).help("leave spec.replicas out of the manifest");
        }
        let replicas = written.clamp(self.min, self.max);
        let bound = if replicas < written { "maxReplicas" } else { "minReplicas" };
        let (mark, path, message) = match deployment.replicas_mark {
            None => (self.mark, "spec.minReplicas", format!("gives {name} {replicas} replicas, as it states none")),
            Some(mark) if replicas == written => {
                (mark, "spec.replicas", format!("stays {replicas}, within the bounds of the autoscaler"))
            }
            Some(mark) => (
                mark,
                "spec.replicas",
                format!("is {written}, and {bound} of the autoscaler makes it {replicas} at once"),
            ),
        };
        problems.note(mark, path, format!("{message}: where there is `traffic` it is scaled from there on"));
        let reset_to = deployment.replicas_mark.map(|_| written);
        deployment.autoscaler = Some(Self { reset_to, ..self.clone() });
        deployment.replicas = replicas;
    }
}
