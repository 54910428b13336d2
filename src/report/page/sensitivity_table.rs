//! The table of a sensitivity analysis: how much the losses change when each parameter is changed a little.

use crate::report::{format, sensitivity};
use crate::results::{ExperimentResult, Response, Sensitivity};

/// The table of parameters, the largest change first.
pub struct SensitivityTable {
    pub lead: String,
    pub rows: Vec<Parameter>,
    /// What has no row.
    pub rest: String,
}

/// One parameter.
pub struct Parameter {
    pub name: String,
    pub base: String,
    pub played: String,
    pub change: String,
    pub interval: String,
    pub elasticity: String,
    pub meaning: String,
}

/// `None` where the experiment does not ask what matters.
pub fn of(result: &ExperimentResult) -> Option<SensitivityTable> {
    let ranking = sensitivity::ranking(result)?;
    let what = sensitivity::what(result);
    let row = |parameter: &&Sensitivity| {
        let response = sensitivity::response(result, parameter);
        let [low, high] = sensitivity::played(parameter);
        let change = &response.change_s_per_year;
        Parameter {
            name: sensitivity::name(&parameter.key),
            base: sensitivity::range_text(&parameter.base),
            played: format!("{low} → {high}"),
            change: sensitivity::signed(change.mean),
            interval: sensitivity::interval(change),
            elasticity: sensitivity::elasticity(response),
            meaning: meaning(result, parameter, response),
        }
    };
    Some(SensitivityTable {
        lead: format!(
            "Each number was played a little less and a little more under the same faults; the others stayed as they are. \
             Where the {what} change much, look for a better source; where they do not, the guess is good enough."
        )
        .replace("the downtime change", "the downtime changes"),
        rows: ranking.top.iter().map(row).collect(),
        rest: sensitivity::rest(&ranking),
    })
}

/// The elasticity in a sentence, where the interval leaves one to say.
fn meaning(result: &ExperimentResult, parameter: &Sensitivity, response: &Response) -> String {
    if parameter.whole
        && let (Some(low), Some(high)) = (parameter.low.as_f64(), parameter.high.as_f64())
        && high > low
    {
        let (who, told) = sensitivity::told(result, parameter);
        if who != sensitivity::change_in_words(parameter) {
            return format!("{who}: {told}");
        }
        let change = response.change_s_per_year.mean / (high - low);
        return format!("each step: {} on average", sensitivity::signed(change));
    }
    match response.elasticity {
        Some(e) if e.low > 0.0 => format!("10 % more: {} % more lost", format::significant(10.0 * e.mean, 2)),
        Some(e) if e.high < 0.0 => format!("10 % more: {} % less lost", format::significant(-10.0 * e.mean, 2)),
        Some(_) => "may be chance".to_owned(),
        None => "no ratio: read the change".to_owned(),
    }
}
