//! YAML and JSON text → documents. The only module that knows the parser.
//!
//! The events come from granit-parser, the parser under serde-saphyr. Its serde
//! side is not used: it gives positions through `Spanned` types only, takes `'3'`
//! for a number and stops at the first error of a document. What serde-saphyr
//! guards against is guarded here: duplicate keys, alias bombs, deep nesting.
//!
//! Plain scalars mean what they mean to kubectl (YAML 1.1, `yes` is a boolean).

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use crate::spec::diagnostic::Problems;
use crate::spec::files::MAX_BYTES;
use crate::spec::tree::{Entry, Mark, Node, Sources, Value};

const MAX_NODES: usize = 2_000_000;
/// As much as aliases may add: an alias bomb ends here.
const MAX_ALIASED_NODES: usize = 100_000;
/// Kubernetes objects are about 15 deep. Everything that walks the tree recurses, so this bounds the stack.
const MAX_DEPTH: usize = 200;

/// Reads all documents of a file. What stands before a syntax error is returned too, so its own errors show.
pub(in crate::spec) fn read(
    sources: &mut Sources,
    name: &str,
    bytes: &[u8],
    problems: &mut Problems,
) -> (u32, Vec<Node>) {
    match text(sources, name, bytes, problems) {
        Ok(file) => (file, parse(file, sources.text(file), problems)),
        Err(file) => (file, Vec::new()),
    }
}

/// Takes a file as text into the sources, without a byte order mark. `Err` with the same number of the file if it is none
/// or too large, which then has been said.
pub(in crate::spec) fn text(
    sources: &mut Sources,
    name: &str,
    bytes: &[u8],
    problems: &mut Problems,
) -> Result<u32, u32> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_string(),
        Err(error) => {
            let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or("");
            let line = good.matches('\n').count() as u32 + 1;
            let column = good.rsplit('\n').next().unwrap_or("").chars().count() as u32 + 1;
            let byte = bytes[error.valid_up_to()];
            let file = sources.add(name, good.to_string());
            problems
                .error(Mark { file, line, column }, "", format!("is not UTF-8 text (byte {byte:#04x})"))
                .help("hasim reads text in UTF-8");
            return Err(file);
        }
    };
    let file = sources.add(name, text);
    if bytes.len() as u64 > MAX_BYTES {
        problems.error(Mark::start_of(file), "", format!("is larger than {} MiB", MAX_BYTES >> 20));
        return Err(file);
    }
    Ok(file)
}

/// A collection that is still open.
struct Open {
    mark: Mark,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, Mark)> },
}

struct Builder<'p> {
    file: u32,
    problems: &'p mut Problems,
    open: Vec<Open>,
    anchors: Vec<(usize, Node)>,
    nodes: usize,
    aliased: usize,
    documents: Vec<Node>,
}

fn parse(file: u32, text: &str, problems: &mut Problems) -> Vec<Node> {
    let mut builder =
        Builder { file, problems, open: vec![], anchors: vec![], nodes: 0, aliased: 0, documents: vec![] };
    for event in Parser::new_from_str(text) {
        let go_on = match event {
            Ok((event, span)) => {
                let start = span.start;
                let mark = Mark { file, line: start.line().max(1) as u32, column: start.col() as u32 + 1 };
                builder.event(event, mark)
            }
            Err(error) => {
                let at = error.marker();
                let mark = Mark { file, line: at.line().max(1) as u32, column: at.col() as u32 + 1 };
                let help = syntax_help(text, mark);
                let problem = builder.problems.error(mark, "", format!("is not valid YAML: {}", error.info()));
                if let Some(help) = help {
                    problem.help(help);
                }
                false
            }
        };
        if !go_on {
            break;
        }
    }
    builder.documents
}

/// The commonest cause of a syntax error cannot be seen in an editor.
fn syntax_help(text: &str, mark: Mark) -> Option<&'static str> {
    let line = text.lines().nth(mark.line as usize - 1)?;
    let indent = &line[..line.len() - line.trim_start().len()];
    if indent.contains('\t') {
        Some("indent with spaces: YAML forbids tabs there")
    } else if line.contains('\0') || line.chars().any(|c| c.is_control() && c != '\t' && c != '\r') {
        Some("this looks like a binary file")
    } else {
        None
    }
}

impl Builder<'_> {
    /// Takes one event; false ends the reading of the file.
    fn event(&mut self, event: Event<'_>, mark: Mark) -> bool {
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref());
                let merge = style == ScalarStyle::Plain && text == "<<";
                return self.node(Node { value, mark }, anchor, merge);
            }
            Event::SequenceStart(_, anchor, _) => {
                return self.start(Open { mark, anchor, content: Content::List(vec![]) });
            }
            Event::MappingStart(_, anchor, _) => {
                return self.start(Open { mark, anchor, content: Content::Map { entries: vec![], key: None } });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return false };
                let value = match open.content {
                    Content::List(items) => Value::List(items),
                    Content::Map { entries, .. } => Value::Map(self.merged(entries)),
                };
                return self.node(Node { value, mark: open.mark }, open.anchor, false);
            }
            Event::Alias(id) => {
                let Some(target) = self.anchors.iter().rev().find(|(anchor, _)| *anchor == id) else {
                    self.problems.error(mark, "", "names an anchor that is not complete yet".to_string());
                    return false;
                };
                let (count, depth) = measure(&target.1);
                self.aliased += count;
                if self.aliased > MAX_ALIASED_NODES {
                    let message = format!("expands to more than {MAX_ALIASED_NODES} values through aliases");
                    self.problems.error(mark, "", message).help("write the repeated parts out");
                    return false;
                }
                if self.open.len() + depth > MAX_DEPTH {
                    self.problems.error(mark, "", format!("is nested deeper than {MAX_DEPTH} levels"));
                    return false;
                }
                // Values keep the place where they are written: that is where an error is mended.
                let node = target.1.clone();
                return self.node(node, 0, false);
            }
            _ => {}
        }
        true
    }

    fn start(&mut self, open: Open) -> bool {
        if self.open.len() >= MAX_DEPTH {
            self.problems.error(open.mark, "", format!("is nested deeper than {MAX_DEPTH} levels"));
            return false;
        }
        self.open.push(open);
        true
    }

    /// Puts a complete value where it belongs.
    fn node(&mut self, node: Node, anchor: usize, merge: bool) -> bool {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.problems.error(Mark::start_of(self.file), "", format!("holds more than {MAX_NODES} values"));
            return false;
        }
        if anchor != 0 {
            self.anchors.push((anchor, node.clone()));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return true;
        };
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, key } => match key.take() {
                None => {
                    let text = match &node.value {
                        Value::String(text) => text.clone(),
                        Value::Bool(_) | Value::Int(_) | Value::Float(_) => node.shown(),
                        other => {
                            let message = format!("has a key that is {}, must be a string", other.kind());
                            self.problems.error(node.mark, "", message);
                            String::new()
                        }
                    };
                    // Only a plain `<<` merges; the mark distinguishes it from a quoted key of that name.
                    let text = if merge { MERGE.to_string() } else { text };
                    *key = Some((text, node.mark));
                }
                Some((key, key_mark)) => match entries.iter().find(|entry| entry.key == key) {
                    Some(first) if key != MERGE => {
                        let line = first.key_mark.line;
                        let message = format!("key `{key}` occurs twice in one map, first in line {line}");
                        self.problems.error(key_mark, "", message).help("keep one of them");
                    }
                    _ => entries.push(Entry { key, key_mark, value: node }),
                },
            },
        }
        true
    }

    /// Expands `<<: *defaults`; keys of the map itself win.
    fn merged(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        if entries.iter().all(|entry| entry.key != MERGE) {
            return entries;
        }
        let (merges, mut own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.key == MERGE);
        for merge in merges {
            let sources = match merge.value.value {
                Value::List(items) => items,
                _ => vec![merge.value],
            };
            for source in sources {
                let Value::Map(inherited) = source.value else {
                    self.problems.error(merge.key_mark, "", "`<<` must merge a map".to_string());
                    continue;
                };
                for entry in inherited {
                    if own.iter().all(|mine| mine.key != entry.key) {
                        own.push(entry);
                    }
                }
            }
        }
        own
    }
}

/// Stands for a plain `<<` until its map is complete; a NUL cannot come from a file's own key.
const MERGE: &str = "\0<<";

/// Number of values in a tree and its depth.
fn measure(node: &Node) -> (usize, usize) {
    let mut total = (1, 1);
    let mut add = |child: &Node| {
        let (count, depth) = measure(child);
        total = (total.0 + count, total.1.max(depth + 1));
    };
    match &node.value {
        Value::List(items) => items.iter().for_each(&mut add),
        Value::Map(entries) => entries.iter().for_each(|entry| add(&entry.value)),
        _ => {}
    }
    total
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    match tag.and_then(Tag::core_suffix) {
        Some("str") => Value::String(text.to_string()),
        Some("int" | "float" | "bool" | "null") => plain(text),
        _ if style == ScalarStyle::Plain && tag.is_none() => plain(text),
        _ => Value::String(text.to_string()),
    }
}

/// What an unquoted word means, after the YAML library of kubectl (`sigs.k8s.io/yaml/goyaml.v2/resolve.go`).
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Value::String(text.to_string());
    }
    let number = text.replace('_', "");
    let (negative, digits) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(&number)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'0'..=b'7', ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // `from_str_radix` would take a second sign.
    if digits.chars().all(|c| c.is_digit(radix))
        && let Ok(value) = i128::from_str_radix(digits, radix)
    {
        return Value::Int(if negative { -value } else { value });
    }
    let is_float =
        radix == 10 && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    match number.parse::<f64>() {
        Ok(value) if is_float && value.is_finite() => Value::Float(value),
        _ => Value::String(text.to_string()),
    }
}
