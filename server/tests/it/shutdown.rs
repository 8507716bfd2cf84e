//! A stop: told, finished, closed, in time.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

use crate::contract::REPLY_ADDRESS;
use crate::harness::{TestServer, WAYS};

#[tokio::test]
async fn replies_are_finished_before_the_close() {
    let mut server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(json!({"type": "act", "id": 1, "payload": {"do": "wait"}})).await;
    client.nothing_waits().await;
    server.stop();
    let notice = client.frame().await;
    assert_eq!(notice["type"], "closing");
    assert_eq!(notice["payload"]["condition"], "shutting-down");
    assert!(notice["payload"]["retry_after_ms"].as_u64().is_some_and(|delay| delay <= 5000));

    let health = server.get("/health").await;
    assert_eq!((health.status, &health.json()["status"]), (503, &json!("draining")));
    for way in WAYS {
        server = server.by(way);
        match server.try_connect(REPLY_ADDRESS, &[]).await.err() {
            Some(Error::Http(response)) => {
                assert_eq!(response.status(), 503);
                assert!(response.headers().contains_key("retry-after"));
            }
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
    let late = client.ask(json!({"type": "act", "id": 2, "payload": {}})).await;
    assert_eq!((&late["id"], &late["payload"]["code"]), (&json!(2), &json!("shutting-down")));

    server.services.gate.notify_one();
    assert_eq!(client.frame().await["payload"]["result"], "waited");
    assert_eq!(client.close().await, (1012, "Service restart".to_owned()));
    server.stopped().await;
}

#[tokio::test]
async fn clients_are_told_to_return_at_different_times() {
    let mut server = TestServer::start().await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(server.client().await);
    }
    server.stop();
    let mut delays = std::collections::BTreeSet::new();
    for client in &mut clients {
        let delay = client.frame().await["payload"]["retry_after_ms"].as_u64().expect("a delay");
        assert!(delay <= 5000, "{delay}");
        delays.insert(delay);
    }
    assert!(delays.len() > 1, "{delays:?}");
    server.stopped().await;
}

#[tokio::test]
async fn what_hangs_does_not_delay_the_stop_beyond_its_time() {
    let mut server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(json!({"type": "act", "payload": {"do": "hang"}})).await;
    client.nothing_waits().await;
    server.stop();
    assert_eq!(client.close().await.0, 1012);
    server.stopped().await;
}

#[tokio::test]
async fn a_client_that_says_nothing_does_not_delay_the_stop() {
    let mut server = TestServer::start().await;
    let silent = server.tcp().await;
    // The server has met the silent one: connections are accepted in the order they came.
    server.client().await.nothing_waits().await;
    server.stop();
    timeout(Duration::from_secs(1), server.stopped()).await.expect("at once");
    drop(silent);
}

#[tokio::test]
async fn a_server_without_clients_stops_at_once() {
    let mut server = TestServer::start().await;
    server.stop();
    server.stopped().await;
}
