//! Market hours: when the upstream is connected, and what is served otherwise.

use std::time::Duration;

use e2e::{Spawned, TestSocket, eventually, get};
use serde_json::json;

use super::{NOON, ack, ask, connected, page, quiet, screener, tick};

#[tokio::test]
async fn the_calendar_decides() {
    let exchange = quiet().await;
    let holidays = ["--market-holidays", "2026-01-26,2026-08-15"];
    for (now, market) in [
        ("2026-01-24T12:00:00+05:30", "CLOSED_WEEKEND"),
        ("2026-01-26T12:00:00+05:30", "CLOSED_HOLIDAY"),
        ("2026-01-23T08:00:00+05:30", "CLOSED_OFF_HOURS"),
        ("2026-01-23T15:31:00+05:30", "CLOSED_OFF_HOURS"),
        (NOON, "OPEN"),
    ] {
        let before = exchange.connected();
        let server = screener(&exchange, now, &holidays);
        if market == "OPEN" {
            connected(&server).await;
        } else {
            let health = page(&server, "/api/system/health", |health| health["upstream"] == "closed").await;
            assert_eq!((&health["status"], &health["fyers"]), (&json!("READY"), &json!("OK")), "{health}");
            assert_eq!(exchange.connected(), before, "no upstream connection");
        }
        let status = get(&server.url("/api/market/status")).json();
        assert_eq!(status, json!({ "market_status": market, "fyers_connected": market == "OPEN" }), "{now}");
    }
}

#[tokio::test]
async fn dev_mode_overrides_the_calendar() {
    let exchange = quiet().await;
    let arguments = ["--feed", &exchange.socket(), "--now", "2026-01-24T12:00:00+05:30"];
    let server = Spawned::start_with("screener", &arguments, &[("DEV_MODE", "True")]);
    connected(&server).await;
    let status = get(&server.url("/api/market/status")).json();
    assert_eq!(status, json!({ "market_status": "OPEN (DEV)", "fyers_connected": true }));
    let demo =
        Spawned::start_with("screener", &["--now", "2026-01-24T12:00:00+05:30"], &[("DEV_MODE", "false")]);
    let status = get(&demo.url("/api/market/status")).json();
    assert_eq!(status["market_status"], "CLOSED_WEEKEND", "the demo obeys when told to");
}

#[tokio::test]
async fn it_connects_when_the_market_opens() {
    let exchange = quiet().await;
    let server = screener(&exchange, "2026-01-23T09:14:57+05:30", &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    assert_eq!(
        ask(&mut socket, "subscribe", &["SBIN"]).await,
        ack("subscribe", 1),
        "also while it is closed"
    );
    assert_eq!(exchange.connected(), 0);
    exchange.hears(1).await;
    exchange.say(tick("SBIN", 500.0));
    assert_eq!(socket.next_of("ticker").await["data"]["ltp"], 500.0);
}

#[tokio::test]
async fn at_the_close_the_upstream_goes_and_last_values_are_served() {
    let exchange = quiet().await;
    let server = screener(&exchange, "2026-01-23T15:29:55+05:30", &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    ask(&mut socket, "subscribe", &["SBIN", "TCS"]).await;
    exchange.hears(1).await;
    eventually("both symbols upstream", || exchange.heard().concat().contains("TCS").then_some(())).await;
    exchange.say(tick("SBIN", 500.0));
    exchange.say(tick("SBIN", 501.5));
    while socket.next_of("ticker").await["data"]["ltp"] != 501.5 {}
    page(&server, "/api/websocket/status", |status| status["connected"] == false).await;
    let market = get(&server.url("/api/market/status")).json();
    assert_eq!(market["market_status"], "CLOSED_OFF_HOURS");
    eventually("the exchange to be left", || (exchange.connected() == 0).then_some(())).await;
    let mut late = TestSocket::connect(server.socket()).await;
    assert_eq!(ask(&mut late, "subscribe", &["SBIN", "TCS"]).await, ack("subscribe", 2));
    let last = json!({"type":"ticker","data":{"symbol":"NSE:SBIN-EQ","ltp":501.5,"ch":1.2}});
    assert_eq!(late.next().await, last, "right after the acknowledgement");
    assert!(late.is_silent_for(Duration::from_millis(300)).await, "of what never ticked there is nothing");
}
