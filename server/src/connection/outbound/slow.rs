//! A socket that stops taking: what a turn could not write follows in order, through the connection's own loop.

use std::future::poll_fn;
use std::sync::Arc;

use socket2::SockRef;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use super::Outbound;
use crate::connection::stream::Stream;
use crate::hub::fixtures::{EVERY, NoHooks, policy};
use crate::hub::{Hub, Lifecycle, Outlet, Publication, Turn};
use crate::node::Node;

/// Far more than both sockets take in.
const UPDATES: usize = 5_000;

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (client, (server, _)) = (client.expect("connected"), server.expect("accepted"));
    SockRef::from(&server).set_send_buffer_size(8 * 1024).expect("a socket");
    (client, server)
}

/// The numbers in the frames that have come in full; each payload is a number and filling.
fn numbers(received: &[u8]) -> Vec<usize> {
    let text = String::from_utf8_lossy(received);
    let payloads = text.split("\"payload\":\"").skip(1);
    payloads.filter_map(|payload| payload.split_once("\"}")?.0.trim_end_matches('.').parse().ok()).collect()
}

#[tokio::test]
async fn a_burst_of_broadcasts_is_no_slowness_of_a_client_that_was_greeted() {
    let message = Arc::new(Publication::message("x".repeat(1_000).as_bytes(), EVERY));
    for is_greeted in [true, false] {
        let (mut client, server) = pair().await;
        let outbound = Outbound::new(8 * 1024, Node::new(), Stream::Tcp(server), None);
        if is_greeted {
            outbound.greeted();
        }
        for _ in 0..16 {
            outbound.offer(&message);
        }
        // Greetings that are still to come must not be overtaken.
        assert_eq!(outbound.lock().overflowed, !is_greeted);
        if is_greeted {
            let mut received = vec![0; 16 * message.wire.len()];
            tokio::select! {
                flushed = poll_fn(|context| outbound.poll_flush(context)) => panic!("{flushed:?}"),
                count = client.read_exact(&mut received) => { count.expect("all of it comes"); }
            }
        }
    }
}

#[tokio::test]
async fn what_a_turn_could_not_write_follows_in_order() {
    let (mut client, server) = pair().await;
    let outbound = Arc::new(Outbound::new(16 << 20, Node::new(), Stream::Tcp(server), None));
    let route = Hub::default().route("/ws", policy("t"));
    let outlet: Arc<dyn Outlet> = outbound.clone();
    let hooks: Arc<dyn Lifecycle> = Arc::new(NoHooks);
    let (subscription, _) = route.subscribe("t", &outlet, &hooks, None);
    subscription.release(None);
    let publish = |number: usize| {
        let payload = format!("\"{number}{}\"", ".".repeat(1_000));
        route.publish(|| Ok::<_, ()>("t".to_owned()), || Ok(payload)).expect("nothing fails");
    };
    for first in (0..UPDATES).step_by(10) {
        let turn = Turn::begin();
        (first..first + 10).for_each(publish);
        drop(turn);
    }
    assert!(outbound.lock().data.len() > UPDATES / 10, "the socket took all of it at once");

    let (mut received, mut scratch) = (Vec::new(), vec![0; 64 * 1024]);
    let mut late = (UPDATES..UPDATES + 500).step_by(10);
    while numbers(&received[received.len().saturating_sub(8 * 1024)..]).last() != Some(&(UPDATES + 499)) {
        // Turns go on while the loop catches up.
        if let Some(first) = late.next() {
            let _turn = Turn::begin();
            (first..first + 10).for_each(publish);
        }
        let count = tokio::select! {
            flushed = poll_fn(|context| outbound.poll_flush(context)) => panic!("{flushed:?}"),
            count = client.read(&mut scratch) => count.expect("the socket is whole"),
        };
        received.extend_from_slice(&scratch[..count]);
    }
    assert!(numbers(&received).into_iter().eq(0..UPDATES + 500));
}
