//! Settings: help, flags, environment, file, and who wins.

use std::net::TcpListener;
use std::{fs, path::Path};

use e2e::{Spawned, TestSocket};

use super::trading;

/// Runs the program to its end: whether it succeeded, and everything it said.
fn ended(arguments: &[&str]) -> (bool, String) {
    let output = Spawned::command("trading").args(arguments).output().expect("the program starts");
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat();
    (output.status.success(), text)
}

#[test]
fn help_shows_every_setting_its_default_and_examples_within_a_hundred_columns() {
    let (success, help) = ended(&["--help"]);
    assert!(success);
    for flag in [
        "--host",
        "--port",
        "--port-range",
        "--heartbeat",
        "--lifetime",
        "--max-message",
        "--publish-token",
        "--log",
        "--feed",
        "--speed",
        "--bar-interval",
        "--bar-symbols",
        "--bar-resolutions",
        "[default: 8000]",
        "BELLWIRE_PORT",
        "BAR_BROADCASTER_INTERVAL",
        "Examples:",
    ] {
        assert!(help.contains(flag), "{flag} in\n{help}");
    }
    let longest = help.lines().max_by_key(|line| line.chars().count()).expect("some help");
    assert!(longest.chars().count() <= 100, "{longest}");
}

#[test]
fn unusable_settings_are_refused_by_name() {
    let cases: [(&[&str], &str); 12] = [
        (&["--port", "70000"], "--port"),
        (&["--heartbeat", "soon"], "soon"),
        (&["--max-message", "0"], "--max-message"),
        (&["--feed", "nonsense"], "nonsense"),
        (&["--feed", "replay:no-such-file.jsonl"], "no-such-file.jsonl"),
        (&["--feed", "replay:Cargo.toml"], "line 1 is not a line of a recording"),
        (&["--speed", "0"], "--speed"),
        (&["--bar-interval", "0"], "--bar-interval"),
        (&["--bar-symbols", "A B"], "is no symbol"),
        (&["--bar-resolutions", "7"], "there are 1, 5, 15, 30, 60, D, W, M"),
        (&["--config", "no-such-file.toml"], "no-such-file.toml"),
        (&["--no-such-flag"], "--no-such-flag"),
    ];
    for (arguments, word) in cases {
        let (success, text) = ended(arguments);
        assert!(!success && text.contains(word), "{arguments:?}: {text}");
    }
}

#[test]
fn the_first_free_port_of_a_range_is_taken_and_printed() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let (success, text) = ended(&["--port", &port.to_string()]);
    assert!(!success && text.contains(&port.to_string()), "{text}");
    let server = trading(&["--port", &port.to_string(), "--port-range", "20"]);
    assert!(!server.socket().contains(&format!(":{port}/")), "{}", server.socket());
    assert_eq!(e2e::get(&server.url("/health")).status, 200);
}

#[test]
fn the_address_to_listen_on_is_taken_and_printed() {
    let server = trading(&["--host", "0.0.0.0"]);
    assert!(server.socket().starts_with("ws://0.0.0.0:"), "{}", server.socket());
    let url = server.url("/health").replace("0.0.0.0", "127.0.0.1");
    assert_eq!(e2e::get(&url).status, 200);
}

#[tokio::test]
async fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("settings.toml");
    fs::write(&file, "heartbeat = \"300ms\"\npublish-token = \"from-file\"\n").expect("a settings file");
    let config = file.to_str().expect("a path in UTF-8");

    let from_file = Spawned::start("trading", &["--config", config]);
    let closed = TestSocket::connect(from_file.socket()).await.closed().await;
    assert!(closed.reason.contains("Heartbeat interval 0.3."), "{closed:?}");
    let body = r#"{"type":"bars.update","params":{"symbol":"X"},"payload":{}}"#;
    assert_eq!(e2e::post(&from_file.url("/api/v1/publish"), Some("from-file"), body).status, 422);

    let variables = [("BELLWIRE_CONFIG", config), ("BELLWIRE_HEARTBEAT", "400ms")];
    let from_environment = Spawned::start_with("trading", &[], &variables);
    let closed = TestSocket::connect(from_environment.socket()).await.closed().await;
    assert!(closed.reason.contains("Heartbeat interval 0.4."), "{closed:?}");

    let from_flag = Spawned::start_with("trading", &["--heartbeat", "500ms"], &variables);
    let closed = TestSocket::connect(from_flag.socket()).await.closed().await;
    assert!(closed.reason.contains("Heartbeat interval 0.5."), "{closed:?}");
}
