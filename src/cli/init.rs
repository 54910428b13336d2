//! `hasim init`: an experiment to change, from the manifests that are there. It asks nothing and overwrites nothing.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};

use super::bundled::{RELEASE, Surroundings, named};
use super::estimate::{Entry, Estimate};
use super::intake::{folder_of, plain, refuse, word};
use super::library::{self, Kind};
use super::promised::{self, Beside};
use super::run::eprint_report;
use super::{Exit, complain, note, print};
use crate::spec::{self, Overrides, Report};
use crate::study::API_VERSION;
use crate::to_yaml::{self, Field};

/// What standard input is kept as.
const KEPT: &str = "manifest.yaml";
/// Replications of a year, as `hasim estimate` plays them.
const REPLICATIONS: u64 = 1_000;
/// Nodes of a zone that are tried where those of the bundled cluster have no room for all.
const NODES_PER_ZONE: [u32; 9] = [3, 4, 6, 8, 12, 16, 32, 64, 128];

/// Where the manifests are, and the file to write.
#[derive(Debug)]
pub(super) struct Init {
    /// `-` is standard input.
    pub path: PathBuf,
    pub out: PathBuf,
}

impl Init {
    pub fn execute(self) -> Exit {
        self.write().unwrap_or_else(|exit| exit)
    }

    fn write(&self) -> Result<Exit, Exit> {
        let kept = (self.path == Path::new("-")).then(|| self.beside(Path::new(KEPT)));
        for path in std::iter::once(&self.out).chain(&kept) {
            if path.exists() {
                return Err(is_there(path));
            }
        }
        let entries = Estimate::of_all(vec![self.path.clone()]).entries("init -")?;
        let text = self.text(&entries, kept.as_deref())?;
        if let Some(kept) = &kept {
            let bytes = spec::read_standard_input().map_err(|error| unwritten(kept, &error))?;
            create(kept, &bytes)?;
            note(format_args!("standard input is kept in {}", kept.display()));
        }
        create(&self.out, text.as_bytes())?;
        let names: Vec<String> = entries.iter().map(|entry| entry.label.clone()).collect();
        let of = super::intake::some_of(&names);
        let (shown, file) = (self.out.display(), word(&self.out));
        Ok(print(&format!("{shown} asks how available {of} is. Next:\n\n  hasim run {file}\n")))
    }

    /// The experiment, which is read before anybody sees it; with as many Nodes as all of them need.
    fn text(&self, entries: &[Entry], kept: Option<&Path>) -> Result<String, Exit> {
        let text = self.experiment(entries, kept, None)?;
        let Err(report) = self.try_out(&text, kept) else { return Ok(text) };
        if entries.len() > 1 {
            for nodes in NODES_PER_ZONE {
                let text = self.experiment(entries, kept, Some(nodes))?;
                if self.try_out(&text, kept).is_ok() {
                    return Ok(text);
                }
            }
        }
        eprint_report(&report);
        Err(Exit::BadInput)
    }

    fn try_out(&self, text: &str, kept: Option<&Path>) -> Result<(), Report> {
        let open = |path: &Path| -> io::Result<Vec<u8>> {
            if path == self.out {
                Ok(text.as_bytes().to_vec())
            } else if kept == Some(path) {
                spec::read_standard_input()
            } else {
                library::open(path)
            }
        };
        spec::load_experiment_as(&self.out, &open, Overrides::default()).map(|_| ())
    }

    fn experiment(&self, entries: &[Entry], kept: Option<&Path>, nodes: Option<u32>) -> Result<String, Exit> {
        let file = word(&self.out);
        let head = format!(
            "Written by hasim {} init.\n`hasim check {file}` says what is wrong in it, `hasim run {file}` plays it.",
            env!("CARGO_PKG_VERSION"),
        );
        let name = match entries {
            [one] => one.label.as_str(),
            _ => "system",
        };
        let top = json!({"apiVersion": API_VERSION, "kind": "Experiment", "metadata": {"name": name}});
        let mut text = to_yaml::comment(&head, 0) + &to_yaml::document(&top) + "spec:\n";
        text += &to_yaml::fields(&self.fields(entries, kept, nodes)?, 1);
        Ok(text)
    }

    fn fields(&self, entries: &[Entry], kept: Option<&Path>, nodes: Option<u32>) -> Result<Vec<Field>, Exit> {
        let field = |key, comment: &str, value| Field { comment: comment.to_owned(), key, value };
        let members: Vec<Map<String, Value>> =
            entries.iter().map(|entry| self.member(entry, kept)).collect::<Result<_, Exit>>()?;
        let apps: Vec<&str> = Kind::App.models().map(|model| model.name).collect();
        let app = format!(
            "How the application starts and stops. Bundled are {}; or name a file of kind App.",
            apps.join(", ")
        );
        let question = match entries {
            [one] => format!("How available is {}?", one.label),
            all => format!("How available is a system of {} Deployments?", all.len()),
        };
        let mut fields = vec![field("question", "What is asked. The report opens with it.", json!(question))];
        match (entries, members.as_slice()) {
            ([entry], [member]) => {
                let mut member = member.clone();
                let own = member.shift_remove("app");
                member.shift_remove("as");
                let value = if entry.is_alone { member["file"].clone() } else { Value::Object(member) };
                fields.push(field("deployment", "What kubectl apply takes: a file, or a folder of files.", value));
                let guessed = match &entry.sign {
                    Some(sign) => format!("{app} Guessed from {sign}."),
                    None => format!("{app} Assumed, as the manifest shows no sign of it."),
                };
                fields.push(field("app", &guessed, own.unwrap_or_default()));
            }
            (_, members) => {
                let comment = "What kubectl apply takes, each with its application; all of them make the system. "
                    .to_owned()
                    + &app;
                fields.push(field("deployments", &comment, json!(members)));
            }
        }
        let clusters: Vec<&str> = Kind::Cluster.models().map(|model| model.name).collect();
        let cluster = format!("Zones and Nodes. Bundled are {}; or name a file of kind Cluster.", clusters.join(", "));
        fields.push(field("cluster", &cluster, json!(Kind::Cluster.default().reference)));
        fields.push(field(
            "faults",
            "What breaks, and how often: mostly assumptions. Faults of later entries replace those of the same name: name the file \
             that `hasim calibrate` makes of your incidents behind it.",
            json!([Kind::Faults.default().reference]),
        ));
        fields.push(field(
            "operations",
            &format!("What is changed on purpose. `every` says how often: state it for {RELEASE} from your pipeline."),
            Surroundings::usual_operations().into(),
        ));
        fields.push(self.objective(entries, kept)?);
        fields.push(field("horizon", "How long each replication is.", json!("1y")));
        let comment = "How many are played: four times as many halve the intervals.";
        fields.push(field("replications", comment, json!(REPLICATIONS)));
        fields.push(field("seed", "Another seed is other chance. The same seed gives the same numbers.", json!(1)));
        if let Some(nodes) = nodes {
            fields.push(field(
                "candidates",
                "With fewer Nodes in each zone there is no room for all. Here stand alternatives, each with what it changes.",
                json!([{"name": "all", "patch": {"cluster.nodesPerZone": nodes}}]),
            ));
        } else if let [entry] = entries {
            let more = [entry.replicas, entry.replicas + 1];
            fields.last_mut().expect("there are fields").comment += &format!(
                "\nTo compare settings under the same faults, add a line such as `vary: {{replicas: [{}, {}]}}`.",
                more[0], more[1]
            );
        }
        Ok(fields)
    }

    /// What the service must achieve: as an SLO beside the manifests says it.
    fn objective(&self, entries: &[Entry], kept: Option<&Path>) -> Result<Field, Exit> {
        let mut value = Map::new();
        let mut comment = String::new();
        let mut deployment = None;
        if let [entry] = entries {
            value.insert("minServing".to_owned(), json!(1));
            comment += "Available is while so many Pods serve. ";
            deployment = Some(entry.label.as_str());
        }
        comment += "The answer tells how probably a window meets the SLO.";
        let from = |file: &Path, name: Option<&str>| -> Result<String, Exit> {
            let file = if kept.is_some() { PathBuf::from(KEPT) } else { self.path_from_here(file)? };
            Ok(promised::reference(named(&file)?, name))
        };
        match Beside::among(files_beside(entries, kept), deployment) {
            Beside::One(file, name, slo) => {
                let from = from(&file, name.as_deref())?;
                comment += &format!(" That is {} in a file of {}: {}.", slo.name, slo.tool, slo.promise);
                value.insert("from".to_owned(), json!(from));
            }
            beside => {
                value.extend([("slo".to_owned(), json!("99.95%")), ("window".to_owned(), json!("30d"))]);
                if let Beside::Several(all) = beside {
                    let all = all.iter().map(|(file, slo)| from(file, Some(&slo.name)));
                    let all: Vec<String> = all.collect::<Result<_, Exit>>()?;
                    comment += &format!(
                        " There are several; to take one, write `from` instead of `slo` and `window`: {}.",
                        super::intake::some_of(&all)
                    );
                }
            }
        }
        Ok(Field { comment, key: "objective", value: Value::Object(value) })
    }

    /// How the experiment names a Deployment.
    fn member(&self, entry: &Entry, kept: Option<&Path>) -> Result<Map<String, Value>, Exit> {
        let mut member = entry.member.clone();
        let file = match kept {
            Some(_) => PathBuf::from(KEPT),
            None => self.path_from_here(&entry.path)?,
        };
        let Some(file) = file.to_str() else {
            return Err(refuse(&file, "has a name that is not UTF-8", "rename it"));
        };
        member.insert("file".to_owned(), json!(file));
        Ok(member)
    }

    /// A file of the same folder as the experiment.
    fn beside(&self, file: &Path) -> PathBuf {
        self.out.parent().unwrap_or(Path::new("")).join(file)
    }

    /// The path of a file from the folder of the experiment.
    fn path_from_here(&self, file: &Path) -> Result<PathBuf, Exit> {
        let folder = self.out.parent().unwrap_or(Path::new(""));
        let file = plain(file);
        if file.is_absolute() || folder.as_os_str().is_empty() || folder == Path::new(".") {
            return Ok(file.to_owned());
        }
        let is_below =
            |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if is_below(folder) {
            if let Ok(inside) = file.strip_prefix(folder) {
                return Ok(if inside.as_os_str().is_empty() { PathBuf::from(".") } else { inside.to_owned() });
            }
            let up = folder.components().filter(|part| matches!(part, Component::Normal(_))).map(|_| "..");
            return Ok(up.collect::<PathBuf>().join(file));
        }
        // From elsewhere only the whole path leads back.
        file.canonicalize()
            .map_err(|error| refuse(file, format_args!("cannot be found: {error}"), "name it by its whole path"))
    }
}

/// The files in the folders of the manifests; of standard input nothing lies beside it.
fn files_beside(entries: &[Entry], kept: Option<&Path>) -> Vec<PathBuf> {
    if kept.is_some() {
        return vec![PathBuf::from("-")];
    }
    let folder =
        |entry: &Entry| if entry.path.is_dir() { entry.path.clone() } else { folder_of(&entry.path).to_owned() };
    let folders: BTreeSet<PathBuf> = entries.iter().map(folder).collect();
    folders.iter().flat_map(|folder| spec::files_in(folder).unwrap_or_default()).collect()
}

fn is_there(path: &Path) -> Exit {
    complain(format_args!(
        "{}: is there already, and is not overwritten\nhelp: name another file with --out",
        path.display()
    ));
    Exit::WrongUse
}

fn unwritten(path: &Path, error: &io::Error) -> Exit {
    complain(format_args!("{}: cannot be written: {error}\nhelp: name another file with --out", path.display()));
    Exit::Failed
}

/// Writes a file that is not there yet.
fn create(path: &Path, bytes: &[u8]) -> Result<(), Exit> {
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(is_there(path)),
        Err(error) => return Err(unwritten(path, &error)),
    };
    file.write_all(bytes).map_err(|error| unwritten(path, &error))
}
