//! Parameters that are not known: `mean: {between: [10d, 60d]}`, or a law in the place of a law's parameter.
//!
//! What is not known is drawn for a number of models, all uncertain parameters together; every replication plays one
//! of them. The draws are stratified: of J draws each J-th part of a parameter's law has one (a Latin hypercube), in
//! an order of its own. They follow from the experiment's seed and the parameter's path, so scenarios share them, and
//! one more uncertain parameter does not disturb the others.

use crate::durations;
use crate::model::Model;
use crate::random::{Law, Owner, Purpose, Streams, name_hash};
use crate::spec::diagnostic::{Problems, Severity};
use crate::spec::documents::Documents;
use crate::spec::experiment::Question;
use crate::spec::law;
use crate::spec::parameters::{self, Leaf};
use crate::spec::reader::Item;
use crate::spec::system::System;
use crate::spec::tree::{Mark, Node, Value};
use crate::spec::vary::{self, Target};
use crate::time::Duration;

/// Draws, if nothing else is asked for.
pub(in crate::spec) const DRAWS: u32 = 64;

const WITHOUT_UNIT: [&str; 4] = ["shape", "sigma", "weight", "perYear"];

/// A parameter that is not known.
struct Unknown {
    key: String,
    target: Target,
    mark: Mark,
    law: Law,
    is_time: bool,
}

/// Reads what is said of a parameter that is not known, in seconds or as a plain number.
pub(in crate::spec) fn read(item: &Item<'_>, is_time: bool, problems: &mut Problems) -> Option<Law> {
    let Value::Map(entries) = &item.node.value else { return None };
    let law = if entries.len() == 1 && entries[0].key == "between" {
        between(&Item::new(&entries[0].value, format!("{}.between", item.path)), is_time, problems)?
    } else if is_time {
        let mut own = Vec::new();
        parameters::walk(item.node, &item.path, &mut own);
        if let Some(leaf) = own.iter().find(|leaf| matches!(leaf.node.value, Value::Map(_))) {
            problems.error(leaf.node.mark, &leaf.key, "is uncertain within what is uncertain, must be a value");
            return None;
        }
        law::read(item, problems)?
    } else if entries.len() == 1 && entries[0].key == "gamma" {
        gamma(&Item::new(&entries[0].value, format!("{}.gamma", item.path)), problems)?
    } else {
        let message = "is a map, must be a number, {between: [low, high]} or {gamma: {shape, mean}}";
        problems.error(item.mark(), &item.path, message);
        return None;
    };
    if law.quantile(0.5).is_none() {
        let message = "has a law without an inverse, which an uncertain parameter needs";
        problems.error(item.mark(), &item.path, message).help("use between, uniform, lognormal, weibull or gamma");
        return None;
    }
    Some(law)
}

fn between(item: &Item<'_>, is_time: bool, problems: &mut Problems) -> Option<Law> {
    let ends = item.list(problems)?;
    let [low, high] = ends.as_slice() else {
        let message = format!("has {} values, must be [low, high]", ends.len());
        problems.error(item.mark(), &item.path, message);
        return None;
    };
    let mut value = |item: &Item<'_>| if is_time { law::span(item, problems) } else { law::plain(item, problems) };
    let (least, most) = (value(low), value(high));
    let (least, most) = (least?, most?);
    if least >= most {
        high.refuse(problems, format_args!("must be above {}", low.node.shown()));
        return None;
    }
    Law::uniform(least, most).ok()
}

/// A gamma law of plain numbers: what a count tells of a rate.
fn gamma(item: &Item<'_>, problems: &mut Problems) -> Option<Law> {
    let mut object = item.our_object(problems)?;
    let mut number = |key| {
        let item = object.require(key, problems)?;
        let value = law::plain(&item, problems)?;
        if value <= 0.0 {
            item.refuse(problems, "must be above 0");
            return None;
        }
        Some(value)
    };
    let (shape, mean) = (number("shape"), number("mean"));
    object.finish(problems, &[]);
    Law::gamma(shape?, mean?).ok()
}

/// The value that belongs to a quantile, as it would be written.
fn value(law: &Law, is_time: bool, u: f64, mark: Mark) -> Option<Node> {
    let value = law.quantile(u)?;
    let value = if is_time { Value::String(durations::shown(rounded(value))) } else { Value::Float(value) };
    Some(Node { value, mark })
}

/// To a second from an hour on, to a millisecond from a second on, else to a microsecond: as people would write it.
fn rounded(secs: f64) -> Duration {
    let step = match secs {
        s if s >= 3_600.0 => 1.0,
        s if s >= 1.0 => 1e-3,
        _ => 1e-6,
    };
    Duration::from_nanos((secs / step).round() as u64 * (step * 1e9).round() as u64)
}

/// The median of what is said.
pub(in crate::spec) fn median(item: &Item<'_>, is_time: bool, problems: &mut Problems) -> Option<f64> {
    let median = read(item, is_time, problems)?.quantile(0.5)?;
    Some(if is_time { rounded(median).as_secs_f64() } else { median })
}

/// Whether the parameter of this key is a span of time.
pub(in crate::spec) fn is_time(key: &str) -> bool {
    !WITHOUT_UNIT.iter().any(|name| key.ends_with(&format!(".{name}")))
}

/// The median of an uncertain leaf; `None` if nothing is uncertain or what is said is wrong.
pub(in crate::spec) fn median_of(leaf: &Leaf<'_>) -> Option<f64> {
    median(&Item::new(leaf.node, ""), is_time(&leaf.key), &mut Problems::default())
}

/// The leaf with all that is said of it multiplied.
pub(in crate::spec) fn scaled(node: &Node, factor: f64) -> Option<Node> {
    let Value::Map(entries) = &node.value else { return None };
    let mut scaled = entries.clone();
    for entry in &mut scaled {
        match &mut entry.value.value {
            Value::List(ends) if entry.key == "between" => {
                for end in ends {
                    *end = parameters::scaled(end, factor)?;
                }
            }
            // The spans of a law; its shape stays.
            Value::Map(parameters) => {
                for parameter in parameters.iter_mut().filter(|entry| !WITHOUT_UNIT.contains(&entry.key.as_str())) {
                    parameter.value = parameters::scaled(&parameter.value, factor)?;
                }
            }
            _ => entry.value = parameters::scaled(&entry.value, factor)?,
        }
    }
    Some(Node { value: Value::Map(scaled), mark: node.mark })
}

/// All that is not known in the documents of a scenario.
fn unknowns(documents: &Documents) -> Vec<Unknown> {
    let mut leaves = Vec::new();
    let named = [(&documents.faults, "faults"), (&documents.operations, "operations"), (&documents.script, "script")];
    for (faults, word) in named {
        for (fault, _) in faults {
            for field in ["every", "lasts", "at"] {
                if let (Some(name), Some(node)) = (fault.text("name"), fault.get(field)) {
                    parameters::walk(node, &format!("{word}.{name}.{field}"), &mut leaves);
                }
            }
        }
    }
    parameters::walk(&documents.on_call.0, "onCall", &mut leaves);
    for (document, word) in documents.apps().chain([(&documents.cluster, "cluster".to_string())]) {
        if let Some(spec) = document.get("spec") {
            parameters::walk(spec, &word, &mut leaves);
        }
    }
    let uncertain = leaves.into_iter().filter(|leaf| leaf.is_parameter && matches!(leaf.node.value, Value::Map(_)));
    uncertain
        .filter_map(|leaf| {
            let is_time = is_time(&leaf.key);
            let law = read(&Item::new(leaf.node, ""), is_time, &mut Problems::default())?;
            let target = vary::resolve(&leaf.key).ok()?;
            Some(Unknown { key: leaf.key, target, mark: leaf.node.mark, law, is_time })
        })
        .collect()
}

/// A model for every draw; none where everything is known. What is wrong in a draw is noted, of the first such draw.
pub(in crate::spec) fn models(
    documents: &Documents,
    question: &Question,
    system: &System,
    problems: &mut Problems,
) -> Option<Vec<Model>> {
    let unknowns = unknowns(documents);
    if unknowns.is_empty() {
        return Some(Vec::new());
    }
    let draws = u64::from(question.draws.unwrap_or(DRAWS));
    let quantiles: Vec<Vec<f64>> =
        unknowns.iter().map(|unknown| stratified(question.seed, &unknown.key, draws)).collect();
    let mut models = Vec::new();
    for draw in 0..draws as usize {
        let mut drawn = documents.clone();
        for (unknown, quantiles) in unknowns.iter().zip(&quantiles) {
            let value = value(&unknown.law, unknown.is_time, quantiles[draw], unknown.mark)?;
            if let Err(message) = drawn.set(&unknown.target, &value, unknown.mark) {
                problems.error(unknown.mark, &unknown.key, message);
            }
        }
        let mut found = Problems { patching: problems.patching, ..Problems::default() };
        let model = drawn.model(question, system, &mut found);
        let errors = found.list.into_iter().filter(|problem| problem.severity == Severity::Error);
        for mut problem in errors {
            problem.message = format!("{} (drawn: draw {draw} of {draws})", problem.message);
            problems.list.push(problem);
        }
        models.push(model?);
    }
    Some(models)
}

/// A number in (0, 1) for each draw: one in each part of equal probability, in an order that is the parameter's own.
fn stratified(seed: u64, key: &str, draws: u64) -> Vec<f64> {
    let stream = Streams::new(seed, 0).stream(Owner::Replication, Purpose::Uncertain(name_hash(key)));
    let mut order: Vec<u64> = (0..draws).collect();
    order.sort_by(|a, b| stream.uniform(*a).total_cmp(&stream.uniform(*b)));
    let inside = |draw: u64| stream.uniform(draws + draw);
    (0..draws).zip(order).map(|(draw, part)| (part as f64 + inside(draw)) / draws as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Property: every part of equal probability has one draw, whatever the key, and keys differ in their order.
    #[test]
    fn draws_are_stratified() {
        for draws in [1, 7, 64] {
            let mut parts: Vec<u64> =
                stratified(42, "app.startUp.fixed", draws).iter().map(|u| (u * draws as f64) as u64).collect();
            parts.sort_unstable();
            assert_eq!(parts, (0..draws).collect::<Vec<_>>());
        }
        assert_ne!(stratified(42, "a", 64), stratified(42, "b", 64));
        assert_ne!(stratified(42, "a", 64), stratified(43, "a", 64));
    }
}
