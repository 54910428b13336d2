//! Requests in words: what comes at the peak, what the Pods can take, and what fails.

use crate::report::format;
use crate::report::period::Period;
use crate::results::{AutoscalerResult, ExperimentResult, LoadResult, ScenarioResult};

/// What the requests of a scenario come to, where the experiment says how many there are.
pub fn sentence(result: &ExperimentResult, shown: &ScenarioResult) -> Option<String> {
    let load = shown.load.as_ref()?;
    let mut sentences = vec![peak(load), fails(load, Period::of(result).each())];
    sentences.extend(persists(load));
    Some(sentences.join(" "))
}

/// What comes at the peak, as a part of what the Pods can take, with one of them missing, too.
fn peak(load: &LoadResult) -> String {
    let LoadResult { peak_hour, replicas, .. } = load;
    let (peak, mean) = (rate(load.peak_rate), rate(load.mean_rate));
    let comes = if load.peak_rate > load.mean_rate * (1.0 + 1e-9) {
        format!("On average {mean} requests a second come, and {peak} at the peak ({peak_hour})")
    } else {
        format!("{mean} requests a second come")
    };
    let part = |pods: u32| load.peak_share(pods).map(percent);
    if let Some(AutoscalerResult { min_replicas, max_replicas, mean_pods }) = &load.autoscaler {
        let mean = format::significant(*mean_pods, 2);
        let of_most = part(*max_replicas).map_or(String::new(), |part| {
            format!(": {part} of what {max_replicas} Pods take, as many as its autoscaler adds at most")
        });
        let surge = surge(load, *max_replicas);
        return format!("{comes}{of_most}{surge}. It runs {mean} Pods on average, {min_replicas} at least.");
    }
    match part(*replicas) {
        None => format!("{comes}."),
        Some(all) if *replicas <= 1 => format!("{comes}: {all} of what the one Pod takes{}.", surge(load, 1)),
        Some(all) => {
            let less = part(replicas - 1).unwrap_or_default();
            let of_zone = load.without_a_zone.filter(|left| *left > 0 && left + 1 < *replicas);
            let zone = of_zone.and_then(|left| Some((left, part(left)?))).map_or(String::new(), |(left, part)| {
                format!(", and {part} of what {left} take, as a lost zone leaves where Pods are spread evenly")
            });
            let surge = surge(load, *replicas);
            format!("{comes}: {all} of what {replicas} Pods take, {less} of what one less takes{zone}{surge}.")
        }
    }
}

/// What the largest surge brings, if there are any.
fn surge(load: &LoadResult, pods: u32) -> String {
    let Some(surge) = load.surge_rate else { return String::new() };
    let part = load.surge_share(pods).map_or(String::new(), |part| format!(", {} of it", percent(part)));
    format!("; the largest surge then brings {}{part}", rate(surge))
}

/// How many requests fail, and how many of them as too many came.
fn fails(load: &LoadResult, each: &str) -> String {
    let LoadResult { failed_per_year: failed, shed_per_year: shed, .. } = load;
    if failed.bound {
        return format!("None was seen to fail: at most {} {each}.", number(failed.high));
    }
    let ends = [failed.low, failed.high].map(number);
    let ends = if ends[0] == ends[1] { String::new() } else { format!(" ({} to {})", ends[0], ends[1]) };
    let failed_in_words = format!("{} requests fail {each}{ends}", number(failed.mean));
    if shed.bound {
        return format!("{failed_in_words}.");
    }
    let part = format::share(shed.mean, failed.mean);
    let long = format::full(&load.overloaded_s_per_year);
    let late = load.late_per_year.as_ref().filter(|late| !late.bound).map_or(String::new(), |late| {
        let part =
            if late.mean > 0.995 * shed.mean { "nearly all".to_owned() } else { format::share(late.mean, shed.mean) };
        format!("; {part} of these were answered, but later than their clients wait")
    });
    format!(
        "{failed_in_words}, {part} of them as more came than the Pods in rotation could take, for {long} {each}{late}."
    )
}

/// From which load on an overload stays when its cause is gone.
fn persists(load: &LoadResult) -> Option<String> {
    let above = load.persists_above?;
    let pods = load.most_pods();
    let part = load
        .share_of(above, pods)
        .map_or(String::new(), |part| format!(", {} of what {pods} Pods take", percent(part)));
    let tries = format::significant(load.most_tries?, 2);
    let peak = if load.peak_rate > above { "" } else { " No hour of the week brings as many." };
    Some(format!(
        "From {} requests a second on{part}, an overload outlasts its cause: what fails is sent up to {tries} times, and Pods work for \
         clients that have given up.{peak}",
        rate(above)
    ))
}

/// A number of requests.
fn number(requests: f64) -> String {
    match requests {
        many if many >= 1e9 => format!("{} billion", format::significant(many / 1e9, 2)),
        many if many >= 1e6 => format!("{} million", format::significant(many / 1e6, 2)),
        few => format::significant(few, 2),
    }
}

/// A part that may be more than the whole.
fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

/// Requests a second.
fn rate(per_second: f64) -> String {
    format::significant(per_second, 3)
}
