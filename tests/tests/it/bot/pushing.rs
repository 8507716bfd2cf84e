//! `push_update` from threads without a runtime and from tasks, before the server starts and while dashboards connect.

use std::collections::BTreeSet;
use std::thread;

use bellwire::{App, Node, Settings};
use e2e::{TestSocket, get};
use serde_json::Value;
use tokio::sync::oneshot;

use super::generated::types::{Event, Pushed, ScanStartEvent, Service};
use super::generated::{BotApi, BotRequests, PushEventError, ServiceError};
use super::snapshot;
use super::updates::Updates;

/// Events of each thread, so that the log holds all of them.
const EACH: u64 = 20;

/// No request is made here.
struct Unasked;

impl BotRequests for Unasked {
    async fn service(&self, _: &bellwire::contract::Caller) -> Result<Service, ServiceError> {
        unreachable!("nobody asks")
    }

    async fn push_event(&self, _: &bellwire::contract::Caller, _: Event) -> Result<Pushed, PushEventError> {
        unreachable!("nobody asks")
    }
}

fn push(updates: &Updates, thread: u64) {
    for number in 0..EACH {
        let count = thread * EACH + number;
        updates.push_update(Event::ScanStart(ScanStartEvent {
            type_: Default::default(),
            count,
            timestamp: None,
        }));
        thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whoever_pushes_whenever() {
    let node = Node::new();
    let updates = Updates::new(&node);
    thread::scope(|scope| {
        for thread in 0..3 {
            let updates = updates.clone();
            scope.spawn(move || push(&updates, thread));
        }
    });
    let mut settings = Settings::default();
    settings.port = Some(0);
    let app = App::new(node, settings).endpoint(BotApi { requests: Unasked }.into_endpoint());
    let server = app.bind().await.unwrap();
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async {
        // Also where the test has ended early.
        let _ = stopped.await;
    }));

    let threads = (3..6).map(|thread| {
        let updates = updates.clone();
        thread::spawn(move || push(&updates, thread))
    });
    let threads: Vec<_> = threads.collect();
    let task = updates.clone();
    let task = tokio::spawn(async move { push(&task, 6) });
    let mut sockets = Vec::new();
    for _ in 0..8 {
        sockets.push(TestSocket::connect(&format!("ws://{address}/ws")).await);
    }
    for thread in threads {
        thread.join().unwrap();
    }
    task.await.unwrap();
    updates.push_update(Event::ScanStart(ScanStartEvent {
        type_: Default::default(),
        count: 7 * EACH,
        timestamp: None,
    }));

    let log = tokio::task::spawn_blocking(move || get(&format!("http://{address}/api/state")).json())
        .await
        .unwrap();
    let log = log["events"].as_array().unwrap().clone();
    let counts: BTreeSet<u64> = log.iter().map(|event| event["count"].as_u64().unwrap()).collect();
    assert_eq!((counts.len(), log.len()), (7 * EACH as usize + 1, 7 * EACH as usize + 1));
    for socket in &mut sockets {
        let mut seen: Vec<Value> = snapshot(socket).await["events"].as_array().unwrap().clone();
        assert!(seen.len() >= 3 * EACH as usize, "what was pushed before the start is told");
        while seen.len() < log.len() {
            seen.insert(0, socket.next().await);
        }
        assert!(seen == log, "the order is one for the snapshot, the client and HTTP");
    }
    drop(sockets);
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}
