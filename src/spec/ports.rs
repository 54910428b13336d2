//! Ports: what a container declares, and what probes, hooks and Services mean by a number or a name (M4).
//! A kubelet looks a name up among the ports of the probe's own container, and of no other: follows
//! `pkg/probe/util.go ResolveContainerPort`.

use super::diagnostic::Problems;
use super::reader::Item;
use super::tree::{Mark, Value};
use crate::model::ProbeKind;

const RULE: &str =
    "must be 1–65535, or a port name: at most 15 lower-case letters, digits and single `-`, with a letter";

/// A port as a probe, a hook or a Service names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PortRef {
    Number(i64),
    Name(String),
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContainerPort {
    pub number: Option<i64>,
    pub name: Option<String>,
}

/// A probe asks for a port by a name that its container does not have: every attempt ends in an error (P15).
#[derive(Debug, Clone)]
pub(super) struct UnknownPort {
    pub probe: ProbeKind,
    pub name: String,
    pub mark: Mark,
    pub path: String,
}

/// Reads a port of a container.
pub(super) fn read_declared(item: &Item<'_>, problems: &mut Problems) -> Option<ContainerPort> {
    let mut object = item.object(problems)?;
    let number = object.require("containerPort", problems).and_then(|port| port.integer(problems, 1..=65_535));
    let _ = object.get("hostPort").and_then(|port| port.integer(problems, 1..=65_535));
    let _ = object.get("protocol").and_then(|word| word.word(problems, &[("TCP", ()), ("UDP", ()), ("SCTP", ())]));
    let name = object.get("name");
    object.finish(problems, &["hostIP"]);
    let name = name.and_then(|name| {
        let text = name.string(problems)?;
        if !is_port_name(text) {
            let rule = "must be a port name: at most 15 lower-case letters, digits and single `-`, with a letter";
            name.refuse(problems, rule);
        }
        Some(text.to_string())
    });
    Some(ContainerPort { number, name })
}

/// Reads what a probe, a hook or a Service asks for.
pub(super) fn read_wanted(item: &Item<'_>, problems: &mut Problems) -> Option<PortRef> {
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
