//! `cargo xtask new` as a newcomer meets it: the result builds, runs, and its client compiles.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use e2e::{Spawned, TestSocket, project_root};
use serde_json::json;

/// A plain name, one that the code to begin with uses itself, and one that both languages keep for themselves.
const NAMES: [&str; 3] = ["chat", "message", "fn"];

/// Where new APIs are written: a project of its own, so that this one stays as it is.
fn sandbox(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Left over from an earlier run, perhaps.
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("asyncapi")).expect("a folder for the test");
    for name in NAMES {
        let said = run(cargo()
            .args(["run", "--quiet", "--package", "xtask", "--", "new", name])
            .current_dir(project_root())
            .env("BELLWIRE_ROOT", &root));
        assert!(!said.contains("warning["), "what is given to begin with has no mistakes: {said}");
    }
    root
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{command:?}:\n{text}");
    text
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A package around the new apps' sources, locked and compiled like the project itself.
fn package(root: &Path) {
    let project = project_root();
    let server = project.join("server");
    let manifest = fs::read_to_string(project.join("Cargo.toml")).expect("the workspace manifest");
    let profiles = manifest.find("[profile.dev]").map_or("", |start| &manifest[start..]);
    // A profile for a package that is not there is a warning.
    let ours = |section: &&str| section.starts_with("profile.dev.package.bellwire");
    let profiles = profiles.split("\n[").filter(|section| !ours(section)).collect::<Vec<_>>().join("\n[");
    let programs = NAMES
        .map(|name| format!("[[bin]]\nname = \"new-{name}\"\npath = \"server/src/bin/{name}/main.rs\"\n\n"));
    let programs = programs.concat();
    let text = format!(
        "[package]\nname = \"chat\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n{programs}[dependencies]\nanyhow = \"1\"\nclap = {{ version = \"4\", features = [\"derive\", \"env\", \"wrap_help\"] }}\nbellwire = {{ path = {server:?} }}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\n{profiles}"
    );
    fs::write(root.join("Cargo.toml"), text).expect("a manifest");
    fs::copy(project.join("Cargo.lock"), root.join("Cargo.lock")).expect("the lock file");
}

#[tokio::test]
async fn a_new_api_of_any_name_builds_runs_and_answers() {
    let root = sandbox("new-api");
    package(&root);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let built = run(cargo()
        .args(["build", "--offline", "--message-format", "short"])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", target));
    assert!(!built.contains("warning"), "{built}");

    let chat = Spawned::program(&target.join("debug/new-chat"), &[]);
    let mut listener = TestSocket::connect(chat.socket()).await;
    listener.subscribe("messages", &json!({ "room": "hall" })).await;
    let mut speaker = TestSocket::connect(chat.socket()).await;
    let statement = json!({ "room": "hall", "author": "Ann", "text": "hello" });
    speaker.send(&json!({ "type": "say", "id": 1, "payload": statement })).await;
    let reply = speaker.next_of("say.response").await;
    assert_eq!(reply["payload"]["status"], "ok", "{reply}");
    let update = listener.next_of("messages.update").await;
    assert_eq!(update["payload"]["text"], "hello", "{update}");
    speaker
        .send(&json!({ "type": "say", "payload": { "room": "hall", "author": "Ann", "text": "  " } }))
        .await;
    let refusal = speaker.next_of("say.response").await;
    assert_eq!(refusal["payload"]["code"], "empty-text", "{refusal}");
}

#[test]
fn the_client_of_a_new_api_of_any_name_compiles() {
    let clients = project_root().join("clients-ts");
    let compiler = clients.join("node_modules/.bin/tsc");
    if !compiler.exists() {
        // `cargo xtask test` installs the packages first; a plain `cargo test` may do without them.
        return eprintln!("SKIPPED: run `npm ci` in clients-ts to compile the client");
    }
    let root = sandbox("new-client");
    let settings = json!({
        "extends": clients.join("tsconfig.base.json"),
        "compilerOptions": { "noEmit": true, "paths": { "bellwire": [clients.join("runtime/src/index.ts")] } },
        "include": [root.join("clients-ts/generated/**/*.ts")],
    });
    fs::write(root.join("tsconfig.json"), settings.to_string()).expect("a settings file");
    fs::write(root.join("package.json"), r#"{"type":"module"}"#).expect("a package file");
    run(Command::new(compiler).arg("-p").arg(&root));
}
