//! Ports: what a container declares, and what probes, hooks and Services mean by a number or a name (M4).
//! A kubelet looks a name up among the ports of the probe's own container, and of no other: follows
//! `pkg/probe/util.go ResolveContainerPort`.

use std::fmt;

use crate::model::ProbeKind;
use crate::spec::diagnostic::Problems;
use crate::spec::reader::{Item, Object};
use crate::spec::tree::{Mark, Value};

const RULE: &str =
    "must be 1–65535, or a port name: at most 15 lower-case letters, digits and single `-`, with a letter";

/// A port as a probe, a hook or a Service names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) enum PortRef {
    Number(i64),
    Name(String),
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct ContainerPort {
    pub number: Option<i64>,
    pub name: Option<String>,
    pub protocol: Protocol,
    /// The port of the Node that it takes.
    pub host_port: Option<i64>,
    /// The address of the Node whose port it takes; all if it is none.
    host_ip: Option<String>,
    mark: Mark,
    path: String,
}

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

/// A probe asks for a port by a name that its container does not have: every attempt ends in an error (P15).
#[derive(Debug, Clone)]
pub(in crate::spec) struct UnknownPort {
    pub probe: ProbeKind,
    pub name: String,
    pub mark: Mark,
    pub path: String,
}

/// Reads a port of a container.
pub(in crate::spec) fn read_declared(item: &Item<'_>, problems: &mut Problems) -> Option<ContainerPort> {
    let mut object = item.object(problems)?;
    let number = object.require("containerPort", problems).and_then(|port| port.integer(problems, 1..=65_535));
    // 0 is as if it were not there.
    let host_port = object.get("hostPort").and_then(|port| port.integer(problems, 0..=65_535)).filter(|port| *port > 0);
    let host_ip = object.get("hostIP").and_then(|address| address.string(problems)).filter(|text| !text.is_empty());
    let host_ip = host_ip.map(str::to_string);
    let protocol = read_protocol(&mut object, problems);
    let name = object.get("name");
    object.finish(problems, &[]);
    let name = name.and_then(|name| {
        let text = name.string(problems)?;
        if !is_port_name(text) {
            let rule = "must be a port name: at most 15 lower-case letters, digits and single `-`, with a letter";
            name.refuse(problems, rule);
        }
        Some(text.to_string())
    });
    Some(ContainerPort { number, name, protocol, host_port, host_ip, mark: item.mark(), path: item.path.clone() })
}

/// A port of a Node that a Pod takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct HostPort {
    number: i64,
    protocol: Protocol,
    /// All addresses of the Node if it is none.
    address: Option<String>,
}

impl HostPort {
    /// Whether no Node has room for both. Follows `pkg/scheduler/framework/types.go HostPortInfo.CheckConflict`.
    pub fn contends_with(&self, other: &Self) -> bool {
        let everywhere = |address: &Option<String>| address.as_deref().is_none_or(|address| address == "0.0.0.0");
        let meets = everywhere(&self.address) || everywhere(&other.address) || self.address == other.address;
        (self.number, self.protocol) == (other.number, other.protocol) && meets
    }
}

impl ContainerPort {
    /// The port of the Node that it takes, if it takes one; with the network of the Node it is one in any case.
    pub fn on_host(&self, uses_host_network: bool) -> Option<HostPort> {
        let number = self.host_port.or(self.number.filter(|_| uses_host_network))?;
        Some(HostPort { number, protocol: self.protocol, address: self.host_ip.clone() })
    }

    /// Whether a Service means it by a name and a protocol.
    pub fn is_called(&self, name: &str, protocol: Protocol) -> bool {
        self.name.as_deref() == Some(name) && self.protocol == protocol
    }
}

/// Reads the protocol of a port; M9: TCP.
pub(in crate::spec) fn read_protocol(object: &mut Object<'_>, problems: &mut Problems) -> Protocol {
    let words = [("TCP", Protocol::Tcp), ("UDP", Protocol::Udp), ("SCTP", Protocol::Sctp)];
    object.get("protocol").and_then(|word| word.word(problems, &words)).unwrap_or(Protocol::Tcp)
}

/// Refuses a name that two ports of one container have.
pub(in crate::spec) fn check_names(ports: &[ContainerPort], problems: &mut Problems) {
    for (index, port) in ports.iter().enumerate() {
        if let Some(name) = &port.name
            && ports[..index].iter().any(|earlier| earlier.name.as_ref() == Some(name))
        {
            let message = format!("is {name}, which an earlier port of the container is called too: must be unique");
            problems.error(port.mark, &format!("{}.name", port.path), message).help("give it a name of its own");
        }
    }
}

/// Refuses a port of the Node that two ports of one Pod take. Follows `checkHostPortConflicts`.
pub(in crate::spec) fn check_host_ports(ports: &[&ContainerPort], problems: &mut Problems) {
    for (index, port) in ports.iter().enumerate() {
        let same = |earlier: &&&ContainerPort| {
            (earlier.protocol, &earlier.host_ip, earlier.host_port) == (port.protocol, &port.host_ip, port.host_port)
        };
        if let Some(number) = port.host_port
            && let Some(earlier) = ports[..index].iter().find(same)
        {
            let message = format!("is {number}, which {} takes already: must be unique in a Pod", earlier.path);
            problems
                .error(port.mark, &format!("{}.hostPort", port.path), message)
                .help("take another port of the Node");
        }
    }
}

/// With the network of the Node, a container's port is the Node's. Follows `validateHostNetwork`.
pub(in crate::spec) fn check_same_host_port(port: &ContainerPort, problems: &mut Problems) {
    if let (Some(on_host), Some(number)) = (port.host_port, port.number)
        && on_host != number
    {
        let message = format!("is {on_host}, must be the containerPort, {number}, with hostNetwork: true");
        problems
            .error(port.mark, &format!("{}.hostPort", port.path), message)
            .help("leave it out, or write the same number");
    }
}

/// Reads what a probe, a hook or a Service asks for.
pub(in crate::spec) fn read_wanted(item: &Item<'_>, problems: &mut Problems) -> Option<PortRef> {
    let Value::String(name) = &item.node.value else {
        return item.integer(problems, 1..=65_535).map(PortRef::Number);
    };
    if is_port_name(name) {
        return Some(PortRef::Name(name.clone()));
    }
    let problem = problems.value(item.node, &item.path, RULE);
    if name.parse::<u16>().is_ok() {
        problem.help(format!("write {name} without quotes"));
    }
    None
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

impl PortRef {
    /// The number of the port, looked up among those of a container.
    pub fn number(&self, declared: &[ContainerPort]) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Name(name) => declared.iter().find(|port| port.name.as_ref() == Some(name))?.number,
        }
    }

    /// The name that no port of these has, if it is one.
    pub fn unknown_in(&self, declared: &[ContainerPort]) -> Option<&str> {
        match self {
            Self::Name(name) if declared.iter().all(|port| port.name.as_ref() != Some(name)) => Some(name),
            _ => None,
        }
    }
}

/// Follows `IsValidPortName`.
fn is_port_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 15
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && name.bytes().any(|c| c.is_ascii_lowercase())
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}
