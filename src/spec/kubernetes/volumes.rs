//! Volumes of a Pod and where its containers mount them. What is in them changes nothing here, except that some keep a
//! replacement waiting; what the API server refuses is refused all the same.
//! Follows `pkg/apis/core/validation/validation.go ValidateVolumes, ValidateVolumeMounts`.

use crate::spec::diagnostic::Problems;
use crate::spec::labels::check_name;
use crate::spec::reader::{Item, Object, nearest};

/// What a volume may be made of.
const SOURCES: [&str; 30] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "persistentVolumeClaim",
    "photonPersistentDisk",
    "portworxVolume",
    "projected",
    "quobyte",
    "rbd",
    "scaleIO",
    "secret",
    "storageos",
    "vsphereVolume",
];

/// What a volume that one Node mounts at a time would change, all of it for the worse.
const NOT_MODELLED: &str = "is not modelled, and the numbers are better than they would be with it. Where its claim is ReadWriteOnce, Pods \
                            run on the one Node that has it: a replacement elsewhere waits until it is detached, a surge Pod of a rollout \
                            too, which without `strategy: {type: Recreate}` may never end; a disk of one zone keeps the Pod in that zone, \
                            down for as long as the zone is";

/// Checks the volumes of a Pod; gives their names.
pub(in crate::spec) fn read<'a>(pod: &mut Object<'a>, problems: &mut Problems) -> Vec<&'a str> {
    let list = pod.get("volumes").and_then(|volumes| volumes.list(problems)).unwrap_or_default();
    let mut names = Vec::new();
    for item in list {
        let Some(name) = read_volume(&item, problems) else { continue };
        if names.contains(&name) {
            let message = format!("has the name {name}, which an earlier volume has");
            problems.error(item.mark(), &item.path, message).help("give each volume a name of its own");
        }
        names.push(name);
    }
    names
}

fn read_volume<'a>(item: &Item<'a>, problems: &mut Problems) -> Option<&'a str> {
    let mut volume = item.object(problems)?;
    let name = volume.require("name", problems);
    if let Some(name) = &name {
        check_name(name, problems, true);
    }
    let sources: Vec<(&str, Item<'_>)> =
        SOURCES.iter().filter_map(|source| Some((*source, volume.get(source)?))).collect();
    volume.finish(problems, &[]);
    if let [(first, _), (second, at), ..] = sources.as_slice() {
        let message = format!("must not be set beside {first}: a volume has one source");
        problems.error(at.mark(), &at.path, message).help(format!("keep {first} or {second}"));
    }
    for (source, at) in &sources {
        if matches!(*source, "persistentVolumeClaim" | "ephemeral") {
            at.warn(problems, NOT_MODELLED);
        }
    }
    name?.string(problems)
}

/// Checks where the containers under `key` mount the Pod's volumes.
pub(in crate::spec) fn check_mounts(pod: &Object<'_>, key: &str, volumes: &[&str], problems: &mut Problems) {
    let quiet = &mut Problems::default();
    let containers = pod.peek(key).and_then(|list| list.list(quiet)).unwrap_or_default();
    for container in containers {
        let Some(container) = container.object(quiet) else { continue };
        for (list, place) in [("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")] {
            let mounts = container.peek(list).and_then(|mounts| mounts.list(problems)).unwrap_or_default();
            let mut taken: Vec<&str> = Vec::new();
            for mount in mounts {
                let Some(path) = check_mount(&mount, place, volumes, problems) else { continue };
                let Some(text) = path.string(problems) else { continue };
                if taken.contains(&text) {
                    let rule = "must be unique in its container, and an earlier volume is there";
                    problems.value(path.node, &path.path, rule).help("mount it elsewhere, or remove one of the two");
                }
                taken.push(text);
            }
        }
    }
}

fn check_mount<'a>(mount: &Item<'a>, place: &'a str, volumes: &[&str], problems: &mut Problems) -> Option<Item<'a>> {
    let mut object = mount.object(problems)?;
    let path = object.require(place, problems);
    let name = object.require("name", problems)?;
    let text = name.string(problems)?;
    if !volumes.contains(&text) {
        let problem = problems.value(name.node, &name.path, "must be the name of one of the Pod's volumes");
        problem.help(match nearest(text, volumes.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if volumes.is_empty() => format!("add `volumes: [{{name: {text}, …}}]` to the Pod"),
            None => format!("it has: {}", volumes.join(", ")),
        });
    }
    path
}
