//! The schema and the readers agree. The files of `tests/data/schema` have every field between them; each of their values
//! is removed, replaced by values of every kind and given unknown neighbours, and both sides judge what comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::super::diagnostic::Problems;
use super::super::tree::Sources;
use super::super::{check_bytes, yaml};

/// The documents of a YAML file as JSON.
fn documents(path: &Path) -> Vec<Value> {
    let bytes = std::fs::read(path).unwrap();
    let nodes = yaml::read(&mut Sources::default(), "", &bytes, &mut Problems::default()).1;
    nodes.iter().map(super::super::tree::Node::to_json).collect()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(entry.to_str().unwrap()));
        } else if entry.extension().is_some_and(|extension| extension == "yaml") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

fn is_ours(document: &Value) -> bool {
    document["apiVersion"] == super::API_VERSION
}

/// Right files that have every field between them.
fn specimens() -> Vec<(PathBuf, Value)> {
    let all = files("tests/data/schema").into_iter();
    all.flat_map(|path| documents(&path).into_iter().map(move |document| (path.clone(), document))).collect()
}

/// The errors of the readers.
fn errors(path: &Path, document: &Value) -> Vec<String> {
    let checked = check_bytes(path, document.to_string().as_bytes());
    checked
        .report
        .errors()
        .map(|error| format!("{}\n{}", error.sentence(), error.help.clone().unwrap_or_default()))
        .collect()
}

fn validator() -> Validator {
    jsonschema::draft7::new(&super::all()).unwrap()
}

/// A step into a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Index(usize),
}

/// Every place of a document below its root.
fn places(value: &Value, here: &[Step], into: &mut Vec<Vec<Step>>) {
    let mut visit = |step: Step, value: &Value| {
        let place = [here, &[step]].concat();
        into.push(place.clone());
        places(value, &place, into);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| visit(Step::Key(key.clone()), value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(index, value)| visit(Step::Index(index), value)),
        _ => {}
    }
}

fn at<'a>(document: &'a mut Value, place: &[Step]) -> &'a mut Value {
    place.iter().fold(document, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Index(index) => &mut value[*index],
    })
}

/// The values of `vary`, patches and `baseline` belong to other documents, and metadata to Kubernetes.
fn is_foreign(place: &[Step]) -> bool {
    let foreign = ["vary", "patch", "baseline"];
    place.iter().any(|step| matches!(step, Step::Key(key) if foreign.contains(&key.as_str())))
}

/// What a schema can say as well as a reader: that a value is of the wrong kind, is not one of the words, is unknown or is
/// missing.
fn is_plain(error: &str) -> bool {
    let message = error.lines().next().unwrap_or_default();
    let kinds = ["a map", "a list", "a string", "an integer", "a number", "a boolean", "a share", "a duration"];
    kinds.iter().any(|kind| message.contains(&format!("must be {kind}")))
        || ["must be one of: ", "is not a field that is known", "is missing", "must have a unit", "must have one of"]
            .iter()
            .any(|rule| message.contains(rule))
}

/// Values of every kind, and words that are right somewhere.
fn probes() -> Vec<Value> {
    let values = json!([
        null, true, false, 0, 1, -1, 2, 2.5, 1e15, "", " ", "x", "x y", "0", "5", "30s", "90d", "1h 30m", "1h30m", ".5h", "5.s",
        "1M", "-5s", "5 s", "99.9%", "150%", "+5 %", "1e1%", "%", "500m", "4Gi", "4gb", [], ["x"], [1, 2], ["5s", "9s"], {},
        {"zzzzzzzzzzzz": 1}, {"fixed": "1s"}, {"between": ["5s", "9s"]}, {"between": [1, 2]}, {"between": [1]},
        {"fixed": "1s", "uniform": {"min": "1s", "max": "2s"}}, {"mixture": [{"weight": 1, "fixed": "5s"}]},
        {"exits": "5s"}, {"replace": {"after": "5s"}}, {"slot": 0}, {"slot": "each"}, {"slot": "x"}, {"zone": "zone-1"},
        {"node": 1}, "each", "deployment", "container", "node", "zone", "crash", "hang", "error", "sandbox", "delete",
        "partition", "isolation", "kubelet", "requests", "startup", "legacy", "1.36", 1.36, "best", "cheapest",
        "availability", "request_success", "downtime_s_per_year", "restarts_per_year", "ignores", "reboot", "refuses",
        "fresh", "probe", "start", "Probe", "App", "Experiment", "hasim/v1", "hasim/v2",
    ]);
    values.as_array().cloned().unwrap()
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&super::all()));
    for kind in super::kinds() {
        assert!(jsonschema::meta::is_valid(&super::of_kind(kind).unwrap()), "{kind}");
    }
}

/// Property: whatever is shipped is right, by the schema of all kinds and by that of its own.
#[test]
fn shipped_files_follow_the_schema() {
    let all = validator();
    let mut count = 0;
    for path in ["models", "experiments", "tests/data/spec", "tests/data/schema"].iter().flat_map(|dir| files(dir)) {
        for document in documents(&path).into_iter().filter(is_ours) {
            let own = super::of_kind(document["kind"].as_str().unwrap()).unwrap();
            for schema in [&all, &jsonschema::draft7::new(&own).unwrap()] {
                let wrong: Vec<String> =
                    schema.iter_errors(&document).map(|e| format!("{} {e}", e.instance_path())).collect();
                assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
            }
            count += 1;
        }
    }
    assert!(count > 40, "only {count} documents");
}

/// Property: of every wrong file whose error a schema can tell, the schema tells it.
#[test]
fn wrong_files_are_refused_where_a_schema_can_tell() {
    let all = validator();
    let mut refused = 0;
    for path in files("tests/check") {
        let is_told = |document: &Value| {
            let told = errors(&path, document).iter().any(|error| is_plain(error));
            told && is_ours(document)
        };
        for document in documents(&path).iter().filter(|document| is_told(document)) {
            // The key of a grid is well-formed, its values are the Deployment's.
            let is_of_a_grid = path.file_name().unwrap().to_str().unwrap().starts_with("experiment-vary");
            assert!(is_of_a_grid || !all.is_valid(document), "{} passes", path.display());
            refused += usize::from(!is_of_a_grid);
        }
    }
    assert!(refused >= 8, "only {refused} files");
}

/// Property: what the schema refuses the reader refuses, and what is of the wrong kind, unknown or missing for the reader
/// is refused by the schema. The one exception: null, which for the reader is the same as nothing, has no place in an editor.
#[test]
fn both_judge_changed_files_alike() {
    let judgements: Vec<Judgement> = specimens().par_iter().map(|(path, document)| judge_all(path, document)).collect();
    let wrong: Vec<&String> = judgements.iter().flat_map(|judgement| &judgement.wrong).take(40).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (judged, refused) = judgements.iter().fold((0, 0), |sum, j| (sum.0 + j.judged, sum.1 + j.refused));
    assert!(judged > 10_000 && refused > judged / 2, "{refused} of {judged}");
}

/// What both sides made of the changes of one file.
#[derive(Default)]
struct Judgement {
    judged: usize,
    refused: usize,
    wrong: Vec<String>,
}

fn judge_all(path: &Path, document: &Value) -> Judgement {
    assert_eq!(errors(path, document), [""; 0], "{}", path.display());
    let (all, probes) = (validator(), probes());
    let mut judgement = Judgement::default();
    let mut judge = |changed: &Value, place: &[Step], what: &str, is_null: bool| {
        let errors = errors(path, changed);
        let passes = all.is_valid(changed);
        judgement.judged += 1;
        judgement.refused += usize::from(!passes);
        let complaint = match (passes, errors.is_empty()) {
            (false, true) if !is_null => "only the schema refuses",
            (true, false) if !is_foreign(place) && errors.iter().any(|error| is_plain(error)) => {
                "only the reader refuses"
            }
            _ => return,
        };
        judgement.wrong.push(format!("{} {place:?} {what}: {complaint} {errors:?}", path.display()));
    };
    let mut all_places = Vec::new();
    places(document, &[], &mut all_places);
    for (turn, place) in all_places.into_iter().enumerate() {
        // Each value at every seventh place: neighbours try the others.
        for probe in probes.iter().skip(turn % 7).step_by(7) {
            let mut changed = document.clone();
            *at(&mut changed, &place) = probe.clone();
            judge(&changed, &place, &probe.to_string(), probe.is_null());
        }
        let (last, above) = place.split_last().unwrap();
        let mut changed = document.clone();
        match (at(&mut changed, above), last) {
            (Value::Object(map), Step::Key(key)) => drop(map.shift_remove(key)),
            (Value::Array(list), Step::Index(index)) => drop(list.remove(*index)),
            _ => unreachable!("a step leads into what it was found in"),
        }
        judge(&changed, &place, "removed", false);
    }
    judgement
}

/// A part of the schema that holds for a value, by its place in the schema.
struct Part<'s> {
    place: String,
    schema: &'s Value,
}

/// The parts of the schema that hold for a value.
fn parts<'s>(root: &'s Value, place: &str, schema: &'s Value, value: &Value, into: &mut Vec<Part<'s>>) {
    let holds = |schema: &Value| {
        let alone = json!({"definitions": root["definitions"], "allOf": [schema]});
        jsonschema::draft7::new(&alone).unwrap().is_valid(value)
    };
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).unwrap();
        return parts(root, name, target, value, into);
    }
    into.push(Part { place: place.to_owned(), schema });
    for key in ["allOf", "anyOf", "oneOf"] {
        for (index, part) in schema[key].as_array().into_iter().flatten().enumerate().filter(|(_, part)| holds(part)) {
            parts(root, &format!("{place}/{key}/{index}"), part, value, into);
        }
    }
    if let Some(condition) = schema.get("if") {
        let branch = if holds(condition) { "then" } else { "else" };
        if let Some(part) = schema.get(branch) {
            parts(root, &format!("{place}/{branch}"), part, value, into);
        }
    }
}

/// What the specimens meet of an object of the schema.
#[derive(Default)]
struct Met {
    /// Its fields, by the schema.
    fields: BTreeSet<String>,
    /// What the reader says is known there; `None` for maps with one key of several, of which it says no such thing.
    known: Option<BTreeSet<String>>,
    /// The fields that the specimens have.
    had: BTreeSet<String>,
}

/// Notes the fields of every object of a document, then goes on below.
fn meet(
    (path, document): (&Path, &Value),
    root: &Value,
    here: &[Part<'_>],
    place: &[Step],
    into: &mut BTreeMap<String, Met>,
) {
    let mut whole = document.clone();
    let value = at(&mut whole, place).clone();
    let below = |step: Step, schema: &Value, of: &str, value: &Value, into: &mut BTreeMap<String, Met>| {
        let mut inner = Vec::new();
        parts(root, of, schema, value, &mut inner);
        meet((path, document), root, &inner, &[place, &[step]].concat(), into);
    };
    match &value {
        Value::Object(map) => {
            for part in here.iter().filter(|part| part.schema["additionalProperties"] == false) {
                let met = into.entry(part.place.clone()).or_default();
                met.fields.extend(part.schema["properties"].as_object().unwrap().keys().cloned());
                met.had.extend(map.keys().cloned());
                let mut changed = document.clone();
                at(&mut changed, place)["zzzzzzzzzzzz"] = json!(1);
                let errors = errors(path, &changed);
                assert!(!errors.is_empty(), "{} {place:?}", path.display());
                let listed = errors.iter().filter(|e| e.contains("zzzzzzzzzzzz: is not a field that is known here"));
                for known in listed.filter_map(|error| error.split_once("known are: ")) {
                    met.known.get_or_insert_default().extend(known.1.split(", ").map(str::to_owned));
                }
            }
            let fields = here.iter().flat_map(|part| {
                let fields = part.schema["properties"].as_object().into_iter().flatten();
                fields.map(move |(key, schema)| (key, schema, format!("{}/properties/{key}", part.place)))
            });
            for (key, schema, of) in fields.filter(|(key, ..)| map.contains_key(*key)) {
                below(Step::Key(key.clone()), schema, &of, &map[key], into);
            }
            // A map whose keys are names.
            for part in here.iter().filter(|part| part.schema["additionalProperties"].is_object()) {
                let of = format!("{}/additionalProperties", part.place);
                for (key, value) in map {
                    below(Step::Key(key.clone()), &part.schema["additionalProperties"], &of, value, into);
                }
            }
        }
        Value::Array(list) => {
            let items =
                here.iter().filter_map(|part| Some((part.schema.get("items")?, format!("{}/items", part.place))));
            for (schema, of) in items {
                for (index, value) in list.iter().enumerate() {
                    below(Step::Index(index), schema, &of, value, into);
                }
            }
        }
        _ => {}
    }
}

/// Property: every object has the fields in the schema that its reader asks for, no more and no fewer.
#[test]
fn fields_are_those_that_the_readers_know() {
    let root = super::all();
    let mut met = BTreeMap::new();
    for (path, document) in specimens() {
        let mut here = Vec::new();
        parts(&root, "#", &root, &document, &mut here);
        meet((&path, &document), &root, &here, &[], &mut met);
    }
    for (place, Met { fields, known, had }) in &met {
        if let Some(known) = known {
            assert_eq!(fields, known, "{place}");
        }
        // So that nothing passes because no file has it.
        let missed: Vec<&String> = fields.difference(had).collect();
        assert!(missed.is_empty(), "{place}: no file of tests/data/schema has {missed:?}");
    }
    let objects = closed(&root).len();
    assert_eq!(met.len(), objects, "objects of the schema that no specimen meets: {:?}", {
        let mut all = closed(&root);
        all.retain(|place| !met.contains_key(place));
        all
    });
    assert!(met.values().filter(|met| met.known.is_some()).count() > 30);
}

/// The places of all objects of the schema that refuse unknown fields.
fn closed(root: &Value) -> Vec<String> {
    fn walk(place: &str, schema: &Value, into: &mut Vec<String>) {
        match schema {
            Value::Object(map) => {
                if map.get("additionalProperties") == Some(&json!(false)) {
                    into.push(place.to_owned());
                }
                let data = ["default", "examples", "enum", "const", "defaultSnippets"];
                let inner = map.iter().filter(|(key, _)| !data.contains(&key.as_str()));
                inner.for_each(|(key, schema)| walk(&format!("{place}/{key}"), schema, into));
            }
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(index, schema)| walk(&format!("{place}/{index}"), schema, into));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk("#", root, &mut found);
    found
}

/// Property: an editor has something to say of every field.
#[test]
fn every_field_is_explained() {
    fn walk(place: &str, schema: &Value, missing: &mut Vec<String>) {
        if schema["additionalProperties"] == false || place.ends_with("metadata") {
            for (key, field) in schema["properties"].as_object().into_iter().flatten() {
                if field["description"].as_str().is_none_or(str::is_empty) {
                    missing.push(format!("{place}/{key}"));
                }
            }
        }
        match schema {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(&format!("{place}/{key}"), value, missing)),
            Value::Array(list) => list.iter().for_each(|value| walk(place, value, missing)),
            _ => {}
        }
    }
    let mut missing = Vec::new();
    walk("#", &super::all(), &mut missing);
    assert!(missing.is_empty(), "{missing:#?}");
}
