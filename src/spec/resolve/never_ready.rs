//! Probes that ask for a port by a name that their container does not have. The API server takes them, and every attempt
//! ends in an error that is discarded (P15), so the initial value stays (P7): such a readiness or startup probe keeps the Pod
//! from ever being Ready, such a liveness probe never kills.

use crate::model::ProbeKind;
use crate::spec::container::Container;
use crate::spec::deployment::Deployment;
use crate::spec::diagnostic::Problems;
use crate::spec::objects::Service;
use crate::spec::ports::UnknownPort;
use crate::spec::reader::nearest;

/// Names every such probe of a Deployment with these Services in front.
pub(in crate::spec) fn check(deployment: &Deployment, services: &[Service], problems: &mut Problems) {
    // Its endpoints get requests whatever the Pod says (E4).
    let is_published = services.first().is_some_and(|service| service.publish_not_ready);
    for container in deployment.pod.running() {
        for unknown in &container.unknown_ports {
            tell(container, unknown, is_published, problems);
        }
    }
}

fn tell(container: &Container, unknown: &UnknownPort, is_published: bool, problems: &mut Problems) {
    let consequence = match unknown.probe {
        ProbeKind::Liveness => "it never kills",
        ProbeKind::Readiness => "the Pod is never Ready",
        ProbeKind::Startup => "the container never counts as started, and the Pod is never Ready",
    };
    let message = format!(
        "is {}, which is no port of the container `{}`: every attempt ends in an error that is discarded, so {consequence}",
        unknown.name, container.name
    );
    let problem = problems.warn(unknown.mark, &unknown.path, message);
    problem.never_ready = unknown.probe != ProbeKind::Liveness;
    problem.is_hopeless = problem.never_ready && !is_published;
    let names: Vec<&str> = container.ports.iter().filter_map(|port| port.name.as_deref()).collect();
    problem.help(match nearest(&unknown.name, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "name a port of the container so, or write its number".to_string(),
        None => format!("name one of the container's ports ({}), or a number", names.join(", ")),
    });
}
