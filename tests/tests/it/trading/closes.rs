//! Every way in which the server ends a connection, and that nobody else notices.

use std::time::Duration;

use e2e::{Closed, TestSocket};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::trading;

fn closed(code: u16, reason: &str) -> Closed {
    Closed { code, reason: reason.to_owned() }
}

#[tokio::test]
async fn hostile_frames_get_the_declared_close_and_harm_nobody_else() {
    let server = trading(&[]);
    let mut bystander = TestSocket::connect(server.socket()).await;
    bystander.subscribe("bars", &json!({ "symbol": "BTC-USD" })).await;
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let nested = format!(r#"{{"type":"bars.subscribe","payload":{deep}}}"#);
    let huge = format!(r#"{{"type":"ping","payload":"{}"}}"#, "x".repeat(2 << 20));
    let text = |text: &str| Message::text(text);
    let cases = [
        (text("not JSON"), closed(1003, "Could not decode message")),
        (text(""), closed(1003, "Could not decode message")),
        (text("[]"), closed(1003, "Could not decode message")),
        (text(r#"{"payload":{}}"#), closed(1003, "Could not decode message")),
        (text(&nested), closed(1003, "Could not decode message")),
        (text(r#"{"type":"no.such"}"#), closed(1003, "No matching type")),
        (text(r#"{"type":"bars.subscribe.response","payload":{}}"#), closed(1003, "No matching type")),
        (
            text(r#"{"type":"bars.subscribe","payload":{}}"#),
            closed(1003, "Could not validate payload: /symbol is required"),
        ),
        (Message::binary(br#"{"type":"ping"}"#.to_vec()), closed(1003, "Text frames only")),
        (text(&huge), closed(1009, "Message too big")),
    ];
    for (message, expected) in cases {
        let shown = format!("{message:?}").chars().take(80).collect::<String>();
        let mut socket = TestSocket::connect(server.socket()).await;
        socket.send_message(message).await;
        assert_eq!(socket.closed().await, expected, "{shown}");
    }
    bystander.next_of("bars.update").await;
    assert_eq!(e2e::get(&server.url("/health")).status, 200);
}

#[tokio::test]
async fn silence_and_age_end_a_connection_as_the_contract_says() {
    let server = trading(&["--heartbeat", "400ms", "--lifetime", "1h"]);
    let expected = "Connection timed out. Heartbeat interval 0.4. Max connection lifespan 3600.0";
    assert_eq!(TestSocket::connect(server.socket()).await.closed().await, closed(1003, expected));

    let server = trading(&["--heartbeat", "30s", "--lifetime", "600ms"]);
    let mut active = TestSocket::connect(server.socket()).await;
    active.send(&json!({ "type": "ping" })).await;
    let expected = "Connection timed out. Heartbeat interval 30.0. Max connection lifespan 0.6";
    assert_eq!(active.closed().await, closed(1003, expected));
}

#[tokio::test]
async fn messages_keep_a_connection_and_protocol_pings_do_not() {
    let server = trading(&["--heartbeat", "500ms"]);
    let mut talker = TestSocket::connect(server.socket()).await;
    let mut pinger = TestSocket::connect(server.socket()).await;
    for _ in 0..6 {
        talker.send(&json!({ "type": "ping", "id": 1 })).await;
        assert_eq!(talker.next_of("pong").await["id"], 1);
        // The connection may have been closed already, which is the point.
        let _ = pinger.try_send(Message::Ping(Vec::new().into())).await;
        talker.is_silent_for(Duration::from_millis(150)).await;
    }
    assert_eq!(pinger.closed().await.code, 1003);
    talker.send(&json!({ "type": "ping", "id": 2 })).await;
    assert_eq!(talker.next_of("pong").await["id"], 2);
}

#[tokio::test]
async fn a_flood_is_ended_and_a_full_house_is_told() {
    let server = trading(&["--max-connections", "2"]);
    let mut flooder = TestSocket::connect(server.socket()).await;
    let mut other = TestSocket::connect(server.socket()).await;
    let third = TestSocket::connect(server.socket()).await.closed().await;
    assert_eq!(third, closed(1013, "Try again later"));
    for _ in 0..2000 {
        // The server may have closed in the middle of the flood.
        if flooder.try_send(Message::text(r#"{"type":"ping"}"#)).await.is_err() {
            break;
        }
    }
    assert_eq!(flooder.closed().await.code, 4429);
    other.send(&json!({ "type": "ping" })).await;
    other.next_of("pong").await;
}
