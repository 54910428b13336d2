//! Where lost time comes from: from zero to the total, cause by cause and phase by phase.

use crate::report::aggregate;
use crate::report::labels::in_words;
use crate::report::period::Period;
use crate::report::{format, loss, removals};
use crate::results::{Attribution, ExperimentResult, ScenarioResult};
use crate::study::Metric;

/// Parts that are told apart; the others are one.
const MOST: usize = 14;
/// Of the total; less is not seen.
const LEAST: f64 = 0.002;

/// One total and its parts.
pub struct Waterfall {
    pub title: &'static str,
    pub lead: String,
    /// What less of it there would be without its largest causes, which is another question.
    pub without: Option<String>,
    pub parts: Vec<Part>,
}

/// A part, and where its bar lies, in percent of the total.
pub struct Part {
    pub class: &'static str,
    pub cause: String,
    pub phase: String,
    pub amount: String,
    pub left: f64,
    pub width: f64,
}

/// Of downtime and of failed requests, where there were any.
pub fn both(result: &ExperimentResult, shown: &ScenarioResult) -> Vec<Waterfall> {
    let each = Period::of(result).each();
    let one = |title, loss: Metric, parts: &[Attribution]| {
        let what = loss::words_of(loss);
        let total: f64 = parts.iter().map(|part| part.s_per_year).sum();
        (total > 0.0).then(|| Waterfall {
            title,
            lead: format!(
                "{} of {what} {each} in “{}”, each second charged to what kept Pods from serving and to the phase of their recovery.",
                format::in_full(total),
                in_words(result, shown)
            ),
            without: removals::of_loss(result, shown, loss),
            parts: bars(parts, total),
        })
    };
    let downtime = one("Where the downtime comes from", Metric::Downtime, &shown.downtime_attribution);
    let failed = one("Where the failed requests come from", Metric::FailedRequests, &shown.request_failure_attribution);
    [downtime, failed].into_iter().flatten().collect()
}

fn bars(parts: &[Attribution], total: f64) -> Vec<Part> {
    let mut sorted: Vec<&Attribution> = parts.iter().collect();
    // Of equal parts the first in the order of the faults.
    sorted.sort_by(|a, b| b.s_per_year.total_cmp(&a.s_per_year));
    let told = sorted.iter().take(MOST).filter(|part| part.s_per_year >= LEAST * total).count();
    let mut left = 0.0;
    let mut bar = |cause: String, phase: String, seconds: f64, class| {
        let part = Part {
            class,
            cause,
            phase,
            amount: format!("{} ({})", format::duration(seconds), format::share(seconds, total)),
            left: percent(left / total),
            width: percent(seconds / total),
        };
        left += seconds;
        part
    };
    let mut bars: Vec<Part> = sorted[..told]
        .iter()
        .map(|part| bar(part.cause.to_string(), aggregate::phase_in_words(part.phase), part.s_per_year, ""))
        .collect();
    let rest = &sorted[told..];
    if !rest.is_empty() {
        let seconds = rest.iter().map(|part| part.s_per_year).sum();
        bars.push(bar(format!("{} more, in metrics.csv", rest.len()), String::new(), seconds, ""));
    }
    bars.push(Part {
        class: "total",
        cause: "total".to_owned(),
        phase: String::new(),
        amount: format::duration(total),
        left: 0.0,
        width: 100.0,
    });
    bars
}

/// A share in percent, rounded to a hundredth of one.
fn percent(share: f64) -> f64 {
    (share * 10_000.0).round() / 100.0
}
