//! Lifecycle hooks of a container (T3, T4, C7, C9): of preStop the sleeps are modelled, whichever way they are written.
//! Follows `pkg/kubelet/lifecycle/handlers.go` and `pkg/apis/core/validation/validation.go`.

use crate::durations::LONGEST;
use crate::spec::diagnostic::{Problems, Severity};
use crate::spec::ports::ContainerPort;
use crate::spec::probe::{self, seconds};
use crate::spec::reader::{Item, Object};
use crate::spec::tree::Mark;
use crate::time::Duration;

/// What the container does before SIGTERM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::spec) enum PreStop {
    /// Nothing.
    #[default]
    Nothing,
    /// It sleeps for so long, then nothing else that is known.
    Sleeps(Duration),
    /// A command or a request of which it is not known what it does, or how long it takes.
    Other,
}

impl PreStop {
    /// How long SIGTERM waits for it, as far as that is known; the grace cuts it (C9).
    pub fn sleep(self) -> Duration {
        match self {
            Self::Sleeps(span) => span,
            Self::Nothing | Self::Other => Duration::ZERO,
        }
    }
}

/// The preStop hook of a container, and what is to be said of it if that container is played.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct Hook {
    pub pre_stop: PreStop,
    /// How long postStart blocks the sync that starts the container (K8), as far as that is known.
    pub post_start: Duration,
    remark: Option<Remark>,
}

#[derive(Debug, Clone)]
struct Remark {
    severity: Severity,
    mark: Mark,
    path: String,
    message: String,
}

impl Hook {
    fn with_remark(pre_stop: PreStop, severity: Severity, handler: &Item<'_>, message: impl Into<String>) -> Self {
        let remark = Remark { severity, mark: handler.mark(), path: handler.path.clone(), message: message.into() };
        Self { pre_stop, remark: Some(remark), ..Self::default() }
    }

    /// Says what is assumed of it, or left out.
    pub fn tell(&self, problems: &mut Problems) {
        if let Some(Remark { severity, mark, path, message }) = &self.remark {
            problems.add(*severity, *mark, path, message.clone());
        }
    }
}

/// Reads `lifecycle`. `grace` is the Pod's terminationGracePeriodSeconds.
pub(in crate::spec) fn read(
    container: &mut Object<'_>,
    grace: i64,
    declared: &[ContainerPort],
    problems: &mut Problems,
) -> Hook {
    let lifecycle = container.get("lifecycle").and_then(|lifecycle| lifecycle.object(problems));
    let Some(mut lifecycle) = lifecycle else { return Hook::default() };
    let hook = lifecycle.get("preStop").map(|hook| read_pre_stop(&hook, grace, declared, problems));
    let post_start = lifecycle.get("postStart").map(|hook| read_post_start(&hook, problems));
    lifecycle.finish(problems, &["stopSignal"]);
    Hook { post_start: post_start.unwrap_or_default(), ..hook.unwrap_or_default() }
}

/// How long postStart blocks the sync that starts the container (C7, K8): a sleep for so long, anything else for no time.
fn read_post_start(hook: &Item<'_>, problems: &mut Problems) -> Duration {
    let Some(mut object) = hook.object(problems) else { return Duration::ZERO };
    let sleep = object.get("sleep").map(|handler| read_sleep(&handler, i64::MAX, problems).unwrap_or_default());
    let command = object.get("exec").map(|handler| read_command(&handler));
    let other = ["httpGet", "tcpSocket"].into_iter().find_map(|key| object.get(key));
    object.finish(problems, &[]);
    match (sleep, command, other) {
        (Some(sleep), ..) | (None, Some(Hook { pre_stop: PreStop::Sleeps(sleep), .. }), _) => sleep,
        (None, None, None) => {
            problems.error(hook.mark(), &hook.path, "must specify a handler type: exec, httpGet or sleep");
            Duration::ZERO
        }
        _ => {
            let message =
                "takes no time here: it is not known how long it holds up the other containers and the probes (K8)";
            hook.warn(problems, message);
            Duration::ZERO
        }
    }
}

fn read_pre_stop(hook: &Item<'_>, grace: i64, declared: &[ContainerPort], problems: &mut Problems) -> Hook {
    let Some(mut object) = hook.object(problems) else { return Hook::default() };
    let handlers: Vec<(&str, Item<'_>)> = ["exec", "httpGet", "tcpSocket", "sleep"]
        .into_iter()
        .filter_map(|key| object.get(key).map(|handler| (key, handler)))
        .collect();
    match handlers.as_slice() {
        [] => object.error(problems, "must specify a handler type: exec, httpGet or sleep"),
        [_] => {}
        [_, (_, second), ..] => {
            problems.error(second.mark(), &second.path, "must not be there: a hook has only one handler type");
        }
    }
    let mut read = Hook::default();
    for (key, handler) in &handlers {
        if *key == "sleep" {
            let sleep = read_sleep(handler, grace, problems).unwrap_or_default();
            read = Hook { pre_stop: PreStop::Sleeps(sleep), ..Hook::default() };
            continue;
        }
        if let Some((item, port)) = probe::read_handler(key, handler, problems)
            && let Some(name) = port.unknown_in(declared)
        {
            item.warn(problems, format!("is {name}, which is no port of this container: the hook would fail"));
        }
        read = if *key == "exec" { read_command(handler) } else { unknown(handler) };
    }
    object.finish(problems, &[]);
    read
}

/// The built-in sleep, which the API server holds to the grace period.
fn read_sleep(item: &Item<'_>, grace: i64, problems: &mut Problems) -> Option<Duration> {
    let mut object = item.object(problems)?;
    let wanted = object.require("seconds", problems);
    object.finish(problems, &[]);
    let wanted = wanted?;
    let value = wanted.integer(problems, 0..=i64::MAX)?;
    if value > grace {
        wanted.refuse(problems, format_args!("must be between 0 and terminationGracePeriodSeconds ({grace})"));
        return None;
    }
    Some(seconds(value))
}

fn unknown(handler: &Item<'_>) -> Hook {
    let message = "is not modelled: hasim sends SIGTERM at once (a sleep would be modelled)";
    Hook::with_remark(PreStop::Other, Severity::Warning, handler, message)
}

/// A command that is a sleep, or begins with one. It is a process of the container: the image must have the program, and
/// one that is longer than the grace is not refused; the kubelet waits for it until then (C9).
fn read_command(handler: &Item<'_>) -> Hook {
    let command = handler.node.get("command").map(|command| Item::new(command, ""));
    let quiet = &mut Problems::default();
    let words = command.as_ref().and_then(|command| command.list(quiet)).unwrap_or_default();
    let words: Vec<&str> = words.iter().filter_map(|word| word.string(quiet)).collect();
    let Some(Sleep { span, goes_on }) = sleep_in(&words) else { return unknown(handler) };
    let secs = span.as_secs_f64();
    let (severity, message) = if goes_on {
        let message = format!(
            "begins with a sleep of {secs} s and goes on, which is not modelled: SIGTERM comes after the sleep"
        );
        (Severity::Warning, message)
    } else {
        (Severity::Note, format!("counts as a sleep of {secs} s: the image is taken to have the program"))
    };
    Hook::with_remark(PreStop::Sleeps(span), severity, handler, message)
}

/// A sleep at the beginning of a command.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sleep {
    span: Duration,
    /// Something follows it.
    goes_on: bool,
}

/// The sleep that certainly is the first thing that a command does.
fn sleep_in(words: &[&str]) -> Option<Sleep> {
    match words {
        [program, amount] if is_program(program, &["sleep"]) => Some(Sleep { span: span(amount)?, goes_on: false }),
        [shell, flag, script] if is_program(shell, &["sh", "bash", "ash", "dash"]) && is_command_flag(flag) => {
            sleep_in_script(script)
        }
        _ => None,
    }
}

/// `sleep` or `/bin/sleep`: found by its name or in the usual places.
fn is_program(word: &str, names: &[&str]) -> bool {
    let places = ["", "/bin/", "/usr/bin/", "/usr/local/bin/"];
    places.iter().any(|place| word.strip_prefix(place).is_some_and(|name| names.contains(&name)))
}

/// `-c`, with flags beside it that do not change what a sleep does: stop at an error, refuse unset variables, tell.
fn is_command_flag(flag: &str) -> bool {
    flag.strip_prefix('-').is_some_and(|flags| flags.contains('c') && flags.chars().all(|c| "ceux".contains(c)))
}

/// `sleep 5`, and whatever follows after `;`, `&&` or in a new line.
fn sleep_in_script(script: &str) -> Option<Sleep> {
    let script = script.trim();
    let end = script.find([';', '&', '|', '\n']).unwrap_or(script.len());
    let (first, rest) = script.split_at(end);
    let mut words = first.split_whitespace().take_while(|word| !word.starts_with('#')).peekable();
    let replaces_the_shell = words.next_if(|word| *word == "exec").is_some();
    let (program, amount) = (words.next()?, words.next()?);
    if words.next().is_some() || !is_program(program, &["sleep"]) {
        return None;
    }
    let is_command = |text: &str| !text.trim().is_empty() && !text.trim().starts_with('#');
    let goes_on = match rest.split_at(rest.len().min(2)) {
        ("&&", _) => true,
        // What is there for a sleep that fails is not run.
        ("||", after) => after.contains([';', '&', '\n']),
        // In the background, or into a pipe: that is not known.
        _ if rest.starts_with(['&', '|']) => return None,
        _ => rest.split([';', '\n']).any(is_command),
    };
    Some(Sleep { span: span(amount)?, goes_on: goes_on && !replaces_the_shell })
}

/// A span as `sleep` understands it: a decimal number with `s`, `m`, `h`, `d` or without a unit, for seconds.
fn span(amount: &str) -> Option<Duration> {
    let quoted = |quote| amount.strip_prefix(quote)?.strip_suffix(quote);
    let amount = quoted('"').or_else(|| quoted('\'')).unwrap_or(amount);
    let units = [('s', 1.0), ('m', 60.0), ('h', 3_600.0), ('d', 86_400.0)];
    let unit = units.iter().find_map(|(unit, secs)| Some((amount.strip_suffix(*unit)?, *secs)));
    let (number, unit) = unit.unwrap_or((amount, 1.0));
    let is_plain =
        number.bytes().all(|c| c.is_ascii_digit() || c == b'.') && number.bytes().any(|c| c.is_ascii_digit());
    let secs = number.parse::<f64>().ok().filter(|_| is_plain)? * unit;
    Some(Duration::from_secs_f64(secs.min(LONGEST.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds of a command's sleep, and whether more follows.
    fn found(words: &[&str]) -> Option<(f64, bool)> {
        sleep_in(words).map(|sleep| (sleep.span.as_secs_f64(), sleep.goes_on))
    }

    #[test]
    fn a_sleep_is_known_in_every_usual_spelling() {
        for program in ["sleep", "/bin/sleep", "/usr/bin/sleep"] {
            assert_eq!(found(&[program, "15"]), Some((15.0, false)), "{program}");
        }
        for shell in ["sh", "/bin/sh", "/usr/bin/sh", "bash", "/bin/bash", "ash"] {
            for script in
                ["sleep 15", " sleep  15 ;", "/bin/sleep 15\n", "exec sleep 15", "sleep '15'", "sleep 15 # why"]
            {
                assert_eq!(found(&[shell, "-c", script]), Some((15.0, false)), "{shell} {script}");
            }
        }
        assert_eq!(found(&["sh", "-ec", "sleep 15s"]), Some((15.0, false)));
        assert_eq!(found(&["sleep", "0.5"]), Some((0.5, false)));
        assert_eq!(found(&["sleep", "2m"]), Some((120.0, false)));
        assert_eq!(found(&["sh", "-c", "sleep 5 || true"]), Some((5.0, false)));
        assert_eq!(found(&["sh", "-c", "exec sleep 5; echo never"]), Some((5.0, false)));
    }

    #[test]
    fn what_follows_a_sleep_is_noticed() {
        for script in ["sleep 5; nginx -s quit", "sleep 5 && kill 1", "sleep 5\nkill 1", "sleep 5 || true; kill 1"] {
            assert_eq!(found(&["sh", "-c", script]), Some((5.0, true)), "{script}");
        }
    }

    #[test]
    fn what_is_not_certainly_a_sleep_is_none() {
        let scripts = [
            "nginx -s quit; sleep 5",
            "sleep $WAIT",
            "sleep 5 &",
            "sleep 5 | cat",
            "sleep",
            "sleep 5 6",
            "sleep infinity",
            "sleep -5",
            "sleep 5x",
            "sleep '5",
            "sleep 5#6",
            "echo sleep 5",
            "mysleep 5",
            "",
            "sleep .",
            "sleep 1e3",
            "/opt/sleep 5",
        ];
        for script in scripts {
            assert_eq!(found(&["sh", "-c", script]), None, "{script}");
        }
        assert_eq!(found(&["sh", "sleep 5"]), None);
        assert_eq!(found(&["python", "-c", "sleep 5"]), None);
        assert_eq!(found(&["sh", "-c", "sleep 5", "x"]), None);
        assert_eq!(found(&["sh", "-lc", "sleep 5"]), None, "a login shell runs profiles first");
        assert_eq!(found(&[]), None);
    }

    /// The longest numbers do no harm.
    #[test]
    fn a_sleep_for_ever_is_as_long_as_anything() {
        assert_eq!(span(&"9".repeat(400)), Some(LONGEST));
    }
}
