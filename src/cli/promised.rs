//! The SLO that a command is asked about: a share, or a file of OpenSLO, Sloth or Pyrra; and the files of that kind that lie beside
//! manifests.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::spec::{self, SloInFile};

/// What stands behind `--slo` or `--fail-below`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Promised {
    /// A share.
    Share(f64),
    /// A file, perhaps with the name of an SLO in it: `slo.yaml#web`.
    From(String),
}

impl Promised {
    /// As it was typed.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rule = || "must be a percentage, such as 99.95%, or a file with an SLO".to_owned();
        let digits = text.strip_suffix('%').unwrap_or(text).trim();
        let Ok(number) = digits.parse::<f64>() else {
            let file = Self::From(text.to_owned());
            // A word without a folder and an extension is hardly a file, unless there is one.
            let is_word = !text.contains(['.', '/', '\\', '-']);
            let is_file = !text.ends_with('%') && (!is_word || file.file().is_some_and(Path::exists));
            return if is_file { Ok(file) } else { Err(rule()) };
        };
        let share = crate::stats::twelve_digits(number / 100.0);
        let is_sound = text.ends_with('%') && (0.0..=1.0).contains(&share);
        is_sound.then_some(Self::Share(share)).ok_or_else(rule)
    }

    /// The `objective` of an experiment; `None` for a share of 0, which anything meets.
    pub fn objective(&self) -> Option<Value> {
        match self {
            Self::Share(share) => (*share > 0.0).then(|| json!({"slo": share})),
            Self::From(file) => Some(json!({"from": file})),
        }
    }

    /// The file that it names.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Share(_) => None,
            Self::From(text) => Some(Path::new(text.split_once('#').map_or(text.as_str(), |(file, _)| file))),
        }
    }
}

/// What is known of the SLOs beside manifests.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Beside {
    /// There is none that hasim plays.
    None,
    /// The one that is meant, and where it lies.
    One(PathBuf, Option<String>, SloInFile),
    /// Several, and nothing tells which is meant: how an experiment names each.
    Several(Vec<(PathBuf, SloInFile)>),
}

impl Beside {
    /// In these files, for a Deployment of this name, if it is one: that of its service before others, and one that says to be
    /// about availability before others.
    pub fn among(files: impl IntoIterator<Item = PathBuf>, deployment: Option<&str>) -> Self {
        let mut all: Vec<(PathBuf, SloInFile)> = Vec::new();
        for file in files {
            let bytes = if file == Path::new("-") { spec::read_standard_input() } else { spec::read_file(&file) };
            let slos = bytes.map(|bytes| spec::slos_in(&file, &bytes)).unwrap_or_default();
            all.extend(slos.into_iter().map(|slo| (file.clone(), slo)));
        }
        let mut narrow = |is_meant: &dyn Fn(&SloInFile) -> bool| {
            if all.iter().any(|(_, slo)| is_meant(slo)) {
                all.retain(|(_, slo)| is_meant(slo));
            }
        };
        narrow(&|slo| deployment.is_some() && slo.service.as_deref() == deployment);
        narrow(&|slo| slo.is_of_availability);
        match all.as_slice() {
            [] => Self::None,
            [(file, slo)] => Self::One(file.clone(), slo.must_be_named.then(|| slo.name.clone()), slo.clone()),
            _ => Self::Several(all),
        }
    }
}

/// How a file and an SLO in it are named together.
pub(super) fn reference(file: &str, name: Option<&str>) -> String {
    name.map_or_else(|| file.to_owned(), |name| format!("{file}#{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_from_a_file() {
        assert_eq!(Promised::parse("99.95%"), Ok(Promised::Share(0.9995)));
        assert_eq!(Promised::parse("slo.yaml"), Ok(Promised::From("slo.yaml".to_owned())));
        assert_eq!(Promised::parse("slo.yaml#a").unwrap().file(), Some(Path::new("slo.yaml")));
        for wrong in ["99.95", "0.9995", "101%", "-1%", "x%", "", " ", "NaN%", "inf", "high"] {
            assert!(Promised::parse(wrong).is_err(), "{wrong}");
        }
    }
}
