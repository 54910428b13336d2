//! `docs/rules.md` is true: what it calls implemented is cited by tests, which its last column names, and every rule
//! that the code and the documents cite is on it. `UPDATE_DOCS=1 cargo test --release --test program` writes that column.
//!
//! A test cites a rule by its number in its name (`n7a_…`, `m9_and_e4_…`) or in the comment (`///`) above it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use hasim::rules::{self, State};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, extensions: &[&str], into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files(&entry, extensions, into);
        } else if entry.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted)) {
            into.push(entry);
        }
    }
}

/// All files below these directories with such extensions, in a fixed order.
fn all_files(dirs: &[&str], extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in dirs {
        files(&root().join(dir), extensions, &mut found);
    }
    found.sort();
    found
}

/// The numbers in a text.
fn numbers(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| rules::is_number(word)).map(String::from).collect()
}

/// The numbers with which the name of a test begins.
fn numbers_of_name(name: &str) -> BTreeSet<String> {
    let number = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next()?.to_ascii_uppercase();
        Some(format!("{first}{}", letters.as_str())).filter(|number| rules::is_number(number))
    };
    let words = name.split('_').filter(|word| *word != "and");
    words.map_while(number).collect()
}

/// A test and the rules that it cites.
struct Test {
    name: String,
    cites: BTreeSet<String>,
}

/// The tests in a source file: the comment, the attribute and the name stand in this order.
fn tests_of(text: &str, prefix: &str) -> Vec<Test> {
    let mut found = Vec::new();
    let (mut comment, mut is_test) = (String::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("///") {
            comment.push_str(more);
        } else if line.starts_with("#[") {
            is_test |= line == "#[test]";
        } else {
            if is_test && let Some(rest) = line.strip_prefix("fn ") {
                let name = rest.split('(').next().unwrap();
                let cites = numbers(&comment).into_iter().chain(numbers_of_name(name)).collect();
                found.push(Test { name: format!("{prefix}::{name}"), cites });
            }
            (comment, is_test) = (String::new(), false);
        }
    }
    found
}

/// Where the tests of a file live: `validation_nodes`, or `cluster::prober`.
fn module(file: &Path) -> String {
    let path = file.strip_prefix(root()).unwrap().with_extension("");
    path.iter().skip(1).map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("::")
}

/// The names of the tests that cite each rule.
fn citations() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in all_files(&["src", "tests"], &["rs"]) {
        for test in tests_of(&fs::read_to_string(&file).unwrap(), &module(&file)) {
            for number in test.cites {
                found.entry(number).or_default().push(test.name.clone());
            }
        }
    }
    found
}

#[test]
fn the_page_names_the_tests_that_cite_each_rule() {
    let path = root().join("docs/rules.md");
    let page = fs::read_to_string(&path).unwrap();
    let citations = citations();
    let written: String = page.lines().map(|line| with_tests(line, &citations) + "\n").collect();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, written).unwrap();
        return;
    }
    let differs = page.lines().zip(written.lines()).find(|(on_page, found)| on_page != found);
    assert_eq!(differs, None, "`UPDATE_DOCS=1 cargo test --release --test program` writes the right line");
}

/// The line with its last cell written anew, if it is a rule's.
fn with_tests(line: &str, citations: &BTreeMap<String, Vec<String>>) -> String {
    let cells: Vec<&str> = line.split('|').collect();
    let [_, number, says, source, state, _, _] = cells[..] else { return line.to_owned() };
    if !rules::is_number(number.trim()) {
        return line.to_owned();
    }
    let tests = citations.get(number.trim()).map(|names| names.iter().map(|name| format!("`{name}`")));
    let tests = tests.map_or(String::new(), |names| names.collect::<Vec<_>>().join(", ") + " ");
    format!("|{number}|{says}|{source}|{state}| {tests}|")
}

#[test]
fn every_row_is_a_rule_with_a_state() {
    let page = fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let rows = page.lines().filter(|line| line.strip_prefix("| ").is_some_and(begins_with_a_number));
    let listed: Vec<&str> = rules::all().iter().map(|rule| rule.number).collect();
    let numbers: Vec<&str> = rows.map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    assert_eq!(numbers, listed, "a row has five cells, and its state is implemented or not modelled");
    assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), listed.len(), "each rule stands on the page once");
    let counts = rules::counts();
    assert_eq!(counts.implemented + counts.not_modelled, listed.len());
}

fn begins_with_a_number(row: &str) -> bool {
    row.split(' ').next().is_some_and(rules::is_number)
}

#[test]
fn implemented_rules_are_tested_and_the_others_say_why() {
    let citations = citations();
    let mut wrong = Vec::new();
    for rule in rules::all() {
        match rule.state {
            State::Implemented(_) if !citations.contains_key(rule.number) => {
                wrong.push(format!("{} is called implemented, and no test cites it", rule.number));
            }
            State::NotModelled("") => wrong.push(format!("{} is not modelled, without a reason", rule.number)),
            _ => {}
        }
        if rule.says.is_empty() || rule.source.is_empty() {
            wrong.push(format!("{} lacks its sentence or its source", rule.number));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands in comments of code and models, and anywhere in the documents.
fn prose(file: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
    let start = match file.extension().and_then(|extension| extension.to_str()) {
        Some("rs") => "//",
        Some("yaml") => "#",
        _ => return text,
    };
    let comments = text.lines().filter_map(|line| line.split_once(start).map(|(_, comment)| comment));
    comments.collect::<Vec<_>>().join("\n")
}

#[test]
fn no_rule_is_cited_that_is_not_on_the_page() {
    let known: BTreeSet<String> = rules::all().iter().map(|rule| rule.number.to_owned()).collect();
    let dirs = ["src", "tests", "examples", "benches", "docs", "models", "experiments"];
    let mut wrong = Vec::new();
    for file in all_files(&dirs, &["rs", "md", "yaml"]) {
        for number in numbers(&prose(&file)).difference(&known) {
            wrong.push(format!("{} cites {number}", file.display()));
        }
    }
    for (number, tests) in citations() {
        if !known.contains(&number) {
            wrong.push(format!("{} cites {number}", tests.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn citations_are_found() {
    let text = "/// P3, W2: so.\n#[test]\nfn p3_n7a_and_e4_this_is_5_s() {\n}\n/// C1\nfn no_test() {}\n";
    let found = tests_of(text, "file");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "file::p3_n7a_and_e4_this_is_5_s");
    assert_eq!(found[0].cites, ["E4", "N7a", "P3", "W2"].map(String::from).into());
}
