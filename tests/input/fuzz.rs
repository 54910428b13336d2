//! Whatever the bytes, reading ends with a report: no panic, and every error has a place.

use std::io;
use std::path::Path;

use hasim::spec::{check_bytes, load_experiment_with};
use proptest::prelude::*;

const FILES: [(&str, &[u8]); 7] = [
    ("shop.yaml", include_bytes!("../data/spec/shop.yaml")),
    ("app.yaml", include_bytes!("../data/spec/app.yaml")),
    ("cluster.yaml", include_bytes!("../data/spec/cluster.yaml")),
    ("faults.yaml", include_bytes!("../data/spec/faults.yaml")),
    ("experiment.yaml", include_bytes!("../data/spec/experiment.yaml")),
    ("incidents.yaml", include_bytes!("../data/spec/incidents.yaml")),
    ("outages.csv", include_bytes!("../data/spec/outages.csv")),
];

/// Words that are wrong nearly everywhere.
const WORDS: [&str; 20] = [
    "-1",
    "0",
    "null",
    "99999999999999999999",
    "1e308",
    "-1e-300",
    "''",
    "[]",
    "{}",
    "yes",
    "*a",
    "&a x",
    "<<: 1",
    "\t",
    "\u{0}",
    "é",
    "9223372036854775807",
    "[[[[[[",
    "!!int x",
    "1y",
];

fn load(changed: usize, bytes: &[u8]) {
    let open = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match FILES.iter().enumerate().find(|(_, (known, _))| *known == name) {
            Some((index, _)) if index == changed => Ok(bytes.to_vec()),
            Some((_, (_, content))) => Ok(content.to_vec()),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    };
    match load_experiment_with(Path::new("experiment.yaml"), &open) {
        Ok(loaded) => assert!(!loaded.study.scenarios.is_empty()),
        Err(report) => {
            assert!(report.has_errors());
            assert!(report.errors().all(|error| error.line > 0 && error.column > 0), "{report}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_reported(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let report = check_bytes(Path::new("fuzz"), &bytes).report;
        prop_assert!(report.errors().all(|error| error.line > 0));
    }

    #[test]
    fn random_text_is_reported(text in "[-a-z0-9:{}\\[\\]&*!|>'\"%@`#,? \n\t]{0,200}") {
        let report = check_bytes(Path::new("fuzz"), text.as_bytes()).report;
        let lines = text.split('\n').count() as u32;
        for one in &report.diagnostics {
            prop_assert!(one.file == "fuzz" && (1..=lines).contains(&one.line) && one.column > 0, "{}", one);
            prop_assert!(!one.message.is_empty() && report.to_string().contains(&one.message), "{}", one);
        }
    }

    /// Bytes of valid files are cut, doubled, replaced by others and by words.
    #[test]
    fn mutated_files_are_reported(
        file in 0..FILES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>(), 0..WORDS.len()), 1..5),
    ) {
        let mut bytes = FILES[file].1.to_vec();
        for (place, kind, byte, word) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => {
                    let end = (at + usize::from(byte)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    // The value behind the next colon becomes another word.
                    let start = bytes[at..].iter().position(|b| *b == b':').map_or(at, |p| at + p + 1);
                    let end = bytes[start..].iter().position(|b| b",}\n".contains(b)).map_or(start, |p| start + p);
                    bytes.splice(start..end, format!(" {}", WORDS[word]).into_bytes());
                }
            }
        }
        load(file, &bytes);
        let report = check_bytes(Path::new(FILES[file].0), &bytes).report;
        prop_assert!(report.diagnostics.iter().all(|one| !one.file.is_empty() && !one.message.is_empty()), "{}", report);
    }
}

#[test]
fn every_value_replaced_by_every_word_is_reported() {
    for (file, (name, content)) in FILES.iter().enumerate() {
        let text = std::str::from_utf8(content).unwrap();
        for (at, _) in text.match_indices(": ") {
            let end = text[at..].find([',', '}', '\n', ']']).map_or(text.len(), |end| at + end).max(at + 2);
            for word in WORDS {
                let changed = format!("{}{word}{}", &text[..at + 2], &text[end..]);
                load(file, changed.as_bytes());
                let report = check_bytes(Path::new(name), changed.as_bytes()).report;
                assert!(report.errors().all(|error| error.line > 0 && error.column > 0), "{report}");
            }
        }
    }
}
