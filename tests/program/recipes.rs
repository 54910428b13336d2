//! Process: the recipes and the tutorial are run. Each of their commands prints what the page shows, in a copy of the shop that they
//! ask about, and their pictures are those that the commands draw. `UPDATE_DOCS=1 cargo test --release --test program recipes` writes what is
//! printed and drawn now.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands before a picture: the file that it is a copy of, from the folder where the commands are run.
const PICTURE: &str = "<!-- picture: ";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let recipes = fs::read_dir(root().join("docs/recipes")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = recipes.filter(|path| path.extension().is_some_and(|ext| ext == "md")).collect();
    pages.push(root().join("docs/tutorial.md"));
    pages.sort();
    pages
}

/// The files of the shop, for a page of its own; of the tutorial the manifests alone.
fn shop(page: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let part = if page.ends_with("docs/tutorial.md") { "k8s" } else { "" };
    copy(&root().join("examples/shop").join(part), &folder.path().join(part));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let to = to.join(entry.file_name().unwrap());
        if entry.is_dir() { copy(&entry, &to) } else { fs::copy(&entry, to).map(drop).unwrap() }
    }
}

/// What a shell prints where no terminal is: eighty columns, no colours.
fn printed(command: &str, folder: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_hasim")).parent().unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("set -o pipefail\nexec 2>&1\n{command}")]).current_dir(folder);
    shell.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    for name in ["COLUMNS", "CLICOLOR_FORCE", "CI"] {
        shell.env_remove(name);
    }
    let output = shell.env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{command}\nends with {:?}:\n{text}", output.status.code());
    text
}

/// The page with what its commands print now. A command begins with `$ ` and goes on in the next line after a backslash.
fn run(page: &str, folder: &Path) -> String {
    let mut run = String::new();
    let mut lines = page.lines().peekable();
    let mut in_console = false;
    while let Some(line) = lines.next() {
        in_console = if in_console { line != "```" } else { line == "```console" };
        run += &format!("{line}\n");
        let Some(first) = line.strip_prefix("$ ").filter(|_| in_console) else { continue };
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            let next = lines.next().unwrap();
            run += &format!("{next}\n");
            command += &format!("\n{next}");
        }
        while lines.next_if(|line| *line != "```" && !line.starts_with("$ ")).is_some() {}
        run += &printed(&command, folder);
    }
    run
}

/// The pictures of a page: the file that it shows, and the one that it is a copy of.
fn pictures(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split(PICTURE);
    parts.next();
    parts
        .map(|part| {
            let (drawn, rest) = part.split_once(" -->\n![").expect("a picture follows its comment");
            let (_, rest) = rest.split_once("](").unwrap();
            (rest.split_once(')').unwrap().0, drawn)
        })
        .collect()
}

#[test]
fn each_page_shows_what_its_commands_print_and_draw() {
    let updates = std::env::var_os("UPDATE_DOCS").is_some();
    let pages = pages();
    assert!(pages.len() >= 7, "{pages:?}");
    let mut old = Vec::new();
    for path in pages {
        let page = fs::read_to_string(&path).unwrap();
        let folder = shop(&path);
        let run = run(&page, folder.path());
        assert!(run.contains("\n$ hasim "), "{} runs hasim", path.display());
        assert!(!run.contains(&folder.path().display().to_string()), "{run}");
        if page != run {
            old.push(path.clone());
            if updates {
                fs::write(&path, run).unwrap();
            }
        }
        let pictures = pictures(&page);
        assert!(!pictures.is_empty(), "{} has a picture", path.display());
        for (shown, drawn) in pictures {
            let shown = path.parent().unwrap().join(shown);
            let drawn =
                fs::read(folder.path().join(drawn)).unwrap_or_else(|why| panic!("{}: {drawn}: {why}", path.display()));
            if fs::read(&shown).ok().as_ref() != Some(&drawn) {
                old.push(shown.clone());
                if updates {
                    fs::create_dir_all(shown.parent().unwrap()).unwrap();
                    fs::write(shown, drawn).unwrap();
                }
            }
        }
    }
    assert!(
        updates || old.is_empty(),
        "`UPDATE_DOCS=1 cargo test --release --test program recipes` writes anew: {old:?}"
    );
}

/// The links of these pages lead somewhere.
#[test]
fn the_links_of_the_pages_lead_somewhere() {
    for path in
        pages().into_iter().chain(["README.md", "docs/install.md", "docs/pipelines.md"].map(|name| root().join(name)))
    {
        let page = fs::read_to_string(&path).unwrap();
        for part in page.split("](").skip(1) {
            let link = part.split(')').next().unwrap();
            let file = link.split('#').next().unwrap();
            if link.starts_with("http") || file.is_empty() {
                continue;
            }
            assert!(path.parent().unwrap().join(file).exists(), "{}: {link}", path.display());
        }
    }
}
