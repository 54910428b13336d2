//! Kinds of manifests that the API server or the scheduler refuses, or that reach nobody. Names begin with the kind.

use hasim::spec::Report;

use crate::kinds::{CLUSTER, SERVES, SERVICE, check, error, load, load_on, model, web};

/// A legal container with these fields besides.
fn container(fields: &str) -> String {
    SERVES.replace("image: 'web:1'", &format!("image: 'web:1', {fields}"))
}

fn with_container(fields: &str) -> String {
    web("replicas: 2", "restartPolicy: Always", &[&container(fields)])
}

fn with_pod(pod: &str) -> String {
    web("replicas: 2", pod, &[SERVES])
}

fn warnings(report: &Report) -> Vec<String> {
    report.warnings().map(hasim::spec::Diagnostic::sentence).collect()
}

/// The manifest of each kind is refused, with the field, the value and the rule, in its place.
fn refused(cases: &[(&str, String, &str)]) {
    for (kind, manifest, expected) in cases {
        let report = check(manifest);
        assert_eq!(error(&report), expected.replace("CONTAINER", "spec.template.spec.containers[0]"), "{kind}");
        let found = report.errors().next().unwrap();
        assert!(found.line > 0, "{kind}: {report}");
    }
}

/// M4: a number or a boolean is no text, and a variable has one source.
#[test]
fn api_server_refuses_texts() {
    refused(&[
        (
            "env-int",
            with_container("env: [{name: PORT, value: 8080}]"),
            "CONTAINER.env[0].value: is 8080, an integer, must be a string",
        ),
        (
            "env-bool",
            with_container("env: [{name: DEBUG, value: yes}]"),
            "CONTAINER.env[0].value: is true, a boolean, must be a string",
        ),
        (
            "args-int",
            with_container("args: [--port, 8080]"),
            "CONTAINER.args[1]: is 8080, an integer, must be a string",
        ),
        (
            "env-both",
            with_container("env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"),
            "CONTAINER.env[0].valueFrom: must not be set beside value, which is x",
        ),
        (
            "annotation-int",
            with_pod("restartPolicy: Always")
                .replace("labels: {app: web}}\n    spec", "labels: {app: web}, annotations: {x: 1}}\n    spec"),
            "spec.template.metadata.annotations[x]: is 1, an integer, must be a string",
        ),
        (
            "annotation-int of the Deployment",
            with_pod("restartPolicy: Always")
                .replace("metadata: {name: web}", "metadata: {name: web, annotations: {x: true}}"),
            "metadata.annotations[x]: is true, a boolean, must be a string",
        ),
    ]);
}

/// M4: a volume has one name and one source, and what is mounted exists.
#[test]
fn api_server_refuses_volumes() {
    refused(&[
        (
            "mount-missing",
            with_container("volumeMounts: [{name: data, mountPath: /data}]"),
            "CONTAINER.volumeMounts[0].name: is data, must be the name of one of the Pod's volumes",
        ),
        (
            "dup-vol",
            with_pod("volumes: [{name: a, emptyDir: {}}, {name: a, emptyDir: {}}]"),
            "spec.template.spec.volumes[1]: has the name a, which an earlier volume has",
        ),
        (
            "vol-two-sources",
            with_pod("volumes: [{name: a, emptyDir: {}, hostPath: {path: /x}}]"),
            "spec.template.spec.volumes[0].hostPath: must not be set beside emptyDir: a volume has one source",
        ),
        (
            "mountpath-dup",
            web(
                "replicas: 2",
                "volumes: [{name: a}, {name: b}]",
                &[&container("volumeMounts: [{name: a, mountPath: /x}, {name: b, mountPath: /x}]")],
            ),
            "CONTAINER.volumeMounts[1].mountPath: is /x, must be unique in its container, and an earlier volume is there",
        ),
    ]);
}

/// M4: ports and resources.
#[test]
fn api_server_refuses_ports_and_resources() {
    refused(&[
        (
            "dup-portname",
            with_pod("restartPolicy: Always")
                .replace("containerPort: 8080}", "containerPort: 8080}, {name: http, containerPort: 81}"),
            "CONTAINER.ports[1].name: is http, which an earlier port of the container is called too: must be unique",
        ),
        (
            "dup-hostport",
            with_pod("restartPolicy: Always").replace(
                "containerPort: 8080}",
                "containerPort: 8080, hostPort: 80}, {containerPort: 81, hostPort: 80}",
            ),
            "CONTAINER.ports[1].hostPort: is 80, which CONTAINER.ports[0] takes already: must be unique in a Pod",
        ),
        (
            "hostnetwork-port",
            with_pod("hostNetwork: true").replace("containerPort: 8080}", "containerPort: 8080, hostPort: 80}"),
            "CONTAINER.ports[0].hostPort: is 80, must be the containerPort, 8080, with hostNetwork: true",
        ),
        (
            "gpu-req-ne-limit",
            with_container("resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 2}}"),
            "CONTAINER.resources.requests.nvidia.com/gpu: is 1, must be equal to the nvidia.com/gpu limit, 2, as it \
                 cannot be overcommitted",
        ),
        (
            "gpu-req-only",
            with_container("resources: {requests: {nvidia.com/gpu: 1}}"),
            "CONTAINER.resources.requests.nvidia.com/gpu: is 1, must go with a nvidia.com/gpu limit of the same amount, \
                 as it cannot be overcommitted",
        ),
        (
            "gpu-half",
            with_container("resources: {limits: {nvidia.com/gpu: 500m}}"),
            "CONTAINER.resources.limits.nvidia.com/gpu: is 500m, must be an integer: devices are not shared out in parts",
        ),
        (
            "resource-unknown",
            with_container("resources: {requests: {cpus: 1}}"),
            "CONTAINER.resources.requests.cpus: has the name cpus, must be cpu, memory, ephemeral-storage or \
                 hugepages-SIZE, or have a domain, such as nvidia.com/gpu",
        ),
    ]);
}

/// M4: what a Pod of a Deployment cannot have, addresses, and versions that are gone.
#[test]
fn api_server_refuses_pods_and_objects() {
    refused(&[
        (
            "activedeadline",
            with_pod("activeDeadlineSeconds: 100"),
            "spec.template.spec.activeDeadlineSeconds: must not be set in the template of a Deployment, whose Pods run until \
             they are replaced",
        ),
        (
            "dnsnone",
            with_pod("dnsPolicy: None"),
            "spec.template.spec.dnsPolicy: is None, must go with at least one nameserver in dnsConfig",
        ),
        (
            "init-probe",
            with_pod("initContainers: [{name: i, image: 'i:1', readinessProbe: {tcpSocket: {port: 1}}}]"),
            "spec.template.spec.initContainers[0].readinessProbe: must not be set on an init container without restartPolicy: \
             Always, which runs to its end",
        ),
        (
            "svc-clusterip",
            with_pod("restartPolicy: Always") + &SERVICE.replace("selector", "clusterIP: DNS_IP, selector"),
            "spec.clusterIP: is DNS_IP, must be an IP address, None, or empty",
        ),
        (
            "hpa-v2beta2",
            with_pod("restartPolicy: Always") + &autoscaler("autoscaling/v2beta2"),
            "apiVersion: is autoscaling/v2beta2, must be autoscaling/v2 or autoscaling/v1 for kind HorizontalPodAutoscaler",
        ),
    ]);
}

fn autoscaler(version: &str) -> String {
    format!(
        "---\n{{apiVersion: {version}, kind: HorizontalPodAutoscaler, metadata: {{name: web}}, \
         spec: {{maxReplicas: 5, scaleTargetRef: {{kind: Deployment, name: web}}}}}}\n"
    )
}

/// M4: what stands next to the refused and is legal is taken.
#[test]
fn api_server_takes() {
    let ports = |text: &str| with_pod("restartPolicy: Always").replace("containerPort: 8080}", text);
    let mut legal = vec![
        with_container("env: [{name: A, value: '1'}, {name: A}, {name: B, value: null}]"),
        with_container(
            "env: [{name: A, value: '', valueFrom: {secretKeyRef: {name: s, key: k}}}], command: [], args: ['1']",
        ),
        with_container("resources: {limits: {nvidia.com/gpu: 1}}"),
        with_container("resources: {requests: {ephemeral-storage: 1Gi}, limits: {hugepages-2Mi: 4Mi, memory: 1Gi}}"),
        with_container("resources: {requests: {cpu: 1, kubernetes.io/thing: 1}}"),
        web(
            "replicas: 2",
            "volumes: [{name: a}]",
            &[&container("volumeMounts: [{name: a, mountPath: /x}, {name: a, mountPath: /y}]")],
        ),
        with_pod("volumes: [{name: a, emptyDir: null, secret: {secretName: s}}]\n      dnsPolicy: Default"),
        with_pod("dnsPolicy: None\n      dnsConfig: {nameservers: [10.0.0.10]}"),
        with_pod(
            "initContainers: [{name: i, image: 'i:1', restartPolicy: Always, startupProbe: {tcpSocket: {port: 1}}}]",
        ),
        ports("containerPort: 8080, hostPort: 0}, {containerPort: 8080, protocol: UDP}"),
        ports("containerPort: 8080, hostPort: 80}, {containerPort: 81, hostPort: 80, protocol: UDP}"),
        ports("containerPort: 8080}").replace("restartPolicy: Always", "hostNetwork: true"),
    ];
    for address in ["10.0.0.1", "010.000.00.1", "fd00::1", "''"] {
        let service = SERVICE.replace("selector", &format!("clusterIP: '{address}', selector").replace("''''", "''"));
        legal.push(with_pod("restartPolicy: Always") + &service);
    }
    for version in ["autoscaling/v1", "autoscaling/v2"] {
        legal.push(with_pod("restartPolicy: Always") + &autoscaler(version));
    }
    for manifest in legal {
        let report = check(&manifest);
        assert!(!report.has_errors(), "{report}\n{manifest}");
    }
}

/// S4 holds for every resource: a device is where a Node says so, disk has no limit unless one is stated.
#[test]
fn gpu_needs_nodes_that_have_it() {
    let gpu = with_container("resources: {limits: {nvidia.com/gpu: 2}}");
    let report = load(&gpu, "").unwrap_err();
    assert_eq!(
        error(&report),
        "spec.template.spec.containers[0].resources: no replica can be placed: 0/6 nodes are available: \
         6 Insufficient nvidia.com/gpu."
    );
    let help = report.errors().next().unwrap().help.clone().unwrap();
    assert!(help.contains("`node: {nvidia.com/gpu: 2}`"), "{help}");
    let on = |manifest: &str, node: &str| load_on(manifest, &format!("{CLUSTER}, node: {{{node}}}"), "");
    assert!(on(&gpu, "nvidia.com/gpu: 2").is_ok());
    let report = on(&gpu, "nvidia.com/gpu: 1").unwrap_err();
    assert!(error(&report).ends_with("6 Insufficient nvidia.com/gpu."), "{report}");
    assert!(on(&gpu, "nvidia.com: 1").is_err(), "no field, and no resource either");

    let disk = with_container("resources: {requests: {ephemeral-storage: 10Gi}}");
    assert!(load(&disk, "").is_ok());
    let report = on(&disk, "ephemeral-storage: 9Gi").unwrap_err();
    assert!(error(&report).ends_with("6 Insufficient ephemeral-storage."), "{report}");
    assert!(on(&disk, "ephemeral-storage: 10Gi").is_ok());
}

/// S4: sidecars and containers add up, init containers count by the largest, and Node objects say what they have.
#[test]
fn gpu_requests_add_up_over_containers() {
    let other = "{name: other, image: 'other:1', resources: {limits: {example.com/card: 1}}}";
    let init = "initContainers: [{name: i, image: 'i:1', resources: {limits: {example.com/card: 4}}}]";
    let both = |pod: &str| web("replicas: 1", pod, &[&container("resources: {limits: {example.com/card: 2}}"), other]);
    let node = |cards: u32| {
        format!(
            "---\n{{apiVersion: v1, kind: Node, metadata: {{name: n}}, status: {{allocatable: {{cpu: 8, memory: 32Gi, \
             example.com/card: {cards}}}, capacity: {{cpu: 8, memory: 32Gi, example.com/card: 9}}}}}}\n"
        )
    };
    for (pod, least) in [("restartPolicy: Always", 3), (init, 4)] {
        assert!(load_on(&(both(pod) + &node(least)), "", "").is_ok(), "{pod}");
        let report = load_on(&(both(pod) + &node(least - 1)), "", "").unwrap_err();
        assert!(error(&report).ends_with("0/1 nodes are available: 1 Insufficient example.com/card."), "{report}");
    }
}

/// Two Pods with one port of the Node have no place on one Node: that of a container, a sidecar's, and every port with
/// the network of the Node.
#[test]
fn hostport_needs_a_node_for_each_pod() {
    let on_host = SERVES.replace("containerPort: 8080", "containerPort: 8080, hostPort: 80");
    let sidecar =
        "initContainers: [{name: i, image: 'i:1', restartPolicy: Always, ports: [{containerPort: 1, hostPort: 1}]}]";
    let init = sidecar.replace("restartPolicy: Always, ", "");
    for (pod, container) in
        [("restartPolicy: Always", on_host.as_str()), (sidecar, SERVES), ("hostNetwork: true", SERVES)]
    {
        assert!(load(&web("replicas: 6", pod, &[container]), "").is_ok(), "{pod}");
        let report = load(&web("replicas: 7", pod, &[container]), "").unwrap_err();
        assert!(
            error(&report).ends_with(
                "only 6 of 7 replicas can be placed; for the next one 0/6 nodes are available: \
                 6 node(s) didn't have free ports for the requested pod ports."
            ),
            "{report}"
        );
    }
    assert!(load(&web("replicas: 7", &init, &[SERVES]), "").is_ok(), "an init container is gone");
    let unnamed = "{name: web, image: 'web:1'}";
    let report = check(&web("replicas: 2", "hostNetwork: true", &[unnamed]));
    assert!(warnings(&report).iter().any(|text| text.contains("no container declares a port")), "{report}");
}

/// A Service whose ports lead nowhere serves nobody; one port that leads somewhere, another Service or DNS is enough.
#[test]
fn svc_tname_without_a_port_serves_nobody() {
    let service = |ports: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{selector: {{app: web}}, ports: [{ports}]}}}}\n"
        )
    };
    let manifest = with_pod("restartPolicy: Always");
    let nowhere = manifest.clone() + &service("{port: 80, targetPort: htpp}");
    for report in [check(&nowhere), load(&nowhere, "").unwrap_err()] {
        assert_eq!(
            error(&report),
            "spec.ports[0].targetPort: is htpp, which is no TCP port of a container of the Pods: the EndpointSlice of the \
             Service web leaves it out, so no request reaches them"
        );
        assert_eq!(report.errors().next().unwrap().help.as_deref(), Some("did you mean `http`?"));
    }
    // The protocol must be the same.
    let spoken = manifest.clone() + &service("{port: 80, protocol: UDP, targetPort: http}");
    assert!(error(&check(&spoken)).contains("is no UDP port"));

    let half =
        manifest.clone() + &service("{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: metrics}");
    let report = check(&half);
    assert!(!report.has_errors(), "{report}");
    assert!(warnings(&report).iter().any(|text| text.ends_with("so no request to this port reaches them")), "{report}");
    assert!(!model(&half).workload().pod.main().readiness.unwrap().always_errs);
    assert!(!check(&(nowhere.clone() + SERVICE)).has_errors(), "another Service leads there");
    let owner = with_pod("restartPolicy: Always").replace("name: web}", "name: owner}").replace("http,", "htpp,");
    let owner = owner.replace("{port: http}", "{port: htpp}");
    let report = check(&(nowhere.clone() + "---\n" + &owner));
    assert!(!report.has_errors(), "the Service is that of the other Deployment: {report}");
    let headless =
        nowhere.replace("selector: {app: web}, ports: [{port", "clusterIP: None, selector: {app: web}, ports: [{port");
    assert!(!check(&headless).has_errors(), "clients ask the Pods themselves");
}

/// Beside scenarios that are served it is played, and nobody is in rotation, published or not.
#[test]
fn svc_tname_beside_others_is_played() {
    let published = SERVICE.replace("selector", "publishNotReadyAddresses: true, selector");
    let manifest = web(
        "replicas: 2",
        "restartPolicy: Always",
        &["{name: web, image: 'web:1', ports: [{name: http, containerPort: 8080}]}"],
    );
    let study = load(&(manifest + &published), "  vary: {'containers.web.ports[0].name': [http, web]}\n");
    let study = study.unwrap_or_else(|report| panic!("{report}"));
    let errs = |index: usize| {
        let deployment = &study.scenarios[index].model.workload();
        (deployment.pod.main().readiness.is_some_and(|probe| probe.always_errs), deployment.publish_not_ready)
    };
    assert_eq!([errs(0), errs(1)], [(false, true), (true, false)]);
}

/// E4: the Pods of another Deployment that the Service selects answer too.
#[test]
fn twosel_says_whose_pods_are_not_played() {
    let canary = with_pod("restartPolicy: Always")
        .replace("metadata: {name: web}", "metadata: {name: canary}")
        .replace("labels: {app: web}}\n    spec", "labels: {app: web, track: canary}}\n    spec");
    let both = with_pod("restartPolicy: Always") + "---\n" + &canary + SERVICE;
    let notes = |manifest: &str| {
        let report = check(manifest);
        let notes = report.notes().filter(|note| note.message.contains("not played")).count();
        (notes, report.to_string())
    };
    let (count, text) = notes(&both);
    assert_eq!(count, 2, "{text}");
    assert!(text.contains("the Service web sends requests to the Pods of canary too (E4)"), "{text}");
    assert!(text.contains("what is lost is lost of the part of web alone"), "{text}");
    let apart = both.replace("selector: {app: web}, ports", "selector: {track: canary}, ports");
    assert_eq!(notes(&apart).0, 0);
    let elsewhere = both.replace("metadata: {name: canary}", "metadata: {name: canary, namespace: other}");
    assert_eq!(notes(&elsewhere).0, 0);
}

#[test]
fn paused_and_overhead_are_told() {
    let paused = |value: &str| check(&web(&format!("paused: {value}"), "restartPolicy: Always", &[SERVES]));
    assert!(warnings(&paused("true"))[0].starts_with("spec.paused: is true: "));
    assert!(warnings(&paused("false")).is_empty());
    // S4: three CPUs and two of overhead do not fit into four.
    let asks = container("resources: {requests: {cpu: 3}}");
    let report = load(&web("replicas: 2", "overhead: {cpu: 2}", &[&asks]), "").unwrap_err();
    assert!(error(&report).ends_with("6 Insufficient cpu."), "{report}");
    let report = check(&with_pod("overhead: {cpu: 1}"));
    assert!(warnings(&report)[0].contains("without runtimeClassName"), "{report}");
}
