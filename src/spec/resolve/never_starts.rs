//! Containers that never get through their start: the probe that watches it gives up before the application can be up.
//! A rollout to such a manifest never ends, and a Pod of it that is lost never comes back. What is merely likely is
//! advice (`starts-killed`).

use crate::model::{Model, Probe, WhileStarting, Workload};
use crate::random::Law;
use crate::spec::advice::probes;
use crate::spec::diagnostic::Problems;
use crate::spec::documents::{Documents, MemberDocuments};
use crate::spec::places;
use crate::spec::system::{Member, System};

/// A start with a smaller probability than this is not to be expected in a hundred years of tries, every five minutes.
const NEVER: f64 = 1e-9;

/// Names the probe that kills every start, if one does, of each Deployment.
pub(in crate::spec) fn check(model: &Model, documents: &Documents, system: &System, problems: &mut Problems) {
    for ((workload, own), member) in model.workloads.iter().zip(&documents.members).zip(&system.members) {
        check_one(workload, own, member, problems);
    }
}

fn check_one(workload: &Workload, documents: &MemberDocuments, member: &Member, problems: &mut Problems) {
    let container = workload.pod.main();
    let (name, probe) = match (&container.startup, &container.liveness) {
        // Until it has succeeded the liveness probe waits (P18).
        (Some(startup), _) => ("startupProbe", startup),
        (None, Some(liveness)) => ("livenessProbe", liveness),
        (None, None) => return,
    };
    // Errors are discarded (P15).
    if probe.always_errs {
        return;
    }
    let latest = latest_kill(probe, container.app.while_starting == WhileStarting::Accepts);
    let start_up = &container.app.start_up;
    if start_up.exceeds(latest) < 1.0 - NEVER {
        return;
    }
    let quiet = &mut Problems::default();
    let deployment = member.manifest.deployment(&documents.deployment, Some(&documents.serving), quiet);
    let Some(deployment) = deployment else { return };
    let path = format!("{}.{name}", deployment.pod.main().path);
    let message = format!(
        "kills every start: it gives up {latest:.0} s after a start at the latest, and the application needs {:.0} s at least, so \
         no Pod is ever Ready",
        least(start_up)
    );
    let problem = problems.warn(places::place([member.document(), &documents.deployment], &path), &path, message);
    problem.never_ready = true;
    problem.help("add a startupProbe whose failureThreshold × periodSeconds exceeds the slowest start, or raise its failureThreshold");
}

/// Seconds from the start of the process after which a kill is decided at the latest: the first probe comes within a period
/// after the delay, whatever the phase (P8, P9, P9a), and the others follow (P19).
fn latest_kill(probe: &Probe, hangs: bool) -> f64 {
    let further = if hangs { probes::unanswered(probe) } else { probes::refused(probe) };
    (probe.initial_delay + probe.period).as_secs_f64() + further as f64
}

/// The start that is hardly ever undercut, in seconds.
fn least(start_up: &Law) -> f64 {
    let (mut low, mut high) = (start_up.least(), start_up.mean());
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if start_up.exceeds(middle) >= 1.0 - NEVER { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    fn probe(delay: u64, period: u64, failures: u32) -> Probe {
        let secs = Duration::from_secs;
        Probe {
            initial_delay: secs(delay),
            timeout: secs(2),
            period: secs(period),
            success_threshold: 1,
            failure_threshold: failures,
            termination_grace: None,
            always_errs: false,
        }
    }

    /// Rule (P9a, P19): with a delay of 20 s, every 5 s, four failures, the decision falls at most 40 s after a start.
    #[test]
    fn the_latest_kill_is_that_of_the_last_phase() {
        assert_eq!(latest_kill(&probe(20, 5, 4), false), 40.0);
        assert_eq!(latest_kill(&probe(20, 5, 4), true), 42.0);
        assert_eq!(latest_kill(&probe(0, 10, 1), false), 10.0);
    }

    #[test]
    fn the_least_start_is_that_of_the_law() {
        for (law, secs) in [
            (Law::fixed(30.0).unwrap(), 30.0),
            (Law::uniform(20.0, 40.0).unwrap(), 20.0),
            // Six standard deviations below the median.
            (Law::lognormal(18.0, 0.1).unwrap(), 18.0 * (-0.599_780_7f64).exp()),
        ] {
            assert!((least(&law) - secs).abs() < 0.01 * secs, "{law:?}: {}", least(&law));
        }
    }
}
