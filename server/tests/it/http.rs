//! What stands beside the socket.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bellwire::Period;
use serde_json::json;

use crate::contract::{Bar, Bars, BarsParams};
use crate::harness::TestServer;
use crate::services::{TestServices, endpoint};

#[tokio::test]
async fn the_document_and_the_page_stand_beside_the_socket() {
    let server = TestServer::start().await;
    let document = server.get("/api/v1/ws/asyncapi.json").await;
    assert_eq!((document.status, &document.json()["asyncapi"]), (200, &json!("3.0.0")));
    assert_eq!(document.headers["content-type"], "application/json");
    let old = server.get("/api/v1/ws/asyncapi.json?version=2.4.0").await;
    assert_eq!(old.json()["asyncapi"], "2.4.0");
    assert_eq!(server.get("/api/v1/ws/asyncapi.json?version=3.0.0").await.status, 200);
    assert_eq!(server.get("/api/v1/ws/asyncapi.json?version=1").await.status, 400);
    let page = server.get("/api/v1/ws/asyncapi").await;
    assert!(page.body.starts_with("<!doctype html>"));
    assert!(page.headers["content-security-policy"].starts_with("default-src 'none'"));
    assert_eq!(server.get("/close/v1/ws/asyncapi").await.status, 200);
    assert_eq!(server.get("/nothing/here").await.status, 404);
    assert_eq!(server.get("/api/v1/ws").await.status, 426, "a socket is no page");
}

#[tokio::test]
async fn health_counts_connections_and_metrics_count_the_rest() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.ask_ok(json!({"type": "plain.subscribe", "payload": {"symbol": "A"}})).await;
    client.ask(json!({"type": "no.such"})).await;
    for path in ["/health", "/api/v1/health"] {
        let health = server.get(path).await;
        let body = health.json();
        assert_eq!(
            (health.status, &body["status"], &body["active_connections"]),
            (200, &json!("healthy"), &json!(1))
        );
        assert!(body["timestamp"].as_str().is_some_and(|time| time.ends_with('Z') && time.len() == 24));
    }
    let metrics = server.get("/metrics").await.body;
    for line in [
        "bellwire_connections_inflight 1",
        "bellwire_connections_accepted_total 1",
        "bellwire_subscriptions_inflight 1",
        "bellwire_messages_received_total 2",
        "bellwire_reply_errors_total{code=\"unknown-type\"} 1",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn every_frame_is_counted_whoever_wrote_it() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.ask_ok(json!({"type": "bars.subscribe", "payload": {"symbol": "AAPL"}})).await;
    let publisher = bellwire::contract::Publisher::<Bars<false>>::new(&server.node);
    let params = BarsParams { symbol: "AAPL".to_owned(), resolution: "1".to_owned() };
    for time in 1..=3 {
        publisher.publish(&params, &Bar { time, open: 1.0, high: 2.0, low: 0.5, close: 1.5, volume: 10.0 });
        assert_eq!(client.frame().await["payload"]["time"], time);
    }
    // Whoever fans out counts before it lets go of the socket, so the pong comes after.
    client.ask(json!({"type": "ping"})).await;
    let metrics = server.get("/metrics").await.body;
    let line = "bellwire_messages_sent_total 5";
    assert!(metrics.lines().any(|known| known == line), "{line} is not in\n{metrics}");
}

#[tokio::test]
async fn retained_state_is_a_plain_get_where_the_document_says_so() {
    let server = TestServer::start().await;
    let path = "/api/v1/bars/AAPL";
    assert_eq!(server.get(path).await.status, 404);
    let publisher = bellwire::contract::Publisher::<Bars<false>>::new(&server.node);
    let params = BarsParams { symbol: "AAPL".to_owned(), resolution: "5".to_owned() };
    let bar = Bar { time: 1, open: 1.0, high: 2.0, low: 0.5, close: 1.5, volume: 10.0 };
    publisher.publish(&params, &bar);
    let state = server.get(&format!("{path}?resolution=5")).await;
    assert_eq!(state.body, "{\"time\":1,\"open\":1,\"high\":2,\"low\":0.5,\"close\":1.5,\"volume\":10}");
    assert_eq!(server.get(path).await.status, 404, "of the default resolution nothing was published");
    let invalid = server.get(&format!("{path}?resolution=7")).await;
    assert_eq!((invalid.status, &invalid.json()["errors"][0]["pointer"]), (422, &json!("/resolution")));
    let no_text = server.get("/api/v1/bars/%FF").await;
    assert_eq!((no_text.status, &no_text.json()["errors"][0]["pointer"]), (422, &json!("/symbol")));
    assert_eq!(server.get("/api/v1/bars/FORBIDDEN").await.status, 403);
}

#[tokio::test]
async fn a_service_that_hangs_or_panics_is_no_reason_to_leave_retained_state_unanswered() {
    let server = TestServer::start_with(|settings| {
        settings.request_timeout = Some(Period(Duration::from_millis(100)));
    })
    .await;
    // One that fails to make a snapshot leaves what is retained, of which there is none.
    for (symbol, status, code) in
        [("HANG", 504, "request-timeout"), ("PANIC", 500, "internal"), ("SERVED", 404, "unknown-type")]
    {
        let answer = server.get(&format!("/api/v1/bars/{symbol}")).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{symbol}");
    }
}

#[tokio::test]
async fn an_address_asks_for_retained_state_no_faster_than_it_may() {
    let server = TestServer::start_with(|settings| settings.http_rate = Some(2)).await;
    let mut statuses = Vec::new();
    for _ in 0..50 {
        statuses.push(server.get("/api/v1/bars/AAPL").await.status);
    }
    assert_eq!(statuses[..4], [404; 4]);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(server.get("/health").await.status, 200, "whoever looks after it is no client");
    assert_eq!(server.get("/api/v1/ws/asyncapi.json").await.status, 200);
}

#[tokio::test]
async fn an_applications_routes_come_first() {
    let services = TestServices::default();
    let endpoints = vec![endpoint::<false>(&services)];
    let routes = Router::new()
        .route("/health", get(async || "mine"))
        .route("/api/v1/broadcaster", get(async || "also mine"));
    let server = TestServer::serve(services, endpoints, routes, |_| {}).await;
    assert_eq!(server.get("/health").await.body, "mine");
    assert_eq!(server.get("/api/v1/broadcaster").await.body, "also mine");
    assert_eq!(server.get("/api/v1/ws/asyncapi.json").await.status, 200);
    server.client().await.nothing_waits().await;
}
