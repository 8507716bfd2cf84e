//! What waits for one who does not read: each policy is reached at the connection's byte limit and not beyond it, by
//! code and counter.

use bellwire::Size;
use bellwire::contract::{Publisher, Topic};
use serde_json::{Value, json};

use crate::contract::{Conflated, Depth, Plain, Symbol, Trades, symbol};
use crate::harness::{Client, TestServer};

const QUEUE: u64 = 256 << 10;
/// Updates between two looks at the counters.
const STEP: u64 = 8;
/// More than the kernel and the queue hold together.
const MOST: u64 = 2_500;
/// What the kernels of both ends hold where a server bounds its own; it would be megabytes else.
const HELD_BY_THE_SYSTEM: u64 = 1 << 20;

/// A server, one who reads everything, and one who reads nothing.
struct Stalled {
    server: TestServer,
    healthy: Client,
    stalled: Client,
    route: &'static str,
    /// Published so far.
    count: u64,
    /// Bytes of an update on the wire.
    frame: u64,
    /// Counters before the first update.
    sent: (u64, u64),
}

impl Stalled {
    async fn new<T: Topic>() -> Self {
        let server = TestServer::start_with(|settings| {
            settings.queue = Some(Size(QUEUE));
            settings.send_buffer = Some(Size(64 << 10));
        })
        .await;
        let route = T::SPEC.route;
        let (mut stalled, mut healthy) = (server.client().await, server.client().await);
        for client in [&mut stalled, &mut healthy] {
            let subscribe = json!({"type": format!("{route}.subscribe"), "payload": {"symbol": "A"}});
            client.ask_ok(subscribe).await;
        }
        let mut this = Self { server, healthy, stalled, route, count: 0, frame: 0, sent: (0, 0) };
        this.sent = this.sent().await;
        this
    }

    /// Publishes some updates, each of which the healthy client reads before the next.
    async fn publish<T: Topic<Params = Symbol, Update = Value>>(&mut self) {
        let publisher = Publisher::<T>::new(&self.server.node);
        for _ in 0..STEP {
            let number = self.count;
            // As long as any other.
            let update = json!({"k": number % 4, "n": format!("{number:06}"), "pad": "x".repeat(4_000)});
            publisher.publish(&symbol("A"), &update);
            let text = self.healthy.text().await;
            assert!(text.contains(&format!("{number:06}")), "the healthy one misses nothing");
            self.frame = text.len() as u64 + 4;
            self.count += 1;
        }
    }

    /// Publishes until a counter moves.
    async fn until_counted<T: Topic<Params = Symbol, Update = Value>>(&mut self, counter: &str) -> u64 {
        while self.count < MOST {
            self.publish::<T>().await;
            let counted = self.counter(counter).await;
            if counted > 0 {
                return counted;
            }
        }
        panic!("{counter} never moved");
    }

    /// A counter's value; one that nothing counted yet is not there.
    async fn counter(&self, name: &str) -> u64 {
        let metrics = self.server.get("/metrics").await.body;
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    async fn of_route(&self, name: &str) -> u64 {
        self.counter(&format!("bellwire_{name}_total{{route=\"{}\"}}", self.route)).await
    }

    /// Frames and bytes that went to sockets.
    async fn sent(&self) -> (u64, u64) {
        let frames = self.counter("bellwire_messages_sent_total").await;
        (frames, self.counter("bellwire_messages_sent_bytes_total").await)
    }

    /// Bytes of updates that went to the stalled one's socket.
    async fn taken(&self) -> u64 {
        self.sent().await.1 - self.sent.1 - self.count * self.frame
    }
}

/// The limit was reached, and what waited did not exceed it. An update counts for more than its bytes, and some may have
/// come since the counters were last looked at.
fn assert_at_the_limit(waiting: u64, since: u64) {
    let least = QUEUE * 9 / 10;
    assert!((least..=QUEUE + since).contains(&waiting), "{waiting} bytes waited");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_comes_at_the_limit_with_its_code() {
    let mut of = Stalled::new::<Plain>().await;
    assert_eq!(of.until_counted::<Plain>("bellwire_slow_disconnects_total").await, 1);
    let condition = "bellwire_server_disconnects_total{condition=\"slow-consumer\"}";
    assert_eq!(of.counter(condition).await, 1);
    let taken = of.taken().await;
    assert!(taken < HELD_BY_THE_SYSTEM, "the system took {taken} bytes");
    assert_at_the_limit(of.count * of.frame - taken, STEP * of.frame);
    assert_eq!(of.stalled.close().await, (4413, "Slow consumer".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drop_oldest_drops_at_the_limit_and_counts() {
    let mut of = Stalled::new::<Trades>().await;
    let first = of.until_counted::<Trades>("bellwire_dropped_total{route=\"trades\"}").await;
    for _ in 0..20 {
        of.publish::<Trades>().await;
    }
    // How many of these the system still took for the client varies; what it did not take is at the limit.
    let dropped = of.of_route("dropped").await;
    assert!(dropped > first, "{dropped} dropped, {first} of them at first");
    assert_at_the_limit((of.count - dropped) * of.frame - of.taken().await, 0);
    let mut told = 0;
    for _ in 0..of.count - dropped {
        told += of.stalled.frame().await["dropped"].as_u64().unwrap_or(0);
    }
    assert_eq!(told, dropped, "the client is told of what was counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resync_begins_at_the_limit_and_counts() {
    let mut of = Stalled::new::<Depth>().await;
    let dropped = of.until_counted::<Depth>("bellwire_dropped_total{route=\"depth\"}").await;
    assert_at_the_limit(dropped * of.frame, STEP * of.frame);
    // Nothing waits any more, so that no update is queued until the client has read and been told.
    of.publish::<Depth>().await;
    let missed = of.of_route("dropped").await;
    assert_eq!(missed, dropped + STEP);
    for _ in 0..of.count - missed {
        assert_eq!(of.stalled.frame().await["type"], "depth.update");
    }
    let notice = of.stalled.frame().await;
    assert_eq!((&notice["type"], &notice["payload"]["dropped"]), (&json!("depth.resync"), &json!(missed)));
    assert_eq!(of.stalled.frame().await["type"], "depth.snapshot");
    assert_eq!(of.of_route("resync").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latest_never_holds_more_than_a_value_of_each_key() {
    const KEYS: usize = 4;
    let server = TestServer::start_with(|settings| {
        settings.queue = Some(Size(QUEUE));
        settings.send_buffer = Some(Size(64 << 10));
    })
    .await;
    let mut stalled = server.client().await;
    stalled.ask_ok(json!({"type": "conflated.subscribe", "payload": {"symbol": "A"}})).await;
    let publisher = Publisher::<Conflated>::new(&server.node);
    for number in 0..MOST {
        publisher.publish(&symbol("A"), &json!({"k": number % 4, "n": number, "pad": "x".repeat(4_000)}));
        tokio::task::yield_now().await;
    }
    let mut accounted = 0;
    let mut latest = [0; KEYS];
    while accounted < MOST {
        let frame = stalled.frame().await;
        accounted += frame["conflated"].as_u64().unwrap_or(1);
        let key = frame["payload"]["k"].as_u64().and_then(|key| usize::try_from(key).ok()).expect("a key");
        latest[key] = frame["payload"]["n"].as_u64().expect("a number");
    }
    assert_eq!((accounted, latest), (MOST, [MOST - 4, MOST - 3, MOST - 2, MOST - 1]));
    let metrics = server.get("/metrics").await.body;
    let counted = |name: &str| {
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0)
    };
    assert!(counted("bellwire_conflated_total{route=\"conflated\"}") > 0, "{metrics}");
    assert_eq!(counted("bellwire_slow_disconnects_total"), 0, "it is not ended");
}
