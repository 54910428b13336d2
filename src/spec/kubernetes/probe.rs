//! Probes: their defaults (M3) and what the API server refuses (M4).
//! Follows `pkg/apis/core/v1/defaults.go` and `pkg/apis/core/validation/validation.go validateProbe`.

use crate::model::{Probe, ProbeKind};
use crate::spec::diagnostic::Problems;
use crate::spec::ports::{self, ContainerPort, PortRef, UnknownPort};
use crate::spec::reader::Item;
use crate::time::Duration;

const INT32: i64 = i32::MAX as i64;

/// A probe, and the port that it asks.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Asking {
    pub probe: Probe,
    /// The number of the port; none where it runs a command, or where there is no such port.
    pub port: Option<i64>,
    /// Its port has a name that the container does not know.
    pub unknown: Option<UnknownPort>,
}

/// Reads one probe of a container that declares these ports.
pub(in crate::spec) fn read(
    item: &Item<'_>,
    kind: ProbeKind,
    declared: &[ContainerPort],
    problems: &mut Problems,
) -> Option<Asking> {
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
    let mut asked: Option<(Item<'_>, PortRef)> = None;
    for (key, handler) in &handlers {
        asked = read_handler(key, handler, problems);
    }
    object.finish(problems, &[]);
    let unknown = asked.as_ref().and_then(|(item, port)| {
        let name = port.unknown_in(declared)?.to_string();
        Some(UnknownPort { probe: kind, name, mark: item.mark(), path: item.path.clone() })
    });
    let probe = Probe {
        initial_delay: seconds(initial_delay),
        timeout: seconds(timeout),
        period: seconds(period),
        success_threshold: success_threshold as u32,
        failure_threshold: failure_threshold as u32,
        termination_grace: termination_grace.map(seconds),
        always_errs: unknown.is_some(),
    };
    Some(Asking { probe, port: asked.and_then(|(_, port)| port.number(declared)), unknown })
}

/// Whole seconds of a manifest. What is longer than a century is as good as for ever.
pub(in crate::spec) fn seconds(value: i64) -> Duration {
    Duration::from_secs(u64::try_from(value).unwrap_or(0).min(100 * 365 * 86_400))
}

/// Checks what a probe or a hook does; gives the port that it asks, if it asks one.
pub(in crate::spec) fn read_handler<'a>(
    key: &str,
    item: &Item<'a>,
    problems: &mut Problems,
) -> Option<(Item<'a>, PortRef)> {
    let mut object = item.object(problems)?;
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
            None
        }
        "httpGet" => {
            let port = object.require("port", problems);
            let asked = port.and_then(|port| ports::read_wanted(&port, problems).map(|asked| (port, asked)));
            // M3: path `/` and scheme HTTP unless given.
            let _ = object.get("path").and_then(|path| path.string(problems));
            let _ = object.get("scheme").and_then(|scheme| scheme.word(problems, &[("HTTP", ()), ("HTTPS", ())]));
            if let Some(host) = object.get("host").filter(|host| host.string(problems).is_some_and(|h| !h.is_empty())) {
                host.warn(problems, "is not modelled: hasim takes the probe to ask the Pod itself");
            }
            object.finish(problems, &["httpHeaders"]);
            asked
        }
        "tcpSocket" => {
            let port = object.require("port", problems);
            object.finish(problems, &["host"]);
            port.and_then(|port| ports::read_wanted(&port, problems).map(|asked| (port, asked)))
        }
        "grpc" => {
            let port = object.require("port", problems);
            object.finish(problems, &["service"]);
            port.and_then(|port| port.integer(problems, 1..=65_535).map(|number| (port, PortRef::Number(number))))
        }
        _ => None,
    }
}
