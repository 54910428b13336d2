//! `kubectl hasim COMMAND`: hasim, asked about what runs in a cluster.
//!
//! kubectl runs every program on the PATH that is called `kubectl-NAME`. This one lets kubectl fetch the objects, with whatever
//! configuration and rights it has, and hands them to the standard input of hasim. It knows no cluster and simulates nothing.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const HELP: &str = "\
How available is what runs in this cluster?

Usage: kubectl hasim COMMAND [deploy/NAME…] [flags of kubectl] [flags of hasim]

  kubectl hasim estimate deploy/web -n shop              how available is it, and which guesses does that hang on
  kubectl hasim estimate -n shop                         every Deployment of the namespace, worst first
  kubectl hasim check deploy/web -n shop                 what is legal and dangerous in it
  kubectl hasim explain deploy/web -n shop               what is understood of it
  kubectl hasim compare deploy/web new.yaml -n shop      what would applying new.yaml change
  kubectl hasim init deploy/web -n shop                  an experiment to change

The Services, PodDisruptionBudgets and HorizontalPodAutoscalers of the namespace come with it. kubectl gets -n, -A, -l, --context,
--kubeconfig, --as and --request-timeout; all else is for hasim: `hasim COMMAND --help` explains it. kubectl only reads.
";

/// What is said of a Deployment by other objects.
const BESIDE: &str = "services,poddisruptionbudgets.policy,horizontalpodautoscalers.autoscaling";
const DEPLOYMENTS: &str = "deployments.apps";
/// The commands of hasim that read a manifest.
const COMMANDS: [&str; 5] = ["estimate", "check", "explain", "compare", "init"];
/// Flags with a value that say which cluster, which namespace and who asks.
const OF_KUBECTL: [&str; 6] = ["-n", "--namespace", "--context", "--kubeconfig", "--as", "--request-timeout"];
/// Flags with a value that say which Deployments.
const OF_CHOICE: [&str; 2] = ["-l", "--selector"];
const KINDS: [&str; 5] = ["deploy", "deployment", "deployments", "deployment.apps", "deployments.apps"];

/// As hasim's own: failure while running, and wrong use.
const FAILED: u8 = 1;
const WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    let asked = match Asked::of(std::env::args().skip(1)) {
        Ok(Some(asked)) => asked,
        Ok(None) => {
            // Where nobody reads there is nobody to tell.
            let _ = io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(why) => return complain(&why, WRONG_USE),
    };
    match asked.objects() {
        Ok(objects) => asked.hasim(&objects),
        Err(code) => code,
    }
}

/// The arguments, by whom they are for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    /// The command of hasim.
    command: String,
    /// Which Deployments: names, or a selector. None: all of the namespace.
    choice: Vec<String>,
    /// Which cluster and which namespace.
    place: Vec<String>,
    /// What hasim gets.
    rest: Vec<String>,
}

impl Asked {
    /// `None` where help is wanted.
    fn of(args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut args = args.peekable();
        let command = match args.next() {
            None => return Ok(None),
            Some(help) if ["-h", "--help", "help"].contains(&help.as_str()) => return Ok(None),
            Some(command) if COMMANDS.contains(&command.as_str()) => command,
            Some(other) => {
                return Err(format!(
                    "kubectl hasim {other}: must be one of {}\nhelp: `hasim {other}` alone may be what you mean; `kubectl hasim --help`",
                    COMMANDS.join(", ")
                ));
            }
        };
        let mut asked = Self { command, ..Self::default() };
        while let Some(arg) = args.next() {
            let (flag, has_value) = arg.split_once('=').map_or((arg.as_str(), false), |(flag, _)| (flag, true));
            let taker = if OF_KUBECTL.contains(&flag) {
                &mut asked.place
            } else if OF_CHOICE.contains(&flag) {
                &mut asked.choice
            } else if ["-A", "--all-namespaces"].contains(&flag) {
                asked.place.push(arg);
                continue;
            } else if let Some(name) =
                arg.split_once('/').filter(|(kind, _)| KINDS.contains(kind)).map(|(_, name)| name)
            {
                asked.choice.push(name.to_owned());
                continue;
            } else if KINDS.contains(&arg.as_str()) && args.peek().is_some_and(|next| !next.starts_with('-')) {
                asked.choice.extend(args.next());
                continue;
            } else {
                asked.rest.push(arg);
                continue;
            };
            let needs_value = !has_value;
            taker.push(arg.clone());
            if needs_value {
                taker.push(args.next().ok_or_else(|| format!("{arg}: a value must follow"))?);
            }
        }
        asked.checked().map(Some)
    }

    /// What hasim could not know that it is wrong.
    fn checked(self) -> Result<Self, String> {
        let is_word = |arg: &&String| !arg.starts_with('-');
        match (self.command.as_str(), self.rest.first().filter(is_word)) {
            ("compare", _) if !self.rest.iter().any(|arg| is_word(&arg)) => {
                Err("compare: with what? `kubectl hasim compare deploy/web new.yaml` compares what runs with new.yaml"
                    .to_owned())
            }
            ("compare", _) | (_, None) => Ok(self),
            (command, Some(first)) => Err(format!(
                "{first}: is no Deployment of a cluster\nhelp: `kubectl hasim {command} deploy/{first}` means the one of that name, \
                 `hasim {command} {first}` a file"
            )),
        }
    }

    /// What kubectl gives: the chosen Deployments, and what stands beside them. Where it fails its code, as it has told why.
    fn objects(&self) -> Result<Vec<u8>, ExitCode> {
        if self.choice.is_empty() {
            return self.kubectl(&format!("{DEPLOYMENTS},{BESIDE}"), &[]);
        }
        let mut objects = self.kubectl(DEPLOYMENTS, &self.choice)?;
        objects.extend_from_slice(b"\n---\n");
        objects.extend(self.kubectl(BESIDE, &[])?);
        Ok(objects)
    }

    fn kubectl(&self, kinds: &str, choice: &[String]) -> Result<Vec<u8>, ExitCode> {
        let mut kubectl = Command::new("kubectl");
        kubectl.args(["get", kinds]).args(choice).args(["--output", "yaml"]).args(&self.place);
        let output = kubectl.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output
            .map_err(|why| complain(&format!("kubectl cannot be run: {why}\nhelp: it must be on the PATH"), FAILED))?;
        if output.status.success() { Ok(output.stdout) } else { Err(code(output.status.code())) }
    }

    /// Runs hasim on these objects.
    fn hasim(&self, objects: &[u8]) -> ExitCode {
        // Ctrl-C reaches hasim, too, which ends with what it has: that is waited for.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::new(AtomicBool::new(false)));
        let program = program();
        let mut hasim = Command::new(&program);
        hasim.args([self.command.as_str(), "-"]).args(&self.rest).stdin(Stdio::piped());
        let ran = hasim.spawn().and_then(|mut child| {
            if let Some(mut input) = child.stdin.take() {
                match input.write_all(objects) {
                    // Whoever was asked for help does not read.
                    Err(why) if why.kind() != io::ErrorKind::BrokenPipe => return Err(why),
                    _ => {}
                }
            }
            child.wait()
        });
        match ran {
            Ok(status) => code(status.code()),
            Err(why) => {
                let program = program.display();
                complain(&format!("{program} cannot be run: {why}\nhelp: install it beside kubectl-hasim"), FAILED)
            }
        }
    }
}

/// The hasim that was installed with this program, or that of the PATH.
fn program() -> PathBuf {
    let name = format!("hasim{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|us| Some(us.parent()?.join(&name)));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(OsStr::new(&name)))
}

/// The code of another program, as ours; of one that was ended from outside there is none.
fn code(code: Option<i32>) -> ExitCode {
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED))
}

fn complain(what: &str, code: u8) -> ExitCode {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "error: {what}");
    ExitCode::from(code)
}
