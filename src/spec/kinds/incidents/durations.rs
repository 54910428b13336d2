//! The durations of a fault, as far as they were timed.

use std::path::Path;

use crate::durations::{self, LONGEST};
use crate::spec::diagnostic::Problems;
use crate::spec::loader::{self, Loader};
use crate::spec::reader::{Item, Object};
use crate::spec::records::{self, Reading, Recorded};
use crate::time::Duration;

/// The durations that were timed: `{values, ongoing}`, or a table that is read as `hasim fit` reads it.
pub(super) fn read(lasts: &Item<'_>, folder: &Path, loader: &mut Loader<'_>) -> Option<Vec<Recorded>> {
    let problems = &mut loader.problems;
    let mut object = lasts.our_object(problems)?;
    if object.has("file") {
        return read_table(object, folder, loader);
    }
    let mut durations = Vec::new();
    let mut complete = true;
    for (key, censored) in [("values", false), ("ongoing", true)] {
        let Some(list) = object.get(key) else { continue };
        let items = list.list(problems);
        if items.as_ref().is_none_or(Vec::is_empty) {
            complete = false;
        }
        if items.as_ref().is_some_and(Vec::is_empty) {
            problems.error(list.mark(), &list.path, "is empty, must hold a duration that was timed");
        }
        for item in items.unwrap_or_default() {
            match item.duration(problems, Duration::ZERO..=LONGEST) {
                Some(span) => durations.push(Recorded { secs: span.as_secs_f64(), censored }),
                None => complete = false,
            }
        }
    }
    if !object.has("values") && !object.has("ongoing") {
        object.error(problems, "must have one of values, ongoing and file");
        complete = false;
    }
    for key in ["file", "column", "censored", "unit"] {
        if let Some(item) = object.get(key) {
            problems.error(item.mark(), &item.path, "must only be set beside a file, of which it says how it is read");
            complete = false;
        }
    }
    object.finish(problems, &[]);
    complete.then_some(durations)
}

fn read_table(mut object: Object<'_>, folder: &Path, loader: &mut Loader<'_>) -> Option<Vec<Recorded>> {
    let problems = &mut loader.problems;
    let file = object.require("file", problems);
    let name = file.as_ref().and_then(|file| file.string(problems));
    let column = object.get("column").map(|item| item.string(problems).map(str::to_owned));
    let censored = object.get("censored").map(|item| item.string(problems).map(str::to_owned));
    let unit = object.get("unit").map(|item| read_unit(&item, problems));
    for key in ["values", "ongoing"] {
        if let Some(item) = object.get(key) {
            problems.error(item.mark(), &item.path, "must not be set beside a file, which holds the durations");
        }
    }
    object.finish(problems, &[]);
    let (file, name) = (file?, name?);
    // A field that is there and wrong has been complained of.
    let given = |text: Option<Option<String>>| text.map_or(Some(None), |text| text.map(Some));
    let reading = Reading {
        column: given(column)?,
        censored: given(censored)?,
        times: None,
        until: None,
        unit: unit.unwrap_or(Some(Duration::from_secs(1)))?,
        waited: None,
    };
    let path = folder.join(name);
    let bytes = loader::fetch(loader.open, &path, file.mark(), &file.path, problems)?;
    match records::read(Path::new(&loader::shown(&path)), &bytes, &reading) {
        Ok(records) => Some(records.durations),
        Err(report) => {
            // Its lines are not quoted: whoever checks the files of others must not be shown what a path leads to.
            let at = report.errors().next().map_or((0, 0), |error| (error.line, error.column));
            let message = format!(
                "names {}, which cannot be read as durations from line {}, column {} on",
                loader::shown(&path),
                at.0,
                at.1
            );
            let help = format!("`hasim fit {}` says what is wrong there", loader::shown(&path));
            problems.error(file.mark(), &file.path, message).help(help);
            None
        }
    }
}

/// The unit of bare numbers in a table.
fn read_unit(item: &Item<'_>, problems: &mut Problems) -> Option<Duration> {
    let text = item.string(problems)?;
    let unit =
        durations::parse(&format!("1{text}")).ok().filter(|_| durations::UNITS.split(", ").any(|unit| unit == text));
    if unit.is_none() {
        item.refuse(problems, format_args!("must be one of: {}", durations::UNITS));
    }
    unit
}
