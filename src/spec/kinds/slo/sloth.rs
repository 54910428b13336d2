//! Sloth: `version: prometheus/v1` for its command line, `sloth.slok.dev/v1 PrometheusServiceLevel` for its operator. Both hold
//! the SLOs of one service. The window is no field: it is a flag of Sloth, 30 days where nobody sets it.

use super::{About, Format, Placed, Slo, about, check_version, labels, of_percent};
use crate::spec::diagnostic::Problems;
use crate::spec::reader::{Item, Object};
use crate::spec::tree::{Node, Value};
use crate::study::Metric;

/// Reads the SLOs of a service.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Vec<Slo> {
    let Some(mut object) = Item::new(document, "").object(problems) else { return Vec::new() };
    if object.has("apiVersion") {
        check_version(&mut object, "apiVersion", "sloth.slok.dev/v1", problems);
        let spec = object.require("spec", problems).and_then(|spec| spec.object(problems));
        return spec.map(|spec| read_service(spec, problems)).unwrap_or_default();
    }
    check_version(&mut object, "version", "prometheus/v1", problems);
    read_service(object, problems)
}

fn read_service(mut object: Object<'_>, problems: &mut Problems) -> Vec<Slo> {
    let service = object.require("service", problems).filter(|service| service.string(problems).is_some());
    let service = service.map(|service| service.node.shown());
    let items = object.require("slos", problems);
    let list = items.as_ref().and_then(|list| list.list(problems)).unwrap_or_default();
    if let Some(items) = items.filter(|_| list.is_empty()) {
        problems.error(items.mark(), &items.path, "is empty, must hold an SLO");
    }
    list.iter().filter_map(|item| read_one(item, service.as_deref(), problems)).collect()
}

fn read_one(item: &Item<'_>, service: Option<&str>, problems: &mut Problems) -> Option<Slo> {
    let mut object = item.object(problems)?;
    let name = object.require("name", problems).filter(|name| name.string(problems).is_some());
    let objective = object.require("objective", problems);
    let target = objective.and_then(|objective| {
        let percent = objective.number(problems, f64::MIN..=f64::MAX)?;
        of_percent(&objective, percent, problems)
    });
    Some(Slo {
        format: Format::Sloth,
        name: format!("{}/{}", service?, name?.node.shown()),
        service: service.map(str::to_owned),
        mark: item.mark(),
        path: item.path.clone(),
        about: read_about(item.node),
        target: target?,
        window: None,
        calendar: None,
        metric: Placed {
            value: Metric::RequestSuccess,
            mark: item.node.get("sli").map_or(item.mark(), |sli| sli.mark),
        },
    })
}

/// What its name, labels and plugin say; a query of errors over buckets of a histogram counts slow requests.
fn read_about(slo: &Node) -> About {
    let mut words: Vec<&str> = slo.text("name").into_iter().chain(labels(slo.get("labels"))).collect();
    words.extend(labels(slo.get("alerting").and_then(|alerting| alerting.get("labels"))));
    let sli = slo.get("sli");
    words.extend(sli.and_then(|sli| sli.get("plugin")).and_then(|plugin| plugin.text("id")));
    let counts_slow = |node: &Node| matches!(&node.value, Value::String(query) if query.contains("_bucket"));
    let queries = ["events", "raw"].iter().filter_map(|key| sli?.get(key)).flat_map(|node| match &node.value {
        Value::Map(entries) => entries.iter().map(|entry| &entry.value).collect(),
        _ => Vec::new(),
    });
    match about(words) {
        About::Unsaid if queries.into_iter().any(counts_slow) => About::Latency,
        said => said,
    }
}
