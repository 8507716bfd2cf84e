//! The contract of the monitor, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use e2e::{PATIENCE, Spawned, TestSocket, eventually, get, post};
use serde_json::{Value, json};

use super::{TOKEN, equity, is_moment, publish, quiet, take};

#[tokio::test]
async fn a_connection_is_greeted_beside_the_envelope() {
    let server = quiet(&[], &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let greeting = socket.next().await;
    let members: BTreeSet<&str> = greeting.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["message", "queued_messages", "timestamp", "type"]));
    assert_eq!(greeting["type"], "connection_established");
    assert!(is_moment(&greeting["timestamp"]), "{greeting}");
    assert!(greeting["queued_messages"].is_u64(), "{greeting}");
    assert_eq!(publish(&server, &equity("10000.00")), 1);
    let update = socket.next_of("equity_update").await;
    let members: BTreeSet<&str> = update.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["data", "timestamp", "type"]));
    assert!(is_moment(&update["timestamp"]), "{update}");
    assert_eq!(update["data"], equity("10000.00")["data"]);
}

#[tokio::test]
async fn everyone_who_comes_in_time_gets_what_was_sent_to_nobody_in_order() {
    let server = quiet(&[], &[]);
    for number in 0..3 {
        assert_eq!(publish(&server, &equity(&format!("{number}.00"))), 0);
    }
    let queued = get(&server.url("/health")).json()["queued_messages"].as_u64().unwrap();
    assert!((3..=100).contains(&queued), "{queued}");
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = TestSocket::connect(server.socket()).await;
        let greeting = socket.next().await;
        assert!(greeting["queued_messages"].as_u64().unwrap() >= 3, "{greeting}");
        let totals: Vec<Value> = take(&mut socket, "equity_update", 3)
            .await
            .iter()
            .map(|data| data["total_equity"].clone())
            .collect();
        assert_eq!(totals, ["0.00", "1.00", "2.00"]);
        sockets.push(socket);
    }
    assert_eq!(publish(&server, &equity("9.00")), 3, "what is sent now is sent to them alone");
    for socket in &mut sockets {
        assert_eq!(take(socket, "equity_update", 1).await[0]["total_equity"], "9.00");
    }
}

#[tokio::test]
async fn the_last_hundred_messages_are_kept() {
    let server = quiet(&[], &[]);
    for number in 0..130 {
        publish(&server, &equity(&format!("{number}.00")));
    }
    assert_eq!(get(&server.url("/health")).json()["queued_messages"], 100);
    let mut socket = TestSocket::connect(server.socket()).await;
    assert_eq!(socket.next().await["queued_messages"], 100);
    let mut last = Value::Null;
    while last != "129.00" {
        last = take(&mut socket, "equity_update", 1).await[0]["total_equity"].clone();
        let number: f64 = last.as_str().unwrap().parse().unwrap();
        assert!(number >= 30.0, "{last} is not among the last hundred");
    }
}

#[tokio::test]
async fn what_was_sent_to_nobody_is_kept_for_its_time_and_no_longer() {
    let server = quiet(&["--replay-ttl", "3s"], &[]);
    assert_eq!(publish(&server, &equity("1.00")), 0);
    let mut early = TestSocket::connect(server.socket()).await;
    assert_eq!(take(&mut early, "equity_update", 1).await[0]["total_equity"], "1.00");
    drop(early);
    let health = server.url("/health");
    eventually("nothing to be kept", || (get(&health).json()["queued_messages"] == 0).then_some(())).await;
    let mut late = TestSocket::connect(server.socket()).await;
    assert_eq!(late.next().await["queued_messages"], 0);
    assert_eq!(publish(&server, &equity("2.00")), 1);
    assert_eq!(take(&mut late, "equity_update", 1).await[0]["total_equity"], "2.00", "the first it hears");
}

#[test]
fn health_and_service_information_are_served() {
    let server = quiet(&[], &[]);
    let health = get(&server.url("/health")).json();
    assert_eq!((&health["status"], &health["active_connections"]), (&json!("healthy"), &json!(0)));
    assert!(is_moment(&health["timestamp"]) && health["queued_messages"].is_u64(), "{health}");
    let service = get(&server.url("/"));
    assert_eq!((service.status, &*service.content_type), (200, "application/json"));
    let service = service.json();
    assert_eq!((&service["status"], &service["websocket"]), (&json!("running"), &json!("/ws")));
    for path in ["/ws/asyncapi", "/ws/asyncapi.json", service["docs"].as_str().unwrap()] {
        assert_eq!(get(&server.url(path)).status, 200, "{path}");
    }
}

fn position() -> Value {
    json!({
        "position_id": "uuid", "symbol": "BTC/USDT", "status": "open", "spot_entry_price": "45000.00",
        "perp_entry_price": "45010.00", "spot_quantity": "0.1", "perp_quantity": "0.1",
        "unrealized_pnl": "50.25", "funding_collected": "12.50",
    })
}

/// Messages as back ends send them, each of which is told as it is.
fn declared() -> Vec<(&'static str, Value)> {
    vec![
        ("position_update", position()),
        (
            "risk_status_update",
            json!({"status": "soft_pause", "message": "m", "drawdown_pct": "0.04", "daily_loss_pct": "0.03"}),
        ),
        ("risk_status_update", json!({"status": "hard_stop", "message": "m"})),
        (
            "risk_status_update",
            json!({
                "status": "emergency", "reason": "critical_network_failure", "message": "m",
                "duration_seconds": 125.5, "open_positions": 2, "timestamp": "2024-01-15T10:30:00.000Z",
            }),
        ),
        (
            "risk_status_update",
            json!({
                "type": "emergency_action", "action": "emergency_close", "message": "m",
                "positions_affected": ["uuid"], "timestamp": "2024-01-15T10:30:00.000Z",
            }),
        ),
        (
            "equity_update",
            json!({
                "total_equity": "1.00", "peak_equity": "2.00", "current_equity": "1.00",
                "timestamp": "2024-01-15T10:30:00.000Z",
            }),
        ),
        (
            "scout_status",
            json!({
                "scout_id": "s", "total_markets": 3, "total_scanned": 2, "valid_opportunities": 1,
                "scan_duration_seconds": 0.5, "last_scan_time": "2024-01-15T10:30:00.000Z",
                "opportunities": [{"symbol": "BTC/USDT", "spread_pct": "0.10", "funding_rate": "0.01"}],
            }),
        ),
        (
            "scout_progress",
            json!({
                "scout_id": "s", "strategy_type": "cross_exchange", "status": "scanning", "scanned": 1, "total": 2,
                "valid_opportunities": 0, "progress_percent": 50, "current_symbol": "BTC/USDT", "completed": false,
                "timestamp": "2024-01-15T10:30:00.000Z",
            }),
        ),
        (
            "system_log",
            json!({"level": "CRITICAL", "module": "m", "message": "m", "timestamp": "2024-01-15T10:30:00.000Z"}),
        ),
        ("worker_status", json!({"status": "rejected", "symbol": "ETH/USDT", "failed_checks": ["spread"]})),
    ]
}

#[tokio::test]
async fn back_ends_publish_what_the_document_declares() {
    let server = quiet(&[], &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    for (kind, data) in declared() {
        publish(&server, &json!({"type": kind, "data": data}));
        loop {
            let frame = socket.next_of(kind).await;
            // The log speaks, too.
            if kind != "system_log" || frame["data"]["level"] == "CRITICAL" {
                assert_eq!(frame["data"], data);
                break;
            }
        }
    }
}

#[test]
fn what_the_document_does_not_declare_is_refused_with_its_place() {
    let server = quiet(&[], &[]);
    let url = server.url("/publish");
    let mut number = position();
    number["unrealized_pnl"] = json!(50.25);
    for (body, status, pointer) in [
        (json!({"type": "position_update", "data": number}), 422, "/data/unrealized_pnl"),
        (
            json!({"type": "equity_update", "data": {"total_equity": "1", "current_equity": "1"}}),
            422,
            "/data/peak_equity",
        ),
        (
            json!({"type": "risk_status_update", "data": {"status": "panic", "message": "m"}}),
            422,
            "/data/status",
        ),
        (json!({"type": "no_such", "data": {}}), 404, ""),
    ] {
        let answer = post(&url, Some(TOKEN), &body.to_string());
        assert_eq!(answer.status, status, "{answer:?}");
        if !pointer.is_empty() {
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{answer:?}");
        }
    }
    assert_eq!(post(&url, Some("wrong"), &equity("1").to_string()).status, 401);
    let without = Spawned::start("carry", &["--demo", "false"]);
    assert_eq!(post(&without.url("/publish"), Some(TOKEN), &equity("1").to_string()).status, 404);
}

#[test]
fn an_unknown_state_is_refused_with_the_allowed_ones() {
    let server = quiet(&[], &[]);
    let url = server.url("/publish");
    for (kind, data, pointer, allowed) in [
        (
            "risk_status_update",
            json!({"status": "panic", "message": "m"}),
            "/data/status",
            r#""normal", "soft_pause", "hard_stop""#,
        ),
        (
            "risk_status_update",
            json!({
                "type": "emergency_action", "action": "run", "message": "m", "positions_affected": [],
                "timestamp": "2024-01-15T10:30:00.000Z",
            }),
            "/data/action",
            r#""emergency_close", "pause", "resume""#,
        ),
        (
            "worker_status",
            json!({"status": "idle", "symbol": "s"}),
            "/data/status",
            r#""processing", "executing""#,
        ),
    ] {
        let answer = post(&url, Some(TOKEN), &json!({"type": kind, "data": data}).to_string());
        let error = answer.json();
        assert_eq!((answer.status, &error["code"]), (422, &json!("invalid-payload")), "{error}");
        assert_eq!(error["errors"][0]["pointer"], pointer, "{error}");
        assert!(error["errors"][0]["message"].as_str().unwrap().contains(allowed), "{error}");
    }
}

#[tokio::test]
async fn bare_text_comes_back_and_a_frame_that_is_none_is_refused() {
    let server = quiet(&[], &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    for text in ["hello", "", "7", "\"quoted\"", "ping"] {
        socket.send_text(text).await;
        let echo = socket.next_of("echo").await;
        assert_eq!(echo["message"], format!("Received: {text}"));
        let members: BTreeSet<&str> = echo.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, BTreeSet::from(["message", "timestamp", "type"]));
        assert!(is_moment(&echo["timestamp"]), "{echo}");
    }
    for (text, code) in [(r#"{"type":"no.such"}"#, "unknown-type"), ("[1]", "invalid-json")] {
        socket.send_text(text).await;
        assert_eq!(socket.next_of("error").await["data"]["code"], code, "{text}");
    }
    socket.send_text(r#"{"type":"ping"}"#).await;
    socket.next_of("pong").await;
}

#[tokio::test]
async fn the_demo_moves_and_its_money_is_in_decimal_strings() {
    let server = Spawned::start("carry", &["--interval", "0.005"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    let mut risk = BTreeSet::new();
    let start = Instant::now();
    while (seen.len() < 8 || risk.len() < 5) && start.elapsed() < PATIENCE {
        let frame = socket.next().await;
        assert!(is_moment(&frame["timestamp"]), "{frame}");
        let kind = frame["type"].as_str().unwrap().to_owned();
        if kind == "risk_status_update" {
            let data = &frame["data"];
            risk.insert(data["status"].as_str().or(data["action"].as_str()).unwrap().to_owned());
        }
        seen.insert(kind, frame["data"].clone());
    }
    let kinds: Vec<&str> = seen.keys().map(String::as_str).collect();
    let all = [
        "connection_established",
        "equity_update",
        "position_update",
        "risk_status_update",
        "scout_progress",
        "scout_status",
        "system_log",
        "worker_status",
    ];
    assert_eq!(kinds, all);
    assert_eq!(risk, ["hard_stop", "normal", "pause", "resume", "soft_pause"].map(str::to_owned).into());
    let is_decimal = |value: &Value| value.as_str().is_some_and(|text| text.parse::<f64>().is_ok());
    for member in ["total_equity", "peak_equity", "current_equity"] {
        assert!(is_decimal(&seen["equity_update"][member]), "{member}");
    }
    for member in
        ["spot_entry_price", "perp_entry_price", "spot_quantity", "unrealized_pnl", "funding_collected"]
    {
        assert!(is_decimal(&seen["position_update"][member]), "{member}");
    }
}

#[tokio::test]
async fn the_log_is_told_from_info_up_without_feeding_on_itself() {
    let server = Spawned::start("carry", &["--interval", "0.02"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let mut lines = Vec::new();
    while !lines.iter().any(|line: &Value| line["module"] == "PositionService") {
        lines.extend(take(&mut socket, "system_log", 1).await);
    }
    for line in &lines {
        let members: BTreeSet<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, BTreeSet::from(["level", "message", "module", "timestamp"]));
        assert!(
            ["INFO", "WARNING", "ERROR", "CRITICAL"].contains(&line["level"].as_str().unwrap()),
            "{line}"
        );
        assert!(is_moment(&line["timestamp"]), "{line}");
    }
}

#[tokio::test]
async fn whoever_leaves_is_forgotten_and_the_rest_goes_on() {
    let server = quiet(&[], &[]);
    let mut stays = TestSocket::connect(server.socket()).await;
    let leaves = TestSocket::connect(server.socket()).await;
    let connections = |count: u64| {
        let url = server.url("/health");
        eventually("the connections", move || (get(&url).json()["active_connections"] == count).then_some(()))
    };
    connections(2).await;
    leaves.close().await;
    connections(1).await;
    assert_eq!(publish(&server, &equity("1.00")), 1);
    assert_eq!(take(&mut stays, "equity_update", 1).await[0]["total_equity"], "1.00");
}
