//! The labels that every Node has because its kubelet and its cloud provider set them.
//! Follows `pkg/kubelet/kubelet_node_status.go initialNode`, `pkg/controller/nodelifecycle/node_lifecycle_controller.go
//! reconcileNodeLabels` and `staging/src/k8s.io/cloud-provider/controllers/node/node_controller.go`.

use crate::spec::labels::{HOSTNAME, Labels, REGION, ZONE};

/// `kubernetes.io/os`.
const OS: &str = "kubernetes.io/os";
/// `kubernetes.io/arch`.
const ARCH: &str = "kubernetes.io/arch";
/// `node.kubernetes.io/instance-type`.
const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";

/// Labels with an older name, under which they are set as well. The present name is the one that counts.
const WITH_OLDER_NAME: [(&str, &str); 5] = [
    (OS, "beta.kubernetes.io/os"),
    (ARCH, "beta.kubernetes.io/arch"),
    (INSTANCE_TYPE, "beta.kubernetes.io/instance-type"),
    (ZONE, "failure-domain.beta.kubernetes.io/zone"),
    (REGION, "failure-domain.beta.kubernetes.io/region"),
];

/// Completes the labels of a Node object: what its kubelet sets where nothing else is said, and older names. Zone, region
/// and instance type are its cloud provider's; a Node without them has none.
pub(in crate::spec) fn complete(labels: &mut Labels, name: &str) {
    for (present, older) in WITH_OLDER_NAME {
        if let (None, Some(value)) = (labels.get(present), labels.get(older).cloned()) {
            labels.insert(present.to_string(), value);
        }
    }
    for (key, value) in [(HOSTNAME, name), (OS, "linux"), (ARCH, "amd64")] {
        labels.entry(key.to_string()).or_insert_with(|| value.to_string());
    }
    for (present, older) in WITH_OLDER_NAME {
        if let Some(value) = labels.get(present).cloned() {
            labels.insert(older.to_string(), value);
        }
    }
}

/// The labels of a Node made from a Cluster's `zones`: those that the Cluster gives to all, and all that a cloud's Node has
/// besides. A region or an instance type that nobody states has a made-up value, so that rules which only ask whether there
/// is one hold.
pub(in crate::spec) fn of_cloud(given: &Labels, name: &str, zone: &str, region: Option<&str>) -> Labels {
    let mut labels = given.clone();
    for (key, value) in [(ZONE, Some(zone)), (HOSTNAME, Some(name)), (REGION, region)] {
        if let Some(value) = value {
            labels.insert(key.to_string(), value.to_string());
        }
    }
    complete(&mut labels, name);
    for (key, value) in [(REGION, "region-1"), (INSTANCE_TYPE, "generic")] {
        labels.entry(key.to_string()).or_insert_with(|| value.to_string());
    }
    complete(&mut labels, name);
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(given: &[(&str, &str)]) -> Labels {
        given.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect()
    }

    #[test]
    fn every_well_known_label_is_on_a_node_of_a_cloud_under_both_names() {
        let made = of_cloud(&Labels::new(), "a-node-1", "a", None);
        for (present, older) in WITH_OLDER_NAME {
            assert!(made.contains_key(present) && made.get(present) == made.get(older), "{present}");
        }
        let shown = [HOSTNAME, OS, ARCH, ZONE].map(|key| made[key].as_str());
        assert_eq!(shown, ["a-node-1", "linux", "amd64", "a"]);
    }

    #[test]
    fn what_the_cluster_says_counts_under_either_name() {
        let given = labels(&[(ARCH, "arm64"), ("beta.kubernetes.io/instance-type", "m5.large"), (OS, "windows")]);
        let made = of_cloud(&given, "n", "z", Some("eu"));
        assert_eq!(made["beta.kubernetes.io/arch"], "arm64");
        assert_eq!(made[INSTANCE_TYPE], "m5.large");
        assert_eq!((made[OS].as_str(), made["failure-domain.beta.kubernetes.io/region"].as_str()), ("windows", "eu"));
        // The older name follows the present one, as the controller keeps it.
        let mut both = labels(&[(ARCH, "arm64"), ("beta.kubernetes.io/arch", "amd64")]);
        complete(&mut both, "n");
        assert_eq!(both["beta.kubernetes.io/arch"], "arm64");
    }

    #[test]
    fn a_node_object_has_its_kubelets_labels_and_no_invented_zone() {
        let mut plain = Labels::new();
        complete(&mut plain, "n");
        assert_eq!(plain.len(), 5, "hostname, os and arch, the latter two under both names: {plain:?}");
        let mut old = labels(&[("failure-domain.beta.kubernetes.io/zone", "b")]);
        complete(&mut old, "n");
        assert_eq!(old[ZONE], "b");
    }
}
