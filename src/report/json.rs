//! `results.json`, byte for byte: indented for people and diffs, histograms on one line.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::results::ExperimentResult;
use crate::study::RESULTS_KIND;

/// The text of `results.json`.
///
/// # Panics
/// Never with a result that hasim made: its keys are strings and its values have a JSON form.
pub fn render(result: &ExperimentResult) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, result).expect("a result has a JSON form, and memory takes it");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Writes the same text piece by piece.
///
/// # Errors
/// If it cannot be written.
pub fn write(to: &mut dyn io::Write, result: &ExperimentResult) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *to, FlatHistograms::default());
    result.serialize(&mut serializer)?;
    to.write_all(b"\n")
}

/// Reads `results.json`.
///
/// # Errors
/// If the text is not JSON or not of this shape; the message names line, column and field.
pub fn parse(text: impl AsRef<[u8]>) -> Result<ExperimentResult, serde_json::Error> {
    let result: ExperimentResult = serde_json::from_slice(text.as_ref())?;
    if result.kind == RESULTS_KIND {
        Ok(result)
    } else {
        let message = format!("its kind is {}, must be {RESULTS_KIND}", result.kind);
        Err(serde::de::Error::custom(message))
    }
}

/// Pretty, but an array of arrays (a histogram) stays on its line: a thousand buckets
/// would be four thousand lines otherwise.
#[derive(Default)]
struct FlatHistograms {
    pretty: PrettyFormatter<'static>,
    /// The key that was written last.
    key: String,
    in_key: bool,
    /// Open arrays of the histogram; 0 outside.
    depth: u32,
}

impl Formatter for FlatHistograms {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.depth > 0 || self.key == "histogram" {
            self.depth += 1;
            return writer.write_all(b"[");
        }
        self.pretty.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.depth > 0 {
            self.depth -= 1;
            return writer.write_all(b"]");
        }
        self.pretty.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.depth > 0 {
            return if first { Ok(()) } else { writer.write_all(b",") };
        }
        self.pretty.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.depth > 0 { Ok(()) } else { self.pretty.end_array_value(writer) }
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.key.clear();
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.key.clear();
        self.in_key = true;
        self.pretty.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.in_key = false;
        self.pretty.end_object_key(writer)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.key.clear();
        self.pretty.end_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if self.in_key {
            self.key.push_str(fragment);
        }
        writer.write_all(fragment.as_bytes())
    }
}
