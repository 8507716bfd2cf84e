//! `new`: what it refuses. That its result builds and runs is shown end to end, in `tests/`.

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
