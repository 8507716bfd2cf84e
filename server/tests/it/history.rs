//! Histories: clients that come back, also after a restart.

use std::path::PathBuf;

use bellwire::contract::Publisher;
use serde_json::{Value, json};

use crate::contract::{Depth, Log, symbol};
use crate::harness::{Client, TestServer};

/// Subscribes to the log of `A`, with the position of an earlier life if there is one; the whole reply.
async fn subscribe(client: &mut Client, since: Value) -> Value {
    let reply = client
        .ask(json!({"type": "log.subscribe", "id": 1, "since": since, "payload": {"symbol": "A"}}))
        .await;
    assert_eq!(reply["payload"]["status"], "ok", "{reply}");
    reply
}

/// Offsets of the next updates.
async fn offsets(client: &mut Client, count: usize) -> Vec<u64> {
    let mut offsets = Vec::new();
    for _ in 0..count {
        let frame = client.frame().await;
        assert_eq!(frame["type"], "log.update", "{frame}");
        assert_eq!(frame["payload"], frame["offset"], "each is published once: {frame}");
        offsets.push(frame["offset"].as_u64().expect("an offset"));
    }
    offsets
}

fn publish(server: &TestServer, numbers: std::ops::RangeInclusive<u64>) {
    let publisher = Publisher::<Log>::new(&server.node);
    numbers.for_each(|number| _ = publisher.publish(&symbol("A"), &json!(number)));
}

#[tokio::test]
async fn a_history_is_kept_without_subscribers_and_bounded_by_its_size() {
    let server = TestServer::start().await;
    publish(&server, 1..=6);
    let mut client = server.client().await;
    let reply = subscribe(&mut client, Value::Null).await;
    assert_eq!((&reply["offset"], &reply["recovered"]), (&json!(6), &Value::Null));
    client.nothing_waits().await;
    let epoch = reply["epoch"].clone();
    let cases = [
        (json!({"epoch": epoch, "offset": 2}), json!(true), Value::Null, 4),
        (json!({"epoch": epoch, "offset": 6}), json!(true), Value::Null, 0),
        (json!({"epoch": epoch, "offset": 1}), json!(false), json!("too-old"), 0),
        (json!({"epoch": epoch, "offset": 7}), json!(false), json!("ahead"), 0),
        (json!({"epoch": "other", "offset": 6}), json!(false), json!("new-epoch"), 0),
    ];
    for (since, recovered, reason, count) in cases {
        let mut client = server.client().await;
        let reply = subscribe(&mut client, since.clone()).await;
        assert_eq!((&reply["recovered"], &reply["reason"]), (&recovered, &reason), "{since}");
        let expected: Vec<u64> = (7 - count..7).collect();
        assert_eq!(offsets(&mut client, expected.len()).await, expected, "{since}");
        client.nothing_waits().await;
    }
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains("bellwire_recover_total{route=\"log\",recovered=\"true\"} 2"), "{metrics}");
}

#[tokio::test]
async fn a_position_that_is_none_is_refused_and_means_nothing_without_history() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let cases = [
        (json!(7), json!([["/since", "type", "is not an object"]])),
        (json!({"epoch": "e"}), json!([["/since/offset", "required", "is required"]])),
        (json!({"epoch": 1, "offset": 1}), json!([["/since/epoch", "type", "is not a string"]])),
        (json!({"epoch": "e", "offset": -1}), json!([["/since/offset", "minimum", "is less than 0"]])),
        (
            json!({"epoch": null, "offset": "1"}),
            json!([
                ["/since/epoch", "type", "is not a string"],
                ["/since/offset", "type", "is not an integer"]
            ]),
        ),
    ];
    for (since, expected) in cases {
        let ask = |route: &str| json!({"type": format!("{route}.subscribe"), "since": since, "payload": {"symbol": "A"}});
        let refused = client.ask(ask("log")).await;
        assert_eq!(refused["payload"]["code"], "invalid-payload", "{since}");
        assert_eq!(told(&refused), expected, "{since}");
        let agreed = client.ask(ask("plain")).await;
        assert_eq!((&agreed["payload"]["status"], &agreed["recovered"]), (&json!("ok"), &Value::Null));
    }
}

/// Pointer, rule and message of each fault in a reply.
fn told(reply: &Value) -> Value {
    let errors = reply["payload"]["errors"].as_array().expect("errors");
    errors.iter().map(|fault| json!([fault["pointer"], fault["rule"], fault["message"]])).collect()
}

#[tokio::test]
async fn what_is_wrong_with_a_position_is_told_behind_what_is_wrong_with_the_parameters() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let refused = client.ask(json!({"type": "log.subscribe", "since": {"epoch": "e"}, "payload": {}})).await;
    let required = |pointer: &str| json!([pointer, "required", "is required"]);
    assert_eq!(told(&refused), json!([required("/symbol"), required("/since/offset")]));
    assert_eq!(refused["payload"]["message"], "symbol is required; since.offset is required");
}

#[tokio::test]
async fn subscribing_again_loses_nothing_that_the_snapshot_contains() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let ask = json!({"type": "depth.subscribe", "payload": {"symbol": "A"}});
    client.ask_ok(ask.clone()).await;
    let publisher = Publisher::<Depth>::new(&server.node);
    for number in 0..50 {
        client.send(ask.clone()).await;
        publisher.publish(&symbol("A"), &json!(number));
    }
    client.send(json!({"type": "ping", "id": "end"})).await;
    let mut updates = Vec::new();
    while updates.len() < 50 {
        let frame = client.frame().await;
        if frame["type"] == "depth.update" {
            updates.push(frame["payload"].as_u64().expect("a number"));
        }
    }
    assert_eq!(updates, (0..50).collect::<Vec<_>>());
}

/// A place for a history, empty at first and at the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let name = format!("bellwire-history-{}.json", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    async fn server(&self) -> TestServer {
        TestServer::start_with(|settings| settings.history_file = Some(self.0.clone())).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for path in [self.0.clone(), self.0.with_added_extension("lock")] {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[tokio::test]
async fn over_a_restart_no_update_is_lost() {
    let place = Place::new();
    let mut server = place.server().await;
    let (mut client, mut busy) = (server.client().await, server.client().await);
    let epoch = subscribe(&mut client, Value::Null).await["epoch"].clone();
    publish(&server, 1..=2);
    assert_eq!(offsets(&mut client, 2).await, [1, 2]);
    busy.send(json!({"type": "act", "id": 1, "payload": {"do": "wait"}})).await;
    busy.nothing_waits().await;

    server.stop();
    assert_eq!(client.close().await.0, 1012);
    publish(&server, 3..=3);
    server.services.gate.notify_one();
    assert_eq!(busy.close().await.0, 1012);
    let old = server.node.clone();
    server.stopped().await;
    let reach = Publisher::<Log>::new(&old).publish(&symbol("A"), &json!("too late"));
    assert_eq!(reach.subscribers, 0);

    let server = place.server().await;
    assert!(!place.0.exists(), "what is taken over is not there for a third");
    publish(&server, 4..=4);
    let mut client = server.client().await;
    let reply = subscribe(&mut client, json!({"epoch": epoch, "offset": 2})).await;
    assert_eq!((&reply["epoch"], &reply["offset"], &reply["recovered"]), (&epoch, &json!(4), &json!(true)));
    publish(&server, 5..=5);
    assert_eq!(offsets(&mut client, 3).await, [3, 4, 5]);
}

#[tokio::test]
async fn after_a_crash_the_client_is_told() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let epoch = subscribe(&mut client, Value::Null).await["epoch"].clone();
    drop(server);
    let server = TestServer::start().await;
    publish(&server, 1..=1);
    let mut client = server.client().await;
    let reply = subscribe(&mut client, json!({"epoch": epoch, "offset": 0})).await;
    assert_eq!((&reply["recovered"], &reply["reason"]), (&json!(false), &json!("new-epoch")));
}
