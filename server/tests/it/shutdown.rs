//! A stop: told, finished, closed, in time.

use std::sync::Arc;
use std::time::Duration;

use bellwire::contract::Publisher;
use bellwire::{Period, Settings, Size};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, pause, resume, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::contract::{Gathered, REPLY_ADDRESS, symbol};
use crate::harness::{TestServer, WAYS, eventually};
use crate::services::TestServices;

/// Holds that a frame tells its client of the stop, and when to return.
fn is_told(notice: &Value) {
    assert_eq!(notice["type"], "closing", "{notice}");
    assert_eq!(notice["payload"]["condition"], "shutting-down", "{notice}");
    assert!(notice["payload"]["retry_after_ms"].as_u64().is_some_and(|delay| delay <= 5000), "{notice}");
}

#[tokio::test]
async fn replies_are_finished_before_the_close() {
    let mut server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(json!({"type": "act", "id": 1, "payload": {"do": "wait"}})).await;
    client.nothing_waits().await;
    server.stop();
    is_told(&client.frame().await);

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
async fn what_waits_for_company_leaves_before_the_close() {
    let mut server = TestServer::start().await;
    let mut client = server.client().await;
    client.ask_ok(json!({"type": "gathered.subscribe", "payload": {"symbol": "A"}})).await;
    Publisher::<Gathered>::new(&server.node).publish(&symbol("A"), &json!("last"));
    server.stop();
    let frames = [client.frame().await, client.frame().await];
    assert!(frames.iter().any(|frame| frame["payload"] == "last"), "{frames:?}");
    assert_eq!(client.close().await.0, 1012);
    server.stopped().await;
}

#[tokio::test]
async fn a_client_that_is_being_greeted_is_told_of_the_stop() {
    let mut server = TestServer::start().await;
    *server.services.welcome.lock().expect("no panic") = Some("HANG".to_owned());
    let mut client = server.closing_client().await;
    eventually("it is connected", || server.node.connection_count() == 1).await;
    server.stop();
    is_told(&client.frame().await);
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

/// What a node may take to stop in the tests that measure it.
const BUDGET: Duration = Duration::from_secs(4);

fn in_budget(settings: &mut Settings) {
    settings.shutdown_timeout = Some(Period(BUDGET));
}

#[tokio::test]
async fn a_request_that_hangs_is_given_half_of_the_time_and_the_stop_stays_within_it() {
    for leaves in [true, false] {
        let mut server = TestServer::start_with(|settings| {
            in_budget(settings);
            // A ping is due before the requests' time is over, as something always may be.
            settings.heartbeat = Some(Period(BUDGET * 3 / 4));
        })
        .await;
        let mut client = server.client().await;
        client.send(json!({"type": "act", "id": 1, "payload": {"do": "hang"}})).await;
        client.nothing_waits().await;
        // From here on time jumps to the next timer whenever all wait, be it for a socket. Each jump is short: a draining
        // server looks around often.
        pause();
        let start = Instant::now();
        server.stop();
        is_told(&client.frame().await);
        // No answer comes before the close.
        let ended = async {
            loop {
                match client.socket.next().await {
                    Some(Ok(Message::Ping(_))) => {}
                    other => return other,
                }
            }
        };
        let close = timeout(BUDGET, ended).await.expect("in time");
        let Some(Ok(Message::Close(Some(close)))) = close else { panic!("expected a close, got {close:?}") };
        assert_eq!((close.code.into(), close.reason.as_str()), (1012, "Service restart"));
        let closed_after = start.elapsed();
        assert!((BUDGET / 2..BUDGET).contains(&closed_after), "{closed_after:?}");
        // One that stays says nothing more, its half of the close included.
        let stays = (!leaves).then_some(client);
        server.stopped().await;
        assert!(start.elapsed() < BUDGET, "{:?}", start.elapsed());
        drop(stays);
        resume();
    }
}

#[tokio::test]
async fn answers_are_waited_for_that_a_client_reads_late() {
    // More than the system takes for a client, whatever room it is asked for.
    const ANSWERS: usize = 16;
    let mut server = TestServer::start_with(|settings| {
        // Far more than reading takes once it begins.
        settings.shutdown_timeout = Some(Period(10 * BUDGET));
        settings.max_message = Some(Size(1 << 20));
        settings.queue = Some(Size(32 << 20));
        settings.send_buffer = Some(Size(64 << 10));
    })
    .await;
    let mut client = server.client().await;
    let long = "x".repeat(900_000);
    for id in 0..ANSWERS {
        client.send(json!({"type": "act", "id": id, "payload": {"long": long}})).await;
    }
    client.send(json!({"type": "plain.subscribe", "payload": {"symbol": "LAST"}})).await;
    eventually("all are served", || server.services.hooks() == ["+plain:LAST"]).await;
    pause();
    server.stop();
    tokio::time::sleep(BUDGET).await;
    resume();
    for id in 0..ANSWERS {
        let answer = client.frame().await;
        assert_eq!((&answer["id"], &answer["payload"]["result"]["long"]), (&json!(id), &json!(long)));
    }
    assert_eq!(client.frame().await["type"], "plain.subscribe.response");
    is_told(&client.frame().await);
    assert_eq!(client.close().await, (1012, "Service restart".to_owned()));
    server.stopped().await;
}

/// A server that works on a request until the gate opens, and the client that asked for it.
async fn at_work(gate: &Arc<Notify>) -> (TestServer, TcpStream) {
    let (begun, gate) = (Arc::new(Notify::new()), gate.clone());
    let has_begun = begun.clone();
    let handler = async move || {
        begun.notify_one();
        gate.notified().await;
        "done"
    };
    let routes = axum::Router::new().route("/work", axum::routing::get(handler));
    let server = TestServer::serve(TestServices::default(), Vec::new(), routes, in_budget).await;
    let mut stream = server.tcp().await;
    stream.write_all(b"GET /work HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("writes");
    has_begun.notified().await;
    (server, stream)
}

#[tokio::test]
async fn what_is_under_way_over_http_is_answered_too() {
    let gate = Arc::default();
    let (mut server, mut stream) = at_work(&gate).await;
    server.stop();
    eventually("nobody new is let in", || std::net::TcpStream::connect(server.address).is_err()).await;
    gate.notify_one();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    timeout(BUDGET, read).await.expect("in time").expect("an answer, and the end");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
    server.stopped().await;
}

#[tokio::test]
async fn what_hangs_over_http_is_left_when_the_time_is_over() {
    let (mut server, _stream) = at_work(&Arc::default()).await;
    pause();
    let start = Instant::now();
    server.stop();
    server.stopped().await;
    let elapsed = start.elapsed();
    assert!((BUDGET..BUDGET + Duration::from_millis(100)).contains(&elapsed), "{elapsed:?}");
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
