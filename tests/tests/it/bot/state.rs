//! What is retained, in the snapshot and over HTTP.

use e2e::{Spawned, TestSocket, get, post};
use serde_json::{Value, json};

use super::{bot, snapshot};

const WHEN: &str = "2026-02-24T10:00:00.123456+00:00";

fn push(server: &Spawned, event: &Value) {
    let answer = post(&server.url("/api/events"), None, &event.to_string());
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("ok")), "{event}: {answer:?}");
}

fn position(ticket: i64) -> Value {
    json!({
        "ticket": ticket, "symbol": "EURUSD", "type": 0, "direction": "BUY", "volume": 0.1, "entry_price": 1.085,
        "price_current": 1.086, "sl_price": 0, "tp_price": 1.09, "profit": 10,
    })
}

/// Posts it and gives it back as it is to be retained.
fn trade(server: &Spawned, price: i64) -> Value {
    let mut event =
        json!({ "symbol": "EURUSD", "direction": "SELL", "price": price, "lot": 0.1, "timestamp": WHEN });
    let retained = event.clone();
    event["type"] = json!("TRADE_EXECUTION");
    push(server, &event);
    retained
}

#[tokio::test]
async fn before_any_event_there_is_nothing_but_the_form() {
    let server = bot(&[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let nothing = json!({
        "account": {}, "positions": [], "scan_summary": { "symbols": {}, "count": 0 }, "recent_trades": [], "events": [],
    });
    assert_eq!(snapshot(&mut socket).await, nothing);
    assert_eq!(get(&server.url("/api/state")).json(), nothing);
    let service = get(&server.url("/")).json();
    let wanted = json!({
        "service": "Trading bot", "version": "1.0.0", "status": "running", "websocket": "/ws", "clients": 1,
    });
    assert_eq!(service, wanted);
}

#[tokio::test]
async fn each_kind_of_event_changes_its_part_of_the_state() {
    let server = bot(&[]);
    push(&server, &json!({ "type": "ACCOUNT_UPDATE", "account": { "balance": 100, "currency": "USD" } }));
    push(&server, &json!({ "type": "ACCOUNT_UPDATE", "account": { "balance": 90, "equity": 95.5 } }));
    push(&server, &json!({ "type": "POSITION_UPDATE", "positions": [position(1), position(2)] }));
    push(&server, &json!({ "type": "POSITION_UPDATE", "positions": [position(3)] }));
    push(
        &server,
        &json!({ "type": "SCAN_SUMMARY", "symbols": { "EURUSD": "OK" }, "count": 1, "candidates": 1, "timestamp": WHEN }),
    );
    let trades = [trade(&server, 1), trade(&server, 2)];
    let mut socket = TestSocket::connect(server.socket()).await;
    let state = snapshot(&mut socket).await;
    assert_eq!(state["account"], json!({ "balance": 90, "currency": "USD", "equity": 95.5 }), "merged");
    assert_eq!(state["positions"], json!([position(3)]), "replaced");
    let scan = json!({ "symbols": { "EURUSD": "OK" }, "count": 1, "timestamp": WHEN });
    assert_eq!(state["scan_summary"], scan, "normalised");
    assert_eq!(state["recent_trades"], json!([trades[1], trades[0]]), "newest first");
    let order: Vec<&Value> = state["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    let wanted = [
        "TRADE_EXECUTION",
        "TRADE_EXECUTION",
        "SCAN_SUMMARY",
        "POSITION_UPDATE",
        "POSITION_UPDATE",
        "ACCOUNT_UPDATE",
        "ACCOUNT_UPDATE",
    ];
    assert_eq!(order, wanted, "newest first");
    assert_eq!(state["events"][2]["candidates"], 1, "the log holds the event whole");
    assert_eq!(get(&server.url("/api/state")).json(), state);
    for (path, member) in [
        ("/api/account", "account"),
        ("/api/positions", "positions"),
        ("/api/trades", "recent_trades"),
        ("/api/scan", "scan_summary"),
    ] {
        let answer = get(&server.url(path));
        assert_eq!((answer.status, &answer.content_type[..16]), (200, "application/json"), "{path}");
        assert_eq!(answer.json(), state[member], "{path}");
    }
}

#[tokio::test]
async fn a_summary_without_members_is_an_empty_one_whichever_way_it_comes() {
    let server = bot(&["--publish-token", "secret"]);
    for (path, token) in [("/api/events", None), ("/publish", Some("secret"))] {
        push(&server, &json!({ "type": "SCAN_SUMMARY", "symbols": { "EURUSD": "OK" }, "count": 1 }));
        let mut socket = TestSocket::connect(server.socket()).await;
        snapshot(&mut socket).await;
        let answer = post(&server.url(path), token, r#"{"type":"SCAN_SUMMARY"}"#);
        assert_eq!(answer.status, 200, "{answer:?}");
        let frame = socket.next().await;
        let when = &frame["timestamp"];
        assert!(when.as_str().is_some_and(|when| when.ends_with('Z')), "{frame}");
        let whole =
            json!({ "type": "SCAN_SUMMARY", "symbols": {}, "count": 0, "candidates": 0, "timestamp": when });
        assert_eq!(frame, whole, "{path}");
        let scan = get(&server.url("/api/scan")).json();
        assert_eq!(scan, json!({ "symbols": {}, "count": 0, "timestamp": when }), "{path}");
        assert_eq!(get(&server.url("/api/state")).json()["events"][0], frame, "{path}");
    }
}

#[tokio::test]
async fn the_log_keeps_200_and_the_trades_50() {
    let server = bot(&[]);
    let trades: Vec<Value> = (0..210).map(|price| trade(&server, price)).collect();
    let state = snapshot(&mut TestSocket::connect(server.socket()).await).await;
    let kept = state["recent_trades"].as_array().unwrap();
    assert!(kept.iter().eq(trades.iter().rev().take(50)));
    let prices = state["events"].as_array().unwrap().iter().map(|event| event["price"].as_i64().unwrap());
    assert!(prices.eq((10..210).rev()));
}

#[test]
fn a_limit_shortens_lists_and_a_wrong_one_is_refused() {
    let server = bot(&[]);
    let trades = [trade(&server, 1), trade(&server, 2), trade(&server, 3)];
    push(&server, &json!({ "type": "POSITION_UPDATE", "positions": [position(1), position(2)] }));
    let list = |path: &str| get(&server.url(path)).json();
    assert_eq!(list("/api/trades?limit=2"), json!([trades[2], trades[1]]));
    assert_eq!(list("/api/trades?limit=50").as_array().map(Vec::len), Some(3));
    assert_eq!(list("/api/positions?limit=1"), json!([position(1)]));
    assert_eq!(list("/api/positions?limit=100").as_array().map(Vec::len), Some(2));
    for path in [
        "/api/trades?limit=0",
        "/api/trades?limit=51",
        "/api/trades?limit=x",
        "/api/trades?limit=",
        "/api/positions?limit=-1",
    ] {
        let answer = get(&server.url(path));
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["pointer"]),
            (422, &json!("/limit")),
            "{path}"
        );
    }
    assert_eq!(list("/api/account?limit=1"), json!({}));
}
