//! The program around the dashboard: the bot that pretends, help, ports, and what is served beside the socket.

use std::net::TcpListener;

use e2e::{Spawned, TestSocket, eventually, get};

use super::{bot, snapshot};

#[tokio::test]
async fn the_demo_has_something_to_show_at_once_and_moves() {
    let server = Spawned::start("bot", &["--interval", "0.02", "--seed", "7"]);
    let url = server.url("/api/state");
    let state = eventually("trades and research", || {
        let state = get(&url).json();
        let has_all = !state["recent_trades"].as_array()?.is_empty() && state["scan_summary"]["count"] == 6;
        has_all.then_some(state)
    })
    .await;
    assert!(state["account"]["balance"].is_number() && state["account"]["currency"] == "USD", "{state}");
    let mut socket = TestSocket::connect(server.socket()).await;
    snapshot(&mut socket).await;
    for kind in ["SCAN_SUMMARY", "ACCOUNT_UPDATE", "POSITION_UPDATE", "TRADE_EXECUTION"] {
        let frame = socket.next_of(kind).await;
        assert!(frame["timestamp"].is_string(), "{frame}");
    }
}

#[test]
fn the_first_free_port_of_ten_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let first = taken.local_addr().unwrap().port();
    let server = bot(&["--port", &first.to_string()]);
    let socket: String = server.socket().to_owned();
    let port: u16 = socket.trim_start_matches("ws://127.0.0.1:").trim_end_matches("/ws").parse().unwrap();
    assert!((first + 1..first + 10).contains(&port), "{socket}");
    assert_eq!(get(&server.url("/health")).json()["status"], "healthy");
}

#[test]
fn one_port_is_tried_where_the_operator_says_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Spawned::command("bot").args(["--port", &port, "--port-range", "1"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains(&port), "{output:?}");
}

#[test]
fn help_shows_by_example() {
    let output = Spawned::command("bot").arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for text in ["Examples:", "--no-demo", "--interval", "--port-range", "--publish-token"] {
        assert!(help.contains(text), "{text} in {help}");
    }
}

#[test]
fn the_document_and_its_page_are_served_beside_the_socket() {
    let server = bot(&[]);
    let document = get(&server.url("/ws/asyncapi.json")).json();
    assert_eq!(document["info"]["title"], "Trading bot");
    assert_eq!(document["channels"]["bot"]["address"], "/ws");
    let page = get(&server.url("/ws/asyncapi"));
    assert_eq!((page.status, &page.content_type[..9]), (200, "text/html"));
    for name in ["STATE_SNAPSHOT", "TRADE_EXECUTION", "/api/events", "/api/trades"] {
        assert!(page.body.contains(name), "{name}");
    }
}
