//! A picture in letters: what both manifests of a comparison lose, by cause. A comment of a pull request shows no picture that is not
//! served somewhere for everybody; a block of text it shows wherever it is read.

use std::fmt::Write as _;

use crate::report::{aggregate, format, loss};
use crate::results::{ExperimentResult, ScenarioResult};
use crate::study::Metric;

/// Letters of the longest bar.
const WIDTH: f64 = 40.0;
/// Causes with bars of their own.
const MOST: usize = 4;
/// Letters of a cause's name.
const NAME: usize = 24;
const BEFORE: char = '░';
const AFTER: char = '█';

/// A cause, and what it costs a year before and after, in seconds.
struct Row {
    cause: String,
    costs: [f64; 2],
}

/// The block, where there is anything to draw and the manifests are not the same.
pub(super) fn render(result: &ExperimentResult) -> Option<String> {
    let [before, after] = result.compared()?;
    let comparison = result.comparison.as_ref().filter(|comparison| !comparison.same)?;
    let names = [&comparison.before, &comparison.after];
    let loss = shown(result, after);
    let rows = rows([before, after], loss);
    let left_names = names.map(|name| name.chars().count()).into_iter().max().unwrap_or(0);
    let longest = rows.iter().flat_map(|row| row.costs).fold(0.0, f64::max);
    if longest <= 0.0 {
        return None;
    }
    let left = rows.iter().map(|row| plain(&row.cause).chars().count()).max().unwrap_or(0);
    let mut text = format!("Where the {} of a year come{} from:\n\n```text\n", loss::words_of(loss), plural(loss));
    for row in &rows {
        let mut cause = plain(&row.cause);
        for ((cost, name), letter) in row.costs.into_iter().zip(names).zip([BEFORE, AFTER]) {
            let bar = bar(cost / longest, letter);
            let cost = if cost > 0.0 { format::duration(cost) } else { "none seen".to_owned() };
            let bar = if bar.is_empty() { bar } else { format!("{bar} ") };
            let _ = writeln!(text, "{cause:<left$}  {:<left_names$}  {bar}{cost}", plain(name));
            cause.clear();
        }
    }
    text.push_str("```\n");
    Some(text)
}

/// `downtime comes`, `failed requests come`
fn plural(loss: Metric) -> &'static str {
    if loss == Metric::FailedRequests { "" } else { "s" }
}

/// The loss of which most has surely changed; where none has, what the objective counts, or what there is.
fn shown(result: &ExperimentResult, after: &ScenarioResult) -> Metric {
    let counted = loss::loss_of(result);
    let changed = [counted, loss::other_loss_of(result)].into_iter().filter_map(|loss| {
        let difference = loss::paired(after, loss).filter(|d| !d.bound && d.is_told_apart())?;
        Some((loss, difference.mean.abs()))
    });
    let most = changed.fold(None, |most: Option<(Metric, f64)>, one| most.filter(|most| most.1 >= one.1).or(Some(one)));
    most.map_or_else(|| after.loss_in_question(result.objective.metric), |(loss, _)| loss)
}

/// The causes that cost most in either manifest, and the others together.
fn rows(both: [&ScenarioResult; 2], loss: Metric) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (side, scenario) in both.into_iter().enumerate() {
        for cause in aggregate::by_cause(scenario.attribution_of(loss)) {
            let name = cause.cause.name();
            let at = rows.iter().position(|row| row.cause == name).unwrap_or_else(|| {
                rows.push(Row { cause: name.to_owned(), costs: [0.0; 2] });
                rows.len() - 1
            });
            rows[at].costs[side] += cause.total;
        }
    }
    let larger = |row: &Row| row.costs[0].max(row.costs[1]);
    rows.sort_by(|a, b| larger(b).total_cmp(&larger(a)));
    if rows.len() > MOST + 1 {
        let rest = rows.split_off(MOST);
        let costs = [0, 1].map(|side| rest.iter().map(|row| row.costs[side]).sum());
        rows.push(Row { cause: format!("{} more", rest.len()), costs });
    }
    rows
}

/// A bar of whole letters; what is there at all has one, unless it is a hundredth of a letter.
fn bar(share: f64, letter: char) -> String {
    let letters = (share * WIDTH).round();
    let letters = if letters < 1.0 && share * WIDTH >= 0.01 { 1.0 } else { letters };
    std::iter::repeat_n(letter, letters as usize).collect()
}

/// A name that cannot end the block.
fn plain(name: &str) -> String {
    let shown = name.chars().map(|c| if c.is_control() || c == '`' { '·' } else { c });
    let shown: String = shown.collect();
    if shown.chars().count() <= NAME { shown } else { shown.chars().take(NAME - 1).chain(['…']).collect() }
}
