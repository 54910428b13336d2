//! The containers of a Pod. One of them serves; the others count by what they ask for.
//! Follows `pkg/apis/core/validation/validation.go` and `pkg/apis/core/v1/defaults.go`.

use super::diagnostic::Problems;
use super::hooks::{self, Hook};
use super::image;
use super::labels::check_name;
use super::ports::{self, ContainerPort, UnknownPort};
use super::probe;
use super::reader::Item;
use super::resources::{self, Requests};
use super::strings;
use super::tree::Mark;
use crate::model::{ImagePull, Probe, ProbeKind};

/// A container as far as it matters.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub mark: Mark,
    pub path: String,
    pub name: String,
    pub liveness: Option<Probe>,
    pub readiness: Option<Probe>,
    pub startup: Option<Probe>,
    pub hook: Hook,
    pub image: String,
    pub image_pull: ImagePull,
    pub requests: Requests,
    /// Thousandths of a CPU that it may use at most.
    pub cpu_limit: Option<u64>,
    pub ports: Vec<ContainerPort>,
    /// The ports that its probes ask for.
    pub probed: Vec<i64>,
    /// Probes of ports whose names it does not know.
    pub unknown_ports: Vec<UnknownPort>,
    /// An init container with `restartPolicy: Always`, which runs as long as the Pod.
    pub is_sidecar: bool,
}

/// Fields that change nothing in the model.
pub(super) const WITHOUT_EFFECT: [&str; 17] = [
    "args",
    "command",
    "env",
    "envFrom",
    "resizePolicy",
    "securityContext",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
    "name",
    "image",
    "ports",
];

/// Fields that are read, for paths that start in the container.
pub(super) const WITH_EFFECT: [&str; 8] = [
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
];

/// Reads a container. `grace` is the Pod's terminationGracePeriodSeconds.
pub(super) fn read(item: &Item<'_>, is_init: bool, grace: i64, problems: &mut Problems) -> Option<Container> {
    let mut object = item.object(problems)?;
    let name = object.require("name", problems);
    if let Some(name) = &name {
        check_name(name, problems, true);
    }
    let name = name.and_then(|name| name.string(problems)).unwrap_or_default().to_string();
    let image = object.require("image", problems).and_then(|image| image.string(problems).map(|text| (image, text)));
    if let Some((image, text)) = &image
        && (text.is_empty() || text.trim() != *text)
    {
        image.refuse(problems, "must be the name of an image, without spaces around it");
    } else if let Some((item, text)) = &image {
        image::check(item, text, problems);
    }
    let policy = object.get("imagePullPolicy").and_then(|policy| {
        const POLICIES: [(&str, ImagePull); 3] =
            [("Always", ImagePull::Always), ("IfNotPresent", ImagePull::IfNotPresent), ("Never", ImagePull::Never)];
        policy.word(problems, &POLICIES)
    });
    let ports = object.get("ports").and_then(|ports| ports.list(problems)).unwrap_or_default();
    let ports: Vec<ContainerPort> = ports.iter().filter_map(|port| ports::read_declared(port, problems)).collect();
    ports::check_names(&ports, problems);
    let resources = object.get("resources");
    let requests = resources.as_ref().and_then(|item| resources::read_of_container(item, problems));
    let cpu_limit = resources.as_ref().and_then(resources::cpu_limit);
    strings::check_process(&object, problems);
    let mut is_sidecar = false;
    if is_init {
        is_sidecar = object.get("restartPolicy").and_then(|policy| policy.string(problems)) == Some("Always");
    } else {
        object.unmodelled(problems, "restartPolicy", "hasim restarts the container always");
    }
    if is_init && !is_sidecar {
        for key in ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] {
            let rule = "must not be set on an init container without restartPolicy: Always, which runs to its end";
            object.forbid(key, problems, rule, "remove it, or set restartPolicy: Always if it is a sidecar");
        }
    }
    object.unmodelled(problems, "restartPolicyRules", "hasim restarts the container always");
    let (mut probed, mut unknown_ports) = (Vec::new(), Vec::new());
    let mut probe = |key: &'static str, kind, problems: &mut Problems| {
        let asking = probe::read(&object.get(key)?, kind, &ports, problems)?;
        probed.extend(asking.port);
        unknown_ports.extend(asking.unknown);
        Some(asking.probe)
    };
    let liveness = probe("livenessProbe", ProbeKind::Liveness, problems);
    let readiness = probe("readinessProbe", ProbeKind::Readiness, problems);
    let startup = probe("startupProbe", ProbeKind::Startup, problems);
    let hook = hooks::read(&mut object, grace, &ports, problems);
    object.finish(problems, &WITHOUT_EFFECT);
    Some(Container {
        mark: item.mark(),
        path: item.path.clone(),
        name,
        liveness,
        readiness,
        startup,
        hook,
        image: image.as_ref().map(|(_, text)| (*text).to_string()).unwrap_or_default(),
        // Without an image there is an error, and the policy decides nothing.
        image_pull: policy.or_else(|| image.map(|(_, text)| default_pull(text))).unwrap_or(ImagePull::Always),
        requests: requests.unwrap_or_default(),
        cpu_limit,
        ports,
        probed,
        unknown_ports,
        is_sidecar,
    })
}

/// M3: Always if the tag is `latest` or absent, else `IfNotPresent`; a digest counts as a tag.
fn default_pull(image: &str) -> ImagePull {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':').map(|(_, tag)| tag) {
        Some("latest") => ImagePull::Always,
        None if digest.is_none() => ImagePull::Always,
        _ => ImagePull::IfNotPresent,
    }
}
