//! Slow readers: each topic's declared policy, bounded memory, and nobody else affected.

use bellwire::Size;
use bellwire::contract::{Publisher, Topic};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::contract::{Conflated, Depth, Plain, Symbol, Trades, symbol};
use crate::harness::{Client, TestServer, eventually};

/// More than the kernel takes for a socket that nobody reads.
const COUNT: u64 = 2_500;

fn big(number: u64) -> Value {
    json!({"n": number, "pad": "x".repeat(8_000)})
}

async fn server() -> TestServer {
    TestServer::start_with(|settings| settings.queue = Some(Size(256 << 10))).await
}

async fn subscribe<T: Topic>(server: &TestServer) -> Client {
    let mut client = server.client().await;
    client.ask_ok(json!({"type": format!("{}.subscribe", T::SPEC.route), "payload": {"symbol": "A"}})).await;
    client
}

/// Publishes faster than anyone reads, then one last value.
async fn overrun<T: Topic<Params = Symbol, Update = Value>>(server: &TestServer) -> Publisher<T> {
    let publisher = Publisher::<T>::new(&server.node);
    for number in 0..COUNT {
        publisher.publish(&symbol("A"), &big(number));
        if number % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
    publisher
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_ends_the_slow_reader_and_nobody_else() {
    let server = server().await;
    let mut slow = subscribe::<Plain>(&server).await;
    let mut other = server.client().await;
    overrun::<Plain>(&server).await;
    other.nothing_waits().await;
    let closed = async {
        loop {
            match futures_util::StreamExt::next(&mut slow.socket).await {
                Some(Ok(message)) if message.is_close() => return true,
                Some(Ok(_)) => {}
                // The close may find no room in a socket that nobody reads; then the connection just ends.
                Some(Err(_)) | None => return true,
            }
        }
    };
    assert!(closed.await);
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains("bellwire_slow_disconnects_total 1"), "{metrics}");
}

/// The value of a counter.
async fn counter(server: &TestServer, name: &str) -> u64 {
    let metrics = server.get("/metrics").await.body;
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_readers_are_ended_at_their_limit_and_the_others_miss_nothing() {
    const SLOW: usize = 10;
    const HEALTHY: usize = 50;
    const UPDATES: u64 = 300;
    let server = TestServer::start_with(|settings| {
        settings.queue = Some(Size(256 << 10));
        settings.send_buffer = Some(Size(64 << 10));
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        slow.push(subscribe::<Plain>(&server).await);
    }
    let (read, mut reads) = tokio::sync::mpsc::channel(HEALTHY);
    let mut healthy = Vec::new();
    for _ in 0..HEALTHY {
        let (mut client, read) = (subscribe::<Plain>(&server).await, read.clone());
        healthy.push(tokio::spawn(async move {
            for number in 0..UPDATES {
                assert_eq!(client.frame().await["payload"]["n"], number, "nothing is lost");
                read.send(()).await.expect("the publisher waits");
            }
            client
        }));
    }
    let publisher = Publisher::<Plain>::new(&server.node);
    for number in 0..UPDATES {
        publisher.publish(&symbol("A"), &json!({"n": number, "pad": "x".repeat(16_000)}));
        for _ in 0..HEALTHY {
            reads.recv().await.expect("a healthy reader reads on");
        }
    }
    let healthy = futures_util::future::join_all(healthy).await;
    assert!(healthy.iter().all(Result::is_ok), "a healthy reader reads on");
    eventually("every stalled reader is ended", || server.node.connection_count() <= HEALTHY).await;
    assert_eq!(counter(&server, "bellwire_slow_disconnects_total").await, SLOW as u64);
    let closes = "bellwire_server_disconnects_total{condition=\"slow-consumer\"}";
    assert_eq!(counter(&server, closes).await, SLOW as u64);
    // What was sent to a stalled reader before its end is what the kernel took; it ends without having missed any of it.
    for client in &mut slow {
        let mut next = 0;
        let end = loop {
            match client.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("a frame");
                    assert_eq!(frame["payload"]["n"], next, "no silent gap before the end");
                    next += 1;
                }
                other => break other,
            }
        };
        assert!(next < UPDATES, "a stalled reader did not get everything");
        let told = matches!(&end, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 4413);
        assert!(told, "it finds the reason when it reads: {end:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drop_oldest_keeps_the_newest_and_says_how_many_went() {
    let server = server().await;
    let mut slow = subscribe::<Trades>(&server).await;
    overrun::<Trades>(&server).await;
    let (mut next, mut dropped) = (0, 0);
    while next < COUNT {
        let frame = slow.frame().await;
        dropped += frame["dropped"].as_u64().unwrap_or_default();
        next += frame["dropped"].as_u64().unwrap_or_default();
        assert_eq!(frame["payload"]["n"], next, "what is missing is what was told");
        next += 1;
    }
    assert!(dropped > 0);
    slow.nothing_waits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_ready_when_others_have_taken_the_room_follows_when_there_is_some() {
    let server = server().await;
    let mut slow = subscribe::<Trades>(&server).await;
    slow.ask_ok(json!({"type": "trades.subscribe", "payload": {"symbol": "SERVED"}})).await;
    // While it is made, another topic fills the queue of a client that does not read, to less than a snapshot takes.
    let publisher = overrun::<Trades>(&server).await;
    for number in 10_000..15_000 {
        publisher.publish(&symbol("A"), &json!({ "n": number }));
    }
    let gate = server.services.gate.clone();
    let opening = tokio::spawn(async move {
        loop {
            gate.notify_waiters();
            tokio::task::yield_now().await;
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let served = loop {
        let frame = slow.frame().await;
        if frame["type"] == "trades.snapshot" {
            break frame;
        }
    };
    assert_eq!(served["payload"], json!({"served": true}));
    opening.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resync_tells_how_many_went_and_sends_the_state() {
    let server = server().await;
    let mut slow = subscribe::<Depth>(&server).await;
    overrun::<Depth>(&server).await;
    let (mut seen, mut missed) = (0, 0);
    loop {
        let frame = slow.frame().await;
        let number = frame["payload"]["n"].as_u64();
        match frame["type"].as_str().expect("a type") {
            "depth.update" => {
                assert_eq!(number, Some(seen), "no gap without notice");
                seen += 1;
            }
            "depth.resync" => {
                let dropped = frame["payload"]["dropped"].as_u64().expect("a count");
                missed += dropped;
                let snapshot = slow.frame().await;
                assert_eq!(snapshot["type"], "depth.snapshot");
                seen = snapshot["payload"]["n"].as_u64().expect("a number") + 1;
            }
            other => panic!("unexpected {other}"),
        }
        if seen == COUNT {
            break;
        }
    }
    assert!(missed > 0);
    Publisher::<Depth>::new(&server.node).publish(&symbol("A"), &json!({"n": COUNT}));
    assert_eq!(slow.frame().await["payload"]["n"], COUNT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflation_delivers_the_latest_of_each_key_and_counts_the_rest() {
    let server = server().await;
    let mut client = subscribe::<Conflated>(&server).await;
    let publisher = Publisher::<Conflated>::new(&server.node);
    for number in 0..1000 {
        publisher.publish(&symbol("A"), &json!({"k": number % 2, "n": number}));
    }
    let (mut total, mut latest, mut frames) = (0, [0, 0], 0);
    while total < 1000 {
        let frame = client.frame().await;
        total += frame["conflated"].as_u64().unwrap_or(1);
        let key = usize::try_from(frame["payload"]["k"].as_u64().expect("a key")).expect("small");
        latest[key] = frame["payload"]["n"].as_u64().expect("a number");
        frames += 1;
    }
    assert_eq!((total, latest), (1000, [998, 999]));
    assert!(frames < 100, "{frames} frames");
}
