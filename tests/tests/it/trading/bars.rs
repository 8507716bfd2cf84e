//! `bars` as its contract has it: forms of the request, refusals, and that nothing is lost.

use e2e::{Closed, Spawned, TestSocket, post};
use serde_json::{Value, json};

use super::trading;

const TOPIC: &str = r#"bars:{"resolution":"1","symbol":"AAPL"}"#;

#[tokio::test]
async fn every_form_of_the_request_means_the_same_topic() {
    let server = trading(&[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    for (payload, resolution) in [
        (json!({ "symbol": "AAPL", "resolution": "1" }), "1"),
        (json!({ "symbol": "AAPL" }), "1"),
        (json!({ "symbol": "AAPL", "params": { "resolution": "1" } }), "1"),
        (json!({ "symbol": "AAPL", "params": {} }), "1"),
        (json!({ "symbol": "AAPL", "params": { "resolution": "60" } }), "60"),
        (json!({ "symbol": "AAPL", "resolution": "D", "params": { "resolution": "W" } }), "D"),
        (json!({ "symbol": "AAPL", "resolution": "M", "colour": "red" }), "M"),
    ] {
        let reply = socket.subscribe("bars", &payload).await;
        let topic = format!(r#"bars:{{"resolution":"{resolution}","symbol":"AAPL"}}"#);
        let expected = json!({ "status": "ok", "symbol": "AAPL", "resolution": resolution, "message": "Subscribed to AAPL", "topic": topic });
        assert_eq!(reply, expected, "{payload}");
    }
    for resolution in ["5", "15", "30"] {
        let reply = socket.subscribe("bars", &json!({ "symbol": "AAPL", "resolution": resolution })).await;
        assert_eq!(reply["status"], "ok", "{reply}");
    }
}

#[tokio::test]
async fn an_unknown_resolution_ends_the_connection_with_the_known_ones() {
    let server = trading(&[]);
    let reason =
        r#"Could not validate payload: /resolution is not one of "1", "5", "15", "30", "60", "D", "W", "M""#;
    for payload in [
        json!({ "symbol": "AAPL", "resolution": "7" }),
        json!({ "symbol": "AAPL", "resolution": 1 }),
        json!({ "symbol": "AAPL", "params": { "resolution": "7" } }),
    ] {
        let mut socket = TestSocket::connect(server.socket()).await;
        socket.send(&json!({ "type": "bars.subscribe", "payload": payload })).await;
        let closed = socket.closed().await;
        assert_eq!(
            (closed.code, closed.reason.starts_with("Could not validate payload: /resolution ")),
            (1003, true),
            "{payload}: {closed:?}"
        );
        if payload["resolution"] != 1 {
            assert_eq!(closed, Closed { code: 1003, reason: reason.to_owned() }, "{payload}");
        }
    }
}

#[tokio::test]
async fn an_unknown_symbol_is_refused_with_the_known_ones_and_the_connection_stays() {
    let server = trading(&[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    for (route, payload) in [
        ("bars", json!({ "symbol": "DOGE" })),
        ("trades", json!({ "symbol": "DOGE" })),
        ("orderbook", json!({ "symbol": "DOGE" })),
        ("executions", json!({ "accountId": "A", "symbol": "DOGE" })),
    ] {
        let reply = socket.subscribe(route, &payload).await;
        assert_eq!(
            (&reply["status"], &reply["code"]),
            (&json!("error"), &json!("unknown-symbol")),
            "{route}: {reply}"
        );
        let fault = &reply["errors"][0];
        let known = r#"is not one of "AAPL", "BTC-USD", "ETH-USD", "GOOGL", "MSFT""#;
        assert_eq!(
            (&fault["pointer"], &fault["message"]),
            (&json!("/symbol"), &json!(known)),
            "{route}: {reply}"
        );
    }
    // Quotes have a way of their own to say so: they name many symbols at once.
    let reply = socket.subscribe("quotes", &json!({ "symbols": ["DOGE", "AAPL"] })).await;
    assert_eq!(reply["status"], "ok");
    let quotes = socket.next_of("quotes.snapshot").await["payload"].clone();
    let doge = quotes.as_array().and_then(|quotes| quotes.iter().find(|quote| quote["n"] == "DOGE"));
    assert_eq!(
        doge,
        Some(&json!({ "s": "error", "n": "DOGE", "v": { "error": "Symbol not found" } })),
        "{quotes}"
    );
    let none = socket.subscribe("quotes", &json!({ "symbols": [] })).await;
    assert_eq!(
        (&none["code"], &none["errors"][0]["pointer"]),
        (&json!("invalid-payload"), &json!("/symbols")),
        "{none}"
    );
}

#[tokio::test]
async fn the_reference_s_own_examples_move() {
    let server = trading(&[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    socket.subscribe("bars", &json!({ "symbol": "AAPL", "params": { "resolution": "1" } })).await;
    let update = socket.next_of("bars.update").await;
    let members: Vec<&String> = update["payload"].as_object().expect("a bar").keys().collect();
    assert_eq!(members, ["time", "open", "high", "low", "close", "volume"]);
    assert_eq!(update["topic"], TOPIC);
}

fn bar(number: u64) -> String {
    let payload = json!({ "time": number, "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1 });
    json!({ "type": "bars.update", "params": { "symbol": "ACME" }, "payload": payload }).to_string()
}

fn publish(server: &Spawned, number: u64) -> Value {
    post(&server.url("/api/v1/publish"), Some("t"), &bar(number)).json()["subscribers"].clone()
}

#[tokio::test]
async fn every_bar_reaches_every_subscriber_though_nobody_reads() {
    let server = trading(&["--publish-token", "t"]);
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = TestSocket::connect(server.socket()).await;
        socket.subscribe("bars", &json!({ "symbol": "ACME" })).await;
        sockets.push(socket);
    }
    for number in 0..300 {
        assert_eq!(publish(&server, number), 3);
    }
    for socket in &mut sockets {
        for number in 0..300 {
            let update = socket.next_of("bars.update").await;
            assert_eq!((&update["payload"]["time"], &update["conflated"]), (&json!(number), &Value::Null));
        }
    }
}

#[tokio::test]
async fn one_client_s_unsubscribing_is_no_other_s() {
    let server = trading(&["--publish-token", "t"]);
    let mut holder = TestSocket::connect(server.socket()).await;
    let mut other = TestSocket::connect(server.socket()).await;
    let acme = json!({ "symbol": "ACME" });
    holder.subscribe("bars", &acme).await;
    other.send(&json!({ "type": "bars.unsubscribe", "payload": acme })).await;
    let reply = other.next_of("bars.unsubscribe.response").await["payload"].clone();
    assert_eq!((&reply["status"], &reply["message"]), (&json!("ok"), &json!("Not subscribed to ACME")));
    assert_eq!(publish(&server, 1), 1);
    assert_eq!(holder.next_of("bars.update").await["payload"]["time"], 1);
}

#[tokio::test]
async fn the_thousand_and_first_subscription_is_refused() {
    let server = trading(&["--publish-token", "t"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let mut refused = Value::Null;
    for number in 0..1_001 {
        let reply = loop {
            let reply = socket.subscribe("trades", &json!({ "symbol": format!("S{number}") })).await;
            if reply["code"] != "rate-limited" {
                break reply;
            }
            assert!(socket.is_silent_for(std::time::Duration::from_millis(50)).await, "the rate is limited");
        };
        if reply["status"] != "ok" {
            assert_eq!(number, 1_000, "{reply}");
            refused = reply;
        }
    }
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!("error"), &json!("too-many-subscriptions")),
        "{refused}"
    );
}
