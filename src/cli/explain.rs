//! `hasim explain FILE`: what the simulator understood, with every default that it applied and where each value comes from.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use super::estimate::Estimate;
use super::intake::{self, Intake};
use super::run::eprint_report;
use super::{Exit, library, print};
use crate::report::assumptions;
use crate::spec::{self, Explained, Explanation, Origin};

/// Columns of a value; longer ones push the place aside.
const WIDEST: usize = 44;

/// Explains a manifest or an experiment; `-` is standard input.
pub(super) fn execute(path: &Path) -> Exit {
    text_of(path).map_or_else(|exit| exit, |text| print(&text))
}

fn text_of(path: &Path) -> Result<String, Exit> {
    let intake = Intake::of(path);
    let is_manifest = !matches!(intake, Intake::Experiment | Intake::Slos(_));
    if is_manifest {
        intake::expect_manifest(path, "explain -")?;
    }
    if path.is_dir() {
        let help = format!("`hasim check {}` looks at all its files", intake::word(path));
        return Err(intake::refuse(path, "is a folder, must be a file", &help));
    }
    let (name, is_piped) = if path == Path::new("-") { (Path::new("<stdin>"), true) } else { (path, false) };
    let open = |file: &Path| -> io::Result<Vec<u8>> {
        if is_piped && file == name { spec::read_standard_input() } else { library::open(file) }
    };
    let explained = spec::explain(name, &open).map_err(|report| {
        eprint_report(&report);
        Exit::BadInput
    })?;
    let mut text = String::new();
    for part in &explained {
        let _ = writeln!(text, "{}\n{}", part.of, table(part));
    }
    if is_manifest {
        text += &assumed(path)?;
    }
    Ok(text)
}

/// What a manifest does not say and `hasim estimate` assumes.
fn assumed(path: &Path) -> Result<String, Exit> {
    let mut estimate = Estimate::of_all(vec![PathBuf::from(path)]);
    estimate.playing.quiet = true;
    let mut text = String::from("What the manifest does not say, as `hasim estimate` assumes it\n");
    let entries = estimate.entries("explain -")?;
    if let [_] = entries.as_slice() {
        for guess in estimate.guesses()? {
            let flag = guess.flags.first().cloned().unwrap_or_default();
            let _ = writeln!(text, "  {} ({flag})", assumptions::assumed(&guess));
        }
        return Ok(text);
    }
    for sentence in estimate.assumed_of(&entries) {
        let _ = writeln!(text, "  {sentence}");
    }
    Ok(text)
}

/// The values of a part: field, value and where it comes from.
fn table(part: &Explanation) -> String {
    let rows: Vec<[String; 3]> = part.values.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (fields, values) = (width(0), width(1).min(WIDEST));
    let line = |[field, value, origin]: &[String; 3]| format!("  {field:fields$}  {value:values$}  {origin}\n");
    rows.iter().map(line).collect()
}

fn row(value: &Explained) -> [String; 3] {
    // What leads to the Pod of a Deployment is always the same, and long.
    let field = value.field.strip_prefix("spec.template.spec.").unwrap_or(&value.field);
    let origin = match &value.origin {
        Origin::Written { file, line } => format!("{file}:{line}"),
        Origin::Kubernetes => "default of Kubernetes".to_owned(),
        Origin::Hasim => "default of hasim".to_owned(),
        Origin::Tool(name) => format!("default of {name}"),
        Origin::Assumed => "assumed by hasim".to_owned(),
    };
    [field.to_owned(), value.value.clone(), origin]
}
