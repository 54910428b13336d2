//! Templates that nobody has rendered, such as those of a Helm chart: what is wrong in them is that they are templates.
//!
//! `{{ .Values.replicas }}` is valid YAML (a map whose key is a map), so a template shows itself by errors of many kinds. A
//! manifest may hold `{{` as well, in the text of a ConfigMap or in an argument: there it is no error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::shell;
use crate::spec::diagnostic::{Problem, Severity};
use crate::spec::loader::shown;
use crate::spec::tree::{Mark, Sources};

/// How far above a template its chart is looked for.
const MAX_LEVELS: usize = 8;

/// The files of which an error stands in a line with an action of a template; each with the place of its first action.
pub(in crate::spec) fn unrendered(problems: &[Problem], sources: &Sources) -> BTreeMap<u32, Mark> {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let in_action = errors.filter(|problem| sources.line(problem.mark).is_some_and(|line| action(line).is_some()));
    in_action.filter_map(|problem| Some((problem.mark.file, first_action(problem.mark.file, sources)?))).collect()
}

fn first_action(file: u32, sources: &Sources) -> Option<Mark> {
    let mut lines = sources.text(file).lines().zip(1..);
    lines.find_map(|(line, number)| Some(Mark { file, line: number, column: action(line)? }))
}

/// The column, from 1, at which an action begins that is no comment of YAML.
fn action(line: &str) -> Option<u32> {
    let at = line.find("{{").filter(|_| !line.trim_start().starts_with('#'))?;
    Some(line[..at].chars().count() as u32 + 1)
}

/// How to play what the template of this name makes.
pub(in crate::spec) fn help(name: &str) -> String {
    match chart_of(Path::new(name)) {
        Some(chart) => format!("`{}` plays what the chart makes of it", rendered(&chart, "estimate -")),
        None => "`helm template CHART | hasim estimate -` plays a chart, where CHART is the folder with its Chart.yaml; what \
                 another program fills in is piped in the same way"
            .to_owned(),
    }
}

/// The command that renders a chart and hands it to a command of hasim.
pub fn rendered(chart: &Path, command: &str) -> String {
    format!("helm template {} | hasim {command}", shell::quoted(&chart.display().to_string()))
}

/// The folder of the chart to which a file belongs.
pub fn chart_of(file: &Path) -> Option<PathBuf> {
    let mut folder = file.parent()?.to_path_buf();
    for _ in 0..MAX_LEVELS {
        if folder.join("Chart.yaml").is_file() {
            let name = shown(&folder);
            return Some(if name.is_empty() { PathBuf::from(".") } else { PathBuf::from(name) });
        }
        folder.push("..");
    }
    None
}
