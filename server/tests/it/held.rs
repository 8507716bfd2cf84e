//! Updates that come while a service makes a snapshot: held back up to what may wait for a client, and beyond that as
//! their topic declares.

use bellwire::Size;
use bellwire::contract::{Publisher, Topic};
use serde_json::{Value, json};

use crate::contract::{Conflated, Depth, Plain, Symbol, Trades, symbol};
use crate::harness::{Client, TestServer};

/// Bytes that may wait for one client.
const QUEUE: u64 = 64 << 10;
/// Updates of about a KiB: more than that.
const MANY: u64 = 200;

/// A server, and a client that waits for the snapshot of a topic, which its service makes when it is let.
struct Waiting {
    server: TestServer,
    client: Client,
    route: &'static str,
}

impl Waiting {
    async fn new<T: Topic>() -> Self {
        let server = TestServer::start_with(|settings| settings.queue = Some(Size(QUEUE))).await;
        let (mut client, route) = (server.client().await, T::SPEC.route);
        client.ask_ok(json!({"type": format!("{route}.subscribe"), "payload": {"symbol": "SERVED"}})).await;
        Self { server, client, route }
    }

    /// Publishes updates with these numbers.
    fn publish<T: Topic<Params = Symbol, Update = Value>>(&self, numbers: std::ops::RangeInclusive<u64>) {
        let publisher = Publisher::<T>::new(&self.server.node);
        for number in numbers {
            publisher
                .publish(&symbol("SERVED"), &json!({"k": number % 4, "n": number, "pad": "x".repeat(1_000)}));
        }
    }

    /// The service makes its snapshot.
    fn serve(&self) {
        self.server.services.gate.notify_one();
    }

    /// The next frame, of this kind.
    async fn expect(&mut self, kind: &str) -> Value {
        let frame = self.client.frame().await;
        assert_eq!(frame["type"], format!("{}.{kind}", self.route), "{frame}");
        frame
    }

    async fn counter(&self, name: &str) -> u64 {
        let name = format!("bellwire_{name}_total{{route=\"{}\"}} ", self.route);
        let metrics = self.server.get("/metrics").await.body;
        let value = metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok());
        value.unwrap_or(0)
    }
}

#[tokio::test]
async fn close_ends_a_client_whose_snapshot_takes_too_long() {
    let mut of = Waiting::new::<Plain>().await;
    of.publish::<Plain>(1..=MANY);
    assert_eq!(of.client.close().await, (4413, "Slow consumer".to_owned()));
}

#[tokio::test]
async fn what_finds_room_follows_the_snapshot_whatever_the_policy() {
    async fn check<T: Topic<Params = Symbol, Update = Value>>() {
        let mut of = Waiting::new::<T>().await;
        of.publish::<T>(1..=20);
        of.serve();
        of.expect("snapshot").await;
        for number in 1..=20 {
            assert_eq!(of.expect("update").await["payload"]["n"], number);
        }
    }
    check::<Plain>().await;
    check::<Trades>().await;
    check::<Depth>().await;
}

#[tokio::test]
async fn drop_oldest_says_behind_the_snapshot_how_many_found_no_room() {
    let mut of = Waiting::new::<Trades>().await;
    of.publish::<Trades>(1..=MANY);
    of.serve();
    of.expect("snapshot").await;
    let first = of.expect("update").await;
    let (number, dropped) = (first["payload"]["n"].as_u64().expect("a number"), first["dropped"].as_u64());
    assert_eq!(dropped, Some(number - 1), "{first}");
    assert!((40..MANY / 2).contains(&(MANY - number)), "{number} of {MANY} is the oldest left");
    for expected in number + 1..=MANY {
        let update = of.expect("update").await;
        assert_eq!((&update["payload"]["n"], &update["dropped"]), (&json!(expected), &Value::Null));
    }
    assert_eq!(of.counter("dropped").await, number - 1);
}

#[tokio::test]
async fn resync_tells_of_all_that_was_given_up_and_begins_with_a_fresh_snapshot() {
    let mut of = Waiting::new::<Depth>().await;
    of.publish::<Depth>(1..=MANY);
    of.serve();
    // The snapshot that was being made is not taken for the fresh one.
    assert_eq!(of.expect("resync").await["payload"], json!({"dropped": MANY}));
    of.publish::<Depth>(MANY + 1..=MANY + 3);
    of.serve();
    of.expect("snapshot").await;
    for number in MANY + 1..=MANY + 3 {
        let update = of.expect("update").await;
        assert_eq!((&update["payload"]["n"], &update["dropped"]), (&json!(number), &Value::Null));
    }
    assert_eq!((of.counter("dropped").await, of.counter("resync").await), (MANY, 1));
}

#[tokio::test]
async fn updates_that_outrun_one_snapshot_after_another_end_the_connection() {
    let mut of = Waiting::new::<Depth>().await;
    for _ in 0..2 {
        of.publish::<Depth>(1..=MANY);
        of.serve();
        of.expect("resync").await;
    }
    of.publish::<Depth>(1..=MANY);
    of.serve();
    assert_eq!(of.client.close().await, (4413, "Slow consumer".to_owned()));
}

#[tokio::test]
async fn a_topic_that_delivers_the_latest_holds_one_value_of_each_key_back() {
    let mut of = Waiting::new::<Conflated>().await;
    of.publish::<Conflated>(1..=MANY);
    of.serve();
    of.expect("snapshot").await;
    for number in MANY - 3..=MANY {
        let update = of.expect("update").await;
        assert_eq!((&update["payload"]["n"], &update["conflated"]), (&json!(number), &json!(MANY / 4)));
    }
    assert_eq!(of.counter("conflated").await, MANY - 4);
}
