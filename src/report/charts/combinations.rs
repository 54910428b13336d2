//! What a map of combinations says, in a sentence: the setting on which most depends, or what a choice is worth.

use super::heatmap::Layout;
use super::series;
use crate::report::choice;
use crate::report::format;
use crate::report::labels::{Column, distinct};
use crate::report::loss;
use crate::report::period::Period;
use crate::report::ranking::{Ranking, is_given};
use crate::results::{ExperimentResult, ScenarioResult};

/// Rows of which each has its answer in the title.
const FEW_ROWS: usize = 4;

/// What the map says. Where one key is given and not chosen, what the choice of the other is worth; of few rows, which column loses the
/// least; of more keys, on which of them most depends.
pub fn finding(result: &ExperimentResult, layout: &Layout<'_>) -> String {
    let rows = distinct(layout.rows);
    if layout.maps.is_some() || rows.len() > FEW_ROWS {
        return of_keys(result, layout).unwrap_or_else(|| of_combinations(result, layout));
    }
    if is_given(&layout.columns.key) {
        return choice::worth_of(result, layout.columns, layout.rows)
            .unwrap_or_else(|| of_combinations(result, layout));
    }
    of_rows(result, layout, &rows)
}

/// Which column loses least in each row, rows of the same column together.
fn of_rows(result: &ExperimentResult, layout: &Layout<'_>, rows: &[&String]) -> String {
    let lost = |i: usize| loss::lost(result, &result.scenarios[i]);
    let best = Ranking::of(result).and_then(|ranking| ranking.recommended);
    let mut answers: Vec<(&String, Vec<String>)> = Vec::new();
    for row in rows {
        let its = || (0..result.scenarios.len()).filter(|i| layout.rows.cells[*i] == **row);
        let least = || its().min_by(|&one, &other| lost(one).mean.total_cmp(&lost(other).mean));
        let Some(first) = best.filter(|i| its().any(|one| one == *i)).or_else(least) else { continue };
        let words = format!("{} ({})", layout.rows.in_words(first), loss::amount(lost(first)));
        let column = &layout.columns.cells[first];
        match answers.iter_mut().find(|(other, _)| *other == column) {
            Some((_, with)) => with.push(words),
            None => answers.push((column, vec![words])),
        }
    }
    let what = if loss::what(result) == "downtime" { "Least downtime" } else { "Fewest failed requests" };
    let answers = answers.into_iter().map(|(column, with)| format!("{column} with {}", with.join(" or ")));
    let title = format!("{what}: {} {}", layout.columns.short_key, answers.collect::<Vec<_>>().join(", "));
    if title.chars().count() > LONGEST { of_combinations(result, layout) } else { title }
}

/// So much of what differs is one key's doing where it is the finding.
const MOST: f64 = 0.5;
/// Values of a key that move nothing by more than this factor change hardly anything.
const HARDLY: f64 = 1.1;

/// `Most depends on cluster.zones: 4.1 h to 4.4 h of downtime a year with 1, 16 min to 44 min with 3; whenUnsatisfiable changes hardly
/// anything`. `None` where no key stands out, or something was seen in hardly any.
fn of_keys(result: &ExperimentResult, layout: &Layout<'_>) -> Option<String> {
    let contenders = result.contenders();
    let lost = |i: usize| loss::lost(result, &result.scenarios[i]);
    let known = |i: usize| contenders.contains(&i) && !lost(i).bound && lost(i).mean > 0.0;
    let measure: Vec<Option<f64>> = (0..result.scenarios.len()).map(|i| known(i).then(|| lost(i).mean.ln())).collect();
    let values: Vec<f64> = measure.iter().flatten().copied().collect();
    if 2 * values.len() <= result.scenarios.len() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let all: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let keys: Vec<&Column> = [Some(layout.rows), Some(layout.columns), layout.maps].into_iter().flatten().collect();
    let explained = |key: &&Column| series::explained(key, &measure).unwrap_or(0.0);
    let main = keys.iter().copied().max_by(|a, b| explained(a).total_cmp(&explained(b)))?;
    if explained(&main) < MOST * all {
        return None;
    }
    let of = |value: &String| {
        let its = (0..result.scenarios.len()).filter(|i| main.cells[*i] == *value).filter_map(|i| measure[i]);
        let (low, high) =
            its.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| (low.min(one), high.max(one)));
        (low <= high).then(|| match (format::duration(low.exp()), format::duration(high.exp())) {
            (low, high) if low == high => low,
            (low, high) => format!("{low} to {high}"),
        })
    };
    let seen: Vec<(&String, String)> =
        distinct(main).into_iter().filter_map(|value| Some((value, of(value)?))).collect();
    let (first, last) = (seen.first()?, seen.last().filter(|_| seen.len() > 1)?);
    let (what, each) = (loss::what(result), Period::of(result).each());
    let mut title = format!(
        "Most depends on {}: {} of {what} {each} with {}, {} with {}",
        main.short_key, first.1, first.0, last.1, last.0
    );
    let idle: Vec<&str> =
        keys.iter().filter(|key| moves_nothing(key, &keys, &measure)).map(|key| key.short_key.as_str()).collect();
    if !idle.is_empty() {
        title += &format!("; {} change{} hardly anything", idle.join(" and "), if idle.len() == 1 { "s" } else { "" });
    }
    Some(title)
}

/// Whether scenarios that differ in this key alone lose the same.
fn moves_nothing(key: &Column, keys: &[&Column], measure: &[Option<f64>]) -> bool {
    let others = |i: usize| -> Vec<&String> {
        keys.iter().filter(|other| other.key != key.key).map(|other| &other.cells[i]).collect()
    };
    let pairs = (0..measure.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    pairs.filter(|(a, b)| others(*a) == others(*b)).all(|(a, b)| match (measure[a], measure[b]) {
        (Some(a), Some(b)) => (a - b).abs() <= HARDLY.ln(),
        _ => true,
    })
}

/// How many combinations meet the SLO, and from where to where their losses reach: what the list of the losses does not say.
fn of_combinations(result: &ExperimentResult, layout: &Layout<'_>) -> String {
    let (what, each) = (loss::what(result), Period::of(result).each());
    let lost = |scenario: &ScenarioResult| *loss::lost(result, scenario);
    let keys = [Some(layout.rows), Some(layout.columns), layout.maps];
    let by_loss = |a: &&ScenarioResult, b: &&ScenarioResult| lost(a).mean.total_cmp(&lost(b).mean);
    // What never gets its operations done loses little and is no answer.
    let contenders: Vec<&ScenarioResult> = result.contenders().into_iter().map(|i| &result.scenarios[i]).collect();
    let n = contenders.len();
    let (Some(least), Some(most)) =
        (contenders.iter().copied().min_by(by_loss), contenders.iter().copied().max_by(by_loss))
    else {
        return String::new();
    };
    let amount = |of: &ScenarioResult| loss::sure_amount(&lost(of));
    let cell = |of: &ScenarioResult| {
        let place = result.scenarios.iter().position(|one| one.name == of.name);
        let cells = keys.iter().flatten().filter_map(|key| Some(key.cells[place?].as_str()));
        cells.collect::<Vec<_>>().join(", ")
    };
    let reach =
        format!("from {} of {what} {each} ({}) to {} ({})", amount(least), cell(least), amount(most), cell(most));
    let allowed = result.objective.slo.map(|slo| (slo, Period::of(result).budget(slo)));
    match allowed {
        Some((slo, seconds)) => {
            let slo = format::plain_percent(slo);
            // The whole interval, as below the title.
            let meeting = contenders.iter().filter(|one| lost(one).high <= seconds).count();
            match meeting {
                0 => format!("No combination surely meets {slo}: {reach}"),
                all if all == n => format!("All {n} combinations surely meet {slo}: {reach}"),
                some => format!("{some} of {n} combinations surely meet {slo}: {reach}"),
            }
        }
        None => format::capital(&reach),
    }
}

/// Characters of a title.
const LONGEST: usize = 172;
