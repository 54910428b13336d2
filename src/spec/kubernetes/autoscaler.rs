//! A `HorizontalPodAutoscaler`: autoscaling is not modelled, but the bounds that it sets to `replicas` hold (H17, M4), and a
//! manifest that resets the number is warned of (D17).
//! Follows `pkg/controller/podautoscaler/horizontal.go reconcileAutoscaler` and
//! `pkg/apis/autoscaling/validation/validation.go`.

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
    spec.finish(problems, &["behavior", "metrics", "targetCPUUtilizationPercentage"]);
    Some(Autoscaler {
        namespace: metadata?.namespace,
        target,
        min: min? as u32,
        max: max? as u32,
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

/// The autoscaler of a Deployment, if it has one that acts: of several none does (H14).
pub(in crate::spec) fn of<'a>(
    autoscalers: &'a [Autoscaler],
    deployment: &Deployment,
    problems: &mut Problems,
) -> Option<&'a Autoscaler> {
    let own: Vec<&Autoscaler> = autoscalers.iter().filter(|autoscaler| autoscaler.scales(deployment)).collect();
    if let [_, second, ..] = own.as_slice() {
        let message = format!("is a second autoscaler of {}: none of them acts then", deployment.name);
        problems.warn(second.mark, "", message);
        return None;
    }
    own.first().copied()
}

impl Autoscaler {
    /// Brings the replicas of its Deployment within its bounds, as it does at its first look, within 15 s (H1, H17). What
    /// an experiment puts there stands: it is what is asked about.
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
        problems.note(mark, path, format!("{message}: scaling with the load is not modelled"));
        deployment.replicas = replicas;
    }
}
