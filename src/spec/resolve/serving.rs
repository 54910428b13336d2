//! Which container of a Pod serves. Containers have no order in Kubernetes, so their place in the list says nothing: what
//! the Service, the probes and the ports point at does. docs/model.md tells the rule.

use crate::spec::container::Container;
use crate::spec::deployment::Deployment;
use crate::spec::diagnostic::Problems;
use crate::spec::objects::{Service, Target};
use crate::spec::ports::PortRef;
use crate::spec::reader::nearest;
use crate::spec::tree::Mark;

/// A container that somebody has named.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Named {
    pub name: String,
    pub mark: Mark,
    pub path: String,
}

/// What points at a container. The fields are in the order in which they decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Evidence {
    /// A Service sends requests to a port that it declares or that its probes ask.
    is_target: bool,
    has_readiness: bool,
    has_probe: bool,
    declares_ports: bool,
    has_name_of_deployment: bool,
}

impl Evidence {
    fn of(container: &Container, deployment: &Deployment, services: &[Service]) -> Self {
        let has_probe = container.liveness.is_some() || container.startup.is_some();
        Self {
            is_target: services.iter().any(|service| service.targets.iter().any(|target| leads_to(target, container))),
            has_readiness: container.readiness.is_some(),
            has_probe,
            declares_ports: !container.ports.is_empty(),
            has_name_of_deployment: container.name == deployment.name,
        }
    }

    /// In words, the first thing that tells it from all of the others.
    fn against(self, others: &[Self]) -> &'static str {
        let tells = |of: fn(&Self) -> bool| of(&self) && !others.iter().any(of);
        if tells(|e| e.is_target) {
            "a Service sends requests to its port"
        } else if tells(|e| e.has_readiness) {
            "it has a readiness probe"
        } else if tells(|e| e.has_probe) {
            "it has probes"
        } else if tells(|e| e.declares_ports) {
            "it declares ports"
        } else if tells(|e| e.has_name_of_deployment) {
            "it has the Deployment's name"
        } else {
            "most points at it: Service, probes, ports and name"
        }
    }
}

/// Whether a Service's port leads to this container.
fn leads_to(target: &Target, container: &Container) -> bool {
    match &target.port {
        PortRef::Name(name) => container.ports.iter().any(|port| port.is_called(name, target.protocol)),
        PortRef::Number(number) => {
            container.ports.iter().any(|declared| declared.number == Some(*number)) || container.probed.contains(number)
        }
    }
}

/// The position of the container that serves: the one that is named, else the one that most points at; of equal ones the
/// first by name, so that the order of the list decides nothing.
pub(in crate::spec) fn choose(deployment: &Deployment, services: &[Service], named: Option<&str>) -> usize {
    let containers = &deployment.pod.containers;
    if let Some(position) = containers.iter().position(|container| Some(container.name.as_str()) == named) {
        return position;
    }
    let rank = |&position: &usize| {
        let container = &containers[position];
        (Evidence::of(container, deployment, services), std::cmp::Reverse(container.name.as_str()))
    };
    (0..containers.len()).max_by_key(rank).unwrap_or(0)
}

/// Refuses the name of a container that there is not.
pub(in crate::spec) fn check_name(deployment: &Deployment, named: &Named, problems: &mut Problems) {
    let names: Vec<&str> = deployment.pod.containers.iter().map(|container| container.name.as_str()).collect();
    if names.contains(&named.name.as_str()) {
        return;
    }
    let message = format!("is {}, must be a container of {}: {}", named.name, deployment.name, names.join(", "));
    let problem = problems.error(named.mark, &named.path, message);
    if deployment.pod.init.iter().any(|init| init.name == named.name) {
        problem.help("an init container or a sidecar cannot be the one that serves: name one of `containers`");
        return;
    }
    if let Some(name) = nearest(&named.name, names) {
        problem.help(format!("did you mean `{name}`?"));
    }
}

/// Says which container serves, and why, where there are others; and what is assumed of the hooks of all.
pub(in crate::spec) fn tell(
    deployment: &Deployment,
    services: &[Service],
    named: Option<&str>,
    problems: &mut Problems,
) {
    let pod = &deployment.pod;
    let main = pod.main();
    pod.all().for_each(|container| container.hook.tell(problems));
    let others: Vec<&Container> =
        pod.containers.iter().enumerate().filter(|(index, _)| *index != pod.main).map(|(_, other)| other).collect();
    let beside: Vec<String> =
        pod.running().filter(|other| other.name != main.name).map(|other| format!("`{}`", other.name)).collect();
    if beside.is_empty() {
        return;
    }
    let of = |container: &Container| Evidence::of(container, deployment, services);
    let evidence = others.iter().map(|other| of(other)).collect::<Vec<_>>();
    let is_undecided = evidence.contains(&of(main)) && Some(main.name.as_str()) != named;
    let why = if others.is_empty() {
        "the only one of `containers`"
    } else if Some(main.name.as_str()) == named {
        "it is named"
    } else if is_undecided {
        "nothing tells which one serves, and it is the first by name"
    } else {
        of(main).against(&evidence)
    };
    let message = format!(
        "`{}` is the container that serves ({why}); the Pod is Ready while {} {} ready too (K11)",
        main.name,
        beside.join(", "),
        if beside.len() == 1 { "is" } else { "are" }
    );
    let help = "name another with `container: NAME` in the experiment's spec, or with `--container NAME`";
    if is_undecided {
        problems.warn(main.mark, &main.path, message).help(help);
    } else {
        problems.note(main.mark, &main.path, message).help(help);
    }
}

/// Says whose Pods the Service in front of a Deployment, the first one, selects besides: they answer too (E4), and are not
/// played.
pub(in crate::spec) fn tell_of_others(deployment: &Deployment, services: &[Service], problems: &mut Problems) {
    let Some(service) = services.first().filter(|service| !service.others.is_empty()) else { return };
    let message = format!(
        "the Service {} sends requests to the Pods of {} too (E4), which are not played: what is lost is lost of the part of {} \
         alone",
        service.name,
        service.others.join(", "),
        deployment.name
    );
    let others = service.others.iter().map(|name| (deployment.namespace.clone(), name.clone())).collect();
    problems.note(deployment.mark, "", message).served_too = others;
}
