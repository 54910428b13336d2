//! The models that come with the program, by the names under which `--app`, `--cluster` and `--faults` take them.

use std::io;
use std::path::Path;

use super::{Exit, complain};
use crate::spec::{self, BUNDLED};

/// What a model is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    App,
    Cluster,
    Faults,
}

/// A model that is part of the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bundled {
    kind: Kind,
    /// As it is given on the command line.
    pub name: &'static str,
    /// As an experiment refers to it.
    pub reference: &'static str,
    pub text: &'static str,
}

/// Embeds models under their names.
macro_rules! bundle {
    ($($kind:ident $folder:literal $name:literal),* $(,)?) => {
        &[$(Bundled {
            kind: Kind::$kind,
            name: $name,
            reference: concat!("bundled:", $folder, "/", $name),
            text: include_str!(concat!("../../models/", $folder, "/", $name, ".yaml")),
        }),*]
    };
}

/// All of them, those that are taken if none is named first.
const MODELS: &[Bundled] = bundle![
    App "apps" "jvm-service",
    App "apps" "slow-jvm-service",
    App "apps" "steady-jvm-service",
    App "apps" "measured-jvm-service",
    App "apps" "go-service",
    App "apps" "node-service",
    App "apps" "nginx",
    App "apps" "redis",
    App "apps" "postgres",
    Cluster "clusters" "three-zones",
    Cluster "clusters" "two-zones",
    Cluster "clusters" "single-zone",
    Cluster "clusters" "priced-zones",
    Cluster "clusters" "pods-by-the-hour",
    Cluster "clusters" "spot-and-on-demand",
    Faults "faults" "cloud",
    Faults "faults" "control-plane",
    Faults "faults" "database-not-in-liveness",
];

/// Stands for no faults at all, and so leaves the library out.
pub(super) const NO_FAULTS: &str = "none";

impl Kind {
    /// The flag that names such a model.
    pub const fn flag(self) -> &'static str {
        match self {
            Self::App => "--app",
            Self::Cluster => "--cluster",
            Self::Faults => "--faults",
        }
    }

    /// The models of this kind.
    pub fn models(self) -> impl Iterator<Item = &'static Bundled> {
        MODELS.iter().filter(move |model| model.kind == self)
    }

    /// The model that is taken if none is named.
    pub fn default(self) -> &'static Bundled {
        self.models().next().expect("there is a model of every kind")
    }

    /// The model of this name.
    pub fn find(self, name: &str) -> Option<&'static Bundled> {
        self.models().find(|model| model.name == name)
    }

    /// The words that are no file's name: of models, and of their absence.
    fn words(self) -> impl Iterator<Item = &'static str> {
        let none = (self == Self::Faults).then_some(NO_FAULTS);
        self.models().map(|model| model.name).chain(none)
    }

    /// The names, each with what it is, for `--help`.
    pub fn help(self, what: &str) -> String {
        let mut text = format!("{what}\n\nBundled are:");
        for model in self.models() {
            text += &format!("\n- {}: {}", model.name, model.summary());
        }
        if self == Self::Faults {
            text += &format!("\n- {NO_FAULTS}: nothing breaks, but for what further --faults name");
        }
        text
    }

    /// The names, in one line.
    pub fn short_help(self, what: &str) -> String {
        format!("{what}: a file, or {}", self.words().collect::<Vec<_>>().join(", "))
    }

    /// Says that a word is neither a file nor a bundled model.
    pub fn refuse(self, word: &str) -> Exit {
        let names: Vec<&str> = self.words().collect();
        let likeness = |name: &&str| strsim::jaro_winkler(word, name);
        let nearest = names.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let nearest = nearest.filter(|name| likeness(name) > 0.75);
        let help =
            nearest.map_or_else(|| "name one of these, or a file".to_owned(), |name| format!("did you mean {name}?"));
        complain(format_args!(
            "{}: there is no file {word} and no bundled model of that name, must be a file or one of: {}\nhelp: {help}",
            self.flag(),
            names.join(", ")
        ));
        Exit::BadInput
    }
}

impl Bundled {
    /// The first sentence of the file's own comment.
    pub fn summary(&self) -> String {
        let comment = self.text.lines().skip(1).map_while(|line| line.strip_prefix('#'));
        let paragraph: Vec<&str> = comment.map(str::trim).take_while(|line| !line.is_empty()).collect();
        let paragraph = paragraph.join(" ");
        let sentence = paragraph.split_once(". ").map_or(paragraph.as_str(), |(sentence, _)| sentence);
        sentence.trim_end_matches('.').to_owned()
    }
}

/// The bytes of a file, or of the model to which an experiment refers as `bundled:…`.
pub(super) fn open(path: &Path) -> io::Result<Vec<u8>> {
    let Some(reference) = path.to_str().filter(|name| name.starts_with(BUNDLED)) else { return spec::read_file(path) };
    match MODELS.iter().find(|model| model.reference == reference) {
        Some(model) => Ok(model.text.as_bytes().to_vec()),
        None => {
            // What stands before the last slash says of what kind it is to be.
            let folder = reference.rsplit_once('/').map_or(reference, |(folder, _)| folder);
            let all = || MODELS.iter().map(|model| model.reference);
            let alike: Vec<&str> = all().filter(|other| other.starts_with(folder)).collect();
            let there = if alike.is_empty() { all().collect() } else { alike };
            let message = format!("no such model is bundled; there are: {}", there.join(", "));
            Err(io::Error::new(io::ErrorKind::NotFound, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule: every shipped model is bundled but for those of the proof and one that says nothing without `traffic`, and each has something
    /// to say of itself.
    #[test]
    fn shipped_models_are_bundled() {
        let left_out = [
            "starts-in-a-second",
            "almost-no-latency",
            "measuring-set-up-delayed",
            "measuring-set-up-fast",
            "queueing-jvm-service",
        ];
        for (folder, kind) in [("apps", Kind::App), ("clusters", Kind::Cluster), ("faults", Kind::Faults)] {
            for entry in std::fs::read_dir(format!("models/{folder}")).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_stem().unwrap().to_str().unwrap();
                assert!(kind.find(name).is_some() != left_out.contains(&name), "{name}");
            }
            for model in kind.models() {
                assert!(model.summary().len() > 20, "{}: {}", model.name, model.summary());
            }
        }
        assert_eq!(
            Kind::App.find("go-service").unwrap().summary(),
            "A service compiled to machine code: it starts in about a second"
        );
    }
}
