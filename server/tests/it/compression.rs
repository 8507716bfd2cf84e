//! permessage-deflate over real sockets: compressed once, shared by all, and only where it is worth it.

use bellwire::contract::{Publisher, Topic};
use bellwire::{Size, Switch};
use serde_json::{Value, json};

use crate::by_hand::{ByHand, Raw, frame};
use crate::contract::{Depth, Plain, Uncompressed, symbol};
use crate::harness::TestServer;

async fn subscribe<T: Topic>(mut client: ByHand) -> ByHand {
    let request = json!({"type": format!("{}.subscribe", T::SPEC.route), "payload": {"symbol": "A"}});
    let answer = client.ask(&request).await;
    assert_eq!(answer.json()["payload"]["status"], "ok");
    client
}

/// How many publications were compressed so far.
async fn compressed(server: &TestServer) -> u64 {
    let metrics = server.get("/metrics").await.body;
    let name = "bellwire_publications_compressed_total ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|count| count.parse().ok()).expect("the metric")
}

fn big(number: u64) -> Value {
    json!({"n": number, "pad": "abcdefgh".repeat(200)})
}

#[tokio::test]
async fn a_publication_is_compressed_once_whatever_the_number_of_subscribers() {
    let server = TestServer::start().await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(subscribe::<Plain>(ByHand::deflating(&server).await).await);
    }
    let mut plain = subscribe::<Plain>(ByHand::open(&server).await).await;
    let publisher = Publisher::<Plain>::new(&server.node);
    for number in 1..=20 {
        publisher.publish(&symbol("A"), &big(number));
        let mut shared: Option<Raw> = None;
        for client in &mut clients {
            let got = client.next().await;
            assert!(got.is_compressed() && got.payload.len() < 400, "{}", got.payload.len());
            assert_eq!(got.json()["payload"]["n"], number);
            assert_eq!(*shared.get_or_insert_with(|| got.clone()), got);
        }
        let got = plain.next().await;
        assert!(!got.is_compressed());
        assert_eq!(got.json()["payload"], big(number));
        assert_eq!(compressed(&server).await, number);
    }
}

#[tokio::test]
async fn a_burst_arrives_whole_and_in_order() {
    let server = TestServer::start().await;
    let mut clients = [
        subscribe::<Plain>(ByHand::deflating(&server).await).await,
        subscribe::<Plain>(ByHand::open(&server).await).await,
    ];
    let publisher = Publisher::<Plain>::new(&server.node);
    for number in 0..200 {
        // Short ones stay as they are, between long ones.
        let update = if number % 3 == 0 { json!({"n": number}) } else { big(number) };
        publisher.publish(&symbol("A"), &update);
    }
    for (index, client) in clients.iter_mut().enumerate() {
        for number in 0..200 {
            let got = client.next().await;
            assert_eq!(got.json()["payload"]["n"], number);
            assert_eq!(got.is_compressed(), index == 0 && number % 3 != 0);
        }
    }
    assert_eq!(compressed(&server).await, 133);
}

#[tokio::test]
async fn nobody_who_wants_it_means_nothing_is_compressed() {
    let server = TestServer::start().await;
    let mut plain = subscribe::<Plain>(ByHand::open(&server).await).await;
    Publisher::<Plain>::new(&server.node).publish(&symbol("A"), &big(1));
    plain.next().await;
    assert_eq!(compressed(&server).await, 0);
}

#[tokio::test]
async fn a_topic_may_opt_out() {
    let server = TestServer::start().await;
    let mut client = subscribe::<Uncompressed>(ByHand::deflating(&server).await).await;
    Publisher::<Uncompressed>::new(&server.node).publish(&symbol("A"), &big(1));
    assert!(!client.next().await.is_compressed());
    assert_eq!(compressed(&server).await, 0);
}

#[tokio::test]
async fn replies_and_snapshots_are_compressed_too() {
    let server = TestServer::start().await;
    Publisher::<Depth>::new(&server.node).publish(&symbol("A"), &big(1));
    for _ in 0..3 {
        let mut client = subscribe::<Depth>(ByHand::deflating(&server).await).await;
        let snapshot = client.next().await;
        assert!(snapshot.is_compressed());
        assert_eq!(snapshot.json()["payload"], big(1));
    }
    assert_eq!(compressed(&server).await, 1);
    let mut client = ByHand::deflating(&server).await;
    let refused = client.ask(&json!({"type": "x".repeat(1_000)})).await;
    assert!(refused.is_compressed() && refused.payload.len() < 200);
    assert_eq!(refused.json()["payload"]["code"], "unknown-type");
    // Replies are a client's own and not counted.
    assert_eq!(compressed(&server).await, 1);
}

#[tokio::test]
async fn what_an_operator_sets_holds() {
    let server = TestServer::start_with(|settings| settings.compression = Some(Switch::Off)).await;
    let offer = "sec-websocket-extensions: permessage-deflate\r\n";
    let opened = ByHand::open_with(&server, offer).await;
    assert!(!opened.head.contains("permessage-deflate"));

    let server = TestServer::start_with(|settings| {
        settings.compression_threshold = Some(Size(10_000));
        settings.compression_context = Some(Switch::On);
    })
    .await;
    let mut client = subscribe::<Plain>(ByHand::deflating(&server).await).await;
    assert!(!client.head.contains("client_no_context_takeover"));
    Publisher::<Plain>::new(&server.node).publish(&symbol("A"), &big(1));
    assert!(!client.next().await.is_compressed());
}

#[tokio::test]
async fn a_narrow_window_gets_what_it_can_inflate() {
    let server = TestServer::start().await;
    let offer = "sec-websocket-extensions: permessage-deflate; server_max_window_bits=10\r\n";
    let opened = ByHand::open_with(&server, offer).await;
    assert!(opened.head.contains("server_max_window_bits=10"), "{}", opened.head);
    let mut client = subscribe::<Plain>(opened).await;
    let publisher = Publisher::<Plain>::new(&server.node);
    for (len, is_compressed) in [(70, true), (200, false)] {
        publisher.publish(&symbol("A"), &json!("abcdefgh".repeat(len)));
        assert_eq!(client.next().await.is_compressed(), is_compressed, "{len}");
    }
}

#[tokio::test]
async fn compressed_requests_are_served_and_bombs_end_their_connection_alone() {
    let server = TestServer::start().await;
    let mut client = ByHand::deflating(&server).await;
    let ping = bellwire::websocket::Compressor::shared(b"{\"type\":\"ping\",\"id\":1}", 6);
    client.send(&frame(0xc1, &ping)).await;
    assert_eq!(client.next().await.json(), json!({"type": "pong", "id": 1}));
    let bomb = bellwire::websocket::Compressor::shared(&vec![b'x'; 10 << 20], 9);
    client.send(&frame(0xc1, &bomb)).await;
    assert_eq!(client.close().await.0, 1009);
    let mut other = ByHand::open(&server).await;
    other.send(&frame(0xc1, &ping)).await;
    assert_eq!(other.close().await, (1002, "Protocol error".to_owned()));
}
