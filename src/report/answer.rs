//! The answer in a sentence or two, for the terminal and for markdown.

use crate::history::{NamedCause, Phase};
use crate::report::aggregate::{self, CauseTotal};
use crate::report::assumptions;
use crate::report::choice::Choice;
use crate::report::deployments;
use crate::report::fates::Compared;
use crate::report::featured::{self, Role};
use crate::report::format;
use crate::report::labels::in_words;
use crate::report::load;
use crate::report::operations;
use crate::report::pareto;
use crate::report::period::Period;
use crate::report::ranking::{self, Ranking};
use crate::report::recommendation;
use crate::report::removals;
use crate::report::sensitivity;
use crate::report::verdicts;
use crate::results::{Estimate, ExperimentResult, OperationInfo, ScenarioResult, Standing};
use crate::study::{Metric, Wanted};

/// What the numbers leave out, under every table.
pub fn left_out(result: &ExperimentResult) -> String {
    format!("Not in these numbers: {}.", absent(result))
}

/// Which changes that are made on purpose are not among what happens.
pub fn absent(result: &ExperimentResult) -> String {
    let has =
        |is: fn(&OperationInfo) -> bool| result.faults.iter().filter_map(|fault| fault.operation.as_ref()).any(is);
    let has_rollouts = has(|one| matches!(one, OperationInfo::Rollout { .. }));
    let has_drains = has(OperationInfo::drains_nodes);
    let has_upgrades = has(OperationInfo::replaces_nodes);
    let has_reclaims = has(|one| matches!(one, OperationInfo::WithdrawNode { .. }));
    let missing = |all: &[(bool, &'static str)]| -> Vec<&'static str> {
        all.iter().filter(|(is_there, _)| !is_there).map(|(_, what)| *what).collect()
    };
    // The commonest first: what is rarer is only told where they are there.
    let of_all = missing(&[(has_rollouts, "rollouts"), (has_drains, "drains")]);
    if !of_all.is_empty() {
        return of_all.join(" and ");
    }
    if !has_upgrades {
        return "upgrades that replace Nodes".to_owned();
    }
    let follows = |scenario: &ScenarioResult| scenario.load.as_ref().is_some_and(|load| load.autoscaler.is_some());
    let scales = has(|one| matches!(one, OperationInfo::Scale { .. })) || result.scenarios.iter().any(follows);
    let rarer = missing(&[(has_reclaims, "Nodes that are reclaimed"), (scales, "changes of the replicas")]);
    if rarer.is_empty() { "the load and an autoscaler that follows it".to_owned() } else { rarer.join(", and ") }
}

/// The answer: the verdict where manifests are compared, else the first of the sentences.
pub fn headline(result: &ExperimentResult) -> String {
    change(result).or_else(|| sentences(result).into_iter().next()).unwrap_or_default()
}

/// The verdict on a change, where there is one.
pub fn change(result: &ExperimentResult) -> Option<String> {
    result.comparison.as_ref()?;
    let line = verdicts::lines(result).into_iter().next()?;
    Some(format!("{}: {}", line.word(), line.words))
}

/// Sentences, each a paragraph of its own.
pub fn sentences(result: &ExperimentResult) -> Vec<String> {
    let Some(shown) = featured::shown(result) else {
        // Why not is told with the verdict.
        let unplayed = result.comparison.as_ref().map(|_| "No year was played.".to_owned());
        return vec![unplayed.unwrap_or_else(|| format!("{} has no scenario.", result.experiment))];
    };
    if result.each_alone {
        return deployments::alone(result);
    }
    let best = Ranking::of(result);
    // Of several scenarios the recommendation is the answer, and what the recommended one is like comes after it.
    let mut sentences: Vec<String> = best.iter().filter_map(|best| selection(best, result)).collect();
    sentences.extend(best.iter().flat_map(|best| recommendation::sentences(best, result)));
    changes(result, &mut sentences);
    if ranking::recommended(result).is_none() {
        sentences.extend(Choice::of(result).and_then(|choice| choice.worth(result)).map(|worth| format!("{worth}.")));
    }
    sentences.extend(sensitivity::headline(result));
    sentences.push(availability(result, shown));
    sentences.extend(source(shown, shown.loss_in_question(result.objective.metric)));
    sentences.extend(load::sentence(result, shown));
    sentences.extend(deployments::sentence(shown));
    sentences.extend(operations::sentence(result));
    sentences.extend(pages(result, shown));
    sentences.extend(alerts(result, shown));
    sentences.extend(removals::sentence(result, shown));
    sentences.extend(assumptions::sentences(result));
    if result.selection.is_none() {
        sentences.extend(sensitivity::sentences(result));
    }
    sentences
}

/// So many characters have room at the head of a page and on a slide.
const LONGEST: usize = 292;

/// What becomes of operations stands first where that is the answer, else behind the recommendation; in one paragraph if there is room.
fn changes(result: &ExperimentResult, sentences: &mut Vec<String>) {
    let Some(compared) = Compared::of(result).filter(|_| result.comparison.is_none()) else { return };
    let mut headlines = compared.headlines();
    if headlines.is_empty() {
        return;
    }
    let is_first = compared.is_the_answer();
    let recommended = sentences.first().cloned().unwrap_or_default();
    let joined = |headline: &String| match is_first {
        _ if recommended.is_empty() => headline.clone(),
        true => format!("{headline} {recommended}"),
        false => format!("{recommended} {headline}"),
    };
    match headlines.iter().map(joined).find(|both| both.chars().count() < LONGEST) {
        Some(both) if !recommended.is_empty() => sentences[0] = both,
        _ => sentences.insert(usize::from(!is_first).min(sentences.len()), headlines.swap_remove(0)),
    }
}

/// What was asked, in a sentence: the experiment's own, if it says.
pub fn question(result: &ExperimentResult) -> String {
    if let Some(question) = &result.question {
        return question.clone();
    }
    if let Some(comparison) = &result.comparison {
        return format!("What does {} instead of {} do to availability?", comparison.after, comparison.before);
    }
    let n = result.scenarios.len();
    if result.each_alone {
        return format!("How available is each of {n} Deployments?");
    }
    let slo = result.objective.slo.map_or(String::new(), format::plain_percent);
    let varied = if result.varied.is_empty() { String::new() } else { format!(" ({})", result.varied.join(" × ")) };
    match &result.selection {
        Some(selection) => {
            let n = selection.standings.len();
            match selection.goal {
                Wanted::Best => format!("Which of {n} scenarios{varied} is the best?"),
                Wanted::Cheapest => format!("Which of {n} scenarios{varied} is the cheapest that meets {slo}?"),
            }
        }
        None if !result.sensitivity.is_empty() => {
            format!("How available is {}, and which assumption matters?", result.experiment)
        }
        None if n == 1 => format!("How available is {}?", result.scenarios[0].name),
        None => format!("How available are {n} scenarios{varied}, and which is better?"),
    }
}

/// What the search for the best scenario came to.
fn selection(best: &Ranking<'_>, result: &ExperimentResult) -> Option<String> {
    let selection = result.selection.as_ref()?;
    let (of, zone) = (selection.standings.len(), best.indifference.in_short());
    let level = format::plain_percent(result.confidence);
    let slo = result.objective.slo.map_or(String::new(), format::plain_percent);
    let cost = |name: &str| {
        cost_of(result, name).map_or(String::new(), |cost| format!(", at {} a year", pareto::money(result, cost)))
    };
    let named = |name: &String| {
        let scenario = result.scenarios.iter().find(|scenario| scenario.name == *name);
        scenario.map_or(name.clone(), |scenario| in_words(result, scenario))
    };
    if !selection.decided {
        let open = selection.standings.iter().filter(|scenario| scenario.standing == Standing::Open).count();
        let so_far =
            selection.chosen.as_ref().map_or(String::new(), |name| format!("; so far it is “{}”", named(name)));
        return Some(format!(
            "Not decided: {open} of {of} scenarios may still be the one{so_far}. More replications (maxReplications) or \
             a wider indifference zone would tell."
        ));
    }
    Some(match (selection.goal, &selection.chosen) {
        (Wanted::Best, Some(name)) => format!(
            "The best of {of} scenarios is “{}”{}: with {level} confidence no other loses over {zone} less.",
            named(name),
            cost(name)
        ),
        (Wanted::Cheapest, Some(name)) => format!(
            "The cheapest of {of} scenarios that meets {slo} on average is “{}”{}{}. Right with {level} confidence, where \
             {zone} more or less than the limit do not matter.",
            named(name),
            cost(name),
            recommendation::ties(best)
        ),
        (_, None) => format!("None of the {of} scenarios meets {slo} ({level} confidence)."),
    })
}

fn cost_of(result: &ExperimentResult, name: &str) -> Option<f64> {
    result.scenarios.iter().find(|scenario| scenario.name == name)?.cost_per_year
}

fn availability(result: &ExperimentResult, shown: &ScenarioResult) -> String {
    let period = Period::of(result);
    let subject = if result.scenarios.len() == 1 || result.comparison.is_some() {
        shown.name.clone()
    } else if result.baseline.as_deref() == Some(shown.name.as_str()) {
        format!("The baseline ({})", in_words(result, shown))
    } else if ranking::recommended(result).is_some_and(|best| best.name == shown.name) {
        "It".to_owned()
    } else if featured::role(result, shown) == Some(Role::Best) {
        format!("“{}”", in_words(result, shown))
    } else {
        format!("The first scenario ({})", in_words(result, shown))
    };
    let level = format::plain_percent(result.confidence);
    let [availability, downtime, failed] =
        [Metric::Availability, Metric::Downtime, Metric::FailedRequests].map(|metric| &shown.estimates[metric]);
    // With hours of their own weight the unit is a second of an average one.
    let unit = if shown.load.is_some() { "average" } else { "full" };
    let failures = format!("failed requests worth {} of {unit} traffic", format::full(failed));
    if period.is_run() {
        let down = if downtime.bound {
            "no downtime in any".to_owned()
        } else {
            format!("{} of downtime", format::full(downtime))
        };
        let bound = if downtime.bound {
            format!(" (on average at most {}, {level} bound)", format::in_full(downtime.high))
        } else {
            ends(downtime).map_or(String::new(), |ends| format!(" ({level} CI {ends})"))
        };
        let of_failed = ends(failed).map_or(String::new(), |ends| format!(" ({ends})"));
        let runs = format!("{} runs of {}", format::whole(shown.replications), format::tick(result.horizon_s));
        return format!("{subject}, in {runs}: {down}{bound}, and {failures} a run on average{of_failed}.");
    }
    let takes = result.objective.system.as_ref().map_or(String::new(), |system| format!(", which needs {system},"));
    if availability.bound {
        let seen = if failed.bound {
            String::new()
        } else {
            format!(" Its failed requests are worth {} of {unit} traffic a year.", format::full(failed))
        };
        return format!(
            "{subject}{takes} was never down in {} replications of {}: it is available at least {} of the time ({level} bound).{seen}",
            format::whole(shown.replications),
            format::tick(result.horizon_s),
            format::percent(availability).trim_start_matches("≥ "),
        );
    }
    let few = if downtime.rests_on_few { FEW } else { "" };
    let share = |estimate: &Estimate| format::percent(estimate).replace("> ", "more than ");
    let with_interval = |estimate: &Estimate| format!("({level} CI {})", format::percent_interval(estimate));
    let answered = &shown.estimates[Metric::RequestSuccess];
    if result.objective.metric == Metric::RequestSuccess && !answered.bound {
        return format!(
            "{subject}{takes} answers {} of its requests {}{}: those that fail in a year are worth {} of {unit} traffic. It is available {} of \
             the time: {} of downtime a year.{few}",
            share(answered),
            with_interval(answered),
            misses(result, answered),
            format::full(failed),
            share(availability),
            format::full(downtime),
        );
    }
    format!(
        "{subject}{takes} is available {} of the time {}{}: {} of downtime a year, and {failures}.{few}",
        share(availability),
        with_interval(availability),
        misses(result, availability),
        format::full(downtime),
    )
}

/// Whether less is reached on average than the SLO wants, if that is sure.
fn misses(result: &ExperimentResult, reached: &Estimate) -> String {
    let slo = result.objective.slo.filter(|slo| reached.high < *slo);
    slo.map_or(String::new(), |slo| format!(", less than the {} of the SLO", format::plain_percent(slo)))
}

/// The ends of an interval, where they are told apart.
fn ends(estimate: &Estimate) -> Option<String> {
    let [low, high] = [estimate.low, estimate.high].map(format::duration);
    (low != high).then(|| format!("{low} to {high}"))
}

/// Behind a downtime that says so.
const FEW: &str = " The downtime rests on few outages: more replications may move it far, within its interval.";

/// How often people are called, where they are: that has a price, too.
fn pages(result: &ExperimentResult, shown: &ScenarioResult) -> Option<String> {
    let pages = &shown.estimates[Metric::Pages];
    let period = Period::of(result);
    (!pages.bound && !period.is_run()).then(|| {
        format!(
            "Somebody on call is paged {} times a year, for what no probe mends.",
            format::count_with_interval(pages)
        )
    })
}

/// How often the alerts would fire by which an SLO is watched.
fn alerts(result: &ExperimentResult, shown: &ScenarioResult) -> Option<String> {
    let alerts = shown.windows.as_ref()?.alerts.filter(|_| !Period::of(result).is_run())?;
    let [fast, slow] = alerts.map(|alert| {
        let times = format::count_with_interval(&alert.per_year);
        let times = times.strip_prefix("≤ ").map_or(times.clone(), |most| format!("at most {most}"));
        (alert.burn_rate, times)
    });
    Some(format!(
        "The {}× burn-rate alert of the SLO would fire {} times a year, the {}× one {}.",
        fast.0, fast.1, slow.0, slow.1
    ))
}

/// The largest cause of the loss in question; of downtime, that of failed requests, too, where more is lost by them and another cause
/// is behind it.
fn source(shown: &ScenarioResult, loss: Metric) -> Option<String> {
    let downtime = aggregate::by_cause(&shown.downtime_attribution);
    let failed = aggregate::by_cause(&shown.request_failure_attribution);
    if loss == Metric::FailedRequests {
        return charged("of what fails", &failed, shown);
    }
    let whole = |causes: &[CauseTotal<'_>]| causes.iter().map(|cause| cause.total).sum::<f64>();
    let first = downtime.first()?;
    let other = failed.first().filter(|cause| cause.cause != first.cause);
    let is_more = whole(&failed) > MUCH_MORE * whole(&downtime);
    let sentences = [
        charged("downtime", &downtime, shown),
        other.filter(|_| is_more).and_then(|_| charged("of what fails", &failed, shown)),
    ];
    Some(sentences.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// So many times as much is lost by failed requests as by downtime that it needs its own explanation.
const MUCH_MORE: f64 = 1.5;

/// From this part on it is all, to three digits.
const NEARLY_ALL: f64 = 0.995;

fn charged(what: &str, causes: &[CauseTotal<'_>], shown: &ScenarioResult) -> Option<String> {
    let first = causes.first()?;
    let has_load = shown.load.is_some();
    let could_be_taken = shown.load.as_ref().is_some_and(|load| {
        let part = load.surge_share(load.replicas).or_else(|| load.peak_share(load.replicas));
        part.is_some_and(|part| part < 1.0)
    });
    let follows_load = shown.load.as_ref().is_some_and(|load| load.autoscaler.is_some());
    let whole: f64 = causes.iter().map(|cause| cause.total).sum();
    let no_fault = match first.cause {
        NamedCause::Probe if has_load => {
            " That is what probes did to Pods that no fault had struck, as they were busy or late by chance: there is none to remove."
        }
        NamedCause::Probe => " That is what probes did without a fault: there is none to remove.",
        NamedCause::Start => " That is no fault: there is none to remove.",
        NamedCause::Overload if follows_load => {
            " More came than the Pods that there were could take: more of them, sooner or at all, would have."
        }
        NamedCause::Overload if could_be_taken => {
            " With all Pods there it would fail, too, though they could take what comes: some of it is answered later than clients wait, or \
             meets a full queue. There is no fault to remove."
        }
        NamedCause::Overload => " More came than all Pods together could take: there is no fault to remove.",
        NamedCause::Autoscaler => " The autoscaler removes Pods that are still asked: there is no fault to remove.",
        NamedCause::Fault(_) => "",
    };
    let most = match first.total / whole {
        all if all >= NEARLY_ALL => "All",
        most if most > 0.5 => "Most",
        _ => "The largest part of",
    };
    let most = if most == "The largest part of" && what.starts_with("of ") { "The largest part" } else { most };
    let mainly = match first.main_phase.map(Phase::in_words) {
        None => String::new(),
        Some(phase) if first.main_part > 0.5 * first.total => format!(", mainly in phase {phase}"),
        Some(phase) => format!(", the largest part of it in phase {phase}"),
    };
    Some(format!(
        "{most} {what} is charged to {} ({}){mainly}.{no_fault}",
        first.cause,
        format::share(first.total, whole)
    ))
}
