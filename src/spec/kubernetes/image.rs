//! Names of images. The API server takes nearly any text; the kubelet does not (`InvalidImageName`), and never starts a container
//! with a name that it does not understand. Follows `pkg/kubelet/images/image_manager.go` and the grammar of
//! `github.com/distribution/reference`.

use crate::spec::diagnostic::Problems;
use crate::spec::reader::Item;

/// Names an image of which no container ever starts.
pub(in crate::spec) fn check(image: &Item<'_>, name: &str, problems: &mut Problems) {
    if is_reference(name) {
        return;
    }
    let message =
        format!("is {name:?}, which is no name of an image: the kubelet refuses it, and no Pod is ever Ready");
    let problem = problems.warn(image.mark(), &image.path, message);
    problem.never_ready = true;
    problem.is_hopeless = true;
    problem.help("a name has lower-case letters, digits and . _ - /, then perhaps a `:tag` and an `@sha256:…`");
}

/// `[domain/]path[:tag][@digest]`
fn is_reference(text: &str) -> bool {
    const LONGEST_NAME: usize = 255;
    let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    // A colon before the last slash is that of a port.
    let last = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest[last..].find(':') {
        Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..])),
        None => (rest, None),
    };
    let path = match name.split_once('/') {
        Some((domain, path)) if names_a_host(domain) => is_host(domain).then_some(path),
        _ => Some(name),
    };
    name.len() <= LONGEST_NAME
        && path.is_some_and(|path| path.split('/').all(is_component) && !is_hash(text))
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}

/// Whether the first part of a name is a registry and not a part of the path.
fn names_a_host(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.chars().any(|c| c.is_ascii_uppercase())
}

fn is_host(domain: &str) -> bool {
    let is_name = |name: &str| {
        let is_part = |part: &str| {
            let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !part.is_empty() && part.chars().all(inner) && !part.starts_with('-') && !part.ends_with('-')
        };
        name.split('.').all(is_part)
    };
    let is_port = |port: &str| !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
    match domain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let is_address = |c: char| c.is_ascii_hexdigit() || c == ':';
            address.chars().all(is_address) && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
        }
        None => domain.split_once(':').map_or_else(|| is_name(domain), |(name, port)| is_name(name) && is_port(port)),
    }
}

/// Lower-case letters and digits, parted by one of `.` and `_`, by `__` or by any number of `-`.
fn is_component(component: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators: Vec<&str> = component.split(is_plain).filter(|separator| !separator.is_empty()).collect();
    let is_separator = |text: &&str| matches!(*text, "." | "_" | "__") || text.chars().all(|c| c == '-');
    component.starts_with(is_plain) && component.ends_with(is_plain) && separators.iter().all(is_separator)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=128).contains(&tag.len())
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hash)) = digest.split_once(':') else { return false };
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    algorithm.split(['+', '.', '-', '_']).all(is_part)
        && hash.len() >= 32
        && hash.chars().all(|c| c.is_ascii_hexdigit())
}

/// 64 hexadecimal digits are the identifier of an image and no name.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn names_of_images_are_those_that_the_kubelet_takes() {
        let hash = "0123456789abcdef".repeat(4);
        for name in [
            "nginx",
            "nginx:1.25",
            "library/nginx:latest",
            "healthsamurai/aidboxone:latest",
            "registry.k8s.io/pause:3.9",
            "localhost/app",
            "localhost:5000/team/app:v1",
            "Registry/app",
            "[2001:db8::1]:5000/app",
            "a/b__c/d--e.f:_T.a-G",
            &format!("gcr.io/p/i@sha256:{hash}"),
            &format!("gcr.io/p/i:v1@sha256:{hash}"),
        ] {
            assert!(is_reference(name), "{name}");
        }
        for name in [
            "Nginx",
            "nginx:",
            "nginx:a:b",
            "my image",
            "${IMAGE}",
            "{{ .Values.image }}",
            "https://example.org/app",
            "team//app",
            "app_",
            "a..b",
            "app@sha256:short",
            "-app",
            "app:-tag",
            &hash,
            &format!("app:{}", "t".repeat(129)),
            &"a".repeat(256),
        ] {
            assert!(!is_reference(name), "{name}");
        }
    }
}
