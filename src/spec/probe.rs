//! Probes: their defaults (M3) and what the API server refuses (M4).
//! Follows `pkg/apis/core/v1/defaults.go` and `pkg/apis/core/validation/validation.go validateProbe`.

use super::diagnostic::Problems;
use super::reader::Item;
use super::tree::Value;
use crate::model::{Probe, ProbeKind};
use crate::time::Duration;

const INT32: i64 = i32::MAX as i64;

/// Reads one probe. `ports` are the names of the container's ports.
pub(super) fn read(item: &Item<'_>, kind: ProbeKind, ports: &[&str], problems: &mut Problems) -> Option<Probe> {
    let mut object = item.object(problems)?;
    let mut number = |key: &'static str, default: i64, problems: &mut Problems| {
        let value = object.get(key).and_then(|value| value.integer(problems, 0..=INT32));
        // M3: an explicit 0 means the default.
        value.filter(|value| *value != 0).unwrap_or(default)
    };
    let initial_delay = number("initialDelaySeconds", 0, problems);
    let timeout = number("timeoutSeconds", 1, problems);
    let period = number("periodSeconds", 10, problems);
    let success_threshold = number("successThreshold", 1, problems);
    let failure_threshold = number("failureThreshold", 3, problems);
    if kind != ProbeKind::Readiness
        && success_threshold != 1
        && let Some(value) = object.get("successThreshold")
    {
        value.refuse(problems, "must be 1 for liveness and startup probes");
    }
    let termination_grace = object.get("terminationGracePeriodSeconds").and_then(|value| {
        if kind == ProbeKind::Readiness {
            value.refuse(problems, "must not be set for readiness probes");
            return None;
        }
        value.integer(problems, 1..=i64::MAX)
    });

    let handlers: Vec<(&str, Item<'_>)> = ["exec", "httpGet", "tcpSocket", "grpc"]
        .into_iter()
        .filter_map(|key| object.get(key).map(|handler| (key, handler)))
        .collect();
    match handlers.as_slice() {
        [] => object.error(problems, "must specify a handler type: exec, httpGet, tcpSocket or grpc"),
        [_] => {}
        [_, (_, second), ..] => {
            problems.error(second.mark(), &second.path, "must not be there: a probe has only one handler type");
        }
    }
    for (key, handler) in &handlers {
        read_handler(key, handler, ports, problems);
    }
    object.finish(problems, &[]);
    Some(Probe {
        initial_delay: seconds(initial_delay),
        timeout: seconds(timeout),
        period: seconds(period),
        success_threshold: success_threshold as u32,
        failure_threshold: failure_threshold as u32,
        termination_grace: termination_grace.map(seconds),
    })
}

/// Whole seconds of a manifest. What is longer than a century is as good as for ever.
pub(super) fn seconds(value: i64) -> Duration {
    Duration::from_secs(u64::try_from(value).unwrap_or(0).min(100 * 365 * 86_400))
}

/// Checks what a probe or a hook does. Shared by probes and lifecycle hooks.
pub(super) fn read_handler(key: &str, item: &Item<'_>, ports: &[&str], problems: &mut Problems) {
    let Some(mut object) = item.object(problems) else { return };
    match key {
        "exec" => {
            let command = object.require("command", problems);
            if let Some(words) = command.as_ref().and_then(|command| command.list(problems)) {
                if words.is_empty() {
                    problems.error(item.mark(), &format!("{}.command", item.path), "is empty, must name a command");
                }
                for word in words {
                    let _ = word.string(problems);
                }
            }
            object.finish(problems, &[]);
        }
        "httpGet" => {
            if let Some(port) = object.require("port", problems) {
                read_port(&port, ports, problems);
            }
            // M3: path `/` and scheme HTTP unless given.
            let _ = object.get("path").and_then(|path| path.string(problems));
            let _ = object.get("scheme").and_then(|scheme| scheme.word(problems, &[("HTTP", ()), ("HTTPS", ())]));
            if let Some(host) = object.get("host").filter(|host| host.string(problems).is_some_and(|h| !h.is_empty())) {
                host.warn(problems, "is not modelled: hasim takes the probe to ask the Pod itself");
            }
            object.finish(problems, &["httpHeaders"]);
        }
        "tcpSocket" => {
            if let Some(port) = object.require("port", problems) {
                read_port(&port, ports, problems);
            }
            object.finish(problems, &["host"]);
        }
        "grpc" => {
            let _ = object.require("port", problems).and_then(|port| port.integer(problems, 1..=65_535));
            object.finish(problems, &["service"]);
        }
        _ => {}
    }
}

/// A port: 1–65535, or the name of a container port (M4).
fn read_port(item: &Item<'_>, ports: &[&str], problems: &mut Problems) {
    match &item.node.value {
        Value::String(name) if !is_port_name(name) => {
            let problem = problems.value(
                item.node,
                &item.path,
                "must be 1–65535, or a port name: at most 15 lower-case letters, digits and single `-`, with a letter",
            );
            if name.parse::<u16>().is_ok() {
                problem.help(format!("write {name} without quotes"));
            }
        }
        Value::String(name) if !ports.contains(&name.as_str()) => {
            item.warn(problems, format!("is {name}, and no container port has that name: the probe would always fail"));
        }
        Value::String(_) => {}
        _ => {
            let _ = item.integer(problems, 1..=65_535);
        }
    }
}

/// Follows `IsValidPortName`.
pub(super) fn is_port_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 15
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && name.bytes().any(|c| c.is_ascii_lowercase())
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}
