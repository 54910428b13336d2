//! What is wrong with a file, for people: where, what, why, and what to do.

use std::fmt;

use crate::spec::advice::Advice;
use crate::spec::template;
use crate::spec::tree::{Mark, Node, Sources};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, and something in it deserves a look.
    Warning,
    /// It is legal and dangerous.
    Advice,
    /// What hasim assumed or left out.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
            Self::Note => "note",
        })
    }
}

/// One finding. Its `Display` is `file:line:column: path: message`, the source line, and a line of help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it was named to hasim.
    pub file: String,
    /// Line, from 1; 0 where the file could not be opened.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The field, such as `spec.replicas`; empty where it concerns the file as a whole.
    pub path: String,
    /// What is wrong, with the value and the rule: `is 0, must be at least 1`.
    pub message: String,
    /// The next step.
    pub help: Option<String>,
    /// The scenario in which it occurs, where not all have it.
    pub scenario: Option<String>,
    /// The line of the file.
    pub source: Option<String>,
    /// Which piece of advice it is, if it is one.
    pub advice: Option<&'static Advice>,
    /// The scenario of [`Checked::changes`](crate::spec::Checked::changes) in which the advice is followed, if there is one.
    pub change: Option<usize>,
    /// No new Pod would ever be Ready, or ever get a request.
    pub never_ready: bool,
    /// The other Deployments whose Pods a Service has too (E4): namespace and name.
    pub served_too: Vec<(String, String)>,
}

impl Diagnostic {
    /// A finding about a file that could not be read.
    pub(in crate::spec) fn unreadable(file: &str, why: &str) -> Self {
        Self::of_file(file, Severity::Error, format!("cannot be read: {why}"))
    }

    /// A finding about a file as a whole.
    pub(in crate::spec) fn of_file(file: &str, severity: Severity, message: String) -> Self {
        Self {
            severity,
            file: file.to_string(),
            line: 0,
            column: 0,
            path: String::new(),
            message,
            help: None,
            scenario: None,
            source: None,
            advice: None,
            change: None,
            never_ready: false,
            served_too: Vec::new(),
        }
    }

    /// `path: message`, in one line and without the place.
    pub fn sentence(&self) -> String {
        let path = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        let scenario = self.scenario.as_ref().map(|name| format!(" (in scenario `{name}`)")).unwrap_or_default();
        format!("{path}{}{scenario}", self.message)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl Diagnostic {
    /// The same for a reader who has read already why this kind of advice is given.
    pub fn again(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(|f| self.write(f, false))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, explains: bool) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        write!(f, " ")?;
        if self.severity != Severity::Error {
            write!(f, "{}: ", self.severity)?;
        }
        f.write_str(&match self.advice {
            Some(_) => format!("{}: {}", short(&self.path), self.message),
            None => self.sentence(),
        })?;
        if let Some(source) = &self.source {
            write!(f, "\n{:>5} | {source}", self.line)?;
            let caret = self.column as usize - 1;
            if caret < source.chars().count() {
                write!(f, "\n      | {:caret$}^", "")?;
            }
        }
        let Some(advice) = self.advice else {
            return self.help.as_ref().map_or(Ok(()), |help| write!(f, "\n      = help: {help}"));
        };
        if let Some(scenario) = &self.scenario {
            write!(f, "\n      = scenario: {scenario}")?;
        }
        for (word, text) in [("why", Some(advice.why).filter(|_| explains)), ("help", self.help.as_deref())] {
            if let Some(text) = text {
                write!(f, "\n{}", wrapped(&format!("      = {word}: "), text))?;
            }
        }
        write!(f, "\n      = rules: {} [{}]", advice.rules.join(", "), advice.id)
    }
}

/// What leads to the Pod of a Deployment is always the same, and long.
fn short(path: &str) -> &str {
    path.strip_prefix("spec.template.spec.").unwrap_or(path)
}

/// The text in lines that a terminal of 80 columns shows whole, those after the first indented as far as `head`.
pub fn wrapped(head: &str, text: &str) -> String {
    const WIDTH: usize = 80;
    let indent = head.chars().count();
    let (mut lines, mut used) = (head.to_string(), indent);
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && used + 1 + length > WIDTH {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if index > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
    }
    lines
}

/// All that was found in one or several files, errors first, each severity in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The findings.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// True if a file cannot be used.
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// The errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.of(Severity::Error)
    }

    /// The warnings.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.of(Severity::Warning)
    }

    /// The advice.
    pub fn advice(&self) -> impl Iterator<Item = &Diagnostic> {
        self.of(Severity::Advice)
    }

    /// The notes.
    pub fn notes(&self) -> impl Iterator<Item = &Diagnostic> {
        self.of(Severity::Note)
    }

    /// Adds the findings of another file.
    pub fn extend(&mut self, other: Self) {
        self.diagnostics.extend(other.diagnostics);
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.severity);
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(move |diagnostic| diagnostic.severity == severity)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// A finding that still points into the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct Problem {
    pub severity: Severity,
    pub mark: Mark,
    pub path: String,
    pub message: String,
    pub help: Option<String>,
    pub scenario: Option<String>,
    pub advice: Option<&'static Advice>,
    pub change: Option<usize>,
    /// A scenario with it cannot be what its Deployment asks for, whatever happens: replicas have no place, or no Pod is
    /// ever Ready. Where every scenario is so, it is an error.
    pub is_hopeless: bool,
    /// No new Pod would ever be Ready, or ever get a request.
    pub never_ready: bool,
    /// The other Deployments whose Pods a Service has too: namespace and name.
    pub served_too: Vec<(String, String)>,
}

impl Problem {
    /// Adds the next step.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Leaves nothing that could be content of the file.
    fn hide(&mut self) {
        self.path.clear();
        self.message = "is not valid here; what stands here is not shown, as hasim does not read it".to_string();
        self.help = Some("`hasim check` on the file itself shows it".to_string());
    }
}

/// Collects what is found while files are read: reading goes on after an error, so that all are seen at once.
#[derive(Debug, Default)]
pub(in crate::spec) struct Problems {
    pub list: Vec<Problem>,
    /// Files that could not even be opened.
    pub unreadable: Vec<Diagnostic>,
    /// The experiment file while its grid is applied: what it puts into a manifest must exist there.
    pub patching: Option<u32>,
}

impl Problems {
    pub fn add(&mut self, severity: Severity, mark: Mark, path: &str, message: impl Into<String>) -> &mut Problem {
        let message = message.into();
        let path = path.to_string();
        self.list.push(Problem {
            severity,
            mark,
            path,
            message,
            help: None,
            scenario: None,
            advice: None,
            change: None,
            is_hopeless: false,
            never_ready: false,
            served_too: Vec::new(),
        });
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    pub fn error(&mut self, mark: Mark, path: &str, message: impl Into<String>) -> &mut Problem {
        self.add(Severity::Error, mark, path, message)
    }

    pub fn warn(&mut self, mark: Mark, path: &str, message: impl Into<String>) -> &mut Problem {
        self.add(Severity::Warning, mark, path, message)
    }

    pub fn note(&mut self, mark: Mark, path: &str, message: impl Into<String>) -> &mut Problem {
        self.add(Severity::Note, mark, path, message)
    }

    /// A value that breaks a rule.
    pub fn value(&mut self, node: &Node, path: &str, rule: impl fmt::Display) -> &mut Problem {
        let shown = node.shown();
        let shown = if shown.is_empty() { "empty".to_string() } else { shown };
        self.error(node.mark, path, format!("is {shown}, {rule}"))
    }

    pub fn has_errors(&self) -> bool {
        !self.unreadable.is_empty() || self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// There is no other scenario: what is hopeless is an error.
    pub fn condemn(&mut self) {
        for problem in self.list.iter_mut().filter(|problem| problem.is_hopeless) {
            problem.severity = Severity::Error;
        }
    }

    /// Whether this place belongs to the experiment whose grid is being applied.
    pub fn is_patch(&self, mark: Mark) -> bool {
        self.patching == Some(mark.file)
    }

    pub fn report(self, sources: &Sources) -> Report {
        let mut list = self.list;
        // Of a template that is not rendered nothing else is worth a word.
        let templates = template::unrendered(&list, sources);
        list.retain(|problem| !templates.contains_key(&problem.mark.file));
        let mut told = Self { list, ..Self::default() };
        for (&file, &mark) in &templates {
            told.error(mark, "", "is a template that is not rendered").help(template::help(sources.name(file)));
        }
        let mut list = told.list;
        list.sort_by_key(|problem| (problem.severity, problem.mark));
        // What is said to be left out is a kind, and no content.
        let is_hidden = |problem: &&mut Problem| problem.severity != Severity::Note && !sources.may_show(problem.mark);
        list.iter_mut().filter(is_hidden).for_each(Problem::hide);
        list.dedup_by(|a, b| a.mark == b.mark && a.message == b.message && a.path == b.path);
        let located = list.into_iter().map(|problem| Diagnostic {
            severity: problem.severity,
            file: sources.name(problem.mark.file).to_string(),
            line: problem.mark.line,
            column: problem.mark.column,
            path: problem.path,
            message: problem.message,
            help: problem.help,
            scenario: problem.scenario,
            source: sources.line(problem.mark).filter(|_| sources.may_show(problem.mark)).and_then(excerpt),
            advice: problem.advice,
            change: problem.change,
            never_ready: problem.never_ready,
            served_too: problem.served_too,
        });
        Report { diagnostics: self.unreadable.into_iter().chain(located).collect() }
    }
}

/// A line that a terminal can show: not too long, and without control characters.
fn excerpt(line: &str) -> Option<String> {
    let printable = line.chars().all(|c| !c.is_control() || c == '\t');
    (printable && line.chars().count() <= 160 && !line.trim().is_empty()).then(|| line.replace('\t', " "))
}
