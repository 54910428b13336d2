//! When a run ends: after a number of replications, at a precision, or when the best scenario is known.

use crate::model::YEAR;
use crate::spec::diagnostic::Problems;
use crate::spec::experiment::{read_amount, read_metric};
use crate::spec::reader::{Item, Object};
use crate::spec::tree::Node;
use crate::study::{HalfWidth, Metric, Precision, Selection, Stopping, Wanted};
use crate::time::Duration;

const MAX_REPLICATIONS: i64 = 100_000_000;
/// Replications after which a run with a precision or a search ends, if nothing else is asked for.
const MAX_UNLESS_SAID: u64 = 100_000;
/// The confidence level of every interval, if nothing else is asked for.
const CONFIDENCE: f64 = 0.95;

/// What ends a run: one of `replications`, `precision` and `select`.
pub(in crate::spec) fn read(spec: &mut Object<'_>, objective: &Node, problems: &mut Problems) -> (Stopping, f64) {
    let replications = spec.get("replications");
    let precision = spec.get("precision");
    let select = spec.get("select");
    let given: Vec<&Item<'_>> = [&replications, &precision, &select].into_iter().flatten().collect();
    for further in given.iter().skip(1) {
        let message = format!("must not be set together with {}", given[0].path.trim_start_matches("spec."));
        problems.error(further.mark(), &further.path, message);
    }
    if let Some(item) = replications {
        let count = item.integer(problems, 1..=MAX_REPLICATIONS).unwrap_or(1);
        return (Stopping::Replications(count as u64), CONFIDENCE);
    }
    if let Some(object) = precision.and_then(|precision| precision.our_object(problems)) {
        return read_precision(object, problems);
    }
    if let Some(object) = select.and_then(|select| select.our_object(problems)) {
        return read_select(object, objective, problems);
    }
    (Stopping::Replications(1000), CONFIDENCE)
}

fn read_precision(mut object: Object<'_>, problems: &mut Problems) -> (Stopping, f64) {
    let metric = read_metric(&mut object, problems).unwrap_or(Metric::Availability);
    let (relative, absolute) = (object.get("relative"), object.get("absolute"));
    let half_width = match (&relative, &absolute) {
        (Some(relative), None) => relative.share(problems, 0.0001..=1.0).map(HalfWidth::Relative),
        (None, Some(absolute)) => read_amount(absolute, metric, problems).and_then(|half| {
            if half > 0.0 {
                return Some(HalfWidth::Absolute(half));
            }
            absolute.refuse(problems, "must be above 0");
            None
        }),
        _ => {
            problems.error(object.mark, "spec.precision", "must have one of relative and absolute");
            None
        }
    };
    let confidence = read_confidence(&mut object, problems);
    let most = object.get("maxReplications").and_then(|item| item.integer(problems, 1..=MAX_REPLICATIONS));
    let least = object.get("minReplications").and_then(|item| item.integer(problems, 1..=MAX_REPLICATIONS));
    let with_loss = object.get("minWithLoss").and_then(|item| item.integer(problems, 0..=MAX_REPLICATIONS));
    object.finish(problems, &[]);
    let mut precision = Precision::relative(metric, 1.0, most.map_or(MAX_UNLESS_SAID, |most| most as u64));
    precision.half_width = half_width.unwrap_or(precision.half_width);
    precision.min_replications = least.map_or(precision.min_replications, |least| least as u64);
    precision.min_with_loss = with_loss.map_or(precision.min_with_loss, |least| least as u64);
    (Stopping::Precision(precision), confidence)
}

fn read_select(mut object: Object<'_>, objective: &Node, problems: &mut Problems) -> (Stopping, f64) {
    let words = [("best", Wanted::Best), ("cheapest", Wanted::Cheapest)];
    let goal = object.require("goal", problems).and_then(|word| {
        let goal = word.word(problems, &words)?;
        if goal == Wanted::Cheapest && objective.get("slo").is_none() {
            problems.error(word.mark(), &word.path, "is cheapest, and there is no objective.slo that it could meet");
        }
        Some(goal)
    });
    if let Some(stated) = objective.get("indifference") {
        let message = "is stated beside `select`, which has an indifference of its own";
        problems.error(stated.mark, "spec.objective.indifference", message).help("state it in `select` alone");
    }
    let least = Duration::from_millis(1);
    let zone = object.require("indifference", problems).and_then(|item| item.duration(problems, least..=YEAR));
    let confidence = read_confidence(&mut object, problems);
    let most = object.get("maxReplications").and_then(|item| item.integer(problems, 1..=MAX_REPLICATIONS));
    object.finish(problems, &[]);
    let selection = Selection {
        goal: goal.unwrap_or(Wanted::Best),
        indifference_secs: zone.unwrap_or(YEAR).as_secs_f64(),
        max_replications: most.map_or(MAX_UNLESS_SAID, |most| most as u64),
    };
    (Stopping::Selection(selection), confidence)
}

fn read_confidence(object: &mut Object<'_>, problems: &mut Problems) -> f64 {
    object.get("confidence").and_then(|item| item.share(problems, 0.5..=0.9999)).unwrap_or(CONFIDENCE)
}
