//! `new`: what it refuses. That its result builds and runs is shown end to end, in `tests/`.

use std::process::Command;

use crate::sandbox::Sandbox;

#[test]
fn a_new_api_is_complete_and_up_to_date() {
    let sandbox = Sandbox::new("new-chat");
    let run = sandbox.xtask(&["new", "chat-room"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("cargo run --bin chat-room"), "{}", run.out);
    let files = sandbox.files();
    for file in [
        "asyncapi/chat-room.yaml",
        "server/src/bin/chat-room/main.rs",
        "server/src/bin/chat-room/service.rs",
        "server/src/bin/chat-room/generated/mod.rs",
        "clients-ts/generated/chat-room/index.ts",
    ] {
        assert!(files.iter().any(|path| path == file), "{file} in {files:#?}");
    }
    assert!(!sandbox.read("server/src/bin/chat-room/main.rs").contains("__"), "a placeholder was left");
    assert_eq!(sandbox.xtask(&["generate", "--check"]).code, 0);
}

#[test]
fn what_is_there_is_not_overwritten() {
    let sandbox = Sandbox::new("new-twice");
    assert_eq!(sandbox.xtask(&["new", "chat"]).code, 0);
    let before = sandbox.files();
    let again = sandbox.xtask(&["new", "chat"]);
    assert!(again.code == 1 && again.err.contains("asyncapi/chat.yaml exists already"), "{again:?}");
    for name in ["Chat", "../chat", "test", ""] {
        assert_eq!(sandbox.xtask(&["new", name]).code, 1, "{name}");
    }
    assert_eq!(sandbox.files(), before);
}

#[test]
fn whatever_its_name_the_code_is_formatted() {
    let sandbox = Sandbox::new("new-formatted");
    let longest = "l".repeat(40);
    let mut written = Vec::new();
    for name in ["a", "fn", "message", "parcels", "say", "v2-1", "zones", &longest] {
        let run = sandbox.xtask(&["new", name]);
        assert_eq!(run.code, 0, "{run:?}");
        let folder = sandbox.root.join("server/src/bin").join(name);
        written.extend(["main.rs", "service.rs"].map(|file| folder.join(file)));
    }
    let project = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let check = Command::new("rustfmt")
        .args(["--check", "--config-path", project])
        .args(&written)
        .output()
        .expect("rust-toolchain.toml names rustfmt");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn the_client_is_called_what_the_generator_calls_it() {
    let sandbox = Sandbox::new("new-called");
    for (name, function) in [
        ("chat-room", "createChatRoomClient"),
        ("string", "createString_Client"),
        ("v2-1", "createV2_1Client"),
    ] {
        let run = sandbox.xtask(&["new", name]);
        let client = sandbox.read(&format!("clients-ts/generated/{name}/client.ts"));
        assert!(run.out.contains(&format!("import {{ {function} }}")), "{}", run.out);
        assert!(client.contains(function), "{client}");
    }
}
