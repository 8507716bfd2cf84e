//! What comes at once is no slow reader's fault: a client that asks for much and reads as fast as it can gets all of it,
//! however little may wait for it.

use bellwire::Size;
use bellwire::contract::{BroadcastPublisher, Publisher};
use serde_json::json;

use crate::by_hand::{ByHand, frame};
use crate::contract::{Depth, Notice, Text, symbol};
use crate::harness::TestServer;

/// Bytes that may wait for one client, and about as many that the kernel takes.
const QUEUE: u64 = 64 << 10;
/// As many topics as a client may hold.
const COUNT: usize = 8;

#[tokio::test]
async fn a_client_that_subscribes_to_many_topics_at_once_gets_every_snapshot() {
    // More than may wait, and more than the kernel takes as well.
    for size in [12 << 10, 300 << 10] {
        let server = TestServer::start_with(|settings| {
            settings.queue = Some(Size(QUEUE));
            settings.send_buffer = Some(Size(QUEUE));
        })
        .await;
        let publisher = Publisher::<Depth>::new(&server.node);
        let mut burst = Vec::new();
        for number in 0..COUNT {
            let name = format!("S{number}");
            publisher.publish(&symbol(&name), &json!("x".repeat(size)));
            let subscribe = json!({"type": "depth.subscribe", "id": number, "payload": {"symbol": name}});
            burst.extend(frame(0x81, subscribe.to_string().as_bytes()));
        }
        let mut client = ByHand::open(&server).await;
        client.send(&burst).await;
        let (mut replies, mut snapshots) = (0, 0);
        while replies + snapshots < 2 * COUNT {
            let came = client.next().await;
            assert_eq!(came.first, 0x81, "{replies} replies, {snapshots} snapshots, then {:?}", came.close());
            match came.json()["type"].as_str() {
                Some("depth.snapshot") => snapshots += 1,
                Some("depth.subscribe.response") => replies += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((replies, snapshots), (COUNT, COUNT));
    }
}

#[tokio::test]
async fn a_burst_of_messages_to_everyone_reaches_those_who_read() {
    let server = TestServer::start_with(|settings| {
        settings.queue = Some(Size(QUEUE));
        settings.send_buffer = Some(Size(QUEUE));
    })
    .await;
    let mut client = server.client().await;
    client.ask_ok(json!({"type": "plain.subscribe", "payload": {"symbol": "A"}})).await;
    let publisher = BroadcastPublisher::<Notice<false>>::new(&server.node);
    let text = |number: usize| format!("{number} {}", "x".repeat(1 << 10));
    // More than may wait, and less than that and what the kernel takes.
    let count = usize::try_from(QUEUE >> 10).expect("few") * 3 / 2;
    for number in 0..count {
        publisher.publish(&Text { text: text(number) });
    }
    for number in 0..count {
        assert_eq!(client.frame().await["payload"]["text"], text(number));
    }
}
