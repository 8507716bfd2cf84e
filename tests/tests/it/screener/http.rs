//! HTTP beside the socket: status, pinned symbols, publishing, the document, the command line.

use e2e::{Spawned, TestSocket, eventually, get, post};
use serde_json::{Value, json};

use super::{ack, ask, connected, following, page, quiet, tick};

#[tokio::test]
async fn symbols_are_pinned_and_given_up_over_http() {
    let exchange = quiet().await;
    let server = following(&exchange, &[]);
    connected(&server).await;
    let status = || get(&server.url("/api/websocket/status")).json();
    assert_eq!(status(), json!({ "connected": true, "subscribed_symbols": [] }));
    let subscribe = server.url("/api/websocket/subscribe");
    let answer = post(&subscribe, None, r#"{"symbols":["SBIN","NSE:TCS-EQ"]}"#);
    let both = json!(["NSE:SBIN-EQ", "NSE:TCS-EQ"]);
    assert_eq!(answer.json(), json!({ "status": "subscribed", "subscribed_symbols": both }));
    exchange.hears(1).await;
    exchange.say(tick("SBIN", 500.0));
    page(&server, "/api/system/health", |health| health["last_update"].is_string()).await;
    let mut socket = TestSocket::connect(server.socket()).await;
    assert_eq!(ask(&mut socket, "subscribe", &["SBIN"]).await, ack("subscribe", 1));
    assert_eq!(socket.next().await["data"]["ltp"], 500.0, "its last value was there");

    let disconnect = server.url("/api/websocket/disconnect");
    let answer = post(&disconnect, None, "");
    assert_eq!(answer.json(), json!({ "status": "in_use", "subscribed_symbols": ["NSE:SBIN-EQ"] }));
    exchange.say(tick("SBIN", 501.0));
    assert_eq!(socket.next().await["data"]["ltp"], 501.0, "nobody loses what it holds");
    ask(&mut socket, "unsubscribe", &["SBIN"]).await;
    let answer = post(&disconnect, None, "");
    assert_eq!(answer.json(), json!({ "status": "disconnected", "subscribed_symbols": [] }));
    eventually("the exchange to be left", || (exchange.connected() == 0).then_some(())).await;
    assert_eq!(status()["connected"], false);
    ask(&mut socket, "subscribe", &["TCS"]).await;
    connected(&server).await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_pointers() {
    let exchange = quiet().await;
    let server = following(&exchange, &["--max-symbols", "1"]);
    let subscribe = server.url("/api/websocket/subscribe");
    for (body, status, pointer) in [
        ("nonsense", 400, Value::Null),
        ("{}", 422, json!("/symbols")),
        (r#"{"symbols":["A",7]}"#, 422, json!("/symbols/1")),
        (r#"{"symbols":["A","B"]}"#, 409, Value::Null),
    ] {
        let answer = post(&subscribe, None, body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    assert_eq!(get(&server.url("/api/websocket/status")).json()["subscribed_symbols"], json!([]));
}

#[tokio::test]
async fn back_ends_publish_ticks_where_a_token_is_set() {
    let exchange = quiet().await;
    let closed = following(&exchange, &[]);
    assert_eq!(post(&closed.url("/publish"), Some("t0ken"), "{}").status, 404);
    let server = following(&exchange, &["--publish-token", "t0ken"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    ask(&mut socket, "subscribe", &["SBIN"]).await;
    let publish = server.url("/publish");
    assert_eq!(post(&publish, None, "{}").status, 401);
    for (body, ltp) in [
        (r#"{"symbol":"NSE:SBIN-EQ","ltp":500.5,"ch":1.2}"#, 500.5),
        (r#"{"type":"ticker","data":{"symbol":"NSE:SBIN-EQ","ltp":501.5}}"#, 501.5),
        (r#"{"symbol":"SBIN","ltp":502.5,"ch":1.2}"#, 502.5),
        (r#"{"type":"ticker","data":{"symbol":"SBIN","ltp":503.5}}"#, 503.5),
    ] {
        let answer = post(&publish, Some("t0ken"), body);
        assert_eq!((answer.status, &answer.json()["subscribers"]), (200, &json!(1)), "{answer:?}");
        let tick = socket.next().await;
        assert_eq!((&tick["data"]["symbol"], &tick["data"]["ltp"]), (&json!("NSE:SBIN-EQ"), &json!(ltp)));
    }
    for (body, status, pointer) in [
        (r#"{"symbol":"NSE:SBIN-EQ"}"#, 422, json!("/ltp")),
        (r#"{"symbol":"NSE:","ltp":1}"#, 422, json!("/symbol")),
        (r#"{"symbol":"A/B","ltp":1}"#, 422, json!("/symbol")),
        (r#"{"type":"ticker","data":{"symbol":"NSE:SBIN-EQ","ltp":"1"}}"#, 422, json!("/data/ltp")),
        (r#"{"type":"no.such"}"#, 404, Value::Null),
    ] {
        let answer = post(&publish, Some("t0ken"), body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{answer:?}");
    }
}

#[tokio::test]
async fn a_recording_is_replayed() {
    let server = Spawned::start("screener", &["--feed", "replay", "--dev-mode", "--speed", "50"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    ask(&mut socket, "subscribe", &["COINBASE:BTC-USD"]).await;
    let frame = socket.next_of("ticker").await;
    assert_eq!(frame["data"]["symbol"], "COINBASE:BTC-USD");
    assert!(frame["data"]["ltp"].as_f64().unwrap() > 1_000.0, "{frame}");
}

#[tokio::test]
async fn it_serves_its_document_and_explains_itself() {
    let server = Spawned::start("screener", &[]);
    let document = get(&server.url("/api/websocket/stream/asyncapi.json")).json();
    assert_eq!(document["info"]["title"], "Market screener");
    assert!(get(&server.url("/api/websocket/stream/asyncapi")).content_type.starts_with("text/html"));
    assert_eq!(get(&server.url("/health")).json()["status"], "healthy");
    let help = Spawned::command("screener").arg("--help").output().expect("the program runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for part in ["Examples:", "--feed", "DEV_MODE", "MARKET_HOLIDAYS", "--port-range"] {
        assert!(help.contains(part), "{part} in {help}");
    }
    for wrong in [["--feed", "nowhere"], ["--market-holidays", "26.1."], ["--max-symbols", "5001"]] {
        let output = Spawned::command("screener").args(wrong).output().expect("the program runs");
        assert!(!output.status.success(), "{wrong:?}");
    }
}
