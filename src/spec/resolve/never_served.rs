//! Services whose ports lead to a name that no container of the Pods has. The API server takes them, and the EndpointSlice
//! leaves such a port out, so that nobody listens behind it. Follows `pkg/api/v1/pod/util.go FindPort` and
//! `staging/src/k8s.io/endpointslice/utils.go getEndpointPorts`.

use crate::spec::container::Container;
use crate::spec::deployment::Deployment;
use crate::spec::diagnostic::Problems;
use crate::spec::objects::{Service, Target};
use crate::spec::ports::{ContainerPort, PortRef};
use crate::spec::reader::nearest;

/// Names every such port of the Services in front of a Deployment.
pub(in crate::spec) fn check(deployment: &Deployment, services: &[Service], problems: &mut Problems) {
    let running: Vec<&Container> = deployment.pod.running().collect();
    let is_hopeless = is_cut_off(deployment, services);
    for service in services {
        for target in service.targets.iter().filter(|target| is_lost(target, &running)) {
            tell(service, target, &running, is_hopeless, problems);
        }
    }
}

/// Whether no port of the Services in front of a Deployment leads to its Pods. Clients of a headless Service ask the Pods
/// themselves, and one that has the Pods of other Deployments may be theirs alone.
pub(in crate::spec) fn is_cut_off(deployment: &Deployment, services: &[Service]) -> bool {
    let running: Vec<&Container> = deployment.pod.running().collect();
    let reaches_nobody = |service: &Service| {
        !service.is_headless
            && service.others.is_empty()
            && service.targets.iter().all(|target| is_lost(target, &running))
    };
    !services.is_empty() && services.iter().all(reaches_nobody)
}

fn is_lost(target: &Target, running: &[&Container]) -> bool {
    match &target.port {
        PortRef::Number(_) => false,
        PortRef::Name(name) => !ports(running).any(|port| port.is_called(name, target.protocol)),
    }
}

fn ports<'a>(running: &[&'a Container]) -> impl Iterator<Item = &'a ContainerPort> {
    running.iter().flat_map(|container| &container.ports)
}

fn tell(service: &Service, target: &Target, running: &[&Container], is_hopeless: bool, problems: &mut Problems) {
    let PortRef::Name(name) = &target.port else { return };
    let consequence =
        if is_hopeless { "so no request reaches them" } else { "so no request to this port reaches them" };
    let message = format!(
        "is {name}, which is no {} port of a container of the Pods: the EndpointSlice of the Service {} leaves it out, \
         {consequence}",
        target.protocol, service.name
    );
    let problem = problems.warn(target.mark, &target.path, message);
    problem.is_hopeless = is_hopeless;
    problem.never_ready = is_hopeless;
    let names: Vec<&str> = ports(running)
        .filter(|port| port.protocol == target.protocol)
        .filter_map(|port| port.name.as_deref())
        .collect();
    problem.help(match nearest(name, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "name a port of a container so, or write its number".to_string(),
        None => format!("name a port of a container ({}), or a number", names.join(", ")),
    });
}
