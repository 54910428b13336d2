//! `report.html`: the answer for those who were not there when it was run. One file, with all that it needs inside.
//!
//! The charts are the project's own SVG, whose values know their words; a hundred lines of plain script sort, filter, show
//! those words and hide series. A charting library would have to draw everything a second time, in another look, and weigh
//! ten times as much. Without the script, in print, the page says the same.

mod changes;
mod glossary;
mod outages;
mod rollouts;
mod sensitivity_table;
mod waterfall;

use askama::Template;

use crate::durations;
use crate::report::candidates::Candidates;
use crate::report::featured;
use crate::report::labels::Labels;
use crate::report::loss;
use crate::report::period::{Period, told};
use crate::report::ranking::Ranking;
use crate::report::tiles::Tiles;
use crate::report::{
    answer, assumptions, charts, comparison, deployments, format, operations, pareto, ranking, sensitivity, tiles,
    verdicts,
};
use crate::results::{Comparison, Estimate, ExperimentResult, ManifestFinding, ScenarioResult};
use crate::study::Metric;
use crate::time::Duration;
use outages::{Example, Outage};
use rollouts::Film;
use sensitivity_table::SensitivityTable;
use waterfall::Waterfall;

/// Rows of the table; more are for a spreadsheet, and a page of them is too large to open.
const MOST_ROWS: usize = 500;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    result: &'a ExperimentResult,
    question: String,
    answer: String,
    tiles: Tiles,
    /// The picture that decides, if it is not an outage.
    deciding: Option<(&'static str, String)>,
    /// The outage that is the picture that decides.
    rehearsal: Option<Outage>,
    more: Vec<String>,
    /// What the candidates are, if there are any.
    candidates: Option<Candidates>,
    verdicts: Vec<verdicts::Line<'a>>,
    /// What a check finds in one of two manifests alone, under its title.
    findings: Vec<(String, Vec<String>)>,
    kept_findings: Option<String>,
    /// The tables of the scenarios and of the Deployments that make the one that is shown.
    tables: Vec<Numbers>,
    charts: Vec<(&'static str, String)>,
    /// Why others are not there.
    absent: Vec<String>,
    waterfalls: Vec<Waterfall>,
    /// Rollouts that were replayed.
    film: Option<Film>,
    outages: Vec<Outage>,
    has_outages: bool,
    outage_examples: Vec<Example>,
    /// `a year`, or `a run`.
    each: &'static str,
    phase_term: &'static str,
    elasticity_term: &'static str,
    faults: Vec<Fault>,
    changes: Vec<changes::Change>,
    guesses: Guesses,
    worth: Option<SensitivityTable>,
    left_out: String,
    sureness: Vec<Sure>,
    repeat: &'static str,
    serves_term: &'static str,
    glossary: Vec<(&'static str, &'static str)>,
    style: String,
    scripts: [&'static str; 3],
}

/// A table of scenarios, or of Deployments.
struct Numbers {
    id: &'static str,
    title: String,
    heads: Vec<Head>,
    rows: Vec<Row>,
    /// What it leaves out of a very large answer.
    left_out: Option<String>,
}

struct Head {
    words: String,
    class: &'static str,
    term: Option<&'static str>,
}

struct Row {
    class: &'static str,
    words: String,
    cells: Vec<Cell>,
}

struct Cell {
    words: String,
    small: String,
    class: &'static str,
    /// What the column is sorted by, where it is a number.
    sort: Option<f64>,
    /// What the last of its words mean.
    term: Option<&'static str>,
}

struct Fault {
    name: String,
    strikes: String,
    every: String,
    lasts: String,
    source: String,
}

/// With a place to break the line behind each point within a word: `readinessProbe.failureThreshold` is wider than a phone.
fn breakable(text: &str) -> String {
    let mut broken = String::new();
    let mut chars = text.chars().peekable();
    while let Some(one) = chars.next() {
        let is_within = broken.ends_with(|before: char| before.is_alphanumeric() || before == ']');
        broken.push(one);
        if one == '.' && is_within && chars.peek().is_some_and(|next| next.is_alphabetic()) {
            broken.push('\u{200b}');
        }
    }
    broken
}

/// What `hasim estimate` assumed.
struct Guesses {
    title: &'static str,
    head: [&'static str; 4],
    rows: Vec<[String; 4]>,
    footnote: String,
}

/// A line about how sure the numbers are.
struct Sure {
    /// A word at its beginning, and what it means.
    term: Option<(&'static str, &'static str)>,
    words: String,
}

/// The page. The same result gives the same bytes.
///
/// # Panics
/// Never: rendering to a string cannot fail.
pub fn render(result: &ExperimentResult) -> String {
    let result = &*told(result);
    let each = Period::of(result).each();
    let mut verdicts = verdicts::lines(result);
    let mut sentences = answer::sentences(result);
    if let Some(change) = answer::change(result) {
        // The verdict on the change is the answer.
        verdicts.remove(0);
        sentences.insert(0, change);
    }
    let mut sentences = sentences.into_iter();
    let drawn = charts::all(result);
    let first = charts::deciding(result, &drawn);
    let mut pictures: Vec<(&'static str, String)> =
        charts::of_numbers(result).iter().map(|chart| (chart.name, charts::on_page(result, chart))).collect();
    let mut film = rollouts::replayed(result);
    let mut outages = outages::replayed(result);
    let has_outages = !outages.is_empty();
    // What stands at the top stands nowhere else.
    let deciding = take(&mut pictures, first).or_else(|| take(&mut film.as_mut()?.charts, first));
    let rehearsal = outages.iter().position(|one| Some(one.chart) == first).map(|place| outages.remove(place));
    let shown = featured::shown(result);
    let page = Page {
        result,
        question: answer::question(result),
        candidates: Candidates::of(result),
        answer: breakable(&sentences.next().unwrap_or_default()),
        tiles: tiles::of(result),
        deciding,
        rehearsal,
        more: sentences.collect(),
        verdicts,
        findings: result.comparison.as_ref().map(findings).unwrap_or_default(),
        kept_findings: result.comparison.as_ref().and_then(comparison::kept_findings).map(|kept| kept.replace('`', "")),
        tables: tables(result),
        charts: pictures,
        absent: charts::absent(result),
        waterfalls: shown.map(|shown| waterfall::both(result, shown)).unwrap_or_default(),
        film,
        outages,
        has_outages,
        outage_examples: outages::examples(result),
        each,
        phase_term: glossary::meaning("phase"),
        elasticity_term: glossary::meaning("elasticity"),
        faults: faults(result),
        changes: changes::of(result),
        guesses: guesses(result),
        worth: sensitivity_table::of(result),
        left_out: answer::left_out(result),
        sureness: sureness(result),
        repeat: REPEAT,
        serves_term: glossary::meaning("serves, in rotation"),
        glossary: glossary::of(result),
        style: format!(
            "{}{}",
            include_str!("page/style.css"),
            charts::css(result.scenarios.iter().any(|one| one.load.is_some()))
        ),
        scripts: [include_str!("page/timeline.js"), include_str!("page/script.js"), include_str!("page/zoom.js")],
    };
    page.render().expect("rendering to a string cannot fail")
}

/// The picture of this name, which is no longer among them.
fn take(pictures: &mut Vec<(&'static str, String)>, name: Option<&str>) -> Option<(&'static str, String)> {
    let place = pictures.iter().position(|(other, _)| Some(*other) == name)?;
    Some(pictures.remove(place))
}

fn findings(compared: &Comparison) -> Vec<(String, Vec<String>)> {
    let told = |finding: &ManifestFinding| match &finding.help {
        Some(help) => format!("{} – {help}", comparison::finding(finding)),
        None => comparison::finding(finding),
    };
    let changed = comparison::changed_findings(compared);
    let plain = |title: String| title.replace('`', "");
    changed.into_iter().map(|(title, findings)| (plain(title), findings.iter().map(told).collect())).collect()
}

fn has_costs(result: &ExperimentResult) -> bool {
    result.scenarios.iter().any(|scenario| scenario.cost_per_year.is_some())
}

/// Tables that say something.
fn tables(result: &ExperimentResult) -> Vec<Numbers> {
    let numbers = |id, title: &str, of: &ExperimentResult| Numbers {
        id,
        title: title.to_owned(),
        heads: heads(of),
        rows: rows(of),
        left_out: rows_left_out(of),
    };
    let listed = deployments::Table::of(result).map(|table| table.title());
    let title = if result.each_alone { listed.clone() } else { None };
    let mut tables = vec![numbers("scenarios", title.as_deref().unwrap_or("The scenarios"), result)];
    let members = deployments::as_answer(result);
    tables.extend(members.map(|members| numbers("deployments", &listed.unwrap_or_default(), &members)));
    tables.extend(operations::Table::of(result).map(of_operations));
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// What one operation costs.
fn of_operations(listed: operations::Table) -> Numbers {
    let heads = listed.head.iter().enumerate().map(|(column, words)| Head {
        words: words.clone(),
        class: if column == 0 { "text" } else { "" },
        term: None,
    });
    let cell = |(column, words): (usize, &String)| Cell {
        words: words.clone(),
        small: String::new(),
        class: if column == 0 { "text" } else { "" },
        sort: None,
        term: None,
    };
    let rows = listed.rows.iter().map(|row| Row {
        class: "",
        words: row[0].clone(),
        cells: row.iter().enumerate().map(cell).collect(),
    });
    Numbers {
        id: "operations",
        heads: heads.collect(),
        rows: rows.collect(),
        left_out: Some(listed.footnote()),
        title: listed.title,
    }
}

fn heads(result: &ExperimentResult) -> Vec<Head> {
    let each = Period::of(result).each();
    let labels = Labels::of(result);
    let text = |words: &str| Head { words: words.to_owned(), class: "text", term: None };
    let number = |words: &str, term| Head { words: words.to_owned(), class: "", term: Some(glossary::meaning(term)) };
    let mut heads: Vec<Head> = if labels.varied {
        // A long key breaks after its points.
        labels.columns.iter().map(|column| text(&breakable(&column.short_key))).collect()
    } else {
        vec![text(if result.each_alone { "Deployment" } else { "scenario" })]
    };
    heads.push(number("availability", "availability"));
    heads.push(number(&format!("downtime {each}"), "downtime"));
    heads.push(number(&format!("failed requests {each}"), "failed requests"));
    if result.scenarios.iter().any(|scenario| scenario.missing_s_per_year.is_some()) {
        heads.push(number(&format!("missing {each}"), "missing"));
    }
    // What decides stands on the left: a screen may not be wide enough for all.
    if result.baseline.is_some() && result.scenarios.len() > 1 {
        heads.push(number(&format!("{} against the baseline", loss::what(result)), "paired difference"));
    }
    heads.push(number(&format!("needless reactions {each}"), "needless reaction"));
    if has_costs(result) {
        heads.push(number(&format!("{} a year", result.currency.as_deref().unwrap_or("cost")), "cost"));
    }
    if Ranking::of(result).is_some() {
        heads.push(Head { words: "standing".to_owned(), class: "text", term: Some(glossary::meaning("standing")) });
    }
    if let Some(slo) = result.objective.slo {
        let window = format::tick(result.objective.window.as_secs_f64());
        heads
            .push(number(&format!("{window} meeting {}", format::plain_percent(slo).replace(' ', "\u{a0}")), "window"));
    }
    heads.push(number(&format!("outages {each}"), "outage"));
    heads.push(number("Pod recovery p50", "Pod recovery"));
    heads.push(number("p95", "Pod recovery"));
    heads
}

fn rows(result: &ExperimentResult) -> Vec<Row> {
    let labels = Labels::of(result);
    let judged = Ranking::of(result);
    let row = |(i, scenario): (usize, &ScenarioResult)| {
        let plain =
            |words: String, sort: Option<f64>| Cell { words, small: String::new(), class: "", sort, term: None };
        let text = |words: String| Cell { class: "text", ..plain(words.clone(), number(&words)) };
        let estimate = |words: String, e: &Estimate, small: String| Cell {
            // An interval stays on one line; that it rests on few has one of its own where there is no room for both.
            small: if e.rests_on_few { format!("{}; rests\u{a0}on\u{a0}few", whole(&small)) } else { whole(&small) },
            term: match (e.bound, e.rests_on_few) {
                (true, _) => Some(glossary::meaning("bound")),
                (_, true) => Some(glossary::meaning("rests on few")),
                _ => None,
            },
            ..plain(words, Some(sort(e)))
        };
        let mut cells: Vec<Cell> = labels.columns.iter().map(|column| text(column.cells[i].clone())).collect();
        if let (Some(first), true) = (cells.first_mut(), scenario.unplaceable) {
            ranking::UNPLACEABLE.clone_into(&mut first.small);
            first.term = Some(glossary::meaning(ranking::UNPLACEABLE));
        }
        let availability = &scenario.estimates[Metric::Availability];
        let between = if availability.bound { "bound".to_owned() } else { format::percent_interval(availability) };
        cells.push(estimate(format::percent(availability), availability, between));
        for e in [&scenario.estimates[Metric::Downtime], &scenario.estimates[Metric::FailedRequests]] {
            let (words, ends) = format::span_and_ends(e);
            cells.push(estimate(words, e, ends));
        }
        if let Some(e) = &scenario.missing_s_per_year {
            let (words, ends) = format::span_and_ends(e);
            cells.push(estimate(words, e, ends));
        }
        let rate = |e: &Estimate| {
            let (words, ends) = format::count_and_ends(e);
            estimate(words, e, ends)
        };
        if result.baseline.is_some() && result.scenarios.len() > 1 {
            cells.push(match &loss::difference(result, scenario) {
                Some(e) if e.bound => plain("none seen".to_owned(), Some(0.0)),
                Some(e) if *e == Estimate::ZERO => plain("none".to_owned(), Some(0.0)),
                Some(e) => {
                    let sign = if e.mean > 0.0 { "+" } else { "" };
                    let (words, ends) = format::span_and_ends(e);
                    estimate(format!("{sign}{words}"), e, ends)
                }
                None => Cell { term: Some(glossary::meaning("baseline")), ..plain("baseline".to_owned(), Some(0.0)) },
            });
        }
        cells.push(rate(&scenario.needless_reactions()));
        if has_costs(result) {
            let cost = scenario.cost_per_year;
            cells.push(plain(cost.map_or("–".to_owned(), pareto::amount), Some(cost.unwrap_or(f64::NAN))));
        }
        let standing = judged.as_ref().map(|best| best.standing(i));
        cells.extend(standing.map(|word| Cell { class: "text", ..plain(word.to_owned(), None) }));
        if result.objective.slo.is_some() {
            let meets = scenario.windows.as_ref().and_then(|windows| windows.meets_slo);
            cells.push(match &meets {
                Some(e) => {
                    let draws = sensitivity::over_draws(scenario)
                        .map_or(String::new(), |range| format!("; {range} over the draws"));
                    estimate(format::percent(e), e, format!("{}{draws}", format::percent_interval(e)))
                }
                None => plain("–".to_owned(), Some(f64::NAN)),
            });
        }
        cells.push(rate(&scenario.estimates[Metric::Outages]));
        let lengths = &scenario.any_recovery_s;
        for quantile in [&lengths.p50, &lengths.p95] {
            let sort = quantile.map_or(f64::NAN, |quantile| quantile.value);
            let small = quantile.as_ref().map_or(String::new(), |ends| whole(&format::quantile_ends(ends)));
            cells.push(Cell { small, ..plain(format::quantile(quantile.as_ref(), lengths.censored), Some(sort)) });
        }
        let is_baseline = result.baseline.as_ref() == Some(&scenario.name) && result.scenarios.len() > 1;
        let is_recommended = judged.as_ref().is_some_and(|best| best.recommended == Some(i));
        let class = match (is_recommended, is_baseline) {
            (true, _) => "chosen",
            (_, true) => "baseline",
            _ => "",
        };
        let baseline = if is_baseline { "baseline" } else { "" };
        let words = format!("{} {} {baseline}", scenario.name, standing.unwrap_or_default());
        Row { class, words, cells }
    };
    pareto::first(result, MOST_ROWS).into_iter().map(|i| row((i, &result.scenarios[i]))).collect()
}

fn rows_left_out(result: &ExperimentResult) -> Option<String> {
    let all = result.scenarios.len();
    (all > MOST_ROWS).then(|| {
        format!(
            "{MOST_ROWS} of {} scenarios: the baseline, the recommended one, those that none beats in cost and loss, and those that \
             lose least. Recoveries are told of the {} among them that the pictures show. results.csv has all.",
            format::whole(all as u64),
            pareto::MOST_DRAWN,
        )
    })
}

/// What a varied value sorts by: a number as it is, a span of time by its seconds.
fn number(words: &str) -> Option<f64> {
    words.parse().ok().or_else(|| durations::parse(words).ok().map(Duration::as_secs_f64))
}

/// Words that stay on one line.
fn whole(words: &str) -> String {
    words.replace(' ', "\u{a0}").replace('–', "–\u{2060}")
}

/// A bound sorts by what it bounds.
fn sort(e: &Estimate) -> f64 {
    if e.bound { e.high } else { e.mean }
}

fn faults(result: &ExperimentResult) -> Vec<Fault> {
    let one = |fault: &crate::results::FaultInfo| Fault {
        name: fault.name.clone(),
        strikes: fault.strikes.clone(),
        every: fault
            .every_mean_s
            .map_or("as scripted".to_owned(), |mean| format!("{} on average", format::duration(mean))),
        lasts: fault
            .lasts_mean_s
            .map_or("until the restart".to_owned(), |mean| format!("{} on average", format::duration(mean))),
        source: fault.source.clone(),
    };
    let changes = changes::names(result);
    result.faults.iter().filter(|fault| !changes.contains(&fault.name.as_str())).map(one).collect()
}

fn guesses(result: &ExperimentResult) -> Guesses {
    Guesses {
        title: assumptions::TITLE,
        head: assumptions::HEAD,
        rows: assumptions::rows(result),
        footnote: assumptions::footnote(result).unwrap_or_default(),
    }
}

fn sureness(result: &ExperimentResult) -> Vec<Sure> {
    let mut replications: Vec<u64> = result.scenarios.iter().map(|scenario| scenario.replications).collect();
    replications.sort_unstable();
    let played = match (replications.first(), replications.last()) {
        (Some(a), Some(b)) if a == b => format!("{} independent replications", format::whole(*a)),
        (Some(a), Some(b)) => format!("{} to {} independent replications", format::whole(*a), format::whole(*b)),
        _ => "no replication".to_owned(),
    };
    let plain = |words| Sure { term: None, words };
    let mut lines = vec![
        plain(format!(
            "{played} of each scenario, each of {} after a warm-up of {}.",
            format::in_full(result.horizon_s),
            format::in_full(result.warm_up_s)
        )),
        Sure {
            term: Some(("Intervals", glossary::meaning("interval"))),
            words: format!(
                " are {} over replications. Each holds for itself, not all of them together, and none holds the errors of the \
                 assumptions above.",
                format::plain_percent(result.confidence)
            ),
        },
        plain(format!("Seed {}, hasim {}.", result.seed, result.version)),
    ];
    if result.interrupted {
        lines.push(plain("The run was interrupted: these are the replications played until then.".to_owned()));
    }
    lines
}

/// What repeats the run; `results.json` lies beside the page, and holds the inputs.
const REPEAT: &str = "hasim run results.json --out-dir again";
