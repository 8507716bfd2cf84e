//! `cargo xtask new NAME`: an API of one's own that builds and runs at once, commented for learning.

use std::path::Path;
use std::{fs, io};

use anyhow::{Context as _, Result, bail};
use bellwire_codegen::diagnostics::RenderStyle;
use bellwire_codegen::emit::is_device;
use bellwire_codegen::model::Name;
use bellwire_codegen::{FileReader, LoadOptions};

use crate::generate;
use crate::project;
use crate::terminal::{Style, Terminal};

/// Start an API of your own: a document, a service, generated code
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cargo xtask new chat && cargo run --bin chat")]
pub(crate) struct Args {
    /// Its name: lower-case letters, digits and hyphens, starting with a letter
    name: String,
}

const DOCUMENT: &str = include_str!("../templates/api.yaml");
const MAIN: &str = include_str!("../templates/main.rs.txt");
const SERVICE: &str = include_str!("../templates/service.rs.txt");

/// Names that cargo, the workspace or generated clients (`CoreClient`) use themselves.
const TAKEN: &[&str] = &[
    "bellwire",
    "bench-server",
    "build",
    "core",
    "deps",
    "e2e",
    "examples",
    "incremental",
    "test",
    "tests",
    "xtask",
];
const LONGEST: usize = 40;

/// The task.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<bool> {
    let root = project::root();
    let name = args.name.as_str();
    check_name(name)?;
    let files = [
        (format!("asyncapi/{name}.yaml"), DOCUMENT),
        (format!("server/src/bin/{name}/main.rs"), MAIN),
        (format!("server/src/bin/{name}/service.rs"), SERVICE),
    ];
    for place in [&files[0].0, &format!("server/src/bin/{name}"), &format!("clients-ts/generated/{name}")] {
        if root.join(place).exists() {
            bail!("{place} exists already: choose another name, or remove it first");
        }
    }
    let identifiers = identifiers(name)?;
    for (path, template) in &files {
        let text = fill(template, name).replace("__Name__", &identifiers.rust);
        write(&root.join(path), &text)?;
        terminal.line(&format!("{} {path}", terminal.paint(Style::Good, "    wrote")));
    }
    if !generate::document(name, terminal)? {
        return Ok(false);
    }
    say_what_is_next(name, &identifiers.typescript, terminal);
    Ok(true)
}

/// Puts the name wherever it stands as it is, and the title.
fn fill(template: &str, name: &str) -> String {
    template.replace("__name__", name).replace("__Title__", &title(name))
}

/// What the generator calls the API in both languages. Only it knows which words they keep for themselves.
fn identifiers(name: &str) -> Result<Name> {
    let document = Memory(fill(DOCUMENT, name));
    let loaded =
        bellwire_codegen::load(Path::new(&format!("{name}.yaml")), &document, &LoadOptions::default());
    match loaded {
        Ok(loaded) => Ok(loaded.api.name),
        Err(report) => bail!("`{name}` cannot name an API:\n{}", report.render(RenderStyle::Plain)),
    }
}

/// A document that is not on the disk yet.
struct Memory(String);

impl FileReader for Memory {
    fn read(&self, _path: &Path) -> io::Result<String> {
        Ok(self.0.clone())
    }
}

fn check_name(name: &str) -> Result<()> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts_well || !name.chars().all(is_word) || name.ends_with('-') || name.contains("--") {
        bail!(
            "`{name}` is no name for an API: use lower-case letters, digits and single hyphens, e.g. `chat-room`"
        );
    }
    if name.len() > LONGEST {
        bail!("`{name}` is too long: at most {LONGEST} characters");
    }
    if is_device(name) {
        bail!("`{name}` is a device on Windows, where no folder can be called so; choose another name");
    }
    if TAKEN.contains(&name) {
        bail!("`{name}` is taken by cargo or by this project; choose another name");
    }
    Ok(())
}

/// `chat-room` is `ChatRoom`: for people, who see it above the docs.
fn title(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('-') {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.extend(letters);
    }
    out
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn say_what_is_next(name: &str, client: &str, terminal: &Terminal) {
    let lines = [
        String::new(),
        "Try next:".to_owned(),
        format!(
            "  cargo run --bin {name}              serves it and prints its addresses; open the docs page"
        ),
        format!(
            "  $EDITOR asyncapi/{name}.yaml        add a topic, then `cargo xtask generate`: the compiler says"
        ),
        format!(
            "                                {:width$}what server/src/bin/{name}/service.rs lacks",
            "",
            width = name.len()
        ),
        format!("  import {{ create{client}Client }} from './clients-ts/generated/{name}/index.js'"),
    ];
    for line in &lines {
        terminal.line(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused() {
        for name in [
            "",
            "Chat",
            "1chat",
            "chat_room",
            "chat-",
            "-chat",
            "chat--room",
            "../chat",
            "ch at",
            "é",
            "test",
            "bench-server",
            "aux",
            "com1",
            &"a".repeat(41),
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["chat", "chat-room", "v2", "com", "com1-chat"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn words_make_a_title() {
        for (name, expected) in [("chat", "Chat"), ("chat-room", "ChatRoom"), ("v2-feed", "V2Feed")] {
            assert_eq!(title(name), expected);
        }
    }
}
