//! `cargo xtask new NAME`: an API of one's own that builds and runs at once, commented for learning.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

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

/// Names that cargo or the workspace use themselves.
const TAKEN: &[&str] =
    &["bellwire", "build", "deps", "e2e", "examples", "incremental", "test", "tests", "xtask"];
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
    for (path, template) in &files {
        let text = template.replace("__name__", name).replace("__Name__", &type_name(name));
        write(&root.join(path), &text)?;
        terminal.line(&format!("{} {path}", terminal.paint(Style::Good, "    wrote")));
    }
    if !generate::document(name, terminal)? {
        return Ok(false);
    }
    say_what_is_next(name, terminal);
    Ok(true)
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
    if TAKEN.contains(&name) {
        bail!("`{name}` is taken by cargo or by this project; choose another name");
    }
    Ok(())
}

/// `chat-room` is `ChatRoom`.
fn type_name(name: &str) -> String {
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

fn say_what_is_next(name: &str, terminal: &Terminal) {
    let title = type_name(name);
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
        format!("  import {{ create{title}Client }} from './clients-ts/generated/{name}/index.js'"),
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
            &"a".repeat(41),
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["chat", "chat-room", "v2"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn words_make_a_type_name() {
        for (name, expected) in [("chat", "Chat"), ("chat-room", "ChatRoom"), ("v2-feed", "V2Feed")] {
            assert_eq!(type_name(name), expected);
        }
    }
}
