//! Workloads that are no Deployments: what they are, and why their availability is not that of a Deployment.

use crate::shell;
use crate::spec::diagnostic::Problems;
use crate::spec::tree::{Node, Sources};

/// A kind of workload that hasim does not play.
struct Unplayed {
    group: &'static str,
    kind: &'static str,
    /// What a Deployment does not do, or does and this kind does not.
    why: &'static str,
}

const UNPLAYED: [Unplayed; 8] = [
    Unplayed {
        group: "apps",
        kind: "StatefulSet",
        why: "a Pod of a StatefulSet on a lost Node is not replaced before that Pod is deleted by force or its Node object \
              is, and an update replaces one Pod after the other",
    },
    Unplayed {
        group: "apps",
        kind: "DaemonSet",
        why: "a DaemonSet has one Pod on each Node that matches: the Pod of a lost Node is replaced nowhere else",
    },
    Unplayed {
        group: "apps",
        kind: "ReplicaSet",
        why: "a ReplicaSet replaces Pods that are lost, but knows no rollouts: a new template changes no Pod that runs",
    },
    Unplayed {
        group: "",
        kind: "ReplicationController",
        why: "a ReplicationController replaces Pods that are lost, but knows no rollouts: a new template changes no Pod \
              that runs",
    },
    Unplayed {
        group: "batch",
        kind: "Job",
        why: "the Pods of a Job run to their end and are not kept up, so it offers no service that could be available",
    },
    Unplayed {
        group: "batch",
        kind: "CronJob",
        why: "a CronJob starts Pods that run to their end and are not kept up, so it offers no service that could be \
              available",
    },
    Unplayed {
        group: "",
        kind: "Pod",
        why: "a Pod without a controller is replaced by nothing: it is lost with its Node, and only its containers are \
              restarted",
    },
    Unplayed {
        group: "argoproj.io",
        kind: "Rollout",
        why: "the steps of a canary or blueGreen strategy are not played; spec.replicas and spec.template of a Rollout are \
              those of a Deployment",
    },
];

/// Whether documents of this kind are known as workloads that are not played.
pub(in crate::spec) fn is_known(kind: &str) -> bool {
    UNPLAYED.iter().any(|unplayed| unplayed.kind == kind)
}

fn of(document: &Node) -> Option<&'static Unplayed> {
    let (version, kind) = (document.text("apiVersion")?, document.text("kind")?);
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    UNPLAYED.iter().find(|unplayed| unplayed.kind == kind && unplayed.group == group)
}

/// Whether a document is such a workload, and not made by a controller that has been told of already.
pub(in crate::spec) fn is_one(document: &Node) -> bool {
    let owners = document.get("metadata").and_then(|metadata| metadata.get("ownerReferences"));
    owners.is_none() && of(document).is_some()
}

/// Notes that a document is not read; of a workload why it is not played. What a controller has made is told of with it.
pub(in crate::spec) fn note(document: &Node, problems: &mut Problems) {
    let kind = document.text("kind").unwrap_or("");
    match (of(document), document.get("kind")) {
        (Some(unplayed), Some(node)) if is_one(document) => {
            let message = format!("is {kind}, which is not played");
            problems.note(node.mark, "kind", message).help(unplayed.why);
        }
        _ => {
            problems.note(document.mark, "", format!("kind {kind} is not read"));
        }
    }
}

/// Refuses the workloads of a file that holds no Deployment; false if there are none.
pub(in crate::spec) fn refuse<'n>(
    documents: impl Iterator<Item = &'n Node>,
    sources: &Sources,
    problems: &mut Problems,
) -> bool {
    /// Enough to see what the file holds.
    const MOST: usize = 5;
    let mut is_some = false;
    for document in documents.filter(|document| is_one(document)).take(MOST) {
        let (Some(unplayed), Some(kind)) = (of(document), document.get("kind")) else { continue };
        is_some = true;
        let name = document.get("metadata").and_then(|metadata| metadata.text("name")).unwrap_or("");
        let named = if name.is_empty() { String::new() } else { format!(" ({name})") };
        // What a note says is said again, and more.
        problems.list.retain(|problem| problem.mark != kind.mark || problem.path != "kind");
        let message = format!("is {}{named}, must be Deployment: hasim plays Deployments", unplayed.kind);
        let help = match unplayed.kind {
            "Rollout" => format!("{}. {}", unplayed.why, in_place_of_a_rollout(document, sources.name(kind.mark.file))),
            _ => format!("as a Deployment it would get a wrong answer: {}", unplayed.why),
        };
        problems.error(kind.mark, "kind", message).help(help);
    }
    is_some
}

/// How to play a Rollout of Argo Rollouts as a Deployment.
fn in_place_of_a_rollout(document: &Node, file: &str) -> String {
    let spec = document.get("spec");
    let named = spec.and_then(|spec| spec.get("workloadRef")).and_then(|reference| reference.text("name"));
    if let (None, Some(name)) = (spec.and_then(|spec| spec.get("template")), named) {
        return format!("Its template is that of {name}, as spec.workloadRef says: estimate that one");
    }
    let [version, kind] = ["s#argoproj.io/v1alpha1#apps/v1#", "s/kind: Rollout/kind: Deployment/"].map(shell::quoted);
    // Standard input has no name that a shell knows.
    let file = if file.starts_with('<') { String::new() } else { format!(" {}", shell::quoted(file)) };
    format!("`sed -e {version} -e {kind}{file} | hasim estimate -` plays it as a Deployment with rolling updates")
}
