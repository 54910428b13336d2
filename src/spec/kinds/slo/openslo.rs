//! OpenSLO v1: `kind: SLO`, and the `kind: SLI` that it may name in the same file (the specification is the README of
//! github.com/OpenSLO/OpenSLO).

use super::{About, Format, Placed, Slo, WINDOW, about, by_power, check_version, labels};
use crate::durations;
use crate::spec::diagnostic::Problems;
use crate::spec::reader::{Item, Object};
use crate::spec::tree::Node;
use crate::study::Metric;
use crate::time::Duration;

/// Months and years differ in length; these are what a window of them is taken as.
const CALENDAR_DAYS: [(char, u64); 3] = [('M', 30), ('Q', 90), ('Y', 365)];

/// Reads an SLO: one for each of its objectives. `documents` are those of the file.
pub(super) fn read(document: &Node, documents: &[&Node], problems: &mut Problems) -> Vec<Slo> {
    let Some(mut object) = Item::new(document, "").object(problems) else { return Vec::new() };
    check_version(&mut object, "apiVersion", "openslo/v1", problems);
    let metadata = object.require("metadata", problems).and_then(|metadata| metadata.object(problems));
    let name = metadata.and_then(|mut metadata| metadata.require("name", problems));
    let name = name.filter(|name| name.string(problems).is_some()).map(|name| name.node.shown());
    let Some(mut spec) = object.require("spec", problems).and_then(|spec| spec.object(problems)) else {
        return Vec::new();
    };
    let service = spec.get("service").and_then(|service| service.string(problems)).map(str::to_owned);
    let metric = read_metric(&mut spec, problems);
    spec.forbid("timeWindows", problems, "is a field of older versions, must be timeWindow", "see openslo/v1");
    let window = read_window(&mut spec, problems);
    let indicator = indicator(document, documents);
    let about = read_about(document, indicator);
    let objectives = spec.require("objectives", problems);
    let list = objectives.as_ref().and_then(|list| list.list(problems)).unwrap_or_default();
    if let Some(objectives) = objectives.filter(|_| list.is_empty()) {
        problems.error(objectives.mark(), &objectives.path, "is empty, must hold an objective");
    }
    let targets =
        list.iter().map(|item| item.object(problems).and_then(|mut object| read_target(&mut object, problems)));
    let targets: Vec<Option<Placed<f64>>> = targets.collect();
    let (Some(name), Ok(window), Some(metric)) = (name, window, metric) else { return Vec::new() };
    let (window, calendar) = window.map_or((None, None), |(window, calendar)| (Some(window), calendar));
    let are_several = list.len() > 1;
    let one = |(number, (item, target)): (usize, (&Item<'_>, Option<Placed<f64>>))| {
        let shown = item.node.get("displayName").map(Node::shown);
        let part =
            if are_several { format!("/{}", shown.unwrap_or_else(|| number.to_string())) } else { String::new() };
        Some(Slo {
            format: Format::OpenSlo,
            name: format!("{name}{part}"),
            service: service.clone(),
            mark: item.mark(),
            path: item.path.clone(),
            about,
            target: target?,
            window,
            calendar: calendar.clone(),
            metric,
        })
    };
    list.iter().zip(targets).enumerate().filter_map(one).collect()
}

/// Whether requests are counted, or slices of time.
fn read_metric(spec: &mut Object<'_>, problems: &mut Problems) -> Option<Placed<Metric>> {
    let Some(method) = spec.get("budgetingMethod") else {
        return Some(Placed { value: Metric::RequestSuccess, mark: spec.mark });
    };
    let words = [
        ("Occurrences", Metric::RequestSuccess),
        ("Timeslices", Metric::Availability),
        ("RatioTimeslices", Metric::Availability),
    ];
    Some(Placed { value: method.word(problems, &words)?, mark: method.mark() })
}

/// A window, and how it is stated where that follows the calendar.
type Window = (Placed<Duration>, Option<String>);

/// The window, if one is stated.
fn read_window(spec: &mut Object<'_>, problems: &mut Problems) -> Result<Option<Window>, ()> {
    let Some(list) = spec.get("timeWindow") else { return Ok(None) };
    let items = list.list(problems).ok_or(())?;
    let [item] = items.as_slice() else {
        let message = format!("has {} entries, must have one", items.len());
        problems.error(list.mark(), &list.path, message);
        return Err(());
    };
    let mut object = item.object(problems).ok_or(())?;
    let duration = object.require("duration", problems).ok_or(())?;
    let is_rolling = object.get("isRolling").and_then(|flag| flag.boolean(problems));
    let is_calendar = object.has("calendar") || is_rolling == Some(false);
    let text = duration.string(problems).ok_or(())?;
    let window = span(text).ok_or(()).map_err(|()| {
        duration
            .refuse(problems, "must be a whole number and one of m, h, d, w, M (months), Q (quarters), Y, such as 30d");
    })?;
    if is_calendar && text.ends_with('m') {
        let help = format!("months are written {}M", text.trim_end_matches('m'));
        problems
            .value(
                duration.node,
                &duration.path,
                "which is in minutes, must be in days or longer where it follows the calendar",
            )
            .help(help);
        return Err(());
    }
    if !WINDOW.contains(&window) {
        duration.refuse(problems, "must be from 1m to 100 years");
        return Err(());
    }
    let calendar = CALENDAR_DAYS.iter().any(|(unit, _)| text.ends_with(*unit)).then(|| text.to_owned());
    Ok(Some((Placed { value: window, mark: duration.mark() }, calendar)))
}

/// A span in OpenSLO's shorthand.
fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok().filter(|_| !text.starts_with('+'))?;
    if let Some((_, days)) = CALENDAR_DAYS.iter().find(|(name, _)| *name == unit) {
        return Some(Duration::from_secs(number.checked_mul(days * 86_400).filter(|secs| *secs <= LONGEST_SECS)?));
    }
    "mhdw".contains(unit).then(|| durations::parse(text).ok())?
}

const LONGEST_SECS: u64 = 100 * 365 * 86_400;

/// The share that is promised, as `target` or as `targetPercent`.
fn read_target(object: &mut Object<'_>, problems: &mut Problems) -> Option<Placed<f64>> {
    let (share, percent) = (object.get("target"), object.get("targetPercent"));
    let (item, most) = match (share, percent) {
        (Some(_), Some(percent)) => {
            problems.error(percent.mark(), &percent.path, "must not be set together with target");
            return None;
        }
        (Some(share), None) => (share, 1.0),
        (None, Some(percent)) => (percent, 100.0),
        (None, None) => {
            object.error(problems, "must have one of target and targetPercent");
            return None;
        }
    };
    let value = item.number(problems, f64::MIN..=f64::MAX)?;
    if !(value > 0.0 && value < most) {
        let rule = format!("must be above 0 and below {most}");
        let problem = problems.value(item.node, &item.path, rule);
        if most < 100.0 && (1.0..100.0).contains(&value) {
            problem.help(format!("write `targetPercent: {value}`, or `target: {}`", by_power(value, -2)));
        }
        return None;
    }
    let share = if most < 100.0 { value } else { by_power(value, -2) };
    Some(Placed { value: share, mark: item.mark() })
}

/// The indicator: in the SLO itself, or the SLI of the file that it names.
fn indicator<'n>(document: &'n Node, documents: &[&'n Node]) -> Option<&'n Node> {
    let spec = document.get("spec")?;
    let name = |node: &'n Node| node.get("metadata").and_then(|metadata| metadata.text("name"));
    spec.get("indicator").or_else(|| {
        let wanted = spec.text("indicatorRef")?;
        documents.iter().copied().find(|other| other.text("kind") == Some("SLI") && name(other) == Some(wanted))
    })
}

fn read_about(document: &Node, indicator: Option<&Node>) -> About {
    let mut words = Vec::new();
    for metadata in [Some(document), indicator].into_iter().flatten().filter_map(|node| node.get("metadata")) {
        words.extend(["name", "displayName"].iter().filter_map(|key| metadata.text(key)));
        words.extend(labels(metadata.get("labels")));
    }
    let measures = |key: &str| indicator.and_then(|node| node.get("spec")).and_then(|spec| spec.get(key)).is_some();
    match about(words) {
        About::Unsaid if measures("thresholdMetric") => About::Threshold,
        said => said,
    }
}
