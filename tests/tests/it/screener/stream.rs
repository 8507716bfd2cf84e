//! The socket: acknowledgements, whose ticks reach whom, conflation, the upstream's union.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use e2e::{Spawned, TestSocket, eventually};
use serde_json::{Value, json};

use super::{ack, ask, connected, following, quiet, tick};

#[tokio::test]
async fn what_is_asked_is_acknowledged_and_a_ping_answered_in_both_forms() {
    let server = Spawned::start("screener", &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    for ping in ["ping", r#"{"action":"ping"}"#] {
        socket.send_text(ping).await;
        assert_eq!(socket.next_text().await, r#"{"type":"pong"}"#);
    }
    socket.send_text(r#"{"action":"subscribe","symbols":["SBIN","NSE:SBIN-EQ","NSE:NIFTY50-INDEX"]}"#).await;
    assert_eq!(socket.next_text().await, r#"{"type":"ack","action":"subscribe","count":2}"#);
    let mut seen = BTreeMap::new();
    while seen.len() < 2 {
        let frame = socket.next().await;
        assert_eq!(frame["type"], "ticker");
        let members: Vec<&String> = frame.as_object().unwrap().keys().collect();
        assert_eq!(members, ["type", "data"], "the declared shape and no more");
        for member in ["ltp", "ch", "chp", "open_price", "high_price", "low_price", "prev_close_price"] {
            assert!(frame["data"][member].is_number(), "{frame}");
        }
        seen.insert(frame["data"]["symbol"].as_str().unwrap().to_owned(), ());
    }
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["NSE:NIFTY50-INDEX", "NSE:SBIN-EQ"]);
    assert_eq!(ask(&mut socket, "unsubscribe", &["SBIN", "NEVER-HELD"]).await, ack("unsubscribe", 1));
    for _ in 0..2 {
        assert_eq!(socket.next_of("ticker").await["data"]["symbol"], "NSE:NIFTY50-INDEX");
    }
    assert_eq!(ask(&mut socket, "unsubscribe", &["NSE:NIFTY50-INDEX"]).await, ack("unsubscribe", 0));
    assert!(socket.is_silent_for(Duration::from_millis(1_200)).await);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_connection_stays() {
    let server = Spawned::start("screener", &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    for (text, code, pointer) in [
        ("pong", "invalid-json", Value::Null),
        ("{}", "invalid-json", Value::Null),
        (r#"{"action":"buy"}"#, "unknown-type", Value::Null),
        (r#"{"action":"subscribe"}"#, "invalid-payload", json!("/symbols")),
        (r#"{"action":"subscribe","symbols":["SBIN","no such"]}"#, "invalid-payload", json!("/symbols/1")),
        (r#"{"action":"subscribe","symbols":"SBIN"}"#, "invalid-payload", json!("/symbols")),
        (r#"{"action":"ticks.subscribe","data":{"symbol":"NSE:SBIN-EQ"}}"#, "unknown-type", Value::Null),
    ] {
        socket.send_text(text).await;
        let frame = socket.next().await;
        assert_eq!(
            (&frame["type"], &frame["data"]["code"]),
            (&json!("error"), &json!(code)),
            "{text} {frame}"
        );
        assert_eq!(frame["data"]["errors"][0]["pointer"], pointer, "{frame}");
    }
    assert_eq!(ask(&mut socket, "subscribe", &[]).await, ack("subscribe", 0));
}

#[tokio::test]
async fn each_connection_owns_its_set_and_the_upstream_gets_the_union_once() {
    let exchange = quiet().await;
    let server = following(&exchange, &[]);
    connected(&server).await;
    let mut first = TestSocket::connect(server.socket()).await;
    let mut second = TestSocket::connect(server.socket()).await;
    assert_eq!(ask(&mut first, "subscribe", &["SBIN", "TCS"]).await, ack("subscribe", 2));
    assert_eq!(ask(&mut second, "subscribe", &["TCS"]).await, ack("subscribe", 1));
    exchange.hears(1).await;
    exchange.say(tick("SBIN", 500.5));
    exchange.say(tick("NSE:TCS-EQ", 3_000.0));
    let sbin = json!({"type":"ticker","data":{"symbol":"NSE:SBIN-EQ","ltp":500.5,"ch":1.2}});
    assert_eq!(first.next().await, sbin);
    assert_eq!(first.next().await["data"]["symbol"], "NSE:TCS-EQ");
    assert_eq!(second.next().await["data"]["symbol"], "NSE:TCS-EQ", "and nothing of what it does not hold");
    assert_eq!(ask(&mut first, "unsubscribe", &["TCS", "SBIN"]).await, ack("unsubscribe", 0));
    exchange.hears(2).await;
    exchange.say(tick("TCS", 3_001.0));
    assert_eq!(second.next().await["data"]["ltp"], 3_001.0, "nobody takes another's symbol away");
    drop(second);
    let said: Vec<Value> =
        exchange.hears(3).await.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let message = |action: &str, symbols: &[&str]| json!({ "action": action, "symbols": symbols });
    // Joining one message of two symbols may reach the upstream in one message or in two.
    let symbols = |action: &str| -> Vec<Value> {
        let said = said.iter().filter(|said| said["action"] == action);
        said.flat_map(|said| said["symbols"].as_array().unwrap().clone()).collect()
    };
    assert_eq!(symbols("subscribe"), ["NSE:SBIN-EQ", "NSE:TCS-EQ"]);
    assert_eq!(said.last(), Some(&message("unsubscribe", &["NSE:TCS-EQ"])));
}

#[tokio::test]
async fn the_union_is_bounded_and_a_list_is_taken_whole_or_not_at_all() {
    let exchange = quiet().await;
    let server = following(&exchange, &["--max-symbols", "3"]);
    let mut first = TestSocket::connect(server.socket()).await;
    let mut second = TestSocket::connect(server.socket()).await;
    ask(&mut first, "subscribe", &["A", "B"]).await;
    second.send(&json!({ "action": "subscribe", "symbols": ["A", "C", "D"] })).await;
    let refused = second.next().await;
    assert_eq!((&refused["type"], &refused["data"]["code"]), (&json!("error"), &json!("too-many-interests")));
    assert_eq!(
        ask(&mut second, "subscribe", &["A", "C"]).await,
        ack("subscribe", 2),
        "what was refused left nothing"
    );
    ask(&mut first, "unsubscribe", &["B"]).await;
    assert_eq!(ask(&mut second, "subscribe", &["D"]).await, ack("subscribe", 3));
}

#[tokio::test]
async fn five_thousand_symbols_fit_and_one_more_does_not() {
    let exchange = quiet().await;
    let server = following(&exchange, &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let symbols: Vec<String> = (0..5_000).map(|number| format!("S{number}")).collect();
    let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
    assert_eq!(ask(&mut socket, "subscribe", &symbols).await, ack("subscribe", 5_000));
    socket.send(&json!({ "action": "subscribe", "symbols": ["ONE-MORE"] })).await;
    assert_eq!(socket.next().await["type"], "error");
    eventually("the exchange to hear of all", || {
        let symbols = exchange.heard().iter().map(|text| text.matches("NSE:").count()).sum::<usize>();
        (symbols == 5_000).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_symbol_ticks_once_a_second_and_the_last_value_is_never_lost() {
    let exchange = quiet().await;
    let server = following(&exchange, &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let symbols: Vec<String> = (0..40).map(|number| format!("NSE:S{number}-EQ")).collect();
    let names: Vec<&str> = symbols.iter().map(String::as_str).collect();
    ask(&mut socket, "subscribe", &names).await;
    exchange.hears(1).await;
    eventually("every symbol upstream", || {
        (exchange.heard().iter().map(|text| text.matches("NSE:").count()).sum::<usize>() == 40).then_some(())
    })
    .await;
    // Bursts that end anywhere between two flushes.
    let rounds = 60_u32;
    let sender = exchange.clone();
    let say = tokio::spawn(async move {
        let mut pause = tokio::time::interval(Duration::from_millis(37));
        for round in 1..=rounds {
            pause.tick().await;
            for symbol in &symbols {
                sender.say(tick(symbol, f64::from(round)));
            }
        }
    });
    let start = Instant::now();
    let mut last: BTreeMap<String, (f64, Instant, u32)> = BTreeMap::new();
    while last.len() < 40 || last.values().any(|(ltp, ..)| *ltp < f64::from(rounds)) {
        let frame = socket.next_of("ticker").await;
        let (symbol, ltp) =
            (frame["data"]["symbol"].as_str().unwrap(), frame["data"]["ltp"].as_f64().unwrap());
        let now = Instant::now();
        let entry = last.entry(symbol.to_owned()).or_insert((0.0, now, 0));
        assert!(ltp > entry.0, "{symbol} goes back from {} to {ltp}", entry.0);
        *entry = (ltp, now, entry.2 + 1);
    }
    say.await.unwrap();
    let seconds = u32::try_from(start.elapsed().as_secs()).unwrap();
    assert!(last.values().all(|(_, _, count)| *count <= seconds + 2), "{last:?} in {seconds} s");
}
