//! Which of the bundled applications runs in a Pod, where its manifest leaves little doubt.
//!
//! A wrong guess is worse than none, so each rule needs a sign that hardly anything else gives. An image counts only if it
//! is the official one of the program or that of a well-known publisher: a private image of the same name may be anything.
//! Images whose name says nothing about the start are left out: `python` (a web service starts in one second or in
//! minutes), `golang` and the bases of distroless (nothing is run from them as they are), servers that load their data or
//! much code first (Elasticsearch, Jenkins), and whatever a team has built itself. One rule only tells what it cannot be: in a few MiB
//! there is no Java virtual machine, which is assumed of what nothing is known of.

use serde_json::Value as Json;

use crate::spec::quantity;

/// A bundled application, and the sign for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppGuess {
    /// Its name among the bundled applications.
    pub app: &'static str,
    /// What in the manifest it was guessed from: `the image redis:7`.
    pub sign: String,
}

const JVM: &str = "jvm-service";
const GO: &str = "go-service";
const NODE: &str = "node-service";

/// Programs by the name of their file, and the application that they are or run.
const PROGRAMS: [(&str, &str); 11] = [
    ("java", JVM),
    // Tomcat's own start script.
    ("catalina.sh", JVM),
    ("node", NODE),
    // Package managers of Node.js, which run it.
    ("npm", NODE),
    ("yarn", NODE),
    ("pnpm", NODE),
    ("pm2-runtime", NODE),
    ("nginx", "nginx"),
    ("redis-server", "redis"),
    ("valkey-server", "redis"),
    ("postgres", "postgres"),
];

/// Repositories of Docker Hub, by what runs in them if nothing else is commanded.
const IMAGES: [(&str, &str); 20] = [
    // Runtimes: what they run is not known, but it runs on them.
    ("eclipse-temurin", JVM),
    ("openjdk", JVM),
    ("amazoncorretto", JVM),
    ("tomcat", JVM),
    ("jetty", JVM),
    ("node", NODE),
    // Servers for the Java virtual machine that start about as fast as the bundled one.
    ("healthsamurai/aidboxone", JVM),
    ("keycloak/keycloak", JVM),
    // Servers in Go that load nothing much when they start.
    ("traefik", GO),
    ("caddy", GO),
    ("nginx", "nginx"),
    ("nginxinc/nginx-unprivileged", "nginx"),
    ("bitnami/nginx", "nginx"),
    ("redis", "redis"),
    ("bitnami/redis", "redis"),
    ("valkey/valkey", "redis"),
    ("bitnami/valkey", "redis"),
    ("postgres", "postgres"),
    ("bitnami/postgresql", "postgres"),
    ("postgis/postgis", "postgres"),
];

/// Variables that one runtime alone reads.
const VARIABLES: [(&str, &str); 4] =
    [("JAVA_TOOL_OPTIONS", JVM), ("JDK_JAVA_OPTIONS", JVM), ("JAVA_OPTS", JVM), ("NODE_OPTIONS", NODE)];

/// Where official images are found under the same names.
const MIRRORS: [&str; 5] =
    ["docker.io/", "index.docker.io/", "registry-1.docker.io/", "public.ecr.aws/docker/", "mirror.gcr.io/"];
/// What a registry other than Docker Hub publishes itself, with what runs in it.
const ELSEWHERE: [(&str, &str); 4] = [
    ("quay.io/keycloak/keycloak", JVM),
    ("mcr.microsoft.com/openjdk/jdk", JVM),
    ("public.ecr.aws/nginx/nginx", "nginx"),
    ("ghcr.io/nginxinc/nginx-unprivileged", "nginx"),
];

/// Where images hold programs in Go and nothing else: what is made for Kubernetes.
const IN_GO: [&str; 12] = [
    "registry.k8s.io/metrics-server/",
    "registry.k8s.io/kube-state-metrics/",
    "registry.k8s.io/autoscaling/",
    "registry.k8s.io/coredns/",
    "registry.k8s.io/external-dns/",
    "registry.k8s.io/descheduler/",
    "registry.k8s.io/prometheus-adapter/",
    "ghcr.io/fluxcd/",
    "quay.io/argoproj/argocd:",
    "quay.io/jetstack/cert-manager-",
    "quay.io/metallb/controller:",
    "public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:",
];
/// A Java virtual machine with a server in it needs more memory, in bytes.
const LEAST_OF_A_JVM: u64 = 64 << 20;

/// Guesses from a Deployment which bundled application its container is; `None` where that is not safe, as with
/// several containers, of which the manifest does not say what each is for.
pub fn guess_app(deployment: &Json) -> Option<AppGuess> {
    let containers = deployment.pointer("/spec/template/spec/containers")?.as_array()?;
    let [container] = containers.as_slice() else { return None };
    let command = words(&container["command"]);
    if !command.is_empty() {
        // What the image would run is not run.
        let known = of_program(&command).map(|(app, program)| guess(app, format!("the command {program}")));
        return known.or_else(|| of_memory(container));
    }
    let args = words(&container["args"]);
    if args.contains(&"-jar") {
        return Some(guess(JVM, "the argument -jar".to_owned()));
    }
    // The entry points of official images run another program if they are given one.
    if let Some((app, program)) = of_program(&args) {
        return Some(guess(app, format!("the command {program}")));
    }
    let image = container["image"].as_str()?;
    of_image(image)
        .map(|app| guess(app, format!("the image {image}")))
        .or_else(|| of_variables(container))
        .or_else(|| of_probes(container))
        .or_else(|| of_memory(container))
}

/// What it is not known to be, but where there is no room for the usual application, a small one.
fn of_memory(container: &Json) -> Option<AppGuess> {
    let limit = &container["resources"]["limits"]["memory"];
    let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
    let bytes = quantity::parse(&limit)?.units();
    (bytes < LEAST_OF_A_JVM).then(|| guess(GO, format!("the memory limit of {limit}")))
}

fn guess(app: &'static str, sign: String) -> AppGuess {
    AppGuess { app, sign }
}

fn words(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

/// The program that a command runs, through a shell with a single command and a minimal init process if need be.
fn of_program<'c>(command: &[&'c str]) -> Option<(&'static str, &'c str)> {
    let mut words: Vec<&str> = command.to_vec();
    if let [shell, flag, script, ..] = *command
        && ["sh", "bash", "ash"].contains(&file_name(shell))
        && flag.starts_with('-')
        && flag.ends_with('c')
    {
        // Of several commands it is not known which one stays.
        if script.contains([';', '&', '|', '\n', '`']) || script.contains("$(") {
            return None;
        }
        words = script.split_whitespace().collect();
    }
    let mut words = words.into_iter().skip_while(|word| *word == "exec").peekable();
    if words.peek().is_some_and(|word| ["tini", "dumb-init"].contains(&file_name(word))) {
        words.next();
        while words.next_if(|word| word.starts_with('-')).is_some() {}
    }
    let program = words.next()?;
    let (_, app) = PROGRAMS.iter().find(|(name, _)| *name == file_name(program))?;
    Some((app, program))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn of_image(image: &str) -> Option<&'static str> {
    if IN_GO.iter().any(|place| image.starts_with(place)) {
        return Some(GO);
    }
    let name = image.split('@').next().unwrap_or(image);
    // A colon before the last slash belongs to the registry.
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    if let Some((_, app)) = ELSEWHERE.iter().find(|(known, _)| *known == name) {
        return Some(app);
    }
    let name = MIRRORS.iter().find_map(|mirror| name.strip_prefix(mirror)).unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    IMAGES.iter().find(|(known, _)| *known == name).map(|(_, app)| *app)
}

fn of_variables(container: &Json) -> Option<AppGuess> {
    let names = container["env"].as_array()?.iter().filter_map(|variable| variable["name"].as_str());
    let mut found = names.filter_map(|name| VARIABLES.iter().find(|(known, _)| *known == name));
    found.next().map(|(name, app)| guess(app, format!("the environment variable {name}")))
}

/// The health endpoint of Spring Boot's Actuator, under a path that nothing else has.
fn of_probes(container: &Json) -> Option<AppGuess> {
    let paths =
        ["startupProbe", "readinessProbe", "livenessProbe"].map(|probe| container[probe]["httpGet"]["path"].as_str());
    let path = paths.into_iter().flatten().find(|path| path.contains("/actuator/health"))?;
    Some(guess(JVM, format!("the probe of {path}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(container: &Json) -> Option<&'static str> {
        let deployment = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        guess_app(&deployment).map(|guess| guess.app)
    }

    /// Rule: official images, whatever their tag, digest or mirror, and nothing that only looks like one.
    #[test]
    fn images_are_known_by_their_full_names() {
        for (image, app) in [
            ("redis", Some("redis")),
            ("redis:7.2-alpine@sha256:0123", Some("redis")),
            ("docker.io/library/postgres:16", Some("postgres")),
            ("mirror.gcr.io/library/nginx", Some("nginx")),
            ("eclipse-temurin:21-jre", Some(JVM)),
            ("node:20", Some(NODE)),
            ("public.ecr.aws/nginx/nginx:1.27", Some("nginx")),
            ("registry.example.com:5000/redis:7", None),
            ("example/redis", None),
            ("oliver006/redis_exporter", None),
            ("nginx/nginx-ingress", None),
            ("golang:1.23", None),
            ("python:3.12", None),
            ("gcr.io/distroless/static", None),
            ("example/store:1", None),
            ("registry.k8s.io/metrics-server/metrics-server:v0.7.2", Some(GO)),
            ("quay.io/argoproj/argocd:v2.13.0", Some(GO)),
            ("quay.io/argoproj/argocd-extension:1", None),
            ("registry.k8s.io/hpa-example", None),
            ("traefik:v3.2", Some(GO)),
        ] {
            assert_eq!(of(&json!({"image": image})), app, "{image}");
        }
    }

    /// Rule: a command takes the place of the image's own; of several commands in a shell none is guessed.
    #[test]
    fn a_command_counts_more_than_the_image() {
        for (command, app) in [
            (json!(["java", "-jar", "/app.jar"]), Some(JVM)),
            (json!(["/usr/bin/tini", "-g", "--", "node", "server.js"]), Some(NODE)),
            (json!(["sh", "-c", "exec java $JAVA_OPTS -jar /app.jar"]), Some(JVM)),
            (json!(["/bin/sh", "-ec", "npm run migrate && npm start"]), None),
            (json!(["/bin/bash", "-c", "java -jar `ls *.jar`"]), None),
            (json!(["sh", "-c", "java -jar $(ls *.jar)"]), None),
            (json!(["/app/server"]), None),
        ] {
            assert_eq!(of(&json!({"image": "redis", "command": command})), app, "{command}");
        }
        assert_eq!(of(&json!({"image": "redis", "args": ["redis-server", "--save", ""]})), Some("redis"));
        assert_eq!(of(&json!({"image": "example/app", "args": ["-jar", "app.jar"]})), Some(JVM));
    }

    #[test]
    fn variables_and_health_endpoints_tell_a_runtime() {
        let image = "example/app";
        assert_eq!(of(&json!({"image": image, "env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}]})), Some(JVM));
        assert_eq!(of(&json!({"image": image, "env": [{"name": "LOG_LEVEL", "value": "java"}]})), None);
        let probe = |path: &str| json!({"image": image, "livenessProbe": {"httpGet": {"path": path, "port": 80}}});
        assert_eq!(of(&probe("/actuator/health/liveness")), Some(JVM));
        assert_eq!(of(&probe("/health")), None);
    }

    #[test]
    fn little_memory_is_no_java_virtual_machine() {
        let limited = |memory: &str| json!({"image": "example/app", "resources": {"limits": {"memory": memory}}});
        assert_eq!(of(&limited("20Mi")), Some(GO));
        assert_eq!(of(&limited("63Mi")), Some(GO));
        assert_eq!(of(&limited("64Mi")), None);
        assert_eq!(of(&json!({"image": "example/app", "resources": {"limits": {"memory": 33_554_432}}})), Some(GO));
        let limits = json!({"limits": {"memory": "30Mi"}});
        assert_eq!(of(&json!({"image": "example/app", "command": ["/manager"], "resources": limits})), Some(GO));
        assert_eq!(of(&json!({"image": "example/app"})), None);
        assert_eq!(of(&limited("1Gi")), None);
    }

    #[test]
    fn of_several_containers_none_is_guessed() {
        let deployment =
            json!({"spec": {"template": {"spec": {"containers": [{"image": "redis"}, {"image": "nginx"}]}}}});
        assert_eq!(guess_app(&deployment), None);
        assert_eq!(guess_app(&json!({})), None);
    }
}
