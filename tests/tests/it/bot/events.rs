//! Events over HTTP: each that is declared reaches every dashboard as it is, and none that does not fit.

use e2e::{TestSocket, get, post};
use serde_json::{Value, json};

use super::{bot, snapshot};

/// One of each, as bots send them.
fn declared() -> Vec<Value> {
    let when = "2026-02-24T10:00:00.123456+00:00";
    vec![
        json!({ "type": "ACCOUNT_UPDATE", "account": { "leverage": 100, "day_pl": -1.5 }, "timestamp": when }),
        json!({ "type": "POSITION_UPDATE", "positions": [], "timestamp": when }),
        json!({ "type": "SCAN_START", "count": 12, "timestamp": when }),
        json!({ "type": "SCAN_SUMMARY", "symbols": { "XAUUSD": "Cooldown" }, "count": 1, "candidates": 0, "timestamp": when }),
        json!({ "type": "TRADE_EXECUTION", "symbol": "EURUSD", "direction": "BUY", "price": 1.085, "lot": 0.1, "timestamp": when }),
        json!({ "type": "RESEARCH_START", "symbol": "EURUSD", "data": { "rows": [1, null, "x"] }, "timestamp": when }),
        json!({ "type": "RESEARCH_RESULT", "symbol": "EURUSD", "action": "BUY", "confidence": 87.5, "reason": "because", "timestamp": when }),
        json!({ "type": "CRITIC_REVIEW", "symbol": "EURUSD", "score": 7, "lesson": "wait", "analysis": "…", "timestamp": when }),
        json!({ "type": "STAT_ARB_HEDGE", "symbol": "A/B", "message": "hedged", "timestamp": when }),
        json!({ "type": "STAT_ARB_FLATTEN", "symbol": "A/B", "message": "closed", "timestamp": when }),
    ]
}

#[tokio::test]
async fn every_declared_event_reaches_every_dashboard_as_it_is() {
    let server = bot(&["--publish-token", "secret"]);
    let mut sockets =
        [TestSocket::connect(server.socket()).await, TestSocket::connect(server.socket()).await];
    for socket in &mut sockets {
        snapshot(socket).await;
    }
    for event in declared() {
        let answer = post(&server.url("/api/events"), None, &event.to_string());
        assert_eq!((answer.status, answer.json()), (200, json!({ "status": "ok", "clients": 2 })), "{event}");
        let answer = post(&server.url("/publish"), Some("secret"), &event.to_string());
        assert_eq!((answer.status, &answer.json()["subscribers"]), (200, &json!(2)), "{event}");
        for socket in &mut sockets {
            for way in ["/api/events", "/publish"] {
                assert_eq!(socket.next().await, event, "{way}");
            }
        }
    }
    let log = get(&server.url("/api/state")).json()["events"].clone();
    let twice = declared().into_iter().rev().flat_map(|event| [event.clone(), event]);
    assert!(log.as_array().unwrap().iter().cloned().eq(twice), "{log}");
}

#[tokio::test]
async fn an_event_that_does_not_say_when_gets_the_time_it_was_heard_of() {
    let server = bot(&["--publish-token", "secret"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    snapshot(&mut socket).await;
    for mut event in declared() {
        event.as_object_mut().unwrap().remove("timestamp");
        for (path, token) in [("/api/events", None), ("/publish", Some("secret"))] {
            let answer = post(&server.url(path), token, &event.to_string());
            assert_eq!(answer.status, 200, "{path} {event}: {answer:?}");
            let mut frame = socket.next().await;
            let when = frame.as_object_mut().unwrap().remove("timestamp");
            assert!(when.is_some_and(|when| when.as_str().unwrap().ends_with('Z')), "{path} {event}");
            assert_eq!(frame, event, "{path}");
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_leaves_no_trace() {
    let server = bot(&["--publish-token", "secret"]);
    let cases = [
        (r#"{"type":"NO_SUCH"}"#, "/type"),
        (r#"{"count":1}"#, "/type"),
        (r#"{"type":"STATE_SNAPSHOT","data":{}}"#, "/type"),
        (r#"{"type":"SCAN_START"}"#, "/count"),
        (r#"{"type":"SCAN_START","count":-1}"#, "/count"),
        (r#"{"type":"SCAN_START","count":"1"}"#, "/count"),
        (r#"{"type":"SCAN_START","count":1,"timestamp":"yesterday"}"#, "/timestamp"),
        (r#"{"type":"SCAN_SUMMARY","symbols":{"EURUSD":1}}"#, "/symbols/EURUSD"),
        (r#"{"type":"ACCOUNT_UPDATE","account":{"leverage":0}}"#, "/account/leverage"),
        (r#"{"type":"POSITION_UPDATE","positions":[{"ticket":1}]}"#, "/positions/0/symbol"),
        (
            r#"{"type":"RESEARCH_RESULT","symbol":"A","action":"BUY","confidence":101,"reason":""}"#,
            "/confidence",
        ),
        (r#"{"type":"TRADE_EXECUTION","symbol":"A","direction":"HOLD","price":1,"lot":1}"#, "/direction"),
    ];
    for (event, pointer) in cases {
        let answer = post(&server.url("/api/events"), None, event);
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("invalid-payload")), "{event}");
        let pointers = answer.json()["errors"].clone();
        let pointers: Vec<&Value> =
            pointers.as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
        assert!(pointers.contains(&&json!(pointer)), "{event}: {answer:?}");
        let answer = post(&server.url("/publish"), Some("secret"), event);
        assert!((400..500).contains(&answer.status), "{event}: {answer:?}");
        assert!(
            answer.status == 404 || answer.status == 400 || answer.body.contains(pointer),
            "{event}: {answer:?}"
        );
    }
    for body in ["", "not JSON", "[]", "null", r#""SCAN_START""#] {
        let answer = post(&server.url("/api/events"), None, body);
        assert!((400..500).contains(&answer.status), "{body}: {answer:?}");
    }
    assert_eq!(get(&server.url("/api/events")).status, 405);
    assert_eq!(get(&server.url("/api/state")).json()["events"], json!([]));
}

#[test]
fn publishing_needs_its_token_and_is_not_there_without_one() {
    let event = r#"{"type":"SCAN_START","count":1}"#;
    let server = bot(&["--publish-token", "secret"]);
    for token in [None, Some("wrong")] {
        assert_eq!(post(&server.url("/publish"), token, event).status, 401, "{token:?}");
    }
    assert_eq!(post(&bot(&[]).url("/publish"), Some("secret"), event).status, 404);
}
