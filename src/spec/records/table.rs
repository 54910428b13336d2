//! A table with a line of names on top: a column of durations, or one of moments.

use jiff::Timestamp;

use super::{Found, Reading, Recorded, refuse, seconds};
use crate::spec::diagnostic::Problems;
use crate::spec::reader::nearest;
use crate::spec::tree::Mark;
use crate::time::Duration;

/// Names that a column of durations has, in lower case.
const USUAL: [&str; 6] = ["duration", "duration_s", "duration_seconds", "durations", "seconds", "lifetime"];
/// The name that a column of flags has, if none is given.
const FLAGS: &str = "censored";

struct Table<'t> {
    file: u32,
    text: &'t str,
    lines: Vec<&'t str>,
    names: Vec<String>,
    /// The line of each row, and its cells.
    rows: Vec<(u32, csv::StringRecord)>,
}

pub(super) fn read(file: u32, text: &str, reading: &Reading, problems: &mut Problems) -> Found {
    let table = Table::parse(file, text, problems)?;
    match &reading.times {
        Some(column) => {
            let at = table.find(column, "--times", problems)?;
            Some((table.gaps(at, reading.until, problems), format!("gaps between {column}")))
        }
        None => {
            let at = match &reading.column {
                Some(column) => table.find(column, "--column", problems)?,
                None => table.durations(reading, problems)?,
            };
            let flags = match &reading.censored {
                Some(column) => Some(table.find(column, "--censored", problems)?),
                None => table.names.iter().position(|name| name.eq_ignore_ascii_case(FLAGS)),
            };
            let durations = table.rows(at, flags, reading, problems);
            Some((durations, table.names[at].clone()))
        }
    }
}

impl<'t> Table<'t> {
    fn parse(file: u32, text: &'t str, problems: &mut Problems) -> Option<Self> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for row in reader.records() {
            match row {
                Ok(row) => {
                    let line = row.position().map_or(0, |position| position.line() as u32);
                    rows.push((line, row));
                }
                Err(error) => {
                    let line = error.position().map_or(1, |position| position.line().max(1) as u32);
                    let what = match error.kind() {
                        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                            format!("has {len} columns, must have {expected_len} like the first line")
                        }
                        _ => format!("is no row of a table: {error}"),
                    };
                    problems.error(Mark { file, line, column: 1 }, "", what);
                }
            }
        }
        if rows.is_empty() {
            let help =
                "give a table with names on top, such as a line `duration` and a line `5m`, or telemetry of Krkn";
            problems.error(Mark::start_of(file), "", "holds no table").help(help);
            return None;
        }
        let (line, names) = rows.remove(0);
        let names: Vec<String> = names.iter().map(str::to_owned).collect();
        if names.iter().all(|name| seconds(name, Duration::from_secs(1)).is_ok()) {
            let message = "is a row of numbers, must be the names of the columns";
            problems.error(Mark { file, line, column: 1 }, "", message).help("put a line such as `duration` on top");
            return None;
        }
        if rows.is_empty() {
            problems.error(Mark { file, line, column: 1 }, "", "is the only row: there is nothing to fit");
            return None;
        }
        Some(Self { file, text, lines: text.lines().collect(), names, rows })
    }

    /// The column of this name.
    fn find(&self, name: &str, option: &str, problems: &mut Problems) -> Option<usize> {
        let found = self.names.iter().position(|other| other == name);
        if found.is_none() {
            let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
            let near = nearest(name, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let message = format!("has no column `{name}` ({option}), must be one of: {}", names.join(", "));
            let problem = problems.error(Mark::start_of(self.file), "", message);
            problem.help(near.unwrap_or_else(|| format!("name a column of the file with {option}")));
        }
        found
    }

    /// The column that must be meant: of a usual name, or the only one of durations.
    fn durations(&self, reading: &Reading, problems: &mut Problems) -> Option<usize> {
        if let Some(at) = self.names.iter().position(|name| USUAL.contains(&name.to_lowercase().as_str())) {
            return Some(at);
        }
        let is_flags = |name: &String| reading.censored.as_ref() == Some(name) || name.eq_ignore_ascii_case(FLAGS);
        let candidates: Vec<usize> = (0..self.names.len())
            .filter(|at| !is_flags(&self.names[*at]))
            .filter(|at| self.rows.iter().any(|(_, row)| seconds(&row[*at], reading.unit).is_ok()))
            .collect();
        if let [at] = candidates.as_slice() {
            return Some(*at);
        }
        let names = self.names.join(", ");
        let message = match candidates.len() {
            0 => format!("has no column of durations among: {names}"),
            _ => format!("has several columns that may be durations: {names}"),
        };
        let help = "name it with --column, or a column of moments (2026-01-31T12:00:00Z) with --times";
        problems.error(Mark::start_of(self.file), "", message).help(help);
        None
    }

    fn rows(&self, at: usize, flags: Option<usize>, reading: &Reading, problems: &mut Problems) -> Vec<Recorded> {
        let mut durations = Vec::new();
        for (line, row) in &self.rows {
            let secs = seconds(&row[at], reading.unit);
            let censored = flags.map_or(Ok(false), |flags| flag(&row[flags]));
            let mut refuse = |at: usize, rule: &str| {
                refuse(problems, self.mark(*line, at), &self.names[at], &row[at], rule);
            };
            if let Err(rule) = &secs {
                refuse(at, rule);
            }
            if let (Err(rule), Some(flags)) = (&censored, flags) {
                refuse(flags, rule);
            }
            if let (Ok(secs), Ok(censored)) = (secs, censored) {
                durations.push(Recorded { secs, censored });
            }
        }
        durations
    }

    /// The spans from each moment to the next, and from the last to the end of the watch.
    fn gaps(&self, at: usize, until: Option<Timestamp>, problems: &mut Problems) -> Vec<Recorded> {
        let mut moments = Vec::new();
        for (line, row) in &self.rows {
            match row[at].parse::<Timestamp>() {
                Ok(moment) => moments.push((moment, *line)),
                Err(_) => {
                    let rule = "must be a moment such as 2026-01-31T12:00:00Z";
                    refuse(problems, self.mark(*line, at), &self.names[at], &row[at], rule);
                }
            }
        }
        // Logs are often written newest first.
        moments.sort_unstable();
        let span = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
        let mut durations: Vec<Recorded> =
            moments.windows(2).map(|pair| Recorded { secs: span(pair[0].0, pair[1].0), censored: false }).collect();
        for (pair, gap) in moments.windows(2).zip(&durations) {
            if let Err(rule) = super::in_range(gap.secs) {
                let message = format!("is {} s after the moment before, {rule}", gap.secs);
                problems.error(self.mark(pair[1].1, at), &self.names[at], message);
            }
        }
        let last = moments.last().copied();
        if let (Some((last, line)), Some(until)) = (last, until) {
            let secs = span(last, until);
            if let Err(rule) = super::in_range(secs) {
                let message = format!("is {secs} s before --until, {rule}");
                problems.error(self.mark(line, at), &self.names[at], message).help("give a later --until");
            }
            durations.push(Recorded { secs, censored: true });
        } else if let Some((_, line)) = last {
            let message = "is the last moment: how long nothing followed is not known and not used";
            let help = "say with --until when the watch ended, or `--until now`";
            problems.warn(self.mark(line, at), &self.names[at], message).help(help);
        }
        durations
    }

    /// Where a cell stands.
    fn mark(&self, line: u32, at: usize) -> Mark {
        let text = self.lines.get((line as usize).saturating_sub(1)).copied().unwrap_or(self.text);
        let mut quoted = false;
        let mut commas = 0;
        let begins = text.chars().take_while(|c| {
            quoted ^= *c == '"';
            let here = commas < at;
            commas += usize::from(*c == ',' && !quoted);
            here
        });
        let column = begins.count();
        let spaces = text.chars().skip(column).take_while(|c| *c == ' ').count();
        Mark { file: self.file, line, column: (column + spaces) as u32 + 1 }
    }
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err("must be 1 or true for a duration that had not ended, 0 or false for one that had".to_owned()),
    }
}
