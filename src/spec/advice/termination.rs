//! Advice on the end of a Pod: requests that fail at every ordinary termination.

use serde_json::json;

use super::{Advice, Finding, Subject, percent};
use crate::model::{Fault, OnSigterm, Strikes};
use crate::spec::hooks::PreStop;

/// Withdrawing an endpoint from every proxy may take as long (E10).
const WITHDRAWAL_SECS: f64 = 1.5;
/// A common choice: the proxies and a load balancer's next look.
const USUAL_SLEEP_SECS: u64 = 5;
/// The kubelet leaves a process so long between SIGTERM and SIGKILL (C9).
const LEAST_WINDOW_SECS: f64 = 2.0;
/// What a Pod has if it says nothing (T1).
const USUAL_GRACE_SECS: u64 = 30;

pub(super) static NO_PRE_STOP: Advice = Advice {
    id: "no-pre-stop",
    says: "Pods stop before their endpoints are withdrawn",
    why: "Stopping the containers and withdrawing the endpoint begin together, and SIGTERM usually wins: for up to about \
          1.5 s, or more behind an external load balancer, requests go to a process that has stopped, at every rollout, \
          drain and eviction.",
    rules: &["T2", "T4", "E10"],
    help: "Add lifecycle.preStop with a sleep of some seconds.",
};

pub(super) fn no_pre_stop(subject: &Subject<'_>) -> Vec<Finding> {
    let hook = subject.main().hook.pre_stop;
    let sleep = hook.sleep().as_secs_f64();
    // What another hook does is not known.
    if !subject.has_service || hook == PreStop::Other || sleep >= WITHDRAWAL_SECS {
        return Vec::new();
    }
    let message = if sleep == 0.0 {
        "is missing: requests fail whenever a Pod stops".to_string()
    } else {
        format!("sleeps {sleep} s, and withdrawing the endpoint may take {WITHDRAWAL_SECS} s")
    };
    let help = format!("set preStop: {{sleep: {{seconds: {USUAL_SLEEP_SECS}}}}}, within terminationGracePeriodSeconds");
    let finding = subject.finding(&subject.path("lifecycle.preStop"), message, help);
    // Nothing that is simulated stops a Pod in good order: what the hook is worth would be nothing.
    let stops = |fault: &Fault| fault.strikes == Strikes::Deletion || fault.strikes.is_operation();
    if !subject.around.as_ref().is_some_and(|around| around.faults().any(stops)) {
        return vec![finding];
    }
    vec![finding.followed_by([("lifecycle.preStop".to_string(), json!({"sleep": {"seconds": USUAL_SLEEP_SECS}}))])]
}

pub(super) static SHORT_GRACE: Advice = Advice {
    id: "short-grace",
    says: "The grace period is too short for the preStop hook and the shutdown",
    why: "The hook's time is part of the grace period. What is left of it, at least 2 s, is all that the process has to \
          finish its requests before SIGKILL.",
    rules: &["T3", "C9"],
    help: "Set terminationGracePeriodSeconds to more than the preStop hook and the slowest shutdown together.",
};

pub(super) fn short_grace(subject: &Subject<'_>) -> Vec<Finding> {
    const NOTICED: f64 = 0.01;
    const HARMLESS: f64 = 0.001;
    let grace = subject.deployment.pod.termination_grace.as_secs_f64();
    // A command may sleep longer than the grace, which cuts it (C9).
    let sleep = subject.main().hook.pre_stop.sleep().as_secs_f64().min(grace);
    let window = (grace - sleep).max(LEAST_WINDOW_SECS);
    let shutdown = match subject.around.as_ref().map(|around| &around.workload.pod.main().app.on_sigterm) {
        Some(OnSigterm::Exits(law) | OnSigterm::Drains(law)) => Some(law),
        // Nothing is gained by waiting for a process that does not hear.
        Some(OnSigterm::Ignores) => return Vec::new(),
        None => None,
    };
    let killed = shutdown.map(|law| law.exceeds(window));
    let after = if sleep > 0.0 { format!(" after {sleep} s of preStop") } else { String::new() };
    let message = match killed {
        Some(share) if share >= NOTICED => {
            format!("leaves {window} s{after}: {} of shutdowns end with SIGKILL", percent(share))
        }
        None if grace - sleep < LEAST_WINDOW_SECS => {
            format!("leaves no more than the least, {window} s{after}: a longer shutdown ends with SIGKILL")
        }
        // The application is known and stops in time, or is not known and has some time.
        _ => return Vec::new(),
    };
    let needed = |law: &crate::random::Law| (0..=3_600).find(|grace| law.exceeds(*grace as f64) <= HARMLESS);
    let shutdown_secs = shutdown.map_or(Some(USUAL_GRACE_SECS), needed);
    let help = match shutdown_secs {
        Some(secs) => {
            let wanted = (sleep as u64 + secs).max(USUAL_GRACE_SECS);
            format!("set terminationGracePeriodSeconds: {wanted}")
        }
        None => "shorten the shutdown: some take more than an hour".to_string(),
    };
    vec![subject.finding("spec.template.spec.terminationGracePeriodSeconds", message, help)]
}
