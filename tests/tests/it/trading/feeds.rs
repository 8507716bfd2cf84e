//! Where prices come from: recordings at any pace, once or for ever, and random walks.

use std::time::{Duration, Instant};

use e2e::{Spawned, TestSocket};
use serde_json::{Value, json};

use super::market::{SYMBOL, replaying};

/// The id of the newest trade of each frame of `trades`, until one fits.
async fn trades_until(socket: &mut TestSocket, fits: impl Fn(&str) -> bool) {
    socket.subscribe("trades", &json!({ "symbol": SYMBOL })).await;
    loop {
        let frame = socket.next().await;
        let trade = if frame["payload"].is_array() { &frame["payload"][0] } else { &frame["payload"] };
        if trade["trade_id"].as_str().is_some_and(&fits) {
            return;
        }
    }
}

#[tokio::test]
async fn a_recording_ends_or_begins_again_as_it_is_told() {
    let server = replaying(10, &["--speed", "2"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    trades_until(&mut socket, |id| id == "9").await;
    assert!(socket.is_silent_for(Duration::from_millis(700)).await, "it has ended");

    let server = replaying(10, &["--speed", "20", "--loop"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    trades_until(&mut socket, |id| id.ends_with(".2")).await;
}

#[tokio::test]
async fn a_recording_takes_the_time_it_took_or_as_much_less_as_it_is_told() {
    // A hundred trades took two seconds.
    for (speed, at_least, at_most) in [("1", 1.5, 10.0), ("50", 0.0, 1.5)] {
        let start = Instant::now();
        let server = replaying(100, &["--speed", speed]);
        let mut socket = TestSocket::connect(server.socket()).await;
        trades_until(&mut socket, |id| id == "99").await;
        let took = start.elapsed().as_secs_f64();
        assert!((at_least..at_most).contains(&took), "{speed}: {took} s");
    }
}

#[tokio::test]
async fn random_walks_move_in_every_topic() {
    let server = Spawned::start("trading", &["--feed", "synthetic", "--bar-interval", "0.05"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let symbol = json!({ "symbol": "TSLA" });
    let topics = [
        ("bars", symbol.clone()),
        ("trades", symbol.clone()),
        ("orderbook", symbol),
        ("quotes", json!({ "fast_symbols": ["TSLA"] })),
    ];
    let mut missing: Vec<Value> = Vec::new();
    for (route, params) in topics {
        missing.push(socket.subscribe(route, &params).await["topic"].clone());
    }
    while !missing.is_empty() {
        let frame = socket.next().await;
        if frame["type"].as_str().is_some_and(|kind| kind.ends_with(".update")) {
            missing.retain(|topic| *topic != frame["topic"]);
        }
    }
}
