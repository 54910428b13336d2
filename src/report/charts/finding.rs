//! What the titles of charts say: who loses how much, in as few words as tell it.

use std::collections::BTreeSet;

use crate::report::choice::Choice;
use crate::report::featured::{self, Role};
use crate::report::format;
use crate::report::indifference::Indifference;
use crate::report::labels::{Labels, in_words};
use crate::report::loss;
use crate::report::period::Period;
use crate::report::ranking::{self, Ground, Ranking, Relation, Ties};
use crate::report::recommendation;
use crate::results::{ExperimentResult, ScenarioResult};

/// Characters of a scenario's settings in a title.
const LONGEST: usize = 64;

/// What tells a scenario from the others: `preStop.sleep.seconds 10, replicas 3`, or its name; cut where it is long.
pub fn settings(result: &ExperimentResult, scenario: &ScenarioResult) -> String {
    let labels = Labels::of(result);
    let place = result.scenarios.iter().position(|one| one.name == scenario.name);
    let Some(place) = place.filter(|_| labels.varied) else { return cut(&scenario.name) };
    let varies = |cells: &[String]| cells.iter().any(|cell| *cell != cells[0]);
    let baseline = result.scenarios.iter().position(|one| Some(&one.name) == result.baseline.as_ref());
    // What differs from the baseline is enough to tell it, where that is what others are compared with.
    let baseline = baseline.filter(|_| Choice::of(result).is_none());
    let differs = |cells: &[String]| baseline.is_none_or(|other| other == place || cells[other] != cells[place]);
    let columns = labels.columns.iter().filter(|column| varies(&column.cells) && differs(&column.cells));
    let named: Vec<String> = columns.map(|column| column.in_words(place)).collect();
    let long = named.join(", ");
    if long.is_empty() {
        return cut(&scenario.name);
    }
    if long.chars().count() <= LONGEST {
        return long;
    }
    // The last part of a key says what it is.
    let brief: Vec<&str> = named.iter().map(|one| after_dots(one)).collect();
    let keys: BTreeSet<&str> = brief.iter().filter_map(|one| one.split(' ').next()).collect();
    if keys.len() < brief.len() { long } else { cut(&brief.join(", ")) }
}

/// `whenUnsatisfiable ScheduleAnyway` of `topologySpreadConstraints[0].whenUnsatisfiable ScheduleAnyway`.
fn after_dots(setting: &str) -> &str {
    let key = setting.split(' ').next().unwrap_or(setting);
    key.rfind('.').map_or(setting, |dot| &setting[dot + 1..])
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// The scenario that pictures show, and what it is compared with.
pub fn pair(result: &ExperimentResult) -> Option<(&ScenarioResult, Option<&ScenarioResult>)> {
    Some((featured::shown(result)?, featured::other(result)))
}

/// What is lost with which settings, by the objective's metric.
pub fn of_losses(result: &ExperimentResult) -> String {
    let Some((shown, baseline)) = pair(result) else { return String::new() };
    let (what, each) = (loss::what(result), Period::of(result).each());
    let lost = |scenario: &ScenarioResult| loss::sure_amount(loss::lost(result, scenario));
    if result.each_alone {
        return format!("{} has the most {what}: {} {each}", cut(&shown.name), lost(shown));
    }
    let is_recommended = featured::role(result, shown).is_some_and(|role| role != Role::Best);
    let ranking = Ranking::of(result);
    let choice = Choice::of(result).and_then(|choice| choice.worth(result));
    if let Some(slo) = result.objective.slo
        && let Some(ranking) = ranking.filter(|ranking| ranking.ground == Ground::CheapestThatMeets)
    {
        let is = match ranking.ties() {
            Ties { equal: 0, .. } => "is the cheapest that meets".to_owned(),
            Ties { equal, as_good: 0, .. } => format!("loses least of the {} cheapest that meet", equal + 1),
            Ties { equal, .. } => format!("is one of the {} cheapest that meet", equal + 1),
        };
        return format!(
            "{} {is} {} on average: {} of {what} {each}",
            settings(result, shown),
            format::plain_percent(slo),
            lost(shown)
        );
    }
    match baseline {
        Some(baseline) if is_recommended && let Some(why) = not_worse(result, shown, baseline) => format!(
            "{} {why}: {} of {what} {each}, the baseline {}",
            settings(result, shown),
            lost(shown),
            lost(baseline)
        ),
        Some(baseline) if is_recommended => {
            let kept = recommendation::kept_candidate(result, shown, baseline, "");
            format!("{}{kept}: {} of {what} {each} instead of {}", settings(result, shown), lost(shown), lost(baseline))
        }
        _ if result.scenarios.len() == 1 => format!("{} of {what} {each}", format::capital(&lost(shown))),
        _ if ranking::recommended(result).is_some() => {
            let is_baseline = result.baseline.as_ref() == Some(&shown.name);
            let who = if is_baseline { "The baseline stays".to_owned() } else { settings(result, shown) };
            let matters = Indifference::of(result);
            if matters.secs >= loss::lost(result, shown).high {
                format!("{who}: {} of {what} {each}, which is less than matters ({})", lost(shown), matters.in_short())
            } else {
                format!(
                    "{who}: {} of {what} {each}; no other is known to save more than {}",
                    lost(shown),
                    matters.in_short()
                )
            }
        }
        _ if choice.is_some() => choice.unwrap_or_default(),
        _ => {
            let by_loss = |a: &&ScenarioResult, b: &&ScenarioResult| {
                loss::lost(result, a).mean.total_cmp(&loss::lost(result, b).mean)
            };
            let least = result.scenarios.iter().min_by(by_loss).unwrap_or(shown);
            let most = result.scenarios.iter().max_by(by_loss).unwrap_or(shown);
            format!(
                "{} of {what} {each} with {}, {} with {}",
                format::capital(&lost(least)),
                settings(result, least),
                lost(most),
                settings(result, most)
            )
        }
    }
}

/// Why the recommended scenario is taken although it is not known to lose less than the baseline; `None` if it loses less.
fn not_worse(result: &ExperimentResult, shown: &ScenarioResult, baseline: &ScenarioResult) -> Option<String> {
    let ranking = Ranking::of(result)?;
    let [recommended, other] = [ranking.recommended?, ranking.baseline?];
    let loses = match ranking.relation(recommended, other) {
        Relation::AsGood if ranking.difference(recommended, other).low > 0.0 => "loses hardly more",
        Relation::AsGood => "loses as little",
        Relation::Unclear => "is not known to lose more",
        Relation::Better | Relation::Worse => return None,
    };
    if ranking.by_cost(recommended, other).is_ge() {
        return Some(loses.to_owned());
    }
    Some(format!("{} and {loses}", spares(shown, baseline)))
}

/// What the first needs less of than the second, that costs more: money, Nodes or Pods.
fn spares(shown: &ScenarioResult, baseline: &ScenarioResult) -> String {
    if shown.cost_per_year.is_some() {
        return "costs less".to_owned();
    }
    match recommendation::things(shown, baseline) {
        (more, fewer) if more.is_empty() && !fewer.is_empty() => format!("saves {}", format::listed(&fewer)),
        _ => "needs less".to_owned(),
    }
}

/// The scenario that the other charts show, for their leads.
pub fn shown_name(result: &ExperimentResult) -> String {
    match featured::shown(result) {
        Some(shown) if result.scenarios.len() > 1 => {
            let what = match featured::role(result, shown) {
                Some(Role::New) => "the new manifest",
                Some(Role::Recommended) => "the recommended scenario",
                Some(Role::Best) => "the best choice where it matters most",
                Some(Role::Baseline) => "the baseline",
                None if result.each_alone => "the worst Deployment",
                None => "the first scenario",
            };
            format!("Shown is {what}, {}.", in_words(result, shown))
        }
        _ => String::new(),
    }
}

/// With a small letter at its beginning.
pub fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
