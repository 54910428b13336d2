//! What a file holds, told from the kinds of its documents alone: for whoever has given a command another file than it takes.

use crate::spec::diagnostic::Problems;
use crate::spec::manifest::{self, Kind};
use crate::spec::quoting::Lines;
use crate::spec::slo;
use crate::spec::template;
use crate::spec::tree::{Node, Sources};
use crate::spec::unplayed;
use crate::spec::yaml;
use crate::study::API_VERSION;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A Deployment.
    Deployment,
    /// An experiment of hasim.
    Experiment,
    /// Another kind of hasim's own: an App, a Cluster, faults, operations or counted incidents.
    Model,
    /// SLOs in the format of another tool.
    Slo,
    /// A workload that is no Deployment, such as a StatefulSet, and that no controller has made.
    OtherWorkload,
    /// Another kind of Kubernetes, or of what is installed in a cluster.
    Other,
}

/// A document of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// The `kind` that it states.
    pub stated: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// It is a Deployment that is to have no Pods: `replicas: 0`.
    pub is_idle: bool,
}

/// The documents of a file, as far as they can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// Those that state a kind, in the order of the file.
    pub documents: Vec<Document>,
    /// It is a template that is not rendered.
    pub is_template: bool,
    /// It is no valid YAML or JSON.
    pub is_broken: bool,
    /// It holds a document that hasim reads, or one that begins like it where the text is broken.
    pub is_manifest: bool,
}

impl Contents {
    /// What a text holds.
    pub fn of(bytes: &[u8]) -> Self {
        let (mut sources, mut problems) = (Sources::default(), Problems::default());
        let (file, documents) = yaml::read(&mut sources, "", bytes, &mut problems);
        let is_template = !template::unrendered(&problems.list, &sources).is_empty();
        let is_manifest = !Lines::of(&documents, sources.text(file), &problems.list).is_empty();
        let documents = manifest::flatten(documents).iter().filter_map(Document::of).collect();
        Self { documents, is_template, is_broken: problems.has_errors(), is_manifest }
    }

    /// The documents of a kind.
    pub fn of_kind(&self, kind: DocumentKind) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(move |document| document.kind == kind)
    }

    /// Whether there is a document of a kind.
    pub fn has(&self, kind: DocumentKind) -> bool {
        self.of_kind(kind).next().is_some()
    }
}

impl Document {
    fn of(document: &Node) -> Option<Self> {
        let is_slo = slo::format(document).is_some();
        let stated = document.text("kind").or(is_slo.then_some("SLO"))?.to_owned();
        let (namespace, mut name) = manifest::label(document);
        if name.is_empty() && is_slo {
            document.text("service").unwrap_or_default().clone_into(&mut name);
        }
        let is_ours = document.text("apiVersion") == Some(API_VERSION);
        let kind = match (is_ours, stated.as_str()) {
            (true, "Experiment") => DocumentKind::Experiment,
            (true, _) => DocumentKind::Model,
            (false, _) if is_slo => DocumentKind::Slo,
            // Whatever its version is: that it is outdated is to be said of it as a Deployment.
            (false, _) if manifest::kind(document, &mut Problems::default()) == Some(Kind::Deployment) => {
                DocumentKind::Deployment
            }
            (false, _) if unplayed::is_one(document) => DocumentKind::OtherWorkload,
            (false, _) => DocumentKind::Other,
        };
        let is_idle = kind == DocumentKind::Deployment && manifest::is_idle(document);
        Some(Self { kind, stated, name, namespace, is_idle })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<DocumentKind> {
        Contents::of(text.as_bytes()).documents.iter().map(|document| document.kind).collect()
    }

    #[test]
    fn documents_are_known_by_their_kinds() {
        use DocumentKind::{Deployment, Experiment, Model, Other};
        let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}";
        assert_eq!(kinds(&format!("{deployment}\n---\n{{apiVersion: v1, kind: Service}}\n")), [Deployment, Other]);
        assert_eq!(kinds(&format!("{{apiVersion: v1, kind: List, items: [{deployment}]}}")), [Deployment]);
        assert_eq!(
            kinds("apiVersion: hasim/v1\nkind: Experiment\n---\napiVersion: hasim/v1\nkind: App\n"),
            [Experiment, Model]
        );
        assert!(kinds("replicas: 2\n").is_empty());
        let contents = Contents::of(deployment.as_bytes());
        assert_eq!((&*contents.documents[0].name, &*contents.documents[0].namespace), ("web", "shop"));
    }

    /// Only what is wrong because of its actions is a template.
    #[test]
    fn a_template_is_told_from_text_with_braces() {
        assert!(Contents::of(b"kind: Deployment\nspec:\n  replicas: {{ .Values.replicas }}\n").is_template);
        assert!(Contents::of(b"metadata:\n  labels:\n    {{- include \"x\" . | nindent 4 }}\n").is_template);
        let alert = "kind: ConfigMap\ndata:\n  rules: |\n    summary: {{ $labels.job }} is down\n";
        let contents = Contents::of(alert.as_bytes());
        assert!(!contents.is_template && !contents.is_broken);
        let broken = Contents::of(format!("{alert}---\nkind: [\n").as_bytes());
        assert!(broken.is_broken && !broken.is_template);
    }
}
