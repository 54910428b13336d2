//! What is understood of requests: who sends them, and what a Pod makes of them.

use super::{Explanation, Origin, Rows};
use crate::durations;
use crate::spec::app;
use crate::spec::diagnostic::Problems;
use crate::spec::slo::percent;
use crate::spec::system::System;
use crate::spec::traffic;
use crate::spec::tree::{Node, Sources};
use crate::time::Duration;

/// The apps that say what they can take, and the traffic, each field of both.
pub(super) fn explain(system: &System, sources: &Sources) -> Vec<Explanation> {
    let members = system.members.iter().filter_map(|member| {
        let app = member.app.as_ref().or(system.app.as_ref())?;
        of_app(
            app,
            &format!("what a Pod of {} makes of requests", member.name),
            member,
            system.traffic.is_some(),
            sources,
        )
    });
    let mut all: Vec<Explanation> = members.collect();
    all.extend(system.traffic.as_ref().and_then(|traffic| of_traffic(traffic, sources)));
    all
}

fn of_app(
    document: &Node,
    of: &str,
    member: &crate::spec::system::Member,
    is_asked: bool,
    sources: &Sources,
) -> Option<Explanation> {
    let apps = app::read(document, &mut Problems::default())?;
    let deployment = member.manifest.deployment(member.document(), Some(&member.serving), &mut Problems::default())?;
    let app = apps.serving(&deployment.pod)?;
    let capacity = app.capacity?;
    let mut rows = Rows { document, sources, values: Vec::new(), default: Origin::Hasim };
    let unasked = if is_asked { "" } else { ", which nothing asks for without `traffic`" };
    let workers = app.queue.map_or(String::new(), |queue| {
        let takes = Duration::from_secs_f64(f64::from(queue.workers) / capacity);
        format!(" ({} at once, {} each on average)", queue.workers, durations::shown(takes))
    });
    let rounded = (capacity * 1_000.0).round() / 1_000.0;
    rows.add("spec.capacity", format!("{rounded} requests a second{workers}{unasked}"));
    match app.queue {
        None => rows.add("spec.whenOverloaded", "sheds: what is too much is refused at once"),
        Some(queue) => {
            rows.add("spec.whenOverloaded", "queues: what is too much waits");
            rows.add(
                "spec.queue.limit",
                queue.limit.map_or("any number can wait".to_owned(), |limit| limit.to_string()),
            );
            let probes = if queue.delays_probes {
                "true: probes wait behind requests"
            } else {
                "false: probes are answered at once"
            };
            rows.add("spec.healthEndpoint.sharesQueue", probes);
        }
    }
    Some(Explanation { of: of.to_owned(), values: rows.values })
}

fn of_traffic(document: &Node, sources: &Sources) -> Option<Explanation> {
    let traffic = traffic::read(document, &mut Problems::default())?;
    let clients = traffic.clients;
    let mut rows = Rows { document, sources, values: Vec::new(), default: Origin::Hasim };
    rows.add("spec.rate", format!("{} requests a second on average", traffic.rate()));
    rows.add("spec.shape", format!("{} requests a second at the peak", traffic.peak().round()));
    let surges =
        traffic.surge_peak().map(|surge| format!("{} requests a second in the largest at the peak", surge.round()));
    rows.add("spec.surges", surges.unwrap_or_else(|| "none".to_owned()));
    let timeout = clients.timeout.map(|timeout| durations::shown(Duration::from_secs_f64(timeout)));
    rows.add("spec.clients.timeout", timeout.unwrap_or_else(|| "none: they wait for ever".to_owned()));
    rows.add("spec.clients.tries", clients.tries);
    if clients.tries > 1 {
        let budget = clients.retry_budget.map(|budget| format!("{} more tries", percent(budget)));
        rows.add("spec.clients.retryBudget", budget.unwrap_or_else(|| "none: what fails is sent again".to_owned()));
    }
    Some(Explanation { of: "the requests and their clients".to_owned(), values: rows.values })
}
