//! `behavior` of an autoscaler (H13, H16).

use crate::model::{Autoscaler, Behavior, Change, ScalingPolicy, ScalingRules, SelectPolicy};
use crate::spec::diagnostic::Problems;
use crate::spec::quantity::{self, Quantity};
use crate::spec::reader::Item;
use crate::time::Duration;

/// The longest `stabilizationWindowSeconds` and `periodSeconds`.
const LONGEST_WINDOW: i64 = 3_600;
const LONGEST_PERIOD: i64 = 1_800;

/// Reads both directions; what is left out has its default. And their tolerances.
pub(super) fn read(item: &Item<'_>, problems: &mut Problems) -> Option<(Behavior, (f64, f64))> {
    let mut object = item.object(problems)?;
    let usual = Behavior::usual();
    let (above, below) = Autoscaler::TOLERANCE;
    let mut direction = |key, usual, tolerance| match object.get(key) {
        Some(item) => read_direction(&item, usual, tolerance, problems),
        None => Some((usual, tolerance)),
    };
    let up = direction("scaleUp", usual.up, above);
    let down = direction("scaleDown", usual.down, below);
    object.finish(problems, &[]);
    let ((up, above), (down, below)) = (up?, down?);
    Some((Behavior { up, down }, (above, below)))
}

fn read_direction(
    item: &Item<'_>,
    usual: ScalingRules,
    tolerance: f64,
    problems: &mut Problems,
) -> Option<(ScalingRules, f64)> {
    const WORDS: [(&str, SelectPolicy); 3] =
        [("Max", SelectPolicy::Max), ("Min", SelectPolicy::Min), ("Disabled", SelectPolicy::Disabled)];
    let mut object = item.object(problems)?;
    let window = object.get("stabilizationWindowSeconds").map_or(Some(usual.window), |item| {
        let secs = item.integer(problems, 0..=LONGEST_WINDOW)?;
        Some(Duration::from_secs(secs as u64))
    });
    let select = object.get("selectPolicy").map_or(Some(usual.select), |item| item.word(problems, &WORDS));
    let policies = match object.get("policies") {
        None => Some(usual.policies),
        Some(item) => {
            let read: Vec<Option<ScalingPolicy>> =
                item.list(problems)?.iter().map(|item| read_policy(item, problems)).collect();
            if read.is_empty() {
                item.refuse(problems, "must have one policy at least");
            }
            read.into_iter().collect::<Option<Vec<_>>>().filter(|policies| !policies.is_empty())
        }
    };
    let tolerance = object.get("tolerance").map_or(Some(tolerance), |item| {
        // A quantity is never negative.
        quantity::read(&item, problems, false).map(Quantity::as_f64)
    });
    object.finish(problems, &[]);
    Some((ScalingRules { window: window?, policies: policies?, select: select? }, tolerance?))
}

fn read_policy(item: &Item<'_>, problems: &mut Problems) -> Option<ScalingPolicy> {
    let mut object = item.object(problems)?;
    let kind: Option<fn(u32) -> Change> = object.require("type", problems).and_then(|item| {
        const WORDS: [(&str, fn(u32) -> Change); 2] = [("Pods", Change::Pods), ("Percent", Change::Percent)];
        item.word(problems, &WORDS)
    });
    let value = object.require("value", problems).and_then(|item| item.integer(problems, 1..=i64::from(i32::MAX)));
    let period = object.require("periodSeconds", problems).and_then(|item| item.integer(problems, 1..=LONGEST_PERIOD));
    object.finish(problems, &[]);
    Some(ScalingPolicy { change: kind?(value? as u32), period: Duration::from_secs(period? as u64) })
}
