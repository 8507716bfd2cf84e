//! Real data over the wire, as the contract of the reference has it.

use std::time::Duration;

use e2e::TestSocket;
use serde_json::{Value, json};

use super::trading;

#[tokio::test]
async fn bars_of_the_recording_arrive_after_the_reply() {
    let server = trading(&[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let reply = socket.subscribe("bars", &json!({ "symbol": "BTC-USD" })).await;
    let topic = r#"bars:{"resolution":"1","symbol":"BTC-USD"}"#;
    let expected = json!({ "status": "ok", "symbol": "BTC-USD", "resolution": "1", "message": "Subscribed to BTC-USD", "topic": topic });
    assert_eq!(reply, expected);
    for _ in 0..3 {
        let update = socket.next_of("bars.update").await;
        assert_eq!(update["topic"], topic);
        let bar = &update["payload"];
        let price = |member: &str| bar[member].as_f64().unwrap_or_else(|| panic!("{member} in {bar}"));
        assert!(price("low") <= price("open") && price("open") <= price("high"), "{bar}");
        assert!(price("low") <= price("close") && price("close") <= price("high"), "{bar}");
        assert!(price("close") > 1000.0, "{bar} is no price of bitcoin");
    }
}

#[tokio::test]
async fn subscribing_twice_counts_once_and_unsubscribing_ends_it() {
    let server = trading(&["--publish-token", "t"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let params = json!({ "symbol": "ACME", "resolution": "5" });
    socket.subscribe("bars", &params).await;
    socket.subscribe("bars", &json!({ "symbol": "ACME", "params": { "resolution": "5" } })).await;
    let body = json!({ "type": "bars.update", "params": params, "payload":
        { "time": 1, "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1 } });
    let publish = || e2e::post(&server.url("/api/v1/publish"), Some("t"), &body.to_string()).json();
    assert_eq!(publish()["subscribers"], 1);
    socket.next_of("bars.update").await;
    for expected in ["Unsubscribed from ACME", "Not subscribed to ACME"] {
        socket.send(&json!({ "type": "bars.unsubscribe", "id": 9, "payload": params })).await;
        let reply = socket.next_of("bars.unsubscribe.response").await;
        assert_eq!((&reply["id"], &reply["payload"]["message"]), (&json!(9), &json!(expected)), "{reply}");
    }
    assert_eq!(publish()["subscribers"], 0);
    assert!(socket.is_silent_for(Duration::from_millis(200)).await);
}

#[tokio::test]
async fn quotes_and_trades_of_several_symbols_arrive() {
    let server = trading(&[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    socket.subscribe("quotes", &json!({ "symbols": ["BTC-USD", "ETH-USD"] })).await;
    let mut seen: Vec<Value> = Vec::new();
    while seen.len() < 2 {
        let symbol = socket.next_of("quotes.update").await["payload"]["n"].clone();
        if !seen.contains(&symbol) {
            seen.push(symbol);
        }
    }
    socket.subscribe("trades", &json!({ "symbol": "ETH-USD" })).await;
    socket.next_of("trades.update").await;
}

#[tokio::test]
async fn a_client_that_leaves_is_gone() {
    let server = trading(&[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    socket.subscribe("bars", &json!({ "symbol": "BTC-USD" })).await;
    socket.close().await;
    let url = server.url("/health");
    e2e::eventually("the connection to be gone", || {
        (e2e::get(&url).json()["active_connections"] == 0).then_some(())
    })
    .await;
}
