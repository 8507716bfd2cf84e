//! What is retained of broadcasts: told to new connections, and to be had over HTTP.

use std::thread;

use bellwire::Settings;
use bellwire::contract::Node;
use serde_json::{Value, json};

use crate::harness::{Client, TestServer};
use crate::services::TestServices;

mod plant {
    bellwire::asyncapi!("tests/it/plant.yaml");
}

use plant::types::{Alarm, Reading, Rows, Scan, Tank, TankUpdatePayload, ValvesUpdatePayload};
use plant::{PlantApi, PlantPublishers, PlantStores};

async fn start(node: &Node) -> TestServer {
    start_with(node, |_| {}).await
}

async fn start_with(node: &Node, change: impl FnOnce(&mut Settings)) -> TestServer {
    let endpoint = PlantApi.into_endpoint();
    TestServer::serve_on(node.clone(), TestServices::default(), vec![endpoint], axum::Router::new(), change)
        .await
}

fn alarm(number: i32) -> Alarm {
    Alarm { number }
}

/// The `data` of the first frame.
async fn snapshot(client: &mut Client) -> Value {
    let frame = client.frame().await;
    assert_eq!(frame["type"], "stateSnapshot");
    frame["payload"]["data"].clone()
}

#[tokio::test]
async fn everything_published_is_retained_by_its_kind() {
    let node = Node::new();
    let publishers = PlantPublishers::new(&node);
    // Before there is a server, and from another thread.
    let early = publishers.clone();
    thread::spawn(move || {
        early
            .tank_update
            .publish(&TankUpdatePayload { tank: Tank { level: Some(1), name: Some("a".into()) } });
        early.alarm.publish(&alarm(1));
    })
    .join()
    .expect("no panic");
    let server = start(&node).await;
    publishers.tank_update.publish(&TankUpdatePayload { tank: Tank { level: Some(2), name: None } });
    publishers.valves_update.publish(&ValvesUpdatePayload { valves: vec![1, 2] });
    publishers.valves_update.publish(&ValvesUpdatePayload { valves: vec![3] });
    publishers.scan.publish(&Scan { rows: 7, seconds: 2 });
    for (id, value) in [("x", 1), ("y", 2), ("z", 3), ("x", 4)] {
        publishers.reading.publish(&Reading { id: id.into(), value });
    }
    for number in 2..=4 {
        publishers.alarm.publish(&alarm(number));
    }
    let state = snapshot(&mut server.connect("/ws").await).await;
    assert_eq!(state["tank"], json!({"level": 2, "name": "a"}));
    assert_eq!(state["valves"], json!([3]));
    assert_eq!(state["scan"], json!({"rows": 7}));
    assert_eq!(state["sensors"], json!([{"id": "x", "value": 4}, {"id": "y", "value": 2}]));
    assert_eq!(state["alarms"], json!([{"number": 4}, {"number": 3}, {"number": 2}]));
    assert_eq!(state["events"].as_array().map(Vec::len), Some(13));
    assert_eq!(state["events"][12], json!({"type": "alarm", "payload": {"number": 4}}));
    assert_eq!(state["note"], Value::Null);
    assert_eq!(server.get("/api/state").await.json(), state);
    for (name, value) in state.as_object().expect("an object") {
        assert_eq!(server.get(&format!("/api/{name}")).await.json(), *value, "{name}");
    }
}

#[tokio::test]
async fn before_anything_is_published_there_is_what_was_declared() {
    let server = start(&Node::new()).await;
    let state = snapshot(&mut server.connect("/ws").await).await;
    let nothing = json!({"tank": {}, "valves": [], "scan": null, "sensors": [], "alarms": [], "events": [], "note": null});
    assert_eq!(state, nothing);
    assert_eq!(server.get("/api/scan").await.body, "null");
}

#[tokio::test]
async fn lists_are_shortened_on_request_and_nothing_else_is() {
    let node = Node::new();
    let (server, publishers) = (start(&node).await, PlantPublishers::new(&node));
    for number in 1..=4 {
        publishers.alarm.publish(&alarm(number));
    }
    assert_eq!(server.get("/api/alarms?limit=2").await.json(), json!([{"number": 4}, {"number": 3}]));
    let last = server.get("/api/events?limit=1").await.json();
    assert_eq!(last, json!([{"type": "alarm", "payload": {"number": 4}}]));
    for wrong in ["0", "4", "-1", "two", ""] {
        let refused = server.get(&format!("/api/alarms?limit={wrong}")).await;
        assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("invalid-payload")), "{wrong}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/limit");
    }
}

#[tokio::test]
async fn who_polls_is_told_that_nothing_has_changed() {
    let node = Node::new();
    let (server, publishers) = (start(&node).await, PlantPublishers::new(&node));
    publishers.alarm.publish(&alarm(1));
    for path in ["/api/alarms", "/api/state"] {
        let tag = server.get(path).await.headers["etag"].clone();
        let headers = format!("if-none-match: {tag}\r\n");
        let unchanged = server.http("GET", path, &headers, "").await;
        assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
        publishers.alarm.publish(&alarm(2));
        let changed = server.http("GET", path, &headers, "").await;
        assert_eq!(changed.status, 200);
        assert_ne!(changed.headers["etag"], tag);
    }
}

#[tokio::test]
async fn an_app_reads_writes_and_transforms_what_is_retained() {
    let node = Node::new();
    let (publishers, stores) = (PlantPublishers::new(&node), PlantStores::new(&node));
    assert!(stores.note.get().is_none());
    stores.note.set(&"watch the tank".to_owned());
    stores.tank.put(&Tank { level: Some(1), name: None });
    stores.tank.put(&Tank { level: None, name: Some("a".into()) });
    stores.alarms.set(&vec![alarm(3), alarm(2), alarm(1)]);
    assert!(stores.alarms.put(&alarm(4)));
    stores
        .alarms
        .update(|alarms| alarms.unwrap_or_default().into_iter().filter(|it| it.number != 3).collect());
    stores.scan.transform(|scan: Rows| (scan.rows > 0).then_some(Rows { rows: scan.rows * 2 }));
    publishers.scan.publish(&Scan { rows: 4, seconds: 1 });
    publishers.scan.publish(&Scan { rows: 0, seconds: 1 });
    let server = start(&node).await;
    let state = snapshot(&mut server.connect("/ws").await).await;
    assert_eq!(state["note"], "watch the tank");
    assert_eq!(state["tank"], json!({"level": 1, "name": "a"}));
    assert_eq!(state["alarms"], json!([{"number": 4}, {"number": 2}]));
    assert_eq!(state["scan"], json!({"rows": 8}));
    assert_eq!(stores.scan.get().map(|scan| scan.rows), Some(8));
    assert!(stores.sensors.put(&Reading { id: "a".into(), value: 1 }));
    assert!(stores.sensors.put(&Reading { id: "b".into(), value: 1 }));
    assert!(!stores.sensors.put(&Reading { id: "c".into(), value: 1 }), "there is room for two");
}

#[tokio::test]
async fn what_comes_over_http_is_retained_as_well() {
    let server = start(&Node::new()).await;
    let body = json!({"type": "alarm", "payload": {"number": 5}}).to_string();
    let answer = server.http("POST", "/publish", "authorization: Bearer token\r\n", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(server.get("/api/alarms").await.json(), json!([{"number": 5}]));
}

#[tokio::test]
async fn an_address_asks_no_faster_than_it_may_and_back_ends_publish_as_they_please() {
    let server = start_with(&Node::new(), |settings| settings.http_rate = Some(2)).await;
    for _ in 0..10 {
        let body = json!({"type": "alarm", "payload": {"number": 5}}).to_string();
        let answer = server.http("POST", "/publish", "authorization: Bearer token\r\n", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let mut answers = Vec::new();
    // The states and what tells several of them count together.
    for path in ["/api/alarms", "/api/state"].repeat(50) {
        answers.push(server.get(path).await);
    }
    let served = answers.iter().take_while(|answer| answer.status == 200).count();
    assert!((4..100).contains(&served), "twice as many at once: {served}");
    let refused = &answers[served];
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("rate-limited")));
    assert_eq!((&*refused.headers["retry-after"], &*refused.headers["cache-control"]), ("1", "no-store"));
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains(r#"reply_errors_total{code="rate-limited"}"#), "{metrics}");
    let unbounded = start_with(&Node::new(), |settings| settings.http_rate = Some(0)).await;
    for _ in 0..50 {
        assert_eq!(unbounded.get("/api/alarms").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_gets_the_snapshot_and_then_exactly_what_follows_whatever_the_threads_do() {
    const THREADS: i32 = 4;
    const EACH: i32 = 250;
    let node = Node::new();
    let server = start(&node).await;
    let publishers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let publisher = PlantPublishers::new(&node).alarm;
            thread::spawn(move || {
                for number in 0..EACH {
                    publisher.publish(&alarm(thread * EACH + number));
                    thread::yield_now();
                }
            })
        })
        .collect();
    let mut clients = Vec::new();
    for _ in 0..12 {
        clients.push(server.connect("/ws").await);
    }
    for publisher in publishers {
        publisher.join().expect("no panic");
    }
    let all = server.get("/api/events").await.json();
    let all = all.as_array().expect("a list");
    assert_eq!(all.len() as i32, THREADS * EACH);
    for client in &mut clients {
        let state = snapshot(client).await;
        let mut seen = state["events"].as_array().expect("a list").clone();
        while seen.len() < all.len() {
            seen.push(client.frame().await);
        }
        assert!(seen == *all, "the order is one for the snapshot, the client and HTTP");
        client.nothing_waits().await;
    }
}
