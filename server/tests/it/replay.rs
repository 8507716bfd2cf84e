//! What is sent while nobody is connected, for those who come in time (`x-connection.replay`).

use std::thread;
use std::time::Duration;

use bellwire::contract::{BroadcastPublisher, Caller, Node};
use serde_json::json;

use crate::contract::{Notice, Text};
use crate::harness::{Client, TestServer};
use crate::services::TestServices;

mod monitor {
    bellwire::asyncapi!("tests/it/monitor.yaml");
}

use monitor::types::{AlarmPayload, HelloPayload, Tick};
use monitor::{MonitorApi, MonitorConnect, MonitorPublishers, SendTicksMessage};

struct Greeter;

impl MonitorConnect for Greeter {
    async fn hello(&self, caller: &Caller) -> Option<HelloPayload> {
        Some(HelloPayload { queued: u32::try_from(caller.replayed()).unwrap_or(u32::MAX) })
    }
}

async fn start(node: &Node) -> TestServer {
    let endpoint = MonitorApi { connect: Greeter }.into_endpoint();
    TestServer::serve_on(node.clone(), TestServices::default(), vec![endpoint], axum::Router::new(), |_| {})
        .await
}

fn alarm(number: i32) -> AlarmPayload {
    AlarmPayload { number }
}

/// The number of the next frame, which is an alarm.
async fn number(client: &mut Client) -> i64 {
    client.frame().await["payload"]["number"].as_i64().expect("an alarm")
}

/// How many messages the first frame says will follow.
async fn queued(client: &mut Client) -> u64 {
    let frame = client.frame().await;
    assert_eq!(frame["type"], "hello", "{frame}");
    frame["payload"]["queued"].as_u64().expect("a number")
}

#[tokio::test]
async fn everyone_who_comes_in_time_gets_what_was_sent_to_nobody() {
    let node = Node::new();
    let publish = MonitorPublishers::new(&node);
    publish.alarm.publish(&alarm(1));
    publish.send_ticks.publish(&SendTicksMessage::Tick(Tick { tick: 2 }));
    let server = start(&node).await;
    let body = json!({"type": "alarm", "payload": {"number": 3}}).to_string();
    let answer = server.http("POST", "/publish", "authorization: Bearer token\r\n", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(node.queued_messages(), 3);
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = server.connect("/ws").await;
        assert_eq!(queued(&mut client).await, 3);
        assert_eq!(number(&mut client).await, 1);
        assert_eq!(client.frame().await, json!({"tick": 2}));
        assert_eq!(number(&mut client).await, 3);
        clients.push(client);
    }
    // Somebody is there now: nothing more is kept.
    assert_eq!(publish.alarm.publish(&alarm(4)).subscribers, 3);
    for client in &mut clients {
        assert_eq!(number(client).await, 4);
        client.nothing_waits().await;
    }
    assert_eq!(node.queued_messages(), 3);
}

#[tokio::test]
async fn what_is_too_old_is_gone() {
    tokio::time::pause();
    let node = Node::new();
    let publish = MonitorPublishers::new(&node);
    publish.alarm.publish(&alarm(1));
    tokio::time::advance(Duration::from_secs(40)).await;
    publish.alarm.publish(&alarm(2));
    assert_eq!(node.queued_messages(), 2);
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(node.queued_messages(), 1);
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(node.queued_messages(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_the_first_clients_come() {
    const THREADS: i32 = 4;
    const EACH: i32 = 200;
    let node = Node::new();
    let server = start(&node).await;
    let publishers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let publish = MonitorPublishers::new(&node);
            thread::spawn(move || {
                for number in 0..EACH {
                    publish.alarm.publish(&alarm(thread * EACH + number));
                    thread::yield_now();
                }
            })
        })
        .collect();
    let mut first = server.connect("/ws").await;
    let mut second = server.connect("/ws").await;
    for publisher in publishers {
        publisher.join().expect("no panic");
    }
    let kept = queued(&mut first).await;
    assert_eq!(kept, queued(&mut second).await, "nothing is kept while somebody is there");
    assert_eq!(kept, node.queued_messages() as u64);
    let mut all = Vec::new();
    for _ in 0..THREADS * EACH {
        all.push(number(&mut first).await);
    }
    first.nothing_waits().await;
    for thread in 0..i64::from(THREADS) {
        let each = i64::from(EACH);
        let of_thread = all.iter().copied().filter(|number| number / each == thread);
        assert!(of_thread.eq(thread * each..(thread + 1) * each), "each thread's are complete and in order");
    }
    // Whoever comes second gets the same that was kept, and of the rest what came since.
    let mut later = Vec::new();
    for _ in 0..kept {
        later.push(number(&mut second).await);
    }
    assert_eq!(later, all[..later.len()]);
}

#[tokio::test]
async fn where_nothing_is_declared_nothing_is_kept() {
    let server = TestServer::start().await;
    BroadcastPublisher::<Notice<false>>::new(&server.node).publish(&Text { text: "unheard".into() });
    assert_eq!(server.node.queued_messages(), 0);
    let mut client = server.client().await;
    assert_eq!(client.ask(json!({"type": "ping"})).await, json!({"type": "pong"}));
}
