//! What belongs to a connection as a whole: time, requests, broadcasts, rates.

use std::time::Duration;

use bellwire::contract::BroadcastPublisher;
use bellwire::{Lifetime, Period};
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::by_hand::{ByHand, frame};
use crate::contract::{Notice, Text};
use crate::harness::{TestServer, eventually};

const TICK: Duration = Duration::from_millis(100);

#[tokio::test]
async fn silence_ends_a_connection_and_only_what_counts_breaks_it() {
    let server = TestServer::start_with(|settings| settings.heartbeat = Some(Period(2 * TICK))).await;
    // Its pongs do not count: `activity: message`.
    let mut silent = server.closing_client().await;
    // Its pongs count: `activity: any`.
    let mut ponging = server.client().await;
    let mut pinging = server.closing_client().await;
    let alive = async {
        for _ in 0..8 {
            tokio::time::sleep(TICK).await;
            pinging.nothing_waits().await;
        }
    };
    let (closed, (), answer) = tokio::join!(silent.close(), alive, async {
        ponging.send(json!({"type": "act", "payload": {"do": "wait"}})).await;
        let gate = server.services.gate.clone();
        tokio::spawn(async move {
            tokio::time::sleep(8 * TICK).await;
            gate.notify_one();
        });
        ponging.frame().await
    });
    assert_eq!(closed, (4408, "No sign of life for 0.2".to_owned()));
    assert_eq!(answer["payload"]["result"], "waited");
}

#[tokio::test]
async fn an_old_connection_is_told_and_closed() {
    let server = TestServer::start_with(|settings| settings.lifetime = Some(Lifetime(Some(TICK)))).await;
    let mut client = server.client().await;
    let notice = client.frame().await;
    assert_eq!(notice["type"], "closing");
    assert_eq!(notice["payload"]["condition"], "lifetime-exceeded");
    assert_eq!(notice["payload"]["retry"], "now");
    assert_eq!(client.close().await, (4409, "Connection lifetime of 0.1 exceeded".to_owned()));
}

#[tokio::test]
async fn a_client_that_closes_gets_its_close_back() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.nothing_waits().await;
    let frame = CloseFrame { code: 1000.into(), reason: "done".into() };
    client.socket.close(Some(frame)).await.expect("sends");
    assert_eq!(client.close().await, (1000, "done".to_owned()));
    eventually("it is gone", || server.node.connection_count() == 0).await;
}

#[tokio::test]
async fn a_service_that_takes_long_is_not_the_clients_silence() {
    let server = TestServer::start_with(|settings| settings.heartbeat = Some(Period(TICK))).await;
    let mut client = server.client().await;
    for number in 0..64 {
        client.send(json!({"type": "act", "id": number, "payload": {"do": "wait"}})).await;
    }
    tokio::time::sleep(3 * TICK).await;
    server.services.gate.notify_waiters();
    for _ in 0..64 {
        assert_eq!(client.frame().await["payload"]["result"], "waited");
    }
}

#[tokio::test]
async fn a_message_that_arrives_slowly_is_a_sign_of_life() {
    let server = TestServer::start_with(|settings| settings.heartbeat = Some(Period(3 * TICK))).await;
    let mut client = ByHand::open(&server).await;
    for piece in frame(0x81, b"{\"type\":\"ping\"}").chunks(3) {
        client.send(piece).await;
        tokio::time::sleep(TICK).await;
    }
    assert_eq!(client.next().await.text(), "{\"type\":\"pong\"}");
}

#[expect(clippy::disallowed_methods, reason = "the server is to miss what happens meanwhile")]
#[tokio::test]
async fn a_pause_of_the_server_is_not_the_clients_silence() {
    let server = TestServer::start_with(|settings| settings.heartbeat = Some(Period(10 * TICK))).await;
    // One speaks in time and is not read in time; the other would answer, and is not asked.
    for (before, speaks, pause) in [(8, true, 3), (1, false, 16)] {
        let mut client = ByHand::open(&server).await;
        tokio::time::sleep(before * TICK).await;
        if speaks {
            client.send(&frame(0x8a, b"alive")).await;
        }
        // This thread is the server's too, as if the machine slept.
        std::thread::sleep(pause * TICK);
        tokio::time::sleep(TICK).await;
        let answer = client.ask(&json!({"type": "ping"})).await;
        assert_eq!((answer.first, answer.text()), (0x81, "{\"type\":\"pong\"}".to_owned()), "{speaks}");
    }
}

#[tokio::test]
async fn requests_are_answered_as_they_finish() {
    let server = TestServer::start_with(|settings| {
        settings.request_timeout = Some(Period(10 * TICK));
    })
    .await;
    let mut client = server.client().await;
    client.send(json!({"type": "act", "id": 1, "payload": {"do": "wait"}})).await;
    let echo = client.ask(json!({"type": "act", "id": 2, "payload": {"a": 1.5}})).await;
    assert_eq!(
        echo,
        json!({"type": "act.response", "id": 2, "payload": {"status": "ok", "result": {"a": 1.5}}})
    );
    server.services.gate.notify_one();
    assert_eq!(client.frame().await["id"], 1);
    let null = client.ask(json!({"type": "act", "payload": {"do": "null"}})).await;
    assert_eq!(null, json!({"type": "act.response", "payload": {"status": "ok", "result": null}}));
    let caller = client.ask(json!({"type": "act", "payload": {"do": "caller"}})).await;
    assert_eq!(caller["payload"]["result"]["remote"], true);
    for (what, code) in [("panic", "internal"), ("hang", "request-timeout")] {
        let answer = client.ask(json!({"type": "act", "id": what, "payload": {"do": what}})).await;
        assert_eq!((&answer["id"], &answer["payload"]["code"]), (&json!(what), &json!(code)));
    }
    client.nothing_waits().await;
}

#[tokio::test]
async fn a_notification_is_answered_only_where_it_has_an_id() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(json!({"type": "orders.cancelAll"})).await;
    client.nothing_waits().await;
    let answer = client.ask(json!({"type": "orders.cancelAll", "id": "1"})).await;
    assert_eq!(answer["type"], "orders.cancelAll.response");
}

#[tokio::test]
async fn a_connection_has_a_bounded_number_of_requests_under_way() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for number in 0..64 {
        client.send(json!({"type": "act", "id": number, "payload": {"do": "wait"}})).await;
    }
    client.send(json!({"type": "ping", "id": "after"})).await;
    // The other connection is answered, so the server is not busy: it does not read the ping.
    server.client().await.nothing_waits().await;
    server.services.gate.notify_one();
    assert_eq!(client.frame().await["payload"]["result"], "waited");
    assert_eq!(client.frame().await, json!({"type": "pong", "id": "after"}));
    server.services.gate.notify_waiters();
    for _ in 0..63 {
        assert_eq!(client.frame().await["payload"]["result"], "waited");
    }
}

#[tokio::test]
async fn broadcasts_reach_everyone_of_their_endpoint_after_the_welcome() {
    let server = TestServer::start().await;
    *server.services.welcome.lock().expect("no panic") = Some("hello".to_owned());
    let (mut here, mut there) = (server.closing_client().await, server.client().await);
    assert_eq!(here.frame().await, json!({"type": "welcome", "payload": {"text": "hello"}}));
    let publisher = BroadcastPublisher::<Notice<true>>::new(&server.node);
    assert_eq!(publisher.publish(&Text { text: "halt".to_owned() }).subscribers, 1);
    assert_eq!(here.frame().await, json!({"type": "notice", "payload": {"text": "halt"}}));
    there.nothing_waits().await;
}

#[tokio::test]
async fn too_many_messages_are_refused_and_a_flood_ends_the_connection() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for number in 0..450 {
        client.send(json!({"type": "ping", "id": number})).await;
    }
    let mut kinds = Vec::new();
    for _ in 0..300 {
        let frame = client.frame().await;
        kinds.push((frame["type"] == "pong", frame["payload"]["code"] == "rate-limited"));
    }
    assert!(kinds[..200].iter().all(|kind| *kind == (true, false)));
    assert!(kinds.contains(&(false, true)));
    assert_eq!(client.close().await, (4429, "Too many messages".to_owned()));
    server.client().await.nothing_waits().await;
}
