//! Pyrra: `pyrra.dev/v1alpha1 ServiceLevelObjective`.

use super::{About, Format, Placed, Slo, WINDOW, about, check_version, labels, of_percent};
use crate::spec::diagnostic::Problems;
use crate::spec::reader::{Item, Object};
use crate::spec::tree::{Mark, Node};
use crate::study::Metric;

/// Reads the SLO of a resource.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Option<Slo> {
    let mut object = Item::new(document, "").object(problems)?;
    check_version(&mut object, "apiVersion", "pyrra.dev/v1alpha1", problems);
    let mut metadata = object.require("metadata", problems).and_then(|metadata| metadata.object(problems));
    let name = metadata.as_mut().and_then(|metadata| metadata.require("name", problems));
    let name = name.filter(|name| name.string(problems).is_some()).map(|name| name.node.shown());
    let namespace = metadata.and_then(|metadata| metadata.peek("namespace")).map(|namespace| namespace.node.shown());
    let mut spec = object.require("spec", problems)?.object(problems)?;
    let target = read_target(&mut spec, problems);
    let window = spec
        .require("window", problems)
        .and_then(|window| Some(Placed { value: window.duration(problems, WINDOW)?, mark: window.mark() }));
    let indicator = spec.require("indicator", problems)?;
    let (metric, mark, counts) = read_indicator(indicator.node);
    let words = [document.get("metadata").and_then(|metadata| metadata.text("name"))].into_iter().flatten();
    let labels = labels(document.get("metadata").and_then(|metadata| metadata.get("labels")));
    let about = match (counts, about(words.chain(labels))) {
        (About::Availability, About::Latency) | (About::Latency, _) => About::Latency,
        (About::Availability, _) => About::Availability,
        (_, said) => said,
    };
    let name = name?;
    Some(Slo {
        format: Format::Pyrra,
        name: namespace.map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}")),
        service: None,
        mark: spec.mark,
        path: spec.path.clone(),
        about,
        target: target?,
        window: Some(window?),
        calendar: None,
        metric: Placed { value: metric, mark },
    })
}

/// A percentage that is written as a string, as resources cannot hold numbers with decimals.
fn read_target(spec: &mut Object<'_>, problems: &mut Problems) -> Option<Placed<f64>> {
    let target = spec.require("target", problems)?;
    let Ok(percent) = target.string(problems)?.trim().parse::<f64>() else {
        target.refuse(problems, "must be a percentage without a sign, such as \"99.5\"");
        return None;
    };
    of_percent(&target, percent, problems)
}

/// Whether the indicator counts requests or time, where it stands, and what it is about.
fn read_indicator(indicator: &Node) -> (Metric, Mark, About) {
    let kinds = [
        ("ratio", Metric::RequestSuccess, About::Availability),
        ("bool_gauge", Metric::Availability, About::Availability),
        ("latency", Metric::RequestSuccess, About::Latency),
        ("latencyNative", Metric::RequestSuccess, About::Latency),
    ];
    let found = kinds.iter().find_map(|(key, metric, about)| Some((*metric, indicator.get(key)?.mark, *about)));
    found.unwrap_or((Metric::RequestSuccess, indicator.mark, About::Unsaid))
}
